package axml

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
)

// MaxXML is the most text, in bytes, that [WriteXML] writes for one document.
// The largest manifest seen in the wild decodes to 0.6 MB.
const MaxXML = 64 << 20

// WriteXML writes the document as XML text. See [WriteXML], the function.
func (d *Document) WriteXML(w io.Writer, name func(id uint32) (string, bool)) error {
	return WriteXML(w, d.Events(), name)
}

// WriteXML writes events as well-formed XML text, the same bytes for the same
// events: four spaces for each level, one attribute on a line if there are
// several. Attributes of the framework get the name of their id and the prefix
// "android", whatever the document calls them, and values in words where the
// framework has them (see [SymbolText]); characters that XML does not
// allow become U+FFFD; an attribute whose name occurred before in the element
// becomes a comment.
//
// name renders references: it returns "string/app_name" for 0x7f010001, which
// is then written "@string/app_name". Where it returns false, or is nil, the
// reference is written as "@0x7f010001".
//
// The error is the writer's, or of kind TooLarge if the text exceeds [MaxXML].
func WriteXML(w io.Writer, events iter.Seq[*Event], name func(id uint32) (string, bool)) error {
	if name == nil {
		name = func(uint32) (string, bool) { return "", false }
	}
	x := &xmlWriter{w: bufio.NewWriter(w), name: name}
	x.text("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n")
	var prev *Event
	for e := range events {
		if prev != nil && !x.node(prev, e) {
			break
		}
		prev = e
	}
	if prev != nil && x.err == nil {
		x.node(prev, &Event{})
	}
	if x.err != nil {
		return x.err
	}
	return x.w.Flush()
}

type xmlWriter struct {
	w       *bufio.Writer
	name    func(id uint32) (string, bool)
	n       int64
	err     error
	pending []binding // namespaces to declare at the next element
	scope   []binding
	open    []openElem
	inline  int // depth of the element whose content is written without white space; 0 if none
}

type binding struct{ prefix, uri string }

// maxBindings is the number of namespaces in scope beyond which no more are
// declared: names in further ones lose their prefix.
const maxBindings = 256

type openElem struct {
	tag   string
	scope int // length of xmlWriter.scope before the element's own bindings
}

func (x *xmlWriter) text(s string) {
	if x.err != nil {
		return
	}
	x.n += int64(len(s))
	if x.n > MaxXML {
		x.err = binread.Errorf(binread.TooLarge, "XML text", -1, "more than %d bytes", int64(MaxXML))
		return
	}
	_, x.err = x.w.WriteString(s)
}

func (x *xmlWriter) indent(depth int) {
	if x.inline == 0 {
		x.text(strings.Repeat("    ", min(depth, 64)))
	}
}

func (x *xmlWriter) newline() {
	if x.inline == 0 {
		x.text("\n")
	}
}

// node writes e; next is the event behind it.
func (x *xmlWriter) node(e, next *Event) bool {
	if e.Comment != "" {
		x.comment(e.Comment)
	}
	switch e.Kind {
	case StartNamespace:
		if len(x.pending) < maxBindings {
			x.pending = append(x.pending, binding{e.Name, e.Namespace})
		}
	case StartElement:
		x.start(e, next)
	case EndElement:
		x.end()
	case Text:
		x.text(escape(e.Value.Text(), false))
		if x.inline == 0 {
			x.text("\n")
		}
	}
	return x.err == nil
}

func (x *xmlWriter) comment(s string) {
	// Twice, because of three in a row the first time leaves two.
	s = strings.ReplaceAll(strings.ReplaceAll(clean(s), "--", "- -"), "--", "- -")
	if strings.HasSuffix(s, "-") {
		s += " "
	}
	x.indent(len(x.open))
	x.text("<!--" + s + "-->")
	x.newline()
}

func (x *xmlWriter) start(e, next *Event) {
	mark := len(x.scope)
	decls := x.declare(x.pending)
	x.pending = nil

	// Prefixes first: attributes may need bindings that nobody declared.
	tag, more := x.qualify(e.Namespace, e.Name)
	decls = append(decls, more...)
	type attr struct{ name, value string }
	attrs := make([]attr, 0, len(e.Attrs))
	seen := make(map[string]bool, len(e.Attrs))
	for i := range e.Attrs {
		a := &e.Attrs[i]
		qname, more := x.qualify(a.Canonical())
		decls = append(decls, more...)
		value := x.value(a)
		if seen[qname] {
			x.comment(" repeated: " + qname + "=" + strconv.Quote(value) + " ")
			continue
		}
		seen[qname] = true
		attrs = append(attrs, attr{qname, value})
	}
	x.indent(len(x.open))
	x.text("<" + tag)
	several := len(decls)+len(attrs) > 1 && x.inline == 0
	put := func(name, value string) {
		if several {
			x.text("\n")
			x.indent(len(x.open) + 1)
		} else {
			x.text(" ")
		}
		x.text(name + `="` + escape(value, true) + `"`)
	}
	for _, b := range decls {
		if b.prefix == "" {
			put("xmlns", b.uri)
		} else {
			put("xmlns:"+b.prefix, b.uri)
		}
	}
	for _, a := range attrs {
		put(a.name, a.value)
	}
	x.open = append(x.open, openElem{tag, mark})
	switch next.Kind {
	case EndElement:
		x.text("/>")
	default:
		x.text(">")
		if next.Kind == Text && x.inline == 0 {
			x.inline = len(x.open)
		}
		x.newline()
	}
	if next.Kind == EndElement {
		x.open[len(x.open)-1].tag = ""
	}
}

