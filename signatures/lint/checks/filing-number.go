package checks

import (
	"regexp"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// filing matches the number of a record with the Chinese registry of sites.
var filing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`ICP[备证].{0,2}[0-9]{6,}|ICP\s?(filing|licen[cs]e|record)?.{0,12}[0-9]{6,}|[0-9]{6,}号`)
})

func filingNumber() *lint.Check {
	look := func(p *lint.Pass, list []rule.Record) {
		for i, r := range list {
			if (r.Grade == rule.GradeFiling || r.Grade == rule.GradeCompanyFiling) && !filing().MatchString(r.Text) {
				p.Reportf(lint.Path{"records", i, "text"}, "the grade is %q, and the text has no number of a filing; quote the number, or take a lower grade", r.Grade)
			}
		}
	}
	return &lint.Check{
		ID: "filing-number", Severity: signatures.Error,
		Vendor: func(p *lint.Pass, v *rule.Vendor) { look(p, v.Records) },
		Domain: func(p *lint.Pass, v *rule.Domain) { look(p, v.Records) },
	}
}
