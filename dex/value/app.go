package value

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/telltale-apk/telltale/dex"
)

// App is the code that values are asked about: all DEX files of an app, so that
// constants are found across them. It is safe for concurrent use.
type App struct {
	files []*dex.File
	table *modelTable

	indexOnce sync.Once
	classes   map[string]classAt // the first definition counts, as on Android
	belowOnce sync.Once
	below     map[string][]classAt // classes that extend one

	learned []learned // by file

	pool    sync.Pool // of *Analysis
	glanced atomic.Pointer[glance]

	// What was found by running code.
	returnsKnown map[methodOf]map[uint32]string
	fieldsKnown  map[string]Value

	mu      sync.Mutex
	cache   []*Analysis // a few that were asked last, the newest at the end
	members map[classAt]*members
	statics map[classAt][]Value          // encoded initial values
	inits   map[classAt]map[uint32]Value // what class initialisers leave in static fields
	finals  map[classAt]map[uint32]Value // what all constructors leave in final fields
}

// learned is what was found out of the methods and fields of a file so far.
type learned struct {
	once     sync.Once
	models   []atomic.Uint32 // by method: 1 + the number in models, 1 for none; 0 if nobody asked yet
	returned [3]memo         // by depth and method
	fields   [3]memo         // by depth and field
}

// memo holds values by index, most of which nobody asks for.
type memo []atomic.Pointer[memoPage]

type memoPage [64]atomic.Pointer[Value]

func newMemo(n int) memo { return make(memo, (n+len(memoPage{})-1)/len(memoPage{})) }

// at returns where value i is kept.
func (m memo) at(i uint32) *atomic.Pointer[Value] {
	p := &m[i/uint32(len(memoPage{}))]
	page := p.Load()
	if page == nil {
		if page = new(memoPage); !p.CompareAndSwap(nil, page) {
			page = p.Load()
		}
	}
	return &page[i%uint32(len(memoPage{}))]
}

type classAt struct{ file, class int }

// members are what a class defines, in the order of their indices, each once.
type members struct {
	methodsOnce, fieldsOnce sync.Once
	methods                 []methodAt
	fields                  []fieldAt

	// By name and type, for classes that define many.
	methodNOnce, fieldNOnce sync.Once
	methodN, fieldN         map[member]int
}

// manyMembers is from where on a table is worth while.
const manyMembers = 32

func (m *members) method(index uint32) (methodAt, bool) {
	i, ok := slices.BinarySearchFunc(m.methods, index, func(d methodAt, index uint32) int { return cmp.Compare(d.def.Index, index) })
	if !ok {
		return methodAt{}, false
	}
	return m.methods[i], true
}

func (m *members) field(index uint32) (fieldAt, bool) {
	i, ok := slices.BinarySearchFunc(m.fields, index, func(d fieldAt, index uint32) int { return cmp.Compare(d.def.Index, index) })
	if !ok {
		return fieldAt{}, false
	}
	return m.fields[i], true
}

// methodNamed finds a method of f, the file of the class.
func (m *members) methodNamed(f *dex.File, k member) (methodAt, bool) {
	is := func(d *methodAt) bool {
		r := f.Method(d.def.Index)
		return f.String(r.Name) == k.name && f.ProtoString(r.Proto) == k.typ
	}
	if len(k.typ) > maxProto {
		return methodAt{}, false
	}
	if len(m.methods) > manyMembers {
		m.methodNOnce.Do(func() {
			m.methodN = make(map[member]int, len(m.methods))
			for i := len(m.methods) - 1; i >= 0; i-- { // the first of several counts
				r := f.Method(m.methods[i].def.Index)
				if k := (member{f.String(r.Name), f.ProtoString(r.Proto)}); len(k.typ) <= maxProto {
					m.methodN[k] = i
				}
			}
		})
		if i, ok := m.methodN[k]; ok {
			return m.methods[i], true
		}
		return methodAt{}, false
	}
	for i := range m.methods {
		if is(&m.methods[i]) {
			return m.methods[i], true
		}
	}
	return methodAt{}, false
}

func (m *members) fieldNamed(f *dex.File, k member) (fieldAt, bool) {
	if len(m.fields) > manyMembers {
		m.fieldNOnce.Do(func() {
			m.fieldN = make(map[member]int, len(m.fields))
			for i := len(m.fields) - 1; i >= 0; i-- {
				r := f.Field(m.fields[i].def.Index)
				m.fieldN[member{f.String(r.Name), f.Type(r.Type)}] = i
			}
		})
		if i, ok := m.fieldN[k]; ok {
			return m.fields[i], true
		}
		return fieldAt{}, false
	}
	for i := range m.fields {
		if r := f.Field(m.fields[i].def.Index); f.String(r.Name) == k.name && f.Type(r.Type) == k.typ {
			return m.fields[i], true
		}
	}
	return fieldAt{}, false
}

