package profile

import (
	"compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// ErrFormat says that a file is no index, is damaged or of another version.
var ErrFormat = errors.New("is no index of profiles that this version reads")

// Limits of an index.
const (
	maxIndex     = 256 << 20 // bytes of the file
	maxInflated  = 64 << 20  // of one section
	maxVersions  = 4096      // of one profile
	maxRowPairs  = 4096      // profiles that hold one string
	maxClasses   = 200_000   // of one profile
	maxLiteralsN = 64
)

// Index is a set of profiles, ready to be matched. It is immutable and safe for
// concurrent use.
type Index struct {
	profiles []Profile
	n        int // number of families and programs
	programs int
	bits     uint
	starts   string
	strings  string
	uses     string
	rows     string
	rowData  string
	classes  string
	origins  string
	count    int
}

// Profile is what is known of the versions of one SDK, or of one of its
// artefacts.
type Profile struct {
	Name     string
	Rule     string // id of the SDK rule; "" if the profile only explains strings away
	Versions []Version

	sets     string // bitmaps of versions
	numSets  int
	literals []literal
	classes  string // as encoded
}

// Version is one version of a profile.
type Version struct {
	Name    string // as its vendor writes it
	Strings int    // that the profile holds of it
	weight  float64
}

// cursor reads what may be cut short or hostile: after the first fault it gives
// nothing but zeros.
type cursor struct {
	s   string
	bad bool
}

func (c *cursor) uvarint() uint64 {
	x, shift := uint64(0), 0
	for i := 0; i < len(c.s) && i < 10; i++ {
		b := c.s[i]
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			c.s = c.s[i+1:]
			return x
		}
		shift += 7
	}
	c.bad, c.s = true, ""
	return 0
}

// count reads a number of things of which each takes at least size bytes.
func (c *cursor) count(size, most int) int {
	n := c.uvarint()
	if n > uint64(most) || n*uint64(size) > uint64(len(c.s)) {
		c.bad, c.s = true, ""
		return 0
	}
	return int(n)
}

func (c *cursor) take(n int) string {
	if n < 0 || n > len(c.s) {
		c.bad, c.s = true, ""
		return ""
	}
	v := c.s[:n]
	c.s = c.s[n:]
	return v
}

func (c *cursor) text() string { return c.take(c.count(1, 1<<16)) }

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != "" {
		return u32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	lo := c.u32()
	return uint64(lo) | uint64(c.u32())<<32
}

func u32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func inflate(s string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(strings.NewReader(s)), maxInflated+1))
	if err != nil || len(b) > maxInflated {
		return "", ErrFormat
	}
	return string(b), nil
}

// Open reads an index. What it returns borrows data.
func Open(data string) (*Index, error) {
	if len(data) < indexHeader || len(data) > maxIndex || data[:len(indexMagic)] != indexMagic {
		return nil, ErrFormat
	}
	h := cursor{s: data[len(indexMagic):]}
	x := &Index{count: int(h.u32()), bits: uint(h.u32()), programs: int(h.u32()), n: int(h.u32())}
	var length [indexSections]int
	total := 0
	for i := range length {
		length[i] = int(h.u32())
		total += length[i]
	}
	if total != len(h.s) || x.bits < 1 || x.bits > 24 || x.n < 0 || x.n > 1<<24 {
		return nil, ErrFormat
	}
	sections := [indexSections]string{}
	for i := range length {
		sections[i] = h.take(length[i])
	}
	x.starts, x.strings, x.uses, x.rows, x.rowData, x.classes, x.origins = sections[1], sections[2], sections[3], sections[4], sections[5], sections[6], sections[7]
	if len(x.starts) != 4*(1<<x.bits+1) || len(x.strings) != 4*x.count || len(x.uses) != 3*x.count || len(x.rows)%4 != 0 || len(x.rows) < 4 {
		return nil, ErrFormat
	}
	text, err := inflate(sections[0])
	if err != nil {
		return nil, err
	}
	c := &cursor{s: text}
	left := x.classes
	for range c.count(4, 1<<20) {
		p := Profile{Name: c.text(), Rule: c.text()}
		n := c.count(6, maxVersions)
		for range n {
			v := Version{Name: c.text(), Strings: int(c.uvarint() & math.MaxInt32)}
			v.weight = float64(math.Float32frombits(c.u32()))
			if !(v.weight >= 0 && v.weight < 1e9) {
				c.bad = true
			}
			p.Versions = append(p.Versions, v)
		}
		size := (n + 7) / 8
		p.numSets = c.count(max(size, 1), 1<<22)
		p.sets = c.take(p.numSets * size)
		for range c.count(17, maxLiteralsN) {
			p.literals = append(p.literals, literal{before: c.u64(), after: c.u64(), length: int(c.uvarint() & 0xffff)})
		}
		k := c.uvarint()
		if k > uint64(len(left)) || n == 0 {
			c.bad = true
		}
		if c.bad {
			return nil, ErrFormat
		}
		p.classes, left = left[:k], left[k:]
		x.profiles = append(x.profiles, p)
	}
	if c.bad {
		return nil, ErrFormat
	}
	return x, nil
}

