package apk

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Kind is what some bytes are, told from the bytes.
type Kind string

// The closed list of kinds.
const (
	KindUnknown     Kind = ""
	KindEmpty       Kind = "empty"        // no bytes at all
	KindZIP         Kind = "zip"          // APK, AAB, JAR, AAR, APKS …
	KindDEX         Kind = "dex"          // Dalvik executable, 035 to 041 and later
	KindCDEX        Kind = "cdex"         // compact DEX, found in VDEX files only
	KindODEX        Kind = "odex"         // Dalvik's optimised DEX (Android 4.4 and before)
	KindVDEX        Kind = "vdex"         // ART's verified DEX
	KindELF         Kind = "elf"          // native library, or OAT
	KindART         Kind = "art"          // heap image of ART
	KindProfile     Kind = "profile"      // ART profile
	KindProfileMeta Kind = "profile-meta" // metadata of a baseline profile
	KindAXML        Kind = "axml"         // Android binary XML
	KindARSC        Kind = "arsc"         // resource table
	KindProtoXML    Kind = "proto-xml"    // aapt2's protobuf form of an XML file, in app bundles
	KindOldAPKM     Kind = "old-apkm"     // APKMirror's encrypted container of 2020
	KindHermes      Kind = "hermes"       // Hermes bytecode (React Native)
	KindRAMBundle   Kind = "ram-bundle"   // React Native's indexed JavaScript bundle
	KindUnityMeta   Kind = "unity-meta"   // global-metadata.dat of il2cpp
	KindXABA        Kind = "xaba"         // .NET for Android assembly store
	KindXALZ        Kind = "xalz"         // one compressed .NET assembly (XALZ or XAZS)
	KindPE          Kind = "pe"           // Windows executable: a .NET assembly
	KindDart        Kind = "dart"         // Dart snapshot
	KindKernel      Kind = "kernel"       // Dart kernel blob
	KindLua         Kind = "lua"          // Lua or LuaJIT bytecode
	KindWasm        Kind = "wasm"         // WebAssembly
	KindClassFile   Kind = "class"        // Java class file
	KindGzip        Kind = "gzip"
	KindZlib        Kind = "zlib"
	KindXZ          Kind = "xz"
	KindZstd        Kind = "zstd"
	KindBzip2       Kind = "bzip2"
	Kind7z          Kind = "7z"
	KindRAR         Kind = "rar"
	KindTar         Kind = "tar"
	KindSQLite      Kind = "sqlite"
	KindPDF         Kind = "pdf"
	KindPNG         Kind = "png"
	KindJPEG        Kind = "jpeg"
	KindGIF         Kind = "gif"
	KindWebP        Kind = "webp"
	KindRIFF        Kind = "riff" // WAV, AVI
	KindOgg         Kind = "ogg"
	KindMP3         Kind = "mp3"
	KindMP4         Kind = "mp4"
	KindFLAC        Kind = "flac"
	KindFont        Kind = "font"       // TrueType, OpenType, WOFF
	KindSymlink     Kind = "symlink"    // the text of a relative symbolic link, as checkouts of ROM dumps hold
	KindXML         Kind = "xml"        // text that begins as XML
	KindHTML        Kind = "html"       // text that begins as HTML
	KindJSON        Kind = "json"       // text that begins as a JSON object or array
	KindText        Kind = "text"       // UTF-8 or ASCII text
	KindTextUTF16   Kind = "text-utf16" // UTF-16 text, by its byte order mark or its zeros
	KindTextUTF32   Kind = "text-utf32" // UTF-32 text, likewise
	KindText8Bit    Kind = "text-8bit"  // text in another encoding, such as Latin-1 or GBK
)

// SniffLen is how many bytes from the start Sniff can make use of. With fewer
// it still answers, but may not tell a tar archive or text from data.
const SniffLen = 512

// IsText reports whether the kind is one that people write.
func (k Kind) IsText() bool {
	switch k {
	case KindText, KindTextUTF16, KindTextUTF32, KindText8Bit, KindXML, KindHTML, KindJSON:
		return true
	}
	return false
}

type magic struct {
	bytes string
	kind  Kind
}

