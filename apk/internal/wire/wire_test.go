package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/internal/wire"
)

func sample() []byte {
	var b []byte
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, 300)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendString(b, "text")
	b = protowire.AppendTag(b, 3, protowire.Fixed32Type)
	b = protowire.AppendFixed32(b, 0x3fc00000)
	b = protowire.AppendTag(b, 4, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, 1<<40)
	b = protowire.AppendTag(b, 5, protowire.StartGroupType)
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, 1)
	b = protowire.AppendTag(b, 5, protowire.EndGroupType)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendString(b, "")
	return b
}

func TestWalk(t *testing.T) {
	b := sample()
	var got []string
	m := wire.New(b, 0x100)
	for m.Next() {
		got = append(got, fmt.Sprintf("%d %d %q %v", m.Num, m.Uint(), m.Text(), m.IsMessage()))
		if m.Num == 2 && string(b[m.Off-0x100:][:len(m.Bytes())]) != m.Text() {
			t.Errorf("field 2 is not at 0x%x", m.Off)
		}
		if m.Num == 3 && m.Float() != 1.5 {
			t.Errorf("float %v", m.Float())
		}
	}
	want := `1 300 "" false; 2 0 "text" true; 3 1069547520 "" false; 4 1099511627776 "" false; 5 0 "" false; 2 0 "" true`
	if s := strings.Join(got, "; "); s != want || m.Err() != nil {
		t.Errorf("%s, %v", s, m.Err())
	}
}

func TestNesting(t *testing.T) {
	var inner, outer []byte
	inner = protowire.AppendTag(inner, 7, protowire.VarintType)
	inner = protowire.AppendVarint(inner, 9)
	outer = protowire.AppendTag(outer, 1, protowire.BytesType)
	outer = protowire.AppendBytes(outer, inner)
	m := wire.New(outer, 0)
	if !m.Next() {
		t.Fatal(m.Err())
	}
	sub := m.Sub()
	if !sub.Next() || sub.Num != 7 || sub.Uint32() != 9 || sub.Off != 3 || sub.Next() {
		t.Errorf("%+v", sub)
	}
	if sub = sub.Sub(); sub.Next() || sub.Err() != nil {
		t.Error("a number is no message")
	}
}

func TestDamage(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    string
		kind binread.Kind
	}{
		{"no value", "\x08", binread.Truncated},
		{"endless varint", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", binread.Malformed},
		{"a length beyond the end", "\x12\x05abc", binread.Truncated},
		{"a length of 2^63", "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", binread.Truncated},
		{"field 0", "\x00\x01", binread.Malformed},
		{"an end without start", "\x0c", binread.Malformed},
		{"wire type 7", "\x0f\x01", binread.Malformed},
	} {
		m := wire.New([]byte(tt.b), 0)
		for m.Next() {
			t.Errorf("%s: field %d", tt.name, m.Num)
		}
		if !errors.Is(m.Err(), tt.kind) {
			t.Errorf("%s: %v, want %s", tt.name, m.Err(), tt.kind)
		}
		if m.Next() {
			t.Errorf("%s: it went on", tt.name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(sample())
	f.Add([]byte("\x12\x05abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := wire.New(b, 0)
		end := int64(0)
		for m.Next() {
			if m.Off <= end || m.Off+int64(len(m.Bytes())) > int64(len(b)) {
				t.Fatalf("field %d at %d behind %d", m.Num, m.Off, end)
			}
			end = m.Off + int64(len(m.Bytes())) - 1
		}
	})
}
