package signatures

import (
	"context"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// Classes that native code names are references: they show a product that code
// was hidden of, and count for nothing else.
func TestClassesNamedByNativeCode(t *testing.T) {
	const rules = "id: a\nsignals: [{code: com.foo.sdk}]\n---\nid: b\nsignals: [{class: com.bar.sdk.Main}]\n---\nid: c\nsignals: [{code-ref: com.ref.sdk}]\n---\nid: d\nsignals: [{code: com.defined.sdk}]\n---\nid: e\nsignals: [{code: com.foo.sdkx}]"
	app := facttest.New("x")
	app.Lib("lib/x86/libone.so", "JNI_OnLoad", "Java_com_foo_sdk_Native_init", "Java_com_foo_sdk_Native_exit__I", "Java_com_unknown_Thing_x", "Java_com_defined_sdk_Here_x")
	app.Lib("lib/arm64-v8a/libone.so", "Java_com_foo_sdk_Native_init")
	for _, s := range []string{"com/bar/sdk/Main", "com/foo/sdk/Other$Inner", "com/ref/sdk/R", "com/foo", "com/foo/sdk/", "com//foo/sdk/x", "/com/foo/sdk/x", "see com/foo/sdk/Words", "com/foo/sdk/with.dot"} {
		app.Text(fact.Text{Unit: "lib/x86/libtwo.so", Kind: fact.TextNative, Off: 16, Value: s})
	}
	app.Text(fact.Text{Unit: "assets/x.txt", Kind: fact.TextAsset, Off: 0, Value: "com/foo/sdkx/Asset"})
	app.Code("classes.dex").Class("Lcom/defined/sdk/Here;")
	live := app.Set()
	c := compile(t, parse(t, rules))
	m := Match(context.Background(), live, c)
	want := strings.Join([]string{
		"a not held refs: code: com.foo.sdk ×2",
		"b not held refs: class: com.bar.sdk.Main ×1",
		"c held: code-ref: com.ref.sdk ×1",
		"d held: code: com.defined.sdk ×1",
	}, "\n")
	if got := strings.TrimSpace(outcome(m)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	ref := m.Product("a").References[0].Evidence
	if ref.Location.Unit != "lib/x86/libone.so" || ref.Location.Class != "Lcom/foo/sdk/Native;" {
		t.Errorf("%+v", ref)
	}
	if ref := m.Product("b").References[0].Evidence; ref.Location.Unit != "lib/x86/libtwo.so" {
		t.Errorf("%+v", ref)
	}
	sameMatches(t, m, Match(context.Background(), refreeze(t, live), c))
}

// A module that both the app's files and its modules tell of counts once.
func TestModuleOfAFileCountsOnce(t *testing.T) {
	app := facttest.New("x").File("assemblies/Foo.dll").File("assemblies/Bar.dll")
	app.Info.Modules = []fact.Module{{Kind: fact.ModuleUnity, Name: "Foo", Version: "1.0.0.0", Unit: "assemblies/Foo.dll"}}
	m := match(t, "id: a\nsignals: [{unity-assembly: Foo}, {unity-assembly: Bar}]", app)
	if got := strings.TrimSpace(outcome(m)); got != "a held: unity-assembly: Foo ×1 | unity-assembly: Bar ×1" {
		t.Error(got)
	}
}
