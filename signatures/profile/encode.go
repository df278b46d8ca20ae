package profile

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"
)

// An index is one file, little-endian: magic, number of strings (u32), bits of
// the first level (u32), number of programs and N (u32 each), section lengths
// (u32), then the sections:
//
//	0 profiles  deflated, see encodeProfiles
//	1 starts    u32 each, 2^bits + 1: where the strings of an upper part begin
//	2 strings   u32 each: the 32 bits of a hash behind its upper part
//	3 uses      u24 each: which row of section 5 speaks of the string
//	4 rows      u32 each, one more than there are: where they begin in 5
//	5 use rows  df, number of (profile, version set) pairs, pairs; all uvarint,
//	            profiles as differences
//	6 classes   for each profile: names deflated, then features
//	7 origins   deflated: where artefacts come from
//
// Strings are looked up in the bytes as they are: opening an index costs as much
// as reading section 0.
const (
	indexMagic    = "TTPROF\x02\n"
	indexSections = 8
	indexHeader   = len(indexMagic) + 4*4 + 4*indexSections
)

// classPrint is a class as an index knows it.
type classPrint struct {
	name     string // descriptor; "" if it says nothing
	versions []byte // bitmap
	features []uint32
	bare     []uint32 // those that encrypting strings does not change
}

// bitmap is a set of small numbers.
type bitmap []byte

func (b bitmap) has(i int) bool { return i/8 < len(b) && b[i/8]&(1<<(i%8)) != 0 }

func newBitmap(n int) bitmap { return make(bitmap, (n+7)/8) }

func (b bitmap) set(i int) { b[i/8] |= 1 << (i % 8) }

// Encode makes the index.
func (l *Learner) Encode() []byte {
	df, n := l.frequencies()
	l.choose(df, n)
	bares := l.bareFamilies()
	slices.Sort(l.order)
	var names []string
	for _, name := range l.order {
		if len(l.profiles[name].versions) > 0 {
			names = append(names, name)
		}
	}
	le := binary.LittleEndian
	var sections [indexSections][]byte

	// Which versions of which profiles hold a string.
	type use struct {
		profile int
		set     int
	}
	uses := map[uint64][]use{}
	sets := make([][]bitmap, len(names)) // by profile
	for pi, name := range names {
		p := l.profiles[name]
		in := map[uint64]bitmap{}
		for vi, v := range p.versions {
			for _, s := range v.kept {
				if in[s] == nil {
					in[s] = newBitmap(len(p.versions))
				}
				in[s].set(vi)
			}
		}
		var all []bitmap
		for _, b := range in {
			all = append(all, b)
		}
		slices.SortFunc(all, func(a, b bitmap) int { return bytes.Compare(a, b) })
		all = slices.CompactFunc(all, func(a, b bitmap) bool { return bytes.Equal(a, b) })
		sets[pi] = all
		for s, b := range in {
			i, _ := slices.BinarySearchFunc(all, b, func(x, y bitmap) int { return bytes.Compare(x, y) })
			uses[s] = append(uses[s], use{pi, i})
		}
	}
	var keys []uint64
	for s := range uses {
		keys = append(keys, s)
	}
	slices.Sort(keys)

	// Rows, each once, the most frequent first is of no use: sorted by bytes.
	rows := map[uint64]string{}
	var list []string
	for _, s := range keys {
		us := uses[s]
		slices.SortFunc(us, func(a, b use) int { return cmp.Compare(a.profile, b.profile) })
		b := binary.AppendUvarint(nil, uint64(df[s]))
		b = binary.AppendUvarint(b, uint64(len(us)))
		last := 0
		for _, u := range us {
			b = binary.AppendUvarint(b, uint64(u.profile-last))
			b = binary.AppendUvarint(b, uint64(u.set))
			last = u.profile
		}
		rows[s] = string(b)
		list = append(list, string(b))
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for _, r := range list {
		sections[4] = le.AppendUint32(sections[4], uint32(len(sections[5])))
		sections[5] = append(sections[5], r...)
	}
	sections[4] = le.AppendUint32(sections[4], uint32(len(sections[5])))

	bits := 4
	for len(keys)>>bits > 12 && bits < 24 {
		bits++
	}
	at := 0
	for b := 0; b <= 1<<bits; b++ {
		for at < len(keys) && keys[at]>>(64-bits) < uint64(b) {
			at++
		}
		sections[1] = le.AppendUint32(sections[1], uint32(at))
	}
	for _, s := range keys {
		sections[2] = le.AppendUint32(sections[2], uint32(s<<bits>>32))
		row, _ := slices.BinarySearch(list, rows[s])
		sections[3] = append(sections[3], byte(row), byte(row>>8), byte(row>>16))
	}

	var profiles, origins []byte
	for pi, name := range names {
		p := l.profiles[name]
		classes := l.encodeClasses(p, df, bares)
		profiles = appendText(profiles, name)
		profiles = appendText(profiles, p.rule)
		profiles = binary.AppendUvarint(profiles, uint64(len(p.versions)))
		for _, v := range p.versions {
			weight := 0.0
			for _, s := range v.kept {
				weight += math.Log(float64(n+1) / float64(df[s]))
			}
			profiles = appendText(profiles, v.Version)
			profiles = binary.AppendUvarint(profiles, uint64(len(v.kept)))
			profiles = le.AppendUint32(profiles, math.Float32bits(float32(weight)))
			origins = appendText(origins, v.File)
			origins = appendText(origins, v.Source)
			sum, err := hex.DecodeString(v.SHA256)
			if err != nil {
				sum = nil
			}
			origins = appendText(origins, string(sum))
		}
		profiles = binary.AppendUvarint(profiles, uint64(len(sets[pi])))
		for _, b := range sets[pi] {
			profiles = append(profiles, b...)
		}
		lits := p.literals(func(l2 literal) bool { return l.exclusive(l2, name) })
		profiles = binary.AppendUvarint(profiles, uint64(len(lits)))
		for _, x := range lits {
			profiles = le.AppendUint64(profiles, x.before)
			profiles = le.AppendUint64(profiles, x.after)
			profiles = binary.AppendUvarint(profiles, uint64(x.length))
		}
		profiles = binary.AppendUvarint(profiles, uint64(len(classes)))
		sections[6] = append(sections[6], classes...)
	}
	sections[0] = deflate(binary.AppendUvarint(nil, uint64(len(names))), profiles)
	sections[7] = deflate(origins)

	out := []byte(indexMagic)
	out = le.AppendUint32(out, uint32(len(keys)))
	out = le.AppendUint32(out, uint32(bits))
	out = le.AppendUint32(out, uint32(len(l.programs)))
	out = le.AppendUint32(out, uint32(n))
	for _, s := range sections {
		out = le.AppendUint32(out, uint32(len(s)))
	}
	for _, s := range sections {
		out = append(out, s...)
	}
	return out
}

// literals returns the forms in which several versions of the profile tell
// themselves, or in which its few ones do and no other profile.
func (p *learned) literals(exclusive func(literal) bool) []literal {
	count := map[literal]int{}
	for _, v := range p.versions {
		seen := map[literal]bool{}
		for _, x := range v.literals {
			if !seen[x] {
				seen[x] = true
				count[x]++
			}
		}
	}
	var out []literal
	for x, n := range count {
		if (n >= 2 || len(p.versions) < 3) && exclusive(x) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b literal) int {
		return cmp.Or(cmp.Compare(a.before, b.before), cmp.Compare(a.after, b.after))
	})
	return out[:min(len(out), 8)]
}

