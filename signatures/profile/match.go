package profile

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/internal/crew"
)

// Options steer a match.
type Options struct {
	// Workers is how many units are looked at at the same time; 0 means one.
	Workers int
	// Crew, if set, is asked for workers instead. The caller has joined it.
	Crew *crew.Crew
	// Named reports whether a rule knows a type of a unit by its name: what its
	// code holds speaks for nobody else. Nil means that none does. It must be
	// safe for concurrent use.
	Named func(unit int, typ uint32) bool
}

// Match is a profile that an app was found to hold.
type Match struct {
	Profile *Profile
	// Sure is false for what strings alone make possible and classes confirm.
	Sure bool
	// Silent is true for what was found by the code of classes alone, because no
	// string of theirs can be read. Then Known counts the classes that could be
	// told so, and nothing is known of strings and of the version.
	Silent bool
	// Strings are how many of the Known strings of the version that fits best
	// are there, Share the part of their weight. What a profile that was
	// accepted before explains counts for neither.
	Strings, Known int
	Weight, Share  float64
	// Samples are strings that were found, rare ones first. They are the app's.
	Samples []Sample
	// Spread is in how many classes the strings stand.
	Spread int
	// Classes are those that belong to it, in the order of the app.
	Classes []ClassMatch
	// Matched counts those that were told apart one to one, Unchanged those of
	// them that keep their name.
	Matched, Unchanged int
	Version            VersionMatch

	index int
	best  int // version
}

// Renamed reports whether classes of it have lost their names.
func (m *Match) Renamed() bool { return 2*m.Unchanged <= m.Matched && m.Unchanged < max(m.Matched, 1) }

// Sample is a string of the app.
type Sample struct {
	Text string
	Unit int // index into Set.Units
	Body int // the first that loads it, or -1
	PC   uint32
}

// ClassMatch is a class of the app that belongs to a profile.
type ClassMatch struct {
	Unit, Class int    // the class definition
	Name        string // descriptor in the app
	// Original is its descriptor before renaming; "" if that is not known.
	Original string
	// Matched is true if fingerprints tell it from all others; if not, it loads
	// strings that the profile alone explains.
	Matched bool
}

// Near is a profile that was looked for and did not suffice. Known is 0 if it was
// looked for without strings, and Reason tells all.
type Near struct {
	Profile        *Profile
	Strings, Known int
	Weight, Share  float64
	Reason         string
}

// hit is a string of the index that the app loads.
type hit struct {
	row  int32
	unit int32
	str  uint32
	hash uint64
}

// unitHits are the hits of one unit, by index of the string.
type unitHits struct {
	reader *reader
	named  []bool // by type: a rule knows it
	hits   []hit
	silent []bool // by type: nothing that the code of its package says can be read; or nil
}

// Match finds the profiles that an app holds, those with the largest share
// first. If ctx ends, the result is incomplete; look at ctx.Err.
func (x *Index) Match(ctx context.Context, set *fact.Set, o Options) []Match {
	s := x.search(ctx, set, o)
	if s == nil {
		return nil
	}
	return s.matches()
}

// search is one match on its way.
type search struct {
	x      *Index
	ctx    context.Context
	set    *fact.Set
	units  []unitHits
	scores map[int]*score
	owner  map[int32]int // row → index of the accepted match that explains it
	found  []Match
	bare   []Match // those without strings
	near   []Near
	rows   map[int32]int // row → distinct strings of it that the app loads
	order  []int32       // of rows
	df     map[int32]int
	uses   map[int32][]use
}

// score is what speaks for one profile.
type score struct {
	count           []int // by version
	weight, removed []float64
}

