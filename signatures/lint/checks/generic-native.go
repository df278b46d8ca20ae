package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func genericNative() *lint.Check {
	return &lint.Check{ID: "generic-native", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if library(v) {
			return // the library's own rule
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.Native == "" || !counts(s) {
				return
			}
			stem := strings.TrimSuffix(strings.TrimSuffix(s.Native, ".so"), "*")
			if natives()[stem+".so"] {
				p.Reportf(at, "%q is a library that many products bring along; name one that only this product has, or remove it", s.Native)
			}
		})
	}}
}
