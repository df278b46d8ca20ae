// Package arsc reads Android's compiled resource table, resources.arsc:
// packages, types and entries with a value for each configuration.
//
// A [Table] is one file. [Resources] joins the tables of an app (a base APK
// and its splits), and a [View] of them picks values as a device with a given
// language would. The rules are those of frameworks/base libs/androidfw,
// LoadedArsc.cpp and ResourceTypes.cpp.
//
// # Limits and threat model
//
// All bytes are hostile. Opening a table reads chunk headers only; entries and
// strings are decoded when asked for, and an entry that is not valid is absent
// while its neighbours keep their ids. Android refuses a table for one bad
// chunk; this reader skips the chunk and lists it in [Table.Anomalies].
//
// At most [MaxChunks] chunks are kept. A walk over all entries does no more
// work than [WorkFactor] times the size of the table; references are followed
// for [MaxHops] hops. A Table borrows its bytes, never writes to them, and is
// safe for concurrent use.
package arsc

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
)

const (
	// MaxChunks is the number of type chunks that are kept. The framework's
	// own table, one of the largest, has some 5,000.
	MaxChunks = 1 << 14
	// WorkFactor bounds a walk: the entries, their items and the decoded
	// bytes may come to this many times the size of the table. Tables whose
	// entries do not overlap stay below 2.
	WorkFactor = 8
	// MaxHops is the number of references that are followed, as in Android.
	MaxHops = 20
	// maxName is the length in bytes beyond which the name of a type or entry
	// is taken for none.
	maxName = 4096
)

// The anomalies that this package reports, besides those of string pools.
const (
	AnomalyTableHeader  = "table-header"    // type or size of the root chunk is not as it must be
	AnomalyTableSize    = "table-size"      // the declared size is not the size of the data
	AnomalyPackageCount = "package-count"   // packages are not as many as declared
	AnomalySamePackage  = "same-package"    // two packages with the same id
	AnomalyManyPools    = "many-pools"      // more pools than have a meaning; Android takes the first
	AnomalyNoPool       = "no-string-pool"  // a pool is missing or not usable
	AnomalyUnknownChunk = "unknown-chunk"   // a chunk of a type that has no meaning there
	AnomalyBadChunk     = "bad-chunk"       // a chunk with impossible sizes
	AnomalyNoSpec       = "type-no-spec"    // a type without the typeSpec that must come before it
	AnomalyTypeChunk    = "type-chunk"      // a type whose header or offsets are not valid
	AnomalyBadEntry     = "bad-entry"       // an entry outside its chunk or too small
	AnomalySparseOrder  = "sparse-order"    // sparse entries that are not sorted
	AnomalyBadString    = "bad-string"      // a string index or string that is not valid
	AnomalyBudget       = "budget"          // MaxChunks or WorkFactor was exceeded
	AnomalyMisaligned   = "entry-alignment" // entries not on a multiple of four
)

// ID is the id of a resource: package, type and entry as 0xPPTTEEEE.
type ID uint32

// Package returns the id of the package: 0x7f for an app, 0x01 for the
// framework, 0 for a shared library.
func (id ID) Package() uint8 { return uint8(id >> 24) }

// Type returns the id of the type, from 1.
func (id ID) Type() uint8 { return uint8(id >> 16) }

// Entry returns the index of the entry in its type.
func (id ID) Entry() uint16 { return uint16(id) }

// String renders the id as "0x7f010001".
func (id ID) String() string { return fmt.Sprintf("0x%08x", uint32(id)) }

// Table is one resources.arsc.
type Table struct {
	data     []byte
	pool     *restype.Pool
	packages []*Package
	odd      restype.Anomalies
	index    nameIndex
}

// Package is one package of a table.
type Package struct {
	ID   uint8
	Name string
	// Libraries are the shared libraries that the package was linked to.
	Libraries []Library

	table        *Table
	types        *restype.Pool
	keys         *restype.Pool
	typeIDOffset uint32
	chunks       []typeChunk
	byType       map[uint8][]int32 // type id to indexes of chunks
	specs        map[uint8]bool
}

// Library maps a package id, as used in this table, to the package's name.
type Library struct {
	ID   uint32
	Name string
}

// typeChunk is the header of the values of one type in one configuration.
type typeChunk struct {
	off     int64 // in the table
	size    int64
	offsets int64 // where the offsets begin, from off
	entries int64 // where the entries begin, from off
	count   uint32
	id      uint8
	flags   uint8
}

const (
	typeSparse   = 1
	typeOffset16 = 2
)

// IsTable says whether b begins as a resource table does.
func IsTable(b []byte) bool {
	c, ok := restype.ReadChunk(b)
	return ok && c.Type == restype.ChunkTable && c.HeaderSize == 12
}

