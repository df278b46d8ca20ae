package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// The overview as it stands in the file: numbers, and charts drawn here, so
// that it can be read and printed without scripts.
type (
	htmlView struct {
		Apps         int
		Tool, Rules  string
		Means        string
		Summary      *event.Summary
		Skipped      []htmlTile
		Tiles        []htmlTile
		Unread       []htmlApp // apps of which nothing, or not everything, was read
		UnreadMore   int
		UnreadKinds  []htmlTile
		Matrix       *htmlMatrix
		Flow         *htmlFlow
		Registered   *htmlBars
		Identifiers  *htmlBars
		Categories   *htmlBars
		Keys         []htmlShared
		KeysMore     int
		Versions     []htmlSeries
		VersionsMore int
		Policy       []htmlRule
		Reasons      []event.ExitReason
		ReasonsMore  int
		Plain        []htmlPlain
		PlainMore    int
	}
	// htmlTile is a number that leads somewhere.
	htmlTile struct{ N, Text, Note, Href, Class string }
	// htmlBars is a chart of horizontal bars in groups.
	htmlBars struct {
		Label  string
		Height int
		Rows   []htmlBar
	}
	htmlBar struct {
		Head            bool // a group's name
		Y, Mid          int
		Text, Note      string
		Href, Class     string
		Width, Inner    int // of the bar, and of its darker part
		AfterBar        int
		Count, InnerOf  int
		ScreenReader    string
		HeadText, Title string
	}
	htmlMatrix struct {
		Width, Height, Left, Top int
		Rows, Columns            []htmlAxis
		Cells                    []htmlCell
		AppsMore, SDKsMore       int
	}
	htmlAxis struct {
		X, Y       int
		Text, Href string
		Title      string
	}
	htmlCell struct {
		X, Y               int
		State, Mark, Title string
		Href               string
	}
	htmlFlow struct {
		Height      int
		Left, Right []htmlNode
		Links       []htmlLink
		Places      []htmlTile
		LeftMore    int
		RightMore   int
	}
	htmlNode struct {
		Y, H, Mid  int
		Text, Note string
		Href       string
	}
	htmlLink struct{ D, Class, Title string }
	// htmlShared is an app key that several packages hold.
	htmlShared struct {
		SDK, Name, Value string
		Apps             []htmlApp
		More             int
	}
	// htmlSeries is one app of which the folder holds several versions.
	htmlSeries struct {
		Package string
		Apps    []htmlApp
		Note    string
	}
	// htmlPlain is an app in the list for those without scripts.
	htmlPlain struct{ Name, Path, Status, Trackers, Domains, IDs string }
)

// Bounds of the charts. What they leave out is in the page's tables.
const (
	chartApps   = 24
	chartSDKs   = 24
	chartNodes  = 14
	chartRows   = 30
	chartLists  = 12
	plainApps   = 5000
	noName      = "no name"
	barLeft     = 240
	barRoom     = 330
	matrixCell  = 22
	stateMarks  = "reachable ● wired ◐ present ○ disabled ⊘ stub ◌ referenced ·"
	notIDGroups = "n/a"
)

// stateMark is how a chart shows a state.
func stateMark(state string) string {
	f := strings.Fields(stateMarks)
	if i := slices.Index(f, state); i >= 0 {
		return f[i+1]
	}
	return "?"
}

// link is the address of a view of the page.
func link(view string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if len(q) > 0 {
		return "#/" + view + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	}
	return "#/" + view
}

// linkTo is the address of the page of one thing.
func linkTo(kind, id string) string { return "#/" + kind + "/" + url.PathEscape(id) }

func (a *htmlApp) Title() string {
	return cmp.Or(a.Label, a.Package, a.Path[strings.LastIndexByte(a.Path, '/')+1:], noName)
}

func (a *htmlApp) Href() string { return linkTo("app", a.ID) }

// carried reports whether an app holds an SDK rather than only names it.
func (c *htmlCarry) carried() bool { return c.State != string(finding.Referenced) }

