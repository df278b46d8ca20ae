// Package whynot tells, clause by clause, why a rule holds on an app or does not:
// what was seen and where, and of what was not seen, what comes nearest to it.
//
// # Limits
//
// What comes near is a hint for somebody who writes rules: a name one step from
// that of the rule, the package of a class that holds the rule's strings. It is
// looked for in names and constants, not in what code does, and at most
// [MaxNear] are told for each clause. The work is linear in the names of the app
// for each clause that does not hold.
//
// # Threat model
//
// Names come from the app as they are: whoever prints them escapes them.
// Comparisons are bounded: names beyond 200 bytes are never near.
package whynot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// MaxNear bounds the near misses that are told for one clause.
const MaxNear = 3

// State says what became of a clause.
type State string

// The states.
const (
	Held       State = "held"
	Referenced State = "referenced" // classes are named, none is defined
	Missing    State = "missing"
)

// Clause is one thing that a rule looks for.
type Clause struct {
	Number   int    // of the signal, from 1; 0 for clauses that are none
	Kind     string // "signal", "wired", "disabled by", "version"
	Text     string // "code: com.foo"
	Strength string // of signals
	State    State
	// Evidence is what was seen, nil if nothing.
	Evidence *finding.Evidence
	Near     []Near
}

// Near is something that the app holds and that is almost what a clause asks for.
type Near struct {
	Value string
	Why   string
	rank  int
}

// Answer is why a rule holds, or not.
type Answer struct {
	SDK  *rule.SDK
	Held bool
	// Told is true if a report tells of the product: it is held, or classes of
	// it are named.
	Told bool
	// Needs is the rule's condition in words, Verdict what it came to.
	Needs, Verdict string
	Clauses        []Clause
}

// Explain holds one product against an app. all are all rules, as they decide
// together which classes are whose; s is the one of its id among them, or takes
// its place.
func Explain(ctx context.Context, set *fact.Set, all *signatures.Compiled, s *rule.SDK) (*Answer, error) {
	rules, err := signatures.Of(all.Around(s)...)
	if err != nil {
		return nil, err
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		return nil, err
	}
	m := signatures.Match(ctx, set, compiled)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &Answer{SDK: s}
	seen := map[int]finding.Evidence{}
	refs := map[int]finding.Evidence{}
	number := -1
	if p := m.Product(s.ID); p != nil {
		a.Held, number = p.Held, p.Rule
		for _, g := range p.Signals {
			seen[g.Item] = g.Evidence
		}
		for _, g := range p.References {
			refs[g.Item] = g.Evidence
			a.Told = a.Told || g.Evidence.Strength == rule.Strong
		}
	}
	a.Told = a.Told || a.Held
	w := &world{set: set, finder: all.Finder()}
	// Where the rule's strings and hosts stand, its code may be.
	w.bearers = map[string][]string{}
	for item, ev := range seen {
		if a.Held {
			break // then its code need not be looked for under another name
		}
		switch s.Signals[item].Type() {
		case "string", "endpoint":
			if c := dotted(ev.Class); c != "" {
				w.bearers[packageOf(c)] = append(w.bearers[packageOf(c)], s.Signals[item].Text())
			}
		}
	}
	for i := range s.Signals {
		g := &s.Signals[i]
		c := Clause{Number: i + 1, Kind: "signal", Text: g.Text(), Strength: g.EffectiveStrength(), State: Missing}
		if ev, ok := seen[i]; ok {
			c.State, c.Evidence = Held, &ev
		} else if ev, ok := refs[i]; ok {
			c.State, c.Evidence = Referenced, &ev
		}
		if c.State != Held {
			c.Near = w.near(g, s)
		}
		a.Clauses = append(a.Clauses, c)
	}
	a.others(w, m, number)
	a.condition(seen)
	return a, ctx.Err()
}

