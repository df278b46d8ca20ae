package signatures

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// typeRef names one type of a unit.
type typeRef struct {
	unit string
	name string // descriptor
}

func (t typeRef) location() finding.Location {
	return finding.Location{Unit: t.unit, Class: t.name}
}

// nodeStat counts the types whose deepest node is this one.
type nodeStat struct {
	defined, referenced           int
	exactDefined, exactReferenced int             // types that are the node's key itself
	firstDefined, firstReferenced typeRef         // by name
	exactDefinedIn, exactNamedIn  string          // units, of types that are the key itself
	packages                      map[string]bool // of defined classes, "com/foo"
}

// merge adds what a later unit has.
func (s *nodeStat) merge(t *nodeStat) {
	if s.defined == 0 {
		s.firstDefined = t.firstDefined
	}
	if s.referenced == 0 {
		s.firstReferenced = t.firstReferenced
	}
	s.exactDefinedIn = cmp.Or(s.exactDefinedIn, t.exactDefinedIn)
	s.exactNamedIn = cmp.Or(s.exactNamedIn, t.exactNamedIn)
	s.defined += t.defined
	s.referenced += t.referenced
	s.exactDefined += t.exactDefined
	s.exactReferenced += t.exactReferenced
	for p := range t.packages {
		if s.packages == nil {
			s.packages = map[string]bool{}
		}
		s.packages[p] = true
	}
}

// signalSeen is a signal that a unit satisfies.
type signalSeen struct {
	rule     uint32
	item     uint16
	strength uint8
	ev       finding.Evidence
}

// target is something in the tables of a unit that rules name.
type target struct {
	posts []posting
	kinds []string // of posts: "string" or "endpoint"; nil for members
	vals  []string // what was seen, of posts
	ref   string
	via   string
	sites []Site
}

// unitScan is the state and result of looking at one unit.
type unitScan struct {
	m     *matcher
	n     int
	u     fact.Unit
	name  string
	nodes []int32
	stats map[int32]*nodeStat

	names                    []uint64   // by string: whether some rule names a member so
	lines                    []*lineage // by type
	strings, methods, fields targets
	hits                     []Hit
	signals                  []signalSeen
}

// targets is a sparse table with a fast "no".
type targets struct {
	bits []uint64
	of   map[uint32]*target
}

func (t *targets) set(i uint32, n int, v *target) {
	if t.of == nil {
		t.of = map[uint32]*target{}
		t.bits = make([]uint64, (n+63)/64)
	}
	t.bits[i>>6] |= 1 << (i & 63)
	t.of[i] = v
}

func (t *targets) has(i uint32) bool {
	w := i >> 6
	return uint64(w) < uint64(len(t.bits)) && t.bits[w]&(1<<(i&63)) != 0
}

func (t *targets) sorted() []*target {
	idx := make([]uint32, 0, len(t.of))
	for i := range t.of {
		idx = append(idx, i)
	}
	slices.Sort(idx)
	out := make([]*target, len(idx))
	for j, i := range idx {
		out[j] = t.of[i]
	}
	return out
}

func (m *matcher) scanUnit(n int) *unitScan {
	s := &unitScan{m: m, n: n, u: m.set.Units[n], stats: map[int32]*nodeStat{}}
	s.name = s.u.Info().Name
	s.types()
	if m.ctx.Err() != nil {
		return s
	}
	s.classes()
	s.literals()
	return s
}

// finish goes over what the graph is asked about, and over the code.
func (s *unitScan) finish() {
	if s.m.ctx.Err() != nil {
		return
	}
	s.members()
	if s.m.ctx.Err() != nil {
		return
	}
	s.walk()
	s.emit()
}

// types finds the deepest node of each type. Neighbours mostly share their
// package, so that is looked up once for a run of them.
func (s *unitScan) types() {
	x := s.m.x
	num := s.u.NumTypes()
	s.nodes = make([]int32, num)
	last, lastNode, alive, valid := "", int32(-1), false, false
	for i := range num {
		s.nodes[i] = -1
		body := descriptorBody(s.u.Type(uint32(i)))
		if body == "" {
			continue
		}
		slash := strings.LastIndexByte(body, '/')
		pkg := body[:max(slash, 0)]
		if !valid || pkg != last {
			last, valid, lastNode, alive = pkg, true, -1, true
			for j := 1; j <= len(pkg) && alive; j++ {
				if j < len(pkg) && !isLabelEnd(pkg, j) {
					continue
				}
				n := x.get(spPackage, pkg[:j])
				if n < 0 {
					alive = false
					break
				}
				if x.nodes[n].postNum > 0 {
					lastNode = n
				}
				alive = x.nodes[n].inner
			}
		}
		node := lastNode
		if alive {
			for j := slash + 2; j <= len(body); j++ {
				if j < len(body) && !isLabelEnd(body, j) {
					continue
				}
				n := x.get(spPackage, body[:j])
				if n < 0 {
					break
				}
				if x.nodes[n].postNum > 0 {
					node = n
				}
				if !x.nodes[n].inner {
					break
				}
			}
		}
		s.nodes[i] = node
	}
}

