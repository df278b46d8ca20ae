package scan

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
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
