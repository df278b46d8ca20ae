package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

func (e *env) factsCommand() *cli.Command {
	return &cli.Command{
		Name:      "facts",
		Usage:     "freeze what was seen in an app, to judge it again later without the app",
		ArgsUsage: "APK | --output-dir DIR PATH…",
		Description: "The file holds everything that a rule may ask: classes, members, strings, calls with\n" +
			"their constant arguments, the manifest and more. 'telltale scan FILE' judges it.\n" +
			"With --output-dir each app that PATH leads to (a folder, say) gets a file of its own, named\n" +
			"by its package and digest; one that is there already is left as it is. Such a folder is what\n" +
			"'telltale signatures try' and 'signatures diff' work on.",
		Flags: append(append(scanFlags(), limitFlags()...),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`"},
			&cli.StringFlag{Name: "output-dir", Usage: "write a file for each app to `DIR`"}),
		Action: e.facts,
	}
}

func (e *env) facts(c *cli.Context) error {
	if c.String("output-dir") != "" {
		return e.factsOfAll(c)
	}
	if c.String("output") == "" {
		return usagef("facts needs --output FILE, or --output-dir DIR for many apps")
	}
	if c.Args().Len() != 1 {
		return usagef("facts needs one APK (with --output FILE before it)")
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return err
	}
	opt := scan.Options{Jobs: 1, Locale: c.String("locale"), Limits: limits, MaxTime: maxTime}
	f, err := createAtomic(c.String("output"))
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = scan.Facts(c.Context, c.Args().First(), opt, func(s *fact.Set) error { return fact.Freeze(w, s) })
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		f.discard()
		if errors.Is(err, scan.ErrNothing) {
			return &exitError{exitNothing, err.Error()}
		}
		return &exitError{exitUsage, err.Error()}
	}
	return f.commit()
}

// factsOfAll freezes every app that the arguments lead to.
func (e *env) factsOfAll(c *cli.Context) error {
	if c.String("output") != "" || !c.Args().Present() {
		return usagef("facts --output-dir DIR needs a PATH, and no --output")
	}
	limits, maxTime, err := limits(c)
	if err != nil {
		return err
	}
	dir := c.String("output-dir")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	opt := scan.Options{Jobs: 1, Locale: c.String("locale"), Limits: limits, MaxTime: maxTime}
	written, there, skipped := 0, 0, 0
	skip := func(_ string, err error) {
		skipped++
		e.log.Warn(err.Error())
	}
	err = scan.EachFacts(c.Context, c.Args().Slice(), e.stdin, opt, skip, func(p string, s *fact.Set) error {
		name := filepath.Join(dir, factsName(p, &s.App))
		if _, err := os.Stat(name); err == nil {
			there++
			return nil
		}
		f, err := createAtomic(name)
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		if err = fact.Freeze(w, s); err == nil {
			err = w.Flush()
		}
		if err != nil {
			f.discard()
			skip(p, fmt.Errorf("%s: %w", p, err))
			return nil
		}
		written++
		return f.commit()
	})
	switch {
	case c.Context.Err() != nil:
		return &exitError{code: exitInterrupt}
	case err != nil:
		return &exitError{exitUsage, err.Error()}
	}
	fmt.Fprintf(e.stdout, "%d apps frozen, %d were there already, %d could not be read\n", written, there, skipped)
	switch {
	case skipped > 0:
		return &exitError{code: exitIncomplete}
	case written+there == 0:
		return &exitError{exitNothing, "there was no app to freeze"}
	}
	return nil
}

// factsName names the file of an app's facts, by what no file system minds.
func factsName(p string, a *fact.App) string {
	name := a.Manifest.Package
	if name == "" {
		name = path.Base(p)
	}
	name = strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 100)] + "-" + a.SHA256[:min(len(a.SHA256), 12)] + ".facts"
}
