package fact_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// counted counts the bytes that are read.
type counted struct {
	io.ReaderAt
	n int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func TestThawLate(t *testing.T) {
	app := everything()
	for i := range uint32(3000) {
		app.Code("classes.dex").Strings(fmt.Sprintf("%08x%08x", i*2654435761, i*40503))
	}
	want := app.Set()
	b := freeze(t, want)
	r := &counted{ReaderAt: bytes.NewReader(b)}
	s, err := fact.ThawLate(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if r.n >= len(b)/2 {
		t.Errorf("%d of %d bytes were read before anything was asked for", r.n, len(b))
	}
	if d := facttest.Diff(want, s); d != "" {
		t.Error(d)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
	if _, err := fact.ThawLate(bytes.NewReader(b), int64(len(b))+1<<20); err != nil {
		t.Errorf("a size that is not true is noticed when something is asked for: %v", err)
	}
}

// A byte that is changed anywhere is an error at once or later, never a panic.
func TestThawLateDamaged(t *testing.T) {
	good := freeze(t, everything().Set())
	found := 0
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x55
		s, err := fact.ThawLate(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			facttest.Diff(s, s)
			for range s.Texts() {
			}
			err = s.Err()
		}
		if err != nil {
			found++
		}
	}
	if found < len(good)*9/10 {
		t.Errorf("%d of %d changes were noticed", found, len(good))
	}
	s, err := fact.ThawLate(bytes.NewReader(good[:len(good)-40]), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	facttest.Diff(s, s)
	if err := s.Err(); !errors.Is(err, io.ErrUnexpectedEOF) && err == nil {
		t.Errorf("a file that became shorter: %v", err)
	}
}

// A section of any size can be read: encoders state windows that are larger than
// what they hold.
func TestSectionSizes(t *testing.T) {
	for n := 1000; n < 1040; n++ {
		want := facttest.New("com.example").Text(fact.Text{Unit: "a", Kind: fact.TextAsset, Value: strings.Repeat("ab cd ", n)[:n]}).Set()
		b := freeze(t, want)
		s, err := fact.Thaw(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if d := facttest.Diff(want, s); d != "" || s.Err() != nil {
			t.Fatalf("a text of %d bytes: %v %s", n, s.Err(), d)
		}
	}
}
