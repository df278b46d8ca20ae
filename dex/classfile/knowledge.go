package classfile

import (
	"slices"
	"strings"
	"sync"
)

// knowledge is what the interpreter learned about a set. It is safe for
// concurrent use.
type knowledge struct {
	once     sync.Once
	table    *models
	models   []uint16         // by method: number of a row, ofSet, or 0
	classAt  map[uint32]int   // by type: the first class that defines it
	extended map[uint32]bool  // types that another class extends
	members  map[uint32]place // by method, then by field: what defines it
	fieldsOf map[uint32]place

	// What was found by running code.
	sites map[Site]string
	left  map[string]Value

	pool sync.Pool // of *analysis

	mu       sync.Mutex
	cache    []*asked // those asked last, the newest at the end
	returned map[depthKey]Value
	values   map[depthKey]Value
	inits    map[int]map[uint32]Value // what class initialisers leave in static fields
	finals   map[int]map[uint32]Value // what all constructors leave in final fields
}

// place is a member of a class.
type place struct{ class, member int }

type depthKey struct {
	index uint32
	depth int
}

// asked is what is known of the calls of one method.
type asked struct {
	at    place
	calls []callArgs
}

// maxAsked is how many methods are kept for the next question.
const maxAsked = 16

// ofSet stands in the place of a row for methods that the set may define.
const ofSet = ^uint16(0)

// maxSupers is how many superclasses a member is looked for in.
const maxSupers = 32

func (k *knowledge) build(s *Set) {
	k.once.Do(func() {
		k.classAt, k.extended = map[uint32]int{}, map[uint32]bool{}
		k.members, k.fieldsOf = map[uint32]place{}, map[uint32]place{}
		k.returned, k.values = map[depthKey]Value{}, map[depthKey]Value{}
		k.inits, k.finals = map[int]map[uint32]Value{}, map[int]map[uint32]Value{}
		for i := range s.classes {
			c := &s.classes[i]
			if _, ok := k.classAt[c.typ]; !ok && c.typ != NoIndex {
				k.classAt[c.typ] = i
			}
			if c.super != NoIndex {
				k.extended[c.super] = true
			}
			first := func(to map[uint32]place, list []uint32) {
				for j, m := range list {
					if _, ok := to[m]; !ok && m != NoIndex {
						to[m] = place{i, j}
					}
				}
			}
			first(k.members, c.methods)
			first(k.fieldsOf, c.fields)
		}
		k.table = newModels()
		k.models = make([]uint16, s.NumMethods())
		for i := range k.models {
			class, name, proto := s.Method(uint32(i))
			if _, ok := k.classAt[class]; ok {
				k.models[i] = ofSet
				continue
			}
			d := s.Type(class)
			if !k.table.classes[d] {
				continue
			}
			n, p := d+"->"+s.String(name), s.Proto(proto)
			row, ok := k.table.index[n+p[:strings.IndexByte(p, ')')+1]]
			if !ok {
				row = k.table.index[n]
			}
			k.models[i] = row
		}
	})
}

// model returns the number of the row that speaks of a method.
func (k *knowledge) model(m uint32) uint16 {
	if int64(m) >= int64(len(k.models)) {
		return 0
	}
	return k.models[m]
}

// Args returns what is known of the arguments of the call at pc of method
// number method of class i: the receiver first, if there is one; for
// invokedynamic, what the call site takes. It is nil if no call is there.
// Several questions about one method in a row cost little more than one.
func (s *Set) Args(i, method int, pc uint32) []Value {
	if i < 0 || i >= len(s.classes) || method < 0 || method >= len(s.classes[i].f.Methods) {
		return nil
	}
	k := &s.know
	k.build(s)
	calls := k.ask(s, place{i, method})
	n, ok := slices.BinarySearchFunc(calls, pc, func(c callArgs, pc uint32) int { return int(int64(c.pc) - int64(pc)) })
	if !ok {
		return nil
	}
	return calls[n].args
}

