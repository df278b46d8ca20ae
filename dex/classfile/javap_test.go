package classfile_test

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
)

// What javap -v -p says of a file is a superset of javap -c -p -constants: the
// constant pool by index, members with descriptors and flags, instructions with
// offsets and operands. Both it and what we read are brought to lines of one
// form, which must be equal.

// javap runs over files and returns the lines that matter of each.
func javap(t testing.TB, paths []string) []*javapParser {
	tool, err := exec.LookPath("javap")
	if err != nil {
		t.Skip("javap, of the JDK, is not installed")
	}
	args := append([]string{"-J-Dfile.encoding=UTF-8", "-J-Dstdout.encoding=UTF-8", "-v", "-p"}, paths...)
	cmd := exec.Command(tool, args...)
	cmd.Stderr = io.Discard // warnings about things that real files get wrong
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []*javapParser
	var p *javapParser
	r := bufio.NewReaderSize(out, 1<<20)
	for {
		line, err := r.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "Classfile ") {
			if p != nil {
				all = append(all, p)
			}
			p = &javapParser{}
		} else if p != nil {
			p.line(line)
		}
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Logf("javap: %v", err)
	}
	if p != nil {
		all = append(all, p)
	}
	return all
}

type javapParser struct {
	out   []string
	notes []string // annotations, whose place among the lines differs
	part  string
}

func (p *javapParser) add(format string, args ...any) {
	p.out = append(p.out, fmt.Sprintf(format, args...))
}

// note adds an annotation. The names of elements of annotations inside others
// are dropped: we do not keep them.
func (p *javapParser) note(s string) {
	outer, inner, nested := strings.Cut(s, "@")
	if nested {
		s = outer + "@" + innerName.ReplaceAllString(inner, "$1")
	}
	p.notes = append(p.notes, "annotation "+s)
}

var innerName = regexp.MustCompile(`([(,])#[0-9]+=`)

func (p *javapParser) line(s string) {
	f := strings.Fields(s)
	switch {
	case len(f) == 0:
		if p.part != "class" {
			p.part = ""
		}
	case strings.HasPrefix(s, "  minor version:"), strings.HasPrefix(s, "  major version:"):
		p.add("%s", strings.Join(f, " "))
	case strings.HasPrefix(s, "  flags:"), strings.HasPrefix(s, "    flags:"):
		p.add("flags %s", f[1])
	case strings.HasPrefix(s, "  this_class:"), strings.HasPrefix(s, "  super_class:"):
		p.add("%s %s", f[0], f[1])
	case strings.HasPrefix(s, "  interfaces:"):
		p.add("%s", strings.Join(f[:6], " "))
	case s == "Constant pool:":
		p.part = "pool"
	case s == "{":
		p.part = "members"
	case s == "}":
		p.part = ""
	case p.part == "pool":
		at := strings.Index(s, " = ")
		index, rest := strings.TrimSpace(s[:at]), s[at+3:]
		if text, ok := strings.CutPrefix(rest, "Utf8"); ok {
			p.add("%s Utf8 %s", index, text[min(15, len(text)):])
			return
		}
		value, comment, _ := strings.Cut(rest, "//")
		comment = strings.TrimPrefix(comment, " ")
		v := strings.Fields(value)
		if v[0] == "MethodType" {
			comment = strings.TrimSpace(comment)
		}
		p.add("%s %s %s", index, strings.Join(v, " "), strings.ReplaceAll(comment, `"`, ""))
	case strings.HasPrefix(s, "    descriptor:"):
		p.part = "member"
		p.add("member %s", f[1])
	case strings.HasPrefix(s, "    ConstantValue:"):
		kind := f[1]
		p.add("constant %s", kind)
	case strings.HasPrefix(s, "      stack="):
		p.part = "code"
		p.add("%s %s", strings.TrimSuffix(f[0], ","), strings.TrimSuffix(f[1], ","))
	case strings.HasPrefix(s, "      Exception table:"):
		p.part = "handlers"
	case strings.HasPrefix(strings.TrimSpace(s), "Runtime") && strings.HasSuffix(s, "Annotations:") && !strings.Contains(s, "Type"):
		p.part = "annotations"
	case p.part == "handlers" && f[0] != "from":
		if len(f) < 4 || f[0][0] < '0' || f[0][0] > '9' {
			p.part = ""
			return
		}
		p.add("handler %s", strings.Join(f[:3], " "))
	case p.part == "code" && strings.HasPrefix(s, "      ") && len(f) > 1 && strings.HasSuffix(f[0], ":") && f[0][0] >= '0' && f[0][0] <= '9':
		pc, rest, _ := strings.Cut(s, ":")
		operands, _, _ := strings.Cut(rest, " // ")
		o := strings.Fields(operands)
		p.add("%s %s", strings.TrimSpace(pc), strings.Join(o, " "))
		if strings.HasSuffix(operands, "{") {
			p.part = "switch"
		}
	case p.part == "switch":
		if f[0] == "}" {
			p.part = "code"
			return
		}
		p.add("case %s %s", f[0], f[1])
	case p.part == "code":
		p.part = ""
	case strings.HasPrefix(s, "BootstrapMethods:"):
		p.part = "bootstrap"
	case p.part == "bootstrap" && len(f) > 1 && strings.HasSuffix(f[0], ":") && strings.HasPrefix(f[1], "#"):
		p.add("bootstrap %s", f[1])
	case p.part == "bootstrap" && strings.HasPrefix(s, "      #"):
		p.add("argument %s", f[0])
	case p.part == "annotations" && f[0][0] >= '0' && f[0][0] <= '9' && len(f) > 1 && f[1][0] == '#':
		if note := strings.Join(f[1:], " "); !strings.HasSuffix(note, "()") || strings.Count(note, "(") > 1 {
			p.note(note)
		}
	case strings.HasPrefix(s, "      default_value:"):
		p.note(f[1])
	case s[0] != ' ':
		p.part = "class"
	}
}

