package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Code may lie where Android does not look for it, for the app to load: in
// entries of any kind, behind the end of something else, between the entries.

const (
	// minHidden is the size from which on entries of other kinds are searched.
	// A DEX file that does anything is not smaller.
	minHidden = 4 << 10
	// maxHeld bounds the bytes of an entry that is searched as a whole; larger
	// ones are read in windows.
	maxHeld = 64 << 20
	window  = 1 << 20
	// maxNested is how many archives inside an app are opened.
	maxNested = 2000
	// maxCarved is how many DEX files are taken out of one place.
	maxCarved = 64
)

// hidden is what the search for code in odd places keeps.
type hidden struct {
	budget  *apk.Budget
	spent   bool
	scratch []byte
	nested  int             // archives that were opened
	seen    map[string]bool // archives by digest
	dense   []dense
}

// dexHeader is the size of what is looked at to tell a DEX file from chance.
const dexHeader = 0x78

// dexAt returns the size of the DEX file that begins at b[0], 0 if none does:
// magic, endian tag and size of the header must be right, and the file must fit
// into the room that is left. Of a container (version 041) it is the whole.
func dexAt(b []byte, room int64) int64 {
	if len(b) < 0x70 || apk.Sniff(b[:8]) != apk.KindDEX {
		return 0
	}
	le := binary.LittleEndian
	size, header := int64(le.Uint32(b[32:])), le.Uint32(b[36:])
	if le.Uint32(b[40:]) != 0x12345678 || header != 0x70 && header != dexHeader {
		return 0
	}
	if header == dexHeader && len(b) >= dexHeader {
		size = max(size, int64(le.Uint32(b[0x70:])))
	}
	if size < int64(header) || size > room {
		return 0
	}
	return size
}

// findDEX returns the places in b at which DEX files begin, none inside another.
// room is how many bytes follow the start of b.
func findDEX(b []byte, room int64) (out []int64) {
	for at := int64(0); len(out) < maxCarved; {
		i := bytes.Index(b[at:], []byte("dex\n0"))
		if i < 0 {
			return out
		}
		at += int64(i)
		if n := dexAt(b[at:], room-at); n > 0 {
			out = append(out, at)
			if at += n; at >= int64(len(b)) {
				return out
			}
			continue
		}
		at++
	}
	return out
}

// carve takes DEX files out of data that is something else. unit names that,
// base is the offset of data in it. The data may be kept.
func (b *builder) carve(data []byte, unit string, base int64) {
	for _, at := range findDEX(data, int64(len(data))) {
		n := dexAt(data[at:], int64(len(data))-at)
		b.found(data[at:at+n], fmt.Sprintf("%s!0x%x", unit, base+at), unit)
	}
}

// behind looks for more code behind the DEX files that data begins with.
func (b *builder) behind(data []byte, files []*dex.File, unit string) {
	end := 0
	for _, f := range files {
		end += len(f.Bytes())
	}
	if len(files) > 0 && end < len(data) {
		b.carve(data[end:], unit, int64(end))
	}
}

// found adds code that was found in an odd place.
func (b *builder) found(data []byte, unit, inside string) {
	before := len(b.set.Units)
	if err := b.dex(data, unit, false); err != nil {
		b.problem(unit, problemKind(err), err, false) // perhaps it is none
	}
	if len(b.set.Units) > before {
		b.note(inside, fact.ProblemTampered, false, "a DEX file of %d bytes stands inside, where Android does not look for code; it was read", len(data))
	}
}

// search looks for DEX files, and for an archive at the end, in an entry of
// another kind.
func (b *builder) search(e *apk.Entry, unit string, pl place) {
	size := max(e.Size, e.CompressedSize)
	if size < minHidden || b.hidden.spent {
		return
	}
	if b.hidden.budget == nil {
		l := b.limits
		l.TotalBytes = b.o.Limits.Searched
		b.hidden.budget = apk.NewBudget(l)
		// With room of its own nothing is read into the archive's memory.
		b.hidden.scratch = make([]byte, 0, window)
	}
	if size > maxHeld {
		b.searchWindows(e, unit)
		return
	}
	span := b.o.Stats.Begin(stats.Inflate)
	data, err := e.Append(b.hidden.scratch[:0], b.hidden.budget)
	span.End(int64(len(data)))
	if cap(data) > cap(b.hidden.scratch) && cap(data) <= maxHeld {
		b.hidden.scratch = data
	}
	if isSpent(err) {
		b.searchedEnough(unit)
		return
	}
	if size >= minDense && apk.Sniff(data[:min(len(data), apk.SniffLen)]) == apk.KindUnknown && looksDense(data) {
		b.hidden.dense = append(b.hidden.dense, dense{unit, int64(len(data))})
	}
	// What is wrong with the entry is told by those who read it. An archive in it
	// is searched in the same room, so data are of no more use then.
	b.searchData(data, unit, pl)
}

// searchData is search in the content of an entry, which is not kept.
func (b *builder) searchData(data []byte, unit string, pl place) {
	if len(findDEX(data, int64(len(data)))) > 0 {
		data = bytes.Clone(data)
		b.carve(data, unit, 0)
	}
	if endsAsZIP(data) && pl.depth < b.o.Limits.Depth {
		ar, err := b.limits.NewBytes(bytes.Clone(data))
		if err != nil || !slices.ContainsFunc(ar.Entries(), func(e *apk.Entry) bool { return e.Origin == apk.OriginDirectory }) {
			return
		}
		b.note(unit, fact.ProblemTampered, false, "an archive stands behind the content of this file; it was opened")
		b.open(ar, unit, pl)
	}
}

func (b *builder) searchedEnough(unit string) {
	b.hidden.spent = true
	b.note("", fact.ProblemBudget, false, "entries from %s on were not searched for code that is hidden in other files: more than %d bytes would have been%s", unit, b.o.Limits.Searched, raise("searched"))
}

