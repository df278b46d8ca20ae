package endpoint

import (
	"net/netip"
	"strings"
)

// bare reads the dotted name or number around the dot at i as a bare host or
// address. It returns where to go on.
func (f Finder) bare(s string, low, i int) (e Endpoint, end int, ok bool) {
	start := i
	for start > low && i-start < maxToken && is(s[start-1], cHost) {
		start--
	}
	end = i + 1
	for end < len(s) && end-i < maxToken && is(s[end], cHost) {
		end++
	}
	next := end
	// Cheap refusals first: most dotted text is a sentence or a class name.
	for end > start && s[end-1] == '.' {
		end--
	}
	if end <= i+1 && end < i {
		return e, next, false
	}
	tok := s[start:end]
	before := byte(0)
	if start > 0 {
		before = s[start-1]
	}
	after := byte(0)
	if end < len(s) {
		after = s[end]
	}

	if start < end && tok[0] >= '0' && tok[0] <= '9' && tok[len(tok)-1] >= '0' && tok[len(tok)-1] <= '9' && strings.Count(tok, ".") == 3 {
		if e, stop, ok := f.ipv4(s, start, end, before); ok {
			return e, stop, true
		}
		return e, next, false
	}

	// What stands before: a wildcard or a gap belongs to the name.
	prefix := ""
	first := start
	if len(tok) > 0 && tok[0] == '.' {
		switch {
		case before == '*':
			prefix, first = "*", start-1
		case before == '}' || before == '\x01':
			prefix, first = "*", gapBefore(s, start, low)
			if first < 0 {
				return e, next, false
			}
			e.Gaps = true
		case before == 0 || boundaryBefore(before):
			prefix = "*"
		default:
			return e, next, false
		}
		tok = tok[1:]
	} else if before == '%' && len(tok) > 2 && (tok[0] == 's' || tok[0] == 'd') && (tok[1] == '.' || tok[1] == '-') {
		prefix, first = "*", start-1
		e.Gaps = true
		if tok[1] == '-' {
			return e, next, false
		}
		tok = tok[2:]
	}
	if first > 0 {
		c := s[first-1]
		if c == '/' && first > 1 && s[first-2] == '/' && (first == 2 || boundaryBefore(s[first-3])) {
			// "//cdn.example.com/x": the scheme of the page around.
		} else if !boundaryBefore(c) {
			return e, next, false
		}
	}
	if len(tok) < 4 || len(tok) > maxHost || strings.IndexByte(tok, '_') >= 0 || strings.HasPrefix(tok, ".") || strings.Contains(tok, "..") {
		return e, next, false
	}

	// What stands after: a port, a path, or a mark that ends the name.
	port, pathEnd := "", end
	stop := end
	switch {
	case after == ':':
		j := end + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' && j-end < 7 {
			j++
		}
		if n := j - end - 1; n >= 2 && n <= 5 && (j == len(s) || !is(s[j], cHost)) {
			port, stop = s[end+1:j], j
		} else if first == 0 && n == 0 && j < len(s) && is(s[j], cAlnum) {
			return e, next, false // nokia.com:bt, the name of a type
		}
	case after == 0, after == '/', after == '?':
	case after == '%':
		if gapAt(s, end) == 0 {
			return e, next, false
		}
	case after >= 0x80, boundaryAfter(after):
	default:
		return e, next, false
	}
	if stop < len(s) && (s[stop] == '/' || s[stop] == '?') {
		pathEnd = f.path(s, stop, false)
	}
	path := ""
	if pathEnd > stop {
		path = s[stop:pathEnd]
	}

	name, fits := f.judge(tok, port != "", path, prefix != "")
	if !fits {
		return e, next, false
	}
	d := Split(name)
	if d.Domain == "" {
		return e, next, false
	}
	last := max(stop, pathEnd)
	e.Form = form(s, first, last)
	if e.Form != Whole && mediumTLD[name[strings.LastIndexByte(name, '.')+1:]] && port == "" && path == "" &&
		!hostish(name[:strings.IndexByte(name, '.')]) && !f.known(d) && !wellKnownShort[name] {
		return e, next, false // a.top-b.top in minified code
	}
	if e.Form != Whole || f.Text {
		// Among other text a name needs more: minified code is full of
		// dotted names that end like countries.
		tld := name[strings.LastIndexByte(name, '.')+1:]
		begin := first
		switch first := name[:strings.IndexByte(name, '.')]; {
		case f.known(d), first == "www":
		case isCommon(tld) || strings.Count(d.Domain, ".") >= 2:
			if len(first) == 1 && strings.Count(name, ".") == 1 && e.Form == Inside {
				return e, next, false
			}
		case strong(name, d) && (hostish(first) || port != "" || path != "" && len(first) > 1):
		case f.Text || !strong(name, d) && e.Form == Inside || strong(name, d) && !inQuotes(s, begin, last):
			return e, next, false
		}
	}
	e.Kind, e.Host, e.Domain, e.Site, e.Suffix = Host, name, d.Domain, d.Site, d.Suffix
	if prefix != "" {
		e.Host = "*." + name
	}
	e.Port = strings.TrimLeft(port, "0")
	e.Start, e.End = first, last
	e.setPath(path, false)
	e.finish()
	return e, max(next, last), true
}

