package emu

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// hiding is code that hides strings, in shapes that are common.
const hiding = `.class public LXor;
.field static final KEY:[B
.method static constructor <clinit>()V
    .registers 2
    const/4 v0, 3
    new-array v0, v0, [B
    fill-array-data v0, :key
    sput-object v0, LXor;->KEY:[B
    return-void
    :key
    .array-data 1
        0x13 0x37 0x42
    .end array-data
.end method
.method public static show(Ljava/lang/String;)Ljava/lang/String;
    .registers 7
    invoke-virtual {p0}, Ljava/lang/String;->toCharArray()[C
    move-result-object v0
    const/4 v1, 0
    sget-object v4, LXor;->KEY:[B
    :next
    array-length v2, v0
    if-ge v1, v2, :done
    aget-char v2, v0, v1
    rem-int/lit8 v3, v1, 3
    aget-byte v3, v4, v3
    xor-int/2addr v2, v3
    int-to-char v2, v2
    aput-char v2, v0, v1
    add-int/lit8 v1, v1, 1
    goto :next
    :done
    new-instance v1, Ljava/lang/String;
    invoke-direct {v1, v0}, Ljava/lang/String;-><init>([C)V
    return-object v1
.end method
.class public LUser;
.method public static go(Z)V
    .registers 4
    const-string v0, "{C6c\u0004xbo"
    invoke-static {v0}, LXor;->show(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    if-eqz p0, :skip
    const-string v1, "tR2"
    invoke-static {v1}, LXor;->show(Ljava/lang/String;)Ljava/lang/String;
    :skip
    invoke-static {}, LUser;->name()Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, LXor;->show(Ljava/lang/String;)Ljava/lang/String;
    const-string v0, "pV0"
    invoke-static {v0}, LXor;->show(Ljava/lang/String;)Ljava/lang/String;
    return-void
.end method
.method public static native name()Ljava/lang/String;
.end method
.class public LTable;
.field private static final z:[Ljava/lang/String;
.method static constructor <clinit>()V
    .registers 9
    const/4 v0, 2
    new-array v4, v0, [Ljava/lang/String;
    const/4 v5, 0
    const-string v1, "foi0Wvzg5Bg"
    const/4 v6, 0
    :again
    invoke-virtual {v1}, Ljava/lang/String;->toCharArray()[C
    move-result-object v1
    array-length v2, v1
    const/4 v3, 0
    :next
    if-le v2, v3, :made
    aget-char v7, v1, v3
    rem-int/lit8 v8, v3, 3
    packed-switch v8, :keys
    const/4 v8, 5
    :with
    xor-int/2addr v7, v8
    int-to-char v7, v7
    aput-char v7, v1, v3
    add-int/lit8 v3, v3, 1
    goto :next
    :first
    const/16 v8, 14
    goto :with
    :second
    const/16 v8, 27
    goto :with
    :made
    new-instance v7, Ljava/lang/String;
    invoke-direct {v7, v1}, Ljava/lang/String;-><init>([C)V
    invoke-virtual {v7}, Ljava/lang/String;->intern()Ljava/lang/String;
    move-result-object v7
    aput-object v7, v4, v5
    if-nez v6, :done
    const/4 v6, 1
    const/4 v5, 1
    const-string v1, "gvvg"
    goto :again
    :done
    sput-object v4, LTable;->z:[Ljava/lang/String;
    invoke-static {}, Landroid/os/Looper;->getMainLooper()Landroid/os/Looper;
    return-void
    :keys
    .packed-switch 0
        :first
        :second
    .end packed-switch
.end method
.class public LTriple;
.field private static final $:[B
.field private static late:Ljava/lang/String;
.method static constructor <clinit>()V
    .registers 2
    const/16 v0, 12
    new-array v0, v0, [B
    fill-array-data v0, :table
    sput-object v0, LTriple;->$:[B
    invoke-static {}, Landroid/os/Looper;->getMainLooper()Landroid/os/Looper;
    const-string v0, "late"
    sput-object v0, LTriple;->late:Ljava/lang/String;
    return-void
    :table
    .array-data 1
        80 -31 12 5 -3 11 -7 2 9 -12 4 1
    .end array-data
.end method
.method private static $(BSI)Ljava/lang/String;
    .registers 11
    add-int/lit8 v0, p2, 97
    rsub-int/lit8 v1, p0, 11
    add-int/lit8 v2, p1, 1
    new-array v3, v2, [B
    sget-object v4, LTriple;->$:[B
    const/4 v5, 0
    :next
    int-to-byte v6, v0
    aput-byte v6, v3, v5
    if-ne v5, p1, :more
    new-instance v6, Ljava/lang/String;
    const/4 v7, 0
    invoke-direct {v6, v3, v7}, Ljava/lang/String;-><init>([BI)V
    return-object v6
    :more
    add-int/lit8 v5, v5, 1
    rem-int/lit8 v6, v1, 12
    aget-byte v6, v4, v6
    add-int/2addr v0, v6
    add-int/lit8 v0, v0, -1
    add-int/lit8 v1, v1, 1
    goto :next
.end method
.method public static go()V
    .registers 5
    sget-object v0, LTriple;->$:[B
    const/4 v1, 3
    aget-byte v1, v0, v1
    int-to-byte v1, v1
    add-int/lit8 v2, v1, -3
    int-to-short v2, v2
    const/4 v3, 7
    aget-byte v0, v0, v3
    invoke-static {v1, v2, v0}, LTriple;->$(BSI)Ljava/lang/String;
    invoke-static {}, Landroid/os/Process;->myPid()I
    move-result v3
    shr-int/lit8 v3, v3, 22
    invoke-static {v1, v2, v3}, LTriple;->$(BSI)Ljava/lang/String;
    invoke-static {}, Landroid/os/Process;->myPid()I
    move-result v3
    rem-int/lit8 v3, v3, 7
    invoke-static {v1, v2, v3}, LTriple;->$(BSI)Ljava/lang/String;
    return-void
.end method
`

