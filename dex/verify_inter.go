package dex

import (
	"bytes"
	"encoding/binary"
)

// inter checks what refers from one section to another. Everything here must
// bear that the sections themselves are bad: intra went on after violations.
func (v *verifier) inter() {
	f := v.f
	for i := range f.strings.n {
		if v.enough("string_ids") {
			break
		}
		v.at(f.StringOff(uint32(i)), MapStringData, "string_ids", v.itemOff(MapStringID, i), "string data")
	}
	for _, m := range v.sections() {
		switch m.Type {
		case MapStringID:
			v.each(m.Type, f.strings.n, v.stringID)
		case MapTypeID:
			v.each(m.Type, f.types.n, v.typeID)
		case MapProtoID:
			v.protos(f.protos.n)
		case MapFieldID:
			v.each(m.Type, f.fields.n, v.fieldID)
		case MapMethodID:
			v.each(m.Type, f.methods.n, v.methodID)
		case MapClassDef:
			v.each(m.Type, f.classes.n, v.classDef)
		case MapCallSiteID:
			v.each(m.Type, f.sites.n, v.callSiteID)
		case MapAnnotationSetRefList, MapAnnotationSet, MapAnnotationsDirectory, MapClassData:
			v.walk(m)
		}
	}
}

// itemOff is the offset of item i of an id table.
func (v *verifier) itemOff(t MapType, i int) int64 {
	m, ok := v.headerTable(t)
	if !ok {
		m = Table{Off: v.first[t].Off}
	}
	size := int64(4)
	switch t {
	case MapProtoID:
		size = 12
	case MapFieldID, MapMethodID:
		size = 8
	case MapClassDef:
		size = 32
	}
	return int64(m.Off) + size*int64(i)
}

func (v *verifier) each(t MapType, n int, check func(i uint32, section string, off int64)) {
	s := t.String()
	for i := range n {
		if v.enough(s) {
			return
		}
		check(uint32(i), s, v.itemOff(t, i))
	}
}

func (v *verifier) stringID(i uint32, s string, off int64) {
	if i == 0 {
		return
	}
	a, b := v.f.StringBytes(i-1), v.f.StringBytes(i)
	if a != nil && b != nil && !mutf8Less(a, b) {
		v.fail(CheckStringOrder, s, off, "%.60q after %.60q", b, a)
	}
}

func (v *verifier) typeID(i uint32, s string, off int64) {
	v.descriptor(i, "", s, off, "descriptor")
	if i > 0 && v.f.TypeString(i-1) >= v.f.TypeString(i) {
		v.fail(CheckTypeOrder, s, off, "string %d after %d", v.f.TypeString(i), v.f.TypeString(i-1))
	}
}

// protos checks the prototypes. Type lists may be shared by all of them, so
// the sum of their lengths has a limit.
func (v *verifier) protos(n int) {
	const s = "proto_ids"
	left := v.f.workLimit()
	var prev Proto
	for i := range n {
		if v.enough(s) {
			return
		}
		off := v.itemOff(MapProtoID, i)
		raw := v.f.protos.at(uint32(i))
		p := v.f.Proto(uint32(i))
		p.Params = v.f.TypeList(binary.LittleEndian.Uint32(raw[8:]))
		if left -= 2 * int64(p.Params.Len()); left < 0 {
			v.fail(CheckTooMuch, s, off, "parameter lists overlap; the rest is not checked")
			return
		}
		if list := binary.LittleEndian.Uint32(raw[8:]); list != 0 {
			v.at(list, MapTypeList, s, off, "parameters")
		}
		if pad := binary.LittleEndian.Uint16(raw[6:]); pad != 0 && !(pad == 0xffff && p.Return == 0xffff) {
			v.fail(CheckIndex, s, off, "return type 0x%04x%04x", pad, p.Return)
		}
		v.shorty(p, s, off)
		if i > 0 {
			v.protoOrder(prev, p, s, off)
		}
		prev = p
	}
}

