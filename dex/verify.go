package dex

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"slices"
)

// Check names a rule of ART's structural verifier.
type Check string

// The checks, in the order in which ART comes to them.
const (
	CheckMagic          Check = "magic"           // the file begins with "dex\n"
	CheckVersion        Check = "version"         // 035, 037 to 041
	CheckFileSize       Check = "file-size"       // file_size holds the header and is not more than there is
	CheckHeaderSize     Check = "header-size"     // 0x70, or 0x78 for 041
	CheckEndianTag      Check = "endian-tag"      // little-endian
	CheckChecksum       Check = "checksum"        // Adler-32 of what follows it
	CheckContainer      Check = "container"       // container_size and header_offset of 041
	CheckHeaderSection  Check = "header-section"  // sections of the header lie in the file, aligned, without offset if empty
	CheckTooManyIDs     Check = "too-many-ids"    // at most 65535 types and prototypes
	CheckMapOrder       Check = "map-order"       // entries ascend by offset and lie in the file
	CheckMapEntry       Check = "map-entry"       // known kinds, each once, none missing
	CheckMapCount       Check = "map-count"       // not more items than bytes
	CheckOverlap        Check = "overlap"         // sections do not overlap
	CheckPadding        Check = "padding"         // bytes between items are zero
	CheckSection        Check = "section"         // map and header agree; data sections lie in the data
	CheckBounds         Check = "bounds"          // an item ends inside the file
	CheckIndex          Check = "index"           // an index lies in its table
	CheckDuplicateClass Check = "duplicate-class" // a type is defined once
	CheckMethodHandle   Check = "method-handle"   // known kinds
	CheckClassData      Check = "class-data"      // members ascend, are in the right list and belong to the class
	CheckCodeItem       Check = "code-item"       // registers, try items and handlers
	CheckStringData     Check = "string-data"     // MUTF-8 of the length that is declared
	CheckDebugInfo      Check = "debug-info"      // parameters and registers
	CheckAnnotation     Check = "annotation"      // visibility; elements, entries and sets ascend
	CheckEncodedValue   Check = "encoded-value"   // kinds and sizes
	CheckHiddenapi      Check = "hiddenapi"       // size of the hidden-API section
	CheckOffset         Check = "offset"          // an offset points at an item of the right kind
	CheckStringOrder    Check = "string-order"    // string_ids ascend by UTF-16 units
	CheckTypeOrder      Check = "type-order"      // type_ids ascend by string
	CheckDescriptor     Check = "descriptor"      // descriptors are well-formed and of the right sort
	CheckShorty         Check = "shorty"          // shorties fit their prototypes
	CheckProtoOrder     Check = "proto-order"     // proto_ids ascend by return type, then parameters
	CheckMemberName     Check = "member-name"     // names of fields and methods
	CheckFieldOrder     Check = "field-order"     // field_ids ascend by class, name, type
	CheckMethodOrder    Check = "method-order"    // method_ids ascend by class, name, prototype
	CheckClassDef       Check = "class-def"       // padding, flags, owner of members and annotations
	CheckClassOrder     Check = "class-order"     // supers before subs, no class its own super (since 037)
	CheckInterface      Check = "interface"       // no interface twice
	CheckFieldFlags     Check = "field-flags"     // access flags of fields
	CheckMethodFlags    Check = "method-flags"    // access flags of methods, and whether they have code
	CheckConstructor    Check = "constructor"     // <init> and <clinit> return void
	CheckStaticValue    Check = "static-value"    // initial values fit the fields
	CheckCallSite       Check = "call-site"       // handle, name and type come first
	CheckTooMuch        Check = "too-much"        // not ART's: we stopped, for items overlap too much
)

// Violation is one reason why ART would refuse a file.
type Violation struct {
	Check   Check
	Section string // as in [MapType.String]
	Off     int64  // of the item, from the base of its section; -1 if it concerns no place
	Detail  string
}

// String renders section, offset, check and detail.
func (v Violation) String() string {
	if v.Off < 0 {
		return fmt.Sprintf("%s: %s: %s", v.Section, v.Check, v.Detail)
	}
	return fmt.Sprintf("%s at 0x%x: %s: %s", v.Section, v.Off, v.Check, v.Detail)
}

// Verify returns what ART's structural verifier would refuse (AOSP
// libdexfile/dex/dex_file_verifier.cc, as of Android 15). The first violation
// is what ART would report; it stops there, while Verify goes on as far as it
// can, up to 16 violations in a section. Code is checked as far as that
// verifier does: not its instructions. Compact DEX is never verified by ART;
// the result is nil for it.
//
// An empty result does not say that ART would accept every class: the verifier
// of methods runs later and refuses single classes.
func Verify(f *File) []Violation {
	if f.kind == Compact {
		return nil
	}
	v := &verifier{f: f, d: f.data, h: &f.hdr, ver: f.Version(), start: f.start, count: make(map[string]int)}
	if v.ver < 41 {
		v.d = f.own // the reader may look behind file_size, ART does not
	}
	v.verify()
	return v.out
}

