package emu

import (
	"fmt"

	"github.com/telltale-apk/telltale/dex"
)

// dexUnit is a DEX file.
type dexUnit struct {
	f       *dex.File
	strings []*stringRef // by index, made when they are met
}

// DEX returns the code of a DEX file, which is borrowed.
func DEX(f *dex.File) Unit { return &dexUnit{f: f} }

func (u *dexUnit) numClasses() int { return u.f.NumClasses() }

func (u *dexUnit) className(i int) string { return u.f.Type(u.f.Class(i).Type) }

func (u *dexUnit) classShape(i int) (super string, ifaces []string, flags uint32) {
	c := u.f.Class(i)
	for _, t := range u.f.Interfaces(i).All() {
		ifaces = append(ifaces, u.f.Type(t))
	}
	return u.f.Type(c.Super), ifaces, c.Flags
}

func (u *dexUnit) members(i int, c *class) {
	typ := u.f.Class(i).Type
	cd := u.f.ClassData(i)
	for m := range cd.Methods() {
		if r := u.f.Method(m.Index); r.Class == typ {
			c.addMethod(u.f.String(r.Name), u.f.ProtoString(r.Proto), m.Flags, uint64(m.CodeOff))
		}
	}
	var values []dex.Value
	for v := range u.f.StaticValues(i) {
		values = append(values, v)
	}
	for d := range cd.Fields() {
		r := u.f.Field(d.Index)
		v := constant{}
		if d.Static {
			if len(values) > 0 {
				v = u.constant(values[0])
				values = values[1:]
			}
		}
		if r.Class == typ {
			c.addField(u.f.String(r.Name), u.f.Type(r.Type), d.Static, v)
		}
	}
}

// constant is what a field begins with.
func (u *dexUnit) constant(v dex.Value) constant {
	switch v.Kind {
	case dex.ValueByte, dex.ValueShort, dex.ValueChar, dex.ValueInt, dex.ValueLong:
		return constant{n: v.Int()}
	case dex.ValueBoolean:
		if v.Bool() {
			return constant{n: 1}
		}
	case dex.ValueFloat:
		return constant{n: floatBits(float32(v.Float()))}
	case dex.ValueDouble:
		return constant{n: doubleBits(v.Float())}
	case dex.ValueString:
		return constant{text: u.str(v.Index())}
	case dex.ValueType:
		return constant{class: u.f.Type(v.Index())}
	}
	return constant{}
}

func (u *dexUnit) str(i uint32) *stringRef {
	if int64(i) >= int64(u.f.NumStrings()) {
		return &stringRef{}
	}
	if u.strings == nil {
		u.strings = make([]*stringRef, u.f.NumStrings())
	}
	if u.strings[i] == nil {
		u.strings[i] = &stringRef{units: mutf8(u.f.StringBytes(i))}
	}
	return u.strings[i]
}

// mutf8 decodes modified UTF-8 (the public "Dalvik Executable format" page)
// unit by unit, so that text which is none survives. Bytes that cannot be
// decoded count as themselves.
func mutf8(b []byte) []uint16 {
	out := make([]uint16, 0, len(b))
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c&0xe0 == 0xc0 && i+1 < len(b):
			out = append(out, uint16(c&0x1f)<<6|uint16(b[i+1]&0x3f))
			i += 2
		case c&0xf0 == 0xe0 && i+2 < len(b):
			out = append(out, uint16(c&0xf)<<12|uint16(b[i+1]&0x3f)<<6|uint16(b[i+2]&0x3f))
			i += 3
		default:
			out = append(out, uint16(c))
			i++
		}
	}
	return out
}

