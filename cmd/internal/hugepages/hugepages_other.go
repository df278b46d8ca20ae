//go:build !linux

package hugepages

// Ask does nothing: only Linux can be asked.
func Ask(int) {}

// Reserve returns nothing likewise.
func Reserve(int) []byte { return nil }
