// Package classtest assembles class files from readable recipes, for tests and
// fuzz seeds. The form follows that of the Jasmin assembler, as far as it goes:
//
//	.class public com/foo/Bar              flags as in Java, then the name
//	.version 55 0                          52 0 if left out
//	.super java/lang/Object
//	.implements java/lang/Runnable
//	.source "Bar.java"
//	.annotation Lcom/foo/Note; text="a" number=7 of=Lcom/foo/C; list=["a","b"]
//	.field static final URL Ljava/lang/String; = "https://host/"
//	.method public static run(I)V
//	    .locals 2                          parameters and 16 more if left out
//	    .stack 4                           16 if left out
//	    .catch from to handler java/io/IOException
//	from:
//	    ldc "text"                         or 5 5L 1.5f 1.5d class(com/foo/C) type((I)V) handle(static,com/foo/C.m()V)
//	    invokestatic com/foo/C.m(Ljava/lang/String;)V
//	    getstatic com/foo/C.f:I
//	    goto to
//	    tableswitch 3 from to default to   the number of the first, then labels
//	    lookupswitch 1:from 9:to default to
//	    invokedynamic run()Ljava/lang/Runnable; java/lang/invoke/LambdaMetafactory.metafactory()V handle(static,com/foo/Bar.l()V)
//	    wide iload 300
//	to:
//	    return
//	.end
//
// An annotation belongs to the class, or to the field or method above it
// (behind .end). ";" begins a comment where a word could begin.
package classtest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/dex/classfile"
)

// Class is one assembled class.
type Class struct {
	Name string // internal: com/foo/Bar
	Data []byte
}

// Assemble turns a recipe into class files.
func Assemble(text string) (out []Class, err error) {
	a := &assembler{}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(error)
			if !ok {
				panic(r)
			}
			out, err = nil, fmt.Errorf("line %d: %w", a.line, e)
		}
	}()
	for i, line := range strings.Split(text, "\n") {
		a.line = i + 1
		if f := words(line); len(f) > 0 {
			a.statement(f)
		}
	}
	a.finish()
	return a.out, nil
}

// Must is Assemble for a recipe that is known to be right.
func Must(text string) []Class {
	l, err := Assemble(text)
	if err != nil {
		panic("classtest: " + err.Error())
	}
	return l
}

// One is Must for a recipe of one class.
func One(text string) []byte {
	l := Must(text)
	if len(l) != 1 {
		panic("classtest: want one class")
	}
	return l[0].Data
}

// Jar returns an archive of the classes of a recipe, and of further entries:
// names and contents in turn.
func Jar(text string, more ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			panic(err)
		}
	}
	for _, c := range Must(text) {
		add(c.Name+".class", c.Data)
	}
	for i := 0; i+1 < len(more); i += 2 {
		add(more[i], []byte(more[i+1]))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// words splits a line; quoted text is one word, with its quotes.
func words(line string) (out []string) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == ';' {
			return out
		}
		n := 0
		for n < len(line) && line[n] != ' ' && line[n] != '\t' {
			if line[n] == '"' {
				q, err := strconv.QuotedPrefix(line[n:])
				if err != nil {
					panic(fmt.Errorf("bad text %s", line[n:]))
				}
				n += len(q)
				continue
			}
			n++
		}
		out = append(out, line[:n])
		line = line[n:]
	}
}

type assembler struct {
	line int
	out  []Class

	name        string
	major       uint64
	minor       uint64
	flags       uint16
	super       string
	ifaces      []string
	source      string
	annotations []byte
	notes       int
	fields      []*member
	methods     []*member
	bootstrap   []string // bytes of each
	pool        bytes.Buffer
	index       map[string]uint16
	count       int

	method *member // being assembled
	last   *member // that annotations belong to
}

type member struct {
	flags       uint16
	name, desc  string
	constant    uint16
	annotations []byte
	notes       int

	code   []byte
	stack  int
	locals int
	labels map[string]int
	fixes  []fix
	catch  [][4]string
}

// fix is a jump whose target is not known yet.
type fix struct {
	at, from, size int
	label          string
}

func (a *assembler) fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

func (a *assembler) number(s string, bits int) int64 {
	n, err := strconv.ParseInt(s, 0, bits+1)
	if err != nil {
		a.fail("bad number %q", s)
	}
	return n
}

