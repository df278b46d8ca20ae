package apk

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/inflate"
)

// maxExpansion is more than DEFLATE can inflate a byte to (258 bytes for two
// bits is 1,032).
const maxExpansion = 1040

// layout is what the local header says.
type layout struct {
	data   int64 // file offset of the first byte of content
	name   string
	extra  int
	method uint16
	flags  uint16
	crc    uint32
	size   int64
	csize  int64
}

// form says how the bytes of an entry become content.
type form uint8

const (
	formRaw form = iota
	formInflate
)

// layout reads the local header, once.
func (e *Entry) layout() (*layout, error) {
	e.once.Do(func() { e.layErr = e.readLayout() })
	return &e.lay, e.layErr
}

func (e *Entry) readLayout() error {
	const section = "local file header"
	off := e.HeaderOffset
	h, err := e.a.view(off, localSize+int64(len(e.RawName)))
	if err != nil {
		return err
	}
	if off < 0 || len(h) < localSize || string(h[:4]) != localMagic {
		e.a.note(e, AnomalyOffset, true, "no local header at 0x%x", off)
		return binread.Errorf(binread.OutOfRange, section, off, "%s: no local header there", e.Name)
	}
	le := binary.LittleEndian
	l := &e.lay
	l.flags, l.method = le.Uint16(h[6:]), le.Uint16(h[8:])
	l.crc = le.Uint32(h[14:])
	l.csize, l.size = int64(le.Uint32(h[18:])), int64(le.Uint32(h[22:]))
	nameLen, extraLen := int64(le.Uint16(h[26:])), int64(le.Uint16(h[28:]))
	l.extra = int(extraLen)
	l.data = off + localSize + nameLen + extraLen
	if string(h[localSize:]) == e.RawName && int64(len(e.RawName)) == nameLen {
		l.name = e.RawName
	} else {
		name, err := e.a.view(off+localSize, nameLen)
		if err != nil {
			return err
		}
		l.name = string(name)
	}
	if l.size == 0xffffffff || l.csize == 0xffffffff {
		extra, err := e.a.view(off+localSize+nameLen, extraLen)
		if err != nil {
			return err
		}
		x := Entry{Size: l.size, CompressedSize: l.csize}
		x.readExtra(extra)
		l.size, l.csize = x.Size, x.CompressedSize
	}
	if l.data > e.a.size {
		e.a.note(e, AnomalyExtent, true, "the local header runs out of the file")
		return binread.Errorf(binread.Truncated, section, off, "%s: the header runs out of the file", e.Name)
	}
	return nil
}

// DataOffset returns the offset of the entry's content, as it is in the file,
// from the start of the file.
func (e *Entry) DataOffset() (int64, error) {
	l, err := e.layout()
	if err != nil {
		return 0, err
	}
	return l.data, nil
}

// available returns how many bytes lie between the start of the content and
// the central directory, or the end of the file if it begins behind that.
func (e *Entry) available(data int64) int64 {
	if data <= e.a.dirOff {
		return e.a.dirOff - data
	}
	return e.a.size - data
}

// rawSize is how many bytes content has that is taken as it is: Size, as
// Android has it, whatever CompressedSize says.
func (e *Entry) rawSize() int64 {
	if e.Size < 0 {
		return e.CompressedSize
	}
	return e.Size
}

// form decides how to read the entry. Android inflates method 8, and takes
// every other method's bytes as they are where it loads a manifest or
// resource. Where that gives bytes without meaning, and inflating gives bytes
// with one, the method was altered.
func (e *Entry) form(b *Budget) form {
	e.formOnce.Do(func() {
		if e.Method == Deflated {
			e.formIs = formInflate
			return
		}
		if e.Method == Stored && e.CompressedSize == e.Size {
			return
		}
		raw, _ := e.head(formRaw, SniffLen, b)
		if known(Sniff(raw)) {
			return
		}
		inflated, _ := e.head(formInflate, SniffLen, b)
		if k := Sniff(inflated); known(k) {
			e.formIs = formInflate
			e.a.note(e, AnomalyDisguised, false, "method %d, but the bytes are deflated %s", e.Method, k)
		}
	})
	return e.formIs
}

func known(k Kind) bool { return k != KindUnknown && k != KindEmpty }

// Sniff tells what the entry is, from the first SniffLen bytes of its content.
func (e *Entry) Sniff(b *Budget) (Kind, error) {
	head, err := e.Head(SniffLen, b)
	if len(head) == 0 && err != nil {
		return KindUnknown, err
	}
	return Sniff(head), nil
}

