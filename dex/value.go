package dex

import (
	"encoding/binary"
	"iter"
	"math"

	"github.com/telltale-apk/telltale/apk/binread"
)

// ValueKind is the type of an encoded value, as in the format.
type ValueKind uint8

// The kinds of value.
const (
	ValueByte         ValueKind = 0x00
	ValueShort        ValueKind = 0x02
	ValueChar         ValueKind = 0x03
	ValueInt          ValueKind = 0x04
	ValueLong         ValueKind = 0x06
	ValueFloat        ValueKind = 0x10
	ValueDouble       ValueKind = 0x11
	ValueMethodType   ValueKind = 0x15 // Index is into protos
	ValueMethodHandle ValueKind = 0x16
	ValueString       ValueKind = 0x17
	ValueType         ValueKind = 0x18
	ValueField        ValueKind = 0x19
	ValueMethod       ValueKind = 0x1a
	ValueEnum         ValueKind = 0x1b // Index is into fields
	ValueArray        ValueKind = 0x1c
	ValueAnnotation   ValueKind = 0x1d
	ValueNull         ValueKind = 0x1e
	ValueBoolean      ValueKind = 0x1f
)

// Value is a constant: the initial value of a static field, an element of an
// annotation, an argument of a call site.
type Value struct {
	Kind  ValueKind
	depth uint8
	bits  uint64
	raw   []byte // what an array or annotation holds
}

// Int returns a byte, short, int or long, sign-extended, or a char.
func (v Value) Int() int64 { return int64(v.bits) }

// Bool returns a boolean.
func (v Value) Bool() bool { return v.bits != 0 }

// Float returns a float or a double.
func (v Value) Float() float64 {
	if v.Kind == ValueFloat {
		return float64(math.Float32frombits(uint32(v.bits)))
	}
	return math.Float64frombits(v.bits)
}

// Index returns the index of a string, type, field, method, enum constant,
// method type or method handle; [NoIndex] for other kinds.
func (v Value) Index() uint32 {
	if v.Kind >= ValueMethodType && v.Kind <= ValueEnum {
		return uint32(v.bits)
	}
	return NoIndex
}

// Array yields the elements of an array. Elements nested deeper than
// [MaxNesting] are not read.
func (v Value) Array() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind == ValueArray {
			eachValue(v.raw, v.depth, yield)
		}
	}
}

// Annotation returns an annotation that is a value; ok is false for other kinds.
func (v Value) Annotation() (a Annotation, ok bool) {
	if v.Kind != ValueAnnotation {
		return Annotation{}, false
	}
	return parseAnnotation(v.raw, v.depth)
}

// eachValue yields the values of the encoded_array at b. It returns the bytes
// it took, 0 if the array is not well-formed.
func eachValue(b []byte, depth uint8, yield func(Value) bool) int {
	n, k := uleb(b)
	if k == 0 {
		return 0
	}
	at := k
	for range n {
		v, l := parseValue(b[at:], depth)
		if l == 0 {
			return 0
		}
		at += l
		if !yield(v) {
			return at
		}
	}
	return at
}

// parseValue reads the encoded_value at b, which stands inside depth arrays or
// annotations. n is the bytes it takes, 0 if it is not well-formed.
func parseValue(b []byte, depth uint8) (v Value, n int) {
	if len(b) == 0 {
		return v, 0
	}
	v.Kind = ValueKind(b[0] & 0x1f)
	arg := int(b[0] >> 5)
	body := b[1:]
	switch v.Kind {
	case ValueNull:
		return v, 1
	case ValueBoolean:
		v.bits = uint64(arg & 1)
		return v, 1
	case ValueArray, ValueAnnotation:
		if depth >= MaxNesting {
			return v, 0
		}
		v.depth = depth + 1
		l := 0
		if v.Kind == ValueArray {
			l = skipArray(body, v.depth, nil)
		} else {
			l = skipAnnotation(body, v.depth, nil)
		}
		if l == 0 {
			return v, 0
		}
		v.raw = body[:l:l]
		return v, 1 + l
	case ValueByte, ValueShort, ValueChar, ValueInt, ValueLong, ValueFloat, ValueDouble,
		ValueMethodType, ValueMethodHandle, ValueString, ValueType, ValueField, ValueMethod, ValueEnum:
	default:
		return v, 0
	}
	size := arg + 1
	if len(body) < size {
		return v, 0
	}
	var buf [8]byte
	copy(buf[:], body[:size])
	v.bits = binary.LittleEndian.Uint64(buf[:])
	switch v.Kind {
	case ValueByte:
		v.bits = uint64(int64(int8(v.bits)))
	case ValueShort, ValueInt, ValueLong:
		s := 64 - 8*size
		v.bits = uint64(int64(v.bits<<s) >> s)
		if v.Kind == ValueInt {
			v.bits = uint64(int64(int32(v.bits)))
		} else if v.Kind == ValueShort {
			v.bits = uint64(int64(int16(v.bits)))
		}
	case ValueChar:
		v.bits = uint64(uint16(v.bits))
	case ValueFloat:
		// The bytes given are the most significant ones.
		v.bits = uint64(uint32(v.bits << (8 * max(0, 4-size))))
	case ValueDouble:
		v.bits <<= 8 * (8 - size)
	default:
		if size > 4 {
			v.bits = uint64(NoIndex)
		}
	}
	return v, 1 + size
}

