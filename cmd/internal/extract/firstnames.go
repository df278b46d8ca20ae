package extract

import (
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/dex/mapping"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// firstNames puts units that tell their code by the names of a map in place of
// those that were obfuscated.
func firstNames(units []fact.Unit, m *mapping.Map) {
	if m == nil {
		return
	}
	n := newNames(units, m)
	for i, u := range units {
		if d, ok := u.(*dexUnit); ok {
			units[i] = n.unit(d)
		}
	}
}

// names gives the first names of the members of an app's classes. A call may
// name a class that inherits the method; its first name stands with the class
// that defines it.
type names struct {
	*mapping.Map
	supers map[string][]string // superclass and interfaces of the app's classes, as the code has them
}

func newNames(units []fact.Unit, m *mapping.Map) *names {
	n := &names{Map: m, supers: map[string][]string{}}
	for _, u := range units {
		for i := range u.NumClasses() {
			typ, super, _ := u.Class(i)
			name := u.Type(typ)
			if _, known := n.supers[name]; known {
				continue
			}
			var up []string
			if super != fact.NoIndex {
				up = append(up, u.Type(super))
			}
			for _, t := range u.ClassInterfaces(i) {
				up = append(up, u.Type(t))
			}
			n.supers[name] = up
		}
	}
	return n
}

// maxSupers bounds the classes that are asked for one member.
const maxSupers = 64

// member returns the first name of a member, looking for it in the class and
// then in those above it, nearest first.
func (n *names) member(class, name, sig string) string {
	find := n.Method
	if !strings.HasPrefix(sig, "(") {
		find = n.Field
	}
	if strings.HasPrefix(name, "<") {
		return name
	}
	queue := []string{class}
	for i := 0; i < len(queue) && i < maxSupers; i++ {
		if first, ok := find(queue[i], name, sig); ok {
			return first
		}
		queue = append(queue, n.supers[queue[i]]...)
	}
	return name
}

// ref translates a member in smali notation.
func (n *names) ref(s string) string {
	class, rest, ok := strings.Cut(s, "->")
	if !ok {
		return s
	}
	if i := strings.IndexByte(rest, '('); i >= 0 {
		return n.Type(class) + "->" + n.member(class, rest[:i], rest[i:]) + n.Proto(rest[i:])
	}
	if name, typ, ok := strings.Cut(rest, ":"); ok {
		return n.Type(class) + "->" + n.member(class, name, typ) + ":" + n.Type(typ)
	}
	return s
}

// value translates the names in a value.
func (n *names) value(v fact.Value) fact.Value {
	switch v.Kind {
	case fact.Class, fact.Object:
		v.S = n.Type(v.S)
	case fact.Method, fact.FieldVal, fact.Result:
		v.S = n.ref(v.S)
	}
	if len(v.Elems) > 0 {
		v.Elems = n.values(v.Elems)
	}
	return v
}

func (n *names) values(in []fact.Value) []fact.Value {
	if in == nil {
		return nil
	}
	out := make([]fact.Value, len(in))
	for i, v := range in {
		out[i] = n.value(v)
	}
	return out
}

// retraced is a unit under its first names. Indices are those of the unit; names
// of members that are not among its strings come after them. The members that
// annotations stand on keep the names of the code.
type retraced struct {
	*dexUnit
	n       *names
	types   []string
	protos  []string
	more    []string // strings from NumStrings of the unit on
	methods []uint32 // name of each method, an index of String
	fields  []uint32
}

func (n *names) unit(u *dexUnit) *retraced {
	x := &retraced{
		dexUnit: u, n: n,
		types: make([]string, u.NumTypes()), protos: make([]string, u.NumProtos()),
		methods: make([]uint32, u.NumMethods()), fields: make([]uint32, u.NumFields()),
	}
	for i := range x.types {
		x.types[i] = n.Type(u.Type(uint32(i)))
	}
	for i := range x.protos {
		x.protos[i] = n.Proto(u.Proto(uint32(i)))
	}
	added := map[string]uint32{}
	name := func(class, old uint32, sig string) uint32 {
		was := u.String(old)
		first := n.member(u.Type(class), was, sig)
		if first == was {
			return old
		}
		i, ok := added[first]
		if !ok {
			i = uint32(u.NumStrings() + len(x.more))
			added[first] = i
			x.more = append(x.more, first)
		}
		return i
	}
	for i := range x.methods {
		class, old, proto := u.Method(uint32(i))
		x.methods[i] = name(class, old, u.Proto(proto))
	}
	for i := range x.fields {
		class, old, typ := u.Field(uint32(i))
		x.fields[i] = name(class, old, u.Type(typ))
	}
	return x
}

func (x *retraced) NumStrings() int { return x.dexUnit.NumStrings() + len(x.more) }

func (x *retraced) String(i uint32) string {
	if n := uint32(x.dexUnit.NumStrings()); i >= n && i-n < uint32(len(x.more)) {
		return x.more[i-n]
	}
	return x.dexUnit.String(i)
}

func (x *retraced) Type(i uint32) string {
	if int64(i) < int64(len(x.types)) {
		return x.types[i]
	}
	return ""
}

func (x *retraced) Proto(i uint32) string {
	if int64(i) < int64(len(x.protos)) {
		return x.protos[i]
	}
	return ""
}

func (x *retraced) Field(i uint32) (class, name, typ uint32) {
	class, name, typ = x.dexUnit.Field(i)
	if int64(i) < int64(len(x.fields)) {
		name = x.fields[i]
	}
	return class, name, typ
}

func (x *retraced) Method(i uint32) (class, name, proto uint32) {
	class, name, proto = x.dexUnit.Method(i)
	if int64(i) < int64(len(x.methods)) {
		name = x.methods[i]
	}
	return class, name, proto
}

// TypesSorted is false: the order is that of the other names.
func (x *retraced) TypesSorted() bool { return false }

func (x *retraced) ClassFields(i int) iter.Seq[fact.FieldDef] {
	return func(yield func(fact.FieldDef) bool) {
		for f := range x.dexUnit.ClassFields(i) {
			f.Const = x.n.value(f.Const)
			if !yield(f) {
				return
			}
		}
	}
}

func (x *retraced) ClassAnnotations(i int) iter.Seq[fact.Annotation] {
	return func(yield func(fact.Annotation) bool) {
		for a := range x.dexUnit.ClassAnnotations(i) {
			a.Type, a.Value = x.n.Type(a.Type), x.n.value(a.Value)
			if !yield(a) {
				return
			}
		}
	}
}

// Emulated yields the strings with the first names of the methods.
func (x *retraced) Emulated() iter.Seq[fact.Emulated] {
	return func(yield func(fact.Emulated) bool) {
		for e := range x.dexUnit.Emulated() {
			e.Method = x.n.ref(e.Method)
			if !yield(e) {
				return
			}
		}
	}
}

func (x *retraced) Args(body int, pc uint32) []fact.Value {
	return x.n.values(x.dexUnit.Args(body, pc))
}
