// Package diff says what differs between two sets of results: two versions of
// an app, two folders of apps, or two saved reports.
//
// Apps are paired by package and signer, then by package alone, and those
// without a package by their path. What is compared is what a reader of a report
// would ask for: products, their versions and how far they are active, hosts and
// who registered their domains where, identifiers by whose code, permissions,
// signers, open components and code that is loaded at run time. Places in code
// are not: they change with every build.
package diff

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/filter"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Schema names the version of the JSON form.
const Schema = "telltale.diff/v1"

// SchemaJSON is its JSON Schema.
//
//go:embed diff-v1.schema.json
var SchemaJSON []byte

// Diff is the whole comparison.
type Diff struct {
	Schema  string     `json:"schema"`
	Tool    event.Tool `json:"tool"`
	Old     Side       `json:"old"`
	New     Side       `json:"new"`
	Apps    []App      `json:"apps"` // those that differ, in the order of their packages
	Summary Summary    `json:"summary"`
}

// Side is one of the two.
type Side struct {
	Name   string `json:"name"`  // as it was named on the command line
	Rules  string `json:"rules"` // digest of the rules that made it
	Apps   int    `json:"apps"`
	Unread int    `json:"unread"` // apps of which not everything was read
}

// App is what differs in one app.
type App struct {
	Package string   `json:"package"`
	Change  string   `json:"change"` // "added", "removed" or "changed"
	Old     *Version `json:"old"`    // nil if it was added
	New     *Version `json:"new"`    // nil if it was removed
	Changes []Change `json:"changes"`
	// Notes say what keeps the comparison from being whole.
	Notes []string `json:"notes"`
}

// Version is one of the two versions of an app.
type Version struct {
	Path        string `json:"path"`
	SHA256      string `json:"sha256"`
	VersionName string `json:"version_name"`
	VersionCode int64  `json:"version_code"`
	Status      string `json:"status"`
}

// Change is one difference.
type Change struct {
	// What is "sdk", "version" or "state" (of an SDK), "host", "registrant" (of a
	// domain), "identifier" (by somebody's code), "permission", "signer",
	// "component", "code", "event", "target" or "min-sdk".
	What   string `json:"what"`
	Change string `json:"change"` // "added", "removed" or "changed"
	ID     string `json:"id"`
	Name   string `json:"name"` // for people
	By     string `json:"by"`   // whose code, for identifiers and code
	Old    string `json:"old"`
	New    string `json:"new"`
	Text   string `json:"text"` // for people
	// IsNew tells that the app does something that it did not do before.
	IsNew bool   `json:"is_new"`
	Fix   string `json:"fix,omitempty"` // what to do, where a rule knows
}

// Summary counts.
type Summary struct {
	Compared int            `json:"compared"` // apps that are on both sides
	Added    int            `json:"added"`
	Removed  int            `json:"removed"`
	Changed  int            `json:"changed"`
	New      map[string]int `json:"new"` // changes that are new, by what they are about
}

// HasNew reports whether something is there that was not.
func (d *Diff) HasNew() bool { return len(d.Summary.New) > 0 }

// Snapshot is what is kept of one result.
type Snapshot struct {
	version Version
	pkg     string
	content string // digests of all files: that of the first may be of a shell whose code is elsewhere
	signers []string
	items   map[key]item
}

type key struct{ what, id, by string }

type item struct {
	name  string
	value string // what "changed" compares
	text  string
	fix   string
	rank  int // a higher one is new
}

// order of what is told.
var order = []string{"signer", "sdk", "version", "state", "identifier", "registrant", "host", "permission", "code", "component", "event", "target", "min-sdk"}

