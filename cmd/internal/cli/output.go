package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
)

// atomicFile is written beside its destination and takes its place only when
// it is whole: an earlier report is never left half overwritten. A destination
// that is no file (a pipe, a device) is written to as it is.
type atomicFile struct {
	*os.File
	dest   string
	mode   os.FileMode // of the file that is replaced, 0 if there is none
	direct bool
}

func createAtomic(dest string) (*atomicFile, error) {
	fail := func(err error) (*atomicFile, error) {
		return nil, fmt.Errorf("%s cannot be written: %s", dest, errText(err))
	}
	// What a link leads to is replaced, not the link.
	target := dest
	if p, err := filepath.EvalSymlinks(dest); err == nil {
		target = p
	}
	out := &atomicFile{dest: target}
	if st, err := os.Stat(target); err == nil {
		switch {
		case st.IsDir():
			return fail(errors.New("it is a folder"))
		case !st.Mode().IsRegular():
			f, err := os.OpenFile(target, os.O_WRONLY, 0)
			if err != nil {
				return fail(err)
			}
			out.File, out.direct = f, true
			return out, nil
		}
		out.mode = st.Mode().Perm()
	}
	for n := 0; ; n++ {
		name := filepath.Join(filepath.Dir(target), fmt.Sprintf(".%s.%d.%d", filepath.Base(target), os.Getpid(), n))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return fail(err)
		}
		out.File = f
		return out, nil
	}
}

// commit puts the file in place.
func (f *atomicFile) commit() error {
	var err error
	if !f.direct {
		err = f.Sync()
	}
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	if f.direct {
		return err
	}
	if err == nil && f.mode != 0 {
		err = os.Chmod(f.Name(), f.mode)
	}
	if err == nil {
		err = os.Rename(f.Name(), f.dest)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("%s cannot be written: %s", f.dest, errText(err))
	}
	return nil
}

// discard removes what was written.
func (f *atomicFile) discard() {
	f.File.Close()
	if !f.direct {
		os.Remove(f.Name())
	}
}

// outputs fans one stream out to a handler for each format.
type outputs struct {
	handlers []event.Handler
	files    []*atomicFile
	stats    *stats.Stats
}

// openOutputs pairs --format with --output. One format without --output goes
// to stdout; "--output FILE" takes the one format, "--output FORMAT=FILE" names it.
func openOutputs(formats, files []string, stdout io.Writer, o report.Options) (*outputs, error) {
	if len(formats) == 0 {
		formats = []string{"text"}
	}
	formats = distinct(formats)
	dest := map[string]string{}
	for _, f := range files {
		name, path, ok := strings.Cut(f, "=")
		if !ok || !slices.Contains(report.Formats, name) {
			if len(formats) > 1 {
				return nil, usagef("--output %s: with several formats write --output FORMAT=FILE", f)
			}
			name, path = formats[0], f
		}
		if !slices.Contains(formats, name) {
			formats = append(formats, name)
		}
		if path == "" || dest[name] != "" {
			return nil, usagef("--output %s: name one file for format %s", f, name)
		}
		dest[name] = path
	}
	out := &outputs{}
	toStdout := ""
	for _, f := range formats {
		w := stdout
		opt := o
		if d := dest[f]; d != "" {
			file, err := createAtomic(d)
			if err != nil {
				out.abandon()
				return nil, &exitError{exitUsage, err.Error()}
			}
			out.files = append(out.files, file)
			w, opt.Color = file, false
		} else if toStdout != "" {
			out.abandon()
			return nil, usagef("formats %s and %s would both go to standard output: give one of them --output FORMAT=FILE", toStdout, f)
		} else {
			toStdout = f
		}
		h, err := report.New(f, w, opt)
		if err != nil {
			out.abandon()
			return nil, usagef("--format: %v", err)
		}
		out.handlers = append(out.handlers, h)
	}
	return out, nil
}

// distinct returns what a list holds, each once, in the order in which it comes.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (o *outputs) handle(m *event.Message) error {
	defer o.stats.Begin(stats.Report).End(0)
	for _, h := range o.handlers {
		if err := h.Handle(m); err != nil {
			return err
		}
	}
	return nil
}

// close finishes all reports and puts the files in place.
func (o *outputs) close() error {
	defer o.stats.Begin(stats.Report).End(0)
	var errs []error
	for _, h := range o.handlers {
		errs = append(errs, h.Close())
	}
	if err := errors.Join(errs...); err != nil {
		o.abandon()
		return err
	}
	for i, f := range o.files {
		if err := f.commit(); err != nil {
			o.files = o.files[i+1:]
			o.abandon()
			return err
		}
	}
	return nil
}

// abandon removes unfinished files.
func (o *outputs) abandon() {
	for _, f := range o.files {
		f.discard()
	}
	o.files = nil
}
