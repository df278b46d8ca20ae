package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// Where strings are encrypted, nothing of them speaks for anybody. What is left
// is which methods of the framework the methods of a class call, and the shapes
// of classes. That takes more time than strings do, so it is asked of code alone
// that calls a lot and says nothing.

// Thresholds of a search without strings.
const (
	muteClasses  = 16   // of a package
	muteCalls    = 100  // of its code
	mutePerCall  = 0.02 // strings that can be read, for each call; usual are 0.1 and more
	minBareHits  = 3    // classes, for a profile to be looked at
	minBareShare = 0.10 // of the classes of a version that can be told without strings
	minBareTold  = 60.0 // weight of what tells them
	minWholeTold = 40   // classes, for which no share is asked
)

// quiet is what the code of a package calls and says, and how many of its classes
// load what looks encrypted and nothing that can be read.
type quiet struct{ classes, calls, texts, ciphers int }

// mute returns, by type, the classes of packages whose code says nothing that
// can be read; nil if there are none. Where others' code stands in the same
// package, and many classes load encrypted strings alone, it is those classes that
// say nothing. Packages count with their sub-packages, by their first two labels:
// obfuscators write short names below each other.
func (h *unitHits) mute(defines []bool) []bool {
	u := h.reader.u
	group := make([]int32, len(defines))
	var groups []quiet
	number := map[string]int32{}
	last, n := "", int32(0)
	for typ, ok := range defines { // mostly in the order of names
		if !ok || h.named[typ] {
			continue
		}
		if p := labels(u.Type(uint32(typ))); n == 0 || p != last {
			if last, n = p, number[p]; n == 0 {
				groups = append(groups, quiet{})
				n = int32(len(groups))
				number[p] = n
			}
		}
		groups[n-1].classes++
		group[typ] = n
	}
	const plainText, cipherText, otherText = 1, 2, 4
	texts := make([]uint8, u.NumStrings())
	says := make([]uint8, len(group)) // by type: what its code loads
	for i, b := range h.reader.bodies {
		if int64(b.Class) >= int64(len(group)) || group[b.Class] == 0 {
			continue
		}
		g := &groups[group[b.Class]-1]
		for _, ref := range h.reader.refsOf(i) {
			switch {
			case ref.Kind.IsCall():
				g.calls++
			case ref.Kind == fact.RefString && int64(ref.Index) < int64(len(texts)):
				t := &texts[ref.Index]
				if *t == 0 {
					*t = otherText
					switch s := u.String(ref.Index); {
					case len(s) < minPlain:
					case scrambled(s):
						*t = cipherText
					case tells(s):
						*t = plainText
					}
				}
				if *t == plainText {
					g.texts++
				}
				if says[b.Class]&(plainText|cipherText) == 0 && *t == cipherText {
					g.ciphers++
				} else if says[b.Class]&plainText == 0 && *t == plainText && says[b.Class]&cipherText != 0 {
					g.ciphers--
				}
				says[b.Class] |= *t
			}
		}
	}
	var out []bool
	for typ, n := range group {
		if n == 0 {
			continue
		}
		g := groups[n-1]
		whole := float64(g.texts) <= mutePerCall*float64(g.calls)
		if g.classes >= muteClasses && g.calls >= muteCalls && (whole || g.ciphers >= muteClasses && says[typ]&plainText == 0) {
			if out == nil {
				out = make([]bool, len(group))
			}
			out[typ] = true
		}
	}
	return out
}

// labels returns the first two labels of a class's package.
func labels(desc string) string {
	end := strings.LastIndexByte(desc, '/')
	if end < 0 {
		return ""
	}
	desc = desc[:end]
	if i := strings.IndexByte(desc, '/'); i >= 0 {
		if j := strings.IndexByte(desc[i+1:], '/'); j >= 0 {
			return desc[:i+1+j]
		}
	}
	return desc
}

// silent is a class that says nothing.
type silent struct {
	unit, class int
	name        string
}

// bareHit is a class of a profile, and what of its code the app has.
type bareHit struct {
	class    int
	versions bitmap
	prints   []uint32
}

// bareSearch looks for profiles in silent classes.
type bareSearch struct {
	s       *search
	app     []silent
	holders map[uint32][]int32 // fingerprint → classes of the app
	taken   []bool             // classes of the app
	whose   map[uint32]int     // fingerprint → the family that has it, or manyFamilies
}

// manyFamilies marks what says nothing of any one.
const manyFamilies = -1

// bareMatch is a profile that may be there.
type bareMatch struct {
	profile int
	hits    []bareHit
	of      []int // by version: classes that can be told

	version int
	pairs   []pair
	weight  float64
}

// structure finds products by the code of silent classes alone.
func (s *search) structure() {
	b := &bareSearch{s: s, holders: map[uint32][]int32{}, whose: map[uint32]int{}}
	b.read()
	if len(b.app) < minClasses || s.ctx.Err() != nil {
		return
	}
	list := b.shortlist()
	for _, m := range list {
		b.weigh(m)
	}
	for s.ctx.Err() == nil && len(list) > 0 {
		at := 0
		for i, m := range list {
			if m.weight > list[at].weight {
				at = i
			}
		}
		// What was accepted before may have taken classes of it.
		m, was := list[at], list[at].weight
		if b.weigh(m); m.weight < was {
			continue
		}
		if m.weight == 0 {
			break
		}
		list = slices.Delete(list, at, at+1)
		p := &s.x.profiles[m.profile]
		n, of := len(m.pairs), m.of[m.version]
		if n < minClasses || m.weight < minBareTold || float64(n) < minBareShare*float64(of) && n < minWholeTold {
			s.near = append(s.near, Near{Profile: p, Reason: fmt.Sprintf("its strings cannot be read, and no more than %d of %d classes are told by their code", n, of)})
			continue
		}
		b.accept(m)
	}
}

