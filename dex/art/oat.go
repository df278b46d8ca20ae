package art

import (
	"bytes"
	"encoding/binary"
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
	return openOAT(data, at)
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

// openOAT reads the header at data[at:].
func openOAT(data []byte, at int64) (*Container, error) {
	oat := data[at:]
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
		f := embedded(oat, off)
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