// calls runs all calls of a method named name that stand in another one.
func callsOf(m *Machine, u Unit, caller Method, name string) (out []string) {
	m.setUntil(m.limits.Call)
	x := m.find(caller, 0)
	b, err := m.bodyOf(x)
	if err != nil {
		return []string{err.Error()}
	}
	pcs := map[uint32]bool{}
	for i := range b.insns {
		if in := &b.insns[i]; in.op == opInvoke && b.calls[in.n].name == name {
			pcs[b.pcs[i]] = true
		}
	}
	var order []uint32
	for pc := range pcs {
		order = append(order, pc)
	}
	slices.Sort(order)
	for _, pc := range order {
		r, known, err := m.Call(0, caller, pc)
		switch {
		case err != nil:
			out = append(out, "error: "+err.Error())
		case !known:
			out = append(out, "not constant")
		default:
			out = append(out, r.Text)
		}
	}
	return out
}

// TestHidingMuch: a call that is handed much text may run longer, as far as all
// runs together may.
func TestHidingMuch(t *testing.T) {
	long := strings.Repeat("QWERTYUI", 4000) // some 300,000 instructions
	recipe := strings.Replace(hiding, "const-string v1, \"tR2\"", "const-string v1, \""+long+"\"", 1)
	for _, total := range []int64{0, 200_000} {
		units := assembled(t, recipe)
		got := callsOf(New(Limits{Total: total}, units...), units[0], Method{"LUser;", "go", "(Z)V"}, "show")
		want := len(long)
		if total > 0 {
			want = len("error: " + ReasonTotal)
		}
		if len(got) < 2 || len(got[1]) != want {
			t.Errorf("with %d instructions for all: %.60q", total, got)
		}
	}
}

// TestLimitsOfAnySize: limits that are as good as none add up to no less.
func TestLimitsOfAnySize(t *testing.T) {
	units := assembled(t, hiding)
	user := Method{"LUser;", "go", "(Z)V"}
	want := callsOf(New(Limits{}, units...), units[0], user, "show")
	for _, l := range []Limits{
		{Call: math.MaxInt64, Init: math.MaxInt64, Total: math.MaxInt64},
		{Call: math.MaxInt64},
		{Call: math.MaxInt64 / 10, Total: math.MaxInt64},
	} {
		m := New(l, units...)
		for range 2 {
			if got := callsOf(m, units[0], user, "show"); !slices.Equal(got, want) {
				t.Errorf("%+v: %q, want %q", l, got, want)
			}
		}
	}
}

