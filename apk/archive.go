package apk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Methods of compression that Android knows.
const (
	Stored   uint16 = 0
	Deflated uint16 = 8
)

// Bits of Entry.Flags.
const (
	FlagEncrypted  uint16 = 1 << 0 // Android never looks at it
	FlagDescriptor uint16 = 1 << 3 // sizes and CRC follow the data
	FlagUTF8       uint16 = 1 << 11
)

// Origin says how an entry was found.
type Origin uint8

// The origins. Android sees only entries of the first.
const (
	OriginDirectory Origin = iota // a counted record of the central directory
	OriginHidden                  // a record of the central directory that the end record does not count, or one inside another record
	OriginAlternate               // a record of another central directory than the one Android uses
	OriginRecovered               // a local header; the archive has no usable central directory
)

// String names the origin.
func (o Origin) String() string {
	switch o {
	case OriginDirectory:
		return "directory"
	case OriginHidden:
		return "hidden"
	case OriginAlternate:
		return "alternate"
	case OriginRecovered:
		return "recovered"
	}
	return "Origin(" + strconv.Itoa(int(o)) + ")"
}

// Archive is an open ZIP archive. It holds the central directory; content is
// read on demand. All methods are safe for concurrent use.
type Archive struct {
	r      io.ReaderAt
	size   int64
	closer io.Closer
	limits Limits

	base     int64   // added to every offset that the archive declares
	dirOff   int64   // file offset of the central directory; size if there is none
	dirEnd   int64   // first byte after its last record
	endOff   int64   // file offset of the end record; -1 if there is none
	ends     []int64 // file offsets of everything that looks like one
	comment  []byte
	entries  []*Entry
	byName   map[string][]*Entry
	signOnce sync.Once
	sign     SigningBlock
	signErr  error

	audit sync.Once
	gaps  []Gap

	mu        sync.Mutex
	anomalies []Anomaly
	noted     map[anomalyKey]bool
	unlisted  int
}

// Entry is one entry of an archive. Its fields are what the central directory
// declares (the local header, if Origin is OriginRecovered) and must not be
// changed. All of it may be a lie.
type Entry struct {
	// Name is for people: RawName with everything that is not printable
	// escaped as \xNN or \uNNNN.
	Name string
	// RawName holds the bytes of the name as they are. It is what Lookup and
	// Android compare. Never use it as a path.
	RawName        string
	Method         uint16
	Flags          uint16
	CRC32          uint32
	CompressedSize int64 // bytes
	Size           int64 // bytes, uncompressed; -1 if unknown (recovered entries only)
	HeaderOffset   int64 // of the local header, from the start of the file; may point anywhere
	Origin         Origin

	a        *Archive
	index    int
	recOff   int64 // of the record this was read from, from the start of the file
	aes      bool  // has the extra field of WinZip's AES encryption
	once     sync.Once
	lay      layout
	layErr   error
	formOnce sync.Once
	formIs   form
}

// IsDir reports whether the name ends with a slash, which is all that makes an
// entry a folder.
func (e *Entry) IsDir() bool { return strings.HasSuffix(e.RawName, "/") }

// Index returns the position of the entry in Entries.
func (e *Entry) Index() int { return e.index }

// Archive returns the archive that the entry belongs to.
func (e *Entry) Archive() *Archive { return e.a }

// Open opens the named file with the default limits. The archive owns the
// file; call Close when done with all of its entries.
func Open(path string) (*Archive, error) { return DefaultLimits().Open(path) }

// NewReader reads an archive of size bytes from r with the default limits. It
// borrows r: Close does not close it. See Limits.NewReader.
func NewReader(r io.ReaderAt, size int64) (*Archive, error) {
	return DefaultLimits().NewReader(r, size)
}

// NewBytes reads an archive that is in memory, without copying it: stored
// entries are read as parts of b. The archive borrows b, which must not change.
func NewBytes(b []byte) (*Archive, error) { return DefaultLimits().NewBytes(b) }

