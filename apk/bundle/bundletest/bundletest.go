// Package bundletest makes containers of apps from APKs, for fixtures of tests:
// sets of APKs, and app bundles in which the manifest, XML files and resources
// of the APKs are in their protobuf form. It panics on what its caller got
// wrong. The output depends on nothing but the input.
package bundletest

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/protoxml/protoxmltest"
)

// File is an entry of a container. It is stored, as containers of APKs have it.
type File struct {
	Name string
	Data []byte
}

// ZIP makes an archive of stored entries.
func ZIP(files ...File) []byte { return archive(apktest.Stored, files) }

// Deflated makes an archive of deflated entries.
func Deflated(files ...File) []byte { return archive(apktest.Deflated, files) }

func archive(method uint16, files []File) []byte {
	var z apktest.ZIP
	for _, f := range files {
		z.Files = append(z.Files, apktest.File{Name: f.Name, Content: string(f.Data), Method: method})
	}
	return z.Bytes()
}

// TOC makes a toc.pb (android.bundle.BuildApksResult) that lists the paths of
// APKs of one module.
func TOC(pkg string, paths ...string) []byte {
	var set []byte
	for _, p := range paths {
		set = field(set, 2, field(nil, 2, []byte(p)))
	}
	return field(field(nil, 1, field(nil, 2, set)), 4, []byte(pkg))
}

// Dependencies makes a dependencies.pb (android.bundle.AppDependencies).
func Dependencies(libs ...bundle.Library) []byte {
	var out []byte
	for _, l := range libs {
		var lib []byte
		if l.UnityPackage != "" {
			lib = field(nil, 4, field(field(nil, 1, []byte(l.UnityPackage)), 2, []byte(l.Version)))
		} else {
			maven := field(field(nil, 1, []byte(l.Group)), 2, []byte(l.Artifact))
			maven = field(field(maven, 3, []byte("jar")), 5, []byte(l.Version))
			lib = field(nil, 1, maven)
		}
		out = field(out, 1, lib)
	}
	return field(out, 3, field(nil, 1, []byte("base")))
}

func field(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

// Module is an APK that becomes a module of a bundle.
type Module struct {
	Name string // "base"
	APK  []byte
}

// AAB makes an app bundle of the APKs of a base and its features. More files,
// as of BUNDLE-METADATA, are added as they are.
func AAB(opts protoxmltest.Options, modules []Module, more ...File) []byte {
	files := []File{{"BundleConfig.pb", field(nil, 1, field(nil, 2, []byte("1.15.0")))}}
	for _, m := range modules {
		a, err := apk.NewBytes(m.APK)
		if err != nil {
			panic("bundletest: " + m.Name + ": " + err.Error())
		}
		for _, e := range a.Entries() {
			data, err := e.Read(nil)
			if err != nil {
				panic("bundletest: " + e.Name + ": " + err.Error())
			}
			files = append(files, moduleFile(m.Name, e.RawName, data, opts))
		}
	}
	return archive(apktest.Deflated, append(files, more...))
}

// moduleFile puts a file of an APK where a module has it.
func moduleFile(module, name string, data []byte, opts protoxmltest.Options) File {
	if axml.IsDocument(data) {
		d, err := axml.Open(data)
		if err != nil {
			panic("bundletest: " + name + ": " + err.Error())
		}
		data = protoxmltest.XML(d.Events(), opts)
	}
	dir, _, _ := strings.Cut(name, "/")
	switch {
	case name == bundle.ManifestName:
		name = "manifest/" + name
	case name == "resources.arsc":
		t, err := arsc.Open(data)
		if err != nil {
			panic("bundletest: " + name + ": " + err.Error())
		}
		name, data = "resources.pb", protoxmltest.Table(t, opts)
	case strings.HasPrefix(name, "classes") && strings.HasSuffix(name, ".dex"):
		name = "dex/" + name
	case dir == "assets" || dir == "lib" || dir == "res":
	default:
		name = "root/" + name
	}
	return File{module + "/" + name, data}
}
