package program

import (
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/dex/descriptor"
)

// symbols gives numbers to strings, in the order in which they come: a hash
// table with open addressing that keeps no second copy of anything.
type symbols struct {
	seed  maphash.Seed
	slots []uint64 // upper half of the hash, number + 1; 0 is a free slot
	list  []string
}

func newSymbols(n int) symbols {
	return symbols{seed: maphash.MakeSeed(), slots: make([]uint64, slotsFor(n)), list: make([]string, 0, n)}
}

// slotsFor returns how many slots a table of n begins with.
func slotsFor(n int) int {
	size := 16
	for 2*size < 3*n {
		size *= 2
	}
	return size
}

func (s *symbols) slot(hash uint64, text string) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := hash; ; i++ {
		p := &s.slots[i&mask]
		if *p == 0 || *p>>32 == hash>>32 && s.list[uint32(*p)-1] == text {
			return p
		}
	}
}

func (s *symbols) find(text string) (uint32, bool) {
	if len(s.slots) == 0 {
		return 0, false
	}
	p := s.slot(maphash.String(s.seed, text), text)
	return uint32(*p) - 1, *p != 0
}

func (s *symbols) intern(text string) uint32 {
	hash := maphash.String(s.seed, text)
	p := s.slot(hash, text)
	if *p != 0 {
		return uint32(*p) - 1
	}
	s.list = append(s.list, text)
	*p = hash>>32<<32 | uint64(len(s.list))
	if 3*len(s.list) > 2*len(s.slots) {
		s.slots = make([]uint64, 2*len(s.slots))
		for n, t := range s.list {
			hash := maphash.String(s.seed, t)
			*s.slot(hash, t) = hash>>32<<32 | uint64(n+1)
		}
	}
	return uint32(len(s.list)) - 1
}

func (s *symbols) each(fn func(n uint32, text string)) {
	for i, text := range s.list {
		fn(uint32(i), text)
	}
}

// prototypes gives numbers to prototypes. Those of well-formed types that some
// unit names are told apart by the types, so that their text is needed by nobody;
// all others by their text.
type prototypes struct {
	factor uint64
	slots  []uint64
	off    []uint32  // types of prototype i begin at off[i] ...
	types  []ClassID // ... and are its parameters, then what it returns; NoClass if no unit names it
	at     []textAt  // where the text is found
	odd    symbols   // those that are known by their text
	oddID  []uint32
}

// textAt is prototype index of a unit.
type textAt struct{ unit, index uint32 }

func newPrototypes(n int) prototypes {
	return prototypes{
		factor: rand.Uint64() | 1, slots: make([]uint64, slotsFor(n)),
		off: make([]uint32, 1, n+1), types: make([]ClassID, 0, 4*n), at: make([]textAt, 0, n), odd: newSymbols(0),
	}
}

func (p *prototypes) num() int { return len(p.at) }

// of returns the types of a prototype: parameters, then what it returns.
func (p *prototypes) of(i uint32) []ClassID { return p.types[p.off[i]:p.off[i+1]] }

// params and returns are its parts.
func (p *prototypes) params(i uint32) []ClassID { return p.types[p.off[i] : p.off[i+1]-1] }
func (p *prototypes) returns(i uint32) ClassID  { return p.types[p.off[i+1]-1] }

func (p *prototypes) hash(types []ClassID) uint64 {
	h := uint64(len(types))
	for _, c := range types {
		h = (h ^ uint64(c)) * p.factor
		h ^= h >> 32
	}
	return h * p.factor
}

func (p *prototypes) slot(hash uint64, types []ClassID) *uint64 {
	mask := uint64(len(p.slots) - 1)
	for i := hash >> 16; ; i++ {
		s := &p.slots[i&mask]
		if *s == 0 || *s>>32 == hash>>32 && slices.Equal(p.of(uint32(*s)-1), types) {
			return s
		}
	}
}

