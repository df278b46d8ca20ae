package signatures

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Failure is an example of a rule that does not turn out as the rule says.
type Failure struct {
	List    string // "match" or "no_match"
	Item    int    // index into that list
	Message string
}

// Tester runs examples against one rule, with no other rule loaded. It is safe
// for concurrent use.
type Tester struct {
	c *Compiled
	v any
}

// NewTester makes a rule (a pointer as [Rules.Get] returns it) ready.
func NewTester(v any) (*Tester, error) {
	h := header(v)
	c, err := Compile(&Rules{entries: []*entry{{kind: h.Kind, id: h.ID, status: rule.StatusStable, val: v}}})
	if err != nil {
		return nil, err
	}
	return &Tester{c, v}, nil
}

// Trial is what a rule says of an example.
type Trial struct {
	Matches bool
	Saw     []string // what was seen, for people; sorted
	// Items are the items of the rule's lists that were seen: "signals",
	// "wired", "sources", "members" and so on, by index.
	Items map[string][]int
}

func (t *Trial) see(list string, item int) {
	if t.Items == nil {
		t.Items = map[string][]int{}
	}
	if !slices.Contains(t.Items[list], item) {
		t.Items[list] = append(t.Items[list], item)
	}
}

// String tells what was seen.
func (t *Trial) String() string {
	if len(t.Saw) == 0 {
		return "nothing of it was seen"
	}
	return "seen: " + strings.Join(t.Saw, ", ")
}

// useLists names the lists that uses count items of.
var useLists = map[Use]string{
	UseWired: "wired", UseSwitch: "disabled_by", UseEvent: "events",
	UseAppKey: "app_keys", UseSource: "sources", UseSink: "members",
}

// Try runs an example, as an app of its own, through the real matcher. An SDK
// matches if its condition holds, an identifier or sink if the app reads or
// calls it, noise if the host or URL of the example is noise.
func (t *Tester) Try(e *rule.Example) Trial {
	var out Trial
	if n, ok := t.v.(*rule.Noise); ok {
		url, host := e.URL, e.Host
		if found := (endpoint.Finder{}).Append(nil, url); host == "" && len(found) > 0 {
			url, host = found[0].Value, found[0].Host
		}
		if _, out.Matches = t.c.Noise(url, host); out.Matches {
			out.Saw = []string{"noise"}
		}
		for i, h := range n.Hosts {
			if host == h || strings.HasSuffix(host, "."+h) {
				out.see("hosts", i)
			}
		}
		for i, u := range n.URLs {
			if strings.HasPrefix(url, u) {
				out.see("urls", i)
			}
		}
		return out
	}
	m := Match(context.Background(), Example(e).Set(), t.c)
	for i := range m.SDKs {
		for _, s := range m.SDKs[i].Signals {
			out.see("signals", s.Item)
			out.Saw = append(out.Saw, s.Evidence.Signal+" ("+s.Evidence.Strength+")")
		}
		for _, s := range m.SDKs[i].References {
			out.Saw = append(out.Saw, s.Evidence.Signal+" (only referenced)")
		}
		out.Matches = out.Matches || m.SDKs[i].Held
	}
	for _, h := range m.Hits {
		if list := useLists[h.Use]; list != "" {
			out.see(list, h.Item)
		}
		if h.Use == UseSource || h.Use == UseSink {
			out.Matches = true
			out.Saw = append(out.Saw, h.Ref)
		}
	}
	slices.Sort(out.Saw)
	out.Saw = slices.Compact(out.Saw)
	return out
}

// Tests returns the examples of a rule; domains and vendors have none.
func Tests(v any) rule.Tests {
	switch v := v.(type) {
	case *rule.SDK:
		return v.Tests
	case *rule.Identifier:
		return v.Tests
	case *rule.Sink:
		return v.Tests
	case *rule.Noise:
		return v.Tests
	}
	return rule.Tests{}
}

// Test runs the examples of a rule (a pointer as [Rules.Get] returns it), each
// as [Tester.Try] does.
func Test(v any) ([]Failure, error) {
	tests := Tests(v)
	if len(tests.Match)+len(tests.NoMatch) == 0 {
		return nil, nil
	}
	t, err := NewTester(v)
	if err != nil {
		return nil, err
	}
	var out []Failure
	for i := range tests.Match {
		if r := t.Try(&tests.Match[i]); !r.Matches {
			out = append(out, Failure{"match", i, "the example does not match: " + r.String()})
		}
	}
	for i := range tests.NoMatch {
		if r := t.Try(&tests.NoMatch[i]); r.Matches {
			out = append(out, Failure{"no_match", i, "the example matches: " + r.String()})
		}
	}
	return out, nil
}

// Untested is an item of a rule that no example which must match exercises.
type Untested struct {
	List string // "signals", "wired", "sources" …
	Item int
	Text string // the item, for people
}

