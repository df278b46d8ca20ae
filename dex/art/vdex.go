package art

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
)

// vdexLayout is where the parts of a VDEX file are.
type vdexLayout struct {
	checksums []byte
	dex       span // DEX files, with the words between them
	shared    span // data that compact DEX files share
	quick     span // quickening info
	tables    bool // a u32 before each DEX file finds its quickening table (019 and later)
	align     bool // the first DEX file begins at the start of the section (006, 010, 027)
}

type span struct{ lo, hi int64 }

func (s span) in(b []byte) []byte {
	if s.lo < 0 || s.lo > s.hi || s.hi > int64(len(b)) {
		return nil
	}
	return b[s.lo:s.hi]
}

// OpenVDEX reads a VDEX file. data is borrowed while the call lasts: what is
// returned refers to a copy if anything had to be restored, else to data.
func OpenVDEX(data []byte) (*Container, error) {
	if len(data) < 8 || string(data[:4]) != "vdex" {
		return nil, binread.Errorf(binread.BadMagic, "vdex header", 0, "no VDEX file")
	}
	c := &Container{Format: "vdex", Version: string(bytes.TrimRight(data[4:8], "\x00"))}
	n, err := strconv.Atoi(c.Version)
	if err != nil {
		return nil, binread.Errorf(binread.Malformed, "vdex header", 4, "version %q", data[4:8])
	}
	lay, err := c.layout(data, n)
	if err != nil {
		return nil, err
	}
	c.readDex(data, lay, n)
	return c, nil
}

// layout reads the header of any version and cuts the parts to the file.
func (c *Container) layout(data []byte, version int) (lay vdexLayout, err error) {
	if lay, err = c.header(data, version); err != nil {
		return lay, err
	}
	if size := int64(len(data)); lay.dex.hi > size || lay.quick.hi > size {
		c.odd(binread.Truncated, "vdex header", 0, "the sections end at 0x%x, the file at 0x%x", max(lay.dex.hi, lay.quick.hi), size)
		lay.dex.hi = min(lay.dex.hi, size)
		lay.quick = span{min(lay.quick.lo, size), min(lay.quick.hi, size)}
		lay.shared = span{min(lay.shared.lo, size), min(lay.shared.hi, size)}
	}
	return lay, nil
}

// header reads where the parts are, as declared.
func (c *Container) header(data []byte, version int) (lay vdexLayout, err error) {
	cur := binread.New(data, 0, "vdex header")
	cur.Skip(8)
	var n, dexSize, deps, quick, bcp, context, sharedSize uint32
	switch {
	case version < 11: // 24 bytes: 006, 010
		n, dexSize, deps, quick = cur.U32(), cur.U32(), cur.U32(), cur.U32()
		lay.checksums = cur.Bytes(4 * int64(n))
		lay.dex = span{int64(cur.Off()), int64(cur.Off()) + int64(dexSize)}
		lay.quick = span{lay.dex.hi + int64(deps), lay.dex.hi + int64(deps) + int64(quick)}
		lay.align = true
	case version < 27: // 20 bytes: 019, 020; 28 bytes: 021
		section := cur.Bytes(4)
		n, deps = cur.U32(), cur.U32()
		if version >= 21 {
			bcp, context = cur.U32(), cur.U32()
			_, _ = bcp, context // strings behind the quickening info; not needed
		}
		lay.checksums = cur.Bytes(4 * int64(n))
		lay.tables = true
		if string(section) == "000\x00" {
			c.Elsewhere = int(min(n, MaxCodes))
			break
		}
		dexSize, sharedSize, quick = cur.U32(), cur.U32(), cur.U32()
		lay.dex = span{int64(cur.Off()), int64(cur.Off()) + int64(dexSize)}
		lay.shared = span{lay.dex.hi, lay.dex.hi + int64(sharedSize)}
		lay.quick = span{lay.shared.hi + int64(deps), lay.shared.hi + int64(deps) + int64(quick)}
	default: // 027: sections
		sections := cur.U32()
		lay.align = true
		for i := uint32(0); i < sections && i < 64 && cur.Err() == nil; i++ {
			kind, off, size := cur.U32(), int64(cur.U32()), int64(cur.U32())
			s := span{off, off + size}
			switch kind {
			case 0:
				lay.checksums = s.in(data)
				n = uint32(len(lay.checksums) / 4)
			case 1:
				lay.dex = s
			}
		}
		if lay.dex.lo == lay.dex.hi {
			c.Elsewhere = int(min(n, MaxCodes))
		}
	}
	return lay, cur.Err()
}

