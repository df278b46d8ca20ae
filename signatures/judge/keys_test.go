package judge_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// TestKeysAreMasked shows that no key stands anywhere in what is found, and that
// all do where they are asked for.
func TestKeysAreMasked(t *testing.T) {
	const (
		query  = "q9XkT27bLmPz41"
		google = "AIzaSyA-1234567890abcdefghijklmnopqrstu"
		app    = "5f3c9a77e6d94b21"
		user   = "hunter22"
	)
	app0 := facttest.New("com.example.app")
	app0.MetaData("ACME_APPKEY", app)
	c := app0.Code("classes.dex")
	initCall := "Lcom/acme/stat/Agent;->init(Landroid/content/Context;)V"
	track := "Lcom/acme/stat/Agent;->track(Ljava/lang/String;Ljava/util/Map;)V"
	c.Method(initCall).Call(fact.RefCallVirtual, newURL)
	c.Method(track)
	c.Method(mainMethod).
		String("https://api.maker.com/v1?lang=en&app_key="+query+"&x=1").
		Call(fact.RefCallDirect, newURL, unk(), str("https://api.maker.com/v1?lang=en&app_key="+query+"&x=1")).
		String("https://maps.maker.com/api/js/"+google).
		Call(fact.RefCallDirect, newURL, unk(), str("https://maps.maker.com/api/js/"+google)).
		Call(fact.RefCallDirect, newURL, unk(), str("https://bob:"+user+"@db.maker.com/x")).
		String("https://stat.maker.com/"+app+"/hit").
		Call(fact.RefCallStatic, track, str("https://stat.maker.com/?token="+query), unk())
	app0.Text(fact.Text{Unit: "assets/conf.json", Kind: fact.TextAsset, Off: 3, Name: "x", Value: `{"u":"https://dl.maker.com/?key=` + query + `","h":"https://dl.maker.com/?key=search"}`})
	c.Method(mainMethod).String("https://project-" + app + ".maker.com/x")
	set := app0.Set()
	for _, show := range []bool{false, true} {
		f := judged(t, set, compile(t), judge.Options{ShowKeys: show})
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		all := string(b)
		for _, key := range []string{query, google, "/" + app, user} {
			if strings.Contains(all, key) != show {
				t.Errorf("keys shown: %v; %s is there: %v\n%s", show, key, !show, all)
			}
		}
		if show {
			continue
		}
		for _, want := range []string{
			"https://api.maker.com/v1?lang=en\\u0026app_key=q9Xk••••••••41\\u0026x=1", "https://maps.maker.com/api/js/AIza", "https://•••@db.maker.com/x",
			"https://dl.maker.com/?key=search", "https://project-" + app + ".maker.com/x",
		} {
			if !strings.Contains(all, want) {
				t.Errorf("%s is not there:\n%s", want, all)
			}
		}
	}
}
