package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func relationCycle() *lint.Check {
	return &lint.Check{ID: "relation-cycle", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		for _, rel := range []struct {
			name string
			next func(*rule.SDK) []string
		}{
			{"contains", func(s *rule.SDK) []string { return s.Relations.Contains }},
			{"part_of", func(s *rule.SDK) []string { return []string{s.Relations.PartOf} }},
			{"superseded_by", func(s *rule.SDK) []string { return s.Relations.SupersededBy }},
			{"requires", func(s *rule.SDK) []string { return s.Relations.Requires }},
		} {
			seen := map[string]bool{}
			var reaches func(s *rule.SDK) bool
			reaches = func(s *rule.SDK) bool {
				for _, id := range rel.next(s) {
					if id == v.ID {
						return true
					}
					if t := p.Rules.SDK(id); t != nil && !seen[id] {
						seen[id] = true
						if reaches(t) {
							return true
						}
					}
				}
				return false
			}
			if reaches(v) {
				p.Reportf(lint.Path{"relations", rel.name}, "by way of %q the product comes back to itself; remove the relation from one of the two", rel.name)
			}
		}
	}}
}
