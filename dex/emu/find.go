package emu

import (
	"strings"
	"unicode/utf16"

	"github.com/telltale-apk/telltale/dex"
)

// Method names a method: the descriptor of its class, its name and prototype.
type Method struct{ Class, Name, Proto string }

// String returns the method in smali notation.
func (m Method) String() string { return m.Class + "->" + m.Name + m.Proto }

// find returns the method of the app with that name, which unit number unit
// defines.
func (m *Machine) find(x Method, unit int) *method {
	c := m.class(x.Class)
	if c == nil || c.unit == nil || unit >= 0 && c.unitNo != unit {
		return nil
	}
	return c.methods[member{x.Name, x.Proto}]
}

// Result is what a call returned.
type Result struct {
	Text string   // in UTF-8; what is no text of Unicode became U+FFFD
	Args []string // the arguments that are text
	// Spelled tells that at least half of the text was put together of
	// characters or bytes, or made from text that was. Text that stands in a file, or
	// that is a sum of such text and of numbers, is not.
	Spelled bool
}

// Call runs the call at instruction pc of a method that unit number unit defines,
// if its arguments are constants, and returns the string that it returns. known
// is false if they are not: then nothing was run but what they are made of. The error is a *[Stop].
//
// A call whose answer depends on the device is run as on two of them; it is an
// error if they differ.
func (m *Machine) Call(unit int, caller Method, pc uint32) (r Result, known bool, err error) {
	was := m.elsewhere
	m.elsewhere = false
	r, known, err = m.callOnce(unit, caller, pc)
	m.elsewhere = m.elsewhere || was
	if known && err == nil && m.elsewhere && !m.other {
		o, _, err := m.twin().callOnce(unit, caller, pc)
		m.spent += m.twin().spent
		m.twin().spent = 0
		if err != nil || o.Text != r.Text {
			return Result{}, true, stop(ReasonValue, "it differs from device to device")
		}
	}
	return r, known, err
}

// twin is the machine of another device.
func (m *Machine) twin() *Machine {
	if m.second == nil {
		t := New(m.limits, m.fresh()...)
		t.other, t.clock, t.start = true, m.clock, m.start
		m.second = t
	}
	return m.second
}

// fresh are the units again, without what a machine keeps in them.
func (m *Machine) fresh() []Unit {
	var out []Unit
	for _, u := range m.units {
		switch u := u.(type) {
		case *dexUnit:
			out = append(out, DEX(u.f))
		case *classUnit:
			out = append(out, ClassFiles(u.s))
		}
	}
	return out
}

func (m *Machine) callOnce(unit int, caller Method, pc uint32) (r Result, known bool, err error) {
	defer m.survive(&err)
	x := m.find(caller, unit)
	if x == nil {
		return r, false, nil
	}
	end := m.begin(m.limits.Call)
	defer end()
	b, err := m.bodyOf(x)
	if err != nil {
		return r, false, err
	}
	s, c, err := m.slice(b, pc)
	if s == nil {
		return r, false, err
	}
	regs, err := m.push(s.regs)
	if err != nil {
		return r, false, err
	}
	m.frames = append(m.frames, frame{m: x, b: s})
	m.watched, m.seen = c, m.seen[:0]
	v, err := m.exec(s, regs)
	m.watched = nil
	known = len(m.seen) > 0 || len(c.args) == 0
	if t, ok := err.(*thrown); ok {
		err = stop(ReasonThrown, "%s", t.o.class.desc)
	}
	if err != nil {
		if _, limit := Failed(err); !known && !limit {
			err = nil // the arguments are no constants
		}
		return r, known, err
	}
	o := v.o
	if strings.HasSuffix(c.proto, ")V") && len(m.seen) > 0 {
		// It puts what it makes into the array that it is given last.
		if list := m.seen[len(m.seen)-1].o; list != nil {
			if d, ok := list.data.([]*object); ok && len(d) > 0 {
				o = d[0]
			}
		}
	}
	t, ok := textOf(o)
	if !ok {
		return r, known, stop(ReasonValue, "no text was returned")
	}
	r.Text, r.Spelled = t, o.data.(*text).isSpelled()
	for _, a := range m.seen {
		if t, ok := textOf(a.o); ok {
			r.Args = append(r.Args, t)
		}
	}
	return r, true, nil
}

