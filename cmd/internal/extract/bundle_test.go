package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/bundle/bundletest"
	"github.com/telltale-apk/telltale/apk/protoxml/protoxmltest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// set is the APKs of an invented app: a base, a feature and a split for one
// kind of device.
type set struct{ base, gifts, hdpi []byte }

const code = `
.class public L%[1]s;
.super Landroid/app/Activity;
.method public static f()V
    .registers 1
    const-string v0, "https://%[2]s/in/code"
    return-void
.end method
`

func apkOf(manifest string, table *arsctest.Table, files ...apktest.File) []byte {
	var refs map[string]uint32
	var all []apktest.File
	if table != nil {
		refs = table.Refs()
		all = append(all, apktest.File{Name: "resources.arsc", Content: string(arsctest.Encode(arsctest.Options{}, table))})
	}
	xml := axmltest.Compile(manifest, refs, axmltest.Options{})
	all = append(all, apktest.File{Name: "AndroidManifest.xml", Content: string(xml), Method: apktest.Deflated})
	return apktest.ZIP{Files: append(all, files...)}.Bytes()
}

func dexOf(class, host string) string { return string(dextest.Must(fmt.Sprintf(code, class, host))) }

func newSet() set {
	base := arsctest.New("com.example.shop", 0x7f)
	base.String("app_name", "Shop")
	base.Set("string", "app_name", arsctest.Config{Locale: "de"}, arsctest.Str("Laden"))
	base.String("url", "https://resource.example.com/")
	base.File("xml", "config", "res/xml/config.xml")
	gifts := arsctest.New("com.example.shop.gifts", 0x7e)
	gifts.String("gift", "https://gift.example.com/")
	hdpi := arsctest.New("com.example.shop", 0x7f)
	hdpi.Set("drawable", "logo", arsctest.Config{Density: 240}, arsctest.Str("res/drawable-hdpi/logo.png"))
	config := axmltest.Compile(`<config url="https://xml.example.com/c"><item>text of an element</item></config>`, nil, axmltest.Options{})
	return set{
		base: apkOf(`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.shop"
				android:versionCode="7" android:versionName="1.2">
			<uses-sdk android:minSdkVersion="21" android:targetSdkVersion="33"/>
			<uses-permission android:name="android.permission.INTERNET"/>
			<application android:label="@string/app_name">
				<activity android:name=".Main" android:exported="true"/>
				<meta-data android:name="URL" android:value="@string/url"/>
			</application></manifest>`, base,
			apktest.File{Name: "classes.dex", Content: dexOf("com/example/shop/Main", "one.example.com"), Method: apktest.Deflated},
			apktest.File{Name: "classes2.dex", Content: dexOf("com/example/shop/Second", "two.example.com")},
			apktest.File{Name: "assets/hosts.json", Content: `{"host": "https://asset.example.com"}`},
			apktest.File{Name: "res/xml/config.xml", Content: string(config)},
			apktest.File{Name: "META-INF/services/x", Content: "com.example.Service"}),
		gifts: apkOf(`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.shop"
				split="gifts" android:versionCode="7" android:isFeatureSplit="true">
			<uses-permission android:name="android.permission.CAMERA"/>
			<application><service android:name="com.example.shop.gifts.Gift"/>
				<meta-data android:name="GIFT" android:value="@string/gift"/></application></manifest>`, gifts,
			apktest.File{Name: "classes.dex", Content: dexOf("com/example/shop/gifts/Gift", "feature.example.com")}),
		hdpi: apkOf(`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.shop"
				split="config.hdpi" android:versionCode="7"><application android:hasCode="false"/></manifest>`, hdpi),
	}
}

// in makes an input of one file.
func in(path string, b []byte) Part {
	return Part{Path: path, Role: RoleBase, Size: int64(len(b)), R: bytes.NewReader(b)}
}

func factsOf(t *testing.T, parts ...Part) *fact.Set {
	t.Helper()
	s, err := App(context.Background(), Source{Parts: parts}, Options{})
	if err != nil {
		t.Fatalf("%s: %v", parts[0].Path, err)
	}
	return s
}

// told is what the same app tells in each of its forms.
type told struct {
	Status, Package, Label, Version string
	Permissions, Components, Meta   []string
	Classes, Texts                  []string
}

