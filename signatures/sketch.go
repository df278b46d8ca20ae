package signatures

import (
	"io"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// A sketch tells which rules can have nothing to do with an app, without its
// facts: a Bloom filter over all that a rule could name in it. Whoever holds a
// thousand apps against one rule looks at the sketches first.

// SketchVersion is counted up when sketches change, so that old ones are made
// anew.
const SketchVersion = 1

// Kinds of what is in a sketch.
const (
	skPackage byte = iota // "com/foo" and every other beginning of a type, at its labels
	skString              // a whole string of code or of a text
	skName                // a name of manifest, files, libraries, modules, resources
	skPrefix              // the first 4, 8, 16 and 32 bytes of strings and names
	skHost                // a host and those above it, of two labels at least
	skStart               // beginnings of the stems of native libraries, of any length
	skEnd                 // and ends
)

// prefixLengths are the beginnings of strings that are in a sketch.
var prefixLengths = [...]int{4, 8, 16, 32}

const (
	sketchBlock  = 64 // bytes: the bits of one key stand in one block
	sketchProbes = 6
	sketchBits   = 12 // by key
)

func sketchHash[T string | []byte](kind byte, s T) uint64 {
	h := uint64(kind)*hashK1 ^ uint64(len(s))*hashK0
	i := 0
	for ; i+8 <= len(s); i += 8 {
		v := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		h = mix(h^v, hashK0)
	}
	var v uint64
	for j := 0; i < len(s); i, j = i+1, j+8 {
		v |= uint64(s[i]) << j
	}
	return mix(h^v^hashK1, hashK0)
}

// sketcher collects the keys of an app.
type sketcher struct {
	seen   map[uint64]struct{}
	finder endpoint.Finder
	found  []endpoint.Endpoint
}

// Sketch returns the sketch of an app's facts: a multiple of 64 bytes.
func Sketch(set *fact.Set) []byte {
	s := &sketcher{seen: map[uint64]struct{}{}, finder: endpoint.Finder{Text: true}}
	for _, u := range set.Units {
		last := ""
		for i := range u.NumTypes() {
			last = s.class(descriptorBody(u.Type(uint32(i))), last)
		}
		for i := range u.NumStrings() {
			s.text(u.String(uint32(i)))
		}
	}
	s.manifest(&set.App.Manifest)
	s.files(&set.App)
	if set.Texts != nil {
		unit := ""
		for t := range set.Texts() {
			if t.Unit != unit {
				unit = t.Unit
				s.name(inner(unit))
			}
			if t.Kind == fact.TextResource && t.Name != "" {
				name := t.Name[strings.LastIndexByte(t.Name, ':')+1:]
				if strings.IndexByte(name, '/') < 0 {
					name = "string/" + name
				}
				s.name(name)
			}
			if t.Kind == fact.TextNative && isClassPath(t.Value) {
				s.class(t.Value, "")
			}
			s.text(t.Value)
		}
	}
	blocks := (len(s.seen)*sketchBits + 8*sketchBlock - 1) / (8 * sketchBlock)
	out := make([]byte, max(blocks, 1)*sketchBlock)
	for h := range s.seen {
		b := out[sketchBlockOf(h, len(out)/sketchBlock)*sketchBlock:]
		for i := range sketchProbes {
			bit := h >> (9 * i) & 511
			b[bit>>3] |= 1 << (bit & 7)
		}
	}
	return out
}

// sketchBlockOf picks a block by bits that the probes do not use much.
func sketchBlockOf(h uint64, blocks int) int {
	return int((h * hashK1 >> 32) * uint64(blocks) >> 32)
}

func (s *sketcher) add(kind byte, key string) { s.seen[sketchHash(kind, key)] = struct{}{} }

// class adds the beginnings of a class name that the last one does not share.
func (s *sketcher) class(body, last string) string {
	if body == "" {
		return last
	}
	same := 0
	for same < len(body) && same < len(last) && body[same] == last[same] {
		same++
	}
	for i := max(same, 1); i <= len(body); i++ {
		if i == len(body) || isLabelEnd(body, i) {
			s.add(skPackage, body[:i])
		}
	}
	return body
}

func (s *sketcher) prefixes(text string) {
	for _, n := range prefixLengths {
		if len(text) < n {
			break
		}
		s.add(skPrefix, text[:n])
	}
}

func (s *sketcher) name(name string) {
	if name != "" {
		s.add(skName, name)
		s.prefixes(name)
	}
}

// pattern adds a name that rules may write with "*" for the application id.
func (s *sketcher) pattern(name, pkg string) {
	s.add(skName, name)
	if rest, ok := strings.CutPrefix(name, pkg); ok && pkg != "" && rest != "" {
		s.add(skName, "*"+rest)
	}
	for i := 1; i < len(name); i++ {
		if name[i] == '.' {
			s.add(skName, "*"+name[i:])
		}
	}
}

func (s *sketcher) text(text string) {
	if text == "" {
		return
	}
	s.add(skString, text)
	s.prefixes(text)
	for low := 0; low < len(text); { // as literals.mayName does
		dot := strings.IndexByte(text[low:], '.')
		if dot < 0 {
			break
		}
		end := low + dot + 1
		for end < len(text) && isHostByte(text[end]) {
			end++
		}
		stop := end
		for stop > low && text[stop-1] == '.' {
			stop--
		}
		start := low + dot
		for start > low && isHostByte(text[start-1]) {
			start--
		}
		s.host(text[start:stop])
		low = end
	}
	if strings.Contains(text, "://") {
		s.found = s.finder.Append(s.found[:0], text)
		for i := range s.found {
			s.host(strings.TrimPrefix(s.found[i].Host, "*."))
		}
	}
}

func (s *sketcher) host(host string) {
	if len(host) > 253 {
		host = host[len(host)-253:]
	}
	if tld := len(host) - 1 - strings.LastIndexByte(host, '.'); tld == 0 || tld > 63 || tld == len(host) {
		return
	}
	host = strings.ToLower(host)
	dots := 0
	for i := len(host) - 1; i >= 0; i-- {
		if host[i] == '.' {
			if dots++; dots > 1 {
				s.add(skHost, host[i+1:])
			}
		}
	}
	s.add(skHost, host)
}

func (s *sketcher) manifest(mf *fact.Manifest) {
	pkg := mf.Package
	meta := func(list []fact.MetaData) {
		for _, d := range list {
			s.name(d.Name)
		}
	}
	meta(mf.MetaData)
	for i := range mf.Components {
		c := &mf.Components[i]
		s.name(c.Name)
		s.name(c.Target)
		for _, a := range c.Authorities {
			s.pattern(a, pkg)
		}
		for _, a := range c.Actions {
			s.pattern(a, pkg)
		}
		meta(c.MetaData)
	}
	for _, p := range mf.Permissions {
		s.pattern(p.Name, pkg)
	}
	for _, list := range [][]string{mf.DeclaredPermissions, mf.QueriesActions} {
		for _, p := range list {
			s.pattern(p, pkg)
		}
	}
	for _, list := range [][]string{mf.UsesLibraries, mf.StaticLibraries} {
		for _, l := range list {
			s.name(l)
		}
	}
}

func (s *sketcher) files(app *fact.App) {
	for _, m := range app.Modules {
		s.name(string(m.Kind) + ":" + m.Name)
	}
	for i := range app.Libs {
		l := &app.Libs[i]
		s.native(l.Name)
		s.name(l.BuildID)
		for _, sym := range l.Symbols {
			s.name(sym)
			if class, _, ok := fact.JNIName(sym); ok {
				s.class(descriptorBody(class), "")
			}
		}
	}
	for i := range app.Files {
		p := inner(app.Files[i].Unit)
		s.name(p)
		base := p[strings.LastIndexByte(p, '/')+1:]
		switch {
		case strings.HasSuffix(base, ".so"):
			s.native(base)
		case strings.HasSuffix(base, ".dll"):
			s.name(string(fact.ModuleUnity) + ":" + strings.TrimSuffix(base, ".dll"))
		default:
			if rest, ok := strings.CutPrefix(p, "META-INF/maven/"); ok && base == "pom.properties" {
				if parts := strings.Split(rest, "/"); len(parts) == 3 {
					s.name(string(fact.ModuleMaven) + ":" + parts[0] + ":" + parts[1])
				}
			}
		}
	}
}

func (s *sketcher) native(name string) {
	s.name(name)
	stem, ok := strings.CutSuffix(name, ".so")
	if !ok || len(stem) > 128 {
		stem = stem[:min(len(stem), 128)]
	}
	for i := 1; i <= len(stem); i++ {
		s.add(skStart, stem[:i])
		s.add(skEnd, stem[len(stem)-i:])
	}
}

// Probes are what rules name, as questions to a sketch.
type Probes struct {
	all   []probe
	rules []ruleProbes
}

type ruleProbes struct {
	when    bool
	signals []probe // with strength and kind
}

type probe struct {
	always   bool // a sketch cannot tell
	hash     uint64
	and      uint64 // must be there as well; 0 for none
	strength uint8
	kind     string
}

// NewProbes returns the questions that rules (pointers as [Rules.Get] returns
// them) lead to.
func NewProbes(rules ...any) (*Probes, error) {
	p := &Probes{}
	for _, v := range rules {
		b := &indexBuilder{}
		if err := b.rule(0, v); err != nil {
			return nil, err
		}
		sdk, _ := v.(*rule.SDK)
		r := ruleProbes{when: sdk != nil && sdk.When != nil}
		for k, n := range b.nodes {
			if len(n.posts) == 0 {
				continue
			}
			q := probeOf(k)
			p.all = append(p.all, q)
			for _, post := range n.posts {
				if post.use == UseSignal && sdk != nil {
					q.strength, q.kind = post.strength(), sdk.Signals[post.item].Type()
					r.signals = append(r.signals, q)
				}
			}
		}
		if sdk != nil {
			p.rules = append(p.rules, r)
		}
	}
	return p, nil
}

func probeOf(k builderKey) probe {
	is := func(kind byte, key string) probe { return probe{hash: sketchHash(kind, key)} }
	switch k.space {
	case spPackage:
		return is(skPackage, k.key)
	case spDefined:
		return is(skPackage, descriptorBody(k.key))
	case spMember:
		class, name, _ := strings.Cut(k.key, "->")
		if i := strings.IndexAny(name, "(:"); i >= 0 {
			name = name[:i]
		}
		q := is(skString, name)
		// A class of the app may inherit from one of Android's that no table of
		// the app names.
		if body := descriptorBody(class); !frameworkClass(body) {
			q.and = sketchHash(skPackage, body)
		}
		return q
	case spString:
		return is(skString, k.key)
	case spStringPrefix, spSymbolPrefix, spFilePrefix, spNoiseURL:
		for i := len(prefixLengths) - 1; i >= 0; i-- {
			if n := prefixLengths[i]; len(k.key) >= n {
				return is(skPrefix, k.key[:n])
			}
		}
		return probe{always: true}
	case spHost:
		if !strings.Contains(k.key, ".") {
			return probe{always: true}
		}
		return is(skHost, k.key)
	case spPath:
		return probe{always: true}
	case spNativePrefix:
		return is(skStart, k.key)
	case spNativeSuffix:
		return is(skEnd, reverse(k.key))
	}
	return is(skName, k.key)
}

// frameworkClass reports whether a class may be one that Android has.
func frameworkClass(body string) bool {
	for _, p := range [...]string{"android/", "androidx/", "java/", "javax/", "dalvik/", "kotlin/", "org/", "com/android/", "sun/", "libcore/", "junit/"} {
		if strings.HasPrefix(body, p) {
			return true
		}
	}
	return false
}

// SketchReader is a sketch of size bytes that stands in a file at off.
type SketchReader struct {
	R    io.ReaderAt
	Off  int64
	Size int
}

// has reports whether a key may be in the sketch. What cannot be read may be.
func (s *SketchReader) has(h uint64) bool {
	blocks := s.Size / sketchBlock
	if blocks == 0 {
		return true
	}
	var b [sketchBlock]byte
	if _, err := s.R.ReadAt(b[:], s.Off+int64(sketchBlockOf(h, blocks)*sketchBlock)); err != nil {
		return true
	}
	for i := range sketchProbes {
		bit := h >> (9 * i) & 511
		if b[bit>>3]&(1<<(bit&7)) == 0 {
			return false
		}
	}
	return true
}

func (s *SketchReader) may(q *probe) bool {
	return q.always || s.has(q.hash) && (q.and == 0 || s.has(q.and))
}

// MayTell reports whether one of the products may be told of the app: because
// its rule holds, or because classes of it are named.
func (p *Probes) MayTell(s *SketchReader) bool {
	for i := range p.rules {
		r := &p.rules[i]
		weak := ""
		for j := range r.signals {
			q := &r.signals[j]
			if q.strength == strengthContext && !r.when || !r.when && q.strength == strengthWeak && q.kind == weak || !s.may(q) {
				continue
			}
			if r.when || q.strength == strengthStrong || weak != "" {
				return true
			}
			weak = q.kind
		}
	}
	return false
}

// MayTouch reports whether anything that one of the rules names may be in the
// app.
func (p *Probes) MayTouch(s *SketchReader) bool {
	for i := range p.all {
		if s.may(&p.all[i]) {
			return true
		}
	}
	return false
}
