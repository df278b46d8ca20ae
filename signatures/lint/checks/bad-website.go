package checks

import (
	"net/url"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func badWebsite() *lint.Check {
	look := func(p *lint.Pass, s string) {
		if s == "" {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Host, ".") || u.User != nil {
			p.Reportf(lint.Path{"website"}, "%q is not the address of a page; write it with https:// and a host", s)
		}
	}
	return &lint.Check{
		ID: "bad-website", Severity: signatures.Warning,
		SDK:    func(p *lint.Pass, v *rule.SDK) { look(p, v.Website) },
		Vendor: func(p *lint.Pass, v *rule.Vendor) { look(p, v.Website) },
	}
}