// readDex opens the DEX files of the section and restores their instructions.
func (c *Container) readDex(data []byte, lay vdexLayout, version int) {
	if lay.dex.hi-lay.dex.lo < 8 {
		return
	}
	// Quickened code is restored in a copy.
	own := data
	if lay.quick.hi > lay.quick.lo {
		own = bytes.Clone(data)
	}
	at := lay.dex.lo
	for i := 0; i < MaxCodes && at < lay.dex.hi; i++ {
		var table uint32
		if lay.tables {
			if at+4 > lay.dex.hi {
				break
			}
			table = binary.LittleEndian.Uint32(own[at:])
			at += 4
		}
		if lay.dex.hi-at < 0x70 {
			break
		}
		size := int64(binary.LittleEndian.Uint32(own[at+32:]))
		if size < 0x70 || at+size > lay.dex.hi {
			c.odd(binread.OutOfRange, "vdex dex section", at, "a DEX file of 0x%x bytes does not fit", size)
			break
		}
		f, err := c.openOne(own, lay, at, size)
		if err != nil {
			c.odd(binread.Malformed, "vdex dex section", at, "%v", err)
		} else {
			code := Code{File: f}
			if 4*i+4 <= len(lay.checksums) {
				code.Checksum = binary.LittleEndian.Uint32(lay.checksums[4*i:])
			}
			quick := lay.quick.in(own)
			switch {
			case len(quick) == 0 && version >= 27:
			case version <= 6:
				c.restore006(&code, quick, i)
			case version <= 10:
				c.restore010(&code, quick, i, len(lay.checksums)/4)
			default:
				c.restore019(&code, quick, table)
			}
			c.Codes = append(c.Codes, code)
		}
		at = (at + size + 3) &^ 3
	}
	if want := len(lay.checksums) / 4; len(c.Codes) < want {
		c.odd(binread.Malformed, "vdex dex section", lay.dex.lo, "%d of %d DEX files were found", len(c.Codes), want)
	}
}

func (c *Container) openOne(own []byte, lay vdexLayout, at, size int64) (*dex.File, error) {
	if string(own[at:at+4]) != "cdex" {
		return dex.Open(own[at : at+size])
	}
	// The data of compact DEX begins at data_off from its header and ends with
	// the shared data.
	dataOff := at + int64(binary.LittleEndian.Uint32(own[at+108:]))
	if dataOff < at || dataOff > lay.shared.hi {
		return nil, binread.Errorf(binread.OutOfRange, "cdex header", at+108, "data at 0x%x", dataOff)
	}
	return dex.OpenCompact(own[at:at+size], own[dataOff:lay.shared.hi])
}

// HoldsDEX reports whether a VDEX file that begins with head holds DEX files
// itself. Since Android 10 most do not: the code stays in the APK. head must hold
// the header and a checksum (4 bytes) for each DEX file.
func HoldsDEX(head []byte) bool {
	if len(head) < 12 || string(head[:4]) != "vdex" {
		return false
	}
	version, err := strconv.Atoi(string(bytes.TrimRight(head[4:8], "\x00")))
	if err != nil {
		return false
	}
	var c Container
	lay, _ := c.header(head, version)
	return lay.dex.hi > lay.dex.lo
}
