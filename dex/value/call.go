package value

import (
	"math"
	"strings"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/descriptor"
)

// call is a call that the table of models knows.
type call struct {
	index uint32 // method
	args  []ref  // one for each parameter, the receiver first
}

// call runs an invoke.
func (x *Analysis) call(pc uint32, in dex.Inst) {
	if in.Op().Invoke() == dex.InvokeCustom {
		x.setResult(x.custom(in))
		return
	}
	if in.Op().IndexKind() != dex.IndexMethod || int64(in.Index()) >= int64(len(x.found.models)) {
		x.touch(in)
		x.setResult(unknown)
		return
	}
	index := in.Index()
	if len(x.known) > 0 {
		if text, ok := x.known[pc]; ok {
			x.touch(in)
			x.setResult(x.str(text))
			return
		}
	}
	model := x.app.model(x.found, x.file, index)
	if n := model; n > 0 && n != ofApp {
		c := call{index, x.callArgs(in, x.args[:0])}
		x.args = c.args
		m := &x.app.table.rows[n-1]
		if len(c.args) >= m.args {
			x.setResult(m.fn(x, &c))
			return
		}
	}
	x.touch(in)
	if !x.used(pc + in.Width()) {
		x.setResult(none)
		return
	}
	if model == ofApp {
		x.args = x.callArgs(in, x.args[:0])
		for i, a := range x.args {
			if n := x.get(a); n.kind == kindSite && isBuilder(n.s) {
				x.args[i] = x.content(n.n)
			}
		}
		x.setResult(x.node(kindCall, "", int64(index), x.args...))
		return
	}
	x.setResult(x.node(Result, "", int64(index)))
}

// used reports whether the instruction at pc takes the result of a call.
func (x *Analysis) used(pc uint32) bool {
	in, ok := x.code.At(pc)
	return ok && in.Op() >= dex.OpMoveResult && in.Op() <= dex.OpMoveResultObject
}

// callArgs appends the arguments of a call: the first word of each.
func (x *Analysis) callArgs(in dex.Inst, out []ref) []ref {
	i := 0
	if in.Op().Invoke() != dex.InvokeStatic {
		if in.NumArgs() == 0 {
			return out
		}
		out = append(out, x.reg(in.Arg(0)))
		i++
	}
	proto := x.f.Method(in.Index()).Proto
	if in.Op().Invoke() == dex.InvokePolymorphic {
		proto = in.ProtoIndex()
	}
	return x.protoArgs(in, i, proto, out)
}

func (x *Analysis) protoArgs(in dex.Inst, i int, proto uint32, out []ref) []ref {
	for d := range descriptor.Params(x.f.ProtoString(proto)) {
		if i >= in.NumArgs() {
			return out
		}
		out = append(out, x.reg(in.Arg(i)))
		if i++; d == "J" || d == "D" {
			i++
		}
	}
	return out
}

// touch notes that the arguments of a call were in the hands of others: text
// may have been added, numbers of arrays changed.
func (x *Analysis) touch(in dex.Inst) {
	if len(x.sites) == 0 {
		return
	}
	for i := range in.NumArgs() {
		r := x.reg(in.Arg(i))
		if r&meeting == 0 && x.get(r).kind != kindSite && x.get(r).kind != kindChoice {
			continue
		}
		l, _ := x.near(r)
		for _, s := range l {
			switch n := x.get(s); {
			case n.kind != kindSite:
			case isBuilder(n.s):
				x.setContent(n.n, x.text(x.content(n.n), unknown))
			case len(n.s) == 2: // an array of numbers
				x.setContent(n.n, unknown)
			}
		}
	}
}

