package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func sharedSource() *lint.Check {
	return &lint.Check{ID: "shared-source", Severity: signatures.Warning, Identifier: func(p *lint.Pass, v *rule.Identifier) {
		for i := range v.Sources {
			s := &v.Sources[i]
			if s.Strength == rule.Weak {
				continue
			}
			for _, id := range p.Readers(lint.SourceKey(s)) {
				if id != v.ID {
					p.Reportf(lint.Path{"sources", i}, "the identifier %s has the source %s too, so one read counts as two; leave it to one of them, or tell them apart by \"args\"", id, lint.Quote(s.Value()))
					break
				}
			}
		}
	}}
}