func tell(s *fact.Set) told {
	m := &s.App.Manifest
	x := told{Status: string(s.App.Status), Package: m.Package, Label: s.App.Label, Version: fmt.Sprint(m.VersionName, m.VersionCode, m.MinSDK, m.TargetSDK)}
	for _, p := range m.Permissions {
		x.Permissions = append(x.Permissions, p.Name)
	}
	for _, c := range m.Components {
		x.Components = append(x.Components, fmt.Sprint(c.Kind, c.Name, c.Exported))
	}
	for _, d := range m.MetaData {
		x.Meta = append(x.Meta, d.Name+"="+d.Value)
	}
	for _, u := range s.Units {
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			x.Classes = append(x.Classes, fmt.Sprintf("%s %v", u.Type(typ), u.Info().Loaded))
		}
	}
	seen := map[string]bool{}
	for t := range s.Texts() {
		if text := fmt.Sprint(t.Kind, t.Name, t.Value); !seen[text] {
			seen[text] = true
			x.Texts = append(x.Texts, text)
		}
	}
	slices.Sort(x.Texts)
	slices.Sort(x.Classes)
	return x
}

func paths(s *fact.Set) string {
	var out []string
	for _, p := range s.App.Parts {
		out = append(out, p.Role+" "+p.Path)
		if p.Split != "" {
			out[len(out)-1] += " (" + p.Split + ")"
		}
	}
	return strings.Join(out, ", ")
}

func entry(name string, b []byte) bundletest.File { return bundletest.File{Name: name, Data: b} }

func TestFormsOfAnApp(t *testing.T) {
	x := newSet()
	split := func(path, name string, b []byte) Part {
		return Part{Path: path, Role: RoleSplit, Split: name, Size: int64(len(b)), R: bytes.NewReader(b)}
	}
	folder := tell(factsOf(t, in("shop/base.apk", x.base), split("shop/split_config.hdpi.apk", "config.hdpi", x.hdpi), split("shop/split_gifts.apk", "gifts", x.gifts)))
	if folder.Status != "complete" || folder.Label != "Shop" || len(folder.Classes) != 3 || len(folder.Components) != 2 || len(folder.Permissions) != 2 {
		t.Fatalf("%+v", folder)
	}
	const setOf = "container s.x, base s.x!%[1]s, split s.x!%[2]s (config.hdpi), split s.x!%[3]s (gifts)"
	for _, tt := range []struct {
		name  string
		files []bundletest.File
		parts string
		notes string
	}{
		{
			"bundletool",
			[]bundletest.File{
				entry("toc.pb", bundletest.TOC("com.example.shop", "splits/base-master.apk")),
				entry("splits/base-master.apk", x.base), entry("splits/base-hdpi.apk", x.hdpi), entry("splits/gifts-master.apk", x.gifts),
				entry("standalones/standalone-hdpi.apk", apkOf(`<manifest package="com.example.shop" xmlns:android="http://schemas.android.com/apk/res/android" android:versionCode="7"/>`, nil,
					apktest.File{Name: "classes.dex", Content: dexOf("com/example/shop/Standalone", "standalone.example.com")})),
			},
			"container s.x, base s.x!splits/base-master.apk, split s.x!splits/base-hdpi.apk (config.hdpi), split s.x!splits/gifts-master.apk (gifts)",
			"unsupported : other forms of the same app in it were left alone: standalones/standalone-hdpi.apk",
		},
		{
			"SAI",
			[]bundletest.File{
				entry("meta.sai_v1.json", []byte(`{"label":"not the label"}`)), entry("icon.png", []byte("\x89PNG\r\n\x1a\n")),
				entry("split_gifts.apk", x.gifts), entry("base.apk", x.base), entry("split_config.hdpi.apk", x.hdpi),
			},
			fmt.Sprintf(setOf, "base.apk", "split_config.hdpi.apk", "split_gifts.apk"), "",
		},
		{
			"XAPK",
			[]bundletest.File{
				entry("manifest.json", []byte(`{"xapk_version":2,"package_name":"com.other","name":"not the label"}`)),
				entry("com.example.shop.apk", x.base), entry("config.hdpi.apk", x.hdpi), entry("gifts.apk", x.gifts),
				entry("Android/obb/com.example.shop/main.7.com.example.shop.obb", []byte("0123456789")),
			},
			fmt.Sprintf(setOf, "com.example.shop.apk", "config.hdpi.apk", "gifts.apk"),
			"unsupported Android/obb/com.example.shop/main.7.com.example.shop.obb: an expansion file (OBB) of 10 bytes, which apps read and Android does not run; it was not looked into",
		},
		{
			"APKM",
			[]bundletest.File{
				entry("info.json", []byte(`{"apkm_version":5,"apk_title":"not the label"}`)),
				entry("base.apk", x.base), entry("split_config.hdpi.apk", x.hdpi), entry("split_gifts.apk", x.gifts),
			},
			fmt.Sprintf(setOf, "base.apk", "split_config.hdpi.apk", "split_gifts.apk"), "",
		},
		{
			"copies",
			[]bundletest.File{
				entry("base.apk", x.base), entry("other.apk", x.base), entry("split_config.hdpi.apk", x.hdpi), entry("split_gifts.apk", x.gifts),
			},
			fmt.Sprintf(setOf, "base.apk", "split_config.hdpi.apk", "split_gifts.apk"),
			"unsupported : other forms of the same app in it were left alone: other.apk",
		},
	} {
		for method, make := range map[string]func(...bundletest.File) []byte{"stored": bundletest.ZIP, "deflated": bundletest.Deflated} {
			s := factsOf(t, in("s.x", make(tt.files...)))
			if diff := cmp.Diff(folder, tell(s)); diff != "" {
				t.Errorf("%s, %s (-folder +container):\n%s", tt.name, method, diff)
			}
			if got := paths(s); got != tt.parts {
				t.Errorf("%s, %s: parts %s", tt.name, method, got)
			}
			if got := problemText(s); got != tt.notes {
				t.Errorf("%s, %s: problems %s", tt.name, method, got)
			}
		}
	}
	for name, opts := range map[string]protoxmltest.Options{"current": {}, "old": {Old: true}, "no ids": {NoIDs: true}} {
		aab := bundletest.AAB(opts, []bundletest.Module{{Name: "base", APK: x.base}, {Name: "gifts", APK: x.gifts}})
		s := factsOf(t, in("s.aab", aab))
		// The split for a kind of device does not exist before it is built.
		want := folder
		want.Texts = slices.DeleteFunc(slices.Clone(want.Texts), func(s string) bool { return strings.Contains(s, "hdpi") || s == "xmlhasCode" })
		if diff := cmp.Diff(want, tell(s)); diff != "" {
			t.Errorf("bundle, %s (-folder +bundle):\n%s", name, diff)
		}
		if got := paths(s); got != "container s.aab" || problemText(s) != "" {
			t.Errorf("bundle, %s: parts %s, problems %s", name, got, problemText(s))
		}
		var units []string
		for _, u := range s.Units {
			units = append(units, u.Info().Name)
		}
		if got := strings.Join(units, " "); got != "base/dex/classes.dex base/dex/classes2.dex gifts/dex/classes.dex" {
			t.Errorf("bundle, %s: units %s", name, got)
		}
	}
}

