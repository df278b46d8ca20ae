package hermes_test

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/hermes"
)

var sample = []string{
	"https://api.example.com/v1", "", "identifier", "déjà vu", "中文 😀", strings.Repeat("long ", 100), strings.Repeat("长", 300), "last",
}

func values(f *hermes.File) (out []string) {
	for s := range f.Strings() {
		out = append(out, s.Value)
	}
	return out
}

func TestVersions(t *testing.T) {
	for _, version := range []int{56, 59, 62, 71, 74, 76, 84, 86, 87, 90, 94, 96, 97, 98, 99, 120} {
		for _, delta := range []bool{false, true} {
			data := carriertest.Hermes(carriertest.HermesOptions{Version: version, Delta: delta, Functions: 13}, sample...)
			f, err := hermes.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			if !f.Known || int(f.Version) != version || f.Delta != delta || f.Count != len(sample) || len(f.Problems) != 0 {
				t.Errorf("version %d: known %v, %d strings, %v", version, f.Known, f.Count, f.Problems)
			}
			if got := values(f); !slices.Equal(got, sample) {
				t.Errorf("version %d, delta %v: %q", version, delta, got)
			}
			for s := range f.Strings() {
				if s.Value == "last" && string(data[s.Off:s.Off+4]) != "last" {
					t.Errorf("the offset of %q leads to %q", s.Value, data[s.Off:s.Off+4])
				}
			}
		}
	}
}

// A version whose function headers have another size than any that is known is
// read if its tables agree.
func TestCalibration(t *testing.T) {
	for _, size := range []int{8, 12, 16, 20, 24} {
		f, err := hermes.Open(carriertest.Hermes(carriertest.HermesOptions{Version: 200, Functions: 50, FunctionHeader: size}, sample...))
		if err != nil || !f.Known || !slices.Equal(values(f), sample) {
			t.Errorf("headers of %d bytes: %v %v %q", size, err, f.Problems, values(f))
		}
	}
	f, err := hermes.Open(carriertest.Hermes(carriertest.HermesOptions{Version: 200, Functions: 50, FunctionHeader: 44}, sample...))
	if err != nil || f.Known || len(f.Problems) != 1 || !errors.Is(f.Problems[0], binread.Unsupported) {
		t.Fatalf("%v %+v", err, f.Problems)
	}
	if all := strings.Join(values(f), "\n"); !strings.Contains(all, "https://api.example.com/v1") {
		t.Errorf("runs hold no address: %q", all)
	}
}

func TestDamage(t *testing.T) {
	whole := carriertest.Hermes(carriertest.HermesOptions{Version: 96, Functions: 3}, sample...)
	if _, err := hermes.Open([]byte("not it, however long it may be")); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
	for n := range len(whole) {
		f, err := hermes.Open(whole[:n])
		if n < 12 {
			if !errors.Is(err, binread.Truncated) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		values(f)
	}
	old := slices.Clone(whole)
	binary.LittleEndian.PutUint32(old[8:], 51)
	if f, err := hermes.Open(old); err != nil || f.Known || len(f.Problems) != 1 {
		t.Errorf("version 51: %v %v", err, f)
	}
	// One string of eight points outside; the others are where they were.
	bad := slices.Clone(whole)
	small := 128 + 3*16 + 4
	binary.LittleEndian.PutUint32(bad[small+8:], 0x20<<24|1<<23)
	f, err := hermes.Open(bad)
	if err != nil || len(f.Problems) != 1 || !errors.Is(f.Problems[0], binread.OutOfRange) {
		t.Fatalf("%v %v", err, f.Problems)
	}
	if got := values(f); len(got) != len(sample)-1 || got[2] != sample[3] {
		t.Errorf("%q", got)
	}
}

// Strings that all are the whole storage would be gigabytes.
func TestAllowance(t *testing.T) {
	many := make([]string, 20_000)
	many[0] = strings.Repeat("x", 60_000)
	data := carriertest.Hermes(carriertest.HermesOptions{Version: 96}, many...)
	for i := 1; i < len(many); i++ {
		copy(data[128+4+4*i:], data[128+4:128+8])
	}
	f, err := hermes.Open(data)
	if err != nil || len(f.Problems) != 1 || !errors.Is(f.Problems[0], binread.TooLarge) {
		t.Fatalf("%v %v", err, f.Problems)
	}
	n := 0
	for s := range f.Strings() {
		n += len(s.Value)
	}
	if n > 10*len(data) {
		t.Errorf("%d bytes of a file of %d", n, len(data))
	}
}

// TestCompilers compares what is read with what Hermes' own compilers print.
// TELLTALE_HERMESC lists them, separated by colons.
func TestCompilers(t *testing.T) {
	list := os.Getenv("TELLTALE_HERMESC")
	if list == "" {
		t.Skip("TELLTALE_HERMESC names no compilers")
	}
	src := filepath.Join(t.TempDir(), "t.js")
	script := "var u='https://api.example.com/v1', z='\u4e2d\u6587', w='\u00e9', l='" + strings.Repeat("long ", 100) + "'; print(u, z, w, l); function hello(a) { return {name: a, other: u}; }"
	if err := os.WriteFile(src, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^[a-z](\d+)\[(?:ASCII|UTF-16), (\d+)\.\.`)
	for compiler := range strings.SplitSeq(list, ":") {
		out := filepath.Join(t.TempDir(), "t.hbc")
		if b, err := exec.Command(compiler, "-emit-binary", "-O", "-out", out, src).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", compiler, err, b)
			continue
		}
		dump, _ := exec.Command(compiler, "-b", "-dump-bytecode", out).Output()
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		f, err := hermes.Open(data)
		if err != nil || len(f.Problems) > 0 {
			t.Errorf("%s: %v %v", compiler, err, f.Problems)
			continue
		}
		var want, got []int
		for _, m := range line.FindAllStringSubmatch(string(dump), -1) {
			off, _ := strconv.Atoi(m[2])
			want = append(want, off)
		}
		first := int64(1 << 40)
		for s := range f.Strings() {
			first = min(first, s.Off)
		}
		for s := range f.Strings() {
			got = append(got, int(s.Off-first))
		}
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s, version %d: offsets %v, want %v", compiler, f.Version, got, want)
		}
		t.Logf("%s: version %d, %d strings", compiler, f.Version, len(got))
	}
}

func FuzzOpen(f *testing.F) {
	for _, o := range []carriertest.HermesOptions{{Version: 59}, {Version: 96, Functions: 2}, {Version: 99, Delta: true}, {Version: 200, FunctionHeader: 20, Functions: 3}} {
		f.Add(carriertest.Hermes(o, "https://a.example", "中文", strings.Repeat("x", 300)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := hermes.Open(data)
		if err != nil {
			return
		}
		total := 0
		for s := range file.Strings() {
			if s.Off < 0 || s.Off > int64(len(data)) {
				t.Fatalf("offset %d of %d", s.Off, len(data))
			}
			total += len(s.Value)
		}
		if total > 32*len(data)+1<<20 {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
	})
}

func BenchmarkStrings(b *testing.B) {
	many := make([]string, 20_000)
	for i := range many {
		many[i] = "identifier number " + strconv.Itoa(i)
	}
	data := carriertest.Hermes(carriertest.HermesOptions{Version: 96, Functions: 10_000}, many...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		f, err := hermes.Open(data)
		if err != nil {
			b.Fatal(err)
		}
		for range f.Strings() {
		}
	}
}