// exclusive reports whether no profile of another rule tells its version so.
func (l *Learner) exclusive(x literal, name string) bool {
	for other, p := range l.profiles {
		if other == name || p.rule != "" && p.rule == l.profiles[name].rule {
			continue
		}
		for _, v := range p.versions {
			if slices.Contains(v.literals, x) {
				return false
			}
		}
	}
	return true
}

// encodeClasses renders the classes of some versions: the length of the deflated
// names, these joined by line ends, then for each the bitmap of versions, the
// number of its features and these (u32), and the same of those without strings.
func (l *Learner) encodeClasses(p *learned, df map[uint64]int, bares map[uint32]int) []byte {
	type key struct {
		name     string
		features string
	}
	all := map[key]*classPrint{}
	for _, vi := range withClasses(len(p.versions)) {
		for _, c := range classesOf(p.versions[vi], df, bares) {
			var f []byte
			for _, x := range c.features {
				f = binary.BigEndian.AppendUint32(f, x)
			}
			f = append(f, 0)
			for _, x := range c.bare {
				f = binary.BigEndian.AppendUint32(f, x)
			}
			k := key{c.name, string(f)}
			if all[k] == nil {
				c.versions = newBitmap(len(p.versions))
				all[k] = &c
			}
			bitmap(all[k].versions).set(vi)
		}
	}
	var list []*classPrint
	for _, c := range all {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *classPrint) int {
		return cmp.Or(cmp.Compare(a.name, b.name), slices.Compare(a.features, b.features), slices.Compare(a.bare, b.bare))
	})
	var names []string
	var rest []byte
	for _, c := range list {
		names = append(names, strings.ReplaceAll(c.name, "\n", ""))
		rest = append(rest, c.versions...)
		rest = append(rest, byte(len(c.features)))
		for _, x := range c.features {
			rest = binary.LittleEndian.AppendUint32(rest, x)
		}
		rest = append(rest, byte(len(c.bare)))
		for _, x := range c.bare {
			rest = binary.LittleEndian.AppendUint32(rest, x)
		}
	}
	text := deflate([]byte(strings.Join(names, "\n")))
	out := binary.AppendUvarint(nil, uint64(len(list)))
	out = binary.AppendUvarint(out, uint64(len(text)))
	out = append(out, text...)
	return append(out, rest...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func deflate(parts ...[]byte) []byte {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	for _, p := range parts {
		w.Write(p) // to memory: cannot fail
	}
	w.Close()
	return buf.Bytes()
}
