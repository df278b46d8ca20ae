package cli

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) newCommand() *cli.Command {
	return &cli.Command{
		Name:  "new",
		Usage: "begin a rule from a template, or by questions",
		Description: "Writes a rule file with what the flags say, tests for its signals, and TODO where only you\n" +
			"know: 'telltale signatures lint' finds those that are left. On a terminal, and without\n" +
			"--id, it asks. To begin with the files of an SDK, see 'telltale signatures learn'.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "kind", Value: "sdk", Usage: "`KIND` of rule: sdk, packer, vendor, domain, identifier, sink or noise"},
			&cli.StringFlag{Name: "id", Usage: "`ID` of the rule: lower-case letters, digits, - and ."},
			&cli.StringFlag{Name: "name", Usage: "`NAME` for people"},
			&cli.StringFlag{Name: "vendor", Usage: "`ID` of the vendor's rule"},
			&cli.StringFlag{Name: "category", Usage: "`CATEGORY` of an SDK"},
			&cli.StringFlag{Name: "website", Usage: "`URL` of the product or vendor"},
			&cli.StringSliceFlag{Name: "strong", Usage: "`TYPE=VALUE` of a signal that suffices alone, such as code=com.acme.analytics (may be repeated)"},
			&cli.StringSliceFlag{Name: "weak", Usage: "`TYPE=VALUE` of a signal that counts with another of a different type (may be repeated)"},
			&cli.StringSliceFlag{Name: "member", Usage: "identifier, sink: a `MEMBER` such as com.acme.Id->get (may be repeated)"},
			&cli.StringSliceFlag{Name: "host", Usage: "domain, noise: a `HOST` (may be repeated)"},
			&cli.StringFlag{Name: "evidence", Usage: "`TEXT` that says what the source shows"},
			&cli.StringFlag{Name: "source", Usage: "`WHERE` the facts come from: a repository and path, a page, an artefact"},
			&cli.StringFlag{Name: "date", Usage: "`DATE` on which that was seen, YYYY-MM-DD (default: today)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE`, which must not be there yet"},
			&cli.StringFlag{Name: "schema", Usage: "name `FILE`, which 'signatures schema' printed, in the first line, for editors"},
			&cli.BoolFlag{Name: "ask", Usage: "ask for what no flag says, also where standard input is no terminal"},
		},
		Action: e.newRule,
	}
}

// draft is what a rule is made of.
type draft struct {
	kind, id, name, vendor, category, website string
	strong, weak, members, hosts              []string
	evidence                                  rule.Evidence
}

func (e *env) newRule(c *cli.Context) error {
	d := &draft{
		kind: c.String("kind"), id: c.String("id"), name: c.String("name"), vendor: c.String("vendor"), category: c.String("category"),
		website: c.String("website"), strong: c.StringSlice("strong"), weak: c.StringSlice("weak"), members: c.StringSlice("member"), hosts: c.StringSlice("host"),
		evidence: rule.Evidence{Text: c.String("evidence"), Source: c.String("source"), Date: c.String("date")},
	}
	if c.Args().Present() {
		return usagef("signatures new takes flags only: what is %q?", c.Args().First())
	}
	f, ok := e.stdin.(*os.File)
	if c.Bool("ask") || d.id == "" && ok && term.IsTerminal(int(f.Fd())) {
		if err := e.ask(d); err != nil {
			return err
		}
	}
	if d.id == "" {
		return usagef("signatures new needs --id ID (or --ask)")
	}
	if d.evidence.Date == "" {
		d.evidence.Date = time.Now().UTC().Format(time.DateOnly)
	}
	text, err := d.render()
	if err != nil {
		return err
	}
	if f := c.String("schema"); f != "" {
		text = append([]byte("# yaml-language-server: $schema="+f+"\n"), text...)
	}
	out := c.String("output")
	if out == "" {
		_, err := e.stdout.Write(text)
		return err
	}
	w, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return usagef("%s cannot be written: %s", out, errText(err))
	}
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return usagef("%s cannot be written: %s", out, errText(err))
	}
	return nil
}

