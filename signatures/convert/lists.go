package convert

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// Detect tells the format of a list from one of its files, "" if it cannot.
func Detect(f File) string {
	b := bytes.TrimSpace(f.Data)
	folder := path.Base(path.Dir(f.Name))
	has := func(keys ...string) bool {
		for _, k := range keys {
			if !bytes.Contains(b, []byte(`"`+k+`"`)) {
				return false
			}
		}
		return true
	}
	switch {
	case len(b) == 0:
		return ""
	case b[0] == '<' && bytes.Contains(b, []byte("tracker_signatures")):
		return "appmanager"
	case (b[0] == '{' || b[0] == '[') && has("code_signature"):
		return "exodus"
	case b[0] == '{' && has("categories") && !has("domain") && !has("trackers"):
		return "disconnect"
	case b[0] == '{' && (has("trackers", "entities") || has("domain", "owner")):
		return "duckduckgo"
	case b[0] == '[' && has("signatures"), b[0] == '{' && has("signatures", "label"):
		return "android-libraries"
	case b[0] == '{' && has("label") && (strings.HasSuffix(folder, "-libs") || folder == "regex"):
		return "libchecker"
	case b[0] != '{' && b[0] != '[' && b[0] != '<':
		return "hosts"
	}
	return ""
}

// exodusTracker is a tracker as the lists of Exodus Privacy and ETIP, and the
// API of the former, have it.
type exodusTracker struct {
	ID         json.RawMessage `json:"id"`
	Name       string          `json:"name"`
	Code       string          `json:"code_signature"`
	Network    string          `json:"network_signature"`
	Website    string          `json:"website"`
	Categories json.RawMessage `json:"categories"`
	Telltale   string          `json:"telltale_id"`
}

// exodus reads trackers.json ({"trackers": {"1": …}}), the answer of the API
// (the same) and ETIP's export ({"trackers": […]}, or the list alone).
func (im *importer) exodus(f File) error {
	var list []exodusTracker
	var doc struct {
		Trackers json.RawMessage `json:"trackers"`
	}
	raw := json.RawMessage(f.Data)
	if json.Unmarshal(f.Data, &doc) == nil && doc.Trackers != nil {
		raw = doc.Trackers
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		by := map[string]exodusTracker{}
		if err := json.Unmarshal(raw, &by); err != nil {
			return err
		}
		for _, k := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
			t := by[k]
			if t.ID == nil {
				t.ID = json.RawMessage(k)
			}
			list = append(list, t)
		}
	}
	for _, t := range list {
		im.res.Read++
		id := strings.Trim(string(t.ID), `"`)
		item := fmt.Sprintf("%s (%s)", t.Name, id)
		if t.Name == "" {
			im.note(item, "", "it has no name", false)
			continue
		}
		s := im.sdk(t.Name, "", exodusCategory(t.Categories), "tracker row "+id+" names it")
		if id != "" && im.o.ID == "exodus" {
			s.Aka = map[string]string{"exodus": id}
		}
		s.Website = website(t.Website)
		im.code(s, item, t.Code)
		im.network(s, item, t.Network)
	}
	return nil
}

// exodusCategory takes the first category that we know. They are names, or
// objects with a name.
func exodusCategory(raw json.RawMessage) string {
	var names []string
	if json.Unmarshal(raw, &names) != nil {
		var objects []struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(raw, &objects) == nil {
			for _, o := range objects {
				names = append(names, o.Name)
			}
		}
	}
	for _, n := range names {
		switch strings.ToLower(n) {
		case "analytics", "profiling":
			return "analytics"
		case "advertisement":
			return "ads"
		case "crash reporting":
			return "crash"
		case "identification":
			return "identification"
		case "location":
			return "location"
		}
	}
	return "analytics"
}