// maxPerSection is after how many violations the checks of a section stop.
const maxPerSection = 16

type verifier struct {
	f     *File
	d     []byte // what offsets count from
	h     *Header
	ver   int
	start int64 // offset of the header
	out   []Violation
	count map[string]int
	// The data section, as ART takes it.
	dataStart, dataEnd int64
	kinds              []uint8 // kind of the data item that starts at each offset; 0 for none
	descOK             []uint8 // by type: 1 good, 2 bad
	defined            []int32 // class definition by type; -1 none
	first              map[MapType]MapItem
	interfaces         int64 // looked at so far
}

func (v *verifier) fail(c Check, section string, off int64, format string, args ...any) {
	if v.count[section]++; v.count[section] <= maxPerSection {
		v.out = append(v.out, Violation{c, section, off, fmt.Sprintf(format, args...)})
	}
}

// enough reports whether a section has shown enough to stop looking at it.
func (v *verifier) enough(section string) bool { return v.count[section] >= maxPerSection }

func (v *verifier) verify() {
	if !v.header() || !v.mapList() {
		return
	}
	v.kinds = make([]uint8, len(v.d)+1)
	v.defined = make([]int32, v.f.types.n)
	for i := range v.defined {
		v.defined[i] = -1
	}
	v.descOK = make([]uint8, v.f.types.n)
	v.intra()
	v.inter()
}

// kindBit numbers the kinds of data items from 1.
func kindBit(t MapType) uint8 {
	switch t {
	case MapCallSiteID, MapMethodHandle:
		return uint8(t)
	case MapHiddenapiClassData:
		return 31
	}
	if t >= 0x2000 {
		return 20 + uint8(t&15)
	}
	return 10 + uint8(t&15)
}

func isDataSection(t MapType) bool { return t > MapClassDef }

// header checks the header; false if nothing else can be checked.
func (v *verifier) header() bool {
	const s = "header"
	h, f := v.h, v.f
	fail := func(c Check, at int64, format string, args ...any) { v.fail(c, s, v.start+at, format, args...) }
	if string(h.Magic[:4]) != "dex\n" {
		fail(CheckMagic, 0, "% x", h.Magic)
	}
	if v.ver != 35 && (v.ver < 37 || v.ver > 41) {
		fail(CheckVersion, 4, "%q", h.Magic[4:7])
	}
	want := uint32(headerSize)
	if v.ver >= 41 {
		want = headerSizeV41
	}
	if h.FileSize < want {
		fail(CheckFileSize, 32, "%d, less than the header", h.FileSize)
	} else if int64(h.FileSize) > int64(len(f.own)) {
		fail(CheckFileSize, 32, "%d, but only %d bytes are there", h.FileSize, len(f.own))
	}
	if h.HeaderSize != want {
		fail(CheckHeaderSize, 36, "%d, not %d", h.HeaderSize, want)
	}
	if h.EndianTag != endianTag {
		fail(CheckEndianTag, 40, "0x%08x", h.EndianTag)
	}
	if sum := adler32.Checksum(f.own[12:]); sum != h.Checksum {
		fail(CheckChecksum, 8, "0x%08x, computed 0x%08x", h.Checksum, sum)
	}
	if v.ver >= 41 {
		switch {
		case h.ContainerSize <= h.HeaderOffset:
			fail(CheckContainer, 112, "container of %d bytes, header at %d", h.ContainerSize, h.HeaderOffset)
		case h.FileSize > h.ContainerSize-h.HeaderOffset:
			fail(CheckContainer, 112, "file of %d bytes at %d in a container of %d", h.FileSize, h.HeaderOffset, h.ContainerSize)
		case int64(h.ContainerSize) > int64(len(v.d)) || int64(h.HeaderOffset) != v.start:
			// ART believes these and would read outside its mapping.
			fail(CheckContainer, 112, "container of %d bytes, header at %d; there are %d bytes, header at %d", h.ContainerSize, h.HeaderOffset, len(v.d), v.start)
		}
	}
	type sec struct {
		name        string
		off, size   uint32
		align, unit int64
		at          int64
	}
	for _, t := range []sec{
		{"link", h.LinkOff, h.LinkSize, 1, 1, 44},
		{"map", h.MapOff, 4, 4, 1, 52},
		{"string_ids", h.StringIDs.Off, h.StringIDs.Count, 4, 4, 56},
		{"type_ids", h.TypeIDs.Off, h.TypeIDs.Count, 4, 4, 64},
		{"proto_ids", h.ProtoIDs.Off, h.ProtoIDs.Count, 4, 12, 72},
		{"field_ids", h.FieldIDs.Off, h.FieldIDs.Count, 4, 8, 80},
		{"method_ids", h.MethodIDs.Off, h.MethodIDs.Count, 4, 8, 88},
		{"class_defs", h.ClassDefs.Off, h.ClassDefs.Count, 4, 32, 96},
		{"data", h.Data.Off, h.Data.Count, 1, 1, 104},
	} {
		size := int64(len(v.d))
		switch {
		case t.size == 0:
			if t.off != 0 {
				fail(CheckHeaderSection, t.at, "%s is empty but has offset %d", t.name, t.off)
			}
		case int64(t.off) < v.start:
			fail(CheckHeaderSection, t.at, "%s at %d, before the header", t.name, t.off)
		case int64(t.off) >= size:
			fail(CheckHeaderSection, t.at, "%s at %d of %d bytes", t.name, t.off, size)
		case int64(t.off)+int64(t.size)*t.unit > size:
			// ART compares the number of items with the bytes that remain; what is
			// too long all the same fails a little later, when the items are read.
			fail(CheckHeaderSection, t.at, "%s of %d items at %d reaches behind the end %d", t.name, t.size, t.off, size)
		case int64(t.off)%t.align != 0:
			fail(CheckHeaderSection, t.at, "%s at %d is not aligned by %d", t.name, t.off, t.align)
		}
	}
	if h.TypeIDs.Count > 0xffff {
		fail(CheckTooManyIDs, 64, "%d types", h.TypeIDs.Count)
	}
	if h.ProtoIDs.Count > 0xffff {
		fail(CheckTooManyIDs, 72, "%d prototypes", h.ProtoIDs.Count)
	}
	v.dataStart, v.dataEnd = int64(h.Data.Off), min(int64(h.Data.Off)+int64(h.Data.Count), int64(len(v.d)))
	if v.ver >= 41 {
		v.dataStart, v.dataEnd = v.start, int64(len(v.d))
	}
	return int64(h.MapOff)+4 <= int64(len(v.d))
}

