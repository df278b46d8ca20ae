package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// clean makes text from a file safe for a terminal: control characters, escape
// sequences, text-direction overrides, other invisible characters and bytes
// that are not UTF-8 become visible escapes. A label must not be able to move
// the cursor, recolour a verdict or swap the order of what is read.
func clean(s string) string {
	ok := true
	for _, r := range s {
		if unsafeRune(r) {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unsafeRune(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unsafeRune(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Clean is clean for commands that write to a terminal without a handler.
func Clean(s string) string { return clean(s) }

// unsafeRune reports whether r could act on a terminal or hide in text.
func unsafeRune(r rune) bool {
	if r >= ' ' && r <= '~' {
		return false // most of all text: tables need not be asked
	}
	return r == utf8.RuneError || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) ||
		r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 // fillers that print as nothing
}

// width is how many columns s takes on a terminal.
func width(s string) int { return runewidth.StringWidth(s) }

// pad fills s with spaces to n columns.
func pad(s string, n int) string {
	if w := width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

// short cuts s to n columns and marks the cut.
func short(s string, n int) string {
	if width(s) <= n {
		return s
	}
	return runewidth.Truncate(s, n, "…")
}

// Markdown is md for commands that write Markdown without a handler.
func Markdown(s string, n int) string { return md(s, n) }

// EncodeJSON is how reports write JSON, for commands that write documents of
// their own: URLs stay readable, and nothing in it acts on a terminal.
func EncodeJSON(v any) ([]byte, error) { return encode(v, "", "  ") }
