package classfile

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What is known of methods that the set does not define, as rows of data. A
// row's function gets the arguments and returns the result; it changes nothing
// but what sites hold. Members are those of the public Java and Android API
// documentation.

// call is a call of a method that a row speaks of.
type call struct {
	method uint32
	args   []ref // one for each parameter, the receiver first
}

type model struct {
	args int  // fewer arguments are not this method
	pure bool // the arguments are in nobody else's hands
	fn   func(x *analysis, c *call) ref
}

// models is all rows, found by "Lc;->m" or "Lc;->m(I)", counted from 1.
type models struct {
	rows    []model
	index   map[string]uint16
	classes map[string]bool
}

func newModels() *models {
	t := &models{index: map[string]uint16{}, classes: map[string]bool{}}
	row := func(args int, fn func(x *analysis, c *call) ref, names ...string) {
		t.rows = append(t.rows, model{args, true, fn})
		for _, n := range names {
			class, _, _ := strings.Cut(n, "->")
			t.classes[class] = true
			t.index[n] = uint16(len(t.rows))
		}
	}
	const (
		str     = "Ljava/lang/String;"
		object  = "Ljava/lang/Object;"
		class   = "Ljava/lang/Class;"
		uri     = "Landroid/net/Uri;"
		file    = "Ljava/io/File;"
		charSeq = "Ljava/lang/CharSequence;"
		method  = "Ljava/lang/reflect/Method;"
	)
	builders := []string{"Ljava/lang/StringBuilder;", "Ljava/lang/StringBuffer;"}
	each := func(suffixes ...string) (names []string) {
		for _, b := range builders {
			for _, s := range suffixes {
				names = append(names, b+"->"+s)
			}
		}
		return names
	}

	// Text that grows.
	row(1, func(x *analysis, c *call) ref { x.fillBuilder(c.args[0], x.str("")); return none }, each("<init>()", "<init>(I)")...)
	row(2, func(x *analysis, c *call) ref { x.fillBuilder(c.args[0], x.textOf(c.args[1])); return none },
		each("<init>("+str+")", "<init>("+charSeq+")")...)
	for _, d := range []string{str, object, charSeq, "Ljava/lang/StringBuffer;", "Z", "C", "I", "J", "F", "D", "[C"} {
		row(2, func(x *analysis, c *call) ref {
			add := x.textAs(c.args[1], d)
			x.eachBuilder(c.args[0], func(old ref) ref { return x.text(old, add) })
			return c.args[0]
		}, each("append("+d+")")...)
		row(3, func(x *analysis, c *call) ref {
			add := x.textAs(c.args[2], d)
			at, ok := x.number(c.args[1])
			x.eachBuilder(c.args[0], func(old ref) ref {
				if ok && at == 0 {
					return x.text(add, old)
				}
				return unknown
			})
			return c.args[0]
		}, each("insert(I"+d+")")...)
	}
	row(1, func(x *analysis, c *call) ref { return x.textOf(c.args[0]) }, each("toString()")...)
	row(1, func(x *analysis, c *call) ref {
		x.eachBuilder(c.args[0], func(old ref) ref { return x.mapText(old, reversed) })
		return c.args[0]
	}, each("reverse()")...)
	row(2, func(x *analysis, c *call) ref {
		n, ok := x.number(c.args[1])
		x.eachBuilder(c.args[0], func(ref) ref {
			if ok && n == 0 {
				return x.str("")
			}
			return unknown
		})
		return none
	}, each("setLength(I)")...)
	row(1, func(x *analysis, c *call) ref {
		x.eachBuilder(c.args[0], func(ref) ref { return unknown })
		return c.args[0]
	}, each("append", "insert", "delete", "deleteCharAt", "replace", "setCharAt", "appendCodePoint")...)
	row(1, lengthOf, append(each("length()"), str+"->length()")...)

	// Text.
	row(2, func(x *analysis, c *call) ref { x.become(c.args[0], x.textOf(c.args[1])); return none },
		str+"-><init>("+str+")", str+"-><init>("+builders[0]+")", str+"-><init>("+builders[1]+")",
		"Ljava/net/URL;-><init>("+str+")", "Ljava/net/URI;-><init>("+str+")", file+"-><init>("+str+")")
	row(2, func(x *analysis, c *call) ref { x.become(c.args[0], x.bytesText(c.args[1])); return none },
		str+"-><init>([B)", str+"-><init>([B"+str+")", str+"-><init>([BLjava/nio/charset/Charset;)")
	row(2, func(x *analysis, c *call) ref { x.become(c.args[0], x.textAs(c.args[1], "[C")); return none }, str+"-><init>([C)")
	row(1, func(x *analysis, c *call) ref { x.become(c.args[0], x.str("")); return none }, str+"-><init>()")
	row(2, func(x *analysis, c *call) ref { return x.text(x.textOf(c.args[0]), x.textOf(c.args[1])) }, str+"->concat("+str+")")
	for _, d := range []string{object, "Z", "C", "I", "J", "F", "D", "[C"} {
		row(1, func(x *analysis, c *call) ref { return x.textAs(c.args[0], d) }, str+"->valueOf("+d+")", str+"->copyValueOf("+d+")")
	}
	row(2, func(x *analysis, c *call) ref { return x.format(c.args[0], c.args[1]) }, str+"->format("+str+"["+object+")")
	row(3, func(x *analysis, c *call) ref { return x.format(c.args[1], c.args[2]) }, str+"->format(Ljava/util/Locale;"+str+"["+object+")")
	row(2, func(x *analysis, c *call) ref {
		l, ok := x.array(c.args[1])
		if !ok || len(l) > MaxParts {
			return unknown
		}
		var parts []ref
		for i, e := range l {
			if i > 0 {
				parts = append(parts, x.textOf(c.args[0]))
			}
			parts = append(parts, x.textAs(e, object))
		}
		return x.text(parts...)
	}, str+"->join("+charSeq+"["+charSeq+")", "Landroid/text/TextUtils;->join("+charSeq+"["+object+")")
	same := func(x *analysis, c *call) ref { return x.textOf(c.args[0]) }
	row(1, same, str+"->toString()", str+"->intern()", charSeq+"->toString()", object+"->toString()", "Ljava/util/Objects;->toString("+object+")")
	row(1, func(x *analysis, c *call) ref {
		return x.mapText(c.args[0], func(s string) string { return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }) })
	}, str+"->trim()")
	row(1, func(x *analysis, c *call) ref { return x.mapText(c.args[0], strings.ToLower) }, str+"->toLowerCase")
	row(1, func(x *analysis, c *call) ref { return x.mapText(c.args[0], strings.ToUpper) }, str+"->toUpperCase")
	row(2, func(x *analysis, c *call) ref { return x.slice(c.args[0], c.args[1], none) }, str+"->substring(I)")
	row(3, func(x *analysis, c *call) ref { return x.slice(c.args[0], c.args[1], c.args[2]) }, str+"->substring(II)")
	row(3, func(x *analysis, c *call) ref {
		return x.replaceText(c.args[0], x.textAs(c.args[1], "C"), x.textAs(c.args[2], "C"))
	}, str+"->replace(CC)")
	row(3, func(x *analysis, c *call) ref {
		return x.replaceText(c.args[0], x.textOf(c.args[1]), x.textOf(c.args[2]))
	}, str+"->replace("+charSeq+charSeq+")")
	row(1, func(x *analysis, c *call) ref {
		s, ok := x.constText(c.args[0])
		if !ok || len(s) > MaxElems {
			return unknown
		}
		return x.byteArray([]byte(s))
	}, str+"->getBytes")
	row(1, func(x *analysis, c *call) ref {
		s, ok := x.constText(c.args[0])
		if !ok || len(s) > MaxElems {
			return unknown
		}
		var l []ref
		for _, u := range utf16.Encode([]rune(s)) {
			l = append(l, x.int(int64(u)))
		}
		return x.node(Array, "", 0, l...)
	}, str+"->toCharArray()")

	// Numbers and their objects, which are taken to be the same.
	value := func(_ *analysis, c *call) ref { return c.args[0] }
	for _, k := range []struct{ class, prim, get string }{
		{"Integer", "I", "intValue"},
		{"Long", "J", "longValue"},
		{"Short", "S", "shortValue"},
		{"Byte", "B", "byteValue"},
		{"Character", "C", "charValue"},
		{"Boolean", "Z", "booleanValue"},
	} {
		d := "Ljava/lang/" + k.class + ";"
		row(1, value, d+"->valueOf("+k.prim+")", d+"->"+k.get+"()")
		row(1, func(x *analysis, c *call) ref { return x.textAs(c.args[0], k.prim) }, d+"->toString("+k.prim+")", d+"->toString()")
	}
	row(1, func(x *analysis, c *call) ref {
		s, ok := x.constText(c.args[0])
		if n, err := strconv.ParseInt(s, 10, 64); ok && err == nil {
			return x.int(n)
		}
		return unknown
	}, "Ljava/lang/Integer;->parseInt("+str+")", "Ljava/lang/Long;->parseLong("+str+")",
		"Ljava/lang/Integer;->valueOf("+str+")", "Ljava/lang/Long;->valueOf("+str+")")

	// Values that go through.
	row(1, value, "Ljava/util/Objects;->requireNonNull", "Ljava/util/Arrays;->asList", "Ljava/util/Collections;->singletonList",
		"Lcom/google/common/base/Preconditions;->checkNotNull", "Ldagger/internal/Preconditions;->checkNotNull")
	row(1, func(*analysis, *call) ref { return none }, "Lkotlin/jvm/internal/Intrinsics;->checkNotNull",
		"Lkotlin/jvm/internal/Intrinsics;->checkNotNullParameter", "Lkotlin/jvm/internal/Intrinsics;->checkParameterIsNotNull",
		"Lkotlin/jvm/internal/Intrinsics;->checkNotNullExpressionValue", "Lkotlin/jvm/internal/Intrinsics;->checkExpressionValueIsNotNull")
	row(2, func(x *analysis, c *call) ref { return x.text(x.textAs(c.args[0], str), x.textAs(c.args[1], object)) },
		"Lkotlin/jvm/internal/Intrinsics;->stringPlus("+str+object+")")

	// Addresses and paths: what counts is their text.
	row(1, same, uri+"->parse("+str+")", uri+"->toString()", "Ljava/net/URI;->create("+str+")", "Ljava/net/URI;->toString()",
		"Ljava/net/URL;->toString()", "Ljava/net/URL;->toExternalForm()", "Ljava/net/URI;->toURL()", "Ljava/net/URL;->toURI()",
		"Lokhttp3/HttpUrl;->parse("+str+")", "Lokhttp3/HttpUrl;->get("+str+")", file+"->toString()", file+"->getPath()",
		file+"->getAbsolutePath()", file+"->getAbsoluteFile()")
	path := func(x *analysis, a, b ref) ref {
		s, oka := x.constText(a)
		t, okb := x.constText(b)
		sep := "/"
		if oka && strings.HasSuffix(s, "/") || okb && strings.HasPrefix(t, "/") {
			sep = ""
		}
		return x.text(x.textOf(a), x.str(sep), x.textOf(b))
	}
	row(3, func(x *analysis, c *call) ref { x.become(c.args[0], path(x, c.args[1], c.args[2])); return none },
		file+"-><init>("+str+str+")", file+"-><init>("+file+str+")")
	row(2, func(x *analysis, c *call) ref { return path(x, c.args[0], c.args[1]) }, uri+"->withAppendedPath("+uri+str+")")

	// Encodings.
	decode := func(x *analysis, r ref) ref {
		s, ok := x.constText(r)
		if !ok {
			b, k := x.raw(r)
			s, ok = string(b), k
		}
		b, err := base64.RawStdEncoding.DecodeString(plainBase64(s))
		if !ok || err != nil || len(b) > MaxElems {
			return unknown
		}
		return x.byteArray(b)
	}
	row(1, func(x *analysis, c *call) ref { return decode(x, c.args[0]) }, "Landroid/util/Base64;->decode("+str+"I)", "Landroid/util/Base64;->decode([BI)")
	row(2, func(x *analysis, c *call) ref { return decode(x, c.args[1]) }, "Ljava/util/Base64$Decoder;->decode("+str+")", "Ljava/util/Base64$Decoder;->decode([B)")

	// Classes and reflection.
	byName := func(i int) func(x *analysis, c *call) ref {
		return func(x *analysis, c *call) ref {
			var l []ref
			for _, e := range x.leaves(c.args[i]) {
				v := unknown
				if s, ok := x.constText(e); ok && s != "" {
					v = x.classOf(named(s))
				}
				l = append(l, v)
			}
			return x.choice(l...)
		}
	}
	row(1, byName(0), class+"->forName")
	row(2, byName(1), "Ljava/lang/ClassLoader;->loadClass", "Ldalvik/system/DexClassLoader;->loadClass",
		"Ldalvik/system/PathClassLoader;->loadClass", "Ldalvik/system/BaseDexClassLoader;->loadClass")
	row(1, func(x *analysis, c *call) ref { return x.mapClass(c.args[0], dotted) }, class+"->getName()", class+"->getCanonicalName()")
	row(1, func(x *analysis, c *call) ref {
		return x.mapClass(c.args[0], func(d string) string {
			n := dotted(d)
			return n[strings.LastIndexAny(n, ".$")+1:]
		})
	}, class+"->getSimpleName()")
	row(1, func(x *analysis, c *call) ref {
		var l []ref
		for _, e := range x.leaves(c.args[0]) {
			switch n := x.get(e); n.kind {
			case Object, kindSite:
				l = append(l, x.classOf(n.s))
			case String, Concat:
				l = append(l, x.classOf(str))
			default:
				return x.node(Result, "", int64(c.method))
			}
		}
		return x.choice(l...)
	}, object+"->getClass()")
	member := func(kind Kind, name func(x *analysis, c *call) ref) func(x *analysis, c *call) ref {
		return func(x *analysis, c *call) ref {
			name, ok := x.constText(name(x, c))
			if !ok {
				return unknown
			}
			var l []ref
			for _, e := range x.leaves(c.args[0]) {
				d := ""
				if n := x.get(e); n.kind == Class {
					d = n.s
				}
				l = append(l, x.node(kind, d+"->"+name, 0))
			}
			return x.choice(l...)
		}
	}
	second := func(_ *analysis, c *call) ref { return c.args[1] }
	row(2, member(Method, second), class+"->getMethod", class+"->getDeclaredMethod")
	row(2, member(FieldVal, second), class+"->getField", class+"->getDeclaredField")
	row(1, member(Method, func(x *analysis, _ *call) ref { return x.str("<init>") }), class+"->getConstructor", class+"->getDeclaredConstructor")
	row(1, func(x *analysis, c *call) ref {
		if r, ok := x.one(c.args[0]); ok && x.get(r).kind == Method {
			return x.node(Result, x.get(r).s, 0)
		}
		return x.node(Result, "", int64(c.method))
	}, method+"->invoke")
	row(1, func(x *analysis, c *call) ref {
		r, ok := x.one(c.args[0])
		switch n := x.get(r); {
		case ok && n.kind == Class:
			return x.node(Object, n.s, 0)
		case ok && n.kind == Method:
			if d, is := strings.CutSuffix(n.s, "-><init>"); is && d != "" {
				return x.node(Object, d, 0)
			}
		}
		return x.node(Result, "", int64(c.method))
	}, class+"->newInstance()", "Ljava/lang/reflect/Constructor;->newInstance")
	t.rows[t.index[method+"->invoke"]-1].pure = false
	t.rows[t.index[class+"->newInstance()"]-1].pure = false
	return t
}

