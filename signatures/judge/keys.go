package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Keys stand in more places than the entries that rules know: in queries of
// URLs, before the "@" of an authority, and wherever else the same value is
// used. A report that is passed on gives none of them away, unless asked to.

// keyNames are parameters whose values are keys whatever they look like, and
// looseNames those that other things are named, too: of these only values that
// look made by a machine are masked. Names are compared without "_", "-", "."
// and case.
var (
	keyNames   = set("apikey appkey accesskey accesskeyid apisecret appsecret clientsecret secret secretkey token accesstoken apitoken authtoken usertoken refreshtoken password passwd pwd subscriptionkey licensekey authkey privatekey writekey clientkey devkey")
	looseNames = set("key ak sk sign sig signature auth appid clientid")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// keyMasker masks keys in texts.
type keyMasker struct {
	known []string // values of app keys, the longest first
}

// maxKnownKeys bounds the app keys that are looked for in other texts.
const maxKnownKeys = 100

func (j *judge) newKeyMasker() *keyMasker {
	k := &keyMasker{}
	for i := range j.m.Hits {
		h := &j.m.Hits[i]
		if v := strings.TrimSpace(h.Value); h.Use == signatures.UseAppKey && looksMade(v) && len(k.known) < maxKnownKeys && !slices.Contains(k.known, v) {
			k.known = append(k.known, v)
		}
	}
	slices.SortFunc(k.known, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return k
}

// looksMade reports whether a value may be a key by its looks: eight characters
// or more, a digit among them, and no name of a package or file.
func looksMade(v string) bool {
	return len(v) >= 8 && strings.ContainsAny(v, "0123456789") && !strings.ContainsAny(v, " ./{}%$*")
}

// text masks the keys in s.
func (k *keyMasker) text(s string) string {
	for _, v := range k.known {
		s = maskKnown(s, v)
	}
	if i := strings.Index(s, "://"); i >= 0 {
		s = maskUser(s, i)
		s = maskShape(s)
	}
	if strings.IndexByte(s, '=') < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '?' && c != '&' && c != '#' {
			continue
		}
		start := i + 1
		if strings.HasPrefix(s[start:], "amp;") {
			start += len("amp;")
		}
		eq := start
		for eq < len(s) && eq-start <= 40 && isNameByte(s[eq]) {
			eq++
		}
		if eq == start || eq == len(s) || s[eq] != '=' {
			continue
		}
		end := eq + 1
		for end < len(s) && !strings.ContainsRune("&#;\"'<>(), \t\r\n…", rune(s[end])) && s[end] < 0x80 {
			end++
		}
		name := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(s[start:eq]))
		v := s[eq+1 : end]
		if isGapped(v) || len(v) < 4 || !keyNames[name] && !(looseNames[name] && looksMade(v)) {
			continue
		}
		b.WriteString(s[done : eq+1])
		b.WriteString(mask(v))
		done, i = end, end-1
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

// maskKnown masks a value where it stands by itself: not as a part of a name,
// as the numbers of projects are in names of hosts.
func maskKnown(s, v string) string {
	for from := 0; ; {
		i := strings.Index(s[from:], v)
		if i < 0 {
			return s
		}
		i += from
		end := i + len(v)
		if i > 0 && isNameByte(s[i-1]) && s[i-1] != '_' || end < len(s) && isNameByte(s[end]) && s[end] != '_' {
			from = end
			continue
		}
		m := mask(v)
		s = s[:i] + m + s[end:]
		from = i + len(m)
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// isGapped reports whether a value is, or holds, a place for something else, or
// is masked already.
func isGapped(v string) bool {
	return strings.ContainsAny(v, "*{}$•") || strings.Contains(v, "%s") || strings.Contains(v, "%d") || strings.Contains(v, "%1")
}

// maskUser masks user and password of URLs from the one at i on.
func maskUser(s string, i int) string {
	for i >= 0 {
		from := i + len("://")
		end := from
		for end < len(s) && end-from < 200 && !strings.ContainsRune("/?#\"' <>\\", rune(s[end])) {
			end++
		}
		if at := strings.LastIndexByte(s[from:end], '@'); at > 0 && !isGapped(s[from:from+at]) {
			s = s[:from] + "•••" + s[from+at:]
		}
		next := strings.Index(s[from:], "://")
		if next < 0 {
			break
		}
		i = from + next
	}
	return s
}

// maskShape masks keys of Google's services, which are known by their shape
// wherever they stand in a URL.
func maskShape(s string) string {
	const prefix, size = "AIza", 39
	for from := 0; ; {
		i := strings.Index(s[from:], prefix)
		if i < 0 || from+i+size > len(s) {
			return s
		}
		i += from
		end := i
		for end < len(s) && isNameByte(s[end]) && s[end] != '.' {
			end++
		}
		if end-i != size {
			from = i + len(prefix)
			continue
		}
		m := mask(s[i:end])
		s = s[:i] + m + s[end:]
		from = i + len(m)
	}
}

func (k *keyMasker) list(l []string) []string {
	var out []string
	for i, s := range l {
		if m := k.text(s); m != s {
			if out == nil {
				out = slices.Clone(l)
			}
			out[i] = m
		}
	}
	if out == nil {
		return l
	}
	return out
}

func (k *keyMasker) sites(list []finding.Site) {
	for i := range list {
		s := &list[i]
		s.Ref, s.Args = k.text(s.Ref), k.list(s.Args)
	}
}

// findings masks the keys in all that was found.
func (k *keyMasker) findings(f *finding.Findings) {
	for i := range f.SDKs {
		s := &f.SDKs[i]
		for n := range s.Evidence {
			s.Evidence[n].Value = k.text(s.Evidence[n].Value)
		}
		for n := range s.Events {
			e := &s.Events[n]
			e.Name, e.Keys = k.text(e.Name), k.list(e.Keys)
		}
	}
	for i := range f.Endpoints {
		e := &f.Endpoints[i]
		e.Value = k.text(e.Value)
		k.sites(e.Locations)
	}
	for i := range f.Identifiers {
		k.sites(f.Identifiers[i].Sites)
	}
	for i := range f.Sinks {
		k.sites(f.Sinks[i].Sites)
	}
	for i := range f.DynamicCode {
		d := &f.DynamicCode[i]
		k.sites(d.Sites)
		for n := range d.Near {
			d.Near[n].Value = k.text(d.Near[n].Value)
		}
	}
}
