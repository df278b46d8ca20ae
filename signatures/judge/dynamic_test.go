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

func TestDynamicCode(t *testing.T) {
	const (
		newLoader     = "Ldalvik/system/DexClassLoader;-><init>(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Ljava/lang/ClassLoader;)V"
		newPathLoader = "Ldalvik/system/PathClassLoader;-><init>(Ljava/lang/String;Ljava/lang/ClassLoader;)V"
		otherPackage  = "Landroid/content/Context;->createPackageContext(Ljava/lang/String;I)Landroid/content/Context;"
		loadLibrary   = "Ljava/lang/System;->loadLibrary(Ljava/lang/String;)V"
		load          = "Ljava/lang/System;->load(Ljava/lang/String;)V"
	)
	rules := with(t, map[string]string{
		"sinks/load.yaml": `
kind: sink
id: load
name: Loading
group: dynamic-code
members:
  - "Ldalvik/system/DexClassLoader;-><init>"
  - "Ldalvik/system/PathClassLoader;-><init>"
  - "Ljava/lang/System;->loadLibrary"
  - "Ljava/lang/System;->load"
  - "Landroid/content/Context;->createPackageContext"
`,
		"sinks/dex-loader.yaml": "{kind: sink, id: dex-loader, status: disabled}",
		"acme/acme-fix.yaml": `
kind: sdk
id: acme-fix
name: Acme Fix
vendor: acme
category: hotfix
signals: [{code: com.acme.fix}]
wired: [{call: com.acme.fix.Fix->install}]
`,
	})
	for _, c := range []struct {
		name           string
		build          func(app *facttest.App, c *facttest.Code)
		want           []string
		dynamic, named int // of the scope
	}{
		{"nothing", func(_ *facttest.App, c *facttest.Code) { c.Method(mainMethod) }, nil, 0, 0},
		{"a class loader", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Lcom/acme/stat/Loader;->a()V").Call(fact.RefCallDirect, newLoader, unk(), str("/data/core.jar"), unk(), unk(), unk())
			c.Method("Lcom/acme/stat/Loader$1;->run()V").String("https://cdn.example.org/core").String("core.jar").String("a text.jar").String(".jar")
			c.Method("Lcom/acme/stat/Updater;->b()V").String("https://up.example.org/api/checkupdate").String("https://other.example.org/x").String("other.jar")
			c.Method(mainMethod).String("https://app.example.org/update")
		}, []string{`classes acme-stat 1 "/data/core.jar" near file core.jar, url https://cdn.example.org/core, url https://up.example.org/api/checkupdate`}, 1, 0},
		{"of unknown code, updates of its package alone", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Lorg/other/x/Loader;->a()V").Call(fact.RefCallDirect, newPathLoader, unk(), unk(), unk())
			c.Method("Lorg/other/x/U;->b()V").String("https://up.example.org/update")
			c.Method("Lorg/other/y/U;->b()V").String("https://up.example.org/upgrade")
		}, []string{`classes org.other.x 1 near url https://up.example.org/update`}, 1, 0},
		{"a subclass", func(_ *facttest.App, c *facttest.Code) {
			c.Class("Lcom/example/app/L;").Super("Ldalvik/system/DexClassLoader;")
			c.Method("Lcom/example/app/L;-><init>()V").Call(fact.RefCallDirect, newLoader, unk(), unk(), unk(), unk(), unk())
		}, []string{"classes own code 1"}, 1, 0},
		{"the app's further DEX files", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Landroidx/multidex/MultiDex;->install()V").Call(fact.RefCallDirect, newPathLoader, unk(), unk(), unk())
		}, []string{"multidex androidx.multidex 1"}, 0, 0},
		{"resources of another package", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, otherPackage, unk(), str("com.other"), facttest.Int(2))
		}, nil, 0, 0},
		{"code of another package", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, otherPackage, unk(), str("com.other"), facttest.Int(3))
		}, []string{`package own code 1 "com.other", 3`}, 1, 0},
		{"libraries", func(app *facttest.App, c *facttest.Code) {
			app.Lib("lib/arm64-v8a/libmine.so")
			app.File("split.apk!lib/x86/libsplit.so")
			c.Method(mainMethod).Call(fact.RefCallStatic, loadLibrary, str("mine")).Call(fact.RefCallStatic, loadLibrary, str("split")).
				Call(fact.RefCallStatic, loadLibrary, str("gone")).Call(fact.RefCallStatic, loadLibrary, unk())
		}, []string{`native-library own code 4 "mine" libraries ?, gone ?, mine lib/arm64-v8a/libmine.so, split split.apk!lib/x86/libsplit.so`}, 0, 2},
		{"a library of the app", func(app *facttest.App, c *facttest.Code) {
			app.Lib("lib/arm64-v8a/libmine.so")
			c.Method(mainMethod).Call(fact.RefCallStatic, loadLibrary, str("mine"))
		}, []string{`native-library own code 1 "mine" libraries mine lib/arm64-v8a/libmine.so`}, 0, 0},
		{"a library by its path", func(_ *facttest.App, c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, load, str("/data/x.so"))
		}, []string{`native-file own code 1 "/data/x.so"`}, 0, 1},
		{"a framework", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Lcom/acme/fix/Fix;->install()V").Flags(9).Call(fact.RefCallDirect, newLoader, unk(), unk(), unk(), unk(), unk())
			c.Method("Lcom/acme/fix/Own;->a()V").Call(fact.RefCallStatic, "Lcom/acme/fix/Fix;->install()V")
			c.Method(mainMethod).Call(fact.RefCallStatic, "Lcom/acme/fix/Fix;->install()V")
		}, []string{"classes acme-fix 1", "hotfix acme-fix 1"}, 1, 0},
		{"a framework that nobody calls", func(_ *facttest.App, c *facttest.Code) {
			c.Method("Lcom/acme/fix/Fix;->install()V").Flags(9).Call(fact.RefCallStatic, "Ljava/lang/System;->gc()V")
		}, []string{"hotfix acme-fix 0"}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app, app.Code("classes.dex"))
			f := judged(t, app.Set(), rules, judge.Options{})
			var got []string
			for _, d := range f.DynamicCode {
				got = append(got, dynamicText(&d))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if f.Scope.DynamicLoading != c.dynamic || f.Scope.NativeLoading != c.named {
				t.Errorf("scope: %+v", f.Scope)
			}
			if f.DynamicCode == nil {
				t.Error("no list")
			}
		})
	}
}

func dynamicText(d *finding.DynamicCode) string {
	name := d.SDK
	if name == "" {
		name = d.Owner.Name
	}
	s := fmt.Sprint(d.Kind, " ", name, " ", d.Total)
	if len(d.Sites) > 0 {
		known := []string{}
		for _, a := range d.Sites[0].Args {
			if a != "?" {
				known = append(known, a)
			}
		}
		if len(known) > 0 {
			s += " " + strings.Join(known, ", ")
		}
	}
	var libs, near []string
	for _, l := range d.Libraries {
		file := l.File
		if file == "" {
			file = "?"
		}
		libs = append(libs, strings.TrimSpace(l.Name+" "+file))
	}
	for _, n := range d.Near {
		near = append(near, n.Kind+" "+n.Value)
	}
	if libs != nil {
		s += " libraries " + strings.Join(libs, ", ")
	}
	if near != nil {
		s += " near " + strings.Join(near, ", ")
	}
	return s
}
