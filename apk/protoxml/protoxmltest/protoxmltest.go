// Package protoxmltest writes the protobuf forms of XML and resource tables
// that app bundles hold, for fixtures of tests. It makes them of the binary
// forms, as `aapt2 convert --output-format proto` does:
//
//	doc, err := axml.Open(axmltest.Compile(text, refs, axmltest.Options{}))
//	b := protoxmltest.XML(doc.Events(), protoxmltest.Options{})
//
// The output depends on nothing but the input.
package protoxmltest

import (
	"iter"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/restype"
)

// Options choose among the forms that are met.
type Options struct {
	// Old writes ids as plain numbers, values in field 4 of entries, and
	// primitives as pairs of type and data.
	Old bool
	// NoIDs leaves out the resource ids of attributes.
	NoIDs bool
	// NamesOnly writes references without their ids, by the name that it gives.
	NamesOnly func(id uint32) string
}

// field appends a length-delimited field.
func field(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

// text appends a string unless it is empty, as proto3 does.
func text(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return field(b, num, []byte(s))
}

// number appends a varint unless it is 0.
func number(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return oneof(b, num, v)
}

// oneof appends a varint that tells by being there.
func oneof(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// node is an element that is being written; its parts stand in the order in
// which a protobuf library writes them.
type node struct {
	spaces, head, attrs, children []byte
	line                          uint32
}

// XML writes events as aapt.pb.XmlNode.
func XML(events iter.Seq[*axml.Event], opts Options) []byte {
	var open []*node
	var spaces []byte
	var out []byte
	add := func(b []byte, line uint32) {
		b = field(b, 3, number(nil, 1, uint64(line)))
		if len(open) == 0 {
			out = append(out, b...)
			return
		}
		top := open[len(open)-1]
		top.children = field(top.children, 5, b)
	}
	for e := range events {
		switch e.Kind {
		case axml.StartNamespace:
			spaces = field(spaces, 1, text(text(nil, 1, e.Name), 2, e.Namespace))
		case axml.StartElement:
			n := &node{spaces: spaces, head: text(text(nil, 2, e.Namespace), 3, e.Name), line: e.Line}
			spaces = nil
			for i := range e.Attrs {
				n.attrs = field(n.attrs, 4, attr(&e.Attrs[i], opts))
			}
			open = append(open, n)
		case axml.EndElement:
			n := open[len(open)-1]
			open = open[:len(open)-1]
			var b []byte
			for _, part := range [][]byte{n.spaces, n.head, n.attrs, n.children} {
				b = append(b, part...)
			}
			add(field(nil, 1, b), n.line)
		case axml.Text:
			add(field(nil, 2, []byte(e.Value.Text())), e.Line)
		}
	}
	return out
}

func attr(a *axml.Attr, opts Options) []byte {
	b := text(text(nil, 1, a.Namespace), 2, a.Name)
	b = text(b, 3, a.Text())
	if !opts.NoIDs {
		b = number(b, 5, uint64(a.ID))
	}
	// aapt2 compiles the attributes of the framework only.
	if a.ID != 0 || a.Value.Type != restype.TypeString {
		b = field(b, 6, item(a.Value, opts))
	}
	return b
}

// item writes an aapt.pb.Item.
func item(v restype.Value, opts Options) []byte {
	switch v.Type {
	case restype.TypeString:
		return field(nil, 2, text(nil, 1, v.Str))
	case restype.TypeReference, restype.TypeDynamicReference, restype.TypeAttribute, restype.TypeDynamicAttribute:
		var r []byte
		if v.Type == restype.TypeAttribute || v.Type == restype.TypeDynamicAttribute {
			r = number(r, 1, 1)
		}
		if opts.NamesOnly != nil && v.Data>>24 == 0x7f {
			r = text(r, 3, opts.NamesOnly(v.Data))
		} else {
			r = number(r, 2, uint64(v.Data))
		}
		if v.Type == restype.TypeDynamicReference || v.Type == restype.TypeDynamicAttribute {
			r = field(r, 5, number(nil, 1, 1))
		}
		return field(nil, 1, r)
	}
	return field(nil, 7, primitive(v, opts))
}

func primitive(v restype.Value, opts Options) []byte {
	if opts.Old {
		return oneof(oneof(nil, 1, uint64(v.Type)), 2, uint64(v.Data))
	}
	switch v.Type {
	case restype.TypeFloat:
		return protowire.AppendFixed32(protowire.AppendTag(nil, 3, protowire.Fixed32Type), v.Data)
	case restype.TypeDimension:
		return oneof(nil, 13, uint64(v.Data))
	case restype.TypeFraction:
		return oneof(nil, 14, uint64(v.Data))
	case restype.TypeIntDec:
		return oneof(nil, 6, uint64(int64(int32(v.Data))))
	case restype.TypeIntHex:
		return oneof(nil, 7, uint64(v.Data))
	case restype.TypeIntBool:
		return oneof(nil, 8, uint64(v.Data&1))
	case restype.TypeColorARGB8:
		return oneof(nil, 9, uint64(v.Data))
	case restype.TypeColorRGB8:
		return oneof(nil, 10, uint64(v.Data))
	case restype.TypeColorARGB4:
		return oneof(nil, 11, uint64(v.Data))
	case restype.TypeColorRGB4:
		return oneof(nil, 12, uint64(v.Data))
	}
	if v.Data == 1 {
		return field(nil, 2, nil)
	}
	return field(nil, 1, nil)
}

// Table writes a table as aapt.pb.ResourceTable. Of styled texts it writes the
// text, and of configurations locale, release, density, night and orientation.
func Table(t *arsc.Table, opts Options) []byte {
	id := func(b []byte, n uint64) []byte {
		if opts.Old {
			return oneof(b, 1, n)
		}
		return field(b, 1, number(nil, 1, n))
	}
	type group struct {
		typ     arsc.ID // with entry 0
		name    string
		entries []arsc.ID
	}
	var groups []*group
	byType := map[arsc.ID]*group{}
	values := map[arsc.ID][]arsc.Entry{}
	for e := range t.Entries() {
		k := e.ID() &^ 0xffff
		g := byType[k]
		if g == nil {
			g = &group{typ: k, name: e.Type()}
			byType[k] = g
			groups = append(groups, g)
		}
		if values[e.ID()] == nil {
			g.entries = append(g.entries, e.ID())
		}
		values[e.ID()] = append(values[e.ID()], e)
	}
	var out []byte
	for _, p := range t.Packages() {
		pkg := text(id(nil, uint64(p.ID)), 2, p.Name)
		for _, g := range groups {
			if g.typ.Package() != p.ID {
				continue
			}
			typ := text(id(nil, uint64(g.typ.Type())), 2, g.name)
			for _, eid := range g.entries {
				entry := text(id(nil, uint64(eid.Entry())), 2, values[eid][0].Name())
				num := protowire.Number(6)
				if opts.Old {
					num = 4
				}
				for _, e := range values[eid] {
					v := field(field(nil, 1, config(e.Config())), 2, value(e, opts))
					entry = field(entry, num, v)
				}
				typ = field(typ, 3, entry)
			}
			pkg = field(pkg, 3, typ)
		}
		out = field(out, 2, pkg)
	}
	return out
}

func config(c arsc.Config) []byte {
	b := text(nil, 3, c.Locale())
	for q := range strings.SplitSeq(c.String(), "-") {
		switch q {
		case "port":
			b = number(b, 15, 1)
		case "land":
			b = number(b, 15, 2)
		case "night":
			b = number(b, 17, 1)
		case "notnight":
			b = number(b, 17, 2)
		}
	}
	return number(number(b, 18, uint64(c.Density())), 24, uint64(c.SDK()))
}

// value writes an aapt.pb.Value.
func value(e arsc.Entry, opts Options) []byte {
	if !e.Complex() {
		return field(nil, 4, item(e.Value(), opts))
	}
	var list []byte
	switch e.Type() {
	case "array":
		for _, v := range e.Items() {
			list = field(list, 1, field(nil, 3, item(v, opts)))
		}
		return field(nil, 5, field(nil, 4, list))
	case "plurals":
		for _, v := range e.Items() {
			list = field(list, 1, field(nil, 4, item(v, opts)))
		}
		return field(nil, 5, field(nil, 5, list))
	case "attr":
		return field(nil, 5, field(nil, 1, nil))
	}
	for key, v := range e.Items() {
		key := field(nil, 3, number(nil, 2, uint64(key)))
		list = field(list, 3, field(key, 4, item(v, opts)))
	}
	return field(nil, 5, field(nil, 2, list))
}
