package emu

import "slices"

// list is the data of an ArrayList and its kin.
type list struct{ l []slot }

func (l *list) copied() (any, int64) { return &list{slices.Clone(l.l)}, 16 * int64(len(l.l)) }

// dict is the data of maps and sets: in the order in which keys came, which no
// row tells.
type dict struct {
	at   map[any]int
	keys []slot
	vals []slot
}

func newDict() *dict { return &dict{at: map[any]int{}} }

func (d *dict) copied() (any, int64) {
	c := &dict{at: make(map[any]int, len(d.at)), keys: slices.Clone(d.keys), vals: slices.Clone(d.vals)}
	for k, v := range d.at {
		c.at[k] = v
	}
	return c, 64 * int64(len(d.keys))
}

// keyOf is what tells a key from others, in the sense of equals.
func (m *Machine) keyOf(s slot) any {
	if s.o == nil {
		return nil
	}
	switch d := s.o.data.(type) {
	case *text:
		m.worked(len(d.u) / 8)
		return "s" + string(unitBytes(d.u))
	case *box:
		return *d
	}
	if s.o.class.findMethod(member{"hashCode", "()I"}) != nil {
		m.fail(errNotModelled)
	}
	return s.o
}

func (d *dict) get(m *Machine, k slot) (slot, bool) {
	i, ok := d.at[m.keyOf(k)]
	if !ok {
		return slot{}, false
	}
	return d.vals[i], true
}

func (d *dict) put(m *Machine, k, v slot) slot {
	key := m.keyOf(k)
	if i, ok := d.at[key]; ok {
		old := d.vals[i]
		d.vals[i] = v
		return old
	}
	m.grown(96)
	d.at[key] = len(d.keys)
	d.keys, d.vals = append(d.keys, k), append(d.vals, v)
	return slot{}
}

func (d *dict) remove(m *Machine, k slot) (slot, bool) {
	key := m.keyOf(k)
	i, ok := d.at[key]
	if !ok {
		return slot{}, false
	}
	old := d.vals[i]
	last := len(d.keys) - 1
	if i != last {
		d.keys[i], d.vals[i] = d.keys[last], d.vals[last]
		d.at[m.keyOf(d.keys[i])] = i
	}
	d.keys, d.vals = d.keys[:last], d.vals[:last]
	delete(d.at, key)
	return old, true
}

// cell is the data of what holds one value: references, atomics, ThreadLocal.
type cell struct{ v slot }

func (c *cell) copied() (any, int64) { return &cell{c.v}, 32 }

// iterator is the data of an Iterator or Enumeration over a list.
type iterator struct {
	l  []slot
	at int
}

func (i *iterator) copied() (any, int64) { return &iterator{i.l, i.at}, 32 }

func (l library) collections() {
	l.lists()
	l.maps()
	l.cells()
	l.arrays()
	const c = "Ljava/util/Collections;"
	for _, k := range []string{"List", "Map", "Set", "Collection"} {
		l.static(c, first, "unmodifiable"+k+"(Ljava/util/"+k+";)", "synchronized"+k+"(Ljava/util/"+k+";)")
	}
	l.static(c, func(m *Machine, a []slot) slot {
		m.changed(a[0])
		slices.Reverse(data[*list](m, a[0]).l)
		return slot{}
	}, "reverse(Ljava/util/List;)")
	l.static(c, func(m *Machine, a []slot) slot { return m.object("Ljava/util/ArrayList;", &list{}) }, "emptyList()")
	l.static(c, func(m *Machine, a []slot) slot { return m.object("Ljava/util/HashMap;", newDict()) }, "emptyMap()")
	l.static(c, func(m *Machine, a []slot) slot { return m.object("Ljava/util/ArrayList;", &list{[]slot{a[0]}}) }, "singletonList("+objDesc+")")
}

