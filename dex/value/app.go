package value

import (
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
	classes   map[string]classAt   // the first definition counts, as on Android
	below     map[string][]classAt // classes that extend one

	defOnce   []sync.Once
	methodAt  [][]methodAt // by file and method
	fieldAt   [][]fieldAt  // by file and field
	modelOnce []sync.Once
	modelOf   [][]uint16 // by file and method: number in models, 0 for none

	pool sync.Pool // of *Analysis

	// By file, depth, and method or field.
	returned [][3][]atomic.Pointer[Value]
	fields   [][3][]atomic.Pointer[Value]

	// What was found by running code.
	returnsKnown map[methodOf]map[uint32]string
	fieldsKnown  map[string]Value

	mu      sync.Mutex
	cache   []*Analysis // a few that were asked last, the newest at the end
	members map[classAt]*members
	statics map[classAt][]Value          // encoded initial values
	inits   map[classAt]map[string]Value // what class initialisers leave in static fields
	finals  map[classAt]map[string]Value // what all constructors leave in final fields
}

type classAt struct{ file, class int }

// members are what a class defines, by name and type. They never change.
type members struct {
	methods map[member]methodAt
	fields  map[member]fieldAt
}

// member is the name and the prototype or type of a member.
type member struct{ name, typ string }

// methodAt is a method that a class defines; file is counted from 1.
type methodAt struct {
	file  int32
	class int32
	def   dex.MethodDef
}

func (m methodAt) at() classAt { return classAt{int(m.file) - 1, int(m.class)} }

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
		files:     files,
		table:     newModelTable(),
		defOnce:   make([]sync.Once, len(files)),
		methodAt:  make([][]methodAt, len(files)),
		fieldAt:   make([][]fieldAt, len(files)),
		modelOnce: make([]sync.Once, len(files)),
		modelOf:   make([][]uint16, len(files)),
		returned:  make([][3][]atomic.Pointer[Value], len(files)),
		fields:    make([][3][]atomic.Pointer[Value], len(files)),
		members:   map[classAt]*members{},
		statics:   map[classAt][]Value{},
		inits:     map[classAt]map[string]Value{},
		finals:    map[classAt]map[string]Value{},
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
		a.below = make(map[string][]classAt)
		for fi, f := range a.files {
			for i := range f.NumClasses() {
				c := f.Class(i)
				if d := f.Type(c.Type); d != "" {
					if _, ok := a.classes[d]; !ok {
						a.classes[d] = classAt{fi, i}
					}
				}
				if d := f.Type(c.Super); d != "" && d != "Ljava/lang/Object;" {
					a.below[d] = append(a.below[d], classAt{fi, i})
				}
			}
		}
	})
}

// ofApp stands in the place of a model for methods named with a class of the app.
const ofApp = 1<<16 - 1

// asContext are methods of Context that classes are asked for which inherit them.
var asContext = map[string]bool{"getSystemService": true, "getString": true, "getText": true}

// models returns for each method of a file what the table says of it.
func (a *App) models(file int) []uint16 {
	a.modelOnce[file].Do(func() {
		a.index()
		f := a.files[file]
		of := make([]uint16, f.NumMethods())
		const known, own = 1, 2
		types := make([]uint8, f.NumTypes())
		for i := range types {
			d := f.Type(uint32(i))
			if a.table.classes[d] {
				types[i] = known
			}
			if _, ok := a.classes[d]; ok {
				types[i] |= own
			}
		}
		names := make([]uint8, f.NumStrings()) // 1: one of asContext; 2: any other
		for i := range of {
			m := f.Method(uint32(i))
			if int64(m.Class) >= int64(len(types)) || types[m.Class] == 0 {
				continue
			}
			class := f.Type(m.Class)
			if types[m.Class]&own != 0 {
				of[i] = ofApp
				// A method of Context is called by the name of the app's own class.
				if int64(m.Name) < int64(len(names)) && names[m.Name] == 0 {
					names[m.Name] = 2
					if asContext[f.String(m.Name)] {
						names[m.Name] = 1
					}
				}
				if int64(m.Name) < int64(len(names)) && names[m.Name] == 1 {
					if _, ok := a.find(file, uint32(i)); !ok {
						class = contexts[0]
					}
				}
			}
			if types[m.Class]&known == 0 && class != contexts[0] {
				continue
			}
			name := class + "->" + f.String(m.Name)
			proto := f.ProtoString(m.Proto)
			if len(name)+len(proto) > maxProto {
				continue
			}
			n, ok := a.table.index[name+proto[:strings.IndexByte(proto, ')')+1]]
			if !ok {
				n = a.table.index[name]
			}
			if n != 0 {
				of[i] = n
			}
		}
		a.modelOf[file] = of
		for d := range 3 {
			a.returned[file][d] = make([]atomic.Pointer[Value], f.NumMethods())
			a.fields[file][d] = make([]atomic.Pointer[Value], f.NumFields())
		}
	})
	return a.modelOf[file]
}

