package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// all puts the findings together.
func (j *judge) all() (*finding.Findings, error) {
	f := &finding.Findings{Permissions: []finding.Permission{}}
	found := newEndpoints()
	es := &found
	j.codeEndpoints(es)
	j.textEndpoints(es)
	j.composedEndpoints(es)
	f.Endpoints = j.tellEndpoints(es)
	if es.full {
		f.Cut = append(f.Cut, fmt.Sprintf(msgCut, maxEndpoints))
	}
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	f.Identifiers = j.identifiers()
	f.Sinks = j.sinks()
	f.SDKs = j.sdks()
	f.Unknown = j.unknownCode()
	f.FlowHints = j.hints()
	f.DynamicCode = j.dynamic(es)
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	for _, p := range j.set.App.Manifest.Permissions {
		f.Permissions = append(f.Permissions, finding.Permission{Permission: p})
	}
	slices.SortFunc(f.Permissions, func(a, b finding.Permission) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.MaxSDK, b.MaxSDK))
	})
	f.Permissions = slices.Compact(f.Permissions)
	j.outOfSight()
	f.Scope = j.scope
	if !j.opt.ShowKeys {
		j.newKeyMasker().findings(f)
	}
	return f, nil
}

// maxUnknown bounds the unknown libraries that are told.
const maxUnknown = 50

// unknownCode tells the libraries that no rule knows, as sdks counted them: the
// biggest and those that ask for most identifiers first.
func (j *judge) unknownCode() []finding.UnknownCode {
	if len(j.unknown) == 0 {
		return nil
	}
	by := map[string]*finding.UnknownCode{}
	for name, n := range j.unknown {
		if framework(name) {
			continue // whoever ships a copy of it, it is nobody's product
		}
		by[name] = &finding.UnknownCode{Package: name, Classes: n}
	}
	for ui := range j.units {
		u := &j.units[ui]
		var of *finding.UnknownCode
		last := fact.NoIndex
		for i := range u.bodies {
			b := &u.bodies[i]
			if b.Class != last {
				last, of = b.Class, nil
				if w := j.classOwner(ui, b.Class); w.Kind == "library" {
					of = by[unknownName(w.Name)]
				}
			}
			if of != nil {
				of.Instructions += int(b.Insns)
			}
		}
	}
	// One name may be that of several owners: with and without copies inside.
	for _, k := range slices.SortedFunc(maps.Keys(j.doings), func(a, b ownerKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	}) {
		if of := by[unknownName(k.name)]; of != nil && k.kind == "library" {
			d := j.doings[k]
			of.Reads = addUses(of.Reads, d.list(asksFor))
			of.Names = addUses(of.Names, d.list(namesHost))
		}
	}
	var out []finding.UnknownCode
	for _, u := range by {
		out = append(out, *u)
	}
	hunger := func(u *finding.UnknownCode) int { return u.Classes * (1 + len(u.Reads)) }
	slices.SortFunc(out, func(a, b finding.UnknownCode) int {
		return cmp.Or(-cmp.Compare(hunger(&a), hunger(&b)), cmp.Compare(a.Package, b.Package))
	})
	return out[:min(len(out), maxUnknown)]
}

// unknownName is the package in the name of an unknown library.
func unknownName(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return name
}

// addUses adds uses that a list does not have, and the counts of those it has.
func addUses(list, more []finding.Use) []finding.Use {
	for _, u := range more {
		if i := slices.IndexFunc(list, func(o finding.Use) bool { return o.ID == u.ID }); i >= 0 {
			list[i].Count += u.Count
			list[i].Through += u.Through
		} else {
			list = append(list, u)
		}
	}
	return list
}

// outOfSight counts what this analysis could not see.
func (j *judge) outOfSight() {
	for ui := range j.units {
		u := &j.units[ui]
		for c := 0; c < u.NumClasses(); c++ {
			for _, md := range fact.Methods(u.Unit, c) {
				if md.Flags&0x100 != 0 {
					j.scope.NativeMethods++
				}
			}
		}
		for _, r := range u.refs {
			if r.Kind.IsCall() && r.Index == fact.NoIndex {
				j.scope.Unresolved++
			}
		}
	}
	names := map[string]bool{}
	for i := range j.set.App.Libs {
		names[j.set.App.Libs[i].Name] = true
	}
	j.scope.NativeLibs = len(names)
	j.scope.Note = noteStatic
}

// fileOwner returns the product that a file outside code belongs to by its
// rule, nil if none.
func (j *judge) fileOwner(unit string) *owner {
	if j.files == nil {
		j.files = map[string]*owner{}
		for i := range j.m.SDKs {
			m := &j.m.SDKs[i]
			if !m.Held {
				continue
			}
			for _, s := range m.Signals {
				switch s.Evidence.Kind {
				case "native", "file", "build-id", "symbol":
					if s.Evidence.Unit != "" && j.files[s.Evidence.Unit] == nil {
						j.files[s.Evidence.Unit] = &owner{Owner: finding.Owner{Kind: "sdk", SDK: m.SDK.ID, Name: m.SDK.Name}, product: m.SDK}
					}
				}
			}
		}
	}
	return j.files[unit]
}