// EncodedArray yields the values of the encoded_array at off.
func (f *File) EncodedArray(off uint32) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if off == 0 || int64(off) >= int64(len(f.data)) {
			return
		}
		eachValue(f.data[off:], 0, yield)
	}
}

// flatArray is EncodedArray where arrays and annotations cannot be elements.
func (f *File) flatArray(off uint32) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if off == 0 || int64(off) >= int64(len(f.data)) {
			return
		}
		eachValue(f.data[off:], MaxNesting, yield)
	}
}

// StaticValues yields the initial values of the static fields of class
// definition i, in the order of [ClassData.Fields]. Fields behind the last
// value start as 0 or null. Reading ends at an array or an annotation, which no
// field can start as, and after as many values as there are fields.
func (f *File) StaticValues(i int) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		off := f.Class(i).StaticValuesOff
		if off == 0 {
			return
		}
		n := f.ClassData(i).StaticFields
		for v := range f.flatArray(off) {
			if n == 0 || !yield(v) {
				return
			}
			n--
		}
	}
}

// Annotation is one annotation.
type Annotation struct {
	Visibility uint8  // 0 build, 1 runtime, 2 system; 0 if it is a value
	Type       uint32 // into types
	n          uint32
	raw        []byte // its elements
	depth      uint8
}

func parseAnnotation(b []byte, depth uint8) (a Annotation, ok bool) {
	typ, k := uleb(b)
	n, l := uleb(b[k:])
	if k == 0 || l == 0 {
		return a, false
	}
	return Annotation{Type: typ, n: n, raw: b[k+l:], depth: depth}, true
}

// skipValue returns the bytes that the encoded_value at b takes, 0 if it is not
// well-formed, and tells held, if that is not nil, of the strings that it names.
// It accepts what parseValue does.
func skipValue(b []byte, depth uint8, held *holds) int {
	if len(b) == 0 {
		return 0
	}
	switch kind := ValueKind(b[0] & 0x1f); kind {
	case ValueNull, ValueBoolean:
		return 1
	case ValueArray, ValueAnnotation:
		if depth >= MaxNesting {
			return 0
		}
		l := 0
		if kind == ValueArray {
			l = skipArray(b[1:], depth+1, held)
		} else {
			l = skipAnnotation(b[1:], depth+1, held)
		}
		if l == 0 {
			return 0
		}
		return 1 + l
	case ValueString:
		size := int(b[0]>>5) + 1
		if len(b) <= size {
			return 0
		}
		if held == nil {
			return 1 + size
		}
		var i uint64
		for k := size; k > 0; k-- {
			i = i<<8 | uint64(b[k])
		}
		held.add(i)
		return 1 + size
	case ValueByte, ValueShort, ValueChar, ValueInt, ValueLong, ValueFloat, ValueDouble,
		ValueMethodType, ValueMethodHandle, ValueType, ValueField, ValueMethod, ValueEnum:
		size := int(b[0]>>5) + 1
		if len(b) <= size {
			return 0
		}
		return 1 + size
	}
	return 0
}

// skipArray is skipValue for an encoded_array.
func skipArray(b []byte, depth uint8, held *holds) int {
	n, at := uleb(b)
	if at == 0 {
		return 0
	}
	for range n {
		l := skipValue(b[at:], depth, held)
		if l == 0 {
			return 0
		}
		at += l
	}
	return at
}

