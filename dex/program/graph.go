package program

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// EdgeKind says how sure an edge of the graph is. The numbers are those of
// signatures/fact.
type EdgeKind uint8

// The kinds of edge; see the package's documentation.
const (
	EdgeDirect EdgeKind = iota
	EdgeVirtual
	EdgeCallback
	EdgeReflective
	EdgeUnresolved
	numEdgeKinds
)

// String returns the name of the kind.
func (k EdgeKind) String() string {
	return [...]string{"direct", "virtual", "callback", "reflective", "unresolved", "invalid"}[min(k, numEdgeKinds)]
}

// Edge says that From may run To, and where it stands: instruction PC of body
// Body of unit Unit.
type Edge struct {
	From, To MethodID
	Kind     EdgeKind
	Unit     int
	Body     int
	PC       uint32
}

// member names a method without a number in the tables.
type member struct{ class, name, proto string }

// graph holds the calls as they stand in the code; what else may run because of
// them is kept per named method, so that its size is linear in that of the code.
type graph struct {
	t *tables

	// Calls of body b (over all units) are those from callOff[b] to callOff[b+1].
	callOff  []uint32
	callTo   []uint32 // the method named
	callPC   []uint32
	callKind []RefKind

	// Edges without a call of that name: callbacks and reflection, by body.
	extraOff []uint32
	extra    []extraEdge

	// App classes that a body makes objects of, and where it does so first.
	newOff []uint32
	newVal []uint32
	newPC  []uint32

	callers   rows // method named -> calls
	bodies    rows // method -> bodies
	overrides rows // method named -> methods that override it
	overrode  rows // method -> methods named that it overrides
	aliases   rows // method -> other methods that resolve to it
	extraIn   rows // method -> positions in extra

	ext      []member // methods numbered behind those of the tables
	extIndex map[member]int

	created   []bool // classes that some code makes objects of
	mentioned []bool // classes that some code names as a constant

	truncated bool
	maxWork   int // 0 stands for the constant
}

type extraEdge struct {
	body uint32
	pc   uint32
	to   MethodID
	kind EdgeKind
}

// dispatches reports whether a call of that kind runs the method of the
// receiver's own class.
func (k RefKind) dispatches() bool { return k == RefCallVirtual || k == RefCallInterface }

func (g *graph) build(units []Unit, t *tables) {
	g.t = t
	g.extIndex = map[member]int{}
	s := newScan(g, units)
	s.run()
	g.callers = invert(t.numMethods(), g.callTo)

	keys, val := make([]uint32, 0, len(t.bodyMethod)), make([]uint32, 0, len(t.bodyMethod))
	for b, m := range t.bodyMethod {
		if m != NoMethod {
			keys, val = append(keys, uint32(m)), append(val, uint32(b))
		}
	}
	g.bodies = group(t.numMethods(), keys, val)
	keys, val = keys[:0], val[:0]
	for m, r := range t.resolved {
		if MethodID(m) != r {
			keys, val = append(keys, uint32(r)), append(val, uint32(m))
		}
	}
	g.aliases = group(t.numMethods(), keys, val)
	g.findOverrides()
	s.finish()

	g.sortExtra()
	to := make([]uint32, len(g.extra))
	for i, e := range g.extra {
		to[i] = uint32(e.to)
	}
	g.extraIn = invert(t.numMethods()+len(g.ext), to)
}

// sortExtra puts the other edges in the order of the code, each once.
func (g *graph) sortExtra() {
	body := make([]uint32, len(g.extra))
	for i, e := range g.extra {
		body[i] = e.body
	}
	by := invert(len(g.t.bodyMethod), body)
	sorted := make([]extraEdge, 0, len(g.extra))
	g.extraOff = make([]uint32, 1, len(g.t.bodyMethod)+1)
	for b := range g.t.bodyMethod {
		start := len(sorted)
		for _, i := range by.row(uint32(b)) {
			sorted = append(sorted, g.extra[i])
		}
		row := sorted[start:]
		if len(row) > 1 {
			slices.SortFunc(row, func(a, b extraEdge) int {
				return cmp.Or(cmp.Compare(a.pc, b.pc), cmp.Compare(a.kind, b.kind), cmp.Compare(a.to, b.to))
			})
			sorted = sorted[:start+len(slices.Compact(row))]
		}
		g.extraOff = append(g.extraOff, uint32(len(sorted)))
	}
	g.extra = sorted
}

