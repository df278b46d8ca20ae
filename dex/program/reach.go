package program

import (
	"iter"
	"math/bits"
	"slices"
)

// Reach is the set of methods that may run once certain ones do. It never
// changes and is safe for concurrent use.
type Reach struct {
	p    *Program
	set  []uint64
	n    int
	hops []hop // how each method was first reached
}

// hop is the edge through which a method was reached: a call or, with the top
// bit set, one of the other edges. It is NoIndex for the methods one began with.
type hop struct {
	edge    uint32
	virtual bool
}

const extraHop = 1 << 31

// Reachable returns the methods that may run because those of from do, by
// edges of the kinds given; of any kind if none is.
//
// An override counts as reachable only if an object of its class, or of one
// below, may exist: code that is reached makes one, or no code of the app ever
// does and the framework can, since the class extends one of the framework or is
// named as a class constant. (This is rapid type analysis.) Classes of the
// methods of from are taken to have objects.
func (p *Program) Reachable(from []MethodID, kinds ...EdgeKind) *Reach {
	g := p.graph()
	w := walk{g: g, t: g.t}
	for k := range numEdgeKinds {
		w.follow[k] = len(kinds) == 0
	}
	for _, k := range kinds {
		if k < numEdgeKinds {
			w.follow[k] = true
		}
	}
	n := g.t.numMethods() + len(g.ext)
	w.r = &Reach{p: p, set: make([]uint64, (n+63)/64), hops: make([]hop, n)}
	w.alive = make([]bool, len(g.t.super))
	w.dispatched = make([]bool, g.t.numMethods())
	w.waiting = map[ClassID][]waiter{}
	w.run(from)
	return w.r
}

// Has reports whether m may run.
func (r *Reach) Has(m MethodID) bool {
	return int64(m) < int64(len(r.hops)) && r.set[m/64]&(1<<(m%64)) != 0
}

// Len returns the number of methods in the set.
func (r *Reach) Len() int { return r.n }

// All yields the methods of the set in the order of their numbers.
func (r *Reach) All() iter.Seq[MethodID] {
	return func(yield func(MethodID) bool) {
		for i, w := range r.set {
			for ; w != 0; w &= w - 1 {
				if !yield(MethodID(64*i + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Path returns a chain of edges from one of the methods that the search began
// with to m: a shortest one, as far as overrides were possible when it was
// found. It is empty for these methods themselves and for those out of reach.
func (r *Reach) Path(m MethodID) []Edge {
	var path []Edge
	g := r.p.graph()
	for r.Has(m) && r.hops[m].edge != NoIndex && len(path) <= len(r.hops) {
		h := r.hops[m]
		var e Edge
		if h.edge&extraHop != 0 {
			e = g.extraEdge(h.edge &^ extraHop)
		} else {
			e = g.callEdge(h.edge, g.bodyOf(h.edge))
			if h.virtual {
				e.To, e.Kind = m, EdgeVirtual
			}
		}
		path = append(path, e)
		m = e.From
	}
	slices.Reverse(path)
	return path
}

type waiter struct {
	m MethodID
	h hop
}

type walk struct {
	g          *graph
	t          *tables
	r          *Reach
	follow     [numEdgeKinds]bool
	queue      []MethodID
	alive      []bool // an object of the class or of one below it may exist
	dispatched []bool // the overrides of a named method were looked at
	waiting    map[ClassID][]waiter
}

func (w *walk) run(from []MethodID) {
	g, t := w.g, w.t
	for c := range t.super {
		if !t.isApp(ClassID(c)) || g.created[c] || t.cFlags[c]&(accInterface|accAbstract) != 0 {
			continue
		}
		if g.mentioned[c] || w.belowFramework(ClassID(c)) {
			w.live(ClassID(c))
		}
	}
	for _, m := range from {
		if int64(m) < int64(t.numMethods()) {
			w.live(t.class(m))
		}
		w.add(m, hop{edge: NoIndex})
	}
	for i := 0; i < len(w.queue); i++ {
		w.visit(w.queue[i])
	}
}

func (w *walk) belowFramework(c ClassID) bool {
	for steps := 0; steps < maxSupers && c != NoClass; steps++ {
		if !w.t.isApp(c) {
			return c != w.t.object
		}
		c = w.t.super[c]
	}
	return false
}

func (w *walk) add(m MethodID, h hop) {
	if int64(m) >= int64(len(w.r.hops)) || w.r.Has(m) {
		return
	}
	w.r.set[m/64] |= 1 << (m % 64)
	w.r.n++
	w.r.hops[m] = h
	w.queue = append(w.queue, m)
}

// live notes that an object of class c may exist.
func (w *walk) live(c ClassID) {
	if w.alive[c] {
		return
	}
	w.wake(c)
	for _, s := range w.t.supers(c) {
		if !w.alive[s] {
			w.wake(ClassID(s))
		}
	}
}

func (w *walk) wake(c ClassID) {
	w.alive[c] = true
	for _, x := range w.waiting[c] {
		w.add(x.m, x.h)
	}
	delete(w.waiting, c)
}

func (w *walk) visit(m MethodID) {
	g, t := w.g, w.t
	if int64(m) >= int64(t.numMethods()) {
		return
	}
	for _, body := range g.bodies.row(uint32(m)) {
		for _, c := range g.newVal[g.newOff[body]:g.newOff[body+1]] {
			w.live(ClassID(c))
		}
		for i := g.callOff[body]; i < g.callOff[body+1]; i++ {
			d := g.callTo[i]
			to := t.resolved[d]
			kind := EdgeUnresolved
			switch {
			case g.callKind[i] == RefCallDynamic || g.callKind[i] == RefHandle:
				kind = EdgeCallback
			case t.isDefined(to):
				kind = EdgeDirect
			}
			if w.follow[kind] {
				w.add(to, hop{edge: i})
			}
			if !w.follow[EdgeVirtual] || w.dispatched[d] || !g.callKind[i].dispatches() {
				continue
			}
			w.dispatched[d] = true
			for _, o := range g.overrides.row(d) {
				x := waiter{MethodID(o), hop{edge: i, virtual: true}}
				if c := t.class(MethodID(o)); w.alive[c] {
					w.add(x.m, x.h)
				} else {
					w.waiting[c] = append(w.waiting[c], x)
				}
			}
		}
		for i := g.extraOff[body]; i < g.extraOff[body+1]; i++ {
			x := g.extra[i]
			if !w.follow[x.kind] {
				continue
			}
			if int64(x.to) < int64(t.numMethods()) && (x.kind == EdgeReflective || t.name(x.to) != "<clinit>") {
				w.live(t.class(x.to))
			}
			w.add(x.to, hop{edge: i | extraHop})
		}
	}
}
