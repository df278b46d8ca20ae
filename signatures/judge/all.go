package judge

import (
	"cmp"
	"slices"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// all puts the findings together.
func (j *judge) all() (*finding.Findings, error) {
	f := &finding.Findings{Permissions: []finding.Permission{}}
	found := newEndpoints()
	es := &found
	j.codeEndpoints(es)
	j.textEndpoints(es)
	j.callEndpoints(es)
	f.Endpoints = j.tellEndpoints(es)
	if err := j.ctx.Err(); err != nil {
		return nil, err
	}
	f.Identifiers = j.identifiers()
	f.Sinks = j.sinks()
	f.SDKs = j.sdks()
	f.FlowHints = j.hints()
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
	return f, nil
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

// takesURLs are the groups of sinks whose calls are handed URLs.
var takesURLs = map[string]bool{"network": true, "webview": true, "dynamic-code": true}

// callEndpoints finds the endpoints that are put together from constants and
// handed to a call of a sink that takes URLs.
func (j *judge) callEndpoints(es *endpoints) {
	type call struct {
		signatures.Site
		ref string
	}
	var calls []call
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		if h.Use != signatures.UseSink || h.Unit < 0 {
			continue
		}
		if s, ok := j.rules.Ref(h.Rule).(*rule.Sink); !ok || !takesURLs[s.Group] {
			continue
		}
		for _, at := range h.Sites {
			if at.Body >= 0 && at.Kind.IsCall() {
				calls = append(calls, call{at, h.Ref})
			}
		}
	}
	// In the order of the code, so that each body is looked at once.
	slices.SortFunc(calls, func(a, b call) int {
		return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Body, b.Body), cmp.Compare(a.PC, b.PC), cmp.Compare(a.ref, b.ref))
	})
	for i, c := range calls {
		if i&0x3f == 0 && j.ctx.Err() != nil {
			return
		}
		if i > 0 && c == calls[i-1] {
			continue
		}
		for _, a := range j.args(c.Site) {
			j.concatenated(es, a, c.Site, c.ref)
		}
	}
}

// concatenated adds the endpoints of texts that are more than one constant; the
// others are told where they are loaded.
func (j *judge) concatenated(es *endpoints, v fact.Value, at signatures.Site, ref string) {
	switch v.Kind {
	case fact.OneOf:
		for _, e := range v.Elems {
			if e.Kind == fact.Concat {
				j.concatenated(es, e, at, ref)
			}
		}
		return
	case fact.Concat:
	default:
		return
	}
	budget := maxValueNodes
	s, ok := joined(v, "\x01", &budget)
	if !ok {
		return
	}
	for _, e := range j.finder.Append(nil, s) {
		if e.Form != 0 && e.Scheme == "" {
			continue
		}
		if x := es.get(e); x != nil {
			x.add(place{unit: int32(at.Unit), body: int32(at.Body), off: int64(at.PC), how: howCall, ref: ref}, e.Doubtful)
		}
	}
}
