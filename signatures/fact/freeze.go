package fact

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"reflect"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// A frozen file holds all that a [Set] can be asked, so that rules which are
// written later can be matched against it as against the app itself.
//
// Layout, numbers little-endian: the magic, version (u32), number of sections
// (u32), CRC-32C of the section table (u32), the section table, the sections.
// An entry of the table: kind (u16), codec (u16: 0 as it is, 1 zstd), unit
// (u32), offset from the start of the file (u64), length (u64), length when
// decompressed (u64), CRC-32C of the bytes as they stand (u32), 0 (u32).
//
// Readers skip sections of kinds that they do not know; version is counted up
// when the meaning of a known one changes.
const (
	frozenMagic   = "TELLFACT"
	frozenVersion = 1
	frozenHeader  = len(frozenMagic) + 12
	frozenEntry   = 40
)

// sectionKind says what a section holds.
type sectionKind uint16

const (
	secApp         sectionKind = 1 + iota // App, by fields
	secTexts                              // records, see writeTexts
	secValues                             // strings of values and annotations, by number
	secMethodIDs                          // Graph: ids, extra names, definitions
	secSupers                             // Graph: lists by class
	secEdges                              // Graph: see edges.go
	secUnitInfo                           // UnitInfo and whether types are sorted
	secStrings                            // lengths, then bytes
	secTypes                              // lengths, then bytes
	secProtos                             // lengths, then bytes
	secFields                             // three columns
	secMethods                            // three columns
	secClasses                            // types, supers, flags, interfaces
	secMembers                            // methods and fields by class
	secAnnotations                        // by class
	secBodies                             // columns
	secRefs                               // columns
	secArgs                               // length by body, then values by call
	secSkips                              // optional; length by body, then a bit by call: see skips
	secArrays                             // optional; records, see arrayTexts
	secEmulated                           // optional; records, see emulated
)

// IsFrozen reports whether a file that begins with these bytes holds frozen
// facts.
func IsFrozen(head []byte) bool { return bytes.HasPrefix(head, []byte(frozenMagic)) }

// Freeze writes everything that s holds. The same facts give the same bytes.
// It asks for everything, so it is much slower than matching.
func Freeze(w io.Writer, s *Set) error { return freeze(w, s, false) }

func freeze(w io.Writer, s *Set, raw bool) error {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return err
	}
	defer enc.Close()
	f := &freezer{enc: enc, raw: raw, values: interner{index: map[string]uint32{}}}
	if s.Texts != nil {
		f.section(secTexts, 0, func(w *writer) { writeTexts(w, s.Texts()) })
	}
	// After the texts: what is wrong with them is known now.
	app := s.App
	if s.Late != nil {
		app = s.Settled()
	}
	f.section(secApp, 0, func(w *writer) { w.value(reflect.ValueOf(app)) })
	for i, u := range s.Units {
		f.unit(uint32(i), u)
	}
	if s.Graph != nil {
		f.graph(s)
	}
	f.section(secValues, 0, func(w *writer) { w.strings(len(f.values.list), func(i int) string { return f.values.list[i] }) })
	if err := s.Err(); err != nil {
		return fmt.Errorf("freezing: %w", err)
	}
	return f.writeTo(w)
}

type freezer struct {
	enc      *zstd.Encoder
	raw      bool // do not compress
	sections []section
	values   interner
}

type section struct {
	kind  sectionKind
	codec uint16
	unit  uint32
	size  int
	data  []byte
}

const (
	codecRaw  = 0
	codecZstd = 1
	// maxRatio bounds what a section may grow to when it is decompressed. The
	// writer stores what would grow more as it is.
	maxRatio = 256
)

func (f *freezer) section(kind sectionKind, unit uint32, fill func(*writer)) {
	w := &writer{}
	fill(w)
	s := section{kind: kind, unit: unit, size: len(w.b), data: w.b}
	if !f.raw {
		if c := f.enc.EncodeAll(w.b, nil); len(c) < len(w.b) && len(w.b) <= maxRatio*len(c) {
			s.codec, s.data = codecZstd, c
		}
	}
	f.sections = append(f.sections, s)
}

func (f *freezer) writeTo(w io.Writer) error {
	le := binary.LittleEndian
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	var table []byte
	off := uint64(frozenHeader + len(f.sections)*frozenEntry)
	for _, s := range f.sections {
		table = le.AppendUint16(table, uint16(s.kind))
		table = le.AppendUint16(table, s.codec)
		table = le.AppendUint32(table, s.unit)
		table = le.AppendUint64(table, off)
		table = le.AppendUint64(table, uint64(len(s.data)))
		table = le.AppendUint64(table, uint64(s.size))
		table = le.AppendUint32(table, crc32.Checksum(s.data, castagnoli))
		table = le.AppendUint32(table, 0)
		off += uint64(len(s.data))
	}
	head := []byte(frozenMagic)
	head = le.AppendUint32(head, frozenVersion)
	head = le.AppendUint32(head, uint32(len(f.sections)))
	head = le.AppendUint32(head, crc32.Checksum(table, castagnoli))
	if _, err := w.Write(append(head, table...)); err != nil {
		return err
	}
	for _, s := range f.sections {
		if _, err := w.Write(s.data); err != nil {
			return err
		}
	}
	return nil
}

