package manifest

import (
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/binread"
)

// NetworkSecurity is a network security configuration, as read by
// android.security.net.config.XmlConfigSource (frameworks/base).
type NetworkSecurity struct {
	Base    *NetworkRules  // base-config; nil if there is none
	Debug   *NetworkRules  // debug-overrides: for debuggable apps only; nil if there is none
	Domains []DomainConfig // in the order of the file, outer before inner
}

// DomainConfig is a domain-config: rules for some domains.
type DomainConfig struct {
	Domains []Domain
	NetworkRules
	// Parent is the index of the domain-config around it, -1 if there is none.
	Parent int
}

// Domain is a domain element.
type Domain struct {
	Name              string // host, lower case, without white space around it
	IncludeSubdomains bool
}

// NetworkRules is what a configuration says of connections.
type NetworkRules struct {
	// Cleartext is cleartextTrafficPermitted; absent, it comes from the
	// configuration around this one, the base, and at last the release's default.
	Cleartext Flag
	Anchors   []TrustAnchor
	Pins      []Pin
	PinExpiry string // "yyyy-MM-dd"; "" if the pins do not expire
}

// TrustAnchor is a certificates element.
type TrustAnchor struct {
	Source       string // "system", "user", or the path or name of a resource
	OverridePins bool
}

// Pin is the digest of a public key that a domain must show.
type Pin struct{ Digest, Value string }

// OpenNetworkSecurity reads a binary network security configuration.
func OpenNetworkSecurity(data []byte, r Resolver) (*NetworkSecurity, error) {
	doc, err := axml.Open(data)
	if err != nil {
		return nil, err
	}
	return ParseNetworkSecurity(doc.Events(), r)
}

// ParseNetworkSecurity reads a network security configuration from events. r
// names the resources that certificates come from; it may be nil.
func ParseNetworkSecurity(events iter.Seq[*axml.Event], r Resolver) (*NetworkSecurity, error) {
	root := tree(events)
	if root == nil || root.Name != "network-security-config" {
		return nil, binread.Errorf(binread.Malformed, "network security config", -1,
			"the root element is not network-security-config")
	}
	n := &netParser{res: r, out: &NetworkSecurity{}}
	for _, e := range root.children {
		switch e.Name {
		case "base-config":
			if n.out.Base == nil {
				rules := n.rules(e)
				n.out.Base = &rules
			}
		case "debug-overrides":
			if n.out.Debug == nil {
				rules := n.rules(e)
				n.out.Debug = &rules
			}
		case "domain-config":
			n.domains(e, -1, 0)
		}
	}
	return n.out, nil
}

type netParser struct {
	res Resolver
	out *NetworkSecurity
}

// maxNesting bounds domain-configs inside one another.
const maxNesting = 64

func (n *netParser) domains(e *element, parent, depth int) {
	if depth == maxNesting {
		return
	}
	index := len(n.out.Domains)
	n.out.Domains = append(n.out.Domains, DomainConfig{Parent: parent, NetworkRules: n.rules(e)})
	for _, c := range e.children {
		switch c.Name {
		case "domain":
			n.out.Domains[index].Domains = append(n.out.Domains[index].Domains, Domain{
				Name:              strings.ToLower(strings.TrimSpace(string(c.text))),
				IncludeSubdomains: n.flag(c, "includeSubdomains").Or(false),
			})
		case "domain-config":
			n.domains(c, index, depth+1)
		}
	}
}

func (n *netParser) rules(e *element) NetworkRules {
	rules := NetworkRules{Cleartext: n.flag(e, "cleartextTrafficPermitted")}
	for _, c := range e.children {
		switch c.Name {
		case "trust-anchors":
			for _, cert := range c.children {
				if cert.Name == "certificates" {
					rules.Anchors = append(rules.Anchors, TrustAnchor{
						Source:       n.str(cert, "src"),
						OverridePins: n.flag(cert, "overridePins").Or(false),
					})
				}
			}
		case "pin-set":
			rules.PinExpiry = n.str(c, "expiration")
			for _, pin := range c.children {
				if pin.Name == "pin" {
					rules.Pins = append(rules.Pins, Pin{n.str(pin, "digest"), strings.TrimSpace(string(pin.text))})
				}
			}
		}
	}
	return rules
}

// attr returns the attribute without namespace that has the given name; these
// files have no resource map.
func (n *netParser) attr(e *element, name string) (*axml.Attr, bool) {
	for i := range e.Attrs {
		if e.Attrs[i].Name == name && e.Attrs[i].Namespace == "" {
			return &e.Attrs[i], true
		}
	}
	return nil, false
}

func (n *netParser) flag(e *element, name string) Flag {
	a, ok := n.attr(e, name)
	if !ok {
		return Flag{}
	}
	v := a.Value
	if id, isRef := v.IsRef(); isRef {
		if n.res == nil {
			return Flag{}
		}
		if v, ok = n.res.Lookup(id); !ok {
			return Flag{}
		}
	}
	return Flag{Set: true, Value: v.Bool(false)}
}

func (n *netParser) str(e *element, name string) string {
	a, ok := n.attr(e, name)
	if !ok {
		return ""
	}
	if id, isRef := a.Value.IsRef(); isRef && n.res != nil {
		if v, ok := n.res.Lookup(id); ok {
			return v.Text()
		}
		if s, ok := n.res.Name(id); ok {
			return "@" + s
		}
	}
	return a.Value.Text()
}
