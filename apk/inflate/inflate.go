// Package inflate decompresses a whole DEFLATE stream (RFC 1951) whose
// inflated size is known, in one call and into one slice.
//
// An archive's directory gives that size, and inflating is most of the work of
// reading an app. Knowing where the output ends and having all of the input at
// hand, the decoder needs no window, no state between calls and few checks in
// its inner loop. For streams of unknown size use compress/flate.
//
// # Threat model
//
// Every byte of the stream is hostile. Nothing is read outside src or written
// outside dst, and time is bounded by their lengths. A stream is valid if
// compress/flate takes it for valid: code sets must be complete, but for an
// empty one that is never used and a single code of one bit.
package inflate

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"sync"
)

// Errors of Inflate. A stream that is cut off gives io.ErrUnexpectedEOF.
var (
	// ErrCorrupt says that the stream breaks the format.
	ErrCorrupt = errors.New("inflate: corrupt stream")
	// ErrLonger says that the stream holds more than fits into dst.
	ErrLonger = errors.New("inflate: the stream is longer than expected")
)

// Inflate decompresses the stream at the start of src into dst and returns how
// many bytes it wrote. Bytes of src behind the end of the stream are not
// looked at.
//
// If the stream ends before dst is full, n is less than len(dst) and err is
// nil. If it does not end there, n is len(dst) and err is ErrLonger. If it is
// damaged or cut off, dst[:n] holds what came before the damage; in every case
// dst[n:] may have been overwritten. It is safe for concurrent use.
func Inflate(dst, src []byte) (n int, err error) {
	d := decoders.Get().(*decoder)
	n, err = d.inflate(dst, src)
	d.src, d.dst = nil, nil
	decoders.Put(d)
	return n, err
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

const (
	litBits  = 11 // index bits of the first level of a litTable
	distBits = 9
	maxBits  = 15 // longest code

	// The tables are larger than any code set fills them (2,342 and fewer
	// than 600 entries) so that an index that was masked to the size needs no
	// further check.
	litSize  = 4096
	distSize = 1024
)

type (
	litTable  [litSize]uint32
	distTable [distSize]uint32
)

// A table entry tells what the next bits mean.
//
//	bits  0–7   bits to consume: the code and the extra bits behind it
//	bits  8–15  bits of the code alone; in a link, index bits of the second level
//	bits 16–    base of a length (9 bits) or distance (15 bits), a literal, or where a second level begins
//
// with flags in the bits that are free above.
const (
	flagLiteral = 1 << 31 // litTable only
	flagSpecial = 1 << 30 // litTable: link, end of block or invalid
	flagEnd     = 1 << 29 // with flagSpecial
	flagBad     = 1 << 28 // with flagSpecial

	flagDistSpecial = 1 << 31 // distTable: link or invalid
	flagDistBad     = 1 << 30 // with flagDistSpecial
)

type decoder struct {
	dst, src []byte
	op, ip   int
	bits     uint64 // bits read ahead from src[:ip]; those above n are zero or repeat src[ip:]
	n        uint   // how many of them are valid

	lit     litTable
	dist    distTable
	lens    [maxLit + maxDist + 16]uint8
	sorted  [maxLit]uint16
	precode [128]uint32
}

const (
	maxLit  = 288
	maxDist = 32

	numLit  = 286 // those that a stream may define
	numDist = 30
)

// symbols holds an entry for each symbol, lacking only the length of its code.
type symbols struct {
	lit     [maxLit]uint32
	dist    [maxDist]uint32
	precode [19]uint32
}

var static = makeSymbols()

func makeSymbols() *symbols {
	s := new(symbols)
	for i := range 256 {
		s.lit[i] = flagLiteral | uint32(i)<<16
	}
	s.lit[256] = flagSpecial | flagEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(0)
		if i >= 8 {
			extra = uint32(i/4 - 1)
		}
		s.lit[257+i] = base<<16 | extra
		base += 1 << extra
	}
	s.lit[285] = 258 << 16
	s.lit[286] = flagSpecial | flagBad
	s.lit[287] = flagSpecial | flagBad
	base = 1
	for i := range 30 {
		extra := uint32(0)
		if i >= 4 {
			extra = uint32(i/2 - 1)
		}
		s.dist[i] = base<<16 | extra
		base += 1 << extra
	}
	s.dist[30] = flagDistSpecial | flagDistBad
	s.dist[31] = flagDistSpecial | flagDistBad
	for i := range s.precode {
		s.precode[i] = uint32(i) << 16
	}
	return s
}

