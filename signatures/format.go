package signatures

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// formatWidth is the column up to which short collections stay on one line.
const formatWidth = 120

// Format renders a rule file in its canonical form: fields in the order of
// package rule, two spaces a level, quotes only where some reader of YAML would
// need them, short lists of plain values and examples on one line. Comments
// stay with what they stood before or behind, single blank lines where they
// were. The rule itself does not change, nor does its digest.
//
// A file that cannot be decoded is not formatted: the diagnostics say why.
func Format(file string, text []byte) ([]byte, []Diagnostic) {
	e, diags := decodeRule(file, text)
	if hasErrors(diags) {
		return nil, diags
	}
	f := &formatter{}
	f.structure(e.src.root, reflect.TypeOf(e.val).Elem(), 0, "")
	comments := commentsOf(text)
	out := f.join(comments)
	// What was written is read again: a fault of ours must not lose anything.
	again, diags := decodeRule(file, out)
	if hasErrors(diags) || !bytes.Equal(canonical(again.val), canonical(e.val)) || !sameComments(comments, commentsOf(out)) {
		return nil, []Diagnostic{{File: file, Code: "unreadable", Message: "the file cannot be formatted without loss; please report it, with the file"}}
	}
	return out, nil
}

// formatLine is one line of output and the lines of the source it was made of.
type formatLine struct {
	text        string
	first, last int
	above       []comment
	behind      string
}

type formatter struct{ lines []formatLine }

func (f *formatter) line(n ast.Node, indent int, text string) {
	first, last := span(n)
	f.lines = append(f.lines, formatLine{text: strings.Repeat(" ", indent) + text, first: first, last: last})
}

// span returns the first and the last line of a node.
func span(n ast.Node) (first, last int) {
	see := func(tk *token.Token) {
		if tk == nil || tk.Position == nil {
			return
		}
		l := tk.Position.Line
		if first == 0 || l < first {
			first = l
		}
		last = max(last, l)
	}
	see(firstToken(n))
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			a, b := span(v)
			first, last = min(first, a), max(last, b)
		}
		if n.IsFlowStyle {
			see(n.End)
		}
	case *ast.MappingValueNode:
		_, b := span(n.Value)
		last = max(last, b)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			a, b := span(v)
			first, last = min(first, a), max(last, b)
		}
		if n.IsFlowStyle {
			see(n.End)
		}
	}
	return first, last
}

// oneLineLists are lists of text that stand on one line if they fit.
var oneLineLists = map[string]bool{"maven": true, "paths": true, "query": true, "contains": true, "superseded_by": true, "requires": true}

// oneLineStructs stand on one line if they fit.
var oneLineStructs = map[reflect.Type]bool{
	reflect.TypeFor[rule.Example](): true, reflect.TypeFor[rule.EventCall](): true,
	reflect.TypeFor[rule.Endpoint](): true, reflect.TypeFor[rule.When](): true, reflect.TypeFor[rule.Suppression](): false,
}

// structure writes the fields of a mapping. lead ("- ") stands before the
// first of them.
func (f *formatter) structure(n ast.Node, t reflect.Type, indent int, lead string) {
	values := mapping(n)
	for _, fd := range fieldsOf(t) {
		v, ok := values[fd.name]
		if !ok {
			continue
		}
		at := len(f.lines)
		f.field(v, fd.name, t.FieldByIndex(fd.index).Type, indent, lead)
		if lead != "" {
			// What stands before an item stays before it.
			f.lines[at].first, _ = span(n)
			indent, lead = indent+len(lead), ""
		}
	}
}

// mapping returns the values of a mapping by name.
func mapping(n ast.Node) map[string]*ast.MappingValueNode {
	out := map[string]*ast.MappingValueNode{}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			k, _ := keyText(v.Key)
			out[k] = v
		}
	case *ast.MappingValueNode:
		k, _ := keyText(n.Key)
		out[k] = n
	}
	return out
}

func (f *formatter) field(kv *ast.MappingValueNode, name string, t reflect.Type, indent int, lead string) {
	n := kv.Value
	head := lead + name + ":"
	deep := indent + len(lead)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if flat, ok := f.flow(n, name, t, false); ok && indent+len(head)+1+len([]rune(flat)) <= formatWidth {
		f.line(kv, indent, head+" "+flat)
		return
	}
	if s, ok := textOf(n, t); ok {
		f.line(kv, indent, head+" "+block(s, deep+2))
		return
	}
	f.lines = append(f.lines, formatLine{text: strings.Repeat(" ", indent) + head, first: firstToken(kv).Position.Line, last: firstToken(kv).Position.Line})
	switch t.Kind() {
	case reflect.Slice:
		f.list(n, t.Elem(), deep+2)
	case reflect.Map:
		for _, k := range sortedFields(n) {
			v := mapping(n)[k]
			s, _ := scalarText(v.Value)
			f.line(v, deep+2, quoteKey(k, t, false)+": "+quote(s, false))
		}
	default:
		f.structure(n, t, deep+2, "")
	}
}

