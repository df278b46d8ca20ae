package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// reach returns the methods that may run because those of from do, each with
// the most certain way to it.
//
// A call of an interface's method reaches every class that implements it. Where
// the call names a method of the framework (Runnable.run, Iterator.next), or one
// that everything has, such an edge says nothing about the app and is not
// followed; what the framework calls back has edges of its own. Of the others,
// ways with few of them are preferred, and at most as many followed as virtual
// says. follow is asked of virtual edges and callbacks.
func (j *judge) reach(from []fact.MethodID, virtual int, follow func(fact.Edge) bool) *reached {
	may := func(fact.Edge) bool { return true }
	if r, ok := j.set.Graph.(fact.Reacher); ok {
		// It knows which classes can have objects at all.
		all := r.Reachable(from)
		may = func(e fact.Edge) bool { return all.Has(e.To) }
	}
	return walk(j.set.Graph, from, virtual, may, follow, j.stopped)
}

func (j *judge) stopped() bool { return j.ctx.Err() != nil }

// mayBeSkipped reports whether a branch leads past the call that an edge stands
// for.
func (j *judge) mayBeSkipped(e fact.Edge) bool {
	if e.Unit < 0 || e.Unit >= len(j.units) {
		return false
	}
	s, ok := j.units[e.Unit].Unit.(fact.Skipper)
	return ok && s.MaySkip(e.Body, e.PC)
}

// unguarded returns what of r is reached by calls alone that no branch leads
// past.
func (j *judge) unguarded(r *reached, from []fact.MethodID, virtual int, follow func(fact.Edge) bool) *reached {
	return walk(j.set.Graph, from, virtual, func(e fact.Edge) bool { return r.by[e.To] != 0 && !j.mayBeSkipped(e) }, follow, j.stopped)
}

// soon reports whether an edge is followed on the way from app start: not where
// the system calls back upon an event that may come at any time (onReceive,
// onClick, onLocationChanged).
func (j *judge) soon(e fact.Edge) bool {
	if e.Kind == fact.EdgeCallback {
		_, name, proto := j.set.Graph.Name(e.To)
		return !strings.HasPrefix(name, "on") || atOnce[name] && !strings.HasPrefix(proto, "(Landroid/os/Bundle;") // a screen's onCreate
	}
	return j.tells(e)
}

// maxVirtual is how many calls that may run one of several methods a way from
// app start may hold.
const maxVirtual = 2

// atOnce are callbacks that follow upon their cause without more.
var atOnce = map[string]bool{
	"onCreate": true, "onStart": true, "onStartCommand": true, "onHandleIntent": true, "onHandleWork": true, "onStartJob": true, "onBind": true,
	"onLooperPrepared": true, "onPreExecute": true, "onPostExecute": true,
}

// tells reports whether an edge says something.
func (j *judge) tells(e fact.Edge) bool {
	if e.Kind != fact.EdgeVirtual {
		return true
	}
	if _, name, _ := j.set.Graph.Name(e.To); everywhere[name] {
		return false
	}
	if e.Unit < 0 || e.Unit >= len(j.units) || e.Body < 0 || e.Body >= len(j.units[e.Unit].bodies) {
		return true
	}
	u := &j.units[e.Unit]
	refs := u.refsOf(e.Body)
	i, _ := slices.BinarySearchFunc(refs, e.PC, func(r fact.Ref, pc uint32) int { return cmp.Compare(r.PC, pc) })
	for ; i < len(refs) && refs[i].PC == e.PC; i++ {
		if refs[i].Kind.IsCall() {
			return !isFramework(u.callee(refs[i].Index))
		}
	}
	return true
}

// everywhere are methods that so many classes have that a call by an interface
// does not tell which one runs.
var everywhere = map[string]bool{
	"toString": true, "equals": true, "hashCode": true, "clone": true, "finalize": true, "getClass": true, "compareTo": true, "compare": true,
	"iterator": true, "next": true, "hasNext": true, "remove": true, "size": true, "get": true, "set": true, "isEmpty": true, "contains": true,
	"containsKey": true, "add": true, "addAll": true, "put": true, "clear": true, "close": true, "length": true, "charAt": true, "subSequence": true,
	"read": true, "write": true, "flush": true, "getMessage": true, "append": true, "accept": true, "apply": true, "invoke": true, "test": true, "call": true,
	"getName": true, "getValue": true, "getKey": true, "describeContents": true, "writeToParcel": true, "asBinder": true, "values": true, "entrySet": true, "keySet": true,
}

