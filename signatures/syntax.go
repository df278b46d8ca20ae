package signatures

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The functions in this file look at the form of one value. They return what
// is wrong with it, for a person, or "".

// minPrefix is the least number of characters before the "*" of a pattern.
const minPrefix = 4

// signalSyntax holds the check of each type of signal that has one.
var signalSyntax = map[string]func(string) string{
	"code":           packageError,
	"class":          classError,
	"code-ref":       packageError,
	"member":         memberError,
	"string":         patternError,
	"activity":       classError,
	"service":        classError,
	"receiver":       classError,
	"provider":       classError,
	"authority":      authorityError,
	"meta-data":      plainError,
	"permission":     authorityError,
	"action":         authorityError,
	"uses-library":   plainError,
	"native":         nativeError,
	"symbol":         patternError,
	"build-id":       buildIDError,
	"file":           pathError,
	"asset":          pathError,
	"resource":       resourceError,
	"js-module":      plainError,
	"dart-package":   plainError,
	"unity-assembly": plainError,
	"maven":          mavenError,
	"app-key":        plainError,
}

func validID(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' || c == '.':
			if i == 0 || i == len(s)-1 || s[i-1] == '.' || c == '.' && s[i-1] == '-' {
				return false
			}
		default:
			return false
		}
	}
	return s != ""
}

func idError(s string) string {
	if !validID(s) {
		return fmt.Sprintf("%q is not an id: use lower-case letters, digits, \"-\" and \".\"", s)
	}
	return ""
}

func validCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

// dotted reports whether s is a Java name in dotted form. Obfuscators use
// letters of all scripts, so these are allowed.
func dotted(s string, dollar bool) bool {
	start := true
	for _, r := range s {
		switch {
		case r == '.':
			if start {
				return false
			}
			start = true
		case r == '_', unicode.IsLetter(r), r == '-' && !start:
			start = false
		case r == '$':
			if !dollar {
				return false
			}
			start = false
		case unicode.IsDigit(r):
			if start {
				return false
			}
		default:
			return false
		}
	}
	return s != "" && !start
}

func packageError(s string) string {
	switch {
	case strings.HasSuffix(s, ".*"), strings.HasSuffix(s, "*"):
		return fmt.Sprintf("a package prefix ends at a label by itself; write %q", strings.TrimRight(s, ".*"))
	case strings.HasSuffix(s, "."):
		return fmt.Sprintf("a package prefix ends at a label by itself; write %q", strings.TrimRight(s, "."))
	case strings.ContainsAny(s, "/;"):
		return fmt.Sprintf("want a dotted package such as com.foo.bar, have %q", s)
	case !dotted(s, true):
		return fmt.Sprintf("%q is not a package name", s)
	}
	return ""
}

func classError(s string) string {
	switch {
	case strings.ContainsAny(s, "/;"):
		return fmt.Sprintf("want a dotted class such as com.foo.Bar$Inner, have %q", s)
	case !dotted(s, true):
		return fmt.Sprintf("%q is not a class name", s)
	}
	return ""
}

func memberError(s string) string {
	if _, err := parseMember(s); err != nil {
		return err.Error()
	}
	return ""
}

func patternError(s string) string {
	if i := strings.IndexByte(s, '*'); i >= 0 && i == len(s)-1 && utf8.RuneCountInString(s[:i]) < minPrefix {
		return fmt.Sprintf("%d characters or more must stand before the \"*\"", minPrefix)
	}
	return ""
}

func authorityError(s string) string {
	rest := strings.TrimPrefix(s, "*")
	switch {
	case strings.Contains(rest, "*"):
		return "\"*\" may only stand at the beginning, for the application id"
	case strings.Contains(s, "${"):
		return "write \"*\" at the beginning for the application id"
	case rest == "" || rest == ".":
		return fmt.Sprintf("%q would match anything", s)
	case strings.ContainsAny(s, " \t\r\n"):
		return "the value holds white space"
	}
	return ""
}

func plainError(s string) string {
	if strings.TrimSpace(s) != s {
		return "the value begins or ends with white space"
	}
	return ""
}

func nativeError(s string) string {
	name, ok := strings.CutSuffix(s, ".so")
	if !ok {
		return "want the file name of a library, ending in .so"
	}
	if strings.Contains(s, "/") {
		return "want the file name only, without folder"
	}
	switch strings.Count(name, "*") {
	case 0:
	case 1:
		if !strings.HasPrefix(name, "*") && !strings.HasSuffix(name, "*") {
			return "\"*\" may stand at one end of the stem only: libfoo*.so or *foo.so"
		}
		if len(strings.TrimPrefix(strings.Trim(name, "*"), "lib")) < 2 {
			return fmt.Sprintf("%q would match too much", s)
		}
	default:
		return "\"*\" may stand at one end of the stem only"
	}
	return ""
}

func buildIDError(s string) string {
	if len(s) < 16 || strings.Trim(s, "0123456789abcdef") != "" {
		return "want a build id as at least 16 lower-case hex digits"
	}
	return ""
}

func sha256Error(s string) string {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "want a SHA-256 as 64 lower-case hex digits"
	}
	return ""
}

func pathError(s string) string {
	switch {
	case strings.HasPrefix(s, "/"):
		return "the path is inside the APK and does not begin with \"/\""
	case strings.Contains(s, "*") && strings.Index(s, "*") != len(s)-1:
		return "\"*\" may stand at the end only"
	case strings.TrimRight(s, "*") == "":
		return fmt.Sprintf("%q would match anything", s)
	}
	return ""
}

func resourceError(s string) string {
	typ, name, ok := strings.Cut(s, "/")
	if !ok || typ == "" || name == "" || strings.ContainsAny(s, "@: ") {
		return fmt.Sprintf("want type and name of a resource such as string/app_name, have %q", s)
	}
	return ""
}

func mavenError(s string) string {
	g, a, ok := strings.Cut(s, ":")
	if !ok || g == "" || a == "" || strings.ContainsAny(a, ": ") {
		return fmt.Sprintf("want group:artifact without a version, have %q", s)
	}
	return ""
}

func hostError(s string) string {
	switch {
	case strings.Contains(s, "://"):
		return "want a host without a scheme"
	case strings.Contains(s, "*"):
		return "a host holds for the hosts below it by itself; write it without \"*\""
	case strings.ContainsAny(s, "/?#@"):
		return "want a host only"
	case s != strings.ToLower(s):
		return "write the host in lower case"
	case len(s) > 253:
		return "the host is longer than 253 characters"
	}
	host := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return "want a host without a port"
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" || len(label) > 63 {
			return fmt.Sprintf("%q is not a host name", s)
		}
		for i := range len(label) {
			c := label[i]
			if c >= 0x80 {
				return "write an international host in its ASCII form (xn--…)"
			}
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return fmt.Sprintf("%q is not a host name", s)
			}
		}
	}
	return ""
}

func requestPathError(s string) string {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "a request path begins with \"/\""
	case strings.ContainsAny(s, "?#* "):
		return "want the path only, without query or \"*\""
	}
	return ""
}
