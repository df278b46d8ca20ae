package fact

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Limits of frozen files. A file beyond them is refused.
const (
	MaxFrozenSize   = 1 << 30 // bytes of the file
	maxSectionBytes = 1 << 30 // of one section, decompressed
	// All sections together may have maxBase bytes and maxGrowth times those
	// of the file. Real ones have ten times at most.
	maxBase     = 64 << 20
	maxGrowth   = 64
	maxSections = 1 << 20
	maxUnits    = 1 << 16
)

// Thaw reads what [Freeze] wrote. The whole file is taken into memory and its
// checksums are compared; what the sections hold is decoded when it is asked
// for. r is not used after Thaw returns.
//
// The file may be hostile: nothing is allocated from a size that it merely
// states, and the result can be used in every way. A file with right checksums
// and wrong content answers with empty tables; [Set.Err] then tells.
//
// The graph of a thawed set is a [Graph] and no [Reacher]: reachability is
// computed from units, by those who know how.
func Thaw(r io.ReaderAt, size int64) (*Set, error) {
	head, err := readHead(r, size)
	if err != nil {
		return nil, err
	}
	data, err := readAll(r, size)
	if err != nil {
		return nil, fmt.Errorf("frozen facts: %w", err)
	}
	f, units, err := readTable(data[frozenHeader:], head, size)
	if err != nil {
		return nil, err
	}
	for key, s := range f.sections {
		s.data = data[s.off : s.off+s.n : s.off+s.n]
		if err := s.check(); err != nil {
			return nil, err
		}
		f.sections[key] = s
	}
	return f.set(units)
}

// ThawLate is Thaw for those who need little of a file: a section is read, and
// its checksum compared, when something of it is asked for. r must stay open
// and unchanged as long as the result is used, and be safe for concurrent use. A
// section that is damaged or cannot be read answers with empty tables;
// [Set.Err] then tells.
func ThawLate(r io.ReaderAt, size int64) (*Set, error) {
	head, err := readHead(r, size)
	if err != nil {
		return nil, err
	}
	table := make([]byte, int(binary.LittleEndian.Uint32(head[12:]))*frozenEntry)
	if _, err := r.ReadAt(table, int64(frozenHeader)); err != nil {
		return nil, fmt.Errorf("frozen facts: %w", err)
	}
	f, units, err := readTable(table, head, size)
	if err != nil {
		return nil, err
	}
	f.r = r
	return f.set(units)
}

// readHead reads and checks what stands before the table of sections.
func readHead(r io.ReaderAt, size int64) ([]byte, error) {
	if size < int64(frozenHeader) {
		return nil, fmt.Errorf("not frozen facts: %d bytes", size)
	}
	if size > MaxFrozenSize {
		return nil, fmt.Errorf("frozen facts of %d bytes; at most %d are read", size, int64(MaxFrozenSize))
	}
	head := make([]byte, frozenHeader)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, fmt.Errorf("frozen facts: %w", err)
	}
	le := binary.LittleEndian
	if !IsFrozen(head) {
		return nil, fmt.Errorf("not frozen facts: they begin with %q", frozenMagic)
	}
	if v := le.Uint32(head[8:]); v != frozenVersion {
		return nil, fmt.Errorf("frozen facts of version %d; this program reads version %d: freeze the app again", v, frozenVersion)
	}
	num := le.Uint32(head[12:])
	if num > maxSections || int64(num)*frozenEntry > size-int64(frozenHeader) {
		return nil, fmt.Errorf("%w: %d sections in %d bytes", errFrozen, num, size)
	}
	return head, nil
}