// compile translates the code of a method.
func (u *dexUnit) compile(m *method) (*body, error) {
	c := u.f.Code(uint32(m.code))
	switch {
	case c.Err != nil:
		return nil, c.Err
	case c.Units() > maxBody:
		return nil, fmt.Errorf("the method has %d code units", c.Units())
	}
	x := newAssembly()
	x.regs = int(c.Registers)
	var end int
	x.args, end = argRegs(m.proto, m.static(), int(c.Registers)-int(c.Ins))
	if end != int(c.Registers) || c.Ins > c.Registers {
		return nil, fmt.Errorf("the method has %d words of arguments", c.Ins)
	}
	for t := range c.Tries() {
		y := try{from: t.Start, to: t.End}
		for h := range t.Handlers() {
			k := catch{target: int32(h.Addr)}
			if h.Type != dex.NoIndex {
				k.typ = u.f.Type(h.Type)
			}
			y.catches = append(y.catches, k)
			x.work = append(x.work, h.Addr)
		}
		if x.tries = append(x.tries, y); len(x.tries) > maxBody {
			return nil, fmt.Errorf("the method has too many exception handlers")
		}
	}
	x.work = append(x.work, 0)
	for len(x.work) > 0 {
		pc := x.work[len(x.work)-1]
		x.work = x.work[:len(x.work)-1]
		u.follow(x, &c, pc)
	}
	return x.finish(), nil
}

// follow translates from pc on until the code ends or is known already.
func (u *dexUnit) follow(x *assembly, c *dex.Code, pc uint32) {
	for first := true; ; first = false {
		if _, done := x.at[pc]; done {
			if !first {
				x.jump(pc, insn{op: opGoto}, pc)
			}
			return
		}
		in, ok := c.At(pc)
		if !ok {
			if !first {
				x.unknown(pc, "the code ends")
			}
			return
		}
		x.at[pc] = int32(len(x.insns))
		if in.Truncated() || in.Op().IsPayload() {
			x.unknown(pc, "the code ends")
			return
		}
		u.inst(x, c, pc, in)
		if in.Op().Flags()&dex.Continues == 0 {
			return
		}
		pc += in.Width()
	}
}

