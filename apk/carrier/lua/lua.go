// Package lua reads the string constants of compiled Lua: of the official
// compiler, versions 5.1 to 5.4, and of LuaJIT, bytecode versions 1 and 2.
//
// Facts about the format come from Lua's lundump.c of each version and from
// LuaJIT's lj_bcdump.h and lj_bcread.c, and were checked with Debian's luac5.1
// to luac5.4 and luajit. Engines that change the format (many games do) yield
// what could be read and printable runs from there on.
package lua

import (
	"fmt"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
)

const (
	// maxDepth bounds functions within functions. Lua's own parser stops at
	// 200.
	maxDepth = 1000
	minRun   = 6 // characters, of what is behind damage
)

// File is a compiled chunk. It borrows the bytes it was opened with. It is safe
// for concurrent use.
type File struct {
	// Dialect is "Lua 5.3" or "LuaJIT 2".
	Dialect string
	// Problems says what could not be read.
	Problems []*binread.FormatError

	data    []byte
	strings []span
	rest    int // where reading ended with a problem; len(data) without one
}

type span struct{ off, size int }

// Open reads a chunk. It fails only if data is none.
func Open(data []byte) (*File, error) {
	f := &File{data: data}
	r := &reader{Cursor: binread.New(data, 0, "Lua chunk"), f: f}
	switch {
	case len(data) >= 5 && string(data[:4]) == "\x1bLua":
		f.Dialect = fmt.Sprintf("Lua %d.%d", data[4]>>4, data[4]&15)
		r.SeekTo(4)
		r.lua()
	case len(data) >= 5 && string(data[:3]) == "\x1bLJ":
		f.Dialect = fmt.Sprintf("LuaJIT %d", data[3])
		r.SeekTo(4)
		r.jit()
	default:
		return nil, binread.Errorf(binread.BadMagic, "Lua chunk", 0, "neither Lua nor LuaJIT bytecode")
	}
	f.rest = len(data)
	if err, ok := r.Err().(*binread.FormatError); ok {
		f.Problems = append(f.Problems, err)
		f.rest = r.Off()
	}
	return f, nil
}

// Strings yields the string constants and the names of sources, in the order of
// the file, then runs of printable text behind damage. Lua's strings are bytes:
// they are yielded as they are, in whatever encoding.
func (f *File) Strings() iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		for _, s := range f.strings {
			if !yield(carrier.String{Off: int64(s.off), Value: string(f.data[s.off : s.off+s.size])}) {
				return
			}
		}
		for s := range carrier.Runs(f.data[f.rest:], int64(f.rest), minRun) {
			if !yield(s) {
				return
			}
		}
	}
}

// reader reads chunks of all dialects. All its loops end with the first error,
// and take at least a byte each turn.
type reader struct {
	*binread.Cursor
	f       *File
	version byte
	big     bool
	intSize int // bytes of the types of the machine that compiled it
	sizeT   int
	code    int
	number  int
	integer int
}

// take notes the next n bytes as a string.
func (r *reader) take(n int64) {
	off := r.Off()
	if b := r.Bytes(n); len(b) > 0 {
		r.f.strings = append(r.f.strings, span{off, len(b)})
	}
}

// uint reads an unsigned number of a size that the header told.
func (r *reader) uint(size int) int64 {
	var v uint64
	for i, c := range r.Bytes(int64(size)) {
		if r.big {
			v = v<<8 | uint64(c)
		} else {
			v |= uint64(c) << (8 * i)
		}
	}
	if v >= 1<<40 {
		r.Fail(binread.Malformed, "a count of %d", v)
		return 0
	}
	return int64(v)
}

// varint reads a number of Lua 5.4: seven bits a byte, high first, the last
// marked.
func (r *reader) varint() int64 {
	v := int64(0)
	for r.Err() == nil {
		c := r.U8()
		if v = v<<7 | int64(c&0x7f); v >= 1<<40 {
			r.Fail(binread.Malformed, "a count of %d", v)
		} else if c&0x80 != 0 {
			return v
		}
	}
	return 0
}

// int reads a count.
func (r *reader) int() int64 {
	if r.version >= 0x54 {
		return r.varint()
	}
	return r.uint(r.intSize)
}

func (r *reader) size() int {
	n := r.U8()
	if n == 0 || n > 8 {
		r.Fail(binread.Malformed, "a type of %d bytes", n)
	}
	return int(n)
}

// lua reads a chunk of the official compiler from behind its magic.
func (r *reader) lua() {
	r.version = r.U8()
	if r.version < 0x51 || r.version > 0x54 {
		r.Fail(binread.Unsupported, "version %d.%d", r.version>>4, r.version&15)
		return
	}
	if format := r.U8(); format != 0 {
		r.Fail(binread.Unsupported, "format %d is not the official one", format)
		return
	}
	const tail = 6 // bytes that show damage by text conversion
	switch r.version {
	case 0x51, 0x52:
		r.big = r.U8() == 0
		r.intSize, r.sizeT, r.code, r.number = r.size(), r.size(), r.size(), r.size()
		r.Skip(1) // whether numbers are integers
		if r.version == 0x52 {
			r.Skip(tail)
		}
	case 0x53:
		r.Skip(tail)
		r.intSize, r.sizeT, r.code, r.integer, r.number = r.size(), r.size(), r.size(), r.size(), r.size()
		// 0x5678 as an integer shows the byte order.
		probe := r.Bytes(int64(r.integer))
		r.big = len(probe) > 0 && probe[0] == 0
		r.Skip(int64(r.number))
		r.Skip(1) // upvalues of the main function
	case 0x54:
		r.Skip(tail)
		r.code, r.integer, r.number = r.size(), r.size(), r.size()
		r.Skip(int64(r.integer + r.number))
		r.Skip(1)
	}
	r.function(0)
}

