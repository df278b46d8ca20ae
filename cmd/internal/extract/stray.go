package extract

import (
	"io"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/elf"
	"github.com/telltale-apk/telltale/dex/art"
)

// HoldsCode reports whether a compiled file (VDEX, OAT, Dalvik ODEX) that lies
// in a folder without its APK holds DEX code itself. Most that newer releases
// write do not, and native libraries never do.
func HoldsCode(r io.ReaderAt, size int64, kind apk.Kind) bool {
	switch kind {
	case apk.KindODEX:
		return true
	case apk.KindVDEX:
		head := make([]byte, min(16<<10, size)) // room for the checksums of thousands of DEX files
		n, _ := r.ReadAt(head, 0)
		return art.HoldsDEX(head[:n])
	case apk.KindELF:
		f, err := elf.NewFile(r, size)
		if err != nil {
			return false
		}
		if _, _, ok := f.SymbolOffset("oatdata"); !ok {
			return false
		}
		data, err := readAll(Part{R: r, Size: size})
		if err != nil {
			return false
		}
		c, err := art.OpenOAT(data)
		return err == nil && len(c.Codes) > 0
	}
	return false
}
