package classfile

import (
	"slices"
	"strings"
)

// analysis runs the blocks of one method over abstract values until nothing
// changes. It may be used again for another method.
type analysis struct {
	arena
	s      *Set
	class  int
	f      *File
	member *Member
	nth    int    // its number in the class
	index  uint32 // method
	depth  int    // 0 for the method asked about, else how deep it is looked into
	code   Code

	insns  []Inst
	blocks []block
	blockAt,
	insnAt []uint32 // by pc: number of the block that begins there or of the instruction, plus 1
	params []string // descriptors, the receiver first

	// A state is the words of the local variables, of the stack, and what each
	// site holds.
	locals, stack int
	sites         []site
	in            []ref // states before the blocks
	cur           []ref
	sp            int
	at            *block // that runs
	local         bool   // blocks know nothing of each other

	args []ref
}

// block is instructions that run one after the other.
type block struct {
	first, end int   // of insns
	succs      []int // blocks
	handlers   []int // blocks
	sp         int   // words on the stack before it
	reached    bool
	dirty      bool
	runs       int
	loop       bool // control comes back to it from behind
}

// site is an instruction that makes a StringBuilder or an array.
type site struct {
	pc  uint32
	typ string
}

func (x *analysis) slots() int { return x.locals + x.stack + len(x.sites) }

// run makes x the analysis of a method.
func (x *analysis) run(s *Set, class, method, depth int) {
	c := &s.classes[class]
	x.s, x.class, x.f, x.depth = s, class, c.f, depth
	x.member, x.nth, x.index = &c.f.Methods[method], method, c.methods[method]
	x.arena.reset()
	x.insns, x.blocks, x.sites, x.params = x.insns[:0], x.blocks[:0], x.sites[:0], x.params[:0]
	x.local = false
	x.code, _ = c.f.Code(x.member)
	if len(x.code.Insns) == 0 || len(x.code.Insns) > MaxCode {
		return
	}
	if x.member.Flags&AccStatic == 0 {
		x.params = append(x.params, s.Type(c.typ))
	}
	_, _, proto := s.Method(x.index)
	for d := range params(s.Proto(proto)) {
		x.params = append(x.params, d)
	}
	x.findBlocks()
	x.locals, x.stack = int(x.code.MaxLocals), int(x.code.MaxStack)
	n := x.slots()
	if len(x.blocks)*n > MaxCells {
		x.local = true
	}
	x.cur = resize(x.cur, n)
	if !x.local {
		x.in = resize(x.in, len(x.blocks)*n)
		x.solve()
	}
}

// resize returns a cleared slice of n elements, with the memory of l if that is enough.
func resize[T any](l []T, n int) []T {
	if cap(l) < n {
		return make([]T, n)
	}
	l = l[:n]
	clear(l)
	return l
}

