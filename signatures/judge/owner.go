package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// maxHops is how far callers of unknown code are looked for.
const maxHops = 3

// maxVia bounds the callers that are named.
const maxVia = 5

// owners answers whose code a class is. Answers are kept by class.
type owners struct {
	held  func(desc string) (*rule.SDK, bool) // by the rules, for products that were found
	roots []string                            // the app's own packages, with slashes
	byCls map[string]*owner
	// Owners that many classes share: the app, products, and libraries by
	// package, with slashes.
	app  *owner
	sdks map[*rule.SDK]*owner
	libs map[string]*owner
	// renamed answers for classes that profiles know, whatever they are called
	// now; nil if there are none.
	renamed func(desc string) (*rule.SDK, bool)
	// moved maps a package to the product whose package it repeats below
	// another one; see copyOf.
	moved map[string]string
}

// owner is one answer, shared by all its classes.
type owner struct {
	finding.Owner
	product *rule.SDK
}

func newOwners(held func(string) (*rule.SDK, bool), roots []string) *owners {
	slashed := make([]string, len(roots))
	for i, r := range roots {
		slashed[i] = strings.ReplaceAll(r, ".", "/")
	}
	return &owners{
		held: held, roots: slashed, byCls: map[string]*owner{}, moved: map[string]string{},
		app:  &owner{Owner: finding.Owner{Kind: "app", Name: "own code"}},
		sdks: map[*rule.SDK]*owner{}, libs: map[string]*owner{},
	}
}

// of returns the owner of a class: the product with the longest prefix, the
// app where its own package is longer still, else a library by its package.
func (o *owners) of(desc string) *owner {
	if w, ok := o.byCls[desc]; ok {
		return w
	}
	w := o.find(desc)
	o.byCls[desc] = w
	return w
}

func (o *owners) find(desc string) *owner {
	if desc == "" {
		return &owner{Owner: finding.Owner{Kind: "none", Name: "no code"}}
	}
	class := strings.TrimLeft(desc, "[")
	name := slashedName(class)
	product, ok := o.held(desc)
	if !ok && o.renamed != nil && (o.root(name) == "" || hasLostName(name)) {
		// Obfuscators put classes into the app's own package, too; one that
		// keeps a name there is the app's, whatever was merged into it.
		if p, yes := o.renamed(class); yes {
			return o.sdk(p)
		}
	}
	if root := o.root(name); root != "" {
		if !ok || len(root) > claim(product, dotted(class)) {
			return o.app
		}
	}
	if ok {
		return o.sdk(product)
	}
	pkg := ""
	if i := strings.LastIndexByte(name, '/'); i >= 0 && len(class) == len(desc) {
		pkg = name[:i]
	}
	w, ok := o.libs[pkg]
	if !ok {
		dots := strings.ReplaceAll(pkg, "/", ".")
		lib := libraryName(dots)
		if of := o.copyOf(dots); of != "" {
			lib += " (holds a copy of " + of + ")"
		}
		w = &owner{Owner: finding.Owner{Kind: "library", Name: lib}}
		o.libs[pkg] = w
	}
	return w
}

// sdk returns the owner that a product is.
func (o *owners) sdk(p *rule.SDK) *owner {
	w, ok := o.sdks[p]
	if !ok {
		w = &owner{Owner: finding.Owner{Kind: "sdk", SDK: p.ID, Name: p.Name}, product: p}
		o.sdks[p] = w
	}
	return w
}

// hasLostName reports whether a class, named with slashes, has a name as
// obfuscators give them: of three letters at most, or without a package.
func hasLostName(name string) bool {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return true
	}
	name = name[i+1:]
	return len(name[strings.LastIndexByte(name, '$')+1:]) <= 3
}

// root returns the longest of the app's own packages that a class is below;
// both with slashes.
func (o *owners) root(name string) string {
	best := ""
	for _, r := range o.roots {
		if len(r) > len(best) && strings.HasPrefix(name, r) && (len(name) == len(r) || name[len(r)] == '/') {
			best = r
		}
	}
	return best
}

