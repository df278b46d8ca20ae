package emu

import (
	"math"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// exec runs a body until it returns.
func (m *Machine) exec(b *body, regs []slot) (slot, error) {
	var (
		f      = len(m.frames) - 1
		at     = int(b.start)
		result slot
		caught *object
		err    error
	)
	for {
		if at < 0 || at >= len(b.insns) {
			return slot{}, stop(ReasonCode, "code leads out of the method")
		}
		in := &b.insns[at]
		m.frames[f].pc = at
		if m.spent++; m.spent > m.until || m.spent-m.checks > 1<<16 {
			m.spent--
			if err := m.step(1); err != nil {
				return slot{}, err
			}
		}
		at++
		switch in.op {
		case opNop:
		case opMove:
			regs[in.a] = regs[in.b]
		case opResult:
			regs[in.a] = result
		case opCaught:
			regs[in.a] = slot{o: caught}
		case opReturn:
			return regs[in.a], nil
		case opReturnNil:
			return slot{}, nil
		case opConst:
			regs[in.a] = slot{n: in.n}
		case opString:
			regs[in.a] = slot{o: m.literal(b.strings[in.n])}
		case opClass:
			c := m.class(b.types[in.n])
			if c == nil {
				err = stop(ReasonCode, "no class %s", b.types[in.n])
				break
			}
			regs[in.a] = slot{o: m.mirror(c)}
		case opCheckCast:
			if o := regs[in.a].o; o != nil {
				c := m.class(b.types[in.n])
				switch {
				case c == nil:
					err = stop(ReasonCode, "no class %s", b.types[in.n])
				case !o.class.isA(c):
					err = m.throw("Ljava/lang/ClassCastException;", "")
				}
			}
		case opInstanceOf:
			o, is := regs[in.b].o, int64(0)
			if o != nil && o.class.isA(m.class(b.types[in.n])) {
				is = 1
			}
			regs[in.a] = slot{n: is}
		case opLength:
			n := int64(-1)
			if o := regs[in.b].o; o != nil {
				n = length(o.data)
			}
			if n < 0 {
				err = m.null()
				break
			}
			regs[in.a] = slot{n: n}
		case opNew:
			c := m.class(b.types[in.n])
			if c == nil || c.elem != nil || !c.ref() || c.flags&(dex.AccInterface|dex.AccAbstract) != 0 {
				err = stop(ReasonCode, "no class %s", b.types[in.n])
				break
			}
			m.initialise(c)
			var o *object
			o, err = m.newObject(c)
			regs[in.a] = slot{o: o}
		case opNewArray:
			var o *object
			o, err = m.newArray(m.class(b.types[in.n]), int64(int32(regs[in.b].n)))
			regs[in.a] = slot{o: o}
		case opNewArrays:
			var o *object
			o, err = m.newArrays(m.class(b.types[in.n>>32]), b.lists[uint32(in.n)], regs)
			regs[in.a] = slot{o: o}
		case opFilled:
			list := b.lists[uint32(in.n)]
			var o *object
			if o, err = m.newArray(m.class(b.types[in.n>>32]), int64(len(list))); err != nil {
				break
			}
			for i, r := range list {
				if err = m.put(o, int64(i), regs[r]); err != nil {
					break
				}
			}
			result = slot{o: o}
		case opFill:
			err = m.fill(regs[in.a].o, &b.data[in.n])
		case opThrow:
			o := regs[in.a].o
			switch {
			case o == nil:
				err = m.null()
			default:
				err = &thrown{o}
			}
		case opGoto:
			at = int(in.n)
		case opSwitch:
			if t, ok := b.switches[in.n][int32(regs[in.a].n)]; ok {
				at = int(t)
			}
		case opRet:
			at = int(regs[in.a].n)
		case opCmpLong:
			regs[in.a] = slot{n: compare(regs[in.b].n, regs[in.c].n)}
		case opCmplFloat, opCmpgFloat:
			x, y := f32(regs[in.b]), f32(regs[in.c])
			regs[in.a] = slot{n: compareFloats(float64(x), float64(y), in.op == opCmpgFloat)}
		case opCmplDouble, opCmpgDouble:
			x, y := f64(regs[in.b]), f64(regs[in.c])
			regs[in.a] = slot{n: compareFloats(x, y, in.op == opCmpgDouble)}
		case opIfEq:
			if regs[in.a] == regs[in.b] {
				at = int(in.n)
			}
		case opIfNe:
			if regs[in.a] != regs[in.b] {
				at = int(in.n)
			}
		case opIfLt:
			if regs[in.a].n < regs[in.b].n {
				at = int(in.n)
			}
		case opIfGe:
			if regs[in.a].n >= regs[in.b].n {
				at = int(in.n)
			}
		case opIfGt:
			if regs[in.a].n > regs[in.b].n {
				at = int(in.n)
			}
		case opIfLe:
			if regs[in.a].n <= regs[in.b].n {
				at = int(in.n)
			}
		case opIfEqz:
			if regs[in.a] == (slot{}) {
				at = int(in.n)
			}
		case opIfNez:
			if regs[in.a] != (slot{}) {
				at = int(in.n)
			}
		case opIfLtz:
			if regs[in.a].n < 0 {
				at = int(in.n)
			}
		case opIfGez:
			if regs[in.a].n >= 0 {
				at = int(in.n)
			}
		case opIfGtz:
			if regs[in.a].n > 0 {
				at = int(in.n)
			}
		case opIfLez:
			if regs[in.a].n <= 0 {
				at = int(in.n)
			}
		case opAget:
			regs[in.a], err = m.get(regs[in.b].o, regs[in.c].n)
		case opAput:
			err = m.put(regs[in.b].o, regs[in.c].n, regs[in.a])
		case opIget, opIput:
			err = m.instanceField(b.fields[in.n], regs, in)
		case opSget, opSput:
			err = m.staticField(b.fields[in.n], regs, in)
		case opInvoke:
			result, err = m.call(b.calls[in.n], regs)
		case opMonitor:
			if regs[in.a].o == nil {
				err = m.null()
			}
		case opUnknown:
			return slot{}, stop(ReasonCode, "%s", b.reasons[in.n])
		case opNegInt:
			regs[in.a] = slot{n: int64(-int32(regs[in.b].n))}
		case opNotInt:
			regs[in.a] = slot{n: int64(^int32(regs[in.b].n))}
		case opNegLong:
			regs[in.a] = slot{n: -regs[in.b].n}
		case opNotLong:
			regs[in.a] = slot{n: ^regs[in.b].n}
		case opNegFloat:
			regs[in.a] = slot{n: int64(int32(uint32(regs[in.b].n) ^ 1<<31))}
		case opNegDouble:
			regs[in.a] = slot{n: int64(uint64(regs[in.b].n) ^ 1<<63)}
		case opIntToLong:
			regs[in.a] = slot{n: regs[in.b].n}
		case opIntToFloat:
			regs[in.a] = slot{n: floatBits(float32(int32(regs[in.b].n)))}
		case opIntToDouble:
			regs[in.a] = slot{n: doubleBits(float64(int32(regs[in.b].n)))}
		case opLongToInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n))}
		case opLongToFloat:
			regs[in.a] = slot{n: floatBits(float32(regs[in.b].n))}
		case opLongToDouble:
			regs[in.a] = slot{n: doubleBits(float64(regs[in.b].n))}
		case opFloatToInt:
			regs[in.a] = slot{n: toInt(float64(f32(regs[in.b])))}
		case opFloatToLong:
			regs[in.a] = slot{n: toLong(float64(f32(regs[in.b])))}
		case opFloatToDouble:
			regs[in.a] = slot{n: doubleBits(float64(f32(regs[in.b])))}
		case opDoubleToInt:
			regs[in.a] = slot{n: toInt(f64(regs[in.b]))}
		case opDoubleToLong:
			regs[in.a] = slot{n: toLong(f64(regs[in.b]))}
		case opDoubleToFloat:
			regs[in.a] = slot{n: floatBits(float32(f64(regs[in.b])))}
		case opIntToByte:
			regs[in.a] = slot{n: int64(int8(regs[in.b].n))}
		case opIntToChar:
			regs[in.a] = slot{n: int64(uint16(regs[in.b].n))}
		case opIntToShort:
			regs[in.a] = slot{n: int64(int16(regs[in.b].n))}
		case opAddInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) + int32(regs[in.c].n))}
		case opSubInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) - int32(regs[in.c].n))}
		case opMulInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) * int32(regs[in.c].n))}
		case opDivInt, opRemInt:
			x, y := int32(regs[in.b].n), int32(regs[in.c].n)
			if y == 0 {
				err = m.throw("Ljava/lang/ArithmeticException;", "/ by zero")
				break
			}
			regs[in.a] = slot{n: int64(divide(x, y, in.op == opRemInt))}
		case opAndInt, opAndLong:
			regs[in.a] = slot{n: regs[in.b].n & regs[in.c].n}
		case opOrInt, opOrLong:
			regs[in.a] = slot{n: regs[in.b].n | regs[in.c].n}
		case opXorInt, opXorLong:
			regs[in.a] = slot{n: regs[in.b].n ^ regs[in.c].n}
		case opShlInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) << (uint(regs[in.c].n) & 31))}
		case opShrInt:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) >> (uint(regs[in.c].n) & 31))}
		case opUshrInt:
			regs[in.a] = slot{n: int64(int32(uint32(regs[in.b].n) >> (uint(regs[in.c].n) & 31)))}
		case opAddLong:
			regs[in.a] = slot{n: regs[in.b].n + regs[in.c].n}
		case opSubLong:
			regs[in.a] = slot{n: regs[in.b].n - regs[in.c].n}
		case opMulLong:
			regs[in.a] = slot{n: regs[in.b].n * regs[in.c].n}
		case opDivLong, opRemLong:
			x, y := regs[in.b].n, regs[in.c].n
			if y == 0 {
				err = m.throw("Ljava/lang/ArithmeticException;", "/ by zero")
				break
			}
			regs[in.a] = slot{n: divide(x, y, in.op == opRemLong)}
		case opShlLong:
			regs[in.a] = slot{n: regs[in.b].n << (uint(regs[in.c].n) & 63)}
		case opShrLong:
			regs[in.a] = slot{n: regs[in.b].n >> (uint(regs[in.c].n) & 63)}
		case opUshrLong:
			regs[in.a] = slot{n: int64(uint64(regs[in.b].n) >> (uint(regs[in.c].n) & 63))}
		case opAddFloat:
			regs[in.a] = slot{n: floatBits(f32(regs[in.b]) + f32(regs[in.c]))}
		case opSubFloat:
			regs[in.a] = slot{n: floatBits(f32(regs[in.b]) - f32(regs[in.c]))}
		case opMulFloat:
			regs[in.a] = slot{n: floatBits(f32(regs[in.b]) * f32(regs[in.c]))}
		case opDivFloat:
			regs[in.a] = slot{n: floatBits(f32(regs[in.b]) / f32(regs[in.c]))}
		case opRemFloat:
			regs[in.a] = slot{n: floatBits(float32(math.Mod(float64(f32(regs[in.b])), float64(f32(regs[in.c])))))}
		case opAddDouble:
			regs[in.a] = slot{n: doubleBits(f64(regs[in.b]) + f64(regs[in.c]))}
		case opSubDouble:
			regs[in.a] = slot{n: doubleBits(f64(regs[in.b]) - f64(regs[in.c]))}
		case opMulDouble:
			regs[in.a] = slot{n: doubleBits(f64(regs[in.b]) * f64(regs[in.c]))}
		case opDivDouble:
			regs[in.a] = slot{n: doubleBits(f64(regs[in.b]) / f64(regs[in.c]))}
		case opRemDouble:
			regs[in.a] = slot{n: doubleBits(math.Mod(f64(regs[in.b]), f64(regs[in.c])))}
		case opAddLit:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) + int32(in.n))}
		case opRsubLit:
			regs[in.a] = slot{n: int64(int32(in.n) - int32(regs[in.b].n))}
		case opMulLit:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) * int32(in.n))}
		case opDivLit, opRemLit:
			if in.n == 0 {
				err = m.throw("Ljava/lang/ArithmeticException;", "/ by zero")
				break
			}
			regs[in.a] = slot{n: int64(divide(int32(regs[in.b].n), int32(in.n), in.op == opRemLit))}
		case opAndLit:
			regs[in.a] = slot{n: regs[in.b].n & in.n}
		case opOrLit:
			regs[in.a] = slot{n: regs[in.b].n | in.n}
		case opXorLit:
			regs[in.a] = slot{n: regs[in.b].n ^ in.n}
		case opShlLit:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) << (uint(in.n) & 31))}
		case opShrLit:
			regs[in.a] = slot{n: int64(int32(regs[in.b].n) >> (uint(in.n) & 31))}
		case opUshrLit:
			regs[in.a] = slot{n: int64(int32(uint32(regs[in.b].n) >> (uint(in.n) & 31)))}
		}
		if err != nil {
			t, ok := err.(*thrown)
			if !ok {
				return slot{}, err
			}
			if at = m.handler(b, at-1, t.o); at < 0 {
				return slot{}, err
			}
			caught, err = t.o, nil
			if b.caught >= 0 {
				regs[b.caught] = slot{o: caught}
			}
		}
	}
}

