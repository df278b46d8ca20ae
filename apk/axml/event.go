package axml

import (
	"encoding/binary"
	"iter"

	"github.com/telltale-apk/telltale/apk/restype"
)

// Kind says what an event is.
type Kind uint8

// The kinds of event.
const (
	StartNamespace Kind = iota + 1 // Name is the prefix, Namespace the URI
	EndNamespace                   // likewise
	StartElement                   // Name, Namespace, Attrs
	EndElement                     // Name, Namespace
	Text                           // Value
)

// Event is one node of a document.
type Event struct {
	Kind      Kind
	Off       int64  // of the node in the document, in bytes
	Line      uint32 // in the source that was compiled
	Comment   string // that stood before the node in the source; usually lost
	Namespace string // URI; "" if none
	Name      string
	Attrs     []Attr        // may be kept by the receiver
	Value     restype.Value // of a text node: a string nearly always
}

// Attr is an attribute of an element.
type Attr struct {
	// ID is the attribute's resource id, 0 if it has none. In a document that
	// has no resource map it is derived from the name.
	ID        uint32
	Namespace string // URI as stored; "" if none
	Name      string // as stored, which may be anything if there is an ID
	Raw       string // the text of the source, if it was kept
	HasRaw    bool
	Value     restype.Value
	Off       int64 // in the document, in bytes
}

// Text returns the attribute as XmlPullParser.getAttributeValue does: the raw
// text if there is one, else the typed value as text.
func (a *Attr) Text() string {
	if a.HasRaw {
		return a.Raw
	}
	return a.Value.Text()
}

// Canonical returns the namespace and name by which Android knows the
// attribute: those that belong to its id, if it has one, else the stored ones.
// The few attributes that Android looks up by name keep theirs.
func (a *Attr) Canonical() (namespace, name string) {
	name, ok := AttrName(a.ID)
	if !ok || a.Namespace == "" && readByName(a.Name) {
		return a.Namespace, a.Name
	}
	return AndroidNamespace, name
}

// readByName says whether Android's manifest parser looks for an attribute of
// this name, and no namespace, without regard to ids.
func readByName(name string) bool {
	switch name {
	case "package", "split", "configForSplit", "coreApp", "platformBuildVersionCode", "platformBuildVersionName":
		return true
	}
	return false
}

// Attr returns the first attribute with the given resource id, which is the
// one that Android takes.
func (e *Event) Attr(id uint32) (*Attr, bool) {
	for i := range e.Attrs {
		if e.Attrs[i].ID == id {
			return &e.Attrs[i], true
		}
	}
	return nil, false
}

// Plain returns the first attribute without namespace that has the given name
// ("package", "split"). Android looks these up by name, so it does not matter
// whether they have an id too.
func (e *Event) Plain(name string) (*Attr, bool) {
	for i := range e.Attrs {
		if a := &e.Attrs[i]; a.Namespace == "" && a.Name == name {
			return a, true
		}
	}
	return nil, false
}

// Events yields the nodes up to the end of the root element and the namespace
// ends behind it. Elements are balanced: an end that has no start is left out,
// and starts that have no end are closed when the data end. The stream ends
// early where a chunk is damaged; [Document.Anomalies] tells.
func (d *Document) Events() iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		newWalk(d, nil).run(yield)
	}
}

// Anomalies walks the document and lists everything odd about it.
func (d *Document) Anomalies() []restype.Anomaly {
	var odd restype.Anomalies
	for _, a := range d.odd.List() {
		odd.Add(a)
	}
	newWalk(d, odd.Add).run(func(*Event) bool { return true })
	return odd.List()
}

// maxDepth bounds the nesting of elements. Android has no limit of its own,
// but its parsers recurse and die long before this one.
const maxDepth = 4096

// walk is one pass over the nodes.
type walk struct {
	d      *Document
	report func(restype.Anomaly) // nil if nobody asks
	budget *restype.Budget
	cache  map[uint32]string
	open   []elem // elements not closed yet
}

type elem struct{ namespace, name string }

func newWalk(d *Document, report func(restype.Anomaly)) *walk {
	return &walk{
		d:      d,
		report: report,
		budget: restype.NewBudget(WorkFactor*int64(len(d.data)) + 4096),
		cache:  make(map[uint32]string),
	}
}

func (w *walk) odd(a restype.Anomaly) {
	if w.report != nil {
		w.report(a)
	}
}

// str returns string i of the pool, or "" for NoString and bad indexes.
func (w *walk) str(i uint32, off int64) string {
	if i == restype.NoString {
		return ""
	}
	if s, ok := w.cache[i]; ok {
		return s
	}
	s, ok := w.d.pool.At(i)
	if !ok {
		w.odd(restype.Anomaly{
			Name: AnomalyBadString, Off: off, Lossy: true,
			Detail: "a string that the string pool does not have",
		})
	}
	w.budget.Spend(int64(len(s)))
	w.cache[i] = s
	return s
}

