package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func strongKey() *lint.Check {
	return &lint.Check{ID: "strong-key", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if t := s.Type(); (t == "meta-data" || t == "permission" || t == "app-key") && strong(s) && v.When == nil {
				p.Reportf(at, "a %s is left in manifests whose app no longer has the product; write \"strength: weak\"", t)
			}
		})
	}}
}
