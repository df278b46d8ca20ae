package art

import (
	"encoding/binary"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
)

// restored maps quickened opcodes (0xe3 to 0xf2) to those they replaced.
var restored = [...]byte{
	0x52, 0x53, 0x54, // iget, -wide, -object
	0x59, 0x5a, 0x5b, // iput, -wide, -object
	0x6e, 0x74, // invoke-virtual, /range
	0x5c, 0x5d, 0x5e, 0x5f, // iput-boolean, -byte, -char, -short
	0x55, 0x56, 0x57, 0x58, // iget-boolean, -byte, -char, -short
}

const (
	quickFirst      = 0xe3
	quickLast       = 0xf2
	returnNoBarrier = 0x73
	opReturnVoid    = 0x0e
	opCheckCast     = 0x1f
	noIndex16       = 0xffff
)

// isQuick reports whether the opcode stands for an instruction that names a
// field offset or vtable slot.
func isQuick(op byte) bool { return op >= quickFirst && op <= quickLast }

// stream yields the indices that undo the quickening of one method.
type stream interface {
	// next returns the index for the instruction at pc.
	next(pc uint32) (index uint16, ok bool)
	// cast returns the type index if the nop at pc was a check-cast, with its register.
	cast(pc uint32) (reg, typ uint16, ok bool)
	// done reports whether everything was used up.
	done() bool
}

// patch restores the instructions of one code item with the indices of s, which
// may be nil: then only what needs none is restored, and the rest is counted.
func (code *Code) patch(c *dex.Code, s stream) {
	insns := c.Insns()
	for pc := uint32(0); ; {
		in, ok := c.At(pc)
		if !ok || in.Truncated() {
			return
		}
		b := insns[2*pc:]
		op := b[0]
		// The width as it was: a restored check-cast takes two units, as the
		// two nops did.
		at := pc
		pc += in.Width()
		switch {
		case op == returnNoBarrier:
			b[0] = opReturnVoid
		case isQuick(op):
			index, ok := uint16(0), false
			if s != nil {
				index, ok = s.next(at)
			}
			if !ok || len(b) < 4 {
				code.Unresolved++
				continue
			}
			b[0] = restored[op-quickFirst]
			binary.LittleEndian.PutUint16(b[2:], index)
			code.Restored++
		case op == 0x00 && s != nil:
			// A nop, or a payload: quickening counts both.
			if reg, typ, ok := s.cast(at); ok && len(b) >= 4 && b[1] == 0 && b[2] == 0 && b[3] == 0 {
				b[0], b[1] = opCheckCast, byte(reg)
				binary.LittleEndian.PutUint16(b[2:], typ)
				code.Restored++
				pc = at + 2
			}
		}
	}
}

// eachCode calls fn for each code item of the file once, with the method it
// was first seen for: methods may share code.
func (code *Code) eachCode(fn func(method uint32, c *dex.Code)) {
	seen := map[uint32]bool{}
	code.File.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		if c.Err == nil && !seen[m.CodeOff] {
			seen[m.CodeOff] = true
			fn(m.Index, &c)
		}
		return true
	})
}

// restore006 undoes quickening by the info of version 006: for every method
// with code, in the order of class definitions, direct before virtual: a size
// and pairs of ULEB128 (address, index). Shared code is not skipped.
func (c *Container) restore006(code *Code, quick []byte, nth int) {
	if nth > 0 && c.quick006 == nil {
		return
	}
	if nth == 0 {
		c.quick006 = binread.New(quick, 0, "vdex quickening info")
	}
	cur := c.quick006
	seen := map[uint32]bool{}
	code.File.EachCode(func(_ int, m dex.MethodDef, item dex.Code) bool {
		size := cur.U32()
		b := cur.Bytes(int64(size))
		if cur.Err() != nil {
			c.quick006 = binread.New(nil, 0, "vdex quickening info")
			cur = c.quick006
			b = nil
		}
		if item.Err != nil || seen[m.CodeOff] {
			return true
		}
		seen[m.CodeOff] = true
		s := &pairs{cur: binread.New(b, 0, "vdex quickening info")}
		s.fetch()
		code.patch(&item, s)
		if !s.done() {
			c.odd(binread.Malformed, "vdex quickening info", int64(cur.Off()), "indices of a method were left over")
		}
		return true
	})
}

// pairs is the stream of 006.
type pairs struct {
	cur     *binread.Cursor
	pc      uint32
	index   uint16
	pending bool
}

func (p *pairs) fetch() {
	p.pending = p.cur.Len() > 0
	if p.pending {
		p.pc, p.index = p.cur.Uleb128(), uint16(p.cur.Uleb128())
		p.pending = p.cur.Err() == nil
	}
}

func (p *pairs) next(pc uint32) (uint16, bool) {
	if !p.pending || p.pc != pc {
		return 0, false
	}
	i := p.index
	p.fetch()
	return i, true
}

