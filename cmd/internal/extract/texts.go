package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// textSource is an entry whose strings are read when somebody asks: they are
// not kept, so a large app's assets never are in memory together.
type textSource struct {
	unit string
	kind apk.Kind
	e    *apk.Entry
}

// maxLine is the longest run of text that is handed on in one piece. Longer
// lines, as of minified scripts, are cut where no word is cut.
const maxLine = 64 << 10

// allTexts yields what stands outside code, in the order of the entries.
func (b *builder) allTexts() iter.Seq[fact.Text] {
	return func(yield func(fact.Text) bool) {
		left := b.o.Limits.Texts
		emit := func(t fact.Text) bool {
			if left--; left < 0 || b.ctx.Err() != nil {
				return false
			}
			return yield(t)
		}
		if !b.resourceTexts(emit) {
			return
		}
		for _, s := range b.texts {
			if !b.text(s, emit) {
				return
			}
		}
	}
}

// text yields the strings of one entry. Reading it again is charged to a
// budget of its own: asking twice must not use up the app's.
func (b *builder) text(s textSource, yield func(fact.Text) bool) bool {
	budget := apk.NewBudget(b.limits)
	switch {
	case s.kind == apk.KindAXML:
		data, err := s.e.Read(budget)
		if err != nil {
			return true
		}
		d, err := axml.Open(data)
		if err != nil {
			return true
		}
		for off, v := range d.Strings() {
			if !yield(fact.Text{Unit: s.unit, Kind: fact.TextXML, Off: off, Value: v}) {
				return false
			}
		}
		return true
	case s.kind == apk.KindELF:
		return b.nativeText(s, budget, yield)
	}
	r, err := s.e.Open(budget)
	if err != nil {
		return true
	}
	defer r.Close()
	kind := fact.TextAsset
	if isScript(s.unit) {
		kind = fact.TextScript
	}
	var in io.Reader = r
	if s.kind == apk.KindTextUTF16 {
		in = newUTF16(r)
	}
	return lines(in, func(off int64, line string) bool {
		return yield(fact.Text{Unit: s.unit, Kind: kind, Off: off, Value: line})
	})
}

// isScript goes by the name: what a text means to the app that loads it by
// that name cannot be told from its bytes.
func isScript(unit string) bool {
	for _, ext := range []string{".js", ".mjs", ".bundle", ".jsbundle", ".lua"} {
		if strings.HasSuffix(unit, ext) {
			return true
		}
	}
	return false
}

// lines yields the lines of a text with their offsets. Errors end it: what was
// read before has been seen.
func lines(r io.Reader, yield func(off int64, line string) bool) bool {
	buf := make([]byte, maxLine)
	var off int64 // of buf[0]
	n := 0        // bytes in buf
	for {
		m, err := r.Read(buf[n:])
		n += m
		done := 0
		for done < n {
			i := bytes.IndexByte(buf[done:n], '\n')
			switch {
			case i >= 0:
				i++
			case err != nil:
				i = n - done
			case done == 0 && n == len(buf):
				// A line longer than the buffer.
				if i = bytes.LastIndexAny(buf, " \t\"'`,;(){}<>") + 1; i == 0 {
					i = n
				}
			}
			if i < 0 {
				break
			}
			if line := bytes.TrimRight(buf[done:done+i], "\r\n"); len(line) > 0 && !yield(off+int64(done), string(line)) {
				return false
			}
			done += i
		}
		if err != nil {
			return true
		}
		n = copy(buf, buf[done:n])
		off += int64(done)
	}
}

// utf16Reader turns UTF-16 of either byte order into UTF-8.
type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	out   []byte
	begun bool
}

func newUTF16(r io.Reader) *utf16Reader { return &utf16Reader{r: bufio.NewReader(r)} }

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) < len(p) {
		var unit [2]byte
		if _, err := io.ReadFull(u.r, unit[:]); err != nil {
			if len(u.out) == 0 {
				return 0, io.EOF
			}
			break
		}
		if !u.begun {
			u.begun = true
			u.order = binary.LittleEndian
			switch {
			case unit == [2]byte{0xfe, 0xff}:
				u.order = binary.BigEndian
				continue
			case unit == [2]byte{0xff, 0xfe}:
				continue
			case unit[0] == 0:
				u.order = binary.BigEndian
			}
		}
		r := rune(u.order.Uint16(unit[:]))
		if utf16.IsSurrogate(r) {
			if next, err := u.r.Peek(2); err == nil {
				if j := utf16.DecodeRune(r, rune(u.order.Uint16(next))); j != utf8.RuneError {
					r = j
					u.r.Discard(2)
				}
			}
		}
		u.out = utf8.AppendRune(u.out, r)
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}
