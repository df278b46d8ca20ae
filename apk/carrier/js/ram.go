package js

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/telltale-apk/telltale/apk/binread"
)

// maxModules is how many modules an indexed bundle may have.
const maxModules = 1 << 20

// RAMBundle is React Native's indexed bundle: scripts of modules that are loaded
// when they are first asked for. It borrows the bytes it was opened with.
type RAMBundle struct {
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data    []byte
	modules int
	startup int // size of the script that runs first
	base    int // of offsets
}

// OpenRAM reads the table of an indexed bundle: magic, number of modules, size of
// the first script; offset and size of each module, counted from behind the
// table; all of 32 bits. Scripts end with NUL.
func OpenRAM(data []byte) (*RAMBundle, error) {
	const sec = "indexed bundle"
	if len(data) < 12 || binary.LittleEndian.Uint32(data) != 0xfb0bd1e5 {
		return nil, binread.Errorf(binread.BadMagic, sec, 0, "no indexed bundle")
	}
	b := &RAMBundle{data: data}
	n := binary.LittleEndian.Uint32(data[4:])
	b.startup = int(binary.LittleEndian.Uint32(data[8:]))
	if room := uint32((len(data) - 12) / 8); n > room {
		b.Problems = append(b.Problems, binread.Errorf(binread.Truncated, sec, 4, "%d modules; there is room for %d", n, room))
		n = room
	}
	if n > maxModules {
		b.Problems = append(b.Problems, binread.Errorf(binread.TooLarge, sec, 4, "%d modules; the limit is %d", n, maxModules))
		n = maxModules
	}
	b.modules = int(n)
	b.base = 12 + 8*b.modules
	bad := 0
	for i := range b.modules {
		if _, _, ok := b.module(i); !ok {
			bad++
		}
	}
	if bad > 0 {
		b.Problems = append(b.Problems, binread.Errorf(binread.OutOfRange, sec, 12, "%d of %d modules lie outside the file", bad, n))
	}
	return b, nil
}

// module returns where a module's script is; modules that a bundle leaves out
// have size 0.
func (b *RAMBundle) module(i int) (off, size int, ok bool) {
	e := b.data[12+8*i:]
	from := uint64(b.base) + uint64(binary.LittleEndian.Uint32(e))
	n := uint64(binary.LittleEndian.Uint32(e[4:]))
	if from+n > uint64(len(b.data)) {
		return 0, 0, false
	}
	return int(from), int(n), true
}

// Scripts yields the offset and the text of the first script and of each module,
// in the order of the file. Scripts that overlap others are left out.
func (b *RAMBundle) Scripts() iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		type part struct{ off, size int }
		parts := []part{{b.base, max(0, min(b.startup, len(b.data)-b.base))}}
		for i := range b.modules {
			if off, size, ok := b.module(i); ok && size > 0 {
				parts = append(parts, part{off, size})
			}
		}
		slices.SortStableFunc(parts, func(x, y part) int { return cmp.Compare(x.off, y.off) })
		end := 0
		for _, p := range parts {
			if p.off < end {
				continue
			}
			end = p.off + p.size
			if !yield(int64(p.off), bytes.TrimRight(b.data[p.off:end], "\x00")) {
				return
			}
		}
	}
}
