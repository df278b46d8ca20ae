// Package mapping reads the text in which R8 and ProGuard write down the names
// that they changed, so that code can be shown by its first names.
//
// The format is that of ProGuard's retrace manual, with R8's additions
// (r8 doc/retrace.md): a line for each class, then indented lines for its
// members, with line numbers that tell methods from those inlined into them.
//
//	com.example.Analytics -> a.b:
//	# {"id":"sourceFile","fileName":"Analytics.kt"}
//	    java.lang.String url -> a
//	    1:3:void send(java.lang.String,int):20:22 -> a
//
// # Limits and threat model
//
// The text is hostile. Lines beyond [MaxLine] bytes and what is no line of the
// format are skipped and counted; classes, members and bytes are limited by
// [MaxClasses], [MaxMembers] and [MaxBytes]. Memory is proportional to the
// text. A Map is safe for concurrent use.
package mapping

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
)

// The limits of a map. The largest apps have 200,000 classes and 150 MB of it.
const (
	MaxBytes   = 512 << 20
	MaxLine    = 64 << 10
	MaxClasses = 1 << 20
	MaxMembers = 1 << 23
)

// Map is a read mapping. All names that it takes and gives are descriptors and
// prototypes as in DEX.
type Map struct {
	classes map[string]*class // by the descriptor that the code has now
	renamed int
	skipped int
}

type class struct {
	name    string // first descriptor
	members []member
}

// member is a field or method. Of methods that were inlined into others only
// the outermost is kept: it is the one that the code still has.
type member struct {
	now   string // the name that the code has
	name  string // the first name
	owner string // first descriptor of the class that it came from, "" for this one
	// sig is the first prototype ("(I)V") or type, residual the one that the
	// code has if that is not the first in other names.
	sig, residual string
}

// Read reads a mapping. The error is r's, or says that a limit was reached or
// that nothing of the text is a mapping; what was read before is returned, but
// nothing in the last case.
func Read(r io.Reader) (*Map, error) {
	p := &parser{m: &Map{classes: make(map[string]*class)}, left: MaxMembers}
	in := bufio.NewReaderSize(io.LimitReader(r, MaxBytes+1), MaxLine)
	total := int64(0)
	var err error
	for err == nil {
		var line []byte
		line, err = in.ReadSlice('\n')
		total += int64(len(line))
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			line, err = in.ReadSlice('\n')
			total += int64(len(line))
		}
		switch {
		case total > MaxBytes:
			err = binread.Errorf(binread.TooLarge, "mapping", MaxBytes, "limit MaxBytes (%d)", int64(MaxBytes))
		case long:
			p.m.skipped++
		case err == nil || errors.Is(err, io.EOF):
			if e := p.line(strings.TrimRight(string(line), "\r\n \t")); e != nil {
				err = e
			}
		}
	}
	p.close()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && len(p.m.classes) == 0 {
		return nil, binread.Errorf(binread.BadMagic, "mapping", 0, "no line of it names a class")
	}
	return p.m, err
}

type parser struct {
	m    *Map
	c    *class
	last string // range and name of the last method line
	left int    // members that may still be kept
}

func (p *parser) line(s string) error {
	body := strings.TrimLeft(s, " \t")
	switch {
	case body == "":
	case body[0] == '#':
		p.comment(body)
	case len(body) == len(s):
		return p.class(s)
	case p.c == nil:
		p.m.skipped++
	default:
		return p.member(body)
	}
	return nil
}

// class reads "com.example.Analytics -> a.b:".
func (p *parser) class(s string) error {
	p.close()
	from, to, ok := strings.Cut(s, " -> ")
	to, colon := strings.CutSuffix(to, ":")
	first, now := descriptor(from), descriptor(to)
	if !ok || !colon || !isClass(first) || !isClass(now) {
		p.m.skipped++
		return nil
	}
	if p.m.classes[now] != nil { // R8 never does it; the first counts
		p.m.skipped++
		return nil
	}
	if len(p.m.classes) == MaxClasses {
		return binread.Errorf(binread.TooLarge, "mapping", -1, "limit MaxClasses (%d)", MaxClasses)
	}
	p.c = &class{name: first}
	p.m.classes[now] = p.c
	if first != now {
		p.m.renamed++
	}
	return nil
}

// close ends the class that is being read.
func (p *parser) close() {
	if p.c != nil {
		slices.SortStableFunc(p.c.members, func(x, y member) int { return cmp.Compare(x.now, y.now) })
		p.c.members = slices.Clip(p.c.members)
	}
	p.c, p.last = nil, ""
}

// member reads "1:3:void send(java.lang.String,int):20:22 -> a" or
// "java.lang.String url -> a".
func (p *parser) member(s string) error {
	left, now, ok := strings.Cut(s, " -> ")
	if !ok || now == "" || strings.ContainsAny(now, " ();/") {
		p.m.skipped++
		return nil
	}
	lines := ""
	for left != "" && left[0] >= '0' && left[0] <= '9' {
		n, rest, ok := strings.Cut(left, ":")
		if !ok {
			break
		}
		lines += n + ":"
		left = rest
	}
	typ, name, ok := strings.Cut(left, " ")
	if !ok || name == "" {
		p.m.skipped++
		return nil
	}
	x := member{now: now}
	if name, args, isMethod := strings.Cut(name, "("); isMethod {
		args, _, ok = strings.Cut(args, ")")
		if !ok {
			p.m.skipped++
			return nil
		}
		x.name = name
		x.sig = prototype(args, typ)
	} else {
		x.name, x.sig = name, descriptor(typ)
	}
	if i := strings.LastIndexByte(x.name, '.'); i >= 0 {
		x.owner, x.name = descriptor(x.name[:i]), x.name[i+1:]
	}
	if x.name == "" || x.sig == "" {
		p.m.skipped++
		return nil
	}
	// Frames of one range and name follow each other from the innermost to the
	// outermost: the last is the method that is still there.
	frame := ""
	if lines != "" {
		frame = lines + now
	}
	n := len(p.c.members)
	switch {
	case frame != "" && frame == p.last && n > 0:
		p.c.members[n-1] = x
	case n > 0 && p.c.members[n-1] == x: // another range of lines
	default:
		if p.left--; p.left < 0 {
			return binread.Errorf(binread.TooLarge, "mapping", -1, "limit MaxMembers (%d)", MaxMembers)
		}
		p.c.members = append(p.c.members, x)
	}
	p.last = frame
	return nil
}

