package checks

import (
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// authorities are the endings that libraries and apps of all sorts use.
var authorities = map[string]bool{
	"provider": true, "fileprovider": true, "file.provider": true, "file_provider": true, "files": true, "contentprovider": true,
	"androidx-startup": true, "lifecycle-process": true, "firebaseinitprovider": true, "workmanager-init": true,
	"imagepicker.provider": true, "sharedprovider": true, "initprovider": true, "cache": true, "share": true,
}

func genericAuthority() *lint.Check {
	return &lint.Check{ID: "generic-authority", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			end := strings.ToLower(strings.TrimLeft(s.Authority, "*."))
			if s.Authority != "" && counts(s) && authorities[end] {
				p.Reportf(at, "providers of all sorts of apps have the authority %q; name one that carries the product's name, or the provider's class", s.Authority)
			}
		})
	}}
}
