package checks

import (
	"regexp"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

// blankText matches what templates leave to be filled in.
var blankText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(TODO|FIXME|XXX|TBD)\b|<why [A-Za-z ]*>|\blorem ipsum\b`)
})

func placeholder() *lint.Check {
	return &lint.Check{ID: "placeholder", Severity: signatures.Error, Any: func(p *lint.Pass) {
		h := p.Header
		say := func(s string, at ...any) {
			if m := blankText().FindString(s); m != "" {
				p.Reportf(at, "%q was left to be filled in; fill it in, or remove the field", m)
			}
		}
		say(h.Name, "name")
		say(h.Notes, "notes")
		for i, e := range h.Evidence {
			say(e.Text, "evidence", i, "text")
			say(e.Source, "evidence", i, "source")
		}
		for i, s := range h.Suppress {
			say(s.Reason, "suppress", i, "reason")
		}
	}}
}
