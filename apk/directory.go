package apk

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/telltale-apk/telltale/apk/binread"
)

const (
	localMagic      = "PK\x03\x04"
	directoryMagic  = "PK\x01\x02"
	endMagic        = "PK\x05\x06"
	end64Magic      = "PK\x06\x06"
	locatorMagic    = "PK\x06\x07"
	descriptorMagic = "PK\x07\x08"

	localSize     = 30
	recordSize    = 46
	endSize       = 22
	end64Size     = 56
	locatorSize   = 20
	maxComment    = 65535
	zip64ExtraID  = 0x0001
	aesExtraID    = 0x9901
	scanChunk     = 1 << 20
	maxSignatures = 1 << 20 // signatures that a search of a damaged file looks at
)

// end is an end-of-central-directory record.
type end struct {
	off     int64 // of the record
	limit   int64 // first byte that can't belong to the directory: off, or that of the ZIP64 record
	count   uint64
	dirSize int64
	dirOff  int64 // as declared
	comment int64 // declared length
	zip64   bool
}

// load finds the central directory and reads it.
func (a *Archive) load() error {
	head := make([]byte, 4)
	n, err := a.readAt(head, 0)
	if err != nil {
		return err
	}
	isLocal := n == 4 && string(head) == localMagic

	window, err := a.view(max(0, a.size-maxComment-endSize), maxComment+endSize)
	if err != nil {
		return err
	}
	ends := a.findEnds(window)
	if len(ends) == 0 && isLocal {
		// Many trailing bytes: no Android reads this, a person's file may be so.
		if ends, err = a.searchEnd(); err != nil {
			return err
		}
	}
	if len(ends) == 0 && !isLocal {
		return binread.Errorf(binread.BadMagic, "", 0, "not a ZIP archive: no local header at the start, no end record at the end")
	}

	main := -1
	for i := range ends {
		base, ok, err := a.locate(&ends[i])
		if err != nil {
			return err
		}
		if ok {
			main, a.base = i, base
			break
		}
	}
	if main < 0 {
		return a.recover(ends)
	}
	a.noteEnds(ends, main)
	e := &ends[main]
	a.endOff = e.off
	for i := range ends {
		a.ends = append(a.ends, ends[i].off)
	}
	if a.comment, err = a.view(e.off+endSize, e.comment); err != nil {
		return err
	}
	a.dirOff = e.dirOff + a.base
	whole, err := a.readDirectory(e)
	if err != nil {
		return err
	}
	if !whole {
		// Android refuses the archive; entries that lost their record are
		// found by their local headers.
		sigs, err := a.scanSignatures()
		if err != nil {
			return err
		}
		found := len(a.entries)
		if err := a.scanLocals(sigs); err != nil {
			return err
		}
		if n := len(a.entries) - found; n > 0 {
			a.note(nil, AnomalyRecovered, true, "damaged central directory; %d more entries found by their local headers", n)
		}
	}
	if !isLocal {
		a.note(nil, AnomalyPrefix, true, "the file begins with % x, not with a local header", head[:n])
	} else if a.base > 0 {
		a.note(nil, AnomalyPrefix, true, "%d bytes precede what the offsets count from", a.base)
	}
	return a.readAlternates(ends, main)
}

// findEnds returns every end record in the window at the end of the file, the
// last first, as Android searches them.
func (a *Archive) findEnds(window []byte) []end {
	var at []int                       // of the last 16
	for p := 0; ; p += len(endMagic) { // forwards, as that is what is fast
		i := bytes.Index(window[p:], []byte(endMagic))
		if p += i; i < 0 || len(window)-p < endSize {
			break
		}
		if len(at) == 16 {
			at = at[1:]
		}
		at = append(at, p)
	}
	start := a.size - int64(len(window))
	var ends []end
	for _, p := range slices.Backward(at) {
		ends = append(ends, a.parseEnd(window[p:], start+int64(p)))
	}
	return ends
}

