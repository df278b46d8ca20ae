package signatures

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Compiled is a set of rules made ready for matching. It is immutable and safe
// for concurrent use.
//
// Everything that a rule names is a key of one index, so that the cost of a
// look-up does not depend on how many rules there are.
type Compiled struct {
	rules *Rules
	x     *index
	// hasPaths is true if some endpoint is a path without a host.
	hasPaths bool
}

// Strengths in the flags of a posting.
const (
	strengthShift   = 6
	strengthStrong  = 0
	strengthWeak    = 1
	strengthContext = 2
)

func (p posting) strength() uint8 { return p.flags >> strengthShift }

func strengthFlag(s string) uint8 {
	switch s {
	case rule.Weak:
		return strengthWeak << strengthShift
	case rule.Context:
		return strengthContext << strengthShift
	}
	return strengthStrong << strengthShift
}

// Compile makes rules ready for matching. For the bundled rules that was done
// by go generate.
func Compile(r *Rules) (*Compiled, error) {
	r, err := r.withoutDisabled()
	if err != nil {
		return nil, err
	}
	c := &Compiled{rules: r, x: r.compiled}
	if c.x == nil {
		if c.x, err = buildIndex(r); err != nil {
			return nil, err
		}
	}
	c.hasPaths = c.x.has(spPath)
	return c, nil
}

// Rules returns the rules that were compiled.
func (c *Compiled) Rules() *Rules { return c.rules }

func buildIndex(r *Rules) (*index, error) {
	b := &indexBuilder{}
	for i, e := range r.entries {
		if err := b.rule(uint32(i), e.value()); err != nil {
			return nil, fmt.Errorf("%s: %w", e.where(), err)
		}
	}
	return b.build(), nil
}

func (b *indexBuilder) rule(n uint32, v any) error {
	post := func(use Use, item int) posting { return posting{rule: n, item: uint16(item), use: use} }
	switch v := v.(type) {
	case *rule.SDK:
		for i := range v.Signals {
			if err := b.signal(post(UseSignal, i), &v.Signals[i], v.When == nil); err != nil {
				return err
			}
		}
		for i, w := range v.Wired {
			p := post(UseWired, i)
			if err := b.member(w.Call, p); err != nil {
				return err
			}
			b.addSet(spMetaData, w.MetaData, p)
			b.addSet(spComponent, w.Component, p)
		}
		for i, s := range v.DisabledBy {
			b.addSet(spMetaData, s.MetaData, post(UseSwitch, i))
		}
		for i, ev := range v.Events {
			if err := b.member(ev.Call, post(UseEvent, i)); err != nil {
				return err
			}
		}
		for i, cl := range v.Version {
			p := post(UseVersion, i)
			if m := cmp.Or(cl.Constant, cl.Method); m != "" {
				ref, err := parseMember(m)
				if err != nil {
					return err
				}
				b.add(spDefined, ref.class, p)
			}
			if cl.Class != "" {
				b.add(spDefined, descriptor(cl.Class), p)
			}
			b.addSet(spMetaData, cl.MetaData, p)
			b.file(cl.File, p)
			b.addSet(spStringPrefix, cl.Prefix, p)
		}
		for i, k := range v.AppKeys {
			b.addSet(spMetaData, k.MetaData, post(UseAppKey, i))
			b.addSet(spResource, k.Resource, post(UseAppKey, i))
		}
	case *rule.Identifier:
		for i := range v.Sources {
			s, p := &v.Sources[i], post(UseSource, i)
			if err := b.member(s.Member, p); err != nil {
				return err
			}
			b.addSet(spString, cmp.Or(s.Setting, s.Property, s.Service, s.Action), p)
			word := p
			word.flags |= flagWord
			b.addSet(spStringPrefix, s.URI, word)
			b.addSet(spStringPrefix, s.Shell, word)
			if dir := strings.TrimSuffix(s.File, "*"); dir != s.File || strings.HasSuffix(dir, "/") {
				b.addSet(spStringPrefix, dir, p)
			} else {
				b.addSet(spString, s.File, p)
			}
		}
	case *rule.Sink:
		for i, m := range v.Members {
			if err := b.member(m, post(UseSink, i)); err != nil {
				return err
			}
		}
	case *rule.Domain:
		b.addHost(v.ID, post(useDomain, 0))
		b.knownDomain(v.ID, n)
		for i, h := range v.Hosts {
			b.addHost(h.Host, post(useDomainHost, i))
		}
	case *rule.Noise:
		for i, h := range v.Hosts {
			b.addHost(h, post(useNoiseHost, i))
		}
		for i, u := range v.URLs {
			b.addSet(spNoiseURL, u, post(useNoiseURL, i))
		}
	}
	return nil
}

// addSet adds a key that is set.
func (b *indexBuilder) addSet(sp space, key string, p posting) {
	if key != "" {
		b.add(sp, key, p)
	}
}

