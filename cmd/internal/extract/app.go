package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/mapping"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// ErrUnsupported says that the first part is no kind of file that is read.
var ErrUnsupported = errors.New("is not a kind of file that telltale reads")

// ErrChanged says that a file is not what it was when it was opened.
var ErrChanged = errors.New("changed while it was read: scan it again")

// Options steer an extraction.
type Options struct {
	Limits Limits
	Locale string // for the label, as a BCP 47 tag; empty for the app's default
	// Digests asks for the digests of code units, which only frozen facts hold.
	Digests bool
	// Each calls f with 0 to n-1, perhaps at the same time; nil does so in order.
	Each func(n int, f func(i int))
	// Stats, if not nil, counts what the stages cost.
	Stats *stats.Stats
}

// Digest returns the SHA-256 of a part.
func Digest(ctx context.Context, p Part) ([32]byte, error) {
	h := sha256.New()
	buf := hashed.Get().(*[256 << 10]byte)
	defer hashed.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, ctxReader{ctx, io.NewSectionReader(p.R, 0, p.Size)}, buf[:])
	if err != nil {
		return [32]byte{}, err
	}
	if n != p.Size {
		return [32]byte{}, ErrChanged
	}
	return [32]byte(h.Sum(nil)), nil
}

var hashed = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// ctxReader ends with the context, so that hashing a huge file can be interrupted.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// App reads the facts of one app. What could not be read is among
// Set.App.Problems; the error says that nothing at all could be, or is ctx's:
// then the set holds what was read until then, and is not fit to be judged.
func App(ctx context.Context, src Source, o Options) (*fact.Set, error) {
	span := o.Stats.Begin(stats.Extract)
	defer func() { span.End(src.size()) }()
	b := newBuilder(ctx, o)
	for i, p := range src.Parts {
		if err := b.part(p, i == 0); err != nil {
			if ctx.Err() != nil {
				return b.set, ctx.Err()
			}
			if i == 0 {
				return nil, err
			}
			b.problem(p.Path, problemKind(err), err, true)
		}
	}
	if b.alone && len(b.set.Units) > 0 {
		b.note("", fact.ProblemMissingPart, false, "this is compiled code alone: the APK or JAR that it was made of, with its manifest and its signer, was not at hand. Scan them together")
	}
	b.finish()
	return b.set, ctx.Err()
}

// builder collects the facts of one app.
type builder struct {
	ctx    context.Context
	o      Options
	budget *apk.Budget
	limits apk.Limits
	set    *fact.Set
	texts  []textSource
	tables []tableUnit
	ahead  ahead
	taken  taken // code: the same DEX in several places counts once
	label  manifest.Text
	title  string       // what a container calls the app
	names  *mapping.Map // of a bundle whose code was obfuscated
	hidden hidden
	// elsewhere counts DEX files that containers name but do not hold.
	elsewhere int
	library   bool // the input is an AAR
	alone     bool // the input is compiled code without the APK that it belongs to
	carriers  carriers

	noted   map[fact.Problem]bool
	spent   bool // the budget of the whole app was used up, and that was said
	unnoted int  // problems beyond maxProblems
	late    late
}

// maxProblems bounds the list: an archive of 200,000 bad entries is told by
// some of them and a count.
const maxProblems = 500

func newBuilder(ctx context.Context, o Options) *builder {
	d := DefaultLimits()
	l := o.Limits.archive()
	o.Limits.Texts = orDefault(o.Limits.Texts, d.Texts)
	o.Limits.Depth = orDefault(o.Limits.Depth, d.Depth)
	o.Limits.Searched = orDefault(o.Limits.Searched, d.Searched)
	b := &builder{ctx: ctx, o: o, limits: l, budget: apk.NewBudget(l), set: &fact.Set{}, noted: map[fact.Problem]bool{}}
	b.set.App.Status = fact.Complete
	b.set.Texts, b.set.Late = b.allTexts, b.late.list
	return b
}

