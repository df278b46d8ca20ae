package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func (e *env) rulesDiffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show which findings a change of rules adds and removes on frozen facts",
		ArgsUsage: "A B FACTS-DIR",
		Description: "A and B are folders of rules before and after the change; each is laid over the bundled\n" +
			"rules, unless --no-default-signatures is given, and - stands for those alone. Only apps\n" +
			"that one of the changed rules can have to do with are judged again.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "no-default-signatures", Usage: "do without the bundled rules: A and B are whole"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, DefaultText: "the number of processors", Usage: "look at `N` apps at the same time"},
		},
		Action: e.rulesDiff,
	}
}

func (e *env) rulesDiff(c *cli.Context) error {
	if c.Args().Len() != 3 {
		return usagef("signatures diff needs two folders of rules, A and B, and a folder of frozen facts")
	}
	var sides [2]*signatures.Rules
	for i := range sides {
		var err error
		if sides[i], err = e.overlaid(c.Args().Get(i), c.Bool("no-default-signatures")); err != nil {
			return err
		}
	}
	changed, names := changedRules(sides[0], sides[1])
	var b bytes.Buffer
	for _, n := range names {
		fmt.Fprintf(&b, "%s\n", n)
	}
	dir := c.Args().Get(2)
	jobs := cmp.Or(c.Int("jobs"), runtime.GOMAXPROCS(0))
	apps, err := e.openCorpus(c.Context, dir, jobs)
	if err != nil {
		return err
	}
	touched, err := apps.Touched(changed...)
	if err != nil {
		return &exitError{exitUsage, err.Error()}
	}
	var opts [2]scan.Options
	for i, r := range sides {
		compiled, err := signatures.Compile(r)
		if err != nil {
			return err
		}
		opts[i] = scan.Options{Jobs: 1, Rules: compiled, ShowKeys: true}
	}
	out := make([][]string, len(touched))
	failed := make([]error, len(touched))
	var wg sync.WaitGroup
	next := make(chan int)
	for range jobs {
		wg.Go(func() {
			for i := range next {
				// A panic in there is an error, see scan.Facts.
				failed[i] = scan.Facts(c.Context, filepath.Join(dir, filepath.FromSlash(touched[i])), opts[0], func(set *fact.Set) error {
					var both [2]*event.App
					for k := range opts {
						var err error
						if both[k], err = scan.Judge(c.Context, set, opts[k]); err != nil {
							return err
						}
					}
					out[i] = diffFindings(&both[0].Findings, &both[1].Findings)
					return nil
				})
			}
		})
	}
	for i := range touched {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := c.Context.Err(); err != nil {
		return &exitError{code: exitInterrupt}
	}
	differ, lines := 0, 0
	for i, list := range out {
		if failed[i] != nil {
			fmt.Fprintf(&b, "\n! %s\n", report.Clean(failed[i].Error()))
		}
		if len(list) == 0 {
			continue
		}
		differ++
		lines += len(list)
		fmt.Fprintf(&b, "\n%s\n", report.Clean(touched[i]))
		for _, l := range list {
			fmt.Fprintf(&b, "  %s\n", report.Clean(l))
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d %s changed; %d of %d apps looked at, %d differ, %d findings\n", len(names), plural("rule", len(names)), len(touched), apps.Len(), differ, lines)
	_, err = io.Copy(e.stdout, &b)
	return err
}

// overlaid loads a folder of rules over the bundled ones; "-" is none.
func (e *env) overlaid(dir string, alone bool) (*signatures.Rules, error) {
	var base *signatures.Rules
	var err error
	if !alone {
		if base, err = signatures.Default(); err != nil {
			return nil, &exitError{exitUsage, "the bundled rules cannot be read: " + err.Error()}
		}
	}
	var over []*signatures.Rules
	if dir != "-" {
		st, err := os.Stat(dir)
		if err != nil || !st.IsDir() {
			return nil, usagef("%s: %s", dir, cmp.Or(errText(err), "is not a folder"))
		}
		r, err := signatures.Load(os.DirFS(dir), dir, signatures.Overlay)
		if err != nil {
			return nil, &exitError{exitUsage, err.Error()}
		}
		over = append(over, r)
	}
	r, err := signatures.Merge(base, over...)
	if err != nil {
		return nil, &exitError{exitUsage, err.Error()}
	}
	return r, nil
}

// changedRules returns the rules that differ between two sets, as both have
// them, with those whose meaning depends on them; and the first of these for
// people.
func changedRules(a, b *signatures.Rules) (rules []any, names []string) {
	type key struct {
		kind rule.Kind
		id   string
	}
	refs := [2]map[key]string{{}, {}}
	for i, r := range []*signatures.Rules{a, b} {
		for ref := range r.List() {
			refs[i][key{ref.Kind, ref.ID}] = ref.SHA256
		}
	}
	sdks, vendors := map[string]bool{}, map[string]bool{}
	taken := map[key]bool{}
	take := func(k key) {
		if taken[k] {
			return
		}
		taken[k] = true
		for _, r := range []*signatures.Rules{a, b} {
			if v := r.Get(k.kind, k.id); v != nil {
				rules = append(rules, v)
			}
		}
	}
	var keys []key
	for i := range refs {
		for k := range refs[i] {
			if refs[0][k] != refs[1][k] && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, func(x, y key) int { return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.id, y.id)) })
	for _, k := range keys {
		mark := "~"
		switch "" {
		case refs[0][k]:
			mark = "+"
		case refs[1][k]:
			mark = "-"
		}
		names = append(names, fmt.Sprintf("%s rule %s %s", mark, k.kind, k.id))
		switch k.kind {
		case rule.KindSDK, rule.KindPacker:
			sdks[k.id] = true
		case rule.KindVendor:
			vendors[k.id] = true
		}
		take(k)
	}
	for _, r := range []*signatures.Rules{a, b} {
		for grown := true; grown; {
			grown = false
			for v := range signatures.All[rule.Vendor](r) {
				if vendors[v.Parent] && !vendors[v.ID] {
					vendors[v.ID], grown = true, true
				}
			}
		}
	}
	for _, r := range []*signatures.Rules{a, b} {
		for s := range signatures.All[rule.SDK](r) {
			rel := s.Relations
			if vendors[s.Vendor] || sdks[rel.PartOf] || slices.ContainsFunc(slices.Concat(rel.Contains, rel.SupersededBy, rel.Requires), func(id string) bool { return sdks[id] }) {
				take(key{s.Kind, s.ID})
			}
		}
		for d := range signatures.All[rule.Domain](r) {
			if vendors[d.Vendor] || slices.ContainsFunc(d.Hosts, func(h rule.Host) bool { return sdks[h.SDK] }) {
				take(key{d.Kind, d.ID})
			}
		}
	}
	return rules, names
}

// diffFindings says in lines what two judgements of one app differ in.
func diffFindings(a, b *finding.Findings) []string {
	var out []string
	for _, l := range []struct {
		kind string
		key  []string // the fields that name an item
		a, b any
	}{
		{"sdk", []string{"id"}, a.SDKs, b.SDKs},
		{"endpoint", []string{"value"}, a.Endpoints, b.Endpoints},
		{"identifier", []string{"id"}, a.Identifiers, b.Identifiers},
		{"sink", []string{"id"}, a.Sinks, b.Sinks},
		{"hint", []string{"owner.kind", "owner.name"}, a.FlowHints, b.FlowHints},
		{"dynamic-code", []string{"kind", "owner.kind", "owner.name"}, a.DynamicCode, b.DynamicCode},
	} {
		x, xs := items(l.a, l.key)
		y, ys := items(l.b, l.key)
		for _, k := range xs {
			if y[k] == nil {
				out = append(out, "- "+l.kind+" "+k+brief(x[k]))
			}
		}
		for _, k := range ys {
			switch was := x[k]; {
			case was == nil:
				out = append(out, "+ "+l.kind+" "+k+brief(y[k]))
			case !reflect.DeepEqual(was, y[k]):
				out = append(out, "~ "+l.kind+" "+k+": "+fields(was, y[k]))
			}
		}
	}
	return out
}

// items reads a list of findings as the report writes it, by name.
func items(list any, key []string) (map[string]map[string]any, []string) {
	out := map[string]map[string]any{}
	text, err := json.Marshal(list)
	if err != nil {
		return out, nil
	}
	var parsed []map[string]any
	if json.Unmarshal(text, &parsed) != nil {
		return out, nil
	}
	var order []string
	for _, it := range parsed {
		var parts []string
		for _, k := range key {
			var v any = it
			for p := range strings.SplitSeq(k, ".") {
				m, _ := v.(map[string]any)
				v = m[p]
			}
			parts = append(parts, fmt.Sprint(v))
		}
		name := strings.Join(parts, " ")
		for out[name] != nil {
			name += "'"
		}
		out[name] = it
		order = append(order, name)
	}
	return out, order
}

// brief says the most important of a finding.
func brief(it map[string]any) string {
	var parts []string
	for _, k := range []string{"state", "confidence", "owner", "role", "noise", "sdk", "total"} {
		switch v := it[k].(type) {
		case string:
			if v != "" {
				parts = append(parts, k+" "+v)
			}
		case float64:
			if v > 0 {
				parts = append(parts, fmt.Sprintf("%s %v", k, v))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// fields says which fields of a finding changed, and how, where that is short.
func fields(a, b map[string]any) string {
	var keys []string
	for k := range b {
		if !reflect.DeepEqual(a[k], b[k]) {
			keys = append(keys, k)
		}
	}
	for k := range a {
		if _, ok := b[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	short := func(v any) string {
		switch v := v.(type) {
		case nil:
			return "none"
		case string:
			if v == "" {
				return `""`
			}
			return v
		case []any:
			return fmt.Sprintf("%d items", len(v))
		case map[string]any:
			for _, k := range []string{"value", "name", "id"} {
				if s, ok := v[k].(string); ok {
					return s
				}
			}
			return "…"
		}
		return fmt.Sprint(v)
	}
	var parts []string
	for _, k := range keys {
		x, y := short(a[k]), short(b[k])
		if x == y {
			parts = append(parts, k)
		} else {
			parts = append(parts, fmt.Sprintf("%s %s → %s", k, x, y))
		}
	}
	return strings.Join(parts, ", ")
}
