package emu

import (
	"slices"
	"strings"
)

// A call is run with the arguments that the code before it gives it, if that is
// known without running the whole method: only those instructions are run that
// the arguments are made of, along the straight way that leads to the call.

// maxSlice is how many instructions in front of a call are looked at.
const maxSlice = 1 << 13

// ways tells from where each instruction is reached otherwise than from the one
// before it: one instruction, or several.
type ways struct {
	from  []int32          // -1 if from nowhere, several if from more than one
	calls map[uint32]int32 // the calls, by their address in the file's code
}

const (
	nowhere = -1
	several = -2
)

func (b *body) ways() *ways {
	if b.reached != nil {
		return b.reached
	}
	w := &ways{from: make([]int32, len(b.insns)), calls: map[uint32]int32{}}
	for i := range w.from {
		w.from[i] = nowhere
	}
	note := func(to int32, from int32) {
		if int(to) < len(w.from) && to >= 0 {
			if w.from[to] != nowhere && w.from[to] != from {
				from = several
			}
			w.from[to] = from
		}
	}
	for i := range b.insns {
		in := &b.insns[i]
		switch {
		case in.op == opInvoke:
			w.calls[b.pcs[i]] = int32(i)
		case in.op == opGoto, in.op >= opIfEq && in.op <= opIfLez:
			note(int32(in.n), int32(i))
		case in.op == opSwitch:
			for _, t := range b.switches[in.n] {
				note(t, int32(i))
			}
		}
	}
	for _, t := range b.tries {
		for _, c := range t.catches {
			note(c.target, several)
		}
	}
	note(b.start, several)
	b.reached = w
	return w
}

// falls reports whether the next instruction may follow.
func (in *insn) falls() bool {
	switch in.op {
	case opGoto, opReturn, opReturnNil, opThrow, opRet, opUnknown:
		return false
	}
	return true
}

// uses calls fn for the registers that an instruction reads, and returns the
// one that it writes; -1 if it writes none.
func (b *body) uses(in *insn, fn func(r uint32)) int {
	switch o := in.op; {
	case o == opMove, o == opInstanceOf, o == opLength, o == opNewArray, o == opIget, o >= opNegInt && o <= opIntToShort, o >= opAddLit && o <= opUshrLit:
		fn(in.b)
		return int(in.a)
	case o == opResult, o == opCaught, o == opConst, o == opString, o == opClass, o == opNew, o == opSget:
		return int(in.a)
	case o >= opAddInt && o <= opRemDouble, o >= opCmpLong && o <= opCmpgDouble, o == opAget:
		fn(in.b)
		fn(in.c)
		return int(in.a)
	case o == opCheckCast:
		fn(in.a)
		return int(in.a)
	case o == opAput:
		fn(in.a)
		fn(in.b)
		fn(in.c)
	case o == opIput:
		fn(in.a)
		fn(in.b)
	case o == opFill, o == opSput:
		fn(in.a)
	case o == opNewArrays, o == opFilled:
		for _, r := range b.lists[uint32(in.n)] {
			fn(r)
		}
		if o == opNewArrays {
			return int(in.a)
		}
	case o == opInvoke:
		for _, r := range b.calls[in.n].args {
			fn(r)
		}
	}
	return -1
}

// mutates calls fn for the registers whose objects an instruction may change.
func (b *body) mutates(in *insn, fn func(r uint32)) {
	switch in.op {
	case opAput, opIput:
		fn(in.b)
	case opFill:
		fn(in.a)
	case opInvoke:
		c := b.calls[in.n]
		args := c.args
		if c.kind != callStatic && c.kind != callConcat && len(args) > 0 {
			if changeable(c.class) {
				fn(args[0])
			}
			args = args[1:]
		}
		i := 0
		for d := range params(c.proto) {
			if i < len(args) && changeable(d) {
				fn(args[i])
			}
			i++
		}
	}
}

