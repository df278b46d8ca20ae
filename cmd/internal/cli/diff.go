package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/diff"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (e *env) diffCommand() *cli.Command {
	return &cli.Command{
		Name: "diff", Usage: "say what is new between two versions of apps", ArgsUsage: "OLD NEW",
		Description: "OLD and NEW are APKs, folders, or reports saved with --format json or ndjson; apps are paired\n" +
			"by package and signer. Exit codes: 0 nothing is new; 1 NEW has something that OLD lacks;\n" +
			"2 usage error; 3 something was not read, so that it cannot be said (unless\n" +
			"--allow-incomplete).",
		Flags: slices.Concat(documentFlags(diff.Formats), []cli.Flag{
			&cli.BoolFlag{Name: "allow-incomplete", Usage: "do not exit with 3 for what was not read"},
		}, scanFlags(), limitFlags(), isolateFlags(), signatureFlags()),
		Action: e.diff,
	}
}

// documentFlags are those of commands that write one document of their own, with
// [env.writeDocument].
func documentFlags(formats []string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "text", Usage: "`FORMAT`: " + strings.Join(formats, ", ")},
		outputFlag(),
		&cli.BoolFlag{Name: "all", Usage: "do not fold long lists away"},
		colorFlag(),
	}
}

// oneOf checks --format.
func oneOf(c *cli.Context, formats []string) error {
	if f := c.String("format"); !slices.Contains(formats, f) {
		return usagef("--format %q: use one of %s", f, strings.Join(formats, ", "))
	}
	return nil
}

func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, which appears when it is whole"}
}

func colorFlag() cli.Flag {
	return &cli.StringFlag{Name: "color", Value: "auto", Usage: "text: `WHEN` to colour: auto, always or never"}
}

func (e *env) diff(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usagef("diff needs OLD and NEW: two APKs, two folders or two saved reports")
	}
	if err := oneOf(c, diff.Formats); err != nil {
		return err
	}
	opt, rules, endFence, err := e.scanner(c)
	if err != nil {
		return err
	}
	defer endFence()
	d := &diff.Diff{Schema: diff.Schema, Tool: event.Tool{Name: "telltale", Version: version}}
	var sides [2][]*diff.Snapshot
	for i, side := range []*diff.Side{&d.Old, &d.New} {
		side.Name, side.Rules = c.Args().Get(i), rules.Digest()
		err := e.results(c, side.Name, opt, rules, func(s *event.Start) { side.Rules = s.Signatures.Digest }, func(a *event.App) error {
			side.Apps++
			if a.Status != fact.Complete {
				side.Unread++
			}
			sides[i] = append(sides[i], diff.Take(a))
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(sides[0])+len(sides[1]) == 0 {
		return &exitError{exitNothing, fmt.Sprintf("there is no app in %s or %s", d.Old.Name, d.New.Name)}
	}
	d.Apps, d.Summary = diff.Compare(sides[0], sides[1])
	if err := e.writeDocument(c, func(w io.Writer, o report.Options) error {
		return diff.Write(w, d, c.String("format"), o)
	}); err != nil {
		return err
	}
	switch {
	case d.HasNew():
		return &exitError{code: exitForbidden}
	case d.Old.Unread+d.New.Unread > 0 && !c.Bool("allow-incomplete"):
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// results tells the apps that an argument leads to: those of a saved report, of
// which start is told, or what a scan says.
func (e *env) results(c *cli.Context, name string, opt scan.Options, rules *signatures.Rules, start func(*event.Start), app func(*event.App) error) error {
	if isReport(name) {
		s, done, err := e.openSaved(name)
		if err != nil {
			return err
		}
		defer done()
		if s.Start.Signatures.Digest != rules.Digest() {
			e.log.Warnf("%s was made with other rules than the present ones", name)
		}
		return s.Replay(func(m *event.Message) error {
			switch {
			case m.Start != nil:
				start(m.Start)
			case m.App != nil:
				return app(m.App)
			}
			return nil
		})
	}
	stop := e.progress(c, &opt)
	defer stop()
	sum, err := scan.Paths(c.Context, []string{name}, e.stdin, opt, app)
	switch {
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	case sum.Interrupted:
		return &exitError{exitUsage, "interrupted"}
	}
	return nil
}

// isReport reports whether a file begins as JSON does. No app does.
func isReport(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return false
	}
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	return bytes.HasPrefix(bytes.TrimSpace(head[:n]), []byte("{"))
}

// writeDocument writes to --output, or to standard output.
func (e *env) writeDocument(c *cli.Context, write func(io.Writer, report.Options) error) error {
	o, err := e.reportOptions(c)
	if err != nil {
		return err
	}
	name := c.String("output")
	if name == "" {
		if err := write(e.stdout, o); err != nil {
			return e.writeFailed(err)
		}
		return nil
	}
	o.Color = false
	f, err := createAtomic(name)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	if err := write(f, o); err != nil {
		f.discard()
		return e.writeFailed(err)
	}
	if err := f.commit(); err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	return nil
}
