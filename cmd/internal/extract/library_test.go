package extract

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// sdkCode is an invented SDK: what the tests look for in it.
const sdkCode = `
.class public com/maker/sdk/Agent
.version 52 0
.field public static final VERSION Ljava/lang/String; = "4.2.0"
.annotation Lcom/maker/sdk/Note; text="https://annotation.example.com/"
.method public static synchronized start(Landroid/content/Context;)V
    aload_0
    invokevirtual android/content/Context.getContentResolver()Landroid/content/ContentResolver;
    ldc "android_id"
    invokestatic android/provider/Settings$Secure.getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;
    astore_1
    aload_1
    invokedynamic make(Ljava/lang/String;)Ljava/lang/String; java/lang/invoke/StringConcatFactory.makeConcatWithConstants()V "https://code.example.com/?id=\u0001"
    invokestatic com/maker/sdk/Net.send(Ljava/lang/String;)V
    new java/lang/Thread
    dup
    invokedynamic run()Ljava/lang/Runnable; java/lang/invoke/LambdaMetafactory.metafactory()V type(()V) handle(static,com/maker/sdk/Agent.lambda$0()V) type(()V)
    invokespecial java/lang/Thread.<init>(Ljava/lang/Runnable;)V
    return
.end
.method private static lambda$0()V
    ldc class(com/maker/sdk/Net)
    pop
    return
.end
.class com/maker/sdk/Net
.super java/lang/Thread
.version 50 0
.field count I
.method public run()V
    aload_0
    invokespecial java/lang/Thread.run()V
    aload_0
    aload_0
    getfield com/maker/sdk/Net.count:I
    iconst_1
    iadd
    putfield com/maker/sdk/Net.count:I
    return
.end
.method static send(Ljava/lang/String;)V
    return
.end
.class public interface abstract annotation com/maker/sdk/Note
`

// sdkParts are the classes that the manifest names.
const sdkParts = `
.class com/maker/sdk/Page
.class com/maker/sdk/Start
.class com/maker/sdk/Push
`

const sdkManifest = `<?xml version="1.0" encoding="utf-8"?>
<!-- a library -->
<manifest xmlns:android="http://schemas.android.com/apk/res/android" xmlns:tools="http://schemas.android.com/tools"
    package="com.maker.sdk" android:versionCode="42" android:versionName="4.2.0" >
  <uses-sdk android:minSdkVersion="16" android:targetSdkVersion="30" />
  <uses-permission android:name="android.permission.INTERNET" />
  <uses-permission android:name="android.permission.READ_PHONE_STATE" android:maxSdkVersion="28" tools:node="merge" />
  <application android:allowBackup="@bool/backup" >
    <activity android:name=".Page" android:exported="true" />
    <activity android:name=".Gone" tools:node="remove" ><meta-data android:name="x" android:value="y" /></activity>
    <provider android:name="com.maker.sdk.Start" android:authorities="${applicationId}.maker" android:exported="false" android:process=":p" />
    <service android:name=".Push" android:exported="@bool/open" ><intent-filter><action android:name="com.maker.PUSH" /></intent-filter></service>
    <meta-data android:name="maker.key" android:value="@string/maker_key" />
    <meta-data android:name="maker.paths" android:resource="@xml/paths" />
  </application>
</manifest>`

// sdkAAR returns an archive with those parts, and files that are not built
// into apps.
func sdkAAR(classes string, more ...apktest.File) []byte {
	other := classtest.Jar(".class com/other/Lib\n.method static m()V\nldc \"https://other.example.com/\"\npop\nreturn\n.end")
	lint := classtest.Jar(".class com/maker/lint/Check\n.method static m()V\nldc \"https://lint.example.com/\"\npop\nreturn\n.end")
	return apktest.ZIP{Files: append([]apktest.File{
		{Name: "AndroidManifest.xml", Content: sdkManifest},
		{Name: "classes.jar", Content: string(classtest.Jar(classes, "META-INF/maven/com.maker/sdk/pom.properties", "version=4.2.0\n"))},
		{Name: "libs/other.jar", Content: string(other)},
		{Name: "lint.jar", Content: string(lint)},
		{Name: "R.txt", Content: "int string maker_key 0x0\n"},
		{Name: "proguard.txt", Content: "-keep class com.maker.sdk.** { *; } # https://rules.example.com/\n"},
		{Name: "assets/hosts.txt", Content: "https://asset.example.com/\n"},
		{Name: "res/values/values.xml", Content: `<resources xmlns:x="urn:x"><string name="maker_key">k-1</string>
			<string-array name="hosts"><item>https://array.example.com/</item><item>b</item></string-array>
			<item type="string" name="typed">https://item.example.com/</item><color name="c">#fff</color>
			<string name="styled">a <b>bold</b> word</string></resources>`},
		{Name: "res/layout-land/page.xml", Content: `<LinearLayout xmlns:android="http://schemas.android.com/apk/res/android" android:text="https://layout.example.com/">inner</LinearLayout>`},
		{Name: "jni/arm64-v8a/libmaker.so", Content: "no library"},
	}, more...)}.Bytes()
}

