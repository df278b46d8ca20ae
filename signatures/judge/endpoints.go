package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// maxEndpoints bounds the endpoints of one app, and maxPlaces the places kept
// of each of them before the best are chosen. Beyond, only totals grow.
const (
	maxEndpoints = 20000
	maxPlaces    = 2000
)

// named is one endpoint and where it stands.
type named struct {
	endpoint.Endpoint
	places []place
	total  int
	doubt  bool  // every place is doubtful
	among  among // in what company it stands at every place
}

const manifestFile = "AndroidManifest.xml"

func (n *named) add(p place, doubtful bool) {
	if n.total++; n.total == 1 {
		n.among = p.among
	} else if p.among == alone {
		n.among = alone
	}
	n.doubt = n.doubt && doubtful
	if len(n.places) < maxPlaces {
		n.places = append(n.places, p)
	}
}

// endpoints collects what the app names.
type endpoints struct {
	byValue map[string]*named
	order   []*named // as they were found
	full    bool     // some found no room
}

func newEndpoints() endpoints { return endpoints{byValue: map[string]*named{}} }

func (es *endpoints) get(e endpoint.Endpoint) *named {
	n, ok := es.byValue[e.Value]
	if !ok {
		if len(es.byValue) >= maxEndpoints {
			es.full = true
			return nil
		}
		e.Value = strings.Clone(e.Value)
		n = &named{Endpoint: e, doubt: true}
		es.byValue[e.Value] = n
		es.order = append(es.order, n)
	}
	return n
}

// hidden is an endpoint of a string, and how it was read if not plainly.
type hidden struct {
	endpoint.Endpoint
	via []string
}

// spotted is an endpoint, or a word of the catalogue, at a place.
type spotted struct {
	endpoint.Endpoint
	word string
	place
}

// codeEndpoints finds the endpoints in the strings of code: where instructions
// load them, where static fields and annotations hold them, or at least that
// they are there. Units are looked at side by side and told in their order.
func (j *judge) codeEndpoints(es *endpoints) {
	found := make([][]spotted, len(j.units))
	j.opt.crew().Each(len(j.units), func(ui int) { found[ui] = j.spot(ui) })
	for _, list := range found {
		for i := range list {
			x := &list[i]
			if x.word != "" {
				j.words = append(j.words, *x)
			} else if n := es.get(x.Endpoint); n != nil {
				n.add(x.place, x.Doubtful)
			}
		}
	}
}

// mayShow reports whether a string with such bytes may hold an endpoint, or a
// piece of one, plainly or hidden.
func mayShow(g fact.Gist) bool {
	return g&(fact.GistDot|fact.GistColon|fact.GistPercent|fact.GistEquals) != 0 || g&fact.GistOther == 0
}

// spot goes over the strings of one unit, then over its references if any of
// the strings matters.
func (j *judge) spot(ui int) []spotted {
	u := &j.units[ui]
	marks := map[uint32][]spotted{}
	var bits []uint64
	var buf []endpoint.Endpoint
	n := u.NumStrings()
	gists, _ := u.Unit.(fact.Gister)
	for i := 0; i < n; i++ {
		if i&0x3fff == 0 && j.ctx.Err() != nil {
			return nil
		}
		if gists != nil && !mayShow(gists.StringGist(uint32(i))) {
			continue
		}
		s := u.String(uint32(i))
		plain, decoded, words := j.read(s, buf)
		buf = plain[:0]
		if len(plain) > 0 || isPiece(s) {
			u.pieces.set(uint32(i), n)
		}
		if len(plain) == 0 && len(decoded) == 0 && len(words) == 0 {
			continue
		}
		var m []spotted
		for _, e := range plain {
			m = append(m, spotted{Endpoint: e})
		}
		for _, h := range decoded {
			m = append(m, spotted{Endpoint: h.Endpoint, place: place{via: h.via}})
		}
		for _, w := range words {
			m = append(m, spotted{word: w.Text, place: place{via: w.Via}})
		}
		marks[uint32(i)] = m
		if bits == nil {
			bits = make([]uint64, (n+63)/64)
		}
		bits[i>>6] |= 1 << (i & 63)
	}
	if len(marks) == 0 {
		return nil
	}
	var out []spotted
	add := func(i uint32, p place) {
		for _, m := range marks[i] {
			p.via = m.via
			m.place = p
			out = append(out, m)
		}
	}
	used := map[uint32]bool{}
	for bi := range u.bodies {
		from, bare := len(out), false
		for _, r := range u.refsOf(bi) {
			if r.Kind != fact.RefString || int(r.Index) >= n || bits[r.Index>>6]&(1<<(r.Index&63)) == 0 {
				continue
			}
			used[r.Index] = true
			add(r.Index, place{unit: int32(ui), body: int32(bi), off: int64(r.PC), how: howString})
		}
		for i := from; i < len(out) && !bare; i++ {
			bare = out[i].Kind == endpoint.Host
		}
		if !bare {
			continue
		}
		u.noteActions(bi)
		if a := u.company(bi, out[from:]); a != alone {
			for i := from; i < len(out); i++ {
				if out[i].Kind == endpoint.Host {
					out[i].among = a
				}
			}
		}
	}
	rest := map[string]uint32{}
	for i := range marks {
		if !used[i] {
			rest[u.String(i)] = i
		}
	}
	if len(rest) > 0 {
		clear(bits)
		for i := range marks {
			// Also one that code uses, if another of the same text is not.
			if _, ok := rest[u.String(i)]; ok {
				bits[i>>6] |= 1 << (i & 63)
			}
		}
		j.heldStrings(ui, bits, func(s string, p place) {
			if i, ok := rest[s]; ok {
				used[i] = true
				add(i, p)
				if p.how == howField && u.pieces.has(i) {
					u.pieces.fields = append(u.pieces.fields, p.class+"->"+p.name)
				}
			}
		})
	}
	var left []uint32
	for i := range marks {
		if !used[i] {
			left = append(left, i)
		}
	}
	slices.Sort(left)
	for _, i := range left {
		add(i, place{unit: int32(ui), body: -1, off: -1, how: howStringTable})
	}
	return out
}

