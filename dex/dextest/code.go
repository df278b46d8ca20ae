package dextest

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/telltale-apk/telltale/dex"
)

// body is the code of a method before it has an offset.
type body struct {
	registers, ins, outs int
	insns                []byte
	tries                []try
	handlers             []byte // encoded_catch_handler_list
	debug                []byte // nil if there is none
}

type try struct {
	start, count, handler int
}

// body assembles a method; nil if it has no code.
func (a *assembler) body(m *method) *body {
	if m.flags&(dex.AccNative|dex.AccAbstract) != 0 && len(m.body) == 0 {
		return nil
	}
	if len(m.body) == 0 && m.registers < 0 && m.locals < 0 {
		failf(m.line, "a method without code that is not native or abstract")
	}
	c := &coder{a: a, m: m, labels: map[string]int{}, payloads: map[string]int{}}
	params, _, _ := m.ref.proto.split()
	if m.flags&dex.AccStatic == 0 {
		c.b.ins = 1
	}
	for _, t := range params {
		c.b.ins += words(t)
	}
	locals := m.locals
	switch {
	case m.registers >= 0:
		locals = max(0, m.registers-c.b.ins)
		c.b.registers = m.registers
	case locals < 0:
		locals = c.countLocals()
		fallthrough
	default:
		c.b.registers = locals + c.b.ins
	}
	if c.b.registers > 0xffff {
		failf(m.line, "%d registers", c.b.registers)
	}
	c.firstParam = locals
	c.place()
	c.emit()
	c.catches()
	c.debugInfo()
	return &c.b
}

// coder assembles one method.
type coder struct {
	a          *assembler
	m          *method
	b          body
	firstParam int
	labels     map[string]int
	pcs        []int          // address of each statement
	pads       []bool         // whether a nop precedes the statement
	payloads   map[string]int // address of the instruction that refers to a payload's label
}

// countLocals returns how many registers the v names need.
func (c *coder) countLocals() int {
	n := 0
	for _, s := range c.m.body {
		fl := s.op.Flags()
		for i, r := range s.regs {
			w := 1
			if s.kind == stInst && (i == 0 && fl&dex.WideA != 0 || i == 1 && fl&dex.WideB != 0 || i == 2 && fl&dex.WideC != 0) {
				w = 2
			}
			if !r.param {
				n = max(n, r.n+w)
			}
		}
	}
	return n
}

func (c *coder) reg(s *stmt, i int, limit int) uint32 {
	r := s.regs[i]
	n := r.n
	if r.param {
		n += c.firstParam
	}
	if n > limit {
		failf(s.line, "register %d; this instruction reaches up to %d", n, limit)
	}
	return uint32(n)
}

func (s *stmt) units() int {
	switch s.kind {
	case stInst:
		return s.op.Format().Width()
	case stUnits:
		return len(s.data) / 2
	case stPacked:
		return 4 + 2*len(s.labels)
	case stSparse:
		return 2 + 4*len(s.labels)
	case stArray:
		return 4 + (len(s.data)+1)/2
	}
	return 0
}

// place gives every statement its address and every label its own. A label
// before a payload means the payload, not the nop that aligns it.
func (c *coder) place() {
	pc := 0
	var pending []string
	for i := range c.m.body {
		s := &c.m.body[i]
		pad := false
		if s.kind == stPacked || s.kind == stSparse || s.kind == stArray {
			if pad = pc%2 != 0; pad {
				pc++
			}
		}
		if s.kind == stLabel {
			pending = append(pending, s.label)
		} else {
			c.bind(pending, pc, s.line)
			pending = nil
		}
		c.pcs = append(c.pcs, pc)
		c.pads = append(c.pads, pad)
		if pc += s.units(); pc > maxUnits {
			failf(s.line, "more than %d code units", maxUnits)
		}
	}
	c.bind(pending, pc, c.m.line)
}

func (c *coder) bind(names []string, pc, line int) {
	for _, n := range names {
		if _, ok := c.labels[n]; ok {
			failf(line, "label %s stands twice", n)
		}
		c.labels[n] = pc
	}
}