// Open is like the function Open, with limits of the caller's.
func (l Limits) Open(path string) (*Archive, error) {
	// Asked before opening: to open a pipe waits for its writer.
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close() // read only: nothing can be lost
		return nil, err
	}
	a, err := l.NewReader(f, st.Size())
	if err != nil {
		_ = f.Close()
		return nil, binread.WithPath(err, path)
	}
	a.closer = f
	return a, nil
}

// NewBytes is like the function NewBytes, with limits of the caller's.
func (l Limits) NewBytes(b []byte) (*Archive, error) {
	return l.NewReader(memory(b), int64(len(b)))
}

// NewReader is like the function NewReader, with limits of the caller's.
//
// It fails with binread.BadMagic if nothing of a ZIP archive is in r, and with
// r's own error if r can't be read. Everything else gives an Archive with the
// entries that could be found; what is wrong with it, Anomalies says. An
// Archive may have no entries.
func (l Limits) NewReader(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{r: r, size: size, limits: l.orDefault(), dirOff: size, dirEnd: size, endOff: -1}
	if err := a.load(); err != nil {
		return nil, err
	}
	a.index()
	return a, nil
}

// Close closes the file if the archive owns one.
func (a *Archive) Close() error {
	if a.closer == nil {
		return nil
	}
	return a.closer.Close()
}

// Size returns the size of the file in bytes.
func (a *Archive) Size() int64 { return a.size }

// Reader returns the bytes of the file itself. It stays valid until Close.
func (a *Archive) Reader() *io.SectionReader { return io.NewSectionReader(a.r, 0, a.size) }

// Comment returns the comment of the archive. It must not be changed.
func (a *Archive) Comment() []byte { return a.comment }

// Entries returns all entries in the order of the central directory, those
// that Android does not see after those that it does. The slice must not be
// changed.
func (a *Archive) Entries() []*Entry { return a.entries }

// Lookup returns the entry with exactly this name (RawName), the first if
// there are several, or nil.
func (a *Archive) Lookup(name string) *Entry {
	if es := a.byName[name]; len(es) > 0 {
		return es[0]
	}
	return nil
}

// LookupAll returns every entry with exactly this name, in the order of
// Entries. The slice must not be changed.
func (a *Archive) LookupAll(name string) []*Entry { return a.byName[name] }

// LoadedDEX returns the entries that ART loads code from by itself:
// classes.dex, classes2.dex and so on up to the first number that is missing
// (AOSP libdexfile, DexFileLoader::OpenFromZipArchive). What else holds DEX, by
// Sniff, only the app itself can load. Content is not looked at.
func (a *Archive) LoadedDEX() []*Entry {
	var out []*Entry
	for i := 1; ; i++ {
		name := "classes.dex"
		if i > 1 {
			name = "classes" + strconv.Itoa(i) + ".dex"
		}
		e := a.Lookup(name)
		if e == nil || e.Origin == OriginHidden || e.Origin == OriginAlternate {
			return out
		}
		out = append(out, e)
	}
}

// index fills byName and notes what the directory alone shows.
func (a *Archive) index() {
	a.byName = make(map[string][]*Entry, len(a.entries))
	for i, e := range a.entries {
		e.a, e.index = a, i
		a.byName[e.RawName] = append(a.byName[e.RawName], e)
		a.noteEntry(e)
	}
	for _, e := range a.entries {
		es := a.byName[e.RawName]
		if len(es) < 2 || es[0] != e {
			continue
		}
		seen := 0
		for _, d := range es {
			if d.Origin == OriginDirectory {
				seen++
			}
		}
		a.note(e, AnomalyDuplicate, seen > 1, "%d entries bear this name", len(es))
	}
	if len(a.entries) == 0 {
		a.note(nil, AnomalyEmpty, true, "the archive has no entries")
	}
}