// handler returns the instruction that goes on after an exception, -1 if
// nobody catches it.
func (m *Machine) handler(b *body, at int, o *object) int {
	pc := b.pcs[at]
	for i := range b.tries {
		t := &b.tries[i]
		if pc < t.from || pc >= t.to {
			continue
		}
		for _, c := range t.catches {
			if c.typ == "" || o.class.isA(m.class(c.typ)) {
				return int(c.target)
			}
		}
	}
	return -1
}

func f32(s slot) float32 { return math.Float32frombits(uint32(s.n)) }
func f64(s slot) float64 { return math.Float64frombits(uint64(s.n)) }

func compare(a, b int64) int64 {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compareFloats compares like cmpg if more, else like cmpl.
func compareFloats(a, b float64, more bool) int64 {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case more:
		return 1
	}
	return -1
}

// divide divides as Java does: the least number divided by -1 is itself.
func divide[T int32 | int64](a, b T, rest bool) T {
	switch {
	case b == -1 && rest:
		return 0
	case b == -1:
		return -a
	case rest:
		return a % b
	}
	return a / b
}

// toInt converts a floating-point number: what is none becomes 0, what is too
// large the greatest or least number.
func toInt(f float64) int64 {
	switch {
	case f != f:
		return 0
	case f >= math.MaxInt32:
		return math.MaxInt32
	case f <= math.MinInt32:
		return math.MinInt32
	}
	return int64(f)
}

