package program

import (
	"cmp"
	"slices"
	"strings"
)

// Budgets of the search for callbacks.
const (
	maxGuess    = 4       // without any hint: at most so many classes that could be meant
	maxWrappers = 1 << 14 // methods that hand a parameter on to the framework
	maxExtra    = 8 << 20 // edges
	maxWork     = 1 << 28 // comparisons
)

// registration says what a call hands over to be run later.
type registration struct {
	arg int     // position of the object among the arguments, the receiver counted
	typ ClassID // what it is declared to be
	run []string
	how registrationKind
	// own tells that the object is the receiver, so that the class in the name
	// of the method says what it is.
	own bool
}

type registrationKind uint8

const (
	byType  registrationKind = iota // run what typ introduces
	byNames                         // run the methods of these names
	byClass                         // the argument is a class constant
	byReflection
)

// scan is one pass over all code.
type scan struct {
	g     *graph
	t     *tables
	units []Unit

	rows     map[rowKey]row
	rowed    []bool  // names of methods that rows speak of
	params   []param // of prototype i from paramOff[i] on
	paramOff []uint32
	clinit   []MethodID
	methods  []uint8          // what is known of each
	regs     []uint32         // by method named: 0 not asked yet, else a position in regList + 1
	regList  [][]registration // the first is empty

	// Of the body at hand.
	unit   int
	table  []field // of the unit
	refs   []Ref
	body   uint32
	news   []ClassID
	newPCs []uint32
	fields []ClassID
	consts []ClassID
	inits  []ClassID
	sites  []site

	pending  []pendingSite
	runMemo  map[runKey][]MethodID
	life     []uint32     // by class: 0 not asked yet, else a position in lifeList + 1
	lifeList [][]MethodID // the first is empty
	work     int
	most     int // work
}

type site struct {
	to   MethodID
	pc   uint32
	kind RefKind
}

// pendingSite is a site whose object was not found near it.
type pendingSite struct {
	body uint32
	pc   uint32
	reg  registration
}

type runKey struct {
	class, typ ClassID
	names      *string // the first of registration.run, if it is by names
}

// rowKey finds what the rows say of a method of a class.
type rowKey struct {
	class  ClassID
	method uint32 // into names
}

type row struct {
	run        []string
	class      bool
	reflective bool
}

// param is a parameter that may be a callback.
type param struct {
	at    int
	typ   ClassID
	class bool // of type java.lang.Class
}

func newScan(g *graph, units []Unit) *scan {
	t := g.t
	s := &scan{
		g: g, t: t, units: units,
		rows: map[rowKey]row{}, rowed: make([]bool, len(t.names.list)),
		regs: make([]uint32, t.numMethods()), regList: make([][]registration, 1),
		runMemo: map[runKey][]MethodID{}, lifeList: make([][]MethodID, 1), most: cmp.Or(g.maxWork, maxWork),
	}
	add := func(class, method string, r row) {
		c, ok := t.classes.find(class)
		m, ok2 := t.names.find(method)
		if ok && ok2 {
			s.rowed[m] = true
			s.rows[rowKey{ClassID(c), m}] = r
		}
	}
	for _, r := range receiverRows {
		add(r.class, r.method, row{run: r.run})
	}
	for _, r := range classRows {
		add(r.class, r.method, row{class: true})
	}
	for _, r := range reflectiveCalls {
		add(r.class, r.method, row{reflective: true})
	}
	s.callbackParams()
	n := len(t.super)
	g.created, g.mentioned = make([]bool, n), make([]bool, n)
	s.clinit = make([]MethodID, n)
	proto, ok := t.findProto("()V")
	sig := signatureOf(t.nameClinit, proto)
	for c := range s.clinit {
		s.clinit[c] = NoMethod
		if ok && t.nameClinit != NoIndex && t.isApp(ClassID(c)) {
			if m := t.find(ClassID(c), sig); t.isDefined(m) {
				s.clinit[c] = m
			}
		}
	}
	return s
}

