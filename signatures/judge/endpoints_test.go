package judge_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// Where an endpoint can stand, and how that is told.
func TestEndpointPlaces(t *testing.T) {
	const u = "https://api.example.org/v1"
	b64 := base64.StdEncoding.EncodeToString([]byte(u))
	type at struct {
		Unit, Class, Method, How, Owner string
		Via                             []string
		Offset                          int64
	}
	for _, c := range []struct {
		name  string
		build func(app *facttest.App, c *facttest.Code)
		want  []at
	}{
		{"loaded", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).String(u)
			c.Method("Lcom/acme/stat/A;->b()V").String("x").String(u)
		}, []at{
			{"classes.dex", "Lcom/example/app/Main;", "a()V", "string", "app", nil, 0},
			{"classes.dex", "Lcom/acme/stat/A;", "b()V", "string", "sdk", nil, 3},
		}},
		{"a static field", func(_ *facttest.App, c *facttest.Code) {
			c.Class("Lcom/example/app/K;").Static("URL", "Ljava/lang/String;", str(u))
		}, []at{{"classes.dex", "Lcom/example/app/K;", "URL:Ljava/lang/String;", "field", "app", nil, -1}}},
		{"an annotation", func(_ *facttest.App, c *facttest.Code) {
			c.Class("Lcom/example/app/Api;").Annotate(fact.Annotation{Member: "get", Type: "Lretrofit2/http/GET;", Name: "value", Value: fact.Value{Kind: fact.Array, Elems: []fact.Value{str(u)}}})
			c.Strings(u)
		}, []at{{"classes.dex", "Lcom/example/app/Api;", "get", "annotation", "app", nil, -1}}},
		{"in the table only", func(_ *facttest.App, c *facttest.Code) {
			c.Strings(u)
		}, []at{{"classes.dex", "", "", "string-table", "none", nil, -1}}},
		{"hidden", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).String(b64)
		}, []at{{"classes.dex", "Lcom/example/app/Main;", "a()V", "string", "app", []string{"base64"}, 0}}},
		{"a resource", func(app *facttest.App, _ *facttest.Code) {
			app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: "string/url", Value: u})
		}, []at{{"resources.arsc", "", "", "resource", "none", nil, -1}}},
		{"an asset and a library", func(app *facttest.App, _ *facttest.Code) {
			app.Text(fact.Text{Unit: "assets/x.json", Kind: fact.TextAsset, Off: 7, Value: `{"u":"` + u + `"}`})
			app.Text(fact.Text{Unit: "lib/arm64-v8a/libx.so", Kind: fact.TextNative, Off: 99, Value: u})
		}, []at{{"assets/x.json", "", "", "asset", "none", nil, 7}, {"lib/arm64-v8a/libx.so", "", "", "native", "none", nil, 99}}},
		{"the library of a product", func(app *facttest.App, c *facttest.Code) {
			c.Class("Lcom/acme/stat/A;")
			app.Lib("lib/arm64-v8a/libacmestat.so")
			app.Text(fact.Text{Unit: "lib/arm64-v8a/libacmestat.so", Kind: fact.TextNative, Off: 99, Value: u})
		}, []at{{"lib/arm64-v8a/libacmestat.so", "", "", "native", "sdk", nil, 99}}},
		{"the manifest", func(app *facttest.App, _ *facttest.Code) {
			app.MetaData("server", u)
		}, []at{{"AndroidManifest.xml", "", "", "manifest", "none", nil, -1}}},
		{"put together", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallDirect, newURL, unk(), fact.Value{Kind: fact.Concat, Elems: []fact.Value{str("https://api."), str("example.org"), str("/v1")}})
		}, []at{{"classes.dex", "Lcom/example/app/Main;", "a()V", "call", "app", []string{"concat"}, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app, app.Code("classes.dex"))
			f := judged(t, app.Set(), compile(t), judge.Options{})
			e := endpoint(f, u)
			if e == nil || len(f.Endpoints) != 1 {
				t.Fatalf("endpoints = %+v", f.Endpoints)
			}
			var got []at
			for _, s := range e.Locations {
				x := at{s.Unit, s.Class, s.Method, s.How, s.Owner.Kind, s.DecodedVia, -1}
				if s.Offset != nil {
					x.Offset = *s.Offset
				}
				got = append(got, x)
			}
			if d := cmp.Diff(c.want, got); d != "" || e.Total != len(c.want) {
				t.Errorf("total %d (-want +got):\n%s", e.Total, d)
			}
		})
	}
}

