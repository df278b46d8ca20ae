package emu

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

func assembled(tb testing.TB, recipe string) []Unit {
	tb.Helper()
	b, err := dextest.Assemble(recipe)
	if err != nil {
		tb.Fatalf("%v\n%s", err, recipe)
	}
	files, err := dex.OpenAll(b)
	if err != nil {
		tb.Fatal(err)
	}
	var out []Unit
	for _, f := range files {
		out = append(out, DEX(f))
	}
	return out
}

// run runs a static method of class LT; with numbers.
func (m *Machine) run1(name, proto string, args ...int64) (slot, error) {
	x := m.find(Method{"LT;", name, proto}, -1)
	if x == nil {
		return slot{}, fmt.Errorf("no method %s%s", name, proto)
	}
	defer m.begin(m.limits.Call)()
	m.initialise(x.class)
	l := make([]slot, len(args))
	for i, a := range args {
		l[i] = slot{n: a}
	}
	return m.invoke(x, l)
}

var (
	intOps    = []string{"add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr", "ushr"}
	someInts  = []int64{0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 127, -128, 255, 32767, -32768, 65535, math.MaxInt32, math.MinInt32, math.MinInt32 + 1, 0x12345678}
	someLongs = []int64{0, 1, -1, 2, -2, 31, 63, 64, 65, 1 << 31, 1 << 32, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 0x123456789abcdef}
	someReals = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -2.75, 1e10, -1e300, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), 2147483648, 9.3e18}
)

// javaInt is what Java's operators give, computed over numbers without limits
// and cut to size bits; ok is false if they throw.
func javaInt(o string, a, b int64, size uint) (v int64, ok bool) {
	x, y, z := big.NewInt(a), big.NewInt(b), new(big.Int)
	by := uint(b) & (size - 1)
	switch o {
	case "add":
		z.Add(x, y)
	case "sub":
		z.Sub(x, y)
	case "rsub":
		z.Sub(y, x)
	case "mul":
		z.Mul(x, y)
	case "div", "rem":
		if b == 0 {
			return 0, false
		}
		if z.Quo(x, y); o == "rem" {
			z.Rem(x, y)
		}
	case "and":
		z.And(x, y)
	case "or":
		z.Or(x, y)
	case "xor":
		z.Xor(x, y)
	case "shl":
		z.Lsh(x, by)
	case "shr":
		z.Rsh(x, by)
	case "ushr":
		if x.Sign() < 0 {
			x.Add(x, new(big.Int).Lsh(big.NewInt(1), size))
		}
		z.Rsh(x, by)
	}
	mod := new(big.Int).Lsh(big.NewInt(1), size)
	z.Mod(z, mod)
	if z.Bit(int(size)-1) == 1 {
		z.Sub(z, mod)
	}
	return z.Int64(), true
}

