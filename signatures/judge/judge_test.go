package judge_test

import (
	"context"
	"encoding/json"
	"iter"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// compile reads the rules of testdata/rules.
func compile(t testing.TB) *signatures.Compiled {
	t.Helper()
	r, err := signatures.Load(os.DirFS("testdata/rules"), "testdata/rules", signatures.Overlay)
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// with compiles the rules of testdata/rules and more.
func with(t testing.TB, files map[string]string) *signatures.Compiled {
	t.Helper()
	base, err := signatures.Load(os.DirFS("testdata/rules"), "testdata/rules", signatures.Overlay)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	over, err := signatures.Load(fsys, "test", signatures.Overlay)
	if err != nil {
		t.Fatal(err)
	}
	r, err := signatures.Merge(base, over)
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func judged(t testing.TB, set *fact.Set, c *signatures.Compiled, opt judge.Options) *finding.Findings {
	t.Helper()
	f, err := judge.Judge(context.Background(), set, c, signatures.Match(context.Background(), set, c), opt)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func dump(t testing.TB, v any) {
	b, _ := json.MarshalIndent(v, "", " ")
	t.Log(string(b))
}

func TestSmoke(t *testing.T) {
	c := compile(t)
	app := facttest.New("com.example.app").Permission("android.permission.READ_PHONE_STATE")
	app.Manifest().Application = "com.example.app.App"
	code := app.Code("classes.dex")
	code.Class("Lcom/example/app/App;").Super("Landroid/app/Application;")
	code.Method("Lcom/example/app/App;->onCreate()V").
		Call(fact.RefCallStatic, "Lcom/acme/stat/Agent;->init(Landroid/content/Context;)V").
		Call(fact.RefCallStatic, "Lcom/acme/stat/Agent;->track(Ljava/lang/String;Lorg/json/JSONObject;)V", facttest.Str("start"), facttest.Any())
	code.Method("Lcom/acme/stat/Agent;->init(Landroid/content/Context;)V").Flags(9).
		String("https://stat.acme.com/v1").
		Call(fact.RefCallVirtual, "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;").
		String("android_id").
		Call(fact.RefCallStatic, "Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;", facttest.Any(), facttest.Str("android_id"))
	code.Method("Lcom/acme/stat/Agent;->track(Ljava/lang/String;Lorg/json/JSONObject;)V").Flags(9)
	dump(t, judged(t, app.Set(), c, judge.Options{}))
}

var _ = with

// What Match hands on of the texts gives the same as reading them again.
func TestTextsAreReadOnce(t *testing.T) {
	c := compile(t)
	app := facttest.New("com.example.app").MetaData("url", "https://meta.acme.com/x").File("assets/a.txt")
	app.Code("classes.dex").Method("Lcom/acme/stat/Agent;->init()V").String("https://stat.acme.com/v1")
	app.Lib("lib/arm64-v8a/libacmestat.so")
	for _, x := range []fact.Text{
		{Unit: "AndroidManifest.xml", Kind: fact.TextXML, Off: 4, Value: "https://meta.acme.com/x"},
		{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: "string/api", Value: "https://stat.acme.com/v1"},
		{Unit: "assets/a.txt", Kind: fact.TextAsset, Off: 0, Value: "see https://docs.acme.com/ and aHR0cHM6Ly9oaWRkZW4uYWNtZS5jb20v"},
		{Unit: "assets/a.txt", Kind: fact.TextAsset, Off: 70, Value: "aHR0cHM6Ly9oaWRkZW4uYWNtZS5jb20v"},
		{Unit: "lib/arm64-v8a/libacmestat.so", Kind: fact.TextNative, Off: 99, Value: "https://native.acme.com/n"},
		{Unit: "META-INF/com.acme_stat.version", Kind: fact.TextAsset, Off: 0, Value: "1.2.3"},
	} {
		app.Text(x)
	}
	set := app.Set()
	again := judged(t, set, c, judge.Options{})
	texts := judge.NewTexts(c)
	m := signatures.MatchWith(context.Background(), set, c, signatures.Options{Text: texts.Add})
	unread := *set
	unread.Texts = func() iter.Seq[fact.Text] {
		t.Error("the texts are read again")
		return func(func(fact.Text) bool) {}
	}
	once, err := judge.Judge(context.Background(), &unread, c, m, judge.Options{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(again, once); d != "" {
		t.Errorf("(-read again +read once):\n%s", d)
	}
	if len(once.Endpoints) != 5 {
		t.Errorf("%d endpoints", len(once.Endpoints))
		dump(t, once.Endpoints)
	}
}
