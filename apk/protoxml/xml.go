package protoxml

import (
	"iter"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/internal/wire"
	"github.com/telltale-apk/telltale/apk/restype"
)

// Document is an XML file in protobuf form (aapt.pb.XmlNode).
type Document struct {
	data []byte
	// id gives the id of a resource of the app that is referred to by name
	// only; nil if there is no table.
	id func(typ, name string) (uint32, bool)
}

// Open makes sure that data begins with an element. data is borrowed. res
// gives the ids of resources that are referred to by their names; it may be
// nil, and hardly ever matters: aapt2 writes ids.
func Open(data []byte, res *View) (*Document, error) {
	d := &Document{data: data}
	if res != nil {
		d.id = res.find
	}
	m := wire.New(data, 0)
	for m.Next() {
		if m.Num == 1 && m.IsMessage() {
			return d, nil
		}
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return nil, binread.Errorf(binread.BadMagic, "protobuf XML", 0, "there is no element")
}

// Events yields the nodes as axml.Document.Events does: elements are balanced,
// namespaces are declared before the element that declares them. A resource id
// that an attribute of the framework lacks is derived from its name.
func (d *Document) Events() iter.Seq[*axml.Event] {
	return func(yield func(*axml.Event) bool) {
		w := walk{d: d, left: MaxNodes, yield: yield}
		w.node(wire.New(d.data, 0), 0)
	}
}

// Anomalies walks the document and lists everything odd about it.
func (d *Document) Anomalies() []restype.Anomaly {
	var odd restype.Anomalies
	w := walk{d: d, left: MaxNodes, yield: func(*axml.Event) bool { return true }, report: odd.Add}
	w.node(wire.New(d.data, 0), 0)
	return odd.List()
}

// Strings yields the texts of the document with their offsets, each once: the
// names and addresses of namespaces, the names of elements and attributes,
// attributes whose value is a text, and text between elements. These are the
// strings that a binary XML of the same document has in its pool.
func (d *Document) Strings() iter.Seq2[int64, string] {
	return func(yield func(int64, string) bool) {
		seen := map[string]bool{"": true}
		emit := func(off int64, s string) bool {
			if seen[s] {
				return true
			}
			seen[s] = true
			return yield(off, s)
		}
		for e := range d.Events() {
			if !emit(e.Off, e.Namespace) || !emit(e.Off, e.Name) {
				return
			}
			if e.Kind == axml.Text && !emit(e.Off, e.Value.Str) {
				return
			}
			for i := range e.Attrs {
				a := &e.Attrs[i]
				if !emit(a.Off, a.Namespace) || !emit(a.Off, a.Name) {
					return
				}
				if a.Value.Type == restype.TypeString && (!emit(a.Off, a.Raw) || !emit(a.Off, a.Value.Str)) {
					return
				}
			}
		}
	}
}

// walk is one pass over the nodes.
type walk struct {
	d      *Document
	left   int // nodes that may still be given
	yield  func(*axml.Event) bool
	report func(restype.Anomaly) // nil if nobody asks
}

func (w *walk) odd(a restype.Anomaly) {
	if w.report != nil {
		a.Lossy = true
		w.report(a)
	}
}

// spend takes one node from what the walk may give.
func (w *walk) spend(off int64) bool {
	if w.left--; w.left < 0 {
		w.odd(restype.Anomaly{Name: AnomalyBudget, Off: off, Detail: "there are more elements and attributes than are read; the rest was left out"})
		return false
	}
	return true
}

// done notes a message that is damaged.
func (w *walk) done(m *wire.Message) {
	if m.Err() != nil {
		w.odd(restype.Anomaly{Name: AnomalyDamaged, Off: m.At(), Detail: "a node is damaged; what follows in it was not read"})
	}
}

// node reads an XmlNode and reports whether the walk goes on.
func (w *walk) node(m *wire.Message, depth int) bool {
	// The line stands behind the element that it belongs to.
	line := uint32(0)
	for s := *m; s.Next(); {
		if s.Num == 3 {
			for p := s.Sub(); p.Next(); {
				if p.Num == 1 {
					line = p.Uint32()
				}
			}
		}
	}
	for m.Next() {
		switch {
		case m.Num == 1 && m.IsMessage():
			if !w.element(m, line, depth) {
				return false
			}
		case m.Num == 2 && m.IsMessage():
			e := &axml.Event{Kind: axml.Text, Off: m.Off, Line: line, Value: restype.Value{Type: restype.TypeString, Str: m.Text()}}
			if !w.spend(m.Off) || !w.yield(e) {
				return false
			}
		}
	}
	w.done(m)
	return true
}

// element reads the XmlElement that the field holds.
func (w *walk) element(field *wire.Message, line uint32, depth int) bool {
	if depth >= MaxDepth {
		w.odd(restype.Anomaly{Name: AnomalyDepth, Off: field.Off, Detail: "elements are nested beyond all reason; the inner ones were not read"})
		return true
	}
	var spaces []axml.Event
	e := &axml.Event{Kind: axml.StartElement, Off: field.Off, Line: line}
	m := field.Sub()
	for m.Next() {
		switch m.Num {
		case 1:
			if !w.spend(m.Off) {
				return false
			}
			spaces = append(spaces, namespace(m, line))
		case 2:
			e.Namespace = m.Text()
		case 3:
			e.Name = m.Text()
		case 4:
			if !w.spend(m.Off) {
				return false
			}
			e.Attrs = append(e.Attrs, w.attr(m))
		}
	}
	w.done(m)
	for i := range spaces {
		if !w.yield(&spaces[i]) {
			return false
		}
	}
	if !w.spend(field.Off) || !w.yield(e) {
		return false
	}
	for m := field.Sub(); m.Next(); {
		if m.Num == 5 && m.IsMessage() && !w.node(m.Sub(), depth+1) {
			return false
		}
	}
	if !w.yield(&axml.Event{Kind: axml.EndElement, Off: e.Off, Line: line, Namespace: e.Namespace, Name: e.Name}) {
		return false
	}
	for i := len(spaces) - 1; i >= 0; i-- {
		end := spaces[i]
		end.Kind = axml.EndNamespace
		if !w.yield(&end) {
			return false
		}
	}
	return true
}

func namespace(field *wire.Message, line uint32) axml.Event {
	e := axml.Event{Kind: axml.StartNamespace, Off: field.Off, Line: line}
	for m := field.Sub(); m.Next(); {
		switch m.Num {
		case 1:
			e.Name = m.Text()
		case 2:
			e.Namespace = m.Text()
		}
	}
	return e
}

// attr reads an XmlAttribute.
func (w *walk) attr(field *wire.Message) axml.Attr {
	a := axml.Attr{Off: field.Off}
	compiled := false
	var x item
	m := field.Sub()
	for m.Next() {
		switch m.Num {
		case 1:
			a.Namespace = m.Text()
		case 2:
			a.Name = m.Text()
		case 3:
			a.Raw, a.HasRaw = m.Text(), true
		case 5:
			a.ID = m.Uint32()
		case 6:
			x, compiled = readItem(m.Sub()), true
		}
	}
	w.done(m)
	if a.ID == 0 && a.Namespace == axml.AndroidNamespace {
		a.ID, _ = axml.AttrID(a.Name)
	}
	if !compiled {
		// Without a compiled form the text is the value.
		a.Value = restype.Value{Type: restype.TypeString, Str: a.Raw}
		a.HasRaw = true
		return a
	}
	if x.name != "" && w.d.id != nil {
		if typ, entry, ok := localName(x.name); ok {
			if id, ok := w.d.id(typ, entry); ok {
				x.value.Data = id
			}
		}
	}
	a.Value = x.value
	return a
}
