// Package hermes reads the string table of Hermes bytecode, to which React
// Native compiles an app's JavaScript (usually assets/index.android.bundle).
//
// # Format
//
// A header of 128 bytes (a part that grows with the version, padded), then
// tables that begin at multiples of four: function headers, string kinds,
// hashes of identifiers, small string entries, entries of strings too long for
// those, and the bytes of all strings, which overlap and are not separated.
//
// Facts come from Hermes' own include/hermes/BCGen/HBC/BytecodeFileFormat.h and
// lib/BCGen/HBC/BytecodeFormConverter.cpp over its public history, and were
// checked with its compilers of versions 59, 62, 74, 76, 84, 96, 98 and 99.
// Files of other versions are read if a layout is found that makes all tables
// agree: the counts of string kinds add up to that of strings, and every string
// lies in the storage. Where none does, printable runs are all that is taken,
// and Problems says so.
package hermes

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
)

const (
	magic      = 0x1f1903c103bc1fc6
	deltaMagic = ^uint64(magic)

	// headerSize is that of all versions so far. What they have in common ends
	// with the size of the string storage, at 60.
	headerSize = 128

	// oldest is the first version whose small entries are known: bit 0 UTF-16,
	// 23 bits of offset, 8 of length.
	oldest = 56

	minRun = 6 // characters; see File.Strings
)

// File is an open bytecode file. It borrows the bytes it was opened with. It is
// safe for concurrent use.
type File struct {
	Version uint32
	// Delta is true of the form that is made to be compared with an older
	// bundle, not to be run.
	Delta bool
	// Known is true if the string table was found; if not, Strings yields
	// printable runs.
	Known bool
	// Count is how many strings the table has.
	Count int
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data     []byte
	small    int // offsets of the tables
	overflow int
	storage  int
	longs    int // entries of the overflow table
	size     int // bytes of storage
}

// Open reads the header of a file. It fails only if data is no Hermes bytecode.
func Open(data []byte) (*File, error) {
	const sec = "Hermes header"
	if len(data) < 12 {
		return nil, binread.Errorf(binread.Truncated, sec, 0, "%d bytes", len(data))
	}
	f := &File{data: data, Version: binary.LittleEndian.Uint32(data[8:])}
	switch binary.LittleEndian.Uint64(data) {
	case magic:
	case deltaMagic:
		f.Delta = true
	default:
		return nil, binread.Errorf(binread.BadMagic, sec, 0, "not Hermes bytecode")
	}
	if len(data) < headerSize {
		f.problem(binread.Truncated, sec, 0, "%d bytes", len(data))
		return f, nil
	}
	if f.Version < oldest {
		f.problem(binread.Unsupported, sec, 8, "version %d keeps its strings in another way; only runs of text were taken", f.Version)
		return f, nil
	}
	f.locate()
	return f, nil
}

func (f *File) problem(kind binread.Kind, section string, off int64, format string, args ...any) {
	f.Problems = append(f.Problems, binread.Errorf(kind, section, off, format, args...))
}

func (f *File) u32(off int) uint32 { return binary.LittleEndian.Uint32(f.data[off:]) }

// layout is a guess at how a version lays its tables out.
type layout struct {
	header int    // bytes
	fn     int    // bytes of a small function header
	kind   uint32 // bits that count in an entry of string kinds
}

// layouts returns the layout that the version has, then others that it might
// have.
func (f *File) layouts() []layout {
	known := layout{headerSize, 16, 1<<31 - 1}
	if f.Version >= 97 {
		known.fn = 12
	}
	if f.Version < 71 {
		known.kind = 1<<30 - 1
	}
	out := []layout{known}
	for _, header := range []int{128, 160, 96, 192} {
		for _, fn := range []int{16, 12, 20, 24, 8} {
			for _, kind := range []uint32{1<<31 - 1, 1<<30 - 1} {
				out = append(out, layout{header, fn, kind})
			}
		}
	}
	return out
}