func (x *Index) search(ctx context.Context, set *fact.Set, o Options) *search {
	if len(x.profiles) == 0 || len(set.Units) == 0 {
		return nil
	}
	s := &search{x: x, ctx: ctx, set: set, units: make([]unitHits, len(set.Units)), scores: map[int]*score{}, owner: map[int32]int{}, rows: map[int32]int{}, df: map[int32]int{}, uses: map[int32][]use{}}
	each := func(n int, f func(int)) { crew.Each(n, o.Workers, f) }
	if o.Crew != nil {
		each = o.Crew.Each
	}
	each(len(set.Units), func(i int) {
		if ctx.Err() == nil {
			s.units[i] = x.scan(set.Units[i], i, o.Named)
		}
	})
	seen := map[uint64]bool{}
	for i := range s.units {
		for _, h := range s.units[i].hits {
			if !seen[h.hash] {
				seen[h.hash] = true
				s.rows[h.row]++
			}
		}
	}
	// Always in one order: sums of weights depend on it in their last digits.
	s.order = slices.Sorted(maps.Keys(s.rows))
	for _, row := range s.order {
		df, uses := x.read(int(row), nil)
		s.df[row], s.uses[row] = df, uses
		s.count(row, s.rows[row], 1)
	}
	s.accept()
	return s
}

// scan looks up the strings that the code of a unit loads, and those that its
// static fields begin with: compilers move strings from class initialisers
// there.
func (x *Index) scan(u fact.Unit, unit int, named func(int, uint32) bool) unitHits {
	h := unitHits{reader: newReader(u), named: make([]bool, u.NumTypes())}
	defines := make([]bool, u.NumTypes())
	for i := range u.NumClasses() {
		typ, _, _ := u.Class(i)
		if int64(typ) < int64(len(defines)) {
			defines[typ] = true
			h.named[typ] = named != nil && named(unit, typ)
		}
	}
	h.silent = h.mute(defines)
	used := make([]bool, u.NumStrings())
	for i, b := range h.reader.bodies {
		if int64(b.Class) < int64(len(h.named)) && h.named[b.Class] {
			continue
		}
		for _, ref := range h.reader.refsOf(i) {
			if ref.Kind == fact.RefString && int64(ref.Index) < int64(len(used)) {
				used[ref.Index] = true
			}
		}
	}
	for i, ok := range used {
		if !ok {
			continue
		}
		if hash := h.reader.str(uint32(i)); hash != 0 {
			if n := x.lookup(hash); n >= 0 {
				h.hits = append(h.hits, hit{int32(x.row(n)), int32(unit), uint32(i), hash})
			}
		}
	}
	return h
}

// count adds n strings of a row to the scores of its profiles, or takes them
// away.
func (s *search) count(row int32, n, sign int) {
	w := s.x.weight(s.df[row]) * float64(n)
	for _, u := range s.uses[row] {
		p := &s.x.profiles[u.profile]
		sc := s.scores[u.profile]
		if sc == nil {
			k := len(p.Versions)
			sc = &score{make([]int, k), make([]float64, k), make([]float64, k)}
			s.scores[u.profile] = sc
		}
		set := p.set(u.set)
		for v := range p.Versions {
			if set.has(v) {
				sc.count[v] += sign * n
				sc.weight[v] += float64(sign) * w
				if sign < 0 {
					sc.removed[v] += w
				}
			}
		}
	}
}

// speaks reports whether there are so many strings of a profile that a small
// share of its weight may show what a shrinker left.
func (s *search) speaks(profile, version int, share float64) bool {
	sc := s.scores[profile]
	return share >= minLikely || sc.count[version] >= minLeftStrings && sc.weight[version] >= minLeftWeight
}

// dense reports whether its strings stand together, as those of what was left of
// a library do, and not here and there in others' code.
func (m *Match) dense() bool { return float64(m.Strings) >= minDense*float64(m.Spread) }

// best returns the version of a profile of which the largest share is there.
func (s *search) best(profile int) (version int, share float64) {
	p, sc := &s.x.profiles[profile], s.scores[profile]
	version = -1
	for v := range p.Versions {
		all := p.Versions[v].weight - sc.removed[v]
		if all <= 1 || sc.count[v] < minStrings || sc.weight[v] < minWeight {
			continue
		}
		if c := sc.weight[v] / all; c > share || c == share && version >= 0 && sc.count[v] > sc.count[version] {
			version, share = v, c
		}
	}
	return version, share
}

