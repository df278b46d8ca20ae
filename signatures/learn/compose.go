package learn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// compose puts the rule together from the candidates that are kept.
func (l *Learner) compose(m *Matrix) *rule.SDK {
	p, opt := l.pool, l.opt
	s := &rule.SDK{Header: rule.Header{Kind: rule.KindSDK, Status: rule.StatusStable}}
	for _, c := range p.list {
		switch {
		case c.drop != "":
		case c.wired != "":
			s.Wired = append(s.Wired, rule.Wired{Call: c.wired})
		case c.version != "":
			if m, ok := strings.CutPrefix(c.version, "constant: "); ok {
				s.Version = append(s.Version, rule.VersionClue{Constant: m})
			} else {
				s.Version = append(s.Version, rule.VersionClue{Method: strings.TrimPrefix(c.version, "method: ")})
			}
		default:
			s.Signals = append(s.Signals, c.sig)
		}
	}
	if m != nil {
		s.Version = append(s.Version, m.clues()...)
	}
	strong := slices.ContainsFunc(s.Signals, func(x rule.Signal) bool { return x.EffectiveStrength() == rule.Strong })
	if !strong {
		s.Status = rule.StatusExperimental
	}
	newest := &l.arts[len(l.arts)-1]
	for i := range l.arts {
		for _, m := range l.arts[i].f.maven {
			if len(l.arts[i].f.maven) == 1 && !slices.Contains(s.Maven, m) {
				s.Maven = append(s.Maven, m)
			}
		}
	}
	s.Vendor = opt.Vendor
	s.Category = opt.Category
	name := ""
	if p.main != nil {
		s.Vendor = cmp.Or(s.Vendor, p.main.Vendor)
		s.Category = cmp.Or(s.Category, p.main.Category)
		name = p.main.Name
	}
	vendor, product := l.words()
	s.Vendor = cmp.Or(s.Vendor, vendor)
	s.Category = cmp.Or(s.Category, guessCategory(append([]string{newest.Name}, p.roots...)))
	s.ID = opt.ID
	if s.ID == "" {
		s.ID = vendor
		if product != "" && product != vendor {
			s.ID += "-" + product
		}
		for n := s.ID; l.rules.Rules().SDK(s.ID) != nil; s.ID = n + "-learned" {
			if strings.HasSuffix(s.ID, "-learned") {
				break
			}
		}
	}
	s.Name = cmp.Or(opt.Name, name, title(s.ID))
	for i := range l.arts {
		a := &l.arts[i]
		own := 0
		for _, c := range a.f.classes {
			if p.mine(c) {
				own++
			}
		}
		s.Evidence = append(s.Evidence, rule.Evidence{
			Text:   fmt.Sprintf("%d classes of this product in %s", own, a.Name),
			Source: cmp.Or(a.Source, a.Name), Date: opt.Date,
		})
		if strong && a.SHA256 != "" {
			s.Verified = append(s.Verified, rule.Artefact{Artifact: a.Name, SHA256: a.SHA256, Source: a.Source, Version: a.Version, Date: opt.Date})
		}
	}
	if len(s.Evidence) > 5 {
		s.Evidence = s.Evidence[len(s.Evidence)-5:]
	}
	if len(s.Verified) > 5 {
		s.Verified = s.Verified[len(s.Verified)-5:]
	}
	if len(p.reads) > 0 {
		s.Notes = "Its code asks for: " + strings.Join(p.reads, ", ") + "."
	}
	l.examples(s)
	return s
}

// words are the vendor and the product as the first root names them.
func (l *Learner) words() (vendor, product string) {
	name := ""
	switch {
	case len(l.pool.roots) > 0:
		name = l.pool.roots[0]
	case l.arts[len(l.arts)-1].f.pkg != "":
		name = l.arts[len(l.arts)-1].f.pkg
	default:
		name = stem(l.arts[len(l.arts)-1].Name)
	}
	var labels []string
	for i, w := range strings.Split(strings.ToLower(name), ".") {
		if i == 0 && tops[w] || w == "github" || w == "android" || w == "sdk" {
			continue
		}
		if w = idText(w); w != "" {
			labels = append(labels, w)
		}
	}
	if len(labels) == 0 {
		return "unknown", ""
	}
	product = labels[min(1, len(labels)-1)]
	return labels[0], product
}

// stem is the name of a file without extension and version.
func stem(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	for i := 1; i < len(name); i++ {
		if (name[i-1] == '-' || name[i-1] == '_') && name[i] >= '0' && name[i] <= '9' {
			return name[:i-1]
		}
	}
	return name
}

