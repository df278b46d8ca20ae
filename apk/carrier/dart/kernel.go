package dart

import (
	"encoding/binary"
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
)

// Kernel is an open kernel file (assets/flutter_assets/kernel_blob.bin of debug
// builds): Dart code before compilation, perhaps with its source. It borrows
// the bytes it was opened with. It is safe for concurrent use.
type Kernel struct {
	Version uint32
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data       []byte
	components []component
}

// component is one program of a file; several may stand one behind the other.
type component struct {
	start, end int // of all of it
	ends       int // of the list of ends of strings
	count      int
	text       int // where the strings begin
	size       int
}

// maxComponents is how many programs a file may hold. Flutter writes two.
const maxComponents = 64

// OpenKernel reads the index of a kernel file.
func OpenKernel(data []byte) (*Kernel, error) {
	const sec = "Dart kernel"
	if len(data) < 8 || binary.BigEndian.Uint32(data) != 0x90abcdef {
		return nil, binread.Errorf(binread.BadMagic, sec, 0, "no kernel file")
	}
	k := &Kernel{data: data, Version: binary.BigEndian.Uint32(data[4:])}
	// Each ends with its own size.
	end := len(data)
	for end > 0 && len(k.components) < maxComponents {
		c, ok := k.component(end)
		if !ok {
			k.Problems = append(k.Problems, binread.Errorf(binread.Unsupported, sec, int64(end),
				"no table of strings was found in the program that ends here (version %d); only runs of text were taken", k.Version))
			break
		}
		k.components = append(k.components, c)
		end = c.start
	}
	return k, nil
}

// component finds the table of strings of the program that ends at end. The
// index at its end has, from the back: its size, the number n of libraries, n+1
// offsets of them, and some ten numbers, of which one is the place of the table.
// Which one depends on the version: the table proves itself.
func (k *Kernel) component(end int) (c component, ok bool) {
	if end < 48 {
		return c, false
	}
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(k.data[at:])) }
	size, libraries := u32(end-4), u32(end-8)
	if size > end || size < 48 || libraries > size/4-4 {
		return c, false
	}
	start := end - size
	index := end - 8 - 4*(libraries+1)
	if binary.BigEndian.Uint32(k.data[start:]) != 0x90abcdef {
		return c, false
	}
	for at := index - 4; at >= max(start+8, index-48); at -= 4 {
		off := u32(at)
		if off <= 8 || off >= index-start {
			continue
		}
		if t, ok := k.table(start+off, index); ok && t.count > c.count {
			c = t
		}
	}
	c.start, c.end = start, end
	return c, c.count > 0
}

// table reads the table of strings at off: a count, the ends of all strings, and
// their bytes.
func (k *Kernel) table(off, end int) (c component, ok bool) {
	n, at := kernelUint(k.data[:end], off)
	if at < 0 || n <= 0 || n > end-at {
		return c, false
	}
	c.count, c.ends = n, at
	last := 0
	for range n {
		var v int
		if v, at = kernelUint(k.data[:end], at); at < 0 || v < last {
			return c, false
		}
		last = v
	}
	c.text, c.size = at, last
	return c, last <= end-at && last > 0
}

// kernelUint reads a number of one, two or four bytes. The place behind it is
// -1 if there is none.
func kernelUint(b []byte, i int) (v, next int) {
	switch {
	case i >= len(b):
	case b[i] < 0x80:
		return int(b[i]), i + 1
	case b[i] < 0xc0 && i+2 <= len(b):
		return int(b[i]&0x3f)<<8 | int(b[i+1]), i + 2
	case b[i] >= 0xc0 && i+4 <= len(b):
		return int(binary.BigEndian.Uint32(b[i:]) & 0x3fffffff), i + 4
	}
	return 0, -1
}

// Strings yields the strings of the tables: literals, names and URIs. Where
// there is no table it yields runs of printable text.
func (k *Kernel) Strings() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		rest := len(k.data)
		for _, c := range k.components {
			at, from := c.ends, 0
			for range c.count {
				var to int
				to, at = kernelUint(k.data, at)
				if to > from {
					v := strings.ToValidUTF8(string(k.data[c.text+from:c.text+to]), "\ufffd")
					if !yield(carrier.String{Off: int64(c.text + from), Value: v}) {
						return
					}
				}
				from = to
			}
			rest = c.start
		}
		for r := range carrier.Runs(k.data[:rest], 0, minRun) {
			if !yield(r) {
				return
			}
		}
	}
}
