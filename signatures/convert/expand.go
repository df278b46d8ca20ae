package convert

import (
	"regexp/syntax"
	"strings"
)

// Alternative is one text that a regular expression stands for.
type Alternative struct {
	Text string
	End  bool // the expression says that nothing follows
	// Why says in what the text differs from the expression, "" if in nothing.
	Why string
}

// maxAlternatives bounds what one expression may stand for.
const maxAlternatives = 256

const whyDots = "its dots match any character; they are taken for dots"

// Expand translates a regular expression into the texts that it stands for, taken
// as beginnings. why says what could not be translated.
func Expand(re string) (list []Alternative, why string) {
	if strings.TrimSpace(re) == "" {
		return nil, ""
	}
	var failed []string
	for _, part := range branches(re) {
		parsed, err := syntax.Parse(part, syntax.Perl)
		if err != nil {
			return nil, "not a regular expression: " + err.Error()
		}
		more, ok := expand(parsed, []Alternative{{}})
		if !ok {
			failed = append(failed, part)
			continue
		}
		for _, a := range more {
			dup := a.Text == ""
			for _, b := range list {
				dup = dup || a.Text == b.Text
			}
			if !dup && len(list) < maxAlternatives {
				list = append(list, a)
			}
		}
	}
	if len(failed) > 0 {
		why = "it stands for no finite number of texts: " + strings.Join(failed, "|")
	}
	return list, why
}

// branches splits an expression at the bars that stand in no group, so that one
// branch that cannot be translated does not lose the others.
func branches(re string) []string {
	var out []string
	depth, start := 0, 0
	class := false
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			out = append(out, re[start:i])
			start = i + 1
		}
	}
	return append(out, re[start:])
}

// expand appends what an expression stands for to each beginning.
func expand(re *syntax.Regexp, in []Alternative) ([]Alternative, bool) {
	each := func(text, why string) []Alternative {
		out := make([]Alternative, 0, len(in))
		for _, a := range in {
			if a.End {
				return nil
			}
			a.Text += text
			if a.Why == "" {
				a.Why = why
			}
			out = append(out, a)
		}
		return out
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpWordBoundary:
		return in, true
	case syntax.OpEndText, syntax.OpEndLine:
		out := each("", "")
		for i := range out {
			out[i].End = true
		}
		return out, out != nil
	case syntax.OpLiteral:
		text := string(re.Rune)
		why := ""
		if re.Flags&syntax.FoldCase != 0 {
			why = "it does not care about capitals"
		}
		out := each(text, why)
		return out, out != nil
	case syntax.OpAnyCharNotNL, syntax.OpAnyChar:
		out := each(".", whyDots)
		return out, out != nil
	case syntax.OpCapture:
		return expand(re.Sub[0], in)
	case syntax.OpConcat:
		for i, sub := range re.Sub {
			// ".*" and the like at the end leave a beginning as it is.
			if i == len(re.Sub)-1 && openEnd(sub) && i > 0 {
				return in, true
			}
			var ok bool
			if in, ok = expand(sub, in); !ok {
				return nil, false
			}
		}
		return in, true
	case syntax.OpAlternate:
		var out []Alternative
		for _, sub := range re.Sub {
			more, ok := expand(sub, in)
			if !ok {
				return nil, false
			}
			if out = append(out, more...); len(out) > maxAlternatives {
				return nil, false
			}
		}
		return out, true
	case syntax.OpQuest:
		more, ok := expand(re.Sub[0], in)
		if !ok || len(in)+len(more) > maxAlternatives {
			return nil, false
		}
		return append(append([]Alternative{}, in...), more...), true
	case syntax.OpCharClass:
		var out []Alternative
		n := 0
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if n++; n > 10 {
					return nil, false
				}
				more := each(string(r), "")
				if more == nil {
					return nil, false
				}
				if out = append(out, more...); len(out) > maxAlternatives {
					return nil, false
				}
			}
		}
		return out, len(out) > 0
	}
	return nil, false
}

// openEnd reports whether an expression matches anything, or nothing.
func openEnd(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar:
		return re.Sub[0].Op == syntax.OpAnyCharNotNL || re.Sub[0].Op == syntax.OpAnyChar || re.Sub[0].Op == syntax.OpCharClass
	case syntax.OpCapture:
		return openEnd(re.Sub[0])
	}
	return false
}
