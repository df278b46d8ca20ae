package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func unknownSuppression() *lint.Check {
	return &lint.Check{ID: "unknown-suppression", Severity: signatures.Error, Any: func(p *lint.Pass) {
		for i, s := range p.Header.Suppress {
			switch c := p.Find(s.Lint); {
			case c == nil:
				p.Reportf(lint.Path{"suppress", i, "lint"}, "there is no check %q; see 'telltale signatures lint --list'", s.Lint)
			case c.ByLoader():
				p.Reportf(lint.Path{"suppress", i, "lint"}, "%q is for the loader to say, and cannot be suppressed; mend the rule", s.Lint)
			}
		}
	}}
}