// fixedTables are those of blocks of type 1. They are never changed.
type fixedTables struct {
	lit  litTable
	dist distTable
}

var fixed = sync.OnceValue(func() *fixedTables {
	f := new(fixedTables)
	var lens [maxLit]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	var sorted [maxLit]uint16
	build(f.lit[:], lens[:], static.lit[:], sorted[:], litBits, flagSpecial, flagSpecial|flagBad)
	for i := range maxDist {
		lens[i] = 5
	}
	build(f.dist[:], lens[:maxDist], static.dist[:], sorted[:], distBits, flagDistSpecial, flagDistSpecial|flagDistBad)
	return f
})

// build fills a decoding table of two levels, the first of tableBits index
// bits, for the code with these lengths. link marks an entry that leads to the
// second level, bad is the entry of bits that are no code. It reports whether
// the lengths make a code.
func build(table []uint32, lens []uint8, entries []uint32, sorted []uint16, tableBits uint, link, bad uint32) bool {
	var count, next [maxBits + 2]int
	for _, l := range lens {
		count[l&15]++
	}
	top := uint(maxBits)
	for top > 0 && count[top] == 0 {
		top--
	}
	if top == 0 {
		// No code at all, which is allowed until one is met.
		fill(table[:1<<tableBits], bad)
		return true
	}
	space := 0
	for l := uint(1); l <= top; l++ {
		space += count[l] << (top - l)
		next[l+1] = next[l] + count[l]
	}
	if space != 1<<top {
		if top != 1 || count[1] != 1 {
			return false
		}
		// One code of one bit: the other bit is no code.
		for sym, l := range lens {
			if l == 1 {
				table[0] = entries[sym] + 0x101
			}
		}
		table[1] = bad
		double(table, 1, tableBits)
		return true
	}
	for sym, l := range lens {
		if l != 0 {
			sorted[next[l]] = uint16(sym)
			next[l]++
		}
	}

	// Codes are taken in order of length. code is kept with its first bit
	// lowest, as it comes in the stream. While the codes of length l are
	// entered, the table is as large as l bits make it; then it doubles.
	code := uint(0)
	at := 0
	l := uint(1)
	for count[l] == 0 {
		l++
	}
	for size := l; l <= tableBits; {
		for range count[l] {
			table[code] = entries[sorted[at]] + uint32(l)*0x101
			at++
			if code == 1<<l-1 { // all ones: the last code
				double(table, size, tableBits)
				return true
			}
			code = increment(code, l)
		}
		l++
		if l <= tableBits {
			double(table, size, l)
			size = l
		} else {
			break
		}
	}

	// Longer codes go to tables of a second level, one for each beginning of
	// tableBits bits.
	end := 1 << tableBits
	prefix := ^uint(0)
	var sub []uint32
	var subBits uint
	for ; l <= top; l++ {
		for left := count[l]; left > 0; left-- {
			if p := code & (1<<tableBits - 1); p != prefix {
				// The level needs as many bits as make room for all codes that
				// begin so: add lengths until the space is used up.
				prefix = p
				subBits = l - tableBits
				room := 1<<subBits - left
				for room > 0 {
					subBits++
					room = room<<1 - count[tableBits+subBits]
				}
				table[p] = link | uint32(end)<<16 | uint32(subBits)<<8 | uint32(tableBits)
				sub = table[end : end+1<<subBits]
				end += 1 << subBits
			}
			e := entries[sorted[at]] + uint32(l-tableBits)*0x101
			at++
			for i := code >> tableBits; i < uint(len(sub)); i += 1 << (l - tableBits) {
				sub[i] = e
			}
			if code == 1<<l-1 {
				return true
			}
			code = increment(code, l)
		}
	}
	return true
}

