package classfile_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile"
)

// jars calls fn with the class files of every archive below $TELLTALE_TEST_FILES,
// and of archives inside those.
func jars(t testing.TB, fn func(name string, classes [][]byte)) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	var archive func(name string, b []byte)
	archive = func(name string, b []byte) {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		var classes [][]byte
		for _, e := range z.File {
			jar := strings.HasSuffix(e.Name, ".jar")
			if !jar && !strings.HasSuffix(e.Name, ".class") || strings.HasPrefix(e.Name, "META-INF/versions/") {
				continue
			}
			r, err := e.Open()
			if err != nil {
				continue
			}
			data, err := io.ReadAll(r)
			r.Close()
			switch {
			case err != nil:
			case jar:
				archive(name+"!"+e.Name, data)
			default:
				classes = append(classes, data)
			}
		}
		if len(classes) > 0 {
			fn(name, classes)
		}
	}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(p); err != nil || !d.Type().IsRegular() || ext != ".jar" && ext != ".aar" {
			return err
		}
		b, err := os.ReadFile(p)
		if err == nil {
			archive(p, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRealFiles reads all that real archives hold. Nothing of them may be odd.
func TestRealFiles(t *testing.T) {
	var archives, classes, members, insns, calls, known, text int
	jars(t, func(name string, list [][]byte) {
		archives++
		var files []*classfile.File
		for _, b := range list {
			f, err := classfile.Open(b)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, a := range f.Anomalies() {
				t.Errorf("%s: %s: %v", name, f.Class(f.This), a)
			}
			files = append(files, f)
		}
		s := classfile.NewSet(files)
		for i := range s.NumClasses() {
			classes++
			f := s.File(i)
			members += len(f.Fields) + len(f.Methods)
			for j := range f.Methods {
				c, err := f.Code(&f.Methods[j])
				if err != nil {
					t.Errorf("%s: %s: %v", name, s.MethodString(s.MethodsOf(i)[j]), err)
				}
				n, err := c.References(func(pc uint32, op classfile.Op, _ uint16) {
					if op < classfile.OpInvokevirtual || op > classfile.OpInvokedynamic {
						return
					}
					calls++
					args := s.Args(i, j, pc)
					if args == nil {
						t.Errorf("%s: %s: no arguments at %d", name, s.MethodString(s.MethodsOf(i)[j]), pc)
					}
					for _, a := range args {
						switch a.Kind {
						case classfile.String, classfile.Concat:
							text++
							known++
						case classfile.Unknown:
						default:
							known++
						}
					}
				})
				if err != nil {
					t.Errorf("%s: %s: %v", name, s.MethodString(s.MethodsOf(i)[j]), err)
				}
				insns += n
			}
		}
	})
	t.Logf("%d archives, %d classes, %d members, %d instructions, %d calls; %d arguments are known, %d of them text", archives, classes, members, insns, calls, known, text)
}
