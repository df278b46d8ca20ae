package judge

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// dotted turns a class descriptor into the name people write. Array marks and
// primitive types come back as they are.
func dotted(desc string) string {
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return desc
	}
	return strings.ReplaceAll(desc[1:len(desc)-1], "/", ".")
}

// slashedName returns the name of a class by its descriptor as it stands there;
// what is no descriptor of a class is returned as it is.
func slashedName(desc string) string {
	if len(desc) < 3 || desc[0] != 'L' || desc[len(desc)-1] != ';' {
		return desc
	}
	return desc[1 : len(desc)-1]
}

// descriptor turns a dotted class name into a descriptor.
func descriptor(class string) string {
	return "L" + strings.ReplaceAll(class, ".", "/") + ";"
}

// packageOf returns the dotted package of a class descriptor, "" for the
// unnamed package.
func packageOf(desc string) string {
	d := dotted(desc)
	if i := strings.LastIndexByte(d, '.'); i >= 0 {
		return d[:i]
	}
	return ""
}

// under reports whether name is prefix or stands below it, by labels.
func under(name, prefix string) bool {
	return strings.HasPrefix(name, prefix) && (len(name) == len(prefix) || name[len(prefix)] == '.')
}

// member writes a method in smali notation.
func member(class, name, proto string) string { return class + "->" + name + proto }

// firstLabels are labels by which package names begin without telling whose
// they are.
var firstLabels = map[string]bool{
	"com": true, "org": true, "net": true, "io": true, "edu": true, "gov": true, "me": true, "app": true, "dev": true, "co": true, "info": true,
	"cn": true, "tv": true, "de": true, "fr": true, "uk": true, "ru": true, "jp": true, "kr": true, "in": true, "it": true, "nl": true, "eu": true,
	"us": true, "ca": true, "br": true, "pl": true, "ch": true, "se": true, "at": true, "es": true, "github": true, "gitlab": true, "tk": true, "biz": true,
}

// shared are two labels that many unrelated packages begin with.
var shared = map[string]bool{
	"com.android": true, "com.google": true, "com.github": true, "io.github": true, "org.apache": true, "com.cn": true, "cn.com": true,
	"co.uk": true, "uk.co": true, "com.gitlab": true, "com.googlecode": true, "net.sourceforge": true, "me.app": true,
}

// libraryName names code that no rule knows by its package: the first three
// labels where the first says nothing, else two; "unnamed (a.b)" where an
// obfuscator left none.
func libraryName(pkg string) string {
	if pkg == "" {
		return "unnamed (default package)"
	}
	labels := strings.Split(pkg, ".")
	n := 2
	if firstLabels[labels[0]] {
		n = 3
	}
	head := labels[:min(n, len(labels))]
	name := strings.Join(head, ".")
	for i, l := range head {
		if i == 0 && firstLabels[l] {
			continue
		}
		if len(l) > 2 {
			return name
		}
	}
	return "unnamed (" + name + ")"
}

// commonPackage returns the labels that two packages begin with in common.
func commonPackage(a, b string) string {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return strings.Join(x[:n], ".")
}

func labels(pkg string) int {
	if pkg == "" {
		return 0
	}
	return strings.Count(pkg, ".") + 1
}

// ownRoots returns the packages that are the app's own code, sorted: the
// package of the manifest; those of the application class and of launcher
// activities, if the app defines them and no rule claims them; those of other
// components that share two labels with one of these. Where the manifest's
// package is a variant of another (com.foo.app.debug), what both have in common
// counts if it says whose it is.
func ownRoots(m *fact.Manifest, defined func(desc string) bool, claimed func(desc string) bool) []string {
	var roots []string
	add := func(pkg string) {
		if pkg != "" && !slices.Contains(roots, pkg) {
			roots = append(roots, pkg)
		}
	}
	mayOwn := func(class string) (string, bool) {
		d := descriptor(class)
		if class == "" || !defined(d) || claimed(d) {
			return "", false
		}
		pkg := packageOf(d)
		return pkg, pkg != "" && !framework(pkg)
	}
	if labels(m.Package) >= 2 {
		add(m.Package)
	}
	main := func(class string) {
		pkg, ok := mayOwn(class)
		if !ok {
			return
		}
		add(pkg)
		if c := commonPackage(pkg, m.Package); labels(c) >= 2 && !shared[c] {
			add(c)
		}
	}
	main(m.Application)
	for i := range m.Components {
		if c := &m.Components[i]; c.Launcher {
			name := c.Name
			if c.Target != "" {
				name = c.Target
			}
			main(name)
		}
	}
	for i := range m.Components {
		pkg, ok := mayOwn(m.Components[i].Name)
		if !ok {
			continue
		}
		for _, r := range slices.Clone(roots) {
			if c := commonPackage(pkg, r); labels(c) >= 2 && !shared[c] {
				add(pkg)
				break
			}
		}
	}
	slices.Sort(roots)
	return roots
}

// framework reports whether a package belongs to Android, its support
// libraries or the language, whoever ships a copy.
func framework(pkg string) bool {
	for _, p := range [...]string{"android", "androidx", "java", "javax", "kotlin", "kotlinx", "dalvik"} {
		if under(pkg, p) {
			return true
		}
	}
	return false
}
