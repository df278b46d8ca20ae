package signatures

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/internal/crew"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Site is one place in code.
type Site struct {
	Unit int // index into Set.Units
	// Body is an index into Bodies of that unit. It is -1 for the initial
	// value of a field and for annotations; Class then is the index of the
	// class definition.
	Body  int
	Class int
	PC    uint32
	Kind  fact.RefKind
}

// Hit is one thing that a rule names and that the app holds.
type Hit struct {
	Rule int // for [Compiled.Ref]
	Use  Use // what the rule wants with it
	Item int // which item of the list that Use names
	// Ref is what stands in the app: a member in smali notation, a string, the
	// name of a manifest element.
	Ref string
	// Via is the class that the rule names where Ref names the same member by
	// way of a subclass.
	Via string
	// Value is the value of meta-data, of a resource or of a constant.
	Value string
	// Unit is the unit (an index into Set.Units) whose tables hold it, -1 if
	// it stands outside code. Sites are its uses; a member may have none.
	Unit  int
	Sites []Site
	// Location and Text say where it stands outside code.
	Location finding.Location
	Text     fact.TextKind
}

// SignalMatch is a signal of a rule that was seen.
type SignalMatch struct {
	Item     int // index into SDK.Signals
	Evidence finding.Evidence
}

// SDKMatch is a product of which something was seen, with everything that
// speaks for it: the match is its own explanation.
type SDKMatch struct {
	Rule int
	SDK  *rule.SDK
	// Held is true if the rule's condition holds. If not, the signals are
	// those that were seen nevertheless.
	Held bool
	// Signals are those that hold, in the order of the rule.
	Signals []SignalMatch
	// References are code signals of which classes are named but not defined;
	// they do not count towards Held.
	References []SignalMatch
	// Classes counts the class definitions that the rule owns, Packages says
	// where they stand, dotted and sorted. Only of rules that are held.
	Classes  int
	Packages []string
}

// Matches is what rules and facts have in common. It is immutable.
type Matches struct {
	// SDKs holds the products of which anything was seen, in the order of the
	// rules.
	SDKs []SDKMatch
	// Hits holds all that rules other than their signals ask for, sorted by
	// rule, use, item, unit and reference.
	Hits []Hit

	c      *Compiled
	owners map[int32]int32 // node of spPackage → rule, of held rules
	nodes  [][]int32       // by unit and type: deepest node that holds the type, or -1
}

// Options change how Match works, never what it finds.
type Options struct {
	// Workers is how many units are looked at at the same time; 0 means one.
	Workers int
	// Crew, if set, is asked for workers instead. The caller has joined it.
	Crew *Crew
	// Text, if set, is called with each of the texts outside code, as reading
	// them may be expensive and Match reads them anyway.
	Text func(*fact.Text)
}

// Match finds what rules and facts have in common. If ctx ends, the result is
// incomplete; look at ctx.Err.
//
// It goes over the tables of each unit once: types against package prefixes,
// strings against literals and hosts, members against member references; then
// once over the references of code, if anything was found that code could use.
func Match(ctx context.Context, set *fact.Set, c *Compiled) *Matches {
	return MatchWith(ctx, set, c, Options{Workers: runtime.GOMAXPROCS(0)})
}

// MatchWith is Match with options.
func MatchWith(ctx context.Context, set *fact.Set, c *Compiled, opts Options) *Matches {
	m := &matcher{ctx: ctx, set: set, c: c, x: c.x, finder: endpoint.Finder{Known: c.KnownDomain}, rules: map[uint32]*ruleState{}}
	units := make([]*unitScan, len(set.Units))
	team := opts.Crew
	if team == nil {
		team = crew.New(opts.Workers)
		team.Join()
	}
	// Members ask for the graph, which one worker builds; the others go over what
	// needs none meanwhile.
	first := 0
	if set.Graph != nil && len(units) > 1 && m.x.has(spMember) {
		first = 1
	}
	team.Each(first+len(units), func(i int) {
		if i < first {
			set.Graph.NumMethods()
		} else {
			units[i-first] = m.scanUnit(i - first)
		}
	})
	team.Each(len(units), func(i int) { units[i].finish() })
	stats := map[int32]*nodeStat{}
	for _, u := range units {
		for n, s := range u.stats {
			if t := stats[n]; t == nil {
				stats[n] = s
			} else {
				t.merge(s)
			}
		}
		m.hits = append(m.hits, u.hits...)
		for _, s := range u.signals {
			m.see(s.rule, s.item, s.strength, s.ev)
		}
	}
	m.manifest()
	m.files()
	m.texts(opts.Text)
	m.nativeClasses(stats)
	m.code(stats)

	out := &Matches{c: c}
	for _, u := range units {
		out.nodes = append(out.nodes, u.nodes)
	}
	m.judge(out, stats)
	out.Hits = m.hits
	slices.SortStableFunc(out.Hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Use, b.Use), cmp.Compare(a.Item, b.Item),
			cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Location.Unit, b.Location.Unit))
	})
	return out
}

