package arsc

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/restype"
)

// Flags of an entry.
const (
	entryComplex = 1 << 0
	entryPublic  = 1 << 1
	entryCompact = 1 << 3
)

// Entry is the value of a resource in one configuration. Its methods decode
// what they return each time they are called.
type Entry struct {
	pkg   *Package
	chunk *typeChunk
	off   int64 // in the table
	index uint16
	flags uint16
	key   uint32
	size  uint16 // of the entry's header; 0 if compact
}

// ID returns the resource's id.
func (e Entry) ID() ID {
	return ID(uint32(e.pkg.ID)<<24 | uint32(e.chunk.id)<<16 | uint32(e.index))
}

// Type returns the name of the resource's type: "string".
func (e Entry) Type() string { return e.pkg.TypeName(e.chunk.id) }

// Name returns the name of the entry: "app_name". Names may have been replaced
// in the build, even by one and the same for all entries.
func (e Entry) Name() string {
	s, _ := e.pkg.keys.Short(e.key, maxName)
	return s
}

// Package returns the package that the entry is in.
func (e Entry) Package() *Package { return e.pkg }

// Config returns the configuration that the value is for.
func (e Entry) Config() Config { return e.chunk.config(e.pkg.table.data) }

// Off returns the offset of the entry in the table.
func (e Entry) Off() int64 { return e.off }

// Public says whether the entry is marked as public.
func (e Entry) Public() bool { return e.flags&entryPublic != 0 }

// Complex says whether the entry has items (an array, style, plural, …)
// instead of one value.
func (e Entry) Complex() bool { return e.flags&entryComplex != 0 && e.flags&entryCompact == 0 }

// Value returns the value of an entry that is not complex, else a null value.
func (e Entry) Value() restype.Value {
	v := e.raw()
	if v.Type == restype.TypeString {
		v.Str, _ = e.pkg.table.pool.At(v.Data)
	}
	return v
}

// raw is Value without the text of strings.
func (e Entry) raw() restype.Value {
	data := e.pkg.table.data
	switch {
	case e.flags&entryCompact != 0:
		return restype.Value{Type: restype.ValueType(e.flags >> 8), Data: restype.U32(data, e.off+4)}
	case e.Complex():
		return restype.Value{}
	}
	return e.resValue(e.off + int64(e.size))
}

// resValue reads the Res_value at off, if that is inside the chunk.
func (e Entry) resValue(off int64) restype.Value {
	if off+8 > e.chunk.off+e.chunk.size {
		return restype.Value{}
	}
	data := e.pkg.table.data
	return restype.Value{Type: restype.ValueType(data[off+3]), Data: restype.U32(data, off+4)}
}

// Parent returns the resource that a complex entry inherits from, 0 if none.
func (e Entry) Parent() ID {
	if !e.Complex() || e.size < 16 {
		return 0
	}
	return ID(restype.U32(e.pkg.table.data, e.off+8))
}

// Items yields the items of a complex entry: for arrays the key is
// 0x02000000 plus the index, for plurals and attributes it is one of the
// 0x0100000x, for styles the id of an attribute.
func (e Entry) Items() iter.Seq2[uint32, restype.Value] {
	return func(yield func(uint32, restype.Value) bool) {
		for key, v := range e.rawItems() {
			if v.Type == restype.TypeString {
				v.Str, _ = e.pkg.table.pool.At(v.Data)
			}
			if !yield(key, v) {
				return
			}
		}
	}
}

// numItems returns how many items are there, as far as they fit.
func (e Entry) numItems() int64 {
	if !e.Complex() || e.size < 16 {
		return 0
	}
	room := max(e.chunk.off+e.chunk.size-e.off-int64(e.size), 0)
	return min(int64(restype.U32(e.pkg.table.data, e.off+12)), room/12)
}

func (e Entry) rawItems() iter.Seq2[uint32, restype.Value] {
	return func(yield func(uint32, restype.Value) bool) {
		at := e.off + int64(e.size)
		for range e.numItems() {
			if !yield(restype.U32(e.pkg.table.data, at), e.resValue(at+4)) {
				return
			}
			at += 12
		}
	}
}

// slot returns where the i-th offset of a chunk leads: the index of the entry
// and its offset from the start of the entries. ok is false if there is none.
func (c *typeChunk) slot(data []byte, i uint32) (index uint16, off int64, ok bool) {
	at := c.off + c.offsets
	switch {
	case c.flags&typeSparse != 0:
		at += 4 * int64(i)
		return binary.LittleEndian.Uint16(data[at:]), 4 * int64(binary.LittleEndian.Uint16(data[at+2:])), true
	case c.flags&typeOffset16 != 0:
		v := binary.LittleEndian.Uint16(data[at+2*int64(i):])
		return uint16(i), 4 * int64(v), v != 0xffff
	}
	v := binary.LittleEndian.Uint32(data[at+4*int64(i):])
	return uint16(i), int64(v), v != 0xffffffff
}

