package program

import (
	"slices"
	"strings"
	"sync"
)

// Budgets. An honest class has fewer than fifty types above it, an honest app
// about eight per class.
const (
	maxSupers       = 512      // types above one class that are followed
	supersPerClass  = 64       // on average over all classes
	maxSupersFloor  = 1 << 18  // but so many in any case
	maxOverrideWork = 64 << 20 // look-ups while overrides are collected
	maxOverrides    = 4 << 20  // pairs of a method and one that overrides it
	maxProtoText    = 64 << 20 // bytes of all prototypes; they are put together by whoever reads the file
	maxPlainProto   = 1 << 12  // bytes of one that is told by its types
)

// rows is a list of lists (compressed sparse rows): row i is
// val[off[i]:off[i+1]].
type rows struct{ off, val []uint32 }

func (r *rows) row(i uint32) []uint32 { return r.val[r.off[i]:r.off[i+1]] }

// invert returns n rows: row v lists the positions of v in val, ascending.
func invert[T ~uint32](n int, val []T) rows {
	off, all := count(n, val), make([]uint32, len(val))
	for i, v := range val {
		all[off[v+1]] = uint32(i)
		off[v+1]++
	}
	return rows{off[:n+1], all}
}

// group returns n rows: row keys[i] lists val[i], in the order of i.
func group(n int, keys, val []uint32) rows {
	off, all := count(n, keys), make([]uint32, len(val))
	for i, k := range keys {
		all[off[k+1]] = val[i]
		off[k+1]++
	}
	return rows{off[:n+1], all}
}

// count returns where the rows of n keys begin, one place ahead of where that
// belongs: when a row was filled, its beginning has become its end.
func count[T ~uint32](n int, keys []T) []uint32 {
	off := make([]uint32, n+2)
	for _, k := range keys {
		off[k+2]++
	}
	sum := uint32(0)
	for i := range off {
		sum += off[i]
		off[i] = sum
	}
	return off
}

// tables is what needs no look at code: numbers, names, hierarchy.
type tables struct {
	units          []Unit
	classes, names symbols
	plain          []bool // by class: its descriptor is well-formed
	protos         prototypes
	methods        methodTable
	typeOf         [][]ClassID  // by unit and type index
	methodOf       [][]MethodID // by unit and method index

	// Names that mean something; NoIndex if no method has them.
	nameInit, nameClinit uint32
	nameObject           []uint32 // those of methods of java.lang.Object

	// Of methods that a unit defines; mUnit is -1 for others.
	mUnit, mBody []int32
	mFlags       []uint32
	// bodyMethod is the method of each body of all units: those of unit u begin
	// at bodyBase[u].
	bodyMethod []MethodID
	bodyBase   []int

	// Of classes; defUnit is -1 for those of the framework.
	defUnit, defClass []int32
	cFlags            []uint32
	super             []ClassID
	ifaces            rows
	above             rows // all types above a class, nearest first
	classMethods      rows // all methods named with a class

	resolved []MethodID

	fw         Framework
	known      places // where fw has the classes, if it is ours
	introAsked pairs  // class and name
	introKnown []bool
	object     ClassID
	truncated  bool

	subOnce sync.Once
	sub     rows
}

func (t *tables) isApp(c ClassID) bool {
	return int64(c) < int64(len(t.defUnit)) && t.defUnit[c] >= 0
}

func (t *tables) isDefined(m MethodID) bool {
	return int64(m) < int64(len(t.mUnit)) && t.mUnit[m] >= 0
}

func (t *tables) build(units []Unit, fw Framework) {
	t.units, t.fw = units, fw
	t.known.open(fw)
	t.number(units)
	t.define(units)
	t.hierarchy(units)
	t.protos.odd.each(func(i uint32, text string) {
		// The framework may have added names.
		id := t.protos.oddID[i]
		t.parse(text, t.protos.of(id)[:0])
	})
	t.closures()
	t.resolveAll()
	t.classMethods = invert(len(t.classes.list), t.methods.class)
}

