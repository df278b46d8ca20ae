package value_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/value"
)

// Code that holds what the interpreter models, so that mutations of it do, too.
const seedCode = `
    const-string v0, "aHR0cHM6Ly9h"
    const/4 v1, 2
    invoke-static {v0, v1}, Landroid/util/Base64;->decode(Ljava/lang/String;I)[B
    move-result-object v2
    new-instance v3, Ljava/lang/String;
    invoke-direct {v3, v2}, Ljava/lang/String;-><init>([B)V
    new-instance v4, Ljava/lang/StringBuilder;
    invoke-direct {v4}, Ljava/lang/StringBuilder;-><init>()V
  :l
    invoke-virtual {v4, v3}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v4, v1}, Ljava/lang/StringBuilder;->append(C)Ljava/lang/StringBuilder;
    invoke-virtual {v4, v1, v3}, Ljava/lang/StringBuilder;->insert(ILjava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v4, v1}, Ljava/lang/StringBuilder;->setLength(I)V
    invoke-virtual {v4, v1}, Ljava/lang/StringBuilder;->deleteCharAt(I)Ljava/lang/StringBuilder;
    if-eqz v1, :l
    invoke-virtual {v4}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v5
    filled-new-array {v5, v3}, [Ljava/lang/Object;
    move-result-object v6
    invoke-static {v0, v6}, Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;
    move-result-object v2
    invoke-virtual {v2, v0, v6}, Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;
    move-result-object v2
    invoke-virtual {v2, v0, v6}, Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;
    new-array v6, v1, [Ljava/lang/String;
    aput-object v0, v6, v1
    aget-object v0, v6, v1
    array-length v1, v6
    add-int v1, v1, v1
    sget-object v0, Lcom/x/C;->F:Ljava/lang/String;
    iget-object v0, p2, Lcom/x/C;->G:Ljava/lang/String;
    invoke-virtual {v0, v1, v1}, Ljava/lang/String;->substring(II)Ljava/lang/String;
    move-result-object v0
    invoke-virtual {v0, v1}, Ljava/lang/String;->charAt(I)C
    invoke-static {p0, v0, v0}, Lcom/x/C;->m(ILjava/lang/String;Ljava/lang/Object;)V
    packed-switch v1, :t
    return-void
  :t
    .packed-switch 0
        :l
    .end packed-switch
`

const seedFields = `
.field public static final F:Ljava/lang/String; = "f"
.field public final G:Ljava/lang/String;
`

func seedMethod(body string) string {
	return strings.Replace(method(body), ".class public Lcom/x/C;\n", ".class public Lcom/x/C;\n"+seedFields, 1)
}

// FuzzCode analyses a method of arbitrary code in a file with the tables of the seed.
func FuzzCode(f *testing.F) {
	d, err := dex.Open(dextest.Must(seedMethod(seedCode)))
	if err != nil {
		f.Fatal(err)
	}
	d.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		f.Add(c.Insns())
		return true
	})
	for _, x := range dextest.Fixtures() {
		files, _ := dex.OpenAll(dextest.Must(x.Text))
		for _, d := range files {
			d.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
				f.Add(c.Insns())
				return true
			})
		}
	}
	f.Fuzz(func(t *testing.T, insns []byte) {
		if len(insns) > 2000 {
			return
		}
		units := []string{"0"}
		for i := 0; i+1 < len(insns); i += 2 {
			units = append(units, fmt.Sprint(uint16(insns[i])|uint16(insns[i+1])<<8))
		}
		n := len(units)
		code := ":a\n.units " + strings.Join(units[:n/2+1], ", ") + "\n:b\n.units " + strings.Join(append(units[n/2+1:], "0"), ", ") +
			"\n:c\nreturn-void\n.catch Ljava/lang/Exception; {:a .. :b} :b\n.catchall {:b .. :c} :a"
		// A second method keeps the tables of the seed.
		b, err := dextest.Assemble(seedMethod(code) + strings.Replace(seedMethod(seedCode), ".dex 038\n.class public Lcom/x/C;", ".class public Lcom/x/D;", 1))
		if err != nil {
			t.Skip(err)
		}
		files, err := dex.OpenAll(b)
		if err != nil {
			t.Fatal(err)
		}
		app := value.NewApp(files...)
		for i, f := range files {
			f.EachCode(func(_ int, m dex.MethodDef, _ dex.Code) bool {
				checkMethod(t, app, i, m)
				return true
			})
		}
	})
}

// FuzzFile analyses all methods of arbitrary bytes.
func FuzzFile(f *testing.F) {
	f.Add(dextest.Must(seedMethod(seedCode)))
	f.Add(dextest.Must(other))
	for _, x := range dextest.Fixtures() {
		f.Add(dextest.Must(x.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		files, _ := dex.OpenAll(b)
		app := value.NewApp(files...)
		for i, f := range files {
			n := 0
			f.EachCode(func(_ int, m dex.MethodDef, _ dex.Code) bool {
				checkMethod(t, app, i, m)
				n++
				return n < 100
			})
		}
	})
}