// searchEnd looks for the last end record in the whole file.
func (a *Archive) searchEnd() ([]end, error) {
	for hi := a.size; hi > 0; {
		lo := max(0, hi-scanChunk)
		buf, err := a.view(lo, min(hi-lo+endSize-1, a.size-lo))
		if err != nil {
			return nil, err
		}
		if p := bytes.LastIndex(buf, []byte(endMagic)); p >= 0 && len(buf)-p >= endSize {
			return []end{a.parseEnd(buf[p:], lo+int64(p))}, nil
		}
		hi = lo
	}
	return nil, nil
}

// parseEnd decodes the end record b at off, and the ZIP64 record that it leads to.
func (a *Archive) parseEnd(b []byte, off int64) end {
	le := binary.LittleEndian
	e := end{
		off:     off,
		limit:   off,
		count:   uint64(le.Uint16(b[10:])),
		dirSize: int64(le.Uint32(b[12:])),
		dirOff:  int64(le.Uint32(b[16:])),
		comment: int64(le.Uint16(b[20:])),
	}
	// As in libziparchive, 0xFFFF entries alone do not mean ZIP64.
	if e.dirSize != math.MaxUint32 && e.dirOff != math.MaxUint32 {
		return e
	}
	loc, err := a.view(off-locatorSize, locatorSize)
	if err != nil || len(loc) < locatorSize || string(loc[:4]) != locatorMagic {
		return e
	}
	// The declared place first; directly before the locator if that fails
	// (a prefix shifts what is declared).
	for _, at := range [2]int64{clamp(le.Uint64(loc[8:])), off - locatorSize - end64Size} {
		if at > off-locatorSize-end64Size {
			continue
		}
		rec, err := a.view(at, end64Size)
		if err != nil || len(rec) < end64Size || string(rec[:4]) != end64Magic {
			continue
		}
		e.zip64 = true
		e.limit = at
		e.count = le.Uint64(rec[32:])
		e.dirSize = clamp(le.Uint64(rec[40:]))
		e.dirOff = clamp(le.Uint64(rec[48:]))
		break
	}
	return e
}

// clamp turns a declared 64-bit value into one whose sums can't overflow. No
// file is as large as what it clamps to.
func clamp(v uint64) int64 { return int64(min(v, 1<<60)) }

// locate reports whether a record of a central directory is where e says, and
// the base that makes it so.
func (a *Archive) locate(e *end) (base int64, ok bool, err error) {
	for _, base := range [2]int64{0, e.limit - e.dirSize - e.dirOff} {
		at := e.dirOff + base
		if base < 0 || at > e.limit-recordSize {
			continue
		}
		sig, err := a.view(at, 4)
		if err != nil {
			return 0, false, err
		}
		if string(sig) == directoryMagic {
			return base, true, nil
		}
	}
	return 0, false, nil
}

// noteEnds notes how the end records differ from what Android wants: the last
// one counts, and it ends the file.
func (a *Archive) noteEnds(ends []end, main int) {
	e := &ends[main]
	if main > 0 {
		a.note(nil, AnomalySeveralEnds, true, "the last end record, at 0x%x, leads to no directory; the one at 0x%x does", ends[0].off, e.off)
	}
	switch after := a.size - e.off - endSize - e.comment; {
	case after > 0:
		a.note(nil, AnomalyTrailing, true, "%d bytes after the end record", after)
	case after < 0:
		a.note(nil, AnomalyCommentLength, true, "the comment is declared %d bytes longer than the file", -after)
	}
	if e.zip64 {
		a.note(nil, AnomalyZIP64, false, "ZIP64 end record at 0x%x; APK signatures of version 2 and later refuse it", e.limit)
	}
}

