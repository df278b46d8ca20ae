package scan

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// input is the files of one app, the base first.
type input struct {
	Index    int // among all inputs of a run
	Parts    []member
	Problems []fact.Problem // about the grouping
	Cost     int64          // bytes of memory that a scan of it takes, about
}

// member is a file of an app.
type member struct {
	candidate
	Role  extract.Role
	Split string
}

// size sums the sizes of the files; equal inputs have equal sizes.
func (in *input) size() (n int64) {
	for _, m := range in.Parts {
		n += m.Size
	}
	return n
}

// skippedKinds are files that folders hold besides apps: quietly counted, not
// reported. A bare file given as an argument is never skipped.
func (f *found) skip(c *candidate, kind string) {
	f.Skipped[cmp.Or(kind, string(c.Kind), "other")]++
}

// canBeInput reports whether a file of a folder may be an app, part of one, or
// something that somebody must be told of.
func canBeInput(c *candidate) bool {
	switch c.Kind {
	case apk.KindZIP, apk.KindDEX, apk.KindCDEX, apk.KindODEX, apk.KindVDEX, apk.KindELF, apk.KindOldAPKM, kindFrozen:
		return true
	}
	return c.Err != nil || namedApp(c) || isCompiled(c)
}

// group turns files into apps: a base APK with its splits, and the compiled
// code that Android keeps beside an APK, are one app.
func (f *found) group(ctx context.Context, o Options) []input {
	holds := f.holdsCode(ctx, o)
	peeks := f.peek(ctx, o)
	used := make([]bool, len(f.Files))
	byFile := map[string]int{}
	for i, c := range f.Files {
		if _, ok := byFile[c.File]; !ok {
			byFile[c.File] = i
		}
	}
	// Split sets: APKs in one folder of one package, version and signer, of
	// which exactly one is a base and the others have distinct split names.
	type key struct {
		dir, pkg, signer string
		version          int64
	}
	sets := map[key][]int{}
	for i, c := range f.Files {
		if p := peeks[i]; p != nil && p.Package != "" {
			k := key{path.Dir(c.Path), p.Package, p.Signer, p.VersionCode}
			sets[k] = append(sets[k], i)
		}
	}
	splitsOf := map[int][]int{}
	lone := map[int]string{}
	for _, set := range sets {
		base, ok := baseOf(set, peeks)
		for _, i := range set {
			if i == base || peeks[i].Split == "" {
				continue
			}
			if ok {
				splitsOf[base] = append(splitsOf[base], i)
				used[i] = true
			} else {
				lone[i] = peeks[i].Package
			}
		}
	}
	isaSets := f.isaSets(holds)
	var out []input
	for i := range f.Files {
		if used[i] {
			continue
		}
		c := &f.Files[i]
		switch {
		case c.Err != nil:
			out = append(out, input{Parts: []member{{candidate: *c, Role: extract.RoleBase}}})
			continue
		case peeks[i] == nil && !c.Explicit:
			if f.besideAPK(c, byFile) {
				continue // part of the app whose APK stands up to two folders up
			}
			if set, ok := isaSets[isaKey(c)]; ok && set[0] != i && holds(c) {
				continue // the same code for another processor
			}
			if c.Kind == apk.KindZIP {
				// A library of the system without code of its own.
				if beside := f.compiled(c); len(beside) > 0 {
					out = append(out, input{Parts: append([]member{{candidate: *c, Role: extract.RoleBase}}, beside...)})
					continue
				}
			}
			if !holds(c) && !namedApp(c) {
				f.skip(c, "")
				continue
			}
		}
		in := input{Parts: []member{{candidate: *c, Role: extract.RoleBase}}}
		if set := isaSets[isaKey(c)]; len(set) > 1 && set[0] == i && !c.Explicit {
			for _, other := range set[1:] {
				in.Parts = append(in.Parts, member{candidate: f.Files[other], Role: compiledRole(f.Files[other].Kind)})
			}
		}
		if p := peeks[i]; p != nil {
			in.Parts[0].Split = p.Split
			splits := splitsOf[i]
			slices.SortFunc(splits, func(x, y int) int { return strings.Compare(peeks[x].Split, peeks[y].Split) })
			for _, s := range splits {
				in.Parts = append(in.Parts, member{f.Files[s], extract.RoleSplit, peeks[s].Split})
			}
			in.Parts = append(in.Parts, f.compiled(c)...)
			if pkg, ok := lone[i]; ok && !p.HasCode {
				in.Problems = append(in.Problems, fact.Problem{
					Kind: fact.ProblemMissingPart, Lossy: true,
					Detail: fmt.Sprintf("this is a split without its base: pull the whole set with 'adb shell pm path %s' and 'adb pull' each path", pkg),
				})
			}
		}
		out = append(out, in)
	}
	code := map[string]int64{}
	for i, p := range peeks {
		if p != nil {
			code[f.Files[i].File] = p.Code
		}
	}
	for i := range out {
		out[i].Cost = costOf(&out[i], code)
	}
	return out
}