func toLong(f float64) int64 {
	switch {
	case f != f:
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// length is how many elements an array has, -1 if it is none.
func length(d any) int64 {
	switch d := d.(type) {
	case []int8:
		return int64(len(d))
	case []uint16:
		return int64(len(d))
	case []int32:
		return int64(len(d))
	case []*object:
		return int64(len(d))
	case []int16:
		return int64(len(d))
	case []int64:
		return int64(len(d))
	}
	return -1
}

func (m *Machine) outside(i int64) error {
	return m.throw("Ljava/lang/ArrayIndexOutOfBoundsException;", "index "+itoa(i))
}

// get reads an element of an array.
func (m *Machine) get(o *object, i int64) (slot, error) {
	if o == nil {
		return slot{}, m.null()
	}
	switch d := o.data.(type) {
	case []int8:
		if uint64(i) < uint64(len(d)) {
			return slot{n: int64(d[i])}, nil
		}
	case []uint16:
		if uint64(i) < uint64(len(d)) {
			return slot{n: int64(d[i])}, nil
		}
	case []int32:
		if uint64(i) < uint64(len(d)) {
			return slot{n: int64(d[i])}, nil
		}
	case []*object:
		if uint64(i) < uint64(len(d)) {
			if d[i] == unknown {
				return slot{}, stop(ReasonValue, "an element of an array")
			}
			return slot{o: d[i]}, nil
		}
	case []int16:
		if uint64(i) < uint64(len(d)) {
			return slot{n: int64(d[i])}, nil
		}
	case []int64:
		if uint64(i) < uint64(len(d)) {
			return slot{n: d[i]}, nil
		}
	default:
		return slot{}, stop(ReasonCode, "an element of what is no array")
	}
	return slot{}, m.outside(i)
}

// put writes an element of an array.
func (m *Machine) put(o *object, i int64, v slot) error {
	if o == nil {
		return m.null()
	}
	if o.born != m.run {
		if err := m.touch(o); err != nil {
			return err
		}
	}
	switch d := o.data.(type) {
	case []int8:
		if uint64(i) < uint64(len(d)) {
			d[i] = int8(v.n)
			return nil
		}
	case []uint16:
		if uint64(i) < uint64(len(d)) {
			d[i] = uint16(v.n)
			return nil
		}
	case []int32:
		if uint64(i) < uint64(len(d)) {
			d[i] = int32(v.n)
			return nil
		}
	case []*object:
		if uint64(i) < uint64(len(d)) {
			if v.o != nil && v.o != unknown && !v.o.class.isA(o.class.elem) {
				return m.throw("Ljava/lang/ArrayStoreException;", "")
			}
			d[i] = v.o
			return nil
		}
	case []int16:
		if uint64(i) < uint64(len(d)) {
			d[i] = int16(v.n)
			return nil
		}
	case []int64:
		if uint64(i) < uint64(len(d)) {
			d[i] = v.n
			return nil
		}
	default:
		return stop(ReasonCode, "an element of what is no array")
	}
	return m.outside(i)
}

// fill fills an array with data of the code.
func (m *Machine) fill(o *object, d *fill) error {
	if o == nil {
		return m.null()
	}
	n := int64(0)
	if d.width > 0 {
		n = int64(len(d.data) / d.width)
	}
	if n > length(o.data) {
		return m.outside(n)
	}
	if err := m.step(n >> 3); err != nil {
		return err
	}
	for i := range n {
		b := d.data[i*int64(d.width):]
		v := int64(0)
		switch d.width {
		case 1:
			v = int64(int8(b[0]))
		case 2:
			v = int64(int16(b[0]) | int16(b[1])<<8)
		case 4:
			v = int64(int32(b[0]) | int32(b[1])<<8 | int32(b[2])<<16 | int32(b[3])<<24)
		case 8:
			for k := range 8 {
				v |= int64(b[k]) << (8 * k)
			}
		default:
			return stop(ReasonCode, "array data of width %d", d.width)
		}
		if err := m.put(o, i, slot{n: v}); err != nil {
			return err
		}
	}
	return nil
}

// newArrays makes an array of arrays.
func (m *Machine) newArrays(c *class, lengths []uint32, regs []slot) (*object, error) {
	if c == nil || c.elem == nil || len(lengths) == 0 {
		return nil, stop(ReasonCode, "an array of what is no class")
	}
	o, err := m.newArray(c, int64(int32(regs[lengths[0]].n)))
	if err != nil || len(lengths) == 1 {
		return o, err
	}
	l, ok := o.data.([]*object)
	if !ok {
		return nil, stop(ReasonCode, "an array with too many dimensions")
	}
	for i := range l {
		if l[i], err = m.newArrays(c.elem, lengths[1:], regs); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// resolveField finds the field that code names.
func (m *Machine) resolveField(r *fieldRef, static bool) (*field, error) {
	if r.f != nil {
		return r.f, nil
	}
	c := m.class(r.class)
	if c == nil {
		return nil, stop(ReasonCode, "no class %s", r.class)
	}
	f := c.findField(member{r.name, r.typ})
	if f == nil || f.static != static {
		return nil, stop(ReasonValue, "%s->%s:%s", r.class, r.name, r.typ)
	}
	r.f = f
	return f, nil
}

func (m *Machine) instanceField(r *fieldRef, regs []slot, in *insn) error {
	o := regs[in.b].o
	if o == nil {
		return m.null()
	}
	f, err := m.resolveField(r, false)
	if err != nil {
		return err
	}
	if f.slot >= len(o.fields) || !o.class.isA(f.class) {
		return stop(ReasonValue, "%s->%s:%s", r.class, r.name, r.typ)
	}
	if in.op == opIget {
		v := o.fields[f.slot]
		if v.o == unknown {
			return stop(ReasonValue, "%s->%s:%s", r.class, r.name, r.typ)
		}
		regs[in.a] = v
		return nil
	}
	if o.born != m.run {
		if err := m.touch(o); err != nil {
			return err
		}
	}
	o.fields[f.slot] = narrow(f.typ, regs[in.a])
	return nil
}

// narrow cuts a number to what a field holds.
func narrow(typ string, v slot) slot {
	switch typ {
	case "Z":
		v.n &= 1
	case "B":
		v.n = int64(int8(v.n))
	case "C":
		v.n = int64(uint16(v.n))
	case "S":
		v.n = int64(int16(v.n))
	}
	return v
}

func (m *Machine) staticField(r *fieldRef, regs []slot, in *insn) error {
	f, err := m.resolveField(r, true)
	if err != nil {
		if v, ok := m.frameworkField(r); ok && in.op == opSget {
			regs[in.a] = v
			return nil
		}
		return err
	}
	m.initialise(f.class)
	s := &f.class.statics[f.slot]
	if in.op == opSget {
		if s.o == unknown {
			return stop(ReasonValue, "%s->%s:%s", r.class, r.name, r.typ)
		}
		regs[in.a] = *s
		return nil
	}
	if !m.keeping {
		m.journal = append(m.journal, saved{static: s, was: *s})
		if err := m.charge(32); err != nil {
			return err
		}
	}
	*s = narrow(f.typ, regs[in.a])
	f.class.wrote[f.slot] = true
	return nil
}

// call runs a call that stands in code.
func (m *Machine) call(c *call, regs []slot) (slot, error) {
	var few [8]slot
	args := few[:0]
	for _, r := range c.args {
		args = append(args, regs[r])
	}
	return m.callWith(c, args)
}

func (m *Machine) callWith(c *call, args []slot) (slot, error) {
	if c == m.watched {
		if len(m.seen) == 0 {
			m.allow(args)
		}
		m.seen = append(m.seen[:0], args...)
	}
	if c.kind == callConcat {
		return m.concat(c, args)
	}
	if c.kind == callVirtual {
		if len(args) == 0 {
			return slot{}, stop(ReasonCode, "a call without a receiver")
		}
		o := args[0].o
		if o == nil {
			return slot{}, m.null()
		}
		if c.last != o.class {
			c.last, c.native = o.class, nil
			if c.found = o.class.findMethod(member{c.name, c.proto}); c.found == nil {
				if c.native = m.nativeOf(o.class, c.name, c.proto); c.native == nil {
					if k := m.class(c.class); k != nil && k.unit == nil {
						c.native = m.nativeOf(k, c.name, c.proto)
					}
				}
			}
		}
		if c.found != nil {
			return m.invokeFound(c.found, args)
		}
		return m.runNative(c.native, c, args)
	}
	if !c.sought {
		c.sought = true
		if k := m.class(c.class); k != nil {
			if c.found = k.findMethod(member{c.name, c.proto}); c.found == nil {
				c.native = m.nativeOf(k, c.name, c.proto)
			}
		}
	}
	if c.kind != callStatic {
		if len(args) == 0 || args[0].o == nil {
			return slot{}, m.null()
		}
	}
	if c.kind == callSuper && len(m.frames) > 0 {
		// From the superclass of the class that the code stands in.
		if k := m.frames[len(m.frames)-1].m.class.super; k != nil {
			if x := k.findMethod(member{c.name, c.proto}); x != nil {
				return m.invokeFound(x, args)
			}
			return m.runNative(m.nativeOf(k, c.name, c.proto), c, args)
		}
	}
	if c.found != nil {
		if c.found.static() != (c.kind == callStatic) {
			return slot{}, stop(ReasonCode, "a call of another kind than %s is", c.found)
		}
		if c.kind == callStatic {
			m.initialise(c.found.class)
		}
		return m.invokeFound(c.found, args)
	}
	return m.runNative(c.native, c, args)
}

func (m *Machine) invokeFound(x *method, args []slot) (slot, error) {
	if x.flags&(dex.AccNative|dex.AccAbstract) != 0 {
		return slot{}, stop(ReasonMethod, "%s", x)
	}
	return m.invoke(x, args)
}

// runNative runs a method of the framework.
func (m *Machine) runNative(f *native, c *call, args []slot) (r slot, err error) {
	if f == nil || len(args) != f.args || f.on == (c.kind == callStatic) {
		return slot{}, stop(ReasonMethod, "%s->%s%s", c.class, c.name, c.proto)
	}
	if err := m.step(4); err != nil {
		return slot{}, err
	}
	defer func() {
		if x := recover(); x != nil {
			e, ok := x.(fault)
			if !ok {
				panic(x)
			}
			if err = e.err; err == errNotModelled {
				err = stop(ReasonMethod, "%s->%s%s", c.class, c.name, c.proto)
			}
		}
	}()
	for _, i := range f.ints {
		args[i].n = int64(int32(args[i].n))
	}
	given := spelledIn(args)
	r = f.fn(m, args)
	if n := given + spells(c, args); n > 0 {
		markSpelled(r.o, n)
		if len(args) > 0 && c.kind != callStatic {
			switch d := args[0].o.data.(type) {
			case *builder:
				d.spelled = min(len(d.u), n)
			case *text:
				if c.name == "<init>" {
					markSpelled(args[0].o, n)
				}
			}
		}
	}
	return r, nil
}

// spells is how much text a call puts together of characters or bytes.
func spells(c *call, args []slot) int {
	switch c.class {
	case stringDesc:
		switch {
		case c.name != "<init>" && c.name != "valueOf" && c.name != "copyValueOf":
		case strings.HasPrefix(c.proto, "(["):
			return math.MaxInt32
		case strings.HasPrefix(c.proto, "(C)"):
			return 1
		}
	case builderDesc, bufferDesc:
		switch {
		case c.name == "append" && strings.HasPrefix(c.proto, "(C)"), c.name == "setCharAt", c.name == "appendCodePoint", c.name == "insert" && strings.HasPrefix(c.proto, "(IC)"):
			return 1
		case c.name == "append" && strings.HasPrefix(c.proto, "([C") && len(args) > 1 && args[1].o != nil:
			return int(length(args[1].o.data))
		case c.name == "insert" && strings.HasPrefix(c.proto, "(I[C") && len(args) > 2 && args[2].o != nil:
			return int(length(args[2].o.data))
		}
	case "Ljava/io/ByteArrayOutputStream;":
		if c.name == "toString" {
			return math.MaxInt32
		}
	}
	return 0
}

// spelledIn is how much of the text among the arguments was spelled.
func spelledIn(args []slot) (n int) {
	for i := range args {
		if o := args[i].o; o != nil {
			switch d := o.data.(type) {
			case *text:
				n += d.spelled
			case *builder:
				n += d.spelled
			}
		}
	}
	return n
}

// markSpelled notes how much of a text was spelled, or of each in an array.
func markSpelled(o *object, n int) {
	if o == nil {
		return
	}
	switch d := o.data.(type) {
	case *text:
		if !d.literal {
			d.spelled = min(len(d.u), n)
		}
	case []*object: // of split
		for _, e := range d {
			if e != nil {
				if t, ok := e.data.(*text); ok && !t.literal {
					t.spelled = min(len(t.u), n)
				}
			}
		}
	}
}

// concat puts text together by a recipe (java.lang.invoke.StringConcatFactory).
func (m *Machine) concat(c *call, args []slot) (slot, error) {
	var types []string
	for d := range params(c.proto) {
		types = append(types, d)
	}
	consts := c.consts
	spelled := spelledIn(args)
	for _, d := range types {
		if d == "C" {
			spelled++
		}
	}
	var u []uint16
	for _, k := range c.recipe {
		switch {
		case k == 1 && len(args) > 0 && len(types) > 0:
			s, err := m.textAs(args[0], types[0])
			if err != nil {
				return slot{}, err
			}
			args, types = args[1:], types[1:]
			u = append(u, s...)
		case k == 2 && len(consts) > 0:
			u = append(u, consts[0]...)
			consts = consts[1:]
		default:
			u = append(u, k)
		}
		if int64(len(u)) > m.room {
			return slot{}, stop(ReasonMemory, "")
		}
	}
	r, err := m.newText(u)
	if err == nil {
		markSpelled(r.o, spelled)
	}
	return r, err
}