// libchecker reads one file of LibChecker-Rules: its name is what is looked for,
// its folder says of which kind.
func (im *importer) libchecker(f File) error {
	im.res.Read++
	name := strings.TrimSuffix(path.Base(f.Name), ".json")
	dir := path.Base(path.Dir(f.Name))
	var r struct {
		Label, Team, RelativeURL string
	}
	if err := json.Unmarshal(f.Data, &r); err != nil {
		return err
	}
	if r.Label == "" {
		im.note(f.Name, name, "it has no label", false)
		return nil
	}
	if dir == "regex" {
		im.note(r.Label, name, "the pattern stands in another place than this file", false)
		return nil
	}
	s := im.sdk(r.Label, r.Team, "utility", "component or library names of this product")
	s.Website = cmp.Or(s.Website, website(r.RelativeURL))
	g := rule.Signal{}
	switch dir {
	case "native-libs":
		g = rule.Signal{Native: name, Strength: rule.Weak}
	case "services-libs":
		g.Service = name
	case "activities-libs":
		g.Activity = name
	case "receivers-libs":
		g.Receiver = name
	case "providers-libs":
		g.Provider = name
	case "static-libs":
		g = rule.Signal{UsesLibrary: name, Strength: rule.Weak}
	case "actions-libs":
		g = rule.Signal{Action: name, Strength: rule.Weak}
	default:
		im.note(r.Label, f.Name, "files of the folder "+dir+" are not known", false)
		return nil
	}
	im.add(s, r.Label, name, g)
	return nil
}

// appmanager reads App Manager's resources: two lists of equal length.
func (im *importer) appmanager(f File) error {
	var doc struct {
		Arrays []struct {
			Name  string   `xml:"name,attr"`
			Items []string `xml:"item"`
		} `xml:"string-array"`
	}
	if err := xml.Unmarshal(f.Data, &doc); err != nil {
		return err
	}
	by := map[string][]string{}
	for _, a := range doc.Arrays {
		by[a.Name] = a.Items
	}
	sigs, names := by["tracker_signatures"], by["tracker_names"]
	if len(sigs) == 0 || len(sigs) != len(names) {
		return fmt.Errorf("%d signatures and %d names", len(sigs), len(names))
	}
	for i, sig := range sigs {
		im.res.Read++
		// "°" and "²" before a name are marks of that program.
		name := strings.TrimSpace(strings.TrimLeft(names[i], "°²³*?• "))
		if name == "" {
			im.note(sig, sig, "it has no name", false)
			continue
		}
		s := im.sdk(name, "", "analytics", "the list names this code")
		im.code(s, name, strings.ReplaceAll(sig, ".", `\.`))
	}
	return nil
}

// androidLibraries reads libs.json.
func (im *importer) androidLibraries(f File) error {
	type library struct {
		ID, Label, Type, Website string
		Signatures               struct{ Code, Network, Solib string }
		Exodus                   json.Number `json:"exodus_id"`
	}
	var list []library
	if err := json.Unmarshal(f.Data, &list); err != nil {
		var one library
		if json.Unmarshal(f.Data, &one) != nil {
			return err
		}
		list = []library{one}
	}
	for _, l := range list {
		im.res.Read++
		if l.Label == "" {
			im.note(l.ID, "", "it has no label", false)
			continue
		}
		category := map[string]string{"Mobile Analytics": "analytics", "Advertisement": "ads", "Map": "map", "Payment": "payment", "Social Network": "social"}[l.Type]
		s := im.sdk(l.Label, "", cmp.Or(category, "utility"), "the library "+l.ID+" of the list")
		s.Website = website(l.Website)
		if l.Exodus != "" && l.Exodus != "0" {
			s.Aka = map[string]string{"exodus": l.Exodus.String()}
		}
		im.code(s, l.Label, l.Signatures.Code)
		im.network(s, l.Label, l.Signatures.Network)
		alternatives, why := Expand(l.Signatures.Solib)
		if why != "" {
			im.note(l.Label, l.Signatures.Solib, why, false)
		}
		for _, a := range alternatives {
			im.add(s, l.Label, a.Text, rule.Signal{Native: a.Text, Strength: rule.Weak})
		}
	}
	return nil
}

// disconnect reads services.json: category → [{company: {site: [domains]}}].
func (im *importer) disconnect(f File) error {
	var doc struct {
		Categories map[string][]map[string]map[string]json.RawMessage `json:"categories"`
	}
	if err := json.Unmarshal(f.Data, &doc); err != nil {
		return err
	}
	if len(doc.Categories) == 0 {
		return errors.New("it holds no categories")
	}
	for _, cat := range slices.Sorted(maps.Keys(doc.Categories)) {
		role := disconnectRole(cat)
		for _, company := range doc.Categories[cat] {
			for _, name := range slices.Sorted(maps.Keys(company)) {
				im.res.Read++
				for _, site := range slices.Sorted(maps.Keys(company[name])) {
					var domains []string
					if json.Unmarshal(company[name][site], &domains) != nil {
						continue // "dnt" and other marks of the company
					}
					for _, d := range domains {
						im.domain(d, name, name, role, name)
					}
				}
			}
		}
	}
	return nil
}