// findBlocks decodes the instructions and cuts them where control may come
// from elsewhere. Code with jumps into the middle of an instruction is read
// block by block, since it may do anything.
func (x *analysis) findBlocks() {
	n := len(x.code.Insns)
	x.insnAt, x.blockAt = resize(x.insnAt, n+1), resize(x.blockAt, n+1)
	for pc := uint32(0); int(pc) < n; {
		in, ok := x.code.At(pc)
		if !ok {
			x.local = true
			break
		}
		x.insns = append(x.insns, in)
		x.insnAt[pc] = uint32(len(x.insns))
		switch in.Op {
		case OpNew, OpNewarray, OpAnewarray, OpMultianewarray:
			if t := x.makes(in); len(x.sites) < MaxSites && (t != "" && t[0] == '[' || isBuilder(t)) {
				x.sites = append(x.sites, site{pc, t})
			}
		}
		pc += in.Len
	}
	lead := func(pc uint32) {
		if int64(pc) < int64(n) && x.insnAt[pc] > 0 {
			x.blockAt[pc] = 1
		} else if int64(pc) != int64(n) {
			x.local = true
		}
	}
	lead(0)
	for _, in := range x.insns {
		jumps := false
		for to := range x.code.Targets(in) {
			lead(to)
			jumps = true
		}
		if next := in.PC + in.Len; (jumps || ends(in.Op)) && int(next) < n {
			lead(next)
		}
	}
	for i := range x.code.NumHandlers() {
		h := x.code.Handler(i)
		lead(uint32(h.Start))
		lead(uint32(h.End))
		lead(uint32(h.Target))
	}
	for i, in := range x.insns {
		if x.blockAt[in.PC] > 0 {
			if k := len(x.blocks); k > 0 {
				x.blocks[k-1].end = i
			}
			x.blocks = append(x.blocks, block{first: i, end: len(x.insns)})
			x.blockAt[in.PC] = uint32(len(x.blocks))
		}
	}
	edges := 0
	for b := range x.blocks {
		blk := &x.blocks[b]
		last := x.insns[blk.end-1]
		to := func(list []int, pc uint32) []int {
			if int64(pc) < int64(n) && x.blockAt[pc] > 0 {
				if t := int(x.blockAt[pc]) - 1; !slices.Contains(list, t) {
					edges++
					x.blocks[t].loop = x.blocks[t].loop || t <= b
					return append(list, t)
				}
			}
			return list
		}
		for pc := range x.code.Targets(last) {
			if len(blk.succs) > 1024 { // a switch far beyond what people write
				x.local = true
				break
			}
			blk.succs = to(blk.succs, pc)
		}
		if !ends(last.Op) || last.Op == OpJsr || last.Op == OpJsrW {
			blk.succs = to(blk.succs, last.PC+last.Len)
		}
		for i := range x.code.NumHandlers() {
			h := x.code.Handler(i)
			if pc := x.insns[blk.first].PC; uint32(h.Start) <= pc && pc < uint32(h.End) {
				blk.handlers = to(blk.handlers, uint32(h.Target))
			}
			if edges > MaxCells/8 || len(x.blocks)*x.code.NumHandlers() > MaxCells {
				x.local = true
				return
			}
		}
	}
}

// ends reports whether control does not go on to the next instruction.
func ends(op Op) bool {
	switch op {
	case OpGoto, OpGotoW, OpAthrow, OpRet, OpTableswitch, OpLookupswitch, OpJsr, OpJsrW,
		OpIreturn, OpLreturn, OpFreturn, OpDreturn, OpAreturn, OpReturn:
		return true
	}
	return false
}

// makes returns the type that an instruction makes an object of.
func (x *analysis) makes(in Inst) string {
	switch in.Op {
	case OpNew, OpMultianewarray:
		return x.s.Type(x.s.Constant(x.class, in.Index))
	case OpAnewarray:
		if d := x.s.Type(x.s.Constant(x.class, in.Index)); d != "" {
			return "[" + d
		}
	case OpNewarray:
		const kinds = "ZCFDBSIJ" // from 4 on (JVMS 6.5, newarray)
		if i := in.Arg - 4; i >= 0 && int(i) < len(kinds) {
			return "[" + kinds[i:i+1]
		}
	}
	return ""
}

func isBuilder(t string) bool {
	return t == "Ljava/lang/StringBuilder;" || t == "Ljava/lang/StringBuffer;"
}

func (x *analysis) siteAt(pc uint32) (int, bool) {
	return slices.BinarySearchFunc(x.sites, pc, func(s site, pc uint32) int { return int(int64(s.pc) - int64(pc)) })
}

// start fills st with the state in which the method begins.
func (x *analysis) start(st []ref) {
	clear(st)
	at := 0
	for i, d := range x.params {
		if at < x.locals {
			st[at] = x.node(Param, "", int64(i))
		}
		at += slots(d)
	}
}

func (x *analysis) state(b int) []ref {
	n := x.slots()
	return x.in[b*n : (b+1)*n]
}

// maxSteps bounds how often instructions are run in all.
func (x *analysis) maxSteps() int { return 32*len(x.insns) + 1<<12 }

