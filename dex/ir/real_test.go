package ir_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/ir"
)

// realFiles opens the DEX files of all APKs below the folders that
// TELLTALE_TEST_FILES lists, separated as in PATH.
func realFiles(tb testing.TB) map[string][]*dex.File {
	tb.Helper()
	all := map[string][]*dex.File{}
	for _, root := range filepath.SplitList(os.Getenv("TELLTALE_TEST_FILES")) {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".apk") {
				return err
			}
			z, err := zip.OpenReader(path)
			if err != nil {
				return err
			}
			defer z.Close()
			for _, e := range z.File {
				if !strings.HasSuffix(e.Name, ".dex") {
					continue
				}
				r, err := e.Open()
				if err != nil {
					return err
				}
				b, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				files, err := dex.OpenAll(b)
				if err != nil {
					return err
				}
				all[path] = append(all[path], files...)
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if len(all) == 0 {
		tb.Skip("set TELLTALE_TEST_FILES to a list of folders with APKs")
	}
	return all
}

// Every reference of the code must stand in a block.
func TestRealCode(t *testing.T) {
	for path, files := range realFiles(t) {
		var g ir.Graph
		methods, blocks, unreached, refs := 0, 0, 0, 0
		for _, f := range files {
			f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
				g.Build(&c)
				checkGraph(t, &g)
				methods++
				blocks += len(g.Blocks())
				for _, b := range g.Blocks() {
					if b.Unreached {
						unreached++
					}
				}
				if g.Truncated() {
					t.Errorf("%s: %s: the budget was reached", path, f.MethodString(m.Index))
				}
				c.References(func(pc uint32, _ dex.Opcode, _ dex.IndexKind, _ uint32) {
					refs++
					if _, ok := g.Find(pc); !ok {
						t.Fatalf("%s: %s: no block has the instruction at %d", path, f.MethodString(m.Index), pc)
					}
				})
				return true
			})
		}
		t.Logf("%s: %d methods, %d blocks (%d unreached), %d references", filepath.Base(path), methods, blocks, unreached, refs)
	}
}

func BenchmarkBuild(b *testing.B) {
	for path, files := range realFiles(b) {
		var codes []dex.Code
		units := 0
		for _, f := range files {
			f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				codes = append(codes, c)
				units += int(c.Units())
				return true
			})
		}
		b.Run(strings.TrimSuffix(filepath.Base(path), ".apk"), func(b *testing.B) {
			b.ReportAllocs()
			var g ir.Graph
			for b.Loop() {
				for i := range codes {
					g.Build(&codes[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(codes)), "ns/method")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(units), "ns/unit")
		})
	}
}