// others adds the clauses that are no signals.
func (a *Answer) others(w *world, m *signatures.Matches, number int) {
	hits := map[[2]int]*signatures.Hit{}
	for i := range m.Hits {
		h := &m.Hits[i]
		k := [2]int{int(h.Use), h.Item}
		if h.Rule == number && hits[k] == nil {
			hits[k] = h
		}
	}
	add := func(kind, text string, use signatures.Use, item int, near func() []Near) {
		c := Clause{Kind: kind, Text: text, State: Missing}
		if h := hits[[2]int{int(use), item}]; h != nil {
			c.State = Held
			c.Evidence = &finding.Evidence{Kind: kind, Value: h.Ref, Count: len(h.Sites), Location: h.Location}
			if h.Value != "" {
				c.Evidence.Value += " = " + h.Value
			}
			if len(h.Sites) > 0 && c.Evidence.Location == (finding.Location{}) {
				c.Evidence.Location = signatures.Locate(w.set, h.Sites[0])
			}
		} else if near != nil {
			c.Near = near()
		}
		a.Clauses = append(a.Clauses, c)
	}
	s := a.SDK
	for i := range s.Wired {
		x := &s.Wired[i]
		switch {
		case x.Call != "":
			add("wired", "call: "+x.Call, signatures.UseWired, i, func() []Near { return w.member(x.Call) })
		case x.MetaData != "":
			add("wired", "meta-data: "+x.MetaData, signatures.UseWired, i, func() []Near { return w.near(&rule.Signal{MetaData: x.MetaData}, s) })
		default:
			add("wired", "component: "+x.Component, signatures.UseWired, i, func() []Near { return w.near(&rule.Signal{Service: x.Component}, s) })
		}
	}
	for i := range s.DisabledBy {
		add("disabled by", "meta-data: "+s.DisabledBy[i].MetaData, signatures.UseSwitch, i, nil)
	}
	for i := range s.Version {
		v := &s.Version[i]
		text, near := "", func() []Near { return nil }
		switch {
		case v.Constant != "":
			text, near = "constant: "+v.Constant, func() []Near { return w.member(v.Constant) }
		case v.Method != "":
			text, near = "method: "+v.Method, func() []Near { return w.member(v.Method) }
		case v.MetaData != "":
			text = "meta-data: " + v.MetaData
		case v.File != "":
			text = "file: " + v.File
		case v.Class != "":
			text, near = "class: "+v.Class, func() []Near { return nearest(w.class(v.Class)) }
		case v.Prefix != "":
			text = "prefix: " + v.Prefix
		}
		add("version", text, signatures.UseVersion, i, near)
	}
}

// condition puts the rule's condition, and what it came to, into words.
func (a *Answer) condition(seen map[int]finding.Evidence) {
	s := a.SDK
	if s.When != nil {
		a.Needs = words(s.When)
		a.Verdict = "the condition holds"
		if !a.Held {
			a.Verdict = "the condition does not hold: " + failing(s, s.When, func(i int) bool { _, ok := seen[i]; return ok })
		}
		return
	}
	a.Needs = "one strong signal, or two weak ones of different kinds"
	strong, kinds := 0, map[string]bool{}
	for i := range seen {
		switch s.Signals[i].EffectiveStrength() {
		case rule.Strong:
			strong++
		case rule.Weak:
			kinds[s.Signals[i].Type()] = true
		}
	}
	switch {
	case strong > 0:
		a.Verdict = fmt.Sprintf("%d strong %s", strong, plural("signal", strong))
	case a.Held:
		a.Verdict = "weak signals of " + strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
	case len(kinds) == 1:
		a.Verdict = "only weak signals of one kind, " + slices.Collect(maps.Keys(kinds))[0] + ": a strong one or a weak one of another kind is missing"
	default:
		a.Verdict = "no signal that counts was seen"
	}
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// words renders a condition.
func words(w *rule.When) string {
	list := func(l []rule.When) string {
		var parts []string
		for i := range l {
			parts = append(parts, words(&l[i]))
		}
		return strings.Join(parts, ", ")
	}
	switch {
	case w.Signal > 0:
		return fmt.Sprint("signal ", w.Signal)
	case w.All != nil:
		return "all of (" + list(w.All) + ")"
	case w.Any != nil && w.AtLeast > 1:
		return fmt.Sprintf("%d of (%s)", w.AtLeast, list(w.Any))
	case w.Any != nil:
		return "any of (" + list(w.Any) + ")"
	}
	return "none of (" + list(w.None) + ")"
}

// failing names the innermost parts of a condition that decide that it does not
// hold.
func failing(s *rule.SDK, w *rule.When, holds func(int) bool) string {
	var parts []string
	switch {
	case w.All != nil:
		for i := range w.All {
			if !signatures.Evaluate(s, &w.All[i], holds) {
				parts = append(parts, failing(s, &w.All[i], holds))
			}
		}
	case w.None != nil:
		for i := range w.None {
			if signatures.Evaluate(s, &w.None[i], holds) {
				parts = append(parts, words(&w.None[i])+" should not be there")
			}
		}
	case w.Signal > 0:
		return words(w) + " is missing"
	default:
		return words(w) + " is missing"
	}
	return strings.Join(parts, "; ")
}

// world is what there is in an app that names can be compared with.
type world struct {
	set     *fact.Set
	finder  endpoint.Finder
	bearers map[string][]string // packages whose code holds strings of the rule

	classes  map[string]bool // dotted → defined
	packages map[string]int  // every beginning of packages of defined classes → classes
	strs     []string
	hostList []string
	names    map[string][]string // by kind of signal
}

func dotted(desc string) string {
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return ""
	}
	return strings.ReplaceAll(desc[1:len(desc)-1], "/", ".")
}