// problem records what went wrong with a part.
func (b *builder) problem(part string, kind fact.ProblemKind, err error, lossy bool) {
	p := problemOf(part, kind, err, lossy)
	if p.Kind == fact.ProblemBudget && p.Part == "" && part != "" {
		if b.spent {
			return
		}
		b.spent = true
	}
	b.add(p)
}

// problemOf puts an error into the report's words.
func problemOf(part string, kind fact.ProblemKind, err error, lossy bool) fact.Problem {
	fe := asFormat(err)
	var pe *fs.PathError
	switch {
	case errors.As(err, &pe):
		err = pe.Err // the report names the file already, and as it was asked for
	case fe != nil && fe.Kind == binread.TooLarge && kind == fact.ProblemBudget:
		return overBudget(part, fe)
	case fe != nil && fe.Path != "" && err == error(fe) && strings.HasSuffix(part, fe.Path):
		c := *fe // the part names the path already
		c.Path = ""
		err = &c
	}
	return fact.Problem{Part: part, Kind: kind, Detail: err.Error(), Lossy: lossy}
}

func (b *builder) note(part string, kind fact.ProblemKind, lossy bool, format string, args ...any) {
	b.add(fact.Problem{Part: part, Kind: kind, Detail: fmt.Sprintf(format, args...), Lossy: lossy})
}

func (b *builder) add(p fact.Problem) {
	if b.noted[p] {
		return
	}
	b.noted[p] = true
	if len(b.noted) > maxProblems {
		b.unnoted++
		if p.Lossy && b.set.App.Status == fact.Complete {
			b.set.App.Status = fact.Partial
		}
		return
	}
	b.set.App.Note(p)
}

// ProblemKind maps the error of an extraction to the closed list of the report.
func ProblemKind(err error) fact.ProblemKind { return problemKind(err) }

// problemKind maps a reader's error to the closed list of the report.
func problemKind(err error) fact.ProblemKind {
	var pe *fs.PathError
	switch {
	case errors.Is(err, ErrChanged), errors.As(err, &pe):
		return fact.ProblemUnreadable
	case errors.Is(err, binread.TooLarge):
		return fact.ProblemBudget
	case errors.Is(err, binread.Encrypted):
		return fact.ProblemEncrypted
	case errors.Is(err, binread.Unsupported), errors.Is(err, ErrUnsupported):
		return fact.ProblemUnsupported
	}
	return fact.ProblemMalformed
}

// part reads one input file.
func (b *builder) part(p Part, base bool) error {
	sha := p.SHA256
	if sha == "" {
		span := b.o.Stats.Begin(stats.Hash)
		digest, err := Digest(b.ctx, p)
		span.End(p.Size)
		if err != nil {
			return err
		}
		sha = hex.EncodeToString(digest[:])
	}
	a := &b.set.App
	if base {
		a.Path, a.SHA256 = p.Path, sha
	}
	a.Parts = append(a.Parts, fact.Part{Path: p.Path, SHA256: sha, Size: p.Size, Role: string(p.Role), Split: p.Split})
	head := make([]byte, min(apk.SniffLen, p.Size))
	if _, err := p.R.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	prefix := ""
	if !base {
		prefix = beside(a.Path, p.Path)
		if p.Role == RoleSplit {
			prefix += "!"
		}
	}
	switch kind := apk.Sniff(head); kind {
	case apk.KindZIP:
		ar, err := b.limits.NewReader(p.R, p.Size)
		if err != nil {
			return err
		}
		if base {
			if c := bundle.Open(ar, b.limits, b.budget); c != nil {
				return b.container(ar, c)
			}
		}
		return b.archive(ar, place{prefix: prefix, base: base, split: p.Role == RoleSplit})
	case apk.KindDEX:
		data, err := readAll(p)
		if err != nil {
			return err
		}
		return b.dex(data, path.Base(p.Path), true)
	case apk.KindCDEX:
		data, err := readAll(p)
		if err != nil {
			return err
		}
		return b.compact(data, path.Base(p.Path))
	case apk.KindVDEX, apk.KindODEX, apk.KindELF:
		data, err := readAll(p)
		if err != nil {
			return err
		}
		b.alone = base
		if base {
			prefix = path.Base(p.Path)
		}
		return b.compiled(data, kind, prefix)
	case apk.KindClassFile:
		data, err := readAll(p)
		if err != nil {
			return err
		}
		return b.classFile(data, path.Base(p.Path))
	case apk.KindEmpty:
		return binread.Errorf(binread.Truncated, "", -1, "the file is empty")
	case apk.KindOldAPKM:
		return binread.Errorf(binread.Encrypted, "", -1, "an APKM file of 2020, which APKMirror encrypted: it cannot be read. Download the app again (newer APKM files are not encrypted), or pull it from a device with adb")
	default:
		return fmt.Errorf("%w (%s)", ErrUnsupported, kindName(kind))
	}
}

