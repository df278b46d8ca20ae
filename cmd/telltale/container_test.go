package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/bundle/bundletest"
	"github.com/telltale-apk/telltale/apk/protoxml/protoxmltest"
	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// container is a command of scripts: it makes a container of APKs, the first of
// which is the base. FORM is bundletool, sai, xapk, apkm, zip, aab, old-apkm for
// the encrypted one, or packed for an APK with the mark of a packer.
func container(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: container FORM FILE APK…")
	}
	form, out := args[0], args[1]
	var names []string
	var apks [][]byte
	for _, a := range args[2:] {
		names = append(names, path.Base(a))
		apks = append(apks, []byte(ts.ReadFile(a)))
	}
	var files []bundletest.File
	add := func(name string, b []byte) { files = append(files, bundletest.File{Name: name, Data: b}) }
	text := func(name, s string) { add(name, []byte(s)) }
	all := func(prefix string) {
		for i, b := range apks {
			add(prefix+names[i], b)
		}
	}
	var b []byte
	switch form {
	case "bundletool":
		add("toc.pb", bundletest.TOC("com.example.shop", "splits/base-master.apk"))
		add("splits/base-master.apk", apks[0])
		for i, a := range apks[1:] {
			add("splits/"+names[i+1], a)
		}
		add("standalones/standalone-hdpi.apk", apks[0][:len(apks[0])-1]) // not looked at
	case "sai":
		text("meta.sai_v1.json", `{"label":"Shop","package":"com.example.shop"}`)
		all("")
	case "xapk":
		text("manifest.json", `{"xapk_version":2,"package_name":"com.example.shop","name":"Shop"}`)
		add("com.example.shop.apk", apks[0])
		for i, a := range apks[1:] {
			add(names[i+1], a)
		}
		text("Android/obb/com.example.shop/main.210.com.example.shop.obb", "not code")
	case "apkm":
		text("info.json", `{"apkm_version":5,"apk_title":"Shop 2.1.0","pname":"com.example.shop"}`)
		all("")
	case "zip":
		all("pulled/")
	case "aab":
		modules := []bundletest.Module{{Name: "base", APK: apks[0]}}
		for i, a := range apks[1:] {
			name := strings.TrimSuffix(strings.TrimPrefix(names[i+1], "split_"), ".apk")
			modules = append(modules, bundletest.Module{Name: name, APK: a})
		}
		deps := bundletest.Dependencies(bundle.Library{Group: "com.umeng.umsdk", Artifact: "common", Version: "9.6.1"})
		b = bundletest.AAB(protoxmltest.Options{}, modules,
			bundletest.File{Name: "BUNDLE-METADATA/com.android.tools.build.libraries/dependencies.pb", Data: deps})
	case "packed": // an APK that a packer left its library in
		a, err := apk.NewBytes(apks[0])
		ts.Check(err)
		for _, e := range a.Entries() {
			data, err := e.Read(nil)
			ts.Check(err)
			add(e.RawName, data)
		}
		text("assets/libjiagu.so", "no library, but its name")
	case "old-apkm":
		b = append([]byte{0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xa7}, 4000)...)
	default:
		ts.Fatalf("no form %q", form)
	}
	if b == nil {
		b = bundletest.ZIP(files...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(out), b, 0o644))
}

// same is a command of scripts: it compares what two reports say of their one
// app: products, endpoints, identifiers, sinks and permissions.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same REPORT REPORT")
	}
	diff := cmp.Diff(said(ts, args[0]), said(ts, args[1]))
	if neg == (diff == "") {
		ts.Fatalf("same %s %s:\n%s", args[0], args[1], diff)
	}
}

func said(ts *testscript.TestScript, file string) map[string][]string {
	var r struct{ Apps []event.App }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &r))
	if len(r.Apps) != 1 {
		ts.Fatalf("%s: %d apps", file, len(r.Apps))
	}
	a := &r.Apps[0]
	if len(a.SDKs) == 0 || len(a.Endpoints) == 0 || len(a.Identifiers) == 0 {
		ts.Fatalf("%s: nothing to compare", file)
	}
	sets := map[string]map[string]bool{}
	put := func(kind, value string) {
		if sets[kind] == nil {
			sets[kind] = map[string]bool{}
		}
		sets[kind][value] = true
	}
	put("app", a.Package+" "+a.VersionName+" "+a.Label+" "+string(a.Status))
	for _, x := range a.SDKs {
		put("sdks", x.ID+" "+string(x.State))
	}
	for _, x := range a.Endpoints {
		put("endpoints", x.Value)
	}
	for _, x := range a.Identifiers {
		put("identifiers", x.ID)
	}
	for _, x := range a.Sinks {
		put("sinks", x.ID)
	}
	for _, x := range a.Permissions {
		put("permissions", x.Name)
	}
	out := map[string][]string{}
	for kind, set := range sets {
		out[kind] = slices.Sorted(maps.Keys(set))
	}
	return out
}
