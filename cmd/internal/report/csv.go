package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// csvText is how many characters of a text a cell has: spreadsheets cut cells
// silently at 32,767, and a name that an app repeats in every row would fill disks.
const csvText = 8000

// csvColumns is the header. Columns are added at the end, never changed.
var csvColumns = []string{
	"path", "package", "version_name", "version_code", "status", // of the app
	"kind", "id", "name", "category", "vendor", "state", "confidence",
	"record_city", "record_country", "record_grade",
	"detail", "whose_code", "places", "unit", "class", "method", "offset",
}

// csvRow is what one row says beside the app.
type csvRow struct {
	kind, id, name, category, vendor, state, confidence string
	record                                              *finding.Registration
	detail, whose                                       string
	places                                              int // 0 if not counted
	at                                                  finding.Location
}

// csvHandler writes one row an app ("app", with its status: an app without
// findings is not thereby clean), one a problem, and one a finding: "sdk",
// "endpoint", "identifier", "sink", "permission", or a verdict of the policy. A finding's row shows one of
// its places and counts them all.
//
// Spreadsheets run cells as formulas. Cells that could be one begin with an
// apostrophe; see csvCell.
type csvHandler struct {
	w *csv.Writer
}

func newCSV(w io.Writer) *csvHandler { return &csvHandler{csv.NewWriter(w)} }

func (h *csvHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		h.w.Write(csvColumns)
	case m.App != nil:
		h.app(m.App)
	}
	h.w.Flush()
	return h.w.Error()
}

func (h *csvHandler) Close() error {
	h.w.Flush()
	return h.w.Error()
}

func (h *csvHandler) app(a *event.App) {
	h.row(a, csvRow{kind: "app", id: a.Package, name: a.Label, detail: codeText(a)})
	for _, p := range a.Problems {
		state := "note"
		if p.Lossy {
			state = "lossy"
		}
		h.row(a, csvRow{kind: "problem", id: string(p.Kind), state: state, detail: p.Detail, at: finding.Location{Unit: p.Part}})
	}
	h.verdicts(a)
	for i := range a.SDKs {
		s := &a.SDKs[i]
		r := csvRow{kind: "sdk", id: s.ID, name: s.Name, category: s.Category, vendor: s.VendorName, state: string(s.State), confidence: s.Confidence, detail: s.Basis, places: len(s.Evidence)}
		if s.Version != nil {
			r.detail = "version " + s.Version.Value + "; " + r.detail
		}
		switch {
		case s.Tracker:
			r.detail = "tracker; " + r.detail
		case s.Service:
			r.detail = sdkLabel(s) + "; " + r.detail
		}
		if len(s.VendorRecords) > 0 {
			r.record = &s.VendorRecords[0]
		}
		if len(s.Evidence) > 0 {
			r.at = s.Evidence[0].Location
		}
		h.row(a, r)
	}
	for i := range a.Endpoints {
		e := &a.Endpoints[i]
		r := csvRow{kind: "endpoint", id: e.Host, name: e.Value, category: e.Role, vendor: e.OwnerName, record: e.RegisteredIn, places: e.Total}
		if e.Noise != "" {
			r.state, r.detail = "noise", e.Noise
		}
		if e.Doubtful {
			r.confidence = "low"
		}
		r.sites(e.Locations)
		h.row(a, r)
	}
	for i := range a.Identifiers {
		id := &a.Identifiers[i]
		r := csvRow{kind: "identifier", id: id.ID, name: id.Name, category: id.Group, confidence: id.Confidence, detail: idNotes(id), places: id.Total}
		r.sites(id.Sites)
		h.row(a, r)
	}
	for i := range a.Sinks {
		s := &a.Sinks[i]
		r := csvRow{kind: "sink", id: s.ID, name: s.Name, category: s.Group, places: s.Total}
		r.sites(s.Sites)
		h.row(a, r)
	}
	for _, p := range a.Permissions {
		h.row(a, csvRow{kind: "permission", id: p.Name})
	}
}

// sites takes the first place and counts whose code all of them are.
func (r *csvRow) sites(sites []finding.Site) {
	if len(sites) > 0 {
		r.at = sites[0].Location
		r.whose = owners(sites)
	}
}

func (h *csvHandler) row(a *event.App, r csvRow) {
	rec := cmp.Or(r.record, &finding.Registration{})
	places, offset := "", ""
	if r.places > 0 {
		places = strconv.Itoa(r.places)
	}
	if r.at.Offset != nil {
		offset = fmt.Sprint(*r.at.Offset)
	}
	cells := []string{
		a.Path, a.Package, a.VersionName, fmt.Sprint(a.VersionCode), string(a.Status),
		r.kind, r.id, r.name, r.category, r.vendor, r.state, r.confidence,
		rec.City, rec.Country, rec.Grade,
		r.detail, r.whose, places, r.at.Unit, r.at.Class, r.at.Method, offset,
	}
	for i, c := range cells {
		cells[i] = csvCell(c)
	}
	h.w.Write(cells)
}

// csvCell makes text from a file safe for spreadsheets: nothing invisible, and
// an apostrophe before what would be a formula at the start of a cell, or
// behind a semicolon, which is where cells start in half of the world's
// locales.
func csvCell(s string) string {
	s = brief(s, csvText)
	if !strings.ContainsAny(s, "=+-@＝＋－＠") {
		return s
	}
	var b strings.Builder
	start := true
	for _, r := range s {
		if start && strings.ContainsRune("=+-@＝＋－＠", r) {
			b.WriteByte('\'')
		}
		// What importers skip or strip at the start of a cell keeps the start.
		start = r == ';' || start && (r == ' ' || r == '"' || r == '\u00a0' || r == '\u3000')
		b.WriteRune(r)
	}
	return b.String()
}
