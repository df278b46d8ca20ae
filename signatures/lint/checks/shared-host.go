package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func sharedHost() *lint.Check {
	return &lint.Check{
		ID: "shared-host", Severity: signatures.Error,
		SDK: func(p *lint.Pass, v *rule.SDK) {
			if library(v) {
				return // the host's own library may name it
			}
			signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
				if s.Endpoint != nil && counts(s) && s.Endpoint.Path == "" && isShared(s.Endpoint.Host) {
					p.Reportf(at, "%q serves whoever pays for it; name the host of the product below it, or a path", s.Endpoint.Host)
				}
			})
		},
		Domain: func(p *lint.Pass, v *rule.Domain) {
			for i, h := range v.Hosts {
				if h.SDK != "" && len(h.Paths) == 0 && isShared(h.Host) {
					p.Reportf(lint.Path{"hosts", i, "host"}, "%q serves whoever pays for it, not the product %s alone; name the host of the product below it", h.Host, h.SDK)
				}
			}
		},
	}
}

// isShared reports whether a host is one below which many have theirs.
func isShared(host string) bool { return sharedHosts()[host] }