func packageOf(class string) string { return class[:max(strings.LastIndexByte(class, '.'), 0)] }

func last(name string) string { return name[strings.LastIndexAny(name, "./")+1:] }

func (w *world) loadClasses() {
	if w.classes != nil {
		return
	}
	w.classes, w.packages = map[string]bool{}, map[string]int{}
	for _, u := range w.set.Units {
		for i := range u.NumTypes() {
			if n := dotted(u.Type(uint32(i))); n != "" && !w.classes[n] {
				w.classes[n] = false
			}
		}
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			n := dotted(u.Type(typ))
			if n == "" || w.classes[n] {
				continue
			}
			w.classes[n] = true
			for p := packageOf(n); p != ""; p = packageOf(p) {
				w.packages[p]++
			}
		}
	}
}

func (w *world) loadStrings() {
	if w.strs != nil {
		return
	}
	seen, hosts := map[string]bool{}, map[string]bool{}
	var found []endpoint.Endpoint
	add := func(s string, text bool) {
		if s == "" || len(s) > 1000 || seen[s] {
			return
		}
		seen[s] = true
		f := w.finder
		f.Text = text
		found = f.Append(found[:0], s)
		for i := range found {
			hosts[found[i].Host] = true
		}
	}
	for _, u := range w.set.Units {
		for i := range u.NumStrings() {
			add(u.String(uint32(i)), false)
		}
	}
	if w.set.Texts != nil {
		for t := range w.set.Texts() {
			add(t.Value, true)
		}
	}
	w.strs, w.hostList = slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(hosts))
	if w.strs == nil {
		w.strs = []string{}
	}
}

func (w *world) loadNames() {
	if w.names != nil {
		return
	}
	w.names = map[string][]string{}
	add := func(kind, v string) {
		if v != "" && !slices.Contains(w.names[kind], v) {
			w.names[kind] = append(w.names[kind], v)
		}
	}
	m := &w.set.App.Manifest
	for _, d := range m.MetaData {
		add("meta-data", d.Name)
	}
	for i := range m.Components {
		c := &m.Components[i]
		add("component", c.Name)
		for _, x := range c.Authorities {
			add("authority", x)
		}
		for _, x := range c.Actions {
			add("action", x)
		}
		for _, d := range c.MetaData {
			add("meta-data", d.Name)
		}
	}
	for _, p := range m.Permissions {
		add("permission", p.Name)
	}
	for _, p := range m.DeclaredPermissions {
		add("permission", p)
	}
	for _, l := range m.UsesLibraries {
		add("uses-library", l)
	}
	for i := range w.set.App.Libs {
		add("native", w.set.App.Libs[i].Name)
	}
	for _, x := range w.set.App.Modules {
		add(string(x.Kind), x.Name)
	}
	files := map[string]bool{}
	for i := range w.set.App.Files {
		unit := w.set.App.Files[i].Unit
		unit = unit[strings.LastIndexByte(unit, '!')+1:]
		files[unit] = true
		if strings.HasSuffix(unit, ".so") {
			add("native", last(unit))
		}
	}
	w.names["file"] = slices.Sorted(maps.Keys(files))
}

// near finds what comes nearest to a signal that was not seen.
func (w *world) near(g *rule.Signal, s *rule.SDK) []Near {
	var out []Near
	switch t, v := g.Type(), g.Value(); t {
	case "code", "code-ref":
		out = w.code(v, s)
	case "class":
		out = w.class(v)
	case "member":
		return w.member(v)
	case "string":
		out = w.string(strings.TrimSuffix(v, "*"))
	case "endpoint":
		out = w.endpoint(g.Endpoint)
	case "activity", "service", "receiver", "provider":
		w.loadNames()
		w.loadClasses()
		out = similar(v, w.names["component"])
		if w.classes[v] {
			out = append(out, Near{v, "the class is defined, but no manifest declares it so", 0})
		}
	case "native", "meta-data", "authority", "permission", "action", "uses-library", "js-module", "dart-package", "unity-assembly", "maven":
		w.loadNames()
		out = similar(strings.TrimPrefix(v, "*"), w.names[t])
	case "app-key":
		w.loadNames()
		out = similar(v, w.names["meta-data"])
	case "file", "asset":
		w.loadNames()
		out = similar(v, w.names["file"])
	}
	return nearest(out)
}

