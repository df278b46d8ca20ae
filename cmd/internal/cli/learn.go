package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/learn"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) learnCommand() *cli.Command {
	return &cli.Command{
		Name:      "learn",
		Usage:     "propose a rule from the files of an SDK",
		ArgsUsage: "SDK…",
		Description: "SDK is an AAR, JAR, APK, DEX or frozen facts; several are taken for versions of one\n" +
			"product, and what lasts is kept. The rule goes to standard output (or --output FILE),\n" +
			"the reasons for and against each candidate to standard error.\n\n" +
			"Left out is what rules of other products name, what common libraries hold, and what\n" +
			"stands in apps of --against that do not carry the product.\n\n" + profileHelp,
		Flags: slices.Concat(limitFlags(), signatureFlags(), profileFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "version-of", Usage: "the version of an SDK, as `FILE=VERSION` (or VERSION, if there is one file; default: as the file's name ends)"},
			&cli.StringSliceFlag{Name: "against", Usage: "drop what also stands in the apps or frozen facts of `DIR`, unless they carry the product (may be repeated)"},
			&cli.StringFlag{Name: "id", Usage: "`ID` of the rule; that of a rule that is there already replaces it"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the product"},
			&cli.StringFlag{Name: "vendor", Usage: "`ID` of the vendor's rule"},
			&cli.StringFlag{Name: "category", Usage: "`CATEGORY` of the product"},
			&cli.StringFlag{Name: "source", Usage: "`WHERE` the files can be had, for the evidence"},
			&cli.StringFlag{Name: "date", Usage: "`DATE` of the evidence, YYYY-MM-DD (default: today)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the rule, or the index, to `FILE`"},
			&cli.BoolFlag{Name: "all", Usage: "tell every reason, not only the first of each kind"},
		}),
		Action: e.learn,
	}
}