// string reads a string, if keep is set for the caller.
func (r *reader) string(keep bool) {
	var n int64
	switch {
	case r.version >= 0x54:
		n = r.varint() - 1
	case r.version == 0x53:
		if n = int64(r.U8()); n == 0xff {
			n = r.uint(r.sizeT)
		}
		n--
	default: // with its NUL
		if n = r.uint(r.sizeT); n > 0 {
			off := r.Off()
			b := r.Bytes(n)
			if keep && len(b) > 1 {
				r.f.strings = append(r.f.strings, span{off, len(b) - 1})
			}
		}
		return
	}
	switch {
	case n <= 0:
	case keep:
		r.take(n)
	default:
		r.Skip(n)
	}
}

// items skips n items of so many bytes.
func (r *reader) items(n int64, size int) {
	if n > int64(r.Len()) {
		r.Fail(binread.Truncated, "%d items in %d bytes", n, r.Len())
		return
	}
	r.Skip(n * int64(size))
}

func (r *reader) function(depth int) {
	if depth > maxDepth {
		r.Fail(binread.TooLarge, "functions are nested more than %d deep", maxDepth)
		return
	}
	if r.version != 0x52 {
		r.string(true) // source
	}
	r.int()
	r.int()
	if r.version == 0x51 {
		r.Skip(1) // number of upvalues
	}
	r.Skip(3)
	r.items(r.int(), r.code)
	r.constants()
	if r.version <= 0x52 {
		r.functions(depth)
	}
	switch r.version {
	case 0x52, 0x53:
		r.items(r.int(), 2)
	case 0x54:
		r.items(r.int(), 3)
	}
	if r.version >= 0x53 {
		r.functions(depth)
	}
	// What is left serves debuggers.
	if r.version == 0x52 {
		r.string(true)
	}
	if r.version == 0x54 {
		r.items(r.int(), 1)
		for n := r.int(); n > 0 && r.Err() == nil; n-- {
			r.int()
			r.int()
		}
	} else {
		r.items(r.int(), r.intSize)
	}
	for n := r.int(); n > 0 && r.Err() == nil; n-- {
		r.string(false)
		r.int()
		r.int()
	}
	for n := r.int(); n > 0 && r.Err() == nil; n-- {
		r.string(false)
	}
}

func (r *reader) functions(depth int) {
	for n := r.int(); n > 0 && r.Err() == nil; n-- {
		r.function(depth + 1)
	}
}

func (r *reader) constants() {
	for n := r.int(); n > 0 && r.Err() == nil; n-- {
		switch t := r.U8(); {
		case t == 0 || r.version == 0x54 && (t == 1 || t == 0x11):
		case t == 1:
			r.Skip(1)
		case t == 4 || t == 0x14 && r.version >= 0x53:
			r.string(true)
		case t == 3 && r.version == 0x54, t == 0x13 && r.version == 0x53:
			r.Skip(int64(r.integer))
		case t == 3, t == 0x13 && r.version == 0x54:
			r.Skip(int64(r.number))
		default:
			r.Fail(binread.Malformed, "a constant of type %d", t)
		}
	}
}

// jit reads a chunk of LuaJIT from behind its version.
func (r *reader) jit() {
	const stripped = 2
	if v := r.f.data[3]; v != 1 && v != 2 {
		r.Fail(binread.Unsupported, "version %d", v)
		return
	}
	flags := r.Uleb128()
	if flags&stripped == 0 {
		r.take(int64(r.Uleb128()))
	}
	for r.Len() > 0 {
		size := r.Uleb128()
		if size == 0 {
			return
		}
		end := int64(r.Off()) + int64(size)
		r.Skip(3) // flags, parameters, frame size
		upvalues := int64(r.U8())
		objects, _, code := r.Uleb128(), r.Uleb128(), int64(r.Uleb128())
		if flags&stripped == 0 && r.Uleb128() > 0 {
			r.Uleb128() // first line
			r.Uleb128() // lines
		}
		r.Skip(4*code + 2*upvalues)
		for ; objects > 0 && r.Err() == nil; objects-- {
			r.object()
		}
		if int64(r.Off()) > end {
			// Going back would read the same bytes again and again.
			r.Fail(binread.Malformed, "the constants of a function run past its end at %#x", end)
			return
		}
		r.SeekTo(end) // over numbers and what serves debuggers
	}
}

// object reads a constant of LuaJIT that is more than a number.
func (r *reader) object() {
	switch t := r.Uleb128(); t {
	case 0: // a function that was read before
	case 1:
		array, hash := int64(r.Uleb128()), int64(r.Uleb128())
		for n := array + 2*hash; n > 0 && r.Err() == nil; n-- {
			r.slot()
		}
	case 2, 3:
		r.Uleb128()
		r.Uleb128()
	case 4:
		for range 4 {
			r.Uleb128()
		}
	default:
		r.take(int64(t) - 5)
	}
}

// slot reads a key or a value of a table.
func (r *reader) slot() {
	switch t := r.Uleb128(); t {
	case 0, 1, 2: // nil, false, true
	case 3:
		r.Uleb128()
	case 4:
		r.Uleb128()
		r.Uleb128()
	default:
		r.take(int64(t) - 5)
	}
}