func (s *scan) run() {
	g, t := s.g, s.t
	n := len(t.bodyMethod)
	g.callOff = make([]uint32, 1, n+1)
	g.newOff = make([]uint32, 1, n+1)
	// A body has three to four calls.
	g.callTo, g.callPC, g.callKind = make([]uint32, 0, 4*n), make([]uint32, 0, 4*n), make([]RefKind, 0, 4*n)
	g.extra = make([]extraEdge, 0, n/3)
	s.look()
	for u, unit := range s.units {
		s.unit = u
		s.readFields(unit)
		for b := range unit.NumBodies() {
			s.body = uint32(t.bodyBase[u] + b)
			s.news, s.newPCs, s.fields, s.consts, s.inits, s.sites = s.news[:0], s.newPCs[:0], s.fields[:0], s.consts[:0], s.inits[:0], s.sites[:0]
			s.refs = unit.AppendRefs(b, s.refs[:0])
			for i := range s.refs {
				s.ref(&s.refs[i])
			}
			for _, x := range s.sites {
				s.site(x)
			}
			for _, c := range s.news {
				g.newVal = append(g.newVal, uint32(c))
			}
			g.newPC = append(g.newPC, s.newPCs...)
			g.callOff = append(g.callOff, uint32(len(g.callTo)))
			g.newOff = append(g.newOff, uint32(len(g.newVal)))
		}
	}
}

// What is known of a method before its calls are looked at.
const (
	plainCall   = 1 << iota // a call of it hands over nothing
	startsClass             // its class has an initialiser
)

// look finds out what the many calls are that nothing needs to be asked of, in
// the order of the tables.
func (s *scan) look() {
	t := s.t
	rowClass := make([]bool, len(t.super))
	for k := range s.rows {
		rowClass[k.class] = true
	}
	inRows := slices.Clone(rowClass) // or a type above it
	for c := range inRows {
		for _, k := range t.supers(ClassID(c)) {
			if rowClass[k] {
				inRows[c] = true
				break
			}
		}
	}
	s.methods = make([]uint8, t.numMethods())
	for i := range s.methods {
		m := MethodID(i)
		c := t.class(m)
		if s.clinit[c] != NoMethod {
			s.methods[m] |= startsClass
		}
		if sig := t.sig(m); !(s.rowed[sig.name()] && inRows[c]) && (s.paramOff[sig.proto()] == s.paramOff[sig.proto()+1] || t.isDefined(t.resolved[m])) {
			s.methods[m] |= plainCall
		}
	}
}

// field is a field of the unit at hand.
type field struct {
	init ClassID // its class, if that has an initialiser
	typ  ClassID // its type, if that is a class of the app
}

func (s *scan) readFields(u Unit) {
	n := u.NumFields()
	s.table = slices.Grow(s.table[:0], n)[:n]
	for i := range s.table {
		class, _, typ := u.Field(uint32(i))
		f := field{s.t.typ(s.unit, class), s.t.typ(s.unit, typ)}
		if f.init != NoClass && s.clinit[f.init] == NoMethod {
			f.init = NoClass
		}
		if !s.t.isApp(f.typ) {
			f.typ = NoClass
		}
		s.table[i] = f
	}
}

