// Package whois reads what registries say of a domain: WHOIS text and RDAP JSON
// (RFC 9083) that somebody saved. Nothing is looked up.
//
// WHOIS has no format of its own; what is read are lines of the form "Key:
// value" with the keys that gTLD and .cn registries use. A registrant whose
// name, place and country are all withheld ("REDACTED FOR PRIVACY") counts as not
// named.
//
// # Threat model
//
// Input is whatever a file holds. It is limited to [MaxSize]; lines and fields
// are cut, nothing is followed, and what is not understood is left out.
package whois

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// MaxSize is how many bytes of a record are read.
const MaxSize = 1 << 20

// maxField is the longest field that is kept, in bytes.
const maxField = 512

// Errors of Parse.
var (
	ErrNoDomain     = errors.New("the record names no domain")
	ErrNoRegistrant = errors.New("the record names no registrant: it is withheld or missing")
)

// Record is what a registry says of one domain.
type Record struct {
	Domain       string // lower case, ASCII form
	Organization string // registrant's; its name if there is no organization
	City         string
	Province     string
	Country      string // ISO 3166-1 alpha-2 where the record has that, else as written
	Registrar    string
	// Date is when the record was current, YYYY-MM-DD; "" if it does not say.
	Date string
	// Lines are the record's own words on the registrant, in its order.
	Lines []string
}

// Parse reads one record, RDAP if it is a JSON object, else WHOIS. With
// ErrNoRegistrant the other fields are still filled.
func Parse(data []byte) (*Record, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the record has %d bytes; %d are read", len(data), MaxSize)
	}
	var r *Record
	var err error
	if t := bytes.TrimSpace(data); len(t) > 0 && t[0] == '{' {
		r, err = parseRDAP(t)
	} else {
		r, err = parseText(string(data))
	}
	if err != nil {
		return nil, err
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.ToLower(r.Domain), "."))
	if err != nil || !strings.Contains(ascii, ".") {
		return nil, ErrNoDomain
	}
	r.Domain = ascii
	if r.Organization == "" && r.City == "" && r.Province == "" && r.Country == "" {
		return r, ErrNoRegistrant
	}
	return r, nil
}

// withheld reports whether a value stands for one that is not shown.
func withheld(v string) bool {
	l := strings.ToLower(v)
	for _, w := range []string{"redacted", "privacy", "not disclosed", "withheld", "data protected", "statutory masking", "not applicable", "n/a"} {
		if strings.Contains(l, w) {
			return true
		}
	}
	return v == ""
}

// clip makes a value one short line.
func clip(v string) string {
	v = strings.Join(strings.Fields(strings.ToValidUTF8(v, "?")), " ")
	if len(v) > maxField {
		v = strings.ToValidUTF8(v[:maxField], "")
	}
	return v
}

// parseText reads "Key: value" lines.
func parseText(text string) (*Record, error) {
	r := &Record{}
	name := ""
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(key, ">>>"))), clip(value)
		set := func(dst *string) {
			if *dst == "" && !withheld(value) {
				*dst = value
				r.Lines = append(r.Lines, clip(line))
			}
		}
		switch key {
		case "domain name", "domain":
			if r.Domain == "" {
				r.Domain = value
			}
		case "registrant organization", "registrant organisation", "registrant":
			set(&r.Organization)
		case "registrant name":
			set(&name)
		case "registrant city":
			set(&r.City)
		case "registrant state/province", "registrant state", "registrant province":
			set(&r.Province)
		case "registrant country", "registrant country/economy":
			set(&r.Country)
		case "registrar", "sponsoring registrar":
			if r.Registrar == "" {
				r.Registrar = value
			}
		case "last update of whois database", "last update of rdap database":
			r.Date = day(strings.TrimSuffix(strings.TrimSpace(value), "<<<"))
		}
	}
	if r.Organization == "" {
		r.Organization = name
	}
	if r.Domain == "" {
		return nil, ErrNoDomain
	}
	return r, nil
}

// day reads the date of a timestamp.
func day(v string) string {
	v = strings.TrimSpace(v)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly, "02-Jan-2006", "2006/01/02"} {
		for _, s := range []string{v, firstField(v)} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.Format(time.DateOnly)
			}
		}
	}
	return ""
}

func firstField(v string) string {
	if f := strings.Fields(v); len(f) > 0 {
		return f[0]
	}
	return ""
}

// rdap is the part of an RDAP domain object that matters here.
type rdap struct {
	LDHName  string       `json:"ldhName"`
	Entities []rdapEntity `json:"entities"`
	Events   []struct {
		Action string `json:"eventAction"`
		Date   string `json:"eventDate"`
	} `json:"events"`
}

type rdapEntity struct {
	Roles    []string `json:"roles"`
	VCard    []any    `json:"vcardArray"`
	Entities []any    `json:"entities"`
}

func parseRDAP(data []byte) (*Record, error) {
	var d rdap
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("the record is no RDAP object: %w", err)
	}
	r := &Record{Domain: d.LDHName}
	for _, e := range d.Events {
		if e.Action == "last update of RDAP database" {
			r.Date = day(e.Date)
		}
	}
	for _, e := range d.Entities {
		for _, role := range e.Roles {
			switch role {
			case "registrant":
				r.vcard(e.VCard)
			case "registrar":
				var who Record
				who.vcard(e.VCard)
				r.Registrar = who.Organization
			}
		}
	}
	return r, nil
}

// vcard reads a jCard (RFC 7095): ["vcard", [[name, params, type, value…], …]].
func (r *Record) vcard(v []any) {
	if len(v) < 2 {
		return
	}
	props, _ := v[1].([]any)
	for _, p := range props {
		prop, _ := p.([]any)
		if len(prop) < 4 {
			continue
		}
		name, _ := prop[0].(string)
		switch name {
		case "org", "fn":
			if s, _ := prop[3].(string); !withheld(s) && (name == "org" || r.Organization == "") {
				r.Organization = clip(s)
				r.Lines = append(r.Lines, "Registrant "+name+": "+clip(s))
			}
		case "adr":
			// post office box, extended, street, locality, region, code, country
			adr, _ := prop[3].([]any)
			field := func(i int, label string, dst *string) {
				if i < len(adr) {
					if s, _ := adr[i].(string); !withheld(s) {
						*dst = clip(s)
						r.Lines = append(r.Lines, "Registrant "+label+": "+clip(s))
					}
				}
			}
			field(3, "city", &r.City)
			field(4, "region", &r.Province)
			field(6, "country", &r.Country)
			if params, _ := prop[1].(map[string]any); params != nil {
				if cc, _ := params["cc"].(string); cc != "" && !withheld(cc) {
					r.Country = clip(cc)
					r.Lines = append(r.Lines, "Registrant country code: "+clip(cc))
				}
			}
		}
	}
}
