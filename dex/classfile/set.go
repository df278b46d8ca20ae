package classfile

import (
	"bytes"
	"slices"
	"strings"
)

// NoIndex marks an index that is absent.
const NoIndex = ^uint32(0)

// Set is class files under common numbers, as one DEX file would hold them.
// All tables are sorted, so the order of the files does not matter to them.
type Set struct {
	classes []class

	strings []string
	types   []string
	protos  []string
	fields  [][3]uint32 // class, name, type
	methods [][3]uint32 // class, name, prototype

	methodAt map[[3]uint32]uint32 // the reverse of methods
	fieldAt  map[[3]uint32]uint32
	size     int64

	know knowledge // of the interpreter
}

// class is a file with what its indices mean in the set.
type class struct {
	f       *File
	typ     uint32
	super   uint32
	ifaces  []uint32
	fields  []uint32 // numbers of its members
	methods []uint32
	// pool tells for each constant what it names: of a String and of a Utf8
	// that is a name or stands in an annotation the number of the string, of a
	// Class, Fieldref, Methodref and InterfaceMethodref its number, of a
	// MethodType that of the prototype.
	pool  []uint32
	links []Link // by bootstrap method
}

// Link is what a bootstrap method makes of a call site.
type Link struct {
	// Target is the first method that its arguments hold, which is a lambda's
	// body; NoIndex if they hold none.
	Target uint32
	// Text is the constant parts of text that is put together: strings.
	Text []uint32
	// Args are its other arguments that name something.
	Args []LinkArg
}

// LinkArg is an argument of a bootstrap method that names something.
type LinkArg struct {
	Tag   Tag    // TagString, TagClass or TagMethodHandle (of a method)
	Index uint32 // number of the string, type or method
}

// maxLinkArgs is how many arguments of a bootstrap method are looked at; the
// virtual machine allows 251.
const maxLinkArgs = 255

// NewSet numbers all that files name. Files are borrowed.
func NewSet(files []*File) *Set {
	n := newNumbering()
	s := &Set{classes: make([]class, len(files))}
	for i, f := range files {
		s.size += int64(len(f.data))
		n.file(&s.classes[i], f)
	}
	n.finish(s)
	return s
}

// numbering hands out numbers in order of appearance, which finish puts in
// the order of the tables.
type numbering struct {
	strings, types, protos table
	byName                 map[string]uint32 // types by the name in a Class constant
	fields, methods        triples
	recipes                [][]uint32 // constant parts of each
	// Of the file at hand, by Utf8, so that no text is looked up twice.
	typeOf, protoOf []uint32
}

// notAsked stands in memos of numbering.
const notAsked = NoIndex - 1

func newNumbering() *numbering {
	return &numbering{
		strings: table{of: map[string]uint32{}}, types: table{of: map[string]uint32{}}, protos: table{of: map[string]uint32{}},
		byName: map[string]uint32{}, fields: triples{of: map[[3]uint32]uint32{}}, methods: triples{of: map[[3]uint32]uint32{}},
	}
}

// table is a list of distinct texts.
type table struct {
	of   map[string]uint32
	list []string
}

func (t *table) add(s string) uint32 {
	n, ok := t.of[s]
	if !ok {
		n = uint32(len(t.list))
		t.of[s] = n
		t.list = append(t.list, s)
	}
	return n
}

// addUTF8 is add for the text of a constant; the text is only made if it is new.
func (t *table) addUTF8(b []byte) uint32 {
	if n, ok := t.of[string(b)]; ok {
		return n
	}
	return t.add(decodeMUTF8(b))
}

// sort sorts the list and returns what becomes of each number.
func (t *table) sort() (moved []uint32) {
	order := make([]uint32, len(t.list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(t.list[a], t.list[b]) })
	moved = make([]uint32, len(order))
	sorted := make([]string, len(order))
	for to, from := range order {
		moved[from] = uint32(to)
		sorted[to] = t.list[from]
	}
	t.list = sorted
	return moved
}

