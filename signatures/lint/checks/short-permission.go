package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func shortPermission() *lint.Check {
	look := func(p *lint.Pass, s string, at ...any) {
		for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == '|' || r == ',' }) {
			if name != "none" && name != "or" && name != "and" && !strings.Contains(name, ".") {
				p.Reportf(at, "%q is not the whole name of a permission; write it as manifests do, such as android.permission.%s", name, strings.ToUpper(name))
				return
			}
		}
	}
	return &lint.Check{
		ID: "short-permission", Severity: signatures.Error,
		Identifier: func(p *lint.Pass, v *rule.Identifier) {
			look(p, v.Permission, "permission")
			for i, s := range v.Sources {
				look(p, s.Permission, "sources", i, "permission")
			}
		},
		Sink: func(p *lint.Pass, v *rule.Sink) { look(p, v.Permission, "permission") },
		SDK: func(p *lint.Pass, v *rule.SDK) {
			signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
				if s.Permission != "" {
					look(p, s.Permission, at...)
				}
			})
		},
	}
}