func (u *dexUnit) inst(x *assembly, c *dex.Code, pc uint32, in dex.Inst) {
	o := in.Op()
	a, b := in.A(), in.B()
	target := uint32(int64(pc) + int64(in.Offset()))
	switch {
	case o == dex.OpNop:
		x.emit(pc, insn{op: opNop})
	case o >= dex.OpMove && o <= dex.OpMoveObject16:
		x.emit(pc, insn{op: opMove, a: a, b: b})
	case o >= dex.OpMoveResult && o <= dex.OpMoveResultObject:
		x.emit(pc, insn{op: opResult, a: a})
	case o == dex.OpMoveException:
		x.emit(pc, insn{op: opCaught, a: a})
	case o == dex.OpReturnVoid || o == dex.OpReturnVoidNoBarrier || o == dex.OpDalvikReturnVoidBarrier:
		x.emit(pc, insn{op: opReturnNil})
	case o >= dex.OpReturn && o <= dex.OpReturnObject:
		x.emit(pc, insn{op: opReturn, a: a})
	case o >= dex.OpConst4 && o <= dex.OpConstWideHigh16:
		x.emit(pc, insn{op: opConst, a: a, n: in.Literal()})
	case o == dex.OpConstString || o == dex.OpConstStringJumbo:
		x.strings = append(x.strings, u.str(in.Index()))
		x.emit(pc, insn{op: opString, a: a, n: int64(len(x.strings) - 1)})
	case o == dex.OpConstClass:
		x.emit(pc, insn{op: opClass, a: a, n: x.typ(u.f.Type(in.Index()))})
	case o == dex.OpMonitorEnter || o == dex.OpMonitorExit:
		x.emit(pc, insn{op: opMonitor, a: a})
	case o == dex.OpCheckCast:
		x.emit(pc, insn{op: opCheckCast, a: a, n: x.typ(u.f.Type(in.Index()))})
	case o == dex.OpInstanceOf:
		x.emit(pc, insn{op: opInstanceOf, a: a, b: b, n: x.typ(u.f.Type(in.Index()))})
	case o == dex.OpArrayLength:
		x.emit(pc, insn{op: opLength, a: a, b: b})
	case o == dex.OpNewInstance:
		x.emit(pc, insn{op: opNew, a: a, n: x.typ(u.f.Type(in.Index()))})
	case o == dex.OpNewArray:
		x.emit(pc, insn{op: opNewArray, a: a, b: b, n: x.typ(u.f.Type(in.Index()))})
	case o == dex.OpFilledNewArray || o == dex.OpFilledNewArrayRange:
		var regs []uint32
		for i := range in.NumArgs() {
			regs = append(regs, in.Arg(i))
		}
		x.emit(pc, insn{op: opFilled, n: x.typeAndList(u.f.Type(in.Index()), regs)})
	case o == dex.OpFillArrayData:
		p, ok := c.At(target)
		if !ok || p.Op() != dex.OpFillArrayPayload || p.Truncated() {
			x.unknown(pc, "array data are missing")
			return
		}
		data, width := p.ArrayData()
		x.data = append(x.data, fill{data, width})
		x.emit(pc, insn{op: opFill, a: a, n: int64(len(x.data) - 1)})
	case o == dex.OpThrow:
		x.emit(pc, insn{op: opThrow, a: a})
	case o >= dex.OpGoto && o <= dex.OpGoto32:
		x.jump(pc, insn{op: opGoto}, target)
	case o == dex.OpPackedSwitch || o == dex.OpSparseSwitch:
		p, ok := c.At(target)
		if !ok || !p.Op().IsPayload() || p.Op() == dex.OpFillArrayPayload {
			x.unknown(pc, "the cases of a switch are missing")
			return
		}
		cases := make(map[int32]int32, p.SwitchLen())
		for i := range p.SwitchLen() {
			key, off := p.SwitchCase(i)
			if _, twice := cases[key]; !twice {
				cases[key] = int32(int64(pc) + int64(off))
				x.work = append(x.work, uint32(int64(pc)+int64(off)))
			}
		}
		x.switches = append(x.switches, cases)
		x.emit(pc, insn{op: opSwitch, a: a, n: int64(len(x.switches) - 1)})
	case o >= dex.OpCmplFloat && o <= dex.OpCmpLong:
		k := [...]op{opCmplFloat, opCmpgFloat, opCmplDouble, opCmpgDouble, opCmpLong}[o-dex.OpCmplFloat]
		x.emit(pc, insn{op: k, a: a, b: b, c: in.C()})
	case o >= dex.OpIfEq && o <= dex.OpIfLe:
		x.jump(pc, insn{op: opIfEq + op(o-dex.OpIfEq), a: a, b: b}, target)
	case o >= dex.OpIfEqz && o <= dex.OpIfLez:
		x.jump(pc, insn{op: opIfEqz + op(o-dex.OpIfEqz), a: a}, target)
	case o >= dex.OpAget && o <= dex.OpAgetShort:
		x.emit(pc, insn{op: opAget, a: a, b: b, c: in.C()})
	case o >= dex.OpAput && o <= dex.OpAputShort:
		x.emit(pc, insn{op: opAput, a: a, b: b, c: in.C()})
	case o >= dex.OpIget && o <= dex.OpIgetShort:
		x.emit(pc, insn{op: opIget, a: a, b: b, n: u.field(x, in.Index())})
	case o >= dex.OpIput && o <= dex.OpIputShort:
		x.emit(pc, insn{op: opIput, a: a, b: b, n: u.field(x, in.Index())})
	case o >= dex.OpSget && o <= dex.OpSgetShort:
		x.emit(pc, insn{op: opSget, a: a, n: u.field(x, in.Index())})
	case o >= dex.OpSput && o <= dex.OpSputShort:
		x.emit(pc, insn{op: opSput, a: a, n: u.field(x, in.Index())})
	case o.Invoke() != dex.InvokeNone:
		u.invoke(x, pc, in)
	case o >= dex.OpNegInt && o <= dex.OpIntToShort:
		x.emit(pc, insn{op: opNegInt + op(o-dex.OpNegInt), a: a, b: b})
	case o >= dex.OpAddInt && o <= dex.OpRemDouble:
		x.emit(pc, insn{op: opAddInt + op(o-dex.OpAddInt), a: a, b: b, c: in.C()})
	case o >= dex.OpAddInt2Addr && o <= dex.OpRemDouble2Addr:
		x.emit(pc, insn{op: opAddInt + op(o-dex.OpAddInt2Addr), a: a, b: a, c: b})
	case o >= dex.OpAddIntLit16 && o <= dex.OpXorIntLit16:
		x.emit(pc, insn{op: opAddLit + op(o-dex.OpAddIntLit16), a: a, b: b, n: in.Literal()})
	case o >= dex.OpAddIntLit8 && o <= dex.OpUshrIntLit8:
		x.emit(pc, insn{op: opAddLit + op(o-dex.OpAddIntLit8), a: a, b: b, n: in.Literal()})
	default:
		x.unknown(pc, o.String())
	}
}

