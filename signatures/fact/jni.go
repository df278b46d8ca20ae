package fact

import (
	"strings"
	"unicode/utf8"
)

// JNIName takes the name of a native function apart by which the runtime finds
// the body of a native method: Java_com_foo_Bar_baz belongs to the method baz of
// Lcom/foo/Bar;. ok is false if symbol is no such name.
//
// The rules are those of the Java Native Interface Specification, "Resolving
// Native Method Names": "_" stands for a slash, "_1" for an underscore, "_2" for
// a semicolon, "_3" for a bracket, "_0" with four hexadecimal digits for any
// other character; behind "__" stands the signature of overloaded methods.
func JNIName(symbol string) (class, method string, ok bool) {
	s, ok := strings.CutPrefix(symbol, "Java_")
	if !ok || len(s) > 4096 {
		return "", "", false
	}
	b := make([]byte, 1, len(s)+2)
	b[0] = 'L'
	last := 0 // where the name of the method begins
	for i := 0; i < len(s); i++ {
		if s[i] != '_' {
			b = append(b, s[i])
			continue
		}
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case next == '0':
			if i+6 > len(s) {
				return "", "", false
			}
			r := rune(0)
			for _, c := range []byte(s[i+2 : i+6]) {
				switch {
				case c >= '0' && c <= '9':
					r = r<<4 | rune(c-'0')
				case c|0x20 >= 'a' && c|0x20 <= 'f':
					r = r<<4 | rune(c|0x20-'a'+10)
				default:
					return "", "", false
				}
			}
			b = utf8.AppendRune(b, r)
			i += 5
		case next == '1':
			b = append(b, '_')
			i++
		case next == '2' || next == '3':
			return "", "", false // of signatures only
		case next == '_' && !(i+2 < len(s) && s[i+2] >= '0' && s[i+2] <= '2'):
			i = len(s) // the signature
		default:
			last = len(b)
			b = append(b, '/')
		}
	}
	if last <= 1 || last+1 >= len(b) {
		return "", "", false
	}
	return string(b[:last]) + ";", string(b[last+1:]), true
}
