package dex

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Access flags, as in the format. Some bits mean different things on classes,
// fields and methods.
const (
	AccPublic               = 0x1
	AccPrivate              = 0x2
	AccProtected            = 0x4
	AccStatic               = 0x8
	AccFinal                = 0x10
	AccSynchronized         = 0x20 // methods
	AccVolatile             = 0x40 // fields
	AccBridge               = 0x40 // methods
	AccTransient            = 0x80 // fields
	AccVarargs              = 0x80 // methods
	AccNative               = 0x100
	AccInterface            = 0x200
	AccAbstract             = 0x400
	AccStrict               = 0x800
	AccSynthetic            = 0x1000
	AccAnnotation           = 0x2000
	AccEnum                 = 0x4000
	AccConstructor          = 0x10000
	AccDeclaredSynchronized = 0x20000
)

// Class is a class definition as it stands in the file.
type Class struct {
	Type            uint32 // into types
	Flags           uint32
	Super           uint32 // into types; NoIndex if none
	InterfacesOff   uint32
	SourceFile      uint32 // into strings; NoIndex if none
	AnnotationsOff  uint32
	ClassDataOff    uint32
	StaticValuesOff uint32
}

// NumClasses returns how many class definitions lie in the file.
func (f *File) NumClasses() int { return f.classes.n }

// Class returns class definition i; all indices are NoIndex if i is out of range.
func (f *File) Class(i int) Class {
	if i < 0 || i >= f.classes.n {
		return Class{Type: NoIndex, Super: NoIndex, SourceFile: NoIndex}
	}
	b := f.classes.b[32*i : 32*i+32]
	u := func(o int) uint32 { return binary.LittleEndian.Uint32(b[o:]) }
	c := Class{
		// Two 16-bit indices, each with 16 bits of padding that ART does not look at.
		Type: u(0) & 0xffff, Flags: u(4), Super: u(8) & 0xffff, InterfacesOff: u(12),
		SourceFile: u(16), AnnotationsOff: u(20), ClassDataOff: u(24), StaticValuesOff: u(28),
	}
	if c.Super == 0xffff {
		c.Super = NoIndex
	}
	return c
}

// Interfaces returns the interfaces that class definition i names, at most [MaxInterfaces].
func (f *File) Interfaces(i int) TypeList {
	return f.TypeList(f.Class(i).InterfacesOff).cut(MaxInterfaces)
}

// FieldDef is a field that a class defines.
type FieldDef struct {
	Index  uint32 // into fields
	Flags  uint32
	Static bool // listed among the static fields
}

// MethodDef is a method that a class defines.
type MethodDef struct {
	Index   uint32 // into methods
	Flags   uint32
	CodeOff uint32 // for [File.Code]; 0 if it has no code
	Virtual bool   // listed among the virtual methods
}

// ClassData is the list of members that a class defines, read on demand.
// Counts are those of the file, cut to what its bytes can hold.
type ClassData struct {
	StaticFields, InstanceFields  int
	DirectMethods, VirtualMethods int
	b                             []byte // from the first field on
}

// ClassData returns the members of class definition i. It is empty if the
// class has none, if they cannot be read, or if class data of the file overlap
// so much that reading them all would take too long (an anomaly says so).
func (f *File) ClassData(i int) ClassData {
	if i < 0 || i >= f.classes.n {
		return ClassData{}
	}
	f.clsOnce.Do(f.indexClasses)
	if _, refused := f.cls.refused[i]; refused {
		return ClassData{}
	}
	return f.classDataAt(f.Class(i).ClassDataOff)
}

func (f *File) classDataAt(off uint32) (cd ClassData) {
	if off == 0 || int64(off) >= int64(len(f.data)) {
		return cd
	}
	b := f.data[off:]
	var n [4]uint32
	for i := range n {
		var k int
		if n[i], k = uleb(b); k == 0 {
			return ClassData{}
		}
		b = b[k:]
	}
	// A field takes at least two bytes, a method three.
	left := int64(len(b))
	for i, dst := range []*int{&cd.StaticFields, &cd.InstanceFields, &cd.DirectMethods, &cd.VirtualMethods} {
		size := int64(2)
		if i >= 2 {
			size = 3
		}
		c := min(int64(n[i]), left/size)
		*dst = int(c)
		left -= c * size
	}
	cd.b = b
	return cd
}