// triples is a list of distinct members.
type triples struct {
	of   map[[3]uint32]uint32
	list [][3]uint32
}

func (t *triples) add(k [3]uint32) uint32 {
	n, ok := t.of[k]
	if !ok {
		n = uint32(len(t.list))
		t.of[k] = n
		t.list = append(t.list, k)
	}
	return n
}

// sort is like table.sort, after the parts of the list have moved.
func (t *triples) sort(class, name, rest []uint32) (moved []uint32) {
	order := make([]uint32, len(t.list))
	for i := range t.list {
		k := &t.list[i]
		k[0], k[1], k[2] = move(class, k[0]), move(name, k[1]), move(rest, k[2])
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return slices.Compare(t.list[a][:], t.list[b][:]) })
	moved = make([]uint32, len(order))
	sorted := make([][3]uint32, len(order))
	clear(t.of)
	for to, from := range order {
		moved[from] = uint32(to)
		sorted[to] = t.list[from]
		t.of[sorted[to]] = uint32(to)
	}
	t.list = sorted
	return moved
}

func move(moved []uint32, i uint32) uint32 {
	if int64(i) >= int64(len(moved)) {
		return NoIndex
	}
	return moved[i]
}

// descriptor numbers a type by its descriptor; NoIndex if it is none.
func (n *numbering) descriptor(f *File, i uint16) uint32 {
	b := f.utf8(i)
	if b == nil {
		return NoIndex
	}
	if n.typeOf[i] != notAsked {
		return n.typeOf[i]
	}
	t, ok := n.types.of[string(b)]
	if !ok {
		t = n.newType(decodeMUTF8(b))
	}
	n.typeOf[i] = t
	return t
}

func (n *numbering) newType(d string) uint32 {
	if !isType(d) {
		return NoIndex
	}
	n.strings.add(d)
	return n.types.add(d)
}

// class numbers the type that a Class constant names.
func (n *numbering) class(f *File, i uint16) uint32 {
	b := f.utf8(f.nameIndex(i, TagClass))
	if len(b) == 0 {
		return NoIndex
	}
	t, ok := n.byName[string(b)]
	if !ok {
		name := decodeMUTF8(b)
		t = n.newType(classDescriptor(name))
		n.byName[name] = t
	}
	return t
}

// proto numbers a method's prototype and the types in it.
func (n *numbering) proto(f *File, i uint16) uint32 {
	b := f.utf8(i)
	if b == nil {
		return NoIndex
	}
	if n.protoOf[i] != notAsked {
		return n.protoOf[i]
	}
	p, ok := n.protos.of[string(b)]
	if !ok {
		p = NoIndex
		if d := decodeMUTF8(b); isProto(d) {
			for t := range params(d) {
				n.newType(t)
			}
			n.strings.add(result(d))
			n.types.add(result(d))
			p = n.protos.add(d)
		}
	}
	n.protoOf[i] = p
	return p
}

// name numbers the string that a Utf8 is.
func (n *numbering) name(c *class, i uint16) uint32 {
	b := c.f.utf8(i)
	if b == nil {
		return NoIndex
	}
	if c.pool[i] == NoIndex {
		c.pool[i] = n.strings.addUTF8(b)
	}
	return c.pool[i]
}