// cost is how many steps one round of a block counts for.
func (x *analysis) cost(b *block) int {
	return (b.end-b.first)*(1+len(b.handlers)/8) + (1+len(b.succs)+len(b.handlers))*(1+x.slots()/16)
}

// solve runs blocks until nothing changes any more, the first in the order of
// the code first.
func (x *analysis) solve() {
	if len(x.blocks) == 0 {
		return
	}
	x.start(x.state(0))
	x.blocks[0].reached, x.blocks[0].dirty = true, true
	left := x.maxSteps()
	for b := 0; b < len(x.blocks); {
		blk := &x.blocks[b]
		if !blk.dirty {
			b++
			continue
		}
		blk.dirty = false
		blk.runs++
		if left -= x.cost(blk); left < 0 {
			x.local = true
			return
		}
		copy(x.cur, x.state(b))
		x.sp, x.at = blk.sp, blk
		for _, h := range blk.handlers {
			x.enter(h, true)
		}
		for i := blk.first; i < blk.end; i++ {
			x.step(x.insns[i])
		}
		x.at = nil
		last := x.insns[blk.end-1]
		for i, to := range blk.succs {
			if (last.Op == OpJsr || last.Op == OpJsrW) && i == len(blk.succs)-1 {
				// The subroutine ran in between.
				for j := range x.cur {
					x.cur[j] = unknown
				}
				x.sp = max(x.sp-1, 0)
			}
			x.enter(to, false)
		}
		// A loop comes to rest before what follows it.
		for _, list := range [2][]int{blk.succs, blk.handlers} {
			for _, to := range list {
				if x.blocks[to].dirty {
					b = min(b, to)
				}
			}
		}
	}
}

// enter merges the current state into that before block b. A handler finds
// nothing on the stack but the exception.
func (x *analysis) enter(b int, handler bool) {
	blk, st := &x.blocks[b], x.state(b)
	sp := x.sp
	if handler {
		sp = min(1, x.stack)
	}
	value := func(i int) ref {
		if handler && i >= x.locals && i < x.locals+x.stack {
			if i == x.locals {
				return unknown
			}
			return none
		}
		if i >= x.locals+sp && i < x.locals+x.stack {
			return none
		}
		return x.cur[i]
	}
	if !blk.reached {
		for i := range st {
			st[i] = value(i)
		}
		blk.reached, blk.dirty, blk.sp = true, true, sp
		return
	}
	changed := false
	if sp != blk.sp { // no valid code does this
		blk.sp = min(sp, blk.sp)
		for i := x.locals; i < x.locals+blk.sp; i++ {
			changed = changed || st[i] != unknown
			st[i] = unknown
		}
	}
	for i := range st {
		changed = x.merge(blk, st, i, value(i)) || changed
	}
	blk.dirty = blk.dirty || changed
}

// merge lets a word of a state be v as well.
func (x *analysis) merge(blk *block, st []ref, i int, v ref) bool {
	old := st[i]
	switch {
	case old == v || v == none || old == unknown:
		return false
	case old == none:
		st[i] = v
	case blk.loop && blk.runs >= MaxRounds:
		st[i] = x.common(old, v)
	default:
		if st[i] = x.choice(old, v); st[i] == unknown {
			st[i] = x.common(old, v)
		}
	}
	return st[i] != old
}

// put changes a word of a local variable or of a site. Exceptions may be thrown
// behind it.
func (x *analysis) put(i int, v ref) {
	if i < 0 || i >= len(x.cur) || x.cur[i] == v {
		return
	}
	x.cur[i] = v
	if x.at == nil || i >= x.locals && i < x.locals+x.stack {
		return
	}
	for _, h := range x.at.handlers {
		if blk := &x.blocks[h]; blk.reached && x.merge(blk, x.state(h), i, v) {
			blk.dirty = true
		}
	}
}

func (x *analysis) push(v ref) {
	if x.sp == x.stack { // deeper than the method says: nothing is sure any more
		for i := range x.sp {
			x.cur[x.locals+i] = unknown
		}
		return
	}
	x.cur[x.locals+x.sp] = v
	x.sp++
}

