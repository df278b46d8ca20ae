package profile

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// Artefact says what a version of an SDK is learned from.
type Artefact struct {
	Profile string // name of the profile: "okhttp", "umeng-common"
	Rule    string // id of the SDK rule that it speaks for; "" for what only explains strings away
	Version string // as the vendor writes it
	File    string // name of the file
	SHA256  string // of the file, in hex
	Source  string // where it can be had
}

// Bounds of what is kept of a version, beyond which more makes no difference.
const (
	maxVersionStrings = 480 // strings, chosen by hash
	maxClassVersions  = 3   // versions of a profile whose classes are kept
	maxSingles        = 3   // strings that tell a class
	maxPrints         = 4   // fingerprints of a class
	maxBare           = 4   // those without strings
	bareFamilies      = 2   // families that may have one of those in common
	minVersionStrings = 15  // versions with fewer are left out
	maxShared         = 3   // classes of a version that may have a fingerprint in common
)

// Thresholds of a match. They were set on the tuning half of
// testdata/ladder.py; the figures of its other half stand in README.md.
const (
	commonShare    = 0.05 // document frequency above which a string says nothing
	minPresent     = 0.20 // share of the weight of a version
	minPossible    = 0.04 // the same, if classes confirm it
	minLikely      = 0.10 // below it more is asked for: what shrinkers leave of large SDKs
	minWeight      = 60
	minStrings     = 12
	minClasses     = 8    // told apart one to one, for what strings alone do not show
	minLeftStrings = 20   // below minLikely
	minLeftWeight  = 100  // below minLikely
	minDense       = 1.5  // strings for each class that holds some, below minLikely
	minTogether    = 0.75 // classes told apart, for each class that holds strings, below minLikely
	minSpread      = 3    // classes that the strings stand in
	minMatched     = 3    // classes told apart one to one, in any case
	clearShare     = 0.5
	fewStrings     = 25 // below clearShare
	fewClasses     = 4  // below clearShare
	learnPresent   = 0.20
	minBare        = 4 // things that a method does whose code tells a class without strings
)

// Learner collects artefacts and makes an index of them. The same artefacts and
// programs in the same order make the same index.
type Learner struct {
	profiles map[string]*learned
	order    []string
	programs [][]uint64 // strings of other programs
}

type learned struct {
	rule     string
	versions []*version
}

type version struct {
	Artefact
	strings  []uint64
	classes  []class
	literals []literal
	kept     []uint64
}

// CopyOf begins the names of profiles that were learned from copies which other
// SDKs carry, of a version that nobody knows and below other names. They are
// asked only where the library's own profile is not there.
const CopyOf = "copy of "

// NewLearner returns a Learner that knows nothing.
func NewLearner() *Learner { return &Learner{profiles: map[string]*learned{}} }

// Add learns a version from the classes of units that keep accepts, and reports
// how many strings it has. One that says too little, and one whose profile has
// that version already, is left out and gives 0.
func (l *Learner) Add(a Artefact, units []fact.Unit, keep func(desc string) bool) int {
	p := l.profiles[a.Profile]
	if p != nil && a.Version != "" && slices.ContainsFunc(p.versions, func(v *version) bool { return v.Version == a.Version }) {
		return 0
	}
	v := &version{Artefact: a}
	texts := map[string]bool{}
	for _, u := range units {
		r := newReader(u)
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			if !keep(u.Type(typ)) {
				continue
			}
			c := r.class(i)
			v.strings = append(v.strings, c.strings...)
			v.classes = append(v.classes, c)
			for m := range u.ClassMethods(i) {
				if m.Body < 0 || m.Body >= len(r.bodies) || generated(c.name) {
					continue
				}
				for _, ref := range r.refsOf(m.Body) {
					if ref.Kind == fact.RefString && a.Version != "" {
						if s := u.String(ref.Index); len(s) <= maxString && strings.Contains(s, a.Version) {
							texts[s] = true
						}
					}
				}
			}
		}
	}
	slices.Sort(v.strings)
	v.strings = slices.Compact(v.strings)
	if len(v.strings) < minVersionStrings {
		return 0
	}
	for _, s := range slices.Sorted(maps.Keys(texts)) {
		if lit, ver := cutVersion(s); ver == a.Version && lit.good() {
			v.literals = append(v.literals, lit)
		}
	}
	if p == nil {
		p = &learned{rule: a.Rule}
		l.profiles[a.Profile] = p
		l.order = append(l.order, a.Profile)
	}
	p.versions = append(p.versions, v)
	return len(v.strings)
}