func nearest(list []Near) []Near {
	slices.SortFunc(list, func(a, b Near) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Why, b.Why))
	})
	list = slices.CompactFunc(list, func(a, b Near) bool { return a.Value == b.Value })
	return list[:min(len(list), MaxNear)]
}

// code finds packages one label off, copies below another package, and renamed
// ones that hold the rule's strings or its classes.
func (w *world) code(prefix string, s *rule.SDK) []Near {
	w.loadClasses()
	var out []Near
	want := strings.Split(prefix, ".")
	for p, n := range w.packages {
		have := strings.Split(p, ".")
		if d, ok := labelsApart(want, have); ok {
			out = append(out, Near{p, fmt.Sprintf("%d %s; %s", n, classes(n), d.why), 10 + d.rank})
		}
		if rest, ok := strings.CutSuffix(p, "."+prefix); ok && rest != "" {
			out = append(out, Near{p, fmt.Sprintf("%d %s; the package stands below another one", n, classes(n)), 0})
		}
	}
	for p, texts := range w.bearers {
		if p == prefix || strings.HasPrefix(p, prefix+".") {
			continue
		}
		out = append(out, Near{p, "its code holds what the rule names (" + strings.Join(slices.Sorted(slices.Values(texts)), ", ") + "): it may be the product under another name", 5})
	}
	// Classes of the rule's examples, in other packages.
	names := map[string]bool{}
	for i := range s.Tests.Match {
		if c := s.Tests.Match[i].Class; strings.HasPrefix(c, prefix+".") && len(last(c)) > 5 {
			names[last(c)] = true
		}
	}
	for c, defined := range w.classes {
		if defined && names[last(c)] && !strings.HasPrefix(c, prefix+".") {
			out = append(out, Near{packageOf(c), "it has a class " + last(c) + " as the product has", 7})
		}
	}
	return out
}

func classes(n int) string {
	if n == 1 {
		return "class"
	}
	return "classes"
}

type apart struct {
	why  string
	rank int
}

// labelsApart reports whether two dotted names differ in one label: another one,
// one more or one less. Names of two labels that share but the first say nothing.
func labelsApart(want, have []string) (apart, bool) {
	i := 0
	for i < len(want) && i < len(have) && want[i] == have[i] {
		i++
	}
	a, b := want[i:], have[i:]
	j := 0
	for j < len(a) && j < len(b) && a[len(a)-1-j] == b[len(b)-1-j] {
		j++
	}
	a, b = a[:len(a)-j], b[:len(b)-j]
	shared := i + j
	switch {
	case shared < 2 || shared == 2 && len(want) > 3:
		return apart{}, false
	case len(a) == 1 && len(b) == 1:
		d := distance(a[0], b[0], 4)
		if d > 2 && !strings.Contains(b[0], a[0]) && !strings.Contains(a[0], b[0]) {
			if shared < 3 || j == 0 {
				return apart{}, false // a sister
			}
			d = 4
		}
		return apart{fmt.Sprintf("one label differs: %s for %s", b[0], a[0]), d}, true
	case len(a) == 0 && len(b) == 1 && j > 0:
		return apart{"one label more: " + b[0], 3}, true
	case len(a) == 1 && len(b) == 0 && j > 0:
		return apart{"one label less: " + a[0], 3}, true
	}
	return apart{}, false
}

func (w *world) class(name string) []Near {
	w.loadClasses()
	var out []Near
	short, pkg := last(name), packageOf(name)
	for c, defined := range w.classes {
		switch {
		case c == name && !defined:
			out = append(out, Near{c, "it is named, but not defined", 0})
		case !defined:
		case packageOf(c) == pkg && near(last(c), short):
			out = append(out, Near{c, "its name is nearly the same", 1 + distance(last(c), short, 3)})
		case last(c) == short && len(short) > 3:
			out = append(out, Near{c, "the same name in another package", 4})
		}
	}
	return out
}

