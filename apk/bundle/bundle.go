// Package bundle knows the archives that hold apps for passing on: sets of
// APKs (.apks of bundletool, SAI and AppManager, .xapk of APKPure, .apkm of
// APKMirror, or any ZIP of APKs) and Android App Bundles (.aab).
//
// What an archive is, its entries tell and never its name: one that has no
// manifest of its own, but APKs or modules of a bundle where containers have
// them. The JSON files of containers serve as labels and for nothing else.
//
// Sources: bundletool's documentation and its files commands.proto and
// app_dependencies.proto; for the other containers, the public parsers of
// jadx, AppManager and SAI.
//
// # Limits and threat model
//
// All bytes are hostile. Names of entries are compared, never used as paths.
// At most [MaxAPKs] inner archives are opened; what is read of them is charged
// to the caller's budget. JSON beyond [MaxJSON] bytes and lists beyond
// [MaxLibraries] are left alone.
package bundle

import (
	"path"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/binread"
)

const (
	// MaxAPKs is how many APKs of one container are opened. bundletool makes
	// some hundred for an app in many languages.
	MaxAPKs = 2000
	// MaxJSON is the size, in bytes, up to which a container's JSON is read.
	MaxJSON = 1 << 20
	// MaxLibraries is how many dependencies of a bundle are listed.
	MaxLibraries = 1 << 15
)

// Form is the kind of a container.
type Form string

// The forms.
const (
	None Form = ""     // an APK, or an archive that holds no app
	Set  Form = "set"  // APKs without more: a ZIP of a pulled folder
	APKS Form = "apks" // bundletool's, or that of a backup tool
	XAPK Form = "xapk"
	APKM Form = "apkm"
	AAB  Form = "aab" // Android App Bundle
)

// ManifestName is where Android looks for the manifest of an APK.
const ManifestName = "AndroidManifest.xml"

// moduleManifest is where a module of a bundle has its manifest.
const moduleManifest = "/manifest/" + ManifestName

// Container is an archive that holds an app.
type Container struct {
	Form Form
	// Label is what the container's own JSON calls the app. Anybody can
	// write anything there.
	Label string
	// APKs are the inner APKs, those in the better places first (see [Place]),
	// then by name.
	APKs []APK
	// Expansions are the OBB files, which apps read and Android does not run.
	Expansions []*apk.Entry
	// Modules are those of a bundle, the base first.
	Modules []Module
	// Dependencies and Mapping are a bundle's record of the libraries it was
	// built of, and R8's of the names it changed; nil if there is none.
	Dependencies, Mapping *apk.Entry
	// Problems are the entries that look like APKs and could not be opened.
	Problems []Problem
}

// APK is one inner APK.
type APK struct {
	Entry   *apk.Entry
	Archive *apk.Archive
	Place   Place
}

// Problem says why an entry was not opened.
type Problem struct {
	Entry *apk.Entry
	Err   error
}

// Place says in which part of a container an APK lies, the best first.
type Place int

// The places. bundletool puts the same code into several of them.
const (
	InSplits      Place = iota // splits/: what is installed on current devices
	AtTop                      // no folder
	InAssetSlices              // asset-slices/: packs without code
	InStandalones              // standalones/: everything in one, for old devices
	InSystem                   // system/
	InInstant                  // instant/
	InArchive                  // archive/: a stub that asks the store for the app
	elsewhere
)

func placeOf(dir string) Place {
	switch dir {
	case "splits":
		return InSplits
	case "":
		return AtTop
	case "asset-slices":
		return InAssetSlices
	case "standalones":
		return InStandalones
	case "system":
		return InSystem
	case "instant":
		return InInstant
	case "archive":
		return InArchive
	}
	return elsewhere
}

// Detect tells whether an archive seems to be a container, reading as little as
// it can. Open has the last word.
func Detect(ar *apk.Archive, l apk.Limits, b *apk.Budget) bool {
	if len(modules(ar)) > 0 {
		return true
	}
	const tries = 8
	for i, e := range candidates(ar, b) {
		if i == tries {
			break
		}
		if strings.HasSuffix(e.RawName, ".apk") { // which saves inflating it
			return true
		}
		if in, err := l.Nested(e, b); err == nil && in.Lookup(ManifestName) != nil {
			return true
		}
	}
	return false
}