func problemText(s *fact.Set) string {
	var out []string
	for _, p := range s.Settled().Problems {
		x := fmt.Sprintf("%s %s: %s", p.Kind, p.Part, p.Detail)
		if p.Lossy {
			x = "LOSSY " + x
		}
		out = append(out, x)
	}
	return strings.Join(out, "; ")
}

func TestContainersThatAreNotWhole(t *testing.T) {
	x := newSet()
	other := apkOf(`<manifest package="com.other"/>`, nil, apktest.File{Name: "classes.dex", Content: dexOf("com/other/Main", "other.example.com")})
	for _, tt := range []struct {
		name    string
		files   []bundletest.File
		status  fact.Status
		classes string
		notes   []string
	}{
		{
			"no base",
			[]bundletest.File{entry("split_gifts.apk", x.gifts), entry("split_config.hdpi.apk", x.hdpi)},
			fact.Partial, "[Lcom/example/shop/gifts/Gift; true]",
			[]string{"LOSSY missing-part", "there is no base APK in it", "adb shell pm path com.example.shop"},
		},
		{
			"no base and no code",
			[]bundletest.File{entry("split_config.hdpi.apk", x.hdpi)},
			fact.NoCode, "[]",
			[]string{"LOSSY missing-part", "there is no base APK in it"},
		},
		{
			"a damaged split",
			[]bundletest.File{entry("base.apk", x.base), entry("split_gifts.apk", x.gifts[:200])},
			fact.Partial, "[Lcom/example/shop/Main; true Lcom/example/shop/Second; true]",
			[]string{"LOSSY", "split_gifts.apk"},
		},
		{
			"another app",
			[]bundletest.File{entry("base.apk", x.base), entry("split_gifts.apk", x.gifts), entry("other.apk", other)},
			fact.Complete, "[Lcom/example/shop/Main; true Lcom/example/shop/Second; true Lcom/example/shop/gifts/Gift; true Lcom/other/Main; false]",
			[]string{"unsupported other.apk: this APK is not of the app com.example.shop: it is com.other"},
		},
	} {
		s := factsOf(t, in("s.apks", bundletest.ZIP(tt.files...)))
		if s.App.Status != tt.status {
			t.Errorf("%s: %s: %s", tt.name, s.App.Status, problemText(s))
		}
		if got := fmt.Sprint(tell(s).Classes); got != tt.classes {
			t.Errorf("%s: classes %s", tt.name, got)
		}
		for _, note := range tt.notes {
			if !strings.Contains(problemText(s), note) {
				t.Errorf("%s: %q is not among the problems: %s", tt.name, note, problemText(s))
			}
		}
		if s.App.Manifest.Package != "com.example.shop" {
			t.Errorf("%s: package %s", tt.name, s.App.Manifest.Package)
		}
	}
}