// Head returns up to n bytes from the start of the content, and an error only
// if that is not all there is for another reason than its end. The slice may
// share memory with the archive's input and must not be changed.
func (e *Entry) Head(n int, b *Budget) ([]byte, error) {
	if b == nil {
		b = NewBudget(e.a.limits)
	}
	f := e.form(b)
	out, err := e.head(f, n, b)
	if f == formInflate && isDamage(err) && len(out) < min(n, SniffLen) {
		// As in Append: perhaps it was never deflated.
		if raw, err := e.head(formRaw, n, b); err == nil && isBinary(Sniff(raw)) {
			return raw, nil
		}
	}
	return out, binread.WithPath(err, e.Name)
}

func isDamage(err error) bool {
	return errors.Is(err, binread.Malformed) || errors.Is(err, binread.Truncated)
}

// isBinary reports whether a magic number tells the kind. Anything may pass
// for text.
func isBinary(k Kind) bool { return known(k) && !k.IsText() && k != KindSymlink }

func (e *Entry) head(f form, n int, b *Budget) ([]byte, error) {
	l, err := e.layout()
	if err != nil {
		return nil, err
	}
	if err := b.Charge(int64(n)); err != nil {
		return nil, err
	}
	if f == formRaw {
		return e.a.view(l.data, min(int64(n), e.rawSize(), e.available(l.data)))
	}
	avail := e.available(l.data)
	out := make([]byte, min(int64(n), avail*maxExpansion))
	if e.startOf(out, l.data, avail) {
		return out, nil
	}
	z := newStream(io.NewSectionReader(e.a.r, l.data, avail))
	defer z.close()
	got, err := readFull(z.flate, out)
	if err == io.EOF || got == len(out) {
		return out[:got], nil
	}
	return out[:got], streamError(err, int64(got))
}

// startOf fills out from the stream at off the fast way, and reports whether
// that worked: an end, damage, or more input than seems reasonable is for a
// reader that tells them apart.
func (e *Entry) startOf(out []byte, off, avail int64) bool {
	const header = 1 << 10 // of a block; more than any has
	src, done, err := e.compressed(off, min(avail, int64(len(out))+header))
	defer done()
	if err != nil || len(out) == 0 {
		return false
	}
	n, err := inflate.Inflate(out, src)
	return n == len(out) && (err == nil || errors.Is(err, inflate.ErrLonger))
}

// Read returns the whole content of the entry. See Append.
func (e *Entry) Read(b *Budget) ([]byte, error) { return e.Append(nil, b) }

// Regular returns the whole content of an entry that is as nearly all are:
// deflated, whole, of the size and the CRC that are declared, and within the limits
// for one entry. Of any other ok is false. Nothing is noted or charged that Read
// would not note and charge: that is for who takes the content.
func (e *Entry) Regular() (data []byte, ok bool) {
	if e.Method != Deflated || e.Size <= 0 {
		return nil, false
	}
	l, err := e.layout()
	if err != nil {
		return nil, false
	}
	csize := min(e.CompressedSize, e.available(l.data))
	if e.Size > csize*maxExpansion || e.a.limits.checkSize(e.Size, csize) != nil {
		return nil, false
	}
	src, done, err := e.compressed(l.data, csize)
	defer done()
	if err != nil {
		return nil, false
	}
	data = make([]byte, e.Size)
	n, err := inflate.Inflate(data, src)
	return data, err == nil && n == len(data) && crc32.ChecksumIEEE(data) == e.CRC32
}

// Append appends the whole content of the entry to dst and returns the result.
// If dst has no capacity and the content needs no inflating, the result may
// share memory with the archive's input: it must not be changed.
//
// What can be read is read: content that is longer or shorter than declared, of
// another CRC, or of a method that Android does not know is returned without
// an error, and Anomalies tells. If the stream is damaged or cut off, the bytes
// before the damage are returned with an error of kind Malformed or Truncated;
// if it is encrypted, none and Encrypted; if a limit stands against it, none
// and TooLarge.
func (e *Entry) Append(dst []byte, b *Budget) ([]byte, error) {
	if b == nil {
		b = NewBudget(e.a.limits)
	}
	start := len(dst)
	out, err := e.appendContent(dst, b)
	if err != nil {
		return out, binread.WithPath(err, e.Name)
	}
	e.checkContent(int64(len(out)-start), crc32.ChecksumIEEE(out[start:]))
	return out, nil
}

