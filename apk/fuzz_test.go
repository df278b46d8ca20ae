package apk

import (
	"bytes"
	"io"
	"testing"
)

func FuzzArchive(f *testing.F) {
	for _, tt := range tricks() {
		b := tt.file
		if b == nil {
			b = tt.zip.Bytes()
		}
		if len(b) < 16<<10 { // large ones only slow the fuzzer down
			f.Add(b)
		}
	}
	limits := Limits{Entries: 1000, EntryBytes: 1 << 20, TotalBytes: 4 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := limits.NewBytes(b)
		fromFile, err2 := limits.NewReader(bytes.NewReader(b), int64(len(b)))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("in memory: %v; from a file: %v", err, err2)
		}
		if err != nil {
			return
		}
		if len(a.Entries()) != len(fromFile.Entries()) {
			t.Fatalf("%d entries in memory, %d from a file", len(a.Entries()), len(fromFile.Entries()))
		}
		budget, budget2 := NewBudget(limits), NewBudget(limits)
		for i, e := range a.Entries() {
			if e.Index() != i {
				t.Errorf("entry %d says it is %d", i, e.Index())
			}
			if len(a.LookupAll(e.RawName)) == 0 {
				t.Errorf("%s can't be looked up", e.Name)
			}
			if data, ok := fromFile.Entries()[i].Regular(); ok {
				if want, err := e.Read(nil); err != nil || !bytes.Equal(data, want) {
					t.Errorf("%s is called regular; reading gives %v", e.Name, err)
				}
			}
			got, err := e.Read(budget)
			if int64(len(got)) > limits.EntryBytes {
				t.Errorf("%s: %d bytes", e.Name, len(got))
			}
			got2, err2 := fromFile.Entries()[i].Read(budget2)
			if !bytes.Equal(got, got2) || (err == nil) != (err2 == nil) {
				t.Errorf("%s: in memory %d bytes, %v; from a file %d bytes, %v", e.Name, len(got), err, len(got2), err2)
			}
			if _, err := e.Sniff(nil); err != nil && len(got) > SniffLen {
				t.Errorf("%s: Sniff: %v", e.Name, err)
			}
			for _, e := range []*Entry{e, fromFile.Entries()[i]} {
				r, err := e.Open(NewBudget(limits))
				if err != nil {
					continue
				}
				if n, _ := io.Copy(io.Discard, r); n > limits.EntryBytes {
					t.Errorf("%s: a stream of %d bytes", e.Name, n)
				}
				r.Close()
			}
		}
		if budget.Spent() > limits.TotalBytes {
			t.Errorf("%d bytes were spent", budget.Spent())
		}
		if describe(a) != describe(fromFile) {
			t.Errorf("anomalies in memory:\n%s\nfrom a file:\n%s", describe(a), describe(fromFile))
		}
		for _, g := range a.Gaps() {
			if g.Off < 0 || g.Size <= 0 || g.Off+g.Size > int64(len(b)) {
				t.Errorf("gap %+v of %d bytes", g, len(b))
			}
		}
		_, _ = a.SigningBlock()
	})
}
