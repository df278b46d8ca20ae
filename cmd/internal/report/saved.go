package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Limits of a saved report. A report comes from elsewhere and is not trusted.
const (
	// MaxSaved is the size of a report in bytes. It is read as a stream, twice.
	MaxSaved = 4 << 30
	// maxSavedApp is the size of one app's result, and maxSavedElements the
	// number of objects and list elements in it: an empty object of two bytes
	// becomes a struct of several hundred.
	maxSavedApp      = 64 << 20
	maxSavedElements = 200_000
	maxSavedApps     = 1_000_000
)

// Saved is a report of telltale.report/v1 that was written earlier, as JSON
// or NDJSON. Unknown keys are tolerated: later versions add some. Apps are read
// when they are asked for, so that one is held at a time.
type Saved struct {
	Start   event.Start
	Summary event.Summary
	// Cut is true if a stream ended before its summary, as that of a killed
	// run does. Summary then counts what is there, and says interrupted.
	Cut bool

	r    io.ReaderAt
	apps []savedApp
}

// savedApp is where an app stands.
type savedApp struct {
	off     int64
	n       int
	wrapped bool // in a message
	path    string
	sha256  string
	status  fact.Status
	tracker bool
}

// Open reads through a saved report of the given size, checks it and notes
// where its apps are. Errors say what is wrong with it.
func Open(r io.ReaderAt, size int64) (*Saved, error) {
	if size > MaxSaved {
		return nil, fmt.Errorf("it has %d bytes; reports of up to %d are read", size, int64(MaxSaved))
	}
	s := &Saved{r: r}
	first, err := firstKey(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	switch first {
	case "start", "app", "summary":
		err = s.scanStream(size)
	default:
		err = s.scanDocument(size)
	}
	if err != nil {
		return nil, err
	}
	switch v := s.Start.Schema; {
	case v == event.Schema:
	case strings.HasPrefix(v, "telltale.report/"):
		return nil, fmt.Errorf("it is of version %s; this program reads %s: use the version that wrote it", clean(brief(v, 60)), event.Schema)
	default:
		return nil, fmt.Errorf("it does not name the schema %s: only reports written with --format json or ndjson can be read", event.Schema)
	}
	if s.Cut {
		s.Summary = s.count()
		s.Summary.Interrupted = true
	}
	return s, nil
}

// firstKey tells a document from a stream of messages.
func firstKey(r io.Reader) (string, error) {
	dec := json.NewDecoder(io.LimitReader(r, 1<<16))
	t, err := dec.Token()
	if t != json.Delim('{') {
		return "", fmt.Errorf("it is not a report: it is no JSON object (%w)", cmp.Or(err, errors.New("another value stands first")))
	}
	t, err = dec.Token()
	if key, ok := t.(string); ok {
		return key, nil
	}
	return "", fmt.Errorf("it is not a report: its first object is empty (%w)", cmp.Or(err, errors.New("no key")))
}

// boundedReader fails when more bytes are read than the next value may have.
type boundedReader struct {
	r    io.Reader
	left int64
}

var errSavedApp = fmt.Errorf("one app's result has more than %d bytes", maxSavedApp)

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errSavedApp
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// savedScanner walks over values and gives their bytes and places.
type savedScanner struct {
	dec *json.Decoder
	in  *boundedReader
}

func newSavedScanner(r io.ReaderAt, size int64) *savedScanner {
	in := &boundedReader{r: bufio.NewReader(io.NewSectionReader(r, 0, size)), left: maxSavedApp}
	return &savedScanner{json.NewDecoder(in), in}
}

func (s *savedScanner) token() (json.Token, error) {
	s.in.left = maxSavedApp
	return s.dec.Token()
}

func (s *savedScanner) value() (raw json.RawMessage, off int64, err error) {
	s.in.left = maxSavedApp
	if err := s.dec.Decode(&raw); err != nil {
		return nil, 0, err
	}
	if err := elements(raw); err != nil {
		return nil, 0, err
	}
	return raw, s.dec.InputOffset() - int64(len(raw)), nil
}

// elements checks how many objects and list elements a value has, before
// memory is spent on them.
func elements(raw []byte) error {
	n, inString := 0, false
	var lists []bool // whether what is open is a list
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '\\' && inString:
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			lists = append(lists, c == '[')
			n++
		case (c == '}' || c == ']') && len(lists) > 0:
			lists = lists[:len(lists)-1]
		case c == ',' && len(lists) > 0 && lists[len(lists)-1]:
			n++
		}
	}
	if n > maxSavedElements {
		return fmt.Errorf("one app's result has more than %d elements", maxSavedElements)
	}
	return nil
}

