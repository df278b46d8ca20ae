package signatures

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// Limits of a rule file. They keep a hostile overlay from exhausting memory or
// the stack of the YAML parser, which recurses.
const (
	MaxFileSize = 1 << 20 // bytes
	maxDepth    = 32      // nested collections
)

// source ties a rule to the file it was read from, so that later checks can
// point at it. A rule from the bundle has none.
type source struct {
	file string
	text []byte
	root ast.Node
}

// at returns the position of the field that path leads to: strings name
// fields, ints count items of a list. Where the path ends early, the position
// is that of the last element that exists.
func (s *source) at(path ...any) (line, column int) {
	n := s.root
	var tk *token.Token
	if n != nil {
		tk = firstToken(n)
	}
walk:
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := n.(ast.MapNode)
			if !ok {
				break walk
			}
			found := false
			for it := m.MapRange(); it.Next(); {
				if it.Key().GetToken().Value == p {
					n, found = it.Value(), true
					if i == len(path)-1 && isCollection(n) {
						tk = it.Key().GetToken()
					} else {
						tk = firstToken(n)
					}
					break
				}
			}
			if !found {
				break walk
			}
		case int:
			l, ok := n.(*ast.SequenceNode)
			if !ok || p >= len(l.Values) {
				break walk
			}
			n = l.Values[p]
			tk = firstToken(n)
		}
	}
	if tk == nil || tk.Position == nil {
		return 1, 1
	}
	return tk.Position.Line, tk.Position.Column
}

