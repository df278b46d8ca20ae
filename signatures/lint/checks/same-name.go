package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func sameName() *lint.Check {
	return &lint.Check{ID: "same-name", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		for _, o := range p.Named(v.Name) {
			if o.ID != v.ID {
				p.Reportf(lint.Path{"name"}, "%s is called %q too, so a report cannot tell them apart; add what makes this one different", o.ID, v.Name)
				return
			}
		}
	}}
}
