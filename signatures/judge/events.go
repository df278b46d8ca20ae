package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// Limits of the event inventory.
const (
	maxEvents     = 500 // of one product
	maxKeys       = 50  // of one event
	maxEventCalls = 5000
	eventHops     = 2 // how far a name is followed to the callers of a helper
)

// events tells what is handed to a product by name: at each call of one of its
// event methods from outside its own code, the names that are known. Where the
// name is a parameter of a helper, the helper's callers are asked.
func (j *judge) events(s *rule.SDK, hits []*signatures.Hit) []finding.Event {
	out := []finding.Event{}
	calls := 0
	for _, h := range hits {
		if h.Use != signatures.UseEvent || h.Unit < 0 || h.Item >= len(s.Events) {
			continue
		}
		ev := &s.Events[h.Item]
		for _, at := range h.Sites {
			if at.Body < 0 || !at.Kind.IsCall() {
				continue
			}
			if calls++; calls > maxEventCalls || len(out) > 2*maxEvents {
				break
			}
			if j.bodyOwner(at.Unit, at.Body).product == s {
				continue
			}
			shift := 0
			if receiver(at.Kind) {
				shift = 1
			}
			e := eventCall{sdk: s.ID, call: h.Ref, name: ev.Name + shift, keys: -1}
			if ev.Keys != nil {
				e.keys = *ev.Keys + shift
			}
			out = append(out, j.eventsAt(at, e, nil, eventHops)...)
		}
	}
	slices.SortStableFunc(out, func(a, b finding.Event) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Method, b.Method), cmp.Compare(offset(a.Location), offset(b.Location)), cmp.Compare(a.Call, b.Call))
	})
	out = slices.CompactFunc(out, func(a, b finding.Event) bool {
		return a.Name == b.Name && a.Unit == b.Unit && a.Class == b.Class && a.Method == b.Method && offset(a.Location) == offset(b.Location)
	})
	if len(out) > maxEvents {
		out = out[:maxEvents]
	}
	return out
}

func offset(l finding.Location) int64 {
	if l.Offset == nil {
		return -1
	}
	return *l.Offset
}

// eventCall is a call by which an event is handed over. The positions count
// the receiver.
type eventCall struct {
	sdk, call  string
	name, keys int
	puts       []int // arguments of a helper that are names of properties
}

func (j *judge) eventsAt(at signatures.Site, e eventCall, keys []string, hops int) []finding.Event {
	u := &j.units[at.Unit]
	args := u.Args(at.Body, at.PC)
	if e.name >= len(args) {
		return nil
	}
	here, params := j.keys(at, args, e)
	keys = append(slices.Clone(keys), here...)
	for _, n := range e.puts {
		if n >= len(args) {
			continue
		}
		if args[n].Kind == fact.Param {
			params = append(params, int(args[n].N))
		}
		keys = appendKeys(keys, args[n])
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var out []finding.Event
	texts(args[e.name], "{}", func(name string) {
		if name == "" {
			return
		}
		k := keys
		if len(k) > maxKeys {
			k = k[:maxKeys]
		}
		if k == nil {
			k = []string{}
		}
		w := j.bodyOwner(at.Unit, at.Body)
		caller := w.Name
		switch w.Kind {
		case "sdk":
			caller = w.SDK
		case "app":
			caller = "app"
		}
		out = append(out, finding.Event{SDK: e.sdk, Name: clip(name, maxShown), Keys: k, Call: e.call, Caller: caller, Location: signatures.Locate(j.set, at)})
	})
	if v := args[e.name]; v.Kind == fact.Param && hops > 0 && j.set.Graph != nil {
		next := eventCall{sdk: e.sdk, call: e.call, name: int(v.N), keys: -1, puts: params}
		if e.keys >= 0 && e.keys < len(args) && args[e.keys].Kind == fact.Param {
			next.keys = int(args[e.keys].N)
		}
		n := 0
		for c := range j.set.Graph.Callers(j.set.Graph.ID(at.Unit, u.bodies[at.Body].Method)) {
			if c.Kind == fact.EdgeUnresolved || c.Unit < 0 || c.Unit >= len(j.units) || c.Body < 0 || c.Body >= len(j.units[c.Unit].bodies) {
				continue
			}
			if n++; n > maxEvents {
				break
			}
			kind, ok := j.callKind(c)
			if !ok {
				continue
			}
			out = append(out, j.eventsAt(signatures.Site{Unit: c.Unit, Body: c.Body, PC: c.PC, Kind: kind}, next, keys, hops-1)...)
		}
	}
	return out
}

// callKind returns the kind of the call that an edge stands for.
func (j *judge) callKind(e fact.Edge) (fact.RefKind, bool) {
	for _, r := range j.units[e.Unit].refsOf(e.Body) {
		if r.PC == e.PC && r.Kind.IsCall() {
			return r.Kind, true
		}
	}
	return fact.RefNone, false
}

// keys are the names of an event's properties: texts in the argument itself, or
// constants that the same method puts into a map or JSON object between the
// event before and this one. Where it puts what it was handed itself, params
// are the positions.
func (j *judge) keys(at signatures.Site, args []fact.Value, e eventCall) (out []string, params []int) {
	if e.keys < 0 || e.keys >= len(args) {
		return nil, nil
	}
	v := args[e.keys]
	if v.Kind == fact.String || v.Kind == fact.Array || v.Kind == fact.OneOf {
		texts(v, "", func(s string) { out = append(out, clip(s, maxShown)) })
		return out, nil
	}
	if v.Kind == fact.Param || v.Kind == fact.Null {
		return nil, nil
	}
	u := &j.units[at.Unit]
	for _, r := range u.refsOf(at.Body) {
		if r.PC >= at.PC {
			break
		}
		if !r.Kind.IsCall() {
			continue
		}
		class, name, _ := u.Method(r.Index)
		if u.methodName(r.Index) == e.call {
			out, params = out[:0], params[:0] // the properties of the event before
			continue
		}
		if !puts(u.Type(class), u.String(name)) {
			continue
		}
		if a := u.Args(at.Body, r.PC); len(a) >= 2 {
			if a[1].Kind == fact.Param && len(params) < maxKeys {
				params = append(params, int(a[1].N))
			}
			out = appendKeys(out, a[1])
		}
	}
	return out, params
}

// appendKeys adds what an argument is known to be, if it can be a name.
func appendKeys(keys []string, v fact.Value) []string {
	texts(v, "", func(s string) {
		if s != "" && len(s) <= 100 {
			keys = append(keys, s)
		}
	})
	return keys
}

// puts reports whether a method puts a value under a key.
func puts(class, name string) bool {
	switch name {
	case "put", "putString", "putInt", "putLong", "putDouble", "putFloat", "putBoolean", "putOpt", "addProperty", "set":
		return strings.HasPrefix(class, "Ljava/util/") || strings.HasPrefix(class, "Lorg/json/") || strings.HasPrefix(class, "Landroid/os/") ||
			strings.HasPrefix(class, "Landroid/util/") || strings.Contains(class, "JSON") || strings.Contains(class, "Json") || strings.HasPrefix(class, "Landroid/content/ContentValues")
	}
	return false
}
