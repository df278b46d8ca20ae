package value_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/value"
)

// open assembles recipes to an app.
func open(tb testing.TB, recipes ...string) (*value.App, []*dex.File) {
	tb.Helper()
	var files []*dex.File
	for _, r := range recipes {
		b, err := dextest.Assemble(r)
		if err != nil {
			tb.Fatalf("%v\n%s", err, r)
		}
		f, err := dex.OpenAll(b)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, f...)
	}
	return value.NewApp(files...), files
}

// sinks renders the arguments of all calls of methods named sink.
func sinks(tb testing.TB, recipes ...string) (out []string) {
	tb.Helper()
	app, files := open(tb, recipes...)
	for i, f := range files {
		f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
			c.References(func(pc uint32, op dex.Opcode, kind dex.IndexKind, index uint32) {
				if kind != dex.IndexMethod || f.String(f.Method(index).Name) != "sink" {
					return
				}
				var l []string
				for _, v := range app.Args(i, m, pc) {
					l = append(l, v.String())
				}
				out = append(out, strings.Join(l, ", "))
			})
			return true
		})
	}
	return out
}

// method wraps the body of a static method m(int, String, Object) with ten
// registers, of which v7 to v9 are the parameters.
func method(body string) string {
	return ".dex 038\n.class public Lcom/x/C;\n.method public static m(ILjava/lang/String;Ljava/lang/Object;)V\n    .registers 10\n" + body + "\n    return-void\n.end method\n"
}

