package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) testCommand() *cli.Command {
	return &cli.Command{
		Name:      "test",
		Usage:     "run the examples in rules",
		ArgsUsage: "PATH…",
		Description: "PATH is a rule file, a folder of them, or - for standard input. Each example goes through\n" +
			"the real matcher as an app of its own. With --artefacts, the files that rules name in\n" +
			"\"verified\" are scanned as well, where their hash is found.\n\n" +
			"Exits with 1 if something does not turn out as a rule says.",
		Flags: slices.Concat(limitFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "coverage", Usage: "list what no example exercises, and how much that is"},
			&cli.StringSliceFlag{Name: "artefacts", Usage: "look in `DIR` for files that rules name by hash, and scan them (may be repeated)"},
			&cli.BoolFlag{Name: "watch", Usage: "run again whenever a file changes, until interrupted"},
		}),
		Action: e.test,
	}
}

func (e *env) test(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("signatures test needs a PATH: a rule file, a folder, or - for standard input")
	}
	if !c.Bool("watch") {
		return e.testOnce(c)
	}
	args := c.Args().Slice()
	if slices.Contains(args, "-") {
		return usagef("--watch needs files: standard input does not change")
	}
	for before := ""; ; {
		now, err := stamp(args)
		if err != nil {
			return err
		}
		if now != before {
			before = now
			var ee *exitError
			if err := e.testOnce(c); errors.As(err, &ee) && ee.msg != "" {
				fmt.Fprintf(e.stderr, "telltale: %s\n", cleanLines(ee.msg))
			}
		}
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// watchEvery is how often files are looked at. Asking for the times of a few
// thousand files takes some milliseconds, and works on every file system.
const watchEvery = 300 * time.Millisecond

// stamp is different when a file was changed, added or removed.
func stamp(args []string) (string, error) {
	h := sha256.New()
	for _, a := range args {
		files, err := listRuleFiles(a)
		if err != nil {
			return "", err
		}
		for _, f := range files {
			// A file that is being replaced is missing for a moment.
			if st, err := os.Stat(f); err == nil {
				fmt.Fprintf(h, "%s %d %d\n", f, st.Size(), st.ModTime().UnixNano())
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (e *env) testOnce(c *cli.Context) error {
	files, err := e.ruleFiles(c.Args().Slice())
	var le *signatures.LoadError
	if errors.As(err, &le) {
		return &exitError{exitForbidden, le.Error()}
	}
	if err != nil {
		return err
	}
	var cover coverage
	rules, examples, failed := 0, 0, 0
	for s := range files.rules.Sources() {
		if name, _ := s.File(); !files.only(name) {
			continue
		}
		v := s.Rule()
		tests := signatures.Tests(v)
		if n := len(tests.Match) + len(tests.NoMatch); n > 0 {
			rules++
			examples += n
		}
		fails, err := signatures.Test(v)
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		for _, f := range fails {
			failed++
			d := s.Diagnostic(signatures.Error, "failing-example", []any{"tests", f.List, f.Item}, "%s", f.Message)
			fmt.Fprintln(e.stdout, cleanLines(d.String()))
		}
		if c.Bool("coverage") {
			if err := cover.add(e.stdout, s); err != nil {
				return &exitError{exitUsage, err.Error()}
			}
		}
	}
	if c.Bool("coverage") {
		cover.summary(e.stdout)
	}
	if dirs := c.StringSlice("artefacts"); len(dirs) > 0 {
		n, err := e.testArtefacts(c, files, dirs)
		if err != nil {
			return err
		}
		if n > 0 && failed == 0 {
			return &exitError{code: exitForbidden}
		}
	}
	if failed > 0 {
		fmt.Fprintf(e.stdout, "%d of %d examples in %d %s fail\n", failed, examples, rules, plural("rule", rules))
		return &exitError{code: exitForbidden}
	}
	fmt.Fprintf(e.stdout, "%d %s in %d %s pass\n", examples, plural("example", examples), rules, plural("rule", rules))
	return nil
}

// coverage counts what examples exercise, by the list in which it stands.
type coverage struct {
	lists       []string
	all, missed map[string]int
}

func (v *coverage) add(w io.Writer, s signatures.Source) error {
	if v.all == nil {
		v.all, v.missed = map[string]int{}, map[string]int{}
	}
	items, untested, err := signatures.Cover(s.Rule())
	if err != nil {
		return err
	}
	for list, n := range items {
		if !slices.Contains(v.lists, list) {
			v.lists = append(v.lists, list)
		}
		v.all[list] += n
	}
	for _, u := range untested {
		v.missed[u.List]++
		if s.Has(u.List, u.Item) { // the loader adds signals of Maven coordinates
			d := s.Diagnostic(signatures.Advice, "", []any{u.List, u.Item}, "no example exercises %s", u.Text)
			d.Excerpt = ""
			fmt.Fprintln(w, cleanLines(d.String()))
		}
	}
	return nil
}

func (v *coverage) summary(w io.Writer) {
	slices.Sort(v.lists)
	for _, l := range v.lists {
		n := v.all[l] - v.missed[l]
		fmt.Fprintf(w, "%-12s %d of %d exercised (%d %%)\n", l, n, v.all[l], 100*n/v.all[l])
	}
}

// testArtefacts scans the files that rules were verified against, as far as
// they are below dirs, with all rules, and tells what does not come out.
func (e *env) testArtefacts(c *cli.Context, files *ruleFiles, dirs []string) (failed int, err error) {
	wanted, classes := map[string]bool{}, map[string]bool{}
	for s := range files.rules.Sources() {
		if v, ok := s.Rule().(*rule.SDK); ok {
			for _, a := range v.Verified {
				wanted[a.SHA256] = true
			}
			for _, u := range memberUses(v) {
				classes[u.class] = true
			}
		}
	}
	at, err := findByHash(c.Context, dirs, wanted)
	if err != nil {
		return 0, err
	}
	compiled, err := signatures.Compile(files.rules)
	if err != nil {
		return 0, &exitError{exitUsage, err.Error()}
	}
	lim, maxTime, err := limits(c)
	if err != nil {
		return 0, err
	}
	opt := scan.Options{Rules: compiled, Jobs: 1, Limits: lim, MaxTime: maxTime}
	apps := map[string]products{} // by hash
	defined := map[string]definitions{}
	look := func(sha string) (products, error) {
		if a, ok := apps[sha]; ok {
			return a, nil
		}
		err := scan.Facts(c.Context, at[sha], opt, func(set *fact.Set) error {
			defined[sha] = readDefinitions(set, classes)
			return nil
		})
		if err != nil && c.Context.Err() != nil {
			return nil, err // else the scan tells what is wrong
		}
		_, err = scan.Paths(c.Context, []string{at[sha]}, strings.NewReader(""), opt, func(a *event.App) error {
			if apps[sha] == nil {
				apps[sha] = products{}
			}
			for _, p := range a.SDKs {
				version := ""
				if p.Version != nil {
					version = p.Version.Value
				}
				apps[sha][p.ID] = version
			}
			return nil
		})
		return apps[sha], err
	}
	checked, missing := 0, 0
	var members memberReport
	for s := range files.rules.Sources() {
		v, ok := s.Rule().(*rule.SDK)
		if name, _ := s.File(); !ok || !files.only(name) {
			continue
		}
		for i, a := range v.Verified {
			if at[a.SHA256] == "" {
				missing++
				continue
			}
			app, err := look(a.SHA256)
			if err != nil {
				return failed, &exitError{exitUsage, err.Error()}
			}
			checked++
			members.look(v, defined[a.SHA256])
			if why := verify(app, v, a); why != "" {
				failed++
				d := s.Diagnostic(signatures.Error, "failing-example", []any{"verified", i}, "%s (%s)", why, at[a.SHA256])
				fmt.Fprintln(e.stdout, cleanLines(d.String()))
			}
		}
		for _, d := range members.diagnostics(s, v) {
			fmt.Fprintln(e.stdout, cleanLines(d.String()))
		}
	}
	fmt.Fprintf(e.stdout, "%d %s checked, %d failed, %d not at hand\n", checked, plural("artefact", checked), failed, missing)
	return failed, nil
}

// products are what was found in a file: versions ("" if unknown) by id.
type products map[string]string

// verify compares a scan with what a rule says of the file, and returns what
// differs.
func verify(found products, v *rule.SDK, a rule.Artefact) string {
	version, ok := found[v.ID]
	switch {
	case found == nil:
		return "the artefact cannot be read"
	case !ok:
		return "the product is not found in the artefact"
	case a.Version != "" && version != "" && version != a.Version:
		return fmt.Sprintf("the version of the artefact reads as %q, not %q", version, a.Version)
	}
	return ""
}

// findByHash returns where files with the wanted hashes are.
func findByHash(ctx context.Context, dirs []string, wanted map[string]bool) (map[string]string, error) {
	at := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if ctx.Err() != nil || !d.Type().IsRegular() || len(wanted) == 0 {
				return ctx.Err()
			}
			f, err := os.Open(p)
			if err != nil {
				return nil // somebody else's file
			}
			defer f.Close()
			h := sha256.New()
			if _, err := io.Copy(h, f); err != nil {
				return nil
			}
			if sum := hex.EncodeToString(h.Sum(nil)); wanted[sum] && at[sum] == "" {
				at[sum] = p
			}
			return nil
		})
		if err != nil {
			return nil, usagef("--artefacts %s: %s", dir, errText(err))
		}
	}
	return at, nil
}
