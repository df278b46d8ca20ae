// Package cli holds the commands, their flags and the exit codes. Everything a
// command needs comes in as an argument of [Run]; nothing here is global.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/sirupsen/logrus"
	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/stats"
)

// Exit codes. The lowest in the order 2, 1, 3, 4, 0 that applies is returned;
// an interrupted run returns 130 (SIGINT) or 143 (SIGTERM).
const (
	exitOK         = 0 // everything was analysed
	exitForbidden  = 1 // something was found that the user forbade
	exitUsage      = 2 // usage, configuration or signature error
	exitIncomplete = 3 // something was analysed only in part, or not at all
	exitNothing    = 4 // there was nothing to scan
	exitInterrupt  = 130
	exitPipe       = 141 // nobody reads standard output any more
	exitTerminated = 143
)

// version is set by release builds, with -ldflags "-X …", and never changed.
var version = "0.1.0-dev"

// exitError is an error with the exit code it asks for. An empty message
// prints nothing: the report has said it.
type exitError struct {
	code int
	msg  string
}

func (e *exitError) Error() string { return e.msg }

func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Sprintf(format, args...)}
}

// env is what commands share: streams, environment and logger.
type env struct {
	vars    map[string]string
	stdin   io.Reader
	stdout  *watched
	stderr  io.Writer
	log     *logrus.Logger
	signal  *atomic.Int32 // the signal that ended the run, or 0
	program *Program
	stats   *stats.Stats // nil if nobody asked
	cached  func() (hits, misses int64)
	paced   sync.Once
	ended   <-chan struct{} // closed when the run is over
}

// watched is standard output. It remembers that nobody reads it any more, also
// where a command does not ask how each of its lines fared.
type watched struct {
	io.Writer
	closed atomic.Bool
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if noReader(err) {
		w.closed.Store(true)
	}
	return n, err
}

// file is standard output as a file, which may be a terminal.
func (w *watched) file() (*os.File, bool) {
	f, ok := w.Writer.(*os.File)
	return f, ok
}

// noReader reports whether an error says that nobody reads what is written.
func noReader(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// Program is the whole program. Its zero value is what is shipped; tests add
// faults to it.
type Program struct {
	// Fault, if set, is called with the path of each app before that is looked
	// at, also in worker processes.
	Fault func(path string)
	// WorkerEnv is the environment of worker processes, which need none.
	WorkerEnv []string
}

// Run runs one command line of the program as it is shipped and returns its
// exit code.
func Run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return new(Program).Run(ctx, args, environ, stdin, stdout, stderr)
}

// Run is described at the function Run.
func (p *Program) Run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{vars: map[string]string{}, stdin: stdin, stdout: &watched{Writer: stdout}, stderr: stderr, log: logrus.New(), signal: new(atomic.Int32), program: p}
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			e.vars[k] = v
		}
	}
	e.log.SetOutput(stderr)
	e.log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: true})
	e.smallHeap()
	ctx, stop := e.notify(ctx)
	e.ended = ctx.Done()
	defer stop()

	app := e.app()
	err := app.RunContext(ctx, flagsFirst(app, args))
	code := exitOK
	var ee *exitError
	switch {
	case err == nil:
		if e.stdout.closed.Load() {
			code = exitPipe // what was left to say was not read
		}
	case errors.As(err, &ee):
		code = ee.code
		if ee.msg != "" {
			fmt.Fprintf(stderr, "telltale: %s\n", cleanLines(ee.msg))
		}
	case noReader(err):
		code = exitPipe // who reads it has seen enough
	default:
		code = exitUsage
		fmt.Fprintf(stderr, "telltale: %s\n", cleanLines(err.Error()))
	}
	switch e.signal.Load() {
	case int32(syscall.SIGINT):
		return exitInterrupt
	case int32(syscall.SIGTERM):
		return exitTerminated
	}
	return code
}