// intern takes types that tell the prototype.
func (p *prototypes) intern(types []ClassID, at textAt) uint32 {
	hash := p.hash(types)
	s := p.slot(hash, types)
	if *s != 0 {
		return uint32(*s) - 1
	}
	n := p.add(types, at)
	*s = hash>>32<<32 | uint64(n+1)
	if 3*p.num() > 2*len(p.slots) {
		old := p.slots
		p.slots = make([]uint64, 2*len(old))
		for _, o := range old {
			if o != 0 {
				types := p.of(uint32(o) - 1)
				*p.slot(p.hash(types), types) = o
			}
		}
	}
	return n
}

func (p *prototypes) add(types []ClassID, at textAt) uint32 {
	p.types = append(p.types, types...)
	p.off = append(p.off, uint32(len(p.types)))
	p.at = append(p.at, at)
	return uint32(len(p.at)) - 1
}

// parse reads the text of a prototype. Types that no unit names are NoClass; ok
// is false if the types do not tell the prototype.
func (t *tables) parse(text string, to []ClassID) (types []ClassID, ok bool) {
	types, ok = to, true
	n := len("()")
	put := func(d string) {
		n += len(d)
		c, found := t.classes.find(d)
		if !found {
			types, ok = append(types, NoClass), false
			return
		}
		types, ok = append(types, ClassID(c)), ok && t.plain[c]
	}
	for d := range descriptor.Params(text) {
		put(d)
	}
	if i := strings.LastIndexByte(text, ')'); i >= 0 {
		put(text[i+1:])
	} else {
		types, ok = append(types, NoClass), false
	}
	return types, ok && n == len(text) && text[0] == '('
}

// internText gives a prototype its number by its text.
func (t *tables) internText(text string, at textAt, buf []ClassID) uint32 {
	p := &t.protos
	types, ok := t.parse(text, buf[:0])
	if ok {
		return p.intern(types, at)
	}
	n := p.odd.intern(text)
	if int(n) == len(p.oddID) {
		p.oddID = append(p.oddID, p.add(types, at))
	}
	return p.oddID[n]
}

// findProto finds a prototype by its text.
func (t *tables) findProto(text string) (uint32, bool) {
	p := &t.protos
	var buf [16]ClassID
	if types, ok := t.parse(text, buf[:0]); ok && len(p.slots) > 0 {
		if s := p.slot(p.hash(types), types); *s != 0 {
			return uint32(*s) - 1, true
		}
	}
	n, ok := p.odd.find(text)
	if !ok {
		return 0, false
	}
	return p.oddID[n], true
}

// isPlain reports whether a text is one descriptor, so that prototypes of such
// texts are equal if and only if their parts are.
func isPlain(d string) bool {
	k := strings.TrimLeft(d, "[")
	switch {
	case k == "" || strings.ContainsAny(k, "()"):
		return false
	case k[0] == 'L':
		return strings.IndexByte(k, ';') == len(k)-1
	}
	return len(k) == 1
}

// pairs gives numbers to pairs of numbers, in the order in which they come: a
// hash table with open addressing. The factor is random, so that no file can be
// made to collide; what is found does not depend on it.
type pairs struct {
	slots  []pairSlot
	a, b   []uint32
	factor uint64
}

// pairSlot holds a pair and its number + 1; 0 is a free slot.
type pairSlot struct{ a, b, n uint32 }

func newPairs(n int) pairs {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return pairs{slots: make([]pairSlot, size), a: make([]uint32, 0, n), b: make([]uint32, 0, n), factor: rand.Uint64() | 1}
}

// slot returns the slot of a pair, or the free one where it belongs.
func (p *pairs) slot(a, b uint32) *pairSlot {
	mask := uint32(len(p.slots) - 1)
	h := uint32((uint64(a)<<32 | uint64(b)) * p.factor >> 32)
	for {
		s := &p.slots[h&mask]
		if s.n == 0 || s.a == a && s.b == b {
			return s
		}
		h++
	}
}

func (p *pairs) intern(a, b uint32) uint32 {
	s := p.slot(a, b)
	if s.n != 0 {
		return s.n - 1
	}
	if 2*len(p.a) >= len(p.slots) {
		old := p.slots
		p.slots = make([]pairSlot, 2*len(old))
		for _, o := range old {
			if o.n != 0 {
				*p.slot(o.a, o.b) = o
			}
		}
		s = p.slot(a, b)
	}
	p.a = append(p.a, a)
	p.b = append(p.b, b)
	*s = pairSlot{a, b, uint32(len(p.a))}
	return s.n - 1
}