// ref takes one reference of the body at hand.
func (s *scan) ref(r *Ref) {
	g, t := s.g, s.t
	switch r.Kind {
	case RefCallVirtual, RefCallSuper, RefCallDirect, RefCallStatic, RefCallInterface, RefCallPoly, RefCallDynamic, RefHandle:
		ids := t.methodOf[s.unit]
		if int64(r.Index) >= int64(len(ids)) {
			return
		}
		m := ids[r.Index]
		if m == NoMethod {
			return
		}
		g.callTo = append(g.callTo, uint32(m))
		g.callPC = append(g.callPC, r.PC)
		g.callKind = append(g.callKind, r.Kind)
		what := s.methods[m]
		if r.Kind == RefCallStatic && what&startsClass != 0 {
			s.init(t.class(m), r.PC)
		}
		if what&plainCall == 0 && r.Kind <= RefCallInterface && len(s.registrations(m, r.Kind)) > 0 {
			s.sites = append(s.sites, site{m, r.PC, r.Kind})
		}
	case RefNew:
		c := t.typ(s.unit, r.Index)
		if t.isApp(c) {
			g.created[c] = true
			s.init(c, r.PC)
			if s.news = addOnce(s.news, c); len(s.news) > len(s.newPCs) {
				s.newPCs = append(s.newPCs, r.PC)
			}
		}
	case RefClass:
		c := t.typ(s.unit, r.Index)
		if t.isApp(c) {
			g.mentioned[c] = true
			s.consts = addOnce(s.consts, c)
		}
	case RefFieldGet, RefFieldPut:
		if int64(r.Index) >= int64(len(s.table)) {
			return
		}
		f := s.table[r.Index]
		if f.init != NoClass {
			s.init(f.init, r.PC)
		}
		if f.typ != NoClass && r.Kind == RefFieldGet {
			s.fields = addOnce(s.fields, f.typ)
		}
	}
}

// addOnce appends c unless it is among the last of l: bodies are small, and a
// hostile one must not make this quadratic.
func addOnce(l []ClassID, c ClassID) []ClassID {
	if slices.Contains(l[max(0, len(l)-32):], c) {
		return l
	}
	return append(l, c)
}

// init notes that the code makes the virtual machine initialise class c.
func (s *scan) init(c ClassID, pc uint32) {
	if int64(c) >= int64(len(s.clinit)) || s.clinit[c] == NoMethod {
		return
	}
	if m := s.t.bodyMethod[s.body]; m != NoMethod && s.t.class(m) == c {
		return // it is initialised already
	}
	if slices.Contains(s.inits[max(0, len(s.inits)-32):], c) {
		return
	}
	s.inits = append(s.inits, c)
	s.edge(s.body, pc, s.clinit[c], EdgeCallback)
}

func (s *scan) edge(body, pc uint32, to MethodID, kind EdgeKind) {
	if len(s.g.extra) >= maxExtra {
		s.g.truncated = true
		return
	}
	s.g.extra = append(s.g.extra, extraEdge{body, pc, to, kind})
}

// spend counts work, and reports whether there is no use in more of it: too much
// was done, or no further edge has room.
func (s *scan) spend(n int) (over bool) {
	if s.work += n; s.work > s.most || len(s.g.extra) >= maxExtra {
		s.g.truncated = true
		return true
	}
	return false
}

// registrations returns what a call of m hands over.
func (s *scan) registrations(m MethodID, kind RefKind) []registration {
	if i := s.regs[m]; i != 0 {
		return s.regList[i-1]
	}
	r := s.findRegistrations(m, kind)
	s.regs[m] = 1
	if len(r) > 0 {
		s.regList = append(s.regList, r)
		s.regs[m] = uint32(len(s.regList))
	}
	return r
}

func (s *scan) findRegistrations(m MethodID, kind RefKind) (out []registration) {
	t := s.t
	c := t.class(m)
	at := 1
	if kind == RefCallStatic {
		at = 0
	}
	framework := !t.isDefined(t.resolved[m])
	byRow := false
	if s.rowed[t.nameOf(m)] {
		for _, k := range append([]uint32{uint32(c)}, t.supers(c)...) {
			r := s.rows[rowKey{ClassID(k), t.nameOf(m)}]
			if r.run != nil && framework && at == 1 {
				out = append(out, registration{typ: ClassID(k), run: r.run, how: byNames, own: true})
			}
			if r.reflective && framework {
				out = append(out, registration{how: byReflection})
			}
			byRow = byRow || r.class
		}
	}
	if !framework && !byRow {
		return out
	}
	proto := t.sig(m).proto()
	for _, p := range s.params[s.paramOff[proto]:s.paramOff[proto+1]] {
		switch {
		case p.class && byRow:
			out = append(out, registration{arg: at + p.at, how: byClass})
		case !p.class && framework:
			out = append(out, registration{arg: at + p.at, typ: p.typ, how: byType})
		}
	}
	return out
}

