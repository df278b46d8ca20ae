package extract

import (
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// manifestName is where Android looks for the manifest: this very name.
const manifestName = "AndroidManifest.xml"

// manifest reads the manifest of an APK of the app, with the resources that its
// references need.
func (b *builder) manifest(ar *apk.Archive, pl place) {
	res := b.resources(ar, pl)
	e := ar.Lookup(manifestName)
	if e == nil {
		return
	}
	unit := pl.prefix + manifestName
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		if len(data) == 0 {
			return
		}
	}
	m, err := openManifest(data, res)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		if m == nil {
			return
		}
	}
	b.declared(m, unit, pl.base, strings.TrimSuffix(pl.prefix, "!"))
}

// declared takes what the manifest of a part declares.
func (b *builder) declared(m *manifest.Manifest, unit string, base bool, part string) {
	b.anomalies(unit, m.Anomalies)
	f := toFact(m)
	dst := &b.set.App.Manifest
	if base {
		*dst = f
		b.label = m.Application.Label
		return
	}
	merge(dst, &f, part)
}

// anomalies tells of what is odd in binary XML or in a resource table.
func (b *builder) anomalies(unit string, list []restype.Anomaly) {
	for _, a := range list {
		switch {
		case a.Name == axml.AnomalyDepth || a.Name == axml.AnomalyBudget || a.Name == arsc.AnomalyBudget:
			b.note(unit, fact.ProblemBudget, true, "%s; the rest was not read (a fixed limit)", a.String())
		case a.Lossy:
			b.note(unit, fact.ProblemMalformed, true, "%s", a.String())
		case a.Refused:
			b.note(unit, fact.ProblemTampered, false, "%s (current Android refuses this)", a.String())
		}
	}
}

// merge adds what a split declares to the base's manifest.
func merge(dst, f *fact.Manifest, part string) {
	for _, c := range f.Components {
		c.Unit = part
		dst.Components = append(dst.Components, c)
	}
	for _, p := range f.Permissions {
		if !slices.Contains(dst.Permissions, p) {
			dst.Permissions = append(dst.Permissions, p)
		}
	}
	dst.MetaData = append(dst.MetaData, f.MetaData...)
	dst.UsesLibraries = union(dst.UsesLibraries, f.UsesLibraries)
	dst.HasCode = dst.HasCode || f.HasCode
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// toFact keeps what rules may ask.
func toFact(m *manifest.Manifest) fact.Manifest {
	a := &m.Application
	f := fact.Manifest{
		Present: true, Package: m.Package, Split: m.Split, VersionName: m.VersionName.Value, VersionCode: m.VersionCode,
		MinSDK: m.MinSDK, TargetSDK: m.TargetSDK, SharedUserID: m.SharedUserID,
		// Without an application element there is nothing to run.
		HasCode: a.Present && a.HasCode, Debuggable: a.Debuggable,
		UsesCleartextTraffic: a.UsesCleartextTraffic.String(), NetworkSecurityConfig: a.NetworkSecurityConfig.Value,
		Application: a.Name, AppComponentFactory: a.AppComponentFactory,
		RequiredSplits:  m.IsSplitRequired,
		QueriesPackages: m.Queries.Packages, QueriesAuthorities: m.Queries.Authorities,
	}
	for _, q := range m.Queries.Intents {
		f.QueriesActions = append(f.QueriesActions, q.Actions...)
	}
	for _, p := range m.Permissions {
		f.Permissions = append(f.Permissions, fact.Permission{Name: p.Name, MaxSDK: p.MaxSDK})
	}
	for _, p := range m.DeclaredPermissions {
		f.DeclaredPermissions = append(f.DeclaredPermissions, p.Name)
	}
	for _, l := range a.UsesLibraries {
		f.UsesLibraries = append(f.UsesLibraries, l.Name)
		if l.Kind == manifest.StaticLibrary {
			f.StaticLibraries = append(f.StaticLibraries, l.Name)
		}
	}
	f.MetaData = append(metaData(a.MetaData), metaData(a.Properties)...)
	for i := range a.Components {
		f.Components = append(f.Components, component(&a.Components[i], a.Enabled))
	}
	return f
}

func component(c *manifest.Component, appEnabled bool) fact.Component {
	out := fact.Component{
		Kind: fact.ComponentKind(c.Kind), Name: c.Name, Target: c.Target, Exported: c.Exported,
		Enabled: c.Enabled && appEnabled, Permission: c.Permission, Process: c.Process,
		Authorities: c.Authorities, Launcher: c.Launcher(),
		MetaData: append(metaData(c.MetaData), metaData(c.Properties)...),
	}
	for _, f := range c.IntentFilters {
		out.Actions = union(out.Actions, f.Actions)
		out.Categories = union(out.Categories, f.Categories)
		for _, d := range f.Data {
			if d.Scheme != "" {
				out.Schemes = union(out.Schemes, []string{d.Scheme})
			}
			if d.Host != "" {
				out.Hosts = union(out.Hosts, []string{d.Host})
			}
		}
	}
	return out
}

func metaData(list []manifest.MetaData) []fact.MetaData {
	var out []fact.MetaData
	for _, m := range list {
		out = append(out, fact.MetaData{Name: m.Name, Value: m.Value})
	}
	return out
}
