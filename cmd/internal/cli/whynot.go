package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
	"github.com/telltale-apk/telltale/signatures/whynot"
)

func (e *env) whyNotCommand() *cli.Command {
	return &cli.Command{
		Name:      "why-not",
		Usage:     "say clause by clause why a rule holds on an app or does not",
		ArgsUsage: "APK RULE",
		Description: "RULE is the id or name of an SDK's rule, or a rule file. Each clause is told with what was\n" +
			"seen and where, or with what comes nearest to it: a package one label off, a renamed one\n" +
			"that holds the right strings, another host of the domain.",
		Flags:  slices.Concat(scanFlags(), limitFlags(), signatureFlags()),
		Action: e.whyNot,
	}
}

func (e *env) whyNot(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usagef("why-not needs an APK and a RULE: the id or name of an SDK, or a rule file")
	}
	opt, rules, err := e.factOptions(c)
	if err != nil {
		return err
	}
	if opt.Profiles, err = e.profiles(c); err != nil {
		return err
	}
	what := c.Args().Get(1)
	var sdk *rule.SDK
	if strings.HasSuffix(what, ".yaml") || strings.HasSuffix(what, ".yml") {
		if sdk, _, err = readRule(what); err != nil {
			return err
		}
	} else if sdk = sdkCalled(rules, what); sdk == nil {
		return usagef("there is no rule %q of an SDK (see 'telltale signatures list --kind sdk')", what)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		return err
	}
	return e.tellClauses(c.Context, c.Args().First(), opt, compiled, sdk)
}

// sdkCalled returns the SDK or packer with this id or name, nil if there is none.
func sdkCalled(rules *signatures.Rules, what string) *rule.SDK {
	if s := rules.SDK(strings.ToLower(what)); s != nil {
		return s
	}
	for s := range signatures.All[rule.SDK](rules) {
		if strings.EqualFold(s.Name, what) {
			return s
		}
	}
	return nil
}

// tellClauses holds one rule against one app and writes what became of each of
// its clauses.
func (e *env) tellClauses(ctx context.Context, path string, opt scan.Options, compiled *signatures.Compiled, sdk *rule.SDK) error {
	var b bytes.Buffer
	err := scan.Facts(ctx, path, opt, func(set *fact.Set) error {
		a, err := whynot.Explain(ctx, set, compiled, sdk)
		if err == nil {
			writeClauses(&b, a)
			err = tellProfiles(ctx, &b, set, compiled, opt.Profiles, sdk.ID)
		}
		return err
	})
	switch {
	case errors.Is(err, scan.ErrNothing):
		return &exitError{exitNothing, err.Error()}
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	}
	_, err = io.Copy(e.stdout, &b)
	return err
}

func writeClauses(w io.Writer, a *whynot.Answer) {
	line := func(format string, args ...any) {
		fmt.Fprintln(w, report.Clean(fmt.Sprintf(format, args...)))
	}
	verdict := "does not hold"
	if a.Held {
		verdict = "holds"
	} else if a.Told {
		verdict = "does not hold, but classes of the product are named"
	}
	line("rule %s (%s) %s: %s", a.SDK.ID, a.SDK.Name, verdict, a.Verdict)
	line("  it takes %s", a.Needs)
	kind := ""
	for _, c := range a.Clauses {
		if c.Kind != kind {
			kind = c.Kind
			line("  %s:", map[string]string{"signal": "signals", "wired": "shows that it is switched on", "disabled by": "shows that it is switched off", "version": "tells its version"}[kind])
		}
		text := c.Text
		if c.Number > 0 {
			text = fmt.Sprintf("%d. %s (%s)", c.Number, c.Text, c.Strength)
		}
		line("    %-10s %s", c.State, text)
		if ev := c.Evidence; ev != nil {
			loc := ev.Location
			if loc.Class == ev.Value {
				loc.Class = ""
			}
			at := placeText(loc)
			if ev.Count > 1 {
				at += fmt.Sprintf(", and %d more", ev.Count-1)
			}
			line("               %s%s", ev.Value, at)
		}
		for _, n := range c.Near {
			line("               near: %s — %s", n.Value, n.Why)
		}
	}
}

// placeText says where something stands.
func placeText(l finding.Location) string {
	var b strings.Builder
	if l.Unit != "" {
		b.WriteString(" in " + l.Unit)
	}
	if l.Class != "" {
		b.WriteString(" " + l.Class)
		if l.Method != "" {
			b.WriteString("->" + l.Method)
		}
	}
	if l.Offset != nil {
		fmt.Fprintf(&b, " @%d", *l.Offset)
	}
	return b.String()
}