func (k *knowledge) ask(s *Set, at place) []callArgs {
	k.mu.Lock()
	for i := len(k.cache) - 1; i >= 0; i-- {
		if a := k.cache[i]; a.at == at {
			k.cache = append(append(k.cache[:i], k.cache[i+1:]...), a)
			k.mu.Unlock()
			return a.calls
		}
	}
	k.mu.Unlock()
	var calls []callArgs
	k.with(s, at, 0, func(x *analysis) { calls = x.calls() })
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cache) == maxAsked {
		k.cache = slices.Delete(k.cache, 0, 1)
	}
	k.cache = append(k.cache, &asked{at, calls})
	return calls
}

// with runs fn on the analysis of a method, whose memory is used again.
func (k *knowledge) with(s *Set, at place, depth int, fn func(x *analysis)) {
	x, _ := k.pool.Get().(*analysis)
	if x == nil {
		x = new(analysis)
	}
	x.run(s, at.class, at.member, depth)
	fn(x)
	k.pool.Put(x)
}

// recall returns what memo has for key, or computes and keeps it. Two that ask
// at once may both compute; the answer is the same.
func recall[K comparable, V any](k *knowledge, memo map[K]V, key K, compute func() V) V {
	k.mu.Lock()
	v, ok := memo[key]
	k.mu.Unlock()
	if ok {
		return v
	}
	v = compute()
	k.mu.Lock()
	memo[key] = v
	k.mu.Unlock()
	return v
}

// find returns what defines the member that index names: in the class that it
// is named with, or above it.
func (k *knowledge) find(s *Set, index uint32, of map[uint32]place, numbers map[[3]uint32]uint32, parts func(uint32) (a, b, c uint32)) (place, bool) {
	class, name, rest := parts(index)
	for range maxSupers {
		i, ok := k.classAt[class]
		if !ok {
			return place{}, false
		}
		if m, ok := numbers[[3]uint32{class, name, rest}]; ok {
			if at, ok := of[m]; ok {
				return at, true
			}
		}
		class = s.classes[i].super
	}
	return place{}, false
}

// returns tells what a call of a method returns, if a look into its code
// tells: a value in which Param stands for its own parameters.
func (k *knowledge) returns(s *Set, m uint32, depth int) Value {
	return recall(k, k.returned, depthKey{m, depth}, func() (v Value) {
		at, ok := k.find(s, m, k.members, s.methodAt, s.Method)
		if !ok {
			return v
		}
		c := &s.classes[at.class]
		member := &c.f.Methods[at.member]
		named, _, _ := s.Method(m)
		only := member.Flags&(AccStatic|AccFinal|accPrivate) != 0 || c.f.Flags&AccFinal != 0 ||
			c.f.Flags&AccInterface == 0 && !k.extended[named]
		if !only || member.Flags&(AccNative|AccAbstract) != 0 {
			return v
		}
		if code, err := c.f.Code(member); err != nil || len(code.Insns) == 0 || len(code.Insns) > MaxInline {
			return v
		}
		k.with(s, at, depth, func(x *analysis) { v = x.returned() })
		if !telling(v) {
			return Value{}
		}
		return v
	})
}

// field tells what a read of a field gives, likewise.
func (k *knowledge) field(s *Set, i uint32, depth int) Value {
	return recall(k, k.values, depthKey{i, depth}, func() Value {
		v := Value{Kind: FieldVal, S: s.FieldString(i)}
		at, ok := k.find(s, i, k.fieldsOf, s.fieldAt, s.Field)
		if !ok {
			return v
		}
		c := &s.classes[at.class]
		m := &c.f.Fields[at.member]
		index, final := c.fields[at.member], m.Flags&AccFinal != 0
		if m.Flags&AccStatic == 0 {
			if final && depth < 2 {
				if w := k.constructed(s, at.class)[index]; constant(w) {
					return w
				}
			}
			return v
		}
		init := s.initial(at.class, m)
		if depth < 2 {
			if w, ok := k.initialised(s, at.class)[index]; ok {
				init = w
			}
		}
		if len(k.left) > 0 {
			if w, ok := k.left[s.FieldString(index)]; ok {
				init = w
			}
		}
		switch {
		case !constant(init):
		case final:
			return init
		case telling(init) && init.Kind != Null && (init.Kind != Int || init.N != 0):
			v.Elems = []Value{init}
		}
		return v
	})
}

