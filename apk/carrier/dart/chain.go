package dart

import (
	"iter"
	"math/bits"
	"slices"
)

const (
	leastLinks = 12 // strings that make a chain
	leastText  = 40 // bytes of text in those
	maxGap     = 3  // strings in a row that are not text: tables for scanners
)

// chain is a part of a snapshot where one string follows the other.
type chain struct {
	start, end int
	count      int
	tagged     bool // the lowest bit of a length tells UTF-16
}

// link is one string of a chain.
type link struct {
	off, end int
	wide     bool
}

// links yields the strings of the chain.
func (c chain) links(data []byte) iter.Seq[link] {
	return func(yield func(link) bool) {
		for i := c.start; i < c.end; {
			l, ok := decode(data, i, c.tagged)
			if !ok || !yield(l) {
				return
			}
			i = l.end
		}
	}
}

// decode reads the string whose length is at i.
func decode(data []byte, i int, tagged bool) (link, bool) {
	v := 0
	for shift := 0; ; shift += 7 {
		if i >= len(data) || shift > 28 {
			return link{}, false
		}
		c := int(data[i])
		i++
		v |= c & 0x7f << shift
		if c >= 0x80 {
			break
		}
	}
	l := link{off: i}
	if tagged {
		l.wide = v&1 != 0
		if v >>= 1; l.wide {
			v *= 2
		}
	}
	if v > len(data)-i {
		return link{}, false
	}
	l.end = i + v
	return l, true
}

// findChains returns the chains of whichever form covers more.
func findChains(data []byte) []chain {
	control := newRank(data, func(c byte) bool {
		return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7f && c < 0xa0
	})
	high := newRank(data, func(c byte) bool { return c >= 0x80 })
	var best []chain
	most := 0
	for _, tagged := range []bool{true, false} {
		f := finder{data, control, high, tagged}
		chains := f.all()
		covered := 0
		for _, c := range chains {
			covered += c.end - c.start
		}
		if covered > most {
			best, most = chains, covered
		}
	}
	return best
}

type finder struct {
	data          []byte
	control, high *rank
	tagged        bool
}

// all finds the chains, from the start on. Every step costs the same, whatever
// the length of the strings is.
func (f *finder) all() []chain {
	var out []chain
	for i := 0; i < len(f.data); {
		if c, ok := f.chain(i); ok {
			c = f.begin(c)
			out = append(out, c)
			i = c.end
		} else {
			i++
		}
	}
	return out
}

// text reports whether a string is one that a person would take for text.
func (f *finder) text(l link) bool {
	if !l.wide {
		return f.control.count(l.off, l.end) == 0
	}
	if f.control.count(l.off, l.end) == 0 && f.high.count(l.off, l.end) == 0 {
		return false // Latin text, misread
	}
	// A look at the beginning tells random bytes.
	for i := l.off; i+1 < min(l.end, l.off+32); i += 2 {
		if lo, hi := f.data[i], f.data[i+1]; hi == 0 && lo < ' ' && lo != '\n' && lo != '\r' && lo != '\t' || hi == 0xff && lo >= 0xf0 {
			return false
		}
	}
	return true
}

// chain follows a chain from i.
func (f *finder) chain(i int) (chain, bool) {
	c := chain{start: i, end: i, tagged: f.tagged}
	text, latin, wide, gap := 0, 0, 0, 0
	for at := i; ; {
		l, ok := decode(f.data, at, f.tagged)
		if !ok {
			break
		}
		at = l.end
		if !f.text(l) {
			if gap++; gap > maxGap || c.count < leastLinks {
				break
			}
			continue
		}
		c.count += gap + 1
		c.end, gap = at, 0
		if l.wide {
			wide++
		} else if n := l.end - l.off; c.count <= leastLinks {
			text += n
			latin += f.high.count(l.off, l.end)
		}
		// Random bytes make short strings of accented letters.
		if c.count == leastLinks && (text < leastText || latin*5 > text || wide > leastLinks/2) {
			return c, false
		}
	}
	return c, c.count >= leastLinks
}

// begin looks for a better start of a chain: what stands before the first string
// may by chance lead into the chain as well, and swallow some.
func (f *finder) begin(c chain) chain {
	const few = 64
	var marks []int // where the first strings of the chain begin
	for l := range c.links(f.data) {
		if marks = append(marks, l.end); len(marks) == few {
			break
		}
	}
	best, gain := c.start, 0
	for start := c.start + 1; start < min(marks[0], c.start+8*few); start++ {
		for at, n := start, 1; n <= few; n++ {
			l, ok := decode(f.data, at, f.tagged)
			if !ok || !f.text(l) {
				break
			}
			at = l.end
			if k, ok := slices.BinarySearch(marks, at); ok {
				if n-k-1 > gain {
					best, gain = start, n-k-1
				}
				break
			}
		}
	}
	c.start = best
	c.count += gain
	return c
}

// rank counts bytes of a kind between two places in constant time.
type rank struct {
	bits []uint64
	sum  []uint32 // of the words before
}

func newRank(data []byte, is func(byte) bool) *rank {
	var class [256]uint64
	for c := range class {
		if is(byte(c)) {
			class[c] = 1
		}
	}
	n := len(data)/64 + 1
	r := &rank{make([]uint64, n), make([]uint32, n)}
	for i, c := range data {
		r.bits[i/64] |= class[c] << (i % 64)
	}
	total := uint32(0)
	for i, w := range r.bits {
		r.sum[i] = total
		total += uint32(bits.OnesCount64(w))
	}
	return r
}

// before counts in the first i bytes.
func (r *rank) before(i int) int {
	return int(r.sum[i/64]) + bits.OnesCount64(r.bits[i/64]&(1<<(i%64)-1))
}

// count counts in the bytes from i to j.
func (r *rank) count(i, j int) int { return r.before(j) - r.before(i) }
