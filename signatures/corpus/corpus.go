// Package corpus holds rules against a folder of frozen facts, as often as
// somebody saves a rule:
//
//	c, err := corpus.Open(os.DirFS(dir), old)    // old is what WriteTo wrote, or nil
//	err = c.Update(ctx, workers, progress)       // sketches what is new
//	hits, err := c.Try(ctx, compiled, rule, graph, workers)
//
// The index holds a sketch of each file (see [signatures.Sketch]). Files of which
// the sketch says that a rule can have nothing to do with them are not looked
// at; of the others only what is asked for is read. What Try returns is what
// matching all files with all rules would say of the one.
//
// # Limits and threat model
//
// A frozen file may be hostile: it is read by [fact.ThawLate]. The index is
// trusted no more than that: a damaged one is refused, and made anew. A file is
// taken for the same if its name, its size and its table of sections, which
// holds a checksum of each, are.
package corpus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/internal/crew"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// IndexName is what the index of a folder is called, if it is kept in it.
const IndexName = "telltale-index.bin"

const (
	magic       = "TELLIDX1"
	maxFiles    = 1 << 20
	maxNameSize = 1 << 12
	headSize    = 20 // of a frozen file: it ends with the checksum of its table
)

// Corpus is a folder of frozen facts with its index. It is safe for concurrent
// use, but for Update.
type Corpus struct {
	fsys  fs.FS
	files []file // sorted by name
	old   map[string]file
	// Fresh counts the files that Update had to sketch.
	Fresh int
	// Skipped are files that are no frozen facts that can be read, with the
	// reason.
	Skipped []string
}

type file struct {
	name   string
	size   int64
	head   [headSize]byte
	sketch signatures.SketchReader
}