// Open lists what a container holds. It returns nil if the archive is none.
func Open(ar *apk.Archive, l apk.Limits, b *apk.Budget) *Container {
	if ms := modules(ar); len(ms) > 0 {
		return &Container{
			Form: AAB, Modules: ms,
			Dependencies: ar.Lookup("BUNDLE-METADATA/com.android.tools.build.libraries/dependencies.pb"),
			Mapping:      ar.Lookup("BUNDLE-METADATA/com.android.tools.build.obfuscation/proguard.map"),
		}
	}
	c := &Container{}
	root := commonFolder(ar)
	for _, e := range candidates(ar, b) {
		if len(c.APKs) == MaxAPKs {
			c.Problems = append(c.Problems, Problem{e, binread.Errorf(binread.TooLarge, "", -1,
				"limit MaxAPKs (%d): the container holds more APKs; the rest was not opened", MaxAPKs)})
			break
		}
		in, err := l.Nested(e, b)
		if err != nil {
			c.Problems = append(c.Problems, Problem{e, err})
			continue
		}
		switch {
		case in.Lookup(ManifestName) != nil:
			c.APKs = append(c.APKs, APK{e, in, place(e, root)})
		case strings.HasSuffix(e.RawName, ".apk"):
			c.Problems = append(c.Problems, Problem{e, binread.Errorf(binread.Malformed, "", -1, "it is called an APK, but no manifest is in it")})
		}
	}
	if len(c.APKs) == 0 {
		return nil
	}
	slices.SortStableFunc(c.APKs, func(x, y APK) int {
		if x.Place != y.Place {
			return int(x.Place - y.Place)
		}
		return strings.Compare(x.Entry.RawName, y.Entry.RawName)
	})
	for _, e := range ar.Entries() {
		if name := strings.TrimPrefix(e.RawName, root); !e.IsDir() && (strings.HasPrefix(name, "Android/obb/") || strings.HasSuffix(name, ".obb")) {
			c.Expansions = append(c.Expansions, e)
		}
	}
	text := labels(ar, b)
	c.Form, c.Label = text.form, text.label
	return c
}

// candidates returns the entries that may be APKs of a container: archives in
// the places for them, in an archive that is no APK itself.
func candidates(ar *apk.Archive, b *apk.Budget) []*apk.Entry {
	if ar.Lookup(ManifestName) != nil || ar.Lookup("classes.dex") != nil {
		return nil
	}
	root := commonFolder(ar)
	var out []*apk.Entry
	for _, e := range ar.Entries() {
		if e.IsDir() || place(e, root) == elsewhere {
			continue
		}
		if kind, err := e.Sniff(b); err == nil && kind == apk.KindZIP {
			out = append(out, e)
		}
	}
	return out
}

func place(e *apk.Entry, root string) Place {
	dir, _ := path.Split(strings.TrimPrefix(e.RawName, root))
	return placeOf(strings.TrimSuffix(dir, "/"))
}

// commonFolder returns the folder that holds all entries, as in a ZIP that was
// made of a folder; "" if there is none or it is a place of its own.
func commonFolder(ar *apk.Archive) string {
	entries := ar.Entries()
	if len(entries) == 0 {
		return ""
	}
	dir, _, ok := strings.Cut(entries[0].RawName, "/")
	if !ok || placeOf(dir) != elsewhere {
		return ""
	}
	dir += "/"
	for _, e := range entries {
		if !strings.HasPrefix(e.RawName, dir) {
			return ""
		}
	}
	return dir
}

// Module is a module of an app bundle: the base, a feature, a pack of assets.
type Module struct {
	Name      string // its folder: "base"
	Manifest  *apk.Entry
	Resources *apk.Entry // nil if it has none
}

// Path returns the path that an entry of the module has in the APK that is
// built of it; ok is false if the entry is not of the module, or for the build
// only.
func (m *Module) Path(entry string) (p string, ok bool) {
	p, ok = strings.CutPrefix(entry, m.Name+"/")
	if !ok {
		return "", false
	}
	for _, dir := range []string{"dex/", "root/", "manifest/", "apex/"} {
		if rest, ok := strings.CutPrefix(p, dir); ok {
			return rest, rest != ""
		}
	}
	for _, dir := range []string{"assets/", "lib/", "res/"} {
		if strings.HasPrefix(p, dir) {
			return p, true
		}
	}
	return p, false
}

// modules lists the modules of a bundle, the base first; none if the archive
// is no bundle.
func modules(ar *apk.Archive) []Module {
	if ar.Lookup(ManifestName) != nil {
		return nil
	}
	var out []Module
	for _, e := range ar.Entries() {
		name, ok := strings.CutSuffix(e.RawName, moduleManifest)
		if !ok || name == "" || strings.Contains(name, "/") || ar.Lookup(e.RawName) != e {
			continue
		}
		out = append(out, Module{Name: name, Manifest: e, Resources: ar.Lookup(name + "/resources.pb")})
	}
	slices.SortStableFunc(out, func(x, y Module) int {
		switch {
		case x.Name == y.Name:
			return 0
		case x.Name == "base":
			return -1
		case y.Name == "base":
			return 1
		}
		return strings.Compare(x.Name, y.Name)
	})
	return out
}
