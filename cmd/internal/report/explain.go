package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Explain writes the whole evidence tree of everything in the app that what
// names: an SDK (id or name), a host or domain, an identifier or a sink (id or
// name). It reports how many findings it explained.
func Explain(w io.Writer, a *event.App, what string, o Options) (int, error) {
	t := &tree{w: bufio.NewWriter(w), o: o}
	t.line(0, t.style(bold, title(a))+"  "+clean(a.Path))
	n := 0
	for i := range a.SDKs {
		if s := &a.SDKs[i]; same(what, s.ID, s.Name) {
			t.sdk(s, a)
			n++
		}
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		if same(what, e.Host, e.RegistrableDomain, e.Value) || strings.HasSuffix(e.Host, "."+strings.ToLower(what)) {
			t.endpoint(e)
			n++
		}
	}
	for i := range a.Identifiers {
		if id := &a.Identifiers[i]; same(what, id.ID, id.Name, id.Group) {
			t.identifier(id)
			n++
		}
	}
	for i := range a.Sinks {
		if s := &a.Sinks[i]; same(what, s.ID, s.Name, s.Group) {
			t.line(1, t.style(bold, clean(s.Name))+"  "+clean(s.Group))
			t.sites(2, s.Sites)
			n++
		}
	}
	for i := range a.FlowHints {
		if hint := &a.FlowHints[i]; hint.SDK == "" && same(what, hint.Owner.Name) {
			t.hint(1, hint)
			n++
		}
	}
	for i := range a.DynamicCode {
		if d := &a.DynamicCode[i]; same(what, "dynamic-code", d.Kind) || d.SDK == "" && same(what, d.Owner.Name) {
			t.dynamic(1, d)
			n++
		}
	}
	return n, t.w.Flush()
}

func same(what string, names ...string) bool {
	for _, n := range names {
		if n != "" && strings.EqualFold(what, n) {
			return true
		}
	}
	return false
}

type tree struct {
	w *bufio.Writer
	o Options
}

func (t *tree) style(sgr, s string) string { return t.o.Style(sgr, s) }

func (t *tree) line(depth int, s string) {
	fmt.Fprintf(t.w, "%s%s\n", strings.Repeat("  ", depth), strings.TrimRight(s, " "))
}

// counts says whether an SDK counts as a tracker, and why.
func counts(s *finding.SDK) string {
	var out string
	switch {
	case s.Tracker:
		out = "counts as a tracker"
	case s.Kind == "packer":
		out = "hides code; not a tracker"
	default:
		out = "not a tracker"
	}
	switch {
	case s.TrackerReason != "":
		out += ": " + clean(s.TrackerReason)
	case s.Tracker:
		out += ": it is made to collect data about people, devices or how apps are used"
	}
	if l := listedBy(s); l != "" {
		out += "; " + l
	}
	return out
}

func (t *tree) sdk(s *finding.SDK, a *event.App) {
	t.line(1, fmt.Sprintf("%s  %s, %s", t.style(bold, clean(s.Name)), clean(sdkLabel(s)), stateWords[s.State]))
	t.line(2, counts(s))
	t.line(2, fmt.Sprintf("rule %s · vendor %s · confidence %s: %s", clean(s.ID), clean(cmp.Or(s.VendorName, s.Vendor)), clean(s.Confidence), clean(s.Basis)))
	for _, r := range s.VendorRecords {
		t.line(2, "vendor: "+record(&r))
	}
	if s.Version != nil {
		t.line(2, fmt.Sprintf("version %s, by %s", clean(s.Version.Value), clean(s.Version.Clue)))
	}
	if len(s.Packages) > 0 {
		names := make([]string, len(s.Packages))
		for i, p := range s.Packages {
			names[i] = packageName(p)
		}
		t.line(2, fmt.Sprintf("%s %s in %s", thousands(s.Classes), plural2(s.Classes, "class", "classes"), strings.Join(names, ", ")))
	}
	for _, st := range s.States {
		line := clean(string(st.State)) + ": " + clean(st.Reason)
		if st.Location != nil {
			line += "  " + where(st.Location)
		}
		t.line(2, line)
	}
	if p := s.AtStartup; p != nil {
		t.line(2, "can run at app start; a consent check inside was not examined")
		for i, m := range p.Path {
			t.line(3+i, clean(m))
		}
		for i := range p.Guards {
			t.line(3, "guarded by a condition: a branch leads past the call at "+where(&p.Guards[i]))
		}
	}
	for i := range s.Renamed {
		t.renamed(&s.Renamed[i])
	}
	t.line(2, "evidence")
	for _, e := range s.Evidence {
		l := fmt.Sprintf("%s %s  (%s, signal %s)", clean(e.Kind), clean(e.Value), clean(e.Strength), clean(e.Signal))
		if e.Count > 1 {
			l += fmt.Sprintf("  ×%s", thousands(e.Count))
		}
		t.line(3, l)
		if w := where(&e.Location); w != "" {
			t.line(4, w)
		}
	}
	for _, k := range s.AppKeys {
		t.line(2, fmt.Sprintf("app key %s = %s", clean(k.Name), clean(k.Value)))
	}
	for _, e := range s.Events {
		t.line(2, fmt.Sprintf("event %s {%s}  from %s  %s", clean(e.Name), clean(strings.Join(e.Keys, ", ")), clean(e.Caller), where(&e.Location)))
	}
	t.heading(a, s)
	for i := range a.FlowHints {
		if a.FlowHints[i].SDK == s.ID {
			t.hint(2, &a.FlowHints[i])
		}
	}
	for i := range a.DynamicCode {
		if a.DynamicCode[i].SDK == s.ID {
			t.dynamic(2, &a.DynamicCode[i])
		}
	}
}

