// Package elf reads of an ELF file what tells about an Android app: what a
// native library links to, which symbols it has, its build id, its constant
// data, and where in the file a symbol's bytes are (an OAT file wraps its DEX
// files in ELF).
//
// It goes by program headers and the dynamic section, as Android's linker does
// (bionic linker_phdr.cpp, linker.cpp), for section headers are often removed
// or forged. They are used only to find constant data inside a segment of
// code, and only where they agree with the program headers.
//
// # Threat model and limits
//
// Every byte is hostile. No input makes this package panic, loop without end,
// or allocate more than what is really in the file or than a named limit.
// Damage in one table leaves the others readable. Only little-endian files are
// read, as Android has no others; relocatable objects and core dumps have
// nothing that is looked for here.
package elf

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Limits of this package.
const (
	maxSegments    = 1 << 16 / 32 // Android's own limit: program headers of 64 KiB
	maxSections    = 1 << 16
	maxDynamic     = 1 << 16 // entries of the dynamic section
	maxNeeded      = 1 << 12
	maxSymbols     = 1 << 21
	maxStringTable = 256 << 20
	maxNotes       = 1 << 20 // bytes of one note segment
	maxName        = 1 << 14 // bytes of the name of a symbol or library; C++ has long ones
	maxSectionName = 255
)

// Machine is the processor that the code is for (e_machine).
type Machine uint16

// The machines that Android runs or ran on.
const (
	X86     Machine = 3
	MIPS    Machine = 8
	ARM     Machine = 40
	X8664   Machine = 62
	AArch64 Machine = 183
	RISCV   Machine = 243
)

// Segment types and flags that matter here (p_type, p_flags).
const (
	Load    = 1
	Dynamic = 2
	Note    = 4

	FlagExec  = 1
	FlagWrite = 2
	FlagRead  = 4
)

// File is an open ELF file. It is safe for concurrent use.
type File struct {
	// Is64 tells 64-bit files from 32-bit ones.
	Is64    bool
	Type    uint16 // e_type: 2 executable, 3 shared object
	Machine Machine
	// Segments are the program headers, in their order.
	Segments []Segment
	// SOName is the library's name for itself, Needed are the libraries that
	// it links to.
	SOName string
	Needed []string
	// BuildID is the GNU build id, nil if there is none.
	BuildID []byte
	// Problems says what could not be read.
	Problems []*binread.FormatError

	r    io.ReaderAt
	size int64
	dyn  dynamic

	sections []section // those that agree with the program headers

	symOnce sync.Once
	symbols []Symbol
	symErr  error
}

// Segment is a program header. All values are as declared.
type Segment struct {
	Type, Flags   uint32
	Off, VAddr    uint64
	FileSz, MemSz uint64
}

// Symbol is an entry of the dynamic symbol table.
type Symbol struct {
	Name    string
	Value   uint64 // address, if defined
	Size    uint64
	Info    uint8  // binding in the upper, type in the lower four bits
	Section uint16 // index; 0 if the symbol is defined elsewhere
}

// Defined reports whether the file itself defines the symbol.
func (s Symbol) Defined() bool { return s.Section != 0 }

// IsFunc reports whether the symbol is code.
func (s Symbol) IsFunc() bool { return s.Info&15 == 2 }

// Range is a part of the file.
type Range struct {
	Off, Size int64 // from the start of the file, bytes
	// Code is true if the part also holds machine code.
	Code bool
}

type dynamic struct {
	strtab, strsz   uint64
	symtab, syment  uint64
	hash, gnuHash   uint64
	soname          uint64
	needed          []uint64
	hasSO, hasSyms  bool
	hasHash, hasGNU bool
}

type section struct {
	name      string
	typ       uint32
	flags     uint64
	addr      uint64
	off, size int64
}

// ABI returns the name that Android gives the file's processor in lib/<abi>,
// empty if it has none.
func (f *File) ABI() string {
	switch {
	case f.Machine == AArch64 && f.Is64:
		return "arm64-v8a"
	case f.Machine == ARM && !f.Is64:
		return "armeabi-v7a"
	case f.Machine == X8664 && f.Is64:
		return "x86_64"
	case f.Machine == X86 && !f.Is64:
		return "x86"
	case f.Machine == RISCV && f.Is64:
		return "riscv64"
	case f.Machine == MIPS && f.Is64:
		return "mips64"
	case f.Machine == MIPS:
		return "mips"
	}
	return ""
}