func (c *coder) target(label string, line int) int {
	pc, ok := c.labels[label]
	if !ok {
		failf(line, "no label %s", label)
	}
	return pc
}

func (c *coder) emit() {
	le := binary.LittleEndian
	for i := range c.m.body {
		s := &c.m.body[i]
		if s.kind == stInst && s.op.Format() == dex.Fmt31t {
			if pc, ok := c.payloads[s.label]; ok && pc != c.pcs[i] && s.op != dex.OpFillArrayData {
				failf(s.line, "a second switch that uses %s", s.label)
			}
			c.payloads[s.label] = c.pcs[i]
		}
	}
	var labels []string // that stand right before
	for i := range c.m.body {
		s := &c.m.body[i]
		if s.kind == stLabel {
			labels = append(labels, s.label)
			continue
		}
		if c.pads[i] {
			c.b.insns = le.AppendUint16(c.b.insns, 0)
		}
		from := 0
		for _, l := range labels {
			if pc, ok := c.payloads[l]; ok {
				from = pc
			}
		}
		labels = nil
		switch s.kind {
		case stUnits:
			c.b.insns = append(c.b.insns, s.data...)
		case stPacked:
			c.b.insns = le.AppendUint16(le.AppendUint16(c.b.insns, 0x100), uint16(len(s.labels)))
			c.b.insns = le.AppendUint32(c.b.insns, uint32(s.keys[0]))
			for _, l := range s.labels {
				c.b.insns = le.AppendUint32(c.b.insns, uint32(c.target(l, s.line)-from))
			}
		case stSparse:
			c.b.insns = le.AppendUint16(le.AppendUint16(c.b.insns, 0x200), uint16(len(s.labels)))
			for _, k := range s.keys {
				c.b.insns = le.AppendUint32(c.b.insns, uint32(k))
			}
			for _, l := range s.labels {
				c.b.insns = le.AppendUint32(c.b.insns, uint32(c.target(l, s.line)-from))
			}
		case stArray:
			c.b.insns = le.AppendUint16(le.AppendUint16(c.b.insns, 0x300), uint16(s.width))
			c.b.insns = le.AppendUint32(c.b.insns, uint32(len(s.data)/s.width))
			c.b.insns = append(c.b.insns, s.data...)
			if len(s.data)%2 != 0 {
				c.b.insns = append(c.b.insns, 0)
			}
		case stInst:
			c.inst(s, c.pcs[i])
		}
	}
}

