package judge

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// reach returns the methods that may run because those of from do.
func (j *judge) reach(from []fact.MethodID) fact.Reach {
	if r, ok := j.set.Graph.(fact.Reacher); ok {
		return r.Reachable(from)
	}
	return walk(j.set.Graph, from, func() bool { return j.ctx.Err() != nil })
}

// walked is what a plain walk of the call graph reached.
type walked struct {
	seen  []uint64
	by    []uint32 // by method: 1 + the index in edges of the call by which it was reached first
	edges []fact.Edge
}

// walk follows callees, breadth first, in a stable order.
func walk(g fact.Graph, from []fact.MethodID, stop func() bool) *walked {
	n := g.NumMethods()
	w := &walked{by: make([]uint32, n), seen: make([]uint64, (n+63)/64)}
	var list []fact.MethodID
	for _, m := range from {
		if w.mark(m) {
			list = append(list, m)
		}
	}
	for i := 0; i < len(list); i++ {
		if i&0xfff == 0xfff && stop() {
			break
		}
		for e := range g.Callees(list[i]) {
			if w.mark(e.To) {
				w.edges = append(w.edges, e)
				w.by[e.To] = uint32(len(w.edges))
				list = append(list, e.To)
			}
		}
	}
	return w
}

func (w *walked) mark(m fact.MethodID) bool {
	if int(m) >= len(w.by) || w.Has(m) {
		return false
	}
	w.seen[m>>6] |= 1 << (m & 63)
	return true
}

// Has implements [fact.Reach].
func (w *walked) Has(m fact.MethodID) bool {
	return int(m>>6) < len(w.seen) && w.seen[m>>6]&(1<<(m&63)) != 0
}

// Path implements [fact.Reach].
func (w *walked) Path(m fact.MethodID) []fact.Edge {
	var p []fact.Edge
	for int(m) < len(w.by) && w.by[m] != 0 {
		e := w.edges[w.by[m]-1]
		p = append(p, e)
		m = e.From
	}
	slices.Reverse(p)
	return p
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
	methods []fact.MethodID
	bodies  int
	work    int // bodies that do more than return
	insns   int
}

// holdings goes over all classes once and sorts their methods by product.
func (j *judge) holdings() map[*rule.SDK]*holding {
	out := map[*rule.SDK]*holding{}
	for ui := range j.units {
		u := &j.units[ui]
		for c := 0; c < u.NumClasses(); c++ {
			typ, _, _ := u.Class(c)
			p := j.owners.of(u.Type(typ)).product
			if p == nil {
				continue
			}
			h := out[p]
			if h == nil {
				h = &holding{}
				out[p] = h
			}
			for md := range u.ClassMethods(c) {
				if j.set.Graph != nil {
					h.methods = append(h.methods, j.set.Graph.ID(ui, md.Method))
				}
				if md.Body >= 0 && md.Body < len(u.bodies) {
					h.bodies++
					n := int(u.bodies[md.Body].Insns)
					h.insns += n
					// "return", "const; return", "invoke super.<init>; return".
					if n > 2 {
						h.work++
					}
				}
			}
		}
	}
	return out
}

// nearest returns the method of a product that is reached by the shortest path,
// with that path.
func (j *judge) nearest(r fact.Reach, h *holding) (fact.MethodID, []fact.Edge, bool) {
	const most = 512
	best, found := fact.MethodID(0), false
	var path []fact.Edge
	tried := 0
	for _, m := range h.methods {
		if !r.Has(m) {
			continue
		}
		if tried++; tried > most {
			break
		}
		p := r.Path(m)
		if !found || len(p) < len(path) {
			best, path, found = m, p, true
		}
		if len(p) == 0 {
			break
		}
	}
	return best, path, found
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
