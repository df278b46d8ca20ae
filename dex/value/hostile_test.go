package value_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/value"
)

// Methods that are made to be expensive.
var hostile = map[string]func() string{
	// Text that doubles its alternatives at every step.
	"alternatives": func() string {
		var b strings.Builder
		b.WriteString("    const-string v0, \"a\"\n    const-string v1, \"b\"\n")
		for i := range 1000 {
			fmt.Fprintf(&b, "    if-eqz p0, :e%d\n    invoke-virtual {v0, v1}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n  :e%d\n", i, i)
			fmt.Fprintf(&b, "    invoke-virtual {v0, v0}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n")
		}
		return method(b.String())
	},
	// Every register meets another one, and every call asks for all.
	"meetings": func() string {
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, "  :l%d\n    if-eqz v200, :m%d\n", i, i)
			for r := range 8 {
				fmt.Fprintf(&b, "    const-string v%d, \"s%d\"\n", (i*8+r)%200, i)
			}
			fmt.Fprintf(&b, "  :m%d\n    invoke-static/range {v0 .. v199}, Lcom/gone/X;->f(%s)V\n    if-nez v200, :l%d\n", i, strings.Repeat("Ljava/lang/String;", 200), i/2)
		}
		return strings.Replace(method(b.String()), ".registers 10", ".registers 240", 1)
	},
	// StringBuilders by the hundred, any of which may be meant.
	"builders": func() string {
		var b strings.Builder
		for i := range 300 {
			fmt.Fprintf(&b, "    if-eqz p0, :e%d\n    new-instance v0, Ljava/lang/StringBuilder;\n    invoke-direct {v0}, Ljava/lang/StringBuilder;-><init>()V\n  :e%d\n", i, i)
		}
		b.WriteString("    const-string v1, \"x\"\n")
		for range 5000 {
			b.WriteString("    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;\n")
		}
		return method(b.String())
	},
	// One block of calls, one array of many elements stored one by one.
	"stores": func() string {
		var b strings.Builder
		b.WriteString("    const/16 v1, 1000\n    new-array v0, v1, [Ljava/lang/String;\n")
		for i := range 2000 {
			fmt.Fprintf(&b, "    const/16 v1, %d\n    aput-object p1, v0, v1\n    invoke-static {v0}, Lcom/gone/X;->f([Ljava/lang/String;)V\n", i%1000)
		}
		return method(b.String())
	},
	// Loops in loops.
	"loops": func() string {
		var b strings.Builder
		for i := range 500 {
			fmt.Fprintf(&b, "  :l%d\n    add-int/lit8 v0, v0, 1\n    move v1, v0\n", i)
		}
		for i := 499; i >= 0; i-- {
			fmt.Fprintf(&b, "    invoke-static {v0, v1}, Lcom/gone/X;->f(II)V\n    if-eqz p0, :l%d\n", i)
		}
		return strings.ReplaceAll(method(b.String()), "if-eqz p0,", "if-eqz v7,")
	},
	// More registers than anybody needs.
	"registers": func() string {
		var b strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&b, "    const-string v0, \"a\"\n    if-eqz v1, :e%d\n    invoke-static {v0}, Lcom/gone/X;->f(Ljava/lang/String;)V\n  :e%d\n", i, i)
		}
		return strings.Replace(method(b.String()), ".registers 10", ".registers 60000", 1)
	},
	// Methods that look into each other.
	"calls": func() string {
		var b strings.Builder
		b.WriteString(".class public Lcom/x/C;\n")
		for i := range 2000 {
			fmt.Fprintf(&b, ".method public static m%d(Ljava/lang/String;)Ljava/lang/String;\n    .registers 3\n", i)
			for j := 1; j <= 12; j++ {
				fmt.Fprintf(&b, "    invoke-static {p0}, Lcom/x/C;->m%d(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object p0\n", (i*7+j*13)%2000)
			}
			b.WriteString("    return-object p0\n.end method\n")
		}
		return b.String()
	},
}

func TestHostileCost(t *testing.T) {
	for name, recipe := range hostile {
		app, files := open(t, recipe())
		start := time.Now()
		calls := 0
		for i, f := range files {
			f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
				c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, _ uint32) {
					if op.Invoke() != dex.InvokeNone && kind == dex.IndexMethod {
						calls++
						for _, v := range app.Args(i, m, pc) {
							if n := size(v); n > 4*value.MaxRender {
								t.Fatalf("%s: a value of %d parts", name, n)
							}
						}
					}
				})
				return true
			})
		}
		d := time.Since(start)
		t.Logf("%s: %d bytes, %d calls, %v", name, len(files[0].Bytes()), calls, d)
		// Far above what it takes on a slow machine; what is quadratic takes minutes.
		if d > 30*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

func size(v value.Value) int {
	n := 1
	for _, e := range v.Elems {
		n += size(e)
	}
	return n
}