// changeable reports whether objects of a type may change.
func changeable(d string) bool {
	switch {
	case strings.HasPrefix(d, "["):
		return true
	case strings.HasPrefix(d, "L"):
		return d != stringDesc && d != "Ljava/lang/Class;" && d != "Ljava/lang/Integer;"
	}
	return false
}

// chain returns the instructions that lead straight to the one at index at, the
// last first.
func (b *body) chain(at int) []int32 {
	w := b.ways()
	out := []int32{int32(at)}
	for i := at; len(out) < maxSlice; {
		// The one way that leads here.
		p := i - 1
		falls := p >= 0 && b.insns[p].falls()
		switch {
		case w.from[i] == several, w.from[i] != nowhere && falls && int(w.from[i]) != p:
			return out
		case w.from[i] != nowhere:
			p = int(w.from[i])
		case !falls:
			return out
		}
		i = p
		out = append(out, int32(i))
	}
	return out
}

// origin is what is known of a register along a chain: the step that wrote it,
// and the step that made the object in it.
type origin struct{ step, made int32 }

// slice returns the part of a body that the arguments of the call at an address
// are made of, with the call; nil if they are not known.
func (m *Machine) slice(b *body, pc uint32) (*body, *call, error) {
	at, ok := b.ways().calls[pc]
	if !ok {
		return nil, nil, nil
	}
	chain := b.chain(int(at))
	slices.Reverse(chain)
	if err := m.step(int64(len(chain))); err != nil {
		return nil, nil, err
	}

	// Forwards: where the operands of each step come from.
	type operand struct {
		origin
		changed bool // the step may change the object
	}
	var (
		operands []operand
		first    = make([]int32, len(chain)+1) // of each step
		regs     = make(map[uint32]origin)
		result   = origin{-1, -1}
	)
	for k, i := range chain {
		in := &b.insns[i]
		def := b.uses(in, func(r uint32) {
			o, ok := regs[r]
			if !ok {
				o = origin{-1, -1}
			}
			operands = append(operands, operand{o, false})
		})
		b.mutates(in, func(r uint32) {
			if o, ok := regs[r]; ok {
				operands = append(operands, operand{o, true})
			}
		})
		o := origin{int32(k), int32(k)}
		switch in.op {
		case opMove:
			if from, ok := regs[in.b]; ok {
				o.made = from.made
			}
		case opCheckCast:
			if from, ok := regs[in.a]; ok {
				o.made = from.made
			}
		case opResult:
			operands = append(operands, operand{result, false})
			o.made = result.made
		case opInvoke, opFilled:
			result = o
		}
		if def >= 0 {
			regs[uint32(def)] = o
		}
		first[k+1] = int32(len(operands))
	}

	// Backwards: what the call needs.
	needed := make([]bool, len(chain)) // steps
	objects := make([]bool, len(chain))
	needed[len(chain)-1] = true
	take := 0
	for k := len(chain) - 1; k >= 0; k-- {
		list := operands[first[k]:first[k+1]]
		for _, o := range list {
			needed[k] = needed[k] || o.changed && o.made >= 0 && objects[o.made]
		}
		if !needed[k] {
			continue
		}
		take++
		if b.insns[chain[k]].op == opCaught {
			return nil, nil, nil
		}
		for _, o := range list {
			if o.step < 0 {
				return nil, nil, nil
			}
			needed[o.step] = true
			if o.made >= 0 {
				objects[o.made] = true
			}
		}
	}
	s := *b
	s.insns, s.pcs = make([]insn, 0, take+2), make([]uint32, 0, take+2)
	s.tries, s.start, s.caught, s.args, s.reached = nil, 0, -1, nil, nil
	for k, i := range chain {
		if needed[k] {
			s.insns, s.pcs = append(s.insns, b.insns[i]), append(s.pcs, b.pcs[i])
		}
	}
	s.regs++
	r := uint32(s.regs - 1)
	s.insns = append(s.insns, insn{op: opResult, a: r}, insn{op: opReturn, a: r})
	s.pcs = append(s.pcs, pc, pc)
	return &s, b.calls[b.insns[at].n], nil
}
