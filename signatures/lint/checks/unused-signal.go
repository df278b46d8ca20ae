package checks

import (
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func unusedSignal() *lint.Check {
	return &lint.Check{ID: "unused-signal", Severity: signatures.Warning, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.When == nil {
			return
		}
		used := map[int]bool{}
		conditions(v.When, lint.Path{"when"}, func(w *rule.When, _ lint.Path) { used[w.Signal] = true })
		signals(p, v, func(i int, s *rule.Signal, _ lint.Path) {
			if counts(s) && !used[i+1] {
				p.Reportf(lint.Path{"signals", i}, "the condition does not name signal number %d, so it counts for nothing; name it in \"when\", or write \"strength: context\"", i+1)
			}
		})
	}}
}

// conditions calls visit for each part of a condition.
func conditions(w *rule.When, at lint.Path, visit func(*rule.When, lint.Path)) {
	visit(w, at)
	for _, l := range []struct {
		name string
		list []rule.When
	}{{"all", w.All}, {"any", w.Any}, {"none", w.None}} {
		for i := range l.list {
			conditions(&l.list[i], append(append(lint.Path{}, at...), l.name, i), visit)
		}
	}
}
