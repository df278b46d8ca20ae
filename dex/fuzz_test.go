package dex_test

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

func addSeeds(f *testing.F) {
	for _, fx := range dextest.Fixtures() {
		f.Add(dextest.Must(fx.Text))
	}
	f.Add(dextest.Must(base))
	// A '.' in two bytes.
	f.Add(dextest.Must(".string \"aXYb\"\n.patch string_data[\"aXYb\"]+2 = u8 0xc0\n.patch string_data[\"aXYb\"]+3 = u8 0xae"))
}

// FuzzOpen reads all that a file offers, in both dialects.
func FuzzOpen(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		files, err := dex.OpenAll(b)
		if len(files) == 0 && err == nil {
			t.Error("no file and no error")
		}
		for _, d := range files {
			walk(d)
			checkSweep(t, d)
			checkHolders(t, d)
			checkGists(t, d)
		}
		if d, err := dex.OpenDialect(b, dex.Dalvik); err == nil {
			checkSweep(t, d)
		}
		if !bytes.Equal(b, before) {
			t.Error("the buffer was written to")
		}
	})
}

// checkGists looks for texts that say more than their marks.
func checkGists(t *testing.T, f *dex.File) {
	for i := range uint32(f.NumStrings()) {
		s, g := f.String(i), f.StringGist(i)
		for _, m := range []struct {
			char string
			mark dex.Gist
		}{{".", dex.GistDot}, {":", dex.GistColon}, {"%", dex.GistPercent}, {"=", dex.GistEquals}} {
			if strings.Contains(s, m.char) && g&m.mark == 0 {
				t.Errorf("string %d, %q, has no mark for %q", i, s, m.char)
			}
		}
	}
}

// checkHolders compares the fast way to who holds strings with a look at every
// value.
func checkHolders(t *testing.T, f *dex.File) {
	held := map[uint32][]int{}
	budget := 1 << 16
	for i := range f.NumClasses() {
		var visit func(v dex.Value)
		visit = func(v dex.Value) {
			budget--
			if v.Kind == dex.ValueString && !slices.Contains(held[v.Index()], i) {
				held[v.Index()] = append(held[v.Index()], i)
			}
			for e := range v.Array() {
				visit(e)
			}
		}
		for v := range f.StaticValues(i) {
			visit(v)
		}
		for a := range f.Annotations(i) {
			for _, v := range a.Elements() {
				visit(v)
			}
		}
	}
	if budget < 0 {
		return
	}
	n := uint32(f.NumStrings())
	for s, classes := range held {
		if s >= n {
			continue
		}
		some := make([]uint64, n/64+1)
		some[s/64] = 1 << (s % 64)
		got := f.Holders(some)
		for _, c := range classes {
			if !slices.Contains(got, c) {
				t.Errorf("string %d is held by class %d, but not by %v", s, c, got)
			}
		}
		if budget -= f.NumClasses(); budget < 0 {
			return
		}
	}
	if got := f.Holders(make([]uint64, n/64+1)); len(got) > 0 {
		t.Errorf("%v hold none of no strings", got)
	}
}

// checkSweep compares the two ways to go over code.
func checkSweep(t *testing.T, f *dex.File) {
	budget := 1 << 22
	f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		n, refs := 0, 0
		cut := false
		for pc, in := range c.Instructions() {
			n++
			cut = in.Truncated()
			if in.Index() != dex.NoIndex && in.Op().IndexKind() < dex.IndexFieldOffset {
				refs++
			}
			if in.ProtoIndex() != dex.NoIndex {
				refs++
			}
			if again, ok := c.At(pc); !ok || again.Op() != in.Op() || again.Width() != in.Width() {
				t.Errorf("At(%d) is another instruction", pc)
			}
		}
		swept := 0
		k, ok := c.References(func(uint32, dex.Opcode, dex.IndexKind, uint32) { swept++ })
		// The one difference: a 32-bit index can be 0xffffffff, which Index cannot tell from none.
		if k != n || ok == cut && n > 0 || swept < refs {
			t.Errorf("References: %d instructions, %d references, %t; Instructions: %d, %d, cut %t", k, swept, ok, n, refs, cut)
		}
		budget -= n
		return budget > 0
	})
}

// FuzzVerify looks for files that Verify cannot bear, and for files that it
// accepts although the reader finds them odd.
func FuzzVerify(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		// A right checksum lets the mutants reach the rest.
		b = bytes.Clone(b)
		if len(b) >= 0x70 {
			end := min(int(binary.LittleEndian.Uint32(b[32:])), len(b))
			binary.LittleEndian.PutUint32(b[8:], adler32.Checksum(b[12:max(12, end)]))
		}
		d, err := dex.Open(b)
		if err != nil {
			return
		}
		if vs := dex.Verify(d); len(vs) == 0 {
			if a := d.Anomalies(); len(a) > 0 {
				t.Errorf("accepted, but odd: %v", a)
			}
		}
	})
}

// FuzzCompact reads compact DEX; the first bytes tell how long its main part is.
func FuzzCompact(f *testing.F) {
	for _, fx := range dextest.Fixtures() {
		if main, data, err := dextest.AssembleCompact(fx.Text); err == nil {
			f.Add(append(binary.LittleEndian.AppendUint16(nil, uint16(len(main))), append(main, data...)...))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 2 {
			return
		}
		n := min(int(binary.LittleEndian.Uint16(b)), len(b)-2)
		d, err := dex.OpenCompact(b[2:2+n], b[2+n:])
		if err != nil {
			return
		}
		walk(d)
		checkSweep(t, d)
	})
}
