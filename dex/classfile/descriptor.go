package classfile

import "strings"

// classDescriptor makes a descriptor of the name in a Class constant, which
// is one already for arrays.
func classDescriptor(name string) string {
	if name == "" || name[0] == '[' {
		return name
	}
	return "L" + name + ";"
}

// typeLen returns the length of the field descriptor at the start of s, 0 if
// there is none.
func typeLen(s string) int {
	n := 0
	for n < len(s) && s[n] == '[' {
		n++
	}
	if n > 255 || n == len(s) {
		return 0
	}
	switch s[n] {
	case 'B', 'C', 'D', 'F', 'I', 'J', 'S', 'Z':
		return n + 1
	case 'L':
		if e := strings.IndexByte(s[n:], ';'); e > 1 {
			return n + e + 1
		}
	}
	return 0
}

// isType reports whether s is the descriptor of a field.
func isType(s string) bool { return s != "" && typeLen(s) == len(s) }

// isProto reports whether s is the descriptor of a method.
func isProto(s string) bool {
	if s == "" || s[0] != '(' {
		return false
	}
	s = s[1:]
	for s != "" && s[0] != ')' {
		n := typeLen(s)
		if n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ")V" || s != "" && isType(s[1:])
}

// params yields the parameters of a valid method descriptor.
func params(proto string) func(func(string) bool) {
	return func(yield func(string) bool) {
		s := strings.TrimPrefix(proto, "(")
		for s != "" && s[0] != ')' {
			n := typeLen(s)
			if n == 0 || !yield(s[:n]) {
				return
			}
			s = s[n:]
		}
	}
}

// result returns the type that a valid method descriptor returns.
func result(proto string) string { return proto[strings.IndexByte(proto, ')')+1:] }

// slots returns how many words a value of the type takes: 2 for long and
// double, 0 for void.
func slots(d string) int {
	switch d {
	case "J", "D":
		return 2
	case "V", "":
		return 0
	}
	return 1
}
