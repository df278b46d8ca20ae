package facttest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// unit is a fact.Unit made of plain slices.
type unit struct {
	info        fact.UnitInfo
	sorted      bool
	strings     []string
	types       []string
	protos      []string
	fields      [][3]uint32
	methods     [][3]uint32
	classes     []classDef
	bodies      []fact.Body
	refs        []fact.Ref
	args        map[uint64][]fact.Value
	skips       map[uint64]bool
	arrays      []fact.ArrayText
	typeIndex   map[string]uint32
	methodIndex map[string]uint32
}

type classDef struct {
	typ, super, flags uint32
	interfaces        []uint32
	methods           []fact.MethodDef
	fields            []fact.FieldDef
	annotations       []fact.Annotation
}

// order collects strings in the order of their first use.
type order struct {
	list []string
	seen map[string]bool
}

func (o *order) add(s string) {
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	if !o.seen[s] {
		o.seen[s] = true
		o.list = append(o.list, s)
	}
}

// done returns the list and the index of each string in it.
func (o *order) done(sorted bool, compare func(a, b string) int) ([]string, map[string]uint32) {
	if sorted {
		slices.SortFunc(o.list, compare)
	}
	index := make(map[string]uint32, len(o.list))
	for i, s := range o.list {
		index[s] = uint32(i)
	}
	return o.list, index
}

func (c *Code) lay() *unit {
	var types, strs, protos, fields, methods order
	member := func(ref string) {
		class, name, rest := split(ref)
		types.add(class)
		strs.add(name)
		if t, ok := strings.CutPrefix(rest, ":"); ok {
			types.add(t)
			fields.add(ref)
		} else {
			protos.add(rest)
			methods.add(class + "->" + name + rest)
		}
	}
	for _, cl := range c.classes {
		types.add(cl.desc)
		if cl.super != "" {
			types.add(cl.super)
		}
		for _, i := range cl.interfaces {
			types.add(i)
		}
		for _, f := range cl.fields {
			member(f.ref)
			if f.value.Kind == fact.String {
				strs.add(f.value.S)
			}
		}
	}
	for _, m := range c.methods {
		member(m.ref)
		for _, in := range m.insns {
			switch in.kind {
			case fact.RefString:
				strs.add(in.ref)
			case fact.RefClass, fact.RefNew, fact.RefTypeOther:
				types.add(in.ref)
			default:
				member(in.ref)
			}
		}
	}
	for _, m := range c.members {
		member(m)
	}
	for _, t := range c.refs {
		types.add(t)
	}
	for _, s := range c.strings {
		strs.add(s)
	}
	for _, t := range types.list {
		strs.add(t)
	}

	u := &unit{sorted: c.sorted, args: map[uint64][]fact.Value{}, skips: map[uint64]bool{}}
	byMember := func(a, b string) int {
		ac, an, ar := split(a)
		bc, bn, br := split(b)
		return cmp.Or(cmp.Compare(ac, bc), cmp.Compare(an, bn), cmp.Compare(ar, br))
	}
	var strIndex, protoIndex, fieldIndex map[string]uint32
	u.strings, strIndex = strs.done(true, cmp.Compare[string])
	u.types, u.typeIndex = types.done(c.sorted, cmp.Compare[string])
	u.protos, protoIndex = protos.done(true, cmp.Compare[string])
	fieldRefs, fi := fields.done(true, byMember)
	fieldIndex = fi
	methodRefs, mi := methods.done(true, byMember)
	u.methodIndex = mi
	for _, f := range fieldRefs {
		class, name, rest := split(f)
		u.fields = append(u.fields, [3]uint32{u.typeIndex[class], strIndex[name], u.typeIndex[rest[1:]]})
	}
	for _, m := range methodRefs {
		class, name, rest := split(m)
		u.methods = append(u.methods, [3]uint32{u.typeIndex[class], strIndex[name], protoIndex[rest]})
	}

	insns := 0
	for _, cl := range c.classes {
		d := classDef{typ: u.typeIndex[cl.desc], super: fact.NoIndex, flags: cl.flags, annotations: slices.Clone(cl.annotations)}
		if cl.super != "" {
			d.super = u.typeIndex[cl.super]
		}
		for _, i := range cl.interfaces {
			d.interfaces = append(d.interfaces, u.typeIndex[i])
		}
		for _, f := range cl.fields {
			d.fields = append(d.fields, fact.FieldDef{Field: fieldIndex[f.ref], Flags: f.flags, Const: f.value})
		}
		for _, m := range c.methods {
			class, name, rest := split(m.ref)
			if class != cl.desc {
				continue
			}
			def := fact.MethodDef{Method: mi[class+"->"+name+rest], Flags: m.flags, Virtual: m.virtual, Body: -1}
			if !m.nobody {
				def.Body = len(u.bodies)
				for _, pc := range m.skips {
					u.skips[argKey(def.Body, pc)] = true
				}
				for _, a := range m.arrays {
					a.Body = def.Body
					u.arrays = append(u.arrays, a)
				}
				b := fact.Body{Method: def.Method, Class: d.typ, Insns: uint32(len(m.insns)) + 1, RefFirst: uint32(len(u.refs))}
				for _, in := range m.insns {
					r := fact.Ref{PC: in.pc, Kind: in.kind}
					switch in.kind {
					case fact.RefString:
						r.Index = strIndex[in.ref]
					case fact.RefClass, fact.RefNew, fact.RefTypeOther:
						r.Index = u.typeIndex[in.ref]
					case fact.RefFieldGet, fact.RefFieldPut:
						r.Index = fieldIndex[in.ref]
					default:
						ic, iname, irest := split(in.ref)
						r.Index = mi[ic+"->"+iname+irest]
						if in.args != nil {
							u.args[argKey(def.Body, in.pc)] = slices.Clone(in.args)
						}
					}
					u.refs = append(u.refs, r)
				}
				b.RefEnd = uint32(len(u.refs))
				insns += int(b.Insns)
				u.bodies = append(u.bodies, b)
			}
			d.methods = append(d.methods, def)
		}
		u.classes = append(u.classes, d)
	}
	digest := sha256.Sum256([]byte(c.name))
	u.info = fact.UnitInfo{
		Name: c.name, Format: "dex", Version: "035", SHA256: hex.EncodeToString(digest[:]),
		Strings: len(u.strings), Types: len(u.types), Fields: len(u.fields), Methods: len(u.methods),
		Classes: len(u.classes), Instructions: insns, Status: fact.Complete, Loaded: !c.unloaded,
	}
	if !c.sorted {
		u.info.Format, u.info.Version = "class", "52"
	}
	return u
}