// NewFile reads an ELF file of size bytes from r, which it borrows. It fails
// only if r holds no ELF file that this package reads, or can't be read at
// all; what else is wrong, Problems says.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	head, err := f.bytes(0, 64)
	if err != nil {
		return nil, err
	}
	const sec = "ELF header"
	if len(head) < 16 || string(head[:4]) != "\x7fELF" {
		return nil, binread.Errorf(binread.BadMagic, sec, 0, "not an ELF file")
	}
	if head[4] != 1 && head[4] != 2 {
		return nil, binread.Errorf(binread.Unsupported, sec, 4, "class %d", head[4])
	}
	if head[5] != 1 {
		return nil, binread.Errorf(binread.Unsupported, sec, 5, "byte order %d", head[5])
	}
	f.Is64 = head[4] == 2
	c := binread.New(head, 0, sec)
	c.Skip(16)
	f.Type, f.Machine = c.U16(), Machine(c.U16())
	c.Skip(4)
	_ = f.word(c) // entry point
	phoff, shoff := f.word(c), f.word(c)
	c.Skip(6)
	phentsize, phnum := c.U16(), c.U16()
	shentsize, shnum, shstrndx := c.U16(), c.U16(), c.U16()
	if c.Err() != nil {
		return nil, c.Err()
	}
	f.readSegments(phoff, int(phentsize), int(phnum))
	f.readDynamic()
	f.readSections(shoff, int(shentsize), int(shnum), int(shstrndx))
	f.readNotes()
	return f, nil
}

// word reads an address or offset of the file's class.
func (f *File) word(c *binread.Cursor) uint64 {
	if f.Is64 {
		return c.U64()
	}
	return uint64(c.U32())
}

// bytes returns up to n bytes at off. The caller has bounded n.
func (f *File) bytes(off, n int64) ([]byte, error) {
	if off < 0 || off >= f.size || n <= 0 {
		return nil, nil
	}
	b := make([]byte, min(n, f.size-off))
	got, err := f.r.ReadAt(b, off)
	if got == len(b) || errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:got], err
}

func (f *File) problem(kind binread.Kind, section string, off int64, format string, args ...any) {
	f.Problems = append(f.Problems, binread.Errorf(kind, section, off, format, args...))
}

func (f *File) readSegments(phoff uint64, entsize, num int) {
	const sec = "program headers"
	want := 32
	if f.Is64 {
		want = 56
	}
	if num == 0 {
		f.problem(binread.Malformed, sec, -1, "there are none")
		return
	}
	if entsize != want {
		f.problem(binread.Malformed, sec, -1, "entries of %d bytes, not %d", entsize, want)
		return
	}
	if num > maxSegments {
		f.problem(binread.TooLarge, sec, -1, "%d entries; the first %d were read", num, maxSegments)
		num = maxSegments
	}
	if phoff > uint64(f.size) {
		f.problem(binread.OutOfRange, sec, -1, "offset 0x%x in a file of %d bytes", phoff, f.size)
		return
	}
	b, err := f.bytes(int64(phoff), int64(num*want))
	if err != nil || len(b) < num*want {
		f.problem(binread.Truncated, sec, int64(phoff), "%d entries (%v)", num, err)
	}
	c := binread.New(b, int64(phoff), sec)
	for c.Len() >= want {
		var s Segment
		s.Type = c.U32()
		if f.Is64 {
			s.Flags = c.U32()
		}
		s.Off, s.VAddr = f.word(c), f.word(c)
		_ = f.word(c) // physical address
		s.FileSz, s.MemSz = f.word(c), f.word(c)
		if !f.Is64 {
			s.Flags = c.U32()
		}
		_ = f.word(c) // alignment
		f.Segments = append(f.Segments, s)
	}
}

// inFile returns the part of a segment that the file really holds.
func (f *File) inFile(s Segment) (off, size int64) {
	if s.Off >= uint64(f.size) {
		return 0, 0
	}
	return int64(s.Off), int64(min(s.FileSz, uint64(f.size)-s.Off))
}

