package checks

import (
	"path"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func genericFile() *lint.Check {
	return &lint.Check{ID: "generic-file", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			name := s.File + s.Asset
			if name == "" || !counts(s) {
				return
			}
			if dir, base := path.Split(name); files()[base] && (dir == "" || dir == "assets/") || files()[name] {
				p.Reportf(at, "%q is a name that any app may give a file; name a path that carries the product's name", name)
			}
		})
	}}
}