// file numbers all that a file names.
func (n *numbering) file(c *class, f *File) {
	c.f = f
	c.pool = unset(nil, len(f.pool), NoIndex)
	n.typeOf, n.protoOf = unset(n.typeOf, len(f.pool), notAsked), unset(n.protoOf, len(f.pool), notAsked)
	// Classes first: members name them by the number of the constant.
	for i := range c.pool {
		if x := uint16(i); f.Tag(x) == TagClass {
			c.pool[i] = n.class(f, x)
		}
	}
	recipes := f.recipes()
	for i := range c.pool {
		x := uint16(i)
		switch f.Tag(x) {
		case TagString:
			if !recipes[x] {
				c.pool[i] = n.name(c, f.nameIndex(x, TagString))
			}
		case TagMethodType:
			c.pool[i] = n.proto(f, f.nameIndex(x, TagMethodType))
		case TagFieldref:
			class, name, desc := f.Member(x)
			c.pool[i] = n.fields.add([3]uint32{c.typeOf(class), n.name(c, name), n.descriptor(f, desc)})
		case TagMethodref, TagInterfaceMethodref:
			class, name, desc := f.Member(x)
			c.pool[i] = n.methods.add([3]uint32{c.typeOf(class), n.name(c, name), n.proto(f, desc)})
		case TagInvokeDynamic:
			_, name, desc, _ := f.Dynamic(x)
			n.name(c, name)
			n.proto(f, desc)
		}
	}
	c.typ, c.super = c.typeOf(f.This), NoIndex
	if f.Super != 0 {
		c.super = c.typeOf(f.Super)
	}
	for _, i := range f.Ifaces {
		c.ifaces = append(c.ifaces, c.typeOf(i))
	}
	for i := range f.Fields {
		m := &f.Fields[i]
		c.fields = append(c.fields, n.fields.add([3]uint32{c.typ, n.name(c, m.Name), n.descriptor(f, m.Desc)}))
		n.annotations(c, m)
	}
	for i := range f.Methods {
		m := &f.Methods[i]
		c.methods = append(c.methods, n.methods.add([3]uint32{c.typ, n.name(c, m.Name), n.proto(f, m.Desc)}))
		n.annotations(c, m)
	}
	n.annotations(c, nil)
	n.name(c, f.SourceFile)
	n.bootstrap(c)
}

// unset returns a list of n times v, in the memory of l if that is enough.
func unset(l []uint32, n int, v uint32) []uint32 {
	if cap(l) < n {
		l = make([]uint32, n)
	}
	l = l[:n]
	for i := range l {
		l[i] = v
	}
	return l
}

// typeOf returns the number of the type that a Class constant names.
func (c *class) typeOf(i uint16) uint32 {
	if c.f.Tag(i) != TagClass {
		return NoIndex
	}
	return c.pool[i]
}

// annotations numbers the texts and types in annotations.
func (n *numbering) annotations(c *class, m *Member) {
	var visit func(e *Element)
	typ := func(i uint16) {
		n.name(c, i)
		n.descriptor(c.f, i)
	}
	visit = func(e *Element) {
		switch e.Tag {
		case 's':
			n.name(c, e.Const)
		case 'c', '@':
			typ(max(e.Const, e.Type))
		case 'e':
			typ(e.Type)
			n.name(c, e.Const)
		}
		for i := range e.Elems {
			visit(&e.Elems[i])
		}
	}
	c.f.Annotations(m, func(a Annotation, name uint16, v Element) bool {
		typ(a.Type)
		n.name(c, name)
		visit(&v)
		return true
	})
}

// bootstrap looks at what the bootstrap methods of a file are given.
func (n *numbering) bootstrap(c *class) {
	f := c.f
	c.links = make([]Link, len(f.bootstrap))
	texts := map[uint16][]uint32{}
	for i := range c.links {
		l := &c.links[i]
		l.Target = NoIndex
		handle, args, _ := f.Bootstrap(uint16(i))
		concat := f.isConcat(handle)
		for j := range min(args.Len(), maxLinkArgs) {
			x := args.At(j)
			switch f.Tag(x) {
			case TagString:
				if concat && j == 0 {
					u := f.nameIndex(x, TagString)
					text, ok := texts[u]
					if !ok {
						text = n.recipe(f.Utf8(u))
						texts[u] = text
					}
					l.Text = text
					continue
				}
				l.Args = append(l.Args, LinkArg{TagString, c.pool[x]})
			case TagClass:
				l.Args = append(l.Args, LinkArg{TagClass, c.pool[x]})
			case TagMethodHandle:
				kind, m := f.Handle(x)
				if kind.IsField() || f.Tag(m) != TagMethodref && f.Tag(m) != TagInterfaceMethodref {
					continue
				}
				if l.Target == NoIndex {
					l.Target = c.pool[m]
					continue
				}
				l.Args = append(l.Args, LinkArg{TagMethodHandle, c.pool[m]})
			}
		}
	}
}