func (h *htmlHandler) view() *htmlView {
	v := &htmlView{Apps: len(h.index.Apps), Tool: h.index.Tool, Means: h.index.Means, Rules: rulesText(&event.Signatures{Digest: h.index.Digest, Profiles: h.index.Added}), Policy: h.index.Rules, Summary: &h.index.Summary}
	for _, k := range slices.Sorted(maps.Keys(v.Summary.Skipped)) {
		v.Skipped = append(v.Skipped, htmlTile{N: thousands(v.Summary.Skipped[k]), Text: k})
	}
	v.unread(h.index.Apps)
	v.tiles(&h.index)
	v.Matrix = h.index.matrix()
	v.Flow = h.index.flow()
	v.Registered = h.index.registered()
	v.Identifiers = h.index.identifiers()
	v.Categories = h.index.categories()
	v.keys(h.index.Apps, &h.index)
	v.versions(h.index.Apps, &h.index)
	// Those about what could not be read stand above.
	reasons := slices.DeleteFunc(slices.Clone(v.Summary.ExitReasons), func(r event.ExitReason) bool {
		return r.Code == 3 || len(v.Policy) > 0 && r.Path != "" // the policy's table says which
	})
	v.Reasons = first(reasons, chartLists)
	v.ReasonsMore = len(reasons) - len(v.Reasons)
	v.plain(&h.index)
	return v
}

func (v *htmlView) unread(apps []htmlApp) {
	rank := map[string]int{string(fact.Failed): 0, string(fact.NoCode): 1, string(fact.Partial): 2}
	n := map[string]int{}
	for _, a := range apps {
		if a.Status != string(fact.Complete) {
			v.Unread = append(v.Unread, a)
			n[a.Status]++
		}
	}
	slices.SortStableFunc(v.Unread, func(x, y htmlApp) int { return cmp.Compare(rank[x.Status], rank[y.Status]) })
	v.UnreadMore = max(0, len(v.Unread)-8)
	v.Unread = first(v.Unread, 8)
	for _, s := range []struct {
		status fact.Status
		text   string
	}{{fact.Failed, "not read at all"}, {fact.NoCode, "without the app's code"}, {fact.Partial, "read only in part"}} {
		if c := n[string(s.status)]; c > 0 {
			v.UnreadKinds = append(v.UnreadKinds, htmlTile{N: thousands(c), Text: s.text, Href: link("apps", "status", string(s.status))})
		}
	}
}

// StatusText says of an app how much of it was read.
func (a *htmlApp) StatusText() string {
	switch fact.Status(a.Status) {
	case fact.Complete:
		return "read"
	case fact.Partial:
		return "read in part"
	case fact.NoCode:
		return "code not read"
	}
	return "not read"
}

func (v *htmlView) tiles(x *htmlIndex) {
	trackers, lasting, events, startup, foreign, named := 0, 0, 0, 0, 0, 0
	copies := map[int]bool{}
	places := map[int]map[string]bool{} // place → domains registered there
	placeApps := map[int]int{}
	for i := range x.Apps {
		a := &x.Apps[i]
		t, s, r := false, false, false
		for _, c := range a.SDKs {
			r = r || x.SDKs[c.SDK].Tracker && !c.carried()
			if x.SDKs[c.SDK].Tracker && c.carried() {
				t = true
				copies[c.SDK] = true
				s = s || c.Startup
			}
		}
		l := false
		for _, d := range a.IDs {
			l = l || !d.Low && slices.Contains([]string{"never", "device"}, x.IDs[d.N].Reset)
		}
		here := map[int]bool{}
		for _, d := range a.Domains {
			if p := x.Domains[d.N].Place; p >= 0 && !d.Low {
				if places[p] == nil {
					places[p] = map[string]bool{}
				}
				places[p][x.Domains[d.N].Name] = true
				here[p] = true
			}
		}
		for p := range here {
			placeApps[p]++
		}
		for _, b := range []struct {
			on bool
			n  *int
		}{{t, &trackers}, {s, &startup}, {l, &lasting}, {r && !t, &named}, {a.Events > 0, &events}, {len(here) > 0, &foreign}} {
			if b.on {
				*b.n++
			}
		}
	}
	tile := func(n int, text, note, href string) {
		v.Tiles = append(v.Tiles, htmlTile{N: thousands(n), Text: text, Note: note, Href: href})
	}
	tile(len(x.Apps), plural(len(x.Apps), "app"), "in the order of their paths", link("apps"))
	note := fmt.Sprintf("%d different SDKs; %d can run one at app start", len(copies), startup)
	if named > 0 {
		note += fmt.Sprintf("; %d more only name one", named)
	}
	tile(trackers, plural2(trackers, "carries trackers", "carry trackers"), note, link("apps", "tracker", "any"))
	tile(lasting, plural2(lasting, "asks", "ask")+" for what cannot be reset", "identifiers that stay with the device", link("apps", "reset", "lasting"))
	best := -1
	for _, p := range slices.Sorted(maps.Keys(placeApps)) {
		if best < 0 || placeApps[p] > placeApps[best] {
			best = p
		}
	}
	if best >= 0 {
		where := cmp.Or(x.Places[best].City, x.Places[best].Country)
		tile(placeApps[best], plural2(placeApps[best], "names", "name")+" hosts registered in "+where, fmt.Sprintf("%d %s, on a record about the domain itself", len(places[best]), plural(len(places[best]), "domain")), link("apps", "place", x.Places[best].key()))
	} else {
		tile(0, "name hosts with a known registration", "no record about a domain is known for what they name", link("hosts"))
	}
	tile(events, plural2(events, "hands", "hand")+" events to SDKs by name", "names of events stand in the code", link("apps", "events", "any"))
	unread := 0
	for _, k := range []fact.Status{fact.Failed, fact.NoCode, fact.Partial} {
		unread += v.Summary.ByStatus[string(k)]
	}
	class := ""
	if unread > 0 {
		class = "warn"
	}
	v.Tiles = append(v.Tiles, htmlTile{N: thousands(unread), Text: "not or not wholly read", Note: "nothing found there is not nothing there", Href: link("apps", "status", "unread"), Class: class})
}

