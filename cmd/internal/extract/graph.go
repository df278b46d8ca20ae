package extract

import (
	"iter"

	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Graph returns the call graph over units, live or thawed. It is computed on
// the first question.
func Graph(units []fact.Unit) fact.Graph {
	us := make([]program.Unit, len(units))
	for i, u := range units {
		us[i] = graphUnit{u}
	}
	return &graph{program.New(program.Android(), us...)}
}

// graphUnit lets package program see a unit of facts: the two vocabularies
// have the same shape and know nothing of each other.
type graphUnit struct{ fact.Unit }

func (u graphUnit) EachMethod(i int, fn func(method, flags uint32, body int)) {
	for _, m := range fact.Methods(u.Unit, i) {
		fn(m.Method, m.Flags, m.Body)
	}
}

func (u graphUnit) NumBodies() int    { return len(u.Bodies()) }
func (u graphUnit) Body(i int) uint32 { return u.Bodies()[i].Method }

func (u graphUnit) AppendRefs(i int, to []program.Ref) []program.Ref {
	b := u.Bodies()[i]
	for _, r := range u.Refs()[b.RefFirst:b.RefEnd] {
		to = append(to, program.Ref{PC: r.PC, Index: r.Index, Kind: program.RefKind(r.Kind)})
	}
	return to
}

// AppendProto appends the types of a prototype, if the unit has them at hand.
func (u graphUnit) AppendProto(i uint32, to []uint32) ([]uint32, bool) {
	if p, ok := u.Unit.(program.Prototypes); ok {
		return p.AppendProto(i, to)
	}
	return to, false
}

// AppendProto appends the types of a prototype: of its parameters, then of what
// it returns.
func (u *dexUnit) AppendProto(i uint32, to []uint32) ([]uint32, bool) {
	p := u.f.Proto(i)
	for _, t := range p.Params.All() {
		to = append(to, t)
	}
	return append(to, p.Return), true
}

// ArgClass returns the class of an argument, if it is known.
func (u graphUnit) ArgClass(body int, pc uint32, arg int) string {
	if v := u.referent(body, pc, arg); v.Kind == fact.Object {
		return v.S
	}
	return ""
}

// Reflected returns what a reflective call runs.
func (u graphUnit) Reflected(body int, pc uint32) []string {
	return members(u.referent(body, pc, 0), nil)
}

func (u graphUnit) referent(body int, pc uint32, arg int) fact.Value {
	if r, ok := u.Unit.(referrer); ok {
		return r.referent(body, pc, arg)
	}
	if args := u.Args(body, pc); arg < len(args) {
		return args[arg]
	}
	return fact.Value{}
}

// referrer is a unit that can tell one argument faster than all that is known of
// all of them.
type referrer interface {
	referent(body int, pc uint32, arg int) fact.Value
}

func members(v fact.Value, out []string) []string {
	switch v.Kind {
	case fact.Method:
		out = append(out, v.S)
	case fact.OneOf:
		for _, e := range v.Elems {
			out = members(e, out)
		}
	}
	return out
}

// graph adapts a Program to the vocabulary of facts.
type graph struct{ p *program.Program }

func (g *graph) NumMethods() int { return g.p.NumMethods() }

func (g *graph) ID(u int, m uint32) fact.MethodID { return fact.MethodID(g.p.ID(u, m)) }

func (g *graph) Name(m fact.MethodID) (class, name, proto string) {
	return g.p.Name(program.MethodID(m))
}

func (g *graph) Defined(m fact.MethodID) (unit, body int, ok bool) {
	return g.p.Defined(program.MethodID(m))
}

func (g *graph) Callers(m fact.MethodID) iter.Seq[fact.Edge] {
	return edges(g.p.Callers(program.MethodID(m)))
}

func (g *graph) Callees(m fact.MethodID) iter.Seq[fact.Edge] {
	return edges(g.p.Callees(program.MethodID(m)))
}

func edges(in iter.Seq[program.Edge]) iter.Seq[fact.Edge] {
	return func(yield func(fact.Edge) bool) {
		for e := range in {
			if !yield(edge(e)) {
				return
			}
		}
	}
}

func edge(e program.Edge) fact.Edge {
	return fact.Edge{
		From: fact.MethodID(e.From), To: fact.MethodID(e.To), Kind: fact.EdgeKind(e.Kind),
		Unit: e.Unit, Body: e.Body, PC: e.PC,
	}
}

func (g *graph) Supers(class string) iter.Seq[string] { return g.p.Supers(class) }

func (g *graph) Lookup(class, name, proto string) (fact.MethodID, bool) {
	m, ok := g.p.Lookup(class, name, proto)
	return fact.MethodID(m), ok && m != program.NoMethod
}

func (g *graph) EntryPoints(class string) []fact.MethodID {
	c, ok := g.p.Class(class)
	if !ok {
		return nil
	}
	ms := g.p.EntryPoints(c)
	out := make([]fact.MethodID, len(ms))
	for i, m := range ms {
		out[i] = fact.MethodID(m)
	}
	return out
}

func (g *graph) Reachable(from []fact.MethodID) fact.Reach {
	ms := make([]program.MethodID, len(from))
	for i, m := range from {
		ms[i] = program.MethodID(m)
	}
	return reach{g.p.Reachable(ms)}
}

type reach struct{ r *program.Reach }

func (r reach) Has(m fact.MethodID) bool { return r.r.Has(program.MethodID(m)) }

func (r reach) Path(m fact.MethodID) []fact.Edge {
	var out []fact.Edge
	for _, e := range r.r.Path(program.MethodID(m)) {
		out = append(out, edge(e))
	}
	return out
}