// noteEntry notes what is odd about one entry's record by itself.
func (a *Archive) noteEntry(e *Entry) {
	switch e.Origin {
	case OriginHidden:
		a.note(e, AnomalyHidden, false, "its record at 0x%x is not among those that the end record counts", e.recOff)
	case OriginAlternate:
		a.note(e, AnomalyHidden, false, "its record at 0x%x belongs to a central directory that Android does not use", e.recOff)
	}
	switch {
	case e.RawName == "":
		a.note(e, AnomalyName, false, "the name is empty; Android can't look it up")
	case !validName(e.RawName):
		a.note(e, AnomalyName, e.Origin == OriginDirectory, "the name is %s", strconv.QuoteToASCII(e.RawName))
	}
	if traverses(e.RawName) {
		a.note(e, AnomalyTraversal, false, "the name is %s", strconv.QuoteToASCII(e.RawName))
	}
	if e.Flags&FlagEncrypted != 0 {
		a.note(e, AnomalyEncryption, false, "flag bit 0 is set in the directory")
	}
	if e.Method != Stored && e.Method != Deflated {
		code := isCodeName(e.RawName)
		detail := "Android takes the bytes as they are when it loads a manifest or resource"
		if code {
			detail = "Android can't load code from it"
		}
		a.note(e, AnomalyMethod, code, "method %d; %s", e.Method, detail)
	}
	if e.Method == Stored && e.Size >= 0 && e.CompressedSize != e.Size {
		a.note(e, AnomalyStoredSize, false, "%d bytes stored as %d; Android takes the first", e.Size, e.CompressedSize)
	}
	if e.Method == Deflated && a.limits.tooDense(e.Size, e.CompressedSize) {
		a.note(e, AnomalyBomb, false, "%d bytes are said to inflate to %d", e.CompressedSize, e.Size)
	}
}

// isCodeName reports whether ART would load code from an entry of this name.
func isCodeName(name string) bool {
	rest, ok := strings.CutPrefix(name, "classes")
	if !ok {
		return false
	}
	num, ok := strings.CutSuffix(rest, ".dex")
	if !ok {
		return false
	}
	n, err := strconv.Atoi(num)
	return num == "" || err == nil && n > 1 && num[0] != '0' && num[0] != '+'
}

// validName is libziparchive's IsValidEntryName: no NUL, and lead bytes
// followed by as many continuation bytes as they announce (up to five). It
// accepts overlong forms and surrogates, as Android does.
func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == 0:
			return false
		case c < 0x80:
			continue
		case c&0xc0 == 0x80 || c&0xfe == 0xfe:
			return false
		}
		for first := c << 1; first&0x80 != 0; first <<= 1 {
			i++
			if i == len(name) || name[i]&0xc0 != 0x80 {
				return false
			}
		}
	}
	return true
}

// traverses reports whether an unzip that trusts names would write outside its
// folder.
func traverses(name string) bool {
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) {
		return true
	}
	if len(name) >= 2 && name[1] == ':' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z' {
		return true
	}
	if !strings.Contains(name, "..") {
		return false
	}
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return true
		}
	}
	return false
}

// printable escapes what could harm a terminal or a report.
func printable(raw string) string {
	ok := true
	for i := 0; i < len(raw) && ok; i++ {
		ok = raw[i] >= ' ' && raw[i] < 0x7f
	}
	if ok {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRuneInString(raw[i:])
		switch {
		case r == utf8.RuneError && n == 1, r < ' ', r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, raw[i])
		case unicode.IsPrint(r):
			b.WriteString(raw[i : i+n])
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// memory is a ReaderAt over a slice that can hand out parts of it.
type memory []byte

func (m memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readAt fills p from off and returns how much there was. It reports an error
// only if the file can't be read, not if it ends.
func (a *Archive) readAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= a.size {
		return 0, nil
	}
	if max := a.size - off; int64(len(p)) > max {
		p = p[:max]
	}
	n, err := a.r.ReadAt(p, off)
	if n == len(p) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// view returns up to n bytes at off: a part of the input if it is in memory,
// else a copy. The caller has made sure that n is bounded.
func (a *Archive) view(off, n int64) ([]byte, error) {
	if off < 0 || off > a.size || n < 0 {
		return nil, nil
	}
	n = min(n, a.size-off)
	if m, ok := a.r.(memory); ok {
		return m[off : off+n : off+n], nil
	}
	b := make([]byte, n)
	got, err := a.readAt(b, off)
	return b[:got], err
}