func (u *dexUnit) field(x *assembly, i uint32) int64 {
	r := u.f.Field(i)
	x.fields = append(x.fields, &fieldRef{class: u.f.Type(r.Class), name: u.f.String(r.Name), typ: u.f.Type(r.Type)})
	return int64(len(x.fields) - 1)
}

func (u *dexUnit) invoke(x *assembly, pc uint32, in dex.Inst) {
	var kind callKind
	switch in.Op().Invoke() {
	case dex.InvokeVirtual, dex.InvokeInterface:
		kind = callVirtual
	case dex.InvokeSuper:
		kind = callSuper
	case dex.InvokeDirect:
		kind = callDirect
	case dex.InvokeStatic:
		kind = callStatic
	case dex.InvokeCustom:
		u.custom(x, pc, in)
		return
	default:
		x.unknown(pc, in.Op().String())
		return
	}
	if in.Op().IndexKind() != dex.IndexMethod {
		x.unknown(pc, in.Op().String())
		return
	}
	r := u.f.Method(in.Index())
	c := &call{kind: kind, class: u.f.Type(r.Class), name: u.f.String(r.Name), proto: u.f.ProtoString(r.Proto)}
	var ok bool
	if c.args, ok = dexArgs(in, c.proto, kind == callStatic); !ok || c.name == "" {
		x.unknown(pc, "a call with other arguments than its method has")
		return
	}
	x.call(pc, c)
}

// dexArgs returns the first register of each argument.
func dexArgs(in dex.Inst, proto string, static bool) ([]uint32, bool) {
	words, end := argRegs(proto, static, 0)
	if end != in.NumArgs() {
		return nil, false
	}
	for i, w := range words {
		words[i] = in.Arg(int(w))
	}
	return words, true
}

// custom translates text that is put together (java.lang.invoke.StringConcatFactory);
// other call sites end the run.
func (u *dexUnit) custom(x *assembly, pc uint32, in dex.Inst) {
	if int64(in.Index()) >= int64(u.f.NumCallSites()) {
		x.unknown(pc, in.Op().String())
		return
	}
	s := u.f.CallSite(in.Index())
	h := u.f.MethodHandle(s.Handle)
	c := &call{kind: callConcat, proto: u.f.ProtoString(s.Proto)}
	args, ok := dexArgs(in, c.proto, true)
	if !ok || h.Kind.IsField() || u.f.Type(u.f.Method(h.Index).Class) != "Ljava/lang/invoke/StringConcatFactory;" {
		x.unknown(pc, in.Op().String())
		return
	}
	c.args = args
	if u.f.String(u.f.Method(h.Index).Name) == "makeConcatWithConstants" {
		if len(s.Args) == 0 || s.Args[0].Kind != dex.ValueString {
			x.unknown(pc, in.Op().String())
			return
		}
		c.recipe = u.str(s.Args[0].Index()).units
		for _, v := range s.Args[1:] {
			if v.Kind != dex.ValueString {
				x.unknown(pc, in.Op().String())
				return
			}
			c.consts = append(c.consts, u.str(v.Index()).units)
		}
	} else {
		c.recipe = ones(len(args))
	}
	x.call(pc, c)
}

// ones is the recipe of n arguments with nothing between them.
func ones(n int) []uint16 {
	l := make([]uint16, n)
	for i := range l {
		l[i] = 1
	}
	return l
}
