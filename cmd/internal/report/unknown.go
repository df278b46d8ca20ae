package report

import (
	"fmt"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// How much of what no rule knows is told unless everything is asked for.
const (
	shownUnknown  = 10
	shownClusters = 25
)

// unknownCode lists the packages of an app that no rule knows.
func (h *textHandler) unknownCode(a *event.App) {
	if !h.o.Unknown || len(a.Unknown) == 0 {
		return
	}
	h.printf("  %s\n", h.style(bold, "Code that no rule knows"))
	var rows [][]string
	for i := range a.Unknown {
		if !h.o.All && i == shownUnknown {
			rows = append(rows, []string{fmt.Sprintf("and %d more", len(a.Unknown)-i)})
			break
		}
		u := &a.Unknown[i]
		rows = append(rows, []string{clean(u.Package), size(u.Classes, u.Instructions), does(ids(u.Reads), ids(u.Names))})
	}
	h.columns(rows)
}

// clusters lists the packages that no rule knows over all apps.
func (h *textHandler) clusters(list []event.UnknownCluster) {
	if len(list) == 0 {
		return
	}
	h.printf("%s\n", h.style(bold, "Code that no rule knows, in most apps first"))
	var rows [][]string
	for i := range list {
		if !h.o.All && i == shownClusters {
			rows = append(rows, []string{fmt.Sprintf("and %d more", len(list)-i)})
			break
		}
		c := &list[i]
		rows = append(rows, []string{clean(c.Package), fmt.Sprintf("%d %s", c.Total, plural(c.Total, "app")), size(c.Classes, c.Instructions), does(c.Reads, c.Names)})
	}
	h.columns(rows)
	h.printf("\n")
}

// columns writes rows below each other.
func (h *textHandler) columns(rows [][]string) {
	var width []int
	for _, r := range rows {
		for i, c := range r[:len(r)-1] {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for _, r := range rows {
		line := "   "
		for i, c := range r {
			line += " " + c
			if i < len(r)-1 {
				line += strings.Repeat(" ", width[i]-len([]rune(c))+1)
			}
		}
		h.printf("%s\n", strings.TrimRight(line, " "))
	}
}

func size(classes, insns int) string {
	return fmt.Sprintf("%s %s, %s %s", thousands(classes), plural2(classes, "class", "classes"), thousands(insns), plural(insns, "instruction"))
}

func ids(uses []finding.Use) []string {
	var out []string
	for i := range uses {
		out = append(out, uses[i].ID)
	}
	return out
}

// does says in words what code asks for and names.
func does(reads, names []string) string {
	some := func(list []string) string {
		const most = 5
		if len(list) > most {
			list = append(list[:most:most], fmt.Sprintf("%d more", len(list)-most))
		}
		return clean(strings.Join(list, ", "))
	}
	var parts []string
	if len(reads) > 0 {
		parts = append(parts, "asks for "+some(reads))
	}
	if len(names) > 0 {
		parts = append(parts, "names "+some(names))
	}
	return strings.Join(parts, "; ")
}