// accept takes one profile after the other, the one with the largest share
// first, and lets it explain its strings away.
func (s *search) accept() {
	left := make([]int, 0, len(s.scores))
	for p := range s.scores {
		left = append(left, p)
	}
	slices.Sort(left)
	for s.ctx.Err() == nil {
		at, version, share := -1, -1, 0.0
		for i, p := range left {
			if v, c := s.best(p); v >= 0 && c >= minPossible && s.speaks(p, v, c) && (c > share || c == share && at >= 0 && s.scores[p].weight[v] > s.scores[left[at]].weight[version]) {
				at, version, share = i, v, c
			}
		}
		if at < 0 {
			break
		}
		if v, i := s.original(left, at); i >= 0 {
			at, version = i, v
			_, share = s.best(left[at])
		}
		p := left[at]
		left = slices.Delete(left, at, at+1)
		sc, prof := s.scores[p], &s.x.profiles[p]
		m := Match{
			Profile: prof, Sure: share >= minPresent, Share: share, Weight: sc.weight[version], Strings: sc.count[version],
			Known: prof.Versions[version].Strings, index: p, best: version,
		}
		n := len(s.found)
		s.found = append(s.found, m)
		if !m.Sure {
			continue // it has to be confirmed, and explains nothing
		}
		s.explain(n)
	}
	for _, p := range left {
		sc, prof := s.scores[p], &s.x.profiles[p]
		v := 0
		for i := range prof.Versions {
			if sc.weight[i] > sc.weight[v] {
				v = i
			}
		}
		if sc.count[v] == 0 {
			continue
		}
		s.near = append(s.near, Near{Profile: prof, Strings: sc.count[v], Known: prof.Versions[v].Strings, Weight: sc.weight[v], Share: sc.weight[v] / max(prof.Versions[v].weight-sc.removed[v], 1), Reason: "too few of its strings are there"})
	}
}

// original returns the profile of a library itself, and its version, in the
// place of a profile of its copies that was found, if that is present, too.
func (s *search) original(left []int, at int) (version, index int) {
	copied := &s.x.profiles[left[at]]
	if copied.Rule == "" || !strings.HasPrefix(copied.Name, CopyOf) {
		return -1, -1
	}
	index, most := -1, minPresent
	for i, p := range left {
		if q := &s.x.profiles[p]; q.Rule != copied.Rule || strings.HasPrefix(q.Name, CopyOf) {
			continue
		}
		if v, share := s.best(p); v >= 0 && share >= most {
			version, index, most = v, i, share
		}
	}
	return version, index
}

// explain gives the strings of an accepted profile to it alone.
func (s *search) explain(n int) {
	p := s.found[n].index
	for _, row := range s.order {
		if _, taken := s.owner[row]; taken {
			continue
		}
		if slices.ContainsFunc(s.uses[row], func(u use) bool { return u.profile == p }) {
			s.owner[row] = n
			s.count(row, s.rows[row], -1)
		}
	}
}

