package endpoint

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Name is a host name in the light of the public suffix list.
type Name struct {
	Domain string // the ICANN section's suffix and one label
	Site   string // the private section's suffix and one label, if there is one
	Suffix SuffixKind
}

// Split finds the registrable domain of host, which is in lower case and
// punycode, without a dot at its end. Domain is empty where host is a suffix
// itself or its suffix is not listed.
func Split(host string) Name {
	var n Name
	if host == "" {
		return n
	}
	ps, icann := publicsuffix.PublicSuffix(host)
	if !icann && strings.IndexByte(ps, '.') < 0 {
		n.Suffix = SuffixUnmanaged
		return n
	}
	n.Suffix = SuffixICANN
	if !icann {
		n.Suffix = SuffixPrivate
		n.Site = plusOne(host, ps)
		for !icann {
			i := strings.IndexByte(ps, '.')
			if i < 0 {
				return n
			}
			ps, icann = publicsuffix.PublicSuffix(ps[i+1:])
		}
	}
	n.Domain = plusOne(host, ps)
	return n
}

// IsSuffix reports whether name, of two labels or more and maybe behind "*.", is
// a public suffix of either section itself: co.uk, github.io.
func IsSuffix(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	if strings.IndexByte(name, '.') <= 0 {
		return false
	}
	ps, _ := publicsuffix.PublicSuffix(name)
	return ps == name
}

// plusOne returns suffix and the label before it, "" if there is none.
func plusOne(host, suffix string) string {
	i := len(host) - len(suffix) - 1
	if i <= 0 || host[i] != '.' {
		return ""
	}
	return host[strings.LastIndexByte(host[:i], '.')+1:]
}

// validName reports whether every label of name may stand in a URL's host:
// letters, digits, hyphens and underscores, with "*" for gaps.
func validName(name string) bool {
	n := 0
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '.':
			if n == 0 {
				return false
			}
			n = 0
			continue
		case is(c, cAlnum), c == '_', c == '*':
		case c == '-':
			if n == 0 || i+1 == len(name) || name[i+1] == '.' {
				return false
			}
		default:
			return false
		}
		if n++; n > 63 {
			return false
		}
	}
	return n > 0
}

// toASCII returns name in lower case and punycode.
func toASCII(name string) (string, bool) {
	if nonASCII(name) < 0 {
		return strings.ToLower(name), true
	}
	if strings.IndexByte(name, '*') >= 0 {
		return "", false
	}
	a, err := idna.Lookup.ToASCII(name)
	return a, err == nil
}

// toUnicode returns a host in Unicode if it is in punycode and valid.
func toUnicode(host string) string {
	if !strings.Contains(host, "xn--") {
		return host
	}
	u, err := idna.Display.ToUnicode(host)
	if err != nil {
		return host
	}
	return u
}

// gapAt returns the length of the placeholder at s[i:], 0 if there is none.
func gapAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch s[i] {
	case '\x01', '*':
		return 1
	case '%':
		j := i + 1
		for j < len(s) && (s[j] >= '0' && s[j] <= '9' || s[j] == '$' || s[j] == '-' || s[j] == '@') {
			if s[j] == '@' { // %@
				return j + 1 - i
			}
			j++
		}
		if j < len(s) && (s[j] == 's' || s[j] == 'd' || s[j] == 'S' || s[j] == 'v') {
			return j + 1 - i
		}
	case '$':
		if i+1 < len(s) && s[i+1] == '{' {
			if n := gapAt(s, i+1); n > 0 {
				return n + 1
			}
		}
		j := i + 1
		for j < len(s) && (is(s[j], cAlnum) || s[j] == '_') {
			j++
		}
		if j > i+1 {
			return j - i
		}
	case '{':
		if j := strings.IndexByte(s[i:], '}'); j > 0 && j <= 64 {
			return j + 1
		}
	}
	return 0
}

// hasGap reports whether p holds a placeholder.
func hasGap(p string) bool {
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '%':
			// %d1 is an escaped byte, not a verb, if two hex digits follow.
			if i+2 < len(p) && is(p[i+1], cHex) && is(p[i+2], cHex) {
				i += 2
				continue
			}
			if gapAt(p, i) > 0 {
				return true
			}
		case '{', '\x01':
			if gapAt(p, i) > 0 {
				return true
			}
		case '$':
			if i+1 < len(p) && p[i+1] == '{' && gapAt(p, i) > 0 {
				return true
			}
		}
	}
	return false
}

// fillGaps replaces the placeholders in a host by "*".
func fillGaps(h string) (string, bool, bool) {
	if !strings.ContainsAny(h, "%${}*\x01") {
		return h, false, true
	}
	var b strings.Builder
	gaps := false
	for i := 0; i < len(h); {
		if n := gapAt(h, i); n > 0 {
			b.WriteByte('*')
			gaps = true
			i += n
			continue
		}
		b.WriteByte(h[i])
		i++
	}
	s := b.String()
	for strings.Contains(s, "**") {
		s = strings.ReplaceAll(s, "**", "*")
	}
	return s, gaps, gaps
}

var ranges = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmark"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("255.255.255.255/32"), "broadcast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("0.0.0.0/32"), "unspecified"},
	{netip.MustParsePrefix("0.0.0.0/8"), "reserved"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
}

// RangeOf names the block of special use (RFC 6890 and its kin) that an
// address belongs to, or "public".
func RangeOf(a netip.Addr) string {
	a = a.Unmap()
	for _, r := range ranges {
		if r.prefix.Contains(a) {
			return r.name
		}
	}
	return "public"
}
