package apk

import (
	"bytes"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
)

func TestGapsPointAtCode(t *testing.T) {
	hidden := append([]byte("some bytes before"), zipHeaderOfDEX()...)
	z := apktest.ZIP{Files: []apktest.File{
		{Name: "a", Content: "aaa"},
		{Name: "b", Content: "bbb", Pad: hidden},
		{Name: "c", Content: "ccc", Pad: make([]byte, 4096)}, // zeros are padding
	}, BeforeDir: apktest.SigningBlock([]byte("pairs"))}
	b := z.Bytes()
	a := open(t, b)
	gaps := a.Gaps()
	if len(gaps) != 1 {
		t.Fatalf("%+v", gaps)
	}
	g := gaps[0]
	if !bytes.Equal(b[g.Off:g.Off+g.Size], hidden) || g.Kind != KindUnknown {
		t.Errorf("%+v", g)
	}
	if want := g.Off + int64(len("some bytes before")); len(g.Inside) != 1 || g.Inside[0] != want {
		t.Errorf("inside: %v, want %d", g.Inside, want)
	}
	if s := describe(a); !strings.Contains(s, "gap") {
		t.Error(s)
	}
}

// The Android Gradle plugin pads with local headers that have no name.
func TestPaddingEntriesAreNoGap(t *testing.T) {
	z := apktest.ZIP{Files: []apktest.File{
		{Name: "", LocalExtra: make([]byte, 100), Nameless: true},
		{Name: "a", Content: "aaa"},
	}}
	if gaps := open(t, z.Bytes()).Gaps(); len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
	z.Files[0].LocalExtra[50] = 1
	if gaps := open(t, z.Bytes()).Gaps(); len(gaps) != 1 {
		t.Errorf("%+v", gaps)
	}
}

func TestSigningBlock(t *testing.T) {
	good := apktest.ZIP{Files: []apktest.File{{Name: "a", Content: "aaa"}}, BeforeDir: apktest.SigningBlock([]byte("the pairs"))}
	b := good.Bytes()
	s, err := open(t, b).SigningBlock()
	if err != nil || string(s.Pairs) != "the pairs" || string(b[s.PairsOff:s.PairsOff+9]) != "the pairs" || s.Size != 9+32 {
		t.Errorf("%+v, %v", s, err)
	}
	none := apktest.ZIP{Files: good.Files}
	if s, err := open(t, none.Bytes()).SigningBlock(); err != nil || s.Size != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	empty := append(bytes.Clone(good.BeforeDir), apktest.EndRecord(0, 0, uint32(len(good.BeforeDir)), 0)...)
	if s, err := open(t, empty).SigningBlock(); err != nil || string(s.Pairs) != "the pairs" {
		t.Errorf("no entries: %+v, %v", s, err)
	}
	for _, at := range []int{0, len(good.BeforeDir) - 24} { // either size
		bad := good
		bad.BeforeDir = bytes.Clone(good.BeforeDir)
		bad.BeforeDir[at] ^= 0x40
		if s, err := open(t, bad.Bytes()).SigningBlock(); err == nil {
			t.Errorf("%+v", s)
		}
		bad.BeforeDir[at+6] = 0xff
		if s, err := open(t, bad.Bytes()).SigningBlock(); err == nil {
			t.Errorf("%+v", s)
		}
	}
}

func TestSniffEntry(t *testing.T) {
	a := open(t, apktest.ZIP{Files: []apktest.File{
		{Name: "x.png", Content: dex, Method: Deflated},
		{Name: "y.dex", Content: axml},
		{Name: "z", Content: long, Method: Deflated},
		{Name: "empty"},
		{Name: "gone", Unwritten: true, Offset: apktest.Ptr(uint32(5))},
		{Name: "never deflated", Content: dex + long, Raw: []byte(dex + long), Method: Deflated},
		{Name: "bogus", Content: dex + long, Raw: apktest.Deflate(dex + long), Method: 77},
	}}.Bytes())
	want := []Kind{KindDEX, KindAXML, KindText, KindEmpty, KindUnknown, KindDEX, KindDEX}
	for i, e := range a.Entries() {
		got, err := e.Sniff(nil)
		if got != want[i] || (err != nil) != (e.Name == "gone") {
			t.Errorf("%s: %q, %v", e.Name, got, err)
		}
	}
	head, err := a.Lookup("z").Head(10, nil)
	if err != nil || string(head) != long[:10] {
		t.Errorf("%q, %v", head, err)
	}
}

func TestPrintableNames(t *testing.T) {
	for raw, want := range map[string]string{
		"a/b.txt":          "a/b.txt",
		"\u00e9\u4f60":     "\u00e9\u4f60",
		"a\x1b[31mb":       `a\x1b[31mb`,
		"nul\x00":          `nul\x00`,
		"\xff":             `\xff`,
		"\u202ereversed":   `\u202ereversed`,
		"\u200b":           `\u200b`,
		"\U000e0001":       `\U000e0001`,
		"tab\tline\r\n":    `tab\x09line\x0d\x0a`,
		"\u0085 \u00a0":    `\u0085 \u00a0`,
		"smile \U0001f600": "smile \U0001f600",
	} {
		if got := printable(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}
