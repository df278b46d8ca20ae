package value_test

import (
	"archive/zip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/ir"
	"github.com/telltale-apk/telltale/dex/value"
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

// trivial finds the strings that a constant in the same block puts into the
// words of a call's arguments, by looking at the last writer of each register.
func trivial(g *ir.Graph, b ir.Block, limit uint32) map[uint32]uint32 {
	last := map[uint32]uint32{} // register -> string + 1
	for pc := b.Start; pc < limit; {
		in, _ := g.Code().At(pc)
		if reg, wide, ok := ir.Defines(in); ok {
			delete(last, reg)
			if wide {
				delete(last, reg+1)
			}
			switch op := in.Op(); op {
			case dex.OpConstString, dex.OpConstStringJumbo:
				last[reg] = in.Index() + 1
			}
		}
		pc += in.Width()
	}
	return last
}

// Every string constant that a trivial look back finds must be found here.
func TestRealStrings(t *testing.T) {
	files := realFiles(t)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		app := value.NewApp(files[path]...)
		calls, args, simple, found, parts, known, truncated := 0, 0, 0, 0, 0, 0, 0
		kinds := map[value.Kind]int{}
		var g ir.Graph
		for i, f := range files[path] {
			f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
				g.Build(&c)
				x := app.Analyze(i, m)
				if x.Truncated() {
					truncated++
				}
				x.Each(func(pc uint32, in dex.Inst, vals []value.Value) {
					calls++
					bn, _ := g.Find(pc)
					last := trivial(&g, g.Blocks()[bn], pc)
					for k, v := range vals {
						args++
						kinds[v.Kind]++
						if v.Kind == value.String {
							found++
						}
						if v.Kind == value.Concat {
							parts++
						}
						if got, want := app.Referent(i, m, pc, k), referent(v); got.String() != want.String() {
							t.Errorf("%s: %s at %d, argument %d: %s, but %s at a glance", path, f.MethodString(m.Index), pc, k, v, got)
						}
						if v.Kind != value.Unknown {
							known++
						}
						// The word of argument k, if all before it take one word.
						if k >= in.NumArgs() || len(vals) != in.NumArgs() {
							continue
						}
						if s := last[in.Arg(k)]; s != 0 {
							simple++
							if v.Kind != value.String || v.S != f.String(s-1) {
								t.Errorf("%s: %s at %d, argument %d: %s, not %q", path, f.MethodString(m.Index), pc, k, v, f.String(s-1))
							}
						}
					}
				})
				return !t.Failed()
			})
		}
		t.Logf("%s: %d calls, %d arguments, %d known; strings by the trivial scan %d, here %d; text with gaps %d; methods cut off %d; kinds %v",
			filepath.Base(path), calls, args, known, simple, found, parts, truncated, kinds)
	}
}

type call struct {
	file int
	m    dex.MethodDef
	pc   uint32
}

func allCalls(files []*dex.File) (calls []call, methods int) {
	for i, f := range files {
		f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
			methods++
			c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, _ uint32) {
				if op.Invoke() != dex.InvokeNone && kind != dex.IndexProto {
					calls = append(calls, call{i, m, pc})
				}
			})
			return true
		})
	}
	return calls, methods
}

func BenchmarkRealApp(b *testing.B) {
	for path, files := range realFiles(b) {
		name := strings.TrimSuffix(filepath.Base(path), ".apk")
		calls, methods := allCalls(files)
		b.Run(name+"/all", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				app := value.NewApp(files...)
				for _, c := range calls {
					app.Args(c.file, c.m, c.pc)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(methods), "ns/method")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(calls)), "ns/call")
		})
		b.Run(name+"/each", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				app := value.NewApp(files...)
				for i, f := range files {
					f.EachCode(func(_ int, m dex.MethodDef, _ dex.Code) bool {
						app.EachCall(i, m, func(uint32, dex.Inst, []value.Value) {})
						return true
					})
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(methods), "ns/method")
		})
		b.Run(name+"/sites", func(b *testing.B) {
			b.ReportAllocs()
			step := max(1, len(calls)/1000)
			for b.Loop() {
				app := value.NewApp(files...)
				for i := 0; i < len(calls); i += step {
					app.Args(calls[i].file, calls[i].m, calls[i].pc)
				}
			}
			b.ReportMetric(float64((len(calls)+step-1)/step), "sites")
		})
	}
}
