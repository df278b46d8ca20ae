package learn

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/judge"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// candidate is one thing that the rule may say.
type candidate struct {
	sig     rule.Signal
	wired   string // or this: a call
	version string // or this: "constant: com.foo.Bar->V"
	why     string
	drop    string // why it is left out; "" if it is kept
}

func (c *candidate) signal() bool { return c.wired == "" && c.version == "" }

func (c *candidate) text() string {
	switch {
	case c.wired != "":
		return "wired: " + c.wired
	case c.version != "":
		return "version: " + c.version
	}
	return c.sig.Text()
}

// pool is all that could be proposed.
type pool struct {
	list    []*candidate
	owners  []Owner
	claim   map[string]bool // ids of rules that are about this product
	main    *rule.SDK       // the first of them
	classes int
	own     int
	roots   []string // that are kept
	words   []string
	reads   []string
	rules   *signatures.Compiled
	arts    []artefact
	unkept  int // strings that were not worth a line
}

func compareVersions(a, b string) int { return judge.CompareVersions(a, b) }

func newPool(arts []artefact, rules *signatures.Compiled, common *Common) *pool {
	p := &pool{claim: map[string]bool{}, rules: rules, arts: arts}
	p.claims()
	p.code(common)
	newest := arts[len(arts)-1].f
	words := slices.Clone(p.roots)
	if newest.pkg != "" && !newest.app && !obfuscated(newest.pkg) {
		words = append(words, newest.pkg)
	}
	p.words = tokens(words)
	p.signals()
	p.strings(common)
	p.hosts()
	p.wired()
	p.versions()
	for _, c := range p.list {
		if c.drop != "" {
			continue
		}
		_, member, _ := strings.Cut(c.version, ": ")
		switch {
		case c.signal():
			c.drop = signatures.CheckSignal(&c.sig)
		case c.wired != "":
			c.drop = signatures.CheckMember(c.wired)
		default:
			c.drop = signatures.CheckMember(member)
		}
	}
	reads := map[string]bool{}
	for _, a := range arts {
		maps.Copy(reads, a.f.reads)
	}
	p.reads = slices.Sorted(maps.Keys(reads))
	return p
}

// claims finds the rules that are about this very product: one that speaks for
// half of the classes (or for more than any other, and a quarter), and those of
// the same vendor that speak for a tenth.
func (p *pool) claims() {
	share := map[string]float64{}
	byID := map[string]*Owner{}
	sdks := map[string]*rule.SDK{}
	for _, a := range p.arts {
		total := 0
		for _, c := range a.f.classes {
			if !c.compiled && c.listed == "" && c.copyOf == "" {
				total++
			}
		}
		for s, n := range a.f.owners {
			o := byID[s.ID]
			if o == nil {
				o = &Owner{ID: s.ID, Name: s.Name}
				byID[s.ID], sdks[s.ID] = o, s
			}
			o.Classes = max(o.Classes, n)
			share[s.ID] = max(share[s.ID], float64(n)/float64(max(total, 1)))
		}
	}
	for _, o := range byID {
		p.owners = append(p.owners, *o)
	}
	slices.SortFunc(p.owners, func(a, b Owner) int {
		return cmp.Or(-cmp.Compare(share[a.ID], share[b.ID]), cmp.Compare(a.ID, b.ID))
	})
	for i := range p.owners {
		o := &p.owners[i]
		s := sdks[o.ID]
		switch {
		case p.main == nil && share[o.ID] >= 0.25 && (share[o.ID] >= 0.5 || !library(s)):
			p.main = s
		case p.main != nil && share[o.ID] >= 0.1 && s.Vendor == p.main.Vendor:
		default:
			continue
		}
		o.Claims = true
		p.claim[o.ID] = true
	}
}

func library(s *rule.SDK) bool { return s.Category == "utility" || s.Category == "platform" }

// mine reports whether a class speaks for the product.
func (p *pool) mine(c *class) bool {
	return !c.compiled && c.listed == "" && c.copyOf == "" && (c.owner == nil || p.claim[c.owner.ID])
}