// TestHiding reads the strings of hiding.
func TestHiding(t *testing.T) {
	units := assembled(t, hiding)
	m := New(Limits{}, units...)
	got := callsOf(m, units[0], Method{"LUser;", "go", "(Z)V"}, "show")
	want := []string{"", "", "not constant", ""}
	// The table of keys is 0x13, 0x37, 0x42.
	plain := func(s string) string {
		key := []byte{0x13, 0x37, 0x42}
		b := []byte(s)
		for i := range b {
			b[i] ^= key[i%3]
		}
		return string(b)
	}
	want[0], want[1], want[3] = plain("{C6c\x04xbo"), plain("tR2"), plain("pV0")
	if !slices.Equal(got, want) {
		t.Errorf("calls of show: %q, want %q", got, want)
	}

	left, err := m.Init(0, "LTable;")
	if why, _ := Failed(err); why != ReasonMethod {
		t.Errorf("the initialiser of LTable; ended with %v", err)
	}
	var texts []string
	for _, l := range left {
		texts = append(texts, l.Text)
		if l.Field != "LTable;->z:[Ljava/lang/String;" {
			t.Errorf("%q is in %s", l.Text, l.Field)
		}
	}
	key := []byte{14, 27, 5}
	for i, s := range []string{"foi0Wvzg5Bg", "gvvg"} {
		b := []byte(s)
		for k := range b {
			b[k] ^= key[k%3]
		}
		if i >= len(texts) || texts[i] != string(b) {
			t.Errorf("the table holds %q, not %q at %d", texts, b, i)
		}
	}

	got = callsOf(m, units[0], Method{"LTriple;", "go", "()V"}, "$")
	if len(got) != 3 || !strings.HasPrefix(got[0], "c") || !strings.HasPrefix(got[1], "a") || len(got[0]) != 3 || got[2] != "error: unknown value: it differs from device to device" {
		t.Errorf("calls of LTriple;: %q", got)
	}
	for _, x := range []struct {
		m    Method
		want bool
	}{
		{Method{"LXor;", "show", "(Ljava/lang/String;)Ljava/lang/String;"}, true},
		{Method{"LTriple;", "$", "(BSI)Ljava/lang/String;"}, true},
		{Method{"LTable;", "<clinit>", "()V"}, true},
		{Method{"LUser;", "name", "()Ljava/lang/String;"}, false},
		{Method{"LTriple;", "<clinit>", "()V"}, false},
	} {
		if got := m.Hides(0, x.m); got != x.want {
			t.Errorf("Hides(%v) = %v", x.m, got)
		}
	}
}

// everything runs all that a unit has: every initialiser and every call.
func everything(m *Machine, u Unit) (out []string) {
	for i := range min(u.numClasses(), 200) {
		d := u.className(i)
		c := m.class(d)
		if c == nil || c.unit == nil {
			continue
		}
		left, err := m.Init(c.unitNo, d)
		for _, l := range left {
			out = append(out, l.Field+l.Text)
		}
		if err != nil {
			out = append(out, err.Error())
		}
		for _, x := range c.declared {
			caller := Method{d, x.name, x.proto}
			m.Hides(c.unitNo, caller)
			m.setUntil(m.limits.Call)
			b, err := m.bodyOf(x)
			if err != nil || len(out) > 2000 {
				continue
			}
			for k := range b.insns {
				if b.insns[k].op == opInvoke {
					r, known, err := m.Call(c.unitNo, caller, b.pcs[k])
					if known {
						out = append(out, r.Text)
					}
					if err != nil {
						out = append(out, err.Error())
					}
				}
			}
			m.Statics(d)
		}
	}
	return out
}