// mapList checks the map itself; false if it is of no use.
func (v *verifier) mapList() bool {
	const s = "map_list"
	off := int64(v.h.MapOff)
	n := int64(binary.LittleEndian.Uint32(v.d[off:]))
	if n > (int64(len(v.d))-off-4)/12 {
		v.fail(CheckBounds, s, off, "%d entries do not fit into the file", n)
		return false
	}
	v.first = make(map[MapType]MapItem)
	last, left := int64(-1), v.dataEnd-v.dataStart
	for i := range n {
		at := off + 4 + 12*i
		m := MapItem{
			MapType(binary.LittleEndian.Uint16(v.d[at:])),
			binary.LittleEndian.Uint32(v.d[at+4:]), binary.LittleEndian.Uint32(v.d[at+8:]),
		}
		if last >= int64(m.Off) {
			v.fail(CheckMapOrder, s, at, "%s at 0x%x after 0x%x", m.Type, m.Off, last)
		}
		if int64(m.Off) >= int64(len(v.d)) {
			v.fail(CheckMapOrder, s, at, "%s at 0x%x, behind the end", m.Type, m.Off)
		}
		if _, known := mapNames[m.Type]; !known {
			v.fail(CheckMapEntry, s, at, "unknown kind 0x%x", uint16(m.Type))
		} else if _, twice := v.first[m.Type]; twice {
			v.fail(CheckMapEntry, s, at, "%s twice", m.Type)
		} else {
			v.first[m.Type] = m
		}
		if isDataSection(m.Type) {
			if int64(m.Count) > left {
				v.fail(CheckMapCount, s, at, "%d items of %s", m.Count, m.Type)
			}
			left = max(0, left-int64(m.Count))
		}
		if last = int64(m.Off); v.enough(s) {
			break
		}
	}
	for _, need := range []struct {
		t MapType
		h Table
	}{
		{MapHeader, Table{1, 0}},
		{MapMapList, Table{1, 0}},
		{MapStringID, v.h.StringIDs},
		{MapTypeID, v.h.TypeIDs},
		{MapProtoID, v.h.ProtoIDs},
		{MapFieldID, v.h.FieldIDs},
		{MapMethodID, v.h.MethodIDs},
		{MapClassDef, v.h.ClassDefs},
	} {
		if _, ok := v.first[need.t]; !ok && need.h != (Table{}) {
			v.fail(CheckMapEntry, s, off, "no entry for %s", need.t)
		}
	}
	return true
}

// sections returns the map's sections, each kind once, by offset.
func (v *verifier) sections() []MapItem {
	all := make([]MapItem, 0, len(v.first))
	for _, m := range v.first {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b MapItem) int {
		if a.Off != b.Off {
			return int(min(max(int64(a.Off)-int64(b.Off), -1), 1))
		}
		return int(a.Type) - int(b.Type)
	})
	return all
}

// alignOf is the alignment of the items of a section.
func alignOf(t MapType) int64 {
	switch t {
	case MapClassData, MapStringData, MapDebugInfo, MapAnnotation, MapEncodedArray:
		return 1
	}
	return 4
}

