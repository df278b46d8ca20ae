package learn

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// features are what one artefact holds that a rule could name.
type features struct {
	classes map[string]*class // dotted, all that are defined
	owners  map[*rule.SDK]int // classes by the rule that speaks for them
	listed  map[string]int    // classes by the listed package that holds them
	copies  map[string]int    // classes by the product that they are copies of
	// signals are candidates by their text, code apart.
	signals map[string]feature
	strings map[string]*use // constants of code
	hosts   map[string]string
	wired   map[string]int    // "com.foo.Bar->init" → rank, the smaller the better
	version map[string]string // "constant: com.foo.Bar->V" → value
	reads   map[string]bool   // identifiers
	keys    map[string]bool   // meta-data that code asks for
	maven   []string
	pkg     string // of the manifest
	app     bool   // it is an app that carries the product, not a part for apps
}

// class is a class that the artefact defines.
type class struct {
	public   bool
	owner    *rule.SDK // of another product
	listed   string    // the common library that holds it
	extends  fact.ComponentKind
	copyOf   string // the product whose package it repeats below another
	compiled bool   // R, BuildConfig: what the build makes, in whatever package
}

// feature is a candidate with what ties it to a class, if anything does.
type feature struct {
	sig   rule.Signal
	class string // dotted
	note  string
}

// use says which classes hold a constant.
type use struct {
	class string // the first by name
	n     int
}

func dotted(desc string) string {
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return ""
	}
	return strings.ReplaceAll(desc[1:len(desc)-1], "/", ".")
}

func packageOf(class string) string {
	return class[:max(strings.LastIndexByte(class, '.'), 0)]
}

func simple(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }

// gather reads what an artefact holds.
func gather(ctx context.Context, set *fact.Set, rules *signatures.Compiled, common *Common, id string) *features {
	f := &features{
		classes: map[string]*class{}, owners: map[*rule.SDK]int{}, listed: map[string]int{}, copies: map[string]int{}, signals: map[string]feature{},
		strings: map[string]*use{}, hosts: map[string]string{}, wired: map[string]int{}, version: map[string]string{},
		reads: map[string]bool{}, keys: map[string]bool{}, pkg: set.App.Manifest.Package,
	}
	g := &gatherer{features: f, set: set, rules: rules, finder: rules.Finder()}
	for _, u := range set.Units {
		f.app = f.app || u.Info().Format != "class" && set.App.Manifest.Application+launcher(&set.App.Manifest) != ""
		g.defined(u, common)
	}
	for ui := range set.Units {
		if ctx.Err() != nil {
			return f
		}
		g.unit(ui)
	}
	g.manifest()
	g.files()
	g.texts()
	g.identifiers(ctx)
	return f
}

// launcher returns the class of an activity that users start.
func launcher(m *fact.Manifest) string {
	for i := range m.Components {
		if m.Components[i].Launcher {
			return m.Components[i].Name
		}
	}
	return ""
}

type gatherer struct {
	*features
	set    *fact.Set
	rules  *signatures.Compiled
	finder endpoint.Finder
	found  []endpoint.Endpoint
}

func (f *features) add(s rule.Signal, class, note string) {
	if t := s.Text(); len(f.signals) < 1<<16 && f.signals[t] == (feature{}) {
		f.signals[t] = feature{s, class, note}
	}
}

// buildMade reports whether a class is one that builds make for every library.
func buildMade(name string) bool {
	s := simple(name)
	return s == "R" || strings.HasPrefix(s, "R$") || s == "BuildConfig" || s == "BR" || s == "DataBinderMapperImpl" || s == "package-info"
}

// componentOf says which kind of component a class is, by its superclasses.
func (g *gatherer) componentOf(desc string) fact.ComponentKind {
	if g.set.Graph == nil {
		return ""
	}
	n := 0
	for s := range g.set.Graph.Supers(desc) {
		switch s {
		case "Landroid/app/Activity;":
			return fact.Activity
		case "Landroid/app/Service;":
			return fact.Service
		case "Landroid/content/BroadcastReceiver;":
			return fact.Receiver
		case "Landroid/content/ContentProvider;":
			return fact.Provider
		}
		if n++; n > 64 {
			break
		}
	}
	return ""
}

