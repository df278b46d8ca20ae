package report

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// The page is written by hand: html/page.html is what is there without
// scripts, html/page.js shows what is asked for, html/page.css is how it looks.
var (
	//go:embed html/page.html
	htmlPage string
	//go:embed html/page.css
	htmlCSS string
	//go:embed html/page.js
	htmlJS string
)

// Bounds of the HTML report. What they cut is told on the page.
const (
	htmlText      = 400     // characters of one text from a file
	htmlName      = 160     // characters of a name in the overview
	htmlDetail    = 1 << 20 // bytes of one app's details before they are compressed
	htmlSites     = 12      // places of one identifier or SDK
	htmlLocations = 6       // places of one endpoint
	htmlEndpoints = 600     // endpoints of one app
	htmlEvents    = 120     // events that are handed to one SDK
	htmlOwners    = 12      // owners of one thing in the overview
	htmlDomains   = 20_000  // domains in the overview
	htmlWhos      = 40_000  // owners of code in the overview
	htmlAppNames  = 400     // domains of one app in the overview
)

// htmlHandler writes one HTML file that needs nothing else: a content security
// policy forbids it everything but its own style and script. The details of
// each app are written as they come, compressed and in base64, and unpacked by
// the page when they are looked at; text from files stands in them as data and
// becomes text nodes only. Until the summary the handler holds what the overview
// says of each app: names of what it carries, about 8 KiB for an app of a phone
// (15 MB for 2,000 of them). Lists of an app are bounded, and so are those of
// domains and owners over all apps.
type htmlHandler struct {
	w       *bufio.Writer
	pack    *flate.Writer
	tmpl    *template.Template
	start   event.Start
	index   htmlIndex
	sdks    map[string]int
	ids     map[string]int
	domains map[string]int
	places  map[string]int
	owners  map[string]int
	rules   map[string]int
	seen    map[string]int // ids of apps
	err     error
	closed  bool
}

// The overview, as the page reads it. Numbers are indices into the lists
// before; -1 is none.
type (
	htmlIndex struct {
		Tool    string        `json:"tool"`
		Digest  string        `json:"digest"`             // of the signatures
		Added   string        `json:"profiles,omitempty"` // digest of profiles that were added
		Means   string        `json:"means"`              // what a tracker is
		Rules   []htmlRule    `json:"rules"`              // of the policy
		Summary event.Summary `json:"summary"`
		Places  []htmlPlace   `json:"places"`
		SDKs    []htmlSDK     `json:"sdks"`
		IDs     []htmlID      `json:"ids"`
		Domains []htmlDomain  `json:"domains"`
		Owners  []htmlOwner   `json:"owners"`
		Apps    []htmlApp     `json:"apps"`
		Cut     int           `json:"cut"` // domains and owners that the overview leaves out
	}
	htmlRule struct {
		Name        string `json:"name"`
		Severity    string `json:"severity"`
		Description string `json:"description"`
		Apps        int    `json:"apps"` // that break it
		Violations  int    `json:"violations"`
		Suppressed  int    `json:"suppressed"`
		Known       int    `json:"known"`
	}
	htmlPlace struct {
		City    string `json:"city"`
		Country string `json:"country"`
	}
	htmlSDK struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Vendor   string `json:"vendor"`
		Category string `json:"category"`
		Label    string `json:"label"` // what it is: "push service"
		Tracker  bool   `json:"tracker"`
		Service  bool   `json:"service"` // no tracker, and more than a library
		Packer   bool   `json:"packer"`
		Seat     int    `json:"seat"` // place of the vendor's seat
		Grade    string `json:"grade"`
	}
	htmlID struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Group       string `json:"group"`
		Glossary    string `json:"glossary"`
		Reset       string `json:"reset"`
		Permission  string `json:"permission"`
		Restriction string `json:"restriction"`
	}
	htmlDomain struct {
		Name  string `json:"name"`
		Owner string `json:"owner"`
		Place int    `json:"place"` // where it is registered, on a record about itself
		Seat  int    `json:"seat"`  // where its owner has its seat
		Grade string `json:"grade"`
		Why   string `json:"why"`
	}
	htmlOwner struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		SDK  int    `json:"sdk"`
	}
	htmlApp struct {
		ID         string      `json:"id"`
		Path       string      `json:"path"`
		Package    string      `json:"package"`
		Label      string      `json:"label"`
		Version    string      `json:"version"`
		Code       int64       `json:"code"` // version code
		Status     string      `json:"status"`
		Why        string      `json:"why"` // why not all was read
		Signer     string      `json:"signer"`
		Events     int         `json:"events"`
		SDKs       []htmlCarry `json:"sdks"`
		IDs        []htmlAsk   `json:"ids"`
		Domains    []htmlAsk   `json:"domains"`
		Keys       [][3]string `json:"keys"`   // SDK, name, value
		Broken     []int       `json:"broken"` // rules of the policy
		Violations int         `json:"violations"`
	}
	htmlCarry struct {
		SDK     int    `json:"sdk"`
		State   string `json:"state"`
		Startup bool   `json:"startup"`
		Low     bool   `json:"low"` // of low confidence
		Version string `json:"version"`
	}
	// htmlAsk is an identifier that is asked for, or a domain that is named, and
	// by whose code.
	htmlAsk struct {
		N   int   `json:"n"`
		Low bool  `json:"low"`
		By  []int `json:"by"`
	}
	// htmlWho is what the code of one owner does in one app.
	htmlWho struct {
		Owner string   `json:"owner"`
		Kind  string   `json:"kind"`
		SDK   string   `json:"sdk"`
		Reads []string `json:"reads"`
		Hosts []string `json:"hosts"`
		Calls []string `json:"calls"`
	}
	// htmlDetails is the report's own form of an app, cut, with two lists that
	// would be long to make in the page.
	htmlDetails struct {
		event.App
		Who   []*htmlWho     `json:"who"`
		Noise map[string]int `json:"noise"` // endpoints that say nothing, by reason
		Left  []string       `json:"left"`  // what was left out
	}
)

