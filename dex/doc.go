// Package dex reads Dalvik executables: DEX 035 to 041 (with the containers of
// 041, several logical files in one buffer) and compact DEX (cdex001).
//
// # Threat model
//
// Every byte is hostile. The reader is lenient, lazy and does not copy: it
// borrows the buffer, which must not change while a File is in use, and decodes
// an item when it is asked for. A bad item never loses its neighbours: indices
// keep their meaning, what cannot be read is "" or [NoIndex] or empty, and
// [File.Anomalies] tells what was odd. Nothing panics, no loop is longer than
// the bytes that feed it, and no memory is allocated from a size that was
// merely declared. What ART would refuse is another question, answered by
// [Verify].
//
// A File that lets many items overlap could still make the sum of cheap steps
// quadratic. Strings, class data and annotations beyond a budget are therefore
// not read (an anomaly says so), nor is code that [File.EachCode] walks; the
// named limits below say how much. Who walks code otherwise, or debug info of
// every method, must keep such a budget.
//
// # Shape
//
// As in AOSP's libdexfile, a File is a main part (header and identifier
// tables), a data base that all other offsets count from, and a reader of code
// items. Standard DEX, a logical file of a 041 container and compact DEX differ
// in these three only.
//
// Format facts: AOSP art/libdexfile/dex (dex_file_structs.h, dex_file.cc,
// compact_dex_file.h, dex_instruction_list.h) and the public "Dalvik
// Executable format" page; optimised opcodes: dalvik/libdex/DexOpcodes.h.
//
// All types are safe for concurrent use once opened.
package dex

// Limits of this reader. Each bounds work or memory that a hostile file could
// otherwise choose.
const (
	// MaxFiles is how many logical files OpenAll reads from one buffer.
	MaxFiles = 1 << 12
	// MaxMapItems is how many entries of the map list are looked at; the
	// format knows 21 kinds, each at most once.
	MaxMapItems = 64
	// MaxNesting is how deep encoded arrays and annotations may nest.
	MaxNesting = 16
	// MaxSignature is the longest text, in bytes, that ProtoString, FieldString
	// and MethodString build.
	MaxSignature = 1 << 16
	// MaxParams is how many parameters of a prototype are read: no call can
	// pass more than 255 words.
	MaxParams = 255
	// MaxInterfaces is how many interfaces of a class are read.
	MaxInterfaces = 1 << 10
	// MaxHandlers is how many typed handlers of one try range are read.
	MaxHandlers = 1 << 10
	// overlapFactor bounds the sum of all strings, of all class data, of all
	// code and of all annotations, each to this many times the size of the
	// file: items of an honest file overlap little, if at all.
	overlapFactor = 8
)
