// Package policy judges the results of a scan by what somebody demands of
// apps: a file, telltale.yaml, a preset, or --fail-on. All of them are rules
// over expressions of package filter; what a rule says of a thing in an app is an
// [event.Verdict].
package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/filter"
)

// Severity says what a violation does: an error fails the run.
type Severity string

// The severities; Off switches a rule off.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
	Off             Severity = "off"
)

// The outcomes of a verdict.
const (
	Violation  = "violation"
	Suppressed = "suppressed"
	Known      = "known" // it was in the baseline
)

// maxVerdicts bounds what one rule says of one app.
const maxVerdicts = 1000

// Rule is one rule. Deny, Allow and Require are as the schema describes them.
type Rule struct {
	Name        string
	Description string
	Severity    Severity
	Help        string
	Deny        *filter.Expr
	Allow       *filter.Expr
	Require     *filter.Expr
	Apps        *filter.Expr
	// condition is how --fail-on was written; "" for others.
	condition string
}

// Override changes severities for some apps.
type Override struct {
	Apps  *filter.Expr
	Rules map[string]Severity
}

// Suppression lets a violation pass until a day.
type Suppression struct {
	Rule    string // "*" for all
	Apps    *filter.Expr
	Match   *filter.Expr // the things that it is about; nil for all
	Reason  string
	Owner   string
	Expires time.Time // the last day
	where   string    // file and line
	used    bool
}

// Policy is a set of rules. It is not safe for concurrent use.
type Policy struct {
	Sources      []event.PolicySource
	Rules        []*Rule
	Overrides    []Override
	Suppressions []*Suppression

	today time.Time
}

// Combine makes one policy of several. A rule that comes later takes the place of
// one of the same name. today is the day by which suppressions are judged.
func Combine(today time.Time, all ...*Policy) *Policy {
	out := &Policy{today: today}
	for _, p := range all {
		for _, s := range p.Sources {
			if !slices.Contains(out.Sources, s) {
				out.Sources = append(out.Sources, s)
			}
		}
		for _, r := range p.Rules {
			out.add(r)
		}
		out.Overrides = append(out.Overrides, p.Overrides...)
		for _, s := range p.Suppressions {
			if !slices.Contains(out.Suppressions, s) {
				out.Suppressions = append(out.Suppressions, s)
			}
		}
	}
	return out
}

func (p *Policy) add(r *Rule) {
	if i := slices.IndexFunc(p.Rules, func(o *Rule) bool { return o.Name == r.Name }); i >= 0 {
		p.Rules[i] = r
		return
	}
	p.Rules = append(p.Rules, r)
}

// FailOn makes a rule of each condition of --fail-on.
func FailOn(conditions []string) (*Policy, error) {
	p := &Policy{}
	for _, c := range conditions {
		x, err := filter.Parse(c)
		if err != nil {
			return nil, fmt.Errorf("--fail-on %q: %w (see 'telltale help query')", c, err)
		}
		p.add(&Rule{Name: "--fail-on " + c, Severity: SeverityError, Deny: x, condition: c})
	}
	return p, nil
}

// NothingNew is what --baseline means by itself: everything that an app does is
// denied but what it did before.
func NothingNew() *Policy {
	x, err := filter.Parse("sdk:* and not state:referenced or identifier:* and confidence:medium or registered:* or host:* and not doubtful or permission:* or signer:* or dynamic:classes,package,hotfix or exported:*")
	if err != nil {
		panic(err) // a constant
	}
	return &Policy{Rules: []*Rule{{
		Name: "nothing-new", Description: "Nothing that the baseline does not have", Severity: SeverityError, Deny: x,
		Help: "if it is meant, make the new report the baseline",
	}}}
}

// Event is the policy as the report tells it.
func (p *Policy) Event() *event.Policy {
	out := &event.Policy{Sources: []event.PolicySource{}, Rules: []event.PolicyRule{}}
	out.Sources = append(out.Sources, p.Sources...)
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, event.PolicyRule{
			Name: r.Name, Severity: string(r.Severity), Description: r.Description, Help: r.Help,
			Deny: text(r.Deny), Allow: text(r.Allow), Require: text(r.Require), Apps: text(r.Apps),
		})
	}
	return out
}

