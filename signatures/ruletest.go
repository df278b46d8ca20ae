package signatures

import (
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

// Test runs the examples of a rule (a pointer as [Rules.Get] returns it)
// through the real matcher, each as an app of its own, with no other rule
// loaded. An SDK matches if its condition holds, an identifier or sink if the
// app reads or calls it, noise if the host or URL of the example is noise.
func Test(v any) ([]Failure, error) {
	var tests rule.Tests
	switch v := v.(type) {
	case *rule.SDK:
		tests = v.Tests
	case *rule.Identifier:
		tests = v.Tests
	case *rule.Sink:
		tests = v.Tests
	case *rule.Noise:
		tests = v.Tests
	}
	if len(tests.Match)+len(tests.NoMatch) == 0 {
		return nil, nil
	}
	h := header(v)
	c, err := Compile(&Rules{entries: []*entry{{kind: h.Kind, id: h.ID, status: rule.StatusStable, val: v}}})
	if err != nil {
		return nil, err
	}
	var out []Failure
	for i := range tests.Match {
		if ok, why := tryExample(c, v, &tests.Match[i]); !ok {
			out = append(out, Failure{"match", i, "the example does not match: " + why})
		}
	}
	for i := range tests.NoMatch {
		if ok, why := tryExample(c, v, &tests.NoMatch[i]); ok {
			out = append(out, Failure{"no_match", i, "the example matches: " + why})
		}
	}
	return out, nil
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
			d := Diagnostic{File: e.where(), Message: f.Message}
			if e.src != nil {
				line, col := e.src.at("tests", f.List, f.Item)
				d = e.src.diagnostic(Error, line, col, "%s", f.Message)
			}
			diags = append(diags, d)
		}
	}
	return diags, nil
}

// tryExample reports whether the example matches, and what was seen.
func tryExample(c *Compiled, v any, e *rule.Example) (matches bool, why string) {
	if _, ok := v.(*rule.Noise); ok {
		url, host := e.URL, e.Host
		if found := (endpoint.Finder{}).Append(nil, url); host == "" && len(found) > 0 {
			url, host = found[0].Value, found[0].Host
		}
		_, ok := c.Noise(url, host)
		return ok, "as noise"
	}
	m := Match(context.Background(), Example(e).Set(), c)
	var saw []string
	for i := range m.SDKs {
		for _, s := range m.SDKs[i].Signals {
			saw = append(saw, s.Evidence.Signal+" ("+s.Evidence.Strength+")")
		}
		for _, s := range m.SDKs[i].References {
			saw = append(saw, s.Evidence.Signal+" (only referenced)")
		}
		matches = matches || m.SDKs[i].Held
	}
	for _, h := range m.Hits {
		if h.Use == UseSource || h.Use == UseSink {
			matches = true
			saw = append(saw, h.Ref)
		}
	}
	if len(saw) == 0 {
		return matches, "nothing of it was seen"
	}
	slices.Sort(saw)
	return matches, "seen: " + strings.Join(slices.Compact(saw), ", ")
}

// Example builds the app that an example of a rule stands for. Members are
// called and strings loaded by a class of the app's own, com.example.app.Main.
func Example(e *rule.Example) *facttest.App {
	const pkg = "com.example.app"
	app := facttest.New(pkg)
	code := app.Code("classes.dex")
	main := code.Method("Lcom/example/app/Main;->run()V")
	if e.Class != "" {
		code.Class(descriptor(e.Class))
	}
	if e.CodeRef != "" {
		code.Refer(descriptor(e.CodeRef))
	}
	if e.Member != "" {
		if m, err := parseMember(e.Member); err == nil {
			if strings.HasPrefix(m.proto, ":") {
				main.Get(m.String())
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
				main.Call(fact.RefCallVirtual, m.String(), args...)
			}
		}
	}
	if e.String != "" {
		main.String(e.String)
	}
	if e.Host != "" {
		main.String("https://" + e.Host + "/")
	}
	if e.URL != "" {
		main.String(e.URL)
	}
	own := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "*"); ok {
			return pkg + rest
		}
		return s
	}
	for _, c := range []struct {
		kind fact.ComponentKind
		name string
	}{{fact.Activity, e.Activity}, {fact.Service, e.Service}, {fact.Receiver, e.Receiver}, {fact.Provider, e.Provider}} {
		if c.name != "" {
			app.Component(c.kind, c.name)
		}
	}
	if e.Authority != "" {
		app.Component(fact.Provider, "com.example.app.Provider").Authorities = []string{own(e.Authority)}
	}
	if e.Action != "" {
		app.Component(fact.Receiver, "com.example.app.Receiver").Actions = []string{own(e.Action)}
	}
	if e.MetaData != "" {
		app.MetaData(e.MetaData, "example")
	}
	if e.AppKey != "" {
		app.MetaData(e.AppKey, "example")
	}
	if e.Permission != "" {
		app.Permission(own(e.Permission))
	}
	if e.UsesLibrary != "" {
		app.Manifest().UsesLibraries = []string{e.UsesLibrary}
	}
	if e.Native != "" {
		app.Lib("lib/arm64-v8a/" + e.Native)
	}
	if e.Symbol != "" {
		app.Lib("lib/arm64-v8a/libexample.so", e.Symbol)
	}
	if e.BuildID != "" {
		app.Lib("lib/arm64-v8a/libbuilt.so").BuildID = e.BuildID
	}
	if e.File != "" {
		app.File(e.File)
	}
	if e.Asset != "" {
		app.File("assets/" + e.Asset)
	}
	if e.Resource != "" {
		app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: e.Resource, Value: "example"})
	}
	for _, mod := range []struct {
		kind fact.ModuleKind
		name string
	}{{fact.ModuleJS, e.JSModule}, {fact.ModuleDart, e.DartPackage}, {fact.ModuleUnity, e.UnityAssembly}, {fact.ModuleMaven, e.Maven}} {
		if mod.name != "" {
			app.Info.Modules = append(app.Info.Modules, fact.Module{Kind: mod.kind, Name: mod.name, Unit: "modules"})
		}
	}
	return app
}
