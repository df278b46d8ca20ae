package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func sharedSignal() *lint.Check {
	return &lint.Check{ID: "shared-signal", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When != nil {
			return
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if !strong(s) {
				return
			}
			for _, o := range p.Signals(s.Type(), s.Value()) {
				if o.SDK.ID != v.ID && o.SDK.When == nil && strong(o.Signal()) && !p.Related(o.SDK, v) {
					p.Reportf(at, "%s is a strong signal of %s too, so both are found wherever one is; make it weak in one of them, or name their relation", lint.Quote(s.Text()), o.SDK.ID)
					return
				}
			}
		})
	}}
}
