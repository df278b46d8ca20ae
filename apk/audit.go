package apk

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Gap is a range of the file that belongs to no entry, to no directory and to
// no signing block, and that holds something else than zeros. Android never
// looks there; apps may.
type Gap struct {
	Off, Size int64 // from the start of the file, bytes
	// Kind is what the gap begins with.
	Kind Kind
	// Inside lists offsets, from the start of the file, at which code or an
	// archive seems to begin inside the gap. At most 64.
	Inside []int64
}

const (
	minGap     = 16       // shorter ones are alignment and descriptors without a signature
	maxGapScan = 64 << 20 // bytes of one gap that are searched
	maxExtra   = 20 << 10 // alignment to a 16 KiB page needs less
	maxInside  = 64
)

// Gaps returns the ranges that belong to nothing, in order of offset. The
// slice must not be changed.
func (a *Archive) Gaps() []Gap {
	a.audit.Do(a.runAudit)
	return a.gaps
}

type span struct {
	lo, hi int64
	e      *Entry
}

// runAudit compares every local header with the directory, and finds what lies
// between the entries.
func (a *Archive) runAudit() {
	spans := make([]span, 0, len(a.entries)+4)
	for _, e := range a.entries {
		l, err := e.layout()
		if err != nil {
			continue // noted by layout
		}
		e.noteLocal(l)
		n := e.CompressedSize
		switch e.Method {
		case Deflated:
		case Stored:
			n = e.rawSize()
		default:
			n = max(n, e.rawSize())
		}
		hi := l.data + min(n, a.size-l.data)
		if n > e.available(l.data) {
			a.note(e, AnomalyExtent, true, "%d bytes are declared, %d are there", n, e.available(l.data))
		}
		if l.flags&FlagDescriptor != 0 {
			hi += e.noteDescriptor(hi)
		}
		spans = append(spans, span{e.HeaderOffset, hi, e})
	}
	slices.SortFunc(spans, func(x, y span) int {
		return cmp.Or(cmp.Compare(x.lo, y.lo), cmp.Compare(x.hi, y.hi), cmp.Compare(x.e.index, y.e.index))
	})
	for i := range spans {
		if i > 0 && spans[i].lo < spans[i-1].hi && spans[i].e.Origin == OriginDirectory {
			a.note(spans[i].e, AnomalyOverlap, false, "it begins %d bytes inside %s", spans[i-1].hi-spans[i].lo, spans[i-1].e.Name)
		}
		if i > 0 && spans[i-1].hi > spans[i].hi { // keep the farthest end for the next comparison
			spans[i].hi = spans[i-1].hi
			spans[i].e = spans[i-1].e
		}
	}
	if b, err := a.SigningBlock(); err == nil && b.Size > 0 {
		spans = append(spans, span{lo: b.Off, hi: b.Off + b.Size})
	}
	if a.dirEnd > a.dirOff {
		spans = append(spans, span{lo: a.dirOff, hi: a.dirEnd})
	}
	if a.endOff >= 0 {
		lo, hi := a.endOff, a.endOff+endSize+int64(len(a.comment))
		if tail, err := a.view(lo-locatorSize, 4); err == nil && string(tail) == locatorMagic {
			lo -= locatorSize
			if rec, err := a.view(lo-end64Size, 4); err == nil && string(rec) == end64Magic {
				lo -= end64Size
			}
		}
		spans = append(spans, span{lo: lo, hi: hi})
	}
	for _, off := range a.ends {
		spans = append(spans, span{lo: off, hi: off + endSize})
	}
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.lo, y.lo) })
	pos := int64(0)
	for _, s := range spans {
		a.addGap(pos, s.lo)
		pos = max(pos, s.hi)
	}
	a.addGap(pos, a.size)
}

