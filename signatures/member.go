package signatures

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// memberRef is a method or field that a rule names. Class is a descriptor.
// Proto is empty if the rule means every overload; for a field it is ":" and
// the field's type.
type memberRef struct {
	class, name, proto string
}

// parseMember reads smali notation, "Lcom/foo/Bar;->name(I)V" or
// "Lcom/foo/Bar;->name:I", or the dotted form "com.foo.Bar->name", which means
// every overload, and fields of that name.
func parseMember(s string) (memberRef, error) {
	class, rest, ok := strings.Cut(s, "->")
	if !ok || class == "" || rest == "" {
		return memberRef{}, fmt.Errorf("want a member as com.foo.Bar->name or Lcom/foo/Bar;->name(I)V, have %q", s)
	}
	m := memberRef{}
	if strings.HasSuffix(class, ";") {
		if n := descriptorLen(class); n != len(class) || class[0] != 'L' {
			return memberRef{}, fmt.Errorf("%q is not the descriptor of a class", class)
		}
		m.class = class
	} else {
		if msg := classError(class); msg != "" {
			return memberRef{}, errors.New(msg)
		}
		m.class = descriptor(class)
	}
	switch i := strings.IndexAny(rest, "(:"); {
	case i < 0:
		m.name = rest
	case rest[i] == '(':
		m.name, m.proto = rest[:i], rest[i:]
		if !validProto(m.proto) {
			return memberRef{}, fmt.Errorf("%q is not a prototype such as (ILjava/lang/String;)V", m.proto)
		}
	default:
		m.name, m.proto = rest[:i], rest[i:]
		if n := descriptorLen(m.proto[1:]); n == 0 || n != len(m.proto)-1 {
			return memberRef{}, fmt.Errorf("%q is not the descriptor of a type", m.proto[1:])
		}
	}
	if !validMemberName(m.name) {
		return memberRef{}, fmt.Errorf("%q is not the name of a member", m.name)
	}
	return m, nil
}

func (m memberRef) String() string { return m.class + "->" + m.name + m.proto }

func validMemberName(s string) bool {
	if s == "<init>" || s == "<clinit>" {
		return true
	}
	for _, r := range s {
		if r != '_' && r != '$' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return s != ""
}

// descriptor turns a dotted class name into a descriptor.
func descriptor(dotted string) string {
	return "L" + strings.ReplaceAll(dotted, ".", "/") + ";"
}

// dottedClass turns the descriptor of a class into a dotted name; other
// descriptors come back unchanged.
func dottedClass(desc string) string {
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return desc
	}
	return strings.ReplaceAll(desc[1:len(desc)-1], "/", ".")
}

// descriptorLen returns the length of the type descriptor at the beginning of
// s, or 0 if there is none.
func descriptorLen(s string) int {
	n := 0
	for n < len(s) && s[n] == '[' {
		n++
	}
	if n == len(s) || n > 255 {
		return 0
	}
	switch s[n] {
	case 'Z', 'B', 'S', 'C', 'I', 'J', 'F', 'D', 'V':
		if s[n] == 'V' && n > 0 {
			return 0
		}
		return n + 1
	case 'L':
		end := strings.IndexByte(s[n:], ';')
		if end < 2 {
			return 0
		}
		name := s[n+1 : n+end]
		if strings.ContainsAny(name, ".[(): ") || name[0] == '/' || strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
			return 0
		}
		return n + end + 1
	}
	return 0
}

func validProto(s string) bool {
	s, ok := strings.CutPrefix(s, "(")
	for ok && s != "" && s[0] != ')' {
		n := descriptorLen(s)
		if n == 0 || s[0] == 'V' {
			return false
		}
		s = s[n:]
	}
	if !ok || s == "" {
		return false
	}
	return descriptorLen(s[1:]) > 0 && descriptorLen(s[1:]) == len(s)-1
}
