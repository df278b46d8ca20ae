package signatures

import (
	"iter"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// Source is a rule together with the file that it was read from: it tells
// where each part of the rule stands. It is safe for concurrent use.
type Source struct{ e *entry }

// Sources yields the rules of the set that were read from files, in the order
// of the set. Those of the bundle have no file.
func (r *Rules) Sources() iter.Seq[Source] {
	return func(yield func(Source) bool) {
		for _, e := range r.entries {
			if e.src != nil && !yield(Source{e}) {
				return
			}
		}
	}
}

// Rule returns the rule as [Rules.Get] does.
func (s Source) Rule() any { return s.e.value() }

// Header returns the part that all kinds of rule have.
func (s Source) Header() *rule.Header { return Header(s.e.value()) }

// File returns the name of the file as it was loaded, and its text, which must
// not be changed.
func (s Source) File() (name string, text []byte) { return s.e.src.file, s.e.src.text }

// Has reports whether a path leads to a field that is in the file: strings name
// fields, ints count items of a list.
func (s Source) Has(path ...any) bool { return s.e.src.has(path...) }

// Diagnostic makes a diagnostic that points at the field that path leads to, or
// at the last of its elements that is in the file.
func (s Source) Diagnostic(sev Severity, code string, path []any, format string, args ...any) Diagnostic {
	line, col := s.e.src.at(path...)
	return s.e.src.diagnostic(sev, code, line, col, format, args...)
}

// Header returns the common part of a rule (a pointer as [Rules.Get] returns
// it), or nil.
func Header(v any) *rule.Header { return header(v) }
