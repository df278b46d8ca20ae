package carriertest

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// AssemblyOptions say what Assembly writes.
type AssemblyOptions struct {
	Name     string
	Version  [4]int
	Literals []string
	Names    []string
	Resource string
	// Rows is how many rows the table of types has, to make indices wider.
	Rows int
	// Is64 makes the file one for 64 bits.
	Is64 bool
}

// Assembly writes a .NET assembly without code.
func Assembly(o AssemblyOptions) []byte {
	us, names := buf{0}, buf{0}
	for _, s := range o.Literals {
		n := 2*len(utf16.Encode([]rune(s))) + 1
		if n < 0x80 {
			us.u8(byte(n))
		} else {
			us.u8(byte(n>>8)|0x80, byte(n))
		}
		us.utf16(s)
		us.u8(0)
	}
	nameAt := len(names)
	names.text(o.Name + "\x00")
	for _, s := range o.Names {
		names.text(s + "\x00")
	}
	us.align(4)
	names.align(4)

	var tables buf
	tables.u32(0)
	tables.u8(2, 0, 0, 1)
	tables.u64(1<<0x00 | 1<<0x02 | 1<<0x20)
	tables.u64(0)
	tables.u32(1, o.Rows, 1)
	tables.zeros(10)          // Module
	tables.zeros(14 * o.Rows) // TypeDef: its indices are into small tables
	tables.u32(0x8004)
	for _, v := range o.Version {
		tables.u16(v)
	}
	tables.u32(0)
	tables.u16(0)
	tables.u16(nameAt)
	tables.u16(0)
	tables.align(4)
	if o.Rows >= 1<<14 {
		panic("carriertest: so many rows make indices wide")
	}

	var meta buf
	meta.text("BSJB")
	meta.u16(1)
	meta.u16(1)
	meta.u32(0, 12)
	meta.text("v4.0.30319\x00\x00")
	meta.u16(0)
	meta.u16(3)
	streams := []struct {
		name string
		data buf
	}{{"#~\x00\x00", tables}, {"#Strings\x00\x00\x00\x00", names}, {"#US\x00", us}}
	at := len(meta)
	for _, s := range streams {
		at += 8 + len(s.name)
	}
	for _, s := range streams {
		meta.u32(at, len(s.data))
		meta.text(s.name)
		at += len(s.data)
	}
	for _, s := range streams {
		meta.u8(s.data...)
	}

	const addr, off = 0x2000, 0x200
	resource := 72 + len(meta)
	var text buf
	text.u32(72)
	text.u16(2)
	text.u16(5)
	text.u32(addr+72, len(meta), 1, 0, addr+resource, len(o.Resource))
	text.zeros(72 - len(text))
	text.u8(meta...)
	text.text(o.Resource)

	var b buf
	b.text("MZ")
	b.zeros(58)
	b.u32(0x80)
	b.zeros(0x80 - len(b))
	b.text("PE\x00\x00")
	magic, machine, dirs := 0x10b, 0x14c, 96
	if o.Is64 {
		magic, machine, dirs = 0x20b, 0x8664, 112
	}
	b.u16(machine)
	b.u16(1)
	b.zeros(12)
	b.u16(dirs + 16*8)
	b.u16(0x2102)
	start := len(b)
	b.u16(magic)
	b.zeros(dirs - 4 - (len(b) - start))
	b.u32(16)
	b.zeros(14 * 8)
	b.u32(addr, 72)
	b.zeros(8)
	b.text(".text\x00\x00\x00")
	b.u32(len(text), addr, len(text), off)
	b.zeros(16)
	b.zeros(off - len(b))
	return append(b, text...)
}

// XALZ compresses an assembly with LZ4, as .NET for Android did first.
func XALZ(assembly []byte) []byte {
	b := buf("XALZ")
	b.u32(7, len(assembly))
	return append(b, LZ4(assembly)...)
}

// XAZS compresses an assembly with Zstandard.
func XAZS(assembly []byte) []byte {
	b := buf("XAZS")
	b.u32(7, len(assembly))
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return w.EncodeAll(assembly, b)
}

// LZ4 compresses to a block of LZ4.
func LZ4(src []byte) []byte {
	var out buf
	length := func(n int) {
		for n -= 15; n >= 255; n -= 255 {
			out.u8(255)
		}
		out.u8(byte(n))
	}
	sequence := func(literals []byte, back, match int) {
		token := min(len(literals), 15) << 4
		if back > 0 {
			token |= min(match-4, 15)
		}
		out.u8(byte(token))
		if len(literals) >= 15 {
			length(len(literals))
		}
		out.u8(literals...)
		if back > 0 {
			out.u16(back)
			if match-4 >= 15 {
				length(match - 4)
			}
		}
	}
	seen := map[uint32]int{}
	from := 0
	for i := 0; i+12 < len(src); {
		key := binary.LittleEndian.Uint32(src[i:])
		at, ok := seen[key]
		seen[key] = i
		if !ok || i-at > 0xffff {
			i++
			continue
		}
		n := 4
		for i+n+5 < len(src) && src[at+n] == src[i+n] {
			n++
		}
		sequence(src[from:i], i-at, n)
		i += n
		from = i
	}
	sequence(src[from:], 0, 0)
	return out
}

