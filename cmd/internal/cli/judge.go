package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/policy"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// maxPolicy is the size of a policy that is read, one byte more than may be.
const maxPolicy = 1<<20 + 1

// judgeFlags are those of every command that judges results.
func judgeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "fail-on", Usage: "exit with 1 if an app has `WHAT`, an expression: tracker, sdk:ID, category:NAME, vendor:ID, registered:PLACE, identifier:ID, host:NAME, permission:NAME … (see 'telltale help query'; may be repeated)"},
		&cli.StringSliceFlag{Name: "policy", Usage: "judge by `FILE`, or by a preset: " + strings.Join(policy.Presets(), ", ") + " (may be repeated; a later rule takes the place of an earlier one of the same name)"},
		&cli.StringFlag{Name: "baseline", Usage: "let pass what `FILE`, an earlier JSON or NDJSON report, has; without --policy and --fail-on nothing else may be there"},
		&cli.StringFlag{Name: "today", Usage: "judge suppressions as on `DAY`, YYYY-MM-DD (default: the clock's)"},
	}
}

// demands is what results are judged by: nothing, if policy is nil.
type demands struct {
	policy  *policy.Policy
	known   *policy.Baseline
	info    *event.Policy
	reasons []event.ExitReason // so far
}

// demands reads the flags that judge.
func (e *env) demands(c *cli.Context, rules *signatures.Rules) (*demands, error) {
	today, err := e.today(c)
	if err != nil {
		return nil, err
	}
	var all []*policy.Policy
	for _, name := range c.StringSlice("policy") {
		p, err := loadPolicy(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	p, err := policy.FailOn(c.StringSlice("fail-on"))
	if err != nil {
		return nil, usagef("%v", err)
	}
	if len(p.Rules) > 0 {
		all = append(all, p)
	}
	baseline := c.String("baseline")
	if len(all) == 0 && baseline != "" {
		all = append(all, policy.NothingNew())
	}
	if len(all) == 0 {
		return &demands{}, nil
	}
	d := &demands{policy: policy.Combine(today, all...)}
	if err := knownNames(d.policy.Names, rules); err != nil {
		return nil, err
	}
	d.info = d.policy.Event()
	if baseline != "" {
		if err := e.readBaseline(d, baseline, rules); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (e *env) today(c *cli.Context) (time.Time, error) {
	text := c.String("today")
	if text == "" {
		return time.Parse(time.DateOnly, time.Now().Format(time.DateOnly))
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, usagef("--today %q: write YYYY-MM-DD", text)
	}
	return t, nil
}

// loadPolicy reads a file or a preset.
func loadPolicy(name string) (*policy.Policy, error) {
	var p *policy.Policy
	var err error
	if slices.Contains(policy.Presets(), name) {
		p, err = policy.Preset(name)
	} else {
		var text []byte
		if text, err = readSmall(name); err != nil {
			return nil, usagef("--policy %s: %s (presets: %s)", name, errText(err), strings.Join(policy.Presets(), ", "))
		}
		p, err = policy.Load(name, text)
	}
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	return p, nil
}

// readSmall reads a regular file of a size that a policy may have.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.IsDir() {
		return nil, cmp.Or(err, errors.New("is a folder"))
	}
	return io.ReadAll(io.LimitReader(f, maxPolicy))
}

// knownNames refuses ids that no signature has: a rule over a misspelt name
// would pass everything silently.
func knownNames(used func(key string) map[string]string, rules *signatures.Rules) error {
	var problems []string
	for _, k := range []struct {
		key   string
		kinds []rule.Kind
	}{
		{"sdk", []rule.Kind{rule.KindSDK, rule.KindPacker}},
		{"host-sdk", []rule.Kind{rule.KindSDK}},
		{"exported-sdk", []rule.Kind{rule.KindSDK}},
		{"vendor", []rule.Kind{rule.KindVendor}},
		{"owner", []rule.Kind{rule.KindVendor}},
		{"identifier", []rule.Kind{rule.KindIdentifier}},
		{"reads", []rule.Kind{rule.KindIdentifier}},
		{"sink", []rule.Kind{rule.KindSink}},
	} {
		values := used(k.key)
		if len(values) == 0 {
			continue
		}
		have := map[string]bool{}
		for ref := range rules.List() {
			if slices.Contains(k.kinds, ref.Kind) {
				have[strings.ToLower(ref.ID)] = true
				have[strings.ToLower(ruleName(rules.Get(ref.Kind, ref.ID)))] = true
			}
		}
		for v, where := range values {
			if !have[v] {
				problems = append(problems, fmt.Sprintf("%s: no signature has the id or name %s:%s (see 'telltale signatures list'; %s:%s* matches whatever begins so)", where, k.key, v, k.key, v))
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return &exitError{exitUsage, strings.Join(problems, "\n")}
}

// ruleName is the name of a rule for people.
func ruleName(v any) string {
	switch v := v.(type) {
	case *rule.SDK:
		return v.Name
	case *rule.Vendor:
		return v.Name
	case *rule.Identifier:
		return v.Name
	case *rule.Sink:
		return v.Name
	}
	return ""
}

// readBaseline judges an earlier report by the same rules.
func (e *env) readBaseline(d *demands, name string, rules *signatures.Rules) error {
	s, done, err := e.openSaved(name)
	if err != nil {
		return err
	}
	defer done()
	d.known = policy.NewBaseline()
	err = s.Replay(func(m *event.Message) error {
		if m.App != nil {
			d.known.Add(d.policy, m.App)
		}
		return nil
	})
	if err != nil {
		return &exitError{exitUsage, fmt.Sprintf("%s cannot be read: %v", name, err)}
	}
	if s.Start.Signatures.Digest != rules.Digest() {
		e.log.Warnf("%s was made with other rules: what only the present ones find counts as new", name)
	}
	d.info.Baseline = "standard input"
	if name != "-" {
		sum, err := digestFile(name)
		if err != nil {
			return &exitError{exitUsage, fmt.Sprintf("%s cannot be read: %s", name, errText(err))}
		}
		d.info.Baseline = "sha256:" + sum
	}
	return nil
}

// judge returns the result with what the rules say of it.
func (d *demands) judge(a *event.App) *event.App {
	if d.policy == nil && a.Verdicts == nil {
		return a
	}
	b := *a // a result may be shared by equal inputs
	b.Verdicts = nil
	if d.policy != nil {
		b.Verdicts = d.policy.Judge(&b, d.known)
		d.reasons = append(d.reasons, d.policy.Reasons(&b, d.known, exitForbidden)...)
	}
	return &b
}

// end returns why the run fails, and warns of suppressions that do nothing.
func (d *demands) end(warn func(format string, args ...any)) []event.ExitReason {
	if d.policy == nil {
		return nil
	}
	for _, u := range d.policy.Unused() {
		warn("%s", u)
	}
	for _, x := range d.policy.Expired() {
		d.reasons = append(d.reasons, event.ExitReason{Code: exitForbidden, Reason: x})
	}
	return d.reasons
}

// samePolicy reports whether two runs were judged alike.
func samePolicy(a, b *event.Policy) bool { return reflect.DeepEqual(a, b) }
