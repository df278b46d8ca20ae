package learn

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// tops are labels by which package names begin without telling whose they are.
var tops = map[string]bool{
	"com": true, "org": true, "net": true, "io": true, "edu": true, "gov": true, "me": true, "app": true, "dev": true, "co": true, "info": true,
	"cn": true, "tv": true, "de": true, "fr": true, "uk": true, "ru": true, "jp": true, "kr": true, "in": true, "it": true, "nl": true, "eu": true,
	"us": true, "ca": true, "br": true, "pl": true, "ch": true, "se": true, "at": true, "es": true, "github": true, "gitlab": true, "biz": true,
	"ai": true, "mobi": true, "cc": true, "ly": true, "xyz": true, "tech": true, "cloud": true,
}

// landlords are packages below which unrelated parties have theirs.
var landlords = map[string]bool{
	"com.android": true, "com.google": true, "com.github": true, "io.github": true, "org.apache": true, "com.cn": true, "cn.com": true, "co.uk": true,
	"uk.co": true, "co.jp": true, "jp.co": true, "com.gitlab": true, "com.googlecode": true, "net.sourceforge": true, "com.google.android": true, "com.br": true, "br.com": true,
}

// minLabels is how many labels a prefix needs at least to say whose it is.
func minLabels(pkg string) int {
	labels := strings.Split(pkg, ".")
	n := 2
	if tops[labels[0]] {
		n = 3
	}
	for i := 2; i <= len(labels) && i <= 3; i++ {
		if landlords[strings.Join(labels[:i], ".")] {
			n = i + 2
		}
	}
	return n
}

// node is a package with those below it.
type node struct {
	name    string // dotted
	classes int    // directly in it
	total   int
	kids    map[string]*node
}

func tree(classes []string) *node {
	root := &node{kids: map[string]*node{}}
	for _, c := range classes {
		n := root
		n.total++
		pkg := packageOf(c)
		for l := range strings.SplitSeq(pkg, ".") {
			if pkg == "" {
				break
			}
			k := n.kids[l]
			if k == nil {
				name := l
				if n.name != "" {
					name = n.name + "." + l
				}
				k = &node{name: name, kids: map[string]*node{}}
				n.kids[l] = k
			}
			n = k
			n.total++
		}
		n.classes++
	}
	return root
}

// root is a package prefix that holds classes of the product.
type root struct {
	name    string
	classes int
}

// roots returns the narrowest prefixes that hold all classes and still say whose
// they are, the one with most classes first. split reports whether a prefix is
// too wide for another reason.
func roots(classes []string, split func(pkg string) bool) []root {
	var out []root
	var visit func(n *node)
	visit = func(n *node) {
		depth := 0
		if n.name != "" {
			depth = strings.Count(n.name, ".") + 1
		}
		enough := depth > 0 && depth >= minLabels(n.name)
		kids := slices.Sorted(maps.Keys(n.kids))
		switch {
		case depth == 0, n.classes == 0 && len(kids) == 1, n.classes == 0 && split(n.name), !enough && n.classes == 0 && !mostlyObfuscated(kids):
			for _, k := range kids {
				visit(n.kids[k])
			}
		case n.classes > 0 && !enough && depth < 2, n.classes > 0 && landlords[n.name]:
			// A prefix of one label holds everything: what is below may do.
			for _, k := range kids {
				visit(n.kids[k])
			}
		default:
			out = append(out, root{n.name, n.total})
		}
	}
	visit(tree(classes))
	slices.SortFunc(out, func(a, b root) int {
		return cmp.Or(-cmp.Compare(a.classes, b.classes), cmp.Compare(a.name, b.name))
	})
	return out
}

func mostlyObfuscated(labels []string) bool {
	n := 0
	for _, l := range labels {
		if len(l) <= 2 {
			n++
		}
	}
	return len(labels) > 0 && 2*n >= len(labels)
}

// obfuscated reports whether a name holds no label that a person chose.
func obfuscated(pkg string) bool {
	for i, l := range strings.Split(pkg, ".") {
		if i == 0 && tops[l] {
			continue
		}
		if len(l) > 2 {
			return false
		}
	}
	return true
}

// under reports whether a dotted name is prefix or below it.
func under(name, prefix string) bool {
	return strings.HasPrefix(name, prefix) && (len(name) == len(prefix) || name[len(prefix)] == '.' || name[len(prefix)] == '$')
}

// generic are labels that many products have.
var generic = map[string]bool{
	"android": true, "androidx": true, "google": true, "analytics": true, "analytic": true, "mobile": true, "core": true, "common": true, "commons": true, "library": true,
	"lib": true, "libs": true, "sdk": true, "api": true, "app": true, "apps": true, "tracker": true, "tracking": true, "ads": true, "push": true, "base": true,
	"client": true, "internal": true, "util": true, "utils": true, "open": true, "opensdk": true, "java": true, "kotlin": true, "github": true, "data": true,
	"service": true, "services": true, "statistics": true, "stat": true, "stats": true, "message": true, "messaging": true, "network": true, "http": true, "json": true,
	"model": true, "view": true, "views": true, "widget": true, "share": true, "social": true, "login": true, "auth": true, "pay": true, "payment": true, "crash": true,
	"crashreport": true, "report": true, "event": true, "events": true, "location": true, "maps": true, "map": true, "video": true, "player": true, "media": true,
	"unity": true, "unity3d": true, "plugin": true, "plugins": true, "react": true, "reactnative": true, "native": true, "main": true, "manager": true, "config": true,
	"logger": true, "logging": true, "impl": true, "test": true, "demo": true, "sample": true, "example": true, "tools": true, "system": true, "device": true,
	"deviceid": true, "identifier": true, "adapter": true, "adapters": true, "mediation": true, "release": true, "debug": true, "support": true, "framework": true, "platform": true,
	"content": true, "activity": true, "games": true, "game": true, "wrapper": true, "bridge": true, "helper": true, "oaid": true, "interfaces": true, "provider": true, "httpclient": true,
	"notification": true, "notifications": true, "security": true, "cloud": true, "server": true, "beta": true, "tinker": true, "module": true, "modules": true, "supplier": true, "process": true, "remote": true, "advert": true, "banner": true,
}

// tokens are the words of package names that tell the product apart.
func tokens(pkgs []string) []string {
	var out []string
	for _, p := range pkgs {
		for i, l := range strings.Split(strings.ToLower(p), ".") {
			if i == 0 && tops[l] || len(l) < 4 || generic[l] || slices.Contains(out, l) {
				continue
			}
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

// tied returns the word of the product that a text holds, "" if none.
func tied(text string, words []string) string {
	low := strings.ToLower(text)
	for _, w := range words {
		if strings.Contains(low, w) {
			return w
		}
	}
	return ""
}

// Packages returns the narrowest packages that hold all of the classes (dotted
// names) and say whose they are, sorted.
func Packages(classes []string) []string {
	var out []string
	for _, r := range roots(classes, func(string) bool { return false }) {
		if !obfuscated(r.name) && !landlords[r.name] && strings.Contains(r.name, ".") && !slices.Contains(out, r.name) {
			out = append(out, r.name)
		}
	}
	slices.Sort(out)
	return out
}