// callbackParams collects the parameters of all prototypes that may be
// callbacks, in the order of the prototypes.
func (s *scan) callbackParams() {
	t := s.t
	is := make([]bool, len(t.super))
	for c := range is {
		is[c] = s.isCallback(ClassID(c))
	}
	class := NoClass
	if c, ok := t.classes.find("Ljava/lang/Class;"); ok {
		class = ClassID(c)
		is[c] = true
	}
	s.paramOff = make([]uint32, 1, t.protos.num()+1)
	for i := range uint32(t.protos.num()) {
		for at, c := range t.protos.params(i) {
			if c != NoClass && is[c] {
				s.params = append(s.params, param{at, c, c == class})
			}
		}
		s.paramOff = append(s.paramOff, uint32(len(s.params)))
	}
}

// isCallback reports whether an object of framework type c is called back by
// those that it is handed to, and the app has such objects.
func (s *scan) isCallback(c ClassID) bool {
	t := s.t
	if c == t.object || t.isApp(c) || len(t.subclasses().row(uint32(c))) == 0 {
		return false
	}
	d := t.classes.list[c]
	if callbackClasses[d] {
		return true
	}
	for _, suffix := range callbackSuffixes {
		if strings.HasSuffix(d, suffix) {
			return true
		}
	}
	return t.cFlags[c]&accInterface != 0 && !plainInterfaces[d]
}

// site finds out what one call that hands something over may run.
func (s *scan) site(x site) {
	for _, r := range s.regList[s.regs[x.to]-1] {
		switch r.how {
		case byReflection:
			s.reflected(x)
		case byClass:
			for _, c := range s.consts {
				if s.spend(1) {
					return
				}
				if c != s.ownClass() {
					s.created(c, x.pc)
				}
			}
		default:
			s.object(s.body, x.pc, x.to, r)
		}
	}
}

func (s *scan) ownClass() ClassID {
	if m := s.t.bodyMethod[s.body]; m != NoMethod {
		return s.t.class(m)
	}
	return NoClass
}

// created adds the edges to the life cycle of a class that the framework makes
// an object of, if it is one that the framework knows how to enter.
func (s *scan) created(c ClassID, pc uint32) {
	life := s.lifeOf(c)
	if s.spend(len(life)) {
		return
	}
	for _, m := range life {
		s.edge(s.body, pc, m, EdgeCallback)
	}
}

// lifeOf returns the methods through which the framework enters objects of a
// class that it makes itself; none if it does not know the class.
func (s *scan) lifeOf(c ClassID) []MethodID {
	t := s.t
	if s.life == nil {
		s.life = make([]uint32, len(t.super))
	}
	if i := s.life[c]; i != 0 {
		return s.lifeList[i-1]
	}
	known, methods := false, 0
	for _, k := range t.supers(c) {
		known = known || ClassID(k) != t.object && (!t.isApp(ClassID(k)) || strings.HasPrefix(t.classes.list[k], "Landroidx/"))
		methods += len(t.classMethods.row(k))
	}
	s.life[c] = 1
	if !known || s.spend(methods+len(t.classMethods.row(uint32(c)))) {
		return nil
	}
	if life := t.entryPoints(c); len(life) > 0 {
		s.lifeList = append(s.lifeList, life)
		s.life[c] = uint32(len(s.lifeList))
	}
	return s.lifeList[s.life[c]-1]
}

