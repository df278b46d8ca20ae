package extract

import (
	"path"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/bundle"
	"github.com/telltale-apk/telltale/apk/manifest"
)

// Peeked is what can be told of an archive without reading its code.
type Peeked struct {
	Package     string
	VersionCode int64
	Split       string
	Signer      string // digest of the first certificate; perhaps "" of a lone part
	HasCode     bool   // it holds classes.dex, or class files
	Code        int64  // bytes of code to inflate, by what the archive declares
}

// Peek looks into an archive. It returns nil if that is no app, no library and
// no container of apps: neither a manifest nor code is in it.
func Peek(part Part, l Limits) *Peeked {
	limits := l.archive()
	ar, err := limits.NewReader(part.R, part.Size)
	if err != nil {
		// Damaged, but it may be an app: let the scan say what is wrong.
		return &Peeked{}
	}
	budget := apk.NewBudget(limits)
	p := peek(ar, part.Lone, budget)
	p.Code = declared(ar)
	if !p.HasCode && ar.Lookup(manifestName) == nil {
		if !bundle.Detect(ar, limits, budget) {
			return nil
		}
		p.HasCode = true // which APKs of it belong together, it says itself
	}
	return p
}

func peek(ar *apk.Archive, lone bool, budget *apk.Budget) *Peeked {
	p := &Peeked{HasCode: ar.Lookup(dexName(1)) != nil}
	if !lone {
		p.Signer = firstSigner(ar, budget)
	}
	e := ar.Lookup(manifestName)
	if e == nil {
		p.HasCode = p.HasCode || holdsClasses(ar, budget)
		return p
	}
	data, err := e.Read(budget)
	if err != nil {
		return p
	}
	if m, err := manifest.Open(data, nil); err == nil {
		p.Package, p.VersionCode, p.Split = m.Package, m.VersionCode, m.Split
	}
	return p
}

// declared sums up what DEX files, and archives that may hold some, are declared
// to inflate to.
func declared(ar *apk.Archive) (n int64) {
	for _, e := range ar.Entries() {
		switch ext := path.Ext(e.RawName); ext {
		case ".dex", ".apk", ".jar", ".aar":
			size := max(e.Size, e.CompressedSize)
			if ext != ".dex" {
				size *= 2 // as code in them is deflated once more
			}
			// No more than DEFLATE can make of it: the directory may lie.
			n += max(0, min(size, min(e.CompressedSize, 1<<40)*1040, 1<<40))
		}
	}
	return min(n, 1<<50)
}
