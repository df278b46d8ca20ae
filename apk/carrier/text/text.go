// Package text reads the lines of text files in any encoding of Unicode, with
// or without a byte order mark.
package text

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/carrier"
)

// MaxLine is the length in bytes (of UTF-8) of the longest piece of text that is
// yielded. Longer lines, as of minified scripts, are cut where no word is cut.
const MaxLine = 64 << 10

// detectLen is how many bytes Detect looks at.
const detectLen = 512

// Encoding is how characters are kept in bytes.
type Encoding uint8

// The encodings. Text in others (Latin-1, GBK) is read as UTF-8 that is damaged.
const (
	UTF8 Encoding = iota
	UTF16LE
	UTF16BE
	UTF32LE
	UTF32BE
)

// unit returns how many bytes a code unit has.
func (e Encoding) unit() int {
	switch e {
	case UTF16LE, UTF16BE:
		return 2
	case UTF32LE, UTF32BE:
		return 4
	}
	return 1
}

// Detect tells the encoding from the first bytes of a file, and how many of them
// are a byte order mark. Without a mark, zeros tell: text without any Latin
// character is taken for UTF-8.
func Detect(head []byte) (e Encoding, mark int) {
	for _, m := range []struct {
		mark string
		e    Encoding
	}{
		{"\xff\xfe\x00\x00", UTF32LE},
		{"\x00\x00\xfe\xff", UTF32BE},
		{"\xff\xfe", UTF16LE},
		{"\xfe\xff", UTF16BE},
		{"\xef\xbb\xbf", UTF8},
	} {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.e, len(m.mark)
		}
	}
	for _, e := range []Encoding{UTF32LE, UTF32BE, UTF16LE, UTF16BE} {
		if mostlyLatin(head[:min(len(head), detectLen)], e) {
			return e, 0
		}
	}
	return UTF8, 0
}

// mostlyLatin reports whether bytes are text in an encoding of more than one
// byte: no character is a NUL or out of range, and half of them are ASCII.
func mostlyLatin(b []byte, e Encoding) bool {
	unit := e.unit()
	n, ascii := len(b)/unit, 0
	for ; len(b) >= unit; b = b[unit:] {
		switch r := e.rune(b); {
		case r <= 0 || r > utf8.MaxRune:
			return false
		case r < utf8.RuneSelf:
			ascii++
		}
	}
	return n >= 2 && ascii*2 >= n
}

// Lines yields the lines of a text, without their ends and without empty ones,
// and the offset of each in the bytes of r. It returns false if yield did. A
// read error ends the text: the lines before it have been yielded, the one that
// it cuts is not, as half a name is another name.
func Lines(r io.Reader, yield func(carrier.String) bool) (more bool, err error) {
	buf := make([]byte, MaxLine)
	n, err := io.ReadFull(r, buf[:detectLen])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	enc, mark := Detect(buf[:n])
	s := splitter{yield: yield, enc: enc, off: int64(mark), buf: buf, n: copy(buf, buf[mark:n])}
	return s.run(r, err)
}

// splitter cuts a stream into lines.
type splitter struct {
	yield func(carrier.String) bool
	enc   Encoding
	buf   []byte
	n     int   // bytes in buf
	off   int64 // of buf[0] in the stream
}

func (s *splitter) run(r io.Reader, err error) (bool, error) {
	for {
		done := 0
		for done < s.n {
			i := s.newline(done)
			switch {
			case i > 0:
			case err == io.EOF:
				i = s.n - done
			case done == 0 && s.n == len(s.buf):
				i = s.cut()
			}
			if i <= 0 {
				break
			}
			if v := s.decode(s.buf[done : done+i]); v != "" && !s.yield(carrier.String{Off: s.off + int64(done), Value: v}) {
				return false, nil
			}
			done += i
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		s.n = copy(s.buf, s.buf[done:s.n])
		s.off += int64(done)
		var m int
		m, err = r.Read(s.buf[s.n:])
		s.n += m
	}
}

// newline returns how many bytes of buf from start on belong to the first line,
// its end included; 0 if it does not end there.
func (s *splitter) newline(start int) int {
	b := s.buf[start:s.n]
	unit := s.enc.unit()
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return 0
		}
		i += from
		first := i - i%unit
		if first+unit > len(b) {
			return 0
		}
		if unit == 1 || s.enc.rune(b[first:]) == '\n' {
			return first + unit
		}
		from = i + 1
	}
}

// rune returns the code unit at the start of b.
func (e Encoding) rune(b []byte) rune {
	switch e {
	case UTF16LE:
		return rune(b[0]) | rune(b[1])<<8
	case UTF16BE:
		return rune(b[1]) | rune(b[0])<<8
	case UTF32LE:
		return rune(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
	case UTF32BE:
		return rune(uint32(b[3]) | uint32(b[2])<<8 | uint32(b[1])<<16 | uint32(b[0])<<24)
	}
	return rune(b[0])
}

// cut returns where to cut a line that fills the buffer.
func (s *splitter) cut() int {
	if s.enc == UTF8 {
		if i := bytes.LastIndexAny(s.buf[:s.n], " \t\"'`,;(){}<>"); i >= 0 {
			return i + 1
		}
	}
	return s.n &^ 3
}

// decode turns a line into UTF-8 without its end.
func (s *splitter) decode(b []byte) string {
	switch s.enc {
	case UTF8:
		return string(bytes.TrimRight(b, "\r\n"))
	case UTF16LE:
		return trimEnd(carrier.UTF16LE(b))
	case UTF16BE:
		swapped := make([]byte, len(b)&^1)
		for i := 0; i < len(swapped); i += 2 {
			swapped[i], swapped[i+1] = b[i+1], b[i]
		}
		return trimEnd(carrier.UTF16LE(swapped))
	}
	out := make([]byte, 0, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		out = utf8.AppendRune(out, s.enc.rune(b))
	}
	return trimEnd(string(out))
}

func trimEnd(s string) string { return strings.TrimRight(s, "\r\n") }