// reached is a set of methods, each with the edge by which it was reached.
type reached struct {
	by    []uint32 // by method: 1 + an index into edges; fromStart for the methods one began with
	edges []fact.Edge
	order []fact.MethodID // as they were reached, the most certain and nearest first
}

const fromStart = ^uint32(0)

// walk follows the call graph breadth first, level by level of virtual edges.
func walk(g fact.Graph, from []fact.MethodID, levels int, may func(fact.Edge) bool, follow func(fact.Edge) bool, stop func() bool) *reached {
	r := &reached{by: make([]uint32, g.NumMethods())}
	add := func(m fact.MethodID, how uint32) {
		if int(m) < len(r.by) && r.by[m] == 0 {
			r.by[m] = how
			r.order = append(r.order, m)
		}
	}
	for _, m := range from {
		add(m, fromStart)
	}
	var virtual []fact.Edge // to be followed once nothing more certain is left
	for i := 0; ; i++ {
		if i == len(r.order) {
			level := virtual
			virtual = nil
			if levels--; levels < 0 {
				break
			}
			for _, e := range level {
				if r.by[e.To] == 0 {
					r.edges = append(r.edges, e)
					add(e.To, uint32(len(r.edges)))
				}
			}
			if i == len(r.order) {
				break
			}
		}
		if i&0xfff == 0xfff && stop() {
			break
		}
		for e := range g.Callees(r.order[i]) {
			if int(e.To) >= len(r.by) || r.by[e.To] != 0 || !may(e) {
				continue
			}
			switch e.Kind {
			case fact.EdgeVirtual:
				if follow(e) {
					virtual = append(virtual, e)
				}
				continue
			case fact.EdgeCallback:
				if !follow(e) {
					continue
				}
			}
			r.edges = append(r.edges, e)
			add(e.To, uint32(len(r.edges)))
		}
	}
	return r
}

// path returns the edges from one of the first methods to m.
func (r *reached) path(m fact.MethodID) []fact.Edge {
	var p []fact.Edge
	for int(m) < len(r.by) && r.by[m] != 0 && r.by[m] != fromStart {
		e := r.edges[r.by[m]-1]
		p = append(p, e)
		m = e.From
	}
	slices.Reverse(p)
	return p
}

// first returns, for each product, the method of it that is reached first.
func (j *judge) first(r *reached) map[*rule.SDK]fact.MethodID {
	out := map[*rule.SDK]fact.MethodID{}
	for _, m := range r.order {
		if _, _, ok := j.set.Graph.Defined(m); !ok {
			continue
		}
		class, _, _ := j.set.Graph.Name(m)
		if p := j.owners.of(class).product; p != nil {
			if _, ok := out[p]; !ok {
				out[p] = m
			}
		}
	}
	return out
}

// defined returns a test for classes that the app defines.
func (j *judge) defined() func(desc string) bool {
	var set map[string]bool
	return func(desc string) bool {
		if set == nil {
			set = map[string]bool{}
			want := map[string]bool{descriptor(j.set.App.Manifest.Application): true}
			for i := range j.set.App.Manifest.Components {
				c := &j.set.App.Manifest.Components[i]
				want[descriptor(c.Name)], want[descriptor(c.Target)] = true, true
			}
			for i := range j.units {
				u := &j.units[i]
				for c := 0; c < u.NumClasses(); c++ {
					typ, _, _ := u.Class(c)
					if d := u.Type(typ); want[d] {
						set[d] = true
					}
				}
			}
		}
		return set[desc]
	}
}

