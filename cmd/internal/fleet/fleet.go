// Package fleet looks at many results together: which product is in which
// apps and in which versions, what apps of different people have in common, who
// can wake whom, and, for the apps of one phone, what came with it.
//
// Apps are related if they share a signer, a user id, or the first two labels of
// their packages; what unrelated apps have in common is what somebody else
// brought into them. Files without a package (libraries of the system) are nobody's
// app: they are listed, and have nothing in common with others. An app that is
// there in several files counts once.
package fleet

import (
	"cmp"
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/filter"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Schema names the version of the JSON form.
const Schema = "telltale.fleet/v1"

// SchemaJSON is its JSON Schema. A test keeps it equal to what the Go types say.
//
//go:embed fleet-v1.schema.json
var SchemaJSON []byte

// Fleet is the view over all apps.
type Fleet struct {
	Schema string     `json:"schema"`
	Tool   event.Tool `json:"tool"`
	Rules  []string   `json:"rules"` // digests of those that made the results
	Apps   int        `json:"apps"`
	// Unread lists apps of which not everything was read: they may have more.
	Unread []App  `json:"unread"`
	Phone  *Phone `json:"phone"` // nil if no path is one of a phone's
	SDKs   []SDK  `json:"sdks"`
	// Hosts and Keys are those that unrelated apps have in common.
	Hosts   []Host    `json:"hosts"`
	Keys    []Key     `json:"keys"`
	Unknown []Unknown `json:"unknown"`
	Wakes   []Wake    `json:"wakes"`
	UserIDs []UserID  `json:"shared_user_ids"`
	// Block are hosts, and Disable components, of trackers.
	Block   []Block   `json:"block"`
	Disable []Disable `json:"disable"`
}

// App names an app.
type App struct {
	Package string `json:"package"` // the path if it has none
	Label   string `json:"label,omitempty"`
	Path    string `json:"path"`
	Status  string `json:"status"`
}

// Phone tells what came with a phone from what somebody installed.
type Phone struct {
	Preinstalled Place `json:"preinstalled"`
	Installed    Place `json:"installed"`
	Elsewhere    Place `json:"elsewhere"` // paths that are neither
	// Updated are packages that are in both: updates of what came with it.
	Updated []string `json:"updated"`
}

// Place is what is in one part of a phone.
type Place struct {
	Apps        int      `json:"apps"`
	WithTracker int      `json:"with_tracker"`
	SDKs        []string `json:"trackers"`     // names, those in most apps first
	Unreset     int      `json:"unresettable"` // apps whose code asks for what cannot be reset
}

// SDK is a product and the apps that carry it.
type SDK struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Vendor   string `json:"vendor"`
	Category string `json:"category"`
	Label    string `json:"label,omitempty"` // what it is: "push service"
	Tracker  bool   `json:"tracker"`
	Service  bool   `json:"service,omitempty"` // no tracker, and more than a library
	Startup  int    `json:"startup"`           // apps in which it can run at app start
	Apps     []Copy `json:"apps"`
	// Versions counts apps by version; "" where it is not known.
	Versions map[string]int `json:"versions"`
}

// Copy is a product in one app.
type Copy struct {
	Package string `json:"package"`
	Version string `json:"version"`
	State   string `json:"state"`
}

// Host is one that unrelated apps name.
type Host struct {
	Host       string   `json:"host"`
	Owner      string   `json:"owner"`
	Registered string   `json:"registered"` // city and country, on a record about the domain
	SDK        string   `json:"sdk"`        // the product whose code names it in all of these apps, or that it belongs to
	Groups     int      `json:"groups"`     // of related apps
	Apps       []string `json:"apps"`
}

// Key is an app key of one value in unrelated apps.
type Key struct {
	SDK    string   `json:"sdk"`
	Name   string   `json:"name"`
	Value  string   `json:"value"`
	Masked bool     `json:"masked"` // keys that differ may look alike
	Apps   []string `json:"apps"`
}

