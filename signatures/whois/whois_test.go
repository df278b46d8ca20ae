package whois

import (
	"errors"
	"strings"
	"testing"
)

// Records of our own making in the shape that registries give them.
const gtld = `   Domain Name: EXAMPLE.COM
   Registrar: Some Registrar, Inc.
   Registrant Organization: EXAMPLE INC
   Registrant Street: 1 Some Road
   Registrant City: Beijing
   Registrant State/Province: Beijing
   Registrant Country: CN
>>> Last update of WHOIS database: 2019-07-14T08:00:00Z <<<
`

const cn = `Domain Name: example.cn
ROID: 20030311s10001s00000000-cn
Registrant: 示例科技有限公司
Registrant Contact Email: x@example.cn
Sponsoring Registrar: Some Registrar
Registration Time: 2003-03-17 12:20:05
`

const rdapRecord = `{"objectClassName":"domain","ldhName":"EXAMPLE.ORG","events":[{"eventAction":"last update of RDAP database","eventDate":"2026-01-02T03:04:05Z"}],
"entities":[{"roles":["registrant"],"vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text",""],["org",{},"text","Example Org"],
["adr",{"cc":"CN"},"text",["","","1 Some Road","Hangzhou","Zhejiang","310000",""]]]]},
{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","Some Registrar"]]]}]}`

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     Record
	}{
		{"gTLD", gtld, Record{Domain: "example.com", Organization: "EXAMPLE INC", City: "Beijing", Province: "Beijing", Country: "CN", Registrar: "Some Registrar, Inc.", Date: "2019-07-14"}},
		{".cn", cn, Record{Domain: "example.cn", Organization: "示例科技有限公司", Registrar: "Some Registrar"}},
		{"RDAP", rdapRecord, Record{Domain: "example.org", Organization: "Example Org", City: "Hangzhou", Province: "Zhejiang", Country: "CN", Registrar: "Some Registrar", Date: "2026-01-02"}},
	}
	for _, tt := range tests {
		got, err := Parse([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if len(got.Lines) == 0 {
			t.Errorf("%s: no lines are quoted", tt.name)
		}
		c := *got
		c.Lines = nil
		if c.Domain != tt.want.Domain || c.Organization != tt.want.Organization || c.City != tt.want.City ||
			c.Province != tt.want.Province || c.Country != tt.want.Country || c.Registrar != tt.want.Registrar || c.Date != tt.want.Date {
			t.Errorf("%s: %+v, want %+v", tt.name, c, tt.want)
		}
	}
}

func TestWithheldRegistrantIsNone(t *testing.T) {
	in := strings.NewReplacer("EXAMPLE INC", "REDACTED FOR PRIVACY", "City: Beijing", "City: REDACTED FOR PRIVACY",
		"Province: Beijing", "Province: ", "Country: CN", "Country: Statutory Masking Enabled").Replace(gtld)
	r, err := Parse([]byte(in))
	if !errors.Is(err, ErrNoRegistrant) || r == nil || r.Domain != "example.com" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNoDomain(t *testing.T) {
	for _, in := range []string{"", "No match for domain", "Domain Name: localhost\nRegistrant: X", "{}", `{"ldhName": 3}`} {
		if r, err := Parse([]byte(in)); err == nil {
			t.Errorf("%q: %+v", in, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{gtld, cn, rdapRecord, ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			return
		}
		for _, s := range append(r.Lines, r.Organization, r.City, r.Province, r.Country) {
			if strings.ContainsAny(s, "\n\r") || len(s) > maxField+64 {
				t.Errorf("%q is not one short line", s)
			}
		}
	})
}
