package apk

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/binread"
)

// Content that Sniff knows.
const (
	axml = "\x03\x00\x08\x00 binary XML, as far as its first bytes go"
	dex  = "dex\n035\x00 code, as far as its first bytes go"
)

var long = strings.Repeat("all work and no play makes jack a dull boy\n", 500)

// trick is one way to mislead a reader.
type trick struct {
	name string
	zip  apktest.ZIP
	file []byte // instead of zip
	// want maps each entry's name to its content, "!" and a kind of error, or
	// "~", a kind and the content before the damage.
	want map[string]string
	// odd lists anomalies as "kind entry", with "!" before what Android refuses.
	odd []string
}

func tricks() []trick {
	manifest := apktest.File{Name: "AndroidManifest.xml", Content: axml, Method: Deflated}
	code := apktest.File{Name: "classes.dex", Content: dex}
	both := map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex}
	plain := apktest.ZIP{Files: []apktest.File{manifest, code}}
	with := func(change func(z *apktest.ZIP)) apktest.ZIP {
		z := plain
		z.Files = slices.Clone(plain.Files)
		change(&z)
		return z
	}
	dirOf := func(z apktest.ZIP) []byte {
		b := z.Bytes()
		i := bytes.Index(b, []byte(directoryMagic))
		return b[i : len(b)-endSize]
	}

	list := []trick{
		{name: "nothing odd", zip: plain, want: both},
		{
			name: "encryption flag in directory and local header",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0].Flags = FlagEncrypted
				z.Files[1].Flags = FlagEncrypted
			}),
			want: both,
			odd:  []string{"encryption-flag AndroidManifest.xml", "encryption-flag classes.dex"},
		},
		{
			name: "encryption flag in local header only",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].LocalFlags = apktest.Ptr(FlagEncrypted) }),
			want: both,
			odd:  []string{"encryption-flag classes.dex"},
		},
		{
			name: "really encrypted, deflated",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1] = apktest.File{Name: "classes.dex", Content: dex, Method: Deflated, Flags: FlagEncrypted, Raw: []byte("\xff\x93\x1c random \xa1\xee\x17\x99 bytes")}
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": "!encrypted"},
			odd:  []string{"encryption-flag classes.dex", "!encrypted classes.dex"},
		},
		{
			name: "really encrypted, stored",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1] = apktest.File{Name: "classes.dex", Content: dex, Flags: FlagEncrypted, Raw: bytes.Repeat([]byte{0xff}, len(dex)+12)}
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": "!encrypted"},
			odd:  []string{"encryption-flag classes.dex", "stored-size classes.dex", "!encrypted classes.dex"},
		},
		{
			name: "really encrypted, AES",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1] = apktest.File{Name: "classes.dex", Content: dex, Method: 99, Flags: FlagEncrypted, Raw: bytes.Repeat([]byte{0xff, 0x93}, len(dex)), Extra: []byte{1, 0x99, 7, 0, 2, 0, 'A', 'E', 3, 8, 0}}
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": "!encrypted"},
			odd:  []string{"encryption-flag classes.dex", "!bogus-method classes.dex", "!encrypted classes.dex"},
		},
		{
			name: "bogus method over stored bytes",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "AndroidManifest.xml", Content: axml, Method: 30208}
			}),
			want: both,
			odd:  []string{"bogus-method AndroidManifest.xml"},
		},
		{
			name: "bogus method and wrong compressed size",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "AndroidManifest.xml", Content: axml, Method: 7261, CSize: apktest.Ptr(uint32(3)), LocalCSize: apktest.Ptr(uint32(3))}
			}),
			want: both,
			odd:  []string{"bogus-method AndroidManifest.xml"},
		},
		{
			name: "bogus method over deflated bytes",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "AndroidManifest.xml", Content: axml, Raw: apktest.Deflate(axml), Method: 30208}
			}),
			want: both,
			odd:  []string{"bogus-method AndroidManifest.xml", "disguised AndroidManifest.xml"},
		},
		{
			name: "bogus method over deflated bytes of no known kind",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "META-INF/CERT.RSA", Content: "\x30\x80\x06 not a kind" + long, Raw: apktest.Deflate("\x30\x80\x06 not a kind" + long), Method: 21}
			}),
			want: map[string]string{"META-INF/CERT.RSA": "\x30\x80\x06 not a kind" + long, "classes.dex": dex},
			odd:  []string{"bogus-method META-INF/CERT.RSA", "disguised META-INF/CERT.RSA", "!extent META-INF/CERT.RSA", "overlap classes.dex"},
		},
		{
			name: "bogus method on code",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].Method = 12 }),
			want: both,
			odd:  []string{"!bogus-method classes.dex"},
		},
		{
			name: "method deflate over stored bytes",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].Method, z.Files[1].Raw = Deflated, []byte(dex) }),
			want: both,
			odd:  []string{"!disguised classes.dex"},
		},
		{
			name: "method stored over deflated bytes",
			zip:  with(func(z *apktest.ZIP) { z.Files[0].Method, z.Files[0].Raw = Stored, apktest.Deflate(axml) }),
			want: both,
			odd:  []string{"stored-size AndroidManifest.xml", "disguised AndroidManifest.xml"},
		},
		{
			name: "local method differs",
			zip:  with(func(z *apktest.ZIP) { z.Files[0].LocalMethod = apktest.Ptr(Stored) }),
			want: both,
			odd:  []string{"local-method AndroidManifest.xml"},
		},
		{
			name: "local name differs",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].LocalName = apktest.Ptr("classes.deP") }),
			want: both,
			odd:  []string{"!local-name classes.dex"},
		},
		{
			name: "local name has another length",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].LocalName = apktest.Ptr("classes.dex.but.longer") }),
			want: both,
			odd:  []string{"!local-name classes.dex"},
		},
		{
			name: "descriptor, local header with zeros",
			zip:  with(func(z *apktest.ZIP) { z.Files[0].Descriptor, z.Files[1].Descriptor = true, true }),
			want: both,
		},
		{
			name: "descriptor, local header with lies",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0].Descriptor = true
				z.Files[0].LocalSize, z.Files[0].LocalCSize, z.Files[0].LocalCRC = apktest.Ptr(uint32(1)), apktest.Ptr(uint32(0xfffffff0)), apktest.Ptr(uint32(7))
			}),
			want: both,
		},
		{
			name: "descriptor without signature",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].Descriptor = true
				b := z.Bytes()
				at := bytes.Index(b, []byte(descriptorMagic))
				z.Files[1].DescBytes = bytes.Clone(b[at+4 : at+16])
			}),
			want: both,
		},
		{
			name: "descriptor lies",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].Descriptor, z.Files[1].DescBytes = true, []byte(descriptorMagic+"\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00\x00")
			}),
			want: both,
			odd:  []string{"!descriptor classes.dex"},
		},
		{
			name: "local sizes lie without descriptor",
			zip:  with(func(z *apktest.ZIP) { z.Files[0].LocalSize = apktest.Ptr(uint32(1)) }),
			want: both,
			odd:  []string{"!local-sizes AndroidManifest.xml"},
		},
		{
			name: "local extra field of 60 KB",
			zip:  with(func(z *apktest.ZIP) { z.Files[1].LocalExtra = make([]byte, 60_000) }),
			want: both,
			odd:  []string{"local-extra classes.dex"},
		},
		{
			name: "CRC wrong",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].CRC, z.Files[1].LocalCRC = apktest.Ptr(uint32(1)), apktest.Ptr(uint32(1))
			}),
			want: both,
			odd:  []string{"crc classes.dex"},
		},
		{
			name: "duplicate names",
			zip: with(func(z *apktest.ZIP) {
				z.Files = append(z.Files, apktest.File{Name: "classes.dex", Content: dex + " the second"})
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex, "classes.dex#1": dex + " the second"},
			odd:  []string{"!duplicate-name classes.dex"},
		},
		{
			name: "names that look alike",
			zip: with(func(z *apktest.ZIP) {
				for _, n := range []string{"AndroidManifest.xml/", "AndroidManifest.xml ", "androidmanifest.xml", "classes.dex/x", "classes.dex/"} {
					z.Files = append(z.Files, apktest.File{Name: n, Content: "decoy " + n})
				}
			}),
			want: map[string]string{
				"AndroidManifest.xml": axml, "classes.dex": dex,
				"AndroidManifest.xml/": "decoy AndroidManifest.xml/", "AndroidManifest.xml ": "decoy AndroidManifest.xml ",
				"androidmanifest.xml": "decoy androidmanifest.xml", "classes.dex/x": "decoy classes.dex/x", "classes.dex/": "decoy classes.dex/",
			},
		},
		{
			name: "names that are none",
			zip: with(func(z *apktest.ZIP) {
				for _, n := range []string{"", "a\x00b", "\xff\xfe", "\xc3", "ok \u00e9"} {
					z.Files = append(z.Files, apktest.File{Name: n, Content: "named " + n})
				}
			}),
			want: map[string]string{
				"AndroidManifest.xml": axml, "classes.dex": dex,
				"": "named ", "a\x00b": "named a\x00b", "\xff\xfe": "named \xff\xfe", "\xc3": "named \xc3", "ok \u00e9": "named ok \u00e9",
			},
			odd: []string{`bad-name `, `!bad-name a\x00b`, `!bad-name \xff\xfe`, `!bad-name \xc3`},
		},
		{
			name: "path traversal",
			zip: with(func(z *apktest.ZIP) {
				for _, n := range []string{"../../x", "/etc/passwd", `..\x`, `C:\x`, "a/../b", "a..b/c"} {
					z.Files = append(z.Files, apktest.File{Name: n, Content: n})
				}
			}),
			want: map[string]string{
				"AndroidManifest.xml": axml, "classes.dex": dex,
				"../../x": "../../x", "/etc/passwd": "/etc/passwd", `..\x`: `..\x`, `C:\x`: `C:\x`, "a/../b": "a/../b", "a..b/c": "a..b/c",
			},
			odd: []string{"path-traversal ../../x", "path-traversal /etc/passwd", `path-traversal ..\x`, `path-traversal C:\x`, "path-traversal a/../b"},
		},
		{
			name: "fewer entries counted than there are",
			zip:  with(func(z *apktest.ZIP) { z.Count = apktest.Ptr(uint16(1)) }),
			want: both,
			odd:  []string{"entry-count", "hidden-entry classes.dex"},
		},
		{
			name: "more entries counted than there are",
			zip:  with(func(z *apktest.ZIP) { z.Count = apktest.Ptr(uint16(3)) }),
			want: both,
			odd:  []string{"!entry-count", "!directory-bad"},
		},
		{
			name: "no entries counted",
			zip:  with(func(z *apktest.ZIP) { z.Count = apktest.Ptr(uint16(0)) }),
			want: both,
			odd:  []string{"!entry-count", "hidden-entry AndroidManifest.xml", "hidden-entry classes.dex"},
		},
		{
			name: "directory size too small",
			zip:  with(func(z *apktest.ZIP) { z.DirSize = apktest.Ptr(uint32(50)) }),
			want: both,
			odd:  []string{"!directory-size"},
		},
		{
			name: "directory size too large",
			zip:  with(func(z *apktest.ZIP) { z.DirSize = apktest.Ptr(uint32(0x7fffffff)) }),
			want: both,
			odd:  []string{"!directory-size"},
		},
		{
			name: "directory offset leads nowhere",
			zip:  with(func(z *apktest.ZIP) { z.DirOff = apktest.Ptr(uint32(0x7f7f7f7f)) }),
			want: both,
			odd:  []string{"!directory-found", "!directory-found"},
		},
		{
			name: "extra field of a record swallows the next record's beginning",
			zip: with(func(z *apktest.ZIP) {
				z.Files = append(z.Files, apktest.File{Name: "b", Content: "bee"})
				b := z.Bytes()
				at := bytes.Index(b, []byte(directoryMagic))
				b[at+30] = 9 // length of the extra field
				z.Files, z.Prefix, z.NoEnd, z.NoDir = nil, b, true, true
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex, "b": "bee"},
			odd:  []string{"!directory-bad"},
		},
		{
			name: "record inside another's extra field",
			zip: with(func(z *apktest.ZIP) {
				z.Files = append([]apktest.File{{Name: "inner", Content: "inside"}}, z.Files...)
				z.Files[0].Nameless = true
				z.Files[1].Extra = append([]byte{0xef, 0xbe, 51, 0}, apktest.CentralRecord("inner", 6, 6, 0)...)
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex, "inner": "inside"},
			odd:  []string{"hidden-entry inner", "crc inner", "!local-sizes inner"},
		},
		{
			name: "end record inside the comment leads to a decoy",
			file: func() []byte {
				// The first directory is a decoy's; the end record that Android
				// finds first, from the end, is inside the first one's comment.
				decoy := apktest.File{Name: "decoy", Content: "nothing to see"}
				z := apktest.ZIP{Files: []apktest.File{manifest, code}, NoEnd: true}
				real := z.Bytes()
				realDir := dirOf(plain)
				realOff := uint32(len(real) - len(realDir))
				d := apktest.ZIP{Files: []apktest.File{decoy}}
				fake := d.Bytes()
				fakeDir := dirOf(d)
				local := fake[:len(fake)-endSize-len(fakeDir)]
				out := append(real, local...)
				rec := bytes.Clone(fakeDir)
				rec[42], rec[43] = byte(len(real)), byte(len(real)>>8)
				fakeOff := uint32(len(out))
				out = append(out, rec...)
				out = append(out, apktest.EndRecord(1, uint32(len(rec)), fakeOff, endSize)...)
				return append(out, apktest.EndRecord(2, uint32(len(realDir)), realOff, 0)...)
			}(),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex, "decoy": "nothing to see"},
			odd:  []string{"directory-size", "entry-count", "several-ends", "hidden-entry decoy", "bad-offset decoy"},
		},
		{
			name: "trailing bytes",
			zip:  with(func(z *apktest.ZIP) { z.Trailing = []byte("appended by someone") }),
			want: both,
			odd:  []string{"!trailing-bytes", "gap"},
		},
		{
			name: "100 KB of trailing zeros",
			zip:  with(func(z *apktest.ZIP) { z.Trailing = make([]byte, 100_000) }),
			want: both,
			odd:  []string{"!trailing-bytes"},
		},
		{
			name: "comment longer than the file",
			zip:  with(func(z *apktest.ZIP) { z.CommentLen = apktest.Ptr(uint16(500)) }),
			want: both,
			odd:  []string{"!comment-length"},
		},
		{
			name: "longest comment",
			zip:  with(func(z *apktest.ZIP) { z.Comment = bytes.Repeat([]byte{'c'}, maxComment) }),
			want: both,
		},
		{
			name: "prefix that the offsets know of",
			zip:  with(func(z *apktest.ZIP) { z.Prefix = []byte(dex) }),
			want: both,
			odd:  []string{"!prefix", "gap"},
		},
		{
			name: "prefix that the offsets do not know of",
			zip:  with(func(z *apktest.ZIP) { z.Prefix, z.Shifted = []byte("#!/bin/sh with a script before"), true }),
			want: both,
			odd:  []string{"!prefix", "gap"},
		},
		{
			name: "gap with code",
			zip: with(func(z *apktest.ZIP) {
				z.BeforeDir = append(make([]byte, 5000), zipHeaderOfDEX()...)
			}),
			want: both,
			odd:  []string{"gap"},
		},
		{
			name: "overlapping entries",
			zip: with(func(z *apktest.ZIP) {
				z.Files = append(z.Files, apktest.File{Name: "classes2.dex", Content: dex, Unwritten: true, Offset: apktest.Ptr(uint32(len(apktest.ZIP{Files: []apktest.File{manifest}, NoDir: true, NoEnd: true}.Bytes())))})
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": dex, "classes2.dex": dex},
			odd:  []string{"overlap classes2.dex", "!local-name classes2.dex"},
		},
		{
			name: "ZIP64",
			zip:  with(func(z *apktest.ZIP) { z.ZIP64 = true }),
			want: both,
			odd:  []string{"zip64"},
		},
		{
			name: "ZIP64 extra field",
			zip: with(func(z *apktest.ZIP) {
				f := &z.Files[1]
				f.Size, f.CSize = apktest.Ptr(uint32(0xffffffff)), apktest.Ptr(uint32(0xffffffff))
				n := byte(len(dex))
				f.Extra = []byte{1, 0, 16, 0, n, 0, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0}
			}),
			want: both,
		},
		{
			name: "size too large to be true",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0].Size, z.Files[0].LocalSize = apktest.Ptr(uint32(0xfffffff0)), apktest.Ptr(uint32(0xfffffff0))
			}),
			want: both,
			odd:  []string{"high-ratio AndroidManifest.xml", "!size AndroidManifest.xml"},
		},
		{
			name: "size smaller than the stream",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "long", Content: long, Method: Deflated, Size: apktest.Ptr(uint32(10)), LocalSize: apktest.Ptr(uint32(10))}
			}),
			want: map[string]string{"long": long, "classes.dex": dex},
			odd:  []string{"!size long"},
		},
		{
			name: "compressed size smaller than the stream",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0] = apktest.File{Name: "long", Content: long, Method: Deflated, CSize: apktest.Ptr(uint32(20)), LocalCSize: apktest.Ptr(uint32(20))}
			}),
			want: map[string]string{"long": long, "classes.dex": dex},
			odd:  []string{"!compressed long", "gap"},
		},
		{
			name: "compressed size larger than the stream",
			zip: with(func(z *apktest.ZIP) {
				z.Files[0].Raw = append(apktest.Deflate(axml), "garbage after the stream"...)
			}),
			want: both,
		},
		{
			name: "stored, compressed size smaller",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].CSize, z.Files[1].LocalCSize = apktest.Ptr(uint32(3)), apktest.Ptr(uint32(3))
			}),
			want: both,
			odd:  []string{"stored-size classes.dex"},
		},
		{
			name: "stored content runs into the directory",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].Size, z.Files[1].LocalSize = apktest.Ptr(uint32(1<<20)), apktest.Ptr(uint32(1<<20))
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": "~truncated"},
			odd:  []string{"stored-size classes.dex", "!extent classes.dex"},
		},
		{
			name: "damaged stream",
			zip: with(func(z *apktest.ZIP) {
				// A stored block of five bytes, then a block of the reserved type.
				raw := []byte("\x00\x05\x00\xfa\xffhello\x07 and more")
				z.Files[0] = apktest.File{Name: "long", Content: long, Raw: raw, Method: Deflated}
			}),
			want: map[string]string{"long": "~malformed", "classes.dex": dex},
			odd:  []string{"!corrupt long"},
		},
		{
			name: "local header behind the directory",
			zip: with(func(z *apktest.ZIP) {
				z.Files[1].Unwritten = true
				z.Files[1].Offset = apktest.Ptr(uint32(0xfffffff0))
			}),
			want: map[string]string{"AndroidManifest.xml": axml, "classes.dex": "!out of range"},
			odd:  []string{"!bad-offset classes.dex"},
		},
		{
			name: "APK Signing Block",
			zip:  with(func(z *apktest.ZIP) { z.BeforeDir = apktest.SigningBlock([]byte("pairs")) }),
			want: both,
		},
		{
			name: "empty archive",
			file: apktest.EndRecord(0, 0, 0, 0),
			want: map[string]string{},
			odd:  []string{"!empty"},
		},
	}

	list = append(list, trick{
		name: "entries that an empty directory hides",
		zip: with(func(z *apktest.ZIP) {
			z.NoDir, z.Count, z.DirSize = true, apktest.Ptr(uint16(0)), apktest.Ptr(uint32(0))
		}),
		want: both,
		odd:  []string{"!recovered"},
	})

	// Downloads that stopped.
	whole := apktest.ZIP{Files: []apktest.File{
		manifest,
		{Name: "long", Content: long, Method: Deflated, Descriptor: true},
		{Name: "stored", Content: dex, Descriptor: true},
		code,
	}}
	b := whole.Bytes()
	all := map[string]string{"AndroidManifest.xml": axml, "long": long, "stored": dex, "classes.dex": dex}
	list = append(list,
		trick{name: "end record cut off", file: b[:len(b)-endSize], want: all, odd: []string{"!directory-found"}},
		trick{name: "directory cut off", file: apktest.ZIP{Files: whole.Files, NoDir: true, NoEnd: true}.Bytes(), want: all, odd: []string{"!recovered"}},
		trick{
			name: "cut off inside an entry",
			file: apktest.ZIP{Files: whole.Files[:2], NoDir: true, NoEnd: true}.Bytes()[:200],
			want: map[string]string{"AndroidManifest.xml": axml, "long": "~truncated"},
			odd:  []string{"!recovered", "!corrupt long"},
		},
		trick{
			name: "descriptor without signature, directory cut off",
			file: apktest.ZIP{Files: []apktest.File{
				{Name: "long", Content: long, Method: Deflated, Descriptor: true, DescBytes: make([]byte, 12)},
				code,
			}, NoDir: true, NoEnd: true}.Bytes(),
			want: map[string]string{"long": long, "classes.dex": dex},
			odd:  []string{"!recovered"},
		},
		trick{
			name: "directory damaged in its middle",
			file: func() []byte {
				c := bytes.Clone(b)
				i := bytes.LastIndex(c, []byte(directoryMagic))
				copy(c[i:], "XXXX")
				return c
			}(),
			want: all,
			odd:  []string{"!entry-count", "!directory-bad", "directory-size", "!recovered", "gap"},
		},
	)
	return list
}

