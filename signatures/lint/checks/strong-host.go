package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func strongHost() *lint.Check {
	return &lint.Check{ID: "strong-host", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.Endpoint != nil && strong(s) && v.When == nil {
				p.Reportf(at, "an app that names %q need not carry the product: it may link to it, or block it; write \"strength: weak\"", s.Endpoint.String())
			}
		})
	}}
}
