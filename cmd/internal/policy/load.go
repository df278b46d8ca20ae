package policy

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/filter"
)

// Schema names the version of the file's shape.
const Schema = "telltale.policy/v1"

// SchemaJSON is the JSON Schema of telltale.yaml.
//
//go:embed policy-v1.schema.json
var SchemaJSON []byte

// Template is what 'policy init' writes.
//
//go:embed template.yaml
var Template []byte

//go:embed presets/*.yaml
var presets embed.FS

// maxFile is the size of a file in bytes.
const maxFile = 1 << 20

// Presets lists the names of the presets.
func Presets() []string {
	files, _ := fs.Glob(presets, "presets/*.yaml")
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(f, "presets/"), ".yaml"))
	}
	return out
}

// PresetText returns a preset as it could stand in a file.
func PresetText(name string) ([]byte, error) {
	b, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no preset %q: use one of %s", name, strings.Join(Presets(), ", "))
	}
	return b, nil
}

// Preset returns the rules of a preset.
func Preset(name string) (*Policy, error) {
	b, err := PresetText(name)
	if err != nil {
		return nil, err
	}
	return Load(name, b)
}

// Error is one thing that is wrong with a file.
type Error struct {
	File         string
	Line, Column int
	Message      string
	Excerpt      string // the line, and a mark below it
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Excerpt != "" {
		s += "\n" + e.Excerpt
	}
	return s
}