// define reads which class of a file defines which of its methods and fields.
// Of several definitions the first counts.
func (a *App) define(file int) {
	a.defOnce[file].Do(func() {
		a.index()
		f := a.files[file]
		methods, fields := make([]methodAt, f.NumMethods()), make([]fieldAt, f.NumFields())
		for i := range f.NumClasses() {
			c := f.Class(i).Type
			if at := (classAt{file, i}); a.classes[f.Type(c)] != at {
				continue
			}
			cd := f.ClassData(i)
			for d := range cd.Methods() {
				if int64(d.Index) < int64(len(methods)) && methods[d.Index].file == 0 && f.Method(d.Index).Class == c {
					methods[d.Index] = methodAt{int32(file + 1), int32(i), d}
				}
			}
			n := int32(0)
			for d := range cd.Fields() {
				if int64(d.Index) < int64(len(fields)) && fields[d.Index].file == 0 && f.Field(d.Index).Class == c {
					fields[d.Index] = fieldAt{int32(file + 1), int32(i), n, d}
				}
				if d.Static {
					n++
				}
			}
		}
		a.methodAt[file], a.fieldAt[file] = methods, fields
	})
}

// of returns what a class defines.
func (a *App) of(at classAt) *members {
	return recall(a, a.members, at, func() *members {
		a.define(at.file)
		f := a.files[at.file]
		cd := f.ClassData(at.class)
		m := &members{map[member]methodAt{}, map[member]fieldAt{}}
		for d := range cd.Methods() {
			if int64(d.Index) >= int64(len(a.methodAt[at.file])) || a.methodAt[at.file][d.Index].at() != at {
				continue
			}
			r := f.Method(d.Index)
			if k := (member{f.String(r.Name), f.ProtoString(r.Proto)}); len(k.typ) <= maxProto {
				m.methods[k] = a.methodAt[at.file][d.Index]
			}
		}
		for d := range cd.Fields() {
			if int64(d.Index) < int64(len(a.fieldAt[at.file])) && a.fieldAt[at.file][d.Index].at() == at {
				r := f.Field(d.Index)
				m.fields[member{f.String(r.Name), f.Type(r.Type)}] = a.fieldAt[at.file][d.Index]
			}
		}
		return m
	})
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
	a.define(file)
	if m := a.methodAt[file][index]; m.file != 0 {
		return m, true
	}
	f := a.files[file]
	ref := f.Method(index)
	class, key := f.Type(ref.Class), member{f.String(ref.Name), f.ProtoString(ref.Proto)}
	for range maxSupers {
		at, ok := a.classes[class]
		if !ok {
			return methodAt{}, false
		}
		if m, ok := a.of(at).methods[key]; ok {
			return m, true
		}
		g := a.files[at.file]
		class = g.Type(g.Class(at.class).Super)
	}
	return methodAt{}, false
}

// returns tells what a call of method index of file returns, if a look into
// its code tells: a value in which Param stands for its own parameters. Only for
// files of which models was asked.
func (a *App) returns(file int, index uint32, depth int) Value {
	p := &a.returned[file][depth][index]
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
	list := append([]classAt(nil), a.below[f.Type(ref.Class)]...)
	for i := 0; i < len(list); i++ {
		if _, ok := a.of(list[i]).methods[key]; ok || len(list) > maxBelow {
			return false
		}
		h := a.files[list[i].file]
		list = append(list, a.below[h.Type(h.Class(list[i].class).Type)]...)
	}
	return true
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
	p := &a.fields[file][depth][index]
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
	g := a.files[at.file]
	name := g.FieldString(fd.def.Index)
	final := fd.def.Flags&dex.AccFinal != 0
	if !fd.def.Static {
		if final && depth < 2 {
			if c, ok := a.constructed(at)[name]; ok {
				return c
			}
		}
		return v
	}
	init := a.initial(at, int(fd.n), f.Type(ref.Type))
	if depth < 2 {
		if c, ok := a.initialised(at)[name]; ok {
			init = c
		}
	}
	if c, ok := a.fieldsKnown[name]; ok {
		init = c
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
	a.define(file)
	if fd := a.fieldAt[file][index]; fd.file != 0 {
		return fd, true
	}
	f := a.files[file]
	ref := f.Field(index)
	class, key := f.Type(ref.Class), member{f.String(ref.Name), f.Type(ref.Type)}
	for range maxSupers {
		at, ok := a.classes[class]
		if !ok {
			return fieldAt{}, false
		}
		if fd, ok := a.of(at).fields[key]; ok {
			return fd, true
		}
		g := a.files[at.file]
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
func (a *App) initialised(at classAt) map[string]Value {
	return recall(a, a.inits, at, func() (m map[string]Value) {
		f := a.files[at.file]
		clinit, ok := a.of(at).methods[member{"<clinit>", "()V"}]
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
func (a *App) constructed(at classAt) map[string]Value {
	return recall(a, a.finals, at, func() map[string]Value {
		f := a.files[at.file]
		units := 0
		all := map[string]Value{}
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
