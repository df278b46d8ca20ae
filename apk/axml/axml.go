// Package axml reads Android's binary XML (AndroidManifest.xml, res/xml/*,
// layouts): a stream of events, the strings, and the document as XML text.
//
// It accepts what Android accepts, by the rules of ResXMLTree and ResXMLParser
// (frameworks/base libs/androidfw ResourceTypes.cpp), and more where older
// releases were less strict or where reading on does no harm. What is odd is
// listed by [Document.Anomalies].
//
// An attribute is known by its resource id: Android's manifest parser never
// looks at the names of attributes that have one, so the names may be empty or
// misleading. Names count for attributes without an id (package, split) only.
//
// # Limits and threat model
//
// All bytes are hostile. A document borrows its bytes, never writes to them,
// and is safe for concurrent use. A walk does no more work and makes no longer
// strings than a small multiple of the document's size (see [WorkFactor]);
// where this limit stops it, the anomaly "budget" says so.
package axml

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
)

// WorkFactor bounds a walk over the events: the attributes and decoded string
// bytes may come to this many times the size of the document. Documents whose
// strings and attributes do not overlap stay below 2.
const WorkFactor = 8

const (
	nodeHeader = 16 // size of ResXMLTree_node
	attrSize   = 20 // size of ResXMLTree_attribute
	attrExt    = 20 // size of ResXMLTree_attrExt
)

// The anomalies that this package reports, besides those of string pools
// (pool-header, pool-count). "Refused" ones are marked as such in the list.
const (
	AnomalyRootType       = "root-type"       // the root chunk is not of type XML
	AnomalyRootHeader     = "root-header"     // the root chunk's header is not of the usual size
	AnomalyRootSize       = "root-size"       // the declared size is not the size of the data
	AnomalyUnknownChunk   = "unknown-chunk"   // a chunk of a type that has no meaning here
	AnomalyBadChunk       = "bad-chunk"       // a chunk whose sizes are impossible; reading ends there
	AnomalyNoPool         = "no-string-pool"  // no usable string pool
	AnomalyManyPools      = "many-pools"      // several string pools before the first node
	AnomalyNoResourceMap  = "no-resource-map" // attribute ids are taken from names
	AnomalyNodeHeader     = "node-header"     // a node's header is not of the usual size
	AnomalyAttributeSize  = "attribute-size"  // attributes are not of the usual size or place
	AnomalyAttributeOrder = "attribute-order" // attributes are not sorted by id: Android overlooks some
	AnomalyAttributeName  = "attribute-name"  // the visible name is not the one of the id
	AnomalyAttributeRaw   = "attribute-raw"   // raw text and typed string differ
	AnomalyBadString      = "bad-string"      // a string index or string is not valid
	AnomalyUnbalanced     = "unbalanced"      // an end without its start, or a start without its end
	AnomalyTrailing       = "after-root"      // more elements or text after the end of the root element
	AnomalyDepth          = "depth"           // elements are nested beyond all reason
	AnomalyBudget         = "budget"          // WorkFactor was exceeded
	AnomalyNamespace      = "namespace"       // an attribute with an android id is in another namespace
	AnomalyAndroidNoID    = "android-no-id"   // an attribute in the android namespace without id: Android overlooks it
)

// AndroidNamespace is the namespace of the framework's attributes.
const AndroidNamespace = "http://schemas.android.com/apk/res/android"

// Document is an opened binary XML document.
type Document struct {
	data  []byte
	pool  *restype.Pool
	ids   []byte // resource map: one u32 for each of the first strings
	noMap bool
	first int64 // offset of the first node; end of data if there is none
	odd   restype.Anomalies
}

// IsDocument says whether b begins as binary XML does. The root type 0 of
// some documents for old releases is recognised by the string pool behind it.
func IsDocument(b []byte) bool {
	c, ok := restype.ReadChunk(b)
	if !ok || c.HeaderSize < restype.HeaderSize || c.HeaderSize > 64 {
		return false
	}
	switch c.Type {
	case restype.ChunkXML:
		return true
	case restype.ChunkNull:
		inner, ok := restype.ReadChunk(b[min(c.HeaderSize, len(b)):])
		return ok && inner.Type == restype.ChunkStringPool && inner.HeaderSize == 28
	}
	return false
}

