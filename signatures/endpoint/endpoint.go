// Package endpoint finds URLs, host names and IP addresses in strings, brings
// them into one normal form and says under which domain they are registered.
//
// # What is found
//
// A URL of a scheme in [Schemes], anywhere in a string, also escaped as in
// JSON; its host must have a dot, be an IP address or be localhost. A bare
// host (also with port or path) or a bare IP address where it stands free. A
// dotted name without a scheme is far more often a class, property, event or
// file than a host, and a wrong host accuses somebody wrongly: so a bare host
// needs a public suffix that is listed, and unless that suffix is one that
// hardly ever ends other names (com, cn, co.uk …) something else that speaks
// for a host. Dotted numbers are addresses only where they cannot well be
// versions or object identifiers. The corpus in testdata of this package's
// tests states precision and recall.
//
// # Gaps
//
// Format verbs (%s, %1$d), {names}, ${names} and the argument marks of string
// concatenation recipes (U+0001) are "*" in hosts and stay as they are in paths
// (the mark as "*"). Nothing is claimed of a domain that a gap may be part of.
//
// # Limits and threat model
//
// Input is hostile. Work is linear in its length; a path is cut at
// [MaxPath] bytes and a string yields at most [MaxPerString] endpoints. Nothing
// is resolved or fetched. Strings returned may hold any character that the
// input held, control characters excepted.
package endpoint

import (
	"net/netip"
	"strings"
)

// Limits. What lies beyond is left out.
const (
	MaxPath      = 2048    // bytes of path, query and fragment that are kept
	MaxPerString = 4096    // endpoints found in one string
	maxHost      = 253     // bytes of a host name, as in the DNS
	maxToken     = 1 << 12 // bytes looked at around one dot
)

// Kind says what an endpoint is.
type Kind string

// The kinds.
const (
	URL  Kind = "url"  // with a scheme or a path
	Host Kind = "host" // a name, maybe with a port
	IP   Kind = "ip"   // an address, maybe with a port
)

// SuffixKind says by which section of the public suffix list a host ends.
type SuffixKind string

// The suffix kinds.
const (
	SuffixNone      SuffixKind = ""          // an address, localhost, or a suffix that a gap hides
	SuffixICANN     SuffixKind = "icann"     // a registry's suffix: com, co.uk
	SuffixPrivate   SuffixKind = "private"   // below a domain whose owner lends names: github.io
	SuffixUnmanaged SuffixKind = "unmanaged" // not listed: srv, local
)

// Form says how an endpoint stood in its string.
type Form uint8

// The forms, surest first.
const (
	Whole  Form = iota // it is the whole string
	Quoted             // between quotes, commas, brackets or other marks
	Inside             // among words
)

// Endpoint is one URL, host or address.
type Endpoint struct {
	Kind Kind
	// Value is the normal form: scheme and host in lower case, the host in
	// punycode, no default port, no user, no dot at its end, no lone "/".
	Value string
	// Display is Value with the host in Unicode, if it differs; else "".
	Display string
	Scheme  string // "" for bare hosts and addresses
	Host    string // punycode, or an address without brackets; gaps are "*"
	Port    string // "" if none or the scheme's own
	Path    string // path, query and fragment; "" if none
	// Domain is the name that was registered at a registry: the public
	// suffix of the ICANN section and one label. "" if there is none.
	Domain string
	// Site is the suffix of the private section and one label, if the host
	// is below one: foo.github.io. Who holds it did not register Domain.
	Site   string
	Suffix SuffixKind
	Addr   netip.Addr // valid for addresses
	Range  string     // of addresses: see RangeOf
	Form   Form
	// UserInfo is true if a user name (and password) was there and left out.
	UserInfo bool
	Gaps     bool // it has placeholders
	// Doubtful is true where the string may well be a piece of a longer name
	// or the name of something else.
	Doubtful   bool
	Start, End int // bytes of the string that it was read from
}

// Cleartext reports whether the scheme says that nothing is encrypted.
func (e *Endpoint) Cleartext() bool {
	switch e.Scheme {
	case "http", "ws", "ftp", "mqtt", "tcp", "rtmp", "rtsp":
		return true
	}
	return false
}