func (p *pairs) cast(pc uint32) (reg, typ uint16, ok bool) {
	reg, ok = p.next(pc)
	if !ok {
		return 0, 0, false
	}
	typ, ok = p.next(pc)
	return reg, typ, ok
}

func (p *pairs) done() bool { return !p.pending }

// restore010 undoes quickening by the info of version 010: the last 4·n bytes
// are where each DEX file's table begins; a table is pairs of code item offset
// and data offset, up to the next file's; at a data offset: size and indices.
func (c *Container) restore010(code *Code, quick []byte, nth, n int) {
	ends := int64(len(quick)) - 4*int64(n)
	table := map[uint32]uint32{}
	if ends >= 0 && nth < n {
		lo := int64(binary.LittleEndian.Uint32(quick[ends+4*int64(nth):]))
		hi := ends
		if nth+1 < n {
			hi = min(hi, int64(binary.LittleEndian.Uint32(quick[ends+4*int64(nth)+4:])))
		}
		for at := lo; at+8 <= hi; at += 8 {
			table[binary.LittleEndian.Uint32(quick[at:])] = binary.LittleEndian.Uint32(quick[at+4:])
		}
	}
	code.eachCode(func(_ uint32, item *dex.Code) {
		off, ok := table[item.Off]
		if !ok {
			code.patch(item, nil)
			return
		}
		cur := binread.New(quick, 0, "vdex quickening info")
		cur.SeekTo(int64(off))
		b := cur.Bytes(int64(cur.U32()))
		c.patchWith(code, item, b, int64(off))
	})
}

// restore019 undoes quickening by the info of versions 019 to 021: a compact
// offset table from method indices to a count and indices.
func (c *Container) restore019(code *Code, quick []byte, table uint32) {
	t, ok := newOffsetTable(quick, table)
	code.eachCode(func(method uint32, item *dex.Code) {
		var off uint32
		if ok {
			off = t.at(method)
		}
		if off == 0 {
			code.patch(item, nil)
			return
		}
		cur := binread.New(quick, 0, "vdex quickening info")
		cur.SeekTo(int64(off) - 1)
		b := cur.Bytes(2 * int64(cur.Uleb128()))
		c.patchWith(code, item, b, int64(off)-1)
	})
}

func (c *Container) patchWith(code *Code, item *dex.Code, b []byte, off int64) {
	if b == nil {
		c.odd(binread.OutOfRange, "vdex quickening info", off, "indices of a method lie outside the info")
		code.patch(item, nil)
		return
	}
	s := &indices{b: b}
	code.patch(item, s)
	if !s.done() {
		c.odd(binread.Malformed, "vdex quickening info", off, "indices of a method were left over")
	}
}

// indices is the stream of 010 and later.
type indices struct{ b []byte }

func (s *indices) next(uint32) (uint16, bool) {
	if len(s.b) < 2 {
		return 0, false
	}
	i := binary.LittleEndian.Uint16(s.b)
	s.b = s.b[2:]
	return i, true
}

func (s *indices) cast(pc uint32) (reg, typ uint16, ok bool) {
	reg, ok = s.next(pc)
	if !ok || reg == noIndex16 {
		return 0, 0, false
	}
	typ, ok = s.next(pc)
	return reg, typ, ok
}

func (s *indices) done() bool { return len(s.b) < 2 }

// offsetTable is libdexfile's CompactOffsetTable: per 16 indices one block of a
// big-endian bit mask and deltas.
type offsetTable struct {
	blob  []byte // from the minimum offset's word on
	base  uint32 // smallest offset
	table int64  // of block offsets, from the start of data
}

func newOffsetTable(quick []byte, at uint32) (t offsetTable, ok bool) {
	if int64(at)+8 > int64(len(quick)) {
		return t, false
	}
	b := quick[at:]
	return offsetTable{blob: b[8:], base: binary.LittleEndian.Uint32(b), table: int64(binary.LittleEndian.Uint32(b[4:]))}, true
}

// at returns the offset for an index; 0 if it has none.
func (t offsetTable) at(index uint32) uint32 {
	const perBlock = 16
	entry := t.table + 4*int64(index/perBlock)
	if entry < 0 || entry+4 > int64(len(t.blob)) {
		return 0
	}
	cur := binread.New(t.blob, 0, "compact offset table")
	cur.SeekTo(int64(binary.LittleEndian.Uint32(t.blob[entry:])))
	mask := uint16(cur.U8())<<8 | uint16(cur.U8())
	bit := index % perBlock
	if mask&(1<<bit) == 0 {
		return 0
	}
	off := t.base
	for i := range uint32(perBlock) {
		if mask&(1<<i) != 0 {
			off += cur.Uleb128() // wraps: deltas may be negative
		}
		if i == bit {
			break
		}
	}
	if cur.Err() != nil {
		return 0
	}
	return off
}