// ask asks for what is missing, on standard error, until the input ends.
func (e *env) ask(d *draft) error {
	in := bufio.NewReader(e.stdin)
	ended := false
	line := func(prompt string) string {
		if ended {
			return ""
		}
		fmt.Fprint(e.stderr, prompt+" ")
		s, err := in.ReadString('\n')
		if err != nil {
			ended = true
		}
		return strings.TrimSpace(s)
	}
	want := func(p *string, prompt string) {
		if *p == "" {
			*p = line(prompt)
		}
	}
	want(&d.name, "Name of the product, for people:")
	if d.id == "" {
		guess := slug(d.name)
		if d.id = line(fmt.Sprintf("Id [%s]:", guess)); d.id == "" {
			d.id = guess
		}
	}
	switch rule.Kind(d.kind) {
	case rule.KindSDK, rule.KindPacker:
		want(&d.vendor, "Id of the vendor:")
		if d.kind == string(rule.KindSDK) {
			want(&d.category, "Category ("+strings.Join(categories(), ", ")+"):")
		}
		for len(d.strong) == 0 || !ended {
			s := line("Package of its code, or TYPE=VALUE of another signal (empty: no more):")
			if s == "" {
				break
			}
			if !strings.Contains(s, "=") {
				s = "code=" + s
			}
			d.strong = append(d.strong, s)
		}
		for !ended {
			s := line("A weak signal as TYPE=VALUE (empty: no more):")
			if s == "" {
				break
			}
			d.weak = append(d.weak, s)
		}
	case rule.KindIdentifier, rule.KindSink:
		for !ended {
			s := line("A member, as com.acme.Id->get (empty: no more):")
			if s == "" {
				break
			}
			d.members = append(d.members, s)
		}
	case rule.KindDomain:
		want(&d.vendor, "Id of the vendor:")
	}
	want(&d.evidence.Source, "Where do you know that from (repository and path, page, artefact):")
	want(&d.evidence.Text, "What does that show:")
	if ended {
		fmt.Fprintln(e.stderr)
	}
	return nil
}

// slug makes an id of a name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r <= 'z' && (unicode.IsDigit(r) || unicode.IsLetter(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

func categories() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(rule.Categories)), func(c string) bool { return c == "packer" })
}

const todo = "TODO: "

// render writes the rule in canonical form.
func (d *draft) render() ([]byte, error) {
	v, err := d.rule()
	if err != nil {
		return nil, err
	}
	text, err := yaml.Marshal(v)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	out, diags := signatures.Format(d.id+".yaml", text)
	if len(diags) > 0 {
		return nil, &exitError{exitUsage, (&signatures.LoadError{Diagnostics: diags}).Error()}
	}
	return out, nil
}

func (d *draft) rule() (any, error) {
	or := func(s, what string) string {
		if s == "" {
			return todo + what
		}
		return s
	}
	d.evidence.Text, d.evidence.Source = or(d.evidence.Text, "what the source shows"), or(d.evidence.Source, "repository and path, page or artefact")
	h := rule.Header{Kind: rule.Kind(d.kind), ID: d.id, Name: or(d.name, "name for people"), Status: rule.StatusExperimental, Evidence: []rule.Evidence{d.evidence}}
	member := rule.Example{Member: "com.example.TODO->get"}
	if len(d.members) > 0 {
		member.Member = d.members[0]
	}
	tests := rule.Tests{Match: []rule.Example{member}, NoMatch: []rule.Example{{Member: missOf(member.Member)}}}
	switch h.Kind {
	case rule.KindSDK, rule.KindPacker:
		s := &rule.SDK{Header: h, Vendor: d.vendor, Category: d.category, Website: d.website}
		if s.Vendor == "" {
			s.Vendor = "todo"
		}
		if h.Kind == rule.KindPacker {
			s.Category = "packer"
		} else if s.Category == "" {
			s.Category = "utility"
		}
		if len(d.strong)+len(d.weak) == 0 {
			d.strong = []string{"code=com.example.todo"}
		}
		for _, l := range []struct {
			strength string
			list     []string
		}{{"", d.strong}, {rule.Weak, d.weak}} {
			for _, text := range l.list {
				sig, err := signalOf(text)
				if err != nil {
					return nil, err
				}
				sig.Strength = l.strength
				s.Signals = append(s.Signals, sig)
			}
		}
		s.Tests = testsOf(s.Signals)
		s.FalsePositives = "none known"
		return s, nil
	case rule.KindVendor:
		h.Evidence, h.Status = nil, ""
		return &rule.Vendor{Header: h, Website: d.website, Records: []rule.Record{{
			Grade: rule.GradeCompanySeat, Country: "XX", Text: d.evidence.Text, Source: d.evidence.Source, Date: d.evidence.Date,
		}}}, nil
	case rule.KindDomain:
		v := &rule.Domain{Header: h, Vendor: d.vendor}
		if v.Vendor == "" {
			v.Vendor = "todo"
		}
		if d.name == "" {
			v.Name = d.id
		}
		for _, host := range d.hosts {
			v.Hosts = append(v.Hosts, rule.Host{Host: host, Role: "other", Source: d.evidence.Source})
		}
		v.Role = "other"
		return v, nil
	case rule.KindIdentifier:
		v := &rule.Identifier{Header: h, Group: "device", Glossary: todo + "one line for people who never heard of it", Reset: "app", Tests: tests}
		if len(d.members) == 0 {
			d.members = []string{member.Member}
		}
		for _, m := range d.members {
			v.Sources = append(v.Sources, rule.Source{Member: m, Checked: "no"})
		}
		return v, nil
	case rule.KindSink:
		v := &rule.Sink{Header: h, Group: "network", Members: d.members, Tests: tests}
		if len(v.Members) == 0 {
			v.Members = []string{member.Member}
		}
		return v, nil
	case rule.KindNoise:
		v := &rule.Noise{Header: h, Reason: todo + "what a report shows", Hosts: d.hosts}
		if len(v.Hosts) == 0 {
			v.Hosts = []string{"todo.example"}
		}
		v.Tests = rule.Tests{Match: []rule.Example{{Host: v.Hosts[0]}}, NoMatch: []rule.Example{{Host: missOf(v.Hosts[0])}}}
		return v, nil
	}
	return nil, usagef("--kind %q: use sdk, packer, vendor, domain, identifier, sink or noise", d.kind)
}

