package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/convert"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) importCommand() *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "turn another list into rules",
		ArgsUsage: "PATH…",
		Description: "PATH is a file or a folder. What is read: Exodus Privacy's trackers.json (also as its API\n" +
			"and ETIP have it), LibChecker-Rules, App Manager's trackers.xml, android-libraries' libs.json,\n" +
			"Disconnect's services.json, DuckDuckGo's tds.json or tracker radar, hosts files, adblock lists\n" +
			"and dnsmasq. Rules that we have already are left out. What is not taken over as it stands is\n" +
			"told on standard error; mind the licence of the list before you pass the rules on.",
		Flags: append(signatureFlags(),
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Usage: "`FORMAT` of the list: " + strings.Join(convert.Formats, ", ") + " (default: told from the content)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Required: true, Usage: "write a file for each rule below `DIR`"},
			&cli.StringFlag{Name: "origin", Usage: "short `NAME` of the list: the rules' ids begin with it"},
			&cli.StringFlag{Name: "source", Usage: "`WHERE` the list was had, for the evidence"},
			&cli.StringFlag{Name: "license", Usage: "`LICENCE` of the list"},
			&cli.StringFlag{Name: "vendor", Usage: "`ID` of the vendor of all hosts, for lists of hosts"},
			&cli.StringFlag{Name: "role", Value: "other", Usage: "`ROLE` of all hosts, for lists of hosts: " + strings.Join(rule.Roles, ", ")},
			&cli.StringFlag{Name: "date", Usage: "`DATE` on which the list was had, YYYY-MM-DD (default: today)"},
			&cli.BoolFlag{Name: "all", Usage: "take what our rules know, too, and tell every note"},
		),
		Action: e.importRules,
	}
}

func (e *env) importRules(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("signatures import needs a PATH: a list, or a folder of its files")
	}
	date := cmp.Or(c.String("date"), time.Now().Format(time.DateOnly))
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return usagef("--date %q: write YYYY-MM-DD", date)
	}
	rules, err := e.rules(c)
	if err != nil {
		return err
	}
	known, err := signatures.Compile(rules)
	if err != nil {
		return err
	}
	files, err := listFiles(c.Args().Slice())
	if err != nil {
		return err
	}
	res, err := convert.Import(c.String("format"), files, convert.Options{
		Origin: convert.Origin{ID: c.String("origin"), Source: c.String("source"), License: c.String("license"), Date: date},
		Known:  known, All: c.Bool("all"), Vendor: c.String("vendor"), Role: c.String("role"),
	})
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	written := map[rule.Kind]int{}
	for _, v := range res.Rules {
		text, err := ruleText(v)
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		h := signatures.Header(v)
		name := h.ID
		dir := h.ID
		switch v := v.(type) {
		case *rule.SDK:
			dir = v.Vendor
		case *rule.Domain:
			dir = v.Vendor
		case *rule.Vendor:
			name = "vendor"
		}
		dir = filepath.Join(c.String("output"), dir)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		if err := writeAtomic(filepath.Join(dir, name+".yaml"), text); err != nil {
			return err
		}
		written[h.Kind]++
	}
	var b bytes.Buffer
	shown := 0
	narrower, dropped := 0, 0
	for _, n := range res.Notes {
		if n.Kept {
			narrower++
		} else {
			dropped++
		}
		if shown++; shown > 20 && !c.Bool("all") {
			continue
		}
		state := "not taken"
		if n.Kept {
			state = "taken"
		}
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", report.Clean(n.Item), state, report.Clean(n.What), report.Clean(n.Why))
	}
	if shown > 20 && !c.Bool("all") {
		fmt.Fprintf(&b, "and %d more notes (--all tells them)\n", shown-20)
	}
	if !c.Bool("quiet") {
		io.Copy(e.stderr, &b)
	}
	fmt.Fprintf(e.stdout, "%d items read: %d rules of SDKs, %d of domains, %d of vendors written to %s; %d known already; %d patterns taken in a narrower sense, %d not taken\n",
		res.Read, written[rule.KindSDK], written[rule.KindDomain], written[rule.KindVendor], report.Clean(c.String("output")), res.Known, narrower, dropped)
	return nil
}

// listFiles reads the files of a list.
func listFiles(args []string) ([]convert.File, error) {
	var out []convert.File
	total := 0
	take := func(name, shown string) error {
		st, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !st.Mode().IsRegular() || st.Size() > convert.MaxInput {
			return fmt.Errorf("%s is no file of at most %d bytes", name, convert.MaxInput)
		}
		b, err := os.ReadFile(name)
		if total += len(b); err == nil && total > 4*convert.MaxInput {
			err = fmt.Errorf("the list has more than %d bytes", 4*convert.MaxInput)
		}
		out = append(out, convert.File{Name: filepath.ToSlash(shown), Data: b})
		return err
	}
	for _, a := range args {
		st, err := os.Stat(a)
		if err != nil {
			return nil, usagef("%s: %s", a, errText(err))
		}
		if !st.IsDir() {
			if err := take(a, a); err != nil {
				return nil, &exitError{exitUsage, err.Error()}
			}
			continue
		}
		err = filepath.WalkDir(a, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || filepath.Ext(p) != ".json" {
				return err
			}
			return take(p, p)
		})
		if err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
	}
	if len(out) == 0 {
		return nil, &exitError{exitNothing, "there is no list: in folders files that end in .json are read"}
	}
	return out, nil
}

func (e *env) exportCommand() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write rules as a list that other programs read",
		Description: "hosts and adguard name the hosts of trackers, for blockers; exodus is a list of trackers in\n" +
			"Exodus Privacy's form; yara holds what can be found in the bytes of DEX files.",
		Flags: append(signatureFlags(),
			&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Required: true, Usage: "`FORMAT`: " + strings.Join(convert.ExportFormats, ", ")},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`"}),
		Action: func(c *cli.Context) error {
			rules, err := e.rules(c)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := convert.Export(&b, c.String("format"), rules); err != nil {
				return &exitError{exitUsage, err.Error()}
			}
			if name := c.String("output"); name != "" {
				return writeAtomic(name, b.Bytes())
			}
			_, err = io.Copy(e.stdout, &b)
			return err
		},
	}
}
