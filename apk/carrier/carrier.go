// Package carrier is about code and text that is not DEX. Apps are also written
// in JavaScript, Dart, C# and Lua; what they name then stands in the files of
// those languages. Each folder below reads one family of them: the strings that
// a program holds, and the names of the packages that it was built from.
//
//   - hermes: bytecode of React Native
//   - js: scripts, bundles, and the lists of plug-ins that come with them
//   - dart: snapshots, kernel files and package lists of Flutter
//   - unity: metadata of il2cpp, and lists of assemblies
//   - dotnet: assemblies, and the stores that .NET for Android keeps them in
//   - lua: bytecode of Lua and LuaJIT
//   - text: lines of text files in any Unicode encoding
//
// None of them reads instructions: what is wanted is what a program names, and
// in each of these formats strings stand apart from code.
//
// # Threat model and limits
//
// Every byte is hostile. No input makes a reader panic, loop without end or
// allocate more than a small multiple of what is in the file. Tables may point
// many times at the same bytes; what a reader yields is therefore limited as a
// whole ([Allowance]). A reader says in Problems what it could not use, and
// yields the rest. Values share no memory with the file unless that is said.
package carrier

import (
	"iter"
	"unicode"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/binread"
)

// String is one string that a file holds.
type String struct {
	Off   int64  // of its first byte, from the start of the file
	Value string // in UTF-8; what was none may hold U+FFFD
}

// Allowance returns how many bytes of strings a reader may yield of size bytes
// that hold them: real compilers let strings overlap, but not this much.
func Allowance(size int) int { return 8*size + 1<<16 }

// ErrAllowance says that strings overlap more than Allowance.
func ErrAllowance(section string) *binread.FormatError {
	return binread.Errorf(binread.TooLarge, section, -1, "the strings overlap so much that they are many times the size of the file; the rest was not read")
}

// maxRun is the length in bytes at which a run of text is cut in two.
const maxRun = 64 << 10

// Runs yields the runs of printable text in data, of at least so many
// characters, in UTF-8 or (of mostly Latin text) UTF-16 of the low byte first.
// A run ends at what is not text; no terminator is needed. base is the offset
// of data in its file. This is what is left to do where a format is not known.
func Runs(data []byte, base int64, least int) iter.Seq[String] {
	return func(yield func(String) bool) {
		for i := 0; i < len(data); {
			if n, chars := wide(data[i:]); chars >= least {
				if !yield(String{base + int64(i), UTF16LE(data[i : i+n])}) {
					return
				}
				i += n
				continue
			}
			n, chars := narrow(data[i:])
			if chars >= least && !yield(String{base + int64(i), string(data[i : i+n])}) {
				return
			}
			i += max(n, 1)
		}
	}
}

// narrow measures the text at the start of b.
func narrow(b []byte) (n, chars int) {
	for n < len(b) && n < maxRun {
		c := b[n]
		switch {
		case c >= ' ' && c < 0x7f || c == '\t':
			n++
		case c < utf8.RuneSelf:
			return n, chars
		default:
			r, size := utf8.DecodeRune(b[n:])
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				return n, chars
			}
			n += size
		}
		chars++
	}
	return n, chars
}

// wide measures the UTF-16 text at the start of b. Random bytes are CJK as
// often as not, so text must begin with ASCII, and most of it must be.
func wide(b []byte) (n, chars int) {
	ascii := 0
	end := 0 // behind the last ASCII character
	for n+1 < len(b) && n < maxRun {
		lo, hi := b[n], b[n+1]
		switch {
		case hi == 0 && (lo >= ' ' && lo < 0x7f || lo == '\t'):
			ascii++
			n += 2
			end = n
		case n > 0 && (hi >= 0x30 && hi < 0xd8 || hi >= 0xfe || hi == 0 && lo >= 0xa0 || hi > 0 && hi < 0x06) && ascii*2 >= n/2:
			n += 2
		default:
			return trim(n, end, ascii)
		}
		chars++
	}
	return trim(n, end, ascii)
}

// trim takes what follows the last ASCII character off again, if much of the
// whole is not ASCII.
func trim(n, end, ascii int) (int, int) {
	if ascii*4 < n/2*3 {
		n = end
	}
	return n, n / 2
}

// UTF16LE turns UTF-16 of the low byte first into UTF-8. An odd byte at the end
// is left out.
func UTF16LE(b []byte) string {
	out := make([]byte, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		r := rune(b[i]) | rune(b[i+1])<<8
		if r >= 0xd800 && r < 0xe000 {
			if r < 0xdc00 && i+3 < len(b) {
				if lo := rune(b[i+2]) | rune(b[i+3])<<8; lo >= 0xdc00 && lo < 0xe000 {
					r = (r-0xd800)<<10 | (lo - 0xdc00) + 0x10000
					i += 2
				}
			}
		}
		out = utf8.AppendRune(out, r) // a lone surrogate becomes U+FFFD
	}
	return string(out)
}

// Latin1 turns ISO-8859-1 into UTF-8.
func Latin1(b []byte) string {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			out := make([]byte, i, len(b)+len(b)/8+1)
			copy(out, b)
			for _, c := range b[i:] {
				out = utf8.AppendRune(out, rune(c))
			}
			return string(out)
		}
	}
	return string(b)
}
