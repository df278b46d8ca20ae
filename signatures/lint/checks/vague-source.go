package checks

import (
	"regexp"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// vagueSources cannot be looked up by anybody.
var vagueSources = map[string]bool{
	"internet": true, "the internet": true, "web": true, "website": true, "google": true, "search": true, "unknown": true, "various": true,
	"own knowledge": true, "known": true, "n/a": true, "none": true, "source": true, "manual": true, "me": true, "apk": true, "an app": true,
}

// address is the least that can be looked up: a host, with or without a path.
var address = regexp.MustCompile(`(?i)[a-z0-9-]\.[a-z]{2,}`)

func vagueSource() *lint.Check {
	const say = "nobody can look up the source %q; name a repository and path, a page, or an artefact"
	bad := func(s string) bool {
		s = strings.ToLower(strings.Trim(s, " ."))
		return s != "" && (vagueSources[s] || len(s) < 4)
	}
	records := func(p *lint.Pass, list []rule.Record) {
		for i, r := range list {
			if bad(r.Source) {
				p.Reportf(lint.Path{"records", i, "source"}, say, r.Source)
			}
		}
	}
	return &lint.Check{
		ID: "vague-source", Severity: signatures.Error,
		Any: func(p *lint.Pass) {
			for i, e := range p.Header.Evidence {
				common := strings.EqualFold(e.Source, "common knowledge") && p.Header.Status != rule.StatusExperimental
				if common || bad(e.Source) {
					p.Reportf(lint.Path{"evidence", i, "source"}, say, e.Source)
				}
			}
		},
		SDK: func(p *lint.Pass, v *rule.SDK) {
			if v.Tracker != nil && bad(v.Tracker.Source) {
				p.Reportf(lint.Path{"tracker", "source"}, say, v.Tracker.Source)
			}
		},
		Vendor: func(p *lint.Pass, v *rule.Vendor) { records(p, v.Records) },
		Domain: func(p *lint.Pass, v *rule.Domain) {
			records(p, v.Records)
			for i, r := range v.Records {
				// Such a record says "registered in" of a domain: it must be possible
				// to look at it.
				if (r.Grade == rule.GradeRegistrant || r.Grade == rule.GradeFiling) && !bad(r.Source) && !address.MatchString(r.Source) {
					p.Reportf(lint.Path{"records", i, "source"}, "%q is no address, and %s is a claim about this very domain; name the page or the repository that shows it, or lower the grade", r.Source, r.Grade)
				}
			}
			for i, h := range v.Hosts {
				if bad(h.Source) {
					p.Reportf(lint.Path{"hosts", i, "source"}, say, h.Source)
				}
			}
		},
	}
}
