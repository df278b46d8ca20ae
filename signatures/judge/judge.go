// Package judge says what the facts of an app mean under a set of rules: which
// products the app carries and how active they are shown to be, which endpoints
// its code names, which identifiers and sinks it calls, and whose code each
// place is.
//
// # Words
//
// An app carries an SDK, names a host, calls a method. That data is sent is
// nowhere said: that would be a statement about the flow of data, which this
// package does not look at. What is not shown to be reachable is not called
// unreachable.
//
// # Limits
//
// Facts may come from a hostile file. Work is linear in the number of
// references, plus the walks of the call graph that are needed (one for each
// kind of entry point, and up to three hops back from code of unknown
// libraries). Lists of places are cut at the limits of [Options]; totals say how
// many there were. The result depends on nothing but the arguments and is
// sorted throughout.
package judge

import (
	"context"
	"runtime"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// Options steer what is told.
type Options struct {
	// ShowKeys shows app keys, and keys, tokens and users in URLs, in full
	// instead of masking them.
	ShowKeys bool
	// ShowInferred tells records that are guesses, too.
	ShowInferred bool
	// MaxLocations bounds the places told for each endpoint and the evidence
	// of each SDK; 0 means 50.
	MaxLocations int
	// MaxSites bounds the places told for each identifier and sink; 0 means
	// 1000 and 100.
	MaxSites int
	// Texts holds what Match handed on of the strings outside code. If it is
	// nil, Judge reads them.
	Texts *Texts
	// Profiles are products that were recognised by what renaming cannot touch.
	Profiles []profile.Match
	// Crew is asked for workers, and the caller has joined it. If it is nil,
	// there are as many as processors.
	Crew *signatures.Crew
}

func (o Options) crew() *signatures.Crew {
	if o.Crew != nil {
		return o.Crew
	}
	c := signatures.NewCrew(runtime.GOMAXPROCS(0))
	c.Join()
	return c
}

func (o Options) locations() int {
	if o.MaxLocations > 0 {
		return o.MaxLocations
	}
	return 50
}

func (o Options) identifierSites() int {
	if o.MaxSites > 0 {
		return o.MaxSites
	}
	return 1000
}

func (o Options) sinkSites() int {
	if o.MaxSites > 0 {
		return o.MaxSites
	}
	return 100
}

// judge is the state of one judgement.
type judge struct {
	ctx   context.Context
	set   *fact.Set
	rules *signatures.Compiled
	m     *signatures.Matches
	opt   Options

	spotter
	notes   *releases
	units   []unitState
	owners  *owners
	vias    map[fact.MethodID][]caller
	doings  map[ownerKey]*doings
	perms   map[string]fact.Permission
	handed  map[handed]bool
	words   []spotted // words of the catalogue that strings hide
	files   map[string]*owner
	libs    map[string]string // name of a native library → its first file
	unknown map[string]int    // classes of unknown libraries, by name
	renamed renamed
	// byClass holds the methods of components and of the classes above them.
	byClass map[string][]fact.MethodID
	scope   finding.Scope
}

// unitState is what is kept for each unit.
type unitState struct {
	fact.Unit
	info    fact.UnitInfo
	bodies  []fact.Body
	refs    []fact.Ref
	members map[uint32]string // smali notation of methods that were shown, by index
	readers readersOf
	asked   bool // readers are filled in
	pieces  pieces
	ran     *emulated // nil until asked
	owned   []*owner  // by type, nil until asked
}

// Judge tells what the facts mean. The error is ctx's.
func Judge(ctx context.Context, set *fact.Set, rules *signatures.Compiled, m *signatures.Matches, opt Options) (*finding.Findings, error) {
	j := &judge{ctx: ctx, set: set, rules: rules, m: m, opt: opt, spotter: newSpotter(rules), vias: map[fact.MethodID][]caller{}, doings: map[ownerKey]*doings{}, perms: map[string]fact.Permission{}, handed: map[handed]bool{}, unknown: map[string]int{}}
	for _, p := range set.App.Manifest.Permissions {
		j.perms[p.Name] = p
	}
	for _, u := range set.Units {
		j.units = append(j.units, unitState{Unit: u, info: u.Info(), bodies: u.Bodies(), refs: u.Refs(), members: map[uint32]string{}})
	}
	var roots []string
	if !isLibrary(set.Units) {
		roots = ownRoots(&set.App.Manifest, j.defined(), func(desc string) bool {
			_, ok := m.OwnerOfClass(desc)
			return ok
		})
	}
	j.renamed = newRenamed(rules.Rules(), opt.Profiles)
	j.owners = newOwners(m.OwnerOfClass, roots)
	j.owners.renamed = j.renamed.owner
	return j.all()
}
