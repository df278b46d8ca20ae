package cli

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (e *env) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "show the whole evidence for something in an app",
		ArgsUsage: "APK WHAT",
		Description: "WHAT is an SDK (id or name), a host or domain, or an identifier (id or name), as\n" +
			"the report names them. Of an SDK each clause of its rule is told, too, and whether it\n" +
			"counts as a tracker: whether it is made to collect data about people, devices or how\n" +
			"apps are used, as Exodus Privacy has it. A push service or a login SDK is none.",
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
	opt, rules, endFence, err := e.scanner(c)
	if err != nil {
		return err
	}
	defer endFence()
	ropt, err := e.reportOptions(c)
	if err != nil {
		return err
	}
	what, n, apps, unread := c.Args().Get(1), 0, 0, 0
	_, err = scan.Paths(c.Context, []string{c.Args().First()}, e.stdin, opt, func(a *event.App) error {
		apps++
		if a.Status != fact.Complete {
			unread++
		}
		m, err := report.Explain(e.stdout, a, what, ropt)
		n += m
		return err
	})
	switch {
	case errors.Is(err, syscall.EPIPE):
		return err
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	case n == 0:
		code, looked := exitNothing, fmt.Sprintf("looked at %d %s", apps, plural("app", apps))
		if unread > 0 {
			code, looked = exitIncomplete, fmt.Sprintf("%s, %d of them not wholly read", looked, unread)
		}
		msg := fmt.Sprintf("nothing called %q was found in %s (%s): use a name, id or host as the report writes it", what, c.Args().First(), looked)
		if sdkCalled(rules, what) != nil {
			msg += "; 'telltale why-not' says what its rule misses"
		}
		return &exitError{code, msg}
	}
	// Clause by clause, where that is one app and no worker is to read it.
	if s := sdkCalled(rules, what); s != nil && apps == 1 && !c.Bool("isolate") {
		fmt.Fprintln(e.stdout)
		return e.tellClauses(c.Context, c.Args().First(), opt, opt.Rules, s)
	}
	return nil
}
