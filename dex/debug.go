package dex

import (
	"iter"
	"maps"
	"slices"
)

// Line is a position of the debug info.
type Line struct {
	PC   uint32 // in code units
	Line uint32
}

// Local is a range in which a register holds a named variable.
type Local struct {
	Start, End uint32 // in code units, End not included
	Register   uint32
	Name       uint32 // into strings; NoIndex if none
	Type       uint32 // into types; NoIndex if none
	Signature  uint32 // generic type, into strings; NoIndex if none
	This       bool   // the receiver, which has no name in the file
}

// Instructions of the debug info's state machine.
const (
	dbgEndSequence        = 0x00
	dbgAdvancePC          = 0x01
	dbgAdvanceLine        = 0x02
	dbgStartLocal         = 0x03
	dbgStartLocalExtended = 0x04
	dbgEndLocal           = 0x05
	dbgRestartLocal       = 0x06
	dbgSetPrologueEnd     = 0x07
	dbgSetEpilogueBegin   = 0x08
	dbgSetFile            = 0x09
	dbgFirstSpecial       = 0x0a
	dbgLineBase           = -4
	dbgLineRange          = 15
)

// debugReader reads the bytes of a debug_info_item.
type debugReader struct {
	b  []byte
	ok bool
}

func (r *debugReader) u8() byte {
	if len(r.b) == 0 {
		r.ok = false
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *debugReader) uleb() uint32 {
	v, k := uleb(r.b)
	if k == 0 {
		r.ok, r.b = false, nil
	}
	r.b = r.b[k:]
	return v
}

func (r *debugReader) sleb() int32 {
	v, k := sleb(r.b)
	if k == 0 {
		r.ok, r.b = false, nil
	}
	r.b = r.b[k:]
	return v
}

// debug opens the debug info of c and returns its first line and the number of
// its parameter names.
func (c *Code) debug() (r debugReader, line, params uint32) {
	if c.f == nil {
		return r, 0, 0
	}
	b := c.f.dataAt(c.DebugOff, 1)
	if b == nil {
		return r, 0, 0
	}
	r = debugReader{b, true}
	line = r.uleb()
	params = r.uleb()
	return r, line, params
}

// ParamNames yields the names of the parameters, the receiver not among them,
// as indices into strings; NoIndex where there is none.
func (c *Code) ParamNames() iter.Seq2[int, uint32] {
	return func(yield func(int, uint32) bool) {
		r, _, n := c.debug()
		for i := range n {
			name := r.uleb() - 1
			if !r.ok || !yield(int(i), name) {
				return
			}
		}
	}
}

// Lines yields the line table in the order of the debug info: from each
// address on, code comes from that line.
func (c *Code) Lines() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		c.runDebug(func(l Line) bool { return yield(l) }, nil)
	}
}

// LineAt returns the line that the instruction at pc comes from; ok is false if
// the debug info does not tell.
func (c *Code) LineAt(pc uint32) (line uint32, ok bool) {
	for l := range c.Lines() {
		if l.PC > pc {
			break
		}
		line, ok = l.Line, true
	}
	return line, ok
}

// localOp is one step of the table of locals.
type localOp struct {
	op       byte
	pc       uint32
	register uint32
	local    Local
}

// runDebug runs the state machine (dex_file-inl.h, DecodeDebugPositionInfo and
// DecodeDebugLocalInfo).
// It reports whether it came to the end of the debug info.
func (c *Code) runDebug(position func(Line) bool, local func(localOp) bool) bool {
	r, line, params := c.debug()
	if !r.ok {
		return false
	}
	for range params {
		if r.uleb(); !r.ok {
			return false
		}
	}
	pc := uint32(0)
	for {
		op := r.u8()
		if !r.ok {
			return false
		}
		switch op {
		case dbgEndSequence:
			return true
		case dbgAdvancePC:
			pc += r.uleb()
		case dbgAdvanceLine:
			line += uint32(r.sleb())
		case dbgStartLocal, dbgStartLocalExtended:
			o := localOp{op: op, pc: pc, register: r.uleb()}
			o.local = Local{Start: pc, Register: o.register, Name: r.uleb() - 1, Type: r.uleb() - 1, Signature: NoIndex}
			if op == dbgStartLocalExtended {
				o.local.Signature = r.uleb() - 1
			}
			if r.ok && local != nil && !local(o) {
				return false
			}
		case dbgEndLocal, dbgRestartLocal:
			o := localOp{op: op, pc: pc, register: r.uleb()}
			if r.ok && local != nil && !local(o) {
				return false
			}
		case dbgSetPrologueEnd, dbgSetEpilogueBegin:
		case dbgSetFile:
			r.uleb()
		default:
			adj := int(op) - dbgFirstSpecial
			pc += uint32(adj / dbgLineRange)
			line += uint32(int32(dbgLineBase + adj%dbgLineRange))
			if position != nil && !position(Line{pc, line}) {
				return false
			}
		}
	}
}

// Locals yields the ranges of named variables and parameters of m, whose code
// this is, in the order in which they end. Ranges that end at their start are
// among them.
func (c *Code) Locals(m MethodDef) iter.Seq[Local] {
	return func(yield func(Local) bool) {
		if r, _, _ := c.debug(); !r.ok {
			return
		}
		// What each register holds, or held last. Only registers that the debug
		// info names are in it.
		type state struct {
			Local
			live bool
		}
		regs := make(map[uint32]*state)
		ref := c.f.Method(m.Index)
		reg := uint32(c.Registers) - uint32(c.Ins)
		if m.Flags&AccStatic == 0 {
			regs[reg] = &state{Local{Register: reg, Name: NoIndex, Type: ref.Class, Signature: NoIndex, This: true}, true}
			reg++
		}
		params := c.f.Proto(ref.Proto).Params
		n := 0
		for i, name := range c.ParamNames() {
			if i >= params.Len() || reg >= uint32(c.Registers) {
				return
			}
			t := params.At(i)
			regs[reg] = &state{Local{Register: reg, Name: name, Type: t, Signature: NoIndex}, true}
			if d := c.f.Type(t); d == "J" || d == "D" {
				reg++
			}
			reg++
			n++
		}
		if n != params.Len() {
			return
		}
		end := func(s *state, pc uint32) bool {
			s.live = false
			l := s.Local
			l.End = pc
			return yield(l)
		}
		complete := c.runDebug(nil, func(o localOp) bool {
			if o.register >= uint32(c.Registers) {
				return false
			}
			s := regs[o.register]
			switch o.op {
			case dbgStartLocal, dbgStartLocalExtended:
				if s != nil && s.live && !end(s, o.pc) {
					return false
				}
				regs[o.register] = &state{o.local, true}
			case dbgEndLocal:
				if s != nil && s.live {
					return end(s, o.pc)
				}
			case dbgRestartLocal:
				if s == nil {
					s = &state{Local: Local{Register: o.register, Name: NoIndex, Type: NoIndex, Signature: NoIndex}}
					regs[o.register] = s
				}
				if !s.live {
					s.Start, s.live = o.pc, true
				}
			}
			return true
		})
		if !complete {
			return
		}
		for _, reg := range slices.Sorted(maps.Keys(regs)) {
			if s := regs[reg]; s.live && !end(s, c.Units()) {
				return
			}
		}
	}
}
