package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func unusedVendor() *lint.Check {
	return &lint.Check{ID: "unused-vendor", Severity: signatures.Advice, Vendor: func(p *lint.Pass, v *rule.Vendor) {
		if !p.VendorUsed(v.ID) {
			p.Reportf(lint.Path{"id"}, "no product and no domain is of this vendor; add one, or remove the file")
		}
	}}
}
