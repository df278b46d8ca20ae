package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// ErrNothing says that an argument led to no app.
var ErrNothing = errors.New("there is no app")

// Facts reads the facts of the one app that path leads to and hands them to
// use while its files are open.
func Facts(ctx context.Context, path string, o Options, use func(*fact.Set) error) error {
	o.Jobs, o.Runner, o.digests = 1, newInProcess(), true
	f, err := discover(ctx, []string{path}, strings.NewReader(""))
	if err != nil {
		return err
	}
	inputs := f.group(ctx, o)
	switch len(inputs) {
	case 0:
		return fmt.Errorf("%w at %s", ErrNothing, path)
	case 1:
	default:
		return fmt.Errorf("%s holds %d apps: name one of them", path, len(inputs))
	}
	src, files, err := open(inputs[0])
	defer files.close()
	if err != nil {
		return err
	}
	// Facts are read late, so that using them counts, too.
	_, err = within(ctx, o.MaxTime, newInProcess().patience, func(ctx context.Context) (struct{}, error) {
		set, err := facts(ctx, src, o)
		if err == nil {
			err = use(set)
		}
		if err == nil {
			err = ctx.Err() // whatever was read late may be incomplete
		}
		return struct{}{}, cmp.Or(contextCause(ctx, err), err)
	})
	if err != nil {
		return fmt.Errorf("%s: %s", path, problemOf(err, o).Detail)
	}
	return nil
}

// contextCause is why ctx ended, if err is about that.
func contextCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// opened is the files of an input, while they are read.
type opened struct {
	paths []string
	files []*os.File
	infos []os.FileInfo
}

func (o *opened) close() {
	for _, f := range o.files {
		f.Close()
	}
}

// changed says which files are not what they were when they were opened.
func (o *opened) changed() []fact.Problem {
	var out []fact.Problem
	for i, f := range o.files {
		was := o.infos[i]
		if st, err := f.Stat(); err != nil || st.Size() != was.Size() || !st.ModTime().Equal(was.ModTime()) {
			out = append(out, changed(o.paths[i]))
		}
	}
	return out
}

// open opens the files of an input. Those that were opened are in the result,
// also if there is an error.
func open(in input) (src extract.Source, o *opened, err error) {
	o = &opened{}
	for _, c := range in.Parts {
		if c.Err != nil {
			return src, o, c.Err
		}
		f, st, err := openRegular(c.File)
		if err != nil {
			return src, o, err
		}
		o.files, o.infos, o.paths = append(o.files, f), append(o.infos, st), append(o.paths, c.Path)
		src.Parts = append(src.Parts, extract.Part{Path: c.Path, Role: c.Role, Split: c.Split, Size: st.Size(), R: f})
	}
	return src, o, nil
}

// openRegular opens a regular file to be read. To open a pipe would wait for its
// writer, and to read a device may do anything: neither is opened, even if it
// takes a file's place at the last moment. The error names no path.
func openRegular(file string) (*os.File, os.FileInfo, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, reason(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, nil, reason(err)
	}
	return f, st, nil
}

var errNotRegular = errors.New("is not a regular file")
