// Package program sees all bodies of code of an app as one: methods and classes
// under stable dense numbers, the class hierarchy, and a call graph whose edges
// say how sure they are.
//
// It works over [Unit], an interface of basic types, so that DEX files, class
// files and frozen facts can all feed it. A class that no unit defines is a
// class of the framework; what is known of it comes from a [Framework] table.
//
// # The graph
//
// An edge runs from the method that holds a call to a method that may run
// because of it:
//
//   - [EdgeDirect]: the named method itself, or the one that it inherits. A
//     method without code (of an interface, say) is a node like any other.
//   - [EdgeVirtual]: a method that overrides the named one in a subclass of the
//     named receiver (class hierarchy analysis).
//   - [EdgeCallback]: code that the framework or the virtual machine runs later:
//     run of a Runnable that was handed over, a static initialiser, the body of
//     a lambda. See callbacks.go; what is run when is rows of data there.
//   - [EdgeReflective]: by a name that was resolved from constants, if a unit
//     implements [Values].
//   - [EdgeUnresolved]: a method that the app names but does not define.
//
// The graph says "may", never "does": there is no points-to analysis. In these
// places it can miss an edge, too: names that are put together at run time, native
// code, objects that reach the framework on ways that the rows do not know, and
// overrides called through java.lang.Object (toString and its like), which are
// left out because they would tie everything to everything.
//
// # Threat model
//
// Units may come from hostile files. Indices out of range are treated as
// absent, cycles in the hierarchy are cut, and work that hostile input could make
// quadratic has budgets ([Program.Truncated] tells whether one was reached).
//
// # Concurrency
//
// A Program is built lazily: numbers and hierarchy on the first question, the
// graph on the first question about edges. All methods are safe for concurrent
// use as long as those of the units are.
package program

import (
	"iter"
	"sync"
)

// NoIndex marks an index that is absent.
const NoIndex = ^uint32(0)

// RefKind says what an instruction does with what it refers to. The numbers are
// those of signatures/fact, so that an adapter can convert by type.
type RefKind uint8

// The kinds of reference. Index is into methods for calls and handles, fields
// for gets and puts, types for RefClass, RefNew and RefTypeOther.
const (
	RefNone RefKind = iota
	RefCallVirtual
	RefCallSuper
	RefCallDirect
	RefCallStatic
	RefCallInterface
	RefCallPoly
	RefCallDynamic // the method that the bootstrap of an invoke-custom links to
	RefHandle
	RefFieldGet
	RefFieldPut
	RefString
	RefClass
	RefNew
	RefTypeOther
)

// Ref is a reference in code: the instruction at PC refers to entry Index of a
// table that Kind tells.
type Ref struct {
	PC    uint32
	Index uint32
	Kind  RefKind
}

// Unit is one body of code as tables. Descriptors and prototypes are in the
// form of DEX ("Lcom/foo/Bar;", "(ILjava/lang/String;)V"). What cannot be read is
// "" or NoIndex. Methods must be safe for concurrent use.
type Unit interface {
	NumTypes() int
	Type(i uint32) string
	NumStrings() int
	String(i uint32) string
	NumProtos() int
	Proto(i uint32) string
	NumFields() int
	Field(i uint32) (class, name, typ uint32) // into types, strings, types
	NumMethods() int
	Method(i uint32) (class, name, proto uint32) // into types, strings, protos

	NumClasses() int
	// Class returns class definition i: its type, its superclass (NoIndex if
	// none) and its access flags.
	Class(i int) (typ, super, flags uint32)
	ClassInterfaces(i int) []uint32
	// EachMethod calls fn for each method that class i defines; body is -1 if
	// it has no code.
	EachMethod(i int, fn func(method, flags uint32, body int))

	NumBodies() int
	// Body returns the method whose code body i is.
	Body(i int) (method uint32)
	// AppendRefs appends the references of body i, in the order of the code.
	AppendRefs(i int, to []Ref) []Ref
}

// Values is what a [Unit] may implement as well, to make the graph more
// precise. It is asked for few calls only, and only while the graph is built.
type Values interface {
	// ArgClass returns the descriptor of the class of the object that the call
	// at pc passes as argument arg (the receiver is 0 if there is one), "" if
	// that is not known.
	ArgClass(body int, pc uint32, arg int) string
	// Reflected returns what a call of Method.invoke, Constructor.newInstance
	// or Class.newInstance runs: members in smali notation, with or without
	// the prototype ("Lcom/foo/Bar;->name"); none if that is not known.
	Reflected(body int, pc uint32) []string
}