func newHTML(w io.Writer) *htmlHandler {
	h := &htmlHandler{
		w: bufio.NewWriter(w), sdks: map[string]int{}, ids: map[string]int{}, domains: map[string]int{},
		places: map[string]int{}, owners: map[string]int{}, rules: map[string]int{}, seen: map[string]int{},
		index: htmlIndex{Means: trackerMeans, Rules: []htmlRule{}, Places: []htmlPlace{}, SDKs: []htmlSDK{}, IDs: []htmlID{}, Domains: []htmlDomain{}, Owners: []htmlOwner{}, Apps: []htmlApp{}},
	}
	h.tmpl, h.err = template.New("page").Funcs(template.FuncMap{"thousands": thousands, "plural": plural, "plural2": plural2}).Parse(htmlPage)
	if h.err == nil {
		h.pack, h.err = flate.NewWriter(nil, flate.BestCompression)
	}
	return h
}

func (h *htmlHandler) Handle(m *event.Message) error {
	if h.err != nil {
		return h.err
	}
	switch {
	case m.Start != nil:
		h.start = *m.Start
		if p := m.Start.Policy; p != nil {
			for i := range p.Rules {
				r := &h.index.Rules[h.rule(p.Rules[i].Name)]
				r.Severity, r.Description = name(p.Rules[i].Severity), brief(cmp.Or(p.Rules[i].Description, p.Rules[i].Deny, p.Rules[i].Require, p.Rules[i].Allow), htmlText)
			}
		}
		h.head()
	case m.App != nil:
		h.app(m.App)
	case m.Summary != nil:
		h.end(m.Summary)
		h.closed = true
	}
	return cmp.Or(h.err, h.w.Flush())
}

func (h *htmlHandler) Close() error {
	if !h.closed {
		return incomplete("HTML")
	}
	return h.w.Flush()
}

