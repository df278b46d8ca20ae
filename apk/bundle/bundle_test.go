package bundle_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/bundle/bundletest"
	"github.com/telltale-apk/telltale/apk/protoxml/protoxmltest"
)

type file = bundletest.File

func entry(name string, data []byte) file { return file{Name: name, Data: data} }

// inner makes an APK that holds no more than a manifest and a mark.
func inner(mark string) []byte {
	m := axmltest.Compile(`<manifest package="com.example"/>`, nil, axmltest.Options{})
	return bundletest.ZIP(entry("AndroidManifest.xml", m), entry("mark", []byte(mark)))
}

func open(t *testing.T, b []byte) *apk.Archive {
	t.Helper()
	a, err := apk.NewBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// describe says what was made of an archive.
func describe(c *bundle.Container) string {
	if c == nil {
		return "none"
	}
	s := fmt.Sprintf("%s %q", c.Form, c.Label)
	for _, a := range c.APKs {
		s += " " + a.Entry.Name
	}
	for _, e := range c.Expansions {
		s += " obb:" + e.Name
	}
	for _, m := range c.Modules {
		s += " module:" + m.Name
	}
	for _, p := range c.Problems {
		s += " problem:" + p.Entry.Name
	}
	return s
}

func TestForms(t *testing.T) {
	base, split := inner("base"), inner("split")
	jar := bundletest.ZIP(entry("a/B.class", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x34")))
	for _, tt := range []struct {
		name  string
		files []file
		want  string
	}{
		{"bundletool", []file{
			entry("toc.pb", bundletest.TOC("com.example", "splits/base-master.apk")),
			entry("standalones/standalone-hdpi.apk", inner("all")),
			entry("splits/base-master_2.apk", inner("base 2")),
			entry("splits/base-master.apk", base),
			entry("asset-slices/pack-master.apk", inner("pack")),
			entry("instant/instant-base-master.apk", inner("instant")),
			entry("splits/base-hdpi.apk", split),
		}, `apks "" splits/base-hdpi.apk splits/base-master.apk splits/base-master_2.apk asset-slices/pack-master.apk standalones/standalone-hdpi.apk instant/instant-base-master.apk`},
		{"universal", []file{entry("toc.pb", nil), entry("universal.apk", base)}, `apks "" universal.apk`},
		{"SAI", []file{
			entry("meta.sai_v1.json", []byte(`{"label":"Example \u4f8b","package":"com.example"}`)),
			entry("base.apk", base),
			entry("split_config.hdpi.apk", split),
			entry("icon.png", []byte("\x89PNG\r\n\x1a\n")),
		}, `apks "Example 例" base.apk split_config.hdpi.apk`},
		{"AppManager", []file{
			entry("info.json", []byte(`{"info_version":1,"package_name":"com.example","display_name":"Example"}`)),
			entry("base.apk", base),
		}, `apks "Example" base.apk`},
		{"XAPK", []file{
			entry("manifest.json", []byte("\ufeff"+`{"xapk_version":2,"package_name":"com.example","name":"Example","version_code":7}`)),
			entry("com.example.apk", base),
			entry("config.hdpi.apk", split),
			entry("Android/obb/com.example/main.7.com.example.obb", jar),
		}, `xapk "Example" com.example.apk config.hdpi.apk obb:Android/obb/com.example/main.7.com.example.obb`},
		{"APKM", []file{
			entry("info.json", []byte(`{"apkm_version":5,"apk_title":"Example 1.2","pname":"com.example"}`)),
			entry("base.apk", base),
			entry("split_config.hdpi.apk", split),
		}, `apkm "Example 1.2" base.apk split_config.hdpi.apk`},
		{"labels of other types", []file{
			entry("manifest.json", []byte(`{"package_name":7,"name":{"a":1}}`)),
			entry("a.apk", base),
		}, `xapk "" a.apk`},
		{"a folder", []file{entry("com.example-1/base.apk", base), entry("com.example-1/lib/arm/libx.so", []byte("\x7fELF"))}, `set "" com.example-1/base.apk`},
		{"names that hide", []file{entry("picture.png", base), entry("empty", nil)}, `set "" picture.png`},
		{"a damaged APK", []file{entry("base.apk", base), entry("b.apk", []byte("PK\x03\x04 and no more"))}, `set "" base.apk`},
		{"an APK", []file{entry("AndroidManifest.xml", nil), entry("base.apk", base)}, "none"},
		{"a JAR with code", []file{entry("classes.dex", nil), entry("base.apk", base)}, "none"},
		{"an APK deep inside", []file{entry("x", nil), entry("src/main/assets/base.apk", base)}, "none"},
		{"other archives", []file{entry("a.jar", jar), entry("b.zip", jar)}, "none"},
		{"nothing", nil, "none"},
	} {
		for method, make := range map[string]func(...file) []byte{"stored": bundletest.ZIP, "deflated": bundletest.Deflated} {
			ar := open(t, make(tt.files...))
			got := describe(bundle.Open(ar, apk.DefaultLimits(), nil))
			if i := strings.Index(got, " problem:"); i >= 0 {
				got = got[:i]
			}
			if got != tt.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.name, method, got, tt.want)
			}
			if d := bundle.Detect(ar, apk.DefaultLimits(), nil); d != (tt.want != "none") {
				t.Errorf("%s, %s: detected %v", tt.name, method, d)
			}
		}
	}
}

func TestDamagedInnerAPK(t *testing.T) {
	ar := open(t, bundletest.ZIP(entry("base.apk", inner("base")), entry("b.apk", []byte("PK\x03\x04")), entry("c.jar", bundletest.ZIP(entry("x", nil)))))
	c := bundle.Open(ar, apk.DefaultLimits(), nil)
	if got := describe(c); got != `set "" base.apk problem:b.apk` {
		t.Error(got)
	}
	small := apk.Limits{EntryBytes: 10}
	c = bundle.Open(open(t, bundletest.Deflated(entry("base.apk", inner("base")), entry("c.apk", inner("c")))), small, apk.NewBudget(small))
	if c != nil {
		t.Errorf("entries beyond the limit were opened: %s", describe(c))
	}
}

func TestModules(t *testing.T) {
	b := bundletest.AAB(protoxmltest.Options{}, []bundletest.Module{
		{Name: "gifts", APK: inner("gifts")}, {Name: "base", APK: inner("base")}, {Name: "art", APK: inner("art")},
	}, entry("BUNDLE-METADATA/com.android.tools.build.libraries/dependencies.pb", bundletest.Dependencies()),
		entry("BUNDLE-METADATA/com.android.tools.build.obfuscation/proguard.map", []byte("a -> b:\n")))
	ar := open(t, b)
	c := bundle.Open(ar, apk.DefaultLimits(), nil)
	if got := describe(c); got != `aab "" module:base module:art module:gifts` {
		t.Fatal(got)
	}
	if c.Dependencies == nil || c.Mapping == nil || c.Modules[0].Manifest == nil || c.Modules[0].Resources != nil {
		t.Errorf("%+v", c)
	}
	kind, err := c.Modules[0].Manifest.Sniff(nil)
	if kind != apk.KindProtoXML || err != nil {
		t.Errorf("%s, %v", kind, err)
	}
	for entry, want := range map[string]string{
		"base/dex/classes.dex":              "classes.dex",
		"base/root/META-INF/services/x":     "META-INF/services/x",
		"base/manifest/AndroidManifest.xml": "AndroidManifest.xml",
		"base/assets/a/b":                   "assets/a/b",
		"base/lib/arm64-v8a/libx.so":        "lib/arm64-v8a/libx.so",
		"base/res/raw/x":                    "res/raw/x",
		"base/resources.pb":                 "",
		"base/root/":                        "",
		"base2/assets/x":                    "",
		"BundleConfig.pb":                   "",
	} {
		if got, ok := c.Modules[0].Path(entry); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v", entry, got, ok)
		}
	}
}

