// Package ir gives a method's code its shape: basic blocks with the edges of
// control flow and of exceptions, and the definitions that reach a use of a
// register.
//
// Instructions are found by following control flow from the first one, the
// handlers and the targets of switches, so that junk between them misleads
// nobody. What no path reaches is swept linearly afterwards and marked
// [Block.Unreached]: no call is lost. Instructions may overlap in hostile code;
// each address is decoded once.
//
// # Limits
//
// Work and memory are linear in the number of code units. Edges have a budget
// ([MaxEdgesPerUnit]), since many switches may share one payload and many tries
// one list of handlers; [Graph.Truncated] tells if it was reached. Searches for
// definitions and uses look at a bounded number of instructions.
//
// Format facts: the public "Dalvik bytecode" page; AOSP art/libdexfile/dex
// (dex_instruction.h, code_item_accessors.h).
package ir

import (
	"slices"

	"github.com/telltale-apk/telltale/dex"
)

// Limits of this package.
const (
	// MaxEdgesPerUnit bounds the edges of a graph, for each code unit.
	MaxEdgesPerUnit = 16
	// MaxSearch is how many instructions one search for definitions or uses
	// looks at.
	MaxSearch = 1 << 16
)

// Block is a run of instructions that is entered at its start and left at its
// end, or by an exception. Try ranges begin and end at the bounds of blocks.
type Block struct {
	Start uint32 // address of the first instruction, in code units
	End   uint32 // first address behind the last instruction
	Last  uint32 // address of the last instruction
	// Unreached tells that no path leads from the start of the method here.
	Unreached bool
	// Throws tells that an instruction of the block can throw.
	Throws bool

	succ, exc, pred span
}

type span struct{ from, to uint32 }

// Graph is the control flow graph of one method. The zero Graph is empty and
// ready for Build, which may be called again for another method and reuses the
// memory. A Graph that is not being built is safe for concurrent reading.
type Graph struct {
	code   *dex.Code
	blocks []Block
	edges  []uint32 // blocks, by the spans of blocks
	order  []uint32
	trunc  bool
	// overlap tells that instructions overlap, so that the bounds of a block do
	// not say which instructions are in it.
	overlap bool

	// What follows is scratch of Build.
	flags []uint8 // by address
	work  []uint32
	from  []uint32 // edges as found; kind in the top bit of to
	to    []uint32
	tries []try
	// handlers are the addresses of the handlers of all tries.
	handlers []uint32
	count    []uint32
	left     int
}

type try struct {
	start, end uint32
	first, n   uint32 // of Graph.handlers
}

const (
	isInsn   = 1 << iota // an instruction starts here
	isLeader             // a block starts here
	isReached
)

const excEdge = 1 << 31

// Build makes g the graph of code. The graph borrows code and its bytes.
func (g *Graph) Build(code *dex.Code) {
	n := int(code.Units())
	g.code = code
	g.trunc, g.overlap = false, false
	g.blocks, g.edges, g.order = g.blocks[:0], g.edges[:0], g.order[:0]
	g.from, g.to, g.tries = g.from[:0], g.to[:0], g.tries[:0]
	g.left = MaxEdgesPerUnit*n + 64
	if cap(g.flags) < n {
		g.flags = make([]uint8, n)
	}
	g.flags = g.flags[:n]
	clear(g.flags)

	g.readTries(n)
	g.work = append(g.work[:0], 0)
	g.follow(isReached)
	g.work = append(g.work[:0], g.handlers...)
	g.follow(isReached)
	g.sweep()
	for _, t := range g.tries {
		for _, a := range []uint32{t.start, t.end} {
			if int64(a) < int64(n) && g.flags[a]&isInsn != 0 {
				g.flags[a] |= isLeader
			}
		}
	}
	g.cut()
	g.connect()
	g.sort()
}

// readTries reads the try items and the addresses of their handlers.
func (g *Graph) readTries(n int) {
	g.handlers = g.handlers[:0]
	for t := range g.code.Tries() {
		first := uint32(len(g.handlers))
		for h := range t.Handlers() {
			if g.left--; g.left < 0 {
				g.trunc = true
				break
			}
			if int64(h.Addr) < int64(n) {
				g.handlers = append(g.handlers, h.Addr)
			}
		}
		if t.Start < t.End && uint32(len(g.handlers)) > first {
			g.tries = append(g.tries, try{t.Start, t.End, first, uint32(len(g.handlers)) - first})
		}
	}
}

