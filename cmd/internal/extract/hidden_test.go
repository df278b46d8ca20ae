package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// units lists the units of an app with their classes.
func units(t *testing.T, b []byte) (list, notes string) {
	t.Helper()
	s := factsOf(t, in("app.apk", b))
	var out []string
	for _, u := range s.Units {
		x := u.Info().Name
		for i := range u.NumClasses() {
			typ, _, _ := u.Class(i)
			x += " " + u.Type(typ)
		}
		if !u.Info().Loaded {
			x += " (not loaded)"
		}
		out = append(out, x)
	}
	return strings.Join(out, ", "), problemText(s)
}

// hider is an app whose own code is in classes.dex.
func hider(files ...apktest.File) apktest.ZIP {
	return apktest.ZIP{Files: append([]apktest.File{{Name: "classes.dex", Content: dexOf("a/Main", "main.example.com")}}, files...)}
}

func TestHiddenCode(t *testing.T) {
	code := dexOf("b/Hidden", "hidden.example.com")
	second := dexOf("c/Second", "second.example.com")
	v41 := string(dextest.Must(".dex 041\n.class Ld/One;\n.dex 041\n.class Ld/Two;\n"))
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\x02picture", 600)
	elf := "\x7fELF\x02\x01\x01\x00" + strings.Repeat("\x00code\x00", 900)
	inner := string(apktest.ZIP{Files: []apktest.File{{Name: "classes.dex", Content: code, Method: apktest.Deflated}}}.Bytes())
	file := func(name, content string) apktest.File { return apktest.File{Name: name, Content: content} }
	deflated := func(name, content string) apktest.File {
		return apktest.File{Name: name, Content: content, Method: apktest.Deflated}
	}
	wrongTag := []byte(code)
	wrongTag[40] ^= 1
	tooLong := []byte(code)
	binary.LittleEndian.PutUint32(tooLong[32:], uint32(len(code)+1))
	at := func(n int) string { return fmt.Sprintf("0x%x", n) }

	const main = "classes.dex La/Main;"
	for _, tt := range []struct {
		name string
		zip  apktest.ZIP
		want string // units besides the app's own
		note string
	}{
		{"another name", hider(file("assets/data", code)), "assets/data Lb/Hidden; (not loaded)", ""},
		{"a native library's name", hider(file("lib/arm64-v8a/libx.so", code)), "lib/arm64-v8a/libx.so Lb/Hidden; (not loaded)", ""},
		{"an APK as a library", hider(file("lib/arm64-v8a/libx.so", inner)), "lib/arm64-v8a/libx.so!classes.dex Lb/Hidden; (not loaded)", ""},
		{"an APK in an APK in an APK", hider(file("assets/a.apk", string(apktest.ZIP{Files: []apktest.File{deflated("res/raw/b", inner)}}.Bytes()))), "assets/a.apk!res/raw/b!classes.dex Lb/Hidden; (not loaded)", ""},
		{"behind a picture", hider(file("res/a.png", png+code)), "res/a.png!" + at(len(png)) + " Lb/Hidden; (not loaded)", "tampered res/a.png: a DEX file of"},
		{"behind a deflated picture, twice", hider(deflated("res/a.png", png+code+"xyz"+second)), "res/a.png!" + at(len(png)) + " Lb/Hidden; (not loaded), res/a.png!" + at(len(png)+len(code)+3) + " Lc/Second; (not loaded)", "tampered"},
		{"inside a native library", hider(file("lib/arm64-v8a/libx.so", elf+code+elf)), "lib/arm64-v8a/libx.so!" + at(len(elf)) + " Lb/Hidden; (not loaded)", "tampered lib/arm64-v8a/libx.so"},
		{"behind text", hider(deflated("assets/a.txt", strings.Repeat("harmless text\n", 400)+code)), "assets/a.txt!" + at(14*400) + " Lb/Hidden; (not loaded)", "tampered"},
		{"a container in a picture", hider(file("res/a.png", png+v41)), "res/a.png!" + at(len(png)) + " Ld/One; (not loaded), res/a.png!" + at(len(png)) + "!classes2.dex Ld/Two; (not loaded)", "tampered"},
		{"behind other code", hider(file("assets/x", second+"some bytes"+code)), "assets/x Lc/Second; (not loaded), assets/x!" + at(len(second)+10) + " Lb/Hidden; (not loaded)", "tampered assets/x"},
		{"an archive behind a picture", hider(file("res/a.png", png+inner)), "res/a.png!classes.dex Lb/Hidden; (not loaded)", "tampered res/a.png: an archive stands behind"},
		{"the same archive twice", hider(file("assets/a", inner), file("assets/b", inner)), "assets/a!classes.dex Lb/Hidden; (not loaded)", ""},
		{"code that is there already", hider(file("assets/a", dexOf("a/Main", "main.example.com")), file("res/a.png", png+dexOf("a/Main", "main.example.com"))), "", ""},
		{
			"between entries",
			apktest.ZIP{Files: []apktest.File{hider().Files[0], {Name: "x", Content: "x", Pad: []byte("some bytes here " + code)}}},
			"unlisted!0x* Lb/Hidden; (not loaded)", "tampered : a DEX file of",
		},
		{"behind the end", apktest.ZIP{Files: hider().Files, Trailing: []byte(code)}, "unlisted!0x* Lb/Hidden; (not loaded)", "tampered : a DEX file of"},
		{
			"an entry that is not listed",
			hider(apktest.File{Name: "hidden.dex", Content: code, Method: apktest.Deflated, Nameless: true}),
			"unlisted!hidden.dex Lb/Hidden; (not loaded)", "tampered : a DEX file of",
		},
		{"a gap in the numbers", hider(file("classes2.dex", second), file("classes4.dex", code)), "classes2.dex Lc/Second;, classes4.dex Lb/Hidden; (not loaded)", "tampered classes4.dex: Android does not load this code: classes3.dex is missing"},
		{"a number that is never loaded", hider(file("classes1.dex", code)), "classes1.dex Lb/Hidden; (not loaded)", ""},
		{"a wrong tag", hider(file("res/a.png", png+string(wrongTag))), "", ""},
		{"cut off", hider(file("res/a.png", png+code[:len(code)-1])), "", ""},
		{"longer than there is", hider(file("res/a.png", png+string(tooLong))), "", ""},
		{"a small file", hider(file("res/a.png", "\x89PNG\r\n\x1a\n"+code)), "", ""},
		{"the end record of no archive", hider(file("res/a.png", png+"PK\x05\x06"+strings.Repeat("\x00", 18))), "", ""},
	} {
		got, notes := units(t, tt.zip.Bytes())
		got = strings.TrimPrefix(strings.TrimPrefix(got, main), ", ")
		want := tt.want
		if i := strings.Index(want, "0x*"); i >= 0 && len(got) > i {
			if end := strings.IndexByte(got[i:], ' '); end > 0 {
				want = strings.Replace(want, "0x*", got[i:i+end], 1)
			}
		}
		if got != want {
			t.Errorf("%s: units %s\nwant %s\nproblems %s", tt.name, got, want, notes)
		}
		if tt.note == "" && strings.Contains(notes, "DEX file") || !strings.Contains(notes, tt.note) {
			t.Errorf("%s: problems %s", tt.name, notes)
		}
	}
}

