package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// textHandler writes for people: a section for each app as its result comes,
// then a table of all apps, a glossary and a summary, so that what answers the
// question stands last on the screen. It keeps one short row an app.
type textHandler struct {
	w     *bufio.Writer
	o     Options
	start event.Start
	rows  [][]string
	// What the summary counts over all apps.
	copies   int
	sdks     map[string]bool
	domains  map[string]string // registrable domain → city or country it is registered in
	glossary map[string]string
}

func newText(w io.Writer, o Options) *textHandler {
	return &textHandler{
		w: bufio.NewWriter(w), o: o,
		sdks: map[string]bool{}, domains: map[string]string{}, glossary: map[string]string{},
	}
}

// Styles, as SGR parameters.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	yellow = "33"
)

func (h *textHandler) style(sgr, s string) string { return h.o.Style(sgr, s) }

// Style marks text for a terminal by an SGR parameter ("1" is bold), where
// colours are wanted.
func (o Options) Style(sgr, s string) string {
	if !o.Color || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (h *textHandler) printf(format string, args ...any) { fmt.Fprintf(h.w, format, args...) }

func (h *textHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		h.start = *m.Start
	case m.App != nil:
		h.app(m.App)
	case m.Summary != nil:
		h.table()
		h.clusters(m.Summary.UnknownCode)
		h.terms()
		h.summary(m.Summary)
	}
	return h.w.Flush()
}

func (h *textHandler) Close() error { return h.w.Flush() }

// title names an app as shortly as can be done without doubt.
func title(a *event.App) string {
	s := clean(a.Package)
	if s == "" {
		s = clean(a.Path[strings.LastIndexByte(a.Path, '/')+1:])
	}
	if a.VersionName != "" {
		s += " " + clean(a.VersionName)
	}
	return s
}

func (h *textHandler) app(a *event.App) {
	head := title(a)
	if a.Label != "" && a.Label != a.Package {
		head += "  " + clean(a.Label)
	}
	h.printf("%s\n", h.style(bold, head))
	h.printf("  %s\n", clean(a.Path))
	var about []string
	if len(a.Signers) > 0 {
		about = append(about, "signer "+clean(fingerprint(a.Signers[0].SHA256))+" (claimed, not verified)")
	}
	if a.TargetSDK > 0 {
		about = append(about, fmt.Sprintf("target %d", a.TargetSDK))
	}
	if len(a.Parts) > 1 {
		about = append(about, fmt.Sprintf("%d files", len(a.Parts)))
	}
	about = append(about, codeText(a))
	h.printf("  %s\n", h.style(dim, strings.Join(about, " · ")))
	h.problems(a)
	h.verdicts(a)
	h.trackers(a)
	h.identifiers(a)
	h.hosts(a)
	h.events(a)
	h.unknownCode(a)
	if a.Status == fact.Complete && len(a.SDKs)+len(a.Identifiers) == 0 &&
		!slices.ContainsFunc(a.Endpoints, func(e finding.Endpoint) bool { return e.Noise == "" }) {
		h.printf("  %s\n", h.style(dim, "Nothing of what the rules know was found in it."))
	}
	h.unseen(a)
	h.printf("\n")
	h.remember(a)
}

// fingerprint shortens a digest to what two people can compare aloud.
func fingerprint(hex string) string {
	if len(hex) < 12 {
		return hex
	}
	return hex[:2] + ":" + hex[2:4] + ":" + hex[4:6] + ":…:" + hex[len(hex)-2:]
}

// codeText says where the code was and whether it was read.
func codeText(a *event.App) string {
	var n, classes, insns int
	for _, c := range a.Code {
		n++
		classes += c.Classes
		insns += c.Instructions
	}
	switch {
	case a.Status == fact.Failed:
		return "not read"
	case n == 0 && a.Status == fact.NoCode:
		return "no code read"
	case n == 0:
		return "no code"
	}
	return fmt.Sprintf("%d code %s, %s %s, %s instructions", n, plural(n, "unit"), thousands(classes), plural2(classes, "class", "classes"), thousands(insns))
}