// named makes a descriptor of the name that Class.forName takes.
func named(s string) string {
	s = strings.ReplaceAll(s, ".", "/")
	if s[0] == '[' {
		return s
	}
	return "L" + s + ";"
}

// dotted is the reverse, as Class.getName gives it.
func dotted(d string) string {
	if strings.HasPrefix(d, "L") {
		d = strings.TrimSuffix(d[1:], ";")
	}
	return strings.ReplaceAll(d, "/", ".")
}

func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// plainBase64 drops line ends and padding and takes the alphabet of URLs.
func plainBase64(s string) string {
	if len(s) > 2*MaxElems {
		return "?"
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', ' ', '\t', '=':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, s)
}

// become puts a value in the place of an object that was made a moment ago.
func (x *analysis) become(obj, v ref) {
	if k := x.get(obj).kind; k == Object {
		x.replace(obj, v)
	}
}

// fillBuilder sets what a new StringBuilder holds.
func (x *analysis) fillBuilder(obj, text ref) {
	if n, ok := x.siteOf(obj); ok && isBuilder(n.s) {
		x.setContent(n.n, text)
	}
}

// eachBuilder changes what StringBuilders hold. If it may be one of several,
// each is changed or not.
func (x *analysis) eachBuilder(obj ref, fn func(old ref) ref) {
	l := x.leavesOfSite(obj)
	for _, r := range l {
		n := *x.get(r)
		if n.kind != kindSite || !isBuilder(n.s) {
			continue
		}
		old := x.content(n.n)
		v := fn(old)
		if len(l) > 1 {
			v = x.choice(old, v)
		}
		x.setContent(n.n, v)
	}
}

// constText returns the text that r is, if all of it is known.
func (x *analysis) constText(r ref) (string, bool) {
	r, ok := x.one(r)
	n := x.get(r)
	if ok && n.kind == kindSite && isBuilder(n.s) {
		r, ok = x.one(x.content(n.n))
		n = x.get(r)
	}
	return n.s, ok && n.kind == String
}

// textOf returns what r is as a part of text.
func (x *analysis) textOf(r ref) ref {
	switch n := x.get(r); n.kind {
	case OneOf:
		var l []ref
		for _, e := range n.elems {
			l = append(l, x.textOf(e))
		}
		return x.choice(l...)
	case None, Object:
		return unknown
	case Null:
		return x.str("null")
	case kindSite:
		if isBuilder(n.s) {
			return x.content(n.n)
		}
		return unknown
	}
	return r
}

// textAs returns the text of a value that is declared to be of type d.
func (x *analysis) textAs(r ref, d string) ref {
	convert := func(fn func(n int64) string) ref {
		var l []ref
		for _, e := range x.leaves(r) {
			switch n := x.get(e); n.kind {
			case Int:
				l = append(l, x.made(fn(n.n)))
			case None:
				l = append(l, unknown)
			default:
				l = append(l, x.textOf(e))
			}
		}
		return x.choice(l...)
	}
	switch d {
	case "Z":
		return convert(func(n int64) string { return strconv.FormatBool(n != 0) })
	case "C":
		return convert(func(n int64) string { return string(utf16.Decode([]uint16{uint16(n)})) })
	case "B", "S", "I", "J":
		return convert(func(n int64) string { return strconv.FormatInt(n, 10) })
	case "F", "D":
		return unknown
	case "[C":
		l, ok := x.array(r)
		if !ok {
			return unknown
		}
		units := make([]uint16, len(l))
		for i, e := range l {
			n, ok := x.number(e)
			if !ok {
				return unknown
			}
			units[i] = uint16(n)
		}
		return x.made(string(utf16.Decode(units)))
	}
	return x.textOf(r)
}

// mapText applies fn to text that is known, part by part, which is right for
// case; of text with gaps that is turned around nothing is known.
func (x *analysis) mapText(r ref, fn func(string) string) ref {
	var l []ref
	for _, e := range x.leaves(x.textOf(r)) {
		if n := x.get(e); n.kind == String {
			l = append(l, x.made(fn(n.s)))
		} else {
			l = append(l, unknown)
		}
	}
	return x.choice(l...)
}

// mapClass applies fn to the descriptor of a known class.
func (x *analysis) mapClass(r ref, fn func(string) string) ref {
	var l []ref
	for _, e := range x.leaves(r) {
		if n := x.get(e); n.kind == Class {
			l = append(l, x.made(fn(n.s)))
		} else {
			l = append(l, unknown)
		}
	}
	return x.choice(l...)
}

// slice cuts ASCII text between two positions; to may be none.
func (x *analysis) slice(r, from, to ref) ref {
	s, ok := x.constText(r)
	a, ok2 := x.number(from)
	b, ok3 := int64(len(s)), true
	if to != none {
		b, ok3 = x.number(to)
	}
	if !ok || !ok2 || !ok3 || a < 0 || a > b || b > int64(len(s)) || !isASCII(s) {
		return unknown
	}
	return x.made(s[a:b])
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func (x *analysis) replaceText(r, from, to ref) ref {
	a, ok := x.constText(from)
	b, ok2 := x.constText(to)
	s, ok3 := x.constText(r)
	if !ok || !ok2 || !ok3 || a == "" || len(s)*(len(b)+1) > 16*MaxText {
		return unknown
	}
	return x.made(strings.ReplaceAll(s, a, b))
}

func lengthOf(x *analysis, c *call) ref {
	if s, ok := x.constText(c.args[0]); ok {
		return x.int(int64(len(utf16.Encode([]rune(s)))))
	}
	return unknown
}

// raw returns the bytes of an array of known bytes.
func (x *analysis) raw(r ref) ([]byte, bool) {
	l, ok := x.array(r)
	if !ok {
		return nil, false
	}
	b := make([]byte, len(l))
	for i, e := range l {
		n, ok := x.number(e)
		if !ok {
			return nil, false
		}
		b[i] = byte(n)
	}
	return b, true
}

func (x *analysis) byteArray(b []byte) ref {
	l := make([]ref, len(b))
	for i, c := range b {
		l[i] = x.int(int64(int8(c)))
	}
	return x.node(Array, "", 0, l...)
}

// bytesText returns the text that an array of known bytes is in UTF-8.
func (x *analysis) bytesText(r ref) ref {
	b, ok := x.raw(r)
	if !ok {
		return unknown
	}
	return x.made(strings.ToValidUTF8(string(b), "\ufffd"))
}

// format does what String.format does with %s and %d without width; a text
// with other directives is not known behind the first of them.
func (x *analysis) format(layout, list ref) ref {
	s, ok := x.constText(layout)
	args, ok2 := x.array(list)
	if !ok {
		return unknown
	}
	var parts []ref
	for next := 0; len(parts) < 4*MaxParts; {
		i := strings.IndexByte(s, '%')
		if i < 0 || i+1 == len(s) {
			return x.text(append(parts, x.made(s))...)
		}
		parts = append(parts, x.made(s[:i]))
		verb := s[i+1]
		s = s[i+2:]
		switch {
		case verb == '%':
			parts = append(parts, x.str("%"))
		case verb == 'n':
			parts = append(parts, x.str("\n"))
		case (verb == 's' || verb == 'd') && ok2 && next < len(args):
			parts = append(parts, x.textAs(args[next], "I"))
			next++
		default: // a width, a position: skip to its letter
			j := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
			if isLetter := verb >= 'A' && verb <= 'Z' || verb >= 'a' && verb <= 'z'; !isLetter && j >= 0 {
				s = s[j+1:]
			}
			parts = append(parts, unknown)
			next++
		}
	}
	return x.text(append(parts, unknown)...)
}