// padding checks that the bytes from at to to are zero.
func (v *verifier) padding(at, to int64, t MapType) {
	if v.ver >= 41 {
		return
	}
	for ; at < to && at < int64(len(v.d)); at++ {
		if v.d[at] != 0 {
			v.fail(CheckPadding, t.String(), at, "0x%02x before or in the section", v.d[at])
			return
		}
	}
}

// intra walks every section item by item.
func (v *verifier) intra() {
	at := v.start
	for _, m := range v.sections() {
		s, off := m.Type.String(), int64(m.Off)
		if off >= int64(len(v.d)) {
			continue // reported with the map
		}
		if at > off {
			v.fail(CheckOverlap, s, off, "the section before it ends at 0x%x", at)
		}
		v.padding(at, off, m.Type)
		switch m.Type {
		case MapHeader:
			if m.Count != 1 || off != v.start {
				v.fail(CheckSection, s, off, "%d headers at 0x%x, not one at 0x%x", m.Count, off, v.start)
			}
			at = v.start + int64(v.h.HeaderSize)
			continue
		case MapMapList:
			if m.Count != 1 || m.Off != v.h.MapOff {
				v.fail(CheckSection, s, off, "%d maps at 0x%x, not one at 0x%x", m.Count, off, v.h.MapOff)
			}
			at = off + 4 + 12*int64(binary.LittleEndian.Uint32(v.d[v.h.MapOff:]))
			continue
		}
		if t, ok := v.headerTable(m.Type); ok && t != (Table{m.Count, m.Off}) {
			v.fail(CheckSection, s, off, "%d items; the header says %d at 0x%x", m.Count, t.Count, t.Off)
		}
		id := m.Type <= MapMethodHandle
		if !id && (off < v.dataStart || off > v.dataEnd) {
			v.fail(CheckSection, s, off, "outside the data section 0x%x to 0x%x", v.dataStart, v.dataEnd)
		}
		at = v.items(m)
		if !id && at > v.dataEnd {
			v.fail(CheckSection, s, at, "reaches behind the data section, which ends at 0x%x", v.dataEnd)
		}
	}
}

func (v *verifier) headerTable(t MapType) (Table, bool) {
	switch t {
	case MapStringID:
		return v.h.StringIDs, true
	case MapTypeID:
		return v.h.TypeIDs, true
	case MapProtoID:
		return v.h.ProtoIDs, true
	case MapFieldID:
		return v.h.FieldIDs, true
	case MapMethodID:
		return v.h.MethodIDs, true
	case MapClassDef:
		return v.h.ClassDefs, true
	}
	return Table{}, false
}

// items checks the items of a section and returns where they end.
func (v *verifier) items(m MapItem) int64 {
	s, at := m.Type.String(), int64(m.Off)
	align := alignOf(m.Type)
	check := v.itemCheck(m.Type)
	var r vreader
	for i := range int64(m.Count) {
		start := (at + align - 1) &^ (align - 1)
		v.padding(at, start, m.Type)
		if start >= int64(len(v.d)) {
			v.fail(CheckBounds, s, start, "item %d of %d starts behind the end", i, m.Count)
			return start
		}
		if isDataSection(m.Type) {
			v.kinds[start] = kindBit(m.Type)
		}
		r = vreader{v: v, s: s, at: start, item: start, end: int64(len(v.d))}
		check(&r, uint32(i))
		if r.bad {
			return r.at
		}
		at = r.at
		if v.enough(s) {
			break
		}
	}
	return at
}

