package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// The kinds of loading, in the order of reports. The report's schema repeats
// them.
const (
	loadsClasses  = "classes"        // a class loader opens a file or memory
	loadsPackage  = "package"        // the code of another installed app
	loadsFile     = "native-file"    // a native library by its path
	loadsLibrary  = "native-library" // a native library by its name
	loadsPatches  = "hotfix"         // a framework that adds or replaces code
	loadsMultidex = "multidex"       // further DEX files of the app itself
)

var loadOrder = []string{loadsClasses, loadsPackage, loadsPatches, loadsFile, loadsLibrary, loadsMultidex}

// Limits of what is told of one kind and owner.
const (
	maxLoads = 50
	maxNear  = 20
)

// loading is what one owner loads in one way.
type loading struct {
	kind   string
	owner  finding.Owner
	places []place
}

// dynamic tells what code is loaded at run time, by kind and owner, and counts
// it for the scope.
func (j *judge) dynamic(es *endpoints) []finding.DynamicCode {
	groups := map[string]map[ownerKey]*loading{}
	add := func(kind string, w *owner, ps ...place) {
		if groups[kind] == nil {
			groups[kind] = map[ownerKey]*loading{}
		}
		k := ownerKey{w.Kind, cmp.Or(w.SDK, w.Name)}
		if groups[kind][k] == nil {
			groups[kind][k] = &loading{kind: kind, owner: w.Owner}
		}
		groups[kind][k].places = append(groups[kind][k].places, ps...)
	}
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		switch h.Use {
		case signatures.UseSink:
			s, ok := j.rules.Ref(h.Rule).(*rule.Sink)
			if !ok || s.Group != dynamicCode || h.Unit < 0 {
				continue
			}
			for _, at := range h.Sites {
				if p, ok := j.memberPlace(h, at); ok && j.loads(h, at) {
					w := j.ownerOf(&p)
					add(loadKind(h, j.bodyClass(&p)), w, p)
				}
			}
		case signatures.UseWired:
			s, ok := j.rules.Ref(h.Rule).(*rule.SDK)
			if !ok || s.Category != "hotfix" || h.Unit < 0 {
				continue
			}
			for _, at := range h.Sites {
				if p, ok := j.memberPlace(h, at); ok && at.Kind.IsCall() && j.ownerOf(&p).product != s {
					add(loadsPatches, &owner{Owner: finding.Owner{Kind: "sdk", SDK: s.ID, Name: s.Name}}, p)
				}
			}
		}
	}
	for i := range j.m.SDKs {
		if m := &j.m.SDKs[i]; m.Held && m.Classes > 0 && m.SDK.Category == "hotfix" {
			add(loadsPatches, &owner{Owner: finding.Owner{Kind: "sdk", SDK: m.SDK.ID, Name: m.SDK.Name}})
		}
	}
	var all []*loading
	for _, of := range groups {
		for _, g := range of {
			g.places = dedupePlaces(g.places)
			all = append(all, g)
		}
	}
	order := map[string]int{"sdk": 0, "app": 1, "library": 2}
	slices.SortFunc(all, func(a, b *loading) int {
		return cmp.Or(cmp.Compare(slices.Index(loadOrder, a.kind), slices.Index(loadOrder, b.kind)), cmp.Compare(order[a.owner.Kind], order[b.owner.Kind]),
			cmp.Compare(a.owner.Name, b.owner.Name), cmp.Compare(a.owner.SDK, b.owner.SDK))
	})
	near := j.nearby(all, es)
	out := []finding.DynamicCode{}
	for i, g := range all {
		out = append(out, j.tellLoading(g, near[i]))
	}
	return out
}

const dynamicCode = "dynamic-code"

// loadKind tells how a member loads code.
func loadKind(h *signatures.Hit, by string) string {
	class, rest, _ := strings.Cut(h.Ref, "->")
	if h.Via != "" {
		class = h.Via
	}
	name, _, _ := strings.Cut(rest, "(")
	switch class {
	case "Ljava/lang/System;", "Ljava/lang/Runtime;":
		if strings.HasPrefix(name, "loadLibrary") {
			return loadsLibrary
		}
		return loadsFile
	case "Landroid/content/Context;":
		return loadsPackage
	}
	if strings.HasPrefix(by, "Landroidx/multidex/") || strings.HasPrefix(by, "Landroid/support/multidex/") {
		return loadsMultidex
	}
	return loadsClasses
}

