// Package convert turns other people's lists into rules, and rules into lists
// that other programs read.
//
// Import takes facts over, never sentences: names, package prefixes, hosts, file
// names. Each rule says in its evidence where it comes from and under which
// licence the list stands. Regular expressions are translated where they stand
// for a finite number of prefixes; what does not, or means less or more than our
// prefix, is told as a [Note].
//
// # Limits and threat model
//
// Lists may be hostile: they are bounded by [MaxInput], regular expressions by
// what package regexp/syntax takes and by the number of prefixes that they stand
// for. Rules that come out were checked as if a user had written them.
package convert

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// MaxInput bounds the bytes of one list.
const MaxInput = 64 << 20

// Origin says where a list comes from.
type Origin struct {
	ID      string // "exodus": first part of the ids of rules
	Source  string // for the evidence
	License string // as an SPDX expression or in words
	Date    string // when it was had, YYYY-MM-DD
}

// File is one file of a list.
type File struct {
	Name string // slash-separated path
	Data []byte
}

// Note says what became of something that is not taken over as it is.
type Note struct {
	Item string // "Foo (12)"
	What string // the pattern
	Why  string
	// Kept is true if a rule holds it nevertheless, in a narrower or wider sense.
	Kept bool
}

// Result is what an import yields.
type Result struct {
	Rules []any // pointers, sorted by kind and id; vendors for those that need one
	Notes []Note
	Read  int // items of the list
	// Known counts items of which the rules that there are name everything
	// already.
	Known int
}

// Formats lists what Import reads.
var Formats = []string{"exodus", "libchecker", "appmanager", "android-libraries", "disconnect", "duckduckgo", "hosts"}

// Origins are those of the lists that are known, by format.
func Origins(format string) Origin {
	switch format {
	case "exodus":
		return Origin{ID: "exodus", Source: "Exodus Privacy tracker list", License: "ODbL-1.0"}
	case "libchecker":
		return Origin{ID: "libchecker", Source: "LibChecker/LibChecker-Rules", License: "Apache-2.0"}
	case "appmanager":
		return Origin{ID: "appmanager", Source: "MuntashirAkon/AppManager trackers.xml", License: "GPL-3.0-or-later"}
	case "android-libraries":
		return Origin{ID: "android-libraries", Source: "MuntashirAkon/android-libraries", License: "AGPL-3.0-or-later"}
	case "disconnect":
		return Origin{ID: "disconnect", Source: "Disconnect tracking protection list", License: "CC-BY-NC-SA-4.0"}
	case "duckduckgo":
		return Origin{ID: "duckduckgo", Source: "DuckDuckGo tracker data", License: "CC-BY-NC-SA-4.0"}
	}
	return Origin{ID: "list", Source: "a list of hosts", License: "not stated"}
}

// importer collects rules.
type importer struct {
	o      Origin
	known  *signatures.Compiled // may be nil
	all    bool
	res    Result
	sdks   map[string]*rule.SDK
	doms   map[string]*rule.Domain
	vendor map[string]*rule.Vendor
}

// Options steer an import.
type Options struct {
	Origin Origin
	// Known are the rules that there are: what they name already is left out,
	// unless All is set. May be nil.
	Known *signatures.Compiled
	All   bool
	// Vendor and Role are for lists that name neither: ids from the rules'
	// vocabulary.
	Vendor, Role string
}

// Import reads a list. With an empty format it is told from the content.
func Import(format string, files []File, opt Options) (*Result, error) {
	if len(files) == 0 {
		return nil, errors.New("there is nothing to import")
	}
	for _, f := range files {
		if len(f.Data) > MaxInput {
			return nil, fmt.Errorf("%s has %d bytes; at most %d are read", f.Name, len(f.Data), MaxInput)
		}
	}
	if format == "" {
		if format = Detect(files[0]); format == "" {
			return nil, fmt.Errorf("%s: the format cannot be told; name one of %s", files[0].Name, strings.Join(Formats, ", "))
		}
	}
	def := Origins(format)
	o := opt.Origin
	o.ID, o.Source, o.License = cmp.Or(o.ID, def.ID), cmp.Or(o.Source, def.Source), cmp.Or(o.License, def.License)
	im := &importer{o: o, known: opt.Known, all: opt.All, sdks: map[string]*rule.SDK{}, doms: map[string]*rule.Domain{}, vendor: map[string]*rule.Vendor{}}
	var err error
	for _, f := range files {
		switch format {
		case "exodus":
			err = im.exodus(f)
		case "libchecker":
			err = im.libchecker(f)
		case "appmanager":
			err = im.appmanager(f)
		case "android-libraries":
			err = im.androidLibraries(f)
		case "disconnect":
			err = im.disconnect(f)
		case "duckduckgo":
			err = im.duckduckgo(f)
		case "hosts":
			err = im.hosts(f, cmp.Or(opt.Vendor, slug(o.ID)), opt.Role)
		default:
			return nil, fmt.Errorf("format %q is unknown: use one of %s", format, strings.Join(Formats, ", "))
		}
		if err != nil && len(files) == 1 {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if err != nil { // one bad file does not lose the others
			im.note(f.Name, "", err.Error(), false)
		}
	}
	im.finish()
	return &im.res, nil
}

func (im *importer) note(item, what, why string, kept bool) {
	im.res.Notes = append(im.res.Notes, Note{item, what, why, kept})
}

func (im *importer) evidence(text string) []rule.Evidence {
	return []rule.Evidence{{Text: text, Source: im.o.Source + " (" + im.o.License + ")", Date: im.o.Date, Origin: im.o.ID}}
}

// slug makes an id of a name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-") && (unicode.IsSpace(r) || strings.ContainsRune("-_./&+,()", r)):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) > 60 {
		s = strings.Trim(s[:60], "-")
	}
	return s
}