// inst appends the code units of an instruction.
func (c *coder) inst(s *stmt, pc int) {
	op := uint16(s.op & 0xff)
	u := make([]uint16, max(1, s.op.Format().Width()))
	u[0] = op
	offset := func(bits int) int {
		d := c.target(s.label, s.line) - pc
		if lim := 1 << (bits - 1); d < -lim || d >= lim {
			failf(s.line, "%s is %d units away; %s reaches less", s.label, d, s.op)
		}
		return d
	}
	lit := func(bits int) uint64 {
		if lim := int64(1) << (bits - 1); s.lit < -lim || s.lit >= lim {
			failf(s.line, "%d does not fit into %d bits", s.lit, bits)
		}
		return uint64(s.lit)
	}
	r := func(i, limit int) uint16 { return uint16(c.reg(s, i, limit)) }
	ref := func(i, limit int) uint32 {
		v := c.a.index(s.refs[i])
		if int64(v) > int64(limit) {
			failf(s.line, "index %d does not fit into %s", v, s.op)
		}
		return v
	}
	switch f := s.op.Format(); f {
	case dex.Fmt11x:
		u[0] |= r(0, 255) << 8
	case dex.Fmt12x:
		u[0] |= r(0, 15)<<8 | r(1, 15)<<12
	case dex.Fmt11n:
		u[0] |= r(0, 15)<<8 | uint16(lit(4))<<12
	case dex.Fmt10t:
		u[0] |= uint16(uint8(offset(8))) << 8
	case dex.Fmt20t:
		u[1] = uint16(offset(16))
	case dex.Fmt30t:
		d := uint32(offset(32))
		u[1], u[2] = uint16(d), uint16(d>>16)
	case dex.Fmt22x:
		u[0] |= r(0, 255) << 8
		u[1] = r(1, 0xffff)
	case dex.Fmt32x:
		u[1], u[2] = r(0, 0xffff), r(1, 0xffff)
	case dex.Fmt21t:
		u[0] |= r(0, 255) << 8
		u[1] = uint16(offset(16))
	case dex.Fmt21s:
		u[0] |= r(0, 255) << 8
		u[1] = uint16(lit(16))
	case dex.Fmt21h:
		shift := 16
		if s.op == dex.OpConstWideHigh16 {
			shift = 48
		}
		if s.lit&(1<<shift-1) != 0 {
			failf(s.line, "the low bits of %#x do not fit into %s", s.lit, s.op)
		}
		if v := s.lit >> shift; v < math.MinInt16 || v > math.MaxUint16 {
			failf(s.line, "%#x does not fit into %s", s.lit, s.op)
		}
		u[0] |= r(0, 255) << 8
		u[1] = uint16(s.lit >> shift)
	case dex.Fmt21c:
		u[0] |= r(0, 255) << 8
		u[1] = uint16(ref(0, 0xffff))
	case dex.Fmt23x:
		u[0] |= r(0, 255) << 8
		u[1] = r(1, 255) | r(2, 255)<<8
	case dex.Fmt22b:
		u[0] |= r(0, 255) << 8
		u[1] = r(1, 255) | uint16(lit(8))<<8
	case dex.Fmt22t:
		u[0] |= r(0, 15)<<8 | r(1, 15)<<12
		u[1] = uint16(offset(16))
	case dex.Fmt22s:
		u[0] |= r(0, 15)<<8 | r(1, 15)<<12
		u[1] = uint16(lit(16))
	case dex.Fmt22c, dex.Fmt22cs:
		u[0] |= r(0, 15)<<8 | r(1, 15)<<12
		u[1] = uint16(ref(0, 0xffff))
	case dex.Fmt20bc:
		u[0] |= uint16(uint8(s.lit)) << 8
		u[1] = uint16(ref(0, 0xffff))
	case dex.Fmt31t:
		u[0] |= r(0, 255) << 8
		d := uint32(offset(32))
		u[1], u[2] = uint16(d), uint16(d>>16)
	case dex.Fmt31i:
		u[0] |= r(0, 255) << 8
		d := lit(32)
		u[1], u[2] = uint16(d), uint16(d>>16)
	case dex.Fmt31c:
		u[0] |= r(0, 255) << 8
		d := ref(0, math.MaxUint32)
		u[1], u[2] = uint16(d), uint16(d>>16)
	case dex.Fmt51l:
		u[0] |= r(0, 255) << 8
		for i := range 4 {
			u[1+i] = uint16(uint64(s.lit) >> (16 * i))
		}
	case dex.Fmt35c, dex.Fmt35ms, dex.Fmt35mi, dex.Fmt45cc:
		n := len(s.regs)
		if n > 5 {
			failf(s.line, "%d arguments; use %s/range", n, s.op)
		}
		u[0] |= uint16(n) << 12
		u[1] = uint16(ref(0, 0xffff))
		for i := range n {
			if i == 4 {
				u[0] |= r(i, 15) << 8
			} else {
				u[2] |= r(i, 15) << (4 * i)
			}
		}
		c.outs(s, n)
		if f == dex.Fmt45cc {
			u[3] = uint16(ref(1, 0xffff))
		}
	case dex.Fmt3rc, dex.Fmt3rms, dex.Fmt3rmi, dex.Fmt4rcc:
		n := 0
		if len(s.regs) > 0 {
			first, last := int(r(0, 0xffff)), int(r(len(s.regs)-1, 0xffff))
			if n = last - first + 1; n < 1 || n > 255 {
				failf(s.line, "a range of %d registers", n)
			}
			u[2] = uint16(first)
		}
		u[0] |= uint16(n) << 8
		u[1] = uint16(ref(0, 0xffff))
		c.outs(s, n)
		if f == dex.Fmt4rcc {
			u[3] = uint16(ref(1, 0xffff))
		}
	}
	for _, v := range u {
		c.b.insns = binary.LittleEndian.AppendUint16(c.b.insns, v)
	}
}