// number returns the number of a method that may be named nowhere.
func (g *graph) number(m member) MethodID {
	if id := g.t.lookup(m.class, m.name, m.proto); id != NoMethod {
		return id
	}
	i, ok := g.extIndex[m]
	if !ok {
		i = len(g.ext)
		g.ext = append(g.ext, m)
		g.extIndex[m] = i
	}
	return MethodID(g.t.numMethods() + i)
}

// findOverrides collects, for each method that is called by dispatch, those
// that may run in its place.
func (g *graph) findOverrides() {
	t := g.t
	called := make([]bool, t.numMethods())
	// Which methods of a class are called, by six bits of a hash of their
	// signatures: most of what is looked for is not there.
	calledOf := make([]uint64, len(t.super))
	bit := func(s signature) uint64 { return 1 << (uint64(s) * t.protos.factor >> 58) }
	for i, m := range g.callTo {
		if g.callKind[i].dispatches() && !called[m] {
			called[m] = true
			calledOf[t.class(MethodID(m))] |= bit(t.sig(MethodID(m)))
		}
	}
	found := newPairs(max(1<<10, t.numMethods()/8))
	work := 0
	for c := range t.super {
		k := ClassID(c)
		if !t.isApp(k) {
			continue
		}
		above := t.supers(k)
		for _, x := range t.classMethods.row(uint32(c)) {
			m := MethodID(x)
			if !t.isDefined(m) || t.mFlags[m]&(accStatic|accPrivate) != 0 {
				continue
			}
			b := bit(t.sig(m))
			if work += len(above); work > maxOverrideWork || len(found.a) > maxOverrides {
				g.truncated = true
				break
			}
			for _, s := range above {
				if ClassID(s) == t.object || calledOf[s]&b == 0 {
					continue
				}
				if d := t.find(ClassID(s), t.sig(m)); d != NoMethod && called[d] {
					found.intern(uint32(d), uint32(m))
				}
			}
		}
		// What an inherited method does for an interface that only this class adds.
		if up := t.super[k]; up != NoClass && t.isApp(up) && t.cFlags[c]&accInterface == 0 && len(t.ifaces.row(uint32(c))) > 0 {
			for _, s := range above {
				if t.cFlags[s]&accInterface == 0 || t.isA(up, ClassID(s)) {
					continue
				}
				for _, x := range t.classMethods.row(s) {
					if work++; work > maxOverrideWork || len(found.a) > maxOverrides {
						g.truncated = true
						break
					}
					if !called[x] {
						continue
					}
					if d := t.find(k, t.sig(MethodID(x))); d != NoMethod && t.isDefined(d) {
						continue
					}
					if d := g.inherited(up, t.sig(MethodID(x))); d != NoMethod {
						found.intern(x, uint32(d))
					}
				}
			}
		}
	}
	g.overrides = group(t.numMethods(), found.a, found.b)
	g.overrode = group(t.numMethods(), found.b, found.a)
}

// inherited returns the method that class c has or inherits from a class of
// the app.
func (g *graph) inherited(c ClassID, sig signature) MethodID {
	t := g.t
	for steps := 0; steps < maxSupers && c != NoClass && t.isApp(c); steps++ {
		if d := t.find(c, sig); d != NoMethod && t.isDefined(d) && t.mFlags[d]&(accStatic|accPrivate) == 0 {
			return d
		}
		c = t.super[c]
	}
	return NoMethod
}

// unitOf splits the number of a body over all units.
func (g *graph) unitOf(body uint32) (unit, in int) {
	u := sort.SearchInts(g.t.bodyBase, int(body)+1) - 1
	return u, int(body) - g.t.bodyBase[u]
}

// bodyOf returns the body that holds call i.
func (g *graph) bodyOf(call uint32) uint32 {
	return uint32(sort.Search(len(g.callOff), func(b int) bool { return g.callOff[b] > call }) - 1)
}

// callEdge returns the edge that call i stands for, overrides left aside.
func (g *graph) callEdge(i uint32, body uint32) Edge {
	t := g.t
	u, b := g.unitOf(body)
	e := Edge{From: t.bodyMethod[body], To: t.resolved[g.callTo[i]], Unit: u, Body: b, PC: g.callPC[i]}
	switch {
	case g.callKind[i] == RefCallDynamic || g.callKind[i] == RefHandle:
		e.Kind = EdgeCallback
	case !t.isDefined(e.To):
		e.Kind = EdgeUnresolved
	}
	return e
}