// readTable reads the table of sections, and says how many units there are.
func readTable(table, head []byte, size int64) (*frozen, int, error) {
	le := binary.LittleEndian
	table = table[:int(le.Uint32(head[12:]))*frozenEntry]
	if crc32.Checksum(table, crc32.MakeTable(crc32.Castagnoli)) != le.Uint32(head[16:]) {
		return nil, 0, fmt.Errorf("%w: the table of sections does not have its checksum", errFrozen)
	}
	f := &frozen{sections: map[sectionKey]frozenSection{}, damage: &damage{}}
	units, total := uint32(0), uint64(0)
	for ; len(table) > 0; table = table[frozenEntry:] {
		s := frozenSection{codec: le.Uint16(table[2:]), off: le.Uint64(table[8:]), n: le.Uint64(table[16:]), size: le.Uint64(table[24:]), crc: le.Uint32(table[32:])}
		key := sectionKey{sectionKind(le.Uint16(table)), le.Uint32(table[4:])}
		if s.off > uint64(size) || s.n > uint64(size)-s.off {
			return nil, 0, fmt.Errorf("%w: a section lies outside the file", errFrozen)
		}
		switch {
		case s.codec > codecZstd, s.codec == codecRaw && s.size != s.n, s.codec == codecZstd && (s.size > maxRatio*s.n || s.size > maxSectionBytes):
			return nil, 0, fmt.Errorf("%w: a section of %d bytes claims to hold %d", errFrozen, s.n, s.size)
		}
		if _, ok := f.sections[key]; ok {
			return nil, 0, fmt.Errorf("%w: a section is there twice", errFrozen)
		}
		if total += s.size; total > maxBase+maxGrowth*uint64(size) {
			return nil, 0, fmt.Errorf("%w: %d bytes claim to hold more than %d", errFrozen, size, total)
		}
		f.sections[key] = s
		if key.kind == secUnitInfo {
			units = max(units, key.unit+1)
		}
	}
	// Each unit has sections of its own, so that this cannot be a mere claim.
	if units > maxUnits || int(units) > len(f.sections) {
		return nil, 0, fmt.Errorf("%w: unit %d is too far out", errFrozen, units-1)
	}
	return f, int(units), nil
}

// readAll reads a file of a known size in steps, so that a size that is not
// true costs nothing.
func readAll(r io.ReaderAt, size int64) ([]byte, error) {
	const step = 1 << 20
	var data []byte
	for off := int64(0); off < size; {
		n := min(step, size-off)
		data = append(data, make([]byte, n)...)
		if m, err := r.ReadAt(data[off:off+n], off); int64(m) < n {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		off += n
	}
	return data, nil
}

// damage remembers the first error of sections that are decoded late.
type damage struct {
	mu  sync.Mutex
	err error
}

func (d *damage) get() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *damage) note(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
}

type sectionKey struct {
	kind sectionKind
	unit uint32
}

type frozenSection struct {
	codec  uint16
	crc    uint32
	off, n uint64 // in the file
	size   uint64 // when it is decompressed
	data   []byte // nil until it is read
}

// check compares the checksum of a section.
func (s *frozenSection) check() error {
	if crc32.Checksum(s.data, crc32.MakeTable(crc32.Castagnoli)) != s.crc {
		return fmt.Errorf("%w: a section does not have its checksum", errFrozen)
	}
	return nil
}

// frozen is an open frozen file.
type frozen struct {
	r        io.ReaderAt // where sections are read that have no data yet
	sections map[sectionKey]frozenSection
	damage   *damage
	values   lazy[stringTable]
}

// lazy is something that is decoded when it is asked for.
type lazy[T any] struct {
	once sync.Once
	v    T
}

func (l *lazy[T]) get(decode func() T) *T {
	l.once.Do(func() { l.v = decode() })
	return &l.v
}

// open returns a reader over a section, empty if it is missing.
func (f *frozen) open(kind sectionKind, unit uint32) *reader {
	s, ok := f.sections[sectionKey{kind, unit}]
	if !ok {
		return &reader{err: fmt.Errorf("%w: section %d of unit %d is missing", errFrozen, kind, unit)}
	}
	if s.data == nil && s.n > 0 {
		// Its bounds were checked against the file's size; the file may have
		// become shorter since.
		data, err := readAll(io.NewSectionReader(f.r, int64(s.off), int64(s.n)), int64(s.n))
		if err != nil {
			return &reader{err: fmt.Errorf("frozen facts: %w", err)}
		}
		s.data = data
		if err := s.check(); err != nil {
			return &reader{err: err}
		}
	}
	if s.codec == codecRaw {
		return &reader{b: s.data}
	}
	// The window that an encoder states may be the next power of two.
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*max(s.size, 1<<10)))
	if err != nil {
		return &reader{err: err}
	}
	defer dec.Close()
	b, err := dec.DecodeAll(s.data, nil)
	if err == nil && uint64(len(b)) != s.size {
		err = fmt.Errorf("%w: a section has another length than it claims", errFrozen)
	}
	if err != nil {
		return &reader{err: fmt.Errorf("%w: %w", errFrozen, err)}
	}
	return &reader{b: b}
}

