package extract

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/dex/program"
)

// BenchmarkGraph measures what the first question about edges costs, with the
// constants that it asks for: TELLTALE_TEST_FILES is a list of APKs.
func BenchmarkGraph(b *testing.B) {
	files := filepath.SplitList(os.Getenv("TELLTALE_TEST_FILES"))
	if len(files) == 0 {
		b.Skip("TELLTALE_TEST_FILES is not set")
	}
	program.Android().Class("Ljava/lang/Object;") // inflate the table
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			b.Fatal(err)
		}
		x := newBuilder(context.Background(), Options{})
		if err := x.part(Part{Path: path, R: f, Size: st.Size()}, true); err != nil {
			b.Fatal(err)
		}
		units := x.set.Units
		for _, u := range units {
			u.Info()
			for range u.ClassMethods(0) {
				break
			}
		}
		name := filepath.Base(path)
		b.Run(name+"/tables", func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			defer func() { b.ReportMetric((cpu()-start)/float64(b.N), "cpu-ms/op") }()
			for b.Loop() {
				Graph(units).ID(0, 0)
			}
		})
		b.Run(name+"/graph", func(b *testing.B) {
			b.ReportAllocs()
			start := cpu()
			defer func() { b.ReportMetric((cpu()-start)/float64(b.N), "cpu-ms/op") }()
			for b.Loop() {
				connect(units)
				Graph(units).NumMethods()
			}
		})
	}
}
