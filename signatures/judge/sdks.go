package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// sdks tells the products that the app carries, or of which its code names
// classes.
func (j *judge) sdks() []finding.SDK {
	out := []finding.SDK{}
	held := j.holdings()
	var active activity
	if j.set.Graph != nil && len(held) > 0 {
		first := j.startup()
		active.boot = j.reach(first, maxVirtual, j.soon)
		active.free = sync.OnceValues(func() (*reached, map[*rule.SDK]fact.MethodID) {
			r := j.unguarded(active.boot, first, maxVirtual, j.soon)
			return r, j.first(r)
		})
		active.all = j.reach(j.entries(), 1<<30, j.tells)
		active.bootFirst, active.allFirst = j.first(active.boot), j.first(active.all)
	}
	hits := map[int][]*signatures.Hit{}
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		switch h.Use {
		case signatures.UseWired, signatures.UseSwitch, signatures.UseVersion, signatures.UseAppKey, signatures.UseEvent:
			hits[h.Rule] = append(hits[h.Rule], h)
		}
	}
	products := j.products()
	for i := range products {
		m := &products[i]
		if !m.Held && !j.named(m) || m.Held && held[m.SDK] == nil && ownCodeAlone(m) {
			continue
		}
		out = append(out, j.sdk(m, held[m.SDK], hits[m.Rule], &active))
		if j.ctx.Err() != nil {
			return out
		}
	}
	slices.SortStableFunc(out, func(a, b finding.SDK) int {
		return cmp.Or(-compareBool(a.Tracker, b.Tracker), cmp.Compare(stateRank[a.State], stateRank[b.State]), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// activity is what was reached from where the system enters the app.
type activity struct {
	boot, all *reached
	// free is what of boot is reached by calls that no branch leads past.
	free                func() (*reached, map[*rule.SDK]fact.MethodID)
	bootFirst, allFirst map[*rule.SDK]fact.MethodID
}

// ownCodeAlone reports whether all that speaks for a product are classes that
// are the app's own by its longer package: then the app is of that family, and
// carries nothing.
func ownCodeAlone(m *signatures.SDKMatch) bool {
	if m.Classes == 0 {
		return false
	}
	for _, s := range m.Signals {
		switch m.SDK.Signals[s.Item].Type() {
		case "code", "class":
		default:
			if s.Evidence.Strength == rule.Strong {
				return false
			}
		}
	}
	return true
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// named reports whether code names classes of a product that is not there.
func (j *judge) named(m *signatures.SDKMatch) bool {
	for _, r := range m.References {
		if r.Evidence.Strength == rule.Strong {
			return true
		}
	}
	return false
}

var stateRank = map[finding.State]int{
	finding.Reachable: 0, finding.Wired: 1, finding.Disabled: 2, finding.Present: 3, finding.Stub: 4, finding.Referenced: 5,
}

func (j *judge) sdk(m *signatures.SDKMatch, h *holding, hits []*signatures.Hit, active *activity) finding.SDK {
	if h == nil {
		h = &holding{}
	}
	s := m.SDK
	kind := "sdk"
	if s.Kind == rule.KindPacker {
		kind = "packer"
	}
	f := finding.SDK{
		ID: s.ID, Name: s.Name, Kind: kind, Vendor: s.Vendor, VendorName: s.Vendor,
		Category: s.Category, Label: s.Label(), Tracker: s.IsTracker(), Service: s.IsService(), Aka: s.Aka,
		Classes: h.classes, Packages: topPackages(h.packages), Maven: s.Maven,
		States: []finding.StateEvidence{}, Evidence: []finding.Evidence{}, Events: []finding.Event{},
		AppKeys: []finding.AppKey{}, VendorRecords: []finding.Registration{}, Renamed: []finding.Renamed{},
	}
	if v := j.rules.Rules().Vendor(s.Vendor); v != nil {
		f.VendorName = v.Name
		f.VendorRecords = vendorRecords(v, j.opt.ShowInferred)
	}
	if t := s.Tracker; t != nil {
		f.TrackerReason = t.Text + " (" + t.Source + ")"
	}
	for _, g := range m.Signals {
		f.Evidence = append(f.Evidence, g.Evidence)
	}
	if !m.Held {
		f.Evidence = nil
		for _, g := range m.References {
			f.Evidence = append(f.Evidence, g.Evidence)
		}
	}
	f.Evidence = bounded(f.Evidence, j.opt.locations())
	f.States = j.states(m, h, hits, active)
	f.State = f.States[0].State
	f.AtStartup = j.atStartup(m.SDK, active)
	f.Confidence, f.Basis = confidence(m, h)
	if m.Held && f.State == finding.Referenced {
		f.Confidence, f.Basis = levelNames[levelLow], f.Basis+"; "+basisNoClass
	}
	f.Version = j.version(m, h, hits)
	j.tellRenamed(&f, m)
	f.AppKeys = j.appKeys(s, hits)
	if m.Held {
		f.Events = j.events(s, hits)
	}
	for _, sw := range s.DisabledBy {
		f.Switches = append(f.Switches, finding.Switch(sw))
	}
	does := j.doings[ownerKey{"sdk", s.ID}]
	f.Reads, f.Names, f.Calls = does.list(asksFor), does.list(namesHost), does.list(callsSink)
	return f
}

// topPackages drops packages that stand below another of the list.
func topPackages(pkgs []string) []string {
	out := []string{}
	for _, p := range pkgs {
		if n := len(out); n > 0 && out[n-1] != "" && under(p, out[n-1]) {
			continue
		}
		out = append(out, p)
	}
	return out
}

var strengthRank = map[string]int{rule.Strong: 0, rule.Weak: 1, rule.Context: 2}

// bounded sorts evidence, the strongest first, and cuts it.
func bounded(ev []finding.Evidence, limit int) []finding.Evidence {
	slices.SortStableFunc(ev, func(a, b finding.Evidence) int {
		return cmp.Or(cmp.Compare(strengthRank[a.Strength], strengthRank[b.Strength]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Value, b.Value))
	})
	if len(ev) > limit {
		ev = ev[:limit]
	}
	if ev == nil {
		ev = []finding.Evidence{}
	}
	return ev
}

// maxReasons bounds the reasons told for one state.
const maxReasons = 5

// states tells how far a product is shown to be active, strongest first.
func (j *judge) states(m *signatures.SDKMatch, h *holding, hits []*signatures.Hit, active *activity) []finding.StateEvidence {
	var out []finding.StateEvidence
	add := func(s finding.State, loc *finding.Location, reason string, args ...any) {
		e := finding.StateEvidence{State: s, Reason: fmt.Sprintf(reason, args...), Location: loc}
		same := 0
		for _, o := range out {
			if o.State == s && o.Reason == e.Reason {
				return
			}
			if o.State == s {
				same++
			}
		}
		if same < maxReasons {
			out = append(out, e)
		}
	}
	if to, ok := active.allFirst[m.SDK]; ok {
		if path := active.all.path(to); len(path) == 0 {
			add(finding.Reachable, j.idLocation(to), msgEntered, j.methodID(to))
		} else {
			from := path[0].From
			add(finding.Reachable, j.idLocation(from), msgReachable, j.methodID(from), j.methodID(to), plural(len(path), "call", "calls"))
		}
	}
	by := j.trace(m, h)
	may := by.active()
	if may {
		j.wired(m, hits, add)
	}
	stub := h.bodies > 0 && !h.works && !slices.ContainsFunc(m.Signals, func(s signatures.SignalMatch) bool { return s.Evidence.Kind == "native" })
	switch {
	case stub:
		add(finding.Stub, nil, msgStub, plural(h.bodies, "method", "methods"))
	case m.Held && h.classes > 0 && !h.loaded:
		add(finding.Present, &finding.Location{Unit: h.unit}, msgAside, plural(h.classes, "class", "classes"), h.unit)
	case m.Held && h.classes > 0:
		add(finding.Present, nil, msgPresent, plural(h.classes, "class", "classes"))
	case m.Held:
		add(by.state, nil, by.reason, by.args...)
	}
	for _, hit := range hits {
		if may && hit.Use == signatures.UseSwitch && hit.Item < len(m.SDK.DisabledBy) {
			if sw := &m.SDK.DisabledBy[hit.Item]; strings.EqualFold(strings.TrimSpace(hit.Value), sw.Value) {
				add(finding.Disabled, &hit.Location, msgDisabled, sw.MetaData, sw.Value)
			}
		}
	}
	if !m.Held {
		n := 0
		for _, r := range m.References {
			n += max(r.Evidence.Count, 1)
		}
		var loc *finding.Location
		if len(m.References) > 0 {
			loc = &m.References[0].Evidence.Location
		}
		add(finding.Referenced, loc, msgReferenced, plural(n, "type", "types")) // classes, and arrays of them
	}
	slices.SortStableFunc(out, func(a, b finding.StateEvidence) int {
		// What is empty does nothing, however it is reached.
		return cmp.Or(-compareBool(a.State == finding.Stub, b.State == finding.Stub), cmp.Compare(stateRank[a.State], stateRank[b.State]))
	})
	return out
}

// traces names the kinds of signal that a product without classes was found by.
func traces(m *signatures.SDKMatch) string {
	var kinds []string
	for _, s := range m.Signals {
		if k := m.SDK.Signals[s.Item].Type(); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return strings.Join(kinds, ", ")
}

// trace says what shows a product of which no class is there, and in what state
// it therefore is.
type trace struct {
	state  finding.State
	reason string
	args   []any
	// wires is true if it can be switched on and off though no class of it was
	// found: its code is elsewhere, or was not read.
	wires bool
}

// active reports whether what switches the product on or off means anything.
func (t *trace) active() bool { return t.state == "" || t.wires }

// trace looks at what speaks for a product without classes. A manifest names
// the components of SDKs that a mediation adapter may do without, a build notes
// artifacts whose classes it then drops: both name the product, and no more.
// The zero trace stands for a product whose classes are there.
func (j *judge) trace(m *signatures.SDKMatch, h *holding) trace {
	if !m.Held || h.classes > 0 {
		return trace{}
	}
	if j.byProfile(m) {
		return trace{state: finding.Present, reason: msgProfileAlone, wires: true}
	}
	read := len(j.set.Units) > 0 && j.set.App.Status == fact.Complete
	var files, texts, classes, build bool
	library := ""
	for i := range m.Signals {
		ev := &m.Signals[i].Evidence
		if ev.Strength == rule.Context {
			continue
		}
		switch ev.Kind {
		case "class":
			classes = true
		case "class-ref", "member":
		case "activity", "activity-alias", "service", "receiver", "provider", "authority", "meta-data", "permission", "action":
		case "uses-library":
			library = ev.Value
		case "maven":
			build = true
		case "string", "endpoint", "resource", "app-key":
			texts = true
		default: // a library, a file, a module of a script
			files = true
		}
	}
	t := trace{state: finding.Present, reason: msgTraces, args: []any{traces(m)}, wires: !read || files || library != ""}
	switch {
	case classes:
		t.reason = msgElsewhere
	case files || texts:
	case library != "":
		t.state, t.reason, t.args = finding.Referenced, msgShared, []any{library}
	case build && read:
		t.state, t.reason, t.args = finding.Referenced, msgBuild, nil
	case build:
		t.state, t.reason, t.args = finding.Referenced, msgBuildUnread, nil
	case !read:
		t.reason = msgUnread
	case len(m.References) > 0:
		t.state, t.reason, t.args = finding.Referenced, msgNamed, nil
	default:
		t.state, t.reason, t.args = finding.Referenced, msgDeclared, nil
	}
	return t
}

// wired tells what shows that a product is switched on: a call of one of its
// initialisers from outside its own code, a component that is enabled, or
// meta-data.
func (j *judge) wired(m *signatures.SDKMatch, hits []*signatures.Hit, add func(finding.State, *finding.Location, string, ...any)) {
	if !m.Held {
		return
	}
	for _, h := range hits {
		if h.Use != signatures.UseWired {
			continue
		}
		switch {
		case h.Unit >= 0:
			for _, at := range h.Sites {
				if at.Body < 0 || !at.Kind.IsCall() {
					continue
				}
				w := j.bodyOwner(at.Unit, at.Body)
				if w.product == m.SDK {
					continue
				}
				loc := signatures.Locate(j.set, at)
				add(finding.Wired, &loc, msgWiredCall, w.Name, h.Ref)
			}
		case h.Location.Unit != "" && h.Value == "false" && isComponent(m.SDK, h):
		case isComponent(m.SDK, h):
			add(finding.Wired, &h.Location, msgWiredComponent, h.Ref)
		default:
			add(finding.Wired, &h.Location, msgWiredMeta, h.Ref)
		}
	}
	for i := range m.Signals {
		ev := &m.Signals[i].Evidence
		switch ev.Kind {
		case "activity", "activity-alias", "service", "receiver", "provider":
			if j.enabled(ev.Value) && !slices.ContainsFunc(hits, func(h *signatures.Hit) bool { return h.Use == signatures.UseWired && h.Ref == ev.Value }) {
				add(finding.Wired, &ev.Location, msgWiredComponent, ev.Value)
			}
		}
	}
}

func isComponent(s *rule.SDK, h *signatures.Hit) bool {
	return h.Item < len(s.Wired) && s.Wired[h.Item].Component != ""
}

// enabled reports whether a component of this class is declared and enabled.
func (j *judge) enabled(class string) bool {
	for i := range j.set.App.Manifest.Components {
		if c := &j.set.App.Manifest.Components[i]; (c.Name == class || c.Target == class) && c.Enabled {
			return true
		}
	}
	return false
}

func (j *judge) bodyOwner(unit, body int) *owner {
	u := &j.units[unit]
	if body < 0 || body >= len(u.bodies) {
		return j.owners.of("")
	}
	return j.classOwner(unit, u.bodies[body].Class)
}

// atStartup tells the way from what runs at app start to a product: one on which
// no branch leads past a call, if there is one.
func (j *judge) atStartup(s *rule.SDK, active *activity) *finding.StartupPath {
	to, ok := active.bootFirst[s]
	if !ok {
		return nil
	}
	path := active.boot.path(to)
	guards := []finding.Location{}
	for _, e := range path {
		if j.mayBeSkipped(e) {
			guards = append(guards, signatures.Locate(j.set, signatures.Site{Unit: e.Unit, Body: e.Body, PC: e.PC}))
		}
	}
	if len(guards) > 0 {
		r, first := active.free()
		if free, ok := first[s]; ok {
			to, path, guards = free, r.path(free), guards[:0]
		}
	}
	names := j.pathNames(to, path)
	return &finding.StartupPath{Entry: names[0], Path: names, Guarded: len(guards) > 0, Guards: guards}
}

// confidence says how sure it is that the product is there, and on what that rests.
func confidence(m *signatures.SDKMatch, h *holding) (level, basis string) {
	if !m.Held {
		return "low", basisReferenced
	}
	var strong, weak []string
	kinds := map[string]bool{}
	for _, s := range m.Signals {
		t := m.SDK.Signals[s.Item].Text()
		switch s.Evidence.Strength {
		case rule.Strong:
			strong = append(strong, t)
			kinds[m.SDK.Signals[s.Item].Type()] = true
		case rule.Weak:
			weak = append(weak, t)
		}
	}
	var parts []string
	if h.classes > 0 {
		parts = append(parts, plural(h.classes, "class", "classes")+" of its own")
	}
	if n := len(strong); n > 0 {
		parts = append(parts, plural(n, "strong signal", "strong signals")+" ("+some(strong)+")")
	}
	if n := len(weak); n > 0 {
		parts = append(parts, plural(n, "weak signal", "weak signals")+" ("+some(weak)+")")
	}
	basis = strings.Join(parts, "; ")
	switch {
	case len(strong) == 0:
		level = "low"
	case h.classes >= 3 || len(kinds) > 1 || h.classes > 0 && len(weak) > 0:
		level = "high"
	default:
		level = "medium"
	}
	if m.SDK.Status == rule.StatusExperimental {
		basis += "; " + basisExperimental
		if level == "high" {
			level = "medium"
		}
	}
	return level, basis
}

func some(list []string) string {
	const most = 3
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}

func (j *judge) appKeys(s *rule.SDK, hits []*signatures.Hit) []finding.AppKey {
	out := []finding.AppKey{}
	for _, h := range hits {
		if h.Use != signatures.UseAppKey || strings.TrimSpace(h.Value) == "" {
			continue
		}
		v := h.Value
		if !j.opt.ShowKeys {
			v = mask(v)
		}
		k := finding.AppKey{Name: h.Ref, Value: v}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b finding.AppKey) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	return out
}
