package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func deflate(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// samples are contents that lead a compressor to different kinds of blocks,
// codes and distances.
func samples() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	var skewed []byte // code lengths up to 15
	for i := range 24 {
		skewed = append(skewed, bytes.Repeat([]byte{byte(i)}, 1<<i>>6+1)...)
	}
	rng.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	var tables []byte // like those of a DEX: small steps in 32-bit numbers
	for v := uint32(0x70); len(tables) < 300_000; v += uint32(rng.IntN(40)) {
		tables = append(tables, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	var far []byte // matches at the greatest distance
	far = append(far, noise[:32768]...)
	far = append(far, far...)
	var runs []byte // every short distance, every length
	for d := 1; d <= 20; d++ {
		for l := 3; l <= 300; l += 7 {
			runs = append(runs, bytes.Repeat(noise[d*50:d*50+d], l/d+1)...)
		}
	}
	return map[string][]byte{
		"empty":  nil,
		"one":    {'x'},
		"three":  []byte("abc"),
		"zeros":  make([]byte, 100_000),
		"noise":  noise,
		"text":   []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 3000)),
		"words":  []byte(words(rng, 200_000)),
		"skewed": skewed,
		"tables": tables,
		"far":    far,
		"runs":   runs,
		"few":    []byte(strings.Repeat("ab", 20_000) + strings.Repeat("abc", 9)),
	}
}

func words(rng *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "Lcom/example/%c%x/Class%d;->method%d()V\n", 'a'+rng.IntN(26), rng.IntN(999), rng.IntN(50), rng.IntN(1000))
	}
	return b.String()
}

// reference inflates at most limit+1 bytes with compress/flate.
func reference(src []byte, limit int) ([]byte, error) {
	var out bytes.Buffer
	_, err := io.CopyN(&out, flate.NewReader(bytes.NewReader(src)), int64(limit)+1)
	return out.Bytes(), err
}

func TestInflateEqualsCompressFlate(t *testing.T) {
	for name, content := range samples() {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			if testing.Short() && level%4 != 1 {
				continue
			}
			src := deflate(t, content, level)
			dst := make([]byte, len(content))
			n, err := Inflate(dst, src)
			if err != nil || n != len(content) || !bytes.Equal(dst, content) {
				t.Errorf("%s, level %d: %d of %d bytes, %v", name, level, n, len(content), err)
			}
			// Garbage behind the stream is not looked at.
			n, err = Inflate(dst, append(bytes.Clone(src), 0xff, 0xff, 0xff))
			if err != nil || !bytes.Equal(dst[:n], content) {
				t.Errorf("%s, level %d, with garbage: %d bytes, %v", name, level, n, err)
			}
		}
	}
}

func TestSizesThatDoNotFit(t *testing.T) {
	for name, content := range samples() {
		src := deflate(t, content, 6)
		for _, size := range []int{0, 1, 2, len(content) / 2, len(content) - 1, len(content) - 300} {
			if size < 0 || size >= len(content) {
				continue
			}
			dst := make([]byte, size)
			n, err := Inflate(dst, src)
			if !errors.Is(err, ErrLonger) || n != size || !bytes.Equal(dst, content[:size]) {
				t.Errorf("%s into %d bytes: %d, %v", name, size, n, err)
			}
		}
		dst := make([]byte, len(content)+1000)
		n, err := Inflate(dst, src)
		if err != nil || n != len(content) || !bytes.Equal(dst[:n], content) {
			t.Errorf("%s into more than enough: %d, %v", name, n, err)
		}
	}
}

func TestTruncated(t *testing.T) {
	for name, content := range samples() {
		content = content[:min(len(content), 3000)]
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			src := deflate(t, content, level)
			dst := make([]byte, len(content))
			step := 1
			if testing.Short() {
				step = 17
			}
			for cut := 0; cut < len(src); cut += step {
				n, err := Inflate(dst, src[:cut])
				if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(dst[:n], content[:n]) {
					t.Fatalf("%s, level %d, %d of %d bytes: %d, %v", name, level, cut, len(src), n, err)
				}
				want, _ := reference(src[:cut], len(content))
				if n < len(want) {
					t.Fatalf("%s, level %d, %d of %d bytes: %d bytes, compress/flate %d", name, level, cut, len(src), n, len(want))
				}
			}
		}
	}
}