// member is the name and the prototype or type of a member.
type member struct{ name, typ string }

// methodAt is a method that a class defines; file is counted from 1.
type methodAt struct {
	file  int32
	class int32
	def   dex.MethodDef
}

// fieldAt is a field likewise; n is its number among the static ones.
type fieldAt struct {
	file  int32
	class int32
	n     int32
	def   dex.FieldDef
}

func (f fieldAt) at() classAt { return classAt{int(f.file) - 1, int(f.class)} }

// maxCache is how many analyses are kept for the next question.
const maxCache = 8

// NewApp returns an App over files, in the order in which Android would load
// them. Files are borrowed.
func NewApp(files ...*dex.File) *App {
	a := &App{
		files:   files,
		table:   newModelTable(),
		learned: make([]learned, len(files)),
		members: map[classAt]*members{},
		statics: map[classAt][]Value{},
		inits:   map[classAt]map[uint32]Value{},
		finals:  map[classAt]map[uint32]Value{},
	}
	return a
}

// Args returns what is known of the arguments of the call at pc of a method of
// file number file: the receiver first, if there is one; for invoke-custom, what
// the call site takes. It is nil if no call is there. Several questions about
// one method in a row cost little more than one.
func (a *App) Args(file int, m dex.MethodDef, pc uint32) []Value {
	x := a.checkout(file, m)
	defer a.checkin(x)
	return x.Args(pc)
}

// EachCall calls fn for every call of a method of file number file, with what
// Args returns for it.
func (a *App) EachCall(file int, m dex.MethodDef, fn func(pc uint32, in dex.Inst, args []Value)) {
	a.with(file, m, 0, func(x *Analysis) { x.Each(fn) })
}

// Site is a call: the instruction at PC of a method of file number File.
type Site struct {
	File   int
	Method dex.MethodDef
	PC     uint32
}

// MaxCallers is how many calls of a method AtCallers looks at.
const MaxCallers = 32

// AtCallers returns what v, a value in some method, is if that method is called
// from these sites and from nowhere else: one of what it is at each of them. Sites
// that are no calls count as unknown. With too many sites it is v itself.
func (a *App) AtCallers(v Value, sites []Site) Value {
	if len(sites) == 0 || len(sites) > MaxCallers {
		return v
	}
	var alts []Value
	for _, s := range sites {
		alts = append(alts, v.Bind(a.Args(s.File, s.Method, s.PC)))
	}
	return oneOf(alts)
}

// checkout returns the analysis of a method, which nobody else uses then.
func (a *App) checkout(file int, m dex.MethodDef) *Analysis {
	a.mu.Lock()
	for i := len(a.cache) - 1; i >= 0; i-- {
		if x := a.cache[i]; x.file == file && x.method == m {
			a.cache = append(a.cache[:i], a.cache[i+1:]...)
			a.mu.Unlock()
			return x
		}
	}
	a.mu.Unlock()
	x, _ := a.pool.Get().(*Analysis)
	if x == nil {
		x = new(Analysis)
	}
	x.run(a, file, m, 0)
	return x
}

func (a *App) checkin(x *Analysis) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cache) == maxCache {
		a.pool.Put(a.cache[0])
		copy(a.cache, a.cache[1:])
		a.cache = a.cache[:maxCache-1]
	}
	a.cache = append(a.cache, x)
}

func (a *App) index() {
	a.indexOnce.Do(func() {
		n := 0
		for _, f := range a.files {
			n += f.NumClasses()
		}
		a.classes = make(map[string]classAt, n)
		for fi, f := range a.files {
			for i := range f.NumClasses() {
				if d := f.Type(f.Class(i).Type); d != "" {
					if _, ok := a.classes[d]; !ok {
						a.classes[d] = classAt{fi, i}
					}
				}
			}
		}
	})
}

// subclasses returns the classes that extend one.
func (a *App) subclasses(d string) []classAt {
	a.belowOnce.Do(func() {
		a.below = make(map[string][]classAt)
		for fi, f := range a.files {
			for i := range f.NumClasses() {
				if d := f.Type(f.Class(i).Super); d != "" && d != "Ljava/lang/Object;" {
					a.below[d] = append(a.below[d], classAt{fi, i})
				}
			}
		}
	})
	return a.below[d]
}

