package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Bounds of the Markdown report, in bytes. Code hosts refuse comments of more
// than 65,536 characters; bytes are counted, which is never less.
const (
	markdownMax     = 65_000
	markdownReasons = 12_000 // of it for exit reasons
	markdownRows    = 26_000 // of it for the table of apps
	markdownFoot    = 2_000  // of it for what stands below the details
	markdownCell    = 160    // characters of one text from a file
)

// markdownHandler writes a report that fits a comment on a pull request: why
// the run failed, a table of apps, details folded away, and what was cut. It
// holds no more than the comment can show.
type markdownHandler struct {
	w        *bufio.Writer
	start    event.Start
	apps     int
	rows     part
	sections part
	closed   bool
}

// part is a run of blocks of text that may not pass a size.
type part struct {
	b    strings.Builder
	n    int // blocks that were offered
	kept int
}

// add appends a block if it fits.
func (p *part) add(block string, most int) {
	p.n++
	if p.b.Len()+len(block) > most {
		return
	}
	p.kept++
	p.b.WriteString(block)
}

// cut is the number of blocks that did not fit.
func (p *part) cut() int { return p.n - p.kept }

func newMarkdown(w io.Writer) *markdownHandler { return &markdownHandler{w: bufio.NewWriter(w)} }

func (h *markdownHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		h.start = *m.Start
	case m.App != nil:
		h.apps++
		h.rows.add(markdownRow(m.App), markdownRows)
		if s := markdownSection(m.App); s != "" {
			h.sections.add(s, markdownMax)
		}
	case m.Summary != nil:
		h.write(m.Summary)
		h.closed = true
	}
	return nil
}

func (h *markdownHandler) Close() error {
	if !h.closed {
		return incomplete("Markdown")
	}
	return h.w.Flush()
}

func (h *markdownHandler) write(s *event.Summary) {
	var head strings.Builder
	fmt.Fprintf(&head, "## Telltale: %d of %d %s %s trackers\n\n", s.WithTracker, s.Apps, plural(s.Apps, "app"), plural2(s.WithTracker, "carries", "carry"))
	if s.Interrupted {
		head.WriteString("**Interrupted: apps after the last one below were not looked at.**\n\n")
	}
	var reasons part
	for _, r := range s.ExitReasons {
		reasons.add(fmt.Sprintf("- **exit %d**: %s\n", r.Code, md(r.Reason, 400)), markdownReasons)
	}
	head.WriteString(reasons.b.String())
	if n := reasons.cut(); n > 0 {
		fmt.Fprintf(&head, "- and %d more %s, cut here\n", n, plural(n, "reason"))
	}
	if reasons.n > 0 {
		head.WriteString("\n")
	}
	if h.rows.kept > 0 {
		head.WriteString("| app | code | trackers | domains registered in | identifiers asked for |\n|---|---|---|---|---|\n")
		head.WriteString(h.rows.b.String())
		head.WriteString("\n")
	}

	// Details were kept up to the size of the whole; now it is known what is left.
	details, cut := h.sections.b.String(), h.sections.cut()
	room := markdownMax - markdownFoot - head.Len()
	for len(details) > room {
		details = details[:strings.LastIndex(details, sectionMark)]
		cut++
	}
	details = strings.ReplaceAll(details, sectionMark, "<details>")

	var foot strings.Builder
	if n := h.rows.cut(); n > 0 {
		fmt.Fprintf(&foot, "**Cut to fit a comment:** %d of %d %s in the table.\n\n", n, h.apps, plural(h.apps, "app"))
	}
	if cut > 0 {
		fmt.Fprintf(&foot, "**Cut to fit a comment:** the details of %d %s. The JSON report holds them.\n\n", cut, plural(cut, "app"))
	}
	if s.WithTracker > 0 {
		foot.WriteString(trackerMeans + "\n\n")
	}
	fmt.Fprintf(&foot, "Static analysis with rules %s. \"Names\", \"asks for\" and \"carries\" are what the code shows; whether data is sent is not shown by it.\n", md(rulesText(&h.start.Signatures), 80))

	h.w.WriteString(head.String())
	h.w.WriteString(details)
	h.w.WriteString(foot.String())
}