func (s *Saved) scanStream(size int64) error {
	in := newSavedScanner(s.r, size)
	s.Cut = true
	for {
		raw, off, err := in.value()
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && len(s.apps) > 0 {
			return nil
		}
		if err != nil {
			return notWhole(err)
		}
		var m struct {
			Start   *event.Start
			App     json.RawMessage
			Summary *event.Summary
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return fmt.Errorf("the message at byte %d is none of this schema: %w", off, err)
		}
		switch {
		case m.Start != nil && s.Start.Schema != "":
			return fmt.Errorf("a second stream starts at byte %d: split the file, or merge the reports with 'telltale report merge'", off)
		case m.Start != nil:
			s.Start = *m.Start
		case len(m.App) > 0 && string(m.App) != "null":
			if err := s.note(savedApp{off: off, n: len(raw), wrapped: true}, m.App); err != nil {
				return err
			}
		case m.Summary != nil:
			s.Summary, s.Cut = *m.Summary, false
		}
	}
}

func (s *Saved) scanDocument(size int64) error {
	in := newSavedScanner(s.r, size)
	if _, err := in.token(); err != nil {
		return notWhole(err)
	}
	whole := false
	for in.dec.More() {
		key, err := in.token()
		if err != nil {
			return notWhole(err)
		}
		if key == "apps" {
			if err := s.scanApps(in); err != nil {
				return err
			}
			continue
		}
		raw, _, err := in.value()
		if err != nil {
			return notWhole(err)
		}
		switch key {
		case "schema":
			err = json.Unmarshal(raw, &s.Start.Schema)
		case "tool":
			err = json.Unmarshal(raw, &s.Start.Tool)
		case "signatures":
			err = json.Unmarshal(raw, &s.Start.Signatures)
		case "policy":
			err = json.Unmarshal(raw, &s.Start.Policy)
		case "options":
			err = json.Unmarshal(raw, &s.Start.Options)
		case "summary":
			err = json.Unmarshal(raw, &s.Summary)
			whole = true
		}
		if err != nil {
			return fmt.Errorf("its %q is none of this schema: %w", key, err)
		}
	}
	if _, err := in.token(); err != nil {
		return notWhole(err)
	}
	if !whole && s.Start.Schema == event.Schema {
		return errors.New("it has no summary: the file is not whole")
	}
	return nil
}

func (s *Saved) scanApps(in *savedScanner) error {
	t, err := in.token()
	if err != nil {
		return notWhole(err)
	}
	if t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return errors.New("its \"apps\" are no list")
	}
	for in.dec.More() {
		raw, off, err := in.value()
		if err != nil {
			return notWhole(err)
		}
		if err := s.note(savedApp{off: off, n: len(raw)}, raw); err != nil {
			return err
		}
	}
	if _, err = in.token(); err != nil {
		return notWhole(err)
	}
	return nil
}

// note checks an app and remembers where it stands.
func (s *Saved) note(p savedApp, raw []byte) error {
	if len(s.apps) == maxSavedApps {
		return fmt.Errorf("it has more than %d apps", maxSavedApps)
	}
	var a event.App
	if raw[0] != '{' {
		return fmt.Errorf("app %d is none of this schema: it is no object", len(s.apps)+1)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("app %d is none of this schema: %w", len(s.apps)+1, err)
	}
	p.path, p.sha256, p.status = strings.Clone(a.Path), strings.Clone(a.SHA256), fact.Status(strings.Clone(string(a.Status)))
	for i := range a.SDKs {
		p.tracker = p.tracker || a.SDKs[i].Tracker && a.SDKs[i].State != finding.Referenced
	}
	s.apps = append(s.apps, p)
	return nil
}

func notWhole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle: the file is not whole")
	}
	return fmt.Errorf("it is not a report: %w", err)
}

// DecodeApp reads one app's result that stands by itself, within the limits of
// one in a report.
func DecodeApp(raw []byte) (*event.App, error) {
	if len(raw) > maxSavedApp {
		return nil, errSavedApp
	}
	if err := elements(raw); err != nil {
		return nil, err
	}
	a := new(event.App)
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, err
	}
	return a, nil
}

// app reads one app again.
func (s *Saved) app(p savedApp) (*event.App, error) {
	raw := make([]byte, p.n)
	if _, err := io.ReadFull(io.NewSectionReader(s.r, p.off, int64(p.n)), raw); err != nil {
		return nil, err
	}
	var m event.Message
	var err error
	if p.wrapped {
		err = json.Unmarshal(raw, &m)
	} else {
		err = json.Unmarshal(raw, &m.App)
	}
	if err != nil || m.App == nil {
		return nil, fmt.Errorf("the file changed while it was read (%w)", cmp.Or(err, errors.New("no app there")))
	}
	return m.App, nil
}