func extractOne(t *testing.T, name string, data []byte) *fact.Set {
	t.Helper()
	set, err := App(t.Context(), Source{Parts: []Part{{Path: name, Role: RoleBase, Size: int64(len(data)), R: bytes.NewReader(data)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestAAR(t *testing.T) {
	set := extractOne(t, "d/maker.aar", sdkAAR(sdkCode+sdkParts))
	m := &set.App.Manifest
	want := fact.Manifest{
		Present: true, Package: "com.maker.sdk", VersionName: "4.2.0", VersionCode: 42, MinSDK: 16, TargetSDK: 30, HasCode: true,
		Permissions: []fact.Permission{{Name: "android.permission.INTERNET"}, {Name: "android.permission.READ_PHONE_STATE", MaxSDK: 28}},
		Components: []fact.Component{
			{Kind: fact.Activity, Name: "com.maker.sdk.Page", Exported: true, Enabled: true},
			{Kind: fact.Provider, Name: "com.maker.sdk.Start", Enabled: true, Authorities: []string{"${applicationId}.maker"}, Process: "com.maker.sdk:p"},
			{Kind: fact.Service, Name: "com.maker.sdk.Push", Enabled: true, Exported: true, Actions: []string{"com.maker.PUSH"}},
		},
		MetaData: []fact.MetaData{{Name: "maker.key", Value: "@string/maker_key"}, {Name: "maker.paths", Value: "@xml/paths"}},
	}
	if d := cmp.Diff(want, *m); d != "" {
		t.Errorf("manifest:\n%s", d)
	}
	var units []string
	for _, u := range set.Units {
		i := u.Info()
		units = append(units, fmt.Sprintln(i.Name, i.Format, i.Version, i.Classes, i.Instructions, i.Status, i.Loaded))
	}
	if d := cmp.Diff([]string{"classes.jar class 52 6 26 complete true\n", "libs/other.jar class 52 1 3 complete true\n"}, units); d != "" {
		t.Errorf("units:\n%s", d)
	}
	var texts []string
	for x := range set.Texts() {
		texts = append(texts, strings.TrimSpace(fmt.Sprint(x.Unit, " ", x.Kind, " ", x.Name, " ", x.Value)))
	}
	for _, want := range []string{
		"assets/hosts.txt asset  https://asset.example.com/",
		"res/values/values.xml resource string/maker_key k-1",
		"res/values/values.xml resource array/hosts https://array.example.com/",
		"res/values/values.xml resource array/hosts b",
		"res/values/values.xml resource string/typed https://item.example.com/",
		"res/values/values.xml resource string/styled a bold word",
		"res/layout-land/page.xml resource layout/page res/layout-land/page.xml",
		"res/layout-land/page.xml xml  https://layout.example.com/",
		"res/layout-land/page.xml xml  inner",
		"classes.jar!META-INF/maven/com.maker/sdk/pom.properties asset  version=4.2.0",
		"AndroidManifest.xml xml  ${applicationId}.maker",
	} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q", want)
		}
	}
	for _, x := range texts {
		for _, bad := range []string{"lint.example.com", "rules.example.com", "R.txt", "schemas.android.com", "#fff"} {
			if strings.Contains(x, bad) {
				t.Errorf("%q was read", x)
			}
		}
	}
	for _, f := range []string{"lint.jar", "R.txt", "jni/arm64-v8a/libmaker.so"} {
		if !slices.ContainsFunc(set.App.Files, func(x fact.File) bool { return x.Unit == f }) {
			t.Errorf("%s is not among the files", f)
		}
	}
	if set.App.Status != fact.Complete {
		t.Errorf("status %s: %v", set.App.Status, set.App.Problems)
	}
}

// TestClassUnit compares what a unit of class files says with what the DEX file
// made of the same program would say.
func TestClassUnit(t *testing.T) {
	u := extractOne(t, "maker.jar", classtest.Jar(sdkCode)).Units[0]
	if i := u.Info(); i.Name != "maker.jar" || !i.Loaded || !u.TypesSorted() {
		t.Errorf("%+v", i)
	}
	var got []string
	for i := range u.NumClasses() {
		typ, super, flags := u.Class(i)
		got = append(got, fmt.Sprintf("class %s %s %#x", u.Type(typ), u.Type(super), flags))
		for m := range u.ClassMethods(i) {
			_, name, proto := u.Method(m.Method)
			got = append(got, fmt.Sprintf("  method %s%s %#x %v", u.String(name), u.Proto(proto), m.Flags, m.Virtual))
			if m.Body < 0 {
				continue
			}
			b := u.Bodies()[m.Body]
			for _, r := range u.Refs()[b.RefFirst:b.RefEnd] {
				got = append(got, fmt.Sprintf("    %d %s", r.PC, refString(u, r)))
			}
		}
		for f := range u.ClassFields(i) {
			_, name, typ := u.Field(f.Field)
			got = append(got, fmt.Sprintf("  field %s:%s %#x %d %s", u.String(name), u.Type(typ), f.Flags, f.Const.Kind, f.Const.S))
		}
		for a := range u.ClassAnnotations(i) {
			got = append(got, fmt.Sprintf("  annotation %s %s %s=%s", a.Member, a.Type, a.Name, a.Value.S))
		}
	}
	want := strings.Split(strings.TrimSpace(`
class Lcom/maker/sdk/Agent; Ljava/lang/Object; 0x1
  method start(Landroid/content/Context;)V 0x20009 false
    1 call Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;
    4 string android_id
    6 call Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;
    11 dynamic 
    11 string https://code.example.com/?id=
    16 call Lcom/maker/sdk/Net;->send(Ljava/lang/String;)V
    19 new Ljava/lang/Thread;
    23 dynamic Lcom/maker/sdk/Agent;->lambda$0()V
    28 direct Ljava/lang/Thread;-><init>(Ljava/lang/Runnable;)V
  method lambda$0()V 0xa false
    0 class Lcom/maker/sdk/Net;
  field VERSION:Ljava/lang/String; 0x19 2 4.2.0
  annotation VERSION Lcom/maker/sdk/Note; text=https://annotation.example.com/
class Lcom/maker/sdk/Net; Ljava/lang/Thread; 0x0
  method run()V 0x1 true
    1 super Ljava/lang/Thread;->run()V
    6 get Lcom/maker/sdk/Net;->count:I
    11 put Lcom/maker/sdk/Net;->count:I
  method send(Ljava/lang/String;)V 0x8 false
  field count:I 0x0 0 
class Lcom/maker/sdk/Note; Ljava/lang/Object; 0x2601`), "\n")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The read of the id, with what it asks for; and where the id goes.
	for _, r := range u.Refs() {
		s := refString(u, r)
		switch {
		case strings.Contains(s, "Settings$Secure;->getString"):
			if args := u.Args(0, r.PC); len(args) != 2 || args[1].Kind != fact.String || args[1].S != "android_id" {
				t.Errorf("getString takes %v", args)
			}
		case strings.Contains(s, "->send("):
			args := u.Args(0, r.PC)
			if len(args) != 1 || args[0].Kind != fact.Concat || args[0].Elems[0].S != "https://code.example.com/?id=" || args[0].Elems[1].Kind != fact.Result {
				t.Errorf("send takes %v", args)
			}
		}
	}
}

func refString(u fact.Unit, r fact.Ref) string {
	member := func(class, name, rest uint32, text func(uint32) string, sep string) string {
		if class == fact.NoIndex {
			return ""
		}
		return u.Type(class) + "->" + u.String(name) + sep + text(rest)
	}
	switch r.Kind {
	case fact.RefString:
		return "string " + u.String(r.Index)
	case fact.RefClass:
		return "class " + u.Type(r.Index)
	case fact.RefNew:
		return "new " + u.Type(r.Index)
	case fact.RefTypeOther:
		return "type " + u.Type(r.Index)
	case fact.RefFieldGet, fact.RefFieldPut:
		a, b, c := u.Field(r.Index)
		return map[fact.RefKind]string{fact.RefFieldGet: "get ", fact.RefFieldPut: "put "}[r.Kind] + member(a, b, c, u.Type, ":")
	}
	a, b, c := u.Method(r.Index)
	names := map[fact.RefKind]string{fact.RefCallDirect: "direct ", fact.RefCallSuper: "super ", fact.RefCallDynamic: "dynamic ", fact.RefHandle: "handle "}
	if n, ok := names[r.Kind]; ok {
		return n + member(a, b, c, u.Proto, "")
	}
	return "call " + member(a, b, c, u.Proto, "")
}

// TestJAR looks at archives of several kinds of code.
func TestJAR(t *testing.T) {
	one := func(text string) string { return string(classtest.One(text)) }
	for _, c := range []struct {
		name  string
		files []apktest.File
		units string
	}{
		{"newer classes again", []apktest.File{
			{Name: "a/B.class", Content: one(".class a/B")},
			{Name: "META-INF/versions/9/a/B.class", Content: one(".class a/B\n.version 53 0")},
			{Name: "module-info.class", Content: one(".class module module-info\n.super none\n.version 53 0")},
		}, "x.jar class 52 1 true"},
		{"class files under other names", []apktest.File{{Name: "a/B.dat", Content: one(".class a/B")}, {Name: "C", Content: one(".class C\n.version 61 0")}}, "x.jar class 61 2 true"},
		{"DEX", []apktest.File{{Name: "classes.dex", Content: string(dextest.Must(".class LA;"))}}, "classes.dex dex 035 1 true"},
		{"DEX and class files", []apktest.File{{Name: "classes.dex", Content: string(dextest.Must(".class LA;"))}, {Name: "B.class", Content: one(".class B")}}, "classes.dex dex 035 1 true, x.jar class 52 1 false"},
		{"a jar in a jar", []apktest.File{{Name: "A.class", Content: one(".class A")}, {Name: "lib/b.jar", Content: string(classtest.Jar(".class B"))}}, "x.jar class 52 1 true, lib/b.jar class 52 1 false"},
		{"equal jars", []apktest.File{{Name: "lib/a.jar", Content: string(classtest.Jar(".class A"))}, {Name: "lib/b.jar", Content: string(classtest.Jar(".class A", "other", "text"))}}, "lib/a.jar class 52 1 false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := extractOne(t, "d/x.jar", apktest.ZIP{Files: c.files}.Bytes())
			var got []string
			for _, u := range set.Units {
				i := u.Info()
				got = append(got, fmt.Sprint(i.Name, " ", i.Format, " ", i.Version, " ", i.Classes, " ", i.Loaded))
			}
			if got := strings.Join(got, ", "); got != c.units {
				t.Errorf("got  %s\nwant %s", got, c.units)
			}
			if set.App.Status != fact.Complete {
				t.Errorf("%s: %v", set.App.Status, set.App.Problems)
			}
		})
	}
}

// TestClassFile reads one class file on its own.
func TestClassFile(t *testing.T) {
	set := extractOne(t, "d/Agent.class", classtest.One(".class com/maker/Agent\n.method static m()V\nldc \"a\"\npop\nreturn\n.end"))
	if len(set.Units) != 1 || set.Units[0].Info().Name != "Agent.class" || set.Units[0].NumClasses() != 1 {
		t.Errorf("%d units", len(set.Units))
	}
}

// TestDamagedClasses breaks one class file of several: the others are read, and
// the app says what is missing.
func TestDamagedClasses(t *testing.T) {
	good := string(classtest.One(".class A\n.method static m()V\nldc \"whole\"\npop\nreturn\n.end"))
	bad := string(classtest.One(".class B\n.method static m()V\nldc \"rest\"\npop\n.byte 203\n.end"))
	for _, c := range []struct{ name, content, want string }{
		{"code", bad, "the code of 1 of its methods could not be read to its end"},
		{"tail", good[:len(good)-3], "A: methods at"},
		{"head", bad[:40], "a class file: constant_pool at"},
	} {
		set := extractOne(t, "x.jar", apktest.ZIP{Files: []apktest.File{{Name: "A.class", Content: good}, {Name: "B.class", Content: c.content}}}.Bytes())
		if set.App.Status != fact.Partial || set.Units[0].Info().Status != fact.Partial {
			t.Errorf("%s: %s", c.name, set.App.Status)
		}
		if !slices.ContainsFunc(set.App.Problems, func(p fact.Problem) bool { return p.Lossy && strings.Contains(p.Detail, c.want) }) {
			t.Errorf("%s: %v", c.name, set.App.Problems)
		}
		if !slices.ContainsFunc(set.Units[0].Refs(), func(r fact.Ref) bool {
			return r.Kind == fact.RefString && set.Units[0].String(r.Index) == "whole"
		}) {
			t.Errorf("%s: what is whole was not read", c.name)
		}
	}
}

// TestBadSourceXML reads manifests that are no XML, or only at first.
func TestBadSourceXML(t *testing.T) {
	for _, c := range []struct {
		manifest string
		pkg      string
		status   fact.Status
	}{
		{`<manifest package="a.b"><application android:name=".A"/></manifest>`, "a.b", fact.Complete},
		{"\ufeff<manifest package=\"a.b\">", "a.b", fact.Partial},
		{`<manifest package="a.b"><application><activity android:name="a.C"`, "a.b", fact.Partial},
		{`<other package="a.b"/>`, "", fact.Partial},
		{`<?xml version="1.0" encoding="gbk"?><manifest package="a.b">` + "\xb0\xa1</manifest>", "a.b", fact.Complete},
		{`<!DOCTYPE m [<!ENTITY a "b">]><manifest package="&a;"/>`, "&a;", fact.Complete},
		{"<manifest package=\"a.b\">" + strings.Repeat("<a>", 300), "a.b", fact.Partial},
	} {
		data := apktest.ZIP{Files: []apktest.File{
			{Name: "AndroidManifest.xml", Content: c.manifest},
			{Name: "classes.jar", Content: string(classtest.Jar(".class A"))},
		}}.Bytes()
		set := extractOne(t, "x.aar", data)
		if set.App.Manifest.Package != c.pkg || set.App.Status != c.status || len(set.Units) != 1 {
			t.Errorf("%.60s: package %q, %s, %d units: %v", c.manifest, set.App.Manifest.Package, set.App.Status, len(set.Units), set.App.Problems)
		}
	}
}

// TestFrozenClasses freezes the facts of a library and thaws them.
func TestFrozenClasses(t *testing.T) {
	set := extractOne(t, "maker.aar", sdkAAR(sdkCode))
	var b bytes.Buffer
	if err := fact.Freeze(&b, set); err != nil {
		t.Fatal(err)
	}
	again, err := fact.Thaw(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if d := facttest.Diff(set, again); d != "" {
		t.Error(d)
	}
}

// TestPeekLibrary tells libraries from other archives.
func TestPeekLibrary(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want bool
	}{
		{"jar", classtest.Jar(".class a/B"), true},
		{"aar", sdkAAR(sdkCode), true},
		{"jar of resources", apktest.ZIP{Files: []apktest.File{{Name: "a.txt", Content: "x"}, {Name: "b.class", Content: "no class"}}}.Bytes(), false},
	} {
		if p := Peek(Part{R: bytes.NewReader(c.data), Size: int64(len(c.data))}, Limits{}); (p != nil) != c.want || p != nil && p.Package != "" {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

func FuzzSourceXML(f *testing.F) {
	f.Add([]byte(sdkManifest))
	f.Add([]byte(`<resources><string name="a">b</string></resources>`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		openManifest(append([]byte("<"), b...), nil)
		for _, name := range []string{"res/values/a.xml", "res/layout/a.xml", "AndroidManifest.xml"} {
			ar := apktest.ZIP{Files: []apktest.File{{Name: name, Content: string(b)}}}.Bytes()
			readSource(ar, func(fact.Text) bool { return true })
		}
	})
}

// readSource yields the texts of the first entry of an archive.
func readSource(data []byte, yield func(fact.Text) bool) {
	l := Limits{}.archive()
	if ar, err := l.NewBytes(data); err == nil && len(ar.Entries()) > 0 {
		sourceText(textSource{unit: "x", e: ar.Entries()[0]}, apk.NewBudget(l), yield)
	}
}
