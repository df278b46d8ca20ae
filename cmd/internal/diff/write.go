package diff

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/report"
)

// Formats lists the formats that Write knows.
var Formats = []string{"text", "markdown", "json"}

// shown is how many changes of one kind are told before the rest is counted, and
// shownAdded how many of an app that is new altogether.
const (
	shown      = 12
	shownAdded = 4
)

// Write writes a comparison.
func Write(w io.Writer, d *Diff, format string, o report.Options) error {
	b := bufio.NewWriter(w)
	switch format {
	case "text":
		writeText(b, d, o)
	case "markdown":
		writeMarkdown(b, d, o)
	case "json":
		text, err := report.EncodeJSON(d)
		if err != nil {
			return err
		}
		b.Write(append(text, '\n'))
	default:
		return fmt.Errorf("format %q is unknown: use one of %s", format, strings.Join(Formats, ", "))
	}
	return b.Flush()
}

// title names an app and its two versions.
func title(a *App) string {
	name := cmp.Or(a.Package, path(*a))
	switch {
	case a.Old == nil:
		return strings.TrimRight(name+" "+a.New.VersionName, " ") + ": not there before"
	case a.New == nil:
		return strings.TrimRight(name+" "+a.Old.VersionName, " ") + ": no longer there"
	case a.Old.VersionName == a.New.VersionName:
		return strings.TrimRight(name+" "+a.New.VersionName, " ")
	}
	return name + " " + cmp.Or(a.Old.VersionName, "?") + " → " + cmp.Or(a.New.VersionName, "?")
}

var marks = map[string]string{"added": "+", "removed": "-", "changed": "~"}

// fold cuts runs of changes of one kind, and says how many are not shown.
func fold(a *App, all bool, tell func(*Change), more func(n int, what, change string)) {
	list, most := a.Changes, shown
	if a.Old == nil {
		most = shownAdded
	}
	for i := 0; i < len(list); {
		j := i
		for j < len(list) && list[j].What == list[i].What && list[j].Change == list[i].Change {
			j++
		}
		end := j
		if !all && j-i > most+1 {
			end = i + most
		}
		for k := i; k < end; k++ {
			tell(&list[k])
		}
		if end < j {
			more(j-end, list[i].What, list[i].Change)
		}
		i = j
	}
}

func writeText(w *bufio.Writer, d *Diff, o report.Options) {
	style := o.Style
	colors := map[string]string{"added": "31", "removed": "32", "changed": "33"}
	for i := range d.Apps {
		a := &d.Apps[i]
		fmt.Fprintf(w, "%s\n", style("1", report.Clean(title(a))))
		switch {
		case a.Old != nil && a.New != nil && a.Old.Path != a.New.Path:
			fmt.Fprintf(w, "  %s → %s\n", report.Clean(a.Old.Path), report.Clean(a.New.Path))
		default:
			fmt.Fprintf(w, "  %s\n", report.Clean(path(*a)))
		}
		for _, n := range a.Notes {
			fmt.Fprintf(w, "  %s %s\n", style("33", "note:"), report.Clean(n))
		}
		fold(a, o.All, func(c *Change) {
			fmt.Fprintf(w, "  %s %-11s %s\n", style(colors[c.Change], marks[c.Change]), c.What, report.Clean(c.Text))
			if c.Fix != "" && c.IsNew {
				fmt.Fprintf(w, "                %s\n", style("2", "to mend it: "+report.Clean(c.Fix)))
			}
		}, func(n int, what, change string) {
			fmt.Fprintf(w, "  %s %-11s %s\n", marks[change], what, style("2", fmt.Sprintf("and %d more (--all shows them)", n)))
		})
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, summary(d))
	if d.Old.Rules != d.New.Rules {
		fmt.Fprintf(w, "%s\n", style("33", "The two were made with different rules: a difference may be theirs."))
	}
}

// summary says in a line what differs.
func summary(d *Diff) string {
	s := &d.Summary
	parts := []string{fmt.Sprintf("%d compared, %d of them changed", s.Compared, s.Changed)}
	if s.Added > 0 {
		parts = append(parts, fmt.Sprintf("%d added", s.Added))
	}
	if s.Removed > 0 {
		parts = append(parts, fmt.Sprintf("%d removed", s.Removed))
	}
	var fresh []string
	for _, k := range slices.SortedFunc(maps.Keys(s.New), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a), slices.Index(order, b)), cmp.Compare(a, b))
	}) {
		fresh = append(fresh, fmt.Sprintf("%s %d", k, s.New[k]))
	}
	if len(fresh) == 0 {
		parts = append(parts, "nothing new")
	} else {
		parts = append(parts, "new: "+strings.Join(fresh, ", "))
	}
	return strings.Join(parts, " · ")
}

// maxMarkdown is what code hosts take as a comment, with room for the end.
const maxMarkdown = 60_000

func writeMarkdown(w *bufio.Writer, d *Diff, o report.Options) {
	head := "## Telltale: "
	if d.HasNew() {
		head += "something is new"
	} else {
		head += "nothing is new"
	}
	fmt.Fprintf(w, "%s\n\n%s\n\n", head, report.Markdown(summary(d), 400))
	if d.Old.Rules != d.New.Rules {
		fmt.Fprint(w, "**The two were made with different rules: a difference may be theirs.**\n\n")
	}
	size := 0
	for i := range d.Apps {
		a := &d.Apps[i]
		var b strings.Builder
		fmt.Fprintf(&b, "### %s\n\n", report.Markdown(title(a), 200))
		for _, n := range a.Notes {
			fmt.Fprintf(&b, "- note: %s\n", report.Markdown(n, 300))
		}
		if len(a.Changes) > 0 {
			b.WriteString("\n| | what | how |\n|---|---|---|\n")
			fold(a, o.All, func(c *Change) {
				text := report.Markdown(c.Text, 300)
				if c.Fix != "" && c.IsNew {
					text += " (to mend it: " + report.Markdown(c.Fix, 300) + ")"
				}
				fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Change, c.What, text)
			}, func(n int, what, change string) {
				fmt.Fprintf(&b, "| %s | %s | and %d more |\n", change, what, n)
			})
		}
		b.WriteString("\n")
		if size += b.Len(); size > maxMarkdown {
			fmt.Fprintf(w, "**Cut to fit a comment:** %d of %d apps that differ. The JSON form holds them.\n", len(d.Apps)-i, len(d.Apps))
			return
		}
		w.WriteString(b.String())
	}
}
