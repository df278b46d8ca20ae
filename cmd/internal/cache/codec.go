package cache

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// A result is kept in a form that is read several times as fast as JSON, and is
// smaller: first the number of distinct strings, and each with its length before
// it; then the values of all fields in order, without names. Strings are numbers
// of distinct ones, integers are varints (signed ones zigzag), lists and maps have
// their length and one before them, 0 if they are nil; pointers a 1, or 0 if they are.
// The types, by whose fields it is read, belong to the key: see layout.

// plan says how values of a type are written and read.
type plan struct {
	write func(*encoder, reflect.Value)
	read  func(*decoder, reflect.Value)
	least int // bytes that a value takes at least
	name  string
}

type encoder struct {
	out     []byte
	strings map[string]uint64
	order   []string
}

func (e *encoder) uint(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

type decoder struct {
	in      []byte
	strings []string
	bad     bool // the rest is of no use
}

// uint returns the next number.
func (d *decoder) uint() uint64 {
	if len(d.in) > 0 && d.in[0] < 0x80 { // as most
		n := d.in[0]
		d.in = d.in[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(d.in)
	if size <= 0 {
		d.bad, d.in = true, nil
		return 0
	}
	d.in = d.in[size:]
	return n
}

// count returns the next number less one that is added to it, of things that
// take so many bytes at least.
func (d *decoder) count(least int, added uint64) int {
	n := d.uint() - added // if that is below 0, it is too many
	if n > uint64(len(d.in)/max(least, 1)) {
		d.bad, d.in = true, nil
		return 0
	}
	return int(n)
}

// planOf makes the plan of a type. Types that contain themselves and interfaces
// have none: results hold no such. The keys of maps are texts.
func planOf(t reflect.Type) *plan {
	p := &plan{least: 1, name: t.Kind().String()}
	switch t.Kind() {
	case reflect.String:
		p.write = func(e *encoder, v reflect.Value) {
			s := v.String()
			n, ok := e.strings[s]
			if !ok {
				n = uint64(len(e.order))
				e.strings[s], e.order = n, append(e.order, s)
			}
			e.uint(n)
		}
		p.read = func(d *decoder, v reflect.Value) {
			if n := d.uint(); n < uint64(len(d.strings)) {
				v.SetString(d.strings[n])
			} else {
				d.bad = true
			}
		}
	case reflect.Bool:
		p.write = func(e *encoder, v reflect.Value) {
			n := uint64(0)
			if v.Bool() {
				n = 1
			}
			e.uint(n)
		}
		p.read = func(d *decoder, v reflect.Value) { v.SetBool(d.uint() != 0) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.write = func(e *encoder, v reflect.Value) { e.out = binary.AppendVarint(e.out, v.Int()) }
		p.read = func(d *decoder, v reflect.Value) {
			n := d.uint()
			v.SetInt(int64(n>>1) ^ -int64(n&1))
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.write = func(e *encoder, v reflect.Value) { e.uint(v.Uint()) }
		p.read = func(d *decoder, v reflect.Value) { v.SetUint(d.uint()) }
	case reflect.Float32, reflect.Float64:
		p.write = func(e *encoder, v reflect.Value) { e.uint(math.Float64bits(v.Float())) }
		p.read = func(d *decoder, v reflect.Value) { v.SetFloat(math.Float64frombits(d.uint())) }
	case reflect.Slice:
		of := planOf(t.Elem())
		p.name = "[]" + of.name
		p.write = func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.uint(0)
				return
			}
			n := v.Len()
			e.uint(uint64(n) + 1)
			for i := range n {
				of.write(e, v.Index(i))
			}
		}
		p.read = func(d *decoder, v reflect.Value) {
			if len(d.in) > 0 && d.in[0] == 0 {
				d.in = d.in[1:]
				return
			}
			n := d.count(of.least, 1)
			s := reflect.MakeSlice(t, n, n)
			for i := 0; i < n && !d.bad; i++ {
				of.read(d, s.Index(i))
			}
			v.Set(s)
		}
	case reflect.Map:
		// As a list of keys and values.
		key, of := planOf(t.Key()), planOf(t.Elem())
		p.name = "map[" + key.name + "]" + of.name
		p.write = func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.uint(0)
				return
			}
			keys := v.MapKeys()
			slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
			e.uint(uint64(len(keys)) + 1)
			for _, k := range keys {
				key.write(e, k)
				of.write(e, v.MapIndex(k))
			}
		}
		p.read = func(d *decoder, v reflect.Value) {
			if len(d.in) > 0 && d.in[0] == 0 {
				d.in = d.in[1:]
				return
			}
			n := d.count(key.least+of.least, 1)
			v.Set(reflect.MakeMapWithSize(t, n))
			for i := 0; i < n && !d.bad; i++ {
				k, x := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
				key.read(d, k)
				of.read(d, x)
				v.SetMapIndex(k, x)
			}
		}
	case reflect.Pointer:
		of := planOf(t.Elem())
		p.name = "*" + of.name
		p.write = func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.uint(0)
				return
			}
			e.uint(1)
			of.write(e, v.Elem())
		}
		p.read = func(d *decoder, v reflect.Value) {
			if d.uint() == 0 {
				return
			}
			v.Set(reflect.New(t.Elem()))
			of.read(d, v.Elem())
		}
	case reflect.Struct:
		type field struct {
			i int
			*plan
		}
		var fields []field
		p.least = 0
		names := []string{}
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() || f.Tag.Get("json") == "-" {
				continue // no part of a report
			}
			of := planOf(f.Type)
			fields = append(fields, field{i, of})
			p.least += of.least
			names = append(names, f.Name+" "+of.name)
		}
		p.name = "{" + strings.Join(names, ",") + "}"
		p.write = func(e *encoder, v reflect.Value) {
			for _, f := range fields {
				f.write(e, v.Field(f.i))
			}
		}
		p.read = func(d *decoder, v reflect.Value) {
			for _, f := range fields {
				f.read(d, v.Field(f.i))
			}
		}
	default:
		panic("cache: a result holds a " + t.String())
	}
	return p
}

var results = sync.OnceValue(func() *plan { return planOf(reflect.TypeFor[event.App]()) })

// layout names the fields of results, and their types.
func layout() string { return fmt.Sprintf("%s %s", format, results().name) }

// encode writes a result.
func encode(a *event.App) []byte {
	e := &encoder{strings: map[string]uint64{}}
	results().write(e, reflect.ValueOf(a).Elem())
	values := e.out
	e.out = nil
	e.uint(uint64(len(e.order)))
	for _, s := range e.order {
		e.uint(uint64(len(s)))
		e.out = append(e.out, s...)
	}
	return append(e.out, values...)
}

// decode reads what encode wrote, or returns nil. It makes no more of hostile
// bytes than some times their number.
func decode(b []byte) *event.App {
	d := &decoder{in: b}
	d.strings = make([]string, d.count(1, 0))
	for i := range d.strings {
		n := d.count(1, 0)
		// Copies, so that a few strings which somebody keeps do not keep all.
		d.strings[i] = string(d.in[:n])
		d.in = d.in[n:]
	}
	a := new(event.App)
	results().read(d, reflect.ValueOf(a).Elem())
	if d.bad || len(d.in) > 0 {
		return nil
	}
	return a
}
