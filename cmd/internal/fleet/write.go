package fleet

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
var Formats = []string{"text", "json"}

// Write writes the view.
func Write(w io.Writer, f *Fleet, format string, o report.Options) error {
	b := bufio.NewWriter(w)
	switch format {
	case "text":
		t := &text{b, o}
		t.write(f)
	case "json":
		doc, err := report.EncodeJSON(f)
		if err != nil {
			return err
		}
		b.Write(append(doc, '\n'))
	default:
		return fmt.Errorf("format %q is unknown: use one of %s", format, strings.Join(Formats, ", "))
	}
	return b.Flush()
}

type text struct {
	w *bufio.Writer
	o report.Options
}

func (t *text) printf(format string, args ...any) { fmt.Fprintf(t.w, format, args...) }

func (t *text) style(sgr, s string) string { return t.o.Style(sgr, s) }

func (t *text) head(s string) { t.printf("%s\n", t.style("1", s)) }

// rows prints the first lines of a list and counts the rest.
func rows[T any](t *text, list []T, most int, row func(*T)) {
	n := len(list)
	if !t.o.All && n > most+1 {
		n = most
	}
	for i := range list[:n] {
		row(&list[i])
	}
	if n < len(list) {
		t.printf("  %s\n", t.style("2", fmt.Sprintf("and %d more (--all shows them)", len(list)-n)))
	}
	t.printf("\n")
}

// some joins the first items and counts the rest.
func (t *text) some(list []string, n int) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = report.Clean(s)
	}
	if t.o.All || len(out) <= n {
		return strings.Join(out, ", ")
	}
	return strings.Join(out[:n], ", ") + fmt.Sprintf(" and %d more", len(out)-n)
}

func many(n int, word string) string { return fmt.Sprintf("%d %s", n, plural(n, word)) }

func apps(n int) string { return many(n, "app") }

func (t *text) write(f *Fleet) {
	if p := f.Phone; p != nil {
		t.head("What came with the phone, and what was installed")
		for _, x := range []struct {
			name string
			p    Place
		}{{"preinstalled", p.Preinstalled}, {"installed", p.Installed}, {"elsewhere", p.Elsewhere}} {
			if x.p.Apps == 0 {
				continue
			}
			t.printf("  %-13s %s · %d with trackers · %d ask for what cannot be reset", x.name, apps(x.p.Apps), x.p.WithTracker, x.p.Unreset)
			if len(x.p.SDKs) > 0 {
				t.printf(" · most: %s", t.some(x.p.SDKs, 5))
			}
			t.printf("\n")
		}
		if len(p.Updated) > 0 {
			t.printf("  updates of preinstalled apps: %s\n", t.some(p.Updated, 8))
		}
		t.printf("\n")
	}
	var trackers, services, others []SDK
	for _, s := range f.SDKs {
		switch {
		case s.Tracker:
			trackers = append(trackers, s)
		case s.Service:
			services = append(services, s)
		default:
			others = append(others, s)
		}
	}
	if len(trackers) > 0 {
		t.head("Trackers, by the number of apps that carry them")
		rows(t, trackers, 30, t.sdk)
	}
	if len(services) > 0 {
		t.head("Other services")
		rows(t, services, 12, t.sdk)
	}
	if t.o.All && len(others) > 0 {
		t.head("Other products")
		rows(t, others, 30, t.sdk)
	}
	if len(f.Wakes) > 0 {
		t.head("Who can wake whom: what push SDKs open to other apps")
		rows(t, doors(f.Wakes), 12, func(d *door) {
			need := "any app can start it"
			if d.Permission != "" {
				need = "a caller needs " + report.Clean(d.Permission)
			}
			t.printf("  %s: %s %s, %s\n", report.Clean(d.SDK), d.Kind, report.Clean(d.Class), need)
			t.printf("      open in %s: %s\n", apps(len(d.in)), t.some(d.in, 6))
			if n := len(d.by); n > 0 {
				t.printf("      %s\n", t.style("2", fmt.Sprintf("the same product is in %d other %s whose code knows its name", n, plural(n, "app"))))
			}
		})
	}
	if len(f.Hosts) > 0 {
		t.head("Hosts that unrelated apps name")
		rows(t, f.Hosts, 20, func(h *Host) {
			var about []string
			for _, s := range []string{h.Owner, h.SDK} {
				if s != "" {
					about = append(about, report.Clean(s))
				}
			}
			if h.Registered != "" {
				about = append(about, "registered in "+report.Clean(h.Registered))
			}
			t.printf("  %-34s %s%s\n", report.Clean(h.Host), t.some(h.Apps, 4), t.style("2", bracket(about)))
		})
	}
	if len(f.Keys) > 0 {
		t.head("App keys that unrelated apps share")
		rows(t, f.Keys, 20, func(k *Key) {
			note := ""
			if k.Masked {
				note = t.style("2", "  (masked: scan with --show-keys to be sure)")
			}
			t.printf("  %s %s = %s: %s%s\n", report.Clean(k.SDK), report.Clean(k.Name), report.Clean(k.Value), t.some(k.Apps, 6), note)
		})
	}
	if len(f.Unknown) > 0 {
		t.head("Code that no rule knows, by the number of unrelated apps that carry it")
		rows(t, f.Unknown, 15, func(u *Unknown) {
			t.printf("  %-34s %s, up to %d classes: %s\n", report.Clean(u.Package), apps(len(u.Apps)), u.Classes, t.some(u.Apps, 4))
		})
	}
	if ids := slices.DeleteFunc(slices.Clone(f.UserIDs), func(u UserID) bool { return len(u.Apps) < 2 }); len(ids) > 0 {
		t.head("Shared user ids: these apps can read each other's files and have each other's permissions")
		rows(t, ids, 15, func(u *UserID) { t.printf("  %s: %s\n", report.Clean(u.ID), t.some(u.Apps, 6)) })
	}
	if len(f.Unread) > 0 {
		t.head("Not all read: these may carry more")
		rows(t, f.Unread, 15, func(a *App) { t.printf("  %s (%s) %s\n", report.Clean(a.Package), a.Status, report.Clean(a.Path)) })
	}
	copies := 0
	for _, s := range trackers {
		copies += len(s.Apps)
	}
	t.printf("%s · %s, carried %s · %s and %s shared by unrelated apps · %s to block, %s to disable\n",
		apps(f.Apps), many(len(trackers), "tracker"), many(copies, "time"), many(len(f.Hosts), "host"), many(len(f.Keys), "key"), many(len(f.Block), "host"), many(len(f.Disable), "component"))
	if len(f.Rules) > 1 {
		t.printf("%s\n", t.style("33", "The reports were made with different rules: that one app lacks what another has may be theirs."))
	}
}