// readDirectory reads the records that e counts, and those that it does not.
// It reports whether all that e counts are there.
func (a *Archive) readDirectory(e *end) (whole bool, err error) {
	length := e.limit - a.dirOff
	if length > a.limits.DirectoryBytes {
		a.limited(LimitDirectoryBytes, "limit DirectoryBytes (%d): the central directory has %d", a.limits.DirectoryBytes, length)
		length = a.limits.DirectoryBytes
	}
	buf, err := a.view(a.dirOff, length)
	if err != nil {
		return false, err
	}
	w := walker{a: a, buf: buf, off: a.dirOff, count: e.count, origin: OriginDirectory, rest: OriginHidden}
	w.walk()
	a.entries = w.entries
	a.dirEnd = a.dirOff + int64(w.end)

	if w.full {
		return true, nil // as far as it was read
	}
	if got := uint64(w.seen); got != e.count {
		why := "Android does not see the others"
		rejected := got < e.count || e.count == 0
		if rejected {
			why = "Android reads none"
		}
		a.note(nil, AnomalyCount, rejected, "%d records, %d declared; %s", got, e.count, why)
	}
	if declared := e.dirSize; declared != int64(w.end) {
		// Too short a map ends Android's walk; too long a one does no harm.
		a.note(nil, AnomalyDirectorySize, declared < int64(w.counted) || declared+e.dirOff > e.limit, "%d bytes declared, %d of records", declared, w.end)
	}
	return uint64(w.seen) >= e.count, nil
}

// walker walks the records of a central directory by their signatures.
type walker struct {
	a      *Archive
	buf    []byte
	off    int64 // file offset of buf[0]
	count  uint64
	origin Origin // of the first count records
	rest   Origin // of the others

	entries []*Entry
	seen    int  // records in line, embedded ones not counted
	counted int  // where the last of the first count records ends
	end     int  // where the last record ends
	full    bool // stopped by a limit
}

func (w *walker) walk() {
	p, back := 0, 0 // back: where the search resumes if p turns out to be no record
	for {
		rec, ok := w.record(p, len(w.buf))
		if !ok {
			// The record before may have lied about its length: search from the end of its name.
			next := bytes.Index(w.buf[min(back, len(w.buf)):], []byte(directoryMagic))
			if next < 0 {
				if uint64(w.seen) < w.count && w.seen > 0 {
					w.a.note(nil, AnomalyDirectoryBad, true, "no record at 0x%x", w.off+int64(p))
				}
				return
			}
			if next += back; next != p && uint64(w.seen) < w.count {
				w.a.note(nil, AnomalyDirectoryBad, true, "no record at 0x%x; went on at 0x%x", w.off+int64(p), w.off+int64(next))
			}
			if rec, ok = w.record(next, len(w.buf)); !ok {
				back = next + 1
				p = next
				continue
			}
			p = next
		} else if back < p {
			w.embedded(back, p)
		}
		if w.full {
			return
		}
		origin := w.origin
		if uint64(w.seen) >= w.count {
			origin = w.rest
		}
		if !w.add(p, rec, origin) {
			return
		}
		w.seen++
		back = p + recordSize + rec.name
		p += rec.size()
		w.end = min(p, len(w.buf))
		if uint64(w.seen) <= w.count {
			w.counted = p
		}
	}
}

// embedded lists records that stand inside the extra field or comment of
// another.
func (w *walker) embedded(lo, hi int) {
	for hi-lo >= recordSize {
		i := bytes.Index(w.buf[lo:hi], []byte(directoryMagic))
		if i < 0 {
			return
		}
		lo += i
		rec, ok := w.record(lo, hi)
		if !ok || rec.name == 0 {
			lo++
			continue
		}
		if !w.add(lo, rec, w.rest) {
			return
		}
		lo += recordSize + rec.name
	}
}

type recordLen struct{ name, extra, comment int }

func (r recordLen) size() int { return recordSize + r.name + r.extra + r.comment }

// record checks for a record at p whose name ends before limit.
func (w *walker) record(p, limit int) (recordLen, bool) {
	if p > limit-recordSize || string(w.buf[p:p+4]) != directoryMagic {
		return recordLen{}, false
	}
	le := binary.LittleEndian
	r := recordLen{int(le.Uint16(w.buf[p+28:])), int(le.Uint16(w.buf[p+30:])), int(le.Uint16(w.buf[p+32:]))}
	return r, p+recordSize+r.name <= limit
}