func (x *xmlWriter) end() {
	if len(x.open) == 0 {
		return
	}
	top := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	x.scope = x.scope[:top.scope]
	x.pending = nil
	if top.tag != "" {
		x.indent(len(x.open))
		x.text("</" + top.tag + ">")
	}
	if x.inline > len(x.open) {
		x.inline = 0
	}
	x.newline()
}

// declare binds the prefixes that the document declares, as far as XML allows.
func (x *xmlWriter) declare(list []binding) []binding {
	var out []binding
	for _, b := range list {
		b.prefix = xmlName(b.prefix)
		b.uri = clean(b.uri)
		if len(x.scope) >= maxBindings || b.uri == "" || strings.HasPrefix(b.prefix, "xml") || b.prefix == "android" && b.uri != AndroidNamespace {
			continue
		}
		taken := false
		for _, o := range out {
			taken = taken || o.prefix == b.prefix
		}
		if b.prefix == "_" || taken {
			continue
		}
		out = append(out, b)
		x.scope = append(x.scope, b)
	}
	return out
}

// qualify returns the prefixed name and the bindings that must be added for it.
func (x *xmlWriter) qualify(uri, name string) (string, []binding) {
	name = xmlName(name)
	uri = clean(uri)
	if uri == "" {
		return name, nil
	}
	if prefix, ok := x.prefix(uri); ok {
		return prefix + ":" + name, nil
	}
	if len(x.scope) >= maxBindings {
		return name, nil
	}
	b := binding{prefix: "android", uri: uri}
	for i := 1; uri != AndroidNamespace || x.bound(b.prefix); i++ {
		b.prefix = "ns" + strconv.Itoa(i)
		if !x.bound(b.prefix) {
			break
		}
	}
	x.scope = append(x.scope, b)
	return b.prefix + ":" + name, []binding{b}
}

// prefix returns the innermost prefix bound to uri and not hidden by a later binding.
func (x *xmlWriter) prefix(uri string) (string, bool) {
	for i := len(x.scope) - 1; i >= 0; i-- {
		if x.scope[i].uri != uri {
			continue
		}
		hidden := false
		for _, b := range x.scope[i+1:] {
			hidden = hidden || b.prefix == x.scope[i].prefix
		}
		if !hidden {
			return x.scope[i].prefix, true
		}
	}
	return "", false
}

func (x *xmlWriter) bound(prefix string) bool {
	for _, b := range x.scope {
		if b.prefix == prefix {
			return true
		}
	}
	return false
}

func (x *xmlWriter) value(a *Attr) string {
	v := a.Value
	switch v.Type {
	case restype.TypeReference, restype.TypeDynamicReference:
		if s, ok := x.name(v.Data); ok && v.Data != 0 {
			return "@" + s
		}
	case restype.TypeAttribute, restype.TypeDynamicAttribute:
		if s, ok := AttrName(v.Data); ok {
			return "?android:attr/" + s
		}
		if s, ok := x.name(v.Data); ok {
			return "?" + s
		}
	case restype.TypeNull:
		if a.HasRaw {
			return a.Raw
		}
	case restype.TypeIntDec, restype.TypeIntHex:
		if attr, ok := AttrName(a.ID); ok {
			if s, ok := SymbolText(attr, v.Data); ok {
				return s
			}
		}
	}
	return v.Text()
}

// xmlName makes s a name that XML allows: other characters become '_'.
func xmlName(s string) string {
	ok := s != ""
	for i, r := range s {
		ok = ok && nameRune(r, i == 0)
	}
	if ok {
		return s
	}
	if s == "" {
		return "_"
	}
	var b strings.Builder
	for i, r := range s {
		if !nameRune(r, false) {
			r = '_'
		}
		if i == 0 && !nameRune(r, true) {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// nameRune says whether r may stand in a name. It allows less than XML does:
// the letters on which all editions and parsers agree.
func nameRune(r rune, first bool) bool {
	switch {
	case r == '_', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return true
	case r >= 0xc0 && r <= 0xff && r != 0xd7 && r != 0xf7, r >= 0x4e00 && r <= 0x9fa5:
		return true
	}
	return !first && (r == '-' || r == '.' || r >= '0' && r <= '9')
}

// clean replaces what is not a character of XML 1.0.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r != 0xfffe && r != 0xffff {
			return r
		}
		return utf8.RuneError
	}, s)
}

var (
	textEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	attrEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;")
)

func escape(s string, attr bool) string {
	s = clean(s)
	if attr {
		return attrEscapes.Replace(s)
	}
	return textEscapes.Replace(s)
}

// String names the kind.
func (k Kind) String() string {
	switch k {
	case StartNamespace:
		return "start-namespace"
	case EndNamespace:
		return "end-namespace"
	case StartElement:
		return "start-element"
	case EndElement:
		return "end-element"
	case Text:
		return "text"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}