func (h *textHandler) problems(a *event.App) {
	for _, p := range a.Problems {
		mark := "note"
		sgr := dim
		if p.Lossy {
			mark, sgr = "NOT ALL READ", yellow
		}
		if a.Status == fact.Failed || a.Status == fact.NoCode {
			mark, sgr = "NOT READ", red
		}
		if !p.Lossy && p.Kind == fact.ProblemTampered {
			mark, sgr = "tampered", yellow
		}
		where := ""
		if p.Part != "" {
			where = clean(p.Part) + ": "
		}
		h.printf("  %s %s%s\n", h.style(sgr, mark+":"), where, clean(p.Detail))
	}
}

func (h *textHandler) trackers(a *event.App) {
	var rows, services [][]string
	var details, about [][]string
	var others []string
	packers := 0
	hints := map[string]string{}
	for _, t := range a.FlowHints {
		if t.SDK != "" {
			hints[t.SDK] = clean(t.Text)
		}
	}
	for _, s := range a.SDKs {
		if s.Service && (s.State != finding.Referenced || h.o.All) {
			services = append(services, []string{sdkName(&s), clean(sdkLabel(&s)), stateText(&s), vendorText(&s)})
			about = append(about, []string{sdkBasis(&s), hints[s.ID], listedBy(&s)})
			continue
		}
		if !s.Tracker && s.Kind != "packer" {
			// What the platform has is named by code everywhere.
			if s.State != finding.Referenced || h.o.All {
				others = append(others, clean(s.Name))
			}
			continue
		}
		if !s.Tracker {
			packers++
		}
		rows = append(rows, []string{sdkName(&s), clean(s.Category), stateText(&s), vendorText(&s)})
		details = append(details, []string{sdkBasis(&s), hints[s.ID], trackerReason(&s)})
	}
	if len(rows) > 0 {
		heading := "Trackers"
		switch {
		case packers == len(rows):
			heading = "Packers"
		case packers > 0:
			heading = "Trackers and packers"
		}
		h.printf("  %s\n", h.style(bold, heading))
		h.rowsWith(rows, details)
	}
	if len(services) > 0 {
		h.printf("  %s\n", h.style(bold, "Other services"))
		h.rowsWith(services, about)
	}
	if len(others) > 0 {
		n := len(others)
		if !h.o.All && n > 8 {
			others = append(others[:8], fmt.Sprintf("and %d more (--all shows them)", n-8))
		}
		h.printf("  %s %s\n", h.style(bold, "Other libraries"), strings.Join(others, ", "))
	}
}

func sdkName(s *finding.SDK) string {
	if s.Version != nil && s.Version.Value != "" {
		return clean(s.Name) + " " + clean(s.Version.Value)
	}
	return clean(s.Name)
}

// sdkLabel says what an SDK is: "push service". Reports of earlier programs
// have the category alone.
func sdkLabel(s *finding.SDK) string { return cmp.Or(s.Label, s.Category) }

// trackerReason tells why a product counts though its category does not.
func trackerReason(s *finding.SDK) string {
	if !s.Tracker || s.TrackerReason == "" {
		return ""
	}
	return "counts as a tracker: " + clean(s.TrackerReason)
}

// listedBy tells what others call a tracker, where we do not.
func listedBy(s *finding.SDK) string {
	if n := s.Aka["exodus"]; n != "" && !s.Tracker {
		return "in the list of trackers of Exodus Privacy (" + clean(n) + ")"
	}
	return ""
}

// trackerMeans tells what the word stands for, in every format that uses it.
const trackerMeans = "A tracker is code made to collect data about people, their devices or how they use an app: advertising, analytics, attribution, customer engagement, identification, location, crash and performance reports. The word says what it is made for, not what it does in this app."