func (l library) lists() {
	for _, d := range []string{"Ljava/util/ArrayList;", "Ljava/util/LinkedList;", "Ljava/util/Vector;", "Ljava/util/Stack;", "Ljava/util/concurrent/CopyOnWriteArrayList;"} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &list{}) }, "<init>()", "<init>(I)")
		l.on(d, func(m *Machine, a []slot) slot {
			from := data[*list](m, a[1]).l
			m.grown(16 * len(from))
			return m.fillIn(a[0], &list{slices.Clone(from)})
		}, "<init>(Ljava/util/Collection;)")
	}
	at := func(m *Machine, l *list, i int64) int {
		if uint64(i) >= uint64(len(l.l)) {
			m.fail(m.throw("Ljava/lang/IndexOutOfBoundsException;", ""))
		}
		return int(i)
	}
	ask := func(fn func(m *Machine, l *list, a []slot) slot) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot { return fn(m, data[*list](m, a[0]), a) }
	}
	change := func(fn func(m *Machine, l *list, a []slot) slot) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			m.changed(a[0])
			return fn(m, data[*list](m, a[0]), a)
		}
	}
	find := func(m *Machine, l *list, o *object) int64 {
		for i := range l.l {
			m.worked(1)
			if m.equal(o, l.l[i].o) {
				return int64(i)
			}
		}
		return -1
	}
	for _, d := range []string{"Ljava/util/ArrayList;", "Ljava/util/LinkedList;", "Ljava/util/Vector;", "Ljava/util/concurrent/CopyOnWriteArrayList;"} {
		l.on(d, change(func(m *Machine, l *list, a []slot) slot {
			m.grown(32)
			l.l = append(l.l, a[1])
			return num(1)
		}), "add("+objDesc+")", "addElement("+objDesc+")", "addLast("+objDesc+")", "push("+objDesc+")")
		l.on(d, change(func(m *Machine, l *list, a []slot) slot {
			if a[1].n != int64(len(l.l)) {
				at(m, l, a[1].n)
			}
			m.grown(32 + len(l.l)/4)
			l.l = slices.Insert(l.l, int(a[1].n), a[2])
			return slot{}
		}), "add(I"+objDesc+")")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return l.l[at(m, l, a[1].n)] }), "get(I)", "elementAt(I)")
		l.on(d, change(func(m *Machine, l *list, a []slot) slot {
			i := at(m, l, a[1].n)
			old := l.l[i]
			l.l[i] = a[2]
			return old
		}), "set(I"+objDesc+")")
		l.on(d, change(func(m *Machine, l *list, a []slot) slot {
			i := at(m, l, a[1].n)
			old := l.l[i]
			m.worked(len(l.l) / 8)
			l.l = slices.Delete(l.l, i, i+1)
			return old
		}), "remove(I)")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return num(int64(len(l.l))) }), "size()")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return truth(len(l.l) == 0) }), "isEmpty()")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return num(find(m, l, a[1].o)) }), "indexOf("+objDesc+")")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return truth(find(m, l, a[1].o) >= 0) }), "contains("+objDesc+")")
		l.on(d, change(func(m *Machine, l *list, a []slot) slot { l.l = nil; return slot{} }), "clear()")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot { return m.slotArray("["+objDesc, l.l) }), "toArray()")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot {
			if a[1].o == nil {
				m.fail(m.null())
			}
			if length(a[1].o.data) > int64(len(l.l)) {
				m.fail(errNotModelled)
			}
			return m.slotArray(a[1].o.class.desc, l.l)
		}), "toArray(["+objDesc+")")
		l.on(d, ask(func(m *Machine, l *list, a []slot) slot {
			return m.object("Ljava/util/Iterator;", &iterator{l: slices.Clone(l.l)})
		}), "iterator()", "listIterator()", "elements()")
		l.on(d, change(func(m *Machine, l *list, a []slot) slot {
			from := data[*list](m, a[1]).l
			m.grown(16 * len(from))
			l.l = append(l.l, from...)
			return truth(len(from) > 0)
		}), "addAll(Ljava/util/Collection;)")
	}
	next := func(m *Machine, a []slot) slot {
		m.changed(a[0])
		i := data[*iterator](m, a[0])
		if i.at >= len(i.l) {
			m.fail(m.throw("Ljava/util/NoSuchElementException;", ""))
		}
		i.at++
		return i.l[i.at-1]
	}
	more := func(m *Machine, a []slot) slot {
		i := data[*iterator](m, a[0])
		return truth(i.at < len(i.l))
	}
	l.on("Ljava/util/Iterator;", next, "next()")
	l.on("Ljava/util/Iterator;", more, "hasNext()")
}