// number gives every type and method its number.
func (t *tables) number(units []Unit) {
	nt, nm, np := 0, 0, 0
	for _, u := range units {
		nt += u.NumTypes()
		nm += u.NumMethods()
		np += u.NumProtos()
	}
	t.classes = newSymbols(nt + 1)
	t.plain = make([]bool, 0, nt+1)
	t.names = newSymbols(nm / 3)
	t.protos = newPrototypes(np)
	t.introAsked = newPairs(1 << 10)
	t.object = t.internClass("Ljava/lang/Object;")
	for _, u := range units {
		types := make([]ClassID, u.NumTypes())
		for i := range types {
			types[i] = NoClass
			if s := u.Type(uint32(i)); s != "" {
				types[i] = t.internClass(s)
			}
		}
		t.typeOf = append(t.typeOf, types)
	}
	t.methods = newMethodTable(len(t.classes.list), nm)
	t.numberMethods(units)
	for c, r := range t.methods.runs {
		if r.n > longRun {
			t.methods.spread(ClassID(c))
		}
	}
	known := func(name string) uint32 {
		if n, ok := t.names.find(name); ok {
			return n
		}
		return NoIndex
	}
	t.nameInit, t.nameClinit = known("<init>"), known("<clinit>")
	for name := range objectMethods {
		if n := known(name); n != NoIndex {
			t.nameObject = append(t.nameObject, n)
		}
	}
}

func (t *tables) internClass(d string) ClassID {
	c := t.classes.intern(d)
	if int(c) == len(t.plain) {
		t.plain = append(t.plain, isPlain(d))
	}
	return ClassID(c)
}

// numberProtos returns the numbers of a unit's prototypes. twice tells that two
// of them are the same.
func (t *tables) numberProtos(ui int, u Unit, room *int, seen *stamps) (protos []uint32, twice bool) {
	protos = make([]uint32, u.NumProtos())
	typed, _ := u.(Prototypes)
	types := t.typeOf[ui]
	var buf []uint32
	var list []ClassID
	for i := range protos {
		protos[i] = NoIndex
		at := textAt{uint32(ui), uint32(i)}
		list = list[:0]
		size := len("()")
		ok := typed != nil
		if ok {
			buf, ok = typed.AppendProto(uint32(i), buf[:0])
			ok = ok && len(buf) > 0
		}
		for _, x := range buf {
			if ok = ok && int64(x) < int64(len(types)) && types[x] != NoClass && t.plain[types[x]]; !ok {
				break
			}
			size += len(t.classes.list[types[x]])
			list = append(list, types[x])
		}
		if !ok || size > maxPlainProto {
			s := u.Proto(uint32(i))
			if *room -= len(s); *room < 0 {
				t.truncated = true
			} else if s != "" {
				protos[i] = t.internText(s, at, list)
			}
		} else if *room -= max(size, 4*len(list)); *room < 0 {
			t.truncated = true
		} else {
			protos[i] = t.protos.intern(list, at)
		}
		if protos[i] != NoIndex {
			twice = seen.again(protos[i], ui) || twice
		}
	}
	return protos, twice
}

// stamps tells what came up in a unit already.
type stamps []uint32

func (s *stamps) again(n uint32, unit int) bool {
	for int(n) >= len(*s) {
		*s = append(*s, 0)
	}
	was := (*s)[n] == uint32(unit)+1
	(*s)[n] = uint32(unit) + 1
	return was
}