func (e *Entry) appendContent(dst []byte, b *Budget) ([]byte, error) {
	l, err := e.layout()
	if err != nil {
		return dst, err
	}
	if e.form(b) == formRaw {
		start := len(dst)
		out, err := e.appendRaw(dst, l, e.rawSize(), b)
		if e.mayBeDeflated(out[start:]) {
			whole, err := e.appendInflated(slices.Clone(dst), l.data, min(e.CompressedSize, e.available(l.data)), b)
			if err == nil && int64(len(whole)-start) == e.Size && crc32.ChecksumIEEE(whole[start:]) == e.CRC32 {
				e.a.note(e, AnomalyDisguised, false, "method %d, but inflating gives the declared size and CRC", e.Method)
				return whole, nil
			}
		}
		if err == nil && e.looksEncrypted(l, out[start:]) {
			e.a.note(e, AnomalyEncrypted, true, "marked as encrypted; the CRC is another and the bytes are of no known kind")
			return dst, errEncrypted()
		}
		return out, err
	}
	avail := e.available(l.data)
	csize := min(e.CompressedSize, avail)
	start := len(dst)
	out, err := e.appendInflated(dst, l.data, csize, b)
	if errors.Is(err, binread.Truncated) && csize < avail {
		// The compressed size may be a lie: the stream knows its own end.
		r := io.NewSectionReader(e.a.r, l.data, avail)
		whole, err2 := e.appendStream(out, start, int64(len(out)-start), r, avail, b)
		if err2 == nil {
			e.a.note(e, AnomalyCompressed, true, "the stream does not end within the declared %d bytes", e.CompressedSize)
			return whole, nil
		}
		if errors.Is(err2, binread.TooLarge) {
			return whole, err2
		}
	}
	if err == nil || errors.Is(err, binread.TooLarge) {
		return out, err
	}
	if len(out)-start < SniffLen {
		// Nothing worth having came out. Perhaps it was never deflated.
		raw, _ := e.head(formRaw, SniffLen, b)
		if k := Sniff(raw); isBinary(k) {
			e.a.note(e, AnomalyDisguised, true, "method %d, but the bytes are %s as they are", e.Method, k)
			n := csize
			if e.Size >= 0 && e.Size < n {
				n = e.Size
			}
			return e.appendRaw(out[:start], l, n, b)
		}
	}
	if e.marked(l) && !known(Sniff(out[start:])) {
		e.a.note(e, AnomalyEncrypted, true, "marked as encrypted, and does not inflate")
		return out[:start], errEncrypted()
	}
	e.a.note(e, AnomalyCorrupt, true, "%d bytes were read before: %v", len(out)-start, err)
	return out, err
}

// mayBeDeflated reports whether bytes that were taken as they are, because of
// the method, make no sense that way.
func (e *Entry) mayBeDeflated(b []byte) bool {
	return e.Method != Deflated && e.Size >= 0 && !(e.Method == Stored && e.CompressedSize == e.Size) &&
		!known(Sniff(b)) && crc32.ChecksumIEEE(b) != e.CRC32
}

// marked reports whether anything marks the entry as encrypted.
func (e *Entry) marked(l *layout) bool {
	return e.aes || (e.Flags|l.flags)&FlagEncrypted != 0
}

// looksEncrypted reports whether bytes that were taken as they are seem to be
// really encrypted: marked so, longer by a cipher's header, of another CRC and
// of no known kind.
func (e *Entry) looksEncrypted(l *layout, b []byte) bool {
	return e.marked(l) && (e.aes || e.CompressedSize == e.Size+12) &&
		!known(Sniff(b)) && crc32.ChecksumIEEE(b) != e.CRC32
}

func errEncrypted() error {
	return binread.Errorf(binread.Encrypted, "", -1, "")
}