// lines renders what we read of a file in the same form.
func lines(f *classfile.File) (out, notes []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	add("minor version: %d", f.Minor)
	add("major version: %d", f.Major)
	add("flags (0x%04x)", f.Flags)
	add("this_class: #%d", f.This)
	add("super_class: #%d", f.Super)
	add("interfaces: %d, fields: %d, methods: %d,", len(f.Ifaces), len(f.Fields), len(f.Methods))
	for i := 1; i < f.NumConstants(); i++ {
		if s := constant(f, uint16(i)); s != "" {
			add("#%d %s", i, s)
		}
	}
	for i := range f.Fields {
		m := &f.Fields[i]
		notes = append(notes, annotations(f, m)...)
		add("member %s", f.Utf8(m.Desc))
		add("flags (0x%04x)", m.Flags)
		switch f.Tag(m.Constant) {
		case classfile.TagString:
			add("constant String")
		case classfile.TagInteger:
			add("constant int")
		case classfile.TagLong:
			add("constant long")
		case classfile.TagFloat:
			add("constant float")
		case classfile.TagDouble:
			add("constant double")
		}
	}
	for i := range f.Methods {
		m := &f.Methods[i]
		notes = append(notes, annotations(f, m)...)
		add("member %s", f.Utf8(m.Desc))
		add("flags (0x%04x)", m.Flags)
		c, err := f.Code(m)
		if err != nil || !m.HasCode() {
			continue
		}
		add("stack=%d locals=%d", c.MaxStack, c.MaxLocals)
		for pc := uint32(0); ; {
			in, ok := c.At(pc)
			if !ok {
				break
			}
			out = instruction(out, &c, in)
			pc += in.Len
		}
		for j := range c.NumHandlers() {
			h := c.Handler(j)
			add("handler %d %d %d", h.Start, h.End, h.Target)
		}
	}
	for i := uint16(0); ; i++ {
		h, args, ok := f.Bootstrap(i)
		if !ok {
			return out, append(notes, annotations(f, nil)...)
		}
		add("bootstrap #%d", h)
		for j := range args.Len() {
			add("argument #%d", args.At(j))
		}
	}
}

var arrayKinds = map[int32]string{4: "boolean", 5: "char", 6: "float", 7: "double", 8: "byte", 9: "short", 10: "int", 11: "long"}

