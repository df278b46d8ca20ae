package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (e *env) stringsCommand() *cli.Command {
	return &cli.Command{
		Name:      "strings",
		Usage:     "list the strings of an app's code, also those that it hides",
		ArgsUsage: "APK",
		Description: "Each line is a string, quoted, and where it stands: the file, the method that loads it and the\n" +
			"instruction. A hidden string is one that the code makes of something else when it runs; it was\n" +
			"read by running that code, and the method that was run is told as well.",
		Flags: append(append(scanFlags(), limitFlags()...),
			&cli.BoolFlag{Name: "hidden", Usage: "list hidden strings only"}),
		Action: e.strings,
	}
}

func (e *env) strings(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("strings needs one APK")
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return err
	}
	opt := scan.Options{Jobs: 1, Locale: c.String("locale"), Limits: limits, MaxTime: maxTime}
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	var app fact.App
	err = scan.Facts(c.Context, c.Args().First(), opt, func(s *fact.Set) error {
		for _, u := range s.Units {
			if err := listStrings(w, u, c.Bool("hidden")); err != nil {
				return e.writeFailed(err)
			}
		}
		app = s.Settled()
		return nil
	})
	if err == nil {
		if err := w.Flush(); err != nil {
			return e.writeFailed(err)
		}
	}
	var ee *exitError
	switch {
	case errors.As(err, &ee):
		return err
	case errors.Is(err, scan.ErrNothing):
		return &exitError{exitNothing, err.Error()}
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	}
	for _, p := range app.Problems {
		if p.Kind == fact.ProblemBudget {
			e.log.Warn(cleanLines(p.Detail))
		}
	}
	return nil
}

// listStrings writes the strings that the code of a unit loads.
func listStrings(w io.Writer, u fact.Unit, hidden bool) error {
	type place struct {
		body   int
		pc     uint32
		string uint32
	}
	made := map[place]string{}
	if e, ok := u.(fact.Emulations); ok {
		for t := range e.Emulated() {
			made[place{t.Body, t.PC, t.String}] = t.Method
		}
	}
	if hidden && len(made) == 0 {
		return nil
	}
	file := strconv.Quote(u.Info().Name)
	refs := u.Refs()
	for bi, b := range u.Bodies() {
		if b.RefFirst > b.RefEnd || uint64(b.RefEnd) > uint64(len(refs)) {
			continue
		}
		where := ""
		for _, r := range refs[b.RefFirst:b.RefEnd] {
			if r.Kind != fact.RefString {
				continue
			}
			by, is := made[place{bi, r.PC, r.Index}]
			if hidden && !is {
				continue
			}
			if where == "" {
				_, name, proto := u.Method(b.Method)
				where = cleanLines(u.Type(b.Class) + "->" + u.String(name) + u.Proto(proto))
			}
			line := fmt.Sprintf("%s\t%s\t%s +%d", strconv.Quote(u.String(r.Index)), file, where, r.PC)
			if is {
				line += "\temulated " + cleanLines(by)
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}
