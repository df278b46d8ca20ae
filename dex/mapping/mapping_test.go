package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex/mapping"
)

const text = `# compiler: R8
# compiler_version: 8.5.35
# {"id":"com.android.tools.r8.mapping","version":"2.2"}
com.example.App -> com.example.App:
# {"id":"sourceFile","fileName":"App.kt"}
    com.example.Analytics analytics -> a
    1:4:void onCreate():10:13 -> onCreate
    5:5:void com.example.Analytics.log(java.lang.String):30:30 -> onCreate
    5:5:void onCreate():14 -> onCreate
com.example.Analytics -> a.b:
    java.lang.String url -> a
    int[] counts -> b
    1:1:void <init>():5:5 -> <init>
    1:1:void check(int):40:40 -> a
    1:1:void send(java.lang.String,com.example.Event[]):20 -> a
    2:2:void send(java.lang.String,com.example.Event[]):21:21 -> a
    3:3:boolean enabled():50:50 -> a
    4:4:void flush(com.example.Event,int):60:60 -> c
    # {"id":"com.android.tools.r8.residualsignature","signature":"(La/c;)V"}
    5:5:void drop(com.example.Event,boolean):61:61 -> c
    # {"id":"com.android.tools.r8.residualsignature","signature":"(La/c;Z)V"}
    6:6:void gone(int,int):70:70 -> d
    7:7:void com.example.Merged.moved(long):80:80 -> e
    8:8:void one(int):90:90 -> f
    9:9:void two(int,int):91:91 -> f
com.example.Event -> a.c:
com.example.Outer$Inner -> a.d$a:
`

func read(t *testing.T, s string) *mapping.Map {
	t.Helper()
	m, err := mapping.Read(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTypes(t *testing.T) {
	for _, s := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n")} {
		m := read(t, s)
		if m.Len() != 4 || m.Renamed() != 3 || m.Skipped() != 0 {
			t.Errorf("%d classes, %d renamed, %d lines skipped", m.Len(), m.Renamed(), m.Skipped())
		}
		for now, want := range map[string]string{
			"La/b;":                         "Lcom/example/Analytics;",
			"[[La/c;":                       "[[Lcom/example/Event;",
			"La/d$a;":                       "Lcom/example/Outer$Inner;",
			"Lcom/example/App;":             "Lcom/example/App;",
			"La/z;":                         "La/z;",
			"I":                             "I",
			"[J":                            "[J",
			"":                              "",
			"(La/b;I[La/c;Ljava/x;)La/d$a;": "(Lcom/example/Analytics;I[Lcom/example/Event;Ljava/x;)Lcom/example/Outer$Inner;",
			"(IJ)V":                         "(IJ)V",
			"(La/b":                         "(La/b",
		} {
			got := m.Type(now)
			if strings.HasPrefix(now, "(") {
				got = m.Proto(now)
			}
			if got != want {
				t.Errorf("%s is %s, want %s", now, got, want)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	m := read(t, text)
	for _, tt := range []struct{ class, name, sig, want string }{
		{"La/b;", "a", "Ljava/lang/String;", "url"},
		{"La/b;", "b", "[I", "counts"},
		{"La/b;", "a", "(Ljava/lang/String;[La/c;)V", "send"}, // not check, which is inlined
		{"La/b;", "a", "()Z", "enabled"},
		{"La/b;", "a", "(I)V", ""}, // inlined away, and two others are called a
		{"La/b;", "<init>", "()V", "<init>"},
		{"La/b;", "c", "(La/c;)V", "flush"},
		{"La/b;", "c", "(La/c;Z)V", "drop"},
		{"La/b;", "d", "(I)V", "gone"}, // an argument was removed, but there is one d only
		{"La/b;", "e", "(J)V", "moved"},
		{"La/b;", "f", "(I)V", "one"},
		{"La/b;", "f", "(J)V", ""},
		{"La/b;", "z", "()V", ""},
		{"La/z;", "a", "()V", ""},
		{"Lcom/example/App;", "a", "La/b;", "analytics"},
		{"Lcom/example/App;", "onCreate", "()V", "onCreate"},
	} {
		find := m.Method
		if !strings.HasPrefix(tt.sig, "(") {
			find = m.Field
		}
		got, ok := find(tt.class, tt.name, tt.sig)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s->%s%s: %q, %v; want %q", tt.class, tt.name, tt.sig, got, ok, tt.want)
		}
	}
}

func TestOddLines(t *testing.T) {
	m := read(t, `    void early() -> a
com.A -> a:
no arrow
    int -> x
     -> y
    void broken( -> z
    void spaces() -> a b
    1:2
    void ok() -> a
com.B -> b
com.C -> a:
    void lost() -> b
com.D[] -> d:
`+strings.Repeat("x", mapping.MaxLine+10)+`
com.E -> e:
`)
	if m.Len() != 2 || m.Type("La;") != "Lcom/A;" || m.Type("Le;") != "Lcom/E;" {
		t.Errorf("%d classes", m.Len())
	}
	// "no arrow" ends the class: its members have no class any more.
	if m.Skipped() != 13 {
		t.Errorf("%d lines were skipped", m.Skipped())
	}
}

func TestNoMapping(t *testing.T) {
	for _, s := range []string{"", "# only\n# comments\n", "some text\nthat maps nothing\n"} {
		if m, err := mapping.Read(strings.NewReader(s)); m != nil || !errors.Is(err, binread.BadMagic) {
			t.Errorf("%q: %v, %v", s, m, err)
		}
	}
	broken := errors.New("broken")
	if m, err := mapping.Read(iotest.ErrReader(broken)); m == nil || !errors.Is(err, broken) {
		t.Errorf("%v, %v", m, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(text)
	f.Add("a -> b:\n    1:2:void x():3 -> y\n")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := mapping.Read(strings.NewReader(s))
		if err != nil {
			return
		}
		if n := strings.Count(s, "\n") + 1; m.Len()+m.Skipped() > n {
			t.Fatalf("%d classes and %d skipped lines of %d", m.Len(), m.Skipped(), n)
		}
		for _, name := range []string{"a", "b", "y", "<init>"} {
			m.Type("L" + name + ";")
			m.Method("La/b;", name, "(La/c;)V")
			m.Field("Lb;", name, "I")
		}
		m.Proto("(La/b;[[La/c;I)La/")
	})
}

func BenchmarkRead(b *testing.B) {
	var s strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&s, "com.example.some.package.Class%d -> a.a%d:\n", i, i)
		for j := range 10 {
			fmt.Fprintf(&s, "    %d:%d:void method%d(java.lang.String,int,com.example.some.package.Class%d):%d:%d -> a\n", j, j, j, j, j, j)
		}
	}
	b.SetBytes(int64(s.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mapping.Read(strings.NewReader(s.String())); err != nil {
			b.Fatal(err)
		}
	}
}