// lasts reports whether something holds for all artefacts; the text says of how
// many it does.
func (p *pool) lasts(has func(f *features) bool) (bool, string) {
	n := 0
	for i := range p.arts {
		if has(p.arts[i].f) {
			n++
		}
	}
	if n == len(p.arts) {
		if n > 1 {
			return true, fmt.Sprintf("in all %d artefacts", n)
		}
		return true, ""
	}
	return false, fmt.Sprintf("stands in %d of %d artefacts", n, len(p.arts))
}

func and(parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// others returns the products beside this one that name what a signal names.
func (p *pool) others(s *rule.Signal, narrower bool) string {
	for _, c := range p.rules.Claims(s) {
		if c.Narrower != narrower {
			continue
		}
		switch c.Kind {
		case rule.KindSDK, rule.KindPacker:
			if !p.claim[c.ID] {
				return fmt.Sprintf("the rule %s names %s", c.ID, c.Key)
			}
		case rule.KindNoise:
			return fmt.Sprintf("it says nothing: %s", c.ID)
		case rule.KindIdentifier, rule.KindSink:
			return fmt.Sprintf("any app may name it: %s %s", c.Kind, c.ID)
		}
	}
	return ""
}

// code finds the package roots.
func (p *pool) code(common *Common) {
	all := map[string]bool{}
	listed, copies := map[string]int{}, map[string]int{}
	for i := range p.arts {
		f := p.arts[i].f
		own := 0
		for name, c := range f.classes {
			if p.mine(c) {
				all[name] = true
				own++
			}
		}
		p.classes, p.own = len(f.classes), own
		for l, n := range f.listed {
			listed[l] = max(listed[l], n)
		}
		for l, n := range f.copies {
			copies[l] = max(copies[l], n)
		}
	}
	for _, o := range p.owners {
		if !o.Claims {
			p.list = append(p.list, &candidate{
				sig:  rule.Signal{Code: firstCode(p.rules.Rules().SDK(o.ID), o.ID)},
				drop: fmt.Sprintf("the rule %s speaks for %d of the classes", o.ID, o.Classes),
			})
		}
	}
	for _, l := range slices.Sorted(maps.Keys(listed)) {
		p.list = append(p.list, &candidate{sig: rule.Signal{Code: l}, drop: fmt.Sprintf("a common library, of which %d classes are here", listed[l])})
	}
	for _, l := range slices.Sorted(maps.Keys(copies)) {
		p.list = append(p.list, &candidate{
			sig:  rule.Signal{Code: firstCode(p.rules.Rules().SDK(l), l)},
			drop: fmt.Sprintf("%d classes are copies of %s below another package", copies[l], l),
		})
	}
	var classes []string
	unnamed := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if packageOf(name) == "" {
			unnamed++
			continue
		}
		classes = append(classes, name)
	}
	split := func(pkg string) bool { return p.others(&rule.Signal{Code: pkg}, true) != "" }
	found := roots(classes, split)
	// Where some names are a person's, those of an obfuscator beside them are
	// not needed, and change with every version.
	named := slices.ContainsFunc(found, func(r root) bool { return !obfuscated(r.name) && len(simple(r.name)) > 2 })
	for _, r := range found {
		c := &candidate{sig: rule.Signal{Code: r.name}}
		p.list = append(p.list, c)
		lasts, where := p.lasts(func(f *features) bool {
			for name := range f.classes {
				if under(name, r.name) {
					return true
				}
			}
			return false
		})
		short := strings.Count(r.name, ".")+1 < minLabels(r.name)
		switch {
		case obfuscated(r.name), named && len(simple(r.name)) <= 2:
			c.drop = fmt.Sprintf("an obfuscator named it (%d classes)", r.classes)
		case !lasts:
			c.drop = where
		case p.appOwn(r.name):
			c.drop = "the app's own code"
		case landlords[r.name] || !strings.Contains(r.name, "."):
			c.drop = "unrelated parties have their packages below it"
		case common.Package(r.name) != "":
			c.drop = "a common library"
		case common.Below(r.name) != "":
			c.drop = "common libraries have packages below it, such as " + common.Below(r.name)
		case p.others(&c.sig, false) != "":
			c.drop = p.others(&c.sig, false)
		case len(p.roots) >= maxRoots:
			c.drop = fmt.Sprintf("only %d classes, and there are %d wider packages", r.classes, maxRoots)
		default:
			c.why = and(fmt.Sprintf("holds %d classes", r.classes), where)
			if short {
				c.why = and(c.why, "a wide prefix: check that the vendor's other products are not below it")
			}
			if o := p.others(&c.sig, true); o != "" {
				c.why = and(c.why, o+" below it, which goes before")
			}
			p.roots = append(p.roots, r.name)
		}
	}
	if unnamed > 0 {
		p.list = append(p.list, &candidate{sig: rule.Signal{Code: "(default package)"}, drop: fmt.Sprintf("%d classes without a package, as obfuscators leave them", unnamed)})
	}
}

