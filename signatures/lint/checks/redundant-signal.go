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
		signals(p, v, func(i int, s *rule.Signal, at lint.Path) {
			for j := range v.Signals {
				o := &v.Signals[j]
				if i == j || !strong(o) && (strong(s) || !counts(o)) || !counts(s) {
					continue
				}
				inside := o.Code != "" && (s.Code != "" && s.Code != o.Code && lint.Under(s.Code, o.Code) || s.Class != "" && lint.Under(s.Class, o.Code)) ||
					s.Endpoint != nil && o.Endpoint != nil && o.Endpoint.Path == "" && len(o.Endpoint.Query) == 0 && o.Endpoint.Host != "" &&
						s.Endpoint.Host != o.Endpoint.Host && lint.HostUnder(s.Endpoint.Host, o.Endpoint.Host)
				if inside {
					p.Reportf(at, "%s is inside of %s, which says it already; remove one of them", lint.Quote(s.Text()), lint.Quote(o.Text()))
					return
				}
			}
		})
	}}
}
