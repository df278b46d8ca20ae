package samples

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// victim is the app that malformed samples are made of. It carries a tracker,
// so that a reader which gives up quietly is seen to.
type victim struct {
	xml   string // of the manifest
	code  string // recipe of classes.dex
	refs  map[string]uint32
	table []byte
}

func readVictim(recipes fs.FS) (*victim, error) {
	v := &victim{}
	for name, dst := range map[string]*string{"victim/AndroidManifest.xml": &v.xml, "victim/classes.smali": &v.code} {
		b, err := fs.ReadFile(recipes, name)
		if err != nil {
			return nil, err
		}
		*dst = string(b)
	}
	lines, err := fs.ReadFile(recipes, "victim/strings.txt")
	if err != nil {
		return nil, err
	}
	t, err := table(string(lines))
	if err != nil {
		return nil, err
	}
	v.refs, v.table = t.Refs(), arsctest.Encode(arsctest.Options{}, t)
	return v, nil
}

// manifest compiles the manifest in a form of its own.
func (v *victim) manifest(o axmltest.Options) string {
	return string(axmltest.Compile(v.xml, v.refs, o))
}

// dex assembles the code with statements that break it.
func (v *victim) dex(breaks ...string) string {
	return string(dextest.Must(v.code + "\n" + strings.Join(breaks, "\n") + "\n"))
}

// files are the entries of the whole app.
func (v *victim) files() []apktest.File {
	return []apktest.File{
		{Name: manifest, Content: v.manifest(axmltest.Options{}), Method: apktest.Deflated},
		{Name: resources, Content: string(v.table)},
		{Name: code, Content: v.dex(), Method: apktest.Deflated},
	}
}

const (
	manifest  = "AndroidManifest.xml"
	resources = "resources.arsc"
	code      = "classes.dex"
)

// with makes the app's archive after a change to its entries.
func (v *victim) with(change func(z *apktest.ZIP, f map[string]*apktest.File)) []byte {
	z := apktest.ZIP{Files: v.files()}
	byName := map[string]*apktest.File{}
	for i := range z.Files {
		byName[z.Files[i].Name] = &z.Files[i]
	}
	change(&z, byName)
	return z.Bytes()
}

// add makes the app's archive with another entry, deflated.
func (v *victim) add(name, content string) []byte {
	z := apktest.ZIP{Files: append(v.files(), apktest.File{Name: name, Content: content, Method: apktest.Deflated})}
	return z.Bytes()
}

// put makes the app's archive with other content in an entry.
func (v *victim) put(name, content string) []byte {
	return v.with(func(_ *apktest.ZIP, f map[string]*apktest.File) { f[name].Content = content })
}

