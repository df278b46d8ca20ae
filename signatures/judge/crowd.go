package judge

import (
	"path"
	"strings"

	"github.com/telltale-apk/telltale/signatures/endpoint"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// A dotted name among many of its kind is what they are. Names in a table of
// public suffixes are suffixes, names in a list of packages are packages, and
// one of a hundred blocked domains says little about who blocks them. This file
// looks at the company in which names without scheme, port and path stand: in
// one method, one text file, one resource.

// among says in what company a name stands.
type among uint8

const (
	alone among = iota
	amongHosts
	amongSuffixes
	amongPackages
	amongPaperwork // licences, records of the build: whatever stands there
	amongAccessPoints
)

var noiseAmong = [...]string{
	amongHosts:        "one of a long list of domains",
	amongSuffixes:     "one of a table of public suffixes",
	amongPackages:     "one of a list of package names",
	amongPaperwork:    "stands in a licence or a record of the build",
	amongAccessPoints: "name of an access point of a mobile network",
}

const (
	// longList is how many bare hosts make a file or method a list of hosts.
	longList = 100
	// fewSuffixes is how many public suffixes of two labels make a table of them.
	fewSuffixes = 20
	// fewPackages is how many package names make a list of them, if there are
	// packagesPerHost times as many as other names.
	fewPackages, packagesPerHost = 8, 4
	// maxCrowd bounds the names that are told apart.
	maxCrowd = 4096
)

// crowd counts what dotted names stand together.
type crowd struct {
	hosts, packages, suffixes map[string]struct{}
}

func note(in *map[string]struct{}, s string) {
	if len(*in) >= maxCrowd {
		return
	}
	if *in == nil {
		*in = map[string]struct{}{}
	}
	if _, ok := (*in)[s]; !ok {
		(*in)[strings.Clone(s)] = struct{}{}
	}
}

// line takes the names in one line of a list.
func (c *crowd) line(s string) {
	if !strings.Contains(s, "com.") && !strings.Contains(s, "cn.") {
		return
	}
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'<>=,;:|()[]{}`, r) }) {
		c.name(w)
	}
}

// name takes a name that stands by itself.
func (c *crowd) name(w string) {
	switch {
	case strings.IndexByte(w, '.') <= 0 || len(w) > 200:
	case endpoint.IsSuffix(w):
		note(&c.suffixes, w)
	case isPackage(w):
		note(&c.packages, w)
	}
}

// is tells in what company the hosts of the crowd stand.
func (c *crowd) is() among {
	switch {
	case c == nil:
		return alone
	case len(c.suffixes) >= fewSuffixes && len(c.suffixes) >= len(c.hosts)/2:
		return amongSuffixes
	case len(c.packages) >= fewPackages && len(c.packages) >= packagesPerHost*len(c.hosts):
		return amongPackages
	case len(c.hosts) >= longList:
		return amongHosts
	}
	return alone
}

// isPackage reports whether a dotted name is rather one of a package than one
// of a host: com.foo.bar, not cn.bing.com.
func isPackage(w string) bool {
	first, rest, _ := strings.Cut(w, ".")
	if !firstLabels[first] || rest == "" {
		return false
	}
	for i := range len(w) {
		c := w[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '_' {
			return false
		}
	}
	switch w[strings.LastIndexByte(w, '.')+1:] {
	case "com", "net", "org", "cn":
		return false
	}
	return true
}

// company tells in what company the bare hosts stand that a body loads.
func (u *unitState) company(body int, named []spotted) among {
	c := &crowd{}
	for i := range named {
		if named[i].Kind == endpoint.Host {
			note(&c.hosts, named[i].Value)
		}
	}
	for _, r := range u.refsOf(body) {
		if r.Kind != fact.RefString {
			continue
		}
		// A list may also be one text.
		if s := u.String(r.Index); strings.ContainsAny(s, ",;| \n") {
			c.line(s)
		} else {
			c.name(s)
		}
	}
	return c.is()
}

// isReversed reports whether a name is written the other way round, as those of
// packages are, whatever stands before it: http://com.foo.bar/feature.
func isReversed(host string) bool {
	first, rest, _ := strings.Cut(host, ".")
	switch first {
	case "com", "org", "net", "cn", "edu":
		return strings.IndexByte(rest, '.') > 0 && isPackage(host)
	}
	return false
}

// actionCalls are the methods that take the name of an action or category.
var actionCalls = map[string]map[string]bool{
	"Landroid/content/Intent;":       {"<init>": true, "setAction": true, "addCategory": true},
	"Landroid/content/IntentFilter;": {"<init>": true, "addAction": true, "addCategory": true, "hasAction": true},
}

// noteActions notes the constants that a body hands over as names of actions.
func (u *unitState) noteActions(body int) {
	for _, r := range u.refsOf(body) {
		if !r.Kind.IsCall() || r.Index == fact.NoIndex {
			continue
		}
		class, name, _ := u.Method(r.Index)
		if !actionCalls[u.Type(class)][u.String(name)] {
			continue
		}
		for _, a := range u.Args(body, r.PC) {
			texts(a, "", func(s string) {
				if strings.IndexByte(s, '.') > 0 && len(u.pieces.actions) < maxCrowd {
					note(&u.pieces.actions, s)
				}
			})
		}
	}
}

// isAction reports whether code hands a name over as that of an action.
func (j *judge) isAction(name string) bool {
	for i := range j.units {
		if _, ok := j.units[i].pieces.actions[name]; ok {
			return true
		}
	}
	return false
}

// isPaperwork reports whether a file holds licences, credits or what a build
// notes about itself: the names in it are those of authors.
func isPaperwork(unit string) bool {
	unit = unit[strings.LastIndexByte(unit, '!')+1:]
	if in, ok := strings.CutPrefix(unit, "META-INF/"); ok {
		switch base := path.Base(in); {
		case strings.HasPrefix(in, "maven/"), base == "MANIFEST.MF", base == "DEPENDENCIES", base == "AL2.0", base == "LGPL2.1", strings.HasSuffix(base, ".version"):
			return true
		}
	}
	name := strings.ToLower(path.Base(unit))
	name = strings.TrimRight(name, "0123456789")
	if i := strings.IndexByte(name, '.'); i > 0 {
		if ext := name[i+1:]; ext != "txt" && ext != "html" && ext != "htm" && ext != "md" && ext != "json" && ext != "xml" && ext != "notice" {
			return false
		}
		name = name[:i]
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	for _, w := range words {
		switch w {
		case "license", "licenses", "licence", "licences", "notice", "notices", "copying", "credits", "authors", "contributors", "changelog":
			return true
		}
	}
	return false
}

// isAccessPoint reports whether a name or a line says that it is about access
// points of mobile networks, which are named as hosts are.
func isAccessPoint(s string) bool {
	for rest := s; ; {
		i := indexFold(rest, "apn")
		if i < 0 {
			return false
		}
		end := i + len("apn")
		letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
		if i == 0 || !letter(rest[i-1]) {
			return true
		}
		rest = rest[end:]
	}
}

// indexFold is strings.Index for a lower-case word, whatever the case of s.
func indexFold(s, word string) int {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
