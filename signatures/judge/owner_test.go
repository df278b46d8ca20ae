package judge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

const getDeviceID = "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;"

// identifier returns one identifier of the findings, or nil.
func identifier(f *finding.Findings, id string) *finding.Identifier {
	for i := range f.Identifiers {
		if f.Identifiers[i].ID == id {
			return &f.Identifiers[i]
		}
	}
	return nil
}

func sdk(f *finding.Findings, id string) *finding.SDK {
	for i := range f.SDKs {
		if f.SDKs[i].ID == id {
			return &f.SDKs[i]
		}
	}
	return nil
}

func endpoint(f *finding.Findings, value string) *finding.Endpoint {
	for i := range f.Endpoints {
		if f.Endpoints[i].Value == value {
			return &f.Endpoints[i]
		}
	}
	return nil
}

// Every kind of place that code can stand in, and whose it is.
func TestOwners(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Manifest().Application = "com.example.app.App"
	a := app.Code("classes.dex")
	b := app.Code("classes2.dex") // the second of a multidex pair
	a.Class("Lcom/example/app/App;")
	read := func(c *facttest.Code, method string) { c.Method(method).Call(fact.RefCallVirtual, getDeviceID) }
	want := map[string]finding.Owner{}
	for _, c := range []struct {
		code   *facttest.Code
		method string
		owner  finding.Owner
	}{
		{a, "Lcom/acme/stat/Agent;->a()V", finding.Owner{Kind: "sdk", SDK: "acme-stat", Name: "Acme Stat"}},
		{a, "Lcom/acme/stat/Agent$Inner;->a()V", finding.Owner{Kind: "sdk", SDK: "acme-stat", Name: "Acme Stat"}},
		{a, "Lcom/acme/stat/a/b$1;->a()V", finding.Owner{Kind: "sdk", SDK: "acme-stat", Name: "Acme Stat"}},
		{b, "Lcom/acme/stat/c/d;->a()V", finding.Owner{Kind: "sdk", SDK: "acme-stat", Name: "Acme Stat"}},
		{b, "Lcom/acme/stat/push/P;->a()V", finding.Owner{Kind: "sdk", SDK: "acme-push", Name: "Acme Push"}},
		{b, "Loknet/internal/Platform;->a()V", finding.Owner{Kind: "sdk", SDK: "oknet", Name: "OkNet"}},
		{a, "Lcom/acme/statistics/X;->a()V", finding.Owner{Kind: "library", Name: "com.acme.statistics"}},
		{a, "Lcom/example/app/Main;->a()V", finding.Owner{Kind: "app", Name: "own code"}},
		{b, "Lcom/example/app/ui/Main$2;->a()V", finding.Owner{Kind: "app", Name: "own code"}},
		{b, "Lcom/example/apple/X;->a()V", finding.Owner{Kind: "library", Name: "com.example.apple"}},
		{b, "Lorg/unknown/lib/deep/X;->a()V", finding.Owner{Kind: "library", Name: "org.unknown.lib"}},
		{b, "La/b/c;->a()V", finding.Owner{Kind: "library", Name: "unnamed (a.b)"}},
		{b, "LX;->a()V", finding.Owner{Kind: "library", Name: "unnamed (default package)"}},
		{b, "Lshadow/com/acme/stat/Agent;->a()V", finding.Owner{Kind: "library", Name: "shadow.com (holds a copy of Acme Stat)"}},
		{b, "Lcom/example/app/com/acme/stat/Agent;->a()V", finding.Owner{Kind: "app", Name: "own code"}},
	} {
		read(c.code, c.method)
		want[c.method] = c.owner
	}
	f := judged(t, app.Set(), compile(t), judge.Options{})
	imei := identifier(f, "imei")
	if imei == nil || imei.Total != len(want) {
		t.Fatalf("imei = %+v", imei)
	}
	for _, s := range imei.Sites {
		k := s.Class + "->" + s.Method
		if d := cmp.Diff(want[k], s.Owner); d != "" {
			t.Errorf("%s (-want +got):\n%s", k, d)
		}
		if s.SDK != s.Owner.SDK {
			t.Errorf("%s: sdk %q of owner %q", k, s.SDK, s.Owner.SDK)
		}
	}
}

