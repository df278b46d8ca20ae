package classfile

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of the interpreter. They bound what hostile code can cost; honest code
// is rarely near. Beyond them values are unknown, never wrong.
const (
	MaxCode     = 1 << 16 // bytes of a method that is looked at
	MaxCells    = 1 << 20 // blocks times words of one method; beyond, each block is read by itself
	MaxNodes    = 1 << 16 // distinct abstract values in one method
	MaxSites    = 256     // StringBuilders and arrays followed in one method
	MaxOneOf    = 8       // alternatives of one value
	MaxParts    = 48      // parts of one text
	MaxText     = 1 << 14 // bytes of a text that was put together
	MaxElems    = 256     // elements of an array
	MaxDepth    = 6       // nesting of a value
	MaxRounds   = 3       // rounds of a loop before what differs is given up
	MaxInline   = 512     // bytes of a method that is looked into
	MaxInitCode = 1 << 14 // bytes of a class initialiser or of constructors that are looked into
	maxRoom     = 1 << 20 // bytes of text and elements that one analysis makes
	maxShown    = 1 << 12 // parts of the arguments of one call
)

// Kind says what is known of a value. The numbers are those of signatures/fact,
// so that an adapter can convert by type.
type Kind uint8

// The kinds of value.
const (
	None    Kind = iota // not there
	Unknown             // there, but not known
	String              // S
	Int                 // N: boolean, byte, short, char, int, long
	Float               // F
	Class               // S: a descriptor
	Null
	Array    // Elems
	Method   // S: a member in smali notation without prototype; without class if that is not known: ->name
	FieldVal // S: what the named field holds; Elems: what it holds initially, if that is known
	Param    // N: the method's parameter number N; the receiver of an instance method is 0
	Result   // S: the result of the named method
	OneOf    // Elems: one of these
	Concat   // Elems joined as text; all but strings are gaps
	Object   // S: an object of the class with this descriptor, nothing else known
)

// Value is what is known of a value. Values share memory and must not be changed.
type Value struct {
	Kind  Kind
	S     string
	N     int64
	F     float64
	Elems []Value
}

// String renders a value for people and tests.
func (v Value) String() string {
	list := func(open, sep, end string) string {
		var l []string
		for _, e := range v.Elems {
			l = append(l, e.String())
		}
		return open + strings.Join(l, sep) + end
	}
	switch v.Kind {
	case None:
		return "none"
	case String:
		return strconv.Quote(v.S)
	case Int:
		return strconv.FormatInt(v.N, 10)
	case Float:
		return strconv.FormatFloat(v.F, 'g', -1, 64) + "f"
	case Class, Method, Result:
		return v.S
	case Null:
		return "null"
	case Array:
		return list("[", ", ", "]")
	case FieldVal:
		if len(v.Elems) > 0 {
			return "field " + v.S + list("=", "", "")
		}
		return "field " + v.S
	case Param:
		return "p" + strconv.FormatInt(v.N, 10)
	case OneOf:
		return list("(", " | ", ")")
	case Concat:
		return list("", " + ", "")
	case Object:
		return "new " + v.S
	}
	return "?"
}

func equal(a, b Value) bool {
	return a.Kind == b.Kind && a.S == b.S && a.N == b.N && (a.F == b.F || a.F != a.F && b.F != b.F) && slices.EqualFunc(a.Elems, b.Elems, equal)
}

// oneOf makes one value of several alternatives, in the order in which they
// come; too many are unknown.
func oneOf(list []Value) Value {
	var out []Value
	for _, v := range list {
		parts := []Value{v}
		if v.Kind == OneOf {
			parts = v.Elems
		}
		for _, p := range parts {
			if p.Kind != None && !slices.ContainsFunc(out, func(o Value) bool { return equal(o, p) }) {
				out = append(out, p)
			}
		}
		if len(out) > MaxOneOf {
			return Value{Kind: Unknown}
		}
	}
	switch len(out) {
	case 0:
		return Value{}
	case 1:
		return out[0]
	}
	return Value{Kind: OneOf, Elems: out}
}

// concat joins parts as text. Strings that touch become one, gaps that touch
// too, and alternatives inside are multiplied out if there are few.
func concat(parts []Value) Value {
	rows := [][]Value{nil}
	for _, p := range parts {
		alts := []Value{p}
		if p.Kind == OneOf {
			alts = p.Elems
		}
		if len(alts)*len(rows) > MaxOneOf {
			alts = []Value{{Kind: Unknown}}
		}
		next := make([][]Value, 0, len(alts)*len(rows))
		for _, row := range rows {
			for _, a := range alts {
				next = append(next, joinPart(slices.Clip(row), a))
			}
		}
		rows = next
	}
	var out []Value
	for _, row := range rows {
		switch {
		case len(row) == 0:
			out = append(out, Value{Kind: String})
		case len(row) == 1 && row[0].Kind == String:
			out = append(out, row[0])
		case len(row) > MaxParts:
			out = append(out, Value{Kind: Concat, Elems: append(slices.Clone(row[:MaxParts]), Value{Kind: Unknown})})
		default:
			out = append(out, Value{Kind: Concat, Elems: row})
		}
	}
	return oneOf(out)
}

// joinPart appends one part to a row.
func joinPart(row []Value, p Value) []Value {
	switch p.Kind {
	case Concat:
		for _, e := range p.Elems {
			row = joinPart(row, e)
		}
		return row
	case Int:
		p = Value{Kind: String, S: strconv.FormatInt(p.N, 10)}
	case Null:
		p = Value{Kind: String, S: "null"}
	}
	if p.Kind == String && p.S == "" {
		return row
	}
	if n := len(row); n > 0 {
		switch last := row[n-1]; {
		case last.Kind == String && p.Kind == String && len(last.S)+len(p.S) <= MaxText:
			row = slices.Clone(row)
			row[n-1].S += p.S
			return row
		case last.Kind == Unknown && p.Kind == Unknown:
			return row
		}
	}
	return append(row, p)
}

// constant reports whether a value means the same outside its method.
func constant(v Value) bool {
	switch v.Kind {
	case None, Unknown, Param:
		return false
	}
	for _, e := range v.Elems {
		if e.Kind != Unknown && !constant(e) {
			return false
		}
	}
	return true
}

// telling reports whether a returned value says more than the name of the method.
func telling(v Value) bool {
	switch v.Kind {
	case None, Unknown, Result, FieldVal:
		return false
	case OneOf, Concat:
		return slices.ContainsFunc(v.Elems, telling)
	}
	return true
}
