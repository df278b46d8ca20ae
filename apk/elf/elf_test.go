package elf

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
)

func open(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func library(is64 bool) builder {
	s := builder{
		is64:    is64,
		machine: uint16(ARM),
		base:    0x10000,
		soname:  "libtest.so",
		needed:  []string{"liblog.so", "libc.so"},
		symbols: []builtSymbol{
			{"strlen", 0, false},
			{"__android_log_print", 0, false},
			{"JNI_OnLoad", 0x10500, true},
			{"Java_com_example_Native_init", 0x10510, true},
			{"oatdata", 0x10180, true},
			{"_ZN3foo3barEv", 0x10530, true},
		},
		sysv:    true,
		gnu:     true,
		buildID: []byte("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"),
		rodata:  "\x00https://example.com/collect\x00short\x00com/example/Native\x00\x01\x02\x03",
		code:    bytes.Repeat([]byte{0x00, 0xf0, 0x20, 0xe3}, 40),
	}
	if is64 {
		s.machine = uint16(AArch64)
	}
	return s
}

func texts(t testing.TB, f *File, least int) []string {
	t.Helper()
	var out []string
	for x, err := range f.Strings(least) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x.Value)
	}
	return out
}

func TestLibrary(t *testing.T) {
	for _, is64 := range []bool{false, true} {
		for hash := range 4 {
			for _, sections := range []bool{false, true} {
				s := library(is64)
				s.sysv, s.gnu, s.sections = hash&1 != 0, hash&2 != 0, sections
				name := fmt.Sprintf("64 %t, DT_HASH %t, DT_GNU_HASH %t, sections %t", is64, s.sysv, s.gnu, sections)
				t.Run(name, func(t *testing.T) { checkLibrary(t, s) })
			}
		}
	}
}

func checkLibrary(t *testing.T, s builder) {
	b, at := s.build()
	f := open(t, b)
	if len(f.Problems) > 0 {
		t.Errorf("problems: %v", f.Problems)
	}
	abi := "armeabi-v7a"
	if s.is64 {
		abi = "arm64-v8a"
	}
	if f.ABI() != abi || f.SOName != "libtest.so" || !slices.Equal(f.Needed, s.needed) || !bytes.Equal(f.BuildID, s.buildID) {
		t.Errorf("%+v", f)
	}
	syms, err := f.Symbols()
	// Without a hash table the end of the symbols is a guess, and said to be.
	if (err != nil) != (!s.sysv && !s.gnu) {
		t.Errorf("Symbols: %v", err)
	}
	got := map[string]bool{}
	for _, x := range syms {
		got[x.Name] = x.Defined()
	}
	for _, x := range s.symbols {
		if d, ok := got[x.name]; !ok || d != x.defined {
			t.Errorf("%s: found %t, defined %t", x.name, ok, d)
		}
	}
	if len(syms) != len(s.symbols) {
		t.Errorf("%d symbols, want %d", len(syms), len(s.symbols))
	}
	if off, _, ok := f.SymbolOffset("oatdata"); !ok || off != 0x180 {
		t.Errorf("oatdata at 0x%x, %t", off, ok)
	}
	if _, _, ok := f.SymbolOffset("strlen"); ok {
		t.Error("an import has an offset")
	}
	if _, ok := f.Lookup("nothing"); ok {
		t.Error("found what is not there")
	}
	if want := []string{"https://example.com/collect", "com/example/Native"}; !slices.Equal(texts(t, f, 8), want) {
		t.Errorf("strings %q", texts(t, f, 8))
	}
	for x, err := range f.Strings(8) {
		if err != nil || string(b[x.Off:x.Off+int64(len(x.Value))]) != x.Value {
			t.Errorf("%+v, %v", x, err)
		}
	}
	r, ok := f.Section(".rodata")
	if ok != s.sections || ok && r.Off != int64(at["rodata"]) {
		t.Errorf(".rodata: %+v, %t", r, ok)
	}
}