func kindName(k apk.Kind) string {
	if k == apk.KindUnknown {
		return "unknown content"
	}
	return string(k)
}

// beside shortens the path of a file that lies beside the base.
func beside(base, p string) string {
	if rel, ok := strings.CutPrefix(p, path.Dir(base)+"/"); ok {
		return rel
	}
	return p
}

// readAll reads a part that is no archive.
func readAll(p Part) ([]byte, error) {
	const most = 1 << 30
	if p.Size > most {
		return nil, binread.Errorf(binread.TooLarge, "", -1, "%d bytes; the limit for a single code file is %d", p.Size, int64(most))
	}
	data := make([]byte, p.Size) // which the file has: it was asked when it was opened
	n, err := io.ReadFull(io.NewSectionReader(p.R, 0, p.Size), data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // it has shrunk since
	}
	return data[:n], err
}

// place says where an archive stands in the app.
type place struct {
	prefix string // put before entry names: "" or "split_x.apk!" or "assets/x.apk!"
	base   bool   // the app's own APK
	split  bool   // another APK of the app
	depth  int    // of nesting
	built  bool   // a part of a library: its class files are built into apps
	lib    *library
}

// installed reports whether Android loads code and manifest from here.
func (pl place) installed() bool { return pl.depth == 0 }

// archive reads an APK, or an archive found inside one.
func (b *builder) archive(ar *apk.Archive, pl place) error {
	pl.lib = b.newLibrary(ar, pl)
	if pl.installed() {
		b.manifest(ar, pl)
		b.signers(ar, pl)
	}
	// What Android loads comes first, in its order.
	loaded := loadedDex(ar)
	entries := slices.Clone(loaded)
	first := map[*apk.Entry]bool{}
	for _, e := range loaded {
		first[e] = true
	}
	for _, e := range ar.Entries() {
		if !(e.IsDir() && e.Size == 0) && !first[e] {
			entries = append(entries, e)
		}
	}
	b.readAhead(loaded)
	for i, e := range entries {
		if b.ctx.Err() != nil {
			return b.ctx.Err()
		}
		b.entry(e, pl, i < len(loaded))
	}
	pl.lib.finish(b, pl)
	b.between(ar, pl)
	b.tampered(ar, pl)
	return nil
}

// loadedDex returns the entries that Android loads as code: classes.dex,
// classes2.dex and so on up to the first gap.
func loadedDex(ar *apk.Archive) (out []*apk.Entry) {
	for i := 1; ; i++ {
		e := ar.Lookup(dexName(i))
		if e == nil {
			return out
		}
		out = append(out, e)
	}
}

func dexName(i int) string {
	if i == 1 {
		return "classes.dex"
	}
	return "classes" + strconv.Itoa(i) + ".dex"
}

