// Package js reads what apps written in JavaScript name: string literals of
// scripts and bundles, and the packages that they were built from.
//
// Bundlers drop the names of packages from release builds. Names are left where
// a bundle was built for debugging (Metro's and webpack's paths below
// node_modules), where a package registers itself with its version, where its
// package.json is part of the bundle, and in the lists of plug-ins that Cordova,
// Capacitor, Expo and uni-app write. [Modules] and the readers of those lists
// find them. That a text merely mentions a package does not count.
//
// Facts about the lists come from files that those tools wrote; about indexed
// bundles from React Native's JSIndexedRAMBundle.cpp; about literals from
// ECMA-262.
package js

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/carrier"
)

// maxDepth bounds templates within templates, and brackets that are remembered.
const maxDepth = 1000

// Literals yields the string literals, templates and regular expressions of a
// script, with their escapes resolved (those of regular expressions are not).
// A placeholder of a template stays as ${name} if it is a name, else it is
// ${expr}; literals inside of it are yielded before the template. Comments are
// left out. What is no script gives whatever stands between quotes.
func Literals(src []byte) iter.Seq[carrier.String] {
	return func(yield func(carrier.String) bool) {
		l := lexer{src: src, yield: yield}
		if bytes.HasPrefix(src, []byte("#!")) {
			l.skipTo("\n")
		}
		l.run(0)
	}
}

// lexer goes over a script. It tells a division from a regular expression by
// what stands before, as a full parser would in nearly all cases: if it errs,
// it is right again behind the next line break at the latest, as strings and
// regular expressions end with the line.
type lexer struct {
	src    []byte
	i      int
	yield  func(carrier.String) bool
	stop   bool
	parens []bool // of the open ones: whether a statement follows their end
	// value is true if what stands before is a value, which a slash divides.
	value bool
	word  string // that stands before, if one does; or a dot
	// wasted counts bytes that were looked at for the end of a literal that is
	// none. Beyond a limit, the rest of such a line is given up.
	wasted int
}

// maxWaste is how many times the size of a script may be wasted.
const maxWaste = 8

func (l *lexer) emit(off int, v string) {
	if v != "" && !l.stop && !l.yield(carrier.String{Off: int64(off), Value: v}) {
		l.stop = true
	}
}

// run goes on to the end, or to the brace that ends a placeholder.
func (l *lexer) run(depth int) {
	braces := 0
	for l.i < len(l.src) && !l.stop {
		c := l.src[l.i]
		switch {
		case isSpace(c):
			l.i++
			continue
		case c == '"' || c == '\'':
			l.str(c)
			l.value, l.word = true, ""
			continue
		case c == '`':
			l.template(depth)
			l.value, l.word = true, ""
			continue
		case c == '/' && l.at(1) == '/':
			l.skipTo("\n")
			continue
		case c == '/' && l.at(1) == '*':
			l.i += 2
			l.skipTo("*/")
			continue
		case c == '/' && !l.value && l.regexp():
			l.value, l.word = true, ""
			continue
		case isName(c):
			start := l.i
			for l.i < len(l.src) && isName(l.src[l.i]) {
				l.i++
			}
			property := l.word == "."
			l.word = ""
			if l.i-start <= 10 && !property {
				l.word = string(l.src[start:l.i])
			}
			l.value = !beforeExpression(l.word)
			continue
		case c == '(':
			if len(l.parens) < maxDepth {
				l.parens = append(l.parens, beforeParens(l.word))
			}
			l.value = false
		case c == ')':
			l.value = true
			if n := len(l.parens); n > 0 {
				l.value = !l.parens[n-1]
				l.parens = l.parens[:n-1]
			}
		case c == '{':
			braces++
			l.value = false
		case c == '}':
			if depth > 0 && braces == 0 {
				return
			}
			braces--
			l.value = false
		case c == ']':
			l.value = true
		case (c == '+' || c == '-') && l.at(1) == c:
			l.i++ // behind a value, one follows
		case c == '.':
			l.value, l.word = false, "."
			l.i++
			continue
		default:
			l.value = false
		}
		l.word = ""
		l.i++
	}
}

// beforeExpression reports whether a slash behind a word begins a regular
// expression.
func beforeExpression(word string) bool {
	switch word {
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "else", "do", "await", "yield":
		return true
	}
	return false
}

