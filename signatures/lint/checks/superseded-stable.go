package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func supersededStable() *lint.Check {
	return &lint.Check{ID: "superseded-stable", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		for i, id := range v.Relations.SupersededBy {
			if s := p.Rules.SDK(id); s != nil && s.Status == rule.StatusDeprecated {
				p.Reportf(lint.Path{"relations", "superseded_by", i}, "%s, which is to take this rule's place, is deprecated itself; name the one that is not", id)
			}
		}
	}}
}
