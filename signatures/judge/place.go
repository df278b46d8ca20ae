package judge

import (
	"cmp"
	"slices"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// How a place shows what is told of it. The report's schema repeats the list.
const (
	howCall        = "call"         // an instruction calls the member, or hands the constant to a call that reads
	howField       = "field"        // an instruction reads the field, or a static field holds the constant
	howString      = "string"       // an instruction loads the constant; what becomes of it was not seen
	howReflection  = "reflection"   // the member is named by constants and called by reflection
	howAnnotation  = "annotation"   // an annotation holds the constant
	howStringTable = "string-table" // the constant is there, but no code that was read uses it
	howResource    = "resource"
	howAsset       = "asset"
	howNative      = "native"
	howScript      = "script"
	howManaged     = "managed"
	howManifest    = "manifest"
)

// place is one place before it is told. Most places of a large app are counted
// only, so it is kept small.
type place struct {
	unit  int32  // index of the unit; -1 outside code
	body  int32  // index of the body; -1 if it is in none
	off   int64  // instruction, or byte of the file; -1 if unknown
	file  string // outside code: the file
	class string // in code but in no body: the class, "" if not even that is known
	name  string // then: the field, or the annotated member
	how   string
	ref   string
	args  []string
	via   []string
	perm  string
	level level  // of identifiers
	among among  // of endpoints
	note  *owner // outside code: whose file it is, if known
}

func comparePlaces(a, b place) int {
	// Code before files, bodies in order, then what is in no body.
	ua, ub := a.unit, b.unit
	if ua < 0 {
		ua = 1 << 30
	}
	if ub < 0 {
		ub = 1 << 30
	}
	ba, bb := a.body, b.body
	if ba < 0 {
		ba = 1 << 30
	}
	if bb < 0 {
		bb = 1 << 30
	}
	return cmp.Or(cmp.Compare(ua, ub), cmp.Compare(ba, bb), cmp.Compare(a.file, b.file), cmp.Compare(a.off, b.off),
		cmp.Compare(a.class, b.class), cmp.Compare(a.name, b.name), cmp.Compare(a.how, b.how), cmp.Compare(a.ref, b.ref), slices.Compare(a.via, b.via))
}

// ownerOf returns the owner of a place by its class alone.
func (j *judge) ownerOf(p *place) *owner {
	switch {
	case p.unit < 0:
		if p.note != nil {
			return p.note
		}
		return &owner{Owner: finding.Owner{Kind: "none", Name: outside(p.how)}}
	case p.body >= 0:
		return j.classOwner(int(p.unit), j.units[p.unit].bodies[p.body].Class)
	case p.class != "":
		return j.owners.of(p.class)
	}
	return &owner{Owner: finding.Owner{Kind: "none", Name: "not used by code that was read"}}
}

func outside(how string) string {
	switch how {
	case howResource:
		return "resources"
	case howAsset:
		return "assets"
	case howNative:
		return "native code"
	case howScript:
		return "script"
	case howManaged:
		return "managed code"
	case howManifest:
		return "manifest"
	}
	return "no code"
}

// location tells where a place is.
func (j *judge) location(p *place) finding.Location {
	if p.unit < 0 {
		l := finding.Location{Unit: p.file}
		if p.off >= 0 {
			l.Offset = &p.off
		}
		return l
	}
	u := &j.units[p.unit]
	l := finding.Location{Unit: u.info.Name, Class: p.class, Method: p.name}
	if p.body >= 0 {
		b := u.bodies[p.body]
		_, name, proto := u.Method(b.Method)
		l.Class, l.Method = u.Type(b.Class), u.String(name)+u.Proto(proto)
		off := p.off
		l.Offset = &off
	}
	return l
}

// site tells a place with its owner.
func (j *judge) site(p *place) finding.Site {
	s := finding.Site{Location: j.location(p), Ref: p.ref, How: p.how, Args: p.args, DecodedVia: p.via, Permission: p.perm}
	if by := j.emulatedBy(p); len(by) > 0 {
		s.DecodedVia = append(by, p.via...)
	}
	if p.unit >= 0 && p.body >= 0 {
		s.Owner = j.ownerAt(int(p.unit), j.units[p.unit].bodies[p.body])
	} else {
		s.Owner = j.ownerOf(p).Owner
	}
	s.SDK = s.Owner.SDK
	return s
}

// viaEmulated begins how a string was read that code hides: by running the
// method that follows.
const viaEmulated = "emulated "

// emulatedBy says by running what the string at a place was read, or those that
// a call is handed; nothing if they stand in the file as they are.
func (j *judge) emulatedBy(p *place) (out []string) {
	if p.unit < 0 || p.body < 0 {
		return nil
	}
	ran := j.units[p.unit].emulated()
	switch {
	case p.how == howString:
		if m := ran.at[instruction{p.body, p.off}]; m != "" {
			out = append(out, viaEmulated+m)
		}
	case len(ran.of) > 0:
		for _, a := range p.args {
			if m := ran.of[a]; m != "" && !slices.Contains(out, viaEmulated+m) {
				out = append(out, viaEmulated+m)
			}
		}
	}
	return out
}

// instruction is one of a unit.
type instruction struct {
	body int32
	off  int64
}

// emulated is which methods were run to read strings, by the instructions that
// make these, and by the strings as they are shown.
type emulated struct {
	at map[instruction]string
	of map[string]string
}

func (u *unitState) emulated() *emulated {
	if u.ran != nil {
		return u.ran
	}
	u.ran = &emulated{map[instruction]string{}, map[string]string{}}
	if e, ok := u.Unit.(fact.Emulations); ok {
		for t := range e.Emulated() {
			u.ran.at[instruction{int32(t.Body), int64(t.PC)}] = t.Method
			if text := renderedText(u.String(t.String)); u.ran.of[text] == "" {
				u.ran.of[text] = t.Method
			}
		}
	}
	return u.ran
}

// sites tells the places that fit into the limit: the first of each owner, then
// the others in order.
func (j *judge) sites(ps []place, limit int) []finding.Site {
	slices.SortFunc(ps, comparePlaces)
	out := []finding.Site{}
	for _, i := range j.choose(ps, limit) {
		out = append(out, j.site(&ps[i]))
	}
	return out
}

func (j *judge) choose(ps []place, limit int) []int {
	all := make([]int, len(ps))
	for i := range ps {
		all[i] = i
	}
	if len(ps) <= limit {
		return all
	}
	type key struct{ kind, name string }
	seen := map[key]bool{}
	var first, rest []int
	for i := range ps {
		w := j.ownerOf(&ps[i])
		if k := (key{w.Kind, w.Name}); !seen[k] {
			seen[k] = true
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	chosen := append(first, rest...)[:limit]
	slices.Sort(chosen)
	return chosen
}

// methodName returns a method of a unit in smali notation.
func (u *unitState) methodName(m uint32) string {
	if s, ok := u.members[m]; ok {
		return s
	}
	class, name, proto := u.Method(m)
	s := member(u.Type(class), u.String(name), u.Proto(proto))
	u.members[m] = s
	return s
}

// refsOf returns the references of a body.
func (u *unitState) refsOf(body int) []fact.Ref {
	b := u.bodies[body]
	if b.RefFirst > b.RefEnd || int(b.RefEnd) > len(u.refs) {
		return nil
	}
	return u.refs[b.RefFirst:b.RefEnd]
}
