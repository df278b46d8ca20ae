// Package facttest builds the facts of small apps by hand, for tests of those
// who match and judge, and for the examples inside rule files:
//
//	app := facttest.New("com.example.app")
//	code := app.Code("classes.dex")
//	code.Class("Lcom/example/app/Main;").Super("Landroid/app/Activity;")
//	code.Method("Lcom/example/app/Main;->run()V").
//		String("android_id").
//		Call(fact.RefCallVirtual, "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;")
//	set := app.Set()
//
// Tables are laid out as in a DEX file: sorted and without duplicates. Names
// are taken as they come; nothing here panics on an odd one.
//
// # Limits
//
// The call graph knows calls by name (direct, virtual by class hierarchy,
// unresolved) and edges that were added by hand. Framework classes have the
// supers that [App.Framework] was told.
package facttest

import (
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// App collects what is to be in an app. It is not safe for concurrent use; the
// sets it makes are.
type App struct {
	// Info is everything but code. New fills in path, digest, status and the
	// manifest's package; a test changes what it likes before Set.
	Info fact.App

	codes  []*Code
	texts  []fact.Text
	supers map[string][]string
	edges  []edge
}

type edge struct {
	from, to string
	kind     fact.EdgeKind
}

// New returns an app with a manifest and nothing else in it.
func New(pkg string) *App {
	return &App{
		Info: fact.App{
			Path: pkg + ".apk", SHA256: strings.Repeat("0", 64), Status: fact.Complete,
			Parts:    []fact.Part{{Path: pkg + ".apk", SHA256: strings.Repeat("0", 64), Role: "base"}},
			Manifest: fact.Manifest{Present: true, Package: pkg, HasCode: true, MinSDK: 21, TargetSDK: 34},
		},
		supers: map[string][]string{},
	}
}

// Manifest returns the manifest, to be changed in place.
func (a *App) Manifest() *fact.Manifest { return &a.Info.Manifest }

// Component declares a component that is enabled and not exported. Further
// properties are set on the result, which is valid until the next call.
func (a *App) Component(kind fact.ComponentKind, class string) *fact.Component {
	m := a.Manifest()
	m.Components = append(m.Components, fact.Component{Kind: kind, Name: class, Enabled: true})
	return &m.Components[len(m.Components)-1]
}

// MetaData declares a meta-data element of the application.
func (a *App) MetaData(name, value string) *App {
	m := a.Manifest()
	m.MetaData = append(m.MetaData, fact.MetaData{Name: name, Value: value})
	return a
}

// Permission asks for a permission.
func (a *App) Permission(name string) *App {
	m := a.Manifest()
	m.Permissions = append(m.Permissions, fact.Permission{Name: name})
	return a
}

// File adds an entry.
func (a *App) File(unit string) *App {
	a.Info.Files = append(a.Info.Files, fact.File{Unit: unit, Size: 1})
	return a
}

// Lib adds a native library, and its entry.
func (a *App) Lib(unit string, symbols ...string) *fact.NativeLib {
	a.File(unit)
	name := unit[strings.LastIndexByte(unit, '/')+1:]
	a.Info.Libs = append(a.Info.Libs, fact.NativeLib{Unit: unit, Name: name, ABI: "arm64-v8a", Symbols: symbols})
	return &a.Info.Libs[len(a.Info.Libs)-1]
}

// Text adds a string outside code.
func (a *App) Text(t fact.Text) *App {
	a.texts = append(a.texts, t)
	return a
}

// Framework says what the superclasses and interfaces of a class are that the
// app does not define, nearest first.
func (a *App) Framework(class string, supers ...string) *App {
	a.supers[class] = supers
	return a
}

// Edge adds an edge to the call graph, between methods in smali notation.
func (a *App) Edge(from, to string, kind fact.EdgeKind) *App {
	a.edges = append(a.edges, edge{from, to, kind})
	return a
}

// Code returns the unit of this name, which is made on the first call.
func (a *App) Code(name string) *Code {
	for _, c := range a.codes {
		if c.name == name {
			return c
		}
	}
	c := &Code{name: name, sorted: true}
	a.codes = append(a.codes, c)
	return c
}

// Code is one unit in the making.
type Code struct {
	name     string
	sorted   bool
	unloaded bool
	classes  []*Class
	methods  []*Method
	refs     []string // types that are referenced and nothing else
	members  []string
	strings  []string
}

// Unsorted lays the types out in the order of their use, as class files do.
func (c *Code) Unsorted() *Code {
	c.sorted = false
	return c
}

// Unloaded marks the unit as one that Android does not load by itself.
func (c *Code) Unloaded() *Code {
	c.unloaded = true
	return c
}

// Refer puts types into the type table that nothing defines.
func (c *Code) Refer(types ...string) *Code {
	c.refs = append(c.refs, types...)
	return c
}

// ReferMember puts a method or field (smali notation) into its table, without
// code that uses it.
func (c *Code) ReferMember(members ...string) *Code {
	c.members = append(c.members, members...)
	return c
}

// Strings puts strings into the string table, without code that loads them.
func (c *Code) Strings(s ...string) *Code {
	c.strings = append(c.strings, s...)
	return c
}

// Class defines a class, on the first call with superclass java.lang.Object.
func (c *Code) Class(desc string) *Class {
	for _, cl := range c.classes {
		if cl.desc == desc {
			return cl
		}
	}
	cl := &Class{desc: desc, super: "Ljava/lang/Object;", flags: 1}
	c.classes = append(c.classes, cl)
	return cl
}

// Class is one class in the making.
type Class struct {
	desc, super string
	flags       uint32
	interfaces  []string
	fields      []fieldDef
	annotations []fact.Annotation
}

type fieldDef struct {
	ref   string
	flags uint32
	value fact.Value
}

// Super sets the superclass; "" means none.
func (c *Class) Super(desc string) *Class {
	c.super = desc
	return c
}

// Flags sets the access flags.
func (c *Class) Flags(flags uint32) *Class {
	c.flags = flags
	return c
}

// Implements adds interfaces.
func (c *Class) Implements(descs ...string) *Class {
	c.interfaces = append(c.interfaces, descs...)
	return c
}

// Static defines a public static final field with a constant value.
func (c *Class) Static(name, typ string, v fact.Value) *Class {
	c.fields = append(c.fields, fieldDef{c.desc + "->" + name + ":" + typ, 0x19, v})
	return c
}

// Annotate adds an element of an annotation.
func (c *Class) Annotate(a fact.Annotation) *Class {
	c.annotations = append(c.annotations, a)
	return c
}

// Method defines a method (smali notation) with code; its class is defined if
// it is not yet. Further calls with the same name return the same method.
func (c *Code) Method(ref string) *Method {
	for _, m := range c.methods {
		if m.ref == ref {
			return m
		}
	}
	class, name, _ := split(ref)
	c.Class(class)
	m := &Method{ref: ref, flags: 1, virtual: !strings.HasPrefix(name, "<")}
	c.methods = append(c.methods, m)
	return m
}

// Abstract defines a method without code.
func (c *Code) Abstract(ref string) *Method {
	m := c.Method(ref)
	m.flags |= 0x400
	m.nobody = true
	return m
}

// Method is one method in the making. Each instruction takes three code units.
type Method struct {
	ref     string
	flags   uint32
	virtual bool
	nobody  bool
	pc      uint32
	insns   []insn
	skips   []uint32 // instructions that a branch leads past
	arrays  []fact.ArrayText
}

type insn struct {
	pc   uint32
	kind fact.RefKind
	ref  string
	args []fact.Value
}

// Flags sets the access flags. A method with 0x8 (static) or 0x2 (private) is
// not a virtual one.
func (m *Method) Flags(flags uint32) *Method {
	m.flags = flags
	m.virtual = m.virtual && flags&0xa == 0
	return m
}

func (m *Method) add(kind fact.RefKind, ref string, args ...fact.Value) *Method {
	m.insns = append(m.insns, insn{m.pc, kind, ref, args})
	m.pc += 3
	return m
}

// Call calls a method (smali notation). Arguments begin with the receiver, if
// there is one.
func (m *Method) Call(kind fact.RefKind, ref string, args ...fact.Value) *Method {
	return m.add(kind, ref, args...)
}

// MaySkip says of the instruction that was added last that a branch leads past
// it.
func (m *Method) MaySkip() *Method {
	m.skips = append(m.skips, m.pc-3)
	return m
}

// Array fills an array with the bytes of a text.
func (m *Method) Array(text string) *Method {
	m.arrays = append(m.arrays, fact.ArrayText{PC: m.pc, Text: text})
	m.pc += 3
	return m
}

// String loads a string constant.
func (m *Method) String(s string) *Method { return m.add(fact.RefString, s) }

// Get reads a field (smali notation).
func (m *Method) Get(ref string) *Method { return m.add(fact.RefFieldGet, ref) }

// Put writes a field.
func (m *Method) Put(ref string) *Method { return m.add(fact.RefFieldPut, ref) }

// Use refers to a type: fact.RefClass, fact.RefNew or fact.RefTypeOther.
func (m *Method) Use(kind fact.RefKind, desc string) *Method { return m.add(kind, desc) }

// Str makes a known string value.
func Str(s string) fact.Value { return fact.Value{Kind: fact.String, S: s} }

// Int makes a known number.
func Int(n int64) fact.Value { return fact.Value{Kind: fact.Int, N: n} }

// Any is a value of which nothing is known.
func Any() fact.Value { return fact.Value{Kind: fact.Unknown} }

// split takes "Lfoo/Bar;->name(I)V" or "Lfoo/Bar;->name:I" apart. The third
// part keeps its colon for a field.
func split(ref string) (class, name, rest string) {
	class, rest, ok := strings.Cut(ref, "->")
	if !ok {
		return "Lunknown;", ref, "()V"
	}
	if i := strings.IndexAny(rest, "(:"); i >= 0 {
		return class, rest[:i], rest[i:]
	}
	return class, rest, "()V"
}

// Set lays everything out. The app may be changed and laid out again
// afterwards; sets do not share what may change.
func (a *App) Set() *fact.Set {
	set := &fact.Set{App: a.Info}
	var units []*unit
	for _, c := range a.codes {
		u := c.lay()
		units = append(units, u)
		set.Units = append(set.Units, u)
	}
	texts := append([]fact.Text(nil), a.texts...)
	set.Texts = func() iter.Seq[fact.Text] {
		return func(yield func(fact.Text) bool) {
			for _, t := range texts {
				if !yield(t) {
					return
				}
			}
		}
	}
	if len(units) > 0 {
		set.Graph = newGraph(units, a.supers, a.edges)
	}
	return set
}