// A product's prefix does not take the app's own, longer package.
func TestOwnPackageBelowAProduct(t *testing.T) {
	app := facttest.New("com.acme.stat.demo")
	c := app.Code("classes.dex")
	c.Method("Lcom/acme/stat/Agent;->a()V").Call(fact.RefCallVirtual, getDeviceID)
	c.Method("Lcom/acme/stat/demo/Main;->a()V").Call(fact.RefCallVirtual, getDeviceID)
	f := judged(t, app.Set(), compile(t), judge.Options{})
	for i, want := range []string{"sdk", "app"} {
		if got := identifier(f, "imei").Sites[i].Owner.Kind; got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

// A helper in unknown code is told with the nearest callers that somebody is
// known to own, up to three hops away.
func TestSharedHelper(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	helper := "Lx/y/Util;->imei()Ljava/lang/String;"
	c.Method(helper).Flags(9).Call(fact.RefCallVirtual, getDeviceID)
	c.Method("Lx/y/B;->b()V").Flags(9).Call(fact.RefCallStatic, helper)
	c.Method("Lx/y/C;->c()V").Flags(9).Call(fact.RefCallStatic, "Lx/y/B;->b()V")
	c.Method("Lcom/acme/stat/Agent;->far()V").Call(fact.RefCallStatic, "Lx/y/C;->c()V")
	far := func() []string {
		return identifier(judged(t, app.Set(), compile(t), judge.Options{}), "imei").Sites[0].Owner.Via
	}
	if d := cmp.Diff([]string{"Acme Stat (Lcom/acme/stat/Agent;->far()V)"}, far()); d != "" {
		t.Error(d)
	}
	c.Method("Lcom/acme/stat/Agent;->near()V").Call(fact.RefCallStatic, "Lx/y/B;->b()V")
	c.Method("Lcom/example/app/Main;->near()V").Call(fact.RefCallStatic, "Lx/y/B;->b()V")
	if d := cmp.Diff([]string{"Acme Stat (Lcom/acme/stat/Agent;->near()V)", "own code (Lcom/example/app/Main;->near()V)"}, far()); d != "" {
		t.Error(d)
	}
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if o := identifier(f, "imei").Sites[0].Owner; o.Kind != "library" || o.SDK != "" || o.Name != "unnamed (x.y)" {
		t.Errorf("the helper's owner became %+v", o)
	}
}

// Callers that only may run a helper, as one of several overrides, are none.
func TestHelperBehindInterface(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	c.Class("Lx/y/Impl;").Super("Lx/y/Base;")
	c.Method("Lx/y/Base;->get()V")
	c.Method("Lx/y/Impl;->get()V").Call(fact.RefCallVirtual, getDeviceID)
	c.Method("Lcom/acme/stat/Agent;->a()V").Call(fact.RefCallVirtual, "Lx/y/Base;->get()V")
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if via := identifier(f, "imei").Sites[0].Owner.Via; via != nil {
		t.Errorf("via = %q", via)
	}
}

// Four hops are too far, and a ring of helpers ends.
func TestHelperTooFar(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	prev := ""
	for _, m := range strings.Fields("Lx/a/A;->a()V Lx/a/B;->a()V Lx/a/C;->a()V Lx/a/D;->a()V") {
		d := c.Method(m).Flags(9)
		if prev == "" {
			d.Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallStatic, "Lx/a/D;->a()V")
		} else {
			d.Call(fact.RefCallStatic, prev)
		}
		prev = m
	}
	c.Method("Lcom/acme/stat/Agent;->a()V").Call(fact.RefCallStatic, prev)
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if via := identifier(f, "imei").Sites[0].Owner.Via; via != nil {
		t.Errorf("via = %q", via)
	}
}