// rowsWith prints aligned columns with lines of detail under each row.
func (h *textHandler) rowsWith(rows [][]string, details [][]string) {
	widths := columns(rows, 34)
	for i, r := range rows {
		var b strings.Builder
		for c, cell := range r {
			if c == len(r)-1 {
				b.WriteString(cell)
			} else {
				b.WriteString(pad(cell, widths[c]) + "  ")
			}
		}
		h.printf("    %s\n", strings.TrimRight(b.String(), " "))
		if i >= len(details) {
			continue
		}
		for _, d := range details[i] {
			if d != "" {
				h.printf("        %s\n", h.style(dim, d))
			}
		}
	}
}

// columns returns the width of each column, none wider than most.
func columns(rows [][]string, most int) []int {
	var w []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(w) {
				w = append(w, 0)
			}
			w[i] = max(w[i], min(width(c), most))
		}
	}
	return w
}

var stateWords = map[finding.State]string{
	finding.Reachable:  "reachable from the app's entry points",
	finding.Wired:      "wired in",
	finding.Present:    "present",
	finding.Disabled:   "present, switched off in the manifest",
	finding.Stub:       "stub (empty code)",
	finding.Referenced: "only referenced",
}

func stateText(s *finding.SDK) string {
	t := stateWords[s.State]
	if s.State != finding.Disabled && slices.ContainsFunc(s.States, func(e finding.StateEvidence) bool { return e.State == finding.Disabled }) {
		t += ", switched off in the manifest"
	}
	if s.AtStartup != nil {
		t += ", can run at app start"
		if s.AtStartup.Guarded {
			t += " (guarded by a condition)"
		}
	}
	return t
}

// vendorText says whose an SDK is and where that company has its seat.
func vendorText(s *finding.SDK) string {
	t := clean(s.VendorName)
	for _, r := range s.VendorRecords {
		if place := cmp.Or(r.City, r.Country); place != "" {
			return t + ", " + clean(place) + " company (" + clean(strings.TrimPrefix(r.Grade, "company-")) + ")"
		}
	}
	return t
}

// sdkBasis is one line of evidence: the strongest pieces of each kind.
func sdkBasis(s *finding.SDK) string {
	var out []string
	if s.Classes > 0 {
		where := ""
		if len(s.Packages) > 0 {
			where = " in " + packageName(s.Packages[0])
			if len(s.Packages) > 1 {
				where += fmt.Sprintf(" and %d more %s", len(s.Packages)-1, plural(len(s.Packages)-1, "package"))
			}
		}
		out = append(out, fmt.Sprintf("%s %s%s", thousands(s.Classes), plural2(s.Classes, "class", "classes"), where))
	}
	for _, r := range s.Renamed {
		out = append(out, "renamed: "+clean(r.Text))
	}
	seen := map[string]int{}
	for _, e := range s.Evidence {
		if strings.HasPrefix(e.Signal, "profile: ") {
			continue // told already
		}
		if e.Kind == "code" || e.Kind == "class" && s.Classes > 0 {
			continue
		}
		if seen[e.Kind]++; seen[e.Kind] > 1 || len(out) > 4 {
			continue
		}
		out = append(out, clean(e.Kind)+" "+short(clean(e.Value), 60))
	}
	if s.Confidence != "high" && s.Confidence != "" {
		out = append(out, "confidence "+clean(s.Confidence))
	}
	return strings.Join(out, " · ")
}

func (h *textHandler) identifiers(a *event.App) {
	if len(a.Identifiers) == 0 {
		return
	}
	var rows [][]string
	var weak []string
	for _, id := range a.Identifiers {
		if id.Confidence == "low" && !h.o.All {
			weak = append(weak, clean(id.Name))
			continue
		}
		h.glossary[id.Name] = id.Glossary
		how := shortRef(clearest(id.Sites))
		rows = append(rows, []string{clean(id.Name), short(clean(how), 44), owners(id.Sites), idNotes(&id)})
	}
	h.printf("  %s\n", h.style(bold, "Identifiers the code asks for"))
	h.rowsWith(rows, nil)
	if len(weak) > 0 {
		h.printf("    %s\n", h.style(dim, "weaker signs, --all shows them: "+strings.Join(weak, ", ")))
	}
}

