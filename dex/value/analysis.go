package value

import (
	"math"
	"slices"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/descriptor"
	"github.com/telltale-apk/telltale/dex/ir"
)

// Analysis is what is known of the values in one method. It is not safe for
// concurrent use; [App.Args] is.
type Analysis struct {
	looking int // calls and fields that are being looked into
	arena
	app    *App
	file   int
	f      *dex.File
	method dex.MethodDef
	depth  int // 0 for the method asked about, else how deep it is looked into
	code   dex.Code
	graph  ir.Graph
	found  *learned          // of the file
	known  map[uint32]string // what calls return, by address

	regs  int // registers
	slots int // then: the last result, then a slot for each site
	sites []site
	in    []ref // state before each block
	out   []ref // and behind it
	pos   []uint32
	ran   []bool
	// writes are what blocks with handlers write, in order; those of block b
	// are from wrote[b] to wroteEnd[b].
	writes          []write
	wrote, wroteEnd []uint32
	cur             []ref
	first           bool // this is the pass over all blocks
	recording       bool // and the block has handlers
	local           bool // the method is too large: blocks know nothing of each other
	changed         []uint64
	loop            []bool
	work            []uint32
	allSlots        bool
	params          []string // descriptors of the parameters, the receiver first
	strs            map[uint32]ref
	args            []ref

	// base is the arena behind the pass over all blocks; x.cur is then the state
	// before the instruction at atPC of block at, unless that is -1.
	base mark
	at   int
	atPC uint32

	parts    int // of the value being rendered that may still be looked at
	argRefs  []ref
	argTypes []string
	seen     []bool
}

// maxLooks is how many calls and fields may be looked into inside each other.
const maxLooks = 3

// site is an instruction that makes a StringBuilder or an array.
type site struct {
	pc    uint32
	typ   string
	array bool
}

type write struct {
	slot uint32
	val  ref
}

// Analyze looks at a whole method of file number file.
func (a *App) Analyze(file int, m dex.MethodDef) *Analysis {
	x := new(Analysis)
	x.run(a, file, m, 0)
	return x
}

// run makes x the analysis of a method. It may be called again for another one.
func (x *Analysis) run(a *App, file int, m dex.MethodDef, depth int) {
	x.app, x.file, x.f, x.method, x.depth = a, file, a.files[file], m, depth
	x.code = x.f.Code(m.CodeOff)
	if m.CodeOff == 0 {
		x.code = dex.Code{}
	}
	x.found = a.learn(file)
	x.known = nil
	if len(a.returnsKnown) > 0 {
		x.known = a.returnsKnown[methodOf{file, m.Index}]
	}
	x.arena.reset()
	x.base, x.at = x.mark(), -1
	if x.code.Units() == 0 {
		x.graph = ir.Graph{}
		return
	}
	x.graph.Build(&x.code)
	if x.strs == nil {
		x.strs = map[uint32]ref{}
	}
	clear(x.strs)
	x.readParams()
	x.findSites()

	n := len(x.graph.Blocks())
	x.regs = int(x.code.Registers)
	x.slots = x.regs + 1 + len(x.sites)
	x.local = n*x.slots > MaxCells
	x.cur = resize(x.cur, x.slots)
	if x.local {
		x.readStrings()
		x.base = x.mark()
		return
	}
	x.in, x.out = grow(x.in, n*x.slots), grow(x.out, n*x.slots)
	x.pos, x.ran = resize(x.pos, n), resize(x.ran, n)
	x.wrote, x.wroteEnd = resize(x.wrote, n), resize(x.wroteEnd, n)
	x.writes = x.writes[:0]
	for i, b := range x.graph.Order() {
		x.pos[b] = uint32(i)
	}
	x.loops()
	x.first = true
	for _, b := range x.graph.Order() {
		x.enter(int(b))
		copy(x.cur, x.in[int(b)*x.slots:])
		x.wrote[b] = uint32(len(x.writes))
		x.recording = len(x.graph.Handlers(int(b))) > 0
		x.block(int(b), nil)
		x.wroteEnd[b] = uint32(len(x.writes))
		copy(x.out[int(b)*x.slots:], x.cur)
		x.ran[b] = true
	}
	x.first, x.recording = false, false
	x.base = x.mark()
}

// grow returns a slice of n elements, with the memory of l if that is enough.
func grow[T any](l []T, n int) []T {
	if cap(l) < n {
		return make([]T, n)
	}
	return l[:n]
}