// skipAnnotation is skipValue for an encoded_annotation.
func skipAnnotation(b []byte, depth uint8, held *holds) int {
	a, ok := parseAnnotation(b, depth)
	if !ok {
		return 0
	}
	l := a.skip(held)
	if l < 0 {
		return 0
	}
	return len(b) - len(a.raw) + l
}

// skip is each without a look at the values.
func (a *Annotation) skip(held *holds) int {
	at := 0
	for range a.n {
		_, k := uleb(a.raw[at:])
		if k == 0 {
			return -1
		}
		l := skipValue(a.raw[at+k:], a.depth, held)
		if l == 0 {
			return -1
		}
		at += k + l
	}
	return at
}

// each yields the elements and returns the bytes they take, -1 if they are not well-formed.
func (a Annotation) each(yield func(uint32, Value) bool) int {
	at := 0
	for range a.n {
		name, k := uleb(a.raw[at:])
		if k == 0 {
			return -1
		}
		v, l := parseValue(a.raw[at+k:], a.depth)
		if l == 0 {
			return -1
		}
		at += k + l
		if !yield(name, v) {
			return at
		}
	}
	return at
}

// Elements yields name (an index into strings) and value of each element.
func (a Annotation) Elements() iter.Seq2[uint32, Value] {
	return func(yield func(uint32, Value) bool) { a.each(yield) }
}

// AnnotationTarget is what an annotation stands on.
type AnnotationTarget uint8

// The targets.
const (
	OnClass AnnotationTarget = iota
	OnField
	OnMethod
	OnParameter
)

// AnnotationAt is an annotation with its place.
type AnnotationAt struct {
	Annotation
	Target AnnotationTarget
	Member uint32 // into fields or methods; NoIndex on a class
	Param  int    // number of the parameter, else 0
}

// annotationIndex tells whose annotations are not read because they overlap too
// much, and which strings annotations hold.
type annotationIndex struct {
	held      holds // also what classes hold that are not read
	refused   map[int]struct{}
	anomalies []*binread.FormatError
}

func (f *File) indexAnnotations() {
	left := f.workLimit()
	f.ann.held.all = make([]uint64, (f.strings.n+63)/64)
	for i := range f.classes.n {
		if f.Class(i).AnnotationsOff == 0 {
			continue
		}
		cost := f.eachAnnotation(i, left, &f.ann.held, nil)
		if cost > left {
			if f.ann.refused == nil {
				f.ann.refused = make(map[int]struct{})
			}
			f.ann.refused[i] = struct{}{}
			// What it took to find out counts, but some must remain for the others.
			left -= left / 8
			continue
		}
		left -= cost
	}
	if n := len(f.ann.refused); n > 0 {
		f.ann.anomalies = append(f.ann.anomalies, binread.Errorf(binread.TooLarge, "annotations_directory", -1,
			"annotations overlap; those of %d classes were not read", n))
	}
}

// Annotations yields the annotations of class definition i and of its members:
// those of the class, of fields, of methods, of parameters. It yields nothing
// if annotations of the file overlap so much that reading them all would take
// too long (an anomaly says so).
func (f *File) Annotations(i int) iter.Seq[AnnotationAt] {
	return func(yield func(AnnotationAt) bool) {
		f.annOnce.Do(f.indexAnnotations)
		if _, refused := f.ann.refused[i]; !refused {
			f.eachAnnotation(i, math.MaxInt64, nil, yield)
		}
	}
}

