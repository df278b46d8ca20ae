package extract

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile/classtest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// mask hides text as the recipes below do.
func mask(s string) string {
	return strings.Map(func(r rune) rune { return r ^ 1 }, s)
}

const unmask = `.class public Lcom/x/Mask;
.method public static a(Ljava/lang/String;)Ljava/lang/String;
    .registers 5
    invoke-virtual {p0}, Ljava/lang/String;->toCharArray()[C
    move-result-object v0
    const/4 v1, 0
  :next
    array-length v2, v0
    if-ge v1, v2, :done
    aget-char v2, v0, v1
    xor-int/lit8 v2, v2, 1
    int-to-char v2, v2
    aput-char v2, v0, v1
    add-int/lit8 v1, v1, 1
    goto :next
  :done
    invoke-static {v0}, Ljava/lang/String;->valueOf([C)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
`

// caller is a class that calls Mask.a with constants and keeps what it returns.
func caller(name string, texts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".class public L%s;\n.method public static go()V\n", name)
	for _, t := range texts {
		fmt.Fprintf(&b, "    const-string v0, %q\n    invoke-static {v0}, Lcom/x/Mask;->a(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n    invoke-static {v0}, Lcom/x/Sink;->take(Ljava/lang/String;)V\n", mask(t))
	}
	b.WriteString("    return-void\n.end method\n")
	return b.String()
}

// hiddenIn reads an app of several DEX files and returns what it hides, with the
// arguments of its calls of take.
func hiddenIn(t *testing.T, o Options, recipes ...string) (b *builder, hidden, taken []string) {
	t.Helper()
	b = newBuilder(context.Background(), o)
	for i, r := range recipes {
		if err := b.dex(dextest.Must(r), dexName(i+1), true); err != nil {
			t.Fatal(err)
		}
	}
	b.finish()
	hidden, taken = revealedIn(b.set.Units)
	return b, hidden, taken
}

func revealedIn(units []fact.Unit) (hidden, taken []string) {
	for _, u := range units {
		for e := range u.(fact.Emulations).Emulated() {
			hidden = append(hidden, u.String(e.String))
		}
		for bi, body := range u.Bodies() {
			for _, r := range u.Refs()[body.RefFirst:body.RefEnd] {
				if !r.Kind.IsCall() {
					continue
				}
				if _, name, _ := u.Method(r.Index); u.String(name) == "take" {
					for _, a := range u.Args(bi, r.PC) {
						taken = append(taken, a.S)
					}
				}
			}
		}
	}
	return hidden, taken
}

