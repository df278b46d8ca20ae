package scan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// ErrNothing says that an argument led to no app.
var ErrNothing = errors.New("there is no app")

// Facts reads the facts of the one app that path leads to and hands them to
// use while its files are open.
func Facts(ctx context.Context, path string, o Options, use func(*fact.Set) error) error {
	f, err := discover([]string{path}, strings.NewReader(""))
	if err != nil {
		return err
	}
	inputs := f.group(ctx, 1, o.Limits)
	switch len(inputs) {
	case 0:
		return fmt.Errorf("%w at %s", ErrNothing, path)
	case 1:
	default:
		return fmt.Errorf("%s holds %d apps: name one of them", path, len(inputs))
	}
	src, closeAll, err := open(inputs[0])
	defer closeAll()
	if err != nil {
		return err
	}
	set, err := facts(ctx, src, o)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return use(set)
}

// open opens the files of an input. The returned function closes them and is
// never nil.
func open(in input) (src extract.Source, closeAll func(), err error) {
	var files []*os.File
	closeAll = func() {
		for _, f := range files {
			f.Close()
		}
	}
	for _, c := range in.Parts {
		if c.Err != nil {
			return src, closeAll, c.Err
		}
		f, err := os.Open(c.File)
		if err != nil {
			return src, closeAll, reason(err)
		}
		files = append(files, f)
		src.Parts = append(src.Parts, extract.Part{Path: c.Path, Role: c.Role, Split: c.Split, Size: c.Size, R: f})
	}
	return src, closeAll, nil
}
