package judge

import (
	"slices"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
)

func TestLibraryName(t *testing.T) {
	for pkg, want := range map[string]string{
		"com.foo.bar.baz": "com.foo.bar", "com.foo": "com.foo", "okhttp3.internal.io": "okhttp3.internal", "okio": "okio",
		"a.b.c": "unnamed (a.b)", "": "unnamed (default package)", "o": "unnamed (o)", "com.a.b.c": "unnamed (com.a.b)", "cn.x.longer": "cn.x.longer",
		"io.netty.util.internal": "io.netty.util",
	} {
		if got := libraryName(pkg); got != want {
			t.Errorf("libraryName(%q) = %q, want %q", pkg, got, want)
		}
	}
}

func TestOwnRoots(t *testing.T) {
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	for _, c := range []struct {
		name    string
		m       fact.Manifest
		defined func(string) bool
		claimed func(string) bool
		want    []string
	}{
		{"package alone", fact.Manifest{Package: "com.foo.app"}, all, none, []string{"com.foo.app"}},
		{"a variant of the id", fact.Manifest{
			Package: "com.foo.app.debug", Application: "com.foo.app.base.App",
			Components: []fact.Component{{Kind: fact.Activity, Name: "com.foo.app.ui.Main", Launcher: true}},
		}, all, none, []string{"com.foo.app", "com.foo.app.base", "com.foo.app.debug", "com.foo.app.ui"}},
		{"another name for the code", fact.Manifest{
			Package: "com.store.lite", Application: "org.maker.thing.App",
			Components: []fact.Component{{Kind: fact.Service, Name: "org.maker.other.S"}, {Kind: fact.Service, Name: "com.lib.S"}},
		}, all, none, []string{"com.store.lite", "org.maker.other", "org.maker.thing"}},
		{"components of products", fact.Manifest{
			Package: "com.foo.app", Application: "com.tracker.App",
			Components: []fact.Component{{Kind: fact.Service, Name: "com.foo.sdk.S"}},
		}, all, func(d string) bool { return d == "Lcom/tracker/App;" || d == "Lcom/foo/sdk/S;" }, []string{"com.foo.app"}},
		{"what is not there", fact.Manifest{Package: "com.foo.app", Application: "com.bar.App"}, none, none, []string{"com.foo.app"}},
		{"shared labels", fact.Manifest{
			Package:    "com.google.android.apps.x",
			Components: []fact.Component{{Kind: fact.Service, Name: "com.google.other.S"}, {Kind: fact.Activity, Name: "androidx.foo.A", Launcher: true}},
		}, all, none, []string{"com.google.android.apps.x"}},
		{"an alias", fact.Manifest{
			Package:    "com.foo.app",
			Components: []fact.Component{{Kind: fact.ActivityAlias, Name: "com.foo.app.Alias", Target: "net.bar.main.Main", Launcher: true}},
		}, all, none, []string{"com.foo.app", "net.bar.main"}},
		{"one label", fact.Manifest{Package: "android"}, all, none, nil},
	} {
		if got := ownRoots(&c.m, c.defined, c.claimed); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abc": "•••", "abcdefgh": "ab••••••", "5e7c1f2b9ab1e25d11000123": "5e7c••••••••••••23", "键键键键键键键键键键键键": "键键键键••••••键键",
	} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRender(t *testing.T) {
	str := func(s string) fact.Value { return fact.Value{Kind: fact.String, S: s} }
	for _, c := range []struct {
		v    fact.Value
		want string
	}{
		{str("a\n"), `"a\n"`},
		{fact.Value{Kind: fact.Int, N: -3}, "-3"},
		{fact.Value{Kind: fact.Class, S: "Lcom/foo/Bar;"}, "com.foo.Bar"},
		{fact.Value{Kind: fact.Concat, Elems: []fact.Value{str("a"), {Kind: fact.Unknown}, {Kind: fact.Int, N: 4}}}, `"a{}4"`},
		{fact.Value{Kind: fact.OneOf, Elems: []fact.Value{str("a"), {Kind: fact.Unknown}}}, `"a" or ?`},
		{fact.Value{Kind: fact.Array, Elems: []fact.Value{str("a")}}, `["a"]`},
		{fact.Value{Kind: fact.Unknown}, ""},
	} {
		if got := render(c.v); got != c.want {
			t.Errorf("render(%+v) = %s, want %s", c.v, got, c.want)
		}
	}
	// A value that holds itself many times over must end.
	deep := str("x")
	for range 40 {
		deep = fact.Value{Kind: fact.OneOf, Elems: []fact.Value{deep, deep}}
	}
	n := 0
	texts(deep, "", func(string) { n++ })
	if n > maxValueNodes {
		t.Errorf("%d texts", n)
	}
	if s := render(deep); len(s) > 1<<20 {
		t.Errorf("%d bytes", len(s))
	}
}

func TestVersionText(t *testing.T) {
	for in, want := range map[string]string{
		"3.1.2": "3.1.2", "v4.0.5": "4.0.5", "6.8.3-beta1": "6.8.3-beta1", " 1.2 (build 3)": "1.2", "latest": "", "": "", "2_0_1": "2_0_1", "1.0.": "1.0",
	} {
		got, ok := versionText(in)
		if got != want || ok != (want != "") {
			t.Errorf("versionText(%q) = %q, %v", in, got, ok)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	for _, pair := range [][2]string{
		{"1.0", "1.0.1"},
		{"1.9", "1.10"},
		{"1.0-beta", "1.0"},
		{"1.0-alpha", "1.0-beta"},
		{"1.0-rc1", "1.0-rc2"},
		{"1.0-rc9", "1.0-rc10"},
		{"9", "10"},
		{"1.0a", "1.0.1"},
		{"", "1"},
	} {
		if compareVersions(pair[0], pair[1]) >= 0 || compareVersions(pair[1], pair[0]) <= 0 {
			t.Errorf("%q is not before %q", pair[0], pair[1])
		}
	}
	for _, v := range []string{"", "1.0", "1.0-beta", "-", "a.b"} {
		if compareVersions(v, v) != 0 {
			t.Errorf("%q is not itself", v)
		}
	}
	if compareVersions("1.01", "1.1") != 0 {
		t.Error("1.01 is not 1.1")
	}
}
