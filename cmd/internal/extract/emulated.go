package extract

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/dex/value"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Code hides strings: it holds them scrambled, and a method or a class
// initialiser makes text of them when it runs. Here such methods are found and
// run (package emu), and what they return becomes strings of the unit, loaded by
// the calls that return them.
//
// Candidates are methods that take text, numbers or arrays, return text, and
// compute (emu.Machine.Hides), if three calls or more hand them constants, or if
// three other methods of the same prototype were found to hide strings, and class
// initialisers that compute text and store it.

const (
	// minSites is how many calls with constants make a method one that hides
	// strings.
	minSites = 3
	// minAlike is how many methods of one prototype must hide strings for
	// others of it to count with fewer calls.
	minAlike = 3
	// maxIdle is after how many calls in a row without constants a method is
	// left alone.
	maxIdle = 32
	// maxEmulated bounds the strings that are added to one app, in number and
	// bytes of each.
	maxEmulated     = 200_000
	maxEmulatedText = 1 << 14
)

// runnable is a unit whose code can be run.
type runnable interface {
	fact.Unit
	machineUnit() emu.Unit
	reveal(list []revealed)
}

// maxLeft is how long an array in a static field is that is handed on.
const maxLeft = 1 << 10

// revealed is a string that a call, or an initialiser, made.
type revealed struct {
	body int
	pc   uint32
	text string
	by   string
	call bool // it is what the call returns
}

// strings that were found are behind those of the file.
type emulated struct {
	more []string
	list []fact.Emulated
}

func (e *emulated) Emulated() iter.Seq[fact.Emulated] { return slices.Values(e.list) }

// add adds strings to those of a unit that has base of its own, and to its
// references.
func (e *emulated) add(base int, list []revealed, bodies []fact.Body, refs []fact.Ref) ([]fact.Body, []fact.Ref) {
	slices.SortFunc(list, func(a, b revealed) int {
		// What a call returns comes before what an initialiser left.
		return cmp.Or(cmp.Compare(a.body, b.body), cmp.Compare(a.pc, b.pc), cmp.Compare(a.text, b.text), boolCompare(b.call, a.call))
	})
	index := map[string]uint32{}
	byBody := map[int][]fact.Ref{}
	for _, r := range list {
		i, ok := index[r.text]
		if !ok {
			i = uint32(base + len(e.more))
			index[r.text] = i
			e.more = append(e.more, r.text)
		}
		if n := len(e.list); n > 0 && e.list[n-1].Body == r.body && e.list[n-1].PC == r.pc && e.list[n-1].String == i {
			continue
		}
		e.list = append(e.list, fact.Emulated{Body: r.body, PC: r.pc, String: i, Method: r.by})
		byBody[r.body] = append(byBody[r.body], fact.Ref{PC: r.pc, Index: i, Kind: fact.RefString})
	}
	out := make([]fact.Ref, 0, len(refs)+len(e.list))
	moved := slices.Clone(bodies)
	for i := range moved {
		b := &moved[i]
		own := refs[b.RefFirst:b.RefEnd]
		b.RefFirst = uint32(len(out))
		more := byBody[i]
		for _, r := range own {
			for len(more) > 0 && more[0].PC < r.PC {
				out, more = append(out, more[0]), more[1:]
			}
			out = append(out, r)
		}
		out = append(out, more...)
		b.RefEnd = uint32(len(out))
	}
	return moved, out
}

// candidate is a method that may hide strings.
type candidate struct {
	unit   int
	method emu.Method
	sites  []callSite
}

// callSite is a call of a candidate.
type callSite struct {
	unit, body int
	pc         uint32
}

// emulation is the search through one app.
type emulation struct {
	units  []runnable
	m      *emu.Machine
	found  [][]revealed // by unit
	left   []emu.Static
	total  int
	consts []map[string]bool
	ended  map[emu.Reason]int // runs, by why they ended early
	runs   int
}

