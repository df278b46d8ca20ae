package manifest_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/manifest"
)

// aapt returns what "aapt dump" says and whether it was content with its input.
func aapt(t *testing.T, args ...string) (out string, content bool) {
	t.Helper()
	path, err := exec.LookPath("aapt")
	if err != nil {
		t.Skip("aapt is not installed (apt-get install aapt)")
	}
	cmd := exec.Command(path, append([]string{"dump"}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	return string(b), err == nil && stderr.Len() == 0
}

var quoted = regexp.MustCompile(`(\S*)='([^']*)'`)

// badging reduces the output of "aapt dump badging" to what a Manifest says too.
func badging(out string) []string {
	var list []string
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		key, rest, ok := strings.Cut(line, ":")
		if !ok {
			if line == "application-debuggable" || line == "testOnly='-1'" {
				list = append(list, line)
			}
			continue
		}
		attrs := make(map[string]string)
		for _, m := range quoted.FindAllStringSubmatch(rest, -1) {
			attrs[m[1]] = m[2]
		}
		first := strings.Trim(rest, "'")
		switch key {
		case "package":
			list = append(list, fmt.Sprintf("package %s %s %s %s", attrs["name"], attrs["versionCode"], attrs["versionName"], attrs["split"]))
		case "sdkVersion", "targetSdkVersion", "maxSdkVersion", "install-location":
			list = append(list, key+" "+first)
		case "application":
			// aapt does not escape quotes in values.
			label, _, _ := strings.Cut(strings.TrimPrefix(rest, " label='"), "' icon='")
			list = append(list, fmt.Sprintf("application %q", label))
		case "uses-permission", "uses-permission-sdk-23":
			list = append(list, fmt.Sprintf("uses-permission %s %s", attrs["name"], attrs["maxSdkVersion"]))
		case "uses-implied-permission":
			// The line before it says the same as if it were declared.
			list[len(list)-1] = "implied " + attrs["name"]
		case "uses-library", "uses-library-not-required":
			list = append(list, key+" "+first)
		case "launchable-activity":
			list = append(list, "launchable "+attrs["name"])
		}
	}
	sort.Strings(list)
	return slices.Compact(list)
}

// ours says the same of a Manifest.
func ours(m *manifest.Manifest) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	code := fmt.Sprint(m.VersionCode)
	if m.VersionCode == 0 {
		code = ""
	}
	add("package %s %s %s %s", m.Package, code, m.VersionName.Value, m.Split)
	if len(m.UsesSDK) > 0 {
		last := m.UsesSDK[len(m.UsesSDK)-1]
		for key, s := range map[string]string{"sdkVersion": last.Min, "targetSdkVersion": last.Target, "maxSdkVersion": last.Max} {
			if s != "" {
				add("%s %s", key, s)
			}
		}
	}
	switch m.InstallLocation {
	case 0:
		add("install-location auto")
	case 1:
		add("install-location internalOnly")
	case 2:
		add("install-location preferExternal")
	}
	for _, p := range m.Permissions {
		limit := ""
		if p.MaxSDK != 0 {
			limit = fmt.Sprint(p.MaxSDK)
		}
		add("uses-permission %s %s", p.Name, limit)
	}
	// aapt knows these only, and takes every codename for release 0.
	for _, name := range m.ImpliedPermissions() {
		switch strings.TrimPrefix(name, "android.permission.") {
		case "WRITE_EXTERNAL_STORAGE", "READ_EXTERNAL_STORAGE", "READ_PHONE_STATE", "READ_CALL_LOG", "WRITE_CALL_LOG":
			add("implied %s", name)
		}
	}
	if m.Application.Present {
		if m.Application.Debuggable {
			add("application-debuggable")
		}
		add("application %q", m.Application.Label.Value)
		for _, l := range m.Application.UsesLibraries {
			if l.Kind != manifest.JavaLibrary {
				continue
			}
			if l.Required {
				add("uses-library %s", l.Name)
			} else {
				add("uses-library-not-required %s", l.Name)
			}
		}
		for i := range m.Application.Components {
			c := &m.Application.Components[i]
			if c.Kind == manifest.Activity && launchable(c) {
				add("launchable %s", c.Name)
			}
		}
	}
	sort.Strings(list)
	return slices.Compact(list)
}

func implied(s string) bool { return strings.HasPrefix(s, "implied ") }

// launchable is what aapt means by it: all actions and categories of an
// activity together.
func launchable(c *manifest.Component) bool {
	main, launcher := false, false
	for _, f := range c.IntentFilters {
		main = main || slices.Contains(f.Actions, "android.intent.action.MAIN")
		launcher = launcher || slices.Contains(f.Categories, "android.intent.category.LAUNCHER")
	}
	return main && launcher
}

// open reads the manifest of an APK with its resources; nil if it has none.
func open(t *testing.T, path string) *manifest.Manifest {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil
	}
	defer z.Close()
	read := func(name string) []byte {
		r, err := z.Open(name)
		if err != nil {
			return nil
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		if err != nil {
			return nil
		}
		return data
	}
	data := read("AndroidManifest.xml")
	if data == nil {
		return nil
	}
	var res manifest.Resolver
	if table, err := arsc.Open(read("resources.arsc")); err == nil {
		res = arsc.Join(table).View(arsc.Options{})
	}
	m, err := manifest.Open(data, res)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	return m
}

