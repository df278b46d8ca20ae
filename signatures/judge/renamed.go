package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/profile"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// renamed is what profiles know of an app: products under other names.
type renamed struct {
	byRule  map[string][]*profile.Match
	classes map[string]*rule.SDK // by descriptor
}

// newRenamed orders matches by product. A class that two of them claim is
// nobody's.
func newRenamed(rules *signatures.Rules, matches []profile.Match) renamed {
	r := renamed{byRule: map[string][]*profile.Match{}, classes: map[string]*rule.SDK{}}
	for i := range matches {
		m := &matches[i]
		p := rules.SDK(m.Profile.Rule)
		if p == nil {
			continue // a rule that was taken out
		}
		moved := map[string]bool{} // packages whose classes kept their names
		known := map[string]bool{} // packages that hold classes which were told apart
		for _, c := range m.Classes {
			known[packageOf(c.Name)] = known[packageOf(c.Name)] || c.Matched
			if c.Matched && simpleName(c.Name) == simpleName(c.Original) {
				moved[packageOf(c.Name)] = true
			}
		}
		var own []string
		for _, c := range m.Classes {
			if !hasLostName(slashedName(c.Name)) && !moved[packageOf(c.Name)] {
				continue // it has a name of somebody else's
			}
			if !known[packageOf(c.Name)] {
				continue // it shares strings, and stands among somebody else's
			}
			own = append(own, c.Name)
		}
		if m.Silent && len(own) < silentClasses {
			continue // code like its own, under names of somebody else's
		}
		r.byRule[p.ID] = append(r.byRule[p.ID], m)
		for _, name := range own {
			if was, ok := r.classes[name]; ok && was != p {
				r.classes[name] = nil
				continue
			}
			r.classes[name] = p
		}
	}
	return r
}