// heldStrings yields the strings that static fields and annotations of a unit
// hold: all of those in some, perhaps others.
func (j *judge) heldStrings(ui int, some []uint64, yield func(s string, p place)) {
	u := &j.units[ui]
	for c := range fact.Holders(u.Unit, some) {
		typ, _, _ := u.Class(c)
		class := u.Type(typ)
		for f := range u.ClassFields(c) {
			texts(f.Const, "", func(s string) {
				_, name, t := u.Field(f.Field)
				yield(s, place{unit: int32(ui), body: -1, off: -1, class: class, name: u.String(name) + ":" + u.Type(t), how: howField})
			})
		}
		for a := range u.ClassAnnotations(c) {
			texts(a.Value, "", func(s string) {
				yield(s, place{unit: int32(ui), body: -1, off: -1, class: class, name: a.Member, how: howAnnotation, ref: a.Type})
			})
		}
	}
}

// tellEndpoints brings what was collected into the report's form.
func (j *judge) tellEndpoints(es *endpoints) []finding.Endpoint {
	values := make([]string, 0, len(es.byValue))
	for v := range es.byValue {
		values = append(values, v)
	}
	slices.Sort(values)
	out := make([]finding.Endpoint, 0, len(values))
	for _, v := range values {
		out = append(out, j.tellEndpoint(es.byValue[v]))
	}
	slices.SortStableFunc(out, compareEndpoints)
	return out
}

// compareEndpoints puts what somebody is known for first, noise last.
func compareEndpoints(a, b finding.Endpoint) int {
	rank := func(e *finding.Endpoint) int {
		switch {
		case e.Noise != "":
			return 3
		case e.RegisteredIn != nil:
			return 0
		case e.Owner != "":
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.RegistrableDomain, b.RegistrableDomain),
		cmp.Compare(a.Host, b.Host), cmp.Compare(a.Value, b.Value))
}

func (j *judge) tellEndpoint(n *named) finding.Endpoint {
	f := finding.Endpoint{
		Value: n.Value, Kind: string(n.Kind), Host: n.Host, RegistrableDomain: n.Domain, Cleartext: n.Cleartext(), Doubtful: n.doubt,
		Records: []finding.Registration{}, Total: n.total,
	}
	if info, ok := j.rules.Domain(n.Host); ok && n.Domain != "" {
		f.Owner, f.OwnerName = info.Domain.Vendor, info.Domain.Vendor
		f.Role = info.Domain.Role
		if info.Host != nil {
			f.Role = cmp.Or(info.Host.Role, f.Role)
			f.Region = info.Host.Region
		}
		if info.Vendor != nil {
			f.OwnerName = info.Vendor.Name
		}
		f.RegisteredIn, f.Records = j.records(info.Domain, info.Vendor, n.Domain)
	}
	if ps := j.rules.HostProducts(n.Host); len(ps) > 0 {
		f.HostSDK, f.HostSDKName = ps[0].ID, ps[0].Name
	}
	f.Noise = j.noise(n)
	f.SDK = j.agree(n.places, n.total)
	f.Locations = j.sites(n.places, j.opt.locations())
	if f.Noise == "" {
		l := levelHigh
		if n.doubt {
			l = levelLow
		}
		for i := range n.places {
			n.places[i].level = l
		}
		j.tally(namesHost, finding.Use{ID: n.Host, Name: n.Host, Group: f.Role}, n.places, false)
	}
	return f
}