// interner gives numbers to strings in the order of their first use.
type interner struct {
	index map[string]uint32
	list  []string
}

func (t *interner) id(s string) uint32 {
	i, ok := t.index[s]
	if !ok {
		i = uint32(len(t.list))
		t.index[s] = i
		t.list = append(t.list, s)
	}
	return i
}

// strings writes a table of strings: count, lengths, bytes.
func (w *writer) strings(n int, at func(int) string) {
	w.n(n)
	for i := range n {
		w.n(len(at(i)))
	}
	for i := range n {
		w.b = append(w.b, at(i)...)
	}
}

// writeTexts writes records: 1, unit (length 0 if as before), kind (likewise),
// offset, name, value; 0 behind the last.
func writeTexts(w *writer, texts iter.Seq[Text]) {
	unit, kind := "", TextKind("")
	for t := range texts {
		w.byte(1)
		same := byte(0)
		if t.Unit != unit {
			same |= 1
		}
		if t.Kind != kind {
			same |= 2
		}
		w.byte(same)
		if same&1 != 0 {
			w.text(t.Unit)
		}
		if same&2 != 0 {
			w.text(string(t.Kind))
		}
		unit, kind = t.Unit, t.Kind
		w.i(t.Off)
		w.text(t.Name)
		w.text(t.Value)
	}
	w.byte(0)
}

func (f *freezer) unit(n uint32, u Unit) {
	f.section(secUnitInfo, n, func(w *writer) {
		w.value(reflect.ValueOf(u.Info()))
		if u.TypesSorted() {
			w.byte(1)
		} else {
			w.byte(0)
		}
	})
	f.section(secStrings, n, func(w *writer) {
		w.strings(u.NumStrings(), func(i int) string { return u.String(uint32(i)) })
	})
	f.section(secTypes, n, func(w *writer) {
		w.strings(u.NumTypes(), func(i int) string { return u.Type(uint32(i)) })
	})
	f.section(secProtos, n, func(w *writer) {
		w.strings(u.NumProtos(), func(i int) string { return u.Proto(uint32(i)) })
	})
	triples := func(num int, at func(uint32) (a, b, c uint32)) func(*writer) {
		return func(w *writer) {
			w.n(num)
			for col := range 3 {
				last := uint32(0)
				for i := range num {
					a, b, c := at(uint32(i))
					w.delta(&last, [3]uint32{a, b, c}[col])
				}
			}
		}
	}
	f.section(secFields, n, triples(u.NumFields(), u.Field))
	f.section(secMethods, n, triples(u.NumMethods(), u.Method))
	f.section(secClasses, n, func(w *writer) {
		num := u.NumClasses()
		w.n(num)
		last := uint32(0)
		for i := range num {
			typ, _, _ := u.Class(i)
			w.delta(&last, typ)
		}
		for i := range num {
			_, super, _ := u.Class(i)
			w.index(super)
		}
		for i := range num {
			_, _, flags := u.Class(i)
			w.u(uint64(flags))
		}
		for i := range num {
			list := u.ClassInterfaces(i)
			w.n(len(list))
			for _, c := range list {
				w.index(c)
			}
		}
	})
	f.section(secMembers, n, rows(u.NumClasses(), func(w *writer, i int) {
		methods := slices.Collect(u.ClassMethods(i))
		w.n(len(methods))
		last, body := uint32(0), uint32(0)
		for _, m := range methods {
			w.delta(&last, m.Method)
			w.u(uint64(m.Flags))
			if m.Virtual {
				w.byte(1)
			} else {
				w.byte(0)
			}
			w.delta(&body, uint32(m.Body+1))
		}
		fields := slices.Collect(u.ClassFields(i))
		w.n(len(fields))
		last = 0
		for _, d := range fields {
			w.delta(&last, d.Field)
			w.u(uint64(d.Flags))
			f.value(w, &d.Const, 0)
		}
	}))
	f.section(secAnnotations, n, rows(u.NumClasses(), func(w *writer, i int) {
		for a := range u.ClassAnnotations(i) {
			w.u(uint64(f.values.id(a.Member)))
			w.u(uint64(f.values.id(a.Type)))
			w.u(uint64(f.values.id(a.Name)))
			f.value(w, &a.Value, 0)
		}
	}))
	bodies, refs := u.Bodies(), u.Refs()
	f.section(secBodies, n, func(w *writer) {
		w.n(len(refs))
		w.n(len(bodies))
		last := uint32(0)
		for i := range bodies {
			w.delta(&last, bodies[i].Method)
		}
		last = 0
		for i := range bodies {
			w.delta(&last, bodies[i].Class)
		}
		for i := range bodies {
			w.u(uint64(bodies[i].Insns))
		}
		last = 0
		for i := range bodies {
			w.delta(&last, bodies[i].RefFirst)
			w.u(uint64(bodies[i].RefEnd - bodies[i].RefFirst))
			last = bodies[i].RefEnd
		}
	})
	f.section(secRefs, n, func(w *writer) {
		w.n(len(refs))
		for i := range refs {
			w.byte(byte(refs[i].Kind))
		}
		last := uint32(0)
		for i := range refs {
			w.delta(&last, refs[i].PC)
		}
		var by [256]uint32
		for i := range refs {
			w.delta(&by[refs[i].Kind.table()], refs[i].Index)
		}
	})
	f.section(secArgs, n, rows(len(bodies), func(w *writer, i int) {
		for _, r := range refsOf(bodies, refs, i) {
			if r.Kind.IsCall() {
				f.args(w, u.Args(i, r.PC))
			}
		}
	}))
	if has(u, secSkips) {
		if s, ok := u.(Skipper); ok {
			f.section(secSkips, n, skips(u, s))
		}
	}
	if has(u, secArrays) {
		if a, ok := u.(ArrayTexts); ok {
			f.section(secArrays, n, arrayTexts(a))
		}
	}
	if has(u, secEmulated) {
		if e, ok := u.(Emulations); ok {
			f.section(secEmulated, n, f.emulated(e))
		}
	}
}

