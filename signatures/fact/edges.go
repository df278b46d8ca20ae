package fact

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// A call graph has far more edges than calls: one call of Runnable.run may run
// thousands of methods. But what a call may run depends on the method that it
// names and on the kind of call, so a frozen graph holds that once for each,
// and each body's other edges by themselves. Methods whose edges do not follow
// from these tables have them written out.

// callKey is what the edges of a call depend on.
type callKey struct {
	named MethodID
	kind  RefKind
}

// resolution is what a call may run: the method itself, then overrides.
type resolution struct {
	to   MethodID
	kind EdgeKind
	list uint32 // of overrides: number in lists, counted from 1; 0 if none
}

type bodyKey struct{ unit, body int }

// edgeTables is a call graph in this form.
type edgeTables struct {
	units  []Unit
	ids    [][]MethodID // by unit and method index
	num    int
	calls  map[callKey]resolution
	lists  []MethodID // of overrides, one behind the other
	ends   []uint32   // of each list
	others map[bodyKey][]Edge
	raw    map[MethodID][]Edge // all edges of such a method

	bodiesOnce sync.Once
	bodyFirst  []uint32 // of each method, in bodyList
	bodyList   []bodyKey
}

func (t *edgeTables) id(unit int, m uint32) (MethodID, bool) {
	if unit < 0 || unit >= len(t.ids) || uint64(m) >= uint64(len(t.ids[unit])) {
		return 0, false
	}
	id := t.ids[unit][m]
	return id, int64(id) < int64(t.num)
}

// bodies returns the bodies of a method in the order of the units.
func (t *edgeTables) bodies(m MethodID) []bodyKey {
	t.bodiesOnce.Do(func() {
		t.bodyFirst = make([]uint32, t.num+1)
		all := func(visit func(m MethodID, k bodyKey)) {
			for ui, u := range t.units {
				for bi, b := range u.Bodies() {
					if id, ok := t.id(ui, b.Method); ok {
						visit(id, bodyKey{ui, bi})
					}
				}
			}
		}
		all(func(m MethodID, _ bodyKey) { t.bodyFirst[m+1]++ })
		for i := 1; i < len(t.bodyFirst); i++ {
			t.bodyFirst[i] += t.bodyFirst[i-1]
		}
		t.bodyList = make([]bodyKey, t.bodyFirst[t.num])
		next := slices.Clone(t.bodyFirst)
		all(func(m MethodID, k bodyKey) {
			t.bodyList[next[m]] = k
			next[m]++
		})
	})
	if int64(m) >= int64(t.num) {
		return nil
	}
	return t.bodyList[t.bodyFirst[m]:t.bodyFirst[m+1]]
}

// callRefs yields the references of a body that may have edges.
func (t *edgeTables) callRefs(k bodyKey) iter.Seq2[Ref, callKey] {
	return func(yield func(Ref, callKey) bool) {
		u := t.units[k.unit]
		for _, r := range refsOf(u.Bodies(), u.Refs(), k.body) {
			if !r.Kind.IsCall() && r.Kind != RefHandle {
				continue
			}
			if id, ok := t.id(k.unit, r.Index); ok && !yield(r, callKey{id, r.Kind}) {
				return
			}
		}
	}
}

// callees yields the edges from m.
func (t *edgeTables) callees(m MethodID) iter.Seq[Edge] {
	if edges, ok := t.raw[m]; ok {
		return each(edges)
	}
	return func(yield func(Edge) bool) {
		for _, k := range t.bodies(m) {
			for r, key := range t.callRefs(k) {
				res, ok := t.calls[key]
				if !ok {
					continue
				}
				e := Edge{From: m, To: res.to, Kind: res.kind, Unit: k.unit, Body: k.body, PC: r.PC}
				if !yield(e) {
					return
				}
				e.Kind = EdgeVirtual
				for _, e.To = range t.overrides(res) {
					if !yield(e) {
						return
					}
				}
			}
			for _, e := range t.others[k] {
				if !yield(e) {
					return
				}
			}
		}
	}
}

func (t *edgeTables) overrides(r resolution) []MethodID {
	if r.list == 0 || uint64(r.list) > uint64(len(t.ends)) {
		return nil
	}
	return t.list(int(r.list - 1))
}

