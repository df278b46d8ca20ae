package apk

import "io"

// Nested opens an entry that is itself an archive, with the default limits.
// See Limits.Nested.
func (e *Entry) Nested(b *Budget) (*Archive, error) { return DefaultLimits().Nested(e, b) }

// Nested opens an entry that is itself an archive. One that is stored is read
// where it stands, so that a container of gigabytes takes no memory; one that
// is deflated is inflated, which is charged to b. The outer archive must stay
// open as long as the inner one is in use.
func (l Limits) Nested(e *Entry, b *Budget) (*Archive, error) {
	if off, ok := e.inPlace(); ok {
		if m, ok := e.a.r.(memory); ok {
			return l.NewBytes(m[off : off+e.Size : off+e.Size])
		}
		return l.NewReader(io.NewSectionReader(e.a.r, off, e.Size), e.Size)
	}
	data, err := e.Read(b)
	if err != nil {
		return nil, err
	}
	return l.NewBytes(data)
}

// inPlace returns where the content of the entry stands if it stands in the
// file as it is and as declared.
func (e *Entry) inPlace() (off int64, ok bool) {
	if e.Method != Stored || e.Size < 0 || e.CompressedSize != e.Size {
		return 0, false
	}
	l, err := e.layout()
	if err != nil || e.marked(l) || e.Size > e.available(l.data) {
		return 0, false
	}
	return l.data, true
}
