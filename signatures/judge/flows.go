package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// A constant by itself reads nothing: "android_id" may be a key of the app's
// own. This file looks at what becomes of it.

// sink kinds of constants: what a call does with its text argument.
type reader uint8

const (
	readsNothing reader = iota
	readsSetting
	readsProperty
	readsURI
	readsFile
	runsShell
	asksService // see binder.go
	usesAction
	looksUpClass  // Class.forName and its kin
	looksUpMethod // Class.getMethod and its kin
	invokes       // Method.invoke
)

// readers names the framework's calls that take such constants, by class and
// name. All overloads count.
var readers = map[string]map[string]reader{
	"Landroid/provider/Settings$Secure;": {"getString": readsSetting, "getInt": readsSetting, "getLong": readsSetting, "getFloat": readsSetting, "getStringForUser": readsSetting, "getIntForUser": readsSetting, "getUriFor": readsSetting},
	"Landroid/provider/Settings$System;": {"getString": readsSetting, "getInt": readsSetting, "getLong": readsSetting, "getFloat": readsSetting, "getStringForUser": readsSetting, "getIntForUser": readsSetting, "getUriFor": readsSetting},
	"Landroid/provider/Settings$Global;": {"getString": readsSetting, "getInt": readsSetting, "getLong": readsSetting, "getFloat": readsSetting, "getStringForUser": readsSetting, "getIntForUser": readsSetting, "getUriFor": readsSetting},
	"Landroid/os/SystemProperties;":      {"get": readsProperty, "getInt": readsProperty, "getLong": readsProperty, "getBoolean": readsProperty},
	"Lmiui/os/SystemProperties;":         {"get": readsProperty, "getInt": readsProperty, "getLong": readsProperty, "getBoolean": readsProperty},
	"Lmiui/cloud/os/SystemProperties;":   {"get": readsProperty},
	"Ljava/lang/System;":                 {"getProperty": readsProperty},
	"Landroid/net/Uri;":                  {"parse": readsURI},
	"Ljava/net/URI;":                     {"<init>": readsURI, "create": readsURI},
	"Ljava/io/File;":                     {"<init>": readsFile},
	"Ljava/io/FileReader;":               {"<init>": readsFile},
	"Ljava/io/FileInputStream;":          {"<init>": readsFile},
	"Ljava/io/RandomAccessFile;":         {"<init>": readsFile},
	"Ljava/util/Scanner;":                {"<init>": readsFile},
	"Ljava/nio/file/Paths;":              {"get": readsFile},
	"Landroid/system/Os;":                {"open": readsFile, "stat": readsFile},
	"Ljava/lang/Runtime;":                {"exec": runsShell},
	"Ljava/lang/ProcessBuilder;":         {"<init>": runsShell, "command": runsShell},
	"Landroid/content/Intent;":           {"<init>": usesAction, "setAction": usesAction},
	"Ljava/lang/Class;":                  {"forName": looksUpClass, "getMethod": looksUpMethod, "getDeclaredMethod": looksUpMethod},
	"Ljava/lang/ClassLoader;":            {"loadClass": looksUpClass},
	"Ljava/lang/reflect/Method;":         {"invoke": invokes},
}

// reads tells what the calls of a unit do with constants, by method index.
func (u *unitState) reads() readersOf {
	if u.asked {
		return u.readers
	}
	u.asked = true
	classes := map[uint32]map[string]reader{}
	for t := 0; t < u.NumTypes(); t++ {
		if names, ok := readers[u.Type(uint32(t))]; ok {
			classes[uint32(t)] = names
		}
	}
	if len(classes) > 0 {
		n := u.NumMethods()
		for i := range n {
			class, name, _ := u.Method(uint32(i))
			if names, ok := classes[class]; ok {
				if r := names[u.String(name)]; r != readsNothing {
					if u.readers == nil {
						u.readers = make(readersOf, n)
					}
					u.readers[i] = r
				}
			}
		}
	}
	return u.readers
}

// readersOf tells by method what it reads; it is empty if none reads anything.
type readersOf []reader

func (r readersOf) at(method uint32) reader {
	if uint64(method) >= uint64(len(r)) {
		return readsNothing
	}
	return r[method]
}

// literal is a constant that an identifier rule names, with its uses.
type literal struct {
	rule int
	id   *rule.Identifier
	src  *rule.Source
	hit  *signatures.Hit
}

// located is a place of an identifier.
type located struct {
	wanted
	place
	level level
}