// What an app takes in memory was measured: up to six times its code, and what
// every one does.
const (
	costOfAny  = 16 << 20
	costOfCode = 6
)

// costOf estimates the memory that a scan of an app takes, from the bytes of
// code in its archives.
func costOf(in *input, code map[string]int64) int64 {
	n := int64(0)
	for _, m := range in.Parts {
		if c, ok := code[m.File]; ok {
			n += c
		} else {
			n += m.Size
		}
	}
	return costOfAny + costOfCode*min(n, 1<<50)
}

// namedApp reports whether a file has the name of an app. What it holds decides
// what it is; but of an app that was asked for and is empty, or an error page
// under its name, somebody must be told.
func namedApp(c *candidate) bool {
	switch strings.ToLower(filepath.Ext(c.File)) {
	case ".apk", ".apks", ".xapk", ".apkm", ".aab":
		return true
	}
	return false
}

// baseOf returns the one member without a split name, if the others' names are
// distinct.
func baseOf(set []int, peeks []*extract.Peeked) (base int, ok bool) {
	names := map[string]bool{}
	base = -1
	for _, i := range set {
		s := peeks[i].Split
		if names[s] {
			return -1, false
		}
		names[s] = true
		if s == "" {
			base = i
		}
	}
	return base, base >= 0
}

// holdsCode returns a function that reports whether a file of a folder is an
// input of its own though it is no APK: code, or frozen facts. A file that it
// cannot tell of is one, so that its result says why.
func (f *found) holdsCode(ctx context.Context, o Options) func(*candidate) bool {
	known := map[*candidate]bool{}
	look := func(c *candidate) bool {
		switch c.Kind {
		case apk.KindDEX, apk.KindCDEX, apk.KindOldAPKM, kindFrozen:
			return true
		case apk.KindODEX, apk.KindVDEX, apk.KindELF:
			r, st, err := openRegular(c.File)
			if err != nil {
				c.Err = err
				return true
			}
			defer r.Close()
			holds, err := o.Runner.HoldsCode(ctx, extract.Part{Path: c.Path, R: r, Size: st.Size()}, c.Kind, o)
			return holds || err != nil
		}
		return false
	}
	return func(c *candidate) bool {
		holds, ok := known[c]
		if !ok {
			holds = look(c)
			known[c] = holds
		}
		return holds
	}
}