// TestIntegers runs every form of every integer instruction.
func TestIntegers(t *testing.T) {
	var r strings.Builder
	r.WriteString(".class LT;\n")
	for _, o := range intOps {
		fmt.Fprintf(&r, ".method static %s3(II)I\n %s-int v0, p0, p1\n return v0\n.end method\n", o, o)
		fmt.Fprintf(&r, ".method static %s2(II)I\n %s-int/2addr p0, p1\n return p0\n.end method\n", o, o)
		second, take := "J", "p2"
		if strings.Contains(o, "sh") {
			second = "I"
		}
		fmt.Fprintf(&r, ".method static %sL3(J%s)J\n %s-long v0, p0, %s\n return-wide v0\n.end method\n", o, second, o, take)
		fmt.Fprintf(&r, ".method static %sL2(J%s)J\n %s-long/2addr p0, %s\n return-wide p0\n.end method\n", o, second, o, take)
	}
	for _, o := range []string{"add", "rsub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr", "ushr"} {
		for _, n := range []int64{0, 1, -1, 3, 127, -128, 31} {
			fmt.Fprintf(&r, ".method static %s8_%d(I)I\n %s-int/lit8 v0, p0, %d\n return v0\n.end method\n", o, n&0xff, o, n)
		}
		for _, n := range []int64{0, -1, 1000, -32768} {
			name := o + "-int/lit16"
			if o == "rsub" {
				name = "rsub-int"
			}
			if !strings.Contains(o, "sh") {
				fmt.Fprintf(&r, ".method static %s16_%d(I)I\n %s v0, p0, %d\n return v0\n.end method\n", o, n&0xffff, name, n)
			}
		}
	}
	m := New(Limits{Total: 1 << 40, Time: time.Hour}, assembled(t, r.String())...)
	check := func(name, proto string, want int64, ok bool, args ...int64) {
		t.Helper()
		got, err := m.run1(name, proto, args...)
		if thrown, is := err.(*thrown); is && !ok && thrown.o.class.desc == "Ljava/lang/ArithmeticException;" {
			return
		}
		if err != nil || !ok || got.n != want || got.o != nil {
			t.Errorf("%s%v = %v, %v; want %d (%v)", name, args, got.n, err, want, ok)
		}
	}
	for _, o := range intOps {
		for _, a := range someInts {
			for _, b := range someInts {
				want, ok := javaInt(o, a, b, 32)
				check(o+"3", "(II)I", want, ok, a, b)
				check(o+"2", "(II)I", want, ok, a, b)
			}
		}
		for _, a := range someLongs {
			for _, b := range someLongs {
				proto := "(JJ)J"
				if strings.Contains(o, "sh") {
					proto, b = "(JI)J", int64(int32(b))
				}
				want, ok := javaInt(o, a, b, 64)
				check(o+"L3", proto, want, ok, a, b)
				check(o+"L2", proto, want, ok, a, b)
			}
		}
	}
	for _, o := range []string{"add", "rsub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr", "ushr"} {
		for _, a := range someInts {
			for _, n := range []int64{0, 1, -1, 3, 127, -128, 31} {
				want, ok := javaInt(o, a, n, 32)
				check(fmt.Sprintf("%s8_%d", o, n&0xff), "(I)I", want, ok, a)
			}
			for _, n := range []int64{0, -1, 1000, -32768} {
				if want, ok := javaInt(o, a, n, 32); !strings.Contains(o, "sh") {
					check(fmt.Sprintf("%s16_%d", o, n&0xffff), "(I)I", want, ok, a)
				}
			}
		}
	}
}