// FuzzDEX runs whatever a DEX file holds: no panic, all limits kept, the same
// each time.
func FuzzDEX(f *testing.F) {
	f.Add(dextest.Must(hiding))
	for _, x := range dextest.Fixtures() {
		f.Add(dextest.Must(x.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<17 {
			return
		}
		fuzz(t, func() []Unit { return openedDEX(b) })
	})
}

func openedDEX(b []byte) (out []Unit) {
	files, _ := dex.OpenAll(b)
	for _, f := range files {
		out = append(out, DEX(f))
	}
	return out
}

func openedClass(b []byte) []Unit {
	f, err := classfile.Open(b)
	if err != nil {
		return nil
	}
	return []Unit{ClassFiles(classfile.NewSet([]*classfile.File{f}))}
}

// hidingClass hides strings in the form of class files, with what only a stack
// machine has: words that are moved about, and subroutines.
const hidingClass = `
.class public X
.field static KEY [B
.field static n J
.method static <clinit>()V
    iconst_3
    newarray 8
    dup
    iconst_0
    bipush 19
    bastore
    dup
    iconst_1
    bipush 55
    bastore
    dup
    iconst_2
    bipush 66
    bastore
    putstatic X.KEY:[B
    lconst_1
    dup2
    ladd
    lconst_1
    lconst_1
    dup2_x2
    pop2
    ladd
    lmul
    putstatic X.n:J
    return
.end
.method public static show(Ljava/lang/String;)Ljava/lang/String;
.locals 8
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
    jsr one
    iinc 2 1
    goto next
one:
    astore_3
    aload_1
    iload_2
    dup2
    caload
    getstatic X.KEY:[B
    iload_2
    iconst_3
    irem
    baload
    ixor
    i2c
    castore
    ret 3
done:
    new java/lang/String
    dup
    aload_1
    invokespecial java/lang/String.<init>([C)V
    areturn
.end
.class public U
.method public static go()V
    ldc "{C6c\u0004xbo"
    invokestatic X.show(Ljava/lang/String;)Ljava/lang/String;
    pop
    ldc "pV0"
    iconst_5
    swap
    invokestatic X.show(Ljava/lang/String;)Ljava/lang/String;
    pop2
    invokestatic U.name()Ljava/lang/String;
    invokestatic X.show(Ljava/lang/String;)Ljava/lang/String;
    pop
    return
.end
.method public static native name()Ljava/lang/String;
.end
`

func seedClasses() (out [][]byte) {
	for _, c := range classtest.Must(hidingClass) {
		out = append(out, c.Data)
	}
	return out
}

// TestHidingClass reads the strings of hidingClass.
func TestHidingClass(t *testing.T) {
	var files []*classfile.File
	for _, b := range seedClasses() {
		f, err := classfile.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	u := ClassFiles(classfile.NewSet(files))
	m := New(Limits{}, u)
	got := callsOf(m, u, Method{"LU;", "go", "()V"}, "show")
	want := []string{"", "car", "not constant"}
	b := []byte("{C6c\x04xbo")
	for i := range b {
		b[i] ^= []byte{19, 55, 66}[i%3]
	}
	want[0] = string(b)
	if !slices.Equal(got, want) {
		t.Errorf("calls of show: %q, want %q", got, want)
	}
	if s := m.class("LX;").statics; len(s) != 2 || s[1].n != 4 {
		t.Errorf("static fields are %v", s)
	}
}

// FuzzClass is that for a class file.
func FuzzClass(f *testing.F) {
	for _, b := range seedClasses() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		fuzz(t, func() []Unit { return openedClass(b) })
	})
}

func fuzz(t *testing.T, open func() []Unit) {
	limits := Limits{Init: 20_000, Call: 2_000, Total: 200_000, Memory: 1 << 20, Depth: 50}
	var first []string
	for round := range 2 {
		units := open()
		if len(units) == 0 {
			return
		}
		m := New(limits, units...)
		var all []string
		for _, u := range units {
			all = append(all, everything(m, u)...)
		}
		// What counts as several instructions may end a little beyond.
		if m.spent > 4*limits.Total {
			t.Errorf("%d instructions were run, at most %d may", m.spent, limits.Total)
		}
		if m.heap > 2*limits.Memory {
			t.Errorf("a run made %d bytes", m.heap)
		}
		for _, s := range all {
			if strings.HasPrefix(s, string(ReasonFault)) {
				t.Error(s)
			}
		}
		if round == 0 {
			first = all
		} else if !slices.Equal(first, all) {
			t.Errorf("two runs differ:\n%q\n%q", first, all)
		}
	}
}

// BenchmarkRun tells how long an instruction takes: ns/op by insns/op.
func BenchmarkRun(b *testing.B) {
	m := New(Limits{Call: 1 << 40, Total: 1 << 60, Memory: 1 << 40, Time: 1 << 60}, assembled(b, hiding)...)
	x := m.find(Method{"LXor;", "show", "(Ljava/lang/String;)Ljava/lang/String;"}, 0)
	text := make([]uint16, 1000)
	for b.Loop() {
		end := m.begin(m.limits.Call)
		if _, err := m.invoke(x, []slot{m.text(text)}); err != nil {
			b.Fatal(err)
		}
		end()
	}
	b.ReportMetric(float64(m.spent)/float64(b.N), "insns/op")
}
