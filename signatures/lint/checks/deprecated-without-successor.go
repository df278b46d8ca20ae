package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func deprecatedWithoutSuccessor() *lint.Check {
	return &lint.Check{ID: "deprecated-without-successor", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.Status == rule.StatusDeprecated && len(v.Relations.SupersededBy) == 0 && v.Notes == "" {
			p.Reportf(lint.Path{"status"}, "the rule is deprecated, and does not say what takes its place; add \"superseded_by\" to \"relations\", or \"notes\" that say why")
		}
	}}
}
