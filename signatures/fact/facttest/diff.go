package facttest

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// Diff asks two sets for everything and returns the first difference, or "".
// Callers are compared as sets, as their order is only stable.
func Diff(a, b *fact.Set) string {
	if !reflect.DeepEqual(a.App, b.App) {
		return fmt.Sprintf("app: %+v and %+v", a.App, b.App)
	}
	if d := diffSeq("texts", slices.Collect(a.Texts()), slices.Collect(b.Texts())); d != "" {
		return d
	}
	if len(a.Units) != len(b.Units) {
		return fmt.Sprintf("%d and %d units", len(a.Units), len(b.Units))
	}
	for i := range a.Units {
		if d := diffUnit(a.Units[i], b.Units[i]); d != "" {
			return fmt.Sprintf("unit %d: %s", i, d)
		}
	}
	if (a.Graph == nil) != (b.Graph == nil) {
		return "only one has a graph"
	}
	if a.Graph != nil {
		return diffGraph(a, b)
	}
	return ""
}

func diffSeq[T any](what string, a, b []T) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d %s", len(a), len(b), what)
	}
	for i := range a {
		if !reflect.DeepEqual(a[i], b[i]) {
			return fmt.Sprintf("%s, number %d: %+v and %+v", what, i, a[i], b[i])
		}
	}
	return ""
}

func diffN(what string, n, m int, equal func(i uint32) (x, y any)) string {
	if n != m {
		return fmt.Sprintf("%d and %d %s", n, m, what)
	}
	for i := range n {
		if x, y := equal(uint32(i)); x != y {
			return fmt.Sprintf("%s, number %d: %q and %q", what, i, x, y)
		}
	}
	return ""
}

func diffUnit(a, b fact.Unit) string {
	if a.Info() != b.Info() || a.TypesSorted() != b.TypesSorted() {
		return fmt.Sprintf("%+v and %+v", a.Info(), b.Info())
	}
	type three struct{ a, b, c uint32 }
	pack := func(x, y, z uint32) any { return three{x, y, z} }
	checks := []func() string{
		func() string {
			return diffN("strings", a.NumStrings(), b.NumStrings(), func(i uint32) (x, y any) { return a.String(i), b.String(i) })
		},
		func() string {
			return diffN("types", a.NumTypes(), b.NumTypes(), func(i uint32) (x, y any) { return a.Type(i), b.Type(i) })
		},
		func() string {
			return diffN("protos", a.NumProtos(), b.NumProtos(), func(i uint32) (x, y any) { return a.Proto(i), b.Proto(i) })
		},
		func() string {
			return diffN("fields", a.NumFields(), b.NumFields(), func(i uint32) (x, y any) { return pack(a.Field(i)), pack(b.Field(i)) })
		},
		func() string {
			return diffN("methods", a.NumMethods(), b.NumMethods(), func(i uint32) (x, y any) { return pack(a.Method(i)), pack(b.Method(i)) })
		},
		func() string {
			return diffN("classes", a.NumClasses(), b.NumClasses(), func(i uint32) (x, y any) { return pack(a.Class(int(i))), pack(b.Class(int(i))) })
		},
		func() string { return diffSeq("bodies", a.Bodies(), b.Bodies()) },
		func() string { return diffSeq("references", a.Refs(), b.Refs()) },
	}
	for _, check := range checks {
		if d := check(); d != "" {
			return d
		}
	}
	for i := range a.NumClasses() {
		for _, d := range []string{
			diffSeq("interfaces", a.ClassInterfaces(i), b.ClassInterfaces(i)),
			diffSeq("methods", slices.Collect(a.ClassMethods(i)), slices.Collect(b.ClassMethods(i))),
			diffFields(slices.Collect(a.ClassFields(i)), slices.Collect(b.ClassFields(i))),
			diffAnnotations(slices.Collect(a.ClassAnnotations(i)), slices.Collect(b.ClassAnnotations(i))),
		} {
			if d != "" {
				return fmt.Sprintf("class %d: %s", i, d)
			}
		}
	}
	x, ok1 := a.(fact.ArrayTexts)
	y, ok2 := b.(fact.ArrayTexts)
	if ok1 && ok2 {
		if d := diffSeq("arrays", slices.Collect(x.ArrayTexts()), slices.Collect(y.ArrayTexts())); d != "" {
			return d
		}
	}
	e1, ok1 := a.(fact.Emulations)
	e2, ok2 := b.(fact.Emulations)
	if ok1 && ok2 {
		if d := diffSeq("emulated strings", slices.Collect(e1.Emulated()), slices.Collect(e2.Emulated())); d != "" {
			return d
		}
	}
	refs := a.Refs()
	for bi, body := range a.Bodies() {
		for _, r := range refs[body.RefFirst:body.RefEnd] {
			if !r.Kind.IsCall() {
				continue
			}
			if s, ok := a.(fact.Skipper); ok {
				if t, ok := b.(fact.Skipper); ok && s.MaySkip(bi, r.PC) != t.MaySkip(bi, r.PC) {
					return fmt.Sprintf("the call at %d of body %d may be skipped in one only", r.PC, bi)
				}
			}
			x, y := a.Args(bi, r.PC), b.Args(bi, r.PC)
			if !sameValues(x, y) {
				return fmt.Sprintf("arguments at %d of body %d: %+v and %+v", r.PC, bi, x, y)
			}
		}
	}
	return ""
}

