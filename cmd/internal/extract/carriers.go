package extract

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"path"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
	"github.com/telltale-apk/telltale/apk/carrier/dart"
	"github.com/telltale-apk/telltale/apk/carrier/dotnet"
	"github.com/telltale-apk/telltale/apk/carrier/hermes"
	"github.com/telltale-apk/telltale/apk/carrier/js"
	"github.com/telltale-apk/telltale/apk/carrier/lua"
	"github.com/telltale-apk/telltale/apk/carrier/unity"
	"github.com/telltale-apk/telltale/apk/elf"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// Limits of this file. Real apps have some hundred modules.
const (
	maxModules = 20_000
	maxHidden  = 3 // files of which it is told one by one that they hide what they hold
)

// carriers is what a builder remembers of files that carry code other than DEX,
// or that tell what an app was built from.
type carriers struct {
	modules map[fact.Module]int // without version and unit → index into App.Modules
	hidden  int
}

// carried is what such a file holds.
type carried struct {
	texts    []carriedText
	problems []error
	// modules looks through all of the file; nil if it tells none.
	modules func() ([]fact.Module, []error)
	// list is true of files that only tell about code: not to understand one
	// hides nothing.
	list bool
}

// carriedText is a body of strings. each yields them, and fails if not all could
// be read.
type carriedText struct {
	unit string
	kind fact.TextKind
	each func(yield func(carrier.String) bool) error
}

func textOf(unit string, kind fact.TextKind, seq iter.Seq[carrier.String]) carriedText {
	return carriedText{unit, kind, func(yield func(carrier.String) bool) error {
		seq(yield)
		return nil
	}}
}

// opener reads such a file. What it expands is charged to the budget. Its
// strings borrow data.
type opener func(unit string, data []byte, budget *apk.Budget) *carried

// carrier looks for code other than DEX, and for lists of what an app was built
// from, in an entry. It reports whether the entry's text was taken as well.
func (b *builder) carrier(e *apk.Entry, kind apk.Kind, unit string) bool {
	if pkg, ok := flutterPackage(e.RawName); ok {
		b.module(fact.Module{Kind: fact.ModuleDart, Name: pkg, Unit: unit})
	}
	open := openerOf(e.RawName, kind)
	if open == nil {
		b.hiding(e, kind, unit)
		return false
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		if len(data) == 0 {
			return true
		}
	}
	c := open(unit, data, b.budget)
	b.tell(unit, c)
	if c.list {
		return false
	}
	b.texts = append(b.texts, textSource{unit: unit, kind: kind, e: e, open: open})
	return true
}

// tell notes the modules and problems of a carrier.
func (b *builder) tell(unit string, c *carried) {
	bad := c.problems
	if c.modules != nil {
		modules, more := c.modules()
		for _, m := range modules {
			b.module(m)
		}
		bad = append(bad, more...)
	}
	for i, err := range bad {
		if i == maxHidden {
			b.note(unit, fact.ProblemMalformed, !c.list, "and more oddities of this kind")
			break
		}
		b.problem(unit, problemKind(err), err, !c.list)
	}
}

// module notes a component, once.
func (b *builder) module(m fact.Module) {
	if b.carriers.modules == nil {
		b.carriers.modules = map[fact.Module]int{}
	}
	list := &b.set.App.Modules
	key := fact.Module{Kind: m.Kind, Name: m.Name}
	if i, ok := b.carriers.modules[key]; ok {
		if (*list)[i].Version == "" && m.Version != "" {
			(*list)[i] = m
		}
		return
	}
	if m.Name == "" || len(*list) >= maxModules {
		return
	}
	b.carriers.modules[key] = len(*list)
	*list = append(*list, m)
}

// carriedTexts yields the strings of a carrier.
func carriedTexts(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	data, err := s.e.Read(budget)
	if err != nil && len(data) == 0 {
		return true, err
	}
	more = true
	for _, t := range s.open(s.unit, data, budget).texts {
		bad := t.each(func(v carrier.String) bool {
			more = yield(fact.Text{Unit: t.unit, Kind: t.kind, Off: v.Off, Value: v.Value})
			return more
		})
		if !more || isSpent(bad) {
			return more, bad // other damage was told when the carrier was found
		}
	}
	return true, err
}

