package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// syncEvery is how often a stream of results is forced to the disk. A run that
// is killed loses nothing that was written; a machine that loses its power may
// lose the results since then, and they are got again when the run is resumed.
const syncEvery = 5 * time.Second

// ledger is an NDJSON file that a run writes its results to as they come, and
// that a later run goes on with: what it holds is not looked at again.
type ledger struct {
	f      *os.File
	name   string
	start  event.Start
	held   []heldApp
	end    int64 // what lies behind is no result: half a line, or an old summary
	wrote  time.Time
	synced time.Time
}

// heldApp is a result that the file holds.
type heldApp struct {
	off, size int64 // of the line, with its end
	path      string
	parts     []event.Part
	unread    bool // the operating system refused to read something
	stale     bool // the files have changed since
}

// openLedger reads what a file holds. start is that of the run that goes on:
// results of other rules or another version do not go together with its own.
func openLedger(name string, start event.Start) (*ledger, error) {
	fail := func(err error) (*ledger, error) {
		return nil, &exitError{exitUsage, fmt.Sprintf("--resume %s: %s", name, errText(err))}
	}
	if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
		return fail(errors.New("is not a regular file"))
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fail(err)
	}
	if err := lockLedger(f, name); err != nil {
		f.Close()
		return fail(err)
	}
	l := &ledger{f: f, name: name, start: start}
	if st, err := f.Stat(); err == nil {
		l.wrote = st.ModTime()
	}
	if err := l.read(); err != nil {
		f.Close()
		return fail(err)
	}
	return l, nil
}

// lockLedger makes sure that no other run writes to the file. The lock ends
// with the file or the process, so a killed run leaves none behind.
func lockLedger(f *os.File, name string) error {
	busy, err := lock(f)
	if err != nil {
		return fmt.Errorf("it cannot be locked: %s", errText(err))
	}
	if !busy {
		// Another run may have put a new file in its place meanwhile.
		a, err := f.Stat()
		if err != nil {
			return err
		}
		b, err := os.Stat(name)
		busy = err != nil || !os.SameFile(a, b)
	}
	if busy {
		return errors.New("another run writes to it: wait for its end, or take another file")
	}
	return nil
}

var errNotOurs = errors.New("it does not begin as results of telltale do: take another file")

// read finds the lines of the file.
func (l *ledger) read() error {
	r := bufio.NewReaderSize(l.f, 1<<20)
	ended := false
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			// A last line without an end is what a run wrote when it was killed.
			if begin := []byte(`{"start":`); n == 1 && !bytes.HasPrefix(line, begin) && !bytes.HasPrefix(begin, line) {
				return errNotOurs
			}
			return nil
		}
		if err != nil {
			return err
		}
		var m struct {
			Start *event.Start
			App   *struct {
				Path     string
				Parts    []event.Part
				Problems []fact.Problem
			}
			Summary *struct{}
		}
		if err := json.Unmarshal(line, &m); err != nil {
			if n == 1 {
				return errNotOurs
			}
			return fmt.Errorf("line %d is damaged: take another file", n)
		}
		switch {
		case ended:
			// Somebody put files together; to go on would cut off the rest.
			return fmt.Errorf("line %d comes after the end of a run: take another file ('telltale report merge' puts runs together)", n)
		case m.Start != nil && n == 1:
			s := m.Start
			if s.Schema != l.start.Schema || s.Tool.Version != l.start.Tool.Version || s.Signatures.Digest != l.start.Signatures.Digest {
				return fmt.Errorf("it was begun by telltale %s with rules %s, and this is %s with %s: take another file",
					s.Tool.Version, s.Signatures.Digest, l.start.Tool.Version, l.start.Signatures.Digest)
			}
			if !maps.Equal(s.Options, l.start.Options) {
				return fmt.Errorf("it was begun %s, and this run is %s: its results would be others; resume it as it was begun, or take another file", withOptions(s.Options), withOptions(l.start.Options))
			}
			if !samePolicy(s.Policy, l.start.Policy) {
				return fmt.Errorf("it was begun with another policy, baseline or --fail-on: take another file, or resume it as it was begun and judge it then: telltale policy check POLICY %s", l.name)
			}
		case n == 1:
			return errNotOurs
		case m.App != nil:
			l.held = append(l.held, heldApp{off: l.end, size: int64(len(line)), path: m.App.Path, parts: m.App.Parts, unread: slices.ContainsFunc(m.App.Problems, unread)})
		case m.Summary != nil:
			ended = true // a new one comes at the end
			continue
		default:
			return fmt.Errorf("line %d is no result: take another file", n)
		}
		l.end += int64(len(line))
	}
}