func (t *tables) numberMethods(units []Unit) {
	room := maxProtoText
	protosSeen, namesSeen := make(stamps, 0, len(t.protos.slots)), make(stamps, 0, len(t.names.slots))
	var refs []methodRef
	var names []uint32
	for ui, u := range units {
		protos, twice := t.numberProtos(ui, u, &room, &protosSeen)
		types := t.typeOf[ui]
		methods := make([]MethodID, u.NumMethods())
		refs = slices.Grow(refs[:0], len(methods))[:len(methods)]
		names = slices.Grow(names[:0], u.NumStrings())[:u.NumStrings()]
		clear(names)
		for i := range refs {
			r := &refs[i]
			r.class = NoClass
			class, name, proto := u.Method(uint32(i))
			if int64(class) >= int64(len(types)) || int64(name) >= int64(len(names)) || int64(proto) >= int64(len(protos)) {
				continue
			}
			if types[class] != NoClass && protos[proto] != NoIndex {
				*r = methodRef{types[class], name, proto}
				names[name] = 1
			}
		}
		// In the order in which the texts lie in the file.
		for i, used := range names {
			if used != 0 {
				names[i] = t.names.intern(u.String(uint32(i)))
				twice = namesSeen.again(names[i], ui) || twice
			}
		}
		m := &t.methods
		last := methodRef{class: NoClass}
		fresh := false // this is the first run of the class, and it is sorted
		for i, r := range refs {
			if r.class == NoClass {
				methods[i] = NoMethod
				continue
			}
			if r.class != last.class {
				if fresh = !twice && m.runs[r.class].n == 0; fresh {
					m.runs[r.class].first = uint32(len(m.sig))
				}
			} else if r.name < last.name || r.name == last.name && r.proto <= last.proto {
				fresh = false
			}
			last = r
			if sig := signatureOf(names[r.name], protos[r.proto]); fresh {
				methods[i] = m.add(r.class, sig)
				m.runs[r.class].n++
			} else {
				methods[i] = m.intern(r.class, sig)
			}
		}
		t.methodOf = append(t.methodOf, methods)
	}
}

// methodRef is an entry of a unit's table of methods.
type methodRef struct {
	class       ClassID
	name, proto uint32 // of the unit
}

func (t *tables) numMethods() int { return len(t.methods.sig) }

// class, sig, nameOf, name and proto are the parts of a method that has a number.
func (t *tables) class(m MethodID) ClassID { return t.methods.class[m] }
func (t *tables) sig(m MethodID) signature { return t.methods.sig[m] }
func (t *tables) nameOf(m MethodID) uint32 { return t.methods.sig[m].name() }
func (t *tables) name(m MethodID) string   { return t.names.list[t.nameOf(m)] }
func (t *tables) proto(m MethodID) string {
	at := t.protos.at[t.sig(m).proto()]
	return t.units[at.unit].Proto(at.index)
}

// method returns the number of a method and gives it one if it has none.
func (t *tables) method(c ClassID, sig signature) MethodID { return t.methods.intern(c, sig) }

func (t *tables) find(c ClassID, sig signature) MethodID { return t.methods.find(c, sig) }

func (t *tables) lookup(class, name, proto string) MethodID {
	c, ok := t.classes.find(class)
	if !ok {
		return NoMethod
	}
	n, ok := t.names.find(name)
	if !ok {
		return NoMethod
	}
	r, ok := t.findProto(proto)
	if !ok {
		return NoMethod
	}
	return t.find(ClassID(c), signatureOf(n, r))
}

// typ returns the class of type i of unit u.
func (t *tables) typ(u int, i uint32) ClassID {
	if int64(i) >= int64(len(t.typeOf[u])) {
		return NoClass
	}
	return t.typeOf[u][i]
}

