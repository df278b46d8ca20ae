package emu

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// odd are arguments of every kind, most of them wrong for any one method.
func odd(m *Machine) []slot {
	m.setUntil(1 << 40)
	m.room = 1 << 40
	list := []slot{
		{},
		{n: 1},
		{n: -1},
		{n: 2},
		{n: 16},
		{n: math.MaxInt32},
		{n: math.MinInt32},
		{n: math.MaxInt64},
		{n: math.MinInt64},
		{n: doubleBits(math.NaN())},
		m.goText(""), m.goText("text"), m.goText("AES/CBC/PKCS5Padding"), m.goText("UTF-8"), m.goText("["), m.goText("%5$x%-0d%"), m.goText("123"),
		m.byteArray(nil), m.byteArray([]byte("0123456789abcdef")), m.charArray([]uint16{0xd800, 'x'}), m.object(bigDesc, newBigInt(-300)), m.object(bigDesc, newBigInt(0)),
		m.object(builderDesc, &builder{u: []uint16{'a', 'b'}}), m.object("Ljava/util/ArrayList;", &list{}), m.object("Ljava/util/HashMap;", newDict()),
		m.object("Ljava/util/Random;", &random{1}), m.object(inDesc, &input{b: []byte{1, 2}}), m.object(outDesc, &output{}), m.object("Lkey;", &secret{name: "AES", b: make([]byte, 16)}),
		m.object("Ljavax/crypto/Cipher;", &crypter{name: "AES", mode: "CBC", pad: "PKCS5PADDING"}), m.object("Ljava/security/MessageDigest;", &digest{name: "MD5"}),
		m.object("Lnew;", nil), m.object("Ljava/lang/Integer;", &box{"I", 7}), m.boxed("C", 'c'),
		{o: m.mirror(m.class("[I"))},
		m.object(throwableDesc, &throwable{}),
		m.slotArray("[Ljava/lang/Object;", []slot{{}, m.goText("x")}), m.object("Ljava/util/Iterator;", &iterator{}), m.object("Lcell;", &cell{}),
	}
	for _, d := range []string{"[I", "[J", "[S", "[Z", "[D", "[[B"} {
		o, err := m.newArray(m.class(d), 3)
		m.must(err)
		list = append(list, slot{o: o})
	}
	return list
}

// TestRowsSurvive hands every method of the table arguments of every kind:
// none may end otherwise than Java code can, and none may take more than it says.
func TestRowsSurvive(t *testing.T) {
	rows := natives()
	names := slices.Sorted(maps.Keys(rows))
	if len(names) < 700 {
		t.Errorf("the table has %d rows", len(names))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		row := rows[name]
		m := New(Limits{Total: 1 << 40}, nil...)
		args := odd(m)
		for range 100 {
			end := m.begin(100_000)
			list := make([]slot, row.args)
			for i := range list {
				for list[i] = args[rnd.IntN(len(args))]; i == 0 && row.on && list[i].o == nil; {
					list[i] = args[rnd.IntN(len(args))]
				}
			}
			func() {
				defer func() {
					if x := recover(); x != nil {
						t.Errorf("%s%v: %v", name, show(list), x)
					}
				}()
				class, rest, _ := strings.Cut(name, "->")
				method, proto, _ := strings.Cut(rest, "(")
				c := &call{class: class, name: method, proto: "(" + proto + "V"}
				if !row.on {
					c.kind = callStatic
				}
				_, _ = m.runNative(row, c, list)
			}()
			end()
		}
	}
}

func show(l []slot) (out []string) {
	for _, s := range l {
		if s.o != nil {
			out = append(out, fmt.Sprintf("%s %v", s.o.class.desc, s.o.data))
		} else {
			out = append(out, fmt.Sprint(s.n))
		}
	}
	return out
}