// offers reports whether the app itself is the provider of a content URI: it
// offers what stands there to others.
func (j *judge) offers(uri string) bool {
	rest, ok := strings.CutPrefix(uri, "content://")
	if !ok {
		return false
	}
	authority, _, _ := strings.Cut(rest, "/")
	m := &j.set.App.Manifest
	for i := range m.Components {
		if c := &m.Components[i]; c.Kind == fact.Provider && slices.Contains(c.Authorities, authority) {
			return true
		}
	}
	return false
}

// isSentence reports whether a text is rather a message than a command.
func isSentence(s string) bool {
	return strings.Contains(s, " ") && strings.IndexByte(".!:,", s[len(s)-1]) >= 0
}

// kindOf returns what a source's constant must be handed to.
func kindOf(s *rule.Source) (reader, string) {
	switch {
	case s.Setting != "":
		return readsSetting, s.Setting
	case s.Property != "":
		return readsProperty, s.Property
	case s.URI != "":
		return readsURI, s.URI
	case s.File != "":
		return readsFile, strings.TrimSuffix(s.File, "*")
	case s.Shell != "":
		return runsShell, s.Shell
	case s.Service != "":
		return asksService, s.Service
	case s.Action != "":
		return usesAction, s.Action
	}
	return readsNothing, ""
}

// fits reports whether a text that is handed to a call of kind r is what the
// source names.
func fits(s *rule.Source, r reader, text string) bool {
	kind, want := kindOf(s)
	switch kind {
	case readsURI, readsFile:
		if kind == readsFile && s.File == want && !strings.HasSuffix(want, "/") {
			return text == want && r == kind
		}
		return r == kind && strings.HasPrefix(text, want)
	case runsShell:
		return r == runsShell && (text == want || strings.HasPrefix(text, want+" "))
	}
	return r == kind && text == want
}

// telling reports whether a constant is one that hardly means anything else,
// so that it is told where what becomes of it was not seen.
func telling(s *rule.Source) bool {
	kind, want := kindOf(s)
	switch kind {
	case runsShell:
		return strings.ContainsAny(want, " /")
	case readsFile:
		return strings.Count(want, "/") >= 2
	}
	return strings.ContainsAny(want, "._:/")
}

// literalPlaces tells where the constants of identifier rules are handed to a
// call that reads what they name; of the others, where they stand, if they
// hardly mean anything else.
func (j *judge) literalPlaces(lits []literal) []located {
	out := j.readsOf(lits)
	read := map[*rule.Source]bool{}
	for i := range out {
		read[out[i].src] = true
	}
	type key struct{ unit, body int }
	byBody := map[key][]*literal{}
	var order []key
	for i := range lits {
		l := &lits[i]
		if l.src.URI != "" && j.offers(l.hit.Ref) || l.src.Shell != "" && isSentence(l.hit.Ref) {
			continue
		}
		for _, at := range l.hit.Sites {
			if at.Body < 0 {
				// The constant of a field or an annotation: who reads the
				// field was looked at above.
				if !read[l.src] && telling(l.src) && at.Class >= 0 && at.Class < j.units[at.Unit].NumClasses() {
					typ, _, _ := j.units[at.Unit].Class(at.Class)
					out = append(out, located{wanted{l.rule, l.id, l.src}, place{unit: int32(at.Unit), body: -1, off: -1, class: j.units[at.Unit].Type(typ), how: howString, ref: l.hit.Ref}, levelLow})
				}
				continue
			}
			k := key{at.Unit, at.Body}
			if len(byBody[k]) == 0 {
				order = append(order, k)
			}
			if n := len(byBody[k]); n == 0 || byBody[k][n-1] != l {
				byBody[k] = append(byBody[k], l)
			}
		}
	}
	slices.SortFunc(order, func(a, b key) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.body, b.body)) })
	for n, k := range order {
		if n&0xff == 0 && j.ctx.Err() != nil {
			break
		}
		out = append(out, j.literalsIn(k.unit, k.body, byBody[k])...)
	}
	return longest(opened(out))
}

const makesFile = "Ljava/io/File;-><init>("

// opened drops the making of a File where the same body goes on to open it.
func opened(ls []located) []located {
	type key struct {
		unit, body int32
		src        *rule.Source
	}
	open := map[key]bool{}
	for i := range ls {
		if l := &ls[i]; l.src.File != "" && l.how == howCall && !strings.HasPrefix(l.ref, makesFile) {
			open[key{l.unit, l.body, l.src}] = true
		}
	}
	return slices.DeleteFunc(ls, func(l located) bool {
		return strings.HasPrefix(l.ref, makesFile) && open[key{l.unit, l.body, l.src}]
	})
}

