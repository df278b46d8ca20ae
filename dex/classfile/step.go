package classfile

import (
	"math"
	"slices"
)

func floatOf(bits int64) float64 { return math.Float64frombits(uint64(bits)) }

func (x *analysis) float(f float64) ref { return x.node(Float, "", int64(math.Float64bits(f))) }

// step runs one instruction over the current state.
func (x *analysis) step(in Inst) {
	op := in.Op
	switch {
	case op == OpAconstNull:
		x.push(x.null())
	case op >= OpIconstM1 && op <= OpIconst5:
		x.push(x.int(int64(op) - int64(OpIconst0)))
	case op == OpLconst0 || op == OpLconst1:
		x.pushAs("J", x.int(int64(op-OpLconst0)))
	case op >= OpFconst0 && op <= OpFconst2:
		x.push(x.float(float64(op - OpFconst0)))
	case op == OpDconst0 || op == OpDconst1:
		x.pushAs("D", x.float(float64(op-OpDconst0)))
	case op == OpBipush || op == OpSipush:
		x.push(x.int(int64(in.Arg)))
	case op == OpLdc || op == OpLdcW:
		x.push(x.load(in.Index))
	case op == OpLdc2W:
		x.pushAs("J", x.load(in.Index))
	case op.Format() == FormatLocal && op <= OpAload:
		x.loadLocal(int(in.Index), op == OpLload || op == OpDload)
	case op >= OpIload0 && op <= OpAload3:
		n := int(op - OpIload0)
		x.loadLocal(n%4, n/4 == 1 || n/4 == 3)
	case op.Format() == FormatLocal && op <= OpAstore:
		x.storeLocal(int(in.Index), op == OpLstore || op == OpDstore)
	case op >= OpIstore0 && op <= OpAstore3:
		n := int(op - OpIstore0)
		x.storeLocal(n%4, n/4 == 1 || n/4 == 3)
	case op >= OpIaload && op <= OpSaload:
		i, arr := x.pop(), x.pop()
		v := x.element(arr, i)
		if op == OpLaload || op == OpDaload {
			x.pushAs("J", v)
		} else {
			x.push(v)
		}
	case op >= OpIastore && op <= OpSastore:
		d := "I"
		if op == OpLastore || op == OpDastore {
			d = "J"
		}
		v, i := x.popAs(d), x.pop()
		x.store(x.pop(), i, v)
		if op == OpAastore {
			x.escape(v)
		}
	case op >= OpPop && op <= OpSwap:
		x.shuffle(op)
	case op >= OpIadd && op <= OpLxor || op >= OpI2l && op <= OpI2s:
		x.arith(op)
	case op == OpIinc:
		if i := int(in.Index); i < x.locals {
			v := unknown
			if n, ok := x.number(x.cur[i]); ok {
				v = x.int(int64(int32(n) + in.Arg))
			}
			x.put(i, v)
		}
	case op >= OpGetstatic && op <= OpPutfield:
		x.access(in)
	case op >= OpInvokevirtual && op <= OpInvokeinterface:
		x.call(in)
	case op == OpInvokedynamic:
		x.dynamic(in)
	case op == OpNew:
		x.push(x.newObject(in, x.makes(in)))
	case op == OpNewarray || op == OpAnewarray:
		n := x.pop()
		x.push(x.newArray(in, n))
	case op == OpMultianewarray:
		for range in.Arg {
			x.pop()
		}
		x.push(x.newObject(in, x.makes(in)))
	case op == OpArraylength:
		v := unknown
		if l, ok := x.array(x.pop()); ok {
			v = x.int(int64(len(l)))
		}
		x.push(v)
	case op == OpCheckcast:
		// The value stays what it is.
	default:
		i := op.info()
		for range i.pop {
			x.pop()
		}
		for range i.push {
			x.push(unknown)
		}
	}
}

// load returns the value of a constant.
func (x *analysis) load(i uint16) ref {
	switch x.f.Tag(i) {
	case TagString:
		return x.str(x.s.String(x.s.Constant(x.class, i)))
	case TagClass:
		return x.classOf(x.s.Type(x.s.Constant(x.class, i)))
	case TagInteger, TagLong:
		return x.int(x.f.Int(i))
	case TagFloat, TagDouble:
		return x.float(x.f.Float(i))
	}
	return unknown
}

func (x *analysis) loadLocal(i int, wide bool) {
	v := unknown
	if i < x.locals {
		v = x.cur[i]
	}
	if x.push(v); wide {
		x.push(none)
	}
}

func (x *analysis) storeLocal(i int, wide bool) {
	if wide {
		x.pop()
	}
	v := x.pop()
	if i < x.locals {
		x.put(i, v)
	}
	if wide && i+1 < x.locals {
		x.put(i+1, none)
	}
}

