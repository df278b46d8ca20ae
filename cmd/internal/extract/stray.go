package extract

import (
	"io"

	"github.com/telltale-apk/telltale/apk"
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
		return art.OATHoldsDEX(r, size)
	}
	return false
}
