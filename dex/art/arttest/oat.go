package arttest

import (
	"bytes"
	"encoding/binary"

	"github.com/telltale-apk/telltale/dex"
)

// OATOptions choose the form of an OAT file.
type OATOptions struct {
	Version int  // 39 to 244
	Bits32  bool // ELF32 for arm; else ELF64 for arm64
	// Elsewhere leaves the DEX files out: they are in the APK or VDEX file.
	Elsewhere bool
	Filter    string // compiler filter; "quicken" if empty
}

// OAT writes an OAT file: an ELF file with the symbols oatdata and oatlastword
// in its dynamic symbol table, and the OAT data at offset 4096.
func OAT(o OATOptions, files ...Dex) []byte {
	oat := oatData(o, files)
	return elf(oat, o.Bits32)
}

func oatData(o OATOptions, files []Dex) []byte {
	v := o.Version
	store := 72
	for _, s := range [][2]int{{127, 76}, {162, 68}, {166, 64}, {170, 56}, {180, 60}, {190, 64}, {225, 68}} {
		if v >= s[0] {
			store = s[1]
		}
	}
	filter := o.Filter
	if filter == "" {
		filter = "quicken"
	}
	kv := []byte("classpath\x00\x00compiler-filter\x00" + filter + "\x00")
	b := make([]byte, store)
	copy(b, "oat\n")
	copy(b[4:], digits(v))
	binary.LittleEndian.PutUint32(b[12:], 2)
	binary.LittleEndian.PutUint32(b[20:], uint32(len(files)))
	binary.LittleEndian.PutUint32(b[store-4:], uint32(len(kv)))
	b = append(b, kv...)
	if v >= 127 {
		b = align(b, 4)
		binary.LittleEndian.PutUint32(b[24:], uint32(len(b)))
	}
	// Records, with their DEX offsets filled in afterwards.
	type hole struct{ at int }
	var holes []hole
	for _, f := range files {
		b = append(u32(b, uint32(len(f.Location))), f.Location...)
		if v >= 233 {
			b = append(b, f.Data[:8]...)
		}
		b = u32(b, f.Checksum)
		if v >= 232 {
			b = append(b, make([]byte, 20)...)
		}
		holes = append(holes, hole{len(b)})
		b = u32(b, 0)
		words := 0
		for _, w := range [][2]int{{73, 1}, {75, 1}, {127, 1}, {131, 1}, {135, 2}, {186, 2}, {241, 1}} {
			if v >= w[0] {
				words += w[1]
			}
		}
		if v < 75 {
			d, err := dex.Open(f.Data)
			if err != nil {
				panic("arttest: " + err.Error())
			}
			words += d.NumClasses()
		}
		b = append(b, make([]byte, 4*words)...)
	}
	if o.Elsewhere {
		return b
	}
	for i, f := range files {
		b = align(b, 4)
		binary.LittleEndian.PutUint32(b[holes[i].at:], uint32(len(b)))
		b = append(b, f.Data...)
	}
	return b
}

// elf wraps data into a shared object with two symbols.
func elf(data []byte, bits32 bool) []byte {
	const at = 4096
	names := []byte("\x00oatdata\x00oatlastword\x00")
	var b bytes.Buffer
	w := func(v any) { binary.Write(&b, binary.LittleEndian, v) } //nolint:errcheck // a bytes.Buffer never fails
	end := uint64(at + len(data))
	dyn := (end + 15) &^ 15
	if bits32 {
		b.WriteString("\x7fELF\x01\x01\x01")
		b.Write(make([]byte, 9))
		w([]uint16{3, 40})
		w([]uint32{1, 0, 52, 0, 0})
		w([]uint16{52, 32, 2, 40, 0, 0})
	} else {
		b.WriteString("\x7fELF\x02\x01\x01")
		b.Write(make([]byte, 9))
		w([]uint16{3, 183})
		w(uint32(1))
		w([]uint64{0, 64, 0})
		w(uint32(0))
		w([]uint16{64, 56, 2, 64, 0, 0})
	}
	// Dynamic section, then symbols, hash and names.
	entry, symSize := uint64(16), uint64(24)
	if bits32 {
		entry, symSize = 8, 16
	}
	sym := dyn + 6*entry
	hash := sym + 3*symSize
	str := hash + 4*uint64(2+1+3)
	size := str + uint64(len(names))
	if bits32 {
		w([]uint32{1, 0, 0, 0, uint32(size), uint32(size), 4, 4096})
		w([]uint32{2, uint32(dyn), uint32(dyn), uint32(dyn), uint32(6 * entry), uint32(6 * entry), 4, 4})
	} else {
		w([]uint32{1, 4})
		w([]uint64{0, 0, 0, size, size, 4096})
		w([]uint32{2, 4})
		w([]uint64{dyn, dyn, dyn, 6 * entry, 6 * entry, 8})
	}
	b.Write(make([]byte, at-b.Len()))
	b.Write(data)
	b.Write(make([]byte, int(dyn)-b.Len()))
	tags := []uint64{4, hash, 5, str, 6, sym, 10, uint64(len(names)), 11, symSize, 0, 0}
	for _, t := range tags {
		if bits32 {
			w(uint32(t))
		} else {
			w(t)
		}
	}
	for i, s := range []struct {
		name  uint32
		value uint64
	}{{0, 0}, {1, at}, {9, end - 4}} {
		info, shndx := byte(0x11), uint16(1)
		if i == 0 {
			info, shndx = 0, 0
		}
		if bits32 {
			w([]uint32{s.name, uint32(s.value), 0})
			w([]byte{info, 0})
			w(shndx)
		} else {
			w(s.name)
			w([]byte{info, 0})
			w(shndx)
			w([]uint64{s.value, 0})
		}
	}
	w([]uint32{1, 3, 1, 0, 2, 0})
	b.Write(names)
	return b.Bytes()
}