// Cover tells which items of a rule the examples that must match exercise: how
// many there are by list, and those that are left out. Vendors and domains have
// none.
func Cover(v any) (items map[string]int, untested []Untested, err error) {
	var all []Untested
	add := func(list string, item int, text string) { all = append(all, Untested{list, item, text}) }
	switch v := v.(type) {
	case *rule.SDK:
		for i := range v.Signals {
			if v.Signals[i].Strength != rule.Context {
				add("signals", i, v.Signals[i].Text())
			}
		}
		for i, w := range v.Wired {
			add("wired", i, cmp.Or(w.Call, w.MetaData, w.Component))
		}
		for i, s := range v.DisabledBy {
			add("disabled_by", i, s.MetaData)
		}
		for i, ev := range v.Events {
			add("events", i, ev.Call)
		}
		for i, k := range v.AppKeys {
			add("app_keys", i, cmp.Or(k.MetaData, k.Resource))
		}
	case *rule.Identifier:
		for i := range v.Sources {
			add("sources", i, v.Sources[i].Type()+": "+v.Sources[i].Value())
		}
	case *rule.Sink:
		for i, m := range v.Members {
			add("members", i, m)
		}
	case *rule.Noise:
		for i, h := range v.Hosts {
			add("hosts", i, h)
		}
		for i, u := range v.URLs {
			add("urls", i, u)
		}
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	t, err := NewTester(v)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string][]int{}
	tests := Tests(v)
	for i := range tests.Match {
		for list, items := range t.Try(&tests.Match[i]).Items {
			seen[list] = append(seen[list], items...)
		}
	}
	items = map[string]int{}
	for _, u := range all {
		items[u.List]++
		if !slices.Contains(seen[u.List], u.Item) {
			untested = append(untested, u)
		}
	}
	return items, untested, nil
}

// TestAll runs [Test] over every rule that was read from a file and reports
// failures where they stand.
func (r *Rules) TestAll() ([]Diagnostic, error) {
	var diags []Diagnostic
	for _, e := range r.entries {
		fails, err := Test(e.value())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.where(), err)
		}
		for _, f := range fails {
			d := Diagnostic{File: e.where(), Code: "failing-example", Message: f.Message}
			if e.src != nil {
				line, col := e.src.at("tests", f.List, f.Item)
				d = e.src.diagnostic(Error, "failing-example", line, col, "%s", f.Message)
			}
			diags = append(diags, d)
		}
	}
	return diags, nil
}

// Example builds the app that an example of a rule stands for. Members are
// called and strings loaded by a class of the app's own, com.example.app.Main.
func Example(e *rule.Example) *facttest.App {
	b := &exampleApp{App: facttest.New(examplePackage)}
	b.code = b.Code("classes.dex")
	b.main = b.code.Method("Lcom/example/app/Main;->run()V")
	b.add(e)
	return b.App
}

const examplePackage = "com.example.app"

type exampleApp struct {
	*facttest.App
	code *facttest.Code
	main *facttest.Method
	n    int // components that were made up
}

func (b *exampleApp) add(e *rule.Example) {
	if e.Class != "" {
		b.code.Class(descriptor(e.Class))
	}
	if e.CodeRef != "" {
		b.code.Refer(descriptor(e.CodeRef))
	}
	if e.Member != "" {
		if m, err := parseMember(e.Member); err == nil {
			if strings.HasPrefix(m.proto, ":") {
				b.main.Get(m.String())
			} else {
				args := []fact.Value{facttest.Any()} // the receiver
				for i := range e.Args {
					for i >= 0 && i < 255 && len(args) < i+2 {
						args = append(args, facttest.Any())
					}
				}
				for i, text := range e.Args {
					if i >= 0 && i < 255 {
						args[i+1] = facttest.Str(text)
					}
				}
				b.main.Call(fact.RefCallVirtual, m.String(), args...)
			}
		}
	}
	if e.String != "" {
		b.main.String(e.String)
	}
	if e.Host != "" {
		b.main.String("https://" + e.Host + "/")
	}
	if e.URL != "" {
		b.main.String(e.URL)
	}
	own := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "*"); ok {
			return examplePackage + rest
		}
		return s
	}
	for _, c := range []struct {
		kind fact.ComponentKind
		name string
	}{{fact.Activity, e.Activity}, {fact.Service, e.Service}, {fact.Receiver, e.Receiver}, {fact.Provider, e.Provider}} {
		if c.name != "" {
			b.Component(c.kind, c.name)
		}
	}
	if e.Authority != "" {
		b.component(fact.Provider).Authorities = []string{own(e.Authority)}
	}
	if e.Action != "" {
		b.component(fact.Receiver).Actions = []string{own(e.Action)}
	}
	if e.MetaData != "" {
		b.MetaData(e.MetaData, "example")
	}
	if e.AppKey != "" {
		b.MetaData(e.AppKey, "example")
	}
	if e.Permission != "" {
		b.Permission(own(e.Permission))
	}
	if e.UsesLibrary != "" {
		b.Manifest().UsesLibraries = []string{e.UsesLibrary}
	}
	if e.Native != "" {
		b.Lib("lib/arm64-v8a/" + e.Native)
	}
	if e.Symbol != "" {
		b.Lib("lib/arm64-v8a/libexample.so", e.Symbol)
	}
	if e.BuildID != "" {
		b.Lib("lib/arm64-v8a/libbuilt.so").BuildID = e.BuildID
	}
	if e.File != "" {
		b.File(e.File)
	}
	if e.Asset != "" {
		b.File("assets/" + e.Asset)
	}
	if e.Resource != "" {
		b.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: e.Resource, Value: "example"})
	}
	for _, mod := range []struct {
		kind fact.ModuleKind
		name string
	}{{fact.ModuleJS, e.JSModule}, {fact.ModuleDart, e.DartPackage}, {fact.ModuleUnity, e.UnityAssembly}, {fact.ModuleMaven, e.Maven}} {
		if mod.name != "" {
			b.Info.Modules = append(b.Info.Modules, fact.Module{Kind: mod.kind, Name: mod.name, Unit: "modules"})
		}
	}
	if elements, err := snippet(e.Manifest); err == nil {
		for _, el := range elements {
			b.element(el)
		}
	}
	for i := range e.With {
		b.add(&e.With[i])
	}
}

// component adds one that has no name of interest.
func (b *exampleApp) component(k fact.ComponentKind) *fact.Component {
	b.n++
	return b.Component(k, fmt.Sprintf("%s.Component%d", examplePackage, b.n))
}
