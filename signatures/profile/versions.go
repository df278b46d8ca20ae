package profile

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// literal is the form in which an SDK writes its version into a string: what
// stands before it and behind it.
type literal struct {
	before, after uint64 // hashes
	length        int    // of what stands before, in bytes
}

// good reports whether a literal says whose version follows.
func (l literal) good() bool { return l.length >= 3 }

// cutVersion cuts a string at the first version in it: digits with at least one
// dot.
func cutVersion(s string) (l literal, version string) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		end := i
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
			end++
		}
		end = i + len(strings.TrimRight(s[i:end], "."))
		v := s[i : end+preview(s[end:])]
		dot := strings.IndexByte(v, '.')
		if dot <= 0 || dot+1 >= len(v) || v[dot+1] < '0' || v[dot+1] > '9' || len(v) > 32 {
			i = max(i, end-1)
			continue
		}
		return literal{before: Hash(s[:i]), after: Hash(s[i+len(v):]), length: i}, v
	}
	return literal{}, ""
}

// preview returns how long what marks a version as not yet final is, if s begins
// with that.
func preview(s string) int {
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '.' || s[n] == '_') {
		n++
	}
	for _, word := range [...]string{"alpha", "beta", "rc", "snapshot"} {
		if len(s) >= n+len(word) && strings.EqualFold(s[n:n+len(word)], word) {
			n += len(word)
			for n < len(s) && (s[n] >= '0' && s[n] <= '9' || (s[n] == '.' || s[n] == '-') && n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9') {
				n++
			}
			return n
		}
	}
	return 0
}

// compareVersions compares two versions part by part: numbers as such, a number
// before a word is the later one.
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = versionPart(a)
		y, b = versionPart(b)
		if x == y {
			continue
		}
		dx, dy := x != "" && x[0] >= '0' && x[0] <= '9', y != "" && y[0] >= '0' && y[0] <= '9'
		switch {
		case dx && dy:
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
		case dx:
			return 1
		case dy:
			return -1
		case x == "":
			return 1 // 1.0 is later than 1.0-beta
		case y == "":
			return -1
		default:
			return cmp.Compare(x, y)
		}
	}
	return 0
}

// versionPart cuts the first run of digits or of other letters off.
func versionPart(s string) (part, rest string) {
	s = strings.TrimLeft(s, ".-_+ ")
	if s == "" {
		return "", ""
	}
	digit := s[0] >= '0' && s[0] <= '9'
	i := 1
	for i < len(s) && !strings.ContainsRune(".-_+ ", rune(s[i])) && (s[i] >= '0' && s[i] <= '9') == digit {
		i++
	}
	return s[:i], s[i:]
}

// VersionMatch is what is known of the version of a match.
type VersionMatch struct {
	// Low and High are equal if it is one. Both are empty if nothing tells.
	Low, High string
	// Nearest is the known version that fits best, in the place of Low and High,
	// where part of it is missing: because a shrinker took it out, or because it
	// is of a version that is not known. Strings do not tell which.
	Nearest string
	// Literal is the string that decided, nil if the ranking did.
	Literal *Sample
}

// retention bounds the share of a version's strings that is taken to be left.
const (
	leastLeft  = 0.02
	mostLeft   = 0.98
	strayShare = 0.002 // of strings of a family that stand in an app that holds another version
	tie        = 2.0   // difference of log-likelihoods up to which versions are equally good
	strays     = 0.02  // share of strings of other versions above which it is none of those known
	whole      = 0.90  // share of a version's strings that is there if nothing was taken out
)

// version ranks the versions of a match: by how likely what is there and what is
// not would be, if the same share of all strings were left.
func (s *search) version(n int) {
	m := &s.found[n]
	if s.literal(n) {
		return
	}
	p := m.Profile
	k := len(p.Versions)
	in := make([]int, k) // strings of the app that the version holds
	all := 0             // strings of the app that any version holds
	for row, c := range s.rows {
		for _, u := range s.uses[row] {
			if u.profile != m.index {
				continue
			}
			all += c
			set := p.set(u.set)
			for v := range k {
				if set.has(v) {
					in[v] += c
				}
			}
		}
	}
	best := 0
	for v := range k {
		if in[v] > in[best] {
			best = v
		}
	}
	left := min(max(float64(in[best])/float64(max(p.Versions[best].Strings, 1)), leastLeft), mostLeft)
	score := make([]float64, k)
	top := math.Inf(-1)
	for v := range k {
		missing := max(p.Versions[v].Strings-in[v], 0)
		score[v] = float64(in[v])*math.Log(left) + float64(missing)*math.Log(1-left) + float64(all-in[v])*math.Log(strayShare)
		top = max(top, score[v])
	}
	for v := range k {
		if score[v] == top {
			best = v
		}
	}
	if stray := all - in[best]; float64(stray) > max(1, strays*float64(all)) || float64(in[best]) < whole*float64(p.Versions[best].Strings) {
		m.Version.Nearest = p.Versions[best].Name
		return
	}
	for v := range k {
		if score[v] >= top-tie && p.Versions[v].Name != "" {
			if m.Version.Low == "" {
				m.Version.Low = p.Versions[v].Name
			}
			m.Version.High = p.Versions[v].Name
		}
	}
}

// literal looks for a string that holds the version in the form that the SDK
// writes it in. It must stand in a class of the match, or beside one of its
// strings.
func (s *search) literal(n int) bool {
	m := &s.found[n]
	if len(m.Profile.literals) == 0 {
		return false
	}
	type at struct {
		unit int
		typ  uint32
	}
	own := map[at]bool{}
	for _, c := range m.Classes {
		typ, _, _ := s.set.Units[c.Unit].Class(c.Class)
		own[at{c.Unit, typ}] = true
	}
	found := map[string]Sample{}
	for ui := range s.units {
		r := s.units[ui].reader
		for b, body := range r.bodies {
			if !own[at{ui, body.Class}] {
				continue
			}
			for _, ref := range r.refsOf(b) {
				if ref.Kind != fact.RefString {
					continue
				}
				text := r.u.String(ref.Index)
				if len(text) > maxString {
					continue
				}
				lit, v := cutVersion(text)
				if v == "" || !slices.Contains(m.Profile.literals, lit) {
					continue
				}
				if was, ok := found[v]; !ok || len(text) < len(was.Text) {
					found[v] = Sample{Text: text, Unit: ui, Body: b, PC: ref.PC}
				}
			}
		}
	}
	if len(found) != 1 {
		return false
	}
	for v, l := range found {
		m.Version = VersionMatch{Low: v, High: v, Literal: &l}
	}
	return true
}
