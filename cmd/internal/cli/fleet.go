package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/fleet"
	"github.com/telltale-apk/telltale/cmd/internal/report"
)

func (e *env) fleetCommand() *cli.Command {
	return &cli.Command{
		Name: "fleet", Usage: "look at many apps together", ArgsUsage: "REPORT|PATH…",
		Description: "Says which SDK is in which apps and in which versions, what apps of different people have in\n" +
			"common (hosts, app keys, code that no rule knows), who can wake whom by exported push\n" +
			"services, and, where paths are those of a phone (system/app, data/app), what came with it.\n" +
			"REPORTs were saved with --format json or ndjson; other PATHs are scanned.",
		Flags: slices.Concat(documentFlags(fleet.Formats), []cli.Flag{
			&cli.StringSliceFlag{Name: "db", Usage: "also look at the apps in the database `FILE` that scan or report wrote with --db (may be repeated)"},
			&cli.StringFlag{Name: "hosts-file", Usage: "write a hosts file to `FILE` that blocks hosts of trackers"},
			&cli.StringFlag{Name: "disable-list", Usage: "write components of trackers to `FILE`, for 'pm disable'"},
		}, scanFlags(), limitFlags(), isolateFlags(), signatureFlags()),
		Action: e.fleet,
	}
}

func (e *env) fleet(c *cli.Context) error {
	if !c.Args().Present() && len(c.StringSlice("db")) == 0 {
		return usagef("fleet needs REPORTs that were written with --format json or ndjson, PATHs to scan, or --db FILE")
	}
	if err := oneOf(c, fleet.Formats); err != nil {
		return err
	}
	opt, rules, endFence, err := e.scanner(c)
	if err != nil {
		return err
	}
	defer endFence()
	b := fleet.NewBuilder()
	for _, name := range c.Args().Slice() {
		if !isReport(name) {
			b.Start(&event.Start{Signatures: event.Signatures{Digest: rules.Digest()}})
		}
		err := e.results(c, name, opt, rules, b.Start, func(a *event.App) error {
			b.Add(a)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, name := range c.StringSlice("db") {
		err := fromDB(name, b.Start, func(a *event.App) error {
			b.Add(a)
			return nil
		})
		if err != nil {
			return err
		}
	}
	f := b.Fleet()
	f.Tool = event.Tool{Name: "telltale", Version: version}
	if f.Apps == 0 {
		return &exitError{exitNothing, "there is no app in " + strings.Join(append(c.Args().Slice(), c.StringSlice("db")...), ", ")}
	}
	for _, x := range []struct {
		flag  string
		write func(io.Writer, *fleet.Fleet) error
	}{{"hosts-file", fleet.WriteHosts}, {"disable-list", fleet.WriteDisable}} {
		name := c.String(x.flag)
		if name == "" {
			continue
		}
		out, err := createAtomic(name)
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		if err := x.write(out, f); err != nil {
			out.discard()
			return e.writeFailed(err)
		}
		if err := out.commit(); err != nil {
			return &exitError{exitUsage, err.Error()}
		}
	}
	return e.writeDocument(c, func(w io.Writer, o report.Options) error {
		return fleet.Write(w, f, c.String("format"), o)
	})
}
