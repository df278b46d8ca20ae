// Package axmltest builds binary XML from readable recipes, for fixtures of
// tests and for sample APKs.
//
// A recipe is XML text as developers write it:
//
//	axmltest.Compile(`
//	    <manifest xmlns:android="http://schemas.android.com/apk/res/android"
//	        package="com.example" android:versionCode="7">
//	        <application android:label="@string/app_name" android:debuggable="true"/>
//	    </manifest>`, map[string]uint32{"string/app_name": 0x7f020000}, axmltest.Options{})
//
// or a tree made of [Element], [Attr] and [Text], where text cannot say what
// is wanted. The output is what aapt2 would write, except where [Options] ask
// for the oddities that the readers must stand. It depends on nothing but its
// input.
package axmltest

import (
	"cmp"
	"slices"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
)

// Node is an [*Element] or a [Text].
type Node interface{ isNode() }

// Element is an element with its attributes and children.
type Element struct {
	Namespace string // URI
	Name      string
	Attrs     []Attr
	Children  []Node
	Line      int // in the source; if 0, that of the node before it
}

// Text is a text between elements.
type Text string

func (*Element) isNode() {}
func (Text) isNode()     {}

// Attr is an attribute.
type Attr struct {
	ID        uint32 // resource id; 0 if it has none
	Namespace string
	Name      string
	Value     restype.Value
	Raw       string // text as in the source; strings have their own as raw text
}

// E makes an element of attributes ([Attr]) and children ([Node]).
func E(name string, parts ...any) *Element {
	e := &Element{Name: name}
	for _, part := range parts {
		switch part := part.(type) {
		case Attr:
			e.Attrs = append(e.Attrs, part)
		case Node:
			e.Children = append(e.Children, part)
		default:
			panic("axmltest: E takes Attr, *Element and Text")
		}
	}
	return e
}

// A makes an attribute of the framework by its name ("exported"). It panics if
// the framework has none of that name.
func A(name string, value restype.Value) Attr {
	id, ok := axml.AttrID(name)
	if !ok {
		panic("axmltest: the framework has no attribute " + name)
	}
	return Attr{ID: id, Namespace: axml.AndroidNamespace, Name: name, Value: value}
}

// Plain makes an attribute without namespace and id, such as package.
func Plain(name, value string) Attr { return Attr{Name: name, Value: Str(value)} }

// Str, Int, Hex, Bool and Ref make values.
func Str(s string) restype.Value { return restype.Value{Type: restype.TypeString, Str: s} }

// Int makes a decimal integer.
func Int(n int32) restype.Value { return restype.Value{Type: restype.TypeIntDec, Data: uint32(n)} }

// Hex makes a hexadecimal integer, as flags are.
func Hex(n uint32) restype.Value { return restype.Value{Type: restype.TypeIntHex, Data: n} }

// Bool makes a boolean.
func Bool(b bool) restype.Value {
	v := restype.Value{Type: restype.TypeIntBool}
	if b {
		v.Data = ^uint32(0)
	}
	return v
}

// Ref makes a reference to a resource.
func Ref(id uint32) restype.Value { return restype.Value{Type: restype.TypeReference, Data: id} }

// Options ask for forms that aapt2 does not write. The zero value is none.
type Options struct {
	UTF8           bool   // strings in UTF-8
	NoResourceMap  bool   // leave out the resource map
	NamespaceURI   string // in place of the framework's namespace
	HideNames      bool   // attributes with an id get an empty name
	Unsorted       bool   // attributes stay in the recipe's order
	NodeHeader     int    // size of the nodes' headers, 16 if 0
	AttributeStart int    // of the attributes behind the element's header, 20 if 0
	AttributeSize  int    // of an attribute, 20 if 0
	// Before and Between are chunks put before the first node and after the
	// first element's start.
	Before, Between []byte
	// Strings are put into the pool though nothing refers to them.
	Strings []string
}

// Compile makes binary XML of XML text. refs gives the ids of the resources
// that it refers to, by "type/name". It panics on text that is not
// well-formed and on unknown references: recipes are part of the program.
func Compile(text string, refs map[string]uint32, opts Options) []byte {
	return Encode(Parse(text, refs), opts)
}

// Encode makes binary XML of a tree.
func Encode(root *Element, opts Options) []byte {
	x := &encoder{opts: opts}
	x.collect(root)
	x.namespaces(root)
	for _, s := range opts.Strings {
		x.pool.Append(s)
	}
	x.line = 1
	for _, ns := range x.uris {
		x.node(restype.ChunkStartNamespace, x.pool.Add(ns.prefix), x.pool.Add(x.uri(ns.uri)))
	}
	x.element(root)
	for i := len(x.uris) - 1; i >= 0; i-- {
		ns := x.uris[i]
		x.node(restype.ChunkEndNamespace, x.pool.Add(ns.prefix), x.pool.Add(x.uri(ns.uri)))
	}
	pool := x.pool.Bytes(opts.UTF8)
	var resourceMap []byte
	if !opts.NoResourceMap && len(x.ids) > 0 {
		var ids []byte
		for _, id := range x.ids {
			ids = restypetest.U32(ids, id.id)
		}
		resourceMap = restypetest.Chunk(restype.ChunkResourceMap, nil, ids)
	}
	return restypetest.Chunk(restype.ChunkXML, nil, pool, resourceMap, opts.Before, x.nodes)
}