// Profiles returns all profiles, sorted by name. The slice is shared.
func (x *Index) Profiles() []Profile { return x.profiles }

// Programs returns how many other programs strings were held against.
func (x *Index) Programs() int { return x.programs }

// Strings returns how many strings the index knows.
func (x *Index) Strings() int { return x.count }

// Origins returns where each version of each profile was learned, in the order
// of Profiles and Versions.
func (x *Index) Origins() ([]Artefact, error) {
	text, err := inflate(x.origins)
	if err != nil {
		return nil, err
	}
	c := &cursor{s: text}
	var out []Artefact
	for i := range x.profiles {
		p := &x.profiles[i]
		for _, v := range p.Versions {
			a := Artefact{Profile: p.Name, Rule: p.Rule, Version: v.Name, File: c.text(), Source: c.text(), SHA256: hex.EncodeToString([]byte(c.text()))}
			if c.bad {
				return nil, fmt.Errorf("the list of artefacts: %w", ErrFormat)
			}
			out = append(out, a)
		}
	}
	return out, nil
}

// lookup returns the number of a string, or -1.
func (x *Index) lookup(h uint64) int {
	b := int(h >> (64 - x.bits))
	lo, hi := int(u32(x.starts[4*b:])), int(u32(x.starts[4*b+4:]))
	if lo > hi || hi > x.count {
		return -1
	}
	key := uint32(h << x.bits >> 32)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch k := u32(x.strings[4*mid:]); {
		case k == key:
			return mid
		case k < key:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return -1
}

// use is a set of versions of a profile.
type use struct{ profile, set int }

// row returns the number of the row that speaks of a string.
func (x *Index) row(i int) int {
	return int(x.uses[3*i]) | int(x.uses[3*i+1])<<8 | int(x.uses[3*i+2])<<16
}

// read returns what a row says: the document frequency, and which profiles use
// the string.
func (x *Index) read(row int, buf []use) (df int, out []use) {
	if row < 0 || 4*row+8 > len(x.rows) {
		return 0, buf
	}
	from, to := u32(x.rows[4*row:]), u32(x.rows[4*row+4:])
	if from > to || uint64(to) > uint64(len(x.rowData)) {
		return 0, buf
	}
	c := cursor{s: x.rowData[from:to]}
	df = int(c.uvarint() & math.MaxInt32)
	profile := uint64(0)
	for range c.count(2, maxRowPairs) {
		profile += c.uvarint()
		set := c.uvarint()
		if c.bad || profile >= uint64(len(x.profiles)) || set >= uint64(x.profiles[profile].numSets) {
			break
		}
		buf = append(buf, use{int(profile), int(set)})
	}
	return df, buf
}

func (x *Index) weight(df int) float64 {
	if df < 1 {
		return 0
	}
	return max(0, math.Log(float64(x.n+1)/float64(df)))
}

// set returns the versions of a profile that set names.
func (p *Profile) set(i int) bitmap {
	size := (len(p.Versions) + 7) / 8
	return bitmap(p.sets[i*size : (i+1)*size])
}

// readClasses decodes the classes of a profile.
func (p *Profile) readClasses() []classPrint {
	c := &cursor{s: p.classes}
	size := (len(p.Versions) + 7) / 8
	n := c.count(size+2, maxClasses)
	text, err := inflate(c.text64())
	if err != nil || c.bad {
		return nil
	}
	var out []classPrint
	for range n {
		name, rest, _ := strings.Cut(text, "\n")
		text = rest
		cp := classPrint{name: name, versions: []byte(c.take(size))}
		for features := c.prints(); features != ""; features = features[4:] {
			cp.features = append(cp.features, u32(features))
		}
		for bare := c.prints(); bare != ""; bare = bare[4:] {
			cp.bare = append(cp.bare, u32(bare))
		}
		if c.bad {
			return out
		}
		out = append(out, cp)
	}
	return out
}

// eachBare goes through the classes of a profile as readClasses does, without
// their names: fn gets the number of each that has fingerprints without strings,
// and these as they stand in the index.
func (p *Profile) eachBare(fn func(i int, versions bitmap, bare string)) {
	c := &cursor{s: p.classes}
	size := (len(p.Versions) + 7) / 8
	n := c.count(size+2, maxClasses)
	c.text64()
	for i := range n {
		versions := c.take(size)
		c.prints()
		bare := c.prints()
		if c.bad {
			return
		}
		if bare != "" {
			fn(i, bitmap(versions), bare)
		}
	}
}

// prints reads a number of fingerprints and takes these as they are.
func (c *cursor) prints() string {
	k := c.take(1)
	if c.bad {
		return ""
	}
	return c.take(4 * int(k[0]))
}

func (c *cursor) text64() string { return c.take(c.count(1, maxIndex)) }
