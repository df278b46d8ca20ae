package dex

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/binread"
)

// stringIndex holds what one look at all strings found. It makes String cheap
// and bounds the work that overlapping strings could cause.
type stringIndex struct {
	// size is the number of MUTF-8 bytes of each string, with decodeString set
	// where they are not the UTF-8 of the text; or badString.
	size      []uint32
	gist      []Gist
	anomalies []*binread.FormatError
}

const (
	badString    = ^uint32(0)
	decodeString = uint32(1) << 31
)

// maxStringAnomalies is how many unreadable strings are reported one by one.
const maxStringAnomalies = 16

// Gist tells which bytes there are in a string. It lets who searches strings
// leave most of them unread.
type Gist uint8

// What a Gist may tell. Where the bytes are the UTF-8 of the text, the marks are
// those of the text. Others have all marks: MUTF-8 can write a '.' in two bytes.
const (
	GistDot     Gist = 1 << iota // a '.'
	GistColon                    // a ':'
	GistPercent                  // a '%'
	GistEquals                   // a '='
	GistOther                    // a byte that Base64 text does not have: no letter, digit, + / - _ = CR or LF
	gistHigh    Gist = 1 << 7    // one that is not ASCII
	gistAny          = GistDot | GistColon | GistPercent | GistEquals | GistOther
)

// gists are the marks of each byte.
var gists = func() (t [256]Gist) {
	for c := range t {
		switch {
		case c == '.':
			t[c] = GistDot | GistOther
		case c == ':':
			t[c] = GistColon | GistOther
		case c == '%':
			t[c] = GistPercent | GistOther
		case c == '=':
			t[c] = GistEquals
		case c >= 0x80:
			t[c] = gistHigh | GistOther
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '-', c == '_', c == '\r', c == '\n':
		default:
			t[c] = GistOther
		}
	}
	return t
}()

func (f *File) indexStrings() {
	ix := &f.str
	n := f.strings.n
	ix.size = make([]uint32, n)
	ix.gist = make([]Gist, n)
	left := f.workLimit()
	bad, cut := 0, 0
	for i := range n {
		if left < 0 {
			ix.size[i] = badString
			cut++
			continue
		}
		off := binary.LittleEndian.Uint32(f.strings.b[4*i:])
		b, gist, err := f.rawString(off)
		if err != nil {
			ix.size[i] = badString
			if err.Kind == binread.Truncated { // all the rest was searched for its end
				left -= int64(len(f.data)) - int64(off)
			}
			if bad++; bad <= maxStringAnomalies {
				err.Detail += " (string " + itoa(i) + ")"
				ix.anomalies = append(ix.anomalies, err)
			}
			continue
		}
		if left -= int64(len(b)) + 1; left < 0 {
			ix.size[i] = badString
			cut++
			continue
		}
		// MUTF-8 is UTF-8 but for NUL and supplementary characters.
		ix.size[i], ix.gist[i] = uint32(len(b)), gist
		if gist&gistHigh != 0 && !utf8.Valid(b) {
			ix.size[i] |= decodeString
			ix.gist[i] = gistAny // two bytes may mean a '.'
		}
	}
	if bad > maxStringAnomalies {
		ix.anomalies = append(ix.anomalies, binread.Errorf(binread.Malformed, "string_data", -1, "%d strings cannot be read in all", bad))
	}
	if cut > 0 {
		ix.anomalies = append(ix.anomalies, binread.Errorf(binread.TooLarge, "string_data", -1,
			"strings overlap; together they are longer than %d bytes and the last %d were not read", f.workLimit(), cut))
	}
}

// rawString returns the MUTF-8 bytes of the string data at off, without the
// closing NUL, and which bytes they are. Like ART, it lets the NUL decide and
// not the declared length.
func (f *File) rawString(off uint32) ([]byte, Gist, *binread.FormatError) {
	if int64(off) >= int64(len(f.data)) {
		return nil, 0, binread.Errorf(binread.OutOfRange, "string_data", int64(off), "string starts behind the end %d", len(f.data))
	}
	b := f.data[off:]
	k := ulebLen(b)
	b = b[k:]
	// Strings are short: a call that looks for the NUL would cost more.
	var g Gist
	for i, c := range b {
		if c == 0 {
			if uint64(i) >= uint64(decodeString) {
				break
			}
			return b[:i:i], g, nil
		}
		g |= gists[c]
	}
	return nil, 0, binread.Errorf(binread.Truncated, "string_data", int64(off), "string without end")
}

// ulebLen returns how many bytes of b an unsigned LEB128 takes.
func ulebLen(b []byte) int {
	for i := 0; i < len(b) && i < 5; i++ {
		if b[i] < 0x80 {
			return i + 1
		}
	}
	return min(len(b), 5)
}

func itoa(i int) string {
	var b [20]byte
	at := len(b)
	for {
		at--
		b[at] = byte('0' + i%10)
		if i /= 10; i == 0 {
			return string(b[at:])
		}
	}
}

