package dex_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// dumper prints a file as dexdump -d -a -f -h does, from what package dex
// tells. Equal text is the proof that every table, flag, instruction, operand,
// handler, line, local, annotation and constant was read alike.
type dumper struct {
	f    *dex.File
	w    *bufio.Writer
	head bool // as dexdump of Android 15, else as that of Android 11, which Debian has
	n    counts
}

// counts is what was printed.
type counts struct {
	files, strings, types, protos, fields, methods, classes, classFields, classMethods int
	refused                                                                            int // by dexdump and by us
	codes, insns, invokes, constStrings, fieldRefs, typeRefs, lines, locals, values    int
}

func (c *counts) add(o counts) {
	c.files += o.files
	c.refused += o.refused
	c.strings += o.strings
	c.types += o.types
	c.protos += o.protos
	c.fields += o.fields
	c.methods += o.methods
	c.classes += o.classes
	c.classFields += o.classFields
	c.classMethods += o.classMethods
	c.codes += o.codes
	c.insns += o.insns
	c.invokes += o.invokes
	c.constStrings += o.constStrings
	c.fieldRefs += o.fieldRefs
	c.typeRefs += o.typeRefs
	c.lines += o.lines
	c.locals += o.locals
	c.values += o.values
}

func (c counts) String() string {
	return fmt.Sprintf("%d files, %d strings, %d types, %d protos, %d field ids, %d method ids, %d classes with %d fields and %d methods, %d code items, "+
		"%d instructions, of them %d invokes, %d const-strings, %d field accesses, %d type references; %d line entries, %d locals, %d encoded values; "+
		"besides, %d files that dexdump and Verify refuse alike",
		c.files, c.strings, c.types, c.protos, c.fields, c.methods, c.classes, c.classFields, c.classMethods, c.codes,
		c.insns, c.invokes, c.constStrings, c.fieldRefs, c.typeRefs, c.lines, c.locals, c.values, c.refused)
}

// dump prints f under the given name and returns what it counted.
func dump(f *dex.File, name string, out io.Writer, head bool) counts {
	d := &dumper{f: f, w: bufio.NewWriterSize(out, 1<<16), head: head}
	d.n = counts{
		files: 1, strings: f.NumStrings(), types: f.NumTypes(), protos: f.NumProtos(),
		fields: f.NumFields(), methods: f.NumMethods(), classes: f.NumClasses(),
	}
	d.file(name)
	d.w.Flush()
	return d.n
}

func (d *dumper) p(format string, args ...any) { fmt.Fprintf(d.w, format, args...) }

// Text as dexdump prints it: the bytes of the file.
func (d *dumper) str(i uint32) string { return string(d.f.StringBytes(i)) }
func (d *dumper) typ(i uint32) string { return d.str(d.f.TypeString(i)) }

func (d *dumper) name(i uint32) string {
	if i == dex.NoIndex {
		return "(null)"
	}
	return d.str(i)
}

func (d *dumper) proto(i uint32) string {
	p := d.f.Proto(i)
	var b strings.Builder
	b.WriteByte('(')
	for _, t := range p.Params.All() {
		b.WriteString(d.typ(t))
	}
	return b.String() + ")" + d.typ(p.Return)
}

func (d *dumper) method(i uint32) string {
	m := d.f.Method(i)
	return d.typ(m.Class) + "." + d.str(m.Name) + ":" + d.proto(m.Proto)
}

func (d *dumper) file(name string) {
	h := d.f.Header()
	d.p("Opened '%s', DEX version '%s'\n", name, h.Magic[4:7])
	d.p("DEX file header:\nmagic               : 'dex\\n%s\\0'\n", h.Magic[4:7])
	d.p("checksum            : %08x\n", h.Checksum)
	s := h.Signature
	d.p("signature           : %02x%02x...%02x%02x\n", s[0], s[1], s[18], s[19])
	d.p("file_size           : %d\nheader_size         : %d\n", h.FileSize, h.HeaderSize)
	off := func(n string, v uint32) { d.p("%-20s: %d (0x%06x)\n", n, v, v) }
	size := func(n string, v uint32) { d.p("%-20s: %d\n", n, v) }
	size("link_size", h.LinkSize)
	off("link_off", h.LinkOff)
	for _, t := range []struct {
		name string
		t    dex.Table
	}{
		{"string_ids", h.StringIDs},
		{"type_ids", h.TypeIDs},
		{"proto_ids", h.ProtoIDs},
		{"field_ids", h.FieldIDs},
		{"method_ids", h.MethodIDs},
		{"class_defs", h.ClassDefs},
		{"data", h.Data},
	} {
		size(t.name+"_size", t.t.Count)
		off(t.name+"_off", t.t.Off)
	}
	d.p("\n")
	for i := range d.f.NumClasses() {
		d.class(i)
	}
	for i := range d.f.NumMethodHandles() {
		d.handle(uint32(i))
	}
	for i := range d.f.NumCallSites() {
		d.callSite(uint32(i))
	}
}

