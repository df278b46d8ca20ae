package extract

import (
	"cmp"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/protoxml"
	"github.com/telltale-apk/telltale/signatures/fact"
)

const tableName = "resources.arsc"

// tableUnit is a resource table and where it stands.
type tableUnit struct {
	unit  string
	table *arsc.Table
	proto *protoxml.Table // of a bundle's module, instead
}

// resources reads the table of an APK of the app and returns all tables so far
// as a resolver of references.
func (b *builder) resources(ar *apk.Archive, pl place) manifest.Resolver {
	if e := ar.Lookup(tableName); e != nil {
		unit := pl.prefix + tableName
		data, err := e.Read(b.budget)
		if err != nil {
			b.problem(unit, problemKind(err), err, true)
		}
		if len(data) > 0 {
			t, err := arsc.Open(data)
			if err == nil {
				b.tables = append(b.tables, tableUnit{unit: unit, table: t})
				b.anomalies(unit, t.Anomalies())
			} else {
				b.problem(unit, problemKind(err), err, true)
			}
		}
	}
	return b.view()
}

// view picks resources as a phone with the wanted language would.
func (b *builder) view() manifest.Resolver {
	opts := arsc.Options{Locale: b.o.Locale}
	var tables []*arsc.Table
	var protos []*protoxml.Table
	for _, t := range b.tables {
		if t.proto != nil {
			protos = append(protos, t.proto)
		} else {
			tables = append(tables, t.table)
		}
	}
	if protos != nil { // a bundle has no other tables
		return protoxml.NewView(opts, protos...)
	}
	return arsc.Join(tables...).View(opts)
}

// resolveLabel looks the label up once the tables of all splits are known.
func (b *builder) resolveLabel() { b.set.App.Label = cmp.Or(b.label.In(b.view()), b.title) }

// resourceTexts yields the strings of the resource tables.
func (b *builder) resourceTexts(yield func(fact.Text) bool) bool {
	for _, t := range b.tables {
		if t.proto != nil {
			for s := range t.proto.Strings() {
				if !yield(fact.Text{Unit: t.unit, Kind: fact.TextResource, Off: s.Off, Name: s.Name, Value: s.Value}) {
					return false
				}
			}
			continue
		}
		for s := range t.table.Strings() {
			if !yield(fact.Text{Unit: t.unit, Kind: fact.TextResource, Off: s.Off, Name: s.Name(), Value: s.Value}) {
				return false
			}
		}
	}
	return true
}