func (t *text) isSpelled() bool { return t.spelled > 0 && 2*t.spelled >= len(t.u) }

// survive turns a fault of ours into the end of a run: what it was to read is
// lost, and nothing else of the app.
func (m *Machine) survive(err *error) {
	if x := recover(); x != nil {
		m.frames = m.frames[:0]
		*err = stop(ReasonFault, "%v", x)
	}
}

func textOf(o *object) (string, bool) {
	if o == nil {
		return "", false
	}
	t, ok := o.data.(*text)
	if !ok {
		return "", false
	}
	return string(utf16.Decode(t.u)), true
}

// Left is a string that a class initialiser spelled, in the sense of
// Result.Spelled, and left in a static field.
type Left struct {
	PC    uint32 // the instruction of the initialiser by which it was made
	Field string // smali notation
	Index int    // in an array; -1 if the field holds the string itself
	Text  string // as in Result
}

// Init runs the initialiser of a class, which unit number unit defines, and
// returns the strings that it made. An initialiser that ended early returns those
// that it left until then, and the error, a *[Stop].
func (m *Machine) Init(unit int, desc string) (list []Left, err error) {
	defer m.survive(&err)
	c := m.class(desc)
	if c == nil || c.unit == nil || c.unitNo != unit {
		return nil, nil
	}
	end := m.begin(m.limits.Init)
	m.initialise(c)
	end()
	list = m.left(c)
	if m.elsewhere && !m.other && len(list) > 0 {
		t := m.twin()
		d := t.class(desc)
		end := t.begin(t.limits.Init)
		t.initialise(d)
		end()
		m.spent += t.spent
		t.spent = 0
		same := map[Left]bool{}
		for _, l := range t.left(d) {
			same[l] = true
		}
		kept := list[:0]
		for _, l := range list {
			if same[l] {
				kept = append(kept, l)
			}
		}
		list = kept
	}
	return list, c.reason
}

// left lists what an initialiser left in the static fields of its class.
func (m *Machine) left(c *class) (out []Left) {
	clinit := c.methods[member{"<clinit>", "()V"}]
	if clinit == nil {
		return nil
	}
	for i, f := range c.own {
		if i >= len(c.statics) || c.statics[i].o == nil {
			continue
		}
		name := c.desc + "->" + f.name + ":" + f.typ
		add := func(o *object, index int) {
			if o == nil {
				return
			}
			if t, ok := o.data.(*text); ok && t.isSpelled() && t.in == clinit {
				out = append(out, Left{PC: t.pc, Field: name, Index: index, Text: string(utf16.Decode(t.u))})
			}
		}
		o := c.statics[i].o
		add(o, -1)
		switch d := o.data.(type) {
		case []*object:
			for k, e := range d {
				add(e, k)
				if e != nil {
					if inner, ok := e.data.([]*object); ok { // a table of tables
						for _, e := range inner {
							add(e, -1)
						}
					}
				}
			}
		case *list:
			for _, e := range d.l {
				add(e.o, -1)
			}
		case *dict:
			for k := range d.keys {
				add(d.keys[k].o, -1)
				add(d.vals[k].o, -1)
			}
		}
	}
	return out
}

// Hides reports whether the code of a method looks as if it made text out of
// something else: numbers, other text, data that are decoded. What it calls counts.
func (m *Machine) Hides(unit int, x Method) bool {
	var err error
	defer m.survive(&err)
	f := m.find(x, unit)
	if f == nil {
		return false
	}
	until, total := m.until, m.total
	m.setUntil(m.limits.Call)
	defer func() { m.until, m.total = until, total }()
	var t traits
	m.look(f, &t, 0, map[*method]bool{})
	return t.decodes || t.makes && t.reads && (t.xors || t.counts && t.loops)
}