// sdk returns the rule of a product, made on the first call.
func (im *importer) sdk(name, vendor, category, evidence string) *rule.SDK {
	base := slug(name)
	if base == "" {
		base = fmt.Sprintf("item-%d", im.res.Read)
	}
	id := slug(im.o.ID) + "-" + base
	key := name + "\x00" + vendor
	if s := im.sdks[key]; s != nil {
		return s
	}
	for n := 2; im.taken(id); n++ {
		id = fmt.Sprintf("%s-%s-%d", slug(im.o.ID), base, n)
	}
	v := cmp.Or(slug(vendor), base)
	s := &rule.SDK{
		Header: rule.Header{Kind: rule.KindSDK, ID: id, Name: name, Status: rule.StatusExperimental, Evidence: im.evidence(evidence)},
		Vendor: v, Category: category,
	}
	im.sdks[key] = s
	im.vendorOf(v, cmp.Or(vendor, name))
	return s
}

func (im *importer) taken(id string) bool {
	for _, s := range im.sdks {
		if s.ID == id {
			return true
		}
	}
	return false
}

func (im *importer) vendorOf(id, name string) {
	if im.vendor[id] == nil && (im.known == nil || im.known.Rules().Vendor(id) == nil) {
		im.vendor[id] = &rule.Vendor{Header: rule.Header{
			Kind: rule.KindVendor, ID: id, Name: name, Status: rule.StatusExperimental, Evidence: im.evidence("the list names it so"),
		}}
	}
}

// add adds a signal if a rule may hold it.
func (im *importer) add(s *rule.SDK, item, what string, g rule.Signal) bool {
	if why := signatures.CheckSignal(&g); why != "" {
		im.note(item, what, why, false)
		return false
	}
	for i := range s.Signals {
		if s.Signals[i].Text() == g.Text() {
			return true
		}
	}
	s.Signals = append(s.Signals, g)
	return true
}

