package extract

import (
	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/signatures/fact"
)

const tableName = "resources.arsc"

// tableUnit is a resource table and where it stands.
type tableUnit struct {
	unit  string
	table *arsc.Table
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
				b.tables = append(b.tables, tableUnit{unit, t})
				b.anomalies(unit, t.Anomalies())
			} else {
				b.problem(unit, problemKind(err), err, true)
			}
		}
	}
	return b.view()
}

// view picks resources as a phone with the wanted language would.
func (b *builder) view() *arsc.View {
	tables := make([]*arsc.Table, len(b.tables))
	for i, t := range b.tables {
		tables[i] = t.table
	}
	return arsc.Join(tables...).View(arsc.Options{Locale: b.o.Locale})
}

// resolveLabel looks the label up once the tables of all splits are known.
func (b *builder) resolveLabel() { b.set.App.Label = b.label.In(b.view()) }

// resourceTexts yields the strings of the resource tables.
func (b *builder) resourceTexts(yield func(fact.Text) bool) bool {
	for _, t := range b.tables {
		for s := range t.table.Strings() {
			if !yield(fact.Text{Unit: t.unit, Kind: fact.TextResource, Off: s.Off, Name: s.Name(), Value: s.Value}) {
				return false
			}
		}
	}
	return true
}