// simpleName returns the name of a class without its package.
func simpleName(desc string) string {
	name := dotted(desc)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// owner returns the product that a class without its name belongs to.
func (r *renamed) owner(desc string) (*rule.SDK, bool) {
	p := r.classes[desc]
	return p, p != nil
}

// products puts the products that profiles found among those that rules found
// by name. One that is there by name is not told twice: its own finding says
// what else of it there is.
func (j *judge) products() []signatures.SDKMatch {
	out := slices.Clone(j.m.SDKs)
	for _, id := range sortedKeys(j.renamed.byRule) {
		at := slices.IndexFunc(out, func(m signatures.SDKMatch) bool { return m.SDK.ID == id })
		if at < 0 {
			out = append(out, signatures.SDKMatch{Rule: -1, SDK: j.rules.Rules().SDK(id)})
			at = len(out) - 1
		}
		out[at].Held = true
	}
	return out
}

// byProfile reports whether profiles alone show that a product is there.
func (j *judge) byProfile(m *signatures.SDKMatch) bool {
	if len(j.renamed.byRule[m.SDK.ID]) == 0 {
		return false
	}
	named := j.m.Product(m.SDK.ID)
	return named == nil || !named.Held
}

// silentClasses is how many classes a product has that is told by code alone.
const silentClasses = 8

// silentTold is how many classes are quoted where no string can be.
const silentTold = 5

// tellRenamed says what profiles know of a product.
func (j *judge) tellRenamed(f *finding.SDK, m *signatures.SDKMatch) {
	alone := j.byProfile(m)
	for _, p := range j.renamed.byRule[m.SDK.ID] {
		r := finding.Renamed{
			Profile: p.Profile.Name, By: "strings", Strings: p.Strings, Known: p.Known, Share: math.Round(p.Share*1000) / 1000,
			Nearest: nearest(&p.Version), Matched: p.Matched, Owned: len(p.Classes), Samples: []string{}, Classes: []finding.RenamedClass{},
		}
		if p.Silent {
			r.By, r.Known, r.KnownClasses = "code", 0, p.Known
		}
		for _, s := range p.Samples {
			r.Samples = append(r.Samples, s.Text)
		}
		for _, c := range p.Classes {
			// One that kept a name of somebody else's may look alike; it is not
			// told as another.
			if c.Matched && c.Original != "" && c.Original != c.Name && j.renamed.classes[c.Name] != nil {
				r.Classes = append(r.Classes, finding.RenamedClass{Class: c.Name, Original: c.Original})
			}
		}
		slices.SortFunc(r.Classes, func(a, b finding.RenamedClass) int {
			return cmp.Or(cmp.Compare(len(a.Original), len(b.Original)), cmp.Compare(a.Original, b.Original), cmp.Compare(a.Class, b.Class))
		})
		r.Classes = r.Classes[:min(len(r.Classes), j.opt.locations())]
		r.Text = renamedText(p, &r)
		if p.Silent {
			for _, c := range r.Classes[:min(len(r.Classes), silentTold)] {
				at := slices.IndexFunc(p.Classes, func(m profile.ClassMatch) bool { return m.Name == c.Class })
				f.Evidence = append(f.Evidence, finding.Evidence{
					Kind: "class", Value: c.Class, Strength: rule.Weak, Signal: "profile: " + p.Profile.Name,
					Location: finding.Location{Unit: j.units[p.Classes[at].Unit].info.Name, Class: c.Class},
				})
			}
		}
		f.Renamed = append(f.Renamed, r)
		for i := range p.Samples {
			s := &p.Samples[i]
			f.Evidence = append(f.Evidence, finding.Evidence{
				Kind: "string", Value: s.Text, Strength: rule.Weak, Signal: "profile: " + p.Profile.Name, Location: j.sampleLocation(s),
			})
		}
		if f.Version == nil {
			f.Version = j.profileVersion(p)
		}
	}
	switch named := j.m.Product(m.SDK.ID); {
	case len(f.Renamed) == 0:
	case alone:
		f.Confidence, f.Basis = profileConfidence(f.Renamed)
	case named.Classes == 0 && f.Confidence == levelNames[levelHigh]:
		// What a name shows is that something names it; its classes were
		// recognised without one.
		f.Confidence = levelNames[levelMedium]
	}
}

func (j *judge) sampleLocation(s *profile.Sample) finding.Location {
	if s.Body < 0 {
		return finding.Location{Unit: j.units[s.Unit].info.Name}
	}
	return signatures.Locate(j.set, signatures.Site{Unit: s.Unit, Body: s.Body, PC: s.PC})
}

// profileVersion tells a version that the code itself holds. Which of the known
// versions has the most strings of it in common is told in words: a fork, or a
// version that the profile does not know, has them, too.
func (j *judge) profileVersion(p *profile.Match) *finding.Version {
	v := &p.Version
	if v.Low == "" || v.Literal == nil {
		return nil
	}
	out := &finding.Version{Value: v.Low, Exact: v.Low == v.High, Clue: "the string " + v.Literal.Text, Location: j.sampleLocation(v.Literal)}
	if v.Low != v.High {
		out.Value += "–" + v.High
	}
	return out
}

// nearest returns the known versions that a copy is most like, if no string in
// it tells its own.
func nearest(v *profile.VersionMatch) string {
	switch {
	case v.Literal != nil:
		return ""
	case v.Low != v.High:
		return v.Low + "–" + v.High
	}
	return cmp.Or(v.Low, v.Nearest)
}

// renamedText explains a match to a person.
func renamedText(p *profile.Match, r *finding.Renamed) string {
	if p.Silent {
		return fmt.Sprintf(msgProfileSilent, p.Matched, p.Known) + oldNames(r)
	}
	var parts []string
	s := fmt.Sprintf(msgProfileStrings, p.Strings, p.Known)
	if len(r.Samples) > 0 {
		s += fmt.Sprintf(msgProfileSample, r.Samples[0])
	}
	parts = append(parts, s)
	if p.Matched > 0 {
		parts = append(parts, plural(p.Matched, "class", "classes")+" matched"+oldNames(r))
	}
	switch v := &p.Version; {
	case v.Literal != nil:
		parts = append(parts, fmt.Sprintf(msgProfileLiteral, v.Literal.Text))
	case v.Low != "" && v.Low == v.High:
		parts = append(parts, fmt.Sprintf(msgProfileVersion, v.Low))
	case v.Nearest != "":
		parts = append(parts, fmt.Sprintf(msgProfileNearest, v.Nearest))
	case v.Low != "":
		parts = append(parts, fmt.Sprintf(msgProfileVersions, v.Low, v.High))
	}
	return strings.Join(parts, "; ")
}

// oldNames names two classes and what they were called.
func oldNames(r *finding.Renamed) string {
	s := ""
	for i, c := range r.Classes[:min(len(r.Classes), 2)] {
		if i == 0 {
			s += ", for instance "
		} else {
			s += " and "
		}
		s += dotted(c.Class) + " = " + dotted(c.Original)
	}
	return s
}

// profileConfidence is never as high as what a name gives.
func profileConfidence(rs []finding.Renamed) (level, basis string) {
	level = "low"
	var texts []string
	for _, r := range rs {
		if r.Share >= 0.5 && r.Matched >= 8 {
			level = "medium"
		}
		texts = append(texts, r.Text)
	}
	return level, basisRenamed + strings.Join(texts, "; ")
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
