package value

import (
	"strings"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/descriptor"
)

// Args returns what is known of the arguments of the call at pc: the receiver
// first, if there is one. It is nil if no call is there.
func (x *Analysis) Args(pc uint32) []Value {
	in, ok := x.goToCall(pc)
	if !ok {
		return nil
	}
	return x.argsOf(in)
}

// arg returns argument i alone; None if there is none.
func (x *Analysis) arg(pc uint32, i int) Value {
	in, ok := x.goToCall(pc)
	if !ok {
		return Value{}
	}
	m := x.mark()
	defer x.back(m)
	refs, types := x.typedArgs(in)
	if i < 0 || i >= len(refs) {
		return Value{}
	}
	return x.value(refs[i], types[i])
}

// goToCall goes to the call at pc.
func (x *Analysis) goToCall(pc uint32) (in dex.Inst, ok bool) {
	b, ok := x.graph.Find(pc)
	if !ok {
		return in, false
	}
	if in, _ = x.code.At(pc); in.Op().Flags()&dex.Invokes == 0 {
		return in, false
	}
	x.goTo(b, pc)
	return in, true
}

// Each calls fn for every call of the method, block by block in the order of
// their addresses. The arguments are what Args returns.
func (x *Analysis) Each(fn func(pc uint32, in dex.Inst, args []Value)) {
	x.walk(func(pc uint32, in dex.Inst) {
		if in.Op().Flags()&dex.Invokes != 0 {
			fn(pc, in, x.argsOf(in))
		}
	})
}

// walk runs all blocks and calls before in front of each instruction.
func (x *Analysis) walk(before func(pc uint32, in dex.Inst)) {
	for b := range x.graph.Blocks() {
		x.restore(b)
		x.block(b, before)
	}
	x.back(x.base)
	x.at = -1
}

// argsOf renders the arguments of the call that is about to run.
func (x *Analysis) argsOf(in dex.Inst) []Value {
	m := x.mark()
	refs, types := x.typedArgs(in)
	out := make([]Value, len(refs))
	for i, r := range refs {
		out[i] = x.value(r, types[i])
		x.back(m)
	}
	return out
}

// value renders r, which is declared to be of type d, for the outside.
func (x *Analysis) value(r ref, d string) Value {
	x.parts = MaxRender
	x.steps = max(x.steps, MaxFollow)
	v := x.render(r, d, 0, nil)
	if v.Kind == None {
		v.Kind = Unknown
	}
	return v
}

// typedArgs returns the arguments of a call and what they are declared to be.
// Both slices are used again.
func (x *Analysis) typedArgs(in dex.Inst) (refs []ref, types []string) {
	refs, types = x.argRefs[:0], x.argTypes[:0]
	defer func() { x.argRefs, x.argTypes = refs, types }()
	var proto uint32
	switch op := in.Op(); {
	case op.IndexKind() == dex.IndexMethod && int64(in.Index()) < int64(x.f.NumMethods()):
		m := x.f.Method(in.Index())
		if proto = m.Proto; op.Invoke() == dex.InvokePolymorphic {
			proto = in.ProtoIndex()
		}
		refs = x.callArgs(in, refs)
		if op.Invoke() != dex.InvokeStatic {
			types = append(types, x.f.Type(m.Class))
		}
	case op.IndexKind() == dex.IndexCallSite && int64(in.Index()) < int64(x.f.NumCallSites()):
		proto = x.f.CallSite(in.Index()).Proto
		refs = x.protoArgs(in, 0, proto, refs)
	default: // quickened: only the words are known
		for i := range in.NumArgs() {
			refs, types = append(refs, x.reg(in.Arg(i))), append(types, "")
		}
		return refs, types
	}
	for d := range descriptor.Params(x.f.ProtoString(proto)) {
		if len(types) >= len(refs) {
			break
		}
		types = append(types, d)
	}
	for len(types) < len(refs) {
		types = append(types, "")
	}
	return refs, types
}

// Return returns what the method returns; None if it returns nothing.
func (x *Analysis) Return() Value {
	proto := x.f.ProtoString(x.f.Method(x.method.Index).Proto)
	d := proto[strings.IndexByte(proto, ')')+1:]
	var alts []Value
	x.walk(func(_ uint32, in dex.Inst) {
		if f := in.Op().Flags(); f&dex.Returns != 0 && f&dex.UsesA != 0 && len(alts) <= 4*MaxOneOf {
			m := x.mark()
			alts = append(alts, x.value(x.reg(in.A()), d))
			x.back(m)
		}
	})
	if len(alts) > 4*MaxOneOf {
		return Value{Kind: Unknown}
	}
	return oneOf(alts)
}

// stored returns what the method stores in static fields, or else in fields of
// its receiver, by the index of the field, if it stores one value only.
func (x *Analysis) stored(static bool) map[uint32]Value {
	out := map[uint32]Value{}
	x.walk(func(_ uint32, in dex.Inst) {
		op := in.Op()
		switch {
		case static && op >= dex.OpSput && op <= dex.OpSputShort:
		case !static && op >= dex.OpIput && op <= dex.OpIputShort:
			if r, ok := x.one(x.reg(in.B())); !ok || x.get(r).kind != Param || x.get(r).n != 0 {
				return
			}
		default:
			return
		}
		i := in.Index()
		if int64(i) >= int64(x.f.NumFields()) {
			return
		}
		m := x.mark()
		v := x.value(x.reg(in.A()), x.f.Type(x.f.Field(i).Type))
		x.back(m)
		if old, ok := out[i]; ok && !equal(old, v) {
			v = Value{}
		}
		out[i] = v
	})
	return out
}

// Truncated reports whether a limit was reached and something is unknown
// because of that.
func (x *Analysis) Truncated() bool { return x.local || x.full || x.graph.Truncated() }
