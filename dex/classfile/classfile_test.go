package classfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
)

func TestOpen(t *testing.T) {
	good := classtest.One(fixtures["members"])
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, binread.Truncated},
		{"short", good[:9], binread.Truncated},
		{"magic", append([]byte{1}, good[1:]...), binread.BadMagic},
		{"good", good, nil},
	} {
		if _, err := classfile.Open(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestTables compares the tables of a set with what its recipes hold.
func TestTables(t *testing.T) {
	s := open(t, `
.class public final a/B
.super a/Base
.implements java/lang/Runnable
.source "B.java"
.annotation La/Note; text="noted"
.field static X I = 3
.method static m(ILa/C;)[J
    ldc "lit"
    pop
    invokestatic d/E.f(Z)V
    getstatic d/E.g:D
    pop2
    aconst_null
    areturn
.end
.class a/C
.method m()V
    invokedynamic make(I)Ljava/lang/String; java/lang/invoke/StringConcatFactory.makeConcatWithConstants()V "left\u0001right"
    pop
    return
.end`)
	list := func(n int, at func(uint32) string) (out []string) {
		for i := range n {
			out = append(out, at(uint32(i)))
		}
		return out
	}
	if got := list(s.NumTypes(), s.Type); !slices.IsSorted(got) {
		t.Errorf("types are not in order: %q", got)
	}
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"types", list(s.NumTypes(), s.Type), []string{
			"D", "I", "La/B;", "La/Base;", "La/C;", "La/Note;", "Ld/E;", "Ljava/lang/Object;", "Ljava/lang/Runnable;",
			"Ljava/lang/String;", "Ljava/lang/invoke/StringConcatFactory;", "V", "Z", "[J",
		}},
		{"protos", list(s.NumProtos(), s.Proto), []string{"()V", "(I)Ljava/lang/String;", "(ILa/C;)[J", "(Z)V"}},
		{"fields", list(s.NumFields(), s.FieldString), []string{"La/B;->X:I", "Ld/E;->g:D"}},
		{"methods", list(s.NumMethods(), s.MethodString), []string{
			"La/B;->m(ILa/C;)[J", "La/C;->m()V", "Ld/E;->f(Z)V",
			"Ljava/lang/invoke/StringConcatFactory;->makeConcatWithConstants()V",
		}},
		{"interfaces", []string{s.Type(s.Interfaces(0)[0])}, []string{"Ljava/lang/Runnable;"}},
		{"members", []string{s.FieldString(s.FieldsOf(0)[0]), s.MethodString(s.MethodsOf(0)[0]), s.Initial(0, 0).String()}, []string{"La/B;->X:I", "La/B;->m(ILa/C;)[J", "3"}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
	all := list(s.NumStrings(), s.String)
	for _, want := range []string{"lit", "B.java", "noted", "text", "La/Note;", "m", "X", "left", "right", "La/C;", "make"} {
		if !slices.Contains(all, want) {
			t.Errorf("no string %q in %q", want, all)
		}
	}
	if slices.Contains(all, "left\x01right") {
		t.Error("the recipe stands among the strings")
	}
	if typ, super := s.Class(0); s.Type(typ) != "La/B;" || s.Type(super) != "La/Base;" {
		t.Errorf("class 0 is %s of %s", s.Type(typ), s.Type(super))
	}
	if s.NumClasses() != 2 || s.String(classfile.NoIndex) != "" || s.Type(classfile.NoIndex) != "" || s.Proto(classfile.NoIndex) != "" {
		t.Error("what is not there is not empty")
	}
}

// TestOrder puts the same files together in another order: tables are equal.
func TestOrder(t *testing.T) {
	var files []*classfile.File
	for _, name := range []string{"members", "code", "interface"} {
		f, err := classfile.Open(classtest.One(fixtures[name]))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	a := classfile.NewSet(files)
	slices.Reverse(files)
	b := classfile.NewSet(files)
	if a.NumStrings() != b.NumStrings() || a.NumMethods() != b.NumMethods() || a.NumFields() != b.NumFields() {
		t.Fatal("the tables differ in length")
	}
	for i := range a.NumStrings() {
		if a.String(uint32(i)) != b.String(uint32(i)) {
			t.Fatalf("string %d differs", i)
		}
	}
	for i := range a.NumMethods() {
		if a.MethodString(uint32(i)) != b.MethodString(uint32(i)) {
			t.Fatalf("method %d differs", i)
		}
	}
}

func TestLink(t *testing.T) {
	s := open(t, fixtures["code"])
	f := s.File(0)
	var got []string
	for i := range f.NumConstants() {
		l, ok := s.Link(0, uint16(i))
		if !ok {
			continue
		}
		line := s.MethodString(l.Target)
		for _, n := range l.Text {
			line += fmt.Sprintf(" %q", s.String(n))
		}
		for _, a := range l.Args {
			line += fmt.Sprintf(" %d", a.Tag)
		}
		got = append(got, line)
	}
	want := []string{"Lcom/foo/Code;->lambda$0()V", `-> "a" "b"`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestText decodes modified UTF-8.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"\xc0\x80":                     "\x00",
		"\xc3\xa9":                     "é",
		"\xe4\xb8\xad":                 "中",
		"\xed\xa0\xbd\xed\xb8\x80":     "😀",
		"a\xed\xa0\xbdb":               `a\uD83Db`,
		"\xed\xb8\x80":                 `\uDE00`,
		"\xf0\x9f\x98\x80":             "😀",
		"\xff\xc3":                     "\ufffd\ufffd",
		"\xc0\x80\xf0\x9f\x98\x80\x80": "\x00😀\ufffd",
	} {
		b := classtest.One(".class A\n.field " + strings.Repeat("x", len(in)) + " I")
		b = bytes.Replace(b, []byte(strings.Repeat("x", len(in))), []byte(in), 1)
		f, err := classfile.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Utf8(f.Fields[0].Name); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestDamage cuts a file off behind each byte, and breaks each byte. What is
// whole before the damage stays, with its indices.
func TestDamage(t *testing.T) {
	for name, text := range fixtures {
		good := classtest.One(text)
		whole, err := classfile.Open(good)
		if err != nil {
			t.Fatal(err)
		}
		for n := 10; n < len(good); n++ {
			f, err := classfile.Open(good[:n])
			if err != nil {
				t.Fatalf("%s cut at %d: %v", name, n, err)
			}
			if len(f.Anomalies()) == 0 {
				t.Errorf("%s cut at %d: nothing odd", name, n)
			}
			for i := range f.NumConstants() {
				if x := uint16(i); f.Tag(x) == classfile.TagUtf8 && f.Utf8(x) != whole.Utf8(x) {
					t.Errorf("%s cut at %d: constant %d is another one", name, n, i)
				}
			}
			for i := range f.Methods {
				if f.Methods[i].Name != whole.Methods[i].Name {
					t.Errorf("%s cut at %d: method %d is another one", name, n, i)
				}
			}
			exercise(f)
		}
		for n := 8; n < len(good); n++ {
			bad := bytes.Clone(good)
			bad[n] ^= 0xff
			if f, err := classfile.Open(bad); err == nil {
				exercise(f)
			}
		}
	}
}

// exercise asks a file, alone and in a set, for all that it can tell.
func exercise(files ...*classfile.File) (calls int) {
	s := classfile.NewSet(files)
	for i := range s.NumClasses() {
		f := s.File(i)
		f.Annotations(nil, func(classfile.Annotation, uint16, classfile.Element) bool { return true })
		for j := range f.Fields {
			s.Initial(i, j)
			f.Annotations(&f.Fields[j], func(classfile.Annotation, uint16, classfile.Element) bool { return true })
		}
		for j := range f.Methods {
			f.Annotations(&f.Methods[j], func(classfile.Annotation, uint16, classfile.Element) bool { return true })
			c, _ := f.Code(&f.Methods[j])
			for k := range c.NumHandlers() {
				c.Handler(k)
			}
			c.References(func(pc uint32, _ classfile.Op, x uint16) {
				s.Link(i, x)
				s.HandleMethod(i, x)
				s.MethodString(s.Constant(i, x))
				if calls++; calls < 2000 {
					s.Args(i, j, pc)
				}
			})
		}
	}
	return calls
}

// TestReferences compares the fast walk with decoding each instruction.
func TestReferences(t *testing.T) {
	f, err := classfile.Open(classtest.One(fixtures["code"]))
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Code(&f.Methods[0])
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	n := 0
	for pc := uint32(0); ; n++ {
		in, ok := c.At(pc)
		if !ok {
			break
		}
		switch in.Op.Format() {
		case classfile.FormatConst1, classfile.FormatConst, classfile.FormatInterface, classfile.FormatDynamic, classfile.FormatMulti:
			want = append(want, fmt.Sprint(pc, in.Op, in.Index))
		}
		pc += in.Len
	}
	var got []string
	m, err := c.References(func(pc uint32, op classfile.Op, x uint16) { got = append(got, fmt.Sprint(pc, op, x)) })
	if err != nil || m != n {
		t.Errorf("%d instructions, %v; want %d", m, err, n)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if a := testing.AllocsPerRun(10, func() { c.References(func(uint32, classfile.Op, uint16) {}) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// TestBadCode reads instructions that are none.
func TestBadCode(t *testing.T) {
	for _, c := range []struct {
		code string
		n    int // instructions before
		kind binread.Kind
	}{
		{".byte 0 0 203", 2, binread.Malformed},
		{".byte 0 182 0", 1, binread.Truncated},
		{".byte 196 0", 0, binread.Truncated},
		{".byte 170 0 0 0 0 0 0 0 0 0 0 0 127 255 255 255", 0, binread.Truncated},
		{".byte 171 0 0 0 0 0 0 0 255 255 255 255", 0, binread.Truncated},
	} {
		f, err := classfile.Open(classtest.One(".class A\n.method static m()V\n" + c.code + "\n.end"))
		if err != nil {
			t.Fatal(err)
		}
		code, err := f.Code(&f.Methods[0])
		if err != nil {
			t.Fatal(err)
		}
		if n, err := code.References(func(uint32, classfile.Op, uint16) {}); n != c.n || !errors.Is(err, c.kind) {
			t.Errorf("%s: %d instructions, %v", c.code, n, err)
		}
	}
}

// TestBounds hands over files that declare far more than they hold.
func TestBounds(t *testing.T) {
	t.Run("constants", func(t *testing.T) {
		b := classtest.One(".class A")
		binary.BigEndian.PutUint16(b[8:], 0xffff)
		f, err := classfile.Open(b)
		if err != nil || f.NumConstants() > len(b) || f.This != 0 {
			t.Errorf("%d constants of %d bytes: %v", f.NumConstants(), len(b), err)
		}
	})
	t.Run("call sites that share a long text", func(t *testing.T) {
		var code strings.Builder
		recipe := strings.Repeat(`a\u0001`, 3000)
		for range 200 {
			fmt.Fprintf(&code, "invokedynamic m()Ljava/lang/String; java/lang/invoke/StringConcatFactory.makeConcatWithConstants()V \"%s\"\npop\n", recipe)
		}
		f, err := classfile.Open(classtest.One(".class A\n.method static m()V\n" + code.String() + "return\n.end"))
		if err != nil {
			t.Fatal(err)
		}
		if n := exercise(f); n != 200 {
			t.Errorf("%d call sites", n)
		}
	})
	t.Run("nested choices", func(t *testing.T) {
		// Each test doubles the ways to the end.
		var code strings.Builder
		code.WriteString("ldc \"\"\nastore 1\n")
		for i := range 2000 {
			fmt.Fprintf(&code, "aload_0\nifnull l%d\naload_1\nldc \"%d\"\ninvokevirtual java/lang/String.concat(Ljava/lang/String;)Ljava/lang/String;\nastore_1\nl%d:\n", i, i, i)
		}
		code.WriteString("aload_1\ninvokestatic S.sink(Ljava/lang/Object;)V\nreturn\n")
		s := open(t, ".class A\n.method static m(I)V\n"+code.String()+".end")
		if got := sinks(s); len(got) > 1<<16 {
			t.Errorf("%d bytes are known", len(got))
		}
	})
	t.Run("arrays in arrays", func(t *testing.T) {
		code := "iconst_0\nanewarray java/lang/Object\nastore 1\n"
		for range 12 {
			code += "sipush 200\nanewarray java/lang/Object\nastore 2\n"
			for i := range 200 {
				code += fmt.Sprintf("aload_2\nsipush %d\naload_1\naastore\n", i)
			}
			code += "aload_2\nastore 1\n"
		}
		s := open(t, ".class A\n.method static m(I)V\n"+code+"aload_1\ninvokestatic S.sink(Ljava/lang/Object;)V\nreturn\n.end")
		if got := sinks(s); len(got) > 1<<16 {
			t.Errorf("%d bytes are known", len(got))
		}
	})
}

// FuzzOpen reads all that a file offers, beside a file that names the same things.
func FuzzOpen(f *testing.F) {
	for _, text := range fixtures {
		f.Add(classtest.One(text))
	}
	good, err := classfile.Open(classtest.One(fixtures["code"]))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		x, err := classfile.Open(b)
		if err != nil {
			return
		}
		for i := range x.NumConstants() {
			x.Class(uint16(i))
			x.Text(uint16(i))
			x.MethodType(uint16(i))
			x.Int(uint16(i))
			x.Float(uint16(i))
		}
		exercise(x, good)
		if !bytes.Equal(b, before) {
			t.Error("the buffer was written to")
		}
	})
}

func FuzzCode(f *testing.F) {
	f.Add([]byte{0x12, 1, 0x57, 0xb1}, uint16(4), uint16(4))
	for _, text := range []string{"code", "members"} {
		x, err := classfile.Open(classtest.One(fixtures[text]))
		if err != nil {
			f.Fatal(err)
		}
		for i := range x.Methods {
			c, _ := x.Code(&x.Methods[i])
			f.Add(c.Insns, c.MaxStack, c.MaxLocals)
		}
	}
	// The constants of the fixture, and code that is made up.
	base := classtest.One(strings.Replace(fixtures["code"], "start:", "start:\n.byte "+strings.Repeat("0 ", 200), 1))
	mark := bytes.Index(base, make([]byte, 200))
	f.Fuzz(func(_ *testing.T, code []byte, stack, locals uint16) {
		b := bytes.Clone(base)
		copy(b[mark:mark+200], code)
		binary.BigEndian.PutUint16(b[mark-8:], stack%64)
		binary.BigEndian.PutUint16(b[mark-6:], locals%64)
		if x, err := classfile.Open(b); err == nil {
			exercise(x)
		}
	})
}