// custom runs an invoke-custom: text that is put together is known, other call
// sites make an object.
func (x *Analysis) custom(in dex.Inst) ref {
	x.touch(in)
	if int64(in.Index()) >= int64(x.f.NumCallSites()) {
		return unknown
	}
	s := x.f.CallSite(in.Index())
	h := x.f.MethodHandle(s.Handle)
	if s.Handle == dex.NoIndex || h.Kind.IsField() {
		return unknown
	}
	m := x.f.Method(h.Index)
	if x.f.Type(m.Class) != "Ljava/lang/invoke/StringConcatFactory;" {
		return unknown
	}
	args := x.protoArgs(in, 0, s.Proto, nil)
	i := 0
	for d := range descriptor.Params(x.f.ProtoString(s.Proto)) {
		if i == len(args) {
			break
		}
		args[i] = x.textAs(args[i], d)
		i++
	}
	switch x.f.String(m.Name) {
	case "makeConcat":
		return x.text(args...)
	case "makeConcatWithConstants":
		if len(s.Args) == 0 || s.Args[0].Kind != dex.ValueString {
			return unknown
		}
		return x.recipe(x.f.String(s.Args[0].Index()), args, s.Args[1:])
	}
	return unknown
}

// recipe puts text together: \x01 stands for the next argument, \x02 for the
// next constant (java.lang.invoke.StringConcatFactory).
func (x *Analysis) recipe(recipe string, args []ref, consts []dex.Value) ref {
	var parts []ref
	for recipe != "" {
		i := strings.IndexAny(recipe, "\x01\x02")
		if i < 0 {
			parts = append(parts, x.str(recipe))
			break
		}
		parts = append(parts, x.str(recipe[:i]))
		part := unknown
		switch {
		case recipe[i] == 1 && len(args) > 0:
			part, args = args[0], args[1:]
		case recipe[i] == 2 && len(consts) > 0:
			if v := encoded(x.f, consts[0]); v.Kind == String || v.Kind == Int {
				part = x.textOf(x.load(v, nil, 0))
				if v.Kind == Int {
					part = x.textAs(x.load(v, nil, 0), "J")
				}
			}
			consts = consts[1:]
		}
		parts = append(parts, part)
		recipe = recipe[i+1:]
		if len(parts) > 4*MaxParts {
			parts = append(parts, unknown)
			break
		}
	}
	return x.text(parts...)
}

// textOf returns what r is as a part of text.
func (x *Analysis) textOf(r ref) ref {
	if r&meeting != 0 || x.get(r).kind == kindChoice {
		// What a StringBuilder holds must be read now.
		l, ok := x.near(r)
		site := false
		for i, e := range l {
			if x.get(e).kind == kindSite {
				l[i] = x.textOf(e)
				site = true
			}
		}
		switch {
		case !site:
			return r
		case !ok:
			return unknown
		}
		return x.choice(l...)
	}
	switch n := x.get(r); n.kind {
	case None, Object:
		return unknown
	case Null:
		return x.str("null")
	case kindSite:
		if isBuilder(n.s) {
			return x.content(n.n)
		}
		return unknown
	}
	return r
}

// textAs returns the text of a value that is declared to be of type d.
func (x *Analysis) textAs(r ref, d string) ref {
	convert := func(fn func(n *node) (string, bool)) ref {
		l, ok := x.near(r)
		if d == "Z" || d == "C" {
			// What is still to be looked into would be taken for a number.
			l, ok = x.leaves(r)
		}
		if !ok {
			return unknown
		}
		for i, e := range l {
			n := x.get(e)
			s, ok := fn(n)
			switch {
			case ok:
				l[i] = x.made(s)
			case n.kind == Int || n.kind == None:
				l[i] = unknown
			}
		}
		return x.choice(l...)
	}
	switch d {
	case "Z":
		return convert(func(n *node) (string, bool) {
			if n.n == 0 {
				return "false", n.kind == Int
			}
			return "true", n.kind == Int
		})
	case "C":
		return convert(func(n *node) (string, bool) { return char(n.n), n.kind == Int })
	case "B", "S", "I", "J":
		return convert(func(n *node) (string, bool) { return decimal(n.n), n.kind == Int })
	case "F", "D":
		return convert(func(*node) (string, bool) { return "", false })
	case "[C":
		l, ok := x.array(r)
		if !ok {
			return unknown
		}
		return x.chars(l)
	}
	if n, ok := x.number(r); ok && n == 0 && d != "" && (d[0] == 'L' || d[0] == '[') {
		return x.str("null")
	}
	return x.textOf(r)
}