// searchWindows is search for an entry that is too large to be held.
func (b *builder) searchWindows(e *apk.Entry, unit string) {
	r, err := e.Open(b.hidden.budget)
	if err != nil {
		return
	}
	defer r.Close()
	buf := make([]byte, window+dexHeader)
	n := 0
	hit := false
	for !hit {
		m, err := io.ReadFull(r, buf[n:])
		n += m
		hit = len(findDEX(buf[:n], 1<<32)) > 0
		if first := n == m; first && apk.Sniff(buf[:apk.SniffLen]) == apk.KindUnknown && looksDense(buf[:n]) {
			b.hidden.dense = append(b.hidden.dense, dense{unit, e.Size})
		}
		if isSpent(err) {
			b.searchedEnough(unit)
		}
		if err != nil {
			break
		}
		n = copy(buf, buf[n-dexHeader:n])
	}
	if !hit || b.hidden.spent {
		return
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
	}
	b.carve(data, unit, 0)
}

// endsAsZIP reports whether b ends with the end record of an archive.
func endsAsZIP(b []byte) bool {
	const record = 22
	tail := b[max(0, len(b)-record-0xffff):]
	for at := 0; ; at++ { // forwards, as that is what is fast
		i := bytes.Index(tail[at:], []byte("PK\x05\x06"))
		if at += i; i < 0 || at+record > len(tail) {
			return false
		}
		if at+record+int(binary.LittleEndian.Uint16(tail[at+20:])) == len(tail) && binary.LittleEndian.Uint16(tail[at+10:]) > 0 {
			return true
		}
	}
}

// between looks into the bytes of an archive that belong to no entry.
func (b *builder) between(ar *apk.Archive, pl place) {
	if slices.ContainsFunc(ar.Anomalies(), func(a apk.Anomaly) bool { return a.Kind == apk.AnomalyLimit }) {
		return // bytes between entries may belong to entries that were not listed
	}
	for _, g := range ar.Gaps() {
		if len(g.Inside) == 0 {
			continue
		}
		end := g.Off + g.Size
		for i, at := range g.Inside {
			head := make([]byte, min(dexHeader, end-at))
			if _, err := ar.Reader().ReadAt(head, at); err != nil {
				return
			}
			inside := strings.TrimSuffix(pl.prefix, "!")
			name := fmt.Sprintf("%sunlisted!0x%x", pl.prefix, at)
			if n := dexAt(head, end-at); n > 0 {
				data, err := b.bytesOf(ar, at, n)
				if err != nil {
					b.problem(name, problemKind(err), err, true)
					return
				}
				b.found(data, name, inside)
			} else if i == 0 && string(head[:min(4, len(head))]) == "PK\x03\x04" {
				b.unlisted(ar, at, end, pl)
			}
		}
	}
}

// bytesOf reads a part of an archive's file.
func (b *builder) bytesOf(ar *apk.Archive, at, n int64) ([]byte, error) {
	if err := b.budget.Charge(n); err != nil {
		return nil, err
	}
	data := make([]byte, n)
	_, err := ar.Reader().ReadAt(data, at)
	return data, err
}

// unlisted looks for code in entries that no directory lists.
func (b *builder) unlisted(ar *apk.Archive, at, end int64, pl place) {
	in, err := b.limits.NewReader(io.NewSectionReader(ar.Reader(), at, end-at), end-at)
	if err != nil {
		return
	}
	for _, e := range in.Entries() {
		if kind, err := e.Sniff(b.budget); err != nil || kind != apk.KindDEX {
			continue
		}
		name := pl.prefix + "unlisted!" + e.Name
		data, err := e.Read(b.budget)
		if err != nil {
			b.problem(name, problemKind(err), err, false)
			continue
		}
		b.found(data, name, strings.TrimSuffix(pl.prefix, "!"))
	}
}

// behindGap says of code that its number keeps Android from loading it.
func (b *builder) behindGap(e *apk.Entry, unit string) {
	dir, file := path.Split(e.RawName)
	if dir != "" && !strings.HasSuffix(dir, "/dex/") {
		return
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(file, ".dex"), "classes")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || file != dexName(n) {
		return
	}
	for i := 1; i < n; i++ {
		if e.Archive().Lookup(dir+dexName(i)) == nil {
			b.note(unit, fact.ProblemTampered, false, "Android does not load this code: %s is missing, and it stops at the first number that is not there", dexName(i))
			return
		}
	}
}

// opened counts an archive that is about to be read, and reports whether it is
// to be: not one whose bytes were read before, nor one too many.
func (b *builder) opened(ar *apk.Archive, unit string) bool {
	digest, err := Digest(b.ctx, Part{R: ar.Reader(), Size: ar.Size()})
	if err != nil {
		return b.ctx.Err() == nil
	}
	if b.hidden.seen == nil {
		b.hidden.seen = map[string]bool{}
	}
	if b.hidden.seen[string(digest[:])] {
		return false
	}
	b.hidden.seen[string(digest[:])] = true
	if b.hidden.nested++; b.hidden.nested > maxNested {
		if b.hidden.nested == maxNested+1 {
			b.note(unit, fact.ProblemBudget, true, "there are more than %d archives inside the app; this one and those after it were not opened (a fixed limit)", maxNested)
		}
		return false
	}
	return true
}

// open reads an archive that was found inside the file that unit names.
func (b *builder) open(ar *apk.Archive, unit string, pl place) {
	if !b.opened(ar, unit) {
		return
	}
	if err := b.archive(ar, place{prefix: unit + "!", depth: pl.depth + 1}); err != nil {
		b.problem(unit, problemKind(err), err, true)
	}
}
