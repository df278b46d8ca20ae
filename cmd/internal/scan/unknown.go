package scan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// Unknown gathers over all apps of a run what code no rule knows: a package in
// many of them is a rule that waits to be written. Its zero value is ready.
type Unknown struct {
	by map[string]*event.UnknownCluster
}

// Limits of what is gathered.
const (
	maxClusters    = 1 << 16 // packages
	maxClusterApps = 100     // that are named for one
)

// Add takes a result in.
func (u *Unknown) Add(app *event.App) {
	if u.by == nil {
		u.by = map[string]*event.UnknownCluster{}
	}
	for i := range app.Unknown {
		x := &app.Unknown[i]
		c := u.by[x.Package]
		if c == nil {
			if len(u.by) == maxClusters {
				continue
			}
			c = &event.UnknownCluster{Package: x.Package, Reads: []string{}, Names: []string{}, Apps: []string{}}
			u.by[x.Package] = c
		}
		c.Total++
		if len(c.Apps) < maxClusterApps {
			c.Apps = append(c.Apps, app.Path)
		}
		c.Classes, c.Instructions = max(c.Classes, x.Classes), max(c.Instructions, x.Instructions)
		c.Reads, c.Names = join(c.Reads, x.Reads), join(c.Names, x.Names)
	}
}

func join(ids []string, uses []finding.Use) []string {
	for _, u := range uses {
		if i, ok := slices.BinarySearch(ids, u.ID); !ok {
			ids = slices.Insert(ids, i, u.ID)
		}
	}
	return ids
}

// Clusters returns what was gathered: first what most apps carry, then the
// biggest and those that ask for most identifiers.
func (u *Unknown) Clusters() []event.UnknownCluster {
	var out []event.UnknownCluster
	for _, p := range slices.Sorted(maps.Keys(u.by)) {
		out = append(out, *u.by[p])
	}
	slices.SortStableFunc(out, func(a, b event.UnknownCluster) int {
		return cmp.Or(-cmp.Compare(a.Total, b.Total), -cmp.Compare(a.Classes*(1+len(a.Reads)), b.Classes*(1+len(b.Reads))))
	})
	return out
}
