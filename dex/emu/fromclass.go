package emu

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/telltale-apk/telltale/dex/classfile"
)

// classUnit is class files.
type classUnit struct {
	s       *classfile.Set
	strings map[[2]int]*stringRef // by class and constant
}

// ClassFiles returns the code of class files, which are borrowed.
func ClassFiles(s *classfile.Set) Unit { return &classUnit{s: s, strings: map[[2]int]*stringRef{}} }

func (u *classUnit) numClasses() int { return u.s.NumClasses() }

func (u *classUnit) className(i int) string {
	t, _ := u.s.Class(i)
	return u.s.Type(t)
}

func (u *classUnit) classShape(i int) (super string, ifaces []string, flags uint32) {
	_, s := u.s.Class(i)
	for _, t := range u.s.Interfaces(i) {
		ifaces = append(ifaces, u.s.Type(t))
	}
	return u.s.Type(s), ifaces, uint32(u.s.File(i).Flags &^ classfile.AccSuper)
}

func (u *classUnit) members(i int, c *class) {
	f := u.s.File(i)
	for j, n := range u.s.MethodsOf(i) {
		_, name, proto := u.s.Method(n)
		c.addMethod(u.s.String(name), u.s.Proto(proto), uint32(f.Methods[j].Flags), uint64(i)<<32|uint64(j))
	}
	for j, n := range u.s.FieldsOf(i) {
		_, name, typ := u.s.Field(n)
		m := &f.Fields[j]
		v := constant{}
		switch x := m.Constant; f.Tag(x) {
		case classfile.TagInteger, classfile.TagLong:
			v.n = f.Int(x)
		case classfile.TagFloat:
			v.n = floatBits(float32(f.Float(x)))
		case classfile.TagDouble:
			v.n = doubleBits(f.Float(x))
		case classfile.TagString:
			v.text = u.str(i, x)
		}
		c.addField(u.s.String(name), u.s.Type(typ), m.Flags&classfile.AccStatic != 0, v)
	}
}

func floatBits(f float32) int64  { return int64(int32(math.Float32bits(f))) }
func doubleBits(f float64) int64 { return int64(math.Float64bits(f)) }

func (u *classUnit) str(class int, x uint16) *stringRef {
	k := [2]int{class, int(x)}
	r := u.strings[k]
	if r == nil {
		r = &stringRef{units: mutf8(u.s.File(class).StringBytes(x))}
		u.strings[k] = r
	}
	return r
}

// classAssembly translates code of a stack machine: every word of the stack is
// a register behind the local variables. A long or double takes two words and
// lies in the first.
type classAssembly struct {
	*assembly
	u      *classUnit
	class  int
	f      *classfile.File
	code   *classfile.Code
	locals int
	most   int            // words of the stack
	depths map[uint32]int // words on the stack before each address
	d      int            // now
	pc     uint32
	bad    string
}

func (u *classUnit) compile(m *method) (*body, error) {
	class, n := int(m.code>>32), int(uint32(m.code))
	f := u.s.File(class)
	c, err := f.Code(&f.Methods[n])
	switch {
	case err != nil:
		return nil, err
	case len(c.Insns) > maxBody:
		return nil, fmt.Errorf("the method has %d bytes of code", len(c.Insns))
	}
	x := &classAssembly{assembly: newAssembly(), u: u, class: class, f: f, code: &c, locals: int(c.MaxLocals), most: int(c.MaxStack), depths: map[uint32]int{}}
	// One more register for what is swapped.
	x.regs, x.caught = x.locals+x.most+1, x.locals
	var end int
	x.args, end = argRegs(m.proto, m.static(), 0)
	if end > x.locals {
		return nil, fmt.Errorf("the method has %d words of arguments", end)
	}
	for i := range c.NumHandlers() {
		h := c.Handler(i)
		k := catch{target: int32(h.Target)}
		if h.Type != 0 {
			k.typ = u.s.Type(u.s.Constant(class, h.Type))
		}
		x.tries = append(x.tries, try{from: uint32(h.Start), to: uint32(h.End), catches: []catch{k}})
		x.goOn(uint32(h.Target), 1)
	}
	x.goOn(0, 0)
	for len(x.work) > 0 {
		pc := x.work[len(x.work)-1]
		x.work = x.work[:len(x.work)-1]
		x.follow(pc)
	}
	if x.bad != "" {
		return nil, fmt.Errorf("%s", x.bad)
	}
	return x.finish(), nil
}

