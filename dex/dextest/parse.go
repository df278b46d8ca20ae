package dextest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/dex"
)

// Limits of a recipe, so that a fuzzer cannot ask for the absurd.
const (
	maxRecipe  = 16 << 20
	maxNesting = 16
	maxUnits   = 1 << 22 // code units of one method
)

// Error is a mistake in a recipe.
type Error struct {
	Line int // counted from 1; 0 if it concerns the whole
	Text string
}

// Error tells line and mistake.
func (e *Error) Error() string {
	if e.Line == 0 {
		return "recipe: " + e.Text
	}
	return fmt.Sprintf("recipe line %d: %s", e.Line, e.Text)
}

// recipe is one logical file as the text describes it.
type recipe struct {
	version string
	classes []*class
	extra   []value // things nothing refers to
	patches []patch
}

type class struct {
	line       int
	typ        string
	super      string // "" for none
	flags      uint32
	interfaces []string
	source     *mstr
	annots     []annotation
	fields     []*field
	methods    []*method
}

type field struct {
	line   int
	ref    fieldRef
	flags  uint32
	value  *value
	annots []annotation
}

type method struct {
	line      int
	ref       methodRef
	flags     uint32
	annots    []annotation
	params    map[int]*param // by number of the parameter, the receiver not counted
	registers int            // -1 if not said
	locals    int            // -1 if not said
	body      []stmt
	catches   []catch
}

type param struct {
	name   *mstr
	annots []annotation
}

type annotation struct {
	visibility byte
	typ        string
	elems      []element
}

type element struct {
	name  mstr
	value value
}

type catch struct {
	line                int
	typ                 string // "" catches all
	start, end, handler string
}

// stmtKind says what a line of a method body is.
type stmtKind int

const (
	stInst stmtKind = iota
	stLabel
	stUnits
	stPacked
	stSparse
	stArray
	stLine
	stLocal
	stEndLocal
	stRestartLocal
	stPrologue
	stEpilogue
)

type stmt struct {
	kind   stmtKind
	line   int
	op     dex.Opcode
	regs   []reg
	lit    int64
	label  string   // of a branch, or a label's own name
	refs   []value  // what the instruction refers to
	labels []string // targets of a switch
	keys   []int64
	data   []byte // elements of an array, or code units
	width  int
	local  localVar
}

type localVar struct {
	name, sig *mstr
	typ       string
}

// reg is a register: v or p with a number.
type reg struct {
	param bool
	n     int
}

// mstr is a string as MUTF-8.
type mstr string

type fieldRef struct {
	class, typ string
	name       mstr
}

type methodRef struct {
	class string
	name  mstr
	proto proto
}

// proto is "(" parameters ")" return type.
type proto string

func (p proto) split() (params []string, ret string, ok bool) {
	s := string(p)
	if !strings.HasPrefix(s, "(") {
		return nil, "", false
	}
	s = s[1:]
	for !strings.HasPrefix(s, ")") {
		n := descriptorLen(s)
		if n == 0 {
			return nil, "", false
		}
		params = append(params, s[:n])
		s = s[n:]
	}
	s = s[1:]
	return params, s, descriptorLen(s) == len(s) && s != ""
}

// descriptorLen returns how many bytes of s are one type descriptor.
func descriptorLen(s string) int {
	i := 0
	for i < len(s) && s[i] == '[' {
		i++
	}
	if i >= len(s) {
		return 0
	}
	switch s[i] {
	case 'V', 'Z', 'B', 'S', 'C', 'I', 'J', 'F', 'D':
		return i + 1
	case 'L':
		if n := strings.IndexByte(s[i:], ';'); n > 0 {
			return i + n + 1
		}
	}
	return 0
}

type handle struct {
	kind   dex.HandleKind
	field  fieldRef
	method methodRef
}

type callSite struct {
	name string // as the recipe calls it
	args []value
}

// raw is an index given as a number.
type raw struct{ index uint32 }

// value is anything that can stand as a constant or be referred to.
type value struct {
	kind  dex.ValueKind
	bits  uint64
	str   mstr
	typ   string
	proto proto
	field fieldRef
	meth  methodRef
	hand  handle
	elems []value
	ann   annotation
	site  *callSite
	raw   *raw
}

type patch struct {
	line    int
	section string
	index   string // "" if none
	field   string // "" if at a distance
	off     int64
	width   int // 0: that of the field
	value   uint64
	target  *patch // for &section[index]
}

// parser reads a recipe.
type parser struct {
	lines   []logical
	at      int
	dialect dex.Dialect
}