// arith folds arithmetic over known integers.
func (x *Analysis) arith(in dex.Inst, op dex.Opcode) ref {
	f := op.Flags()
	var a, b int64
	var ok bool
	switch {
	case op >= dex.OpNegInt && op <= dex.OpIntToShort:
		if a, ok = x.nearInt(x.reg(in.B())); !ok {
			return unknown
		}
		return x.unary(op, a)
	case op.Format() == dex.Fmt22b || op.Format() == dex.Fmt22s:
		a, ok = x.nearInt(x.reg(in.B()))
		b = in.Literal()
	case op.Format() == dex.Fmt23x && f&dex.UsesC != 0 && f&dex.Throws == 0 || op == dex.OpDivInt || op == dex.OpRemInt || op == dex.OpDivLong || op == dex.OpRemLong:
		a, ok = x.nearInt(x.reg(in.B()))
		if ok {
			b, ok = x.nearInt(x.reg(in.C()))
		}
	case op.Format() == dex.Fmt12x && f&dex.UsesA != 0:
		a, ok = x.nearInt(x.reg(in.A()))
		if ok {
			b, ok = x.nearInt(x.reg(in.B()))
		}
	}
	if !ok {
		return unknown
	}
	v, ok := binary(op, a, b)
	if !ok {
		return unknown
	}
	return x.int(v)
}

func (x *Analysis) unary(op dex.Opcode, a int64) ref {
	switch op {
	case dex.OpNegInt:
		return x.int(int64(-int32(a)))
	case dex.OpNotInt:
		return x.int(int64(^int32(a)))
	case dex.OpNegLong:
		return x.int(-a)
	case dex.OpNotLong:
		return x.int(^a)
	case dex.OpIntToLong:
		return x.int(a)
	case dex.OpLongToInt:
		return x.int(int64(int32(a)))
	case dex.OpIntToByte:
		return x.int(int64(int8(a)))
	case dex.OpIntToChar:
		return x.int(int64(uint16(a)))
	case dex.OpIntToShort:
		return x.int(int64(int16(a)))
	}
	return unknown
}

// binary computes what an instruction over two integers gives.
func binary(op dex.Opcode, a, b int64) (int64, bool) {
	// The two-address and literal forms follow the order of the three-address ones.
	long := false
	var n dex.Opcode
	switch {
	case op >= dex.OpAddInt && op <= dex.OpUshrInt:
		n = op - dex.OpAddInt
	case op >= dex.OpAddLong && op <= dex.OpUshrLong:
		n, long = op-dex.OpAddLong, true
	case op >= dex.OpAddInt2Addr && op <= dex.OpUshrInt2Addr:
		n = op - dex.OpAddInt2Addr
	case op >= dex.OpAddLong2Addr && op <= dex.OpUshrLong2Addr:
		n, long = op-dex.OpAddLong2Addr, true
	case op >= dex.OpAddIntLit16 && op <= dex.OpXorIntLit16:
		n = op - dex.OpAddIntLit16
	case op >= dex.OpAddIntLit8 && op <= dex.OpUshrIntLit8:
		n = op - dex.OpAddIntLit8
	default:
		return 0, false
	}
	if n == 1 && (op == dex.OpRsubInt || op == dex.OpRsubIntLit8) {
		a, b = b, a
	}
	bits := uint(31)
	if long {
		bits = 63
	} else {
		a = int64(int32(a))
		if n < 8 {
			b = int64(int32(b))
		}
	}
	var v int64
	switch n {
	case 0:
		v = a + b
	case 1:
		v = a - b
	case 2:
		v = a * b
	case 3, 4:
		if b == 0 {
			return 0, false
		}
		if b == -1 { // the least number divided by -1 is itself
			v = -a
			if n == 4 {
				v = 0
			}
		} else if v = a / b; n == 4 {
			v = a % b
		}
	case 5:
		v = a & b
	case 6:
		v = a | b
	case 7:
		v = a ^ b
	case 8:
		v = a << (uint(b) & bits)
	case 9:
		v = a >> (uint(b) & bits)
	case 10:
		if long {
			v = int64(uint64(a) >> (uint(b) & bits))
		} else {
			v = int64(uint32(a) >> (uint(b) & bits))
		}
	}
	if !long {
		v = int64(int32(v))
	}
	return v, true
}