// Offset returns where in the file the byte at a virtual address is, and how
// many bytes of the same segment follow it there, itself included.
func (f *File) Offset(vaddr uint64) (off, left int64, ok bool) {
	// A later segment is mapped over an earlier one.
	for _, s := range slices.Backward(f.Segments) {
		if s.Type != Load || vaddr < s.VAddr {
			continue
		}
		at, size := f.inFile(s)
		if d := vaddr - s.VAddr; d < uint64(size) {
			return at + int64(d), size - int64(d), true
		}
	}
	return 0, 0, false
}

// at reads up to n bytes at a virtual address.
func (f *File) at(vaddr uint64, n int64) ([]byte, error) {
	off, left, ok := f.Offset(vaddr)
	if !ok {
		return nil, nil
	}
	return f.bytes(off, min(n, left))
}

func (f *File) readDynamic() {
	const sec = "dynamic section"
	i := slices.IndexFunc(f.Segments, func(s Segment) bool { return s.Type == Dynamic })
	if i < 0 {
		return // a static file, or none of ours
	}
	seg := f.Segments[i]
	// The linker goes by address; the offset may be a lie.
	off, left, ok := f.Offset(seg.VAddr)
	if !ok {
		if off, left = f.inFile(seg); left == 0 {
			f.problem(binread.OutOfRange, sec, -1, "offset 0x%x, address 0x%x", seg.Off, seg.VAddr)
			return
		}
	}
	entry := int64(8)
	if f.Is64 {
		entry = 16
	}
	left = min(left, int64(min(max(seg.FileSz, seg.MemSz), 1<<40)), maxDynamic*entry)
	b, err := f.bytes(off, left)
	if err != nil {
		f.problem(binread.Truncated, sec, off, "%v", err)
		return
	}
	d := &f.dyn
	for c := binread.New(b, off, sec); c.Len() >= int(entry); {
		tag, v := f.word(c), f.word(c)
		switch tag {
		case 0: // DT_NULL
			c.Skip(int64(c.Len()))
		case 1: // DT_NEEDED
			if len(d.needed) < maxNeeded {
				d.needed = append(d.needed, v)
			}
		case 4: // DT_HASH
			d.hash, d.hasHash = v, true
		case 5: // DT_STRTAB
			d.strtab = v
		case 6: // DT_SYMTAB
			d.symtab, d.hasSyms = v, true
		case 10: // DT_STRSZ
			d.strsz = v
		case 11: // DT_SYMENT
			d.syment = v
		case 14: // DT_SONAME
			d.soname, d.hasSO = v, true
		case 0x6ffffef5: // DT_GNU_HASH
			d.gnuHash, d.hasGNU = v, true
		}
	}
	if d.hasSO {
		f.SOName = f.dynString(d.soname)
	}
	for _, n := range d.needed {
		if s := f.dynString(n); s != "" {
			f.Needed = append(f.Needed, s)
		}
	}
}

// dynString reads one string of the dynamic string table.
func (f *File) dynString(i uint64) string {
	addr := f.dyn.strtab + i
	if f.dyn.strtab == 0 || addr < i || f.dyn.strsz != 0 && i >= f.dyn.strsz {
		f.problem(binread.OutOfRange, "dynamic string table", -1, "index 0x%x", i)
		return ""
	}
	b, err := f.at(addr, maxName)
	n := bytes.IndexByte(b, 0)
	if err != nil || n < 0 {
		f.problem(binread.OutOfRange, "dynamic string table", -1, "index 0x%x", i)
		return ""
	}
	return string(b[:n])
}