func (t *edgeTables) list(i int) []MethodID {
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.lists[start:t.ends[i]]
}

// learn takes the edges of a method apart, on the first of two rounds.
func (t *edgeTables) learn(m MethodID, edges []Edge, lists map[string]uint32) {
	for _, k := range t.bodies(m) {
		here := func() bool { return len(edges) > 0 && edges[0].Unit == k.unit && edges[0].Body == k.body }
		for r, key := range t.callRefs(k) {
			if !here() || edges[0].PC != r.PC || edges[0].Kind == EdgeVirtual {
				continue
			}
			res := resolution{to: edges[0].To, kind: edges[0].Kind}
			edges = edges[1:]
			var over []MethodID
			var name []byte
			for here() && edges[0].PC == r.PC && edges[0].Kind == EdgeVirtual {
				over = append(over, edges[0].To)
				name = binary.LittleEndian.AppendUint32(name, uint32(edges[0].To))
				edges = edges[1:]
			}
			if _, ok := t.calls[key]; ok {
				continue
			}
			if len(over) > 0 {
				n, ok := lists[string(name)]
				if !ok {
					t.lists = append(t.lists, over...)
					t.ends = append(t.ends, uint32(len(t.lists)))
					n = uint32(len(t.ends))
					lists[string(name)] = n
				}
				res.list = n
			}
			t.calls[key] = res
		}
		for here() {
			t.others[k] = append(t.others[k], edges[0])
			edges = edges[1:]
		}
	}
}

// graph writes the sections of a graph.
func (f *freezer) graph(s *Set) {
	g := s.Graph
	t := &edgeTables{
		units: s.Units, num: g.NumMethods(), calls: map[callKey]resolution{},
		others: map[bodyKey][]Edge{}, raw: map[MethodID][]Edge{},
	}
	for ui, u := range s.Units {
		ids := make([]MethodID, u.NumMethods())
		for i := range ids {
			ids[i] = g.ID(ui, uint32(i))
		}
		t.ids = append(t.ids, ids)
	}
	lists := map[string]uint32{}
	var edges []Edge
	collect := func(m MethodID) []Edge {
		edges = edges[:0]
		for e := range g.Callees(m) {
			edges = append(edges, e)
		}
		return edges
	}
	for m := range t.num {
		t.learn(MethodID(m), collect(MethodID(m)), lists)
	}
	for m := range t.num {
		want := collect(MethodID(m))
		i := 0
		same := true
		for e := range t.callees(MethodID(m)) {
			if i >= len(want) || want[i] != e {
				same = false
				break
			}
			i++
		}
		if !same || i != len(want) {
			t.raw[MethodID(m)] = slices.Clone(want)
		}
	}

	f.section(secMethodIDs, 0, func(w *writer) { f.methodIDs(w, g, t) })
	f.section(secEdges, 0, func(w *writer) { t.write(w) })
	f.section(secSupers, 0, func(w *writer) { f.supers(w, s) })
}

func (f *freezer) methodIDs(w *writer, g Graph, t *edgeTables) {
	w.n(t.num)
	named := make([]bool, t.num)
	for _, ids := range t.ids {
		w.n(len(ids))
		last := uint32(0)
		for _, id := range ids {
			w.delta(&last, uint32(id))
			last++
			if int64(id) < int64(t.num) {
				named[id] = true
			}
		}
	}
	var extra []MethodID
	for id, ok := range named {
		if !ok {
			extra = append(extra, MethodID(id))
		}
	}
	w.n(len(extra))
	last := uint32(0)
	for _, id := range extra {
		w.delta(&last, uint32(id))
		class, name, proto := g.Name(id)
		w.u(uint64(f.values.id(class)))
		w.u(uint64(f.values.id(name)))
		w.u(uint64(f.values.id(proto)))
	}
	for id := range t.num {
		unit, _, ok := g.Defined(MethodID(id))
		if !ok {
			unit = -1
		}
		w.n(unit + 1)
	}
	body := uint32(0)
	for id := range t.num {
		if _, b, ok := g.Defined(MethodID(id)); ok {
			w.delta(&body, uint32(b+1))
		}
	}
}