func argKey(body int, pc uint32) uint64 { return uint64(body)<<32 | uint64(pc) }

func at[T any](list []T, i uint32) (zero T) {
	if uint64(i) < uint64(len(list)) {
		return list[i]
	}
	return zero
}

func (u *unit) Info() fact.UnitInfo    { return u.info }
func (u *unit) NumStrings() int        { return len(u.strings) }
func (u *unit) String(i uint32) string { return at(u.strings, i) }
func (u *unit) NumTypes() int          { return len(u.types) }
func (u *unit) Type(i uint32) string   { return at(u.types, i) }
func (u *unit) NumProtos() int         { return len(u.protos) }
func (u *unit) Proto(i uint32) string  { return at(u.protos, i) }
func (u *unit) NumFields() int         { return len(u.fields) }
func (u *unit) NumMethods() int        { return len(u.methods) }
func (u *unit) TypesSorted() bool      { return u.sorted }
func (u *unit) NumClasses() int        { return len(u.classes) }
func (u *unit) Bodies() []fact.Body    { return u.bodies }
func (u *unit) Refs() []fact.Ref       { return u.refs }

func triple(list [][3]uint32, i uint32) (a, b, c uint32) {
	if uint64(i) >= uint64(len(list)) {
		return fact.NoIndex, fact.NoIndex, fact.NoIndex
	}
	t := list[i]
	return t[0], t[1], t[2]
}

func (u *unit) Field(i uint32) (class, name, typ uint32)    { return triple(u.fields, i) }
func (u *unit) Method(i uint32) (class, name, proto uint32) { return triple(u.methods, i) }

func (u *unit) Class(i int) (typ, super, flags uint32) {
	c := &u.classes[i]
	return c.typ, c.super, c.flags
}

func (u *unit) ClassInterfaces(i int) []uint32 { return u.classes[i].interfaces }

func (u *unit) ClassMethods(i int) iter.Seq[fact.MethodDef] {
	return slices.Values(u.classes[i].methods)
}

func (u *unit) ClassFields(i int) iter.Seq[fact.FieldDef] { return slices.Values(u.classes[i].fields) }

func (u *unit) ClassAnnotations(i int) iter.Seq[fact.Annotation] {
	return slices.Values(u.classes[i].annotations)
}

func (u *unit) Args(body int, pc uint32) []fact.Value { return u.args[argKey(body, pc)] }

// graph is a fact.Graph over the units of one app.
type graph struct {
	ids     [][]fact.MethodID // by unit and method index
	names   []string          // smali notation, by id
	index   map[string]fact.MethodID
	defs    map[fact.MethodID][2]int
	callees [][]fact.Edge
	callers [][]fact.Edge
	supers  map[string][]string
}