// startup are the methods that run before any screen is shown: those of the
// application class and of content providers.
func (j *judge) startup() []fact.MethodID {
	m := &j.set.App.Manifest
	var out []fact.MethodID
	out = j.methodsOf(out, m.Application, "<clinit>", "<init>", "attachBaseContext", "onCreate")
	for i := range m.Components {
		if c := &m.Components[i]; c.Kind == fact.Provider && c.Enabled {
			out = j.methodsOf(out, c.Name, "<clinit>", "<init>", "attachInfo", "onCreate")
		}
	}
	return j.methodsOf(out, m.AppComponentFactory, "<clinit>", "<init>", "instantiateApplication", "instantiateClassLoader", "instantiateProvider")
}

// entries are the methods through which the system enters the app: its
// application class, providers, launcher and exported components.
func (j *judge) entries() []fact.MethodID {
	out := j.startup()
	m := &j.set.App.Manifest
	r, _ := j.set.Graph.(fact.Reacher)
	for i := range m.Components {
		c := &m.Components[i]
		if !c.Enabled || !c.Exported && !c.Launcher && c.Kind != fact.Provider {
			continue
		}
		name := c.Name
		if c.Target != "" {
			name = c.Target
		}
		if r != nil {
			out = append(out, r.EntryPoints(descriptor(name))...)
		} else {
			out = j.methodsOf(out, name)
		}
	}
	return dedupeIDs(out)
}

func dedupeIDs(ids []fact.MethodID) []fact.MethodID {
	seen := map[fact.MethodID]bool{}
	return slices.DeleteFunc(ids, func(m fact.MethodID) bool {
		if seen[m] {
			return true
		}
		seen[m] = true
		return false
	})
}

// methodsOf appends the methods with these names that a class has or inherits
// from a class of the app; without names, those that the system calls: its
// constructors and what begins with "on".
func (j *judge) methodsOf(out []fact.MethodID, class string, names ...string) []fact.MethodID {
	if class == "" {
		return out
	}
	desc := descriptor(class)
	chain := []string{desc}
	for s := range j.set.Graph.Supers(desc) {
		chain = append(chain, s)
	}
	seen := map[string]bool{} // an override hides what it overrides, but for constructors
	for _, c := range chain {
		for _, md := range j.classMethods(c) {
			_, name, proto := j.set.Graph.Name(md)
			if len(names) > 0 && !slices.Contains(names, name) {
				continue
			}
			if len(names) == 0 && !strings.HasPrefix(name, "on") && name != "<init>" && name != "<clinit>" && name != "attachBaseContext" {
				continue
			}
			key := name + proto
			if name[0] == '<' {
				key += c
			}
			if !seen[key] {
				seen[key] = true
				out = append(out, md)
			}
		}
	}
	return out
}

// classMethods returns the methods that the app defines for a class.
func (j *judge) classMethods(desc string) []fact.MethodID {
	if j.byClass == nil {
		j.byClass = map[string][]fact.MethodID{}
		want := map[string]bool{}
		add := func(class string) {
			if class == "" {
				return
			}
			d := descriptor(class)
			if want[d] {
				return
			}
			want[d] = true
			for s := range j.set.Graph.Supers(d) {
				want[s] = true
			}
		}
		m := &j.set.App.Manifest
		add(m.Application)
		add(m.AppComponentFactory)
		for i := range m.Components {
			add(m.Components[i].Name)
			add(m.Components[i].Target)
		}
		for ui := range j.units {
			u := &j.units[ui]
			for c := 0; c < u.NumClasses(); c++ {
				typ, _, _ := u.Class(c)
				d := u.Type(typ)
				if !want[d] || j.byClass[d] != nil {
					continue
				}
				ids := []fact.MethodID{}
				for md := range u.ClassMethods(c) {
					ids = append(ids, j.set.Graph.ID(ui, md.Method))
				}
				j.byClass[d] = ids
			}
		}
	}
	return j.byClass[desc]
}

// holding is what of a product's code stands in the app.
type holding struct {
	classes  int
	packages []string
	last     string // package of the last class, as its descriptor has it
	bodies   int
	works    bool    // something in it does more than return
	loaded   bool    // Android loads some of it without the app's doing
	unit     string  // where the first of it is
	named    []class // whose names promise constants that tell a version
	told     []class // of which the rule says so
}

