package judge

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// The descriptor of a binder interface stands on both of its sides: in the stub
// of whoever offers it, and in the proxy of whoever asks. To hold, attach, look
// up or enforce it reads nothing, and so does a proxy that nobody calls. What
// reads is a transaction: a body that writes the token, transacts, and takes a
// text or an object out of the answer.
//
// Two shapes of such bodies are known. Those of the AIDL compiler, also copied
// by hand, do all three by themselves. Those of Google's client libraries hand
// the descriptor to the constructor of a class above, and leave token and
// transaction to methods of that class.

const (
	parcelClass = "Landroid/os/Parcel;"
	binderClass = "Landroid/os/Binder;"
)

// binderCalls sorts the methods that a unit names by what they mean to a
// transaction.
type binderCalls struct {
	token, transact, answer map[uint32]bool
}

func (u *unitState) binderCalls() binderCalls {
	b := binderCalls{map[uint32]bool{}, map[uint32]bool{}, map[uint32]bool{}}
	for i := range uint32(u.NumMethods()) {
		class, n, proto := u.Method(i)
		name := u.String(n)
		switch c := u.Type(class); {
		case c == parcelClass && name == "writeInterfaceToken":
			b.token[i] = true
		case name == "transact" && (c == "Landroid/os/IBinder;" || c == binderClass):
			b.transact[i] = true
		case c == parcelClass && answers[name], name == "createFromParcel":
			b.answer[i] = true
		default:
			// A helper that makes an object out of an answer.
			if p := u.Proto(proto); strings.HasPrefix(p, "("+parcelClass) && !isFramework(c) && strings.Contains(p[strings.IndexByte(p, ')'):], ")L") {
				b.answer[i] = true
			}
		}
	}
	return b
}

// answers are the methods that take a text or an object out of a parcel. An
// identifier is no number or truth value: those are "may it be tracked".
var answers = map[string]bool{
	"readString": true, "readString8": true, "readString16": true, "readCharSequence": true, "readBundle": true, "readPersistableBundle": true,
	"readParcelable": true, "readTypedObject": true, "readValue": true, "readMap": true, "readHashMap": true, "readSerializable": true,
	"createStringArray": true, "createStringArrayList": true, "readArrayList": true, "readList": true, "readArray": true,
}

// transactions tells where the binder interfaces of identifier rules are asked
// for a value.
func (j *judge) transactions(lits []literal) []located {
	bySrc := map[*rule.Source]wanted{}
	byText := map[string]wanted{}
	for i := range lits {
		l := &lits[i]
		bySrc[l.src] = wanted{l.rule, l.id, l.src}
		byText[l.src.Service] = bySrc[l.src]
	}
	if len(bySrc) == 0 || j.set.Graph == nil {
		return nil
	}
	var out []located
	for ui := range j.units {
		u := &j.units[ui]
		calls := u.binderCalls()
		if len(calls.token) == 0 {
			continue
		}
		for bi := range u.bodies {
			if bi&0x3ff == 0 && j.ctx.Err() != nil {
				return out
			}
			out = append(out, j.transactionsIn(ui, bi, &calls, byText)...)
		}
	}
	return append(out, j.proxied(lits)...)
}

// transactionsIn looks at one body that does all by itself.
func (j *judge) transactionsIn(ui, bi int, calls *binderCalls, byText map[string]wanted) []located {
	u := &j.units[ui]
	var out []located
	var asked *wanted
	var at *place
	for _, r := range u.refsOf(bi) {
		if !r.Kind.IsCall() {
			continue
		}
		switch {
		case calls.token[r.Index]:
			asked, at = nil, nil
			for _, a := range u.Args(bi, r.PC) {
				texts(a, "", func(s string) {
					if w, ok := byText[s]; ok {
						asked = &w
					}
				})
			}
		case asked != nil && calls.transact[r.Index]:
			args := []string{renderedText(asked.src.Service)}
			if known := u.Args(bi, r.PC); len(known) > 1 {
				if code := render(known[1]); code != "" {
					args = append(args, code)
				}
			}
			at = &place{unit: int32(ui), body: int32(bi), off: int64(r.PC), how: howCall, ref: u.methodName(r.Index), args: args}
		case at != nil && calls.answer[r.Index]:
			if j.isCalled(ui, bi) {
				out = append(out, located{*asked, *at, levelHigh})
			}
			asked, at = nil, nil
		}
	}
	return out
}

// proxied looks at classes whose constructors hand the descriptor to a class
// above: their methods that take a value out of an answer.
func (j *judge) proxied(lits []literal) []located {
	var out []located
	type key struct {
		unit  int
		class uint32
		src   *rule.Source
	}
	seen := map[key]bool{}
	for i := range lits {
		l := &lits[i]
		for _, site := range l.hit.Sites {
			u := &j.units[site.Unit]
			if site.Body < 0 || site.Body >= len(u.bodies) {
				continue
			}
			b := u.bodies[site.Body]
			k := key{site.Unit, b.Class, l.src}
			_, name, _ := u.Method(b.Method)
			class := u.Type(b.Class)
			if seen[k] || u.String(name) != "<init>" || j.isBinder(class) {
				continue
			}
			seen[k] = true
			calls := u.binderCalls()
			if len(calls.token) > 0 && j.tokenIn(u, b.Class, &calls) {
				continue // it does all by itself, which was looked at
			}
			for bi := range u.bodies {
				if u.bodies[bi].Class != b.Class {
					continue
				}
				for _, r := range u.refsOf(bi) {
					if r.Kind.IsCall() && calls.answer[r.Index] {
						if j.isCalled(site.Unit, bi) {
							p := place{unit: int32(site.Unit), body: int32(bi), off: int64(r.PC), how: howCall, ref: u.methodName(r.Index), args: []string{renderedText(l.src.Service)}}
							out = append(out, located{wanted{l.rule, l.id, l.src}, p, levelMedium})
						}
						break
					}
				}
			}
		}
	}
	return out
}

func renderedText(s string) string { return render(fact.Value{Kind: fact.String, S: s}) }

// tokenIn reports whether a class writes interface tokens itself.
func (j *judge) tokenIn(u *unitState, class uint32, calls *binderCalls) bool {
	for bi := range u.bodies {
		if u.bodies[bi].Class == class && slices.ContainsFunc(u.refsOf(bi), func(r fact.Ref) bool { return r.Kind.IsCall() && calls.token[r.Index] }) {
			return true
		}
	}
	return false
}

// isBinder reports whether a class is the end of an interface that answers.
func (j *judge) isBinder(class string) bool {
	for s := range j.set.Graph.Supers(class) {
		if s == binderClass {
			return true
		}
	}
	return false
}

// isCalled reports whether anything may run a method that transacts: a call in
// the app that does not come from the answering end, or the framework.
func (j *judge) isCalled(unit, body int) bool {
	u := &j.units[unit]
	b := u.bodies[body]
	_, n, _ := u.Method(b.Method)
	switch name := u.String(n); {
	case name == "onTransact":
		return false
	case strings.HasPrefix(name, "on"), name == "run", name == "call", name == "handleMessage", name == "doInBackground":
		return true
	}
	id := j.set.Graph.ID(unit, b.Method)
	for e := range j.set.Graph.Callers(id) {
		if e.From == id || e.Kind == fact.EdgeUnresolved {
			continue
		}
		if class, name, _ := j.set.Graph.Name(e.From); name != "onTransact" && !j.isBinder(class) {
			return true
		}
	}
	return false
}
