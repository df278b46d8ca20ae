package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/store"
)

// dbFlag is that of commands that tell a stream of results.
func dbFlag() cli.Flag {
	return &cli.StringFlag{Name: "db", Usage: "also add the results to the SQLite database `FILE`, which is made if need be; what it holds already is not written again"}
}

// openReport opens the outputs that the flags name, a database among them.
func (e *env) openReport(c *cli.Context, formats []string, o report.Options) (*outputs, error) {
	out, err := openOutputs(formats, c.StringSlice("output"), e.stdout, o)
	if err != nil || c.String("db") == "" {
		return out, err
	}
	s, err := store.Open(c.String("db"), true)
	if err != nil {
		out.abandon()
		return nil, usagef("--db %s: %s", c.String("db"), errText(err))
	}
	out.handlers = append(out.handlers, &told{s, e})
	return out, nil
}

// told says in the log what was new to a database.
type told struct {
	*store.Store
	e *env
}

func (t *told) Handle(m *event.Message) error {
	if m.Summary != nil {
		t.e.log.Infof("database: %d results added, %d were there", t.Added, t.Held)
	}
	return t.Store.Handle(m)
}

// fromDB tells the apps of a database, and before them by which rules they
// were made.
func fromDB(name string, start func(*event.Start), tell func(*event.App) error) error {
	s, err := store.Open(name, false)
	if err == nil {
		var rules []string
		rules, err = s.Rules()
		for _, r := range rules {
			start(&event.Start{Signatures: event.Signatures{Digest: r}})
		}
		if err == nil {
			err = s.Apps(tell)
		}
		s.Close()
	}
	if err != nil {
		return &exitError{exitUsage, fmt.Sprintf("--db %s: %s", name, errText(err))}
	}
	return nil
}