// clearest returns what tells most about how something is read: a call before
// a field, a field before a string, Android's own before an SDK's.
func clearest(sites []finding.Site) string {
	for _, ours := range []bool{false, true} {
		for _, how := range []string{"call", "field"} {
			for _, s := range sites {
				if s.How == how && (ours || strings.HasPrefix(s.Ref, "Landroid/") || strings.HasPrefix(s.Ref, "Ljava/")) {
					return s.Ref
				}
			}
		}
	}
	if len(sites) > 0 {
		return sites[0].Ref
	}
	return ""
}

// owners counts sites by whose code they stand in.
func owners(sites []finding.Site) string {
	n := map[string]int{}
	for _, s := range sites {
		n[ownerName(s.Owner)]++
	}
	names := slices.SortedFunc(maps.Keys(n), func(x, y string) int {
		return cmp.Or(cmp.Compare(n[y], n[x]), cmp.Compare(x, y))
	})
	var out []string
	for i, k := range names {
		if i == 3 && len(names) > 4 {
			out = append(out, fmt.Sprintf("%d more", len(names)-3))
			break
		}
		if n[k] == 1 && len(names) == 1 {
			out = append(out, clean(k))
		} else {
			out = append(out, fmt.Sprintf("%s ×%d", clean(k), n[k]))
		}
	}
	return strings.Join(out, " · ")
}

func ownerName(o finding.Owner) string {
	var by []string
	for _, v := range o.Via {
		// The member behind the name is for explain.
		if i := strings.LastIndex(v, " (L"); i >= 0 {
			v = v[:i]
		}
		if !slices.Contains(by, v) {
			by = append(by, v)
		}
	}
	switch n := len(by); {
	case n == 0:
		return o.Name
	case n > 2:
		by = append(by[:2], fmt.Sprintf("%d more", n-2))
	}
	return o.Name + ", called from " + strings.Join(by, " and ")
}

var resetWords = map[string]string{
	"never":   "cannot be reset",
	"device":  "reset with the device only",
	"account": "bound to the account",
	"user":    "can be reset in settings",
	"app":     "reset by clearing the app's data",
}

func idNotes(id *finding.Identifier) string {
	var out []string
	if w := resetWords[id.Reset]; w != "" {
		out = append(out, w)
	}
	if id.Permission != "" && id.PermissionDeclared != nil {
		p := id.Permission[strings.LastIndexByte(id.Permission, '.')+1:]
		if *id.PermissionDeclared {
			out = append(out, clean(p)+" declared")
		} else {
			out = append(out, clean(p)+" not declared")
		}
	}
	if id.Confidence != "" && id.Confidence != "high" {
		out = append(out, "confidence "+clean(id.Confidence))
	}
	return strings.Join(out, " · ")
}

// shortRef turns smali notation into Class.member.
func shortRef(ref string) string {
	class, member, ok := strings.Cut(ref, ";->")
	if !ok {
		return ref
	}
	class = class[strings.LastIndexByte(class, '/')+1:]
	if i := strings.IndexAny(member, "(:"); i >= 0 {
		member = member[:i]
	}
	return strings.ReplaceAll(class, "$", ".") + "." + member
}