func TestConcatenationWithGaps(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).
		Call(fact.RefCallDirect, newURL, unk(), fact.Value{Kind: fact.Concat, Elems: []fact.Value{str("https://"), unk(), str(".acme.com/a?k="), unk()}}).
		Call(fact.RefCallDirect, newURL, unk(), fact.Value{Kind: fact.Concat, Elems: []fact.Value{str("https://"), unk(), str("/a")}})
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if len(f.Endpoints) != 1 {
		t.Fatalf("%+v", f.Endpoints)
	}
	if e := f.Endpoints[0]; e.Value != "https://*.acme.com/a?k=*" || e.Host != "*.acme.com" || e.RegistrableDomain != "acme.com" || e.Owner != "acme" {
		t.Errorf("%+v", e)
	}
}

func TestEndpointOwners(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	c.Method("Lcom/acme/stat/A;->a()V").String("http://stat.intl.acme.com/x").String("both.acme.com").String("https://x.acme-cloud.net")
	c.Method(mainMethod).String("both.acme.com").String("http://schemas.android.com/apk/res/android").String("http://www.w3.org/2000/svg").
		String("127.0.0.1").String("https://nobody.example.org/").String("192.168.1.1")
	f := judged(t, app.Set(), compile(t), judge.Options{})

	e := endpoint(f, "http://stat.intl.acme.com/x")
	if e.Owner != "acme" || e.OwnerName != "Acme" || e.Role != "analytics" || e.Region != "intl" || e.HostSDK != "acme-stat" || e.SDK != "acme-stat" || !e.Cleartext {
		t.Errorf("%+v", e)
	}
	if r := e.RegisteredIn; r == nil || r.City != "Shanghai" || r.Grade != "registrant" || r.Of != "acme.com" {
		t.Errorf("registered in %+v", e.RegisteredIn)
	}
	var grades []string
	for _, r := range e.Records {
		grades = append(grades, r.Grade+" "+r.City+" "+r.Of)
	}
	if d := cmp.Diff([]string{"registrant Shanghai acme.com", "registrant Beijing acme.com", "filing Beijing acme.com", "company-filing Beijing Acme Technology Co., Ltd."}, grades); d != "" {
		t.Error(d)
	}
	if e := endpoint(f, "both.acme.com"); e.SDK != "" || e.Role != "website" || e.Region != "" || e.Total != 2 {
		t.Errorf("%+v", e)
	}
	// Another domain of the same owner is registered nowhere that is known.
	if e := endpoint(f, "https://x.acme-cloud.net"); e.RegisteredIn != nil || len(e.Records) != 1 || e.Records[0].Grade != "company-filing" || e.Owner != "acme" {
		t.Errorf("%+v", e)
	}
	for v, noise := range map[string]string{
		"http://schemas.android.com/apk/res/android": "XML namespace", "http://www.w3.org/2000/svg": "XML namespace",
		"127.0.0.1": "the device itself", "https://nobody.example.org": "", "192.168.1.1": "",
	} {
		if e := endpoint(f, v); e == nil || e.Noise != noise {
			t.Errorf("%s: %+v", v, e)
		}
	}
	if e := endpoint(f, "https://nobody.example.org"); e.Owner != "" || e.RegisteredIn != nil || e.Records == nil || e.SDK != "" {
		t.Errorf("%+v", e)
	}
	// Guesses are told only to those who ask.
	f = judged(t, app.Set(), compile(t), judge.Options{ShowInferred: true})
	if e := endpoint(f, "https://x.acme-cloud.net"); len(e.Records) != 2 || e.Records[1].Grade != "inferred" || e.RegisteredIn != nil {
		t.Errorf("%+v", e.Records)
	}
}

