// Package arttest makes OAT, VDEX and Dalvik ODEX files around DEX files, for
// fixtures, sample apps and fuzz seeds. It is a test tool, but may be imported
// outside tests. The same arguments always give the same bytes.
//
// [Quicken] plays the part of dex2oat: it replaces field accesses and virtual
// calls by quickened instructions and notes what they were, and [VDEX] writes
// those notes in the form of each version. Undoing it must give the DEX file back.
package arttest

import (
	"bytes"
	"encoding/binary"

	"github.com/telltale-apk/telltale/dex"
)

// Dex is one DEX file to be put into a container.
type Dex struct {
	Location string // "/system/app/X/X.apk"
	Checksum uint32
	Data     []byte // standard DEX, or the main part of compact DEX
	// Quick holds, for each method with code in class-data order, the notes
	// that undo quickening; nil if the file is not quickened.
	Quick []Method
}

// Method is the quickening notes of one method.
type Method struct {
	Index   uint32 // into method ids
	CodeOff uint32
	Notes   []Note
}

// Note is what stood in place of a quickened instruction.
type Note struct {
	PC   uint32 // in code units
	Skip bool   // an instruction that was left as it is but is counted (a nop or payload)
	Cast bool   // a check-cast that became two nops
	Reg  uint16 // its register
	// Index is what the instruction referred to.
	Index uint16
}

// quick maps opcodes to their quickened forms.
var quick = map[byte]byte{
	0x52: 0xe3, 0x53: 0xe4, 0x54: 0xe5, 0x59: 0xe6, 0x5a: 0xe7, 0x5b: 0xe8, 0x6e: 0xe9, 0x74: 0xea,
	0x5c: 0xeb, 0x5d: 0xec, 0x5e: 0xed, 0x5f: 0xee, 0x55: 0xef, 0x56: 0xf0, 0x57: 0xf1, 0x58: 0xf2,
}

// Quicken returns a copy of a DEX file in which every field access, virtual
// call and return-void is quickened and every check-cast made away with, and
// the notes that undo it. The new operands are made up. The header's checksum
// stays, as ART leaves it.
func Quicken(data []byte) ([]byte, []Method) {
	own := bytes.Clone(data)
	f, err := dex.Open(own)
	if err != nil {
		panic("arttest: " + err.Error())
	}
	return own, quicken(f)
}

// QuickenCompact is Quicken in place for compact DEX, whose code lies in data.
func QuickenCompact(main, data []byte) []Method {
	f, err := dex.OpenCompact(main, data)
	if err != nil {
		panic("arttest: " + err.Error())
	}
	return quicken(f)
}

func quicken(f *dex.File) []Method {
	var out []Method
	seen := map[uint32]bool{}
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		qm := Method{Index: m.Index, CodeOff: m.CodeOff}
		if seen[m.CodeOff] {
			out = append(out, qm)
			return true
		}
		seen[m.CodeOff] = true
		type at struct {
			pc uint32
			op byte
		}
		var insts []at
		insns := c.Insns()
		for pc := range c.Instructions() {
			insts = append(insts, at{pc, insns[2*pc]})
		}
		for _, in := range insts {
			b := insns[2*in.pc:]
			switch q, ok := quick[in.op]; {
			case ok:
				qm.Notes = append(qm.Notes, Note{PC: in.pc, Index: binary.LittleEndian.Uint16(b[2:])})
				b[0] = q
				binary.LittleEndian.PutUint16(b[2:], uint16(8+in.pc)) // a made-up offset or slot
			case in.op == 0x1f:
				qm.Notes = append(qm.Notes, Note{PC: in.pc, Cast: true, Reg: uint16(b[1]), Index: binary.LittleEndian.Uint16(b[2:])})
				clear(b[:4])
			case in.op == 0x00:
				qm.Notes = append(qm.Notes, Note{PC: in.pc, Skip: true})
			case in.op == 0x0e:
				b[0] = 0x73
			}
		}
		out = append(out, qm)
		return true
	})
	return out
}

func u16(b []byte, v ...uint16) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	return b
}

