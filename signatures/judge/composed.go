package judge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// A URL need not stand in one string: this file finds those that code puts
// together from constants, and text that code holds as numbers. What a call is
// handed is asked of the facts; which calls are asked is kept few, as answers
// are expensive.

// role is what a method has to do with text that is put together.
type role uint8

const (
	takesURL  role = 1 << iota // it is handed a URL
	built                      // its receiver holds the text: StringBuilder.toString
	ofNumbers                  // it makes text of bytes or characters
	joins                      // its result is text put together
)

// roles names the methods, by class and name. All overloads count.
var roles = map[string]map[string]role{
	"Ljava/net/URL;":                                          {"<init>": takesURL},
	"Ljava/net/URI;":                                          {"<init>": takesURL, "create": takesURL},
	"Landroid/net/Uri;":                                       {"parse": takesURL},
	"Landroid/app/DownloadManager$Request;":                   {"<init>": takesURL},
	"Lorg/apache/http/client/methods/HttpGet;":                {"<init>": takesURL},
	"Lorg/apache/http/client/methods/HttpPost;":               {"<init>": takesURL},
	"Lorg/apache/http/client/methods/HttpPut;":                {"<init>": takesURL},
	"Lorg/apache/http/client/methods/HttpDelete;":             {"<init>": takesURL},
	"Lorg/apache/http/client/methods/HttpHead;":               {"<init>": takesURL},
	"Lorg/apache/http/HttpHost;":                              {"<init>": takesURL},
	"Lcz/msebera/android/httpclient/client/methods/HttpGet;":  {"<init>": takesURL},
	"Lcz/msebera/android/httpclient/client/methods/HttpPost;": {"<init>": takesURL},
	"Lokhttp3/Request$Builder;":                               {"url": takesURL},
	"Lokhttp3/HttpUrl;":                                       {"parse": takesURL, "get": takesURL},
	"Lokhttp3/HttpUrl$Companion;":                             {"parse": takesURL, "get": takesURL},
	"Lcom/squareup/okhttp/Request$Builder;":                   {"url": takesURL},
	"Lcom/squareup/okhttp/HttpUrl;":                           {"parse": takesURL},
	"Lretrofit2/Retrofit$Builder;":                            {"baseUrl": takesURL},
	"Lretrofit/RestAdapter$Builder;":                          {"setEndpoint": takesURL},
	"Lcom/android/volley/Request;":                            {"<init>": takesURL},
	"Lcom/android/volley/toolbox/StringRequest;":              {"<init>": takesURL},
	"Lcom/android/volley/toolbox/JsonObjectRequest;":          {"<init>": takesURL},
	"Landroid/webkit/WebView;":                                {"loadUrl": takesURL, "postUrl": takesURL, "loadDataWithBaseURL": takesURL},

	"Ljava/lang/StringBuilder;": {"toString": built},
	"Ljava/lang/StringBuffer;":  {"toString": built},

	"Ljava/lang/String;":                    {"<init>": ofNumbers, "format": joins, "concat": joins, "join": joins, "valueOf": ofNumbers},
	"Landroid/text/TextUtils;":              {"join": joins, "concat": joins},
	"Lkotlin/jvm/internal/Intrinsics;":      {"stringPlus": joins},
	"Ljava/text/MessageFormat;":             {"format": joins},
	"Landroid/net/Uri$Builder;":             {"build": joins, "toString": joins},
	"Ljava/util/Formatter;":                 {"format": joins},
	"Lkotlin/text/StringsKt;":               {"plus": joins},
	"Lorg/apache/commons/lang/StringUtils;": {"join": joins},
}

// silent are classes that are handed text and keep it to themselves, so that
// what they get is no better known than what went into it.
var silent = map[string]bool{
	"Landroid/util/Log;": true, "Ljava/lang/StringBuilder;": true, "Ljava/lang/StringBuffer;": true, "Ljava/lang/String;": true,
	"Ljava/io/PrintStream;": true, "Landroid/text/TextUtils;": true, "Lkotlin/jvm/internal/Intrinsics;": true, "Ljava/util/logging/Logger;": true,
}

// maxComposed bounds the calls of one unit that are asked.
const maxComposed = 200000