// increment returns the code of l bits that follows code, both with their
// first bit lowest: the highest zero becomes one, and the ones above it zeros.
func increment(code, l uint) uint {
	bit := uint(1) << (bits.Len(code^(1<<l-1)) - 1)
	return code&(bit-1) | bit
}

// double repeats the first 1<<from entries until there are 1<<to.
func double(table []uint32, from, to uint) {
	for ; from < to; from++ {
		copy(table[1<<from:2<<from], table[:1<<from])
	}
}

func fill(table []uint32, e uint32) {
	for i := range table {
		table[i] = e
	}
}

// need makes k bits available (at most 48), or reports that src ends before.
func (d *decoder) need(k uint) bool {
	for d.n < k {
		if d.ip >= len(d.src) {
			return false
		}
		d.bits |= uint64(d.src[d.ip]) << d.n
		d.ip++
		d.n += 8
	}
	return true
}

// refill reads ahead as many whole bytes as there are and as keep n below 64.
func (d *decoder) refill() {
	for d.n <= 55 && d.ip < len(d.src) {
		d.bits |= uint64(d.src[d.ip]) << d.n
		d.ip++
		d.n += 8
	}
}

func (d *decoder) drop(k uint) {
	d.bits >>= k & 63
	d.n -= k
}

func (d *decoder) inflate(dst, src []byte) (int, error) {
	d.dst, d.src, d.op, d.ip, d.bits, d.n = dst, src, 0, 0, 0, 0
	for {
		if !d.need(3) {
			return d.op, io.ErrUnexpectedEOF
		}
		final, typ := d.bits&1 == 1, d.bits>>1&3
		d.drop(3)
		var err error
		switch typ {
		case 0:
			err = d.stored()
		case 1:
			f := fixed()
			err = d.block(&f.lit, &f.dist)
		case 2:
			if err = d.readTables(); err == nil {
				err = d.block(&d.lit, &d.dist)
			}
		default:
			err = ErrCorrupt
		}
		if err != nil || final {
			return d.op, err
		}
	}
}