// read takes the fingerprints of silent classes that nothing else explains.
func (b *bareSearch) read() {
	type at struct{ unit, class int }
	done := map[at]bool{}
	for i := range b.s.found {
		for _, c := range b.s.found[i].Classes {
			if c.Matched {
				done[at{c.Unit, c.Class}] = true
			}
		}
	}
	for ui := range b.s.units {
		u := &b.s.units[ui]
		if u.silent == nil {
			continue
		}
		for c := range u.reader.u.NumClasses() {
			typ, _, _ := u.reader.u.Class(c)
			if int64(typ) >= int64(len(u.silent)) || !u.silent[typ] || done[at{ui, c}] {
				continue
			}
			if c&0xff == 0 && b.s.ctx.Err() != nil {
				return
			}
			cl := u.reader.class(c)
			n, mine := int32(len(b.app)), false
			for _, f := range cl.bare {
				if f.told < minBare {
					continue
				}
				mine = true
				if l := b.holders[f.print]; len(l) <= maxAlike && (len(l) == 0 || l[len(l)-1] != n) {
					b.holders[f.print] = append(l, n)
				}
			}
			if mine {
				b.app = append(b.app, silent{ui, c, cl.name})
			}
		}
	}
	for f, l := range b.holders {
		if len(l) > maxAlike {
			delete(b.holders, f)
		}
	}
	b.taken = make([]bool, len(b.app))
}

// shortlist goes through the index once, for the profiles that have something in
// common with the app.
func (b *bareSearch) shortlist() []*bareMatch {
	var list []*bareMatch
	families := map[string]int{}
	for pi := range b.s.x.profiles {
		if pi&0x3f == 0 && b.s.ctx.Err() != nil {
			return nil
		}
		p := &b.s.x.profiles[pi]
		name := cmp.Or(p.Rule, "-"+p.Name)
		if _, ok := families[name]; !ok {
			families[name] = len(families)
		}
		family := families[name]
		m := &bareMatch{profile: pi, of: make([]int, len(p.Versions))}
		kept := withClasses(len(p.Versions))
		p.eachBare(func(i int, versions bitmap, bare string) {
			for _, v := range kept {
				if versions.has(v) {
					m.of[v]++
				}
			}
			var prints []uint32
			for ; bare != ""; bare = bare[4:] {
				f := u32(bare)
				if len(b.holders[f]) == 0 {
					continue
				}
				prints = append(prints, f)
				if was, ok := b.whose[f]; !ok {
					b.whose[f] = family
				} else if was != family {
					b.whose[f] = manyFamilies
				}
			}
			if prints != nil {
				m.hits = append(m.hits, bareHit{i, versions, prints})
			}
		})
		if len(m.hits) >= minBareHits {
			list = append(list, m)
		}
	}
	return list
}

// weigh tells the classes of a profile apart one to one, in the version that
// explains most.
func (b *bareSearch) weigh(m *bareMatch) {
	m.pairs, m.weight = nil, 0
	full := math.Log(float64(b.s.x.n + 1))
	for _, v := range withClasses(len(m.of)) {
		at := map[[2]int]int{}
		var pairs []pair
		for _, h := range m.hits {
			if !h.versions.has(v) {
				continue
			}
			for _, f := range h.prints {
				if b.whose[f] == manyFamilies {
					continue
				}
				l := b.holders[f]
				for _, a := range l {
					if b.taken[a] {
						continue
					}
					k := [2]int{int(a), h.class}
					i, ok := at[k]
					if !ok {
						i = len(pairs)
						at[k] = i
						pairs = append(pairs, pair{app: int(a), class: h.class})
					}
					pairs[i].score += full / float64(len(l))
				}
			}
		}
		for i := range pairs {
			pairs[i].score = math.Round(pairs[i].score*1e6) / 1e6
		}
		slices.SortFunc(pairs, func(x, y pair) int {
			return cmp.Or(-cmp.Compare(x.score, y.score), cmp.Compare(x.app, y.app), cmp.Compare(x.class, y.class))
		})
		told, weight := apart(pairs, map[int]bool{}), 0.0
		for _, p := range told {
			weight += p.score
		}
		weight = math.Round(weight*1e6) / 1e6
		if weight > m.weight || m.pairs == nil {
			m.version, m.pairs, m.weight = v, told, weight
		}
	}
}

// accept notes a match and takes its classes.
func (b *bareSearch) accept(m *bareMatch) {
	p := &b.s.x.profiles[m.profile]
	out := Match{Profile: p, Silent: true, Matched: len(m.pairs), Known: m.of[m.version], Weight: m.weight, index: m.profile, best: m.version}
	names := p.readClasses()
	for _, q := range m.pairs {
		b.taken[q.app] = true
		c := &b.app[q.app]
		cm := ClassMatch{Unit: c.unit, Class: c.class, Name: c.name, Matched: true}
		if q.class < len(names) {
			cm.Original = names[q.class].name
		}
		if cm.Original == cm.Name {
			out.Unchanged++
		}
		out.Classes = append(out.Classes, cm)
	}
	slices.SortFunc(out.Classes, func(x, y ClassMatch) int {
		return cmp.Or(cmp.Compare(x.Unit, y.Unit), cmp.Compare(x.Class, y.Class))
	})
	b.s.bare = append(b.s.bare, out)
}
