package checks

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func classAsPackage() *lint.Check {
	return &lint.Check{ID: "class-as-package", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			last := s.Code[strings.LastIndexByte(s.Code, '.')+1:]
			if r, _ := utf8.DecodeRuneInString(last); unicode.IsUpper(r) && strings.ToUpper(last) != last {
				p.Reportf(at, "%q looks like a class; write \"class:\" in place of \"code:\"", s.Code)
			}
		})
	}}
}
