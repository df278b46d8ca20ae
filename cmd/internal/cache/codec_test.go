package cache

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// fill sets every field of v that a report tells to something.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"", "a", "Lcom/example/A;", "a\xff\x00ü", "https://example.org/"}[r.IntN(5)])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint64() >> r.IntN(64))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Slice:
		if n := r.IntN(4); n > 0 { // nil, or of 0 to 2
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			for i := range n - 1 {
				fill(r, v.Index(i))
			}
		}
	case reflect.Map:
		if n := r.IntN(4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n - 1 {
				k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				fill(r, k)
				fill(r, x)
				v.SetMapIndex(k, x)
			}
		}
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fill(r, v.Field(i))
			}
		}
	}
}

func filled(seed uint64) *event.App {
	a := new(event.App)
	fill(rand.New(rand.NewPCG(seed, 1)), reflect.ValueOf(a).Elem())
	return a
}

// TestCodec reads what was written, lists that are nil and empty ones apart.
func TestCodec(t *testing.T) {
	for seed := range uint64(300) {
		a := filled(seed)
		if d := cmp.Diff(a, decode(encode(a))); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
	}
}

// FuzzDecode reads anything: never more memory than some times its size.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(encode(filled(seed)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := decode(b)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+100*uint64(len(b)) {
			t.Errorf("%d bytes for %d", n, len(b))
		}
		if a == nil {
			return
		}
		if d := cmp.Diff(a, decode(encode(a))); d != "" {
			t.Error(d)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := encode(filled(7))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if decode(data) == nil {
			b.Fatal("not read")
		}
	}
}