func (s *unitScan) stat(n int32) *nodeStat {
	st := s.stats[n]
	if st == nil {
		st = &nodeStat{}
		s.stats[n] = st
	}
	return st
}

// classes counts definitions and references, and reads version constants.
func (s *unitScan) classes() {
	x, u := s.m.x, s.u
	versions := x.has(spDefined)
	defined := make([]uint64, (len(s.nodes)+63)/64)
	lastNode, lastPkg := int32(-1), ""
	for i := range u.NumClasses() {
		typ, _, _ := u.Class(i)
		if uint64(typ) >= uint64(len(s.nodes)) {
			continue
		}
		desc := u.Type(typ)
		if versions {
			if n := x.get(spDefined, desc); n >= 0 {
				s.versions(i, desc, x.posts(n))
			}
		}
		n := s.nodes[typ]
		if n < 0 || defined[typ>>6]&(1<<(typ&63)) != 0 {
			continue
		}
		defined[typ>>6] |= 1 << (typ & 63)
		st := s.stat(n)
		body := descriptorBody(desc)
		// By their bodies an outer class is before its inner ones.
		if st.defined == 0 || body < descriptorBody(st.firstDefined.name) {
			st.firstDefined = typeRef{s.name, desc}
		}
		st.defined++
		if len(body) == int(x.nodes[n].keyLen) {
			st.exactDefined++
			st.exactDefinedIn = s.name
		}
		pkg := body[:max(strings.LastIndexByte(body, '/'), 0)]
		if st.packages == nil {
			st.packages = map[string]bool{}
		}
		if n != lastNode || pkg != lastPkg {
			lastNode, lastPkg = n, pkg
			st.packages[pkg] = true
		}
	}
	for i, n := range s.nodes {
		if n < 0 || defined[i>>6]&(1<<(i&63)) != 0 {
			continue
		}
		st := s.stat(n)
		desc := u.Type(uint32(i))
		if st.referenced == 0 {
			st.firstReferenced = typeRef{s.name, strings.TrimLeft(desc, "[")}
		}
		st.referenced++
		if len(descriptorBody(desc)) == int(x.nodes[n].keyLen) {
			st.exactReferenced++
			st.exactNamedIn = s.name
		}
	}
}

// literals flags the strings that rules name, and those that are names of
// members which rules name.
func (s *unitScan) literals() {
	lits := literals{m: s.m}
	x := s.m.x
	if !x.readsText() && !x.has(spMemberName) {
		return
	}
	num := s.u.NumStrings()
	gists, _ := s.u.(fact.Gister)
	s.names = make([]uint64, (num+63)/64)
	for i := range num {
		if i&0xffff == 0xffff && s.m.ctx.Err() != nil {
			return
		}
		str := s.u.String(uint32(i))
		if str == "" {
			continue
		}
		if x.mayBe(spMemberName, str) && x.get(spMemberName, str) >= 0 {
			s.names[i>>6] |= 1 << (i & 63)
		}
		var t *target
		gist := fact.GistAny
		if gists != nil {
			gist = gists.StringGist(uint32(i))
		}
		lits.find(s.m.finder, str, gist, func(p posting, kind, value string) {
			if t == nil {
				t = &target{ref: str}
				s.strings.set(uint32(i), num, t)
			}
			t.posts = append(t.posts, p)
			t.kinds = append(t.kinds, kind)
			t.vals = append(t.vals, value)
		})
	}
}

// named reports whether some rule names a member that is called so.
func (s *unitScan) named(name uint32) bool {
	w := name >> 6
	return uint64(w) < uint64(len(s.names)) && s.names[w]&(1<<(name&63)) != 0
}