func TestArgs(t *testing.T) {
	const (
		str  = "\n    invoke-static {v0}, Lcom/x/S;->sink(Ljava/lang/String;)V\n"
		obj  = "\n    invoke-static {v0}, Lcom/x/S;->sink(Ljava/lang/Object;)V\n"
		i32  = "\n    invoke-static {v0}, Lcom/x/S;->sink(I)V\n"
		i64  = "\n    invoke-static {v0, v1}, Lcom/x/S;->sink(J)V\n"
		newB = "\n    new-instance v6, Ljava/lang/StringBuilder;\n    invoke-direct {v6}, Ljava/lang/StringBuilder;-><init>()V\n"
		done = "\n    invoke-virtual {v6}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;\n    move-result-object v0\n"
	)
	app := func(reg, typ string) string {
		return "\n    invoke-virtual {v6, " + reg + "}, Ljava/lang/StringBuilder;->append(" + typ + ")Ljava/lang/StringBuilder;\n"
	}
	const s = "Ljava/lang/String;"
	tests := []struct{ name, body, want string }{
		// Constants.
		{"string", `const-string v0, "a"` + str, `"a"`},
		{"jumbo string", `const-string/jumbo v0, "a"` + str, `"a"`},
		{"int", "const/16 v0, 0x1234" + i32, "4660"},
		{"negative", "const/4 v0, -1" + i32, "-1"},
		{"long", "const-wide/32 v0, 5" + i64, "5"},
		{"high", "const/high16 v0, 0x40490000" + "\n    invoke-static {v0}, Lcom/x/S;->sink(F)V\n", "3.140625f"},
		{"double", "const-wide/high16 v0, 0x4009000000000000\n    invoke-static {v0, v1}, Lcom/x/S;->sink(D)V\n", "3.125f"},
		{"null", "const/4 v0, 0" + str, "null"},
		{"class", "const-class v0, Lcom/x/K;" + obj, "Lcom/x/K;"},
		{"parameters", "invoke-static {v7, v8, v9}, Lcom/x/S;->sink(ILjava/lang/String;Ljava/lang/Object;)V", "p0, p1, p2"},
		{"moves", "const-string v1, \"a\"\n    move-object v2, v1\n    move-object/from16 v0, v2" + str, `"a"`},
		{"overwritten", "const-string v0, \"a\"\n    const-string v0, \"b\"" + str, `"b"`},
		{"half of a pair", "const-string v1, \"a\"\n    const-wide/16 v0, 1\n    invoke-static {v1}, Lcom/x/S;->sink(Ljava/lang/String;)V", "?"},
		{"cast", "const-string v0, \"a\"\n    check-cast v0, Ljava/lang/CharSequence;" + str, `"a"`},
		{"result", "invoke-static {}, Lcom/gone/X;->get()Ljava/lang/String;\n    move-result-object v0" + str, "Lcom/gone/X;->get()Ljava/lang/String;"},
		{"new object", "new-instance v0, Lcom/x/K;\n    invoke-direct {v0}, Lcom/x/K;-><init>()V" + obj, "new Lcom/x/K;"},
		{"exception", "move-exception v0" + obj, "?"},
		{"field", "sget-object v0, Lcom/gone/X;->F:Ljava/lang/String;" + str, "field Lcom/gone/X;->F:Ljava/lang/String;"},
		{"arithmetic", "const/4 v1, 3\n    add-int/lit8 v1, v1, 4\n    mul-int v0, v1, v1\n    xor-int/lit16 v0, v0, 0xff\n    rsub-int/lit8 v0, v0, 1" + i32, "-205"},
		{"overflow", "const v0, 0x7fffffff\n    add-int/lit8 v0, v0, 1" + i32, "-2147483648"},
		{"shift", "const/4 v0, -1\n    ushr-int/lit8 v0, v0, 28" + i32, "15"},
		{"division", "const/16 v0, 17\n    rem-int/lit8 v0, v0, 5" + i32, "2"},
		{"division by zero", "const/16 v0, 17\n    const/4 v1, 0\n    div-int v0, v0, v1" + i32, "?"},
		{"long arithmetic", "const-wide/16 v0, 5\n    const-wide/16 v2, 7\n    sub-long/2addr v0, v2" + i64, "-2"},
		{"conversion", "const/16 v0, 0x1ff\n    int-to-byte v0, v0" + i32, "-1"},

		// Paths.
		{"either", "const-string v0, \"a\"\n    if-eqz p0, :e\n    const-string v0, \"b\"\n  :e" + str, `("a" | "b")`},
		{"either, one unknown", "const-string v0, \"a\"\n    if-eqz p0, :e\n    move-object v0, p1\n  :e" + str, `("a" | p1)`},
		{"the same both ways", "const-string v0, \"a\"\n    if-eqz p0, :e\n    const-string v0, \"a\"\n  :e" + str, `"a"`},
		{"through a loop", "const-string v0, \"a\"\n  :l\n    add-int/lit8 p0, p0, 1\n    if-eqz p0, :l" + str, `"a"`},
		{"changed in a loop", "const-string v0, \"a\"\n  :l" + str + "    const-string v0, \"b\"\n    if-eqz p0, :l\n", `("a" | "b")`},
		{"counter", "const/4 v0, 0\n  :l" + i32 + "    add-int/lit8 v0, v0, 1\n    if-eqz p0, :l\n", "(0 | ?)"},
		{"nested loops", "const-string v0, \"a\"\n  :o\n    const-string v1, \"x\"\n  :i\n    invoke-static {v0, v1}, Lcom/x/S;->sink(Ljava/lang/String;Ljava/lang/String;)V\n    const-string v1, \"y\"\n    if-eqz p0, :i\n    if-nez p0, :o\n", `"a", ("x" | "y")`},
		{"switch", "const-string v0, \"a\"\n    packed-switch p0, :t\n    goto :e\n  :one\n    const-string v0, \"b\"\n    goto :e\n  :two\n    const-string v0, \"c\"\n  :e" + str + "    return-void\n  :t\n    .packed-switch 0\n        :one\n        :two\n    .end packed-switch\n", `("a" | "b" | "c")`},
		{"handler", "const-string v0, \"a\"\n    const-string v1, \"x\"\n  :a\n    invoke-static {}, Lcom/gone/X;->f()V\n    const-string v1, \"y\"\n    invoke-static {}, Lcom/gone/X;->f()V\n  :b\n    return-void\n  :h\n    move-exception v2\n    invoke-static {v0, v1}, Lcom/x/S;->sink(Ljava/lang/String;Ljava/lang/String;)V\n    .catchall {:a .. :b} :h", `"a", ("x" | "y")`},
		{"result behind a try", "  :a\n    invoke-static {}, Lcom/gone/X;->get()Ljava/lang/String;\n  :b\n    move-result-object v0" + str + "    return-void\n  :h\n    move-exception v0\n    .catchall {:a .. :b} :h", "Lcom/gone/X;->get()Ljava/lang/String;"},
		{"dead code", "return-void\n    const-string v0, \"a\"" + str, `"a"`},
		{"dead code does not reach live code", "goto :e\n    const-string v0, \"a\"\n  :e" + str, "?"},
		{"nothing was written", strings.TrimSpace(str), "?"},

		// Text.
		{"builder", newB + "const-string v0, \"https://\"" + app("v0", s) + "const-string v0, \"example.com\"" + app("v0", s) + done + str, `"https://example.com"`},
		{"builder with gaps", newB + "const-string v0, \"id=\"" + app("v0", s) + app("p1", s) + app("p0", "I") + "const-string v0, \"&x\"" + app("v0", s) + done + str, `"id=" + p1 + p0 + "&x"`},
		{"builder of numbers", newB + "const/16 v0, 65" + app("v0", "I") + app("v0", "C") + "const/4 v0, 1" + app("v0", "Z") + "const/4 v0, 0" + app("v0", s) + done + str, `"65Atruenull"`},
		{"builder that begins with text", "new-instance v6, Ljava/lang/StringBuilder;\n    const-string v0, \"a\"\n    invoke-direct {v6, v0}, Ljava/lang/StringBuilder;-><init>(Ljava/lang/String;)V\n" + app("p1", s) + done + str, `"a" + p1`},
		{"chained appends", newB + "const-string v0, \"a\"" + app("v0", s) + "move-result-object v6\n    const-string v0, \"b\"" + app("v0", s) + "move-result-object v6" + done + str, `"ab"`},
		{"builder, either", newB + "const-string v0, \"a\"\n    if-eqz p0, :e\n    const-string v0, \"b\"\n  :e" + app("v0", s) + "const-string v0, \"c\"" + app("v0", s) + done + str, `("ac" | "bc")`},
		{"builder, appended on one path", newB + "const-string v0, \"a\"" + app("v0", s) + "if-eqz p0, :e\n    const-string v0, \"b\"" + app("v0", s) + "\n  :e\n    const-string v0, \"c\"" + app("v0", s) + done + str, `("ac" | "abc")`},
		{"builder in a loop", newB + "const-string v0, \"a\"" + app("v0", s) + "\n  :l\n    const-string v0, \"b\"" + app("v0", s) + "\n    if-eqz p0, :l" + done + str, `("ab" | ? + "bb")`},
		{"builder around a loop", newB + "const-string v0, \"a\"" + app("v0", s) + "\n  :l\n    add-int/lit8 p0, p0, 1\n    if-eqz p0, :l\n    const-string v0, \"b\"" + app("v0", s) + done + str, `"ab"`},
		{"made anew in a loop", "  :l" + newB + "const-string v0, \"a\"" + app("v0", s) + done + str + "    if-eqz p0, :l\n", `"a"`},
		{"builder in strange hands", newB + "const-string v0, \"a\"" + app("v0", s) + "invoke-static {v6}, Lcom/gone/X;->f(Ljava/lang/StringBuilder;)V\n    const-string v0, \"b\"" + app("v0", s) + done + str, `"a" + ? + "b"`},
		{"builder stored", newB + "const-string v0, \"a\"" + app("v0", s) + "sput-object v6, Lcom/x/S;->b:Ljava/lang/StringBuilder;" + done + str, `"a" + ?`},
		{"builder, insert", newB + "const-string v0, \"b\"" + app("v0", s) + "const/4 v1, 0\n    const-string v0, \"a\"\n    invoke-virtual {v6, v1, v0}, Ljava/lang/StringBuilder;->insert(ILjava/lang/String;)Ljava/lang/StringBuilder;" + done + str, `"ab"`},
		{"builder, reverse", newB + "const-string v0, \"moc\"" + app("v0", s) + "invoke-virtual {v6}, Ljava/lang/StringBuilder;->reverse()Ljava/lang/StringBuilder;" + done + str, `"com"`},
		{"builder, cut", newB + "const-string v0, \"abc\"" + app("v0", s) + "const/4 v0, 2\n    invoke-virtual {v6, v0}, Ljava/lang/StringBuilder;->setLength(I)V" + done + str, `"ab"`},
		{"builder as argument", newB + "const-string v0, \"a\"" + app("v0", s) + "invoke-static {v6}, Lcom/x/S;->sink(Ljava/lang/CharSequence;)V", `"a"`},
		{"builder of a builder", newB + "new-instance v5, Ljava/lang/StringBuilder;\n    const-string v0, \"a\"\n    invoke-direct {v5, v0}, Ljava/lang/StringBuilder;-><init>(Ljava/lang/String;)V" + app("v5", "Ljava/lang/CharSequence;") + done + str, `"a"`},
		{"concat", "const-string v0, \"a\"\n    invoke-virtual {v0, p1}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0" + str, `"a" + p1`},
		{"invoke-custom", "const/4 v1, 1\n    invoke-custom {p1, v1}, site(\"makeConcatWithConstants\", (Ljava/lang/String;Z)Ljava/lang/String;, \"a\\u0001b\\u0002c\\u0001\", \"K\")@Ljava/lang/invoke/StringConcatFactory;->makeConcatWithConstants(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/invoke/CallSite;\n    move-result-object v0" + str, `"a" + p1 + "bKctrue"`},
		{"format", "const-string v0, \"https://%s/%d%%%n%5d\"\n    const-string v1, \"example.com\"\n    const/16 v2, 42\n    invoke-static {v2}, Ljava/lang/Integer;->valueOf(I)Ljava/lang/Integer;\n    move-result-object v2\n    filled-new-array {v1, v2, v2}, [Ljava/lang/Object;\n    move-result-object v1\n    invoke-static {v0, v1}, Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;\n    move-result-object v0" + str, `"https://example.com/42%\n" + ?`},
		{"format by position", "const-string v0, \"%2$s%1$s\"\n    const-string v1, \"a\"\n    const-string v2, \"b\"\n    filled-new-array {v1, v2}, [Ljava/lang/Object;\n    move-result-object v1\n    invoke-static {v0, v1}, Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;\n    move-result-object v0" + str, `"ba"`},
		{"format with a locale", "const-string v0, \"a%s\"\n    filled-new-array {p1}, [Ljava/lang/Object;\n    move-result-object v1\n    invoke-static {p2, v0, v1}, Ljava/lang/String;->format(Ljava/util/Locale;Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;\n    move-result-object v0" + str, `"a" + p1`},
		{"valueOf", "const/16 v0, 12\n    invoke-static {v0}, Ljava/lang/String;->valueOf(I)Ljava/lang/String;\n    move-result-object v0" + str, `"12"`},
		{"case", "const-string v0, \"aB\"\n    invoke-virtual {v0}, Ljava/lang/String;->toUpperCase()Ljava/lang/String;\n    move-result-object v0" + str, `"AB"`},
		{"substring", "const-string v0, \"xa\\ud83d\\ude00b\"\n    const/4 v1, 1\n    const/4 v2, 4\n    invoke-virtual {v0, v1, v2}, Ljava/lang/String;->substring(II)Ljava/lang/String;\n    move-result-object v0" + str, "\"a\U0001F600\""},
		{"substring out of range", "const-string v0, \"x\"\n    const/4 v1, 5\n    invoke-virtual {v0, v1}, Ljava/lang/String;->substring(I)Ljava/lang/String;\n    move-result-object v0" + str, "?"},
		{"replace", "const-string v0, \"a.b.c\"\n    const/16 v1, 46\n    const/16 v2, 47\n    invoke-virtual {v0, v1, v2}, Ljava/lang/String;->replace(CC)Ljava/lang/String;\n    move-result-object v0" + str, `"a/b/c"`},
		{"trim", "const-string v0, \" a \"\n    invoke-virtual {v0}, Ljava/lang/String;->trim()Ljava/lang/String;\n    move-result-object v0" + str, `"a"`},
		{"charAt", "const-string v0, \"AB\"\n    const/4 v1, 1\n    invoke-virtual {v0, v1}, Ljava/lang/String;->charAt(I)C\n    move-result v0" + i32, "66"},
		{"join", "const-string v0, \",\"\n    const-string v1, \"a\"\n    const-string v2, \"b\"\n    filled-new-array {v1, v2}, [Ljava/lang/CharSequence;\n    move-result-object v1\n    invoke-static {v0, v1}, Ljava/lang/String;->join(Ljava/lang/CharSequence;[Ljava/lang/CharSequence;)Ljava/lang/String;\n    move-result-object v0" + str, `"a,b"`},
		{"parsed number", "const-string v0, \"ff\"\n    const/16 v1, 16\n    invoke-static {v0, v1}, Ljava/lang/Integer;->parseInt(Ljava/lang/String;I)I\n    move-result v0" + i32, "255"},
		{"new string", "const-string v1, \"a\"\n    new-instance v0, Ljava/lang/String;\n    invoke-direct {v0, v1}, Ljava/lang/String;-><init>(Ljava/lang/String;)V" + str, `"a"`},
		{"kotlin", "const-string v0, \"a\"\n    invoke-static {v0, p2}, Lkotlin/jvm/internal/Intrinsics;->stringPlus(Ljava/lang/String;Ljava/lang/Object;)Ljava/lang/String;\n    move-result-object v0" + str, `"a" + p2`},

		// Addresses.
		{"uri", "const-string v0, \"content://x/y\"\n    invoke-static {v0}, Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;\n    move-result-object v0" + obj, `"content://x/y"`},
		{"appended path", "const-string v0, \"content://x\"\n    invoke-static {v0}, Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;\n    move-result-object v0\n    const-string v1, \"y\"\n    invoke-static {v0, v1}, Landroid/net/Uri;->withAppendedPath(Landroid/net/Uri;Ljava/lang/String;)Landroid/net/Uri;\n    move-result-object v0" + obj, `"content://x/y"`},
		{"uri builder", "new-instance v0, Landroid/net/Uri$Builder;\n    invoke-direct {v0}, Landroid/net/Uri$Builder;-><init>()V\n    const-string v1, \"https\"\n    invoke-virtual {v0, v1}, Landroid/net/Uri$Builder;->scheme(Ljava/lang/String;)Landroid/net/Uri$Builder;\n    move-result-object v2\n    const-string v1, \"example.com\"\n    invoke-virtual {v2, v1}, Landroid/net/Uri$Builder;->authority(Ljava/lang/String;)Landroid/net/Uri$Builder;\n    const-string v1, \"a\"\n    invoke-virtual {v0, v1}, Landroid/net/Uri$Builder;->appendPath(Ljava/lang/String;)Landroid/net/Uri$Builder;\n    invoke-virtual {v0, v1, p1}, Landroid/net/Uri$Builder;->appendQueryParameter(Ljava/lang/String;Ljava/lang/String;)Landroid/net/Uri$Builder;\n    invoke-virtual {v0, v1, v1}, Landroid/net/Uri$Builder;->appendQueryParameter(Ljava/lang/String;Ljava/lang/String;)Landroid/net/Uri$Builder;\n    invoke-virtual {v0}, Landroid/net/Uri$Builder;->build()Landroid/net/Uri;\n    move-result-object v0" + obj, `"https://example.com/a?a=" + p1 + "&a=a"`},
		{"uri built upon another", "const-string v0, \"content://x\"\n    invoke-static {v0}, Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;\n    move-result-object v0\n    invoke-virtual {v0}, Landroid/net/Uri;->buildUpon()Landroid/net/Uri$Builder;\n    move-result-object v0\n    const-string v1, \"y\"\n    invoke-virtual {v0, v1}, Landroid/net/Uri$Builder;->appendPath(Ljava/lang/String;)Landroid/net/Uri$Builder;\n    move-result-object v0\n    invoke-virtual {v0}, Landroid/net/Uri$Builder;->build()Landroid/net/Uri;\n    move-result-object v0" + obj, `"content://x/y"`},
		{"url", "new-instance v0, Ljava/net/URL;\n    const-string v1, \"https://a/\"\n    invoke-direct {v0, v1}, Ljava/net/URL;-><init>(Ljava/lang/String;)V" + obj, `"https://a/"`},
		{"file", "new-instance v0, Ljava/io/File;\n    const-string v1, \"/sys/\"\n    invoke-direct {v0, v1, p1}, Ljava/io/File;-><init>(Ljava/lang/String;Ljava/lang/String;)V" + obj, `"/sys/" + p1`},
		{"encoded", "const-string v0, \"a b/c\"\n    invoke-static {v0}, Landroid/net/Uri;->encode(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0" + str, `"a%20b%2Fc"`},
		{"resource", "const v1, 0x7f0e0010\n    invoke-virtual {v9, v1}, Landroid/content/Context;->getString(I)Ljava/lang/String;\n    move-result-object v0" + str, "Landroid/content/Context;->getString(I)Ljava/lang/String;#7f0e0010"},

		// Arrays.
		{"filled array", "const-string v1, \"a\"\n    filled-new-array {v1, p1}, [Ljava/lang/String;\n    move-result-object v0" + obj, `["a", p1]`},
		{"array element by element", "const/4 v1, 2\n    new-array v0, v1, [Ljava/lang/String;\n    const/4 v1, 0\n    const-string v2, \"a\"\n    aput-object v2, v0, v1" + obj, `["a", null]`},
		{"element of an array", "const-string v1, \"a\"\n    filled-new-array {v1, p1}, [Ljava/lang/String;\n    move-result-object v0\n    const/4 v1, 1\n    aget-object v0, v0, v1" + str, "p1"},
		{"array data", "const/4 v1, 3\n    new-array v0, v1, [I\n    fill-array-data v0, :d" + obj + "    return-void\n  :d\n    .array-data 4\n        1, -2, 0x7f\n    .end array-data\n", "[1, -2, 127]"},
		{"length", "const/4 v1, 3\n    new-array v0, v1, [I\n    array-length v0, v0" + i32, "3"},
		{"unknown position", "const-string v1, \"a\"\n    filled-new-array {v1, v1}, [Ljava/lang/String;\n    move-result-object v0\n    aput-object p1, v0, p0" + obj, `[("a" | p1), ("a" | p1)]`},
		{"array of unknown length", "new-array v0, p0, [I" + obj, "new [I"},
		{"bytes to text", "const/4 v1, 2\n    new-array v1, v1, [B\n    fill-array-data v1, :d\n    new-instance v0, Ljava/lang/String;\n    invoke-direct {v0, v1}, Ljava/lang/String;-><init>([B)V" + str + "    return-void\n  :d\n    .array-data 1\n        0x68, 0x69\n    .end array-data\n", `"hi"`},
		{"numbers in strange hands", "const/4 v1, 1\n    new-array v0, v1, [B\n    invoke-static {v0}, Lcom/gone/X;->read([B)V" + obj, "new [B"},
		{"base64", "const-string v1, \"aHR0cHM6Ly9h\"\n    const/4 v2, 0\n    invoke-static {v1, v2}, Landroid/util/Base64;->decode(Ljava/lang/String;I)[B\n    move-result-object v1\n    new-instance v0, Ljava/lang/String;\n    invoke-direct {v0, v1}, Ljava/lang/String;-><init>([B)V" + str, `"https://a"`},
		{"getBytes and back", "const-string v1, \"h\\u00e9\"\n    invoke-virtual {v1}, Ljava/lang/String;->getBytes()[B\n    move-result-object v1\n    new-instance v0, Ljava/lang/String;\n    const-string v2, \"UTF-8\"\n    invoke-direct {v0, v1, v2}, Ljava/lang/String;-><init>([BLjava/lang/String;)V" + str, `"hé"`},
		{"copied array", "const-string v1, \"a\"\n    filled-new-array {v1}, [Ljava/lang/Object;\n    move-result-object v1\n    const/4 v2, 1\n    invoke-static {v1, v2}, Ljava/util/Arrays;->copyOf([Ljava/lang/Object;I)[Ljava/lang/Object;\n    move-result-object v0" + obj, `["a"]`},

		// Classes and reflection.
		{"forName", "const-string v0, \"android.os.SystemProperties\"\n    invoke-static {v0}, Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;\n    move-result-object v0" + obj, "Landroid/os/SystemProperties;"},
		{"getMethod", "const-string v0, \"android.os.SystemProperties\"\n    invoke-static {v0}, Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;\n    move-result-object v0\n    const-string v1, \"get\"\n    const/4 v2, 0\n    invoke-virtual {v0, v1, v2}, Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;\n    move-result-object v0\n    invoke-virtual {v0, v1, v2}, Ljava/lang/reflect/Method;->sink(Ljava/lang/Object;[Ljava/lang/Object;)V", `Landroid/os/SystemProperties;->get, "get", null`},
		{"getMethod of an unknown class", "invoke-virtual {p2}, Ljava/lang/Object;->getClass()Ljava/lang/Class;\n    move-result-object v0\n    const-string v1, \"getImei\"\n    const/4 v2, 0\n    invoke-virtual {v0, v1, v2}, Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;\n    move-result-object v0" + obj, "->getImei"},
		{"invoke", "const-class v0, Lcom/x/K;\n    const-string v1, \"f\"\n    const/4 v2, 0\n    invoke-virtual {v0, v1, v2}, Ljava/lang/Class;->getDeclaredMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;\n    move-result-object v0\n    invoke-virtual {v0, v2, v2}, Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;\n    move-result-object v0" + obj, "Lcom/x/K;->f"},
		{"getField", "const-class v0, Landroid/os/Build;\n    const-string v1, \"SERIAL\"\n    invoke-virtual {v0, v1}, Ljava/lang/Class;->getField(Ljava/lang/String;)Ljava/lang/reflect/Field;\n    move-result-object v0" + obj, "field Landroid/os/Build;->SERIAL"},
		{"newInstance", "const-class v0, Lcom/x/K;\n    invoke-virtual {v0}, Ljava/lang/Class;->newInstance()Ljava/lang/Object;\n    move-result-object v0" + obj, "new Lcom/x/K;"},
		{"getName", "const-class v0, Lcom/x/K$I;\n    invoke-virtual {v0}, Ljava/lang/Class;->getName()Ljava/lang/String;\n    move-result-object v0" + str, `"com.x.K$I"`},
		{"getSimpleName", "const-class v0, Lcom/x/K$I;\n    invoke-virtual {v0}, Ljava/lang/Class;->getSimpleName()Ljava/lang/String;\n    move-result-object v0" + str, `"I"`},
		{"getClass", "new-instance v0, Lcom/x/K;\n    invoke-virtual {v0}, Ljava/lang/Object;->getClass()Ljava/lang/Class;\n    move-result-object v0" + obj, "Lcom/x/K;"},
		{"getClass of what a method returns", "invoke-virtual {v9}, Landroid/content/Context;->getPackageManager()Landroid/content/pm/PackageManager;\n    move-result-object v0\n    invoke-virtual {v0}, Ljava/lang/Object;->getClass()Ljava/lang/Class;\n    move-result-object v0" + obj, "Landroid/content/pm/PackageManager;"},
		{"getClass of a parameter", "invoke-virtual {p1}, Ljava/lang/Object;->getClass()Ljava/lang/Class;\n    move-result-object v0" + obj, "Ljava/lang/String;"},
		{"service", "const-string v0, \"phone\"\n    invoke-virtual {v9, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;\n    move-result-object v0\n    check-cast v0, Landroid/telephony/TelephonyManager;" + obj, "new Landroid/telephony/TelephonyManager;"},
		{"service by class", "const-class v0, Landroid/net/wifi/WifiManager;\n    invoke-virtual {v9, v0}, Landroid/app/Activity;->getSystemService(Ljava/lang/Class;)Ljava/lang/Object;\n    move-result-object v0" + obj, "new Landroid/net/wifi/WifiManager;"},
		{"unknown service", "invoke-virtual {v9, p1}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;\n    move-result-object v0" + obj, "Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;"},
		{"separator", "sget-object v0, Ljava/io/File;->separator:Ljava/lang/String;" + str, `"/"`},
		{"url of parts", "new-instance v0, Ljava/net/URL;\n    const-string v1, \"http\"\n    const/16 v2, 8080\n    const-string v3, \"/f\"\n    invoke-direct {v0, v1, p1, v2, v3}, Ljava/net/URL;-><init>(Ljava/lang/String;Ljava/lang/String;ILjava/lang/String;)V" + obj, `"http://" + p1 + ":8080/f"`},
		{"primitive class", "sget-object v0, Ljava/lang/Integer;->TYPE:Ljava/lang/Class;" + obj, "I"},
		{"either class", "const-string v0, \"a.A\"\n    if-eqz p0, :e\n    const-string v0, \"a.B\"\n  :e\n    invoke-static {v0}, Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;\n    move-result-object v0" + obj, "(La/A; | La/B;)"},
	}
	for _, tt := range tests {
		got := sinks(t, method(tt.body))
		if len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s:\n\tgot  %q\n\twant %q", tt.name, got, tt.want)
		}
	}
}

