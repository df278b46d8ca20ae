package emu

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/telltale-apk/telltale/dex/program"
)

// slot is a register or a field: a number or an object. Floating-point numbers
// are kept by their bits, an int as a long of the same value.
type slot struct {
	n int64
	o *object
}

// object is an object. Data is what the framework keeps in it: text, the
// elements of an array, the bytes of a builder.
type object struct {
	class   *class
	fields  []slot
	data    any
	born    uint64 // the run that made it
	touched uint64 // the last run that saved what it was before
}

// unknown stands for a value that is not known.
var unknown = &object{}

// text is the data of a string. It does not change.
type text struct {
	u       []uint16
	literal bool // it stands in a file
	// spelled is how much of it was put together of characters or bytes, or made
	// from text that was: not of strings and numbers.
	spelled int
	// The initialiser, or the outermost method, that it was made for, and its
	// instruction.
	in *method
	pc uint32
}

// Reason is why a run ended early.
type Reason string

// The closed list of reasons.
const (
	ReasonMethod Reason = "unknown method" // one that the table does not have
	ReasonCode   Reason = "unreadable code"
	ReasonValue  Reason = "unknown value" // of a field that the app sets elsewhere
	ReasonSteps  Reason = "steps"         // Limits.Call or Limits.Init
	ReasonTotal  Reason = "total steps"   // Limits.Total
	ReasonMemory Reason = "memory"        // Limits.Memory
	ReasonDepth  Reason = "depth"         // Limits.Depth
	ReasonTime   Reason = "time"          // Limits.Time
	ReasonThrown Reason = "exception"     // that nobody caught
	ReasonFault  Reason = "fault"         // of this program
)

// Stop is the error of a run that ended early.
type Stop struct {
	Reason Reason
	Detail string // the method that is not known, the class of the exception
}

func (s *Stop) Error() string {
	if s.Detail == "" {
		return string(s.Reason)
	}
	return string(s.Reason) + ": " + s.Detail
}

func stop(r Reason, format string, args ...any) error {
	return &Stop{r, fmt.Sprintf(format, args...)}
}

// thrown is an exception on its way to whoever catches it.
type thrown struct{ o *object }

func (t *thrown) Error() string { return t.o.class.desc }

// Limits bound what is run. Zero fields mean the default.
type Limits struct {
	Init   int64         // instructions of one class initialiser, with what it calls
	Call   int64         // instructions of one call, with what it calls; and some for what it is handed
	Total  int64         // instructions of all runs together
	Memory int64         // bytes that one run makes
	Depth  int           // calls inside calls
	Time   time.Duration // of all runs together: a fence behind the others
}

// DefaultLimits returns the limits that are generous for code that hides
// strings: the largest initialiser seen takes 1.6 million instructions.
func DefaultLimits() Limits {
	return Limits{Init: 2_000_000, Call: 100_000, Total: 40_000_000, Memory: 16 << 20, Depth: 200, Time: 5 * time.Second}
}

const (
	maxClasses = 1 << 16  // that code may name
	maxKept    = 64 << 20 // bytes that all initialisers together make
)

// Machine runs code. It keeps what class initialisers leave; all else that a
// run changes is undone at its end, so that runs do not depend on each other.
// It is not safe for concurrent use.
type Machine struct {
	limits    Limits
	units     []Unit
	framework program.Framework
	table     map[string]*native
	classes   map[string]*class
	index     map[string]place
	interned  map[string]*object
	// smallBoxes are the numbers of which there is one object each.
	smallBoxes map[string]*object
	constants  map[string]*object // of static fields of the framework
	thread     *object

	spent  int64 // instructions run so far
	until  int64 // spent may come up to here
	total  bool  // and that is the end of all runs
	heap   int64 // bytes made by the run
	room   int64 // and how many it may make
	kept   int64 // bytes made by initialisers
	checks int64 // spent when the clock was looked at
	start  time.Time
	clock  func() time.Time

	run     uint64 // number of the run, or of the initialiser in it
	runs    uint64
	journal []saved
	keeping bool // an initialiser runs: nothing is undone

	frames []frame
	base   int // the frame that new strings are noted to come from
	stack  []slot
	top    int

	watched *call // a call whose arguments are noted,
	seen    []slot

	// elsewhere tells that a run asked for something that differs from device
	// to device, and other that this machine answers with other values.
	elsewhere, other bool
	second           *Machine
}

// frame is a method that runs.
type frame struct {
	m  *method
	b  *body
	pc int // instruction
}

// saved is what an object or a static field was before the run changed it.
type saved struct {
	o      *object
	fields []slot
	data   any
	static *slot
	was    slot
}