// traits are what code does.
type traits struct {
	xors, counts   bool // arithmetic
	reads          bool // of elements or characters
	makes, decodes bool // text
	loops          bool
}

// maxLook is how deep Hides looks into calls.
const maxLook = 2

func (m *Machine) look(x *method, t *traits, depth int, seen map[*method]bool) {
	if seen[x] || len(seen) > 32 {
		return
	}
	seen[x] = true
	b, err := m.bodyOf(x)
	if err != nil || m.step(int64(len(b.insns))/4) != nil {
		return
	}
	for i := range b.insns {
		in := &b.insns[i]
		switch o := in.op; {
		case o == opXorInt, o == opXorLit, o == opXorLong:
			t.xors = true
		case o >= opAddInt && o <= opUshrLong, o >= opAddLit && o <= opUshrLit && !(o == opAddLit && (in.n == 1 || in.n == -1)):
			t.counts = true
		case o == opAget:
			t.reads = true
		case o >= opIfEq && o <= opIfLez || o == opGoto:
			t.loops = t.loops || in.n <= int64(i)
		case o == opInvoke:
			c := b.calls[in.n]
			m.lookAtCall(c, t)
			if depth < maxLook && (c.kind == callStatic || c.kind == callDirect) && c.name != "" {
				if k := m.class(c.class); k != nil && k.unit != nil {
					if y := k.findMethod(member{c.name, c.proto}); y != nil && y.flags&dex.AccNative == 0 {
						m.look(y, t, depth+1, seen)
					}
				}
			}
		}
	}
}

func (m *Machine) lookAtCall(c *call, t *traits) {
	switch c.class {
	case stringDesc:
		switch {
		case c.name == "<init>" && (strings.HasPrefix(c.proto, "([B") || strings.HasPrefix(c.proto, "([C")), c.name == "valueOf" && strings.HasPrefix(c.proto, "([C"):
			t.makes = true
		case c.name == "charAt" || c.name == "toCharArray" || c.name == "getBytes":
			t.reads = true
		}
	case builderDesc, bufferDesc:
		switch {
		case c.name == "append" && strings.HasPrefix(c.proto, "(C)"), c.name == "setCharAt", c.name == "appendCodePoint":
			t.makes = true
		case c.name == "charAt":
			t.reads = true
		}
	case "Landroid/util/Base64;", "Ljava/util/Base64$Decoder;":
		t.decodes = t.decodes || c.name == "decode"
	case "Ljavax/crypto/Cipher;":
		t.decodes = t.decodes || c.name == "doFinal"
	case "Ljava/util/zip/GZIPInputStream;", "Ljava/util/zip/InflaterInputStream;", "Ljava/util/zip/Inflater;":
		t.decodes = true
	}
}

// Static is what the initialiser of a class left in a static field: strings.
type Static struct {
	Field string // smali notation
	Array bool   // it holds an array; else Texts has one element
	Texts []string
	Known []bool // which of Texts are strings; the others are null or unknown
}

// Statics returns those static fields of a class that hold strings or arrays of
// strings, as its initialiser left them. Only for classes that [Machine.Init] was
// asked about.
func (m *Machine) Statics(desc string) (out []Static) {
	c := m.classes[desc]
	if c == nil {
		return nil
	}
	for i, f := range c.own {
		if i >= len(c.statics) || c.statics[i].o == nil {
			continue
		}
		s := Static{Field: c.desc + "->" + f.name + ":" + f.typ}
		add := func(o *object) {
			t, ok := textOf(o)
			s.Texts, s.Known = append(s.Texts, t), append(s.Known, ok)
		}
		switch d := c.statics[i].o.data.(type) {
		case *text:
			add(c.statics[i].o)
		case []*object:
			s.Array = true
			for _, o := range d {
				add(o)
			}
		default:
			continue
		}
		out = append(out, s)
	}
	return out
}