// slotArray makes an array of objects.
func (m *Machine) slotArray(desc string, l []slot) slot {
	o, err := m.newArray(m.class(desc), int64(len(l)))
	m.must(err)
	for i := range l {
		m.must(m.put(o, int64(i), l[i]))
	}
	return slot{o: o}
}

func (l library) maps() {
	ask := func(fn func(m *Machine, d *dict, a []slot) slot) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot { return fn(m, data[*dict](m, a[0]), a) }
	}
	change := func(fn func(m *Machine, d *dict, a []slot) slot) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			m.changed(a[0])
			return fn(m, data[*dict](m, a[0]), a)
		}
	}
	size := ask(func(m *Machine, d *dict, a []slot) slot { return num(int64(len(d.keys))) })
	empty := ask(func(m *Machine, d *dict, a []slot) slot { return truth(len(d.keys) == 0) })
	has := ask(func(m *Machine, d *dict, a []slot) slot {
		_, ok := d.get(m, a[1])
		return truth(ok)
	})
	clear := change(func(m *Machine, d *dict, a []slot) slot { *d = *newDict(); return slot{} })
	create := func(m *Machine, a []slot) slot { return m.fillIn(a[0], newDict()) }
	for _, d := range []string{
		"Ljava/util/HashMap;", "Ljava/util/LinkedHashMap;", "Ljava/util/Hashtable;", "Ljava/util/concurrent/ConcurrentHashMap;",
		"Ljava/util/TreeMap;", "Ljava/util/WeakHashMap;", "Landroid/util/ArrayMap;",
	} {
		l.on(d, create, "<init>()", "<init>(I)", "<init>(IF)")
		l.on(d, change(func(m *Machine, d *dict, a []slot) slot { return d.put(m, a[1], a[2]) }), "put("+objDesc+objDesc+")")
		l.on(d, change(func(m *Machine, d *dict, a []slot) slot {
			if v, ok := d.get(m, a[1]); ok {
				return v
			}
			return d.put(m, a[1], a[2])
		}), "putIfAbsent("+objDesc+objDesc+")")
		l.on(d, ask(func(m *Machine, d *dict, a []slot) slot { v, _ := d.get(m, a[1]); return v }), "get("+objDesc+")")
		l.on(d, ask(func(m *Machine, d *dict, a []slot) slot {
			if v, ok := d.get(m, a[1]); ok {
				return v
			}
			return a[2]
		}), "getOrDefault("+objDesc+objDesc+")")
		l.on(d, has, "containsKey("+objDesc+")")
		l.on(d, change(func(m *Machine, d *dict, a []slot) slot { v, _ := d.remove(m, a[1]); return v }), "remove("+objDesc+")")
		l.on(d, size, "size()")
		l.on(d, empty, "isEmpty()")
		l.on(d, clear, "clear()")
	}
	for _, d := range []string{"Ljava/util/HashSet;", "Ljava/util/LinkedHashSet;", "Ljava/util/TreeSet;"} {
		l.on(d, create, "<init>()", "<init>(I)")
		l.on(d, change(func(m *Machine, d *dict, a []slot) slot {
			_, had := d.get(m, a[1])
			d.put(m, a[1], num(1))
			return truth(!had)
		}), "add("+objDesc+")")
		l.on(d, has, "contains("+objDesc+")")
		l.on(d, change(func(m *Machine, d *dict, a []slot) slot { _, ok := d.remove(m, a[1]); return truth(ok) }), "remove("+objDesc+")")
		l.on(d, size, "size()")
		l.on(d, empty, "isEmpty()")
		l.on(d, clear, "clear()")
	}
	// Maps from numbers.
	key := func(prim string, s slot) any { return box{prim, s.n} }
	for _, k := range []struct{ desc, prim, val string }{
		{"Landroid/util/SparseArray;", "I", objDesc},
		{"Landroid/util/SparseIntArray;", "I", "I"},
		{"Landroid/util/SparseBooleanArray;", "I", "Z"},
		{"Landroid/util/LongSparseArray;", "J", objDesc},
	} {
		l.on(k.desc, create, "<init>()", "<init>(I)")
		l.on(k.desc, change(func(m *Machine, d *dict, a []slot) slot {
			id := key(k.prim, a[1])
			if i, ok := d.at[id]; ok {
				d.vals[i] = a[2]
				return slot{}
			}
			m.grown(96)
			d.at[id] = len(d.keys)
			d.keys, d.vals = append(d.keys, a[1]), append(d.vals, a[2])
			return slot{}
		}), "put("+k.prim+k.val+")", "append("+k.prim+k.val+")")
		get := func(m *Machine, d *dict, a []slot) slot {
			if i, ok := d.at[key(k.prim, a[1])]; ok {
				return d.vals[i]
			}
			if len(a) > 2 {
				return a[2]
			}
			return slot{}
		}
		l.on(k.desc, ask(get), "get("+k.prim+")", "get("+k.prim+k.val+")")
		l.on(k.desc, size, "size()")
	}
}