// Open reads the chunks before the first node. data is borrowed. It fails only
// if there is no node to read; everything else is an anomaly.
func Open(data []byte) (*Document, error) {
	d := &Document{data: data, pool: &restype.Pool{}}
	root, ok := restype.ReadChunk(data)
	if !ok {
		return nil, binread.Errorf(binread.Truncated, "binary XML", 0, "%d bytes", len(data))
	}
	if root.Type != restype.ChunkXML {
		if root.Type != restype.ChunkNull && !(root.HeaderSize == restype.HeaderSize && d.poolFollows(8)) {
			return nil, binread.Errorf(binread.BadMagic, "binary XML", 0, "chunk type 0x%04x", uint16(root.Type))
		}
		d.odd.Add(restype.Anomaly{
			Name: AnomalyRootType, Refused: true,
			Detail: "the root chunk is not of type XML; Android releases that do not check it read the file",
		})
	}
	head := int64(root.HeaderSize)
	if head != restype.HeaderSize {
		d.odd.Add(restype.Anomaly{
			Name: AnomalyRootHeader, Refused: head < 8 || head > root.Size,
			Detail: "the root chunk's header is not 8 bytes",
		})
		if head < restype.HeaderSize || head > int64(len(data)) {
			head = restype.HeaderSize
		}
	}
	switch size := root.Size; {
	case size > int64(len(data)):
		d.odd.Add(restype.Anomaly{
			Name: AnomalyRootSize, Off: 4, Refused: true,
			Detail: "the document declares to be larger than it is",
		})
	case size < head:
		d.odd.Add(restype.Anomaly{
			Name: AnomalyRootSize, Off: 4, Refused: true,
			Detail: "the document declares to be smaller than its header",
		})
	case size < int64(len(data)):
		d.odd.Add(restype.Anomaly{
			Name: AnomalyRootSize, Off: 4,
			Detail: "bytes follow the end of the document",
		})
		d.data = data[:size:size]
	}
	return d, d.prologue(head)
}

func (d *Document) poolFollows(off int64) bool {
	c, ok := restype.ReadChunk(d.data[min(off, int64(len(d.data))):])
	return ok && c.Type == restype.ChunkStringPool
}

// prologue reads the chunks before the first node, the first at off.
func (d *Document) prologue(off int64) error {
	havePool, haveMap := false, false
	for {
		c, ok := restype.ReadChunk(d.data[off:])
		if !ok {
			return binread.Errorf(binread.Truncated, "binary XML", off, "the document has no element")
		}
		isNode := c.Type >= restype.ChunkStartNamespace && c.Type <= restype.ChunkLastNode
		remain := int64(len(d.data)) - off
		if !isNode && !c.Valid(restype.HeaderSize, remain) {
			d.odd.Add(restype.Anomaly{
				Name: AnomalyBadChunk, Off: off, Refused: true,
				Detail: "a chunk before the first element has impossible sizes",
			})
			if c.Size < restype.HeaderSize || c.Size > remain {
				return binread.Errorf(binread.Malformed, "binary XML", off,
					"chunk of type 0x%04x and %d bytes where %d remain", uint16(c.Type), c.Size, remain)
			}
		}
		switch {
		case isNode:
			d.first = off
			d.noMap = !haveMap
			if !havePool {
				d.odd.Add(restype.Anomaly{
					Name: AnomalyNoPool, Off: off, Refused: true, Lossy: true,
					Detail: "there is no usable string pool before the first element",
				})
			}
			return nil
		case c.Type == restype.ChunkStringPool:
			if havePool {
				d.odd.Add(restype.Anomaly{
					Name: AnomalyManyPools, Off: off,
					Detail: "a string pool replaces the one before it",
				})
			}
			pool, err := restype.NewPool(d.data[off:], off, d.odd.Add)
			if err == nil {
				d.pool, havePool = pool, true
			}
		case c.Type == restype.ChunkResourceMap:
			haveMap = true
			head := min(int64(c.HeaderSize), c.Size)
			d.ids = d.data[off+head : off+c.Size]
		default:
			d.odd.Add(restype.Anomaly{
				Name: AnomalyUnknownChunk, Off: off,
				Detail: "a chunk of a type that Android skips",
			})
		}
		off += c.Size
	}
}

// Strings yields every string of the pool with its offset in the document.
// Strings need not belong to any element: what a walk does not show is here.
func (d *Document) Strings() iter.Seq2[int64, string] {
	return func(yield func(int64, string) bool) {
		budget := restype.NewBudget(WorkFactor * int64(len(d.data)))
		for i := range uint32(d.pool.Len()) {
			s, ok := d.pool.At(i)
			if !ok {
				continue
			}
			if !budget.Spend(int64(len(s))) || !yield(d.pool.Off(i), s) {
				return
			}
		}
	}
}

// attrID returns the resource id of an attribute by the index of its name.
func (d *Document) attrID(name uint32) uint32 {
	if int64(name) >= int64(len(d.ids))/4 {
		return 0
	}
	return binary.LittleEndian.Uint32(d.ids[4*name:])
}
