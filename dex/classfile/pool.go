package classfile

import (
	"encoding/binary"
	"math"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Tag is the kind of a constant.
type Tag uint8

// The kinds of constant (JVMS 4.4).
const (
	TagNone               Tag = 0 // no constant: index out of range, or unusable
	TagUtf8               Tag = 1
	TagInteger            Tag = 3
	TagFloat              Tag = 4
	TagLong               Tag = 5
	TagDouble             Tag = 6
	TagClass              Tag = 7
	TagString             Tag = 8
	TagFieldref           Tag = 9
	TagMethodref          Tag = 10
	TagInterfaceMethodref Tag = 11
	TagNameAndType        Tag = 12
	TagMethodHandle       Tag = 15
	TagMethodType         Tag = 16
	TagDynamic            Tag = 17
	TagInvokeDynamic      Tag = 18
	TagModule             Tag = 19
	TagPackage            Tag = 20
)

// constantSize is how many bytes follow the tag; 0 for tags that do not exist.
// Of Utf8 these are the bytes of its length.
var constantSize = [...]uint8{
	TagUtf8: 2, TagInteger: 4, TagFloat: 4, TagLong: 8, TagDouble: 8, TagClass: 2, TagString: 2,
	TagFieldref: 4, TagMethodref: 4, TagInterfaceMethodref: 4, TagNameAndType: 4, TagMethodHandle: 3,
	TagMethodType: 2, TagDynamic: 4, TagInvokeDynamic: 4, TagModule: 2, TagPackage: 2,
}

// readPool notes where each constant lies. It returns the offset behind the
// pool, and false if that is not known.
func (f *File) readPool(off uint32) (uint32, bool) {
	d := f.data
	if len(d)-int(off) < 2 {
		f.odd(binread.Truncated, "constant_pool", int64(off), "no number of constants")
		return off, false
	}
	declared := int(binary.BigEndian.Uint16(d[off:]))
	off += 2
	// A constant takes 3 bytes or more; numbers of 8 bytes take two indices.
	f.pool = make([]uint32, min(declared, (len(d)-int(off))/3+2))
	for i := 1; i < declared; i++ {
		if int(off) >= len(d) {
			f.odd(binread.Truncated, "constant_pool", int64(off), "%d of %d constants", i-1, declared-1)
			return off, false
		}
		tag := Tag(d[off])
		var size uint32
		if int(tag) < len(constantSize) {
			size = uint32(constantSize[tag])
		}
		if size == 0 {
			f.odd(binread.Malformed, "constant_pool", int64(off), "constant %d has the unknown tag %d", i, tag)
			return off, false
		}
		rest := uint32(len(d)) - off - 1
		if tag == TagUtf8 && rest >= 2 {
			size += uint32(binary.BigEndian.Uint16(d[off+1:]))
		}
		if rest < size {
			f.odd(binread.Truncated, "constant_pool", int64(off), "constant %d has %d of %d bytes", i, rest, size)
			return off, false
		}
		f.pool[i] = off
		off += 1 + size
		if tag == TagLong || tag == TagDouble {
			i++
		}
	}
	return off, true
}

// NumConstants returns one more than the largest index of a constant. Index 0
// is none.
func (f *File) NumConstants() int { return len(f.pool) }

// Tag returns the kind of constant i; TagNone if there is none.
func (f *File) Tag(i uint16) Tag {
	if int(i) >= len(f.pool) || f.pool[i] == 0 {
		return TagNone
	}
	return Tag(f.data[f.pool[i]])
}

// body returns the bytes behind the tag of constant i if it is of the kind,
// else nil.
func (f *File) body(i uint16, tag Tag) []byte {
	if f.Tag(i) != tag {
		return nil
	}
	return f.data[f.pool[i]+1:]
}

// utf8 returns the bytes of a Utf8 constant, nil if it is none. They may not
// be changed.
func (f *File) utf8(i uint16) []byte {
	b := f.body(i, TagUtf8)
	if b == nil {
		return nil
	}
	return b[2 : 2+int(binary.BigEndian.Uint16(b))]
}

// Utf8 returns the text of a Utf8 constant: "" if i is none. Surrogate pairs
// are joined, a lone surrogate is the six characters \uD800, and bytes that
// are no modified UTF-8 become U+FFFD.
func (f *File) Utf8(i uint16) string { return decodeMUTF8(f.utf8(i)) }

// nameIndex returns the index of the Utf8 that a constant of one index names:
// of a class, string, method type, module or package.
func (f *File) nameIndex(i uint16, tag Tag) uint16 {
	if b := f.body(i, tag); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Text returns the value of a String constant, "" if i is none.
func (f *File) Text(i uint16) string { return f.Utf8(f.nameIndex(i, TagString)) }

// Class returns the descriptor of a Class constant: "Lcom/foo/Bar;", "[I"; ""
// if i is none.
func (f *File) Class(i uint16) string {
	return classDescriptor(f.Utf8(f.nameIndex(i, TagClass)))
}

// MethodType returns the descriptor of a MethodType constant, "" if i is none.
func (f *File) MethodType(i uint16) string { return f.Utf8(f.nameIndex(i, TagMethodType)) }

// pair returns the two indices of a constant that has such.
func (f *File) pair(i uint16, tag Tag) (a, b uint16) {
	if p := f.body(i, tag); p != nil {
		return binary.BigEndian.Uint16(p), binary.BigEndian.Uint16(p[2:])
	}
	return 0, 0
}

// NameAndType returns the indices (Utf8) of a NameAndType constant; 0 if i is none.
func (f *File) NameAndType(i uint16) (name, desc uint16) { return f.pair(i, TagNameAndType) }

// Member returns the class, name and descriptor (indices of a Class constant
// and of two Utf8) that a Fieldref, Methodref or InterfaceMethodref names; 0 if
// i is none.
func (f *File) Member(i uint16) (class, name, desc uint16) {
	tag := f.Tag(i)
	if tag < TagFieldref || tag > TagInterfaceMethodref {
		return 0, 0, 0
	}
	class, nt := f.pair(i, tag)
	name, desc = f.NameAndType(nt)
	return class, name, desc
}

// Int returns the value of an Integer or Long constant, 0 if i is none.
func (f *File) Int(i uint16) int64 {
	if b := f.body(i, TagInteger); b != nil {
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	if b := f.body(i, TagLong); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// Float returns the value of a Float or Double constant, 0 if i is none.
func (f *File) Float(i uint16) float64 {
	if b := f.body(i, TagFloat); b != nil {
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	}
	if b := f.body(i, TagDouble); b != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}

// HandleKind says what a method handle does (JVMS 4.4.8).
type HandleKind uint8

// The kinds of handle.
const (
	HandleGetField         HandleKind = 1
	HandleGetStatic        HandleKind = 2
	HandlePutField         HandleKind = 3
	HandlePutStatic        HandleKind = 4
	HandleInvokeVirtual    HandleKind = 5
	HandleInvokeStatic     HandleKind = 6
	HandleInvokeSpecial    HandleKind = 7
	HandleNewInvokeSpecial HandleKind = 8
	HandleInvokeInterface  HandleKind = 9
)

// IsField reports whether the handle reads or writes a field.
func (k HandleKind) IsField() bool { return k <= HandlePutStatic }

// Handle returns what a MethodHandle constant does, and the index of the
// member that it names; 0 if i is none.
func (f *File) Handle(i uint16) (kind HandleKind, member uint16) {
	if b := f.body(i, TagMethodHandle); b != nil {
		return HandleKind(b[0]), binary.BigEndian.Uint16(b[1:])
	}
	return 0, 0
}

// Dynamic returns the number of the bootstrap method of a Dynamic or
// InvokeDynamic constant, and its name and descriptor (Utf8); ok is false if i
// is none.
func (f *File) Dynamic(i uint16) (bootstrap, name, desc uint16, ok bool) {
	tag := f.Tag(i)
	if tag != TagDynamic && tag != TagInvokeDynamic {
		return 0, 0, 0, false
	}
	bootstrap, nt := f.pair(i, tag)
	name, desc = f.NameAndType(nt)
	return bootstrap, name, desc, true
}

// StringBytes returns the text of a String constant as it stands in the file,
// in modified UTF-8; nil if constant i is none. It is borrowed.
func (f *File) StringBytes(i uint16) []byte { return f.utf8(f.nameIndex(i, TagString)) }