// fileVersion is the version at the end of a file's name.
var fileVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[-_.]?[vV]?(\d+(?:\.\d+)+(?:[-+.][0-9A-Za-z]+)*?)(?:[-_.](?:release|debug|all|android|sources))*$`)
})

func versionOfName(name string) string {
	name = strings.TrimSuffix(path.Base(filepath.ToSlash(name)), path.Ext(name))
	if m := fileVersion().FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

func (e *env) learn(c *cli.Context) error {
	if c.Bool("profile") {
		return e.profileLearn(c)
	}
	if !c.Args().Present() {
		return usagef("signatures learn needs an SDK: an AAR, JAR, APK or DEX")
	}
	files := c.Args().Slice()
	versions := map[string]string{}
	for _, v := range c.StringSlice("version-of") {
		name, version, ok := strings.Cut(v, "=")
		switch {
		case !ok && len(files) == 1:
			name, version = files[0], v
		case !ok:
			return usagef("--version-of %s: with several files write FILE=VERSION", v)
		case !slices.ContainsFunc(files, func(f string) bool { return f == name || filepath.Base(f) == name }):
			return usagef("--version-of %s: %s is not among the files", v, name)
		}
		versions[name] = version
	}
	date := c.String("date")
	if date == "" {
		date = time.Now().Format(time.DateOnly)
	} else if _, err := time.Parse(time.DateOnly, date); err != nil {
		return usagef("--date %q: write YYYY-MM-DD", date)
	}
	if s := c.String("category"); s != "" {
		if _, ok := rule.Categories[s]; !ok {
			return usagef("--category %q: there is no such category (see 'telltale signatures schema')", s)
		}
	}
	opt, rules, err := e.factOptions(c)
	if err != nil {
		return err
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		return err
	}
	l, err := learn.New(compiled, learn.Options{ID: c.String("id"), Name: c.String("name"), Vendor: c.String("vendor"), Category: c.String("category"), Date: date})
	if err != nil {
		return err
	}
	for _, f := range files {
		version, ok := versions[f]
		if !ok {
			version, ok = versions[filepath.Base(f)]
		}
		if !ok {
			version = versionOfName(f)
		}
		err := scan.Facts(c.Context, f, opt, func(s *fact.Set) error {
			return l.Add(c.Context, learn.Artefact{Name: filepath.Base(f), SHA256: s.App.SHA256, Source: c.String("source"), Version: version, Set: s})
		})
		switch {
		case errors.Is(err, scan.ErrNothing):
			return &exitError{exitNothing, err.Error()}
		case err != nil:
			return &exitError{exitUsage, err.Error()}
		}
	}
	for _, dir := range c.StringSlice("against") {
		err := scan.EachFacts(c.Context, []string{dir}, e.stdin, opt, func(_ string, err error) { e.log.Warn(err.Error()) },
			func(name string, s *fact.Set) error { return l.Against(c.Context, name, s) })
		if err != nil {
			return &exitError{exitUsage, fmt.Sprintf("--against %s: %v", dir, err)}
		}
	}
	p, err := l.Propose(c.Context)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	if !c.Bool("quiet") {
		tellReasons(e.stderr, p, len(c.StringSlice("against")) > 0, c.Bool("all"))
	}
	if len(p.Rule.Signals) == 0 {
		return &exitError{exitNothing, "nothing is left that tells this product from others: see the reasons above"}
	}
	text, err := ruleText(p.Rule)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	if name := c.String("output"); name != "" {
		return writeAtomic(name, text)
	}
	_, err = e.stdout.Write(text)
	return err
}

// factOptions are the options of a command that reads facts and uses rules.
func (e *env) factOptions(c *cli.Context) (scan.Options, *signatures.Rules, error) {
	limits, maxTime, err := limits(c)
	if err != nil {
		return scan.Options{}, nil, err
	}
	rules, err := e.rules(c)
	return scan.Options{Jobs: 1, Limits: limits, MaxTime: maxTime}, rules, err
}

// writeAtomic writes a file that appears when it is whole.
func writeAtomic(name string, text []byte) error {
	f, err := createAtomic(name)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	if _, err := f.Write(text); err != nil {
		f.discard()
		return &exitError{exitUsage, err.Error()}
	}
	return f.commit()
}

// ruleText is a rule as a file, which the loader was shown to take.
func ruleText(v any) ([]byte, error) {
	text, err := yaml.Marshal(v)
	if err != nil {
		return nil, err
	}
	if _, err := signatures.LoadFile("proposal", text); err != nil {
		return nil, fmt.Errorf("the proposal is not a valid rule, which is a fault of telltale's own: %w", err)
	}
	out, diags := signatures.Format("proposal", text)
	if out == nil {
		return nil, &signatures.LoadError{Diagnostics: diags}
	}
	return out, nil
}

// tellReasons writes why a proposal is what it is.
func tellReasons(w io.Writer, p *learn.Proposal, against, all bool) {
	var b bytes.Buffer
	say := func(format string, args ...any) {
		fmt.Fprintf(&b, "%s\n", report.Clean(fmt.Sprintf(format, args...)))
	}
	say("%d of %d classes speak for the product.", p.Own, p.Classes)
	for _, o := range p.Owners {
		if o.Claims {
			say("The rule %s (%s) already claims it: %d classes. Nothing of it was subtracted.", o.ID, o.Name, o.Classes)
		}
	}
	if len(p.Reads) > 0 {
		say("Its code asks for %s.", strings.Join(p.Reads, ", "))
	}
	kept := true
	shown := map[string]int{}
	for i, r := range p.Reasons {
		if i == 0 || r.Kept != kept {
			kept = r.Kept
			if b.WriteByte('\n'); kept {
				say("kept:")
			} else {
				say("left out:")
			}
		}
		kind, _, _ := strings.Cut(r.What, ":")
		if shown[kind]++; !kept && !all && shown[kind] > 20 {
			continue
		}
		say("  %s — %s", r.What, r.Why)
	}
	b.WriteByte('\n')
	held, carry := 0, 0
	for _, s := range p.Against {
		switch {
		case s.Carries:
			carry++
			say("%s carries the product and was not counted.", s.Name)
		case s.Held:
			held++
			say("The rule still holds on %s, which does not carry the product.", s.Name)
		}
	}
	if against {
		say("False positives seen: %d of %d apps.", held, len(p.Against)-carry)
	} else {
		say("False positives: not measured against apps (use --against DIR).")
	}
	if p.Matrix != nil {
		say("Versions %s:", strings.Join(p.Matrix.Versions, ", "))
		for _, r := range p.Matrix.Rows {
			line := make([]byte, len(r.In))
			for i, in := range r.In {
				line[i] = '.'
				if in {
					line[i] = 'x'
				}
			}
			say("  %s %s", line, r.Class)
		}
	}
	for _, f := range p.Failures {
		say("The example %s %d of the proposal fails: %s", f.List, f.Item+1, f.Message)
	}
	w.Write(b.Bytes())
}