// signature is the name and the prototype of a method, as one number.
type signature uint64

func signatureOf(name, proto uint32) signature { return signature(name)<<32 | signature(proto) }

func (s signature) name() uint32  { return uint32(s >> 32) }
func (s signature) proto() uint32 { return uint32(s) }

// methodTable gives numbers to methods, in the order in which they come. Those
// of one class mostly come in a row and are few: then they are looked for there.
// Others are in a hash table.
type methodTable struct {
	class []ClassID
	sig   []signature

	runs   []run // by class
	slots  []uint64
	hashed int
	factor uint64
}

// run is the methods of a class: from first on, n of them; or spread.
type run struct{ first, n uint32 }

const (
	spread  = ^uint32(0) // the methods are in the hash table
	longRun = 64         // methods of a class that are looked for one by one
)

func newMethodTable(classes, n int) methodTable {
	return methodTable{
		class: make([]ClassID, 0, withRoom(n)), sig: make([]signature, 0, withRoom(n)),
		runs: make([]run, classes, withRoom(classes)), slots: make([]uint64, slotsFor(n/4)), factor: rand.Uint64() | 1,
	}
}

func (m *methodTable) hash(c ClassID, s signature) uint64 {
	h := (uint64(s) ^ uint64(c)<<20) * m.factor
	h ^= h >> 29
	h = (h ^ uint64(c)) * m.factor
	return h ^ h>>32
}

func (m *methodTable) slot(hash uint64, c ClassID, s signature) *uint64 {
	mask := uint64(len(m.slots) - 1)
	for i := hash >> 8; ; i++ {
		p := &m.slots[i&mask]
		if *p == 0 {
			return p
		}
		if n := uint32(*p) - 1; *p>>32 == hash>>32 && m.sig[n] == s && m.class[n] == c {
			return p
		}
	}
}

func (m *methodTable) find(c ClassID, s signature) MethodID {
	if int64(c) >= int64(len(m.runs)) {
		return NoMethod
	}
	r := m.runs[c]
	if r.n == spread {
		if p := m.slot(m.hash(c, s), c, s); *p != 0 {
			return MethodID(uint32(*p) - 1)
		}
		return NoMethod
	}
	for i, k := range m.sig[r.first : r.first+r.n] {
		if k == s {
			return MethodID(r.first + uint32(i))
		}
	}
	return NoMethod
}

// add gives a number to a method that has none.
func (m *methodTable) add(c ClassID, s signature) MethodID {
	m.class = append(m.class, c)
	m.sig = append(m.sig, s)
	return MethodID(len(m.sig) - 1)
}

// intern is for methods that may have a number, of classes that may have a run.
func (m *methodTable) intern(c ClassID, s signature) MethodID {
	m.spread(c)
	hash := m.hash(c, s)
	p := m.slot(hash, c, s)
	if *p != 0 {
		return MethodID(uint32(*p) - 1)
	}
	id := m.add(c, s)
	m.put(p, hash, id)
	return id
}

// put fills a free slot.
func (m *methodTable) put(p *uint64, hash uint64, id MethodID) {
	*p = hash>>32<<32 | uint64(id+1)
	if m.hashed++; 3*m.hashed > 2*len(m.slots) {
		old := m.slots
		m.slots = make([]uint64, 2*len(old))
		for _, o := range old {
			if o != 0 {
				n := uint32(o) - 1
				*m.slot(m.hash(m.class[n], m.sig[n]), m.class[n], m.sig[n]) = o
			}
		}
	}
}

// spread puts the methods of a class into the hash table.
func (m *methodTable) spread(c ClassID) {
	r := m.runs[c]
	if r.n == spread {
		return
	}
	m.runs[c].n = spread
	for id := r.first; id < r.first+r.n; id++ {
		hash := m.hash(c, m.sig[id])
		if p := m.slot(hash, c, m.sig[id]); *p == 0 {
			m.put(p, hash, MethodID(id))
		}
	}
}
