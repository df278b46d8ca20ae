package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
)

func (e *env) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "show the whole evidence for something in an app",
		ArgsUsage: "APK WHAT",
		Description: "WHAT is an SDK (id or name), a host or domain, or an identifier (id or name), as\n" +
			"the report names them.",
		Flags: slices.Concat(scanFlags(), limitFlags(), isolateFlags(), signatureFlags(), []cli.Flag{
			&cli.StringFlag{Name: "color", Value: "auto", Usage: "`WHEN` to colour: auto, always or never"},
		}),
		Action: e.explain,
	}
}

func (e *env) explain(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usagef("explain needs an APK and WHAT: an SDK, a host or an identifier")
	}
	opt, rules, err := e.scanOptions(c)
	if err != nil {
		return err
	}
	endFence, err := e.isolate(c, rules, &opt)
	if err != nil {
		return err
	}
	defer endFence()
	ropt, err := e.reportOptions(c)
	if err != nil {
		return err
	}
	what, n, apps := c.Args().Get(1), 0, 0
	_, err = scan.Paths(c.Context, []string{c.Args().First()}, e.stdin, opt, func(a *event.App) error {
		apps++
		m, err := report.Explain(e.stdout, a, what, ropt)
		n += m
		return err
	})
	switch {
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	case n == 0:
		return &exitError{exitNothing, fmt.Sprintf("nothing called %q was found in %s (looked at %d apps): use a name, id or host as the report writes it", what, c.Args().First(), apps)}
	}
	return nil
}