// key names a place in addresses of the page.
func (p htmlPlace) key() string { return p.Country + "/" + p.City }

// placeName is a place for people.
func (p htmlPlace) placeName() string {
	c := cmp.Or(countries[p.Country], p.Country)
	if p.City == "" {
		return c
	}
	return p.City + ", " + c
}

// countries are those that rules speak of most; others are shown by their code.
var countries = map[string]string{
	"AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland", "CN": "China", "CY": "Cyprus", "CZ": "Czechia",
	"DE": "Germany", "DK": "Denmark", "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom", "HK": "Hong Kong", "HR": "Croatia",
	"HU": "Hungary", "IE": "Ireland", "IL": "Israel", "IN": "India", "IR": "Iran", "IT": "Italy", "JP": "Japan", "KR": "South Korea", "LV": "Latvia",
	"NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand", "PL": "Poland", "RU": "Russia", "SE": "Sweden", "SG": "Singapore", "TR": "Türkiye", "TW": "Taiwan", "US": "United States",
}

// top returns the keys of the highest counts, at most n of them.
func top[K cmp.Ordered](counts map[K]int, n int) []K {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return first(keys, n)
}

func (x *htmlIndex) matrix() *htmlMatrix {
	sdks, apps := map[int]int{}, map[int]int{}
	for i := range x.Apps {
		for _, c := range x.Apps[i].SDKs {
			if x.SDKs[c.SDK].Tracker && c.carried() {
				sdks[c.SDK]++
				apps[i]++
			}
		}
	}
	if len(sdks) == 0 {
		return nil
	}
	m := &htmlMatrix{Top: 128, AppsMore: max(0, len(apps)-chartApps), SDKsMore: max(0, len(sdks)-chartSDKs)}
	longest := 0
	for _, n := range top(apps, chartApps) {
		longest = max(longest, width(short(x.Apps[n].Title(), 36)))
	}
	m.Left = min(250, longest*8+24)
	columns := map[int]int{}
	for i, s := range top(sdks, chartSDKs) {
		columns[s] = i
		m.Columns = append(m.Columns, htmlAxis{X: m.Left + i*matrixCell + matrixCell/2, Y: m.Top - 8, Text: short(x.SDKs[s].Name, 20), Href: linkTo("sdk", x.SDKs[s].ID), Title: fmt.Sprintf("%s, in %d %s", x.SDKs[s].Name, sdks[s], plural(sdks[s], "app"))})
	}
	for i, n := range top(apps, chartApps) {
		a := &x.Apps[n]
		y := m.Top + i*matrixCell
		m.Rows = append(m.Rows, htmlAxis{X: m.Left - 8, Y: y + matrixCell/2, Text: short(a.Title(), 36), Href: a.Href(), Title: a.Package + " " + a.Version + ", " + a.Path})
		for _, c := range a.SDKs {
			if col, ok := columns[c.SDK]; ok {
				m.Cells = append(m.Cells, htmlCell{X: m.Left + col*matrixCell, Y: y, State: c.State, Mark: stateMark(c.State), Href: a.Href(), Title: a.Title() + ": " + x.SDKs[c.SDK].Name + ", " + stateWords[finding.State(c.State)]})
			}
		}
	}
	m.Width = m.Left + len(m.Columns)*matrixCell + 100
	m.Height = m.Top + len(m.Rows)*matrixCell + 8
	return m
}

