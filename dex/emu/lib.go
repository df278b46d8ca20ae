package emu

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf16"
)

// What the machine knows of methods outside the app is a table of rows (lib_*.go):
// those that code which hides strings is made of, computed as the public
// documentation of Java and Android says. What is not in the table ends the run.
// No row reads a file, opens a connection or looks at a clock.

// native is a row: a method of the framework.
type native struct {
	args int   // with the receiver
	on   bool  // there is a receiver, which is not null
	ints []int // the arguments that are numbers of 32 bits or less
	fn   func(m *Machine, a []slot) slot
}

// fault carries an error out of a row.
type fault struct{ err error }

// fail ends a row with an exception or the end of the run.
func (m *Machine) fail(err error) { panic(fault{err}) }

// errNotModelled ends a row that does not know what Java would do.
var errNotModelled = errors.New("not modelled")

func (m *Machine) must(err error) {
	if err != nil {
		m.fail(err)
	}
}

// library collects rows.
type library map[string]*native

// on adds methods with a receiver: their names with the parameters.
func (l library) on(class string, fn func(m *Machine, a []slot) slot, names ...string) {
	for _, n := range names {
		l.add(class+"->"+n, 1, fn)
	}
}

// static adds methods without one.
func (l library) static(class string, fn func(m *Machine, a []slot) slot, names ...string) {
	for _, n := range names {
		l.add(class+"->"+n, 0, fn)
	}
}

func (l library) add(name string, receivers int, fn func(m *Machine, a []slot) slot) {
	args := receivers
	var ints []int
	for d := range params(name[strings.IndexByte(name, '('):]) {
		if len(d) == 1 && strings.Contains("ZBCSIF", d) {
			ints = append(ints, args)
		}
		args++
	}
	l[name] = &native{args, receivers > 0, ints, fn}
}

// natives is the whole table. It never changes, so nobody can tell that it is
// shared.
var natives = sync.OnceValue(func() map[string]*native {
	l := library{}
	l.text()
	l.builders()
	l.numbers()
	l.language()
	l.collections()
	l.streams()
	l.encodings()
	l.crypto()
	l.android()
	return l
})

// The rows' ways to look at arguments: they fail as Java does if one is null,
// and end the run if it is not what its type says.

func data[T any](m *Machine, s slot) T {
	if s.o == nil {
		m.fail(m.null())
	}
	d, ok := s.o.data.(T)
	if !ok {
		m.fail(stop(ReasonValue, "an object of %s", descOf(s.o)))
	}
	return d
}

func descOf(o *object) string {
	if o == nil || o.class == nil {
		return "an unknown class"
	}
	return o.class.desc
}

// str is the text of a string.
func (m *Machine) str(s slot) []uint16 { return data[*text](m, s).u }

// gostr is that as a Go string.
func (m *Machine) gostr(s slot) string { return string(utf16.Decode(m.str(s))) }

// seq is the text of a CharSequence.
func (m *Machine) seq(s slot) []uint16 {
	if s.o != nil {
		if b, ok := s.o.data.(*builder); ok {
			return b.u
		}
	}
	return m.str(s)
}

func (m *Machine) bytes(s slot) []int8   { return data[[]int8](m, s) }
func (m *Machine) chars(s slot) []uint16 { return data[[]uint16](m, s) }

// raw is an array of bytes as Go has them: a copy.
func (m *Machine) raw(s slot) []byte {
	b := m.bytes(s)
	m.must(m.charge(int64(len(b))))
	return goBytes(b)
}

// part is a part of an array of bytes.
func (m *Machine) part(s slot, from, n int64) []byte {
	b := m.bytes(s)
	if from < 0 || n < 0 || from+n > int64(len(b)) {
		m.fail(m.throw("Ljava/lang/IndexOutOfBoundsException;", ""))
	}
	m.must(m.charge(n))
	return goBytes(b[from : from+n])
}

func goBytes(b []int8) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = byte(c)
	}
	return out
}

// The rows' ways to make results.

func num(n int64) slot { return slot{n: n} }

func truth(b bool) slot {
	if b {
		return slot{n: 1}
	}
	return slot{}
}

func (m *Machine) text(u []uint16) slot {
	s, err := m.newText(u)
	m.must(err)
	return s
}

func (m *Machine) goText(s string) slot { return m.text(utf16Of(s)) }

func utf16Of(s string) []uint16 { return utf16.Encode([]rune(s)) }

func (m *Machine) byteArray(b []byte) slot {
	o, err := m.newArray(m.class("[B"), int64(len(b)))
	m.must(err)
	d := o.data.([]int8)
	for i, c := range b {
		d[i] = int8(c)
	}
	return slot{o: o}
}

func (m *Machine) charArray(u []uint16) slot {
	o, err := m.newArray(m.class("[C"), int64(len(u)))
	m.must(err)
	copy(o.data.([]uint16), u)
	return slot{o: o}
}

// object makes an object of the framework.
func (m *Machine) object(desc string, data any) slot {
	c := m.class(desc)
	if c == nil {
		m.fail(errNotModelled)
	}
	o, err := m.make(c, data, 32)
	m.must(err)
	return slot{o: o}
}

// fillIn is what a constructor does.
func (m *Machine) fillIn(s slot, data any) slot {
	if s.o == nil {
		m.fail(m.null())
	}
	if s.o.data != nil {
		m.fail(errNotModelled)
	}
	s.o.data = data
	return slot{}
}

// changed is called before a row changes an object.
func (m *Machine) changed(s slot) {
	if s.o == nil {
		m.fail(m.null())
	}
	m.must(m.touch(s.o))
}

// grown counts bytes that an object grew by, or work of that size.
func (m *Machine) grown(n int) { m.must(m.charge(int64(n))) }

// worked counts work.
func (m *Machine) worked(n int) { m.must(m.step(int64(n))) }

// differs says that what is answered now is another thing on every device. A
// second machine answers otherwise; only what both find counts.
func (m *Machine) differs(a, b int64) int64 {
	m.elsewhere = true
	if m.other {
		return b
	}
	return a
}