// define notes who defines what.
func (t *tables) define(units []Unit) {
	n := len(t.classes.list)
	t.defUnit, t.defClass = filled(n, -1), filled(n, -1)
	t.cFlags = make([]uint32, n, withRoom(n))
	t.mUnit, t.mBody = filled(t.numMethods(), -1), filled(t.numMethods(), -1)
	t.mFlags = make([]uint32, t.numMethods(), withRoom(t.numMethods()))
	bodies := 0
	for _, u := range units {
		bodies += u.NumBodies()
	}
	t.bodyMethod = make([]MethodID, 0, bodies)
	var ui int
	var c ClassID
	// One closure for all classes.
	method := func(method, flags uint32, body int) {
		if int64(method) >= int64(len(t.methodOf[ui])) {
			return
		}
		m := t.methodOf[ui][method]
		// A class cannot define methods of another one.
		if m == NoMethod || t.class(m) != c || t.mUnit[m] >= 0 {
			return
		}
		if body >= units[ui].NumBodies() {
			body = -1
		}
		t.mUnit[m], t.mBody[m], t.mFlags[m] = int32(ui), int32(max(body, -1)), flags
	}
	for i, u := range units {
		ui = i
		for i := range u.NumClasses() {
			typ, _, flags := u.Class(i)
			if c = t.typ(ui, typ); c == NoClass {
				continue
			}
			if t.defUnit[c] < 0 {
				t.defUnit[c], t.defClass[c], t.cFlags[c] = int32(ui), int32(i), flags
			}
			u.EachMethod(i, method)
		}
		t.bodyBase = append(t.bodyBase, len(t.bodyMethod))
		for i := range u.NumBodies() {
			m := NoMethod
			if x := u.Body(i); int64(x) < int64(len(t.methodOf[ui])) {
				m = t.methodOf[ui][x]
			}
			t.bodyMethod = append(t.bodyMethod, m)
		}
	}
	t.bodyBase = append(t.bodyBase, len(t.bodyMethod))
}

// withRoom is how much room is made for n, so that the few that the framework
// adds move nothing.
func withRoom(n int) int { return n + n/8 + 64 }

func filled(n int, v int32) []int32 {
	l := make([]int32, n, withRoom(n))
	for i := range l {
		l[i] = v
	}
	return l
}

// hierarchy finds superclass and interfaces of every class. Framework types
// above those that units name get numbers on the way.
func (t *tables) hierarchy(units []Unit) {
	n := withRoom(len(t.classes.list))
	t.ifaces.off = make([]uint32, 1, n)
	t.ifaces.val = make([]uint32, 0, n)
	t.super = make([]ClassID, 0, n)
	for c := 0; c < len(t.classes.list); c++ {
		super := NoClass
		switch {
		case ClassID(c) == t.object:
			// The root, whatever an app that defines it may say.
		case t.isApp(ClassID(c)):
			u, i := int(t.defUnit[c]), int(t.defClass[c])
			_, s, _ := units[u].Class(i)
			super = t.typ(u, s)
			for _, x := range units[u].ClassInterfaces(i) {
				if f := t.typ(u, x); f != NoClass {
					t.ifaces.val = append(t.ifaces.val, uint32(f))
				}
			}
		case strings.HasPrefix(t.classes.list[c], "["):
			super = t.object
		case t.known.table != nil:
			super = t.knownAbove(ClassID(c))
		case t.fw != nil && strings.HasPrefix(t.classes.list[c], "L"):
			if k, ok := t.fw.Class(t.classes.list[c]); ok {
				if k.Super != "" {
					super = t.frameworkClass(k.Super)
				}
				for _, s := range k.Interfaces {
					t.ifaces.val = append(t.ifaces.val, uint32(t.frameworkClass(s)))
				}
				if k.Interface {
					t.cFlags[c] |= accInterface
				}
				if k.Abstract {
					t.cFlags[c] |= accAbstract
				}
			}
		}
		t.super = append(t.super, super)
		t.ifaces.off = append(t.ifaces.off, uint32(len(t.ifaces.val)))
	}
	t.cutCycles()
}

func (t *tables) frameworkClass(descriptor string) ClassID {
	c := t.internClass(descriptor)
	if int(c) == len(t.defUnit) {
		t.methods.runs = append(t.methods.runs, run{})
		t.defUnit = append(t.defUnit, -1)
		t.defClass = append(t.defClass, -1)
		t.cFlags = append(t.cFlags, 0)
	}
	return c
}