func text(x *filter.Expr) string {
	if x == nil {
		return ""
	}
	return x.String()
}

// Judge says what the rules say of an app. What known holds was there before; it
// may be nil.
func (p *Policy) Judge(a *event.App, known *Baseline) []event.Verdict {
	var out []event.Verdict
	app := filter.NewApp(a)
	for _, r := range p.Rules {
		severity := p.severity(r, app)
		if severity == Off || r.Apps != nil && !r.Apps.Holds(app) {
			continue
		}
		list := r.judge(app)
		if n := len(list) - maxVerdicts; n > 0 {
			list = list[:maxVerdicts]
			list[maxVerdicts-1].Message += fmt.Sprintf("; and %d more by this rule", n)
		}
		for i := range list {
			v := &list[i]
			v.Rule, v.Severity, v.Outcome = r.Name, string(severity), Violation
			v.Help = strings.Trim(r.Help+"; "+v.Help, "; ")
			v.Fingerprint = mark(r.Name, v.Kind, v.ID, v.By)
			switch s := p.suppression(r, app, v); {
			case known.has(a, v.Fingerprint):
				v.Outcome = Known
			case s == nil:
			default:
				expired := p.expired(s)
				v.Suppression = &event.Suppression{Reason: s.Reason, Owner: s.Owner, Expires: s.Expires.Format(time.DateOnly), Expired: expired}
				if !expired {
					v.Outcome = Suppressed
				} else {
					v.Message += fmt.Sprintf("; what let it pass ran out on %s (%s)", v.Suppression.Expires, s.Owner)
				}
			}
		}
		out = append(out, list...)
	}
	return out
}

// judge lists what of an app the rule is against.
func (r *Rule) judge(a *filter.App) []event.Verdict {
	if r.Require != nil {
		if r.Require.Holds(a) {
			return nil
		}
		v := verdict(a.All(filter.KindApp)[0])
		v.Message = "does not have what is required: " + r.Require.String()
		return []event.Verdict{v}
	}
	var things []filter.Thing
	if r.Deny != nil {
		things, _ = r.Deny.Match(a)
	} else {
		// An allow-list by itself: of all things of its kinds.
		for _, k := range r.Allow.Kinds() {
			things = append(things, a.All(k)...)
		}
	}
	if r.Allow != nil {
		fine, _ := r.Allow.Match(a)
		pass := map[string]bool{}
		for i := range fine {
			pass[fine[i].Key()] = true
		}
		things = slices.DeleteFunc(things, func(t filter.Thing) bool { return pass[t.Key()] })
	}
	var out []event.Verdict
	for i := range things {
		v := verdict(things[i])
		if things[i].Kind == filter.KindApp && r.Deny != nil {
			v.Message += ", and has what is denied: " + r.Deny.String()
		}
		out = append(out, v)
	}
	return out
}

func verdict(t filter.Thing) event.Verdict {
	return event.Verdict{Kind: string(t.Kind), ID: t.ID(), By: t.By, Message: t.Say(), Help: t.Fix(), Location: t.At()}
}

// severity is what overrides leave of a rule's; the last one counts.
func (p *Policy) severity(r *Rule, a *filter.App) Severity {
	s := r.Severity
	for i := range p.Overrides {
		o := &p.Overrides[i]
		if v, ok := o.Rules[r.Name]; ok && o.Apps.Holds(a) {
			s = v
		}
	}
	return s
}

// suppression returns what lets a violation pass: one that holds before one
// that has expired.
func (p *Policy) suppression(r *Rule, a *filter.App, v *event.Verdict) *Suppression {
	var out *Suppression
	for _, s := range p.Suppressions {
		if s.Rule != r.Name && s.Rule != "*" || s.Apps != nil && !s.Apps.Holds(a) {
			continue
		}
		if s.Match != nil {
			things, _ := s.Match.Match(a)
			if !slices.ContainsFunc(things, func(t filter.Thing) bool {
				return string(t.Kind) == v.Kind && t.ID() == v.ID && t.By == v.By
			}) {
				continue
			}
		}
		s.used = true
		if out == nil || p.expired(out) && !p.expired(s) {
			out = s
		}
	}
	return out
}

