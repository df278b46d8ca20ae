package extract

import (
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// dexUnit is a DEX file seen as facts. Tables are decoded on access; bodies
// and references are computed once, by one pass over all code.
type dexUnit struct {
	f    *dex.File
	info fact.UnitInfo

	sweep  sync.Once
	bodies []fact.Body
	refs   []fact.Ref
	defs   []dex.MethodDef // of each body
	insns  int
	fills  []int   // bodies that fill arrays from data
	cut    bool    // overlapping code was cut off
	bodyOf []int32 // body of a method index, -1 if it has none

	list    sync.Once
	methods []fact.MethodDef // of all classes
	ends    []uint32         // of each class's, in methods, as far as these go

	values values
	shape  shape
	emulated
}

func newDexUnit(f *dex.File, name, sha string, loaded bool) *dexUnit {
	u := &dexUnit{f: f}
	u.describe(name, sha, loaded)
	return u
}

// describe sets the unit's info.
func (u *dexUnit) describe(name, sha string, loaded bool) {
	f := u.f
	format := "dex"
	if f.Kind() == dex.Compact {
		format = "cdex"
	}
	u.info = fact.UnitInfo{
		Name: name, Format: format, Version: fmt.Sprintf("%03d", f.Version()), SHA256: sha,
		Strings: f.NumStrings(), Types: f.NumTypes(), Fields: f.NumFields(), Methods: f.NumMethods(), Classes: f.NumClasses(),
		Status: fact.Complete, Loaded: loaded,
	}
}

// Info includes the number of instructions, for which the code is swept.
func (u *dexUnit) Info() fact.UnitInfo {
	u.sweep.Do(u.walk)
	i := u.info
	i.Instructions = u.insns
	return i
}

func (u *dexUnit) NumStrings() int       { return u.f.NumStrings() + len(u.more) }
func (u *dexUnit) NumTypes() int         { return u.f.NumTypes() }
func (u *dexUnit) Type(i uint32) string  { return u.f.Type(i) }
func (u *dexUnit) NumProtos() int        { return u.f.NumProtos() }
func (u *dexUnit) Proto(i uint32) string { return u.f.ProtoString(i) }
func (u *dexUnit) NumFields() int        { return u.f.NumFields() }
func (u *dexUnit) NumMethods() int       { return u.f.NumMethods() }
func (u *dexUnit) NumClasses() int       { return u.f.NumClasses() }
func (u *dexUnit) TypesSorted() bool     { return u.f.TypesSorted() }

// String returns string i; behind those of the file are those that its code
// hides.
func (u *dexUnit) String(i uint32) string {
	if len(u.more) > 0 {
		if n := uint32(u.f.NumStrings()); i >= n && i-n < uint32(len(u.more)) {
			return u.more[i-n]
		}
	}
	return u.f.String(i)
}

// StringGist implements fact.Gister.
func (u *dexUnit) StringGist(i uint32) fact.Gist {
	if int64(i) >= int64(u.f.NumStrings()) {
		return fact.GistAny
	}
	return fact.Gist(u.f.StringGist(i))
}

func (u *dexUnit) machineUnit() emu.Unit { return emu.DEX(u.f) }

// reveal adds strings that the code hides.
func (u *dexUnit) reveal(list []revealed) {
	u.sweep.Do(u.walk)
	u.bodies, u.refs = u.add(u.f.NumStrings(), list, u.bodies, u.refs)
}

func (u *dexUnit) Field(i uint32) (class, name, typ uint32) {
	f := u.f.Field(i)
	return f.Class, f.Name, f.Type
}

func (u *dexUnit) Method(i uint32) (class, name, proto uint32) {
	m := u.f.Method(i)
	return m.Class, m.Name, m.Proto
}

func (u *dexUnit) Class(i int) (typ, super, flags uint32) {
	c := u.f.Class(i)
	return c.Type, c.Super, c.Flags
}

func (u *dexUnit) ClassInterfaces(i int) []uint32 {
	l := u.f.Interfaces(i)
	if l.Len() == 0 {
		return nil
	}
	out := make([]uint32, 0, l.Len())
	for _, t := range l.All() {
		out = append(out, t)
	}
	return out
}

func (u *dexUnit) ClassMethods(i int) iter.Seq[fact.MethodDef] {
	return slices.Values(u.MethodList(i))
}

// MethodList implements fact.MethodLister.
func (u *dexUnit) MethodList(i int) []fact.MethodDef {
	u.list.Do(u.listMethods)
	if i < 0 || i >= len(u.ends) {
		return u.appendMethods(nil, i)
	}
	from := uint32(0)
	if i > 0 {
		from = u.ends[i-1]
	}
	return u.methods[from:u.ends[i]]
}

// listMethods reads what all classes define. It is asked more than once. Classes
// that define more methods than there are share their data; what comes after that
// is read when it is asked for.
func (u *dexUnit) listMethods() {
	u.sweep.Do(u.walk)
	u.ends = make([]uint32, 0, u.f.NumClasses())
	u.methods = make([]fact.MethodDef, 0, min(len(u.bodies)+len(u.bodies)/4, u.f.NumMethods()))
	for i := range u.f.NumClasses() {
		if c := u.f.ClassData(i); len(u.methods)+c.DirectMethods+c.VirtualMethods > u.f.NumMethods() {
			return
		}
		u.methods = u.appendMethods(u.methods, i)
		u.ends = append(u.ends, uint32(len(u.methods)))
	}
}

func (u *dexUnit) appendMethods(to []fact.MethodDef, class int) []fact.MethodDef {
	for m := range u.f.ClassData(class).Methods() {
		body := -1
		if m.CodeOff != 0 && int64(m.Index) < int64(len(u.bodyOf)) {
			body = int(u.bodyOf[m.Index])
		}
		to = append(to, fact.MethodDef{Method: m.Index, Flags: m.Flags, Virtual: m.Virtual, Body: body})
	}
	return to
}

func (u *dexUnit) ClassFields(i int) iter.Seq[fact.FieldDef] {
	return func(yield func(fact.FieldDef) bool) {
		next, stop := iter.Pull(u.f.StaticValues(i))
		defer stop()
		for fd := range u.f.ClassData(i).Fields() {
			def := fact.FieldDef{Field: fd.Index, Flags: fd.Flags}
			if fd.Static {
				if v, ok := next(); ok {
					def.Const = u.encoded(v)
				}
			}
			if !yield(def) {
				return
			}
		}
	}
}

// encoded translates an encoded value.
func (u *dexUnit) encoded(v dex.Value) fact.Value {
	switch v.Kind {
	case dex.ValueString:
		return fact.Value{Kind: fact.String, S: u.f.String(v.Index())}
	case dex.ValueType:
		return fact.Value{Kind: fact.Class, S: u.f.Type(v.Index())}
	case dex.ValueByte, dex.ValueShort, dex.ValueChar, dex.ValueInt, dex.ValueLong, dex.ValueBoolean:
		return fact.Value{Kind: fact.Int, N: v.Int()}
	case dex.ValueFloat, dex.ValueDouble:
		return fact.Value{Kind: fact.Float, F: v.Float()}
	case dex.ValueNull:
		return fact.Value{Kind: fact.Null}
	case dex.ValueMethod:
		return fact.Value{Kind: fact.Method, S: u.f.MethodString(v.Index())}
	case dex.ValueField, dex.ValueEnum:
		return fact.Value{Kind: fact.FieldVal, S: u.f.FieldString(v.Index())}
	case dex.ValueArray:
		var elems []fact.Value
		for e := range v.Array() {
			elems = append(elems, u.encoded(e))
		}
		return fact.Value{Kind: fact.Array, Elems: elems}
	}
	return fact.Value{Kind: fact.Unknown}
}

func (u *dexUnit) Bodies() []fact.Body {
	u.sweep.Do(u.walk)
	return u.bodies
}

func (u *dexUnit) Refs() []fact.Ref {
	u.sweep.Do(u.walk)
	return u.refs
}

// sweeper is room for what a sweep finds until it is known how much that is. It
// is used for one file after another.
type sweeper struct {
	bodies []fact.Body
	refs   []fact.Ref
	defs   []dex.MethodDef
	found  []dex.Reference
}

// walk sweeps all code once.
func (u *dexUnit) walk() { u.walkWith(new(sweeper)) }

func (u *dexUnit) walkWith(s *sweeper) {
	u.bodyOf = make([]int32, u.f.NumMethods())
	for i := range u.bodyOf {
		u.bodyOf[i] = -1
	}
	if s.refs == nil {
		// What a file of this size usually has.
		n := len(u.f.Bytes())
		s.refs = make([]fact.Ref, 0, n/24)
		s.bodies = make([]fact.Body, 0, u.f.NumMethods()*3/4)
		s.defs = make([]dex.MethodDef, 0, cap(s.bodies))
	}
	bodies, refs, defs, found := s.bodies[:0], s.refs[:0], s.defs[:0], s.found
	last, typ := -1, uint32(0)
	whole := u.f.EachCode(func(class int, m dex.MethodDef, c dex.Code) bool {
		if class != last {
			last, typ = class, u.f.Class(class).Type
		}
		first := uint32(len(refs))
		var n int
		found, n, _ = c.AppendReferences(found[:0])
		for i := range found {
			r := &found[i]
			k, index := refKinds.of(r.Op, r.Kind), r.Index
			switch k {
			case fact.RefNone:
				continue
			case fact.RefCallDynamic:
				index = u.target(index)
			case fact.RefHandle:
				h := u.f.MethodHandle(index)
				if h.Kind.IsField() {
					continue
				}
				index = h.Index
			}
			refs = append(refs, fact.Ref{PC: r.PC, Index: index, Kind: k})
		}
		if c.FillsArrays() {
			u.fills = append(u.fills, len(bodies))
		}
		if int64(m.Index) < int64(len(u.bodyOf)) && u.bodyOf[m.Index] < 0 {
			u.bodyOf[m.Index] = int32(len(bodies))
		}
		bodies = append(bodies, fact.Body{
			Method: m.Index, Class: typ, Insns: uint32(n),
			RefFirst: first, RefEnd: uint32(len(refs)),
		})
		defs = append(defs, m)
		u.insns += n
		return true
	})
	u.cut = !whole
	u.bodies, u.refs, u.defs = slices.Clone(bodies), slices.Clone(refs), slices.Clone(defs)
	s.bodies, s.refs, s.defs, s.found = bodies, refs, defs, found
}

// target returns the method that a call site links to: the first method handle
// among the bootstrap's arguments, which is a lambda's body.
func (u *dexUnit) target(site uint32) uint32 {
	for _, v := range u.f.CallSite(site).Args {
		if v.Kind == dex.ValueMethodHandle {
			if h := u.f.MethodHandle(v.Index()); !h.Kind.IsField() {
				return h.Index
			}
		}
	}
	return fact.NoIndex
}

// refKinds is refKind as a table by opcode, of those below 256.
var refKinds = makeRefKinds()

type kindTable [256]fact.RefKind

func makeRefKinds() (t kindTable) {
	for i := range t {
		op := dex.Opcode(i)
		t[i] = refKind(op, op.IndexKind())
	}
	return t
}

func (t *kindTable) of(op dex.Opcode, kind dex.IndexKind) fact.RefKind {
	if int(op) >= len(t) || kind == dex.IndexProto {
		return refKind(op, kind)
	}
	return t[op]
}

// refKind says what an instruction does with its operand.
func refKind(op dex.Opcode, kind dex.IndexKind) fact.RefKind {
	switch kind {
	case dex.IndexString:
		return fact.RefString
	case dex.IndexCallSite:
		return fact.RefCallDynamic
	case dex.IndexMethodHandle:
		return fact.RefHandle
	case dex.IndexType:
		switch op {
		case dex.OpConstClass:
			return fact.RefClass
		case dex.OpNewInstance:
			return fact.RefNew
		}
		return fact.RefTypeOther
	case dex.IndexField:
		if op >= dex.OpIput && op <= dex.OpIputShort || op >= dex.OpSput && op <= dex.OpSputShort {
			return fact.RefFieldPut
		}
		return fact.RefFieldGet
	case dex.IndexMethod:
		switch op {
		case dex.OpInvokeVirtual, dex.OpInvokeVirtualRange:
			return fact.RefCallVirtual
		case dex.OpInvokeSuper, dex.OpInvokeSuperRange:
			return fact.RefCallSuper
		case dex.OpInvokeDirect, dex.OpInvokeDirectRange:
			return fact.RefCallDirect
		case dex.OpInvokeStatic, dex.OpInvokeStaticRange:
			return fact.RefCallStatic
		case dex.OpInvokeInterface, dex.OpInvokeInterfaceRange:
			return fact.RefCallInterface
		}
		return fact.RefCallPoly
	}
	return fact.RefNone
}