// Unknown is a package of code that no rule knows.
type Unknown struct {
	Package string   `json:"package"`
	Classes int      `json:"classes"` // the most in one app
	Groups  int      `json:"groups"`
	Apps    []string `json:"apps"`
}

// Wake is a service or receiver of a push SDK that other apps can start.
type Wake struct {
	App        string   `json:"app"`
	Kind       string   `json:"kind"`
	Class      string   `json:"class"`
	SDK        string   `json:"sdk"`
	Permission string   `json:"permission"` // that a caller needs; "" if none
	By         []string `json:"by"`         // other apps that carry the same product
	Unrelated  int      `json:"unrelated"`  // of them
}

// UserID is a user id that several apps share: they can read each other's files.
type UserID struct {
	ID   string   `json:"id"`
	Apps []string `json:"apps"`
}

// Block is a host of a tracker.
type Block struct {
	Host string   `json:"host"`
	Why  string   `json:"why"`
	Apps []string `json:"apps"`
}

// Disable is a component of a tracker.
type Disable struct {
	Package string `json:"package"`
	Kind    string `json:"kind"`
	Class   string `json:"class"`
	SDK     string `json:"sdk"`
}

// kept is what is kept of one app.
type kept struct {
	App
	named    bool // it has a package
	place    string
	signers  []string
	uid      string
	unreset  bool
	sdks     []keptSDK
	hosts    []keptHost
	unknown  []finding.UnknownCode
	exported []event.Component
	parts    []Disable
	group    int
}

type keptSDK struct {
	id, name, vendor, category, label, version, state string
	tracker, service, startup                         bool
	keys                                              []finding.AppKey
}

type keptHost struct {
	host, owner, registered, sdk, block string
}

// Builder collects results.
type Builder struct {
	apps  []*kept
	seen  map[string]bool
	rules []string
}

// NewBuilder returns an empty one.
func NewBuilder() *Builder { return &Builder{seen: map[string]bool{}} }

// Start notes by which rules the results that follow were made.
func (b *Builder) Start(s *event.Start) {
	if d := s.Signatures.Digest; !slices.Contains(b.rules, d) {
		b.rules = append(b.rules, d)
	}
}

// trackingRoles are what hosts of trackers are for. Others of a tracker's vendor
// may serve what people want.
var trackingRoles = []string{"analytics", "ads", "attribution", "crash", "performance", "identification"}

// Add takes what is asked later from a result.
func (b *Builder) Add(a *event.App) {
	place := "elsewhere"
	switch {
	case filter.Preinstalled(a.Path):
		place = "preinstalled"
	case filter.Installed(a.Path):
		place = "installed"
	}
	if a.SHA256 != "" {
		k := place + " " + a.SHA256
		if b.seen[k] {
			return
		}
		b.seen[k] = true
	}
	x := &kept{named: a.Package != "", App: App{cmp.Or(a.Package, a.Path), a.Label, a.Path, string(a.Status)}, place: place, uid: a.SharedUserID, unknown: a.Unknown, exported: a.Exported}
	for _, s := range a.Signers {
		x.signers = append(x.signers, s.SHA256)
	}
	for i := range a.Identifiers {
		x.unreset = x.unreset || a.Identifiers[i].Reset == "never" && a.Identifiers[i].Confidence != "low"
	}
	trackers := map[string]*finding.SDK{}
	for i := range a.SDKs {
		s := &a.SDKs[i]
		if s.State == finding.Referenced {
			continue
		}
		v := ""
		if s.Version != nil {
			v = s.Version.Value
		}
		x.sdks = append(x.sdks, keptSDK{s.ID, s.Name, s.VendorName, s.Category, s.Label, v, string(s.State), s.Tracker, s.Service, s.AtStartup != nil, s.AppKeys})
		if !s.Tracker {
			continue
		}
		trackers[s.ID] = s
		for _, e := range s.Evidence {
			switch e.Kind {
			case "activity", "service", "receiver", "provider":
				x.parts = append(x.parts, Disable{x.Package, e.Kind, e.Value, s.Name})
			}
		}
	}
	for _, c := range a.Exported {
		if s := trackers[c.SDK]; s != nil {
			x.parts = append(x.parts, Disable{x.Package, c.Kind, c.Class, s.Name})
		}
	}
	at := map[string]int{}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		if e.Noise != "" || e.Doubtful || e.Host == "" {
			continue
		}
		h := keptHost{host: e.Host, owner: e.OwnerName, sdk: cmp.Or(e.HostSDK, e.SDK)}
		if r := e.RegisteredIn; r != nil {
			h.registered = strings.Trim(r.City+", "+r.Country, ", ")
		}
		if s := trackers[h.sdk]; slices.Contains(trackingRoles, e.Role) || s != nil && s.Vendor == e.Owner && e.Role == "" {
			h.block = strings.TrimSpace(cmp.Or(e.Role, "host") + " of " + cmp.Or(e.OwnerName, "unknown"))
			if s != nil {
				h.block += ", " + s.Name
			}
		}
		j, ok := at[h.host]
		if !ok {
			at[h.host] = len(x.hosts)
			x.hosts = append(x.hosts, h)
			continue
		}
		if x.hosts[j].sdk != h.sdk {
			x.hosts[j].sdk = ""
		}
		x.hosts[j].block = cmp.Or(x.hosts[j].block, h.block)
	}
	b.apps = append(b.apps, x)
}

