package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func packageAsClass() *lint.Check {
	return &lint.Check{ID: "package-as-class", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			last := s.Class[strings.LastIndexByte(s.Class, '.')+1:]
			if len(last) > 4 && strings.ToLower(last) == last {
				p.Reportf(at, "%q looks like a package; write \"code:\" in place of \"class:\"", s.Class)
			}
		})
	}}
}