// Load reads a file strictly: what it does not know is an error, all of them
// are told, each with its line and column. name is shown in messages and in
// the report.
func Load(name string, text []byte) (p *Policy, err error) {
	l := &loader{file: name, text: text}
	if len(text) > maxFile {
		return nil, &Error{File: name, Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes; a policy may have %d", len(text), maxFile)}
	}
	if !utf8.Valid(text) {
		return nil, &Error{File: name, Line: 1, Column: 1, Message: "the text is not UTF-8"}
	}
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, &Error{File: name, Line: 1, Column: 1, Message: "the YAML parser cannot read this file"}
		}
	}()
	f, perr := parser.ParseBytes(text, 0)
	if perr != nil {
		var ye yaml.Error
		if errors.As(perr, &ye) {
			return nil, l.at(ye.GetToken(), "%s", strings.TrimSpace(ye.GetMessage()))
		}
		return nil, l.at(nil, "%v", perr)
	}
	docs := slices.DeleteFunc(f.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	switch len(docs) {
	case 1:
	case 0:
		return nil, l.at(nil, "the file is empty: 'telltale policy init' writes one to begin with")
	default:
		return nil, l.at(begin(docs[1].Body), "the file holds more than one document")
	}
	sum := sha256.Sum256(text)
	p = &Policy{Sources: []event.PolicySource{{Name: name, Digest: "sha256:" + hex.EncodeToString(sum[:])}}}
	l.policy(docs[0].Body, p)
	if len(l.errs) > 0 {
		slices.SortStableFunc(l.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
		var list []error
		for _, e := range l.errs {
			list = append(list, e)
		}
		return nil, errors.Join(list...)
	}
	return p, nil
}

// loader walks over the tree of a file and collects what is wrong.
type loader struct {
	file string
	text []byte
	errs []*Error
}

func (l *loader) at(tk *token.Token, format string, args ...any) *Error {
	e := &Error{File: l.file, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	if tk != nil && tk.Position != nil {
		e.Line, e.Column = max(1, tk.Position.Line), max(1, tk.Position.Column)
	}
	lines := bytes.Split(l.text, []byte("\n"))
	if e.Line <= len(lines) {
		line := string(bytes.TrimRight(lines[e.Line-1], "\r"))
		if r := []rune(line); len(r) < 200 && e.Column <= len(r)+1 {
			e.Excerpt = "    " + line + "\n    " + strings.Repeat(" ", e.Column-1) + "^"
		}
	}
	return e
}

func (l *loader) fail(tk *token.Token, format string, args ...any) {
	l.errs = append(l.errs, l.at(tk, format, args...))
}

// begin is where a person would say that n begins.
func begin(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// field is an entry of a mapping.
type field struct {
	key   *token.Token
	value ast.Node
}

// fields takes a mapping apart. Keys that are not known are told.
func (l *loader) fields(n ast.Node, what string, known ...string) map[string]field {
	m, ok := n.(ast.MapNode)
	if !ok {
		l.fail(begin(n), "%s must be a mapping with the keys %s", what, strings.Join(known, ", "))
		return nil
	}
	out := map[string]field{}
	for it := m.MapRange(); it.Next(); {
		tk := it.Key().GetToken()
		if len(known) > 0 && !slices.Contains(known, tk.Value) {
			l.fail(tk, "unknown key %q in %s: use %s", tk.Value, what, strings.Join(known, ", "))
			continue
		}
		if _, ok := out[tk.Value]; ok {
			l.fail(tk, "the key %q is there twice", tk.Value)
		}
		out[tk.Value] = field{tk, it.Value()}
	}
	return out
}

// items takes a list apart.
func (l *loader) items(f field, what string) []ast.Node {
	if f.value == nil {
		return nil
	}
	s, ok := f.value.(*ast.SequenceNode)
	if !ok {
		l.fail(f.key, "%s must be a list", what)
		return nil
	}
	return s.Values
}

// str returns a text; off is where it begins in its line, for expressions.
func (l *loader) str(f field, what string) (string, *token.Token) {
	if f.value == nil {
		return "", nil
	}
	tk := f.value.GetToken()
	switch n := f.value.(type) {
	case *ast.StringNode:
		return n.Value, tk
	case *ast.LiteralNode:
		return n.Value.Value, n.Value.GetToken()
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return tk.Value, tk // a name such as 360, or off
	}
	l.fail(f.key, "%s must be a text", what)
	return "", tk
}

func (l *loader) expr(f field, what string) *filter.Expr {
	if f.value == nil {
		return nil
	}
	text, tk := l.str(f, what)
	if tk == nil {
		return nil
	}
	x, err := filter.Parse(text)
	if err == nil {
		return x
	}
	at := *tk
	var se *filter.SyntaxError
	if errors.As(err, &se) && at.Position != nil && !strings.Contains(text, "\n") {
		pos := *at.Position
		pos.Column += len([]rune(text[:min(se.Off, len(text))]))
		if strings.HasPrefix(strings.TrimSpace(tk.Origin), "\"") || strings.HasPrefix(strings.TrimSpace(tk.Origin), "'") {
			pos.Column++
		}
		at.Position = &pos
	}
	l.fail(&at, "%s: %v", what, err)
	return nil
}

func (l *loader) severity(f field, off bool) Severity {
	text, tk := l.str(f, "severity")
	list := []string{"error", "warning", "note"}
	if off {
		list = append(list, "off")
	}
	if text == "false" && off { // what YAML 1.1 makes of off
		text = "off"
	}
	if tk != nil && !slices.Contains(list, text) {
		l.fail(tk, "severity %q is unknown: use one of %s", text, strings.Join(list, ", "))
	}
	return Severity(text)
}

func (l *loader) policy(n ast.Node, p *Policy) {
	top := l.fields(n, "a policy", "schema", "extends", "rules", "overrides", "suppressions")
	if top == nil {
		return
	}
	if s, tk := l.str(top["schema"], "schema"); tk == nil {
		l.fail(begin(n), "the key \"schema\" is missing: write schema: %s", Schema)
	} else if s != Schema {
		l.fail(tk, "the schema %q is unknown: this program reads %s", s, Schema)
	}
	for _, v := range l.items(top["extends"], "extends") {
		name, tk := l.str(field{v.GetToken(), v}, "a preset")
		if tk == nil {
			continue
		}
		base, err := Preset(name)
		if err != nil {
			l.fail(tk, "%v", err)
			continue
		}
		p.Sources = append(p.Sources[:len(p.Sources)-1:len(p.Sources)-1], base.Sources[0], p.Sources[len(p.Sources)-1])
		for _, r := range base.Rules {
			p.add(r)
		}
	}
	seen := map[string]bool{}
	for _, v := range l.items(top["rules"], "rules") {
		if r := l.rule(v, seen); r != nil {
			p.add(r)
		}
	}
	names := []string{}
	for _, r := range p.Rules {
		names = append(names, r.Name)
	}
	for _, v := range l.items(top["overrides"], "overrides") {
		l.override(v, p, names)
	}
	for _, v := range l.items(top["suppressions"], "suppressions") {
		l.suppression(v, p, names)
	}
	if len(p.Rules) == 0 && len(l.errs) == 0 {
		l.fail(begin(n), "the policy has no rules: give it rules, or extend a preset (%s)", strings.Join(Presets(), ", "))
	}
}

func (l *loader) rule(n ast.Node, seen map[string]bool) *Rule {
	f := l.fields(n, "a rule", "name", "description", "severity", "help", "deny", "allow", "require", "apps")
	if f == nil {
		return nil
	}
	r := &Rule{Severity: SeverityError}
	var tk *token.Token
	if r.Name, tk = l.str(f["name"], "name"); r.Name == "" {
		l.fail(begin(n), "the rule has no name")
	} else if strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		l.fail(tk, "the name %q may hold a-z, 0-9, \"-\" and \".\" only", r.Name)
	} else if seen[r.Name] {
		l.fail(tk, "two rules have the name %q", r.Name)
	}
	seen[r.Name] = true
	r.Description, _ = l.str(f["description"], "description")
	r.Help, _ = l.str(f["help"], "help")
	if f["severity"].value != nil {
		r.Severity = l.severity(f["severity"], true)
	}
	r.Deny, r.Allow, r.Require, r.Apps = l.expr(f["deny"], "deny"), l.expr(f["allow"], "allow"), l.expr(f["require"], "require"), l.expr(f["apps"], "apps")
	has := func(k string) bool { return f[k].value != nil }
	switch {
	case !has("deny") && !has("allow") && !has("require"):
		if r.Severity != Off {
			l.fail(begin(n), "the rule needs deny, allow or require")
		}
		r.Deny, _ = filter.Parse("tracker") // off: never asked
	case has("require") && (has("deny") || has("allow")):
		l.fail(f["require"].key, "a rule either requires something or denies and allows: make two of it")
	case r.Allow != nil && r.Deny == nil && len(r.Allow.Kinds()) > 1:
		l.fail(f["allow"].key, "an allow-list by itself is about one kind of thing, and this one is about %v: make a rule for each, or say with deny what it allows some of", r.Allow.Kinds())
	}
	return r
}

func (l *loader) override(n ast.Node, p *Policy, names []string) {
	f := l.fields(n, "an override", "apps", "rules")
	if f == nil {
		return
	}
	o := Override{Apps: l.expr(f["apps"], "apps"), Rules: map[string]Severity{}}
	if f["apps"].value == nil {
		l.fail(begin(n), "the override does not say for which apps: apps: package:com.example.*")
	}
	if f["rules"].value == nil {
		l.fail(begin(n), "the override has no rules")
		return
	}
	for name, v := range l.fields(f["rules"].value, "the rules of an override") {
		if !slices.Contains(names, name) {
			l.fail(v.key, "there is no rule %q in this file or in what it extends", name)
		}
		o.Rules[name] = l.severity(v, true)
	}
	if o.Apps != nil {
		p.Overrides = append(p.Overrides, o)
	}
}

func (l *loader) suppression(n ast.Node, p *Policy, names []string) {
	f := l.fields(n, "a suppression", "rule", "apps", "match", "reason", "owner", "expires")
	if f == nil {
		return
	}
	s := &Suppression{where: fmt.Sprintf("%s:%d", l.file, max(1, begin(n).Position.Line))}
	for _, k := range []struct{ key, why string }{
		{"rule", "the name of the rule that it suppresses"},
		{"reason", "why that is fine"},
		{"owner", "who answers for it"},
		{"expires", "its last day, YYYY-MM-DD"},
	} {
		if text, _ := l.str(f[k.key], k.key); strings.TrimSpace(text) == "" {
			l.fail(begin(n), "the suppression lacks %q: %s", k.key, k.why)
		}
	}
	s.Reason, _ = l.str(f["reason"], "reason")
	s.Owner, _ = l.str(f["owner"], "owner")
	var tk *token.Token
	if s.Rule, tk = l.str(f["rule"], "rule"); s.Rule != "" && s.Rule != "*" && !slices.Contains(names, s.Rule) {
		l.fail(tk, "there is no rule %q in this file or in what it extends", s.Rule)
	}
	if day, tk := l.str(f["expires"], "expires"); day != "" {
		var err error
		if s.Expires, err = time.Parse(time.DateOnly, day); err != nil {
			l.fail(tk, "expires: %q is no day: write YYYY-MM-DD", day)
		}
	}
	s.Apps, s.Match = l.expr(f["apps"], "apps"), l.expr(f["match"], "match")
	p.Suppressions = append(p.Suppressions, s)
}