// appOwn reports whether a package is that of an app which carries the product.
func (p *pool) appOwn(name string) bool {
	return slices.ContainsFunc(p.arts, func(a artefact) bool {
		return a.f.app && a.f.pkg != "" && (under(name, a.f.pkg) || under(a.f.pkg, name))
	})
}

func firstCode(s *rule.SDK, id string) string {
	if s != nil {
		for i := range s.Signals {
			if s.Signals[i].Code != "" {
				return s.Signals[i].Code
			}
		}
	}
	return id
}

// rooted reports whether a class is below a root that is kept.
func (p *pool) rooted(class string) bool {
	return slices.ContainsFunc(p.roots, func(r string) bool { return under(class, r) })
}

var kindOrder = []string{"provider", "service", "receiver", "activity", "meta-data", "authority", "permission", "action", "native", "asset"}

// signals looks at what manifests and files hold.
func (p *pool) signals() {
	all := map[string]feature{}
	for i := range p.arts {
		maps.Copy(all, p.arts[i].f.signals)
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		x, y := all[a], all[b]
		return cmp.Or(cmp.Compare(slices.Index(kindOrder, x.sig.Type()), slices.Index(kindOrder, y.sig.Type())), cmp.Compare(a, b))
	})
	kept := map[string]int{}
	for _, k := range keys {
		x := all[k]
		c := &candidate{sig: x.sig}
		p.list = append(p.list, c)
		t, v := x.sig.Type(), x.sig.Value()
		lasts, where := p.lasts(func(f *features) bool {
			_, ok := f.signals[k]
			switch t {
			case "provider", "service", "receiver", "activity":
				// An artefact without a manifest defines the class.
				ok = ok || f.classes[v] != nil && f.classes[v].extends != ""
			}
			return ok
		})
		word := tied(v, p.words)
		component := slices.Index(kindOrder, t) < 4
		switch {
		case !lasts:
			c.drop = where
		case p.others(&c.sig, false) != "":
			c.drop = p.others(&c.sig, false)
		case component && (obfuscated(packageOf(v)) || len(simple(v)) < 4):
			c.drop = "an obfuscator named it"
		case component && !p.rooted(v):
			c.drop = "not of the product's packages"
		case !component && (strings.HasPrefix(v, "android.") || strings.HasPrefix(v, "com.google.android.") || strings.HasPrefix(v, "androidx.") || strings.HasPrefix(v, "com.android.")):
			c.drop = "a name of Android's or of Google's services"
		case t == "meta-data" && word == "" && p.rooted(x.class) && strings.ContainsAny(v, "._") && len(v) >= 8 && kept[t] < maxPerKind:
			kept[t]++
			c.sig.Strength = rule.Context
			c.why = and(x.note, where, "nothing in the name ties it to the product, so it is shown and not counted")
		case !component && word == "":
			c.drop = "nothing in the name ties it to the product"
		case (t == "authority" || t == "action" || t == "permission") && strings.HasPrefix(v, "*") && word == "":
			c.drop = "nothing in the name ties it to the product"
		case kept[t] >= maxPerKind:
			c.drop = fmt.Sprintf("there are %d of its kind already", maxPerKind)
		default:
			kept[t]++
			c.why = and(x.note, where)
			if word != "" {
				c.why = and(c.why, "it holds the word "+word)
			}
		}
	}
}