// hosts groups what the app names by who registered it, on what record.
func (h *textHandler) hosts(a *event.App) {
	groups := map[string]map[string][]*named{} // label → domain → hosts
	why := map[string]string{}
	names := map[string]string{}
	for _, s := range a.SDKs {
		names[s.ID] = s.Name
	}
	noise, rest := 0, 0
	for _, e := range a.Endpoints {
		if e.Noise != "" && !h.o.All {
			noise++
			continue
		}
		label, rank := place(&e)
		if rank == 2 && !h.o.All {
			rest++
			continue
		}
		label = fmt.Sprint(rank) + label
		if groups[label] == nil {
			groups[label] = map[string][]*named{}
		}
		d := cmp.Or(e.RegistrableDomain, e.Host)
		groups[label][d] = addHost(groups[label][d], &e, names)
		if e.RegisteredIn != nil {
			why[d] = e.RegisteredIn.Grade + ": " + e.RegisteredIn.Evidence
			if e.RegisteredIn.Date != "" {
				why[d] += ", " + e.RegisteredIn.Date
			}
			h.domains[d] = cmp.Or(e.RegisteredIn.City, e.RegisteredIn.Country)
		}
	}
	if len(groups) == 0 && rest == 0 {
		return // nothing but addresses that say nothing
	}
	h.printf("  %s\n", h.style(bold, "Hosts named"))
	for _, label := range slices.Sorted(maps.Keys(groups)) {
		h.printf("    %s\n", label[1:])
		for _, d := range slices.Sorted(maps.Keys(groups[label])) {
			var hosts []string
			n := len(groups[label][d])
			for i, host := range groups[label][d] {
				if !h.o.All && i == 6 && n > 7 {
					hosts = append(hosts, fmt.Sprintf("and %d more", n-6))
					break
				}
				hosts = append(hosts, host.String())
			}
			line := "      " + clean(d) + ": " + strings.Join(hosts, ", ")
			if why[d] != "" {
				line += h.style(dim, "  ["+clean(why[d])+"]")
			}
			h.printf("%s\n", line)
		}
	}
	var folded []string
	if rest > 0 {
		folded = append(folded, fmt.Sprintf("%d other %s", rest, plural(rest, "endpoint")))
	}
	if noise > 0 {
		folded = append(folded, fmt.Sprintf("%d schema, documentation or example %s", noise, plural2(noise, "address", "addresses")))
	}
	if len(folded) > 0 {
		h.printf("    %s\n", h.style(dim, strings.Join(folded, " · ")+" (--all shows them)"))
	}
}

// named is a host with whose it is and whose code names it.
type named struct {
	host, owner string
	by          []string
}

// addHost adds an endpoint's host to those of its domain.
func addHost(list []*named, e *finding.Endpoint, names map[string]string) []*named {
	i := slices.IndexFunc(list, func(n *named) bool { return n.host == e.Host })
	if i < 0 {
		i = len(list)
		list = append(list, &named{host: e.Host, owner: cmp.Or(names[e.HostSDK], e.HostSDKName, e.HostSDK)})
	}
	if by := cmp.Or(names[e.SDK], e.SDK); by != "" && by != list[i].owner && !slices.Contains(list[i].by, by) {
		list[i].by = append(list[i].by, by)
	}
	return list
}

func (n *named) String() string {
	var notes []string
	if n.owner != "" {
		notes = append(notes, clean(n.owner))
	}
	if len(n.by) > 0 {
		notes = append(notes, "named by "+clean(strings.Join(n.by, ", ")))
	}
	if len(notes) == 0 {
		return clean(n.host)
	}
	return clean(n.host) + " (" + strings.Join(notes, "; ") + ")"
}

// place says on what record an endpoint is tied to a place: registered there
// (rank 0), its owner has its seat there (1), or nothing is known (2).
func place(e *finding.Endpoint) (label string, rank int) {
	if r := e.RegisteredIn; r != nil {
		return clean(cmp.Or(r.City, r.Country)) + "-registered", 0
	}
	for _, r := range e.Records {
		if strings.HasPrefix(r.Grade, "company-") {
			return clean(cmp.Or(r.City, r.Country)) + " company", 1
		}
	}
	return "Others", 2
}

func (h *textHandler) events(a *event.App) {
	type key struct{ name, id string }
	by := map[key][]string{}
	for _, s := range a.SDKs {
		for _, e := range s.Events {
			t := clean(e.Name)
			if len(e.Keys) > 0 {
				t += " {" + clean(strings.Join(e.Keys, ", ")) + "}"
			}
			k := key{s.Name, s.ID}
			if !slices.Contains(by[k], t) {
				by[k] = append(by[k], t)
			}
		}
	}
	if len(by) == 0 {
		return
	}
	h.printf("  %s\n", h.style(bold, "Events handed to SDKs"))
	for _, k := range slices.SortedFunc(maps.Keys(by), func(x, y key) int { return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(x.id, y.id)) }) {
		ev := by[k]
		n := len(ev)
		if !h.o.All && n > 8 {
			ev = append(slices.Clone(ev[:8]), fmt.Sprintf("and %d more", n-8))
		}
		h.printf("    %s  %s\n", clean(k.name), strings.Join(ev, " · "))
	}
}