func (g *gatherer) defined(u fact.Unit, common *Common) {
	for i := range u.NumClasses() {
		typ, _, flags := u.Class(i)
		desc := u.Type(typ)
		name := dotted(desc)
		if name == "" || g.classes[name] != nil {
			continue
		}
		c := &class{public: flags&1 != 0, compiled: buildMade(name)}
		if own, ok := g.rules.Owner(desc); ok {
			c.owner = own
			if !c.compiled {
				g.owners[own]++
			}
		} else if c.listed = common.Package(packageOf(name)); c.listed != "" {
			g.listed[c.listed]++
		} else if c.copyOf = g.copied(name); c.copyOf != "" {
			g.copies[c.copyOf]++
		}
		// Only of what may be declared: a class of the system's name is not.
		if c.public && flags&0x400 == 0 && !strings.Contains(simple(name), "$") {
			c.extends = g.componentOf(desc)
		}
		g.classes[name] = c
	}
}

// versionLike is what a version looks like that is surely none of a protocol.
var versionLike = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[vV]?\d{1,4}(\.\d{1,8}){1,4}([-_.+][0-9A-Za-z.]{1,20})?$`)
})

// initialiser ranks the name of a method that may switch a product on; 0 if it
// is none.
func initialiser(name string) int {
	low := strings.ToLower(name)
	for i, p := range []string{"init", "start", "setup", "configure", "launch", "install", "register", "preinit", "enable", "create", "getinstance", "sharedinstance", "with"} {
		if low == p || i < 8 && strings.HasPrefix(low, p) && (i != 1 || low == "start" || strings.HasPrefix(low, "startwith")) {
			return i + 1
		}
	}
	return 0
}

func takesContext(proto string) bool {
	params, _, _ := strings.Cut(proto, ")")
	return strings.Contains(params, "Landroid/content/Context;") || strings.Contains(params, "Landroid/app/Application;")
}

func (g *gatherer) unit(ui int) {
	u := g.set.Units[ui]
	for i := range u.NumClasses() {
		typ, _, flags := u.Class(i)
		name := dotted(u.Type(typ))
		c := g.classes[name]
		if c == nil {
			continue
		}
		for fd := range u.ClassFields(i) {
			if fd.Const.Kind != fact.String || fd.Flags&8 == 0 {
				continue
			}
			g.str(name, fd.Const.S)
			_, fname, _ := u.Field(fd.Field)
			if n := u.String(fname); strings.Contains(strings.ToLower(n), "version") || n == "VER" || versionLike().MatchString(fd.Const.S) {
				g.version["constant: "+name+"->"+n] = fd.Const.S
			}
		}
		if c.compiled || flags&1 == 0 {
			continue
		}
		for md := range u.ClassMethods(i) {
			_, mname, proto := u.Method(md.Method)
			n, p := u.String(mname), u.Proto(proto)
			if md.Flags&9 == 9 && takesContext(p) && !strings.Contains(simple(name), "$") {
				if r := initialiser(n); r > 0 {
					key := name + "->" + n
					if old, ok := g.wired[key]; !ok || r < old {
						g.wired[key] = r
					}
				}
			}
			if strings.HasSuffix(p, ")Ljava/lang/String;") && strings.Contains(strings.ToLower(n), "version") {
				if v, ok := returned(u, md); ok {
					g.version["method: "+name+"->"+n] = v
				}
			}
		}
	}
	g.code(u)
}

// returned is the constant that a method of two instructions returns.
func returned(u fact.Unit, md fact.MethodDef) (string, bool) {
	bodies, refs := u.Bodies(), u.Refs()
	if md.Body < 0 || md.Body >= len(bodies) {
		return "", false
	}
	b := bodies[md.Body]
	if b.Insns > 2 || b.RefEnd != b.RefFirst+1 || uint64(b.RefEnd) > uint64(len(refs)) || refs[b.RefFirst].Kind != fact.RefString {
		return "", false
	}
	return u.String(refs[b.RefFirst].Index), true
}

const metaDataField = "metaData"

// code goes over the references of all code.
func (g *gatherer) code(u fact.Unit) {
	refs := u.Refs()
	// Which members matter, by index.
	bundles := map[uint32]bool{}
	for i := range uint32(u.NumMethods()) {
		cls, name, _ := u.Method(i)
		switch u.Type(cls) {
		case "Landroid/os/Bundle;", "Landroid/os/BaseBundle;":
			switch u.String(name) {
			case "getString", "getInt", "getBoolean", "get", "containsKey", "getFloat", "getLong":
				bundles[i] = true
			}
		}
	}
	metas := map[uint32]bool{}
	for i := range uint32(u.NumFields()) {
		cls, name, _ := u.Field(i)
		if u.String(name) == metaDataField {
			switch u.Type(cls) {
			case "Landroid/content/pm/ApplicationInfo;", "Landroid/content/pm/PackageItemInfo;":
				metas[i] = true
			}
		}
	}
	for bi, b := range u.Bodies() {
		name := dotted(u.Type(b.Class))
		if g.classes[name] == nil || uint64(b.RefEnd) > uint64(len(refs)) || b.RefFirst > b.RefEnd {
			continue
		}
		meta := false
		for _, r := range refs[b.RefFirst:b.RefEnd] {
			switch {
			case r.Kind == fact.RefString:
				g.str(name, u.String(r.Index))
			case r.Kind == fact.RefFieldGet && metas[r.Index]:
				meta = true
			}
		}
		if !meta || g.foreign(name) {
			continue
		}
		for _, r := range refs[b.RefFirst:b.RefEnd] {
			if !r.Kind.IsCall() || !bundles[r.Index] {
				continue
			}
			if args := u.Args(bi, r.PC); len(args) > 1 && args[1].Kind == fact.String && rule.ValidName(args[1].S) {
				g.keys[args[1].S] = true
				g.add(rule.Signal{MetaData: args[1].S, Strength: rule.Weak}, name, "its code asks the manifest for this key")
			}
		}
	}
}

// foreign reports whether a class belongs to another product or library.
func (f *features) foreign(class string) bool {
	c := f.classes[class]
	return c != nil && (c.listed != "" || c.copyOf != "")
}

// copied says which product's package stands below another one, as tools that
// repackage leave it: shadow.com.foo.sdk.
func (g *gatherer) copied(name string) string {
	for i := strings.IndexByte(name, '.'); i >= 0; {
		rest := name[i+1:]
		if head, _, _ := strings.Cut(rest, "."); tops[head] && strings.Count(rest, ".") >= 3 {
			if p, ok := g.rules.Owner("L" + strings.ReplaceAll(rest, ".", "/") + ";"); ok {
				return p.ID
			}
		}
		j := strings.IndexByte(rest, '.')
		if j < 0 {
			break
		}
		i += 1 + j
	}
	return ""
}

// str takes a constant of a class's code.
func (g *gatherer) str(class, s string) {
	if len(s) < 4 || len(s) > 512 || g.foreign(class) {
		return
	}
	if w := g.strings[s]; w == nil {
		if len(g.strings) > 1<<20 {
			return
		}
		g.strings[s] = &use{class, 1}
		g.endpoints(s, class, false)
	} else {
		w.n++
		if class < w.class {
			w.class = class
		}
	}
}

// endpoints takes the hosts that a string names.
func (g *gatherer) endpoints(s, where string, text bool) {
	f := g.finder
	f.Text = text
	g.found = f.Append(g.found[:0], s)
	for i := range g.found {
		e := &g.found[i]
		if e.Kind == endpoint.IP || e.Doubtful || e.Gaps || e.Domain == "" || strings.Contains(e.Host, "*") {
			continue
		}
		if e.Form != endpoint.Whole && e.Kind == endpoint.Host {
			continue // among words it may be anything
		}
		if _, ok := g.hosts[e.Host]; !ok && len(g.hosts) < 1<<14 {
			g.hosts[e.Host] = where
		}
	}
}

func (g *gatherer) manifest() {
	m := &g.set.App.Manifest
	own := func(name string) (string, bool) {
		for _, p := range []string{"${applicationId}", "${packageName}", m.Package} {
			if rest, ok := strings.CutPrefix(name, p); ok && p != "" && len(rest) > 1 && rest[0] == '.' {
				return "*" + rest, true
			}
		}
		return name, false
	}
	named := func(name string) bool { return rule.ValidName(strings.TrimPrefix(name, "*")) }
	for _, d := range m.MetaData {
		if named(d.Name) {
			g.add(rule.Signal{MetaData: d.Name, Strength: rule.Weak}, "", "its manifest has it")
		}
	}
	for i := range m.Components {
		c := &m.Components[i]
		if !named(c.Name) {
			continue
		}
		s := rule.Signal{}
		switch c.Kind {
		case fact.Activity:
			s.Activity = c.Name
		case fact.Service:
			s.Service = c.Name
		case fact.Receiver:
			s.Receiver = c.Name
		case fact.Provider:
			s.Provider = c.Name
		default:
			continue
		}
		g.add(s, c.Name, "its manifest declares it")
		for _, a := range c.Authorities {
			if a, _ := own(a); named(a) {
				g.add(rule.Signal{Authority: a, Strength: rule.Weak}, c.Name, "its manifest declares it")
			}
		}
		for _, a := range c.Actions {
			if a, _ := own(a); named(a) {
				g.add(rule.Signal{Action: a, Strength: rule.Weak}, c.Name, "a filter of its manifest has it")
			}
		}
		for _, d := range c.MetaData {
			if named(d.Name) {
				g.add(rule.Signal{MetaData: d.Name, Strength: rule.Weak}, c.Name, "its manifest has it")
			}
		}
	}
	for _, p := range m.DeclaredPermissions {
		if p, _ := own(p); named(p) {
			g.add(rule.Signal{Permission: p, Strength: rule.Weak}, "", "its manifest declares it")
		}
	}
	// A JAR has no manifest, and an app that uses it declares these itself.
	if len(m.Components) > 0 {
		return
	}
	for name, c := range g.classes {
		s := rule.Signal{}
		switch c.extends {
		case fact.Activity:
			s.Activity = name
		case fact.Service:
			s.Service = name
		case fact.Receiver:
			s.Receiver = name
		case fact.Provider:
			s.Provider = name
		default:
			continue
		}
		g.add(s, name, "a class that apps must declare to use it")
	}
}

func (g *gatherer) files() {
	for i := range g.set.App.Libs {
		l := &g.set.App.Libs[i]
		if rule.ValidName(l.Name) && strings.HasSuffix(l.Name, ".so") {
			g.add(rule.Signal{Native: l.Name, Strength: rule.Weak}, "", "it holds this library")
		}
	}
	for _, m := range g.set.App.Modules {
		if m.Kind == fact.ModuleMaven && !slices.Contains(g.maven, m.Name) {
			g.maven = append(g.maven, m.Name)
		}
	}
	slices.Sort(g.maven)
	for i := range g.set.App.Files {
		unit := g.set.App.Files[i].Unit
		unit = unit[strings.LastIndexByte(unit, '!')+1:]
		if p, ok := strings.CutPrefix(unit, "assets/"); ok && p != "" && len(p) < 100 && printable(p) && !strings.Contains(p, "*") {
			g.add(rule.Signal{Asset: p, Strength: rule.Weak}, "", "it holds this file")
		}
		if p, ok := strings.CutSuffix(unit, ".so"); ok {
			if n := p[strings.LastIndexByte(p, '/')+1:] + ".so"; rule.ValidName(n) && strings.Contains(p, "/") {
				g.add(rule.Signal{Native: n, Strength: rule.Weak}, "", "it holds this library")
			}
		}
	}
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func (g *gatherer) texts() {
	if g.set.Texts == nil {
		return
	}
	for t := range g.set.Texts() {
		switch t.Kind {
		case fact.TextNative, fact.TextAsset, fact.TextScript, fact.TextResource:
			if len(t.Value) <= 1<<14 {
				g.endpoints(t.Value, t.Unit, t.Kind != fact.TextResource)
			}
		}
	}
}

// identifiers asks which identifiers the code reads.
func (g *gatherer) identifiers(ctx context.Context) {
	m := signatures.Match(ctx, g.set, g.rules)
	for i := range m.Hits {
		h := &m.Hits[i]
		if h.Use != signatures.UseSource {
			continue
		}
		id, ok := m.Compiled().Ref(h.Rule).(*rule.Identifier)
		if !ok || id.Sources[h.Item].Strength == rule.Weak {
			continue
		}
		for _, at := range h.Sites {
			if cls := dotted(signatures.Locate(g.set, at).Class); cls != "" && !g.foreign(cls) {
				g.reads[id.ID] = true
			}
		}
	}
}
