package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/rule"
	"github.com/telltale-apk/telltale/signatures/whois"
)

func (e *env) domainsCommand() *cli.Command {
	return &cli.Command{
		Name: "domains", Usage: "what is known of hosts and domains, offline",
		Subcommands: []*cli.Command{
			{
				Name: "lookup", Usage: "show owner and registration records", ArgsUsage: "HOST…",
				Flags: signatureFlags(), Action: e.domainsLookup,
			},
			{
				Name: "import", Usage: "turn a saved WHOIS or RDAP record into a rule", ArgsUsage: "FILE…",
				Description: "FILE is WHOIS text or RDAP JSON that somebody saved (- is standard input). The rule goes\n" +
					"to standard output, or with --into to DIR/VENDOR/DOMAIN.yaml.",
				Flags: append(signatureFlags(),
					&cli.StringFlag{Name: "vendor", Required: true, Usage: "`ID` of the vendor that owns the domain"},
					&cli.StringFlag{Name: "source", Required: true, Usage: "where the record was taken from, in `WORDS`"},
					&cli.StringFlag{Name: "date", Usage: "`DATE` of the look-up (YYYY-MM-DD), if the record does not say"},
					&cli.StringFlag{Name: "role", Usage: "what its hosts are for: one of " + strings.Join(rule.Roles, ", ")},
					&cli.StringFlag{Name: "into", Usage: "write below `DIR`; an existing file is left alone"}),
				Action: e.domainsImport,
			},
		},
	}
}

func (e *env) domainsLookup(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("domains lookup needs a HOST")
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	compiled, err := signatures.Compile(r)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	unknown := 0
	for i, host := range c.Args().Slice() {
		if i > 0 {
			fmt.Fprintln(e.stdout)
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		info, ok := compiled.Domain(host)
		if !ok {
			unknown++
			fmt.Fprintf(e.stdout, "%s\n  no rule knows this host; that says nothing about it\n", report.Clean(host))
			continue
		}
		e.showDomain(host, &info)
	}
	if unknown == c.Args().Len() {
		return &exitError{code: exitNothing}
	}
	return nil
}

func (e *env) showDomain(host string, info *signatures.DomainInfo) {
	d := info.Domain
	fmt.Fprintf(e.stdout, "%s\n", report.Clean(host))
	line := func(format string, args ...any) { fmt.Fprintf(e.stdout, "  "+format+"\n", args...) }
	if h := info.Host; h != nil {
		line("host %s%s%s%s", h.Host, note(", for ", h.Role), note(", of product ", h.SDK), note(", serves the market ", h.Region))
		for _, p := range h.Paths {
			line("  path %s", p)
		}
		if h.Source != "" {
			line("  source: %s", h.Source)
		}
	}
	line("domain %s (rule of status %s)", d.ID, cmp.Or(d.Status, "experimental"))
	for i := range d.Records {
		line("%s", recordText(&d.Records[i], d.ID))
	}
	if v := info.Vendor; v != nil {
		line("owner %s%s", v.Name, note(", ", v.LegalName))
		for i := range v.Records {
			line("%s", recordText(&v.Records[i], v.Name))
		}
	}
	if len(d.Records) == 0 {
		line("no record about the registration of %s itself is known here", d.ID)
	}
	if d.Notes != "" {
		line("note: %s", strings.Join(strings.Fields(d.Notes), " "))
	}
}

func note(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// recordText says what a record shows, in words that keep to its grade.
func recordText(r *rule.Record, of string) string {
	place := strings.Trim(r.City+", "+r.Country, ", ")
	claim := map[rule.Grade]string{
		rule.GradeRegistrant:    "registered in " + place + ", by the domain's own registrant record",
		rule.GradeFiling:        "registered in " + place + ", by a filing for this domain",
		rule.GradeCompanyFiling: "its owner filed in " + place,
		rule.GradeCompanySeat:   "its owner has its seat in " + place,
		rule.GradeInferred:      "its owner may be in " + place + " (a guess)",
	}[r.Grade]
	return fmt.Sprintf("%s: %s\n    %s of %s: %s\n    source: %s%s", of, claim, r.Grade, of, r.Text, r.Source, note(", ", r.Date))
}

func (e *env) domainsImport(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("domains import needs a FILE with a WHOIS or RDAP record")
	}
	r, err := e.rules(c)
	if err != nil {
		return err
	}
	if r.Vendor(c.String("vendor")) == nil {
		e.log.Warnf("there is no vendor %q among the rules: describe it in %s/%s.yaml", c.String("vendor"), c.String("vendor"), c.String("vendor"))
	}
	for _, name := range c.Args().Slice() {
		text, domain, err := e.importOne(c, name)
		if err != nil {
			return usagef("%s: %v", name, err)
		}
		dir := c.String("into")
		if dir == "" {
			fmt.Fprint(e.stdout, text)
			continue
		}
		path := filepath.Join(dir, c.String("vendor"), domain+".yaml")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return usagef("%s cannot be written: %s", path, errText(err))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return usagef("%s cannot be written: %s", path, errText(err))
		}
		_, err = io.WriteString(f, text)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return usagef("%s cannot be written: %s", path, errText(err))
		}
		fmt.Fprintln(e.stdout, path)
	}
	return nil
}

// importOne makes the rule for one record.
func (e *env) importOne(c *cli.Context, name string) (text, domain string, err error) {
	in := e.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", "", errors.New(errText(err))
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, whois.MaxSize+1))
	if err != nil {
		return "", "", err
	}
	rec, err := whois.Parse(data)
	if err != nil {
		return "", "", err
	}
	date := cmp.Or(rec.Date, c.String("date"))
	if date == "" {
		return "", "", errors.New("the record does not say when it was current: give --date")
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return "", "", fmt.Errorf("--date %q: use YYYY-MM-DD", date)
	}
	if rec.Country == "" {
		return "", "", errors.New("the record does not say in which country the registrant is, so that it cannot back \"registered in\"")
	}
	if len(rec.Country) != 2 {
		return "", "", fmt.Errorf("the registrant's country is given as %q, not as a two-letter code: correct it in a copy of the record", rec.Country)
	}
	if d := endpoint.Split(rec.Domain).Domain; d != rec.Domain {
		return "", "", fmt.Errorf("%s is not a registrable domain%s", rec.Domain, note(": that would be ", d))
	}
	d := rule.Domain{
		Header: rule.Header{
			Kind: rule.KindDomain, ID: rec.Domain, Name: rec.Domain, Status: "experimental",
			Evidence: []rule.Evidence{{Text: "registration record of the domain" + note(", registrar ", rec.Registrar), Source: c.String("source"), Date: date}},
		},
		Vendor: c.String("vendor"), Role: c.String("role"),
		Records: []rule.Record{{
			Grade: rule.GradeRegistrant, City: rec.City, Province: rec.Province, Country: strings.ToUpper(rec.Country),
			Text: strings.Join(rec.Lines, "; "), Source: c.String("source"), Date: date,
		}},
	}
	b, err := yaml.Marshal(d)
	if err != nil {
		return "", "", err
	}
	formed, problems := signatures.Format(rec.Domain+".yaml", b)
	if formed == nil {
		return "", "", errors.New("this makes no rule: " + problems[0].Message)
	}
	return string(formed), rec.Domain, nil
}
