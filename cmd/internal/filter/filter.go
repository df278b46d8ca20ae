// Package filter is the small language in which policies, --fail-on and
// queries ask for things in apps:
//
//	sdk:umeng* and reads:imei and not state:disabled
//
// A term is KEY or KEY:VALUE; [Terms] lists the keys. A value is compared
// without regard to case; "*" stands for any text, "," separates alternatives,
// and quotes hold a value with blanks or commas ("…"). Terms are tied by "and",
// "or", "not" and parentheses, "not" binding most.
//
// What "and" ties about one kind of thing is about the same thing:
// "sdk:umeng* and not state:disabled" is an app with a product of Umeng that is
// not switched off. Where all terms about a kind are negated, no thing of that
// kind may have them: "not sdk:umeng*" is an app without. "not (…)" is an app
// for which what stands in the parentheses does not hold.
package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// Limits of an expression. Policies may come from elsewhere.
const (
	maxText  = 10_000 // bytes
	maxDepth = 50     // parentheses and "not"
	maxWays  = 1000   // conjunctions that "or" multiplies to
)

// SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Off int // in bytes
	Msg string
}

func (e *SyntaxError) Error() string { return e.Msg }

// Expr is a parsed expression. It is safe for concurrent use.
type Expr struct {
	text string
	ways []way // one of them must hold
	lits []*literal
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// way is a conjunction.
type way struct {
	lits []*literal
	nots []*Expr // groups that must not hold
}

// literal is a term or its negation.
type literal struct {
	key    string
	term   *term
	kind   Kind
	values []value
	not    bool
}

// Parse reads an expression. The error is a *SyntaxError.
func Parse(text string) (*Expr, error) {
	if len(text) > maxText {
		return nil, &SyntaxError{0, fmt.Sprintf("the expression has more than %d bytes", maxText)}
	}
	p := &parser{text: text}
	if err := p.lex(); err != nil {
		return nil, err
	}
	if len(p.tokens) == 0 {
		return nil, &SyntaxError{0, "the expression is empty: use terms such as tracker or sdk:umeng*"}
	}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t != nil {
		if t.text == ")" {
			return nil, &SyntaxError{t.off, "a parenthesis is closed that was not opened"}
		}
		return nil, &SyntaxError{t.off, fmt.Sprintf("%q follows without \"and\" or \"or\" (a value with blanks needs quotes)", t.text)}
	}
	e := &Expr{text: strings.TrimSpace(text)}
	if e.ways, err = n.ways(); err != nil {
		return nil, err
	}
	for i := range e.ways {
		if err := e.ways[i].settle(); err != nil {
			return nil, err
		}
		e.lits = append(e.lits, e.ways[i].lits...)
		for _, x := range e.ways[i].nots {
			e.lits = append(e.lits, x.lits...)
		}
	}
	return e, nil
}

// Values returns the values without "*" that a key is compared with, so that
// misspelt ids can be told.
func (e *Expr) Values(key string) []string {
	var out []string
	for _, l := range e.lits {
		if l.key != key {
			continue
		}
		for _, v := range l.values {
			if !strings.Contains(v.text, "*") && !slices.Contains(out, v.text) {
				out = append(out, v.text)
			}
		}
	}
	return out
}

// Kinds returns the kinds of thing that the expression is about.
func (e *Expr) Kinds() []Kind {
	var out []Kind
	for _, l := range e.lits {
		if !slices.Contains(out, l.kind) {
			out = append(out, l.kind)
		}
	}
	return out
}

// Match reports whether an app has what the expression asks for, and returns
// the things that make it so, each once. Where it is about the app alone, or
// about what is not there, that is the app itself.
func (e *Expr) Match(a *App) ([]Thing, bool) {
	var out []Thing
	found := false
	seen := map[string]bool{}
	for i := range e.ways {
		things, ok := e.ways[i].match(a)
		found = found || ok
		for _, t := range things {
			if k := t.Key(); !seen[k] {
				seen[k] = true
				out = append(out, t)
			}
		}
	}
	return out, found
}

// Holds is Match for those who do not ask for things.
func (e *Expr) Holds(a *App) bool {
	_, ok := e.Match(a)
	return ok
}

func (w *way) match(a *App) ([]Thing, bool) {
	for _, n := range w.nots {
		if n.Holds(a) {
			return nil, false
		}
	}
	var out []Thing
	for _, k := range kinds {
		var pos, neg []*literal
		named := false
		for _, l := range w.lits {
			switch {
			case l.kind != k:
			case l.not:
				neg = append(neg, l)
			default:
				pos = append(pos, l)
				named = named || l.term.naming && !slices.ContainsFunc(l.values, func(v value) bool { return v.text == "*" })
			}
		}
		if len(pos)+len(neg) == 0 {
			continue
		}
		var here []Thing
		for _, t := range a.things(k) {
			// What was set aside as noise is there for those who name it.
			if t.noise() && !named && len(pos) > 0 {
				continue
			}
			if len(pos) == 0 && k != KindApp {
				if slices.ContainsFunc(neg, func(l *literal) bool { return l.has(a, &t) }) {
					return nil, false
				}
				continue
			}
			if !slices.ContainsFunc(pos, func(l *literal) bool { return !l.has(a, &t) }) &&
				!slices.ContainsFunc(neg, func(l *literal) bool { return l.has(a, &t) }) {
				here = append(here, t)
			}
		}
		if len(here) == 0 && (len(pos) > 0 || k == KindApp) {
			return nil, false
		}
		if k != KindApp {
			out = append(out, here...)
		}
	}
	if len(out) == 0 {
		out = a.things(KindApp)
	}
	return out, true
}

func (l *literal) has(a *App, t *Thing) bool {
	if l.term.flag != nil {
		return l.term.flag(a, t)
	}
	return slices.ContainsFunc(l.values, func(v value) bool { return l.term.has(a, t, v) })
}

// settle gives terms that fit several kinds to those that the way is about.
func (w *way) settle() error {
	var out []*literal
	for _, l := range w.lits {
		if l.kind != "" {
			out = append(out, l)
		}
	}
	for _, l := range w.lits {
		if l.kind != "" {
			continue
		}
		n := 0
		for _, k := range l.term.kinds {
			if slices.ContainsFunc(w.lits, func(o *literal) bool { return o.kind == k }) {
				c := *l
				c.kind = k
				out = append(out, &c)
				n++
			}
		}
		if n == 0 {
			return &SyntaxError{0, fmt.Sprintf("%q needs a term beside it that says of what: \"tracker and %s:…\"", l.key, l.key)}
		}
	}
	w.lits = out
	return nil
}

// node is the tree of an expression.
type node struct {
	op   string // "and", "or", "not", "" for a term
	kids []*node
	lit  *literal
	text string
}

// ways takes "or" outside "and".
func (n *node) ways() ([]way, error) {
	switch n.op {
	case "":
		return []way{{lits: []*literal{n.lit}}}, nil
	case "not":
		kid := n.kids[0]
		switch kid.op {
		case "not":
			return kid.kids[0].ways()
		case "":
			l := *kid.lit
			l.not = true
			return []way{{lits: []*literal{&l}}}, nil
		}
		inner := &Expr{text: kid.text}
		var err error
		if inner.ways, err = kid.ways(); err != nil {
			return nil, err
		}
		for i := range inner.ways {
			if err := inner.ways[i].settle(); err != nil {
				return nil, err
			}
			inner.lits = append(inner.lits, inner.ways[i].lits...)
		}
		return []way{{nots: []*Expr{inner}}}, nil
	case "or":
		var out []way
		for _, k := range n.kids {
			w, err := k.ways()
			if err != nil {
				return nil, err
			}
			out = append(out, w...)
		}
		return out, tooMany(len(out))
	}
	out := []way{{}}
	for _, k := range n.kids {
		ws, err := k.ways()
		if err != nil {
			return nil, err
		}
		if err := tooMany(len(out) * len(ws)); err != nil {
			return nil, err
		}
		var next []way
		for _, a := range out {
			for _, b := range ws {
				next = append(next, way{slices.Concat(a.lits, b.lits), slices.Concat(a.nots, b.nots)})
			}
		}
		out = next
	}
	return out, nil
}

func tooMany(n int) error {
	if n > maxWays {
		return &SyntaxError{0, fmt.Sprintf("the expression stands for more than %d combinations: split it", maxWays)}
	}
	return nil
}

type tok struct {
	text string
	off  int
}

type parser struct {
	text   string
	tokens []tok
	at     int
}

// lex splits at blanks and parentheses outside quotes.
func (p *parser) lex() error {
	start, quoted := -1, -1
	end := func(i int) {
		if start >= 0 {
			p.tokens = append(p.tokens, tok{p.text[start:i], start})
			start = -1
		}
	}
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case quoted >= 0:
			if c == '"' {
				quoted = -1
			}
		case c == '"':
			if quoted = i; start < 0 {
				start = i
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			end(i)
		case c == '(' || c == ')':
			end(i)
			p.tokens = append(p.tokens, tok{string(c), i})
		case start < 0:
			start = i
		}
	}
	if quoted >= 0 {
		return &SyntaxError{quoted, "a quote is opened and not closed"}
	}
	end(len(p.text))
	return nil
}

