package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "db")
	write := func(p, text string) {
		t.Helper()
		p = filepath.Join(db, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("v/vendor.yaml", "kind: vendor\nid: v\nname: V\n")
	write("v/a.yaml", "kind: sdk\nid: a\nname: A\nvendor: v\ncategory: ads\nsignals: [{code: com.a}]\n")
	out := filepath.Join(dir, "out.bin")
	var errs strings.Builder
	if err := run([]string{"-o", out, db}, nil, &errs); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r, err := signatures.DecodeBundle(string(b))
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() != 2 || r.SDK("a") == nil {
		t.Errorf("%d rules", r.Len())
	}
	// A mistake leaves the file that is there alone.
	write("v/b.yaml", "kind: sdk\n")
	if err := run([]string{"-o", out, db}, nil, &errs); err == nil {
		t.Error("bad rules are bundled")
	}
	if again, err := os.ReadFile(out); err != nil || string(again) != string(b) {
		t.Error("the file was changed")
	}
}
