package apk

import (
	"archive/zip"
	"bytes"
	"errors"
	"testing"

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