func (w *world) member(ref string) []Near {
	class, name, ok := strings.Cut(ref, "->")
	if !ok {
		return nil
	}
	if strings.HasPrefix(class, "L") && strings.HasSuffix(class, ";") {
		class = dotted(class)
	}
	if i := strings.IndexAny(name, "(:"); i >= 0 {
		name = name[:i]
	}
	w.loadClasses()
	defined, there := w.classes[class]
	if !there {
		return nearest(w.class(class))
	}
	what := "it is named, but not defined"
	if defined {
		what = "it is defined"
	}
	out := []Near{{class, what + ", but nothing uses the member by that name", 9}}
	for _, u := range w.set.Units {
		each := func(n uint32, at func(uint32) (c, m, p uint32)) {
			for i := range n {
				c, m, _ := at(i)
				if d := dotted(u.Type(c)); d != class {
					if u.String(m) == name && last(d) == last(class) {
						out = append(out, Near{d + "->" + name, "the same member of a class of that name", 3})
					}
					continue
				}
				switch have := u.String(m); {
				case have == name:
					out = append(out, Near{class + "->" + have, "it is there, with other parameters or without a use", 0})
				case near(have, name):
					out = append(out, Near{class + "->" + have, "its name is nearly the same", 1})
				}
			}
		}
		each(uint32(u.NumMethods()), u.Method)
		each(uint32(u.NumFields()), u.Field)
	}
	return nearest(out)
}

func (w *world) string(want string) []Near {
	w.loadStrings()
	var out []Near
	low := strings.ToLower(want)
	for _, s := range w.strs {
		switch {
		case s == want:
			out = append(out, Near{s, "it stands in a table, but no code that was read uses it", 0})
		case strings.EqualFold(s, want):
			out = append(out, Near{s, "written with other capitals", 1})
		case len(want) >= 6 && len(s) <= 200 && near(s, want):
			out = append(out, Near{s, "nearly the same", 1 + distance(s, want, 3)})
		case len(want) >= 6 && len(s) <= 400 && strings.Contains(strings.ToLower(s), low):
			out = append(out, Near{s, "holds it among other text", 5})
		}
	}
	return out
}

func (w *world) endpoint(e *rule.Endpoint) []Near {
	w.loadStrings()
	var out []Near
	if e.Host == "" {
		for _, s := range w.strs {
			if strings.Contains(s, e.Path+"?") || strings.HasSuffix(s, e.Path) && len(s) < 200 && len(e.Path) > 3 {
				out = append(out, Near{s, "it has the path, but not all that the rule asks for", 1})
			}
		}
		return out
	}
	domain := endpoint.Split(e.Host).Domain
	want := strings.Split(e.Host, ".")
	for _, h := range w.hostList {
		switch {
		case h == e.Host || strings.HasSuffix(h, "."+e.Host):
			out = append(out, Near{h, "the host is named, but not with the path or keys that the rule asks for, or in no code", 0})
		case domain != "" && endpoint.Split(h).Domain == domain:
			out = append(out, Near{h, "another host of " + domain, 2 + min(distance(h, e.Host, 9), 9)})
		default:
			have := strings.Split(h, ".")
			if d, ok := labelsApart(want, have); ok && len(have) == len(want) {
				out = append(out, Near{h, d.why, 12 + d.rank})
			}
		}
	}
	return out
}

// similar finds names that are nearly the same, or end alike.
func similar(want string, names []string) []Near {
	var out []Near
	for _, n := range names {
		switch {
		case strings.EqualFold(n, want):
			out = append(out, Near{n, "written with other capitals", 0})
		case near(n, want):
			out = append(out, Near{n, "nearly the same", distance(n, want, 3)})
		case last(n) == last(want) && len(last(want)) > 5:
			out = append(out, Near{n, "the same name behind another beginning", 4})
		default:
			if d, ok := labelsApart(strings.Split(want, "."), strings.Split(n, ".")); ok {
				out = append(out, Near{n, d.why, 5 + d.rank})
			}
		}
	}
	return out
}

// near reports whether two names are one or two letters apart.
func near(a, b string) bool {
	if a == b || len(a) > 200 || len(b) > 200 {
		return false
	}
	n := 2
	if min(len(a), len(b)) < 6 {
		n = 1
	}
	return distance(a, b, n) <= n
}

// distance is the number of letters by which two texts differ (Levenshtein), or
// limit+1 if it is more than limit.
func distance(a, b string, limit int) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > limit || len(b) > 400 {
		return limit + 1
	}
	row := make([]int, len(a)+1)
	for i := range row {
		row[i] = i
	}
	for j := 1; j <= len(b); j++ {
		prev := row[0]
		row[0] = j
		best := j
		for i := 1; i <= len(a); i++ {
			cost := prev
			if a[i-1] != b[j-1] {
				cost = 1 + min(prev, row[i], row[i-1])
			}
			prev, row[i] = row[i], cost
			best = min(best, cost)
		}
		if best > limit {
			return limit + 1
		}
	}
	return min(row[len(a)], limit+1)
}