// add lists the record at p. It reports false once a limit is reached.
func (w *walker) add(p int, r recordLen, origin Origin) bool {
	if len(w.entries)+len(w.a.entries) >= w.a.limits.Entries {
		w.a.limited(LimitEntries, "limit Entries (%d): the archive has more", w.a.limits.Entries)
		w.full = true
		return false
	}
	le := binary.LittleEndian
	b := w.buf[p:]
	e := &Entry{
		RawName:        string(b[recordSize : recordSize+r.name]),
		Flags:          le.Uint16(b[8:]),
		Method:         le.Uint16(b[10:]),
		CRC32:          le.Uint32(b[16:]),
		CompressedSize: int64(le.Uint32(b[20:])),
		Size:           int64(le.Uint32(b[24:])),
		HeaderOffset:   int64(le.Uint32(b[42:])),
		Origin:         origin,
		recOff:         w.off + int64(p),
	}
	e.Name = printable(e.RawName)
	if at := recordSize + r.name; at < len(b) {
		e.readExtra(b[at:min(at+r.extra, len(b))])
	}
	e.HeaderOffset += w.a.base
	w.entries = append(w.entries, e)
	return true
}

// readExtra takes what matters from the extra field of a central record.
func (e *Entry) readExtra(b []byte) {
	le := binary.LittleEndian
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			return
		}
		field := b[:n]
		b = b[n:]
		switch id {
		case aesExtraID:
			e.aes = true
		case zip64ExtraID:
			// Each value is there if the 32-bit one is all ones, or all of
			// them are (the rule of libziparchive).
			all := n == 24 || n == 28
			for _, v := range [3]*int64{&e.Size, &e.CompressedSize, &e.HeaderOffset} {
				if *v != math.MaxUint32 && !all {
					continue
				}
				if len(field) < 8 {
					return
				}
				if *v == math.MaxUint32 {
					*v = clamp(le.Uint64(field))
				}
				field = field[8:]
			}
		}
	}
}

// readAlternates lists what other end records lead to: a tool that takes the
// first end record, or searches backwards by other rules, sees those.
func (a *Archive) readAlternates(ends []end, main int) error {
	known := map[int64]bool{a.dirOff: true}
	for i := range ends {
		e := &ends[i]
		if i == main || known[e.dirOff] || e.dirOff > e.limit-recordSize || e.limit-e.dirOff > a.limits.DirectoryBytes {
			continue
		}
		buf, err := a.view(e.dirOff, e.limit-e.dirOff)
		if err != nil {
			return err
		}
		w := walker{a: a, buf: buf, off: e.dirOff, count: e.count, origin: OriginAlternate, rest: OriginAlternate}
		// A directory in its right place: its first record leads to a local
		// header. The end record of an archive that is stored inside this one
		// fails here, for its offsets count from that archive's start.
		rec, ok := w.record(0, len(buf))
		if !ok || len(buf) < rec.size() {
			continue
		}
		if sig, err := a.view(int64(binary.LittleEndian.Uint32(buf[42:])), 4); err != nil || string(sig) != localMagic {
			continue
		}
		known[e.dirOff] = true
		base := a.base
		a.base = 0
		w.walk()
		a.base = base
		a.note(nil, AnomalySeveralEnds, false, "the end record at 0x%x leads to another directory, at 0x%x, of %d entries", e.off, e.dirOff, len(w.entries))
		same := map[string]bool{}
		for _, x := range a.entries {
			same[x.identity()] = true
		}
		for _, x := range w.entries {
			if !same[x.identity()] {
				a.entries = append(a.entries, x)
			}
		}
	}
	return nil
}

// identity tells apart entries that would read differently.
func (e *Entry) identity() string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(e.HeaderOffset))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Size))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.CompressedSize))
	b = binary.LittleEndian.AppendUint16(b, e.Method)
	return string(append(b, e.RawName...))
}

