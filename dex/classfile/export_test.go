package classfile

import "encoding/binary"

// RawIndex returns two bytes of a constant, from off bytes behind its tag.
func (f *File) RawIndex(i uint16, off int) uint16 {
	return binary.BigEndian.Uint16(f.data[int(f.pool[i])+1+off:])
}