// beforeParens reports whether a statement follows the parentheses behind a word.
func beforeParens(word string) bool {
	return word == "if" || word == "while" || word == "for" || word == "with"
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isName(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

func (l *lexer) at(n int) byte {
	if l.i+n < len(l.src) {
		return l.src[l.i+n]
	}
	return 0
}

// skipTo goes on behind the next occurrence of end, or to the end of the script.
func (l *lexer) skipTo(end string) {
	if n := bytes.Index(l.src[l.i:], []byte(end)); n >= 0 {
		l.i += n + len(end)
	} else {
		l.i = len(l.src)
	}
}

// str reads a literal. One that does not end in its line is none: only its
// quote is skipped.
func (l *lexer) str(quote byte) {
	start := l.i + 1
	for j := start; j < len(l.src); j++ {
		switch l.src[j] {
		case quote:
			l.i = j + 1
			l.emit(start, unescape(l.src[start:j]))
			return
		case '\\':
			j++
			if j+1 < len(l.src) && l.src[j] == '\r' && l.src[j+1] == '\n' {
				j++
			}
		case '\n', '\r':
			l.endless(start, j)
			return
		}
	}
	l.endless(start, len(l.src))
}

// endless goes on behind the quote of a literal that has no end in its line,
// which ends at end.
func (l *lexer) endless(start, end int) {
	l.i = start
	if l.wasted += end - start; l.wasted > maxWaste*len(l.src) {
		l.i = end
	}
}

// regexp reads a regular expression, if there is one.
func (l *lexer) regexp() bool {
	if l.wasted > maxWaste*len(l.src) {
		return false
	}
	class := false
	j := l.i + 1
scan:
	for ; j < len(l.src); j++ {
		switch c := l.src[j]; {
		case c == '\n' || c == '\r':
			break scan
		case c == '\\':
			j++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			l.emit(l.i+1, string(l.src[l.i+1:j]))
			l.i = j + 1
			for l.i < len(l.src) && isName(l.src[l.i]) {
				l.i++
			}
			return true
		}
	}
	l.wasted += j - l.i
	return false
}

// template reads a template from its first backquote on.
func (l *lexer) template(depth int) {
	l.i++
	start := l.i
	if depth >= maxDepth {
		return
	}
	var out strings.Builder
	for l.i < len(l.src) && !l.stop {
		switch c := l.src[l.i]; {
		case c == '`':
			l.emit(start, unescape([]byte(out.String())))
			l.i++
			return
		case c == '\\' && l.i+1 < len(l.src):
			out.Write(l.src[l.i : l.i+2])
			l.i += 2
		case c == '$' && l.at(1) == '{':
			l.i += 2
			from := l.i
			parens := l.parens
			l.parens, l.value, l.word = nil, false, ""
			l.run(depth + 1)
			l.parens = parens
			name := "expr"
			if e := strings.TrimSpace(string(l.src[from:min(l.i, from+64)])); l.i-from <= 64 && isPath(e) {
				name = e
			}
			out.WriteString("${" + name + "}")
			l.i = min(l.i+1, len(l.src)) // the brace, if it is there
		default:
			out.WriteByte(c)
			l.i++
		}
	}
	if !l.stop {
		l.emit(start, unescape([]byte(out.String())))
	}
}

// isPath reports whether an expression is a name, or names with dots between.
func isPath(e string) bool {
	for _, c := range []byte(e) {
		if !isName(c) && c != '.' {
			return false
		}
	}
	return e != ""
}

// unescape resolves the escapes of a literal.
func unescape(b []byte) string {
	i := bytes.IndexByte(b, '\\')
	if i < 0 {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	out := make([]byte, i, len(b))
	copy(out, b)
	for i < len(b) {
		c := b[i]
		i++
		if c != '\\' || i == len(b) {
			out = append(out, c)
			continue
		}
		c = b[i]
		i++
		switch c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'v':
			c = '\v'
		case '0':
			c = 0
		case '\r':
			if i < len(b) && b[i] == '\n' {
				i++
			}
			continue
		case '\n':
			continue
		case 'x':
			if r, ok := hex(b[i:], 2); ok {
				out = utf8.AppendRune(out, r)
				i += 2
				continue
			}
		case 'u':
			r, n := unicodeEscape(b[i:])
			if n == 0 {
				break
			}
			i += n
			if r >= 0xd800 && r < 0xdc00 && i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
				if lo, n := unicodeEscape(b[i+2:]); n > 0 && lo >= 0xdc00 && lo < 0xe000 {
					r = (r-0xd800)<<10 + (lo - 0xdc00) + 0x10000
					i += 2 + n
				}
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
	}
	return strings.ToValidUTF8(string(out), "\ufffd")
}

// unicodeEscape reads what follows \u: four digits, or some in braces.
func unicodeEscape(b []byte) (r rune, n int) {
	if len(b) > 0 && b[0] == '{' {
		for n = 1; n < min(len(b), 9); n++ {
			if b[n] == '}' {
				r, ok := hex(b[1:], n-1)
				if !ok || r > utf8.MaxRune {
					return 0, 0
				}
				return r, n + 1
			}
		}
		return 0, 0
	}
	if r, ok := hex(b, 4); ok {
		return r, 4
	}
	return 0, 0
}

func hex(b []byte, n int) (r rune, ok bool) {
	if n == 0 || n > 7 || len(b) < n {
		return 0, false
	}
	for _, c := range b[:n] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