// htmlPolicy is what the page may do: show itself.
func htmlPolicy() string {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + digest(htmlCSS) + "; script-src " + digest(htmlJS) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func (h *htmlHandler) head() {
	h.execute("head", map[string]any{"Policy": htmlPolicy(), "CSS": template.CSS(htmlCSS)})
}

// execute writes a part of the page.
func (h *htmlHandler) execute(name string, data any) {
	if h.err == nil {
		h.err = h.tmpl.ExecuteTemplate(h.w, name, data)
	}
}

// data writes a block that the page reads: JSON, compressed, in base64.
func (h *htmlHandler) data(id string, b []byte) {
	fmt.Fprintf(h.w, "<script type=\"application/x-telltale\" id=\"%s\">", id)
	enc := base64.NewEncoder(base64.StdEncoding, h.w)
	h.pack.Reset(enc)
	_, err := h.pack.Write(b)
	h.err = cmp.Or(h.err, err, h.pack.Close(), enc.Close())
	h.w.WriteString("</script>\n")
}

func (h *htmlHandler) app(a *event.App) {
	sum := sha256.Sum256([]byte(a.Path + "\x00" + a.SHA256))
	id := hex.EncodeToString(sum[:6])
	if h.seen[id]++; h.seen[id] > 1 {
		id = fmt.Sprintf("%s-%d", id, h.seen[id])
	}
	h.data("app-"+id, h.details(a))
	h.index.Apps = append(h.index.Apps, h.overview(a, id))
}

// name is a text of the overview.
func name(s string) string { return brief(s, htmlName) }

// intern returns the index of a thing in a list, which is made when it is new.
func intern[T any](m map[string]int, list *[]T, key string, make func() T) int {
	i, ok := m[key]
	if !ok {
		i = len(*list)
		m[strings.Clone(key)] = i
		*list = append(*list, make())
	}
	return i
}

func (h *htmlHandler) place(r *finding.Registration) int {
	if r == nil || r.City == "" && r.Country == "" {
		return -1
	}
	return intern(h.places, &h.index.Places, name(r.City)+"\x00"+name(r.Country), func() htmlPlace {
		return htmlPlace{name(r.City), name(r.Country)}
	})
}

// seat is the record of where a company has its seat, or nil.
func seat(list []finding.Registration) *finding.Registration {
	for i := range list {
		if strings.HasPrefix(list[i].Grade, "company-") {
			return &list[i]
		}
	}
	return nil
}

func (h *htmlHandler) rule(id string) int {
	return intern(h.rules, &h.index.Rules, id, func() htmlRule { return htmlRule{Name: name(id)} })
}

func (h *htmlHandler) sdk(id, title string) int {
	return intern(h.sdks, &h.index.SDKs, id, func() htmlSDK { return htmlSDK{ID: name(id), Name: name(cmp.Or(title, id, noName)), Seat: -1} })
}

// owner returns the index of whose code a place is; -1 if there is no room.
func (h *htmlHandler) owner(o *finding.Owner) int {
	text := ownerName(*o)
	key := o.Kind + "\x00" + o.SDK + "\x00" + text
	if _, ok := h.owners[key]; !ok && len(h.owners) == htmlWhos {
		h.index.Cut++
		return -1
	}
	return intern(h.owners, &h.index.Owners, key, func() htmlOwner {
		sdk := -1
		if o.SDK != "" {
			sdk = h.sdk(o.SDK, o.Name)
		}
		return htmlOwner{name(text), name(o.Kind), sdk}
	})
}

func (h *htmlHandler) by(sites []finding.Site) []int {
	out := []int{}
	for i := range sites {
		if n := h.owner(&sites[i].Owner); n >= 0 && !slices.Contains(out, n) && len(out) < htmlOwners {
			out = append(out, n)
		}
	}
	return out
}

// domain returns the index of an endpoint's domain; -1 if there is no room.
func (h *htmlHandler) domain(e *finding.Endpoint) int {
	key := name(cmp.Or(e.RegistrableDomain, e.Host, e.Value, noName))
	if _, ok := h.domains[key]; !ok && len(h.domains) == htmlDomains {
		h.index.Cut++
		return -1
	}
	n := intern(h.domains, &h.index.Domains, key, func() htmlDomain { return htmlDomain{Name: key, Place: -1, Seat: -1} })
	d := &h.index.Domains[n]
	d.Owner = cmp.Or(d.Owner, name(e.OwnerName))
	if r := e.RegisteredIn; r != nil && d.Place < 0 {
		d.Place, d.Grade = h.place(r), name(r.Grade)
		d.Why = brief(strings.Trim(strings.Join([]string{r.Evidence, r.Date, r.Source}, " · "), " ·"), htmlText)
	}
	if r := seat(e.Records); r != nil && d.Seat < 0 {
		d.Seat = h.place(r)
	}
	return n
}

func (h *htmlHandler) overview(a *event.App, id string) htmlApp {
	out := htmlApp{
		ID: id, Path: name(a.Path), Package: name(a.Package), Label: name(a.Label), Version: name(a.VersionName), Code: a.VersionCode,
		Status: name(string(a.Status)), SDKs: []htmlCarry{}, IDs: []htmlAsk{}, Domains: []htmlAsk{}, Keys: [][3]string{}, Broken: []int{},
	}
	if len(a.Signers) > 0 {
		out.Signer = name(a.Signers[0].SHA256)
	}
	for _, p := range a.Problems {
		if p.Lossy || a.Status == fact.Failed || a.Status == fact.NoCode {
			out.Why = name(p.Detail)
			break
		}
	}
	for i := range a.SDKs {
		s := &a.SDKs[i]
		n := h.sdk(s.ID, s.Name)
		meta := &h.index.SDKs[n]
		if meta.Vendor == "" {
			meta.Name, meta.Vendor, meta.Category = name(cmp.Or(s.Name, s.ID, noName)), name(s.VendorName), name(s.Category)
			meta.Label, meta.Service = name(sdkLabel(s)), s.Service
			meta.Tracker, meta.Packer = s.Tracker, s.Kind == "packer"
			if r := seat(s.VendorRecords); r != nil {
				meta.Seat, meta.Grade = h.place(r), name(r.Grade)
			}
		}
		c := htmlCarry{SDK: n, State: name(string(s.State)), Startup: s.AtStartup != nil, Low: s.Confidence == "low"}
		if s.Version != nil {
			c.Version = name(s.Version.Value)
		}
		out.SDKs = append(out.SDKs, c)
		out.Events += len(s.Events)
		for _, k := range s.AppKeys {
			if len(out.Keys) < htmlOwners {
				out.Keys = append(out.Keys, [3]string{name(s.ID), name(k.Name), name(k.Value)})
			}
		}
	}
	for i := range a.Identifiers {
		d := &a.Identifiers[i]
		n := intern(h.ids, &h.index.IDs, d.ID, func() htmlID {
			return htmlID{name(d.ID), name(cmp.Or(d.Name, d.ID, noName)), name(d.Group), brief(d.Glossary, htmlText), name(d.Reset), name(d.Permission), brief(d.Restriction, htmlText)}
		})
		out.IDs = append(out.IDs, htmlAsk{n, d.Confidence == "low", h.by(d.Sites)})
	}
	asks := map[int]int{} // domain → index in out.Domains
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		if e.Noise != "" {
			continue
		}
		n := h.domain(e)
		if n < 0 {
			continue
		}
		at, ok := asks[n]
		if !ok {
			if len(out.Domains) == htmlAppNames {
				h.index.Cut++
				continue
			}
			at = len(out.Domains)
			asks[n] = at
			out.Domains = append(out.Domains, htmlAsk{N: n, Low: true, By: []int{}})
		}
		ask := &out.Domains[at]
		ask.Low = ask.Low && e.Doubtful
		for _, o := range h.by(e.Locations) {
			if !slices.Contains(ask.By, o) && len(ask.By) < htmlOwners {
				ask.By = append(ask.By, o)
			}
		}
	}
	for i := range a.Verdicts {
		v := &a.Verdicts[i]
		n := h.rule(v.Rule)
		r := &h.index.Rules[n]
		switch v.Outcome {
		case "violation":
			out.Violations++
			r.Violations++
			if !slices.Contains(out.Broken, n) {
				out.Broken = append(out.Broken, n)
				r.Apps++
			}
		case "suppressed":
			r.Suppressed++
		case "known":
			r.Known++
		}
	}
	return out
}

