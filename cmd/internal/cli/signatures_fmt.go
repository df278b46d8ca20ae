package cli

import (
	"bytes"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/schema"
)

func (e *env) fmtCommand() *cli.Command {
	return &cli.Command{
		Name:      "fmt",
		Usage:     "bring rule files into canonical form",
		ArgsUsage: "PATH…",
		Description: "PATH is a rule file or a folder of them; files are rewritten in place and named if they\n" +
			"changed. Comments are kept, and the rule stays what it is. \"-\" reads standard input and\n" +
			"writes standard output, as editors want it.",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "check", Usage: "change nothing; name the files that would change, and exit with 1 if there are any"}},
		Action: e.format,
	}
}

func (e *env) format(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("signatures fmt needs a PATH: a rule file, a folder, or - for standard input")
	}
	changed, bad := 0, 0
	for _, arg := range c.Args().Slice() {
		if arg == "-" {
			text, err := io.ReadAll(io.LimitReader(e.stdin, signatures.MaxFileSize+1))
			if err != nil {
				return &exitError{exitUsage, "standard input cannot be read: " + err.Error()}
			}
			out, diags := signatures.Format("<stdin>", text)
			switch {
			case len(diags) > 0:
				return &exitError{exitUsage, (&signatures.LoadError{Diagnostics: diags}).Error()}
			case !c.Bool("check"):
				if _, err := e.stdout.Write(out); err != nil {
					return err
				}
			case !bytes.Equal(out, text):
				changed++
				fmt.Fprintln(e.stdout, "<stdin>")
			}
			continue
		}
		files, err := listRuleFiles(arg)
		if err != nil {
			return err
		}
		for _, f := range files {
			text, err := readRuleFile(f)
			if err != nil {
				return err
			}
			out, diags := signatures.Format(f, text)
			for _, d := range diags {
				fmt.Fprintln(e.stderr, cleanLines(d.String()))
			}
			if len(diags) > 0 {
				bad++
				continue
			}
			if bytes.Equal(out, text) {
				continue
			}
			changed++
			fmt.Fprintln(e.stdout, f)
			if c.Bool("check") {
				continue
			}
			w, err := createAtomic(f)
			if err != nil {
				return &exitError{exitUsage, err.Error()}
			}
			if _, err := w.Write(out); err != nil {
				w.discard()
				return &exitError{exitUsage, fmt.Sprintf("%s cannot be written: %s", f, errText(err))}
			}
			if err := w.commit(); err != nil {
				return &exitError{exitUsage, fmt.Sprintf("%s cannot be written: %s", f, errText(err))}
			}
		}
	}
	switch {
	case bad > 0:
		return &exitError{exitUsage, fmt.Sprintf("%d %s cannot be read, and nothing of it was changed", bad, plural("file", bad))}
	case changed > 0 && c.Bool("check"):
		return &exitError{exitForbidden, fmt.Sprintf("%d %s not in canonical form: run 'telltale signatures fmt'", changed, plural("file", changed))}
	}
	return nil
}

func (e *env) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of rule files",
		Description: "Put it into a file, and name that in the first line of a rule, so that editors complete\n" +
			"and check what you write:\n\n   # yaml-language-server: $schema=rule.schema.json",
		Action: func(*cli.Context) error {
			_, err := e.stdout.Write(schema.JSON())
			return err
		},
	}
}
