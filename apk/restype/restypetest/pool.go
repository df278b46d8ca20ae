// Package restypetest builds the structures that binary XML and resource
// tables share, for fixtures of tests and for sample APKs.
package restypetest

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/telltale-apk/telltale/apk/restype"
)

// Pool collects strings. The zero value is ready to use.
type Pool struct {
	strings []string
	index   map[string]uint32
}

// Add returns the index of s, adding it if it is new.
func (p *Pool) Add(s string) uint32 {
	if i, ok := p.index[s]; ok {
		return i
	}
	return p.Append(s)
}

// Append adds s even if the pool has it and returns the new index. Add goes on
// to return the first one.
func (p *Pool) Append(s string) uint32 {
	if p.index == nil {
		p.index = make(map[string]uint32)
	}
	i := uint32(len(p.strings))
	p.strings = append(p.strings, s)
	if _, ok := p.index[s]; !ok {
		p.index[s] = i
	}
	return i
}

// Bytes returns the pool as a chunk, with UTF-8 or UTF-16 strings.
func (p *Pool) Bytes(utf8 bool) []byte {
	var data, offsets []byte
	for _, s := range p.strings {
		offsets = U32(offsets, uint32(len(data)))
		units := utf16.Encode([]rune(s))
		if utf8 {
			data = append8(append8(data, len(units)), len(s))
			data = append(append(data, s...), 0)
			continue
		}
		if n := len(units); n > 0x7fff {
			data = U16(data, uint16(n>>16)|0x8000)
		}
		data = U16(data, uint16(len(units)))
		for _, u := range units {
			data = U16(data, u)
		}
		data = U16(data, 0)
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	flags := uint32(0)
	if utf8 {
		flags = 1 << 8
	}
	start := uint32(28 + len(offsets))
	b := U32(nil, uint32(len(p.strings)))
	b = U32(b, 0) // styles
	b = U32(b, flags)
	b = U32(b, start)
	b = U32(b, 0)
	return Chunk(restype.ChunkStringPool, b, offsets, data)
}

// append8 writes a length as UTF-8 pools have it.
func append8(b []byte, n int) []byte {
	if n > 0x7f {
		b = append(b, byte(n>>8)|0x80)
	}
	return append(b, byte(n))
}

// Chunk returns a chunk: its header with the fields that belong to it, and
// its body.
func Chunk(t restype.ChunkType, header []byte, body ...[]byte) []byte {
	size := restype.HeaderSize + len(header)
	for _, part := range body {
		size += len(part)
	}
	b := make([]byte, 0, size)
	b = U16(b, uint16(t))
	b = U16(b, uint16(restype.HeaderSize+len(header)))
	b = U32(b, uint32(size))
	b = append(b, header...)
	for _, part := range body {
		b = append(b, part...)
	}
	return b
}

// U16 and U32 append little-endian values.
func U16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }

// U32 is described at [U16].
func U32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }
