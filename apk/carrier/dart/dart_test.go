package dart_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/dart"
	"github.com/telltale-apk/telltale/apk/elf"
)

var sample = []string{
	"package:shop/main.dart", "https://api.example.com/v1/collect", "x", "package:firebase_analytics/src/firebase_analytics.dart",
	strings.Repeat("a long string, ", 100), "grüße aus dem Snapshot", "get:name", "_private@12345", "Two\nlines", "another", "and another", "one more",
	"file:///not/a/package", "package:Not_One/x", "package:unfinished", "the last of them", "中文 and https://wide.example.com",
}

func values(s *dart.Snapshot) (out []string) {
	for v := range s.Strings() {
		out = append(out, v.Value)
	}
	return out
}

func TestChains(t *testing.T) {
	for _, tagged := range []bool{true, false} {
		data := carriertest.DartChain(tagged, sample...)
		s, err := dart.Open(data, 50)
		if err != nil {
			t.Fatal(err)
		}
		want := sample
		if !tagged {
			want = sample[:len(sample)-1]
		}
		if got := values(s); !slices.Equal(got[max(0, len(got)-len(want)):], want) {
			t.Errorf("tagged %v: %q", tagged, got)
		}
		if s.Chained != len(want) || s.Version != "0123456789abcdef0123456789abcdef" || !strings.HasPrefix(s.Features, "product ") {
			t.Errorf("%+v", s)
		}
		for v := range s.Strings() {
			if v.Value == "x" && data[v.Off-50] != 'x' {
				t.Errorf("%q does not stand at %d", v.Value, v.Off)
			}
		}
		if got := dart.Packages(s.Strings()); !slices.Equal(got, []string{"firebase_analytics", "shop"}) {
			t.Errorf("%q", got)
		}
	}
}

func TestObjects(t *testing.T) {
	s, err := dart.Open(carriertest.DartObjects(sample...), 0)
	if err != nil || s.Chained != 0 {
		t.Fatalf("%v %+v", err, s)
	}
	got := values(s)
	for _, v := range []string{sample[0], sample[1], sample[4], "the last of them"} {
		if !slices.Contains(got, v) {
			t.Errorf("no %q in %q", v, got)
		}
	}
	if !strings.Contains(strings.Join(got, "|"), "https://wide.example.com") {
		t.Errorf("%q", got)
	}
	if got := dart.Packages(s.Strings()); !slices.Equal(got, []string{"firebase_analytics", "shop"}) {
		t.Errorf("%q", got)
	}
}

// Random bytes hold no chains.
func TestNoChains(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	data := carriertest.DartObjects()
	for range 1 << 20 {
		data = append(data, byte(r.Uint32()))
	}
	if s, err := dart.Open(data, 0); err != nil || s.Chained > 0 {
		t.Errorf("%v, %d strings", err, s.Chained)
	}
	if _, err := dart.Open([]byte("no snapshot, however long it may be; it must have fifty-two bytes"), 0); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
}

// Bytes that look like the beginning of a chain everywhere cost no more than
// others.
func TestHostileChains(t *testing.T) {
	for _, unit := range []string{"~\xfe", "\x7e\x81", "\x82a\x82b\xffz", "\x82a\x84bc"} {
		data := append(carriertest.DartObjects(), strings.Repeat(unit+"\x82a\x82b\x82c\x82d\x82e\x82f\x82g\x82h\x82i\x01", 1<<13)...)
		start := time.Now()
		s, err := dart.Open(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range s.Strings() {
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q: %v for %d bytes", unit, d, len(data))
		}
	}
}

func TestInELF(t *testing.T) {
	snapshot := carriertest.DartChain(true, sample...)
	for _, symbol := range []string{"_kDartIsolateSnapshotData", "_kDartSnapshotData", "_kDartVmSnapshotData"} {
		data := carriertest.ELF(".rodata", symbol, snapshot)
		f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		r := dart.InELF(f)
		if len(r) != 1 || !bytes.Equal(data[r[0].Off:r[0].Off+r[0].Size], snapshot) {
			t.Errorf("%s: %v", symbol, r)
		}
	}
}

func TestNotices(t *testing.T) {
	line := strings.Repeat("-", 80)
	text := "shop_app\nfirebase_analytics\n\nCopyright somebody\n\n" + line + " is no separator here\n" + line + "\nskia\n\nText\n" + line + "\nNot A Name\nflutter\n\nMore\n" + line + "\nwithout text"
	want := []string{"firebase_analytics", "flutter", "shop_app", "skia"}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal("gzip")
	}
	for _, data := range [][]byte{[]byte(text), z.Bytes()} {
		got, err := dart.Notices(data)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v %q", err, got)
		}
	}
	if got, err := dart.Notices(z.Bytes()[:z.Len()-8]); err != nil || !slices.Equal(got, want) {
		t.Errorf("cut off: %v %q", err, got)
	}
	if _, err := dart.Notices([]byte("\x1f\x8bnothing")); !errors.Is(err, binread.Malformed) {
		t.Errorf("%v", err)
	}
	z.Reset()
	w = gzip.NewWriter(&z)
	for range 65 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if w.Close() != nil {
		t.Fatal("gzip")
	}
	if _, err := dart.Notices(z.Bytes()); !errors.Is(err, binread.TooLarge) {
		t.Errorf("%v", err)
	}
}

