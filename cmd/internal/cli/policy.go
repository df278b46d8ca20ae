package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/policy"
)

// policyFile is what a policy is called where no name is given.
const policyFile = "telltale.yaml"

func (e *env) policyCommand() *cli.Command {
	return &cli.Command{
		Name: "policy", Usage: "say what apps may carry, name and ask for",
		Subcommands: []*cli.Command{
			{
				Name: "init", Usage: "write a policy to begin with", ArgsUsage: "[FILE]",
				Description: "FILE is telltale.yaml unless named. A file that is there already is left alone.",
				Action:      e.policyInit,
			},
			{
				Name: "check", Usage: "check a policy, and judge saved reports by it", ArgsUsage: "[FILE [REPORT…]]",
				Description: "FILE is telltale.yaml unless named, or the name of a preset. REPORTs were written with --format json\n" +
					"or ndjson; they are judged without looking at any app again, and told in the format\n" +
					"that is asked for. Exit codes: 0 the policy is sound (and the reports obey it); 1 they do\n" +
					"not, or a suppression has expired; 2 it is not sound.",
				Flags: slices.Concat(outputFlags(), signatureFlags(), []cli.Flag{
					&cli.StringFlag{Name: "baseline", Usage: "let pass what `FILE`, an earlier JSON or NDJSON report, has"},
					&cli.StringFlag{Name: "today", Usage: "judge suppressions as on `DAY`, YYYY-MM-DD (default: the clock's)"},
				}),
				Action: e.policyCheck,
			},
			{
				Name: "show", Usage: "print a preset, or list them", ArgsUsage: "[NAME]",
				Action: e.policyShow,
			},
			{
				Name: "schema", Usage: "print the JSON Schema of telltale.yaml",
				Action: func(*cli.Context) error {
					_, err := e.stdout.Write(policy.SchemaJSON)
					return err
				},
			},
		},
	}
}

func (e *env) policyInit(c *cli.Context) error {
	if c.Args().Len() > 1 {
		return usagef("policy init takes one FILE")
	}
	name := policyFile
	if c.Args().Present() {
		name = c.Args().First()
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s is there already: 'telltale policy check %s' checks it", name, name)
	}
	if err == nil {
		_, err = f.Write(policy.Template)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &exitError{exitUsage, fmt.Sprintf("%s cannot be written: %s", name, errText(err))}
	}
	fmt.Fprintf(e.stdout, "%s is written. Try it: telltale scan --policy %s APK…\n", name, name)
	return nil
}

func (e *env) policyShow(c *cli.Context) error {
	if c.Args().Len() > 1 {
		return usagef("policy show takes one NAME")
	}
	if c.Args().Present() {
		text, err := policy.PresetText(c.Args().First())
		if err != nil {
			return usagef("%v", err)
		}
		_, err = e.stdout.Write(text)
		return err
	}
	for _, name := range policy.Presets() {
		text, err := policy.PresetText(name)
		if err != nil {
			return usagef("%v", err)
		}
		// The comment that a preset begins with says whom it is for.
		var about []string
		for line := range strings.Lines(string(text)) {
			l, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			if !ok {
				break
			}
			about = append(about, l)
		}
		first, _, _ := strings.Cut(strings.Join(about, " "), ". ")
		fmt.Fprintf(e.stdout, "%-15s %s\n", name, strings.TrimSuffix(first, "."))
	}
	return nil
}

func (e *env) policyCheck(c *cli.Context) error {
	name := policyFile
	if c.Args().Present() {
		name = c.Args().First()
	}
	rules, err := e.rules(c)
	if err != nil {
		return err
	}
	p, err := loadPolicy(name)
	if err != nil {
		return err
	}
	today, err := e.today(c)
	if err != nil {
		return err
	}
	d := &demands{policy: policy.Combine(today, p)}
	if err := knownNames(d.policy.Names, rules); err != nil {
		return err
	}
	d.info = d.policy.Event()
	if c.Args().Len() < 2 {
		if c.IsSet("format") || c.IsSet("output") || c.IsSet("baseline") {
			return usagef("policy check judges nothing without a REPORT, so that --format, --output and --baseline mean nothing")
		}
		fmt.Fprintf(e.stdout, "%s is sound: %d rules, %d overrides, %d suppressions\n", name, len(d.policy.Rules), len(d.policy.Overrides), len(d.policy.Suppressions))
		if x := d.policy.Expired(); len(x) > 0 {
			return &exitError{exitForbidden, strings.Join(x, "\n")}
		}
		return nil
	}
	if b := c.String("baseline"); b != "" {
		if err := e.readBaseline(d, b, rules); err != nil {
			return err
		}
	}
	// What an earlier run said about its own demands does not count here; what
	// it said about what could not be read does.
	failed := false
	replay := func(h func(*event.Message) error) error {
		return e.replayAll(c.Args().Slice()[1:], false, func(m *event.Message) error {
			switch {
			case m.Start != nil:
				s := *m.Start
				s.Policy = d.info
				return h(&event.Message{Start: &s})
			case m.App != nil:
				return h(&event.Message{App: d.judge(m.App)})
			}
			s := *m.Summary
			s.ExitReasons = append(slices.Clone(d.end(e.log.Warnf)), slices.DeleteFunc(slices.Clone(s.ExitReasons), func(r event.ExitReason) bool { return r.Code == exitForbidden })...)
			failed = len(d.reasons) > 0
			return h(&event.Message{Summary: &s})
		})
	}
	if err := e.writeReport(c, c.StringSlice("format"), replay); err != nil {
		return err
	}
	if failed {
		return &exitError{code: exitForbidden}
	}
	return nil
}