func instruction(out []string, c *classfile.Code, in classfile.Inst) []string {
	name := in.Op.String()
	if in.Wide {
		name += "_w"
	}
	s := fmt.Sprintf("%d %s", in.PC, name)
	switch in.Op.Format() {
	case classfile.FormatByte:
		if in.Op == classfile.OpNewarray {
			return append(out, s+" "+arrayKinds[in.Arg])
		}
		fallthrough
	case classfile.FormatShort, classfile.FormatBranch, classfile.FormatBranchWide:
		s += fmt.Sprintf(" %d", in.Arg)
	case classfile.FormatConst1, classfile.FormatConst:
		s += fmt.Sprintf(" #%d", in.Index)
	case classfile.FormatLocal:
		s += fmt.Sprintf(" %d", in.Index)
	case classfile.FormatIinc:
		s += fmt.Sprintf(" %d, %d", in.Index, in.Arg)
	case classfile.FormatInterface:
		s += fmt.Sprintf(" #%d, %d", in.Index, c.Insns[in.PC+3])
	case classfile.FormatDynamic:
		s += fmt.Sprintf(" #%d, 0", in.Index)
	case classfile.FormatMulti:
		s += fmt.Sprintf(" #%d, %d", in.Index, in.Arg)
	case classfile.FormatTable, classfile.FormatLookup:
		out = append(out, s+" {")
		var targets []uint32
		for to := range c.Targets(in) {
			targets = append(targets, to)
		}
		at := (in.PC + 4) &^ 3
		for i, to := range targets[1:] {
			key := int32(be32(c.Insns[at+4:])) + int32(i)
			if in.Op == classfile.OpLookupswitch {
				key = int32(be32(c.Insns[int(at)+8+8*i:]))
			}
			out = append(out, fmt.Sprintf("case %d: %d", key, to))
		}
		return append(out, fmt.Sprintf("case default: %d", targets[0]))
	}
	return append(out, s)
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

var handleNames = []string{"", "REF_getField", "REF_getStatic", "REF_putField", "REF_putStatic", "REF_invokeVirtual", "REF_invokeStatic", "REF_invokeSpecial", "REF_newInvokeSpecial", "REF_invokeInterface"}

// quoted renders text as javap does.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch i := strings.IndexRune("\t\n\r\b\f\"'\\", r); {
		case i >= 0:
			b.WriteString([]string{`\t`, `\n`, `\r`, `\b`, `\f`, `\"`, `\'`, `\\`}[i])
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// constant renders a constant as javap does; names by way of our accessors.
func constant(f *classfile.File, i uint16) string {
	plain := func(s string) string { return strings.ReplaceAll(quoted(s), `"`, "") }
	raw := func(b ...int) []uint16 { // indices as they stand
		var l []uint16
		for _, n := range b {
			l = append(l, f.RawIndex(i, n))
		}
		return l
	}
	member := func(i uint16) string {
		class, name, desc := f.Member(i)
		c := f.Class(class)
		if strings.HasPrefix(c, "L") {
			c = c[1 : len(c)-1]
		}
		return c + "." + f.Utf8(name) + ":" + f.Utf8(desc)
	}
	switch f.Tag(i) {
	case classfile.TagUtf8:
		return "Utf8 " + quoted(f.Utf8(i))
	case classfile.TagInteger:
		return fmt.Sprintf("Integer %d ", f.Int(i))
	case classfile.TagLong:
		return fmt.Sprintf("Long %dl ", f.Int(i))
	case classfile.TagFloat:
		return "Float " + javaNumber(f.Float(i), 32) + "f "
	case classfile.TagDouble:
		return "Double " + javaNumber(f.Float(i), 64) + "d "
	case classfile.TagClass:
		d := f.Class(i)
		if strings.HasPrefix(d, "L") {
			d = d[1 : len(d)-1]
		}
		return fmt.Sprintf("Class #%d %s", raw(0)[0], plain(d))
	case classfile.TagString:
		return fmt.Sprintf("String #%d %s", raw(0)[0], plain(f.Text(i)))
	case classfile.TagFieldref, classfile.TagMethodref, classfile.TagInterfaceMethodref:
		names := map[classfile.Tag]string{classfile.TagFieldref: "Fieldref", classfile.TagMethodref: "Methodref", classfile.TagInterfaceMethodref: "InterfaceMethodref"}
		l := raw(0, 2)
		return fmt.Sprintf("%s #%d.#%d %s", names[f.Tag(i)], l[0], l[1], plain(member(i)))
	case classfile.TagNameAndType:
		name, desc := f.NameAndType(i)
		return fmt.Sprintf("NameAndType #%d:#%d %s", name, desc, plain(f.Utf8(name)+":"+f.Utf8(desc)))
	case classfile.TagMethodHandle:
		kind, m := f.Handle(i)
		return fmt.Sprintf("MethodHandle %d:#%d %s", kind, m, handleNames[kind]+" "+plain(member(m)))
	case classfile.TagMethodType:
		return fmt.Sprintf("MethodType #%d %s", raw(0)[0], plain(f.MethodType(i)))
	case classfile.TagDynamic, classfile.TagInvokeDynamic:
		tag := "Dynamic"
		if f.Tag(i) == classfile.TagInvokeDynamic {
			tag = "InvokeDynamic"
		}
		b, name, desc, _ := f.Dynamic(i)
		return fmt.Sprintf("%s #%d:#%d #%d:%s", tag, b, raw(2)[0], b, plain(f.Utf8(name)+":"+f.Utf8(desc)))
	}
	return ""
}

// javaNumber is compared as a number: javap prints more digits than are needed.
func javaNumber(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), "Inf", "Infinity", 1)
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