// goOn notes that code continues at an address with so many words on the stack.
func (x *classAssembly) goOn(pc uint32, depth int) {
	if d, ok := x.depths[pc]; ok {
		if d != depth {
			x.bad = "paths meet with different stacks"
		}
		return
	}
	x.depths[pc] = depth
	x.work = append(x.work, pc)
}

func (x *classAssembly) follow(pc uint32) {
	x.d = x.depths[pc]
	for first := true; ; first = false {
		if _, done := x.at[pc]; done {
			if !first {
				x.branch(insn{op: opGoto}, pc)
			}
			return
		}
		in, ok := x.code.At(pc)
		x.pc = pc
		if !ok {
			if first {
				x.at[pc] = int32(len(x.insns))
			}
			x.unknown(pc, "the code ends")
			return
		}
		x.at[pc] = int32(len(x.insns))
		if d, ok := x.depths[pc]; ok && d != x.d {
			x.bad = "paths meet with different stacks"
		}
		x.depths[pc] = x.d
		more := x.inst(in)
		if x.d < 0 || x.d > x.most {
			x.bad = "the stack is too small"
		}
		if !more || x.bad != "" {
			return
		}
		pc += in.Len
	}
}

// branch emits a jump; the stack is as it is now.
func (x *classAssembly) branch(in insn, target uint32) {
	in.n = int64(target)
	x.jumps = append(x.jumps, len(x.insns))
	x.emit(x.pc, in)
	x.goOn(target, x.d)
}

// s is the register of the word that lies k words from the end of the stack.
func (x *classAssembly) s(k int) uint32 {
	r := x.locals + x.d + k
	if r < x.locals || r > x.locals+x.most {
		x.bad = "the stack is too small"
		return uint32(x.locals)
	}
	return uint32(r)
}

func (x *classAssembly) move(to, from uint32) { x.emit(x.pc, insn{op: opMove, a: to, b: from}) }

// push emits in with the new word, or words, as its register a.
func (x *classAssembly) push(in insn, words int) {
	in.a = x.s(0)
	x.emit(x.pc, in)
	x.d += words
}

func words(wide bool) int {
	if wide {
		return 2
	}
	return 1
}

