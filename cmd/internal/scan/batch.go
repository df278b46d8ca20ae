package scan

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Options are what a run was asked for.
type Options struct {
	Rules    *signatures.Compiled
	Limits   extract.Limits
	Jobs     int // apps analysed at the same time; at least 1
	Locale   string
	ShowKeys bool // do not mask app keys
	// Profiles is what products that lost their names are recognised by; nil
	// does without.
	Profiles *Profiles
	// Room is how many bytes of memory apps that are looked at at the same time may
	// take, by an estimate from what their archives declare; 0 is no limit. An app
	// that is larger by itself is looked at alone.
	Room int64
	// MaxTime is how long one app may take; 0 is no limit.
	MaxTime time.Duration
	// Runner does the work; nil stands for this process.
	Runner  Runner
	digests bool // of code units; only frozen facts hold them
	// crew is the workers that all apps of a run share; nil if there is but one app.
	crew *signatures.Crew
	// Fault is for tests of what a fault does: if set, it is called with the
	// path of each app before that is looked at.
	Fault func(path string)
	// Stats, if not nil, counts what the stages cost.
	Stats *stats.Stats
	// Progress, if set, is told of the number of apps and of each one done.
	// It is called from one goroutine.
	Progress func(done, total int, path string)
}

// window is how many apps per job are chosen from, and how many results may wait
// for an earlier one. It bounds what a run holds in memory when one app takes
// much longer than the rest.
const window = 8

// Paths scans what the arguments lead to and hands each app to emit, in the
// order of the arguments and of paths within folders, whatever Jobs says. The
// returned summary is complete but for ExitReasons. An error is about the
// arguments or from emit; what is wrong with a file is part of its result.
//
// When ctx is cancelled the apps done so far are emitted and the summary says
// that the run was interrupted.
func Paths(ctx context.Context, args []string, stdin io.Reader, o Options, emit func(*event.App) error) (*event.Summary, error) {
	f, err := Find(ctx, args, stdin, o)
	if err != nil {
		return nil, err
	}
	return f.Scan(ctx, o, emit)
}

// Found is the apps that arguments lead to, before they are looked at.
type Found struct {
	inputs  []input
	skipped map[string]int
}

// Find looks for apps. The error is about the arguments.
func Find(ctx context.Context, args []string, stdin io.Reader, o Options) (*Found, error) {
	if o.Runner == nil {
		o.Runner = newInProcess()
	}
	f, err := discover(ctx, args, stdin)
	if err != nil {
		return nil, err
	}
	return &Found{f.group(ctx, o), f.Skipped}, nil
}

// Input is an app that was found.
type Input struct {
	Path  string // of its result
	Files []InputFile
}

// InputFile is a file of an app.
type InputFile struct {
	Path     string // as the result names it
	File     string // as the operating system does
	Size     int64
	Modified time.Time
}

// Len returns the number of apps.
func (f *Found) Len() int { return len(f.inputs) }

// Largest returns the bytes of the largest app's files.
func (f *Found) Largest() (most int64) {
	for _, in := range f.inputs {
		most = max(most, in.size())
	}
	return most
}

// Keep removes the apps for which keep returns false.
func (f *Found) Keep(keep func(*Input) bool) {
	f.inputs = slices.DeleteFunc(f.inputs, func(in input) bool {
		x := Input{Path: in.Parts[0].Path}
		for _, p := range in.Parts {
			x.Files = append(x.Files, InputFile{p.Path, p.File, p.Size, p.Modified})
		}
		return !keep(&x)
	})
}

// Scan looks at the apps, as Paths does.
func (f *Found) Scan(ctx context.Context, o Options, emit func(*event.App) error) (*event.Summary, error) {
	if o.Runner == nil {
		o.Runner = newInProcess()
	}
	inputs := f.inputs
	sum := &event.Summary{ByStatus: map[string]int{}, Skipped: f.skipped, ExitReasons: []event.ExitReason{}}

	jobs := max(o.Jobs, 1)
	// As many apps as there are jobs, and where there are fewer, parts of them.
	o.crew = signatures.NewCrew(max(jobs, runtime.GOMAXPROCS(0)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	twins := newTwins(ctx, inputs) // numbers them, so before they are handed out
	queue := make(chan *slot, jobs*window)
	plan := newSchedule(o.Room, jobs > 1)
	go func() {
		defer close(queue)
		defer plan.close()
		for _, in := range inputs {
			s := &slot{in, make(chan *event.App, 1)}
			select {
			case queue <- s:
				plan.add(s)
			case <-ctx.Done():
				return
			}
		}
	}()
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for s := plan.next(); s != nil; s = plan.next() {
				if ctx.Err() == nil {
					o.crew.Join()
					app := one(ctx, s.in, o, twins)
					o.crew.Leave()
					s.done <- app
				} else {
					s.done <- nil
				}
				plan.done(s)
			}
		})
	}
	n := 0
	for s := range queue {
		app := <-s.done
		if app == nil { // cancelled before it was done
			continue
		}
		n++
		if err := emit(app); err != nil {
			cancel()
			for range queue { //nolint:revive // let the feeder end
			}
			wg.Wait()
			return nil, err
		}
		Count(sum, app)
		if o.Progress != nil {
			o.Progress(n, len(inputs), app.Path)
		}
	}
	wg.Wait()
	sum.Interrupted = n < len(inputs)
	return sum, nil
}

// Count adds a result to a summary.
func Count(sum *event.Summary, app *event.App) {
	sum.Apps++
	sum.ByStatus[string(app.Status)]++
	if slices.ContainsFunc(app.SDKs, func(s finding.SDK) bool { return s.Tracker && s.State != finding.Referenced }) {
		sum.WithTracker++
	}
}
