package scan

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// maxExported bounds the components that are told of one app, and maxActions
// the actions of one of them.
const (
	maxExported = 500
	maxActions  = 20
)

// exported lists what of an app others can reach, activities aside.
func exported(m *fact.Manifest, sdks []finding.SDK) []event.Component {
	var out []event.Component
	for i := range m.Components {
		c := &m.Components[i]
		switch c.Kind {
		case fact.Service, fact.Receiver, fact.Provider:
		default:
			continue
		}
		if !c.Exported || !c.Enabled || len(out) == maxExported {
			continue
		}
		x := event.Component{Kind: string(c.Kind), Class: c.Name, Permission: c.Permission, SDK: sdkOf(c.Name, sdks)}
		x.Actions = slices.Clone(c.Actions[:min(len(c.Actions), maxActions)])
		slices.Sort(x.Actions)
		x.Actions = slices.Compact(x.Actions)
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b event.Component) int {
		return strings.Compare(a.Kind+" "+a.Class, b.Kind+" "+b.Class)
	})
	return out
}

// sdkOf returns the product that a component is evidence of, or below whose
// packages its class stands: that of the longest package.
func sdkOf(class string, sdks []finding.SDK) string {
	best, id := 0, ""
	for i := range sdks {
		s := &sdks[i]
		for j := range s.Evidence {
			switch e := &s.Evidence[j]; e.Kind {
			case "service", "receiver", "provider":
				if e.Value == class {
					return s.ID
				}
			}
		}
		for _, p := range s.Packages {
			if len(p) > best && strings.HasPrefix(class, p+".") {
				best, id = len(p), s.ID
			}
		}
	}
	return id
}
