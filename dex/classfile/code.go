package classfile

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Code is the code of a method. It borrows the file's bytes.
type Code struct {
	MaxStack  uint16 // words
	MaxLocals uint16 // words
	Insns     []byte
	Off       int64 // of the first instruction in the file
	handlers  []byte
}

// Handler is a range of code and where exceptions in it lead to.
type Handler struct {
	Start, End uint16 // the range, from the first instruction, end excluded
	Target     uint16
	Type       uint16 // Class constant; 0 for anything
}

// NumHandlers returns how many exception handlers there are.
func (c *Code) NumHandlers() int { return len(c.handlers) / 8 }

// Handler returns handler i, which must be below NumHandlers.
func (c *Code) Handler(i int) Handler {
	b := c.handlers[8*i:]
	return Handler{
		binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]),
		binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]),
	}
}

// Code returns the code of a method; the error says that it is cut off. What
// is there of it is returned.
func (f *File) Code(m *Member) (Code, error) {
	if m.code.n == 0 {
		return Code{}, nil
	}
	r := reader{binread.New(f.data[m.code.off:m.code.off+m.code.n], int64(m.code.off), "Code")}
	var c Code
	var n uint32
	if f.Major < 45 || f.Major == 45 && f.Minor < 3 { // before Java 1.0.2
		c.MaxStack, c.MaxLocals, n = uint16(r.u1()), uint16(r.u1()), uint32(r.u2())
	} else {
		c.MaxStack, c.MaxLocals, n = r.u2(), r.u2(), r.u4()
	}
	c.Off = int64(m.code.off) + int64(r.Off())
	if have := r.Len(); int64(n) > int64(have) {
		c.Insns = r.Bytes(int64(have))
		return c, binread.Errorf(binread.Truncated, "Code", c.Off, "%d of %d bytes of instructions", have, n)
	}
	c.Insns = r.Bytes(int64(n))
	c.handlers = r.Bytes(8 * int64(r.u2()))
	if r.Err() != nil {
		return c, r.Err()
	}
	return c, nil
}

// Inst is one instruction.
type Inst struct {
	PC    uint32 // bytes from the method's first
	Op    Op     // of a wide instruction the one that is widened
	Wide  bool
	Index uint16 // constant, or local variable
	Arg   int32  // number of bipush, sipush and iinc; kind of newarray; dimensions; target of a jump
	Len   uint32 // bytes
}

// At decodes the instruction at pc; ok is false if there is none, or not all
// of it.
func (c *Code) At(pc uint32) (in Inst, ok bool) {
	if int64(pc) >= int64(len(c.Insns)) {
		return in, false
	}
	b := c.Insns[pc:]
	in = Inst{PC: pc, Op: Op(b[0])}
	f := in.Op.Format()
	if f < FormatTable || f > FormatLookup {
		in.Len = uint32(formatLen[f])
		if f == FormatWide {
			if len(b) < 2 {
				return in, false
			}
			in.Wide, in.Op, in.Len = true, Op(b[1]), 4
			switch in.Op.Format() {
			case FormatLocal:
			case FormatIinc:
				in.Len = 6
			default:
				return in, false
			}
		}
		if in.Len == 0 || int64(in.Len) > int64(len(b)) {
			return in, false
		}
	}
	switch f {
	case FormatByte:
		in.Arg = int32(int8(b[1]))
		if in.Op == OpNewarray {
			in.Arg = int32(b[1])
		}
	case FormatShort:
		in.Arg = int32(int16(binary.BigEndian.Uint16(b[1:])))
	case FormatConst1, FormatLocal:
		in.Index = uint16(b[1])
	case FormatConst, FormatInterface, FormatDynamic:
		in.Index = binary.BigEndian.Uint16(b[1:])
	case FormatMulti:
		in.Index, in.Arg = binary.BigEndian.Uint16(b[1:]), int32(b[3])
	case FormatIinc:
		in.Index, in.Arg = uint16(b[1]), int32(int8(b[2]))
	case FormatBranch:
		in.Arg = int32(pc) + int32(int16(binary.BigEndian.Uint16(b[1:])))
	case FormatBranchWide:
		in.Arg = int32(pc + binary.BigEndian.Uint32(b[1:]))
	case FormatWide:
		in.Index = binary.BigEndian.Uint16(b[2:])
		if in.Op == OpIinc {
			in.Arg = int32(int16(binary.BigEndian.Uint16(b[4:])))
		}
	case FormatTable, FormatLookup:
		first, n, width := c.table(pc)
		if n < 0 {
			return in, false
		}
		in.Arg = int32(pc + binary.BigEndian.Uint32(c.Insns[c.padded(pc):]))
		in.Len = first + uint32(n)*width - pc
	}
	return in, true
}