func (v *verifier) shorty(p Proto, s string, off int64) {
	short := v.f.StringBytes(p.Shorty)
	match := func(c byte, t uint32, ret bool) bool {
		d := v.f.StringBytes(v.f.TypeString(t))
		switch c {
		case 'V':
			return ret && string(d) == "V"
		case 'B', 'C', 'D', 'F', 'I', 'J', 'S', 'Z':
			return len(d) == 1 && d[0] == c
		case 'L':
			return len(d) > 0 && (d[0] == 'L' || d[0] == '[')
		}
		return false
	}
	if len(short) == 0 || !match(short[0], p.Return, true) {
		v.fail(CheckShorty, s, off, "%.40q does not fit return type %.80q", short, v.f.Type(p.Return))
		return
	}
	if len(short)-1 != p.Params.Len() {
		v.fail(CheckShorty, s, off, "%.40q for %d parameters", short, p.Params.Len())
		return
	}
	for i, t := range p.Params.All() {
		if !match(short[1+i], t, false) {
			v.fail(CheckShorty, s, off, "%q does not fit parameter %d, %.80q", short[1+i], i, v.f.Type(t))
			return
		}
	}
}

func (v *verifier) protoOrder(a, b Proto, s string, off int64) {
	if a.Return != b.Return {
		if a.Return > b.Return {
			v.fail(CheckProtoOrder, s, off, "return type %d after %d", b.Return, a.Return)
		}
		return
	}
	n := min(a.Params.Len(), b.Params.Len())
	for i := range n {
		switch x, y := a.Params.At(i), b.Params.At(i); {
		case x < y:
			return
		case x > y:
			v.fail(CheckProtoOrder, s, off, "parameter %d: type %d after %d", i, y, x)
			return
		}
	}
	if b.Params.Len() <= a.Params.Len() {
		v.fail(CheckProtoOrder, s, off, "the same as, or shorter than, the one before")
	}
}

func (v *verifier) name(i uint32, s string, off int64) {
	if n := v.f.StringBytes(i); !validMemberName(n) {
		v.fail(CheckMemberName, s, off, "%.80q", n)
	}
}

// ascending reports whether the triple a comes before b.
func ascending(a, b [3]uint32) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func (v *verifier) fieldID(i uint32, s string, off int64) {
	d := v.f.Field(i)
	v.descriptor(d.Class, "L", s, off, "class")
	v.descriptor(d.Type, "BCDFIJSZL[", s, off, "type")
	v.name(d.Name, s, off)
	if i > 0 {
		p := v.f.Field(i - 1)
		if !ascending([3]uint32{p.Class, p.Name, p.Type}, [3]uint32{d.Class, d.Name, d.Type}) {
			v.fail(CheckFieldOrder, s, off, "%.120s after %.120s", v.f.FieldString(i), v.f.FieldString(i-1))
		}
	}
}

func (v *verifier) methodID(i uint32, s string, off int64) {
	d := v.f.Method(i)
	v.descriptor(d.Class, "L[", s, off, "class")
	v.name(d.Name, s, off)
	if i > 0 {
		p := v.f.Method(i - 1)
		if !ascending([3]uint32{p.Class, p.Name, p.Proto}, [3]uint32{d.Class, d.Name, d.Proto}) {
			v.fail(CheckMethodOrder, s, off, "%.120s after %.120s", v.f.MethodString(i), v.f.MethodString(i-1))
		}
	}
}

func (v *verifier) classDef(i uint32, s string, off int64) {
	raw := v.f.classes.at(i)
	u := func(o int) uint32 { return binary.LittleEndian.Uint32(raw[o:]) }
	class, super := u(0), u(8)
	if class>>16 != 0 || class == 0xffff {
		v.fail(CheckClassDef, s, off, "class 0x%x", class)
	}
	class &= 0xffff
	v.descriptor(class, "L", s, off, "class")
	if u(4)&^0xffff != 0 {
		v.fail(CheckClassDef, s, off, "access flags 0x%x", u(4))
	}
	for _, t := range []struct {
		off  uint32
		kind MapType
		what string
	}{
		{u(12), MapTypeList, "interfaces"},
		{u(20), MapAnnotationsDirectory, "annotations"},
		{u(24), MapClassData, "class data"},
		{u(28), MapEncodedArray, "static values"},
	} {
		if t.off != 0 {
			v.at(t.off, t.kind, s, off, t.what)
		}
	}
	defined := func(t uint32) int64 {
		if int64(t) < int64(len(v.defined)) {
			return int64(v.defined[t])
		}
		return -1
	}
	if super != NoIndex && super>>16 == 0 && super != 0xffff {
		if v.ver >= 37 {
			if super == class {
				v.fail(CheckClassOrder, s, off, "%.80s is its own superclass", v.f.Type(class))
			} else if defined(super) > int64(i) {
				v.fail(CheckClassOrder, s, off, "%.80s stands before its superclass %.80s", v.f.Type(class), v.f.Type(super))
			}
		}
		v.descriptor(super, "L", s, off, "superclass")
	}
	seen := make(map[uint32]struct{})
	for _, t := range v.f.TypeList(u(12)).All() {
		if v.enough(s) {
			return
		}
		if v.interfaces++; v.interfaces > v.f.workLimit() {
			v.fail(CheckTooMuch, s, off, "interface lists overlap; the rest is not checked")
			v.count[s] = maxPerSection
			return
		}
		if v.ver >= 37 {
			if t == class {
				v.fail(CheckClassOrder, s, off, "%.80s is its own interface", v.f.Type(class))
			} else if defined(t) > int64(i) {
				v.fail(CheckClassOrder, s, off, "%.80s stands before its interface %.80s", v.f.Type(class), v.f.Type(t))
			}
		}
		v.descriptor(t, "L", s, off, "interface")
		if _, twice := seen[t]; twice {
			v.fail(CheckInterface, s, off, "%.80s twice", v.f.Type(t))
			break
		}
		seen[t] = struct{}{}
	}
	if owner := v.dataOwner(v.f.classDataAt(u(24))); owner != NoIndex && owner != class {
		v.fail(CheckClassDef, s, off, "the class data is that of %.80s", v.f.Type(owner))
	}
	if dir := u(20); dir != 0 {
		if owner := v.directoryOwner(int64(dir)); owner != NoIndex && owner != class {
			v.fail(CheckClassDef, s, off, "the annotations are those of %.80s", v.f.Type(owner))
		}
	}
}