// itemCheck returns the check of one item of a kind; it moves the reader behind the item.
func (v *verifier) itemCheck(t MapType) func(*vreader, uint32) {
	h := v.h
	switch t {
	case MapStringID, MapCallSiteID:
		return func(r *vreader, _ uint32) { r.bytes(4) }
	case MapTypeID:
		return func(r *vreader, _ uint32) { r.index(r.u32(), h.StringIDs.Count, "descriptor") }
	case MapProtoID:
		return func(r *vreader, _ uint32) {
			r.index(r.u32(), h.StringIDs.Count, "shorty")
			r.index(uint32(r.u16()), h.TypeIDs.Count, "return type")
			r.bytes(6)
		}
	case MapFieldID:
		return func(r *vreader, _ uint32) {
			r.index(uint32(r.u16()), h.TypeIDs.Count, "class")
			r.index(uint32(r.u16()), h.TypeIDs.Count, "type")
			r.index(r.u32(), h.StringIDs.Count, "name")
		}
	case MapMethodID:
		return func(r *vreader, _ uint32) {
			r.index(uint32(r.u16()), h.TypeIDs.Count, "class")
			r.index(uint32(r.u16()), h.ProtoIDs.Count, "prototype")
			r.index(r.u32(), h.StringIDs.Count, "name")
		}
	case MapClassDef:
		return v.classDefItem
	case MapMethodHandle:
		return func(r *vreader, _ uint32) {
			kind := HandleKind(r.u16())
			r.bytes(2)
			i := uint32(r.u16())
			r.bytes(2)
			switch {
			case r.bad:
			case kind > HandleInvokeInterface:
				r.fail(CheckMethodHandle, "kind %d", kind)
			case kind.IsField():
				r.index(i, h.FieldIDs.Count, "field")
			default:
				r.index(i, h.MethodIDs.Count, "method")
			}
		}
	case MapTypeList:
		return func(r *vreader, _ uint32) {
			for n := r.list(2); n > 0 && !r.bad; n-- {
				r.index(uint32(r.u16()), h.TypeIDs.Count, "type")
			}
		}
	case MapAnnotationSetRefList, MapAnnotationSet:
		return func(r *vreader, _ uint32) { r.bytes(4 * int64(r.list(4))) }
	case MapClassData:
		return v.classDataItem
	case MapCode:
		return v.codeItem
	case MapStringData:
		return v.stringData
	case MapDebugInfo:
		return v.debugInfo
	case MapAnnotation:
		return func(r *vreader, _ uint32) {
			if vis := r.u8(); vis > 2 && !r.bad {
				r.fail(CheckAnnotation, "visibility %d", vis)
			}
			r.annotation(0)
		}
	case MapEncodedArray:
		return func(r *vreader, _ uint32) { r.array(0) }
	case MapAnnotationsDirectory:
		return v.directoryItem
	case MapHiddenapiClassData:
		return func(r *vreader, _ uint32) {
			size := int64(r.u32())
			need := 4 * (int64(h.ClassDefs.Count) + 1)
			switch {
			case r.bad:
			case size < need:
				r.fail(CheckHiddenapi, "%d bytes for %d classes", size, h.ClassDefs.Count)
				r.bad = true
			default:
				r.bytes(size - 4)
			}
		}
	}
	return func(r *vreader, _ uint32) { r.bad = true }
}

// vreader reads one item.
type vreader struct {
	v    *verifier
	s    string
	item int64 // where the item starts
	at   int64
	end  int64
	bad  bool // the item cannot be read to its end
}

func (r *vreader) fail(c Check, format string, args ...any) {
	r.v.fail(c, r.s, r.item, format, args...)
}

func (r *vreader) bytes(n int64) []byte {
	if r.bad {
		return nil
	}
	if n < 0 || n > r.end-r.at {
		r.fail(CheckBounds, "ends behind the end of the file or of the data section")
		r.bad = true
		return nil
	}
	b := r.v.d[r.at : r.at+n]
	r.at += n
	return b
}

func (r *vreader) u8() uint8 {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *vreader) u16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *vreader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *vreader) uleb() uint32 {
	if r.bad {
		return 0
	}
	u, k := uleb(r.v.d[r.at:r.end])
	if k == 0 {
		r.bytes(r.end - r.at + 1)
	}
	r.at += int64(k)
	return u
}

func (r *vreader) sleb() int32 {
	if r.bad {
		return 0
	}
	s, k := sleb(r.v.d[r.at:r.end])
	if k == 0 {
		r.bytes(r.end - r.at + 1)
	}
	r.at += int64(k)
	return s
}

// list reads a count of items of the given size, which must fit.
func (r *vreader) list(size int64) uint32 {
	n := r.u32()
	if !r.bad && int64(n) > (r.end-r.at)/size {
		r.fail(CheckBounds, "a list of %d items", n)
		r.bad = true
	}
	return n
}

func (r *vreader) index(i, limit uint32, what string) bool {
	if r.bad {
		return false
	}
	if i >= limit {
		r.fail(CheckIndex, "%s %d of %d", what, i, limit)
		return false
	}
	return true
}

// index1 checks an index that is stored plus one, 0 for none.
func (r *vreader) index1(i, limit uint32, what string) {
	if i != 0 {
		r.index(i-1, limit, what)
	}
}

// array checks an encoded_array.
func (r *vreader) array(depth int) {
	for n := r.uleb(); n > 0 && !r.bad; n-- {
		r.value(depth)
	}
}

// annotation checks an encoded_annotation.
func (r *vreader) annotation(depth int) {
	r.index(r.uleb(), r.v.h.TypeIDs.Count, "annotation type")
	n := r.uleb()
	last := int64(-1)
	for ; n > 0 && !r.bad; n-- {
		name := r.uleb()
		r.index(name, r.v.h.StringIDs.Count, "element name")
		if !r.bad && int64(name) <= last {
			r.fail(CheckAnnotation, "elements out of order: name %d after %d", name, last)
		}
		last = int64(name)
		r.value(depth)
	}
}