// Compiled returns the rules that were matched.
func (m *Matches) Compiled() *Compiled { return m.c }

// Owner returns the product that owns a type of a unit, among those that are
// held: by the longest prefix of theirs.
func (m *Matches) Owner(unit int, typ uint32) (*rule.SDK, bool) {
	if unit < 0 || unit >= len(m.nodes) || uint64(typ) >= uint64(len(m.nodes[unit])) {
		return nil, false
	}
	return m.ownerOf(m.nodes[unit][typ])
}

// OwnerOfClass is Owner by descriptor.
func (m *Matches) OwnerOfClass(descriptor string) (*rule.SDK, bool) {
	deepest := int32(-1)
	m.c.x.walkPackage(descriptorBody(descriptor), func(n int32, _ bool) { deepest = n })
	return m.ownerOf(deepest)
}

func (m *Matches) ownerOf(n int32) (*rule.SDK, bool) {
	for ; n >= 0; n = m.c.x.nodes[n].parent {
		if r, ok := m.owners[n]; ok {
			return m.c.sdk(uint32(r)), true
		}
	}
	return nil, false
}

// Product returns the match of a product by its id, or nil.
func (m *Matches) Product(id string) *SDKMatch {
	for i := range m.SDKs {
		if m.SDKs[i].SDK.ID == id {
			return &m.SDKs[i]
		}
	}
	return nil
}

// Ref returns the rule with the number that hits and matches carry.
func (c *Compiled) Ref(n int) any { return c.rules.entries[n].value() }

// ruleState collects the signals of one product.
type ruleState struct {
	signals map[uint16]*seen
	refs    map[uint16]*seen
}

type seen struct {
	strength uint8
	ev       finding.Evidence
}

// matcher is the state of one Match.
type matcher struct {
	ctx    context.Context
	set    *fact.Set
	c      *Compiled
	x      *index
	finder endpoint.Finder
	rules  map[uint32]*ruleState
	hits   []Hit
	jni    map[string]string // classes that native code names → library
}

func (m *matcher) state(r uint32) *ruleState {
	s := m.rules[r]
	if s == nil {
		s = &ruleState{signals: map[uint16]*seen{}, refs: map[uint16]*seen{}}
		m.rules[r] = s
	}
	return s
}

// see notes that a signal holds. The first evidence is kept, later ones count.
func (m *matcher) see(r uint32, item uint16, strength uint8, ev finding.Evidence) {
	note(m.state(r).signals, item, strength, ev)
}

func note(in map[uint16]*seen, item uint16, strength uint8, ev finding.Evidence) {
	if s := in[item]; s != nil {
		s.ev.Count = max(s.ev.Count, 1) + max(ev.Count, 1)
		return
	}
	in[item] = &seen{strength, ev}
}

// take deals with the postings of a key that was found outside code.
func (m *matcher) take(n int32, kind, value, content string, loc finding.Location, text fact.TextKind) {
	if n < 0 {
		return
	}
	for _, p := range m.x.posts(n) {
		m.takePosting(p, kind, value, content, loc, text)
	}
}

