package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func missingRole() *lint.Check {
	return &lint.Check{ID: "missing-role", Severity: signatures.Advice, Domain: func(p *lint.Pass, v *rule.Domain) {
		if v.Role != "" {
			return
		}
		for _, h := range v.Hosts {
			if h.Role != "" {
				return
			}
		}
		p.Reportf(lint.Path{"id"}, "the rule does not say what the domain is for; add \"role\" to it or to its hosts")
	}}
}