// value checks an encoded_value. ART sets no limit to nesting but its stack;
// ours is larger than that of the reader, so that Verify does not call valid
// what the reader cut.
func (r *vreader) value(depth int) {
	head := r.u8()
	if r.bad {
		return
	}
	if depth > 4*MaxNesting {
		r.fail(CheckTooMuch, "values nest deeper than %d", 4*MaxNesting)
		r.bad = true
		return
	}
	kind, arg := ValueKind(head&0x1f), int64(head>>5)
	limit, size := int64(7), arg+1
	switch kind {
	case ValueByte:
		limit = 0
	case ValueShort, ValueChar:
		limit = 1
	case ValueInt, ValueFloat, ValueMethodType, ValueMethodHandle, ValueString, ValueType, ValueField, ValueMethod, ValueEnum:
		limit = 3
	case ValueLong, ValueDouble:
	case ValueArray, ValueAnnotation, ValueNull:
		limit, size = 0, 0
	case ValueBoolean:
		limit, size = 1, 0
	default:
		r.fail(CheckEncodedValue, "kind 0x%02x", uint8(kind))
		r.bad = true
		return
	}
	if arg > limit {
		r.fail(CheckEncodedValue, "kind 0x%02x with size argument %d", uint8(kind), arg)
		r.bad = true
		return
	}
	b := r.bytes(size)
	if r.bad {
		return
	}
	i := uint32(0)
	for k := len(b) - 1; k >= 0; k-- {
		i = i<<8 | uint32(b[k])
	}
	h := r.v.h
	switch kind {
	case ValueString:
		r.index(i, h.StringIDs.Count, "string")
	case ValueType:
		r.index(i, h.TypeIDs.Count, "type")
	case ValueField, ValueEnum:
		r.index(i, h.FieldIDs.Count, "field")
	case ValueMethod:
		r.index(i, h.MethodIDs.Count, "method")
	case ValueMethodType:
		r.index(i, h.ProtoIDs.Count, "prototype")
	case ValueMethodHandle:
		r.index(i, uint32(r.v.f.handles.n), "method handle")
	case ValueArray:
		r.array(depth + 1)
	case ValueAnnotation:
		r.annotation(depth + 1)
	}
}

func (v *verifier) classDefItem(r *vreader, i uint32) {
	b := r.bytes(32)
	if r.bad {
		return
	}
	class := uint32(binary.LittleEndian.Uint16(b))
	if super := binary.LittleEndian.Uint32(b[8:]); super>>16 == 0 {
		r.index(super, v.h.TypeIDs.Count, "superclass")
	} else if super != NoIndex {
		r.fail(CheckIndex, "superclass 0x%x", super)
	}
	if !r.index(class, v.h.TypeIDs.Count, "class") || class >= uint32(len(v.defined)) {
		return
	}
	if v.defined[class] >= 0 {
		r.fail(CheckDuplicateClass, "type %d is defined by class %d already", class, v.defined[class])
		return
	}
	v.defined[class] = int32(i)
}

func (v *verifier) classDataItem(r *vreader, _ uint32) {
	r.end = max(r.at, v.dataEnd)
	var n [4]uint32
	for i := range n {
		n[i] = r.uleb()
	}
	for list, count := range n[:2] {
		last := uint32(0)
		for ; count > 0 && !r.bad; count-- {
			i, flags := last+r.uleb(), r.uleb()
			r.index(i, v.h.FieldIDs.Count, "field")
			if i < last {
				r.fail(CheckClassData, "fields out of order: %d after %d", i, last)
			}
			if !r.bad && (flags&AccStatic != 0) != (list == 0) {
				r.fail(CheckClassData, "field %d is in the wrong list", i)
			}
			if last = i; v.enough(r.s) {
				r.bad = true
			}
		}
	}
	methods := r.at
	for list, count := range n[2:] {
		// Direct methods are read a second time beside the virtual ones, to find those in both.
		direct := vreader{v: v, s: r.s, item: r.item, at: methods, end: r.end}
		left, di, have := n[2], uint32(0), false
		last := uint32(0)
		for ; count > 0 && !r.bad; count-- {
			i := last + r.uleb()
			r.uleb()
			r.uleb()
			r.index(i, v.h.MethodIDs.Count, "method")
			if i < last {
				r.fail(CheckClassData, "methods out of order: %d after %d", i, last)
			}
			for list == 1 && !direct.bad && (left > 0 || have) {
				if !have {
					di += direct.uleb()
					direct.uleb()
					direct.uleb()
					left--
					have = true
				}
				if di >= i {
					break
				}
				have = false
			}
			if list == 1 && have && di == i && !r.bad {
				r.fail(CheckClassData, "method %d is direct and virtual", i)
			}
			if last = i; v.enough(r.s) {
				r.bad = true
			}
		}
	}
}

