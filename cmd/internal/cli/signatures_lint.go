package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/lint/checks"
)

func (e *env) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "look for what is unwise in rules",
		ArgsUsage: "PATH…",
		Description: "PATH is a rule file, a folder of them, or - for standard input. A folder laid out like the\n" +
			"bundled database is looked at by itself, all else on top of the bundled rules.\n\n" +
			"Exits with 1 if anything of the severity or worse was found.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "severity", Value: "warning", Usage: "the least `SEVERITY` that is told and that fails: error, warning or advice"},
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "text", Usage: "`FORMAT`: text, json (one finding a line) or sarif"},
			&cli.StringSliceFlag{Name: "check", Usage: "only the check `ID` (may be repeated)"},
			&cli.StringFlag{Name: "explain", Usage: "tell what the check `ID` is about, with a bad and a good example"},
			&cli.BoolFlag{Name: "list", Usage: "list all checks"},
			&cli.BoolFlag{Name: "suppressed", Usage: "tell also what rules suppress, with their reasons"},
		},
		Action: e.lint,
	}
}

var lintSeverities = []signatures.Severity{signatures.Error, signatures.Warning, signatures.Advice}

func (e *env) lint(c *cli.Context) error {
	if id := c.String("explain"); id != "" {
		return e.explainCheck(id)
	}
	if c.Bool("list") {
		for _, k := range checks.All() {
			fmt.Fprintf(e.stdout, "%-28s %-8s %s\n", k.ID, k.Severity, k.Doc.Title)
		}
		return nil
	}
	if !c.Args().Present() {
		return usagef("signatures lint needs a PATH: a rule file, a folder, or - for standard input")
	}
	least := slices.IndexFunc(lintSeverities, func(s signatures.Severity) bool { return s.String() == c.String("severity") })
	if least < 0 {
		return usagef("--severity %q: use error, warning or advice", c.String("severity"))
	}
	var write func(io.Writer, []lint.Finding) error
	switch f := c.String("format"); f {
	case "text":
		write = lintText
	case "json":
		write = lintJSON
	case "sarif":
		write = lintSARIF
	default:
		return usagef("--format %q: use text, json or sarif", f)
	}
	only := c.StringSlice("check")
	for _, id := range only {
		if checks.Find(id) == nil {
			return usagef("--check %q: there is no such check (see 'telltale signatures lint --list')", id)
		}
	}

	var found []lint.Finding
	files, err := e.ruleFiles(c.Args().Slice())
	var le *signatures.LoadError
	switch {
	case errors.As(err, &le):
		found = lint.FromLoader(le.Diagnostics)
	case err != nil:
		return err
	default:
		found, err = lint.Run(files.rules, lint.Options{Checks: checks.All(), Only: files.only, Today: time.Now().UTC()})
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
	}
	counts := map[signatures.Severity]int{}
	suppressed := 0
	var told []lint.Finding
	for _, f := range found {
		switch {
		case len(only) > 0 && !slices.Contains(only, f.Code):
		case f.Suppressed != "":
			suppressed++
			if c.Bool("suppressed") {
				told = append(told, f)
			}
		case int(f.Severity) <= least:
			counts[f.Severity]++
			told = append(told, f)
		}
	}
	if err := write(e.stdout, told); err != nil {
		return err
	}
	n := 0
	if files != nil && files.rules != nil {
		for s := range files.rules.Sources() {
			if name, _ := s.File(); files.only(name) {
				n++
			}
		}
	}
	var parts []string
	for _, s := range lintSeverities[:least+1] {
		parts = append(parts, fmt.Sprintf("%d %s", counts[s], plural(s.String(), counts[s])))
	}
	if c.String("format") == "text" {
		fmt.Fprintf(e.stdout, "%d %s: %s, %d suppressed\n", n, plural("rule", n), strings.Join(parts, ", "), suppressed)
	}
	if counts[signatures.Error]+counts[signatures.Warning]+counts[signatures.Advice] > 0 {
		return &exitError{code: exitForbidden}
	}
	return nil
}

func plural(word string, n int) string {
	if n == 1 || word == "advice" {
		return word
	}
	return word + "s"
}

func (e *env) explainCheck(id string) error {
	k := checks.Find(id)
	if k == nil {
		return usagef("there is no check %q (see 'telltale signatures lint --list')", id)
	}
	fmt.Fprint(e.stdout, k.Doc.Text)
	if k.ByLoader() {
		fmt.Fprintf(e.stdout, "\nSeverity: %s. Rules with this are not loaded, so it cannot be suppressed.\n", k.Severity)
	} else {
		fmt.Fprintf(e.stdout, "\nSeverity: %s. To switch it off for one rule:\n\n```yaml\nsuppress:\n  - lint: %s\n    reason: <why it does not hold for this rule>\n```\n", k.Severity, k.ID)
	}
	return nil
}

func lintText(w io.Writer, found []lint.Finding) error {
	for _, f := range found {
		text := cleanLines(f.String())
		if f.Suppressed != "" {
			text += "\n      suppressed: " + report.Clean(f.Suppressed)
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}

func lintJSON(w io.Writer, found []lint.Finding) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range found {
		err := enc.Encode(struct {
			Check      string `json:"check"`
			Severity   string `json:"severity"`
			File       string `json:"file"`
			Line       int    `json:"line"`
			Column     int    `json:"column"`
			Kind       string `json:"kind,omitempty"`
			Rule       string `json:"rule,omitempty"`
			Message    string `json:"message"`
			Suppressed string `json:"suppressed,omitempty"`
		}{f.Code, f.Severity.String(), f.File, f.Line, f.Column, string(f.Kind), f.Rule, f.Message, f.Suppressed})
		if err != nil {
			return err
		}
	}
	return nil
}

// lintSARIF writes SARIF 2.1.0, for code hosts that show findings in changes.
func lintSARIF(w io.Writer, found []lint.Finding) error {
	type object = map[string]any
	levels := map[signatures.Severity]string{signatures.Error: "error", signatures.Warning: "warning", signatures.Advice: "note"}
	index := map[string]int{}
	var rules, results []any
	for _, k := range checks.All() {
		index[k.ID] = len(rules)
		rules = append(rules, object{
			"id": k.ID, "shortDescription": object{"text": k.Doc.Title},
			"help":                 object{"text": k.Doc.Text, "markdown": k.Doc.Text},
			"defaultConfiguration": object{"level": levels[k.Severity]},
		})
	}
	for _, f := range found {
		result := object{
			"ruleId": f.Code, "level": levels[f.Severity], "message": object{"text": f.Message},
			"locations": []any{object{"physicalLocation": object{
				"artifactLocation": object{"uri": f.File},
				"region":           object{"startLine": max(1, f.Line), "startColumn": max(1, f.Column)},
			}}},
		}
		if i, ok := index[f.Code]; ok {
			result["ruleIndex"] = i
		}
		if f.Suppressed != "" {
			result["suppressions"] = []any{object{"kind": "inSource", "justification": f.Suppressed}}
		}
		results = append(results, result)
	}
	if results == nil {
		results = []any{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(object{
		"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"version": "2.1.0",
		"runs":    []any{object{"tool": object{"driver": object{"name": "telltale signatures lint", "version": version, "rules": rules}}, "results": results}},
	})
}
