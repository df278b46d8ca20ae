package classfile

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decodeMUTF8 returns modified UTF-8 (JVMS 4.4.7) as UTF-8. Four-byte forms,
// which it does not have, are accepted where they are valid UTF-8.
func decodeMUTF8(b []byte) string {
	if utf8.Valid(b) { // all but NUL and what surrogates stand for
		return string(b)
	}
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, n := mutf8Unit(b)
		switch {
		case n == 0:
			if r, n = utf8.DecodeRune(b); n != 4 {
				r, n = utf8.RuneError, 1
			}
			out = utf8.AppendRune(out, r)
		case utf16.IsSurrogate(r):
			if lo, m := mutf8Unit(b[n:]); m > 0 && utf16.DecodeRune(r, lo) != utf8.RuneError {
				out = utf8.AppendRune(out, utf16.DecodeRune(r, lo))
				n += m
				break
			}
			const hex = "0123456789ABCDEF"
			out = append(out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			out = utf8.AppendRune(out, r)
		}
		b = b[n:]
	}
	return string(out)
}

// mutf8Unit decodes one UTF-16 unit of one to three bytes; n is 0 if there is none.
func mutf8Unit(b []byte) (r rune, n int) {
	switch {
	case len(b) == 0:
	case b[0] < 0x80:
		return rune(b[0]), 1
	case len(b) >= 2 && b[0]&0xe0 == 0xc0 && b[1]&0xc0 == 0x80:
		return rune(b[0]&0x1f)<<6 | rune(b[1]&0x3f), 2
	case len(b) >= 3 && b[0]&0xf0 == 0xe0 && b[1]&0xc0 == 0x80 && b[2]&0xc0 == 0x80:
		return rune(b[0]&0x0f)<<12 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), 3
	}
	return 0, 0
}