// members flags the methods and fields that rules name.
func (s *unitScan) members() {
	u := s.u
	if !s.m.x.has(spMember) {
		return
	}
	s.lines = make([]*lineage, u.NumTypes())
	var buf []byte
	num := u.NumMethods()
	for i := range num {
		class, name, proto := u.Method(uint32(i))
		if s.named(name) {
			if l := s.lineage(class); l != nil {
				buf = s.member(&s.methods, uint32(i), num, l, u.String(name), u.Proto(proto), buf)
			}
		}
	}
	num = u.NumFields()
	for i := range num {
		class, name, typ := u.Field(uint32(i))
		if s.named(name) {
			if l := s.lineage(class); l != nil {
				buf = s.member(&s.fields, uint32(i), num, l, u.String(name), ":"+u.Type(typ), buf)
			}
		}
	}
}

// member looks one member up by its class, then by the class's ancestors: a
// call of MyWebView.loadUrl is one of WebView.loadUrl, unless a class between
// them has a method of its own by that name.
func (s *unitScan) member(to *targets, i uint32, num int, l *lineage, name, proto string, buf []byte) []byte {
	x := s.m.x
	find := func(class string) []posting {
		buf = append(append(append(buf[:0], class...), "->"...), name...)
		var posts []posting
		if n := lookup(x, spMember, buf); n >= 0 {
			posts = x.posts(n)
		}
		buf = append(buf, proto...)
		if n := lookup(x, spMember, buf); n >= 0 {
			posts = append(slices.Clip(posts), x.posts(n)...)
		}
		return posts
	}
	if l.named {
		if posts := find(l.desc); len(posts) > 0 {
			to.set(i, num, &target{posts: posts, ref: l.desc + "->" + name + proto})
			return buf
		}
	}
	if name[0] == '<' {
		return buf // constructors are not inherited
	}
	for _, class := range s.ancestors(l) {
		if !strings.HasPrefix(proto, ":") && s.overridden(l.desc, class, name, proto) {
			break
		}
		if posts := find(class); len(posts) > 0 {
			to.set(i, num, &target{posts: posts, ref: l.desc + "->" + name + proto, via: class})
			break
		}
	}
	return buf
}

// lineage is a class with those of its ancestors that rules name members of,
// nearest first.
type lineage struct {
	desc      string
	named     bool // rules name members of the class itself
	asked     bool // ancestors are filled in
	ancestors []string
}

// lineage returns that of a type, nil if it is no class.
func (s *unitScan) lineage(typ uint32) *lineage {
	if uint64(typ) >= uint64(len(s.lines)) {
		return nil
	}
	l := s.lines[typ]
	if l == nil {
		l = &lineage{desc: s.u.Type(typ)}
		s.lines[typ] = l
		if descriptorBody(l.desc) == "" || l.desc[0] == '[' {
			l.asked = true
		} else {
			l.named = s.m.x.get(spMemberClass, l.desc) >= 0
		}
	}
	return l
}

func (s *unitScan) ancestors(l *lineage) []string {
	if !l.asked {
		l.asked = true
		if g := s.m.set.Graph; g != nil {
			for c := range g.Supers(l.desc) {
				if s.m.x.get(spMemberClass, c) >= 0 {
					l.ancestors = append(l.ancestors, c)
				}
			}
		}
	}
	return l.ancestors
}

// overridden reports whether desc, or a class between it and its ancestor,
// defines the method.
func (s *unitScan) overridden(desc, ancestor, name, proto string) bool {
	g := s.m.set.Graph
	has := func(c string) bool {
		id, ok := g.Lookup(c, name, proto)
		if !ok {
			return false
		}
		_, _, ok = g.Defined(id)
		return ok
	}
	if has(desc) {
		return true
	}
	for c := range g.Supers(desc) {
		if c == ancestor {
			return false
		}
		if has(c) {
			return true
		}
	}
	return false
}

// walk goes once over the references of all code and notes who uses a target.
func (s *unitScan) walk() {
	if s.strings.of == nil && s.methods.of == nil && s.fields.of == nil {
		return
	}
	refs := s.u.Refs()
	for bi, b := range s.u.Bodies() {
		if bi&0x3ff == 0x3ff && s.m.ctx.Err() != nil {
			return
		}
		first, end := uint64(b.RefFirst), uint64(b.RefEnd)
		if end > uint64(len(refs)) || first > end {
			continue
		}
		for i := range refs[first:end] {
			r := &refs[first+uint64(i)]
			var t *targets
			switch r.Kind {
			case fact.RefString:
				t = &s.strings
			case fact.RefCallVirtual, fact.RefCallSuper, fact.RefCallDirect, fact.RefCallStatic,
				fact.RefCallInterface, fact.RefCallPoly, fact.RefCallDynamic, fact.RefHandle:
				t = &s.methods
			case fact.RefFieldGet, fact.RefFieldPut:
				t = &s.fields
			default:
				continue
			}
			if t.has(r.Index) {
				to := t.of[r.Index]
				to.sites = append(to.sites, Site{Unit: s.n, Body: bi, PC: r.PC, Kind: r.Kind})
			}
		}
	}
	s.constants()
}