// inQuotes reports whether s[start:end] stands between quotation marks.
func inQuotes(s string, start, end int) bool {
	quote := func(c byte) bool { return c == '"' || c == '\'' || c == '`' }
	return start > 0 && end < len(s) && quote(s[start-1]) && quote(s[end])
}

func (f Finder) known(n Name) bool {
	return f.Known != nil && (f.Known(n.Domain) || n.Site != "" && f.Known(n.Site))
}

// boundaryBefore reports whether a bare name may begin after c.
func boundaryBefore(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', '"', '\'', '`', ',', ';', '(', '[', '{', '<', '>', '=', '|', ':', '&', 0:
		return true
	}
	return c >= 0x80
}

// boundaryAfter reports whether a bare name may end before c.
func boundaryAfter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', '"', '\'', '`', ',', ';', ')', ']', '}', '<', '>', '|', '&', '\\', '!', ':', '=':
		return true
	}
	return false
}

// gapBefore returns where the placeholder that ends before i begins, -1 if
// there is none.
func gapBefore(s string, i, low int) int {
	if s[i-1] == '\x01' {
		return i - 1
	}
	for j := i - 1; j >= low && i-j <= 64; j-- {
		if s[j] == '{' {
			if j > low && s[j-1] == '$' {
				j--
			}
			return j
		}
	}
	return -1
}

// judge decides whether the free-standing dotted name tok is a host, and
// returns it in lower case.
func (f Finder) judge(tok string, port bool, path string, wild bool) (string, bool) {
	upper := false
	digitOrHyphen := false
	lastDot := strings.LastIndexByte(tok, '.')
	if lastDot < 0 {
		return "", false
	}
	for i := 0; i < len(tok); i++ {
		c := tok[i]
		if is(c, cUpper) {
			upper = true
		} else if i < lastDot && (c == '-' || c >= '0' && c <= '9') {
			digitOrHyphen = true
		}
	}
	tld := tok[lastDot+1:]
	if len(tld) < 2 || !is(tld[0], cAlnum) || tld[0] <= '9' {
		return "", false
	}
	name := tok
	if upper {
		name = strings.ToLower(tok)
		// Mixed case is how classes are named; www. is how nothing else is.
		if !strings.HasPrefix(name, "www.") && !(port && !isUpperAt(tok, lastDot+1)) {
			return "", false
		}
		tld = name[lastDot+1:]
	}
	if !validName(name) {
		return "", false
	}
	d := Split(name)
	if d.Domain == "" {
		return "", false
	}
	first := name[:strings.IndexByte(name, '.')]
	labels := strings.Count(name, ".") + 1
	if labels > 9 {
		return "", false
	}
	isStrong := strong(name, d)
	known := f.known(d)
	www := first == "www"

	if _, ok := reverseFirst[first]; ok && !wild {
		// com.foo.bar: a name of Java. cn.bing.com is none.
		switch {
		case first == "com" || first == "org" || first == "net" || first == "edu" || first == "gov":
			if !known || !isStrong {
				return "", false
			}
		case !isStrong && !(known && hostish(first)):
			return "", false
		case tld == "net" || tld == "org" || tld == "io":
			if !known && !port && path == "" && !hostish(first) {
				return "", false
			}
		}
	}
	if _, ok := propertyFirst[first]; ok && !isStrong && !known && !(labels == 3 && hostish(first) && netTLD[tld]) {
		return "", false
	}
	if notHosts[name] {
		return "", false
	}
	if strings.HasPrefix(path, "/.") { // a component: pkg/.Class
		return "", false
	}
	switch {
	case www || known:
		return name, true
	case isStrong:
		if labels == 2 && len(first) == 1 && path == "" && !port && !wellKnownShort[name] {
			return "", false
		}
		if wild && !isCommon(tld) && labels == 2 && path == "" { // ".foo.de": rather the end of a list
			return name, digitOrHyphen
		}
		return name, true
	case wellKnownShort[name]:
		return name, true
	case wild:
		return "", false
	case fileTLD[tld]:
		// foo.sh, foo.zip: a file unless everything speaks against it.
		return name, labels >= 3 && hostish(first) && (port || strings.HasPrefix(path, "/"))
	case mediumTLD[tld]:
		if port || strings.Contains(path, "/") && labels >= 2 && !strings.Contains(path, ":") && !mimeFirst[first] {
			return name, true
		}
		if labels == 2 {
			return name, false
		}
		return name, (hostish(first) && (!wordTLD[tld] || serviceWords[first])) || digitOrHyphen && len(first) > 1
	default:
		return name, labels >= 3 && (hostish(first) || digitOrHyphen) && (port || strings.HasPrefix(path, "/"))
	}
}