func diffFields(a, b []fact.FieldDef) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d fields", len(a), len(b))
	}
	for i := range a {
		if a[i].Field != b[i].Field || a[i].Flags != b[i].Flags || !SameValue(a[i].Const, b[i].Const) {
			return fmt.Sprintf("field %d: %+v and %+v", i, a[i], b[i])
		}
	}
	return ""
}

func diffAnnotations(a, b []fact.Annotation) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d annotations", len(a), len(b))
	}
	for i := range a {
		if a[i].Member != b[i].Member || a[i].Type != b[i].Type || a[i].Name != b[i].Name || !SameValue(a[i].Value, b[i].Value) {
			return fmt.Sprintf("annotation %d: %+v and %+v", i, a[i], b[i])
		}
	}
	return ""
}

func sameValues(a, b []fact.Value) bool {
	return slices.EqualFunc(a, b, SameValue)
}

// SameValue compares two values; numbers that are not numbers are equal.
func SameValue(a, b fact.Value) bool {
	return a.Kind == b.Kind && a.S == b.S && a.N == b.N &&
		math.Float64bits(a.F) == math.Float64bits(b.F) && sameValues(a.Elems, b.Elems)
}

func diffGraph(a, b *fact.Set) string {
	g, h := a.Graph, b.Graph
	if g.NumMethods() != h.NumMethods() {
		return fmt.Sprintf("%d and %d methods in the graph", g.NumMethods(), h.NumMethods())
	}
	compare := func(x, y fact.Edge) int {
		for _, d := range []int{int(x.From) - int(y.From), int(x.Kind) - int(y.Kind), x.Unit - y.Unit, x.Body - y.Body, int(x.PC) - int(y.PC), int(x.To) - int(y.To)} {
			if d != 0 {
				return d
			}
		}
		return 0
	}
	for i := range g.NumMethods() {
		m := fact.MethodID(i)
		type named struct{ class, name, proto string }
		pack := func(c, n, p string) named { return named{c, n, p} }
		x, y := pack(g.Name(m)), pack(h.Name(m))
		if x != y {
			return fmt.Sprintf("method %d: %v and %v", m, x, y)
		}
		id1, ok1 := g.Lookup(x.class, x.name, x.proto)
		id2, ok2 := h.Lookup(x.class, x.name, x.proto)
		if id1 != id2 || ok1 != ok2 {
			return fmt.Sprintf("look-up of %v: %d %v and %d %v", x, id1, ok1, id2, ok2)
		}
		u1, b1, ok1 := g.Defined(m)
		u2, b2, ok2 := h.Defined(m)
		if ok1 != ok2 || ok1 && (u1 != u2 || b1 != b2) {
			return fmt.Sprintf("definition of %v: %d %d %v and %d %d %v", x, u1, b1, ok1, u2, b2, ok2)
		}
		if d := diffSeq(fmt.Sprintf("edges from %v", x), slices.Collect(g.Callees(m)), slices.Collect(h.Callees(m))); d != "" {
			return d
		}
		from1, from2 := slices.SortedFunc(g.Callers(m), compare), slices.SortedFunc(h.Callers(m), compare)
		if d := diffSeq(fmt.Sprintf("edges to %v", x), from1, from2); d != "" {
			return d
		}
	}
	for ui, u := range a.Units {
		for i := range u.NumMethods() {
			if g.ID(ui, uint32(i)) != h.ID(ui, uint32(i)) {
				return fmt.Sprintf("method %d of unit %d has ids %d and %d", i, ui, g.ID(ui, uint32(i)), h.ID(ui, uint32(i)))
			}
		}
		for i := range u.NumTypes() {
			d := u.Type(uint32(i))
			if d := diffSeq("ancestors of "+d, slices.Collect(g.Supers(d)), slices.Collect(h.Supers(d))); d != "" {
				return d
			}
		}
	}
	return ""
}