// isConcat reports whether a handle is of StringConcatFactory's method that
// takes a recipe (java.lang.invoke, since Java 9).
func (f *File) isConcat(handle uint16) bool {
	_, m := f.Handle(handle)
	class, name, _ := f.Member(m)
	return string(f.utf8(name)) == "makeConcatWithConstants" &&
		string(f.utf8(f.nameIndex(class, TagClass))) == "java/lang/invoke/StringConcatFactory"
}

// recipes returns the String constants that are recipes with marks in them.
// They are no text of the program as they stand.
func (f *File) recipes() map[uint16]bool {
	var out map[uint16]bool
	for i := range f.bootstrap {
		handle, args, _ := f.Bootstrap(uint16(i))
		if args.Len() == 0 || !f.isConcat(handle) {
			continue
		}
		if x := args.At(0); !out[x] && bytes.ContainsAny(f.utf8(f.nameIndex(x, TagString)), "\x01\x02") {
			if out == nil {
				out = map[uint16]bool{}
			}
			out[x] = true
		}
	}
	return out
}

// recipe numbers the constant parts of a recipe, between the marks that stand
// for arguments. They are what a compiler for Android makes strings of.
func (n *numbering) recipe(s string) []uint32 {
	var l []uint32
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == 1 || r == 2 }) {
		l = append(l, n.strings.add(part))
	}
	n.recipes = append(n.recipes, l)
	return l
}

// finish sorts the tables and turns all numbers into positions in them.
func (n *numbering) finish(s *Set) {
	str, typ, proto := n.strings.sort(), n.types.sort(), n.protos.sort()
	field, method := n.fields.sort(typ, str, typ), n.methods.sort(typ, str, proto)
	s.strings, s.types, s.protos = n.strings.list, n.types.list, n.protos.list
	s.fields, s.methods = n.fields.list, n.methods.list
	s.fieldAt, s.methodAt = n.fields.of, n.methods.of
	all := func(moved, list []uint32) {
		for i := range list {
			list[i] = move(moved, list[i])
		}
	}
	for _, l := range n.recipes {
		all(str, l)
	}
	for i := range s.classes {
		c := &s.classes[i]
		c.typ, c.super = move(typ, c.typ), move(typ, c.super)
		all(typ, c.ifaces)
		all(field, c.fields)
		all(method, c.methods)
		for j := range c.pool {
			switch c.f.Tag(uint16(j)) {
			case TagClass:
				c.pool[j] = move(typ, c.pool[j])
			case TagString, TagUtf8:
				c.pool[j] = move(str, c.pool[j])
			case TagMethodType:
				c.pool[j] = move(proto, c.pool[j])
			case TagFieldref:
				c.pool[j] = move(field, c.pool[j])
			case TagMethodref, TagInterfaceMethodref:
				c.pool[j] = move(method, c.pool[j])
			}
		}
		for j := range c.links {
			l := &c.links[j]
			l.Target = move(method, l.Target)
			for k := range l.Args {
				a := &l.Args[k]
				switch a.Tag {
				case TagString:
					a.Index = move(str, a.Index)
				case TagClass:
					a.Index = move(typ, a.Index)
				default:
					a.Index = move(method, a.Index)
				}
			}
		}
	}
}

func at(list []string, i uint32) string {
	if int64(i) >= int64(len(list)) {
		return ""
	}
	return list[i]
}

// NumStrings returns the number of strings: constants, the names of members
// and types, and what annotations hold.
func (s *Set) NumStrings() int { return len(s.strings) }

// String returns string i, "" if there is none.
func (s *Set) String(i uint32) string { return at(s.strings, i) }

// NumTypes returns the number of types.
func (s *Set) NumTypes() int { return len(s.types) }

