// Package dexunit puts the interface that package program works over on a DEX
// file, for the tests of program. (The program itself uses the facts' adapter.)
package dexunit

import (
	"sync"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/value"
)

// Unit is a DEX file as a [program.Unit].
type Unit struct {
	*dex.File
	once   sync.Once
	bodies []body
	byCode []int32 // body + 1 of a method
	refs   []ref
}

type body struct {
	method     uint32
	flags      uint32
	code       uint32
	virtual    bool
	first, end uint32
}

type ref struct {
	pc, index uint32
	kind      program.RefKind
}

// New returns the unit of a file.
func New(f *dex.File) *Unit { return &Unit{File: f} }

// Open reads a DEX file, all logical files of a container.
func Open(data []byte) ([]program.Unit, error) {
	files, err := dex.OpenAll(data)
	var units []program.Unit
	for _, f := range files {
		units = append(units, New(f))
	}
	return units, err
}

// Sweep reads all code, as the first question about it does.
func (u *Unit) Sweep() { u.once.Do(u.sweep) }

func (u *Unit) sweep() {
	u.byCode = make([]int32, u.NumMethods())
	u.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		first := uint32(len(u.refs))
		c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, index uint32) {
			if k := refKind(op, kind); k != program.RefNone {
				if k == program.RefCallDynamic {
					if index = u.linked(index); index == dex.NoIndex {
						return
					}
				}
				if k == program.RefHandle {
					h := u.MethodHandle(index)
					if index = h.Index; h.Kind.IsField() {
						return
					}
				}
				u.refs = append(u.refs, ref{pc, index, k})
			}
		})
		u.bodies = append(u.bodies, body{m.Index, m.Flags, c.Off, m.Virtual, first, uint32(len(u.refs))})
		if int64(m.Index) < int64(len(u.byCode)) {
			u.byCode[m.Index] = int32(len(u.bodies))
		}
		return true
	})
}

// linked returns the method that a call site made by LambdaMetafactory or its
// like ends in: the first method handle among the bootstrap's arguments.
func (u *Unit) linked(site uint32) uint32 {
	for _, v := range u.CallSite(site).Args {
		if v.Kind == dex.ValueMethodHandle {
			if h := u.MethodHandle(v.Index()); !h.Kind.IsField() {
				return h.Index
			}
		}
	}
	return dex.NoIndex
}

func refKind(op dex.Opcode, kind dex.IndexKind) program.RefKind {
	switch kind {
	case dex.IndexMethod:
		switch op.Invoke() {
		case dex.InvokeVirtual:
			return program.RefCallVirtual
		case dex.InvokeSuper:
			return program.RefCallSuper
		case dex.InvokeDirect:
			return program.RefCallDirect
		case dex.InvokeStatic:
			return program.RefCallStatic
		case dex.InvokeInterface:
			return program.RefCallInterface
		case dex.InvokePolymorphic:
			return program.RefCallPoly
		}
	case dex.IndexCallSite:
		return program.RefCallDynamic
	case dex.IndexMethodHandle:
		return program.RefHandle
	case dex.IndexString:
		return program.RefString
	case dex.IndexField:
		if op >= dex.OpIput && op <= dex.OpIputShort || op >= dex.OpSput && op <= dex.OpSputShort {
			return program.RefFieldPut
		}
		return program.RefFieldGet
	case dex.IndexType:
		switch op {
		case dex.OpConstClass:
			return program.RefClass
		case dex.OpNewInstance:
			return program.RefNew
		}
		return program.RefTypeOther
	}
	return program.RefNone
}

// Proto implements program.Unit.
func (u *Unit) Proto(i uint32) string { return u.ProtoString(i) }

// AppendProto implements program.Prototypes.
func (u *Unit) AppendProto(i uint32, to []uint32) ([]uint32, bool) {
	p := u.File.Proto(i)
	for _, t := range p.Params.All() {
		to = append(to, t)
	}
	return append(to, p.Return), true
}

// Field implements program.Unit.
func (u *Unit) Field(i uint32) (class, name, typ uint32) {
	f := u.File.Field(i)
	return f.Class, f.Name, f.Type
}

// Method implements program.Unit.
func (u *Unit) Method(i uint32) (class, name, proto uint32) {
	m := u.File.Method(i)
	return m.Class, m.Name, m.Proto
}

// Class implements program.Unit.
func (u *Unit) Class(i int) (typ, super, flags uint32) {
	c := u.File.Class(i)
	return c.Type, c.Super, c.Flags
}

// ClassInterfaces implements program.Unit.
func (u *Unit) ClassInterfaces(i int) (out []uint32) {
	for _, t := range u.Interfaces(i).All() {
		out = append(out, t)
	}
	return out
}

// EachMethod implements program.Unit.
func (u *Unit) EachMethod(i int, fn func(method, flags uint32, body int)) {
	u.Sweep()
	for m := range u.ClassData(i).Methods() {
		b := -1
		if int64(m.Index) < int64(len(u.byCode)) && m.CodeOff != 0 {
			b = int(u.byCode[m.Index]) - 1
		}
		fn(m.Index, m.Flags, b)
	}
}

// NumBodies implements program.Unit.
func (u *Unit) NumBodies() int {
	u.Sweep()
	return len(u.bodies)
}

// Body implements program.Unit.
func (u *Unit) Body(i int) uint32 { return u.bodies[i].method }

// Code returns the code of body i.
func (u *Unit) Code(i int) dex.Code { return u.File.Code(u.bodies[i].code) }

// AppendRefs implements program.Unit.
func (u *Unit) AppendRefs(i int, to []program.Ref) []program.Ref {
	b := u.bodies[i]
	for _, r := range u.refs[b.first:b.end] {
		to = append(to, program.Ref{PC: r.pc, Index: r.index, Kind: r.kind})
	}
	return to
}

// WithValues returns units that tell values, too.
func WithValues(units []program.Unit) []program.Unit {
	var files []*dex.File
	for _, u := range units {
		files = append(files, u.(*Unit).File)
	}
	app := value.NewApp(files...)
	out := make([]program.Unit, len(units))
	for i, u := range units {
		out[i] = &valued{u.(*Unit), app, i}
	}
	return out
}

type valued struct {
	*Unit
	app  *value.App
	file int
}

func (v *valued) args(body int, pc uint32) []value.Value {
	b := v.bodies[body]
	return v.app.Args(v.file, dex.MethodDef{Index: b.method, Flags: b.flags, CodeOff: b.code, Virtual: b.virtual}, pc)
}

// ArgClass implements program.Values.
func (v *valued) ArgClass(body int, pc uint32, arg int) string {
	if l := v.args(body, pc); arg < len(l) && l[arg].Kind == value.Object {
		return l[arg].S
	}
	return ""
}

// Reflected implements program.Values.
func (v *valued) Reflected(body int, pc uint32) (out []string) {
	l := v.args(body, pc)
	if len(l) == 0 {
		return nil
	}
	alts := []value.Value{l[0]}
	if l[0].Kind == value.OneOf {
		alts = l[0].Elems
	}
	for _, a := range alts {
		switch a.Kind {
		case value.Method:
			out = append(out, a.S)
		case value.Class:
			out = append(out, a.S+"-><init>()V")
		}
	}
	return out
}