// strings looks at the constants of the product's code.
func (p *pool) strings(common *Common) {
	newest := p.arts[len(p.arts)-1].f
	type scored struct {
		s     string
		score int
		u     *use
	}
	var list []scored
	for s, u := range newest.strings {
		if len(s) < 6 || len(s) > 80 || !printable(s) || strings.HasSuffix(s, "*") || strings.TrimSpace(s) != s {
			continue
		}
		c := newest.classes[u.class]
		if c == nil || !p.mine(c) && !(c.compiled && p.rooted(u.class)) || !p.rooted(u.class) && !obfuscated(packageOf(u.class)) {
			continue
		}
		if newest.classes[s] != nil || newest.classes[strings.ReplaceAll(strings.Trim(s, "L;"), "/", ".")] != nil || slices.Contains(p.roots, s) || strings.Contains(s, "://") {
			continue
		}
		if tied(s, p.words) == "" || newest.keys[s] {
			continue
		}
		sc := 0
		if !strings.Contains(s, " ") {
			sc += 4
		}
		if strings.ContainsAny(s, "_./:-") {
			sc += 3
		}
		if slices.Contains(p.words, strings.ToLower(s)) {
			sc -= 6 // the bare name of the product: whoever names it has it
		}
		if strings.Count(s, " ") > 3 || strings.ContainsAny(s, "%{}<>=") {
			sc -= 4
		}
		if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "android.") {
			sc -= 2
		}
		if u.n > 1 {
			sc++
		}
		list = append(list, scored{s, sc, u})
	}
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(-cmp.Compare(a.score, b.score), cmp.Compare(len(a.s), len(b.s)), cmp.Compare(a.s, b.s))
	})
	kept, told := 0, 0
	for _, x := range list {
		if kept == maxStrings || told == 10*maxStrings {
			p.unkept++
			continue
		}
		told++
		c := &candidate{sig: rule.Signal{String: x.s, Strength: rule.Weak}}
		p.list = append(p.list, c)
		lasts, where := p.lasts(func(f *features) bool { return f.strings[x.s] != nil })
		switch {
		case x.score < 4:
			c.drop = "too ordinary"
		case !lasts:
			c.drop = where
		case common.String(x.s):
			c.drop = "common libraries hold it"
		case p.others(&c.sig, false) != "":
			c.drop = p.others(&c.sig, false)
		case newest.hosts[x.s] != "":
			c.drop = "a host, which is told as one"
		case looksLikeClass(x.s, p.roots):
			c.drop = "the name of a package or class, which code tells better"
		default:
			kept++
			c.why = and("holds the word "+tied(x.s, p.words), "loaded by "+x.u.class, where)
		}
	}
	p.unkept += len(newest.strings) - len(list)
}

// looksLikeClass reports whether a string names a class below a root.
func looksLikeClass(s string, roots []string) bool {
	d := strings.ReplaceAll(strings.Trim(s, "L;"), "/", ".")
	last := simple(d)
	return slices.ContainsFunc(roots, func(r string) bool { return under(d, r) }) && (last == "" || last[0] >= 'A' && last[0] <= 'Z')
}

