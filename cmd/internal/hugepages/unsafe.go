//go:build linux

package hugepages

import (
	"strings"
	"unsafe"
)

// room returns n bytes of the heap, or some more. Unlike those of make they are
// not set to zero: where the heap has held something there before, that would
// bring in every page. They hold whatever was there; only their address is of use.
// They are the string's, which nobody else has, and stay with the slice.
func room(n int) []byte {
	var b strings.Builder
	b.Grow(n)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())
}
