package convert

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// ExportFormats lists what Export writes.
var ExportFormats = []string{"hosts", "adguard", "exodus", "yara"}

// Export writes what a format can hold of the rules. Hosts are those that rules
// name as of trackers: by an endpoint signal without a path, or as a host of such
// a role. The same rules give the same bytes.
func Export(w io.Writer, format string, rules *signatures.Rules) error {
	b := bufio.NewWriter(w)
	switch format {
	case "hosts":
		fmt.Fprintf(b, "# Hosts of trackers, by telltale's rules %s.\n# Licence of the rules: ODbL-1.0, with facts of Exodus Privacy (ODbL-1.0).\n", rules.Digest())
		for _, h := range trackerHosts(rules) {
			fmt.Fprintf(b, "0.0.0.0 %s\n", h)
		}
	case "adguard":
		fmt.Fprintf(b, "! Title: Hosts of trackers in Android apps\n! Rules: telltale %s\n! License: ODbL-1.0, with facts of Exodus Privacy (ODbL-1.0)\n", rules.Digest())
		for _, h := range trackerHosts(rules) {
			fmt.Fprintf(b, "||%s^\n", h)
		}
	case "exodus":
		if err := exportExodus(b, rules); err != nil {
			return err
		}
	case "yara":
		exportYARA(b, rules)
	default:
		return fmt.Errorf("format %q is unknown: use one of %s", format, strings.Join(ExportFormats, ", "))
	}
	return b.Flush()
}

// trackingRoles are those of hosts that a blocker is for.
var trackingRoles = []string{"analytics", "ads", "attribution", "crash", "performance", "identification", "location"}