// constants looks for strings that no code loads among initial values of
// fields and in annotations. What is not there either is a name or a
// descriptor and no constant.
func (s *unitScan) constants() {
	missing := map[string]*target{}
	for _, t := range s.strings.of {
		if len(t.sites) == 0 {
			missing[t.ref] = t
		}
	}
	if len(missing) == 0 {
		return
	}
	bits := make([]uint64, len(s.strings.bits))
	for i, t := range s.strings.of {
		if missing[t.ref] != nil {
			bits[i>>6] |= 1 << (i & 63)
		}
	}
	for i := range fact.Holders(s.u, bits) {
		var visit func(v *fact.Value, depth int)
		visit = func(v *fact.Value, depth int) {
			if v.Kind == fact.String {
				if t := missing[v.S]; t != nil {
					t.sites = append(t.sites, Site{Unit: s.n, Body: -1, Class: i})
				}
			}
			if depth < 4 {
				for j := range v.Elems {
					visit(&v.Elems[j], depth+1)
				}
			}
		}
		for f := range s.u.ClassFields(i) {
			visit(&f.Const, 0)
		}
		for a := range s.u.ClassAnnotations(i) {
			visit(&a.Value, 0)
		}
	}
}

// emit turns targets into hits and signals.
func (s *unitScan) emit() {
	for _, t := range s.strings.sorted() {
		if len(t.sites) == 0 {
			continue
		}
		for i, p := range t.posts {
			s.give(p, t, t.kinds[i], t.vals[i])
		}
	}
	for _, set := range []*targets{&s.methods, &s.fields} {
		for _, t := range set.sorted() {
			for _, p := range t.posts {
				s.give(p, t, "member", t.ref)
			}
		}
	}
}

func (s *unitScan) give(p posting, t *target, kind, value string) {
	if p.use == UseSignal {
		ev := finding.Evidence{Kind: kind, Value: value, Count: len(t.sites), Location: finding.Location{Unit: s.name}}
		if len(t.sites) > 0 {
			ev.Location = Locate(s.m.set, t.sites[0])
			ev.DecodedVia = s.emulated(t.sites[0])
		}
		s.signals = append(s.signals, signalSeen{p.rule, p.item, p.strength(), ev})
		return
	}
	h := Hit{Rule: int(p.rule), Use: p.use, Item: int(p.item), Ref: value, Via: t.via, Unit: s.n, Sites: t.sites}
	if p.use == UseSource {
		if id, ok := s.m.c.Ref(h.Rule).(*rule.Identifier); ok && len(id.Sources[p.item].Args) > 0 {
			if h.Sites = s.withArgs(t.sites, id.Sources[p.item].Args); len(h.Sites) == 0 {
				return
			}
		}
	}
	if p.use == UseVersion { // a string that begins so; the version follows
		h.Value = strings.TrimPrefix(t.ref, s.m.c.sdk(p.rule).Version[p.item].Prefix)
		h.Location = Locate(s.m.set, t.sites[0])
	}
	s.hits = append(s.hits, h)
}

// emulated says by running what the string that a site loads was read, nothing
// if it stands in the file.
func (s *unitScan) emulated(at Site) []string {
	e, ok := s.u.(fact.Emulations)
	if !ok || at.Kind != fact.RefString {
		return nil
	}
	for t := range e.Emulated() {
		if t.Body == at.Body && t.PC == at.PC {
			return []string{"emulated " + t.Method}
		}
	}
	return nil
}

// withArgs keeps the calls whose arguments are known to be the constants that
// a rule wants.
func (s *unitScan) withArgs(sites []Site, want map[int]string) []Site {
	var out []Site
	for _, at := range sites {
		if !at.Kind.IsCall() {
			continue
		}
		args := s.u.Args(at.Body, at.PC)
		if at.Kind != fact.RefCallStatic && at.Kind != fact.RefCallDynamic && len(args) > 0 {
			args = args[1:] // the receiver does not count
		}
		ok := true
		for i, text := range want {
			ok = ok && i < len(args) && maybe(&args[i], text, 0)
		}
		if ok {
			out = append(out, at)
		}
	}
	return out
}

