package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/corpus"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) tryCommand() *cli.Command {
	return &cli.Command{
		Name:      "try",
		Usage:     "show which apps of a folder of frozen facts a rule gains and loses",
		ArgsUsage: "RULE FACTS-DIR",
		Description: "RULE is the YAML file of an SDK or packer. The apps that it tells of are compared with\n" +
			"those of the rule that has its id now; with --watch, with those before each save. The\n" +
			"result is what a scan of all apps with all rules would match; profiles are not looked at, and\n" +
			"an app that is itself of the product's family is told. An index that makes this fast is\n" +
			"kept in FACTS-DIR as " + corpus.IndexName + " (if it cannot be written, it is made each time).",
		Flags: append(signatureFlags(),
			&cli.BoolFlag{Name: "watch", Usage: "go on, and tell what each save of RULE changes"},
			&cli.BoolFlag{Name: "all", Usage: "tell apps that stay as they were, too"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, DefaultText: "the number of processors", Usage: "look at `N` apps at the same time"},
		),
		Action: e.try,
	}
}

// openCorpus opens a folder of frozen facts and brings its index up to date.
func (e *env) openCorpus(ctx context.Context, dir string, jobs int) (*corpus.Corpus, error) {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return nil, usagef("%s: %s", dir, cmp.Or(errText(err), "is not a folder"))
	}
	name := filepath.Join(dir, corpus.IndexName)
	index, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		e.log.Warn("the index is made anew: " + err.Error())
	}
	c, err := corpus.Open(os.DirFS(dir), index)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	if err := c.Update(ctx, jobs, nil); err != nil {
		return nil, err
	}
	for _, s := range c.Skipped {
		e.log.Warn(s)
	}
	if c.Len() == 0 {
		return nil, &exitError{exitNothing, "there are no frozen facts in " + dir + " (make them with 'telltale facts')"}
	}
	if c.Fresh > 0 {
		e.log.WithField("apps", c.Fresh).Info("indexed")
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
		if err := writeAtomic(name, b.Bytes()); err != nil {
			e.log.Warn("the index cannot be kept: " + err.Error())
		}
	}
	return c, nil
}

func (e *env) try(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usagef("signatures try needs a RULE (a YAML file) and a folder of frozen facts")
	}
	file, dir := c.Args().Get(0), c.Args().Get(1)
	base, err := e.rules(c)
	if err != nil {
		return err
	}
	jobs := cmp.Or(c.Int("jobs"), runtime.GOMAXPROCS(0))
	sdk, state, err := readRule(file)
	if err != nil {
		return err
	}
	apps, err := e.openCorpus(c.Context, dir, jobs)
	if err != nil {
		return err
	}
	all, err := signatures.Compile(base)
	if err != nil {
		return err
	}
	run := func(s *rule.SDK) (*corpus.Tried, error) {
		t, err := apps.Try(c.Context, all, s, extract.Graph, jobs)
		if err != nil && c.Context.Err() == nil {
			err = &exitError{exitUsage, err.Error()}
		}
		return t, err
	}
	var before *corpus.Tried
	if old := base.SDK(sdk.ID); old != nil && !bytes.Equal(signatures.Canonical(old), signatures.Canonical(sdk)) {
		if before, err = run(old); err != nil {
			return err
		}
	}
	after, err := run(sdk)
	if err != nil {
		return err
	}
	if before == nil && base.SDK(sdk.ID) != nil {
		before = after // the rule is as it was
	}
	e.tellTried(apps.Len(), before, after, c.Bool("all"))
	if !c.Bool("watch") {
		return nil
	}
	for {
		changed, err := waitForChange(c.Context, file, state)
		if err != nil {
			return nil // interrupted
		}
		state = changed
		next, _, err := readRule(file)
		if err != nil {
			fmt.Fprintf(e.stdout, "%s\n\n", cleanLines(err.Error()))
			continue
		}
		before = after
		if after, err = run(next); err != nil {
			return err
		}
		e.tellTried(apps.Len(), before, after, c.Bool("all"))
	}
}

// fileState tells one state of a file from another.
type fileState struct {
	size int64
	at   time.Time
}

func stateOf(file string) fileState {
	st, err := os.Stat(file)
	if err != nil {
		return fileState{}
	}
	return fileState{st.Size(), st.ModTime()}
}

// waitForChange waits until a file is another, and has been for a moment:
// editors write in steps.
func waitForChange(ctx context.Context, file string, old fileState) (fileState, error) {
	const step = 50 * time.Millisecond
	last := old
	for {
		select {
		case <-ctx.Done():
			return old, ctx.Err()
		case <-time.After(step):
		}
		now := stateOf(file)
		if now == last && now != old && now != (fileState{}) {
			return now, nil
		}
		last = now
	}
}

// readRule reads the rule of one file.
func readRule(file string) (*rule.SDK, fileState, error) {
	at := stateOf(file)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, at, usagef("%s: %s", file, errText(err))
	}
	name := filepath.Base(file)
	if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
		return nil, at, usagef("%s is no YAML file", file)
	}
	r, err := signatures.LoadFile(file, text)
	if err != nil {
		return nil, at, &exitError{exitUsage, err.Error()}
	}
	for s := range signatures.All[rule.SDK](r) {
		return s, at, nil
	}
	return nil, at, usagef("%s holds no rule of kind sdk or packer: use 'telltale signatures diff' for others", file)
}

// tellTried writes which hits were gained and lost.
func (e *env) tellTried(apps int, before, after *corpus.Tried, all bool) {
	var b bytes.Buffer
	lines := func(t *corpus.Tried) []string {
		var out []string
		if t != nil {
			for i := range t.Hits {
				out = append(out, t.Hits[i].Line())
			}
		}
		return out
	}
	old, now := lines(before), lines(after)
	app := func(line string) string { a, _, _ := strings.Cut(line, ": "); return a }
	gained, lost, changed := 0, 0, 0
	oldApps, nowApps := map[string]bool{}, map[string]bool{}
	for _, l := range old {
		oldApps[app(l)] = true
	}
	for _, l := range now {
		nowApps[app(l)] = true
	}
	type entry struct{ mark, line string }
	var list []entry
	for _, l := range old {
		switch {
		case slices.Contains(now, l):
		case nowApps[app(l)]:
			list = append(list, entry{"<", l})
		default:
			lost++
			list = append(list, entry{"-", l})
		}
	}
	for _, l := range now {
		switch {
		case slices.Contains(old, l):
			if all {
				list = append(list, entry{" ", l})
			}
		case oldApps[app(l)]:
			changed++
			list = append(list, entry{">", l})
		default:
			gained++
			list = append(list, entry{"+", l})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(app(a.line), app(b.line)) })
	for _, x := range list {
		fmt.Fprintf(&b, "%s %s\n", x.mark, report.Clean(x.line))
	}
	held, referenced := 0, 0
	for i := range after.Hits {
		if after.Hits[i].Held() {
			held++
		} else {
			referenced++
		}
	}
	for _, d := range after.Damaged {
		fmt.Fprintf(&b, "! %s\n", report.Clean(d))
	}
	fmt.Fprintf(&b, "%d of %d apps: %d held, %d referenced; %d gained, %d lost, %d changed (%d looked at)\n", len(after.Hits), apps, held, referenced, gained, lost, changed, after.Looked)
	io.Copy(e.stdout, &b)
}
