package scan

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// EachFacts reads the facts of every app that the arguments lead to, live or
// frozen, and hands them to use while the app's files are open, one after
// another in the order of a scan. What cannot be read is told to skip, and the
// rest goes on. The error is about the arguments, of ctx or from use.
func EachFacts(ctx context.Context, args []string, stdin io.Reader, o Options, skip func(path string, err error), use func(path string, set *fact.Set) error) error {
	o.Jobs, o.Runner = 1, newInProcess()
	f, err := discover(ctx, args, stdin)
	if err != nil {
		return err
	}
	for _, in := range f.group(ctx, o) {
		path := in.Parts[0].Path
		var used error
		err := func() error {
			src, files, err := open(in)
			defer files.close()
			if err != nil {
				return err
			}
			// Facts are read late, so that using them counts, too.
			_, err = within(ctx, o.MaxTime, newInProcess().patience, func(ctx context.Context) (struct{}, error) {
				set, err := facts(ctx, src, o)
				if err == nil {
					if used = use(path, set); used != nil {
						return struct{}{}, nil
					}
					err = ctx.Err() // whatever was read late may be incomplete
				}
				return struct{}{}, cmp.Or(contextCause(ctx, err), err)
			})
			return err
		}()
		switch {
		case used != nil:
			return used
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			skip(path, fmt.Errorf("%s: %s", path, problemOf(err, o).Detail))
		}
	}
	return nil
}