// details is what the page shows of one app: as JSON, below htmlDetail bytes.
func (h *htmlHandler) details(a *event.App) []byte {
	who := htmlWhoOf(a, 60)
	for _, part := range []int{1, 4, 16, 64} {
		d := cutDetails(a, part)
		d.Who = first(who, 60/part)
		b, err := json.Marshal(d)
		if err != nil {
			h.err = cmp.Or(h.err, err)
			return nil
		}
		if b = quiet(b); len(b) <= htmlDetail {
			return b
		}
	}
	// Nothing but what it is, and that the rest is elsewhere.
	b, err := json.Marshal(htmlDetails{App: event.App{Path: brief(a.Path, htmlText), Package: name(a.Package), Status: fact.Status(name(string(a.Status)))}, Left: []string{"everything: there is too much of it. The JSON report holds it"}})
	h.err = cmp.Or(h.err, err)
	return b
}

// cutDetails copies an app with texts made safe and lists cut to a part of
// what is usually shown.
func cutDetails(a *event.App, part int) *htmlDetails {
	d := &htmlDetails{App: *a, Noise: map[string]int{}, Left: []string{}}
	left := func(n int, what string) {
		if n > 0 {
			d.Left = append(d.Left, fmt.Sprintf("%s %s", thousands(n), what))
		}
	}
	d.SDKs = first(a.SDKs, 1200/part)
	left(len(a.SDKs)-len(d.SDKs), "SDKs")
	d.SDKs = slices.Clone(d.SDKs)
	for i := range d.SDKs {
		s := &d.SDKs[i]
		s.Evidence, s.Events, s.States = first(s.Evidence, htmlSites/part+1), first(s.Events, htmlEvents/part), first(s.States, htmlSites/part+1)
		s.Reads, s.Names, s.Calls = nil, nil, nil // see Who
		s.Renamed = slices.Clone(first(s.Renamed, 4))
		for j := range s.Renamed {
			r := &s.Renamed[j]
			r.Samples, r.Classes = first(r.Samples, htmlSites), first(r.Classes, htmlSites)
		}
		s.VendorRecords = first(s.VendorRecords, 3)
		left(len(a.SDKs[i].Events)-len(s.Events), "events handed to "+brief(s.Name, 40))
		if s.AtStartup != nil {
			p := *s.AtStartup
			p.Path, p.Guards = first(p.Path, 40/part), first(p.Guards, 10/part)
			s.AtStartup = &p
		}
	}
	d.Identifiers = slices.Clone(first(a.Identifiers, 200))
	for i := range d.Identifiers {
		id := &d.Identifiers[i]
		id.Sites = spread(id.Sites, htmlSites/part+1)
		id.Glossary, id.Restriction = "", "" // in the overview
	}
	d.Endpoints = nil
	dropped := 0
	for i := range a.Endpoints {
		e := a.Endpoints[i]
		switch {
		case e.Noise != "":
			d.Noise[brief(e.Noise, htmlName)]++
		case len(d.Endpoints) == htmlEndpoints/part:
			dropped++
		default:
			e.Locations = spread(e.Locations, htmlLocations/part+1)
			e.Records = first(e.Records, 4)
			d.Endpoints = append(d.Endpoints, e)
		}
	}
	left(dropped, "hosts and URLs")
	d.Sinks = slices.Clone(first(a.Sinks, 100))
	for i := range d.Sinks {
		d.Sinks[i].Sites = nil // see Who
	}
	d.DynamicCode = slices.Clone(first(a.DynamicCode, 60/part))
	for i := range d.DynamicCode {
		c := &d.DynamicCode[i]
		c.Sites, c.Libraries, c.Near = first(c.Sites, 4), first(c.Libraries, 20), first(c.Near, 6)
	}
	d.FlowHints = nil
	d.Permissions, d.Problems = first(a.Permissions, 400/part), first(a.Problems, 200/part)
	left(len(a.Problems)-len(d.Problems), "problems")
	d.Code, d.Parts = first(a.Code, 200/part), first(a.Parts, 200/part)
	d.Signers, d.Exported, d.Unknown = first(a.Signers, 8), first(a.Exported, 200/part), first(a.Unknown, 60/part)
	d.Verdicts = first(a.Verdicts, 400/part)
	left(len(a.Verdicts)-len(d.Verdicts), "verdicts")
	safe := safeCopy(reflect.ValueOf(d.App)).Interface().(event.App)
	d.App = safe
	return d
}