// dataOwner returns the class of the first member of class data; NoIndex if it has none.
func (v *verifier) dataOwner(cd ClassData) uint32 {
	owner := uint32(NoIndex)
	if cd.StaticFields+cd.InstanceFields > 0 {
		for d := range cd.Fields() {
			return v.f.Field(d.Index).Class
		}
	}
	for d := range cd.Methods() {
		return v.f.Method(d.Index).Class
	}
	return owner
}

// directoryOwner returns the class of the first member that a directory names.
func (v *verifier) directoryOwner(off int64) uint32 {
	if off+20 > int64(len(v.d)) {
		return NoIndex
	}
	b := v.d[off:]
	u := func(o int) uint32 { return binary.LittleEndian.Uint32(b[o:]) }
	switch {
	case u(4) > 0:
		return v.f.Field(u(16)).Class
	case u(8) > 0 || u(12) > 0:
		return v.f.Method(u(16)).Class
	}
	return NoIndex
}

func (v *verifier) callSiteID(i uint32, s string, off int64) {
	data := binary.LittleEndian.Uint32(v.f.sites.at(i))
	if !v.at(data, MapEncodedArray, s, off, "call site") {
		return
	}
	want := []ValueKind{ValueMethodHandle, ValueString, ValueMethodType}
	n := 0
	for e := range v.f.EncodedArray(data) {
		if e.Kind != want[n] {
			v.fail(CheckCallSite, s, off, "value %d is of kind 0x%02x, not 0x%02x", n, uint8(e.Kind), uint8(want[n]))
			return
		}
		if n++; n == len(want) {
			return
		}
	}
	v.fail(CheckCallSite, s, off, "only %d values", n)
}

// walk goes over a data section a second time, now for what its items refer to.
func (v *verifier) walk(m MapItem) {
	s, at := m.Type.String(), int64(m.Off)
	align := alignOf(m.Type)
	// The walk reads the same bytes as intra; what ends too early was reported there.
	quiet := *v
	quiet.out, quiet.count = nil, map[string]int{}
	read := quiet.itemCheck(m.Type)
	var r vreader
	for range m.Count {
		at = (at + align - 1) &^ (align - 1)
		if at >= int64(len(v.d)) || v.enough(s) {
			return
		}
		r = vreader{v: &quiet, s: s, at: at, item: at, end: int64(len(v.d))}
		clear(quiet.count)
		quiet.out = quiet.out[:0]
		if read(&r, 0); r.bad {
			return
		}
		switch m.Type {
		case MapAnnotationSetRefList:
			for b := v.d[at+4 : r.at]; len(b) >= 4 && !v.enough(s); b = b[4:] {
				if set := binary.LittleEndian.Uint32(b); set != 0 {
					v.at(set, MapAnnotationSet, s, at, "set")
				}
			}
		case MapAnnotationSet:
			last := int64(-1)
			for b := v.d[at+4 : r.at]; len(b) >= 4 && !v.enough(s); b = b[4:] {
				off := binary.LittleEndian.Uint32(b)
				if off != 0 && !v.at(off, MapAnnotation, s, at, "annotation") {
					continue
				}
				if int64(off)+1 > int64(len(v.d)) {
					continue
				}
				t, k := uleb(v.d[off+1:])
				if k > 0 && int64(t) <= last {
					v.fail(CheckAnnotation, s, at, "types out of order: %d after %d", t, last)
				}
				last = int64(t)
			}
		case MapAnnotationsDirectory:
			v.directory(at, r.at, s)
		case MapClassData:
			v.classData(at, s)
		}
		at = r.at
	}
}

