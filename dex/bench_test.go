package dex_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// benchFiles returns the DEX files under TELLTALE_TEST_FILES, or else a
// generated one of about a megabyte.
func benchFiles(b *testing.B) (files [][]byte, size int64) {
	b.Helper()
	if root := os.Getenv("TELLTALE_TEST_FILES"); root != "" {
		eachDex(b, root, func(_ string, d []byte) { files = append(files, d) })
	} else {
		files = append(files, dextest.Must(bigRecipe(400, 12)))
	}
	for _, f := range files {
		size += int64(len(f))
	}
	return files, size
}

// bigRecipe describes classes that look like those of an app.
func bigRecipe(classes, methods int) string {
	var s strings.Builder
	for c := range classes {
		fmt.Fprintf(&s, ".class public Lcom/example/app/part%d/Class%d;\n.field private count:I\n.field public static name:Ljava/lang/String;\n", c%17, c)
		for m := range methods {
			fmt.Fprintf(&s, `.method public method%d(ILjava/lang/String;)V
    const-string v0, "a string of method %d in class %d"
    if-eqz p1, :end
    invoke-virtual {p0, p1, v0}, Lcom/example/app/part%d/Class%d;->method%d(ILjava/lang/String;)V
    sget-object v1, Lcom/example/app/part%d/Class%d;->name:Ljava/lang/String;
    iget v2, p0, Lcom/example/app/part%d/Class%d;->count:I
    add-int/lit8 v2, v2, 1
    iput v2, p0, Lcom/example/app/part%d/Class%d;->count:I
    new-instance v3, Ljava/lang/StringBuilder;
    invoke-direct {v3}, Ljava/lang/StringBuilder;-><init>()V
    invoke-virtual {v3, v0}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    move-result-object v3
  :end
    return-void
.end method
`, m, m, c, (c+1)%17, c, m, c%17, c, c%17, c, c%17, c)
		}
	}
	return s.String()
}

func BenchmarkOpen(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range files {
			if _, err := dex.Open(d); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkStrings opens and touches every string.
func BenchmarkStrings(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, d := range files {
			f, err := dex.Open(d)
			if err != nil {
				b.Fatal(err)
			}
			for i := range f.NumStrings() {
				n += len(f.String(uint32(i)))
			}
		}
	}
	_ = n
}

// BenchmarkTables opens and decodes every row of every table.
func BenchmarkTables(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	n := uint32(0)
	for b.Loop() {
		for _, d := range files {
			f, err := dex.Open(d)
			if err != nil {
				b.Fatal(err)
			}
			for i := range f.NumTypes() {
				n += uint32(len(f.Type(uint32(i))))
			}
			for i := range f.NumProtos() {
				n += f.Proto(uint32(i)).Return
			}
			for i := range f.NumFields() {
				n += f.Field(uint32(i)).Name
			}
			for i := range f.NumMethods() {
				n += f.Method(uint32(i)).Name
			}
			for i := range f.NumClasses() {
				n += f.Class(i).Type
				for m := range f.ClassData(i).Methods() {
					n += m.Index
				}
			}
		}
	}
	_ = n
}

// BenchmarkSweep finds every reference of every instruction; bytes are those
// of the whole files.
func BenchmarkSweep(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	insns, refs := 0, 0
	for b.Loop() {
		for _, d := range files {
			f, err := dex.Open(d)
			if err != nil {
				b.Fatal(err)
			}
			count := func(uint32, dex.Opcode, dex.IndexKind, uint32) { refs++ }
			f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				n, _ := c.References(count)
				insns += n
				return true
			})
		}
	}
	b.ReportMetric(float64(insns)/b.Elapsed().Seconds()/1e6, "Minsn/s")
}

// BenchmarkInstructions decodes every instruction with the iterator.
func BenchmarkInstructions(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	insns, sum := 0, uint32(0)
	for b.Loop() {
		for _, d := range files {
			f, err := dex.Open(d)
			if err != nil {
				b.Fatal(err)
			}
			f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				for pc, in := range c.Instructions() {
					insns++
					sum += pc + in.A()
				}
				return true
			})
		}
	}
	_ = sum
	b.ReportMetric(float64(insns)/b.Elapsed().Seconds()/1e6, "Minsn/s")
}

func BenchmarkVerify(b *testing.B) {
	files, size := benchFiles(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range files {
			f, err := dex.Open(d)
			if err != nil {
				b.Fatal(err)
			}
			if v := dex.Verify(f); len(v) > 0 {
				b.Fatal(v)
			}
		}
	}
}