func (v *verifier) codeItem(r *vreader, _ uint32) {
	b := r.bytes(16)
	if r.bad {
		return
	}
	regs, ins := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
	outs, tries := binary.LittleEndian.Uint16(b[4:]), int64(binary.LittleEndian.Uint16(b[6:]))
	size := binary.LittleEndian.Uint32(b[12:])
	if ins > regs {
		r.fail(CheckCodeItem, "%d words of arguments in %d registers", ins, regs)
	}
	if outs > 5 && outs > regs {
		r.fail(CheckCodeItem, "%d outgoing words, %d registers", outs, regs)
	}
	r.bytes(2 * int64(size))
	if tries == 0 || r.bad {
		return
	}
	if r.at%4 != 0 {
		if r.u16() != 0 {
			r.fail(CheckPadding, "before the try items")
		}
	}
	items := r.bytes(8 * tries)
	base := r.at
	n := r.uleb()
	if r.bad {
		return
	}
	if n == 0 || n >= 65536 {
		r.fail(CheckCodeItem, "%d handler lists", n)
		r.bad = true
		return
	}
	var offs []uint16 // ascending; what a try item can name
	for ; n > 0 && !r.bad; n-- {
		if off := r.at - base; off <= 0xffff {
			offs = append(offs, uint16(off))
		}
		k := r.sleb()
		if k < -65536 || k > 65536 {
			r.fail(CheckCodeItem, "a list of %d handlers", k)
			r.bad = true
			return
		}
		all := k <= 0
		if k < 0 {
			k = -k
		}
		for ; k > 0 && !r.bad; k-- {
			r.index(r.uleb(), v.h.TypeIDs.Count, "exception type")
			if a := r.uleb(); a >= size && !r.bad {
				r.fail(CheckCodeItem, "handler at 0x%x of 0x%x", a, size)
			}
			if v.enough(r.s) {
				r.bad = true
			}
		}
		if all {
			if a := r.uleb(); a >= size && !r.bad {
				r.fail(CheckCodeItem, "handler for all at 0x%x of 0x%x", a, size)
			}
		}
	}
	last := uint32(0)
	for ; len(items) >= 8; items = items[8:] {
		start, count := binary.LittleEndian.Uint32(items), binary.LittleEndian.Uint16(items[4:])
		if start < last {
			r.fail(CheckCodeItem, "try items out of order at 0x%x", start)
		}
		if start >= size {
			r.fail(CheckCodeItem, "try item at 0x%x of 0x%x", start, size)
		}
		if h := binary.LittleEndian.Uint16(items[6:]); !contains(offs, h) {
			r.fail(CheckCodeItem, "no handler list at 0x%x", h)
		}
		if last = start + uint32(count); last > size {
			r.fail(CheckCodeItem, "try item ends at 0x%x of 0x%x", last, size)
		}
		if v.enough(r.s) {
			return
		}
	}
}

func contains(sorted []uint16, x uint16) bool {
	_, ok := slices.BinarySearch(sorted, x)
	return ok
}

func (v *verifier) stringData(r *vreader, _ uint32) {
	n := r.uleb()
	for ; n > 0 && !r.bad; n-- {
		c := r.u8()
		switch {
		case r.bad:
			return
		case c == 0:
			r.fail(CheckStringData, "shorter than declared")
			return
		case c < 0x80:
		case c < 0xc0 || c >= 0xf0:
			r.fail(CheckStringData, "start byte 0x%02x", c)
			r.bad = true
			return
		default:
			b := r.bytes(int64(c>>5&1) + 1)
			if r.bad {
				return
			}
			val := uint32(c & 0x1f)
			low := uint32(0x80)
			if len(b) == 2 {
				val, low = uint32(c&0x0f), 0x800
			}
			for _, c := range b {
				if c&0xc0 != 0x80 {
					r.fail(CheckStringData, "continuation byte 0x%02x", c)
					r.bad = true
					return
				}
				val = val<<6 | uint32(c&0x3f)
			}
			if val < low && (val != 0 || len(b) == 2) {
				r.fail(CheckStringData, "U+%04X is encoded too long", val)
			}
		}
	}
	if c := r.u8(); c != 0 && !r.bad {
		r.fail(CheckStringData, "longer than declared")
		r.bad = true
	}
}

func (v *verifier) debugInfo(r *vreader, _ uint32) {
	h := v.h
	r.uleb()
	n := r.uleb()
	if n > 65536 {
		r.fail(CheckDebugInfo, "%d parameters", n)
		r.bad = true
		return
	}
	for ; n > 0 && !r.bad; n-- {
		r.index1(r.uleb(), h.StringIDs.Count, "parameter name")
	}
	for !r.bad {
		op := r.u8()
		switch op {
		case dbgEndSequence:
			return
		case dbgAdvancePC:
			r.uleb()
		case dbgAdvanceLine:
			r.sleb()
		case dbgStartLocal, dbgStartLocalExtended, dbgEndLocal, dbgRestartLocal:
			if reg := r.uleb(); reg >= 65536 {
				r.fail(CheckDebugInfo, "register %d", reg)
			}
			if op == dbgEndLocal || op == dbgRestartLocal {
				break
			}
			r.index1(r.uleb(), h.StringIDs.Count, "local name")
			r.index1(r.uleb(), h.TypeIDs.Count, "local type")
			if op == dbgStartLocalExtended {
				r.index1(r.uleb(), h.StringIDs.Count, "local signature")
			}
		case dbgSetFile:
			r.index1(r.uleb(), h.StringIDs.Count, "source file")
		}
		if v.enough(r.s) {
			r.bad = true
		}
	}
}

