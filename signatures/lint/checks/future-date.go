package checks

import (
	"time"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func futureDate() *lint.Check {
	look := func(p *lint.Pass, date string, at ...any) {
		d, err := time.Parse(time.DateOnly, date)
		// A day is allowed for clocks in other parts of the world.
		if err == nil && !p.Today.IsZero() && d.After(p.Today.AddDate(0, 0, 1)) {
			p.Reportf(at, "%s has not come yet; write the day on which it was seen", date)
		}
	}
	records := func(p *lint.Pass, list []rule.Record) {
		for i, r := range list {
			look(p, r.Date, "records", i, "date")
		}
	}
	return &lint.Check{
		ID: "future-date", Severity: signatures.Error,
		Any: func(p *lint.Pass) {
			for i, e := range p.Header.Evidence {
				look(p, e.Date, "evidence", i, "date")
			}
		},
		SDK: func(p *lint.Pass, v *rule.SDK) {
			if v.Tracker != nil {
				look(p, v.Tracker.Date, "tracker", "date")
			}
			for i, a := range v.Verified {
				look(p, a.Date, "verified", i, "date")
			}
		},
		Vendor: func(p *lint.Pass, v *rule.Vendor) { records(p, v.Records) },
		Domain: func(p *lint.Pass, v *rule.Domain) { records(p, v.Records) },
	}
}