// stored copies a block that is not compressed.
func (d *decoder) stored() error {
	// Give back the whole bytes that were read ahead.
	d.ip -= int(d.n >> 3)
	d.bits, d.n = 0, 0
	if len(d.src)-d.ip < 4 {
		d.ip = len(d.src)
		return io.ErrUnexpectedEOF
	}
	n := int(binary.LittleEndian.Uint16(d.src[d.ip:]))
	if n != int(^binary.LittleEndian.Uint16(d.src[d.ip+2:])) {
		return ErrCorrupt
	}
	d.ip += 4
	in := d.src[d.ip:min(d.ip+n, len(d.src))]
	k := copy(d.dst[d.op:], in)
	d.op += k
	d.ip += k
	switch {
	case k < len(in):
		return ErrLonger
	case k < n:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// precodeOrder is the order in which the lengths of the code length code stand.
var precodeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the header of a block of type 2 and builds its tables.
func (d *decoder) readTables() error {
	if !d.need(14) {
		return io.ErrUnexpectedEOF
	}
	nlit := int(d.bits&31) + 257
	ndist := int(d.bits>>5&31) + 1
	nclen := int(d.bits>>10&15) + 4
	d.drop(14)
	if nlit > numLit || ndist > numDist {
		return ErrCorrupt
	}
	var pre [19]uint8
	for _, i := range precodeOrder[:nclen] {
		if !d.need(3) {
			return io.ErrUnexpectedEOF
		}
		pre[i] = uint8(d.bits & 7)
		d.drop(3)
	}
	const preBits = 7 // the longest code of a length code: no second level
	if !build(d.precode[:], pre[:], static.precode[:], d.sorted[:], preBits, 0, 0) {
		return ErrCorrupt
	}
	lens := d.lens[:nlit+ndist]
	for i := 0; i < len(lens); {
		d.refill()
		e := d.precode[d.bits&(1<<preBits-1)]
		k := uint(e & 0xff)
		if k > d.n {
			return io.ErrUnexpectedEOF
		}
		if k == 0 { // no code begins with these bits
			if d.n == 0 {
				return io.ErrUnexpectedEOF
			}
			return ErrCorrupt
		}
		d.drop(k)
		sym := e >> 16
		if sym < 16 {
			lens[i] = uint8(sym)
			i++
			continue
		}
		var extra, rep uint
		var v uint8
		switch sym {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			extra, rep, v = 2, 3, lens[i-1]
		case 17:
			extra, rep = 3, 3
		default:
			extra, rep = 7, 11
		}
		if d.n < extra {
			return io.ErrUnexpectedEOF
		}
		rep += uint(d.bits) & (1<<extra - 1)
		d.drop(extra)
		if uint(len(lens)-i) < rep {
			return ErrCorrupt
		}
		for range rep {
			lens[i] = v
			i++
		}
	}
	if !build(d.lit[:], lens[:nlit], static.lit[:], d.sorted[:], litBits, flagSpecial, flagSpecial|flagBad) ||
		!build(d.dist[:], lens[nlit:], static.dist[:], d.sorted[:], distBits, flagDistSpecial, flagDistSpecial|flagDistBad) {
		return ErrCorrupt
	}
	return nil
}

const (
	inMargin  = 40  // bytes of input that one turn of the inner loop may look at
	outMargin = 320 // bytes of output that one turn may write: a match, rounded up, and literals
)

// block decodes symbols until the end of the block.
func (d *decoder) block(lit *litTable, dist *distTable) error {
	if done, err := d.fast(lit, dist); done || err != nil {
		return err
	}
	return d.careful(lit, dist)
}

// fast decodes while input and output are far from their ends. It reports
// whether it met the end of the block.
func (d *decoder) fast(lit *litTable, dist *distTable) (done bool, err error) {
	dst, src := d.dst, d.src
	op, ip, b, n := d.op, d.ip, d.bits, d.n
	inEnd, outEnd := len(src)-inMargin, len(dst)-outMargin
	if ip > inEnd || op > outEnd {
		return false, nil
	}
	// At the top of the loop at least 56 bits are valid, and e is what the
	// first of them mean: it is looked up early, while a match is copied.
	b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
	ip += int((63 - n) >> 3)
	n |= 56
	e := lit[b&(1<<litBits-1)]
loop:
	for ip <= inEnd && op <= outEnd {
		if e&flagLiteral != 0 {
			b >>= e & 63
			n -= uint(e & 63)
			dst[op] = byte(e >> 16)
			op++
			e = lit[b&(1<<litBits-1)]
			if e&flagLiteral != 0 {
				b >>= e & 63
				n -= uint(e & 63)
				dst[op] = byte(e >> 16)
				op++
				e = lit[b&(1<<litBits-1)]
			}
			b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
			ip += int((63 - n) >> 3)
			n |= 56
			if e&flagLiteral != 0 {
				b >>= e & 63
				n -= uint(e & 63)
				dst[op] = byte(e >> 16)
				op++
				e = lit[b&(1<<litBits-1)]
				if e&flagLiteral != 0 {
					b >>= e & 63
					n -= uint(e & 63)
					dst[op] = byte(e >> 16)
					op++
					b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
					ip += int((63 - n) >> 3)
					n |= 56
					e = lit[b&(1<<litBits-1)]
					continue
				}
				b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
				ip += int((63 - n) >> 3)
				n |= 56
			}
		}
		if e&flagSpecial != 0 {
			if e&(flagEnd|flagBad) == 0 { // a link
				b >>= litBits
				n -= litBits
				e = lit[(uint64(e>>16&0xfff)+b&(1<<(e>>8&15)-1))&(litSize-1)]
				if e&flagLiteral != 0 {
					b >>= e & 63
					n -= uint(e & 63)
					dst[op] = byte(e >> 16)
					op++
					b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
					ip += int((63 - n) >> 3)
					n |= 56
					e = lit[b&(1<<litBits-1)]
					continue
				}
			}
			if e&flagSpecial != 0 {
				if e&flagEnd != 0 {
					b >>= e & 63
					n -= uint(e & 63)
					done = true
					break loop
				}
				err = ErrCorrupt
				break loop
			}
		}
		saved := b
		b >>= e & 63
		n -= uint(e & 63)
		length := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&63))

		e = dist[b&(1<<distBits-1)]
		if e&flagDistSpecial != 0 {
			if e&flagDistBad != 0 {
				err = ErrCorrupt
				break loop
			}
			b >>= distBits
			n -= distBits
			e = dist[(uint64(e>>16&0x3ff)+b&(1<<(e>>8&15)-1))&(distSize-1)]
			if e&flagDistSpecial != 0 {
				err = ErrCorrupt
				break loop
			}
		}
		saved = b
		b >>= e & 63
		n -= uint(e & 63)
		distance := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&63))
		if distance > op {
			err = ErrCorrupt
			break loop
		}
		b |= binary.LittleEndian.Uint64(src[ip:]) << (n & 63)
		ip += int((63 - n) >> 3)
		n |= 56
		e = lit[b&(1<<litBits-1)]

		// Copies may run over the end of the match: the bytes there are
		// written again.
		from := op - distance
		end := op + length
		switch {
		case distance >= 16:
			for {
				*(*[16]byte)(dst[op:]) = *(*[16]byte)(dst[from:])
				op += 16
				if op >= end {
					break
				}
				from += 16
			}
		case distance >= 8:
			for op < end {
				binary.LittleEndian.PutUint64(dst[op:], binary.LittleEndian.Uint64(dst[from:]))
				op += 8
				from += 8
			}
		case distance == 1:
			v := uint64(dst[from]) * 0x0101010101010101
			for op < end {
				binary.LittleEndian.PutUint64(dst[op:], v)
				op += 8
			}
		default:
			// Eight bytes, of which as many are right as the distance is long.
			for op < end {
				binary.LittleEndian.PutUint64(dst[op:], binary.LittleEndian.Uint64(dst[from:]))
				op += distance
				from += distance
			}
		}
		op = end
	}
	d.op, d.ip, d.bits, d.n = op, ip, b, n
	return done, err
}

