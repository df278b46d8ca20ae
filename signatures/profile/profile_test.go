package profile_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// calls are methods of the framework, by which classes are told apart.
var calls = []string{
	"Landroid/content/Context;->getPackageName()Ljava/lang/String;",
	"Landroid/telephony/TelephonyManager;->getSimOperator()Ljava/lang/String;",
	"Ljava/io/File;->delete()Z",
	"Ljava/net/URL;->openConnection()Ljava/net/URLConnection;",
	"Ljava/util/Map;->put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;",
	"Landroid/os/Handler;->post(Ljava/lang/Runnable;)Z",
	"Lorg/json/JSONObject;->optString(Ljava/lang/String;)Ljava/lang/String;",
}

// library is what a library is made of: how many classes, what its strings
// begin with, and how its classes are called.
type library struct {
	word    string
	version string
	classes int
	name    func(i int) string // descriptor
	drop    func(i int) bool   // classes that a shrinker took out
	each    int                // strings of a class
}

func (l library) into(app *facttest.App, unit string) {
	code := app.Code(unit)
	for i := range l.classes {
		if l.drop != nil && l.drop(i) {
			continue
		}
		desc := l.name(i)
		code.Class(desc).Super("Ljava/lang/Object;")
		m := code.Method(desc + "->" + "a()V")
		for k := range l.each {
			m.String(fmt.Sprintf("%s says %d of %d", l.word, k, i))
		}
		// One string of each second class is new in each version.
		if i%2 == 0 && l.version != "" {
			m.String(fmt.Sprintf("%s, new in %s of %d", l.word, l.version, i))
		}
		for k := range 3 + i%3 {
			m.Call(fact.RefCallVirtual, calls[(i*3+k*k)%len(calls)])
		}
		if i == 1 && l.version != "" {
			m.String(l.word + "-agent/" + l.version)
		}
	}
}

func original(pkg string) func(int) string {
	return func(i int) string { return fmt.Sprintf("L%s/Original%d;", pkg, i) }
}

func obfuscated(pkg string) func(int) string {
	return func(i int) string { return fmt.Sprintf("L%s/%c%c;", pkg, 'a'+i/26, 'a'+i%26) }
}

func unitsOf(l library) []fact.Unit {
	app := facttest.New("com.example.lib")
	l.into(app, "classes.jar")
	return app.Set().Units
}

func all(string) bool { return true }

