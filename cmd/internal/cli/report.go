package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
)

// maxStdinReport is the size of a report on standard input, which is held in
// memory.
const maxStdinReport = 256 << 20

func (e *env) reportCommand() *cli.Command {
	return &cli.Command{
		Name: "report", Usage: "write saved reports in other formats",
		Subcommands: []*cli.Command{
			{
				Name: "convert", Usage: "write a saved report in other formats", ArgsUsage: "FILE",
				Description: "FILE was written with --format json or ndjson; - is standard input. Exit codes: 0 the\n" +
					"report was written, whatever it says; 2 it could not be read or written.",
				Flags:  outputFlags(),
				Action: e.reportConvert,
			},
			{
				Name: "merge", Usage: "make one report of several", ArgsUsage: "FILE…",
				Description: "Each FILE was written with --format json or ndjson, by one version with the same rules.\n" +
					"Apps come in the order of their paths; what is equal is told once. The format is json\n" +
					"unless others are named. Exit codes as those of convert.",
				Flags:  outputFlags(),
				Action: e.reportMerge,
			},
		},
	}
}

func (e *env) reportConvert(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("report convert needs one FILE that was written with --format json or ndjson")
	}
	s, done, err := e.openSaved(c.Args().First())
	if err != nil {
		return err
	}
	defer done()
	return e.writeReport(c, c.StringSlice("format"), s.Replay)
}

func (e *env) reportMerge(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("report merge needs FILEs that were written with --format json or ndjson")
	}
	formats := c.StringSlice("format")
	if len(formats) == 0 {
		formats = []string{"json"}
	}
	return e.writeReport(c, formats, func(h func(*event.Message) error) error { return e.replayAll(c.Args().Slice(), true, h) })
}

// replayAll tells saved reports as one. samePolicies refuses those that were
// judged differently.
func (e *env) replayAll(names []string, samePolicies bool, h func(*event.Message) error) error {
	var all []*report.Saved
	for _, name := range names {
		s, done, err := e.openSaved(name)
		if err != nil {
			return err
		}
		defer done()
		if all = append(all, s); samePolicies && !samePolicy(s.Start.Policy, all[0].Start.Policy) {
			return &exitError{exitUsage, fmt.Sprintf("%s was judged by another policy than %s: scan again, or judge them anew with 'telltale policy check FILE REPORT…'", name, names[0])}
		}
	}
	return report.Merge(all, func(sum *event.Summary, strict bool) []event.ExitReason { return reasons(sum, !strict) }, h)
}

// openSaved opens a saved report; "-" is standard input. The function it
// returns closes it.
func (e *env) openSaved(name string) (*report.Saved, func(), error) {
	fail := func(err error) (*report.Saved, func(), error) {
		return nil, nil, &exitError{exitUsage, fmt.Sprintf("%s cannot be read: %v", name, err)}
	}
	if name == "-" {
		b, err := io.ReadAll(io.LimitReader(e.stdin, maxStdinReport+1))
		if err == nil && len(b) > maxStdinReport {
			err = fmt.Errorf("more than %d bytes on standard input: write it to a file", maxStdinReport)
		}
		if err != nil {
			return fail(err)
		}
		s, err := report.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return fail(err)
		}
		return s, func() {}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file (- reads standard input)")
	}
	var s *report.Saved
	if err == nil {
		s, err = report.Open(f, info.Size())
	}
	if err != nil {
		f.Close()
		return fail(err)
	}
	if s.Cut {
		e.log.Warnf("%s ends before its summary: apps may be missing", name)
	}
	return s, func() { f.Close() }, nil
}

// writeReport opens the outputs and lets replay fill them.
func (e *env) writeReport(c *cli.Context, formats []string, replay func(func(*event.Message) error) error) error {
	ropt, err := e.reportOptions(c)
	if err != nil {
		return err
	}
	out, err := e.openReport(c, formats, ropt)
	if err != nil {
		return err
	}
	if err = replay(out.handle); err == nil {
		err = out.close()
	} else {
		out.abandon()
	}
	if err != nil {
		return e.writeFailed(err)
	}
	return nil
}