// first returns the first n of a list.
func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// spread returns n places of a list, one of each owner before more of any.
func spread(sites []finding.Site, n int) []finding.Site {
	if len(sites) <= n {
		return sites
	}
	var out, rest []finding.Site
	seen := map[string]bool{}
	for _, s := range sites {
		if k := s.Owner.Kind + s.Owner.Name; !seen[k] {
			seen[k] = true
			out = append(out, s)
		} else if len(rest) < n {
			rest = append(rest, s)
		}
	}
	return first(append(out, rest...), n)
}

// safeCopy copies a value with every text of it cut and made safe.
func safeCopy(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(brief(v.String(), htmlText))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(safeCopy(v.Elem()))
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(safeCopy(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMap(v.Type()))
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(safeCopy(it.Key()), safeCopy(it.Value()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(safeCopy(v.Field(i)))
		}
	default:
		out.Set(v)
	}
	return out
}

// htmlWhoOf says of each owner of code what it asks for, names and calls, by
// all places that the result holds. Trackers come first, own code next.
func htmlWhoOf(a *event.App, most int) []*htmlWho {
	by := map[string]*htmlWho{}
	tracker := map[string]bool{}
	for i := range a.SDKs {
		tracker[a.SDKs[i].ID] = a.SDKs[i].Tracker
	}
	add := func(sites []finding.Site, put func(*htmlWho)) {
		for i := range sites {
			o := &sites[i].Owner
			text := brief(ownerName(*o), htmlName)
			w := by[o.Kind+"\x00"+text]
			if w == nil {
				w = &htmlWho{Owner: text, Kind: name(o.Kind), SDK: name(o.SDK), Reads: []string{}, Hosts: []string{}, Calls: []string{}}
				by[o.Kind+"\x00"+text] = w
			}
			put(w)
		}
	}
	note := func(list *[]string, s string, most int) {
		if !slices.Contains(*list, s) && len(*list) < most {
			*list = append(*list, s)
		}
	}
	for i := range a.Identifiers {
		id := &a.Identifiers[i]
		if id.Confidence != "low" {
			add(id.Sites, func(w *htmlWho) { note(&w.Reads, name(id.ID), 80) })
		}
	}
	for i := range a.Endpoints {
		if e := &a.Endpoints[i]; e.Noise == "" && !e.Doubtful {
			add(e.Locations, func(w *htmlWho) { note(&w.Hosts, name(cmp.Or(e.Host, e.Value)), 40) })
		}
	}
	for i := range a.Sinks {
		s := &a.Sinks[i]
		add(s.Sites, func(w *htmlWho) { note(&w.Calls, name(s.Name), 40) })
	}
	rank := func(w *htmlWho) int {
		switch {
		case tracker[w.SDK]:
			return 0
		case w.Kind == "app":
			return 1
		case w.Kind == "sdk":
			return 2
		case w.Kind == "library":
			return 3
		}
		return 4
	}
	list := slices.SortedFunc(maps.Values(by), func(x, y *htmlWho) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(len(y.Reads), len(x.Reads)), cmp.Compare(len(y.Hosts), len(x.Hosts)), cmp.Compare(x.Owner, y.Owner), cmp.Compare(x.Kind, y.Kind))
	})
	return first(slices.DeleteFunc(list, func(w *htmlWho) bool { return len(w.Reads)+len(w.Hosts) == 0 }), most)
}

func (h *htmlHandler) end(s *event.Summary) {
	h.index.Tool, h.index.Digest, h.index.Added = name(h.start.Tool.Version), name(h.start.Signatures.Digest), name(h.start.Signatures.Profiles)
	sum := safeCopy(reflect.ValueOf(*s)).Interface().(event.Summary)
	h.index.Summary = sum
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(h.index); err != nil {
		h.err = err
		return
	}
	h.data("index", quiet(b.Bytes()))
	h.execute("body", h.view())
	h.w.WriteString("<script>")
	h.w.WriteString(htmlJS)
	h.w.WriteString("</script>\n</body>\n</html>\n")
}
