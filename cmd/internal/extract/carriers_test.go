package extract

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// zipOf makes an archive of names and contents, in that order.
func zipOf(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func factsIn(t *testing.T, l Limits, files ...string) *fact.Set {
	t.Helper()
	data := zipOf(t, files...)
	set, err := App(context.Background(), Source{Parts: []Part{{Path: "x.apk", Role: RoleBase, Size: int64(len(data)), R: bytes.NewReader(data)}}}, Options{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func zipped(t *testing.T, s string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(s)); err != nil || w.Close() != nil {
		t.Fatal("gzip")
	}
	return out.String()
}

var (
	words    = []string{"https://a.example/x", "identifier", "中文"}
	managed  = carriertest.Assembly(carriertest.AssemblyOptions{Name: "Contoso.Shop", Version: [4]int{1, 2, 3, 4}, Literals: words, Names: []string{"AppsFlyerSDK"}})
	dartText = append([]string{"package:shop/main.dart", "package:firebase_analytics/firebase_analytics.dart"}, strings.Fields("strings that stand one behind the other in what is called a chain here")...)
	storeOf  = func(version int) []byte {
		return carriertest.Store(version, carriertest.StoreEntry{Name: "Contoso.Shop.dll", Data: carriertest.XALZ(managed)}, carriertest.StoreEntry{Name: "Zed.dll", Data: carriertest.XAZS(managed)})
	}
)

// Every carrier gives its strings with unit, kind and offset, and the modules
// that it names.
func TestCarriers(t *testing.T) {
	bundle := string(carriertest.ELF(".data", "bundle", []byte(zipped(t, string(managed)))))
	for _, c := range []struct {
		name, data string
		unit       string // of the text; empty: name
		kind       fact.TextKind
		text       string
		modules    []string
	}{
		{name: "assets/index.android.bundle", data: string(carriertest.Hermes(carriertest.HermesOptions{Version: 96}, append(words, "/x/node_modules/react-native-fbsdk-next/lib/x.js")...)), kind: fact.TextScript, text: words[0], modules: []string{"js-module react-native-fbsdk-next"}},
		{name: "assets/index.bundle", data: `__d(function(){x("https://a.example/x")},1,[],"node_modules/@sentry/react-native/dist/js/index.js")`, kind: fact.TextScript, text: words[0], modules: []string{"js-module @sentry/react-native"}},
		{name: "assets/ram.bundle", data: string(carriertest.RAMBundle("a='b'", "x='https://a.example/x'", "y='node_modules/lodash/x.js'")), kind: fact.TextScript, text: words[0], modules: []string{"js-module lodash"}},
		{name: "assets/www/js/app.js", data: `t.registerVersion("@firebase/analytics","0.8.0");f('https:\/\/a.example\/x')`, kind: fact.TextScript, text: words[0], modules: []string{"js-module @firebase/analytics 0.8.0"}},
		{name: "assets/www/cordova_plugins.js", data: `module.exports=[{"pluginId":"cordova-plugin-x"}];module.exports.metadata={"cordova-plugin-x":"1.2.3"}`, kind: fact.TextScript, text: "cordova-plugin-x", modules: []string{"js-module cordova-plugin-x 1.2.3"}},
		{name: "base/assets/capacitor.plugins.json", data: `[{"pkg":"@capacitor/app"}]`, kind: fact.TextAsset, text: `[{"pkg":"@capacitor/app"}]`, modules: []string{"js-module @capacitor/app"}},
		{name: "assets/app.config", data: `{"plugins":["expo-camera"]}`, kind: fact.TextAsset, text: `{"plugins":["expo-camera"]}`, modules: []string{"js-module expo-camera"}},
		{name: "assets/dcloud_uniplugins.json", data: `{"nativePlugins":[{"plugins":[{"name":"Uni-X"}]}]}`, kind: fact.TextAsset, modules: []string{"js-module Uni-X"}},
		{name: "assets/apps/__UNI__1/www/manifest.json", data: `{"plus":{},"permissions":{"Push":{}}}`, kind: fact.TextAsset, modules: []string{"js-module dcloud/Push"}},
		{name: "assets/data/dcloud_properties.xml", data: `<properties><feature name="Push"/></properties>`, kind: fact.TextAsset, modules: []string{"js-module dcloud/Push"}},
		{name: "assets/app/tns_modules/nativescript-x/package.json", data: `{"name":"nativescript-x","version":"2.0.0"}`, kind: fact.TextAsset, modules: []string{"js-module nativescript-x 2.0.0"}},
		{name: "assets/bin/Data/Managed/Metadata/global-metadata.dat", data: string(carriertest.Unity(31, words, []string{"AppsFlyer.dll", "initSDK"})), kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly AppsFlyer"}},
		{name: "assets/bin/Data/ScriptingAssemblies.json", data: `{"names":["Facebook.Unity.dll"]}`, kind: fact.TextAsset, modules: []string{"unity-assembly Facebook.Unity"}},
		{name: "assets/bin/Data/Managed/Contoso.Shop.dll", data: string(managed), kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "assemblies/Contoso.Shop.dll", data: string(carriertest.XALZ(managed)), kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "assemblies/assemblies.blob", data: string(storeOf(1)), unit: fmt.Sprintf("assemblies/assemblies.blob!0x%x.dll", 20+2*24+2*2*20), kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "lib/arm64-v8a/libassemblies.arm64-v8a.blob.so", data: string(carriertest.ELF("payload", "", storeOf(3))), unit: "lib/arm64-v8a/libassemblies.arm64-v8a.blob.so!Contoso.Shop.dll", kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "lib/arm64-v8a/libassembly-store.so", data: string(carriertest.ELF("payload", "_assembly_store", storeOf(4))), unit: "lib/arm64-v8a/libassembly-store.so!Zed.dll", kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "lib/arm64-v8a/lib_Contoso.Shop.dll.so", data: string(carriertest.ELF("payload", "", carriertest.XALZ(managed))), unit: "lib/arm64-v8a/lib_Contoso.Shop.dll.so!Contoso.Shop.dll", kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "lib/arm64-v8a/libmonodroid_bundle_app.so", data: bundle, unit: fmt.Sprintf("lib/arm64-v8a/libmonodroid_bundle_app.so!0x%x.dll", strings.Index(bundle, "\x1f\x8b")), kind: fact.TextManaged, text: words[0], modules: []string{"unity-assembly Contoso.Shop 1.2.3.4"}},
		{name: "lib/arm64-v8a/libapp.so", data: string(carriertest.ELF(".rodata", "_kDartIsolateSnapshotData", carriertest.DartChain(true, dartText...))), kind: fact.TextManaged, text: dartText[1], modules: []string{"dart-package firebase_analytics", "dart-package shop"}},
		{name: "assets/flutter_assets/isolate_snapshot_data", data: string(carriertest.DartObjects(dartText...)), kind: fact.TextManaged, text: dartText[1], modules: []string{"dart-package firebase_analytics", "dart-package shop"}},
		{name: "assets/flutter_assets/kernel_blob.bin", data: string(carriertest.Kernel(dartText...)), kind: fact.TextManaged, text: dartText[1], modules: []string{"dart-package firebase_analytics", "dart-package shop"}},
		{name: "assets/flutter_assets/NOTICES.Z", data: zipped(t, "appsflyer_sdk\n\nSome licence"), modules: []string{"dart-package appsflyer_sdk"}},
		{name: "assets/flutter_assets/packages/umeng_common_sdk/images/x.txt", data: "some text", kind: fact.TextAsset, text: "some text", modules: []string{"dart-package umeng_common_sdk"}},
		{name: "assets/src/main.luac", data: string(carriertest.Lua(0x53, words...)), kind: fact.TextScript, text: words[0]},
		{name: "assets/src/jit.lua", data: string(carriertest.LuaJIT(2, words...)), kind: fact.TextScript, text: words[0]},
		{name: "assets/src/plain.lua", data: "local url = 'https://a.example/x'\n", kind: fact.TextScript, text: "local url = 'https://a.example/x'"},
		{name: "META-INF/androidx.core_core-ktx.version", data: "1.12.0\n", kind: fact.TextAsset, text: "1.12.0", modules: []string{"maven androidx.core:core-ktx 1.12.0"}},
		{name: "play-services-ads.properties", data: "version=22.1.0\nclient=play-services-ads\n", kind: fact.TextAsset, text: "version=22.1.0", modules: []string{"maven com.google.android.gms:play-services-ads 22.1.0"}},
		{name: "firebase-analytics.properties", data: "version=21.0.0\nfirebase-analytics_client=21.0.0\n", kind: fact.TextAsset, text: "version=21.0.0"},
		{name: "assets/utf16.properties", data: "\xff\xfeu\x00r\x00l\x00=\x00x\x00\n\x00-Ny\x00", kind: fact.TextAsset, text: "中y"},
		{name: "assets/utf32.txt", data: "\x00\x00\xfe\xff\x00\x00\x00h\x00\x00\x00i\x00\x00\x00\n\x00\x00\x4e\x2d", kind: fact.TextAsset, text: "hi"},
		{name: "assets/bom.txt", data: "\ufefffirst\nsecond", kind: fact.TextAsset, text: "first"},
	} {
		set := factsIn(t, Limits{}, c.name, c.data)
		var modules []string
		for _, m := range set.App.Modules {
			modules = append(modules, strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Kind, m.Name, m.Version)))
			if !strings.HasPrefix(m.Unit, c.name) {
				t.Errorf("%s: a module of %q", c.name, m.Unit)
			}
		}
		if !slices.Equal(modules, c.modules) {
			t.Errorf("%s: modules %q, want %q", c.name, modules, c.modules)
		}
		for range 2 { // facts are asked more than once
			found := c.text == ""
			for x := range set.Texts() {
				unit := c.unit
				if unit == "" {
					unit = c.name
				}
				if x.Value != c.text || x.Unit != unit {
					continue
				}
				found = true
				if x.Kind != c.kind {
					t.Errorf("%s: kind %q, want %q", c.name, x.Kind, c.kind)
				}
				if unit == c.name && !strings.Contains(c.name, "utf") && c.name[:10] != "assemblies" && c.name != "assets/www/js/app.js" && c.kind != fact.TextManaged {
					if !strings.HasPrefix(c.data[x.Off:], c.text) {
						t.Errorf("%s: the text does not stand at %d", c.name, x.Off)
					}
				}
			}
			if !found {
				t.Errorf("%s: no text %q", c.name, c.text)
			}
		}
		for _, p := range set.App.Problems {
			if p.Kind != fact.ProblemMissingCode {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
		if late := set.Late(); len(late) > 0 {
			t.Errorf("%s: %v", c.name, late)
		}
	}
}

// What could not be read says so.
func TestCarriersThatHide(t *testing.T) {
	junk := strings.Repeat("\x9a\x01\xf3\x88\x00\x17", 50)
	for _, c := range []struct {
		name, data string
		kind       fact.ProblemKind
		part       string
	}{
		{"assets/index.android.bundle", string(carriertest.Hermes(carriertest.HermesOptions{Version: 200, Functions: 50, FunctionHeader: 44}, words...)), fact.ProblemUnsupported, ""},
		{"assets/index.android.bundle", string(carriertest.Hermes(carriertest.HermesOptions{Version: 96}, words...)[:100]), fact.ProblemMalformed, ""},
		{"assets/bin/Data/Managed/Metadata/global-metadata.dat", junk, fact.ProblemEncrypted, ""},
		{"assets/bin/Data/Managed/Assembly-CSharp.dll", junk, fact.ProblemEncrypted, ""},
		{"assets/src/main.luac", junk, fact.ProblemEncrypted, ""},
		{"assets/widget/index.js", junk, fact.ProblemEncrypted, ""},
		{"assemblies/assemblies.blob", "XABA\x09\x00\x00\x00" + junk, fact.ProblemUnsupported, ""},
		{"assemblies/X.dll", string(carriertest.XALZ(managed)[:200]), fact.ProblemMalformed, ""},
		{"assets/src/x.luac", string(carriertest.Lua(0x53, words...)[:60]), fact.ProblemMalformed, ""},
	} {
		set := factsIn(t, Limits{}, c.name, c.data)
		if !slices.ContainsFunc(set.App.Problems, func(p fact.Problem) bool { return p.Part == c.name && p.Kind == c.kind && p.Lossy }) {
			t.Errorf("%s: %+v", c.name, set.App.Problems)
		}
		for range set.Texts() {
		}
	}
	// A list that is damaged hides no code, and its text is read all the same.
	set := factsIn(t, Limits{}, "assets/capacitor.plugins.json", `[{"pkg":`)
	if i := slices.IndexFunc(set.App.Problems, func(p fact.Problem) bool { return p.Part != "" }); i < 0 || set.App.Problems[i].Lossy {
		t.Errorf("%+v", set.App.Problems)
	}
	n := 0
	for range set.Texts() {
		n++
	}
	if n != 1 {
		t.Errorf("%d texts of a damaged list", n)
	}
	// Of many files that hide, only the first are told one by one.
	var files []string
	for i := range 10 {
		files = append(files, fmt.Sprintf("assets/widget/%d.js", i), junk)
	}
	n = 0
	for _, p := range factsIn(t, Limits{}, files...).App.Problems {
		if p.Kind == fact.ProblemEncrypted {
			n++
		}
	}
	if n != maxHidden+1 {
		t.Errorf("%d problems of ten files", n)
	}
}

// What assemblies expand to counts towards the limits of the app.
func TestCarrierBudget(t *testing.T) {
	big := carriertest.Assembly(carriertest.AssemblyOptions{Name: "Big", Literals: []string{strings.Repeat("x", 4000)}, Resource: strings.Repeat("a text that is there again and again, ", 20_000)})
	blob := string(carriertest.Store(3, carriertest.StoreEntry{Name: "A.dll", Data: carriertest.XALZ(big)}, carriertest.StoreEntry{Name: "B.dll", Data: carriertest.XALZ(big)}))
	set := factsIn(t, Limits{Inflated: 1 << 20}, "assemblies/x.blob", blob)
	if !slices.ContainsFunc(set.App.Problems, func(p fact.Problem) bool { return p.Kind == fact.ProblemBudget && p.Lossy }) {
		t.Errorf("%+v", set.App.Problems)
	}
	for range set.Texts() {
	}
	if len(set.Late()) == 0 {
		t.Error("reading the texts again told no problem")
	}
}

func FuzzCarriers(f *testing.F) {
	f.Add("assets/cordova_plugins.js", []byte(`{"pluginId":"x"}`))
	f.Add("assemblies/x.blob", storeOf(1))
	f.Add("lib/x86/libassembly-store.so", carriertest.ELF("payload", "_assembly_store", storeOf(4)))
	f.Add("assets/flutter_assets/NOTICES.Z", []byte("a\n\nb"))
	f.Add("x.properties", []byte("client=play-services-x\nversion=1"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if name == "" || strings.HasSuffix(name, "/") {
			return
		}
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		e, err := w.Create(name)
		if err != nil {
			return
		}
		if _, err := e.Write(data); err != nil || w.Close() != nil {
			return
		}
		set, err := App(context.Background(), Source{Parts: []Part{{Path: "x.apk", Role: RoleBase, Size: int64(out.Len()), R: bytes.NewReader(out.Bytes())}}}, Options{Limits: Limits{Inflated: 16 << 20, Texts: 100_000}})
		if err != nil {
			return
		}
		for range set.Texts() {
		}
	})
}
