package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// What is read ahead of its turn must be what is read in its turn, also of
// archives that lie about their entries.
func TestReadAheadMakesNoDifference(t *testing.T) {
	var files []string
	for i, f := range dextest.Fixtures() {
		files = append(files, dexName(i+1), string(dextest.Must(f.Text)))
	}
	whole := zipOf(t, files...)
	altered := map[string][]byte{"whole": whole}
	// A central directory record: its sizes are at 20 and 24.
	alter := func(name string, entry int, change func(record []byte)) {
		b := bytes.Clone(whole)
		at := 0
		for range entry + 1 {
			at += bytes.Index(b[at:], []byte("PK\x01\x02")) + 4
		}
		change(b[at-4:])
		altered[name] = b
	}
	size := func(at int, change func(uint32) uint32) func([]byte) {
		return func(b []byte) {
			binary.LittleEndian.PutUint32(b[at:], change(binary.LittleEndian.Uint32(b[at:])))
		}
	}
	alter("declared shorter", 1, size(24, func(n uint32) uint32 { return n - 40 }))
	alter("declared longer", 2, size(24, func(n uint32) uint32 { return n + 40 }))
	alter("declared huge", 1, size(24, func(uint32) uint32 { return 1 << 31 }))
	alter("nothing declared", 0, size(24, func(uint32) uint32 { return 0 }))
	alter("cut", 3, size(20, func(n uint32) uint32 { return n / 2 }))
	alter("another method", 1, func(b []byte) { b[10] = 12 })
	damaged := bytes.Clone(whole)
	for i := 40; i < len(damaged)/2; i += 97 {
		damaged[i] ^= 0x55
	}
	altered["damaged"] = damaged
	for name, b := range altered {
		for _, l := range []Limits{{}, {Inflated: int64(len(whole))}, {Entry: 600}} {
			read := func(each func(int, func(int))) (string, *fact.Set) {
				set, err := App(context.Background(), Source{Parts: []Part{{Path: "x.apk", Role: RoleBase, Size: int64(len(b)), R: bytes.NewReader(b)}}}, Options{Limits: l, Each: each})
				if err != nil {
					return err.Error(), nil
				}
				return "", set
			}
			side := func(n int, f func(int)) {
				var wg sync.WaitGroup
				for i := range n {
					wg.Go(func() { f(i) })
				}
				wg.Wait()
			}
			err1, one := read(nil)
			err2, two := read(side)
			if err1 != err2 {
				t.Errorf("%s: %q, read ahead %q", name, err1, err2)
			}
			if one == nil || two == nil {
				continue
			}
			if d := facttest.Diff(one, two); d != "" {
				t.Errorf("%s, %+v: %s", name, l, d)
			}
		}
	}
}

// TestNothingOfReadingIsKept: texts outside code are read while facts are
// judged, and keep the builder.
func TestNothingOfReadingIsKept(t *testing.T) {
	b := newBuilder(context.Background(), Options{})
	b.hidden.scratch = make([]byte, 1)
	b.ahead = ahead{data: map[*apk.Entry][]byte{{}: nil}, open: map[*byte]*opened{}, unit: map[*dex.File]*dexUnit{}}
	b.finish()
	if b.hidden.scratch != nil || b.ahead.data != nil || b.ahead.open != nil || b.ahead.unit != nil {
		t.Errorf("%d bytes and %d entries are kept", len(b.hidden.scratch), len(b.ahead.data))
	}
}
