package endpoint

import (
	"net/netip"
	"strings"
)

// url reads the URL whose scheme ends at colon and whose authority begins at
// auth. It returns where to go on, also when there is none.
func (f Finder) url(s string, low, colon, auth int) (e Endpoint, end int, ok bool) {
	start := colon
	for start > low && colon-start < 8 && is(s[start-1], cAlnum) {
		start--
	}
	scheme, start := schemeBefore(s[start:colon], start)
	escaped := auth-colon > 3
	a := auth
	for a < len(s) && is(s[a], cAuth) && a-auth < maxToken {
		// A second scheme in the authority is a second URL without a mark
		// between them.
		if s[a] == ':' && slashes(s, a+1) > 0 {
			if i := lastScheme(s[auth:a]); i >= 0 {
				a = auth + i
				break
			}
		}
		a++
	}
	authority := s[auth:a]
	custom := false
	if scheme == "" {
		if start == colon {
			return e, auth, false // "://host": the scheme is in another piece
		}
		scheme, custom = strings.ToLower(s[start:colon]), true
	}
	e = Endpoint{Kind: URL, Scheme: scheme, Start: start}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		e.UserInfo = true
		authority = authority[i+1:]
		auth += i + 1
	}
	host, port, used := splitPort(authority)
	n, ok := f.host(&e, host)
	if !ok {
		if custom {
			return e, a, false
		}
		return e, auth, false
	}
	if custom {
		// A link into an app, or a protocol of its own: only with a host
		// that is one beyond doubt.
		if _, rev := reverseFirst[e.Host[:max(strings.IndexByte(e.Host, '.'), 0)]]; rev || e.Domain == "" || e.Gaps || !strongSuffix(e.Host) || notEndpoint[scheme] {
			return e, a, false
		}
		e.Doubtful = true
	}
	switch {
	case n < len(host):
		used, port = n, ""
	case port != "" && port != schemes[scheme]:
		e.Port = port
	}
	end = auth + used
	pathEnd := end
	if end == a || used < len(authority) {
		pathEnd = f.path(s, end, escaped)
	}
	e.setPath(s[end:pathEnd], escaped)
	e.End = pathEnd
	e.Form = form(s, start, pathEnd)
	e.finish()
	// A host at the very end of the string may go on in the next piece of a
	// concatenation.
	if e.Path == "" && pathEnd == len(s) && e.Range == "" && !strongSuffix(e.Host) {
		e.Doubtful = true
	}
	// URLs within the path are endpoints of their own.
	if i := strings.Index(s[end:pathEnd], ":"); i >= 0 {
		pathEnd = end
	}
	return e, pathEnd, true
}

// schemeBefore returns the known scheme that run, the letters before a colon,
// is or ends with, and where it begins.
func schemeBefore(run string, at int) (string, int) {
	low := strings.ToLower(run)
	if _, ok := schemes[low]; ok {
		return low, at
	}
	for _, sc := range [...]string{"https", "http"} {
		if strings.HasSuffix(low, sc) {
			return sc, at + len(run) - len(sc)
		}
	}
	return "", at
}

// lastScheme returns where the scheme begins that s ends with, -1 if none.
func lastScheme(s string) int {
	for _, sc := range [...]string{"https", "http", "wss", "ws"} {
		if n := len(s) - len(sc); n >= 0 && strings.EqualFold(s[n:], sc) {
			return n
		}
	}
	return -1
}

// splitPort parts an authority into host and port. used is how much of it both take.
func splitPort(a string) (host, port string, used int) {
	if strings.HasPrefix(a, "[") {
		i := strings.IndexByte(a, ']')
		if i < 0 {
			return a, "", len(a)
		}
		host, used = a[:i+1], i+1
	} else {
		depth := 0
		for used < len(a) {
			switch c := a[used]; {
			case c == '{':
				depth++
			case c == '}' && depth > 0:
				depth--
			}
			if depth == 0 && !is(a[used], cHost) && a[used] < 0x80 && !strings.ContainsRune("%${}*\x01", rune(a[used])) {
				break
			}
			used++
		}
		host = a[:used]
	}
	if used < len(a) && a[used] == ':' {
		i := used + 1
		for i < len(a) && a[i] >= '0' && a[i] <= '9' {
			i++
		}
		if i > used+1 {
			if i-used <= 6 {
				port = strings.TrimLeft(a[used+1:i], "0")
			}
			used = i
		} else if n := gapAt(a, i); n > 0 {
			used = i + n
		}
	}
	return host, port, used
}

// path returns where the path, query and fragment that begin at i end.
func (f Finder) path(s string, i int, escaped bool) int {
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case '/', '?', '#':
	case '\\':
		if !escaped || i+1 >= len(s) || s[i+1] != '/' {
			return i
		}
	default:
		return i
	}
	j := i
	open := 0
	for j < len(s) && j-i < MaxPath {
		c := s[j]
		if c == '{' {
			open++
		} else if c == '}' {
			if open--; open < 0 {
				break
			}
		}
		if c == '\\' && escaped && j+1 < len(s) && s[j+1] == '/' {
			j += 2
			continue
		}
		if !is(c, cPath) {
			break
		}
		// A scheme that follows without a mark begins another URL.
		if c == ':' && slashes(s, j+1) > 0 {
			if k := lastScheme(s[i:j]); k > 0 && (is(s[i+k-1], cAlnum) || s[i+k-1] == ';' || s[i+k-1] == ',' || s[i+k-1] == '|') {
				j = i + k
				break
			}
		}
		j++
	}
	if f.Text {
		j = i + row(s[i:j])
	}
	return trimEnd(s, i, j)
}