func (b *indexBuilder) member(s string, p posting) error {
	if s == "" {
		return nil
	}
	m, err := parseMember(s)
	if err != nil {
		return err
	}
	b.node(spMemberClass, m.class)
	b.node(spMemberName, m.name)
	b.add(spMember, m.String(), p)
	return nil
}

// knownDomain notes the registrable domain of a host that a rule names.
func (b *indexBuilder) knownDomain(host string, n uint32) {
	d := endpoint.Split(host).Domain
	if d == "" {
		return
	}
	node := b.node(spHost, d)
	for _, p := range node.posts {
		if p.use == useKnownDomain {
			return
		}
	}
	b.addHost(d, posting{rule: n, use: useKnownDomain})
}

// pattern adds a value that may end with "*".
func (b *indexBuilder) pattern(whole, prefix space, s string, p posting) {
	if pre, ok := strings.CutSuffix(s, "*"); ok {
		b.addSet(prefix, pre, p)
	} else {
		b.add(whole, s, p)
	}
}

func (b *indexBuilder) file(s string, p posting) {
	if s != "" {
		b.pattern(spFile, spFilePrefix, s, p)
	}
}

func (b *indexBuilder) signal(p posting, s *rule.Signal, exclusive bool) error {
	p.flags |= strengthFlag(s.Strength)
	t, v := s.Type(), s.Value()
	switch t {
	case "code", "class":
		p.flags |= flagOwns
		if exclusive && p.strength() == strengthStrong {
			p.flags |= flagExclusive
		}
		if t == "class" {
			p.flags |= flagClass
		}
		b.addPath(strings.ReplaceAll(v, ".", "/"), p)
	case "code-ref":
		p.flags |= flagRef
		b.addPath(strings.ReplaceAll(v, ".", "/"), p)
	case "member":
		return b.member(v, p)
	case "string":
		b.pattern(spString, spStringPrefix, v, p)
	case "endpoint":
		e := s.Endpoint
		if e.Host == "" {
			b.add(spPath, firstSegment(e.Path), p)
			break
		}
		if e.Path == "" && len(e.Query) == 0 {
			p.flags |= flagHostOnly
		}
		b.addHost(e.Host, p)
		b.knownDomain(e.Host, p.rule)
	case "activity":
		b.add(spActivity, v, p)
	case "service":
		b.add(spService, v, p)
	case "receiver":
		b.add(spReceiver, v, p)
	case "provider":
		b.add(spProvider, v, p)
	case "authority":
		b.add(spAuthority, v, p)
	case "meta-data":
		b.add(spMetaData, v, p)
	case "permission":
		b.add(spPermission, v, p)
	case "action":
		b.add(spAction, v, p)
	case "uses-library":
		b.add(spUsesLibrary, v, p)
	case "native":
		stem := strings.TrimSuffix(v, ".so")
		switch {
		case strings.HasSuffix(stem, "*"):
			b.add(spNativePrefix, strings.TrimSuffix(stem, "*"), p)
		case strings.HasPrefix(stem, "*"):
			b.add(spNativeSuffix, reverse(stem[1:]), p)
		default:
			b.add(spNative, v, p)
		}
	case "symbol":
		b.pattern(spSymbol, spSymbolPrefix, v, p)
	case "build-id":
		b.add(spBuildID, v, p)
	case "file":
		b.file(v, p)
	case "asset":
		b.file("assets/"+v, p)
	case "resource":
		b.add(spResource, v, p)
	case "js-module", "dart-package", "unity-assembly", "maven":
		b.add(spModule, t+":"+v, p)
	case "app-key":
		b.add(spMetaData, v, p)
		b.add(spResource, "string/"+v, p)
	}
	return nil
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// firstSegment returns "/a" of "/a/b".
func firstSegment(path string) string {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:1+i]
	}
	return path
}

// under reports whether path is prefix or continues it at a segment.
func under(path, prefix string) bool {
	if !strings.HasPrefix(path, prefix) {
		return false
	}
	return len(path) == len(prefix) || strings.HasSuffix(prefix, "/") || path[len(prefix)] == '/'
}

// walkPackage calls visit for each node with postings that holds the class
// name body ("com/foo/Bar$Inner"), the shortest first.
func (x *index) walkPackage(body string, visit func(n int32, exact bool)) {
	for i := 1; i <= len(body); i++ {
		if i < len(body) && !isLabelEnd(body, i) {
			continue
		}
		n := x.get(spPackage, body[:i])
		if n < 0 {
			return
		}
		if x.nodes[n].postNum > 0 {
			visit(n, i == len(body))
		}
		if !x.nodes[n].inner {
			return
		}
	}
}

// body returns the name inside the descriptor of a class or of an array of
// classes, or "".
func descriptorBody(desc string) string {
	for desc != "" && desc[0] == '[' {
		desc = desc[1:]
	}
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return ""
	}
	return desc[1 : len(desc)-1]
}

