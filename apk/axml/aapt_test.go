package axml_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/restype"
)

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (apt-get install %s)", name, name)
	}
	return path
}

// xmltree renders events as "aapt dump xmltree" does, without indentation.
func xmltree(d *axml.Document) []string {
	var out []string
	type binding struct{ prefix, uri string }
	var scope []binding
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
	}
	qualify := func(uri, name string) string {
		if uri == "" {
			return name
		}
		for _, b := range scope {
			if b.uri == uri {
				return b.prefix + ":" + name
			}
		}
		return uri + ":" + name
	}
	depth := 0
	for e := range d.Events() {
		switch e.Kind {
		case axml.StartNamespace:
			scope = append(scope, binding{e.Name, e.Namespace})
			out = append(out, "N: "+e.Name+"="+e.Namespace)
		case axml.EndNamespace:
			scope = scope[:max(len(scope)-1, 0)]
		case axml.StartElement:
			depth++
			out = append(out, fmt.Sprintf("E: %s (line=%d)", qualify(e.Namespace, e.Name), int32(e.Line)))
			for _, a := range e.Attrs {
				s := "A: " + qualify(a.Namespace, a.Name)
				if a.ID != 0 {
					s += fmt.Sprintf("(0x%08x)", a.ID)
				}
				s += "="
				v := a.Value
				switch v.Type {
				case restype.TypeNull:
					s += "(null)"
				case restype.TypeReference:
					s += fmt.Sprintf("@0x%08x", v.Data)
				case restype.TypeAttribute:
					s += fmt.Sprintf("?0x%08x", v.Data)
				case restype.TypeString:
					s += quote(v.Str)
				case restype.TypeDynamicReference:
					s += fmt.Sprintf("dynamic@0x%08x", v.Data)
				default:
					s += fmt.Sprintf("(type 0x%x)0x%x", uint8(v.Type), v.Data)
				}
				if a.HasRaw {
					s += " (Raw: " + quote(a.Raw) + ")"
				}
				out = append(out, s)
			}
		case axml.EndElement:
			depth--
		case axml.Text:
			out = append(out, "C: "+quote(e.Value.Str))
		}
	}
	return out
}

// aaptTree returns what "aapt dump xmltree" says of files in an APK.
func aaptTree(t *testing.T, apk string, files ...string) []string {
	t.Helper()
	out, err := exec.Command(tool(t, "aapt"), append([]string{"dump", "xmltree", apk}, files...)...).Output()
	if err != nil {
		return nil
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		list = append(list, strings.TrimSuffix(strings.TrimLeft(line, " "), "\n"))
	}
	return list
}

func writeAPK(t *testing.T, manifest []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "AndroidManifest.xml", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(manifest); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.apk")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAgainstAapt(t *testing.T) {
	for name, opts := range map[string]axmltest.Options{
		"plain":           {},
		"utf8":            {UTF8: true},
		"attributes":      {AttributeSize: 24, AttributeStart: 32},
		"node header":     {NodeHeader: 24},
		"hidden names":    {HideNames: true},
		"unknown chunks":  {Before: []byte{0x77, 7, 8, 0, 8, 0, 0, 0}},
		"namespace":       {NamespaceURI: "http://x/"},
		"no resource map": {NoResourceMap: true},
	} {
		t.Run(name, func(t *testing.T) {
			data := axmltest.Compile(sample, refs, opts)
			d, err := axml.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			got := xmltree(d)
			if opts.NoResourceMap {
				// The ids are ours, from the names.
				for i, s := range got {
					if j := strings.Index(s, "(0x0101"); j > 0 {
						got[i] = s[:j] + s[j+12:]
					}
				}
			}
			if diff := cmp.Diff(aaptTree(t, writeAPK(t, data), "AndroidManifest.xml"), got); diff != "" {
				t.Errorf("(-aapt +we):\n%s", diff)
			}
		})
	}
}