// Type returns the descriptor of type i, "" if there is none. Descriptors
// ascend with i.
func (s *Set) Type(i uint32) string { return at(s.types, i) }

// NumProtos returns the number of prototypes.
func (s *Set) NumProtos() int { return len(s.protos) }

// Proto returns prototype i ("(ILjava/lang/String;)V"), "" if there is none.
func (s *Set) Proto(i uint32) string { return at(s.protos, i) }

// NumFields returns the number of fields that are defined or named.
func (s *Set) NumFields() int { return len(s.fields) }

// Field returns the numbers of a field's class, name (string) and type.
func (s *Set) Field(i uint32) (class, name, typ uint32) { return triple(s.fields, i) }

// NumMethods returns the number of methods that are defined or named.
func (s *Set) NumMethods() int { return len(s.methods) }

// Method returns the numbers of a method's class, name (string) and prototype.
func (s *Set) Method(i uint32) (class, name, proto uint32) { return triple(s.methods, i) }

func triple(list [][3]uint32, i uint32) (a, b, c uint32) {
	if int64(i) >= int64(len(list)) {
		return NoIndex, NoIndex, NoIndex
	}
	k := list[i]
	return k[0], k[1], k[2]
}

// FieldString returns a field in smali notation: "Lcom/foo/Bar;->name:I".
func (s *Set) FieldString(i uint32) string {
	class, name, typ := s.Field(i)
	return s.Type(class) + "->" + s.String(name) + ":" + s.Type(typ)
}

// MethodString returns a method in smali notation: "Lcom/foo/Bar;->name(I)V".
func (s *Set) MethodString(i uint32) string {
	class, name, proto := s.Method(i)
	return s.Type(class) + "->" + s.String(name) + s.Proto(proto)
}

// NumClasses returns the number of files. Class i is that of file i.
func (s *Set) NumClasses() int { return len(s.classes) }

// File returns file i, which must be below NumClasses.
func (s *Set) File(i int) *File { return s.classes[i].f }

// Size returns how many bytes all files have.
func (s *Set) Size() int64 { return s.size }

// Class returns the types of class i and of its superclass; NoIndex if there
// is none or it cannot be read.
func (s *Set) Class(i int) (typ, super uint32) { return s.classes[i].typ, s.classes[i].super }

// Interfaces returns the types of the interfaces of class i. It must not be
// changed.
func (s *Set) Interfaces(i int) []uint32 { return s.classes[i].ifaces }

// FieldsOf returns the numbers of the fields that class i defines, in the order
// of File.Fields. It must not be changed.
func (s *Set) FieldsOf(i int) []uint32 { return s.classes[i].fields }

// MethodsOf returns the numbers of the methods that class i defines, in the
// order of File.Methods. It must not be changed.
func (s *Set) MethodsOf(i int) []uint32 { return s.classes[i].methods }

// Constant returns what constant x of class i names: the number of a string (of
// a String, and of a Utf8 that is a name or stands in an annotation), type
// (Class), prototype (MethodType), field or method; NoIndex for others.
func (s *Set) Constant(i int, x uint16) uint32 {
	c := &s.classes[i]
	if int(x) >= len(c.pool) {
		return NoIndex
	}
	return c.pool[x]
}

// Link returns what a Dynamic or InvokeDynamic constant of class i links to;
// ok is false if x is none or its bootstrap method is not there.
func (s *Set) Link(i int, x uint16) (l *Link, ok bool) {
	c := &s.classes[i]
	n, _, _, ok := c.f.Dynamic(x)
	if !ok || int(n) >= len(c.links) {
		return nil, false
	}
	return &c.links[n], true
}

// HandleMethod returns the method that a MethodHandle constant names, NoIndex
// if it names none.
func (s *Set) HandleMethod(i int, x uint16) uint32 {
	kind, m := s.classes[i].f.Handle(x)
	tag := s.classes[i].f.Tag(m)
	if kind.IsField() || tag != TagMethodref && tag != TagInterfaceMethodref {
		return NoIndex
	}
	return s.Constant(i, m)
}