var flagBits = map[string]uint16{
	"public": 1, "private": 2, "protected": 4, "static": 8, "final": 0x10, "synchronized": 0x20, "volatile": 0x40,
	"bridge": 0x40, "transient": 0x80, "varargs": 0x80, "native": 0x100, "interface": 0x200, "abstract": 0x400,
	"strict": 0x800, "synthetic": 0x1000, "annotation": 0x2000, "enum": 0x4000, "module": 0x8000,
}

// flagsOf takes flags from the front of a list of words.
func flagsOf(f []string) (flags uint16, rest []string) {
	for len(f) > 0 {
		bit, ok := flagBits[f[0]]
		if !ok {
			break
		}
		flags |= bit
		f = f[1:]
	}
	return flags, f
}

func (a *assembler) statement(f []string) {
	if a.method != nil && f[0] != ".end" {
		a.instruction(f)
		return
	}
	if f[0] != ".class" && a.name == "" {
		a.fail("%s before .class", f[0])
	}
	rest := f[1:]
	need := func(n int) {
		if len(rest) < n {
			a.fail("%s needs more", f[0])
		}
	}
	switch f[0] {
	case ".class":
		a.finish()
		out, line := a.out, a.line
		*a = assembler{out: out, line: line, super: "java/lang/Object", major: 52, index: map[string]uint16{}, count: 1}
		a.flags, rest = flagsOf(rest)
		need(1)
		a.flags |= classfile.AccSuper
		if a.flags&classfile.AccInterface != 0 {
			a.flags &^= classfile.AccSuper
		}
		a.name = rest[0]
	case ".version":
		need(2)
		a.major, a.minor = uint64(a.number(rest[0], 16)), uint64(a.number(rest[1], 16))
	case ".super":
		need(1)
		a.super = rest[0]
	case ".implements":
		a.ifaces = append(a.ifaces, rest...)
	case ".source":
		need(1)
		a.source = unquote(rest[0])
	case ".annotation":
		need(1)
		b := a.note(rest)
		if a.last != nil {
			a.last.annotations = append(a.last.annotations, b...)
			a.last.notes++
		} else {
			a.annotations = append(a.annotations, b...)
			a.notes++
		}
	case ".field":
		m := &member{}
		m.flags, rest = flagsOf(rest)
		need(2)
		m.name, m.desc = rest[0], rest[1]
		if len(rest) > 3 && rest[2] == "=" {
			m.constant = a.constant(rest[3])
		}
		a.fields = append(a.fields, m)
		a.last = m
	case ".method":
		m := &member{stack: 16, labels: map[string]int{}}
		m.flags, rest = flagsOf(rest)
		need(1)
		i := strings.IndexByte(rest[0], '(')
		if i < 0 {
			a.fail("a method needs a descriptor: %s", rest[0])
		}
		m.name, m.desc = rest[0][:i], rest[0][i:]
		m.locals = len(m.desc) + 16 // never fewer than the parameters take
		a.methods = append(a.methods, m)
		a.method, a.last = m, m
	case ".end":
		a.resolve()
		a.method = nil
	default:
		a.fail("unknown statement %s", f[0])
	}
}

func unquote(s string) string {
	u, err := strconv.Unquote(s)
	if err != nil {
		panic(fmt.Errorf("bad text %s", s))
	}
	return u
}

// add returns the number of a constant with these bytes.
func (a *assembler) add(b ...byte) uint16 {
	if i, ok := a.index[string(b)]; ok {
		return i
	}
	i := uint16(a.count)
	a.index[string(b)] = i
	a.pool.Write(b)
	if a.count++; b[0] == byte(classfile.TagLong) || b[0] == byte(classfile.TagDouble) {
		a.count++
	}
	return i
}

