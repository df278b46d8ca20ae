package checks

import (
	"time"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// staleYears is how much older than the newest of all rules the last artefact
// of a rule may be. Comparing rules with each other, not with the clock, keeps
// the result the same tomorrow.
const staleYears = 2

func staleVerified() *lint.Check {
	return &lint.Check{ID: "stale-verified", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		last, at := "", 0
		for i, a := range v.Verified {
			if a.Date > last {
				last, at = a.Date, i
			}
		}
		d, err := time.Parse(time.DateOnly, last)
		newest, err2 := time.Parse(time.DateOnly, p.Newest())
		if err == nil && err2 == nil && d.AddDate(staleYears, 0, 0).Before(newest) {
			p.Reportf(lint.Path{"verified", at, "date"}, "the rule was last checked against a real file on %s, more than %d years before others; check it against a newer one", last, staleYears)
		}
	}}
}