// Take keeps what is compared of a result.
func Take(a *event.App) *Snapshot {
	s := &Snapshot{
		version: Version{Path: a.Path, SHA256: a.SHA256, VersionName: a.VersionName, VersionCode: a.VersionCode, Status: string(a.Status)},
		pkg:     a.Package, items: map[key]item{},
	}
	var parts []string
	for _, p := range a.Parts {
		parts = append(parts, p.SHA256)
	}
	slices.Sort(parts)
	s.content = strings.Join(parts, " ")
	f := filter.NewApp(a)
	for _, k := range []struct {
		kind filter.Kind
		what string
	}{
		{filter.KindSDK, "sdk"},
		{filter.KindIdentifier, "identifier"},
		{filter.KindHost, "host"},
		{filter.KindPermission, "permission"},
		{filter.KindSigner, "signer"},
		{filter.KindCode, "code"},
		{filter.KindComponent, "component"},
	} {
		for _, t := range f.All(k.kind) {
			switch {
			case k.what == "code" && (t.ID() == "multidex" || t.ID() == "native-library"):
				continue // the app's own files
			case k.what == "host" && t.Endpoint.Doubtful:
				continue
			case k.what == "identifier" && t.Identifier.Confidence == "low":
				continue
			}
			s.items[key{k.what, t.ID(), t.By}] = item{name: thingName(&t), text: t.Say(), fix: t.Fix()}
		}
	}
	for i := range a.SDKs {
		sdk := &a.SDKs[i]
		if v := sdk.Version; v != nil && v.Value != "" {
			s.items[key{"version", sdk.ID, ""}] = item{name: sdk.Name, value: v.Value}
		}
		value, rank := state(sdk)
		s.items[key{"state", sdk.ID, ""}] = item{name: sdk.Name, value: value, rank: rank, text: value}
		for _, e := range sdk.Events {
			s.items[key{"event", e.Name, sdk.ID}] = item{name: e.Name, text: "hands the event " + e.Name + " to " + sdk.Name}
		}
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		if r := e.RegisteredIn; r != nil && e.Noise == "" && !e.Doubtful {
			where := strings.Trim(r.City+", "+r.Country, ", ")
			s.items[key{"registrant", e.RegistrableDomain, ""}] = item{name: e.RegistrableDomain, value: where, text: fmt.Sprintf("names hosts of %s, registered in %s (%s: %s)", e.RegistrableDomain, where, r.Grade, cut(r.Evidence, 90))}
		}
	}
	for _, x := range a.Signers {
		s.signers = append(s.signers, x.SHA256)
	}
	if a.TargetSDK > 0 {
		s.items[key{"target", "", ""}] = item{name: "target API level", value: fmt.Sprint(a.TargetSDK)}
	}
	if a.MinSDK > 0 {
		s.items[key{"min-sdk", "", ""}] = item{name: "lowest API level", value: fmt.Sprint(a.MinSDK)}
	}
	return s
}

// cut shortens text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// states, the weakest first.
var states = []finding.State{finding.Referenced, finding.Stub, finding.Disabled, finding.Present, finding.Wired, finding.Reachable}

// state says how far an SDK is active. What rises is new.
func state(s *finding.SDK) (string, int) {
	st := s.State
	if slices.ContainsFunc(s.States, func(e finding.StateEvidence) bool { return e.State == finding.Disabled }) && st != finding.Stub {
		st = finding.Disabled
	}
	value, rank := string(st), 2*slices.Index(states, st)
	if s.AtStartup != nil {
		value, rank = value+", can run at app start", rank+1
	}
	return value, rank
}

func thingName(t *filter.Thing) string {
	switch t.Kind {
	case filter.KindSDK:
		return t.SDK.Name
	case filter.KindIdentifier:
		return t.Identifier.Name
	}
	return t.ID()
}

// Compare pairs the apps of both sides and says what differs.
func Compare(olds, news []*Snapshot) ([]App, Summary) {
	sum := Summary{New: map[string]int{}}
	apps := []App{}
	taken := map[*Snapshot]*Snapshot{} // old → new
	partner := map[*Snapshot]*Snapshot{}
	for _, fits := range []func(o, n *Snapshot) bool{
		func(o, n *Snapshot) bool { return o.pkg != "" && o.pkg == n.pkg && o.shares(n) && samePath(o, n) },
		func(o, n *Snapshot) bool { return o.pkg != "" && o.pkg == n.pkg && o.shares(n) },
		func(o, n *Snapshot) bool { return o.pkg != "" && o.pkg == n.pkg },
		func(o, n *Snapshot) bool {
			return (o.pkg == "" || n.pkg == "") && (samePath(o, n) || o.content != "" && o.content == n.content)
		},
	} {
		byPkg := map[string][]*Snapshot{}
		for _, o := range olds {
			if taken[o] == nil {
				byPkg[o.pkg] = append(byPkg[o.pkg], o)
			}
		}
		for _, n := range news {
			if partner[n] != nil {
				continue
			}
			candidates := byPkg[n.pkg]
			if n.pkg == "" {
				candidates = olds
			} else if len(candidates) == 0 {
				candidates = byPkg[""]
			}
			for _, o := range candidates {
				if taken[o] == nil && fits(o, n) {
					taken[o], partner[n] = n, o
					break
				}
			}
		}
	}
	// One file on each side is meant to be compared, whatever it is.
	if len(olds) == 1 && len(news) == 1 && partner[news[0]] == nil {
		taken[olds[0]], partner[news[0]] = news[0], olds[0]
	}
	for _, n := range news {
		o := partner[n]
		if o == nil {
			sum.Added++
			sum.New["app"]++
			a := App{Package: n.pkg, Change: "added", New: &n.version, Changes: changes(&Snapshot{}, n), Notes: notes(nil, n)}
			count(&sum, a.Changes)
			apps = append(apps, a)
			continue
		}
		sum.Compared++
		c := changes(o, n)
		if len(c) == 0 && o.version.Status == n.version.Status {
			continue
		}
		sum.Changed++
		count(&sum, c)
		apps = append(apps, App{Package: n.pkg, Change: "changed", Old: &o.version, New: &n.version, Changes: c, Notes: notes(o, n)})
	}
	for _, o := range olds {
		if taken[o] == nil {
			sum.Removed++
			apps = append(apps, App{Package: o.pkg, Change: "removed", Old: &o.version, Changes: []Change{}, Notes: []string{}})
		}
	}
	slices.SortStableFunc(apps, func(a, b App) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(path(a), path(b)))
	})
	return apps, sum
}