// unseen says what static analysis of this app could not see.
func (h *textHandler) unseen(a *event.App) {
	var out []string
	if n := a.Scope.DynamicLoading; n > 0 {
		out = append(out, fmt.Sprintf("classes loaded at run time (%d %s: %s)", n, plural(n, "call"), loaders(a, "classes", "package")))
	}
	if s := loaders(a, "hotfix"); s != "" {
		out = append(out, "code added or replaced by "+s)
	}
	if n := a.Scope.NativeLoading; n > 0 {
		out = append(out, fmt.Sprintf("native libraries that are not known to be the app's (%d %s: %s)", n, plural(n, "call"), loaders(a, "native-file", "native-library")))
	}
	if n := a.Scope.NativeMethods; n > 0 {
		out = append(out, fmt.Sprintf("%s native %s", thousands(n), plural(n, "method")))
	}
	if n := a.Scope.Unresolved; n > 0 {
		out = append(out, fmt.Sprintf("%s calls that optimised code no longer names", thousands(n)))
	}
	if len(out) > 0 {
		h.printf("  %s %s\n", h.style(bold, "Not seen"), strings.Join(out, " · "))
	}
}

// loaders names whose code loads more code in one of these ways.
func loaders(a *event.App, kinds ...string) string {
	var names []string
	for _, d := range a.DynamicCode {
		if !slices.Contains(kinds, d.Kind) {
			continue
		}
		if d.Kind == "native-library" && !slices.ContainsFunc(d.Libraries, func(l finding.Library) bool { return l.File == "" }) {
			continue // all in the app's files
		}
		if n := clean(d.Owner.Name); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) > 4 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// remember keeps what the table and the summary need.
func (h *textHandler) remember(a *event.App) {
	var trackers, ids []string
	for _, s := range a.SDKs {
		if s.Tracker && s.State != finding.Referenced {
			trackers = append(trackers, clean(s.Name))
			h.copies++
			h.sdks[s.ID] = true
		}
	}
	for _, id := range a.Identifiers {
		if id.Confidence != "low" {
			ids = append(ids, clean(id.Name))
		}
	}
	places := map[string]map[string]bool{}
	for _, e := range a.Endpoints {
		if e.RegisteredIn == nil || e.Noise != "" {
			continue
		}
		p := clean(cmp.Or(e.RegisteredIn.City, e.RegisteredIn.Country))
		if places[p] == nil {
			places[p] = map[string]bool{}
		}
		places[p][clean(e.RegistrableDomain)] = true
	}
	var regs []string
	for _, p := range slices.Sorted(maps.Keys(places)) {
		regs = append(regs, p+": "+list(slices.Sorted(maps.Keys(places[p])), 3, " "))
	}
	row := []string{title(a), codeShort(a), list(trackers, 3, ", "), list(regs, len(regs), "; "), list(ids, 4, ", ")}
	if a.Status != fact.Complete {
		// Nothing found is not nothing there.
		for i := 2; i < len(row); i++ {
			if row[i] == none {
				row[i] = "?"
			}
		}
	}
	h.rows = append(h.rows, row)
}

// none stands in a cell for nothing found.
const none = "–"

func codeShort(a *event.App) string {
	switch a.Status {
	case fact.Failed:
		return "NOT READ"
	case fact.NoCode:
		return "NO CODE READ"
	case fact.Partial:
		return "partly read"
	}
	if len(a.Code) == 0 {
		return "has none"
	}
	return fmt.Sprintf("%d %s, read", len(a.Code), clean(a.Code[0].Format))
}

// list joins the first n items and counts the rest.
func list(items []string, n int, sep string) string {
	if len(items) == 0 {
		return none
	}
	if len(items) <= n {
		return strings.Join(items, sep)
	}
	return strings.Join(items[:n], sep) + fmt.Sprintf(" +%d", len(items)-n)
}

func (h *textHandler) table() {
	if len(h.rows) == 0 {
		return
	}
	rows := append([][]string{{"APP", "CODE", "TRACKERS", "DOMAINS REGISTERED IN", "IDENTIFIERS ASKED FOR"}}, h.rows...)
	w := columns(rows, 44)
	for i, r := range rows {
		var b strings.Builder
		for c, cell := range r {
			if c == len(r)-1 {
				b.WriteString(cell)
				break
			}
			b.WriteString(pad(short(cell, w[c]), w[c]) + "  ")
		}
		line := strings.TrimRight(b.String(), " ")
		if i == 0 {
			line = h.style(bold, line)
		}
		h.printf("%s\n", line)
	}
	h.printf("\n")
}

func (h *textHandler) terms() {
	if len(h.glossary) == 0 {
		return
	}
	h.printf("%s\n", h.style(bold, "What the identifiers are"))
	for _, k := range slices.Sorted(maps.Keys(h.glossary)) {
		h.printf("  %s\n", clean(h.glossary[k]))
	}
	h.printf("\n")
}

func (h *textHandler) summary(s *event.Summary) {
	parts := []string{fmt.Sprintf("%d %s", s.Apps, plural(s.Apps, "app"))}
	t := fmt.Sprintf("%d %s trackers", s.WithTracker, plural2(s.WithTracker, "carries", "carry"))
	if h.copies > 0 {
		t += fmt.Sprintf(" (%d %s of %d %s)", h.copies, plural2(h.copies, "copy", "copies"), len(h.sdks), plural(len(h.sdks), "SDK"))
	}
	parts = append(parts, t)
	cities := map[string]int{}
	for _, c := range h.domains {
		cities[c]++
	}
	for _, c := range slices.Sorted(maps.Keys(cities)) {
		parts = append(parts, fmt.Sprintf("%d %s-registered %s", cities[c], clean(c), plural(cities[c], "domain")))
	}
	if n := s.ByStatus[string(fact.Failed)] + s.ByStatus[string(fact.NoCode)]; n > 0 {
		parts = append(parts, h.style(red, fmt.Sprintf("%d not read", n)))
	}
	if n := s.ByStatus[string(fact.Partial)]; n > 0 {
		parts = append(parts, h.style(yellow, fmt.Sprintf("%d read in part", n)))
	}
	h.printf("%s\n", strings.Join(parts, " · "))
	if len(s.Skipped) > 0 {
		var sk []string
		for _, k := range slices.Sorted(maps.Keys(s.Skipped)) {
			sk = append(sk, fmt.Sprintf("%d %s", s.Skipped[k], clean(k)))
		}
		h.printf("Skipped, not apps: %s\n", strings.Join(sk, ", "))
	}
	if s.Interrupted {
		h.printf("%s\n", h.style(red, "Interrupted: apps after this point were not looked at."))
	}
	if p := policyLine(h.start.Policy); p != "" {
		h.printf("%s\n", h.style(dim, clean(p)))
	}
	for _, r := range s.ExitReasons {
		h.printf("exit %d: %s\n", r.Code, clean(r.Reason))
	}
	h.printf("%s\n", h.style(dim, fmt.Sprintf("Static analysis with rules %s. \"Names\", \"calls\" and \"carries\" are what the code shows; whether data is sent is not shown by it.", clean(rulesText(&h.start.Signatures)))))
	if s.WithTracker > 0 {
		h.printf("%s\n", h.style(dim, trackerMeans))
	}
	h.printf("%s\n", h.style(dim, "What backs a statement: telltale explain APP SDK|HOST|IDENTIFIER"))
}

func shortDigest(d string) string {
	if len(d) > 19 {
		return d[:19] + "…"
	}
	return d
}

func plural(n int, word string) string { return plural2(n, word, word+"s") }

func plural2(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// thousands writes n with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// packageName is a package as text calls it: renamed classes often stand in none.
func packageName(dotted string) string {
	if dotted == "" {
		return "no package"
	}
	return clean(dotted)
}