// padded returns where the operands of a switch begin.
func (c *Code) padded(pc uint32) uint32 { return (pc + 4) &^ 3 }

// table finds the entries of a switch: where the first lies, how many there
// are (-1 if they do not fit) and how long one is.
func (c *Code) table(pc uint32) (first uint32, n int64, width uint32) {
	at := c.padded(pc)
	fixed, width := uint32(8), uint32(8)
	if Op(c.Insns[pc]) == OpTableswitch {
		fixed, width = 12, 4
	}
	rest := int64(len(c.Insns)) - int64(at) - int64(fixed)
	if rest < 0 {
		return 0, -1, width
	}
	b := c.Insns[at:]
	n = int64(int32(binary.BigEndian.Uint32(b[4:])))
	if fixed == 12 {
		n = int64(int32(binary.BigEndian.Uint32(b[8:]))) - n + 1
	}
	if n < 0 || n > rest/int64(width) {
		return 0, -1, width
	}
	return at + fixed, n, width
}

// Targets yields where the instruction may jump to, the default of a switch
// first. It does not yield the instruction that follows.
func (c *Code) Targets(in Inst) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		switch in.Op.Format() {
		case FormatBranch, FormatBranchWide:
			yield(uint32(in.Arg))
		case FormatTable, FormatLookup:
			first, n, width := c.table(in.PC)
			if n < 0 || !yield(uint32(in.Arg)) {
				return
			}
			for i := range uint32(n) {
				if !yield(in.PC + binary.BigEndian.Uint32(c.Insns[first+i*width+width-4:])) {
					return
				}
			}
		}
	}
}

// References calls fn for each instruction that names a constant, in order,
// and returns how many instructions there are of all kinds. It allocates
// nothing. The error says where the code cannot be read on.
func (c *Code) References(fn func(pc uint32, op Op, index uint16)) (n int, err error) {
	b := c.Insns
	for pc := uint32(0); int64(pc) < int64(len(b)); n++ {
		op := Op(b[pc])
		f := op.Format()
		size := uint32(formatLen[f])
		if size == 0 {
			in, ok := c.At(pc)
			if !ok {
				return n, c.bad(pc)
			}
			pc += in.Len
			continue
		}
		if int64(size) > int64(len(b))-int64(pc) {
			return n, c.bad(pc)
		}
		switch f {
		case FormatConst1:
			fn(pc, op, uint16(b[pc+1]))
		case FormatConst, FormatInterface, FormatDynamic, FormatMulti:
			fn(pc, op, binary.BigEndian.Uint16(b[pc+1:]))
		}
		pc += size
	}
	return n, nil
}

func (c *Code) bad(pc uint32) error {
	op := Op(c.Insns[pc])
	if op.Format() == formatUnknown {
		return binread.Errorf(binread.Malformed, "Code", c.Off+int64(pc), "there is no instruction %d", uint8(op))
	}
	return binread.Errorf(binread.Truncated, "Code", c.Off+int64(pc), "%s is cut off or holds nonsense", op)
}