// readSections lists the section headers that agree with the program headers.
// Whatever is wrong with the others concerns nobody.
func (f *File) readSections(shoff uint64, entsize, num, strndx int) {
	want := 40
	if f.Is64 {
		want = 64
	}
	if shoff == 0 || shoff >= uint64(f.size) || entsize != want || num == 0 || num > maxSections || strndx >= num {
		return
	}
	b, err := f.bytes(int64(shoff), int64(num*want))
	if err != nil || len(b) < num*want {
		return
	}
	type header struct {
		name uint32
		s    section
		ok   bool
	}
	hs := make([]header, num)
	c := binread.New(b, int64(shoff), "section headers")
	for i := range hs {
		h := &hs[i]
		h.name, h.s.typ = c.U32(), c.U32()
		h.s.flags, h.s.addr = f.word(c), f.word(c)
		off, size := f.word(c), f.word(c)
		c.Skip(8)
		_, _ = f.word(c), f.word(c)
		const noBits = 8
		if h.s.typ == noBits || off > uint64(f.size) || size > uint64(f.size)-off {
			continue
		}
		h.s.off, h.s.size, h.ok = int64(off), int64(size), true
	}
	if !hs[strndx].ok {
		return
	}
	names, err := f.bytes(hs[strndx].s.off, min(hs[strndx].s.size, 1<<20))
	if err != nil {
		return
	}
	for _, h := range hs {
		if !h.ok || int64(h.name) >= int64(len(names)) {
			continue
		}
		name := names[h.name:]
		n := bytes.IndexByte(name, 0)
		if n < 0 || n > maxSectionName {
			continue
		}
		const alloc = 2
		if h.s.flags&alloc != 0 && h.s.size > 0 {
			if off, left, ok := f.Offset(h.s.addr); !ok || off != h.s.off || left < h.s.size {
				continue // loaded from elsewhere than it says
			}
		}
		h.s.name = string(name[:n])
		f.sections = append(f.sections, h.s)
	}
}

// Section returns the part of the file that the named section header covers,
// if that agrees with the program headers.
func (f *File) Section(name string) (Range, bool) {
	for _, s := range f.sections {
		if s.name == name {
			return Range{s.off, s.size, s.isCode()}, true
		}
	}
	return Range{}, false
}

func (s section) isCode() bool { return s.flags&4 != 0 }

func (f *File) readNotes() {
	for _, s := range f.Segments {
		if s.Type == Note && f.BuildID == nil {
			off, size := f.inFile(s)
			f.BuildID = f.buildID(off, size)
		}
	}
	if r, ok := f.Section(".note.gnu.build-id"); ok && f.BuildID == nil {
		f.BuildID = f.buildID(r.Off, r.Size)
	}
}

// buildID searches notes for the one of type 3 by "GNU".
func (f *File) buildID(off, size int64) []byte {
	b, err := f.bytes(off, min(size, maxNotes))
	if err != nil {
		return nil
	}
	for c := binread.New(b, off, "notes"); c.Len() >= 12; {
		nameLen, descLen, typ := c.U32(), c.U32(), c.U32()
		name := c.Bytes(int64(nameLen))
		c.Align(4)
		desc := c.Bytes(int64(descLen))
		if typ == 3 && string(name) == "GNU\x00" && len(desc) > 0 && len(desc) <= 64 {
			return desc
		}
		if c.Len() > 0 {
			c.Align(4)
		}
	}
	return nil
}

// Symbols returns the dynamic symbol table without its first, empty entry.
// Beside an error it returns what could be read. The slice must not be changed.
func (f *File) Symbols() ([]Symbol, error) {
	f.symOnce.Do(func() { f.symbols, f.symErr = f.readSymbols() })
	return f.symbols, f.symErr
}

// Lookup returns the symbol of this name, the first that is defined if there
// are several.
func (f *File) Lookup(name string) (Symbol, bool) {
	syms, _ := f.Symbols() // what was read is looked through
	found := -1
	for i := range syms {
		if syms[i].Name != name {
			continue
		}
		if syms[i].Defined() {
			return syms[i], true
		}
		if found < 0 {
			found = i
		}
	}
	if found < 0 {
		return Symbol{}, false
	}
	return syms[found], true
}

// SymbolOffset returns where in the file the symbol's bytes begin, and how
// many bytes of its segment follow there.
func (f *File) SymbolOffset(name string) (off, left int64, ok bool) {
	s, ok := f.Lookup(name)
	if !ok || !s.Defined() {
		return 0, 0, false
	}
	return f.Offset(s.Value)
}

func (f *File) symbolSize() int64 {
	if f.Is64 {
		return 24
	}
	return 16
}