// withOptions says how a run was called, as far as its results depend on it.
func withOptions(o map[string]string) string {
	if len(o) == 0 {
		return "without options that change results"
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if o[k] == "true" {
			out = append(out, "--"+k)
		} else {
			out = append(out, "--"+k+" "+o[k])
		}
	}
	return "with " + strings.Join(out, " ")
}

// plan removes from found what the file holds, and from the file what has
// changed since.
func (l *ledger) plan(found *scan.Found) error {
	byPath := map[string][]int{}
	for i := range l.held {
		byPath[l.held[i].path] = append(byPath[l.held[i].path], i)
	}
	stale := false
	found.Keep(func(in *scan.Input) bool {
		list := byPath[in.Path]
		if len(list) == 0 {
			return true
		}
		h := &l.held[list[0]]
		byPath[in.Path] = list[1:]
		if h.stale = l.changed(h, in); h.stale {
			stale = true
		}
		return h.stale
	})
	if stale {
		return l.rewrite()
	}
	if err := l.f.Truncate(l.end); err != nil {
		return err
	}
	_, err := l.f.Seek(l.end, io.SeekStart)
	return err
}

// changed reports whether files are not those that a result is about. A file
// whose size is the same and that is older than the results is taken for
// unchanged; the digest of others is compared.
func (l *ledger) changed(h *heldApp, in *scan.Input) bool {
	if h.unread && !slices.ContainsFunc(in.Files, func(f scan.InputFile) bool { return !readable(f.File) }) {
		return true // it was no fault of the app's, and may be over
	}
	if len(h.parts) == 0 {
		return false // it could not be looked at; the result says why
	}
	parts := map[string]event.Part{}
	for _, p := range h.parts {
		if !strings.HasPrefix(p.Path, h.path+"!") { // in a container
			parts[p.Path] = p
		}
	}
	if len(parts) != len(in.Files) {
		return true
	}
	for _, f := range in.Files {
		p, ok := parts[f.Path]
		if !ok || p.Size != f.Size {
			return true
		}
		if f.Modified.Before(l.wrote) || p.SHA256 == "" {
			continue
		}
		if d, err := digestFile(f.File); err != nil || d != p.SHA256 {
			return true
		}
	}
	return false
}

// unread reports whether a problem is the machine's and not the app's.
func unread(p fact.Problem) bool { return p.Kind == fact.ProblemUnreadable }

// readable reports whether a file can be opened. What is no file is not: a pipe
// would have us wait.
func readable(name string) bool {
	if st, err := os.Stat(name); err != nil || !st.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func digestFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// rewrite leaves stale results out. The old file stays until the new one is
// whole.
func (l *ledger) rewrite() error {
	out, err := createAtomic(l.name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	var kept []heldApp
	begin := l.end
	if len(l.held) > 0 {
		begin = l.held[0].off
	}
	_, err = io.Copy(w, io.NewSectionReader(l.f, 0, begin))
	off := begin
	for _, h := range l.held {
		if h.stale || err != nil {
			continue
		}
		_, err = io.Copy(w, io.NewSectionReader(l.f, h.off, h.size))
		h.off = off
		off += h.size
		kept = append(kept, h)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		out.discard()
		return err
	}
	if !replacesOpen {
		l.f.Close() // and its lock ends; who takes it now is found below
	}
	if err := out.commit(); err != nil {
		return err
	}
	old := l.f
	defer old.Close() // with its lock, once the new one has ours
	l.held, l.end = kept, off
	if l.f, err = os.OpenFile(l.name, os.O_RDWR, 0); err != nil {
		return err
	}
	if err := lockLedger(l.f, l.name); err != nil {
		return err
	}
	_, err = l.f.Seek(off, io.SeekStart)
	return err
}

// replay tells each result that the file holds.
func (l *ledger) replay(tell func(*event.App) error) error {
	for _, h := range l.held {
		line := make([]byte, h.size)
		if _, err := l.f.ReadAt(line, h.off); err != nil {
			return err
		}
		var m event.Message
		if err := json.Unmarshal(bytes.TrimSpace(line), &m); err != nil || m.App == nil {
			return fmt.Errorf("the result of %s in %s is damaged", h.path, l.name)
		}
		if err := tell(m.App); err != nil {
			return err
		}
	}
	return nil
}

// Write adds a line, and has it brought to the disk now and then.
func (l *ledger) Write(b []byte) (int, error) {
	n, err := l.f.Write(b)
	if err == nil && time.Since(l.synced) > syncEvery {
		l.synced = time.Now()
		err = l.f.Sync()
	}
	return n, err
}

// Close ends the file. What it holds stays.
func (l *ledger) Close() error {
	return errors.Join(l.f.Sync(), l.f.Close())
}
