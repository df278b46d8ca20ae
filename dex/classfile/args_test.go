package classfile_test

import (
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
)

func open(t testing.TB, text string) *classfile.Set {
	t.Helper()
	var files []*classfile.File
	for _, c := range classtest.Must(text) {
		f, err := classfile.Open(c.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range f.Anomalies() {
			t.Errorf("%s: %v", c.Name, a)
		}
		files = append(files, f)
	}
	return classfile.NewSet(files)
}

// sinks returns the arguments of each call of a method called sink, one line each.
func sinks(s *classfile.Set) string {
	var out []string
	for i := range s.NumClasses() {
		f := s.File(i)
		for j := range f.Methods {
			c, _ := f.Code(&f.Methods[j])
			c.References(func(pc uint32, _ classfile.Op, x uint16) {
				if _, name, _ := f.Member(x); f.Utf8(name) == "sink" {
					var args []string
					for _, a := range s.Args(i, j, pc) {
						args = append(args, a.String())
					}
					out = append(out, strings.Join(args, " "))
				}
			})
		}
	}
	return strings.Join(out, "; ")
}

// TestArgs tests one thing that the interpreter knows with each row: code, and
// what it hands to sink.
func TestArgs(t *testing.T) {
	const (
		sb   = "java/lang/StringBuilder"
		str  = "Ljava/lang/String;"
		app  = "invokevirtual java/lang/StringBuilder.append(" + str + ")Ljava/lang/StringBuilder;\n"
		text = "invokevirtual java/lang/StringBuilder.toString()" + str + "\n"
		sink = "invokestatic S.sink(Ljava/lang/Object;)V\n"
	)
	for _, c := range []struct{ name, code, want string }{
		{"string", `ldc "a"` + "\n" + sink, `"a"`},
		{"constants", `
			aconst_null
			iconst_m1
			bipush -7
			sipush 300
			ldc 70000
			ldc2_w 5L
			invokestatic S.sink(Ljava/lang/Object;IIIIJ)V`, `null -1 -7 300 70000 5`},
		{"floats", `
			fconst_2
			dconst_1
			ldc 1.5f
			ldc2_w 2.5d
			invokestatic S.sink(FDFD)V`, `2f 1f 1.5f 2.5f`},
		{"class", "ldc class(com/foo/C)\n" + sink, `Lcom/foo/C;`},
		{"parameters", `
			lload 1
			aload_0
			aload_3
			invokestatic S.sink(JLjava/lang/Object;Ljava/lang/Object;)V`, `p1 p0 p2`},
		{"new", "new com/foo/C\ndup\ninvokespecial com/foo/C.<init>()V\n" + sink, `new Lcom/foo/C;`},
		{"result", "invokestatic x/Y.z()Ljava/lang/Object;\n" + sink, `Lx/Y;->z()Ljava/lang/Object;`},
		{"cast", "ldc \"a\"\ncheckcast java/lang/String\n" + sink, `"a"`},
		{"stack", `
			ldc "a"
			ldc "b"
			swap
			dup_x1
			pop
			invokestatic S.sink(Ljava/lang/Object;Ljava/lang/Object;)V
			ldc2_w 7L
			ldc "c"
			dup_x2
			pop
			lstore 8
			lload 8
			invokestatic S.sink(Ljava/lang/Object;J)V`, `"a" "b"; "c" 7`},
		{"arithmetic", `
			bipush 6
			bipush 7
			imul
			iconst_2
			iadd
			ineg
			i2l
			ldc2_w 3L
			lsub
			l2i
			istore 8
			iinc 8 100
			iload 8
			iconst_1
			ishl
			i2b
			invokestatic S.sink(I)V`, `106`},
		{"division by zero", "iconst_1\niconst_0\nidiv\ninvokestatic S.sink(I)V", `?`},
		{"least number", "ldc -2147483648\niconst_m1\nidiv\ninvokestatic S.sink(I)V", `-2147483648`},
		{
			"builder", "new " + sb + "\ndup\nldc \"a\"\ninvokespecial " + sb + ".<init>(" + str + ")V\nldc \"b\"\n" + app + "aload_3\n" + app + "ldc \"c\"\n" + app + text + sink,
			`"ab" + p2 + "c"`,
		},
		{"builder of another type of argument", "new " + sb + "\ndup\ninvokespecial " + sb + ".<init>()V\niconst_5\ninvokevirtual " + sb + ".append(I)L" + sb + ";\n" +
			"bipush 99\ninvokevirtual " + sb + ".append(C)L" + sb + ";\niconst_1\ninvokevirtual " + sb + ".append(Z)L" + sb + ";\n" + text + sink, `"5ctrue"`},
		{"builder in other hands", "new " + sb + "\ndup\ninvokespecial " + sb + ".<init>()V\nastore 8\naload 8\nldc \"a\"\n" + app + "pop\naload 8\ninvokestatic x/Y.z(Ljava/lang/Object;)V\n" +
			"aload 8\nldc \"b\"\n" + app + text + sink, `"a" + ? + "b"`},
		{"two ways", "aload_3\nifnull l\nldc \"a\"\nastore 8\ngoto e\nl:\nldc \"b\"\nastore 8\ne:\naload 8\n" + sink, `("a" | "b")`},
		{
			"loop", "new " + sb + "\ndup\nldc \"http://h/?\"\ninvokespecial " + sb + ".<init>(" + str + ")V\nastore 8\nl:\naload_3\nifnull e\naload 8\nldc \"x\"\n" + app + "pop\ngoto l\ne:\naload 8\n" + text + sink,
			`("http://h/?" | "http://h/?x" | "http://h/?xx" | "http://h/?" + ?)`,
		},
		{"made again", "l:\nnew " + sb + "\ndup\ninvokespecial " + sb + ".<init>()V\nldc \"a\"\n" + app + text + sink + "aload_3\nifnull l", `"a"`},
		{"handler", ".catch a b h\nldc \"1\"\nastore 8\na:\ninvokestatic x/Y.z()V\nldc \"2\"\nastore 8\ninvokestatic x/Y.z()V\nb:\nreturn\nh:\npop\naload 8\n" + sink, `("1" | "2")`},
		{"switch", "iconst_0\ntableswitch 0 a b default c\na:\nldc \"1\"\ngoto e\nb:\nldc \"2\"\ngoto e\nc:\nldc \"3\"\ne:\n" + sink, `("1" | "2" | "3")`},
		{"subroutine", "ldc \"a\"\nastore 8\njsr s\naload 8\n" + sink + "return\ns:\nastore 9\nret 9", `?`},
		{"array", `
			iconst_2
			anewarray java/lang/Object
			dup
			iconst_0
			ldc "a"
			aastore
			dup
			iconst_1
			iconst_5
			invokestatic java/lang/Integer.valueOf(I)Ljava/lang/Integer;
			aastore
			invokestatic S.sink([Ljava/lang/Object;)V`, `["a", 5]`},
		{"text of bytes", `
			new java/lang/String
			dup
			iconst_2
			newarray 8
			dup
			iconst_0
			bipush 104
			bastore
			dup
			iconst_1
			bipush 105
			bastore
			invokespecial java/lang/String.<init>([B)V
			invokestatic S.sink(Ljava/lang/Object;)V`, `"hi"`},
		{"format", `
			ldc "%s-%d %%"
			iconst_2
			anewarray java/lang/Object
			dup
			iconst_0
			aload_3
			aastore
			dup
			iconst_1
			iconst_5
			invokestatic java/lang/Integer.valueOf(I)Ljava/lang/Integer;
			aastore
			invokestatic java/lang/String.format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;
			invokestatic S.sink(Ljava/lang/Object;)V`, `p2 + "-5 %"`},
		{"text methods", `
			ldc " AbC "
			invokevirtual java/lang/String.trim()Ljava/lang/String;
			invokevirtual java/lang/String.toLowerCase()Ljava/lang/String;
			ldc "d"
			invokevirtual java/lang/String.concat(Ljava/lang/String;)Ljava/lang/String;
			iconst_1
			invokevirtual java/lang/String.substring(I)Ljava/lang/String;
			invokestatic S.sink(Ljava/lang/Object;)V`, `"bcd"`},
		{"base64", `
			new java/lang/String
			dup
			ldc "aHR0cA=="
			iconst_0
			invokestatic android/util/Base64.decode(Ljava/lang/String;I)[B
			invokespecial java/lang/String.<init>([B)V
			invokestatic S.sink(Ljava/lang/Object;)V`, `"http"`},
		{"address", "new java/net/URL\ndup\nldc \"http://a/\"\ninvokespecial java/net/URL.<init>(" + str + ")V\n" + sink, `"http://a/"`},
		{"reflection", `
			ldc "android.os.SystemProperties"
			invokestatic java/lang/Class.forName(Ljava/lang/String;)Ljava/lang/Class;
			ldc "get"
			aconst_null
			invokevirtual java/lang/Class.getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;
			dup
			invokestatic S.sink(Ljava/lang/Object;)V
			aconst_null
			aconst_null
			invokevirtual java/lang/reflect/Method.invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;
			invokestatic S.sink(Ljava/lang/Object;)V`, `Landroid/os/SystemProperties;->get; Landroid/os/SystemProperties;->get`},
		{"concatenation", `
			aload_3
			lload_1
			invokedynamic make(Ljava/lang/String;J)Ljava/lang/String; java/lang/invoke/StringConcatFactory.makeConcatWithConstants()V "http://\u0001/\u0002?t=\u0001" "v1"
			invokestatic S.sink(Ljava/lang/Object;)V`, `"http://" + p2 + "/v1?t=" + p1`},
		{"constant field", "getstatic com/foo/K.A:" + str + "\n" + sink, `"A!"`},
		{"initialised field", "getstatic com/foo/K.B:" + str + "\n" + sink, `"A!B"`},
		{"field that changes", "getstatic com/foo/K.C:" + str + "\n" + sink, `field Lcom/foo/K;->C:Ljava/lang/String;="first"`},
		{"field of an object", "aload_0\ngetfield com/foo/K.D:" + str + "\n" + sink, `"D"`},
		{"field of another class", "getstatic x/Y.A:" + str + "\n" + sink, `field Lx/Y;->A:Ljava/lang/String;`},
		{"inherited field", "getstatic com/foo/L.A:" + str + "\n" + sink, `"A!"`},
		{"returned", "invokestatic com/foo/K.url()" + str + "\n" + sink, `"A!/url"`},
		{"returned by its argument", "ldc \"q\"\ninvokestatic com/foo/K.path(" + str + ")" + str + "\n" + sink, `"/q"`},
		{"may be overridden", "aload_0\ninvokevirtual com/foo/K.open()" + str + "\n" + sink, `Lcom/foo/K;->open()Ljava/lang/String;`},
		{"recursion", "invokestatic com/foo/K.again()" + str + "\n" + sink, `Lcom/foo/K;->again()Ljava/lang/String;`},
		{"too deep a stack", ".stack 1\nldc \"a\"\nldc \"b\"\ninvokestatic S.sink(Ljava/lang/Object;Ljava/lang/Object;)V", `? ?`},
		{"empty stack", sink, `?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, `
.class M
.method a(JLjava/lang/String;)V
`+c.code+`
return
.end
.class com/foo/K
.field static final A Ljava/lang/String; = "A!"
.field static final B Ljava/lang/String;
.field static C Ljava/lang/String; = "first"
.field final D Ljava/lang/String;
.method static <clinit>()V
    getstatic com/foo/K.A:Ljava/lang/String;
    ldc "B"
    invokevirtual java/lang/String.concat(Ljava/lang/String;)Ljava/lang/String;
    putstatic com/foo/K.B:Ljava/lang/String;
    return
.end
.method <init>()V
    aload_0
    ldc "D"
    putfield com/foo/K.D:Ljava/lang/String;
    return
.end
.method static url()Ljava/lang/String;
    getstatic com/foo/K.A:Ljava/lang/String;
    ldc "/url"
    invokevirtual java/lang/String.concat(Ljava/lang/String;)Ljava/lang/String;
    areturn
.end
.method static path(Ljava/lang/String;)Ljava/lang/String;
    ldc "/"
    aload_0
    invokevirtual java/lang/String.concat(Ljava/lang/String;)Ljava/lang/String;
    areturn
.end
.method open()Ljava/lang/String;
    ldc "K"
    areturn
.end
.method static again()Ljava/lang/String;
    invokestatic com/foo/K.again()Ljava/lang/String;
    areturn
.end
.class com/foo/L
.super com/foo/K
`)
			if got := sinks(s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestArgsOfOtherPlaces asks where no call is.
func TestArgsOfOtherPlaces(t *testing.T) {
	s := open(t, ".class A\n.method static m()V\nldc \"a\"\npop\nreturn\n.end")
	for _, at := range [][3]int{{0, 0, 0}, {0, 0, 9}, {0, 1, 0}, {1, 0, 0}, {-1, -1, 0}} {
		if got := s.Args(at[0], at[1], uint32(at[2])); got != nil {
			t.Errorf("%v: %v", at, got)
		}
	}
}
