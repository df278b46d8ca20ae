// Package extract turns an app's files into facts. It is the only package that
// knows both the readers of files (apk, dex) and the vocabulary of facts.
//
// # Limits and threat model
//
// Every byte is hostile. What a file declares is never trusted for an
// allocation; [Limits] are charged before bytes are inflated, and reaching one
// ends that part alone, as a Problem that names the limit. Nothing is written
// to disk, nothing is run, no network is used. Facts are read from the Source
// lazily: it must stay open as long as they are in use.
package extract

import "io"

// Role says what a file is within an app.
type Role string

// The roles of parts.
const (
	RoleBase      Role = "base"      // the APK that the app is named after, or the only file
	RoleSplit     Role = "split"     // another APK of the same app
	RoleODEX      Role = "odex"      // compiled code beside the APK
	RoleVDEX      Role = "vdex"      // verified code beside the APK
	RoleContainer Role = "container" // a bundle that holds the APKs
)

// Part is one input file. R must be safe for concurrent use.
type Part struct {
	Path  string // as reached from the argument, slash-separated
	Role  Role
	Split string // name of the split, if it is one
	Size  int64
	R     io.ReaderAt
	// Lone says that no archive lies beside it which may be part of the same app:
	// Peek need not tell who signed it.
	Lone bool
	// SHA256 is the digest of all bytes in hexadecimal, if whoever holds the
	// file vouches for it; "" has it computed, for which all bytes are read.
	SHA256 string
}

// Source is one app's files. The first part is the base.
type Source struct {
	Parts []Part
}

// size is the bytes of all parts.
func (s Source) size() (n int64) {
	for _, p := range s.Parts {
		n += p.Size
	}
	return n
}