// flow draws whose code names whose hosts: pairs of an app and a domain.
func (x *htmlIndex) flow() *htmlFlow {
	type pair struct{ l, r string }
	pairs := map[pair]int{}
	lefts, rights := map[string]int{}, map[string]int{}
	leftHref, rightPlace := map[string]string{}, map[string]int{}
	for i := range x.Apps {
		for _, d := range x.Apps[i].Domains {
			dom := &x.Domains[d.N]
			if d.Low || dom.Owner == "" {
				continue
			}
			if dom.Place >= 0 {
				rightPlace[dom.Owner] = dom.Place + 1
			} else if dom.Seat >= 0 && rightPlace[dom.Owner] == 0 {
				rightPlace[dom.Owner] = dom.Seat + 1
			}
			seen := map[string]bool{}
			for _, b := range d.By {
				l := ""
				switch o := &x.Owners[b]; {
				case o.SDK >= 0:
					l = x.SDKs[o.SDK].Name
					leftHref[l] = linkTo("sdk", x.SDKs[o.SDK].ID)
				case o.Kind == "app":
					l = "the apps' own code"
				case o.Kind == "library":
					l = "code of unknown libraries"
				default:
					l = "files without code"
				}
				if !seen[l] {
					seen[l] = true
					pairs[pair{l, dom.Owner}]++
				}
			}
		}
	}
	for p, n := range pairs {
		lefts[p.l] += n
		rights[p.r] += n
	}
	if len(pairs) == 0 {
		return nil
	}
	f := &htmlFlow{LeftMore: max(0, len(lefts)-chartNodes), RightMore: max(0, len(rights)-chartNodes)}
	tl, tr := top(lefts, chartNodes), top(rights, chartNodes)
	for p := range pairs {
		if !slices.Contains(tl, p.l) || !slices.Contains(tr, p.r) {
			lefts[p.l] -= pairs[p]
			rights[p.r] -= pairs[p]
			delete(pairs, p)
		}
	}
	// Square roots keep what is named once visible beside what all apps name.
	weight := func(n int) float64 { return math.Sqrt(float64(n)) }
	const gap, room = 16.0, 360.0
	size := func(names []string, of func(string) float64) map[string]float64 {
		m := map[string]float64{}
		for _, n := range names {
			m[n] = of(n)
		}
		return m
	}
	sumOf := func(left bool) func(string) float64 {
		return func(n string) float64 {
			s := 0.0
			for _, l := range tl {
				for _, r := range tr {
					if c := pairs[pair{l, r}]; c > 0 && (left && l == n || !left && r == n) {
						s += weight(c)
					}
				}
			}
			return s
		}
	}
	ls, rs := size(tl, sumOf(true)), size(tr, sumOf(false))
	total := 0.0
	for _, l := range tl {
		total += ls[l]
	}
	scale := room / max(total, 1)
	scale = min(scale, 26)
	drop := func(names []string, s map[string]float64) []string {
		return slices.DeleteFunc(names, func(n string) bool { return s[n] == 0 })
	}
	tl, tr = drop(tl, ls), drop(tr, rs)
	type at struct{ top, next float64 }
	lay := func(names []string, s map[string]float64) (map[string]*at, float64) {
		m, y := map[string]*at{}, 8.0
		for _, n := range names {
			m[n] = &at{y, y}
			y += max(s[n]*scale, 3) + gap
		}
		return m, y
	}
	la, lh := lay(tl, ls)
	ra, rh := lay(tr, rs)
	f.Height = int(max(lh, rh)) + 4
	// Colours tell places apart: the most frequent get their own.
	placeCount := map[int]int{}
	for _, r := range tr {
		if p := rightPlace[r]; p > 0 {
			placeCount[p-1]++
		}
	}
	colour := map[int]string{}
	for i, p := range top(placeCount, 5) {
		colour[p] = fmt.Sprintf("c%d", i+1)
		f.Places = append(f.Places, htmlTile{Text: x.Places[p].placeName(), Class: colour[p]})
	}
	class := func(r string) string {
		if p := rightPlace[r]; p > 0 && colour[p-1] != "" {
			return colour[p-1]
		}
		return "c0"
	}
	for _, l := range tl {
		for _, r := range tr {
			n := pairs[pair{l, r}]
			if n == 0 {
				continue
			}
			t := weight(n) * scale
			y1, y2 := la[l].next+t/2, ra[r].next+t/2
			la[l].next += t
			ra[r].next += t
			f.Links = append(f.Links, htmlLink{
				D:     fmt.Sprintf("M236 %.1f C360 %.1f 400 %.1f 524 %.1f L524 %.1f C400 %.1f 360 %.1f 236 %.1f Z", y1-t/2, y1-t/2, y2-t/2, y2-t/2, y2+t/2, y2+t/2, y1+t/2, y1+t/2),
				Class: class(r), Title: fmt.Sprintf("%s names hosts of %s: %d %s of app and domain", l, r, n, plural(n, "pair")),
			})
		}
	}
	node := func(names []string, s map[string]float64, a map[string]*at, counts map[string]int, href func(string) string) []htmlNode {
		var out []htmlNode
		for _, n := range names {
			hgt := max(s[n]*scale, 3)
			out = append(out, htmlNode{Y: int(a[n].top), H: int(math.Ceil(hgt)), Mid: int(a[n].top + hgt/2), Text: short(n, 26), Note: fmt.Sprintf("%s: %d", n, counts[n]), Href: href(n)})
		}
		return out
	}
	f.Left = node(tl, ls, la, lefts, func(n string) string { return cmp.Or(leftHref[n], link("hosts")) })
	f.Right = node(tr, rs, ra, rights, func(n string) string { return link("hosts", "q", n) })
	return f
}

