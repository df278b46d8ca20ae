package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func loneCondition() *lint.Check {
	return &lint.Check{ID: "lone-condition", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When == nil {
			return
		}
		conditions(v.When, lint.Path{"when"}, func(w *rule.When, at lint.Path) {
			switch {
			case len(w.All) == 1:
				p.Reportf(at, "\"all\" of one is that one; write the one, or add what is missing")
			case len(w.Any) == 1:
				p.Reportf(at, "\"any\" of one is that one; write the one, or add what is missing")
			}
		})
	}}
}