func (p *parser) peek() *tok {
	if p.at < len(p.tokens) {
		return &p.tokens[p.at]
	}
	return nil
}

// word takes the next token if it is the given word.
func (p *parser) word(w string) bool {
	if t := p.peek(); t != nil && strings.EqualFold(t.text, w) {
		p.at++
		return true
	}
	return false
}

func (p *parser) or(depth int) (*node, error) { return p.list("or", p.and, depth) }

func (p *parser) and(depth int) (*node, error) { return p.list("and", p.unary, depth) }

func (p *parser) list(op string, next func(int) (*node, error), depth int) (*node, error) {
	first, err := next(depth)
	if err != nil {
		return nil, err
	}
	n := &node{op: op, kids: []*node{first}}
	for p.word(op) {
		k, err := next(depth)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, k)
	}
	if len(n.kids) == 1 {
		return first, nil
	}
	return n, nil
}

func (p *parser) unary(depth int) (*node, error) {
	t := p.peek()
	if t == nil {
		return nil, &SyntaxError{len(p.text), "the expression ends where a term is needed"}
	}
	if depth > maxDepth {
		return nil, &SyntaxError{t.off, fmt.Sprintf("parentheses are nested deeper than %d", maxDepth)}
	}
	p.at++
	switch strings.ToLower(t.text) {
	case "not":
		k, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return &node{op: "not", kids: []*node{k}}, nil
	case "(":
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.word(")") {
			return nil, &SyntaxError{t.off, "a parenthesis is opened and not closed"}
		}
		return n, nil
	case ")", "and", "or":
		return nil, &SyntaxError{t.off, fmt.Sprintf("%q stands where a term is needed", t.text)}
	}
	l, err := newLiteral(t.text, t.off)
	if err != nil {
		return nil, err
	}
	return &node{lit: l, text: t.text}, nil
}

