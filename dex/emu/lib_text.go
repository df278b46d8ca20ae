package emu

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

const (
	objDesc     = "Ljava/lang/Object;"
	seqDesc     = "Ljava/lang/CharSequence;"
	builderDesc = "Ljava/lang/StringBuilder;"
	bufferDesc  = "Ljava/lang/StringBuffer;"
	charsetDesc = "Ljava/nio/charset/Charset;"
	localeDesc  = "Ljava/util/Locale;"
)

func (m *Machine) badIndex() error {
	return m.throw("Ljava/lang/StringIndexOutOfBoundsException;", "")
}

// between returns u[from:to] or throws as substring does.
func (m *Machine) between(u []uint16, from, to int64) []uint16 {
	if from < 0 || to > int64(len(u)) || from > to {
		m.fail(m.badIndex())
	}
	return u[from:to]
}

// become makes the string that a constructor was called on.
func (m *Machine) become(s slot, u []uint16) slot {
	if s.o == nil {
		m.fail(m.null())
	}
	t := m.text(u)
	if s.o.class != m.class(stringDesc) {
		m.fail(errNotModelled)
	}
	return m.fillIn(s, t.o.data)
}

func indexOf(u, of []uint16, from int) int64 {
	from = min(max(from, 0), len(u))
	for i := from; i+len(of) <= len(u); i++ {
		if slices.Equal(u[i:i+len(of)], of) {
			return int64(i)
		}
	}
	return -1
}

func lastIndexOf(u, of []uint16, from int) int64 {
	for i := min(from, len(u)-len(of)); i >= 0; i-- {
		if slices.Equal(u[i:i+len(of)], of) {
			return int64(i)
		}
	}
	return -1
}

// point is a code point as text.
func point(n int64) []uint16 {
	if n < 0 || n > unicode.MaxRune {
		return nil
	}
	if n > 0xffff {
		hi, lo := utf16.EncodeRune(rune(n))
		return []uint16{uint16(hi), uint16(lo)}
	}
	return []uint16{uint16(n)}
}

func hashOf(u []uint16) int64 {
	h := int32(0)
	for _, c := range u {
		h = 31*h + int32(c)
	}
	return int64(h)
}

func replaceText(u, old, by []uint16) []uint16 {
	var out []uint16
	for i := 0; i <= len(u); {
		if i+len(old) <= len(u) && slices.Equal(u[i:i+len(old)], old) {
			out = append(out, by...)
			if len(old) > 0 {
				i += len(old)
				continue
			}
		}
		if i < len(u) {
			out = append(out, u[i])
		}
		i++
	}
	return out
}

// foldCase is how equalsIgnoreCase compares.
func foldCase(c uint16) rune { return unicode.ToLower(unicode.ToUpper(rune(c))) }

// textAs is what a value of a type is as text.
func (m *Machine) textAs(s slot, d string) (u []uint16, err error) {
	defer func() {
		if x := recover(); x != nil {
			f, ok := x.(fault)
			if !ok {
				panic(x)
			}
			err = f.err
		}
	}()
	return m.shown(s, d), nil
}

func (m *Machine) shown(s slot, d string) []uint16 {
	switch d {
	case "Z":
		return utf16Of(strconv.FormatBool(s.n&1 != 0))
	case "C":
		return []uint16{uint16(s.n)}
	case "B", "S", "I", "J":
		return utf16Of(strconv.FormatInt(s.n, 10))
	case "F":
		return utf16Of(javaFloat(float64(f32(s)), 32))
	case "D":
		return utf16Of(javaFloat(f64(s), 64))
	}
	if s.o == nil {
		return utf16Of("null")
	}
	switch v := s.o.data.(type) {
	case *text:
		return v.u
	case *builder:
		return slices.Clone(v.u)
	case *box:
		return m.shown(slot{n: v.n}, v.prim)
	case *bigInt:
		m.worked(v.BitLen())
		return utf16Of(v.String())
	}
	// toString of a class of the app.
	if x := s.o.class.findMethod(member{"toString", "()Ljava/lang/String;"}); x != nil {
		r, err := m.invokeFound(x, []slot{s})
		m.must(err)
		if r.o == nil {
			return utf16Of("null")
		}
		return m.str(r)
	}
	if f := m.nativeOf(s.o.class, "toString", "()"); f != nil {
		return m.str(f.fn(m, []slot{s}))
	}
	m.fail(stop(ReasonMethod, "%s->toString()", descOf(s.o)))
	return nil
}

