package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

func thinReason() *lint.Check {
	return &lint.Check{ID: "thin-reason", Severity: signatures.Error, Any: func(p *lint.Pass) {
		for i, s := range p.Header.Suppress {
			if len(strings.Fields(s.Reason)) < 4 {
				p.Reportf(lint.Path{"suppress", i, "reason"}, "%q gives others nothing to judge by; say in a sentence why the check does not hold for this rule", s.Reason)
			}
		}
	}}
}