func disconnectRole(category string) string {
	switch strings.ToLower(category) {
	case "advertising":
		return "ads"
	case "analytics":
		return "analytics"
	case "fingerprintinginvasive", "fingerprintinggeneral", "fingerprinting":
		return "identification"
	case "content":
		return "content"
	}
	return "other"
}

// duckduckgo reads tds.json ({"trackers": {domain: …}}), or one file of the
// tracker radar.
func (im *importer) duckduckgo(f File) error {
	type tracker struct {
		Domain     string   `json:"domain"`
		Categories []string `json:"categories"`
		Owner      struct {
			Name    string `json:"name"`
			Display string `json:"displayName"`
		} `json:"owner"`
	}
	var doc struct {
		Trackers map[string]tracker `json:"trackers"`
		tracker
	}
	if err := json.Unmarshal(f.Data, &doc); err != nil {
		return err
	}
	if doc.Trackers == nil {
		if doc.Domain == "" {
			return errors.New("it holds no trackers and no domain")
		}
		doc.Trackers = map[string]tracker{doc.Domain: doc.tracker}
	}
	for _, d := range slices.Sorted(maps.Keys(doc.Trackers)) {
		im.res.Read++
		t := doc.Trackers[d]
		role := "other"
		for _, c := range t.Categories {
			switch low := strings.ToLower(c); {
			case strings.Contains(low, "advertis"), strings.HasPrefix(low, "ad "):
				role = "ads"
			case strings.Contains(low, "analytics"), strings.Contains(low, "audience measurement"), strings.Contains(low, "session replay"):
				role = "analytics"
			case strings.Contains(low, "cdn"):
				role = "cdn"
			}
			if role != "other" {
				break
			}
		}
		name := cmp.Or(t.Owner.Display, t.Owner.Name)
		im.domain(cmp.Or(t.Domain, d), name, name, role, d)
	}
	return nil
}

// hosts reads a hosts file, an adblock list (what it says of whole hosts), a
// configuration of dnsmasq, or one host a line.
func (im *importer) hosts(f File, vendor, role string) error {
	n := 0
	for line := range strings.Lines(string(f.Data)) {
		n++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		item := fmt.Sprintf("line %d", n)
		switch {
		case line == "", line[0] == '#' && !strings.HasPrefix(line, "##"), line[0] == '!', line[0] == '[':
			continue
		case strings.HasPrefix(line, "@@"):
			im.note(item, line, "an exception", false)
			continue
		case strings.Contains(line, "##"), strings.Contains(line, "#@#"), strings.Contains(line, "#?#"):
			im.note(item, line, "a rule about parts of pages", false)
			continue
		}
		host := ""
		switch {
		case strings.HasPrefix(line, "||"):
			rest := line[2:]
			end := strings.IndexAny(rest, "^/$*")
			if end < 0 {
				host = rest
				break
			}
			host = rest[:end]
			tail := strings.TrimPrefix(rest[end:], "^")
			if tail != "" && tail != "|" && !strings.HasPrefix(tail, "$") {
				im.note(item, line, "a rule about paths or with wildcards", false)
				continue
			}
			if strings.Contains(tail, "domain=") {
				im.note(item, line, "a rule for some sites only", false)
				continue
			}
		case strings.HasPrefix(line, "address=/"), strings.HasPrefix(line, "server=/"), strings.HasPrefix(line, "local=/"):
			parts := strings.Split(line, "/")
			host = parts[1]
		default:
			line, _, _ = strings.Cut(line, "#")
			fields := strings.Fields(line)
			if len(fields) == 0 {
				continue
			}
			if _, err := netip.ParseAddr(fields[0]); err == nil {
				fields = fields[1:]
			} else if len(fields) > 1 {
				im.note(item, line, "neither a host nor an address with hosts", false)
				continue
			}
			for _, h := range fields {
				im.host(h, vendor, role, item)
			}
			continue
		}
		im.host(host, vendor, role, item)
	}
	return nil
}

func (im *importer) host(h, vendor, role, item string) {
	im.res.Read++
	switch h {
	case "localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "0.0.0.0":
		return
	}
	if strings.ContainsAny(h, "*") {
		im.note(item, h, "it holds a wildcard", false)
		return
	}
	im.domain(h, vendor, "hosts of "+im.o.Source, role, item)
}
