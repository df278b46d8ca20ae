package ir

import (
	"slices"

	"github.com/telltale-apk/telltale/dex"
)

// Defines returns the register that an instruction writes, and whether it is
// the first of a pair; ok is false if it writes none.
func Defines(in dex.Inst) (reg uint32, wide, ok bool) {
	f := in.Op().Flags()
	return in.A(), f&dex.WideA != 0, f&dex.DefinesA != 0
}

// writes reports whether an instruction changes register reg.
func writes(in dex.Inst, reg uint32) bool {
	r, wide, ok := Defines(in)
	return ok && (r == reg || wide && r+1 == reg)
}

// EachUse calls fn for each register that an instruction reads; the second of
// a pair counts by itself.
func EachUse(in dex.Inst, fn func(reg uint32)) {
	f := in.Op().Flags()
	use := func(reg uint32, wide bool) {
		fn(reg)
		if wide {
			fn(reg + 1)
		}
	}
	if f&dex.UsesA != 0 {
		use(in.A(), f&dex.WideA != 0)
	}
	if f&dex.UsesB != 0 {
		use(in.B(), f&dex.WideB != 0)
	}
	if f&dex.UsesC != 0 {
		use(in.C(), f&dex.WideC != 0)
	}
	if f&dex.UsesArgs != 0 {
		for i := range in.NumArgs() {
			fn(in.Arg(i))
		}
	}
}

func reads(in dex.Inst, reg uint32) (yes bool) {
	EachUse(in, func(r uint32) { yes = yes || r == reg })
	return yes
}

// Reaching is what may be in a register at some place.
type Reaching struct {
	// Defs are the addresses of the instructions that may have written it
	// last, ascending.
	Defs []uint32
	// Entry tells that it may hold what it held when the method began: a
	// parameter, if it is one of the last registers.
	Entry bool
	// Complete is false if the search was broken off; there may be more.
	Complete bool
}

// Defs returns what may have written register reg last before the instruction
// at pc runs. It is not complete if no instruction starts at pc.
//
// An exception may leave a block anywhere: a handler sees what the block found
// and every write of it.
func (g *Graph) Defs(pc, reg uint32) Reaching {
	var r Reaching
	b, ok := g.Find(pc)
	if !ok {
		return r
	}
	left := MaxSearch
	r.Complete = true
	if d, ok := g.lastDef(b, pc, reg, &left); ok {
		r.Defs = append(r.Defs, d)
		r.Complete = left > 0
		return r
	}
	seen := make([]bool, len(g.blocks))
	work := []int{b}
	r.Entry = g.blocks[b].Start == 0
	for len(work) > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		for _, p := range g.Preds(b) {
			if left <= 0 {
				r.Complete = false
				return r
			}
			through := true
			if slices.Contains(g.Succs(int(p)), uint32(b)) {
				var d uint32
				if d, ok = g.lastDef(int(p), noLimit, reg, &left); ok {
					r.add(d)
					through = false
				}
			}
			if slices.Contains(g.Handlers(int(p)), uint32(b)) {
				through = true
				g.each(int(p), func(at uint32, in dex.Inst) bool {
					if left--; writes(in, reg) {
						r.add(at)
					}
					return left > 0
				})
			}
			if through && !seen[p] {
				seen[p] = true
				r.Entry = r.Entry || g.blocks[p].Start == 0
				work = append(work, int(p))
			}
		}
	}
	slices.Sort(r.Defs)
	r.Complete = left > 0
	return r
}

func (r *Reaching) add(pc uint32) {
	if !slices.Contains(r.Defs, pc) {
		r.Defs = append(r.Defs, pc)
	}
}

// noLimit stands for the end of a block.
const noLimit = ^uint32(0)

// lastDef returns the last instruction of block b before limit that writes reg.
func (g *Graph) lastDef(b int, limit, reg uint32, left *int) (pc uint32, ok bool) {
	g.each(b, func(at uint32, in dex.Inst) bool {
		if at == limit {
			return false
		}
		if *left--; writes(in, reg) {
			pc, ok = at, true
		}
		return *left > 0
	})
	return pc, ok
}

// each calls fn for the instructions of block b until it returns false.
func (g *Graph) each(b int, fn func(pc uint32, in dex.Inst) bool) {
	g.eachFrom(b, g.blocks[b].Start, fn)
}

func (g *Graph) eachFrom(b int, pc uint32, fn func(pc uint32, in dex.Inst) bool) {
	for end := g.blocks[b].End; pc < end; {
		in, ok := g.code.At(pc)
		if !ok || !fn(pc, in) {
			return
		}
		pc += in.Width()
	}
}

// Uses returns the instructions that may read what the instruction at pc wrote
// to register reg, ascending, and whether the search was complete.
func (g *Graph) Uses(pc, reg uint32) (uses []uint32, complete bool) {
	b, ok := g.Find(pc)
	if !ok {
		return nil, false
	}
	left := MaxSearch
	found := map[uint32]bool{}
	seen := make([]bool, len(g.blocks))
	var work []int
	// walk reads block b from an address on and notes where the value goes then.
	walk := func(b int, from uint32) {
		out := true
		g.eachFrom(b, from, func(at uint32, in dex.Inst) bool {
			left--
			if reads(in, reg) {
				found[at] = true
			}
			out = !writes(in, reg)
			return out && left > 0
		})
		next := g.Handlers(b)
		if out {
			next = slices.Concat(next, g.Succs(b))
		}
		for _, s := range next {
			if !seen[s] {
				seen[s] = true
				work = append(work, int(s))
			}
		}
	}
	in, _ := g.code.At(pc)
	walk(b, pc+in.Width())
	for len(work) > 0 && left > 0 {
		b := work[len(work)-1]
		work = work[:len(work)-1]
		walk(b, g.blocks[b].Start)
	}
	for at := range found {
		uses = append(uses, at)
	}
	slices.Sort(uses)
	return uses, left > 0
}
