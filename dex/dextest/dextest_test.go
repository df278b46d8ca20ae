package dextest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// beyondDexdump are fixtures that Debian's dexdump (of Android 11) cannot read
// though later ones do: several files in one buffer.
var beyondDexdump = map[string]bool{"container": true, "concatenated": true}

func TestFixturesAreAcceptedByDexdump(t *testing.T) {
	dexdump, err := exec.LookPath("dexdump")
	if err != nil {
		t.Skip("dexdump is not installed")
	}
	for _, f := range dextest.Fixtures() {
		if beyondDexdump[f.Name] {
			continue
		}
		path := filepath.Join(t.TempDir(), f.Name+".dex")
		if err := os.WriteFile(path, dextest.Must(f.Text), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(dexdump, "-d", "-a", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%.500s", f.Name, err, out)
		}
	}
}

func TestSameRecipeSameBytes(t *testing.T) {
	for _, f := range dextest.Fixtures() {
		if !bytes.Equal(dextest.Must(f.Text), dextest.Must(f.Text)) {
			t.Errorf("%s: two runs differ", f.Name)
		}
	}
}

// A mistake must be told with its line and in words that help.
func TestMistakes(t *testing.T) {
	method := func(body string) string {
		return ".class LA;\n.method static f(I)V\n" + body + "\n.end method\n"
	}
	for _, tt := range []struct {
		recipe string
		line   int
		want   string
	}{
		{".dex 35", 1, "three digits"},
		{".clas LA;", 1, `".clas"`},
		{".class A", 1, "type descriptor"},
		{".field x:I", 1, "before any .class"},
		{".class LA;\n.field x", 2, "want a name"},
		{".class LA;\n.field x:Q", 2, "type descriptor"},
		{".class LA;\n.field static x:I = ", 2, "want a value"},
		{".class LA;\n.field static x:I = zwölf", 2, "is no value"},
		{".class LA;\n.field static x:I = 1.5", 2, "floating-point"},
		{".class LA;\n.source \"A", 2, "literal without end"},
		{".class LA;\n.source \"\\q\"", 2, "escape"},
		{".class LA;\n.annotation often LB;", 2, "visibility"},
		{".class LA;\n.annotation build LB;\nx = 1", 2, "has no end"},
		{".class LA;\n.method f()V\nreturn-void", 2, "has no end"},
		{".class LA;\n.method f()V\n.end method", 2, "without code"},
		{method("frobnicate v0"), 3, "frobnicate"},
		{method("move v0"), 3, `want ","`},
		{method("move v0, 1"), 3, "want a register"},
		{method("move v16, v0"), 3, "register 16"},
		{method("const/4 v0, 8"), 3, "4 bits"},
		{method("const/16 v0, 0x8000"), 3, "16 bits"},
		{method("const/high16 v0, 0x10001"), 3, "low bits"},
		{method("goto :nowhere"), 3, ":nowhere"},
		{method(":a\n:a\nreturn-void"), 5, "stands twice"},
		{method("goto :far\n.units " + strings.Repeat("0, ", 200) + "0\n:far\nreturn-void"), 3, "units away"},
		{method("invoke-static {v0, v1, v2, v3, v4, v5}, LA;->f(I)V"), 3, "/range"},
		{method("invoke-static {v0}, LA;->f:I"), 3, "wrong sort"},
		{method("sget v0, LA;->f()V"), 3, "wrong sort"},
		{method("const-string v0, type@1"), 3, "want"},
		{method("return-void trailing"), 3, "trailing"},
		{method(".catchall {:a .. :a} :a\n:a\nreturn-void"), 3, "empty range"},
		{method(".array-data 3\n.end array-data"), 3, "1, 2, 4 or 8"},
		{method(".packed-switch 0\n:a"), 5, "want a label"},
		{method(".param p1, \"x\"\nreturn-void"), 3, "no parameter"},
		{method("const-method-handle v0, 5"), 3, "method handle"},
		{method("invoke-custom {}, a(\"x\")@LA;->f:I"), 3, "bootstrap"},
		{".patch nothing[0].x = 1", 1, `"nothing"`},
		{".patch header.nothing = 1", 1, `"nothing"`},
		{".patch string_ids[7].string_data_off = 1", 1, "no string_ids"},
		{".string \"a\"\n.patch string_data[0] = 1", 2, "u8, u16 or u32"},
		{".string \"a\"\n.patch string_data[\"b\"] = u8 1", 2, "no string_data"},
		{".patch @0x7fffffff = u32 1", 1, "behind the end"},
		{".truncate 0x7fffffff", 1, "bytes"},
		{".dex 035\n.class LA;\n.dex 041\n.class LB;", 0, "do not go together"},
		{method("invoke-custom {}, s(\"a\")@LA;->f(I)V\ninvoke-custom {}, s(\"b\")@LA;->f(I)V"), 0, "different arguments"},
	} {
		_, err := dextest.Assemble(tt.recipe)
		var e *dextest.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q: %v", tt.recipe, err)
			continue
		}
		if e.Line != tt.line || !strings.Contains(e.Text, tt.want) {
			t.Errorf("%.60q: line %d: %s; want line %d, %q", tt.recipe, e.Line, e.Text, tt.line, tt.want)
		}
	}
}