// nativeCarrier looks for code of other kinds in a native library that was just
// noted: a Dart snapshot, or .NET assemblies.
func (b *builder) nativeCarrier(e *apk.Entry, unit string) {
	libs, texts := b.set.App.Libs, b.texts
	if len(libs) == 0 || libs[len(libs)-1].Unit != unit {
		return
	}
	lib := &libs[len(libs)-1]
	var open opener
	switch name := lib.Name; {
	case name == "libmonodroid_bundle_app.so":
		open = openBundle
	case strings.HasPrefix(name, "libassembl"), strings.HasPrefix(name, "lib_") && strings.HasSuffix(name, ".dll.so"):
		open = openWrapped
	}
	for _, s := range lib.Symbols {
		switch s {
		case "_kDartIsolateSnapshotData", "_kDartSnapshotData", "_kDartVmSnapshotData":
			open = openDartLibrary
		case "_assembly_store":
			open = openWrapped
		}
	}
	if open == nil {
		return
	}
	data, err := e.Read(b.budget)
	if err != nil {
		return // that was told when the library was read
	}
	c := open(unit, data, b.budget)
	b.tell(unit, c)
	if len(c.texts) == 0 {
		return
	}
	s := textSource{unit: unit, kind: apk.KindELF, e: e, open: open}
	if n := len(texts); n > 0 && texts[n-1].unit == unit {
		texts[n-1] = s // instead of its constant data, which holds the same
	} else {
		b.texts = append(texts, s)
	}
}

// openerOf returns how to read an entry, nil if it is nothing of the kind.
func openerOf(name string, kind apk.Kind) opener {
	switch kind {
	case apk.KindHermes:
		return openHermes
	case apk.KindRAMBundle:
		return openRAM
	case apk.KindUnityMeta:
		return openUnity
	case apk.KindXABA:
		return openStore
	case apk.KindXALZ, apk.KindPE:
		return openAssembly
	case apk.KindDart:
		return openDart
	case apk.KindKernel:
		return openKernel
	case apk.KindLua:
		return openLua
	}
	base := path.Base(name)
	switch {
	case strings.Contains(name, "flutter_assets/") && (base == "NOTICES.Z" || base == "NOTICES" || base == "LICENSE"):
		return list(fact.ModuleDart, func(data []byte) ([]js.Module, error) { return named(dart.Notices(data)) })
	case !kind.IsText():
		return nil
	case base == "cordova_plugins.js":
		return openCordova
	case kind != apk.KindTextUTF16 && kind != apk.KindTextUTF32 && isJavaScript(base):
		return openScript
	case base == "ScriptingAssemblies.json", base == "RuntimeInitializeOnLoads.json":
		return list(fact.ModuleUnity, func(data []byte) ([]js.Module, error) { return named(unity.ScriptingAssemblies(data)) })
	case strings.HasPrefix(name, "META-INF/") && strings.HasSuffix(base, ".version"):
		return list(fact.ModuleMaven, func(data []byte) ([]js.Module, error) { return versionFile(base, data), nil })
	case !strings.Contains(name, "/") && strings.HasSuffix(base, ".properties"):
		return list(fact.ModuleMaven, func(data []byte) ([]js.Module, error) { return clientProperties(data), nil })
	case !strings.Contains(name, "assets/"):
		return nil
	case base == "capacitor.plugins.json":
		return list(fact.ModuleJS, js.CapacitorPlugins)
	case base == "app.config":
		return list(fact.ModuleJS, js.ExpoConfig)
	case base == "dcloud_uniplugins.json":
		return list(fact.ModuleJS, js.UniPlugins)
	case base == "dcloud_properties.xml":
		return list(fact.ModuleJS, js.DCloudProperties)
	case base == "manifest.json" && strings.Contains(name, "assets/apps/"):
		return list(fact.ModuleJS, js.UniManifest)
	case base == "package.json" && (strings.Contains(name, "node_modules/") || strings.Contains(name, "tns_modules/")):
		return list(fact.ModuleJS, js.Package)
	}
	return nil
}

// isJavaScript goes by the name, as isScript does.
func isJavaScript(base string) bool {
	switch path.Ext(base) {
	case ".js", ".mjs", ".cjs", ".bundle", ".jsbundle":
		return true
	}
	return false
}

// flutterPackage returns the package that an asset of a Flutter app belongs to.
func flutterPackage(name string) (string, bool) {
	_, rest, ok := strings.Cut(name, "assets/flutter_assets/packages/")
	if !ok {
		return "", false
	}
	pkg, _, ok := strings.Cut(rest, "/")
	return pkg, ok
}

