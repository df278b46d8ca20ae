package extract

import (
	"encoding/binary"
	"iter"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/ir"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// shape answers what the branches of a unit's code tell. Callers mostly ask for
// one call of a body after another.
type shape struct {
	mu     sync.Mutex
	body   int // the one that graph is of, counted from 1
	code   dex.Code
	graph  ir.Graph
	always []bool
}

// MaySkip reports whether a branch leads past a call.
func (u *dexUnit) MaySkip(body int, pc uint32) bool {
	u.sweep.Do(u.walk)
	if body < 0 || body >= len(u.defs) {
		return false
	}
	s := &u.shape
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body != body+1 {
		s.body = body + 1
		s.code = u.f.Code(u.defs[body].CodeOff)
		s.graph.Build(&s.code)
		s.always = s.graph.Always(s.always[:0])
	}
	b, ok := s.graph.Find(pc)
	return ok && !s.always[b]
}

// ArrayTexts yields what code fills arrays with that is text.
func (u *dexUnit) ArrayTexts() iter.Seq[fact.ArrayText] {
	u.sweep.Do(u.walk)
	return func(yield func(fact.ArrayText) bool) {
		left := len(u.f.Bytes()) // bodies may overlap in hostile files
		for _, body := range u.fills {
			c := u.f.Code(u.defs[body].CodeOff)
			for pc, in := range c.Instructions() {
				if in.Op() != dex.OpFillArrayData {
					continue
				}
				at := int64(pc) + int64(in.Offset())
				if at < 0 || at >= int64(c.Units()) {
					continue
				}
				p, _ := c.At(uint32(at))
				if p.Op() != dex.OpFillArrayPayload {
					continue
				}
				text, ok := arrayText(p.ArrayData())
				if !ok {
					continue
				}
				if left -= len(text); left < 0 || !yield(fact.ArrayText{Body: body, PC: pc, Text: text}) {
					return
				}
			}
		}
	}
}

// arrayText returns the text that elements of a width are: bytes in UTF-8,
// characters in UTF-16.
func arrayText(data []byte, width int) (string, bool) {
	const most = 1 << 16
	if len(data) < fact.MinArrayText || len(data) > most {
		return "", false
	}
	s := ""
	switch width {
	case 1:
		if !utf8.Valid(data) {
			return "", false
		}
		s = string(data)
	case 2:
		u := make([]uint16, len(data)/2)
		for i := range u {
			u[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
		s = string(utf16.Decode(u))
	}
	if len(s) < fact.MinArrayText || strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t'
	}) {
		return "", false
	}
	return s, true
}
