package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// platformRoots hold classes that every app has or names.
var platformRoots = []string{"android", "java", "javax", "kotlin", "kotlinx.coroutines", "androidx.core", "androidx.appcompat", "dalvik", "org.json", "org.w3c.dom", "org.xml.sax", "com.android.internal", "sun.misc"}

func platformPackage() *lint.Check {
	return &lint.Check{ID: "platform-package", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if library(v) {
			return // it may be the rule of just that
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			name := s.Code + s.Class + s.CodeRef
			if name == "" || !counts(s) {
				return
			}
			for _, root := range platformRoots {
				if lint.Under(name, root) && !strings.HasPrefix(name, "android.support.") {
					p.Reportf(at, "%q is of Android or its libraries, which every app names; name the product's own code", name)
					return
				}
			}
		})
	}}
}