// Schemes maps the schemes that are looked for to their default ports.
var schemes = map[string]string{
	"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21", "ftps": "990",
	"mqtt": "1883", "mqtts": "8883", "tcp": "", "ssl": "", "rtmp": "1935", "rtsp": "554",
}

// Schemes lists the schemes that are looked for.
func Schemes() []string {
	return []string{"ftp", "ftps", "http", "https", "mqtt", "mqtts", "rtmp", "rtsp", "ssl", "tcp", "ws", "wss"}
}

// MayHold reports whether s can hold an endpoint at all. It costs one pass at
// memory speed where the answer is no.
func MayHold(s string) bool {
	return strings.IndexByte(s, '.') >= 0 || strings.IndexByte(s, ':') >= 0
}

// Finder finds endpoints. The zero Finder is ready for use; a Finder is safe
// for concurrent use if Known is.
type Finder struct {
	// Known, if set, tells whether a registrable domain is known to be one
	// that services use. A bare host below it needs nothing else to speak for it.
	Known func(domain string) bool
	// Text says that strings are lines of files rather than constants of a
	// program: bare hosts need a suffix that hardly ever ends other names.
	Text bool
}

// Find returns the endpoints in s, in the order of their first bytes.
func Find(s string) []Endpoint { return Finder{}.Append(nil, s) }

// Append appends the endpoints in s to dst.
func (f Finder) Append(dst []Endpoint, s string) []Endpoint {
	if !MayHold(s) {
		return dst
	}
	const none = 1 << 62
	base := len(dst)
	low := 0 // what lies before is used up
	dot, colon := -1, -1
	next := func(from int, c byte) int {
		if i := strings.IndexByte(s[from:], c); i >= 0 {
			return from + i
		}
		return none
	}
	for low < len(s) && len(dst)-base < MaxPerString {
		if dot < low {
			dot = next(low, '.')
		}
		if colon < low {
			colon = next(low, ':')
		}
		switch {
		case dot == none && colon == none:
			return dst
		case colon < dot:
			if n := slashes(s, colon+1); n > 0 {
				e, end, ok := f.url(s, low, colon, colon+1+n)
				if ok {
					dst = append(dst, e)
				}
				low = max(end, colon+1)
				continue
			}
			e, end, ok := ipv6(s, low, colon)
			if ok {
				dst = append(dst, e)
			}
			low = max(end, colon+1)
		default:
			e, end, ok := f.bare(s, low, dot)
			if ok {
				dst = append(dst, e)
			}
			low = max(end, dot+1)
		}
	}
	return dst
}

// slashes returns the length of "//" (or of its escaped form in JSON) at i, 0
// if it is not there.
func slashes(s string, i int) int {
	switch {
	case strings.HasPrefix(s[i:], "//"):
		return 2
	case strings.HasPrefix(s[i:], `\/\/`):
		return 4
	case strings.HasPrefix(s[i:], `\\/\\/`):
		return 6
	}
	return 0
}

// byte classes
const (
	cAlnum = 1 << iota
	cHost  // may stand in a bare host or dotted name
	cPath  // may stand in a path, query or fragment
	cHex
	cUpper
	cAuth // may stand in an authority with user and gaps
)

var class = func() (t [256]uint8) {
	for c := 0; c < 256; c++ {
		b := byte(c)
		lower, upper, digit := b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9'
		if lower || upper || digit {
			t[c] |= cAlnum | cHost | cPath | cAuth
		}
		if upper {
			t[c] |= cUpper
		}
		if digit || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' {
			t[c] |= cHex
		}
		if b >= 0x80 {
			t[c] |= cAuth
		}
	}
	for _, c := range ".-_" {
		t[c] |= cHost
	}
	for _, c := range "-._~:/?#[]@!$&()*+,;=%{}|\x01" { // RFC 3986 without the quote, with braces and pipe for gaps
		t[c] |= cPath
	}
	for _, c := range "-._~:@%${}*!&+,;=[]\x01" {
		t[c] |= cAuth
	}
	return t
}()

func is(c byte, what uint8) bool { return class[c]&what != 0 }