// logical is one statement: a line, or several that braces join.
type logical struct {
	n    int
	text string
}

// fail is what the parser panics with; [parse] recovers it.
type fail struct{ err *Error }

func failf(line int, format string, args ...any) {
	panic(fail{&Error{line, fmt.Sprintf(format, args...)}})
}

// splitLines removes comments and joins what braces hold together.
func splitLines(text string) []logical {
	var out []logical
	depth := 0
	for n, raw := range strings.Split(text, "\n") {
		line, open := stripComment(raw)
		line = strings.TrimSpace(line)
		if depth > 0 && len(out) > 0 {
			out[len(out)-1].text += "\n" + line
		} else if line != "" {
			out = append(out, logical{n + 1, line})
		}
		depth = max(0, depth+open)
	}
	return out
}

// stripComment cuts a comment off and counts braces and subannotations.
func stripComment(s string) (string, int) {
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '#':
			return s[:i], open
		case '{':
			open++
		case '}':
			open--
		case '"', '\'':
			q := s[i]
			for i++; i < len(s) && s[i] != q; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '.':
			switch {
			case strings.HasPrefix(s[i:], ".subannotation"):
				open++
			case strings.HasPrefix(s[i:], ".end subannotation"):
				open--
			}
		}
	}
	return s, open
}

// parse reads a recipe into logical files.
func parse(text string) (files []*recipe, tail []patch, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fail)
			if !ok {
				panic(r)
			}
			files, err = nil, f.err
		}
	}()
	if len(text) > maxRecipe {
		failf(0, "longer than %d bytes", maxRecipe)
	}
	p := &parser{lines: splitLines(text)}
	cur := &recipe{version: "035"}
	files = []*recipe{cur}
	started := false
	var c *class
	for p.at < len(p.lines) {
		l := p.lines[p.at]
		p.at++
		word, rest := cutWord(l.text)
		if word != ".dex" {
			started = true
		}
		if c == nil && slices.Contains([]string{".super", ".implements", ".source", ".annotation", ".field", ".method"}, word) {
			failf(l.n, "%s before any .class", word)
		}
		switch word {
		case ".dex":
			if len(rest) != 3 || strings.Trim(rest, "0123456789") != "" {
				failf(l.n, "version %q: want three digits", rest)
			}
			if started {
				cur = &recipe{}
				files = append(files, cur)
			}
			cur.version = rest
			c, started = nil, true
		case ".dialect":
			switch rest {
			case "art":
				p.dialect = dex.ART
			case "dalvik":
				p.dialect = dex.Dalvik
			default:
				failf(l.n, "dialect %q: want art or dalvik", rest)
			}
		case ".class":
			flags, name := parseFlags(rest, classFlags)
			c = &class{line: l.n, typ: wantDescriptor(l.n, name), flags: flags, super: "Ljava/lang/Object;"}
			cur.classes = append(cur.classes, c)
		case ".super":
			if c.super = ""; rest != "none" {
				c.super = wantDescriptor(l.n, rest)
			}
		case ".implements":
			c.interfaces = append(c.interfaces, wantDescriptor(l.n, rest))
		case ".source":
			s := p.str(l.n, rest)
			c.source = &s
		case ".annotation":
			c.annots = append(c.annots, p.annotation(l))
		case ".field":
			c.fields = append(c.fields, p.field(l, rest, c.typ))
		case ".method":
			c.methods = append(c.methods, p.method(l, rest, c.typ))
		case ".string":
			cur.extra = append(cur.extra, value{kind: dex.ValueString, str: p.str(l.n, rest)})
		case ".type":
			v := &scanner{s: rest, line: l.n}
			s := ""
			if strings.HasPrefix(rest, `"`) {
				s = string(v.quoted())
			} else {
				s = string(toMUTF8(rest))
			}
			cur.extra = append(cur.extra, value{kind: dex.ValueType, typ: s})
		case ".proto":
			cur.extra = append(cur.extra, value{kind: dex.ValueMethodType, proto: wantProto(l.n, rest)})
		case ".fieldref", ".methodref":
			v := &scanner{s: rest, line: l.n}
			cur.extra = append(cur.extra, v.member())
			v.end()
		case ".patch":
			cur.patches = append(cur.patches, parsePatch(l.n, rest))
		case ".truncate", ".append":
			tail = append(tail, parseTail(l.n, word, rest)...)
		default:
			failf(l.n, "%q is no statement here", word)
		}
	}
	return files, tail, nil
}

func cutWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t\n"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}

func wantDescriptor(line int, s string) string {
	if n := descriptorLen(s); n == 0 || n != len(s) {
		failf(line, "%q is no type descriptor", s)
	}
	return string(toMUTF8(s))
}

