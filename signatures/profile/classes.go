package profile

import (
	"cmp"
	"math"
	"slices"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// own finds the classes that the strings of accepted profiles stand in.
func (s *search) own() {
	type at struct{ unit, typ int }
	spread := make([]map[at]map[uint32]bool, len(s.found))
	for i := range s.found {
		spread[i] = map[at]map[uint32]bool{}
	}
	maybe := map[int32][]int{} // row → matches that explain nothing yet
	for i := range s.found {
		if !s.found[i].Sure {
			for row := range s.rows {
				if _, taken := s.owner[row]; !taken && s.uses2(row, s.found[i].index) {
					maybe[row] = append(maybe[row], i)
				}
			}
		}
	}
	for ui := range s.units {
		u := &s.units[ui]
		of := make(map[uint32][]int, len(u.hits))
		for _, h := range u.hits {
			if o, ok := s.owner[h.row]; ok {
				of[h.str] = []int{o}
			} else if l := maybe[h.row]; l != nil {
				of[h.str] = l
			}
		}
		if len(of) == 0 {
			continue
		}
		for b, body := range u.reader.bodies {
			if int64(body.Class) < int64(len(u.named)) && u.named[body.Class] {
				continue
			}
			for _, ref := range u.reader.refsOf(b) {
				if ref.Kind != fact.RefString {
					continue
				}
				for _, m := range of[ref.Index] {
					k := at{ui, int(body.Class)}
					if spread[m][k] == nil {
						spread[m][k] = map[uint32]bool{}
					}
					spread[m][k][ref.Index] = true
				}
			}
		}
	}
	for i := range s.found {
		s.found[i].Spread = len(spread[i])
	}
	// A class belongs to whom most of its strings speak for, if these are two.
	votes := map[at]map[int]int{}
	for i := range s.found {
		if !s.found[i].Sure {
			continue
		}
		for k, l := range spread[i] {
			if votes[k] == nil {
				votes[k] = map[int]int{}
			}
			votes[k][i] = len(l)
		}
	}
	for ui, u := range s.units {
		for c := range u.reader.u.NumClasses() {
			typ, _, _ := u.reader.u.Class(c)
			v := votes[at{ui, int(typ)}]
			best, n, tie := -1, 1, false
			for i, k := range v {
				switch {
				case k > n:
					best, n, tie = i, k, false
				case k == n && best >= 0:
					tie = true
				}
			}
			if best >= 0 && !tie {
				m := &s.found[best]
				m.Classes = append(m.Classes, ClassMatch{Unit: ui, Class: c, Name: u.reader.u.Type(typ)})
			}
		}
	}
}

// pair is a class of the app and one of a profile that have features in common.
type pair struct {
	app, class int
	score      float64
	share      float64
}

// maxAlike is how many classes of an app may have a feature that tells one.
const maxAlike = 4

// classes tells classes apart by what they alone do.
func (s *search) classes() {
	type known struct {
		match, class int
		weight       float64
	}
	wanted := map[uint32][]known{}
	prints := make([][]classPrint, len(s.found))
	for i := range s.found {
		m := &s.found[i]
		if m.Profile.Rule == "" || !m.Sure && m.Share < minLikely && !m.dense() {
			continue
		}
		prints[i] = nearestClasses(m.Profile, m.best)
		in := map[uint32]int{}
		for _, c := range prints[i] {
			for _, f := range c.features {
				in[f]++
			}
		}
		for ci, c := range prints[i] {
			for _, f := range c.features {
				if in[f] <= maxShared {
					wanted[f] = append(wanted[f], known{i, ci, 1 / float64(in[f])})
				}
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	type ref struct{ unit, class int }
	var app []class
	var where []ref
	holders := map[uint32][]int{} // feature → classes of the app
	for ui := range s.units {
		u := &s.units[ui]
		for c := range u.reader.u.NumClasses() {
			typ, _, _ := u.reader.u.Class(c)
			if int64(typ) < int64(len(u.named)) && u.named[typ] {
				continue
			}
			if c&0xff == 0 && s.ctx.Err() != nil {
				return
			}
			cl := u.reader.class(c)
			n, mine := len(app), 0
			take := func(f uint32) {
				if wanted[f] != nil {
					if l := holders[f]; len(l) == 0 || l[len(l)-1] != n {
						holders[f] = append(l, n)
					}
					mine++
				}
			}
			for _, p := range cl.prints {
				take(p)
			}
			for _, h := range cl.strings {
				take(single(h))
			}
			if mine > 0 {
				app, where = append(app, cl), append(where, ref{ui, c})
			}
		}
	}
	byMatch := make([]map[[2]int]*pair, len(s.found))
	for f, l := range holders {
		if len(l) > maxAlike {
			continue
		}
		for _, k := range wanted[f] {
			if byMatch[k.match] == nil {
				byMatch[k.match] = map[[2]int]*pair{}
			}
			for _, a := range l {
				key := [2]int{a, k.class}
				p := byMatch[k.match][key]
				if p == nil {
					p = &pair{app: a, class: k.class}
					byMatch[k.match][key] = p
				}
				p.score += k.weight / float64(len(l))
				p.share++
			}
		}
	}
	taken := map[int]bool{} // classes of the app
	for i := range s.found {
		m := &s.found[i]
		var pairs []pair
		for _, p := range byMatch[i] {
			p.share /= float64(len(prints[i][p.class].features))
			p.score = math.Round(p.score*1e6) / 1e6 // sums in any order
			pairs = append(pairs, *p)
		}
		slices.SortFunc(pairs, func(a, b pair) int {
			return cmp.Or(-cmp.Compare(a.score, b.score), -cmp.Compare(a.share, b.share), cmp.Compare(a.app, b.app), cmp.Compare(a.class, b.class))
		})
		if n := slices.IndexFunc(pairs, func(p pair) bool { return p.score < 0.9 }); n >= 0 {
			pairs = pairs[:n]
		}
		for _, p := range apart(pairs, taken) {
			w := where[p.app]
			cm := ClassMatch{Unit: w.unit, Class: w.class, Name: app[p.app].name, Original: prints[i][p.class].name, Matched: true}
			m.Matched++
			if cm.Original == cm.Name {
				m.Unchanged++
			}
			if at := slices.IndexFunc(m.Classes, func(c ClassMatch) bool { return c.Unit == cm.Unit && c.Class == cm.Class }); at >= 0 {
				m.Classes[at] = cm
			} else {
				m.Classes = append(m.Classes, cm)
			}
		}
	}
	// What was told apart is nobody else's.
	matched := map[ref]bool{}
	for i := range s.found {
		for _, c := range s.found[i].Classes {
			if c.Matched {
				matched[ref{c.Unit, c.Class}] = true
			}
		}
	}
	for i := range s.found {
		m := &s.found[i]
		m.Classes = slices.DeleteFunc(m.Classes, func(c ClassMatch) bool { return !c.Matched && matched[ref{c.Unit, c.Class}] })
		slices.SortFunc(m.Classes, func(a, b ClassMatch) int {
			return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Class, b.Class))
		})
	}
}

// apart takes pairs in their order, the best first, each class once, and marks
// the app's as taken. Where another is as good, nobody can tell which is which.
func apart(pairs []pair, taken map[int]bool) (told []pair) {
	used := map[int]bool{} // classes of the profile
	for from := 0; from < len(pairs); {
		to := from + 1
		for to < len(pairs) && pairs[to].score == pairs[from].score && pairs[to].share == pairs[from].share {
			to++
		}
		alike := pairs[from:to]
		byApp, byClass := map[int][]int{}, map[int][]int{}
		for i, p := range alike {
			byApp[p.app], byClass[p.class] = append(byApp[p.app], i), append(byClass[p.class], i)
		}
		for i, p := range alike {
			if taken[p.app] || used[p.class] ||
				slices.ContainsFunc(byApp[p.app], func(k int) bool { return k > i && !used[alike[k].class] }) ||
				slices.ContainsFunc(byClass[p.class], func(k int) bool { return k > i && !taken[alike[k].app] }) {
				continue
			}
			taken[p.app], used[p.class] = true, true
			told = append(told, p)
		}
		from = to
	}
	return told
}

// nearestClasses returns the classes of the version that has any and is nearest
// to one.
func nearestClasses(p *Profile, version int) []classPrint {
	all := p.readClasses()
	near := -1
	for _, v := range withClasses(len(p.Versions)) {
		if near < 0 || abs(v-version) < abs(near-version) {
			near = v
		}
	}
	var out []classPrint
	for _, c := range all {
		if bitmap(c.versions).has(near) {
			out = append(out, c)
		}
	}
	return out
}

func abs(x int) int { return max(x, -x) }
