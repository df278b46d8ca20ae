package lint

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Set is all rules that a check may compare one with.
type Set struct {
	Rules *signatures.Rules
	Today time.Time // zero if dates are not to be held against it

	newest  string // date that a rule of the set was last verified
	signals map[signalKey][]Place
	code    []Place // strong code and class signals without a when, by value
	names   map[string][]*rule.SDK
	sources map[string][]string
	used    map[string]bool // vendors

	testers sync.Map // *rule → *signatures.Tester
}

type signalKey struct{ typ, value string }

// Place is a signal of a product.
type Place struct {
	SDK  *rule.SDK
	Item int
}

// Signal returns the signal.
func (p Place) Signal() *rule.Signal { return &p.SDK.Signals[p.Item] }

func newSet(rules *signatures.Rules, today time.Time) (*Set, error) {
	s := &Set{
		Rules: rules, Today: today, signals: map[signalKey][]Place{}, names: map[string][]*rule.SDK{},
		sources: map[string][]string{}, used: map[string]bool{},
	}
	for v := range signatures.All[rule.SDK](rules) {
		s.names[strings.ToLower(v.Name)] = append(s.names[strings.ToLower(v.Name)], v)
		s.used[v.Vendor] = true
		for _, a := range v.Verified {
			s.newest = max(s.newest, a.Date)
		}
		for i := range v.Signals {
			g := &v.Signals[i]
			t, val := g.Type(), g.Value()
			s.signals[signalKey{t, val}] = append(s.signals[signalKey{t, val}], Place{v, i})
			if (t == "code" || t == "class") && g.EffectiveStrength() == rule.Strong && v.When == nil {
				s.code = append(s.code, Place{v, i})
			}
		}
	}
	slices.SortStableFunc(s.code, func(a, b Place) int { return strings.Compare(a.Signal().Value(), b.Signal().Value()) })
	for v := range signatures.All[rule.Domain](rules) {
		s.used[v.Vendor] = true
	}
	for v := range signatures.All[rule.Vendor](rules) {
		s.used[v.Parent] = true
	}
	for v := range signatures.All[rule.Identifier](rules) {
		for i := range v.Sources {
			k := SourceKey(&v.Sources[i])
			if !slices.Contains(s.sources[k], v.ID) {
				s.sources[k] = append(s.sources[k], v.ID)
			}
		}
	}
	return s, nil
}

// Newest returns the date on which a rule of the set was last verified, or "".
func (s *Set) Newest() string { return s.newest }

// Signals returns the signals of all products with this type and value.
func (s *Set) Signals(typ, value string) []Place { return s.signals[signalKey{typ, value}] }

// Below returns the strong code and class signals, of rules without a
// condition, that stand below a package prefix.
func (s *Set) Below(prefix string) []Place {
	prefix += "."
	i, _ := slices.BinarySearchFunc(s.code, prefix, func(p Place, v string) int { return strings.Compare(p.Signal().Value(), v) })
	j := i
	for j < len(s.code) && strings.HasPrefix(s.code[j].Signal().Value(), prefix) {
		j++
	}
	return s.code[i:j]
}

// Named returns the products of a name, without regard to case.
func (s *Set) Named(name string) []*rule.SDK { return s.names[strings.ToLower(name)] }

// SourceKey is the same for sources that read the same.
func SourceKey(s *rule.Source) string {
	k := s.Type() + "\x00" + s.Value()
	for i := range 256 {
		if v, ok := s.Args[i]; ok {
			k += "\x00" + string(rune('0'+i)) + v
		}
	}
	return k
}

// Readers returns the identifiers that have the source, by the key of it.
func (s *Set) Readers(key string) []string { return s.sources[key] }

// VendorUsed reports whether a product, a domain or another vendor names the
// vendor.
func (s *Set) VendorUsed(id string) bool { return s.used[id] }

// Related reports whether rules tie two products together: by a relation, in
// one step, or as parts of the same product.
func (s *Set) Related(a, b *rule.SDK) bool {
	names := func(x *rule.SDK, id string) bool {
		r := &x.Relations
		return r.PartOf == id || slices.Contains(r.Contains, id) || slices.Contains(r.SupersededBy, id) || slices.Contains(r.Requires, id)
	}
	return a.ID == b.ID || names(a, b.ID) || names(b, a.ID) || a.Relations.PartOf != "" && a.Relations.PartOf == b.Relations.PartOf
}

// Family reports whether two vendors are one, or one is the parent of the
// other, or both have the same parent.
func (s *Set) Family(a, b string) bool { return s.top(a) == s.top(b) }

func (s *Set) top(id string) string {
	for range 8 { // the loader refuses circles; hostile overlays may be deep
		v := s.Rules.Vendor(id)
		if v == nil || v.Parent == "" {
			return id
		}
		id = v.Parent
	}
	return id
}

// Try runs an example of a rule. A rule that cannot be compiled matches
// nothing.
func (s *Set) Try(v any, e *rule.Example) signatures.Trial {
	t, ok := s.testers.Load(v)
	if !ok {
		made, err := signatures.NewTester(v)
		if err != nil {
			return signatures.Trial{}
		}
		t, _ = s.testers.LoadOrStore(v, made)
	}
	return t.(*signatures.Tester).Try(e)
}

// Under reports whether a dotted name is a prefix or stands below it.
func Under(name, prefix string) bool {
	return strings.HasPrefix(name, prefix) && (len(name) == len(prefix) || name[len(prefix)] == '.' || name[len(prefix)] == '$')
}

// HostUnder reports whether a host is another or stands below it.
func HostUnder(host, parent string) bool {
	return host == parent || strings.HasSuffix(host, "."+parent)
}