// TestHiddenCodeInLargeEntries: what is larger than is held is read in windows.
func TestHiddenCodeInLargeEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("makes files of 64 MiB")
	}
	code := dexOf("b/Hidden", "hidden.example.com")
	for at, method := range map[int]uint16{window - 3: apktest.Stored, 3*window + dexHeader - 40: apktest.Stored, maxHeld: apktest.Deflated} {
		big := make([]byte, maxHeld+window)
		if method == apktest.Deflated { // not so dense that it looks like a bomb
			_, _ = rand.NewChaCha8([32]byte{}).Read(big)
		}
		copy(big, "\x89PNG\r\n\x1a\n")
		copy(big[at:], code)
		got, _ := units(t, hider(apktest.File{Name: "res/a.png", Content: string(big), Method: method}).Bytes())
		if want := fmt.Sprintf("classes.dex La/Main;, res/a.png!0x%x Lb/Hidden; (not loaded)", at); got != want {
			t.Errorf("at 0x%x: %s", at, got)
		}
	}
}

func TestDepthOfArchives(t *testing.T) {
	b := []byte(dexOf("b/Hidden", "hidden.example.com"))
	for range 6 {
		b = apktest.ZIP{Files: []apktest.File{{Name: "x", Content: string(b)}}}.Bytes()
	}
	got, notes := units(t, hider(apktest.File{Name: "a", Content: string(b)}).Bytes())
	if got != "classes.dex La/Main;" || !strings.Contains(notes, "LOSSY budget a!x!x!x!x: archives are nested more than 4 deep") {
		t.Errorf("%s: %s", got, notes)
	}
}

func FuzzHidden(f *testing.F) {
	code := dexOf("b/Hidden", "hidden.example.com")
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\x02picture", 600)
	f.Add([]byte(png + code))
	f.Add([]byte(code + code + "PK\x05\x06"))
	f.Add([]byte(png + string(apktest.ZIP{Files: []apktest.File{{Name: "classes.dex", Content: code}}}.Bytes())))
	f.Fuzz(func(t *testing.T, b []byte) {
		end := int64(0)
		for _, at := range findDEX(b, int64(len(b))) {
			n := dexAt(b[at:], int64(len(b))-at)
			if at < end || n <= 0 || at+n > int64(len(b)) {
				t.Fatalf("%d bytes at %d, behind %d of %d", n, at, end, len(b))
			}
			end = at + n
		}
		if endsAsZIP(b) && !bytes.Contains(b, []byte("PK\x05\x06")) {
			t.Fatal("an archive without an end record")
		}
	})
}

// The search has a budget of its own, which is told when it is used up; nothing
// is read past it.
func TestSearchHasABudget(t *testing.T) {
	code := dexOf("b/Hidden", "hidden.example.com")
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01\x02picture", 600)
	app := hider(apktest.File{Name: "res/a.png", Content: png + code}).Bytes()
	for searched, want := range map[int64]string{0: "Lb/Hidden;", 1: "", 1 << 20: "Lb/Hidden;"} {
		s, err := App(context.Background(), Source{Parts: []Part{in("app.apk", app)}}, Options{Limits: Limits{Searched: searched}})
		if err != nil {
			t.Fatal(err)
		}
		found := len(s.Units) == 2
		if told := strings.Contains(problemText(s), "more than 1 bytes would have been; raise it with --max-searched"); found != (want != "") || told == found {
			t.Errorf("%d bytes: %d units, %s", searched, len(s.Units), problemText(s))
		}
	}
}
