// Package samples builds the sample APKs of testdata/apks from the recipes in
// testdata/recipes. Everything in them is ours: manifests are written as XML,
// code as the text that dex/dextest assembles. The same recipes always give the
// same bytes.
//
// The apps are invented. Some carry classes under the names of real SDKs, with
// bodies of our own, so that rules have something to find.
package samples

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strings"

	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/dex/art/arttest"
	"github.com/telltale-apk/telltale/dex/dextest"
)

//go:generate go run ./gen ../../../testdata

// sample is one file of testdata/apks.
type sample struct {
	out    string // path below testdata/apks
	recipe string // folder below testdata/recipes
}

// list is all samples.
func list() []sample {
	return []sample{
		{"browser.apk", "browser"},
		{"notes.apk", "notes"},
		{"shop/base.apk", "shop/base"},
		{"shop/split_config.arm64_v8a.apk", "shop/config.arm64_v8a"},
		{"shop/split_gifts.apk", "shop/gifts"},
		{"system/app/AnalyticsCore/AnalyticsCore.apk", "analytics"},
	}
}

// Build builds all samples from the recipes and returns them by their path
// below testdata/apks.
func Build(recipes fs.FS) (map[string][]byte, error) {
	key, err := readKey(recipes)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, s := range list() {
		dir, err := fs.Sub(recipes, s.recipe)
		if err != nil {
			return nil, err
		}
		b, err := build(dir)
		if err == nil {
			b, err = key.sign(b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.recipe, err)
		}
		out[s.out] = b
		if code, err := fs.ReadFile(dir, "odex.smali"); err == nil {
			name, b, err := odex(s.out, string(code))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.recipe, err)
			}
			out[name] = b
		}
	}
	return out, nil
}

// odex makes the compiled code that Android 7 keeps beside a preinstalled APK.
func odex(apk, code string) (name string, b []byte, err error) {
	d, err := dextest.Assemble(code)
	if err != nil {
		return "", nil, fmt.Errorf("odex.smali: %w", err)
	}
	dir, file := path.Split(apk)
	name = dir + "oat/arm64/" + strings.TrimSuffix(file, ".apk") + ".odex"
	return name, arttest.OAT(arttest.OATOptions{Version: 88, Filter: "speed"}, arttest.Dex{Location: "/" + apk, Data: d}), nil
}

// build makes one APK: AndroidManifest.xml, strings.txt, classesN.smali and the
// files below files/ of a recipe.
func build(dir fs.FS) ([]byte, error) {
	text, err := fs.ReadFile(dir, "AndroidManifest.xml")
	if err != nil {
		return nil, err
	}
	var z builder
	z.zip = zip.NewWriter(&z.buf)
	var refs map[string]uint32
	if lines, err := fs.ReadFile(dir, "strings.txt"); err == nil {
		t, err := table(string(lines))
		if err != nil {
			return nil, err
		}
		refs = t.Refs()
		z.add("resources.arsc", arsctest.Encode(arsctest.Options{}, t), zip.Store)
	}
	z.add("AndroidManifest.xml", axmltest.Compile(string(text), refs, axmltest.Options{}), zip.Deflate)
	for i := 1; ; i++ {
		name := "classes"
		if i > 1 {
			name += fmt.Sprint(i)
		}
		code, err := fs.ReadFile(dir, name+".smali")
		if err != nil {
			break
		}
		b, err := dextest.Assemble(string(code))
		if err != nil {
			return nil, fmt.Errorf("%s.smali: %w", name, err)
		}
		z.add(name+".dex", b, zip.Deflate)
	}
	err = fs.WalkDir(dir, "files", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == "files" {
				return fs.SkipAll // a recipe need not have any
			}
			return err
		}
		if d.IsDir() {
			return nil
		}
		b, err := fs.ReadFile(dir, p)
		if err != nil {
			return err
		}
		z.add(strings.TrimPrefix(p, "files/"), b, zip.Deflate)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := z.zip.Close(); err != nil {
		return nil, err
	}
	return z.buf.Bytes(), z.err
}

// builder writes an archive; it keeps the first error.
type builder struct {
	buf bytes.Buffer
	zip *zip.Writer
	err error
}

func (z *builder) add(name string, b []byte, method uint16) {
	if z.err != nil {
		return
	}
	h := &zip.FileHeader{Name: path.Clean(name), Method: method}
	if method == zip.Store {
		// Sizes in the header, and no data descriptor, as Android's tools write it.
		h.CRC32 = crc32.ChecksumIEEE(b)
		h.CompressedSize64, h.UncompressedSize64 = uint64(len(b)), uint64(len(b))
		w, err := z.zip.CreateRaw(h)
		if err == nil {
			_, err = w.Write(b)
		}
		z.err = err
		return
	}
	w, err := z.zip.CreateHeader(h)
	if err == nil {
		_, err = w.Write(b)
	}
	z.err = err
}

// table reads lines of the form "string/name = value" or "string/name [locale] = value".
func table(text string) (*arsctest.Table, error) {
	t := arsctest.New("com.example", 0x7f)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		var config arsctest.Config
		if k, locale, has := strings.Cut(key, " ["); has {
			key, config.Locale = k, strings.TrimSuffix(locale, "]")
		}
		typ, name, slash := strings.Cut(key, "/")
		if !ok || !slash {
			return nil, fmt.Errorf("strings.txt: %q is not of the form type/name = value", line)
		}
		t.Set(typ, name, config, arsctest.Str(value))
	}
	return t, nil
}
