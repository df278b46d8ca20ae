package signatures

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Of makes a set of rules out of structs (pointers as [Rules.Get] returns them)
// that never were a file: proposals, and single rules to be matched by
// themselves. They are taken as they are: nothing is checked but their ids.
func Of(values ...any) (*Rules, error) {
	r := &Rules{}
	for _, v := range values {
		h := header(v)
		if h == nil || h.ID == "" {
			return nil, fmt.Errorf("a rule of type %T without an id", v)
		}
		e := &entry{kind: h.Kind, id: h.ID, status: h.Status, val: v, digest: sha256.Sum256(canonical(v))}
		if e.status == "" {
			e.status = rule.StatusStable
		}
		r.entries = append(r.entries, e)
	}
	slices.SortStableFunc(r.entries, compareEntries)
	for i := 1; i < len(r.entries); i++ {
		if compareEntries(r.entries[i-1], r.entries[i]) == 0 {
			return nil, fmt.Errorf("two rules have the id %q", r.entries[i].id)
		}
	}
	r.digest = digestOf(r.entries)
	return r, nil
}

// Claim is a rule that names what a signal names.
type Claim struct {
	Rule any // pointer as [Rules.Get] returns it
	ID   string
	Kind rule.Kind
	// Key is what the rule names: the same, something wider (a package above)
	// or narrower (one below).
	Key string
	// Narrower is true if the rule names something below the signal only.
	Narrower bool
}