// renamed writes on what it rests that a copy without its names was recognised.
func (t *tree) renamed(r *finding.Renamed) {
	by := fmt.Sprintf("%.0f %% of the weight of its strings", 100*r.Share)
	if r.By == "code" {
		by = "by code alone"
	}
	t.line(2, fmt.Sprintf("renamed: by the profile %s, %s: %s", clean(r.Profile), by, clean(r.Text)))
	t.line(3, fmt.Sprintf("%s %s taken for its own, %s of them told from all others", thousands(r.Owned), plural2(r.Owned, "class is", "classes are"), thousands(r.Matched)))
	for _, c := range r.Classes {
		t.line(3, clean(c.Class)+" = "+clean(c.Original))
	}
}

// loadWords say what is loaded in the ways that the report names.
var loadWords = map[string]string{
	"classes":        "loads classes at run time",
	"package":        "loads the code of another app",
	"hotfix":         "adds or replaces code at run time",
	"native-file":    "loads native libraries by their path",
	"native-library": "loads native libraries by their name",
	"multidex":       "opens further DEX files of the app itself",
}

// dynamic writes what somebody's code loads at run time, and what stands near.
func (t *tree) dynamic(depth int, d *finding.DynamicCode) {
	t.line(depth, fmt.Sprintf("%s %s (%s %s)", clean(d.Owner.Name), cmp.Or(loadWords[d.Kind], clean(d.Kind)), thousands(d.Total), plural(d.Total, "call")))
	for _, l := range d.Libraries {
		switch {
		case l.Name == "":
			t.line(depth+1, "library of a name that is not known")
		case l.File == "":
			t.line(depth+1, "library "+clean(l.Name)+", not among the app's files")
		default:
			t.line(depth+1, "library "+clean(l.Name)+": "+clean(l.File))
		}
	}
	t.sites(depth+1, d.Sites)
	for i := range d.Near {
		t.line(depth+1, fmt.Sprintf("near: %s %s  %s", clean(d.Near[i].Kind), clean(d.Near[i].Value), where(&d.Near[i].Location)))
	}
}

// hint writes what stands side by side in somebody's code, in full.
func (t *tree) hint(depth int, h *finding.Hint) {
	t.line(depth, "side by side in the code of "+clean(h.Owner.Name)+"; a transfer was not shown")
	t.line(depth+1, "asks for "+clean(strings.Join(h.Reads, ", ")))
	if len(h.Names) > 0 {
		t.line(depth+1, "names "+clean(strings.Join(h.Names, ", ")))
	}
	t.line(depth+1, "calls "+clean(strings.Join(h.Calls, ", ")))
}

// uses writes what an SDK's code does, with counts.
func (t *tree) uses(verb string, list []finding.Use) {
	var out []string
	for _, u := range list {
		s := clean(u.ID)
		if u.Count > 0 {
			s += fmt.Sprintf(" ×%s", thousands(u.Count))
		}
		if u.Through > 0 {
			s += fmt.Sprintf(" (×%s in code of unknown libraries that it calls)", thousands(u.Through))
		}
		if u.Confidence == "low" {
			s += " (low confidence)"
		}
		out = append(out, s)
	}
	if len(out) > 0 {
		t.line(2, "its code "+verb+" "+strings.Join(out, ", "))
	}
}

