package scan

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// candidate is a file that was found and may be an app or a part of one.
type candidate struct {
	Path     string // as reached from the argument, slash-separated: what reports show
	File     string // what the operating system is asked to open
	Size     int64
	Modified time.Time
	Explicit bool // named as an argument: it always gives a result
	Kind     apk.Kind
	Err      error // it could not be opened
}

// found is what the arguments led to.
type found struct {
	Files   []candidate
	Skipped map[string]int // files in folders that are no input, by kind
	added   int            // arguments and lines of lists
}

// kindFrozen is a file of frozen facts.
const kindFrozen apk.Kind = "facts"

// headSize is how much of a file is read to tell its kind.
const headSize = 512

// maxListLine bounds a line of a list file.
const maxListLine = 64 << 10

// discover resolves arguments: files, folders (recursively), "@list" files that
// name one path a line, and "-" for such a list on standard input. Symbolic
// links to files are followed, links to folders inside a folder are not, so
// that loops cannot trap a scan. Devices and pipes are never opened. An argument
// that does not exist is an error; a line of a list that names nothing is a
// result that says so. What is reached more than once is found once.
func discover(ctx context.Context, args []string, stdin io.Reader) (*found, error) {
	f := &found{Skipped: map[string]int{}}
	for _, a := range args {
		switch {
		case a == "-":
			if err := f.list(ctx, stdin, "standard input"); err != nil {
				return nil, err
			}
		case strings.HasPrefix(a, "@"):
			r, err := os.Open(a[1:])
			if err != nil {
				return nil, fmt.Errorf("list %s cannot be read: %w", a[1:], reason(err))
			}
			err = f.list(ctx, r, a[1:])
			r.Close()
			if err != nil {
				return nil, err
			}
		default:
			if err := f.arg(ctx, a, false); err != nil {
				return nil, err
			}
		}
	}
	f.once()
	return f, nil
}

// once removes files that were reached before, by another argument or line: one
// app is one result, and a base that is found twice is not two bases.
func (f *found) once() {
	if f.added < 2 {
		return // a folder holds each file once
	}
	seen := map[string]int{}
	kept := f.Files[:0]
	for _, c := range f.Files {
		name := filepath.Clean(c.File)
		if i, ok := seen[name]; ok {
			// Who names a file wants a result, also if a folder led to it first.
			kept[i].Explicit = kept[i].Explicit || c.Explicit
			continue
		}
		seen[name] = len(kept)
		kept = append(kept, c)
	}
	f.Files = kept
}

// list adds every path that r names, one a line. It ends with ctx also while
// it waits for a line: whoever types the list may want to stop.
func (f *found) list(ctx context.Context, r io.Reader, name string) error {
	lines := make(chan string)
	failed := make(chan error, 1)
	go func() {
		defer close(lines)
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, maxListLine)
		for sc.Scan() {
			select {
			case lines <- strings.TrimSuffix(sc.Text(), "\r"):
			case <-ctx.Done():
				return
			}
		}
		failed <- sc.Err()
	}()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				if err := <-failed; err != nil {
					return fmt.Errorf("list %s cannot be read: %w", name, reason(err))
				}
				return nil
			}
			if line == "" {
				continue
			}
			if err := f.arg(ctx, line, true); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// arg adds what one path leads to.
func (f *found) arg(ctx context.Context, a string, listed bool) error {
	f.added++
	shown := display(filepath.ToSlash(a))
	st, err := os.Stat(a)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && !listed {
			if strings.ContainsFunc(shown, func(r rune) bool { return !strconv.IsPrint(r) }) {
				shown = strconv.Quote(shown)
			}
			return fmt.Errorf("%s does not exist", shown)
		}
		f.Files = append(f.Files, candidate{Path: shown, File: a, Explicit: true, Err: reason(err)})
		return nil
	}
	if !st.IsDir() {
		f.Files = append(f.Files, f.look(display(filepath.ToSlash(filepath.Clean(a))), a, st, true))
		return nil
	}
	root := filepath.Clean(a)
	var files []candidate
	// With the separator a folder that is named by a link is followed.
	err = filepath.WalkDir(root+string(filepath.Separator), func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return fs.SkipAll
		}
		path := display(filepath.ToSlash(p))
		unreadable := func(err error) {
			files = append(files, candidate{Path: path, File: p, Err: reason(err)})
		}
		if err != nil {
			unreadable(err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		st, err := d.Info()
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			st, err = os.Stat(p)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
				f.Skipped["dangling link"]++
				return nil
			}
			if err == nil && st.IsDir() {
				f.Skipped["link to a folder"]++
				return nil
			}
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has just been removed
		case err != nil:
			unreadable(err)
		case !st.Mode().IsRegular():
			f.Skipped[special(st.Mode())]++
		default:
			c := f.look(path, p, st, false)
			if !canBeInput(&c) {
				// Counted at once: a folder may hold a million of them.
				f.skip(&c, "")
				return nil
			}
			files = append(files, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, func(x, y candidate) int { return strings.Compare(x.Path, y.Path) })
	f.Files = append(f.Files, files...)
	return nil
}

// look tells a file's kind by its first bytes.
func (f *found) look(path, file string, st fs.FileInfo, explicit bool) candidate {
	c := candidate{Path: path, File: file, Size: st.Size(), Explicit: explicit}
	if !st.Mode().IsRegular() {
		c.Err = errNotRegular
		return c
	}
	r, st, err := openRegular(file)
	if err != nil {
		c.Err = err
		return c
	}
	defer r.Close()
	c.Size, c.Modified = st.Size(), st.ModTime()
	head := make([]byte, min(headSize, c.Size))
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		c.Err = reason(err)
		return c
	}
	c.Kind = apk.Sniff(head[:n])
	if fact.IsFrozen(head[:n]) {
		c.Kind = kindFrozen
	}
	return c
}

// special names what is no file.
func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// display makes a path fit for reports, which are UTF-8: bytes that are not
// become \xNN, so that different paths stay different.
func display(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, path[i])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String()
}

// reason takes the path out of an error of package os: the report names it
// already, and absolute paths have no place there.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