// Prototypes is what a [Unit] may implement as well, so that the text of a
// prototype need not be put together to know which one it is.
type Prototypes interface {
	// AppendProto appends the types of prototype i: of its parameters, then of
	// what it returns. ok is false if that is not known.
	AppendProto(i uint32, to []uint32) (types []uint32, ok bool)
}

// MethodID is a method of any unit or of the framework: dense, from 0. Methods
// of one descriptor in several units are one. Numbers are the same whenever the
// same units are given in the same order.
type MethodID uint32

// ClassID is a class likewise.
type ClassID uint32

// Absent ids.
const (
	NoMethod = ^MethodID(0)
	NoClass  = ^ClassID(0)
)

// Access flags that matter here, as in DEX.
const (
	accPrivate   = 0x2
	accStatic    = 0x8
	accInterface = 0x200
	accAbstract  = 0x400
)

// Program is the units of an app as one.
type Program struct {
	units []Unit
	fw    Framework

	tabOnce sync.Once
	tab     tables

	graphOnce sync.Once
	g         graph
}

// New returns a Program over units, in the order in which Android would load
// them: of a class that several define, the first definition counts. fw may be nil:
// then nothing is known of classes that the app does not define.
func New(fw Framework, units ...Unit) *Program {
	return &Program{units: units, fw: fw}
}

func (p *Program) tables() *tables {
	p.tabOnce.Do(func() { p.tab.build(p.units, p.fw) })
	return &p.tab
}

func (p *Program) graph() *graph {
	t := p.tables()
	p.graphOnce.Do(func() { p.g.build(p.units, t) })
	return &p.g
}

// Truncated reports whether a budget was reached and something may be missing
// from the hierarchy or the graph. No honest app is near it.
func (p *Program) Truncated() bool { return p.graph().truncated || p.tables().truncated }

// NumMethods returns the number of MethodIDs.
func (p *Program) NumMethods() int {
	// Names met by reflection get numbers, too.
	return len(p.graph().ext) + p.tab.numMethods()
}

// NumClasses returns the number of ClassIDs: every type that a unit names,
// and the framework types above them.
func (p *Program) NumClasses() int { return len(p.tables().classes.list) }

// ID returns the number of method m of unit u; NoMethod if it cannot be read.
func (p *Program) ID(u int, m uint32) MethodID {
	t := p.tables()
	if u < 0 || u >= len(t.methodOf) || int64(m) >= int64(len(t.methodOf[u])) {
		return NoMethod
	}
	return t.methodOf[u][m]
}

// Name returns the parts of a method: class descriptor, name, prototype. The
// prototype is empty for a method that was only met by reflection.
func (p *Program) Name(m MethodID) (class, name, proto string) {
	t := p.tables()
	if n := t.numMethods(); int64(m) >= int64(n) {
		if g := p.graph(); int64(m)-int64(n) < int64(len(g.ext)) {
			e := g.ext[int(m)-n]
			return e.class, e.name, e.proto
		}
		return "", "", ""
	}
	return t.classes.list[t.class(m)], t.name(m), t.proto(m)
}

// Lookup finds a method by its parts.
func (p *Program) Lookup(class, name, proto string) (MethodID, bool) {
	t := p.tables()
	if m := t.lookup(class, name, proto); m != NoMethod {
		return m, true
	}
	i, ok := p.graph().extIndex[member{class, name, proto}]
	return MethodID(t.numMethods() + i), ok
}

// Class finds a class by its descriptor.
func (p *Program) Class(descriptor string) (ClassID, bool) {
	c, ok := p.tables().classes.find(descriptor)
	return ClassID(c), ok
}

// ClassName returns the descriptor of a class.
func (p *Program) ClassName(c ClassID) string {
	t := p.tables()
	if int64(c) >= int64(len(t.classes.list)) {
		return ""
	}
	return t.classes.list[c]
}

// ClassOf returns the class that a method is named with; NoClass for one that
// was only met by reflection.
func (p *Program) ClassOf(m MethodID) ClassID {
	t := p.tables()
	if int64(m) >= int64(t.numMethods()) {
		return NoClass
	}
	return t.class(m)
}