// Malformed builds the malformed and tampered samples of testdata/malformed,
// by name. Each is one trick played on one small app, or no app at all.
func Malformed(recipes fs.FS) (map[string][]byte, error) {
	v, err := readVictim(recipes)
	if err != nil {
		return nil, err
	}
	whole := apktest.ZIP{Files: v.files()}.Bytes()
	type entries = map[string]*apktest.File
	ptr32 := apktest.Ptr[uint32]
	out := map[string][]byte{
		// What Android installs and runs nevertheless.
		"zip-bogus-method.apk": v.with(func(_ *apktest.ZIP, f entries) { f[manifest].Method, f[resources].Method = 30208, 7261 }),
		"zip-encryption-flag.apk": v.with(func(z *apktest.ZIP, _ entries) {
			for i := range z.Files {
				z.Files[i].Flags = apktest.FlagEncrypted
			}
		}),
		"zip-local-lies.apk": v.with(func(_ *apktest.ZIP, f entries) {
			f[code].Descriptor = true
			f[code].LocalSize, f[code].LocalCRC, f[code].LocalMethod = ptr32(7), ptr32(7), apktest.Ptr(apktest.Stored)
		}),
		"zip-path-traversal.apk":     v.add("../../../../data/local/tmp/x", "a text that wants to be elsewhere\n"),
		"zip-control-characters.apk": v.add("assets/\x1b[2J\x1b]0;owned\x07\u202etxt.exe\r\n", "see https://ulogs.umeng.com/\n"),
		"axml-odd-form.apk": v.put(manifest, v.manifest(axmltest.Options{
			HideNames: true, NamespaceURI: "not the framework's", NodeHeader: 28, AttributeStart: 24, AttributeSize: 28,
			Before: restypetest.Chunk(0x0777, nil, []byte("skip")), Between: restypetest.Chunk(0x0778, nil, []byte("skip")),
		})),
		"dex-in-asset.apk": v.add("assets/data.bin", v.dex(".string \"another file\"")),

		// What Android refuses, and a phone's file may be all the same.
		"zip-really-encrypted.apk": v.with(func(_ *apktest.ZIP, f entries) {
			f[code].Flags, f[code].Method = apktest.FlagEncrypted, 99
			f[code].Raw = bytes.Repeat([]byte{0xff, 0x93, 0x1c}, len(f[code].Content)/3)
			f[code].Extra = []byte{1, 0x99, 7, 0, 2, 0, 'A', 'E', 3, 8, 0}
		}),
		"zip-duplicate-names.apk": v.with(func(z *apktest.ZIP, _ entries) {
			other := v.dex(".string \"https://data.mistat.xiaomi.com/second\"")
			z.Files = append(z.Files, apktest.File{Name: code, Content: other, Method: apktest.Deflated})
		}),
		"zip-hidden-entry.apk":       v.with(func(z *apktest.ZIP, _ entries) { z.Count = apktest.Ptr[uint16](2) }),
		"zip-wrong-directory.apk":    v.with(func(z *apktest.ZIP, _ entries) { z.DirOff = ptr32(0x7f7f7f7f) }),
		"zip-wrong-local-header.apk": v.with(func(_ *apktest.ZIP, f entries) { f[code].Unwritten, f[code].Offset = true, ptr32(0xfffffff0) }),
		"zip-no-directory.apk":       v.with(func(z *apktest.ZIP, _ entries) { z.NoDir, z.NoEnd = true, true }),
		"zip-truncated.apk":          whole[:len(whole)*6/10],
		"zip-trailing.apk":           append(slices.Clip(whole), "appended by someone"...),
		"zip-damaged-stream.apk": v.with(func(_ *apktest.ZIP, f entries) {
			raw := apktest.Deflate(f[code].Content)
			copy(raw[len(raw)/2:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
			f[code].Raw = raw
		}),
		"zip-damaged-asset.apk": v.with(func(z *apktest.ZIP, _ entries) {
			text := strings.Repeat("lorem ipsum dolor sit amet\n", 40) + "see https://data.mistat.xiaomi.com/\n"
			raw := []byte(apktest.Deflate(text))
			z.Files = append(z.Files, apktest.File{Name: "assets/config.txt", Content: text, Method: apktest.Deflated, Raw: append(raw[:len(raw)/2:len(raw)/2], bytes.Repeat([]byte{0xff}, 20)...)})
		}),
		"zip-declared-huge.apk": v.with(func(_ *apktest.ZIP, f entries) {
			f[code].Size, f[code].LocalSize = ptr32(0xfffffff0), ptr32(0xfffffff0)
		}),
		"zip-no-entries.apk":    apktest.EndRecord(0, 0, 0, 0),
		"axml-cut.apk":          v.put(manifest, v.manifest(axmltest.Options{})[:300]),
		"axml-no-xml.apk":       v.put(manifest, "\x00\x01 neither binary XML nor any other\n"),
		"axml-deep.apk":         v.put(manifest, deepXML(20_000)),
		"arsc-cut.apk":          v.put(resources, string(v.table[:len(v.table)/2])),
		"dex-bad-offsets.apk":   v.put(code, v.dex(".patch class_defs[0].class_data_off = 0x7fffffff", ".patch string_ids[3].string_data_off = 0xfffffff0")),
		"dex-huge-tables.apk":   v.put(code, v.dex(".patch header.string_ids_size = 0x7fffffff", ".patch header.method_ids_size = 0x7fffffff")),
		"dex-cut.apk":           v.put(code, v.dex()[:600]),
		"dex-other-content.apk": v.put(code, strings.Repeat("this is no code\n", 30)),
		"dex-own-ancestor.apk":  v.put(code, string(dextest.Must(ancestors+v.code))),
		"elf-cut.apk":           v.add("lib/arm64-v8a/libx.so", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\xb7\x00\x01\x00\x00\x00"),
		"no-code.apk": v.with(func(z *apktest.ZIP, _ entries) {
			z.Files = slices.DeleteFunc(z.Files, func(f apktest.File) bool { return f.Name == code })
		}),
		"no-manifest.apk": v.with(func(z *apktest.ZIP, _ entries) { z.Files = z.Files[1:] }),
		"sign-cut.apk": v.with(func(z *apktest.ZIP, _ entries) {
			z.BeforeDir = apktest.SigningBlock(binary.LittleEndian.AppendUint64(nil, 0xfffffffffff0))
		}),

		// What costs more than it should.
		"bomb.apk":        v.add("assets/big.txt", strings.Repeat("a", 26<<20+1<<19)),
		"bomb-many.apk":   overlapping(v, 300),
		"bomb-nested.apk": v.add("assets/0.zip", nested(6)),

		// What is no app.
		"empty.apk":   {},
		"text.apk":    []byte("This is no archive.\n"),
		"magic.apk":   []byte("PK\x03\x04"),
		"cut.dex":     []byte(v.dex()[:0x50]),
		"cut.vdex":    []byte("vdex027\x00\x04\x00\x00\x00\xff\xff"),
		"cut.odex":    []byte("dey\n036\x00\xff\xff\xff\x7f\xff\xff\xff\x7f"),
		"cut.facts":   []byte("TELLFACT\x01\x00\x00\x00\xff\xff\xff\x7f"),
		"library.elf": []byte("\x7fELF\x02\x01\x01\x00"),
	}
	for name, b := range out {
		if len(b) > 40_000 {
			return nil, fmt.Errorf("%s has %d bytes: make it smaller", name, len(b))
		}
	}
	return out, nil
}

// ancestors are classes that inherit from each other in a circle.
const ancestors = `
.class public Lcom/example/victim/Egg;
.super Lcom/example/victim/Hen;
.implements Lcom/example/victim/Egg;
.method public lay()V
    invoke-super {p0}, Lcom/example/victim/Hen;->lay()V
    return-void
.end method
.class public Lcom/example/victim/Hen;
.super Lcom/example/victim/Egg;
.method public lay()V
    invoke-virtual {p0}, Lcom/example/victim/Hen;->lay()V
    return-void
.end method
`

// deepXML nests n elements.
func deepXML(n int) string {
	root := axmltest.E("manifest", axmltest.Plain("package", "com.example.victim"))
	for e := root; n > 0; n-- {
		child := axmltest.E("application")
		e.Children = append(e.Children, child)
		e = child
	}
	return string(axmltest.Encode(root, axmltest.Options{}))
}

// overlapping lists one stream of a megabyte n times, as code.
func overlapping(v *victim, n int) []byte {
	z := apktest.ZIP{Files: v.files()}
	big := v.dex() + strings.Repeat("\x00", 1<<20)
	csize := uint32(len(apktest.Deflate(big)))
	at := uint32(len(apktest.ZIP{Files: z.Files, NoDir: true, NoEnd: true}.Bytes()))
	z.Files = append(z.Files, apktest.File{Name: "classes2.dex", Content: big, Method: apktest.Deflated})
	for i := range n {
		z.Files = append(z.Files, apktest.File{
			Name: fmt.Sprintf("classes%d.dex", i+3), Unwritten: true, Raw: []byte{}, Method: apktest.Deflated,
			Offset: &at, Size: apktest.Ptr(uint32(len(big))), CSize: &csize,
		})
	}
	return z.Bytes()
}

// nested puts an archive into an archive, n times over.
func nested(n int) string {
	inner := "the innermost names https://data.mistat.xiaomi.com/\n"
	name := "note.txt"
	for i := n; i > 0; i-- {
		inner = string(apktest.ZIP{Files: []apktest.File{{Name: name, Content: inner, Method: apktest.Deflated}}}.Bytes())
		name = fmt.Sprintf("%d.zip", i)
	}
	return inner
}
