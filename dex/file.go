package dex

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/telltale-apk/telltale/apk/binread"
)

// NoIndex is an index that is absent (a class without superclass) or cannot be read.
const NoIndex = ^uint32(0)

const (
	headerSize        = 0x70
	headerSizeV41     = 0x78
	headerSizeCompact = 136
	endianTag         = 0x12345678
)

// Header is the header of a file as it stands there, unchecked. Offsets count
// from the base that applies to the format (see [File]).
type Header struct {
	Magic      [8]byte
	Checksum   uint32   // Adler-32 of all that follows
	Signature  [20]byte // SHA-1 of all that follows
	FileSize   uint32
	HeaderSize uint32
	EndianTag  uint32
	LinkSize   uint32
	LinkOff    uint32
	MapOff     uint32

	StringIDs Table
	TypeIDs   Table
	ProtoIDs  Table
	FieldIDs  Table
	MethodIDs Table
	ClassDefs Table
	Data      Table // Count is its size in bytes

	// Of version 041 only.
	ContainerSize uint32
	HeaderOffset  uint32 // of this header from the start of the container

	// Of compact DEX only.
	FeatureFlags                uint32
	DebugInfoOffsetsPos         uint32
	DebugInfoOffsetsTableOffset uint32
	DebugInfoBase               uint32
	OwnedDataBegin              uint32
	OwnedDataEnd                uint32
}

// Table is a size and an offset as the header gives them.
type Table struct{ Count, Off uint32 }

// Kind is the container format of a file.
type Kind uint8

// The kinds of file.
const (
	Standard Kind = iota // "dex\n"
	Compact              // "cdex"
)

// Dialect chooses the meaning of the opcodes that runtimes gave to optimised
// instructions. The two meanings overlap, so the container of the code decides.
type Dialect uint8

const (
	// ART is the opcode table of all DEX that ART runs, with the quickened
	// instructions of Android 5 to 11 at 0x73 and 0xe3 to 0xf2, where later
	// releases have none. Debian's dexdump reads the same.
	ART Dialect = iota
	// Dalvik is the table of optimised DEX (ODEX) up to Android 4.4.
	Dalvik
)

// File is one logical DEX file over a borrowed buffer. It is safe for
// concurrent use.
type File struct {
	kind    Kind
	dialect Dialect
	hdr     Header
	tab     []byte // id table offsets count from its start
	data    []byte // all other offsets count from its start
	own     []byte // header to file_size, clamped: what checksums cover
	start   int64  // of the header in tab

	strings, types, protos, fields, methods, classes table
	handles, sites                                   table
	mapItems                                         []MapItem
	anomalies                                        []*binread.FormatError

	strOnce sync.Once
	str     stringIndex

	clsOnce sync.Once
	cls     classIndex

	annOnce  sync.Once
	ann      annotationIndex
	heldOnce sync.Once

	lookOnce sync.Once
	look     lookup

	protoOnce sync.Once
	protoText string   // of all prototypes, one behind the other
	protoEnds []uint32 // where each ends, as far as there was room
}

// table is an id table whose bounds were checked: b[i*size:] is item i.
type table struct {
	b    []byte
	size int
	n    int
}

func (t *table) at(i uint32) []byte {
	if int64(i) >= int64(t.n) {
		return nil
	}
	o := int(i) * t.size
	return t.b[o : o+t.size : o+t.size]
}

// Open reads the logical file whose header is at data[0]. Of a container of
// version 041 that is the first one; see [OpenAll]. The File borrows data. The
// error, a *binread.FormatError, says that there is no usable header: anything
// else that is wrong is an anomaly.
func Open(data []byte) (*File, error) { return OpenDialect(data, ART) }

// OpenDialect is Open for code whose optimised opcodes are those of d.
func OpenDialect(data []byte, d Dialect) (*File, error) { return openAt(data, 0, d) }