// shuffle runs the instructions that copy words of the stack: what they leave
// of the words that they take, the deepest being 0.
func (x *analysis) shuffle(op Op) {
	forms := [...]string{
		0: "", OpPop2 - OpPop: "", OpDup - OpPop: "00", OpDupX1 - OpPop: "101", OpDupX2 - OpPop: "2012",
		OpDup2 - OpPop: "0101", OpDup2X1 - OpPop: "12012", OpDup2X2 - OpPop: "230123", OpSwap - OpPop: "10",
	}
	var taken [4]ref
	n := int(op.info().pop)
	for i := n - 1; i >= 0; i-- {
		taken[i] = x.pop()
	}
	for _, c := range []byte(forms[op-OpPop]) {
		x.push(taken[c-'0'])
	}
}

// arith folds arithmetic over known integers.
func (x *analysis) arith(op Op) {
	i := op.info()
	switch {
	case op >= OpI2l:
		a, ok := x.number(x.popWords(int(i.pop)))
		v := unknown
		if ok {
			switch op {
			case OpI2l:
				v = x.int(a)
			case OpL2i:
				v = x.int(int64(int32(a)))
			case OpI2b:
				v = x.int(int64(int8(a)))
			case OpI2c:
				v = x.int(int64(uint16(a)))
			case OpI2s:
				v = x.int(int64(int16(a)))
			}
		}
		x.pushWords(int(i.push), v)
	case op >= OpIneg && op <= OpDneg:
		v := unknown
		if a, ok := x.number(x.popWords(int(i.pop))); ok && op == OpIneg {
			v = x.int(int64(-int32(a)))
		} else if ok && op == OpLneg {
			v = x.int(-a)
		}
		x.pushWords(int(i.push), v)
	default:
		w := int(i.push)
		second := int(i.pop) - w // a shift takes an int
		b, okb := x.number(x.popWords(second))
		a, oka := x.number(x.popWords(w))
		v := unknown
		if oka && okb {
			if n, ok := fold(op, a, b); ok {
				v = x.int(n)
			}
		}
		x.pushWords(w, v)
	}
}

func (x *analysis) popWords(n int) ref {
	if n == 2 {
		x.pop()
	}
	return x.pop()
}

func (x *analysis) pushWords(n int, v ref) {
	if x.push(v); n == 2 {
		x.push(none)
	}
}

// fold computes what an instruction over two integers gives; ok is false for
// floating point and for a division by zero.
func fold(op Op, a, b int64) (v int64, ok bool) {
	long := false
	if op < OpIneg {
		if op = op - OpIadd; op%4 > 1 {
			return 0, false
		}
		long = op%4 == 1
		switch op / 4 {
		case 0:
			v = a + b
		case 1:
			v = a - b
		case 2:
			v = a * b
		default:
			if b == 0 {
				return 0, false
			}
			switch {
			case op/4 == 3 && b == -1: // the least number divided by -1 is itself
				v = -a
			case op/4 == 3:
				v = a / b
			case b != -1:
				v = a % b
			}
		}
	} else {
		long = (op-OpIshl)%2 == 1
		bits := uint(31)
		if long {
			bits = 63
		}
		switch op {
		case OpIshl, OpLshl:
			v = a << (uint(b) & bits)
		case OpIshr, OpLshr:
			v = a >> (uint(b) & bits)
		case OpIushr:
			v = int64(uint32(a) >> (uint(b) & bits))
		case OpLushr:
			v = int64(uint64(a) >> (uint(b) & bits))
		case OpIand, OpLand:
			v = a & b
		case OpIor, OpLor:
			v = a | b
		case OpIxor, OpLxor:
			v = a ^ b
		}
	}
	if !long {
		v = int64(int32(v))
	}
	return v, true
}

// access runs what reads or writes a field.
func (x *analysis) access(in Inst) {
	var i uint32 = NoIndex
	if x.f.Tag(in.Index) == TagFieldref {
		i = x.s.Constant(x.class, in.Index)
	}
	_, _, typ := x.s.Field(i)
	d := x.s.Type(typ)
	if d == "" {
		// Nobody knows how many words it takes.
		for j := range x.sp {
			x.cur[x.locals+j] = unknown
		}
		return
	}
	switch in.Op {
	case OpGetfield:
		x.pop()
		x.pushAs(d, x.node(kindField, "", int64(i)))
	case OpGetstatic:
		x.pushAs(d, x.node(kindField, "", int64(i)))
	case OpPutstatic:
		x.escape(x.popAs(d))
	case OpPutfield:
		x.escape(x.popAs(d))
		x.pop()
	}
}