// compare demands that Inflate and compress/flate agree on a stream of any
// kind: both take it or both refuse it, with the same bytes as far as they go.
func compare(t *testing.T, src []byte, size int) {
	t.Helper()
	want, wantErr := reference(src, size)
	dst := make([]byte, size)
	n, err := Inflate(dst, src)
	got := dst[:n]
	switch {
	case len(want) > size: // more than fits; compress/flate found no fault so far
		if n != size || err == nil || !bytes.Equal(got, want[:size]) {
			t.Fatalf("longer stream: %d of %d bytes, %v", n, size, err)
		}
	case wantErr == io.EOF: // a whole stream
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("whole stream of %d bytes: %d bytes, %v", len(want), n, err)
		}
	case errors.Is(wantErr, io.ErrUnexpectedEOF):
		// compress/flate wants as many bits as the shortest code or the end of
		// block has before it looks at them; a code that is shorter it misses.
		if err == nil || !bytes.HasPrefix(got, want) {
			t.Fatalf("truncated stream: compress/flate %d bytes, here %d, %v", len(want), n, err)
		}
	default:
		if err == nil || !bytes.Equal(got, want) {
			t.Fatalf("corrupt stream (%v): compress/flate %d bytes, here %d, %v", wantErr, len(want), n, err)
		}
	}
}

func TestDamagedStreamsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	times := 60
	if testing.Short() {
		times = 8
	}
	for _, content := range samples() {
		content = content[:min(len(content), 20_000)]
		for _, level := range []int{flate.HuffmanOnly, 1, 9} {
			src := deflate(t, content, level)
			for range times {
				bad := bytes.Clone(src)
				for range 1 + rng.IntN(3) {
					bad[rng.IntN(min(len(bad), 400))] ^= 1 << rng.IntN(8)
				}
				compare(t, bad, len(content))
				compare(t, bad, len(content)/2)
				compare(t, bad, 3*len(content)+1000)
			}
		}
	}
}

// bitWriter writes streams by hand.
type bitWriter struct {
	b []byte
	n uint
}

func (w *bitWriter) bits(v uint64, n uint) *bitWriter {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
	return w
}

// code writes a Huffman code, first bit first.
func (w *bitWriter) code(v uint64, n uint) *bitWriter {
	for i := n; i > 0; i-- {
		w.bits(v>>(i-1)&1, 1)
	}
	return w
}

func TestOddStreams(t *testing.T) {
	streams := map[string][]byte{
		"empty input":         nil,
		"reserved type":       (&bitWriter{}).bits(1, 1).bits(3, 2).b,
		"stored, bad check":   {1, 1, 0, 0, 0, 'x'},
		"stored, empty":       {1, 0, 0, 0xff, 0xff},
		"stored, cut":         {1, 5, 0, 0xfa, 0xff, 'x'},
		"many empty blocks":   append(bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1000), 1, 1, 0, 0xfe, 0xff, 'x'),
		"fixed, end at once":  (&bitWriter{}).bits(1, 1).bits(1, 2).code(0, 7).b,
		"fixed, symbol 286":   (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b11000110, 8).bits(0, 40).b,
		"fixed, symbol 287":   (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b11000111, 8).bits(0, 40).b,
		"fixed, distance 30":  (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b00110000, 8).code(1, 7).code(30, 5).bits(0, 40).b,
		"fixed, distance 31":  (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b00110000, 8).code(1, 7).code(31, 5).bits(0, 40).b,
		"fixed, too far":      (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b00110000, 8).code(1, 7).code(1, 5).code(0, 7).b,
		"fixed, far enough":   (&bitWriter{}).bits(1, 1).bits(1, 2).code(0b00110000, 8).code(1, 7).code(0, 5).code(0, 7).b,
		"too many literals":   (&bitWriter{}).bits(1, 1).bits(2, 2).bits(30, 5).bits(0, 5).bits(0, 4).bits(0, 60).b,
		"too many distances":  (&bitWriter{}).bits(1, 1).bits(2, 2).bits(0, 5).bits(30, 5).bits(0, 4).bits(0, 60).b,
		"no code length code": (&bitWriter{}).bits(1, 1).bits(2, 2).bits(0, 5).bits(0, 5).bits(0, 4).bits(0, 12).bits(0, 60).b,
		"repeat of nothing":   (&bitWriter{}).bits(1, 1).bits(2, 2).bits(0, 5).bits(0, 5).bits(0, 4).bits(1, 3).bits(1, 3).bits(0, 6).bits(0, 60).b,
	}
	for name, src := range streams {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{0, 1, 4, 1000} {
				compare(t, src, size)
				// The same far from the end of the input, in the inner loop.
				compare(t, append(bytes.Clone(src), make([]byte, 100)...), size)
			}
		})
	}
}

