package axml_test

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/restype"
)

// TestAgainstApktool compares manifests with what apktool decodes: elements,
// their attributes, and the values that are literals. The files are the
// samples, and APKs below the folder that TELLTALE_TEST_FILES names.
func TestAgainstApktool(t *testing.T) {
	tool(t, "apktool")
	files, err := filepath.Glob("../../testdata/apks/*.apk")
	if err != nil || len(files) == 0 {
		t.Fatal("no samples", err)
	}
	if root := os.Getenv("TELLTALE_TEST_FILES"); root != "" && !testing.Short() {
		_ = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			// Each takes apktool some seconds: a few will do.
			if err == nil && e.Type().IsRegular() && filepath.Ext(path) == ".apk" && len(files) < 8 {
				files = append(files, path)
			}
			return nil
		})
	}
	compared, elements, attributes, values := 0, 0, 0, 0
	for _, file := range files {
		want, ok := apktool(t, file)
		if !ok {
			t.Logf("%s: apktool does not read it", file)
			continue
		}
		d, err := axml.Open(fromAPK(t, file, "AndroidManifest.xml"))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := elementsOf(d)
		if len(got) != len(want) {
			t.Errorf("%s: %d elements, apktool sees %d", file, len(got), len(want))
			continue
		}
		compared++
		for i, g := range got {
			w := want[i]
			elements++
			if g.name != w.name || g.depth != w.depth {
				t.Errorf("%s: element %d is %d %s, apktool sees %d %s", file, i, g.depth, g.name, w.depth, w.name)
				break
			}
			for name, v := range g.attrs {
				seen, ok := w.attrs[name]
				attributes++
				if !ok {
					t.Errorf("%s: <%s>: apktool does not see the attribute %s", file, g.name, name)
				} else if v != "" && !isReference(seen) {
					if values++; v != seen {
						t.Errorf("%s: <%s %s>: %q, apktool sees %q", file, g.name, name, v, seen)
					}
				}
			}
			for name := range w.attrs {
				if _, ok := g.attrs[name]; !ok {
					t.Errorf("%s: <%s>: the attribute %s that apktool sees is missing", file, g.name, name)
				}
			}
		}
	}
	t.Logf("%d manifests, %d elements, %d attributes, %d values compared", compared, elements, attributes, values)
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// element is what both decoders must see alike.
type element struct {
	name  string
	depth int
	attrs map[string]string // "" where the value has several ways to be written
}

// left are attributes and elements that apktool moves to a file of its own.
func left(name string) bool {
	return slices.Contains([]string{"versionCode", "versionName", "sharedUserLabel", "uses-sdk"}, name) ||
		strings.HasPrefix(name, "platformBuild") || strings.HasPrefix(name, "compileSdk")
}

func isReference(s string) bool { return strings.HasPrefix(s, "@") || strings.HasPrefix(s, "?") }

func elementsOf(d *axml.Document) []element {
	var out []element
	depth := 0
	for e := range d.Events() {
		switch e.Kind {
		case axml.StartElement:
			depth++
			if left(e.Name) {
				continue
			}
			el := element{e.Name, depth, map[string]string{}}
			for _, a := range e.Attrs {
				if left(a.Name) || e.Name == "manifest" && a.Name == "package" {
					continue
				}
				v := ""
				switch a.Value.Type {
				case restype.TypeString:
					v = a.Value.Str
				case restype.TypeIntBool:
					v = fmt.Sprint(a.Value.Data != 0)
				}
				el.attrs[a.Name] = v
			}
			out = append(out, el)
		case axml.EndElement:
			depth--
		}
	}
	return out
}

// apktool decodes the manifest of an APK, without its code and other resources.
func apktool(t *testing.T, file string) ([]element, bool) {
	t.Helper()
	// Only the manifest and the table it refers to: the rest takes long.
	slim, dir := filepath.Join(t.TempDir(), "slim.apk"), filepath.Join(t.TempDir(), "out")
	f, err := os.Create(slim)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, name := range []string{"AndroidManifest.xml", "resources.arsc"} {
		z, err := zip.OpenReader(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range z.File {
			if e.Name == name {
				if err := w.Copy(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		z.Close()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	cmd := exec.Command("apktool", "decode", "--no-src", "--no-res", "--force-manifest", "--frame-path", t.TempDir(), "--output", dir, slim)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s: %v\n%s", file, err, out)
		return nil, false
	}
	x, err := os.Open(filepath.Join(dir, "AndroidManifest.xml"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var out []element
	depth := 0
	dec := xml.NewDecoder(x)
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return out, true
		}
		if err != nil {
			t.Fatalf("%s: what apktool wrote is no XML: %v", file, err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			depth++
			if left(e.Name.Local) {
				continue
			}
			el := element{e.Name.Local, depth, map[string]string{}}
			for _, a := range e.Attr {
				// The package is that of the resource table, which may be another.
				if a.Name.Space != "xmlns" && !left(a.Name.Local) && (e.Name.Local != "manifest" || a.Name.Local != "package") {
					el.attrs[a.Name.Local] = a.Value
				}
			}
			out = append(out, el)
		case xml.EndElement:
			depth--
		}
	}
}