// zipHeaderOfDEX returns a DEX header that passes for one.
func zipHeaderOfDEX() []byte {
	h := make([]byte, 0x70)
	copy(h, "dex\n035\x00")
	h[36] = 0x70
	copy(h[40:], "\x78\x56\x34\x12")
	return h
}

func TestTricks(t *testing.T) {
	for _, tt := range tricks() {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.file
			if b == nil {
				b = tt.zip.Bytes()
			}
			fromFile, err := NewReader(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			inMemory, err := NewBytes(b)
			if err != nil {
				t.Fatal(err)
			}
			checkTrick(t, fromFile, tt)
			checkTrick(t, inMemory, tt)
		})
	}
}

func checkTrick(t *testing.T, a *Archive, tt trick) {
	t.Helper()
	seen := map[string]int{}
	for _, e := range a.Entries() {
		key := e.RawName
		if n := seen[key]; n > 0 {
			key += fmt.Sprintf("#%d", n)
		}
		seen[e.RawName]++
		want, ok := tt.want[key]
		if !ok {
			t.Errorf("unexpected entry %q", key)
			continue
		}
		got, err := e.Read(nil)
		var fe *binread.FormatError
		switch {
		case strings.HasPrefix(want, "!"):
			if !errors.As(err, &fe) || string(fe.Kind) != want[1:] || len(got) > 0 {
				t.Errorf("%q: %q, %v", key, got, err)
			}
		case strings.HasPrefix(want, "~"):
			if !errors.As(err, &fe) || string(fe.Kind) != want[1:] || fe.Path != e.Name || len(got) == 0 {
				t.Errorf("%q: %d bytes, %v", key, len(got), err)
			}
		case err != nil || string(got) != want:
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	total := 0
	for _, n := range seen {
		total += n
	}
	if total != len(tt.want) {
		t.Errorf("%d entries, want %d", total, len(tt.want))
	}
	if diff := oddities(a); !equalOdd(diff, tt.odd) {
		t.Errorf("anomalies:\n%s\nwant %q", describe(a), tt.odd)
	}
}

func oddities(a *Archive) []string {
	var out []string
	for _, x := range a.Anomalies() {
		s := string(x.Kind)
		if x.Entry != nil {
			s += " " + x.Entry.Name
		}
		if x.Rejected {
			s = "!" + s
		}
		out = append(out, s)
	}
	return out
}

func equalOdd(got, want []string) bool {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	return slices.Equal(got, want)
}

func describe(a *Archive) string {
	var b strings.Builder
	for _, x := range a.Anomalies() {
		fmt.Fprintln(&b, x)
	}
	return b.String()
}