const other = `
.class public Lcom/y/K;
.field public static final NAME:Ljava/lang/String; = "name"
.field public static final COUNT:I = 7
.field public static final ZERO:I
.field public static final LATE:Ljava/lang/String;
.field public static final BUILT:Ljava/lang/String;
.field public static open:Ljava/lang/String; = "first"
.field public static nothing:Ljava/lang/String;
.field private final host:Ljava/lang/String;
.field private final given:Ljava/lang/String;
.field private port:I
.field public static final LIST:[Ljava/lang/String;
.method public static constructor <clinit>()V
    .registers 3
    const-string v0, "one"
    const-string v1, "two"
    filled-new-array {v0, v1}, [Ljava/lang/String;
    move-result-object v0
    sput-object v0, Lcom/y/K;->LIST:[Ljava/lang/String;
    const-string v0, "late"
    sput-object v0, Lcom/y/K;->LATE:Ljava/lang/String;
    new-instance v1, Ljava/lang/StringBuilder;
    invoke-direct {v1}, Ljava/lang/StringBuilder;-><init>()V
    invoke-virtual {v1, v0}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    const-string v0, "r"
    invoke-virtual {v1, v0}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v1}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v0
    sput-object v0, Lcom/y/K;->BUILT:Ljava/lang/String;
    return-void
.end method
.method public constructor <init>(Ljava/lang/String;)V
    .registers 3
    const-string v0, "host"
    iput-object v0, p0, Lcom/y/K;->host:Ljava/lang/String;
    iput-object p1, p0, Lcom/y/K;->given:Ljava/lang/String;
    const/16 v0, 80
    iput v0, p0, Lcom/y/K;->port:I
    return-void
.end method
.method public constructor <init>()V
    .registers 2
    const-string v0, "x"
    invoke-direct {p0, v0}, Lcom/y/K;-><init>(Ljava/lang/String;)V
    return-void
.end method
.method public static url(Ljava/lang/String;)Ljava/lang/String;
    .registers 2
    const-string v0, "https://h/"
    invoke-virtual {v0, p0}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
.method public static twice(Ljava/lang/String;)Ljava/lang/String;
    .registers 1
    invoke-static {p0}, Lcom/y/K;->url(Ljava/lang/String;)Ljava/lang/String;
    move-result-object p0
    return-object p0
.end method
.method public static deep(Ljava/lang/String;)Ljava/lang/String;
    .registers 1
    invoke-static {p0}, Lcom/y/K;->twice(Ljava/lang/String;)Ljava/lang/String;
    move-result-object p0
    return-object p0
.end method
.method public getHost()Ljava/lang/String;
    .registers 2
    iget-object v0, p0, Lcom/y/K;->host:Ljava/lang/String;
    return-object v0
.end method
.method public static endless()Ljava/lang/String;
    .registers 1
    invoke-static {}, Lcom/y/K;->endless()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
.class public Lcom/y/Base;
.method public name()Ljava/lang/String;
    const-string v0, "base"
    return-object v0
.end method
.method public final fixed()Ljava/lang/String;
    const-string v0, "fixed"
    return-object v0
.end method
.class public Lcom/y/Sub;
.super Lcom/y/Base;
.method public name()Ljava/lang/String;
    const-string v0, "sub"
    return-object v0
.end method
`