// render makes a value of r, which is declared to be of type d ("" if that is
// not known).
func (x *Analysis) render(r ref, d string, depth int, busy map[ref]bool) Value {
	if x.parts--; depth > MaxDepth || x.parts < 0 {
		return Value{Kind: Unknown}
	}
	if r&meeting != 0 || x.get(r).kind == kindChoice {
		if busy[r] {
			return Value{Kind: Unknown}
		}
		l, ok := x.leaves(r)
		if !ok {
			return Value{Kind: Unknown}
		}
		if busy == nil {
			busy = map[ref]bool{}
		}
		busy[r] = true
		var alts []Value
		for _, e := range l {
			alts = append(alts, x.render(e, d, depth+1, busy))
		}
		delete(busy, r)
		return oneOf(alts)
	}
	n := *x.get(r)
	switch n.kind {
	case Int:
		switch {
		case d == "F":
			return Value{Kind: Float, F: float64(math.Float32frombits(uint32(n.n)))}
		case d == "D":
			return Value{Kind: Float, F: math.Float64frombits(uint64(n.n))}
		case n.n == 0 && d != "" && (d[0] == 'L' || d[0] == '['):
			return Value{Kind: Null}
		}
		return Value{Kind: Int, N: n.n}
	case Float:
		return Value{Kind: Float, F: math.Float64frombits(uint64(n.n))}
	case Object:
		return Value{Kind: Object, S: n.s}
	case Result:
		if n.s != "" {
			return Value{Kind: Result, S: n.s, N: n.n}
		}
		v := Value{Kind: Result, S: x.f.MethodString(uint32(n.n))}
		if len(n.elems) > 0 {
			v.N, _ = x.number(n.elems[0])
		}
		return v
	case kindField:
		if l := x.look(r); l != r {
			return x.render(l, d, depth+1, busy)
		}
		return x.app.field(x.file, uint32(n.n), x.depth)
	case kindElem:
		return x.render(x.look(r), d, depth+1, busy)
	case kindCall:
		if l := x.look(r); l != r {
			return x.render(l, d, depth+1, busy)
		}
		return Value{Kind: Result, S: x.f.MethodString(uint32(n.n))}
	case kindSite:
		if isBuilder(n.s) {
			return x.render(x.content(n.n), "", depth+1, busy)
		}
		l, ok := x.array(r)
		if !ok {
			return Value{Kind: Object, S: n.s}
		}
		return x.renderArray(l, n.s, depth, busy)
	case Array:
		return x.renderArray(n.elems, "", depth, busy)
	case Concat:
		if busy[r] {
			return Value{Kind: Unknown}
		}
		var parts []Value
		for _, e := range n.elems {
			parts = append(parts, x.render(e, "", depth+1, busy))
		}
		return concat(parts)
	}
	v := Value{Kind: n.kind, S: n.s, N: n.n}
	for _, e := range n.elems {
		v.Elems = append(v.Elems, x.render(e, "", depth+1, busy))
	}
	return v
}

func (x *Analysis) renderArray(l []ref, typ string, depth int, busy map[ref]bool) Value {
	d := strings.TrimPrefix(typ, "[")
	v := Value{Kind: Array, Elems: make([]Value, 0, len(l))}
	for _, e := range l {
		v.Elems = append(v.Elems, x.render(e, d, depth+1, busy))
	}
	return v
}