func TestChoose(t *testing.T) {
	digest := byte(0)
	at := func(place bundle.Place, pkg string, version int64, split string) bundle.Info {
		digest++
		return bundle.Info{Place: place, Package: pkg, Version: version, Split: split, Digest: [32]byte{digest}}
	}
	one := func(split string) bundle.Info { return at(bundle.AtTop, "a", 1, split) }
	copyOf := one("")
	signed := one("c")
	signed.Signer = "s"
	for _, tt := range []struct {
		name  string
		infos []bundle.Info
		want  bundle.Choice
	}{
		{"nothing", nil, bundle.Choice{Base: -1}},
		{"one", []bundle.Info{one("")}, bundle.Choice{}},
		{"base and splits", []bundle.Info{one(""), one("c"), one("d")}, bundle.Choice{Splits: []int{1, 2}}},
		{"a base that is not first", []bundle.Info{one("c"), one("")}, bundle.Choice{Base: 1, Splits: []int{0}}},
		{"a copy", []bundle.Info{copyOf, copyOf}, bundle.Choice{Same: []int{1}}},
		{"two variants", []bundle.Info{one(""), one(""), one("c"), one("c")}, bundle.Choice{Splits: []int{2}, Same: []int{1, 3}}},
		{
			"splits before standalones",
			[]bundle.Info{
				at(bundle.InSplits, "a", 1, ""), at(bundle.InSplits, "a", 1, "c"), at(bundle.InAssetSlices, "a", 1, "pack"),
				at(bundle.InStandalones, "a", 1, ""), at(bundle.InInstant, "a", 1, ""), at(bundle.InInstant, "a", 1, "d"),
			},
			bundle.Choice{Splits: []int{1, 2}, Same: []int{3, 4, 5}},
		},
		{"another app", []bundle.Info{one(""), one("c"), at(bundle.AtTop, "b", 1, "")}, bundle.Choice{Splits: []int{1}, Others: []int{2}}},
		{
			"the app with splits",
			[]bundle.Info{at(bundle.AtTop, "0", 1, ""), one(""), one("c")},
			bundle.Choice{Base: 1, Splits: []int{2}, Others: []int{0}},
		},
		{"another version", []bundle.Info{one(""), at(bundle.AtTop, "a", 2, "c")}, bundle.Choice{Others: []int{1}}},
		{"another signer", []bundle.Info{one(""), signed}, bundle.Choice{Others: []int{1}}},
		{"no base", []bundle.Info{one("c"), one("d"), at(bundle.AtTop, "b", 1, "e")}, bundle.Choice{Base: -1, Splits: []int{0, 1}, Others: []int{2}}},
	} {
		if diff := cmp.Diff(tt.want, bundle.Choose(tt.infos)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestDependencies(t *testing.T) {
	libs := []bundle.Library{
		{Group: "com.sensorsdata.analytics.android", Artifact: "SensorsAnalyticsSDK", Version: "6.8.3"},
		{UnityPackage: "com.unity.ads", Version: "4.1"},
		{Group: "androidx.core", Artifact: "core", Version: "1.0.0"},
	}
	b := bundletest.Dependencies(libs...)
	got, err := bundle.Dependencies(b)
	if diff := cmp.Diff(libs, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	got, err = bundle.Dependencies(b[:len(b)-20])
	if !errors.Is(err, binread.Truncated) || len(got) != 2 {
		t.Errorf("%d libraries, %v", len(got), err)
	}
	var many []byte
	one := bundletest.Dependencies(libs[0])
	for range bundle.MaxLibraries + 1 {
		many = append(many, one...)
	}
	if got, err := bundle.Dependencies(many); !errors.Is(err, binread.TooLarge) || len(got) != bundle.MaxLibraries {
		t.Errorf("%d libraries, %v", len(got), err)
	}
}

func FuzzDependencies(f *testing.F) {
	f.Add(bundletest.Dependencies(bundle.Library{Group: "g", Artifact: "a", Version: "1"}, bundle.Library{UnityPackage: "u"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		libs, _ := bundle.Dependencies(b)
		n := 0
		for _, l := range libs {
			n += len(l.Group) + len(l.Artifact) + len(l.UnityPackage) + len(l.Version)
		}
		if n > len(b) {
			t.Fatalf("%d bytes of names in %d", n, len(b))
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(bundletest.ZIP(entry("toc.pb", nil), entry("splits/base-master.apk", inner("a"))))
	f.Add(bundletest.ZIP(entry("info.json", []byte(`{"apkm_version":5,"apk_title":"x"}`)), entry("base.apk", inner("a"))))
	f.Add(bundletest.AAB(protoxmltest.Options{}, []bundletest.Module{{Name: "base", APK: inner("a")}}))
	limits := apk.Limits{EntryBytes: 1 << 20, TotalBytes: 16 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		ar, err := limits.NewBytes(b)
		if err != nil {
			return
		}
		c := bundle.Open(ar, limits, apk.NewBudget(limits))
		if c == nil {
			return
		}
		infos := make([]bundle.Info, len(c.APKs))
		for i, a := range c.APKs {
			infos[i] = bundle.Info{Place: a.Place, Package: a.Entry.Name, Digest: [32]byte{byte(i)}}
		}
		x := bundle.Choose(infos)
		n := len(x.Splits) + len(x.Same) + len(x.Others)
		if x.Base >= 0 {
			n++
		}
		if n != len(infos) {
			t.Fatalf("%d of %d were chosen or left", n, len(infos))
		}
	})
}
