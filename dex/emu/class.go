package emu

import (
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// Unit is a body of code: see [DEX] and [ClassFiles].
type Unit interface {
	numClasses() int
	className(i int) string
	classShape(i int) (super string, ifaces []string, flags uint32)
	members(i int, c *class)
	compile(m *method) (*body, error)
}

// class is a class that code named: one of the app, one of the framework, or
// one of arrays.
type class struct {
	desc   string
	unit   Unit // nil if it is not the app's
	unitNo int
	index  int
	super  *class
	ifaces []*class
	flags  uint32
	elem   *class // of an array

	methods  map[member]*method
	declared []*method
	fields   map[member]*field
	own      []*field // static fields, in their order
	statics  []slot
	wrote    []bool
	words    int // fields of an object, those of superclasses first

	state  initState
	reason error   // why it could not be initialised
	mirror *object // the object that stands for it
}

// initState says how far a class is initialised.
type initState uint8

const (
	initFresh  initState = iota
	initBusy             // its initialiser runs
	initDone             //
	initBroken           // it ended early: what it wrote until then is known, nothing else
)

// member is the name and the prototype or type of a member.
type member struct{ name, typ string }

// method is a method that a class of the app defines.
type method struct {
	class       *class
	name, proto string
	flags       uint32
	code        uint64 // where the unit finds it
	made        bool
	body        *body
	err         error
}

func (m *method) static() bool { return m.flags&dex.AccStatic != 0 }

// String returns the method in smali notation.
func (m *method) String() string { return m.class.desc + "->" + m.name + m.proto }

// field is a field that a class of the app defines.
type field struct {
	class     *class
	name, typ string
	static    bool
	slot      int // in statics or in an object
	init      constant
}

// constant is what a static field begins with.
type constant struct {
	n     int64
	text  *stringRef
	class string
}

func (c *class) addMethod(name, proto string, flags uint32, code uint64) {
	k := member{name, proto}
	if _, twice := c.methods[k]; twice {
		return
	}
	m := &method{class: c, name: name, proto: proto, flags: flags, code: code}
	c.methods[k] = m
	c.declared = append(c.declared, m)
}

func (c *class) addField(name, typ string, static bool, init constant) {
	k := member{name, typ}
	if _, twice := c.fields[k]; twice {
		return
	}
	f := &field{class: c, name: name, typ: typ, static: static, init: init}
	if static {
		f.slot = len(c.own)
		c.own = append(c.own, f)
	} else {
		f.slot = c.words
		c.words++
	}
	c.fields[k] = f
}

// maxSupers bounds the classes above one.
const maxSupers = 64

// class returns the class with a descriptor; nil if there can be none.
func (m *Machine) class(desc string) *class {
	if c, ok := m.classes[desc]; ok {
		return c
	}
	return m.loadClass(desc, 0)
}

func (m *Machine) loadClass(desc string, depth int) *class {
	if c, ok := m.classes[desc]; ok {
		return c
	}
	if desc == "" || depth > maxSupers || len(m.classes) >= maxClasses {
		return nil
	}
	c := &class{desc: desc, state: initDone}
	switch desc[0] {
	case '[':
		if c.elem = m.loadClass(desc[1:], depth+1); c.elem == nil {
			return nil
		}
		c.super = m.loadClass(objectDesc, depth+1)
	case 'L':
		if at, ok := m.where(desc); ok {
			m.classes[desc] = nil // a class above itself is none
			c.unit, c.unitNo, c.index = m.units[at.unit], at.unit, at.class
			c.state = initFresh
			super, ifaces, flags := c.unit.classShape(at.class)
			c.flags = flags
			if super != "" {
				if c.super = m.loadClass(super, depth+1); c.super == nil {
					return nil
				}
			}
			for _, i := range ifaces {
				if k := m.loadClass(i, depth+1); k != nil {
					c.ifaces = append(c.ifaces, k)
				}
			}
			if c.super != nil {
				c.words = c.super.words
			}
			c.methods, c.fields = map[member]*method{}, map[member]*field{}
			c.unit.members(at.class, c)
			break
		}
		if desc == objectDesc {
			break
		}
		super := objectDesc
		if k, ok := m.framework.Class(desc); ok {
			if k.Super != "" {
				super = k.Super
			}
			for _, i := range k.Interfaces {
				if i := m.loadClass(i, depth+1); i != nil {
					c.ifaces = append(c.ifaces, i)
				}
			}
			if k.Interface {
				c.flags |= dex.AccInterface
			}
		}
		c.super = m.loadClass(super, depth+1)
	default:
		if len(desc) != 1 || !strings.Contains("ZBCSIJFDV", desc) {
			return nil
		}
	}
	m.classes[desc] = c
	return c
}

const objectDesc = "Ljava/lang/Object;"

// place is where a class is defined.
type place struct{ unit, class int }

// where finds the definition of a class of the app: of several the first.
func (m *Machine) where(desc string) (place, bool) {
	if m.index == nil {
		n := 0
		for _, u := range m.units {
			n += u.numClasses()
		}
		m.index = make(map[string]place, n)
		for ui, u := range m.units {
			for i := range u.numClasses() {
				d := u.className(i)
				if _, ok := m.index[d]; !ok && d != objectDesc {
					m.index[d] = place{ui, i}
				}
			}
		}
	}
	p, ok := m.index[desc]
	return p, ok
}

// isA reports whether c is d, extends or implements it.
func (c *class) isA(d *class) bool {
	if c == d || d == nil {
		return c == d
	}
	if d.desc == objectDesc {
		return true
	}
	if c.elem != nil && d.elem != nil {
		return c.elem.isA(d.elem) && (c.elem.ref() || c.elem == d.elem)
	}
	for k, n := c, 0; k != nil && n < maxSupers; k, n = k.super, n+1 {
		if k == d {
			return true
		}
		for _, i := range k.ifaces {
			if i.isA(d) {
				return true
			}
		}
	}
	return false
}

// ref reports whether values of the class are objects.
func (c *class) ref() bool { return c.desc[0] == 'L' || c.desc[0] == '[' }

// findMethod looks for a method in a class of the app and those above it.
func (c *class) findMethod(k member) *method {
	for s, n := c, 0; s != nil && n < maxSupers; s, n = s.super, n+1 {
		if m := s.methods[k]; m != nil {
			return m
		}
	}
	for s, n := c, 0; s != nil && n < maxSupers; s, n = s.super, n+1 {
		for _, i := range s.ifaces {
			if m := i.findMethod(k); m != nil && m.flags&dex.AccAbstract == 0 {
				return m
			}
		}
	}
	return nil
}

// findField looks for a field likewise.
func (c *class) findField(k member) *field {
	for s, n := c, 0; s != nil && n < maxSupers; s, n = s.super, n+1 {
		if f := s.fields[k]; f != nil {
			return f
		}
		for _, i := range s.ifaces {
			if f := i.findField(k); f != nil {
				return f
			}
		}
	}
	return nil
}

// nativeOf looks for what the table has of a method, from a class upwards.
func (m *Machine) nativeOf(c *class, name, proto string) *native {
	args := proto[:strings.IndexByte(proto, ')')+1]
	var look func(c *class, depth int) *native
	look = func(c *class, depth int) *native {
		if depth > maxSupers {
			return nil
		}
		if c.unit == nil && c.elem == nil {
			if f := m.table[c.desc+"->"+name+args]; f != nil {
				return f
			}
		}
		if c.super != nil {
			if f := look(c.super, depth+1); f != nil {
				return f
			}
		}
		for _, i := range c.ifaces {
			if f := look(i, depth+1); f != nil {
				return f
			}
		}
		return nil
	}
	if name == "<init>" {
		// Constructors are not inherited; those of exceptions are all alike.
		if f := m.table[c.desc+"->"+name+args]; f != nil {
			return f
		}
		if t := m.class(throwableDesc); t != nil && c.isA(t) {
			return m.table[throwableDesc+"->"+name+args]
		}
		return nil
	}
	return look(c, 0)
}

const throwableDesc = "Ljava/lang/Throwable;"

// initialise runs the initialiser of a class if that was not done yet.
func (m *Machine) initialise(c *class) {
	if c.state != initFresh {
		return
	}
	c.state = initBusy
	c.statics, c.wrote = make([]slot, len(c.own)), make([]bool, len(c.own))
	for i, f := range c.own {
		switch {
		case f.init.text != nil:
			c.statics[i] = slot{o: m.literal(f.init.text)}
			c.wrote[i] = true
		case f.init.class != "":
			if k := m.class(f.init.class); k != nil {
				c.statics[i] = slot{o: m.mirror(k)}
			}
			c.wrote[i] = true
		default:
			c.statics[i] = slot{n: f.init.n}
			c.wrote[i] = f.init.n != 0
		}
	}
	if c.super != nil {
		m.initialise(c.super)
	}
	clinit := c.methods[member{"<clinit>", "()V"}]
	if clinit == nil {
		c.state = initDone
		return
	}
	if err := m.runInitialiser(clinit); err != nil {
		m.spoil(c, err)
		return
	}
	c.state = initDone
}

// spoil notes that an initialiser ended early. Fields that it did not come to
// write are unknown from now on.
func (m *Machine) spoil(c *class, err error) {
	c.state, c.reason = initBroken, err
	for i := range c.statics {
		if !c.wrote[i] {
			c.statics[i] = slot{o: unknown}
		}
	}
}

// literal returns the object of a constant.
func (m *Machine) literal(r *stringRef) *object {
	if r.o == nil {
		r.o = m.intern(r.units)
	}
	return r.o
}

// intern returns the one object of a text.
func (m *Machine) intern(units []uint16) *object {
	k := string(unitBytes(units))
	if o := m.interned[k]; o != nil {
		return o
	}
	o := &object{class: m.class(stringDesc), data: &text{u: units, literal: true}}
	m.interned[k] = o
	return o
}

// unitBytes are the bytes of a text, for look-ups.
func unitBytes(u []uint16) []byte {
	b := make([]byte, 0, 2*len(u))
	for _, c := range u {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}

const stringDesc = "Ljava/lang/String;"

// mirror returns the object that stands for a class.
func (m *Machine) mirror(c *class) *object {
	if c.mirror == nil {
		c.mirror = &object{class: m.class("Ljava/lang/Class;"), data: c}
	}
	return c.mirror
}
