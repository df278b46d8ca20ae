package checks

import (
	"regexp"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// claims are words for what reading a file cannot show.
var claims = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(sends|sent|leaks|leaked|leaves|transmits|transmitted|steals|exfiltrates|spies|spyware|malicious)\b`)
})

func claimWords() *lint.Check {
	say := func(p *lint.Pass, s string, at ...any) {
		if m := claims().FindString(s); m != "" {
			p.Reportf(at, "%q claims more than a file can show; say what is there or what it is for", m)
		}
	}
	return &lint.Check{
		ID: "claim-words", Severity: signatures.Error,
		Any: func(p *lint.Pass) {
			say(p, p.Header.Name, "name")
			say(p, p.Header.Notes, "notes")
		},
		Identifier: func(p *lint.Pass, v *rule.Identifier) {
			say(p, v.Glossary, "glossary")
			say(p, v.Restriction, "restriction")
		},
		Noise: func(p *lint.Pass, v *rule.Noise) { say(p, v.Reason, "reason") },
	}
}