// maybe reports whether a value is, or may be, the constant: text as it is,
// numbers in decimal, classes as descriptors or dotted.
func maybe(v *fact.Value, text string, depth int) bool {
	if depth > 4 {
		return false
	}
	switch v.Kind {
	case fact.String:
		return v.S == text
	case fact.Int:
		return strconv.FormatInt(v.N, 10) == text
	case fact.Class:
		return v.S == text || dottedClass(v.S) == text
	case fact.OneOf:
		for i := range v.Elems {
			if maybe(&v.Elems[i], text, depth+1) {
				return true
			}
		}
	case fact.Concat:
		for i := range v.Elems {
			e := &v.Elems[i]
			if e.Kind != fact.String && e.Kind != fact.Int {
				return false
			}
			part := scalar(*e)
			if !strings.HasPrefix(text, part) {
				return false
			}
			text = text[len(part):]
		}
		return text == ""
	}
	return false
}

// Locate names the place of a site.
func Locate(set *fact.Set, at Site) finding.Location {
	if at.Unit < 0 || at.Unit >= len(set.Units) {
		return finding.Location{}
	}
	u := set.Units[at.Unit]
	loc := finding.Location{Unit: u.Info().Name}
	if at.Body < 0 {
		if at.Class < u.NumClasses() {
			typ, _, _ := u.Class(at.Class)
			loc.Class = u.Type(typ)
		}
		return loc
	}
	if bodies := u.Bodies(); at.Body < len(bodies) {
		b := bodies[at.Body]
		_, name, proto := u.Method(b.Method)
		off := int64(at.PC)
		loc.Class, loc.Method, loc.Offset = u.Type(b.Class), u.String(name)+u.Proto(proto), &off
	}
	return loc
}

// versions reads the constants of a class that tell a product's version.
func (s *unitScan) versions(class int, desc string, posts []posting) {
	u := s.u
	hit := func(p posting, ref, value string, loc finding.Location) {
		if value != "" && len(value) <= 100 {
			s.hits = append(s.hits, Hit{
				Rule: int(p.rule), Use: UseVersion, Item: int(p.item), Ref: ref, Value: value, Unit: s.n, Location: loc,
			})
		}
	}
	for _, p := range posts {
		clue := &s.m.c.sdk(p.rule).Version[p.item]
		if clue.Class != "" {
			hit(p, desc, clue.Class, finding.Location{Unit: s.name, Class: desc})
			continue
		}
		want, err := parseMember(cmp.Or(clue.Constant, clue.Method))
		if err != nil {
			continue
		}
		if clue.Constant != "" {
			for f := range u.ClassFields(class) {
				_, name, typ := u.Field(f.Field)
				if u.String(name) != want.name || want.proto != "" && want.proto != ":"+u.Type(typ) {
					continue
				}
				hit(p, desc+"->"+want.name+":"+u.Type(typ), scalar(f.Const), finding.Location{Unit: s.name, Class: desc})
			}
			continue
		}
		for md := range u.ClassMethods(class) {
			_, name, proto := u.Method(md.Method)
			if u.String(name) != want.name || want.proto != "" && want.proto != u.Proto(proto) {
				continue
			}
			bodies := u.Bodies()
			if md.Body < 0 || md.Body >= len(bodies) {
				continue
			}
			b := bodies[md.Body]
			// "const-string; return-object": one reference, nothing else.
			if b.Insns > 2 || b.RefEnd != b.RefFirst+1 || uint64(b.RefEnd) > uint64(len(u.Refs())) {
				continue
			}
			if r := u.Refs()[b.RefFirst]; r.Kind == fact.RefString {
				off := int64(r.PC)
				hit(p, desc+"->"+want.name+u.Proto(proto), u.String(r.Index),
					finding.Location{Unit: s.name, Class: desc, Method: want.name + u.Proto(proto), Offset: &off})
			}
		}
	}
}

// scalar renders a constant as text, "" if it is none.
func scalar(v fact.Value) string {
	switch v.Kind {
	case fact.String:
		return v.S
	case fact.Int:
		return strconv.FormatInt(v.N, 10)
	}
	return ""
}