// find returns the entry with the given index.
func (p *Package) find(c *typeChunk, index uint16) (Entry, bool) {
	data := p.table.data
	if c.flags&typeSparse == 0 {
		if uint32(index) >= c.count {
			return Entry{}, false
		}
		_, off, ok := c.slot(data, uint32(index))
		if !ok {
			return Entry{}, false
		}
		return p.entry(c, index, off)
	}
	// The first whose index is not below, as std::lower_bound finds it.
	lo, hi := uint32(0), c.count
	for lo < hi {
		mid := lo + (hi-lo)/2
		if i, _, _ := c.slot(data, mid); i < index {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < c.count {
		if i, off, _ := c.slot(data, lo); i == index {
			return p.entry(c, index, off)
		}
	}
	return Entry{}, false
}

// entry reads the header of the entry at off from the start of c's entries.
func (p *Package) entry(c *typeChunk, index uint16, off int64) (Entry, bool) {
	data := p.table.data
	e := Entry{pkg: p, chunk: c, off: c.off + c.entries + off, index: index}
	if c.entries+off+8 > c.size {
		return e, false
	}
	e.flags = binary.LittleEndian.Uint16(data[e.off+2:])
	if e.flags&entryCompact != 0 {
		e.key = uint32(binary.LittleEndian.Uint16(data[e.off:]))
		return e, true
	}
	e.size = binary.LittleEndian.Uint16(data[e.off:])
	e.key = restype.U32(data, e.off+4)
	need := int64(e.size)
	if e.Complex() {
		if e.size < 16 {
			return e, false
		}
	} else {
		need += 8
	}
	return e, e.size >= 8 && c.entries+off+need <= c.size
}

// Values yields the values of a resource, one for each configuration, in the
// order of the file.
func (t *Table) Values(id ID) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, p := range t.packages {
			if p.ID != id.Package() {
				continue
			}
			for _, i := range p.byType[id.Type()] {
				if e, ok := p.find(&p.chunks[i], id.Entry()); ok && !yield(e) {
					return
				}
			}
		}
	}
}

// Entries yields every value of every resource in the order of the file.
func (t *Table) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) { t.walk(t.newBudget(), nil, yield) }
}

func (t *Table) newBudget() *restype.Budget {
	return restype.NewBudget(WorkFactor*int64(len(t.data)) + 4096)
}

// walk yields all entries. It charges each entry with its items to budget and
// stops when that is spent. What is odd goes to report, if that is not nil.
func (t *Table) walk(budget *restype.Budget, report func(restype.Anomaly), yield func(Entry) bool) {
	for _, p := range t.packages {
		for i := range p.chunks {
			c := &p.chunks[i]
			last := -1
			for slot := range c.count {
				index, off, ok := c.slot(t.data, slot)
				if !budget.Spend(4) {
					return
				}
				if !ok {
					continue
				}
				e, ok := p.entry(c, index, off)
				if report != nil {
					if !ok {
						report(restype.Anomaly{
							Name: AnomalyBadEntry, Off: e.off, Lossy: true,
							Detail: "an entry lies outside of its chunk or is too small",
						})
					} else if e.off&3 != 0 {
						report(restype.Anomaly{
							Name: AnomalyMisaligned, Off: e.off, Refused: true,
							Detail: "an entry is not on a multiple of four",
						})
					}
					if c.flags&typeSparse != 0 && int(index) <= last {
						report(restype.Anomaly{
							Name: AnomalySparseOrder, Off: c.off, Lossy: true,
							Detail: "sparse entries are not sorted: Android does not find them all",
						})
					}
				}
				last = int(index)
				if !ok {
					continue
				}
				if !budget.Spend(8 + 12*e.numItems()) {
					return
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Anomalies walks the table and lists everything odd about it.
func (t *Table) Anomalies() []restype.Anomaly {
	var odd restype.Anomalies
	for _, a := range t.odd.List() {
		odd.Add(a)
	}
	budget := t.newBudget()
	checked := make([]uint64, t.pool.Len()/64+1)
	check := func(e Entry, v restype.Value) {
		if v.Type != restype.TypeString {
			return
		}
		if i := v.Data; int64(i) < int64(t.pool.Len()) {
			if checked[i/64]&(1<<(i%64)) != 0 {
				return
			}
			checked[i/64] |= 1 << (i % 64)
		}
		s, ok := t.pool.At(v.Data)
		budget.Spend(int64(len(s)))
		if !ok {
			odd.Add(restype.Anomaly{
				Name: AnomalyBadString, Off: e.off, Lossy: true,
				Detail: "a value is a string that the pool does not have",
			})
		}
	}
	t.walk(budget, odd.Add, func(e Entry) bool {
		if !e.Complex() {
			check(e, e.raw())
		}
		for _, v := range e.rawItems() {
			check(e, v)
		}
		return true
	})
	if budget.Spent() {
		odd.Add(restype.Anomaly{
			Name: AnomalyBudget, Lossy: true,
			Detail: "entries or strings overlap so often that reading them all was given up",
		})
	}
	return odd.List()
}
