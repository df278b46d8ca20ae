package apk

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16Bytes(s string, order binary.AppendByteOrder, bom bool) []byte {
	var out []byte
	if bom {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func sniffCases() map[string]Kind {
	tar := make([]byte, 512)
	copy(tar, "folder/file")
	copy(tar[257:], "ustar\x0000")
	pe := make([]byte, 256)
	copy(pe, "MZ")
	pe[60] = 128
	copy(pe[128:], "PE\x00\x00")
	notPE := bytes.Clone(pe)
	notPE[129] = 0
	apkm := append([]byte{0, 2}, make([]byte, 24)...)
	binary.LittleEndian.PutUint64(apkm[2:], 3)
	binary.LittleEndian.PutUint64(apkm[10:], 64<<20)
	binary.LittleEndian.PutUint64(apkm[18:], 8192)
	apkm = append(apkm, "0123456789abcdef0123456789abcdef01234567\x00\x01\x02"...)
	otherAlgorithm, hugeChunk := bytes.Clone(apkm), bytes.Clone(apkm)
	otherAlgorithm[1] = 3
	hugeChunk[25] = 1
	return map[string]Kind{
		"":                                   KindEmpty,
		"PK\x03\x04rest":                     KindZIP,
		"PK\x05\x06":                         KindZIP,
		"PK\x07\x08":                         KindUnknown,
		"dex\n035\x00":                       KindDEX,
		"dex\n041\x00":                       KindDEX,
		"dex\n035":                           KindText, // cut off: no more than a word
		"dex\n03x\x00":                       KindUnknown,
		"cdex001\x00":                        KindCDEX,
		"dey\n036\x00":                       KindODEX,
		"vdex027\x00":                        KindVDEX,
		"vdex010":                            KindVDEX,
		"vdexxyz\x00":                        KindUnknown,
		"\x7fELF\x02\x01\x01":                KindELF,
		"art\n108\x00":                       KindART,
		"pro\x00015\x00":                     KindProfile,
		"prm\x00002\x00":                     KindProfileMeta,
		"\x03\x00\x08\x00\x10\x00\x00\x00":   KindAXML,
		"\x02\x00\x0c\x00\x10\x00\x00\x00":   KindARSC,
		"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f":   KindHermes,
		"\xe5\xd1\x0b\xfb\x01\x00\x00\x00":   KindRAMBundle,
		"\xaf\x1b\xb1\xfa\x18\x00\x00\x00":   KindUnityMeta,
		"XABA\x01\x00\x00\x00":               KindXABA,
		"XALZ\x00\x00\x00\x00":               KindXALZ,
		"\xf5\xf5\xdc\xdc\x00":               KindDart,
		"\x1bLuaS":                           KindLua,
		"\x1bLJ\x02":                         KindLua,
		"\x00asm\x01\x00\x00\x00":            KindWasm,
		"\xca\xfe\xba\xbe\x00\x00\x00\x34":   KindClassFile,
		"\xca\xfe\xba\xbe\x00\x00\x00\x02":   KindUnknown, // Mach-O, two architectures
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHD": KindPNG,
		"\xff\xd8\xff\xe0\x00\x10JFIF":       KindJPEG,
		"GIF89a":                             KindGIF,
		"RIFF\x10\x00\x00\x00WEBPVP8 ":       KindWebP,
		"RIFF\x10\x00\x00\x00WAVEfmt ":       KindRIFF,
		"OggS\x00":                           KindOgg,
		"ID3\x04\x00":                        KindMP3,
		"\xff\xfb\x90\x64\x00":               KindMP3,
		"\x00\x00\x00\x18ftypmp42":           KindMP4,
		"SQLite format 3\x00":                KindSQLite,
		"\x1f\x8b\x08\x00":                   KindGzip,
		"x\x9c\xed\xbd\x07\x60":              KindZlib,
		"\x28\xb5\x2f\xfd\x04":               KindZstd,
		"\xfd7zXZ\x00":                       KindXZ,
		"BZh91AY":                            KindBzip2,
		"7z\xbc\xaf\x27\x1c\x00":             Kind7z,
		"Rar!\x1a\x07\x01\x00":               KindRAR,
		"%PDF-1.7":                           KindPDF,
		"\x00\x01\x00\x00\x00\x0e":           KindFont,
		"wOF2\x00\x01\x00\x00":               KindFont,
		string(tar):                          KindTar,
		string(pe):                           KindPE,
		string(notPE):                        KindUnknown,
		string(apkm):                         KindOldAPKM,
		string(apkm[:65]):                    KindUnknown,
		string(otherAlgorithm):               KindUnknown,
		string(hugeChunk):                    KindUnknown,

		// Binary XML whose root type is 0.
		"\x00\x00\x08\x00\x00\x10\x00\x00\x01\x00\x1c\x00": KindAXML,
		"\x00\x00\x08\x00\x00\x10\x00\x00\x02\x00\x1c\x00": KindUnknown,
		// aapt.pb.XmlNode with a namespace declaration, and without one.
		"\x0a\xb9\x2f\x0a\x39\x0a\x07android\x12\x2ahttp://schemas.android.com/apk/res/android": KindProtoXML,
		"\x0a\x0c\x1a\x0aresources.\x00": KindProtoXML,
		"\n\n\x1a\x0aa b c d e f\x00":    KindUnknown,
		"../boot.vdex":                   KindSymlink,
		"../a text that only begins so":  KindText,
		"<?xml version=\"1.0\"?>":        KindXML,
		"\xef\xbb\xbf<manifest/>":        KindXML,
		"  <!DOCTYPE html><html>":        KindHTML,
		"<HTML lang=en>":                 KindHTML,
		"{\"a\": 1}":                     KindJSON,
		"{}":                             KindJSON,
		"[1, 2]":                         KindJSON,
		"{ not json }":                   KindText,
		"x = y\n":                        KindText,
		"\u4f60\u597d":                   KindText,
		"\u4f60\u597d"[:5]:               KindText, // cut off inside a character
		"caf\xe9 au lait":                KindUnknown,
		"na\xefve latin-1 text of some length, d\xe9j\xe0 vu": KindText8Bit,
		"a\x00b": KindUnknown,
		"h\x00\x00\x00i\x00\x00\x00t\x00\x00\x00s\x00\x00\x00":             KindTextUTF32,
		"\x00\x00\xfe\xff\x00\x00\x00h\x00\x00\x00i":                       KindTextUTF32,
		"\xff\xfe\x00\x00-N\x00\x00h\x00\x00\x00":                          KindTextUTF32,
		"\x01\x00\x00\x00h\x00\x00\x00i\x00\x00\x00":                       KindUnknown,
		"XAZS\x00\x00\x00\x00":                                             KindXALZ,
		string(utf16Bytes("hello", binary.LittleEndian, true)):             KindTextUTF16,
		string(utf16Bytes("hello", binary.BigEndian, true)):                KindTextUTF16,
		string(utf16Bytes("hello world", binary.LittleEndian, false)):      KindTextUTF16,
		string(utf16Bytes("hello world", binary.BigEndian, false)):         KindTextUTF16,
		strings.Repeat("\u00e9", 255) + "x\xc3":                            KindText,
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": KindUnknown,
	}
}

func TestSniff(t *testing.T) {
	for in, want := range sniffCases() {
		if got := Sniff([]byte(in)); got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for in := range sniffCases() {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k := Sniff(b)
		if (len(b) == 0) != (k == KindEmpty) {
			t.Errorf("%q is %q", b, k)
		}
	})
}