// ofApp stands in the place of a model for methods named with a class of the app.
const ofApp = 1<<16 - 1

// asContext are methods of Context that classes are asked for which inherit them.
var asContext = map[string]bool{"getSystemService": true, "getString": true, "getText": true}

// learn returns where what is found out of a file is kept.
func (a *App) learn(file int) *learned {
	l := &a.learned[file]
	l.once.Do(func() {
		a.index()
		f := a.files[file]
		l.models = make([]atomic.Uint32, f.NumMethods())
		for d := range l.returned {
			l.returned[d], l.fields[d] = newMemo(f.NumMethods()), newMemo(f.NumFields())
		}
	})
	return l
}

// model returns what the table of models says of a method of a file: its number
// there, 0 for none, or ofApp.
func (a *App) model(l *learned, file int, index uint32) uint16 {
	p := &l.models[index]
	if n := p.Load(); n != 0 {
		return uint16(n - 1)
	}
	n := a.findModel(file, index)
	p.Store(uint32(n) + 1)
	return n
}

func (a *App) findModel(file int, index uint32) (of uint16) {
	f := a.files[file]
	m := f.Method(index)
	class := f.Type(m.Class)
	known := a.table.classes[class]
	if _, ok := a.classes[class]; ok {
		of = ofApp
		// A method of Context is called by the name of the app's own class.
		if asContext[f.String(m.Name)] {
			if _, ok := a.find(file, index); !ok {
				class, known = contexts[0], true
			}
		}
	}
	if !known {
		return of
	}
	name, proto := f.String(m.Name), f.ProtoString(m.Proto)
	if len(class)+len("->")+len(name)+len(proto) > maxProto {
		return of
	}
	var buf [256]byte
	text := append(append(append(buf[:0], class...), "->"...), name...)
	n, ok := a.table.index[string(append(text, proto[:strings.IndexByte(proto, ')')+1]...))]
	if !ok {
		n = a.table.index[string(text)]
	}
	if n != 0 {
		return n
	}
	return of
}

// of returns what a class defines. Of several definitions of one member the
// first counts, and a class cannot define members of another one.
func (a *App) of(at classAt) *members {
	return recall(a, a.members, at, func() *members { return new(members) })
}

// methodsOf and fieldsOf are its parts.
func (a *App) methodsOf(at classAt) *members {
	m := a.of(at)
	m.methodsOnce.Do(func() {
		f := a.files[at.file]
		c := f.Class(at.class).Type
		for d := range f.ClassData(at.class).Methods() {
			if int64(d.Index) < int64(f.NumMethods()) && f.Method(d.Index).Class == c {
				m.methods = append(m.methods, methodAt{int32(at.file + 1), int32(at.class), d})
			}
		}
		m.methods = once(m.methods, func(d methodAt) uint32 { return d.def.Index })
	})
	return m
}

func (a *App) fieldsOf(at classAt) *members {
	m := a.of(at)
	m.fieldsOnce.Do(func() {
		f := a.files[at.file]
		c := f.Class(at.class).Type
		n := int32(0)
		for d := range f.ClassData(at.class).Fields() {
			if int64(d.Index) < int64(f.NumFields()) && f.Field(d.Index).Class == c {
				m.fields = append(m.fields, fieldAt{int32(at.file + 1), int32(at.class), n, d})
			}
			if d.Static {
				n++
			}
		}
		m.fields = once(m.fields, func(d fieldAt) uint32 { return d.def.Index })
	})
	return m
}

// once sorts by index and keeps the first of each.
func once[T any](l []T, index func(T) uint32) []T {
	slices.SortStableFunc(l, func(a, b T) int { return cmp.Compare(index(a), index(b)) })
	return slices.CompactFunc(l, func(a, b T) bool { return index(a) == index(b) })
}

// recall returns what memo has for key, or computes and keeps it. Two that ask
// at once may both compute; the answer is the same.
func recall[K comparable, V any](a *App, memo map[K]V, key K, compute func() V) V {
	a.mu.Lock()
	v, ok := memo[key]
	a.mu.Unlock()
	if ok {
		return v
	}
	v = compute()
	a.mu.Lock()
	memo[key] = v
	a.mu.Unlock()
	return v
}

// maxSupers is how many superclasses a member is looked for in.
const maxSupers = 32

