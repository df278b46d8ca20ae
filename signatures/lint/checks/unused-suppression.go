package checks

import (
	"slices"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func unusedSuppression() *lint.Check {
	return &lint.Check{ID: "unused-suppression", Severity: signatures.Warning, After: func(p *lint.Pass, found []lint.Finding) {
		for i, s := range p.Header.Suppress {
			if c := p.Find(s.Lint); c != nil && !c.ByLoader() && c != p.Check && !slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Code == s.Lint }) {
				p.Reportf(lint.Path{"suppress", i}, "the check %q finds nothing here any more; remove the suppression", s.Lint)
			}
		}
	}}
}
