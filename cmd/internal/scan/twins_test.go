package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures"
)

// Equal inputs are analysed once, others of their size are not taken for them,
// and no result is kept longer than an equal input is still to come.
func TestTwins(t *testing.T) {
	dir := t.TempDir()
	var inputs []input
	add := func(name string, content []byte) {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, input{Parts: []member{{candidate: candidate{Path: name, File: file, Size: int64(len(content))}, Role: extract.RoleBase}}})
	}
	long := bytes.Repeat([]byte("x"), 3*endSize)
	other := append([]byte("y"), long[1:]...) // ends alike, is not equal
	add("a", []byte("one"))
	add("b", []byte("two")) // of the same size
	add("c", []byte("one"))
	add("d", long)
	add("e", other)
	add("f", long)
	add("g", []byte("four")) // no other of its size

	tw := newTwins(context.Background(), inputs)
	analysed := map[string]int{}
	var said string
	for _, in := range inputs {
		src, files, err := open(in)
		if err != nil {
			t.Fatal(err)
		}
		path := in.Parts[0].Path
		app := tw.once(context.Background(), in, src, func() *event.App {
			analysed[path]++
			a := newApp(path)
			a.Label = path
			return a
		})
		files.close()
		said += fmt.Sprintf("%s is %s, ", app.Path, app.Label)
		kept := 0
		for _, w := range tw.by {
			kept += len(w)
		}
		if path == "b" && kept != 1 || path == "c" && kept != 0 || path == "e" && kept != 2 {
			t.Errorf("after %s %d results are kept", path, kept)
		}
	}
	if want := "a is a, b is b, c is a, d is d, e is e, f is d, g is g, "; said != want {
		t.Errorf("got %s, want %s", said, want)
	}
	if len(analysed) != 5 || len(tw.by) != 0 || len(tw.left) != 0 {
		t.Errorf("analysed %v, kept %d", analysed, len(tw.by))
	}
}

// What a result says of an app is what it would say if the app were alone,
// also where an equal one under other names was looked at before.
func TestTwinsAreToldAsIfAlone(t *testing.T) {
	dir := t.TempDir()
	put := func(name, from string) {
		b, err := os.ReadFile(filepath.Join("../../../testdata", from))
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("a/notes.apk", "apks/notes.apk")
	put("b/copy.apk", "apks/notes.apk")
	put("a/shop/base.apk", "apks/shop/base.apk")
	put("a/shop/gifts.apk", "apks/shop/split_gifts.apk")
	put("b/shop/0.apk", "apks/shop/base.apk")
	put("b/shop/1.apk", "apks/shop/split_gifts.apk")
	put("a/first.apk", "malformed/no-code.apk")
	put("b/second.apk", "malformed/no-code.apk")
	rules, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	analysed := 0
	results := func(args ...string) map[string]string {
		out := map[string]string{}
		o := Options{Rules: compiled, Jobs: 1, Fault: func(string) { analysed++ }}
		_, err := Paths(context.Background(), args, nil, o, func(a *event.App) error {
			b, err := json.Marshal(a)
			out[a.Path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	together := results(a, b)
	if len(together) != 6 || analysed != 5 {
		t.Errorf("%d results, %d analysed: notes alone can be told once", len(together), analysed)
	}
	for _, arg := range []string{a, b} {
		for path, alone := range results(arg) {
			if together[path] != alone {
				t.Errorf("%s beside its twin:\n%.2000s\nalone:\n%.2000s", path, together[path], alone)
			}
		}
	}
}
