package binread

import (
	"errors"
	"strings"
	"testing"
)

func TestCursorReadsLittleEndian(t *testing.T) {
	c := New([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 0, "x")
	if got := c.U8(); got != 1 {
		t.Errorf("U8 = %#x", got)
	}
	if got := c.U16(); got != 0x0302 {
		t.Errorf("U16 = %#x", got)
	}
	if got := c.U32(); got != 0x07060504 {
		t.Errorf("U32 = %#x", got)
	}
	if got := c.U64(); got != 0x0f0e0d0c0b0a0908 {
		t.Errorf("U64 = %#x", got)
	}
	if c.Err() != nil || c.Len() != 0 {
		t.Errorf("err %v, left %d", c.Err(), c.Len())
	}
}

func TestErrorIsSticky(t *testing.T) {
	c := New([]byte{1, 2}, 0x100, "header")
	c.U8()
	c.U32()
	if c.U8() != 0 || c.Len() != 0 {
		t.Error("reads after an error return something")
	}
	if !errors.Is(c.Err(), Truncated) {
		t.Errorf("err = %v", c.Err())
	}
	if want := "header at 0x101 truncated"; !strings.Contains(c.Err().Error(), want) {
		t.Errorf("err = %q, want %q in it", c.Err(), want)
	}
}

func TestLeb128(t *testing.T) {
	tests := []struct {
		in []byte
		u  uint32
		s  int32
	}{
		{[]byte{0}, 0, 0},
		{[]byte{1}, 1, 1},
		{[]byte{0x7f}, 127, -1},
		{[]byte{0x80, 0x7f}, 16256, -128},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 0xffffffff, -1},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff}, 0xffffffff, -1},
	}
	for _, tt := range tests {
		if got := New(tt.in, 0, "").Uleb128(); got != tt.u {
			t.Errorf("Uleb128(% x) = %d, want %d", tt.in, got, tt.u)
		}
		if got := New(tt.in, 0, "").Sleb128(); got != tt.s {
			t.Errorf("Sleb128(% x) = %d, want %d", tt.in, got, tt.s)
		}
	}
}

func TestCountRefusesWhatCannotRemain(t *testing.T) {
	c := New([]byte{0xff, 0xff, 0xff, 0xff, 0, 0}, 0, "ids")
	if n := c.Count(4); n != 0 || !errors.Is(c.Err(), TooLarge) {
		t.Errorf("n = %d, err = %v", n, c.Err())
	}
	c = New([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 0, "ids")
	if n := c.Count(4); n != 1 || c.Err() != nil {
		t.Errorf("n = %d, err = %v", n, c.Err())
	}
}

func TestSeekSkipAlignStayInside(t *testing.T) {
	for _, f := range []func(*Cursor){
		func(c *Cursor) { c.SeekTo(-1) },
		func(c *Cursor) { c.SeekTo(5) },
		func(c *Cursor) { c.Skip(5) },
		func(c *Cursor) { c.Skip(-1) },
		func(c *Cursor) { c.Bytes(-1) },
		func(c *Cursor) { c.Skip(3); c.Align(8) },
	} {
		c := New(make([]byte, 4), 0, "")
		if f(c); c.Err() == nil {
			t.Error("no error")
		}
	}
	c := New(make([]byte, 8), 0, "")
	c.Skip(3)
	if c.Align(4); c.Off() != 4 || c.Err() != nil {
		t.Errorf("Align: off %d, err %v", c.Off(), c.Err())
	}
}

func TestWithPathNests(t *testing.T) {
	err := WithPath(WithPath(Errorf(BadMagic, "", 0, "PK"), "classes.dex"), "base.apk")
	if !strings.HasPrefix(err.Error(), "base.apk!classes.dex: ") || !errors.Is(err, BadMagic) {
		t.Errorf("%v", err)
	}
	plain := errors.New("x")
	if WithPath(plain, "p") != plain {
		t.Error("a foreign error was changed")
	}
}
