package bundle

// Info is what decides which APKs of a container belong together.
type Info struct {
	Place   Place
	Package string
	Version int64
	Signer  string // of the first signer; "" if not signed, as bundletool leaves APKs without a key
	Split   string // name of the split, "" for a base
	Digest  [32]byte
}

// Choice says what becomes of the APKs of a container, by their indices.
type Choice struct {
	Base   int   // -1 if there is none
	Splits []int // its splits
	// Same are other forms of the chosen app: byte-equal copies, variants for
	// other releases, standalone and universal APKs.
	Same []int
	// Others belong to other apps.
	Others []int
}

// Choose picks the APKs that would be installed together: a base with the
// splits of its package, version and signer. The infos come in order of
// preference, as Container.APKs does: among several bases it is one in the best
// place, there the one with the most splits, and else the first; among several
// splits of one name it is the first. Without any base, the splits of the first
// one's app are chosen.
func Choose(infos []Info) Choice {
	c := Choice{Base: -1}
	if len(infos) == 0 {
		return c
	}
	head, most := 0, -1
	for i := range infos {
		x := &infos[i]
		if x.Split != "" || c.Base >= 0 && x.Place != infos[c.Base].Place {
			continue
		}
		n := 0
		for j := range infos {
			if infos[j].Split != "" && x.fits(&infos[j]) {
				n++
			}
		}
		if n > most {
			c.Base, head, most = i, i, n
		}
	}
	app := &infos[head]
	names := map[string]bool{}
	digests := map[[32]byte]bool{app.Digest: true}
	for i := range infos {
		x := &infos[i]
		switch {
		case i == c.Base:
		case digests[x.Digest] && i != head:
			c.Same = append(c.Same, i)
			continue
		case x.Package != app.Package || x.Version != app.Version || x.Signer != app.Signer:
			c.Others = append(c.Others, i)
		case x.Split == "" || names[x.Split] || !app.fits(x):
			c.Same = append(c.Same, i)
		default:
			names[x.Split] = true
			c.Splits = append(c.Splits, i)
		}
		digests[x.Digest] = true
	}
	return c
}

// fits reports whether a split is one of the app that x is the base of.
func (x *Info) fits(split *Info) bool {
	return split.Package == x.Package && split.Version == x.Version && split.Signer == x.Signer &&
		(split.Place == x.Place || split.Place == InAssetSlices)
}
