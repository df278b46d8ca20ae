package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func missingTests() *lint.Check {
	return &lint.Check{ID: "missing-tests", Severity: signatures.Error, Any: func(p *lint.Pass) {
		if tested(p.Header.Kind) && len(signatures.Tests(p.Source.Rule()).Match) == 0 {
			p.Reportf(lint.Path{"id"}, "nothing shows that the rule matches what it should; add an example to \"tests: match\"")
		}
	}}
}
