package classfile

import (
	"github.com/telltale-apk/telltale/apk/binread"
)

// Annotation is an annotation of a class or member, without its elements.
type Annotation struct {
	Type uint16 // Utf8: a descriptor
	// Default is set for the value that an element of this annotation class
	// has where none is written; Type is 0 then.
	Default bool
}

// Element is a value in an annotation (JVMS 4.7.16.1).
type Element struct {
	// Tag is the kind of value: B C D F I J S Z s constants, c a class, e an
	// enum constant, @ an annotation, [ an array.
	Tag byte
	// Const is the constant: of s and c a Utf8, of e the name of the constant.
	Const uint16
	Type  uint16    // of e and @: Utf8, a descriptor
	Elems []Element // of @ and [
}

const (
	maxNesting  = 8       // annotations and arrays inside each other
	maxElements = 1 << 16 // values in one annotation
)

// isAnnotations reports whether an attribute of this name holds annotations,
// and whether they are of parameters.
func isAnnotations(name []byte) (params, ok bool) {
	switch string(name) {
	case "RuntimeVisibleAnnotations", "RuntimeInvisibleAnnotations":
		return false, true
	case "RuntimeVisibleParameterAnnotations", "RuntimeInvisibleParameterAnnotations":
		return true, true
	}
	return false, false
}

// Annotations calls fn for each element of the annotations of m, or of the
// class if m is nil, until it returns false. An annotation without elements
// is left out.
func (f *File) Annotations(m *Member, fn func(a Annotation, name uint16, v Element) bool) {
	list := f.attrs
	if m != nil {
		list = m.attrs
	}
	if list.n == 0 {
		return
	}
	more := true
	f.readAttrs(f.at(list.off-2, "attributes"), func(name []byte, body span) {
		if !more {
			return
		}
		r := reader{binread.New(f.data[body.off:body.off+body.n], int64(body.off), "annotations")}
		if string(name) == "AnnotationDefault" {
			left := maxElements
			if v := f.element(r, 0, &left); r.Err() == nil && m != nil {
				more = fn(Annotation{Default: true}, m.Name, v)
			}
			return
		}
		params, ok := isAnnotations(name)
		if !ok {
			return
		}
		lists := 1
		if params {
			lists = int(r.u1())
		}
		for range lists {
			for range r.u2() {
				a := Annotation{Type: r.u2()}
				left := maxElements
				for range r.u2() {
					name := r.u2()
					v := f.element(r, 0, &left)
					if r.Err() != nil {
						return
					}
					if more = fn(a, name, v); !more {
						return
					}
				}
				if r.Err() != nil {
					return
				}
			}
		}
	})
}

// element reads one value. A reader that failed stops everything.
func (f *File) element(r reader, depth int, left *int) Element {
	e := Element{Tag: r.u1()}
	if *left--; *left < 0 || depth > maxNesting {
		r.Fail(binread.TooLarge, "more than %d values or %d levels", maxElements, maxNesting)
		return e
	}
	switch e.Tag {
	case 'B', 'C', 'D', 'F', 'I', 'J', 'S', 'Z', 's', 'c':
		e.Const = r.u2()
	case 'e':
		e.Type, e.Const = r.u2(), r.u2()
	case '@':
		e.Type = r.u2()
		for range r.u2() {
			r.u2()
			e.Elems = append(e.Elems, f.element(r, depth+1, left))
			if r.Err() != nil {
				return e
			}
		}
	case '[':
		for range r.u2() {
			e.Elems = append(e.Elems, f.element(r, depth+1, left))
			if r.Err() != nil {
				return e
			}
		}
	default:
		r.Fail(binread.Malformed, "a value has the unknown tag %q", e.Tag)
	}
	return e
}