// rows writes a table of rows: their number, their lengths, their bytes.
func rows(num int, fill func(w *writer, i int)) func(*writer) {
	return func(w *writer) {
		w.n(num)
		var all writer
		for i := range num {
			start := len(all.b)
			fill(&all, i)
			w.n(len(all.b) - start)
		}
		w.b = append(w.b, all.b...)
	}
}

// table tells into which table an index of this kind points.
func (k RefKind) table() byte {
	switch k {
	case RefFieldGet, RefFieldPut:
		return 1
	case RefString:
		return 2
	case RefClass, RefNew, RefTypeOther:
		return 3
	}
	return 0
}

// refsOf returns the references of a body, none if the body's range is bad.
func refsOf(bodies []Body, refs []Ref, i int) []Ref {
	if i < 0 || i >= len(bodies) {
		return nil
	}
	first, end := bodies[i].RefFirst, bodies[i].RefEnd
	if first > end || uint64(end) > uint64(len(refs)) {
		return nil
	}
	return refs[first:end]
}

// args writes the values of a call: twice their number, and one more if
// nothing is known of any of them, in which case they are left out.
func (f *freezer) args(w *writer, args []Value) {
	if len(args) > maxArgs {
		args = args[:maxArgs]
	}
	known := false
	for i := range args {
		a := &args[i]
		known = known || a.Kind != Unknown || a.S != "" || a.N != 0 || a.F != 0 || a.Elems != nil
	}
	if !known {
		w.n(len(args)<<1 | 1)
		return
	}
	w.n(len(args) << 1)
	for i := range args {
		f.value(w, &args[i], 0)
	}
}

// Limits of values. What lies beyond is written as unknown.
const (
	maxValueDepth = 8
	maxElems      = 1 << 16
	maxArgs       = 1 << 8 // an instruction passes at most 255
)

// Which fields of a Value are set, as bits behind its kind.
const (
	hasS = 1 << iota
	hasN
	hasF
	hasElems
	hasAll = hasS | hasN | hasF | hasElems
)

// value writes the kind, what is set, and that.
func (f *freezer) value(w *writer, v *Value, depth int) {
	if len(v.Elems) > 0 && (depth >= maxValueDepth || len(v.Elems) > maxElems) {
		v = &Value{Kind: Unknown}
	}
	mask := byte(0)
	if v.S != "" {
		mask |= hasS
	}
	if v.N != 0 {
		mask |= hasN
	}
	if math.Float64bits(v.F) != 0 {
		mask |= hasF
	}
	if v.Elems != nil {
		mask |= hasElems
	}
	w.byte(byte(v.Kind))
	w.byte(mask)
	if mask&hasS != 0 {
		w.u(uint64(f.values.id(v.S)))
	}
	if mask&hasN != 0 {
		w.i(v.N)
	}
	if mask&hasF != 0 {
		w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v.F))
	}
	if mask&hasElems != 0 {
		w.n(len(v.Elems))
		for i := range v.Elems {
			f.value(w, &v.Elems[i], depth+1)
		}
	}
}
