package extract

import (
	"bytes"
	"encoding/hex"
	"path"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/elf"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// minNativeText is the shortest run of text taken from a native library, in
// characters: shorter ones are mostly chance, and no host is shorter than "a.bc".
const minNativeText = 6

// native notes a native library.
func (b *builder) native(e *apk.Entry, unit string) {
	lib := fact.NativeLib{Unit: unit, Name: path.Base(e.Name)}
	if d := path.Dir(e.Name); path.Base(path.Dir(d)) == "lib" || path.Base(path.Dir(d)) == "jni" {
		lib.ABI = path.Base(d)
	}
	data, err := e.Read(b.budget)
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		return
	}
	f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.problem(unit, problemKind(err), err, true)
		b.set.App.Libs = append(b.set.App.Libs, lib)
		return
	}
	if lib.ABI == "" {
		lib.ABI = f.ABI()
	}
	lib.BuildID, lib.Needed = hex.EncodeToString(f.BuildID), f.Needed
	symbols, err := f.Symbols()
	if err != nil {
		b.problem(unit, problemKind(err), err, false)
	}
	for _, s := range symbols {
		switch {
		case s.Name == "":
		case s.Defined():
			lib.Symbols = append(lib.Symbols, s.Name)
		default:
			lib.Imports = append(lib.Imports, s.Name)
		}
	}
	b.set.App.Libs = append(b.set.App.Libs, lib)
	b.texts = append(b.texts, textSource{unit: unit, kind: apk.KindELF, e: e})
}

// nativeText yields the text in the read-only data of a native library.
func (b *builder) nativeText(s textSource, budget *apk.Budget, yield func(fact.Text) bool) (more bool, err error) {
	data, err := s.e.Read(budget)
	if err != nil {
		return true, err
	}
	f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return true, err
	}
	for t, err := range f.Strings(minNativeText) {
		if err != nil {
			return true, err
		}
		if !yield(fact.Text{Unit: s.unit, Kind: fact.TextNative, Off: t.Off, Value: t.Value}) {
			return false, nil
		}
	}
	return true, nil
}