func (l library) cells() {
	get := func(m *Machine, a []slot) slot { return data[*cell](m, a[0]).v }
	set := func(m *Machine, a []slot) slot {
		m.changed(a[0])
		data[*cell](m, a[0]).v = a[1]
		return slot{}
	}
	for _, d := range []string{"Ljava/lang/ref/WeakReference;", "Ljava/lang/ref/SoftReference;", "Ljava/util/concurrent/atomic/AtomicReference;"} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &cell{a[1]}) }, "<init>("+objDesc+")")
		l.on(d, get, "get()")
	}
	l.on("Ljava/util/concurrent/atomic/AtomicReference;", set, "set("+objDesc+")")
	for _, d := range []string{"Ljava/util/concurrent/atomic/AtomicReference;", "Ljava/lang/ThreadLocal;"} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &cell{}) }, "<init>()")
	}
	l.on("Ljava/lang/ThreadLocal;", get, "get()")
	l.on("Ljava/lang/ThreadLocal;", set, "set("+objDesc+")")
	for d, p := range map[string]string{
		"Ljava/util/concurrent/atomic/AtomicInteger;": "I", "Ljava/util/concurrent/atomic/AtomicLong;": "J", "Ljava/util/concurrent/atomic/AtomicBoolean;": "Z",
	} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &cell{}) }, "<init>()")
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &cell{num(a[1].n)}) }, "<init>("+p+")")
		l.on(d, get, "get()", "intValue()", "longValue()")
		l.on(d, set, "set("+p+")")
		add := func(by func(a []slot) int64, after bool) func(m *Machine, a []slot) slot {
			return func(m *Machine, a []slot) slot {
				m.changed(a[0])
				c := data[*cell](m, a[0])
				old := c.v
				c.v = convert("J", p, c.v.n+by(a))
				if after {
					return c.v
				}
				return old
			}
		}
		if p == "Z" {
			continue
		}
		l.on(d, add(func([]slot) int64 { return 1 }, true), "incrementAndGet()")
		l.on(d, add(func([]slot) int64 { return 1 }, false), "getAndIncrement()")
		l.on(d, add(func([]slot) int64 { return -1 }, true), "decrementAndGet()")
		l.on(d, add(func([]slot) int64 { return -1 }, false), "getAndDecrement()")
		l.on(d, add(func(a []slot) int64 { return a[1].n }, true), "addAndGet("+p+")")
		l.on(d, add(func(a []slot) int64 { return a[1].n }, false), "getAndAdd("+p+")")
	}
}