func (m *matcher) takePosting(p posting, kind, value, content string, loc finding.Location, text fact.TextKind) {
	if p.use == UseSignal {
		m.see(p.rule, p.item, p.strength(), finding.Evidence{Kind: kind, Value: value, Location: loc})
		return
	}
	if p.use == UseVersion && kind == "file" {
		return // what stands in the file tells; see fileVersion
	}
	m.hits = append(m.hits, Hit{
		Rule: int(p.rule), Use: p.use, Item: int(p.item), Ref: value, Value: content,
		Unit: -1, Location: loc, Text: text,
	})
}

const manifestUnit = "AndroidManifest.xml"

func (m *matcher) manifest() {
	mf := &m.set.App.Manifest
	loc := finding.Location{Unit: manifestUnit}
	meta := func(list []fact.MetaData, loc finding.Location) {
		for _, d := range list {
			m.take(m.x.get(spMetaData, d.Name), "meta-data", d.Name, d.Value, loc, "")
		}
	}
	meta(mf.MetaData, loc)
	for i := range mf.Components {
		c := &mf.Components[i]
		loc := finding.Location{Unit: cmp.Or(c.Unit, manifestUnit)}
		var sp space
		switch c.Kind {
		case fact.Activity, fact.ActivityAlias:
			sp = spActivity
		case fact.Service:
			sp = spService
		case fact.Receiver:
			sp = spReceiver
		case fact.Provider:
			sp = spProvider
		default:
			continue
		}
		names := []string{c.Name}
		if c.Kind == fact.ActivityAlias && c.Target != "" && c.Target != c.Name {
			names = append(names, c.Target)
		}
		enabled := "true"
		if !c.Enabled {
			enabled = "false"
		}
		for _, name := range names {
			m.take(m.x.get(sp, name), string(c.Kind), name, "", loc, "")
			m.take(m.x.get(spComponent, name), string(c.Kind), name, enabled, loc, "")
		}
		for _, a := range c.Authorities {
			m.pattern(spAuthority, "authority", a, loc)
		}
		for _, a := range c.Actions {
			m.pattern(spAction, "action", a, loc)
		}
		meta(c.MetaData, loc)
	}
	for _, p := range mf.Permissions {
		m.pattern(spPermission, "permission", p.Name, loc)
	}
	for _, p := range mf.DeclaredPermissions {
		m.pattern(spPermission, "permission", p, loc)
	}
	for _, a := range mf.QueriesActions {
		m.pattern(spAction, "action", a, loc)
	}
	for _, l := range mf.UsesLibraries {
		m.take(m.x.get(spUsesLibrary, l), "uses-library", l, "", loc, "")
	}
	for _, l := range mf.StaticLibraries {
		m.take(m.x.get(spUsesLibrary, l), "uses-library", l, "", loc, "")
	}
}

// pattern looks up a name whose beginning may be the application id: "*" in a
// rule stands for it. As the manifest's package can differ from the id that
// the build used, anything before a dot is taken for it.
func (m *matcher) pattern(sp space, kind, name string, loc finding.Location) {
	m.take(m.x.get(sp, name), kind, name, "", loc, "")
	pkg := m.set.App.Manifest.Package
	if rest, ok := strings.CutPrefix(name, pkg); ok && pkg != "" && rest != "" && rest[0] != '.' {
		m.take(m.x.get(sp, "*"+rest), kind, name, "", loc, "")
	}
	for i := 1; i < len(name); i++ {
		if name[i] == '.' {
			m.take(m.x.get(sp, "*"+name[i:]), kind, name, "", loc, "")
		}
	}
}

// inner returns the path of a file inside the innermost archive, as Android
// would see it: without the folder of a bundle's module.
func inner(unit string) string {
	p := unit[strings.LastIndexByte(unit, '!')+1:]
	if _, rest, ok := strings.Cut(p, "/"); ok {
		if strings.HasPrefix(rest, "assets/") || strings.HasPrefix(rest, "lib/") {
			return rest
		}
		if r, ok := strings.CutPrefix(rest, "root/"); ok {
			return r
		}
	}
	return p
}

