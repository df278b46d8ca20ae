// Package dart reads what Flutter apps keep their Dart program in: the snapshot
// in lib/<abi>/libapp.so, kernel files of debug builds, and the list of licences
// that names the packages an app was built from.
//
// # Snapshots
//
// A snapshot begins with the magic f5 f5 dc dc, its length and kind, 32
// hexadecimal digits that stand for the version of Dart, and a string of
// features. What follows changes with every version and is not read as a whole.
// But strings stand together in it: each with its length, seven bits a byte, low
// first, the last byte marked by its highest bit. In newer versions the lowest
// bit of the length tells UTF-16 from Latin-1. Such chains are looked for. Where
// pointers are not compressed (32-bit and desktop), strings are objects with
// zeros between; there, runs of printable text are taken.
//
// Facts come from runtime/vm/app_snapshot.cc and datastream.h of the Dart SDK
// and pkg/kernel/binary.md, and were checked on snapshots of three versions; no
// kernel file was at hand.
package dart

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
	"github.com/telltale-apk/telltale/apk/elf"
)

const (
	minRun = 6 // characters, where no chain is
	// maxNotices is how many bytes a list of licences may expand to. Flutter's
	// own is 1.5 MB.
	maxNotices = 64 << 20
)

// Snapshot is an open snapshot. It borrows the bytes it was opened with. It is
// safe for concurrent use.
type Snapshot struct {
	Version  string // 32 hexadecimal digits; of some use only to compare
	Features string // "product no-code_comments … arm64 android"
	// Chained is how many strings stand in chains; 0 if all are objects.
	Chained int

	data   []byte
	base   int64
	chains []chain
}

// InELF returns the parts of a library that hold snapshots, nil if none do.
func InELF(f *elf.File) []elf.Range {
	var out []elf.Range
	for _, name := range []string{"_kDartVmSnapshotData", "_kDartIsolateSnapshotData", "_kDartSnapshotData"} {
		s, ok := f.Lookup(name)
		if !ok || !s.Defined() {
			continue
		}
		off, left, ok := f.Offset(s.Value)
		if ok && s.Size > 0 && s.Size < uint64(left) {
			left = int64(s.Size)
		}
		if ok {
			out = append(out, elf.Range{Off: off, Size: left})
		}
	}
	return out
}

// Open reads a snapshot whose first byte is at base in its file.
func Open(data []byte, base int64) (*Snapshot, error) {
	const sec = "Dart snapshot"
	const version, features = 20, 52
	if len(data) < features || string(data[:4]) != "\xf5\xf5\xdc\xdc" {
		return nil, binread.Errorf(binread.BadMagic, sec, base, "no snapshot")
	}
	s := &Snapshot{data: data, base: base}
	s.Version = carrier.Latin1(data[version:features])
	if n := bytes.IndexByte(data[features:min(len(data), features+4096)], 0); n >= 0 {
		s.Features = carrier.Latin1(data[features : features+n])
	}
	s.chains = findChains(data)
	for _, c := range s.chains {
		s.Chained += c.count
	}
	return s, nil
}

// Strings yields the strings of chains, and runs of printable text elsewhere.
func (s *Snapshot) Strings() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		at := 0
		gap := func(end int) bool {
			for r := range carrier.Runs(s.data[at:end], s.base+int64(at), minRun) {
				if !yield(r) {
					return false
				}
			}
			return true
		}
		for _, c := range s.chains {
			if !gap(c.start) {
				return
			}
			for l := range c.links(s.data) {
				v := ""
				if b := s.data[l.off:l.end]; l.wide {
					v = carrier.UTF16LE(b)
				} else {
					v = carrier.Latin1(b)
				}
				if v != "" && !yield(carrier.String{Off: s.base + int64(l.off), Value: v}) {
					return
				}
			}
			at = c.end
		}
		gap(len(s.data))
	}
}

// Packages returns the names of packages in the URIs (package:NAME/…) that
// strings hold, sorted. Obfuscated programs hold none.
func Packages(seq iter.Seq[carrier.String]) []string {
	seen := map[string]bool{}
	for s := range seq {
		rest := s.Value
		for {
			_, after, ok := strings.Cut(rest, "package:")
			if !ok {
				break
			}
			if name, _, ok := strings.Cut(after, "/"); ok && isPackage(name) {
				seen[name] = true
			}
			rest = after
		}
	}
	return sorted(seen)
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, strings.Clone(name))
	}
	slices.Sort(out)
	return out
}

// isPackage reports whether a name is one that pub allows.
func isPackage(name string) bool {
	if name == "" || len(name) > 64 || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// Notices reads assets/flutter_assets/NOTICES.Z (compressed with gzip), or
// NOTICES or LICENSE of older versions, and returns the names of the packages
// whose licences it holds, sorted. Among them are the engine's own parts. The
// tool that builds an app writes each licence behind the names of those that use
// it, a blank line between, and lines of 80 dashes between licences.
func Notices(data []byte) ([]string, error) {
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, binread.Errorf(binread.Malformed, "NOTICES", -1, "%v", err)
		}
		var out bytes.Buffer
		_, err = out.ReadFrom(io.LimitReader(z, maxNotices+1))
		if data = out.Bytes(); len(data) > maxNotices {
			return nil, binread.Errorf(binread.TooLarge, "NOTICES", -1, "it expands to more than %d bytes", maxNotices)
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, binread.Errorf(binread.Malformed, "NOTICES", -1, "%v", err)
		}
	}
	seen := map[string]bool{}
	line := []byte("\n" + strings.Repeat("-", 80) + "\n")
	for part := range bytes.SplitSeq(data, line) {
		names, _, ok := bytes.Cut(bytes.TrimLeft(part, "\n"), []byte("\n\n"))
		if !ok {
			continue
		}
		for name := range bytes.SplitSeq(names, []byte("\n")) {
			if name := strings.TrimSpace(string(name)); isPackage(name) {
				seen[name] = true
			}
		}
	}
	return sorted(seen), nil
}
