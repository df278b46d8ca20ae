package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func shadowedRule() *lint.Check {
	return &lint.Check{ID: "shadowed-rule", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When != nil {
			return
		}
		var others map[string]*rule.SDK // that have all signals so far
		n := 0
		for i := range v.Signals {
			s := &v.Signals[i]
			if !counts(s) {
				continue
			}
			n++
			have := map[string]*rule.SDK{}
			for _, o := range p.Signals(s.Type(), s.Value()) {
				if o.SDK.ID != v.ID && o.SDK.When == nil && (strong(o.Signal()) || !strong(s) && counts(o.Signal())) && (n == 1 || others[o.SDK.ID] != nil) {
					have[o.SDK.ID] = o.SDK
				}
			}
			others = have
		}
		name := ""
		for id, o := range others {
			if !p.Related(o, v) && (name == "" || id < name) && weaker(v) {
				name = id
			}
		}
		if name != "" {
			p.Reportf(lint.Path{"signals"}, "every signal of this rule is one of %s too, so it never says anything alone; give it one of its own, or remove it", name)
		}
	}}
}

// weaker reports whether a rule has weak signals only: strong ones that are
// shared are the matter of shared-signal.
func weaker(v *rule.SDK) bool {
	for i := range v.Signals {
		if strong(&v.Signals[i]) {
			return false
		}
	}
	return true
}
