package carriertest

import "encoding/binary"

// Lua writes a chunk of Lua 5.1 to 5.4 (0x51 to 0x54) whose main function has
// these string constants and one function inside, which has the last of them.
func Lua(version byte, strings ...string) []byte {
	w := luaWriter{version: version}
	w.text("\x1bLua")
	w.u8(version, 0)
	const tail = "\x19\x93\r\n\x1a\n"
	switch version {
	case 0x51:
		w.u8(1, 4, 8, 4, 8, 0)
	case 0x52:
		w.u8(1, 4, 8, 4, 8, 0)
		w.text(tail)
	case 0x53:
		w.text(tail)
		w.u8(4, 8, 4, 8, 8)
		w.u64(0x5678)
		w.u64(0x4077280000000000)
		w.u8(1)
	default:
		w.text(tail)
		w.u8(4, 8, 8)
		w.u64(0x5678)
		w.u64(0x4077280000000000)
		w.u8(1)
	}
	w.function(strings, 1)
	return w.buf
}

type luaWriter struct {
	buf
	version byte
}

func (w *luaWriter) int(v int) {
	if w.version < 0x54 {
		w.u32(v)
		return
	}
	var b [10]byte
	i := len(b) - 1
	b[i] = byte(v&0x7f) | 0x80
	for v >>= 7; v > 0; v >>= 7 {
		i--
		b[i] = byte(v & 0x7f)
	}
	w.u8(b[i:]...)
}

func (w *luaWriter) string(s string) {
	switch {
	case w.version <= 0x52:
		w.u64(uint64(len(s) + 1))
		w.text(s + "\x00")
		return
	case w.version >= 0x54:
		w.int(len(s) + 1)
	case len(s) >= 0xfe:
		w.u8(0xff)
		w.u64(uint64(len(s) + 1))
	default:
		w.u8(byte(len(s) + 1))
	}
	w.text(s)
}

func (w *luaWriter) function(strings []string, nested int) {
	if w.version != 0x52 {
		w.string("@main.lua")
	}
	w.int(0)
	w.int(0)
	if w.version == 0x51 {
		w.u8(0)
	}
	w.u8(0, 2, 2)
	w.int(2)
	w.zeros(8)
	constants := func() {
		w.int(len(strings) + 3)
		w.u8(0)
		if w.version >= 0x54 {
			w.u8(0x11)
		} else {
			w.u8(1, 1)
		}
		if w.version >= 0x54 {
			w.u8(0x13)
		} else {
			w.u8(3)
		}
		w.u64(0x3ff0000000000000)
		for _, s := range strings {
			if t := byte(4); w.version >= 0x53 && len(s) > 40 {
				w.u8(0x14)
			} else {
				w.u8(t)
			}
			w.string(s)
		}
	}
	functions := func() {
		w.int(nested)
		for range nested {
			w.function(strings[max(0, len(strings)-1):], 0)
		}
	}
	constants()
	if w.version <= 0x52 {
		functions()
	}
	switch w.version {
	case 0x52, 0x53:
		w.int(1)
		w.zeros(2)
	case 0x54:
		w.int(1)
		w.zeros(3)
	}
	if w.version >= 0x53 {
		functions()
	}
	if w.version == 0x52 {
		w.string("@main.lua")
	}
	w.int(2) // lines
	if w.version == 0x54 {
		w.zeros(2)
		w.int(1)
		w.int(1)
		w.int(1)
	} else {
		w.zeros(8)
	}
	w.int(1)
	w.string("local_name")
	w.int(0)
	w.int(1)
	w.int(1)
	w.string("_ENV")
}

// LuaJIT writes a chunk of LuaJIT whose functions have a string constant each
// and a table with two more.
func LuaJIT(version byte, strings ...string) []byte {
	var b buf
	b.text("\x1bLJ")
	b.u8(version, 0)
	str := func(p *buf, s string) {
		*p = binary.AppendUvarint(*p, uint64(len(s)+5))
		p.text(s)
	}
	b = binary.AppendUvarint(b, uint64(len("@main.lua")))
	b.text("@main.lua")
	for _, s := range strings {
		var p buf
		p.u8(0, 0, 1, 1)       // flags, parameters, frame, upvalues
		p.u8(2, 1, 1, 1, 0, 1) // objects, numbers, code, bytes for debuggers, lines
		p.zeros(4 + 2)
		str(&p, s)
		p.u8(1, 2, 1) // a table: two in the array, one pair
		p.u8(0, 2)
		str(&p, s+"_key")
		str(&p, s+"_value")
		p.u8(0x02, 0x00) // a number, a byte for debuggers
		b = binary.AppendUvarint(b, uint64(len(p)))
		b.u8(p...)
	}
	b.u8(0)
	return b
}
