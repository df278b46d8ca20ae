// Package restype holds what binary XML and resource tables have in common:
// chunk headers, string pools and typed values. Its counterpart in AOSP is
// frameworks/base libs/androidfw ResourceTypes.h, from which the facts here
// come; all integers are little-endian.
//
// # Limits and threat model
//
// All bytes are hostile. Nothing is decoded before it is asked for: a pool
// that declares four billion strings costs nothing, and an index that leads
// nowhere yields no string instead of an error for the whole file, which is
// how Android sees it too. The values here borrow the slice that they were
// made from, never write to it, and are safe for concurrent use.
//
// A reader of strings that overlap in the file can be made to decode the same
// bytes many times. Those who loop over hostile indexes therefore charge each
// decoded byte to a [Budget].
package restype

import "encoding/binary"

// ChunkType is the type field of a chunk.
type ChunkType uint16

// The chunk types of ResourceTypes.h.
const (
	ChunkNull           ChunkType = 0x0000
	ChunkStringPool     ChunkType = 0x0001
	ChunkTable          ChunkType = 0x0002
	ChunkXML            ChunkType = 0x0003
	ChunkStartNamespace ChunkType = 0x0100
	ChunkEndNamespace   ChunkType = 0x0101
	ChunkStartElement   ChunkType = 0x0102
	ChunkEndElement     ChunkType = 0x0103
	ChunkText           ChunkType = 0x0104
	ChunkLastNode       ChunkType = 0x017f
	ChunkResourceMap    ChunkType = 0x0180
	ChunkPackage        ChunkType = 0x0200
	ChunkTableType      ChunkType = 0x0201
	ChunkTypeSpec       ChunkType = 0x0202
	ChunkLibrary        ChunkType = 0x0203
	ChunkOverlayable    ChunkType = 0x0204
	ChunkPolicy         ChunkType = 0x0205
	ChunkStagedAlias    ChunkType = 0x0206
)

// HeaderSize is the size of a chunk's header, and so of the smallest chunk.
const HeaderSize = 8

// Chunk is the header of a chunk.
type Chunk struct {
	Type       ChunkType
	HeaderSize int
	Size       int64 // of the whole chunk with its header, as declared
}

// ReadChunk reads the header at the start of b; ok is false if b is too short.
func ReadChunk(b []byte) (c Chunk, ok bool) {
	if len(b) < HeaderSize {
		return c, false
	}
	return Chunk{
		Type:       ChunkType(binary.LittleEndian.Uint16(b)),
		HeaderSize: int(binary.LittleEndian.Uint16(b[2:])),
		Size:       int64(binary.LittleEndian.Uint32(b[4:])),
	}, true
}

// Valid says whether Android's validate_chunk accepts the chunk: its header is
// at least minHeader bytes and no more than the chunk, both sizes are
// multiples of four, and the chunk ends within remain bytes.
func (c Chunk) Valid(minHeader int, remain int64) bool {
	return c.HeaderSize >= minHeader && int64(c.HeaderSize) <= c.Size &&
		(int64(c.HeaderSize)|c.Size)&3 == 0 && c.Size <= remain
}

// U16 and U32 read a little-endian value at off, or 0 where b has none. They
// are for optional fields at the end of structures whose size varies.
func U16(b []byte, off int64) uint16 {
	if off < 0 || off > int64(len(b))-2 {
		return 0
	}
	return binary.LittleEndian.Uint16(b[off:])
}

// U32 is described at [U16].
func U32(b []byte, off int64) uint32 {
	if off < 0 || off > int64(len(b))-4 {
		return 0
	}
	return binary.LittleEndian.Uint32(b[off:])
}

// Budget bounds the work that hostile input can cause. It is not safe for
// concurrent use; make one for each walk.
type Budget struct{ left int64 }

// NewBudget returns a budget of n units.
func NewBudget(n int64) *Budget { return &Budget{left: n} }

// Spend takes n units and says whether there were that many. Once it has said
// no, it always does.
func (b *Budget) Spend(n int64) bool {
	if b.left < n {
		b.left = -1
		return false
	}
	b.left -= n
	return true
}

// Spent says whether the budget was exceeded.
func (b *Budget) Spent() bool { return b.left < 0 }
