package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Kind says what a thing is.
type Kind string

// The kinds of thing.
const (
	KindApp        Kind = "app"
	KindSDK        Kind = "sdk"
	KindIdentifier Kind = "identifier" // one for each whose code asks for it
	KindHost       Kind = "host"       // one for each host; what has none counts as it is named
	KindPermission Kind = "permission"
	KindSigner     Kind = "signer"
	KindSink       Kind = "sink"
	KindCode       Kind = "code" // that is loaded at run time
	KindComponent  Kind = "component"
	KindProblem    Kind = "problem"
)

// kinds in the order of what is told.
var kinds = []Kind{KindApp, KindSDK, KindIdentifier, KindHost, KindPermission, KindSigner, KindSink, KindCode, KindComponent, KindProblem}

// App is a result that can be asked. It is not safe for concurrent use.
type App struct {
	*event.App
	lists map[Kind][]Thing
}

// NewApp wraps a result, which must not change afterwards.
func NewApp(a *event.App) *App { return &App{App: a, lists: map[Kind][]Thing{}} }

// Thing is one thing in an app. The field of its kind is set.
type Thing struct {
	Kind Kind
	// By says whose code it is, for identifiers and code that is loaded: an
	// SDK's id, "app", or the package of an unknown library; ByName is for people.
	By, ByName string
	// Via names who calls that library, for identifiers.
	Via []string

	App        *event.App
	SDK        *finding.SDK
	Identifier *finding.Identifier
	Endpoint   *finding.Endpoint
	Permission string
	Signer     *fact.Signer
	Sink       *finding.Sink
	Code       *finding.DynamicCode
	Component  *event.Component
	Problem    *fact.Problem
}

// All returns everything of a kind that is in the app, noise aside.
func (a *App) All(k Kind) []Thing {
	seen := map[string]bool{}
	var out []Thing
	for _, t := range a.things(k) {
		if key := t.Key(); !t.noise() && !seen[key] {
			seen[key] = true
			out = append(out, t)
		}
	}
	return out
}

func (a *App) things(k Kind) []Thing {
	if l, ok := a.lists[k]; ok {
		return l
	}
	var out []Thing
	add := func(t Thing) {
		t.Kind, t.App = k, a.App
		out = append(out, t)
	}
	switch k {
	case KindApp:
		add(Thing{})
	case KindSDK:
		for i := range a.SDKs {
			add(Thing{SDK: &a.SDKs[i]})
		}
	case KindIdentifier:
		for i := range a.Identifiers {
			id := &a.Identifiers[i]
			at := map[string]int{}
			for j := range id.Sites {
				o := &id.Sites[j].Owner
				by := ownerID(o)
				if _, ok := at[by]; !ok {
					at[by] = len(out)
					add(Thing{Identifier: id, By: by, ByName: o.Name})
				}
				t := &out[at[by]]
				for _, v := range o.Via {
					name := v
					if k := strings.LastIndex(v, " (L"); k >= 0 {
						name = v[:k] // the member is for explain
					}
					if !slices.Contains(t.Via, name) {
						t.Via = append(t.Via, name)
					}
				}
			}
			if len(id.Sites) == 0 {
				add(Thing{Identifier: id})
			}
		}
	case KindHost:
		for i := range a.Endpoints {
			add(Thing{Endpoint: &a.Endpoints[i]})
		}
	case KindPermission:
		for i := range a.Permissions {
			add(Thing{Permission: a.Permissions[i].Name})
		}
	case KindSigner:
		for i := range a.Signers {
			add(Thing{Signer: &a.Signers[i]})
		}
	case KindSink:
		for i := range a.Sinks {
			add(Thing{Sink: &a.Sinks[i]})
		}
	case KindCode:
		for i := range a.DynamicCode {
			d := &a.DynamicCode[i]
			add(Thing{Code: d, By: ownerID(&d.Owner), ByName: d.Owner.Name})
		}
	case KindComponent:
		for i := range a.Exported {
			add(Thing{Component: &a.Exported[i]})
		}
	case KindProblem:
		for i := range a.Problems {
			add(Thing{Problem: &a.Problems[i]})
		}
	}
	a.lists[k] = out
	return out
}