// follow decodes from the addresses in g.work on, which begin blocks.
func (g *Graph) follow(mark uint8) {
	n := uint32(len(g.flags))
	for len(g.work) > 0 {
		pc := g.work[len(g.work)-1]
		g.work = g.work[:len(g.work)-1]
		if pc >= n {
			continue
		}
		g.flags[pc] |= isLeader
		for pc < n && g.flags[pc]&isInsn == 0 {
			in, _ := g.code.At(pc)
			op := in.Op()
			f := op.Flags()
			if op.IsPayload() || in.Truncated() {
				break
			}
			g.flags[pc] |= isInsn | mark
			if f&dex.Branches != 0 {
				g.enter(int64(pc) + int64(in.Offset()))
			}
			if f&dex.Switches != 0 {
				g.eachCase(pc, in, g.enter)
			}
			if f&dex.Continues == 0 {
				pc = n
				break
			}
			pc += in.Width()
			if f&(dex.Branches|dex.Switches) != 0 && pc < n {
				g.flags[pc] |= isLeader
			}
		}
		if pc < n {
			// Where paths meet a block begins.
			g.flags[pc] |= isLeader
		}
	}
}

func (g *Graph) enter(target int64) {
	if target < 0 || target >= int64(len(g.flags)) {
		return
	}
	if g.flags[target]&isInsn != 0 {
		g.flags[target] |= isLeader
		return
	}
	g.work = append(g.work, uint32(target))
}

// eachCase calls fn for each target of a switch.
func (g *Graph) eachCase(pc uint32, in dex.Inst, fn func(int64)) {
	at := int64(pc) + int64(in.Offset())
	if at < 0 || at >= int64(len(g.flags)) {
		return
	}
	p, _ := g.code.At(uint32(at))
	for i := range p.SwitchLen() {
		if g.left--; g.left < 0 {
			g.trunc = true
			return
		}
		_, off := p.SwitchCase(i)
		fn(int64(pc) + int64(off))
	}
}

// sweep decodes what no path reached, linearly from the start.
func (g *Graph) sweep() {
	n := uint32(len(g.flags))
	for pc := uint32(0); pc < n; {
		in, _ := g.code.At(pc)
		if g.flags[pc]&isInsn == 0 && !in.Op().IsPayload() && !in.Truncated() && in.Op() != dex.OpNop && in.Op().Flags()&dex.Unused == 0 {
			g.work = append(g.work[:0], pc)
			g.follow(0)
		}
		w := in.Width()
		if w == 0 || w > n-pc {
			return
		}
		pc += w
	}
}

// cut makes the blocks, in the order of their addresses.
func (g *Graph) cut() {
	n := uint32(len(g.flags))
	for start := range n {
		if g.flags[start]&(isInsn|isLeader) != isInsn|isLeader {
			continue
		}
		b := Block{Start: start, Last: start, Unreached: g.flags[start]&isReached == 0}
		for pc := start; ; {
			in, _ := g.code.At(pc)
			f := in.Op().Flags()
			b.Last = pc
			b.Throws = b.Throws || f&dex.Throws != 0
			pc += in.Width()
			b.End = pc
			if f.EndsBlock() || pc >= n || g.flags[pc]&(isInsn|isLeader) != isInsn {
				break
			}
		}
		if n := len(g.blocks); n > 0 && g.blocks[n-1].End > b.Start {
			g.overlap = true
		}
		g.blocks = append(g.blocks, b)
	}
}

// BlockAt returns the number of the block that starts at an address.
func (g *Graph) BlockAt(pc uint32) (int, bool) {
	return slices.BinarySearchFunc(g.blocks, pc, func(b Block, pc uint32) int {
		switch {
		case b.Start < pc:
			return -1
		case b.Start > pc:
			return 1
		}
		return 0
	})
}

// Find returns the number of the block that holds the instruction at pc.
func (g *Graph) Find(pc uint32) (int, bool) {
	if int64(pc) >= int64(len(g.flags)) || g.flags[pc]&isInsn == 0 {
		return 0, false
	}
	i, ok := g.BlockAt(pc)
	if ok {
		return i, true
	}
	if !g.overlap {
		return i - 1, i > 0
	}
	// Blocks of overlapping code may begin between the start of this one and pc.
	for i--; i >= 0; i-- {
		if b := &g.blocks[i]; pc < b.End {
			for at := b.Start; at <= pc; {
				if at == pc {
					return i, true
				}
				in, _ := g.code.At(at)
				at += in.Width()
			}
		}
	}
	return 0, false
}

// connect finds the edges.
func (g *Graph) connect() {
	add := func(b int, pc int64, kind uint32) {
		if pc < 0 || pc >= int64(len(g.flags)) {
			return
		}
		t, ok := g.BlockAt(uint32(pc))
		if !ok {
			return
		}
		if g.left--; g.left < 0 {
			g.trunc = true
			return
		}
		g.from = append(g.from, uint32(b))
		g.to = append(g.to, uint32(t)|kind)
	}
	for i := range g.blocks {
		b := &g.blocks[i]
		in, _ := g.code.At(b.Last)
		f := in.Op().Flags()
		if f&dex.Continues != 0 {
			add(i, int64(b.End), 0)
		}
		if f&dex.Branches != 0 {
			add(i, int64(b.Last)+int64(in.Offset()), 0)
		}
		if f&dex.Switches != 0 {
			g.eachCase(b.Last, in, func(t int64) { add(i, t, 0) })
		}
	}
	for _, t := range g.tries {
		i, _ := g.BlockAt(t.start)
		for ; i < len(g.blocks) && g.blocks[i].Start < t.end && g.left > 0; i++ {
			if g.left--; !g.blocks[i].Throws {
				continue
			}
			for _, h := range g.handlers[t.first : t.first+t.n] {
				add(i, int64(h), excEdge)
			}
		}
	}
	g.pack()
}

