package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/dex/art/arttest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures"
)

// tree writes files below a new folder and returns it.
func tree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	for name, b := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func archive(t *testing.T, entries map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range entries {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func manifest(attrs, body string) []byte {
	return axmltest.Compile(`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.a" android:versionCode="1" `+attrs+`>`+body+`</manifest>`, nil, axmltest.Options{})
}

const activity = `<application><activity android:name=".A"/></application>`

func code(class string) []byte {
	return dextest.Must(".class public " + class + "\n.method public static m()V\n    return-void\n.end method\n")
}

// results scans a folder and renders each result as its path below it, its
// status, its parts and its units of code.
func results(t *testing.T, root string) map[string]string {
	t.Helper()
	rules, err := signatures.Merge(nil)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	_, err = Paths(context.Background(), []string{root}, strings.NewReader(""), Options{Rules: compiled, Jobs: 2}, func(a *event.App) error {
		var parts, units []string
		for _, p := range a.Parts {
			parts = append(parts, strings.TrimPrefix(p.Path, filepath.ToSlash(root)+"/"))
		}
		for _, c := range a.Code {
			units = append(units, c.Unit)
		}
		out[strings.TrimPrefix(a.Path, filepath.ToSlash(root)+"/")] = string(a.Status) + " | " + strings.Join(parts, " ") + " | " + strings.Join(units, " ")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGrouping(t *testing.T) {
	d := code("Lcom/example/a/A;")
	oat := arttest.OAT(arttest.OATOptions{Version: 88}, arttest.Dex{Location: "x", Data: d})
	oat32 := arttest.OAT(arttest.OATOptions{Version: 88, Bits32: true}, arttest.Dex{Location: "x", Data: d})
	empty := arttest.OAT(arttest.OATOptions{Version: 170, Elsewhere: true}, arttest.Dex{Location: "x", Data: d})
	vdex := arttest.VDEX(10, nil, arttest.Dex{Data: d})
	bare := archive(t, map[string][]byte{"AndroidManifest.xml": manifest("", activity)})
	full := archive(t, map[string][]byte{"AndroidManifest.xml": manifest("", activity), "classes.dex": d})
	split := archive(t, map[string][]byte{"AndroidManifest.xml": manifest(`split="config.en"`, `<application android:hasCode="false"/>`)})
	feature := archive(t, map[string][]byte{"AndroidManifest.xml": manifest(`split="f"`, `<application/>`), "classes.dex": code("Lcom/example/a/F;")})
	stripped := archive(t, map[string][]byte{"META-INF/MANIFEST.MF": []byte("Manifest-Version: 1.0\n")})

	tests := []struct {
		name  string
		files map[string][]byte
		want  map[string]string
	}{
		{
			"code of two processors beside an APK counts once",
			map[string][]byte{"app/X/X.apk": bare, "app/X/oat/arm/X.odex": oat32, "app/X/oat/arm64/X.odex": oat},
			map[string]string{"app/X/X.apk": "complete | app/X/X.apk app/X/oat/arm64/X.odex app/X/oat/arm/X.odex | oat/arm64/X.odex!classes.dex"},
		},
		{
			"the older layout",
			map[string][]byte{"app/X/X.apk": bare, "app/X/arm/X.odex": oat32},
			map[string]string{"app/X/X.apk": "complete | app/X/X.apk app/X/arm/X.odex | arm/X.odex!classes.dex"},
		},
		{
			"code that is in the APK too counts once",
			map[string][]byte{"app/X/X.apk": full, "app/X/oat/arm64/X.vdex": vdex},
			map[string]string{"app/X/X.apk": "complete | app/X/X.apk app/X/oat/arm64/X.vdex | classes.dex"},
		},
		{
			"stray code of two processors is one result",
			map[string][]byte{"oat/arm/S.vdex": vdex, "oat/arm64/S.vdex": vdex, "oat/arm64/S.odex": empty},
			map[string]string{"oat/arm64/S.vdex": "complete | oat/arm64/S.vdex oat/arm/S.vdex | S.vdex!classes.dex"},
		},
		{
			"a compiled file without code is no result",
			map[string][]byte{"oat/arm64/S.odex": empty},
			map[string]string{},
		},
		{
			"a library of the system",
			map[string][]byte{"framework/l.jar": stripped, "framework/oat/arm64/l.odex": oat},
			map[string]string{"framework/l.jar": "complete | framework/l.jar framework/oat/arm64/l.odex | oat/arm64/l.odex!classes.dex"},
		},
		{
			"a split set in any naming",
			map[string][]byte{"s/a.bin": full, "s/b.bin": split, "s/c.bin": feature},
			map[string]string{"s/a.bin": "complete | s/a.bin s/b.bin s/c.bin | classes.dex c.bin!classes.dex"},
		},
		{
			"two bases are two apps",
			map[string][]byte{"s/a.apk": full, "s/b.apk": bare, "s/c.apk": split},
			map[string]string{
				"s/a.apk": "complete | s/a.apk | classes.dex",
				"s/b.apk": "no-code | s/b.apk | ",
				"s/c.apk": "no-code | s/c.apk | ",
			},
		},
		{
			"a split alone",
			map[string][]byte{"s/c.apk": split},
			map[string]string{"s/c.apk": "no-code | s/c.apk | "},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := results(t, tree(t, tt.files))
			for p, w := range tt.want {
				if got[p] != w {
					t.Errorf("%s:\n got %q\nwant %q", p, got[p], w)
				}
			}
			for p, g := range got {
				if _, ok := tt.want[p]; !ok {
					t.Errorf("unexpected result %s: %s", p, g)
				}
			}
		})
	}
}
