package dex

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Code is the code of one method. It is a small value that borrows the buffer.
type Code struct {
	Registers uint16
	Ins       uint16 // words of incoming arguments, in the last registers
	Outs      uint16 // words that calls need
	NumTries  uint16
	Off       uint32 // offset of the code item from the data base
	DebugOff  uint32 // offset of the debug info; 0 if none or, in compact DEX, not known
	InsnsOff  uint32 // offset of the first instruction, in bytes, from the data base
	// Size is the declared number of 16-bit code units; Units tells how many
	// of them lie in the file.
	Size uint32
	// Err tells why the code item could not be read, or that it is cut off.
	Err *binread.FormatError

	insns []byte
	f     *File
	fills bool // a sweep met fill-array-data
}

// Code returns the code item at off, an offset as in [MethodDef]. The result
// has Err set and no instructions if there is none.
func (f *File) Code(off uint32) Code {
	if f.kind == Compact {
		return f.compactCode(off)
	}
	c := Code{Off: off, f: f}
	if off == 0 || int64(off)+16 > int64(len(f.data)) {
		c.Err = binread.Errorf(binread.OutOfRange, "code_item", int64(off), "code item outside the file of %d bytes", len(f.data))
		return c
	}
	b := f.data[off : int64(off)+16]
	c.Registers = binary.LittleEndian.Uint16(b)
	c.Ins = binary.LittleEndian.Uint16(b[2:])
	c.Outs = binary.LittleEndian.Uint16(b[4:])
	c.NumTries = binary.LittleEndian.Uint16(b[6:])
	c.DebugOff = binary.LittleEndian.Uint32(b[8:])
	c.Size = binary.LittleEndian.Uint32(b[12:])
	c.InsnsOff = off + 16
	c.cut()
	return c
}

// cut takes the instructions, as far as they lie in the file.
func (c *Code) cut() {
	b := c.f.data[c.InsnsOff:]
	n := 2 * int64(c.Size)
	if n > int64(len(b)) {
		c.Err = binread.Errorf(binread.Truncated, "code_item", int64(c.Off), "%d of %d code units lie in the file", len(b)/2, c.Size)
		n = int64(len(b)) &^ 1
	}
	c.insns = b[:n:n]
}

// compactCode reads the code item of compact DEX: two 16-bit words, and before
// them, read backwards, what does not fit (compact_dex_file.h, DecodeFields).
func (f *File) compactCode(off uint32) Code {
	c := Code{Off: off, f: f}
	if int64(off)+4 > int64(len(f.data)) {
		c.Err = binread.Errorf(binread.OutOfRange, "code_item", int64(off), "code item outside the data of %d bytes", len(f.data))
		return c
	}
	fields := binary.LittleEndian.Uint16(f.data[off:])
	count := binary.LittleEndian.Uint16(f.data[off+2:])
	c.Registers, c.Ins = fields>>12, fields>>8&15
	c.Outs, c.NumTries = fields>>4&15, fields&15
	c.Size = uint32(count >> 5)
	at := int64(off)
	pre := func() uint16 {
		if at -= 2; at < 0 {
			if c.Err == nil {
				c.Err = binread.Errorf(binread.OutOfRange, "code_item", int64(off), "no room for the words before the item")
			}
			return 0
		}
		return binary.LittleEndian.Uint16(f.data[at:])
	}
	if count&16 != 0 {
		lo := uint32(pre())
		c.Size += lo + uint32(pre())<<16
	}
	for i, dst := range []*uint16{&c.Registers, &c.Ins, &c.Outs, &c.NumTries} {
		if count&(1<<i) != 0 {
			*dst += pre()
		}
	}
	c.Registers += c.Ins
	c.InsnsOff = off + 4
	if c.Err == nil {
		c.cut()
	}
	return c
}

// Units returns how many 16-bit code units lie in the file.
func (c *Code) Units() uint32 { return uint32(len(c.insns) / 2) }

// Insns returns the instructions' bytes, two for each code unit. They are borrowed.
func (c *Code) Insns() []byte { return c.insns }

// At returns the instruction that starts at code unit pc. It is not checked
// that one starts there. ok is false if pc is outside the code.
func (c *Code) At(pc uint32) (in Inst, ok bool) {
	if uint64(pc)*2 >= uint64(len(c.insns)) {
		return Inst{}, false
	}
	return c.f.decode(c.insns[2*pc:]), true
}

// Instructions yields each instruction with its address, in code units from
// the first, by a linear sweep, payloads of switches and arrays included, as
// `dexdump -d` prints them. An instruction that the code cuts off is the last
// one and [Inst.Truncated].
func (c *Code) Instructions() iter.Seq2[uint32, Inst] {
	return func(yield func(uint32, Inst) bool) {
		if c.f == nil {
			return
		}
		sw := &artSweep
		if c.f.dialect == Dalvik {
			sw = &dalvikSweep
		}
		b := c.insns
		pc := uint32(0)
		for len(b) >= 2 {
			in := c.f.decode(b)
			if !yield(pc, in) {
				return
			}
			w := uint64(sw[b[0]] & 0xff)
			if in.op.IsPayload() {
				w = 2 * uint64(payloadWidth(b))
			}
			if w >= uint64(len(b)) {
				return
			}
			pc += uint32(w / 2)
			b = b[w:]
		}
	}
}

