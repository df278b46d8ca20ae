package signatures

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// element is one element of a piece of a manifest: its attributes by name,
// without the namespace.
type element struct {
	name     string
	attrs    map[string]string
	children []*element
}

// snippetElements are those that a rule can ask for, or that hold such.
var snippetElements = []string{
	"manifest", "application", "activity", "activity-alias", "service", "receiver", "provider",
	"meta-data", "intent-filter", "action", "category", "data", "uses-permission", "permission", "uses-library", "queries", "intent",
}

// snippet reads a piece of AndroidManifest.xml in text form.
func snippet(text string) ([]*element, error) {
	if text == "" {
		return nil, nil
	}
	root := &element{}
	open := []*element{root}
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the piece of a manifest is not XML: %w", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !slices.Contains(snippetElements, tok.Name.Local) {
				return nil, fmt.Errorf("<%s> says nothing to a rule; leave it out", tok.Name.Local)
			}
			if len(open) > maxDepth {
				return nil, fmt.Errorf("elements are nested deeper than %d", maxDepth)
			}
			e := &element{name: tok.Name.Local, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			up := open[len(open)-1]
			up.children = append(up.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
	if len(root.children) == 0 {
		return nil, errors.New("the piece of a manifest has no element")
	}
	return root.children, nil
}

// element adds what a piece of a manifest declares. "${applicationId}" is the
// example's package, and names that begin with a dot stand below it.
func (b *exampleApp) element(e *element) {
	value := func(name string) string {
		v := strings.ReplaceAll(e.attrs[name], "${applicationId}", examplePackage)
		if name == "name" && strings.HasPrefix(v, ".") {
			v = examplePackage + v
		}
		return v
	}
	switch e.name {
	case "manifest", "application":
		for _, c := range e.children {
			b.element(c)
		}
	case "activity", "activity-alias", "service", "receiver", "provider":
		c := b.Component(fact.ComponentKind(e.name), value("name"))
		c.Target = value("targetActivity")
		c.Enabled = e.attrs["enabled"] != "false"
		if a := value("authorities"); a != "" {
			c.Authorities = strings.Split(a, ";")
		}
		for _, child := range e.children {
			switch child.name {
			case "meta-data":
				c.MetaData = append(c.MetaData, fact.MetaData{Name: child.attrs["name"], Value: child.attrs["value"]})
			case "intent-filter":
				c.Actions = append(c.Actions, actions(child)...)
			}
		}
	case "meta-data":
		b.MetaData(value("name"), value("value"))
	case "uses-permission":
		b.Permission(value("name"))
	case "permission":
		b.Manifest().DeclaredPermissions = append(b.Manifest().DeclaredPermissions, value("name"))
	case "uses-library":
		b.Manifest().UsesLibraries = append(b.Manifest().UsesLibraries, value("name"))
	case "queries":
		for _, c := range e.children {
			b.Manifest().QueriesActions = append(b.Manifest().QueriesActions, actions(c)...)
		}
	}
}

// actions lists the actions of an intent filter.
func actions(e *element) []string {
	var out []string
	for _, c := range e.children {
		if c.name == "action" {
			out = append(out, c.attrs["name"])
		}
	}
	return out
}