// inst translates an instruction. It returns false if the next one does not follow.
func (x *classAssembly) inst(in classfile.Inst) bool {
	o := in.Op
	switch {
	case o == classfile.OpNop:
		x.emit(x.pc, insn{op: opNop})
	case o == classfile.OpAconstNull:
		x.push(insn{op: opConst}, 1)
	case o >= classfile.OpIconstM1 && o <= classfile.OpIconst5:
		x.push(insn{op: opConst, n: int64(o) - int64(classfile.OpIconst0)}, 1)
	case o == classfile.OpLconst0 || o == classfile.OpLconst1:
		x.push(insn{op: opConst, n: int64(o - classfile.OpLconst0)}, 2)
	case o >= classfile.OpFconst0 && o <= classfile.OpFconst2:
		x.push(insn{op: opConst, n: floatBits(float32(o - classfile.OpFconst0))}, 1)
	case o == classfile.OpDconst0 || o == classfile.OpDconst1:
		x.push(insn{op: opConst, n: doubleBits(float64(o - classfile.OpDconst0))}, 2)
	case o == classfile.OpBipush || o == classfile.OpSipush:
		x.push(insn{op: opConst, n: int64(in.Arg)}, 1)
	case o >= classfile.OpLdc && o <= classfile.OpLdc2W:
		return x.constant(in)
	case o >= classfile.OpIload && o <= classfile.OpAload:
		x.load(uint32(in.Index), int(o-classfile.OpIload))
	case o >= classfile.OpIload0 && o <= classfile.OpAload3:
		x.load(uint32(o-classfile.OpIload0)%4, int(o-classfile.OpIload0)/4)
	case o >= classfile.OpIaload && o <= classfile.OpSaload:
		x.d -= 2
		a := x.s(0)
		x.emit(x.pc, insn{op: opAget, a: a, b: a, c: x.s(1)})
		x.d += words(o == classfile.OpLaload || o == classfile.OpDaload)
	case o >= classfile.OpIstore && o <= classfile.OpAstore:
		x.store(uint32(in.Index), int(o-classfile.OpIstore))
	case o >= classfile.OpIstore0 && o <= classfile.OpAstore3:
		x.store(uint32(o-classfile.OpIstore0)%4, int(o-classfile.OpIstore0)/4)
	case o >= classfile.OpIastore && o <= classfile.OpSastore:
		w := words(o == classfile.OpLastore || o == classfile.OpDastore)
		x.d -= 2 + w
		x.emit(x.pc, insn{op: opAput, a: x.s(2), b: x.s(0), c: x.s(1)})
	case o >= classfile.OpPop && o <= classfile.OpSwap:
		x.shuffle(o)
	case o >= classfile.OpIadd && o <= classfile.OpDrem:
		// iadd ladd fadd dadd, then isub …
		row, typ := op(o-classfile.OpIadd)/4, int(o-classfile.OpIadd)%4
		x.binary([4]op{opAddInt, opAddLong, opAddFloat, opAddDouble}[typ]+row, typ%2 == 1, typ%2 == 1)
	case o >= classfile.OpIneg && o <= classfile.OpDneg:
		x.unary([4]op{opNegInt, opNegLong, opNegFloat, opNegDouble}[o-classfile.OpIneg], o == classfile.OpLneg || o == classfile.OpDneg, o == classfile.OpLneg || o == classfile.OpDneg)
	case o >= classfile.OpIshl && o <= classfile.OpLushr:
		n := o - classfile.OpIshl
		wide := n%2 == 1
		x.binary([2]op{opShlInt, opShlLong}[n%2]+op(n/2), wide, false)
	case o >= classfile.OpIand && o <= classfile.OpLxor:
		n := o - classfile.OpIand
		wide := n%2 == 1
		x.binary([2]op{opAndInt, opAndLong}[n%2]+op(n/2), wide, wide)
	case o == classfile.OpIinc:
		x.emit(x.pc, insn{op: opAddLit, a: uint32(in.Index), b: uint32(in.Index), n: int64(in.Arg)})
	case o >= classfile.OpI2l && o <= classfile.OpI2s:
		n := o - classfile.OpI2l
		from := [...]bool{false, false, false, true, true, true, false, false, false, true, true, true, false, false, false}[n]
		to := [...]bool{true, false, true, false, false, true, false, true, true, false, true, false, false, false, false}[n]
		x.unary(opIntToLong+op(n), from, to)
	case o == classfile.OpLcmp, o >= classfile.OpFcmpl && o <= classfile.OpDcmpg:
		w := words(o == classfile.OpLcmp || o >= classfile.OpDcmpl)
		k := [...]op{opCmpLong, opCmplFloat, opCmpgFloat, opCmplDouble, opCmpgDouble}[o-classfile.OpLcmp]
		x.d -= 2 * w
		x.emit(x.pc, insn{op: k, a: x.s(0), b: x.s(0), c: x.s(w)})
		x.d++
	case o >= classfile.OpIfeq && o <= classfile.OpIfle:
		x.d--
		x.branch(insn{op: opIfEqz + op(o-classfile.OpIfeq), a: x.s(0)}, uint32(in.Arg))
	case o >= classfile.OpIfIcmpeq && o <= classfile.OpIfIcmple:
		x.d -= 2
		x.branch(insn{op: opIfEq + op(o-classfile.OpIfIcmpeq), a: x.s(0), b: x.s(1)}, uint32(in.Arg))
	case o == classfile.OpIfAcmpeq || o == classfile.OpIfAcmpne:
		x.d -= 2
		x.branch(insn{op: opIfEq + op(o-classfile.OpIfAcmpeq), a: x.s(0), b: x.s(1)}, uint32(in.Arg))
	case o == classfile.OpIfnull || o == classfile.OpIfnonnull:
		x.d--
		x.branch(insn{op: opIfEqz + op(o-classfile.OpIfnull), a: x.s(0)}, uint32(in.Arg))
	case o == classfile.OpGoto || o == classfile.OpGotoW:
		x.branch(insn{op: opGoto}, uint32(in.Arg))
		return false
	case o == classfile.OpJsr || o == classfile.OpJsrW:
		// The address to come back to is a number like any other.
		x.jumps = append(x.jumps, len(x.insns))
		x.emit(x.pc, insn{op: opConst, a: x.s(0), n: int64(x.pc + in.Len)})
		x.d++
		x.branch(insn{op: opGoto}, uint32(in.Arg))
		x.goOn(x.pc+in.Len, x.d-1)
		return false
	case o == classfile.OpRet:
		x.emit(x.pc, insn{op: opRet, a: uint32(in.Index)})
		return false
	case o == classfile.OpTableswitch || o == classfile.OpLookupswitch:
		x.choose(in)
		return false
	case o >= classfile.OpIreturn && o <= classfile.OpAreturn:
		x.d -= words(o == classfile.OpLreturn || o == classfile.OpDreturn)
		x.emit(x.pc, insn{op: opReturn, a: x.s(0)})
		return false
	case o == classfile.OpReturn:
		x.emit(x.pc, insn{op: opReturnNil})
		return false
	case o >= classfile.OpGetstatic && o <= classfile.OpPutfield:
		x.field(in)
	case o >= classfile.OpInvokevirtual && o <= classfile.OpInvokedynamic:
		x.invoke(in)
	case o == classfile.OpNew:
		x.push(insn{op: opNew, n: x.typ(x.typeOf(in.Index))}, 1)
	case o == classfile.OpNewarray:
		d := ""
		if in.Arg >= 4 && in.Arg <= 11 {
			d = "[" + "ZCFDBSIJ"[in.Arg-4:in.Arg-3]
		}
		x.emit(x.pc, insn{op: opNewArray, a: x.s(-1), b: x.s(-1), n: x.typ(d)})
	case o == classfile.OpAnewarray:
		d := x.typeOf(in.Index)
		if d != "" {
			d = "[" + d
		}
		x.emit(x.pc, insn{op: opNewArray, a: x.s(-1), b: x.s(-1), n: x.typ(d)})
	case o == classfile.OpMultianewarray:
		var regs []uint32
		x.d -= int(in.Arg)
		for i := range int(in.Arg) {
			regs = append(regs, x.s(i))
		}
		x.push(insn{op: opNewArrays, n: x.typeAndList(x.typeOf(in.Index), regs)}, 1)
	case o == classfile.OpArraylength:
		x.emit(x.pc, insn{op: opLength, a: x.s(-1), b: x.s(-1)})
	case o == classfile.OpAthrow:
		x.emit(x.pc, insn{op: opThrow, a: x.s(-1)})
		return false
	case o == classfile.OpCheckcast:
		x.emit(x.pc, insn{op: opCheckCast, a: x.s(-1), n: x.typ(x.typeOf(in.Index))})
	case o == classfile.OpInstanceof:
		x.emit(x.pc, insn{op: opInstanceOf, a: x.s(-1), b: x.s(-1), n: x.typ(x.typeOf(in.Index))})
	case o == classfile.OpMonitorenter || o == classfile.OpMonitorexit:
		x.d--
		x.emit(x.pc, insn{op: opMonitor, a: x.s(0)})
	default:
		x.unknown(x.pc, o.String())
		return false
	}
	return true
}