// ClassDefined returns the unit and the index of the class definition in it;
// ok is false if no unit defines the class.
func (p *Program) ClassDefined(c ClassID) (unit, class int, ok bool) {
	t := p.tables()
	if !t.isApp(c) {
		return -1, -1, false
	}
	return int(t.defUnit[c]), int(t.defClass[c]), true
}

// Defined returns the unit and the body (-1 if it has no code) that define m;
// ok is false if no unit does.
func (p *Program) Defined(m MethodID) (unit, body int, ok bool) {
	t := p.tables()
	if !t.isDefined(m) {
		return -1, -1, false
	}
	return int(t.mUnit[m]), int(t.mBody[m]), true
}

// Flags returns the access flags of a method that a unit defines, else 0.
func (p *Program) Flags(m MethodID) uint32 {
	t := p.tables()
	if !t.isDefined(m) {
		return 0
	}
	return t.mFlags[m]
}

// Methods yields the methods that units define in class c, in the order of
// their numbers.
func (p *Program) Methods(c ClassID) iter.Seq[MethodID] {
	return func(yield func(MethodID) bool) {
		t := p.tables()
		if int64(c) >= int64(len(t.classMethods.off)-1) {
			return
		}
		for _, m := range t.classMethods.row(uint32(c)) {
			if t.isDefined(MethodID(m)) && !yield(MethodID(m)) {
				return
			}
		}
	}
}

// Super returns the superclass of c; NoClass if it has none or it is unknown.
func (p *Program) Super(c ClassID) ClassID {
	t := p.tables()
	if int64(c) >= int64(len(t.super)) {
		return NoClass
	}
	return t.super[c]
}

// Supers yields the superclasses and interfaces of the class with that
// descriptor, nearest first, classes of the framework as far as they are known.
func (p *Program) Supers(class string) iter.Seq[string] {
	return func(yield func(string) bool) {
		t := p.tables()
		c, ok := t.classes.find(class)
		if !ok {
			t.frameworkSupers(class, yield)
			return
		}
		for _, s := range t.supers(ClassID(c)) {
			if !yield(t.classes.list[s]) {
				return
			}
		}
	}
}

// Subclasses yields the classes that an app defines and that extend or
// implement c, at any distance, in the order of their numbers.
func (p *Program) Subclasses(c ClassID) iter.Seq[ClassID] {
	return func(yield func(ClassID) bool) {
		t := p.tables()
		sub := t.subclasses()
		if int64(c) >= int64(len(sub.off)-1) {
			return
		}
		for _, s := range sub.row(uint32(c)) {
			if !yield(ClassID(s)) {
				return
			}
		}
	}
}

// IsA reports whether c is d, extends or implements it.
func (p *Program) IsA(c, d ClassID) bool {
	t := p.tables()
	if int64(c) >= int64(len(t.classes.list)) {
		return false
	}
	return t.isA(c, d)
}

// Resolve returns the method that a call naming m runs if the receiver's class
// overrides nothing: m itself, the one that its class inherits from another
// class of the app, or, if a class of the framework inherits it to one of
// the app, the method of the framework class that introduces that name (the
// nearest one if that is not known). So Lcom/foo/MyActivity;->getContentResolver()
// is resolved to Landroid/content/Context;->getContentResolver(). Methods named
// with a class of the framework are themselves; see [Program.Names].
func (p *Program) Resolve(m MethodID) MethodID {
	t := p.tables()
	if int64(m) >= int64(len(t.resolved)) {
		return m
	}
	return t.resolved[m]
}

// Names yields the classes under whose name m may be known: its own, then its
// superclasses and interfaces as far up as the method is inherited, nearest first.
// Landroid/app/Activity;->getContentResolver() is known under Activity,
// ContextThemeWrapper, ContextWrapper and Context. A class of which nothing is
// known, or that cannot have the method, ends the list.
func (p *Program) Names(m MethodID) iter.Seq[string] {
	return func(yield func(string) bool) {
		t := p.tables()
		if int64(m) >= int64(len(t.resolved)) {
			return
		}
		t.eachName(m, func(c ClassID) bool { return yield(t.classes.list[c]) })
	}
}
