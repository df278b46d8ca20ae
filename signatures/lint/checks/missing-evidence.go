package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func missingEvidence() *lint.Check {
	return &lint.Check{ID: "missing-evidence", Severity: signatures.Error, Any: func(p *lint.Pass) {
		h := p.Header
		if len(h.Evidence) > 0 || h.Status == rule.StatusDisabled {
			return
		}
		switch v := p.Source.Rule().(type) {
		case *rule.Vendor:
			return // its records carry their sources
		case *rule.Domain:
			if len(v.Records) > 0 || sourced(v.Hosts) {
				return
			}
		case *rule.Noise:
			return // what nobody is accused of needs none
		}
		p.Reportf(lint.Path{"id"}, "the rule does not say where its facts come from; add \"evidence\" with text, source and date")
	}}
}

func sourced(hosts []rule.Host) bool {
	for _, h := range hosts {
		if h.Source != "" {
			return true
		}
	}
	return false
}
