package checks

import (
	"reflect"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func farMiss() *lint.Check {
	return &lint.Check{ID: "far-miss", Severity: signatures.Warning, Any: func(p *lint.Pass) {
		if p.Header.Kind == rule.KindNoise {
			return // what noise must spare is any host of interest
		}
		wanted := values(p.Source.Rule())
		if tests := signatures.Tests(p.Source.Rule()); max(len(wanted), len(tests.NoMatch)) > maxCompared {
			return
		}
		examples(p, func(list string, _ int, e *rule.Example, at lint.Path) {
			if list != "no_match" {
				return
			}
			if t := p.Try(p.Source.Rule(), e); len(t.Items) > 0 || len(t.Saw) > 0 {
				return // something is seen, and does not suffice
			}
			for _, v := range texts(e) {
				for _, w := range wanted {
					if near(v, w) {
						return
					}
				}
			}
			p.Reportf(at, "the example is nothing like the rule, so every rule spares it; take one that differs by little, such as the package with a letter more")
		})
	}}
}

// values returns what a rule looks for.
func values(v any) []string {
	var out []string
	switch v := v.(type) {
	case *rule.SDK:
		for i := range v.Signals {
			out = append(out, v.Signals[i].Value())
		}
		for _, w := range v.Wired {
			out = append(out, w.Call)
		}
		out = append(out, v.ID, v.Vendor)
	case *rule.Identifier:
		for i := range v.Sources {
			out = append(out, v.Sources[i].Value())
		}
	case *rule.Sink:
		out = append(out, v.Members...)
	}
	return out
}

// texts returns what stands in an example.
func texts(e *rule.Example) []string {
	var out []string
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String && f.String() != "" {
			out = append(out, f.String())
		}
	}
	for i := range e.With {
		out = append(out, texts(&e.With[i])...)
	}
	return out
}

// near reports whether two values are alike: one holds the other, or they
// begin or end with the same long part.
func near(a, b string) bool {
	a, b = plain(a), plain(b)
	if len(a) < 2 || len(b) < 2 {
		return false
	}
	if strings.Contains(a, b) || strings.Contains(b, a) {
		return true
	}
	least := min(len(a), len(b))
	same := 0
	for same < least && a[same] == b[same] {
		same++
	}
	end := 0
	for end < least && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return max(same, end) >= 5 && 2*max(same, end) >= least || shareWord(a, b)
}

// shareWord reports whether a word of one that is not common stands in the
// other.
func shareWord(a, b string) bool {
	for _, w := range strings.FieldsFunc(a, func(r rune) bool { return strings.ContainsRune(".:/;$->()&?=_ ", r) }) {
		if len(w) >= 4 && !vague[w] && strings.Contains(b, w) {
			return true
		}
	}
	return false
}

var vague = map[string]bool{"java": true, "lang": true, "android": true, "http": true, "https": true, "string": true, "object": true, "example": true}

// plain spells classes the same in all notations.
func plain(s string) string {
	s = strings.ToLower(strings.TrimRight(s, "*"))
	return strings.ReplaceAll(s, "/", ".")
}