// find returns the definition of method index of file: in the class that it is
// named with, or in a superclass. ok is false if no file of the app has it.
func (a *App) find(file int, index uint32) (m methodAt, ok bool) {
	f := a.files[file]
	ref := f.Method(index)
	class := f.Type(ref.Class)
	var key member
	for i := range maxSupers {
		at, ok := a.classes[class]
		if !ok {
			return methodAt{}, false
		}
		def := a.methodsOf(at)
		if i == 0 {
			if at.file == file {
				if m, ok := def.method(index); ok {
					return m, true
				}
			}
			key = member{f.String(ref.Name), f.ProtoString(ref.Proto)}
		}
		g := a.files[at.file]
		if m, ok := def.methodNamed(g, key); ok {
			return m, true
		}
		class = g.Type(g.Class(at.class).Super)
	}
	return methodAt{}, false
}

// returns tells what a call of method index of file returns, if a look into
// its code tells: a value in which Param stands for its own parameters.
func (a *App) returns(file int, index uint32, depth int) Value {
	p := a.learn(file).returned[depth].at(index)
	if v := p.Load(); v != nil {
		return *v
	}
	var v Value
	if m, ok := a.find(file, index); ok && a.only(m, a.files[file], index) {
		v = a.look(m, depth)
	}
	p.Store(&v)
	return v
}

// with runs fn on the analysis of a method, whose memory is used again.
func (a *App) with(file int, def dex.MethodDef, depth int, fn func(x *Analysis)) {
	x, _ := a.pool.Get().(*Analysis)
	if x == nil {
		x = new(Analysis)
	}
	x.run(a, file, def, depth)
	fn(x)
	a.pool.Put(x)
}

// maxBelow is how many subclasses are asked whether they override a method.
const maxBelow = 256

// only reports whether a call of method index of f, which is resolved to m,
// can run no other method.
func (a *App) only(m methodAt, f *dex.File, index uint32) bool {
	g := a.files[m.file-1]
	c := g.Class(int(m.class))
	if m.def.Flags&(dex.AccStatic|dex.AccFinal|dex.AccPrivate) != 0 || !m.def.Virtual || c.Flags&dex.AccFinal != 0 {
		return true
	}
	if c.Flags&dex.AccInterface != 0 {
		return false
	}
	ref := f.Method(index)
	key := member{f.String(ref.Name), f.ProtoString(ref.Proto)}
	list := append([]classAt(nil), a.subclasses(f.Type(ref.Class))...)
	for i := 0; i < len(list); i++ {
		h := a.files[list[i].file]
		if a.defines(list[i], key) || len(list) > maxBelow {
			return false
		}
		list = append(list, a.subclasses(h.Type(h.Class(list[i].class).Type))...)
	}
	return true
}

// defines reports whether a class that counts has a method of its own.
func (a *App) defines(at classAt, key member) bool {
	f := a.files[at.file]
	if a.classes[f.Type(f.Class(at.class).Type)] != at {
		return false
	}
	_, ok := a.methodsOf(at).methodNamed(f, key)
	return ok
}

func (a *App) look(m methodAt, depth int) Value {
	if m.def.CodeOff == 0 || m.def.Flags&(dex.AccNative|dex.AccAbstract) != 0 {
		return Value{}
	}
	f := a.files[m.file-1]
	if c := f.Code(m.def.CodeOff); c.Err != nil || c.Units() > MaxInline {
		return Value{}
	}
	proto := f.ProtoString(f.Method(m.def.Index).Proto)
	if strings.HasSuffix(proto, ")V") {
		return Value{}
	}
	var v Value
	a.with(int(m.file)-1, m.def, depth, func(x *Analysis) { v = x.Return() })
	if !telling(v) {
		return Value{}
	}
	return v
}

// telling reports whether a returned value says more than the name of the method.
func telling(v Value) bool {
	switch v.Kind {
	case None, Unknown, Result, Field:
		return false
	case OneOf, Concat:
		for _, e := range v.Elems {
			if telling(e) {
				return true
			}
		}
		return false
	}
	return true
}

// field tells what a read of field index of file gives, likewise.
func (a *App) field(file int, index uint32, depth int) Value {
	p := a.learn(file).fields[depth].at(index)
	if v := p.Load(); v != nil {
		return *v
	}
	v := a.readField(file, index, depth)
	p.Store(&v)
	return v
}

