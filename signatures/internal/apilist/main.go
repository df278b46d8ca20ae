// Command apilist writes the table of public classes and members of Android
// that lints compare references with.
//
// Its source is the TypeScript declaration of the Android API that is published
// on the npm registry as @nativescript/types-android (Apache-2.0), file
// lib/android/android-platform-21-37-merged.d.ts. Only facts are taken over:
// names of classes, what they extend, and names of their members, without constants.
// To run it again:
//
//	npm pack @nativescript/types-android@9.1.1 && tar xzf nativescript-types-android-9.1.1.tgz
//	go run ./signatures/internal/apilist -o signatures/lint/checks/data/api.flate \
//		package/lib/android/android-platform-21-37-merged.d.ts
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	out := flag.String("o", "api.flate", "output `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: apilist -o api.flate android-platform-21-37-merged.d.ts")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "apilist:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	classes, err := parse(f)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, render(classes)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Printf("%d classes, %d bytes\n", len(classes), b.Len())
	return os.WriteFile(out, b.Bytes(), 0o644)
}

type class struct {
	supers  []string
	members map[string]bool
}

// render writes a line for each class: its dotted name, what it extends and
// implements joined by ",", and its members, by blanks.
func render(classes map[string]*class) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		c := classes[name]
		fmt.Fprintf(&b, "%s %s %s\n", name, strings.Join(c.supers, ","), strings.Join(slices.Sorted(maps.Keys(c.members)), " "))
	}
	return b.String()
}

var (
	moduleLine = regexp.MustCompile(`^(?:declare|export) module ([\w$.]+) \{$`)
	classLine  = regexp.MustCompile(`^export (?:abstract )?class ([\w$]+)\s*(?:<.*?>)?\s*(?:extends (.*?))?\s*\{$`)
	memberLine = regexp.MustCompile(`^(?:public |protected )?(?:static )?(?:get |set )?([\w$]+)\??[(:]`)
	comment    = regexp.MustCompile(`/\*.*?\*/`)
	typeArgs   = regexp.MustCompile(`<[^<>]*>`)
)

// packages are those that hold what tells devices and people apart, and what
// data goes through.
var packages = regexp.MustCompile(`^(android\.(accounts|adservices|app|bluetooth|companion|content|database|hardware|location|media|net|nfc|os|provider|security|service|telecom|telephony|util|webkit)|java\.(io|lang|net|nio|security|util)|javax\.(crypto|net)|dalvik|org\.apache\.http|org\.json)\.`)

// parse follows the nesting by the braces that end a line.
func parse(r io.Reader) (map[string]*class, error) {
	type frame struct {
		name  string
		class *class
	}
	var stack []frame
	byPath := map[string]*class{}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		switch {
		case strings.HasPrefix(line, "/*"), strings.HasPrefix(line, "*"):
			continue
		case strings.HasPrefix(line, "}"):
			if len(stack) == 0 {
				return nil, fmt.Errorf("line %d: unbalanced brace", n)
			}
			stack = stack[:len(stack)-1]
			continue
		}
		if m := moduleLine.FindStringSubmatch(line); m != nil {
			stack = append(stack, frame{name: m[1]})
			continue
		}
		if m := classLine.FindStringSubmatch(line); m != nil {
			var path []string
			for _, f := range stack {
				path = append(path, f.name)
			}
			c := &class{supers: supers(m[2]), members: map[string]bool{}}
			byPath[strings.Join(append(path, m[1]), ".")] = c
			stack = append(stack, frame{class: c})
			continue
		}
		if len(stack) > 0 && stack[len(stack)-1].class != nil {
			c := stack[len(stack)-1].class
			if m := memberLine.FindStringSubmatch(line); m != nil && m[1] != "class" && m[1] != "constructor" {
				c.members[m[1]] = true
			}
			if strings.HasSuffix(line, "{") {
				stack = append(stack, frame{class: c})
			}
		}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	// A path names an inner class from the first prefix on that is a class.
	binary := func(path string) string {
		segs := strings.Split(path, ".")
		for i := 1; i < len(segs); i++ {
			if byPath[strings.Join(segs[:i], ".")] != nil {
				return strings.Join(segs[:i], ".") + "$" + strings.Join(segs[i:], "$")
			}
		}
		return path
	}
	out := map[string]*class{}
	for p, c := range byPath {
		for i, s := range c.supers {
			c.supers[i] = binary(s)
		}
		name := binary(p)
		if !packages.MatchString(name) {
			continue
		}
		if !strings.HasPrefix(name, "android.os.Build") {
			// Compilers write the value of a constant in place of its name.
			maps.DeleteFunc(c.members, func(m string, _ bool) bool { return m == strings.ToUpper(m) })
		}
		out[name] = c
	}
	return out, nil
}

func supers(s string) []string {
	s = comment.ReplaceAllString(s, "")
	for typeArgs.MatchString(s) {
		s = typeArgs.ReplaceAllString(s, "")
	}
	var out []string
	for _, t := range strings.Split(strings.ReplaceAll(s, " implements ", ","), ",") {
		if t = strings.TrimSpace(t); t != "" && t != "java.lang.Object" {
			out = append(out, t)
		}
	}
	return out
}
