package apk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/binread"
)

func open(t testing.TB, b []byte) *Archive {
	t.Helper()
	a, err := NewBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLimits(t *testing.T) {
	zeros := strings.Repeat("\x00", 3<<20)
	bomb := apktest.ZIP{Files: []apktest.File{
		{Name: "bomb", Content: zeros, Method: Deflated},
		{Name: "liar", Content: zeros, Method: Deflated, Size: apktest.Ptr(uint32(5)), LocalSize: apktest.Ptr(uint32(5))},
		{Name: "unknown", Content: zeros, Method: Deflated, CSize: apktest.Ptr(uint32(9)), LocalCSize: apktest.Ptr(uint32(9))},
		{Name: "stored", Content: zeros[:2<<20]},
		{Name: "good", Content: "good", Method: Deflated},
	}}.Bytes()

	tests := []struct {
		name   string
		limits Limits
		limit  string   // that is named
		stops  []string // entries that it stops
	}{
		{"per entry", Limits{EntryBytes: 1 << 20, Ratio: 1 << 20}, "EntryBytes", []string{"bomb", "liar", "unknown", "stored"}},
		{"ratio", Limits{Ratio: 100, RatioFloor: 1 << 20}, "Ratio", []string{"bomb", "liar"}},
		{"total", Limits{TotalBytes: 1 << 20, Ratio: 1 << 20}, "TotalBytes", []string{"bomb", "liar", "unknown", "stored"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := open(t, bomb)
			stops := strings.Join(tt.stops, " ")
			for _, e := range a.Entries() {
				for _, read := range []func(*Budget) ([]byte, error){
					e.Read,
					func(b *Budget) ([]byte, error) {
						r, err := e.Open(b)
						if err != nil {
							return nil, err
						}
						defer r.Close()
						n, err := io.Copy(io.Discard, r)
						if n > tt.limits.orDefault().EntryBytes {
							t.Errorf("%s: %d bytes passed", e.Name, n)
						}
						return nil, err
					},
				} {
					b := NewBudget(tt.limits)
					got, err := read(b)
					if !strings.Contains(stops, e.Name) {
						continue
					}
					if !errors.Is(err, binread.TooLarge) || !strings.Contains(err.Error(), tt.limit) || !strings.HasPrefix(err.Error(), e.Name) || len(got) > 0 {
						t.Errorf("%s: %d bytes, %v", e.Name, len(got), err)
					}
				}
				if e.Name == "good" {
					if got, err := e.Read(NewBudget(tt.limits)); err != nil || string(got) != "good" {
						t.Errorf("good: %q, %v", got, err)
					}
				}
			}
		})
	}
}

func TestBudgetIsChargedWhatWasRead(t *testing.T) {
	a := open(t, apktest.ZIP{Files: []apktest.File{
		{Name: "a", Content: long, Method: Deflated},
		{Name: "b", Content: long},
		{Name: "short", Content: "abc", Method: Deflated, Size: apktest.Ptr(uint32(2000)), LocalSize: apktest.Ptr(uint32(2000))},
		{Name: "long", Content: long, Method: Deflated, Size: apktest.Ptr(uint32(2)), LocalSize: apktest.Ptr(uint32(2))},
	}}.Bytes())
	for _, e := range a.Entries() {
		b := NewBudget(Limits{})
		got, err := e.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if b.Spent() != int64(len(got)) {
			t.Errorf("%s: %d bytes read, %d charged", e.Name, len(got), b.Spent())
		}
	}
	b := NewBudget(Limits{TotalBytes: 10})
	if err := b.Charge(-1); err == nil {
		t.Error("a negative charge was taken")
	}
	if err := b.Charge(10); err != nil {
		t.Error(err)
	}
	if err := b.Charge(1); !errors.Is(err, binread.TooLarge) {
		t.Error(err)
	}
}

func TestEntriesLimit(t *testing.T) {
	var z apktest.ZIP
	for i := range 50 {
		z.Files = append(z.Files, apktest.File{Name: fmt.Sprint(i), Content: "x"})
	}
	b := z.Bytes()
	for _, file := range [][]byte{b, b[:len(b)-endSize]} {
		a, err := Limits{Entries: 20}.NewBytes(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Entries()) != 20 || !strings.Contains(describe(a), "limit Entries (20)") {
			t.Errorf("%d entries\n%s", len(a.Entries()), describe(a))
		}
		a, err = Limits{DirectoryBytes: 480}.NewBytes(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(a.Entries()); n == 0 || !strings.Contains(describe(a), "limit DirectoryBytes (480)") {
			t.Errorf("%d entries\n%s", n, describe(a))
		}
	}
}

// A central directory may list one stream of data many times: the budget, not
// the file's size, bounds what comes out.
func TestOverlappingBombIsBounded(t *testing.T) {
	z := apktest.ZIP{Files: []apktest.File{{Name: "k", Content: strings.Repeat("\x00", 1<<20), Method: Deflated}}}
	n := uint32(len(apktest.Deflate(z.Files[0].Content)))
	for i := range 1000 {
		z.Files = append(z.Files, apktest.File{Name: fmt.Sprint("k", i), Unwritten: true, Method: Deflated, Raw: []byte{}, Offset: apktest.Ptr(uint32(0)), Size: apktest.Ptr(uint32(1 << 20)), CSize: &n})
	}
	a := open(t, z.Bytes())
	b := NewBudget(Limits{TotalBytes: 10 << 20})
	read := 0
	for _, e := range a.Entries() {
		got, err := e.Read(b)
		if err != nil && !errors.Is(err, binread.TooLarge) {
			t.Fatal(err)
		}
		read += len(got)
	}
	if read > 10<<20 {
		t.Errorf("%d bytes were inflated", read)
	}
	if !strings.Contains(describe(a), "overlap") {
		t.Error("not said")
	}
}

// What is declared must not be what is allocated.
func TestHugeSizesAllocateNothing(t *testing.T) {
	z := apktest.ZIP{}
	for i := range 20 {
		z.Files = append(z.Files, apktest.File{Name: fmt.Sprint(i), Content: "abc", Method: Deflated, Size: apktest.Ptr(uint32(400 << 20)), LocalSize: apktest.Ptr(uint32(400 << 20))})
	}
	a := open(t, z.Bytes())
	for _, e := range a.Entries() {
		got, err := e.Read(nil)
		if err != nil || string(got) != "abc" || cap(got) > 64<<10 {
			t.Errorf("%s: %q of capacity %d, %v", e.Name, got, cap(got), err)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	a := open(t, apktest.ZIP{Files: []apktest.File{
		{Name: "a", Content: long, Method: Deflated},
		{Name: "b", Content: long},
		{Name: "c", Content: long, Method: Deflated, Raw: []byte("\x07")},
	}}.Bytes())
	for _, e := range a.Entries() {
		got, err := e.Append([]byte("before "), nil)
		want := "before " + long
		if e.Name == "c" {
			want = "before "
			if !errors.Is(err, binread.Malformed) {
				t.Error(err)
			}
		} else if err != nil {
			t.Error(err)
		}
		if string(got) != want {
			t.Errorf("%s: %.40q", e.Name, got)
		}
	}
}

func TestConcurrentReads(t *testing.T) {
	var z apktest.ZIP
	for i := range 40 {
		z.Files = append(z.Files, apktest.File{Name: fmt.Sprint(i), Content: strings.Repeat(fmt.Sprint(i), 5000), Method: uint16(i % 2 * 8), CRC: apktest.Ptr(uint32(i))})
	}
	b := z.Bytes()
	a, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	budget := NewBudget(Limits{})
	for range 8 {
		wg.Go(func() {
			for i, e := range a.Entries() {
				got, err := e.Read(budget)
				if err != nil || string(got) != z.Files[i].Content {
					t.Errorf("%s: %d bytes, %v", e.Name, len(got), err)
				}
				if _, err := e.Sniff(budget); err != nil {
					t.Error(err)
				}
				_ = a.Anomalies()
			}
		})
	}
	wg.Wait()
	if n := len(a.Anomalies()); n != 80 { // crc and local-sizes
		t.Errorf("%d anomalies", n)
	}
}

type failingReader struct{ after int64 }

var errDisk = errors.New("disk on fire")

func (r failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= r.after {
		return 0, errDisk
	}
	n := copy(p, localMagic)
	if n < len(p) {
		return n, errDisk
	}
	return n, nil
}

func TestErrorsOfTheInputAreKept(t *testing.T) {
	for _, after := range []int64{0, 1} {
		if _, err := NewReader(failingReader{after}, 1000); !errors.Is(err, errDisk) {
			t.Errorf("%v", err)
		}
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
	if _, err := Open("does/not/exist"); err == nil {
		t.Error("nothing was opened")
	}
}
