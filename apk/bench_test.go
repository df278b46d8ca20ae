package apk

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
)

// benchFile writes an archive of n entries.
func benchFile(b *testing.B, n int) string {
	b.Helper()
	var z apktest.ZIP
	for i := range n {
		z.Files = append(z.Files, apktest.File{Name: fmt.Sprintf("res/drawable-xxhdpi/icon_%d.png", i), Content: strings.Repeat("x", i%900)})
	}
	path := filepath.Join(b.TempDir(), "bench.apk")
	if err := os.WriteFile(path, z.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkOpen(b *testing.B) {
	path := benchFile(b, 2000)
	for b.Loop() {
		a, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		a.Close()
	}
}

func BenchmarkOpenAndAudit(b *testing.B) {
	path := benchFile(b, 2000)
	for b.Loop() {
		a, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		_ = a.Anomalies()
		a.Close()
	}
}

func BenchmarkSniffAll(b *testing.B) {
	path := benchFile(b, 2000)
	a, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	for b.Loop() {
		for _, e := range a.Entries() {
			if _, err := e.Sniff(nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	content := strings.Repeat("Lcom/example/Class;->method()V and so on, ", 100_000)
	a := open(b, apktest.ZIP{Files: []apktest.File{{Name: "classes.dex", Content: content, Method: Deflated}}}.Bytes())
	e := a.Lookup("classes.dex")
	b.SetBytes(int64(len(content)))
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = e.Append(buf[:0], nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadDEX opens every APK below the folder that TELLTALE_TEST_FILES
// names and reads what ART would load.
func BenchmarkReadDEX(b *testing.B) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		b.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	var paths []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".apk" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for b.Loop() {
		total := int64(0)
		for _, path := range paths {
			a, err := Open(path)
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range a.LoadedDEX() {
				if buf, err = e.Append(buf[:0], nil); err != nil {
					b.Fatal(err)
				}
				total += int64(len(buf))
			}
			a.Close()
		}
		b.SetBytes(total)
	}
}