// loads reports whether a call loads code at all: a context of another package
// is mostly made for its resources.
func (j *judge) loads(h *signatures.Hit, at signatures.Site) bool {
	if !strings.Contains(h.Ref, "->createPackageContext(") {
		return true
	}
	const includeCode = 1 // Context.CONTEXT_INCLUDE_CODE
	args := j.args(at)
	return len(args) < 2 || args[1].Kind != fact.Int || args[1].N&includeCode != 0
}

// bodyClass returns the class that a place stands in.
func (j *judge) bodyClass(p *place) string {
	if p.unit < 0 || p.body < 0 {
		return p.class
	}
	u := &j.units[p.unit]
	return u.Type(u.bodies[p.body].Class)
}

func (j *judge) tellLoading(g *loading, near []finding.Near) finding.DynamicCode {
	d := finding.DynamicCode{
		Kind: g.kind, Owner: g.owner, SDK: g.owner.SDK, Sites: []finding.Site{}, Total: len(g.places),
		Libraries: []finding.Library{}, Near: near,
	}
	for i := range g.places {
		p := &g.places[i]
		at := signatures.Site{Unit: int(p.unit), Body: int(p.body), PC: uint32(p.off), Kind: j.kindAt(p)}
		args := j.args(at)
		if g.kind == loadsLibrary {
			d.Libraries = append(d.Libraries, j.library(args)...)
		}
		if i < maxLoads {
			p.args = rendered(args)
			d.Sites = append(d.Sites, j.site(p))
		}
	}
	missing := 0
	for _, l := range d.Libraries {
		if l.File == "" {
			missing++
		}
	}
	slices.SortFunc(d.Libraries, func(a, b finding.Library) int { return cmp.Compare(a.Name, b.Name) })
	d.Libraries = slices.Compact(d.Libraries)
	switch g.kind {
	case loadsClasses, loadsPackage:
		j.scope.DynamicLoading += d.Total
	case loadsFile:
		j.scope.NativeLoading += d.Total
	case loadsLibrary:
		j.scope.NativeLoading += missing
	}
	return d
}

// library tells which native libraries a call may name, and whether the app
// holds them.
func (j *judge) library(args []fact.Value) []finding.Library {
	var out []finding.Library
	if len(args) > 0 {
		texts(args[len(args)-1], "*", func(name string) {
			name = clip(name, maxShown)
			out = append(out, finding.Library{Name: name, File: j.libraryFile("lib" + name + ".so")})
		})
	}
	if out == nil {
		out = append(out, finding.Library{})
	}
	return out
}

// libraryFile returns the first file of the app by that name, "" if none has it.
func (j *judge) libraryFile(name string) string {
	if j.libs == nil {
		j.libs = map[string]string{}
		add := func(unit string) {
			base := unit[strings.LastIndexAny(unit, "/!")+1:]
			if _, ok := j.libs[base]; !ok && strings.HasSuffix(base, ".so") {
				j.libs[base] = unit
			}
		}
		for i := range j.set.App.Libs {
			add(j.set.App.Libs[i].Unit)
		}
		for i := range j.set.App.Files {
			add(j.set.App.Files[i].Unit)
		}
	}
	return j.libs[name]
}

// outermost returns the descriptor of the class that a class is nested in.
func outermost(desc string) string {
	if i := strings.IndexByte(desc, '$'); i > 0 {
		return desc[:i] + ";"
	}
	return desc
}