// website keeps a link that is one.
func website(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// code translates a regular expression for class names. slashes says that it is
// written with them.
func (im *importer) code(s *rule.SDK, item, re string) {
	alternatives, why := Expand(re)
	if why != "" {
		im.note(item, re, why, false)
	}
	for _, a := range alternatives {
		text := strings.ReplaceAll(strings.Trim(a.Text, "/"), "/", ".")
		text = strings.TrimPrefix(text, ".")
		ends := strings.HasSuffix(a.Text, ".") || strings.HasSuffix(a.Text, "/") || strings.HasSuffix(a.Text, "$")
		text = strings.TrimRight(text, ".$")
		if !strings.Contains(text, ".") && (len(text) < 5 || !ends || a.Why != "") {
			im.note(item, a.Text, "one label says too little to be a package prefix", false)
			continue
		}
		switch {
		case a.Why != "":
			im.note(item, re, a.Why, true)
		case !ends && !a.End:
			im.note(item, a.Text, "it also matches names that go on after the last label; the rule ends there", true)
		}
		g := rule.Signal{Code: text}
		if last := text[strings.LastIndexByte(text, '.')+1:]; last != "" && last[0] >= 'A' && last[0] <= 'Z' {
			g = rule.Signal{Class: text}
		}
		im.add(s, item, a.Text, g)
	}
}

// network translates a regular expression for hosts.
func (im *importer) network(s *rule.SDK, item, re string) {
	alternatives, why := Expand(re)
	if why != "" {
		im.note(item, re, why, false)
	}
	for _, a := range alternatives {
		text := strings.ToLower(strings.Trim(a.Text, "."))
		for _, p := range []string{"https://", "http://"} {
			text = strings.TrimPrefix(text, p)
		}
		host, path, _ := strings.Cut(text, "/")
		if !strings.Contains(host, ".") || endpoint.Split(host).Domain == "" {
			im.note(item, a.Text, "not a host below a public suffix", false)
			continue
		}
		if a.Why != "" && !strings.HasPrefix(a.Why, "its dots") {
			im.note(item, re, a.Why, true)
		}
		e := &rule.Endpoint{Host: host}
		if path != "" {
			e.Path = "/" + path
		}
		im.add(s, item, a.Text, rule.Signal{Endpoint: e, Strength: rule.Weak})
	}
}

// domain adds a host to the rule of its registrable domain.
func (im *importer) domain(host, vendor, vendorName, role, item string) {
	host = strings.Trim(strings.ToLower(host), ".")
	parts := endpoint.Split(host)
	if why := cmp.Or(signatures.CheckSignal(&rule.Signal{Endpoint: &rule.Endpoint{Host: host}}), signatures.CheckID(host)); why != "" {
		im.note(item, host, why, false)
		return
	}
	if parts.Domain == "" {
		im.note(item, host, "not a host below a public suffix", false)
		return
	}
	if im.known != nil && !im.all {
		if _, ok := im.known.Domain(host); ok {
			im.res.Known++
			return
		}
		if n, ok := im.known.Noise("https://"+host+"/", host); ok {
			im.note(item, host, "it says nothing: "+n.Reason, false)
			return
		}
	}
	id := parts.Domain
	if parts.Site != "" {
		id = parts.Site // its holder did not register the domain
	}
	v := cmp.Or(slug(vendor), slug(im.o.ID))
	d := im.doms[id]
	if d == nil {
		d = &rule.Domain{Header: rule.Header{Kind: rule.KindDomain, ID: id, Name: id, Status: rule.StatusExperimental, Evidence: im.evidence("the list names " + host)}, Vendor: v}
		im.doms[id] = d
		im.vendorOf(v, cmp.Or(vendorName, vendor, im.o.Source))
	}
	if host == id {
		d.Role = cmp.Or(d.Role, role)
		return
	}
	if !slices.ContainsFunc(d.Hosts, func(h rule.Host) bool { return h.Host == host }) {
		d.Hosts = append(d.Hosts, rule.Host{Host: host, Role: role})
	}
}

// finish drops what is known and puts the rest in order.
func (im *importer) finish() {
	used := map[string]bool{}
	for _, k := range slices.Sorted(maps.Keys(im.sdks)) {
		s := im.sdks[k]
		if len(s.Signals) == 0 {
			continue
		}
		if by := im.knownAs(s); by != "" && !im.all {
			im.res.Known++
			continue
		}
		if !im.suffices(s) {
			continue
		}
		used[s.Vendor] = true
		im.res.Rules = append(im.res.Rules, s)
	}
	for _, k := range slices.Sorted(maps.Keys(im.doms)) {
		d := im.doms[k]
		slices.SortFunc(d.Hosts, func(a, b rule.Host) int { return cmp.Compare(a.Host, b.Host) })
		used[d.Vendor] = true
		im.res.Rules = append(im.res.Rules, d)
	}
	for _, k := range slices.Sorted(maps.Keys(im.vendor)) {
		if used[k] {
			im.res.Rules = append(im.res.Rules, im.vendor[k])
		}
	}
	slices.SortStableFunc(im.res.Rules, func(a, b any) int {
		x, y := signatures.Header(a), signatures.Header(b)
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
	})
}

// suffices makes of a rule one that can match. Where a list knows a product by the
// file name of a library alone, that is enough if it bears the product's name;
// where it knows hosts alone, they are no product but domains.
func (im *importer) suffices(s *rule.SDK) bool {
	weak := ""
	for i := range s.Signals {
		g := &s.Signals[i]
		if g.EffectiveStrength() == rule.Strong || weak != "" && weak != g.Type() {
			return true
		}
		weak = g.Type()
	}
	switch weak {
	case "endpoint":
		role := s.Category
		if !slices.Contains(rule.Roles, role) {
			role = "other"
		}
		for i := range s.Signals {
			im.domain(s.Signals[i].Endpoint.Host, s.Vendor, s.Name, role, s.Name)
		}
		return false
	case "native", "uses-library", "action":
		words := strings.FieldsFunc(strings.ToLower(s.Name+" "+s.Vendor), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
		named := false
		for i := range s.Signals {
			g := &s.Signals[i]
			low := strings.ToLower(g.Value())
			if slices.ContainsFunc(words, func(w string) bool { return len(w) >= 4 && strings.Contains(low, w) }) {
				g.Strength, named = "", true
			}
		}
		if named {
			return true
		}
	}
	var texts []string
	for i := range s.Signals {
		texts = append(texts, s.Signals[i].Text())
	}
	im.note(s.Name, strings.Join(texts, ", "), "names that others may have, too, are not enough for a rule", false)
	return false
}

// knownAs returns the id of a product that answers to every strong signal of an
// imported rule, or that bears its number; "" if there is none.
func (im *importer) knownAs(s *rule.SDK) string {
	if im.known == nil {
		return ""
	}
	for o := range signatures.All[rule.SDK](im.known.Rules()) {
		for list, id := range s.Aka {
			if o.Aka[list] == id {
				return o.ID
			}
		}
	}
	by := ""
	for i := range s.Signals {
		found := ""
		for _, c := range im.known.Claims(&s.Signals[i]) {
			if (c.Kind == rule.KindSDK || c.Kind == rule.KindPacker) && !c.Narrower {
				found = c.ID
			}
		}
		if found == "" {
			return ""
		}
		by = found
	}
	return by
}