// hosts looks at what the artefact names.
func (p *pool) hosts() {
	all := map[string]string{}
	for i := range p.arts {
		maps.Copy(all, p.arts[i].f.hosts)
	}
	kept := 0
	trial := func(h string) bool {
		first, _, _ := strings.Cut(h, ".")
		return slices.ContainsFunc([]string{"test", "pre-", "pre", "dev", "debug", "sandbox", "stage", "staging", "beta", "uat", "daily"}, func(p string) bool {
			return first == p || len(p) > 3 && strings.Contains(first, p) || strings.HasPrefix(first, p) && strings.HasSuffix(p, "-")
		})
	}
	for _, h := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if trial(a) != trial(b) {
			if trial(b) {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	}) {
		c := &candidate{sig: rule.Signal{Endpoint: &rule.Endpoint{Host: h}, Strength: rule.Weak}}
		where := all[h]
		newest := p.arts[len(p.arts)-1].f
		if cl := newest.classes[where]; cl != nil && !p.mine(cl) {
			continue // another product names it
		}
		p.list = append(p.list, c)
		lasts, often := p.lasts(func(f *features) bool { _, ok := f.hosts[h]; return ok })
		word := tied(h, p.words)
		known, byVendor := "", false
		for _, s := range p.rules.HostProducts(h) {
			if p.claim[s.ID] {
				byVendor = true
			} else {
				known = cmp.Or(known, "it belongs to "+s.ID)
			}
		}
		if d, ok := p.rules.Domain(h); ok && p.main != nil && d.Domain.Vendor == p.main.Vendor {
			byVendor = true
		} else if ok && p.main != nil && known == "" && word == "" {
			known = "the domain of " + d.Domain.Vendor
		}
		noise, isNoise := p.rules.Noise("https://"+h+"/", h)
		switch {
		case isNoise:
			c.drop = "it says nothing: " + noise.Reason
		case known != "" && !byVendor:
			c.drop = known
		case !lasts:
			c.drop = often
		case word == "" && !byVendor:
			c.drop = "nothing ties the host to the product; add it by hand if it is its own"
		case strings.HasPrefix(h, "www.") || strings.HasPrefix(h, "docs.") || strings.HasPrefix(h, "doc.") || strings.HasPrefix(h, "help.") || strings.HasPrefix(h, "developer."):
			c.drop = "a web site, which apps may link to without the product"
		case strings.Count(h, ".") == 1:
			c.drop = "a whole domain, which apps may link to without the product"
		case kept >= maxHosts:
			c.drop = fmt.Sprintf("there are %d hosts already", maxHosts)
		default:
			kept++
			tie := "it is known as the vendor's"
			if word != "" {
				tie = "it holds the word " + word
			}
			c.why = and("named by "+where, tie, often)
		}
	}
}

// wired looks at the methods that apps call to switch the product on.
func (p *pool) wired() {
	newest := p.arts[len(p.arts)-1].f
	keys := slices.SortedFunc(maps.Keys(newest.wired), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.wiredRank(a), p.wiredRank(b)), cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	})
	kept := 0
	for _, k := range keys {
		cls, name, _ := strings.Cut(k, "->")
		if c := newest.classes[cls]; c == nil || !p.mine(c) {
			continue
		}
		c := &candidate{wired: k}
		p.list = append(p.list, c)
		lasts, where := p.lasts(func(f *features) bool { _, ok := f.wired[k]; return ok })
		switch {
		case !p.rooted(cls) || len(simple(cls)) < 3 || len(name) < 3:
			c.drop = "an obfuscator named it"
		case strings.Contains(cls, ".internal.") || strings.Contains(cls, ".util.") || strings.Contains(cls, ".utils."):
			c.drop = "not meant to be called by apps"
		case !lasts:
			c.drop = where
		case newest.wired[k] >= 10 && !entryName(simple(cls), p.words):
			c.drop = "by its class it is not what apps begin with"
		case kept >= maxWired:
			c.drop = fmt.Sprintf("there are %d initialisers already", maxWired)
		default:
			kept++
			c.why = and("public, static, and takes a Context", where)
		}
	}
}

// entryName reports whether a class is called like the entry of a product.
func entryName(class string, words []string) bool {
	low := strings.ToLower(class)
	if tied(low, words) != "" {
		return true
	}
	return slices.ContainsFunc([]string{"sdk", "api", "agent", "manager", "client"}, func(w string) bool { return strings.Contains(low, w) })
}