func wantProto(line int, s string) proto {
	if _, _, ok := proto(s).split(); !ok {
		failf(line, "%q is no prototype", s)
	}
	return proto(toMUTF8(s))
}

var classFlags = map[string]uint32{
	"public": dex.AccPublic, "private": dex.AccPrivate, "protected": dex.AccProtected, "static": dex.AccStatic,
	"final": dex.AccFinal, "interface": dex.AccInterface, "abstract": dex.AccAbstract, "synthetic": dex.AccSynthetic,
	"annotation": dex.AccAnnotation, "enum": dex.AccEnum,
}

var fieldFlags = map[string]uint32{
	"public": dex.AccPublic, "private": dex.AccPrivate, "protected": dex.AccProtected, "static": dex.AccStatic,
	"final": dex.AccFinal, "volatile": dex.AccVolatile, "transient": dex.AccTransient, "synthetic": dex.AccSynthetic,
	"enum": dex.AccEnum,
}

var methodFlags = map[string]uint32{
	"public": dex.AccPublic, "private": dex.AccPrivate, "protected": dex.AccProtected, "static": dex.AccStatic,
	"final": dex.AccFinal, "synchronized": dex.AccSynchronized, "bridge": dex.AccBridge, "varargs": dex.AccVarargs,
	"native": dex.AccNative, "abstract": dex.AccAbstract, "strictfp": dex.AccStrict, "synthetic": dex.AccSynthetic,
	"constructor": dex.AccConstructor, "declared-synchronized": dex.AccDeclaredSynchronized,
}

// exactFlags marks flags that were given as a number.
const exactFlags = 1 << 63

func parseFlags(s string, words map[string]uint32) (flags uint32, rest string) {
	f, rest := parseFlags64(s, words)
	return uint32(f), rest
}

func parseFlags64(s string, words map[string]uint32) (flags uint64, rest string) {
	for {
		w, r := cutWord(s)
		if f, ok := words[w]; ok && r != "" {
			flags |= uint64(f)
			s = r
			continue
		}
		if n, err := strconv.ParseUint(w, 0, 32); err == nil && r != "" {
			return n | exactFlags, r
		}
		return flags, s
	}
}

func (p *parser) next(what string, from int) logical {
	if p.at >= len(p.lines) {
		failf(from, "%s has no end", what)
	}
	l := p.lines[p.at]
	p.at++
	return l
}

func (p *parser) str(line int, s string) mstr {
	sc := &scanner{s: s, line: line}
	v := sc.quoted()
	sc.end()
	return v
}

func (p *parser) annotation(l logical) annotation {
	_, rest := cutWord(l.text)
	vis, typ := cutWord(rest)
	a := annotation{typ: wantDescriptor(l.n, typ)}
	switch vis {
	case "build":
	case "runtime":
		a.visibility = 1
	case "system":
		a.visibility = 2
	default:
		failf(l.n, "visibility %q: want build, runtime or system", vis)
	}
	for {
		e := p.next(".annotation", l.n)
		if e.text == ".end annotation" {
			return a
		}
		sc := &scanner{s: e.text, line: e.n}
		a.elems = append(a.elems, sc.element(0))
		sc.end()
	}
}

func (p *parser) field(l logical, rest, class string) *field {
	flags, rest := parseFlags(rest, fieldFlags)
	sc := &scanner{s: rest, line: l.n}
	f := &field{line: l.n, flags: flags}
	f.ref = fieldRef{class: class, name: sc.name(":")}
	sc.want(":")
	f.ref.typ = sc.descriptor()
	if sc.take("=") {
		v := sc.value(0)
		f.value = &v
	}
	sc.end()
	// Annotations, if .end field follows before anything else.
	for i := p.at; i < len(p.lines); i++ {
		switch w, _ := cutWord(p.lines[i].text); {
		case p.lines[i].text == ".end field":
			for p.at < i {
				a := p.lines[p.at]
				p.at++
				if w, _ := cutWord(a.text); w != ".annotation" {
					failf(a.n, "want .annotation in a field")
				}
				f.annots = append(f.annots, p.annotation(a))
			}
			p.at = i + 1
			return f
		case w == ".field" || w == ".method" || w == ".class" || w == ".dex":
			return f
		}
	}
	return f
}

// scanner reads what stands on one logical line.
type scanner struct {
	s    string
	line int
}

func (c *scanner) space() { c.s = strings.TrimLeft(c.s, " \t\n\r") }