// TestReals runs floating-point arithmetic, comparisons and conversions.
func TestReals(t *testing.T) {
	var r strings.Builder
	r.WriteString(".class LT;\n")
	ops := []string{"add", "sub", "mul", "div", "rem"}
	for _, o := range ops {
		fmt.Fprintf(&r, ".method static %sF(FF)F\n %s-float v0, p0, p1\n return v0\n.end method\n", o, o)
		fmt.Fprintf(&r, ".method static %sF2(FF)F\n %s-float/2addr p0, p1\n return p0\n.end method\n", o, o)
		fmt.Fprintf(&r, ".method static %sD(DD)D\n %s-double v0, p0, p2\n return-wide v0\n.end method\n", o, o)
		fmt.Fprintf(&r, ".method static %sD2(DD)D\n %s-double/2addr p0, p2\n return-wide p0\n.end method\n", o, o)
	}
	for _, c := range []string{"cmpl", "cmpg"} {
		fmt.Fprintf(&r, ".method static %sF(FF)I\n %s-float v0, p0, p1\n return v0\n.end method\n", c, c)
		fmt.Fprintf(&r, ".method static %sD(DD)I\n %s-double v0, p0, p2\n return v0\n.end method\n", c, c)
	}
	convs := []string{"int-to-long IJ", "int-to-float IF", "int-to-double ID", "long-to-int JI", "long-to-float JF", "long-to-double JD", "float-to-int FI", "float-to-long FJ", "float-to-double FD", "double-to-int DI", "double-to-long DJ", "double-to-float DF", "int-to-byte IB", "int-to-char IC", "int-to-short IS", "neg-float FF", "neg-double DD", "neg-int II", "not-int II", "neg-long JJ", "not-long JJ"}
	for _, c := range convs {
		name, ft, _ := strings.Cut(c, " ")
		ret := "return"
		if isWide(ft[1:]) {
			ret = "return-wide"
		}
		fmt.Fprintf(&r, ".method static %s(%s)%s\n %s v0, p0\n %s v0\n.end method\n", strings.ReplaceAll(name, "-", "_"), ft[:1], ft[1:], name, ret)
	}
	r.WriteString(".method static cmpL(JJ)I\n cmp-long v0, p0, p2\n return v0\n.end method\n")
	m := New(Limits{Total: 1 << 40, Time: time.Hour}, assembled(t, r.String())...)
	// same compares bits, all that are no number being one.
	same := func(name, proto string, want int64, args ...int64) {
		t.Helper()
		got, err := m.run1(name, proto, args...)
		g, w := got.n, want
		switch proto[len(proto)-1] {
		case 'F':
			if f := f32(slot{n: g}); f != f {
				g = 1
			}
			if f := f32(slot{n: w}); f != f {
				w = 1
			}
		case 'D':
			if f := f64(slot{n: g}); f != f {
				g = 1
			}
			if f := f64(slot{n: w}); f != f {
				w = 1
			}
		}
		if err != nil || g != w {
			t.Errorf("%s%x = %x, %v; want %x", name, args, got.n, err, want)
		}
	}
	for _, x := range someReals {
		for _, y := range someReals {
			fx, fy := float32(x), float32(y)
			d := map[string]float64{"add": x + y, "sub": x - y, "mul": x * y, "div": x / y, "rem": math.Mod(x, y)}
			f := map[string]float32{"add": fx + fy, "sub": fx - fy, "mul": fx * fy, "div": fx / fy, "rem": float32(math.Mod(float64(fx), float64(fy)))}
			for _, o := range ops {
				same(o+"F", "(FF)F", floatBits(f[o]), floatBits(fx), floatBits(fy))
				same(o+"F2", "(FF)F", floatBits(f[o]), floatBits(fx), floatBits(fy))
				same(o+"D", "(DD)D", doubleBits(d[o]), doubleBits(x), doubleBits(y))
				same(o+"D2", "(DD)D", doubleBits(d[o]), doubleBits(x), doubleBits(y))
			}
			for c, nan := range map[string]int64{"cmpl": -1, "cmpg": 1} {
				want := nan
				if x == y {
					want = 0
				} else if x < y {
					want = -1
				} else if x > y {
					want = 1
				}
				same(c+"D", "(DD)I", want, doubleBits(x), doubleBits(y))
				wantF := nan
				if fx == fy {
					wantF = 0
				} else if fx < fy {
					wantF = -1
				} else if fx > fy {
					wantF = 1
				}
				same(c+"F", "(FF)I", wantF, floatBits(fx), floatBits(fy))
			}
		}
		// Conversions cut at the ends of the range; what is no number is 0.
		cut := func(f, lo, hi float64, least, most int64) int64 {
			switch {
			case f != f:
				return 0
			case f <= lo:
				return least
			case f >= hi:
				return most
			}
			return int64(f)
		}
		toI := cut(x, math.MinInt32, math.MaxInt32, math.MinInt32, math.MaxInt32)
		toL := cut(x, math.MinInt64, math.MaxInt64, math.MinInt64, math.MaxInt64)
		same("double_to_int", "(D)I", toI, doubleBits(x))
		same("double_to_long", "(D)J", toL, doubleBits(x))
		same("double_to_float", "(D)F", floatBits(float32(x)), doubleBits(x))
		same("float_to_double", "(F)D", doubleBits(float64(float32(x))), floatBits(float32(x)))
		same("neg_double", "(D)D", doubleBits(math.Copysign(x, map[bool]float64{true: 1, false: -1}[math.Signbit(x)])), doubleBits(x))
	}
	for _, a := range someInts {
		same("int_to_long", "(I)J", a, a)
		same("int_to_float", "(I)F", floatBits(float32(a)), a)
		same("int_to_double", "(I)D", doubleBits(float64(a)), a)
		same("int_to_byte", "(I)B", int64(int8(a)), a)
		same("int_to_char", "(I)C", int64(uint16(a)), a)
		same("int_to_short", "(I)S", int64(int16(a)), a)
		same("neg_int", "(I)I", int64(int32(-a)), a)
		same("not_int", "(I)I", -a-1, a)
	}
	for _, a := range someLongs {
		same("long_to_int", "(J)I", int64(int32(a)), a)
		same("long_to_double", "(J)D", doubleBits(float64(a)), a)
		same("long_to_float", "(J)F", floatBits(float32(a)), a)
		same("neg_long", "(J)J", -a, a)
		same("not_long", "(J)J", -1-a, a)
		for _, b := range someLongs {
			want := int64(0)
			if a < b {
				want = -1
			} else if a > b {
				want = 1
			}
			same("cmpL", "(JJ)I", want, a, b)
		}
	}
}