// cutCycles removes the relations that lead back to a class that is being
// visited: depth first, in the order of numbers, so always the same ones.
func (t *tables) cutCycles() {
	const (
		fresh = iota
		open
		done
	)
	state := make([]uint8, len(t.super))
	type frame struct {
		c    ClassID
		next int // 0: the superclass; then the interfaces
	}
	var stack []frame
	for c := range t.super {
		if state[c] != fresh {
			continue
		}
		stack = append(stack[:0], frame{c: ClassID(c)})
		state[c] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			ifs := t.ifaces.row(uint32(f.c))
			if f.next > len(ifs) {
				state[f.c] = done
				stack = stack[:len(stack)-1]
				continue
			}
			up := t.super[f.c]
			if f.next > 0 {
				up = ClassID(ifs[f.next-1])
			}
			i := f.next
			f.next++
			if up == NoClass || state[up] == done {
				continue
			}
			if state[up] == fresh {
				state[up] = open
				stack = append(stack, frame{c: up})
				continue
			}
			t.truncated = true
			if i == 0 {
				t.super[f.c] = NoClass
			} else {
				ifs[i-1] = uint32(t.object)
			}
		}
	}
	// Without a known superclass the root is java.lang.Object.
	for c := range t.super {
		if t.super[c] == NoClass && ClassID(c) != t.object && len(t.classes.list[c]) > 1 {
			t.super[c] = t.object
		}
	}
}

// closures lists all types above each class, nearest first: breadth first,
// the superclass before the interfaces.
func (t *tables) closures() {
	n := len(t.super)
	t.above.off = make([]uint32, 1, n+1)
	t.above.val = make([]uint32, 0, 4*n)
	seen := filled(n, -1)
	budget := n*supersPerClass + maxSupersFloor
	for c := range n {
		start := len(t.above.val)
		limit := min(maxSupers, budget-start)
		seen[c] = int32(c)
		add := func(s ClassID) {
			if s == NoClass || seen[s] == int32(c) {
				return
			}
			if len(t.above.val)-start >= limit {
				t.truncated = true
				return
			}
			seen[s] = int32(c)
			t.above.val = append(t.above.val, uint32(s))
		}
		expand := func(s ClassID) {
			// java.lang.Object is put last.
			if t.super[s] != t.object {
				add(t.super[s])
			}
			for _, f := range t.ifaces.row(uint32(s)) {
				add(ClassID(f))
			}
		}
		expand(ClassID(c))
		for i := start; i < len(t.above.val); i++ {
			expand(ClassID(t.above.val[i]))
		}
		if t.super[c] != NoClass {
			add(t.object)
		}
		t.above.off = append(t.above.off, uint32(len(t.above.val)))
	}
}

// supers returns the types above c, nearest first.
func (t *tables) supers(c ClassID) []uint32 { return t.above.row(uint32(c)) }

func (t *tables) isA(c, d ClassID) bool {
	return c == d || slices.Contains(t.supers(c), uint32(d))
}