func (d *dumper) class(i int) {
	c, cd := d.f.Class(i), d.f.ClassData(i)
	d.p("Class #%d header:\nclass_idx           : %d\n", i, c.Type)
	d.p("access_flags        : %d (0x%04x)\n", int32(c.Flags), c.Flags)
	super := c.Super
	if super == dex.NoIndex {
		super = 0xffff
	}
	d.p("superclass_idx      : %d\n", super)
	d.p("interfaces_off      : %d (0x%06x)\n", c.InterfacesOff, c.InterfacesOff)
	d.p("source_file_idx     : %d\n", int32(c.SourceFile))
	d.p("annotations_off     : %d (0x%06x)\n", c.AnnotationsOff, c.AnnotationsOff)
	d.p("class_data_off      : %d (0x%06x)\n", c.ClassDataOff, c.ClassDataOff)
	d.p("static_fields_size  : %d\ninstance_fields_size: %d\n", cd.StaticFields, cd.InstanceFields)
	d.p("direct_methods_size : %d\nvirtual_methods_size: %d\n\n", cd.DirectMethods, cd.VirtualMethods)

	d.annotations(i)

	d.p("Class #%d            -\n  Class descriptor  : '%s'\n", i, d.typ(c.Type))
	d.p("  Access flags      : 0x%04x (%s)\n", c.Flags, flagText(c.Flags, classFlagNames))
	if c.Super != dex.NoIndex {
		d.p("  Superclass        : '%s'\n", d.typ(c.Super))
	}
	d.p("  Interfaces        -\n")
	for j, t := range d.f.Interfaces(i).All() {
		d.p("    #%d              : '%s'\n", j, d.typ(t))
	}
	var values []dex.Value
	for v := range d.f.StaticValues(i) {
		values = append(values, v)
	}
	n, static := 0, true
	d.p("  Static fields     -\n")
	for fd := range cd.Fields() {
		if static && !fd.Static {
			d.p("  Instance fields   -\n")
			n, static = 0, false
		}
		ref := d.f.Field(fd.Index)
		d.p("    #%d              : (in %s)\n      name          : '%s'\n", n, d.typ(ref.Class), d.str(ref.Name))
		d.p("      type          : '%s'\n      access        : 0x%04x (%s)\n", d.typ(ref.Type), fd.Flags, flagText(fd.Flags, fieldFlagNames))
		if static && n < len(values) {
			d.p("      value         : ")
			d.value(values[n])
			d.p("\n")
		}
		n++
		d.n.classFields++
	}
	if static {
		d.p("  Instance fields   -\n")
	}
	n, direct := 0, true
	d.p("  Direct methods    -\n")
	for md := range cd.Methods() {
		if direct && md.Virtual {
			d.p("  Virtual methods   -\n")
			n, direct = 0, false
		}
		d.methodDef(n, md)
		n++
		d.n.classMethods++
	}
	if direct {
		d.p("  Virtual methods   -\n")
	}
	src := "unknown"
	if c.SourceFile != dex.NoIndex {
		src = d.str(c.SourceFile)
	}
	d.p("  source_file_idx   : %d (%s)\n\n", int32(c.SourceFile), src)
}

