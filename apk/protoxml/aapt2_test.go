package protoxml_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/protoxml"
	"github.com/telltale-apk/telltale/apk/restype"
)

// TestAAPT2 lets aapt2 convert real APKs to the protobuf form and compares
// what is read from both forms: the manifest, every XML file, and every value
// of every resource.
func TestAAPT2(t *testing.T) {
	if testing.Short() {
		t.Skip("converts many files")
	}
	aapt2, err := exec.LookPath("aapt2")
	if err != nil {
		t.Skip("aapt2 is not installed (apt-get install aapt)")
	}
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	apks, files, values := 0, 0, 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".apk") {
			return err
		}
		out := filepath.Join(t.TempDir(), "proto.apk")
		if msg, err := exec.Command(aapt2, "convert", "--output-format", "proto", "-o", out, path).CombinedOutput(); err != nil {
			t.Logf("aapt2 does not convert %s: %s", path, msg)
			return nil
		}
		n, m := compareForms(t, path, out)
		apks, files, values = apks+1, files+n, values+m
		return os.Remove(out)
	})
	if err != nil {
		t.Fatal(err)
	}
	if apks == 0 {
		t.Skip("no APK was converted")
	}
	t.Logf("%d APKs, %d XML files, %d values compared", apks, files, values)
}

func compareForms(t *testing.T, binary, proto string) (files, values int) {
	t.Helper()
	bin, err := apk.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer bin.Close()
	pb, err := apk.Open(proto)
	if err != nil {
		t.Fatal(err)
	}
	defer pb.Close()
	read := func(a *apk.Archive, name string) []byte {
		e := a.Lookup(name)
		if e == nil {
			return nil
		}
		b, err := e.Read(nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return b
	}
	table, err := arsc.Open(read(bin, "resources.arsc"))
	if err != nil {
		return 0, 0 // it has none
	}
	tablePB, err := protoxml.OpenTable(read(pb, "resources.pb"))
	if err != nil {
		t.Errorf("%s: %v", binary, err)
		return 0, 0
	}
	if odd := tablePB.Anomalies(); len(odd) > 0 {
		t.Errorf("%s: %v", binary, odd)
	}
	view, viewPB := arsc.Join(table).View(arsc.Options{}), protoxml.NewView(arsc.Options{}, tablePB)
	ids := map[arsc.ID]bool{}
	want := map[string]bool{}
	for e := range table.Entries() {
		ids[e.ID()] = true
		for _, v := range e.Items() {
			want[v.Str] = true
		}
		want[e.Value().Str] = true
	}
	for s := range table.Strings() {
		if strings.Contains(s.Value, "://") { // also in the tags of styled texts
			want[s.Value] = true
		}
	}
	got := map[string]bool{}
	for s := range tablePB.Strings() {
		got[s.Value] = true
	}
	for id := range ids {
		for _, opts := range []arsc.Options{{}, {Locale: "zh-TW"}, {Locale: "pt", SDK: 23, Density: 160}} {
			w, wok := arsc.Join(table).View(opts).Lookup(uint32(id))
			g, gok := protoxml.NewView(opts, tablePB).Lookup(uint32(id))
			values++
			if w.Type == restype.TypeString {
				w.Data = 0
			}
			if isNoValue(w) && isNoValue(g) {
				continue
			}
			if w != g || wok != gok {
				t.Errorf("%s: %v %+v: %+v %v, want %+v %v", binary, id, opts, g, gok, w, wok)
			}
		}
		wn, _ := view.Name(uint32(id))
		if gn, _ := viewPB.Name(uint32(id)); wn != gn {
			t.Errorf("%s: %v is named %q, want %q", binary, id, gn, wn)
		}
	}
	for s := range want {
		if !got[s] && s != "" {
			t.Errorf("%s: the string %q is missing", binary, s)
		}
	}
	for _, e := range bin.Entries() {
		if kind, _ := e.Sniff(nil); kind != apk.KindAXML {
			continue
		}
		x := pb.Lookup(e.RawName)
		if x == nil {
			continue
		}
		data := read(pb, e.RawName)
		if kind := apk.Sniff(data[:min(len(data), apk.SniffLen)]); kind == apk.KindAXML {
			continue // aapt2 leaves files alone that no resource names
		} else if kind != apk.KindProtoXML {
			t.Errorf("%s: %s is taken for %q", binary, e.Name, kind)
		}
		d, err := axml.Open(read(bin, e.RawName))
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
			continue
		}
		doc, err := protoxml.Open(data, viewPB)
		if err != nil {
			t.Errorf("%s: %s: %v", binary, e.Name, err)
			continue
		}
		files++
		if diff := cmp.Diff(sortedEvents(d.Events()), sortedEvents(doc.Events())); diff != "" {
			t.Errorf("%s: %s (-binary +protobuf):\n%s", binary, e.Name, diff)
		}
		if e.RawName != "AndroidManifest.xml" {
			continue
		}
		w, err := manifest.Parse(d.Events(), view)
		if err != nil {
			t.Fatal(err)
		}
		g, err := manifest.Parse(doc.Events(), viewPB)
		if err != nil {
			t.Fatal(err)
		}
		w.Anomalies, g.Anomalies = nil, nil
		if diff := cmp.Diff(w, g); diff != "" {
			t.Errorf("%s: manifest (-binary +protobuf):\n%s", binary, diff)
		}
	}
	return files, values
}

// isNoValue reports whether a value says that there is none. aapt2 writes
// "@null" and "@empty" in several ways.
func isNoValue(v restype.Value) bool {
	return v.Type == restype.TypeNull || v == restype.Value{Type: restype.TypeReference}
}

// sortedEvents writes events with attributes sorted: their order is another.
func sortedEvents(events func(func(*axml.Event) bool)) (out []string) {
	for e := range events {
		c := *e
		c.Attrs = slices.Clone(e.Attrs)
		slices.SortFunc(c.Attrs, func(a, b axml.Attr) int {
			return strings.Compare(fmt.Sprint(a.ID, a.Namespace, a.Name), fmt.Sprint(b.ID, b.Namespace, b.Name))
		})
		out = append(out, show(&c))
	}
	return out
}
