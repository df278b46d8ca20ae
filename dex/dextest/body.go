package dextest

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// opcodes returns the instructions of a dialect by name.
func opcodes(d dex.Dialect) map[string]dex.Opcode {
	m := make(map[string]dex.Opcode, 256)
	for i := range dex.Opcode(256) {
		op := i
		if d == dex.Dalvik && i >= 0xe3 {
			op = 0x400 | i
		}
		m[op.String()] = op
	}
	return m
}

var artNames, dalvikNames = opcodes(dex.ART), opcodes(dex.Dalvik)

func (p *parser) method(l logical, rest, class string) *method {
	flags, rest := parseFlags64(rest, methodFlags)
	sc := &scanner{s: rest, line: l.n}
	m := &method{line: l.n, registers: -1, locals: -1, params: map[int]*param{}}
	m.ref = methodRef{class: class, name: sc.name("(")}
	m.ref.proto = sc.proto()
	sc.end()
	if flags&exactFlags == 0 && (m.ref.name == "<init>" || m.ref.name == "<clinit>") {
		flags |= dex.AccConstructor
	}
	m.flags = uint32(flags)
	for {
		l := p.next(".method", m.line)
		if l.text == ".end method" {
			return m
		}
		p.bodyLine(m, l)
	}
}

func (p *parser) bodyLine(m *method, l logical) {
	word, rest := cutWord(l.text)
	sc := &scanner{s: rest, line: l.n}
	add := func(s stmt) {
		s.line = l.n
		m.body = append(m.body, s)
	}
	if strings.HasPrefix(word, ":") {
		add(stmt{kind: stLabel, label: word})
		if rest != "" {
			p.bodyLine(m, logical{l.n, rest})
		}
		return
	}
	switch word {
	case ".registers":
		m.registers = count(sc, 0xffff)
	case ".locals":
		m.locals = count(sc, 0xffff)
	case ".annotation":
		m.annots = append(m.annots, p.annotation(l))
	case ".param", ".parameter":
		p.param(m, l, sc)
	case ".line":
		add(stmt{kind: stLine, lit: int64(count(sc, math.MaxInt32))})
	case ".prologue":
		add(stmt{kind: stPrologue})
	case ".epilogue":
		add(stmt{kind: stEpilogue})
	case ".local":
		s := stmt{kind: stLocal, regs: []reg{sc.reg()}}
		if sc.take(",") {
			if sc.space(); strings.HasPrefix(sc.s, `"`) {
				n := sc.quoted()
				s.local.name = &n
			} else {
				sc.want("null")
			}
			sc.want(":")
			s.local.typ = sc.descriptor()
			if sc.take(",") {
				g := sc.quoted()
				s.local.sig = &g
			}
		}
		add(s)
		sc.end()
	case ".end", ".restart":
		kind := stEndLocal
		if word == ".restart" {
			kind = stRestartLocal
		}
		sc.want("local")
		add(stmt{kind: kind, regs: []reg{sc.reg()}})
		sc.end()
	case ".catch", ".catchall":
		c := catch{line: l.n}
		if word == ".catch" {
			c.typ = sc.descriptor()
		}
		sc.want("{")
		c.start = sc.label()
		sc.want("..")
		c.end = sc.label()
		sc.want("}")
		c.handler = sc.label()
		sc.end()
		m.catches = append(m.catches, c)
	case ".units":
		s := stmt{kind: stUnits}
		for {
			s.data = binary.LittleEndian.AppendUint16(s.data, uint16(sc.number()))
			if !sc.take(",") {
				break
			}
		}
		sc.end()
		add(s)
	case ".packed-switch":
		s := stmt{kind: stPacked, keys: []int64{sc.number()}}
		sc.end()
		for {
			e := p.next(word, l.n)
			if e.text == ".end packed-switch" {
				break
			}
			ec := &scanner{s: e.text, line: e.n}
			s.labels = append(s.labels, ec.label())
			ec.end()
		}
		add(s)
	case ".sparse-switch":
		s := stmt{kind: stSparse}
		sc.end()
		for {
			e := p.next(word, l.n)
			if e.text == ".end sparse-switch" {
				break
			}
			ec := &scanner{s: e.text, line: e.n}
			s.keys = append(s.keys, ec.number())
			ec.want("->")
			s.labels = append(s.labels, ec.label())
			ec.end()
		}
		add(s)
	case ".array-data":
		s := stmt{kind: stArray, width: count(sc, 8)}
		if s.width != 1 && s.width != 2 && s.width != 4 && s.width != 8 {
			failf(l.n, "width %d: want 1, 2, 4 or 8", s.width)
		}
		for {
			e := p.next(word, l.n)
			if e.text == ".end array-data" {
				break
			}
			ec := &scanner{s: e.text, line: e.n}
			for {
				if ec.space(); ec.s == "" {
					break
				}
				v := ec.value(0)
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], v.bits)
				s.data = append(s.data, b[:s.width]...)
				ec.take(",")
			}
		}
		add(s)
	default:
		add(p.inst(word, sc))
	}
}