// composedEndpoints finds the endpoints that code puts together.
func (j *judge) composedEndpoints(es *endpoints) {
	asked := j.sinkCalls()
	fields := j.urlFields()
	found := make([][]spotted, len(j.units))
	j.opt.crew().Each(len(j.units), func(ui int) { found[ui] = j.compose(ui, asked[ui], fields, es) })
	for _, list := range found {
		for i := range list {
			x := &list[i]
			if x.word != "" {
				j.words = append(j.words, *x)
			} else if n := es.get(x.Endpoint); n != nil && !n.at(&x.place) {
				n.add(x.place, x.Doubtful)
			}
		}
	}
}

// at reports whether an endpoint was found in the same body already.
func (n *named) at(p *place) bool {
	return slices.ContainsFunc(n.places, func(o place) bool { return o.unit == p.unit && o.body == p.body && o.unit >= 0 })
}

// takesURLs are the groups of sinks whose calls are handed URLs.
var takesURLs = map[string]bool{"network": true, "webview": true, "dynamic-code": true}

// sinkCalls are the calls of sinks that may be handed URLs, by unit and body.
func (j *judge) sinkCalls() []map[int32][]uint32 {
	out := make([]map[int32][]uint32, len(j.units))
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		if h.Use != signatures.UseSink || h.Unit < 0 || h.Unit >= len(out) {
			continue
		}
		if s, ok := j.rules.Ref(h.Rule).(*rule.Sink); !ok || !takesURLs[s.Group] {
			continue
		}
		for _, at := range h.Sites {
			if at.Body >= 0 && at.Kind.IsCall() {
				if out[h.Unit] == nil {
					out[h.Unit] = map[int32][]uint32{}
				}
				out[h.Unit][int32(at.Body)] = append(out[h.Unit][int32(at.Body)], at.PC)
			}
		}
	}
	return out
}

// urlFields are the fields that hold a piece of a URL at first, as
// "Lclass;->name:type": by their constant, or because the class initialiser
// has such a piece and puts text into them.
func (j *judge) urlFields() map[string]bool {
	out := map[string]bool{}
	for ui := range j.units {
		u := &j.units[ui]
		for _, f := range u.pieces.fields {
			out[f] = true
		}
		if u.pieces.bits == nil {
			continue
		}
		inits := make([]uint8, u.NumStrings()) // whether a name is that of initialisers: 0 not asked, 1 no, 2 yes
		for bi := range u.bodies {
			_, name, _ := u.Method(u.bodies[bi].Method)
			if int64(name) >= int64(len(inits)) || inits[name] == 1 {
				continue
			}
			if inits[name] = 1; u.String(name) != "<clinit>" {
				continue
			}
			inits[name] = 2
			piece := false
			for _, r := range u.refsOf(bi) {
				piece = piece || r.Kind == fact.RefString && u.pieces.has(r.Index)
			}
			if !piece {
				continue
			}
			for _, r := range u.refsOf(bi) {
				if r.Kind == fact.RefFieldPut {
					if class, name, typ := u.Field(r.Index); class == u.bodies[bi].Class && u.Type(typ) == "Ljava/lang/String;" {
						out[u.Type(class)+"->"+u.String(name)+":"+u.Type(typ)] = true
					}
				}
			}
		}
	}
	return out
}

// pieces are the strings of a unit that may be a piece of a URL, and the fields
// whose constants are.
type pieces struct {
	actions map[string]struct{} // names that bodies hand over as those of actions
	bits                        // by string
	fields  []string
}

// bits are a set of indices.
type bits []uint64