// ownerID names an owner as policies do.
func ownerID(o *finding.Owner) string {
	switch o.Kind {
	case "sdk":
		return o.SDK
	case "app":
		return "app"
	case "none":
		return ""
	}
	name, _, _ := strings.Cut(o.Name, " (holds")
	return name
}

func (a *App) identifier(id string) *finding.Identifier {
	if i := slices.IndexFunc(a.Identifiers, func(x finding.Identifier) bool { return x.ID == id }); i >= 0 {
		return &a.Identifiers[i]
	}
	return nil
}

// library reports whether what was read is no app but a part for apps: an SDK
// of class files.
func (a *App) library() bool {
	return len(a.Code) > 0 && !slices.ContainsFunc(a.Code, func(c event.Code) bool { return c.Format != "class" })
}

// noise reports what rules set aside: it is in the report for completeness.
func (t *Thing) noise() bool { return t.Endpoint != nil && t.Endpoint.Noise != "" }

// off reports an SDK that the manifest switches off, however far it is wired in.
func (t *Thing) off() bool {
	return slices.ContainsFunc(t.SDK.States, func(e finding.StateEvidence) bool { return e.State == finding.Disabled })
}

// ID is the thing's id, as the report has it.
func (t *Thing) ID() string {
	switch t.Kind {
	case KindSDK:
		return t.SDK.ID
	case KindIdentifier:
		return t.Identifier.ID
	case KindHost:
		return cmp.Or(t.Endpoint.Host, t.Endpoint.Value)
	case KindPermission:
		return t.Permission
	case KindSigner:
		return t.Signer.SHA256
	case KindSink:
		return t.Sink.ID
	case KindCode:
		return t.Code.Kind
	case KindComponent:
		return t.Component.Class
	case KindProblem:
		return string(t.Problem.Kind)
	}
	return cmp.Or(t.App.Package, t.App.Path)
}

// Key is the same for the same thing in another version of the app, and differs
// from that of every other thing in it.
func (t *Thing) Key() string { return string(t.Kind) + " " + t.ID() + " " + t.By }

// Say tells in words what the app does that makes it have the thing. The
// sentence lacks its subject, the app.
func (t *Thing) Say() string {
	switch t.Kind {
	case KindSDK:
		return saySDK(t.SDK)
	case KindIdentifier:
		s := "asks for " + t.Identifier.Name
		if t.Identifier.Reset == "never" {
			s += ", which cannot be reset,"
		}
		switch t.By {
		case "":
		case "app":
			s += " in its own code"
		default:
			s += " in code of " + t.ByName
		}
		if n := len(t.Via); n > 2 {
			s += fmt.Sprintf(", called from %s, %s and %d more", t.Via[0], t.Via[1], n-2)
		} else if n > 0 {
			s += ", called from " + strings.Join(t.Via, " and ")
		}
		return strings.TrimSuffix(s, ",")
	case KindHost:
		e := t.Endpoint
		s := "names " + t.ID()
		if e.OwnerName != "" {
			s += " of " + e.OwnerName
		}
		if r := e.RegisteredIn; r != nil {
			s += fmt.Sprintf("; %s is registered in %s (%s)", e.RegistrableDomain, strings.Trim(r.City+", "+r.Country, ", "), r.Grade)
		}
		if e.Cleartext {
			s += "; without encryption"
		}
		return s
	case KindPermission:
		return "declares " + t.Permission
	case KindSigner:
		return "has the signer " + t.Signer.SHA256 + " (claimed, not verified)"
	case KindSink:
		return "calls " + t.Sink.Name
	case KindCode:
		return fmt.Sprintf("loads code at run time (%s, %s)", t.Code.Kind, t.ByName)
	case KindComponent:
		s := fmt.Sprintf("opens the %s %s to other apps", t.Component.Kind, t.Component.Class)
		if t.Component.Permission == "" {
			s += " without a permission"
		}
		return s
	case KindProblem:
		return strings.TrimPrefix(t.Problem.Part+": "+t.Problem.Detail, ": ")
	}
	var out []string
	switch t.App.Status {
	case fact.Failed:
		out = append(out, "could not be read")
	case fact.NoCode:
		out = append(out, "was read without its code")
	case fact.Partial:
		out = append(out, "was read only in part")
	}
	switch {
	case t.App.TargetSDK > 0:
		out = append(out, fmt.Sprintf("is made for API level %d", t.App.TargetSDK))
	case len(out) == 0:
		out = append(out, "is "+cmp.Or(t.App.Package, t.App.Path))
	}
	return strings.Join(out, ", ")
}