func (l library) arrays() {
	const d = "Ljava/util/Arrays;"
	l.static(d, func(m *Machine, a []slot) slot {
		return m.object("Ljava/util/ArrayList;", &list{slots(data[[]*object](m, a[0]))})
	}, "asList(["+objDesc+")")
	for _, p := range []string{"Z", "B", "C", "S", "I", "J", "F", "D", objDesc} {
		fill := func(m *Machine, o slot, from, to int64, v slot) slot {
			m.changed(o)
			n := length(o.o.data)
			if from < 0 || to > n || from > to {
				m.fail(m.outside(from))
			}
			m.worked(int(to-from) / 2)
			for i := from; i < to; i++ {
				m.must(m.put(o.o, i, v))
			}
			return slot{}
		}
		l.static(d, func(m *Machine, a []slot) slot {
			if a[0].o == nil {
				m.fail(m.null())
			}
			return fill(m, a[0], 0, length(a[0].o.data), a[1])
		}, "fill(["+p+p+")")
		l.static(d, func(m *Machine, a []slot) slot { return fill(m, a[0], a[1].n, a[2].n, a[3]) }, "fill(["+p+"II"+p+")")
		part := func(m *Machine, o slot, from, to int64) slot {
			if o.o == nil {
				m.fail(m.null())
			}
			n := length(o.o.data)
			if n < 0 {
				m.fail(errNotModelled)
			}
			if from > to {
				m.fail(m.throw("Ljava/lang/IllegalArgumentException;", ""))
			}
			if from < 0 || from > n {
				m.fail(m.outside(from))
			}
			c, err := m.newArray(o.o.class, to-from)
			m.must(err)
			for i := from; i < min(to, n); i++ {
				v, err := m.get(o.o, i)
				m.must(err)
				m.must(m.put(c, i-from, v))
			}
			m.worked(int(to-from) / 2)
			return slot{o: c}
		}
		l.static(d, func(m *Machine, a []slot) slot {
			if a[1].n < 0 {
				m.fail(m.throw("Ljava/lang/NegativeArraySizeException;", ""))
			}
			return part(m, a[0], 0, a[1].n)
		}, "copyOf(["+p+"I)")
		l.static(d, func(m *Machine, a []slot) slot { return part(m, a[0], a[1].n, a[2].n) }, "copyOfRange(["+p+"II)")
		l.static(d, func(m *Machine, a []slot) slot {
			x, y := a[0].o, a[1].o
			if x == nil || y == nil {
				return truth(x == y)
			}
			n := length(x.data)
			if n != length(y.data) {
				return num(0)
			}
			m.worked(int(n) / 2)
			for i := range n {
				v, err := m.get(x, i)
				m.must(err)
				w, err := m.get(y, i)
				m.must(err)
				if v != w && (v.o == nil || !m.equal(v.o, w.o)) {
					return num(0)
				}
			}
			return num(1)
		}, "equals(["+p+"["+p+")")
		if len(p) == 1 && p != "Z" && p != "F" && p != "D" {
			l.static(d, func(m *Machine, a []slot) slot {
				m.changed(a[0])
				m.worked(int(length(a[0].o.data)))
				switch d := a[0].o.data.(type) {
				case []int8:
					sorted(d)
				case []uint16:
					sorted(d)
				case []int16:
					sorted(d)
				case []int32:
					sorted(d)
				case []int64:
					sorted(d)
				default:
					m.fail(errNotModelled)
				}
				return slot{}
			}, "sort(["+p+")")
			l.static(d, func(m *Machine, a []slot) slot {
				if a[0].o == nil {
					return num(0)
				}
				h, n := int32(1), length(a[0].o.data)
				m.worked(int(n) / 2)
				for i := range n {
					v, err := m.get(a[0].o, i)
					m.must(err)
					if p == "J" {
						v.n ^= int64(uint64(v.n) >> 32)
					}
					h = 31*h + int32(v.n)
				}
				return num(int64(h))
			}, "hashCode(["+p+")")
		}
	}
}

func slots(l []*object) []slot {
	out := make([]slot, len(l))
	for i, o := range l {
		out[i] = slot{o: o}
	}
	return out
}
