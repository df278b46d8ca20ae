// Package value tells what is known of the values in a method without running
// it: the one abstract interpreter of this module, and the only place that
// constants are asked from.
//
// [App.Args] answers for each argument of a call: a string, a number, a class,
// an array of known elements, a parameter, the result of a named method, one of
// several, or text put together of such parts. [App.Analyze] gives a whole method at once.
//
// # How it works
//
// Each block of the method (package ir) is run once, in reverse postorder, over
// abstract values. Where paths meet with different values, a register holds a
// reference to that meeting, which is followed when somebody asks, so that the cost of a
// method is linear and loops need no repetition. StringBuilders and arrays are
// followed by the place that makes them; what is known of methods of the framework is
// a table (models.go). A method of the app that is small and cannot be overridden
// is looked into, two calls deep, for the value that it returns; static final
// fields for what the class initialiser leaves in them; final fields of objects for
// what all constructors agree on.
//
// # What it does not claim
//
// Branches are not decided: both ways count. A field that is not final is known
// by its name and what it holds initially, no more. Arrays of objects that are
// handed to a method are taken to come back unchanged, arrays of numbers are not. What
// is not known is a gap, never a guess.
//
// # Threat model
//
// Code may be hostile. Work and memory for a method are bounded by its size and
// by the limits below; beyond them values are unknown, never wrong, and nothing fails.
//
// All types are safe for concurrent use as long as their documentation does not
// say otherwise.
package value

import (
	"slices"
	"strconv"
	"strings"
)

// Limits. They bound what hostile code can cost; honest code is rarely near.
const (
	MaxCells    = 1 << 20 // blocks times registers of one method; beyond, each block is read by itself
	MaxNodes    = 1 << 15 // distinct abstract values in one method
	MaxSites    = 256     // StringBuilders and arrays followed in one method
	MaxOneOf    = 8       // alternatives of one value
	MaxParts    = 48      // parts of one text
	MaxText     = 1 << 14 // bytes of a text that was put together
	MaxElems    = 1 << 10 // elements of an array that code gives as a block
	MaxPuts     = 64      // elements of an array that code stores one by one
	MaxDepth    = 6       // nesting of a value
	MaxFollow   = 1 << 9  // meetings of paths that are followed to know one value
	MaxRender   = 1 << 10 // parts of one argument that are looked at
	MaxInline   = 1 << 9  // code units of a method that is looked into
	MaxInitCode = 1 << 14 // code units of a class initialiser that is looked into
	maxRoom     = 1 << 20 // bytes of text and elements that one analysis makes
	maxSteps    = 1 << 18 // meetings of paths followed while a method, or one block again, is run
	maxProto    = 1 << 13 // bytes of a prototype; members with a longer one are not looked for
)

// Kind says what is known of a value. The numbers are those of signatures/fact,
// so that an adapter can convert by type.
type Kind uint8

// The kinds of value.
const (
	None    Kind = iota // not there: a register that nothing was written to
	Unknown             // there, but not known
	String              // S
	Int                 // N: boolean, byte, short, char, int, long
	Float               // F
	Class               // S: a descriptor
	Null
	Array  // Elems
	Method // S: a member in smali notation without prototype: Lc;->name; without class if that is not known: ->name
	Field  // S: what the named field holds; Elems: what it holds initially, if that is known
	Param  // N: the method's parameter number N; the receiver of an instance method is 0
	Result // S: the result of the named method; N: the resource, if it looks up one
	OneOf  // Elems: one of these
	Concat // Elems joined as text; all but strings are gaps
	Object // S: an object of the class with this descriptor, nothing else known
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
	case Class, Method:
		return v.S
	case Null:
		return "null"
	case Array:
		return list("[", ", ", "]")
	case Field:
		if len(v.Elems) > 0 {
			return "field " + v.S + list("=", "", "")
		}
		return "field " + v.S
	case Param:
		return "p" + strconv.FormatInt(v.N, 10)
	case Result:
		if v.N != 0 {
			return v.S + "#" + strconv.FormatInt(v.N, 16)
		}
		return v.S
	case OneOf:
		return list("(", " | ", ")")
	case Concat:
		return list("", " + ", "")
	case Object:
		return "new " + v.S
	}
	return "?"
}

// Text returns the strings that v may be, if all of it is known; ok is false
// if a part is not.
func (v Value) Text() (texts []string, ok bool) {
	switch v.Kind {
	case String:
		return []string{v.S}, true
	case OneOf:
		for _, e := range v.Elems {
			t, ok := e.Text()
			if !ok {
				return nil, false
			}
			texts = append(texts, t...)
		}
		return texts, true
	}
	return nil, false
}

// Bind returns v with args in the place of the parameters that it mentions:
// what v is if its method is called with these arguments. Parameters that have no
// argument are unknown then.
func (v Value) Bind(args []Value) Value { return v.bind(args, 0) }

func (v Value) bind(args []Value, depth int) Value {
	switch {
	case depth > MaxDepth:
		return Value{Kind: Unknown}
	case v.Kind == Param:
		if v.N >= 0 && v.N < int64(len(args)) {
			return args[v.N]
		}
		return Value{Kind: Unknown}
	case len(v.Elems) == 0:
		return v
	}
	l := make([]Value, len(v.Elems))
	for i, e := range v.Elems {
		l[i] = e.bind(args, depth+1)
	}
	switch v.Kind {
	case OneOf:
		return oneOf(l)
	case Concat:
		return concat(l)
	}
	v.Elems = l
	return v
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

// concat joins parts as text: strings that touch become one, gaps that touch
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
				next = append(next, join(slices.Clip(row), a))
			}
		}
		rows = next
	}
	var out []Value
	for _, row := range rows {
		switch {
		case len(row) == 0:
			out = append(out, Value{Kind: String})
		case len(row) == 1:
			out = append(out, row[0])
		case len(row) > MaxParts:
			out = append(out, Value{Kind: Concat, Elems: append(slices.Clone(row[:MaxParts]), Value{Kind: Unknown})})
		default:
			out = append(out, Value{Kind: Concat, Elems: row})
		}
	}
	return oneOf(out)
}

// join appends one part to a row.
func join(row []Value, p Value) []Value {
	if p.Kind == Concat {
		for _, e := range p.Elems {
			row = join(row, e)
		}
		return row
	}
	if s, ok := text(p); ok {
		p = Value{Kind: String, S: s}
		if s == "" {
			return row
		}
	}
	if n := len(row); n > 0 {
		last := row[n-1]
		switch {
		case last.Kind == String && p.Kind == String && len(last.S)+len(p.S) <= MaxText:
			row = append([]Value(nil), row...)
			row[n-1] = Value{Kind: String, S: last.S + p.S}
			return row
		case last.Kind == Unknown && p.Kind == Unknown:
			return row
		}
	}
	return append(row, p)
}

// text returns what a value of one kind is as text.
func text(v Value) (string, bool) {
	switch v.Kind {
	case String:
		return v.S, true
	case Int:
		return strconv.FormatInt(v.N, 10), true
	case Null:
		return "null", true
	}
	return "", false
}