// Fleet puts everything together.
func (b *Builder) Fleet() *Fleet {
	f := &Fleet{
		Schema: Schema, Rules: append([]string{}, b.rules...), Apps: len(b.apps), Unread: []App{}, SDKs: []SDK{}, Hosts: []Host{}, Keys: []Key{}, Unknown: []Unknown{},
		Wakes: []Wake{}, UserIDs: []UserID{}, Block: []Block{}, Disable: []Disable{},
	}
	slices.SortStableFunc(b.apps, func(x, y *kept) int { return cmp.Or(cmp.Compare(x.Package, y.Package), cmp.Compare(x.Path, y.Path)) })
	b.relate()
	for _, a := range b.apps {
		if a.Status != string(fact.Complete) {
			f.Unread = append(f.Unread, a.App)
		}
	}
	f.Phone = b.phone()
	f.SDKs = b.sdks()
	f.Hosts = b.hosts()
	f.Keys = b.keys()
	f.Unknown = b.unknown()
	f.Wakes = b.wakes()
	f.UserIDs = b.userIDs()
	f.Block = b.block()
	for _, a := range b.apps {
		f.Disable = append(f.Disable, a.parts...)
	}
	slices.SortFunc(f.Disable, func(x, y Disable) int {
		return cmp.Or(cmp.Compare(x.Package, y.Package), cmp.Compare(x.Class, y.Class), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.SDK, y.SDK))
	})
	f.Disable = slices.CompactFunc(f.Disable, func(x, y Disable) bool { return x.Package == y.Package && x.Class == y.Class })
	return f
}

// relate gives each group of related apps a number.
func (b *Builder) relate() {
	parent := make([]int, len(b.apps))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[string]int{}
	join := func(i int, key string) {
		if j, ok := first[key]; ok {
			parent[root(i)] = root(j)
			return
		}
		first[key] = i
	}
	for i, a := range b.apps {
		for _, s := range a.signers {
			join(i, "signer "+s)
		}
		if a.uid != "" {
			join(i, "uid "+a.uid)
		}
		if l := strings.Split(a.Package, "."); len(l) > 1 {
			join(i, "package "+l[0]+"."+l[1])
		}
	}
	for i, a := range b.apps {
		a.group = root(i)
	}
}

// groups counts groups of related apps.
func groups(list []*kept) int {
	g := map[int]bool{}
	for _, a := range list {
		g[a.group] = true
	}
	return len(g)
}

// packages lists each once.
func packages(list []*kept) []string {
	out := []string{}
	for _, a := range list {
		if !slices.Contains(out, a.Package) {
			out = append(out, a.Package)
		}
	}
	return out
}