func newGraph(units []*unit, framework map[string][]string, extra []edge) *graph {
	g := &graph{index: map[string]fact.MethodID{}, defs: map[fact.MethodID][2]int{}, supers: map[string][]string{}}
	intern := func(ref string) fact.MethodID {
		id, ok := g.index[ref]
		if !ok {
			id = fact.MethodID(len(g.names))
			g.index[ref] = id
			g.names = append(g.names, ref)
		}
		return id
	}
	direct := map[string][]string{} // superclass and interfaces of each class
	maps.Copy(direct, framework)
	defined := map[string]bool{}
	for ui, u := range units {
		ids := make([]fact.MethodID, len(u.methods))
		for i, m := range u.methods {
			ids[i] = intern(u.types[m[0]] + "->" + u.strings[m[1]] + u.protos[m[2]])
		}
		g.ids = append(g.ids, ids)
		for _, c := range u.classes {
			desc := u.types[c.typ]
			if defined[desc] {
				continue // the first definition counts, as on a device
			}
			defined[desc] = true
			var up []string
			if c.super != fact.NoIndex {
				up = append(up, u.types[c.super])
			}
			for _, i := range c.interfaces {
				up = append(up, u.types[i])
			}
			direct[desc] = up
			for _, m := range c.methods {
				if _, ok := g.defs[ids[m.Method]]; !ok {
					g.defs[ids[m.Method]] = [2]int{ui, m.Body}
				}
			}
		}
	}
	for class := range direct {
		g.supers[class] = ancestors(class, direct)
	}
	subs := map[string][]string{}
	for _, class := range slices.Sorted(maps.Keys(g.supers)) {
		for _, s := range g.supers[class] {
			subs[s] = append(subs[s], class)
		}
	}
	for _, e := range extra {
		intern(e.from)
		intern(e.to)
	}

	g.callees = make([][]fact.Edge, len(g.names))
	g.callers = make([][]fact.Edge, len(g.names))
	link := func(e fact.Edge) {
		g.callees[e.From] = append(g.callees[e.From], e)
		g.callers[e.To] = append(g.callers[e.To], e)
	}
	for ui, u := range units {
		for bi, b := range u.bodies {
			from := g.ids[ui][b.Method]
			for _, r := range u.refs[b.RefFirst:b.RefEnd] {
				if !r.Kind.IsCall() || r.Index == fact.NoIndex {
					continue
				}
				e := fact.Edge{From: from, To: g.ids[ui][r.Index], Kind: fact.EdgeDirect, Unit: ui, Body: bi, PC: r.PC}
				named := e.To
				class, name, rest := split(g.names[named])
				if _, ok := g.defs[e.To]; !ok {
					e.Kind = fact.EdgeUnresolved
					for _, s := range g.supers[class] {
						if id, ok := g.index[s+"->"+name+rest]; ok && g.has(id) {
							e.To, e.Kind = id, fact.EdgeDirect
							break
						}
					}
				}
				link(e)
				if e.To != named { // calls by another name are found under it, too
					g.callers[named] = append(g.callers[named], e)
				}
				if r.Kind != fact.RefCallVirtual && r.Kind != fact.RefCallInterface {
					continue
				}
				for _, s := range subs[class] {
					if id, ok := g.index[s+"->"+name+rest]; ok && id != e.To && g.has(id) {
						e := e
						e.To, e.Kind = id, fact.EdgeVirtual
						link(e)
					}
				}
			}
		}
	}
	for _, x := range extra {
		e := fact.Edge{From: g.index[x.from], To: g.index[x.to], Kind: x.kind}
		if d, ok := g.defs[e.From]; ok {
			e.Unit, e.Body = d[0], max(0, d[1])
		}
		link(e)
	}
	return g
}

// ancestors walks the hierarchy breadth first.
func ancestors(class string, direct map[string][]string) []string {
	var out []string
	seen := map[string]bool{class: true}
	queue := slices.Clone(direct[class])
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		if seen[c] {
			continue
		}
		seen[c] = true
		out = append(out, c)
		queue = append(queue, direct[c]...)
	}
	return out
}

func (g *graph) has(m fact.MethodID) bool {
	_, ok := g.defs[m]
	return ok
}

func (g *graph) NumMethods() int { return len(g.names) }

func (g *graph) ID(u int, m uint32) fact.MethodID { return g.ids[u][m] }

func (g *graph) Name(m fact.MethodID) (class, name, proto string) { return split(g.names[m]) }

func (g *graph) Defined(m fact.MethodID) (unit, body int, ok bool) {
	d, ok := g.defs[m]
	return d[0], d[1], ok
}

func (g *graph) Callers(m fact.MethodID) iter.Seq[fact.Edge] { return slices.Values(g.callers[m]) }

func (g *graph) Callees(m fact.MethodID) iter.Seq[fact.Edge] { return slices.Values(g.callees[m]) }

func (g *graph) Supers(class string) iter.Seq[string] { return slices.Values(g.supers[class]) }

func (g *graph) Lookup(class, name, proto string) (fact.MethodID, bool) {
	id, ok := g.index[class+"->"+name+proto]
	return id, ok
}

// MaySkip and ArrayTexts say what was told with [Method.MaySkip] and
// [Method.Array].
func (u *unit) MaySkip(body int, pc uint32) bool { return u.skips[argKey(body, pc)] }

func (u *unit) ArrayTexts() iter.Seq[fact.ArrayText] { return slices.Values(u.arrays) }