func TestEmulated(t *testing.T) {
	want := []string{"first.example.org", "second word", "third word"}
	b, hidden, taken := hiddenIn(t, Options{}, unmask+caller("com/x/A", want...))
	if !slices.Equal(hidden, want) || !slices.Equal(taken, want) {
		t.Errorf("hidden: %q, taken: %q", hidden, taken)
	}
	// They are strings of the unit that code loads, and frozen facts have them.
	u := b.set.Units[0]
	loaded := 0
	for _, r := range u.Refs() {
		if r.Kind == fact.RefString && slices.Contains(want, u.String(r.Index)) {
			loaded++
		}
	}
	if i := u.Info(); loaded != len(want) || i.Strings != u.NumStrings()-len(want) {
		t.Errorf("%d of them are loaded; %d strings of %d are of the file", loaded, i.Strings, u.NumStrings())
	}
	var frozen bytes.Buffer
	if err := fact.Freeze(&frozen, b.set); err != nil {
		t.Fatal(err)
	}
	thawed, err := fact.Thaw(bytes.NewReader(frozen.Bytes()), int64(frozen.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if d := facttest.Diff(b.set, thawed); d != "" {
		t.Error(d)
	}

	// Fewer calls than three do not make a method one that hides strings, ...
	if _, hidden, _ := hiddenIn(t, Options{}, unmask+caller("com/x/A", "one word", "two words")); len(hidden) > 0 {
		t.Errorf("two calls: %q", hidden)
	}
	// ... wherever they stand.
	if _, hidden, _ := hiddenIn(t, Options{}, unmask+caller("com/x/A", "one word"), caller("com/x/B", "two words", "three")); len(hidden) != 3 {
		t.Errorf("calls in two files: %q", hidden)
	}
	// Where three methods alike hide strings, others do it with one call.
	var many string
	for _, c := range []string{"A", "B", "C", "D"} {
		words := []string{"word one", "word two", "word three"}
		if c == "D" {
			words = []string{"lonely word"}
		}
		many += strings.ReplaceAll(unmask, "Mask;", "Mask"+c+";") + strings.ReplaceAll(caller("com/x/"+c, words...), "Mask;", "Mask"+c+";")
	}
	if _, hidden, _ := hiddenIn(t, Options{}, many); len(hidden) != 10 || hidden[9] != "lonely word" {
		t.Errorf("methods alike: %q", hidden)
	}
	// A limit that was reached is told once, with the way to raise it.
	b, _, _ = hiddenIn(t, Options{Limits: Limits{Emulated: 200}}, unmask+caller("com/x/A", strings.Repeat("long ", 100), "second word", "third word"))
	if p := b.set.App.Problems; len(p) != 1 || p[0].Kind != fact.ProblemBudget || !strings.Contains(p[0].Detail, "--max-emulated") {
		t.Errorf("problems: %+v", p)
	}
	// What cannot be read, or was not hidden, is left out.
	if _, hidden, _ := hiddenIn(t, Options{}, unmask+caller("com/x/A", "a", "\u0400\u0c02\u0601", "\ufffe\ufffd", "good word")); !slices.Equal(hidden, []string{"good word"}) {
		t.Errorf("hidden: %q", hidden)
	}
}

func TestEmulatedClassFiles(t *testing.T) {
	const recipe = `
.class public com/x/Mask
.method public static a(Ljava/lang/String;)Ljava/lang/String;
    aload_0
    invokevirtual java/lang/String.toCharArray()[C
    astore_1
    iconst_0
    istore_2
next:
    iload_2
    aload_1
    arraylength
    if_icmpge done
    aload_1
    iload_2
    dup2
    caload
    iconst_1
    ixor
    i2c
    castore
    iinc 2 1
    goto next
done:
    new java/lang/String
    dup
    aload_1
    invokespecial java/lang/String.<init>([C)V
    areturn
.end
`
	want := []string{"first.example.org", "second word", "third word"}
	user := ".class public com/x/A\n.method public static go()V\n"
	for _, s := range want {
		user += fmt.Sprintf("    ldc %q\n    invokestatic com/x/Mask.a(Ljava/lang/String;)Ljava/lang/String;\n    invokestatic com/x/Sink.take(Ljava/lang/String;)V\n", mask(s))
	}
	jar := classtest.Jar(recipe + user + "    return\n.end\n")
	set, err := App(context.Background(), Source{Parts: []Part{{Path: "x.jar", R: bytes.NewReader(jar), Size: int64(len(jar))}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if hidden, taken := revealedIn(set.Units); !slices.Equal(hidden, want) || !slices.Equal(taken, want) {
		t.Errorf("hidden: %q, taken: %q", hidden, taken)
	}
}

func TestMayHide(t *testing.T) {
	for proto, want := range map[string]bool{
		"(Ljava/lang/String;)Ljava/lang/String;":                     true,
		"(BSI)Ljava/lang/String;":                                    true,
		"([B)Ljava/lang/String;":                                     true,
		"([[CLjava/lang/Object;J)Ljava/lang/String;":                 true,
		"(II[Ljava/lang/Object;)V":                                   true,
		"([Ljava/lang/Object;)V":                                     false,
		"()Ljava/lang/String;":                                       false,
		"(Ljava/lang/String;)V":                                      false,
		"(Landroid/content/Context;I)Ljava/lang/String;":             false,
		"(Ljava/lang/String":                                         false,
		"(" + strings.Repeat("I", 300) + ")Ljava/lang/String;":       false,
		"(Ljava/lang/String;[)Ljava/lang/String;":                    false,
		"(Ljava/lang/CharSequence;ZLjava/lang/String;)Ljava/util/X;": false,
	} {
		if got := mayHide(proto); got != want {
			t.Errorf("mayHide(%q) = %v", proto, got)
		}
	}
}

func TestHidesText(t *testing.T) {
	for _, x := range []struct {
		text string
		args []string
		want bool
	}{
		{"https://host.example/", []string{"iuuqr;.."}, true},
		{"android_id", nil, true},
		{"x", []string{"y"}, false},
		{"trim", []string{" trim "}, false},
		{"Prefix name", []string{"name"}, false},
		{"NAME", []string{"name"}, false},
		{"bad\x01byte", []string{"q"}, false},
		{"lost \ufffd character", []string{"q"}, false},
		{"two\nlines", []string{"q"}, true},
		{"d41d8cd98f00b204e9800998ecf8427e", []string{""}, false},
		{"15f9dbd10f337884b63172704764e081", []string{"cantgetimei"}, false},
		{"6D7A3DACE27E249C36FB13311E1B7D9D", nil, true},
		{"c29tZSB0ZXh0Cg==", []string{"some text"}, false},
		{"com.x.Class", []string{"Y29tLnguQ2xhc3M="}, true},
	} {
		if got := hidesText(x.text, x.args); got != x.want {
			t.Errorf("hidesText(%q, %q) = %v", x.text, x.args, got)
		}
	}
}