func (c *coder) outs(s *stmt, n int) {
	if s.op.Flags()&dex.Invokes != 0 {
		c.b.outs = max(c.b.outs, n)
	}
}

// catches turns .catch ranges, which may overlap, into try items.
func (c *coder) catches() {
	type handler struct {
		typ  string
		addr int
	}
	var cuts []int
	for _, h := range c.m.catches {
		from, to := c.target(h.start, h.line), c.target(h.end, h.line)
		if from >= to {
			failf(h.line, "an empty range")
		}
		c.target(h.handler, h.line)
		cuts = append(cuts, from, to)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	lists := map[string]int{}
	var encoded [][]byte
	size := 0
	for i := 0; i+1 < len(cuts); i++ {
		var hs []handler
		all := -1
		for _, h := range c.m.catches {
			if all >= 0 || c.labels[h.start] > cuts[i] || c.labels[h.end] <= cuts[i] {
				continue
			}
			if h.typ == "" {
				all = c.labels[h.handler]
			} else {
				hs = append(hs, handler{h.typ, c.labels[h.handler]})
			}
		}
		if len(hs) == 0 && all < 0 {
			continue
		}
		n := int64(len(hs))
		if all >= 0 {
			n = -n
		}
		b := appendSleb(nil, n)
		for _, h := range hs {
			b = binary.AppendUvarint(b, uint64(c.a.types.at(h.typ)))
			b = binary.AppendUvarint(b, uint64(h.addr))
		}
		if all >= 0 {
			b = binary.AppendUvarint(b, uint64(all))
		}
		k, ok := lists[string(b)]
		if !ok {
			k = len(encoded)
			lists[string(b)] = k
			encoded = append(encoded, b)
		}
		// A range that goes on with the same handlers is one item.
		if l := len(c.b.tries); l > 0 && c.b.tries[l-1].handler == k && c.b.tries[l-1].start+c.b.tries[l-1].count == cuts[i] &&
			c.b.tries[l-1].count+cuts[i+1]-cuts[i] <= 0xffff {
			c.b.tries[l-1].count += cuts[i+1] - cuts[i]
			continue
		}
		for at := cuts[i]; at < cuts[i+1]; at += 0xffff {
			c.b.tries = append(c.b.tries, try{at, min(0xffff, cuts[i+1]-at), k})
		}
	}
	if len(encoded) == 0 {
		return
	}
	c.b.handlers = binary.AppendUvarint(nil, uint64(len(encoded)))
	offs := make([]int, len(encoded))
	for i, b := range encoded {
		offs[i] = len(c.b.handlers)
		c.b.handlers = append(c.b.handlers, b...)
		size += len(b)
	}
	for i := range c.b.tries {
		t := &c.b.tries[i]
		if t.handler = offs[t.handler]; t.handler > 0xffff {
			failf(c.m.line, "%d bytes of exception handlers", size)
		}
	}
	if len(c.b.tries) > 0xffff {
		failf(c.m.line, "%d try items", len(c.b.tries))
	}
}

func appendSleb(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// debugInfo writes the debug_info_item, if the recipe says anything for it.
func (c *coder) debugInfo() {
	some := false
	first := int64(-1)
	for _, s := range c.m.body {
		if s.kind >= stLine {
			some = true
			if s.kind == stLine && first < 0 {
				first = s.lit
			}
		}
	}
	params, _, _ := c.m.ref.proto.split()
	for _, p := range c.m.params {
		some = some || p.name != nil
	}
	if !some {
		return
	}
	first = max(first, 0)
	p1 := func(b []byte, s *mstr) []byte {
		if s == nil {
			return append(b, 0)
		}
		return binary.AppendUvarint(b, uint64(c.a.strings.at(*s))+1)
	}
	b := binary.AppendUvarint(nil, uint64(first))
	b = binary.AppendUvarint(b, uint64(len(params)))
	for i := range params {
		var name *mstr
		if p := c.m.params[i]; p != nil {
			name = p.name
		}
		b = p1(b, name)
	}
	pc, line := 0, first
	advance := func(to int) {
		if to > pc {
			b = binary.AppendUvarint(append(b, 1), uint64(to-pc))
			pc = to
		}
	}
	for i := range c.m.body {
		s := &c.m.body[i]
		switch s.kind {
		case stLine:
			dl, dpc := s.lit-line, c.pcs[i]-pc
			if dl < -4 || dl > 10 {
				b = appendSleb(append(b, 2), dl)
				dl = 0
			}
			if 10+int(dl)+4+15*dpc > 255 {
				advance(c.pcs[i])
				dpc = 0
			}
			b = append(b, byte(10+int(dl)+4+15*dpc))
			pc, line = c.pcs[i], s.lit
		case stLocal:
			advance(c.pcs[i])
			op := byte(3)
			if s.local.sig != nil {
				op = 4
			}
			b = binary.AppendUvarint(append(b, op), uint64(c.reg(s, 0, 0xffff)))
			b = p1(b, s.local.name)
			if s.local.typ == "" {
				b = append(b, 0)
			} else {
				b = binary.AppendUvarint(b, uint64(c.a.types.at(s.local.typ))+1)
			}
			if s.local.sig != nil {
				b = p1(b, s.local.sig)
			}
		case stEndLocal, stRestartLocal:
			advance(c.pcs[i])
			op := byte(5)
			if s.kind == stRestartLocal {
				op = 6
			}
			b = binary.AppendUvarint(append(b, op), uint64(c.reg(s, 0, 0xffff)))
		case stPrologue:
			advance(c.pcs[i])
			b = append(b, 7)
		case stEpilogue:
			advance(c.pcs[i])
			b = append(b, 8)
		}
	}
	c.b.debug = append(b, 0)
}

// standard returns the code_item of standard DEX.
func (b *body) standard(debugOff uint32) []byte {
	le := binary.LittleEndian
	var out []byte
	for _, v := range []int{b.registers, b.ins, b.outs, len(b.tries)} {
		out = le.AppendUint16(out, uint16(v))
	}
	out = le.AppendUint32(out, debugOff)
	out = le.AppendUint32(out, uint32(len(b.insns)/2))
	out = append(out, b.insns...)
	return b.appendTries(out, len(out))
}

// appendTries appends try items and handlers; at is the offset of out's end
// as far as alignment goes.
func (b *body) appendTries(out []byte, at int) []byte {
	if len(b.tries) == 0 {
		return out
	}
	le := binary.LittleEndian
	for ; at%4 != 0; at++ {
		out = append(out, 0)
	}
	tries := slices.Clone(b.tries)
	slices.SortStableFunc(tries, func(x, y try) int { return cmp.Compare(x.start, y.start) })
	for _, t := range tries {
		out = le.AppendUint32(out, uint32(t.start))
		out = le.AppendUint16(out, uint16(t.count))
		out = le.AppendUint16(out, uint16(t.handler))
	}
	return append(out, b.handlers...)
}

// addCompact writes the code item of compact DEX with the words that precede
// it (compact_dex_file.h, CodeItem::Create), and returns its offset.
func (a *assembler) addCompact(s section, b *body) uint32 {
	le := binary.LittleEndian
	regs, units := b.registers-b.ins, len(b.insns)/2
	if regs < 0 {
		failf(0, "compact DEX needs at least as many registers as arguments")
	}
	flags := 0
	var before []uint16 // from the item backwards
	if hi := units &^ 0x7ff; hi != 0 {
		flags |= 16
		before = append(before, uint16(hi), uint16(hi>>16))
	}
	for i, v := range []int{regs, b.ins, b.outs, len(b.tries)} {
		if v &^= 15; v != 0 {
			flags |= 1 << i
			before = append(before, uint16(v))
		}
	}
	for len(*s.b)%2 != 0 {
		*s.b = append(*s.b, 0)
	}
	slices.Reverse(before)
	for _, v := range before {
		*s.b = le.AppendUint16(*s.b, v)
	}
	item := le.AppendUint16(nil, uint16(regs&15<<12|b.ins&15<<8|b.outs&15<<4|len(b.tries)&15))
	item = le.AppendUint16(item, uint16(units&0x7ff<<5|flags))
	item = append(item, b.insns...)
	return s.add(b.appendTries(item, int(s.base)+len(*s.b)+len(item)))
}