// done notes the error of a reader, and says whether there was none.
func (f *frozen) done(r *reader) bool {
	if r.err == nil && len(r.b) != 0 {
		r.fail("%d bytes too many", len(r.b))
	}
	f.damage.note(r.err)
	return r.err == nil
}

func (f *frozen) set(units int) (*Set, error) {
	s := &Set{damage: f.damage}
	r := f.open(secApp, 0)
	r.value(reflect.ValueOf(&s.App).Elem(), 0)
	if !f.done(r) {
		return nil, r.err
	}
	s.Texts = f.texts
	list := make([]*frozenUnit, units)
	for i := range list {
		u := &frozenUnit{f: f, n: uint32(i)}
		r := f.open(secUnitInfo, uint32(i))
		r.value(reflect.ValueOf(&u.info).Elem(), 0)
		u.sorted = r.byte() != 0
		if !f.done(r) {
			return nil, r.err
		}
		list[i] = u
		s.Units = append(s.Units, u)
	}
	if _, ok := f.sections[sectionKey{secMethodIDs, 0}]; ok {
		s.Graph = &frozenGraph{f: f, units: list}
	}
	return s, nil
}

func (f *frozen) texts() iter.Seq[Text] {
	return func(yield func(Text) bool) {
		if _, ok := f.sections[sectionKey{secTexts, 0}]; !ok {
			return
		}
		r := f.open(secTexts, 0)
		var t Text
		for r.err == nil && r.byte() == 1 {
			same := r.byte()
			if same&1 != 0 {
				t.Unit = r.text()
			}
			if same&2 != 0 {
				t.Kind = TextKind(r.text())
			}
			t.Off, t.Name, t.Value = r.i(), r.text(), r.text()
			if r.err != nil {
				break
			}
			if !yield(t) {
				return
			}
		}
		f.done(r)
	}
}

// stringTable is a table of strings that share one block of memory.
type stringTable struct {
	bytes string
	ends  []uint32
}

func (r *reader) strings() stringTable {
	n := r.count(1)
	t := stringTable{ends: make([]uint32, 0, n)}
	end := uint64(0)
	for range n {
		size := r.u()
		if end += size; size > uint64(len(r.b)) || end > uint64(len(r.b)) {
			r.fail("strings of %d bytes in %d", end, len(r.b))
			return stringTable{}
		}
		t.ends = append(t.ends, uint32(end))
	}
	t.bytes = string(r.bytes(int(end)))
	if r.err != nil {
		return stringTable{}
	}
	return t
}

func (t *stringTable) at(i uint32) string {
	if uint64(i) >= uint64(len(t.ends)) {
		return ""
	}
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.bytes[start:t.ends[i]]
}

// frozenRows is a table of rows of bytes that are decoded one by one.
type frozenRows struct {
	bytes []byte
	ends  []uint32
}

func (r *reader) rows() frozenRows {
	n := r.count(1)
	t := frozenRows{ends: make([]uint32, 0, n)}
	end := uint64(0)
	for range n {
		size := r.u()
		if end += size; size > uint64(len(r.b)) || end > uint64(len(r.b)) {
			r.fail("rows of %d bytes in %d", end, len(r.b))
			return frozenRows{}
		}
		t.ends = append(t.ends, uint32(end))
	}
	t.bytes = r.bytes(int(end))
	if r.err != nil {
		return frozenRows{}
	}
	return t
}