// Old linkers put constants into the segment of code.
func TestConstantsAmongCode(t *testing.T) {
	for _, sections := range []bool{false, true} {
		s := library(true)
		s.inCode, s.sections = true, sections
		// Code that looks like text: without NUL behind, and with.
		s.code = append([]byte("looks like text\xff"), "abcdefgh\x00"...)
		s.rodata += "\x00a line of a log\n\x00"
		b, _ := s.build()
		want := []string{"https://example.com/collect", "com/example/Native", "a line of a log"}
		if got := texts(t, open(t, b), 8); !slices.Equal(got, want) {
			t.Errorf("sections %t: %q", sections, got)
		}
	}
}

// Section headers that disagree with the program headers are not believed.
func TestForgedSections(t *testing.T) {
	s := library(true)
	s.inCode, s.sections = true, true
	good, at := s.build()
	for name, forge := range map[string]func(b []byte, sh int){
		"offset elsewhere":  func(b []byte, sh int) { b[sh+24] ^= 0x10 },
		"address elsewhere": func(b []byte, sh int) { b[sh+16] ^= 0x10 },
		"size beyond":       func(b []byte, sh int) { b[sh+39] = 0x7f },
		"name beyond":       func(b []byte, sh int) { b[sh+3] = 0x7f },
	} {
		b := bytes.Clone(good)
		forge(b, at["shoff"]+5*64) // .rodata
		f := open(t, b)
		if r, ok := f.Section(".rodata"); ok {
			t.Errorf("%s: %+v", name, r)
		}
		if syms, err := f.Symbols(); err != nil || len(syms) != len(s.symbols) {
			t.Errorf("%s: %d symbols, %v", name, len(syms), err)
		}
	}
	// No section headers that can be read at all.
	for i, v := range map[int]byte{0x28: 0xff, 0x2f: 0x7f, 0x3a: 1, 0x3c: 0xff, 0x3e: 0xff} {
		b := bytes.Clone(good)
		b[i] = v
		f := open(t, b)
		if syms, err := f.Symbols(); err != nil || len(syms) != len(s.symbols) || f.SOName != "libtest.so" {
			t.Errorf("byte 0x%x: %d symbols, %v", i, len(syms), err)
		}
	}
}

