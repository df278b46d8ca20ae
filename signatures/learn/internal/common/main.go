// Command common makes the listing of common libraries that package learn holds
// proposals against, out of frozen facts:
//
//	go run ./signatures/learn/internal/common FACTS-DIR OUTPUT-DIR
//
// It writes packages.txt and strings.bloom. See signatures/learn/common/make.sh.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/learn"
)

// filterSize holds 120,000 strings with one wrong answer in a thousand.
const filterSize = 1 << 18

// platform are packages of Android and of the language, which no file of the
// list need hold.
var platform = []string{
	"android", "androidx", "dalvik", "java", "javax", "junit", "kotlin", "kotlinx", "libcore", "org.apache.http", "org.json", "org.w3c.dom",
	"org.xml.sax", "org.xmlpull", "sun", "com.android.support", "com.google.android.material", "com.google.gson", "j$", "desugar",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: common FACTS-DIR OUTPUT-DIR")
	}
	files, err := filepath.Glob(filepath.Join(args[0], "*"))
	if err != nil {
		return err
	}
	pkgs := map[string]bool{}
	for _, p := range platform {
		pkgs[p] = true
	}
	seen := map[string]bool{}
	for _, name := range files {
		if err := read(name, pkgs, seen); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var list []string
	for p := range pkgs {
		// What stands below another of the list is listed by that.
		below := false
		for q := range pkgs {
			below = below || p != q && strings.HasPrefix(p, q+".")
		}
		if !below {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	var words []string
	for s := range seen {
		words = append(words, s)
	}
	text := "# Packages of common libraries, made by make.sh from sources.tsv.\n" + strings.Join(list, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(args[1], "packages.txt"), []byte(text), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d files, %d packages, %d strings\n", len(files), len(list), len(words))
	return os.WriteFile(filepath.Join(args[1], "strings.bloom"), learn.WriteFilter(filterSize, words), 0o644)
}

func read(name string, pkgs, seen map[string]bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	set, err := fact.Thaw(f, st.Size())
	if err != nil {
		return err
	}
	var classes []string
	for _, u := range set.Units {
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			d := strings.Trim(u.Type(typ), "L;")
			classes = append(classes, strings.ReplaceAll(d, "/", "."))
		}
		for _, r := range u.Refs() {
			if r.Kind != fact.RefString {
				continue
			}
			if s := u.String(r.Index); len(s) >= 5 && len(s) <= 80 {
				seen[s] = true
			}
		}
	}
	for _, p := range learn.Packages(classes) {
		pkgs[p] = true
	}
	return set.Err()
}
