package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func platformName() *lint.Check {
	return &lint.Check{ID: "platform-name", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if library(v) {
			return // it may be the rule of just that
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			switch t := s.Type(); t {
			case "action", "permission", "meta-data", "uses-library", "activity", "service", "receiver", "provider":
				if name := s.Value(); counts(s) && (strings.HasPrefix(name, "android.") || strings.HasPrefix(name, "androidx.")) {
					p.Reportf(at, "%s %q is Android's, which apps of all sorts have; name one of the product's, or write \"strength: context\"", t, name)
				}
			}
		})
	}}
}
