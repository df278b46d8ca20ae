package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/hugepages"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
)

// costFlags tell what a run costs.
func costFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "stats", Usage: "write to standard error what each stage of the run cost"},
		&cli.StringSliceFlag{Name: "profile", Usage: "write a profile for 'go tool pprof' or 'go tool trace' to a file: `cpu=FILE`, mem=FILE or trace=FILE (may be repeated; not of processes of --isolate)"},
	}
}

// counted lets a command's action be profiled and its stages counted.
func (e *env) counted(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) (err error) {
		end, err := startProfiles(c)
		if err != nil {
			return err
		}
		defer func() {
			if perr := end(); err == nil && perr != nil {
				err = perr
			}
		}()
		if c.Bool("stats") {
			e.stats = stats.New()
			defer func() {
				e.stats.Write(e.stderr)
				if e.cached != nil {
					hits, misses := e.cached()
					fmt.Fprintf(e.stderr, "cache: %d hits, %d misses\n", hits, misses)
				}
			}()
		}
		return action(c)
	}
}

const (
	roomOfApp = 192 << 20 // what a large app takes while it is read
	kept      = 256 << 20 // for each of up to four jobs: not given back between one app and the next
)

// smallHeap lets memory grow to some times what is in use before it is collected.
// With hardly anything in use that is never, and saves a small run a third of its
// time; to ask for huge pages would take collections, too. Where large apps come, or
// many, growHeap does that, and pace takes over. Who sets GOGC is not overruled.
func (e *env) smallHeap() {
	if e.vars["GOGC"] == "" {
		debug.SetGCPercent(400)
	}
}

func (e *env) largeHeap(jobs int) {
	if e.cached == nil { // else perhaps no app has to be looked at
		e.growHeap(jobs)
	}
}

func (e *env) growHeap(jobs int) {
	e.paced.Do(func() {
		var reserved []byte
		if e.vars["GOGC"] == "" && e.vars["GOMEMLIMIT"] == "" { // a limit would count it
			reserved = hugepages.Reserve(min(jobs, 4) * kept)
		}
		hugepages.Ask(min(jobs, 16) * roomOfApp)
		if e.vars["GOGC"] == "" {
			pace(e.ended, reserved)
		}
	})
}

// startProfiles starts what the flag asks for. The returned function ends it
// and writes what is left to write.
func startProfiles(c *cli.Context) (end func() error, err error) {
	var ends []func() error
	end = func() error {
		var errs []error
		for _, f := range slices.Backward(ends) {
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
	var seen []string
	for _, arg := range c.StringSlice("profile") {
		kind, name, ok := strings.Cut(arg, "=")
		if !ok || name == "" || !slices.Contains([]string{"cpu", "mem", "trace"}, kind) {
			return nil, errors.Join(usagef("--profile %q: use cpu=FILE, mem=FILE or trace=FILE", arg), end())
		}
		if slices.Contains(seen, kind) {
			return nil, errors.Join(usagef("--profile %s: named twice", kind), end())
		}
		seen = append(seen, kind)
		f, err := os.Create(name)
		if err != nil {
			return nil, errors.Join(usagef("--profile: %v", err), end())
		}
		stop := func() error { return nil }
		switch kind {
		case "cpu":
			err = pprof.StartCPUProfile(f)
			stop = func() error { pprof.StopCPUProfile(); return nil }
		case "trace":
			err = trace.Start(f)
			stop = func() error { trace.Stop(); return nil }
		case "mem":
			stop = func() error { return writeAllocs(f) }
		}
		if err != nil {
			f.Close()
			return nil, errors.Join(usagef("--profile %s: %v", arg, err), end())
		}
		ends = append(ends, func() error {
			if err := errors.Join(stop(), f.Close()); err != nil {
				return fmt.Errorf("--profile %s: %w", arg, err)
			}
			return nil
		})
	}
	return end, nil
}

// writeAllocs writes where memory was allocated since the start.
func writeAllocs(w io.Writer) error {
	runtime.GC() // so that what is still in use is known
	return pprof.Lookup("allocs").WriteTo(w, 0)
}