// has reports whether path leads to a field that is in the file.
func (s *source) has(path ...any) bool {
	n := s.root
	for _, p := range path {
		found := false
		switch p := p.(type) {
		case string:
			if m, ok := n.(ast.MapNode); ok {
				for it := m.MapRange(); it.Next() && !found; {
					if it.Key().GetToken().Value == p {
						n, found = it.Value(), true
					}
				}
			}
		case int:
			if l, ok := n.(*ast.SequenceNode); ok && p < len(l.Values) {
				n, found = l.Values[p], true
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func isCollection(n ast.Node) bool {
	switch n.(type) {
	case ast.MapNode, *ast.SequenceNode:
		return true
	}
	return false
}

// firstToken returns the token at which a person would say that n begins.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	case *ast.LiteralNode:
		return n.Start
	}
	return n.GetToken()
}

func (s *source) diagnostic(sev Severity, code string, line, column int, format string, args ...any) Diagnostic {
	// The parser takes some control characters for line ends.
	line = max(1, min(line, 1+bytes.Count(s.text, []byte("\n"))))
	column = max(1, column)
	return Diagnostic{
		File: s.file, Line: line, Column: column, Severity: sev, Code: code,
		Message: fmt.Sprintf(format, args...),
		Excerpt: excerpt(s.text, line, column),
	}
}

// parseYAML makes the tree of a rule file.
func parseYAML(file string, text []byte) (*source, []Diagnostic) {
	src := &source{file: file, text: text}
	fail := func(line, col int, format string, args ...any) (*source, []Diagnostic) {
		return nil, []Diagnostic{src.diagnostic(Error, "unreadable", line, col, format, args...)}
	}
	if len(text) > MaxFileSize {
		return nil, []Diagnostic{{File: file, Code: "unreadable", Message: fmt.Sprintf("the file has %d bytes; a rule file may have %d", len(text), MaxFileSize)}}
	}
	if !utf8.Valid(text) {
		line := 1
		for i := 0; i < len(text); {
			r, n := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			if r == '\n' {
				line++
			}
			i += n
		}
		return fail(line, 1, "the text is not UTF-8")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, []Diagnostic{{File: file, Code: "unreadable", Message: "the file is empty"}}
	}
	root, tk, err := parseTree(text)
	if err != nil {
		line, col := 1, 1
		if tk != nil && tk.Position != nil {
			line, col = tk.Position.Line, tk.Position.Column
		}
		src, diags := fail(line, col, "%s", err)
		if strings.Contains(err.Error(), "already defined at") {
			diags[0].Code = "duplicate-field"
		}
		return src, diags
	}
	src.root = root
	return src, nil
}

// parseTree runs the YAML parser behind our own limits. A panic inside it is
// an error like another: overlays are input.
func parseTree(text []byte) (root ast.Node, at *token.Token, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, errors.New("the YAML parser cannot read this file")
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if tk := tooDeep(tokens); tk != nil {
		return nil, tk, fmt.Errorf("collections are nested deeper than %d", maxDepth)
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil {
		var ye yaml.Error
		if errors.As(err, &ye) {
			return nil, ye.GetToken(), errors.New(strings.TrimSpace(ye.GetMessage()))
		}
		return nil, nil, err
	}
	docs := f.Docs[:0:0]
	for _, d := range f.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	switch len(docs) {
	case 0:
		return nil, nil, errors.New("the file holds no rule")
	case 1:
		return docs[0].Body, nil, nil
	default:
		return nil, firstToken(docs[1].Body), errors.New("the file holds more than one document; write one rule a file")
	}
}

// tooDeep returns the token at which nesting exceeds maxDepth. Flow
// collections nest by brackets, block collections by columns or by several
// indicators on a line.
func tooDeep(tokens token.Tokens) *token.Token {
	flow := 0
	line, onLine := 0, 0
	var columns []int // of the block collections that are open
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			if flow++; flow > maxDepth {
				return tk
			}
		case token.SequenceEndType, token.MappingEndType:
			flow = max(0, flow-1)
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType, token.AnchorType, token.TagType:
			if tk.Position == nil {
				continue
			}
			if tk.Position.Line != line {
				line, onLine = tk.Position.Line, 0
				for len(columns) > 0 && columns[len(columns)-1] >= tk.Position.IndentNum {
					columns = columns[:len(columns)-1]
				}
				columns = append(columns, tk.Position.IndentNum)
				if len(columns) > maxDepth {
					return tk
				}
			}
			if onLine++; flow == 0 && onLine > maxDepth {
				return tk
			}
		}
	}
	return nil
}

// decoder fills structs of package rule from a tree, strictly, and goes on
// after an error.
type decoder struct {
	src   *source
	diags []Diagnostic
	// lax: only kind and id are required (a rule that disables another).
	lax bool
}

func (d *decoder) errorf(code string, n ast.Node, format string, args ...any) {
	tk := firstToken(n)
	line, col := 1, 1
	if tk != nil && tk.Position != nil {
		line, col = tk.Position.Line, tk.Position.Column
	}
	d.diags = append(d.diags, d.src.diagnostic(Error, code, line, col, format, args...))
}

// decodeRule reads the one rule of a file.
func decodeRule(file string, text []byte) (*entry, []Diagnostic) {
	src, diags := parseYAML(file, text)
	if src == nil {
		return nil, diags
	}
	d := &decoder{src: src}
	m, ok := src.root.(ast.MapNode)
	if !ok {
		d.errorf("wrong-type", src.root, "a rule file begins with fields such as \"kind: sdk\", not with %s", nodeName(src.root))
		return nil, d.diags
	}
	var kind string
	var kindNode ast.Node
	for it := m.MapRange(); it.Next(); {
		switch it.Key().GetToken().Value {
		case "kind":
			kindNode = it.Value()
			if s, ok := scalarText(kindNode); ok {
				kind = s
			}
		case "status":
			if s, ok := scalarText(it.Value()); ok && s == rule.StatusDisabled {
				d.lax = true
			}
		}
	}
	v := newRule(rule.Kind(kind))
	if v == nil {
		switch {
		case kindNode == nil:
			d.errorf("missing-field", src.root, "field \"kind\" is missing; it is one of %s", strings.Join(kindNames(), ", "))
		default:
			d.errorf("vocabulary", kindNode, "unknown kind %q; it is one of %s", kind, strings.Join(kindNames(), ", "))
		}
		return nil, d.diags
	}
	d.node(src.root, reflect.ValueOf(v).Elem(), true)
	e := &entry{val: v, src: src}
	h := header(v)
	e.kind, e.id, e.status = h.Kind, h.ID, cmp.Or(h.Status, rule.StatusStable)
	return e, d.diags
}

// newRule returns a pointer to an empty rule of the kind, or nil.
func newRule(k rule.Kind) any {
	switch k {
	case rule.KindSDK, rule.KindPacker:
		return new(rule.SDK)
	case rule.KindVendor:
		return new(rule.Vendor)
	case rule.KindDomain:
		return new(rule.Domain)
	case rule.KindIdentifier:
		return new(rule.Identifier)
	case rule.KindSink:
		return new(rule.Sink)
	case rule.KindNoise:
		return new(rule.Noise)
	}
	return nil
}

// header returns the common part of a rule that newRule made.
func header(v any) *rule.Header {
	switch v := v.(type) {
	case *rule.SDK:
		return &v.Header
	case *rule.Vendor:
		return &v.Header
	case *rule.Domain:
		return &v.Header
	case *rule.Identifier:
		return &v.Header
	case *rule.Sink:
		return &v.Header
	case *rule.Noise:
		return &v.Header
	}
	return nil
}

func kindNames() []string {
	var names []string
	for _, k := range kindOrder {
		names = append(names, string(k))
	}
	return names
}

// field is one field of a struct as YAML sees it.
type field struct {
	name     string
	index    []int
	required bool
}

// layout is a struct as YAML sees it.
type layout struct {
	fields []field // as declared
	sorted []field // by name
}

// layouts holds the fields of every struct that a rule is made of. It is
// computed on first use and never changes.
var layouts = sync.OnceValue(func() map[reflect.Type]*layout {
	m := map[reflect.Type]*layout{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			if m[t] != nil {
				return
			}
			l := &layout{fields: listFields(t)}
			l.sorted = slices.Clone(l.fields)
			slices.SortFunc(l.sorted, func(a, b field) int { return strings.Compare(a.name, b.name) })
			m[t] = l
			for _, f := range l.fields {
				walk(t.FieldByIndex(f.index).Type)
			}
		}
	}
	for _, k := range kindOrder {
		walk(reflect.TypeOf(newRule(k)))
	}
	return m
})

