package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/signatures"
)

// signatureFlags are those of every command that uses rules.
func signatureFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "signatures", Usage: "add the rules in `DIR`; those of the same id replace ours (may be repeated)"},
		&cli.BoolFlag{Name: "no-default-signatures", Usage: "do without the bundled rules"},
		&cli.StringSliceFlag{Name: "add-profiles", Usage: "add the profiles in `FILE`, which 'signatures learn --profile' made, for SDKs whose names were changed (may be repeated)"},
		&cli.BoolFlag{Name: "no-profiles", Usage: "do not look for SDKs whose names were changed"},
		&cli.StringFlag{Name: "signatures-digest", Usage: "refuse to run with rules of another `DIGEST`"},
	}
}

// rules loads the rules that the flags ask for.
func (e *env) rules(c *cli.Context) (*signatures.Rules, error) {
	var base *signatures.Rules
	if !c.Bool("no-default-signatures") {
		var err error
		if base, err = signatures.Default(); err != nil {
			return nil, &exitError{exitUsage, "the bundled rules cannot be read: " + err.Error()}
		}
	}
	var overlays []*signatures.Rules
	for _, dir := range c.StringSlice("signatures") {
		st, err := os.Stat(dir)
		if err != nil || !st.IsDir() {
			return nil, usagef("--signatures %s: %s", dir, cmp.Or(errText(err), "is not a folder"))
		}
		r, err := signatures.Load(os.DirFS(dir), dir, signatures.Overlay)
		if err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
		overlays = append(overlays, r)
	}
	r, err := signatures.Merge(base, overlays...)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	for _, w := range r.Warnings() {
		e.log.Warn(w.String())
	}
	if want := c.String("signatures-digest"); want != "" && want != r.Digest() && "sha256:"+want != r.Digest() {
		return nil, usagef("the rules have the digest %s, not %s: they are not the ones that were asked for", r.Digest(), want)
	}
	return r, nil
}

func errText(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (e *env) signaturesCommand() *cli.Command {
	return &cli.Command{
		Name: "signatures", Usage: "look at the rules, and write your own",
		Subcommands: append(e.authorCommands(), []*cli.Command{
			{
				Name: "list", Usage: "list rules, one a line: kind, status, id",
				Flags: append(signatureFlags(),
					&cli.StringFlag{Name: "kind", Usage: "only rules of `KIND`: sdk, packer, vendor, domain, identifier, sink, noise"},
					&cli.BoolFlag{Name: "profiles", Usage: "list what SDKs are recognised by whose names were changed, one version a line"},
					&cli.BoolFlag{Name: "summary", Usage: "counts only"}),
				Action: e.signaturesList,
			},
			{
				Name: "show", Usage: "print a rule as YAML", ArgsUsage: "ID",
				Flags:  signatureFlags(),
				Action: e.signaturesShow,
			},
			e.learnCommand(),
			e.exportCommand(),
			e.importCommand(),
			e.rulesDiffCommand(),
			e.tryCommand(),
		}...),
	}
}

func (e *env) signaturesList(c *cli.Context) error {
	if c.Bool("profiles") {
		return e.profilesList(c)
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	if c.Bool("summary") {
		counts := r.Counts()
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(e.stdout, "%-11s %5d", k, counts[k])
			by := r.StatusCounts()[k]
			for _, st := range slices.Sorted(maps.Keys(by)) {
				fmt.Fprintf(e.stdout, "  %s %d", st, by[st])
			}
			fmt.Fprintln(e.stdout)
		}
		fmt.Fprintf(e.stdout, "digest      %s\n", r.Digest())
		return nil
	}
	kind := c.String("kind")
	n := 0
	for ref := range r.List() {
		if kind == "" || kind == string(ref.Kind) {
			n++
			fmt.Fprintf(e.stdout, "%-11s %-12s %s\n", ref.Kind, ref.Status, ref.ID)
		}
	}
	if n == 0 && kind != "" {
		return usagef("--kind %q: there is no rule of this kind (use sdk, packer, vendor, domain, identifier, sink or noise)", kind)
	}
	return nil
}

func (e *env) signaturesShow(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return usagef("signatures show needs one ID (see 'telltale signatures list')")
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	id, n := c.Args().First(), 0
	for ref := range r.List() {
		if ref.ID != id {
			continue
		}
		text, err := yaml.Marshal(r.Get(ref.Kind, id))
		if err != nil {
			return &exitError{exitUsage, err.Error()}
		}
		if pretty, diags := signatures.Format(ref.File, text); len(diags) == 0 {
			text = pretty
		}
		if n++; n > 1 {
			fmt.Fprintln(e.stdout, "---")
		}
		fmt.Fprintf(e.stdout, "# %s\n%s", ref.File, text)
	}
	if n == 0 {
		return usagef("there is no rule %q (see 'telltale signatures list')", id)
	}
	return nil
}
