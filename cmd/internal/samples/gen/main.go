// Command gen writes the sample APKs and the malformed ones anew:
// go generate ./cmd/internal/samples.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/telltale-apk/telltale/cmd/internal/samples"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(testdata string) error {
	recipes := os.DirFS(filepath.Join(testdata, "recipes"))
	good, err := samples.Build(recipes)
	if err != nil {
		return err
	}
	bad, err := samples.Malformed(recipes)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(testdata, "apks"), good); err != nil {
		return err
	}
	return write(filepath.Join(testdata, "malformed"), bad)
}

// write fills a folder with files, and nothing else.
func write(root string, files map[string][]byte) error {
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}