func (m *matcher) files() {
	app := &m.set.App
	modules := map[fact.Module]bool{}
	for _, mod := range app.Modules {
		m.module(mod.Kind, mod.Name, finding.Location{Unit: mod.Unit})
		modules[fact.Module{Kind: mod.Kind, Name: mod.Name}] = true
	}
	libs := map[string]bool{}
	for i := range app.Libs {
		l := &app.Libs[i]
		libs[l.Unit] = true
		loc := finding.Location{Unit: l.Unit}
		m.native(l.Name, loc)
		if l.BuildID != "" {
			m.take(m.x.get(spBuildID, l.BuildID), "build-id", l.BuildID, "", loc, "")
		}
		if !m.x.has(spSymbol) && !m.x.has(spSymbolPrefix) {
			continue
		}
		for _, s := range l.Symbols {
			m.take(m.x.get(spSymbol, s), "symbol", s, "", loc, "")
			if m.x.mayStart(spSymbolPrefix, s) {
				m.x.prefixes(spSymbolPrefix, s, func(n int32) { m.take(n, "symbol", s, "", loc, "") })
			}
		}
	}
	for i := range app.Files {
		unit := app.Files[i].Unit
		p := inner(unit)
		loc := finding.Location{Unit: unit}
		m.take(m.x.get(spFile, p), "file", p, "", loc, "")
		if m.x.mayStart(spFilePrefix, p) {
			m.x.prefixes(spFilePrefix, p, func(n int32) { m.take(n, "file", p, "", loc, "") })
		}
		base := p[strings.LastIndexByte(p, '/')+1:]
		switch {
		case strings.HasSuffix(base, ".so"):
			if !libs[unit] {
				m.native(base, loc)
			}
		case strings.HasSuffix(base, ".dll"):
			if name := strings.TrimSuffix(base, ".dll"); !modules[fact.Module{Kind: fact.ModuleUnity, Name: name}] {
				m.module(fact.ModuleUnity, name, loc)
			}
		default:
			if rest, ok := strings.CutPrefix(p, "META-INF/maven/"); ok && base == "pom.properties" {
				if parts := strings.Split(rest, "/"); len(parts) == 3 {
					m.module(fact.ModuleMaven, parts[0]+":"+parts[1], loc)
				}
			}
		}
	}
}

func (m *matcher) module(kind fact.ModuleKind, name string, loc finding.Location) {
	m.take(m.x.get(spModule, string(kind)+":"+name), string(kind), name, "", loc, "")
}

func (m *matcher) native(name string, loc finding.Location) {
	m.take(m.x.get(spNative, name), "native", name, "", loc, "")
	stem, ok := strings.CutSuffix(name, ".so")
	if !ok {
		return
	}
	m.x.prefixes(spNativePrefix, stem, func(n int32) { m.take(n, "native", name, "", loc, "") })
	m.x.prefixes(spNativeSuffix, reverse(stem), func(n int32) { m.take(n, "native", name, "", loc, "") })
}

// texts goes over the strings outside code.
func (m *matcher) texts(watch func(*fact.Text)) {
	if m.set.Texts == nil || watch == nil && !m.x.readsText() && !m.x.has(spResource) && !m.x.has(spFile) && !m.x.has(spPackage) {
		return
	}
	finder := m.finder
	finder.Text = true
	lits := literals{m: m}
	unit, versions := "", []posting(nil)
	n := 0
	for t := range m.set.Texts() {
		if n++; n&0xfff == 0 && m.ctx.Err() != nil {
			return
		}
		if watch != nil {
			watch(&t)
		}
		loc := finding.Location{Unit: t.Unit}
		if t.Off >= 0 {
			off := t.Off
			loc.Offset = &off
		}
		if t.Kind == fact.TextResource && t.Name != "" {
			name := t.Name[strings.LastIndexByte(t.Name, ':')+1:]
			if strings.IndexByte(name, '/') < 0 {
				name = "string/" + name
			}
			m.take(m.x.get(spResource, name), "resource", name, t.Value, loc, t.Kind)
		}
		if t.Kind == fact.TextNative {
			m.nativeText(t.Value, t.Unit)
		}
		if t.Unit != unit {
			unit, versions = t.Unit, nil
			if n := m.x.get(spFile, inner(unit)); n >= 0 {
				for _, p := range m.x.posts(n) {
					if p.use == UseVersion {
						versions = append(versions, p)
					}
				}
			}
		}
		for _, p := range versions {
			m.fileVersion(p, &t, loc)
		}
		f := finder
		if t.Kind != fact.TextNative && t.Kind != fact.TextAsset && t.Kind != fact.TextScript {
			f.Text = false
		}
		lits.find(f, t.Value, fact.GistAny, func(p posting, kind, value string) {
			m.takePosting(p, kind, value, "", loc, t.Kind)
		})
	}
}

