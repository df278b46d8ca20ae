package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func stableUnverified() *lint.Check {
	return &lint.Check{ID: "stable-unverified", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if (v.Status == "" || v.Status == rule.StatusStable) && len(v.Verified) == 0 {
			p.Reportf(lint.Path{"status"}, "the rule is called stable, and no artefact that it matched is named; add one to \"verified\", or write \"status: experimental\"")
		}
	}}
}
