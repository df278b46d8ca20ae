package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayStart are the files that may start goroutines, below the top of the
// repository. A panic in a goroutine of its own ends the program, whatever its
// starter recovers: each of these recovers it, or runs nothing that looks into
// files.
var mayStart = []string{
	"signatures/internal/crew/crew.go", // recovers, and passes the panic on
	"cmd/internal/scan/runner.go",      // recovers
	"cmd/internal/scan/batch.go",       // runs Runners, which recover
	"cmd/internal/scan/group.go",       // likewise
	"cmd/internal/scan/discover.go",    // reads lines of a list
	"cmd/internal/fence/work.go",       // waits for the end of a pipe
	"cmd/internal/cli/cli.go",          // waits for signals
	"cmd/internal/cli/rulesdiff.go",    // runs scan.Facts, which recovers

	"cmd/telltale-worker/main.go",               // waits for signals
	"cmd/telltale-worker/commands.go",           // offers metrics; reads results that workers wrote
	"cmd/telltale-worker/internal/work/work.go", // runs Runners, which recover; else the queue finds out whose fault it is
}

func TestGoroutinesAreStartedWhereFaultsAreCaught(t *testing.T) {
	n := 0
	for _, root := range []string{"apk", "dex", "signatures", "cmd"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(filepath.ToSlash(p), "../../")
			if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || slices.Contains(mayStart, name) {
				return nil
			}
			n++
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, p, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				switch x := node.(type) {
				case *ast.GoStmt:
					t.Errorf("%s starts a goroutine: use crew.Each, or say in mayStart why a panic in it ends nothing", fset.Position(x.Pos()))
				case *ast.CallExpr:
					if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" && len(x.Args) == 1 {
						t.Errorf("%s starts a goroutine: use crew.Each, or say in mayStart why a panic in it ends nothing", fset.Position(x.Pos()))
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 100 {
		t.Errorf("only %d files were looked at", n)
	}
}