// javaFloat is Double.toString and Float.toString.
func javaFloat(f float64, bits int) string {
	switch {
	case f != f:
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-3 || a >= 1e7) {
		s := strconv.FormatFloat(f, 'E', -1, bits)
		mant, exp, _ := strings.Cut(s, "E")
		if !strings.Contains(mant, ".") {
			mant += ".0"
		}
		n, _ := strconv.Atoi(exp)
		return mant + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func (l library) text() {
	const d = stringDesc
	// Constructors.
	l.on(d, func(m *Machine, a []slot) slot { return m.become(a[0], nil) }, "<init>()")
	l.on(d, func(m *Machine, a []slot) slot { return m.become(a[0], slices.Clone(m.seq(a[1]))) },
		"<init>("+d+")", "<init>("+builderDesc+")", "<init>("+bufferDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.become(a[0], slices.Clone(m.chars(a[1]))) }, "<init>([C)")
	l.on(d, func(m *Machine, a []slot) slot {
		u := m.chars(a[1])
		return m.become(a[0], slices.Clone(m.between(u, a[2].n, a[2].n+a[3].n)))
	}, "<init>([CII)")
	l.on(d, func(m *Machine, a []slot) slot {
		p := data[[]int32](m, a[1])
		var u []uint16
		if a[2].n < 0 || a[3].n < 0 || a[2].n+a[3].n > int64(len(p)) {
			m.fail(m.badIndex())
		}
		for _, c := range p[a[2].n : a[2].n+a[3].n] {
			u = append(u, point(int64(c))...)
		}
		return m.become(a[0], u)
	}, "<init>([III)")
	l.on(d, func(m *Machine, a []slot) slot { return m.become(a[0], m.decode(m.raw(a[1]), "UTF-8")) }, "<init>([B)")
	l.on(d, func(m *Machine, a []slot) slot { return m.become(a[0], m.decode(m.raw(a[1]), m.charset(a[2]))) },
		"<init>([B"+d+")", "<init>([B"+charsetDesc+")")
	l.on(d, func(m *Machine, a []slot) slot {
		return m.become(a[0], m.decode(m.part(a[1], a[2].n, a[3].n), "UTF-8"))
	}, "<init>([BII)")
	l.on(d, func(m *Machine, a []slot) slot {
		return m.become(a[0], m.decode(m.part(a[1], a[2].n, a[3].n), m.charset(a[4])))
	}, "<init>([BII"+d+")", "<init>([BII"+charsetDesc+")")
	l.on(d, func(m *Machine, a []slot) slot {
		b := m.raw(a[1])
		u := make([]uint16, len(b))
		for i, c := range b {
			u[i] = uint16(a[2].n)<<8 | uint16(c)
		}
		return m.become(a[0], u)
	}, "<init>([BI)")

	// What both strings and builders have.
	for _, d := range []string{d, seqDesc, builderDesc, bufferDesc} {
		l.on(d, func(m *Machine, a []slot) slot { return num(int64(len(m.seq(a[0])))) }, "length()")
		l.on(d, func(m *Machine, a []slot) slot {
			u := m.seq(a[0])
			if uint64(a[1].n) >= uint64(len(u)) {
				m.fail(m.badIndex())
			}
			return num(int64(u[a[1].n]))
		}, "charAt(I)")
		l.on(d, func(m *Machine, a []slot) slot {
			if t, ok := a[0].o.data.(*text); ok && t != nil {
				return a[0]
			}
			return m.text(slices.Clone(m.seq(a[0])))
		}, "toString()")
		l.on(d, func(m *Machine, a []slot) slot { return m.text(slices.Clone(m.between(m.seq(a[0]), a[1].n, a[2].n))) }, "substring(II)", "subSequence(II)")
		l.on(d, func(m *Machine, a []slot) slot {
			u := m.seq(a[0])
			return m.text(slices.Clone(m.between(u, a[1].n, int64(len(u)))))
		}, "substring(I)")
		l.on(d, func(m *Machine, a []slot) slot { return num(indexOf(m.seq(a[0]), m.str(a[1]), 0)) }, "indexOf("+stringDesc+")")
		l.on(d, func(m *Machine, a []slot) slot { return num(indexOf(m.seq(a[0]), m.str(a[1]), int(a[2].n))) }, "indexOf("+stringDesc+"I)")
		l.on(d, func(m *Machine, a []slot) slot { return num(lastIndexOf(m.seq(a[0]), m.str(a[1]), math.MaxInt32)) }, "lastIndexOf("+stringDesc+")")
		l.on(d, func(m *Machine, a []slot) slot { return num(lastIndexOf(m.seq(a[0]), m.str(a[1]), int(a[2].n))) }, "lastIndexOf("+stringDesc+"I)")
		l.on(d, func(m *Machine, a []slot) slot { return truth(len(m.seq(a[0])) == 0) }, "isEmpty()")
		l.on(d, func(m *Machine, a []slot) slot {
			u := m.seq(a[0])
			src := m.between(u, a[1].n, a[2].n)
			dst := m.chars(a[3])
			if a[4].n < 0 || a[4].n+int64(len(src)) > int64(len(dst)) {
				m.fail(m.outside(a[4].n))
			}
			m.changed(a[3])
			m.worked(len(src) / 8)
			copy(m.chars(a[3])[a[4].n:], src)
			return slot{}
		}, "getChars(II[CI)")
		l.on(d, func(m *Machine, a []slot) slot {
			u := m.seq(a[0])
			if uint64(a[1].n) >= uint64(len(u)) {
				m.fail(m.badIndex())
			}
			r := rune(u[a[1].n])
			if utf16.IsSurrogate(r) && a[1].n+1 < int64(len(u)) {
				if p := utf16.DecodeRune(r, rune(u[a[1].n+1])); p != unicode.ReplacementChar {
					r = p
				}
			}
			return num(int64(r))
		}, "codePointAt(I)")
	}
	l.on(d, func(m *Machine, a []slot) slot { return num(indexOf(m.str(a[0]), point(a[1].n), 0)) }, "indexOf(I)")
	l.on(d, func(m *Machine, a []slot) slot { return num(indexOf(m.str(a[0]), point(a[1].n), int(a[2].n))) }, "indexOf(II)")
	l.on(d, func(m *Machine, a []slot) slot { return num(lastIndexOf(m.str(a[0]), point(a[1].n), math.MaxInt32)) }, "lastIndexOf(I)")
	l.on(d, func(m *Machine, a []slot) slot { return num(lastIndexOf(m.str(a[0]), point(a[1].n), int(a[2].n))) }, "lastIndexOf(II)")
	l.on(d, func(m *Machine, a []slot) slot {
		if a[1].o == nil {
			return num(0)
		}
		t, ok := a[1].o.data.(*text)
		u := m.str(a[0])
		m.worked(len(u) / 8)
		return truth(ok && slices.Equal(u, t.u))
	}, "equals("+objDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return truth(slices.Equal(m.str(a[0]), m.seq(a[1]))) },
		"contentEquals("+seqDesc+")", "contentEquals("+bufferDesc+")")
	l.on(d, func(m *Machine, a []slot) slot {
		if a[1].o == nil {
			return num(0)
		}
		return truth(slices.EqualFunc(m.str(a[0]), m.str(a[1]), func(x, y uint16) bool { return foldCase(x) == foldCase(y) }))
	}, "equalsIgnoreCase("+d+")")
	l.on(d, func(m *Machine, a []slot) slot {
		m.worked(len(m.str(a[0])) / 8)
		return num(hashOf(m.str(a[0])))
	}, "hashCode()")
	compareText := func(m *Machine, x, y []uint16, fold func(uint16) rune) slot {
		for i := range min(len(x), len(y)) {
			if d := fold(x[i]) - fold(y[i]); d != 0 {
				return num(int64(d))
			}
		}
		return num(int64(len(x) - len(y)))
	}
	l.on(d, func(m *Machine, a []slot) slot {
		return compareText(m, m.str(a[0]), m.str(a[1]), func(c uint16) rune { return rune(c) })
	}, "compareTo("+d+")", "compareTo("+objDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return compareText(m, m.str(a[0]), m.str(a[1]), foldCase) }, "compareToIgnoreCase("+d+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.text(slices.Concat(m.str(a[0]), m.str(a[1]))) }, "concat("+d+")")
	starts := func(m *Machine, u, p []uint16, at int64) slot {
		return truth(at >= 0 && at+int64(len(p)) <= int64(len(u)) && slices.Equal(u[at:at+int64(len(p))], p))
	}
	l.on(d, func(m *Machine, a []slot) slot { return starts(m, m.str(a[0]), m.str(a[1]), 0) }, "startsWith("+d+")")
	l.on(d, func(m *Machine, a []slot) slot { return starts(m, m.str(a[0]), m.str(a[1]), a[2].n) }, "startsWith("+d+"I)")
	l.on(d, func(m *Machine, a []slot) slot {
		u, p := m.str(a[0]), m.str(a[1])
		return starts(m, u, p, int64(len(u)-len(p)))
	}, "endsWith("+d+")")
	l.on(d, func(m *Machine, a []slot) slot { return truth(indexOf(m.str(a[0]), m.seq(a[1]), 0) >= 0) }, "contains("+seqDesc+")")
	l.on(d, func(m *Machine, a []slot) slot {
		u := slices.Clone(m.str(a[0]))
		for i, c := range u {
			if c == uint16(a[1].n) {
				u[i] = uint16(a[2].n)
			}
		}
		return m.text(u)
	}, "replace(CC)")
	l.on(d, func(m *Machine, a []slot) slot {
		u, old, by := m.str(a[0]), m.seq(a[1]), m.seq(a[2])
		m.grown(2 * (len(u) + 1) * (len(by) + 1) / max(1, len(old)))
		return m.text(replaceText(u, old, by))
	}, "replace("+seqDesc+seqDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.charArray(m.str(a[0])) }, "toCharArray()")
	l.on(d, func(m *Machine, a []slot) slot { return m.byteArray(m.encode(m.str(a[0]), "UTF-8")) }, "getBytes()")
	l.on(d, func(m *Machine, a []slot) slot { return m.byteArray(m.encode(m.str(a[0]), m.charset(a[1]))) },
		"getBytes("+d+")", "getBytes("+charsetDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.goText(strings.ToLower(m.gostr(a[0]))) }, "toLowerCase()", "toLowerCase("+localeDesc+")")
	l.on(d, func(m *Machine, a []slot) slot { return m.goText(strings.ToUpper(m.gostr(a[0]))) }, "toUpperCase()", "toUpperCase("+localeDesc+")")
	trim := func(u []uint16) []uint16 {
		for len(u) > 0 && u[0] <= ' ' {
			u = u[1:]
		}
		for len(u) > 0 && u[len(u)-1] <= ' ' {
			u = u[:len(u)-1]
		}
		return u
	}
	l.on(d, func(m *Machine, a []slot) slot { return m.text(trim(m.str(a[0]))) }, "trim()", "strip()")
	l.on(d, func(m *Machine, a []slot) slot { return truth(len(trim(m.str(a[0]))) == 0) }, "isBlank()")
	l.on(d, func(m *Machine, a []slot) slot {
		u := m.str(a[0])
		if a[1].n < 0 {
			m.fail(m.throw("Ljava/lang/IllegalArgumentException;", ""))
		}
		m.grown(2 * len(u) * int(a[1].n))
		return m.text(slices.Repeat(u, int(a[1].n)))
	}, "repeat(I)")
	l.on(d, func(m *Machine, a []slot) slot {
		t := data[*text](m, a[0])
		if t.literal {
			return a[0]
		}
		if o := m.interned[string(unitBytes(t.u))]; o != nil {
			return slot{o: o}
		}
		// It stays what it was made as, for whoever asks where.
		m.interned[string(unitBytes(t.u))] = a[0].o
		return a[0]
	}, "intern()")
	l.on(d, func(m *Machine, a []slot) slot {
		u, v := m.str(a[0]), m.str(a[2])
		x, y, n := a[1].n, a[3].n, a[4].n
		return truth(x >= 0 && y >= 0 && x+n <= int64(len(u)) && y+n <= int64(len(v)) && (n <= 0 || slices.Equal(u[x:x+n], v[y:y+n])))
	}, "regionMatches(I"+d+"II)")

	for _, t := range []string{objDesc, "Z", "C", "I", "J", "F", "D"} {
		l.static(d, func(m *Machine, a []slot) slot {
			if a[0].o != nil {
				if _, ok := a[0].o.data.(*text); ok {
					return a[0]
				}
			}
			return m.text(m.shown(a[0], t))
		}, "valueOf("+t+")")
	}
	l.static(d, func(m *Machine, a []slot) slot { return m.text(slices.Clone(m.chars(a[0]))) }, "valueOf([C)", "copyValueOf([C)")
	l.static(d, func(m *Machine, a []slot) slot {
		return m.text(slices.Clone(m.between(m.chars(a[0]), a[1].n, a[1].n+a[2].n)))
	}, "valueOf([CII)", "copyValueOf([CII)")
	l.static(d, func(m *Machine, a []slot) slot { return m.format(a[0], a[1]) }, "format("+d+"["+objDesc+")")
	l.static(d, func(m *Machine, a []slot) slot { return m.format(a[1], a[2]) }, "format("+localeDesc+d+"["+objDesc+")")
	join := func(m *Machine, a []slot) slot {
		var u []uint16
		for i, o := range data[[]*object](m, a[1]) {
			if i > 0 {
				u = append(u, m.seq(a[0])...)
			}
			u = append(u, m.shown(slot{o: o}, objDesc)...)
			m.grown(len(u) / 8)
		}
		return m.text(u)
	}
	l.static(d, join, "join("+seqDesc+"["+seqDesc+")")
	l.static("Landroid/text/TextUtils;", join, "join("+seqDesc+"["+objDesc+")")

	// Regular expressions, as far as those of Go mean the same.
	l.on(d, func(m *Machine, a []slot) slot {
		re := m.regexp(a[1])
		return truth(re.MatchString(m.gostr(a[0])) && re.FindString(m.gostr(a[0])) == m.gostr(a[0]))
	}, "matches("+d+")")
	replaceRE := func(all bool) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			re, by, s := m.regexp(a[1]), m.gostr(a[2]), m.gostr(a[0])
			if strings.ContainsAny(by, `$\`) {
				m.fail(errNotModelled)
			}
			m.grown(2 * (len(s) + 1) * (len(by) + 1))
			done := false
			return m.goText(re.ReplaceAllStringFunc(s, func(x string) string {
				if done && !all {
					return x
				}
				done = true
				return by
			}))
		}
	}
	l.on(d, replaceRE(true), "replaceAll("+d+d+")")
	l.on(d, replaceRE(false), "replaceFirst("+d+d+")")
	split := func(m *Machine, s, expr slot, limit int64) slot {
		re := m.regexp(expr)
		t := m.gostr(s)
		var parts []string
		at := 0
		for _, x := range re.FindAllStringIndex(t, -1) {
			if x[1] == 0 || limit > 0 && int64(len(parts)) == limit-1 {
				continue // nothing in front
			}
			if x[0] == x[1] && x[0] == len(t) {
				break
			}
			parts = append(parts, t[at:x[0]])
			at = x[1]
		}
		parts = append(parts, t[at:])
		if limit == 0 {
			for len(parts) > 1 && parts[len(parts)-1] == "" {
				parts = parts[:len(parts)-1]
			}
		}
		return m.textArray(parts)
	}
	l.on(d, func(m *Machine, a []slot) slot { return split(m, a[0], a[1], 0) }, "split("+d+")")
	l.on(d, func(m *Machine, a []slot) slot { return split(m, a[0], a[1], a[2].n) }, "split("+d+"I)")
}

// textArray makes an array of strings.
func (m *Machine) textArray(parts []string) slot {
	o, err := m.newArray(m.class("["+stringDesc), int64(len(parts)))
	m.must(err)
	list := o.data.([]*object)
	for i, p := range parts {
		list[i] = m.goText(p).o
	}
	return slot{o: o}
}

// regexp compiles an expression that means the same in Go and in Java.
func (m *Machine) regexp(s slot) *regexp.Regexp {
	expr := m.gostr(s)
	if len(expr) > 200 || strings.Contains(expr, "(?") || strings.Contains(expr, "&&") || strings.Contains(expr, "++") ||
		strings.Contains(expr, "*+") || strings.Contains(expr, `\p`) || strings.Contains(expr, `\P`) || strings.Contains(expr, "{") {
		m.fail(errNotModelled)
	}
	m.worked(100 + 20*len(expr))
	re, err := regexp.Compile(expr)
	if err != nil {
		m.fail(errNotModelled)
	}
	return re
}

// format is String.format for the conversions that are simple.
func (m *Machine) format(format, args slot) slot {
	f := m.gostr(format)
	var list []*object
	if args.o != nil {
		list = data[[]*object](m, args)
	}
	var out strings.Builder
	next := 0
	for f != "" {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			out.WriteString(f)
			break
		}
		out.WriteString(f[:i])
		f = f[i+1:]
		n := 0
		for n < len(f) && strings.IndexByte("-+ 0,#(.123456789$", f[n]) >= 0 {
			n++
		}
		if n >= len(f) {
			m.fail(errNotModelled)
		}
		spec, verb := f[:n], f[n]
		f = f[n+1:]
		switch verb {
		case '%', 'n':
			if spec != "" {
				m.fail(errNotModelled)
			}
			out.WriteString(map[byte]string{'%': "%", 'n': "\n"}[verb])
			continue
		}
		if at := strings.IndexByte(spec, '$'); at > 0 {
			k, err := strconv.Atoi(spec[:at])
			if err != nil || k < 1 {
				m.fail(errNotModelled)
			}
			next, spec = k-1, spec[at+1:]
		}
		if next >= len(list) {
			m.fail(m.throw("Ljava/util/MissingFormatArgumentException;", ""))
		}
		o := list[next]
		next++
		text := ""
		b, isBox := (*box)(nil), false
		if o != nil {
			b, isBox = o.data.(*box)
		}
		pad := byte(' ')
		left := strings.HasPrefix(spec, "-")
		spec = strings.TrimPrefix(spec, "-")
		switch verb {
		case 's', 'S':
			text = string(utf16.Decode(m.shown(slot{o: o}, objDesc)))
		case 'd':
			if !isBox || !strings.Contains("BSIJ", b.prim) {
				m.fail(errNotModelled)
			}
			text = itoa(b.n)
		case 'x', 'X':
			if !isBox || !strings.Contains("BSIJ", b.prim) {
				m.fail(errNotModelled)
			}
			u := uint64(b.n)
			switch b.prim {
			case "B":
				u = uint64(uint8(b.n))
			case "S":
				u = uint64(uint16(b.n))
			case "I":
				u = uint64(uint32(b.n))
			}
			text = strconv.FormatUint(u, 16)
		case 'c':
			if !isBox || b.prim != "C" {
				m.fail(errNotModelled)
			}
			text = string(rune(b.n))
		default:
			m.fail(errNotModelled)
		}
		if strings.HasPrefix(spec, "0") && (verb == 'd' || verb == 'x' || verb == 'X') && !left {
			pad, spec = '0', spec[1:]
		}
		width := 0
		if spec != "" {
			var err error
			if width, err = strconv.Atoi(spec); err != nil || width > 1000 || pad == '0' && strings.HasPrefix(text, "-") {
				m.fail(errNotModelled)
			}
		}
		if verb == 'X' || verb == 'S' {
			text = strings.ToUpper(text)
		}
		fill := strings.Repeat(string(pad), max(0, width-len(utf16Of(text))))
		if left {
			text += fill
		} else {
			text = fill + text
		}
		m.grown(len(text))
		out.WriteString(text)
	}
	return m.goText(out.String())
}

// builder is the data of a StringBuilder.
type builder struct {
	u       []uint16
	spelled int // as in text
}

func (b *builder) copied() (any, int64) {
	return &builder{slices.Clone(b.u), b.spelled}, 2 * int64(len(b.u))
}

func (l library) builders() {
	for _, d := range []string{builderDesc, bufferDesc} {
		l.on(d, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &builder{}) }, "<init>()", "<init>(I)")
		l.on(d, func(m *Machine, a []slot) slot {
			u := slices.Clone(m.seq(a[1]))
			m.grown(2 * len(u))
			return m.fillIn(a[0], &builder{u: u})
		}, "<init>("+stringDesc+")", "<init>("+seqDesc+")")
		add := func(m *Machine, s slot, u []uint16) slot {
			m.changed(s)
			b := data[*builder](m, s)
			m.grown(2 * len(u))
			b.u = append(b.u, u...)
			return s
		}
		insert := func(m *Machine, s slot, at int64, u []uint16) slot {
			m.changed(s)
			b := data[*builder](m, s)
			if at < 0 || at > int64(len(b.u)) {
				m.fail(m.badIndex())
			}
			m.grown(2*len(u) + len(b.u)/4)
			b.u = slices.Insert(b.u, int(at), slices.Clone(u)...)
			return s
		}
		for _, t := range []string{stringDesc, objDesc, seqDesc, bufferDesc, "Z", "C", "I", "J", "F", "D", "[C"} {
			show := func(m *Machine, s slot) []uint16 {
				if t == "[C" {
					return m.chars(s)
				}
				return m.shown(s, t)
			}
			l.on(d, func(m *Machine, a []slot) slot { return add(m, a[0], show(m, a[1])) }, "append("+t+")")
			l.on(d, func(m *Machine, a []slot) slot { return insert(m, a[0], a[1].n, show(m, a[2])) }, "insert(I"+t+")")
		}
		l.on(d, func(m *Machine, a []slot) slot {
			return add(m, a[0], m.between(m.chars(a[1]), a[2].n, a[2].n+a[3].n))
		}, "append([CII)")
		l.on(d, func(m *Machine, a []slot) slot {
			return add(m, a[0], m.between(m.shown(a[1], seqDesc), a[2].n, a[3].n))
		}, "append("+seqDesc+"II)")
		l.on(d, func(m *Machine, a []slot) slot { return add(m, a[0], point(a[1].n)) }, "appendCodePoint(I)")
		change := func(fn func(m *Machine, b *builder, a []slot)) func(m *Machine, a []slot) slot {
			return func(m *Machine, a []slot) slot {
				m.changed(a[0])
				b := data[*builder](m, a[0])
				m.worked(len(b.u) / 8)
				fn(m, b, a)
				return a[0]
			}
		}
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			u := b.u
			slices.Reverse(u)
			for i := 0; i+1 < len(u); i++ {
				if u[i]&0xfc00 == 0xdc00 && u[i+1]&0xfc00 == 0xd800 {
					u[i], u[i+1] = u[i+1], u[i]
					i++
				}
			}
		}), "reverse()")
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			if uint64(a[1].n) >= uint64(len(b.u)) {
				m.fail(m.badIndex())
			}
			b.u[a[1].n] = uint16(a[2].n)
		}), "setCharAt(IC)")
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			n := a[1].n
			if n < 0 {
				m.fail(m.badIndex())
			}
			if n > int64(len(b.u)) {
				m.grown(2 * int(n))
				b.u = append(b.u, make([]uint16, n-int64(len(b.u)))...)
			}
			b.u = b.u[:n]
		}), "setLength(I)")
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			if uint64(a[1].n) >= uint64(len(b.u)) {
				m.fail(m.badIndex())
			}
			b.u = slices.Delete(b.u, int(a[1].n), int(a[1].n)+1)
		}), "deleteCharAt(I)")
		cut := func(m *Machine, b *builder, from, to int64) (int, int) {
			to = min(to, int64(len(b.u)))
			if from < 0 || from > to {
				m.fail(m.badIndex())
			}
			return int(from), int(to)
		}
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			from, to := cut(m, b, a[1].n, a[2].n)
			b.u = slices.Delete(b.u, from, to)
		}), "delete(II)")
		l.on(d, change(func(m *Machine, b *builder, a []slot) {
			from, to := cut(m, b, a[1].n, a[2].n)
			by := slices.Clone(m.str(a[3]))
			m.grown(2 * len(by))
			b.u = slices.Replace(b.u, from, to, by...)
		}), "replace(II"+stringDesc+")")
		l.on(d, func(m *Machine, a []slot) slot { return slot{} }, "ensureCapacity(I)", "trimToSize()")
	}
}