// heading lists what the SDK's own code asks for and names.
func (t *tree) heading(a *event.App, s *finding.SDK) {
	for i := range a.Identifiers {
		id := &a.Identifiers[i]
		var own []finding.Site
		for _, site := range id.Sites {
			if site.SDK == s.ID {
				own = append(own, site)
			}
		}
		if len(own) > 0 {
			t.line(2, "its code asks for "+clean(id.Name))
			t.sites(3, own)
		}
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		for _, site := range e.Locations {
			if site.SDK == s.ID && e.Noise == "" {
				t.line(2, "its code names "+clean(e.Value))
				break
			}
		}
	}
	t.uses("names the hosts", s.Names)
	t.uses("calls", s.Calls)
}

func (t *tree) endpoint(e *finding.Endpoint) {
	t.line(1, t.style(bold, clean(e.Value)))
	if e.Noise != "" {
		t.line(2, "set aside: "+clean(e.Noise))
	}
	if e.OwnerName != "" {
		t.line(2, strings.TrimSpace("host of "+clean(e.OwnerName)+" "+clean(e.Role)))
	}
	if e.HostSDK != "" {
		t.line(2, "known as a host of "+clean(cmp.Or(e.HostSDKName, e.HostSDK)))
	}
	if e.Region != "" {
		t.line(2, "serves the market "+clean(e.Region)+"; that is not where the domain is registered")
	}
	if r := e.RegisteredIn; r != nil {
		t.line(2, fmt.Sprintf("%s is registered in %s", clean(e.RegistrableDomain), clean(strings.Trim(r.City+", "+r.Country, ", "))))
		t.line(3, record(r))
	}
	for i := range e.Records {
		t.line(2, "record: "+record(&e.Records[i]))
	}
	if e.RegisteredIn == nil && len(e.Records) == 0 {
		t.line(2, "no record about its registration is known here")
	}
	t.line(2, fmt.Sprintf("named in %s %s", thousands(e.Total), plural(e.Total, "place")))
	t.sites(3, e.Locations)
	if more := e.Total - len(e.Locations); more > 0 {
		t.line(3, fmt.Sprintf("and %s more", thousands(more)))
	}
}

// record writes one registration record with what it rests on.
func record(r *finding.Registration) string {
	s := fmt.Sprintf("%s of %s: %s", clean(r.Grade), clean(r.Of), clean(r.Evidence))
	if p := strings.Trim(r.City+", "+r.Country, ", "); p != "" {
		s += " (" + clean(p) + ")"
	}
	if r.Source != "" {
		s += ", source: " + clean(r.Source)
	}
	if r.Date != "" {
		s += ", " + clean(r.Date)
	}
	return s
}

func (t *tree) identifier(id *finding.Identifier) {
	t.line(1, t.style(bold, clean(id.Name))+"  "+clean(id.Glossary))
	if n := idNotes(id); n != "" {
		t.line(2, n)
	}
	if id.RestrictedFrom > 0 || id.Restriction != "" {
		t.line(2, strings.TrimSpace(fmt.Sprintf("closed to ordinary apps from API %d. %s", id.RestrictedFrom, clean(id.Restriction))))
	}
	t.sites(2, id.Sites)
}

func (t *tree) sites(depth int, sites []finding.Site) {
	for i := range sites {
		s := &sites[i]
		l := clean(s.Ref)
		if s.How != "" && s.How != "call" {
			l = clean(s.How) + " " + l
		}
		if len(s.Args) > 0 {
			l += " (" + clean(strings.Join(s.Args, ", ")) + ")"
		}
		t.line(depth, l)
		t.line(depth+1, "in "+where(&s.Location))
		owner := "whose code: " + clean(s.Owner.Name)
		switch s.Owner.Kind {
		case "sdk":
			owner += " (rule " + clean(s.Owner.SDK) + " owns its classes)"
		case "library":
			owner += " (a library that no rule knows)"
		}
		t.line(depth+1, owner)
		for _, v := range s.Owner.Via {
			t.line(depth+2, "called from "+clean(v))
		}
		if len(s.DecodedVia) > 0 {
			t.line(depth+1, "decoded: "+clean(strings.Join(s.DecodedVia, ", ")))
		}
	}
}

// where writes a location.
func where(l *finding.Location) string {
	s := clean(l.Unit)
	if l.Class != "" {
		s += " " + clean(l.Class)
	}
	if l.Method != "" {
		s += "->" + clean(l.Method)
	}
	if l.Offset != nil {
		s += fmt.Sprintf(" @%04x", *l.Offset)
	}
	return strings.TrimSpace(s)
}
