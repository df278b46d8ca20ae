package restype_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
)

func pool(t *testing.T, data []byte) *restype.Pool {
	t.Helper()
	p, err := restype.NewPool(data, 0x100, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rawPool makes a pool of bytes that are strings already.
func rawPool(utf8 bool, raw ...string) []byte {
	var offsets, data []byte
	for _, s := range raw {
		offsets = restypetest.U32(offsets, uint32(len(data)))
		data = append(data, s...)
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	flags := uint32(0)
	if utf8 {
		flags = 0x100
	}
	var head []byte
	for _, v := range []uint32{uint32(len(raw)), 0, flags, uint32(28 + len(offsets)), 0} {
		head = restypetest.U32(head, v)
	}
	return restypetest.Chunk(restype.ChunkStringPool, head, offsets, data)
}

func TestPoolRoundTrip(t *testing.T) {
	texts := []string{
		"", "a", "naïve", "名前", "\U0001F600 smile", "nul\x00inside", strings.Repeat("x", 127), strings.Repeat("y", 128),
		strings.Repeat("z", 0x7fff), strings.Repeat("ä", 3000),
	}
	for _, utf8 := range []bool{true, false} {
		var b restypetest.Pool
		for _, s := range texts {
			b.Append(s)
		}
		p := pool(t, b.Bytes(utf8))
		if p.Len() != len(texts) || p.UTF8() != utf8 {
			t.Fatalf("Len %d, UTF8 %v", p.Len(), p.UTF8())
		}
		for i, want := range texts {
			if got, ok := p.At(uint32(i)); got != want || !ok {
				t.Errorf("utf8 %v: string %d is %.20q (%d bytes), %v", utf8, i, got, len(got), ok)
			}
			if off := p.Off(uint32(i)); off < 0x100+28 {
				t.Errorf("offset 0x%x", off)
			}
		}
		for _, i := range []uint32{uint32(len(texts)), 1 << 30, restype.NoString} {
			if s, ok := p.At(i); ok || s != "" || p.Off(i) != -1 {
				t.Errorf("string %d is %q", i, s)
			}
		}
	}
}

// TestLongStrings: UTF-16 lengths of 31 bits, and UTF-8 lengths that aapt wrote
// without their upper bits.
func TestLongStrings(t *testing.T) {
	for _, n := range []int{0x8000, 0x8001, 0x12345, 100_000} {
		want := strings.Repeat("q", n)
		for _, utf8 := range []bool{true, false} {
			var b restypetest.Pool
			b.Append("before")
			b.Append(want)
			b.Append("after")
			p := pool(t, b.Bytes(utf8))
			if got, ok := p.At(1); got != want || !ok {
				t.Errorf("utf8 %v: %d bytes come out as %d, %v", utf8, n, len(got), ok)
			}
			if s, ok := p.Short(1, 1000); ok {
				t.Errorf("utf8 %v: a string of %d bytes is short: %d", utf8, n, len(s))
			}
			if s, ok := p.Short(2, 1000); s != "after" || !ok {
				t.Errorf("utf8 %v: Short = %q", utf8, s)
			}
		}
	}
}

func TestOddStrings(t *testing.T) {
	tests := []struct {
		name string
		utf8 bool
		raw  string
		want string
		ok   bool
	}{
		{"surrogates in UTF-8", true, "\x02\x06\xed\xa0\xbd\xed\xb8\x80\x00", "\U0001F600", true},
		{"half a pair in UTF-8", true, "\x02\x04\xed\xa0\xbdx\x00", "\ufffdx", true},
		{"two upper halves in UTF-8", true, "\x02\x06\xed\xa0\xbd\xed\xa0\xbd\x00", "\ufffd\ufffd", true},
		{"modified UTF-8", true, "\x03\x04a\xc0\x80b\x00", "a\x00b", true},
		{"bytes that are no UTF-8", true, "\x02\x02\xff\xfe\x00", "\ufffd\ufffd", true},
		{"no NUL at the end of UTF-8", true, "\x04\x04abcd\x02\x02xyzzy", "abcd", true},
		{"longer than the pool", true, "\x70\x70abcd\x00", "", false},
		{"half a surrogate pair", false, "\x02\x00\x3d\xd8\x41\x00\x00\x00", "\ufffdA", true},
		{"no NUL at the end of UTF-16", false, "\x02\x00a\x00b\x00c\x00d\x00", "ab", true},
		{"longer than the pool in UTF-16", false, "\x70\x00a\x00\x00\x00", "", false},
		{"a length of 2 GB", false, "\xff\xff\xff\xff\x61\x00\x00\x00", "", false},
	}
	for _, tt := range tests {
		got, ok := pool(t, rawPool(tt.utf8, tt.raw)).At(0)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestPoolHeader(t *testing.T) {
	var b restypetest.Pool
	b.Append("one")
	b.Append("two")
	good := b.Bytes(false)
	tests := []struct {
		name      string
		mangle    func([]byte) []byte
		first     string
		length    int
		anomalies string
		err       binread.Kind
	}{
		{name: "good", first: "one", length: 2},
		{
			name: "count beyond the offsets", first: "one", length: 2, anomalies: "pool-count",
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint32(b[8:], 3); return b },
		},
		{
			name: "count beyond the pool", first: "one", length: 2, anomalies: "pool-count",
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint32(b[8:], 0xffffffff); return b },
		},
		{
			name: "cut off", first: "one", length: 2, anomalies: "pool-header",
			mangle: func(b []byte) []byte { return b[:len(b)-6] },
		},
		{
			name: "size below the header", first: "one", length: 2, anomalies: "pool-header",
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint32(b[4:], 8); return b },
		},
		{
			name: "strings outside", err: binread.OutOfRange,
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint32(b[20:], 0x7fffffff); return b },
		},
		{
			name: "header beyond the pool", first: "", length: 0, anomalies: "pool-header pool-count",
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint16(b[2:], 0xfffc); return b },
		},
		{
			name: "an offset outside", first: "", length: 2,
			mangle: func(b []byte) []byte { binary.LittleEndian.PutUint32(b[28:], 0xfffffff0); return b },
		},
		{name: "another chunk", err: binread.BadMagic, mangle: func(b []byte) []byte { b[0] = 9; return b }},
		{name: "too short", err: binread.Truncated, mangle: func(b []byte) []byte { return b[:20] }},
	}
	for _, tt := range tests {
		data := append([]byte(nil), good...)
		if tt.mangle != nil {
			data = tt.mangle(data)
		}
		var odd restype.Anomalies
		p, err := restype.NewPool(data, 0, odd.Add)
		if tt.err != "" {
			if !errors.Is(err, tt.err) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var names []string
		for _, a := range odd.List() {
			names = append(names, a.Name)
		}
		first, _ := p.At(0)
		if first != tt.first || p.Len() != tt.length || strings.Join(names, " ") != tt.anomalies {
			t.Errorf("%s: %q, length %d, anomalies %v", tt.name, first, p.Len(), names)
		}
	}
}

func TestValueText(t *testing.T) {
	f := func(x float32) uint32 { return math.Float32bits(x) }
	for _, tt := range []struct {
		v    restype.Value
		want string
	}{
		{restype.Value{}, ""},
		{restype.Value{Type: restype.TypeString, Str: "s"}, "s"},
		{restype.Value{Type: restype.TypeReference, Data: 0x7f010002}, "@0x7f010002"},
		{restype.Value{Type: restype.TypeReference}, "@null"},
		{restype.Value{Type: restype.TypeDynamicReference, Data: 0x02010002}, "@0x02010002"},
		{restype.Value{Type: restype.TypeAttribute, Data: 0x01010001}, "?0x01010001"},
		{restype.Value{Type: restype.TypeIntDec, Data: 0xffffffff}, "-1"},
		{restype.Value{Type: restype.TypeIntHex, Data: 0x20000}, "0x20000"},
		{restype.Value{Type: restype.TypeIntBool, Data: 0xffffffff}, "true"},
		{restype.Value{Type: restype.TypeIntBool}, "false"},
		{restype.Value{Type: restype.TypeColorARGB8, Data: 0xff00ff00}, "#ff00ff00"},
		{restype.Value{Type: restype.TypeFloat, Data: f(1.5)}, "1.5"},
		{restype.Value{Type: restype.TypeFloat, Data: f(3)}, "3.0"},
		{restype.Value{Type: restype.TypeFloat, Data: f(-0.5)}, "-0.5"},
		{restype.Value{Type: restype.TypeFloat, Data: f(1e10)}, "1.0E10"},
		{restype.Value{Type: restype.TypeFloat, Data: f(1.25e-5)}, "1.25E-5"},
		{restype.Value{Type: restype.TypeFloat, Data: f(float32(math.Inf(-1)))}, "-Infinity"},
		{restype.Value{Type: restype.TypeFloat, Data: f(float32(math.NaN()))}, "NaN"},
		{restype.Value{Type: restype.TypeDimension, Data: 0x00001001}, "16.0dip"},
		{restype.Value{Type: restype.TypeDimension, Data: 0xfffff001}, "-16.0dip"},
		{restype.Value{Type: restype.TypeDimension, Data: 0x00000800 | 2}, "8.0sp"},
		{restype.Value{Type: restype.TypeFraction, Data: 0x40000030}, "50.0%"},
		{restype.Value{Type: 0x77, Data: 5}, "(type 0x77)0x5"},
	} {
		if got := tt.v.Text(); got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.v, got, tt.want)
		}
	}
}