// magics are compared at offset 0, in this order. Sources: AOSP art
// (dex_file.h, vdex_file.h, image.h, profile_compilation_info.cc), androidfw
// ResourceTypes.h, Hermes BytecodeFileFormat.h, the formats' own documents.
var magics = [...]magic{
	{"PK\x03\x04", KindZIP},
	{"PK\x05\x06", KindZIP},
	{"\x7fELF", KindELF},
	{"\x89PNG\r\n\x1a\n", KindPNG},
	{"\x03\x00\x08\x00", KindAXML},
	{"\x02\x00\x0c\x00", KindARSC},
	{"art\n", KindART},
	{"pro\x00", KindProfile},
	{"prm\x00", KindProfileMeta},
	{"\xc6\x1f\xbc\x03\xc1\x03\x19\x1f", KindHermes},
	{"\x39\xe0\x43\xfc\x3e\xfc\xe6\xe0", KindHermes}, // delta form
	{"\xe5\xd1\x0b\xfb", KindRAMBundle},
	{"\xaf\x1b\xb1\xfa", KindUnityMeta},
	{"XABA", KindXABA},
	{"XALZ", KindXALZ},
	{"XAZS", KindXALZ},
	{"\xf5\xf5\xdc\xdc", KindDart},
	{"\x90\xab\xcd\xef", KindKernel},
	{"\x1bLua", KindLua},
	{"\x1bLJ", KindLua},
	{"\x00asm", KindWasm},
	{"\x1f\x8b\x08", KindGzip},
	{"\xfd7zXZ\x00", KindXZ},
	{"\x28\xb5\x2f\xfd", KindZstd},
	{"BZh", KindBzip2},
	{"7z\xbc\xaf\x27\x1c", Kind7z},
	{"Rar!\x1a\x07", KindRAR},
	{"SQLite format 3\x00", KindSQLite},
	{"%PDF-", KindPDF},
	{"\xff\xd8\xff", KindJPEG},
	{"GIF87a", KindGIF},
	{"GIF89a", KindGIF},
	{"OggS", KindOgg},
	{"ID3", KindMP3},
	{"fLaC", KindFLAC},
	{"\x00\x01\x00\x00\x00", KindFont},
	{"OTTO\x00", KindFont},
	{"ttcf", KindFont},
	{"wOFF", KindFont},
	{"wOF2", KindFont},
}

// Sniff tells what a file is from its first bytes; SniffLen of them are enough,
// and head may be the whole file. It looks at content only: the name of an
// entry is whatever its author wished it to be. Text is what is left when no
// magic fits and all of head is printable.
func Sniff(head []byte) Kind {
	if len(head) == 0 {
		return KindEmpty
	}
	switch {
	case isVersioned(head, "dex\n", "\x00"):
		return KindDEX
	case isVersioned(head, "cdex", "\x00"):
		return KindCDEX
	case isVersioned(head, "dey\n", "\x00"):
		return KindODEX
	case isVersioned(head, "vdex", ""):
		return KindVDEX
	}
	for i := range magics {
		if m := &magics[i]; len(head) >= len(m.bytes) && string(head[:len(m.bytes)]) == m.bytes {
			return m.kind
		}
	}
	switch {
	case isAXML(head):
		return KindAXML
	case isClassFile(head):
		return KindClassFile
	case isProtoXML(head):
		return KindProtoXML
	case isPE(head):
		return KindPE
	case isOldAPKM(head):
		return KindOldAPKM
	case len(head) >= 12 && string(head[:4]) == "RIFF":
		if string(head[8:12]) == "WEBP" {
			return KindWebP
		}
		return KindRIFF
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return KindMP4
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return KindTar
	case len(head) >= 2 && head[0] == 0xff && head[1]&0xe6 == 0xe2 && len(head) >= 4 && head[2]>>4 != 0xf && head[2]>>4 != 0:
		return KindMP3 // frame of layer III without a tag
	case len(head) >= 6 && head[0] == 0x78 && binary.BigEndian.Uint16(head)%31 == 0 && !isPrintable(head):
		return KindZlib
	}
	return sniffText(head)
}