// newObject begins an object. What is followed gets the number of its site.
func (x *analysis) newObject(in Inst, t string) ref {
	i, ok := x.siteAt(in.PC)
	if !ok {
		// Told apart by the place that makes them, so that a constructor is
		// known to be that of this object.
		return x.node(Object, t, int64(in.PC)+1)
	}
	r := x.node(kindSite, t, int64(i))
	x.replace(r, unknown) // what an earlier round of a loop made here
	v := unknown
	if isBuilder(t) {
		v = x.str("")
	}
	x.setContent(int64(i), v)
	return r
}

func (x *analysis) newArray(in Inst, length ref) ref {
	t := x.makes(in)
	r := x.newObject(in, t)
	if n, ok := x.number(length); ok && n >= 0 && n <= MaxElems && x.get(r).kind == kindSite {
		zero := x.null()
		if len(t) == 2 {
			zero = x.int(0)
			if t == "[F" || t == "[D" {
				zero = x.float(0)
			}
		}
		x.setContent(x.get(r).n, x.node(Array, "", 0, slices.Repeat([]ref{zero}, int(n))...))
	}
	return r
}

// leaves returns the alternatives of a value, after a look into the fields and
// methods that it comes from.
func (x *analysis) leaves(r ref) []ref {
	n := x.get(r)
	switch n.kind {
	case OneOf:
		var out []ref
		for _, e := range n.elems {
			for _, l := range x.leaves(e) {
				if !slices.Contains(out, l) {
					out = append(out, l)
				}
			}
		}
		return out
	case kindField, kindCall:
		if l := x.look(r); l != r {
			return x.leaves(l)
		}
	}
	return []ref{r}
}

// one returns what r is if it can be one thing only.
func (x *analysis) one(r ref) (ref, bool) {
	if l := x.leaves(r); len(l) == 1 {
		return l[0], true
	}
	return unknown, false
}

// siteOf returns the followed object that r is, if it is one.
func (x *analysis) siteOf(r ref) (*node, bool) {
	r, ok := x.one(r)
	n := x.get(r)
	return n, ok && n.kind == kindSite
}

// array returns the elements of an array.
func (x *analysis) array(r ref) ([]ref, bool) {
	r, ok := x.one(r)
	if !ok {
		return nil, false
	}
	n := x.get(r)
	if n.kind == kindSite {
		if r, ok = x.one(x.content(n.n)); !ok {
			return nil, false
		}
		n = x.get(r)
	}
	return n.elems, n.kind == Array
}

func (x *analysis) element(arr, index ref) ref {
	l, ok := x.array(arr)
	i, known := x.number(index)
	if !ok || !known || i < 0 || i >= int64(len(l)) {
		return unknown
	}
	return l[i]
}

// store puts v into an array.
func (x *analysis) store(arr, index, v ref) {
	n, ok := x.siteOf(arr)
	if !ok {
		for _, r := range x.leaves(arr) { // any of several arrays may be changed
			if n := x.get(r); n.kind == kindSite {
				x.setContent(n.n, unknown)
			}
		}
		return
	}
	l, ok := x.array(arr)
	i, known := x.number(index)
	switch {
	case !ok:
		x.setContent(n.n, unknown)
		return
	case known && (i < 0 || i >= int64(len(l))):
		return // throws
	}
	l = slices.Clone(l)
	for j := range l {
		if known && int64(j) == i {
			l[j] = v
		} else if !known {
			l[j] = x.choice(l[j], v)
		}
	}
	x.setContent(n.n, x.node(Array, "", 0, l...))
}

// escape notes that others can reach an object from now on: text may be added
// to a StringBuilder at any time.
func (x *analysis) escape(r ref) {
	for _, l := range x.leavesOfSite(r) {
		if n := x.get(l); n.kind == kindSite && isBuilder(n.s) {
			x.setContent(n.n, x.text(x.content(n.n), unknown))
		}
	}
}

// leavesOfSite is leaves without the look elsewhere: sites are of this method.
func (x *analysis) leavesOfSite(r ref) []ref {
	if n := x.get(r); n.kind == OneOf {
		return n.elems
	}
	return []ref{r}
}

// touch notes that the arguments of a call were in the hands of others: text
// may have been added, numbers of arrays changed.
func (x *analysis) touch(args []ref) {
	if len(x.sites) == 0 {
		return
	}
	for _, r := range args {
		for _, l := range x.leavesOfSite(r) {
			switch n := x.get(l); {
			case n.kind != kindSite:
			case isBuilder(n.s):
				x.setContent(n.n, x.text(x.content(n.n), unknown))
			case len(n.s) == 2: // an array of numbers
				x.setContent(n.n, unknown)
			}
		}
	}
}

