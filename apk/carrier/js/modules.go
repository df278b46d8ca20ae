package js

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/carrier"
)

// Module is a package that an app was built from.
type Module struct {
	Name    string // as in the registry: "react-native-fbsdk", "@sentry/react-native"
	Version string // "" if unknown
}

// IsName reports whether a name is one that npm allows.
func IsName(name string) bool {
	if len(name) > 214 {
		return false
	}
	if scope, rest, ok := strings.Cut(name, "/"); ok {
		return len(scope) > 1 && scope[0] == '@' && isLabel(scope[1:]) && isLabel(rest)
	}
	return isLabel(name)
}

func isLabel(s string) bool {
	if s == "" || s[0] == '.' || s[0] == '_' {
		return false
	}
	for _, c := range []byte(s) {
		if !isLabelByte(c) {
			return false
		}
	}
	return true
}

func isLabelByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// isVersion reports whether s looks like 1.2.3, with or without more behind.
func isVersion(s string) bool {
	dots, digits := 0, 0
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && digits > 0 && s[i-1] != '.':
			dots++
		case (c == '-' || c == '+') && dots == 2 && digits >= 3:
			return len(s) <= 64
		default:
			return false
		}
	}
	return dots == 2 && digits >= 3 && len(s) <= 32
}

// set collects modules; a version once known is kept.
type set map[string]string

func (s set) add(name, version string) {
	if !IsName(name) {
		return
	}
	if v, ok := s[name]; !ok || v == "" {
		s[strings.Clone(name)] = strings.Clone(version)
	}
}

// list returns the modules, sorted by name.
func (s set) list() []Module {
	out := make([]Module, 0, len(s))
	for name, version := range s {
		out = append(out, Module{name, version})
	}
	slices.SortFunc(out, func(a, b Module) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Modules finds the packages that a script, a bundle or a source map was built
// from, sorted by name: in paths below node_modules; where a package registers
// its name and version, one behind the other; and in a package.json that is part
// of the bundle.
func Modules(src []byte) []Module {
	s := set{}
	s.paths(src)
	s.registered(src)
	s.embedded(src)
	return s.list()
}

// ModulesInStrings finds the packages in strings that are known to be strings:
// those of bytecode. Only paths tell there.
func ModulesInStrings(seq iter.Seq[carrier.String]) []Module {
	s := set{}
	for v := range seq {
		s.paths([]byte(v.Value))
	}
	return s.list()
}

// paths finds names behind "node_modules/".
func (s set) paths(src []byte) {
	const folder = "node_modules"
	for {
		i := bytes.Index(src, []byte(folder))
		if i < 0 {
			return
		}
		src = src[i+len(folder):]
		rest, ok := cutSlash(src)
		if !ok {
			continue
		}
		name := label(rest)
		if len(name) > 1 && name[0] == '@' {
			sub, ok := cutSlash(rest[len(name):])
			if !ok {
				continue
			}
			name += "/" + label(sub)
			rest = sub[len(label(sub)):]
		} else {
			rest = rest[len(name):]
		}
		// The package's own files are below it; a mere mention has none.
		if _, ok := cutSlash(rest); ok {
			s.add(name, "")
		}
	}
}

// cutSlash takes a slash off, also a backslash of Windows, escaped or not.
func cutSlash(b []byte) ([]byte, bool) {
	for _, slash := range []string{"/", `\\`, `\/`, `\`} {
		if rest, ok := bytes.CutPrefix(b, []byte(slash)); ok {
			return rest, true
		}
	}
	return b, false
}

// label returns the part of a name at the start of b.
func label(b []byte) string {
	n := 0
	for n < min(len(b), 214) && (b[n] == '@' && n == 0 || isLabelByte(b[n])) {
		n++
	}
	return string(b[:n])
}

// registered finds the literals "@scope/name" and "1.2.3" as neighbouring
// arguments, elements or variables: packages of Firebase and others register
// so.
func (s set) registered(src []byte) {
	name, end := "", 0
	for l := range Literals(src) {
		off := int(l.Off)
		if name != "" && isVersion(l.Value) && off > end && isBetween(src[end:off-1]) {
			s.add(name, l.Value)
		}
		name = ""
		if strings.HasPrefix(l.Value, "@") && IsName(l.Value) {
			name, end = l.Value, off+len(l.Value)+1
		}
	}
}

// isBetween reports whether b is a comma, or a comma and the beginning of a
// variable's declaration.
func isBetween(b []byte) bool {
	t := strings.TrimSpace(string(b))
	if len(t) == 0 || len(t) > 64 || t[0] != ',' {
		return false
	}
	t = strings.TrimSpace(t[1:])
	if t == "" {
		return true
	}
	t, ok := strings.CutSuffix(t, "=")
	return ok && isPath(strings.TrimSpace(t))
}

// embedded finds package.json files that a bundler made modules of.
func (s set) embedded(src []byte) {
	const most = 16 << 10 // bytes in which name and version stand
	left := maxWaste*len(src) + most
	for i := 0; i < len(src) && left > 0; {
		n := bytes.Index(src[i:], []byte("exports="))
		if n < 0 {
			return
		}
		i += n + len("exports=")
		at := bytes.TrimPrefix(src[i:min(len(src), i+most)], []byte("JSON.parse('"))
		if len(at) == 0 || at[0] != '{' {
			continue
		}
		p, used := properties(at)
		left -= used
		for _, sign := range []string{"dependencies", "repository", "license", "main", "scripts"} {
			if _, ok := p[sign]; ok && isVersion(p["version"]) {
				s.add(p["name"], p["version"])
				break
			}
		}
	}
}

// properties reads an object, as JSON or as a script writes it: its keys, and
// their values where those are strings. used is how many bytes were looked at.
func properties(b []byte) (out map[string]string, used int) {
	const (
		key = iota
		colon
		value
	)
	out = map[string]string{}
	state, depth, name := key, 0, ""
	i := 0
	for i < len(b) {
		c := b[i]
		switch {
		case c == '"' || c == '\'' || c == '`':
			end := i + 1
			for end < len(b) && b[end] != c {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(b) {
				return out, len(b)
			}
			text := unescape(b[i+1 : end])
			switch {
			case depth != 1:
			case state == key:
				name, state = text, colon
			case state == value:
				out[name] = text
			}
			i = end + 1
			continue
		case c == '{' || c == '[' || c == '(':
			depth++
		case c == '}' || c == ']' || c == ')':
			if depth--; depth == 0 {
				return out, i
			}
		case depth != 1:
		case c == ':' && state == colon:
			state = value
			out[name] = ""
		case c == ',':
			state = key
		case state == key && isName(c):
			start := i
			for i < len(b) && isName(b[i]) {
				i++
			}
			name, state = string(b[start:i]), colon
			continue
		}
		i++
	}
	return out, i
}
