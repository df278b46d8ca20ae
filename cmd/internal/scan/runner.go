package scan

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Runner does everything that looks further into a file than its first bytes:
// in this process, or in one behind a fence. Whatever a file does to it, it
// returns, and the next call is not affected. It is safe for concurrent use.
type Runner interface {
	// Peek looks into an archive for what grouping needs; nil if it is no app.
	// The error says that this could not be told.
	Peek(ctx context.Context, p extract.Part, o Options) (*extract.Peeked, error)
	// HoldsCode reports whether compiled code that lies alone holds DEX code.
	HoldsCode(ctx context.Context, p extract.Part, kind apk.Kind, o Options) (bool, error)
	// App analyses one app, or returns nil if ctx was cancelled.
	App(ctx context.Context, src extract.Source, o Options) *event.App
}

// errTime is the cause of a context whose time for one app is over.
var errTime = errors.New("the time for one app is over")

// inProcess is the Runner without a fence. It stands panics and what takes too
// long. Code that does not stop when it is told to is left behind, with what it
// holds. What no program survives in itself (no memory left, a stack that
// grows without end) it does not stand.
type inProcess struct {
	// patience is how long code that was told to stop may take to do so, before
	// the run goes on without it.
	patience time.Duration
}

// Patience is that of a run without a fence.
const Patience = 5 * time.Second

func newInProcess() inProcess { return inProcess{Patience} }

// InProcess returns the Runner without a fence. patience is how long what does
// not stop when it is told to is waited for.
func InProcess(patience time.Duration) Runner { return inProcess{patience} }

func (r inProcess) Peek(ctx context.Context, p extract.Part, o Options) (*extract.Peeked, error) {
	return within(ctx, o.MaxTime, r.patience, func(context.Context) (*extract.Peeked, error) {
		return extract.Peek(p, o.Limits), nil
	})
}

func (r inProcess) HoldsCode(ctx context.Context, p extract.Part, kind apk.Kind, o Options) (bool, error) {
	return within(ctx, o.MaxTime, r.patience, func(context.Context) (bool, error) {
		return extract.HoldsCode(p.R, p.Size, kind), nil
	})
}

func (r inProcess) App(ctx context.Context, src extract.Source, o Options) *event.App {
	a, err := within(ctx, o.MaxTime, r.patience, func(ctx context.Context) (*event.App, error) { return App(ctx, src, o), nil })
	if err != nil && ctx.Err() == nil {
		return Failed(src.Parts[0].Path, err, o)
	}
	return a
}

// within calls f and waits until it returns, it panics, or limit (0: none) is
// over and patience, too, because f does not heed its context.
func within[T any](ctx context.Context, limit, patience time.Duration, f func(context.Context) (T, error)) (T, error) {
	if limit > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTime)
		defer cancel()
	}
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if v := recover(); v != nil {
				r.err = faultOf(v, debug.Stack())
			}
			done <- r
		}()
		r.v, r.err = f(ctx)
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.v, r.err
	case <-timer.C:
		var zero T
		return zero, &stuckError{context.Cause(ctx)}
	}
}

// stuckError says that code was left running.
type stuckError struct{ cause error }

func (e *stuckError) Error() string {
	return e.cause.Error() + ", and it could not be stopped"
}

func (e *stuckError) Unwrap() error { return e.cause }

// Fault is a fault of this program: a panic, or the end of a worker process.
type Fault struct {
	What string // "runtime error: index out of range [3] with length 3"
	At   string // the first functions of ours on the stack, "" if unknown
}

func (f *Fault) Error() string {
	s := "a fault of telltale's own, please report it: " + f.What
	if f.At != "" {
		s += " (" + f.At + ")"
	}
	return s
}

// OverBudget says that a limit which is not counted in bytes of files was
// reached.
type OverBudget struct{ Detail string }

func (e *OverBudget) Error() string { return e.Detail }

// faultOf describes a recovered panic. One that was passed on from another
// goroutine brings its own stack.
func faultOf(v any, stack []byte) *Fault {
	if s, ok := v.(interface{ Stack() []byte }); ok {
		stack = s.Stack()
	}
	return &Fault{What: fmt.Sprint(v), At: StackDigest(stack)}
}

// Failed is the result of an app that err kept from being looked at.
func Failed(path string, err error, o Options) *event.App {
	a := newApp(path)
	a.Status = fact.Failed
	a.Problems = append(a.Problems, problemOf(err, o))
	return a
}

// problemOf puts into the report's words why there is no result.
func problemOf(err error, o Options) fact.Problem {
	p := fact.Problem{Kind: fact.ProblemMalformed, Detail: err.Error(), Lossy: true}
	var f *Fault
	var over *OverBudget
	var stuck *stuckError
	switch {
	case errors.As(err, &over):
		p.Kind = fact.ProblemBudget
	case errors.As(err, &f):
		p.Kind = fact.ProblemInternal
	case errors.Is(err, errTime):
		p.Kind = fact.ProblemBudget
		p.Detail = fmt.Sprintf("took longer than %v; raise it with --max-time", o.MaxTime)
		if errors.As(err, &stuck) {
			p.Detail += ". It could not be stopped, and keeps what it holds until the run ends: --isolate gets rid of such apps"
		}
	case errors.Is(err, extract.ErrUnsupported):
		p.Kind = fact.ProblemUnsupported
	default:
		p.Kind = extract.ProblemKind(err)
		if p.Kind == fact.ProblemUnreadable {
			p.Detail = reason(err).Error()
		}
	}
	return p
}

// TimeOver is the error of a Runner whose time for an app was over.
func TimeOver() error { return errTime }
