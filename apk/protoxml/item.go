package protoxml

import (
	"math"
	"strings"

	"github.com/telltale-apk/telltale/apk/internal/wire"
	"github.com/telltale-apk/telltale/apk/restype"
)

// item is aapt.pb.Item: the value of an attribute or a resource.
type item struct {
	value restype.Value
	// name is what a reference without an id names: "string/app_name".
	name string
	off  int64 // of the string in the file
	// spans are the tags of a styled text, which may hold links.
	spans []span
}

type span struct {
	tag string
	off int64
}

// readItem reads an aapt.pb.Item. What it has of no known kind is a null value.
func readItem(m *wire.Message) item {
	var x item
	for m.Next() {
		switch m.Num {
		case 1: // Reference
			x.reference(m.Sub())
		case 2, 3, 4: // String, RawString, StyledString
			x.text(m.Sub())
		case 5: // FileReference: a path in the APK, as a string in a table
			x.text(m.Sub())
		case 6: // Id: declares a name and holds nothing
			x.value = restype.Value{Type: restype.TypeIntBool}
		case 7:
			x.value = readPrimitive(m.Sub())
		}
	}
	return x
}

func (x *item) reference(m *wire.Message) {
	attribute, dynamic := false, false
	var id uint32
	for m.Next() {
		switch m.Num {
		case 1:
			attribute = m.Uint() == 1
		case 2:
			id = m.Uint32()
		case 3:
			x.name = m.Text()
		case 5:
			for b := m.Sub(); b.Next(); {
				dynamic = b.Num == 1 && b.Uint() != 0
			}
		}
	}
	x.value = restype.Value{Type: restype.TypeReference, Data: id}
	switch {
	case attribute && dynamic:
		x.value.Type = restype.TypeDynamicAttribute
	case attribute:
		x.value.Type = restype.TypeAttribute
	case dynamic:
		x.value.Type = restype.TypeDynamicReference
	}
	if id != 0 {
		x.name = ""
	}
}

// text reads String, RawString, StyledString and FileReference, all of which
// have their text in field 1; spans are field 2 of a styled one.
func (x *item) text(m *wire.Message) {
	x.value = restype.Value{Type: restype.TypeString}
	x.off = m.Off
	for m.Next() {
		switch {
		case m.Num == 1 && m.IsMessage():
			x.value.Str, x.off = m.Text(), m.Off
		case m.Num == 2 && m.IsMessage():
			for s := m.Sub(); s.Next(); {
				if s.Num == 1 && s.IsMessage() {
					x.spans = append(x.spans, span{s.Text(), s.Off})
				}
			}
		}
	}
}

func readPrimitive(m *wire.Message) restype.Value {
	var v restype.Value
	for m.Next() {
		switch {
		case m.Num == 1 && !m.IsMessage(): // old: type and data
			v.Type = restype.ValueType(m.Uint())
		case m.Num == 2 && !m.IsMessage():
			v.Data = m.Uint32()
		case m.Num == 1:
			v = restype.Value{}
		case m.Num == 2: // "@empty"
			v = restype.Value{Data: 1}
		case m.Num == 8:
			v = restype.Value{Type: restype.TypeIntBool}
			if m.Uint() != 0 {
				v.Data = math.MaxUint32
			}
		default: // all others hold their data as it is
			if t := primitive(int32(m.Num)); t != restype.TypeNull {
				v = restype.Value{Type: t, Data: m.Uint32()}
			}
		}
	}
	if v.Type == restype.TypeString { // an index into a pool that is not there
		v = restype.Value{}
	}
	return v
}

// primitive returns the type of a field of aapt.pb.Primitive.
func primitive(num int32) restype.ValueType {
	switch num {
	case 3:
		return restype.TypeFloat
	case 4, 13: // the former until 2018
		return restype.TypeDimension
	case 5, 14:
		return restype.TypeFraction
	case 6:
		return restype.TypeIntDec
	case 7:
		return restype.TypeIntHex
	case 9:
		return restype.TypeColorARGB8
	case 10:
		return restype.TypeColorRGB8
	case 11:
		return restype.TypeColorARGB4
	case 12:
		return restype.TypeColorRGB4
	}
	return restype.TypeNull
}

// localName cuts the package off the name of a resource: only those of the
// app's own are looked up by name.
func localName(name string) (typ, entry string, ok bool) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "@"), "+")
	pkg, rest, has := strings.Cut(name, ":")
	if !has {
		rest = name
	} else if pkg == "android" {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}