func (c *scanner) take(s string) bool {
	c.space()
	if strings.HasPrefix(c.s, s) {
		c.s = c.s[len(s):]
		return true
	}
	return false
}

func (c *scanner) want(s string) {
	if !c.take(s) {
		failf(c.line, "want %q before %q", s, clip(c.s))
	}
}

func (c *scanner) end() {
	if c.space(); c.s != "" {
		failf(c.line, "what is %q?", clip(c.s))
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// name reads up to one of the stop characters.
func (c *scanner) name(stops string) mstr {
	c.space()
	i := strings.IndexAny(c.s, stops)
	if i <= 0 {
		failf(c.line, "want a name before %q", clip(c.s))
	}
	n := strings.TrimSpace(c.s[:i])
	c.s = c.s[i:]
	return toMUTF8(n)
}

func (c *scanner) descriptor() string {
	c.space()
	n := descriptorLen(c.s)
	if n == 0 {
		failf(c.line, "want a type descriptor at %q", clip(c.s))
	}
	d := c.s[:n]
	c.s = c.s[n:]
	return string(toMUTF8(d))
}

func (c *scanner) proto() proto {
	c.want("(")
	p := "("
	for !c.take(")") {
		p += c.descriptor()
	}
	return proto(p + ")" + c.descriptor())
}

// member reads Lclass;->name:Type or Lclass;->name(params)ret.
func (c *scanner) member() value {
	class := c.descriptor()
	c.want("->")
	name := c.name("(:")
	if c.take(":") {
		return value{kind: dex.ValueField, field: fieldRef{class, c.descriptor(), name}}
	}
	return value{kind: dex.ValueMethod, meth: methodRef{class, name, c.proto()}}
}

// quoted reads a string literal as MUTF-8.
func (c *scanner) quoted() mstr {
	c.want(`"`)
	var out []byte
	for {
		r, ok := c.char('"')
		if !ok {
			return mstr(out)
		}
		out = appendUnits(out, r)
	}
}

// char reads one character of a literal; ok is false at the closing quote.
func (c *scanner) char(quote byte) (r rune, ok bool) {
	if c.s == "" {
		failf(c.line, "literal without end")
	}
	if c.s[0] == quote {
		c.s = c.s[1:]
		return 0, false
	}
	if c.s[0] != '\\' {
		r, n := utf8.DecodeRuneInString(c.s)
		c.s = c.s[n:]
		return r, true
	}
	if len(c.s) < 2 {
		failf(c.line, "literal without end")
	}
	e := c.s[1]
	c.s = c.s[2:]
	switch e {
	case 'n':
		return '\n', true
	case 't':
		return '\t', true
	case 'r':
		return '\r', true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case '"', '\'', '\\':
		return rune(e), true
	case '0':
		return 0, true
	case 'u':
		if len(c.s) >= 4 {
			if v, err := strconv.ParseUint(c.s[:4], 16, 16); err == nil {
				c.s = c.s[4:]
				return rune(v), true
			}
		}
	}
	failf(c.line, "unknown escape \\%c", e)
	return 0, false
}

// element reads name = value.
func (c *scanner) element(depth int) element {
	e := element{name: c.name("=")}
	c.want("=")
	e.value = c.value(depth)
	return e
}

var handleKinds = map[string]dex.HandleKind{
	"static-put": dex.HandleStaticPut, "static-get": dex.HandleStaticGet,
	"instance-put": dex.HandleInstancePut, "instance-get": dex.HandleInstanceGet,
	"invoke-static": dex.HandleInvokeStatic, "invoke-instance": dex.HandleInvokeInstance,
	"invoke-constructor": dex.HandleInvokeConstructor, "invoke-direct": dex.HandleInvokeDirect,
	"invoke-interface": dex.HandleInvokeInterface,
}

// value reads a constant.
func (c *scanner) value(depth int) value {
	if depth > maxNesting {
		failf(c.line, "values nest deeper than %d", maxNesting)
	}
	c.space()
	switch {
	case c.s == "":
		failf(c.line, "want a value")
	case c.s[0] == '"':
		return value{kind: dex.ValueString, str: c.quoted()}
	case c.s[0] == '\'':
		c.s = c.s[1:]
		r, ok := c.char('\'')
		if !ok || r > 0xffff {
			failf(c.line, "want one UTF-16 unit in a character literal")
		}
		c.want("'")
		return value{kind: dex.ValueChar, bits: uint64(r)}
	case c.take("{"):
		v := value{kind: dex.ValueArray}
		for !c.take("}") {
			if len(v.elems) > 0 {
				c.want(",")
			}
			v.elems = append(v.elems, c.value(depth+1))
		}
		return v
	case c.take(".subannotation"):
		v := value{kind: dex.ValueAnnotation, ann: annotation{typ: c.descriptor()}}
		for !c.take(".end subannotation") {
			v.ann.elems = append(v.ann.elems, c.element(depth+1))
		}
		return v
	case c.take(".enum"):
		v := c.member()
		if v.kind != dex.ValueField {
			failf(c.line, "want a field after .enum")
		}
		v.kind = dex.ValueEnum
		return v
	case c.s[0] == '(':
		return value{kind: dex.ValueMethodType, proto: c.proto()}
	}
	if n := descriptorLen(c.s); n > 0 && (c.s[0] == 'L' || c.s[0] == '[' || n == len(c.s) || strings.ContainsRune(" \t\n,}", rune(c.s[n]))) {
		if strings.HasPrefix(c.s[n:], "->") {
			return c.member()
		}
		return value{kind: dex.ValueType, typ: c.descriptor()}
	}
	end := strings.IndexAny(c.s, " \t\n,})")
	if end < 0 {
		end = len(c.s)
	}
	word := c.s[:end]
	if at := strings.IndexByte(word, '@'); at > 0 {
		if k, ok := handleKinds[word[:at]]; ok {
			c.s = c.s[at+1:]
			m := c.member()
			if (m.kind == dex.ValueField) != k.IsField() {
				failf(c.line, "%s needs another sort of member", word[:at])
			}
			return value{kind: dex.ValueMethodHandle, hand: handle{k, m.field, m.meth}}
		}
	}
	c.s = c.s[end:]
	switch word {
	case "true":
		return value{kind: dex.ValueBoolean, bits: 1}
	case "false":
		return value{kind: dex.ValueBoolean}
	case "null":
		return value{kind: dex.ValueNull}
	}
	return parseNumber(c.line, word)
}

// parseNumber reads an integer or a floating-point number, with smali's suffixes.
func parseNumber(line int, s string) value {
	body, kind := s, dex.ValueInt
	hex := strings.HasPrefix(strings.TrimPrefix(s, "-"), "0x")
	if s != "" {
		switch s[len(s)-1] {
		case 'L', 'l':
			body, kind = s[:len(s)-1], dex.ValueLong
		case 's', 'S':
			body, kind = s[:len(s)-1], dex.ValueShort
		case 't', 'T':
			body, kind = s[:len(s)-1], dex.ValueByte
		case 'f', 'F':
			if !hex {
				if f, err := strconv.ParseFloat(s[:len(s)-1], 32); err == nil {
					return value{kind: dex.ValueFloat, bits: uint64(math.Float32bits(float32(f)))}
				}
			}
		}
	}
	if n, err := strconv.ParseInt(body, 0, 64); err == nil {
		return value{kind: kind, bits: uint64(n)}
	}
	if n, err := strconv.ParseUint(body, 0, 64); err == nil {
		return value{kind: kind, bits: n}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !hex {
		return value{kind: dex.ValueDouble, bits: math.Float64bits(f)}
	}
	failf(line, "%q is no value", clip(s))
	return value{}
}

// number reads an integer.
func (c *scanner) number() int64 {
	v := c.value(0)
	switch v.kind {
	case dex.ValueInt, dex.ValueLong, dex.ValueShort, dex.ValueByte, dex.ValueChar, dex.ValueBoolean:
		return int64(v.bits)
	}
	failf(c.line, "want an integer")
	return 0
}

// toMUTF8 encodes a Go string; bytes that are no UTF-8 become U+FFFD.
func toMUTF8(s string) mstr {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = appendUnits(out, r)
	}
	return mstr(out)
}

// appendUnits appends r, which may be a lone surrogate, as MUTF-8.
func appendUnits(b []byte, r rune) []byte {
	switch {
	case r != 0 && r < 0x80:
		return append(b, byte(r))
	case r < 0x800:
		return append(b, 0xc0|byte(r>>6), 0x80|byte(r&0x3f))
	case r >= 0x10000:
		r -= 0x10000
		return appendUnits(appendUnits(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
}

// units returns the UTF-16 code units of s.
func (s mstr) units() []uint16 {
	var u []uint16
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c < 0x80:
			u = append(u, uint16(c))
			i++
		case c < 0xe0:
			u = append(u, uint16(c&0x1f)<<6|uint16(s[i+1]&0x3f))
			i += 2
		default:
			u = append(u, uint16(c&0x0f)<<12|uint16(s[i+1]&0x3f)<<6|uint16(s[i+2]&0x3f))
			i += 3
		}
	}
	return u
}