// annotations renders annotations that have elements.
func annotations(f *classfile.File, m *classfile.Member) (out []string) {
	var open classfile.Annotation
	seen := map[uint16]bool{}
	var elems []string
	flush := func() {
		if len(elems) > 0 {
			out = append(out, fmt.Sprintf("annotation #%d(%s)", open.Type, strings.Join(elems, ",")))
		}
		elems = nil
		clear(seen)
	}
	f.Annotations(m, func(a classfile.Annotation, name uint16, v classfile.Element) bool {
		if a.Default {
			flush()
			out = append(out, "annotation "+element(v))
			return true
		}
		if a != open || seen[name] {
			flush()
		}
		open = a
		seen[name] = true
		elems = append(elems, fmt.Sprintf("#%d=%s", name, element(v)))
		return true
	})
	flush()
	return out
}

func element(v classfile.Element) string {
	var l []string
	switch v.Tag {
	case 'e':
		return fmt.Sprintf("e#%d.#%d", v.Type, v.Const)
	case '[', '@':
		for _, e := range v.Elems {
			l = append(l, element(e))
		}
		if v.Tag == '[' {
			return "[" + strings.Join(l, ",") + "]"
		}
		return fmt.Sprintf("@#%d(%s)", v.Type, strings.Join(l, ","))
	}
	return fmt.Sprintf("%c#%d", v.Tag, v.Const)
}

// compare runs javap over class files, compares all lines and counts them in
// total.
func compare(t *testing.T, name string, classes [][]byte, total map[string]int) {
	t.Helper()
	dir := t.TempDir()
	const batch = 400
	for from := 0; from < len(classes); from += batch {
		var paths []string
		for i, b := range classes[from:min(from+batch, len(classes))] {
			p := filepath.Join(dir, fmt.Sprintf("%06d.class", from+i))
			if err := os.WriteFile(p, b, 0o666); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, p)
		}
		all := javap(t, paths)
		if len(all) != len(paths) {
			t.Errorf("%s: javap read %d of %d files", name, len(all), len(paths))
			return
		}
		for i, p := range all {
			f, err := classfile.Open(classes[from+i])
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got, notes := lines(f)
			if d := firstDiff(normal(got), normal(p.out)); d != "" {
				t.Errorf("%s: %s:\n%s", name, f.Class(f.This), d)
			}
			if d := firstDiff(notes, p.notes); d != "" {
				t.Errorf("%s: annotations of %s:\n%s", name, f.Class(f.This), d)
			}
			total["classes"]++
			total["annotations"] += len(notes)
			for _, l := range got {
				total[kindOf(l)]++
			}
		}
	}
}

// normal brings what cannot be compared as text to one form: javap prints a
// question mark for lone surrogates, and numbers with more digits than are needed.
func normal(l []string) []string {
	out := make([]string, len(l))
	for i, s := range l {
		f := strings.Fields(s)
		s = strings.TrimRight(s, " ") // as javap does
		if len(f) == 3 && (f[1] == "Float" || f[1] == "Double") {
			if v, err := strconv.ParseFloat(strings.TrimRight(f[2], "fd"), 64); err == nil {
				if f[1] == "Float" {
					v = float64(float32(v))
				}
				s = f[0] + " " + f[1] + " " + strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
		out[i] = surrogate.ReplaceAllString(s, "?")
	}
	return out
}

var surrogate = regexp.MustCompile(`\\\\uD[89A-F][0-9A-F]{2}`)

func firstDiff(got, want []string) string {
	for i := range max(len(got), len(want)) {
		g, w := "(end)", "(end)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			return fmt.Sprintf("line %d:\n got  %.300q\n want %.300q", i, g, w)
		}
	}
	return ""
}

// kindOf sorts a line into what is counted.
func kindOf(l string) string {
	f := strings.Fields(l)
	switch {
	case l[0] == '#':
		return "constants"
	case f[0] == "member":
		return "members"
	case l[0] >= '0' && l[0] <= '9':
		switch op := f[1]; {
		case strings.HasPrefix(op, "invoke"):
			return "calls"
		case strings.HasPrefix(op, "get"), strings.HasPrefix(op, "put"):
			return "field accesses"
		case strings.HasPrefix(op, "ldc"):
			return "constants loaded"
		}
		return "other instructions"
	}
	return "other lines"
}

func TestJavapFixtures(t *testing.T) {
	total := map[string]int{}
	var list [][]byte
	for _, text := range fixtures {
		for _, c := range classtest.Must(text) {
			list = append(list, c.Data)
		}
	}
	compare(t, "fixtures", list, total)
	t.Log(total)
}

// TestJavapRealFiles compares with javap all class files of archives below
// $TELLTALE_TEST_FILES; of equal files one.
func TestJavapRealFiles(t *testing.T) {
	total := map[string]int{}
	seen := map[string]bool{}
	jars(t, func(name string, classes [][]byte) {
		var list [][]byte
		for _, b := range classes {
			if !seen[string(b)] {
				seen[string(b)] = true
				list = append(list, b)
			}
		}
		if len(list) > 0 {
			total["archives"]++
			compare(t, name, list, total)
		}
	})
	t.Log(total)
}
