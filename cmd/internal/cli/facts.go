package cli

import (
	"bufio"
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (e *env) factsCommand() *cli.Command {
	return &cli.Command{
		Name:      "facts",
		Usage:     "freeze what was seen in an app, to judge it again later without the app",
		ArgsUsage: "APK",
		Description: "The file holds everything that a rule may ask: classes, members, strings, calls with\n" +
			"their constant arguments, the manifest and more. 'telltale scan FILE' judges it.",
		Flags: append(append(scanFlags(), limitFlags()...),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Required: true, Usage: "write to `FILE`"}),
		Action: e.facts,
	}
}

func (e *env) facts(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("facts needs one APK (with --output FILE before it)")
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return err
	}
	opt := scan.Options{Jobs: 1, Locale: c.String("locale"), Limits: limits, MaxTime: maxTime}
	f, err := createAtomic(c.String("output"))
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = scan.Facts(c.Context, c.Args().First(), opt, func(s *fact.Set) error { return fact.Freeze(w, s) })
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		f.discard()
		if errors.Is(err, scan.ErrNothing) {
			return &exitError{exitNothing, err.Error()}
		}
		return &exitError{exitUsage, err.Error()}
	}
	return f.commit()
}
