package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// Profiles are what products that lost their names are recognised by. They are
// opened when the first app asks for them. It is safe for concurrent use.
type Profiles struct {
	// Added is the data of indices besides the bundled one, in the order in
	// which they are asked.
	Added []string

	open sync.Once
	all  []*profile.Index
	err  error
}

// Indices opens the added indices and, last, the bundled one.
func (p *Profiles) Indices() ([]*profile.Index, error) {
	p.open.Do(func() {
		for _, data := range p.Added {
			x, err := profile.Open(data)
			if err != nil {
				p.err = err
				return
			}
			p.all = append(p.all, x)
		}
		x, err := profile.Bundled()
		if err != nil {
			p.err = err
			return
		}
		p.all = append(p.all, x)
	})
	return p.all, p.err
}

// Key tells sets of profiles apart. The bundled ones are part of the program.
func (p *Profiles) Key() string {
	if p == nil {
		return "no profiles"
	}
	h := sha256.New()
	for _, data := range p.Added {
		fmt.Fprintf(h, "%d ", len(data))
		io.WriteString(h, data)
	}
	return "profiles " + hex.EncodeToString(h.Sum(nil))
}

// Digest names what was added to the bundled profiles, "" if nothing was.
func (p *Profiles) Digest() string {
	if p == nil || len(p.Added) == 0 {
		return ""
	}
	return "sha256:" + strings.TrimPrefix(p.Key(), "profiles ")
}

// profiles looks for products that lost their names, in what rules do not know
// by name. What one index tells of a product, a later one does not tell again.
func profiles(ctx context.Context, set *fact.Set, m *signatures.Matches, o Options, team *signatures.Crew) ([]profile.Match, error) {
	if o.Profiles == nil || len(set.Units) == 0 || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	all, err := o.Profiles.Indices()
	if err != nil {
		return nil, err
	}
	var out []profile.Match
	for _, x := range all {
		found := x.Match(ctx, set, ProfileOptions(m, team))
		n := len(out)
		for _, f := range found {
			if !slices.ContainsFunc(out[:n], func(o profile.Match) bool { return o.Profile.Rule == f.Profile.Rule }) {
				out = append(out, f)
			}
		}
	}
	return out, ctx.Err()
}

// ProfileOptions lets profiles look at what rules do not know by name. A nil
// team is of one worker.
func ProfileOptions(m *signatures.Matches, team *signatures.Crew) profile.Options {
	return profile.Options{Crew: team, Named: func(unit int, typ uint32) bool {
		_, ok := m.Owner(unit, typ)
		return ok
	}}
}
