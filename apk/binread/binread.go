// Package binread is the one way bytes of a container or code file are read:
// a bounded cursor with a sticky error, and the error type every reader of
// this module returns.
//
// # Threat model
//
// Every byte is hostile. A Cursor never reads outside the slice it was given,
// never panics, and never allocates from a size that was merely declared: a
// count must first be compared with what remains (see [Cursor.Count]). After
// the first failure all reads return zero values, so a parser may read a whole
// header and look at [Cursor.Err] once.
package binread

import (
	"encoding/binary"
	"fmt"
)

// Kind says what is wrong with a part of a file. A Kind is an error, so that
// errors.Is(err, binread.Truncated) works on any error that wraps it.
type Kind string

// Error makes a Kind usable as a target of errors.Is.
func (k Kind) Error() string { return string(k) }

// The closed list of kinds.
const (
	Truncated   Kind = "truncated"    // the bytes end before the structure does
	BadMagic    Kind = "bad magic"    // the file does not begin as its kind demands
	OutOfRange  Kind = "out of range" // an offset or index points outside its table or file
	Malformed   Kind = "malformed"    // a value contradicts the format
	TooLarge    Kind = "too large"    // a named limit of ours was reached
	Unsupported Kind = "unsupported"  // valid as far as seen, but not read by this version
	Encrypted   Kind = "encrypted"    // readable only with a key that is not in the file
)

// FormatError tells where in a file a reader met something it could not use.
type FormatError struct {
	Path    string // the file, as a path inside the input ("base.apk!classes.dex"); may be empty
	Section string // the part of the format, in the format's own words ("string_ids")
	Off     int64  // byte offset from the start of the file named by Path; -1 if there is none
	Kind    Kind
	Detail  string // what was found, for a person; may be empty
	Limit   string // of kind TooLarge: the name of the limit, if its user can change it
}

// Error renders path, section, offset, kind and detail, leaving out what is empty.
func (e *FormatError) Error() string {
	s := ""
	if e.Path != "" {
		s = e.Path + ": "
	}
	if e.Section != "" {
		s += e.Section + " "
	}
	if e.Off >= 0 {
		s += fmt.Sprintf("at 0x%x ", e.Off)
	}
	s += string(e.Kind)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the Kind, so that errors.Is can test for it.
func (e *FormatError) Unwrap() error { return e.Kind }

// Errorf makes a FormatError without a path; containers add it as the error
// passes through them (see [WithPath]).
func Errorf(kind Kind, section string, off int64, format string, args ...any) *FormatError {
	return &FormatError{Section: section, Off: off, Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// WithPath returns a copy of err with path put before the path it has. Errors
// of another type come back unchanged.
func WithPath(err error, path string) error {
	fe, ok := err.(*FormatError)
	if !ok {
		return err
	}
	c := *fe
	if c.Path == "" {
		c.Path = path
	} else {
		c.Path = path + "!" + c.Path
	}
	return &c
}

// Cursor reads little-endian values from a slice that it borrows. The zero
// Cursor is an empty one. A Cursor is not safe for concurrent use; the slice
// is never written to and may be shared.
type Cursor struct {
	buf     []byte
	off     int
	base    int64
	section string
	err     error
}

// New returns a Cursor over buf. base is the offset of buf[0] from the start
// of the file and section the name of the part; both serve error messages only.
func New(buf []byte, base int64, section string) *Cursor {
	return &Cursor{buf: buf, base: base, section: section}
}

// Err returns the first error met, or nil.
func (c *Cursor) Err() error { return c.err }

// Off returns the position, from the start of the slice.
func (c *Cursor) Off() int { return c.off }

// Len returns how many bytes remain; 0 after an error.
func (c *Cursor) Len() int {
	if c.err != nil {
		return 0
	}
	return len(c.buf) - c.off
}

// Fail records an error of the given kind at the current position, unless one
// is recorded already.
func (c *Cursor) Fail(kind Kind, format string, args ...any) {
	if c.err == nil {
		c.err = Errorf(kind, c.section, c.base+int64(c.off), format, args...)
	}
}

// SeekTo moves to an absolute position in the slice.
func (c *Cursor) SeekTo(off int64) {
	if c.err != nil {
		return
	}
	if off < 0 || off > int64(len(c.buf)) {
		c.Fail(OutOfRange, "offset %d of %d", off, len(c.buf))
		return
	}
	c.off = int(off)
}

// Skip moves n bytes on.
func (c *Cursor) Skip(n int64) {
	if c.err == nil && (n < 0 || n > int64(len(c.buf)-c.off)) {
		c.Fail(Truncated, "skip %d of %d", n, len(c.buf)-c.off)
		return
	}
	if c.err == nil {
		c.off += int(n)
	}
}

// Align moves to the next multiple of n (a power of two), counted from the
// start of the slice.
func (c *Cursor) Align(n int) { c.Skip(int64(-c.off & (n - 1))) }

// Bytes returns the next n bytes, which still belong to the slice, or nil.
func (c *Cursor) Bytes(n int64) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > int64(len(c.buf)-c.off) {
		c.Fail(Truncated, "want %d bytes, have %d", n, len(c.buf)-c.off)
		return nil
	}
	b := c.buf[c.off : c.off+int(n) : c.off+int(n)]
	c.off += int(n)
	return b
}

// U8 reads one byte.
func (c *Cursor) U8() uint8 {
	if b := c.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes.
func (c *Cursor) U16() uint16 {
	if b := c.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes.
func (c *Cursor) U32() uint32 {
	if b := c.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes.
func (c *Cursor) U64() uint64 {
	if b := c.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uleb128 reads an unsigned LEB128 of at most five bytes, as libdexfile does:
// bits above the 32nd are dropped.
func (c *Cursor) Uleb128() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := c.U8()
		v |= uint32(b&0x7f) << shift
		if b&0x80 == 0 {
			break
		}
	}
	return v
}

// Sleb128 reads a signed LEB128 of at most five bytes.
func (c *Cursor) Sleb128() int32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := c.U8()
		v |= uint32(b&0x7f) << shift
		if b&0x80 == 0 {
			if b&0x40 != 0 && shift < 28 {
				v |= ^uint32(0) << (shift + 7)
			}
			break
		}
	}
	return int32(v)
}

// Count reads a U32 that counts items of at least itemSize bytes each and
// fails with TooLarge if that many cannot remain: only then may a slice of
// that length be made.
func (c *Cursor) Count(itemSize int) int {
	n := c.U32()
	if c.err != nil {
		return 0
	}
	if int64(n)*int64(itemSize) > int64(len(c.buf)-c.off) {
		c.Fail(TooLarge, "%d items of %d bytes in %d", n, itemSize, len(c.buf)-c.off)
		return 0
	}
	return int(n)
}