// TestCode runs what is not arithmetic. Each method returns a number.
func TestCode(t *testing.T) {
	const recipe = `.dex 038
.class public LBase;
.field public n:I
.field public static made:I
.method public constructor <init>(I)V
    .registers 4
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    iput p1, p0, LBase;->n:I
    sget v0, LBase;->made:I
    add-int/lit8 v0, v0, 1
    sput v0, LBase;->made:I
    return-void
.end method
.method public get()I
    iget v0, p0, LBase;->n:I
    return v0
.end method
.method private own()I
    const/16 v0, 1000
    return v0
.end method
.method public both()I
    invoke-virtual {p0}, LBase;->get()I
    move-result v0
    invoke-direct {p0}, LBase;->own()I
    move-result v1
    add-int/2addr v0, v1
    return v0
.end method
.class public interface abstract LTwice;
.method public abstract get()I
.end method
.method public twice()I
    invoke-interface {p0}, LTwice;->get()I
    move-result v0
    mul-int/lit8 v0, v0, 2
    return v0
.end method
.class public LSub;
.super LBase;
.implements LTwice;
.method public constructor <init>(I)V
    invoke-direct {p0, p1}, LBase;-><init>(I)V
    return-void
.end method
.method public get()I
    invoke-super {p0}, LBase;->get()I
    move-result v0
    add-int/lit8 v0, v0, 5
    return v0
.end method
.class LT;
.field static z:Z
.field static b:B = 5t
.field static c:C
.field static s:S
.field static i:I = 77
.field static j:J = 0x123456789aL
.field static f:F = 1.5f
.field static d:D = 2.5
.field static text:Ljava/lang/String; = "hi"
.field static other:I
.method static virtual()I
    new-instance v0, LSub;
    const/16 v1, 10
    invoke-direct {v0, v1}, LSub;-><init>(I)V
    invoke-virtual {v0}, LBase;->both()I
    move-result v2
    invoke-interface {v0}, LTwice;->twice()I
    move-result v3
    add-int/2addr v2, v3
    sget v3, LBase;->made:I
    add-int/2addr v2, v3
    return v2
.end method
.method static range(IIIIIII)I
    .registers 16
    move/from16 v0, p0
    move/from16 v1, p1
    move/from16 v2, p2
    move/from16 v3, p3
    move/from16 v4, p4
    move/from16 v5, p5
    move/from16 v6, p6
    invoke-static/range {v0 .. v6}, LT;->sum(IIIIIII)I
    move-result v0
    return v0
.end method
.method static sum(IIIIIII)I
    .registers 8
    add-int v0, p0, p1
    mul-int/lit8 v0, v0, 10
    add-int/2addr v0, p2
    add-int/2addr v0, p3
    add-int/2addr v0, p4
    add-int/2addr v0, p5
    sub-int/2addr v0, p6
    return v0
.end method
.method static wideargs(JID)J
    .registers 9
    int-to-long v0, p2
    add-long/2addr v0, p0
    double-to-long p3, p3
    add-long/2addr v0, p3
    return-wide v0
.end method
.method static callwide()J
    .registers 8
    const-wide v0, 0x100000000L
    const/4 v2, 3
    const-wide/high16 v3, 0x4014000000000000L
    invoke-static/range {v0 .. v4}, LT;->wideargs(JID)J
    move-result-wide v0
    return-wide v0
.end method
.method static consts()J
    .registers 10
    const/4 v0, -8
    const/16 v1, -32768
    const v2, 0x12345678
    const/high16 v3, -0x80000000
    const-wide/16 v4, -5
    const-wide/32 v6, 0x7fffffff
    int-to-long v8, v0
    add-long/2addr v4, v6
    add-long/2addr v4, v8
    int-to-long v8, v1
    add-long/2addr v4, v8
    int-to-long v8, v2
    add-long/2addr v4, v8
    int-to-long v8, v3
    add-long/2addr v4, v8
    return-wide v4
.end method
.method static narrow()I
    .registers 6
    const v0, 0x1ffff
    sput-boolean v0, LT;->z:Z
    sput-byte v0, LT;->b:B
    sput-char v0, LT;->c:C
    sput-short v0, LT;->s:S
    sget-boolean v1, LT;->z:Z
    sget-byte v2, LT;->b:B
    add-int/2addr v1, v2
    sget-char v2, LT;->c:C
    add-int/2addr v1, v2
    sget-short v2, LT;->s:S
    add-int/2addr v1, v2
    return v1
.end method
.method static statics()I
    .registers 8
    sget v0, LT;->i:I
    sget-byte v1, LT;->b:B
    add-int/2addr v0, v1
    sget-wide v2, LT;->j:J
    long-to-int v1, v2
    xor-int/2addr v0, v1
    sget v1, LT;->f:F
    const/high16 v2, 0x40000000
    mul-float/2addr v1, v2
    float-to-int v1, v1
    add-int/2addr v0, v1
    sget-wide v2, LT;->d:D
    double-to-int v1, v2
    add-int/2addr v0, v1
    sget-object v1, LT;->text:Ljava/lang/String;
    invoke-virtual {v1}, Ljava/lang/String;->length()I
    move-result v1
    add-int/2addr v0, v1
    return v0
.end method
.method static arrays()J
    .registers 14
    const/4 v0, 4
    new-array v1, v0, [B
    fill-array-data v1, :bytes
    new-array v2, v0, [C
    fill-array-data v2, :chars
    const/4 v3, 2
    new-array v4, v3, [I
    fill-array-data v4, :ints
    new-array v5, v3, [J
    fill-array-data v5, :longs
    const/4 v6, 1
    aget-byte v7, v1, v6
    aget-char v8, v2, v3
    add-int/2addr v7, v8
    aget v8, v4, v6
    add-int/2addr v7, v8
    aget-wide v8, v5, v6
    int-to-long v10, v7
    add-long/2addr v8, v10
    array-length v7, v2
    int-to-long v10, v7
    add-long/2addr v8, v10
    const v7, 0x1ffff
    aput-byte v7, v1, v6
    aput-char v7, v2, v6
    aget-byte v7, v1, v6
    aget-char v12, v2, v6
    add-int/2addr v7, v12
    int-to-long v10, v7
    add-long/2addr v8, v10
    aput-wide v8, v5, v6
    aget-wide v8, v5, v6
    return-wide v8
    :bytes
    .array-data 1
        1 -2 3 4
    .end array-data
    :chars
    .array-data 2
        0x10 0x20 0xfffe 0x40
    .end array-data
    :ints
    .array-data 4
        -5 0x7ffffff
    .end array-data
    :longs
    .array-data 8
        1 0x1122334455667788
    .end array-data
.end method
.method static filled()I
    .registers 6
    const/4 v0, 3
    const/4 v1, 7
    filled-new-array {v0, v1, v1}, [I
    move-result-object v2
    filled-new-array/range {v0 .. v1}, [I
    move-result-object v3
    const/4 v4, 1
    aget v0, v2, v4
    aget v1, v3, v4
    mul-int/2addr v0, v1
    array-length v1, v2
    add-int/2addr v0, v1
    return v0
.end method
.method static choose(I)I
    packed-switch p0, :packed
    sparse-switch p0, :sparse
    const/4 v0, -1
    return v0
    :one
    const/4 v0, 1
    return v0
    :two
    const/4 v0, 2
    return v0
    :packed
    .packed-switch -1
        :one
        :two
    .end packed-switch
    :sparse
    .sparse-switch
        -0x80000000 -> :two
        0x64 -> :one
    .end sparse-switch
.end method
.method static catches(I)I
    .registers 5
    :start
    const/16 v0, 10
    div-int v0, v0, p0
    new-array v1, v0, [I
    aget v0, v1, v0
    :end
    .catch Ljava/lang/ArithmeticException; {:start .. :end} :divided
    .catch Ljava/lang/RuntimeException; {:start .. :end} :other
    return v0
    :divided
    move-exception v1
    invoke-virtual {v1}, Ljava/lang/Throwable;->getMessage()Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v1}, Ljava/lang/String;->length()I
    move-result v0
    return v0
    :other
    move-exception v1
    instance-of v0, v1, Ljava/lang/NegativeArraySizeException;
    add-int/lit16 v0, v0, 100
    return v0
.end method
.method static thrower()I
    .registers 3
    new-instance v0, Ljava/lang/IllegalStateException;
    const-string v1, "x"
    invoke-direct {v0, v1}, Ljava/lang/IllegalStateException;-><init>(Ljava/lang/String;)V
    throw v0
.end method
.method static outer()I
    .registers 3
    const/4 v0, 0
    :a
    invoke-static {}, LT;->thrower()I
    move-result v0
    :b
    .catchall {:a .. :b} :c
    return v0
    :c
    move-exception v1
    check-cast v1, Ljava/lang/IllegalStateException;
    const/16 v0, 55
    return v0
.end method
.method static compare(II)I
    const/4 v0, 0
    if-lt p0, p1, :l
    or-int/lit8 v0, v0, 1
    :l
    if-le p0, p1, :m
    or-int/lit8 v0, v0, 2
    :m
    if-eq p0, p1, :n
    or-int/lit8 v0, v0, 4
    :n
    if-gez p0, :o
    or-int/lit8 v0, v0, 8
    :o
    if-nez p1, :p
    or-int/lit8 v0, v0, 16
    :p
    return v0
.end method
.method static joined(ICZ)I
    .registers 7
    invoke-custom {p0, p1, p2}, site("makeConcatWithConstants", (ICZ)Ljava/lang/String;, "a\u0001b\u0001c\u0001\u0002", "end")@Ljava/lang/invoke/StringConcatFactory;->makeConcatWithConstants(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/invoke/CallSite;
    move-result-object v0
    invoke-virtual {v0}, Ljava/lang/String;->hashCode()I
    move-result v0
    return v0
.end method
.method static forever()I
    :again
    goto :again
.end method
.method static deep(I)I
    invoke-static {p0}, LT;->deep(I)I
    move-result v0
    return v0
.end method
.method static hungry()I
    .registers 3
    :again
    const v0, 0x10000
    new-array v1, v0, [B
    goto :again
.end method
.method static huge()I
    .registers 3
    const v0, 0x7fffffff
    new-array v1, v0, [J
    return v0
.end method
.method static strange()I
    invoke-static {}, Landroid/app/Nothing;->what()I
    move-result v0
    return v0
.end method
.method static uncaught()I
    const/4 v0, 0
    throw v0
.end method
.method static write()I
    const/16 v0, 9
    sput v0, LT;->other:I
    return v0
.end method
.method static read()I
    sget v0, LT;->other:I
    return v0
.end method
.method native static away()I
.end method
.method static calls()I
    invoke-static {}, LT;->away()I
    move-result v0
    return v0
.end method
`
	m := New(Limits{}, assembled(t, recipe)...)
	joined := int64(0)
	for _, c := range "a5bxctrueend" {
		joined = int64(int32(31*int32(joined) + c))
	}
	for _, x := range []struct {
		name, proto string
		want        int64
		args        []int64
	}{
		{"virtual", "()I", 15 + 1000 + 30 + 1, nil},
		{"range", "(IIIIIII)I", 30 + 3 + 4 + 5 + 6 - 7, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"callwide", "()J", 1<<32 + 3 + 5, nil},
		{"consts", "()J", -5 + 0x7fffffff - 8 - 32768 + 0x12345678 - 0x80000000, nil},
		{"narrow", "()I", 0xffff - 1, nil},
		{"statics", "()I", (77 + 5) ^ 0x3456789a + 3 + 2 + 2, nil},
		{"arrays", "()J", (-2 + 0xfffe + 0x7ffffff) + 0x1122334455667788 + 4 + (-1 + 0xffff), nil},
		{"filled", "()I", 7*7 + 3, nil},
		{"choose", "(I)I", 1, []int64{-1}},
		{"choose", "(I)I", 2, []int64{0}},
		{"choose", "(I)I", -1, []int64{1}},
		{"choose", "(I)I", 2, []int64{math.MinInt32}},
		{"choose", "(I)I", 1, []int64{100}},
		{"catches", "(I)I", int64(len("/ by zero")), []int64{0}},
		{"catches", "(I)I", 101, []int64{-3}},
		{"catches", "(I)I", 100, []int64{3}},
		{"outer", "()I", 55, nil},
		{"compare", "(II)I", 1 | 16, []int64{0, 0}},
		{"compare", "(II)I", 4 | 8, []int64{-5, 3}},
		{"compare", "(II)I", 1 | 2 | 4, []int64{5, 3}},
		{"joined", "(ICZ)I", joined, []int64{5, 'x', 1}},
		{"write", "()I", 9, nil},
		{"read", "()I", 0, nil}, // what the run before wrote was undone
	} {
		want := x.want
		if x.name == "statics" {
			v := int64(int32(0x3456789a))
			want = int64(int32((77+5)^v) + 3 + 2 + 2)
		}
		got, err := m.run1(x.name, x.proto, x.args...)
		if err != nil || got.n != want {
			t.Errorf("%s%v = %d, %v; want %d", x.name, x.args, got.n, err, want)
		}
	}
	for name, want := range map[string]Reason{
		"forever": ReasonSteps, "huge": ReasonMemory, "strange": ReasonMethod, "calls": ReasonMethod,
	} {
		_, err := m.run1(name, "()I")
		if why, _ := Failed(err); why != want {
			t.Errorf("%s ended with %v, not %q", name, err, want)
		}
	}
	if _, err := m.run1("deep", "(I)I", 1); !isStop(err, ReasonDepth) {
		t.Errorf("deep ended with %v", err)
	}
	if _, err := m.run1("uncaught", "()I"); err == nil || err.Error() != "Ljava/lang/NullPointerException;" {
		t.Errorf("uncaught ended with %v", err)
	}
	m = New(Limits{Call: 10_000_000}, assembled(t, recipe)...)
	if _, err := m.run1("hungry", "()I"); !isStop(err, ReasonMemory) {
		t.Errorf("hungry ended with %v", err)
	}
	// All runs together.
	m = New(Limits{Total: 250_000}, assembled(t, recipe)...)
	for _, want := range []Reason{ReasonSteps, ReasonSteps, ReasonTotal, ReasonTotal} {
		if _, err := m.run1("forever", "()I"); !isStop(err, want) {
			t.Errorf("forever ended with %v, not %q", err, want)
		}
	}
	// The fence in time.
	m = New(Limits{Call: 1 << 40, Total: 1 << 40, Time: time.Minute}, assembled(t, recipe)...)
	now := time.Unix(0, 0)
	m.clock = func() time.Time { now = now.Add(10 * time.Second); return now }
	if _, err := m.run1("forever", "()I"); !isStop(err, ReasonTime) {
		t.Errorf("forever ended with %v", err)
	}
}

func isStop(err error, want Reason) bool {
	why, _ := Failed(err)
	return why == want
}
