package dataset

import (
	"slices"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// rows are what one app puts into the tables.
type rows struct {
	app         App
	sdks        []SDK
	endpoints   []Endpoint
	identifiers []Identifier
	permissions []Permission
	problems    []Problem
}

func rowsOf(a *event.App) rows {
	r := rows{app: App{
		App: a.Path, SHA256: a.SHA256, Package: a.Package, Label: a.Label, VersionName: a.VersionName, VersionCode: a.VersionCode,
		MinSDK: int32(a.MinSDK), TargetSDK: int32(a.TargetSDK), Status: string(a.Status),
	}}
	for _, s := range a.Signers {
		r.app.Signers = append(r.app.Signers, s.SHA256)
	}
	for _, c := range a.Code {
		r.app.Classes += int64(c.Classes)
		r.app.Instructions += int64(c.Instructions)
	}
	for _, s := range a.SDKs {
		if s.Tracker && s.State != finding.Referenced {
			r.app.Trackers++
		}
		row := SDK{
			App: a.Path, SHA256: a.SHA256, Package: a.Package, SDK: s.ID, Name: s.Name, Vendor: s.Vendor, Category: s.Category,
			Tracker: s.Tracker, State: string(s.State), AtStartup: s.AtStartup != nil, Confidence: s.Confidence,
		}
		if s.Version != nil {
			row.Version = &s.Version.Value
		}
		r.sdks = append(r.sdks, row)
	}
	for _, e := range a.Endpoints {
		row := Endpoint{
			App: a.Path, SHA256: a.SHA256, Package: a.Package, Value: e.Value, Host: e.Host, Domain: e.RegistrableDomain,
			Owner: e.Owner, Noise: e.Noise, SDK: e.SDK,
		}
		if g := e.RegisteredIn; g != nil {
			row.City, row.Country, row.Grade, row.Evidence = &g.City, &g.Country, &g.Grade, &g.Evidence
		}
		r.endpoints = append(r.endpoints, row)
	}
	for _, i := range a.Identifiers {
		// One row for each whose code asks for it, in the order in which they come.
		var who []string
		n := map[string]int32{}
		for _, s := range i.Sites {
			if n[s.SDK]++; !slices.Contains(who, s.SDK) {
				who = append(who, s.SDK)
			}
		}
		for _, sdk := range who {
			row := Identifier{
				App: a.Path, SHA256: a.SHA256, Package: a.Package, Identifier: i.ID, Reset: i.Reset, SDK: sdk, Sites: n[sdk],
				Permission: i.Permission, PermissionDeclared: i.PermissionDeclared,
			}
			r.identifiers = append(r.identifiers, row)
		}
	}
	for _, p := range a.Permissions {
		r.permissions = append(r.permissions, Permission{a.Path, a.SHA256, a.Package, p.Name})
	}
	for _, p := range a.Problems {
		r.problems = append(r.problems, Problem{a.Path, a.SHA256, p.Part, string(p.Kind), p.Detail})
	}
	return r
}