func TestRefused(t *testing.T) {
	good, _ := library(true).build()
	big := bytes.Clone(good)
	big[5] = 2
	class := bytes.Clone(good)
	class[4] = 3
	for name, tt := range map[string]struct {
		b    []byte
		kind binread.Kind
	}{
		"empty":      {nil, binread.BadMagic},
		"no magic":   {make([]byte, 100), binread.BadMagic},
		"big-endian": {big, binread.Unsupported},
		"class":      {class, binread.Unsupported},
		"cut":        {good[:40], binread.Truncated},
	} {
		if _, err := NewFile(bytes.NewReader(tt.b), int64(len(tt.b))); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// put overwrites the value of a tag of the dynamic section.
func put(t *testing.T, b []byte, dyn int, tag, v uint64) {
	t.Helper()
	le := binary.LittleEndian
	for p := dyn; p+16 <= len(b) && le.Uint64(b[p:]) != 0; p += 16 {
		if le.Uint64(b[p:]) == tag {
			le.PutUint64(b[p+8:], v)
			return
		}
	}
	t.Fatalf("no tag %d", tag)
}

func TestDamage(t *testing.T) {
	s := library(true)
	good, at := s.build()
	gnu := s
	gnu.sysv = false
	goodGNU, atGNU := gnu.build()
	tests := []struct {
		name    string
		b       []byte
		damage  func(b []byte)
		symbols int
		problem string // part of a message, of Problems or of Symbols
	}{
		{"no program headers", good, func(b []byte) { b[0x38] = 0 }, 0, "there are none"},
		{"size of program headers", good, func(b []byte) { b[0x36] = 55 }, 0, "not 56"},
		{"program headers behind the file", good, func(b []byte) { b[0x25] = 0x7f }, 0, "program headers"},
		{"program headers cut", good, func(b []byte) { b[0x39] = 1 }, 6, "truncated"},
		{"more program headers than any", good, func(b []byte) { b[0x39] = 0xff }, 6, "too large"},
		{"string table elsewhere", good, func(b []byte) { put(t, b, at["dyn"], 5, 0x99999999) }, 6, "out of range"},
		{"string table shorter", good, func(b []byte) { put(t, b, at["dyn"], 10, 5) }, 6, "names lie outside"},
		{"string table longer", good, func(b []byte) { put(t, b, at["dyn"], 10, 1<<40) }, 6, "bytes declared"},
		{"symbols elsewhere", good, func(b []byte) { put(t, b, at["dyn"], 6, 0x99999999) }, 0, "address 0x99999999"},
		{"size of symbols", good, func(b []byte) { put(t, b, at["dyn"], 11, 23) }, 0, "not 24"},
		{"more symbols than room", good, func(b []byte) { b[at["hash"]+6] = 0x7f }, -1, "room for"},
		{"hash tables elsewhere", good, func(b []byte) {
			put(t, b, at["dyn"], 4, 1)
			put(t, b, at["dyn"], 0x6ffffef5, 1)
		}, 6, "no hash table"},
		{"GNU hash: more buckets than room", goodGNU, func(b []byte) { b[atGNU["gnu"]+3] = 0x7f }, 6, "no hash table"},
		{"GNU hash: filter longer than the file", goodGNU, func(b []byte) { b[atGNU["gnu"]+11] = 0xff }, 6, "no hash table"},
		{"GNU hash: first symbol too high", goodGNU, func(b []byte) { b[atGNU["gnu"]+4] = 200 }, 6, "no hash table"},
		{"dynamic section elsewhere by offset", good, func(b []byte) {
			b[64+3*56+8+2] = 0x7f // p_offset of PT_DYNAMIC: Android goes by the address
		}, 6, ""},
		{"dynamic section nowhere", good, func(b []byte) {
			b[64+3*56+8+5] = 0x7f
			b[64+3*56+16+5] = 0x7f
		}, 0, "dynamic section"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Clone(tt.b)
			tt.damage(b)
			f := open(t, b)
			syms, err := f.Symbols()
			if tt.symbols >= 0 && len(syms) != tt.symbols {
				t.Errorf("%d symbols, want %d", len(syms), tt.symbols)
			}
			all := fmt.Sprint(f.Problems, err)
			if tt.problem == "" && all != "[] <nil>" || !strings.Contains(all, tt.problem) {
				t.Errorf("%s; want %q", all, tt.problem)
			}
			for range f.Strings(4) {
			}
		})
	}
}

func TestNoSizeOfStringTable(t *testing.T) {
	s := library(false)
	s.noSize = true
	b, _ := s.build()
	f := open(t, b)
	if syms, err := f.Symbols(); err != nil || len(syms) != len(s.symbols) || f.SOName != s.soname {
		t.Errorf("%d symbols, %v, %q", len(syms), err, f.SOName)
	}
}

// Segments that cover the same bytes many times must not be read many times.
func TestOverlappingSegments(t *testing.T) {
	const n = 2000
	data := []byte(strings.Repeat("the same text again\x00", 5000))
	o := &out{is64: true, b: []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")}
	o.u16(3)
	o.u16(183)
	o.u32(1)
	o.u64(0)
	o.u64(64)
	o.u64(0)
	o.u32(0)
	o.u16(64)
	o.u16(56)
	o.u16(n)
	o.u16(64)
	o.u16(0)
	o.u16(0)
	start := uint64(64 + n*56)
	for range n {
		o.u32(Load)
		o.u32(FlagRead)
		o.u64(start)
		o.u64(0x1000)
		o.u64(0x1000)
		o.u64(uint64(len(data)))
		o.u64(uint64(len(data)))
		o.u64(1)
	}
	f := open(t, append(o.b, data...))
	if got := texts(t, f, 8); len(got) != 5000 {
		t.Errorf("%d strings", len(got))
	}
}

func TestRuns(t *testing.T) {
	long := strings.Repeat("x", maxText+100)
	tests := []struct {
		data string
		want []string
	}{
		{"abc\x00abcdef\x00abcdefg", []string{"abcdef", "abcdefg"}},
		{"tab\there\nand there\x7fyes sir", []string{"tab\there", "and there", "yes sir"}},
		{"\u4f60\u597d\u4e16\u754c\u4f60\u597d\x00", []string{"\u4f60\u597d\u4e16\u754c\u4f60\u597d"}},
		{"\x01\u4f60\u597d\u4e16\u754c\u4f60\u597d\x00", nil}, // not a string by itself
		{"\x00\u4f60\u597d\u4e16\u754c\u4f60\u597d\x01", nil},
		{"caf\u00e9 au lait", []string{"caf\u00e9 au lait"}},
		{"latin-1 \xe9 bytes", []string{"latin-1 ", " bytes"}},
		{"right\u202eto left", []string{"to left"}},
		{long + "\x00", []string{long[:maxText-3], long[maxText-3:]}},
	}
	for _, tt := range tests {
		s := library(true)
		s.symbols, s.gnu, s.sysv, s.soname, s.needed, s.buildID = nil, false, false, "", nil, nil
		s.rodata = "\x00" + tt.data
		b, _ := s.build()
		if got := texts(t, open(t, b), 6); !slices.Equal(got, tt.want) {
			t.Errorf("%.40q: %.80q, want %.80q", tt.data, got, tt.want)
		}
	}
}

// What is found must not depend on where the reads happen to end.
func TestRunsAcrossReads(t *testing.T) {
	for _, word := range []string{"a text of some length", "\u4f60\u597d\u4e16\u754c\u4f60\u597d\u4e16\u754c"} {
		for shift := range 80 {
			s := library(true)
			s.rodata = strings.Repeat("\x00", chunk-len(word)-40+shift) + word + "\x00" + strings.Repeat("\x01", 100)
			b, _ := s.build()
			got := texts(t, open(t, b), 8)
			if !slices.Contains(got, word) {
				t.Fatalf("shift %d: %q", shift, got)
			}
		}
	}
}

type failing struct {
	b     []byte
	after int64
}

var errDisk = errors.New("disk on fire")

func (r failing) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.after {
		return 0, errDisk
	}
	return bytes.NewReader(r.b).ReadAt(p, off)
}

func TestErrorsOfTheInputAreKept(t *testing.T) {
	b, at := library(true).build()
	if _, err := NewFile(failing{b, 0}, int64(len(b))); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	f, err := NewFile(failing{b, int64(at["rodata"])}, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range f.Strings(4) {
		last = err
	}
	if !errors.Is(last, errDisk) {
		t.Error(last)
	}
}

// compare compares a file with what debug/elf makes of it.
func compare(t *testing.T, name string, b []byte) bool {
	t.Helper()
	std, err := stdelf.NewFile(bytes.NewReader(b))
	if err != nil || std.Data != stdelf.ELFDATA2LSB || std.Type != stdelf.ET_DYN {
		return false
	}
	f := open(t, b)
	if uint16(f.Machine) != uint16(std.Machine) || f.Is64 != (std.Class == stdelf.ELFCLASS64) || len(f.Segments) != len(std.Progs) {
		t.Errorf("%s: %+v, debug/elf %+v", name, f, std.FileHeader)
	}
	want, err := std.DynamicSymbols()
	if err != nil {
		return false
	}
	got, err := f.Symbols()
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d symbols, debug/elf %d", name, len(got), len(want))
		return true
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.Name != w.Name || g.Value != w.Value || g.Size != w.Size || g.Info != w.Info || g.Section != uint16(w.Section) {
			t.Errorf("%s: symbol %d: %+v, debug/elf %+v", name, i, g, w)
			return true
		}
	}
	libs, err := std.ImportedLibraries()
	if err != nil || !slices.Equal(libs, f.Needed) {
		t.Errorf("%s: needed %q, debug/elf %q, %v", name, f.Needed, libs, err)
	}
	so, err := std.DynString(stdelf.DT_SONAME)
	if err != nil || len(so) > 0 && so[0] != f.SOName || len(so) == 0 && f.SOName != "" {
		t.Errorf("%s: soname %q, debug/elf %q, %v", name, f.SOName, so, err)
	}
	if s := std.Section(".note.gnu.build-id"); s != nil {
		note, err := s.Data()
		if err != nil || !bytes.HasSuffix(note, f.BuildID) || f.BuildID == nil {
			t.Errorf("%s: build id %x, section %x, %v", name, f.BuildID, note, err)
		}
	}
	if s := std.Section(".rodata"); s != nil && s.Type == stdelf.SHT_PROGBITS {
		if r, ok := f.Section(".rodata"); !ok || r.Off != int64(s.Offset) || r.Size != int64(s.FileSize) {
			t.Errorf("%s: .rodata %+v, debug/elf %+v", name, r, s.SectionHeader)
		}
	}
	return true
}

func TestAgainstDebugELF(t *testing.T) {
	for _, is64 := range []bool{false, true} {
		s := library(is64)
		s.sections = true
		b, _ := s.build()
		if !compare(t, "fixture", b) {
			t.Error("debug/elf refuses the fixture")
		}
	}
}

func TestRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many files")
	}
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	compared, refused := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !hasELFName(path) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil || len(b) < 64 || string(b[:4]) != "\x7fELF" {
			return err
		}
		if compare(t, path, b) {
			compared++
		} else {
			refused++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files compared with debug/elf, %d that it does not read", compared, refused)
}

