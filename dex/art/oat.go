package art

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/elf"
	"github.com/telltale-apk/telltale/dex"
)

// OpenOAT reads an OAT file: an ELF file whose symbol oatdata leads to an OAT
// header. DEX files that stay in the APK or in a VDEX file are counted, not
// looked for. The error is BadMagic if data is an ELF file of another sort.
// data is borrowed as by [OpenVDEX].
func OpenOAT(data []byte) (*Container, error) {
	e, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	at, _, ok := e.SymbolOffset("oatdata")
	if !ok || at+8 > int64(len(data)) || string(data[at:at+4]) != "oat\n" {
		return nil, binread.Errorf(binread.BadMagic, "oat header", 0, "an ELF file without OAT data")
	}
	oat := data[at:]
	return openOAT(oat, at, func(off int64) *dex.File { return embedded(oat, off) }, false)
}

// maxOAT is the size of the largest file that OATHoldsDEX reads.
const maxOAT = 1 << 30

// OATHoldsDEX reports whether OpenOAT would find code in the size bytes of r. It
// reads no more than that takes: mostly the header, and those of DEX files.
func OATHoldsDEX(r io.ReaderAt, size int64) bool {
	e, err := elf.NewFile(r, size)
	if err != nil {
		return false
	}
	at, _, ok := e.SymbolOffset("oatdata")
	if !ok || at < 0 || at+8 > size || size > maxOAT {
		return false
	}
	head := func(off, n int64) []byte {
		b := make([]byte, max(0, min(n, size-off)))
		n1, _ := r.ReadAt(b, off) // what cannot be read holds nothing
		return b[:n1]
	}
	find := func(off int64) *dex.File {
		if off <= 0 || off > size-at-0x70 {
			return nil
		}
		// Whether a file can be opened is told by its header.
		return embedded(append([]byte{0}, head(at+off, 0x80)...), 1)
	}
	for _, n := range [3]int64{4 << 10, 64 << 10, size} {
		oat := head(at, n)
		if len(oat) < 8 || string(oat[:4]) != "oat\n" {
			return false
		}
		c, err := openOAT(oat, at, find, true)
		switch {
		case err == nil && len(c.Codes) > 0:
			return true
		case err == nil && len(c.Anomalies) == 0, int64(len(oat)) == size-at:
			return false
		}
		// Perhaps because it goes on behind what was read.
	}
	return false
}

// storeOffset returns where the key-value store begins, from the OAT header.
func storeOffset(version int) int64 {
	for _, v := range [...]struct {
		from int
		off  int64
	}{{225, 68}, {190, 64}, {180, 60}, {170, 56}, {166, 64}, {162, 68}, {127, 76}} {
		if version >= v.from {
			return v.off
		}
	}
	return 72
}

// recordWords returns how many words follow the DEX offset in a record.
func recordWords(version int) int64 {
	var n int64
	for _, v := range [...]struct {
		from  int
		words int64
	}{{73, 1}, {75, 1}, {127, 1}, {131, 1}, {135, 2}, {186, 2}, {241, 1}} {
		if version >= v.from {
			n += v.words
		}
	}
	return n
}

// openOAT reads the OAT header at the start of oat, which stands at an offset of
// the file. find opens the DEX file at an offset from the header, nil if there is
// none. If first is set the first one ends it, and its code is not gone over.
func openOAT(oat []byte, at int64, find func(off int64) *dex.File, first bool) (*Container, error) {
	c := &Container{Format: "oat", Version: string(bytes.TrimRight(oat[4:8], "\x00"))}
	version, err := strconv.Atoi(c.Version)
	if err != nil {
		return nil, binread.Errorf(binread.Malformed, "oat header", at+4, "version %q", oat[4:8])
	}
	cur := binread.New(oat, at, "oat header")
	cur.SeekTo(20)
	n := cur.U32()
	records := int64(0)
	if version >= 127 {
		records = int64(cur.U32())
	}
	store := storeOffset(version)
	cur.SeekTo(store - 4)
	size := int64(cur.U32())
	kv := cur.Bytes(size)
	if cur.Err() != nil {
		return nil, cur.Err()
	}
	if version < 127 {
		records = store + size
	}
	c.Filter = value(kv, "compiler-filter")
	if n > MaxCodes {
		c.odd(binread.TooLarge, "oat header", at+20, "%d DEX files are declared; %d are read", n, MaxCodes)
		n = MaxCodes
	}
	cur.SeekTo(records)
	for i := uint32(0); i < n; i++ {
		var code Code
		code.Name = string(cur.Bytes(int64(cur.U32())))
		if version >= 233 {
			cur.Skip(8) // magic
		}
		code.Checksum = cur.U32()
		if version >= 232 {
			cur.Skip(20) // SHA-1
		}
		off := int64(cur.U32())
		cur.Skip(4 * recordWords(version))
		if cur.Err() != nil {
			c.odd(binread.Truncated, "oat dex files", at+records, "record %d of %d: %v", i, n, cur.Err())
			break
		}
		f := find(off)
		if f == nil {
			c.Elsewhere++
			if version < 75 {
				c.odd(binread.OutOfRange, "oat dex files", at+off, "no DEX file there, so that the next record cannot be found")
				break
			}
			continue
		}
		if version < 75 {
			cur.Skip(4 * int64(f.NumClasses())) // offsets of classes
		}
		code.File = f
		if first {
			c.Codes = append(c.Codes, code)
			break
		}
		// What would restore quickened code is not kept in OAT files.
		code.count()
		c.Codes = append(c.Codes, code)
	}
	return c, nil
}

// embedded opens the DEX file at an offset from the OAT data; nil if none is there.
func embedded(oat []byte, off int64) *dex.File {
	if off <= 0 || off+0x70 > int64(len(oat)) || string(oat[off:off+4]) != "dex\n" {
		return nil
	}
	size := int64(binary.LittleEndian.Uint32(oat[off+32:]))
	if size < 0x70 || off+size > int64(len(oat)) {
		size = int64(len(oat)) - off
	}
	f, err := dex.Open(oat[off : off+size : off+size])
	if err != nil {
		return nil
	}
	return f
}

// count counts quickened instructions that stay as they are.
func (code *Code) count() {
	code.eachCode(func(_ uint32, c *dex.Code) {
		insns := c.Insns()
		for pc := range c.Instructions() {
			if isQuick(insns[2*pc]) {
				code.Unresolved++
			}
		}
	})
}

// value looks a key up in a store of NUL-terminated keys and values.
func value(kv []byte, key string) string {
	for len(kv) > 0 {
		k, rest, ok := bytes.Cut(kv, []byte{0})
		if !ok {
			return ""
		}
		v, rest, _ := bytes.Cut(rest, []byte{0})
		if string(k) == key {
			return string(v)
		}
		kv = rest
	}
	return ""
}