func isUpperAt(s string, i int) bool { return is(s[i], cUpper) }

// strong reports whether a dotted name of this suffix is a host by its suffix alone.
func strong(name string, d Name) bool {
	tld := name[strings.LastIndexByte(name, '.')+1:]
	if strongTLD[tld] {
		return true
	}
	// Two labels of a registry (co.uk, com.br) end no other names.
	return strings.Count(d.Domain, ".") >= 2
}

func strongSuffix(host string) bool {
	return strong(host, Split(strings.TrimPrefix(host, "*.")))
}

func isCommon(tld string) bool {
	switch tld {
	case "com", "net", "org", "cn":
		return true
	}
	return false
}

// hostish reports whether a label is one that hosts of services begin with.
func hostish(l string) bool {
	l = strings.TrimRight(l, "0123456789")
	if i := strings.IndexByte(l, '-'); i > 0 {
		return hostWords[l[:i]] || hostWords[l[i+1:]]
	}
	return hostWords[l]
}

// ipv4 reads the dotted quad s[start:end].
func (f Finder) ipv4(s string, start, end int, before byte) (e Endpoint, stop int, ok bool) {
	a, err := netip.ParseAddr(s[start:end])
	if err != nil || start > 0 && !boundaryBefore(before) && !(before == '/' && start == 1) {
		return e, end, false
	}
	stop = end
	port := ""
	if end < len(s) {
		switch c := s[end]; {
		case c == ':':
			j := end + 1
			for j < len(s) && s[j] >= '0' && s[j] <= '9' && j-end < 7 {
				j++
			}
			if n := j - end - 1; n >= 2 && n <= 5 && (j == len(s) || !is(s[j], cHost)) {
				port, stop = s[end+1:j], j
			}
		case c == '/':
		case c == '.' && (end+1 == len(s) || s[end+1] == ' '):
		case !boundaryAfter(c) && c < 0x80:
			return e, end, false
		}
	}
	pathEnd := stop
	if stop < len(s) && s[stop] == '/' {
		pathEnd = f.path(s, stop, false)
	}
	path := s[stop:pathEnd]
	mask := isMaskLen(path)
	if mask {
		path, pathEnd = "", stop
	}
	first := start
	if before == '/' {
		first--
	}
	e.Form = form(s, first, pathEnd)
	if port == "" && path == "" && !mask && !plainAddress(a, s[:start]) {
		return e, end, false
	}
	if f.Text && e.Form == Inside && port == "" && path == "" && RangeOf(a) == "public" {
		return e, end, false
	}
	e.Kind = IP
	e.setAddr(a)
	e.Port = strings.TrimLeft(port, "0")
	e.setPath(path, false)
	e.Start, e.End = first, pathEnd
	e.finish()
	return e, pathEnd, true
}

