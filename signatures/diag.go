package signatures

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Severity says how bad a diagnostic is.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // the rules are not usable
	Warning                 // usable, but somebody should look
	Advice                  // usable and right; it could be better
)

// String returns "error", "warning" or "advice".
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Advice:
		return "advice"
	}
	return "error"
}

// Diagnostic is one thing that is wrong with a rule file.
type Diagnostic struct {
	File     string // as given to the loader, slash-separated
	Line     int    // from 1; 0 if the file as a whole is meant
	Column   int    // from 1, in characters
	Severity Severity
	// Code names what is wrong, the same in every version: "unknown-field".
	// Package lint/checks documents each.
	Code    string
	Message string // what is wrong and, where that is known, how to mend it
	Excerpt string // the line with a caret below it; may be empty
}

// String renders file, position, severity and message on one line, and the
// excerpt below it.
func (d Diagnostic) String() string {
	var b strings.Builder
	b.WriteString(d.File)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", d.Line, d.Column)
	}
	fmt.Fprintf(&b, ": %s: %s", d.Severity, d.Message)
	if d.Code != "" {
		fmt.Fprintf(&b, " [%s]", d.Code)
	}
	if d.Excerpt != "" {
		b.WriteByte('\n')
		b.WriteString(d.Excerpt)
	}
	return b.String()
}

// LoadError holds everything that was found wrong in a set of rule files, in
// the order of files and lines. At least one diagnostic is an error.
type LoadError struct {
	Diagnostics []Diagnostic
}

// Error renders every diagnostic, and a count at the end.
func (e *LoadError) Error() string {
	var b strings.Builder
	errs := 0
	for _, d := range e.Diagnostics {
		b.WriteString(d.String())
		b.WriteByte('\n')
		if d.Severity == Error {
			errs++
		}
	}
	noun := "errors"
	if errs == 1 {
		noun = "error"
	}
	fmt.Fprintf(&b, "%d %s in signature files", errs, noun)
	return b.String()
}

func sortDiagnostics(ds []Diagnostic) {
	sort.SliceStable(ds, func(i, j int) bool {
		a, b := ds[i], ds[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		default:
			return a.Column < b.Column
		}
	})
}

func hasErrors(ds []Diagnostic) bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// maxExcerpt is how much of a long line an excerpt shows, in characters.
const maxExcerpt = 160

// excerpt renders line (from 1) of text with a caret below column (from 1, in
// characters). Characters that could disturb a terminal are shown as "?".
func excerpt(text []byte, line, column int) string {
	s := string(text)
	for n := 1; n < line; n++ {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			return ""
		}
		s = s[i+1:]
	}
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimSuffix(s, "\r")
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	runes := []rune(s)
	if column > len(runes)+1 {
		column = len(runes) + 1
	}
	from := 0
	if column > maxExcerpt {
		from = column - maxExcerpt/2
	}
	to := min(len(runes), from+maxExcerpt)
	pad := make([]rune, 0, column)
	for i, r := range runes[from:to] {
		if r != '\t' && !unicode.IsPrint(r) {
			runes[from+i], r = '?', '?'
		}
		if from+i < column-1 {
			if r == '\t' {
				pad = append(pad, '\t')
			} else {
				pad = append(pad, ' ')
			}
		}
	}
	num := fmt.Sprintf("%5d", line)
	return num + " | " + string(runes[from:to]) + "\n" + strings.Repeat(" ", len(num)) + " | " + string(pad) + "^"
}

// nearest returns the candidate that is written most like s, or "".
func nearest(s string, candidates []string) string {
	best, dist := "", 1+len(s)/3
	for _, c := range candidates {
		if d := editDistance(s, c, dist); d < dist || (d == dist && best == "") {
			best, dist = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions and replacements; it gives up
// with limit+1 as soon as the distance must be greater.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 64 || len(b) > 64 {
		return limit + 1
	}
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			d := prev[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			cur[j] = min(d, prev[j]+1, cur[j-1]+1)
		}
		prev, cur = cur, prev
	}
	return prev[len(b)]
}