func count(sc *scanner, limit int64) int {
	n := sc.number()
	if n < 0 || n > limit {
		failf(sc.line, "%d is not between 0 and %d", n, limit)
	}
	sc.end()
	return int(n)
}

// param reads .param pN[, "name"], with annotations up to .end param if there is one.
func (p *parser) param(m *method, l logical, sc *scanner) {
	r := sc.reg()
	if !r.param {
		failf(l.n, "want a parameter register, p0 or so")
	}
	out := &param{}
	if sc.take(",") {
		n := sc.quoted()
		out.name = &n
	}
	sc.end()
	for i := p.at; i < len(p.lines); i++ {
		if p.lines[i].text == ".end method" || strings.HasPrefix(p.lines[i].text, ".param") {
			break
		}
		if p.lines[i].text != ".end param" {
			continue
		}
		for p.at < i {
			a := p.lines[p.at]
			p.at++
			if w, _ := cutWord(a.text); w != ".annotation" {
				failf(a.n, "want .annotation in a parameter")
			}
			out.annots = append(out.annots, p.annotation(a))
		}
		p.at = i + 1
		break
	}
	// The register tells the parameter: wide ones take two, the receiver is p0.
	params, _, _ := m.ref.proto.split()
	at := 0
	if m.flags&dex.AccStatic == 0 {
		at = 1
	}
	for i, t := range params {
		if at == r.n {
			m.params[i] = out
			return
		}
		at += words(t)
	}
	failf(l.n, "no parameter begins at p%d", r.n)
}

// words returns how many registers a value of type t takes.
func words(t string) int {
	if t == "J" || t == "D" {
		return 2
	}
	return 1
}

func (c *scanner) label() string {
	c.space()
	if !strings.HasPrefix(c.s, ":") {
		failf(c.line, "want a label at %q", clip(c.s))
	}
	end := strings.IndexAny(c.s, " \t\n,}")
	if end < 0 {
		end = len(c.s)
	}
	l := c.s[:end]
	c.s = c.s[end:]
	return l
}

func (c *scanner) reg() reg {
	c.space()
	i := 1
	for i < len(c.s) && c.s[i] >= '0' && c.s[i] <= '9' {
		i++
	}
	if i > 1 && (c.s[0] == 'v' || c.s[0] == 'p') {
		if n, err := strconv.ParseUint(c.s[1:i], 10, 16); err == nil {
			r := reg{c.s[0] == 'p', int(n)}
			c.s = c.s[i:]
			return r
		}
	}
	failf(c.line, "want a register at %q", clip(c.s))
	return reg{}
}