// cleanLines makes a message safe for a terminal. It may be of several lines.
func cleanLines(msg string) string {
	lines := strings.Split(msg, "\n")
	for i, l := range lines {
		lines[i] = report.Clean(l)
	}
	return strings.Join(lines, "\n")
}

// notify cancels the context at the first SIGINT or SIGTERM, so that a run
// ends cleanly with what is done; a second signal ends the program at once.
func (e *env) notify(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM)
	// A pipe that nobody reads is an error of the write, so that unfinished
	// files can be removed.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-ch:
			if n, ok := s.(syscall.Signal); ok {
				e.signal.Store(int32(n))
			}
			signal.Stop(ch)
			cancel()
		case <-done:
		}
	}()
	return ctx, func() { signal.Stop(ch); signal.Stop(pipe); close(done); cancel() }
}

func (e *env) app() *cli.App {
	common := e.commonFlags()
	commands := []*cli.Command{
		e.scanCommand(),
		e.explainCommand(),
		e.whyNotCommand(),
		e.reportCommand(),
		e.policyCommand(),
		e.diffCommand(),
		e.fleetCommand(),
		e.queryCommand(),
		e.factsCommand(),
		e.stringsCommand(),
		e.signaturesCommand(),
		e.domainsCommand(),
		e.versionCommand(),
		e.completionCommand(),
		e.manCommand(),
		e.workerCommand(),
	}
	var prepare func(cs []*cli.Command)
	prepare = func(cs []*cli.Command) {
		for _, c := range cs {
			c.OnUsageError = usageError
			if len(c.Subcommands) > 0 {
				prepare(c.Subcommands)
				continue
			}
			c.Flags = append(c.Flags, common...)
			c.Before = e.setUp
		}
	}
	prepare(commands)
	return &cli.App{
		Name:                      "telltale",
		Usage:                     "tells what an Android app tells on its user",
		Description:               "Scans APKs and lists which tracking SDKs their code carries, which endpoints are\nhardcoded and who registered those domains where, which device identifiers the\ncode asks for and whose code that is, each with evidence. It works offline.",
		Version:                   version,
		HideVersion:               true,
		Reader:                    e.stdin,
		Writer:                    e.stdout,
		ErrWriter:                 e.stderr,
		Commands:                  commands,
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true,
		OnUsageError:              usageError,
		ExitErrHandler:            func(*cli.Context, error) {}, // Run maps errors itself
		CommandNotFound: func(*cli.Context, string) {
			// The Action below reports it with an exit code.
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("%q is not a command: try 'telltale scan %s', or 'telltale help'", c.Args().First(), c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "telltale"
	if c.Command != nil && c.Command.Name != "" {
		name += " " + c.Command.Name
	}
	return usagef("%v (see '%s --help')", err, strings.TrimSpace(name))
}

func (e *env) commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "write nothing to standard error but errors"},
		&cli.StringFlag{Name: "log-level", Value: "warning", Usage: "`LEVEL` of log messages: debug, info, warning, error"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "`FORMAT` of log messages: text or json"},
	}
}

// setUp applies the common flags.
func (e *env) setUp(c *cli.Context) error {
	level, err := logrus.ParseLevel(c.String("log-level"))
	if err != nil {
		return usagef("--log-level %q: use debug, info, warning or error", c.String("log-level"))
	}
	if c.Bool("quiet") {
		level = logrus.ErrorLevel
	}
	e.log.SetLevel(level)
	switch f := c.String("log-format"); f {
	case "text":
	case "json":
		e.log.SetFormatter(&logrus.JSONFormatter{DisableTimestamp: true})
	default:
		return usagef("--log-format %q: use text or json", f)
	}
	return nil
}

func (e *env) versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "print the version of the program and of its rules",
		Action: func(c *cli.Context) error {
			r, err := e.rules(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "telltale %s\nrules %s\n", version, r.Digest())
			return nil
		},
	}
}