func two(tag classfile.Tag, i ...uint16) []byte {
	b := []byte{byte(tag)}
	for _, n := range i {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

// utf8 adds text in modified UTF-8.
func (a *assembler) utf8(s string) uint16 {
	var m []byte
	unit := func(u rune) {
		switch {
		case u != 0 && u < 0x80:
			m = append(m, byte(u))
		case u < 0x800:
			m = append(m, 0xc0|byte(u>>6), 0x80|byte(u&0x3f))
		default:
			m = append(m, 0xe0|byte(u>>12), 0x80|byte(u>>6&0x3f), 0x80|byte(u&0x3f))
		}
	}
	for _, r := range s {
		if r > 0xffff {
			unit(0xd800 + (r-0x10000)>>10)
			r = 0xdc00 + (r-0x10000)&0x3ff
		}
		unit(r)
	}
	return a.add(append(two(classfile.TagUtf8, uint16(len(m))), m...)...)
}

func (a *assembler) class(name string) uint16 {
	return a.add(two(classfile.TagClass, a.utf8(name))...)
}

// member adds a reference: "com/foo/C.m()V" or "com/foo/C.f:I".
func (a *assembler) member(s string, iface bool) uint16 {
	class, rest, ok := strings.Cut(s, ".")
	tag, at := classfile.TagMethodref, strings.IndexByte(rest, '(')
	desc := ""
	switch {
	case !ok:
	case at >= 0:
		rest, desc = rest[:at], rest[at:]
		if iface {
			tag = classfile.TagInterfaceMethodref
		}
	default:
		tag = classfile.TagFieldref
		rest, desc, ok = strings.Cut(rest, ":")
	}
	if !ok {
		a.fail("want Class.name()V or Class.name:I, have %s", s)
	}
	c := a.class(class)
	return a.add(two(tag, c, a.add(two(classfile.TagNameAndType, a.utf8(rest), a.utf8(desc))...))...)
}

var handleKinds = map[string]classfile.HandleKind{
	"getfield": 1, "getstatic": 2, "putfield": 3, "putstatic": 4, "virtual": 5, "static": 6, "special": 7, "new": 8, "interface": 9,
}

// constant adds what can be loaded.
func (a *assembler) constant(s string) uint16 {
	kind, arg, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	switch {
	case s[0] == '"':
		return a.add(two(classfile.TagString, a.utf8(unquote(s)))...)
	case ok && kind == "class":
		return a.class(arg)
	case ok && kind == "type":
		return a.add(two(classfile.TagMethodType, a.utf8(arg))...)
	case ok && kind == "handle":
		how, m, _ := strings.Cut(arg, ",")
		k := handleKinds[how]
		ref := a.member(m, k == classfile.HandleInvokeInterface)
		return a.add(byte(classfile.TagMethodHandle), byte(k), byte(ref>>8), byte(ref))
	case strings.HasSuffix(s, "L"):
		return a.add(binary.BigEndian.AppendUint64([]byte{byte(classfile.TagLong)}, uint64(a.number(s[:len(s)-1], 63)))...)
	case strings.HasSuffix(s, "f"), strings.HasSuffix(s, "d"):
		v, err := strconv.ParseFloat(s[:len(s)-1], 64)
		if err != nil {
			a.fail("bad number %s", s)
		}
		if s[len(s)-1] == 'f' {
			return a.add(binary.BigEndian.AppendUint32([]byte{byte(classfile.TagFloat)}, math.Float32bits(float32(v)))...)
		}
		return a.add(binary.BigEndian.AppendUint64([]byte{byte(classfile.TagDouble)}, math.Float64bits(v))...)
	}
	return a.add(binary.BigEndian.AppendUint32([]byte{byte(classfile.TagInteger)}, uint32(a.number(s, 32)))...)
}

// note makes one annotation.
func (a *assembler) note(f []string) []byte {
	b := binary.BigEndian.AppendUint16(nil, a.utf8(f[0]))
	b = binary.BigEndian.AppendUint16(b, uint16(len(f)-1))
	for _, e := range f[1:] {
		name, v, ok := strings.Cut(e, "=")
		if !ok {
			a.fail("want name=value, have %s", e)
		}
		b = binary.BigEndian.AppendUint16(b, a.utf8(name))
		b = a.element(b, v)
	}
	return b
}

func (a *assembler) element(b []byte, v string) []byte {
	switch v[0] {
	case '"':
		return binary.BigEndian.AppendUint16(append(b, 's'), a.utf8(unquote(v)))
	case 'L':
		return binary.BigEndian.AppendUint16(append(b, 'c'), a.utf8(v))
	case '[':
		list := strings.Split(strings.Trim(v, "[]"), ",")
		b = binary.BigEndian.AppendUint16(append(b, '['), uint16(len(list)))
		for _, e := range list {
			b = a.element(b, e)
		}
		return b
	}
	return binary.BigEndian.AppendUint16(append(b, 'I'), a.constant(v))
}

// instruction assembles one line of a method.
func (a *assembler) instruction(f []string) {
	m := a.method
	if label, ok := strings.CutSuffix(f[0], ":"); ok {
		m.labels[label] = len(m.code)
		return
	}
	arg := func(i int) string {
		if i >= len(f) {
			a.fail("%s needs more", f[0])
		}
		return f[i]
	}
	switch f[0] {
	case ".stack":
		m.stack = int(a.number(arg(1), 16))
		return
	case ".locals":
		m.locals = int(a.number(arg(1), 16))
		return
	case ".catch":
		c := [4]string{arg(1), arg(2), arg(3)}
		if len(f) > 4 {
			c[3] = f[4]
		}
		m.catch = append(m.catch, c)
		return
	case ".byte":
		for _, s := range f[1:] {
			m.code = append(m.code, byte(a.number(s, 8)))
		}
		return
	}
	wide := f[0] == "wide"
	if wide {
		m.code = append(m.code, byte(classfile.OpWide))
		f = f[1:]
	}
	op, ok := classfile.Lookup(arg(0))
	if !ok {
		a.fail("unknown instruction %s", f[0])
	}
	start := len(m.code)
	m.code = append(m.code, byte(op))
	u2 := func(n uint16) { m.code = binary.BigEndian.AppendUint16(m.code, n) }
	jump := func(label string, size int) {
		m.fixes = append(m.fixes, fix{len(m.code), start, size, label})
		m.code = append(m.code, make([]byte, size)...)
	}
	switch op.Format() {
	case classfile.FormatByte:
		m.code = append(m.code, byte(a.number(arg(1), 8)))
	case classfile.FormatShort:
		u2(uint16(a.number(arg(1), 16)))
	case classfile.FormatConst1:
		n := a.constant(arg(1))
		if n > 0xff {
			m.code[start] = byte(classfile.OpLdcW)
			u2(n)
		} else {
			m.code = append(m.code, byte(n))
		}
	case classfile.FormatConst, classfile.FormatInterface, classfile.FormatMulti:
		switch op {
		case classfile.OpLdcW, classfile.OpLdc2W:
			u2(a.constant(arg(1)))
		case classfile.OpNew, classfile.OpAnewarray, classfile.OpCheckcast, classfile.OpInstanceof, classfile.OpMultianewarray:
			u2(a.class(arg(1)))
		default:
			u2(a.member(arg(1), op == classfile.OpInvokeinterface))
		}
		if op == classfile.OpInvokeinterface {
			m.code = append(m.code, 1, 0)
		}
		if op == classfile.OpMultianewarray {
			m.code = append(m.code, byte(a.number(arg(2), 8)))
		}
	case classfile.FormatDynamic:
		i := strings.IndexByte(arg(1), '(')
		if i < 0 {
			a.fail("want name()V, have %s", f[1])
		}
		boot := a.constant("handle(static," + arg(2) + ")")
		b := binary.BigEndian.AppendUint16(nil, boot)
		b = binary.BigEndian.AppendUint16(b, uint16(len(f)-3))
		for _, s := range f[3:] {
			b = binary.BigEndian.AppendUint16(b, a.constant(s))
		}
		a.bootstrap = append(a.bootstrap, string(b))
		nt := a.add(two(classfile.TagNameAndType, a.utf8(f[1][:i]), a.utf8(f[1][i:]))...)
		u2(a.add(two(classfile.TagInvokeDynamic, uint16(len(a.bootstrap)-1), nt)...))
		u2(0)
	case classfile.FormatLocal, classfile.FormatIinc:
		n := []int64{a.number(arg(1), 16)}
		if op == classfile.OpIinc {
			n = append(n, a.number(arg(2), 16))
		}
		for _, v := range n {
			if wide {
				u2(uint16(v))
			} else {
				m.code = append(m.code, byte(v))
			}
		}
	case classfile.FormatBranch:
		jump(arg(1), 2)
	case classfile.FormatBranchWide:
		jump(arg(1), 4)
	case classfile.FormatTable, classfile.FormatLookup:
		a.table(op, f[1:], jump)
	}
}

// table assembles a switch.
func (a *assembler) table(op classfile.Op, f []string, jump func(string, int)) {
	m := a.method
	for len(m.code)%4 != 0 {
		m.code = append(m.code, 0)
	}
	if len(f) < 2 || f[len(f)-2] != "default" {
		a.fail("a switch ends with: default label")
	}
	jump(f[len(f)-1], 4)
	cases := f[:len(f)-2]
	u4 := func(n int64) { m.code = binary.BigEndian.AppendUint32(m.code, uint32(n)) }
	if op == classfile.OpTableswitch {
		low := a.number(cases[0], 32)
		u4(low)
		u4(low + int64(len(cases)) - 2)
		for _, l := range cases[1:] {
			jump(l, 4)
		}
		return
	}
	u4(int64(len(cases)))
	for _, c := range cases {
		key, label, _ := strings.Cut(c, ":")
		u4(a.number(key, 32))
		jump(label, 4)
	}
}

// resolve fills in the jumps of the method.
func (a *assembler) resolve() {
	m := a.method
	if m == nil {
		a.fail(".end without a method")
	}
	for _, x := range m.fixes {
		to, ok := m.labels[x.label]
		if !ok {
			a.fail("unknown label %s", x.label)
		}
		if x.size == 2 {
			binary.BigEndian.PutUint16(m.code[x.at:], uint16(to-x.from))
		} else {
			binary.BigEndian.PutUint32(m.code[x.at:], uint32(to-x.from))
		}
	}
}

// attribute adds an attribute to a list.
func (a *assembler) attribute(list *[][]byte, name string, body []byte) {
	b := binary.BigEndian.AppendUint16(nil, a.utf8(name))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	*list = append(*list, append(b, body...))
}

func counted(list [][]byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), bytes.Join(list, nil)...)
}

