package protoxml

import (
	"encoding/binary"
	"strings"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/internal/wire"
)

// readConfig turns an aapt.pb.Configuration into the form that tables have
// (ResTable_config), in which configurations are compared.
func readConfig(m *wire.Message) arsc.Config {
	const size = 64
	var c [size]byte
	binary.LittleEndian.PutUint32(c[:], size)
	u16 := func(off int) { binary.LittleEndian.PutUint16(c[off:], uint16(m.Uint())) }
	bits := func(off, shift int, values ...byte) {
		if n := m.Uint(); n < uint64(len(values)) {
			c[off] |= values[n] << shift
		}
	}
	any := false
	for m.Next() {
		any = true
		switch m.Num {
		case 1:
			u16(4) // mcc
		case 2:
			u16(6) // mnc
		case 3:
			locale(c[:], m.Text())
		case 4: // layout direction
			bits(28, 6, 0, 1, 2)
		case 5:
			u16(20) // screen width
		case 6:
			u16(22) // screen height
		case 7:
			u16(32) // width in dp
		case 8:
			u16(34) // height in dp
		case 9:
			u16(30) // smallest width in dp
		case 10: // screen size
			bits(28, 0, 0, 1, 2, 3, 4)
		case 11: // long: the numbers of the two forms are swapped, here and below
			bits(28, 4, 0, 2, 1)
		case 12: // round
			bits(48, 0, 0, 2, 1)
		case 13: // wide colour gamut
			bits(49, 0, 0, 2, 1)
		case 14: // high dynamic range
			bits(49, 2, 0, 2, 1)
		case 15: // orientation
			bits(12, 0, 0, 1, 2, 3)
		case 16: // type of user interface
			bits(29, 0, 0, 1, 2, 3, 4, 5, 6, 7)
		case 17: // night
			bits(29, 4, 0, 2, 1)
		case 18:
			u16(14) // density
		case 19: // touch screen
			bits(13, 0, 0, 1, 2, 3)
		case 20: // keys hidden
			bits(18, 0, 0, 1, 2, 3)
		case 21: // keyboard
			bits(16, 0, 0, 1, 2, 3)
		case 22: // navigation hidden
			bits(18, 2, 0, 1, 2)
		case 23: // navigation
			bits(17, 0, 0, 1, 2, 3, 4)
		case 24:
			u16(24) // release
		case 26: // grammatical gender
			bits(19, 0, 0, 1, 2, 3)
		}
	}
	if !any {
		return arsc.Config{}
	}
	return arsc.NewConfig(c[:])
}

// locale writes a BCP 47 tag.
func locale(c []byte, tag string) {
	for i, part := range strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' || r == '+' }) {
		switch {
		case i == 0:
			pack(c[8:10], strings.ToLower(part), 'a')
		case len(part) == 4 && c[36] == 0 && c[10] == 0:
			copy(c[36:40], part)
		case (len(part) == 2 || len(part) == 3) && c[10] == 0:
			pack(c[10:12], strings.ToUpper(strings.TrimPrefix(part, "r")), '0')
		default:
			copy(c[40:48], part)
		}
	}
}

// pack writes a code of two letters, or of three into 15 bits.
func pack(b []byte, code string, base byte) {
	switch len(code) {
	case 2:
		copy(b, code)
	case 3:
		first, second, third := code[0]-base, code[1]-base, code[2]-base
		b[0] = 0x80 | third<<2&0x7c | second>>3&3
		b[1] = second<<5 | first&0x1f
	}
}