// bars lays out rows of a chart.
func bars(label string, rows []htmlBar) *htmlBars {
	if len(rows) == 0 {
		return nil
	}
	most := 1
	for _, r := range rows {
		most = max(most, r.Count)
	}
	y := 4
	for i := range rows {
		r := &rows[i]
		if r.Head && i > 0 {
			y += 10
		}
		r.Y, r.Mid = y, y+10
		y += 24
		if r.Head {
			continue
		}
		r.Width = max(2, r.Count*barRoom/most)
		r.Inner = r.InnerOf * barRoom / most
		r.AfterBar = barLeft + r.Width + 8
	}
	return &htmlBars{Label: label, Height: y + 4, Rows: rows}
}

func (x *htmlIndex) registered() *htmlBars {
	type tally struct{ apps, domains, seats int }
	byPlace := map[int]*tally{}
	domains := map[int]bool{}
	at := func(p int) *tally {
		if byPlace[p] == nil {
			byPlace[p] = &tally{}
		}
		return byPlace[p]
	}
	for i := range x.Apps {
		strong, weak := map[int]bool{}, map[int]bool{}
		for _, d := range x.Apps[i].Domains {
			if d.Low {
				continue
			}
			dom := &x.Domains[d.N]
			p := dom.Place
			if p >= 0 {
				strong[p] = true
			} else if p = dom.Seat; p >= 0 {
				weak[p] = true
			}
			if p >= 0 && !domains[d.N] {
				domains[d.N] = true
				at(p).domains++
			}
		}
		for p := range strong {
			at(p).apps++
		}
		for p := range weak {
			if !strong[p] {
				at(p).seats++
			}
		}
	}
	groups := map[string]int{}
	for p, t := range byPlace {
		groups[x.Places[p].Country] += t.apps + t.seats
	}
	var rows []htmlBar
	left := 0
	for _, c := range top(groups, len(groups)) {
		cities := map[int]int{}
		for p, t := range byPlace {
			if x.Places[p].Country == c {
				cities[p] = t.apps*1000 + t.seats
			}
		}
		if len(rows) >= chartRows {
			left += len(cities)
			continue
		}
		rows = append(rows, htmlBar{Head: true, HeadText: cmp.Or(countries[c], c, "country not known")})
		for _, p := range top(cities, len(cities)) {
			if len(rows) >= chartRows {
				left++
				continue
			}
			t := byPlace[p]
			n := t.apps + t.seats
			note := fmt.Sprintf("%d %s · %d %s", n, plural(n, "app"), t.domains, plural(t.domains, "domain"))
			rows = append(rows, htmlBar{
				Text: short(cmp.Or(x.Places[p].City, "city not known"), 30), Note: note, Count: n, InnerOf: t.apps, Href: link("apps", "place", x.Places[p].key()),
				ScreenReader: fmt.Sprintf("%s: %d %s by a record about the domain, %d more by the seat of the domain's owner", x.Places[p].placeName(), t.apps, plural(t.apps, "app"), t.seats),
			})
		}
	}
	if left > 0 {
		rows = append(rows, htmlBar{Head: true, HeadText: fmt.Sprintf("and %d more places, see Hosts", left)})
	}
	return bars("Where the domains that code names are registered, or their owners have their seat", rows)
}