// readsOf goes over the calls that read by a key, wherever the key comes from:
// as far as the app holds such a constant, and where few calls read so, also
// where the key is put together or hidden.
func (j *judge) readsOf(lits []literal) []located {
	byKind := map[reader][]wanted{}
	held := map[*rule.Source]bool{} // the app holds the constant itself
	for i := range lits {
		l := &lits[i]
		if !held[l.src] {
			held[l.src] = true
			kind, _ := kindOf(l.src)
			byKind[kind] = append(byKind[kind], wanted{l.rule, l.id, l.src})
		}
	}
	invoked := len(byKind[readsProperty]) > 0
	for _, w := range j.keyed() {
		if !held[w.src] {
			kind, _ := kindOf(w.src)
			byKind[kind] = append(byKind[kind], w)
		}
	}
	var out []located
	for ui := range j.units {
		u := &j.units[ui]
		reads := u.reads()
		if len(reads) == 0 {
			continue
		}
		for bi := range u.bodies {
			if bi&0x3ff == 0 && j.ctx.Err() != nil {
				return out
			}
			for _, r := range u.refsOf(bi) {
				if !r.Kind.IsCall() {
					continue
				}
				how := reads.at(r.Index)
				if how == readsNothing {
					continue
				}
				ws := byKind[how]
				if how == invokes && invoked {
					ws = byKind[readsProperty]
				}
				if len(ws) == 0 {
					continue
				}
				args := u.Args(bi, r.PC)
				if len(args) == 0 {
					continue
				}
				shown := args
				if receiver(r.Kind) {
					shown = args[1:]
				}
				for _, w := range ws {
					p := place{unit: int32(ui), body: int32(bi), off: int64(r.PC), how: howCall, ref: u.methodName(r.Index)}
					lvl, found := levelHigh, false
					if strings.HasPrefix(p.ref, makesFile) {
						lvl = levelMedium // where it is opened was not seen
					}
					kind, _ := kindOf(w.src)
					switch how {
					case usesAction:
						lvl = levelMedium // it asks for the service, not yet for the value
					case readsURI:
						lvl = levelMedium // the address is taken; what becomes of it was not seen
					}
					if how == invokes {
						p.how, lvl = howReflection, levelMedium
						if !reflectedReader(args, w.src) {
							continue
						}
					}
					for _, a := range shown {
						texts(a, "{}", func(s string) { found = found || fits(w.src, kind, s) && !(kind == readsURI && j.offers(s)) })
					}
					if found {
						p.args = rendered(shown)
						if !held[w.src] {
							p.via = []string{viaComputed}
						}
						out = append(out, located{w, p, lvl})
					}
				}
			}
		}
	}
	return out
}

// keyed returns the sources by keys that few calls read.
func (j *judge) keyed() []wanted {
	var out []wanted
	for n := range j.rules.Rules().Numbers(rule.KindIdentifier) {
		id, _ := j.rules.Ref(n).(*rule.Identifier)
		for k := range id.Sources {
			switch kind, _ := kindOf(&id.Sources[k]); kind {
			case readsSetting, readsProperty, runsShell:
				out = append(out, wanted{n, id, &id.Sources[k]})
			}
		}
	}
	return out
}

// longest drops, among what one constant at one place means, what a longer
// pattern of the same kind says better: "getprop ro.serialno" is no dump of all
// properties.
func longest(ls []located) []located {
	type key struct {
		unit, body int32
		off        int64
		kind       reader
		ref        string
	}
	best := map[key]int{}
	at := func(l *located) (key, int) {
		kind, want := kindOf(l.src)
		return key{l.unit, l.body, l.off, kind, l.text()}, len(want)
	}
	for i := range ls {
		k, n := at(&ls[i])
		best[k] = max(best[k], n)
	}
	return slices.DeleteFunc(ls, func(l located) bool {
		k, n := at(&l)
		switch k.kind {
		case readsURI, readsFile, runsShell:
			return n < best[k]
		}
		return false
	})
}

// text returns the constant that a place is about.
func (l *located) text() string {
	if len(l.args) > 0 {
		return strings.Join(l.args, ",")
	}
	return l.ref
}