func u32(b []byte, v ...uint32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func uleb(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func align(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}

// stream is the notes of a method as versions 010 and later write them.
func (m *Method) stream() []uint16 {
	quickened := false
	var out []uint16
	for _, n := range m.Notes {
		switch {
		case n.Skip:
			out = append(out, 0xffff)
			continue
		case n.Cast:
			out = append(out, n.Reg, n.Index)
		default:
			out = append(out, n.Index)
		}
		quickened = true
	}
	if !quickened {
		return nil // ART writes nothing for such a method
	}
	return out
}

// VDEX writes a VDEX file of version 6, 10, 19, 20, 21 or 27. shared is the
// data section of compact DEX files (19 to 21 only): each file's data_off is
// set so that its data begins at the start of it.
func VDEX(version int, shared []byte, files ...Dex) []byte {
	var sums []byte
	for _, f := range files {
		sums = u32(sums, f.Checksum)
	}
	b := append([]byte("vdex"), digits(version)...)
	n := uint32(len(files))
	switch {
	case version < 11:
		section := vdexSection(files, nil, 24+len(sums), 0)
		info := quickInfo(version, files, nil)
		b = u32(b, n, uint32(len(section)), 4, uint32(len(info)))
		b = append(append(append(b, sums...), section...), "deps"...)
		return append(b, info...)
	case version < 27:
		tables := make([]uint32, len(files))
		info := quickInfo(version, files, tables)
		b = append(b, "002\x00"...)
		head := 20
		b = u32(b, n, 4)
		if version >= 21 {
			b = u32(b, 3, 5)
			head = 28
		}
		start := head + len(sums) + 12
		section := vdexSection(files, tables, start, len(shared))
		b = append(b, sums...)
		b = u32(b, uint32(len(section)), uint32(len(shared)), uint32(len(info)))
		b = append(append(append(append(b, section...), shared...), "deps"...), info...)
		if version >= 21 {
			b = append(b, "bcpPCL[]"...)
		}
		return b
	}
	const sections = 4
	start := 12 + 12*sections
	section := vdexSection(files, nil, start+len(sums), 0)
	b = u32(b, sections)
	b = u32(b, 0, uint32(start), uint32(len(sums)))
	b = u32(b, 1, uint32(start+len(sums)), uint32(len(section)))
	b = u32(b, 2, uint32(start+len(sums)+len(section)), 0)
	b = u32(b, 3, uint32(start+len(sums)+len(section)), 0)
	return append(append(b, sums...), section...)
}

func digits(v int) []byte {
	return []byte{'0' + byte(v/100), '0' + byte(v/10%10), '0' + byte(v%10), 0}
}

// vdexSection puts DEX files one behind the other, each aligned in the file,
// with a word before each that finds its quickening table if there are tables.
func vdexSection(files []Dex, tables []uint32, start, shared int) []byte {
	var b []byte
	type fix struct{ at, size int }
	var compact []fix
	for i, f := range files {
		for (start+len(b))%4 != 0 {
			b = append(b, 0)
		}
		if tables != nil {
			b = u32(b, tables[i])
		}
		if bytes.HasPrefix(f.Data, []byte("cdex")) {
			compact = append(compact, fix{len(b), len(f.Data)})
		}
		b = append(b, f.Data...)
	}
	b = align(b, 4)
	for _, c := range compact {
		// data_off counts from the file's own header.
		binary.LittleEndian.PutUint32(b[c.at+108:], uint32(len(b)-c.at))
		binary.LittleEndian.PutUint32(b[c.at+104:], uint32(shared))
	}
	return b
}

// quickInfo writes the notes in the form of a version and, for 019 and later,
// where each file's table begins.
func quickInfo(version int, files []Dex, tables []uint32) []byte {
	var b []byte
	any := false
	for _, f := range files {
		any = any || f.Quick != nil
	}
	if !any {
		return nil
	}
	switch {
	case version <= 6:
		for _, f := range files {
			for _, m := range f.Quick {
				var e []byte
				for _, n := range m.Notes {
					switch {
					case n.Skip:
						continue
					case n.Cast:
						e = uleb(uleb(e, n.PC), uint32(n.Reg))
					}
					e = uleb(uleb(e, n.PC), uint32(n.Index))
				}
				b = append(u32(b, uint32(len(e))), e...)
			}
		}
	case version <= 10:
		type pair struct{ code, data uint32 }
		pairs := make([][]pair, len(files))
		for i, f := range files {
			for _, m := range f.Quick {
				s := m.stream()
				if s == nil {
					continue
				}
				pairs[i] = append(pairs[i], pair{m.CodeOff, uint32(len(b))})
				b = u16(u32(b, uint32(2*len(s))), s...)
			}
		}
		starts := make([]uint32, len(files))
		for i := range files {
			starts[i] = uint32(len(b))
			for _, p := range pairs[i] {
				b = u32(b, p.code, p.data)
			}
		}
		b = u32(b, starts...)
	default:
		b = append(b, 0) // offset 0 means "not quickened"
		offs := make([]map[uint32]uint32, len(files))
		for i, f := range files {
			offs[i] = map[uint32]uint32{}
			for _, m := range f.Quick {
				if s := m.stream(); s != nil {
					offs[i][m.Index] = uint32(len(b)) + 1
					b = u16(uleb(b, uint32(len(s))), s...)
				}
			}
		}
		for i := range files {
			b = align(b, 4)
			tables[i] = uint32(len(b))
			b = append(b, offsetTable(offs[i])...)
		}
	}
	return b
}

// offsetTable writes a CompactOffsetTable. Offsets that fall from one index to
// the next make negative deltas, as they do in real files.
func offsetTable(offs map[uint32]uint32) []byte {
	last, low := uint32(0), ^uint32(0)
	for i, o := range offs {
		last, low = max(last, i), min(low, o)
	}
	var data []byte
	var blocks []uint32
	for block := uint32(0); block <= last/16; block++ {
		blocks = append(blocks, uint32(len(data)))
		var mask uint16
		var deltas []byte
		prev := low
		for i := range uint32(16) {
			if o, ok := offs[block*16+i]; ok {
				mask |= 1 << i
				deltas = uleb(deltas, o-prev)
				prev = o
			}
		}
		data = append(data, byte(mask>>8), byte(mask))
		data = append(data, deltas...)
	}
	data = align(data, 4)
	b := u32(nil, low, uint32(len(data)))
	return u32(append(b, data...), blocks...)
}

// ODEX writes an optimised DEX file of Dalvik.
func ODEX(data []byte) []byte {
	b := append([]byte("dey\n036\x00"), u32(nil, 40, uint32(len(data)), uint32(40+len(data)), 0, uint32(40+len(data)), 0, 0, 0)...)
	return append(b, data...)
}
