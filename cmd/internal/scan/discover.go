package scan

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// candidate is a file that was found and may be an app or a part of one.
type candidate struct {
	Path     string // as reached from the argument, slash-separated: what reports show
	File     string // what the operating system is asked to open
	Size     int64
	Explicit bool // named as an argument: it always gives a result
	Kind     apk.Kind
	Err      error // it could not be opened
}

// found is what the arguments led to.
type found struct {
	Files   []candidate
	Skipped map[string]int // files in folders that are no input, by kind
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
// that loops cannot trap a scan. Devices and pipes are never opened.
func discover(args []string, stdin io.Reader) (*found, error) {
	f := &found{Skipped: map[string]int{}}
	for _, a := range args {
		switch {
		case a == "-":
			if err := f.list(stdin, "standard input"); err != nil {
				return nil, err
			}
		case strings.HasPrefix(a, "@"):
			r, err := os.Open(a[1:])
			if err != nil {
				return nil, fmt.Errorf("list %s cannot be read: %w", a[1:], reason(err))
			}
			err = f.list(r, a[1:])
			r.Close()
			if err != nil {
				return nil, err
			}
		default:
			if err := f.arg(a); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// list adds every path that r names, one a line.
func (f *found) list(r io.Reader, name string) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxListLine)
	for sc.Scan() {
		line := strings.TrimSuffix(sc.Text(), "\r")
		if line == "" {
			continue
		}
		if err := f.arg(line); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("list %s cannot be read: %w", name, err)
	}
	return nil
}

func (f *found) arg(a string) error {
	st, err := os.Stat(a)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not exist", a)
		}
		f.Files = append(f.Files, candidate{Path: filepath.ToSlash(a), File: a, Explicit: true, Err: reason(err)})
		return nil
	}
	if !st.IsDir() {
		f.Files = append(f.Files, f.look(filepath.ToSlash(filepath.Clean(a)), a, st, true))
		return nil
	}
	root := filepath.Clean(a)
	var files []candidate
	// With the separator a folder that is named by a link is followed.
	err = filepath.WalkDir(root+string(filepath.Separator), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			files = append(files, candidate{Path: filepath.ToSlash(p), File: p, Err: reason(err)})
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
			if err == nil && st.IsDir() {
				f.Skipped["link to a folder"]++
				return nil
			}
			if errors.Is(err, fs.ErrNotExist) {
				f.Skipped["dangling link"]++
				return nil
			}
		}
		if err != nil {
			files = append(files, candidate{Path: filepath.ToSlash(p), File: p, Err: reason(err)})
			return nil
		}
		c := f.look(filepath.ToSlash(p), p, st, false)
		files = append(files, c)
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
		c.Err = errors.New("is not a regular file")
		return c
	}
	r, err := os.Open(file)
	if err != nil {
		c.Err = reason(err)
		return c
	}
	defer r.Close()
	head := make([]byte, min(headSize, st.Size()))
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

// reason takes the path out of an error of package os: the report names it
// already, and absolute paths have no place there.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