// literalsIn looks at one body.
func (j *judge) literalsIn(unit, body int, lits []*literal) []located {
	u := &j.units[unit]
	reads := u.reads()
	type fate struct {
		read, helper, framework bool
		// open is true if the body calls what reads such a constant, and the
		// text that it is given is not known.
		open bool
		load int64
	}
	fates := make([]fate, len(lits))
	var out []located
	for i, l := range lits {
		for _, at := range l.hit.Sites {
			if at.Unit == unit && at.Body == body {
				fates[i].load = int64(at.PC)
				break
			}
		}
	}
	for _, r := range u.refsOf(body) {
		if !r.Kind.IsCall() {
			continue
		}
		how := reads.at(r.Index)
		args := u.Args(body, r.PC)
		if how != readsNothing && !anyText(args) {
			for i, l := range lits {
				if kind, _ := kindOf(l.src); kind == how {
					fates[i].open = true
				}
			}
		}
		if len(args) == 0 {
			continue
		}
		shown := args
		if receiver(r.Kind) {
			shown = args[1:]
		}
		for i, l := range lits {
			given := -1
			for n, a := range args {
				texts(a, "{}", func(s string) {
					if s == l.hit.Ref || how != readsNothing && fits(l.src, how, s) || strings.HasPrefix(s, l.hit.Ref) {
						given = n
					}
				})
			}
			if given < 0 {
				continue
			}
			p := place{unit: int32(unit), body: int32(body), off: int64(r.PC), how: howCall, ref: u.methodName(r.Index), args: rendered(shown)}
			w := wanted{l.rule, l.id, l.src}
			fit := false
			if how != readsNothing {
				texts(args[given], "{}", func(s string) { fit = fit || fits(l.src, how, s) })
			}
			switch {
			case fit, how == invokes && reflectedReader(args, l.src):
				fates[i].read = true // told by readsOf
			case how == readsNothing && j.handsOn(unit, r, given, l.src, 2):
				// The helper's own name says nothing: what is read does.
				p.ref = l.hit.Ref
				fates[i].read = true
				out = append(out, located{w, p, levelMedium})
			case isFramework(u.callee(r.Index)):
				fates[i].framework = true
			default:
				fates[i].helper = true
			}
		}
	}
	for i, l := range lits {
		f := &fates[i]
		lvl := levelLow
		switch {
		case f.read:
			continue
		case f.open:
			lvl = levelMedium
		case f.framework && !f.helper && !strong(l.src) || !telling(l.src):
			continue
		}
		p := place{unit: int32(unit), body: int32(body), off: f.load, how: howString, ref: l.hit.Ref}
		out = append(out, located{wanted{l.rule, l.id, l.src}, p, lvl})
	}
	return out
}

// anyText reports whether a text is known among arguments.
func anyText(args []fact.Value) bool {
	found := false
	for _, a := range args {
		texts(a, "", func(string) { found = true })
	}
	return found
}

// strong reports whether a constant speaks for itself even where it goes to a
// call that reads nothing by itself (a list, a StringBuilder).
func strong(s *rule.Source) bool {
	kind, _ := kindOf(s)
	switch kind {
	case readsURI, readsFile, runsShell:
		return true
	}
	return false
}

// reflectedReader reports whether a call of Method.invoke runs a method that
// reads what the source names: SystemProperties.get, found by its name.
func reflectedReader(args []fact.Value, s *rule.Source) bool {
	if len(args) == 0 || args[0].Kind != fact.Method {
		return false
	}
	class, rest, _ := strings.Cut(args[0].S, "->")
	name, _, _ := strings.Cut(rest, "(")
	kind, _ := kindOf(s)
	return readers[class][name] == kind
}

func (u *unitState) callee(m uint32) string {
	class, _, _ := u.Method(m)
	return u.Type(class)
}

// isFramework reports whether a class is one of Android, Java or the language.
func isFramework(desc string) bool {
	for _, p := range [...]string{"Landroid/", "Ljava/", "Ljavax/", "Lorg/json/", "Lkotlin/", "Lorg/xml", "Lorg/w3c/", "Ldalvik/"} {
		if strings.HasPrefix(desc, p) {
			return true
		}
	}
	return strings.HasPrefix(desc, "[")
}

// handsOn reports whether a method of the app hands its argument on to a call
// that reads what the source names, itself or through another method.
func (j *judge) handsOn(unit int, call fact.Ref, arg int, src *rule.Source, depth int) bool {
	if j.set.Graph == nil || depth == 0 {
		return false
	}
	id := j.set.Graph.ID(unit, call.Index)
	kind, _ := kindOf(src)
	key := handed{id, arg, kind}
	if v, ok := j.handed[key]; ok {
		return v
	}
	j.handed[key] = false // what calls itself reads nothing new
	v := j.findHandsOn(id, arg, kind, src, depth)
	j.handed[key] = v
	return v
}

