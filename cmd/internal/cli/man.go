package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// manCommand writes the manual as man pages: one for the program and one for
// each command, made from the commands and flags themselves. Release builds put
// them beside the program.
func (e *env) manCommand() *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "write the manual as man pages", ArgsUsage: "DIR", Hidden: true,
		Action: func(c *cli.Context) error {
			if c.Args().Len() != 1 {
				return usagef("man needs the DIR to write man pages to")
			}
			dir := c.Args().First()
			for name, page := range manPages(c.App) {
				if err := os.WriteFile(filepath.Join(dir, name), page, 0o666); err != nil {
					return &exitError{exitUsage, fmt.Sprintf("%s cannot be written: %s", name, errText(err))}
				}
			}
			return nil
		},
	}
}

// manPages renders all pages, by file name.
func manPages(app *cli.App) map[string][]byte {
	out := map[string][]byte{}
	var list []*cli.Command // that do something, with their full names
	var walk func(prefix string, cs []*cli.Command)
	walk = func(prefix string, cs []*cli.Command) {
		for _, c := range cs {
			if c.Hidden || c.Name == "help" {
				continue
			}
			full := *c
			full.Name = prefix + " " + c.Name
			if subs := slices.DeleteFunc(slices.Clone(c.Subcommands), func(s *cli.Command) bool { return s.Name == "help" }); len(subs) > 0 {
				walk(full.Name, subs)
				continue
			}
			list = append(list, &full)
		}
	}
	walk(app.Name, app.Commands)

	var b bytes.Buffer
	manHead(&b, app.Name, app.Usage)
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I COMMAND\n[\\fIFLAG\\fR\\|.\\|.\\|.] [\\fIARGUMENT\\fR\\|.\\|.\\|.]\n.SH DESCRIPTION\n", roff(app.Name))
	manText(&b, app.Description)
	b.WriteString(".SH COMMANDS\n")
	for _, c := range list {
		page := strings.ReplaceAll(c.Name, " ", "-")
		fmt.Fprintf(&b, ".TP\n.B %s\n%s. See\n.BR %s (1).\n", roff(c.Name), roff(c.Usage), roff(page))
	}
	b.WriteString(`.SH EXIT STATUS
.TP
.B 0
Everything was analysed.
.TP
.B 1
Something was found that is forbidden, or is new.
.TP
.B 2
The command line, a policy or a signature is not sound.
.TP
.B 3
Something was analysed only in part, or not at all.
.TP
.B 4
There was nothing to look at.
.TP
.BR 130 ", " 143 ", " 141
It was interrupted, or nobody reads its output any more.
`)
	out[app.Name+".1"] = b.Bytes()

	for _, c := range list {
		var b bytes.Buffer
		page := strings.ReplaceAll(c.Name, " ", "-")
		manHead(&b, page, c.Usage)
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n[\\fIFLAG\\fR\\|.\\|.\\|.]\n%s\n", roff(c.Name), roff(c.ArgsUsage))
		if c.Description != "" {
			b.WriteString(".SH DESCRIPTION\n")
			manText(&b, c.Description)
		}
		b.WriteString(".SH FLAGS\n")
		for _, f := range c.VisibleFlags() {
			manFlag(&b, f)
		}
		fmt.Fprintf(&b, ".SH SEE ALSO\n.BR %s (1)\n", roff(app.Name))
		out[page+".1"] = b.Bytes()
	}
	return out
}

func manHead(b *bytes.Buffer, name, usage string) {
	fmt.Fprintf(b, ".TH %s 1 \"\" \"telltale %s\" \"Telltale\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(name)), roff(version), roff(name), roff(usage))
}

// manText writes text as it stands: its lines and columns mean something.
func manText(b *bytes.Buffer, text string) {
	b.WriteString(".nf\n")
	for line := range strings.Lines(text) {
		b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
	b.WriteString(".fi\n")
}

func manFlag(b *bytes.Buffer, f cli.Flag) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return
	}
	value, usage := "", d.GetUsage()
	if head, rest, ok := strings.Cut(usage, "`"); ok {
		if name, tail, ok := strings.Cut(rest, "`"); ok {
			value, usage = name, head+name+tail
		}
	}
	var names []string
	for _, n := range f.Names() {
		dash := "--"
		if len(n) == 1 {
			dash = "-"
		}
		names = append(names, `\fB`+roff(dash+n)+`\fR`)
	}
	if d.TakesValue() {
		names[0] += ` \fI` + roff(cmp.Or(value, "VALUE")) + `\fR`
	}
	if def := d.GetDefaultText(); def != "" && d.TakesValue() && def != `""` && !strings.Contains(usage, "(default") {
		usage += " (default: " + strings.Trim(def, `"`) + ")"
	}
	fmt.Fprintf(b, ".TP\n%s\n%s\n", strings.Join(names, ", "), roff(usage))
}

// roff escapes text for a line of a man page.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "\n", " ").Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