// emulate reads the strings that the app's code hides. It returns how that went,
// nil if nothing was to be run.
func (b *builder) emulate() *emulation {
	var units []runnable
	for _, u := range b.set.Units {
		if r, ok := u.(runnable); ok {
			units = append(units, r)
		}
	}
	if len(units) == 0 || b.ctx.Err() != nil {
		return nil
	}
	e := &emulation{units: units, found: make([][]revealed, len(units)), consts: make([]map[string]bool, len(units)), ended: map[emu.Reason]int{}}
	calls, inits := e.candidates()
	if len(calls) == 0 && len(inits) == 0 {
		return nil
	}
	var list []emu.Unit
	for _, u := range units {
		list = append(list, u.machineUnit())
	}
	e.m = emu.New(b.o.Limits.emulation(), list...)
	// Tools that give each class a method of its own make many alike, some of
	// which are called once.
	alike := map[string]int{}
	var few []*candidate
	for _, c := range calls {
		if len(c.sites) < minSites {
			few = append(few, c)
		}
	}
	calls = slices.DeleteFunc(calls, func(c *candidate) bool { return len(c.sites) < minSites || !e.m.Hides(c.unit, c.method) })
	for _, c := range calls {
		if b.ctx.Err() != nil {
			return e
		}
		if e.calls(c, minSites) > 0 {
			alike[c.method.Proto]++
		}
	}
	few = slices.DeleteFunc(few, func(c *candidate) bool {
		return alike[c.method.Proto] < minAlike || !e.m.Hides(c.unit, c.method)
	})
	for _, c := range few {
		if b.ctx.Err() != nil {
			return e
		}
		e.calls(c, 1)
	}
	for _, c := range inits {
		if b.ctx.Err() != nil {
			return e
		}
		if e.m.Hides(c.unit, c.method) {
			e.init(c)
		}
	}
	e.tell()
	for i, l := range e.found {
		if len(l) > 0 {
			units[i].reveal(l)
		}
	}
	for _, l := range emulationLimits {
		if n := e.ended[l.reason]; n > 0 {
			b.note("", fact.ProblemBudget, true, "%s while code was run that hides strings (runs that ended so: %d): some of them are not known%s", l.what, n, raise(l.name))
		}
	}
	if n := e.ended[emu.ReasonFault]; n > 0 {
		b.note("", fact.ProblemInternal, true, "a fault of this program ended %d runs of code that hides strings: please report it", n)
	}
	return e
}

// endedInit stands for emu.ReasonSteps where an initialiser was run.
const endedInit = emu.Reason("steps of an initialiser")

// emulationLimits are the limits that end runs, and what is said of them.
var emulationLimits = []struct {
	reason     emu.Reason
	name, what string
}{
	{emu.ReasonTotal, "emulated", "the limit on all instructions was reached"},
	{emu.ReasonSteps, "emulated-call", "the limit on the instructions of one call was reached"},
	{endedInit, "emulated-init", "the limit on the instructions of one class initialiser was reached"},
	{emu.ReasonMemory, "emulated-memory", "the limit on the memory of one run was reached"},
	{emu.ReasonDepth, "emulated-depth", "the limit on calls inside calls was reached"},
	{emu.ReasonTime, "emulated-time", "the time for it was over"},
}

// name returns the name of method m of a unit.
func (e *emulation) name(ui int, m uint32) emu.Method {
	u := e.units[ui]
	class, name, proto := u.Method(m)
	return emu.Method{Class: u.Type(class), Name: u.String(name), Proto: u.Proto(proto)}
}

// candidates lists the methods that are called and look right by their
// prototypes, and the initialisers that may make text.
func (e *emulation) candidates() (calls []*candidate, inits []*candidate) {
	byName := map[emu.Method]*candidate{}
	sieve := newSieve(e.units)
	for ui, u := range e.units {
		protos := make([]bool, u.NumProtos())
		some := false
		for i := range protos {
			protos[i] = mayHide(u.Proto(uint32(i)))
			some = some || protos[i]
		}
		makes := e.makers(ui)
		clinit := nameIndex(u, "<clinit>")
		var own []*candidate // by method
		for bi, b := range u.Bodies() {
			_, name, proto := u.Method(b.Method)
			if name == clinit {
				if e.storesText(ui, bi, makes) {
					inits = append(inits, &candidate{unit: ui, method: e.name(ui, b.Method), sites: []callSite{{unit: ui, body: bi}}})
				}
				continue
			}
			if some && int64(proto) < int64(len(protos)) && protos[proto] && sieve.mayMake(ui, bi, 0) {
				if own == nil {
					own = make([]*candidate, u.NumMethods())
				}
				own[b.Method] = &candidate{unit: ui}
			}
		}
		for m, c := range own {
			if c == nil {
				continue
			}
			c.method = e.name(ui, uint32(m))
			if _, twice := byName[c.method]; !twice {
				byName[c.method] = c
				calls = append(calls, c)
			}
		}
	}
	for ui := range e.units {
		e.collect(ui, byName)
	}
	calls = slices.DeleteFunc(calls, func(c *candidate) bool { return len(c.sites) == 0 })
	return calls, inits
}

