package extract

import (
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/value"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// values is the interpreter that a unit asks for constants, over all DEX files
// of the app.
type values struct {
	app  *value.App
	file int // the unit's number in it
}

// connect gives all DEX units of an app one interpreter, so that constants are
// found across them.
func connect(units []fact.Unit) {
	var files []*dex.File
	var us []*dexUnit
	for _, u := range units {
		if d, ok := u.(*dexUnit); ok {
			files = append(files, d.f)
			us = append(us, d)
		}
	}
	app := value.NewApp(files...)
	for i, u := range us {
		u.values = values{app, i}
	}
}

// Args returns what is known of the arguments of a call.
func (u *dexUnit) Args(body int, pc uint32) []fact.Value {
	u.sweep.Do(u.walk)
	if u.values.app == nil || body < 0 || body >= len(u.defs) {
		return nil
	}
	return translate(u.values.app.Args(u.values.file, u.defs[body], pc))
}

// translate turns values into the vocabulary of facts, whose kinds have the
// same numbers.
func translate(in []value.Value) []fact.Value {
	if len(in) == 0 {
		return nil
	}
	out := make([]fact.Value, len(in))
	for i, v := range in {
		out[i] = fact.Value{Kind: fact.ValueKind(v.Kind), S: v.S, N: v.N, F: v.F, Elems: translate(v.Elems)}
	}
	return out
}

// referent returns an argument of a call, if it is an object of a known class, a
// member, or one of several things.
func (u *dexUnit) referent(body int, pc uint32, arg int) fact.Value {
	u.sweep.Do(u.walk)
	if u.values.app == nil || body < 0 || body >= len(u.defs) {
		return fact.Value{}
	}
	v := u.values.app.Referent(u.values.file, u.defs[body], pc, arg)
	return fact.Value{Kind: fact.ValueKind(v.Kind), S: v.S, Elems: translate(v.Elems)}
}