// noise says why an endpoint says nothing, "" if it does.
func (j *judge) noise(n *named) string {
	url := n.Value
	if n.Scheme == "" {
		url = ""
	}
	if noise, ok := j.rules.Noise(url, n.Host); ok {
		return noise.Reason
	}
	if r := rangeNoise(n.Range); r != "" {
		return r
	}
	switch {
	case n.Kind == endpoint.IP && isNetwork(n):
		return "address of a network"
	case n.Kind == endpoint.Host && j.isAction(n.Host):
		return "name of an action"
	case n.Suffix == endpoint.SuffixUnmanaged && isReversed(n.Host):
		return "name of a package"
	}
	return noiseAmong[n.among]
}

// isNetwork reports whether an address stands for a network: its last part is
// zero, and neither port nor path follow.
func isNetwork(n *named) bool {
	if n.Scheme != "" || n.Port != "" || n.Path != "" {
		return false
	}
	if n.Addr.Is4() {
		return n.Addr.As4()[3] == 0
	}
	return strings.HasSuffix(n.Host, "::")
}

// rangeNoise says why an address names nobody.
func rangeNoise(r string) string {
	switch r {
	case "loopback":
		return "the device itself"
	case "unspecified", "broadcast", "reserved", "benchmark":
		return "no address of a host"
	case "documentation":
		return "address for documentation"
	case "multicast":
		return "multicast in the local network"
	}
	return ""
}

// agree returns the SDK that owns every place, "" if there is none.
func (j *judge) agree(ps []place, total int) string {
	if len(ps) == 0 || total > len(ps) && len(ps) < maxPlaces {
		return ""
	}
	sdk := ""
	for i := range ps {
		s := j.ownerOf(&ps[i]).SDK
		if s == "" || sdk != "" && s != sdk {
			return ""
		}
		sdk = s
	}
	return sdk
}

var gradeRank = map[rule.Grade]int{
	rule.GradeRegistrant: 0, rule.GradeFiling: 1, rule.GradeCompanyFiling: 2, rule.GradeCompanySeat: 3, rule.GradeInferred: 4,
}

// records tells where a domain is registered and where its owner has its seat.
// registered is the strongest, newest record about this very domain; records
// holds it and all others, the owner's among them as what they are.
func (j *judge) records(d *rule.Domain, v *rule.Vendor, domain string) (registered *finding.Registration, records []finding.Registration) {
	type graded struct {
		rank int
		finding.Registration
	}
	var all []graded
	add := func(r *rule.Record, of string, grade rule.Grade) {
		if grade == rule.GradeInferred && !j.opt.ShowInferred {
			return
		}
		rank, ok := gradeRank[grade]
		if !ok {
			return
		}
		all = append(all, graded{rank, registration(r, of, grade)})
	}
	for i := range d.Records {
		r := &d.Records[i]
		grade := r.Grade
		if d.ID != domain && (grade == rule.GradeRegistrant || grade == rule.GradeFiling) {
			// A host below somebody else's domain: who holds it did not
			// register the domain.
			grade = rule.GradeCompanyFiling
		}
		add(r, d.ID, grade)
	}
	if v != nil {
		for _, r := range vendorRecords(v, j.opt.ShowInferred) {
			all = append(all, graded{gradeRank[rule.Grade(r.Grade)], r})
		}
	}
	slices.SortStableFunc(all, func(a, b graded) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.Date, a.Date), compareRegistrations(a.Registration, b.Registration))
	})
	records = []finding.Registration{}
	for _, g := range all {
		records = append(records, g.Registration)
	}
	if len(all) > 0 && all[0].rank <= gradeRank[rule.GradeFiling] {
		registered = &all[0].Registration
	}
	return registered, records
}

// vendorRecords tells what is known of a vendor's seat. A vendor's record is
// never one about a domain.
func vendorRecords(v *rule.Vendor, inferred bool) []finding.Registration {
	out := []finding.Registration{}
	for i := range v.Records {
		r := &v.Records[i]
		grade := r.Grade
		switch grade {
		case rule.GradeFiling:
			grade = rule.GradeCompanyFiling
		case rule.GradeRegistrant:
			grade = rule.GradeCompanySeat
		case rule.GradeInferred:
			if !inferred {
				continue
			}
		}
		out = append(out, registration(r, cmp.Or(v.LegalName, v.Name), grade))
	}
	slices.SortStableFunc(out, func(a, b finding.Registration) int {
		return cmp.Or(cmp.Compare(gradeRank[rule.Grade(a.Grade)], gradeRank[rule.Grade(b.Grade)]), cmp.Compare(b.Date, a.Date), compareRegistrations(a, b))
	})
	return out
}

func registration(r *rule.Record, of string, grade rule.Grade) finding.Registration {
	return finding.Registration{City: r.City, Province: r.Province, Country: r.Country, Grade: string(grade), Evidence: r.Text, Source: r.Source, Date: r.Date, Of: of}
}

func compareRegistrations(a, b finding.Registration) int {
	return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Evidence, b.Evidence), cmp.Compare(a.City, b.City), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Source, b.Source))
}
