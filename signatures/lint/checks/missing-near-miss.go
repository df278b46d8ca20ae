package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func missingNearMiss() *lint.Check {
	return &lint.Check{ID: "missing-near-miss", Severity: signatures.Warning, Any: func(p *lint.Pass) {
		if tested(p.Header.Kind) && len(signatures.Tests(p.Source.Rule()).NoMatch) == 0 {
			p.Reportf(lint.Path{"tests"}, "nothing shows that the rule spares what it should; add a near miss to \"tests: no_match\"")
		}
	}}
}