// Open reads the headers of a table. data is borrowed. It fails only if data
// is no table; everything else is an anomaly.
func Open(data []byte) (*Table, error) {
	c, ok := restype.ReadChunk(data)
	if !ok || len(data) < 12 {
		return nil, binread.Errorf(binread.Truncated, "resource table", 0, "%d bytes", len(data))
	}
	if c.Type != restype.ChunkTable {
		return nil, binread.Errorf(binread.BadMagic, "resource table", 0, "chunk type 0x%04x", uint16(c.Type))
	}
	t := &Table{data: data, pool: &restype.Pool{}}
	head := int64(c.HeaderSize)
	if !c.Valid(12, max(c.Size, int64(len(data)))) {
		t.odd.Add(restype.Anomaly{Name: AnomalyTableHeader, Refused: true, Detail: "the table's header has impossible sizes"})
		head = min(max(head&^3, 12), int64(len(data)))
	}
	switch {
	case c.Size > int64(len(data)):
		t.odd.Add(restype.Anomaly{Name: AnomalyTableSize, Off: 4, Refused: true, Detail: "the table declares to be larger than it is"})
	case c.Size < int64(len(data)) && c.Size >= 12:
		t.odd.Add(restype.Anomaly{Name: AnomalyTableSize, Off: 4, Detail: "bytes follow the end of the table"})
		t.data = data[:c.Size:c.Size]
	}
	t.read(min(head, int64(len(t.data))))
	return t, nil
}

// chunks calls f for each chunk between off and end and skips what is damaged.
func (t *Table) chunks(off, end int64, f func(c restype.Chunk, off int64)) {
	for off < end {
		c, ok := restype.ReadChunk(t.data[off:end])
		if !ok {
			return // fewer bytes than a header: padding
		}
		if !c.Valid(restype.HeaderSize, end-off) {
			t.odd.Add(restype.Anomaly{
				Name: AnomalyBadChunk, Off: off, Refused: true, Lossy: true,
				Detail: fmt.Sprintf("a chunk of type 0x%04x has impossible sizes", uint16(c.Type)),
			})
			if c.Size < restype.HeaderSize {
				return
			}
			c.Size = min(c.Size, end-off)
			c.HeaderSize = min(c.HeaderSize, int(c.Size))
		}
		f(c, off)
		off += c.Size
	}
}

func (t *Table) read(off int64) {
	havePool := false
	declared := restype.U32(t.data, 8)
	t.chunks(off, int64(len(t.data)), func(c restype.Chunk, off int64) {
		switch c.Type {
		case restype.ChunkStringPool:
			if havePool {
				t.odd.Add(restype.Anomaly{Name: AnomalyManyPools, Off: off, Detail: "there is more than one pool of values; Android takes the first"})
				return
			}
			if pool, err := restype.NewPool(t.data[off:off+c.Size], off, t.odd.Add); err == nil {
				t.pool, havePool = pool, true
			}
		case restype.ChunkPackage:
			t.readPackage(c, off)
		default:
			t.odd.Add(restype.Anomaly{Name: AnomalyUnknownChunk, Off: off, Detail: "a chunk of a type that Android skips"})
		}
	})
	if !havePool {
		t.odd.Add(restype.Anomaly{Name: AnomalyNoPool, Refused: true, Lossy: true, Detail: "there is no usable pool of values"})
	}
	if int64(declared) != int64(len(t.packages)) {
		t.odd.Add(restype.Anomaly{
			Name: AnomalyPackageCount, Off: 8, Refused: int64(declared) < int64(len(t.packages)),
			Detail: fmt.Sprintf("%d packages are declared, %d are there", declared, len(t.packages)),
		})
	}
}

func (t *Table) readPackage(c restype.Chunk, off int64) {
	const nameOff, nameUnits = 12, 128
	end := off + c.Size
	if c.HeaderSize < 284 || c.Size < 284 {
		t.odd.Add(restype.Anomaly{Name: AnomalyBadChunk, Off: off, Refused: true, Lossy: true, Detail: "a package's header is too short"})
		return
	}
	b := t.data[off:end]
	p := &Package{
		ID:     uint8(restype.U32(b, 8)),
		Name:   fixedName(b[nameOff : nameOff+2*nameUnits]),
		table:  t,
		types:  &restype.Pool{},
		keys:   &restype.Pool{},
		byType: make(map[uint8][]int32),
		specs:  make(map[uint8]bool),
	}
	if c.HeaderSize >= 288 {
		p.typeIDOffset = restype.U32(b, 284)
	}
	for _, other := range t.packages {
		if other.ID == p.ID {
			t.odd.Add(restype.Anomaly{Name: AnomalySamePackage, Off: off, Detail: fmt.Sprintf("two packages have the id 0x%02x", p.ID)})
			break
		}
	}
	if len(t.packages) >= 256 {
		t.odd.Add(restype.Anomaly{Name: AnomalyBudget, Off: off, Lossy: true, Detail: "there are more than 256 packages"})
		return
	}
	t.packages = append(t.packages, p)
	for _, pool := range []struct {
		at   uint32
		into **restype.Pool
	}{{restype.U32(b, 268), &p.types}, {restype.U32(b, 276), &p.keys}} {
		if pool.at == 0 {
			continue
		}
		at := off + int64(pool.at)
		var err error = binread.Errorf(binread.OutOfRange, "package", off, "")
		if at < end {
			var x *restype.Pool
			if x, err = restype.NewPool(t.data[at:end], at, t.odd.Add); err == nil {
				*pool.into = x
			}
		}
		if err != nil {
			t.odd.Add(restype.Anomaly{Name: AnomalyNoPool, Off: off, Refused: true, Detail: "the pool of type or entry names is not usable"})
		}
	}
	t.chunks(off+int64(c.HeaderSize), end, func(c restype.Chunk, off int64) {
		switch c.Type {
		case restype.ChunkStringPool: // found by their offsets already
		case restype.ChunkTypeSpec:
			p.readSpec(c, off)
		case restype.ChunkTableType:
			p.readType(c, off)
		case restype.ChunkLibrary:
			p.readLibrary(c, off)
		case restype.ChunkOverlayable, restype.ChunkPolicy, restype.ChunkStagedAlias:
		default:
			t.odd.Add(restype.Anomaly{Name: AnomalyUnknownChunk, Off: off, Detail: "a chunk of a type that Android skips"})
		}
	})
}