func (s *scan) reflected(x site) {
	v, ok := s.units[s.unit].(Values)
	if !ok {
		return
	}
	for _, text := range v.Reflected(int(s.body)-s.t.bodyBase[s.unit], x.pc) {
		class, rest, ok := strings.Cut(text, "->")
		if !ok {
			continue
		}
		name, proto := rest, ""
		if i := strings.IndexByte(rest, '('); i >= 0 {
			name, proto = rest[:i], rest[i:]
		}
		found := false
		if c, ok := s.t.classes.find(class); ok {
			if s.spend(len(s.t.classMethods.row(c))) {
				return
			}
			for _, m := range s.t.classMethods.row(c) {
				if s.t.name(MethodID(m)) != name || proto != "" && s.t.proto(MethodID(m)) != proto {
					continue
				}
				found = true
				s.edge(s.body, x.pc, s.t.resolved[m], EdgeReflective)
			}
		}
		if !found {
			s.edge(s.body, x.pc, s.g.number(member{class, name, proto}), EdgeReflective)
		}
	}
}

// object finds the classes of the object that a call at pc hands over.
func (s *scan) object(body, pc uint32, to MethodID, r registration) {
	t := s.t
	if r.own && t.isApp(t.class(to)) {
		c := t.class(to)
		s.runAll(body, pc, c, r)
		for _, k := range t.subclasses().row(uint32(c)) {
			if s.spend(1) {
				return
			}
			s.runAll(body, pc, ClassID(k), r)
		}
		return
	}
	var found []ClassID
	found = s.below(s.news, r.typ, found)
	if len(found) != 1 {
		if v, ok := s.units[s.unit].(Values); ok {
			if d := v.ArgClass(int(body)-t.bodyBase[s.unit], pc, r.arg); d != "" {
				if c, ok := t.classes.find(d); ok && t.isApp(ClassID(c)) && t.isA(ClassID(c), r.typ) {
					found = append(found[:0], ClassID(c))
				}
			}
		}
	}
	if len(found) == 0 {
		found = s.below(s.fields, r.typ, found)
		found = s.below(s.returned(), r.typ, found)
		if own := s.ownClass(); own != NoClass && t.isA(own, r.typ) {
			found = append(found, own)
		}
	}
	if len(found) == 0 {
		s.pending = append(s.pending, pendingSite{body, pc, r})
		return
	}
	for _, c := range found {
		s.runAll(body, pc, c, r)
	}
}