// run yields the events from the first node on.
func (w *walk) run(yield func(*Event) bool) {
	data := w.d.data
	rootSeen, done := false, false // done: the root element was closed
	end := int64(len(data))        // where the walk stopped
	for off := w.d.first; off < int64(len(data)); {
		end = off
		c, ok := restype.ReadChunk(data[off:])
		remain := int64(len(data)) - off
		if !ok || c.Size < restype.HeaderSize || c.Size > remain || int64(c.HeaderSize) > c.Size {
			// After the root element Android no longer looks.
			if !done {
				w.odd(restype.Anomaly{
					Name: AnomalyBadChunk, Off: off, Lossy: true, Refused: true,
					Detail: "a node has impossible sizes; what follows it is not read",
				})
			}
			break
		}
		if !c.Valid(nodeHeader, remain) && !done {
			w.odd(restype.Anomaly{
				Name: AnomalyNodeHeader, Off: off, Refused: true,
				Detail: "a node's header is too short or its sizes are no multiples of four",
			})
		} else if c.HeaderSize != nodeHeader && c.Type <= restype.ChunkText && !done {
			w.odd(restype.Anomaly{
				Name: AnomalyNodeHeader, Off: off,
				Detail: "a node's header is not 16 bytes",
			})
		}
		node := data[off : off+c.Size]
		next := off + c.Size
		if done {
			if c.Type == restype.ChunkEndNamespace {
				if e := w.event(c, node, off); e != nil && !yield(e) {
					return
				}
				off = next
				continue
			}
			if c.Type >= restype.ChunkStartNamespace && c.Type <= restype.ChunkText {
				w.odd(restype.Anomaly{
					Name: AnomalyTrailing, Off: off,
					Detail: "nodes follow the end of the root element; Android's manifest parser does not read them",
				})
				break
			}
			off = next
			continue
		}
		e := w.event(c, node, off)
		if w.budget.Spent() {
			w.odd(restype.Anomaly{
				Name: AnomalyBudget, Off: off, Lossy: true,
				Detail: "strings or attributes overlap so often that reading them all was given up",
			})
			break
		}
		if e != nil {
			switch e.Kind {
			case StartElement:
				if len(w.open) == maxDepth {
					w.odd(restype.Anomaly{
						Name: AnomalyDepth, Off: off, Lossy: true,
						Detail: "elements are nested more than 4096 deep",
					})
					w.closeAll(off, yield)
					return
				}
				rootSeen = true
				w.open = append(w.open, elem{e.Namespace, e.Name})
			case EndElement:
				if len(w.open) == 0 {
					w.odd(restype.Anomaly{
						Name: AnomalyUnbalanced, Off: off,
						Detail: "an element ends that did not begin",
					})
					e = nil
					break
				}
				top := w.open[len(w.open)-1]
				if top != (elem{e.Namespace, e.Name}) {
					w.odd(restype.Anomaly{
						Name: AnomalyUnbalanced, Off: off,
						Detail: "an element ends under another name than it began; Android does not compare",
					})
					e.Namespace, e.Name = top.namespace, top.name
				}
				w.open = w.open[:len(w.open)-1]
				done = rootSeen && len(w.open) == 0
			}
		}
		if e != nil && !yield(e) {
			return
		}
		off = next
	}
	if !done {
		w.odd(restype.Anomaly{
			Name: AnomalyUnbalanced, Off: end, Lossy: true,
			Detail: "the document ends before its root element does",
		})
	}
	w.closeAll(end, yield)
}

// closeAll ends the elements that are still open.
func (w *walk) closeAll(off int64, yield func(*Event) bool) {
	for len(w.open) > 0 {
		top := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if !yield(&Event{Kind: EndElement, Off: off, Namespace: top.namespace, Name: top.name}) {
			return
		}
	}
}

// event decodes the node of header c; nil if it is of an unknown type.
func (w *walk) event(c restype.Chunk, node []byte, off int64) *Event {
	head := int64(c.HeaderSize)
	e := &Event{Off: off, Line: restype.U32(node, 8)}
	// The extension begins behind the header, whatever its size.
	ext := node[head:]
	minExt := 8
	switch c.Type {
	case restype.ChunkStartNamespace:
		e.Kind = StartNamespace
	case restype.ChunkEndNamespace:
		e.Kind = EndNamespace
	case restype.ChunkStartElement:
		e.Kind, minExt = StartElement, attrExt
	case restype.ChunkEndElement:
		e.Kind = EndElement
	case restype.ChunkText:
		e.Kind, minExt = Text, 12
	default:
		w.odd(restype.Anomaly{
			Name: AnomalyUnknownChunk, Off: off,
			Detail: "a chunk of a type that Android skips",
		})
		return nil
	}
	if head >= nodeHeader {
		e.Comment = w.str(restype.U32(node, 12), off)
	}
	if len(ext) < minExt {
		w.odd(restype.Anomaly{
			Name: AnomalyBadChunk, Off: off, Lossy: true, Refused: true,
			Detail: "a node is too short for what it is",
		})
		if e.Kind != EndElement { // an end counts even without its name
			return nil
		}
	}
	first, second := restype.U32(ext, 0), restype.U32(ext, 4)
	switch e.Kind {
	case StartNamespace, EndNamespace:
		e.Name, e.Namespace = w.str(first, off), w.str(second, off)
	case StartElement, EndElement:
		e.Namespace, e.Name = w.str(first, off), w.str(second, off)
	case Text:
		// Android's parser takes the text from the first field; the typed
		// value behind it says the same.
		e.Value = w.value(restype.TypeString, first, off)
	}
	if e.Kind == StartElement {
		e.Attrs = w.attrs(ext, off+head)
	}
	return e
}