// A long list of places keeps one of each owner, and says how many there are.
func TestEndpointBounds(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	for i := range 120 {
		c.Method(fmt.Sprintf("Lcom/acme/stat/A;->m%03d()V", i)).String("h.acme.com")
	}
	c.Method("Lzz/top/Z;->z()V").String("h.acme.com")
	f := judged(t, app.Set(), compile(t), judge.Options{})
	e := endpoint(f, "h.acme.com")
	if e.Total != 121 || len(e.Locations) != 50 {
		t.Fatalf("%d of %d", len(e.Locations), e.Total)
	}
	if !slices.ContainsFunc(e.Locations, func(s finding.Site) bool { return s.Owner.Kind == "library" }) || e.SDK != "" {
		t.Error("the one place of another owner is not told")
	}
	if f := judged(t, app.Set(), compile(t), judge.Options{MaxLocations: 3}); len(endpoint(f, "h.acme.com").Locations) != 3 {
		t.Error("MaxLocations is not kept")
	}
}

func TestHostBelowASharedDomain(t *testing.T) {
	c := with(t, map[string]string{"shared.yaml": `
kind: domain
id: acme.github.io
name: acme.github.io
vendor: acme
records:
  - {grade: registrant, city: Beijing, country: CN, text: whois, source: test}
`})
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).String("https://acme.github.io/x").String("https://other.github.io/x")
	f := judged(t, app.Set(), c, judge.Options{})
	if e := endpoint(f, "https://acme.github.io/x"); e.Owner != "acme" || e.RegisteredIn != nil || e.RegistrableDomain != "github.io" {
		t.Errorf("%+v", e)
	}
	if e := endpoint(f, "https://other.github.io/x"); e.Owner != "" {
		t.Errorf("%+v", e)
	}
}

// A list of hosts in a file is told as what it is.
func TestListOfDomains(t *testing.T) {
	app := facttest.New("com.example.app")
	for i := range 150 {
		app.Text(fact.Text{Unit: "assets/block.txt", Kind: fact.TextAsset, Off: int64(i), Value: fmt.Sprintf("ads%d.example.com", i)})
	}
	app.Text(fact.Text{Unit: "assets/block.txt", Kind: fact.TextAsset, Off: 999, Value: "stat.acme.com"})
	app.Text(fact.Text{Unit: "assets/conf.txt", Kind: fact.TextAsset, Off: 0, Value: "api.other.com"})
	app.Code("classes.dex").Method(mainMethod).String("stat.acme.com")
	f := judged(t, app.Set(), compile(t), judge.Options{})
	for v, want := range map[string]string{"ads7.example.com": "one of a long list of domains", "stat.acme.com": "", "api.other.com": ""} {
		if e := endpoint(f, v); e == nil || e.Noise != want {
			t.Errorf("%s: %+v", v, e)
		}
	}
}

// A hidden key is told with how it was read, and claims little.
func TestHiddenWords(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).
		String(base64.StdEncoding.EncodeToString([]byte("android_id"))).
		String("6765744465766963654964"). // getDeviceId in hex
		String(base64.StdEncoding.EncodeToString([]byte("getSomething")))
	f := judged(t, app.Set(), compile(t), judge.Options{})
	for id, via := range map[string]string{"android-id": "base64", "imei": "hex"} {
		x := identifier(f, id)
		if x == nil || x.Confidence != "low" || x.Sites[0].How != "string" || !slices.Equal(x.Sites[0].DecodedVia, []string{via}) {
			t.Errorf("%s: %+v", id, x)
		}
	}
	if len(f.Identifiers) != 2 || len(f.Endpoints) != 0 {
		t.Errorf("%+v", f)
	}
}