// hiding tells of files whose name says that they hold code, and whose bytes do
// not: games and protectors encrypt them.
func (b *builder) hiding(e *apk.Entry, kind apk.Kind, unit string) {
	base := path.Base(e.RawName)
	what := ""
	switch {
	case kind == apk.KindEmpty || !strings.Contains(e.RawName, "assets/") && !strings.Contains(e.RawName, "assemblies/"):
	case base == "global-metadata.dat":
		what = "the names and strings of the program (il2cpp metadata) are encrypted; what it names was not seen"
	case kind != apk.KindUnknown:
	case isScript(base), strings.HasSuffix(base, ".luac"), strings.HasSuffix(base, ".jsc"):
		what = "a script by its name, but neither text nor bytecode of a kind that is read: it is encrypted, or of another engine; what it names was not seen"
	case path.Ext(base) == ".dll" && (strings.Contains(e.RawName, "/Managed/") || strings.Contains(e.RawName, "assemblies/")):
		what = "a .NET assembly by its name, but its bytes are none: it is encrypted; what it names was not seen"
	}
	if what == "" {
		return
	}
	switch b.carriers.hidden++; {
	case b.carriers.hidden <= maxHidden:
		b.note(unit, fact.ProblemEncrypted, true, "%s", what)
	case b.carriers.hidden == maxHidden+1:
		b.note("", fact.ProblemEncrypted, true, "more scripts or assemblies are encrypted, or of a kind that is not read")
	}
}

func modulesOf(kind fact.ModuleKind, unit string, ms []js.Module) []fact.Module {
	out := make([]fact.Module, len(ms))
	for i, m := range ms {
		out[i] = fact.Module{Kind: kind, Name: m.Name, Version: m.Version, Unit: unit}
	}
	return out
}

// named makes modules of names.
func named(names []string, err error) ([]js.Module, error) {
	out := make([]js.Module, len(names))
	for i, name := range names {
		out[i].Name = name
	}
	return out, err
}

// finder makes of a reader of modules what carried wants.
func finder(kind fact.ModuleKind, unit string, read func() ([]js.Module, error)) func() ([]fact.Module, []error) {
	return func() ([]fact.Module, []error) {
		ms, err := read()
		if err != nil {
			return modulesOf(kind, unit, ms), []error{err}
		}
		return modulesOf(kind, unit, ms), nil
	}
}

// list returns an opener of files that list modules. Their text is read as that
// of other files.
func list(kind fact.ModuleKind, read func([]byte) ([]js.Module, error)) opener {
	return func(unit string, data []byte, _ *apk.Budget) *carried {
		return &carried{list: true, modules: finder(kind, unit, func() ([]js.Module, error) { return read(data) })}
	}
}

// versionFile reads META-INF/GROUP_ARTIFACT.version, which androidx libraries
// leave in an app.
func versionFile(base string, data []byte) []js.Module {
	group, artifact, ok := strings.Cut(strings.TrimSuffix(base, ".version"), "_")
	version := strings.TrimSpace(string(data[:min(len(data), 100)]))
	if !ok || !js.IsName(group) || !js.IsName(artifact) || version == "" || strings.ContainsAny(version, " \n{$") {
		return nil
	}
	return []js.Module{{Name: group + ":" + artifact, Version: version}}
}