// matches tells what was accepted, with classes and versions.
func (s *search) matches() []Match {
	if s.ctx.Err() != nil {
		return nil
	}
	if len(s.found) > 0 {
		s.own()
		s.classes()
	}
	s.structure()
	if s.ctx.Err() != nil {
		return nil
	}
	var out []Match
	for i := range s.found {
		m := &s.found[i]
		switch {
		case m.Profile.Rule == "":
			continue
		case !m.Sure && m.Share < minLikely && !m.dense():
			s.refuse(m, "too few of its strings are there")
			continue
		case m.Spread < minSpread:
			s.refuse(m, "its strings stand in too few classes: they may be data")
			continue
		case m.Sure && m.Share < clearShare && (m.Strings < fewStrings || m.Matched < fewClasses), m.Matched < minMatched:
			s.refuse(m, "too few of its classes are there")
			continue
		case !m.Sure && m.Matched < minClasses:
			s.refuse(m, "too few of its strings are there, and classes do not confirm it")
			continue
		case !m.Renamed() && m.Matched > 0:
			s.refuse(m, "its classes keep their names")
			continue
		case !m.Sure && m.Share < minLikely && float64(m.Matched) < minTogether*float64(m.Spread):
			s.refuse(m, "too few of its strings are there, and too few of the classes that hold them are its own")
			continue
		}
		s.version(i)
		s.samples(i)
		out = append(out, *m)
	}
	told := len(out)
	for i := range s.bare {
		m := &s.bare[i]
		switch {
		case m.Profile.Rule == "", slices.ContainsFunc(out[:told], func(o Match) bool { return o.Profile.Rule == m.Profile.Rule }):
		case !m.Renamed():
			s.near = append(s.near, Near{Profile: m.Profile, Reason: "its classes keep their names, and its strings cannot be read"})
		default:
			out = append(out, *m)
		}
	}
	return out
}

func (s *search) refuse(m *Match, why string) {
	s.near = append(s.near, Near{Profile: m.Profile, Strings: m.Strings, Known: m.Known, Weight: m.Weight, Share: m.Share, Reason: why})
}

// Nearest tells of the profiles of a rule which strings speak for them and why
// that did not suffice, the largest share first.
func (x *Index) Nearest(ctx context.Context, set *fact.Set, o Options, rule string) []Near {
	s := x.search(ctx, set, o)
	if s == nil {
		return nil
	}
	s.matches()
	near := slices.DeleteFunc(s.near, func(n Near) bool { return n.Profile.Rule != rule })
	slices.SortStableFunc(near, func(a, b Near) int {
		return cmp.Or(-cmp.Compare(a.Share, b.Share), cmp.Compare(a.Profile.Name, b.Profile.Name))
	})
	return near
}

// samplesTold is how many strings a person is shown.
const samplesTold = 5

// samples picks strings that a person can read, the rarest and longest first.
func (s *search) samples(n int) {
	m := &s.found[n]
	type candidate struct {
		h    hit
		text string
		df   int
	}
	var all []candidate
	seen := map[string]bool{}
	for i := range s.units {
		for _, h := range s.units[i].hits {
			if o, ok := s.owner[h.row]; (!ok || o != n) && m.Sure || !s.uses2(h.row, m.index) {
				continue
			}
			t := s.set.Units[i].String(h.str)
			if !seen[t] && len(t) >= 8 && len(t) <= 60 && readable(t) {
				seen[t] = true
				all = append(all, candidate{h, t, s.df[h.row]})
			}
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.df, b.df), cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
	})
	for _, c := range all[:min(len(all), samplesTold)] {
		m.Samples = append(m.Samples, s.sample(c.h, c.text))
	}
}

// sample says where a string is loaded first.
func (s *search) sample(h hit, text string) Sample {
	out := Sample{Text: text, Unit: int(h.unit), Body: -1}
	r := s.units[h.unit].reader
	for b := range r.bodies {
		if c := r.bodies[b].Class; int64(c) < int64(len(s.units[h.unit].named)) && s.units[h.unit].named[c] {
			continue
		}
		for _, ref := range r.refsOf(b) {
			if ref.Kind == fact.RefString && ref.Index == h.str {
				out.Body, out.PC = b, ref.PC
				return out
			}
		}
	}
	return out
}

func (s *search) uses2(row int32, profile int) bool {
	return slices.ContainsFunc(s.uses[row], func(u use) bool { return u.profile == profile })
}

func readable(s string) bool {
	letters := 0
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return false
		}
		if r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f {
			letters++
		}
	}
	return 2*letters >= len(s)
}
