package checks

import (
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// The least lengths of strings that say something.
const (
	minWeakString   = 5
	minStrongString = 8
)

func shortString() *lint.Check {
	return &lint.Check{ID: "short-string", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			text := strings.TrimSuffix(s.String+s.Symbol, "*")
			if text == "" || !counts(s) {
				return
			}
			n, least := utf8.RuneCountInString(text), minWeakString
			if strong(s) {
				least = minStrongString
			}
			if n < least {
				p.Reportf(at, "%q has %d characters, and stands in code that has nothing to do with the product; take a longer text (weak ones need %d, strong ones %d)", text, n, minWeakString, minStrongString)
			}
		})
	}}
}
