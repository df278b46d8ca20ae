package checks

import (
	"cmp"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func foreignCall() *lint.Check {
	return &lint.Check{ID: "foreign-call", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		look := func(member string, at ...any) {
			class := className(member)
			if class == "" || ownCode(p, v, class) {
				return
			}
			p.Reportf(at, "%q is no class of the product's code signals, so this says nothing of it; add its package, mend the name, or name the product that it belongs to in \"relations\"", class)
		}
		for i, w := range v.Wired {
			look(w.Call, "wired", i, "call")
		}
		for i, e := range v.Events {
			look(e.Call, "events", i, "call")
		}
		for i, c := range v.Version {
			name := "constant"
			if c.Method != "" {
				name = "method"
			}
			look(cmp.Or(c.Constant, c.Method), "version", i, name)
		}
	}}
}

// className returns the dotted class of a member reference.
func className(member string) string {
	class, _, _ := strings.Cut(member, "->")
	if strings.HasPrefix(class, "L") && strings.HasSuffix(class, ";") {
		class = strings.ReplaceAll(class[1:len(class)-1], "/", ".")
	}
	return class
}

// ownCode reports whether a class is of a product or of one that it is tied to.
func ownCode(p *lint.Pass, v *rule.SDK, class string) bool {
	has := func(s *rule.SDK) bool {
		for i := range s.Signals {
			g := &s.Signals[i]
			// The class that starts a product often stands above the package of it.
			if above(class, g.Code) {
				return true
			}
			if g.Code != "" && lint.Under(class, g.Code) || g.Class != "" && lint.Under(class, g.Class) || g.CodeRef != "" && lint.Under(class, g.CodeRef) || g.Member != "" && className(g.Member) == class {
				return true
			}
		}
		return false
	}
	if has(v) {
		return true
	}
	r := &v.Relations
	for _, ids := range [][]string{r.Contains, r.Requires, r.SupersededBy, {r.PartOf}} {
		for _, id := range ids {
			if s := p.Rules.SDK(id); s != nil && has(s) {
				return true
			}
		}
	}
	return false
}

// above reports whether the package of a class, of two parts or more, holds
// that of a signal.
func above(class, code string) bool {
	pkg := class[:max(0, strings.LastIndexByte(class, '.'))]
	return strings.Contains(pkg, ".") && code != "" && lint.Under(code, pkg)
}
