package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func obfuscatedPrefix() *lint.Check {
	return &lint.Check{ID: "obfuscated-prefix", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			name := s.Code + s.Class + s.CodeRef
			if name == "" || !strong(s) || v.When != nil || library(v) {
				return
			}
			labels := strings.Split(name, ".")
			long := 0
			for i, l := range labels {
				// The first part of a domain turned round says little.
				if len(l) > 2 && (i > 0 || len(l) > 3) {
					long++
				}
			}
			if long == 0 {
				p.Reportf(at, "%q looks like a name that a shrinker made, which another app's shrinker makes too; make it weak, or name what keeps its name", name)
			}
		})
	}}
}
