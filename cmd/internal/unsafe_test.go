package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// What the compiler can't check stands in files named unsafe.go, where a
// reviewer looks for it. go:linkname and assembly would be the same by another
// door.
func TestUnsafeIsWhereItIsLookedFor(t *testing.T) {
	files, found := 0, 0
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && len(e.Name()) > 2 {
			return filepath.SkipDir
		}
		switch filepath.Ext(path) {
		case ".s", ".S", ".c":
			if !strings.Contains(path, "testdata") {
				t.Errorf("%s: not Go", path)
			}
		case ".go":
			files++
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				switch i.Path.Value {
				case `"unsafe"`:
					found++
					if e.Name() != "unsafe.go" {
						t.Errorf("%s imports unsafe: that belongs in a file named unsafe.go", path)
					}
				case `"C"`:
					t.Errorf("%s needs a C compiler", path)
				}
			}
			for _, g := range f.Comments {
				for _, c := range g.List {
					if strings.HasPrefix(c.Text, "//go:linkname ") {
						t.Errorf("%s: %s", path, c.Text)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 || found < 2 {
		t.Errorf("looked at %d files, %d of which import unsafe: is this the right folder?", files, found)
	}
}