func (p *Package) readSpec(c restype.Chunk, off int64) {
	b := p.table.data[off : off+c.Size]
	id, count := uint8(0), int64(restype.U32(b, 12))
	if len(b) > 8 {
		id = b[8]
	}
	if c.HeaderSize < 16 || id == 0 || count > (c.Size-int64(c.HeaderSize))/4 {
		p.table.odd.Add(restype.Anomaly{
			Name: AnomalyTypeChunk, Off: off, Refused: true,
			Detail: "a typeSpec has no id or more entries than room",
		})
	}
	p.specs[id] = true
}

func (p *Package) readType(c restype.Chunk, off int64) {
	t := p.table
	b := t.data[off : off+c.Size]
	bad := func(detail string, lossy bool) {
		t.odd.Add(restype.Anomaly{Name: AnomalyTypeChunk, Off: off, Refused: true, Lossy: lossy, Detail: detail})
	}
	if c.HeaderSize < 20+4 || c.Size < 20+4 {
		bad("a type's header is too short", true)
		return
	}
	x := typeChunk{
		off: off, size: c.Size, offsets: int64(c.HeaderSize),
		id: b[8], flags: b[9], count: restype.U32(b, 12), entries: int64(restype.U32(b, 16)),
	}
	if x.id == 0 {
		bad("a type has the id 0", true)
		return
	}
	if !p.specs[x.id] {
		t.odd.Add(restype.Anomaly{Name: AnomalyNoSpec, Off: off, Refused: true, Detail: "a type comes before its typeSpec"})
	}
	width := int64(4)
	if x.flags&typeOffset16 != 0 && x.flags&typeSparse == 0 {
		width = 2
	}
	if room := max((c.Size-x.offsets)/width, 0); int64(x.count) > room {
		bad("a type has more entries than room for their offsets", true)
		x.count = uint32(room)
	}
	if x.count > 0xffff+1 {
		bad("a type has more than 65,536 entries", true)
		x.count = 0xffff + 1
	}
	if x.entries > c.Size {
		bad("a type's entries begin outside of it", true)
		return
	}
	if x.entries&3 != 0 {
		bad("a type's entries do not begin on a multiple of four", false)
	}
	if len(p.chunks) >= MaxChunks {
		t.odd.Add(restype.Anomaly{Name: AnomalyBudget, Off: off, Lossy: true, Detail: "there are more than 16,384 types in configurations"})
		return
	}
	p.byType[x.id] = append(p.byType[x.id], int32(len(p.chunks)))
	p.chunks = append(p.chunks, x)
}

func (p *Package) readLibrary(c restype.Chunk, off int64) {
	const size = 4 + 2*128
	b := p.table.data[off : off+c.Size]
	body := b[min(int64(c.HeaderSize), c.Size):]
	n := int(min(int64(restype.U32(b, 8)), int64(len(body)/size), 256))
	for i := range n {
		x := body[i*size : (i+1)*size]
		p.Libraries = append(p.Libraries, Library{ID: restype.U32(x, 0), Name: fixedName(x[4:])})
	}
}

// fixedName decodes an array of UTF-16 units that ends at its first NUL.
func fixedName(b []byte) string {
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// Packages returns the packages in the order of the file.
func (t *Table) Packages() []*Package { return t.packages }

// TypeName returns the name of a type by its id, "" if it has none.
func (p *Package) TypeName(id uint8) string {
	name, _ := p.types.Short(uint32(id)-1-p.typeIDOffset, maxName)
	return name
}

// Size returns the size of the table in bytes.
func (t *Table) Size() int { return len(t.data) }
