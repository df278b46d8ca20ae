package apk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/binread"
)

func TestNested(t *testing.T) {
	inner := apktest.ZIP{Files: []apktest.File{{Name: "classes.dex", Content: dex}}}.Bytes()
	outer := apktest.ZIP{Files: []apktest.File{
		{Name: "stored.apk", Content: string(inner)},
		{Name: "deflated.apk", Content: string(inner), Method: Deflated},
		{Name: "text", Content: long},
	}}.Bytes()
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(path, outer, 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for where, a := range map[string]*Archive{"memory": open(t, outer), "file": file} {
		for _, name := range []string{"stored.apk", "deflated.apk"} {
			b := NewBudget(DefaultLimits())
			in, err := a.Lookup(name).Nested(b)
			if err != nil {
				t.Errorf("%s, %s: %v", where, name, err)
				continue
			}
			if spent := b.Spent(); (spent == 0) != (name == "stored.apk") {
				t.Errorf("%s, %s: %d bytes were charged", where, name, spent)
			}
			got, err := in.Lookup("classes.dex").Read(b)
			if err != nil || string(got) != dex {
				t.Errorf("%s, %s: %q, %v", where, name, got, err)
			}
			whole := make([]byte, in.Size())
			if _, err := in.Reader().ReadAt(whole, 0); err != nil || !bytes.Equal(whole, inner) {
				t.Errorf("%s, %s: other bytes, %v", where, name, err)
			}
		}
		if _, err := a.Lookup("text").Nested(nil); !errors.Is(err, binread.BadMagic) {
			t.Errorf("%s: %v", where, err)
		}
		small := Limits{TotalBytes: 16}
		if _, err := small.Nested(a.Lookup("deflated.apk"), NewBudget(small)); !errors.Is(err, binread.TooLarge) {
			t.Errorf("%s: %v", where, err)
		}
	}
}