// annotations prints the annotations of a class. The reader yields annotations
// and nothing for an empty set, which dexdump prints: the directory itself tells
// where these are.
func (d *dumper) annotations(i int) {
	off := d.f.Class(i).AnnotationsOff
	if off == 0 {
		return
	}
	d.p("Class #%d annotations:\n", i)
	type place struct {
		t     dex.AnnotationTarget
		m     uint32
		param int
	}
	have := make(map[place][]dex.Annotation)
	for a := range d.f.Annotations(i) {
		at := place{a.Target, a.Member, a.Param}
		have[at] = append(have[at], a.Annotation)
	}
	set := func(at place) {
		if len(have[at]) == 0 {
			d.p("  empty-annotation-set\n")
		}
		for _, a := range have[at] {
			vis := "UNKNOWN"
			if int(a.Visibility) < 3 {
				vis = []string{"BUILD", "RUNTIME", "SYSTEM"}[a.Visibility]
			}
			d.p("  VISIBILITY_%s ", vis)
			d.annotation(a)
			d.p("\n")
		}
		delete(have, at)
	}
	u := func(off uint32) uint32 { return binary.LittleEndian.Uint32(d.f.Data()[off:]) }
	if u(off) != 0 {
		d.p("Annotations on class\n")
		set(place{dex.OnClass, dex.NoIndex, 0})
	}
	fields, methods, params := u(off+4), u(off+8), u(off+12)
	off += 16
	for range fields {
		m := u(off)
		d.p("Annotations on field #%d '%s'\n", m, d.str(d.f.Field(m).Name))
		set(place{dex.OnField, m, 0})
		off += 8
	}
	for range methods {
		m := u(off)
		d.p("Annotations on method #%d '%s'\n", m, d.str(d.f.Method(m).Name))
		set(place{dex.OnMethod, m, 0})
		off += 8
	}
	for range params {
		m := u(off)
		d.p("Annotations on method #%d '%s' parameters\n", m, d.str(d.f.Method(m).Name))
		for p := range u(u(off + 4)) {
			d.p("#%d\n", p)
			set(place{dex.OnParameter, m, int(p)})
		}
		off += 8
	}
	if len(have) > 0 {
		d.p("annotations that the directory does not name: %v\n", have)
	}
	d.p("\n")
}

func (d *dumper) annotation(a dex.Annotation) {
	d.p("%s", d.typ(a.Type))
	for name, v := range a.Elements() {
		d.p(" %s=", d.str(name))
		d.value(v)
	}
}

func (d *dumper) value(v dex.Value) {
	d.n.values++
	switch v.Kind {
	case dex.ValueByte, dex.ValueShort, dex.ValueChar, dex.ValueInt, dex.ValueLong:
		d.p("%d", v.Int())
	case dex.ValueFloat, dex.ValueDouble:
		d.p("%s", cFloat(v.Float()))
	case dex.ValueString:
		d.p("\"%s\"", d.escape(d.str(v.Index())))
	case dex.ValueType:
		d.p("%s", d.typ(v.Index()))
	case dex.ValueField, dex.ValueEnum:
		d.p("%s", d.str(d.f.Field(v.Index()).Name))
	case dex.ValueMethod:
		d.p("%s", d.str(d.f.Method(v.Index()).Name))
	case dex.ValueArray:
		d.p("{")
		for e := range v.Array() {
			d.p(" ")
			d.value(e)
		}
		d.p(" }")
	case dex.ValueAnnotation:
		a, _ := v.Annotation()
		d.annotation(a)
	case dex.ValueNull:
		d.p("null")
	case dex.ValueBoolean:
		d.p("%t", v.Bool())
	default:
		d.p("????")
	}
}

// escape is dexdump's quoting of strings.
func (d *dumper) escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '\\' || c == '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\b' && d.head:
			b.WriteString(`\b`)
		case c == '\f' && d.head:
			b.WriteString(`\f`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// cFloat formats as C's %g.
func cFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		if math.Signbit(f) {
			return "-nan"
		}
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'g', 6, 64)
}

// cSingle formats a float as C does after its promotion to double.
func cSingle(bits uint32) string {
	f := math.Float32frombits(bits)
	if f != f {
		if bits>>31 != 0 {
			return "-nan"
		}
		return "nan"
	}
	return cFloat(float64(f))
}