// clientProperties reads the files that Google's libraries leave at the root of
// an app: "version=…" and "client=…", the name of the artifact. What group it is
// of, its name tells.
func clientProperties(data []byte) []js.Module {
	values := map[string]string{}
	for line := range strings.Lines(string(data[:min(len(data), 4096)])) {
		k, v, _ := strings.Cut(line, "=")
		values[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	client, version := values["client"], values["version"]
	if !js.IsName(client) || version == "" {
		return nil
	}
	group := ""
	switch {
	case strings.HasPrefix(client, "play-services-"):
		group = "com.google.android.gms"
	case strings.HasPrefix(client, "firebase-"):
		group = "com.google.firebase"
	case client == "billing" || client == "billing-ktx":
		group = "com.android.billingclient"
	case client == "user-messaging-platform":
		group = "com.google.android.ump"
	case strings.HasPrefix(client, "transport-"):
		group = "com.google.android.datatransport"
	default:
		return nil
	}
	return []js.Module{{Name: group + ":" + client, Version: version}}
}

// problems turns what a reader could not use into errors.
func problems(list []*binread.FormatError) (out []error) {
	for _, p := range list {
		out = append(out, p)
	}
	return out
}

func failed(err error) *carried { return &carried{problems: []error{err}} }

func openHermes(unit string, data []byte, _ *apk.Budget) *carried {
	f, err := hermes.Open(data)
	if err != nil {
		return failed(err)
	}
	return &carried{
		texts:    []carriedText{textOf(unit, fact.TextScript, f.Strings())},
		problems: problems(f.Problems),
		modules:  finder(fact.ModuleJS, unit, func() ([]js.Module, error) { return js.ModulesInStrings(f.Strings()), nil }),
	}
}

func openScript(unit string, data []byte, _ *apk.Budget) *carried {
	return &carried{
		texts:   []carriedText{textOf(unit, fact.TextScript, js.Literals(data))},
		modules: finder(fact.ModuleJS, unit, func() ([]js.Module, error) { return js.Modules(data), nil }),
	}
}

func openCordova(unit string, data []byte, budget *apk.Budget) *carried {
	c := openScript(unit, data, budget)
	c.modules = finder(fact.ModuleJS, unit, func() ([]js.Module, error) { return js.CordovaPlugins(data) })
	return c
}

func openRAM(unit string, data []byte, _ *apk.Budget) *carried {
	r, err := js.OpenRAM(data)
	if err != nil {
		return failed(err)
	}
	literals := func(yield func(carrier.String) bool) {
		for off, src := range r.Scripts() {
			for s := range js.Literals(src) {
				s.Off += off
				if !yield(s) {
					return
				}
			}
		}
	}
	return &carried{
		texts:    []carriedText{textOf(unit, fact.TextScript, literals)},
		problems: problems(r.Problems),
		modules: finder(fact.ModuleJS, unit, func() (all []js.Module, _ error) {
			for _, src := range r.Scripts() {
				all = append(all, js.Modules(src)...)
			}
			return all, nil
		}),
	}
}

func openLua(unit string, data []byte, _ *apk.Budget) *carried {
	f, err := lua.Open(data)
	if err != nil {
		return failed(err)
	}
	return &carried{texts: []carriedText{textOf(unit, fact.TextScript, f.Strings())}, problems: problems(f.Problems)}
}

func openUnity(unit string, data []byte, _ *apk.Budget) *carried {
	m, err := unity.Open(data)
	if err != nil {
		return failed(err)
	}
	return &carried{
		texts:    []carriedText{textOf(unit, fact.TextManaged, m.Strings())},
		problems: problems(m.Problems),
		modules:  finder(fact.ModuleUnity, unit, func() ([]js.Module, error) { return named(m.Assemblies(), nil) }),
	}
}

func openDart(unit string, data []byte, _ *apk.Budget) *carried {
	s, err := dart.Open(data, 0)
	if err != nil {
		return failed(err)
	}
	return snapshots(unit, s)
}

// openDartLibrary reads the snapshots in a library.
func openDartLibrary(unit string, data []byte, _ *apk.Budget) *carried {
	f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return failed(err)
	}
	var all []*dart.Snapshot
	for _, r := range dart.InELF(f) {
		s, err := dart.Open(data[r.Off:r.Off+r.Size], r.Off)
		if err != nil {
			return failed(err)
		}
		all = append(all, s)
	}
	return snapshots(unit, all...)
}

func snapshots(unit string, all ...*dart.Snapshot) *carried {
	c := &carried{}
	for _, s := range all {
		c.texts = append(c.texts, textOf(unit, fact.TextManaged, s.Strings()))
	}
	c.modules = finder(fact.ModuleDart, unit, func() ([]js.Module, error) {
		var names []string
		for _, s := range all {
			names = append(names, dart.Packages(s.Strings())...)
		}
		return named(names, nil)
	})
	return c
}

func openKernel(unit string, data []byte, _ *apk.Budget) *carried {
	k, err := dart.OpenKernel(data)
	if err != nil {
		return failed(err)
	}
	return &carried{
		texts:    []carriedText{textOf(unit, fact.TextManaged, k.Strings())},
		problems: problems(k.Problems),
		modules:  finder(fact.ModuleDart, unit, func() ([]js.Module, error) { return named(dart.Packages(k.Strings()), nil) }),
	}
}

// assembly is a .NET assembly of a file or store. It is expanded when it is
// looked at, so that those of a store never are in memory together.
type assembly struct {
	unit   string
	name   string // of the file, in its store
	data   []byte
	budget *apk.Budget
}

// open expands and opens the assembly. It returns nil for libraries of Windows
// without managed code, and beside an error what could be had.
func (a assembly) open() (*dotnet.Assembly, error) {
	data := a.data
	var damage error
	if dotnet.Packed(data) {
		most := leftOf(a.budget)
		data, damage = dotnet.Unpack(data, most)
		if errors.Is(damage, binread.TooLarge) && most < a.budget.Limits().EntryBytes {
			damage = a.budget.Charge(most + 1) // which fails, and says which limit it is
		}
		if len(data) == 0 {
			return nil, damage
		}
		if err := a.budget.Charge(int64(len(data))); err != nil {
			return nil, err
		}
	}
	f, err := dotnet.Open(data)
	if errors.Is(err, dotnet.ErrNative) {
		return nil, damage
	}
	if damage != nil {
		err = damage
	}
	return f, err
}

// leftOf returns how many bytes may still be expanded at once.
func leftOf(budget *apk.Budget) int64 {
	l := budget.Limits()
	return min(l.EntryBytes, l.TotalBytes-budget.Spent())
}

// assemblies makes of assemblies what they carry.
func assemblies(list []assembly, already []error) *carried {
	c := &carried{problems: already}
	for _, a := range list {
		c.texts = append(c.texts, carriedText{a.unit, fact.TextManaged, func(yield func(carrier.String) bool) error {
			f, err := a.open()
			if f != nil {
				f.Strings()(yield)
			}
			return err
		}})
	}
	c.modules = func() (modules []fact.Module, bad []error) {
		for _, a := range list {
			f, err := a.open()
			if err != nil {
				bad = append(bad, binread.WithPath(err, a.name))
				if isSpent(err) {
					return modules, bad
				}
			}
			if f == nil {
				continue
			}
			m := fact.Module{Kind: fact.ModuleUnity, Name: f.Name, Version: f.Version, Unit: a.unit}
			if m.Name == "" {
				m.Name = strings.TrimSuffix(a.name, ".dll")
			}
			modules = append(modules, m)
			bad = append(bad, problems(f.Problems)...)
		}
		return modules, bad
	}
	return c
}

// openAssembly reads a .NET assembly, compressed or not.
func openAssembly(unit string, data []byte, budget *apk.Budget) *carried {
	return assemblies([]assembly{{unit, path.Base(unit), data, budget}}, nil)
}

func openStore(unit string, data []byte, budget *apk.Budget) *carried {
	s, err := dotnet.OpenStore(data, 0)
	if err != nil {
		return failed(err)
	}
	return stored(unit, s, budget)
}

// stored reads the assemblies of a store. Each is a unit of its own, by its name
// or its place.
func stored(unit string, s *dotnet.Store, budget *apk.Budget) *carried {
	var list []assembly
	for _, e := range s.Entries {
		if len(e.Data) == 0 {
			continue
		}
		name := e.Name
		if name == "" {
			name = fmt.Sprintf("0x%x.dll", e.Off)
		}
		list = append(list, assembly{unit + "!" + name, path.Base(name), e.Data, budget})
	}
	return assemblies(list, problems(s.Problems))
}

// openWrapped reads a library that wraps a store or an assembly.
func openWrapped(unit string, data []byte, budget *apk.Budget) *carried {
	f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return failed(err)
	}
	off, size, ok := dotnet.InELF(f)
	if !ok || off < 0 || size < 0 || off+size > int64(len(data)) {
		return &carried{}
	}
	payload := data[off : off+size]
	switch apk.Sniff(payload[:min(len(payload), apk.SniffLen)]) {
	case apk.KindXABA:
		s, err := dotnet.OpenStore(payload, off)
		if err != nil {
			return failed(err)
		}
		return stored(unit, s, budget)
	case apk.KindXALZ, apk.KindPE:
		name := strings.TrimSuffix(strings.TrimPrefix(path.Base(unit), "lib_"), ".so")
		return assemblies([]assembly{{unit + "!" + name, name, payload, budget}}, nil)
	}
	return &carried{}
}

// openBundle reads the assemblies that are compiled into a library.
func openBundle(unit string, data []byte, budget *apk.Budget) *carried {
	s := dotnet.Bundle(data, leftOf(budget))
	total := int64(0)
	for _, e := range s.Entries {
		total += int64(len(e.Data))
	}
	if err := budget.Charge(total); err != nil {
		return failed(err)
	}
	return stored(unit, s, budget)
}
