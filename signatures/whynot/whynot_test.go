package whynot

import (
	"context"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

var zork = &rule.SDK{
	Header: rule.Header{Kind: rule.KindSDK, ID: "zork", Name: "Zork"}, Vendor: "zork", Category: "analytics",
	Signals: []rule.Signal{
		{Code: "com.zork.metrics.sdk"},
		{String: "zork_prefs", Strength: rule.Weak},
		{Endpoint: &rule.Endpoint{Host: "collect.zork.com"}, Strength: rule.Weak},
		{MetaData: "ZORK_APPKEY", Strength: rule.Weak},
		{Service: "com.zork.metrics.sdk.ZorkService"},
		{Native: "libzork.so", Strength: rule.Weak},
		{Class: "com.zork.metrics.sdk.ZorkAgent"},
	},
	Wired: []rule.Wired{{Call: "com.zork.metrics.sdk.ZorkAgent->init"}},
	Tests: rule.Tests{Match: []rule.Example{{Class: "com.zork.metrics.sdk.ZorkAgent"}}},
}

func ask(t *testing.T, s *rule.SDK, set *fact.Set) *Answer {
	t.Helper()
	rules, err := signatures.Of(s)
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Explain(context.Background(), set, c, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// render puts the clauses into lines: state, text, evidence or near misses.
func render(a *Answer) string {
	var b strings.Builder
	for _, c := range a.Clauses {
		b.WriteString(string(c.State) + " " + c.Text)
		if c.Evidence != nil {
			b.WriteString(" @ " + c.Evidence.Value)
		}
		for _, n := range c.Near {
			b.WriteString(" | " + n.Value + " (" + n.Why + ")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		app   func(a *facttest.App, c *facttest.Code)
		held  bool
		wants []string
	}{
		{"held", func(_ *facttest.App, c *facttest.Code) { c.Class("Lcom/zork/metrics/sdk/X;") }, true, []string{
			"held code: com.zork.metrics.sdk @ Lcom/zork/metrics/sdk/X;",
		}},
		{"one label off", func(_ *facttest.App, c *facttest.Code) { c.Class("Lcom/zork/metrix/sdk/X;") }, false, []string{
			"missing code: com.zork.metrics.sdk | com.zork.metrix.sdk (1 class; one label differs: metrix for metrics)",
		}},
		{"moved", func(_ *facttest.App, c *facttest.Code) { c.Class("Lshadow/com/zork/metrics/sdk/X;") }, false, []string{
			"| shadow.com.zork.metrics.sdk (1 class; the package stands below another one)",
		}},
		{"renamed, with the right strings", func(_ *facttest.App, c *facttest.Code) {
			c.Method("La/b/c;->x()V").String("zork_prefs")
		}, false, []string{
			"missing code: com.zork.metrics.sdk | a.b (its code holds what the rule names (string: zork_prefs): it may be the product under another name)",
			"held string: zork_prefs @ zork_prefs",
		}},
		{"class elsewhere", func(_ *facttest.App, c *facttest.Code) { c.Class("Lo/p/ZorkAgent;") }, false, []string{
			"| o.p (it has a class ZorkAgent as the product has)",
			"missing class: com.zork.metrics.sdk.ZorkAgent | o.p.ZorkAgent (the same name in another package)",
		}},
		{"referenced", func(_ *facttest.App, c *facttest.Code) { c.Refer("Lcom/zork/metrics/sdk/ZorkAgent;") }, false, []string{
			"referenced code: com.zork.metrics.sdk @ Lcom/zork/metrics/sdk/ZorkAgent;",
		}},
		{"names", func(a *facttest.App, c *facttest.Code) {
			a.MetaData("ZORK_APPKEYS", "x").MetaData("zork_appkey", "x").Lib("lib/arm64-v8a/libzork2.so")
			a.Component(fact.Service, "com.zork.other.ZorkService")
			c.Method("Lx/Y;->z()V").String("Zork_prefs").String("https://report.zork.com/x")
		}, false, []string{
			"missing string: zork_prefs | Zork_prefs (written with other capitals)",
			"missing endpoint: collect.zork.com | report.zork.com (another host of zork.com)",
			"missing meta-data: ZORK_APPKEY | zork_appkey (written with other capitals) | ZORK_APPKEYS (nearly the same)",
			"missing service: com.zork.metrics.sdk.ZorkService | com.zork.other.ZorkService (the same name behind another beginning)",
			"missing native: libzork.so | libzork2.so (nearly the same)",
		}},
		{"member", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Lcom/zork/metrics/sdk/ZorkAgent;->inot()V")
			c.Method("Lx/Y;->z()V").Call(fact.RefCallStatic, "Lcom/zork/metrics/sdk/ZorkAgent;->inot()V")
		}, true, []string{
			"missing call: com.zork.metrics.sdk.ZorkAgent->init | com.zork.metrics.sdk.ZorkAgent->inot",
		}},
		{"nothing", func(*facttest.App, *facttest.Code) {}, false, []string{"missing code: com.zork.metrics.sdk\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := facttest.New("com.example")
			c := app.Code("classes.dex")
			c.Class("Lcom/example/Main;")
			tt.app(app, c)
			a := ask(t, zork, app.Set())
			got := render(a)
			if a.Held != tt.held {
				t.Errorf("held %v: %s", a.Held, a.Verdict)
			}
			for _, w := range tt.wants {
				if !strings.Contains(got, w) {
					t.Errorf("no %q in\n%s", w, got)
				}
			}
			for _, cl := range a.Clauses {
				if len(cl.Near) > MaxNear || cl.State == Held && cl.Near != nil {
					t.Errorf("%s: %d near", cl.Text, len(cl.Near))
				}
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	weak := facttest.New("x")
	weak.MetaData("ZORK_APPKEY", "1").Code("classes.dex").Class("Lx/Y;")
	if a := ask(t, zork, weak.Set()); !strings.Contains(a.Verdict, "only weak signals of one kind, meta-data") {
		t.Error(a.Verdict)
	}
	when := *zork
	when.When = &rule.When{All: []rule.When{{Signal: 1}, {Any: []rule.When{{Signal: 2}, {Signal: 3}}}, {None: []rule.When{{Signal: 4}}}}}
	a := ask(t, &when, weak.Set())
	if a.Needs != "all of (signal 1, any of (signal 2, signal 3), none of (signal 4))" {
		t.Error(a.Needs)
	}
	if a.Verdict != "the condition does not hold: signal 1 is missing; any of (signal 2, signal 3) is missing; signal 4 should not be there" {
		t.Error(a.Verdict)
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b  string
		limit int
		want  int
	}{{"", "", 2, 0}, {"abc", "abd", 2, 1}, {"abc", "xbcd", 2, 2}, {"abc", "", 2, 3}, {"kitten", "sitting", 5, 3}, {"aaaa", "bbbb", 2, 3}} {
		if got := distance(tt.a, tt.b, tt.limit); got != tt.want {
			t.Errorf("%q %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// Whatever names stand in an app, an answer is given.
func FuzzExplain(f *testing.F) {
	f.Add("com.zork.metrics.sdk", "zork_prefs", "Lcom/zork/metrics/sdk/A;")
	f.Add("..", "*", "L;")
	f.Fuzz(func(t *testing.T, pkg, text, desc string) {
		app := facttest.New(pkg)
		app.Code("c").Class(desc)
		// A name with a colon or brackets would be another kind of reference
		// to the recipe, not another name.
		name := "m" + strings.NewReplacer(":", "", "(", "", ")", "", "->", "").Replace(text)
		app.Code("c").Method("Lx/Y;->" + name + "()V").String(text)
		app.MetaData(pkg, text)
		ask(t, zork, app.Set())
	})
}