func TestEncryptedAPKM(t *testing.T) {
	b := append([]byte{0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xa7}, 4000)...)
	_, err := App(context.Background(), Source{Parts: []Part{in("x.apkm", b)}}, Options{})
	if err == nil || problemKind(err) != fact.ProblemEncrypted || !strings.Contains(err.Error(), "adb") {
		t.Errorf("%v", err)
	}
}

func TestDependenciesOfABundle(t *testing.T) {
	x := newSet()
	libs := []bundle.Library{{Group: "com.acme", Artifact: "stat", Version: "1.2"}, {UnityPackage: "com.unity.ads"}, {Group: "androidx.core", Artifact: "core"}}
	const name = "BUNDLE-METADATA/com.android.tools.build.libraries/dependencies.pb"
	s := factsOf(t, in("s.aab", bundletest.AAB(protoxmltest.Options{}, []bundletest.Module{{Name: "base", APK: x.base}}, entry(name, bundletest.Dependencies(libs...)))))
	want := []fact.Module{
		{Kind: fact.ModuleMaven, Name: "com.acme:stat", Version: "1.2", Unit: name},
		{Kind: fact.ModuleMaven, Name: "androidx.core:core", Unit: name},
	}
	if diff := cmp.Diff(want, s.App.Modules); diff != "" || s.App.Status != fact.Complete {
		t.Errorf("%s: %s", s.App.Status, diff)
	}
}

const obfuscated = `
.class public La/a;
.super Landroid/app/Application;
.field static final a:Ljava/lang/String; = "x"
.method public onCreate()V
    .registers 3
    sget-object v0, La/a;->a:Ljava/lang/String;
    const-class v1, La/b;
    invoke-static {v0, v1}, La/c;->a(Ljava/lang/String;Ljava/lang/Class;)V
    return-void
.end method

.class public La/b;
.super Ljava/lang/Object;
.method public static a(Ljava/lang/String;Ljava/lang/Class;)V
    .registers 2
    return-void
.end method

.class public La/c;
.super La/b;
`

const obfuscation = `# compiler: R8
com.example.App -> a.a:
    java.lang.String key -> a
    1:1:void onCreate():5:5 -> onCreate
com.acme.stat.Stat -> a.b:
    1:1:void send(java.lang.String,java.lang.Class):9:9 -> a
com.acme.stat.Sub -> a.c:
`

