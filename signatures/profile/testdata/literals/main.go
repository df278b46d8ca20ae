// Literals lists the integer and long constants, and the strings, that the code
// of class files loads from their constant pools: one line of JSON for each JAR or
// AAR. literals.py says what such constants would tell.
//
//	literals FILE... > out.ndjson
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/dex/classfile"
)

type literals struct {
	Path    string   `json:"path"`
	Classes int      `json:"classes"`
	Numbers []string `json:"numbers"` // "i" or "l", and the number
	Strings []string `json:"strings"`
}

func main() {
	enc := json.NewEncoder(os.Stdout)
	for _, p := range os.Args[1:] {
		data, err := os.ReadFile(p)
		if err == nil {
			err = enc.Encode(of(p, data))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "literals:", err)
			os.Exit(1)
		}
	}
}

func of(name string, data []byte) literals {
	l := literals{Path: name}
	numbers, texts := map[string]bool{}, map[string]bool{}
	each(data, func(f *classfile.File) {
		l.Classes++
		outer, _, _ := strings.Cut(path.Base(strings.TrimSuffix(f.Class(f.This), ";")), "$")
		if outer == "R" || outer == "BuildConfig" {
			return
		}
		for i := range f.Methods {
			if !f.Methods[i].HasCode() {
				continue
			}
			c, _ := f.Code(&f.Methods[i]) // what can be read of it
			c.References(func(_ uint32, op classfile.Op, x uint16) {
				if op != classfile.OpLdc && op != classfile.OpLdcW && op != classfile.OpLdc2W {
					return
				}
				switch f.Tag(x) {
				case classfile.TagInteger:
					numbers[fmt.Sprintf("i%d", f.Int(x))] = true
				case classfile.TagLong:
					numbers[fmt.Sprintf("l%d", f.Int(x))] = true
				case classfile.TagString:
					if s := string(f.StringBytes(x)); len(s) >= 4 {
						texts[s] = true
					}
				}
			})
		}
	})
	l.Numbers, l.Strings = slices.Sorted(maps.Keys(numbers)), slices.Sorted(maps.Keys(texts))
	return l
}

// each opens the class files of a JAR, and of the JARs in an AAR.
func each(data []byte, use func(*classfile.File)) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	for _, e := range z.File {
		class := strings.HasSuffix(e.Name, ".class")
		if !class && e.Name != "classes.jar" && (path.Dir(e.Name) != "libs" || path.Ext(e.Name) != ".jar") {
			continue
		}
		r, err := e.Open()
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			continue
		}
		if !class {
			each(b, use)
		} else if f, err := classfile.Open(b); err == nil {
			use(f)
		}
	}
}
