package judge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// TestProfileVersions: that of the known versions one fits best makes no
// version. What the code itself says of it does.
func TestProfileVersions(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method("Lq/a;->b()V").String("acme-agent/2.4.0").Call(fact.RefCallVirtual, newURL)
	match := profile.Match{
		Profile: &profile.Profile{Name: "acme", Rule: "acme-stat"}, Strings: 30, Known: 34, Share: 0.9, Matched: 9,
		Classes: []profile.ClassMatch{{Name: "Lq/a;", Original: "Lcom/acme/stat/Agent;", Matched: true}},
		Version: profile.VersionMatch{Low: "2.4.0", High: "2.4.0"},
	}
	for _, literal := range []bool{false, true} {
		if literal {
			match.Version.Literal = &profile.Sample{Text: "acme-agent/2.4.0"}
		}
		f := judged(t, app.Set(), compile(t), judge.Options{Profiles: []profile.Match{match}})
		if len(f.SDKs) != 1 || f.SDKs[0].ID != "acme-stat" || f.SDKs[0].Confidence == "high" {
			t.Fatalf("%+v", f.SDKs)
		}
		s := &f.SDKs[0]
		if got := s.Version != nil && s.Version.Value == "2.4.0"; got != literal {
			t.Errorf("told as a version: %v; the code says so: %v", got, literal)
		}
		if want := "of the versions that are known"; !literal && !strings.Contains(s.Basis, want) {
			t.Errorf("%q is not in %q", want, s.Basis)
		}
	}
}

// TestNamedClassesAreTheApps: a class of the app's own package that keeps its
// name is the app's, even where it looks like one of a product.
func TestNamedClassesAreTheApps(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	c.Method("Lcom/example/app/AppStart;->a()V").Get("Landroid/os/Build;->MODEL:Ljava/lang/String;")
	c.Method("Lcom/example/app/b;->a()V").Get("Landroid/os/Build;->MODEL:Ljava/lang/String;")
	match := profile.Match{
		Profile: &profile.Profile{Name: "acme", Rule: "acme-stat"}, Strings: 30, Known: 34, Share: 0.9, Matched: 9,
		Classes: []profile.ClassMatch{{Name: "Lcom/example/app/AppStart;", Original: "Lcom/acme/stat/Agent;", Matched: true}, {Name: "Lcom/example/app/b;", Matched: true}},
	}
	f := judged(t, app.Set(), compile(t), judge.Options{Profiles: []profile.Match{match}})
	got := map[string]string{}
	for _, s := range f.Identifiers[0].Sites {
		got[s.Class] = s.Owner.Kind
	}
	if got["Lcom/example/app/AppStart;"] != "app" || got["Lcom/example/app/b;"] != "sdk" {
		t.Errorf("%v", got)
	}
}

// TestNamedClassesOfOthers: a class that has a name of its own is none of a
// product's under another name, unless it was moved together with others that
// kept theirs.
func TestNamedClassesOfOthers(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	names := map[string]string{
		"Lq/a;":                      "sdk",     // renamed
		"Lcom/maker/shade/Agent;":    "sdk",     // moved
		"Lcom/maker/shade/Helper;":   "sdk",     // beside it
		"Lcom/other/DownloadThread;": "library", // somebody else's
		"Lcom/other/Browser$Client;": "library", // though it looks like one
		"Lcom/third/h;":              "library", // among somebody else's
	}
	match := profile.Match{
		Profile: &profile.Profile{Name: "acme", Rule: "acme-stat"}, Strings: 30, Known: 34, Share: 0.9, Matched: 9,
		Classes: []profile.ClassMatch{
			{Name: "Lq/a;", Original: "Lcom/acme/stat/X;", Matched: true},
			{Name: "Lcom/maker/shade/Agent;", Original: "Lcom/acme/stat/Agent;", Matched: true},
			{Name: "Lcom/maker/shade/Helper;"},
			{Name: "Lcom/other/DownloadThread;"},
			{Name: "Lcom/other/Browser$Client;", Original: "Lcom/acme/stat/a;", Matched: true},
			{Name: "Lcom/third/h;"},
		},
	}
	for n := range names {
		c.Method(n + "->a()V").Get("Landroid/os/Build;->MODEL:Ljava/lang/String;")
	}
	f := judged(t, app.Set(), compile(t), judge.Options{Profiles: []profile.Match{match}})
	got := map[string]string{}
	for _, s := range f.Identifiers[0].Sites {
		got[s.Class] = s.Owner.Kind
	}
	if d := cmp.Diff(names, got); d != "" {
		t.Error(d)
	}
	var told []string
	for _, c := range f.SDKs[0].Renamed[0].Classes {
		told = append(told, c.Class)
	}
	if d := cmp.Diff([]string{"Lq/a;", "Lcom/maker/shade/Agent;"}, told); d != "" {
		t.Error(d)
	}
}

// TestCodeAlone: code that looks like a product's is no product where it has
// names of somebody else's.
func TestCodeAlone(t *testing.T) {
	for _, tt := range []struct {
		name string
		want bool
	}{{"Lq/%c;", true}, {"Lcom/other/Downloader%c;", false}} {
		app := facttest.New("com.example.app")
		match := profile.Match{Profile: &profile.Profile{Name: "acme", Rule: "acme-stat"}, Silent: true, Known: 20, Matched: 9}
		for i := range 9 {
			desc := fmt.Sprintf(tt.name, 'a'+i)
			app.Code("classes.dex").Method(desc+"->a()V").Call(fact.RefCallVirtual, newURL)
			match.Classes = append(match.Classes, profile.ClassMatch{Class: i, Name: desc, Original: fmt.Sprintf("Lcom/acme/stat/Agent%d;", i), Matched: true})
		}
		f := judged(t, app.Set(), compile(t), judge.Options{Profiles: []profile.Match{match}})
		if got := len(f.SDKs) == 1; got != tt.want {
			t.Fatalf("%s: told %v", tt.name, got)
		}
		if !tt.want {
			continue
		}
		s := &f.SDKs[0]
		r := &s.Renamed[0]
		if s.Confidence != "low" || r.By != "code" || r.Known != 0 || r.KnownClasses != 20 || s.Classes != 9 || s.Version != nil {
			t.Errorf("%+v", s)
		}
		if want := "none of its strings can be read; 9 of the 20 classes that their code tells matched, for instance q.a = com.acme.stat.Agent0"; !strings.HasPrefix(r.Text, want) {
			t.Errorf("text %q", r.Text)
		}
	}
}

// TestNamedWithoutClasses: that a manifest names a product makes what was
// recognised without a name no more certain.
func TestNamedWithoutClasses(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method("Lq/a;->b()V").String("acme-agent/2.4.0").Call(fact.RefCallVirtual, newURL)
	app.Component(fact.Service, "com.acme.stat.StatService")
	m := app.Manifest()
	m.UsesLibraries = append(m.UsesLibraries, "acme-stat.jar")
	match := profile.Match{
		Profile: &profile.Profile{Name: "acme", Rule: "acme-stat"}, Strings: 30, Known: 34, Share: 0.9, Matched: 9,
		Classes: []profile.ClassMatch{{Name: "Lq/a;", Original: "Lcom/acme/stat/Agent;", Matched: true}},
	}
	f := judged(t, app.Set(), compile(t), judge.Options{Profiles: []profile.Match{match}})
	if len(f.SDKs) != 1 || len(f.SDKs[0].Renamed) != 1 || f.SDKs[0].Classes != 1 || f.SDKs[0].Confidence == "high" {
		t.Errorf("%+v", f.SDKs)
	}
}
