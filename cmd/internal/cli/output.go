package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
)

// atomicFile is written beside its destination and takes its place only when
// it is whole: an earlier report is never left half overwritten.
type atomicFile struct {
	*os.File
	dest string
}

func createAtomic(dest string) (*atomicFile, error) {
	f, err := os.CreateTemp(filepath.Dir(dest), "."+filepath.Base(dest)+".*")
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", dest, errors.Unwrap(err))
	}
	return &atomicFile{f, dest}, nil
}

// commit puts the file in place.
func (f *atomicFile) commit() error {
	err := f.Sync()
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), f.dest)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("%s cannot be written: %w", f.dest, err)
	}
	return nil
}

// discard removes what was written.
func (f *atomicFile) discard() {
	f.File.Close()
	os.Remove(f.Name())
}

// outputs fans one stream out to a handler for each format.
type outputs struct {
	handlers []event.Handler
	files    []*atomicFile
}

// openOutputs pairs --format with --output. One format without --output goes
// to stdout; "--output FILE" takes the one format, "--output FORMAT=FILE" names it.
func openOutputs(formats, files []string, stdout io.Writer, o report.Options) (*outputs, error) {
	if len(formats) == 0 {
		formats = []string{"text"}
	}
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
	for _, f := range slices.Compact(formats) {
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

func (o *outputs) handle(m *event.Message) error {
	for _, h := range o.handlers {
		if err := h.Handle(m); err != nil {
			return err
		}
	}
	return nil
}

// close finishes all reports and puts the files in place.
func (o *outputs) close() error {
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