// uleb reads an unsigned LEB128 of at most five bytes; bits above the 32nd are
// dropped. k is the number of bytes, 0 if b ends before the number does.
func uleb(b []byte) (v uint32, k int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint32(b[0]), 1
	}
	for k < len(b) && k < 5 {
		c := b[k]
		v |= uint32(c&0x7f) << (7 * k)
		k++
		if c < 0x80 || k == 5 {
			return v, k
		}
	}
	return 0, 0
}

// sleb reads a signed LEB128 of at most five bytes.
func sleb(b []byte) (v int32, k int) {
	u, k := uleb(b)
	if k > 0 && k < 5 && b[k-1]&0x40 != 0 {
		u |= ^uint32(0) << (7 * k)
	}
	return int32(u), k
}

// Fields yields the static fields, then the instance fields.
func (cd ClassData) Fields() iter.Seq[FieldDef] {
	return func(yield func(FieldDef) bool) { cd.walk(yield, nil) }
}

// Methods yields the direct methods (static, private, constructors), then the
// virtual ones.
func (cd ClassData) Methods() iter.Seq[MethodDef] {
	return func(yield func(MethodDef) bool) { cd.walk(nil, yield) }
}

// walk calls field and method, where they are not nil, for each member. It
// returns the bytes behind the list and whether all of it was read.
func (cd ClassData) walk(field func(FieldDef) bool, method func(MethodDef) bool) (rest []byte, ok bool) {
	b := cd.b
	for static := true; ; static = false {
		n := cd.InstanceFields
		if static {
			n = cd.StaticFields
		}
		idx := uint32(0)
		for range n {
			diff, k := uleb(b)
			flags, l := uleb(b[k:])
			if k == 0 || l == 0 {
				return b, false
			}
			b = b[k+l:]
			idx += diff
			if field != nil && !field(FieldDef{Index: idx, Flags: flags, Static: static}) {
				return b, true
			}
		}
		if !static {
			break
		}
	}
	if method == nil {
		return b, true
	}
	for virtual := false; ; virtual = true {
		n := cd.DirectMethods
		if virtual {
			n = cd.VirtualMethods
		}
		idx := uint32(0)
		for range n {
			diff, k := uleb(b)
			flags, l := uleb(b[k:])
			if k == 0 || l == 0 {
				return b, false
			}
			code, m := uleb(b[k+l:])
			if m == 0 {
				return b, false
			}
			b = b[k+l+m:]
			idx += diff
			if !method(MethodDef{Index: idx, Flags: flags, CodeOff: code, Virtual: virtual}) {
				return b, true
			}
		}
		if virtual {
			return b, true
		}
	}
}

// classIndex tells which class data are not read because they overlap too much.
type classIndex struct {
	refused   map[int]struct{}
	anomalies []*binread.FormatError
}

func (f *File) indexClasses() {
	left := f.workLimit()
	bad := 0
	for i := range f.classes.n {
		off := f.Class(i).ClassDataOff
		if off == 0 {
			continue
		}
		if int64(off) >= int64(len(f.data)) {
			if bad++; bad <= maxStringAnomalies {
				f.cls.anomalies = append(f.cls.anomalies, binread.Errorf(binread.OutOfRange, "class_data", int64(off), "members of class %d lie outside the file", i))
			}
			continue
		}
		cd := f.classDataAt(off)
		cost := 2*int64(cd.StaticFields+cd.InstanceFields) + 3*int64(cd.DirectMethods+cd.VirtualMethods) + 4
		if cost > left {
			if f.cls.refused == nil {
				f.cls.refused = make(map[int]struct{})
			}
			f.cls.refused[i] = struct{}{}
			continue
		}
		left -= cost
	}
	if n := len(f.cls.refused); n > 0 {
		f.cls.anomalies = append(f.cls.anomalies, binread.Errorf(binread.TooLarge, "class_data", -1,
			"class data overlap; the members of %d classes were not read", n))
	}
}

// EachCode calls fn for each method that has code: class definitions in order,
// their methods as [ClassData.Methods] yields them. fn returns false to stop.
// Code that several methods share is passed for each of them, until the sum is
// far beyond what the file can hold without hostile overlap; then EachCode
// returns false. Code that cannot be read is passed with its Err set.
func (f *File) EachCode(fn func(class int, m MethodDef, c Code) bool) bool {
	left := f.workLimit()
	for i := range f.classes.n {
		for m := range f.ClassData(i).Methods() {
			if m.CodeOff == 0 {
				continue
			}
			c := f.Code(m.CodeOff)
			if left -= int64(len(c.insns)) + 16; left < 0 {
				return false
			}
			if !fn(i, m, c) {
				return true
			}
		}
	}
	return true
}