func (d *dumper) methodDef(n int, m dex.MethodDef) {
	ref := d.f.Method(m.Index)
	d.p("    #%d              : (in %s)\n      name          : '%s'\n", n, d.typ(ref.Class), d.str(ref.Name))
	d.p("      type          : '%s'\n      access        : 0x%04x (%s)\n", d.proto(ref.Proto), m.Flags, flagText(m.Flags, methodFlagNames))
	if d.head {
		d.p("      method_idx    : %d\n", m.Index)
	}
	if m.CodeOff == 0 {
		d.p("      code          : (none)\n\n")
		return
	}
	c := d.f.Code(m.CodeOff)
	d.n.codes++
	d.p("      code          -\n      registers     : %d\n      ins           : %d\n", c.Registers, c.Ins)
	d.p("      outs          : %d\n      insns size    : %d 16-bit code units\n", c.Outs, c.Size)
	dot := d.typ(ref.Class)
	dot = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(dot, "L"), ";"), "/", ".")
	d.p("%06x:                                        |[%06x] %s.%s:%s\n", m.CodeOff, m.CodeOff, dot, d.str(ref.Name), d.proto(ref.Proto))
	for pc, in := range c.Instructions() {
		d.inst(c, pc, in)
	}
	if c.NumTries == 0 {
		d.p("      catches       : (none)\n")
	} else {
		d.p("      catches       : %d\n", c.NumTries)
	}
	for t := range c.Tries() {
		d.p("        0x%04x - 0x%04x\n", t.Start, t.End)
		for h := range t.Handlers() {
			typ := "<any>"
			if h.Type != dex.NoIndex {
				typ = d.typ(h.Type)
			}
			d.p("          %s -> 0x%04x\n", typ, h.Addr)
		}
	}
	d.debug(c, m)
	d.p("\n")
}

// debug prints line table and locals, which the two dexdumps do a little differently.
func (d *dumper) debug(c dex.Code, m dex.MethodDef) {
	space := " "
	lastPC := ^uint32(0)
	if d.head {
		space = ""
		for pc := range c.Instructions() {
			lastPC = pc
		}
	}
	d.p("      positions     :%s\n", space)
	for l := range c.Lines() {
		if l.PC > lastPC {
			break
		}
		d.p("        0x%04x line=%d\n", l.PC, int32(l.Line))
		d.n.lines++
	}
	d.p("      locals        :%s\n", space)
	for l := range c.Locals(m) {
		name, typ, sig := d.name(l.Name), "(null)", ""
		if l.This {
			name = "this"
		}
		if l.Type != dex.NoIndex {
			typ = d.typ(l.Type)
		}
		if l.Signature != dex.NoIndex {
			sig = d.str(l.Signature)
		}
		end := l.End
		if l.End == c.Units() {
			end &= 0xffff // dexdump's size is a 16-bit number there
		}
		d.p("        0x%04x - 0x%04x reg=%d %s %s", l.Start, end, l.Register, name, typ)
		if !d.head || sig != "" {
			d.p(" %s", sig)
		}
		d.p("\n")
		d.n.locals++
	}
}

