package judge

import (
	"cmp"
	"fmt"
	"slices"

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

// unknownCode tells the libraries that no rule knows, as sdks counted them.
func (j *judge) unknownCode() []finding.UnknownCode {
	var out []finding.UnknownCode
	for name, n := range j.unknown {
		out = append(out, finding.UnknownCode{Package: name, Classes: n})
	}
	slices.SortFunc(out, func(a, b finding.UnknownCode) int {
		return cmp.Or(-cmp.Compare(a.Classes, b.Classes), cmp.Compare(a.Package, b.Package))
	})
	return out[:min(len(out), maxUnknown)]
}

// outOfSight counts what this analysis could not see.
func (j *judge) outOfSight() {
	for ui := range j.units {
		u := &j.units[ui]
		for c := 0; c < u.NumClasses(); c++ {
			for md := range u.ClassMethods(c) {
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