// inst reads an instruction; sc holds its operands.
func (p *parser) inst(name string, sc *scanner) stmt {
	names := artNames
	if p.dialect == dex.Dalvik {
		names = dalvikNames
	}
	op, ok := names[name]
	if !ok {
		failf(sc.line, "no instruction %q", clip(name))
	}
	s := stmt{kind: stInst, op: op}
	comma := func() { sc.want(",") }
	regs := func(n int) {
		for i := range n {
			if i > 0 {
				comma()
			}
			s.regs = append(s.regs, sc.reg())
		}
	}
	switch op.Format() {
	case dex.Fmt10x:
	case dex.Fmt11x:
		regs(1)
	case dex.Fmt12x, dex.Fmt22x, dex.Fmt32x:
		regs(2)
	case dex.Fmt23x:
		regs(3)
	case dex.Fmt11n, dex.Fmt21s, dex.Fmt21h, dex.Fmt31i, dex.Fmt51l:
		regs(1)
		comma()
		s.lit = literal(op, sc)
	case dex.Fmt22b, dex.Fmt22s:
		regs(2)
		comma()
		s.lit = sc.number()
	case dex.Fmt10t, dex.Fmt20t, dex.Fmt30t:
		s.label = sc.label()
	case dex.Fmt21t, dex.Fmt31t:
		regs(1)
		comma()
		s.label = sc.label()
	case dex.Fmt22t:
		regs(2)
		comma()
		s.label = sc.label()
	case dex.Fmt21c, dex.Fmt31c:
		regs(1)
		comma()
		s.refs = append(s.refs, sc.ref(op.IndexKind()))
	case dex.Fmt22c, dex.Fmt22cs:
		regs(2)
		comma()
		s.refs = append(s.refs, sc.ref(op.IndexKind()))
	case dex.Fmt20bc:
		s.lit = sc.number()
		comma()
		s.refs = append(s.refs, sc.ref(dex.IndexInline))
	case dex.Fmt35c, dex.Fmt35ms, dex.Fmt35mi, dex.Fmt45cc, dex.Fmt3rc, dex.Fmt3rms, dex.Fmt3rmi, dex.Fmt4rcc:
		sc.want("{")
		if !sc.take("}") {
			s.regs = append(s.regs, sc.reg())
			if sc.take("..") {
				s.regs = append(s.regs, sc.reg())
			} else if strings.HasPrefix(op.Format().String(), "3r") || op.Format() == dex.Fmt4rcc {
				s.regs = append(s.regs, s.regs[0])
			} else {
				for sc.take(",") {
					s.regs = append(s.regs, sc.reg())
				}
			}
			sc.want("}")
		}
		comma()
		s.refs = append(s.refs, sc.ref(op.IndexKind()))
		if f := op.Format(); f == dex.Fmt45cc || f == dex.Fmt4rcc {
			comma()
			s.refs = append(s.refs, sc.ref(dex.IndexProto))
		}
	}
	sc.end()
	return s
}

// literal reads the constant of a const instruction, which may be a float.
func literal(op dex.Opcode, sc *scanner) int64 {
	v := sc.value(0)
	switch v.kind {
	case dex.ValueFloat:
		return int64(int32(uint32(v.bits)))
	case dex.ValueDouble, dex.ValueInt, dex.ValueLong, dex.ValueShort, dex.ValueByte, dex.ValueChar, dex.ValueBoolean:
		if f := op.Format(); v.bits > math.MaxInt32 && v.bits <= math.MaxUint32 && (f == dex.Fmt31i || op == dex.OpConstHigh16) {
			return int64(int32(uint32(v.bits))) // 0xff000000 and the like
		}
		return int64(v.bits)
	}
	failf(sc.line, "want a number")
	return 0
}

var rawNames = map[dex.IndexKind]string{
	dex.IndexString: "string@", dex.IndexType: "type@", dex.IndexField: "field@", dex.IndexMethod: "method@",
	dex.IndexProto: "proto@", dex.IndexCallSite: "call_site@", dex.IndexMethodHandle: "method_handle@",
}

// ref reads what an instruction refers to.
func (c *scanner) ref(kind dex.IndexKind) value {
	c.space()
	if name, ok := rawNames[kind]; !ok || c.take(name) {
		return value{raw: &raw{uint32(c.number())}}
	}
	switch kind {
	case dex.IndexString:
		return value{kind: dex.ValueString, str: c.quoted()}
	case dex.IndexType:
		return value{kind: dex.ValueType, typ: c.descriptor()}
	case dex.IndexProto:
		return value{kind: dex.ValueMethodType, proto: c.proto()}
	case dex.IndexCallSite:
		return c.callSite()
	case dex.IndexMethodHandle:
		if v := c.value(0); v.kind == dex.ValueMethodHandle {
			return v
		}
		failf(c.line, "want a method handle")
	}
	v := c.member()
	if (v.kind == dex.ValueField) != (kind == dex.IndexField) {
		failf(c.line, "a member of the wrong sort")
	}
	return v
}

// callSite reads id("name", proto, arguments…)@Lclass;->bootstrap(…)ret.
func (c *scanner) callSite() value {
	s := &callSite{name: string(c.name("("))}
	c.want("(")
	for !c.take(")") {
		if len(s.args) > 0 {
			c.want(",")
		}
		s.args = append(s.args, c.value(1))
	}
	c.want("@")
	m := c.member()
	if m.kind != dex.ValueMethod {
		failf(c.line, "want a bootstrap method")
	}
	h := value{kind: dex.ValueMethodHandle, hand: handle{kind: dex.HandleInvokeStatic, method: m.meth}}
	s.args = append([]value{h}, s.args...)
	return value{site: s}
}
