package judge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// large makes an app of n classes with ten methods each: a product, code of
// its own, and libraries that share helpers.
func large(n int) *fact.Set {
	app := facttest.New("com.example.app").Permission("android.permission.READ_PHONE_STATE").MetaData("ACME_APPKEY", "0123456789abcdef")
	app.Manifest().Application = "com.example.app.App"
	app.Component(fact.Activity, "com.example.app.C0").Launcher = true
	app.Component(fact.Service, "com.acme.stat.StatService").Exported = true
	codes := []*facttest.Code{app.Code("classes.dex"), app.Code("classes2.dex"), app.Code("classes3.dex")}
	pkgs := []string{"Lcom/acme/stat/", "Lcom/example/app/", "Lorg/lib/one/", "La/b/", "Lcom/acme/stat/push/", "Loknet/"}
	codes[0].Method("Lcom/example/app/App;->onCreate()V").Call(fact.RefCallStatic, "Lcom/acme/stat/C0;->m0()V")
	name := func(i, m int) string { return fmt.Sprintf("%sC%d;->m%d()V", pkgs[i%len(pkgs)], i, m) }
	for i := range n {
		code := codes[i%len(codes)]
		for m := range 10 {
			b := code.Method(name(i, m)).Flags(9).
				String(fmt.Sprintf("some text %d of %d", m, i)).
				Call(fact.RefCallStatic, name((i*7+m)%n, (m+1)%10)).
				Call(fact.RefCallStatic, name((i*13+m)%n, (m+3)%10)).
				Call(fact.RefCallVirtual, "Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;")
			switch (i + m) % 50 {
			case 0:
				b.Call(fact.RefCallVirtual, getDeviceID)
			case 1:
				b.String("android_id").Call(fact.RefCallStatic, secureGet, unk(), str("android_id"))
			case 2:
				b.String(fmt.Sprintf("https://h%d.acme.com/path/%d", i%40, m))
			case 3:
				b.Call(fact.RefCallDirect, newURL, unk(), str("x"))
			case 4:
				b.Call(fact.RefCallStatic, "Lcom/acme/stat/Agent;->track(Ljava/lang/String;Lorg/json/JSONObject;)V", str(fmt.Sprintf("event %d", i)), unk())
			case 5:
				b.String("http://www.w3.org/2000/svg").String("stat.acme.com")
			}
		}
	}
	for i := range n {
		app.Text(fact.Text{Unit: "assets/a.txt", Kind: fact.TextAsset, Off: int64(i), Value: fmt.Sprintf("line %d with https://a%d.example.org/x in it", i, i%100)})
	}
	return app.Set()
}

// The same facts give the same bytes.
func TestSameInputSameOutput(t *testing.T) {
	c := compile(t)
	var first []byte
	for i := range 5 {
		b, err := json.Marshal(judged(t, large(300), c, judge.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
		} else if !bytes.Equal(first, b) {
			at := 0
			for at < len(b) && at < len(first) && b[at] == first[at] {
				at++
			}
			t.Fatalf("two runs differ at byte %d:\n%s\n%s", at, first[max(0, at-300):min(len(first), at+200)], b[max(0, at-300):min(len(b), at+200)])
		}
	}
	f := judged(t, large(300), c, judge.Options{})
	if len(f.SDKs) != 3 || len(f.Identifiers) < 2 || len(f.Endpoints) < 100 || len(f.Sinks) == 0 || len(sdk(f, "acme-stat").Events) == 0 {
		t.Errorf("the app is too small to tell: %d products, %d identifiers, %d endpoints, %d sinks", len(f.SDKs), len(f.Identifiers), len(f.Endpoints), len(f.Sinks))
	}
}

func TestNoNilLists(t *testing.T) {
	for _, set := range []*fact.Set{facttest.New("com.example.app").Set(), large(60)} {
		b, err := json.Marshal(judged(t, set, compile(t), judge.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"sdks", "states", "evidence", "events", "keys", "app_keys", "vendor_records", "endpoints", "records", "locations", "identifiers", "sites", "sinks", "permissions", "packages"} {
			if bytes.Contains(b, []byte(`"`+key+`":null`)) {
				t.Errorf("%q is null", key)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := compile(t)
	set := large(60)
	m := signatures.Match(ctx, set, c)
	cancel()
	if f, err := judge.Judge(ctx, set, c, m, judge.Options{}); err == nil || f != nil {
		t.Errorf("%v, %v", f, err)
	}
}

func BenchmarkJudge(b *testing.B) {
	set := large(2500)
	c := compile(b)
	m := signatures.Match(context.Background(), set, c)
	refs := 0
	for _, u := range set.Units {
		refs += len(u.Refs())
	}
	b.ReportAllocs()
	b.ReportMetric(float64(refs), "refs")
	for b.Loop() {
		if _, err := judge.Judge(context.Background(), set, c, m, judge.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	set := large(2500)
	c := compile(b)
	for b.Loop() {
		signatures.Match(context.Background(), set, c)
	}
}