// door is one component of a product, as many apps open it.
type door struct {
	Wake
	in, by []string
}

func doors(list []Wake) []door {
	var out []door
	for _, w := range list {
		i := slices.IndexFunc(out, func(d door) bool {
			return d.SDK == w.SDK && d.Kind == w.Kind && d.Class == w.Class && d.Permission == w.Permission
		})
		if i < 0 {
			i = len(out)
			out = append(out, door{Wake: w})
		}
		out[i].in = append(out[i].in, w.App)
		for _, b := range w.By {
			if !slices.Contains(out[i].by, b) {
				out[i].by = append(out[i].by, b)
			}
		}
	}
	for i := range out {
		d := &out[i]
		d.by = slices.DeleteFunc(d.by, func(b string) bool { return slices.Contains(d.in, b) })
	}
	slices.SortStableFunc(out, func(x, y door) int {
		return cmp.Or(-cmp.Compare(len(x.in), len(y.in)), cmp.Compare(x.SDK, y.SDK), cmp.Compare(x.Class, y.Class))
	})
	return out
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func bracket(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "  [" + strings.Join(list, "; ") + "]"
}

func (t *text) sdk(s *SDK) {
	var names []string
	for _, c := range s.Apps {
		if !slices.Contains(names, c.Package) {
			names = append(names, c.Package)
		}
	}
	at := ""
	if s.Startup > 0 {
		at = fmt.Sprintf(", %d at app start", s.Startup)
	}
	t.printf("  %-28s %s%s  %s\n", report.Clean(s.Name), apps(len(names)), at, t.style("2", "["+report.Clean(strings.TrimSuffix(cmp.Or(s.Label, s.Category)+" of "+s.Vendor, " of "))+"]"))
	t.printf("      %s\n", t.some(names, 6))
	if v := versions(s); v != "" {
		t.printf("      %s\n", t.style("2", "versions: "+report.Clean(v)))
	}
}

// versions lists those that are known, the most frequent first.
func versions(s *SDK) string {
	var out []string
	for _, v := range slices.SortedFunc(maps.Keys(s.Versions), func(x, y string) int {
		return cmp.Or(-cmp.Compare(s.Versions[x], s.Versions[y]), cmp.Compare(x, y))
	}) {
		switch {
		case v == "":
		case s.Versions[v] > 1:
			out = append(out, fmt.Sprintf("%s ×%d", v, s.Versions[v]))
		default:
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return ""
	}
	if n := s.Versions[""]; n > 0 {
		out = append(out, fmt.Sprintf("not known ×%d", n))
	}
	return strings.Join(out, ", ")
}

// WriteHosts writes a hosts file that names no address for hosts of trackers.
func WriteHosts(w io.Writer, f *Fleet) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Hosts of trackers that %s name. An app may not work without some of them.\n", apps(f.Apps))
	for _, x := range f.Block {
		fmt.Fprintf(b, "0.0.0.0 %s # %s; named by %s\n", x.Host, oneLine(x.Why), oneLine((&text{}).some(x.Apps, 5)))
	}
	return b.Flush()
}

// WriteDisable writes components of trackers as 'pm disable' takes them.
func WriteDisable(w io.Writer, f *Fleet) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Components of trackers in %s, one a line: package/class. As root on the phone:\n", apps(f.Apps))
	fmt.Fprint(b, "#   grep -v '^#' FILE | while read -r c; do pm disable \"$c\"; done\n# Those that are listed are what shows a tracker, and what it opens to others; it may have more.\n")
	last := ""
	for _, x := range f.Disable {
		if h := x.Package + ": " + x.SDK; h != last {
			fmt.Fprintf(b, "# %s\n", oneLine(h))
			last = h
		}
		if name := x.Package + "/" + x.Class; component(name) {
			fmt.Fprintf(b, "%s\n", name)
		}
	}
	return b.Flush()
}

// oneLine makes text from files safe behind a "#".
func oneLine(s string) string { return report.Clean(s) }

// component reports whether a name is one that a shell takes as it is.
func component(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/$", r)) {
			return false
		}
	}
	return true
}