// recover lists entries of an archive whose end record is missing or leads
// nowhere. Android reads no such archive.
func (a *Archive) recover(ends []end) error {
	if len(ends) > 0 {
		e := &ends[0]
		a.endOff = e.off
		a.noteEnds(ends, 0)
		if e.count == 0 && e.dirSize == 0 && e.dirOff == e.limit {
			a.dirOff, a.dirEnd = e.limit, e.limit // an empty directory, in its place
		} else {
			a.note(nil, AnomalyDirectory, true, "the end record at 0x%x leads to no central directory (offset 0x%x, size %d)", e.off, e.dirOff, e.dirSize)
		}
	}
	sigs, err := a.scanSignatures()
	if err != nil {
		return err
	}
	if err := a.findDirectory(sigs); err != nil {
		return err
	}
	found := len(a.entries)
	if err := a.scanLocals(sigs); err != nil {
		return err
	}
	switch {
	case len(a.entries) == 0 && len(ends) == 0:
		a.note(nil, AnomalyRecovered, true, "the file ends within its first entry")
	case found == 0 && len(a.entries) > 0:
		a.note(nil, AnomalyRecovered, true, "no central directory; %d entries found by their local headers", len(a.entries))
	case found < len(a.entries):
		a.note(nil, AnomalyRecovered, true, "damaged central directory; %d more entries found by their local headers", len(a.entries)-found)
	}
	return nil
}

// signatures are the places of the records that damaged archives are read by.
type signatures struct {
	locals, records []int64
	descriptors     map[int64]descriptor // by the offset at which the data would begin
}

type descriptor struct {
	off  int64
	crc  uint32
	size int64
	comp int64
}

// scanSignatures reads the whole file for signatures.
func (a *Archive) scanSignatures() (*signatures, error) {
	const tail = 24 // the longest record that is looked into, a descriptor
	s := &signatures{descriptors: map[int64]descriptor{}}
	found := 0
	for lo := int64(0); lo < a.size; lo += scanChunk {
		buf, err := a.view(lo, min(scanChunk+tail, a.size-lo))
		if err != nil {
			return nil, err
		}
		for p := 0; ; p++ {
			i := bytes.Index(buf[p:], []byte("PK"))
			if i < 0 {
				break
			}
			if p += i; p >= scanChunk || len(buf)-p < 4 {
				break
			}
			at := lo + int64(p)
			switch string(buf[p : p+4]) {
			case localMagic:
				s.locals = append(s.locals, at)
			case directoryMagic:
				s.records = append(s.records, at)
			case descriptorMagic:
				if len(buf)-p < 16 {
					continue
				}
				le := binary.LittleEndian
				d := descriptor{at, le.Uint32(buf[p+4:]), int64(le.Uint32(buf[p+12:])), int64(le.Uint32(buf[p+8:]))}
				if start := at - d.comp; start >= localSize {
					s.descriptors[start] = d
				}
			default:
				continue
			}
			if found++; found >= maxSignatures {
				a.limited("Signatures", "more than %d signatures; the rest of the file was not searched", maxSignatures)
				return s, nil
			}
		}
	}
	return s, nil
}

// findDirectory takes the longest unbroken run of central records whose first
// one leads to a local header of the same name.
func (a *Archive) findDirectory(s *signatures) error {
	type run struct {
		off, end int64
		n        int
		first    int64 // local header of the first entry, as declared
	}
	var best run
	for i := 0; i < len(s.records); {
		r := run{off: s.records[i], end: s.records[i]}
		for i < len(s.records) && s.records[i] <= r.end {
			if s.records[i] < r.end {
				i++ // inside a record
				continue
			}
			h, err := a.view(r.end, recordSize)
			if err != nil {
				return err
			}
			if len(h) < recordSize {
				i++
				break
			}
			le := binary.LittleEndian
			if r.n == 0 {
				r.first = int64(le.Uint32(h[42:]))
			}
			r.end += int64(recordSize) + int64(le.Uint16(h[28:])) + int64(le.Uint16(h[30:])) + int64(le.Uint16(h[32:]))
			r.n++
			i++
		}
		if _, ok := slices.BinarySearch(s.locals, r.first); ok && r.n >= best.n && r.n > 0 {
			ok, err := a.leadsHome(r.off)
			if err != nil {
				return err
			}
			if ok {
				best = r
			}
		}
	}
	if best.n == 0 {
		return nil
	}
	length := min(best.end, a.size) - best.off
	if length > a.limits.DirectoryBytes {
		a.limited(LimitDirectoryBytes, "limit DirectoryBytes (%d): the central directory has %d", a.limits.DirectoryBytes, length)
		length = a.limits.DirectoryBytes
	}
	buf, err := a.view(best.off, length)
	if err != nil {
		return err
	}
	w := walker{a: a, buf: buf, off: best.off, count: uint64(best.n), origin: OriginDirectory, rest: OriginHidden}
	w.walk()
	a.entries = w.entries
	a.dirOff, a.dirEnd = best.off, best.off+int64(w.end)
	a.note(nil, AnomalyDirectory, true, "a central directory of %d entries was found at 0x%x by its signatures", len(w.entries), best.off)
	return nil
}