// fieldsOf lists the fields of a struct type; embedded structs are inlined. A
// field without omitempty is required.
func fieldsOf(t reflect.Type) []field { return layouts()[t].fields }

func listFields(t reflect.Type) []field {
	var fs []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(opts, "inline") {
			for _, in := range listFields(f.Type) {
				in.index = append([]int{i}, in.index...)
				fs = append(fs, in)
			}
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		fs = append(fs, field{name: name, index: []int{i}, required: !strings.Contains(opts, "omitempty")})
	}
	return fs
}

func (d *decoder) node(n ast.Node, v reflect.Value, top bool) {
	switch n.(type) {
	case *ast.NullNode:
		d.errorf("empty-value", n, "the value is empty; fill it in or remove the field")
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode, *ast.DirectiveNode:
		d.errorf("unreadable", n, "anchors, aliases and tags are not allowed in rule files")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.node(n, p.Elem(), false)
		v.Set(p)
	case reflect.Struct:
		if s, ok := scalarText(n); ok && v.Type() == reflect.TypeFor[rule.Endpoint]() {
			v.Set(reflect.ValueOf(rule.Endpoint{Host: s}))
			return
		}
		d.structure(n, v, top)
	case reflect.Slice:
		l, ok := n.(*ast.SequenceNode)
		if !ok {
			d.errorf("wrong-type", n, "want a list, have %s", nodeName(n))
			return
		}
		s := reflect.MakeSlice(v.Type(), len(l.Values), len(l.Values))
		for i, item := range l.Values {
			d.node(item, s.Index(i), false)
		}
		v.Set(s)
	case reflect.Map:
		d.dictionary(n, v)
	case reflect.String:
		switch n := n.(type) {
		case *ast.StringNode:
			v.SetString(n.Value)
		case *ast.LiteralNode:
			v.SetString(n.Value.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			d.errorf("wrong-type", n, "want text, have %s; put it in quotes", nodeName(n))
		default:
			d.errorf("wrong-type", n, "want text, have %s", nodeName(n))
		}
	case reflect.Int, reflect.Int64:
		i, ok := integer(n)
		if !ok {
			d.errorf("wrong-type", n, "want a whole number, have %s", nodeName(n))
			return
		}
		v.SetInt(i)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.errorf("wrong-type", n, "want true or false, have %s", nodeName(n))
			return
		}
		v.SetBool(b.Value)
	default:
		panic("signatures: rule field of unsupported type " + v.Type().String())
	}
}