// NumStrings returns how many string ids lie in the file.
func (f *File) NumStrings() int { return f.strings.n }

// String returns string i as UTF-8: surrogate pairs are joined, a lone
// surrogate is the six characters \uD800. Bytes that are no MUTF-8 become
// U+FFFD. A string that cannot be read is ""; see [File.StringErr]. Strings
// without NUL and surrogates share the memory of the buffer; others are decoded
// at each call.
func (f *File) String(i uint32) string {
	if int64(i) >= int64(f.strings.n) {
		return ""
	}
	f.strOnce.Do(f.indexStrings)
	n := f.str.size[i]
	if n == badString {
		return ""
	}
	b := f.data[binary.LittleEndian.Uint32(f.strings.b[4*i:]):]
	k := ulebLen(b)
	if n&decodeString == 0 {
		return textOf(b[k : k+int(n)])
	}
	return decodeMUTF8(b[k : k+int(n&^decodeString)])
}

// StringGist returns which bytes string i has, or more than it has where they
// have to be decoded; 0 if it cannot be read.
func (f *File) StringGist(i uint32) Gist {
	if int64(i) >= int64(f.strings.n) {
		return 0
	}
	f.strOnce.Do(f.indexStrings)
	return f.str.gist[i] &^ gistHigh
}

// StringErr is String with the reason why a string cannot be read.
func (f *File) StringErr(i uint32) (string, error) {
	if int64(i) >= int64(f.strings.n) {
		return "", binread.Errorf(binread.OutOfRange, "string_ids", -1, "string %d of %d", i, f.strings.n)
	}
	if s := f.String(i); s != "" || f.str.size[i] != badString {
		return s, nil
	}
	if _, _, err := f.rawString(f.StringOff(i)); err != nil {
		return "", err
	}
	return "", binread.Errorf(binread.TooLarge, "string_data", int64(f.StringOff(i)), "strings overlap; this one was not read")
}

// StringOff returns the offset of the data of string i; NoIndex if i is out of range.
func (f *File) StringOff(i uint32) uint32 {
	b := f.strings.at(i)
	if b == nil {
		return NoIndex
	}
	return binary.LittleEndian.Uint32(b)
}

// StringBytes returns the MUTF-8 bytes of string i as they stand in the file,
// nil if it cannot be read. They are borrowed.
func (f *File) StringBytes(i uint32) []byte {
	if int64(i) >= int64(f.strings.n) {
		return nil
	}
	f.strOnce.Do(f.indexStrings)
	n := f.str.size[i]
	if n == badString {
		return nil
	}
	b := f.data[binary.LittleEndian.Uint32(f.strings.b[4*i:]):]
	k := ulebLen(b)
	n &^= decodeString
	return b[k : k+int(n) : k+int(n)]
}

// decodeMUTF8 returns modified UTF-8 as UTF-8. Four-byte forms, which MUTF-8
// does not have, are accepted where they are valid UTF-8.
func decodeMUTF8(b []byte) string {
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		if b[0] < 0x80 {
			n := 1
			for n < len(b) && b[n] < 0x80 {
				n++
			}
			out = append(out, b[:n]...)
			b = b[n:]
			continue
		}
		r, n := mutf8Unit(b)
		switch {
		case n == 0:
			if r4, n4 := utf8.DecodeRune(b); n4 == 4 {
				out = utf8.AppendRune(out, r4)
				b = b[4:]
				continue
			}
			out = utf8.AppendRune(out, utf8.RuneError)
			b = b[1:]
		case r >= 0xd800 && r < 0xdc00:
			if lo, m := mutf8Unit(b[n:]); m > 0 && lo >= 0xdc00 && lo < 0xe000 {
				out = utf8.AppendRune(out, utf16.DecodeRune(r, lo))
				b = b[n+m:]
				continue
			}
			out = appendSurrogate(out, r)
			b = b[n:]
		case r >= 0xdc00 && r < 0xe000:
			out = appendSurrogate(out, r)
			b = b[n:]
		default:
			out = utf8.AppendRune(out, r)
			b = b[n:]
		}
	}
	return textOf(out)
}

// mutf8Unit decodes one UTF-16 unit of two or three bytes; n is 0 if there is none.
func mutf8Unit(b []byte) (r rune, n int) {
	switch {
	case len(b) >= 2 && b[0]&0xe0 == 0xc0 && b[1]&0xc0 == 0x80:
		return rune(b[0]&0x1f)<<6 | rune(b[1]&0x3f), 2
	case len(b) >= 3 && b[0]&0xf0 == 0xe0 && b[1]&0xc0 == 0x80 && b[2]&0xc0 == 0x80:
		return rune(b[0]&0x0f)<<12 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), 3
	}
	return 0, 0
}

func appendSurrogate(out []byte, r rune) []byte {
	const hex = "0123456789ABCDEF"
	return append(out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