// What is found in other methods and files.
func TestAcross(t *testing.T) {
	const s = "Ljava/lang/String;"
	get := func(kind, name, typ string) string {
		if strings.HasPrefix(kind, "i") {
			kind += " v0, v9,"
		} else {
			kind += " v0,"
		}
		return kind + " " + name + ":" + typ + "\n"
	}
	tests := []struct{ name, body, want string }{
		{"constant", get("sget-object", "Lcom/y/K;->NAME", s), `"name"`},
		{"number", get("sget", "Lcom/y/K;->COUNT", "I"), "7"},
		{"default", get("sget", "Lcom/y/K;->ZERO", "I"), "0"},
		{"initialiser", get("sget-object", "Lcom/y/K;->LATE", s), `"late"`},
		{"initialiser that computes", get("sget-object", "Lcom/y/K;->BUILT", s), `"later"`},
		{"array", get("sget-object", "Lcom/y/K;->LIST", "["+s), `["one", "two"]`},
		{"element of an array", get("sget-object", "Lcom/y/K;->LIST", "["+s) + "const/4 v1, 1\n    aget-object v0, v0, v1\n", `"two"`},
		{"element too far", get("sget-object", "Lcom/y/K;->LIST", "["+s) + "const/4 v1, 2\n    aget-object v0, v0, v1\n", "?"},
		{"not final", get("sget-object", "Lcom/y/K;->open", s), `field Lcom/y/K;->open:Ljava/lang/String;="first"`},
		{"never set", get("sget-object", "Lcom/y/K;->nothing", s), `field Lcom/y/K;->nothing:Ljava/lang/String;`},
		{"inherited name", get("sget-object", "Lcom/y/K2;->NAME", s), `"name"`},
		{"final field of an object", get("iget-object", "Lcom/y/K;->host", s), `"host"`},
		{"final field that was given", get("iget-object", "Lcom/y/K;->given", s), `field Lcom/y/K;->given:Ljava/lang/String;`},
		{"field of an object", get("iget", "Lcom/y/K;->port", "I"), `field Lcom/y/K;->port:I`},
		{"returned", "invoke-static {p1}, Lcom/y/K;->url(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n", `"https://h/" + p1`},
		{"returned constant", "const-string v1, \"a\"\n    invoke-static {v1}, Lcom/y/K;->twice(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n", `"https://h/a"`},
		{"too deep", "const-string v1, \"a\"\n    invoke-static {v1}, Lcom/y/K;->deep(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n", "Lcom/y/K;->deep(Ljava/lang/String;)Ljava/lang/String;"},
		{"getter", "invoke-virtual {v9}, Lcom/y/K;->getHost()Ljava/lang/String;\n    move-result-object v0\n", `"host"`},
		{"recursion", "invoke-static {}, Lcom/y/K;->endless()Ljava/lang/String;\n    move-result-object v0\n", "Lcom/y/K;->endless()Ljava/lang/String;"},
		{"may be overridden", "invoke-virtual {v9}, Lcom/y/Base;->name()Ljava/lang/String;\n    move-result-object v0\n", "Lcom/y/Base;->name()Ljava/lang/String;"},
		{"final method", "invoke-virtual {v9}, Lcom/y/Base;->fixed()Ljava/lang/String;\n    move-result-object v0\n", `"fixed"`},
		{"nobody extends it", "invoke-virtual {v9}, Lcom/y/Sub;->name()Ljava/lang/String;\n    move-result-object v0\n", `"sub"`},
		{"inherited method", "invoke-virtual {v9}, Lcom/y/Sub;->fixed()Ljava/lang/String;\n    move-result-object v0\n", `"fixed"`},
		{"service of the app's own context", "const-string v1, \"phone\"\n    invoke-virtual {v9, v1}, Lcom/y/Act;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;\n    move-result-object v0\n", "new Landroid/telephony/TelephonyManager;"},
		{"own method of that name", "invoke-virtual {v9, p1}, Lcom/y/Act;->getText(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n", "p1"},
		{"text with a constant", "const-string v1, \"x/\"\n    sget-object v0, Lcom/y/K;->NAME:Ljava/lang/String;\n    invoke-virtual {v1, v0}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;\n    move-result-object v0\n", `"x/name"`},
	}
	const k2 = ".class public Lcom/y/K2;\n.super Lcom/y/K;\n.class public Lcom/y/Act;\n.super Landroid/app/Activity;\n" +
		".method public getText(Ljava/lang/String;)Ljava/lang/String;\n    return-object p1\n.end method\n"
	for _, tt := range tests {
		m := method(tt.body + "    invoke-static {v0}, Lcom/x/S;->sink(Ljava/lang/Object;)V")
		if strings.HasSuffix(tt.body, ":I\n") {
			m = strings.Replace(m, "sink(Ljava/lang/Object;)", "sink(I)", 1)
		}
		if got := sinks(t, m, other, k2); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s:\n\tgot  %q\n\twant %q", tt.name, got, tt.want)
		}
	}
}