func (d *decoder) structure(n ast.Node, v reflect.Value, top bool) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.errorf("wrong-type", n, "want fields, have %s", nodeName(n))
		return
	}
	fields := fieldsOf(v.Type())
	seen := make(map[string]bool, len(fields))
	for it := m.MapRange(); it.Next(); {
		key, ok := keyText(it.Key())
		if !ok {
			d.errorf("wrong-type", it.Key(), "want a field name, have %s", nodeName(it.Key()))
			continue
		}
		i := fieldIndex(fields, key)
		switch {
		case i < 0:
			names := make([]string, len(fields))
			for j, f := range fields {
				names[j] = f.name
			}
			if near := nearest(key, names); near != "" {
				d.errorf("unknown-field", it.Key(), "unknown field %q; did you mean %q?", key, near)
			} else {
				sort.Strings(names)
				d.errorf("unknown-field", it.Key(), "unknown field %q; known here: %s", key, strings.Join(names, ", "))
			}
		case seen[key]:
			d.errorf("duplicate-field", it.Key(), "field %q stands here twice", key)
		default:
			seen[key] = true
			d.node(it.Value(), v.FieldByIndex(fields[i].index), false)
		}
	}
	for _, f := range fields {
		if !f.required || seen[f.name] || (d.lax && top && f.name != "kind" && f.name != "id") {
			continue
		}
		d.errorf("missing-field", n, "field %q is missing", f.name)
	}
}

func fieldIndex(fields []field, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

// dictionary decodes map[string]string and map[int]string. Values may be
// numbers, as ids in other lists often are.
func (d *decoder) dictionary(n ast.Node, v reflect.Value) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.errorf("wrong-type", n, "want a set of \"name: value\" pairs, have %s", nodeName(n))
		return
	}
	out := reflect.MakeMap(v.Type())
	for it := m.MapRange(); it.Next(); {
		key := reflect.New(v.Type().Key()).Elem()
		if key.Kind() == reflect.Int {
			i, ok := integer(it.Key())
			if !ok {
				d.errorf("wrong-type", it.Key(), "want a position (a whole number), have %s", nodeName(it.Key()))
				continue
			}
			key.SetInt(i)
		} else {
			s, ok := keyText(it.Key())
			if !ok {
				d.errorf("wrong-type", it.Key(), "want a name, have %s", nodeName(it.Key()))
				continue
			}
			key.SetString(s)
		}
		if out.MapIndex(key).IsValid() {
			d.errorf("duplicate-field", it.Key(), "%v stands here twice", key.Interface())
			continue
		}
		s, ok := scalarText(it.Value())
		if !ok {
			d.errorf("wrong-type", it.Value(), "want text, have %s", nodeName(it.Value()))
			continue
		}
		out.SetMapIndex(key, reflect.ValueOf(s))
	}
	v.Set(out)
}

func keyText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Token.Value, true
	}
	return "", false
}

// scalarText returns the text of a string, or of an integer as it is written.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode:
		return n.Token.Value, true
	}
	return "", false
}

func integer(n ast.Node) (int64, bool) {
	in, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(in.Token.Value, 10, 32)
	return i, err == nil
}

func nodeName(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a set of fields"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	case nil:
		return "nothing"
	default:
		return strings.ToLower(n.Type().String())
	}
}