// fileVersion reads a version from a line of a file that a rule names: the
// property Key of it, or the whole line if there is no key.
func (m *matcher) fileVersion(p posting, t *fact.Text, loc finding.Location) {
	clue := &m.c.sdk(p.rule).Version[p.item]
	value := strings.TrimSpace(t.Value)
	if clue.Key != "" {
		k, v, ok := strings.Cut(value, "=")
		if !ok {
			k, v, ok = strings.Cut(value, ":")
		}
		if !ok || strings.TrimSpace(k) != clue.Key {
			return
		}
		value = strings.TrimSpace(v)
	}
	if value == "" || len(value) > 100 {
		return
	}
	m.hits = append(m.hits, Hit{
		Rule: int(p.rule), Use: UseVersion, Item: int(p.item), Ref: clue.File, Value: value,
		Unit: -1, Location: loc, Text: t.Kind,
	})
}

// literals looks for what rules name in one string after another.
type literals struct {
	m     *matcher
	found []endpoint.Endpoint // reused
}

// find calls yield for each posting that the string, which has those bytes,
// satisfies. The kind is "string" or "endpoint".
func (l *literals) find(f endpoint.Finder, s string, gist fact.Gist, yield func(p posting, kind, value string)) {
	x := l.m.x
	if x.mayBe(spString, s) {
		if n := x.get(spString, s); n >= 0 {
			for _, p := range x.posts(n) {
				yield(p, "string", s)
			}
		}
	}
	if x.mayStart(spStringPrefix, s) {
		x.prefixes(spStringPrefix, s, func(n int32) {
			for _, p := range x.posts(n) {
				if p.flags&flagWord == 0 || endsWord(s, x.key(n)) {
					yield(p, "string", s)
				}
			}
		})
	}
	if gist&(fact.GistDot|fact.GistColon) != 0 && l.mayName(s) {
		l.found = f.Append(l.found[:0], s)
		for i := range l.found {
			l.endpoint(&l.found[i], yield)
		}
	}
	if l.m.c.hasPaths && len(s) > 1 && s[0] == '/' && s[1] != '/' {
		l.path(s, s, yield)
	}
}

// readsText reports whether rules name anything that stands in strings.
func (x *index) readsText() bool {
	return x.has(spString) || x.has(spStringPrefix) || x.has(spHost) || x.has(spPath)
}