func (b *bits) set(i uint32, of int) {
	if *b == nil {
		*b = make(bits, (of+63)/64)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

func (b bits) has(i uint32) bool {
	return int(i>>6) < len(b) && b[i>>6]&(1<<(i&63)) != 0
}

// isPiece reports whether a string may begin a URL that other text completes.
func isPiece(s string) bool {
	return strings.Contains(s, "://") || s == "http" || s == "https"
}

// methodRoles tells the role of each method of a unit; nil if none has one.
func (u *unitState) methodRoles() []role {
	var out []role
	classes := map[uint32]map[string]role{}
	for t := 0; t < u.NumTypes(); t++ {
		if names, ok := roles[u.Type(uint32(t))]; ok {
			classes[uint32(t)] = names
		}
	}
	if len(classes) == 0 {
		return nil
	}
	n := u.NumMethods()
	for i := range n {
		class, name, proto := u.Method(uint32(i))
		names, ok := classes[class]
		if !ok {
			continue
		}
		r := names[u.String(name)]
		if r == ofNumbers {
			if p := u.Proto(proto); !strings.HasPrefix(p, "([B") && !strings.HasPrefix(p, "([C") {
				continue
			}
		}
		if r == 0 {
			continue
		}
		if out == nil {
			out = make([]role, n)
		}
		out[i] = r
	}
	return out
}

// compose goes over the calls of one unit that tell what is put together. es
// holds what was found in single strings.
func (j *judge) compose(ui int, sinks map[int32][]uint32, fields map[string]bool, es *endpoints) []spotted {
	u := &j.units[ui]
	var out []spotted
	if a, ok := u.Unit.(fact.ArrayTexts); ok {
		out = j.arrayTexts(ui, a, es)
	}
	rs := u.methodRoles()
	if rs == nil && sinks == nil {
		return out
	}
	isField := u.fieldsOf(fields)
	left := maxComposed
	for bi := range u.bodies {
		if bi&0xff == 0 && j.ctx.Err() != nil {
			return out
		}
		var all role
		piece := false
		for _, r := range u.refsOf(bi) {
			switch {
			case r.Kind.IsCall():
				if int(r.Index) < len(rs) {
					all |= rs[r.Index]
				}
			case r.Kind == fact.RefString:
				piece = piece || u.pieces.has(r.Index)
			case r.Kind == fact.RefFieldGet:
				piece = piece || isField.has(r.Index)
			}
		}
		pcs := sinks[int32(bi)]
		from := len(out)
		if all&(takesURL|ofNumbers) == 0 && len(pcs) == 0 && (!piece || all&(built|joins) == 0) {
			continue
		}
		for _, r := range u.refsOf(bi) {
			if !r.Kind.IsCall() {
				continue
			}
			var is role
			if int(r.Index) < len(rs) {
				is = rs[r.Index]
			}
			ask := is&(takesURL|ofNumbers) != 0 || is == built && piece || slices.Contains(pcs, r.PC) ||
				is == 0 && piece && all&joins != 0 && u.takesText(r.Index)
			if !ask {
				continue
			}
			if left--; left < 0 {
				return out
			}
			args := u.Args(bi, r.PC)
			if len(args) == 0 {
				continue
			}
			if is != built && receiver(r.Kind) {
				args = args[1:]
			}
			p := place{unit: int32(ui), body: int32(bi), off: int64(r.PC), how: howCall, ref: u.methodName(r.Index)}
			if is == takesURL && len(args) >= 3 {
				args = append(slices.Clip(args), assembled(u.callee(r.Index), args)...)
			}
			for i := range args {
				if is == ofNumbers {
					if i == 0 {
						out = j.madeOfNumbers(out, args[i], p, es)
					}
					continue
				}
				out = j.madeOfText(out, args[i], p, es)
			}
		}
		out = fullest(out, from)
	}
	return out
}

// fullest keeps, of the URLs from a place in the list on, one for each path:
// code that adds one argument after the other shows every stage.
func fullest(list []spotted, from int) []spotted {
	if len(list)-from < 2 {
		return list
	}
	type key struct{ scheme, host, port, path string }
	best := map[key]int{}
	of := func(x *spotted) key {
		path := x.Path
		if i := strings.IndexAny(path, "?#"); i >= 0 {
			path = path[:i]
		}
		return key{x.Scheme, x.Host, x.Port, strings.TrimRight(path, "/*")}
	}
	for i := from; i < len(list); i++ {
		if list[i].word != "" || list[i].Scheme == "" {
			continue
		}
		k := of(&list[i])
		if at, ok := best[k]; !ok || len(list[i].Value) > len(list[at].Value) {
			best[k] = i
		}
	}
	kept := list[:from]
	for i := from; i < len(list); i++ {
		if at, ok := best[of(&list[i])]; list[i].word != "" || list[i].Scheme == "" || ok && at == i {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// assembled is the URL that the constructor URL(protocol, host, [port,] file)
// makes.
func assembled(class string, args []fact.Value) []fact.Value {
	if class != "Ljava/net/URL;" || args[0].Kind != fact.String {
		return nil
	}
	parts := []fact.Value{args[0], {Kind: fact.String, S: "://"}, args[1]}
	if len(args) >= 4 {
		if args[2].Kind == fact.Int && args[2].N > 0 {
			parts = append(parts, fact.Value{Kind: fact.String, S: ":"}, args[2])
		}
		parts = append(parts, args[3])
	} else {
		parts = append(parts, args[2])
	}
	return []fact.Value{{Kind: fact.Concat, Elems: parts}}
}

// fieldsOf returns which fields of a unit's table are among some.
func (u *unitState) fieldsOf(some map[string]bool) (out bits) {
	if len(some) == 0 {
		return out
	}
	classes := map[string]bool{}
	for f := range some {
		class, _, _ := strings.Cut(f, "->")
		classes[class] = true
	}
	holds := make([]bool, u.NumTypes())
	for t := range holds {
		holds[t] = classes[u.Type(uint32(t))]
	}
	for i := range u.NumFields() {
		class, name, typ := u.Field(uint32(i))
		if int(class) < len(holds) && holds[class] && some[u.Type(class)+"->"+u.String(name)+":"+u.Type(typ)] {
			out.set(uint32(i), u.NumFields())
		}
	}
	return out
}

// takesText reports whether a method is handed text that it may do something
// with.
func (u *unitState) takesText(m uint32) bool {
	class, _, proto := u.Method(m)
	p := u.Proto(proto)
	if i := strings.IndexByte(p, ')'); i >= 0 {
		p = p[:i]
	}
	return (strings.Contains(p, "Ljava/lang/String;") || strings.Contains(p, "Ljava/lang/CharSequence;") || strings.Contains(p, "Ljava/lang/Object;")) &&
		!silent[u.Type(class)]
}

// How text was put together.
const (
	viaConcat    = "concat"     // of several constants
	viaComputed  = "computed"   // by calls of which the result is known
	viaByteArray = "byte-array" // it stands in code as numbers
)

// madeOfText adds the endpoints of text that is more than one constant; single
// constants are told where they are loaded.
func (j *judge) madeOfText(out []spotted, v fact.Value, p place, es *endpoints) []spotted {
	switch v.Kind {
	case fact.OneOf:
		for _, e := range v.Elems {
			if e.Kind == fact.Concat || e.Kind == fact.String {
				out = j.madeOfText(out, e, p, es)
			}
		}
	case fact.String:
		p.via = []string{viaComputed}
		if strings.HasSuffix(p.ref, "->toString()Ljava/lang/String;") {
			p.via = []string{viaConcat}
		}
		if text := withoutNull(v.S); text != v.S {
			return j.withGaps(out, text, strings.Split(text, gapMark), false, p)
		}
		for _, e := range j.finder.Append(nil, v.S) {
			if e.Scheme != "" && es.byValue[e.Value] == nil {
				out = append(out, spotted{Endpoint: e, place: p})
			}
		}
	case fact.Concat:
		budget := maxValueNodes
		var c composition
		c.add(v, &budget)
		p.via = []string{viaConcat}
		if c.known {
			out = j.withGaps(out, withoutNull(c.text.String()), c.parts, c.doubtful, p)
		}
	}
	return out
}

// gapMark stands for text that is not known.
const gapMark = "\x01"

// withoutNull takes what is "null" where text is joined for text that is not
// known: code as it is runs with something there.
func withoutNull(s string) string {
	s = nulls.Replace(s)
	if t, ok := strings.CutSuffix(s, "null"); ok {
		s = t + gapMark
	}
	return s
}

var nulls = strings.NewReplacer("=null", "="+gapMark, "/null/", "/"+gapMark+"/")

// withGaps adds the endpoints of text with gaps that none of its parts shows by
// itself. Where a gap is all that is known of the host, nothing is named.
func (j *judge) withGaps(out []spotted, text string, parts []string, doubtful bool, p place) []spotted {
	if !strings.Contains(text, "://") {
		return out
	}
	for _, e := range j.finder.Append(nil, text) {
		if e.Scheme == "" || e.Domain == "" && !e.Addr.IsValid() && e.Range == "" {
			continue
		}
		e.Doubtful = e.Doubtful || doubtful
		if !j.shownBy(parts, &e) {
			out = append(out, spotted{Endpoint: e, place: p})
		}
	}
	return out
}

// shownBy reports whether one of the parts by itself shows as much as e does.
func (j *judge) shownBy(parts []string, e *endpoint.Endpoint) bool {
	bare := func(s string) string { return strings.TrimRight(s, "*/") }
	want := bare(e.Value)
	var buf []endpoint.Endpoint
	for _, s := range parts {
		if e.Scheme != "" && strings.IndexByte(s, ':') < 0 {
			continue
		}
		buf = j.finder.Append(buf[:0], s)
		for i := range buf {
			if bare(buf[i].Value) == want {
				return true
			}
		}
	}
	return false
}

// composition is text that is put together of values.
type composition struct {
	text     strings.Builder
	parts    []string
	known    bool // some of it is
	doubtful bool // a part of it may be something else: a field that can change
}

func (c *composition) add(v fact.Value, budget *int) {
	if *budget--; *budget < 0 || c.text.Len() > 1<<14 {
		return
	}
	switch v.Kind {
	case fact.String:
		c.text.WriteString(v.S)
		c.parts = append(c.parts, v.S)
		c.known = c.known || v.S != ""
	case fact.Int:
		c.text.WriteString(render(v))
	case fact.Concat:
		for _, e := range v.Elems {
			c.add(e, budget)
		}
	case fact.FieldVal:
		if len(v.Elems) == 1 && v.Elems[0].Kind == fact.String {
			c.doubtful = true
			c.add(v.Elems[0], budget)
			return
		}
		c.text.WriteString(gapMark)
	default:
		c.text.WriteString(gapMark)
	}
}

// madeOfNumbers adds what text made of an array of known numbers shows.
func (j *judge) madeOfNumbers(out []spotted, v fact.Value, p place, es *endpoints) []spotted {
	if v.Kind != fact.Array || len(v.Elems) < fact.MinArrayText {
		return out
	}
	wide := strings.Contains(p.ref, "([C")
	var b strings.Builder
	for _, e := range v.Elems {
		if e.Kind != fact.Int {
			return out
		}
		if wide {
			b.WriteRune(rune(uint16(e.N)))
		} else {
			b.WriteByte(byte(e.N))
		}
	}
	return j.ofNumbers(out, b.String(), p, es)
}

// arrayTexts adds what arrays show that code fills from data.
func (j *judge) arrayTexts(ui int, a fact.ArrayTexts, es *endpoints) []spotted {
	var out []spotted
	for t := range a.ArrayTexts() {
		if j.ctx.Err() != nil {
			break
		}
		if t.Body >= 0 && t.Body < len(j.units[ui].bodies) {
			out = j.ofNumbers(out, t.Text, place{unit: int32(ui), body: int32(t.Body), off: int64(t.PC), how: howString}, es)
		}
	}
	return out
}

func (j *judge) ofNumbers(out []spotted, text string, p place, es *endpoints) []spotted {
	if !utf8.ValidString(text) {
		return out
	}
	p.via = []string{viaByteArray}
	if len(text) <= maxWord && j.vocabulary(text) {
		return append(out, spotted{word: strings.Clone(text), place: p})
	}
	plain, decoded, words := j.read(text, nil)
	for _, e := range plain {
		if es.byValue[e.Value] == nil {
			out = append(out, spotted{Endpoint: e, place: p})
		}
	}
	for _, h := range decoded {
		p.via = append([]string{viaByteArray}, h.via...)
		if es.byValue[h.Value] == nil {
			out = append(out, spotted{Endpoint: h.Endpoint, place: p})
		}
	}
	for _, w := range words {
		p.via = append([]string{viaByteArray}, w.Via...)
		out = append(out, spotted{word: w.Text, place: p})
	}
	return out
}
