package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func strongNative() *lint.Check {
	return &lint.Check{ID: "strong-native", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When != nil || v.Kind == rule.KindPacker {
			return // packers are known by hardly anything else
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.Native != "" && strong(s) && !named(v, s.Native) {
				p.Reportf(at, "the file name %q does not carry the product's name, so another's library may have it; write \"strength: weak\"", s.Native)
			}
		})
	}}
}
