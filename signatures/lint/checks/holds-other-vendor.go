package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func holdsOtherVendor() *lint.Check {
	return &lint.Check{ID: "holds-other-vendor", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When != nil {
			return
		}
		signals(p, v, func(_ int, s *rule.Signal, at lint.Path) {
			if s.Code == "" || !strong(s) {
				return
			}
			for _, o := range p.Below(s.Code) {
				if !p.Family(o.SDK.Vendor, v.Vendor) && !p.Related(o.SDK, v) {
					p.Reportf(at, "%q holds %q, which is %s by another vendor (%s); name narrower packages, or the relation", s.Code, o.Signal().Value(), o.SDK.ID, o.SDK.Vendor)
					return
				}
			}
		})
	}}
}