// nearby finds, for each of the ways to load classes and files, the constants
// that look like where the code comes from: endpoints and names of files in the
// same classes, and of the same owner endpoints whose path speaks of updates.
func (j *judge) nearby(all []*loading, es *endpoints) [][]finding.Near {
	out := make([][]finding.Near, len(all))
	classes := map[string][]int{} // outermost class → groups
	owners := map[ownerKey][]int{}
	packages := map[string][]int{}
	for i, g := range all {
		out[i] = []finding.Near{}
		if g.kind == loadsLibrary || g.kind == loadsMultidex {
			continue
		}
		if g.owner.Kind == "sdk" {
			k := ownerKey{g.owner.Kind, g.owner.SDK}
			owners[k] = append(owners[k], i)
		}
		for p := range g.places {
			c := j.bodyClass(&g.places[p])
			if o := outermost(c); !slices.Contains(classes[o], i) {
				classes[o] = append(classes[o], i)
			}
			if pkg := packageOf(c); pkg != "" && !slices.Contains(packages[pkg], i) {
				packages[pkg] = append(packages[pkg], i)
			}
		}
	}
	if len(classes) == 0 && len(owners) == 0 {
		return out
	}
	for _, n := range es.order {
		if j.noise(n) != "" {
			continue
		}
		updates := speaksOfUpdates(n.Path)
		told := map[int]bool{}
		for i := range n.places {
			p := &n.places[i]
			if p.unit < 0 {
				continue
			}
			c := j.bodyClass(p)
			if c == "" {
				continue
			}
			gs := classes[outermost(c)]
			if updates {
				w := j.owners.of(c)
				gs = append(slices.Clone(gs), owners[ownerKey{w.Kind, cmp.Or(w.SDK, w.Name)}]...)
				gs = append(gs, packages[packageOf(c)]...)
			}
			for _, g := range gs {
				if !told[g] {
					told[g] = true
					out[g] = append(out[g], finding.Near{Value: n.Value, Kind: string(n.Kind), Location: j.location(p)})
				}
			}
		}
	}
	j.nearFiles(classes, out)
	for i := range out {
		slices.SortStableFunc(out[i], func(a, b finding.Near) int {
			return cmp.Or(-compareBool(classes[outermost(a.Class)] != nil, classes[outermost(b.Class)] != nil), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
		})
		if len(out[i]) > maxNear {
			out[i] = out[i][:maxNear]
		}
	}
	return out
}

// nearFiles adds the names of files that hold code.
func (j *judge) nearFiles(classes map[string][]int, out [][]finding.Near) {
	type key struct {
		group int
		value string
	}
	told := map[key]bool{}
	for ui := range j.units {
		u := &j.units[ui]
		groups := map[uint32][]int{}
		for c := 0; c < u.NumClasses(); c++ {
			typ, _, _ := u.Class(c)
			if gs := classes[outermost(u.Type(typ))]; gs != nil {
				groups[typ] = gs
			}
		}
		if len(groups) == 0 {
			continue
		}
		for bi := range u.bodies {
			gs := groups[u.bodies[bi].Class]
			if gs == nil {
				continue
			}
			for _, r := range u.refsOf(bi) {
				if r.Kind != fact.RefString {
					continue
				}
				s := u.String(r.Index)
				if !namesCode(s) {
					continue
				}
				for _, g := range gs {
					if k := (key{g, s}); !told[k] && len(out[g]) < 4*maxNear {
						told[k] = true
						p := place{unit: int32(ui), body: int32(bi), off: int64(r.PC)}
						out[g] = append(out[g], finding.Near{Value: clip(s, maxShown), Kind: "file", Location: j.location(&p)})
					}
				}
			}
		}
	}
}

// namesCode reports whether a text is the name of a file that may hold code.
func namesCode(s string) bool {
	if len(s) > 200 || strings.Contains(s, "://") || strings.ContainsAny(s, " \n") {
		return false
	}
	for _, ext := range [...]string{".dex", ".jar", ".apk", ".zip", ".so", ".odex", ".vdex", ".patch"} {
		if strings.HasSuffix(s, ext) && len(s) > len(ext) {
			return true
		}
	}
	return strings.HasPrefix(s, "/data/") || strings.HasPrefix(s, "/sdcard") || strings.HasPrefix(s, "/storage/")
}

// speaksOfUpdates reports whether the path of a URL has a word by which newer
// code is asked for.
func speaksOfUpdates(path string) bool {
	path = strings.ToLower(path)
	if i := strings.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	for _, w := range [...]string{"update", "upgrade", "plugin", "patch", "hotfix", ".dex", ".jar", ".apk", ".so", "module", "sdkconfig"} {
		if strings.Contains(path, w) {
			return true
		}
	}
	return false
}