// collect lists the calls of candidates in a unit.
func (e *emulation) collect(ui int, byName map[emu.Method]*candidate) {
	if len(byName) == 0 {
		return
	}
	u := e.units[ui]
	protos, called := map[string]bool{}, map[string]bool{}
	for m := range byName {
		protos[m.Proto], called[m.Name] = true, true
	}
	is := make([]bool, u.NumProtos())
	for i := range is {
		is[i] = protos[u.Proto(uint32(i))]
	}
	var of []*candidate
	names := make([]uint8, u.NumStrings()) // 1: of a candidate; 2: not
	for i := range u.NumMethods() {
		_, name, proto := u.Method(uint32(i))
		if int64(proto) >= int64(len(is)) || !is[proto] || int64(name) >= int64(len(names)) {
			continue
		}
		if names[name] == 0 {
			names[name] = 2
			if called[u.String(name)] {
				names[name] = 1
			}
		}
		if names[name] != 1 {
			continue
		}
		if c := byName[e.name(ui, uint32(i))]; c != nil {
			if of == nil {
				of = make([]*candidate, u.NumMethods())
			}
			of[i] = c
		}
	}
	if of == nil {
		return
	}
	refs := u.Refs()
	for bi, b := range u.Bodies() {
		for _, r := range refs[b.RefFirst:b.RefEnd] {
			if r.Kind.IsCall() && int64(r.Index) < int64(len(of)) && of[r.Index] != nil {
				c := of[r.Index]
				c.sites = append(c.sites, callSite{ui, bi, r.PC})
			}
		}
	}
}

// nameIndex finds a name among the strings of a unit.
func nameIndex(u fact.Unit, name string) uint32 {
	for i := range u.NumMethods() {
		if _, n, _ := u.Method(uint32(i)); u.String(n) == name {
			return n
		}
	}
	return fact.NoIndex
}

// mayHide reports whether a method with this prototype may be one that hides
// strings: of text, numbers and arrays it makes text, or puts it into an array.
func mayHide(proto string) bool {
	args, ok := strings.CutSuffix(proto, ")Ljava/lang/String;")
	if !ok {
		if args, ok = strings.CutSuffix(proto, "[Ljava/lang/Object;)V"); !ok {
			return false
		}
		if len(args) < 2 {
			return false
		}
	}
	args = strings.TrimPrefix(args, "(")
	if args == "" || len(args) > 200 {
		return false
	}
	for args != "" {
		n := 0
		for n < len(args) && args[n] == '[' {
			n++
		}
		if n >= len(args) {
			return false
		}
		if args[n] != 'L' {
			args = args[n+1:]
			continue
		}
		end := strings.IndexByte(args, ';')
		if end < 0 {
			return false
		}
		switch args[n : end+1] {
		case "Ljava/lang/String;", "Ljava/lang/Object;", "Ljava/lang/CharSequence;", "Ljava/lang/Integer;":
		default:
			return false
		}
		args = args[end+1:]
	}
	return true
}

// makers are the methods of a unit's table that make text out of arrays or
// characters, or may do so.
func (e *emulation) makers(ui int) []bool {
	u := e.units[ui]
	kinds := map[uint32]int{}
	for i := range u.NumTypes() {
		switch u.Type(uint32(i)) {
		case "Ljava/lang/String;":
			kinds[uint32(i)] = 1
		case "Ljava/lang/StringBuilder;", "Ljava/lang/StringBuffer;":
			kinds[uint32(i)] = 2
		case "Landroid/util/Base64;", "Ljava/util/Base64$Decoder;":
			kinds[uint32(i)] = 3
		}
	}
	out := make([]bool, u.NumMethods())
	for i := range out {
		class, name, proto := u.Method(uint32(i))
		k := kinds[class]
		if k == 0 {
			continue
		}
		n, p := u.String(name), u.Proto(proto)
		switch k {
		case 1:
			out[i] = n == "<init>" && (strings.HasPrefix(p, "([B") || strings.HasPrefix(p, "([C")) || n == "valueOf" && strings.HasPrefix(p, "([C") || n == "toCharArray"
		case 2:
			out[i] = n == "append" && strings.HasPrefix(p, "(C)") || n == "setCharAt"
		case 3:
			out[i] = n == "decode"
		}
	}
	return out
}