func (v *verifier) directoryItem(r *vreader, _ uint32) {
	r.u32()
	counts := [3]uint32{r.u32(), r.u32(), r.u32()}
	for list, n := range counts {
		limit, what := v.h.MethodIDs.Count, "method"
		if list == 0 {
			limit, what = v.h.FieldIDs.Count, "field"
		}
		if int64(n) > (r.end-r.at)/8 {
			r.fail(CheckBounds, "%d annotated members", n)
			r.bad = true
		}
		last := int64(-1)
		for ; n > 0 && !r.bad; n-- {
			i := r.u32()
			r.u32()
			r.index(i, limit, what)
			if int64(i) <= last {
				r.fail(CheckAnnotation, "%ss out of order: %d after %d", what, i, last)
			}
			if last = int64(i); v.enough(r.s) {
				r.bad = true
			}
		}
	}
}

// at reports whether off points at an item of kind t.
func (v *verifier) at(off uint32, t MapType, section string, item int64, what string) bool {
	if int64(off) < int64(len(v.kinds)) && v.kinds[off] == kindBit(t) {
		return true
	}
	v.fail(CheckOffset, section, item, "%s at 0x%x is no %s", what, off, t)
	return false
}

// mutf8Less compares MUTF-8 by UTF-16 units. Bytes compare alike, but for U+0000, which is C0 80.
func mutf8Less(a, b []byte) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) < len(b)
	}
	if a[i] == 0xc0 || b[i] == 0xc0 {
		if x, y := a[i] == 0xc0 && i+1 < len(a) && a[i+1] == 0x80, b[i] == 0xc0 && i+1 < len(b) && b[i+1] == 0x80; x != y {
			return x
		}
	}
	return a[i] < b[i]
}

// descriptor reports whether type i is well-formed and begins with one of first.
func (v *verifier) descriptor(i uint32, first, section string, item int64, what string) {
	if int64(i) >= int64(len(v.descOK)) {
		return // reported as an index
	}
	d := v.f.StringBytes(v.f.TypeString(i))
	if v.descOK[i] == 0 {
		v.descOK[i] = 2
		if validDescriptor(d) {
			v.descOK[i] = 1
		}
	}
	if v.descOK[i] != 1 || first != "" && bytes.IndexByte([]byte(first), d[0]) < 0 {
		v.fail(CheckDescriptor, section, item, "%s %.80q", what, d)
	}
}

// validDescriptor is libdexfile's IsValidDescriptor.
func validDescriptor(d []byte) bool {
	n := 0
	for n < len(d) && d[n] == '[' {
		n++
	}
	if n > 255 || n == len(d) {
		return false
	}
	arrays, d := n, d[n:]
	switch d[0] {
	case 'B', 'C', 'D', 'F', 'I', 'J', 'S', 'Z':
		return len(d) == 1
	case 'V':
		return len(d) == 1 && arrays == 0
	case 'L':
	default:
		return false
	}
	d = d[1:]
	empty := true
	for len(d) > 0 {
		switch d[0] {
		case ';':
			return !empty && len(d) == 1
		case '/':
			if empty {
				return false
			}
			empty = true
			d = d[1:]
		default:
			k := nameChar(d)
			if k == 0 {
				return false
			}
			empty = false
			d = d[k:]
		}
	}
	return false
}

// validMemberName is libdexfile's IsValidMemberName.
func validMemberName(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	angle := s[0] == '<'
	if angle {
		s = s[1:]
	}
	for len(s) > 0 {
		if s[0] == '>' {
			return angle && len(s) == 1
		}
		k := nameChar(s)
		if k == 0 {
			return false
		}
		s = s[k:]
	}
	return !angle
}

// nameChar returns the bytes of the character of a name at s, 0 if it is none.
func nameChar(s []byte) int {
	c := s[0]
	if c < 0x80 {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == ' ' || c == '$' || c == '-' || c == '_' {
			return 1
		}
		return 0
	}
	r, k := mutf8Unit(s)
	switch {
	case k == 0:
		if c >= 0xf0 && len(s) >= 4 {
			return 4 // a supplementary character in real UTF-8, which ART takes
		}
		return 0
	case r < 0xa0, r >= 0xdc00 && r < 0xe000, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0xfff0:
		return 0
	case r >= 0xd800 && r < 0xdc00:
		if lo, m := mutf8Unit(s[k:]); m > 0 && lo >= 0xdc00 && lo < 0xe000 {
			return k + m
		}
		return 0
	}
	return k
}