// resize is grow with all elements cleared.
func resize[T any](l []T, n int) []T {
	l = grow(l, n)
	clear(l)
	return l
}

func (x *Analysis) readParams() {
	x.params = x.params[:0]
	ref := x.f.Method(x.method.Index)
	if x.method.Flags&dex.AccStatic == 0 {
		x.params = append(x.params, x.f.Type(ref.Class))
	}
	for d := range descriptor.Params(x.f.ProtoString(ref.Proto)) {
		x.params = append(x.params, d)
	}
}

// findSites numbers the instructions that make a StringBuilder or an array.
func (x *Analysis) findSites() {
	x.sites = x.sites[:0]
	for i := range x.graph.Blocks() {
		b := &x.graph.Blocks()[i]
		for pc := b.Start; pc < b.End && len(x.sites) < MaxSites; {
			in, _ := x.code.At(pc)
			switch in.Op() {
			case dex.OpNewInstance:
				if t := x.f.Type(in.Index()); isBuilder(t) {
					x.sites = append(x.sites, site{pc, t, false})
				}
			case dex.OpNewArray, dex.OpFilledNewArray, dex.OpFilledNewArrayRange:
				x.sites = append(x.sites, site{pc, x.f.Type(in.Index()), true})
			}
			pc += in.Width()
		}
	}
	slices.SortFunc(x.sites, func(a, b site) int { return int(int64(a.pc) - int64(b.pc)) })
}

func isBuilder(t string) bool {
	return t == "Ljava/lang/StringBuilder;" || t == "Ljava/lang/StringBuffer;" || t == "Landroid/net/Uri$Builder;"
}

func (x *Analysis) siteAt(pc uint32) (int, bool) {
	return slices.BinarySearchFunc(x.sites, pc, func(s site, pc uint32) int { return int(int64(s.pc) - int64(pc)) })
}

// loops finds for each block that begins a loop what the loop may change; such
// slots are meetings from the start, before the loop was run.
func (x *Analysis) loops() {
	n := len(x.graph.Blocks())
	x.allSlots = false
	x.changed = x.changed[:0]
	x.loop = resize(x.loop, n)
	heads := 0
	for b := range n {
		for _, p := range x.graph.Preds(b) {
			if x.pos[p] >= x.pos[b] && !x.dead(p, b) {
				x.loop[b] = true
			}
		}
		if x.loop[b] {
			heads++
		}
	}
	if heads == 0 {
		return
	}
	words := (x.slots + 63) / 64
	if n*words > MaxCells/8 || heads > 256 {
		x.allSlots = true
		return
	}
	// What each block writes; bit slots of sites are set if it calls or stores anything.
	x.changed = resize(x.changed, 2*n*words)
	own := x.changed[n*words:]
	for b := range n {
		set := own[b*words : (b+1)*words]
		mark := func(s int) {
			if s < x.slots {
				set[s/64] |= 1 << (s % 64)
			}
		}
		for pc := x.graph.Blocks()[b].Start; pc < x.graph.Blocks()[b].End; {
			in, _ := x.code.At(pc)
			f := in.Op().Flags()
			if f&dex.DefinesA != 0 {
				mark(int(in.A()))
				if f&dex.WideA != 0 {
					mark(int(in.A()) + 1)
				}
			}
			if f&dex.Invokes != 0 || in.Op() == dex.OpNewInstance || f&dex.UsesA != 0 && f&dex.Throws != 0 || in.Op() == dex.OpNewArray ||
				in.Op() == dex.OpFilledNewArray || in.Op() == dex.OpFilledNewArrayRange {
				for s := x.regs; s < x.slots; s++ {
					mark(s)
				}
			}
			// A constructor that the table knows puts a value in the place of
			// the object, whatever register holds it.
			if in.Op().Invoke() == dex.InvokeDirect {
				for i := range in.NumArgs() {
					if i == 0 {
						mark(int(in.Arg(0)))
					}
				}
			}
			pc += in.Width()
		}
	}
	left := 64 * n
	x.seen = resize(x.seen, n)
	seen := x.seen
	for b := range n {
		if !x.loop[b] {
			continue
		}
		// The blocks from which the way back to b can be taken.
		clear(seen)
		seen[b] = true
		sum := x.changed[b*words : (b+1)*words]
		x.work = append(x.work[:0], uint32(b))
		for _, p := range x.graph.Preds(b) {
			if x.pos[p] >= x.pos[b] && !seen[p] {
				seen[p] = true
				x.work = append(x.work, p)
			}
		}
		for len(x.work) > 0 {
			k := x.work[len(x.work)-1]
			x.work = x.work[:len(x.work)-1]
			for i, w := range own[int(k)*words : (int(k)+1)*words] {
				sum[i] |= w
			}
			if left--; left < 0 {
				x.allSlots = true
				return
			}
			if int(k) == b {
				continue
			}
			for _, p := range x.graph.Preds(int(k)) {
				if !seen[p] {
					seen[p] = true
					x.work = append(x.work, p)
				}
			}
		}
	}
}