// initial returns the value that a field has by its ConstantValue.
func (s *Set) initial(class int, m *Member) Value {
	f := s.classes[class].f
	if m.Flags&AccStatic == 0 {
		return Value{}
	}
	switch f.Tag(m.Constant) {
	case TagString:
		return Value{Kind: String, S: s.String(s.Constant(class, m.Constant))}
	case TagInteger, TagLong:
		return Value{Kind: Int, N: f.Int(m.Constant)}
	case TagFloat, TagDouble:
		return Value{Kind: Float, F: f.Float(m.Constant)}
	}
	return Value{}
}

// Initial returns the value that field number field of class i has by its
// ConstantValue; Kind is None if it has none or is not static.
func (s *Set) Initial(i, field int) Value { return s.initial(i, &s.classes[i].f.Fields[field]) }

// initialised returns what the initialiser of a class leaves in its static
// fields, as far as it stores one value only.
func (k *knowledge) initialised(s *Set, class int) map[uint32]Value {
	return recall(k, k.inits, class, func() (out map[uint32]Value) {
		f := s.classes[class].f
		for i := range f.Methods {
			m := &f.Methods[i]
			if string(f.utf8(m.Name)) != "<clinit>" {
				continue
			}
			if c, err := f.Code(m); err == nil && len(c.Insns) > 0 && len(c.Insns) <= MaxInitCode {
				k.with(s, place{class, i}, 2, func(x *analysis) { out = x.stored(true) })
			}
			break
		}
		return out
	})
}

// constructed returns what all constructors of a class leave in its final
// fields, if they agree.
func (k *knowledge) constructed(s *Set, class int) map[uint32]Value {
	return recall(k, k.finals, class, func() map[uint32]Value {
		f := s.classes[class].f
		all := map[uint32]Value{}
		size := 0
		for i := range f.Methods {
			m := &f.Methods[i]
			if string(f.utf8(m.Name)) != "<init>" {
				continue
			}
			c, err := f.Code(m)
			if size += len(c.Insns); err != nil || size > MaxInitCode {
				return nil
			}
			// A constructor that calls another one of its class stores nothing.
			k.with(s, place{class, i}, 2, func(x *analysis) {
				for i, v := range x.stored(false) {
					if w, ok := all[i]; ok && !equal(v, w) {
						v = Value{}
					}
					all[i] = v
				}
			})
		}
		return all
	})
}

// look looks into a field or a method that is named by a node of its own. The
// node itself comes back if that tells nothing.
func (x *analysis) look(r ref) ref {
	n := *x.get(r)
	k := &x.s.know
	switch n.kind {
	case kindField:
		if v := k.field(x.s, uint32(n.n), x.depth); v.Kind != FieldVal {
			return x.loadValue(v, nil, 0)
		}
	case kindCall:
		if x.depth < 2 {
			if v := k.returns(x.s, uint32(n.n), x.depth+1); v.Kind != None {
				return x.loadValue(v, n.elems, 0)
			}
		}
	}
	return r
}

// loadValue makes a node of a value from elsewhere; args stand for its parameters.
func (x *analysis) loadValue(v Value, args []ref, depth int) ref {
	if depth > MaxDepth {
		return unknown
	}
	switch v.Kind {
	case None:
		return none
	case Unknown:
		return unknown
	case Param:
		if v.N >= 0 && v.N < int64(len(args)) {
			return args[v.N]
		}
		return unknown
	case Float:
		return x.float(v.F)
	}
	var l []ref
	for _, e := range v.Elems {
		l = append(l, x.loadValue(e, args, depth+1))
	}
	switch v.Kind {
	case OneOf:
		return x.choice(l...)
	case Concat:
		for i := range l {
			l[i] = x.textOf(l[i])
		}
		return x.text(l...)
	}
	return x.node(v.Kind, v.S, v.N, l...)
}