// peek looks into every archive for what grouping needs. Of one that it cannot
// look into nothing is known but that the scan must say why.
func (f *found) peek(ctx context.Context, o Options) []*extract.Peeked {
	out := make([]*extract.Peeked, len(f.Files))
	beside := map[string]int{} // archives by folder
	for i := range f.Files {
		if f.Files[i].Kind == apk.KindZIP {
			beside[path.Dir(f.Files[i].Path)]++
		}
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(o.Jobs, 1) {
		wg.Go(func() {
			for i := range next {
				c := &f.Files[i]
				r, st, err := openRegular(c.File)
				if err != nil {
					c.Err = err
					continue
				}
				if out[i], err = o.Runner.Peek(ctx, extract.Part{Path: c.Path, R: r, Size: st.Size(), Lone: beside[path.Dir(c.Path)] == 1}, o); err != nil {
					out[i] = &extract.Peeked{}
				}
				r.Close()
			}
		})
	}
	for i, c := range f.Files {
		if c.Err == nil && c.Kind == apk.KindZIP && ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	return out
}

// isas are the folder names that Android uses for compiled code, the best first.
var isas = []string{"arm64", "arm", "x86_64", "x86", "riscv64", "mips64", "mips"}

// compiled finds the compiled code beside an APK: oat/ISA/NAME.odex and .vdex,
// ISA/NAME.odex of Android 5, NAME.odex of Android 4. The files are looked for
// on disk, so that they count also when only the APK was named.
func (f *found) compiled(c *candidate) []member {
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	dir := filepath.Dir(c.File)
	shown := path.Dir(c.Path)
	var out []member
	try := func(rel string) {
		st, err := os.Stat(filepath.Join(dir, filepath.FromSlash(rel)))
		if err != nil || !st.Mode().IsRegular() {
			return
		}
		m := member{candidate: f.look(path.Join(shown, rel), filepath.Join(dir, filepath.FromSlash(rel)), st, false)}
		if m.Role = compiledRole(m.Kind); m.Role != "" {
			out = append(out, m)
		}
	}
	for _, isa := range isas {
		try("oat/" + isa + "/" + name + ".vdex")
		try("oat/" + isa + "/" + name + ".odex")
		try(isa + "/" + name + ".odex")
	}
	try(name + ".odex")
	return out
}

// compiledRole is the role of compiled code of a kind, "" for other kinds.
func compiledRole(k apk.Kind) extract.Role {
	switch k {
	case apk.KindVDEX:
		return extract.RoleVDEX
	case apk.KindELF, apk.KindODEX:
		return extract.RoleODEX
	}
	return ""
}

// isCompiled reports whether a file has the name of compiled code.
func isCompiled(c *candidate) bool {
	switch filepath.Ext(c.File) {
	case ".odex", ".vdex", ".oat", ".art":
		return true
	}
	return false
}

// isaKey is what the compiled code of one APK for several processors has in
// common: the folder above those of the processors, and the name. It is "" for
// other files.
func isaKey(c *candidate) string {
	dir, file := path.Split(c.Path)
	dir = path.Clean(dir)
	if !isCompiled(c) || !slices.Contains(isas, path.Base(dir)) {
		return ""
	}
	return path.Join(path.Dir(dir), strings.TrimSuffix(file, path.Ext(file)))
}

// isaSets finds compiled code that stands there for several processors, or as
// both VDEX and ODEX: the best first.
func (f *found) isaSets(holds func(*candidate) bool) map[string][]int {
	sets := map[string][]int{}
	for i := range f.Files {
		if k := isaKey(&f.Files[i]); k != "" && !f.Files[i].Explicit && compiledRole(f.Files[i].Kind) != "" {
			sets[k] = append(sets[k], i)
		}
	}
	rank := func(i int) int {
		c := &f.Files[i]
		r := 2 * slices.Index(isas, path.Base(path.Dir(c.Path)))
		if c.Kind != apk.KindVDEX {
			r++
		}
		return r
	}
	for k, set := range sets {
		set = slices.DeleteFunc(set, func(i int) bool { return !holds(&f.Files[i]) })
		slices.SortStableFunc(set, func(x, y int) int { return cmp.Compare(rank(x), rank(y)) })
		if sets[k] = set; len(set) == 0 {
			delete(sets, k)
		}
	}
	return sets
}

// besideAPK reports whether a file is the compiled code of an APK or JAR that
// was found.
func (f *found) besideAPK(c *candidate, byFile map[string]int) bool {
	if !isCompiled(c) {
		return false
	}
	dir, file := filepath.Split(c.File)
	dir = filepath.Clean(dir)
	name := strings.TrimSuffix(file, filepath.Ext(file))
	for _, up := range []string{dir, filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
		for _, ext := range []string{".apk", ".jar"} {
			if i, ok := byFile[filepath.Join(up, name+ext)]; ok && f.Files[i].Kind == apk.KindZIP {
				return true
			}
		}
	}
	return false
}
