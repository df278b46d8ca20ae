package apk

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/binread"
)

func TestReadsWhatArchiveZipWrites(t *testing.T) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	want := map[string][]byte{
		"a.txt":       bytes.Repeat([]byte("hello "), 1000),
		"classes.dex": []byte("dex\n035\x00 not really"),
		"empty":       nil,
	}
	for _, name := range []string{"a.txt", "classes.dex", "empty"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(want[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Entries()) != len(want) {
		t.Errorf("%d entries", len(a.Entries()))
	}
	for name, content := range want {
		e := a.Lookup(name)
		if e == nil {
			t.Fatalf("no %s", name)
		}
		got, err := e.Read(nil)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, x := range a.Anomalies() {
		t.Errorf("anomaly: %v", x)
	}
}

func TestNotAnArchive(t *testing.T) {
	for _, s := range []string{"", "PK", "dex\n035\x00", "PK\x01\x02 and so on"} {
		if _, err := NewBytes([]byte(s)); !errors.Is(err, binread.BadMagic) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestLoadedDEX(t *testing.T) {
	names := func(listed ...string) string {
		var z apktest.ZIP
		for _, n := range listed {
			z.Files = append(z.Files, apktest.File{Name: n, Content: dex})
		}
		var out []string
		for _, e := range open(t, z.Bytes()).LoadedDEX() {
			out = append(out, e.Name)
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		listed []string
		want   string
	}{
		{[]string{"classes3.dex", "classes.dex", "classes2.dex", "assets/classes4.dex"}, "classes.dex classes2.dex classes3.dex"},
		{[]string{"classes.dex", "classes3.dex", "classes02.dex", "classes1.dex"}, "classes.dex"},
		{[]string{"classes2.dex", "Classes.dex", "classes.dex/"}, ""},
	} {
		if got := names(tt.listed...); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.listed, got, tt.want)
		}
	}
}
