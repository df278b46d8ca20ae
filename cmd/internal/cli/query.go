package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/filter"
	"github.com/telltale-apk/telltale/cmd/internal/report"
)

// queryHelp describes the language. The table of terms is made from it.
func queryHelp() string {
	var b strings.Builder
	b.WriteString(`EXPR is made of terms KEY or KEY:VALUE, tied by and, or, not and parentheses:

   tracker and startup and not state:disabled
   sdk:umeng* and reads:imei
   registered:CN@filing or record:CN@company-seat
   package:com.example.* and not sdk:firebase*
   reset:never and by-startup

What "and" ties about one kind of thing is about the same thing: "sdk:umeng* and not
state:disabled" is an app with a product of Umeng that is not switched off. Where all terms
about a kind are negated there is no such thing in the app: "not sdk:umeng*". Values are
compared without regard to case; * stands for any text, a comma separates alternatives, and
quotes ("…") hold a value with blanks. Policies and --fail-on use the same language.

REPORTs were saved with --format json or ndjson, or with --db; other PATHs are not scanned.
Exit codes: 0 something was found; 4 nothing was; 2 the expression or a report is not sound.

Terms, by what they are about:
`)
	kind := ""
	for _, t := range filter.Terms() {
		if t.Kind != kind {
			kind = t.Kind
			fmt.Fprintf(&b, "\n %s\n", kind)
		}
		key := t.Key
		if t.Value != "" {
			key += ":" + t.Value
		}
		if len(key) > 26 {
			fmt.Fprintf(&b, "   %s\n   %-26s %s\n", key, "", t.Help)
			continue
		}
		fmt.Fprintf(&b, "   %-26s %s\n", key, t.Help)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (e *env) queryCommand() *cli.Command {
	return &cli.Command{
		Name: "query", Usage: "find apps and what is in them, in saved reports", ArgsUsage: "EXPR REPORT…",
		Description: queryHelp(),
		Flags: append(signatureFlags(),
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "text", Usage: "`FORMAT`: text, json, or count (of apps)"},
			outputFlag(),
			&cli.StringSliceFlag{Name: "db", Usage: "look in the database `FILE` that scan or report wrote with --db (may be repeated)"},
			colorFlag()),
		Action: e.query,
	}
}

// answer is one app with what was asked for.
type answer struct {
	Path        string    `json:"path"`
	SHA256      string    `json:"sha256"`
	Package     string    `json:"package"`
	VersionName string    `json:"version_name"`
	Status      string    `json:"status"`
	Things      []answers `json:"things"`
}

type answers struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	By   string `json:"by"`
	Text string `json:"text"`
}

func (e *env) query(c *cli.Context) error {
	if c.Args().Len() < 1 || c.Args().Len() < 2 && len(c.StringSlice("db")) == 0 {
		return usagef("query needs an EXPR, and REPORTs or --db FILE (see 'telltale help query')")
	}
	switch f := c.String("format"); f {
	case "text", "json", "count":
	default:
		return usagef("--format %q: use text, json or count", f)
	}
	x, err := filter.Parse(c.Args().First())
	if err != nil {
		return usagef("%q: %v (see 'telltale help query')", c.Args().First(), err)
	}
	rules, err := e.rules(c)
	if err != nil {
		return err
	}
	// Reports may know what these rules do not.
	if err := knownNames(func(key string) map[string]string {
		out := map[string]string{}
		for _, v := range x.Values(key) {
			out[v] = "query"
		}
		return out
	}, rules); err != nil {
		e.log.Warn(err)
	}
	found := []answer{}
	apps := 0
	look := func(a *event.App) error {
		apps++
		things, ok := x.Find(a)
		if !ok {
			return nil
		}
		n := answer{Path: a.Path, SHA256: a.SHA256, Package: a.Package, VersionName: a.VersionName, Status: string(a.Status), Things: []answers{}}
		for i := range things {
			n.Things = append(n.Things, answers{string(things[i].Kind), things[i].ID(), things[i].By, things[i].Say()})
		}
		found = append(found, n)
		return nil
	}
	for _, name := range c.Args().Tail() {
		s, done, err := e.openSaved(name)
		if err != nil {
			return err
		}
		err = s.Replay(func(m *event.Message) error {
			if m.App != nil {
				return look(m.App)
			}
			return nil
		})
		done()
		if err != nil {
			return &exitError{exitUsage, fmt.Sprintf("%s cannot be read: %v", name, err)}
		}
	}
	for _, name := range c.StringSlice("db") {
		if err := fromDB(name, func(*event.Start) {}, look); err != nil {
			return err
		}
	}
	if err := e.writeDocument(c, func(w io.Writer, o report.Options) error {
		return writeAnswers(w, found, apps, c.String("format"), o)
	}); err != nil {
		return err
	}
	if len(found) == 0 {
		return &exitError{code: exitNothing}
	}
	return nil
}

func writeAnswers(w io.Writer, found []answer, apps int, format string, o report.Options) error {
	b := bufio.NewWriter(w)
	switch format {
	case "json":
		text, err := report.EncodeJSON(found)
		if err != nil {
			return err
		}
		b.Write(append(text, '\n'))
	case "count":
		fmt.Fprintln(b, len(found))
	default:
		for _, a := range found {
			title := report.Clean(strings.TrimSpace(a.Package + " " + a.VersionName))
			if o.Color {
				title = "\x1b[1m" + title + "\x1b[0m"
			}
			fmt.Fprintf(b, "%s\n  %s\n", title, report.Clean(a.Path))
			for _, t := range a.Things {
				fmt.Fprintf(b, "    %s\n", report.Clean(t.Text))
			}
		}
		fmt.Fprintf(b, "%d of %d apps\n", len(found), apps)
	}
	return b.Flush()
}