func TestReceiverAndWideArgs(t *testing.T) {
	got := sinks(t, `
.class public Lcom/x/C;
.method public m(JLjava/lang/String;)V
    .locals 2
    const-wide/16 v0, 9
    invoke-virtual/range {p0 .. p3}, Lcom/x/C;->sink(JLjava/lang/String;)V
    invoke-virtual {p0, v0, v1, p3}, Lcom/x/C;->sink(JLjava/lang/String;)V
    return-void
.end method
`)
	if want := []string{"p0, p1, p2", "p0, 9, p2"}; strings.Join(got, ";") != strings.Join(want, ";") {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNoCallThere(t *testing.T) {
	app, files := open(t, method("const-string v0, \"a\"\n    invoke-static {v0}, Lcom/x/S;->sink(Ljava/lang/String;)V"))
	files[0].EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		for _, pc := range []uint32{0, 1, 3, 5, 1 << 30, ^uint32(0)} {
			if a := app.Args(0, m, pc); a != nil {
				t.Errorf("Args(%d) = %v", pc, a)
			}
		}
		if a := app.Args(0, m, 2); len(a) != 1 {
			t.Errorf("Args(2) = %v", a)
		}
		return true
	})
	if a := app.Args(0, dex.MethodDef{Index: 0, CodeOff: 0}, 0); a != nil {
		t.Errorf("arguments in a method without code: %v", a)
	}
}

