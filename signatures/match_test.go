package signatures

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// parse loads rules from YAML documents that are parted by "---". An SDK need
// not say what every SDK must: name, vendor and category are filled in.
func parse(t testing.TB, docs string) *Rules {
	t.Helper()
	files := fstest.MapFS{}
	for i, doc := range strings.Split(docs, "\n---\n") {
		doc = strings.TrimSpace(doc) + "\n"
		if !strings.HasPrefix(doc, "kind:") {
			doc = "kind: sdk\n" + doc
		}
		if strings.HasPrefix(doc, "kind: sdk") {
			if !strings.Contains(doc, "\nvendor:") {
				doc += "vendor: v\n"
			}
			if !strings.Contains(doc, "\ncategory:") {
				doc += "category: analytics\n"
			}
		}
		if !strings.Contains(doc, "\nname:") {
			doc += "name: N\n"
		}
		files[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{Data: []byte(doc)}
	}
	r, err := Load(files, "test", Overlay)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func compile(t testing.TB, r *Rules) *Compiled {
	t.Helper()
	c, err := Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func match(t testing.TB, rules string, app *facttest.App) *Matches {
	t.Helper()
	return Match(context.Background(), app.Set(), compile(t, parse(t, rules)))
}

// outcome renders what was seen of each product, one line each:
// "id held: code: com.foo ×3 | refs: class: com.foo.Bar".
func outcome(m *Matches) string {
	var b strings.Builder
	for i := range m.SDKs {
		s := &m.SDKs[i]
		held := "not held"
		if s.Held {
			held = "held"
		}
		fmt.Fprintf(&b, "%s %s", s.SDK.ID, held)
		list := func(prefix string, sigs []SignalMatch) {
			for _, x := range sigs {
				fmt.Fprintf(&b, "%s%s ×%d", prefix, x.Evidence.Signal, max(1, x.Evidence.Count))
				prefix = " | "
			}
		}
		list(": ", s.Signals)
		list(" refs: ", s.References)
		b.WriteByte('\n')
	}
	return b.String()
}

// classes makes an app that defines the classes, dotted.
func classes(names ...string) *facttest.App {
	app := facttest.New("com.example.app")
	for _, n := range names {
		app.Code("classes.dex").Class(descriptor(n))
	}
	return app
}

func TestMatchSDK(t *testing.T) {
	str := func(s ...string) *facttest.App {
		app := facttest.New("com.example.app")
		m := app.Code("classes.dex").Method("Lcom/example/app/Main;->run()V")
		for _, s := range s {
			m.String(s)
		}
		return app
	}
	tests := []struct {
		name  string
		rules string
		app   *facttest.App
		want  string
	}{
		{
			"prefix ends at a label", "id: a\nsignals: [{code: com.foo}]",
			classes("com.foo.Bar", "com.foo.a.B", "com.foo.a.B$C", "com.foobar.C", "org.com.foo.D", "com.fo"),
			"a held: code: com.foo ×3",
		},
		{"prefix without its label", "id: a\nsignals: [{code: com.foo}]", classes("com.foobar.C", "com.food"), ""},
		{"prefix that is a class", "id: a\nsignals: [{code: com.foo.Bar}]", classes("com.foo.Bar", "com.foo.Bar$1", "com.foo.Bar2"), "a held: code: com.foo.Bar ×2"},
		{"prefix of one label", "id: a\nsignals: [{code: okio}]", classes("okio.Buffer", "okiox.Buffer"), "a held: code: okio ×1"},
		{"class without package", "id: a\nsignals: [{class: Foo}]", classes("Foo", "com.Foo"), "a held: class: Foo ×1"},
		{"class is exact", "id: a\nsignals: [{class: com.foo.Bar}]", classes("com.foo.Bar$Inner", "com.foo.Bar2", "com.foo.Bar.X"), ""},
		{"inner class", "id: a\nsignals: [{class: com.foo.Bar$Inner}]", classes("com.foo.Bar", "com.foo.Bar$Inner"), "a held: class: com.foo.Bar$Inner ×1"},
		{
			"referenced is not defined", "id: a\nsignals: [{code: com.foo}, {class: com.foo.Bar}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("classes.dex").Refer("Lcom/foo/Bar;", "[Lcom/foo/Baz;")
				return app
			}(),
			"a not held refs: code: com.foo ×2 | class: com.foo.Bar ×1",
		},
		{
			"defined in another unit", "id: a\nsignals: [{code: com.foo}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("classes.dex").Refer("Lcom/foo/Bar;")
				app.Code("classes2.dex").Class("Lcom/foo/Bar;")
				return app
			}(),
			"a held: code: com.foo ×1",
		},
		{
			"code-ref", "id: a\nsignals: [{code-ref: com.foo}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("classes.dex").Refer("Lcom/foo/Bar;")
				return app
			}(),
			"a held: code-ref: com.foo ×1",
		},
		{
			"unsorted unit", "id: a\nsignals: [{code: com.foo}]",
			func() *facttest.App {
				app := facttest.New("x")
				c := app.Code("x.class").Unsorted()
				c.Class("Lzz/Z;").Super("Lcom/foo/Bar;")
				c.Class("Lcom/foo/Bar;")
				c.Class("Laa/A;")
				c.Class("Lcom/foo/Baz;")
				return app
			}(),
			"a held: code: com.foo ×2",
		},
		{
			"longer prefix of another rule speaks for it alone",
			"id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{code: com.foo.b}]",
			classes("com.foo.b.X"), "b held: code: com.foo.b ×1",
		},
		{
			"both, where both have classes",
			"id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{code: com.foo.b}]",
			classes("com.foo.b.X", "com.foo.Y"), "a held: code: com.foo ×1\nb held: code: com.foo.b ×1",
		},
		{
			"a weak longer prefix takes nothing away",
			"id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{code: com.foo.b, strength: weak}, {native: libb.so}]",
			classes("com.foo.b.X"), "a held: code: com.foo ×1\nb not held: code: com.foo.b ×1",
		},
		{
			"nor does one with a condition",
			"id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{code: com.foo.b}, {native: libb.so}]\nwhen: {all: [{signal: 1}, {signal: 2}]}",
			classes("com.foo.b.X"), "a held: code: com.foo ×1\nb not held: code: com.foo.b ×1",
		},
		{
			"own longer prefix counts for both signals",
			"id: a\nsignals: [{code: com.foo}, {code: com.foo.b}]",
			classes("com.foo.b.X"), "a held: code: com.foo ×1 | code: com.foo.b ×1",
		},
		{
			"shared prefix", "id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{code: com.foo}]",
			classes("com.foo.X"), "a held: code: com.foo ×1\nb held: code: com.foo ×1",
		},
		{
			"an exclusive class leaves its neighbours",
			"id: a\nsignals: [{code: com.foo}]\n---\nid: b\nsignals: [{class: com.foo.B}]",
			classes("com.foo.B", "com.foo.C"), "a held: code: com.foo ×1\nb held: class: com.foo.B ×1",
		},

		{"one weak", "id: a\nsignals: [{string: aaaa, strength: weak}, {native: liba.so}]", str("aaaa"), "a not held: string: aaaa ×1"},
		{"two weak of one kind", "id: a\nsignals: [{string: aaaa, strength: weak}, {string: bbbb, strength: weak}, {native: liba.so}]", str("aaaa", "bbbb"), "a not held: string: aaaa ×1 | string: bbbb ×1"},
		{"two weak of different kinds", "id: a\nsignals: [{string: aaaa, strength: weak}, {meta-data: M, strength: weak}]", str("aaaa").MetaData("M", ""), "a held: string: aaaa ×1 | meta-data: M ×1"},
		{"context never counts", "id: a\nsignals: [{string: aaaa, strength: weak}, {meta-data: M, strength: context}, {native: liba.so}]", str("aaaa").MetaData("M", ""), "a not held: string: aaaa ×1 | meta-data: M ×1"},
		{"when all", "id: a\nsignals: [{string: aaaa}, {string: bbbb}]\nwhen: {all: [{signal: 1}, {signal: 2}]}", str("aaaa"), "a not held: string: aaaa ×1"},
		{"when none", "id: a\nsignals: [{string: aaaa}, {string: bbbb}]\nwhen: {all: [{signal: 1}, {none: [{signal: 2}]}]}", str("aaaa"), "a held: string: aaaa ×1"},
		{"when none fails", "id: a\nsignals: [{string: aaaa}, {string: bbbb}]\nwhen: {all: [{signal: 1}, {none: [{signal: 2}]}]}", str("aaaa", "bbbb"), "a not held: string: aaaa ×1 | string: bbbb ×1"},
		{"when two of three", "id: a\nsignals: [{string: aaaa}, {string: bbbb}, {string: cccc}]\nwhen: {any: [{signal: 1}, {signal: 2}, {signal: 3}], at_least: 2}", str("cccc", "aaaa"), "a held: string: aaaa ×1 | string: cccc ×1"},
		{"when one of three is not two", "id: a\nsignals: [{string: aaaa}, {string: bbbb}, {string: cccc}]\nwhen: {any: [{signal: 1}, {signal: 2}, {signal: 3}], at_least: 2}", str("cccc"), "a not held: string: cccc ×1"},

		{"string is whole", "id: a\nsignals: [{string: SA.Sensors}]", str("xSA.Sensors", "SA.SensorsX", "sa.sensors"), ""},
		{"string prefix", "id: a\nsignals: [{string: okhttp/*}]", str("okhttp/3.12.0", "xokhttp/3"), "a held: string: okhttp/* ×1"},
		{"string prefix itself", "id: a\nsignals: [{string: okhttp/*}]", str("okhttp/"), "a held: string: okhttp/* ×1"},
		{
			"a name is no string constant", "id: a\nsignals: [{string: sensors}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("c").Method("Lx/Y;->sensors()V")
				return app
			}(), "",
		},
		{
			"initial value of a field is one", "id: a\nsignals: [{string: sensors}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("c").Class("Lx/Y;").Static("F", "Ljava/lang/String;", facttest.Str("sensors"))
				return app
			}(), "a held: string: sensors ×1",
		},
		{
			"an annotation holds one", "id: a\nsignals: [{string: sensors}]",
			func() *facttest.App {
				app := facttest.New("x")
				app.Code("c").Strings("sensors").Class("Lx/Y;").Annotate(fact.Annotation{Type: "Lz/Z;", Name: "value", Value: fact.Value{Kind: fact.Array, Elems: []fact.Value{facttest.Str("sensors")}}})
				return app
			}(), "a held: string: sensors ×1",
		},
		{"string outside code", "id: a\nsignals: [{string: sensors}]", facttest.New("x").Text(fact.Text{Unit: "assets/a.js", Kind: fact.TextScript, Value: "sensors"}), "a held: string: sensors ×1"},

		{"host", "id: a\nsignals: [{endpoint: sa.example.cn}]", str("https://api.sa.example.cn/x?y=z"), "a held: endpoint: sa.example.cn ×1"},
		{"host by label", "id: a\nsignals: [{endpoint: sa.example.cn}]", str("https://xsa.example.cn/", "https://sa.example.cn.evil.org/", "sa.example.cnx", "mail@sa.example.com"), ""},
		{"bare host", "id: a\nsignals: [{endpoint: sa.example.cn}]", str("sa.example.cn"), "a held: endpoint: sa.example.cn ×1"},
		{"host in upper case", "id: a\nsignals: [{endpoint: sa.example.cn}]", str("HTTPS://SA.Example.CN/"), "a held: endpoint: sa.example.cn ×1"},
		{"host and path", "id: a\nsignals: [{endpoint: {host: example.cn, path: /v1/sa}}]", str("https://a.example.cn/v1/sa/x"), "a held: endpoint: example.cn/v1/sa ×1"},
		{"path ends at a segment", "id: a\nsignals: [{endpoint: {host: example.cn, path: /v1/sa}}]", str("https://a.example.cn/v1/sab", "https://a.example.cn/"), ""},
		{"query", "id: a\nsignals: [{endpoint: {path: /sa, query: [project]}}]", str("https://any.example.org/sa?x=1&project=default"), "a held: endpoint: /sa?project ×1"},
		{"query is missing", "id: a\nsignals: [{endpoint: {path: /sa, query: [project]}}]", str("https://any.example.org/sa?projects=1", "/sa"), ""},
		{"path alone", "id: a\nsignals: [{endpoint: {path: /sa, query: [project]}}]", str("/sa?project=default"), "a held: endpoint: /sa?project ×1"},
		{"host outside code", "id: a\nsignals: [{endpoint: sa.example.cn}]", facttest.New("x").Text(fact.Text{Unit: "res", Kind: fact.TextResource, Name: "string/u", Value: "http://sa.example.cn"}), "a held: endpoint: sa.example.cn ×1"},

		{"components", "id: a\nsignals: [{activity: a.A}, {service: a.S}, {receiver: a.R}, {provider: a.P}]", func() *facttest.App {
			app := facttest.New("x")
			app.Component(fact.ActivityAlias, "a.Alias").Target = "a.A"
			app.Component(fact.Service, "a.S")
			app.Component(fact.Receiver, "a.R")
			app.Component(fact.Provider, "a.P")
			return app
		}(), "a held: activity: a.A ×1 | service: a.S ×1 | receiver: a.R ×1 | provider: a.P ×1"},
		{"a service is no receiver", "id: a\nsignals: [{receiver: a.S}]", func() *facttest.App {
			app := facttest.New("x")
			app.Component(fact.Service, "a.S")
			return app
		}(), ""},
		{"authority of the application", "id: a\nsignals: [{authority: \"*.sa.provider\"}]", func() *facttest.App {
			app := facttest.New("com.x")
			app.Component(fact.Provider, "a.P").Authorities = []string{"com.x.sa.provider"}
			return app
		}(), "a held: authority: *.sa.provider ×1"},
		{"authority of another id", "id: a\nsignals: [{authority: \"*.sa.provider\"}]", func() *facttest.App {
			app := facttest.New("com.x")
			app.Component(fact.Provider, "a.P").Authorities = []string{"com.y.debug.sa.provider"}
			return app
		}(), "a held: authority: *.sa.provider ×1"},
		{"authority ends at a label", "id: a\nsignals: [{authority: \"*.sa.provider\"}]", func() *facttest.App {
			app := facttest.New("com.x")
			app.Component(fact.Provider, "a.P").Authorities = []string{"com.xsa.provider", "com.x.sa.provider2"}
			return app
		}(), ""},
		{"permission and action", "id: a\nsignals: [{permission: \"*.permission.PUSH\"}, {action: a.b.ACT}]", func() *facttest.App {
			app := facttest.New("com.x").Permission("com.x.permission.PUSH")
			app.Component(fact.Receiver, "r").Actions = []string{"a.b.ACT"}
			return app
		}(), "a held: permission: *.permission.PUSH ×1 | action: a.b.ACT ×1"},
		{"meta-data of a component", "id: a\nsignals: [{meta-data: K}]", func() *facttest.App {
			app := facttest.New("com.x")
			app.Component(fact.Service, "s").MetaData = []fact.MetaData{{Name: "K", Value: "v"}}
			return app
		}(), "a held: meta-data: K ×1"},
		{"uses-library", "id: a\nsignals: [{uses-library: com.x.lib}]", func() *facttest.App {
			app := facttest.New("com.x")
			app.Manifest().UsesLibraries = []string{"com.x.lib"}
			return app
		}(), "a held: uses-library: com.x.lib ×1"},

		{"native", "id: a\nsignals: [{native: libfoo.so}]", func() *facttest.App {
			app := facttest.New("x")
			app.Lib("lib/arm64-v8a/libfoo.so")
			app.Lib("lib/armeabi-v7a/libfoo.so")
			app.Lib("lib/arm64-v8a/libfoo2.so")
			return app
		}(), "a held: native: libfoo.so ×2"},
		{"native wildcards", "id: a\nsignals: [{native: libprotect_*.so}, {native: \"*crash.so\"}]", func() *facttest.App {
			app := facttest.New("x")
			app.Lib("lib/x86/libprotect_0a1b.so")
			app.File("assets/libmycrash.so")
			app.File("assets/libcrashed.so")
			return app
		}(), "a held: native: libprotect_*.so ×1 | native: *crash.so ×1"},
		{"symbol and build id", "id: a\nsignals: [{symbol: Java_com_foo_*}, {symbol: foo_init}, {build-id: 0123456789abcdef}]", func() *facttest.App {
			app := facttest.New("x")
			app.Lib("lib/x86/liba.so", "Java_com_foo_Bar_x", "foo_init", "foo_init2").BuildID = "0123456789abcdef"
			return app
		}(), "a held: symbol: Java_com_foo_* ×1 | symbol: foo_init ×1 | build-id: 0123456789abcdef ×1"},
		{"files", "id: a\nsignals: [{file: META-INF/x.version}, {asset: sa/*}]", facttest.New("x").File("split.apk!META-INF/x.version").File("base/assets/sa/config.json"), "a held: file: META-INF/x.version ×1 | asset: sa/* ×1"},
		{"resource", "id: a\nsignals: [{resource: string/google_app_id}]", facttest.New("x").Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Name: "com.x:string/google_app_id", Value: "1:2"}), "a held: resource: string/google_app_id ×1"},
		{"modules", "id: a\nsignals: [{js-module: fbsdk}, {dart-package: sa}, {unity-assembly: Unity.Ads}, {maven: \"g.h:art\"}]", func() *facttest.App {
			app := facttest.New("x").File("assets/bin/Data/Managed/Unity.Ads.dll").File("META-INF/maven/g.h/art/pom.properties")
			app.Info.Modules = []fact.Module{{Kind: fact.ModuleJS, Name: "fbsdk"}, {Kind: fact.ModuleDart, Name: "sa"}}
			return app
		}(), "a held: js-module: fbsdk ×1 | dart-package: sa ×1 | unity-assembly: Unity.Ads ×1 | maven: g.h:art ×1"},
		{"app key", "id: a\nsignals: [{app-key: APPKEY}]", facttest.New("x").MetaData("APPKEY", "1234"), "a held: app-key: APPKEY ×1"},
		{"member that is referenced", "id: a\nsignals: [{member: \"com.foo.Bar->go\"}]", func() *facttest.App {
			app := facttest.New("x")
			app.Code("c").ReferMember("Lcom/foo/Bar;->go(I)V")
			return app
		}(), "a held: member: com.foo.Bar->go ×1"},
		{"packer", "kind: packer\nid: p\nvendor: v\ncategory: packer\nsignals: [{native: libp.so}]", func() *facttest.App {
			app := facttest.New("x")
			app.Lib("lib/x86/libp.so")
			return app
		}(), "p held: native: libp.so ×1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := tt.app.Set()
			c := compile(t, parse(t, tt.rules))
			m := Match(context.Background(), live, c)
			if got := strings.TrimSpace(outcome(m)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			sameMatches(t, m, Match(context.Background(), refreeze(t, live), c))
		})
	}
}

