package checks

import (
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func suffixHost() *lint.Check {
	const say = "%q is an ending that everybody can register below; name a domain below it"
	return &lint.Check{
		ID: "suffix-host", Severity: signatures.Error,
		SDK: func(p *lint.Pass, v *rule.SDK) {
			signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
				if s.Endpoint != nil && isSuffix(s.Endpoint.Host) {
					p.Reportf(at, say, s.Endpoint.Host)
				}
			})
		},
		Domain: func(p *lint.Pass, v *rule.Domain) {
			if isSuffix(v.ID) {
				p.Reportf(lint.Path{"id"}, say, v.ID)
			}
		},
		Noise: func(p *lint.Pass, v *rule.Noise) {
			for i, h := range v.Hosts {
				// example, test, invalid and localhost are nobody's.
				if isSuffix(h) && strings.Contains(h, ".") {
					p.Reportf(lint.Path{"hosts", i}, say, h)
				}
			}
		},
	}
}

// isSuffix reports whether a host is a public suffix of a registry: "cn",
// "com.cn". Those of companies are the matter of shared-host.
func isSuffix(host string) bool {
	if host == "" {
		return false
	}
	s, icann := publicsuffix.PublicSuffix(host)
	return s == host && (icann || !strings.Contains(host, "."))
}
