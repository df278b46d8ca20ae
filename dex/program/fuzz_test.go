package program_test

import (
	"testing"

	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

// Whatever the bytes are, the program over them answers every question.
func FuzzProgram(f *testing.F) {
	for _, r := range []string{shapes, user, activity, main, runnables} {
		f.Add(dextest.Must(r))
	}
	for _, x := range dextest.Fixtures() {
		f.Add(dextest.Must(x.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		units, _ := dexunit.Open(b)
		p := program.New(program.Android(), units...)
		var all []program.MethodID
		for i := range min(p.NumMethods(), 1000) {
			m := program.MethodID(i)
			all = append(all, m)
			p.Name(m)
			p.Defined(m)
			for range p.Names(m) {
			}
			out := 0
			for e := range p.Callees(m) {
				if int(e.To) >= p.NumMethods() || e.From != m {
					t.Fatalf("edge %+v", e)
				}
				if out++; out > 1000 {
					break
				}
			}
			in := 0
			for e := range p.Callers(m) {
				if int(e.From) >= p.NumMethods() {
					t.Fatalf("edge %+v", e)
				}
				if in++; in > 1000 {
					break
				}
			}
		}
		for i := range min(p.NumClasses(), 1000) {
			c := program.ClassID(i)
			for s := range p.Supers(p.ClassName(c)) {
				if s == p.ClassName(c) {
					t.Fatalf("%s is above itself", s)
				}
			}
			p.EntryPoints(c)
		}
		if len(all) > 0 {
			r := p.Reachable(all[:1])
			for m := range r.All() {
				r.Path(m)
			}
		}
	})
}
