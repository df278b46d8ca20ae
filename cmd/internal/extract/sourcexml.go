package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// The XML of libraries is text: it is compiled when an app is built.

// maxXMLDepth bounds the nesting of elements.
const maxXMLDepth = 256

// sourceHead is how many bytes from the start isSource can make use of.
const sourceHead = 64

// isSource reports whether a file is XML as people write it, in an encoding
// that has ASCII's letters where ASCII has them.
func isSource(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n"), []byte("<"))
}

const byteOrderMark = "\xef\xbb\xbf"

// sourceXML yields the tokens of XML text up to what cannot be read, and then
// the reason. Entities of its own, which no library uses, are left as they are.
func sourceXML(data []byte) iter.Seq2[xml.Token, error] {
	return func(yield func(xml.Token, error) bool) {
		d := xml.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(bytes.TrimPrefix(data, []byte(byteOrderMark)), []byte("\ufffd"))))
		d.Strict = false
		d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
		depth := 0
		for {
			off := d.InputOffset()
			t, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, binread.Errorf(binread.Malformed, "XML text", off, "%v", err))
				return
			}
			switch t.(type) {
			case xml.StartElement:
				if depth++; depth > maxXMLDepth {
					yield(nil, binread.Errorf(binread.TooLarge, "XML text", off, "elements are nested more than %d deep", maxXMLDepth))
					return
				}
			case xml.EndElement:
				depth--
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

// openManifest reads a manifest in binary form, or as a library has it.
func openManifest(data []byte, res manifest.Resolver) (*manifest.Manifest, error) {
	if !isSource(data) {
		return manifest.Open(data, res)
	}
	var broken error
	m, err := manifest.Parse(sourceEvents(data, &broken), nil)
	if broken != nil {
		err = broken
	}
	return m, err
}

const toolsNamespace = "http://schemas.android.com/tools"

// sourceEvents turns XML text into the events of binary XML. Elements that the
// text takes out of other manifests are left out. What ends it early is put
// into broken.
func sourceEvents(data []byte, broken *error) iter.Seq[*axml.Event] {
	return func(yield func(*axml.Event) bool) {
		removed := 0 // depth inside an element that is taken out
		for t, err := range sourceXML(data) {
			if err != nil {
				*broken = err
				return
			}
			e := &axml.Event{}
			switch t := t.(type) {
			case xml.StartElement:
				if removed > 0 || removes(t) {
					removed++
					continue
				}
				e.Kind, e.Namespace, e.Name = axml.StartElement, t.Name.Space, t.Name.Local
				for _, a := range t.Attr {
					if a, ok := sourceAttr(a); ok {
						e.Attrs = append(e.Attrs, a)
					}
				}
				if t.Name.Local == "meta-data" {
					valueOfResource(e)
				}
			case xml.EndElement:
				if removed > 0 {
					removed--
					continue
				}
				e.Kind, e.Namespace, e.Name = axml.EndElement, t.Name.Space, t.Name.Local
			default:
				continue
			}
			if !yield(e) {
				return
			}
		}
	}
}

func removes(t xml.StartElement) bool {
	return slices.ContainsFunc(t.Attr, func(a xml.Attr) bool {
		return a.Name.Local == "node" && (a.Name.Space == toolsNamespace || a.Name.Space == "tools") && strings.HasPrefix(a.Value, "remove")
	})
}

// sourceAttr types an attribute as far as readers of a manifest need. What
// refers to a resource stays the text of the reference.
func sourceAttr(a xml.Attr) (axml.Attr, bool) {
	out := axml.Attr{Namespace: a.Name.Space, Name: a.Name.Local, Value: restype.Value{Type: restype.TypeString, Str: a.Value}}
	switch a.Name.Space {
	case "":
		return out, a.Name.Local != "xmlns"
	case axml.AndroidNamespace, "android":
		out.Namespace = axml.AndroidNamespace
	default:
		return out, false
	}
	out.ID, _ = axml.AttrID(a.Name.Local)
	switch {
	case a.Value == "@null":
		out.Value = restype.Value{Type: restype.TypeReference}
	case strings.HasPrefix(a.Value, "@bool/"), strings.HasPrefix(a.Value, "@integer/"):
		// Nobody knows; a text would be taken for false.
		return out, false
	default:
		if n, flags, ok := axml.SymbolValue(a.Name.Local, a.Value); ok {
			out.Value = restype.Value{Type: restype.TypeIntDec, Data: n}
			if flags {
				out.Value.Type = restype.TypeIntHex
			}
		}
	}
	return out, true
}

// valueOfResource lets android:resource of a meta-data stand for its value: it
// names a resource here, and has no number yet.
func valueOfResource(e *axml.Event) {
	value, _ := axml.AttrID("value")
	resource, _ := axml.AttrID("resource")
	if _, ok := e.Attr(value); ok {
		return
	}
	if a, ok := e.Attr(resource); ok {
		e.Attrs = append(e.Attrs, axml.Attr{ID: value, Namespace: axml.AndroidNamespace, Name: "value", Value: a.Value})
	}
}

// sourceText yields the strings of a manifest or resource of a library: string
// resources under their names, of all else the values of attributes and text.
func sourceText(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	data, err := s.e.Read(budget)
	if err != nil {
		return true, err
	}
	typ, _, _ := strings.Cut(path.Base(path.Dir(s.e.RawName)), "-")
	name := ""
	emit := func(v string) bool {
		v = strings.TrimSpace(v)
		if v == "" || name == "" && typ == "values" { // numbers, styles, names
			return true
		}
		t := fact.Text{Unit: s.unit, Kind: fact.TextXML, Off: -1, Value: v}
		if name != "" {
			t.Kind, t.Name = fact.TextResource, name
		}
		return yield(t)
	}
	if strings.HasPrefix(s.e.RawName, "res/") && typ != "values" {
		// The file itself is a resource.
		file := fact.Text{Unit: s.unit, Kind: fact.TextResource, Off: -1, Value: s.e.RawName}
		file.Name = typ + "/" + strings.TrimSuffix(path.Base(s.e.RawName), ".xml")
		if !yield(file) {
			return false, nil
		}
	}
	var text strings.Builder
	var open []string // names of resources that the open elements are
	flush := func() bool {
		v := text.String()
		text.Reset()
		return emit(v)
	}
	for t, err := range sourceXML(data) {
		if err != nil {
			return flush(), err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if name == "" && !flush() {
				return false, nil
			}
			open = append(open, name)
			if n := resourceName(t); n != "" && typ == "values" && name == "" {
				name = n
			}
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || name != "" {
					continue
				}
				if !emit(a.Value) {
					return false, nil
				}
			}
		case xml.EndElement:
			outer := open[len(open)-1]
			if (outer == "" || t.Name.Local == "item") && !flush() {
				return false, nil
			}
			name, open = outer, open[:len(open)-1]
		case xml.CharData:
			text.Write(t)
		}
	}
	return flush(), nil
}

// resourceName returns the name under which an element of a values file is a
// resource of text.
func resourceName(t xml.StartElement) string {
	name, typ := "", t.Name.Local
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "name":
			name = a.Value
		case "type":
			if typ == "item" {
				typ = a.Value
			}
		}
	}
	switch typ {
	case "string", "plurals":
	case "string-array", "array":
		typ = "array"
	default:
		return ""
	}
	if name == "" {
		return ""
	}
	return typ + "/" + name
}