func TestMustPanicsOnMistakes(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	dextest.Must(".nonsense")
}

func TestPatchesWriteWhatTheySay(t *testing.T) {
	const recipe = `
.class public LA;
.field public static f:I = 7
.method public static m()V
    const-string v0, "text"
    return-void
.end method
`
	clean := dextest.Must(recipe)
	f, err := dex.Open(clean)
	if err != nil {
		t.Fatal(err)
	}
	h := f.Header()
	str := f.StringOff(indexOf(f, "text"))
	var code uint32
	for m := range f.ClassData(0).Methods() {
		code = m.CodeOff
	}
	for _, tt := range []struct {
		patch string
		off   uint32
		want  []byte
	}{
		{"header.link_size = 0x01020304", 44, []byte{4, 3, 2, 1}},
		{"@0x30 = u16 0xabcd", 48, []byte{0xcd, 0xab}},
		{"string_ids[0].string_data_off = &code_item[0]", h.StringIDs.Off, []byte{byte(code), byte(code >> 8), 0, 0}},
		{`string_data["text"] = u8 0x7f`, str, []byte{0x7f, 't'}},
		{`string_data["text"]+1 = u8 0x7f`, str + 1, []byte{0x7f, 'e'}},
		{"type_ids[LA;].descriptor_idx = 9", h.TypeIDs.Off + 4, []byte{9, 0, 0, 0}},
		{"class_defs[LA;].access_flags = 0x11", h.ClassDefs.Off + 4, []byte{0x11, 0, 0, 0}},
		{"code_item[LA;->m()V].insns_size = 2", code + 12, []byte{2, 0, 0, 0}},
		{"class_data[LA;] = u8 9", f.Class(0).ClassDataOff, []byte{9}},
		{"encoded_array[LA;]+2 = u8 8", f.Class(0).StaticValuesOff + 2, []byte{8}},
		{"map_item[0].type = 0x77", h.MapOff + 4, []byte{0x77, 0}},
		{"map_list.size = 1", h.MapOff, []byte{1, 0, 0, 0}},
		{"header.signature = 1", 12, []byte{1, 0, 0, 0}},
		{"header.checksum = 1", 8, []byte{1, 0, 0, 0}},
	} {
		b, err := dextest.Assemble(recipe + ".patch " + tt.patch)
		if err != nil {
			t.Errorf("%s: %v", tt.patch, err)
			continue
		}
		if got := b[tt.off : int(tt.off)+len(tt.want)]; !bytes.Equal(got, tt.want) {
			t.Errorf("%s: % x at 0x%x, want % x", tt.patch, got, tt.off, tt.want)
		}
		// Nothing else changes but the two sums.
		for i := range b {
			if in := i >= int(tt.off) && i < int(tt.off)+4; b[i] != clean[i] && !in && (i < 8 || i >= 32) {
				t.Errorf("%s: byte 0x%x changed, too", tt.patch, i)
			}
		}
	}
	if b := dextest.Must(recipe + ".truncate 0x71\n.append 1, \"ab\""); len(b) != 0x74 || !bytes.Equal(b[0x71:], []byte{1, 'a', 'b'}) {
		t.Errorf("truncated and appended: % x", b[0x70:])
	}
}