func (x *classAssembly) typeOf(i uint16) string { return x.u.s.Type(x.u.s.Constant(x.class, i)) }

// load pushes a local variable. The types are int, long, float, double, object.
func (x *classAssembly) load(local uint32, typ int) {
	x.push(insn{op: opMove, b: local}, words(typ == 1 || typ == 3))
}

func (x *classAssembly) store(local uint32, typ int) {
	x.d -= words(typ == 1 || typ == 3)
	x.move(local, x.s(0))
}

func (x *classAssembly) binary(o op, wide, wideC bool) {
	x.d -= words(wide) + words(wideC)
	x.emit(x.pc, insn{op: o, a: x.s(0), b: x.s(0), c: x.s(words(wide))})
	x.d += words(wide)
}

func (x *classAssembly) unary(o op, from, to bool) {
	x.d -= words(from)
	x.emit(x.pc, insn{op: o, a: x.s(0), b: x.s(0)})
	x.d += words(to)
}

// shuffle translates what moves words of the stack about. A long or double is
// two words, of which the second means nothing.
func (x *classAssembly) shuffle(o classfile.Op) {
	// Pairs of what moves where, from the end of the stack.
	var moves [][2]int
	grow := 0
	switch o {
	case classfile.OpPop:
		grow = -1
	case classfile.OpPop2:
		grow = -2
	case classfile.OpDup:
		moves, grow = [][2]int{{0, -1}}, 1
	case classfile.OpDupX1:
		moves, grow = [][2]int{{0, -1}, {-1, -2}, {-2, 0}}, 1
	case classfile.OpDupX2:
		moves, grow = [][2]int{{0, -1}, {-1, -2}, {-2, -3}, {-3, 0}}, 1
	case classfile.OpDup2:
		moves, grow = [][2]int{{0, -2}, {1, -1}}, 2
	case classfile.OpDup2X1:
		moves, grow = [][2]int{{1, -1}, {0, -2}, {-1, -3}, {-2, 1}, {-3, 0}}, 2
	case classfile.OpDup2X2:
		moves, grow = [][2]int{{1, -1}, {0, -2}, {-1, -3}, {-2, -4}, {-3, 1}, {-4, 0}}, 2
	case classfile.OpSwap:
		// The word behind the stack is free.
		moves = [][2]int{{0, -1}, {-1, -2}, {-2, 0}}
	}
	for _, m := range moves {
		x.move(x.s(m[0]), x.s(m[1]))
	}
	x.d += grow
}

