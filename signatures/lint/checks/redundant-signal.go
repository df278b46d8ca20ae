package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func redundantSignal() *lint.Check {
	return &lint.Check{ID: "redundant-signal", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When != nil {
			return // a condition may count them
		}
		if len(v.Signals) > maxCompared {
			return
		}
		signals(p, v, func(i int, s *rule.Signal, at lint.Path) {
			for j := range v.Signals {
				o := &v.Signals[j]
				if i == j || !strong(o) && (strong(s) || !counts(o)) || !counts(s) {
					continue
				}
				inside := o.Code != "" && (s.Code != "" && s.Code != o.Code && lint.Under(s.Code, o.Code) || s.Class != "" && lint.Under(s.Class, o.Code))
				if inside && !divided(p, v, o.Code, s.Code+s.Class) {
					p.Reportf(at, "%s is inside of %s, which says it already; remove one of them", lint.Quote(s.Text()), lint.Quote(o.Text()))
					return
				}
			}
		})
	}}
}

// divided reports whether a prefix of another rule stands between two prefixes
// of a rule: then the longer says who owns the code below it.
func divided(p *lint.Pass, v *rule.SDK, outer, inner string) bool {
	for _, o := range p.Below(outer) {
		if o.SDK.ID != v.ID && lint.Under(inner, o.Signal().Value()) {
			return true
		}
	}
	return false
}
