package restype

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/binread"
)

// NoString is the index that stands for "no string".
const NoString = ^uint32(0)

const (
	poolHeaderSize = 28
	poolUTF8       = 1 << 8
)

// Pool is a string pool. Strings are decoded when they are asked for. The zero
// Pool is an empty one.
type Pool struct {
	data     []byte // the chunk, no longer than it declares or than there is
	base     int64  // offset of data[0] in the file
	offsets  int64  // where the array of offsets begins in data
	declared uint32 // strings, as declared
	count    int    // strings whose offset does not lie in the string data
	styles   uint32
	start    int64 // of the string data
	end      int64
	utf8     bool
}

// NewPool reads the header of the pool that begins at b[0]. base is b's offset
// in the file. What the header claims beyond b is cut off; the oddities found
// go to report, which may be nil. An error means that no string can be read.
func NewPool(b []byte, base int64, report func(Anomaly)) (*Pool, error) {
	if report == nil {
		report = func(Anomaly) {}
	}
	c, ok := ReadChunk(b)
	if !ok || len(b) < poolHeaderSize {
		return nil, binread.Errorf(binread.Truncated, "string pool", base, "%d bytes", len(b))
	}
	if c.Type != ChunkStringPool {
		return nil, binread.Errorf(binread.BadMagic, "string pool", base, "chunk type 0x%04x", uint16(c.Type))
	}
	if !c.Valid(poolHeaderSize, int64(len(b))) {
		report(Anomaly{
			Name: "pool-header", Off: base, Refused: true,
			Detail: "header or size of the string pool is not what Android accepts",
		})
	}
	size := min(c.Size, int64(len(b)))
	if size < poolHeaderSize {
		size = int64(len(b))
	}
	p := &Pool{
		data:     b[:size:size],
		base:     base,
		offsets:  int64(c.HeaderSize),
		declared: U32(b, 8),
		styles:   U32(b, 12),
		utf8:     U32(b, 16)&poolUTF8 != 0,
		start:    int64(U32(b, 20)),
		end:      size,
	}
	if p.declared == 0 {
		return p, nil
	}
	if p.start >= size {
		return nil, binread.Errorf(binread.OutOfRange, "string pool", base,
			"its strings begin at %d of %d", p.start, size)
	}
	if stylesStart := int64(U32(b, 24)); p.styles != 0 && stylesStart > p.start && stylesStart <= size {
		p.end = stylesStart
	}
	// Android wants the array of offsets to fit in the chunk only; an array
	// that reaches into the string data has entries that are no offsets.
	room := max((size-p.offsets)/4, 0)
	if int64(p.declared) > room {
		report(Anomaly{
			Name: "pool-count", Off: base + 8, Refused: true,
			Detail: "more strings are declared than the string pool has room for",
		})
		p.declared = uint32(room)
	}
	p.count = int(max(min(int64(p.declared), (p.start-p.offsets)/4-int64(p.styles)), 0))
	if p.start < p.offsets { // the offsets lie behind the strings: odd but possible
		p.count = int(p.declared)
	} else if int64(p.count) < int64(p.declared) {
		report(Anomaly{
			Name: "pool-count", Off: base + 8,
			Detail: "more strings are declared than the string pool has",
		})
	}
	return p, nil
}

// Len returns the number of strings, leaving out those that are only declared.
func (p *Pool) Len() int { return p.count }

// UTF8 says how the strings are stored; if false, as UTF-16.
func (p *Pool) UTF8() bool { return p.utf8 }

// Size returns the size of the pool in bytes.
func (p *Pool) Size() int { return len(p.data) }

// Off returns the offset of string i in the file, or -1 if it has none.
func (p *Pool) Off(i uint32) int64 {
	if i >= p.declared {
		return -1
	}
	off := p.start + int64(binary.LittleEndian.Uint32(p.data[p.offsets+4*int64(i):]))
	if off >= p.end {
		return -1
	}
	return p.base + off
}

// At returns string i. It is "" and false where Android would see no string
// (a bad index, offset or length), except that a string without its final NUL
// is returned if it is inside the pool. Surrogate pairs in UTF-8 are joined;
// what is no character becomes U+FFFD. NUL characters are kept.
func (p *Pool) At(i uint32) (string, bool) { return p.at(i, len(p.data)) }

// Short is At for strings of up to limit bytes in the file, whatever their
// encoding: the text of longer ones is not decoded, and they count as absent.
func (p *Pool) Short(i uint32, limit int) (string, bool) { return p.at(i, limit) }

func (p *Pool) at(i uint32, limit int) (string, bool) {
	off := p.Off(i)
	if off < 0 {
		return "", false
	}
	b := p.data[off-p.base : p.end]
	if p.utf8 {
		return at8(b, limit)
	}
	return at16(b, limit)
}

func at16(b []byte, limit int) (string, bool) {
	if len(b) < 2 {
		return "", false
	}
	n := int64(binary.LittleEndian.Uint16(b))
	b = b[2:]
	if n&0x8000 != 0 {
		if len(b) < 2 {
			return "", false
		}
		n = (n&0x7fff)<<16 | int64(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if 2*n > int64(min(len(b), limit)) {
		return "", false
	}
	return decode16(b[:2*n]), true
}

func decode16(b []byte) string {
	out := make([]byte, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(binary.LittleEndian.Uint16(b[i:]))
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		if utf16.IsSurrogate(r) {
			var next rune
			if i+3 < len(b) {
				next = rune(binary.LittleEndian.Uint16(b[i+2:]))
			}
			if r = utf16.DecodeRune(r, next); r != utf8.RuneError {
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

func at8(b []byte, limit int) (string, bool) {
	_, b, ok := len8(b) // in UTF-16 units
	if !ok {
		return "", false
	}
	n, b, ok := len8(b)
	if !ok {
		return "", false
	}
	// aapt wrote lengths above 0x7fff without their upper bits. Android looks
	// for the NUL at every length that the lower bits allow.
	for end := n; end < len(b); end += 0x8000 {
		if b[end] != 0 {
			continue
		}
		if end > limit {
			return "", false
		}
		return decode8(b[:end]), true
	}
	if n > min(len(b), limit) {
		return "", false
	}
	return decode8(b[:n]), true
}

// len8 reads a length of one or two bytes.
func len8(b []byte) (n int, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	if b[0]&0x80 == 0 {
		return int(b[0]), b[1:], true
	}
	if len(b) < 2 {
		return 0, nil, false
	}
	return int(b[0]&0x7f)<<8 | int(b[1]), b[2:], true
}

// decode8 accepts UTF-8 in which characters beyond U+FFFF are written as two
// surrogates (CESU-8) or NUL as c0 80 (Java's modified UTF-8).
func decode8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			if bytes.HasPrefix(b, []byte{0xc0, 0x80}) {
				r, n = 0, 2
			} else if hi, ok := surrogate(b); ok {
				n = 3
				if lo, ok := surrogate(b[3:]); ok {
					if r = utf16.DecodeRune(hi, lo); r != utf8.RuneError {
						n = 6
					}
				}
			}
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return string(out)
}

// surrogate decodes three bytes that encode one surrogate.
func surrogate(b []byte) (rune, bool) {
	if len(b) < 3 || b[0] != 0xed || b[1]&0xe0 != 0xa0 || b[2]&0xc0 != 0x80 {
		return 0, false
	}
	return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), true
}