// count makes the summary of what is there.
func (s *Saved) count() event.Summary {
	sum := event.Summary{ByStatus: map[string]int{}, Skipped: map[string]int{}, ExitReasons: []event.ExitReason{}}
	for _, p := range s.apps {
		countApp(&sum, p)
	}
	return sum
}

// Replay hands the report to a handler as the run that wrote it did.
func (s *Saved) Replay(h func(*event.Message) error) error {
	if err := h(&event.Message{Start: &s.Start}); err != nil {
		return err
	}
	for _, p := range s.apps {
		a, err := s.app(p)
		if err != nil {
			return err
		}
		if err := h(&event.Message{App: a}); err != nil {
			return err
		}
	}
	return h(&event.Message{Summary: &s.Summary})
}

// Merge hands several reports to a handler as one, apps in the order of their
// paths. An app that stands in several of them with the same path and digest
// is told once, as the first report has it. All must be made by the same
// version with the same rules: else a finding that one has and another lacks
// would say nothing. Reasons for an exit code about the number of apps
// (code 3 and 4) are dropped; reasons says them of the whole, and is told
// whether one of the reports was strict about what could not be read.
func Merge(reports []*Saved, reasons func(sum *event.Summary, strict bool) []event.ExitReason, h func(*event.Message) error) error {
	if len(reports) == 0 {
		return errors.New("there is no report to merge")
	}
	type from struct {
		savedApp
		s *Saved
	}
	start := reports[0].Start
	sum := event.Summary{ByStatus: map[string]int{}, Skipped: map[string]int{}, ExitReasons: []event.ExitReason{}}
	var apps []from
	strict := false
	for i, s := range reports {
		if s.Start.Signatures.Digest != start.Signatures.Digest || s.Start.Signatures.Profiles != start.Signatures.Profiles || s.Start.Tool != start.Tool {
			return fmt.Errorf("report %d was made by %s %s with rules %s, the first by %s %s with rules %s: scan again with one of them", i+1,
				clean(s.Start.Tool.Name), clean(s.Start.Tool.Version), clean(rulesText(&s.Start.Signatures)),
				clean(start.Tool.Name), clean(start.Tool.Version), clean(rulesText(&start.Signatures)))
		}
		if !maps.Equal(s.Start.Options, start.Options) {
			start.Options = nil // of no report of both could they be said
		}
		for _, p := range s.apps {
			apps = append(apps, from{p, s})
		}
		for k, n := range s.Summary.Skipped {
			if !slices.ContainsFunc(reports[:i], func(o *Saved) bool { return sameRun(o, s) }) {
				sum.Skipped[k] += n
			}
		}
		for _, r := range s.Summary.ExitReasons {
			switch {
			case r.Code == 3:
				strict = true
			case r.Code != 4 && !slices.Contains(sum.ExitReasons, r):
				sum.ExitReasons = append(sum.ExitReasons, r)
			}
		}
		sum.Interrupted = sum.Interrupted || s.Summary.Interrupted
	}
	slices.SortStableFunc(apps, func(x, y from) int {
		return cmp.Or(cmp.Compare(x.path, y.path), cmp.Compare(x.sha256, y.sha256))
	})
	apps = slices.CompactFunc(apps, func(x, y from) bool {
		return x.path == y.path && x.sha256 == y.sha256 && x.sha256 != ""
	})
	if err := h(&event.Message{Start: &start}); err != nil {
		return err
	}
	for _, p := range apps {
		a, err := p.s.app(p.savedApp)
		if err != nil {
			return err
		}
		if err := h(&event.Message{App: a}); err != nil {
			return err
		}
		countApp(&sum, p.savedApp)
	}
	sum.ExitReasons = append(sum.ExitReasons, reasons(&sum, strict)...)
	return h(&event.Message{Summary: &sum})
}

// sameRun reports whether two reports tell of the same files: their apps are
// the same, and what they skipped. One that is given twice adds nothing. Reports
// without an app are taken for different ones.
func sameRun(x, y *Saved) bool {
	return len(x.apps) > 0 && maps.Equal(x.Summary.Skipped, y.Summary.Skipped) &&
		slices.EqualFunc(x.apps, y.apps, func(p, q savedApp) bool { return p.path == q.path && p.sha256 == q.sha256 && p.status == q.status })
}

func countApp(sum *event.Summary, p savedApp) {
	sum.Apps++
	sum.ByStatus[string(p.status)]++
	if p.tracker {
		sum.WithTracker++
	}
}