// frameworkSupers walks the framework table for a class that no unit names.
func (t *tables) frameworkSupers(class string, yield func(string) bool) {
	if t.fw == nil {
		return
	}
	const object = "Ljava/lang/Object;"
	list := []string{class}
	for i := 0; i < len(list) && i < maxSupers; i++ {
		if i > 0 && !yield(list[i]) {
			return
		}
		c, ok := t.fw.Class(list[i])
		if !ok {
			continue
		}
		for _, s := range append([]string{c.Super}, c.Interfaces...) {
			if s != "" && s != object && !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	if _, ok := t.fw.Class(class); ok && class != object {
		yield(object)
	}
}

// subclasses lists the app's classes below each class.
func (t *tables) subclasses() *rows {
	t.subOnce.Do(func() {
		keys, val := make([]uint32, 0, len(t.above.val)), make([]uint32, 0, len(t.above.val))
		for c := range t.super {
			if !t.isApp(ClassID(c)) {
				continue
			}
			for _, s := range t.supers(ClassID(c)) {
				keys = append(keys, s)
				val = append(val, uint32(c))
			}
		}
		t.sub = group(len(t.super), keys, val)
	})
	return &t.sub
}

// objectMethods are the instance methods of java.lang.Object.
var objectMethods = map[string]bool{
	"clone": true, "equals": true, "finalize": true, "getClass": true, "hashCode": true,
	"notify": true, "notifyAll": true, "toString": true, "wait": true,
}

// introduces reports whether the framework class c is known to introduce a
// method of that name (a number). Only to be called while something is built.
func (t *tables) introduces(c ClassID, name uint32) bool {
	if c == t.object {
		return slices.Contains(t.nameObject, name)
	}
	if t.fw == nil {
		return false
	}
	i := t.introAsked.intern(uint32(c), name)
	if int(i) == len(t.introKnown) {
		known := false
		if t.known.table != nil && !t.isApp(c) {
			known = t.known.introduces(c, t.names.list[name])
		} else {
			known = t.fw.Introduces(t.classes.list[c], t.names.list[name])
		}
		t.introKnown = append(t.introKnown, known)
	}
	return t.introKnown[i]
}

// resolveAll finds what each named method stands for.
func (t *tables) resolveAll() {
	n := t.numMethods()
	t.resolved = make([]MethodID, n, withRoom(n))
	for m := range n {
		t.resolved[m] = t.resolve(MethodID(m))
	}
	// Methods of the framework that got their number just now.
	for m := n; m < t.numMethods(); m++ {
		t.resolved = append(t.resolved, MethodID(m))
	}
	for len(t.mUnit) < t.numMethods() {
		t.mUnit, t.mBody, t.mFlags = append(t.mUnit, -1), append(t.mBody, -1), append(t.mFlags, 0)
	}
}

func (t *tables) resolve(m MethodID) MethodID {
	c := t.class(m)
	if t.mUnit[m] >= 0 || !t.isApp(c) {
		return m
	}
	sig, name := t.sig(m), t.nameOf(m)
	if name == t.nameInit || name == t.nameClinit {
		return m // never inherited
	}
	ofObject := slices.Contains(t.nameObject, name)
	k := c
	for steps := 0; t.isApp(k); steps++ {
		if d := t.find(k, sig); d != NoMethod && int(d) < len(t.mUnit) && t.mUnit[d] >= 0 {
			return d
		}
		if k = t.super[k]; k == NoClass || steps > maxSupers {
			return m
		}
	}
	// k is the first class of the framework.
	if k != t.object || ofObject {
		for f := k; f != NoClass; f = t.super[f] {
			if t.introduces(f, name) {
				return t.method(f, sig)
			}
		}
	}
	for _, s := range t.supers(c) {
		if f := ClassID(s); t.isApp(f) {
			if d := t.find(f, sig); d != NoMethod && int(d) < len(t.mUnit) && t.mUnit[d] >= 0 {
				return d
			}
		} else if f != t.object && t.introduces(f, name) {
			return t.method(f, sig)
		}
	}
	if k == t.object && !ofObject {
		// Nobody has such a method. Perhaps an interface that is not known.
		for _, s := range t.supers(c) {
			if f := ClassID(s); !t.isApp(f) && f != t.object && t.unknown(f) {
				return t.method(f, sig)
			}
		}
		return m
	}
	return t.method(k, sig)
}

// unknown reports whether nothing is known of a framework class.
func (t *tables) unknown(c ClassID) bool {
	if t.fw == nil {
		return true
	}
	_, ok := t.fw.Class(t.classes.list[c])
	return !ok
}

// eachName calls yield for the classes under whose name m may be known.
func (t *tables) eachName(m MethodID, yield func(ClassID) bool) {
	c, sig, name := t.class(m), t.sig(m), t.name(m)
	if !yield(c) || name == "<init>" || name == "<clinit>" || t.isDefined(m) && t.mFlags[m]&(accPrivate|accStatic) != 0 {
		return
	}
	// A class is a name of m if it or a type above it has the method.
	has := func(k ClassID) bool {
		if d := t.find(k, sig); d != NoMethod && t.isDefined(d) {
			return true
		}
		// The memo of introduces is for the builders.
		return !t.isApp(k) && (k == t.object && objectMethods[name] || t.fw != nil && k != t.object && t.fw.Introduces(t.classes.list[k], name))
	}
	for _, s := range t.supers(c) {
		k := ClassID(s)
		ok := has(k) || !t.isApp(k) && t.unknown(k)
		for _, a := range t.supers(k) {
			if ok {
				break
			}
			ok = has(ClassID(a))
		}
		if ok && !yield(k) {
			return
		}
	}
}
