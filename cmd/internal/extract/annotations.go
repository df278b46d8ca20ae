package extract

import (
	"iter"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// ClassAnnotations yields the elements of the annotations of class i.
func (u *dexUnit) ClassAnnotations(i int) iter.Seq[fact.Annotation] {
	return func(yield func(fact.Annotation) bool) {
		for a := range u.f.Annotations(i) {
			out := fact.Annotation{Type: u.f.Type(a.Type)}
			switch a.Target {
			case dex.OnField:
				out.Member = u.f.String(u.f.Field(a.Member).Name)
			case dex.OnMethod, dex.OnParameter:
				out.Member = u.f.String(u.f.Method(a.Member).Name)
			}
			for name, v := range a.Elements() {
				out.Name, out.Value = u.f.String(name), u.encoded(v)
				if !yield(out) {
					return
				}
			}
		}
	}
}

// Holders returns the classes that may hold one of some strings.
func (u *dexUnit) Holders(strings []uint64) []int { return u.f.Holders(strings) }
