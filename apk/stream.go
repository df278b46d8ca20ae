package apk

import (
	"bufio"
	"compress/flate"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"github.com/telltale-apk/telltale/apk/binread"
)

// readFull fills p. Unlike io.ReadFull it keeps apart the end of r (io.EOF) and
// r's own complaint that its input ended early (io.ErrUnexpectedEOF).
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = r.Read(p[n:])
		n += k
	}
	if n == len(p) && err == io.EOF && n > 0 {
		err = nil
	}
	return n, err
}

// stream is a pooled inflater for content of unknown size. It is compress/flate
// and not the faster one of klauspost/compress: that one's Reset keeps the old
// lookup table where a block declares no distances, so that what a damaged
// stream gives depends on which stream was read before.
type stream struct {
	flate io.ReadCloser
	buf   *bufio.Reader
}

var streams = sync.Pool{New: func() any {
	buf := bufio.NewReaderSize(nil, 16<<10)
	return &stream{flate: flate.NewReader(buf), buf: buf}
}}

func newStream(r io.Reader) *stream {
	z := streams.Get().(*stream)
	z.buf.Reset(r)
	// Reset of an inflater can't fail: it has no header to read.
	_ = z.flate.(flate.Resetter).Reset(z.buf, nil)
	return z
}

func (z *stream) close() {
	z.buf.Reset(nil)
	streams.Put(z)
}

// Open returns the content of the entry as a stream, for what is too large to
// hold. Every Read is charged to b. Unlike Append it does not second-guess a
// damaged stream, and what is odd is known only at its end. The reader is for
// one goroutine; Close it when done.
func (e *Entry) Open(b *Budget) (io.ReadCloser, error) {
	if b == nil {
		b = NewBudget(e.a.limits)
	}
	l, err := e.layout()
	if err != nil {
		return nil, binread.WithPath(err, e.Name)
	}
	r := &reader{e: e, b: b, crc: crc32.NewIEEE()}
	avail := e.available(l.data)
	if e.form(b) == formRaw {
		r.csize = min(e.rawSize(), e.a.size-l.data)
		r.src = io.NewSectionReader(e.a.r, l.data, r.csize)
	} else {
		r.csize = min(e.CompressedSize, avail)
		r.z = newStream(io.NewSectionReader(e.a.r, l.data, avail))
		r.src = r.z.flate
	}
	return r, nil
}

type reader struct {
	e     *Entry
	b     *Budget
	src   io.Reader
	z     *stream // nil if raw
	crc   hash.Hash32
	n     int64
	csize int64
	err   error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(len(p), 1<<20)]
	err := r.b.limits.checkSize(r.n+1, r.csize)
	if err == nil {
		err = r.b.Charge(int64(len(p)))
	}
	if err != nil {
		r.err = binread.WithPath(err, r.e.Name)
		return 0, r.err
	}
	n, err := r.src.Read(p)
	r.b.refund(int64(len(p) - n))
	r.n += int64(n)
	_, _ = r.crc.Write(p[:n]) // a hash never fails
	if err == nil {
		return n, nil
	}
	if err == io.EOF {
		r.err = err
		r.e.checkContent(r.n, r.crc.Sum32())
	} else {
		if r.z != nil {
			err = streamError(err, r.n)
		}
		r.err = binread.WithPath(err, r.e.Name)
		r.e.a.note(r.e, AnomalyCorrupt, true, "%d bytes were read before: %v", r.n, err)
	}
	return n, r.err
}

func (r *reader) Close() error {
	if r.z != nil {
		r.z.close()
		r.z = nil
	}
	if r.err == nil {
		r.err = errors.New("apk: read after Close")
	}
	return nil
}
