package scan

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

// newApp returns a result without nil lists: the report's keys are always there.
func newApp(path string) *event.App {
	return &event.App{
		Path: path, Signers: []fact.Signer{}, Parts: []event.Part{}, Problems: []fact.Problem{}, Code: []event.Code{},
		Findings: finding.Findings{
			SDKs: []finding.SDK{}, Endpoints: []finding.Endpoint{}, Identifiers: []finding.Identifier{},
			Sinks: []finding.Sink{}, Permissions: []finding.Permission{}, FlowHints: []finding.Hint{}, DynamicCode: []finding.DynamicCode{},
		},
	}
}

// App analyses one app. It reads from src alone and knows no clock, flag or
// global: the same bytes, rules and options give the same result. It never
// panics; a fault of ours is a failed result. It returns nil if ctx was
// cancelled, unless that is because the time for the app is over: then it says
// so, and who the app is.
func App(ctx context.Context, src extract.Source, o Options) (app *event.App) {
	path := src.Parts[0].Path
	defer func() {
		if r := recover(); r != nil {
			app = Failed(path, faultOf(r, debug.Stack()), o)
		}
	}()
	if o.Fault != nil {
		o.Fault(path)
	}
	set, err := facts(ctx, src, o)
	if ctx.Err() != nil {
		return outOfTime(ctx, path, set, o)
	}
	if err != nil {
		return Failed(path, err, o)
	}
	a, err := Judge(ctx, set, o)
	if err != nil {
		return outOfTime(ctx, path, set, o)
	}
	return a
}

// outOfTime is the result of an app whose time is over: who it is, but nothing
// of what half an analysis would say. It is nil if ctx ended otherwise.
func outOfTime(ctx context.Context, path string, set *fact.Set, o Options) *event.App {
	if !errors.Is(context.Cause(ctx), errTime) {
		return nil
	}
	if set == nil || set.App.Path == "" {
		return Failed(path, errTime, o)
	}
	a := assemble(set, &newApp(path).Findings)
	a.Status = fact.Failed
	a.Problems = append(a.Problems, problemOf(errTime, o))
	return a
}

// facts extracts an app's facts, or thaws them if they were frozen.
func facts(ctx context.Context, src extract.Source, o Options) (*fact.Set, error) {
	base := src.Parts[0]
	head := make([]byte, min(headSize, base.Size))
	if _, err := base.R.ReadAt(head, 0); err == nil && fact.IsFrozen(head) {
		set, err := fact.Thaw(base.R, base.Size)
		if err != nil {
			return nil, err
		}
		// The graph is computed anew, so that what is learned about it later
		// reaches frozen facts too.
		if len(set.Units) > 0 {
			set.Graph = extract.Graph(set.Units)
		}
		return set, nil
	}
	return extract.App(ctx, src, extract.Options{Limits: o.Limits, Locale: o.Locale, Digests: o.digests, Stats: o.Stats, Each: o.team().Each})
}

// team is the workers that one app is looked at by. The caller has joined them.
func (o *Options) team() *signatures.Crew {
	if o.crew != nil {
		return o.crew
	}
	c := signatures.NewCrew(runtime.GOMAXPROCS(0))
	c.Join()
	return c
}

// Judge matches and judges facts, live or frozen. The error is ctx's.
func Judge(ctx context.Context, set *fact.Set, o Options) (*event.App, error) {
	team := o.team()
	// Texts outside code are read once, for both.
	texts := judge.NewTexts(o.Rules)
	span := o.Stats.Begin(stats.Match)
	m := signatures.MatchWith(ctx, set, o.Rules, signatures.Options{Crew: team, Text: texts.Add})
	found, err := profiles(ctx, set, m, o, team)
	span.End(0)
	if err != nil {
		return nil, err
	}
	span = o.Stats.Begin(stats.Judge)
	f, err := judge.Judge(ctx, set, o.Rules, m, judge.Options{ShowKeys: o.ShowKeys, Texts: texts, Profiles: found, Crew: team})
	span.End(0)
	if err != nil {
		return nil, err
	}
	return assemble(set, f), nil
}