// A distance code of one code of one bit: its other bit is no code.
func TestSingleDistanceCode(t *testing.T) {
	// HCLEN order: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1. Used: 18 (2
	// bits), 0 (2), 1 (2), 2 (2), in canonical order 0:00 1:01 2:10 18:11.
	header := func(w *bitWriter) *bitWriter {
		w.bits(1, 1).bits(2, 2).bits(1, 5).bits(0, 5).bits(14, 4)
		for _, sym := range precodeOrder[:18] {
			switch sym {
			case 0, 1, 2, 18:
				w.bits(2, 3)
			default:
				w.bits(0, 3)
			}
		}
		zeros := func(n uint64) { w.code(3, 2).bits(n-11, 7) }
		zeros(97)
		w.code(1, 2) // 'a': 1 bit
		zeros(138)
		zeros(20)
		w.code(2, 2) // end: 2 bits
		w.code(2, 2) // length 3: 2 bits
		w.code(1, 2) // distance 1: 1 bit
		return w     // codes: 'a' 0, end 10, length 11
	}
	good := header(&bitWriter{}).code(0, 1).code(3, 2).code(0, 1).code(2, 2).b
	dst := make([]byte, 10)
	if n, err := Inflate(dst, good); err != nil || string(dst[:n]) != "aaaa" {
		t.Errorf("%q, %v", dst[:n], err)
	}
	compare(t, good, 10)
	bad := header(&bitWriter{}).code(0, 1).code(3, 2).code(1, 1).code(2, 2).bits(0, 50).b
	if n, err := Inflate(dst, bad); !errors.Is(err, ErrCorrupt) || string(dst[:n]) != "a" {
		t.Errorf("%q, %v", dst[:n], err)
	}
	compare(t, bad, 10)
	compare(t, append(bad, make([]byte, 400)...), 1000)
}

func FuzzInflate(f *testing.F) {
	for _, content := range samples() {
		content = content[:min(len(content), 4000)]
		f.Add(deflate(f, content, 9), len(content))
		f.Add(deflate(f, content, flate.HuffmanOnly), len(content))
	}
	f.Add([]byte{1, 0, 0, 0xff, 0xff}, 0)
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		compare(t, src, size)
	})
}

// FuzzRoundTrip covers valid streams, which mutations of FuzzInflate rarely are.
func FuzzRoundTrip(f *testing.F) {
	for _, content := range samples() {
		f.Add(content[:min(len(content), 4000)], 9)
	}
	f.Fuzz(func(t *testing.T, content []byte, level int) {
		if level < flate.HuffmanOnly || level > flate.BestCompression {
			return
		}
		dst := make([]byte, len(content))
		n, err := Inflate(dst, deflate(t, content, level))
		if err != nil || !bytes.Equal(dst[:n], content) {
			t.Fatalf("%d of %d bytes, %v", n, len(content), err)
		}
	})
}
