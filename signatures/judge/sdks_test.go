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

func states(s *finding.SDK) []string {
	var out []string
	for _, e := range s.States {
		out = append(out, string(e.State)+": "+e.Reason)
	}
	return out
}

func TestStates(t *testing.T) {
	const initCall = "Lcom/acme/stat/Agent;->init()V"
	work := func(m *facttest.Method) *facttest.Method {
		return m.Call(fact.RefCallStatic, "Ljava/lang/System;->gc()V")
	}
	for _, c := range []struct {
		name  string
		build func(app *facttest.App, c *facttest.Code)
		want  []string
	}{
		{"present", func(_ *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
		}, []string{"present: 1 class of its own"}},
		{"in code that is not loaded", func(app *facttest.App, _ *facttest.Code) {
			work(app.Code("assets/x.apk!classes.dex").Unloaded().Method(initCall).Flags(9))
		}, []string{"present: 1 class of its own, in assets/x.apk!classes.dex, which Android does not load by itself"}},
		{"referenced", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
		}, []string{"referenced: code names 1 type of it, but none is there"}},
		{"stub", func(_ *facttest.App, c *facttest.Code) {
			c.Method(initCall).Flags(9)
			c.Method("Lcom/acme/stat/Agent;-><init>()V").Call(fact.RefCallDirect, "Ljava/lang/Object;-><init>()V")
		}, []string{"stub: its code, 2 methods, calls nothing but its own constructors"}},
		{"a stub as Firebase's stand-ins are made", func(_ *facttest.App, c *facttest.Code) {
			const agent = "Lcom/acme/stat/Agent;"
			c.Method(agent+"-><clinit>()V").Flags(9).Use(fact.RefNew, agent).Call(fact.RefCallDirect, agent+"-><init>()V").Put(agent + "->it:" + agent)
			c.Method(agent+"-><init>()V").Call(fact.RefCallDirect, "Ljava/lang/Object;-><init>()V")
			c.Method(agent + "->get()" + agent).Flags(9).Get(agent + "->it:" + agent)
			c.Method(agent+"->token()Ljava/lang/String;").Use(fact.RefNew, "Ljava/lang/UnsupportedOperationException;").
				Call(fact.RefCallDirect, "Ljava/lang/UnsupportedOperationException;-><init>()V")
			c.Method(agent+"->log(Ljava/lang/String;)V").String("name").Call(fact.RefCallStatic, "Lkotlin/jvm/internal/Intrinsics;->checkNotNullParameter(Ljava/lang/Object;Ljava/lang/String;)V")
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
		}, []string{"stub: its code, 5 methods, calls nothing but its own constructors", "wired: own code calls " + initCall}},
		{"no stub where the work is in native code", func(_ *facttest.App, c *facttest.Code) {
			c.Method(initCall).Flags(9)
			c.Abstract("Lcom/acme/stat/Agent;->nativeInit()V").Flags(0x109)
		}, []string{"present: 1 class of its own"}},
		{"wired by a call", func(_ *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
		}, []string{"wired: own code calls " + initCall, "present: 1 class of its own"}},
		{"a call from its own code", func(_ *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			c.Method("Lcom/acme/stat/B;->b()V").Call(fact.RefCallStatic, initCall)
		}, []string{"present: 2 classes of its own"}},
		{"wired by a component", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.Component(fact.Service, "com.acme.stat.StatService")
		}, []string{"wired: the manifest declares com.acme.stat.StatService, enabled", "present: 1 class of its own"}},
		{"declared, but not there", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(mainMethod))
			app.Component(fact.Service, "com.acme.stat.StatService")
			app.Component(fact.Provider, "com.acme.stat.StatProvider")
		}, []string{"referenced: only the manifest names it: no class of it is in the code, all of which was read"}},
		{"declared, and not all was read", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(mainMethod))
			app.Info.Status = fact.Partial
			app.Component(fact.Service, "com.acme.stat.StatService")
		}, []string{
			"wired: the manifest declares com.acme.stat.StatService, enabled",
			"present: found by service; its classes were not found in what was read, and not all code was",
		}},
		{"noted by the build alone", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(mainMethod))
			app.File("META-INF/maven/com.acme/stat/pom.properties")
			app.MetaData("ACME_DISABLED", "true")
			app.MetaData("ACME_APPKEY", "x")
		}, []string{"referenced: only what the build noted names it: no class of it was found under its name, and all code was read"}},
		{"noted by the build, and there", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.File("META-INF/maven/com.acme/stat/pom.properties")
		}, []string{"present: 1 class of its own"}},
		{"noted by the build, and not all was read", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(mainMethod))
			app.Info.Status = fact.Partial
			app.File("META-INF/maven/com.acme/stat/pom.properties")
		}, []string{"referenced: only what the build noted names it: no class of it was found, and not all code was read"}},
		{"in a shared library of the device", func(app *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
			app.Manifest().UsesLibraries = append(app.Manifest().UsesLibraries, "acme-stat.jar")
		}, []string{"wired: own code calls " + initCall, "referenced: the manifest asks for the shared library acme-stat.jar, which holds it; no class of it is in the app"}},
		{"a switch, but no class", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(mainMethod))
			app.Component(fact.Service, "com.acme.stat.StatService")
			app.MetaData("ACME_DISABLED", "true")
		}, []string{"referenced: only the manifest names it: no class of it is in the code, all of which was read"}},
		{"named by manifest and code, but not there", func(app *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
			app.Component(fact.Service, "com.acme.stat.StatService")
		}, []string{"referenced: manifest and code name it, but no class of it is in the code, all of which was read"}},
		{"a component that is switched off", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.Component(fact.Service, "com.acme.stat.StatService").Enabled = false
			app.Component(fact.Provider, "com.acme.stat.StatProvider").Enabled = false
		}, []string{"present: 1 class of its own"}},
		{"disabled", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.MetaData("ACME_DISABLED", "true")
		}, []string{`disabled: meta-data ACME_DISABLED is "true", a switch that the vendor documents to keep it off; that code turns it on again was not looked for`, "present: 1 class of its own"}},
		{"disabled and wired", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
			app.MetaData("ACME_DISABLED", "true")
		}, []string{"wired: own code calls " + initCall, `disabled: meta-data ACME_DISABLED is "true", a switch that the vendor documents to keep it off; that code turns it on again was not looked for`, "present: 1 class of its own"}},
		{"not disabled", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.MetaData("ACME_DISABLED", "false")
		}, []string{"present: 1 class of its own"}},
		{"traces alone", func(app *facttest.App, c *facttest.Code) {
			app.Lib("lib/arm64-v8a/libacmestat.so")
			c.Method(mainMethod).String("acme-stat-magic")
		}, []string{"present: found by string, native; its classes were not found under their names"}},
		{"reachable from a launcher activity", func(app *facttest.App, c *facttest.Code) {
			work(c.Method(initCall).Flags(9))
			app.Component(fact.Activity, "com.example.app.Main").Launcher = true
			c.Method("Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V").Call(fact.RefCallVirtual, mainMethod)
			c.Method(mainMethod).Call(fact.RefCallStatic, initCall)
		}, []string{
			"reachable: Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V can lead to " + initCall + " in 2 calls",
			"wired: own code calls " + initCall, "present: 1 class of its own",
		}},
		{"reachable through a callback", func(app *facttest.App, c *facttest.Code) {
			work(c.Method("Lcom/acme/stat/R;->run()V"))
			app.Component(fact.Activity, "com.example.app.Main").Launcher = true
			c.Method("Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V").Call(fact.RefCallVirtual, "Ljava/lang/Thread;->start()V")
			app.Edge("Ljava/lang/Thread;->start()V", "Lcom/acme/stat/R;->run()V", fact.EdgeCallback)
		}, []string{
			"reachable: Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V can lead to Lcom/acme/stat/R;->run()V in 2 calls",
			"present: 1 class of its own",
		}},
		{"through an interface of the app", func(app *facttest.App, c *facttest.Code) {
			work(c.Method("Lcom/acme/stat/Impl;->go()V"))
			c.Class("Lcom/acme/stat/Impl;").Implements("Lcom/example/app/Plugin;")
			c.Abstract("Lcom/example/app/Plugin;->go()V")
			app.Component(fact.Activity, "com.example.app.Main").Launcher = true
			c.Method("Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V").Call(fact.RefCallInterface, "Lcom/example/app/Plugin;->go()V")
		}, []string{
			"reachable: Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V can lead to Lcom/acme/stat/Impl;->go()V in 1 call",
			"present: 1 class of its own",
		}},
		{"through an interface that everything implements", func(app *facttest.App, c *facttest.Code) {
			work(c.Method("Lcom/acme/stat/Impl;->run()V"))
			c.Class("Lcom/acme/stat/Impl;").Implements("Ljava/lang/Runnable;")
			app.Component(fact.Activity, "com.example.app.Main").Launcher = true
			c.Method("Lcom/example/app/Main;->onCreate(Landroid/os/Bundle;)V").Call(fact.RefCallInterface, "Ljava/lang/Runnable;->run()V")
		}, []string{"present: 1 class of its own"}},
		{"its own exported service", func(app *facttest.App, c *facttest.Code) {
			work(c.Method("Lcom/acme/stat/StatService;->onBind(Landroid/content/Intent;)Landroid/os/IBinder;"))
			app.Component(fact.Service, "com.acme.stat.StatService").Exported = true
		}, []string{
			"reachable: the system enters its code itself: Lcom/acme/stat/StatService;->onBind(Landroid/content/Intent;)Landroid/os/IBinder;",
			"wired: the manifest declares com.acme.stat.StatService, enabled", "present: 1 class of its own",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app, app.Code("classes.dex"))
			f := judged(t, app.Set(), compile(t), judge.Options{})
			s := sdk(f, "acme-stat")
			if s == nil {
				t.Fatal("not found")
			}
			if d := cmp.Diff(c.want, states(s)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if got, _, _ := strings.Cut(c.want[0], ":"); got != string(s.State) {
				t.Errorf("state = %s", s.State)
			}
		})
	}
}

