package extract

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/protoxml"
	"github.com/telltale-apk/telltale/dex/mapping"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// container reads what a container of apps holds as one app. Its first part is
// the container; the APKs in it follow as base and splits.
func (b *builder) container(ar *apk.Archive, c *bundle.Container) error {
	b.set.App.Parts[0].Role = string(RoleContainer)
	b.title = c.Label
	for _, p := range c.Problems {
		b.problem(p.Entry.Name, problemKind(p.Err), p.Err, true)
	}
	if c.Form == bundle.AAB {
		return b.appBundle(ar, c)
	}
	choice, infos, err := b.choose(c)
	if err != nil {
		return err
	}
	if choice.Base < 0 {
		pkg := infos[choice.Splits[0]].Package
		b.note("", fact.ProblemMissingPart, true, "there is no base APK in it, only splits: pull the whole set with 'adb shell pm path %s' and 'adb pull' each path", pkg)
	}
	chosen := choice.Splits
	if choice.Base >= 0 {
		chosen = append([]int{choice.Base}, chosen...)
	}
	for n, i := range chosen {
		in, role := c.APKs[i], RoleSplit
		if i == choice.Base {
			role = RoleBase
		}
		b.set.App.Parts = append(b.set.App.Parts, fact.Part{
			Path: b.set.App.Path + "!" + in.Entry.Name, SHA256: hex.EncodeToString(infos[i].Digest[:]), Size: in.Archive.Size(),
			Role: string(role), Split: infos[i].Split,
		})
		// Without a base the first split's manifest tells whose the rest is.
		pl := place{prefix: in.Entry.Name + "!", base: n == 0, split: n > 0}
		if err := b.archive(in.Archive, pl); err != nil {
			return err
		}
	}
	if choice.Base < 0 && len(b.set.Units) == 0 {
		b.set.App.Status = fact.NoCode
	}
	b.rest(c, choice, infos)
	b.tampered(ar, place{})
	return nil
}

// choose decides which APKs of a container are the app.
func (b *builder) choose(c *bundle.Container) (bundle.Choice, []bundle.Info, error) {
	infos := make([]bundle.Info, len(c.APKs))
	for i, in := range c.APKs {
		digest, err := Digest(b.ctx, Part{R: in.Archive.Reader(), Size: in.Archive.Size()})
		if err != nil {
			return bundle.Choice{}, nil, err
		}
		p := peek(in.Archive, false, b.budget)
		infos[i] = bundle.Info{Place: in.Place, Package: p.Package, Version: p.VersionCode, Signer: p.Signer, Split: p.Split, Digest: digest}
	}
	return bundle.Choose(infos), infos, nil
}

// rest tells of what lies in a container besides the app.
func (b *builder) rest(c *bundle.Container, choice bundle.Choice, infos []bundle.Info) {
	if n := len(choice.Same); n > 0 {
		names := make([]string, 0, 4)
		for i, at := range choice.Same {
			if i == 3 && n > 4 {
				names = append(names, fmt.Sprintf("%d more", n-3))
				break
			}
			names = append(names, c.APKs[at].Entry.Name)
		}
		b.note("", fact.ProblemUnsupported, false, "other forms of the same app in it were left alone: %s", strings.Join(names, ", "))
	}
	for _, i := range choice.Others {
		in, pkg := c.APKs[i], infos[i].Package
		b.note(in.Entry.Name, fact.ProblemUnsupported, false,
			"this APK is not of the app %s: it is %s, in another version or of another signer. What it holds is told as found inside; to see it apart, unpack it", b.set.App.Manifest.Package, orWord(pkg))
		b.set.App.Files = append(b.set.App.Files, fact.File{Unit: in.Entry.Name, Size: in.Archive.Size(), Kind: string(apk.KindZIP)})
		if err := b.archive(in.Archive, place{prefix: in.Entry.Name + "!", depth: 1}); err != nil {
			b.problem(in.Entry.Name, problemKind(err), err, true)
		}
	}
	for _, e := range c.Expansions {
		kind, _ := e.Sniff(b.budget)
		b.set.App.Files = append(b.set.App.Files, fact.File{Unit: e.Name, Size: max(e.Size, 0), Kind: string(kind)})
		b.note(e.Name, fact.ProblemUnsupported, false, "an expansion file (OBB) of %d bytes, which apps read and Android does not run; it was not looked into", e.Size)
	}
}

func orWord(pkg string) string {
	if pkg == "" {
		return "one without a package name"
	}
	return pkg
}

// appBundle reads an Android App Bundle: what its modules hold becomes APKs
// when it is built for a device.
func (b *builder) appBundle(ar *apk.Archive, c *bundle.Container) error {
	b.signers(ar, place{base: true})
	for i := range c.Modules {
		b.protoResources(c.Modules[i].Resources)
	}
	for i := range c.Modules {
		b.protoManifest(&c.Modules[i], i == 0)
	}
	if c.Modules[0].Name != "base" {
		b.note("", fact.ProblemMissingPart, true, "the bundle has no base module")
	}
	for i := range c.Modules {
		if err := b.bundleModule(ar, &c.Modules[i]); err != nil {
			return err
		}
	}
	b.dependencies(c.Dependencies)
	b.mapping(c.Mapping)
	b.tampered(ar, place{})
	return nil
}