// owner picks the posting of a node that owns its code: a strong signal before
// a weak one, then the order of rules. held says which rules count.
func (x *index) owner(n int32, held func(rule uint32) bool) (posting, bool) {
	var best posting
	found := false
	for _, p := range x.posts(n) {
		if p.use != UseSignal || p.flags&flagOwns == 0 || !held(p.rule) {
			continue
		}
		if !found || p.strength() < best.strength() {
			best, found = p, true
		}
	}
	return best, found
}

// Owner returns the product whose rule claims the class, by the longest prefix
// (a class that is named itself is the longest); inner classes belong to their
// outer one. Whether the app carries that product is another question: see
// [Matches.Owner].
func (c *Compiled) Owner(descriptor string) (*rule.SDK, bool) {
	var best posting
	found := false
	c.x.walkPackage(descriptorBody(descriptor), func(n int32, exact bool) {
		if p, ok := c.x.owner(n, func(uint32) bool { return true }); ok {
			best, found = p, true
		}
	})
	if !found {
		return nil, false
	}
	return c.sdk(best.rule), true
}

func (c *Compiled) sdk(n uint32) *rule.SDK {
	v, _ := c.rules.entries[n].value().(*rule.SDK)
	return v
}

// DomainInfo is what the rules know of a host.
type DomainInfo struct {
	Domain *rule.Domain
	// Host is the longest host of the rule that the host is or is below; nil
	// if the rule names none such.
	Host *rule.Host
	// Vendor is nil if no rule describes it.
	Vendor *rule.Vendor
}

// Domain looks a host up by its labels: the rule of the longest domain that it
// is or is below. The host is in lower case, in its ASCII form.
func (c *Compiled) Domain(host string) (DomainInfo, bool) {
	var info DomainInfo
	c.x.walkHost(host, func(n int32) {
		for _, p := range c.x.posts(n) {
			switch p.use {
			case useDomain:
				info = DomainInfo{Domain: c.rules.entries[p.rule].value().(*rule.Domain)}
			case useDomainHost:
				d := c.rules.entries[p.rule].value().(*rule.Domain)
				if info.Domain == d {
					info.Host = &d.Hosts[p.item]
				}
			}
		}
	})
	if info.Domain == nil {
		return info, false
	}
	info.Vendor = c.rules.Vendor(info.Domain.Vendor)
	return info, true
}

// KnownDomain reports whether a rule names this registrable domain, or a host
// below it, as one that a service uses.
func (c *Compiled) KnownDomain(domain string) bool {
	n := c.x.get(spHost, domain)
	if n < 0 {
		return false
	}
	for _, p := range c.x.posts(n) {
		if p.use == useKnownDomain {
			return true
		}
	}
	return false
}

// HostProducts returns the products that name the host, or one that it is
// below, by itself as theirs: by the rule of its domain, or by an endpoint
// signal without a path. The longest host comes first.
func (c *Compiled) HostProducts(host string) []*rule.SDK {
	var out []*rule.SDK
	add := func(s *rule.SDK) {
		if s == nil {
			return
		}
		for _, o := range out {
			if o == s {
				return
			}
		}
		out = append(out, s)
	}
	var hits []posting
	c.x.walkHost(host, func(n int32) { hits = append(c.x.posts(n), hits...) })
	for _, p := range hits {
		switch {
		case p.use == useDomainHost:
			add(c.rules.SDK(c.rules.entries[p.rule].value().(*rule.Domain).Hosts[p.item].SDK))
		case p.use == UseSignal && p.flags&flagHostOnly != 0 && p.strength() != strengthContext:
			add(c.sdk(p.rule))
		}
	}
	return out
}

// Noise returns the rule that says why an endpoint says nothing: by the
// beginning of its URL (empty for a bare host), or by its host.
func (c *Compiled) Noise(url, host string) (*rule.Noise, bool) {
	var found *rule.Noise
	if c.x.mayStart(spNoiseURL, url) {
		c.x.prefixes(spNoiseURL, url, func(n int32) {
			for _, p := range c.x.posts(n) {
				found = c.rules.entries[p.rule].value().(*rule.Noise)
			}
		})
	}
	if found != nil {
		return found, true
	}
	c.x.walkHost(host, func(n int32) {
		for _, p := range c.x.posts(n) {
			switch p.use {
			case useNoiseHost:
				found = c.rules.entries[p.rule].value().(*rule.Noise)
			case useDomain, useDomainHost:
				found = nil // a longer host that somebody owns is no noise
			}
		}
	})
	return found, found != nil
}

// walkHost calls visit for each node with postings that is host or a parent
// of it, the shortest first.
func (x *index) walkHost(host string, visit func(n int32)) {
	host = strings.TrimSuffix(host, ".")
	for i := len(host) - 1; i >= 0; i-- {
		if i > 0 && host[i-1] != '.' {
			continue
		}
		n := x.get(spHost, host[i:])
		if n < 0 {
			return
		}
		if x.nodes[n].postNum > 0 {
			visit(n)
		}
		if !x.nodes[n].inner {
			return
		}
	}
}