// OpenAll reads every logical file of a buffer: those of a container of
// version 041, or of standard files that follow each other. It returns what it
// could open; the error tells of the first that it could not.
func OpenAll(data []byte) ([]*File, error) {
	var files []*File
	var first error
	for at := 0; at < len(data); {
		// Each file may end with padding; more than that is no longer a concatenation.
		for at > 0 && at < len(data) && at%4 != 0 && data[at] == 0 {
			at++
		}
		if at > 0 && !hasMagic(data[at:]) {
			if at < len(data) {
				files[len(files)-1].odd(binread.Malformed, "header", int64(at), "%d bytes follow the end of the file", len(data)-at)
			}
			break
		}
		if len(files) == MaxFiles {
			first = binread.Errorf(binread.TooLarge, "header", int64(at), "more than %d logical files", MaxFiles)
			break
		}
		f, err := openAt(data, at, ART)
		if err != nil {
			if first == nil {
				first = err
			}
			break
		}
		files = append(files, f)
		if len(f.own) < headerSize {
			break
		}
		at += len(f.own)
	}
	if len(files) == 0 && first == nil {
		first = binread.Errorf(binread.Truncated, "header", 0, "no bytes")
	}
	return files, first
}

func hasMagic(b []byte) bool {
	return len(b) >= 8 && string(b[:4]) == "dex\n" && b[7] == 0 &&
		isDigit(b[4]) && isDigit(b[5]) && isDigit(b[6])
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// openAt opens the file whose header is at buf[at:].
func openAt(buf []byte, at int, d Dialect) (*File, error) {
	main := buf[at:]
	if len(main) >= 4 && string(main[:4]) == "cdex" {
		return nil, binread.Errorf(binread.Unsupported, "header", int64(at), "compact DEX needs the data section of its VDEX")
	}
	if len(main) < 8 {
		return nil, binread.Errorf(binread.Truncated, "header", int64(at), "%d bytes", len(main))
	}
	if !hasMagic(main) {
		return nil, binread.Errorf(binread.BadMagic, "header", int64(at), "% x", main[:8])
	}
	if len(main) < headerSize {
		return nil, binread.Errorf(binread.Truncated, "header", int64(at), "%d bytes of %d", len(main), headerSize)
	}
	f := &File{kind: Standard, dialect: d}
	f.readHeader(main)
	h := &f.hdr
	if h.EndianTag == 0x78563412 {
		return nil, binread.Errorf(binread.Unsupported, "header", int64(at)+40, "big-endian file; no Android release runs one")
	}
	v := f.Version()
	if v < 35 || v > 41 {
		f.odd(binread.Unsupported, "header", 4, "version %03d; read as the nearest known one", v)
	}

	f.own = main
	if n := int64(h.FileSize); n >= headerSize && n <= int64(len(main)) {
		f.own = main[:n:n]
	} else {
		f.odd(binread.OutOfRange, "header", 32, "file_size %d of %d bytes", h.FileSize, len(main))
	}
	base := f.own
	if v >= 41 {
		// Offsets count from the start of the container, which holds this header at header_offset.
		start := int64(at) - int64(h.HeaderOffset)
		if start < 0 {
			f.odd(binread.OutOfRange, "header", 116, "header_offset %d, but only %d bytes precede it", h.HeaderOffset, at)
			start = int64(at)
		}
		base, f.start = buf[start:], int64(at)-start
		if n := int64(h.ContainerSize); n >= int64(at)-start+int64(len(f.own)) && n <= int64(len(base)) {
			base = base[:n:n]
		} else {
			f.odd(binread.OutOfRange, "header", 112, "container_size %d of %d bytes", h.ContainerSize, len(base))
		}
	} else if len(base) < len(main) && f.reachesBeyond(int64(len(base))) {
		f.odd(binread.OutOfRange, "header", 32, "tables lie behind file_size %d", h.FileSize)
		base = main
	}
	f.tab, f.data = base, base
	f.open()
	return f, nil
}

// OpenCompact reads a compact DEX file. main begins at its header; data is
// where its data offsets count from, that is the bytes at main+data_off, which
// in a VDEX file lie in the section that several files share. They must begin
// at a multiple of four of that file, for try items are aligned there. Both
// are borrowed.
func OpenCompact(main, data []byte) (*File, error) {
	if len(main) < 8 || string(main[:4]) != "cdex" {
		return nil, binread.Errorf(binread.BadMagic, "header", 0, "no compact DEX")
	}
	if len(main) < headerSizeCompact {
		return nil, binread.Errorf(binread.Truncated, "header", 0, "%d bytes of %d", len(main), headerSizeCompact)
	}
	f := &File{kind: Compact, dialect: ART}
	f.readHeader(main)
	if string(main[4:8]) != "001\x00" {
		f.odd(binread.Unsupported, "header", 4, "compact DEX version %q; read as 001", main[4:8])
	}
	f.own = main
	if n := int64(f.hdr.FileSize); n >= headerSizeCompact && n <= int64(len(main)) {
		f.own = main[:n:n]
	} else {
		f.odd(binread.OutOfRange, "header", 32, "file_size %d of %d bytes", f.hdr.FileSize, len(main))
	}
	f.tab, f.data = f.own, data
	f.open()
	return f, nil
}

// reachesBeyond reports whether a table of the header ends after limit.
func (f *File) reachesBeyond(limit int64) bool {
	h := &f.hdr
	if int64(h.MapOff) >= limit {
		return true
	}
	for _, t := range []struct {
		Table
		size int64
	}{{h.StringIDs, 4}, {h.TypeIDs, 4}, {h.ProtoIDs, 12}, {h.FieldIDs, 8}, {h.MethodIDs, 8}, {h.ClassDefs, 32}} {
		if t.Count > 0 && int64(t.Off)+int64(t.Count)*t.size > limit {
			return true
		}
	}
	return false
}

func (f *File) readHeader(b []byte) {
	h := &f.hdr
	copy(h.Magic[:], b)
	copy(h.Signature[:], b[12:32])
	u := func(o int) uint32 { return binary.LittleEndian.Uint32(b[o:]) }
	t := func(o int) Table { return Table{u(o), u(o + 4)} }
	h.Checksum, h.FileSize, h.HeaderSize, h.EndianTag = u(8), u(32), u(36), u(40)
	h.LinkSize, h.LinkOff, h.MapOff = u(44), u(48), u(52)
	h.StringIDs, h.TypeIDs, h.ProtoIDs = t(56), t(64), t(72)
	h.FieldIDs, h.MethodIDs, h.ClassDefs, h.Data = t(80), t(88), t(96), t(104)
	switch {
	case f.kind == Compact:
		h.FeatureFlags, h.DebugInfoOffsetsPos, h.DebugInfoOffsetsTableOffset = u(112), u(116), u(120)
		h.DebugInfoBase, h.OwnedDataBegin, h.OwnedDataEnd = u(124), u(128), u(132)
	case f.Version() >= 41 && len(b) >= headerSizeV41:
		h.ContainerSize, h.HeaderOffset = u(112), u(116)
	}
}

// open checks the tables once tab and data are set.
func (f *File) open() {
	h := &f.hdr
	want := uint32(headerSize)
	switch {
	case f.kind == Compact:
		want = headerSizeCompact
	case f.Version() >= 41:
		want = headerSizeV41
	}
	if h.HeaderSize != want {
		f.odd(binread.Malformed, "header", 36, "header_size %d, not %d", h.HeaderSize, want)
	}
	if h.EndianTag != endianTag {
		f.odd(binread.Malformed, "header", 40, "endian_tag 0x%08x", h.EndianTag)
	}
	f.strings = f.table("string_ids", h.StringIDs, 4, f.tab)
	f.types = f.table("type_ids", h.TypeIDs, 4, f.tab)
	f.protos = f.table("proto_ids", h.ProtoIDs, 12, f.tab)
	f.fields = f.table("field_ids", h.FieldIDs, 8, f.tab)
	f.methods = f.table("method_ids", h.MethodIDs, 8, f.tab)
	f.classes = f.table("class_defs", h.ClassDefs, 32, f.tab)
	f.readMap()
}

// workLimit is how many bytes all items of one sort may come to.
func (f *File) workLimit() int64 {
	return overlapFactor*(int64(len(f.own))+int64(len(f.data))) + 1<<16
}

// table returns the items of t that lie inside b. Ids that would lie outside
// are cut off; those before keep their index.
func (f *File) table(name string, t Table, size int, b []byte) table {
	if t.Count == 0 {
		return table{}
	}
	if int64(t.Off) > int64(len(b)) {
		f.odd(binread.OutOfRange, name, int64(t.Off), "table of %d items starts behind the end %d", t.Count, len(b))
		return table{}
	}
	n := int64(t.Count)
	if fit := (int64(len(b)) - int64(t.Off)) / int64(size); n > fit {
		f.odd(binread.Truncated, name, int64(t.Off), "%d of %d items lie in the file", fit, n)
		n = fit
	}
	return table{b: b[t.Off : int64(t.Off)+n*int64(size)], size: size, n: int(n)}
}

// odd records an anomaly; only used before a File is handed out or under a Once.
func (f *File) odd(kind binread.Kind, section string, off int64, format string, args ...any) {
	f.anomalies = append(f.anomalies, binread.Errorf(kind, section, off, format, args...))
}

// Anomalies returns what is odd about the file as a whole: tables outside the
// file, unreadable strings, overlapping class data and annotations. It looks at
// every string and class once. Offsets count from the base of their section. The order is
// that of the offsets; the slice is the caller's.
func (f *File) Anomalies() []*binread.FormatError {
	f.strOnce.Do(f.indexStrings)
	f.clsOnce.Do(f.indexClasses)
	f.annOnce.Do(f.indexAnnotations)
	all := slices.Concat(f.anomalies, f.str.anomalies, f.cls.anomalies, f.ann.anomalies)
	slices.SortStableFunc(all, func(a, b *binread.FormatError) int {
		return int(min(max(a.Off-b.Off, -1), 1))
	})
	return all
}

// Kind tells whether this is standard or compact DEX.
func (f *File) Kind() Kind { return f.kind }

// Dialect tells how optimised opcodes are read.
func (f *File) Dialect() Dialect { return f.dialect }

// Header returns the header as it stands in the file.
func (f *File) Header() Header { return f.hdr }

// Version returns the number in the magic: 35 for "dex\n035"; for compact DEX 1.
func (f *File) Version() int {
	m := f.hdr.Magic
	n := 0
	for _, c := range m[4:7] {
		if !isDigit(c) {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Bytes returns the bytes of this logical file, from its header to file_size
// or to the end of the buffer. They are borrowed.
func (f *File) Bytes() []byte { return f.own }

// Data returns the bytes that data offsets (of strings, code, class data) count from.
func (f *File) Data() []byte { return f.data }

// NumTypes returns how many type ids lie in the file.
func (f *File) NumTypes() int { return f.types.n }

// TypeString returns the index of the string that is the descriptor of type i.
func (f *File) TypeString(i uint32) uint32 {
	b := f.types.at(i)
	if b == nil {
		return NoIndex
	}
	return binary.LittleEndian.Uint32(b)
}

// Type returns the descriptor of type i ("Lcom/foo/Bar;"), "" if it cannot be read.
func (f *File) Type(i uint32) string { return f.String(f.TypeString(i)) }

// Proto is a method prototype.
type Proto struct {
	Shorty uint32   // into strings
	Return uint32   // into types
	Params TypeList // at most MaxParams
}

// NumProtos returns how many proto ids lie in the file.
func (f *File) NumProtos() int { return f.protos.n }

// Proto returns prototype i; its indices are NoIndex if i is out of range.
func (f *File) Proto(i uint32) Proto {
	b := f.protos.at(i)
	if b == nil {
		return Proto{Shorty: NoIndex, Return: NoIndex}
	}
	return Proto{
		Shorty: binary.LittleEndian.Uint32(b),
		Return: uint32(binary.LittleEndian.Uint16(b[4:])),
		Params: f.TypeList(binary.LittleEndian.Uint32(b[8:])).cut(MaxParams),
	}
}

// ProtoString returns prototype i as text: "(ILjava/lang/String;)V". It is ""
// if the prototype cannot be read or the text would be longer than
// [MaxSignature]. A type that cannot be read is left out.
func (f *File) ProtoString(i uint32) string {
	if int64(i) >= int64(f.protos.n) {
		return ""
	}
	f.protoOnce.Do(f.buildProtos)
	if int64(i) < int64(len(f.protoEnds)) {
		start := uint32(0)
		if i > 0 {
			start = f.protoEnds[i-1]
		}
		return f.protoText[start:f.protoEnds[i]]
	}
	return textOf(f.appendProto(nil, i))
}

// buildProtos puts all prototypes together: who reads code asks for nearly all
// of them. Those that would come to more than so many bytes are put together
// each time they are asked for.
func (f *File) buildProtos() {
	n := f.protos.n
	limit := min(f.workLimit(), math.MaxUint32)
	b := make([]byte, 0, 64*n)
	f.protoEnds = make([]uint32, 0, n)
	for i := range n {
		b = f.appendProto(b, uint32(i))
		if int64(len(b)) > limit {
			break
		}
		f.protoEnds = append(f.protoEnds, uint32(len(b)))
	}
	f.protoText = textOf(b)
}

// appendProto appends prototype i, or nothing if it cannot be read or is too
// long.
func (f *File) appendProto(b []byte, i uint32) []byte {
	p := f.Proto(i)
	if p.Params.Len() > MaxSignature {
		return b
	}
	start := len(b)
	ret := f.Type(p.Return)
	left := MaxSignature - len("()") - len(ret)
	b = append(b, '(')
	for _, t := range p.Params.All() {
		s := f.Type(t)
		if left -= len(s); left < 0 {
			return b[:start]
		}
		b = append(b, s...)
	}
	if left < 0 {
		return b[:start]
	}
	b = append(b, ')')
	return append(b, ret...)
}

// Field is a reference to a field.
type Field struct {
	Class uint32 // into types
	Type  uint32 // into types
	Name  uint32 // into strings
}

// NumFields returns how many field ids lie in the file.
func (f *File) NumFields() int { return f.fields.n }

// Field returns field i; all NoIndex if i is out of range.
func (f *File) Field(i uint32) Field {
	b := f.fields.at(i)
	if b == nil {
		return Field{NoIndex, NoIndex, NoIndex}
	}
	return Field{
		Class: uint32(binary.LittleEndian.Uint16(b)),
		Type:  uint32(binary.LittleEndian.Uint16(b[2:])),
		Name:  binary.LittleEndian.Uint32(b[4:]),
	}
}

// FieldString returns field i in smali notation: "Lcom/foo/Bar;->name:I". It
// is "" if i is out of range or the text would be longer than [MaxSignature].
func (f *File) FieldString(i uint32) string {
	if int64(i) >= int64(f.fields.n) {
		return ""
	}
	d := f.Field(i)
	c, n, t := f.Type(d.Class), f.String(d.Name), f.Type(d.Type)
	if len(c)+len(n)+len(t) > MaxSignature {
		return ""
	}
	return c + "->" + n + ":" + t
}

// Method is a reference to a method.
type Method struct {
	Class uint32 // into types
	Proto uint32 // into protos
	Name  uint32 // into strings
}

// NumMethods returns how many method ids lie in the file.
func (f *File) NumMethods() int { return f.methods.n }

// Method returns method i; all NoIndex if i is out of range.
func (f *File) Method(i uint32) Method {
	b := f.methods.at(i)
	if b == nil {
		return Method{NoIndex, NoIndex, NoIndex}
	}
	return Method{
		Class: uint32(binary.LittleEndian.Uint16(b)),
		Proto: uint32(binary.LittleEndian.Uint16(b[2:])),
		Name:  binary.LittleEndian.Uint32(b[4:]),
	}
}

// MethodString returns method i in smali notation: "Lcom/foo/Bar;->name(I)V".
// It is "" if i is out of range or the text would be longer than [MaxSignature].
func (f *File) MethodString(i uint32) string {
	if int64(i) >= int64(f.methods.n) {
		return ""
	}
	m := f.Method(i)
	c, n, p := f.Type(m.Class), f.String(m.Name), f.ProtoString(m.Proto)
	if len(c)+len(n)+len(p) > MaxSignature {
		return ""
	}
	return c + "->" + n + p
}

// TypeList is a list of types that is read on demand.
type TypeList struct{ b []byte }

// TypeList returns the type_list at off; offset 0 is the empty list. A list
// that reaches behind the end of the data is cut there.
func (f *File) TypeList(off uint32) TypeList {
	if off == 0 || int64(off)+4 > int64(len(f.data)) {
		return TypeList{}
	}
	b := f.data[off:]
	n := min(int64(binary.LittleEndian.Uint32(b)), (int64(len(b))-4)/2)
	return TypeList{b[4 : 4+2*n : 4+2*n]}
}

// cut returns the first n types.
func (l TypeList) cut(n int) TypeList { return TypeList{l.b[:min(len(l.b), 2*n)]} }

// Len returns the number of types.
func (l TypeList) Len() int { return len(l.b) / 2 }

// At returns type i; NoIndex if i is out of range.
func (l TypeList) At(i int) uint32 {
	if i < 0 || i >= len(l.b)/2 {
		return NoIndex
	}
	return uint32(binary.LittleEndian.Uint16(l.b[2*i:]))
}

// All yields position and type.
func (l TypeList) All() func(yield func(int, uint32) bool) {
	return func(yield func(int, uint32) bool) {
		for i := 0; i < len(l.b)/2; i++ {
			if !yield(i, uint32(binary.LittleEndian.Uint16(l.b[2*i:]))) {
				return
			}
		}
	}
}

// MapItem is one entry of the map list.
type MapItem struct {
	Type  MapType
	Count uint32
	Off   uint32
}

// MapType is the kind of a section in the map list.
type MapType uint16

// The kinds of section.
const (
	MapHeader               MapType = 0x0000
	MapStringID             MapType = 0x0001
	MapTypeID               MapType = 0x0002
	MapProtoID              MapType = 0x0003
	MapFieldID              MapType = 0x0004
	MapMethodID             MapType = 0x0005
	MapClassDef             MapType = 0x0006
	MapCallSiteID           MapType = 0x0007
	MapMethodHandle         MapType = 0x0008
	MapMapList              MapType = 0x1000
	MapTypeList             MapType = 0x1001
	MapAnnotationSetRefList MapType = 0x1002
	MapAnnotationSet        MapType = 0x1003
	MapClassData            MapType = 0x2000
	MapCode                 MapType = 0x2001
	MapStringData           MapType = 0x2002
	MapDebugInfo            MapType = 0x2003
	MapAnnotation           MapType = 0x2004
	MapEncodedArray         MapType = 0x2005
	MapAnnotationsDirectory MapType = 0x2006
	MapHiddenapiClassData   MapType = 0xf000
)

var mapNames = map[MapType]string{
	MapHeader: "header", MapStringID: "string_ids", MapTypeID: "type_ids", MapProtoID: "proto_ids",
	MapFieldID: "field_ids", MapMethodID: "method_ids", MapClassDef: "class_defs",
	MapCallSiteID: "call_site_ids", MapMethodHandle: "method_handles", MapMapList: "map_list",
	MapTypeList: "type_list", MapAnnotationSetRefList: "annotation_set_ref_list",
	MapAnnotationSet: "annotation_set", MapClassData: "class_data", MapCode: "code_item",
	MapStringData: "string_data", MapDebugInfo: "debug_info", MapAnnotation: "annotation",
	MapEncodedArray: "encoded_array", MapAnnotationsDirectory: "annotations_directory",
	MapHiddenapiClassData: "hiddenapi_class_data",
}

// String returns the format's name of the section.
func (t MapType) String() string {
	if s, ok := mapNames[t]; ok {
		return s
	}
	return fmt.Sprintf("section 0x%04x", uint16(t))
}

// MapItems returns the map list, at most [MaxMapItems] entries of it. It must not be changed.
func (f *File) MapItems() []MapItem { return f.mapItems }

func (f *File) readMap() {
	off := int64(f.hdr.MapOff)
	if off == 0 || off+4 > int64(len(f.data)) {
		f.odd(binread.OutOfRange, "map_list", off, "no map; call sites and method handles are not known")
		return
	}
	n := int64(binary.LittleEndian.Uint32(f.data[off:]))
	if fit := (int64(len(f.data)) - off - 4) / 12; n > fit {
		f.odd(binread.Truncated, "map_list", off, "%d of %d entries lie in the file", fit, n)
		n = fit
	}
	if n > MaxMapItems {
		f.odd(binread.TooLarge, "map_list", off, "%d entries; the first %d are looked at", n, MaxMapItems)
		n = MaxMapItems
	}
	f.mapItems = make([]MapItem, 0, n)
	for b := f.data[off+4:]; n > 0; n, b = n-1, b[12:] {
		m := MapItem{
			Type:  MapType(binary.LittleEndian.Uint16(b)),
			Count: binary.LittleEndian.Uint32(b[4:]),
			Off:   binary.LittleEndian.Uint32(b[8:]),
		}
		f.mapItems = append(f.mapItems, m)
		// Call sites and method handles lie in the main part but are found here only.
		switch {
		case m.Type == MapCallSiteID && f.sites.n == 0:
			f.sites = f.table("call_site_ids", Table{m.Count, m.Off}, 4, f.tab)
		case m.Type == MapMethodHandle && f.handles.n == 0:
			f.handles = f.table("method_handles", Table{m.Count, m.Off}, 8, f.tab)
		}
	}
}

// HandleKind is what a method handle does.
type HandleKind uint16

// The kinds of method handle.
const (
	HandleStaticPut HandleKind = iota
	HandleStaticGet
	HandleInstancePut
	HandleInstanceGet
	HandleInvokeStatic
	HandleInvokeInstance
	HandleInvokeConstructor
	HandleInvokeDirect
	HandleInvokeInterface
)

// IsField reports whether the handle reads or writes a field; otherwise it invokes a method.
func (k HandleKind) IsField() bool { return k <= HandleInstanceGet }

// MethodHandle is a handle of a field or a method.
type MethodHandle struct {
	Kind  HandleKind
	Index uint32 // into fields or methods
}

// NumMethodHandles returns how many method handles lie in the file.
func (f *File) NumMethodHandles() int { return f.handles.n }

// MethodHandle returns method handle i; its index is NoIndex if i is out of range.
func (f *File) MethodHandle(i uint32) MethodHandle {
	b := f.handles.at(i)
	if b == nil {
		return MethodHandle{Kind: 0xffff, Index: NoIndex}
	}
	return MethodHandle{
		Kind:  HandleKind(binary.LittleEndian.Uint16(b)),
		Index: uint32(binary.LittleEndian.Uint16(b[4:])),
	}
}

// NumCallSites returns how many call sites lie in the file.
func (f *File) NumCallSites() int { return f.sites.n }

// CallSite is what invoke-custom refers to.
type CallSite struct {
	Off    uint32 // of its encoded_array, from the data base
	Handle uint32 // bootstrap method, into method handles; NoIndex if it cannot be read
	Name   uint32 // into strings
	Proto  uint32 // into protos
	// Args are the further arguments of the bootstrap method.
	Args []Value
}

// CallSite returns call site i.
func (f *File) CallSite(i uint32) CallSite {
	s := CallSite{Handle: NoIndex, Name: NoIndex, Proto: NoIndex}
	b := f.sites.at(i)
	if b == nil {
		return s
	}
	s.Off = binary.LittleEndian.Uint32(b)
	n := 0
	for v := range f.flatArray(s.Off) {
		switch {
		case n == 0 && v.Kind == ValueMethodHandle:
			s.Handle = v.Index()
		case n == 1 && v.Kind == ValueString:
			s.Name = v.Index()
		case n == 2 && v.Kind == ValueMethodType:
			s.Proto = v.Index()
		case n > 2:
			s.Args = append(s.Args, v)
		}
		// The format allows 255 argument words, three of them taken.
		if n++; n == 255 {
			break
		}
	}
	return s
}