// AddProgram notes the strings of a program that is no SDK: what many programs
// use says little of any SDK.
func (l *Learner) AddProgram(units []fact.Unit) {
	var all []uint64
	for _, u := range units {
		r := newReader(u)
		for i := range r.bodies {
			for _, ref := range r.refsOf(i) {
				if ref.Kind == fact.RefString {
					if h := r.str(ref.Index); h != 0 {
						all = append(all, h)
					}
				}
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
	}
	l.programs = append(l.programs, all)
}

// Counts returns how many profiles and versions there are.
func (l *Learner) Counts() (profiles, versions int) {
	for _, p := range l.profiles {
		versions += len(p.versions)
	}
	return len(l.profiles), versions
}

// frequencies counts for each string how many families and programs use it. A
// family is all profiles of one rule. Strings of a program that a profile
// explains, because the program carries that SDK, do not count for it.
func (l *Learner) frequencies() (df map[uint64]int, n int) {
	df = map[uint64]int{}
	last := map[uint64]string{} // the family that counted it last
	names := slices.Clone(l.order)
	family := func(name string) string { return cmp.Or(l.profiles[name].rule, "-"+name) }
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(family(a), family(b)) })
	groups := map[string]bool{}
	for _, name := range names {
		f := family(name)
		groups[f] = true
		for _, v := range l.profiles[name].versions {
			for _, s := range v.strings {
				if last[s] != f {
					last[s] = f
					df[s]++
				}
			}
		}
	}
	n = len(groups)
	weight := func(s uint64) float64 { return math.Log(float64(n+1) / float64(df[s])) }
	add := map[uint64]int{}
	for _, prog := range l.programs {
		has := make(map[uint64]bool, len(prog))
		for _, s := range prog {
			if df[s] > 0 {
				has[s] = true
			}
		}
		for _, name := range names {
			for _, v := range l.profiles[name].versions {
				hit, all, count := 0.0, 0.0, 0
				for _, s := range v.strings {
					w := weight(s)
					all += w
					if has[s] {
						hit += w
						count++
					}
				}
				if count >= minStrings && hit >= learnPresent*all && hit >= minWeight {
					for _, s := range v.strings {
						delete(has, s)
					}
				}
			}
		}
		for s := range has {
			add[s]++
		}
	}
	for s, k := range add {
		df[s] += k
	}
	return df, n + len(l.programs)
}

// bareFamilies counts in how many families the code of a method, or the shape
// of a class, is there.
func (l *Learner) bareFamilies() map[uint32]int {
	count, last := map[uint32]int{}, map[uint32]string{}
	names := slices.Clone(l.order)
	family := func(name string) string { return cmp.Or(l.profiles[name].rule, "-"+name) }
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(family(a), family(b)) })
	for _, name := range names {
		f := family(name)
		for _, v := range l.profiles[name].versions {
			for _, c := range v.classes {
				for _, b := range c.bare {
					if last[b.print] != f {
						last[b.print] = f
						count[b.print]++
					}
				}
			}
		}
	}
	return count
}

// choose keeps of each version the strings that say something: those with the
// smallest hashes, so that versions and profiles keep the same ones.
func (l *Learner) choose(df map[uint64]int, n int) {
	common := max(2, int(commonShare*float64(n)))
	chosen := map[uint64]bool{}
	for _, p := range l.profiles {
		for _, v := range p.versions {
			left := maxVersionStrings
			for _, s := range v.strings {
				if df[s] <= common && left > 0 {
					chosen[s] = true
					left--
				}
			}
		}
	}
	for _, p := range l.profiles {
		for _, v := range p.versions {
			v.kept = v.kept[:0]
			for _, s := range v.strings {
				if chosen[s] {
					v.kept = append(v.kept, s)
				}
			}
		}
		p.versions = slices.DeleteFunc(p.versions, func(v *version) bool { return len(v.kept) < minVersionStrings })
		slices.SortStableFunc(p.versions, func(a, b *version) int { return compareVersions(a.Version, b.Version) })
	}
}

// classesOf returns the classes of a version that can be told from others of it,
// each with what tells it.
func classesOf(v *version, df map[uint64]int, bares map[uint32]int) []classPrint {
	inPrints, inStrings, inBare := map[uint32]int{}, map[uint64]int{}, map[uint32]int{}
	for _, c := range v.classes {
		for _, p := range c.prints {
			inPrints[p]++
		}
		for _, s := range c.strings {
			inStrings[s]++
		}
		for _, b := range c.bare {
			inBare[b.print]++
		}
	}
	var out []classPrint
	for _, c := range v.classes {
		cp := classPrint{name: c.name}
		for _, s := range c.strings {
			if inStrings[s] == 1 && df[s] <= 2 && len(cp.features) < maxSingles {
				cp.features = append(cp.features, single(s))
			}
		}
		n := 0
		for _, p := range c.prints {
			if inPrints[p] <= maxShared && n < maxPrints {
				cp.features = append(cp.features, p)
				n++
			}
		}
		for _, b := range c.bare {
			if b.told >= minBare && inBare[b.print] <= maxShared && bares[b.print] <= bareFamilies && len(cp.bare) < maxBare {
				cp.bare = append(cp.bare, b.print)
			}
		}
		if len(cp.features) > 0 || len(cp.bare) > 0 {
			slices.Sort(cp.features)
			cp.features = slices.Compact(cp.features)
			if !speaking(cp.name) || strings.HasPrefix(v.Profile, CopyOf) {
				cp.name = ""
			}
			out = append(out, cp)
		}
	}
	slices.SortFunc(out, func(a, b classPrint) int {
		return cmp.Or(cmp.Compare(a.name, b.name), slices.Compare(a.features, b.features))
	})
	return out
}

// speaking reports whether the name of a class says something: artefacts are
// obfuscated in part when they are published.
func speaking(desc string) bool {
	name := strings.TrimSuffix(desc[strings.LastIndexByte(desc, '/')+1:], ";")
	outer, _, _ := strings.Cut(strings.TrimPrefix(name, "L"), "$")
	return len(outer) >= 3
}

// withClasses returns which versions of a profile keep their classes: some from
// the oldest to the newest.
func withClasses(n int) []int {
	if n <= maxClassVersions {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	}
	var out []int
	for i := range maxClassVersions {
		out = append(out, i*(n-1)/(maxClassVersions-1))
	}
	return out
}

// Versions returns how many versions of a profile were learned.
func (l *Learner) Versions(profile string) int {
	if p := l.profiles[profile]; p != nil {
		return len(p.versions)
	}
	return 0
}