func TestAgainstAaptBadging(t *testing.T) {
	table := arsctest.New("com.example", 0x7f)
	table.String("app_name", "“Example”")
	table.Bool("yes", true)
	for name, text := range map[string]string{
		"usual": recipe(`package="com.example" android:versionCode="7" android:versionName="1.2" android:installLocation="auto"`, `
			<uses-sdk android:minSdkVersion="14" android:targetSdkVersion="15" android:maxSdkVersion="30"/>
			<uses-permission android:name="android.permission.INTERNET"/>
			<uses-permission android:name="android.permission.WRITE_EXTERNAL_STORAGE" android:maxSdkVersion="18"/>
			<uses-permission android:name="android.permission.READ_CONTACTS"/>
			<permission android:name="com.example.P"/>
			<application android:label="@string/app_name" android:debuggable="true">
				<uses-library android:name="a"/><uses-library android:name="b" android:required="false"/>
				<activity android:name=".Main"><intent-filter>
					<action android:name="android.intent.action.MAIN"/><category android:name="android.intent.category.LAUNCHER"/>
				</intent-filter></activity>
				<activity android:name="x.Other"/>
			</application>`),
		"old": recipe(`package="com.example"`, `<uses-permission android:name="android.permission.INTERNET"/><application android:label="Old"/>`),
		"codename": recipe(`package="com.example" android:versionName="@string/app_name"`,
			`<uses-sdk android:minSdkVersion="S" android:targetSdkVersion="Tiramisu"/><application android:label="x"/>`),
		"split": recipe(`package="com.example" split="config.en" android:versionCode="3"`, `<application android:hasCode="false"/>`),
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			for file, data := range map[string][]byte{
				"AndroidManifest.xml": axmltest.Compile(text, table.Refs(), axmltest.Options{}),
				"resources.arsc":      arsctest.Encode(arsctest.Options{}, table),
			} {
				w, err := z.CreateHeader(&zip.FileHeader{Name: file, Method: zip.Store})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(data); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "x.apk")
			if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			out, _ := aapt(t, "badging", path)
			want, got := badging(out), ours(open(t, path))
			if name == "codename" {
				want = slices.DeleteFunc(want, implied)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-aapt +we):\n%s", diff)
			}
		})
	}
}

// TestAgainstAaptOnRealFiles compares the manifests of all APKs below the
// folder that TELLTALE_TEST_FILES names with what aapt says of them.
func TestAgainstAaptOnRealFiles(t *testing.T) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	apks, statements, components, differ := 0, 0, 0, 0
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || filepath.Ext(path) != ".apk" {
			return err
		}
		m := open(t, path)
		if m == nil {
			return nil
		}
		out, content := aapt(t, "badging", path)
		tree, _ := aapt(t, "xmltree", path, "AndroidManifest.xml")
		if out == "" || tree == "" {
			t.Logf("%s: aapt does not read it", path)
			return nil
		}
		apks++
		want, got := badging(out), ours(m)
		if m.TargetCodename != "" {
			want = slices.DeleteFunc(want, implied)
		}
		if i := slices.Index(want, `application ""`); i >= 0 && m.Application.Label.Ref == 0 {
			// aapt gives no label that stands in the manifest itself, if
			// there are no resources.
			want[i] = fmt.Sprintf("application %q", m.Application.Label.Value)
		}
		if !content {
			// It stopped half-way, at an icon of the framework or at an entry
			// that it cannot read: what it said must be right.
			t.Logf("%s: aapt stopped after %d statements", path, len(want))
			want = slices.DeleteFunc(want, func(s string) bool { return s == `application ""` })
			got = slices.DeleteFunc(got, func(s string) bool { return !slices.Contains(want, s) })
		}
		statements += len(want)
		if diff := cmp.Diff(want, got); diff != "" {
			differ++
			t.Errorf("%s (-aapt +we):\n%s", path, diff)
		}
		wantC, gotC := declared(tree, m.Package), componentNames(m)
		components += len(wantC)
		if diff := cmp.Diff(wantC, gotC); diff != "" {
			t.Errorf("%s components (-aapt +we):\n%s", path, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d APKs, %d statements and %d components compared, %d APKs differ", apks, statements, components, differ)
}

var (
	treeElement = regexp.MustCompile(`^( *)E: (\S+) \(line=`)
	treeName    = regexp.MustCompile(`^ *A: [^(]*\(0x01010003\)="((?:[^"\\]|\\.)*)"`)
)

// declared finds the components in the output of "aapt dump xmltree".
func declared(tree, pkg string) []string {
	var list []string
	var path []string
	kind := ""
	for line := range strings.Lines(tree) {
		if m := treeElement.FindStringSubmatch(line); m != nil {
			// Two spaces a level; namespaces take levels too, so count from manifest.
			depth := len(m[1]) / 2
			if m[2] == "manifest" {
				path = nil
			}
			for len(path) > 0 && len(path[len(path)-1])-len(strings.TrimLeft(path[len(path)-1], " ")) >= 2*depth {
				path = path[:len(path)-1]
			}
			kind = ""
			if len(path) == 2 && strings.TrimSpace(path[1]) == "application" {
				kind = m[2]
			}
			path = append(path, strings.Repeat(" ", 2*depth)+m[2])
			continue
		}
		switch kind {
		case "activity", "activity-alias", "service", "receiver", "provider":
			if m := treeName.FindStringSubmatch(line); m != nil {
				list = append(list, kind+" "+manifest.ClassName(pkg, m[1]))
				kind = ""
			}
		}
	}
	return list
}

func componentNames(m *manifest.Manifest) []string {
	var list []string
	for _, c := range m.Application.Components {
		list = append(list, string(c.Kind)+" "+c.Name)
	}
	return list
}
