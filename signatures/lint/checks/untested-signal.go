package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func untestedSignal() *lint.Check {
	return &lint.Check{ID: "untested-signal", Severity: signatures.Advice, SDK: func(p *lint.Pass, v *rule.SDK) {
		if len(v.Tests.Match) == 0 {
			return // missing-tests says so
		}
		done := map[int]bool{}
		examples(p, func(list string, _ int, e *rule.Example, _ lint.Path) {
			// What a condition forbids is exercised by what must not match.
			if list == "match" || v.When != nil {
				t := p.Try(v, e)
				for _, item := range t.Items["signals"] {
					done[item] = true
				}
			}
		})
		signals(p, v, func(i int, s *rule.Signal, at lint.Path) {
			if strong(s) && !done[i] {
				p.Reportf(at, "no example exercises the strong signal %s; add one to \"tests: match\"", lint.Quote(s.Text()))
			}
		})
	}}
}
