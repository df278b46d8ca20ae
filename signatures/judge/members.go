package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// level says on what a place of an identifier rests.
type level uint8

const (
	levelLow    level = iota // a constant alone, or a member that many use for other ends
	levelMedium              // by way of reflection or a helper that was looked through
	levelHigh                // the member itself is called, or the key is handed to the call that reads it
)

var levelNames = [...]string{"low", "medium", "high"}

// reading collects the places of one identifier.
type reading struct {
	rule   *rule.Identifier
	places []place
	level  level
	perms  map[string]bool // permissions that its places need; "" for none
}

func (r *reading) add(p place, src *rule.Source, l level) {
	if src.Strength == rule.Weak {
		l = levelLow
	}
	p.level = l
	need := permission(cmp.Or(src.Permission, r.rule.Permission))
	if src.Permission != "" && need != permission(r.rule.Permission) {
		p.perm = cmp.Or(need, "none")
	}
	r.perms[need] = true
	r.level = max(r.level, l)
	r.places = append(r.places, p)
}

// permission turns the rules' "none" into "".
func permission(s string) string {
	if s == "none" {
		return ""
	}
	return s
}

// identifiers tells which identifiers code reads.
func (j *judge) identifiers() []finding.Identifier {
	readings := map[int]*reading{}
	get := func(n int, id *rule.Identifier) *reading {
		r := readings[n]
		if r == nil {
			r = &reading{rule: id, perms: map[string]bool{}}
			readings[n] = r
		}
		return r
	}
	var literals, services []literal
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		if h.Use != signatures.UseSource || h.Unit < 0 {
			continue
		}
		id, ok := j.rules.Ref(h.Rule).(*rule.Identifier)
		if !ok || h.Item >= len(id.Sources) {
			continue
		}
		src := &id.Sources[h.Item]
		if src.Service != "" {
			services = append(services, literal{h.Rule, id, src, h})
			continue
		}
		if src.Member == "" {
			literals = append(literals, literal{h.Rule, id, src, h})
			continue
		}
		for _, at := range h.Sites {
			p, ok := j.memberPlace(h, at)
			if !ok || !j.argsFit(src, h, at, &p) {
				continue
			}
			l := levelHigh
			if p.how == howField && strings.HasSuffix(src.Member, ":Landroid/net/Uri;") {
				l = levelMedium // the address is taken; what becomes of it was not seen
			}
			get(h.Rule, id).add(p, src, l)
		}
	}
	for _, found := range j.literalPlaces(literals) {
		get(found.rule, found.id).add(found.place, found.src, found.level)
	}
	for _, found := range j.transactions(services) {
		get(found.rule, found.id).add(found.place, found.src, found.level)
	}
	for _, found := range j.reflections() {
		get(found.rule, found.id).add(found.place, found.src, found.level)
	}
	for i := range j.words {
		w := &j.words[i]
		for _, to := range j.vocab()[w.word] {
			p := w.place
			p.ref = w.word
			get(to.rule, to.id).add(p, to.src, levelLow)
		}
	}
	order := make([]int, 0, len(readings))
	for n := range readings {
		order = append(order, n)
	}
	slices.Sort(order)
	out := []finding.Identifier{}
	for _, n := range order {
		out = append(out, j.identifier(readings[n]))
	}
	slices.SortStableFunc(out, func(a, b finding.Identifier) int {
		return cmp.Or(cmp.Compare(slices.Index(rule.Groups, a.Group), slices.Index(rule.Groups, b.Group)), cmp.Compare(slices.Index(rule.Resets, a.Reset), slices.Index(rule.Resets, b.Reset)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (j *judge) identifier(r *reading) finding.Identifier {
	id := r.rule
	f := finding.Identifier{
		ID: id.ID, Name: id.Name, Group: id.Group, Glossary: id.Glossary, Reset: id.Reset,
		Permission: permission(id.Permission), RestrictedFrom: id.RestrictedFrom, Restriction: id.Restriction,
		Confidence: levelNames[r.level],
	}
	// What no place needs is not needed; what all places need instead is.
	if len(r.perms) > 0 && !r.perms[f.Permission] {
		f.Permission = ""
		if len(r.perms) == 1 {
			for p := range r.perms {
				f.Permission = p
			}
		}
	}
	f.Permission, f.PermissionDeclared = j.needed(f.Permission)
	r.places = dedupePlaces(r.places)
	f.Sites, f.Total = j.sites(r.places, j.opt.identifierSites()), len(r.places)
	j.tally(asksFor, finding.Use{ID: id.ID, Name: id.Name, Group: id.Group}, r.places, true)
	return f
}

// dedupePlaces tells each call site once: the strongest way of reading it.
func dedupePlaces(ps []place) []place {
	slices.SortStableFunc(ps, func(a, b place) int {
		return cmp.Or(comparePlaces(place{unit: a.unit, body: a.body, off: a.off, class: a.class, name: a.name, file: a.file}, place{unit: b.unit, body: b.body, off: b.off, class: b.class, name: b.name, file: b.file}),
			cmp.Compare(howRank[a.how], howRank[b.how]), comparePlaces(a, b))
	})
	return slices.CompactFunc(ps, func(a, b place) bool {
		return a.unit == b.unit && a.body == b.body && a.off == b.off && a.file == b.file && a.class == b.class && a.name == b.name
	})
}

var howRank = map[string]int{howCall: 0, howField: 1, howReflection: 2, howString: 3}

// memberPlace turns a use of a member into a place. What writes to a field
// reads nothing.
func (j *judge) memberPlace(h *signatures.Hit, at signatures.Site) (place, bool) {
	if at.Body < 0 || at.Kind == fact.RefFieldPut {
		return place{}, false
	}
	p := place{unit: int32(at.Unit), body: int32(at.Body), off: int64(at.PC), how: howCall, ref: h.Ref}
	if at.Kind == fact.RefFieldGet {
		p.how = howField
	}
	return p, true
}

// argsFit reports whether a call has the arguments that a source asks for. It
// notes what is known of the arguments.
func (j *judge) argsFit(src *rule.Source, h *signatures.Hit, at signatures.Site, p *place) bool {
	if len(src.Args) == 0 {
		return true
	}
	args := j.args(at)
	if args == nil {
		return false
	}
	for pos, want := range src.Args {
		if pos < 0 || pos >= len(args) || !hasText(args[pos], want) {
			return false
		}
	}
	p.args = rendered(args)
	return true
}

// args returns what is known of the arguments of a call, without the receiver.
func (j *judge) args(at signatures.Site) []fact.Value {
	if !at.Kind.IsCall() {
		return nil
	}
	args := j.units[at.Unit].Args(at.Body, at.PC)
	if receiver(at.Kind) && len(args) > 0 {
		args = args[1:]
	}
	return args
}

// receiver reports whether the first argument of a call is its receiver.
func receiver(k fact.RefKind) bool {
	return k != fact.RefCallStatic && k != fact.RefCallDynamic
}

// hasText reports whether a value is, or may be, this constant: a string as it
// is, a number in decimal.
func hasText(v fact.Value, want string) bool {
	found := false
	texts(v, "", func(s string) { found = found || s == want })
	return found || v.Kind == fact.Int && render(v) == want || v.Kind == fact.Class && (v.S == want || dotted(v.S) == want)
}

// rendered shows arguments; nil if nothing is known of any.
func rendered(args []fact.Value) []string {
	var out []string
	known := false
	for i, a := range args {
		if i == 8 {
			break
		}
		s := render(a)
		known = known || s != ""
		if s == "" {
			s = "?"
		}
		out = append(out, s)
	}
	if !known {
		return nil
	}
	return out
}

// maxWord bounds what may be a word of the catalogue, in bytes.
const maxWord = 200

// wordList makes the vocabulary. Only few apps hide strings, so that it is made
// when the first is found.
func wordList(rules *signatures.Compiled) map[string][]wanted {
	out := map[string][]wanted{}
	add := func(word string, w wanted) {
		if len(word) >= 8 && !slices.ContainsFunc(out[word], func(o wanted) bool { return o.rule == w.rule }) {
			out[word] = append(out[word], w)
		}
	}
	for n := range rules.Rules().Numbers(rule.KindIdentifier) {
		id, _ := rules.Ref(n).(*rule.Identifier)
		for k := range id.Sources {
			w := wanted{n, id, &id.Sources[k]}
			if _, word := kindOf(w.src); telling(w.src) {
				add(word, w)
			}
			if key := memberKey(w.src.Member); key != "" && w.src.Strength != rule.Weak {
				_, name, _ := strings.Cut(key, "->")
				if strings.HasPrefix(name, "get") {
					add(name, w)
				}
			}
		}
	}
	return out
}

// wanted is a source of an identifier.
type wanted struct {
	rule int
	id   *rule.Identifier
	src  *rule.Source
}

// catalogue returns the methods that identifier rules name, by class and name.
func (j *judge) catalogue() map[string][]wanted {
	out := map[string][]wanted{}
	for n := range j.rules.Rules().Numbers(rule.KindIdentifier) {
		id, _ := j.rules.Ref(n).(*rule.Identifier)
		for k := range id.Sources {
			key := memberKey(id.Sources[k].Member)
			if key == "" {
				continue
			}
			w := wanted{n, id, &id.Sources[k]}
			out[key] = append(out[key], w)
			// Names that mean nothing else are known without their class.
			if name := key[strings.Index(key, "->"):]; distinct(name[2:]) && w.src.Strength != rule.Weak {
				out[name] = append(out[name], w)
			}
		}
	}
	return out
}

// distinct reports whether a method's name by itself tells what it reads.
func distinct(name string) bool {
	if !strings.HasPrefix(name, "get") {
		return false
	}
	for _, w := range [...]string{"Imei", "Meid", "DeviceId", "SubscriberId", "SimSerial", "Line1Number", "MacAddress", "Oaid", "OAID", "AndroidId", "AdvertisingId", "Serial"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// memberKey returns "Lclass;->name" of a member, "" for a field.
func memberKey(m string) string {
	class, rest, ok := strings.Cut(m, "->")
	if !ok {
		return ""
	}
	name, _, isMethod := strings.Cut(rest, "(")
	if !isMethod && strings.Contains(rest, ":") {
		return ""
	}
	if class != "" && !strings.HasSuffix(class, ";") {
		class = descriptor(class)
	}
	return class + "->" + name
}

// sinkUse collects the places of one sink.
type sinkUse struct {
	rule   *rule.Sink
	places []place
}

// sinks tells through which members data can leave the code that holds it.
func (j *judge) sinks() []finding.Sink {
	uses := map[int]*sinkUse{}
	var order []int
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		if h.Use != signatures.UseSink || h.Unit < 0 {
			continue
		}
		s, ok := j.rules.Ref(h.Rule).(*rule.Sink)
		if !ok {
			continue
		}
		u := uses[h.Rule]
		if u == nil {
			u = &sinkUse{rule: s}
			uses[h.Rule] = u
			order = append(order, h.Rule)
		}
		for _, at := range h.Sites {
			if p, ok := j.memberPlace(h, at); ok && (s.Group != dynamicCode || j.loads(h, at)) {
				u.places = append(u.places, p)
			}
		}
	}
	slices.Sort(order)
	out := []finding.Sink{}
	for _, n := range order {
		u := uses[n]
		u.places = dedupePlaces(u.places)
		if len(u.places) == 0 {
			continue
		}
		chosen := j.choose(u.places, j.opt.sinkSites())
		kept := make([]place, 0, len(chosen))
		for _, i := range chosen {
			p := u.places[i]
			at := signatures.Site{Unit: int(p.unit), Body: int(p.body), PC: uint32(p.off), Kind: j.kindAt(&p)}
			p.args = rendered(j.args(at))
			kept = append(kept, p)
		}
		j.tally(callsSink, finding.Use{ID: u.rule.ID, Name: u.rule.Name, Group: u.rule.Group}, u.places, u.rule.Group == "network")
		perm, declared := j.needed(permission(u.rule.Permission))
		out = append(out, finding.Sink{
			ID: u.rule.ID, Name: u.rule.Name, Group: u.rule.Group, Permission: perm, PermissionDeclared: declared,
			Sites: j.sites(kept, len(kept)), Total: len(u.places),
		})
	}
	slices.SortStableFunc(out, func(a, b finding.Sink) int {
		return cmp.Or(cmp.Compare(slices.Index(rule.SinkGroups, a.Group), slices.Index(rule.SinkGroups, b.Group)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// kindAt returns the kind of the reference at a place.
func (j *judge) kindAt(p *place) fact.RefKind {
	for _, r := range j.units[p.unit].refsOf(int(p.body)) {
		if int64(r.PC) == p.off && (r.Kind.IsCall() || r.Kind == fact.RefFieldGet) {
			return r.Kind
		}
	}
	return fact.RefNone
}