func refreeze(t testing.TB, s *fact.Set) *fact.Set {
	t.Helper()
	var b bytes.Buffer
	if err := fact.Freeze(&b, s); err != nil {
		t.Fatal(err)
	}
	thawed, err := fact.Thaw(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return thawed
}

func sameMatches(t *testing.T, a, b *Matches) {
	t.Helper()
	if d := cmp.Diff(a.SDKs, b.SDKs); d != "" {
		t.Errorf("products differ: %s", d)
	}
	if d := cmp.Diff(a.Hits, b.Hits); d != "" {
		t.Errorf("hits differ: %s", d)
	}
	if d := cmp.Diff(a.nodes, b.nodes); d != "" {
		t.Errorf("owners differ: %s", d)
	}
}

// hits renders what rules other than their signals found.
func hits(m *Matches) string {
	uses := map[Use]string{
		UseWired: "wired", UseSwitch: "switch", UseEvent: "event", UseVersion: "version",
		UseAppKey: "app key", UseSource: "source", UseSink: "sink",
	}
	var b strings.Builder
	for _, h := range m.Hits {
		fmt.Fprintf(&b, "%s %s %d: %s", header(m.c.Ref(h.Rule)).ID, uses[h.Use], h.Item, h.Ref)
		if h.Via != "" {
			fmt.Fprintf(&b, " via %s", h.Via)
		}
		if h.Value != "" {
			fmt.Fprintf(&b, " = %s", h.Value)
		}
		if h.Text != "" {
			fmt.Fprintf(&b, " in %s", h.Text)
		}
		if h.Unit >= 0 && h.Use != UseVersion {
			fmt.Fprintf(&b, " ×%d", len(h.Sites))
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

func TestMatchHits(t *testing.T) {
	const header = "kind: identifier\ngroup: device\nreset: never\nglossary: g\n"
	code := func(fill func(c *facttest.Code, run *facttest.Method)) *facttest.App {
		app := facttest.New("com.example.app").
			Framework("Landroid/webkit/WebView;", "Landroid/view/View;", "Ljava/lang/Object;")
		c := app.Code("classes.dex")
		fill(c, c.Method("Lcom/example/app/Main;->run()V"))
		return app
	}
	const load = "Landroid/webkit/WebView;->loadUrl(Ljava/lang/String;)V"
	sink := "kind: sink\nid: s\ngroup: webview\nmembers: [\"" + load + "\"]"
	tests := []struct {
		name, rules string
		app         *facttest.App
		want        string
	}{
		{
			"member by prototype", sink,
			code(func(c *facttest.Code, m *facttest.Method) {
				m.Call(fact.RefCallVirtual, load).Call(fact.RefCallVirtual, load).
					Call(fact.RefCallVirtual, "Landroid/webkit/WebView;->loadUrl(Ljava/lang/String;Ljava/util/Map;)V")
			}), "s sink 0: " + load + " ×2",
		},
		{
			"every overload, and fields", "kind: sink\nid: s\ngroup: webview\nmembers: [\"android.webkit.WebView->load\"]",
			code(func(c *facttest.Code, m *facttest.Method) {
				m.Call(fact.RefCallVirtual, "Landroid/webkit/WebView;->load()V").Call(fact.RefCallVirtual, "Landroid/webkit/WebView;->load(I)V").
					Get("Landroid/webkit/WebView;->load:I").Put("Landroid/webkit/WebView;->load:I")
			}),
			"s sink 0: Landroid/webkit/WebView;->load()V ×1\ns sink 0: Landroid/webkit/WebView;->load(I)V ×1\ns sink 0: Landroid/webkit/WebView;->load:I ×2",
		},
		{
			"by way of a subclass", sink,
			code(func(c *facttest.Code, m *facttest.Method) {
				c.Class("Lcom/example/app/Web;").Super("Landroid/webkit/WebView;")
				m.Call(fact.RefCallVirtual, "Lcom/example/app/Web;->loadUrl(Ljava/lang/String;)V")
			}),
			"s sink 0: Lcom/example/app/Web;->loadUrl(Ljava/lang/String;)V via Landroid/webkit/WebView; ×1",
		},
		{
			"a subclass that overrides", sink,
			code(func(c *facttest.Code, m *facttest.Method) {
				c.Class("Lcom/example/app/Web;").Super("Landroid/webkit/WebView;")
				c.Class("Lcom/example/app/Web2;").Super("Lcom/example/app/Web;")
				c.Method("Lcom/example/app/Web;->loadUrl(Ljava/lang/String;)V").Call(fact.RefCallSuper, load)
				m.Call(fact.RefCallVirtual, "Lcom/example/app/Web;->loadUrl(Ljava/lang/String;)V").
					Call(fact.RefCallVirtual, "Lcom/example/app/Web2;->loadUrl(Ljava/lang/String;)V")
			}), "s sink 0: " + load + " ×1",
		},
		{
			"constructors are not inherited", "kind: sink\nid: s\ngroup: webview\nmembers: [\"android.webkit.WebView-><init>\"]",
			code(func(c *facttest.Code, m *facttest.Method) {
				c.Class("Lcom/example/app/Web;").Super("Landroid/webkit/WebView;")
				m.Call(fact.RefCallDirect, "Lcom/example/app/Web;-><init>()V")
			}), "",
		},
		{
			"a member that nothing uses", sink,
			code(func(c *facttest.Code, m *facttest.Method) { c.ReferMember(load) }), "s sink 0: " + load + " ×0",
		},
		{
			"arguments", header + "id: i\nsources: [{member: \"Ljava/lang/System;->getProperty(Ljava/lang/String;)Ljava/lang/String;\", args: {0: os.version}, checked: x}]",
			code(func(c *facttest.Code, m *facttest.Method) {
				const get = "Ljava/lang/System;->getProperty(Ljava/lang/String;)Ljava/lang/String;"
				m.Call(fact.RefCallStatic, get, facttest.Str("os.version")).
					Call(fact.RefCallStatic, get, facttest.Str("os.name")).
					Call(fact.RefCallStatic, get, facttest.Any()).
					Call(fact.RefCallStatic, get).
					Call(fact.RefCallStatic, get, fact.Value{Kind: fact.OneOf, Elems: []fact.Value{facttest.Str("a"), facttest.Str("os.version")}}).
					Call(fact.RefCallStatic, get, fact.Value{Kind: fact.Concat, Elems: []fact.Value{facttest.Str("os."), facttest.Str("version")}})
			}), "i source 0: Ljava/lang/System;->getProperty(Ljava/lang/String;)Ljava/lang/String; ×3",
		},
		{
			"literals of identifiers",
			header + "id: i\nsources: [{setting: android_id, checked: x}, {property: ro.serialno, checked: x}, {uri: \"content://sms\", checked: x}, {file: /sys/class/net/, checked: x}, {file: /proc/net/arp, checked: x}, {shell: pm list, checked: x}, {service: com.x.IFoo, checked: x}, {action: com.x.ACT, checked: x}]",
			code(func(c *facttest.Code, m *facttest.Method) {
				for _, s := range []string{
					"android_id", "android_id2", "ro.serialno", "content://sms/inbox", "content://sms", "content://smsx", "/sys/class/net/wlan0/address",
					"/proc/net/arp", "/proc/net/arp2", "pm list packages", "pm listing", "com.x.IFoo", "com.x.ACT",
				} {
					m.String(s)
				}
			}),
			"i source 0: android_id ×1\ni source 1: ro.serialno ×1\ni source 2: content://sms ×1\ni source 2: content://sms/inbox ×1\n" +
				"i source 3: /sys/class/net/wlan0/address ×1\ni source 4: /proc/net/arp ×1\ni source 5: pm list packages ×1\ni source 6: com.x.IFoo ×1\ni source 7: com.x.ACT ×1",
		},
		{
			"literal outside code", header + "id: i\nsources: [{property: ro.serialno, checked: x}]",
			facttest.New("x").Text(fact.Text{Unit: "lib/x86/liba.so", Kind: fact.TextNative, Off: 3, Value: "ro.serialno"}),
			"i source 0: ro.serialno in native",
		},
		{
			"wiring, switches, events and keys",
			"id: a\nsignals: [{native: liba.so}]\nwired: [{call: com.foo.A->init}, {meta-data: WIRE}, {component: com.foo.P}]\n" +
				"disabled_by: [{meta-data: OFF, value: \"true\", source: s}]\nevents: [{call: com.foo.A->track, name: 0}]\n" +
				"app_keys: [{meta-data: KEY}, {resource: string/key}]",
			func() *facttest.App {
				app := code(func(c *facttest.Code, m *facttest.Method) {
					m.Call(fact.RefCallStatic, "Lcom/foo/A;->init()V").Call(fact.RefCallStatic, "Lcom/foo/A;->track(Ljava/lang/String;)V")
				})
				app.MetaData("WIRE", "w").MetaData("OFF", "false").MetaData("KEY", "k123")
				app.Component(fact.Provider, "com.foo.P").Enabled = false
				return app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: "string/key", Value: "k456"})
			}(),
			"a wired 0: Lcom/foo/A;->init()V ×1\na wired 1: WIRE = w\na wired 2: com.foo.P = false\na switch 0: OFF = false\n" +
				"a event 0: Lcom/foo/A;->track(Ljava/lang/String;)V ×1\na app key 0: KEY = k123\na app key 1: string/key = k456 in resource",
		},
		{
			"versions",
			"id: a\nsignals: [{native: liba.so}]\nversion: [{constant: com.foo.A->VERSION}, {method: com.foo.A->version}, {meta-data: com.foo.version}, {file: META-INF/foo.properties, key: version}, {prefix: foo-android/}]",
			func() *facttest.App {
				app := code(func(c *facttest.Code, m *facttest.Method) {
					c.Class("Lcom/foo/A;").Static("VERSION", "Ljava/lang/String;", facttest.Str("1.2.3")).Static("OTHER", "I", facttest.Int(4))
					c.Method("Lcom/foo/A;->version()Ljava/lang/String;").String("1.2.4")
					c.Method("Lcom/foo/A;->versions()Ljava/lang/String;").String("9")
					m.String("foo-android/1.2.5")
				})
				return app.MetaData("com.foo.version", "1.2.6").File("META-INF/foo.properties").
					Text(fact.Text{Unit: "META-INF/foo.properties", Kind: fact.TextAsset, Value: "name=foo"}).
					Text(fact.Text{Unit: "META-INF/foo.properties", Kind: fact.TextAsset, Value: "version = 1.2.7"}).
					Text(fact.Text{Unit: "META-INF/bar.properties", Kind: fact.TextAsset, Value: "version = 8"})
			}(),
			"a version 0: Lcom/foo/A;->VERSION:Ljava/lang/String; = 1.2.3\na version 1: Lcom/foo/A;->version()Ljava/lang/String; = 1.2.4\n" +
				"a version 2: com.foo.version = 1.2.6\na version 3: META-INF/foo.properties = 1.2.7 in asset\na version 4: foo-android/1.2.5 = 1.2.5",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := tt.app.Set()
			c := compile(t, parse(t, tt.rules))
			m := Match(context.Background(), live, c)
			if got := hits(m); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			sameMatches(t, m, Match(context.Background(), refreeze(t, live), c))
		})
	}
}

func TestEvidence(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes2.dex")
	c.Class("Lcom/foo/Z;")
	c.Class("Lcom/foo/A;")
	c.Class("Lcom/foo/A$1;")
	c.Method("Lcom/example/app/Main;->run()V").String("x").String("marker").String("marker")
	m := match(t, "id: a\nsignals: [{code: com.foo}, {string: marker, strength: weak}, {service: com.foo.S}, {class: com.foo.Z}]", app)
	off := int64(3)
	want := []SignalMatch{
		{0, finding.Evidence{Kind: "class", Value: "Lcom/foo/A;", Strength: "strong", Signal: "code: com.foo", Count: 3, Location: finding.Location{Unit: "classes2.dex", Class: "Lcom/foo/A;"}}},
		{1, finding.Evidence{Kind: "string", Value: "marker", Strength: "weak", Signal: "string: marker", Count: 2, Location: finding.Location{Unit: "classes2.dex", Class: "Lcom/example/app/Main;", Method: "run()V", Offset: &off}}},
		{3, finding.Evidence{Kind: "class", Value: "Lcom/foo/Z;", Strength: "strong", Signal: "class: com.foo.Z", Location: finding.Location{Unit: "classes2.dex", Class: "Lcom/foo/Z;"}}},
	}
	if d := cmp.Diff(want, m.SDKs[0].Signals); d != "" {
		t.Error(d)
	}
	if s := &m.SDKs[0]; s.Classes != 3 || !slices.Equal(s.Packages, []string{"com.foo"}) {
		t.Errorf("%d classes in %v", s.Classes, s.Packages)
	}
}

func TestOwner(t *testing.T) {
	rules := "id: wide\nsignals: [{code: com.foo}]\n---\nid: deep\nsignals: [{code: com.foo.deep}]\n---\n" +
		"id: single\nsignals: [{class: com.foo.Single}]\n---\n" +
		"id: absent\nsignals: [{code: com.foo.absent, strength: weak}, {native: libabsent.so}]"
	app := classes("com.foo.A", "com.foo.deep.B", "com.foo.deep.B$1", "com.foo.Single", "com.foo.Single$Inner", "com.foo.Singles", "com.foo.absent.C", "com.foobar.D", "org.E")
	set := app.Set()
	c := compile(t, parse(t, rules))
	m := Match(context.Background(), set, c)
	want := map[string]string{ // static owner, owner in this app
		"com.foo.A": "wide wide", "com.foo.deep.B": "deep deep", "com.foo.deep.B$1": "deep deep",
		"com.foo.Single": "single single", "com.foo.Single$Inner": "single single", "com.foo.Singles": "wide wide",
		"com.foo.absent.C": "absent wide", // its rule is not held here
		"com.foobar.D":     "- -", "org.E": "- -",
	}
	id := func(s *rule.SDK, ok bool) string {
		if !ok {
			return "-"
		}
		return s.ID
	}
	u := set.Units[0]
	for i := range u.NumTypes() {
		d := u.Type(uint32(i))
		w, ok := want[dottedClass(d)]
		if !ok {
			continue
		}
		got := id(c.Owner(d)) + " " + id(m.Owner(0, uint32(i)))
		if got != w {
			t.Errorf("%s: %s, want %s", d, got, w)
		}
		if a, b := id(m.Owner(0, uint32(i))), id(m.OwnerOfClass(d)); a != b {
			t.Errorf("%s: owner %s by type, %s by class", d, a, b)
		}
	}
	counts := map[string]int{}
	for i := range m.SDKs {
		counts[m.SDKs[i].SDK.ID] = m.SDKs[i].Classes
	}
	if d := cmp.Diff(map[string]int{"wide": 3, "deep": 2, "single": 2, "absent": 0}, counts); d != "" {
		t.Error(d)
	}
	if _, ok := m.Owner(7, 0); ok {
		t.Error("a unit that is not there has an owner")
	}
}

func TestDomain(t *testing.T) {
	c := compile(t, parse(t, `
kind: vendor
id: v
---
kind: vendor
id: w
---
kind: domain
id: example.cn
vendor: v
hosts: [{host: sa.example.cn, role: analytics, sdk: a}, {host: example.cn}]
---
kind: domain
id: tenant.example.cn
vendor: w
---
kind: noise
id: n
reason: docs
hosts: [example.org, w3.org]
urls: ["http://schemas.example.com/apk/", "https://example.cn/help"]
---
id: a
signals: [{endpoint: log.example.net}, {endpoint: {host: shared.example.net, path: /a}}]`))
	for host, want := range map[string]string{
		"sa.example.cn": "example.cn sa.example.cn v", "x.sa.example.cn": "example.cn sa.example.cn v",
		"y.example.cn": "example.cn example.cn v", "tenant.example.cn": "tenant.example.cn - w",
		"b.tenant.example.cn": "tenant.example.cn - w", "xexample.cn": "-", "cn": "-", "": "-", ".": "-",
	} {
		got := "-"
		if info, ok := c.Domain(host); ok {
			h := "-"
			if info.Host != nil {
				h = info.Host.Host
			}
			got = info.Domain.ID + " " + h + " " + info.Vendor.ID
		}
		if got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
	for _, x := range []struct {
		url, host string
		want      bool
	}{
		{"", "www.example.org", true},
		{"http://schemas.example.com/apk/res", "schemas.example.com", true},
		{"http://schemas.example.com/", "schemas.example.com", false},
		{"https://example.cn/help/x", "example.cn", true},
		{"https://example.cn/", "example.cn", false},
		{"", "notexample.org", false},
	} {
		if n, ok := c.Noise(x.url, x.host); ok != x.want || ok && n.Reason != "docs" {
			t.Errorf("noise of %q, %q: %v", x.url, x.host, ok)
		}
	}
	if !c.KnownDomain("example.net") || !c.KnownDomain("example.cn") || c.KnownDomain("example.org") || c.KnownDomain("cn") {
		t.Error("wrong domains are known")
	}
	ids := func(host string) string {
		var s []string
		for _, p := range c.HostProducts(host) {
			s = append(s, p.ID)
		}
		return strings.Join(s, " ")
	}
	if ids("x.log.example.net") != "a" || ids("shared.example.net") != "" || ids("sa.example.cn") != "a" || ids("example.cn") != "" {
		t.Error("hosts have wrong products")
	}
}

// TestMatchDeterministic compares runs with one worker and with several.
func TestMatchDeterministic(t *testing.T) {
	set := syntheticSet(600)
	c := compile(t, syntheticRules(t, 50))
	a := MatchWith(context.Background(), set, c, Options{})
	if len(a.SDKs) == 0 || len(a.Hits) == 0 {
		t.Fatal("nothing was found")
	}
	for range 3 {
		sameMatches(t, a, MatchWith(context.Background(), set, c, Options{Workers: 4}))
	}
	sameMatches(t, a, Match(context.Background(), refreeze(t, set), c))
}

func TestMatchCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if m := Match(ctx, syntheticSet(100), compile(t, syntheticRules(t, 10))); m == nil {
		t.Error("no result")
	}
}

func TestMatchTextOnce(t *testing.T) {
	app := facttest.New("x").Text(fact.Text{Value: "a"}).Text(fact.Text{Value: "b"})
	var seen []string
	MatchWith(context.Background(), app.Set(), compile(t, &Rules{}), Options{Text: func(t *fact.Text) { seen = append(seen, t.Value) }})
	if !slices.Equal(seen, []string{"a", "b"}) {
		t.Errorf("texts seen: %v", seen)
	}
}

// TestPrefixesAgainstNaive compares classes counted and owned with what loops
// over all rules and all classes give.
func TestPrefixesAgainstNaive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	name := func(labels int) string {
		parts := make([]string, 1+rnd.IntN(labels))
		for i := range parts {
			parts[i] = string(rune('a' + rnd.IntN(3)))
		}
		return strings.Join(parts, ".")
	}
	for round := range 200 {
		r := &Rules{}
		for i := range 1 + rnd.IntN(8) {
			s := &rule.SDK{Header: rule.Header{Kind: rule.KindSDK, ID: fmt.Sprint("s", i)}}
			seen := map[string]bool{}
			for range 1 + rnd.IntN(2) {
				if p := name(4); !seen[p] {
					seen[p] = true
					s.Signals = append(s.Signals, rule.Signal{Code: p})
				}
			}
			r.entries = append(r.entries, &entry{kind: rule.KindSDK, id: s.ID, status: "stable", val: s})
		}
		sortEntries(r)
		app := facttest.New("x")
		if rnd.IntN(2) == 0 {
			app.Code("c").Unsorted()
		}
		defined := map[string]bool{}
		for range rnd.IntN(30) {
			n := name(5)
			if rnd.IntN(4) == 0 {
				n += "$" + name(1)
			}
			defined[n] = true
			app.Code("c").Class(descriptor(n))
		}
		m := Match(context.Background(), app.Set(), compile(t, r))

		below := func(class, prefix string) bool {
			rest, ok := strings.CutPrefix(class, prefix)
			return ok && (rest == "" || rest[0] == '.' || rest[0] == '$')
		}
		longest := func(class string) (n int, owner string, all map[string]bool) {
			all = map[string]bool{}
			for _, e := range r.entries {
				for _, sig := range e.val.(*rule.SDK).Signals {
					if !below(class, sig.Code) {
						continue
					}
					switch {
					case len(sig.Code) > n:
						n, owner, all = len(sig.Code), e.id, map[string]bool{e.id: true}
					case len(sig.Code) == n:
						all[e.id] = true
					}
				}
			}
			return n, owner, all
		}
		held, owned := map[string]bool{}, map[string]int{}
		for class := range defined {
			n, owner, all := longest(class)
			if n == 0 {
				continue
			}
			owned[owner]++
			for id := range all {
				held[id] = true
			}
		}
		gotHeld, gotOwned := map[string]bool{}, map[string]int{}
		for i := range m.SDKs {
			if s := &m.SDKs[i]; s.Held {
				gotHeld[s.SDK.ID] = true
				if s.Classes > 0 {
					gotOwned[s.SDK.ID] = s.Classes
				}
			}
		}
		if !reflect.DeepEqual(held, gotHeld) || !reflect.DeepEqual(owned, gotOwned) {
			t.Fatalf("round %d: held %v, want %v; owned %v, want %v", round, gotHeld, held, gotOwned, owned)
		}
	}
}