// Open lists a folder and those below it. Files that are no frozen facts are
// passed over.
func Open(fsys fs.FS, index []byte) (*Corpus, error) {
	c := &Corpus{fsys: fsys, old: map[string]file{}}
	if index != nil {
		c.old = readIndex(index)
	}
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			return nil
		}
		if len(c.files) == maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		f, err := open(fsys, p)
		if err != nil {
			return nil //nolint:nilerr // what cannot be opened is none of ours
		}
		defer f.Close()
		if fact.IsFrozen(f.head[:]) {
			c.files = append(c.files, file{name: p, size: f.size, head: f.head})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(c.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return c, nil
}

// opened is an open file that can be read anywhere.
type opened struct {
	io.ReaderAt
	fs.File
	size int64
	head [headSize]byte
}

func open(fsys fs.FS, p string) (*opened, error) {
	f, err := fsys.Open(p)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	r, ok := f.(io.ReaderAt)
	if err == nil && !ok {
		err = errors.New("the file cannot be read at random")
	}
	o := &opened{ReaderAt: r, File: f}
	if err == nil {
		o.size = st.Size()
		_, err = r.ReadAt(o.head[:], 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return o, nil
}

// Len returns the number of apps.
func (c *Corpus) Len() int { return len(c.files) }

// Update sketches the files that the index does not hold yet. progress may be
// nil; it is called from several goroutines.
func (c *Corpus) Update(ctx context.Context, workers int, progress func()) error {
	failed := make([]string, len(c.files))
	fresh := make([]bool, len(c.files))
	crew.Each(len(c.files), workers, func(i int) {
		f := &c.files[i]
		if f.sketch.Size > 0 || ctx.Err() != nil {
			return
		}
		if o, ok := c.old[f.name]; ok && o.size == f.size && o.head == f.head {
			f.sketch = o.sketch
			return
		}
		fresh[i] = true
		err := c.with(f, func(set *fact.Set) error {
			b := signatures.Sketch(set)
			f.sketch = signatures.SketchReader{R: bytes.NewReader(b), Size: len(b)}
			return set.Err()
		})
		if err != nil {
			failed[i] = f.name + ": " + err.Error()
		}
		if progress != nil {
			progress()
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	c.old = nil
	kept := c.files[:0]
	for i, f := range c.files {
		if failed[i] != "" {
			c.Skipped = append(c.Skipped, failed[i])
			continue
		}
		if fresh[i] {
			c.Fresh++
		}
		kept = append(kept, f)
	}
	c.files = kept
	return nil
}

// with hands the facts of a file to use while it is open.
func (c *Corpus) with(f *file, use func(*fact.Set) error) error {
	o, err := open(c.fsys, f.name)
	if err != nil {
		return err
	}
	defer o.Close()
	set, err := fact.ThawLate(o.ReaderAt, o.size)
	if err != nil {
		return err
	}
	return use(set)
}

// Layout of an index, numbers little-endian: the magic, the version of sketches
// (u32), the number of files (u32), CRC-32C of the rest (u32); for each file the
// length of its name (u16), the name, its size (u64), its head, offset of its
// sketch from the start (u64), size of that (u32); the sketches.

// WriteTo writes the index.
func (c *Corpus) WriteTo(w io.Writer) (int64, error) {
	le := binary.LittleEndian
	table := 0
	for _, f := range c.files {
		table += 2 + len(f.name) + 8 + headSize + 8 + 4
	}
	const lead = len(magic) + 12
	var b []byte
	off := int64(lead + table)
	for _, f := range c.files {
		b = le.AppendUint16(b, uint16(len(f.name)))
		b = append(b, f.name...)
		b = le.AppendUint64(b, uint64(f.size))
		b = append(b, f.head[:]...)
		b = le.AppendUint64(b, uint64(off))
		b = le.AppendUint32(b, uint32(f.sketch.Size))
		off += int64(f.sketch.Size)
	}
	for _, f := range c.files {
		s := make([]byte, f.sketch.Size)
		if _, err := f.sketch.R.ReadAt(s, f.sketch.Off); err != nil {
			return 0, err
		}
		b = append(b, s...)
	}
	head := le.AppendUint32([]byte(magic), signatures.SketchVersion)
	head = le.AppendUint32(head, uint32(len(c.files)))
	head = le.AppendUint32(head, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	n, err := w.Write(append(head, b...))
	return int64(n), err
}

// readIndex returns what an index holds: nothing, if it is damaged or of another
// version.
func readIndex(b []byte) map[string]file {
	le := binary.LittleEndian
	out := map[string]file{}
	const lead = len(magic) + 12
	if len(b) < lead || string(b[:len(magic)]) != magic || le.Uint32(b[len(magic):]) != signatures.SketchVersion ||
		crc32.Checksum(b[lead:], crc32.MakeTable(crc32.Castagnoli)) != le.Uint32(b[len(magic)+8:]) {
		return out
	}
	r := bytes.NewReader(b)
	rest := b[lead:]
	for n := le.Uint32(b[len(magic)+4:]); n > 0; n-- {
		if len(rest) < 2 {
			return map[string]file{}
		}
		size := int(le.Uint16(rest))
		if size > maxNameSize || len(rest) < 2+size+8+headSize+12 {
			return map[string]file{}
		}
		f := file{name: string(rest[2 : 2+size])}
		rest = rest[2+size:]
		f.size = int64(le.Uint64(rest))
		copy(f.head[:], rest[8:])
		rest = rest[8+headSize:]
		off, n := le.Uint64(rest), le.Uint32(rest[8:])
		rest = rest[12:]
		if n == 0 || off > uint64(len(b)) || uint64(n) > uint64(len(b))-off {
			return map[string]file{}
		}
		f.sketch = signatures.SketchReader{R: r, Off: int64(off), Size: int(n)}
		out[f.name] = f
	}
	return out
}

// Hit is an app that a rule says something of.
type Hit struct {
	App string // path of the frozen file below the folder
	// Package and Label tell the app apart.
	Package string
	Match   signatures.SDKMatch
	Version string // what the rule's clues tell, the first of them
}

// Held and Referenced are the ways in which a report tells of a product.
func (h *Hit) Held() bool { return h.Match.Held }

// Referenced reports whether classes of the product are named but nothing shows
// that it is there.
func (h *Hit) Referenced() bool {
	return !h.Match.Held && slices.ContainsFunc(h.Match.References, func(s signatures.SignalMatch) bool { return s.Evidence.Strength == rule.Strong })
}

// Line puts a hit into one line, which is the same as long as the hit is.
func (h *Hit) Line() string {
	var b strings.Builder
	b.WriteString(h.App)
	if h.Package != "" && path.Base(h.App) != h.Package {
		b.WriteString(" (" + h.Package + ")")
	}
	list := h.Match.Signals
	switch {
	case h.Match.Held:
		fmt.Fprintf(&b, ": held, %d classes", h.Match.Classes)
	default:
		b.WriteString(": referenced")
		list = h.Match.References
	}
	if h.Version != "" {
		b.WriteString(", version " + h.Version)
	}
	for i, s := range list {
		sep := ", "
		if i == 0 {
			sep = "; "
		}
		b.WriteString(sep + s.Evidence.Signal)
	}
	return b.String()
}

// Tried is the result of Try.
type Tried struct {
	Hits []Hit // sorted by app
	// Looked counts the apps of which the sketch did not rule the product out.
	Looked int
	// Damaged are files that could not be read to the end, with the reason.
	Damaged []string
}

// Try matches one product against all apps, beside the rules that have a say in
// it. graph makes the call graph of an app's units, nil stands for the one that
// was frozen.
func (c *Corpus) Try(ctx context.Context, all *signatures.Compiled, s *rule.SDK, graph func([]fact.Unit) fact.Graph, workers int) (*Tried, error) {
	around := all.Around(s)
	rules, err := signatures.Of(around...)
	if err != nil {
		return nil, err
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		return nil, err
	}
	probes, err := signatures.NewProbes(s)
	if err != nil {
		return nil, err
	}
	hits := make([]*Hit, len(c.files))
	looked := make([]bool, len(c.files))
	damaged := make([]string, len(c.files))
	crew.Each(len(c.files), workers, func(i int) {
		f := &c.files[i]
		if ctx.Err() != nil || !probes.MayTell(&f.sketch) {
			return
		}
		looked[i] = true
		err := c.with(f, func(set *fact.Set) error {
			if graph != nil && len(set.Units) > 0 {
				set.Graph = graph(set.Units)
			}
			m := signatures.MatchWith(ctx, set, compiled, signatures.Options{Workers: 1})
			hits[i] = hitOf(f.name, set, m, s.ID)
			return set.Err()
		})
		if err != nil {
			damaged[i] = f.name + ": " + err.Error()
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &Tried{}
	for i := range c.files {
		if looked[i] {
			t.Looked++
		}
		if hits[i] != nil {
			t.Hits = append(t.Hits, *hits[i])
		}
		if damaged[i] != "" {
			t.Damaged = append(t.Damaged, damaged[i])
		}
	}
	return t, nil
}

// hitOf is what matches say of one product, nil if nothing.
func hitOf(name string, set *fact.Set, m *signatures.Matches, id string) *Hit {
	p := m.Product(id)
	if p == nil {
		return nil
	}
	h := &Hit{App: name, Package: set.App.Manifest.Package, Match: *p}
	if !h.Held() && !h.Referenced() {
		return nil
	}
	for i := range m.Hits {
		if x := &m.Hits[i]; x.Rule == p.Rule && x.Use == signatures.UseVersion && h.Version == "" {
			h.Version = x.Value
		}
	}
	h.Match.Rule = 0 // a number of these rules alone
	return h
}

// Touched returns the apps that a change of these rules can have an effect on.
func (c *Corpus) Touched(rules ...any) ([]string, error) {
	probes, err := signatures.NewProbes(rules...)
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range c.files {
		if probes.MayTouch(&c.files[i].sketch) {
			out = append(out, c.files[i].name)
		}
	}
	return out, nil
}