func (f *File) readSymbols() ([]Symbol, error) {
	const sec = "dynamic symbol table"
	d := &f.dyn
	if !d.hasSyms {
		return nil, nil
	}
	entry := f.symbolSize()
	if d.syment != 0 && d.syment != uint64(entry) {
		return nil, binread.Errorf(binread.Malformed, sec, -1, "entries of %d bytes, not %d", d.syment, entry)
	}
	off, left, ok := f.Offset(d.symtab)
	if !ok {
		return nil, binread.Errorf(binread.OutOfRange, sec, -1, "address 0x%x", d.symtab)
	}
	n, counted := f.countSymbols()
	var err error
	switch {
	case n > left/entry:
		err = binread.Errorf(binread.Truncated, sec, off, "%d entries, room for %d", n, left/entry)
		n = left / entry
	case !counted:
		err = binread.Errorf(binread.Malformed, sec, off, "no hash table counts the entries; %d were taken", n)
	}
	if n > maxSymbols {
		err = binread.Errorf(binread.TooLarge, sec, off, "%d entries; the first %d were read", n, maxSymbols)
		n = maxSymbols
	}
	strs, err2 := f.stringTable()
	if err == nil {
		err = err2
	}
	b, err2 := f.bytes(off, n*entry)
	if err2 != nil {
		return nil, err2
	}
	out := make([]Symbol, 0, max(0, int64(len(b))/entry-1))
	le := binary.LittleEndian
	bad := 0
	for i := int64(1); (i+1)*entry <= int64(len(b)); i++ {
		e := b[i*entry:]
		var s Symbol
		name := le.Uint32(e)
		if f.Is64 {
			s.Info, s.Section = e[4], le.Uint16(e[6:])
			s.Value, s.Size = le.Uint64(e[8:]), le.Uint64(e[16:])
		} else {
			s.Value, s.Size = uint64(le.Uint32(e[4:])), uint64(le.Uint32(e[8:]))
			s.Info, s.Section = e[12], le.Uint16(e[14:])
		}
		if s.Name, ok = cString(strs, name); !ok {
			bad++
		}
		out = append(out, s) // nameless if need be: indices keep their meaning
	}
	if bad > 0 && err == nil {
		err = binread.Errorf(binread.OutOfRange, sec, off, "%d names lie outside the string table", bad)
	}
	return out, err
}

// cString returns the NUL-terminated string at i. Many symbols may name long
// strings that overlap; they share memory.
func cString(table string, i uint32) (string, bool) {
	if int64(i) >= int64(len(table)) {
		return "", i == 0
	}
	s := table[i:]
	n := strings.IndexByte(s[:min(len(s), maxName)], 0)
	return s[:max(n, 0)], n >= 0
}

// stringTable reads the whole dynamic string table.
func (f *File) stringTable() (string, error) {
	const sec = "dynamic string table"
	off, left, ok := f.Offset(f.dyn.strtab)
	if !ok {
		return "", binread.Errorf(binread.OutOfRange, sec, -1, "address 0x%x", f.dyn.strtab)
	}
	n := left
	var err error
	if size := f.dyn.strsz; size > uint64(left) {
		err = binread.Errorf(binread.Truncated, sec, off, "%d bytes declared, %d are there", size, left)
	} else if size != 0 {
		n = int64(size)
	}
	if n > maxStringTable {
		err = binread.Errorf(binread.TooLarge, sec, off, "%d bytes; the first %d were read", n, maxStringTable)
		n = maxStringTable
	}
	b, err2 := f.bytes(off, n)
	return string(b), cmp.Or(err2, err)
}

// countSymbols returns how many entries the symbol table has, the first
// included. No header says so: the hash tables do, or what follows the table.
func (f *File) countSymbols() (n int64, counted bool) {
	d := &f.dyn
	if d.hasHash {
		if b, err := f.at(d.hash, 8); err == nil && len(b) == 8 {
			n, counted = int64(binary.LittleEndian.Uint32(b[4:])), true
		}
	}
	if d.hasGNU {
		if k, ok := f.countGNU(); ok {
			n, counted = max(n, k), true
		}
	}
	if !counted {
		// Linkers put the string table behind the symbols.
		if d.strtab > d.symtab {
			n = int64(min(d.strtab-d.symtab, 1<<40)) / f.symbolSize()
		}
	}
	return n, counted
}