func (a *assembler) notesAttr(list *[][]byte, n int, notes []byte) {
	if n > 0 {
		a.attribute(list, "RuntimeVisibleAnnotations", append(binary.BigEndian.AppendUint16(nil, uint16(n)), notes...))
	}
}

func (a *assembler) memberBytes(m *member, isMethod bool) []byte {
	var attrs [][]byte
	if m.constant != 0 {
		a.attribute(&attrs, "ConstantValue", binary.BigEndian.AppendUint16(nil, m.constant))
	}
	if isMethod && m.flags&(classfile.AccNative|classfile.AccAbstract) == 0 {
		b := binary.BigEndian.AppendUint16(nil, uint16(m.stack))
		b = binary.BigEndian.AppendUint16(b, uint16(m.locals))
		b = binary.BigEndian.AppendUint32(b, uint32(len(m.code)))
		b = append(b, m.code...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(m.catch)))
		for _, c := range m.catch {
			for _, l := range c[:3] {
				to, ok := m.labels[l]
				if !ok {
					a.fail("unknown label %s", l)
				}
				b = binary.BigEndian.AppendUint16(b, uint16(to))
			}
			typ := uint16(0)
			if c[3] != "" {
				typ = a.class(c[3])
			}
			b = binary.BigEndian.AppendUint16(b, typ)
		}
		a.attribute(&attrs, "Code", append(b, 0, 0))
	}
	a.notesAttr(&attrs, m.notes, m.annotations)
	b := binary.BigEndian.AppendUint16(nil, m.flags)
	b = binary.BigEndian.AppendUint16(b, a.utf8(m.name))
	b = binary.BigEndian.AppendUint16(b, a.utf8(m.desc))
	return append(b, counted(attrs)...)
}

