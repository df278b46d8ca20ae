package apk

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
)

// zipFile is one entry as a lyingZIP writes it. What is nil tells the truth.
type zipFile struct {
	name    string
	content string // deflated if method is 8
	raw     []byte // written instead of what content becomes
	method  uint16
	flags   uint16
	extra   []byte // of the central record
	comment []byte

	localName   *string
	localMethod *uint16
	localFlags  *uint16
	localExtra  []byte
	localCRC    *uint32
	localSize   *uint32
	localCSize  *uint32

	crc    *uint32
	size   *uint32
	csize  *uint32
	offset *uint32

	descriptor bool   // sizes and CRC follow the data, the local header has zeros
	descBytes  []byte // written as descriptor instead of the true one
	nameless   bool   // listed nowhere: only the local part is written
	unwritten  bool   // listed only: no local part
	pad        []byte // written before the local header
}

// lyingZIP writes archives that need not be true to themselves.
type lyingZIP struct {
	prefix     []byte
	shifted    bool // offsets count from the end of prefix
	files      []zipFile
	beforeDir  []byte // written between the last entry and the directory
	afterDir   []byte // written between the directory and the end record
	count      *uint16
	dirSize    *uint32
	dirOff     *uint32
	comment    []byte
	commentLen *uint16
	trailing   []byte
	zip64      bool
	noEnd      bool
	noDir      bool
}

func ptr[T any](v T) *T { return &v }

func or[T any](p *T, v T) T {
	if p != nil {
		return *p
	}
	return v
}

func deflated(s string) []byte {
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

func (z lyingZIP) bytes() []byte {
	le := binary.LittleEndian
	out := append([]byte(nil), z.prefix...)
	var dir []byte
	listed := 0
	base := 0
	if z.shifted {
		base = len(z.prefix)
	}
	for _, f := range z.files {
		out = append(out, f.pad...)
		raw := f.raw
		if raw == nil {
			raw = []byte(f.content)
			if f.method == Deflated {
				raw = deflated(f.content)
			}
		}
		crc, size, csize := crc32.ChecksumIEEE([]byte(f.content)), uint32(len(f.content)), uint32(len(raw))
		at := uint32(len(out) - base)
		flags := f.flags
		if f.descriptor {
			flags |= FlagDescriptor
		}
		if !f.unwritten {
			lname := or(f.localName, f.name)
			lcrc, lsize, lcsize := crc, size, csize
			if f.descriptor {
				lcrc, lsize, lcsize = 0, 0, 0
			}
			out = append(out, localMagic...)
			out = le.AppendUint16(out, 20)
			out = le.AppendUint16(out, or(f.localFlags, flags))
			out = le.AppendUint16(out, or(f.localMethod, f.method))
			out = le.AppendUint32(out, 0)
			out = le.AppendUint32(out, or(f.localCRC, lcrc))
			out = le.AppendUint32(out, or(f.localCSize, lcsize))
			out = le.AppendUint32(out, or(f.localSize, lsize))
			out = le.AppendUint16(out, uint16(len(lname)))
			out = le.AppendUint16(out, uint16(len(f.localExtra)))
			out = append(out, lname...)
			out = append(out, f.localExtra...)
			out = append(out, raw...)
			switch {
			case f.descBytes != nil:
				out = append(out, f.descBytes...)
			case f.descriptor:
				out = append(out, descriptorMagic...)
				out = le.AppendUint32(out, crc)
				out = le.AppendUint32(out, csize)
				out = le.AppendUint32(out, size)
			}
		}
		if f.nameless {
			continue
		}
		listed++
		dir = append(dir, directoryMagic...)
		dir = le.AppendUint32(dir, 20|20<<16)
		dir = le.AppendUint16(dir, flags)
		dir = le.AppendUint16(dir, f.method)
		dir = le.AppendUint32(dir, 0)
		dir = le.AppendUint32(dir, or(f.crc, crc))
		dir = le.AppendUint32(dir, or(f.csize, csize))
		dir = le.AppendUint32(dir, or(f.size, size))
		dir = le.AppendUint16(dir, uint16(len(f.name)))
		dir = le.AppendUint16(dir, uint16(len(f.extra)))
		dir = le.AppendUint16(dir, uint16(len(f.comment)))
		dir = append(dir, make([]byte, 8)...)
		dir = le.AppendUint32(dir, or(f.offset, at))
		dir = append(dir, f.name...)
		dir = append(dir, f.extra...)
		dir = append(dir, f.comment...)
	}
	out = append(out, z.beforeDir...)
	dirAt := len(out) - base
	if !z.noDir {
		out = append(out, dir...)
	}
	out = append(out, z.afterDir...)
	if z.noEnd {
		return out
	}
	count, dirSize, dirOff := uint16(listed), uint32(len(dir)), uint32(dirAt)
	if z.zip64 {
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
	out = append(out, endRecord(or(z.count, count), or(z.dirSize, dirSize), or(z.dirOff, dirOff), or(z.commentLen, uint16(len(z.comment))))...)
	out = append(out, z.comment...)
	return append(out, z.trailing...)
}

func endRecord(count uint16, dirSize, dirOff uint32, commentLen uint16) []byte {
	le := binary.LittleEndian
	out := append([]byte(endMagic), 0, 0, 0, 0)
	out = le.AppendUint16(out, count)
	out = le.AppendUint16(out, count)
	out = le.AppendUint32(out, dirSize)
	out = le.AppendUint32(out, dirOff)
	return le.AppendUint16(out, commentLen)
}

// centralRecord makes one record by itself, for hiding places.
func centralRecord(name string, size, csize, offset uint32) []byte {
	z := lyingZIP{files: []zipFile{{name: name, unwritten: true, size: &size, csize: &csize, offset: &offset}}, noEnd: true}
	return z.bytes()
}

// signingBlock wraps pairs as an APK Signing Block.
func signingBlock(pairs []byte) []byte {
	le := binary.LittleEndian
	size := uint64(len(pairs) + 24)
	out := le.AppendUint64(nil, size)
	out = append(out, pairs...)
	out = le.AppendUint64(out, size)
	return append(out, signMagic...)
}
