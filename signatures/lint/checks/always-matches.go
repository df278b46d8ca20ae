package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func alwaysMatches() *lint.Check {
	return &lint.Check{ID: "always-matches", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if always(v) {
			p.Reportf(lint.Path{"when"}, "the condition holds for an app that has none of the signals; join what must be there to \"none\" by \"all\"")
		}
	}}
}

// always reports whether the condition of a rule holds without any signal.
func always(v *rule.SDK) bool {
	return v.When != nil && signatures.Evaluate(v, v.When, func(int) bool { return false })
}