func (g *graph) extraEdge(i uint32) Edge {
	x := g.extra[i]
	u, b := g.unitOf(x.body)
	return Edge{From: g.t.bodyMethod[x.body], To: x.to, Kind: x.kind, Unit: u, Body: b, PC: x.pc}
}

// Callees yields the edges from m: for each body the calls in the order of the
// code, each followed by the overrides that it may run instead, then callbacks
// and reflection.
func (p *Program) Callees(m MethodID) iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		g := p.graph()
		if int64(m) >= int64(g.t.numMethods()) {
			return
		}
		for _, body := range g.bodies.row(uint32(m)) {
			for i := g.callOff[body]; i < g.callOff[body+1]; i++ {
				e := g.callEdge(i, body)
				if !yield(e) {
					return
				}
				if !g.callKind[i].dispatches() {
					continue
				}
				direct := e.To
				e.Kind = EdgeVirtual
				for _, o := range g.overrides.row(g.callTo[i]) {
					if e.To = MethodID(o); e.To != direct && !yield(e) {
						return
					}
				}
			}
			for i := g.extraOff[body]; i < g.extraOff[body+1]; i++ {
				if !yield(g.extraEdge(i)) {
					return
				}
			}
		}
	}
}

// Callers yields the edges to m: calls that name it or are resolved to it, then
// those that name a method that it overrides, then callbacks and reflection; each
// group in the order of the code. For a method that is no more than another name of the one that is run, the calls by
// that name.
func (p *Program) Callers(m MethodID) iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		g := p.graph()
		n := g.t.numMethods()
		if int64(m) >= int64(n+len(g.ext)) {
			return
		}
		if int(m) < n {
			named := append([]uint32{uint32(m)}, g.aliases.row(uint32(m))...)
			for _, d := range named {
				for _, i := range g.callers.row(d) {
					if e := g.callEdge(i, g.bodyOf(i)); e.From != NoMethod && !yield(e) {
						return
					}
				}
			}
			for _, d := range g.overrode.row(uint32(m)) {
				if g.t.resolved[d] == m {
					continue
				}
				for _, i := range g.callers.row(d) {
					if !g.callKind[i].dispatches() {
						continue
					}
					e := g.callEdge(i, g.bodyOf(i))
					e.To, e.Kind = m, EdgeVirtual
					if e.From != NoMethod && !yield(e) {
						return
					}
				}
			}
		}
		for _, i := range g.extraIn.row(uint32(m)) {
			if e := g.extraEdge(i); e.From != NoMethod && !yield(e) {
				return
			}
		}
	}
}

// Overrides yields the methods that may run in the place of m if it is called
// by dispatch: those of subclasses of the class that m is named with. It is
// empty for methods that no code calls so.
func (p *Program) Overrides(m MethodID) iter.Seq[MethodID] {
	return func(yield func(MethodID) bool) {
		g := p.graph()
		if int64(m) >= int64(g.t.numMethods()) {
			return
		}
		for _, o := range g.overrides.row(uint32(m)) {
			if !yield(MethodID(o)) {
				return
			}
		}
	}
}

// EntryPoints returns the methods through which the framework may enter an
// object of class c that it created itself, because the manifest or a layout
// names the class, say: its static initialiser, its constructor, and what it has
// or inherits from classes of the app of the life cycle (onCreate, onReceive,
// doInBackground, query …). The order is that of the numbers.
func (p *Program) EntryPoints(c ClassID) []MethodID {
	return p.tables().entryPoints(c)
}

func (t *tables) entryPoints(c ClassID) []MethodID {
	var out []MethodID
	seen := map[signature]bool{}
	first := true
	for steps := 0; steps < maxSupers && c != NoClass && t.isApp(c); steps++ {
		for _, x := range t.classMethods.row(uint32(c)) {
			m := MethodID(x)
			if !t.isDefined(m) {
				continue
			}
			name := t.name(m)
			switch {
			case name == "<clinit>":
				out = append(out, m)
			case name == "<init>":
				// Components, workers and views each have constructors of their own shape.
				if first {
					out = append(out, m)
				}
			case t.mFlags[m]&(accStatic|accPrivate) == 0 && !seen[t.sig(m)] && isLifeCycle(name):
				seen[t.sig(m)] = true
				out = append(out, m)
			}
		}
		first = false
		c = t.super[c]
	}
	slices.Sort(out)
	return out
}

func isLifeCycle(name string) bool {
	if len(name) > 2 && strings.HasPrefix(name, "on") && name[2] >= 'A' && name[2] <= 'Z' {
		return true
	}
	return lifeCycle[name]
}
