package classfile

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// ref is an abstract value inside one analysis: the number of a node.
type ref uint32

const (
	none    ref = 0
	unknown ref = 1
)

// Kinds of node besides those of values.
const (
	kindSite  Kind = 100 + iota // an object that is followed; n: its number; s: its class
	kindField                   // n: a field of the set, into which nobody looked yet
	kindCall                    // n: a method of the set likewise; elems: its arguments
)

// node is a value that does not change. Text, arrays and alternatives hold others.
type node struct {
	kind  Kind
	s     string
	n     int64
	elems []ref
}

// arena keeps nodes so that equal ones are one, and can be compared by number.
type arena struct {
	nodes []node
	index map[nodeKey]ref
	key   []byte
	room  int // what may still be made
}

type nodeKey struct {
	kind  Kind
	s     string
	n     int64
	elems string
}

func (a *arena) reset() {
	a.nodes = append(a.nodes[:0], node{kind: None}, node{kind: Unknown})
	if a.index == nil || len(a.index) > 1<<10 {
		a.index = map[nodeKey]ref{}
	}
	clear(a.index)
	a.room = maxRoom
}

// node returns the node with this content. It is unknown if there are too many.
func (a *arena) node(kind Kind, s string, n int64, elems ...ref) ref {
	a.key = a.key[:0]
	for _, e := range elems {
		a.key = binary.AppendUvarint(a.key, uint64(e))
	}
	k := nodeKey{kind, s, n, ""}
	if len(elems) > 0 {
		k.elems = string(a.key)
	}
	if r, ok := a.index[k]; ok {
		return r
	}
	if a.room -= 4 * len(elems); len(a.nodes) >= MaxNodes || a.room < 0 {
		return unknown
	}
	r := ref(len(a.nodes))
	a.nodes = append(a.nodes, node{kind, s, n, slices.Clone(elems)})
	a.index[k] = r
	return r
}

func (a *arena) get(r ref) *node { return &a.nodes[r] }

func (a *arena) str(s string) ref     { return a.node(String, s, 0) }
func (a *arena) int(n int64) ref      { return a.node(Int, "", n) }
func (a *arena) null() ref            { return a.node(Null, "", 0) }
func (a *arena) classOf(d string) ref { return a.node(Class, d, 0) }

// made is str for text that the interpreter made.
func (a *arena) made(s string) ref {
	if a.room -= len(s); len(s) > MaxText || a.room < 0 {
		return unknown
	}
	return a.str(s)
}

// text joins parts: nested text is taken apart, strings that touch become one.
func (a *arena) text(parts ...ref) ref {
	var out []ref
	var add func(r ref)
	add = func(r ref) {
		x := a.get(r)
		switch x.kind {
		case Concat:
			for _, e := range x.elems {
				add(e)
			}
			return
		case String:
			if x.s == "" {
				return
			}
			if n := len(out); n > 0 {
				if last := a.get(out[n-1]); last.kind == String && len(last.s)+len(x.s) <= MaxText {
					out[n-1] = a.made(last.s + x.s)
					return
				}
			}
		case Unknown:
			if n := len(out); n > 0 && out[n-1] == unknown {
				return
			}
		}
		out = append(out, r)
	}
	for _, p := range parts {
		add(p)
	}
	switch {
	case len(out) == 0:
		return a.str("")
	case len(out) == 1 && a.get(out[0]).kind == String:
		return out[0]
	case len(out) > MaxParts:
		out = append(out[:MaxParts-1], unknown)
	}
	return a.node(Concat, "", 0, out...)
}

// choice makes one value of several alternatives; too many are unknown.
func (a *arena) choice(list ...ref) ref {
	var out []ref
	add := func(r ref) {
		if r != none && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, r := range list {
		if x := a.get(r); x.kind == OneOf {
			for _, e := range x.elems {
				add(e)
			}
			continue
		}
		add(r)
	}
	switch {
	case len(out) == 0:
		return none
	case len(out) == 1:
		return out[0]
	case len(out) > MaxOneOf:
		return unknown
	}
	return a.node(OneOf, "", 0, out...)
}

// common returns the text with which both values begin, and a gap; unknown if
// there is none. It is what remains of text that grows in a loop.
func (a *arena) common(x, y ref) ref {
	var begin []ref
	first, left := true, MaxOneOf*MaxOneOf
	for _, r := range [2]ref{x, y} {
		a.each(r, nil, &left, func(parts []ref) {
			if first {
				begin, first = slices.Clone(parts), false
			} else {
				begin = a.begin(begin, parts)
			}
		})
	}
	if len(begin) == 0 || a.get(begin[0]).kind != String {
		return unknown
	}
	return a.text(append(begin, unknown)...)
}

// each calls fn for the parts of every text that r followed by rest may be, as
// far as that concerns how it begins.
func (a *arena) each(r ref, rest []ref, left *int, fn func(parts []ref)) {
	n := a.get(r)
	*left--
	switch {
	case *left < 0:
		fn(nil) // too many: nothing is sure
	case n.kind == OneOf:
		for _, e := range n.elems {
			a.each(e, rest, left, fn)
		}
	case n.kind == Concat:
		a.each(n.elems[0], append(slices.Clone(n.elems[1:]), rest...), left, fn)
	default:
		fn(append([]ref{r}, rest...))
	}
}

// begin returns the parts with which both lists begin.
func (a *arena) begin(x, y []ref) []ref {
	for i := range min(len(x), len(y)) {
		if x[i] == y[i] {
			continue
		}
		s, t := a.get(x[i]), a.get(y[i])
		if s.kind != String || t.kind != String {
			return x[:i]
		}
		n := 0
		for n < len(s.s) && n < len(t.s) && s.s[n] == t.s[n] {
			n++
		}
		for n > 0 && n < len(s.s) && !utf8.RuneStart(s.s[n]) {
			n--
		}
		return append(slices.Clone(x[:i]), a.made(s.s[:n]))
	}
	return x[:min(len(x), len(y))]
}
