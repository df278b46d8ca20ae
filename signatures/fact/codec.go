package fact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// writer collects the bytes of one section.
type writer struct{ b []byte }

func (w *writer) u(v uint64)    { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) i(v int64)     { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) n(v int)       { w.u(uint64(v)) }
func (w *writer) byte(v byte)   { w.b = append(w.b, v) }
func (w *writer) text(s string) { w.n(len(s)); w.b = append(w.b, s...) }

// index writes an index that may be NoIndex; small ones take one byte.
func (w *writer) index(v uint32) { w.u(uint64(v + 1)) }

// delta writes v as its distance from *last, which becomes v.
func (w *writer) delta(last *uint32, v uint32) {
	w.i(int64(int32(v - *last)))
	*last = v
}

// errFrozen is the reason of every error about the content of a section.
var errFrozen = errors.New("frozen facts are damaged")

// reader takes the bytes of one section apart. After the first error all reads
// return zero values. It never allocates from a count that the remaining bytes
// cannot hold.
type reader struct {
	b     []byte
	err   error
	spent int64 // bytes of memory that value took for items of lists
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errFrozen, fmt.Sprintf(format, args...))
		r.b = nil
	}
}

func (r *reader) u() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) i() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("a byte is cut off")
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// count reads a number of items of at least size bytes each.
func (r *reader) count(size int) int {
	v := r.u()
	if r.err == nil && v > uint64(len(r.b)/size) {
		r.fail("%d items in %d bytes", v, len(r.b))
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail("%d bytes of %d", n, len(r.b))
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes(r.count(1))) }

func (r *reader) index() uint32 {
	v := r.u()
	if v > math.MaxUint32 {
		r.fail("index %d", v)
		return NoIndex
	}
	return uint32(v) - 1
}

// u32 reads a number that fits 32 bits.
func (r *reader) u32() uint32 {
	v := r.u()
	if v > math.MaxUint32 {
		r.fail("%d exceeds 32 bits", v)
		return 0
	}
	return uint32(v)
}

func (r *reader) delta(last *uint32) uint32 {
	*last += uint32(r.i())
	return *last
}

// Structs are written with the names of their fields, so that a later version
// can add fields and still read what an earlier one wrote. A field that is
// zero is left out. Each value is led by its shape, so that a field that is
// unknown can be skipped.
const (
	shapeNumber = iota
	shapeText
	shapeList
	shapeStruct
	shapeBool
)

// Limits of what is read by reflection.
const (
	maxNesting     = 16        // structs inside lists inside structs
	maxValueMemory = 256 << 20 // bytes of all items of lists
)

// value writes a struct, list, string, integer or bool by reflection. It is
// meant for the few structs that describe an app, not for its code.
func (w *writer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		w.byte(shapeStruct)
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				w.text(v.Type().Field(i).Name)
				w.value(f)
			}
		}
		w.text("")
	case reflect.Slice:
		w.byte(shapeList)
		w.n(v.Len())
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.String:
		w.byte(shapeText)
		w.text(v.String())
	case reflect.Int, reflect.Int64:
		w.byte(shapeNumber)
		w.i(v.Int())
	case reflect.Bool:
		w.byte(shapeBool)
		if v.Bool() {
			w.byte(1)
		} else {
			w.byte(0)
		}
	default:
		panic("fact: field of unsupported type " + v.Type().String())
	}
}

// value is the reverse of writer.value. A shape that does not fit v is an
// error; fields that v does not have are skipped.
func (r *reader) value(v reflect.Value, depth int) {
	if depth > maxNesting {
		r.fail("values are nested too deeply")
		return
	}
	shape := r.byte()
	var k reflect.Kind
	if v.IsValid() {
		k = v.Kind()
	}
	fits := func(kinds ...reflect.Kind) bool {
		if !v.IsValid() {
			return false
		}
		for _, want := range kinds {
			if k == want {
				return true
			}
		}
		r.fail("a value has shape %d, not that of a %s", shape, v.Type())
		return false
	}
	switch shape {
	case shapeStruct:
		fits(reflect.Struct)
		for r.err == nil {
			name := r.text()
			if name == "" {
				return
			}
			var f reflect.Value
			if v.IsValid() && k == reflect.Struct {
				f = v.FieldByName(name)
			}
			r.value(f, depth+1)
		}
	case shapeList:
		n := r.count(1)
		ok := fits(reflect.Slice)
		for i := 0; i < n && r.err == nil; i++ {
			var e reflect.Value
			if ok {
				// An item can take far more memory than bytes of the file.
				if r.spent += int64(v.Type().Elem().Size()); r.spent > maxValueMemory {
					r.fail("lists take more than %d bytes", maxValueMemory)
					return
				}
				v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
				e = v.Index(i)
			}
			r.value(e, depth+1)
		}
	case shapeText:
		if s := r.text(); fits(reflect.String) {
			v.SetString(s)
		}
	case shapeNumber:
		if n := r.i(); fits(reflect.Int, reflect.Int64) {
			v.SetInt(n)
		}
	case shapeBool:
		if b := r.byte(); fits(reflect.Bool) {
			v.SetBool(b != 0)
		}
	default:
		r.fail("unknown shape %d", shape)
	}
}