// entry looks at one entry by its content.
func (b *builder) entry(e *apk.Entry, pl place, loaded bool) {
	unit := pl.prefix + e.Name
	kind, err := e.Sniff(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
	}
	b.set.App.Files = append(b.set.App.Files, fact.File{Unit: unit, Size: max(e.Size, 0), Kind: string(kind)})
	if err != nil {
		return
	}
	switch {
	case pl.lib.take(b, e, kind, unit):
		return
	case kind == apk.KindDEX || loaded:
		data, err := b.read(e)
		if err != nil {
			b.problem(unit, problemKind(err), err, true)
			if len(data) == 0 {
				return
			}
		}
		if err := b.dex(data, unit, loaded && pl.installed()); err != nil {
			b.problem(unit, problemKind(err), err, true)
		}
		if !loaded && pl.installed() {
			b.behindGap(e, unit)
		}
		return
	case b.carrier(e, kind, unit):
	case kind == apk.KindZIP:
		b.nested(e, unit, pl)
		return
	case kind == apk.KindELF:
		b.native(e, unit)
		b.nativeCarrier(e, unit)
	case kind.IsText() || kind == apk.KindAXML || kind == apk.KindProtoXML:
		b.texts = append(b.texts, textSource{unit: unit, kind: kind, e: e})
	}
	b.search(e, unit, pl)
}

// nested looks for code in an archive inside an archive.
func (b *builder) nested(e *apk.Entry, unit string, pl place) {
	if pl.depth >= b.o.Limits.Depth {
		b.note(unit, fact.ProblemBudget, true, "archives are nested more than %d deep; this one was not opened%s", b.o.Limits.Depth, raise("depth"))
		return
	}
	ar, err := b.limits.Nested(e, b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		return
	}
	if !b.opened(ar, unit) {
		return
	}
	if err := b.archive(ar, place{prefix: unit + "!", depth: pl.depth + 1, built: pl.lib.holdsCode(e.RawName)}); err != nil {
		b.problem(unit, problemKind(err), err, true)
	}
}

// dex adds the code units of a DEX file.
func (b *builder) dex(data []byte, unit string, loaded bool) error {
	if !b.taken.add(data) {
		return nil
	}
	files, err := b.openDEX(data)
	for i, f := range files {
		name := unit
		if i > 0 {
			name += "!" + dexName(i+1)
		}
		b.taken.addTables(f)
		b.unit(f, name, data, loaded)
	}
	b.behind(data, files, unit)
	if err != nil && len(files) > 0 {
		b.problem(unit, problemKind(err), err, true)
		return nil
	}
	return err
}

