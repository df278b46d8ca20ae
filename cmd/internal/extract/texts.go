package extract

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
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

// late collects what goes wrong while texts are read. They may be read more
// than once; each problem counts once.
type late struct {
	mu   sync.Mutex
	seen map[fact.Problem]bool
	all  []fact.Problem
}

func (l *late) add(p fact.Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen[p] || len(l.all) >= maxProblems {
		return
	}
	if l.seen == nil {
		l.seen = map[fact.Problem]bool{}
	}
	l.seen[p] = true
	l.all = append(l.all, p)
}

func (l *late) list() []fact.Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// allTexts yields what stands outside code, in the order of the entries. Each
// time is charged to a budget of its own: asking twice must not use up the
// app's.
func (b *builder) allTexts() iter.Seq[fact.Text] {
	return func(yield func(fact.Text) bool) {
		left := b.o.Limits.Texts
		emit := func(t fact.Text) bool {
			if b.ctx.Err() != nil {
				return false
			}
			if left--; left < 0 {
				b.late.add(fact.Problem{
					Part: t.Unit, Kind: fact.ProblemBudget, Lossy: true,
					Detail: fmt.Sprintf("there are more than %d strings outside code; from this file on they were not read%s", b.o.Limits.Texts, raise("texts")),
				})
				return false
			}
			return yield(t)
		}
		if !b.resourceTexts(emit) {
			return
		}
		budget := apk.NewBudget(b.limits)
		for _, s := range b.texts {
			more, err := b.text(s, budget, emit)
			if err != nil && b.ctx.Err() == nil {
				b.late.add(problemOf(s.unit, problemKind(err), err, true))
			}
			if !more || isSpent(err) {
				return
			}
		}
	}
}

// isSpent reports whether nothing more can be read.
func isSpent(err error) bool {
	fe := asFormat(err)
	return fe != nil && fe.Limit == apk.LimitTotalBytes
}

// text yields the strings of one entry. It returns false if yield did, and what
// kept the entry from being read to its end.
func (b *builder) text(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	switch {
	case s.kind == apk.KindAXML:
		data, err := s.e.Read(budget)
		if err != nil {
			return true, err
		}
		d, err := axml.Open(data)
		if err != nil {
			return true, err
		}
		for off, v := range d.Strings() {
			if !yield(fact.Text{Unit: s.unit, Kind: fact.TextXML, Off: off, Value: v}) {
				return false, nil
			}
		}
		return true, nil
	case s.kind == apk.KindELF:
		return b.nativeText(s, budget, yield)
	}
	r, err := s.e.Open(budget)
	if err != nil {
		return true, err
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

// lines yields the lines of a text with their offsets. An error ends it: the
// lines before it have been seen, the one that it cuts is not told, as half a
// name is another name.
func lines(r io.Reader, yield func(off int64, line string) bool) (more bool, err error) {
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
			case err == io.EOF:
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
			if len(u.out) > 0 {
				break
			}
			if err == io.ErrUnexpectedEOF {
				err = io.EOF // half a character at the end
			}
			return 0, err
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
