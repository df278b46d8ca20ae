// Package learn proposes a rule for a product from the files that its maker
// hands out: an AAR, a JAR, an app that carries it.
//
//	l, err := learn.New(rules, learn.Options{Date: "2026-11-22"})
//	err = l.Add(ctx, learn.Artefact{Name: "foo-1.2.aar", Version: "1.2", Set: set})
//	err = l.Against(ctx, "other.apk", otherSet) // apps that do not carry it
//	p, err := l.Propose(ctx)
//
// What a proposal holds stands in every artefact that was added, in none of the
// rules of other products, not in the listing of common libraries that is built
// in (see the folder common), and in none of the apps that it was held against.
// Every candidate that was looked at is told with the reason why it was kept or
// left out.
//
// # Limits
//
// A proposal is a draft for somebody who knows the product. Names that an
// obfuscator made say nothing and are left out; so are hosts and strings that
// nothing ties to the product. The listing of strings answers wrongly for one
// string in a thousand, always to the side of leaving it out.
//
// # Threat model
//
// Artefacts are hostile input: lists are bounded by the limits below, and what
// they name goes into the proposal only if it has the form that a rule may hold.
// Whoever prints reasons escapes them.
package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Limits of a proposal: a rule is for people to read.
const (
	maxRoots     = 12
	maxStrings   = 6
	maxHosts     = 10
	maxPerKind   = 12 // of components, meta-data and the like, each
	maxWired     = 5
	maxVersions  = 2
	maxArtefacts = 200
)

// Artefact is one file of the product.
type Artefact struct {
	Name    string // of the file
	SHA256  string
	Source  string // where it can be had; may be empty
	Version string // "" if unknown
	Set     *fact.Set
}

// Options are what the caller knows of the product. All but Date may be empty.
type Options struct {
	ID, Name, Vendor, Category string
	// Date is the day on which the artefacts were looked at, YYYY-MM-DD.
	Date string
}

// Learner collects what artefacts hold. It is not safe for concurrent use.
type Learner struct {
	opt    Options
	rules  *signatures.Compiled
	common *Common

	arts    []artefact
	pool    *pool                // of New to the first Against
	trial   *signatures.Compiled // all candidates as one rule
	sdk     *rule.SDK
	against []Seen
	hitBy   map[string][]string // candidate → names of apps
}

// artefact is what is kept of an artefact.
type artefact struct {
	Artefact
	f *features
}

// Seen is one app that the proposal was held against.
type Seen struct {
	Name string
	// Carries is true if the app carries the product itself, so that it says
	// nothing about wrong hits.
	Carries bool
	// Held is true if the proposal as it stands in the end holds on it.
	Held bool

	hits []string
}

// Reason says what became of one candidate.
type Reason struct {
	Kept bool
	What string // "code: com.foo", "wired: com.foo.Bar->init"
	Why  string
}

// Owner is a rule that speaks for classes of the artefact.
type Owner struct {
	ID, Name string
	Classes  int
	// Claims is true if the rule is taken to be about this very product. Then
	// nothing of it was subtracted.
	Claims bool
}

// Proposal is the result.
type Proposal struct {
	Rule    *rule.SDK
	Reasons []Reason
	Owners  []Owner
	// Classes counts the classes of the newest artefact, Own those that speak
	// for the product.
	Classes, Own int
	// Reads are the identifiers that the product's code asks for, by id.
	Reads   []string
	Against []Seen
	Matrix  *Matrix // nil with fewer than two versions
	// Failures are examples of the proposal that do not turn out as they
	// should. There should be none.
	Failures []signatures.Failure
}

// New returns a learner. rules are all rules that there are.
func New(rules *signatures.Compiled, opt Options) (*Learner, error) {
	common, err := Bundled()
	if err != nil {
		return nil, err
	}
	return &Learner{opt: opt, rules: rules, common: common, hitBy: map[string][]string{}}, nil
}

// Add takes an artefact in. Its Set is not used after Add returns.
func (l *Learner) Add(ctx context.Context, a Artefact) error {
	if l.pool != nil {
		return errors.New("artefacts come before the apps that they are held against")
	}
	if len(l.arts) == maxArtefacts {
		return fmt.Errorf("at most %d artefacts can be learned from", maxArtefacts)
	}
	f := gather(ctx, a.Set, l.rules, l.common, l.opt.ID)
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(f.classes) == 0 && len(f.signals) == 0 {
		return fmt.Errorf("%s holds no code and no manifest to learn from", a.Name)
	}
	a.Set = nil
	l.arts = append(l.arts, artefact{a, f})
	return nil
}

