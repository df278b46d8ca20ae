package value

import (
	"hash/maphash"
	"slices"
)

// ref is an abstract value inside one analysis: a node, or with the top bit set
// the meeting of paths at the start of a block in one slot.
type ref uint32

const (
	none    ref = 0
	unknown ref = 1
	meeting ref = 1 << 31
)

// Kinds of node besides those of values.
const (
	kindSite   Kind = 100 + iota // an object that is followed; n: its number; s: its class
	kindChoice                   // elems: one of these
	kindField                    // n: a field of the file, which nobody looked into yet
	kindCall                     // n: a method of the file likewise; elems: its arguments
	kindElem                     // n: a position in the array that elems[0] is, likewise
)

// node is a value that does not change. Text, arrays and choices hold others.
type node struct {
	kind  Kind
	s     string
	n     int64
	elems []ref
	hash  uint64
}

// arena keeps nodes so that equal ones are one.
type arena struct {
	nodes []node
	table []ref // open addressing; 0 is free
	seed  maphash.Seed
	room  int // what may still be made
	steps int // and followed
	full  bool

	// log lists the slots of table in the order in which they were filled,
	// unless the table was made anew: then that many nodes were there.
	log  []uint32
	anew int
}

// mark is a state of an arena to go back to. What is made to answer one
// question is dropped behind it, so that the limits do not make an answer depend
// on those before.
type mark struct {
	nodes       int
	room, steps int
	full        bool
}

func (a *arena) mark() mark { return mark{len(a.nodes), a.room, a.steps, a.full} }

// back drops the nodes made since m. References to them are void.
func (a *arena) back(m mark) {
	if m.nodes < a.anew {
		a.nodes = a.nodes[:m.nodes]
		clear(a.table)
		a.fill()
	} else {
		for _, i := range a.log[m.nodes-a.anew:] {
			a.table[i] = 0
		}
		a.log = a.log[:m.nodes-a.anew]
		a.nodes = a.nodes[:m.nodes]
	}
	a.room, a.steps, a.full = m.room, m.steps, m.full
}

// fill puts all nodes into an empty table.
func (a *arena) fill() {
	mask := uint64(len(a.table) - 1)
	for j := 2; j < len(a.nodes); j++ {
		i := a.nodes[j].hash & mask
		for ; a.table[i] != 0; i = (i + 1) & mask {
		}
		a.table[i] = ref(j)
	}
	a.log, a.anew = a.log[:0], len(a.nodes)
}

func (a *arena) reset() {
	if a.nodes == nil {
		a.seed = maphash.MakeSeed()
	}
	a.nodes = append(a.nodes[:0], node{kind: None}, node{kind: Unknown})
	if len(a.table) == 0 || len(a.table) > 1<<10 {
		a.table = make([]ref, 1<<6)
	} else {
		clear(a.table)
	}
	a.room, a.steps, a.full = maxRoom, maxSteps, false
	a.log, a.anew = a.log[:0], len(a.nodes)
}

// node returns the node with this content. It is unknown if there are too many.
func (a *arena) node(kind Kind, s string, n int64, elems ...ref) ref {
	h := uint64(kind)*0x9e3779b97f4a7c15 ^ uint64(n)*0xff51afd7ed558ccd
	if s != "" {
		h ^= maphash.String(a.seed, s)
	}
	for _, e := range elems {
		h = (h ^ uint64(e)) * 0xc4ceb9fe1a85ec53
	}
	h ^= h >> 29
	mask := uint64(len(a.table) - 1)
	i := h & mask
	for ; a.table[i] != 0; i = (i + 1) & mask {
		if x := &a.nodes[a.table[i]]; x.hash == h && x.kind == kind && x.n == n && x.s == s && slices.Equal(x.elems, elems) {
			return a.table[i]
		}
	}
	if a.room -= 4 * len(elems); len(a.nodes) >= MaxNodes || a.room < 0 {
		a.full = true
		return unknown
	}
	r := ref(len(a.nodes))
	a.nodes = append(a.nodes, node{kind: kind, s: s, n: n, elems: slices.Clone(elems), hash: h})
	a.table[i] = r
	a.log = append(a.log, uint32(i))
	if 2*len(a.nodes) > len(a.table) {
		a.table = make([]ref, 2*len(a.table))
		a.fill()
	}
	return r
}

func (a *arena) get(r ref) *node {
	if r&meeting != 0 {
		return &a.nodes[unknown]
	}
	return &a.nodes[r]
}

func (a *arena) str(s string) ref { return a.node(String, s, 0) }

// made is str for text that the interpreter made.
func (a *arena) made(s string) ref {
	if a.room -= len(s); len(s) > MaxText || a.room < 0 {
		a.full = a.full || a.room < 0
		return unknown
	}
	return a.node(String, s, 0)
}

func (a *arena) int(n int64) ref { return a.node(Int, "", n) }

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
			if n := len(out); r == unknown && n > 0 && out[n-1] == unknown {
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

// choice makes one value of several.
func (a *arena) choice(list ...ref) ref {
	var out []ref
	for _, r := range list {
		if r != none && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	switch {
	case len(out) == 0:
		return none
	case len(out) == 1:
		return out[0]
	case len(out) > 2*MaxOneOf:
		return unknown
	}
	return a.node(kindChoice, "", 0, out...)
}