func (t *edgeTables) write(w *writer) {
	w.n(len(t.ends))
	for i := range t.ends {
		l := t.list(i)
		w.n(len(l))
		last := uint32(0)
		for _, m := range l {
			w.delta(&last, uint32(m))
		}
	}
	keys := make([]callKey, 0, len(t.calls))
	for k := range t.calls {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b callKey) int { return cmp.Or(cmp.Compare(a.named, b.named), cmp.Compare(a.kind, b.kind)) })
	w.n(len(keys))
	named := uint32(0)
	for _, k := range keys {
		r := t.calls[k]
		w.delta(&named, uint32(k.named))
		w.byte(byte(k.kind))
		w.byte(byte(r.kind))
		w.i(int64(int32(uint32(r.to) - uint32(k.named)))) // mostly 0
		w.u(uint64(r.list))
	}
	bodies := make([]bodyKey, 0, len(t.others))
	for k := range t.others {
		bodies = append(bodies, k)
	}
	slices.SortFunc(bodies, func(a, b bodyKey) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.body, b.body)) })
	w.n(len(bodies))
	for _, k := range bodies {
		w.n(k.unit)
		w.n(k.body)
		writeEdges(w, t.others[k])
	}
	raw := make([]MethodID, 0, len(t.raw))
	for m := range t.raw {
		raw = append(raw, m)
	}
	slices.Sort(raw)
	w.n(len(raw))
	for _, m := range raw {
		w.u(uint64(m))
		writeEdges(w, t.raw[m])
	}
}

func writeEdges(w *writer, edges []Edge) {
	w.n(len(edges))
	for _, e := range edges {
		w.u(uint64(e.From))
		w.u(uint64(e.To))
		w.byte(byte(e.Kind))
		w.n(e.Unit)
		w.n(e.Body)
		w.u(uint64(e.PC))
	}
}

// edges reads what writeEdges wrote. What it returns points into the units.
func (t *edgeTables) edges(r *reader) []Edge {
	var list []Edge
	for range r.count(6) {
		e := Edge{
			From: MethodID(r.u32()), To: MethodID(r.u32()), Kind: EdgeKind(r.byte()),
			Unit: r.int(), Body: r.int(), PC: r.u32(),
		}
		// The edges of a method without code name no body.
		if e.Unit >= len(t.units) || e.Body > 0 && e.Body >= len(t.units[e.Unit].Bodies()) {
			r.fail("an edge stands in body %d of unit %d", e.Body, e.Unit)
			return nil
		}
		t.check(r, e.From)
		t.check(r, e.To)
		list = append(list, e)
	}
	return list
}

func (t *edgeTables) check(r *reader, m MethodID) {
	if int64(m) >= int64(t.num) {
		r.fail("an edge names method %d of %d", m, t.num)
	}
}

// int reads a number that is an index into some list.
func (r *reader) int() int { return int(int32(r.u32() & (1<<31 - 1))) }

func (t *edgeTables) read(r *reader) {
	for range r.count(1) {
		last := uint32(0)
		for range r.count(1) {
			m := MethodID(r.delta(&last))
			t.check(r, m)
			t.lists = append(t.lists, m)
		}
		t.ends = append(t.ends, uint32(len(t.lists)))
	}
	named := uint32(0)
	for i, n := 0, r.count(5); i < n && r.err == nil; i++ {
		k := callKey{named: MethodID(r.delta(&named)), kind: RefKind(r.byte())}
		res := resolution{kind: EdgeKind(r.byte())}
		res.to = MethodID(uint32(k.named) + uint32(r.i()))
		res.list = r.u32()
		t.check(r, res.to)
		t.calls[k] = res
	}
	for i, n := 0, r.count(3); i < n && r.err == nil; i++ {
		k := bodyKey{r.int(), r.int()}
		if t.others[k] = t.edges(r); len(t.others[k]) == 0 {
			r.fail("a body is listed that has no edges")
			return
		}
	}
	for i, n := 0, r.count(2); i < n && r.err == nil; i++ {
		m := MethodID(r.u32())
		t.check(r, m)
		t.raw[m] = t.edges(r)
	}
}