func (b *Builder) phone() *Phone {
	p := &Phone{Updated: []string{}}
	where := map[string]map[string]bool{}
	for name, place := range map[string]*Place{"preinstalled": &p.Preinstalled, "installed": &p.Installed, "elsewhere": &p.Elsewhere} {
		n := map[string]int{}
		for _, a := range b.apps {
			if a.place != name {
				continue
			}
			if where[a.Package] == nil {
				where[a.Package] = map[string]bool{}
			}
			where[a.Package][name] = true
			place.Apps++
			if a.unreset {
				place.Unreset++
			}
			with := false
			for _, s := range a.sdks {
				if s.tracker {
					with = true
					n[s.name]++
				}
			}
			if with {
				place.WithTracker++
			}
		}
		place.SDKs = slices.SortedFunc(maps.Keys(n), func(x, y string) int { return cmp.Or(-cmp.Compare(n[x], n[y]), cmp.Compare(x, y)) })
		if place.SDKs == nil {
			place.SDKs = []string{}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(where)) {
		if where[pkg]["preinstalled"] && where[pkg]["installed"] {
			p.Updated = append(p.Updated, pkg)
		}
	}
	if p.Preinstalled.Apps+p.Installed.Apps == 0 {
		return nil
	}
	return p
}

func (b *Builder) sdks() []SDK {
	by := map[string]*SDK{}
	for _, a := range b.apps {
		for _, s := range a.sdks {
			x := by[s.id]
			if x == nil {
				x = &SDK{ID: s.id, Name: s.name, Vendor: s.vendor, Category: s.category, Label: s.label, Tracker: s.tracker, Service: s.service, Apps: []Copy{}, Versions: map[string]int{}}
				by[s.id] = x
			}
			c := Copy{a.Package, s.version, s.state}
			if slices.Contains(x.Apps, c) {
				continue
			}
			x.Apps = append(x.Apps, c)
			x.Versions[s.version]++
			if s.startup {
				x.Startup++
			}
		}
	}
	out := []SDK{}
	for _, x := range by {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(x, y SDK) int {
		if x.Tracker != y.Tracker {
			if x.Tracker {
				return -1
			}
			return 1
		}
		return cmp.Or(-cmp.Compare(len(x.Apps), len(y.Apps)), cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// shared collects by key the apps that have it, and keeps those that are in
// several groups.
func shared(by map[string][]*kept) map[string][]*kept {
	maps.DeleteFunc(by, func(_ string, list []*kept) bool { return groups(list) < 2 })
	return by
}

func (b *Builder) hosts() []Host {
	by := map[string][]*kept{}
	about := map[string]keptHost{}
	for _, a := range b.apps {
		if !a.named {
			continue
		}
		for _, h := range a.hosts {
			by[h.host] = append(by[h.host], a)
			if was, ok := about[h.host]; ok && was.sdk != h.sdk {
				h.sdk = ""
			}
			about[h.host] = h
		}
	}
	out := []Host{}
	for host, list := range shared(by) {
		h := about[host]
		out = append(out, Host{host, h.owner, h.registered, h.sdk, groups(list), packages(list)})
	}
	slices.SortFunc(out, func(x, y Host) int {
		return cmp.Or(-cmp.Compare(x.Groups, y.Groups), cmp.Compare(number(x.Host), number(y.Host)), cmp.Compare(x.Host, y.Host))
	})
	return out
}

// number is 1 for an address, 0 for a name.
func number(h string) int {
	if strings.Trim(h, "0123456789.") == "" || strings.Contains(h, ":") {
		return 1
	}
	return 0
}

func (b *Builder) keys() []Key {
	by := map[string][]*kept{}
	about := map[string]Key{}
	for _, a := range b.apps {
		if !a.named {
			continue
		}
		for _, s := range a.sdks {
			for _, k := range s.keys {
				if strings.Trim(k.Value, "*… ") == "" {
					continue
				}
				id := s.id + "\x00" + k.Name + "\x00" + k.Value
				if l := by[id]; len(l) == 0 || l[len(l)-1] != a {
					by[id] = append(l, a)
				}
				about[id] = Key{SDK: s.name, Name: k.Name, Value: k.Value, Masked: strings.ContainsAny(k.Value, "*…")}
			}
		}
	}
	out := []Key{}
	for id, list := range shared(by) {
		k := about[id]
		k.Apps = packages(list)
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y Key) int {
		return cmp.Or(-cmp.Compare(len(x.Apps), len(y.Apps)), cmp.Compare(x.SDK, y.SDK), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Value, y.Value))
	})
	return out
}

func (b *Builder) unknown() []Unknown {
	by := map[string][]*kept{}
	classes := map[string]int{}
	for _, a := range b.apps {
		if !a.named {
			continue
		}
		for _, u := range a.unknown {
			by[u.Package] = append(by[u.Package], a)
			classes[u.Package] = max(classes[u.Package], u.Classes)
		}
	}
	out := []Unknown{}
	for pkg, list := range by {
		if p := packages(list); len(p) > 1 {
			out = append(out, Unknown{pkg, classes[pkg], groups(list), p})
		}
	}
	slices.SortFunc(out, func(x, y Unknown) int {
		return cmp.Or(-cmp.Compare(x.Groups, y.Groups), -cmp.Compare(len(x.Apps), len(y.Apps)), cmp.Compare(x.Package, y.Package))
	})
	return out
}

// wakes lists what push SDKs open to other apps, and which apps carry the same
// product: its code knows the component's name.
func (b *Builder) wakes() []Wake {
	carry := map[string][]*kept{}
	names, push := map[string]string{}, map[string]bool{}
	for _, a := range b.apps {
		for _, s := range a.sdks {
			carry[s.id] = append(carry[s.id], a)
			names[s.id] = s.name
			push[s.id] = push[s.id] || s.category == "push" || s.category == "engagement"
		}
	}
	out := []Wake{}
	for _, a := range b.apps {
		for _, c := range a.exported {
			if !push[c.SDK] || c.Kind == "provider" {
				continue
			}
			w := Wake{App: a.Package, Kind: c.Kind, Class: c.Class, SDK: names[c.SDK], Permission: c.Permission, By: []string{}}
			for _, o := range carry[c.SDK] {
				if !o.named || o.Package == a.Package || slices.Contains(w.By, o.Package) {
					continue
				}
				w.By = append(w.By, o.Package)
				if o.group != a.group {
					w.Unrelated++
				}
			}
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(x, y Wake) int {
		return cmp.Or(cmp.Compare(x.App, y.App), cmp.Compare(x.SDK, y.SDK), cmp.Compare(x.Class, y.Class))
	})
	return slices.CompactFunc(out, func(x, y Wake) bool { return x.App == y.App && x.Class == y.Class && x.Kind == y.Kind })
}

func (b *Builder) userIDs() []UserID {
	by := map[string][]*kept{}
	for _, a := range b.apps {
		if a.uid != "" {
			by[a.uid] = append(by[a.uid], a)
		}
	}
	out := []UserID{}
	for id, list := range by {
		out = append(out, UserID{id, packages(list)})
	}
	slices.SortFunc(out, func(x, y UserID) int { return cmp.Or(-cmp.Compare(len(x.Apps), len(y.Apps)), cmp.Compare(x.ID, y.ID)) })
	return out
}

func (b *Builder) block() []Block {
	by := map[string]*Block{}
	for _, a := range b.apps {
		for _, h := range a.hosts {
			if h.block == "" || !blockable(h.host) {
				continue
			}
			x := by[h.host]
			if x == nil {
				x = &Block{Host: h.host, Why: h.block, Apps: []string{}}
				by[h.host] = x
			}
			if !slices.Contains(x.Apps, a.Package) {
				x.Apps = append(x.Apps, a.Package)
			}
		}
	}
	out := []Block{}
	for _, x := range by {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(x, y Block) int { return cmp.Compare(x.Host, y.Host) })
	return out
}

// blockable reports whether a host can stand in a hosts file.
func blockable(h string) bool {
	return strings.Contains(h, ".") && strings.Trim(h, "abcdefghijklmnopqrstuvwxyz0123456789-._") == "" && number(h) == 0
}