// settle makes the pool of candidates and the rule that holds all of them.
func (l *Learner) settle() error {
	if l.pool != nil {
		return nil
	}
	if len(l.arts) == 0 {
		return errors.New("there is no artefact to learn from")
	}
	slices.SortStableFunc(l.arts, func(a, b artefact) int { return compareVersions(a.Version, b.Version) })
	l.pool = newPool(l.arts, l.rules, l.common)
	l.sdk = &rule.SDK{Header: rule.Header{Kind: rule.KindSDK, ID: "candidate", Name: "candidate"}}
	for _, c := range l.pool.list {
		if c.drop == "" && c.signal() {
			l.sdk.Signals = append(l.sdk.Signals, c.sig)
		}
	}
	if len(l.sdk.Signals) == 0 {
		return nil
	}
	rules, err := signatures.Of(l.sdk)
	if err != nil {
		return err
	}
	l.trial, err = signatures.Compile(rules)
	return err
}

// Against holds the candidates against an app that is not known to carry the
// product. One that turns out to carry it (its code and more than half of the
// other candidates are there) is told as such and not counted.
func (l *Learner) Against(ctx context.Context, name string, set *fact.Set) error {
	if err := l.settle(); err != nil {
		return err
	}
	seen := Seen{Name: name}
	if l.trial != nil {
		m := signatures.Match(ctx, set, l.trial)
		if err := ctx.Err(); err != nil {
			return err
		}
		code, other := 0, 0
		for i := range m.SDKs {
			for _, s := range m.SDKs[i].Signals {
				sig := &l.sdk.Signals[s.Item]
				seen.hits = append(seen.hits, sig.Text())
				if sig.Code != "" {
					code++
				} else {
					other++
				}
			}
		}
		roots := 0
		for i := range l.sdk.Signals {
			if l.sdk.Signals[i].Code != "" {
				roots++
			}
		}
		rest := len(l.sdk.Signals) - roots
		seen.Carries = code > 0 && 2*other > rest && other > 0
		if !seen.Carries {
			for _, h := range seen.hits {
				l.hitBy[h] = append(l.hitBy[h], name)
			}
		}
	}
	l.against = append(l.against, seen)
	return nil
}

// Propose makes the rule.
func (l *Learner) Propose(ctx context.Context) (*Proposal, error) {
	if err := l.settle(); err != nil {
		return nil, err
	}
	counted := 0
	for _, s := range l.against {
		if !s.Carries {
			counted++
		}
	}
	for _, c := range l.pool.list {
		by := l.hitBy[c.sig.Text()]
		if c.drop == "" && c.signal() && len(by) > 0 {
			c.drop = fmt.Sprintf("stands in %d of %d apps that do not carry the product (%s)", len(by), counted, firstOf(by))
		}
	}
	p := &Proposal{Owners: l.pool.owners, Classes: l.pool.classes, Own: l.pool.own, Reads: l.pool.reads, Against: l.against}
	p.Matrix = matrix(l.arts, l.pool)
	p.Rule = l.compose(p.Matrix)
	for _, c := range l.pool.list {
		r := Reason{Kept: c.drop == "", What: c.text(), Why: cmp.Or(c.drop, c.why)}
		p.Reasons = append(p.Reasons, r)
	}
	slices.SortStableFunc(p.Reasons, func(a, b Reason) int {
		if a.Kept != b.Kept {
			if a.Kept {
				return -1
			}
			return 1
		}
		return 0
	})
	if len(p.Rule.Signals) == 0 {
		return p, nil
	}
	if err := l.verify(p); err != nil {
		return nil, err
	}
	return p, ctx.Err()
}

// verify says on which apps the finished rule holds, and runs its examples.
func (l *Learner) verify(p *Proposal) error {
	for i := range p.Against {
		s := &p.Against[i]
		weak := map[string]bool{}
		for j := range p.Rule.Signals {
			sig := &p.Rule.Signals[j]
			if !slices.Contains(s.hits, sig.Text()) {
				continue
			}
			switch sig.EffectiveStrength() {
			case rule.Strong:
				s.Held = true
			case rule.Weak:
				weak[sig.Type()] = true
			}
		}
		s.Held = s.Held || len(weak) > 1
	}
	fails, err := signatures.Test(p.Rule)
	p.Failures = fails
	return err
}

func firstOf(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
