// Command gen writes the sample APKs anew: go generate ./cmd/internal/samples.
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
	files, err := samples.Build(os.DirFS(filepath.Join(testdata, "recipes")))
	if err != nil {
		return err
	}
	root := filepath.Join(testdata, "apks")
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
