package arsc

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/apk/restype"
)

// Resources is the resources of an app: the tables of its base and splits.
type Resources struct{ tables []*Table }

// Join makes the resources of several tables, the base's first. Nil tables
// are left out.
func Join(tables ...*Table) *Resources {
	r := &Resources{}
	for _, t := range tables {
		if t != nil {
			r.tables = append(r.tables, t)
		}
	}
	return r
}

// Tables returns the tables.
func (r *Resources) Tables() []*Table { return r.tables }

// Values yields the values of a resource in all tables.
func (r *Resources) Values(id ID) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, t := range r.tables {
			for e := range t.Values(id) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Find returns the id of a resource by the names of its type and entry. The
// first call makes an index of all names.
func (r *Resources) Find(typ, name string) (ID, bool) {
	for _, t := range r.tables {
		if id, ok := t.Find(typ, name); ok {
			return id, true
		}
	}
	return 0, false
}

// nameIndex finds resources by name; it is made when first asked for.
type nameIndex struct {
	once sync.Once
	ids  map[nameKey]ID
}

type nameKey struct{ typ, name string }

// Find returns the id of a resource by the names of its type and entry. Where
// several have the same names it is the first.
func (t *Table) Find(typ, name string) (ID, bool) {
	t.index.once.Do(t.makeIndex)
	id, ok := t.index.ids[nameKey{typ, name}]
	return id, ok
}

func (t *Table) makeIndex() {
	t.index.ids = make(map[nameKey]ID)
	type poolKey struct {
		pkg *Package
		key uint32
	}
	budget := t.newBudget()
	cache := make(map[poolKey]string)
	t.walk(budget, nil, func(e Entry) bool {
		k := poolKey{e.pkg, e.key}
		name, ok := cache[k]
		if !ok {
			name = e.Name()
			if !budget.Spend(int64(len(name))) {
				return false
			}
			cache[k] = name
		}
		full := nameKey{e.Type(), name}
		if _, ok := t.index.ids[full]; !ok && name != "" {
			t.index.ids[full] = e.ID()
		}
		return true
	})
}

// StringValue is a string of the pool of values.
type StringValue struct {
	Value string
	Off   int64 // of the string in the table
	// Entry is the first entry that has the string as its value or as that of
	// an item. If none has, OK is false and the string is in the pool for
	// nothing, or for other tools than Android to see.
	Entry Entry
	OK    bool
}

// Name returns "string/app_name", or "" where no entry has the string.
func (s *StringValue) Name() string {
	if !s.OK {
		return ""
	}
	return s.Entry.Type() + "/" + s.Entry.Name()
}

// Strings yields every string of the pool of values, once, in its order.
func (t *Table) Strings() iter.Seq[StringValue] {
	return func(yield func(StringValue) bool) {
		owners := make([]int32, t.pool.Len()) // for each string one more than its index in entries
		var entries []Entry
		own := func(e Entry, v restype.Value) {
			if v.Type != restype.TypeString || int64(v.Data) >= int64(len(owners)) || owners[v.Data] != 0 {
				return
			}
			if n := len(entries); n == 0 || entries[n-1] != e {
				entries = append(entries, e)
			}
			owners[v.Data] = int32(len(entries))
		}
		t.walk(t.newBudget(), nil, func(e Entry) bool {
			if !e.Complex() {
				own(e, e.raw())
			}
			for _, v := range e.rawItems() {
				own(e, v)
			}
			return true
		})
		budget := t.newBudget()
		for i, owner := range owners {
			s, ok := t.pool.At(uint32(i))
			if !ok {
				continue
			}
			if !budget.Spend(int64(len(s))) {
				return
			}
			x := StringValue{Value: s, Off: t.pool.Off(uint32(i))}
			if owner != 0 {
				x.Entry, x.OK = entries[owner-1], true
			}
			if !yield(x) {
				return
			}
		}
	}
}

// View picks one value for each resource, as a phone would.
type View struct {
	res     *Resources
	want    locale
	sdk     int
	density int
}

// Options say what a view is for. The zero value is a phone of the newest
// release with no language set.
type Options struct {
	// Locale is a BCP 47 tag ("zh-Hans-CN"). If it is "" or nothing is in that
	// language, the default configuration is taken, then English, then any.
	Locale string
	// SDK is the release of the phone; 0 is the newest.
	SDK int
	// Density is the screen's, in dots per inch; 0 is 480 (xxhdpi).
	Density int
}

// View returns a view of the resources. It satisfies manifest.Resolver.
func (r *Resources) View(opts Options) *View {
	v := &View{res: r, want: parseLocale(opts.Locale), sdk: opts.SDK, density: opts.Density}
	if v.sdk == 0 {
		v.sdk = 1 << 15
	}
	if v.density == 0 {
		v.density = 480
	}
	return v
}

// Lookup returns the value that a resource has, after following up to MaxHops
// references. ok is false if there is none: the resource is not in these
// tables (the framework's are not), has items instead of a value, or refers to
// itself. The value is then the last reference met, if any.
func (v *View) Lookup(id uint32) (value restype.Value, ok bool) {
	var seen [MaxHops]uint32
	for hop := range MaxHops {
		if slices.Contains(seen[:hop], id) {
			return value, false
		}
		seen[hop] = id
		e, ok := v.Select(ID(id))
		if !ok || e.Complex() {
			return value, false
		}
		value = e.Value()
		next, isRef := value.IsRef()
		if !isRef {
			return value, true
		}
		id = next
	}
	return value, false
}

// Name returns "string/app_name" for a resource.
func (v *View) Name(id uint32) (string, bool) {
	for e := range v.res.Values(ID(id)) {
		if typ, name := e.Type(), e.Name(); typ != "" && name != "" {
			return typ + "/" + name, true
		}
	}
	return "", false
}

// Select returns the entry of a resource in the configuration that suits best.
func (v *View) Select(id ID) (best Entry, ok bool) {
	var bestRank [4]int
	for e := range v.res.Values(id) {
		rank := v.rank(e.Config())
		if !ok || less(rank, bestRank) {
			best, bestRank, ok = e, rank, true
		}
	}
	return best, ok
}

// Prefers reports whether the view takes a value that is for configuration a
// rather than one that is for b.
func (v *View) Prefers(a, b Config) bool { return less(v.rank(a), v.rank(b)) }

func less(a, b [4]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// rank orders configurations, the best lowest: by language, by how special
// they are, by release (the newest that the phone has), by density.
func (v *View) rank(c Config) [4]int {
	release := v.sdk - c.SDK()
	if release < 0 {
		release = 1 << 20
	}
	var density int
	switch d := c.Density(); {
	case d == 0xfffe: // scales to any density: Android prefers it
	case d == 0, d == 0xffff:
		density = 1
	case d >= v.density:
		density = 2 + d - v.density
	default: // scaling up looks worse than scaling down
		density = 2 + 2*(v.density-d)
	}
	return [4]int{v.want.rank(c), c.special(), release, density}
}

// locale is a BCP 47 tag in parts.
type locale struct{ lang, script, region string }

func parseLocale(tag string) locale {
	var l locale
	for i, part := range strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' }) {
		switch {
		case i == 0:
			l.lang = currentCode(strings.ToLower(part))
		case len(part) == 4 && l.script == "" && l.region == "":
			l.script = strings.ToUpper(part[:1]) + strings.ToLower(part[1:])
		case (len(part) == 2 || len(part) == 3) && l.region == "":
			l.region = strings.ToUpper(strings.TrimPrefix(part, "r"))
		}
	}
	if l.script == "" {
		l.script = likelyScript(l.lang, l.region)
	}
	return l
}

// likelyScript tells the two written forms of Chinese and the like apart where
// a tag does not; "" if there is no doubt.
func likelyScript(lang, region string) string {
	switch lang {
	case "zh":
		switch region {
		case "TW", "HK", "MO":
			return "Hant"
		}
		return "Hans"
	case "sr":
		return "Cyrl"
	}
	return ""
}

const (
	rankExact = iota
	rankLanguage
	rankOtherRegion
	rankDefault
	rankOtherScript
	rankEnglish
	rankAny
)

// rank says how well a configuration's language suits.
func (l locale) rank(c Config) int {
	lang, region, script := currentCode(c.Language()), c.Region(), c.Script()
	if lang == "" {
		if region == "" {
			return rankDefault
		}
		return rankAny
	}
	if script == "" {
		script = likelyScript(lang, region)
	}
	switch {
	case lang == l.lang && script != l.script:
		return rankOtherScript
	case lang == l.lang && region == l.region:
		return rankExact
	case lang == l.lang && region == "":
		return rankLanguage
	case lang == l.lang:
		return rankOtherRegion
	case lang == "en":
		return rankEnglish
	}
	return rankAny
}