// TestAgainstAaptOnRealFiles compares every binary XML file of every APK below
// the folder that TELLTALE_TEST_FILES names.
func TestAgainstAaptOnRealFiles(t *testing.T) {
	tool(t, "aapt")
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	apks, files, lines := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || filepath.Ext(path) != ".apk" {
			return err
		}
		z, err := zip.OpenReader(path)
		if err != nil {
			return nil
		}
		defer z.Close()
		apks++
		var names []string
		var want []string
		for _, f := range z.File {
			if filepath.Ext(f.Name) != ".xml" {
				continue
			}
			r, err := f.Open()
			if err != nil {
				continue
			}
			data, err := io.ReadAll(r)
			if err != nil || !axml.IsDocument(data) {
				continue
			}
			d, err := axml.Open(data)
			if err != nil {
				t.Errorf("%s!%s: %v", path, f.Name, err)
				continue
			}
			names = append(names, f.Name)
			want = append(want, xmltree(d)...)
		}
		if len(names) == 0 {
			return nil
		}
		got := aaptTree(t, path, names...)
		if got == nil {
			t.Logf("%s: aapt does not read it", path)
			return nil
		}
		files += len(names)
		lines += len(got)
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || !sameLine(got[i], want[i]) {
				t.Errorf("%s: line %d:\naapt %q\nwe   %q", path, i, at(got, i), at(want, i))
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d APKs, %d files, %d lines compared", apks, files, lines)
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// sameLine allows for the two ways in which aapt shows references to shared
// libraries: as they are, and with the package put in.
func sameLine(aapt, we string) bool {
	head, id, ok := strings.Cut(we, "dynamic@0x")
	return aapt == we || ok && strings.HasPrefix(aapt, head) &&
		(aapt == head+"(type 0x7)0x"+strings.TrimLeft(id, "0") || strings.HasPrefix(aapt, head+"@0x") && strings.HasSuffix(aapt, id[2:]))
}

// TestAgainstAapt2 has aapt2 compile a manifest and wants the builder of
// fixtures to make the same document of the same text.
func TestAgainstAapt2(t *testing.T) {
	const framework = "/usr/share/android-framework-res/framework-res.apk"
	aapt2 := tool(t, "aapt2")
	if _, err := os.Stat(framework); err != nil {
		t.Skip("android-framework-res is not installed (apt-get install android-framework-res)")
	}
	const text = `
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example" android:versionCode="7"
    android:versionName="1.2" android:versionCodeMajor="1" android:installLocation="auto">
    <uses-sdk android:minSdkVersion="21" android:targetSdkVersion="28"/>
    <uses-permission android:name="android.permission.INTERNET" android:maxSdkVersion="30"/>
    <permission android:name="com.example.P" android:protectionLevel="signature|privileged"/>
    <uses-feature android:glEsVersion="0x00020000" android:required="false"/>
    <application android:name=".App" android:label="Label" android:debuggable="true" android:usesCleartextTraffic="false">
        <activity android:name=".Main" android:launchMode="singleTask" android:configChanges="orientation|screenSize"
            android:screenOrientation="portrait" android:windowSoftInputMode="stateHidden|adjustResize">
            <intent-filter android:autoVerify="true" android:priority="-5">
                <action android:name="android.intent.action.MAIN"/>
                <category android:name="android.intent.category.LAUNCHER"/>
                <data android:scheme="https" android:host="example.com" android:port="80" android:pathPrefix="/x"/>
            </intent-filter>
        </activity>
        <provider android:name=".P" android:authorities="com.example.a;com.example.b" android:exported="false" android:initOrder="3"/>
        <meta-data android:name="int" android:value="42"/>
        <meta-data android:name="bool" android:value="true"/>
        <meta-data android:name="float" android:value="1.5"/>
        <meta-data android:name="string" android:value="text"/>
        <meta-data android:name="ref" android:value="@android:string/cancel"/>
        <meta-data android:name="resource" android:resource="@android:attr/name"/>
    </application>
</manifest>`
	dir := t.TempDir()
	source := filepath.Join(dir, "AndroidManifest.xml")
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	apk := filepath.Join(dir, "out.apk")
	if out, err := exec.Command(aapt2, "link", "--manifest", source, "-I", framework, "-o", apk).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d, err := axml.Open(fromAPK(t, apk, "AndroidManifest.xml"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := axml.Open(axmltest.Compile(text, map[string]uint32{"android:attr/name": 0x01010003, "android:string/cancel": 0x01040000}, axmltest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tidy(xmltree(d)), tidy(xmltree(ours))); diff != "" {
		t.Errorf("(-aapt2 +we):\n%s", diff)
	}
	if odd := ours.Anomalies(); len(odd) != 0 {
		t.Errorf("anomalies: %v", odd)
	}
}

// tidy drops what aapt2 adds of its own.
func tidy(lines []string) []string {
	var out []string
	for _, s := range lines {
		if strings.HasPrefix(s, "A: platformBuild") || strings.HasPrefix(s, "A: android:compileSdk") {
			continue
		}
		out = append(out, s)
	}
	return out
}

func fromAPK(t *testing.T, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	r, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestAttributeTableAgainstFramework compares the table of names with the
// framework that Debian ships.
func TestAttributeTableAgainstFramework(t *testing.T) {
	const framework = "/usr/share/android-framework-res/framework-res.apk"
	if _, err := os.Stat(framework); err != nil {
		t.Skip("android-framework-res is not installed (apt-get install android-framework-res)")
	}
	table, err := arsc.Open(fromAPK(t, framework, "resources.arsc"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e := range table.Entries() {
		if e.Type() != "attr" || e.ID()>>16 != 0x0101 || strings.HasPrefix(e.Name(), "__removed") {
			continue
		}
		n++
		if name, _ := axml.AttrName(uint32(e.ID())); name != e.Name() {
			t.Errorf("%s is %q in the table, %q in the framework", e.ID(), name, e.Name())
		}
	}
	if n < 1400 {
		t.Errorf("only %d attributes in the framework", n)
	}
}