// row returns where a path of a text file ends that goes on as the fields of a
// table: at the first of three commas or more.
func row(p string) int {
	if strings.Count(p, ",") < 3 {
		return len(p)
	}
	return strings.IndexByte(p, ',')
}

// trimEnd moves end back over punctuation of the text around, and over a
// closing bracket that was not opened in s[start:end].
func trimEnd(s string, start, end int) int {
	for end > start {
		switch c := s[end-1]; c {
		case '.', ',', ';', ':', '!', '?', '|', '*', '\x01':
			if c == '*' || c == '\x01' {
				return end
			}
		case ')', ']', '}':
			open := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
			if strings.Count(s[start:end], string(open)) >= strings.Count(s[start:end], string(c)) {
				return end
			}
		default:
			return end
		}
		end--
	}
	return end
}

func (e *Endpoint) setPath(p string, escaped bool) {
	if escaped {
		p = strings.ReplaceAll(p, `\/`, "/")
		p = strings.ReplaceAll(p, `\`, "")
	}
	if hasGap(p) {
		e.Gaps = true
	}
	if strings.IndexByte(p, '\x01') >= 0 {
		p = strings.ReplaceAll(p, "\x01", "*")
	}
	if p == "/" {
		p = ""
	}
	e.Path = strings.Clone(p)
}

// finish sets Value and Display from the parts.
func (e *Endpoint) finish() {
	host := e.Host
	if e.Addr.Is6() && e.Addr.IsValid() && (e.Scheme != "" || e.Port != "" || e.Path != "") {
		host = "[" + host + "]"
	}
	var b strings.Builder
	if e.Scheme != "" {
		b.WriteString(e.Scheme)
		b.WriteString("://")
	}
	head := b.Len()
	b.WriteString(host)
	if e.Port != "" {
		b.WriteByte(':')
		b.WriteString(e.Port)
	}
	b.WriteString(e.Path)
	e.Value = b.String()
	if u := toUnicode(host); u != host {
		e.Display = e.Value[:head] + u + e.Value[head+len(host):]
	}
	if e.Scheme == "" && e.Path != "" {
		e.Kind = URL
	}
}

// host reads the host of a URL into e. It returns how much of h it took: text
// of another script may follow without a space.
func (f Finder) host(e *Endpoint, h string) (int, bool) {
	if strings.HasPrefix(h, "[") {
		a, err := netip.ParseAddr(strings.Trim(h, "[]"))
		if err != nil || !a.Is6() {
			return 0, false
		}
		e.setAddr(a)
		return len(h), true
	}
	if a, err := netip.ParseAddr(h); err == nil && a.Is4() {
		e.setAddr(a)
		return len(h), true
	}
	i := nonASCII(h)
	n, ok := e.setName(h)
	if ok && i > 0 && e.Suffix == SuffixUnmanaged {
		// Of a name that nobody can register the part before other letters may
		// be one: text without spaces goes on behind it.
		var head Endpoint
		if k, ok := head.setName(h[:i]); ok && head.Domain != "" {
			e.Host, e.Domain, e.Site, e.Suffix, e.Gaps = head.Host, head.Domain, head.Site, head.Suffix, head.Gaps
			return k, true
		}
	}
	if ok {
		return n, true
	}
	if i > 0 {
		if a, err := netip.ParseAddr(h[:i]); err == nil && a.Is4() {
			e.setAddr(a)
			return i, true
		}
		return e.setName(h[:i])
	}
	return 0, false
}

func nonASCII(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return i
		}
	}
	return -1
}

// setName sets host, domain and suffix from the name h in a URL.
func (e *Endpoint) setName(h string) (int, bool) {
	name, gaps, ok := fillGaps(strings.TrimRight(h, "."))
	if !ok || name == "" || len(name) > maxHost {
		return 0, false
	}
	name, ok = toASCII(name)
	if !ok {
		return 0, false
	}
	if name == "localhost" {
		e.Host, e.Range = name, "loopback"
		return len(h), true
	}
	if !validName(name) || strings.IndexByte(name, '.') < 0 {
		return 0, false
	}
	if gaps {
		e.Gaps = true
		rest := name
		if i := strings.LastIndexByte(name, '*'); i >= 0 {
			j := strings.IndexByte(name[i:], '.')
			if j < 0 {
				rest = ""
			} else {
				rest = name[i+j+1:]
			}
		}
		d := Split(rest)
		if d.Domain == "" {
			// Nothing is known of who registered it; keep it only if what is
			// written names something.
			lit := 0
			for _, l := range strings.Split(name, ".") {
				if !strings.Contains(l, "*") && len(l) > 2 {
					lit++
				}
			}
			if lit < 2 {
				return 0, false
			}
			e.Host = name
			return len(h), true
		}
		e.Host, e.Domain, e.Site, e.Suffix = name, d.Domain, d.Site, d.Suffix
		return len(h), true
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last[0] >= '0' && last[0] <= '9' {
		return 0, false // a broken address or a version
	}
	d := Split(name)
	e.Host, e.Domain, e.Site, e.Suffix = name, d.Domain, d.Site, d.Suffix
	return len(h), true
}

func (e *Endpoint) setAddr(a netip.Addr) {
	a = a.WithZone("")
	e.Addr, e.Host, e.Range = a, a.String(), RangeOf(a)
}

// form says how s[start:end] stands in s.
func form(s string, start, end int) Form {
	if start == 0 && end == len(s) {
		return Whole
	}
	mark := func(c byte) bool { return c > ' ' && !is(c, cAlnum) && c < 0x80 }
	if (start == 0 || mark(s[start-1])) && (end == len(s) || mark(s[end])) {
		return Quoted
	}
	return Inside
}
