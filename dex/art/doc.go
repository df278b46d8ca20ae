// Package art finds the DEX code that Android keeps outside APKs: in OAT files
// (versions 039 to 244, inside ELF files named .odex or .oat), in VDEX files
// (006, 010, 019 to 021, 027) and in the optimised DEX files of Dalvik
// ("dey\n036").
//
// ART replaced instructions by quicker ones that name an offset or a vtable
// slot in place of a field or method ("quickening", Android 5 to 11). Where the
// container keeps what is needed to undo that, the instructions are restored
// in a copy, so that readers see real references; what cannot be restored is
// counted in [Code.Unresolved], because an analysis that missed calls must say so.
//
// # Threat model
//
// Every byte is hostile. Offsets and sizes are checked against the file before
// use; the copy made for unquickening has the size of the file; records and
// DEX files are limited by [MaxCodes]. A DEX file that cannot be read does not
// lose the others. Nothing panics.
//
// # Sources
//
// AOSP art: runtime/oat.h, runtime/oat_file.cc, runtime/vdex_file.h and .cc,
// runtime/quicken_info.h, libdexfile/dex/compact_offset_table.h,
// dex_to_dex_decompiler.cc, in the revisions that the versions name; for Dalvik:
// dalvik/libdex/OptInvocation and DexFile.h.
package art

import (
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
)

// MaxCodes limits the DEX files of one container.
const MaxCodes = 4096

// Code is one DEX file of a container.
type Code struct {
	// Name is the location that the container records for it
	// ("/system/app/X/X.apk", "…!classes2.dex"); "" if it records none.
	Name string
	// Checksum is the location checksum: the CRC-32 of classes.dex in the APK
	// that it was taken from.
	Checksum uint32
	// File is the DEX file, quickened instructions restored where possible.
	File *dex.File
	// Restored and Unresolved count quickened instructions.
	Restored, Unresolved int
}

// Container is an OAT or VDEX file.
type Container struct {
	Format  string // "oat", "vdex", "odex"
	Version string // three digits
	Codes   []Code
	// Elsewhere counts DEX files that the container names but does not hold:
	// they stay in the APK, or in the VDEX file beside an OAT file.
	Elsewhere int
	// Filter is the compiler filter that an OAT file records.
	Filter    string
	Anomalies []*binread.FormatError

	quick006 *binread.Cursor // info of 006, read on from one DEX file to the next
}

func (c *Container) odd(kind binread.Kind, section string, off int64, format string, args ...any) {
	const most = 100
	if len(c.Anomalies) < most {
		c.Anomalies = append(c.Anomalies, binread.Errorf(kind, section, off, format, args...))
	}
}
