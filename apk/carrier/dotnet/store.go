package dotnet

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/elf"
)

// maxEntries is how many assemblies a store may hold. MAUI apps have some 120.
const maxEntries = 1 << 16

// Store is a file that holds the assemblies of an app. It borrows the bytes it
// was opened with.
type Store struct {
	Version int // 1 to 4
	Entries []Entry
	// Problems says what could not be read.
	Problems []*binread.FormatError
}

// Entry is one assembly of a store.
type Entry struct {
	// Name is that of the file, "Foo.Bar.dll". Stores of version 1 name none:
	// what the assembly says of itself holds.
	Name string
	Off  int64  // from the start of the file that was opened
	Data []byte // the assembly, perhaps compressed; see Unpack
}

// InELF finds the store that a native library wraps: at the symbol
// _assembly_store (CoreCLR), or in the section "payload" (Mono).
func InELF(f *elf.File) (off, size int64, ok bool) {
	if s, found := f.Lookup("_assembly_store"); found && s.Defined() {
		off, left, ok := f.Offset(s.Value)
		if ok && s.Size > 0 && s.Size < uint64(left) {
			left = int64(s.Size)
		}
		return off, left, ok
	}
	r, ok := f.Section("payload")
	return r.Off, r.Size, ok && !r.Code
}

// OpenStore reads the tables of a store, whose first byte is at base in its
// file. It fails if data is none, or of a version that is not known.
//
// Version 1 has a header of five numbers of 32 bits (magic, version, count,
// count of all stores, id), then for each assembly offset and size of its data,
// of debug data and of its configuration. Later versions have magic, version
// (with the processor in its upper half), count, count and size of an index,
// from 4 on a hash; the index, which is skipped; for each assembly an index and
// the same six numbers; and the names, each with its length.
func OpenStore(data []byte, base int64) (*Store, error) {
	const sec = "assembly store"
	c := binread.New(data, base, sec)
	if string(c.Bytes(4)) != "XABA" {
		return nil, binread.Errorf(binread.BadMagic, sec, base, "no assembly store")
	}
	s := &Store{Version: int(c.U32() & 0xffff)}
	n := c.U32()
	type descriptor struct{ off, size uint32 }
	item := int64(24)
	switch s.Version {
	case 1:
		c.Skip(8)
	case 2, 3, 4:
		c.Skip(4)
		index := c.U32()
		if s.Version == 4 {
			c.Skip(8)
		}
		c.Skip(int64(index))
		item = 28
	default:
		return nil, binread.Errorf(binread.Unsupported, sec, base+4, "version %d", s.Version)
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	if room := int64(c.Len()) / item; int64(n) > room {
		s.problem(binread.Truncated, base+8, "%d assemblies; there is room for %d", n, room)
		n = uint32(room)
	}
	if n > maxEntries {
		s.problem(binread.TooLarge, base+8, "%d assemblies; the limit is %d", n, maxEntries)
		n = maxEntries
	}
	list := make([]descriptor, n)
	for i := range list {
		c.Skip(item - 24)
		list[i] = descriptor{c.U32(), c.U32()}
		c.Skip(16)
	}
	for i, d := range list {
		e := Entry{Off: base + int64(d.off)}
		if s.Version > 1 {
			e.Name = strings.ToValidUTF8(string(c.Bytes(int64(c.U32()))), "\ufffd")
		}
		switch end := int64(d.off) + int64(d.size); {
		case d.size == 0: // of a satellite that this processor has not
		case end > int64(len(data)):
			s.problem(binread.OutOfRange, e.Off, "assembly %d (%q): %d bytes", i, e.Name, d.size)
		default:
			e.Data = data[d.off:end:end]
		}
		s.Entries = append(s.Entries, e)
	}
	if c.Err() != nil {
		s.problem(binread.Truncated, -1, "the names: %v", c.Err())
	}
	return s, nil
}

func (s *Store) problem(kind binread.Kind, off int64, format string, args ...any) {
	s.Problems = append(s.Problems, binread.Errorf(kind, "assembly store", off, format, args...))
}

// Bundle finds the assemblies that Xamarin's oldest way of bundling compiled
// into libmonodroid_bundle_app.so: each compressed with gzip, one behind the
// other, with nothing that tells where. Data of an entry is not compressed any
// more; Off is where the compressed bytes begin. Not more than most bytes are
// taken in all; if there are more, Problems says so.
func Bundle(data []byte, most int64) *Store {
	s := &Store{}
	magic := []byte("\x1f\x8b\x08")
	for i := 0; ; {
		j := bytes.Index(data[i:], magic)
		if j < 0 {
			return s
		}
		i += j
		r := bytes.NewReader(data[i:])
		z, err := gzip.NewReader(r)
		if err != nil {
			i++
			continue
		}
		z.Multistream(false)
		out, err := expand(z, most)
		if errors.Is(err, binread.TooLarge) {
			s.problem(binread.TooLarge, int64(i), "assemblies expand to more than %d bytes; the others were not read", most)
			return s
		}
		if len(out) < 64 || string(out[:2]) != "MZ" {
			i++
			continue
		}
		if err != nil {
			s.problem(binread.Truncated, int64(i), "%v", err)
		}
		most -= int64(len(out))
		s.Entries = append(s.Entries, Entry{Off: int64(i), Data: out})
		i = max(i+1, len(data)-r.Len())
	}
}

// expand reads all of r, up to most bytes, if it begins as an assembly does.
func expand(r io.Reader, most int64) ([]byte, error) {
	head := make([]byte, 64)
	if _, err := io.ReadFull(r, head); err != nil || head[0] != 'M' || head[1] != 'Z' {
		return nil, err
	}
	var out bytes.Buffer
	out.Write(head)
	_, err := out.ReadFrom(io.LimitReader(r, most-63))
	if int64(out.Len()) > most {
		return nil, binread.TooLarge
	}
	return out.Bytes(), err
}
