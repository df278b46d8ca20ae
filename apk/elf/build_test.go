package elf

import (
	"encoding/binary"
	"slices"
)

// builder writes ELF files. Addresses are offsets plus a base, so that a reader
// that mixes them up fails.
type builder struct {
	is64     bool
	machine  uint16
	base     uint64
	soname   string
	needed   []string
	symbols  []builtSymbol // imports first, as DT_GNU_HASH demands
	sysv     bool          // with DT_HASH
	gnu      bool          // with DT_GNU_HASH
	buildID  []byte
	rodata   string
	code     []byte
	inCode   bool // rodata lies in the segment of code
	sections bool
	noSize   bool // without DT_STRSZ
}

type builtSymbol struct {
	name    string
	value   uint64
	defined bool
}

type out struct {
	b    []byte
	is64 bool
}

func (o *out) u16(v uint16) { o.b = binary.LittleEndian.AppendUint16(o.b, v) }
func (o *out) u32(v uint32) { o.b = binary.LittleEndian.AppendUint32(o.b, v) }
func (o *out) u64(v uint64) { o.b = binary.LittleEndian.AppendUint64(o.b, v) }
func (o *out) word(v uint64) {
	if o.is64 {
		o.u64(v)
	} else {
		o.u32(uint32(v))
	}
}

func (o *out) align(n int) {
	for len(o.b)%n != 0 {
		o.b = append(o.b, 0)
	}
}

func gnuHash(s string) uint32 {
	h := uint32(5381)
	for _, c := range []byte(s) {
		h = h*33 + uint32(c)
	}
	return h
}

func sysvHash(s string) uint32 {
	h := uint32(0)
	for _, c := range []byte(s) {
		h = h<<4 + uint32(c)
		h ^= h & 0xf0000000 >> 24
		h &= 0x0fffffff
	}
	return h
}