// pushAs pushes a value of the type: wide ones take two words.
func (x *analysis) pushAs(d string, v ref) {
	switch slots(d) {
	case 1:
		x.push(v)
	case 2:
		x.push(v)
		x.push(none)
	}
}

// pop takes a word; where nothing is known of the stack, an unknown one.
func (x *analysis) pop() ref {
	if x.sp == 0 {
		return unknown
	}
	x.sp--
	return x.cur[x.locals+x.sp]
}

func (x *analysis) popAs(d string) ref {
	if slots(d) == 2 {
		x.pop()
	}
	return x.pop()
}

// content and setContent are what site n holds.
func (x *analysis) content(n int64) ref       { return x.cur[x.locals+x.stack+int(n)] }
func (x *analysis) setContent(n int64, v ref) { x.put(x.locals+x.stack+int(n), v) }

// replace puts a value in the place of another one wherever it is.
func (x *analysis) replace(old, v ref) {
	for i := range x.locals {
		if x.cur[i] == old {
			x.put(i, v)
		}
	}
	for i := range x.sp {
		if x.cur[x.locals+i] == old {
			x.cur[x.locals+i] = v
		}
	}
}

// walk runs every block that can be reached once more and calls before in
// front of each instruction.
func (x *analysis) walk(before func(in Inst)) {
	for b := range x.blocks {
		blk := &x.blocks[b]
		switch {
		case x.local:
			x.sp = 0
			for i := range x.cur {
				x.cur[i] = unknown
			}
		case blk.reached:
			x.sp = blk.sp
			copy(x.cur, x.state(b))
		default:
			continue
		}
		for i := blk.first; i < blk.end; i++ {
			before(x.insns[i])
			x.step(x.insns[i])
		}
	}
}

// callArgs are the arguments of a call.
type callArgs struct {
	pc   uint32
	args []Value
}

// calls renders the arguments of all calls, in the order of the code.
func (x *analysis) calls() []callArgs {
	var out []callArgs
	x.walk(func(in Inst) {
		proto, receiver, ok := x.called(in)
		if !ok {
			return
		}
		sp := x.sp
		args := x.popArgs(proto, receiver)
		x.sp = sp
		r := renderer{x: x, left: maxShown}
		list := make([]Value, 0, len(args))
		show := func(d string) {
			v := r.value(args[len(list)], d, 0)
			if v.Kind == None {
				v.Kind = Unknown
			}
			list = append(list, v)
		}
		if receiver != "" {
			show(receiver)
		}
		for d := range params(proto) {
			show(d)
		}
		out = append(out, callArgs{in.PC, list})
	})
	return out
}

// called returns the prototype of the method that an instruction calls, and
// the type of the receiver if there is one.
func (x *analysis) called(in Inst) (proto, receiver string, ok bool) {
	switch in.Op {
	case OpInvokevirtual, OpInvokespecial, OpInvokeinterface, OpInvokestatic:
		class, _, p := x.s.Method(x.method(in))
		if in.Op != OpInvokestatic {
			receiver = x.s.Type(class)
			if receiver == "" {
				receiver = "Ljava/lang/Object;"
			}
		}
		return x.s.Proto(p), receiver, true
	case OpInvokedynamic:
		_, _, desc, ok := x.f.Dynamic(in.Index)
		d := x.f.Utf8(desc)
		return d, "", ok && isProto(d)
	}
	return "", "", false
}

// method returns the method that a call names.
func (x *analysis) method(in Inst) uint32 {
	if t := x.f.Tag(in.Index); t != TagMethodref && t != TagInterfaceMethodref {
		return NoIndex
	}
	return x.s.Constant(x.class, in.Index)
}