// bundleModule reads the entries of a module, what Android will load first.
func (b *builder) bundleModule(ar *apk.Archive, m *bundle.Module) error {
	pl := place{lib: &library{}}
	loaded := map[*apk.Entry]bool{}
	var entries []*apk.Entry
	for i := 1; ; i++ {
		e := ar.Lookup(m.Name + "/dex/" + dexName(i))
		if e == nil {
			break
		}
		loaded[e] = true
		entries = append(entries, e)
	}
	for _, e := range ar.Entries() {
		if _, ok := m.Path(e.RawName); ok && !e.IsDir() && !loaded[e] {
			entries = append(entries, e)
		}
	}
	for _, e := range entries {
		if b.ctx.Err() != nil {
			return b.ctx.Err()
		}
		b.entry(e, pl, loaded[e])
	}
	pl.lib.finish(b, place{prefix: m.Name + "!"})
	return nil
}

// protoResources reads the resource table of a module.
func (b *builder) protoResources(e *apk.Entry) {
	if e == nil {
		return
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(e.Name, problemKind(err), err, true)
	}
	if len(data) == 0 {
		return
	}
	t, err := protoxml.OpenTable(data)
	if err != nil {
		b.problem(e.Name, problemKind(err), err, true)
		return
	}
	b.tables = append(b.tables, tableUnit{unit: e.Name, proto: t})
	b.anomalies(e.Name, t.Anomalies())
}

// protoManifest reads the manifest of a module.
func (b *builder) protoManifest(m *bundle.Module, base bool) {
	unit := m.Manifest.Name
	data, err := m.Manifest.Read(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		if len(data) == 0 {
			return
		}
	}
	view, _ := b.view().(*protoxml.View)
	d, err := protoxml.Open(data, view)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		return
	}
	x, err := manifest.Parse(d.Events(), b.view())
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		return
	}
	x.Anomalies = append(d.Anomalies(), x.Anomalies...)
	b.declared(x, unit, base, unit)
}

// dependencies notes the libraries that the bundle was built of.
func (b *builder) dependencies(e *apk.Entry) {
	if e == nil {
		return
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(e.Name, problemKind(err), err, true)
	}
	libs, err := bundle.Dependencies(data)
	if err != nil {
		b.problem(e.Name, problemKind(err), err, true)
	}
	for _, l := range libs {
		if l.Artifact != "" {
			b.set.App.Modules = append(b.set.App.Modules, fact.Module{
				Kind: fact.ModuleMaven, Name: l.Group + ":" + l.Artifact, Version: l.Version, Unit: e.Name,
			})
		}
	}
}

// xmlDocument is what the two forms of compiled XML have in common.
type xmlDocument interface {
	Events() iter.Seq[*axml.Event]
	Strings() iter.Seq2[int64, string]
}

// splitNames returns the names of splits in a document: of a manifest, or of the
// list of splits for languages that bundletool adds to a base (com.android.vending.splits).
// They are no texts for anybody, and "config.de" looks like a host.
func splitNames(d xmlDocument) map[string]bool {
	named := false
	for _, v := range d.Strings() {
		if named = named || v == "split" || v == "configForSplit"; named {
			break
		}
	}
	if !named {
		return nil
	}
	out := map[string]bool{}
	for e := range d.Events() {
		if e.Kind != axml.StartElement || e.Name != "manifest" && e.Name != "entry" {
			continue
		}
		for _, name := range []string{"split", "configForSplit"} {
			if a, ok := e.Plain(name); ok {
				out[a.Text()] = true
			}
		}
	}
	return out
}

// protoText yields the strings of an XML file in protobuf form.
func protoText(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	data, err := s.e.Read(budget)
	if err != nil {
		return true, err
	}
	d, err := protoxml.Open(data, nil)
	if err != nil {
		return true, err
	}
	skip := splitNames(d)
	for off, v := range d.Strings() {
		if skip[v] {
			continue
		}
		if !yield(fact.Text{Unit: s.unit, Kind: fact.TextXML, Off: off, Value: v}) {
			return false, nil
		}
	}
	return true, nil
}

// mapping reads R8's map of the names that it changed.
func (b *builder) mapping(e *apk.Entry) {
	if e == nil {
		return
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(e.Name, problemKind(err), err, false)
	}
	m, err := mapping.Read(bytes.NewReader(data))
	if err != nil {
		b.problem(e.Name, problemKind(err), err, false)
	}
	if m == nil || m.Renamed() == 0 {
		return
	}
	b.names = m
	b.note(e.Name, fact.ProblemUnsupported, false,
		"the code was obfuscated: %d of %d classes in this map have other names in the app. They are told by their first names", m.Renamed(), m.Len())
}