func FuzzFile(f *testing.F) {
	for hash := range 4 {
		for _, is64 := range []bool{false, true} {
			s := library(is64)
			s.sysv, s.gnu, s.sections, s.inCode = hash&1 != 0, hash&2 != 0, hash == 3, hash == 1
			b, _ := s.build()
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := NewFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		syms, _ := e.Symbols()
		if int64(len(syms))*16 > int64(len(b)) {
			t.Errorf("%d symbols in %d bytes", len(syms), len(b))
		}
		for _, s := range syms {
			if off, left, ok := e.Offset(s.Value); ok && (off < 0 || left <= 0 || off+left > int64(len(b))) {
				t.Errorf("0x%x is at %d, %d left, of %d", s.Value, off, left, len(b))
			}
		}
		end := int64(0)
		for _, r := range e.ConstantData() {
			if r.Off < end || r.Size <= 0 || r.Off+r.Size > int64(len(b)) {
				t.Errorf("range %+v after %d, of %d", r, end, len(b))
			}
			end = r.Off + r.Size
		}
		last := int64(-1)
		for x, err := range e.Strings(4) {
			if err != nil {
				t.Fatal(err)
			}
			if x.Off <= last || string(b[x.Off:x.Off+int64(len(x.Value))]) != x.Value {
				t.Errorf("%+v after %d", x, last)
			}
			last = x.Off
		}
	})
}

func BenchmarkStrings(b *testing.B) {
	s := library(true)
	s.rodata = strings.Repeat("https://example.com/collect\x00\x01\x02\x03\x04\x05", 1<<18)
	file, _ := s.build()
	f := open(b, file)
	b.SetBytes(int64(len(s.rodata)))
	for b.Loop() {
		for range f.Strings(6) {
		}
	}
}

func hasELFName(path string) bool {
	return slices.Contains([]string{".so", ".odex", ".oat"}, filepath.Ext(path))
}