func TestAtStartup(t *testing.T) {
	const work = "Lcom/acme/stat/Agent;->init()V"
	for _, c := range []struct {
		name  string
		build func(app *facttest.App, c *facttest.Code)
		want  []string
	}{
		{"the application class", func(app *facttest.App, c *facttest.Code) {
			app.Manifest().Application = "com.example.app.App"
			c.Method("Lcom/example/app/App;->onCreate()V").Call(fact.RefCallVirtual, mainMethod)
			c.Method(mainMethod).Call(fact.RefCallStatic, work)
		}, []string{"Lcom/example/app/App;->onCreate()V", mainMethod, work}},
		{"what the application class inherits", func(app *facttest.App, c *facttest.Code) {
			app.Manifest().Application = "com.example.app.App"
			c.Class("Lcom/example/app/App;").Super("Lcom/example/app/Base;")
			c.Method("Lcom/example/app/Base;->attachBaseContext(Landroid/content/Context;)V").Call(fact.RefCallStatic, work)
		}, []string{"Lcom/example/app/Base;->attachBaseContext(Landroid/content/Context;)V", work}},
		{"a provider", func(app *facttest.App, c *facttest.Code) {
			app.Component(fact.Provider, "com.example.app.P")
			c.Method("Lcom/example/app/P;->onCreate()Z").Call(fact.RefCallStatic, work)
		}, []string{"Lcom/example/app/P;->onCreate()Z", work}},
		{"a provider that is switched off", func(app *facttest.App, c *facttest.Code) {
			app.Component(fact.Provider, "com.example.app.P").Enabled = false
			c.Method("Lcom/example/app/P;->onCreate()Z").Call(fact.RefCallStatic, work)
		}, nil},
		{"an activity", func(app *facttest.App, c *facttest.Code) {
			app.Component(fact.Activity, "com.example.app.P").Launcher = true
			c.Method("Lcom/example/app/P;->onCreate()V").Call(fact.RefCallStatic, work)
		}, nil},
		{"another method of the application class", func(app *facttest.App, c *facttest.Code) {
			app.Manifest().Application = "com.example.app.App"
			c.Method("Lcom/example/app/App;->consent()V").Call(fact.RefCallStatic, work)
		}, nil},
		{"a thread", func(app *facttest.App, c *facttest.Code) {
			app.Manifest().Application = "com.example.app.App"
			c.Method("Lcom/example/app/App;->onCreate()V").Call(fact.RefCallVirtual, "Ljava/lang/Thread;->start()V")
			c.Method("Lcom/example/app/R;->run()V").Call(fact.RefCallStatic, work)
			app.Edge("Lcom/example/app/App;->onCreate()V", "Lcom/example/app/R;->run()V", fact.EdgeCallback)
		}, []string{"Lcom/example/app/App;->onCreate()V", "Lcom/example/app/R;->run()V", work}},
		{"an event later", func(app *facttest.App, c *facttest.Code) {
			app.Manifest().Application = "com.example.app.App"
			c.Method("Lcom/example/app/App;->onCreate()V").Call(fact.RefCallVirtual, "Landroid/content/Context;->registerReceiver()V")
			c.Method("Lcom/example/app/R;->onReceive()V").Call(fact.RefCallStatic, work)
			app.Edge("Lcom/example/app/App;->onCreate()V", "Lcom/example/app/R;->onReceive()V", fact.EdgeCallback)
		}, nil},
		{"its own provider", func(app *facttest.App, c *facttest.Code) {
			app.Component(fact.Provider, "com.acme.stat.P")
			c.Method("Lcom/acme/stat/P;->onCreate()Z").Call(fact.RefCallStatic, work)
		}, []string{"Lcom/acme/stat/P;->onCreate()Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			code := app.Code("classes.dex")
			code.Method(work).Flags(9).String("a").String("b")
			c.build(app, code)
			s := sdk(judged(t, app.Set(), compile(t), judge.Options{}), "acme-stat")
			var got []string
			if s.AtStartup != nil {
				got = s.AtStartup.Path
				if s.AtStartup.Entry != got[0] {
					t.Errorf("entry = %s", s.AtStartup.Entry)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestVersionsAndKeys(t *testing.T) {
	app := facttest.New("com.example.app").MetaData("ACME_VERSION", "9.9").MetaData("ACME_APPKEY", "5e7c1f2b9ab1e25d11000123")
	c := app.Code("classes.dex")
	c.Class("Lcom/acme/stat/Agent;")
	s := sdk(judged(t, app.Set(), compile(t), judge.Options{}), "acme-stat")
	if s.Version == nil || s.Version.Value != "9.9" || s.Version.Clue != "meta-data ACME_VERSION" {
		t.Errorf("version = %+v", s.Version)
	}
	c.Class("Lcom/acme/stat/BuildConfig;").Static("VERSION", "Ljava/lang/String;", str("v3.1.2"))
	set := app.Set()
	s = sdk(judged(t, set, compile(t), judge.Options{}), "acme-stat")
	if s.Version == nil || s.Version.Value != "3.1.2" || s.Version.Clue != "constant Lcom/acme/stat/BuildConfig;->VERSION:Ljava/lang/String;" || s.Version.Unit != "classes.dex" {
		t.Errorf("version = %+v", s.Version)
	}
	if d := cmp.Diff([]finding.AppKey{{Name: "ACME_APPKEY", Value: "5e7c••••••••••••23"}}, s.AppKeys); d != "" {
		t.Error(d)
	}
	s = sdk(judged(t, set, compile(t), judge.Options{ShowKeys: true}), "acme-stat")
	if s.AppKeys[0].Value != "5e7c1f2b9ab1e25d11000123" {
		t.Errorf("keys = %+v", s.AppKeys)
	}
}

func TestConfidence(t *testing.T) {
	for _, c := range []struct {
		name         string
		build        func(app *facttest.App, c *facttest.Code)
		level, basis string
	}{
		{"classes and a service", func(app *facttest.App, c *facttest.Code) {
			c.Class("Lcom/acme/stat/Agent;")
			app.Component(fact.Service, "com.acme.stat.StatService")
		}, "high", "1 class of its own; 2 strong signals (code: com.acme.stat, service: com.acme.stat.StatService)"},
		{"one class", func(_ *facttest.App, c *facttest.Code) {
			c.Class("Lcom/acme/stat/Agent;")
		}, "medium", "1 class of its own; 1 strong signal (code: com.acme.stat)"},
		{"weak signals", func(app *facttest.App, c *facttest.Code) {
			app.Lib("lib/arm64-v8a/libacmestat.so")
			c.Method(mainMethod).String("acme-stat-magic")
		}, "low", "2 weak signals (string: acme-stat-magic, native: libacmestat.so)"},
		{"named", func(_ *facttest.App, c *facttest.Code) {
			c.Refer("Lcom/acme/stat/Agent;")
		}, "low", "its classes are named, none is there"},
	} {
		app := facttest.New("com.example.app")
		c.build(app, app.Code("classes.dex"))
		s := sdk(judged(t, app.Set(), compile(t), judge.Options{}), "acme-stat")
		if s == nil || s.Confidence != c.level || s.Basis != c.basis {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	// One weak signal is no product.
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).String("acme-stat-magic")
	if f := judged(t, app.Set(), compile(t), judge.Options{}); len(f.SDKs) != 0 {
		t.Errorf("%+v", f.SDKs)
	}
}

func TestEvents(t *testing.T) {
	const track = "Lcom/acme/stat/Agent;->track(Ljava/lang/String;Lorg/json/JSONObject;)V"
	const helper = "Lcom/example/app/T;->send(Ljava/lang/String;Ljava/util/Map;)V"
	obj := fact.Value{Kind: fact.Object, S: "Lorg/json/JSONObject;"}
	put := func(m *facttest.Method, key string) *facttest.Method {
		return m.Call(fact.RefCallVirtual, jsonPut, obj, str(key), unk())
	}
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	c.Method(track).Flags(9).String("x").Call(fact.RefCallStatic, track, str("internal"), unk())
	m := c.Method("Lcom/example/app/Main;->a()V")
	put(m, "url")
	m.Call(fact.RefCallStatic, track, str("page_load_event_start"), obj)
	put(put(m, "search_word"), "search_type")
	m.Call(fact.RefCallStatic, track, fact.Value{Kind: fact.OneOf, Elems: []fact.Value{str("search"), str("youtube_search")}}, obj)
	m.Call(fact.RefCallStatic, track, unk(), obj)
	m.Call(fact.RefCallStatic, track, fact.Value{Kind: fact.Concat, Elems: []fact.Value{str("tab_"), unk()}}, fact.Value{Kind: fact.Null})
	c.Method(helper).Flags(9).Call(fact.RefCallStatic, track, fact.Value{Kind: fact.Param, N: 0}, fact.Value{Kind: fact.Param, N: 1})
	h := c.Method("Lorg/lib/x/Y;->b()V")
	h.Call(fact.RefCallInterface, "Ljava/util/Map;->put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;", unk(), str("op"), unk()).
		Call(fact.RefCallStatic, helper, str("download_files"), unk())
	// A helper that is handed the name of the only property, and its callers.
	const one = "Lcom/example/app/T;->one(Ljava/lang/String;Ljava/lang/String;)V"
	const pass = "Lcom/example/app/T;->pass(Ljava/lang/String;)V"
	c.Method(one).Flags(9).Call(fact.RefCallVirtual, jsonPut, obj, fact.Value{Kind: fact.Param, N: 1}, unk()).
		Call(fact.RefCallStatic, track, fact.Value{Kind: fact.Param, N: 0}, obj)
	c.Method(pass).Flags(9).Call(fact.RefCallStatic, one, str("seen"), fact.Value{Kind: fact.Param, N: 0})
	z := c.Method("Lcom/example/app/Z;->z()V")
	z.Call(fact.RefCallStatic, one, str("zoom"), str("level"))
	s := sdk(judged(t, app.Set(), compile(t), judge.Options{}), "acme-stat")
	type ev struct {
		Name   string
		Keys   []string
		Caller string
		Class  string
	}
	var got []ev
	for _, e := range s.Events {
		got = append(got, ev{e.Name, e.Keys, e.Caller, e.Class})
		if e.Call != track || e.SDK != "acme-stat" || e.Offset == nil {
			t.Errorf("%+v", e)
		}
	}
	want := []ev{
		{"download_files", []string{"op"}, "org.lib.x", "Lorg/lib/x/Y;"},
		{"page_load_event_start", []string{"url"}, "app", "Lcom/example/app/Main;"},
		{"search", []string{"search_type", "search_word"}, "app", "Lcom/example/app/Main;"},
		{"seen", []string{}, "app", "Lcom/example/app/T;"},
		{"tab_{}", []string{}, "app", "Lcom/example/app/Main;"},
		{"youtube_search", []string{"search_type", "search_word"}, "app", "Lcom/example/app/Main;"},
		{"zoom", []string{"level"}, "app", "Lcom/example/app/Z;"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestGuards(t *testing.T) {
	const (
		onCreate = "Lcom/example/app/App;->onCreate()V"
		initCall = "Lcom/acme/stat/Agent;->init()V"
		helper   = "Lcom/example/app/App;->start()V"
		other    = "Lcom/example/app/App;->other()V"
	)
	for _, c := range []struct {
		name   string
		build  func(c *facttest.Code)
		path   []string
		guards []string
	}{
		{"none", func(c *facttest.Code) {
			c.Method(onCreate).Call(fact.RefCallStatic, initCall)
		}, []string{onCreate, initCall}, nil},
		{"a call that a branch leads past", func(c *facttest.Code) {
			c.Method(onCreate).String("x").Call(fact.RefCallVirtual, helper).MaySkip()
			c.Method(helper).Call(fact.RefCallStatic, initCall)
		}, []string{onCreate, helper, initCall}, []string{"Lcom/example/app/App; onCreate()V 3"}},
		{"two of them", func(c *facttest.Code) {
			c.Method(onCreate).Call(fact.RefCallVirtual, helper).MaySkip()
			c.Method(helper).String("x").Call(fact.RefCallStatic, initCall).MaySkip()
		}, []string{onCreate, helper, initCall}, []string{"Lcom/example/app/App; onCreate()V 0", "Lcom/example/app/App; start()V 3"}},
		{"a longer way without", func(c *facttest.Code) {
			c.Method(onCreate).Call(fact.RefCallStatic, initCall).MaySkip().Call(fact.RefCallVirtual, helper)
			c.Method(helper).Call(fact.RefCallVirtual, other)
			c.Method(other).Call(fact.RefCallStatic, initCall)
		}, []string{onCreate, helper, other, initCall}, nil},
		{"a branch elsewhere", func(c *facttest.Code) {
			c.Method(onCreate).Call(fact.RefCallVirtual, helper).Call(fact.RefCallVirtual, other).MaySkip()
			c.Method(helper).Call(fact.RefCallStatic, initCall)
			c.Method(other)
		}, []string{onCreate, helper, initCall}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			app.Manifest().Application = "com.example.app.App"
			code := app.Code("classes.dex")
			code.Method(initCall).Flags(9).Call(fact.RefCallStatic, "Ljava/lang/System;->gc()V")
			c.build(code)
			p := sdk(judged(t, app.Set(), compile(t), judge.Options{}), "acme-stat").AtStartup
			if p == nil {
				t.Fatal("no way from app start")
			}
			if d := cmp.Diff(c.path, p.Path); d != "" {
				t.Error(d)
			}
			var guards []string
			for _, g := range p.Guards {
				guards = append(guards, fmt.Sprint(g.Class, " ", g.Method, " ", *g.Offset))
			}
			if d := cmp.Diff(c.guards, guards); d != "" {
				t.Error(d)
			}
			if p.Guarded != (c.guards != nil) || p.Guards == nil {
				t.Errorf("guarded = %v, %v", p.Guarded, p.Guards)
			}
		})
	}
}