// below appends those classes of l that are typ or below it.
func (s *scan) below(l []ClassID, typ ClassID, out []ClassID) []ClassID {
	for _, c := range l {
		if s.work += len(s.t.supers(c)) + len(out); s.work > s.most {
			s.g.truncated = true
			return out
		}
		if s.t.isA(c, typ) && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// returned lists the classes that methods called by the body at hand are
// declared to return.
func (s *scan) returned() (out []ClassID) {
	end := len(s.g.callTo)
	if int(s.body)+1 < len(s.g.callOff) {
		end = int(s.g.callOff[s.body+1]) // not the body that is being read
	}
	for i := int(s.g.callOff[s.body]); i < end; i++ {
		if s.work++; s.work > s.most {
			s.g.truncated = true
			return out
		}
		if c := s.t.protos.returns(s.t.sig(MethodID(s.g.callTo[i])).proto()); c != NoClass && s.t.isApp(c) {
			out = addOnce(out, c)
		}
	}
	return out
}

// runAll adds an edge to each method of class c that r says is run later.
func (s *scan) runAll(body, pc uint32, c ClassID, r registration) {
	key := runKey{class: c, typ: r.typ}
	if r.how == byNames {
		key.names = &r.run[0]
	}
	run, ok := s.runMemo[key]
	switch {
	case ok:
	case r.how == byNames:
		s.eachMethod(c, func(m MethodID) {
			if slices.Contains(r.run, s.t.name(m)) {
				run = append(run, m)
			}
		})
		s.runMemo[key] = run
	default:
		ups := append([]uint32{uint32(r.typ)}, s.t.supers(r.typ)...)
		s.eachMethod(c, func(m MethodID) {
			for _, k := range ups {
				if ClassID(k) != s.t.object && s.t.introduces(ClassID(k), s.t.nameOf(m)) {
					run = append(run, m)
					return
				}
			}
			if s.t.unknown(r.typ) && !objectMethods[s.t.name(m)] {
				run = append(run, m)
			}
		})
		s.runMemo[key] = run
	}
	if s.spend(len(run)) {
		return
	}
	for _, m := range run {
		s.edge(body, pc, m, EdgeCallback)
	}
}

// eachMethod calls fn for the methods that an object of class c has from
// classes of the app: its own, and inherited ones that are not overridden.
func (s *scan) eachMethod(c ClassID, fn func(MethodID)) {
	t := s.t
	var seen []signature
	for steps := 0; steps < maxSupers && c != NoClass && t.isApp(c); steps++ {
		last := t.super[c] == NoClass || !t.isApp(t.super[c])
		if s.spend(len(t.classMethods.row(uint32(c))) * (1 + len(seen)/8)) {
			return
		}
		for _, x := range t.classMethods.row(uint32(c)) {
			m := MethodID(x)
			if !t.isDefined(m) || t.mFlags[m]&(accStatic|accPrivate) != 0 || steps > 0 && slices.Contains(seen, t.sig(m)) {
				continue
			}
			if n := t.nameOf(m); n == t.nameInit || n == t.nameClinit {
				continue
			}
			fn(m)
			if !last && len(seen) < 1024 {
				seen = append(seen, t.sig(m))
			}
		}
		c = t.super[c]
	}
}

// finish looks farther for the objects of pending sites: first whether the object is a parameter, then among all that the class makes, then whether there
// are hardly any that it could be.
func (s *scan) finish() {
	g, t := s.g, s.t
	type wrapper struct {
		m   MethodID
		typ ClassID
	}
	known := map[wrapper]bool{}
	var wrappers []wrapper
	var regOf []registration
	var classNews rows
	if len(s.pending) > 0 {
		var keys, val []uint32
		for b, m := range t.bodyMethod {
			if m != NoMethod {
				for _, c := range g.newVal[g.newOff[b]:g.newOff[b+1]] {
					keys, val = append(keys, uint32(t.class(m))), append(val, c)
				}
			}
		}
		classNews = group(len(t.super), keys, val)
	}
	// resolve takes one pending site; it may make the method that holds it a wrapper.
	resolve := func(p pendingSite) {
		m := t.bodyMethod[p.body]
		if m == NoMethod {
			return
		}
		at := 1
		if t.isDefined(m) && t.mFlags[m]&accStatic != 0 {
			at = 0
		}
		for _, c := range t.protos.params(t.sig(m).proto()) {
			if c != NoClass && t.classes.list[c][0] == 'L' && c != t.object && (t.isA(c, p.reg.typ) || t.isA(p.reg.typ, c)) {
				w := wrapper{m, p.reg.typ}
				if !known[w] && len(wrappers) < maxWrappers {
					known[w] = true
					r := p.reg
					r.arg, r.own = at, false
					wrappers, regOf = append(wrappers, w), append(regOf, r)
				}
				return
			}
			at++
		}
		var found []ClassID
		for _, c := range s.outer(t.class(m)) {
			for _, x := range classNews.row(uint32(c)) {
				if s.spend(1 + len(t.supers(ClassID(x)))) {
					return
				}
				if k := ClassID(x); t.isA(k, p.reg.typ) && !slices.Contains(found, k) && len(found) < 32 {
					found = append(found, k)
				}
			}
			if len(found) > 0 {
				break
			}
		}
		if sub := t.subclasses().row(uint32(p.reg.typ)); len(found) == 0 && len(sub) <= maxGuess {
			for _, x := range sub {
				if t.cFlags[x]&(accInterface|accAbstract) == 0 {
					found = append(found, ClassID(x))
				}
			}
		}
		for _, c := range found {
			s.runAll(p.body, p.pc, c, p.reg)
		}
	}
	for i := 0; i < len(s.pending); i++ { // grows while wrappers are found
		resolve(s.pending[i])
		for ; len(wrappers) > 0 && i == len(s.pending)-1; wrappers, regOf = wrappers[1:], regOf[1:] {
			s.wrapped(wrappers[0].m, regOf[0])
		}
	}
	s.unexplained()
}

// unexplained adds edges for objects that no row explains. A method that
// overrides one of the framework's is there to be called by the framework. If
// nothing was found that leads to it, it is what makes the objects.
func (s *scan) unexplained() {
	g, t := s.g, s.t
	explained := make([]bool, t.numMethods())
	for _, e := range g.extra {
		if e.kind == EdgeCallback && int(e.to) < len(explained) {
			explained[e.to] = true
		}
	}
	memo := make([]uint32, len(t.super)) // by class: 1 + a position in lists
	lists := [][]MethodID{nil}
	for body := range t.bodyMethod {
		for i := g.newOff[body]; i < g.newOff[body+1]; i++ {
			at := &memo[g.newVal[i]]
			if *at == 0 {
				*at = 1
				if open := s.openMethods(ClassID(g.newVal[i]), explained); len(open) > 0 {
					lists = append(lists, open)
					*at = uint32(len(lists))
				}
			}
			if s.spend(len(lists[*at-1])) {
				return
			}
			for _, m := range lists[*at-1] {
				s.edge(uint32(body), g.newPC[i], m, EdgeCallback)
			}
		}
	}
}

// openMethods lists the methods of an object of class c that override what a
// type of the framework introduces, that no callback leads to, and that the app
// does not call through that type itself.
func (s *scan) openMethods(c ClassID, explained []bool) (out []MethodID) {
	t := s.t
	var ups []ClassID
	for _, k := range t.supers(c) {
		if k := ClassID(k); !t.isApp(k) && k != t.object && !plainInterfaces[t.classes.list[k]] {
			ups = append(ups, k)
		}
	}
	if len(ups) == 0 {
		return nil
	}
	s.eachMethod(c, func(m MethodID) {
		if explained[m] || len(s.g.overrode.row(uint32(m))) > 0 {
			return
		}
		for _, k := range ups {
			if s.work++; s.work > s.most {
				s.g.truncated = true
				return
			}
			if t.introduces(k, t.nameOf(m)) {
				out = append(out, m)
				return
			}
		}
	})
	return out
}

// outer lists a class and those that it is nested in, by their names.
func (s *scan) outer(c ClassID) []ClassID {
	out := []ClassID{c}
	d := s.t.classes.list[c]
	for i := strings.LastIndexByte(d, '$'); i > 0; i = strings.LastIndexByte(d[:i], '$') {
		if o, ok := s.t.classes.find(d[:i] + ";"); ok && len(out) < 8 {
			out = append(out, ClassID(o))
		}
	}
	return out
}

// wrapped treats the calls of a method that hands its parameter on to the
// framework as if they were calls of the framework.
func (s *scan) wrapped(m MethodID, r registration) {
	g := s.g
	named := append([]uint32{uint32(m)}, g.aliases.row(uint32(m))...)
	named = append(named, g.overrode.row(uint32(m))...)
	last := NoIndex
	for _, d := range named {
		for _, call := range g.callers.row(d) {
			if s.spend(1) {
				return
			}
			if body := g.bodyOf(call); body != last {
				last = body
				s.reread(body)
			}
			s.object(s.body, g.callPC[call], MethodID(d), r)
		}
	}
}

// reread makes an earlier body the one at hand: what it makes is known
// already, what it reads is not.
func (s *scan) reread(body uint32) {
	g, t := s.g, s.t
	u, b := g.unitOf(body)
	s.unit, s.body = u, body
	s.news, s.fields = s.news[:0], s.fields[:0]
	for _, c := range g.newVal[g.newOff[body]:g.newOff[body+1]] {
		s.news = append(s.news, ClassID(c))
	}
	if s.work > s.most {
		g.truncated = true
		return
	}
	s.refs = s.units[u].AppendRefs(b, s.refs[:0])
	s.work += len(s.refs)
	for _, r := range s.refs {
		if r.Kind == RefFieldGet {
			_, _, typ := s.units[u].Field(r.Index)
			if c := t.typ(u, typ); t.isApp(c) {
				s.fields = addOnce(s.fields, c)
			}
		}
	}
}