func (d *dumper) inst(c dex.Code, pc uint32, in dex.Inst) {
	op := in.Op()
	d.n.insns++
	d.p("%06x:", c.Off+16+2*pc)
	w := in.Width()
	for i := range uint32(8) {
		switch {
		case i >= w:
			d.p("     ")
		case i == 7:
			d.p(" ... ")
		default:
			u := in.Unit(int(i))
			d.p(" %02x%02x", u&0xff, u>>8)
		}
	}
	d.p("|%04x: ", pc)
	switch {
	case op.IsPayload():
		d.p("%s (%d units)\n", op, w)
		return
	case op == dex.OpNop:
		d.p("nop // spacer\n")
		return
	}
	d.p("%s", op)
	if op.Invoke() != dex.InvokeNone {
		d.n.invokes++
	}
	a, b := in.A(), in.B()
	target := func(off int32) string {
		sign, abs := '+', off
		if off < 0 {
			sign, abs = '-', -off
		}
		return fmt.Sprintf("%04x // %c%04x", uint32(int32(pc)+off), sign, abs)
	}
	args := func() string {
		var s []string
		for i := range in.NumArgs() {
			s = append(s, fmt.Sprintf("v%d", in.Arg(i)))
		}
		return strings.Join(s, ", ")
	}
	switch op.Format() {
	case dex.Fmt10x:
	case dex.Fmt12x, dex.Fmt22x, dex.Fmt32x:
		d.p(" v%d, v%d", a, b)
	case dex.Fmt11n:
		d.p(" v%d, #int %d // #%x", a, in.Literal(), uint8(in.Literal()))
	case dex.Fmt11x:
		d.p(" v%d", a)
	case dex.Fmt10t, dex.Fmt20t:
		d.p(" %s", target(in.Offset()))
	case dex.Fmt21t:
		d.p(" v%d, %s", a, target(in.Offset()))
	case dex.Fmt22t:
		d.p(" v%d, v%d, %s", a, b, target(in.Offset()))
	case dex.Fmt30t:
		d.p(" #%08x", uint32(in.Offset()))
	case dex.Fmt31t:
		d.p(" v%d, %08x // +%08x", a, pc+uint32(in.Offset()), uint32(in.Offset()))
	case dex.Fmt21s:
		d.p(" v%d, #int %d // #%x", a, in.Literal(), uint16(in.Literal()))
	case dex.Fmt21h:
		if op == dex.OpConstHigh16 {
			d.p(" v%d, #int %d // #%x", a, in.Literal(), in.Unit(1))
		} else {
			d.p(" v%d, #long %d // #%x", a, in.Literal(), in.Unit(1))
		}
	case dex.Fmt21c, dex.Fmt31c:
		d.p(" v%d, %s", a, d.ref(in))
	case dex.Fmt23x:
		d.p(" v%d, v%d, v%d", a, b, in.C())
	case dex.Fmt22b:
		d.p(" v%d, v%d, #int %d // #%02x", a, b, in.Literal(), uint8(in.Literal()))
	case dex.Fmt22s:
		d.p(" v%d, v%d, #int %d // #%04x", a, b, in.Literal(), uint16(in.Literal()))
	case dex.Fmt22c:
		d.p(" v%d, v%d, %s", a, b, d.ref(in))
	case dex.Fmt31i:
		d.p(" v%d, #float %s // #%08x", a, cSingle(uint32(in.Literal())), uint32(in.Literal()))
	case dex.Fmt51l:
		d.p(" v%d, #double %s // #%016x", a, cFloat(math.Float64frombits(uint64(in.Literal()))), uint64(in.Literal()))
	case dex.Fmt35c, dex.Fmt45cc, dex.Fmt3rc, dex.Fmt4rcc:
		d.p(" {%s}, %s", args(), d.ref(in))
	default:
		d.p(" ???")
	}
	d.p("\n")
}

// ref is the text of what an instruction refers to.
func (d *dumper) ref(in dex.Inst) string {
	i := in.Index()
	outside := func(n int) bool { return int64(i) >= int64(n) }
	switch in.Op().IndexKind() {
	case dex.IndexString:
		d.n.constStrings++
		width := 4
		if in.Op().Format() == dex.Fmt31c {
			width = 8
		}
		if outside(d.f.NumStrings()) {
			return fmt.Sprintf("<string?> // string@%0*x", width, i)
		}
		s := d.str(i)
		if d.head {
			s = d.escape(s)
		}
		return fmt.Sprintf("\"%s\" // string@%0*x", s, width, i)
	case dex.IndexType:
		d.n.typeRefs++
		if outside(d.f.NumTypes()) {
			return fmt.Sprintf("<type?> // type@%04x", i)
		}
		return fmt.Sprintf("%s // type@%04x", d.typ(i), i)
	case dex.IndexField:
		d.n.fieldRefs++
		if outside(d.f.NumFields()) {
			return fmt.Sprintf("<field?> // field@%04x", i)
		}
		f := d.f.Field(i)
		return fmt.Sprintf("%s.%s:%s // field@%04x", d.typ(f.Class), d.str(f.Name), d.typ(f.Type), i)
	case dex.IndexMethod:
		m := "<method?>"
		if !outside(d.f.NumMethods()) {
			m = d.method(i)
		}
		if f := in.Op().Format(); f == dex.Fmt45cc || f == dex.Fmt4rcc {
			p := "<proto?>"
			if int64(in.ProtoIndex()) < int64(d.f.NumProtos()) {
				p = d.proto(in.ProtoIndex())
			}
			return fmt.Sprintf("%s, %s // method@%04x, proto@%04x", m, p, i, in.ProtoIndex())
		}
		return fmt.Sprintf("%s // method@%04x", m, i)
	case dex.IndexProto:
		if outside(d.f.NumProtos()) {
			return fmt.Sprintf("<?> // proto@%04x", i)
		}
		return fmt.Sprintf("%s // proto@%04x", d.proto(i), i)
	case dex.IndexCallSite:
		return fmt.Sprintf("call_site@%04x", i)
	case dex.IndexMethodHandle:
		return fmt.Sprintf("method_handle@%04x", i)
	case dex.IndexFieldOffset:
		return fmt.Sprintf("[obj+%04x]", i)
	case dex.IndexVtable:
		return fmt.Sprintf("[%04x] // vtable #%04x", i, i)
	}
	return "<?>"
}