// wiredRank puts the likeliest entry of a product first: by its method, then by
// whether the class bears the product's name.
func (p *pool) wiredRank(key string) int {
	cls, _, _ := strings.Cut(key, "->")
	r := 2 * p.arts[len(p.arts)-1].f.wired[key]
	low := strings.ToLower(simple(cls))
	for _, w := range []string{"impl", "inner", "event", "helper", "util", "receiver", "provider"} {
		if strings.Contains(low, w) {
			r += 6
		}
	}
	if tied(low, p.words) == "" && !strings.Contains(low, "sdk") && !strings.Contains(low, "api") && !strings.Contains(low, "agent") {
		r += 5
	}
	return r
}

// versions looks for what tells the version.
func (p *pool) versions() {
	newest := &p.arts[len(p.arts)-1]
	keys := slices.SortedFunc(maps.Keys(newest.f.version), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.versionRank(newest, a), p.versionRank(newest, b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	kept := 0
	for _, k := range keys {
		value := newest.f.version[k]
		_, member, _ := strings.Cut(k, ": ")
		cls, _, _ := strings.Cut(member, "->")
		if c := newest.f.classes[cls]; c == nil || c.listed != "" || c.owner != nil && !p.claim[c.owner.ID] {
			continue
		}
		if !versionLike().MatchString(value) {
			continue
		}
		c := &candidate{version: k}
		p.list = append(p.list, c)
		lasts, where := p.lasts(func(f *features) bool { _, ok := f.version[k]; return ok })
		wrong, right, same := "", 0, map[string]bool{}
		for i := range p.arts {
			a := &p.arts[i]
			v := a.f.version[k]
			same[v] = true
			switch {
			case a.Version == "" || v == "":
			case sameVersion(v, a.Version):
				right++
			default:
				wrong = fmt.Sprintf("it is %s in %s", v, cmp.Or(a.Version, a.Name))
			}
		}
		switch {
		case obfuscated(packageOf(cls)) || len(simple(cls)) < 3:
			c.drop = "an obfuscator named its class"
		case !lasts:
			c.drop = where
		case wrong != "":
			c.drop = "not the version: " + wrong
		case right == 0 && !versionName().MatchString(member), right == 0 && value == "1.0":
			c.drop = fmt.Sprintf("%q looks like a version, but nothing says of what", value)
		case len(p.arts) > 1 && len(same) == 1 && right == 0:
			c.drop = "the same in all artefacts"
		case kept >= maxVersions:
			c.drop = fmt.Sprintf("there are %d clues already", maxVersions)
		default:
			kept++
			c.why = and(fmt.Sprintf("it is %q", value), where)
			if right > 0 {
				c.why = and(c.why, "as the artefact's version says")
			}
		}
	}
}

// versionName is what fields and methods are called that hold a product's version.
var versionName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)->(get)?_?(\w*sdk|lib|library|client|product)?_?version(_?name|_?string|_?number)?$`)
})

func (p *pool) versionRank(a *artefact, key string) int {
	_, member, _ := strings.Cut(key, ": ")
	cls, name, _ := strings.Cut(member, "->")
	r := 0
	if !sameVersion(a.f.version[key], a.Version) {
		r += 8
	}
	if !strings.Contains(strings.ToLower(name), "version") {
		r += 4
	}
	if simple(cls) == "BuildConfig" {
		r += 2
	}
	return r
}

// sameVersion reports whether a constant tells a version: it is the same but
// for a leading v and what builds add at the end.
func sameVersion(value, version string) bool {
	value, version = strings.TrimLeft(value, "vV"), strings.TrimLeft(version, "vV")
	if version == "" || value == "" {
		return false
	}
	if len(value) > len(version) {
		value, version = version, value
	}
	rest, ok := strings.CutPrefix(version, value)
	return ok && (rest == "" || strings.Contains(value, ".") && strings.ContainsRune(".-_+", rune(rest[0])))
}