func (a *App) readField(file int, index uint32, depth int) Value {
	f := a.files[file]
	ref := f.Field(index)
	v := Value{Kind: Field, S: f.FieldString(index)}
	fd, ok := a.findField(file, index)
	if !ok {
		if d := primitives[f.Type(ref.Class)]; d != "" && f.String(ref.Name) == "TYPE" {
			return Value{Kind: Class, S: d}
		}
		if c, ok := constants[v.S]; ok {
			return c
		}
		return v
	}
	at := fd.at()
	final := fd.def.Flags&dex.AccFinal != 0
	if !fd.def.Static {
		if final && depth < 2 {
			if c, ok := a.constructed(at)[fd.def.Index]; ok {
				return c
			}
		}
		return v
	}
	init := a.initial(at, int(fd.n), f.Type(ref.Type))
	if depth < 2 {
		if c, ok := a.initialised(at)[fd.def.Index]; ok {
			init = c
		}
	}
	if len(a.fieldsKnown) > 0 {
		if c, ok := a.fieldsKnown[a.files[at.file].FieldString(fd.def.Index)]; ok {
			init = c
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

// findField returns the definition of a field likewise.
func (a *App) findField(file int, index uint32) (fd fieldAt, ok bool) {
	f := a.files[file]
	ref := f.Field(index)
	class := f.Type(ref.Class)
	var key member
	for i := range maxSupers {
		at, ok := a.classes[class]
		if !ok {
			return fieldAt{}, false
		}
		def := a.fieldsOf(at)
		if i == 0 {
			if at.file == file {
				if fd, ok := def.field(index); ok {
					return fd, true
				}
			}
			key = member{f.String(ref.Name), f.Type(ref.Type)}
		}
		g := a.files[at.file]
		if fd, ok := def.fieldNamed(g, key); ok {
			return fd, true
		}
		class = g.Type(g.Class(at.class).Super)
	}
	return fieldAt{}, false
}

// initial returns the encoded initial value of static field n of a class.
func (a *App) initial(at classAt, n int, typ string) Value {
	l := recall(a, a.statics, at, func() (l []Value) {
		f := a.files[at.file]
		for v := range f.StaticValues(at.class) {
			l = append(l, encoded(f, v))
		}
		return l
	})
	if n < len(l) {
		return l[n]
	}
	// Behind the last value all are 0 or null; of objects that is no more than
	// where the class initialiser begins.
	if strings.HasPrefix(typ, "L") || strings.HasPrefix(typ, "[") {
		return Value{}
	}
	return Value{Kind: Int}
}

func encoded(f *dex.File, v dex.Value) Value {
	switch v.Kind {
	case dex.ValueByte, dex.ValueShort, dex.ValueChar, dex.ValueInt, dex.ValueLong:
		return Value{Kind: Int, N: v.Int()}
	case dex.ValueBoolean:
		if v.Bool() {
			return Value{Kind: Int, N: 1}
		}
		return Value{Kind: Int}
	case dex.ValueFloat, dex.ValueDouble:
		return Value{Kind: Float, F: v.Float()}
	case dex.ValueString:
		return Value{Kind: String, S: f.String(v.Index())}
	case dex.ValueType:
		return Value{Kind: Class, S: f.Type(v.Index())}
	}
	return Value{}
}

// initialised returns what the initialiser of a class leaves in its static
// fields, as far as it stores one value only.
func (a *App) initialised(at classAt) map[uint32]Value {
	return recall(a, a.inits, at, func() (m map[uint32]Value) {
		f := a.files[at.file]
		clinit, ok := a.methodsOf(at).methodNamed(f, member{"<clinit>", "()V"})
		d := clinit.def
		if !ok || d.CodeOff == 0 {
			return nil
		}
		if c := f.Code(d.CodeOff); c.Err == nil && c.Units() <= MaxInitCode {
			a.with(at.file, d, 2, func(x *Analysis) { m = x.stored(true) })
		}
		return m
	})
}

// constructed returns what all constructors of a class leave in its final
// fields, if they agree.
func (a *App) constructed(at classAt) map[uint32]Value {
	return recall(a, a.finals, at, func() map[uint32]Value {
		f := a.files[at.file]
		units := 0
		all := map[uint32]Value{}
		for d := range f.ClassData(at.class).Methods() {
			if f.String(f.Method(d.Index).Name) != "<init>" || d.CodeOff == 0 {
				continue
			}
			c := f.Code(d.CodeOff)
			if units += int(c.Units()); c.Err != nil || units > MaxInitCode {
				return nil
			}
			// A constructor that calls another one of its class stores nothing.
			a.with(at.file, d, 2, func(x *Analysis) {
				for k, v := range x.stored(false) {
					if w, ok := all[k]; ok && !equal(v, w) {
						v = Value{}
					}
					all[k] = v
				}
			})
		}
		for k, v := range all {
			if !constant(v) || !telling(v) {
				delete(all, k)
			}
		}
		return all
	})
}
