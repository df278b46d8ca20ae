package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// memberUse is a member of its own that a rule names.
type memberUse struct {
	path        []any // where in the rule
	class, name string
}

// memberUses lists the members that a rule names where the product itself
// should define them.
func memberUses(v *rule.SDK) []memberUse {
	var out []memberUse
	add := func(member string, path ...any) {
		class, name, ok := strings.Cut(member, "->")
		if !ok {
			return
		}
		if i := strings.IndexAny(name, "(:"); i >= 0 {
			name = name[:i]
		}
		if !strings.HasSuffix(class, ";") {
			class = "L" + strings.ReplaceAll(class, ".", "/") + ";"
		}
		out = append(out, memberUse{path, class, name})
	}
	for i, w := range v.Wired {
		add(w.Call, "wired", i)
	}
	for i, e := range v.Events {
		add(e.Call, "events", i)
	}
	for i, c := range v.Version {
		add(cmp.Or(c.Constant, c.Method), "version", i)
	}
	return out
}

// definitions are classes that an artefact defines.
type definitions map[string]*definition

type definition struct {
	super string
	names []string // of methods and fields
}

// readDefinitions copies out of facts what outlives them: the wanted classes
// and what they extend.
func readDefinitions(set *fact.Set, wanted map[string]bool) definitions {
	type place struct {
		unit  fact.Unit
		class int
	}
	at := map[string]place{}
	for _, u := range set.Units {
		for i := range u.NumClasses() {
			if typ, _, _ := u.Class(i); typ != fact.NoIndex {
				at[u.Type(typ)] = place{u, i}
			}
		}
	}
	out := definitions{}
	for class := range wanted {
		for p, ok := at[class]; ok && out[class] == nil; p, ok = at[class] {
			u, d := p.unit, &definition{}
			for m := range u.ClassMethods(p.class) {
				_, name, _ := u.Method(m.Method)
				d.names = append(d.names, strings.Clone(u.String(name)))
			}
			for f := range u.ClassFields(p.class) {
				_, name, _ := u.Field(f.Field)
				d.names = append(d.names, strings.Clone(u.String(name)))
			}
			if _, super, _ := u.Class(p.class); super != fact.NoIndex {
				d.super = strings.Clone(u.Type(super))
			}
			out[strings.Clone(class)] = d
			class = d.super
		}
	}
	return out
}

// lacks reports whether the artefact defines the class, and neither it nor what
// it extends, as far as that is there, has the member.
func (d definitions) lacks(u memberUse) bool {
	c := d[u.class]
	for n := 0; c != nil && n < 50; n++ {
		if slices.Contains(c.names, u.name) {
			return false
		}
		if c.super == "" || c.super == "Ljava/lang/Object;" {
			return true
		}
		c = d[c.super]
	}
	return false // inherited from elsewhere, or not there
}

// has reports whether the artefact's class has the member.
func (d definitions) has(u memberUse) bool { return d[u.class] != nil && !d.lacks(u) }

// memberReport tells of members that artefacts should define and do not.
type memberReport struct {
	seen, lacking map[string]bool // by rule and place
}

func (r *memberReport) look(v *rule.SDK, d definitions) {
	if r.seen == nil {
		r.seen, r.lacking = map[string]bool{}, map[string]bool{}
	}
	for _, u := range memberUses(v) {
		k := v.ID + "\x00" + u.class + u.name
		switch {
		case d.has(u):
			r.seen[k] = true
		case d.lacks(u):
			r.lacking[k] = true
		}
	}
}

// diagnostics lists what was lacking in all artefacts of a rule.
func (r *memberReport) diagnostics(s signatures.Source, v *rule.SDK) []signatures.Diagnostic {
	var out []signatures.Diagnostic
	for _, u := range memberUses(v) {
		if k := v.ID + "\x00" + u.class + u.name; r.lacking[k] && !r.seen[k] {
			out = append(out, s.Diagnostic(signatures.Warning, "", u.path, "the artefacts define %s, without %q; mend the name, unless another version has it", strings.ReplaceAll(u.class[1:len(u.class)-1], "/", "."), u.name))
		}
	}
	return out
}