func hexDigest(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// unit adds one body of code, which was found as data.
func (b *builder) unit(f *dex.File, name string, data []byte, loaded bool) *dexUnit {
	sha := ""
	if b.o.Digests {
		sha = hexDigest(data)
	}
	u := b.swept(f)
	u.describe(name, sha, loaded)
	odd := f.Anomalies()
	if u.cut {
		u.info.Status = fact.Partial
		b.note(name, fact.ProblemBudget, true, "methods share overlapping code far beyond the file's size; the rest was not read")
	}
	for i, a := range odd {
		if i == 3 {
			b.note(name, fact.ProblemTampered, false, "and more oddities of this kind")
			break
		}
		u.info.Status = fact.Partial
		b.problem(name, fact.ProblemMalformed, a, true)
	}
	b.set.Units = append(b.set.Units, u)
	return u
}

// tampered tells of tricks played with the archive. Data that an app keeps in
// an archive never reaches Android as one: what is odd there deceives nobody.
func (b *builder) tampered(ar *apk.Archive, pl place) {
	name := strings.TrimSuffix(pl.prefix, "!")
	kind, refused := fact.ProblemTampered, " (Android refuses this)"
	if !pl.installed() && len(loadedDex(ar)) == 0 && ar.Lookup("AndroidManifest.xml") == nil {
		kind, refused = fact.ProblemMalformed, ""
	}
	n := 0
	for _, an := range ar.Anomalies() {
		switch {
		case an.Kind == apk.AnomalyLimit && an.Limit != "":
			b.note(name, fact.ProblemBudget, true, "%s%s", an.Detail, raise(nameOf(an.Limit)))
			continue
		case an.Kind == apk.AnomalyRecovered:
			// What was cut off together with the directory, nobody knows.
			b.note(name, fact.ProblemMalformed, true, "%s: what else there was is not known%s", an.Detail, refused)
			continue
		case !telling(an) || pl.lib.forApps(): // libraries never reach Android as they are
			continue
		}
		if n++; n > 10 {
			b.note(name, kind, false, "and more oddities of the archive")
			return
		}
		where := name
		if an.Entry != nil {
			where = pl.prefix + an.Entry.Name
		}
		detail := string(an.Kind)
		if an.Detail != "" {
			detail = an.Detail
		}
		if an.Rejected {
			detail += refused
		}
		b.note(where, kind, false, "%s", detail)
	}
}

// telling reports whether an anomaly is worth a reader's time: build tools
// leave harmless ones behind.
func telling(an apk.Anomaly) bool {
	switch an.Kind {
	case apk.AnomalyGap, apk.AnomalyZIP64, apk.AnomalyLocalExtra, apk.AnomalyStoredSize, apk.AnomalyCRC, apk.AnomalyBomb:
		return an.Rejected
	}
	return true
}

// finish settles what only the whole app can tell.
func (b *builder) finish() {
	a := &b.set.App
	// Texts are asked for later, which keeps the builder: not what is of no more use.
	b.hidden.scratch, b.ahead = nil, ahead{}
	if b.unnoted > 0 {
		a.Note(fact.Problem{Kind: fact.ProblemMalformed, Detail: fmt.Sprintf("and %d more problems like these", b.unnoted)})
	}
	b.resolveLabel()
	// Android's order: the base's code first, loaded before other code.
	slices.SortStableFunc(b.set.Units, func(x, y fact.Unit) int {
		return boolCompare(y.Info().Loaded, x.Info().Loaded)
	})
	if len(b.set.Units) > 0 {
		connect(b.set.Units)
		b.emulate()
		b.undefined()
		firstNames(b.set.Units, b.names)
		b.set.Graph = Graph(b.set.Units)
		return
	}
	if !a.Manifest.Present || needsCode(&a.Manifest) {
		b.noCode()
	}
}

// needsCode reports whether an app with this manifest cannot do without code.
// One that says it has none, or that declares nothing which could run, as
// packages of resources do, can.
func needsCode(m *fact.Manifest) bool {
	return m.HasCode && (m.Split != "" || m.Application != "" || len(m.Components) > 0)
}

// noCode says why an app that should have code shows none.
func (b *builder) noCode() {
	a := &b.set.App
	if a.Status == fact.Failed {
		return
	}
	lossy := slices.ContainsFunc(a.Problems, func(p fact.Problem) bool { return p.Lossy })
	a.Status = fact.NoCode
	switch {
	case a.Manifest.Split != "":
		b.note("", fact.ProblemMissingPart, true, "this is the split %q without code of its own: its base is missing. Pull the whole set: adb shell pm path %s, then adb pull each path", a.Manifest.Split, a.Manifest.Package)
	case lossy:
	case b.elsewhere > 0:
		b.note("", fact.ProblemMissingCode, true, "the file names %d DEX files and holds none: they stay in the APK, or in the .vdex file beside it", b.elsewhere)
	case !a.Manifest.Present:
		b.note("", fact.ProblemMissingCode, true, "the file holds neither a manifest nor code that could be read")
	case b.library:
		b.note("", fact.ProblemMissingCode, true, "the manifest of this library names classes, and it holds no classes.jar")
	default:
		name := strings.TrimSuffix(path.Base(a.Path), path.Ext(a.Path))
		b.note("", fact.ProblemMissingCode, true, "there is no classes.dex in it: the code of a preinstalled app lies in oat/*/%s.odex or .vdex beside the APK, and none was there. Pull the whole folder", name)
	}
}

func boolCompare(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