// supers writes the ancestors of every type that a unit names, and of those.
func (f *freezer) supers(w *writer, s *Set) {
	seen := map[string]bool{}
	var queue []string
	add := func(d string) {
		if !seen[d] {
			seen[d] = true
			queue = append(queue, d)
		}
	}
	for _, u := range s.Units {
		for i := range u.NumTypes() {
			add(u.Type(uint32(i)))
		}
	}
	var body writer
	n := 0
	for i := 0; i < len(queue); i++ {
		list := slices.Collect(s.Graph.Supers(queue[i]))
		for _, d := range list {
			add(d)
		}
		if len(list) == 0 {
			continue
		}
		n++
		body.u(uint64(f.values.id(queue[i])))
		body.n(len(list))
		for _, d := range list {
			body.u(uint64(f.values.id(d)))
		}
	}
	w.n(n)
	w.b = append(w.b, body.b...)
}

// frozenGraph is a Graph out of a frozen file.
type frozenGraph struct {
	f     *frozen
	units []*frozenUnit

	methods lazy[frozenMethods]
	tables  lazy[*edgeTables]
	callers lazy[callerIndex]
	lineage lazy[map[string][]uint32]
	lookup  lazy[[]uint32]
}

type frozenMethods struct {
	num   int
	ids   [][]MethodID
	names []nameRef            // by id
	extra map[MethodID][3]uint // numbers of values
	def   [][2]int32           // by id: unit + 1, body
}

// nameRef says where the name of a method stands: unit + 1 (0: in extra), and
// index in that unit's table.
type nameRef struct{ unit, method uint32 }

func (g *frozenGraph) table() *frozenMethods {
	return g.methods.get(func() frozenMethods {
		r := g.f.open(secMethodIDs, 0)
		t := frozenMethods{num: r.count(1), extra: map[MethodID][3]uint{}}
		// Every id is named by a unit, or below in four bytes or more.
		most := len(r.b) / 4
		for _, u := range g.units {
			most += u.NumMethods()
		}
		if t.num > most {
			r.fail("%d ids, of which at most %d can have names", t.num, most)
			t.num = 0
		}
		t.names = make([]nameRef, t.num)
		for ui, u := range g.units {
			n := r.count(1)
			if r.err == nil && n != u.NumMethods() {
				r.fail("ids of %d methods, of which there are %d", n, u.NumMethods())
				n = 0
			}
			ids := make([]MethodID, n)
			last := uint32(0)
			for i := range ids {
				ids[i] = MethodID(r.delta(&last))
				last++
				if int64(ids[i]) < int64(t.num) && t.names[ids[i]].unit == 0 {
					t.names[ids[i]] = nameRef{uint32(ui) + 1, uint32(i)}
				}
			}
			t.ids = append(t.ids, ids)
		}
		last := uint32(0)
		for range r.count(4) {
			id := MethodID(r.delta(&last))
			t.extra[id] = [3]uint{uint(r.u32()), uint(r.u32()), uint(r.u32())}
		}
		t.def = make([][2]int32, t.num)
		for i := range t.def {
			t.def[i][0] = int32(r.int())
		}
		body := uint32(0)
		for i := range t.def {
			if t.def[i][0] > 0 {
				t.def[i][1] = int32(r.delta(&body)) - 1
			}
		}
		if !g.f.done(r) {
			return frozenMethods{}
		}
		return t
	})
}

func (g *frozenGraph) NumMethods() int { return g.table().num }

func (g *frozenGraph) ID(u int, m uint32) MethodID {
	t := g.table()
	if u < 0 || u >= len(t.ids) || uint64(m) >= uint64(len(t.ids[u])) {
		return MethodID(NoIndex)
	}
	return t.ids[u][m]
}

func (g *frozenGraph) Name(m MethodID) (class, name, proto string) {
	t := g.table()
	if int64(m) >= int64(t.num) {
		return "", "", ""
	}
	if n := t.names[m]; n.unit > 0 {
		u := g.units[n.unit-1]
		c, s, p := u.Method(n.method)
		return u.Type(c), u.String(s), u.Proto(p)
	}
	x, ok := t.extra[m]
	if !ok {
		return "", "", ""
	}
	return g.f.valueText(uint64(x[0])), g.f.valueText(uint64(x[1])), g.f.valueText(uint64(x[2]))
}

