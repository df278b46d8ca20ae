package dex

import "unsafe"

// textOf returns b as a string that shares its memory.
//
// Contract: b is part of the buffer that a File borrows, and the caller of
// Open promised not to change that buffer while the File or anything it
// returned is in use. The string keeps the buffer alive.
func textOf(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