// locate finds the tables.
func (f *File) locate() {
	const sec = "string table"
	functions, kinds, ids := f.u32(40), f.u32(44), f.u32(48)
	strings, longs, size := f.u32(52), f.u32(56), f.u32(60)
	best, bad, total := -1, 0, 0
	for i, l := range f.layouts() {
		at := int64(l.header)
		next := func(count uint32, item int64) int64 {
			start := at
			at = (at + int64(count)*item + 3) &^ 3
			return start
		}
		next(functions, int64(l.fn))
		kindAt := next(kinds, 4)
		next(ids, 4)
		small := next(strings, 4)
		overflow := next(longs, 8)
		storage := next(size, 1)
		if storage+int64(size) > int64(len(f.data)) || f.kinds(int(kindAt), int(kinds), l.kind) != uint64(strings) {
			continue
		}
		g := *f
		g.small, g.overflow, g.storage = int(small), int(overflow), int(storage)
		g.Count, g.longs, g.size = int(strings), int(longs), int(size)
		if n, bytes := g.check(); best < 0 || n < bad {
			best, bad, total = i, n, bytes
			*f = g
			f.Known = true
		}
		if bad == 0 {
			break
		}
	}
	switch {
	case best < 0:
		f.problem(binread.Unsupported, sec, -1, "the tables of version %d are not where they were expected; only runs of text were taken", f.Version)
	case best > 0 && bad*100 > f.Count:
		f.Known = false
		f.problem(binread.Unsupported, sec, -1, "no layout of version %d makes its tables agree; only runs of text were taken", f.Version)
	case bad > 0:
		f.problem(binread.OutOfRange, sec, int64(f.small), "%d of %d strings lie outside the storage", bad, f.Count)
	}
	if f.Known && total > carrier.Allowance(f.size) {
		f.Problems = append(f.Problems, carrier.ErrAllowance(sec))
	}
}

// kinds adds up the run lengths of the table of string kinds.
func (f *File) kinds(off, n int, mask uint32) (sum uint64) {
	for i := range n {
		sum += uint64(f.u32(off+4*i) & mask)
	}
	return sum
}

// span is where a string stands in the storage.
type span struct {
	off, bytes int
	wide       bool
}

// spans yields the place of each string; ok is false of those outside the
// storage.
func (f *File) spans() iter.Seq2[span, bool] {
	return func(yield func(span, bool) bool) {
		// In the delta form, offsets are differences from the one before.
		var off uint32
		longs := f.longOffsets()
		for i := range f.Count {
			e := f.u32(f.small + 4*i)
			o, n := e>>1&(1<<23-1), uint64(e>>24)
			if f.Delta {
				off = (off + o) & (1<<23 - 1)
				o = off
			}
			at, ok := uint64(o), true
			if n == 0xff {
				if ok = int64(o) < int64(f.longs); ok {
					n = uint64(f.u32(f.overflow + 8*int(o) + 4))
					if at = uint64(f.u32(f.overflow + 8*int(o))); longs != nil {
						at = uint64(longs[o])
					}
				}
			}
			s := span{wide: e&1 != 0}
			if s.wide {
				n *= 2
			}
			if ok = ok && at+n <= uint64(f.size); ok {
				s.off, s.bytes = int(at), int(n)
			}
			if !yield(s, ok) {
				return
			}
		}
	}
}

// longOffsets adds up the differences of the overflow table in the delta form.
func (f *File) longOffsets() []uint32 {
	if !f.Delta {
		return nil
	}
	out := make([]uint32, f.longs) // the table is in the file
	var off uint32
	for i := range out {
		off += f.u32(f.overflow + 8*i)
		out[i] = off
	}
	return out
}

// check counts the strings outside the storage, and the bytes of the others.
func (f *File) check() (bad, total int) {
	for s, ok := range f.spans() {
		if !ok {
			bad++
		}
		total += s.bytes
	}
	return bad, total
}

// Strings yields the strings of the table in its order: literals, names of
// properties and functions. A string outside the storage is left out. Without
// a table it yields runs of printable text, in which strings that follow one
// another are one.
func (f *File) Strings() iter.Seq[carrier.String] {
	if !f.Known {
		return carrier.Runs(f.data, 0, minRun)
	}
	return func(yield func(carrier.String) bool) {
		left := carrier.Allowance(f.size)
		for s, ok := range f.spans() {
			if !ok {
				continue
			}
			if left -= s.bytes; left < 0 {
				return
			}
			at := f.storage + s.off
			b := f.data[at : at+s.bytes]
			v := ""
			if s.wide {
				v = carrier.UTF16LE(b)
			} else {
				v = carrier.Latin1(b)
			}
			if !yield(carrier.String{Off: int64(at), Value: v}) {
				return
			}
		}
	}
}