// idText keeps of a text what an id may hold.
func idText(s string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(s) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b.WriteRune(c)
		case c == '-' || c == '_' || c == ' ':
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

func title(id string) string {
	words := strings.Split(id, "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// guessCategory goes by words of names. Whoever reads the proposal decides.
func guessCategory(names []string) string {
	low := strings.ToLower(strings.Join(names, " "))
	for _, g := range []struct{ category, words string }{
		{"crash", "crash bugly bugsnag sentry hotload"},
		{"push", "push jpush"},
		{"attribution", "attribution adjust branch deeplink"},
		{"analytics", "analytics statistic tracker tracking stat sensorsdata growing mixpanel amplitude"},
		{"identification", "oaid mdid deviceid openid identifier"},
		{"payment", "payment alipay wxpay billing"},
		{"login", "login oauth account"},
		{"location", "location beacon lbs"},
		{"map", "maps mapsdk"},
		{"social", "share social"},
		{"ads", "ads adsdk advert admob banner interstitial reward"},
		{"feedback", "feedback survey"},
	} {
		for w := range strings.SplitSeq(g.words, " ") {
			if strings.Contains(low, w) {
				return g.category
			}
		}
	}
	return "utility"
}

// examples writes the tests: what must match by each kind of strong signal, two
// weak ones of different kinds together, and near misses of each.
func (l *Learner) examples(s *rule.SDK) {
	newest := l.arts[len(l.arts)-1].f
	t := &s.Tests
	seen := map[string]int{}
	var weakString, weakHost string
	for i := range s.Signals {
		g := &s.Signals[i]
		typ := g.Type()
		if typ != "code" && seen[typ] > 0 {
			continue
		}
		seen[typ]++
		switch typ {
		case "code":
			if name := l.exampleClass(newest, g.Code); name != "" {
				t.Match = append(t.Match, rule.Example{Class: name})
			}
			t.NoMatch = append(t.NoMatch, rule.Example{Class: g.Code + "x.C"})
			if up := packageOf(g.Code); strings.Contains(up, ".") && len(t.NoMatch) < 4 && !slices.ContainsFunc(s.Signals, func(o rule.Signal) bool { return o.Code != "" && under(up, o.Code) }) {
				t.NoMatch = append(t.NoMatch, rule.Example{Class: up + ".Other"})
			}
		case "service":
			t.Match = append(t.Match, rule.Example{Service: g.Service})
		case "receiver":
			t.Match = append(t.Match, rule.Example{Receiver: g.Receiver})
		case "provider":
			t.Match = append(t.Match, rule.Example{Provider: g.Provider})
		case "activity":
			t.Match = append(t.Match, rule.Example{Activity: g.Activity})
		case "string":
			weakString = g.String
			t.NoMatch = append(t.NoMatch, rule.Example{String: g.String})
		case "endpoint":
			weakHost = g.Endpoint.Host
			t.NoMatch = append(t.NoMatch, rule.Example{Host: weakHost})
		case "meta-data":
			t.NoMatch = append(t.NoMatch, rule.Example{MetaData: g.MetaData})
		case "native":
			t.NoMatch = append(t.NoMatch, rule.Example{Native: g.Native})
		}
	}
	if weakString != "" && weakHost != "" {
		t.Match = append(t.Match, rule.Example{String: weakString, Host: weakHost})
	}
	dedup := func(list []rule.Example) []rule.Example {
		var out []rule.Example
		have := map[string]bool{}
		for _, e := range list {
			k := fmt.Sprint(e)
			if !have[k] {
				have[k] = true
				out = append(out, e)
			}
		}
		return out
	}
	t.Match, t.NoMatch = dedup(t.Match), dedup(t.NoMatch)
}

// exampleClass picks a class below a prefix that a person named: public, with a
// long name, near the prefix.
func (l *Learner) exampleClass(f *features, prefix string) string {
	best := ""
	rank := func(n string) int {
		r := 4 * strings.Count(n, ".")
		if !f.classes[n].public {
			r += 2
		}
		if len(simple(n)) < 4 {
			r += 40
		}
		if strings.Contains(n, "$") {
			r += 20
		}
		return r
	}
	for n, c := range f.classes {
		if !under(n, prefix) || !l.pool.mine(c) {
			continue
		}
		if best == "" || cmp.Or(cmp.Compare(rank(n), rank(best)), cmp.Compare(n, best)) < 0 {
			best = n
		}
	}
	return best
}