func trackerHosts(rules *signatures.Rules) []string {
	out := map[string]bool{}
	for s := range signatures.All[rule.SDK](rules) {
		if !s.IsTracker() || s.Status == rule.StatusDisabled {
			continue
		}
		for i := range s.Signals {
			if e := s.Signals[i].Endpoint; e != nil && e.Host != "" && e.Path == "" && len(e.Query) == 0 && s.Signals[i].EffectiveStrength() != rule.Context {
				out[e.Host] = true
			}
		}
	}
	for d := range signatures.All[rule.Domain](rules) {
		if slices.Contains(trackingRoles, d.Role) {
			out[d.ID] = true
		}
		for _, h := range d.Hosts {
			if slices.Contains(trackingRoles, h.Role) {
				out[h.Host] = true
			}
		}
	}
	for h := range out {
		if endpoint.Split(h).Domain == "" {
			delete(out, h) // no name of the public DNS
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// exported is a tracker as Exodus Privacy has it; our id is added.
type exported struct {
	ID          int      `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Created     string   `json:"creation_date"`
	Code        string   `json:"code_signature"`
	Network     string   `json:"network_signature"`
	Website     string   `json:"website"`
	Categories  []string `json:"categories"`
	Telltale    string   `json:"telltale_id"`
}

// firstOwnID is where the numbers of trackers begin that Exodus does not have.
const firstOwnID = 1000000

func exportExodus(w io.Writer, rules *signatures.Rules) error {
	names := map[string]string{
		"analytics": "Analytics", "ads": "Advertisement", "crash": "Crash reporting", "identification": "Identification", "location": "Location",
		"attribution": "Analytics", "performance": "Analytics", "engagement": "Profiling",
	}
	out := map[string]exported{}
	own := firstOwnID
	for s := range signatures.All[rule.SDK](rules) {
		// What Exodus lists stays in its list, whatever we call it.
		if !s.IsTracker() && s.Aka["exodus"] == "" {
			continue
		}
		var code, network []string
		for i := range s.Signals {
			g := &s.Signals[i]
			switch {
			case g.EffectiveStrength() == rule.Context:
			case g.Code != "" && (g.EffectiveStrength() == rule.Strong):
				code = append(code, regexp.QuoteMeta(g.Code+"."))
			case g.Class != "" && g.EffectiveStrength() == rule.Strong:
				code = append(code, regexp.QuoteMeta(g.Class)+"$")
			case g.Endpoint != nil && g.Endpoint.Host != "" && g.Endpoint.Path == "":
				network = append(network, regexp.QuoteMeta(g.Endpoint.Host))
			}
		}
		if len(code)+len(network) == 0 {
			continue
		}
		t := exported{
			Name: s.Name, Code: strings.Join(code, "|"), Network: strings.Join(network, "|"), Website: s.Website,
			Categories: []string{cmp.Or(names[s.Category], "Analytics")}, Telltale: s.ID,
		}
		if _, err := fmt.Sscanf(s.Aka["exodus"], "%d", &t.ID); err != nil || out[fmt.Sprint(t.ID)].Name != "" {
			own++
			t.ID = own
		}
		out[fmt.Sprint(t.ID)] = t
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"trackers": out})
}

// exportYARA writes a rule for each SDK that has something to be found in the
// bytes of a DEX file: type descriptors, strings and hosts. A condition that a
// rule states itself is translated where its signals are.
func exportYARA(w io.Writer, rules *signatures.Rules) {
	fmt.Fprintf(w, "// SDKs in Android code, by telltale's rules %s.\n// Licence of the rules: ODbL-1.0, with facts of Exodus Privacy (ODbL-1.0).\n", rules.Digest())
	fmt.Fprint(w, "// For DEX files, class files and strings taken from them; not for compressed archives.\n")
	for s := range signatures.All[rule.SDK](rules) {
		y := yaraOf(s)
		if y == "" {
			continue
		}
		io.WriteString(w, y)
	}
}

func yaraOf(s *rule.SDK) string {
	type str struct{ name, text, mods string }
	var strs []str
	kinds := map[string][]string{} // weak ones, by kind
	var strong []string
	byItem := map[int]string{}
	seen := map[string]string{}
	for i := range s.Signals {
		g := &s.Signals[i]
		text, mods := "", "ascii"
		switch t := g.Type(); {
		case t == "code":
			text = "L" + strings.ReplaceAll(g.Code, ".", "/") + "/"
		case t == "class":
			text = "L" + strings.ReplaceAll(g.Class, ".", "/") + ";"
		case t == "string":
			if text = strings.TrimSuffix(g.String, "*"); text == g.String && isWord(text) {
				mods += " fullword"
			}
		case t == "endpoint" && g.Endpoint.Host != "" && g.Endpoint.Path == "" && len(g.Endpoint.Query) == 0:
			text = g.Endpoint.Host
			if isWord(text) {
				mods += " nocase fullword"
			}
		case t == "provider" || t == "service" || t == "receiver" || t == "activity":
			text, mods = g.Value(), "ascii wide" // manifests have UTF-16 strings
		}
		if len(text) < 4 || g.EffectiveStrength() == rule.Context && s.When == nil {
			continue
		}
		name := seen[text]
		if name == "" {
			name = fmt.Sprintf("$s%d", i+1)
			seen[text] = name
			strs = append(strs, str{name, text, mods})
		}
		byItem[i+1] = name
		switch g.EffectiveStrength() {
		case rule.Strong:
			strong = append(strong, name)
		case rule.Weak:
			kinds[g.Type()] = append(kinds[g.Type()], name)
		}
	}
	cond := ""
	if s.When != nil {
		cond = yaraWhen(s.When, byItem)
	} else {
		var parts []string
		if len(strong) > 0 {
			parts = append(parts, "any of ("+strings.Join(strong, ", ")+")")
		}
		names := slices.Sorted(maps.Keys(kinds))
		for i, a := range names {
			for _, b := range names[i+1:] {
				parts = append(parts, "(any of ("+strings.Join(kinds[a], ", ")+") and any of ("+strings.Join(kinds[b], ", ")+"))")
			}
		}
		cond = strings.Join(parts, " or ")
	}
	if cond == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nrule sdk_%s {\n\tmeta:\n\t\tid = %s\n\t\tname = %s\n\t\tvendor = %s\n\t\tcategory = %s\n\tstrings:\n", yaraName(s.ID), yaraText(s.ID), yaraText(s.Name), yaraText(s.Vendor), yaraText(s.Category))
	for _, x := range strs {
		if !strings.Contains(cond, x.name+")") && !strings.Contains(cond, x.name+",") && !strings.HasSuffix(cond, x.name) && !strings.Contains(cond, x.name+" ") {
			continue // YARA refuses strings that no condition names
		}
		fmt.Fprintf(&b, "\t\t%s = %s %s\n", x.name, yaraText(x.text), x.mods)
	}
	fmt.Fprintf(&b, "\tcondition:\n\t\t%s\n}\n", cond)
	return b.String()
}

// yaraWhen translates a condition, "" if it names a signal that YARA cannot see.
func yaraWhen(w *rule.When, names map[int]string) string {
	list := func(items []rule.When) []string {
		var out []string
		for i := range items {
			c := yaraWhen(&items[i], names)
			if c == "" {
				return nil
			}
			out = append(out, c)
		}
		return out
	}
	switch {
	case w.Signal > 0:
		return names[w.Signal]
	case w.All != nil:
		if l := list(w.All); l != nil {
			return "(" + strings.Join(l, " and ") + ")"
		}
	case w.Any != nil && w.AtLeast <= 1:
		if l := list(w.Any); l != nil {
			return "(" + strings.Join(l, " or ") + ")"
		}
	case w.Any != nil:
		l := list(w.Any)
		for _, x := range l {
			if !strings.HasPrefix(x, "$") {
				return ""
			}
		}
		if l != nil {
			return fmt.Sprintf("%d of (%s)", w.AtLeast, strings.Join(l, ", "))
		}
	case w.None != nil:
		if l := list(w.None); l != nil {
			return "not (" + strings.Join(l, " or ") + ")"
		}
	}
	return ""
}

// isWord reports whether a text begins and ends with what YARA takes for part of
// a word.
func isWord(s string) bool {
	alnum := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
	return s != "" && alnum(s[0]) && alnum(s[len(s)-1])
}

func yaraName(id string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, id)
}

// yaraText quotes a text, byte by byte where it is not plain.
func yaraText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, "\\x%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