func TestReturn(t *testing.T) {
	app, files := open(t, other)
	want := map[string]string{"url": `"https://h/" + p0`, "getHost": `"host"`, "name": `"base"`, "<clinit>": "none"}
	files[0].EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		name := files[0].String(files[0].Method(m.Index).Name)
		if w, ok := want[name]; ok {
			if got := app.Analyze(0, m).Return().String(); got != w {
				t.Errorf("%s returns %s, want %s", name, got, w)
			}
			delete(want, name)
		}
		return true
	})
	if len(want) > 0 {
		t.Errorf("not met: %v", want)
	}
}

// Each and Args say the same, in any order and by many at once.
func TestEachEqualsArgs(t *testing.T) {
	for _, x := range dextest.Fixtures() {
		files, _ := dex.OpenAll(dextest.Must(x.Text))
		app := value.NewApp(files...)
		for i, f := range files {
			f.EachCode(func(_ int, m dex.MethodDef, _ dex.Code) bool {
				checkMethod(t, app, i, m)
				return true
			})
		}
	}
	app, files := open(t, other, method("invoke-static {p1}, Lcom/y/K;->twice(Ljava/lang/String;)Ljava/lang/String;"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, f := range files {
				f.EachCode(func(_ int, m dex.MethodDef, _ dex.Code) bool {
					checkMethod(t, app, i, m)
					return true
				})
			}
		})
	}
	wg.Wait()
}