// eachAnnotation goes over the annotations of a class. With yield it yields
// them; without, it returns how many bytes they take, or something larger than
// limit as soon as they take more, and tells held of the strings.
func (f *File) eachAnnotation(i int, limit int64, held *holds, yield func(AnnotationAt) bool) int64 {
	cost := int64(16)
	visit := func(a AnnotationAt) bool {
		if yield != nil {
			return yield(a)
		}
		cost += 8
		if l := a.skip(held); l >= 0 {
			cost += int64(l)
		} else {
			cost += int64(len(a.raw)) // all of it may have been searched for the end
		}
		return cost <= limit
	}
	set := func(off uint32, at AnnotationAt) bool {
		cost += 8
		if b := f.dataAt(off, 4); b != nil && yield == nil {
			cost += 4 * min(int64(binary.LittleEndian.Uint32(b)), int64(len(b))/4)
		}
		return cost <= limit && f.annotationSet(off, at, visit) && cost <= limit
	}
	dir := f.dataAt(f.Class(i).AnnotationsOff, 16)
	if dir == nil {
		return cost
	}
	u := func(o int) uint32 { return binary.LittleEndian.Uint32(dir[o:]) }
	if !set(u(0), AnnotationAt{Target: OnClass, Member: NoIndex}) {
		return cost
	}
	counts := [3]uint32{u(4), u(8), u(12)}
	b := dir[16:]
	for t, n := range counts {
		at := AnnotationAt{Target: OnField + AnnotationTarget(t)}
		for ; n > 0 && len(b) >= 8; n, b = n-1, b[8:] {
			at.Member = binary.LittleEndian.Uint32(b)
			off := binary.LittleEndian.Uint32(b[4:])
			if at.Target != OnParameter {
				if !set(off, at) {
					return cost
				}
				continue
			}
			list := f.dataAt(off, 4)
			if list == nil {
				continue
			}
			m := min(binary.LittleEndian.Uint32(list), MaxParams)
			list = list[4:]
			for at.Param = 0; m > 0 && len(list) >= 4; m, list = m-1, list[4:] {
				if !set(binary.LittleEndian.Uint32(list), at) {
					return cost
				}
				at.Param++
			}
		}
	}
	return cost
}

// annotationSet yields the annotations of the annotation_set at off.
func (f *File) annotationSet(off uint32, at AnnotationAt, yield func(AnnotationAt) bool) bool {
	set := f.dataAt(off, 4)
	if set == nil {
		return true
	}
	n := binary.LittleEndian.Uint32(set)
	for set = set[4:]; n > 0 && len(set) >= 4; n, set = n-1, set[4:] {
		item := f.dataAt(binary.LittleEndian.Uint32(set), 1)
		if item == nil {
			continue
		}
		a, ok := parseAnnotation(item[1:], 0)
		if !ok {
			continue
		}
		a.Visibility = item[0]
		at.Annotation = a
		if !yield(at) {
			return false
		}
	}
	return true
}

// dataAt returns the data from off on, nil if off is 0 or fewer than n bytes follow.
func (f *File) dataAt(off uint32, n int64) []byte {
	if off == 0 || int64(off)+n > int64(len(f.data)) {
		return nil
	}
	return f.data[off:]
}

// holds takes the strings that values name.
type holds struct {
	all  []uint64 // those that were named: bit i of the whole is string i
	some []uint64 // those that are looked for
	hit  bool     // one of them was named
}

func (h *holds) add(i uint64) {
	w, bit := i>>6, uint64(1)<<(i&63)
	if w < uint64(len(h.all)) {
		h.all[w] |= bit
	}
	if w < uint64(len(h.some)) && h.some[w]&bit != 0 {
		h.hit = true
	}
}

// Holders returns the class definitions whose static fields start as one of
// some strings, or that have annotations, also on members, which hold one. Bit
// i%64 of strings[i/64] is string i. More classes may be among them, but none is
// missing. If nothing in the file holds any, that costs hardly anything.
func (f *File) Holders(strings []uint64) []int {
	f.annOnce.Do(f.indexAnnotations)
	f.heldOnce.Do(func() {
		for i := range f.classes.n {
			f.staticStrings(i, &f.ann.held)
		}
	})
	meet := false
	for i := range min(len(strings), len(f.ann.held.all)) {
		meet = meet || strings[i]&f.ann.held.all[i] != 0
	}
	if !meet {
		return nil
	}
	var out []int
	h := holds{some: strings}
	for i := range f.classes.n {
		h.hit = false
		f.staticStrings(i, &h)
		if _, refused := f.ann.refused[i]; !refused && !h.hit && f.Class(i).AnnotationsOff != 0 {
			f.eachAnnotation(i, math.MaxInt64, &h, nil)
		}
		if h.hit {
			out = append(out, i)
		}
	}
	return out
}

// staticStrings tells held of the strings that static fields of class
// definition i start as.
func (f *File) staticStrings(i int, held *holds) {
	off := f.Class(i).StaticValuesOff
	if off == 0 || int64(off) >= int64(len(f.data)) {
		return
	}
	b := f.data[off:]
	n, k := uleb(b)
	n = min(n, uint32(f.ClassData(i).StaticFields))
	for b = b[k:]; k > 0 && n > 0; n-- {
		k = skipValue(b, MaxNesting, held)
		b = b[k:]
	}
}