func (t *frozenRows) at(i int) []byte {
	if i < 0 || i >= len(t.ends) {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.bytes[start:t.ends[i]:t.ends[i]]
}

// table decodes a section that is a table of strings.
func (f *frozen) table(kind sectionKind, unit uint32) stringTable {
	r := f.open(kind, unit)
	t := r.strings()
	if !f.done(r) {
		return stringTable{}
	}
	return t
}

func (f *frozen) valueText(i uint64) string {
	t := f.values.get(func() stringTable { return f.table(secValues, 0) })
	if i > math.MaxUint32 {
		return ""
	}
	return t.at(uint32(i))
}

// value reads what freezer.value wrote.
func (f *frozen) value(r *reader, depth int) Value {
	v := Value{Kind: ValueKind(r.byte())}
	mask := r.mask()
	if mask&hasS != 0 {
		v.S = f.valueText(r.u())
	}
	if mask&hasN != 0 {
		v.N = r.i()
	}
	if mask&hasF != 0 {
		if b := r.bytes(8); b != nil {
			v.F = math.Float64frombits(binary.LittleEndian.Uint64(b))
		}
	}
	if mask&hasElems != 0 {
		n := r.elems(depth)
		v.Elems = make([]Value, 0, min(n, 16))
		for i := 0; i < n && r.err == nil; i++ {
			v.Elems = append(v.Elems, f.value(r, depth+1))
		}
	}
	return v
}

func (r *reader) mask() byte {
	m := r.byte()
	if m > hasAll {
		r.fail("a value has fields %#x", m)
		return 0
	}
	return m
}

// elems reads the number of elements of a value.
func (r *reader) elems(depth int) int {
	n := r.count(2)
	if depth >= maxValueDepth || n > maxElems {
		r.fail("a value is nested too deeply or too long")
		return 0
	}
	return n
}

// frozenUnit is a Unit out of a frozen file.
type frozenUnit struct {
	f      *frozen
	n      uint32
	info   UnitInfo
	sorted bool

	strings, types, protos lazy[stringTable]
	fields, methods        lazy[[][3]uint32]
	classes                lazy[frozenClasses]
	members                lazy[frozenRows]
	annotations            lazy[frozenRows]
	bodies                 lazy[frozenBodies]
	refs                   lazy[[]Ref]
	args                   lazy[frozenRows]
	skips                  lazy[frozenRows]
	lastRow                atomic.Pointer[argRow]
}

type frozenClasses struct {
	list       [][3]uint32 // type, super, flags
	interfaces []uint32
	ends       []uint32 // of the interfaces of each class
}

type frozenBodies struct {
	list []Body
	refs int // how many references there are
}

func (u *frozenUnit) table(l *lazy[stringTable], kind sectionKind) *stringTable {
	return l.get(func() stringTable { return u.f.table(kind, u.n) })
}

func (u *frozenUnit) stringTable() *stringTable { return u.table(&u.strings, secStrings) }
func (u *frozenUnit) typeTable() *stringTable   { return u.table(&u.types, secTypes) }
func (u *frozenUnit) protoTable() *stringTable  { return u.table(&u.protos, secProtos) }

func (u *frozenUnit) Info() UnitInfo         { return u.info }
func (u *frozenUnit) NumStrings() int        { return len(u.stringTable().ends) }
func (u *frozenUnit) String(i uint32) string { return u.stringTable().at(i) }
func (u *frozenUnit) NumTypes() int          { return len(u.typeTable().ends) }
func (u *frozenUnit) Type(i uint32) string   { return u.typeTable().at(i) }
func (u *frozenUnit) NumProtos() int         { return len(u.protoTable().ends) }
func (u *frozenUnit) Proto(i uint32) string  { return u.protoTable().at(i) }
func (u *frozenUnit) TypesSorted() bool      { return u.sorted }

func (u *frozenUnit) triples(l *lazy[[][3]uint32], kind sectionKind) [][3]uint32 {
	return *l.get(func() [][3]uint32 {
		r := u.f.open(kind, u.n)
		list := make([][3]uint32, r.count(3))
		for col := range 3 {
			last := uint32(0)
			for i := range list {
				list[i][col] = r.delta(&last)
			}
		}
		if !u.f.done(r) {
			return nil
		}
		return list
	})
}

func (u *frozenUnit) NumFields() int  { return len(u.triples(&u.fields, secFields)) }
func (u *frozenUnit) NumMethods() int { return len(u.triples(&u.methods, secMethods)) }

func triple(list [][3]uint32, i uint32) (a, b, c uint32) {
	if uint64(i) >= uint64(len(list)) {
		return NoIndex, NoIndex, NoIndex
	}
	return list[i][0], list[i][1], list[i][2]
}

func (u *frozenUnit) Field(i uint32) (class, name, typ uint32) {
	return triple(u.triples(&u.fields, secFields), i)
}

func (u *frozenUnit) Method(i uint32) (class, name, proto uint32) {
	return triple(u.triples(&u.methods, secMethods), i)
}

func (u *frozenUnit) classTable() *frozenClasses {
	return u.classes.get(func() frozenClasses {
		r := u.f.open(secClasses, u.n)
		n := r.count(4)
		c := frozenClasses{list: make([][3]uint32, n), ends: make([]uint32, n)}
		last := uint32(0)
		for i := range c.list {
			c.list[i][0] = r.delta(&last)
		}
		for i := range c.list {
			c.list[i][1] = r.index()
		}
		for i := range c.list {
			c.list[i][2] = r.u32()
		}
		for i := range c.list {
			for range r.count(1) {
				c.interfaces = append(c.interfaces, r.index())
			}
			c.ends[i] = uint32(len(c.interfaces))
		}
		if !u.f.done(r) {
			return frozenClasses{}
		}
		return c
	})
}

func (u *frozenUnit) NumClasses() int { return len(u.classTable().list) }

func (u *frozenUnit) Class(i int) (typ, super, flags uint32) {
	c := u.classTable()
	if i < 0 || i >= len(c.list) {
		return NoIndex, NoIndex, 0
	}
	return c.list[i][0], c.list[i][1], c.list[i][2]
}

func (u *frozenUnit) ClassInterfaces(i int) []uint32 {
	c := u.classTable()
	if i < 0 || i >= len(c.list) {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.interfaces[start:c.ends[i]:c.ends[i]]
}

// row returns a reader over a row of a section, empty if there is none.
func (u *frozenUnit) row(l *lazy[frozenRows], kind sectionKind, i int) *reader {
	t := l.get(func() frozenRows {
		r := u.f.open(kind, u.n)
		t := r.rows()
		u.f.done(r)
		return t
	})
	return &reader{b: t.at(i)}
}

func (u *frozenUnit) ClassMethods(i int) iter.Seq[MethodDef] { return each(u.MethodList(i)) }

// MethodList implements MethodLister.
func (u *frozenUnit) MethodList(i int) []MethodDef {
	methods, _ := u.readMembers(i)
	return methods
}

func (u *frozenUnit) ClassFields(i int) iter.Seq[FieldDef] {
	_, fields := u.readMembers(i)
	return each(fields)
}

func (u *frozenUnit) readMembers(i int) (methods []MethodDef, fields []FieldDef) {
	r := u.row(&u.members, secMembers, i)
	if len(r.b) == 0 {
		return nil, nil
	}
	last, body := uint32(0), uint32(0)
	n := r.count(4)
	methods = make([]MethodDef, 0, n)
	for range n {
		m := MethodDef{Method: r.delta(&last), Flags: r.u32(), Virtual: r.byte() != 0}
		if m.Body = int(int32(r.delta(&body))) - 1; m.Body < -1 || m.Body >= len(u.Bodies()) {
			r.fail("a method has body %d of %d", m.Body, len(u.Bodies()))
		}
		methods = append(methods, m)
	}
	last = 0
	n = r.count(3)
	for j := 0; j < n && r.err == nil; j++ {
		fields = append(fields, FieldDef{Field: r.delta(&last), Flags: r.u32(), Const: u.f.value(r, 0)})
	}
	if !u.f.done(r) {
		return nil, nil
	}
	return methods, fields
}

func (u *frozenUnit) ClassAnnotations(i int) iter.Seq[Annotation] {
	var list []Annotation
	r := u.row(&u.annotations, secAnnotations, i)
	for r.err == nil && len(r.b) > 0 {
		list = append(list, Annotation{
			Member: u.f.valueText(r.u()), Type: u.f.valueText(r.u()), Name: u.f.valueText(r.u()), Value: u.f.value(r, 0),
		})
	}
	if !u.f.done(r) {
		return each[Annotation](nil)
	}
	return each(list)
}

func each[T any](list []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range list {
			if !yield(list[i]) {
				return
			}
		}
	}
}

// bodyTable returns the bodies and the number of references, which agree with
// each other and with Refs whatever the file says: others slice by them
// without a look.
func (u *frozenUnit) bodyTable() *frozenBodies {
	return u.bodies.get(func() frozenBodies {
		r := u.f.open(secBodies, u.n)
		t := frozenBodies{refs: int(min(r.u(), u.f.sections[sectionKey{secRefs, u.n}].size/3))}
		t.list = make([]Body, r.count(5))
		last := uint32(0)
		for i := range t.list {
			t.list[i].Method = r.delta(&last)
		}
		last = 0
		for i := range t.list {
			t.list[i].Class = r.delta(&last)
		}
		for i := range t.list {
			t.list[i].Insns = r.u32()
		}
		last = 0
		for i := range t.list {
			b := &t.list[i]
			b.RefFirst = r.delta(&last)
			last += r.u32()
			b.RefEnd = last
			if b.RefFirst > b.RefEnd || int64(b.RefEnd) > int64(t.refs) {
				r.fail("a body has references %d to %d of %d", b.RefFirst, b.RefEnd, t.refs)
			}
		}
		if !u.f.done(r) {
			return frozenBodies{}
		}
		return t
	})
}

func (u *frozenUnit) Bodies() []Body { return u.bodyTable().list }

func (u *frozenUnit) Refs() []Ref {
	return *u.refs.get(func() []Ref {
		num := u.bodyTable().refs
		r := u.f.open(secRefs, u.n)
		if n := r.count(3); r.err == nil && n != num {
			r.fail("%d references where %d are promised", n, num)
		}
		refs := make([]Ref, num)
		for i, k := range r.bytes(len(refs)) {
			refs[i].Kind = RefKind(k)
		}
		last := uint32(0)
		for i := range refs {
			refs[i].PC = r.delta(&last)
		}
		var by [4]uint32
		for i := range refs {
			refs[i].Index = r.delta(&by[refs[i].Kind.table()])
		}
		if !u.f.done(r) {
			clear(refs)
		}
		return refs
	})
}

// argRow says where the arguments of each call of a body stand in its row.
type argRow struct {
	body int
	pcs  []uint32
	offs []uint32
	row  []byte
}

func (u *frozenUnit) Args(body int, pc uint32) []Value {
	row := u.lastRow.Load()
	if row == nil || row.body != body {
		if row = u.readArgs(body); row == nil {
			return nil
		}
		u.lastRow.Store(row)
	}
	for i, at := range row.pcs {
		if at == pc {
			r := &reader{b: row.row[row.offs[i]:]}
			args := u.f.args(r)
			u.f.damage.note(r.err)
			return args
		}
	}
	return nil
}

// readArgs finds the arguments of all calls of a body. Callers mostly ask for
// one call of a body after another.
func (u *frozenUnit) readArgs(body int) *argRow {
	bodies, refs := u.Bodies(), u.Refs()
	if body < 0 || body >= len(bodies) {
		return nil
	}
	r := u.row(&u.args, secArgs, body)
	row := &argRow{body: body, row: r.b}
	for _, ref := range refsOf(bodies, refs, body) {
		if !ref.Kind.IsCall() {
			continue
		}
		row.pcs = append(row.pcs, ref.PC)
		row.offs = append(row.offs, uint32(len(row.row)-len(r.b)))
		u.f.skipArgs(r)
	}
	if !u.f.done(r) {
		return nil
	}
	return row
}

// args reads what freezer.args wrote.
func (f *frozen) args(r *reader) []Value {
	n, known := argCount(r)
	if n == 0 || r.err != nil {
		return nil
	}
	args := make([]Value, n)
	for i := range args {
		if known {
			args[i] = f.value(r, 0)
		} else {
			args[i].Kind = Unknown
		}
	}
	return args
}

func argCount(r *reader) (n uint64, known bool) {
	v := r.u()
	n, known = v>>1, v&1 == 0
	if n > maxArgs || known && n > uint64(len(r.b)) {
		r.fail("%d arguments", n)
		return 0, false
	}
	return n, known
}

func (f *frozen) skipArgs(r *reader) {
	n, known := argCount(r)
	for ; known && n > 0 && r.err == nil; n-- {
		skipValue(r, 0)
	}
}

func skipValue(r *reader, depth int) {
	r.byte()
	mask := r.mask()
	if mask&hasS != 0 {
		r.u()
	}
	if mask&hasN != 0 {
		r.u()
	}
	if mask&hasF != 0 {
		r.bytes(8)
	}
	if mask&hasElems != 0 {
		for n := r.elems(depth); n > 0 && r.err == nil; n-- {
			skipValue(r, depth+1)
		}
	}
}