// noteLocal notes how a local header differs from the directory.
func (e *Entry) noteLocal(l *layout) {
	a := e.a
	if e.Origin == OriginRecovered {
		return
	}
	counted := e.Origin == OriginDirectory
	if e.HeaderOffset >= a.dirOff {
		a.note(e, AnomalyOffset, counted, "the local header at 0x%x lies behind the central directory", e.HeaderOffset)
	}
	if l.name != e.RawName {
		a.note(e, AnomalyLocalName, true, "its local header names %s; Android can't load it", printable(l.name))
	}
	if l.flags&FlagDescriptor == 0 && (l.crc != e.CRC32 || l.size != e.Size || l.csize != e.CompressedSize) {
		a.note(e, AnomalyLocalSizes, true, "directory: %d bytes, compressed %d, CRC %08x; local header: %d, %d, %08x",
			e.Size, e.CompressedSize, e.CRC32, l.size, l.csize, l.crc)
	}
	if l.method != e.Method {
		a.note(e, AnomalyLocalMethod, false, "method %d in the directory, %d in the local header; Android takes the first", e.Method, l.method)
	}
	if l.flags&FlagEncrypted != 0 && e.Flags&FlagEncrypted == 0 {
		a.note(e, AnomalyEncryption, false, "flag bit 0 is set in the local header")
	}
	if l.extra > maxExtra {
		a.note(e, AnomalyLocalExtra, false, "%d bytes of extra field", l.extra)
	}
}

// noteDescriptor compares the data descriptor at off with the directory and
// returns its length, 0 if there is none.
func (e *Entry) noteDescriptor(off int64) int64 {
	b, err := e.a.view(off, 24)
	if err != nil {
		return 0
	}
	n := int64(0)
	if len(b) >= 4 && string(b[:4]) == descriptorMagic {
		b, n = b[4:], 4
	}
	le := binary.LittleEndian
	var crc uint32
	var size, csize int64
	switch {
	case e.Size >= 1<<32-1 || e.CompressedSize >= 1<<32-1:
		if len(b) < 20 {
			return 0
		}
		crc, csize, size = le.Uint32(b), clamp(le.Uint64(b[4:])), clamp(le.Uint64(b[12:]))
		n += 20
	case len(b) < 12:
		return 0
	default:
		crc, csize, size = le.Uint32(b), int64(le.Uint32(b[4:])), int64(le.Uint32(b[8:]))
		n += 12
	}
	if crc == e.CRC32 && csize == e.CompressedSize && size == e.Size {
		return n
	}
	if e.Origin != OriginRecovered {
		e.a.note(e, AnomalyDescriptor, true, "directory: %d bytes, compressed %d, CRC %08x; data descriptor: %d, %d, %08x; Android can't extract it",
			e.Size, e.CompressedSize, e.CRC32, size, csize, crc)
	}
	if n >= 16 {
		return n // it has its signature
	}
	return 0
}

// addGap looks at the bytes from lo to hi, which belong to nothing.
func (a *Archive) addGap(lo, hi int64) {
	if hi-lo < minGap || len(a.gaps) >= maxAnomalies {
		return
	}
	g := Gap{Off: lo, Size: hi - lo}
	if a.isVirtual(lo, hi) {
		return
	}
	zero := true
	const overlap = 64 // what a magic and its check need
	for at := lo; at < hi && at-lo < maxGapScan; at += scanChunk {
		buf, err := a.view(at, min(scanChunk+overlap, hi-at))
		if err != nil {
			return
		}
		if at == lo {
			g.Kind = Sniff(buf[:min(len(buf), SniffLen)])
		}
		chunk := buf[:min(len(buf), scanChunk)]
		zero = zero && isZero(chunk)
		if !zero {
			g.Inside = findMagics(g.Inside, buf, len(chunk), at)
		}
	}
	if zero {
		return
	}
	a.gaps = append(a.gaps, g)
	what := "no kind that is known"
	if known(g.Kind) {
		what = string(g.Kind)
	}
	if len(g.Inside) > 0 {
		a.note(nil, AnomalyGap, false, "0x%x: %d bytes that belong to no entry begin with %s; %d places look like code or an archive, the first at 0x%x", lo, g.Size, what, len(g.Inside), g.Inside[0])
		return
	}
	a.note(nil, AnomalyGap, false, "0x%x: %d bytes that belong to no entry begin with %s", lo, g.Size, what)
}