// list writes the items of a sequence, one below the other.
func (f *formatter) list(n ast.Node, t reflect.Type, indent int) {
	for _, item := range n.(*ast.SequenceNode).Values {
		if flat, ok := f.flow(item, "", t, true); ok && indent+2+len([]rune(flat)) <= formatWidth {
			f.line(item, indent, "- "+flat)
			continue
		}
		if s, ok := textOf(item, t); ok {
			f.line(item, indent, "- "+block(s, indent+2))
			continue
		}
		f.structure(item, t, indent, "- ")
	}
}

// flow renders a value for one line, if it is of those that stand on one.
func (f *formatter) flow(n ast.Node, name string, t reflect.Type, item bool) (string, bool) {
	switch t.Kind() {
	case reflect.Slice:
		if l := n.(*ast.SequenceNode); len(l.Values) == 0 || oneLineLists[name] {
			return f.inline(n, t, false)
		}
		return "", false
	case reflect.Map:
		return f.inline(n, t, false)
	case reflect.Struct:
		if _, isText := scalarText(n); isText || oneLineStructs[t] {
			return f.inline(n, t, false)
		}
		return "", false
	}
	return f.inline(n, t, false)
}

// inline renders a value on one line. nested tells that it stands inside of
// another such value. It is false for text that takes several lines.
func (f *formatter) inline(n ast.Node, t reflect.Type, nested bool) (string, bool) {
	switch t.Kind() {
	case reflect.Pointer:
		return f.inline(n, t.Elem(), nested)
	case reflect.Slice:
		var parts []string
		for _, v := range n.(*ast.SequenceNode).Values {
			s, ok := f.inline(v, t.Elem(), true)
			if !ok {
				return "", false
			}
			parts = append(parts, s)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	case reflect.Map:
		values := mapping(n)
		var parts []string
		for _, k := range sortedFields(n) {
			s, _ := scalarText(values[k].Value)
			if strings.Contains(s, "\n") {
				return "", false
			}
			parts = append(parts, quoteKey(k, t, true)+": "+quote(s, true))
		}
		return "{" + strings.Join(parts, ", ") + "}", true
	case reflect.Struct:
		if s, ok := scalarText(n); ok { // an endpoint that is a host alone
			return quote(s, nested), true
		}
		values := mapping(n)
		if h, ok := values["host"]; ok && len(values) == 1 && t == reflect.TypeFor[rule.Endpoint]() {
			s, _ := scalarText(h.Value)
			return quote(s, nested), true
		}
		var parts []string
		for _, fd := range fieldsOf(t) {
			v, ok := values[fd.name]
			if !ok {
				continue
			}
			s, ok := f.inline(v.Value, t.FieldByIndex(fd.index).Type, true)
			if !ok {
				return "", false
			}
			parts = append(parts, fd.name+": "+s)
		}
		return "{" + strings.Join(parts, ", ") + "}", true
	}
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	s, _ := scalarText(n)
	if strings.Contains(s, "\n") {
		return "", false
	}
	return quote(s, nested), true
}

// sortedFields returns the keys of a mapping: numbers by value, others by name.
func sortedFields(n ast.Node) []string {
	var keys []string
	for k := range mapping(n) {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		x, errA := strconv.Atoi(a)
		y, errB := strconv.Atoi(b)
		if errA == nil && errB == nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	return keys
}

func textOf(n ast.Node, t reflect.Type) (string, bool) {
	if t.Kind() != reflect.String {
		return "", false
	}
	return scalarText(n)
}

// block renders text as a block of lines, or in quotes where that would lose
// something.
func block(s string, indent int) string {
	body, chomp := strings.TrimSuffix(s, "\n"), "|"
	if body == s {
		chomp = "|-"
	}
	lines := strings.Split(body, "\n")
	if len(lines) < 2 || body == "" || strings.HasPrefix(body, " ") || strings.HasPrefix(body, "\n") || strings.HasSuffix(body, "\n") {
		return quote(s, false)
	}
	var b strings.Builder
	b.WriteString(chomp)
	for _, l := range lines {
		if strings.TrimRight(l, " \t") != l || strings.ContainsFunc(l, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return quote(s, false)
		}
		b.WriteByte('\n')
		if l != "" {
			b.WriteString(strings.Repeat(" ", indent) + l)
		}
	}
	return b.String()
}

// quoteKey renders a key of a map type.
func quoteKey(k string, t reflect.Type, inFlow bool) string {
	if t.Key().Kind() == reflect.Int {
		return k
	}
	return quote(k, inFlow)
}

// ambiguous matches plain scalars that some reader of YAML 1.1 or 1.2 takes for
// something other than text.
var ambiguous = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(~|null|true|false|yes|no|on|off|y|n|=|<<|[-+]?\.(inf|nan)|[-+]?[0-9][0-9_,.:xobe+-]*|[-+]?\.[0-9].*|0x[0-9a-f_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*)$`)
})

// quote renders text as a plain scalar, or in double quotes where it must be.
func quote(s string, inFlow bool) string {
	if plainScalar(s, inFlow) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r != ' ' && !unicode.IsPrint(r) && r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r != ' ' && !unicode.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r != ' ' && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func plainScalar(s string, inFlow bool) bool {
	switch {
	case s == "", strings.TrimSpace(s) != s, ambiguous().MatchString(s), strings.HasSuffix(s, ":"),
		strings.ContainsRune("-?:,[]{}#&*!|>'\"%@`", rune(s[0])),
		strings.Contains(s, ": "), strings.Contains(s, " #"), strings.HasPrefix(s, "..."),
		strings.ContainsFunc(s, func(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }):
		return false
	}
	return !inFlow || !strings.ContainsAny(s, ",[]{}\"'")
}

// comment is one comment, or a blank line.
type comment struct {
	line   int
	text   string // with its "#"; "" for a blank line
	behind bool   // something stands before it on the line
}

// commentsOf lists comments and blank lines.
func commentsOf(text []byte) []comment {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	var out []comment
	inText := map[int]bool{} // lines inside of block text
	for _, tk := range lexer.Tokenize(string(text)) {
		if tk.Position == nil {
			continue
		}
		switch tk.Type {
		case token.CommentType:
			n := tk.Position.Line
			if n < 1 || n > len(lines) {
				continue
			}
			out = append(out, comment{
				line: n, text: "#" + strings.TrimRight(tk.Value, " \t\r"),
				behind: !strings.HasPrefix(strings.TrimSpace(lines[n-1]), "#"),
			})
		case token.StringType, token.DoubleQuoteType, token.SingleQuoteType:
			if k := strings.Count(strings.TrimSpace(tk.Origin), "\n"); k > 0 {
				for i := -1; i <= k; i++ {
					inText[tk.Position.Line+i] = true
				}
			}
		}
	}
	for i, l := range lines {
		if strings.TrimSpace(l) == "" && i < len(lines)-1 && i > 0 && strings.TrimSpace(lines[i-1]) != "" && !inText[i+1] {
			out = append(out, comment{line: i + 1})
		}
	}
	slices.SortStableFunc(out, func(a, b comment) int { return cmp.Compare(a.line, b.line) })
	return out
}

func sameComments(a, b []comment) bool {
	texts := func(l []comment) []string {
		var out []string
		for _, c := range l {
			if c.text != "" {
				out = append(out, c.text)
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(texts(a), texts(b))
}

// join puts comments to the lines that they belong to.
func (f *formatter) join(comments []comment) []byte {
	top := 0 // the first line with something on it
	for _, l := range f.lines {
		if top == 0 || l.first < top {
			top = l.first
		}
	}
	var tail []comment
	for _, c := range comments {
		at := -1
		switch {
		case c.behind:
			for i, l := range f.lines {
				if l.first <= c.line && c.line <= l.last {
					at = i
				}
			}
			if at >= 0 && f.lines[at].behind == "" && !strings.Contains(f.lines[at].text, "\n") {
				f.lines[at].behind = c.text
				continue
			}
		case c.line < top:
			at = 0
		default:
			for i, l := range f.lines {
				if l.first > c.line && (at < 0 || l.first < f.lines[at].first) {
					at = i
				}
			}
		}
		if at < 0 {
			tail = append(tail, c)
		} else {
			f.lines[at].above = append(f.lines[at].above, c)
		}
	}
	var b bytes.Buffer
	blank := true // nothing yet, or a blank line before
	put := func(s string) {
		if s == "" && blank {
			return
		}
		blank = s == ""
		b.WriteString(s)
		b.WriteByte('\n')
	}
	for _, l := range f.lines {
		indent := l.text[:len(l.text)-len(strings.TrimLeft(l.text, " "))]
		for _, c := range l.above {
			if c.text == "" {
				put("")
			} else {
				put(indent + c.text)
			}
		}
		if l.behind != "" {
			l.text += " " + l.behind
		}
		put(l.text)
	}
	for _, c := range tail {
		put(c.text)
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}