// New returns a machine over units, in the order in which Android would load
// them.
func New(l Limits, units ...Unit) *Machine {
	d := DefaultLimits()
	if l.Init <= 0 {
		l.Init = d.Init
	}
	if l.Call <= 0 {
		l.Call = d.Call
	}
	if l.Total <= 0 {
		l.Total = d.Total
	}
	if l.Memory <= 0 {
		l.Memory = d.Memory
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Time <= 0 {
		l.Time = d.Time
	}
	return &Machine{
		limits: l, units: units, framework: program.Android(), table: natives(), clock: time.Now,
		classes: map[string]*class{}, interned: map[string]*object{}, smallBoxes: map[string]*object{}, constants: map[string]*object{},
	}
}

// Spent returns how many instructions were run so far.
func (m *Machine) Spent() int64 { return m.spent }

// step counts work that took as long as n instructions.
func (m *Machine) step(n int64) error {
	m.spent += n
	if m.spent > m.until {
		if m.total {
			return stop(ReasonTotal, "")
		}
		return stop(ReasonSteps, "")
	}
	if m.spent-m.checks > 1<<16 {
		m.checks = m.spent
		if m.start.IsZero() {
			m.start = m.clock()
		}
		if m.clock().Sub(m.start) > m.limits.Time {
			return stop(ReasonTime, "")
		}
	}
	return nil
}

// charge counts memory, and the work that it takes to fill it.
func (m *Machine) charge(n int64) error {
	if m.heap += n; m.heap > m.room || n < 0 {
		return stop(ReasonMemory, "")
	}
	return m.step(n >> 5)
}

// begin starts a run of at most n instructions. The returned function ends it
// and undoes what it changed.
func (m *Machine) begin(n int64) (end func()) {
	m.runs++
	m.run = m.runs
	m.setUntil(n)
	m.heap, m.room = 0, m.limits.Memory
	m.frames, m.base, m.top, m.journal, m.keeping = m.frames[:0], 0, 0, m.journal[:0], false
	return func() {
		for i := len(m.journal) - 1; i >= 0; i-- {
			s := &m.journal[i]
			if s.static != nil {
				*s.static = s.was
			} else {
				s.o.fields, s.o.data = s.fields, s.data
			}
		}
		clear(m.journal)
		m.journal = m.journal[:0]
	}
}

func (m *Machine) setUntil(n int64) {
	if n > m.limits.Total-m.spent {
		m.until, m.total = m.limits.Total, true
	} else {
		m.until, m.total = m.spent+n, false
	}
}

// perUnit is by which part of Limits.Call a call may take more for each character
// or byte that it is handed, a hundred instructions if that is not set: whoever
// hides a picture as text takes as many as that.
const perUnit = 1000

// allow gives a run what the size of its arguments asks for, within Limits.Total.
func (m *Machine) allow(args []slot) {
	n := int64(0)
	for _, a := range args {
		if a.o == nil {
			continue
		}
		switch d := a.o.data.(type) {
		case *text:
			n += int64(len(d.u))
		case []int8:
			n += int64(len(d))
		case []uint16:
			n += int64(len(d))
		}
	}
	left, each := m.until-m.spent, m.limits.Call/perUnit
	switch {
	case m.total || n == 0:
	case each > (math.MaxInt64-left)/n:
		m.setUntil(math.MaxInt64)
	default:
		m.setUntil(left + n*each)
	}
}

// runInitialiser runs a class initialiser with limits of its own.
func (m *Machine) runInitialiser(clinit *method) error {
	until, total, left := m.until, m.total, m.until-m.spent
	run, keeping, heap, room, base := m.run, m.keeping, m.heap, m.room, m.base
	m.runs++
	m.base = len(m.frames)
	m.run, m.keeping = m.runs, true
	m.setUntil(m.limits.Init)
	m.heap, m.room = 0, min(m.limits.Memory, maxKept-m.kept)
	_, err := m.invoke(clinit, nil)
	m.kept += m.heap
	m.run, m.keeping, m.heap, m.room, m.base = run, keeping, heap, room, base
	m.until, m.total = until, total
	if len(m.frames) > 0 {
		m.setUntil(left)
	}
	if t, ok := err.(*thrown); ok {
		return stop(ReasonThrown, "%s", t.o.class.desc)
	}
	return err
}

// touch is called before an object is changed, so that it can be undone.
func (m *Machine) touch(o *object) error {
	if m.keeping || o.born == m.run || o.touched == m.run {
		return nil
	}
	o.touched = m.run
	s := saved{o: o, fields: append([]slot(nil), o.fields...), data: o.data}
	// The old data go to the journal, the object gets a copy.
	d, size := copyData(o.data)
	o.data = d
	m.journal = append(m.journal, s)
	return m.charge(size + 16*int64(len(s.fields)) + 64)
}

// copyData returns a copy of what an object holds and how many bytes it takes.
func copyData(d any) (any, int64) {
	switch d := d.(type) {
	case []int8:
		return append([]int8(nil), d...), int64(len(d))
	case []uint16:
		return append([]uint16(nil), d...), 2 * int64(len(d))
	case []int16:
		return append([]int16(nil), d...), 2 * int64(len(d))
	case []int32:
		return append([]int32(nil), d...), 4 * int64(len(d))
	case []int64:
		return append([]int64(nil), d...), 8 * int64(len(d))
	case []*object:
		return append([]*object(nil), d...), 8 * int64(len(d))
	case copier:
		return d.copied()
	}
	return d, 0
}

// copier is data of an object that changes.
type copier interface{ copied() (any, int64) }

// make returns a new object.
func (m *Machine) make(c *class, data any, size int64) (*object, error) {
	if err := m.charge(size + 64); err != nil {
		return nil, err
	}
	return &object{class: c, data: data, born: m.run}, nil
}

// newObject returns a new object of a class, with empty fields.
func (m *Machine) newObject(c *class) (*object, error) {
	o, err := m.make(c, nil, 16*int64(c.words))
	if err == nil && c.words > 0 {
		o.fields = make([]slot, c.words)
	}
	return o, err
}

// newText returns a new string.
func (m *Machine) newText(u []uint16) (slot, error) {
	t := &text{u: u}
	if m.base < len(m.frames) {
		f := &m.frames[m.base]
		t.in, t.pc = f.m, f.b.pcs[f.pc]
	}
	o, err := m.make(m.class(stringDesc), t, 2*int64(len(u)))
	return slot{o: o}, err
}

// newArray returns a new array of a class of arrays.
func (m *Machine) newArray(c *class, n int64) (*object, error) {
	if c == nil || c.elem == nil {
		return nil, stop(ReasonCode, "an array of what is no class")
	}
	if n < 0 {
		return nil, m.throw("Ljava/lang/NegativeArraySizeException;", "")
	}
	size := n * 8
	switch c.elem.desc[0] {
	case 'Z', 'B':
		size = n
	case 'C', 'S':
		size = 2 * n
	case 'I', 'F':
		size = 4 * n
	}
	o, err := m.make(c, nil, size)
	if err != nil {
		return nil, err
	}
	switch c.elem.desc[0] {
	case 'Z', 'B':
		o.data = make([]int8, n)
	case 'C':
		o.data = make([]uint16, n)
	case 'S':
		o.data = make([]int16, n)
	case 'I', 'F':
		o.data = make([]int32, n)
	case 'J', 'D':
		o.data = make([]int64, n)
	default:
		o.data = make([]*object, n)
	}
	return o, nil
}

// throw makes an exception of the framework.
func (m *Machine) throw(desc, msg string) error {
	c := m.class(desc)
	if c == nil {
		return stop(ReasonCode, "no class %s", desc)
	}
	o, err := m.newObject(c)
	if err != nil {
		return err
	}
	t := &throwable{trace: m.trace()}
	if msg != "" {
		s, err := m.newText(utf16Of(msg))
		if err != nil {
			return err
		}
		t.msg = s.o
	}
	o.data = t
	return &thrown{o}
}

func (m *Machine) null() error { return m.throw("Ljava/lang/NullPointerException;", "") }

// bodyOf translates the code of a method once.
func (m *Machine) bodyOf(x *method) (*body, error) {
	if !x.made {
		x.made = true
		if x.code == 0 && x.class.isDEX() {
			x.err = stop(ReasonMethod, "%s", x)
		} else if x.body, x.err = x.class.unit.compile(x); x.err != nil {
			x.err = stop(ReasonCode, "%s: %v", x, x.err)
		}
		if x.body != nil && x.body.regs == 0 && len(x.body.insns) <= 1 {
			x.err = stop(ReasonMethod, "%s", x)
		}
		if x.body != nil {
			if err := m.step(int64(len(x.body.insns)) / 4); err != nil {
				return nil, err
			}
		}
	}
	return x.body, x.err
}

func (c *class) isDEX() bool {
	_, ok := c.unit.(*dexUnit)
	return ok
}

// invoke runs a method of the app.
func (m *Machine) invoke(x *method, args []slot) (slot, error) {
	b, err := m.bodyOf(x)
	if err != nil {
		return slot{}, err
	}
	if len(m.frames) >= m.limits.Depth {
		return slot{}, stop(ReasonDepth, "")
	}
	if len(args) != len(b.args) {
		return slot{}, stop(ReasonCode, "%s is called with other arguments than it has", x)
	}
	regs, err := m.push(b.regs)
	if err != nil {
		return slot{}, err
	}
	for i, r := range b.args {
		regs[r] = args[i]
	}
	top := m.top
	m.frames = append(m.frames, frame{m: x, b: b})
	r, err := m.exec(b, regs)
	m.frames = m.frames[:len(m.frames)-1]
	m.top = top - b.regs
	m.heap -= 16 * int64(b.regs)
	return r, err
}

// push makes room for the registers of a method. The frames of a run count as
// memory while they are there.
func (m *Machine) push(n int) ([]slot, error) {
	if err := m.charge(16 * int64(n)); err != nil {
		return nil, err
	}
	if m.top+n > len(m.stack) {
		// Frames that are there keep what they have.
		m.stack = make([]slot, 2*(m.top+n)+256)
	}
	regs := m.stack[m.top : m.top+n : m.top+n]
	clear(regs)
	m.top += n
	return regs, nil
}

// Failed reports whether err is a run that a limit ended.
func Failed(err error) (Reason, bool) {
	var s *Stop
	if !errors.As(err, &s) {
		return "", false
	}
	switch s.Reason {
	case ReasonSteps, ReasonTotal, ReasonMemory, ReasonDepth, ReasonTime:
		return s.Reason, true
	}
	return s.Reason, false
}
