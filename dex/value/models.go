package value

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// What is known of methods outside the app, as rows of data. A row's function
// gets the arguments and returns the result; it changes nothing but what sites
// hold. Members are those of the public Java and Android API documentation.

type model struct {
	name string // Lc;->m, or with the parameters: Lc;->m(I)
	args int    // fewer arguments are not this method
	fn   func(x *Analysis, c *call) ref
}

// modelTable is all rows, found by their name, counted from 1, and the classes
// that rows speak of.
type modelTable struct {
	rows    []model
	index   map[string]uint16
	classes map[string]bool
}

func newModelTable() *modelTable {
	t := &modelTable{index: map[string]uint16{}, classes: map[string]bool{}}
	row := func(args int, fn func(x *Analysis, c *call) ref, names ...string) {
		for _, n := range names {
			t.rows = append(t.rows, model{n, args, fn})
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
		builder = "Ljava/lang/StringBuilder;"
		buffer  = "Ljava/lang/StringBuffer;"
		charSeq = "Ljava/lang/CharSequence;"
	)

	// Text that grows.
	for _, b := range []string{builder, buffer} {
		row(1, func(x *Analysis, c *call) ref { x.fillBuilder(c.args[0], x.str("")); return none }, b+"-><init>()", b+"-><init>(I)")
		row(2, func(x *Analysis, c *call) ref {
			x.fillBuilder(c.args[0], x.textOf(c.args[1]))
			return none
		}, b+"-><init>("+str+")", b+"-><init>("+charSeq+")")
		for _, d := range []string{str, object, charSeq, buffer, "Z", "C", "I", "J", "F", "D", "[C"} {
			row(2, func(x *Analysis, c *call) ref {
				add := x.textAs(c.args[1], d)
				x.eachBuilder(c.args[0], func(old ref) ref { return x.text(old, add) })
				return c.args[0]
			}, b+"->append("+d+")")
			row(3, func(x *Analysis, c *call) ref {
				add := x.textAs(c.args[2], d)
				at, ok := x.number(c.args[1])
				x.eachBuilder(c.args[0], func(old ref) ref {
					if ok && at == 0 {
						return x.text(add, old)
					}
					if s, k := x.constText(old); ok && k && at > 0 && at <= int64(utf16Len(s)) {
						head, tail := cut16(s, int(at))
						return x.text(x.made(head), add, x.made(tail))
					}
					return unknown
				})
				return c.args[0]
			}, b+"->insert(I"+d+")")
		}
		row(2, func(x *Analysis, c *call) ref {
			x.eachBuilder(c.args[0], func(old ref) ref {
				r := rune(0)
				n, ok := x.number(c.args[1])
				if ok && n >= 0 && n <= unicode.MaxRune {
					r = rune(n)
					return x.text(old, x.made(string(r)))
				}
				return x.text(old, unknown)
			})
			return c.args[0]
		}, b+"->appendCodePoint(I)")
		row(4, func(x *Analysis, c *call) ref {
			add := x.slice(x.textOf(c.args[1]), c.args[2], c.args[3])
			x.eachBuilder(c.args[0], func(old ref) ref { return x.text(old, add) })
			return c.args[0]
		}, b+"->append("+charSeq+"II)")
		row(1, func(x *Analysis, c *call) ref { return x.textOf(c.args[0]) }, b+"->toString()")
		row(1, func(x *Analysis, c *call) ref {
			x.eachBuilder(c.args[0], func(old ref) ref { return x.mapText(old, reverse) })
			return c.args[0]
		}, b+"->reverse()")
		row(2, func(x *Analysis, c *call) ref {
			x.eachBuilder(c.args[0], func(old ref) ref { return x.slice(old, x.int(0), c.args[1]) })
			return none
		}, b+"->setLength(I)")
		row(2, func(x *Analysis, c *call) ref {
			x.eachBuilder(c.args[0], func(old ref) ref {
				s, ok := x.constText(old)
				n, ok2 := x.number(c.args[1])
				if !ok || !ok2 || n < 0 || n >= int64(utf16Len(s)) {
					return unknown
				}
				head, tail := cut16(s, int(n))
				_, tail = cut16(tail, 1)
				return x.made(head + tail)
			})
			return c.args[0]
		}, b+"->deleteCharAt(I)")
		row(1, func(x *Analysis, c *call) ref {
			x.eachBuilder(c.args[0], func(ref) ref { return unknown })
			return c.args[0]
		}, b+"->delete", b+"->replace", b+"->setCharAt", b+"->append([CII)")
		row(1, lengthOf, b+"->length()")
		row(2, charAt, b+"->charAt(I)")
	}

	// Text.
	row(2, func(x *Analysis, c *call) ref {
		x.become(c.args[0], x.textOf(c.args[1]))
		return none
	}, str+"-><init>("+str+")", str+"-><init>("+builder+")", str+"-><init>("+buffer+")")
	row(2, func(x *Analysis, c *call) ref {
		x.become(c.args[0], x.bytes(c.args[1]))
		return none
	}, str+"-><init>([B)", str+"-><init>([B"+str+")", str+"-><init>([BLjava/nio/charset/Charset;)")
	row(2, func(x *Analysis, c *call) ref {
		x.become(c.args[0], x.textAs(c.args[1], "[C"))
		return none
	}, str+"-><init>([C)")
	row(4, func(x *Analysis, c *call) ref {
		x.become(c.args[0], x.slice(x.textAs(c.args[1], "[C"), c.args[2], x.sum(c.args[2], c.args[3])))
		return none
	}, str+"-><init>([CII)")
	row(1, func(x *Analysis, c *call) ref { x.become(c.args[0], x.str("")); return none }, str+"-><init>()")
	row(2, func(x *Analysis, c *call) ref { return x.text(x.textOf(c.args[0]), x.textOf(c.args[1])) }, str+"->concat("+str+")")
	for _, d := range []string{object, "Z", "C", "I", "J", "F", "D", "[C"} {
		row(1, func(x *Analysis, c *call) ref { return x.textAs(c.args[0], d) }, str+"->valueOf("+d+")", str+"->copyValueOf("+d+")")
	}
	row(2, func(x *Analysis, c *call) ref { return x.format(c.args[0], c.args[1]) }, str+"->format("+str+"["+object+")")
	row(3, func(x *Analysis, c *call) ref { return x.format(c.args[1], c.args[2]) }, str+"->format(Ljava/util/Locale;"+str+"["+object+")")
	row(2, func(x *Analysis, c *call) ref {
		if l, ok := x.array(c.args[1]); ok && len(l) <= MaxParts {
			var parts []ref
			for i, e := range l {
				if i > 0 {
					parts = append(parts, x.textOf(c.args[0]))
				}
				parts = append(parts, x.textAs(e, object))
			}
			return x.text(parts...)
		}
		return unknown
	}, str+"->join("+charSeq+"["+charSeq+")", "Landroid/text/TextUtils;->join("+charSeq+"["+object+")")
	same := func(x *Analysis, c *call) ref { return x.textOf(c.args[0]) }
	row(1, same, str+"->toString()", str+"->intern()", charSeq+"->toString()", object+"->toString()",
		"Ljava/util/Objects;->toString("+object+")")
	row(1, func(x *Analysis, c *call) ref {
		return x.mapText(c.args[0], func(s string) string {
			return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
		})
	}, str+"->trim()", str+"->strip()")
	row(1, func(x *Analysis, c *call) ref { return x.mapText(c.args[0], strings.ToLower) }, str+"->toLowerCase")
	row(1, func(x *Analysis, c *call) ref { return x.mapText(c.args[0], strings.ToUpper) }, str+"->toUpperCase")
	row(2, func(x *Analysis, c *call) ref { return x.slice(c.args[0], c.args[1], none) }, str+"->substring(I)")
	row(3, func(x *Analysis, c *call) ref { return x.slice(c.args[0], c.args[1], c.args[2]) }, str+"->substring(II)", str+"->subSequence(II)")
	row(3, func(x *Analysis, c *call) ref {
		return x.replace(c.args[0], x.textAs(c.args[1], "C"), x.textAs(c.args[2], "C"))
	}, str+"->replace(CC)")
	row(3, func(x *Analysis, c *call) ref { return x.replace(c.args[0], x.textOf(c.args[1]), x.textOf(c.args[2])) }, str+"->replace("+charSeq+charSeq+")")
	row(1, lengthOf, str+"->length()")
	row(2, charAt, str+"->charAt(I)")
	row(1, func(x *Analysis, c *call) ref {
		if s, ok := x.constText(c.args[0]); ok && len(s) <= MaxElems {
			var l []ref
			for i := range len(s) {
				l = append(l, x.int(int64(int8(s[i]))))
			}
			return x.node(Array, "", 0, l...)
		}
		return unknown
	}, str+"->getBytes")
	row(1, func(x *Analysis, c *call) ref {
		if s, ok := x.constText(c.args[0]); ok && len(s) <= MaxElems {
			var l []ref
			for _, u := range utf16.Encode([]rune(s)) {
				l = append(l, x.int(int64(u)))
			}
			return x.node(Array, "", 0, l...)
		}
		return unknown
	}, str+"->toCharArray()")

	// Numbers and their objects, which are taken to be the same.
	value := func(x *Analysis, c *call) ref { return c.args[0] }
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
		row(1, func(x *Analysis, c *call) ref { return x.textAs(c.args[0], k.prim) }, d+"->toString("+k.prim+")", d+"->toString()")
	}
	row(1, value, "Ljava/lang/Integer;->longValue()", "Ljava/lang/Integer;->byteValue()", "Ljava/lang/Integer;->shortValue()",
		"Ljava/lang/Number;->intValue()", "Ljava/lang/Number;->longValue()")
	parse := func(x *Analysis, c *call) ref {
		s, ok := x.constText(c.args[0])
		base := int64(10)
		if len(c.args) > 1 {
			if base, ok = x.number(c.args[1]); base < 2 || base > 36 {
				return unknown
			}
		}
		if n, err := strconv.ParseInt(s, int(base), 64); ok && err == nil {
			return x.int(n)
		}
		return unknown
	}
	row(1, parse, "Ljava/lang/Integer;->parseInt", "Ljava/lang/Long;->parseLong", "Ljava/lang/Integer;->valueOf("+str+")", "Ljava/lang/Long;->valueOf("+str+")",
		"Ljava/lang/Integer;->valueOf("+str+"I)")
	row(1, func(x *Analysis, c *call) ref {
		if n, ok := x.number(c.args[0]); ok {
			return x.made(strconv.FormatUint(uint64(uint32(n)), 16))
		}
		return unknown
	}, "Ljava/lang/Integer;->toHexString(I)")

	// Values that go through.
	row(1, value, "Ljava/util/Objects;->requireNonNull", "Ljava/util/Arrays;->asList", "Ljava/util/Arrays;->copyOf(["+object+"I)",
		"Ljava/util/Collections;->singletonList", "Ljava/util/Optional;->of", "Landroid/text/TextUtils;->stringOrSpannedString",
		"Lcom/google/common/base/Preconditions;->checkNotNull", "Ldagger/internal/Preconditions;->checkNotNull",
		"Lkotlin/jvm/internal/Intrinsics;->requireNotNull")
	row(2, func(x *Analysis, c *call) ref {
		return x.text(x.textAs(c.args[0], object), x.textAs(c.args[1], object))
	}, "Lkotlin/jvm/internal/Intrinsics;->stringPlus("+str+object+")")
	row(5, func(x *Analysis, c *call) ref {
		s, ok := x.siteOf(c.args[2])
		if !ok {
			return none
		}
		dst, ok := x.array(s)
		src, ok2 := x.array(c.args[0])
		from, ok3 := x.number(c.args[1])
		at, ok4 := x.number(c.args[3])
		n, ok5 := x.number(c.args[4])
		if !ok || !ok2 || !ok3 || !ok4 || !ok5 || min(from, at, n) < 0 || max(from, at, n) > MaxElems ||
			from+n > int64(len(src)) || at+n > int64(len(dst)) {
			x.setContent(x.get(s).n, unknown)
			return none
		}
		l := append([]ref(nil), dst...)
		copy(l[at:at+n], append([]ref(nil), src[from:from+n]...))
		x.setContent(x.get(s).n, x.node(Array, "", 0, l...))
		return none
	}, "Ljava/lang/System;->arraycopy")
	row(1, func(x *Analysis, c *call) ref {
		if s, ok := x.siteOf(c.args[0]); ok {
			x.setContent(x.get(s).n, unknown)
		}
		return none
	}, "Ljava/util/Arrays;->fill", "Ljava/util/Arrays;->sort")

	// Addresses and paths: what counts is their text.
	row(1, same, uri+"->parse("+str+")", uri+"->toString()", "Ljava/net/URI;->create("+str+")", "Ljava/net/URI;->toString()", "Ljava/net/URL;->toString()",
		"Ljava/net/URL;->toExternalForm()", "Ljava/net/URI;->toURL()", "Ljava/net/URL;->toURI()", "Lokhttp3/HttpUrl;->parse("+str+")", "Lokhttp3/HttpUrl;->get("+str+")",
		file+"->toString()", file+"->getPath()", file+"->getAbsolutePath()", file+"->getAbsoluteFile()", uri+"->normalizeScheme()")
	row(2, func(x *Analysis, c *call) ref {
		x.become(c.args[0], x.textOf(c.args[1]))
		return none
	}, "Ljava/net/URL;-><init>("+str+")", "Ljava/net/URI;-><init>("+str+")", file+"-><init>("+str+")")
	row(4, func(x *Analysis, c *call) ref {
		host := []ref{x.textOf(c.args[1]), x.str("://"), x.textOf(c.args[2])}
		if len(c.args) > 4 {
			host = append(host, x.str(":"), x.textAs(c.args[3], "I"))
		}
		x.become(c.args[0], x.text(append(host, x.textOf(c.args[len(c.args)-1]))...))
		return none
	}, "Ljava/net/URL;-><init>("+str+str+str+")", "Ljava/net/URL;-><init>("+str+str+"I"+str+")")
	path := func(x *Analysis, a, b ref) ref {
		sep := x.str("/")
		if s, ok := x.constText(a); ok && strings.HasSuffix(s, "/") {
			sep = x.str("")
		}
		if s, ok := x.constText(b); ok && strings.HasPrefix(s, "/") {
			sep = x.str("")
		}
		return x.text(x.textOf(a), sep, x.textOf(b))
	}
	row(3, func(x *Analysis, c *call) ref {
		x.become(c.args[0], path(x, c.args[1], c.args[2]))
		return none
	}, file+"-><init>("+str+str+")", file+"-><init>("+file+str+")")
	row(2, func(x *Analysis, c *call) ref { return path(x, c.args[0], c.args[1]) }, uri+"->withAppendedPath("+uri+str+")")
	row(1, func(x *Analysis, c *call) ref { return x.mapText(c.args[0], uriEncode) }, uri+"->encode("+str+")")
	row(1, func(x *Analysis, c *call) ref { return x.mapText(c.args[0], url.QueryEscape) }, "Ljava/net/URLEncoder;->encode")
	row(1, func(x *Analysis, c *call) ref {
		return x.mapText(c.args[0], func(s string) string {
			if d, err := url.PathUnescape(s); err == nil {
				return d
			}
			return s
		})
	}, uri+"->decode("+str+")")

	const uriBuilder = "Landroid/net/Uri$Builder;"
	row(1, func(x *Analysis, c *call) ref { x.fillBuilder(c.args[0], x.str("")); return none }, uriBuilder+"-><init>()")
	part := func(add func(x *Analysis, c *call, old ref) ref) func(x *Analysis, c *call) ref {
		return func(x *Analysis, c *call) ref {
			if _, ok := x.siteOf(c.args[0]); ok {
				x.eachBuilder(c.args[0], func(old ref) ref { return add(x, c, old) })
				return c.args[0]
			}
			return add(x, c, x.textOf(c.args[0]))
		}
	}
	row(2, part(func(x *Analysis, c *call, old ref) ref { return x.text(x.textOf(c.args[1]), x.str("://"), old) }), uriBuilder+"->scheme")
	row(2, part(func(x *Analysis, c *call, old ref) ref { return x.text(old, x.textOf(c.args[1])) }), uriBuilder+"->authority", uriBuilder+"->encodedAuthority")
	row(2, part(func(x *Analysis, c *call, old ref) ref { return path(x, old, c.args[1]) }), uriBuilder+"->path", uriBuilder+"->encodedPath",
		uriBuilder+"->appendPath", uriBuilder+"->appendEncodedPath")
	row(3, part(func(x *Analysis, c *call, old ref) ref {
		sep := "?"
		if x.mentions(old, "?") {
			sep = "&"
		}
		return x.text(old, x.str(sep), x.textOf(c.args[1]), x.str("="), x.textOf(c.args[2]))
	}), uriBuilder+"->appendQueryParameter")
	row(2, part(func(x *Analysis, _ *call, old ref) ref { return x.text(old, unknown) }), uriBuilder+"->query", uriBuilder+"->encodedQuery", uriBuilder+"->fragment",
		uriBuilder+"->opaquePart")
	row(1, same, uriBuilder+"->build()", uriBuilder+"->toString()", uri+"->buildUpon()")

	// Encodings.
	decode := func(x *Analysis, r ref) ref {
		s, ok := x.constText(r)
		if !ok {
			if b, k := x.raw(r); k {
				s, ok = string(b), true
			}
		}
		if !ok || len(s) > 2*MaxElems {
			return unknown
		}
		s = strings.Map(func(r rune) rune {
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
		b, err := base64.RawStdEncoding.DecodeString(s)
		if err != nil || len(b) > MaxElems {
			return unknown
		}
		l := make([]ref, len(b))
		for i, c := range b {
			l[i] = x.int(int64(int8(c)))
		}
		return x.node(Array, "", 0, l...)
	}
	row(1, func(x *Analysis, c *call) ref { return decode(x, c.args[0]) }, "Landroid/util/Base64;->decode("+str+"I)", "Landroid/util/Base64;->decode([BI)")
	row(2, func(x *Analysis, c *call) ref { return decode(x, c.args[1]) }, "Ljava/util/Base64$Decoder;->decode("+str+")", "Ljava/util/Base64$Decoder;->decode([B)")
	row(1, func(x *Analysis, c *call) ref {
		if b, ok := x.raw(c.args[0]); ok {
			return x.made(base64.StdEncoding.EncodeToString(b))
		}
		return unknown
	}, "Landroid/util/Base64;->encodeToString([BI)")

	// Classes and reflection.
	byName := func(i int) func(x *Analysis, c *call) ref {
		return func(x *Analysis, c *call) ref {
			l, ok := x.leaves(c.args[i])
			if !ok {
				return unknown
			}
			for j, e := range l {
				l[j] = unknown
				if s, ok := x.constText(e); ok && s != "" {
					l[j] = x.node(Class, classDescriptor(s), 0)
				}
			}
			return x.choice(l...)
		}
	}
	row(1, byName(0), class+"->forName")
	row(2, byName(1), "Ljava/lang/ClassLoader;->loadClass", "Ldalvik/system/DexClassLoader;->loadClass", "Ldalvik/system/PathClassLoader;->loadClass",
		"Ldalvik/system/BaseDexClassLoader;->loadClass")
	row(1, func(x *Analysis, c *call) ref { return x.mapClass(c.args[0], className) }, class+"->getName()", class+"->getCanonicalName()", class+"->getTypeName()")
	row(1, func(x *Analysis, c *call) ref {
		return x.mapClass(c.args[0], func(d string) string {
			n := className(d)
			return n[strings.LastIndexAny(n, ".$")+1:]
		})
	}, class+"->getSimpleName()")
	row(1, func(x *Analysis, c *call) ref {
		l, ok := x.leaves(c.args[0])
		for i, e := range l {
			d := x.declared(e)
			if d == "" || d == object {
				ok = false
				break
			}
			l[i] = x.node(Class, d, 0)
		}
		if !ok {
			return x.node(Result, "", int64(c.index))
		}
		return x.choice(l...)
	}, object+"->getClass()")
	member := func(kind Kind, name func(x *Analysis, c *call) ref) func(x *Analysis, c *call) ref {
		return func(x *Analysis, c *call) ref {
			name, ok := x.constText(name(x, c))
			if !ok {
				return unknown
			}
			l, ok := x.leaves(c.args[0])
			if !ok {
				return x.node(kind, "->"+name, 0)
			}
			for i, e := range l {
				d := ""
				if n := x.get(e); n.kind == Class {
					d = n.s
				}
				l[i] = x.node(kind, d+"->"+name, 0)
			}
			return x.choice(l...)
		}
	}
	second := func(_ *Analysis, c *call) ref { return c.args[1] }
	row(2, member(Method, second), class+"->getMethod", class+"->getDeclaredMethod")
	row(2, member(Field, second), class+"->getField", class+"->getDeclaredField")
	row(1, member(Method, func(x *Analysis, _ *call) ref { return x.str("<init>") }), class+"->getConstructor", class+"->getDeclaredConstructor")
	row(1, func(x *Analysis, c *call) ref {
		if r, ok := x.one(c.args[0]); ok && x.get(r).kind == Method {
			return x.node(Result, x.get(r).s, 0)
		}
		return x.node(Result, "", int64(c.index))
	}, "Ljava/lang/reflect/Method;->invoke")
	row(1, func(x *Analysis, c *call) ref {
		r, ok := x.one(c.args[0])
		if n := x.get(r); ok && n.kind == Class {
			return x.node(Object, n.s, 0)
		} else if d, is := strings.CutSuffix(n.s, "-><init>"); ok && n.kind == Method && is && d != "" {
			return x.node(Object, d, 0)
		}
		return x.node(Result, "", int64(c.index))
	}, class+"->newInstance()", "Ljava/lang/reflect/Constructor;->newInstance")

	// What a name stands for.
	row(2, func(x *Analysis, c *call) ref {
		if r, ok := x.one(c.args[1]); ok {
			switch n := x.get(r); n.kind {
			case String:
				if d := services[n.s]; d != "" {
					return x.node(Object, d, 0)
				}
			case Class:
				return x.node(Object, n.s, 0)
			}
		}
		return x.node(Result, "", int64(c.index))
	}, append(on("->getSystemService("+str+")", contexts...), on("->getSystemService("+class+")", contexts...)...)...)

	// What looks up a resource says which one.
	resource := func(x *Analysis, c *call) ref { return x.node(Result, "", int64(c.index), c.args[1]) }
	for _, m := range []string{"->getString(I)", "->getText(I)", "->getString(I[" + object + ")"} {
		row(2, resource, on(m, contexts...)...)
		row(2, resource, on(m, "Landroid/content/res/Resources;", "Landroid/app/Fragment;")...)
	}
	row(2, resource, "Landroid/content/res/Resources;->getStringArray(I)", "Landroid/content/res/Resources;->getInteger(I)", "Landroid/content/res/Resources;->getBoolean(I)",
		"Landroid/content/res/Resources;->openRawResource(I)")
	return t
}

// contexts are the classes that apps call methods of Context by.
var contexts = []string{
	"Landroid/content/Context;", "Landroid/content/ContextWrapper;", "Landroid/app/Activity;", "Landroid/app/Application;", "Landroid/app/Service;",
	"Landroid/view/ContextThemeWrapper;", "Landroid/app/IntentService;",
}

// on returns the names of a method in several classes.
func on(method string, classes ...string) (names []string) {
	for _, c := range classes {
		names = append(names, c+method)
	}
	return names
}

// services are what Context.getSystemService returns, by name (the _SERVICE
// constants of android.content.Context).
var services = map[string]string{
	"accessibility": "Landroid/view/accessibility/AccessibilityManager;", "account": "Landroid/accounts/AccountManager;",
	"activity": "Landroid/app/ActivityManager;", "alarm": "Landroid/app/AlarmManager;", "appops": "Landroid/app/AppOpsManager;",
	"appwidget": "Landroid/appwidget/AppWidgetManager;", "audio": "Landroid/media/AudioManager;", "autofill": "Landroid/view/autofill/AutofillManager;",
	"batterymanager": "Landroid/os/BatteryManager;", "bluetooth": "Landroid/bluetooth/BluetoothManager;",
	"camera": "Landroid/hardware/camera2/CameraManager;", "carrier_config": "Landroid/telephony/CarrierConfigManager;",
	"clipboard": "Landroid/content/ClipboardManager;", "companiondevice": "Landroid/companion/CompanionDeviceManager;",
	"connectivity": "Landroid/net/ConnectivityManager;", "device_policy": "Landroid/app/admin/DevicePolicyManager;",
	"display": "Landroid/hardware/display/DisplayManager;", "download": "Landroid/app/DownloadManager;", "dropbox": "Landroid/os/DropBoxManager;",
	"euicc": "Landroid/telephony/euicc/EuiccManager;", "fingerprint": "Landroid/hardware/fingerprint/FingerprintManager;",
	"input": "Landroid/hardware/input/InputManager;", "input_method": "Landroid/view/inputmethod/InputMethodManager;",
	"jobscheduler": "Landroid/app/job/JobScheduler;", "keyguard": "Landroid/app/KeyguardManager;", "launcherapps": "Landroid/content/pm/LauncherApps;",
	"layout_inflater": "Landroid/view/LayoutInflater;", "location": "Landroid/location/LocationManager;",
	"media_projection": "Landroid/media/projection/MediaProjectionManager;", "media_router": "Landroid/media/MediaRouter;",
	"media_session": "Landroid/media/session/MediaSessionManager;", "netstats": "Landroid/app/usage/NetworkStatsManager;", "nfc": "Landroid/nfc/NfcManager;",
	"notification": "Landroid/app/NotificationManager;", "phone": "Landroid/telephony/TelephonyManager;", "power": "Landroid/os/PowerManager;",
	"print": "Landroid/print/PrintManager;", "role": "Landroid/app/role/RoleManager;", "search": "Landroid/app/SearchManager;",
	"sensor": "Landroid/hardware/SensorManager;", "servicediscovery": "Landroid/net/nsd/NsdManager;", "shortcut": "Landroid/content/pm/ShortcutManager;",
	"storage": "Landroid/os/storage/StorageManager;", "storagestats": "Landroid/app/usage/StorageStatsManager;",
	"telecom": "Landroid/telecom/TelecomManager;", "telephony_subscription_service": "Landroid/telephony/SubscriptionManager;",
	"uimode": "Landroid/app/UiModeManager;", "usagestats": "Landroid/app/usage/UsageStatsManager;", "usb": "Landroid/hardware/usb/UsbManager;",
	"user": "Landroid/os/UserManager;", "vibrator": "Landroid/os/Vibrator;", "wallpaper": "Landroid/app/WallpaperManager;",
	"wifi": "Landroid/net/wifi/WifiManager;", "wifip2p": "Landroid/net/wifi/p2p/WifiP2pManager;", "window": "Landroid/view/WindowManager;",
}

// constants are static fields of the framework that never change but are not
// compiled into the code that reads them.
var constants = map[string]Value{
	"Ljava/io/File;->separator:Ljava/lang/String;":     {Kind: String, S: "/"},
	"Ljava/io/File;->separatorChar:C":                  {Kind: Int, N: '/'},
	"Ljava/io/File;->pathSeparator:Ljava/lang/String;": {Kind: String, S: ":"},
	"Landroid/net/Uri;->EMPTY:Landroid/net/Uri;":       {Kind: String},
}

// primitives are the classes that stand in the TYPE fields of java.lang.
var primitives = map[string]string{
	"Ljava/lang/Boolean;": "Z", "Ljava/lang/Byte;": "B", "Ljava/lang/Short;": "S", "Ljava/lang/Character;": "C", "Ljava/lang/Integer;": "I",
	"Ljava/lang/Long;": "J", "Ljava/lang/Float;": "F", "Ljava/lang/Double;": "D", "Ljava/lang/Void;": "V",
}

// become puts a value in the place of an object that was made a moment ago.
func (x *Analysis) become(obj, v ref) {
	r, ok := x.one(obj)
	if k := x.get(r).kind; !ok || k != Object && k != kindSite {
		return
	}
	for i := range x.regs {
		if x.cur[i] == r {
			x.put(i, v)
		}
	}
}

// fillBuilder sets what a new StringBuilder holds.
func (x *Analysis) fillBuilder(obj, text ref) {
	if r, ok := x.siteOf(obj); ok && isBuilder(x.get(r).s) {
		x.setContent(x.get(r).n, text)
	}
}

// declared returns the class that an object is known or declared to be of, ""
// if it is none.
func (x *Analysis) declared(r ref) string {
	d := ""
	switch n := x.get(r); n.kind {
	case Object, kindSite:
		d = n.s
	case String, Concat:
		d = "Ljava/lang/String;"
	case Param:
		if n.n < int64(len(x.params)) {
			d = x.params[n.n]
		}
	case kindField:
		d = x.f.Type(x.f.Field(uint32(n.n)).Type)
	case kindCall, Result:
		if n.s == "" {
			p := x.f.ProtoString(x.f.Method(uint32(n.n)).Proto)
			d = p[strings.IndexByte(p, ')')+1:]
		}
	}
	if !strings.HasPrefix(d, "L") {
		return ""
	}
	return d
}

// eachBuilder changes what StringBuilders hold. If it may be one of several,
// each is changed or not.
func (x *Analysis) eachBuilder(obj ref, fn func(old ref) ref) {
	l, ok := x.near(obj)
	for _, r := range l {
		n := x.get(r)
		if n.kind != kindSite || !isBuilder(n.s) {
			continue
		}
		site, old := n.n, x.content(n.n)
		v := fn(old)
		if len(l) > 1 || !ok {
			v = x.choice(old, v)
		}
		x.setContent(site, v)
	}
}

// mentions reports whether a known part of a text holds s.
func (x *Analysis) mentions(r ref, s string) bool {
	n := x.get(r)
	if n.kind == String {
		return strings.Contains(n.s, s)
	}
	for _, e := range n.elems {
		if p := x.get(e); p.kind == String && strings.Contains(p.s, s) {
			return true
		}
	}
	return false
}

// constText returns the text that r is, if all of it is known.
func (x *Analysis) constText(r ref) (string, bool) {
	r, ok := x.one(r)
	if !ok {
		return "", false
	}
	n := x.get(r)
	if n.kind == kindSite && isBuilder(n.s) {
		if r, ok = x.one(x.content(n.n)); !ok {
			return "", false
		}
		n = x.get(r)
	}
	return n.s, n.kind == String && len(n.s) <= MaxText
}

// mapText applies fn to text that is known; of text with gaps nothing is.
func (x *Analysis) mapText(r ref, fn func(string) string) ref {
	r = x.textOf(r)
	l, ok := x.leaves(r)
	if !ok {
		return unknown
	}
	for i, e := range l {
		switch n := x.get(e); n.kind {
		case String:
			if l[i] = unknown; len(n.s) <= MaxText {
				l[i] = x.made(fn(n.s))
			}
		case Concat:
			// Parts are changed one by one, which is right for case and encoding.
			parts := make([]ref, len(n.elems))
			for j, p := range n.elems {
				parts[j] = p
				if s, ok := x.constText(p); ok {
					parts[j] = x.made(fn(s))
				} else if x.get(p).kind == String {
					parts[j] = unknown
				}
			}
			l[i] = x.text(parts...)
		}
	}
	return x.choice(l...)
}

// mapClass applies fn to the descriptor of a known class.
func (x *Analysis) mapClass(r ref, fn func(string) string) ref {
	l, ok := x.leaves(r)
	if !ok {
		return unknown
	}
	for i, e := range l {
		if n := x.get(e); n.kind == Class {
			l[i] = x.made(fn(n.s))
		} else {
			l[i] = unknown
		}
	}
	return x.choice(l...)
}

// slice cuts text between two positions in UTF-16 units; to may be none.
func (x *Analysis) slice(r, from, to ref) ref {
	a, ok := x.number(from)
	b := int64(-1)
	if to != none {
		var ok2 bool
		b, ok2 = x.number(to)
		ok = ok && ok2
	}
	if !ok {
		return unknown
	}
	if a == 0 && to == none {
		return x.textOf(r)
	}
	s, ok := x.constText(r)
	n := int64(utf16Len(s))
	if b < 0 {
		b = n
	}
	if !ok || a < 0 || a > b || b > n {
		return unknown
	}
	_, s = cut16(s, int(a))
	s, _ = cut16(s, int(b-a))
	return x.made(s)
}

func (x *Analysis) sum(a, b ref) ref {
	m, ok := x.number(a)
	n, ok2 := x.number(b)
	if !ok || !ok2 {
		return unknown
	}
	return x.int(m + n)
}

func (x *Analysis) replace(r, from, to ref) ref {
	a, ok := x.constText(from)
	b, ok2 := x.constText(to)
	s, ok3 := x.constText(r)
	if !ok || !ok2 || !ok3 || a == "" || len(s)*(len(b)+1) > 16*MaxText {
		return unknown
	}
	return x.made(strings.ReplaceAll(s, a, b))
}

func lengthOf(x *Analysis, c *call) ref {
	if s, ok := x.constText(c.args[0]); ok {
		return x.int(int64(utf16Len(s)))
	}
	return unknown
}

func charAt(x *Analysis, c *call) ref {
	s, ok := x.constText(c.args[0])
	i, ok2 := x.number(c.args[1])
	if !ok || !ok2 || i < 0 || i >= int64(len(s)) {
		return unknown
	}
	if u := utf16.Encode([]rune(s)); i < int64(len(u)) {
		return x.int(int64(u[i]))
	}
	return unknown
}

// raw returns the bytes of an array of known bytes.
func (x *Analysis) raw(r ref) ([]byte, bool) {
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

// bytes returns the text that an array of known bytes is in UTF-8.
func (x *Analysis) bytes(r ref) ref {
	b, ok := x.raw(r)
	if !ok {
		return unknown
	}
	if !utf8.Valid(b) {
		b = []byte(strings.ToValidUTF8(string(b), "\ufffd"))
	}
	return x.made(string(b))
}

// chars returns the text of known UTF-16 units.
func (x *Analysis) chars(l []ref) ref {
	u := make([]uint16, len(l))
	for i, e := range l {
		n, ok := x.number(e)
		if !ok {
			return unknown
		}
		u[i] = uint16(n)
	}
	return x.made(string(utf16.Decode(u)))
}

// format follows the plain conversions of java.util.Formatter; what has flags
// or is not known becomes a gap.
func (x *Analysis) format(format, args ref) ref {
	f, ok := x.constText(format)
	if !ok {
		return unknown
	}
	l, known := x.array(args)
	var parts []ref
	next := 0
	for f != "" {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			parts = append(parts, x.str(f))
			break
		}
		parts = append(parts, x.str(f[:i]))
		if f = f[i+1:]; f == "" {
			break
		}
		if len(parts) > 2*MaxParts {
			parts = append(parts, unknown)
			break
		}
		// An argument's position, then anything up to the letter of the conversion.
		n := strings.IndexFunc(f, func(r rune) bool { return r == '%' || unicode.IsLetter(r) })
		if n < 0 {
			parts = append(parts, unknown)
			break
		}
		spec, conv := f[:n], f[n]
		f = f[n+1:]
		at := next
		if p, rest, ok := strings.Cut(spec, "$"); ok {
			v, err := strconv.Atoi(p)
			if err != nil || v < 1 {
				parts = append(parts, unknown)
				continue
			}
			at, spec = v-1, rest
		} else if conv != '%' && conv != 'n' {
			next++
		}
		part := unknown
		switch {
		case conv == '%' && spec == "":
			part = x.str("%")
		case conv == 'n' && spec == "":
			part = x.str("\n")
		case !known || at >= len(l) || spec != "":
		case conv == 's' || conv == 'S':
			if part = x.formatted(l[at], "Ljava/lang/Object;"); conv == 'S' {
				part = x.mapText(part, strings.ToUpper)
			}
		case conv == 'd':
			part = x.formatted(l[at], "J")
		case conv == 'c':
			part = x.formatted(l[at], "C")
		case conv == 'b':
			part = x.formatted(l[at], "Z")
		case conv == 'x':
			if n, ok := x.number(l[at]); ok && n >= 0 {
				part = x.made(strconv.FormatInt(n, 16))
			}
		}
		parts = append(parts, part)
	}
	return x.text(parts...)
}

func (x *Analysis) formatted(r ref, d string) ref {
	// A number that is an object here may be one of several types.
	if n, ok := x.number(r); ok && d[0] == 'L' {
		if n == 0 {
			return unknown
		}
		return x.made(decimal(n))
	}
	return x.textAs(r, d)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func char(n int64) string { return string(utf16.Decode([]uint16{uint16(n)})) }

func utf16Len(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// cut16 cuts text behind n UTF-16 units. It never cuts a pair in two.
func cut16(s string, n int) (head, tail string) {
	for i, r := range s {
		if n <= 0 {
			return s[:i], s[i:]
		}
		n -= max(utf16.RuneLen(r), 1)
	}
	return s, ""
}

func reverse(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// uriEncode is android.net.Uri.encode: letters, digits and _-!.~'()* stay.
func uriEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-!.~'()*", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)|0x100, 16)[1:]))
		}
	}
	return b.String()
}

// classDescriptor turns the name that Class.forName takes into a descriptor.
func classDescriptor(name string) string {
	name = strings.ReplaceAll(name, ".", "/")
	if strings.HasPrefix(name, "[") {
		return name
	}
	return "L" + name + ";"
}

// className is the reverse: what Class.getName returns.
func className(d string) string {
	if strings.HasPrefix(d, "L") {
		d = strings.TrimSuffix(d[1:], ";")
	}
	return strings.ReplaceAll(d, "/", ".")
}
