package checks

import (
	"regexp"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// word matches text that any programmer might have written.
var word = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z]+$|^[A-Z]+$|^[A-Z][a-z]+$`)
})

func commonString() *lint.Check {
	return &lint.Check{ID: "common-string", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.String == "" || !counts(s) {
				return
			}
			switch text := strings.TrimSuffix(s.String, "*"); {
			case common()[strings.ToLower(text)]:
				p.Reportf(at, "%q stands in the code of most apps; take a text that only the product has", text)
			case text == s.String && corpus().String(text):
				p.Reportf(at, "%q stands in the code of common libraries; take a text that only the product has", text)
			case strong(s) && word().MatchString(text) && !named(v, text):
				p.Reportf(at, "%q is a single word, which others use too; make it weak, or take a text that only the product has", text)
			}
		})
	}}
}

// named reports whether text holds a word of the product's name, id or vendor.
func named(v *rule.SDK, text string) bool {
	text = squeeze(text)
	for _, w := range strings.FieldsFunc(strings.ToLower(v.Name+" "+v.ID+" "+v.Vendor), func(r rune) bool {
		return r == ' ' || r == '-' || r == '.' || r == '_' || r == '/' || r == '(' || r == ')'
	}) {
		if len(w) >= 3 && !filler[w] && strings.Contains(text, w) {
			return true
		}
	}
	return strings.Contains(text, squeeze(v.ID)) || strings.Contains(text, squeeze(v.Name)) || strings.Contains(text, squeeze(v.Vendor))
}

// filler are words in names of products that say nothing.
var filler = map[string]bool{"sdk": true, "the": true, "ads": true, "analytics": true, "push": true, "plug": true, "android": true, "for": true, "and": true, "app": true, "mobile": true, "service": true, "services": true, "core": true}

// squeeze drops what spellings differ in.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}
