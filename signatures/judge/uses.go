package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// aspect is one side of what an owner's code does.
type aspect uint8

const (
	asksFor   aspect = iota // for an identifier
	namesHost               // a host
	callsSink               // a sink
	aspects
)

// doings is what the code of one owner does, by the id of the thing.
type doings struct {
	owner finding.Owner
	uses  [aspects]map[string]*use
}

// use counts how often one owner does one thing.
type use struct {
	finding.Use
	level level
}

// maxThrough bounds the places of one thing in unknown code of which the
// callers are looked for.
const maxThrough = 200

// tally counts the places of one thing by owner. Where a place stands in
// unknown code, those who call it are counted too, if through says so.
func (j *judge) tally(a aspect, u finding.Use, ps []place, through bool) {
	left := maxThrough
	for i := range ps {
		p := &ps[i]
		w := j.ownerOf(p)
		if w.Kind == "none" {
			continue
		}
		l := p.level
		j.use(a, w, u, l).Count++
		if !through || w.Kind != "library" || p.unit < 0 || p.body < 0 || j.set.Graph == nil {
			continue
		}
		if left--; left < 0 {
			continue
		}
		var told []*owner
		for _, c := range j.callers(j.set.Graph.ID(int(p.unit), j.units[p.unit].bodies[p.body].Method)) {
			if !slices.Contains(told, c.owner) {
				told = append(told, c.owner)
				j.use(a, c.owner, u, l).Through++
			}
		}
	}
}

func (j *judge) use(a aspect, w *owner, u finding.Use, l level) *use {
	key := ownerKey{w.Kind, cmp.Or(w.SDK, w.Name)}
	d := j.doings[key]
	if d == nil {
		d = &doings{owner: w.Owner}
		j.doings[key] = d
	}
	if d.uses[a] == nil {
		d.uses[a] = map[string]*use{}
	}
	x := d.uses[a][u.ID]
	if x == nil {
		x = &use{Use: u}
		d.uses[a][u.ID] = x
	}
	x.level = max(x.level, l)
	return x
}

type ownerKey struct{ kind, name string }

// list tells what the code of an owner does, the most certain and most
// frequent first.
func (d *doings) list(a aspect) []finding.Use {
	out := []finding.Use{}
	if d == nil {
		return out
	}
	for _, u := range d.uses[a] {
		if a != callsSink {
			u.Confidence = levelNames[u.level]
		}
		out = append(out, u.Use)
	}
	slices.SortFunc(out, func(x, y finding.Use) int {
		return cmp.Or(-cmp.Compare(d.uses[a][x.ID].level, d.uses[a][y.ID].level), cmp.Compare(groupRank(a, x.Group), groupRank(a, y.Group)),
			-cmp.Compare(x.Count, y.Count), cmp.Compare(x.ID, y.ID))
	})
	return out
}

func groupRank(a aspect, group string) int {
	switch a {
	case asksFor:
		return slices.Index(rule.Groups, group)
	case callsSink:
		return slices.Index(rule.SinkGroups, group)
	}
	return 0
}

// hints tells whose code asks for identifiers and calls the network: products
// first, then the app's own code and libraries that no rule knows.
func (j *judge) hints() []finding.Hint {
	out := []finding.Hint{}
	order := map[string]int{"sdk": 0, "app": 1, "library": 2}
	keys := slices.SortedFunc(maps.Keys(j.doings), func(a, b ownerKey) int {
		return cmp.Or(cmp.Compare(order[a.kind], order[b.kind]), cmp.Compare(a.name, b.name))
	})
	for _, k := range keys {
		d := j.doings[k]
		h := finding.Hint{Owner: d.owner, SDK: d.owner.SDK, Reads: []string{}, Names: []string{}, Calls: []string{}}
		var reads, sinks []string // for people
		for _, u := range d.list(asksFor) {
			if u.Count > 0 && d.uses[asksFor][u.ID].level > levelLow {
				h.Reads = append(h.Reads, u.ID)
				reads = append(reads, u.Name)
			}
		}
		for _, u := range d.list(namesHost) {
			if u.Count > 0 && d.uses[namesHost][u.ID].level > levelLow {
				h.Names = append(h.Names, u.ID)
			}
		}
		for _, u := range d.list(callsSink) {
			if u.Count > 0 && u.Group == "network" {
				h.Calls = append(h.Calls, u.ID)
				sinks = append(sinks, u.Name)
			}
		}
		if len(h.Reads) == 0 || len(h.Calls) == 0 {
			continue
		}
		// What was renamed into the default package is code of everybody.
		if d.owner.Kind == "library" && d.owner.Name == libraryName("") {
			continue
		}
		if len(h.Names) > 0 {
			h.Text = fmt.Sprintf(msgHint, few(reads), few(h.Names), few(sinks), d.owner.Name)
		} else {
			h.Text = fmt.Sprintf(msgHintNoHost, few(reads), few(sinks), d.owner.Name)
		}
		out = append(out, h)
	}
	return out
}

// few lists the first names and counts the others.
func few(list []string) string {
	const most = 4
	if len(list) <= most+1 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
}