func newLiteral(text string, off int) (*literal, error) {
	key, rest, valued := strings.Cut(text, ":")
	key = strings.ToLower(key)
	t := terms[key]
	if t == nil {
		msg := fmt.Sprintf("unknown term %q", key)
		if near := nearest(key); near != "" {
			msg += fmt.Sprintf(": did you mean %q?", near)
		} else {
			msg += ": use one of " + strings.Join(Keys(), ", ")
		}
		return nil, &SyntaxError{off, msg}
	}
	l := &literal{key: key, term: t}
	if len(t.kinds) == 1 {
		l.kind = t.kinds[0]
	}
	switch {
	case t.flag != nil && valued:
		return nil, &SyntaxError{off, fmt.Sprintf("%q takes no value", key)}
	case t.flag != nil:
		return l, nil
	case !valued || rest == "":
		return nil, &SyntaxError{off, fmt.Sprintf("%q needs a value: %s:%s", key, key, t.value)}
	}
	for _, v := range splitValues(rest) {
		val, err := t.parse(v)
		if err != nil {
			return nil, &SyntaxError{off + len(key) + 1, fmt.Sprintf("%s:%s: %v", key, v, err)}
		}
		l.values = append(l.values, val)
	}
	return l, nil
}

// splitValues splits at commas outside quotes, and removes the quotes.
func splitValues(s string) []string {
	var out []string
	var b strings.Builder
	quoted := false
	for _, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			out = append(out, b.String())
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	return append(out, b.String())
}

// Find is Match for one result.
func (e *Expr) Find(a *event.App) ([]Thing, bool) { return e.Match(NewApp(a)) }