// countGNU walks a GNU hash table: u32 buckets, u32 first symbol, u32 words of
// the Bloom filter, u32 shift; the filter; a u32 for each bucket; a u32 for
// each symbol from the first on, the lowest bit set on the last of its bucket.
func (f *File) countGNU() (int64, bool) {
	b, err := f.at(f.dyn.gnuHash, 16)
	if err != nil || len(b) < 16 {
		return 0, false
	}
	le := binary.LittleEndian
	buckets, first, bloom := uint64(le.Uint32(b)), uint64(le.Uint32(b[4:])), uint64(le.Uint32(b[8:]))
	word := uint64(4)
	if f.Is64 {
		word = 8
	}
	table := f.dyn.gnuHash + 16 + bloom*word
	_, left, ok := f.Offset(table)
	if !ok || buckets > uint64(left)/4 || buckets > maxSymbols {
		return 0, false
	}
	b, err = f.at(table, int64(buckets)*4)
	if err != nil || uint64(len(b)) < buckets*4 {
		return 0, false
	}
	last := uint64(0)
	for i := range buckets {
		last = max(last, uint64(le.Uint32(b[i*4:])))
	}
	if last == 0 {
		return int64(first), true // imports only
	}
	if last < first {
		return 0, false
	}
	chain := table + buckets*4 + (last-first)*4
	for last < maxSymbols {
		b, err := f.at(chain, 4096)
		if err != nil || len(b) < 4 {
			return 0, false
		}
		for ; len(b) >= 4; b = b[4:] {
			last++
			chain += 4
			if le.Uint32(b)&1 != 0 {
				return int64(last), true
			}
		}
	}
	return 0, false
}

// ConstantData returns the parts of the file that are loaded and may hold
// constants, in order, without overlap. The dynamic string table is left out:
// its strings are the names of symbols. Where constants share a segment with
// code and no section header tells them apart, the whole segment is returned
// with Code set.
func (f *File) ConstantData() []Range {
	var out []Range
	for _, s := range f.Segments {
		if s.Type != Load {
			continue
		}
		off, size := f.inFile(s)
		if size == 0 {
			continue
		}
		if s.Flags&FlagExec == 0 {
			out = append(out, Range{Off: off, Size: size})
			continue
		}
		told := false
		for _, x := range f.sections {
			const progBits, alloc = 1, 2
			if x.typ != progBits || x.flags&alloc == 0 || x.off < off || x.off+x.size > off+size {
				continue
			}
			if x.isCode() {
				told = true
			} else {
				out = append(out, Range{Off: x.off, Size: x.size})
			}
		}
		if !told {
			out = append(out, Range{Off: off, Size: size, Code: true})
		}
	}
	out = merge(out)
	if off, left, ok := f.Offset(f.dyn.strtab); ok && f.dyn.strtab != 0 {
		n := left
		if f.dyn.strsz != 0 {
			n = int64(min(uint64(left), f.dyn.strsz))
		}
		if f.dyn.strsz != 0 {
			out = without(out, off, off+n)
		}
	}
	return out
}

// merge sorts ranges and joins those that overlap; what is both code and not
// is not.
func merge(rs []Range) []Range {
	slices.SortFunc(rs, func(a, b Range) int { return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(b.Size, a.Size)) })
	var out []Range
	for _, r := range rs {
		if n := len(out); n > 0 && r.Off < out[n-1].Off+out[n-1].Size {
			last := &out[n-1]
			last.Size = max(last.Size, r.Off+r.Size-last.Off)
			last.Code = last.Code && r.Code
			continue
		}
		out = append(out, r)
	}
	return out
}

// without cuts [lo, hi) out of ranges.
func without(rs []Range, lo, hi int64) []Range {
	var out []Range
	for _, r := range rs {
		end := r.Off + r.Size
		if hi <= r.Off || lo >= end {
			out = append(out, r)
			continue
		}
		if lo > r.Off {
			out = append(out, Range{r.Off, lo - r.Off, r.Code})
		}
		if hi < end {
			out = append(out, Range{hi, end - hi, r.Code})
		}
	}
	return out
}