// appendRaw appends n bytes as they stand in the file.
func (e *Entry) appendRaw(dst []byte, l *layout, n int64, b *Budget) ([]byte, error) {
	have := min(n, e.a.size-l.data)
	if n > e.available(l.data) {
		e.a.note(e, AnomalyExtent, true, "%d bytes are declared, %d are there", n, e.available(l.data))
	}
	if err := b.limits.checkSize(have, have); err != nil {
		return dst, err
	}
	if err := b.Charge(have); err != nil {
		return dst, err
	}
	start := len(dst)
	var out []byte
	var err error
	if _, inMemory := e.a.r.(memory); cap(dst) == 0 && inMemory {
		out, err = e.a.view(l.data, have)
	} else {
		out = slices.Grow(dst, int(have))[:start+int(have)]
		var got int
		got, err = e.a.readAt(out[start:], l.data)
		out = out[:start+got]
	}
	// Less than have if the file shrank while it was read.
	if got := int64(len(out) - start); err == nil && got < n {
		err = binread.Errorf(binread.Truncated, "", got, "%d bytes are declared", n)
	}
	return out, err
}

var rawBuffers = sync.Pool{New: func() any { return new([]byte) }}

// appendInflated appends what csize bytes at off inflate to.
func (e *Entry) appendInflated(dst []byte, off, csize int64, b *Budget) ([]byte, error) {
	bound := csize * maxExpansion // csize is at most the file's size
	if e.Size >= 0 {
		bound = min(bound, e.Size)
	} else {
		bound = min(bound, csize*4)
	}
	if err := b.limits.checkSize(bound, csize); err != nil {
		return dst, err
	}
	if err := b.Charge(bound); err != nil {
		return dst, err
	}
	start := len(dst)
	src, done, err := e.compressed(off, csize)
	defer done()
	if err != nil {
		b.refund(bound)
		return dst, err
	}
	dst = slices.Grow(dst, int(bound))
	n, err := inflate.Inflate(dst[start:start+int(bound)], src)
	out := dst[:start+n]
	if errors.Is(err, inflate.ErrLonger) {
		return e.appendStream(out, start, int64(n), bytes.NewReader(src), csize, b)
	}
	b.refund(bound - int64(n))
	if err != nil {
		err = streamError(err, int64(n))
	}
	return out, err
}

// compressed returns the bytes of the entry as they are in the file. They are
// valid until done is called.
func (e *Entry) compressed(off, n int64) (src []byte, done func(), err error) {
	if _, ok := e.a.r.(memory); ok {
		src, err = e.a.view(off, n)
		return src, func() {}, err
	}
	buf := rawBuffers.Get().(*[]byte)
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n)
	}
	src = (*buf)[:n]
	got, err := e.a.readAt(src, off)
	return src[:got], func() {
		if cap(*buf) <= 16<<20 {
			rawBuffers.Put(buf)
		}
	}, err
}

// appendStream appends what r inflates to, without relying on any declared
// size. The first skip bytes are in out[start:] already. csize is how many
// bytes r has at most.
func (e *Entry) appendStream(out []byte, start int, skip int64, r io.Reader, csize int64, b *Budget) ([]byte, error) {
	z := newStream(r)
	defer z.close()
	if _, err := io.CopyN(io.Discard, z.flate, skip); err != nil {
		return out, streamError(err, 0)
	}
	const step = 64 << 10
	for {
		have := int64(len(out) - start)
		if err := b.limits.checkSize(have+1, csize); err != nil {
			return out[:start], err
		}
		if err := b.Charge(step); err != nil {
			return out[:start], err
		}
		out = slices.Grow(out, step)
		n, err := readFull(z.flate, out[len(out):len(out)+step])
		b.refund(int64(step - n))
		out = out[:len(out)+n]
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, streamError(err, int64(len(out)-start))
		}
	}
}

// checkContent notes how content differs from what was declared.
func (e *Entry) checkContent(n int64, crc uint32) {
	if e.Size >= 0 && n != e.Size {
		e.a.note(e, AnomalySize, true, "%d bytes are declared, there are %d", e.Size, n)
	}
	if crc != e.CRC32 && !(e.Origin == OriginRecovered && e.Flags&FlagDescriptor != 0 && e.CRC32 == 0) {
		e.a.note(e, AnomalyCRC, false, "CRC-32 is %08x, declared %08x; Android does not look", crc, e.CRC32)
	}
}

// streamError gives an error of an inflater a place.
func streamError(err error, off int64) error {
	var fe *binread.FormatError
	if errors.As(err, &fe) {
		return err
	}
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return binread.Errorf(binread.Truncated, "deflate", off, "the stream ends early")
	case errors.Is(err, inflate.ErrCorrupt), errors.As(err, &corrupt):
		return binread.Errorf(binread.Malformed, "deflate", off, "damaged stream")
	}
	return fmt.Errorf("deflate: %w", err)
}