func (w *walk) value(t restype.ValueType, data uint32, off int64) restype.Value {
	v := restype.Value{Type: t, Data: data}
	if t == restype.TypeString {
		v.Str = w.str(data, off)
	}
	return v
}

// attrs decodes the attributes of a start element whose extension is ext, at off.
func (w *walk) attrs(ext []byte, off int64) []Attr {
	start := int64(binary.LittleEndian.Uint16(ext[8:]))
	size := int64(binary.LittleEndian.Uint16(ext[10:]))
	count := int64(binary.LittleEndian.Uint16(ext[12:]))
	if count == 0 {
		return nil
	}
	if start != attrExt || size != attrSize {
		w.odd(restype.Anomaly{
			Name: AnomalyAttributeSize, Off: off,
			Detail: "attributes are not 20 bytes each or do not follow the element's header",
		})
	}
	if start+count*size > int64(len(ext)) {
		w.odd(restype.Anomaly{
			Name: AnomalyAttributeSize, Off: off, Refused: true, Lossy: true,
			Detail: "more attributes are declared than the element has room for",
		})
	}
	// An attribute that reaches over the end of the element is left out; with
	// a size below 20 attributes overlap, so their number is budgeted.
	n := int64(0)
	if start+attrSize <= int64(len(ext)) {
		n = count
		if size > 0 {
			n = min(count, (int64(len(ext))-attrSize-start)/size+1)
		}
	}
	cost := n * attrSize
	if size < attrSize {
		cost *= 5 // attributes that overlap take more memory than file
	}
	if !w.budget.Spend(cost) {
		return nil
	}
	attrs := make([]Attr, n)
	maxID := uint32(0)
	for i := range attrs {
		at := start + int64(i)*size
		b := ext[at : at+attrSize]
		a := &attrs[i]
		a.Off = off + at
		nameIndex, raw := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		a.Namespace = w.str(binary.LittleEndian.Uint32(b), a.Off)
		a.Name = w.str(nameIndex, a.Off)
		a.ID = w.d.attrID(nameIndex)
		if w.d.noMap && a.Namespace == AndroidNamespace {
			a.ID, _ = AttrID(a.Name)
			w.odd(restype.Anomaly{
				Name: AnomalyNoResourceMap, Off: a.Off,
				Detail: "there is no resource map; attributes are known by their names",
			})
		}
		a.Value = w.value(restype.ValueType(b[15]), binary.LittleEndian.Uint32(b[16:]), a.Off)
		if raw != restype.NoString {
			a.Raw, a.HasRaw = w.str(raw, a.Off), true
		}
		if w.report != nil {
			w.judge(a, &maxID)
		}
	}
	return attrs
}

// judge reports what is odd about a single attribute. maxID is the largest id
// among the attributes before it.
//
// Android walks an element's attributes and the sorted ids that it wants side
// by side (RetrieveAttributes in AttributeResolution.cpp) and so never sees an
// attribute that stands behind one with a larger or the same id.
func (w *walk) judge(a *Attr, maxID *uint32) {
	if a.ID != 0 && a.ID <= *maxID {
		w.odd(restype.Anomaly{
			Name: AnomalyAttributeOrder, Off: a.Off,
			Detail: "an attribute stands behind one with a larger or the same id: Android overlooks it",
		})
	}
	*maxID = max(*maxID, a.ID)
	if name, ok := AttrName(a.ID); ok {
		if a.Name != name {
			w.odd(restype.Anomaly{
				Name: AnomalyAttributeName, Off: a.Off,
				Detail: "the name of an attribute is not the one of its id (" + name + ")",
			})
		}
		if a.Namespace != AndroidNamespace {
			w.odd(restype.Anomaly{
				Name: AnomalyNamespace, Off: a.Off,
				Detail: "an attribute of the framework (" + name + ") is in another namespace",
			})
		}
	} else if a.ID == 0 && a.Namespace == AndroidNamespace {
		w.odd(restype.Anomaly{
			Name: AnomalyAndroidNoID, Off: a.Off,
			Detail: "an attribute in the android namespace has no id: Android overlooks it",
		})
	}
	if a.HasRaw && a.Value.Type == restype.TypeString && a.Raw != a.Value.Str {
		w.odd(restype.Anomaly{
			Name: AnomalyAttributeRaw, Off: a.Off,
			Detail: "an attribute has two texts that differ",
		})
	}
}
