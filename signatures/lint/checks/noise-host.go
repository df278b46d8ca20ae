package checks

import (
	"slices"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func noiseHost() *lint.Check {
	return &lint.Check{ID: "noise-host", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.Endpoint == nil || s.Endpoint.Host == "" || !counts(s) {
				return
			}
			for n := range signatures.All[rule.Noise](p.Rules) {
				if slices.ContainsFunc(n.Hosts, func(h string) bool { return lint.HostUnder(s.Endpoint.Host, h) }) {
					p.Reportf(at, "the rule %s calls %q noise; remove the signal, or the host from that rule", n.ID, s.Endpoint.Host)
					return
				}
			}
		})
	}}
}