// signalOf makes a signal of TYPE=VALUE.
func signalOf(text string) (rule.Signal, error) {
	var s rule.Signal
	typ, value, ok := strings.Cut(text, "=")
	if !ok || value == "" {
		return s, usagef("want a signal as TYPE=VALUE, such as code=com.acme.analytics; have %q", text)
	}
	if typ == "endpoint" {
		host, path, _ := strings.Cut(value, "/")
		if s.Endpoint = (&rule.Endpoint{Host: host}); path != "" {
			s.Endpoint.Path = "/" + path
		}
		return s, nil
	}
	v := reflect.ValueOf(&s).Elem()
	var types []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "strength" || name == "note" {
			continue
		}
		if types = append(types, name); name == typ {
			v.Field(i).SetString(value)
			return s, nil
		}
	}
	return s, usagef("there is no signal of type %q; use %s", typ, strings.Join(types, ", "))
}

// testsOf makes examples of signals: each strong one alone, two weak ones
// together, and for each strong one a near miss.
func testsOf(signals []rule.Signal) rule.Tests {
	var t rule.Tests
	var weak rule.Example // one of each type
	kinds := map[string]bool{}
	for i := range signals {
		s := &signals[i]
		if s.EffectiveStrength() == rule.Strong {
			var hit, miss rule.Example
			if value := addExample(&hit, s); value != "" {
				setExample(&miss, s.Type(), value)
				t.NoMatch = append(t.NoMatch, miss)
			}
			t.Match = append(t.Match, hit)
			continue
		}
		if kinds[s.Type()] {
			continue
		}
		addExample(&weak, s)
		if kinds[s.Type()] = true; len(kinds) == 1 {
			t.NoMatch = append(t.NoMatch, weak)
		}
	}
	if len(kinds) > 1 {
		t.Match = append(t.Match, weak)
	}
	return t
}

// addExample adds what a signal matches to an example, and returns the value of
// a near miss.
func addExample(hit *rule.Example, s *rule.Signal) (miss string) {
	typ, value := s.Type(), s.Value()
	switch typ {
	case "code":
		hit.Class, miss = value+".Example", value+"x.Example"
	case "code-ref":
		hit.CodeRef, miss = value+".Example", value+"x.Example"
	case "endpoint":
		if s.Endpoint.Path == "" {
			hit.Host, miss = s.Endpoint.Host, "x"+s.Endpoint.Host
		} else {
			hit.URL = "https://" + s.Endpoint.Host + s.Endpoint.Path
		}
	case "authority", "permission", "action":
		setExample(hit, typ, value)
		miss = missOf(value)
	default:
		setExample(hit, typ, strings.Replace(value, "*", "x", 1))
		miss = missOf(value)
	}
	return miss
}

// setExample sets the field of an example that a type of signal goes with.
func setExample(e *rule.Example, typ, value string) {
	switch typ {
	case "code":
		typ = "class"
	case "endpoint":
		typ = "host"
	}
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name == typ {
			v.Field(i).SetString(value)
			return
		}
	}
}

// missOf returns a value that differs by little.
func missOf(value string) string {
	if stem, ok := strings.CutSuffix(value, ".so"); ok {
		return strings.Trim(stem, "*") + "-other.so"
	}
	if i := strings.IndexAny(value, "(:"); i > 0 && strings.Contains(value, "->") {
		return value[:i] + "x" + value[i:]
	}
	return strings.Trim(value, "*.") + "x"
}