// StoreEntry is an assembly in a store.
type StoreEntry struct {
	Name string // as "Foo.dll"
	Data []byte
}

// Store writes an assembly store of version 1 to 4.
func Store(version int, entries ...StoreEntry) []byte {
	var b buf
	b.text("XABA")
	index, item := 0, 24
	if version == 1 {
		b.u32(1, len(entries), len(entries), 0)
	} else {
		index, item = 13*2*len(entries), 28
		b.u32(1<<31|1<<16|version, len(entries), 2*len(entries), index)
		if version >= 4 {
			b.u64(42)
		}
	}
	at := len(b) + index + item*len(entries)
	if version == 1 {
		at += 2 * 20 * len(entries) // hash tables
	} else {
		for _, e := range entries {
			at += 4 + len(e.Name)
		}
	}
	b.zeros(index)
	for i, e := range entries {
		if version > 1 {
			b.u32(i)
		}
		off := at
		if len(e.Data) == 0 {
			off = 0
		}
		b.u32(off, len(e.Data), 0, 0, 0, 0)
		at += len(e.Data)
	}
	if version == 1 {
		b.zeros(2 * 20 * len(entries))
	} else {
		for _, e := range entries {
			b.u32(len(e.Name))
			b.text(e.Name)
		}
	}
	for _, e := range entries {
		b.u8(e.Data...)
	}
	return b
}

// ELF writes a library for AArch64 with these bytes in a section of their own:
// not loaded if symbol is empty, else in a loaded segment at the symbol.
func ELF(section, symbol string, data []byte) []byte {
	const page = 0x1000
	var b buf
	b.text("\x7fELF\x02\x01\x01")
	b.zeros(9)
	b.u16(3)
	b.u16(183)
	b.u32(1)
	b.u64(0)
	b.u64(64)
	shoff := len(b)
	b.u64(0)
	b.u32(0)
	b.u16(64)
	b.u16(56)
	b.u16(2)
	b.u16(64)
	b.u16(3)
	b.u16(2)
	programs := len(b)
	b.zeros(2 * 56)
	b.align(16)
	symtab := len(b)
	b.zeros(24)
	b.u32(1)
	b.u8(0x11, 0)
	b.u16(1)
	symbolAt := len(b)
	b.zeros(16)
	strtab := len(b)
	b.text("\x00" + symbol + "\x00")
	strsz := len(b) - strtab
	b.align(8)
	hash := len(b)
	b.u32(1, 2, 1, 0, 0)
	b.align(8)
	dyn := len(b)
	for _, e := range [][2]int{{4, hash}, {5, strtab}, {6, symtab}, {10, strsz}, {11, 24}, {0, 0}} {
		b.u64(uint64(e[0]))
		b.u64(uint64(e[1]))
	}
	dynSize := len(b) - dyn
	b.align(16)
	payload := len(b)
	loaded := payload
	b.u8(data...)
	flags := 0
	if symbol != "" {
		loaded, flags = len(b), 2
		binary.LittleEndian.PutUint64(b[symbolAt:], uint64(payload))
		binary.LittleEndian.PutUint64(b[symbolAt+8:], uint64(len(data)))
	}
	b.align(8)
	names := len(b)
	b.text("\x00" + section + "\x00.shstrtab\x00")
	namesSize := len(b) - names
	b.align(8)
	binary.LittleEndian.PutUint64(b[shoff:], uint64(len(b)))
	header := func(name, typ, flags, addr, off, size int) {
		b.u32(name, typ)
		for _, v := range []int{flags, addr, off, size} {
			b.u64(uint64(v))
		}
		b.zeros(24)
	}
	header(0, 0, 0, 0, 0, 0)
	addr := 0
	if flags != 0 {
		addr = payload
	}
	header(1, 1, flags, addr, payload, len(data))
	header(len(section)+2, 3, 0, 0, names, namesSize)
	segment := func(i, typ, off, size int) {
		var p buf
		p.u32(typ, 4)
		for _, v := range []int{off, off, off, size, size, page} {
			p.u64(uint64(v))
		}
		copy(b[programs+56*i:], p)
	}
	segment(0, 1, 0, loaded)
	segment(1, 2, dyn, dynSize)
	return b
}