// changes reports whether the loop that block b begins may change a slot.
func (x *Analysis) changes(b, slot int) bool {
	if x.allSlots {
		return true
	}
	words := (x.slots + 63) / 64
	return x.changed[b*words+slot/64]&(1<<(slot%64)) != 0
}

// meet returns the meeting of paths at block b in a slot.
func (x *Analysis) meet(b, slot int) ref { return meeting | ref(b*x.slots+slot) }

// start fills st with the state in which the method begins.
func (x *Analysis) start(st []ref) {
	clear(st)
	at := x.regs - int(x.code.Ins)
	for i, d := range x.params {
		if at >= 0 && at < x.regs {
			st[at] = x.node(Param, "", int64(i))
		}
		at++
		if d == "J" || d == "D" {
			at++
		}
	}
}

// enter computes the state before block b from those behind the blocks that
// lead to it.
func (x *Analysis) enter(b int) {
	st := x.in[b*x.slots : (b+1)*x.slots]
	blk := &x.graph.Blocks()[b]
	first := true
	if blk.Start == 0 {
		x.start(st)
		first = false
	} else if blk.Unreached && len(x.graph.Preds(b)) == 0 {
		for i := range st {
			st[i] = unknown
		}
		return
	}
	merge := func(o []ref) {
		if first {
			copy(st, o)
			first = false
			return
		}
		for i, r := range o {
			if s := st[i]; s != r && r != none {
				if s == none {
					st[i] = r
				} else {
					st[i] = x.meet(b, i)
				}
			}
		}
	}
	complete := true
	for _, p := range x.graph.Preds(b) {
		if x.dead(p, b) {
			continue
		}
		if !x.ran[p] {
			complete = false
			continue
		}
		if slices.Contains(x.graph.Succs(int(p)), uint32(b)) {
			merge(x.out[int(p)*x.slots : (int(p)+1)*x.slots])
		}
		if slices.Contains(x.graph.Handlers(int(p)), uint32(b)) {
			merge(x.in[int(p)*x.slots : (int(p)+1)*x.slots])
			for _, w := range x.writes[x.wrote[p]:x.wroteEnd[p]] {
				if s := st[w.slot]; s != w.val && w.val != none {
					if s == none {
						st[w.slot] = w.val
					} else {
						st[w.slot] = x.meet(b, int(w.slot))
					}
				}
			}
		}
	}
	if first {
		clear(st) // nothing that was run leads here yet
	}
	if complete {
		return
	}
	for i := range st {
		if !x.loop[b] || x.changes(b, i) {
			st[i] = x.meet(b, i)
		}
	}
}

// dead reports whether the edge from block p to b is never taken because
// nothing leads to p.
func (x *Analysis) dead(p uint32, b int) bool {
	return x.graph.Blocks()[p].Unreached && !x.graph.Blocks()[b].Unreached
}

// operands calls fn for what meets at block b in a slot.
func (x *Analysis) operands(b, slot int, fn func(ref)) {
	if x.graph.Blocks()[b].Start == 0 {
		x.start(x.cur0())
		fn(x.cur0()[slot])
	}
	for _, p := range x.graph.Preds(b) {
		if x.dead(p, b) {
			continue
		}
		if !x.ran[p] {
			fn(unknown)
			continue
		}
		if slices.Contains(x.graph.Succs(int(p)), uint32(b)) {
			fn(x.out[int(p)*x.slots+slot])
		}
		if slices.Contains(x.graph.Handlers(int(p)), uint32(b)) {
			fn(x.in[int(p)*x.slots+slot])
			for _, w := range x.writes[x.wrote[p]:x.wroteEnd[p]] {
				if int(w.slot) == slot {
					fn(w.val)
				}
			}
		}
	}
}