// isVirtual reports whether the range is filled by the nameless local headers
// with which the Android Gradle plugin (zipflinger) pads an archive in place.
func (a *Archive) isVirtual(lo, hi int64) bool {
	for lo < hi {
		h, err := a.view(lo, min(localSize, hi-lo))
		if err != nil || len(h) < localSize || string(h[:4]) != localMagic || !isZero(h[6:28]) {
			return false
		}
		n := int64(binary.LittleEndian.Uint16(h[28:]))
		pad, err := a.view(lo+localSize, n)
		if err != nil || !isZero(pad) {
			return false
		}
		lo += localSize + n
	}
	return lo == hi
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// findMagics appends the offsets in buf[:n] at which DEX, ELF or a ZIP entry
// begins. base is the file offset of buf[0].
func findMagics(out []int64, buf []byte, n int, base int64) []int64 {
	for _, m := range [3]string{"dex\n0", "\x7fELF", localMagic} {
		for p := 0; len(out) < maxInside; p++ {
			i := bytes.Index(buf[p:], []byte(m))
			if i < 0 || p+i >= n {
				break
			}
			p += i
			if m[0] == 'd' && !plausibleDEX(buf[p:]) {
				continue
			}
			out = append(out, base+int64(p))
		}
	}
	slices.Sort(out)
	return out
}

// plausibleDEX demands the header size and the endian tag of a DEX header.
func plausibleDEX(b []byte) bool {
	if len(b) < 44 || Sniff(b) != KindDEX {
		return false
	}
	le := binary.LittleEndian
	return le.Uint32(b[36:]) >= 0x70 && le.Uint32(b[40:]) == 0x12345678
}

// SigningBlock is the APK Signing Block.
type SigningBlock struct {
	Off, Size int64 // of the whole block, from the start of the file; Size is 0 if there is none
	// Pairs holds the id-value pairs: the block without its sizes and magic.
	// PairsOff is the file offset of the first.
	Pairs    []byte
	PairsOff int64
}

const (
	signMagic    = "APK Sig Block 42"
	maxSignBlock = 64 << 20
)

// SigningBlock returns the APK Signing Block, which lies directly before the
// central directory (AOSP apksig, ApkSigningBlockUtils). If there is none, Size
// is 0 and there is no error. Pairs must not be changed.
func (a *Archive) SigningBlock() (SigningBlock, error) {
	a.signOnce.Do(func() { a.sign, a.signErr = a.findSigningBlock() })
	return a.sign, a.signErr
}

func (a *Archive) findSigningBlock() (SigningBlock, error) {
	const section = "APK Signing Block"
	foot, err := a.view(a.dirOff-24, 24)
	if err != nil || len(foot) < 24 || string(foot[8:]) != signMagic {
		return SigningBlock{}, err
	}
	at := a.dirOff - 24
	declared := binary.LittleEndian.Uint64(foot)
	switch {
	case declared < 24 || declared > uint64(a.dirOff-8):
		return SigningBlock{}, binread.Errorf(binread.OutOfRange, section, at, "size %d before offset 0x%x", declared, a.dirOff)
	case declared > maxSignBlock:
		return SigningBlock{}, binread.Errorf(binread.TooLarge, section, at, "limit of %d bytes: size %d", maxSignBlock, declared)
	}
	b := SigningBlock{Off: a.dirOff - int64(declared) - 8, Size: int64(declared) + 8}
	whole, err := a.view(b.Off, b.Size)
	if err != nil {
		return SigningBlock{}, err
	}
	if int64(len(whole)) < b.Size {
		return SigningBlock{}, binread.Errorf(binread.Truncated, section, b.Off, "size %d", declared)
	}
	if head := binary.LittleEndian.Uint64(whole); head != declared {
		return SigningBlock{}, binread.Errorf(binread.Malformed, section, b.Off, "size %d at its start, %d at its end", head, declared)
	}
	b.PairsOff = b.Off + 8
	b.Pairs = whole[8 : len(whole)-24]
	return b, nil
}