// resets are the kinds of identifier by how they can be reset, the worst first.
var resets = []struct{ reset, head string }{
	{"never", "Cannot be reset: they outlive a factory reset"},
	{"device", "Reset only with the whole device"},
	{"account", "Bound to an account or a number"},
	{"app", "Reset by clearing the app's data"},
	{"user", "Can be reset in the settings"},
	{"n/a", "No identifiers by themselves, but about the person or device"},
}

func (x *htmlIndex) identifiers() *htmlBars {
	apps, tracked := map[int]int{}, map[int]int{}
	for i := range x.Apps {
		for _, d := range x.Apps[i].IDs {
			if d.Low {
				continue
			}
			apps[d.N]++
			if slices.ContainsFunc(d.By, func(b int) bool { s := x.Owners[b].SDK; return s >= 0 && x.SDKs[s].Tracker }) {
				tracked[d.N]++
			}
		}
	}
	var rows []htmlBar
	for _, g := range resets {
		counts := map[int]int{}
		for n, c := range apps {
			if r := x.IDs[n].Reset; r == g.reset || g.reset == notIDGroups && !slices.ContainsFunc(resets, func(o struct{ reset, head string }) bool { return o.reset == r }) {
				counts[n] = c
			}
		}
		if len(counts) == 0 {
			continue
		}
		rows = append(rows, htmlBar{Head: true, HeadText: g.head})
		most := 12
		if g.reset == notIDGroups {
			most = 6
		}
		for _, n := range top(counts, most) {
			c, t := counts[n], tracked[n]
			rows = append(rows, htmlBar{
				Text: short(x.IDs[n].Name, 30), Title: x.IDs[n].Glossary, Note: fmt.Sprintf("%d %s · trackers' code in %d", c, plural(c, "app"), t), Count: c, InnerOf: t, Class: "reset-" + g.reset,
				Href: linkTo("identifier", x.IDs[n].ID), ScreenReader: fmt.Sprintf("%s: %d %s ask for it, in %d of them a tracker's code", x.IDs[n].Name, c, plural(c, "app"), t),
			})
		}
		if n := len(counts) - most; n > 0 {
			rows = append(rows, htmlBar{Head: true, HeadText: fmt.Sprintf("and %d more, see Identifiers", n)})
		}
	}
	for i := range rows {
		if rows[i].Class == "reset-n/a" {
			rows[i].Class = "reset-none"
		}
	}
	return bars("Identifiers that code asks for, by how they can be reset", rows)
}

func (x *htmlIndex) categories() *htmlBars {
	apps, start := map[string]int{}, map[string]int{}
	for i := range x.Apps {
		here, runs := map[string]bool{}, map[string]bool{}
		for _, c := range x.Apps[i].SDKs {
			if s := &x.SDKs[c.SDK]; s.Tracker && c.carried() {
				here[s.Category] = true
				runs[s.Category] = runs[s.Category] || c.Startup
			}
		}
		for c := range here {
			apps[c]++
			if runs[c] {
				start[c]++
			}
		}
	}
	var rows []htmlBar
	for _, c := range top(apps, chartRows) {
		rows = append(rows, htmlBar{
			Text: c, Note: fmt.Sprintf("%d %s · %d at app start", apps[c], plural(apps[c], "app"), start[c]), Count: apps[c], InnerOf: start[c],
			Href: link("apps", "category", c), ScreenReader: fmt.Sprintf("%s: %d %s; in %d it can run at app start", c, apps[c], plural(apps[c], "app"), start[c]),
		})
	}
	return bars("What the trackers that apps carry are for", rows)
}