func (x *classAssembly) constant(in classfile.Inst) bool {
	f := x.f
	switch f.Tag(in.Index) {
	case classfile.TagInteger:
		x.push(insn{op: opConst, n: f.Int(in.Index)}, 1)
	case classfile.TagLong:
		x.push(insn{op: opConst, n: f.Int(in.Index)}, 2)
	case classfile.TagFloat:
		x.push(insn{op: opConst, n: floatBits(float32(f.Float(in.Index)))}, 1)
	case classfile.TagDouble:
		x.push(insn{op: opConst, n: doubleBits(f.Float(in.Index))}, 2)
	case classfile.TagString:
		x.strings = append(x.strings, x.u.str(x.class, in.Index))
		x.push(insn{op: opString, n: int64(len(x.strings) - 1)}, 1)
	case classfile.TagClass:
		x.push(insn{op: opClass, n: x.typ(x.typeOf(in.Index))}, 1)
	default:
		x.unknown(x.pc, "the load of a computed constant")
		return false
	}
	return true
}

func (x *classAssembly) choose(in classfile.Inst) {
	x.d--
	cases := map[int32]int32{}
	n := 0
	var def uint32
	at := (in.PC + 4) &^ 3
	be := binary.BigEndian
	for t := range x.code.Targets(in) {
		if n == 0 {
			def = t
			n++
			continue
		}
		key := int32(be.Uint32(x.code.Insns[at+4:])) + int32(n-1) // the lowest
		if in.Op == classfile.OpLookupswitch {
			key = int32(be.Uint32(x.code.Insns[at+8*uint32(n):]))
		}
		if _, twice := cases[key]; !twice {
			cases[key] = int32(t)
			x.goOn(t, x.d)
		}
		n++
	}
	x.switches = append(x.switches, cases)
	x.emit(x.pc, insn{op: opSwitch, a: x.s(0), n: int64(len(x.switches) - 1)})
	x.branch(insn{op: opGoto}, def)
}

