package extract

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func TestClassesThatNoCodeDefines(t *testing.T) {
	random := make([]byte, 300<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(random)
	random[0] = 0xee // no magic of anything
	payload := apktest.File{Name: "assets/data", Content: string(random)}
	text := apktest.File{Name: "assets/data", Content: strings.Repeat("\x00\x01\x02\x03", 100<<10)}
	// What is in the archive is read where the payload was.
	behind := apktest.File{Name: "assets/data", Content: string(random) + string(apktest.ZIP{Files: []apktest.File{{Name: "x", Content: strings.Repeat("x", 100<<10)}}}.Bytes())}
	const start = `<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="a"><application`
	component := func(names ...string) string {
		s := ">"
		for _, n := range names {
			s += `<activity android:name="` + n + `"/>`
		}
		return s + "</application></manifest>"
	}
	for _, tt := range []struct {
		name     string
		manifest string
		files    []apktest.File
		status   fact.Status
		note     string
	}{
		{"all are there", start + ` android:name=".Main"` + component(".Main"), nil, fact.Complete, ""},
		{"one of two is missing", start + component(".Main", ".Gone"), nil, fact.Complete, ""},
		{"two of three", start + component(".Main", ".Gone", ".Lost"), nil, fact.Partial, "LOSSY missing-code : 2 of 3 classes that the manifest names"},
		{"two of five", start + component(".Main", ".Gone", ".Lost") + "", []apktest.File{{Name: "classes2.dex", Content: dexOf("a/Gone", "x.example.com")}}, fact.Complete, ""},
		{"the application counts", start + ` android:name="b.Shell"` + component(".Gone"), nil, fact.Partial, "2 of 2 classes"},
		{"Android's own", start + component(".Main", "android.app.NativeActivity", "android.app.ListActivity"), nil, fact.Complete, ""},
		{"defined in code that the app loads itself", start + component(".Gone", "b.Lost"), []apktest.File{
			{Name: "assets/x", Content: dexOf("a/Gone", "x.example.com")}, {Name: "assets/y", Content: dexOf("b/Lost", "y.example.com")},
		}, fact.Complete, ""},
		{"a payload", start + component(".Main"), []apktest.File{payload}, fact.Complete, "missing-code : the code has 1 classes only, and 1 files of no known kind look encrypted or compressed, the largest assets/data with 307200 bytes"},
		{"a payload with an archive behind it", start + component(".Main"), []apktest.File{behind}, fact.Complete, "1 files of no known kind look encrypted or compressed, the largest assets/data with"},
		{"data that is not random", start + component(".Main"), []apktest.File{text}, fact.Complete, ""},
	} {
		files := append([]apktest.File{{Name: "classes.dex", Content: dexOf("a/Main", "main.example.com")}}, tt.files...)
		s := factsOf(t, in("app.apk", apkOf(tt.manifest, nil, files...)))
		got := problemText(s)
		if s.App.Status != tt.status || tt.note == "" && strings.Contains(got, "missing") || !strings.Contains(got, tt.note) {
			t.Errorf("%s: %s: %s", tt.name, s.App.Status, got)
		}
	}
}

func TestCodeInOtherFilesOnly(t *testing.T) {
	m := `<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="a"><application><activity android:name=".Main"/></application></manifest>`
	s := factsOf(t, in("app.apk", apkOf(m, nil, apktest.File{Name: "assets/x", Content: dexOf("b/Plugin", "x.example.com")})))
	if got := problemText(s); s.App.Status != fact.Partial || !strings.Contains(got, "LOSSY missing-code : there is no code in it that Android would load") {
		t.Errorf("%s: %s", s.App.Status, got)
	}
}