func TestValueConversions(t *testing.T) {
	str := func(s string) restype.Value { return restype.Value{Type: restype.TypeString, Str: s} }
	for _, tt := range []struct {
		v restype.Value
		b bool // with default true
		n int32
	}{
		{str("true"), true, -9},
		{str("TRUE"), true, -9},
		{str("1"), true, 1},
		{str("yes"), false, -9},
		{str(""), false, -9},
		{str("0x1f"), false, 31},
		{str("#ff"), false, 255},
		{str("-7"), false, -7},
		{str("017"), false, 15},
		{str("0"), false, 0},
		{str("99999999999"), false, -9},
		{restype.Value{Type: restype.TypeIntDec, Data: 7}, true, 7},
		{restype.Value{Type: restype.TypeIntBool}, false, 0},
		{restype.Value{Type: restype.TypeFloat, Data: math.Float32bits(2.9)}, true, 2},
		{restype.Value{Type: restype.TypeReference, Data: 7}, true, -9},
	} {
		if b, n := tt.v.Bool(true), tt.v.Int(-9); b != tt.b || n != tt.n {
			t.Errorf("%+v: %v, %d; want %v, %d", tt.v, b, n, tt.b, tt.n)
		}
	}
}

func TestAnomalies(t *testing.T) {
	var l restype.Anomalies
	l.Add(restype.Anomaly{Name: "b", Off: 20, Detail: "later"})
	l.Add(restype.Anomaly{Name: "a", Off: 10, Detail: "first"})
	l.Add(restype.Anomaly{Name: "b", Off: 5, Detail: "again", Lossy: true})
	want := []restype.Anomaly{
		{Name: "a", Off: 10, Count: 1, Detail: "first"},
		{Name: "b", Off: 20, Count: 2, Detail: "later", Lossy: true},
	}
	if diff := cmp.Diff(want, l.List()); diff != "" {
		t.Error(diff)
	}
	if got := l.List()[1].String(); got != "b at 0x14: later (2 times)" {
		t.Errorf("%q", got)
	}
}

func TestBudget(t *testing.T) {
	b := restype.NewBudget(10)
	if !b.Spend(10) || b.Spent() || b.Spend(1) || !b.Spent() || b.Spend(0) {
		t.Error("a budget of 10 is not spent after 10")
	}
}

func FuzzPool(f *testing.F) {
	var b restypetest.Pool
	b.Append("one")
	b.Append("zwei")
	f.Add(b.Bytes(true))
	f.Add(b.Bytes(false))
	f.Add(rawPool(true, "\x02\x06\xed\xa0\xbd\xed\xb8\x80\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := restype.NewPool(data, 0, nil)
		if err != nil {
			return
		}
		if p.Len() > len(data)/4 {
			t.Fatalf("%d strings in %d bytes", p.Len(), len(data))
		}
		for i := range uint32(p.Len() + 4) {
			s, ok := p.At(i)
			if !ok && s != "" {
				t.Fatal("a string that is not there")
			}
			if short, ok := p.Short(i, 8); ok && short != s {
				t.Fatalf("Short %q, At %q", short, s)
			}
		}
	})
}