// isMaskLen reports whether p is the length of a network mask: /8 to /32.
func isMaskLen(p string) bool {
	if len(p) < 2 || len(p) > 3 {
		return false
	}
	for _, c := range p[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// plainAddress reports whether a dotted quad that stands alone is rather an
// address than a version or an object identifier.
func plainAddress(a netip.Addr, before string) bool {
	b := a.As4()
	if b[0] == 255 || b[0] == 0 && b[1] != 0 {
		return false
	}
	if i := strings.LastIndexAny(strings.TrimRight(before, " :="), " ,;(\"'"); len(before) > 0 {
		w := strings.ToLower(strings.TrimRight(before[i+1:], " :="))
		if strings.HasSuffix(w, "version") || strings.HasSuffix(w, "ver") || w == "v" || strings.HasSuffix(w, "oid") {
			return false
		}
	}
	switch b {
	case [4]byte{0, 0, 0, 0}, [4]byte{1, 1, 1, 1}, [4]byte{1, 0, 0, 1}, [4]byte{8, 8, 8, 8}, [4]byte{8, 8, 4, 4}, [4]byte{9, 9, 9, 9},
		[4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2}, [4]byte{10, 0, 0, 3}, [4]byte{10, 0, 2, 2}, [4]byte{10, 0, 2, 3}, [4]byte{10, 0, 2, 15}, [4]byte{10, 0, 3, 2}:
		return true
	}
	switch RangeOf(a) {
	case "private":
		return b[0] != 10 || b[1] >= 32 || b[2] >= 32 || b[3] >= 100
	case "loopback", "link-local", "multicast", "carrier", "documentation":
		return true
	}
	high := 0
	for _, v := range b {
		if v >= 50 {
			high++
		}
	}
	return high >= 2 || b[0] >= 100 && high >= 1
}

// ipv6 reads the address around the colon at i.
func ipv6(s string, low, i int) (e Endpoint, end int, ok bool) {
	const maxAddr = 47
	start := i
	for start > low && i-start < maxAddr && is(s[start-1], cHex) {
		start--
	}
	end = i
	colons := 0
	for end < len(s) && end-start <= maxAddr && (is(s[end], cHex) || s[end] == ':' || s[end] == '.') {
		if s[end] == ':' {
			colons++
		}
		end++
	}
	if colons < 2 || end-start > maxAddr {
		return e, i + 1, false
	}
	for end > start && (s[end-1] == '.' || s[end-1] == ':' && !strings.HasSuffix(s[start:end], "::")) {
		end--
	}
	bracket := start > 0 && s[start-1] == '[' && end < len(s) && s[end] == ']'
	if start > 0 && !boundaryBefore(s[start-1]) || start > 0 && s[start-1] == ':' || end < len(s) && !boundaryAfter(s[end]) && s[end] != '%' && s[end] != '/' {
		return e, end, false
	}
	tok := s[start:end]
	a, err := netip.ParseAddr(tok)
	if err != nil || !plainV6(a, tok, start == 0 && end == len(s)) {
		return e, end, false
	}
	e.Kind = IP
	e.setAddr(a)
	first := start
	if bracket {
		first--
		end++
		j := end
		if j < len(s) && s[j] == ':' {
			for j++; j < len(s) && s[j] >= '0' && s[j] <= '9' && j-end < 7; j++ {
			}
			if j-end > 2 {
				e.Port, end = strings.TrimLeft(s[end+1:j], "0"), j
			}
		}
	}
	e.Start, e.End, e.Form = first, end, form(s, first, end)
	e.finish()
	return e, end, true
}

// plainV6 reports whether a is rather an address than a scope of C++ or a time.
func plainV6(a netip.Addr, tok string, whole bool) bool {
	if !a.Is6() || a.IsUnspecified() {
		return false
	}
	if a.IsLoopback() {
		return whole
	}
	digits, groups := 0, 0
	for _, g := range strings.Split(tok, ":") {
		if len(g) >= 3 {
			groups++
		}
		for i := 0; i < len(g); i++ {
			if g[i] >= '0' && g[i] <= '9' {
				digits++
			}
		}
	}
	if digits == 0 || groups == 0 {
		return false
	}
	switch RangeOf(a) {
	case "link-local", "multicast", "private", "documentation":
		return true
	}
	b := a.As16()
	return b[0]>>5 == 1 // 2000::/3, all that is handed out
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