type handed struct {
	method fact.MethodID
	arg    int
	kind   reader
}

func (j *judge) findHandsOn(id fact.MethodID, arg int, kind reader, src *rule.Source, depth int) bool {
	ui, body, ok := j.set.Graph.Defined(id)
	if !ok || body < 0 || ui >= len(j.units) {
		return false
	}
	u := &j.units[ui]
	reads := u.reads()
	const most = 512
	for n, r := range u.refsOf(body) {
		if n == most {
			break
		}
		if !r.Kind.IsCall() {
			continue
		}
		how := reads.at(r.Index)
		if how == readsNothing && isFramework(u.callee(r.Index)) {
			continue
		}
		args := u.Args(body, r.PC)
		for i, a := range args {
			if !holdsParam(a, arg, 3) {
				continue
			}
			if how == kind || how == invokes && reflectedReader(args, src) {
				return true
			}
			if how == readsNothing && j.handsOn(ui, r, i, src, depth-1) {
				return true
			}
		}
	}
	return false
}

// holdsParam reports whether a value is the method's parameter n, or holds it.
func holdsParam(v fact.Value, n, depth int) bool {
	if v.Kind == fact.Param {
		return v.N == int64(n)
	}
	if depth > 0 {
		for _, e := range v.Elems {
			if holdsParam(e, n, depth-1) {
				return true
			}
		}
	}
	return false
}

// reflections finds the members of identifier rules that are called by
// reflection: Method.invoke of a method that is known by constants, or at least
// the look-up of the method.
func (j *judge) reflections() []located {
	var catalogue map[string][]wanted
	var out []located
	for ui := range j.units {
		u := &j.units[ui]
		reads := u.reads()
		if len(reads) == 0 {
			continue
		}
		for bi := range u.bodies {
			if bi&0x3ff == 0 && j.ctx.Err() != nil {
				return out
			}
			invoked := map[string]bool{}
			var looked []located
			for _, r := range u.refsOf(bi) {
				if !r.Kind.IsCall() {
					continue
				}
				how := reads.at(r.Index)
				if how != invokes && how != looksUpMethod {
					continue
				}
				args := u.Args(bi, r.PC)
				for _, m := range reflected(how, args) {
					if catalogue == nil {
						catalogue = j.catalogue()
					}
					key := memberKey(m)
					lvl := levelMedium
					if strings.HasPrefix(key, "->") {
						lvl = levelLow // of a class that is not known
					}
					for _, w := range overload(catalogue[key], m) {
						p := place{unit: int32(ui), body: int32(bi), off: int64(r.PC), how: howReflection, ref: strings.TrimPrefix(m, "->")}
						if how == invokes {
							invoked[key] = true
							out = append(out, located{w, p, lvl})
						} else {
							looked = append(looked, located{w, p, lvl})
						}
					}
				}
			}
			for _, l := range looked {
				if key := memberKey(l.src.Member); !invoked[key] && !invoked[key[strings.Index(key, "->"):]] {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// overload picks among sources that differ in their parameters only: those that
// m names, or the first of each identifier if m has no prototype.
func overload(ws []wanted, m string) []wanted {
	var exact, first []wanted
	for _, w := range ws {
		if w.src.Member == m {
			exact = append(exact, w)
		}
		if !slices.ContainsFunc(first, func(o wanted) bool { return o.rule == w.rule }) {
			first = append(first, w)
		}
	}
	if exact != nil {
		return exact
	}
	return first
}

// reflected returns the methods that a reflective call is about.
func reflected(how reader, args []fact.Value) []string {
	var out []string
	if len(args) == 0 {
		return nil
	}
	eachKind(args[0], fact.Method, 8, func(v fact.Value) {
		if how == invokes {
			out = append(out, v.S)
		}
	})
	if how == looksUpMethod && len(args) >= 2 {
		eachKind(args[0], fact.Class, 8, func(c fact.Value) {
			texts(args[1], "", func(name string) { out = append(out, c.S+"->"+name) })
		})
	}
	return out
}

// eachKind calls yield for v, or each of its alternatives, that is of a kind.
func eachKind(v fact.Value, kind fact.ValueKind, most int, yield func(fact.Value)) {
	if v.Kind == kind {
		yield(v)
		return
	}
	if v.Kind == fact.OneOf {
		for i, e := range v.Elems {
			if i == most {
				return
			}
			if e.Kind == kind {
				yield(e)
			}
		}
	}
}