// Claims returns the rules that name what a signal names, or something above or
// below it: what a rule of its own for that signal would have to share. Sorted
// by rule, each once.
func (c *Compiled) Claims(s *rule.Signal) []Claim {
	var out []Claim
	x := c.x
	seen := map[uint32]bool{}
	add := func(n int32, key string, narrower bool) {
		for _, p := range x.posts(n) {
			if p.use == useKnownDomain || seen[p.rule] {
				continue
			}
			seen[p.rule] = true
			e := c.rules.entries[p.rule]
			out = append(out, Claim{Rule: e.value(), ID: e.id, Kind: e.kind, Key: key, Narrower: narrower})
		}
	}
	exact := func(sp space, key string) {
		if n := x.get(sp, key); n >= 0 {
			add(n, key, false)
		}
	}
	t, v := s.Type(), s.Value()
	switch t {
	case "code", "class", "code-ref":
		body := strings.ReplaceAll(v, ".", "/")
		x.walkPackage(body, func(n int32, _ bool) { add(n, strings.ReplaceAll(x.key(n), "/", "."), false) })
		if t == "class" {
			break
		}
		x.below(body, func(n int32) {
			if key := x.key(n); key != body {
				add(n, strings.ReplaceAll(key, "/", "."), true)
			}
		})
	case "string":
		whole := strings.TrimSuffix(v, "*")
		exact(spString, whole)
		x.prefixes(spStringPrefix, whole, func(n int32) { add(n, x.key(n)+"*", false) })
	case "endpoint":
		x.walkHost(s.Endpoint.Host, func(n int32) { add(n, x.key(n), false) })
	case "member":
		m, err := parseMember(v)
		if err != nil {
			break
		}
		exact(spMember, m.String())
		exact(spMember, m.class+"->"+m.name)
	case "activity":
		exact(spActivity, v)
		exact(spComponent, v)
	case "service":
		exact(spService, v)
		exact(spComponent, v)
	case "receiver":
		exact(spReceiver, v)
		exact(spComponent, v)
	case "provider":
		exact(spProvider, v)
		exact(spComponent, v)
	case "authority":
		exact(spAuthority, v)
	case "meta-data", "app-key":
		exact(spMetaData, v)
	case "permission":
		exact(spPermission, v)
	case "action":
		exact(spAction, v)
	case "uses-library":
		exact(spUsesLibrary, v)
	case "native":
		stem := strings.TrimSuffix(v, ".so")
		exact(spNative, v)
		x.prefixes(spNativePrefix, stem, func(n int32) { add(n, x.key(n)+"*.so", false) })
		x.prefixes(spNativeSuffix, reverse(stem), func(n int32) { add(n, "*"+reverse(x.key(n))+".so", false) })
	case "symbol":
		exact(spSymbol, v)
		x.prefixes(spSymbolPrefix, v, func(n int32) { add(n, x.key(n)+"*", false) })
	case "build-id":
		exact(spBuildID, v)
	case "file", "asset":
		if t == "asset" {
			v = "assets/" + v
		}
		exact(spFile, v)
		x.prefixes(spFilePrefix, v, func(n int32) { add(n, x.key(n)+"*", false) })
	case "resource":
		exact(spResource, v)
	case "js-module", "dart-package", "unity-assembly", "maven":
		exact(spModule, t+":"+v)
	}
	slices.SortFunc(out, func(a, b Claim) int {
		if d := kindRank(a.Kind) - kindRank(b.Kind); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// Finder returns the finder of endpoints that these rules call for.
func (c *Compiled) Finder() endpoint.Finder { return endpoint.Finder{Known: c.KnownDomain} }

// Claimants returns the products that a class belongs to by rule, whether or not
// an app carries them: those with the longest prefix, the owner first.
func (c *Compiled) Claimants(descriptor string) []*rule.SDK {
	var out []*rule.SDK
	c.x.walkPackage(descriptorBody(descriptor), func(n int32, exact bool) {
		var here []*rule.SDK
		for _, p := range c.x.posts(n) {
			if p.use == UseSignal && p.flags&flagOwns != 0 && (p.flags&flagClass == 0 || exact) {
				here = append(here, c.sdk(p.rule))
			}
		}
		if len(here) > 0 {
			out = here
		}
	})
	if own, ok := c.Owner(descriptor); ok {
		if i := slices.Index(out, own); i > 0 {
			out[0], out[i] = out[i], out[0]
		}
	}
	return out
}

// Around returns a product and the rules of others that have a say in how it
// matches, as they may own classes below its packages: with all of them, and no
// more, it matches as it does with all rules of c. The rule of its own id in c is
// left out.
func (c *Compiled) Around(s *rule.SDK) []any {
	out := []any{s}
	have := map[*rule.SDK]bool{}
	for i := 0; i < len(out); i++ {
		of := out[i].(*rule.SDK)
		for j := range of.Signals {
			sig := &of.Signals[j]
			body := strings.ReplaceAll(cmp.Or(sig.Code, sig.Class, sig.CodeRef), ".", "/")
			if body == "" {
				continue
			}
			c.x.below(body, func(n int32) {
				for _, p := range c.x.posts(n) {
					if p.use != UseSignal {
						continue
					}
					if o := c.sdk(p.rule); o != nil && o.ID != s.ID && !have[o] {
						have[o] = true
						out = append(out, o)
					}
				}
			})
		}
	}
	return out
}

// below calls visit for each key of spPackage with postings that is body or
// below it.
func (x *index) below(body string, visit func(n int32)) {
	lo, hi := int(x.spaces[spPackage]), int(x.spaces[spPackage+1])
	for i := lo + cut(hi-lo, func(i int) bool { return x.key(int32(lo+i)) >= body }); i < hi; i++ {
		key := x.key(int32(i))
		if !strings.HasPrefix(key, body) {
			break
		}
		if x.nodes[i].postNum > 0 && (len(key) == len(body) || isLabelEnd(key, len(body))) {
			visit(int32(i))
		}
	}
}

// CheckSignal says what keeps a signal from standing in a rule, "" if nothing
// does.
func CheckSignal(s *rule.Signal) string {
	if s.Endpoint != nil {
		if s.Endpoint.Host == "" && s.Endpoint.Path == "" {
			return "an endpoint needs a host or a path"
		}
		if s.Endpoint.Host != "" {
			if d := hostError(s.Endpoint.Host); d != "" {
				return d
			}
		}
		if s.Endpoint.Path != "" {
			return requestPathError(s.Endpoint.Path)
		}
		return ""
	}
	t, v := s.Type(), s.Value()
	if t == "" {
		return "nothing to look for is given"
	}
	if f := signalSyntax[t]; f != nil {
		return f(v)
	}
	return ""
}

// CheckMember says what keeps a text from naming a member, "" if nothing does.
func CheckMember(s string) string { return memberError(s) }

// CheckID says what keeps a text from being an id, "" if nothing does.
func CheckID(s string) string { return idError(s) }