func path(a App) string {
	if a.New != nil {
		return a.New.Path
	}
	return a.Old.Path
}

func count(sum *Summary, list []Change) {
	for _, c := range list {
		if c.IsNew {
			sum.New[c.What]++
		}
	}
}

func (s *Snapshot) shares(o *Snapshot) bool {
	return slices.ContainsFunc(s.signers, func(d string) bool { return slices.Contains(o.signers, d) })
}

// samePath compares paths without the folder that was named.
func samePath(a, b *Snapshot) bool {
	_, x, _ := strings.Cut(a.version.Path, "/")
	_, y, _ := strings.Cut(b.version.Path, "/")
	return a.version.Path == b.version.Path || x != "" && x == y
}

// notes say what was not read, so that nobody takes it for gone.
func notes(o, n *Snapshot) []string {
	out := []string{}
	if n.version.Status != string(fact.Complete) {
		out = append(out, "the new version "+unread(n)+": what is missing in it may not be gone")
	}
	if o != nil && o.version.Status != string(fact.Complete) {
		out = append(out, "the old version "+unread(o)+": what is new may have been there")
	}
	if o != nil && len(o.signers) > 0 && len(n.signers) > 0 && !o.shares(n) {
		out = append(out, "the signers have nothing in common: these may be apps of different people")
	}
	if o != nil && o.pkg != n.pkg {
		out = append(out, fmt.Sprintf("the packages differ: %s and %s", cmp.Or(o.pkg, "none"), cmp.Or(n.pkg, "none")))
	}
	return out
}

func unread(s *Snapshot) string {
	switch s.version.Status {
	case string(fact.Failed):
		return "could not be read"
	case string(fact.NoCode):
		return "was read without its code"
	}
	return "was read only in part"
}

// changes lists differences in the order of what they are about.
func changes(o, n *Snapshot) []Change {
	out := []Change{}
	keys := map[key]bool{}
	for k := range o.items {
		keys[k] = true
	}
	for k := range n.items {
		keys[k] = true
	}
	for k := range maps.Keys(keys) {
		was, had := o.items[k]
		is, has := n.items[k]
		x := cmp.Or(is.name, was.name)
		c := Change{What: k.what, ID: k.id, Name: x, By: k.by, Old: was.value, New: is.value}
		switch {
		case had && has && was.value == is.value:
			continue
		case had && has:
			c.Change = "changed"
			switch k.what {
			case "state":
				c.IsNew = is.rank > was.rank
				c.Text = fmt.Sprintf("%s: %s, was %s", x, is.value, was.value)
				if c.IsNew {
					c.Fix = n.items[key{"sdk", k.id, ""}].fix
				}
			case "registrant":
				c.IsNew = true
				c.Text = fmt.Sprintf("%s: registered in %s, was %s (the records differ, not the app)", x, is.value, was.value)
			default:
				c.Text = fmt.Sprintf("%s: %s, was %s", x, is.value, was.value)
			}
		case k.what == "version" || k.what == "state":
			if _, both := o.items[key{"sdk", k.id, ""}]; !both || n.items[key{"sdk", k.id, ""}].name == "" {
				continue // said with the SDK
			}
			c.Change, c.Text = "changed", fmt.Sprintf("%s: %s, was %s", x, cmp.Or(is.value, "not known"), cmp.Or(was.value, "not known"))
		case k.what == "target" || k.what == "min-sdk":
			if len(o.items) == 0 {
				continue // an app that was added
			}
			c.Change, c.Text = "changed", fmt.Sprintf("%s: %s, was %s", x, cmp.Or(is.value, "not known"), cmp.Or(was.value, "not known"))
		case has:
			c.Change, c.Text, c.Fix, c.IsNew = "added", is.text, is.fix, true
		default:
			c.Change, c.Text = "removed", "no longer "+was.text
		}
		out = append(out, c)
	}
	rank := map[string]int{"added": 0, "changed": 1, "removed": 2}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank[a.Change], rank[b.Change]), cmp.Compare(slices.Index(order, a.What), slices.Index(order, b.What)),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.By, b.By))
	})
	return out
}
