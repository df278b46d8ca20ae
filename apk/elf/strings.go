package elf

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// Text is a run of printable text in the file.
type Text struct {
	Off   int64 // of its first byte, from the start of the file
	Value string
}

const (
	// maxText is the length in bytes at which a run is cut in two.
	maxText = 64 << 10
	chunk   = 256 << 10 // bytes that are read at once; several times maxText
)

// Strings yields the runs of printable text in ConstantData, in order: of at
// least so many characters, in UTF-8. In data a run ends at any byte that is
// not text. Among code, where random bytes look like text, only runs are taken
// that end with NUL or a line break and are half as long again. A read error is yielded last.
func (f *File) Strings(least int) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		for _, r := range f.ConstantData() {
			s := scanner{yield: yield, least: least, strict: r.Code}
			if r.Code {
				s.least += least / 2
			}
			if !f.scan(r, &s) {
				return
			}
		}
	}
}

// scan yields the runs of one range. It reports whether to go on.
func (f *File) scan(r Range, s *scanner) bool {
	end := r.Off + r.Size
	for at := r.Off; at < end; {
		b, err := f.bytes(at, min(chunk, end-at))
		if err != nil {
			s.yield(Text{}, err)
			return false
		}
		if len(b) == 0 {
			return true // the file is shorter than it was
		}
		used, more := s.runs(b, at, len(b) < chunk || at+int64(len(b)) == end)
		if !more {
			return false
		}
		at += int64(used)
	}
	return true
}

type scanner struct {
	yield  func(Text, error) bool
	least  int
	strict bool
}

// runs yields the runs in b, which stands at base. Unless it is the last part,
// a run that reaches the end of b is left for the next call. It returns how
// many bytes were dealt with, and whether to go on.
func (s *scanner) runs(b []byte, base int64, last bool) (used int, more bool) {
	for i := 0; i < len(b); {
		r := measure(b[i:])
		end := i + r.bytes
		if !last && !r.cut && end > len(b)-utf8.UTFMax && i > 1 {
			return i - 1, true // the byte before tells whether a string begins here
		}
		terminated := end < len(b) && (b[end] == 0 || b[end] == '\n' || b[end] == '\r')
		// A run that is mostly not ASCII is text only if it is a string by
		// itself.
		whole := terminated && (i == 0 || b[i-1] == 0)
		if r.chars >= s.least && (r.ascii*2 >= r.chars || whole) && (!s.strict || terminated) {
			if !s.yield(Text{base + int64(i), string(b[i:end])}, nil) {
				return 0, false
			}
		}
		i = end
		if !r.cut {
			i++ // the byte that ended the run
		}
	}
	return len(b), true
}

type extent struct {
	bytes, chars, ascii int
	cut                 bool // it goes on behind maxText bytes
}

// measure returns the extent of the text at the start of b.
func measure(b []byte) (r extent) {
	for r.bytes < len(b) {
		if r.bytes > maxText-utf8.UTFMax {
			r.cut = true
			return r
		}
		c := b[r.bytes]
		if c < utf8.RuneSelf {
			if (c < ' ' && c != '\t') || c == 0x7f {
				return r
			}
			r.bytes++
			r.ascii++
		} else {
			v, size := utf8.DecodeRune(b[r.bytes:])
			if v == utf8.RuneError || !unicode.IsPrint(v) {
				return r
			}
			r.bytes += size
		}
		r.chars++
	}
	return r
}
