package art

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/dex"
)

// TestRealFiles reads every VDEX and OAT file below $TELLTALE_TEST_FILES. For
// VDEX 010 the Adler-32 of each restored DEX file must be the one in its
// header, which was computed before quickening (a vendor's own tools broke it in
// 1 of 163 files seen); for 019 and later all indices must be used up and none
// be missing.
func TestRealFiles(t *testing.T) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder with real files")
	}
	type stat struct{ files, codes, restored, unresolved, elsewhere, insns, adler int }
	stats := map[string]*stat{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		var c *Container
		switch {
		case len(data) > 8 && string(data[:4]) == "vdex":
			c, err = OpenVDEX(data)
		case len(data) > 8 && string(data[:4]) == "\x7fELF":
			if c, err = OpenOAT(data); errors.Is(err, binread.BadMagic) {
				return nil
			}
		default:
			return nil
		}
		if err != nil {
			t.Errorf("%s: %v", p, err)
			return nil
		}
		s := stats[c.Format+c.Version]
		if s == nil {
			s = &stat{}
			stats[c.Format+c.Version] = s
		}
		s.files++
		s.elsewhere += c.Elsewhere
		for _, a := range c.Anomalies {
			t.Errorf("%s: %v", p, a)
		}
		for _, code := range c.Codes {
			s.codes++
			s.restored += code.Restored
			s.unresolved += code.Unresolved
			for _, a := range code.File.Anomalies() {
				t.Errorf("%s: %v", p, a)
			}
			code.File.EachCode(func(_ int, m dex.MethodDef, item dex.Code) bool {
				for range item.Instructions() {
					s.insns++
				}
				return true
			})
			if c.Version == "010" {
				b := code.File.Bytes()
				if got, want := adler32.Checksum(b[12:]), binary.LittleEndian.Uint32(b[8:]); got != want {
					t.Logf("%s: restored DEX has Adler-32 %08x, its header says %08x", p, got, want)
				} else {
					s.adler++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := stats["vdex010"]; s != nil && s.adler*100 < s.codes*99 {
		t.Errorf("only %d of %d DEX files of VDEX 010 have the checksum of their header again", s.adler, s.codes)
	}
	for v, s := range stats {
		if s.unresolved > 0 && v != "oat088" {
			t.Errorf("%s: %d quickened instructions were not restored", v, s.unresolved)
		}
		t.Logf("%s: %+v", v, *s)
	}
}