// finish writes the class that is being assembled.
func (a *assembler) finish() {
	if a.name == "" {
		return
	}
	if a.method != nil {
		a.fail("a method without .end")
	}
	body := binary.BigEndian.AppendUint16(nil, a.flags)
	body = binary.BigEndian.AppendUint16(body, a.class(a.name))
	super := uint16(0)
	if a.super != "none" {
		super = a.class(a.super)
	}
	body = binary.BigEndian.AppendUint16(body, super)
	body = binary.BigEndian.AppendUint16(body, uint16(len(a.ifaces)))
	for _, i := range a.ifaces {
		body = binary.BigEndian.AppendUint16(body, a.class(i))
	}
	var list [][]byte
	for _, m := range a.fields {
		list = append(list, a.memberBytes(m, false))
	}
	body = append(body, counted(list)...)
	list = nil
	for _, m := range a.methods {
		list = append(list, a.memberBytes(m, true))
	}
	body = append(body, counted(list)...)
	var attrs [][]byte
	if a.source != "" {
		a.attribute(&attrs, "SourceFile", binary.BigEndian.AppendUint16(nil, a.utf8(a.source)))
	}
	a.notesAttr(&attrs, a.notes, a.annotations)
	if len(a.bootstrap) > 0 {
		b := binary.BigEndian.AppendUint16(nil, uint16(len(a.bootstrap)))
		a.attribute(&attrs, "BootstrapMethods", append(b, strings.Join(a.bootstrap, "")...))
	}
	body = append(body, counted(attrs)...)

	out := binary.BigEndian.AppendUint32(nil, 0xcafebabe)
	out = binary.BigEndian.AppendUint16(out, uint16(a.minor))
	out = binary.BigEndian.AppendUint16(out, uint16(a.major))
	out = binary.BigEndian.AppendUint16(out, uint16(a.count))
	out = append(out, a.pool.Bytes()...)
	a.out = append(a.out, Class{a.name, append(out, body...)})
	a.name = ""
}