// pack sorts the edges into the spans of the blocks.
func (g *Graph) pack() {
	n := len(g.blocks)
	// Three rows for each block: successors, handlers, predecessors.
	g.count = append(g.count[:0], make([]uint32, 3*n+1)...)
	row := func(i int) (int, int) {
		from, to := int(g.from[i]), int(g.to[i]&^excEdge)
		if g.to[i]&excEdge != 0 {
			return 3*from + 1, 3*to + 2
		}
		return 3 * from, 3*to + 2
	}
	for i := range g.from {
		a, b := row(i)
		g.count[a+1]++
		g.count[b+1]++
	}
	for i := range 3 * n {
		g.count[i+1] += g.count[i]
	}
	g.edges = slices.Grow(g.edges[:0], 2*len(g.from))[:2*len(g.from)]
	for i := range g.blocks {
		b := &g.blocks[i]
		b.succ = span{g.count[3*i], g.count[3*i]}
		b.exc = span{g.count[3*i+1], g.count[3*i+1]}
		b.pred = span{g.count[3*i+2], g.count[3*i+2]}
	}
	for i := range g.from {
		from, to := &g.blocks[g.from[i]], &g.blocks[g.to[i]&^excEdge]
		s := &from.succ
		if g.to[i]&excEdge != 0 {
			s = &from.exc
		}
		// Several cases of a switch, or several tries, may lead to one block.
		if g.has(*s, g.to[i]&^excEdge) {
			continue
		}
		g.edges[s.to] = g.to[i] &^ excEdge
		s.to++
		if !g.has(to.pred, g.from[i]) {
			g.edges[to.pred.to] = g.from[i]
			to.pred.to++
		}
	}
}

// has looks at the last few edges of a row only: enough to drop what compilers
// make, and never quadratic.
func (g *Graph) has(s span, b uint32) bool {
	return slices.Contains(g.edges[max(s.from, s.to-min(s.to, 16)):s.to], b)
}

// sort orders the blocks: reverse postorder from the first block, then from
// what was not visited.
func (g *Graph) sort() {
	n := len(g.blocks)
	const (
		seen = 1
		done = 2
	)
	if cap(g.count) < 2*n {
		g.count = make([]uint32, 2*n)
	}
	state, next := g.count[:n], g.count[n:2*n]
	clear(g.count[:2*n])
	g.order = slices.Grow(g.order[:0], n)[:0]
	// Roots in reverse, so that the first block's tree comes out in front.
	for root := n - 1; root >= 0; root-- {
		if root > 0 && !g.blocks[root].Unreached || state[root] != 0 {
			continue
		}
		g.visit(uint32(root), state, next, seen, done)
	}
	for root := range n { // reached in flags, but only through edges that a budget dropped
		if state[root] == 0 {
			g.visit(uint32(root), state, next, seen, done)
		}
	}
	slices.Reverse(g.order)
}

func (g *Graph) visit(root uint32, state, next []uint32, seen, done uint32) {
	g.work = append(g.work[:0], root)
	state[root] = seen
	for len(g.work) > 0 {
		b := g.work[len(g.work)-1]
		i := next[b]
		next[b]++
		var to uint32
		switch s, e := g.Succs(int(b)), g.Handlers(int(b)); {
		case int(i) < len(s):
			to = s[i]
		case int(i) < len(s)+len(e):
			to = e[int(i)-len(s)]
		default:
			state[b] = done
			g.order = append(g.order, b)
			g.work = g.work[:len(g.work)-1]
			continue
		}
		if state[to] == 0 {
			state[to] = seen
			g.work = append(g.work, to)
		}
	}
}

// Code returns the code that the graph was built from.
func (g *Graph) Code() *dex.Code { return g.code }

// Blocks returns the blocks in the order of their addresses.
func (g *Graph) Blocks() []Block { return g.blocks }

// Succs returns the blocks that control may go on to from the end of block b.
func (g *Graph) Succs(b int) []uint32 { return g.row(g.blocks[b].succ) }

// Handlers returns the blocks that an exception in block b may go to.
func (g *Graph) Handlers(b int) []uint32 { return g.row(g.blocks[b].exc) }

// Preds returns the blocks that b is a successor or a handler of.
func (g *Graph) Preds(b int) []uint32 { return g.row(g.blocks[b].pred) }

func (g *Graph) row(s span) []uint32 { return g.edges[s.from:s.to:s.to] }

// Order returns the blocks so that, loops aside, each comes after all that lead
// to it: reverse postorder.
func (g *Graph) Order() []uint32 { return g.order }

// Truncated reports whether the budget for edges was reached.
func (g *Graph) Truncated() bool { return g.trunc }