// leadsHome reports whether the central record at off names an entry whose
// local header is where the record says.
func (a *Archive) leadsHome(off int64) (bool, error) {
	h, err := a.view(off, recordSize)
	if err != nil || len(h) < recordSize {
		return false, err
	}
	n := int64(binary.LittleEndian.Uint16(h[28:]))
	name, err := a.view(off+recordSize, n)
	if err != nil {
		return false, err
	}
	at := int64(binary.LittleEndian.Uint32(h[42:]))
	local, err := a.view(at, localSize+n)
	if err != nil {
		return false, err
	}
	return len(local) == localSize+len(name) && string(local[:4]) == localMagic && bytes.Equal(local[localSize:], name), nil
}

// scanLocals lists the entries whose local headers no central record leads to.
func (a *Archive) scanLocals(s *signatures) error {
	known := make(map[int64]*Entry, len(a.entries))
	for _, e := range a.entries {
		known[e.HeaderOffset] = e
	}
	var pos int64
	for i, at := range s.locals {
		if at < pos || at >= a.dirOff && a.dirOff < a.dirEnd {
			continue // inside the entry before, or in the directory
		}
		h, err := a.view(at, localSize)
		if err != nil {
			return err
		}
		if len(h) < localSize {
			return nil
		}
		le := binary.LittleEndian
		nameLen, extraLen := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
		if e := known[at]; e != nil {
			pos = at + localSize + nameLen + extraLen + e.CompressedSize
			continue
		}
		name, err := a.view(at+localSize, nameLen)
		if err != nil {
			return err
		}
		if int64(len(name)) < nameLen {
			return nil
		}
		if len(a.entries) >= a.limits.Entries {
			a.limited(LimitEntries, "limit Entries (%d): the archive has more", a.limits.Entries)
			return nil
		}
		e := &Entry{
			RawName:        string(name),
			Name:           printable(string(name)),
			Flags:          le.Uint16(h[6:]),
			Method:         le.Uint16(h[8:]),
			CRC32:          le.Uint32(h[14:]),
			CompressedSize: int64(le.Uint32(h[18:])),
			Size:           int64(le.Uint32(h[22:])),
			HeaderOffset:   at,
			Origin:         OriginRecovered,
			recOff:         at,
		}
		data := at + localSize + nameLen + extraLen
		extra, err := a.view(at+localSize+nameLen, extraLen)
		if err != nil {
			return err
		}
		e.readExtra(extra)
		if e.Flags&FlagDescriptor != 0 && e.CompressedSize == 0 && e.Size == 0 {
			if d, ok := s.descriptors[data]; ok {
				e.CRC32, e.CompressedSize, e.Size = d.crc, d.comp, d.size
			} else {
				// Up to the next local header: inflate knows its own end.
				next := a.dirOff
				if j, _ := slices.BinarySearch(s.locals[i+1:], data); i+1+j < len(s.locals) {
					next = min(next, s.locals[i+1+j])
				}
				e.CompressedSize, e.Size = max(0, next-data), -1
			}
		}
		a.entries = append(a.entries, e)
		pos = data + min(e.CompressedSize, a.size)
	}
	return nil
}