// keys finds keys that packages with different signers or names share.
func (v *htmlView) keys(apps []htmlApp, x *htmlIndex) {
	by := map[[3]string][]htmlApp{}
	for _, a := range apps {
		for _, k := range a.Keys {
			// What is masked wholly, or nearly, is equal to anything.
			if strings.Count(k[2], "•")*3 > len([]rune(k[2]))*2 || len([]rune(k[2])) < 8 {
				continue
			}
			list := by[k]
			if !slices.ContainsFunc(list, func(o htmlApp) bool { return o.Package == a.Package }) {
				by[k] = append(list, a)
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(by), func(a, b [3]string) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), slices.Compare(a[:], b[:]))
	}) {
		if len(by[k]) < 2 {
			continue
		}
		if len(v.Keys) == chartLists {
			v.KeysMore++
			continue
		}
		n := k[0]
		for _, s := range x.SDKs {
			if s.ID == k[0] {
				n = s.Name
				break
			}
		}
		list := by[k]
		v.Keys = append(v.Keys, htmlShared{SDK: n, Name: k[1], Value: k[2], Apps: first(list, 8), More: max(0, len(list)-8)})
	}
}

// versions finds packages of one signer that are there in several versions.
func (v *htmlView) versions(apps []htmlApp, x *htmlIndex) {
	by := map[string][]htmlApp{}
	for _, a := range apps {
		if a.Package != "" {
			k := a.Package + "\x00" + a.Signer
			by[k] = append(by[k], a)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(by)) {
		list := by[k]
		codes := map[string]bool{}
		for _, a := range list {
			codes[fmt.Sprint(a.Code, " ", a.Version)] = true
		}
		if len(codes) < 2 {
			continue
		}
		if len(v.Versions) == chartLists {
			v.VersionsMore++
			continue
		}
		slices.SortStableFunc(list, func(a, b htmlApp) int { return cmp.Compare(a.Code, b.Code) })
		had, has := list[0].trackers(x), list[len(list)-1].trackers(x)
		plus, minus := 0, 0
		for s := range has {
			if !had[s] {
				plus++
			}
		}
		for s := range had {
			if !has[s] {
				minus++
			}
		}
		v.Versions = append(v.Versions, htmlSeries{Package: list[0].Package, Apps: list, Note: fmt.Sprintf("from the first to the last: %d %s more, %d fewer", plus, plural(plus, "tracker"), minus)})
	}
}

func (a *htmlApp) trackers(x *htmlIndex) map[int]bool {
	m := map[int]bool{}
	for _, c := range a.SDKs {
		if x.SDKs[c.SDK].Tracker && c.carried() {
			m[c.SDK] = true
		}
	}
	return m
}

// plain is what those without scripts can read.
func (v *htmlView) plain(x *htmlIndex) {
	v.PlainMore = max(0, len(x.Apps)-plainApps)
	for i := range first(x.Apps, plainApps) {
		a := &x.Apps[i]
		var trackers, domains, ids []string
		for _, c := range a.SDKs {
			if x.SDKs[c.SDK].Tracker && c.carried() {
				trackers = append(trackers, x.SDKs[c.SDK].Name)
			}
		}
		for _, d := range a.Domains {
			if p := x.Domains[d.N].Place; p >= 0 && !d.Low {
				domains = append(domains, x.Domains[d.N].Name+" ("+x.Places[p].placeName()+")")
			}
		}
		for _, d := range a.IDs {
			if !d.Low && x.IDs[d.N].Reset != notIDGroups {
				ids = append(ids, x.IDs[d.N].Name)
			}
		}
		p := htmlPlain{strings.TrimSpace(a.Title() + " " + a.Version), a.Path, a.StatusText(), list(trackers, 12, ", "), list(domains, 6, ", "), list(ids, 12, ", ")}
		if a.Status != string(fact.Complete) {
			for _, s := range []*string{&p.Trackers, &p.Domains, &p.IDs} {
				if *s == none {
					*s = "?" // what was not read is not clean
				}
			}
			p.Status += ": " + a.Why
		}
		v.Plain = append(v.Plain, p)
	}
}