// storesText reports whether an initialiser may make text and stores objects.
func (e *emulation) storesText(ui, body int, makes []bool) bool {
	u := e.units[ui]
	b := u.Bodies()[body]
	stores, made := false, false
	for _, r := range u.Refs()[b.RefFirst:b.RefEnd] {
		switch {
		case r.Kind == fact.RefFieldPut && !stores:
			class, _, typ := u.Field(r.Index)
			if class == b.Class {
				switch u.Type(typ) {
				case "Ljava/lang/String;", "[Ljava/lang/String;", "[[Ljava/lang/String;", "Ljava/util/Map;", "Ljava/util/List;", "Ljava/util/HashMap;", "Ljava/util/ArrayList;", "Ljava/lang/Object;", "[Ljava/lang/Object;":
					stores = true
				}
			}
		case r.Kind.IsCall() && !made && int64(r.Index) < int64(len(makes)):
			made = makes[r.Index]
			if !made && r.Kind == fact.RefCallStatic {
				// A method of its own that makes text or characters.
				class, _, proto := u.Method(r.Index)
				p := u.Proto(proto)
				made = class == b.Class && !strings.HasPrefix(p, "()") && (strings.HasSuffix(p, ")Ljava/lang/String;") || strings.HasSuffix(p, ")[Ljava/lang/String;") || strings.HasSuffix(p, ")[C") || strings.HasSuffix(p, ")[B"))
			}
		}
		if stores && made {
			return true
		}
	}
	return false
}

// calls runs the calls of a candidate. It returns how many strings they hide; none
// if fewer calls than least have constants.
func (e *emulation) calls(c *candidate, least int) (n int) {
	type result struct {
		at callSite
		emu.Result
	}
	var got []result
	constant, idle, failed := 0, 0, 0
	var last emu.Reason
	for _, s := range c.sites {
		u := e.units[s.unit]
		caller := e.name(s.unit, u.Bodies()[s.body].Method)
		r, known, err := e.m.Call(s.unit, caller, s.pc)
		e.runs++
		if why, _ := emu.Failed(err); why != "" {
			e.ended[why]++
			last = why
			if failed++; failed >= maxIdle && len(got) == 0 {
				break // it cannot be run
			}
		}
		if !known {
			if idle++; idle >= maxIdle {
				break
			}
			continue
		}
		idle = 0
		constant++
		if err == nil {
			got = append(got, result{s, r})
		}
		if last == emu.ReasonTotal || last == emu.ReasonTime {
			break
		}
	}
	if constant < least {
		return 0
	}
	by := c.method.String()
	for _, r := range got {
		if !r.Spelled || !hidesText(r.Text, r.Args) {
			continue
		}
		e.add(r.at.unit, revealed{body: r.at.body, pc: r.at.pc, text: r.Text, by: by, call: true})
		n++
	}
	return n
}

// init runs an initialiser.
func (e *emulation) init(c *candidate) {
	list, err := e.m.Init(c.unit, c.method.Class)
	e.runs++
	if why, _ := emu.Failed(err); why == emu.ReasonSteps {
		e.ended[endedInit]++
	} else if why != "" {
		e.ended[why]++
	}
	by := c.method.String()
	fields := map[string]bool{}
	for _, l := range list {
		if !hidesText(l.Text, nil) || e.isConstant(c.unit, l.Text) {
			continue
		}
		e.add(c.unit, revealed{body: c.sites[0].body, pc: l.PC, text: l.Text, by: by})
		fields[l.Field] = true
	}
	for _, s := range e.m.Statics(c.method.Class) {
		if fields[s.Field] && len(s.Texts) <= maxLeft {
			e.left = append(e.left, s)
		}
	}
}

func (e *emulation) add(unit int, r revealed) {
	if e.total++; e.total > maxEmulated || len(r.text) > maxEmulatedText {
		return
	}
	e.found[unit] = append(e.found[unit], r)
}