func saySDK(s *finding.SDK) string {
	verb := "carries "
	if s.State == finding.Referenced {
		verb = "names classes of "
	}
	out := verb + s.Name
	if s.Version != nil && s.Version.Value != "" {
		out += " " + s.Version.Value
	}
	about := s.Category
	if s.VendorName != "" {
		about += " of " + s.VendorName
	}
	out += " (" + strings.TrimPrefix(about, " ") + ")"
	switch s.State {
	case finding.Reachable:
		out += ", reachable from its entry points"
	case finding.Wired:
		out += ", wired in"
	case finding.Disabled:
		out += ", switched off in the manifest"
	case finding.Stub:
		out += ", a stub"
	}
	if s.AtStartup != nil {
		out += ", can run at app start"
	}
	return out
}

// Fix says how the app can be rid of the thing, where a rule knows, or "".
func (t *Thing) Fix() string {
	if t.Kind == KindSDK && len(t.SDK.Switches) > 0 && !t.off() {
		sw := t.SDK.Switches[0]
		return fmt.Sprintf("meta-data %s = %s in the manifest's application element turns %s off (%s)", sw.MetaData, sw.Value, t.SDK.Name, sw.Source)
	}
	if t.Kind == KindSDK && t.SDK.Tracker && len(t.SDK.Maven) > 0 && t.SDK.State != finding.Referenced {
		return fmt.Sprintf("look for what depends on %s (as %s is published)", t.SDK.Maven[0], t.SDK.Name)
	}
	return ""
}

// At is the place that shows the thing, or an empty one.
func (t *Thing) At() finding.Location {
	first := func(sites []finding.Site, by string) finding.Location {
		for i := range sites {
			if by == "" || ownerID(&sites[i].Owner) == by {
				return sites[i].Location
			}
		}
		return finding.Location{}
	}
	switch t.Kind {
	case KindSDK:
		if len(t.SDK.Evidence) > 0 {
			return t.SDK.Evidence[0].Location
		}
	case KindIdentifier:
		return first(t.Identifier.Sites, t.By)
	case KindHost:
		return first(t.Endpoint.Locations, "")
	case KindSink:
		return first(t.Sink.Sites, "")
	case KindCode:
		return first(t.Code.Sites, "")
	case KindProblem:
		return finding.Location{Unit: t.Problem.Part}
	}
	return finding.Location{}
}

// systemFolders are those below a system partition that hold apps.
var systemFolders = []string{"app", "priv-app", "framework", "overlay", "data-app", "del-app", "delapp", "preinstall", "vital-app", "non_overlay"}

// partitions are the names of system partitions.
var partitions = []string{"system", "system_ext", "product", "vendor", "odm", "oem", "cust", "my_product", "my_region", "my_stock", "my_heytap", "my_preload", "mi_ext", "preload"}

// Preinstalled reports whether a path looks like one of a system partition:
// system/app/X/X.apk, also below other folders, and with a dash for the slash
// as people name folders they pulled (system-priv-app).
func Preinstalled(path string) bool {
	seg := strings.Split(strings.ToLower(path), "/")
	for i, s := range seg {
		if i+1 < len(seg) && slices.Contains(partitions, s) && (slices.Contains(systemFolders, seg[i+1]) || strings.HasSuffix(seg[i+1], "-app")) {
			return true
		}
		if i+1 < len(seg) && slices.Contains([]string{"priv-app"}, s) {
			return true
		}
		for _, p := range partitions {
			if rest, ok := strings.CutPrefix(s, p+"-"); ok && slices.Contains(systemFolders, rest) {
				return true
			}
		}
	}
	return false
}

// Installed reports whether a path is that of an app somebody installed:
// data/app/…, also with a dash for the slash.
func Installed(path string) bool {
	seg := strings.Split(strings.ToLower(path), "/")
	for i, s := range seg {
		if s == "data-app" && (i == 0 || !slices.Contains(partitions, seg[i-1])) || s == "data" && i+1 < len(seg) && seg[i+1] == "app" && (i == 0 || !slices.Contains(partitions, seg[i-1])) {
			return true
		}
	}
	return false
}