// comment reads what R8 says of the member before: the prototype that the code
// has where it is not the first one in other names.
func (p *parser) comment(s string) {
	const id = `"id":"com.android.tools.r8.residualsignature"`
	if p.c == nil || len(p.c.members) == 0 || !strings.Contains(s, id) {
		return
	}
	_, rest, ok := strings.Cut(s, `"signature":"`)
	sig, _, end := strings.Cut(rest, `"`)
	if ok && end {
		p.c.members[len(p.c.members)-1].residual = sig
	}
}

// Len returns the number of classes, Renamed how many of them have another
// name than at first, Skipped the number of lines that were not understood.
func (m *Map) Len() int { return len(m.classes) }

// Renamed is described at [Map.Len].
func (m *Map) Renamed() int { return m.renamed }

// Skipped is described at [Map.Len].
func (m *Map) Skipped() int { return m.skipped }

// Type returns the first name of a type, arrays included; of those that the
// map does not know it is the same.
func (m *Map) Type(desc string) string {
	elem := strings.TrimLeft(desc, "[")
	if c := m.classes[elem]; c != nil {
		return desc[:len(desc)-len(elem)] + c.name
	}
	return desc
}

// Proto returns a prototype, "(La/b;I)V", with the first names of its types.
func (m *Map) Proto(proto string) string {
	if !strings.Contains(proto, "L") {
		return proto
	}
	var b strings.Builder
	b.Grow(len(proto))
	for rest := proto; rest != ""; {
		if rest[0] != 'L' {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		n := strings.IndexByte(rest, ';') + 1
		if n == 0 {
			n = len(rest)
		}
		b.WriteString(m.Type(rest[:n]))
		rest = rest[n:]
	}
	return b.String()
}

// Method returns the first name of a method that the class defines, all by the
// names that the code has. ok is false if the map does not tell: the method is
// inherited, was never renamed, or several could be meant.
func (m *Map) Method(class, name, proto string) (first string, ok bool) {
	return m.find(class, name, m.Proto(proto), proto)
}

// Field is Method for a field of a type.
func (m *Map) Field(class, name, typ string) (first string, ok bool) {
	return m.find(class, name, m.Type(typ), typ)
}

func (m *Map) find(class, name, sig, residual string) (string, bool) {
	c := m.classes[class]
	if c == nil {
		return "", false
	}
	i, _ := slices.BinarySearchFunc(c.members, name, func(x member, name string) int { return cmp.Compare(x.now, name) })
	var best *member
	rank := 0
	only, several := "", false
	isMethod := strings.HasPrefix(sig, "(")
	for ; i < len(c.members) && c.members[i].now == name; i++ {
		x := &c.members[i]
		if strings.HasPrefix(x.sig, "(") != isMethod {
			continue
		}
		several = several || only != "" && only != x.name
		only = x.name
		r := 0
		switch {
		case x.residual != "" && x.residual == residual:
			r = 3
		case x.residual != "":
		case x.sig == sig && x.owner == "":
			r = 2
		case x.sig == sig:
			r = 1
		}
		if r > rank {
			best, rank = x, r
		}
	}
	switch {
	case best != nil:
		return best.name, true
	case only != "" && !several:
		// Its prototype was changed, but there is no doubt which one is meant.
		return only, true
	}
	return "", false
}

// descriptor turns "java.lang.String[]" into "[Ljava/lang/String;".
func descriptor(java string) string {
	dims := 0
	for strings.HasSuffix(java, "[]") {
		java = java[:len(java)-2]
		dims++
	}
	if java == "" || dims > 255 {
		return ""
	}
	d, ok := primitive(java)
	if !ok {
		d = "L" + strings.ReplaceAll(java, ".", "/") + ";"
	}
	return strings.Repeat("[", dims) + d
}

func primitive(java string) (string, bool) {
	switch java {
	case "void":
		return "V", true
	case "boolean":
		return "Z", true
	case "byte":
		return "B", true
	case "short":
		return "S", true
	case "char":
		return "C", true
	case "int":
		return "I", true
	case "long":
		return "J", true
	case "float":
		return "F", true
	case "double":
		return "D", true
	}
	return "", false
}

// isClass reports whether a descriptor can be that of a class.
func isClass(d string) bool {
	return len(d) > 2 && d[0] == 'L' && !strings.ContainsAny(d[:len(d)-1], "; ()[:")
}

// prototype turns parameters and a return type into "(ILjava/lang/String;)V".
func prototype(args, ret string) string {
	var b strings.Builder
	b.WriteByte('(')
	if args != "" {
		for a := range strings.SplitSeq(args, ",") {
			b.WriteString(descriptor(strings.TrimSpace(a)))
		}
	}
	b.WriteByte(')')
	b.WriteString(descriptor(ret))
	return b.String()
}