func (d *dumper) handle(i uint32) {
	h := d.f.MethodHandle(i)
	kinds := []string{
		"put-static", "get-static", "put-instance", "get-instance", "invoke-static",
		"invoke-instance", "invoke-constructor", "invoke-direct", "invoke-interface",
	}
	var class, name, typ string
	if h.Kind.IsField() {
		f := d.f.Field(h.Index)
		class, name, typ = d.typ(f.Class), d.str(f.Name), d.typ(f.Type)
	} else {
		m := d.f.Method(h.Index)
		class, name, typ = d.typ(m.Class), d.str(m.Name), d.proto(m.Proto)
	}
	if h.Kind != dex.HandleStaticPut && h.Kind != dex.HandleStaticGet && h.Kind != dex.HandleInvokeStatic {
		typ = "(" + class + typ[1:]
	}
	d.p("Method handle #%d:\n  type        : %s\n  target      : %s %s\n  target_type : %s\n", i, kinds[h.Kind], class, name, typ)
}

func (d *dumper) callSite(i uint32) {
	s := d.f.CallSite(i)
	d.p("Call site #%d: // offset %d\n", i, s.Off)
	d.p("  link_argument[0] : %d (MethodHandle)\n  link_argument[1] : %s (String)\n  link_argument[2] : %s (MethodType)\n", s.Handle, d.str(s.Name), d.proto(s.Proto))
	for j, v := range s.Args {
		var text, typ string
		switch v.Kind {
		case dex.ValueByte:
			text, typ = fmt.Sprint(uint8(v.Int())), "byte"
		case dex.ValueShort:
			text, typ = fmt.Sprint(v.Int()), "short"
		case dex.ValueChar:
			text, typ = fmt.Sprint(v.Int()), "char"
		case dex.ValueInt:
			text, typ = fmt.Sprint(v.Int()), "int"
		case dex.ValueLong:
			text, typ = fmt.Sprint(v.Int()), "long"
		case dex.ValueFloat:
			text, typ = cFloat(v.Float()), "float"
		case dex.ValueDouble:
			text, typ = cFloat(v.Float()), "double"
		case dex.ValueMethodType:
			text, typ = d.proto(v.Index()), "MethodType"
		case dex.ValueMethodHandle:
			text, typ = fmt.Sprint(v.Index()), "MethodHandle"
		case dex.ValueString:
			text, typ = d.str(v.Index()), "String"
		case dex.ValueType:
			text, typ = d.typ(v.Index()), "Class"
		case dex.ValueNull:
			text, typ = "null", "Null"
		case dex.ValueBoolean:
			text, typ = fmt.Sprint(v.Bool()), "boolean"
		}
		d.p("  link_argument[%d] : %s (%s)\n", j+3, text, typ)
	}
}

var (
	classFlagNames = strings.Fields("PUBLIC PRIVATE PROTECTED STATIC FINAL ? ? ? ? INTERFACE ABSTRACT ? SYNTHETIC ANNOTATION ENUM ? VERIFIED OPTIMIZED")
	fieldFlagNames = strings.Fields("PUBLIC PRIVATE PROTECTED STATIC FINAL ? VOLATILE TRANSIENT ? ? ? ? SYNTHETIC ? ENUM ? ? ?")

	methodFlagNames = strings.Fields("PUBLIC PRIVATE PROTECTED STATIC FINAL SYNCHRONIZED BRIDGE VARARGS NATIVE ? ABSTRACT STRICT SYNTHETIC ? ? MIRANDA CONSTRUCTOR DECLARED_SYNCHRONIZED")
)

func flagText(flags uint32, names []string) string {
	var s []string
	for i, n := range names {
		if flags&(1<<i) != 0 {
			s = append(s, n)
		}
	}
	return strings.Join(s, " ")
}
