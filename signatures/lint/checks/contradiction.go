package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// All combinations are tried of at most so many signals, in conditions of at
// most so many parts.
const (
	maxTried = 14
	maxParts = 200
)

func contradiction() *lint.Check {
	return &lint.Check{ID: "contradiction", Severity: signatures.Error, SDK: func(p *lint.Pass, v *rule.SDK) {
		if contradicts(v) {
			p.Reportf(lint.Path{"when"}, "no app can fulfil the condition, whichever signals it has; look for one that is both wanted and forbidden")
		}
	}}
}

// contradicts reports whether no combination of signals fulfils the condition
// of a rule. With too many to try, it says no.
func contradicts(v *rule.SDK) bool {
	if v.When == nil {
		return false
	}
	bit := map[int]int{} // signal → bit
	parts := 0
	conditions(v.When, nil, func(w *rule.When, _ lint.Path) {
		parts++
		if _, ok := bit[w.Signal-1]; w.Signal > 0 && !ok {
			bit[w.Signal-1] = len(bit)
		}
	})
	if len(bit) > maxTried || parts > maxParts {
		return false
	}
	for have := range 1 << len(bit) {
		if signatures.Evaluate(v, v.When, func(s int) bool { return have&(1<<bit[s]) != 0 }) {
			return false
		}
	}
	return true
}