// careful decodes near the ends, one checked step at a time.
func (d *decoder) careful(lit *litTable, dist *distTable) error {
	for {
		d.refill()
		e := lit[d.bits&(1<<litBits-1)]
		if e&flagSpecial != 0 && e&(flagEnd|flagBad) == 0 {
			if d.n < litBits {
				return io.ErrUnexpectedEOF
			}
			d.drop(litBits)
			e = lit[uint64(e>>16&0xfff)+d.bits&(1<<(e>>8&15)-1)]
		}
		if e&flagSpecial != 0 && e&flagBad != 0 {
			// Bits that are no code; or too few of them to tell.
			if uint(e&0xff) > d.n || d.n == 0 {
				return io.ErrUnexpectedEOF
			}
			return ErrCorrupt
		}
		if uint(e&0xff) > d.n {
			return io.ErrUnexpectedEOF
		}
		saved := d.bits
		d.drop(uint(e & 0xff))
		switch {
		case e&flagLiteral != 0:
			if d.op >= len(d.dst) {
				return ErrLonger
			}
			d.dst[d.op] = byte(e >> 16)
			d.op++
			continue
		case e&flagSpecial != 0:
			return nil
		}
		length := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&63))

		d.refill()
		e = dist[d.bits&(1<<distBits-1)]
		if e&flagDistSpecial != 0 && e&flagDistBad == 0 {
			if d.n < distBits {
				return io.ErrUnexpectedEOF
			}
			d.drop(distBits)
			e = dist[uint64(e>>16&0x3ff)+d.bits&(1<<(e>>8&15)-1)]
		}
		if e&flagDistSpecial != 0 {
			if uint(e&0xff) > d.n || d.n == 0 {
				return io.ErrUnexpectedEOF
			}
			return ErrCorrupt
		}
		if uint(e&0xff) > d.n {
			return io.ErrUnexpectedEOF
		}
		saved = d.bits
		d.drop(uint(e & 0xff))
		distance := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&63))
		if distance > d.op {
			return ErrCorrupt
		}
		if length > len(d.dst)-d.op {
			for d.op < len(d.dst) {
				d.dst[d.op] = d.dst[d.op-distance]
				d.op++
			}
			return ErrLonger
		}
		for end := d.op + length; d.op < end; d.op++ {
			d.dst[d.op] = d.dst[d.op-distance]
		}
	}
}