func (g *frozenGraph) Defined(m MethodID) (unit, body int, ok bool) {
	t := g.table()
	if int64(m) >= int64(t.num) || t.def[m][0] == 0 || int(t.def[m][0]) > len(g.units) {
		return 0, 0, false
	}
	unit, body = int(t.def[m][0])-1, int(t.def[m][1])
	if body < -1 || body >= len(g.units[unit].Bodies()) {
		g.f.damage.note(fmt.Errorf("%w: a method is defined by body %d", errFrozen, body))
		body = -1
	}
	return unit, body, true
}

func (g *frozenGraph) edges() *edgeTables {
	return *g.tables.get(func() *edgeTables {
		m := g.table()
		t := &edgeTables{
			ids: m.ids, num: m.num, calls: map[callKey]resolution{},
			others: map[bodyKey][]Edge{}, raw: map[MethodID][]Edge{},
		}
		for _, u := range g.units {
			t.units = append(t.units, u)
		}
		r := g.f.open(secEdges, 0)
		t.read(r)
		if !g.f.done(r) {
			t.calls, t.lists, t.ends, t.others, t.raw = nil, nil, nil, nil, nil
		}
		if n := t.virtual(); n > maxVirtual {
			g.f.damage.note(fmt.Errorf("%w: %d edges to overrides", errFrozen, n))
			t.lists, t.ends = nil, nil
		}
		return t
	})
}

// maxVirtual bounds the edges to overrides that the tables stand for.
const maxVirtual = 1 << 28

// virtual counts them.
func (t *edgeTables) virtual() int {
	n := 0
	for ui, u := range t.units {
		for _, r := range u.Refs() {
			if id, ok := t.id(ui, r.Index); ok {
				n += len(t.overrides(t.calls[callKey{id, r.Kind}]))
			}
		}
	}
	return n
}

func (g *frozenGraph) Callees(m MethodID) iter.Seq[Edge] { return g.edges().callees(m) }

// callerIndex leads from methods to those that may run them.
type callerIndex struct {
	sites  map[MethodID][]callSite // by the method that is named
	to     map[MethodID][]callKey  // resolved to the method
	over   map[MethodID][]uint32   // lists that the method is in
	byList map[uint32][]callKey
	others map[MethodID][]Edge
}

type callSite struct {
	at   bodyKey
	pc   uint32
	kind RefKind
	from MethodID
}

// Callers yields the edges to m: calls that name it or are resolved to it, then
// those that name a method which it overrides, then others; each in the order
// of the methods that are named, and of the code.
func (g *frozenGraph) Callers(m MethodID) iter.Seq[Edge] {
	t := g.edges()
	x := g.callers.get(func() callerIndex { return t.invert() })
	return func(yield func(Edge) bool) {
		calls := func(keys []callKey, virtual bool) bool {
			for len(keys) > 0 {
				named, kinds := keys[0].named, [256]bool{}
				for ; len(keys) > 0 && keys[0].named == named; keys = keys[1:] {
					kinds[keys[0].kind] = true
				}
				for _, s := range x.sites[named] {
					if !kinds[s.kind] {
						continue
					}
					res := t.calls[callKey{named, s.kind}]
					e := Edge{From: s.from, To: res.to, Kind: res.kind, Unit: s.at.unit, Body: s.at.body, PC: s.pc}
					if virtual {
						e.To, e.Kind = m, EdgeVirtual
					}
					if !yield(e) {
						return false
					}
				}
			}
			return true
		}
		if !calls(x.to[m], false) {
			return
		}
		var keys []callKey
		for _, l := range x.over[m] {
			keys = append(keys, x.byList[l]...)
		}
		slices.SortFunc(keys, compareCalls)
		if !calls(keys, true) {
			return
		}
		for _, e := range x.others[m] {
			if !yield(e) {
				return
			}
		}
	}
}