// returned renders what the method returns; None if it returns nothing.
func (x *analysis) returned() Value {
	_, _, p := x.s.Method(x.index)
	proto := x.s.Proto(p)
	if proto == "" {
		return Value{}
	}
	d := result(proto)
	var alts []Value
	x.walk(func(in Inst) {
		if in.Op < OpIreturn || in.Op > OpAreturn || len(alts) > 4*MaxOneOf {
			return
		}
		sp := x.sp
		r := renderer{x: x, left: maxShown}
		v := r.value(x.popAs(d), d, 0)
		x.sp = sp
		if v.Kind == None {
			v.Kind = Unknown
		}
		alts = append(alts, v)
	})
	if len(alts) > 4*MaxOneOf {
		return Value{Kind: Unknown}
	}
	return oneOf(alts)
}

// stored returns what the method stores in static fields, or else in fields of
// its receiver, by the number of the field, if it stores one value only.
func (x *analysis) stored(static bool) map[uint32]Value {
	out := map[uint32]Value{}
	x.walk(func(in Inst) {
		if in.Op != OpPutfield && in.Op != OpPutstatic || static != (in.Op == OpPutstatic) || x.f.Tag(in.Index) != TagFieldref {
			return
		}
		i := x.s.Constant(x.class, in.Index)
		_, _, typ := x.s.Field(i)
		d := x.s.Type(typ)
		sp := x.sp
		v := x.popAs(d)
		obj := none
		if !static {
			obj = x.pop()
		}
		x.sp = sp
		if n := x.get(obj); !static && (n.kind != Param || n.n != 0) {
			return
		}
		r := renderer{x: x, left: maxShown}
		w := r.value(v, d, 0)
		if old, ok := out[i]; ok && !equal(old, w) {
			w = Value{}
		}
		out[i] = w
	})
	return out
}

// renderer makes values of nodes.
type renderer struct {
	x    *analysis
	left int // parts that may still be made
}

// value makes a value of r, which is declared to be of type d ("" if that is
// not known).
func (p *renderer) value(r ref, d string, depth int) Value {
	x := p.x
	if p.left--; depth > MaxDepth || p.left < 0 {
		return Value{Kind: Unknown}
	}
	n := *x.get(r)
	switch n.kind {
	case Int:
		if n.n == 0 && d != "" && (d[0] == 'L' || d[0] == '[') {
			return Value{Kind: Null}
		}
		return Value{Kind: Int, N: n.n}
	case Float:
		return Value{Kind: Float, F: floatOf(n.n)}
	case Object:
		return Value{Kind: Object, S: n.s}
	case kindField:
		if l := x.look(r); l != r {
			return p.value(l, d, depth+1)
		}
		return x.s.know.field(x.s, uint32(n.n), x.depth)
	case kindCall:
		if l := x.look(r); l != r {
			return p.value(l, d, depth+1)
		}
		return Value{Kind: Result, S: x.s.MethodString(uint32(n.n))}
	case Result:
		if n.s == "" {
			return Value{Kind: Result, S: x.s.MethodString(uint32(n.n))}
		}
	case kindSite:
		c := x.content(n.n)
		if isBuilder(n.s) {
			return p.value(c, "", depth+1)
		}
		if e := x.get(c); e.kind == Array {
			return p.array(e.elems, n.s, depth)
		}
		return Value{Kind: Object, S: n.s}
	case Array:
		return p.array(n.elems, "", depth)
	case OneOf:
		var alts []Value
		for _, e := range n.elems {
			alts = append(alts, p.value(e, d, depth+1))
		}
		return oneOf(alts)
	case Concat:
		var parts []Value
		for _, e := range n.elems {
			parts = append(parts, p.value(e, "", depth+1))
		}
		return concat(parts)
	}
	return Value{Kind: n.kind, S: n.s, N: n.n}
}

func (p *renderer) array(l []ref, typ string, depth int) Value {
	d := strings.TrimPrefix(typ, "[")
	v := Value{Kind: Array, Elems: make([]Value, 0, len(l))}
	for _, e := range l {
		v.Elems = append(v.Elems, p.value(e, d, depth+1))
	}
	return v
}