// tell lets those know what calls return and fields hold who are asked for the
// arguments of calls.
func (e *emulation) tell() {
	var app *value.App
	ofApp := value.Known{Returns: map[value.Site]string{}, Fields: map[string]value.Value{}}
	ofSet := map[string]classfile.Value{}
	for _, l := range e.left {
		ofApp.Fields[l.Field], ofSet[l.Field] = staticValue(l), classStatic(l)
	}
	for i, u := range e.units {
		switch u := u.(type) {
		case *dexUnit:
			app = u.values.app
			for _, r := range e.found[i] {
				if r.call {
					ofApp.Returns[value.Site{File: u.values.file, Method: u.defs[r.body], PC: r.pc}] = r.text
				}
			}
		case *classUnit:
			k := classfile.Known{Returns: map[classfile.Site]string{}, Fields: ofSet}
			for _, r := range e.found[i] {
				if at := u.at[r.body]; r.call {
					k.Returns[classfile.Site{Class: at.class, Method: at.method, PC: r.pc}] = r.text
				}
			}
			u.s.Know(k)
		}
	}
	if app != nil {
		app.Know(ofApp)
	}
}

// staticValue is what a static field holds, for the interpreter of DEX code.
func staticValue(l emu.Static) value.Value {
	list := make([]value.Value, len(l.Texts))
	for i, t := range l.Texts {
		if list[i].Kind = value.Unknown; l.Known[i] {
			list[i] = value.Value{Kind: value.String, S: t}
		}
	}
	if l.Array {
		return value.Value{Kind: value.Array, Elems: list}
	}
	return list[0]
}

// classStatic is that for the interpreter of class files.
func classStatic(l emu.Static) classfile.Value {
	v := staticValue(l)
	out := classfile.Value{Kind: classfile.Kind(v.Kind), S: v.S}
	for _, e := range v.Elems {
		out.Elems = append(out.Elems, classfile.Value{Kind: classfile.Kind(e.Kind), S: e.S})
	}
	return out
}

// isConstant reports whether a unit holds a string as it is.
func (e *emulation) isConstant(ui int, s string) bool {
	if e.consts[ui] == nil {
		u := e.units[ui]
		m := make(map[string]bool, u.NumStrings())
		for i := range u.NumStrings() {
			m[u.String(uint32(i))] = true
		}
		e.consts[ui] = m
	}
	return e.consts[ui][s]
}

// hidesText reports whether text was hidden: it can be read, and is not what went
// in, or a part of that, or that with something added.
func hidesText(s string, args []string) bool {
	if len(s) < 2 || !readable(s) {
		return false
	}
	low := strings.ToLower(s)
	for _, a := range args {
		a = strings.ToLower(a)
		if len(a) > 1 && (strings.Contains(low, a) || strings.Contains(a, low)) {
			return false
		}
	}
	return !scrambled(s, args)
}

// readable reports whether all of a text can be shown.
func readable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// scrambled reports whether text is what a digest or an encoder makes of text
// that could be read.
func scrambled(s string, args []string) bool {
	if n := len(s); (n == 32 || n == 40 || n == 64) && strings.TrimLeft(s, "0123456789abcdef") == "" {
		return slices.ContainsFunc(args, func(a string) bool { return len(a) < n && readable(a) })
	}
	if len(s) < 8 || strings.TrimLeft(s, "0123456789abcdefABCDEF") != "" && !looksBase64(s) {
		return false
	}
	for _, a := range args {
		if len(a) > 1 && readable(a) && !looksBase64(a) {
			return true
		}
	}
	return false
}

// looksBase64 reports whether text looks like Base64 that is no word.
func looksBase64(s string) bool {
	t := strings.TrimRight(s, "=\n")
	if len(s) < 8 || strings.IndexFunc(t, func(r rune) bool {
		return r >= 0x80 || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '/' && r != '-' && r != '_' && r != '\n'
	}) >= 0 {
		return false
	}
	return len(t) < len(s) || strings.ContainsAny(t, "0123456789+") && strings.ToLower(t) != t && strings.ToUpper(t) != t
}

// emulation returns the limits of the machine.
func (l Limits) emulation() emu.Limits {
	return emu.Limits{
		Total: l.Emulated, Init: l.EmulatedInit, Call: l.EmulatedCall, Memory: l.EmulatedMemory, Depth: l.EmulatedDepth,
		Time: time.Duration(min(l.EmulatedTime, math.MaxInt64/int64(time.Second))) * time.Second,
	}
}