// learnt is an index of a library in three versions, of one that shares a part
// with it, and of one that only explains strings away.
func learnt(t testing.TB, more ...func(*profile.Learner)) *profile.Index {
	t.Helper()
	l := profile.NewLearner()
	for _, v := range []string{"1.0.1", "1.1.0", "2.0.0"} {
		u := unitsOf(library{word: "tracker", version: v, classes: 24, name: original("com/tracker"), each: 5})
		if n := l.Add(profile.Artefact{Profile: "tracker", Rule: "tracker-sdk", Version: v, File: "tracker-" + v + ".jar", SHA256: strings.Repeat("ab", 32), Source: "here"}, u, all); n == 0 {
			t.Fatalf("version %s was not learned", v)
		}
	}
	app := facttest.New("com.example.lib")
	library{word: "other", version: "3.0", classes: 20, name: original("com/other"), each: 5}.into(app, "classes.jar")
	library{word: "shared", classes: 10, name: original("org/shared"), each: 5}.into(app, "classes.jar")
	l.Add(profile.Artefact{Profile: "other", Rule: "other-sdk", Version: "3.0", SHA256: strings.Repeat("cd", 32)}, app.Set().Units, all)
	l.Add(profile.Artefact{Profile: "shared", Version: "1"}, unitsOf(library{word: "shared", classes: 10, name: original("org/shared"), each: 5}), all)
	for i := range 30 { // the families of a real index, by which rarity is measured
		l.Add(profile.Artefact{Profile: fmt.Sprint("family", i), Version: "1"}, unitsOf(library{word: fmt.Sprint("family", i), classes: 5, name: original("org/family"), each: 4}), all)
	}
	for _, f := range more {
		f(l)
	}
	x, err := profile.Open(string(l.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func find(x *profile.Index, app *facttest.App, o profile.Options) map[string]profile.Match {
	out := map[string]profile.Match{}
	for _, m := range x.Match(context.Background(), app.Set(), o) {
		out[m.Profile.Name] = m
	}
	return out
}

func TestRenamed(t *testing.T) {
	x := learnt(t)
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Class("Lcom/example/app/Main;").Super("Landroid/app/Activity;")
	app.Code("classes.dex").Method("Lcom/example/app/Main;->run()V").String("of its own")
	library{word: "tracker", version: "1.1.0", classes: 24, name: obfuscated("q/w"), each: 5}.into(app, "classes.dex")
	got := find(x, app, profile.Options{})
	m, ok := got["tracker"]
	if !ok || len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	if !m.Sure || !m.Renamed() || m.Share < 0.99 || m.Strings != m.Known {
		t.Errorf("sure %v, renamed %v, share %v, %d of %d", m.Sure, m.Renamed(), m.Share, m.Strings, m.Known)
	}
	if m.Matched != 24 || m.Unchanged != 0 {
		t.Errorf("%d classes matched, %d unchanged", m.Matched, m.Unchanged)
	}
	was := obfuscated("q/w")
	is := map[string]string{}
	for i := range 24 {
		is[was(i)] = original("com/tracker")(i)
	}
	for _, c := range m.Classes {
		if is[c.Name] != c.Original {
			t.Errorf("%s = %s, not %s", c.Name, c.Original, is[c.Name])
		}
	}
	if v := m.Version; v.Low != "1.1.0" || v.High != "1.1.0" || v.Literal == nil || v.Literal.Text != "tracker-agent/1.1.0" {
		t.Errorf("version %+v", v)
	}
	if len(m.Samples) == 0 || !strings.HasPrefix(m.Samples[0].Text, "tracker") {
		t.Errorf("samples %v", m.Samples)
	}
}

// TestVersionUnknown reads a version that was not learned from its literal.
func TestVersionUnknown(t *testing.T) {
	app := facttest.New("com.example.app")
	library{word: "tracker", version: "1.7.3", classes: 24, name: obfuscated("q"), each: 5}.into(app, "classes.dex")
	m := find(learnt(t), app, profile.Options{})["tracker"]
	if m.Version.Low != "1.7.3" || m.Version.High != "1.7.3" {
		t.Errorf("version %+v", m.Version)
	}
}

// TestVersionRange tells a range where nothing tells versions apart.
func TestVersionRange(t *testing.T) {
	app := facttest.New("com.example.app")
	// What differs between versions stands in the classes with even numbers.
	library{word: "tracker", classes: 24, name: obfuscated("q"), each: 5}.into(app, "classes.dex")
	m := find(learnt(t), app, profile.Options{})["tracker"]
	if m.Version.Low != "1.0.1" || m.Version.High != "2.0.0" || m.Version.Literal != nil {
		t.Errorf("version %+v", m.Version)
	}
}

func TestShrunk(t *testing.T) {
	x := learnt(t)
	for _, keep := range []int{16, 8, 1} {
		app := facttest.New("com.example.app")
		library{word: "tracker", version: "2.0.0", classes: 24, name: obfuscated("q"), each: 5, drop: func(i int) bool { return i >= keep }}.into(app, "classes.dex")
		m, ok := find(x, app, profile.Options{})["tracker"]
		if want := keep > 1; ok != want {
			t.Errorf("with %d of 24 classes: found %v", keep, ok)
		}
		// Without its literal (in the second class) nothing but the nearest can be told.
		if ok && m.Version.High != "2.0.0" {
			t.Errorf("with %d of 24 classes: version %+v", keep, m.Version)
		}
	}
}

// TestNamed leaves out what rules know by name.
func TestNamed(t *testing.T) {
	app := facttest.New("com.example.app")
	library{word: "tracker", version: "2.0.0", classes: 24, name: original("com/tracker"), each: 5}.into(app, "classes.dex")
	set := app.Set()
	x := learnt(t)
	named := func(unit int, typ uint32) bool { return strings.HasPrefix(set.Units[unit].Type(typ), "Lcom/tracker/") }
	if m := x.Match(context.Background(), set, profile.Options{Named: named}); len(m) != 0 {
		t.Errorf("found %v although its name is known", m)
	}
	// Nor is it renamed where no rule knows it, but its names are the old ones.
	if m := x.Match(context.Background(), set, profile.Options{}); len(m) != 0 {
		t.Errorf("found %v although nothing was renamed", m)
	}
	near := x.Nearest(context.Background(), set, profile.Options{}, "tracker-sdk")
	if len(near) != 1 || near[0].Reason != "its classes keep their names" {
		t.Errorf("nearest %+v", near)
	}
}

// TestExplainedAway holds a shared part against the one who shares it.
func TestExplainedAway(t *testing.T) {
	x := learnt(t)
	app := facttest.New("com.example.app")
	library{word: "shared", classes: 10, name: obfuscated("q"), each: 5}.into(app, "classes.dex")
	if got := find(x, app, profile.Options{}); len(got) != 0 {
		t.Errorf("found %v in an app that has the shared part alone", got)
	}
	library{word: "other", version: "3.0", classes: 20, name: obfuscated("w"), each: 5}.into(app, "classes.dex")
	if got := find(x, app, profile.Options{}); len(got) != 1 || got["other"].Share < 0.9 {
		t.Errorf("found %v", got)
	}
}

// TestData is an app that lists the strings of an SDK and carries nothing of it.
func TestData(t *testing.T) {
	app := facttest.New("com.example.app")
	m := app.Code("classes.dex").Method("Lcom/example/app/List;->fill()V")
	for i := range 24 {
		for k := range 5 {
			m.String(fmt.Sprintf("tracker says %d of %d", k, i))
		}
	}
	x := learnt(t)
	if got := find(x, app, profile.Options{}); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	near := x.Nearest(context.Background(), app.Set(), profile.Options{}, "tracker-sdk")
	if len(near) != 1 || !strings.Contains(near[0].Reason, "may be data") {
		t.Errorf("nearest %+v", near)
	}
}

// TestCommon drops what many programs use.
func TestCommon(t *testing.T) {
	x := learnt(t, func(l *profile.Learner) {
		for range 5 {
			app := facttest.New("com.example.program")
			library{word: "tracker", classes: 5, name: obfuscated("p"), each: 5}.into(app, "classes.dex")
			l.AddProgram(app.Set().Units)
		}
	})
	for _, p := range x.Profiles() {
		if p.Name == "tracker" && p.Versions[0].Strings != 24*5+12+1-5*5 {
			t.Errorf("%d strings", p.Versions[0].Strings)
		}
	}
}

func TestOrigins(t *testing.T) {
	origins, err := learnt(t).Origins()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, a := range origins {
		if a.Profile == "tracker" {
			n++
			if a.Rule != "tracker-sdk" || a.File != "tracker-"+a.Version+".jar" || a.Source != "here" || a.SHA256 != strings.Repeat("ab", 32) {
				t.Errorf("%+v", a)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d versions", n)
	}
}

func TestSame(t *testing.T) {
	encode := func() string {
		l := profile.NewLearner()
		for _, w := range []string{"a1", "b2", "c3"} {
			for _, v := range []string{"1.0", "2.0"} {
				l.Add(profile.Artefact{Profile: w, Rule: w, Version: v}, unitsOf(library{word: w, version: v, classes: 9, name: original(w), each: 5}), all)
			}
		}
		return string(l.Encode())
	}
	if first, second := encode(), encode(); first != second {
		t.Error("the same artefacts make different indices")
	}
}

// TestSameMatch: the same app gets the same figures each time, to the last digit.
func TestSameMatch(t *testing.T) {
	x := learnt(t, func(l *profile.Learner) {
		for i := range 60 { // so that strings of two and of three families count, each for less
			l.Add(profile.Artefact{Profile: fmt.Sprint("more", i), Version: "1"}, unitsOf(library{word: fmt.Sprint("more", i), classes: 5, name: original("org/more"), each: 4}), all)
		}
		for i, n := range []int{8, 16} {
			l.Add(profile.Artefact{Profile: fmt.Sprint("part", i), Version: "1"}, unitsOf(library{word: "tracker", classes: n, name: original("org/part"), each: 3}), all)
		}
	})
	app := facttest.New("com.example.app")
	library{word: "tracker", version: "1.1.0", classes: 24, name: obfuscated("q/w"), each: 5}.into(app, "classes.dex")
	first := find(x, app, profile.Options{})
	if len(first) != 1 {
		t.Fatalf("found %v", first)
	}
	for range 30 {
		for name, m := range find(x, app, profile.Options{}) {
			if was := first[name]; m.Weight != was.Weight || m.Share != was.Share {
				t.Fatalf("%s: weight %v and share %v, before %v and %v", name, m.Weight, m.Share, was.Weight, was.Share)
			}
		}
	}
}

func TestOpenDamaged(t *testing.T) {
	l := profile.NewLearner()
	l.Add(profile.Artefact{Profile: "p", Rule: "p", Version: "1.0"}, unitsOf(library{word: "word", version: "1.0", classes: 9, name: original("p"), each: 5}), all)
	data := string(l.Encode())
	for n := range data {
		if _, err := profile.Open(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are an index", n, len(data))
		}
	}
}

func FuzzOpen(f *testing.F) {
	l := profile.NewLearner()
	for _, v := range []string{"1.0", "2.0"} {
		l.Add(profile.Artefact{Profile: "p", Rule: "p", Version: v, SHA256: strings.Repeat("00", 32)}, unitsOf(library{word: "word", version: v, classes: 9, name: original("p"), each: 5}), all)
	}
	for i := range 30 {
		l.Add(profile.Artefact{Profile: fmt.Sprint("f", i), Version: "1"}, unitsOf(library{word: fmt.Sprint("f", i), classes: 5, name: original("f"), each: 4}), all)
	}
	lib := facttest.New("com.example.lib")
	coded{"silent", 20, original("s"), plainText}.into(lib, "classes.jar")
	l.Add(profile.Artefact{Profile: "silent", Rule: "s", Version: "1"}, lib.Set().Units, all)
	f.Add(l.Encode())
	f.Add([]byte("TTPROF\x02\n"))
	app := facttest.New("com.example.app")
	coded{"silent", 20, obfuscated("s"), cipherText}.into(app, "classes.dex")
	library{word: "word", version: "2.0", classes: 9, name: obfuscated("q"), each: 5}.into(app, "classes.dex")
	set := app.Set()
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := profile.Open(string(data))
		if err != nil {
			return
		}
		x.Origins()
		for _, m := range x.Match(context.Background(), set, profile.Options{Workers: 1}) {
			if m.Profile == nil || m.Share < 0 || len(m.Samples) > 5 {
				t.Errorf("%+v", m)
			}
		}
		x.Nearest(context.Background(), set, profile.Options{}, "p")
	})
	// What is to be read is there in the first seed.
	x, err := profile.Open(string(l.Encode()))
	if err != nil || !find(x, app, profile.Options{})["silent"].Silent {
		f.Errorf("the seed holds no silent library: %v", err)
	}
}

// TestBundled opens what is shipped.
func TestBundled(t *testing.T) {
	x, err := profile.Bundled()
	if err != nil {
		t.Fatal(err)
	}
	origins, err := x.Origins()
	if err != nil {
		t.Error(err)
	}
	list, err := os.ReadFile("profiles.tsv")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		if c := strings.Split(strings.TrimRight(line, "\n"), "\t"); len(c) == 6 {
			listed[c[3]+c[5]] = true
		}
	}
	for _, a := range origins {
		if !listed[a.SHA256+a.Source] {
			t.Errorf("%s %s was learned from %s, which profiles.tsv does not list", a.Profile, a.Version, a.SHA256)
		}
	}
	rules := map[string]bool{}
	for i := range x.Profiles() {
		rules[x.Profiles()[i].Rule] = true
	}
	if len(rules) < 60 || x.Strings() < 50_000 {
		t.Errorf("%d rules, %d strings", len(rules), x.Strings())
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := profile.Bundled(); err != nil {
			b.Fatal(err)
		}
	}
}