// expired reports whether the last day is over.
func (p *Policy) expired(s *Suppression) bool { return p.today.After(s.Expires) }

// Expired says which suppressions have run out, whether they would let
// something pass or not: who is named in them must look again.
func (p *Policy) Expired() []string {
	var out []string
	for _, s := range p.Suppressions {
		if p.expired(s) {
			out = append(out, fmt.Sprintf("%s: the suppression of rule %s by %s ran out on %s (%s): mend what it hides, or give it a new day and a reason",
				s.where, s.Rule, s.Owner, s.Expires.Format(time.DateOnly), s.Reason))
		}
	}
	return out
}

// Unused says which suppressions let nothing pass in the apps that were judged.
func (p *Policy) Unused() []string {
	var out []string
	for _, s := range p.Suppressions {
		if !s.used && !p.expired(s) {
			out = append(out, fmt.Sprintf("%s: the suppression of rule %s let nothing pass in this run: remove it if what it was for is gone", s.where, s.Rule))
		}
	}
	return out
}

// Reasons says in a few lines why an app fails the run: one for each rule. It
// tells where known, which may be nil, does not have the app at all.
func (p *Policy) Reasons(a *event.App, known *Baseline, code int) []event.ExitReason {
	var out []event.ExitReason
	for _, r := range p.Rules {
		var first *event.Verdict
		n := 0
		for i := range a.Verdicts {
			v := &a.Verdicts[i]
			if v.Rule != r.Name || v.Outcome != Violation || v.Severity != string(SeverityError) {
				continue
			}
			if n++; first == nil {
				first = v
			}
		}
		if first == nil {
			continue
		}
		by := "rule " + r.Name
		if r.condition != "" {
			by = r.Name
		}
		more := ""
		if n > 1 {
			more = fmt.Sprintf(", and %d more", n-1)
		}
		if known != nil && !known.Has(a) {
			more += "; the baseline does not have this app"
		}
		out = append(out, event.ExitReason{
			Code: code, Reason: fmt.Sprintf("%s: %s%s (%s)", a.Path, first.Message, more, by),
			Path: a.Path, Package: a.Package, Condition: r.Name,
		})
	}
	return out
}

// Names returns values of a key in all rules, with where they are used, so that
// ids that no signature has can be told.
func (p *Policy) Names(key string) map[string]string {
	out := map[string]string{}
	for _, r := range p.Rules {
		for _, x := range []*filter.Expr{r.Deny, r.Allow, r.Require, r.Apps} {
			if x == nil {
				continue
			}
			for _, v := range x.Values(key) {
				out[v] = cmp.Or(out[v], r.Name)
			}
		}
	}
	return out
}

// mark names a thing and the rule against it.
func mark(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Baseline holds what earlier reports have, judged by the same rules.
type Baseline struct {
	marks map[string]map[string]bool // app → fingerprints
}

// NewBaseline returns an empty baseline.
func NewBaseline() *Baseline { return &Baseline{map[string]map[string]bool{}} }

// Add judges an app of the earlier report. Several versions of one app count
// together.
func (b *Baseline) Add(p *Policy, a *event.App) {
	k := appKey(a)
	if b.marks[k] == nil {
		b.marks[k] = map[string]bool{}
	}
	for _, v := range p.Judge(a, nil) {
		b.marks[k][v.Fingerprint] = true
	}
}

// Has reports whether the app was in the earlier report at all.
func (b *Baseline) Has(a *event.App) bool { return b.marks[appKey(a)] != nil }

func (b *Baseline) has(a *event.App, fingerprint string) bool {
	return b != nil && b.marks[appKey(a)][fingerprint]
}

// appKey pairs an app with itself in another report.
func appKey(a *event.App) string {
	if a.Package != "" {
		return "package " + a.Package
	}
	return "path " + strings.TrimPrefix(a.Path, "./")
}
