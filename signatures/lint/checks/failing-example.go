package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func failingExample() *lint.Check {
	return &lint.Check{ID: "failing-example", Severity: signatures.Error, Any: func(p *lint.Pass) {
		if v, ok := p.Source.Rule().(*rule.SDK); ok && (contradicts(v) || always(v)) {
			return // no example could tell more
		}
		examples(p, func(list string, _ int, e *rule.Example, at lint.Path) {
			switch t := p.Try(p.Source.Rule(), e); {
			case list == "match" && !t.Matches:
				p.Reportf(at, "the example does not match: %s; mend the example or the rule", t.String())
			case list == "no_match" && t.Matches:
				p.Reportf(at, "the example matches: %s; mend the example or the rule", t.String())
			}
		})
	}}
}