// number returns the integer that r is, if it is one.
func (x *analysis) number(r ref) (int64, bool) {
	r, ok := x.one(r)
	n := x.get(r)
	return n.n, ok && n.kind == Int
}

// call runs an invoke.
func (x *analysis) call(in Inst) {
	proto, receiver, _ := x.called(in)
	if proto == "" {
		// Nobody knows how many words it takes.
		for j := range x.sp {
			x.cur[x.locals+j] = unknown
		}
		x.push(unknown)
		return
	}
	d := result(proto)
	if k := &x.s.know; len(k.sites) > 0 {
		if text, ok := k.sites[Site{x.class, x.nth, in.PC}]; ok && d != "V" {
			x.touch(x.popArgs(proto, receiver))
			x.pushAs(d, x.str(text))
			return
		}
	}
	x.pushAs(d, x.invoke(x.method(in), x.popArgs(proto, receiver), d == "V"))
}

// popArgs takes the arguments of a call from the stack. They are valid until
// the next call.
func (x *analysis) popArgs(proto, receiver string) []ref {
	args := x.args[:0]
	// From the last to the first: prototypes are read from the front, so the
	// words are taken at once and looked at from below.
	words := 0
	if receiver != "" {
		words++
	}
	for d := range params(proto) {
		words += slots(d)
	}
	base := x.sp - words
	word := func(i int) ref {
		if base+i < 0 {
			return unknown
		}
		return x.cur[x.locals+base+i]
	}
	at := 0
	if receiver != "" {
		args = append(args, word(0))
		at++
	}
	for d := range params(proto) {
		args = append(args, word(at))
		at += slots(d)
	}
	x.sp = max(base, 0)
	x.args = args
	return args
}

// invoke tells what a call gives.
func (x *analysis) invoke(m uint32, args []ref, void bool) ref {
	k := &x.s.know
	n := k.model(m)
	if n > 0 && n != ofSet {
		if row := &k.table.rows[n-1]; len(args) >= row.args {
			if !row.pure {
				x.touch(args)
			}
			return row.fn(x, &call{m, args})
		}
	}
	if n != ofSet || void {
		x.touch(args)
		return x.node(Result, "", int64(m))
	}
	given := slices.Clone(args)
	for i, a := range given {
		if x.get(a).kind == kindSite {
			given[i] = x.textOf(a)
		}
	}
	x.touch(args)
	return x.node(kindCall, "", int64(m), given...)
}

// dynamic runs an invokedynamic: text that is put together is known.
func (x *analysis) dynamic(in Inst) {
	proto, _, ok := x.called(in)
	if !ok {
		for j := range x.sp {
			x.cur[x.locals+j] = unknown
		}
		x.push(unknown)
		return
	}
	args := x.popArgs(proto, "")
	text, ok := x.join(in, proto, args)
	if !ok {
		x.touch(args)
	}
	x.pushAs(result(proto), text)
}

// join puts text together as StringConcatFactory does (java.lang.invoke): in a
// recipe \x01 stands for the next argument, \x02 for the next constant.
func (x *analysis) join(in Inst, proto string, args []ref) (ref, bool) {
	number, _, _, _ := x.f.Dynamic(in.Index)
	handle, consts, ok := x.f.Bootstrap(number)
	_, m := x.f.Handle(handle)
	class, name, _ := x.f.Member(m)
	if !ok || x.f.Class(class) != "Ljava/lang/invoke/StringConcatFactory;" {
		return unknown, false
	}
	texts := make([]ref, 0, len(args))
	for d := range params(proto) {
		texts = append(texts, x.textAs(args[len(texts)], d))
	}
	if x.f.Utf8(name) == "makeConcat" {
		return x.text(texts...), true
	}
	if consts.Len() == 0 {
		return unknown, true
	}
	var parts []ref
	next, from := 1, 0
	recipe := x.f.Text(consts.At(0))
	for i := 0; i < len(recipe); i++ {
		part := unknown
		switch {
		case recipe[i] == 1 && len(texts) > 0:
			part, texts = texts[0], texts[1:]
		case recipe[i] == 2 && next < consts.Len():
			part = x.textOf(x.load(consts.At(next)))
			next++
		case recipe[i] != 1 && recipe[i] != 2:
			continue
		}
		parts = append(parts, x.made(recipe[from:i]), part)
		if from = i + 1; len(parts) > 4*MaxParts {
			return x.text(append(parts, unknown)...), true
		}
	}
	return x.text(append(parts, x.made(recipe[from:]))...), true
}
