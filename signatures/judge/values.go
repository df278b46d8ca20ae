package judge

import (
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// maxValueNodes bounds how much of one value is looked at.
const maxValueNodes = 256

// texts calls yield for each string that v is known to be or to hold. gap is
// put where a part of a concatenation is not known.
func texts(v fact.Value, gap string, yield func(s string)) {
	budget := maxValueNodes
	eachText(v, gap, &budget, yield)
}

func eachText(v fact.Value, gap string, budget *int, yield func(s string)) {
	if *budget--; *budget < 0 {
		return
	}
	switch v.Kind {
	case fact.String:
		yield(v.S)
	case fact.OneOf, fact.Array, fact.FieldVal: // a field: what it holds at first
		for _, e := range v.Elems {
			eachText(e, gap, budget, yield)
		}
	case fact.Concat:
		if s, ok := joined(v, gap, budget); ok {
			yield(s)
		}
	}
}

// joined renders a concatenation; ok is false if nothing in it is known.
func joined(v fact.Value, gap string, budget *int) (string, bool) {
	var b strings.Builder
	known := false
	for _, e := range v.Elems {
		if *budget--; *budget < 0 || b.Len() > 1<<14 {
			return b.String(), known
		}
		switch e.Kind {
		case fact.String:
			b.WriteString(e.S)
			known = known || e.S != ""
		case fact.Int:
			b.WriteString(strconv.FormatInt(e.N, 10))
		case fact.Concat:
			s, ok := joined(e, gap, budget)
			b.WriteString(s)
			known = known || ok
		default:
			b.WriteString(gap)
		}
	}
	return b.String(), known
}

// render shows a value to people; "" for what is not known at all.
func render(v fact.Value) string {
	budget := 32
	return renderValue(v, &budget)
}

func renderValue(v fact.Value, budget *int) string {
	if *budget--; *budget < 0 {
		return "…"
	}
	switch v.Kind {
	case fact.String:
		return strconv.Quote(clip(v.S, maxShown))
	case fact.Int:
		return strconv.FormatInt(v.N, 10)
	case fact.Float:
		return strconv.FormatFloat(v.F, 'g', -1, 64)
	case fact.Class:
		return dotted(v.S)
	case fact.Null:
		return "null"
	case fact.Method:
		return v.S
	case fact.FieldVal:
		if len(v.Elems) > 0 {
			return v.S + " (" + renderValue(v.Elems[0], budget) + ")"
		}
		return v.S
	case fact.Param:
		return "parameter " + strconv.FormatInt(v.N, 10)
	case fact.Result:
		return "result of " + v.S
	case fact.Object:
		return "a " + dotted(v.S)
	case fact.Concat:
		nodes := maxValueNodes
		s, _ := joined(v, "{}", &nodes)
		return strconv.Quote(clip(s, maxShown))
	case fact.OneOf, fact.Array:
		parts := make([]string, 0, min(len(v.Elems), 8))
		for i, e := range v.Elems {
			if i == 8 || *budget <= 0 {
				parts = append(parts, "…")
				break
			}
			s := renderValue(e, budget)
			if s == "" {
				s = "?"
			}
			parts = append(parts, s)
		}
		if v.Kind == fact.OneOf {
			return strings.Join(parts, " or ")
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return ""
}

// maxShown bounds a constant that is shown.
const maxShown = 200

// clip cuts s at n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// mask hides the middle of a key.
func mask(s string) string {
	r := []rune(s)
	switch {
	case len(r) <= 4:
		return strings.Repeat("•", len(r))
	case len(r) <= 10:
		return string(r[:2]) + strings.Repeat("•", len(r)-2)
	}
	return string(r[:4]) + strings.Repeat("•", min(len(r)-6, 12)) + string(r[len(r)-2:])
}