func (x *classAssembly) field(in classfile.Inst) {
	s := x.u.s
	class, name, typ := s.Field(x.u.fieldOf(x.class, in.Index))
	r := &fieldRef{class: s.Type(class), name: s.String(name), typ: s.Type(typ)}
	x.fields = append(x.fields, r)
	n := int64(len(x.fields) - 1)
	w := words(isWide(r.typ))
	switch in.Op {
	case classfile.OpGetstatic:
		x.push(insn{op: opSget, n: n}, w)
	case classfile.OpPutstatic:
		x.d -= w
		x.emit(x.pc, insn{op: opSput, a: x.s(0), n: n})
	case classfile.OpGetfield:
		x.d--
		x.emit(x.pc, insn{op: opIget, a: x.s(0), b: x.s(0), n: n})
		x.d += w
	case classfile.OpPutfield:
		x.d -= 1 + w
		x.emit(x.pc, insn{op: opIput, a: x.s(1), b: x.s(0), n: n})
	}
}

// fieldOf returns the number of the field that a constant names.
func (u *classUnit) fieldOf(class int, i uint16) uint32 {
	if u.s.File(class).Tag(i) != classfile.TagFieldref {
		return classfile.NoIndex
	}
	return u.s.Constant(class, i)
}

func (x *classAssembly) invoke(in classfile.Inst) {
	s, f := x.u.s, x.f
	c := &call{}
	switch in.Op {
	case classfile.OpInvokestatic:
		c.kind = callStatic
	case classfile.OpInvokespecial:
		c.kind = callSuper
	case classfile.OpInvokedynamic:
		c.kind = callConcat
		bootstrap, _, desc, ok := f.Dynamic(in.Index)
		c.proto = f.Utf8(desc)
		if !ok || !x.recipe(c, bootstrap) {
			c.kind = callStatic
			c.name, c.class = "", "Ljava/lang/invoke/LambdaMetafactory;"
		}
	}
	if in.Op != classfile.OpInvokedynamic {
		if t := f.Tag(in.Index); t != classfile.TagMethodref && t != classfile.TagInterfaceMethodref {
			x.bad = "a call of what is no method"
			return
		}
		class, name, proto := s.Method(s.Constant(x.class, in.Index))
		c.class, c.name, c.proto = s.Type(class), s.String(name), s.Proto(proto)
		if c.kind == callSuper && (c.name == "<init>" || c.class == x.u.className(x.class)) {
			c.kind = callDirect
		}
	}
	if len(c.proto) == 0 || c.proto[0] != '(' {
		x.bad = "a call without a prototype"
		return
	}
	_, end := argRegs(c.proto, c.kind == callStatic || c.kind == callConcat, 0)
	x.d -= end
	c.args, _ = argRegs(c.proto, c.kind == callStatic || c.kind == callConcat, int(x.s(0)))
	x.call(x.pc, c)
	if r := returned(c.proto); r != "V" {
		x.push(insn{op: opResult}, words(isWide(r)))
	}
}

// recipe reads how text is put together; false if the call site does something
// else.
func (x *classAssembly) recipe(c *call, bootstrap uint16) bool {
	f := x.f
	handle, args, ok := f.Bootstrap(bootstrap)
	if !ok {
		return false
	}
	_, m := f.Handle(handle)
	class, name, _ := f.Member(m)
	if x.typeOf(class) != "Ljava/lang/invoke/StringConcatFactory;" {
		return false
	}
	if f.Utf8(name) != "makeConcatWithConstants" {
		n := 0
		for range params(c.proto) {
			n++
		}
		c.recipe = ones(n)
		return true
	}
	if args.Len() == 0 || f.Tag(args.At(0)) != classfile.TagString {
		return false
	}
	c.recipe = x.u.str(x.class, args.At(0)).units
	for i := 1; i < args.Len(); i++ {
		if f.Tag(args.At(i)) != classfile.TagString {
			return false
		}
		c.consts = append(c.consts, x.u.str(x.class, args.At(i)).units)
	}
	return true
}
