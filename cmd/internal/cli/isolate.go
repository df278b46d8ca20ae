package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/fence"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
)

// isolateFlags put a fence around each app.
func isolateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "isolate", Usage: "look at each app in a process of its own, which may read that app and nothing else"},
		&cli.StringFlag{Name: "max-memory", Value: formatSize(fence.DefaultMemory), Usage: "with --isolate: give one app at most `SIZE` of memory"},
	}
}

// isolate lets o's scans use worker processes if the flags ask for it. The
// returned function ends that.
func (e *env) isolate(c *cli.Context, rules *signatures.Rules, o *scan.Options) (func(), error) {
	if !c.Bool("isolate") {
		if c.IsSet("max-memory") {
			return nil, usagef("--max-memory needs --isolate: only a process of its own can be held to it")
		}
		return func() {}, nil
	}
	memory, err := parseSize(c.String("max-memory"), true)
	if err != nil {
		return nil, usagef("--max-memory %q: %v", c.String("max-memory"), err)
	}
	f, err := fence.New(rules, fence.Options{Memory: memory, Env: e.program.WorkerEnv, Profiles: added(o.Profiles), Held: func(what []string) {
		l := e.log.WithField("fence", strings.Join(what, ", "))
		for _, means := range []string{"Landlock", "seccomp"} {
			if !slices.ContainsFunc(what, func(s string) bool { return strings.HasPrefix(s, means) }) {
				l.Warn("this system has not every means to hold workers back")
				return
			}
		}
		l.Info("each app is looked at behind a fence")
	}})
	if err != nil {
		return nil, &exitError{exitUsage, "apps cannot be isolated: " + err.Error()}
	}
	o.Runner = f
	return func() { f.Close() }, nil
}

func (e *env) workerCommand() *cli.Command {
	return &cli.Command{
		Name: fence.Command, Hidden: true, Usage: "for telltale's own use",
		Action: func(*cli.Context) error { return fence.Work(e.stdin, e.stdout, e.program.Fault) },
	}
}

// added is the data of profiles besides the bundled ones.
func added(p *scan.Profiles) []string {
	if p == nil {
		return nil
	}
	return p.Added
}

// scanner is what commands that look at apps begin with: options, rules and, if
// it is wanted, the fence, which end takes down.
func (e *env) scanner(c *cli.Context) (opt scan.Options, rules *signatures.Rules, end func(), err error) {
	if opt, rules, err = e.scanOptions(c); err != nil {
		return
	}
	end, err = e.isolate(c, rules, &opt)
	return
}