func TestFirstNames(t *testing.T) {
	base := apkOf(`<manifest package="com.example"><application/></manifest>`, nil, apktest.File{Name: "classes.dex", Content: string(dextest.Must(obfuscated))})
	modules := []bundletest.Module{{Name: "base", APK: base}}
	const name = "BUNDLE-METADATA/com.android.tools.build.obfuscation/proguard.map"
	s := factsOf(t, in("s.aab", bundletest.AAB(protoxmltest.Options{}, modules, entry(name, []byte(obfuscation)))))
	if got := problemText(s); !strings.Contains(got, "3 of 3 classes") || s.App.Status != fact.Complete {
		t.Errorf("%s: %s", s.App.Status, got)
	}
	u := s.Units[0]
	if got := fmt.Sprint(tell(s).Classes); got != "[Lcom/acme/stat/Stat; true Lcom/acme/stat/Sub; true Lcom/example/App; true]" {
		t.Error(got)
	}
	var calls, fields []string
	for body, x := range u.Bodies() {
		for _, r := range u.Refs()[x.RefFirst:x.RefEnd] {
			switch {
			case r.Kind.IsCall():
				class, name, proto := u.Method(r.Index)
				calls = append(calls, u.Type(class)+"->"+u.String(name)+u.Proto(proto))
				calls = append(calls, fmt.Sprint(u.Args(body, r.PC)))
			case r.Kind == fact.RefFieldGet:
				class, name, typ := u.Field(r.Index)
				fields = append(fields, u.Type(class)+"->"+u.String(name)+":"+u.Type(typ))
			}
		}
	}
	// The method is called through a class that inherits it.
	if got := strings.Join(calls, " "); !strings.HasPrefix(got, "Lcom/acme/stat/Sub;->send(Ljava/lang/String;Ljava/lang/Class;)V ") || !strings.Contains(got, "Lcom/acme/stat/Stat;") {
		t.Error(got)
	}
	if got := strings.Join(fields, " "); got != "Lcom/example/App;->key:Ljava/lang/String;" {
		t.Error(got)
	}
	if _, ok := s.Graph.Lookup("Lcom/acme/stat/Stat;", "send", "(Ljava/lang/String;Ljava/lang/Class;)V"); !ok {
		t.Error("the graph does not know the method by its first name")
	}
	if u.TypesSorted() || u.NumStrings() <= u.Info().Strings {
		t.Errorf("%d strings, %d in the file", u.NumStrings(), u.Info().Strings)
	}
	// Frozen facts keep the names.
	var frozen bytes.Buffer
	if err := fact.Freeze(&frozen, s); err != nil {
		t.Fatal(err)
	}
	thawed, err := fact.Thaw(bytes.NewReader(frozen.Bytes()), int64(frozen.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tell(s), tell(thawed)); diff != "" {
		t.Error(diff)
	}
	// Without a map, or with one that is none, the names of the code stay.
	for _, text := range []string{"", "no map at all\n"} {
		s := factsOf(t, in("s.aab", bundletest.AAB(protoxmltest.Options{}, modules, entry(name, []byte(text)))))
		if got := fmt.Sprint(tell(s).Classes); got != "[La/a; true La/b; true La/c; true]" || !strings.Contains(problemText(s), "mapping") {
			t.Errorf("%s %s", got, problemText(s))
		}
	}
}

func TestPeekContainers(t *testing.T) {
	x := newSet()
	for name, b := range map[string][]byte{
		"set":      bundletest.ZIP(entry("base.apk", x.base)),
		"deflated": bundletest.Deflated(entry("picture", x.base)),
		"bundle":   bundletest.AAB(protoxmltest.Options{}, []bundletest.Module{{Name: "base", APK: x.base}}),
	} {
		p := Peek(Part{R: bytes.NewReader(b), Size: int64(len(b))}, Limits{})
		if p == nil || p.Package != "" || !p.HasCode {
			t.Errorf("%s: %+v", name, p)
		}
	}
	other := bundletest.ZIP(entry("a.txt", []byte("text")), entry("b.zip", bundletest.ZIP(entry("c", nil))))
	if p := Peek(Part{R: bytes.NewReader(other), Size: int64(len(other))}, Limits{}); p != nil {
		t.Errorf("%+v", p)
	}
}

func TestContainerIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := bundletest.ZIP(entry("base.apk", newSet().base))
	if _, err := App(ctx, Source{Parts: []Part{in("s.apks", b)}}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestRealAppsAsBundles makes bundles of real APKs and compares what both tell.
func TestRealAppsAsBundles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many files")
	}
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	apps, texts := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".apk") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		want := tell(factsOf(t, in(name, b)))
		aab := bundletest.AAB(protoxmltest.Options{}, []bundletest.Module{{Name: "base", APK: b}})
		got := tell(factsOf(t, in(name, aab)))
		// The tags of styled texts, and strings that nothing refers to, are not
		// in the bundles that bundletest makes, nor the names of attributes that
		// the resource map hides.
		have := map[string]bool{}
		for _, s := range got.Texts {
			have[s] = true
		}
		missing := 0
		for _, s := range want.Texts {
			if !have[s] && strings.Contains(s, "://") && !strings.Contains(s, ";href=") {
				missing++
				t.Errorf("%s: %q is missing", name, s)
			}
		}
		apps, texts = apps+1, texts+len(want.Texts)
		want.Texts, got.Texts = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-APK +bundle):\n%s", name, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d apps, %d texts", apps, texts)
}
