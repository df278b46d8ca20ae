package judge_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// TestCompany shows that names in tables of suffixes, in lists of packages and
// in licences are not told as hosts of the app, and that the same names alone are.
func TestCompany(t *testing.T) {
	suffixes := []string{
		"co.uk", "com.cn", "gov.au", "com.br", "co.jp", "ac.uk", "msk.ru", "github.io", "blogspot.com", "net.cn", "org.cn", "edu.cn", "gov.cn",
		"com.au", "net.au", "org.au", "co.kr", "or.kr", "go.kr", "ne.kr", "com.tr", "gov.tr", "*.ck", "k12.ca.us", "appspot.com",
	}
	packages := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("com.maker%d.app", i))
		}
		return out
	}
	load := func(c *facttest.Code, list ...string) {
		m := c.Method(mainMethod)
		for _, s := range list {
			m.String(s)
		}
	}
	for _, c := range []struct {
		name  string
		build func(app *facttest.App)
		host  string
		noise string
	}{
		{"a table of suffixes in code", func(app *facttest.App) { load(app.Code("classes.dex"), append(suffixes, "altai.ru")...) }, "altai.ru", "one of a table of public suffixes"},
		{"a suffix of the table", func(app *facttest.App) { load(app.Code("classes.dex"), suffixes...) }, "appspot.com", "one of a table of public suffixes"},
		{"the same name alone", func(app *facttest.App) { load(app.Code("classes.dex"), "altai.ru") }, "altai.ru", ""},
		{"a URL beside a table", func(app *facttest.App) { load(app.Code("classes.dex"), append(suffixes, "https://log.maker.com/x")...) }, "https://log.maker.com/x", ""},
		{"the same name elsewhere, too", func(app *facttest.App) {
			load(app.Code("classes.dex"), suffixes...)
			app.Code("classes.dex").Method("Lcom/example/app/Other;->b()V").String("appspot.com")
		}, "appspot.com", ""},
		{"a list of packages in code", func(app *facttest.App) { load(app.Code("classes.dex"), append(packages(20), "flipboard.cn")...) }, "flipboard.cn", "one of a list of package names"},
		{"a list of packages in one text", func(app *facttest.App) {
			load(app.Code("classes.dex"), strings.Join(append(packages(20), "flipboard.cn"), ","))
		}, "flipboard.cn", "one of a list of package names"},
		{"hosts beside a few packages", func(app *facttest.App) {
			load(app.Code("classes.dex"), append(packages(8), "api.maker.com", "log.maker.com", "cdn.maker.com")...)
		}, "log.maker.com", ""},
		{"a list of packages in a file", func(app *facttest.App) {
			for i, p := range packages(20) {
				app.Text(fact.Text{Unit: "assets/app_map", Kind: fact.TextAsset, Off: int64(i), Value: fmt.Sprintf("  %q: \"%d\",", p, i)})
			}
			app.Text(fact.Text{Unit: "assets/app_map", Kind: fact.TextAsset, Off: 99, Value: `  "smskb.com": "20",`})
		}, "smskb.com", "one of a list of package names"},
		{"a file of hosts", func(app *facttest.App) {
			app.Text(fact.Text{Unit: "assets/hosts.json", Kind: fact.TextAsset, Off: 0, Value: `{"package": "com.maker.app", "host": "smskb.com"}`})
		}, "smskb.com", ""},
		{"an array of packages among resources", func(app *facttest.App) {
			for i, p := range packages(20) {
				app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: int64(i), Name: "array/games", Value: p})
			}
			app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: 99, Name: "array/games", Value: "iwan.maker.com"})
		}, "iwan.maker.com", "one of a list of package names"},
		{"another resource of the same table", func(app *facttest.App) {
			for i, p := range packages(20) {
				app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: int64(i), Name: "array/games", Value: p})
			}
			app.Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: 99, Name: "string/server", Value: "iwan.maker.com"})
		}, "iwan.maker.com", ""},
		{"a licence", func(app *facttest.App) {
			app.Text(fact.Text{Unit: "assets/webview_licenses.notice", Kind: fact.TextAsset, Off: 0, Value: "written by somebody, see www.maker.com"})
		}, "www.maker.com", "stands in a licence or a record of the build"},
		{"a page that licences are named after", func(app *facttest.App) {
			app.Text(fact.Text{Unit: "assets/license/privacy.html", Kind: fact.TextAsset, Off: 0, Value: `<a href="https://www.maker.com/x">`})
		}, "https://www.maker.com/x", ""},
		{"a file of the app in a folder of archives", func(app *facttest.App) {
			app.Text(fact.Text{Unit: "META-INF/hosts.txt", Kind: fact.TextAsset, Off: 0, Value: "https://www.maker.com/x"})
		}, "https://www.maker.com/x", ""},
		{"an action that has the form of a host", func(app *facttest.App) {
			c := app.Code("classes.dex")
			c.Method("Lcom/example/app/Other;->b()V").String("analytics.net").Call(fact.RefCallVirtual, "Landroid/content/IntentFilter;->addAction(Ljava/lang/String;)V", unk(), str("analytics.net"))
			c.Method(mainMethod).String("analytics.net").Call(fact.RefCallVirtual, "Ljava/lang/String;->equals(Ljava/lang/Object;)Z", unk(), str("analytics.net"))
		}, "analytics.net", "name of an action"},
		{"the same name, not as an action", func(app *facttest.App) {
			app.Code("classes.dex").Method(mainMethod).String("analytics.net").Call(fact.RefCallVirtual, "Ljava/lang/String;->equals(Ljava/lang/Object;)Z", unk(), str("analytics.net"))
		}, "analytics.net", ""},
		{"a network", func(app *facttest.App) { load(app.Code("classes.dex"), "172.16.0.0") }, "172.16.0.0", "address of a network"},
		{"an address", func(app *facttest.App) { load(app.Code("classes.dex"), "172.16.9.3") }, "172.16.9.3", ""},
		{"a package as a URL", func(app *facttest.App) { load(app.Code("classes.dex"), "http://com.thoughtworks.xstream/feature") }, "http://com.thoughtworks.xstream/feature", "name of a package"},
		{"a host of a private network", func(app *facttest.App) { load(app.Code("classes.dex"), "http://app.stat.maker.srv/feature") }, "http://app.stat.maker.srv/feature", ""},
		{"an access point", func(app *facttest.App) {
			app.Text(fact.Text{Unit: "assets/carrier_list.textpb", Kind: fact.TextAsset, Off: 0, Value: `    preferred_apn: "lte-d.ocn.ne.jp"`})
		}, "lte-d.ocn.ne.jp", "name of an access point of a mobile network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			app.Code("classes.dex").Class("Lcom/example/app/Main;")
			c.build(app)
			for _, e := range judged(t, app.Set(), compile(t), judge.Options{}).Endpoints {
				if e.Value == c.host {
					if e.Noise != c.noise {
						t.Errorf("%s: noise %q, want %q", e.Value, e.Noise, c.noise)
					}
					return
				}
			}
			t.Errorf("%s is not told", c.host)
		})
	}
}