func compareCalls(a, b callKey) int {
	return cmp.Or(cmp.Compare(a.named, b.named), cmp.Compare(a.kind, b.kind))
}

func (t *edgeTables) invert() callerIndex {
	x := callerIndex{
		sites: map[MethodID][]callSite{}, to: map[MethodID][]callKey{}, over: map[MethodID][]uint32{},
		byList: map[uint32][]callKey{}, others: map[MethodID][]Edge{},
	}
	for k, r := range t.calls {
		x.to[r.to] = append(x.to[r.to], k)
		if r.to != k.named {
			x.to[k.named] = append(x.to[k.named], k)
		}
		if r.list > 0 {
			x.byList[r.list] = append(x.byList[r.list], k)
		}
	}
	for m, keys := range x.to {
		slices.SortFunc(keys, func(a, b callKey) int {
			// The calls by its own name come first.
			if (a.named == m) != (b.named == m) {
				if a.named == m {
					return -1
				}
				return 1
			}
			return compareCalls(a, b)
		})
	}
	for i := range t.ends {
		for _, m := range t.list(i) {
			if over := x.over[m]; len(over) == 0 || over[len(over)-1] != uint32(i)+1 {
				x.over[m] = append(over, uint32(i)+1)
			}
		}
	}
	for ui, u := range t.units {
		for bi, b := range u.Bodies() {
			from, ok := t.id(ui, b.Method)
			if !ok {
				continue
			}
			if _, ok := t.raw[from]; ok {
				continue
			}
			at := bodyKey{ui, bi}
			for r, key := range t.callRefs(at) {
				if _, ok := t.calls[key]; ok {
					x.sites[key.named] = append(x.sites[key.named], callSite{at, r.PC, r.Kind, from})
				}
			}
			for _, e := range t.others[at] {
				x.others[e.To] = append(x.others[e.To], e)
			}
		}
	}
	raw := make([]MethodID, 0, len(t.raw))
	for m := range t.raw {
		raw = append(raw, m)
	}
	slices.Sort(raw)
	for _, m := range raw {
		for _, e := range t.raw[m] {
			x.others[e.To] = append(x.others[e.To], e)
		}
	}
	return x
}

func (g *frozenGraph) Supers(class string) iter.Seq[string] {
	lists := *g.lineage.get(func() map[string][]uint32 {
		r := g.f.open(secSupers, 0)
		lists := map[string][]uint32{}
		for range r.count(2) {
			class := g.f.valueText(r.u())
			var l []uint32
			for range r.count(1) {
				l = append(l, r.u32())
			}
			lists[class] = l
		}
		if !g.f.done(r) {
			return nil
		}
		return lists
	})
	return func(yield func(string) bool) {
		for _, i := range lists[class] {
			if !yield(g.f.valueText(uint64(i))) {
				return
			}
		}
	}
}

// Lookup finds a method by a hash table over all names, which is made on the
// first call.
func (g *frozenGraph) Lookup(class, name, proto string) (MethodID, bool) {
	t := g.table()
	slots := *g.lookup.get(func() []uint32 {
		size := 2
		for size < 2*t.num {
			size *= 2
		}
		slots := make([]uint32, size)
		for id := range t.num {
			i := hashName(g.Name(MethodID(id))) & uint64(size-1)
			steps := 0
			for ; slots[i] != 0 && steps < maxProbes; steps++ {
				i = (i + 1) & uint64(size-1)
			}
			if steps < maxProbes {
				slots[i] = uint32(id) + 1
			}
		}
		return slots
	})
	i := hashName(class, name, proto) & uint64(len(slots)-1)
	for steps := 0; slots[i] != 0 && steps < maxProbes; steps++ {
		id := MethodID(slots[i] - 1)
		if c, n, p := g.Name(id); c == class && n == name && p == proto {
			return id, true
		}
		i = (i + 1) & uint64(len(slots)-1)
	}
	return 0, false
}

// maxProbes bounds a search in a table whose names a hostile file chose to
// collide. A table that is half full never needs as many.
const maxProbes = 1 << 10

// hashName is FNV-1a over the three parts.
func hashName(class, name, proto string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range [3]string{class, name, proto} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}
