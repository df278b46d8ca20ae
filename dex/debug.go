package dex

import "iter"

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
	Signature  uint32 // into strings; NoIndex if none
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

// LocalOp is one step of the table of locals.
type localOp struct {
	op       byte
	pc       uint32
	register uint32
	local    Local
}

// runDebug runs the state machine (dex_file-inl.h, DecodeDebugPositionInfo and
// DecodeDebugLocalInfo).
func (c *Code) runDebug(position func(Line) bool, local func(localOp) bool) {
	r, line, params := c.debug()
	if !r.ok {
		return
	}
	for range params {
		if r.uleb(); !r.ok {
			return
		}
	}
	pc := uint32(0)
	for r.ok {
		op := r.u8()
		if !r.ok {
			return
		}
		switch op {
		case dbgEndSequence:
			return
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
				return
			}
		case dbgEndLocal, dbgRestartLocal:
			o := localOp{op: op, pc: pc, register: r.uleb()}
			if r.ok && local != nil && !local(o) {
				return
			}
		case dbgSetPrologueEnd, dbgSetEpilogueBegin:
		case dbgSetFile:
			r.uleb()
		default:
			adj := int(op) - dbgFirstSpecial
			pc += uint32(adj / dbgLineRange)
			line += uint32(int32(dbgLineBase + adj%dbgLineRange))
			if position != nil && !position(Line{pc, line}) {
				return
			}
		}
	}
}

// Locals yields the ranges of named variables, in the order in which they end.
// Parameters are among them only where the debug info restarts them; see
// [Code.ParamNames].
func (c *Code) Locals() iter.Seq[Local] {
	return func(yield func(Local) bool) {
		live := make(map[uint32]Local) // by register; at most Registers many
		last := make(map[uint32]Local)
		end := func(reg, pc uint32) bool {
			l, ok := live[reg]
			if !ok {
				return true
			}
			delete(live, reg)
			last[reg] = l
			l.End = pc
			return yield(l)
		}
		stopped := false
		c.runDebug(nil, func(o localOp) bool {
			if o.register >= uint32(c.Registers) {
				return false
			}
			ok := true
			switch o.op {
			case dbgStartLocal, dbgStartLocalExtended:
				ok = end(o.register, o.pc)
				live[o.register] = o.local
			case dbgEndLocal:
				ok = end(o.register, o.pc)
			case dbgRestartLocal:
				if l, known := last[o.register]; known {
					if _, alive := live[o.register]; !alive {
						l.Start = o.pc
						live[o.register] = l
					}
				}
			}
			stopped = !ok
			return ok
		})
		if stopped {
			return
		}
		for reg := range uint32(c.Registers) {
			if !end(reg, c.Units()) {
				return
			}
		}
	}
}