// endsWord reports whether prefix ends at a word in s.
func endsWord(s, prefix string) bool {
	if len(s) == len(prefix) {
		return true
	}
	return !isWordByte(s[len(prefix)]) || !isWordByte(prefix[len(prefix)-1])
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// mayName reports whether s holds a host with a signal, or a URL where rules
// know paths without hosts. It is a filter: endpoint.Finder decides.
func (l *literals) mayName(s string) bool {
	x := l.m.x
	for low := 0; low < len(s); {
		dot := strings.IndexByte(s[low:], '.')
		if dot < 0 {
			break
		}
		// The run of host characters around the dot.
		end := low + dot + 1
		for end < len(s) && isHostByte(s[end]) {
			end++
		}
		stop := end
		for stop > low && s[stop-1] == '.' {
			stop--
		}
		start := low + dot
		for start > low && isHostByte(s[start-1]) {
			start--
		}
		if l.hostSignal(x, s[start:stop]) {
			return true
		}
		low = end
	}
	return l.m.c.hasPaths && strings.Contains(s, "://")
}

func isHostByte(c byte) bool {
	return c == '.' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// hostSignal reports whether a signal names host or one above it. The last
// label alone refuses nearly everything that is a class or a file.
func (l *literals) hostSignal(x *index, host string) bool {
	if len(host) > 253 {
		host = host[len(host)-253:]
	}
	var label [16]byte
	tld := host[strings.LastIndexByte(host, '.')+1:]
	if tld == "" || len(tld) > len(label) {
		return false
	}
	for i := range len(tld) {
		c := tld[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		label[i] = c
	}
	if lookup(x, spHost, label[:len(tld)]) < 0 {
		return false
	}
	found := false
	x.walkHost(strings.ToLower(host), func(n int32) {
		for _, p := range x.posts(n) {
			found = found || p.use == UseSignal
		}
	})
	return found
}

// endpoint checks the signals whose host or path the endpoint has.
func (l *literals) endpoint(e *endpoint.Endpoint, yield func(p posting, kind, value string)) {
	host := strings.TrimPrefix(e.Host, "*.")
	l.m.x.walkHost(host, func(n int32) {
		for _, p := range l.m.x.posts(n) {
			if p.use != UseSignal {
				continue
			}
			if p.flags&flagHostOnly == 0 {
				want := l.m.c.sdk(p.rule).Signals[p.item].Endpoint
				if !pathMatches(e.Path, want) {
					continue
				}
			}
			yield(p, "endpoint", e.Value)
		}
	})
	if l.m.c.hasPaths {
		l.path(e.Path, e.Value, yield)
	}
}

func (l *literals) path(path, value string, yield func(p posting, kind, value string)) {
	if len(path) < 2 || path[0] != '/' {
		return
	}
	seg := path
	if i := strings.IndexAny(path[1:], "/?#"); i >= 0 {
		seg = path[:1+i]
	}
	n := l.m.x.get(spPath, seg)
	if n < 0 {
		return
	}
	for _, p := range l.m.x.posts(n) {
		if pathMatches(path, l.m.c.sdk(p.rule).Signals[p.item].Endpoint) {
			yield(p, "endpoint", value)
		}
	}
}

// pathMatches reports whether a path with query and fragment is what a rule
// wants: its path at a segment, and all of its query keys.
func pathMatches(path string, want *rule.Endpoint) bool {
	path, _, _ = strings.Cut(path, "#")
	path, query, _ := strings.Cut(path, "?")
	if want.Path != "" && !under(path, want.Path) {
		return false
	}
	for _, key := range want.Query {
		found := false
		for part := range strings.SplitSeq(query, "&") {
			k, _, _ := strings.Cut(part, "=")
			found = found || k == key
		}
		if !found {
			return false
		}
	}
	return true
}

// code turns the counts of types below prefixes into signals.
func (m *matcher) code(stats map[int32]*nodeStat) {
	order := make([]int32, 0, len(stats))
	for n := range stats {
		order = append(order, n)
	}
	slices.Sort(order)
	for _, n := range order {
		s := stats[n]
		// What stands at or below an exclusive prefix of another rule does not
		// speak for the shorter ones.
		var exclusive []uint32
		for at := n; at >= 0; at = m.x.nodes[at].parent {
			posts := m.x.posts(at)
			for _, p := range posts {
				if p.use != UseSignal {
					continue
				}
				if len(exclusive) > 0 && !slices.Contains(exclusive, p.rule) {
					continue
				}
				defined, referenced := s.defined, s.referenced
				define, name := s.firstDefined, s.firstReferenced
				if p.flags&flagClass != 0 {
					if at != n {
						continue
					}
					defined, referenced = s.exactDefined, s.exactReferenced
					class := "L" + m.x.key(n) + ";"
					define, name = typeRef{s.exactDefinedIn, class}, typeRef{s.exactNamedIn, class}
				}
				switch {
				case defined > 0:
					m.see(p.rule, p.item, p.strength(), finding.Evidence{Kind: "class", Count: defined, Value: define.name, Location: define.location()})
				case referenced > 0:
					ev := finding.Evidence{Kind: "class-ref", Count: referenced, Value: name.name, Location: name.location()}
					if p.flags&flagRef != 0 {
						m.see(p.rule, p.item, p.strength(), ev)
					} else {
						note(m.state(p.rule).refs, p.item, p.strength(), ev)
					}
				}
			}
			for _, p := range posts {
				if p.use == UseSignal && p.flags&flagExclusive != 0 && (p.flags&flagClass == 0 || at == n && s.exactDefined > 0) && !slices.Contains(exclusive, p.rule) {
					exclusive = append(exclusive, p.rule)
				}
			}
		}
	}
}

// judge decides which rules are held and who owns which code.
func (m *matcher) judge(out *Matches, stats map[int32]*nodeStat) {
	order := make([]uint32, 0, len(m.rules))
	for r := range m.rules {
		order = append(order, r)
	}
	slices.Sort(order)
	held := map[uint32]int{} // rule → index into out.SDKs
	for _, r := range order {
		st := m.rules[r]
		sdk := m.c.sdk(r)
		match := SDKMatch{Rule: int(r), SDK: sdk}
		match.Signals = collect(sdk, st.signals)
		for item := range st.signals {
			delete(st.refs, item) // classes of the same prefix are defined
		}
		match.References = collect(sdk, st.refs)
		if sdk.When != nil {
			match.Held = Evaluate(sdk, sdk.When, func(signal int) bool { return st.signals[uint16(signal)] != nil })
		} else {
			match.Held = defaultHolds(sdk, st.signals)
		}
		if match.Held {
			held[r] = len(out.SDKs)
		}
		out.SDKs = append(out.SDKs, match)
	}

	out.owners = map[int32]int32{}
	isHeld := func(r uint32) bool { _, ok := held[r]; return ok }
	decided := map[int32]bool{}
	nodes := make([]int32, 0, len(stats))
	for n := range stats {
		nodes = append(nodes, n)
	}
	slices.Sort(nodes)
	for _, n := range nodes {
		for at := n; at >= 0 && !decided[at]; at = m.x.nodes[at].parent {
			decided[at] = true
			if p, ok := m.x.owner(at, isHeld); ok {
				out.owners[at] = int32(p.rule)
			}
		}
		for at := n; at >= 0; at = m.x.nodes[at].parent {
			r, ok := out.owners[at]
			if !ok {
				continue
			}
			match := &out.SDKs[held[uint32(r)]]
			match.Classes += stats[n].defined
			for p := range stats[n].packages {
				match.Packages = append(match.Packages, strings.ReplaceAll(p, "/", "."))
			}
			break
		}
	}
	for i := range out.SDKs {
		slices.Sort(out.SDKs[i].Packages)
		out.SDKs[i].Packages = slices.Compact(out.SDKs[i].Packages)
	}
}

func collect(sdk *rule.SDK, in map[uint16]*seen) []SignalMatch {
	var out []SignalMatch
	for item, s := range in {
		sig := &sdk.Signals[item]
		ev := s.ev
		ev.Signal, ev.Strength = sig.Text(), sig.EffectiveStrength()
		if ev.Count == 1 {
			ev.Count = 0
		}
		out = append(out, SignalMatch{Item: int(item), Evidence: ev})
	}
	slices.SortFunc(out, func(a, b SignalMatch) int { return cmp.Compare(a.Item, b.Item) })
	return out
}

// defaultHolds is the condition of a rule without when: one strong signal, or
// two weak ones of different kinds.
func defaultHolds(sdk *rule.SDK, signals map[uint16]*seen) bool {
	weak := ""
	for item, s := range signals {
		switch s.strength {
		case strengthStrong:
			return true
		case strengthWeak:
			t := sdk.Signals[item].Type()
			if weak != "" && weak != t {
				return true
			}
			weak = t
		}
	}
	return false
}

// Evaluate says whether a condition holds. holds tells it of each signal, by
// its index into sdk.Signals.
func Evaluate(sdk *rule.SDK, w *rule.When, holds func(signal int) bool) bool {
	count := func(list []rule.When) int {
		n := 0
		for i := range list {
			if Evaluate(sdk, &list[i], holds) {
				n++
			}
		}
		return n
	}
	switch {
	case w.Signal > 0:
		return w.Signal <= len(sdk.Signals) && holds(w.Signal-1)
	case w.All != nil:
		return count(w.All) == len(w.All)
	case w.Any != nil:
		return count(w.Any) >= max(1, w.AtLeast)
	case w.None != nil:
		return count(w.None) == 0
	}
	return false
}
