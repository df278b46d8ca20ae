// Package lint looks for what is unwise in rules that the loader accepts: rules
// that hit too much, or nothing, or say what they cannot know.
//
// A [Check] is one thing to look for. It has an id that never changes and a
// documentation with a bad and a good example; package checks holds them all,
// each in a file of its own. A rule that must be as it is switches a check off
// for itself, with a reason that others can judge:
//
//	suppress:
//	  - lint: strong-native
//	    reason: the library is all that the product ships
//
// What the loader refuses has codes of the same kind, which are documented
// beside the checks, but cannot be suppressed: such rules do not work.
//
// Findings depend on the rules and on [Options] alone. Everything here is safe
// for concurrent use once made.
package lint

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/internal/crew"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Check is one thing to look for. Of the functions those are called that fit
// the kind of the rule; Any fits all. After is called when all other checks
// are done, with what they found in the rule.
type Check struct {
	ID       string
	Severity signatures.Severity
	Doc      *Doc

	Any        func(*Pass)
	SDK        func(*Pass, *rule.SDK) // packers too
	Vendor     func(*Pass, *rule.Vendor)
	Domain     func(*Pass, *rule.Domain)
	Identifier func(*Pass, *rule.Identifier)
	Sink       func(*Pass, *rule.Sink)
	Noise      func(*Pass, *rule.Noise)
	After      func(*Pass, []Finding)
}

// ByLoader reports whether it is the loader that finds what the check is about.
func (c *Check) ByLoader() bool {
	return c.Any == nil && c.SDK == nil && c.Vendor == nil && c.Domain == nil && c.Identifier == nil && c.Sink == nil && c.Noise == nil && c.After == nil
}

// Finding is what a check says of a rule.
type Finding struct {
	signatures.Diagnostic // Code is the id of the check
	Kind                  rule.Kind
	Rule                  string // id
	Suppressed            string // the reason, if the rule suppresses the check
}

// Path leads to a field of a rule: names of fields and indices of items.
type Path = []any

// Pass is one check looking at one rule.
type Pass struct {
	*Set
	Source signatures.Source
	Header *rule.Header
	Check  *Check

	known []*Check
	found *[]Finding
}

// Find returns the check of an id, whether it runs or not, or nil.
func (p *Pass) Find(id string) *Check {
	for _, c := range p.known {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// Reportf notes a finding at a field. The message says what is wrong and, behind
// a semicolon, how to mend it.
func (p *Pass) Reportf(at Path, format string, args ...any) {
	d := p.Source.Diagnostic(p.Check.Severity, p.Check.ID, at, format, args...)
	*p.found = append(*p.found, Finding{Diagnostic: d, Kind: p.Header.Kind, Rule: p.Header.ID})
}

// Options change what is looked for and where.
type Options struct {
	Checks []*Check
	// Known is what suppressions may name; Checks if nil.
	Known []*Check
	// Only, if set, says which files are looked at. The others are what these
	// are compared with.
	Only func(file string) bool
	// Today is the day against which dates are held. The zero value is none:
	// no date is then in the future.
	Today time.Time
	// Workers is how many rules are looked at at the same time; 0 means as many
	// as there are processors.
	Workers int
}

// Run looks at all rules that were read from files, in the light of all rules
// of the set. Findings are sorted by file, line, column and check. Those that
// are suppressed are among them.
func Run(rules *signatures.Rules, opt Options) ([]Finding, error) {
	set, err := newSet(rules, opt.Today)
	if err != nil {
		return nil, err
	}
	if opt.Known == nil {
		opt.Known = opt.Checks
	}
	var sources []signatures.Source
	for s := range rules.Sources() {
		if name, _ := s.File(); opt.Only == nil || opt.Only(name) {
			sources = append(sources, s)
		}
	}
	found := make([][]Finding, len(sources))
	crew.Each(len(sources), cmp.Or(opt.Workers, runtime.GOMAXPROCS(0)), func(i int) {
		p := Pass{Set: set, Source: sources[i], Header: sources[i].Header(), known: opt.Known, found: &found[i]}
		for _, c := range opt.Checks {
			p.Check = c
			p.run(c)
		}
		suppress(p.Header, found[i])
		before := slices.Clone(found[i])
		for _, c := range opt.Checks {
			if p.Check = c; c.After != nil {
				c.After(&p, before)
			}
		}
		suppress(p.Header, found[i])
	})
	out := slices.Concat(found...)
	for _, w := range rules.Warnings() {
		if opt.Only == nil || opt.Only(w.File) {
			out = append(out, Finding{Diagnostic: w})
		}
	}
	Sort(out)
	return out, nil
}

func (p *Pass) run(c *Check) {
	if c.Any != nil {
		c.Any(p)
	}
	switch v := p.Source.Rule().(type) {
	case *rule.SDK:
		if c.SDK != nil {
			c.SDK(p, v)
		}
	case *rule.Vendor:
		if c.Vendor != nil {
			c.Vendor(p, v)
		}
	case *rule.Domain:
		if c.Domain != nil {
			c.Domain(p, v)
		}
	case *rule.Identifier:
		if c.Identifier != nil {
			c.Identifier(p, v)
		}
	case *rule.Sink:
		if c.Sink != nil {
			c.Sink(p, v)
		}
	case *rule.Noise:
		if c.Noise != nil {
			c.Noise(p, v)
		}
	}
}

func suppress(h *rule.Header, found []Finding) {
	for i := range found {
		for _, s := range h.Suppress {
			if s.Lint == found[i].Code {
				found[i].Suppressed = s.Reason
			}
		}
	}
}

// Sort orders findings by file, line, column and check.
func Sort(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}

// FromLoader makes findings of what the loader refused.
func FromLoader(diags []signatures.Diagnostic) []Finding {
	var out []Finding
	for _, d := range diags {
		out = append(out, Finding{Diagnostic: d})
	}
	return out
}

// Quote renders a value in a message, cut if it is long.
func Quote(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