type encoder struct {
	opts  Options
	pool  restypetest.Pool
	ids   []attrKey // in the order of their names in the pool
	index map[attrKey]uint32
	uris  []namespace
	nodes []byte
	line  uint32
	began bool
}

type attrKey struct {
	id   uint32
	name string
}

type namespace struct{ prefix, uri string }

// collect puts the names of attributes with ids at the start of the pool,
// where the resource map speaks of them.
func (x *encoder) collect(root *Element) {
	seen := make(map[attrKey]bool)
	var walk func(*Element)
	walk = func(e *Element) {
		for _, a := range e.Attrs {
			if k := (attrKey{a.ID, a.Name}); a.ID != 0 && !seen[k] {
				seen[k] = true
				x.ids = append(x.ids, k)
			}
		}
		for _, c := range e.Children {
			if c, ok := c.(*Element); ok {
				walk(c)
			}
		}
	}
	walk(root)
	slices.SortStableFunc(x.ids, func(a, b attrKey) int { return cmp.Compare(a.id, b.id) })
	x.index = make(map[attrKey]uint32)
	for _, k := range x.ids {
		name := k.name
		if x.opts.HideNames {
			name = ""
		}
		x.index[k] = x.pool.Append(name)
	}
}

// namespaces lists the namespaces in use; all are declared at the root.
func (x *encoder) namespaces(root *Element) {
	known := map[string]string{
		axml.AndroidNamespace:                     "android",
		"http://schemas.android.com/apk/res-auto": "app",
		"http://schemas.android.com/tools":        "tools",
	}
	var walk func(*Element)
	add := func(uri string) {
		if uri == "" || slices.ContainsFunc(x.uris, func(n namespace) bool { return n.uri == uri }) {
			return
		}
		prefix, ok := known[uri]
		if !ok {
			prefix = "ns" + string(rune('0'+len(x.uris)%10))
		}
		x.uris = append(x.uris, namespace{prefix, uri})
	}
	walk = func(e *Element) {
		add(e.Namespace)
		for _, a := range e.Attrs {
			add(a.Namespace)
		}
		for _, c := range e.Children {
			if c, ok := c.(*Element); ok {
				walk(c)
			}
		}
	}
	walk(root)
}

func (x *encoder) uri(uri string) string {
	if uri == axml.AndroidNamespace && x.opts.NamespaceURI != "" {
		return x.opts.NamespaceURI
	}
	return uri
}

func (x *encoder) ref(s string) uint32 {
	if s == "" {
		return restype.NoString
	}
	return x.pool.Add(s)
}

// node appends a node whose extension is made of the given words.
func (x *encoder) node(t restype.ChunkType, ext ...uint32) {
	header := restypetest.U32(nil, x.line)
	header = restypetest.U32(header, restype.NoString)
	for len(header)+restype.HeaderSize < x.opts.NodeHeader {
		header = append(header, 0xff)
	}
	var body []byte
	for _, v := range ext {
		body = restypetest.U32(body, v)
	}
	x.nodes = append(x.nodes, restypetest.Chunk(t, header, body)...)
}

func (x *encoder) element(e *Element) {
	if e.Line != 0 {
		x.line = uint32(e.Line)
	}
	attrs := e.Attrs
	if !x.opts.Unsorted {
		attrs = slices.Clone(attrs)
		slices.SortStableFunc(attrs, func(a, b Attr) int {
			// Those without an id come last, by name.
			if a.ID == 0 && b.ID == 0 {
				return cmp.Compare(a.Name, b.Name)
			}
			return cmp.Compare(a.ID-1, b.ID-1)
		})
	}
	start, size := max(x.opts.AttributeStart, 20), max(x.opts.AttributeSize, 20)
	ext := []uint32{
		x.ref(x.uri(e.Namespace)), x.pool.Add(e.Name),
		uint32(start) | uint32(size)<<16, uint32(len(attrs)), 0,
	}
	for i := 20; i < start; i += 4 {
		ext = append(ext, 0xdeadbeef)
	}
	for _, a := range attrs {
		name, ok := x.index[attrKey{a.ID, a.Name}]
		if !ok {
			name = x.plainName(a.Name)
		}
		raw, data := x.ref(a.Raw), a.Value.Data
		if a.Value.Type == restype.TypeString {
			data = x.pool.Add(a.Value.Str)
			if a.Raw == "" {
				raw = data
			}
		}
		ext = append(ext, x.ref(x.uri(a.Namespace)), name, raw, 8|uint32(a.Value.Type)<<24, data)
		for i := 20; i < size; i += 4 {
			ext = append(ext, 0xcafebabe)
		}
	}
	x.node(restype.ChunkStartElement, ext...)
	if !x.began {
		x.began = true
		x.nodes = append(x.nodes, x.opts.Between...)
	}
	for _, c := range e.Children {
		switch c := c.(type) {
		case *Element:
			x.element(c)
		case Text:
			s := x.pool.Add(string(c))
			x.node(restype.ChunkText, s, 8|uint32(restype.TypeString)<<24, s)
		}
	}
	x.node(restype.ChunkEndElement, x.ref(x.uri(e.Namespace)), x.pool.Add(e.Name))
}

// plainName returns the index of a name that the resource map does not cover,
// even if an attribute with an id has the same name.
func (x *encoder) plainName(name string) uint32 {
	if i := x.pool.Add(name); i >= uint32(len(x.ids)) {
		return i
	}
	k := attrKey{0, name}
	i, ok := x.index[k]
	if !ok {
		i = x.pool.Append(name)
		x.index[k] = i
	}
	return i
}
