package extract

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/signatures/fact"
)

// What tells, without knowing any packer, that more code is there than was read.

const (
	// fewClasses is the number of classes below which an app hardly does
	// anything itself.
	fewClasses = 60
	// minDense is the size of files that may hold the code of an app, in bytes.
	minDense = 256 << 10
	// denseBits is how many bits a byte of encrypted or compressed data holds, at least.
	denseBits = 7.95
)

// dense is a file of no known kind whose bytes look random.
type dense struct {
	unit string
	size int64
}

// undefined tells of classes that the manifest names and no code defines, if
// they are half of them or more. Names are those of the code.
func (b *builder) undefined() {
	a := &b.set.App
	m := &a.Manifest
	if !m.Present || m.Split != "" || b.library || slices.ContainsFunc(a.Problems, explains) {
		return
	}
	if needsCode(m) && !slices.ContainsFunc(b.set.Units, func(u fact.Unit) bool { return u.Info().Loaded }) {
		b.note("", fact.ProblemMissingCode, true, "there is no code in it that Android would load, only code inside other files: that of a preinstalled app lies in oat/*/ beside the APK, and none was there. Pull the whole folder")
		return
	}
	defined := map[string]bool{} // class names of the manifest, as descriptors
	name := func(class string) {
		// A component may be one of Android's own, as NativeActivity is.
		if class != "" && !strings.HasPrefix(class, "android.") {
			defined["L"+strings.ReplaceAll(class, ".", "/")+";"] = false
		}
	}
	name(m.Application)
	name(m.AppComponentFactory)
	for i := range m.Components {
		if c := &m.Components[i]; c.Kind != fact.ActivityAlias {
			name(c.Name)
		}
	}
	missing, classes := len(defined), 0
	for _, u := range b.set.Units {
		if u.Info().Loaded {
			classes += u.NumClasses()
		}
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			if was, named := defined[u.Type(typ)]; named && !was {
				defined[u.Type(typ)] = true
				missing--
			}
		}
	}
	if missing >= 2 && 2*missing >= len(defined) {
		b.note("", fact.ProblemMissingCode, true,
			"%d of %d classes that the manifest names are in no code that was read: the code may be packed, be loaded from elsewhere, or lie in a part that is not here", missing, len(defined))
	}
	if n := len(b.hidden.dense); n > 0 && classes < fewClasses {
		largest := slices.MaxFunc(b.hidden.dense, func(x, y dense) int { return cmp.Compare(x.size, y.size) })
		b.note("", fact.ProblemMissingCode, false,
			"the code has %d classes only, and %d files of no known kind look encrypted or compressed, the largest %s with %d bytes: more code may be in them", classes, n, largest.unit, largest.size)
	}
}

// explains reports whether a problem says already why classes are missing.
func explains(p fact.Problem) bool {
	return p.Lossy || p.Kind == fact.ProblemMissingCode || p.Kind == fact.ProblemMissingPart
}

// looksDense reports whether the start and the middle of data look random.
func looksDense(data []byte) bool {
	const sample = 64 << 10
	if len(data) < 2*sample {
		return false
	}
	half := len(data) / 2
	return entropy(data[:sample]) >= denseBits && entropy(data[half:half+sample]) >= denseBits
}

// entropy returns how many bits of information a byte holds, by the frequency
// of bytes.
func entropy(data []byte) float64 {
	var count [256]int
	for _, c := range data {
		count[c]++
	}
	bits, n := 0.0, float64(len(data))
	for _, c := range count {
		if c > 0 {
			p := float64(c) / n
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
