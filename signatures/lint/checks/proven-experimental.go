package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func provenExperimental() *lint.Check {
	return &lint.Check{ID: "proven-experimental", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.Status == rule.StatusExperimental && len(v.Verified) > 0 {
			p.Reportf(lint.Path{"status"}, "the rule matched %s and is called experimental; write \"status: stable\"", lint.Quote(v.Verified[0].Artifact))
		}
	}}
}