// References calls fn for each operand of the code that is an index into a
// table of the file, with the address of the instruction, in order. The second
// index of invoke-polymorphic, a prototype, is a call of its own. It returns the
// number of instructions, counted as [Code.Instructions] does, and whether the
// last one ended inside the code. Nothing is allocated.
//
// Indices are as they stand in the code and may be out of range.
func (c *Code) References(fn func(pc uint32, op Opcode, kind IndexKind, index uint32)) (n int, ok bool) {
	var buf [32]Reference
	for at := 0; at >= 0; {
		var refs []Reference
		var k int
		refs, at, k, ok = c.sweep(buf[:0], at, true)
		n += k
		for i := range refs {
			r := &refs[i]
			fn(r.PC, r.Op, r.Kind, r.Index)
		}
	}
	return n, ok
}

// Reference is an operand of code that is an index into a table of the file.
type Reference struct {
	PC    uint32 // address of the instruction, in code units
	Index uint32 // as it stands in the code
	Op    Opcode
	Kind  IndexKind
}

// AppendReferences appends what References calls its function with.
func (c *Code) AppendReferences(dst []Reference) (refs []Reference, n int, ok bool) {
	refs, _, n, ok = c.sweep(dst, 0, false)
	return refs, n, ok
}

// FillsArrays reports whether code fills an array from data among it, once
// AppendReferences was called.
func (c *Code) FillsArrays() bool { return c.fills }

// sweep appends the references from byte i of the instructions on. If dst must
// not grow it may stop early, and next is the byte from which on to call it
// again; else next is -1. n counts the instructions.
func (c *Code) sweep(dst []Reference, i int, full bool) (refs []Reference, next, n int, ok bool) {
	if c.f == nil {
		return dst, -1, 0, true
	}
	dialect := c.f.dialect
	sw := &artSweep
	if dialect == Dalvik {
		sw = &dalvikSweep
	}
	b := c.insns
	for ; i+1 < len(b); n++ {
		s := sw[b[i]]
		end := i + int(s&0xff)
		if end > len(b) {
			return dst, -1, n + 1, false
		}
		if s < sweepPlain {
			i = end
			continue
		}
		in := b[i:end]
		if s&(sweepPayload|sweepFill) != 0 {
			if s&sweepFill != 0 {
				c.fills = true
			} else if in[1] != 0 {
				w := 2 * uint64(payloadWidth(b[i:]))
				if w > uint64(len(b)-i) {
					return dst, -1, n + 1, false
				}
				end = i + int(w)
			}
			i = end
			continue
		}
		if full && cap(dst)-len(dst) < 2 {
			return dst, i, n, true
		}
		index := uint32(binary.LittleEndian.Uint16(in[2:]))
		if s&sweepWide != 0 {
			index = binary.LittleEndian.Uint32(in[2:])
		}
		op := opOf(in[0], dialect)
		dst = append(dst, Reference{uint32(i / 2), index, op, IndexKind(s >> 8)})
		if s&sweepProto != 0 {
			dst = append(dst, Reference{uint32(i / 2), uint32(binary.LittleEndian.Uint16(in[6:])), op, IndexProto})
		}
		i = end
	}
	return dst, -1, n, true
}

// Handler is where an exception goes.
type Handler struct {
	Type uint32 // into types; NoIndex catches all
	Addr uint32 // in code units
}

// Try is a range of code with its handlers.
type Try struct {
	Start uint32 // first code unit covered
	End   uint32 // first code unit behind

	handlers []byte
}

// Tries yields the try items as they stand in the file. They may overlap or
// lie outside the code in a hostile file.
func (c *Code) Tries() iter.Seq[Try] {
	return func(yield func(Try) bool) {
		if c.NumTries == 0 || c.Err != nil {
			return
		}
		// Try items are aligned to four bytes.
		at := (int64(c.InsnsOff) + int64(len(c.insns)) + 3) &^ 3
		list := at + 8*int64(c.NumTries)
		for ; at < list; at += 8 {
			if at+8 > int64(len(c.f.data)) {
				return
			}
			b := c.f.data[at:]
			t := Try{Start: binary.LittleEndian.Uint32(b)}
			t.End = t.Start + uint32(binary.LittleEndian.Uint16(b[4:]))
			if h := list + int64(binary.LittleEndian.Uint16(b[6:])); h < int64(len(c.f.data)) {
				t.handlers = c.f.data[h:]
			}
			if !yield(t) {
				return
			}
		}
	}
}

// Handlers yields the handlers in the order in which they are tried, at most
// [MaxHandlers] and then the one that catches all.
func (t Try) Handlers() iter.Seq[Handler] {
	return func(yield func(Handler) bool) {
		b := t.handlers
		n, k := sleb(b)
		if k == 0 {
			return
		}
		b = b[k:]
		typed := int64(n)
		if typed < 0 {
			typed = -typed
		}
		if typed > MaxHandlers {
			typed, n = MaxHandlers, 1 // where the list ends is not known then
		}
		for ; typed > 0; typed-- {
			typ, k := uleb(b)
			addr, l := uleb(b[k:])
			if k == 0 || l == 0 {
				return
			}
			b = b[k+l:]
			if !yield(Handler{Type: typ, Addr: addr}) {
				return
			}
		}
		if n <= 0 {
			if addr, k := uleb(b); k > 0 {
				yield(Handler{Type: NoIndex, Addr: addr})
			}
		}
	}
}