// claim returns the length of the longest signal by which a product owns a class.
func claim(p *rule.SDK, name string) int {
	n := 0
	outer, _, _ := strings.Cut(name, "$")
	for i := range p.Signals {
		s := &p.Signals[i]
		if s.Code != "" && under(name, s.Code) {
			n = max(n, len(s.Code))
		}
		if s.Class != "" && (s.Class == name || s.Class == outer) {
			n = max(n, len(s.Class))
		}
	}
	return n
}

// copyOf tells which product's package stands unchanged below another package,
// as tools that repackage leave it: shadow.com.umeng.analytics. The code is the
// owner's of the outer package; that it is a copy is said in its name.
func (o *owners) copyOf(pkg string) string {
	if v, ok := o.moved[pkg]; ok {
		return v
	}
	v := ""
	for i := strings.IndexByte(pkg, '.'); i >= 0; {
		rest := pkg[i+1:]
		if head, _, _ := strings.Cut(rest, "."); firstLabels[head] && labels(rest) >= 3 {
			if p, ok := o.held(descriptor(rest + ".X")); ok {
				v = p.Name
				break
			}
		}
		j := strings.IndexByte(rest, '.')
		if j < 0 {
			break
		}
		i += 1 + j
	}
	o.moved[pkg] = v
	return v
}

// classOwner returns the owner of a class by its type in a unit.
func (j *judge) classOwner(unit int, typ uint32) *owner {
	u := &j.units[unit]
	if u.owned == nil {
		u.owned = make([]*owner, u.NumTypes())
	}
	if int64(typ) >= int64(len(u.owned)) {
		return j.owners.of(u.Type(typ))
	}
	w := u.owned[typ]
	if w == nil {
		w = j.owners.find(u.Type(typ))
		u.owned[typ] = w
	}
	return w
}

// caller is somebody known who calls unknown code.
type caller struct {
	owner *owner
	text  string // for people, with the method that calls
}

// callers returns the callers of unknown code that somebody known owns, nearest
// first, up to maxHops away: of all that are equally near.
func (j *judge) callers(id fact.MethodID) []caller {
	if v, ok := j.vias[id]; ok {
		return v
	}
	v := j.findCallers(id)
	j.vias[id] = v
	return v
}

func (j *judge) findCallers(id fact.MethodID) []caller {
	g := j.set.Graph
	if g == nil || int(id) >= g.NumMethods() {
		return nil
	}
	seen := map[fact.MethodID]bool{id: true}
	level := []fact.MethodID{id}
	const maxLevel = 4096
	for hop := 0; hop < maxHops && len(level) > 0; hop++ {
		var next []fact.MethodID
		var found []caller
		for _, m := range level {
			for e := range g.Callers(m) {
				if e.Kind == fact.EdgeVirtual || e.Kind == fact.EdgeUnresolved || seen[e.From] || len(next) >= maxLevel {
					continue // an override may run instead: that is no call to tell
				}
				seen[e.From] = true
				class, name, proto := g.Name(e.From)
				w := j.owners.of(class)
				if w.Kind == "library" {
					next = append(next, e.From)
					continue
				}
				found = append(found, caller{w, w.Name + " (" + member(class, name, proto) + ")"})
			}
		}
		if len(found) > 0 {
			slices.SortFunc(found, func(a, b caller) int { return cmp.Compare(a.text, b.text) })
			return found
		}
		level = next
	}
	return nil
}

// via names callers for people.
func (j *judge) via(id fact.MethodID) []string {
	var out []string
	for _, c := range j.callers(id) {
		if len(out) == maxVia {
			break
		}
		if len(out) == 0 || out[len(out)-1] != c.text {
			out = append(out, c.text)
		}
	}
	return out
}

// ownerAt returns the owner of a body, with the callers if it is unknown code.
func (j *judge) ownerAt(unit int, body fact.Body) finding.Owner {
	w := j.classOwner(unit, body.Class).Owner
	if w.Kind == "library" && j.set.Graph != nil {
		w.Via = j.via(j.set.Graph.ID(unit, body.Method))
	}
	return w
}