// build returns the file and where each part of it lies.
func (s builder) build() (file []byte, at map[string]int) {
	at = map[string]int{}
	o := &out{is64: s.is64}
	ehsize, phsize, shsize, symsize := 52, 32, 40, 16
	if s.is64 {
		ehsize, phsize, shsize, symsize = 64, 56, 64, 24
	}
	const segments = 5 // load of constants, load of code, load of dynamic, dynamic, note
	o.b = make([]byte, ehsize+segments*phsize)

	syms := slices.Clone(s.symbols)
	first := len(syms)
	for i, x := range syms {
		if x.defined {
			first = i
			break
		}
	}
	const buckets = 3
	if s.gnu {
		slices.SortStableFunc(syms[first:], func(a, b builtSymbol) int {
			return int(gnuHash(a.name)%buckets) - int(gnuHash(b.name)%buckets)
		})
	}
	strs := []byte{0}
	intern := func(x string) uint64 {
		i := len(strs)
		strs = append(append(strs, x...), 0)
		return uint64(i)
	}
	names := make([]uint64, len(syms))
	for i, x := range syms {
		names[i] = intern(x.name)
	}
	var needed []uint64
	for _, n := range s.needed {
		needed = append(needed, intern(n))
	}
	soname := uint64(0)
	if s.soname != "" {
		soname = intern(s.soname)
	}

	// Constants.
	o.align(16)
	at["const"] = len(o.b)
	at["note"] = len(o.b)
	if s.buildID != nil {
		o.u32(8)
		o.u32(4)
		o.u32(1)
		o.b = append(o.b, "Android\x00\x15\x00\x00\x00"...)
		o.u32(4)
		o.u32(uint32(len(s.buildID)))
		o.u32(3)
		o.b = append(o.b, "GNU\x00"...)
		o.b = append(o.b, s.buildID...)
		o.align(4)
	}
	at["noteend"] = len(o.b)
	o.align(8)
	at["sym"] = len(o.b)
	o.b = append(o.b, make([]byte, symsize)...)
	for i, x := range syms {
		shndx := uint16(0)
		if x.defined {
			shndx = 5
		}
		if s.is64 {
			o.u32(uint32(names[i]))
			o.b = append(o.b, 0x12, 0)
			o.u16(shndx)
			o.u64(x.value)
			o.u64(8)
		} else {
			o.u32(uint32(names[i]))
			o.u32(uint32(x.value))
			o.u32(8)
			o.b = append(o.b, 0x12, 0)
			o.u16(shndx)
		}
	}
	at["str"] = len(o.b)
	o.b = append(o.b, strs...)
	at["strend"] = len(o.b)
	o.align(8)
	at["hash"] = len(o.b)
	if s.sysv {
		heads, chains := make([]uint32, buckets), make([]uint32, len(syms)+1)
		for i, x := range syms {
			h := sysvHash(x.name) % buckets
			chains[i+1], heads[h] = heads[h], uint32(i+1)
		}
		o.u32(buckets)
		o.u32(uint32(len(syms) + 1))
		for _, v := range append(heads, chains...) {
			o.u32(v)
		}
	}
	o.align(8)
	at["gnu"] = len(o.b)
	if s.gnu {
		o.u32(buckets)
		o.u32(uint32(first + 1))
		o.u32(2) // words of the Bloom filter
		o.u32(6)
		o.word(1<<64 - 1)
		o.word(1<<64 - 1)
		heads := make([]uint32, buckets)
		var chain []uint32
		for i := first; i < len(syms); i++ {
			h := gnuHash(syms[i].name)
			if heads[h%buckets] == 0 {
				heads[h%buckets] = uint32(i + 1)
			}
			end := uint32(0)
			if i == len(syms)-1 || gnuHash(syms[i+1].name)%buckets != h%buckets {
				end = 1
			}
			chain = append(chain, h&^1|end)
		}
		for _, v := range append(heads, chain...) {
			o.u32(v)
		}
	}
	if !s.inCode {
		at["rodata"] = len(o.b)
		o.b = append(o.b, s.rodata...)
	}
	at["constend"] = len(o.b)

	o.align(64)
	at["code"] = len(o.b)
	o.b = append(o.b, s.code...)
	at["text"] = len(o.b)
	if s.inCode {
		at["rodata"] = len(o.b)
		o.b = append(o.b, s.rodata...)
	}
	at["codeend"] = len(o.b)

	o.align(64)
	at["dyn"] = len(o.b)
	addr := func(name string) uint64 { return s.base + uint64(at[name]) }
	tag := func(t, v uint64) { o.word(t); o.word(v) }
	for _, n := range needed {
		tag(1, n)
	}
	if s.soname != "" {
		tag(14, soname)
	}
	tag(5, addr("str"))
	if !s.noSize {
		tag(10, uint64(len(strs)))
	}
	tag(6, addr("sym"))
	tag(11, uint64(symsize))
	if s.sysv {
		tag(4, addr("hash"))
	}
	if s.gnu {
		tag(0x6ffffef5, addr("gnu"))
	}
	tag(0, 0)
	tag(1, 0xbad) // behind the end
	at["dynend"] = len(o.b)

	shoff, shnum := 0, 0
	if s.sections {
		type sec struct {
			name     string
			typ      uint32
			flags    uint64
			from, to string
			link     uint32
			entsize  uint64
		}
		list := []sec{
			{"", 0, 0, "", "", 0, 0},
			{".dynsym", 11, 2, "sym", "str", 2, uint64(symsize)},
			{".dynstr", 3, 2, "str", "strend", 0, 0},
			{".dynamic", 6, 3, "dyn", "dynend", 2, uint64(2 * symsize / 3)},
			{".text", 1, 6, "code", "text", 0, 0},
			{".rodata", 1, 2, "rodata", "rodataend", 0, 0},
			{".shstrtab", 3, 0, "shstr", "shstrend", 0, 0},
		}
		at["rodataend"] = at["rodata"] + len(s.rodata)
		if s.is64 {
			list[3].entsize = 16
		} else {
			list[3].entsize = 8
		}
		at["shstr"] = len(o.b)
		var nameAt []int
		for _, x := range list {
			nameAt = append(nameAt, len(o.b)-at["shstr"])
			o.b = append(append(o.b, x.name...), 0)
		}
		at["shstrend"] = len(o.b)
		o.align(8)
		shoff, shnum = len(o.b), len(list)
		for i, x := range list {
			o.u32(uint32(nameAt[i]))
			o.u32(x.typ)
			o.word(x.flags)
			va := uint64(0)
			if x.flags&2 != 0 {
				va = addr(x.from)
			}
			o.word(va)
			o.word(uint64(at[x.from]))
			o.word(uint64(at[x.to] - at[x.from]))
			o.u32(x.link)
			o.u32(0)
			o.word(1)
			o.word(x.entsize)
		}
		at["shoff"] = shoff
	}

	// Headers.
	h := &out{is64: s.is64}
	class := byte(1)
	if s.is64 {
		class = 2
	}
	h.b = append(h.b, "\x7fELF"...)
	h.b = append(h.b, class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h.u16(3)
	h.u16(s.machine)
	h.u32(1)
	h.word(0)
	h.word(uint64(ehsize))
	h.word(uint64(shoff))
	h.u32(0)
	h.u16(uint16(ehsize))
	h.u16(uint16(phsize))
	h.u16(segments)
	h.u16(uint16(shsize))
	h.u16(uint16(shnum))
	h.u16(uint16(max(shnum-1, 0)))
	segment := func(typ, flags uint32, from, to string) {
		size := uint64(at[to] - at[from])
		h.u32(typ)
		if s.is64 {
			h.u32(flags)
		}
		h.word(uint64(at[from]))
		h.word(addr(from))
		h.word(addr(from))
		h.word(size)
		h.word(size)
		if !s.is64 {
			h.u32(flags)
		}
		h.word(4)
	}
	segment(Load, FlagRead, "const", "constend")
	segment(Load, FlagRead|FlagExec, "code", "codeend")
	segment(Load, FlagRead|FlagWrite, "dyn", "dynend")
	segment(Dynamic, FlagRead|FlagWrite, "dyn", "dynend")
	segment(Note, FlagRead, "note", "noteend")
	copy(o.b, h.b)
	return o.b, at
}
