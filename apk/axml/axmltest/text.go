package axmltest

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/restype"
)

// Parse makes a tree of XML text. Attributes in the android namespace get
// their ids; their values are typed as aapt2 does: references by refs,
// booleans, integers, flags and enums by name where the attribute has such.
// Other attributes are strings. White space around elements is dropped.
func Parse(text string, refs map[string]uint32) *Element {
	root, err := parse(text, refs)
	if err != nil {
		panic("axmltest: " + err.Error())
	}
	return root
}

func parse(text string, refs map[string]uint32) (*Element, error) {
	dec := xml.NewDecoder(strings.NewReader(text))
	var root *Element
	var open []*Element
	for {
		line, _ := dec.InputPos()
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if root == nil {
				return nil, errors.New("no element")
			}
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &Element{Namespace: tok.Name.Space, Name: tok.Name.Local, Line: line}
			for _, a := range tok.Attr {
				if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
					continue
				}
				attr, err := attribute(a, refs)
				if err != nil {
					return nil, err
				}
				e.Attrs = append(e.Attrs, attr)
			}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.Children = append(parent.Children, e)
			} else {
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if s := string(tok); len(open) > 0 && strings.TrimSpace(s) != "" {
				parent := open[len(open)-1]
				parent.Children = append(parent.Children, Text(s))
			}
		}
	}
}

func attribute(a xml.Attr, refs map[string]uint32) (Attr, error) {
	attr := Attr{Namespace: a.Name.Space, Name: a.Name.Local}
	if a.Name.Space != axml.AndroidNamespace {
		attr.Value = Str(a.Value)
		if strings.HasPrefix(a.Value, "@") {
			v, err := reference(a.Value, refs)
			attr.Value = v
			return attr, err
		}
		return attr, nil
	}
	id, ok := axml.AttrID(a.Name.Local)
	if !ok {
		return attr, errors.New("the framework has no attribute " + a.Name.Local)
	}
	attr.ID = id
	var err error
	attr.Value, err = value(a.Name.Local, a.Value, refs)
	return attr, err
}

func reference(s string, refs map[string]uint32) (restype.Value, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(s, "@"), "+")
	if name == "null" {
		return Ref(0), nil
	}
	if id, ok := refs[name]; ok {
		return Ref(id), nil
	}
	if id, err := strconv.ParseUint(name, 0, 32); err == nil {
		return Ref(uint32(id)), nil
	}
	return restype.Value{}, errors.New("unknown reference " + s)
}

func value(name, s string, refs map[string]uint32) (restype.Value, error) {
	if strings.HasPrefix(s, "@") {
		return reference(s, refs)
	}
	if stringAttrs[name] {
		return Str(s), nil
	}
	if n, flags, ok := axml.SymbolValue(name, s); ok && flags {
		return Hex(n), nil
	} else if ok {
		return Int(int32(n)), nil
	}
	switch s {
	case "true", "TRUE", "True":
		return Bool(true), nil
	case "false", "FALSE", "False":
		return Bool(false), nil
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return Int(int32(n)), nil
	}
	if strings.HasPrefix(s, "0x") {
		if n, err := strconv.ParseUint(s[2:], 16, 32); err == nil {
			return Hex(uint32(n)), nil
		}
	}
	if f, err := strconv.ParseFloat(s, 32); err == nil && strings.Trim(s, "+-.0123456789") == "" {
		return restype.Value{Type: restype.TypeFloat, Data: math.Float32bits(float32(f))}, nil
	}
	return Str(s), nil
}

// stringAttrs are attributes whose only format is string, so that "7" in them
// is no number.
var stringAttrs = set(`
	appComponentFactory authorities backupAgent certDigest compileSdkVersionCodename enableVrMode host label
	manageSpaceActivity mimeGroup mimeType name parentActivityName path pathAdvancedPattern pathPattern pathPrefix
	pathSuffix permission permissionGroup port process readPermission requiredAccountType requiredSplitTypes
	restrictedAccountType scheme sharedUserId splitName splitTypes ssp sspPattern sspPrefix tag targetActivity
	targetPackage taskAffinity versionName writePermission zygotePreloadName`)

func set(names string) map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(names) {
		m[name] = true
	}
	return m
}