// isVersioned reports whether head is magic, three ASCII digits and end.
func isVersioned(head []byte, magic, end string) bool {
	n := len(magic)
	if len(head) < n+3+len(end) || string(head[:n]) != magic || string(head[n+3:n+3+len(end)]) != end {
		return false
	}
	for _, c := range head[n : n+3] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isAXML accepts what Android's parsers, old or new, take for a tree of binary
// XML although the type is not 3: type 0, a header of 8 bytes, and a string
// pool as the first chunk.
func isAXML(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "\x00\x00\x08\x00" && string(head[8:12]) == "\x01\x00\x1c\x00"
}

// isClassFile tells class files from Mach-O fat binaries, which share the
// magic, by the major version (45 for Java 1.0).
func isClassFile(head []byte) bool {
	return len(head) >= 8 && string(head[:4]) == "\xca\xfe\xba\xbe" && binary.BigEndian.Uint16(head[6:]) >= 45
}

// isPE demands the PE signature where the DOS header says it is, if head
// reaches that far.
func isPE(head []byte) bool {
	if len(head) < 64 || head[0] != 'M' || head[1] != 'Z' {
		return false
	}
	off := binary.LittleEndian.Uint32(head[60:])
	if off >= uint32(len(head)) || uint32(len(head))-off < 4 {
		return off >= 64 && off < 1<<16
	}
	return string(head[off:off+4]) == "PE\x00\x00"
}

// isProtoXML recognises aapt.pb.XmlNode: field 1 (element) holding field 1
// (namespace declaration) or field 3 (name). The declared lengths must nest.
func isProtoXML(head []byte) bool {
	if len(head) < 8 || head[0] != 0x0a {
		return false
	}
	outer, n := binary.Uvarint(head[1:min(len(head), 7)])
	if n <= 0 || outer < 2 {
		return false
	}
	p := head[1+n:]
	if len(p) < 4 {
		return false
	}
	inner, m := binary.Uvarint(p[1:min(len(p), 7)])
	if m <= 0 || inner == 0 || inner > outer-2 {
		return false
	}
	body := p[1+m:]
	switch p[0] {
	case 0x0a: // XmlNamespace: 1 prefix, 2 uri
		return len(body) >= 2 && body[0] == 0x0a && int(body[1]) < len(body)-2 && body[2+int(body[1])] == 0x12
	case 0x1a: // name of the element
		return inner < 64 && uint64(len(body)) >= inner && isName(body[:inner])
	}
	return false
}

// isOldAPKM recognises the header of the containers that APKMirror encrypted
// with libsodium in 2020: an unused byte, the algorithm of the password hash (1
// or 2), then as 64-bit numbers its operations limit, its memory limit (at most
// 512 MiB) and the size of a chunk, then salt and nonce. Source: the public
// tool unapkm. The zeros of three small numbers tell it from other data.
func isOldAPKM(head []byte) bool {
	if len(head) < 66 || head[1] != 1 && head[1] != 2 {
		return false
	}
	le := binary.LittleEndian
	ops, mem, chunk := le.Uint64(head[2:]), le.Uint64(head[10:]), le.Uint64(head[18:])
	return ops > 0 && ops < 1<<16 && mem >= 8<<10 && mem <= 512<<20 && chunk >= 64 && chunk <= 64<<20 && !isZero(head[26:66])
}

func isName(b []byte) bool {
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

func sniffText(head []byte) Kind {
	if isUTF32(head) {
		return KindTextUTF32
	}
	if len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) && len(head)%2 == 0 {
		return KindTextUTF16
	}
	if isUTF16(head) {
		return KindTextUTF16
	}
	if !isPrintable(head) {
		if isText8Bit(head) {
			return KindText8Bit
		}
		return KindUnknown
	}
	if len(head) <= 255 && bytes.HasPrefix(head, []byte("../")) && !bytes.ContainsAny(head, "\n\r\t \"'<>") {
		return KindSymlink
	}
	t := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case hasPrefixFold(t, "<!doctype html") || hasPrefixFold(t, "<html"):
		return KindHTML
	case len(t) > 1 && t[0] == '<' && (t[1] == '?' || t[1] == '!' || t[1] >= 'A' && t[1] <= 'Z' || t[1] >= 'a' && t[1] <= 'z'):
		return KindXML
	case isJSON(t):
		return KindJSON
	}
	return KindText
}

// isJSON looks at the first two marks: an object's key, or an array's element.
func isJSON(t []byte) bool {
	if len(t) < 2 || t[0] != '{' && t[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(t[1:], " \t\r\n")
	if len(rest) == 0 {
		return false
	}
	if t[0] == '{' {
		return rest[0] == '"' || rest[0] == '}'
	}
	return bytes.IndexByte([]byte(`"{[]-0123456789tfn`), rest[0]) >= 0
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}

// isUTF16 recognises Latin text in UTF-16 without a byte order mark: printable
// ASCII at every other place and zeros between.
func isUTF16(head []byte) bool {
	if len(head) < 8 || len(head)%2 != 0 && len(head) != SniffLen {
		return false
	}
	for _, lo := range [2]int{0, 1} {
		ok := true
		for i := 0; i+1 < len(head) && ok; i += 2 {
			ok = head[i+1-lo] == 0 && isPrintableASCII(head[i+lo])
		}
		if ok {
			return true
		}
	}
	return false
}

// isUTF32 recognises text of four bytes a character, with a byte order mark or
// without: printable ASCII for the most part, and nothing out of range.
func isUTF32(head []byte) bool {
	for _, order := range [2]binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		n, ascii, least := 0, 0, 4
		for b := head; len(b) >= 4; b = b[4:] {
			r := order.Uint32(b)
			if n++; n == 1 && r == 0xfeff {
				ascii, least = 1, 2
				continue
			}
			if r >= 0x110000 || r < ' ' && !isPrintableASCII(byte(r)) {
				n = -1
				break
			}
			if r < utf8.RuneSelf {
				ascii++
			}
		}
		if n >= least && ascii*2 >= n {
			return true
		}
	}
	return false
}

// isText8Bit recognises text of one or two bytes a character by the lack of
// control characters, which so many other bytes would not lack, and by half of
// it being ASCII.
func isText8Bit(head []byte) bool {
	ascii := 0
	for _, c := range head {
		switch {
		case isPrintableASCII(c):
			ascii++
		case c < 0x80:
			return false
		}
	}
	return len(head) >= 32 && ascii*2 >= len(head)
}

func isPrintableASCII(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\n' || c == '\r' || c == '\t' || c == '\f'
}

// isPrintable reports whether b is UTF-8 text. A character that is cut off at
// the end counts as whole.
func isPrintable(b []byte) bool {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if !isPrintableASCII(c) && c != 0x1b {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i > 0 && len(b)-i < utf8.UTFMax && !utf8.FullRune(b[i:])
		}
		i += n
	}
	return true
}