func (v *verifier) directory(at, end int64, s string) {
	b := v.d[at:end]
	if set := binary.LittleEndian.Uint32(b); set != 0 {
		v.at(set, MapAnnotationSet, s, at, "class annotations")
	}
	owner := v.directoryOwner(at)
	counts := [3]uint32{binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])}
	b = b[16:]
	for list, n := range counts {
		kind := MapAnnotationSet
		if list == 2 {
			kind = MapAnnotationSetRefList
		}
		for ; n > 0 && len(b) >= 8 && !v.enough(s); n, b = n-1, b[8:] {
			i := binary.LittleEndian.Uint32(b)
			class := v.f.Method(i).Class
			if list == 0 {
				class = v.f.Field(i).Class
			}
			if class != owner {
				v.fail(CheckAnnotation, s, at, "members of %.80s and of %.80s", v.f.Type(owner), v.f.Type(class))
			}
			v.at(binary.LittleEndian.Uint32(b[4:]), kind, s, at, "annotations of a member")
		}
	}
}

// classData checks the members of a class against its definition.
func (v *verifier) classData(at int64, s string) {
	cd := v.f.classDataAt(uint32(at))
	owner := v.dataOwner(cd)
	if owner == NoIndex {
		return
	}
	if int64(owner) >= int64(len(v.defined)) || v.defined[owner] < 0 {
		v.fail(CheckClassData, s, at, "members of %.80s, which is not defined", v.f.Type(owner))
		return
	}
	c := v.f.Class(int(v.defined[owner]))
	for d := range cd.Fields() {
		if v.enough(s) {
			return
		}
		ref := v.f.Field(d.Index)
		if ref.Class != owner {
			v.fail(CheckClassData, s, at, "field of %.80s in %.80s", v.f.Type(ref.Class), v.f.Type(owner))
		}
		v.fieldFlags(d, c, s, at)
	}
	for d := range cd.Methods() {
		if v.enough(s) {
			return
		}
		if d.CodeOff != 0 {
			v.at(d.CodeOff, MapCode, s, at, "code")
		}
		ref := v.f.Method(d.Index)
		if ref.Class != owner {
			v.fail(CheckClassData, s, at, "method of %.80s in %.80s", v.f.Type(ref.Class), v.f.Type(owner))
		}
		v.methodFlags(d, ref, c, s, at)
	}
	v.staticValues(cd, c, s, at)
}

func oneVisibility(flags uint32) bool {
	v := flags & (AccPublic | AccPrivate | AccProtected)
	return v&(v-1) == 0
}

func (v *verifier) fieldFlags(d FieldDef, c Class, s string, at int64) {
	bad := func(why string) {
		v.fail(CheckFieldFlags, s, at, "%.120s, flags 0x%x: %s", v.f.FieldString(d.Index), d.Flags, why)
	}
	const known = AccPublic | AccPrivate | AccProtected | AccStatic | AccFinal | AccVolatile | AccTransient | AccSynthetic | AccEnum
	const constant = AccPublic | AccFinal | AccStatic
	switch {
	case d.Flags&^0xffff != 0:
		bad("unknown flags")
	case !oneVisibility(d.Flags):
		bad("more than one of public, protected, private")
	case c.Flags&AccInterface != 0:
		// Before 037 ART only warns.
		if d.Flags&constant != constant && v.ver >= 37 {
			bad("field of an interface that is not public static final")
		} else if d.Flags&known&^(constant|AccSynthetic) != 0 && v.ver >= 37 {
			bad("not for a field of an interface")
		}
	case d.Flags&(AccVolatile|AccFinal) == AccVolatile|AccFinal:
		bad("volatile and final")
	}
}

