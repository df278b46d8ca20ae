package checks

import (
	"reflect"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func idleExample() *lint.Check {
	return &lint.Check{ID: "idle-example", Severity: signatures.Warning, Any: func(p *lint.Pass) {
		examples(p, func(list string, _ int, e *rule.Example, at lint.Path) {
			v := reflect.ValueOf(e).Elem()
			if list != "match" || len(texts(e)) < 2 {
				return
			}
			whole := p.Try(p.Source.Rule(), e)
			if !whole.Matches {
				return
			}
			for i := range v.NumField() {
				if v.Field(i).Kind() != reflect.String || v.Field(i).IsZero() {
					continue
				}
				less := *e
				reflect.ValueOf(&less).Elem().Field(i).SetZero()
				if t := p.Try(p.Source.Rule(), &less); t.Matches && seen(&t) == seen(&whole) {
					name := v.Type().Field(i).Tag.Get("yaml")
					p.Reportf(at, "the example matches for other reasons: without %s nothing less is seen; remove that part, or mend it", lint.Quote(field(name)+": "+v.Field(i).String()))
					return
				}
			}
		})
	}}
}

// seen counts the items that a trial saw.
func seen(t *signatures.Trial) int {
	n := 0
	for _, l := range t.Items {
		n += len(l)
	}
	return n
}

// field returns the name in a yaml tag.
func field(tag string) string {
	for i := range len(tag) {
		if tag[i] == ',' {
			return tag[:i]
		}
	}
	return tag
}
