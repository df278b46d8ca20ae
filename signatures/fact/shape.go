package fact

import (
	"iter"
	"slices"
)

// Skipper is what a [Unit] may offer as well: it knows the branches of code.
// Callers test for it with a type assertion.
type Skipper interface {
	// MaySkip reports whether a branch in the code of Bodies()[body] leads past
	// the call at instruction pc to a return. Exceptions do not count as
	// branches: what is run only once one was caught may be skipped.
	MaySkip(body int, pc uint32) bool
}

// Holder is what a [Unit] may offer as well: who may hold constants, without a
// look at all fields and annotations.
type Holder interface {
	// Holders returns the classes, ascending, of which ClassFields or
	// ClassAnnotations may yield one of some strings: bit i%64 of strings[i/64]
	// is String(i). None that does is missing.
	Holders(strings []uint64) []int
}

// Holders yields the classes of a unit, ascending, that may hold one of some
// strings in the sense of [Holder]: all of them, if the unit cannot tell.
func Holders(u Unit, strings []uint64) iter.Seq[int] {
	if h, ok := u.(Holder); ok {
		return slices.Values(h.Holders(strings))
	}
	return func(yield func(int) bool) {
		for i := range u.NumClasses() {
			if !yield(i) {
				return
			}
		}
	}
}

// ArrayTexts is what a [Unit] may offer as well: text that code holds as arrays
// of numbers.
type ArrayTexts interface {
	// ArrayTexts yields the arrays of bytes or characters that code fills from a
	// block of data and that are printable text of at least [MinArrayText]
	// characters, in the order of the bodies.
	ArrayTexts() iter.Seq[ArrayText]
}

// MinArrayText is how many bytes of text an array has at least to be told.
const MinArrayText = 6

// ArrayText is an array of bytes or characters that is text.
type ArrayText struct {
	Body int    // index into Bodies
	PC   uint32 // the instruction that fills the array
	Text string
}

// Emulations is what a [Unit] may offer as well: strings that code makes of
// something else to hide them, which were read by running that code.
type Emulations interface {
	// Emulated yields the strings in the order of the bodies and instructions.
	// Each is among the unit's strings, behind those of the file, and Refs has it
	// as loaded by that instruction.
	Emulated() iter.Seq[Emulated]
}

// Emulated is a string that was read by running code.
type Emulated struct {
	Body   int    // index into Bodies
	PC     uint32 // the call, or the instruction of a class initialiser, that makes it
	String uint32 // index into Strings
	Method string // the method that was run, in smali notation
}

// has reports whether a unit that may offer something does: a thawed one, if
// that was known when it was frozen.
func has(u Unit, kind sectionKind) bool {
	f, ok := u.(*frozenUnit)
	if !ok {
		return true
	}
	_, ok = f.f.sections[sectionKey{kind, f.n}]
	return ok
}

// skips writes for each body which of its calls may be skipped: one bit a call,
// without zero bytes at the end.
func skips(u Unit, s Skipper) func(*writer) {
	bodies, refs := u.Bodies(), u.Refs()
	return rows(len(bodies), func(w *writer, i int) {
		start, n := len(w.b), 0
		for _, r := range refsOf(bodies, refs, i) {
			if !r.Kind.IsCall() {
				continue
			}
			if s.MaySkip(i, r.PC) {
				for len(w.b) <= start+n/8 {
					w.byte(0)
				}
				w.b[start+n/8] |= 1 << (n % 8)
			}
			n++
		}
	})
}

func (u *frozenUnit) MaySkip(body int, pc uint32) bool {
	if !has(u, secSkips) {
		return false
	}
	row := u.row(&u.skips, secSkips, body)
	n := 0
	for _, r := range refsOf(u.Bodies(), u.Refs(), body) {
		if !r.Kind.IsCall() {
			continue
		}
		if r.PC == pc {
			return n/8 < len(row.b) && row.b[n/8]&(1<<(n%8)) != 0
		}
		n++
	}
	return false
}

// arrayTexts writes records: 1, body and instruction, text; 0 behind the last.
func arrayTexts(a ArrayTexts) func(*writer) {
	return func(w *writer) {
		last := uint32(0)
		for t := range a.ArrayTexts() {
			w.byte(1)
			w.delta(&last, uint32(t.Body))
			w.u(uint64(t.PC))
			w.text(t.Text)
		}
		w.byte(0)
	}
}

// emulated writes records: 1, body, instruction, string, method; 0 behind the
// last.
func (f *freezer) emulated(e Emulations) func(*writer) {
	return func(w *writer) {
		last := uint32(0)
		for t := range e.Emulated() {
			w.byte(1)
			w.delta(&last, uint32(t.Body))
			w.u(uint64(t.PC))
			w.u(uint64(t.String))
			w.text(t.Method)
		}
		w.byte(0)
	}
}

func (u *frozenUnit) Emulated() iter.Seq[Emulated] {
	return func(yield func(Emulated) bool) {
		if !has(u, secEmulated) {
			return
		}
		r := u.f.open(secEmulated, u.n)
		last, bodies := uint32(0), uint32(len(u.Bodies()))
		for r.err == nil && r.byte() == 1 {
			t := Emulated{Body: int(r.delta(&last)), PC: r.u32(), String: r.u32(), Method: r.text()}
			if last >= bodies {
				r.fail("a string in body %d of %d", last, bodies)
			}
			if r.err != nil {
				break
			}
			if !yield(t) {
				return
			}
		}
		u.f.done(r)
	}
}

func (u *frozenUnit) ArrayTexts() iter.Seq[ArrayText] {
	return func(yield func(ArrayText) bool) {
		if !has(u, secArrays) {
			return
		}
		r := u.f.open(secArrays, u.n)
		last, bodies := uint32(0), uint32(len(u.Bodies()))
		for r.err == nil && r.byte() == 1 {
			t := ArrayText{Body: int(r.delta(&last)), PC: r.u32(), Text: r.text()}
			if last >= bodies {
				r.fail("an array in body %d of %d", last, bodies)
			}
			if r.err != nil {
				break
			}
			if !yield(t) {
				return
			}
		}
		u.f.done(r)
	}
}