func (v *verifier) methodFlags(d MethodDef, ref Method, c Class, s string, at int64) {
	bad := func(why string) {
		v.fail(CheckMethodFlags, s, at, "%.160s, flags 0x%x: %s", v.f.MethodString(d.Index), d.Flags, why)
	}
	name := v.f.StringBytes(ref.Name)
	isInit, isClinit := string(name) == "<init>", string(name) == "<clinit>"
	ctor := isInit || isClinit
	if !ctor && bytes.HasPrefix(name, []byte("<")) {
		v.fail(CheckMemberName, s, at, "method %.80q", name)
	}
	modern := v.ver >= 37 // before, ART only warns of some
	static := d.Flags&AccStatic != 0
	iface := c.Flags&AccInterface != 0
	const known = AccPublic | AccPrivate | AccProtected | AccStatic | AccFinal | AccSynthetic | AccSynchronized |
		AccBridge | AccVarargs | AccNative | AccAbstract | AccStrict
	flags := d.Flags & known
	switch {
	case d.Flags&^(0xffff|AccConstructor|AccDeclaredSynchronized) != 0:
		bad("unknown flags")
	case !oneVisibility(d.Flags):
		bad("more than one of public, protected, private")
	case d.Flags&AccConstructor != 0 && !ctor:
		bad("constructor by its flags, not by its name")
	case ctor && static != isClinit && modern:
		bad("<clinit> is static, <init> is not")
	case (d.Flags&(AccStatic|AccPrivate) != 0 || ctor) == d.Virtual:
		bad("in the wrong one of the lists of direct and virtual methods")
	case iface && modern && flags&(AccPublic|AccStatic|AccPrivate) == 0:
		bad("method of an interface that is not public")
	case d.CodeOff == 0 && flags&(AccNative|AccAbstract) == 0:
		bad("no code, but neither native nor abstract")
	case d.CodeOff == 0 && ctor && modern:
		bad("constructor without code")
	case d.CodeOff == 0 && flags&AccAbstract != 0 &&
		flags&(AccPrivate|AccStatic|AccFinal|AccNative|AccStrict|AccSynchronized) != 0:
		bad("not for an abstract method")
	case d.CodeOff == 0 && iface && modern && flags&(AccPublic|AccAbstract) != AccPublic|AccAbstract:
		bad("method of an interface without code that is not public abstract")
	case d.CodeOff != 0 && flags&(AccNative|AccAbstract) != 0:
		bad("code, but native or abstract")
	case d.CodeOff != 0 && isInit &&
		flags&^(AccPrivate|AccProtected|AccPublic|AccStrict|AccVarargs|AccSynthetic) != 0:
		bad("not for a constructor")
	}
	if ctor {
		p := v.f.Proto(ref.Proto)
		if v.f.Type(p.Return) != "V" || isClinit && p.Params.Len() > 0 {
			v.fail(CheckConstructor, s, at, "%.160s", v.f.MethodString(d.Index))
		}
	}
}

// staticValues checks that the initial values fit the static fields.
func (v *verifier) staticValues(cd ClassData, c Class, s string, at int64) {
	if c.StaticValuesOff == 0 || int64(c.StaticValuesOff) >= int64(len(v.d)) {
		return
	}
	n, _ := uleb(v.d[c.StaticValuesOff:])
	if int64(n) > int64(cd.StaticFields) {
		v.fail(CheckStaticValue, s, at, "%d values for %d static fields", n, cd.StaticFields)
		return
	}
	kinds := map[ValueKind]byte{
		ValueBoolean: 'Z', ValueByte: 'B', ValueShort: 'S', ValueChar: 'C', ValueInt: 'I', ValueLong: 'J', ValueFloat: 'F', ValueDouble: 'D',
		ValueNull: 'L', ValueString: 'L', ValueType: 'L',
	}
	var fields []uint32
	for d := range cd.Fields() {
		if len(fields) == int(n) {
			break
		}
		fields = append(fields, d.Index)
	}
	i := 0
	for val := range v.f.EncodedArray(c.StaticValuesOff) {
		if i == len(fields) || v.enough(s) {
			return
		}
		want := byte(0)
		if d := v.f.Type(v.f.Field(fields[i]).Type); d != "" {
			if want = d[0]; want == '[' {
				want = 'L'
			}
		}
		if got, ok := kinds[val.Kind]; !ok || got != want {
			v.fail(CheckStaticValue, s, at, "%.120s starts as a value of kind 0x%02x", v.f.FieldString(fields[i]), uint8(val.Kind))
		}
		i++
	}
}
