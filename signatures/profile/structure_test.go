package profile_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// coded is a library whose classes do what no other's do.
type coded struct {
	word    string
	classes int
	name    func(i int) string
	say     func(s string) string // what stands in the code for a string; nil if nothing does
}

func (l coded) into(app *facttest.App, unit string) {
	code := app.Code(unit)
	for i := range l.classes {
		desc := l.name(i)
		code.Class(desc).Super("Ljava/lang/Object;")
		for _, name := range []string{"a", "b", "c"} {
			m := code.Method(desc + "->" + name + "()V")
			for k := range 4 {
				if l.say != nil {
					m.String(l.say(fmt.Sprintf("%s says %d of %d in %s", l.word, k, i, name)))
					m.Call(fact.RefCallStatic, "Lz/z;->a(Ljava/lang/String;)Ljava/lang/String;")
				}
				m.Call(fact.RefCallVirtual, fmt.Sprintf("Landroid/%s/Part%d;->%s%d()V", l.word, i, name, k))
			}
		}
	}
}

func plainText(s string) string { return s }

// cipherText is what an obfuscator might leave of a string.
func cipherText(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= byte(int(profile.Hash(s)) >> (i % 7))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// learntCode is an index of two libraries, and of one that has a half of the
// first.
func learntCode(t *testing.T) *profile.Index {
	return learnt(t, func(l *profile.Learner) {
		add := func(name, rule string, libs ...coded) {
			app := facttest.New("com.example.lib")
			for _, lib := range libs {
				lib.into(app, "classes.jar")
			}
			if l.Add(profile.Artefact{Profile: name, Rule: rule, Version: "1"}, app.Set().Units, all) == 0 {
				t.Fatalf("%s was not learned", name)
			}
		}
		add("silent", "silent-sdk", coded{"silent", 20, original("com/silent"), plainText})
		add("beside", "beside-sdk", coded{"beside", 20, original("com/beside"), plainText})
		// Code that two families have speaks for neither.
		add("one", "one-sdk", coded{"both", 20, original("com/one"), plainText})
		add("two", "two-sdk", coded{"both", 20, original("com/two"), plainText})
	})
}

func TestSilent(t *testing.T) {
	x := learntCode(t)
	own := func(app *facttest.App) { // code of the app itself
		m := app.Code("classes.dex").Method("Lcom/example/app/Main;->run()V")
		for i := range 20 {
			m.String(fmt.Sprint("text of the app ", i)).Call(fact.RefCallVirtual, "Landroid/app/Activity;->finish()V")
		}
	}
	none := func(string) string { return "" }
	tests := []struct {
		name string
		lib  coded
		want string // profile
		how  bool   // by code alone
	}{
		{"its strings can be read", coded{"silent", 20, obfuscated("q"), plainText}, "silent", false},
		{"its strings are encrypted", coded{"silent", 20, obfuscated("q"), cipherText}, "silent", true},
		{"its strings are gone", coded{"silent", 20, obfuscated("q"), none}, "silent", true},
		{"its packages lie below each other", coded{"silent", 20, func(i int) string { return fmt.Sprintf("La/b/%c/%c;", 'c'+i/4, 'a'+i%4) }, cipherText}, "silent", true},
		{"nobody knows it", coded{"unknown", 20, obfuscated("q"), cipherText}, "", false},
		{"two have it", coded{"both", 20, obfuscated("q"), cipherText}, "", false},
		{"its names are as they were", coded{"silent", 20, original("com/silent"), cipherText}, "", false},
		{"it says what somebody else says", coded{"silent", 20, obfuscated("q"), func(s string) string { return "quite another " + s }}, "", false},
	}
	for _, tt := range tests {
		app := facttest.New("com.example.app")
		own(app)
		tt.lib.into(app, "classes.dex")
		got := find(x, app, profile.Options{})
		m, ok := got[tt.want]
		if want := tt.want != ""; ok != want || len(got) > 1 || !want && len(got) > 0 {
			t.Errorf("%s: found %v", tt.name, got)
			continue
		}
		if !ok {
			continue
		}
		if m.Silent != tt.how || m.Matched != 20 {
			t.Errorf("%s: by code alone: %v, %d classes", tt.name, m.Silent, m.Matched)
		}
		for _, c := range m.Classes {
			for i := range 20 {
				if c.Name == tt.lib.name(i) && c.Original != original("com/silent")(i) {
					t.Errorf("%s: %s = %s", tt.name, c.Name, c.Original)
				}
			}
		}
		if tt.how && (m.Strings != 0 || m.Known != 20 || m.Version.Nearest != "" || m.Version.Low != "") {
			t.Errorf("%s: %d strings, %d known, version %+v", tt.name, m.Strings, m.Known, m.Version)
		}
	}
}

// TestSilentInPart asks for eight classes, and for a package of some size.
func TestSilentInPart(t *testing.T) {
	x := learntCode(t)
	for _, n := range []int{20, 8, 7} {
		app := facttest.New("com.example.app")
		coded{"silent", n, obfuscated("q"), cipherText}.into(app, "classes.dex")
		coded{"unknown", 20, func(i int) string { return "Lq/" + strings.Repeat("z", 2+i) + ";" }, cipherText}.into(app, "classes.dex")
		_, ok := find(x, app, profile.Options{})["silent"]
		if ok != (n >= 8) {
			t.Errorf("with %d of 20 classes: found %v", n, ok)
		}
		near := x.Nearest(context.Background(), app.Set(), profile.Options{}, "silent-sdk")
		if n == 7 && (len(near) != 1 || !strings.Contains(near[0].Reason, "7 of 20 classes")) {
			t.Errorf("nearest %+v", near)
		}
	}
	app := facttest.New("com.example.app")
	coded{"silent", 15, obfuscated("q"), cipherText}.into(app, "classes.dex")
	if got := find(x, app, profile.Options{}); len(got) != 0 {
		t.Errorf("15 classes are too few to say that a package is silent: found %v", got)
	}
}

// TestSilentBeside finds one product by its strings and another without.
func TestSilentBeside(t *testing.T) {
	x := learntCode(t)
	app := facttest.New("com.example.app")
	coded{"silent", 20, obfuscated("q"), cipherText}.into(app, "classes.dex")
	coded{"beside", 20, obfuscated("w"), cipherText}.into(app, "classes2.dex")
	library{word: "tracker", version: "1.1.0", classes: 24, name: obfuscated("r"), each: 5}.into(app, "classes.dex")
	got := find(x, app, profile.Options{})
	if len(got) != 3 || !got["silent"].Silent || !got["beside"].Silent || got["tracker"].Silent {
		t.Errorf("found %v", got)
	}
}

// TestSilentAmong finds code with encrypted strings that was moved into one
// package with others' code.
func TestSilentAmong(t *testing.T) {
	x := learntCode(t)
	among := func(i int) string { return "Lq/" + strings.Repeat("z", 2+i) + ";" }
	for _, say := range []func(string) string{cipherText, func(string) string { return "" }} {
		app := facttest.New("com.example.app")
		coded{"silent", 20, obfuscated("q"), say}.into(app, "classes.dex")
		coded{"unknown", 60, among, plainText}.into(app, "classes.dex")
		got := find(x, app, profile.Options{})
		// Without anything encrypted nobody looks.
		if want := len(say("text")) > 0; len(got) > 1 || got["silent"].Silent != want {
			t.Errorf("encrypted %v: found %v", want, got)
		}
	}
}

// TestLeft is what a shrinker leaves of a large library: few of its strings, but
// together, in classes that are its own.
func TestLeft(t *testing.T) {
	x := learnt(t, func(l *profile.Learner) {
		app := facttest.New("com.example.lib")
		library{word: "large", classes: 120, name: original("com/large"), each: 5}.into(app, "classes.jar")
		for i := range 120 {
			m := app.Code("classes.jar").Method(fmt.Sprintf("Lcom/large/Original%d;->x()V", i))
			for k := range 4 {
				m.Call(fact.RefCallVirtual, fmt.Sprintf("Landroid/large/Part%d;->x%d()V", i, k))
			}
		}
		l.Add(profile.Artefact{Profile: "large", Rule: "large-sdk", Version: "1"}, app.Set().Units, all)
	})
	few := func(keep int) *facttest.App {
		app := facttest.New("com.example.app")
		library{word: "large", classes: 120, name: obfuscated("q"), each: 5, drop: func(i int) bool { return i >= keep }}.into(app, "classes.dex")
		for i := range keep {
			m := app.Code("classes.dex").Method(obfuscated("q")(i) + "->x()V")
			for k := range 4 {
				m.Call(fact.RefCallVirtual, fmt.Sprintf("Landroid/large/Part%d;->x%d()V", i, k))
			}
		}
		return app
	}
	if m, ok := find(x, few(9), profile.Options{})["large"]; !ok || m.Sure || m.Share > 0.1 {
		t.Errorf("9 of 120 classes: found %v: %+v", ok, m)
	}
	// As many strings, but one in each class of somebody else.
	app := facttest.New("com.example.app")
	for i := range 8 {
		for k := range 5 {
			app.Code("classes.dex").Method(fmt.Sprintf("Lcom/else/C%d;->a()V", 5*i+k)).String(fmt.Sprintf("large says %d of %d", k, i))
		}
	}
	if m, ok := find(x, app, profile.Options{})["large"]; ok {
		t.Errorf("in others' classes: found %+v", m)
	}
}