// assemble puts facts and findings together.
func assemble(set *fact.Set, f *finding.Findings) *event.App {
	s := set.Settled()
	a := newApp(s.Path)
	a.SHA256, a.Label, a.Status = s.SHA256, s.Label, s.Status
	m := &s.Manifest
	a.Package, a.VersionName, a.VersionCode = m.Package, m.VersionName, m.VersionCode
	a.MinSDK, a.TargetSDK = m.MinSDK, m.TargetSDK
	a.Signers = append(a.Signers, s.Signers...)
	for _, p := range s.Parts {
		a.Parts = append(a.Parts, event.Part(p))
	}
	a.Problems = append(a.Problems, s.Problems...)
	for _, u := range set.Units {
		i := u.Info()
		a.Code = append(a.Code, event.Code{
			Unit: i.Name, Format: i.Format, Version: i.Version, Strings: i.Strings, Types: i.Types, Fields: i.Fields,
			Methods: i.Methods, Classes: i.Classes, Instructions: i.Instructions, Status: string(i.Status), Loaded: i.Loaded,
		})
	}
	a.Findings = *f
	a.SharedUserID = m.SharedUserID
	a.Exported = exported(m, f.SDKs)
	for _, c := range f.Cut {
		a.Problems = append(a.Problems, fact.Problem{Kind: fact.ProblemBudget, Detail: c, Lossy: true})
		if a.Status == fact.Complete {
			a.Status = fact.Partial
		}
	}
	packed(a)
	return a
}

// one opens an input's files, scans it and closes them.
func one(ctx context.Context, in input, o Options, t *twins) *event.App {
	path := in.Parts[0].Path
	src, files, err := open(in)
	defer files.close()
	if err != nil {
		return unreadable(path, err)
	}
	// Equal inputs are analysed once.
	app := t.once(ctx, in, src, func() *event.App { return o.Runner.App(ctx, src, o) })
	if app == nil {
		return nil
	}
	return withProblems(app, append(slices.Clip(in.Problems), files.changed()...))
}

// withProblems adds problems that are not the analysis' own to a result, which
// may be shared.
func withProblems(app *event.App, problems []fact.Problem) *event.App {
	if len(problems) == 0 {
		return app
	}
	app.Problems = append(slices.Clone(app.Problems), problems...)
	if slices.ContainsFunc(problems, func(p fact.Problem) bool { return p.Lossy }) && app.Status == fact.Complete {
		app.Status = fact.Partial
		if len(app.Code) == 0 {
			app.Status = fact.NoCode
		}
	}
	return app
}

// unreadable is the result of a file that the operating system refused.
func unreadable(path string, err error) *event.App {
	a := newApp(path)
	a.Status = fact.Failed
	a.Problems = append(a.Problems, fact.Problem{Kind: fact.ProblemUnreadable, Detail: err.Error(), Lossy: true})
	return a
}

// StackDigest names the place of a fault: the first functions of ours on the
// stack of a goroutine, below the panic if there is one, without addresses, so
// that equal faults have equal names.
func StackDigest(stack []byte) string {
	s := string(stack)
	if i := strings.Index(s, "\npanic("); i >= 0 {
		s = s[i:]
	}
	var frames []string
	for line := range strings.Lines(s) {
		f := strings.TrimSpace(line)
		name, ok := strings.CutPrefix(f, "github.com/telltale-apk/telltale/")
		if !ok || !strings.HasSuffix(f, ")") {
			continue
		}
		// "pkg/sub.(*T).f(0x1, 0x2)": the last parenthesis holds arguments.
		name = name[:strings.LastIndexByte(name, '(')]
		if len(frames) > 0 && frames[len(frames)-1] == name {
			continue // a recursion
		}
		if frames = append(frames, name); len(frames) == 3 {
			break
		}
	}
	return strings.Join(frames, " < ")
}
