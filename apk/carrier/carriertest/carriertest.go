// Package carriertest writes files as apk/carrier reads them: for fixtures,
// samples and seeds of fuzz targets. What it writes is as small as the format
// allows, and only what readers look at is true.
package carriertest

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

type buf []byte

func (b *buf) u8(v ...byte) { *b = append(*b, v...) }
func (b *buf) u16(v int)    { *b = binary.LittleEndian.AppendUint16(*b, uint16(v)) }
func (b *buf) u32(v ...int) {
	for _, v := range v {
		*b = binary.LittleEndian.AppendUint32(*b, uint32(v))
	}
}
func (b *buf) u64(v uint64)    { *b = binary.LittleEndian.AppendUint64(*b, v) }
func (b *buf) text(s string)   { *b = append(*b, s...) }
func (b *buf) zeros(n int)     { *b = append(*b, make([]byte, n)...) }
func (b *buf) align(n int)     { b.zeros(-len(*b) & (n - 1)) }
func (b *buf) set32(at, v int) { binary.LittleEndian.PutUint32((*b)[at:], uint32(v)) }
func (b *buf) utf16(s string) {
	for _, u := range utf16.Encode([]rune(s)) {
		b.u16(int(u))
	}
}

func latin1(s string) ([]byte, bool) {
	var out []byte
	for _, r := range s {
		if r > 0xff {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

// HermesOptions change what Hermes writes.
type HermesOptions struct {
	Version   int
	Delta     bool
	Functions int
	// FunctionHeader is the size of a function header in bytes; 0 for that of
	// the version.
	FunctionHeader int
}

// Hermes writes a bytecode file with a table of these strings and no code.
func Hermes(o HermesOptions, strings ...string) []byte {
	var small, overflow, storage buf
	longs, lastSmall, lastLong := 0, 0, 0
	for _, s := range strings {
		off, n, wide := len(storage), 0, 0
		if b, ok := latin1(s); ok {
			storage.u8(b...)
			n = len(b)
		} else {
			wide = 1
			storage.utf16(s)
			n = (len(storage) - off) / 2
		}
		field, length := off, n
		if n >= 0xff {
			if o.Delta {
				overflow.u32(off-lastLong, n)
				lastLong = off
			} else {
				overflow.u32(off, n)
			}
			field, length = longs, 0xff
			longs++
		}
		if o.Delta {
			field, lastSmall = (field-lastSmall)&(1<<23-1), field
		}
		small.u32(wide | field<<1 | length<<24)
	}
	fn := o.FunctionHeader
	if fn == 0 {
		if fn = 16; o.Version >= 97 {
			fn = 12
		}
	}
	var b buf
	magic := uint64(0x1f1903c103bc1fc6)
	if o.Delta {
		magic = ^magic
	}
	b.u64(magic)
	b.u32(o.Version)
	b.zeros(20)
	b.u32(0, 0, o.Functions, 1, 0, len(strings), longs, len(storage))
	b.zeros(128 - len(b))
	b.zeros(o.Functions * fn)
	b.align(4)
	b.u32(len(strings)) // one run of plain strings
	b.u8(small...)
	b.u8(overflow...)
	b.u8(storage...)
	b.align(4)
	b.set32(32, len(b)+20)
	b.zeros(20) // footer
	return b
}

// RAMBundle writes an indexed bundle.
func RAMBundle(startup string, modules ...string) []byte {
	var b, scripts buf
	scripts.text(startup + "\x00")
	b.u32(0xfb0bd1e5, len(modules), len(scripts))
	for _, m := range modules {
		if m == "" {
			b.u32(0, 0)
			continue
		}
		b.u32(len(scripts), len(m)+1)
		scripts.text(m + "\x00")
	}
	return append(b, scripts...)
}

// Unity writes il2cpp metadata.
func Unity(version int, literals, names []string) []byte {
	var table, data, heap buf
	for _, s := range literals {
		if version < 35 {
			table.u32(len(s))
		}
		table.u32(len(data))
		data.text(s)
	}
	if version >= 35 {
		table.u32(len(data)) // the end of the last
	}
	data.align(4)
	for _, s := range names {
		heap.text(s + "\x00")
	}
	var b buf
	b.u32(0xfab11baf, version)
	at := 256
	if version >= 38 {
		at = 380
	}
	section := func(d buf, count int) {
		b.u32(at, len(d))
		if version >= 38 {
			b.u32(count)
		}
		at += len(d)
	}
	start := at
	section(table, len(literals))
	section(data, len(data))
	section(heap, len(heap))
	b.zeros(start - len(b))
	return slices.Concat(b, table, data, heap)
}

func dartVersion(b *buf) {
	b.text("0123456789abcdef0123456789abcdef")
	b.text("product no-code_comments arm64 android compressed-pointers\x00")
}

// DartChain writes a snapshot whose strings follow one another, in the form of
// Dart 2.17 and later (tagged) or before.
func DartChain(tagged bool, strings ...string) []byte {
	var body buf
	body.u8(0x87, 0x2f, 0x0d, 0x83, 0x33, 0x81, 0x00, 0x01, 0x58, 0xbd)
	for _, s := range strings {
		var data buf
		n, wide := 0, 0
		if l, ok := latin1(s); ok {
			data.u8(l...)
			n = len(l)
		} else {
			data.utf16(s)
			n, wide = len(data)/2, 1
		}
		if tagged {
			n = n<<1 | wide
		} else if wide == 1 {
			continue // those stand elsewhere
		}
		for ; n > 0x7f; n >>= 7 {
			body.u8(byte(n & 0x7f))
		}
		body.u8(byte(n) + 0x80)
		body.u8(data...)
	}
	body.u8(0x01, 0x02, 0x00, 0x7f, 0x81, 0x1b, 0x03)
	return dart(body)
}

// DartObjects writes a snapshot whose strings are objects, as where pointers are
// not compressed.
func DartObjects(strings ...string) []byte {
	var body buf
	for _, s := range strings {
		body.u64(0x0055_0000_0000_0142)
		if l, ok := latin1(s); ok {
			body.u64(uint64(2 * len(l)))
			body.u8(l...)
		} else {
			body.u64(uint64(2 * len(utf16.Encode([]rune(s)))))
			body.utf16(s)
		}
		body.u8(0)
		body.align(16)
	}
	return dart(body)
}

func dart(body buf) []byte {
	var b buf
	b.u8(0xf5, 0xf5, 0xdc, 0xdc)
	b.u64(uint64(len(body) + 16))
	b.u64(3)
	dartVersion(&b)
	return append(b, body...)
}

// Kernel writes a Dart kernel file of one program.
func Kernel(strings ...string) []byte {
	be := func(b []byte, v ...int) []byte {
		for _, v := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
		return b
	}
	uint := func(b []byte, v int) []byte {
		switch {
		case v < 0x80:
			return append(b, byte(v))
		case v < 0x4000:
			return append(b, byte(v>>8)|0x80, byte(v))
		}
		return be(b, v|0xc0<<24)
	}
	b := be(nil, 0x90abcdef, 57)
	b = append(b, make([]byte, 32)...) // hash, libraries
	table := len(b)
	b = uint(b, len(strings))
	end := 0
	for _, s := range strings {
		end += len(s)
		b = uint(b, end)
	}
	for _, s := range strings {
		b = append(b, s...)
	}
	constants := len(b)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	b = be(b, 8, 12, 16, 20, table, constants, 0, 2)
	b = be(b, 8, 40) // offsets of one library and its end
	b = be(b, 1)
	return be(b, len(b)+4)
}
