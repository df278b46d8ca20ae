// Package apktest writes archives that need not be true to themselves: fixtures
// for tests, fuzz seeds and samples. It knows nothing of package apk, so that
// what it writes is independent of what is read. It panics on what its caller
// got wrong.
package apktest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
)

// Compression methods and the flag that writers set themselves.
const (
	Stored         uint16 = 0
	Deflated       uint16 = 8
	FlagEncrypted  uint16 = 1 << 0
	flagDescriptor uint16 = 1 << 3
)

const (
	localMagic      = "PK\x03\x04"
	directoryMagic  = "PK\x01\x02"
	endMagic        = "PK\x05\x06"
	end64Magic      = "PK\x06\x06"
	locatorMagic    = "PK\x06\x07"
	descriptorMagic = "PK\x07\x08"
	signMagic       = "APK Sig Block 42"
)

// File is one entry as ZIP writes it. What is nil tells the truth.
type File struct {
	Name    string
	Content string // deflated if method is 8
	Raw     []byte // written instead of what Content becomes
	Method  uint16
	Flags   uint16
	Extra   []byte // of the central record
	Comment []byte

	LocalName   *string
	LocalMethod *uint16
	LocalFlags  *uint16
	LocalExtra  []byte
	LocalCRC    *uint32
	LocalSize   *uint32
	LocalCSize  *uint32

	CRC    *uint32
	Size   *uint32
	CSize  *uint32
	Offset *uint32

	Descriptor bool   // sizes and CRC follow the data, the local header has zeros
	DescBytes  []byte // written as descriptor instead of the true one
	Nameless   bool   // listed nowhere: only the local part is written
	Unwritten  bool   // listed only: no local part
	Pad        []byte // written before the local header
}

// ZIP writes archives that need not be true to themselves.
type ZIP struct {
	Prefix     []byte
	Shifted    bool // offsets count from the end of Prefix
	Files      []File
	BeforeDir  []byte // written between the last entry and the directory
	AfterDir   []byte // written between the directory and the end record
	Count      *uint16
	DirSize    *uint32
	DirOff     *uint32
	Comment    []byte
	CommentLen *uint16
	Trailing   []byte
	ZIP64      bool
	NoEnd      bool
	NoDir      bool
}

// Ptr returns a pointer to v, for the fields that lie.
func Ptr[T any](v T) *T { return &v }

func or[T any](p *T, v T) T {
	if p != nil {
		return *p
	}
	return v
}

// Deflate compresses s.
func Deflate(s string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write([]byte(s)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Bytes writes the archive.
func (z ZIP) Bytes() []byte {
	le := binary.LittleEndian
	out := append([]byte(nil), z.Prefix...)
	var dir []byte
	listed := 0
	base := 0
	if z.Shifted {
		base = len(z.Prefix)
	}
	for _, f := range z.Files {
		out = append(out, f.Pad...)
		raw := f.Raw
		if raw == nil {
			raw = []byte(f.Content)
			if f.Method == Deflated {
				raw = Deflate(f.Content)
			}
		}
		crc, size, csize := crc32.ChecksumIEEE([]byte(f.Content)), uint32(len(f.Content)), uint32(len(raw))
		at := uint32(len(out) - base)
		flags := f.Flags
		if f.Descriptor {
			flags |= flagDescriptor
		}
		if !f.Unwritten {
			lname := or(f.LocalName, f.Name)
			lcrc, lsize, lcsize := crc, size, csize
			if f.Descriptor {
				lcrc, lsize, lcsize = 0, 0, 0
			}
			out = append(out, localMagic...)
			out = le.AppendUint16(out, 20)
			out = le.AppendUint16(out, or(f.LocalFlags, flags))
			out = le.AppendUint16(out, or(f.LocalMethod, f.Method))
			out = le.AppendUint32(out, 0)
			out = le.AppendUint32(out, or(f.LocalCRC, lcrc))
			out = le.AppendUint32(out, or(f.LocalCSize, lcsize))
			out = le.AppendUint32(out, or(f.LocalSize, lsize))
			out = le.AppendUint16(out, uint16(len(lname)))
			out = le.AppendUint16(out, uint16(len(f.LocalExtra)))
			out = append(out, lname...)
			out = append(out, f.LocalExtra...)
			out = append(out, raw...)
			switch {
			case f.DescBytes != nil:
				out = append(out, f.DescBytes...)
			case f.Descriptor:
				out = append(out, descriptorMagic...)
				out = le.AppendUint32(out, crc)
				out = le.AppendUint32(out, csize)
				out = le.AppendUint32(out, size)
			}
		}
		if f.Nameless {
			continue
		}
		listed++
		dir = append(dir, directoryMagic...)
		dir = le.AppendUint32(dir, 20|20<<16)
		dir = le.AppendUint16(dir, flags)
		dir = le.AppendUint16(dir, f.Method)
		dir = le.AppendUint32(dir, 0)
		dir = le.AppendUint32(dir, or(f.CRC, crc))
		dir = le.AppendUint32(dir, or(f.CSize, csize))
		dir = le.AppendUint32(dir, or(f.Size, size))
		dir = le.AppendUint16(dir, uint16(len(f.Name)))
		dir = le.AppendUint16(dir, uint16(len(f.Extra)))
		dir = le.AppendUint16(dir, uint16(len(f.Comment)))
		dir = append(dir, make([]byte, 8)...)
		dir = le.AppendUint32(dir, or(f.Offset, at))
		dir = append(dir, f.Name...)
		dir = append(dir, f.Extra...)
		dir = append(dir, f.Comment...)
	}
	out = append(out, z.BeforeDir...)
	dirAt := len(out) - base
	if !z.NoDir {
		out = append(out, dir...)
	}
	out = append(out, z.AfterDir...)
	if z.NoEnd {
		return out
	}
	count, dirSize, dirOff := uint16(listed), uint32(len(dir)), uint32(dirAt)
	if z.ZIP64 {
		at := len(out) - base
		out = append(out, end64Magic...)
		out = le.AppendUint64(out, 44)
		out = append(out, make([]byte, 12)...)
		out = le.AppendUint64(out, uint64(listed))
		out = le.AppendUint64(out, uint64(listed))
		out = le.AppendUint64(out, uint64(len(dir)))
		out = le.AppendUint64(out, uint64(dirAt))
		out = append(out, locatorMagic...)
		out = le.AppendUint32(out, 0)
		out = le.AppendUint64(out, uint64(at))
		out = le.AppendUint32(out, 1)
		count, dirSize, dirOff = 0xffff, 0xffffffff, 0xffffffff
	}
	out = append(out, EndRecord(or(z.Count, count), or(z.DirSize, dirSize), or(z.DirOff, dirOff), or(z.CommentLen, uint16(len(z.Comment))))...)
	out = append(out, z.Comment...)
	return append(out, z.Trailing...)
}

// EndRecord makes an end record without its comment.
func EndRecord(count uint16, dirSize, dirOff uint32, commentLen uint16) []byte {
	le := binary.LittleEndian
	out := append([]byte(endMagic), 0, 0, 0, 0)
	out = le.AppendUint16(out, count)
	out = le.AppendUint16(out, count)
	out = le.AppendUint32(out, dirSize)
	out = le.AppendUint32(out, dirOff)
	return le.AppendUint16(out, commentLen)
}

// CentralRecord makes one record by itself, for hiding places.
func CentralRecord(name string, size, csize, offset uint32) []byte {
	z := ZIP{Files: []File{{Name: name, Unwritten: true, Size: &size, CSize: &csize, Offset: &offset}}, NoEnd: true}
	return z.Bytes()
}

// SigningBlock wraps pairs as an APK Signing Block.
func SigningBlock(pairs []byte) []byte {
	le := binary.LittleEndian
	size := uint64(len(pairs) + 24)
	out := le.AppendUint64(nil, size)
	out = append(out, pairs...)
	out = le.AppendUint64(out, size)
	return append(out, signMagic...)
}
