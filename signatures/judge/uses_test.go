package judge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

const (
	openConnection = "Ljava/net/URL;->openConnection()Ljava/net/URLConnection;"
)

func usesText(us []finding.Use) string {
	var out []string
	for _, u := range us {
		s := fmt.Sprintf("%s ×%d", u.ID, u.Count)
		if u.Through > 0 {
			s += fmt.Sprintf(" through %d", u.Through)
		}
		if u.Confidence != "" {
			s += " " + u.Confidence
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestUses(t *testing.T) {
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	// The product itself: twice an identifier, two URLs of one host, noise.
	c.Method("Lcom/acme/stat/Agent;->init()V").
		Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallVirtual, getDeviceID).
		String("https://stat.acme.com/v1").String("https://stat.acme.com/v2").String("http://schemas.android.com/apk/res/android").
		Call(fact.RefCallVirtual, openConnection).
		Get("Landroid/os/Build;->MODEL:Ljava/lang/String;").
		Call(fact.RefCallStatic, "Lz/a/B;->id()V")
	c.Method("Lcom/acme/stat/Other;->again()V").Call(fact.RefCallStatic, "Lz/a/B;->id()V")
	// Unknown code that it calls from two classes, and so does the app: one place.
	c.Method("Lz/a/B;->id()V").Flags(9).Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallVirtual, openConnection)
	c.Method(mainMethod).Call(fact.RefCallStatic, "Lz/a/B;->id()V")
	// What was renamed into no package is code of everybody: nobody does both there.
	c.Method("LB;->x()V").Flags(9).Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallVirtual, openConnection)
	// Two that do only half of it.
	c.Method("Lcom/acme/stat/push/P;->p()V").Call(fact.RefCallVirtual, getDeviceID)
	c.Method("Loknet/H;->h()V").Call(fact.RefCallVirtual, openConnection).String("https://oknet.acme.com/")
	f := judged(t, app.Set(), compile(t), judge.Options{MaxSites: 1, MaxLocations: 1})

	s := sdk(f, "acme-stat")
	for _, c := range []struct{ what, got, want string }{
		{"reads", usesText(s.Reads), "imei ×2 through 1 high, model ×1 low"},
		{"names", usesText(s.Names), "stat.acme.com ×2 high"},
		{"calls", usesText(s.Calls), "url-connection ×1 through 1"},
		{"reads of push", usesText(sdk(f, "acme-push").Reads), "imei ×1 high"},
		{"calls of push", usesText(sdk(f, "acme-push").Calls), ""},
		{"names of oknet", usesText(sdk(f, "oknet").Names), "oknet.acme.com ×1 high"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	var got []string
	for _, h := range f.FlowHints {
		got = append(got, fmt.Sprint(h.Owner.Kind, " ", h.SDK, " ", h.Reads, h.Names, h.Calls, " ", h.Text))
	}
	want := []string{
		"sdk acme-stat [imei] [stat.acme.com] [url-connection] asks for IMEI, names stat.acme.com, calls HTTP by java.net: all in the code of Acme Stat. A transfer was not shown.",
		"library  [imei] [] [url-connection] asks for IMEI, calls HTTP by java.net: all in the code of unnamed (z.a), which names no host itself. A transfer was not shown.",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A product whose classes are named and not there does nothing.
func TestUsesOfWhatIsNotThere(t *testing.T) {
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).Call(fact.RefCallStatic, "Lcom/acme/stat/Agent;->init()V").Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallVirtual, openConnection)
	f := judged(t, app.Set(), compile(t), judge.Options{})
	s := sdk(f, "acme-stat")
	if s.Reads == nil || s.Names == nil || s.Calls == nil || len(s.Reads)+len(s.Names)+len(s.Calls) > 0 {
		t.Errorf("%+v", s)
	}
	if len(f.FlowHints) != 1 || f.FlowHints[0].Owner.Kind != "app" {
		t.Errorf("%+v", f.FlowHints)
	}
}
