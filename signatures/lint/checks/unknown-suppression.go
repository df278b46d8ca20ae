package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func unknownSuppression() *lint.Check {
	return &lint.Check{ID: "unknown-suppression", Severity: signatures.Error, Any: func(p *lint.Pass) {
		for i, s := range p.Header.Suppress {
			if !p.Known(s.Lint) {
				p.Reportf(lint.Path{"suppress", i, "lint"}, "there is no check %q; see 'telltale signatures lint --list'", s.Lint)
			}
		}
	}}
}
