package extract

import (
	"iter"
	"strconv"
	"sync"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// classUnit is the class files of one archive seen as facts, with the tables
// that a DEX file made of them would have.
type classUnit struct {
	s    *classfile.Set
	info fact.UnitInfo

	sweep  sync.Once
	bodies []fact.Body
	refs   []fact.Ref
	at     []codeAt // of each body
	bodyOf [][]int  // by class and method: -1 if it has no code
	insns  int
	broken int  // methods whose code could not be read to its end
	cut    bool // call sites name far more than the files are long
	emulated
}

// codeAt is a method with code: its class, and its number in it.
type codeAt struct{ class, method int }

func newClassUnit(files []*classfile.File, name, sha string, loaded bool) *classUnit {
	s := classfile.NewSet(files)
	major := uint16(0)
	for _, f := range files {
		major = max(major, f.Major)
	}
	return &classUnit{s: s, info: fact.UnitInfo{
		Name: name, Format: "class", Version: strconv.Itoa(int(major)), SHA256: sha,
		Strings: s.NumStrings(), Types: s.NumTypes(), Fields: s.NumFields(), Methods: s.NumMethods(), Classes: s.NumClasses(),
		Status: fact.Complete, Loaded: loaded,
	}}
}

// Info includes the number of instructions, for which the code is swept.
func (u *classUnit) Info() fact.UnitInfo {
	u.sweep.Do(u.walk)
	i := u.info
	i.Instructions = u.insns
	return i
}

func (u *classUnit) NumStrings() int                             { return u.s.NumStrings() + len(u.more) }
func (u *classUnit) NumTypes() int                               { return u.s.NumTypes() }
func (u *classUnit) Type(i uint32) string                        { return u.s.Type(i) }
func (u *classUnit) NumProtos() int                              { return u.s.NumProtos() }
func (u *classUnit) Proto(i uint32) string                       { return u.s.Proto(i) }
func (u *classUnit) NumFields() int                              { return u.s.NumFields() }
func (u *classUnit) Field(i uint32) (class, name, typ uint32)    { return u.s.Field(i) }
func (u *classUnit) NumMethods() int                             { return u.s.NumMethods() }
func (u *classUnit) Method(i uint32) (class, name, proto uint32) { return u.s.Method(i) }
func (u *classUnit) NumClasses() int                             { return u.s.NumClasses() }
func (u *classUnit) TypesSorted() bool                           { return true }
func (u *classUnit) ClassInterfaces(i int) []uint32              { return u.s.Interfaces(i) }

// String returns string i; behind those of the files are those that their code
// hides.
func (u *classUnit) String(i uint32) string {
	if n := uint32(u.s.NumStrings()); i >= n && i-n < uint32(len(u.more)) {
		return u.more[i-n]
	}
	return u.s.String(i)
}

func (u *classUnit) machineUnit() emu.Unit { return emu.ClassFiles(u.s) }

// reveal adds strings that the code hides.
func (u *classUnit) reveal(list []revealed) {
	u.sweep.Do(u.walk)
	u.bodies, u.refs = u.add(u.s.NumStrings(), list, u.bodies, u.refs)
}

// Class returns the flags as DEX has them: without that of class files alone.
func (u *classUnit) Class(i int) (typ, super, flags uint32) {
	typ, super = u.s.Class(i)
	return typ, super, uint32(u.s.File(i).Flags &^ classfile.AccSuper)
}

func (u *classUnit) ClassMethods(i int) iter.Seq[fact.MethodDef] {
	u.sweep.Do(u.walk)
	return func(yield func(fact.MethodDef) bool) {
		for j, m := range u.s.MethodsOf(i) {
			flags, virtual := u.methodFlags(i, j)
			if !yield(fact.MethodDef{Method: m, Flags: flags, Virtual: virtual, Body: u.bodyOf[i][j]}) {
				return
			}
		}
	}
}

// methodFlags returns the flags of a method as DEX has them, and whether it
// would stand among the virtual methods there.
func (u *classUnit) methodFlags(class, method int) (flags uint32, virtual bool) {
	flags = uint32(u.s.File(class).Methods[method].Flags)
	if flags&dex.AccSynchronized != 0 && flags&dex.AccNative == 0 {
		flags = flags&^dex.AccSynchronized | dex.AccDeclaredSynchronized
	}
	_, name, _ := u.s.Method(u.s.MethodsOf(class)[method])
	if n := u.s.String(name); n == "<init>" || n == "<clinit>" {
		return flags | dex.AccConstructor, false
	}
	return flags, flags&(dex.AccStatic|dex.AccPrivate) == 0
}

func (u *classUnit) ClassFields(i int) iter.Seq[fact.FieldDef] {
	return func(yield func(fact.FieldDef) bool) {
		f := u.s.File(i)
		for j, n := range u.s.FieldsOf(i) {
			def := fact.FieldDef{Field: n, Flags: uint32(f.Fields[j].Flags), Const: classValue(u.s.Initial(i, j))}
			if !yield(def) {
				return
			}
		}
	}
}

// ClassAnnotations yields the elements of the annotations of class i. The
// values that an annotation class itself gives its elements count as its own.
func (u *classUnit) ClassAnnotations(i int) iter.Seq[fact.Annotation] {
	return func(yield func(fact.Annotation) bool) {
		f := u.s.File(i)
		text := func(x uint16) string { return u.s.String(u.s.Constant(i, x)) }
		more := true
		visit := func(m *classfile.Member) {
			if !more {
				return
			}
			member := ""
			if m != nil {
				member = text(m.Name)
			}
			f.Annotations(m, func(a classfile.Annotation, name uint16, v classfile.Element) bool {
				out := fact.Annotation{Member: member, Type: text(a.Type), Name: text(name), Value: u.element(i, v)}
				if a.Default {
					typ, _ := u.s.Class(i)
					out.Type = u.s.Type(typ)
				}
				more = yield(out)
				return more
			})
		}
		visit(nil)
		for j := range f.Fields {
			visit(&f.Fields[j])
		}
		for j := range f.Methods {
			visit(&f.Methods[j])
		}
	}
}

// element translates a value of an annotation; one that is an annotation
// itself is the list of its values.
func (u *classUnit) element(class int, e classfile.Element) fact.Value {
	f := u.s.File(class)
	text := func(x uint16) string { return u.s.String(u.s.Constant(class, x)) }
	switch e.Tag {
	case 's':
		return fact.Value{Kind: fact.String, S: text(e.Const)}
	case 'c':
		return fact.Value{Kind: fact.Class, S: text(e.Const)}
	case 'e':
		return fact.Value{Kind: fact.FieldVal, S: text(e.Type) + "->" + text(e.Const) + ":" + text(e.Type)}
	case 'F', 'D':
		return fact.Value{Kind: fact.Float, F: f.Float(e.Const)}
	case '[', '@':
		v := fact.Value{Kind: fact.Array}
		for _, x := range e.Elems {
			v.Elems = append(v.Elems, u.element(class, x))
		}
		return v
	}
	return fact.Value{Kind: fact.Int, N: f.Int(e.Const)}
}

func (u *classUnit) Bodies() []fact.Body {
	u.sweep.Do(u.walk)
	return u.bodies
}

func (u *classUnit) Refs() []fact.Ref {
	u.sweep.Do(u.walk)
	return u.refs
}

// Args returns what is known of the arguments of a call.
func (u *classUnit) Args(body int, pc uint32) []fact.Value {
	u.sweep.Do(u.walk)
	if body < 0 || body >= len(u.at) {
		return nil
	}
	return classValues(u.s.Args(u.at[body].class, u.at[body].method, pc))
}

// classValue turns a value into the vocabulary of facts, whose kinds have the
// same numbers.
func classValue(v classfile.Value) fact.Value {
	return fact.Value{Kind: fact.ValueKind(v.Kind), S: v.S, N: v.N, F: v.F, Elems: classValues(v.Elems)}
}

func classValues(in []classfile.Value) []fact.Value {
	if len(in) == 0 {
		return nil
	}
	out := make([]fact.Value, len(in))
	for i, v := range in {
		out[i] = classValue(v)
	}
	return out
}

// walk sweeps all code once.
func (u *classUnit) walk() {
	s := u.s
	u.bodyOf = make([][]int, s.NumClasses())
	// Call sites may share what they are linked with; of real ones each names
	// a few things.
	room := s.Size() + 1<<16
	for i := range s.NumClasses() {
		f := s.File(i)
		typ, _ := s.Class(i)
		u.bodyOf[i] = make([]int, len(f.Methods))
		for j, m := range s.MethodsOf(i) {
			u.bodyOf[i][j] = -1
			if !f.Methods[j].HasCode() {
				continue
			}
			c, err := f.Code(&f.Methods[j])
			first := len(u.refs)
			n, err2 := c.References(func(pc uint32, op classfile.Op, x uint16) {
				if op == classfile.OpInvokedynamic || f.Tag(x) == classfile.TagDynamic {
					u.dynamic(i, pc, op, x, &room)
				} else if kind, index := u.ref(i, typ, op, x); kind != fact.RefNone {
					u.refs = append(u.refs, fact.Ref{PC: pc, Index: index, Kind: kind})
				}
			})
			if err != nil || err2 != nil {
				u.broken++
			}
			u.bodyOf[i][j] = len(u.bodies)
			u.bodies = append(u.bodies, fact.Body{
				Method: m, Class: typ, Insns: uint32(n), RefFirst: uint32(first), RefEnd: uint32(len(u.refs)),
			})
			u.at = append(u.at, codeAt{i, j})
			u.insns += n
		}
	}
	u.cut = room < 0
}

// dynamic notes what an invokedynamic, or the load of a constant that is
// computed, is linked with.
func (u *classUnit) dynamic(class int, pc uint32, op classfile.Op, x uint16, room *int64) {
	add := func(kind fact.RefKind, index uint32) {
		u.refs = append(u.refs, fact.Ref{PC: pc, Index: index, Kind: kind})
	}
	l, ok := u.s.Link(class, x)
	switch {
	case op == classfile.OpInvokedynamic && ok:
		add(fact.RefCallDynamic, l.Target)
	case op == classfile.OpInvokedynamic:
		add(fact.RefCallDynamic, fact.NoIndex)
	case ok && l.Target != fact.NoIndex:
		add(fact.RefHandle, l.Target)
	}
	if !ok {
		return
	}
	if *room -= int64(len(l.Text) + len(l.Args)); *room < 0 {
		return
	}
	for _, s := range l.Text {
		add(fact.RefString, s)
	}
	for _, a := range l.Args {
		switch a.Tag {
		case classfile.TagString:
			add(fact.RefString, a.Index)
		case classfile.TagClass:
			add(fact.RefClass, a.Index)
		default:
			add(fact.RefHandle, a.Index)
		}
	}
}

// ref says what an instruction does with the constant that it names.
func (u *classUnit) ref(class int, typ uint32, op classfile.Op, x uint16) (fact.RefKind, uint32) {
	f := u.s.File(class)
	tag, index := f.Tag(x), u.s.Constant(class, x)
	switch op {
	case classfile.OpLdc, classfile.OpLdcW:
		switch tag {
		case classfile.TagString:
			return fact.RefString, index
		case classfile.TagClass:
			return fact.RefClass, index
		case classfile.TagMethodHandle:
			if m := u.s.HandleMethod(class, x); m != fact.NoIndex {
				return fact.RefHandle, m
			}
		}
		return fact.RefNone, 0
	case classfile.OpNew:
		return of(fact.RefNew, tag == classfile.TagClass), index
	case classfile.OpAnewarray, classfile.OpMultianewarray, classfile.OpCheckcast, classfile.OpInstanceof:
		return of(fact.RefTypeOther, tag == classfile.TagClass), index
	case classfile.OpGetstatic, classfile.OpGetfield:
		return of(fact.RefFieldGet, tag == classfile.TagFieldref), index
	case classfile.OpPutstatic, classfile.OpPutfield:
		return of(fact.RefFieldPut, tag == classfile.TagFieldref), index
	}
	if tag != classfile.TagMethodref && tag != classfile.TagInterfaceMethodref {
		return fact.RefNone, 0
	}
	owner, n, _ := u.s.Method(index)
	name := u.s.String(n)
	switch op {
	case classfile.OpInvokevirtual:
		switch u.s.Type(owner) {
		case "Ljava/lang/invoke/MethodHandle;":
			if name == "invoke" || name == "invokeExact" {
				return fact.RefCallPoly, index
			}
		case "Ljava/lang/invoke/VarHandle;":
			return fact.RefCallPoly, index
		}
		return fact.RefCallVirtual, index
	case classfile.OpInvokestatic:
		return fact.RefCallStatic, index
	case classfile.OpInvokeinterface:
		return fact.RefCallInterface, index
	case classfile.OpInvokespecial:
		if name == "<init>" || owner == typ {
			return fact.RefCallDirect, index
		}
		return fact.RefCallSuper, index
	}
	return fact.RefNone, 0
}

// of returns k if ok, else that there is no reference.
func of(k fact.RefKind, ok bool) fact.RefKind {
	if !ok {
		return fact.RefNone
	}
	return k
}