func checkMethod(tb testing.TB, app *value.App, file int, m dex.MethodDef) {
	x := app.Analyze(file, m)
	x.Each(func(pc uint32, in dex.Inst, args []value.Value) {
		again := app.Args(file, m, pc)
		if len(again) != len(args) {
			tb.Fatalf("%d arguments, then %d", len(args), len(again))
		}
		for i := range args {
			if a, b := args[i].String(), again[i].String(); a != b {
				tb.Fatalf("argument %d at %d: %s, then %s", i, pc, a, b)
			}
			if got, want := app.Referent(file, m, pc, i), referent(args[i]); got.String() != want.String() {
				tb.Fatalf("argument %d at %d: %s, but %s at a glance", i, pc, args[i], got)
			}
		}
	})
	x.Return()
}

// referent is what Referent must return for an argument.
func referent(v value.Value) value.Value {
	is := func(v value.Value) bool { return v.Kind == value.Object || v.Kind == value.Method }
	if is(v) || v.Kind == value.OneOf && slices.ContainsFunc(v.Elems, is) {
		return v
	}
	return value.Value{}
}

func TestBind(t *testing.T) {
	str := func(s string) value.Value { return value.Value{Kind: value.String, S: s} }
	par := func(n int64) value.Value { return value.Value{Kind: value.Param, N: n} }
	of := func(k value.Kind, l ...value.Value) value.Value { return value.Value{Kind: k, Elems: l} }
	args := []value.Value{str("x"), of(value.OneOf, str("a"), str("b"))}
	tests := []struct {
		v    value.Value
		want string
	}{
		{par(0), `"x"`},
		{par(1), `("a" | "b")`},
		{par(2), "?"},
		{par(-1), "?"},
		{str("s"), `"s"`},
		{of(value.Concat, str("u/"), par(0), str("/"), par(2)), `"u/x/" + ?`},
		{of(value.Concat, str("u/"), par(1)), `("u/a" | "u/b")`},
		{of(value.OneOf, par(0), str("x")), `"x"`},
		{of(value.Array, par(0), par(1)), `["x", ("a" | "b")]`},
	}
	for _, tt := range tests {
		if got := tt.v.Bind(args).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestText(t *testing.T) {
	str := value.Value{Kind: value.String, S: "a"}
	either := value.Value{Kind: value.OneOf, Elems: []value.Value{str, {Kind: value.String, S: "b"}}}
	if l, ok := either.Text(); !ok || strings.Join(l, ",") != "a,b" {
		t.Errorf("%v, %v", l, ok)
	}
	for _, v := range []value.Value{{}, {Kind: value.Int}, {Kind: value.OneOf, Elems: []value.Value{str, {Kind: value.Unknown}}}} {
		if l, ok := v.Text(); ok || l != nil {
			t.Errorf("%s: %v, %v", v, l, ok)
		}
	}
}

func TestAtCallers(t *testing.T) {
	app, files := open(t, `
.class public Lcom/x/W;
.method public static get(Ljava/lang/String;)Ljava/lang/String;
    .registers 3
    const-string v0, "ro."
    invoke-virtual {v0, p0}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Landroid/os/SystemProperties;->get(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
.method public static one()V
    .registers 1
    const-string v0, "serialno"
    invoke-static {v0}, Lcom/x/W;->get(Ljava/lang/String;)Ljava/lang/String;
    return-void
.end method
.method public static two()V
    .registers 1
    const-string v0, "product"
    invoke-static {v0}, Lcom/x/W;->get(Ljava/lang/String;)Ljava/lang/String;
    return-void
.end method
`)
	var v value.Value
	var sites []value.Site
	f := files[0]
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		c.References(func(pc uint32, _ dex.Opcode, kind dex.IndexKind, index uint32) {
			if kind != dex.IndexMethod {
				return
			}
			switch f.MethodString(index) {
			case "Landroid/os/SystemProperties;->get(Ljava/lang/String;)Ljava/lang/String;":
				v = app.Args(0, m, pc)[0]
			case "Lcom/x/W;->get(Ljava/lang/String;)Ljava/lang/String;":
				sites = append(sites, value.Site{Method: m, PC: pc})
			}
		})
		return true
	})
	if got := v.String(); got != `"ro." + p0` {
		t.Errorf("in the method: %s", got)
	}
	if got := app.AtCallers(v, sites).String(); got != `("ro.serialno" | "ro.product")` {
		t.Errorf("at its callers: %s", got)
	}
	if got := app.AtCallers(v, nil).String(); got != v.String() {
		t.Errorf("without callers: %s", got)
	}
	if got := app.AtCallers(v, make([]value.Site, value.MaxCallers+1)).String(); got != v.String() {
		t.Errorf("with too many callers: %s", got)
	}
	if got := app.AtCallers(v, append(sites, value.Site{PC: 1000})).String(); got != `("ro.serialno" | "ro.product" | "ro." + ?)` {
		t.Errorf("with a site that is no call: %s", got)
	}
}