func indexOf(f *dex.File, s string) uint32 {
	for i := range f.NumStrings() {
		if f.String(uint32(i)) == s {
			return uint32(i)
		}
	}
	return dex.NoIndex
}

// What the recipe leaves out is counted.
func TestRegistersAreCounted(t *testing.T) {
	for _, tt := range []struct {
		head, body           string
		registers, ins, outs uint16
	}{
		{"static f()V", "return-void", 0, 0, 0},
		{"f()V", "return-void", 1, 1, 0},
		{"f(IJ)V", "const/4 v2, 0\nreturn-void", 7, 4, 0},
		{"static f()V", "const-wide/16 v3, 0\nreturn-void", 5, 0, 0},
		{"static f(D)V", "invoke-static {p0, p1, v0}, LA;->g(DI)V\nreturn-void", 3, 2, 3},
		{"static f(D)V", ".locals 8\nreturn-void", 10, 2, 0},
		{"static f(D)V", ".registers 8\ninvoke-static/range {v0 .. v6}, LA;->g()V\nreturn-void", 8, 2, 7},
		{"static f()V", "filled-new-array {v0, v1, v2}, [I\nreturn-void", 3, 0, 0},
	} {
		f, err := dex.Open(dextest.Must(".class LA;\n.method " + tt.head + "\n" + tt.body + "\n.end method"))
		if err != nil {
			t.Fatal(err)
		}
		f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
			if c.Registers != tt.registers || c.Ins != tt.ins || c.Outs != tt.outs {
				t.Errorf("%s %q: %d registers, %d ins, %d outs; want %d, %d, %d", tt.head, tt.body, c.Registers, c.Ins, c.Outs, tt.registers, tt.ins, tt.outs)
			}
			return true
		})
	}
}

func Example() {
	b, err := dextest.Assemble(`
.class public Lcom/example/Hello;
.method public static main([Ljava/lang/String;)V
    const-string v0, "hi"
    invoke-static {v0}, Lcom/example/Log;->print(Ljava/lang/String;)V
    return-void
.end method
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := dex.Open(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	f.EachCode(func(class int, m dex.MethodDef, c dex.Code) bool {
		fmt.Println(f.MethodString(m.Index))
		for pc, in := range c.Instructions() {
			fmt.Println(pc, in.Op())
		}
		return true
	})
	// Output:
	// Lcom/example/Hello;->main([Ljava/lang/String;)V
	// 0 const-string
	// 2 invoke-static
	// 5 return-void
}

// FuzzAssemble looks for recipes that the assembler cannot bear, and for files
// of it that cannot be opened.
func FuzzAssemble(f *testing.F) {
	for _, fx := range dextest.Fixtures() {
		f.Add(fx.Text)
	}
	f.Add(".class LA;\n.methodref LA;->f( I )V\n")
	f.Add(".class LA;\n.patch header.checksum = 1\n.truncate 0x70\n.append 1, \"x\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := dextest.Assemble(text)
		if err == nil && !strings.Contains(text, ".patch") && !strings.Contains(text, ".truncate") && !strings.Contains(text, ".append") {
			if files, err := dex.OpenAll(b); err != nil || len(files) == 0 {
				t.Errorf("%d files: %v", len(files), err)
			}
		}
		if _, _, err := dextest.AssembleCompact(text); err != nil && len(err.Error()) == 0 {
			t.Error("an error without text")
		}
	})
}
