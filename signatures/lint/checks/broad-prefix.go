package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func broadPrefix() *lint.Check {
	return &lint.Check{ID: "broad-prefix", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if library(v) {
			return // nobody is accused, and the longer prefix of a tracker owns its code
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			prefix := s.Code + s.CodeRef
			if prefix == "" || !strong(s) {
				return
			}
			below := librariesBelow(prefix)
			switch {
			case !strings.Contains(prefix, "."):
				p.Reportf(at, "a package of one part, %q, may be anybody's; name a longer one", prefix)
			case roots()[prefix]:
				p.Reportf(at, "%q holds the code of many; name the package of the product below it", prefix)
			case len(below) > 0 && v.When == nil:
				p.Reportf(at, "%q holds common libraries too (%s); name the packages of the product alone", prefix, strings.Join(below[:min(3, len(below))], ", "))
			}
		})
	}}
}

// library reports whether a rule describes what apps are built with, and no
// product that somebody could be called tracked by.
func library(v *rule.SDK) bool { return v.Category == "utility" || v.Category == "platform" }