// cur0 returns scratch for the state in which the method begins.
func (x *Analysis) cur0() []ref { return make([]ref, x.slots) }

// leaves lists what r may be once meetings and choices are followed and fields
// and calls looked into. ok is false if there is too much of it.
func (x *Analysis) leaves(r ref) (out []ref, ok bool) {
	if !x.composed(r) {
		return []ref{r}, true
	}
	return x.follow(r, true)
}

// near is leaves without a look into fields and calls.
func (x *Analysis) near(r ref) (out []ref, ok bool) {
	if r&meeting == 0 && x.get(r).kind != kindChoice {
		return []ref{r}, true
	}
	return x.follow(r, false)
}

func (x *Analysis) follow(r ref, look bool) (out []ref, ok bool) {
	seen := map[ref]bool{}
	left := min(MaxFollow, x.steps)
	ok = true
	var walk func(r ref)
	walk = func(r ref) {
		x.steps--
		if left--; left < 0 || len(out) > 2*MaxOneOf {
			ok = false
			return
		}
		if r&meeting != 0 {
			if seen[r] {
				return
			}
			seen[r] = true
			cell := int(r &^ meeting)
			x.operands(cell/x.slots, cell%x.slots, walk)
			return
		}
		switch n := x.get(r); n.kind {
		case kindChoice:
			for _, e := range n.elems {
				walk(e)
			}
			return
		case kindField, kindCall, kindElem:
			if !look || seen[r] {
				break
			}
			if l := x.look(r); l != r {
				seen[r] = true
				walk(l)
				return
			}
		}
		if r != none && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	walk(r)
	return out, ok
}

// composed reports whether r must be followed to know what it is.
func (x *Analysis) composed(r ref) bool {
	if r&meeting != 0 {
		return true
	}
	switch x.get(r).kind {
	case kindChoice, kindField, kindCall, kindElem:
		return true
	}
	return false
}

// one returns what r is if it can be one thing only.
func (x *Analysis) one(r ref) (ref, bool) {
	if !x.composed(r) {
		return r, true
	}
	l, ok := x.leaves(r)
	if !ok || len(l) != 1 {
		return unknown, false
	}
	return l[0], true
}

const noPC = ^uint32(0)

// block runs the instructions of block b over x.cur. before is called in front
// of each.
func (x *Analysis) block(b int, before func(pc uint32, in dex.Inst)) {
	x.span(b, x.graph.Blocks()[b].Start, noPC, before)
}

// span runs those from pc on, up to the one at limit.
func (x *Analysis) span(b int, pc, limit uint32, before func(pc uint32, in dex.Inst)) {
	for end := x.graph.Blocks()[b].End; pc < end && pc != limit; {
		in, ok := x.code.At(pc)
		if !ok {
			return
		}
		if before != nil {
			before(pc, in)
		}
		x.step(pc, in)
		pc += in.Width()
	}
}

// goTo makes x.cur the state before the instruction at pc of block b. Where
// it was left by the question before is a good place to go on from.
func (x *Analysis) goTo(b int, pc uint32) {
	if x.at != b || x.atPC > pc {
		x.restore(b)
		x.atPC = x.graph.Blocks()[b].Start
	}
	x.span(b, x.atPC, pc, nil)
	x.at, x.atPC = b, pc
}

// restore sets x.cur to the state before block b.
func (x *Analysis) restore(b int) {
	x.back(x.base)
	x.at = -1
	x.steps = maxSteps
	if !x.local {
		copy(x.cur, x.in[b*x.slots:(b+1)*x.slots])
		return
	}
	if x.graph.Blocks()[b].Start == 0 && len(x.graph.Preds(b)) == 0 {
		x.start(x.cur)
		return
	}
	for i := range x.cur {
		x.cur[i] = unknown
	}
}

func (x *Analysis) reg(r uint32) ref {
	if int64(r) >= int64(x.regs) {
		return unknown
	}
	return x.cur[r]
}

func (x *Analysis) set(r uint32, v ref) {
	if int64(r) < int64(x.regs) {
		x.put(int(r), v)
	}
}

func (x *Analysis) setWide(r uint32, v ref) {
	x.set(r, v)
	if r+1 != 0 {
		x.set(r+1, none)
	}
}

func (x *Analysis) put(slot int, v ref) {
	x.cur[slot] = v
	if x.recording {
		x.writes = append(x.writes, write{uint32(slot), v})
	}
}

func (x *Analysis) result() ref     { return x.cur[x.regs] }
func (x *Analysis) setResult(v ref) { x.put(x.regs, v) }

// content and setContent are what site n holds.
func (x *Analysis) content(n int64) ref       { return x.cur[x.regs+1+int(n)] }
func (x *Analysis) setContent(n int64, v ref) { x.put(x.regs+1+int(n), v) }

// step runs one instruction.
func (x *Analysis) step(pc uint32, in dex.Inst) {
	op := in.Op()
	switch op {
	case dex.OpMove, dex.OpMoveFrom16, dex.OpMove16, dex.OpMoveObject, dex.OpMoveObjectFrom16, dex.OpMoveObject16:
		x.set(in.A(), x.reg(in.B()))
	case dex.OpMoveWide, dex.OpMoveWideFrom16, dex.OpMoveWide16:
		x.setWide(in.A(), x.reg(in.B()))
	case dex.OpMoveResult, dex.OpMoveResultObject:
		x.set(in.A(), x.result())
	case dex.OpMoveResultWide:
		x.setWide(in.A(), x.result())
	case dex.OpConst4, dex.OpConst16, dex.OpConst, dex.OpConstHigh16:
		x.set(in.A(), x.int(in.Literal()))
	case dex.OpConstWide16, dex.OpConstWide32, dex.OpConstWide, dex.OpConstWideHigh16:
		x.setWide(in.A(), x.int(in.Literal()))
	case dex.OpConstString, dex.OpConstStringJumbo:
		x.set(in.A(), x.constString(in.Index()))
	case dex.OpConstClass:
		x.set(in.A(), x.node(Class, x.f.Type(in.Index()), 0))
	case dex.OpCheckCast:
		// The value stays what it is.
	case dex.OpNewInstance:
		x.set(in.A(), x.newObject(pc, in))
	case dex.OpNewArray:
		x.newArray(pc, in)
	case dex.OpFilledNewArray, dex.OpFilledNewArrayRange:
		x.filledArray(pc, in)
	case dex.OpFillArrayData:
		x.fillArray(pc, in)
	case dex.OpArrayLength:
		v := unknown
		if l, ok := x.held(x.reg(in.B())); ok {
			v = x.int(int64(len(l)))
		}
		x.set(in.A(), v)
	case dex.OpSget, dex.OpSgetObject, dex.OpSgetBoolean, dex.OpSgetByte, dex.OpSgetChar, dex.OpSgetShort,
		dex.OpIget, dex.OpIgetObject, dex.OpIgetBoolean, dex.OpIgetByte, dex.OpIgetChar, dex.OpIgetShort:
		x.set(in.A(), x.field(in.Index()))
	case dex.OpSgetWide, dex.OpIgetWide:
		x.setWide(in.A(), x.field(in.Index()))
	case dex.OpIputObject, dex.OpSputObject:
		x.escape(x.reg(in.A()))
	default:
		x.stepOther(pc, in, op)
	}
}

func (x *Analysis) stepOther(pc uint32, in dex.Inst, op dex.Opcode) {
	f := op.Flags()
	switch {
	case f&dex.Invokes != 0:
		x.call(pc, in)
		return
	case op >= dex.OpAget && op <= dex.OpAgetShort:
		v := unknown
		if i, ok := x.nearInt(x.reg(in.C())); ok && i >= 0 {
			if l, ok := x.held(x.reg(in.B())); ok {
				if i < int64(len(l)) {
					v = l[i]
				}
			} else if a := x.reg(in.B()); a&meeting == 0 && (x.get(a).kind == kindField || x.get(a).kind == kindCall) {
				v = x.node(kindElem, "", i, a)
			}
		}
		if op == dex.OpAgetWide {
			x.setWide(in.A(), v)
		} else {
			x.set(in.A(), v)
		}
		return
	case op >= dex.OpAput && op <= dex.OpAputShort:
		x.store(x.reg(in.B()), x.reg(in.C()), x.reg(in.A()))
		if op == dex.OpAputObject {
			x.escape(x.reg(in.A()))
		}
		return
	case f&dex.DefinesA == 0:
		return
	}
	v := x.arith(in, op)
	if f&dex.WideA != 0 {
		x.setWide(in.A(), v)
	} else {
		x.set(in.A(), v)
	}
}

// readStrings makes nodes for all string constants beforehand.
func (x *Analysis) readStrings() {
	x.first = true
	for i := range x.graph.Blocks() {
		b := &x.graph.Blocks()[i]
		for pc := b.Start; pc < b.End; {
			in, _ := x.code.At(pc)
			if op := in.Op(); op == dex.OpConstString || op == dex.OpConstStringJumbo {
				x.constString(in.Index())
			}
			pc += in.Width()
		}
	}
	x.first = false
}

func (x *Analysis) constString(i uint32) ref {
	r, ok := x.strs[i]
	if !ok {
		if r = x.str(x.f.String(i)); x.first {
			x.strs[i] = r
		}
	}
	return r
}

// newObject begins an object. What is followed gets the number of its site.
func (x *Analysis) newObject(pc uint32, in dex.Inst) ref {
	t := x.f.Type(in.Index())
	i, ok := x.siteAt(pc)
	if !ok {
		// Told apart by the place that makes them, so that a constructor is
		// known to be that of this object.
		return x.node(Object, t, int64(pc)+1)
	}
	r := x.node(kindSite, t, int64(i))
	x.forget(r)
	x.setContent(int64(i), x.str(""))
	return r
}

// forget drops what an earlier round of a loop made at the same site.
func (x *Analysis) forget(r ref) {
	for i := range x.regs {
		if x.cur[i] == r {
			x.put(i, unknown)
		}
	}
}

func (x *Analysis) newArray(pc uint32, in dex.Inst) {
	t := x.f.Type(in.Index())
	n, ok := x.nearInt(x.reg(in.B()))
	i, site := x.siteAt(pc)
	if !site {
		x.set(in.A(), x.node(Object, t, int64(pc)+1))
		return
	}
	r := x.node(kindSite, t, int64(i))
	x.forget(r)
	content := unknown
	if ok && n >= 0 && n <= MaxElems {
		zero := x.int(0)
		if len(t) > 1 && (t[1] == 'L' || t[1] == '[') {
			zero = x.node(Null, "", 0)
		}
		l := make([]ref, n)
		for j := range l {
			l[j] = zero
		}
		content = x.node(Array, "", 0, l...)
	}
	x.setContent(int64(i), content)
	x.set(in.A(), r)
}

func (x *Analysis) filledArray(pc uint32, in dex.Inst) {
	t := x.f.Type(in.Index())
	i, site := x.siteAt(pc)
	if !site {
		x.setResult(x.node(Object, t, int64(pc)+1))
		return
	}
	r := x.node(kindSite, t, int64(i))
	x.forget(r)
	l := make([]ref, in.NumArgs())
	for j := range l {
		l[j] = x.reg(in.Arg(j))
	}
	x.setContent(int64(i), x.node(Array, "", 0, l...))
	x.setResult(r)
}

func (x *Analysis) fillArray(pc uint32, in dex.Inst) {
	s, ok := x.siteOf(x.reg(in.A()))
	if !ok {
		return
	}
	at := int64(pc) + int64(in.Offset())
	content := unknown
	if at >= 0 && at < int64(x.code.Units()) {
		p, _ := x.code.At(uint32(at))
		if data, w := p.ArrayData(); w > 0 && w <= 8 && len(data)/w <= MaxElems {
			unsigned := x.get(s).s == "[C" || x.get(s).s == "[Z"
			l := make([]ref, len(data)/w)
			for i := range l {
				var v uint64
				for j := range w {
					v |= uint64(data[i*w+j]) << (8 * j)
				}
				n := int64(v)
				if shift := 64 - 8*w; !unsigned {
					n = int64(v<<shift) >> shift
				}
				l[i] = x.int(n)
			}
			content = x.node(Array, "", 0, l...)
		}
	}
	x.setContent(x.get(s).n, content)
}

// siteOf returns the followed object that r is, if it is one.
func (x *Analysis) siteOf(r ref) (ref, bool) {
	l, ok := x.near(r)
	if !ok || len(l) != 1 || x.get(l[0]).kind != kindSite {
		return unknown, false
	}
	return l[0], true
}

// held returns the elements of an array that the method made itself.
func (x *Analysis) held(r ref) ([]ref, bool) {
	s, ok := x.siteOf(r)
	if !ok {
		if r&meeting == 0 && x.get(r).kind == Array {
			return x.get(r).elems, true
		}
		return nil, false
	}
	l, ok := x.near(x.content(x.get(s).n))
	if !ok || len(l) != 1 || x.get(l[0]).kind != Array {
		return nil, false
	}
	return x.get(l[0]).elems, true
}

// array returns the elements of an array.
func (x *Analysis) array(r ref) ([]ref, bool) {
	r, ok := x.one(r)
	if !ok {
		return nil, false
	}
	if n := x.get(r); n.kind == kindSite {
		if r, ok = x.one(x.content(n.n)); !ok {
			return nil, false
		}
	}
	n := x.get(r)
	return n.elems, n.kind == Array
}

// store puts v into an array.
func (x *Analysis) store(arr, index, v ref) {
	s, ok := x.siteOf(arr)
	if !ok {
		// Any of several arrays may be changed.
		l, _ := x.near(arr)
		for _, r := range l {
			if n := x.get(r); n.kind == kindSite {
				x.setContent(n.n, unknown)
			}
		}
		return
	}
	n := x.get(s).n
	l, ok := x.held(s)
	i, known := x.nearInt(index)
	switch {
	case !ok || len(l) > MaxPuts:
		x.setContent(n, unknown)
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
	x.setContent(n, x.node(Array, "", 0, l...))
}

// escape notes that others can reach an object from now on: text may be added
// to a StringBuilder at any time.
func (x *Analysis) escape(r ref) {
	l, _ := x.near(r)
	for _, r := range l {
		if n := x.get(r); n.kind == kindSite && isBuilder(n.s) {
			x.setContent(n.n, x.text(x.content(n.n), unknown))
		}
	}
}

// nearInt returns the number that r is, if that can be told without a look into
// other code; number looks there, too.
func (x *Analysis) nearInt(r ref) (int64, bool) {
	l, ok := x.near(r)
	if !ok || len(l) != 1 || x.get(l[0]).kind != Int {
		return 0, false
	}
	return x.get(l[0]).n, true
}

func (x *Analysis) number(r ref) (int64, bool) {
	r, ok := x.one(r)
	if !ok {
		return 0, false
	}
	n := x.get(r)
	return n.n, n.kind == Int
}

func (x *Analysis) field(index uint32) ref {
	if int64(index) >= int64(x.f.NumFields()) {
		return unknown
	}
	return x.node(kindField, "", int64(index))
}

// look looks into a field or a method that is named by a node of its own. The
// node itself comes back if that tells nothing.
func (x *Analysis) look(r ref) ref {
	// What a call returns may be put together of its arguments, and in a loop
	// these may come from the very call.
	if x.looking >= maxLooks {
		return r
	}
	x.looking++
	defer func() { x.looking-- }()
	n := *x.get(r)
	switch n.kind {
	case kindField:
		if v := x.app.field(x.file, uint32(n.n), x.depth); v.Kind != Field {
			return x.load(v, nil, 0)
		}
	case kindCall:
		if x.depth < 2 {
			if v := x.app.returns(x.file, uint32(n.n), x.depth+1); v.Kind != None {
				return x.load(v, n.elems, 0)
			}
		}
	case kindElem:
		a, ok := x.one(n.elems[0])
		if l := x.get(a); ok && l.kind == Array && n.n < int64(len(l.elems)) {
			return l.elems[n.n]
		}
		return unknown
	}
	return r
}

// load makes a node of a value from elsewhere; args stand for its parameters.
func (x *Analysis) load(v Value, args []ref, depth int) ref {
	if depth > MaxDepth {
		return unknown
	}
	switch v.Kind {
	case None:
		return none
	case Unknown:
		return unknown
	case Param:
		if v.N >= 0 && v.N < int64(len(args)) {
			return args[v.N]
		}
		return unknown
	case Float:
		return x.node(Float, "", int64(math.Float64bits(v.F)))
	}
	var l []ref
	for _, e := range v.Elems {
		l = append(l, x.load(e, args, depth+1))
	}
	switch v.Kind {
	case OneOf:
		return x.choice(l...)
	case Concat:
		for i := range l {
			l[i] = x.textOf(l[i])
		}
		return x.text(l...)
	}
	return x.node(v.Kind, v.S, v.N, l...)
}