func markdownRow(a *event.App) string {
	var trackers, ids []string
	for i := range a.SDKs {
		if s := &a.SDKs[i]; s.Tracker && s.State != finding.Referenced {
			trackers = append(trackers, s.Name)
		}
	}
	for i := range a.Identifiers {
		if a.Identifiers[i].Confidence != "low" {
			ids = append(ids, a.Identifiers[i].Name)
		}
	}
	var regs []string
	for i := range a.Endpoints {
		if e := &a.Endpoints[i]; e.RegisteredIn != nil && e.Noise == "" {
			r := cmp.Or(e.RegisteredIn.City, e.RegisteredIn.Country) + ": " + e.RegistrableDomain
			if !slices.Contains(regs, r) {
				regs = append(regs, r)
			}
		}
	}
	code, none := md(codeShort(a), 60), "–"
	if a.Status != fact.Complete {
		code, none = "**"+code+"**", "?" // what was not read is not clean
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", md(title(a), markdownCell), code, mdList(trackers, 5, none), mdList(regs, 4, none), mdList(ids, 5, none))
}

// sectionMark opens a section until it is known whether it fits. No text from
// a file can hold it: md writes no angle bracket but its own.
const sectionMark = "<section>"

// markdownSection is what is folded away about one app, or "".
func markdownSection(a *event.App) string {
	var b strings.Builder
	for i, p := range a.Problems {
		if i == 10 {
			fmt.Fprintf(&b, "- and %d more problems\n", len(a.Problems)-i)
			break
		}
		mark := "Note"
		if p.Lossy {
			mark = "**Not all read**"
		}
		part := ""
		if p.Part != "" {
			part = md(p.Part, markdownCell) + " "
		}
		fmt.Fprintf(&b, "- %s: %s%s\n", mark, part, md(p.Detail, 300))
	}
	mdVerdicts(&b, a)
	mdTable(&b, "| tracker | kind | state | vendor |", a.SDKs, func(s *finding.SDK) string {
		if !s.Tracker && s.Kind != "packer" {
			return ""
		}
		name := s.Name
		if s.Version != nil {
			name += " " + s.Version.Value
		}
		return mdCells(name, s.Category, stateText(s), vendorText(s))
	})
	mdTable(&b, "| other service | kind | state | vendor |", a.SDKs, func(s *finding.SDK) string {
		if !s.Service || s.State == finding.Referenced {
			return ""
		}
		return mdCells(sdkName(s), sdkLabel(s), stateText(s), vendorText(s))
	})
	mdTable(&b, "| identifier | by | whose code | note |", a.Identifiers, func(id *finding.Identifier) string {
		return mdCells(id.Name, shortRef(clearest(id.Sites)), owners(id.Sites), idNotes(id))
	})
	mdTable(&b, "| host named | domain registered in | record | whose host |", a.Endpoints, func(e *finding.Endpoint) string {
		if e.Noise != "" {
			return ""
		}
		var where, rec string
		if r := e.RegisteredIn; r != nil {
			where = strings.Trim(r.City+", "+r.Country, ", ")
			rec = r.Grade + ": " + r.Evidence
		}
		return mdCells(cmp.Or(e.Host, e.Value), where, rec, e.OwnerName)
	})
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("%s<summary>%s</summary>\n\n%s\n</details>\n\n", sectionMark, md(title(a)+" – "+a.Path, 300), b.String())
}

// mdTable writes a table of what row gives, 30 rows at most.
func mdTable[T any](b *strings.Builder, head string, list []T, row func(*T) string) {
	const most = 30
	n := 0
	for i := range list {
		r := row(&list[i])
		if r == "" {
			continue
		}
		n++
		switch {
		case n == 1:
			b.WriteString("\n" + head + "\n" + strings.Repeat("|---", strings.Count(head, "|")-1) + "|\n" + r)
		case n <= most:
			b.WriteString(r)
		}
	}
	if n > most {
		fmt.Fprintf(b, "\nAnd %d more.\n", n-most)
	}
}

func mdCells(cells ...string) string {
	var b strings.Builder
	b.WriteString("|")
	for _, c := range cells {
		b.WriteString(" " + md(c, markdownCell) + " |")
	}
	return b.String() + "\n"
}

// brief is clean, cut to n characters. Unlike columns these bound bytes: marks
// that stand on other characters take no column.
func brief(s string, n int) string {
	s = clean(s[:min(len(s), utf8.UTFMax*(n+1))]) // a character that is cut in two here is cut off below
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n == 0 {
			if _, last := utf8.DecodeRuneInString(s[i:]); i+last < len(s) {
				return s[:i] + "…"
			}
			break
		}
	}
	return s
}

// mdList joins the first n items and counts the rest.
func mdList(items []string, n int, none string) string {
	if len(items) == 0 {
		return none
	}
	var out []string
	for _, s := range items[:min(n, len(items))] {
		out = append(out, md(s, 60))
	}
	if more := len(items) - n; more > 0 {
		out = append(out, fmt.Sprintf("+%d", more))
	}
	return strings.Join(out, ", ")
}

// md makes text from a file safe inside a line or a table cell of Markdown, cut
// to n characters. What could be markup, a link, a mention or a reference becomes a
// character entity inside a code element, where hosts leave all of these
// alone. Entities, unlike backslashes, mean the same in every dialect.
func md(s string, n int) string {
	s = brief(s, n)
	plain := true
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ()'/,-–·×…", r) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	b.WriteString("<code>")
	var last rune
	for _, r := range s {
		switch {
		case r == '.' && (last == 'w' || last == 'W'), // "www." makes a link
			r < 0x80 && !strings.ContainsRune(" ()'/,-.", r) && (unicode.IsPunct(r) || unicode.IsSymbol(r)):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
		last = r
	}
	b.WriteString("</code>")
	return b.String()
}

// rulesText names the rules of a run, and the profiles that were added to them.
func rulesText(s *event.Signatures) string {
	if s.Profiles == "" {
		return shortDigest(s.Digest)
	}
	return shortDigest(s.Digest) + " and added profiles " + shortDigest(s.Profiles)
}
