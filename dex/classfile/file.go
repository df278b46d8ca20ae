package classfile

import (
	"encoding/binary"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Access flags that are of classes or mean something else than in DEX.
const (
	AccStatic       = 0x8
	AccFinal        = 0x10
	AccSynchronized = 0x20 // methods
	AccSuper        = 0x20 // classes; means nothing any more
	AccNative       = 0x100
	AccInterface    = 0x200
	AccAbstract     = 0x400
	AccModule       = 0x8000 // classes: a module-info
	accPrivate      = 0x2
)

// File is one class file.
type File struct {
	data   []byte
	pool   []uint32 // offset of each constant; 0 if there is none
	Major  uint16   // of the version: 52 is Java 8
	Minor  uint16
	Flags  uint16   // access flags
	This   uint16   // the class itself (Class constant); 0 if that cannot be read
	Super  uint16   // its superclass (Class constant); 0 for java.lang.Object
	Ifaces []uint16 // interfaces (Class constants)

	Fields  []Member
	Methods []Member

	SourceFile uint16 // Utf8; 0 if there is none

	attrs     attrs
	bootstrap []uint32 // offset of each bootstrap method
	anomalies []*binread.FormatError
}

// Member is a field or a method that a class defines.
type Member struct {
	Flags    uint16
	Name     uint16 // Utf8
	Desc     uint16 // Utf8
	Constant uint16 // of a field: the constant that it begins with; 0 if none

	attrs attrs
	code  span
}

// HasCode reports whether a method has code.
func (m *Member) HasCode() bool { return m.code.n > 0 }

// attrs is a list of attributes: where the first lies, and how many there are.
type attrs struct {
	off uint32
	n   uint16
}

// span is a part of the file.
type span struct{ off, n uint32 }

// maxAnomalies is how many oddities of a file are told one by one.
const maxAnomalies = 16

// maxSize bounds the bytes of a class file; offsets are kept in 32 bits.
const maxSize = 1 << 30

func (f *File) odd(kind binread.Kind, section string, off int64, format string, args ...any) {
	if len(f.anomalies) < maxAnomalies {
		f.anomalies = append(f.anomalies, binread.Errorf(kind, section, off, format, args...))
	}
}

// Anomalies returns what could not be read: 16 findings at most, with offsets
// from the start of the file.
func (f *File) Anomalies() []*binread.FormatError { return f.anomalies }

// Open reads a class file, which it borrows. The error says that data is none.
// What is damaged further on is left out, and told by Anomalies.
func Open(data []byte) (*File, error) {
	const magic = 0xcafebabe
	switch {
	case len(data) < 10:
		return nil, binread.Errorf(binread.Truncated, "class file", 0, "%d bytes", len(data))
	case binary.BigEndian.Uint32(data) != magic:
		return nil, binread.Errorf(binread.BadMagic, "class file", 0, "%#08x", binary.BigEndian.Uint32(data))
	case len(data) > maxSize:
		return nil, binread.Errorf(binread.TooLarge, "class file", 0, "%d bytes; the limit is %d", len(data), maxSize)
	}
	f := &File{data: data, Minor: binary.BigEndian.Uint16(data[4:]), Major: binary.BigEndian.Uint16(data[6:])}
	if off, ok := f.readPool(8); ok {
		f.readClass(off)
	}
	return f, nil
}

// reader reads big-endian numbers.
type reader struct{ *binread.Cursor }

func (f *File) at(off uint32, section string) reader {
	c := binread.New(f.data, 0, section)
	c.SeekTo(int64(off))
	return reader{c}
}

func (r reader) u1() uint8 { return r.U8() }

func (r reader) u2() uint16 {
	if b := r.Bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r reader) u4() uint32 {
	if b := r.Bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// failed notes the reader's error, if it has one.
func (f *File) failed(r reader) bool {
	if r.Err() == nil {
		return false
	}
	if len(f.anomalies) < maxAnomalies {
		if fe, ok := r.Err().(*binread.FormatError); ok {
			f.anomalies = append(f.anomalies, fe)
		}
	}
	return true
}

func (f *File) readClass(off uint32) {
	r := f.at(off, "class")
	f.Flags = r.u2()
	f.This = r.u2()
	f.Super = r.u2()
	n := int(r.u2())
	if f.failed(r) {
		f.This, f.Super = 0, 0
		return
	}
	if f.Tag(f.This) != TagClass {
		f.odd(binread.OutOfRange, "this_class", int64(off)+2, "constant %d is no class", f.This)
		f.This = 0
	}
	if f.Super != 0 && f.Tag(f.Super) != TagClass {
		f.odd(binread.OutOfRange, "super_class", int64(off)+4, "constant %d is no class", f.Super)
		f.Super = 0
	}
	for range min(n, r.Len()/2) {
		f.Ifaces = append(f.Ifaces, r.u2())
	}
	if len(f.Ifaces) < n {
		f.odd(binread.Truncated, "interfaces", int64(len(f.data)), "%d of %d", len(f.Ifaces), n)
		return
	}
	var ok bool
	if f.Fields, ok = f.members(r, "fields"); !ok {
		return
	}
	if f.Methods, ok = f.members(r, "methods"); !ok {
		return
	}
	f.attrs = f.readAttrs(r, func(name []byte, body span) {
		switch string(name) {
		case "BootstrapMethods":
			f.readBootstrap(body)
		case "SourceFile":
			if body.n >= 2 {
				f.SourceFile = binary.BigEndian.Uint16(f.data[body.off:])
			}
		}
	})
	if !f.failed(r) && r.Len() > 0 {
		f.odd(binread.Malformed, "class file", int64(r.Off()), "%d bytes follow the class", r.Len())
	}
}

// members reads fields or methods.
func (f *File) members(r reader, section string) ([]Member, bool) {
	const least = 8 // bytes of one
	n := int(r.u2())
	list := make([]Member, 0, min(n, r.Len()/least))
	for range n {
		m := Member{Flags: r.u2(), Name: r.u2(), Desc: r.u2()}
		m.attrs = f.readAttrs(r, func(name []byte, body span) {
			switch string(name) {
			case "Code":
				if m.code.n == 0 {
					m.code = body
				}
			case "ConstantValue":
				if body.n >= 2 {
					m.Constant = binary.BigEndian.Uint16(f.data[body.off:])
				}
			}
		})
		if r.Err() != nil {
			f.odd(binread.Truncated, section, int64(r.Off()), "%d of %d were read", len(list), n)
			return list, false
		}
		list = append(list, m)
	}
	return list, !f.failed(r)
}

// readAttrs moves r over a list of attributes and calls fn for each.
func (f *File) readAttrs(r reader, fn func(name []byte, body span)) attrs {
	n := r.u2()
	a := attrs{uint32(r.Off()), n}
	for range n {
		name := f.utf8(r.u2())
		size := r.u4()
		off := uint32(r.Off())
		r.Skip(int64(size))
		if r.Err() != nil {
			break
		}
		fn(name, span{off, size})
	}
	return a
}

// readBootstrap notes where the bootstrap methods lie.
func (f *File) readBootstrap(body span) {
	r := reader{binread.New(f.data[body.off:body.off+body.n], int64(body.off), "BootstrapMethods")}
	for range r.u2() {
		off := body.off + uint32(r.Off())
		r.u2()
		r.Skip(2 * int64(r.u2()))
		if r.Err() != nil {
			f.failed(r)
			return
		}
		f.bootstrap = append(f.bootstrap, off)
	}
}

// Bootstrap returns what bootstrap method i is: the index of its method handle,
// and its arguments (constants). ok is false if there is no such method.
func (f *File) Bootstrap(i uint16) (handle uint16, args Indices, ok bool) {
	if int(i) >= len(f.bootstrap) {
		return 0, nil, false
	}
	b := f.data[f.bootstrap[i]:]
	n := int(binary.BigEndian.Uint16(b[2:]))
	return binary.BigEndian.Uint16(b), Indices(b[4 : 4+2*n]), true
}

// Indices is a list of indices of constants, as it stands in the file.
type Indices []byte

// Len returns how many there are.
func (l Indices) Len() int { return len(l) / 2 }

// At returns the one at position i, which must be below Len.
func (l Indices) At(i int) uint16 { return binary.BigEndian.Uint16(l[2*i:]) }