func kernelValues(k *dart.Kernel) (out []string) {
	for s := range k.Strings() {
		out = append(out, s.Value)
	}
	return out
}

func TestKernel(t *testing.T) {
	one := carriertest.Kernel(sample...)
	k, err := dart.OpenKernel(one)
	if err != nil || len(k.Problems) > 0 || k.Version != 57 {
		t.Fatalf("%v %+v", err, k)
	}
	if got := kernelValues(k); !slices.Equal(got, sample) {
		t.Errorf("%q", got)
	}
	many := make([]string, 20_000)
	for i := range many {
		many[i] = fmt.Sprint("string ", i)
	}
	k, err = dart.OpenKernel(append(slices.Clone(one), carriertest.Kernel(many...)...))
	if err != nil || len(k.Problems) > 0 || len(kernelValues(k)) != len(many)+len(sample) {
		t.Errorf("two programs: %v %v, %d strings", err, k.Problems, len(kernelValues(k)))
	}
	k, err = dart.OpenKernel(one[:len(one)-9])
	if err != nil || len(k.Problems) != 1 || !errors.Is(k.Problems[0], binread.Unsupported) {
		t.Fatalf("cut off: %v %+v", err, k)
	}
	if got := dart.Packages(k.Strings()); !slices.Equal(got, []string{"firebase_analytics", "shop"}) {
		t.Errorf("cut off: %q", got)
	}
	if _, err := dart.OpenKernel([]byte("no kernel file")); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
}

func FuzzSnapshot(f *testing.F) {
	f.Add(carriertest.DartChain(true, sample...))
	f.Add(carriertest.DartChain(false, sample...))
	f.Add(carriertest.DartObjects(sample...))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := dart.Open(data, 0)
		if err != nil {
			return
		}
		total := 0
		for v := range s.Strings() {
			if v.Off < 0 || v.Off > int64(len(data)) {
				t.Fatalf("offset %d of %d", v.Off, len(data))
			}
			total += len(v.Value)
		}
		if total > 4*len(data) {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
	})
}

func FuzzKernel(f *testing.F) {
	f.Add(carriertest.Kernel(sample...))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := dart.OpenKernel(data)
		if err != nil {
			return
		}
		total := 0
		for v := range k.Strings() {
			total += len(v.Value)
		}
		if total > 16*len(data)+1024 {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
		dart.Packages(k.Strings())
	})
}

func FuzzNotices(f *testing.F) {
	f.Add([]byte("a\nb\n\nText\n" + strings.Repeat("-", 80) + "\nc\n\nText"))
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = dart.Notices(data) })
}

func BenchmarkSnapshot(b *testing.B) {
	many := make([]string, 0, 20_000)
	for i := range cap(many) {
		many = append(many, fmt.Sprintf("package:name%d/src/file.dart", i))
	}
	data := carriertest.DartChain(true, many...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s, err := dart.Open(data, 0)
		if err != nil {
			b.Fatal(err)
		}
		for range s.Strings() {
		}
	}
}