// class is a class definition of a unit.
type class struct{ unit, class int }

// holdings goes over all classes once and sorts them by product. A class that
// is the app's own by a longer package is not the product's.
func (j *judge) holdings() map[*rule.SDK]*holding {
	out := map[*rule.SDK]*holding{}
	telling := map[*rule.SDK]map[string]bool{}
	for ui := range j.units {
		u := &j.units[ui]
		for c := 0; c < u.NumClasses(); c++ {
			typ, _, _ := u.Class(c)
			desc := u.Type(typ)
			w := j.classOwner(ui, typ)
			if w.Kind == "library" && !strings.HasPrefix(w.Name, "unnamed") {
				j.unknown[unknownName(w.Name)]++
			}
			p := w.product
			if p == nil {
				continue
			}
			h := out[p]
			if h == nil {
				h = &holding{}
				out[p] = h
			}
			h.classes++
			h.loaded = h.loaded || u.info.Loaded
			if h.unit == "" {
				h.unit = u.info.Name
			}
			// Classes of a package stand together.
			if in := desc[:strings.LastIndexByte(desc, '/')+1]; len(h.packages) == 0 || h.last != in {
				h.packages, h.last = append(h.packages, packageOf(desc)), in
			}
			tells, ok := telling[p]
			if !ok {
				tells = versionClasses(p)
				telling[p] = tells
			}
			if tells[desc] {
				h.told = append(h.told, class{ui, c})
			}
			if mayTell(desc) && len(h.named) < maxNamed {
				h.named = append(h.named, class{ui, c})
			}
			if h.works {
				continue
			}
			for _, md := range fact.Methods(u.Unit, c) {
				h.works = h.works || md.Flags&0x100 != 0
				if md.Body >= 0 && md.Body < len(u.bodies) {
					h.bodies++
					h.works = h.works || j.works(u, md.Body, p)
				}
			}
		}
	}
	for _, h := range out {
		slices.Sort(h.packages)
		h.packages = slices.Compact(h.packages)
	}
	return out
}

// works reports whether a method of a product calls anything but its own
// constructors and what empty methods call: checks of parameters, exceptions
// that say that nothing is there, empty lists.
func (j *judge) works(u *unitState, body int, p *rule.SDK) bool {
	for _, r := range u.refsOf(body) {
		if !r.Kind.IsCall() {
			continue
		}
		typ, name, _ := u.Method(r.Index)
		desc, n := u.Type(typ), u.String(name)
		switch {
		case n == "<init>" && (desc == "Ljava/lang/Object;" || desc == "Ljava/lang/Enum;" || strings.HasSuffix(desc, "Exception;") || strings.HasSuffix(desc, "Error;")):
		case n == "<init>" && j.owners.of(desc).product == p:
		case desc == "Lkotlin/jvm/internal/Intrinsics;":
		case desc == "Ljava/util/Collections;" && strings.HasPrefix(n, "empty"):
		default:
			return true
		}
	}
	return false
}

func (j *judge) methodID(m fact.MethodID) string {
	class, name, proto := j.set.Graph.Name(m)
	return member(class, name, proto)
}

// idLocation tells where a method begins.
func (j *judge) idLocation(m fact.MethodID) *finding.Location {
	ui, _, ok := j.set.Graph.Defined(m)
	if !ok || ui >= len(j.units) {
		return nil
	}
	class, name, proto := j.set.Graph.Name(m)
	return &finding.Location{Unit: j.units[ui].info.Name, Class: class, Method: name + proto}
}

// names lists the methods on a path to m.
func (j *judge) pathNames(m fact.MethodID, path []fact.Edge) []string {
	if len(path) == 0 {
		return []string{j.methodID(m)}
	}
	out := []string{j.methodID(path[0].From)}
	for _, e := range path {
		out = append(out, j.methodID(e.To))
	}
	const most = 40
	if len(out) > most {
		out = append(append(out[:most/2:most/2], "…"), out[len(out)-most/2:]...)
	}
	return out
}
