// Package fact is the vocabulary between those who read files and those who
// judge them: what was seen in an app, and where.
//
// Facts do not depend on which rules are loaded. They come from open files
// (cmd/internal/extract puts this package's interfaces over apk and dex) or
// from a frozen file (see [Freeze] and [Thaw]); a matcher cannot tell the two
// apart.
//
// All strings here may come from a hostile file: they are valid Go strings but
// may hold control characters or text that is not UTF-8. Whoever prints them
// escapes them.
package fact

import (
	"iter"
	"slices"
)

// NoIndex marks an index that is absent (a class without superclass).
const NoIndex = ^uint32(0)

// Set is all that was seen in one app. It is safe for concurrent reading.
type Set struct {
	App   App
	Units []Unit // bodies of code, in the order in which Android would load them
	// Texts yields the strings that stand outside code: resource values,
	// text assets, native libraries, JavaScript bundles. Never nil.
	Texts func() iter.Seq[Text]
	// Graph answers questions that span units. Nil when the app has no code.
	Graph Graph
	// Late returns what went wrong so far while Texts were read. Nil if nothing
	// can. It is safe for concurrent use.
	Late func() []Problem

	damage *damage // of a thawed set
}

// Err returns what kept facts from being read when they were asked for: a
// damaged frozen file, of which parts are read late. It is nil for facts that
// come from open files. Whoever is done with a set asks once.
func (s *Set) Err() error { return s.damage.get() }

// Settled returns App with everything that went wrong until now, also while
// facts were read that are read late. Whoever is done with a set asks once.
func (s *Set) Settled() App {
	a := s.App
	a.Problems = slices.Clip(a.Problems)
	if s.Late != nil {
		for _, p := range s.Late() {
			a.Note(p)
		}
	}
	if err := s.Err(); err != nil {
		a.Note(Problem{Kind: ProblemMalformed, Detail: err.Error(), Lossy: true})
	}
	return a
}

// Note adds a problem, and lowers the status if something may be missing
// because of it. A problem that is there already is not added again.
func (a *App) Note(p Problem) {
	if !slices.Contains(a.Problems, p) {
		a.Problems = append(a.Problems, p)
	}
	if p.Lossy && a.Status == Complete {
		a.Status = Partial
	}
}

// Status says how much of an app, or of one part of it, was analysed.
type Status string

// The closed list of states of analysis.
const (
	Complete Status = "complete" // everything that was found was read
	Partial  Status = "partial"  // something was not read; Problems say what and why
	Failed   Status = "failed"   // nothing useful was read
	NoCode   Status = "no-code"  // read, but it holds no code, and Problems say why that is not the same as clean
)

// App is what is known of an app besides its code.
type App struct {
	Path     string // as reached from the argument, slash-separated
	SHA256   string // hex digest of the file, or of the base part of a split set
	Parts    []Part // every file that was taken as part of this app, the base first
	Manifest Manifest
	Label    string // resolved application label
	Signers  []Signer
	Files    []File // every entry of every part
	Libs     []NativeLib
	Modules  []Module
	Status   Status
	Problems []Problem
}

// Part is one input file of an app.
type Part struct {
	Path   string // as reached from the argument
	SHA256 string
	Size   int64
	Role   string // "base", "split", "odex", "vdex", "container"
	Split  string // name of the split, if it is one
}

// ProblemKind is why something could not be read or is odd.
type ProblemKind string

// The closed list of problem kinds. The report's schema repeats it.
const (
	ProblemUnsupported ProblemKind = "unsupported"  // a file or format that this version does not read
	ProblemUnreadable  ProblemKind = "unreadable"   // the operating system refused to read it
	ProblemMalformed   ProblemKind = "malformed"    // damaged beyond what Android accepts
	ProblemTampered    ProblemKind = "tampered"     // odd in a way that misleads tools; read nevertheless
	ProblemMissingCode ProblemKind = "missing-code" // the code is elsewhere and was not at hand
	ProblemMissingPart ProblemKind = "missing-part" // a split or base is not there
	ProblemEncrypted   ProblemKind = "encrypted"    // the part is encrypted
	ProblemPacked      ProblemKind = "packed"       // the code is hidden by a packer
	ProblemUnresolved  ProblemKind = "unresolved"   // references that optimised code no longer holds
	ProblemBudget      ProblemKind = "budget"       // a named limit of ours stopped the reading
	ProblemInternal    ProblemKind = "internal"     // a fault of this program
)

// Problem is one thing that was not read or is odd.
type Problem struct {
	Part   string      `json:"part"` // path inside the input, nesting by "!"; empty for the app as a whole
	Kind   ProblemKind `json:"kind"`
	Detail string      `json:"detail"` // what happened and what to do about it
	// Lossy is true if because of it something may be missing from the report.
	Lossy bool `json:"lossy"`
}

// Signer is a certificate that a file carries. It was not verified.
type Signer struct {
	Scheme  string `json:"scheme"` // "v1", "v2", "v3", "v3.1"
	SHA256  string `json:"sha256"` // digest of the certificate's DER bytes
	Subject string `json:"subject,omitempty"`
}

// File is one entry of a part.
type File struct {
	Unit string // path inside the input: "lib/arm64-v8a/libx.so", "split.apk!assets/a"
	Size int64  // uncompressed
	Kind string // by content: "dex", "elf", "axml", "arsc", "zip", "text", …; "" if not looked at
}

// NativeLib is a native library and what its dynamic section tells.
type NativeLib struct {
	Unit    string // "lib/arm64-v8a/libx.so"
	Name    string // "libx.so"
	ABI     string
	BuildID string   // hex
	Needed  []string // libraries it links to
	Symbols []string // names it defines in .dynsym
	Imports []string // names it takes from elsewhere
}

// ModuleKind says in which world a module has its name.
type ModuleKind string

// The kinds of module.
const (
	ModuleJS    ModuleKind = "js-module"      // npm package: "react-native-fbsdk"
	ModuleDart  ModuleKind = "dart-package"   // "firebase_analytics"
	ModuleUnity ModuleKind = "unity-assembly" // "Unity.Services.Analytics"
	ModuleMaven ModuleKind = "maven"          // "com.google.firebase:firebase-analytics"
)

// Module is a component that is named by something other than code: a bundle,
// a list of packages, the dependency record of a build.
type Module struct {
	Kind    ModuleKind
	Name    string
	Version string // "" if unknown
	Unit    string // the file that names it
}

// TextKind says what carries a string that is not in code.
type TextKind string

// The kinds of text.
const (
	TextResource TextKind = "resource" // a value in resources.arsc
	TextXML      TextKind = "xml"      // an attribute or text of a binary XML resource
	TextAsset    TextKind = "asset"    // a text file
	TextNative   TextKind = "native"   // read-only data of a native library
	TextScript   TextKind = "script"   // a JavaScript, Hermes, Lua … bundle
	TextManaged  TextKind = "managed"  // .NET, Unity or Dart metadata
)

// Text is one string outside code.
type Text struct {
	Unit  string   // the file it stands in
	Kind  TextKind // what kind of file that is
	Off   int64    // byte offset in the (uncompressed) file; -1 if that has no meaning
	Name  string   // name of the resource or key, if it has one
	Value string   // for text files and native data: one line or one run of printable text
}

// UnitInfo describes a body of code.
type UnitInfo struct {
	Name    string // path inside the input: "classes2.dex", "oat/arm64/X.vdex!classes.dex"
	Format  string // "dex", "cdex", "class"
	Version string // "035"
	SHA256  string // of the bytes as found
	Strings int
	Types   int
	Fields  int
	Methods int
	Classes int // class definitions
	// Instructions counts instruction lines as `dexdump -d` prints them.
	Instructions int
	// Unresolved counts instructions of optimised code whose target is not
	// known any more: calls and fields that could not be restored.
	Unresolved int
	Status     Status
	// Loaded is false for code that Android does not load by itself
	// (in assets, or behind a gap in the numbering of classesN.dex).
	Loaded bool
}

// RefKind says what an instruction does with what it refers to.
type RefKind uint8

// The kinds of reference. Index is into Methods for calls, Fields for gets and
// puts, Strings and Types for the others.
const (
	RefNone          RefKind = iota
	RefCallVirtual           // invoke-virtual
	RefCallSuper             // invoke-super
	RefCallDirect            // invoke-direct
	RefCallStatic            // invoke-static
	RefCallInterface         // invoke-interface
	RefCallPoly              // invoke-polymorphic
	RefCallDynamic           // invoke-custom: Index is the method its bootstrap links to, NoIndex if unknown
	RefHandle                // const-method-handle of a method
	RefFieldGet              // iget, sget and their kin
	RefFieldPut              // iput, sput and their kin
	RefString                // const-string
	RefClass                 // const-class
	RefNew                   // new-instance
	RefTypeOther             // check-cast, instance-of, new-array, filled-new-array
)

// IsCall reports whether the reference runs a method.
func (k RefKind) IsCall() bool { return k >= RefCallVirtual && k <= RefCallDynamic }

// Body is the code of one method.
type Body struct {
	Method   uint32 // index into Methods
	Class    uint32 // index into Types of the class that defines it
	Insns    uint32 // number of instructions
	RefFirst uint32 // its references are Refs()[RefFirst:RefEnd]
	RefEnd   uint32
}

// Ref is one reference from code.
type Ref struct {
	PC    uint32 // offset of the instruction in 16-bit code units (bytes in class files) from the method's first
	Index uint32
	Kind  RefKind
}

// Unit is one body of code as tables. Indices keep their meaning when a
// neighbour cannot be read: an unreadable item is an empty string or NoIndex.
// Results share memory with the unit and must not be changed. Methods are safe
// for concurrent use.
type Unit interface {
	Info() UnitInfo

	NumStrings() int
	String(i uint32) string // decoded to UTF-8; lone surrogates as \uD800
	NumTypes() int
	Type(i uint32) string // descriptor: "Lcom/foo/Bar;"
	NumProtos() int
	Proto(i uint32) string // "(ILjava/lang/String;)V"
	NumFields() int
	Field(i uint32) (class, name, typ uint32) // into Types, Strings, Types
	NumMethods() int
	Method(i uint32) (class, name, proto uint32) // into Types, Strings, Protos

	// TypesSorted reports whether Type(i) is ascending in i, so that a prefix
	// is one contiguous range.
	TypesSorted() bool

	NumClasses() int
	// Class returns the class definition i: its type, its superclass (NoIndex
	// if none) and its access flags.
	Class(i int) (typ, super, flags uint32)
	ClassInterfaces(i int) []uint32
	// ClassMethods yields the methods that class i defines.
	ClassMethods(i int) iter.Seq[MethodDef]
	// ClassFields yields the fields that class i defines, with constants.
	ClassFields(i int) iter.Seq[FieldDef]
	// ClassAnnotations yields strings and types held by annotations of class
	// i and of its members.
	ClassAnnotations(i int) iter.Seq[Annotation]

	// Bodies and Refs are computed on first use by one pass over all code.
	Bodies() []Body
	Refs() []Ref

	// Args returns what is known of the arguments of the call at instruction
	// pc of Bodies()[body]: the receiver first, if there is one.
	Args(body int, pc uint32) []Value
}

// Gist tells which bytes there are in a string.
type Gist uint8

// The marks of a Gist, which are those of package dex.
const (
	GistDot     Gist = 1 << iota // a '.'
	GistColon                    // a ':'
	GistPercent                  // a '%'
	GistEquals                   // a '='
	GistOther                    // a byte that Base64 text does not have
	gistEnd
	GistAny = gistEnd - 1 // nothing is known: all of it may be there
)

// GistOf returns the gist of a text.
func GistOf(s string) (g Gist) {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			g |= GistDot | GistOther
		case c == ':':
			g |= GistColon | GistOther
		case c == '%':
			g |= GistPercent | GistOther
		case c == '=':
			g |= GistEquals
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '-', c == '_', c == '\r', c == '\n':
		default:
			g |= GistOther
		}
	}
	return g
}

// Gister is a [Unit] that knows what bytes its strings have, so that most need
// not be read by who searches them.
type Gister interface {
	StringGist(i uint32) Gist
}

// MethodLister is a [Unit] that has the methods of its classes at hand.
type MethodLister interface {
	// MethodList returns what ClassMethods yields. It must not be changed.
	MethodList(class int) []MethodDef
}

// Methods returns the methods that class i of a unit defines, which must not be
// changed: for those who look at many classes.
func Methods(u Unit, class int) []MethodDef {
	if l, ok := u.(MethodLister); ok {
		return l.MethodList(class)
	}
	return slices.Collect(u.ClassMethods(class))
}

// MethodDef is a method that a class defines.
type MethodDef struct {
	Method  uint32 // index into Methods
	Flags   uint32 // access flags as in DEX: 0x1 public, 0x8 static, 0x100 native, 0x400 abstract …
	Virtual bool   // found among the virtual methods
	Body    int    // index into Bodies; -1 if it has no code
}

// FieldDef is a field that a class defines.
type FieldDef struct {
	Field uint32 // index into Fields
	Flags uint32
	Const Value // initial value of a static field; Kind None if it has none
}

// Annotation is one element of an annotation.
type Annotation struct {
	Member string // "" for the class itself, else the name of the method or field
	Type   string // descriptor of the annotation
	Name   string // of the element
	Value  Value
}

// ValueKind says what is known of a value.
type ValueKind uint8

// The kinds of value.
const (
	None    ValueKind = iota // not there
	Unknown                  // there, but not known
	String                   // S
	Int                      // N: boolean, byte, short, char, int, long
	Float                    // F
	Class                    // S: a descriptor
	Null
	Array    // Elems
	Method   // S: a member in smali notation
	FieldVal // S: the value that the named field (smali notation) holds, not known further
	Param    // N: the value is the method's parameter number N
	Result   // S: the value is the result of the named method (smali notation)
	OneOf    // Elems: one of these
	Concat   // Elems, joined as text; Unknown elements are gaps
	Object   // S: an object of the class with this descriptor, nothing else known
)

// Value is what is known of a value without running the program.
type Value struct {
	Kind  ValueKind
	S     string
	N     int64
	F     float64
	Elems []Value
}

// MethodID names a method across all units: dense, from 0. Methods of one
// descriptor in several units are one.
type MethodID uint32

// EdgeKind says how sure a call-graph edge is.
type EdgeKind uint8

// The kinds of edge.
const (
	EdgeDirect     EdgeKind = iota // the named method itself is run
	EdgeVirtual                    // an override may be run instead or as well
	EdgeCallback                   // the framework runs it later (Thread.start to run)
	EdgeReflective                 // by a name that was resolved from constants
	EdgeUnresolved                 // the target is named but defined nowhere in the app
)

// Edge is one call as the graph sees it.
type Edge struct {
	From, To MethodID
	Kind     EdgeKind
	Unit     int    // where the call stands: Units index,
	Body     int    // Bodies index
	PC       uint32 // and instruction
}

// Graph spans the units of an app. It is safe for concurrent use.
type Graph interface {
	NumMethods() int
	// ID returns the app-wide id of method index m of unit u.
	ID(u int, m uint32) MethodID
	// Name returns the parts of a method: class descriptor, name, prototype.
	Name(m MethodID) (class, name, proto string)
	// Defined returns the unit and the body (-1 if it has no code) that
	// define m; ok is false if no unit does.
	Defined(m MethodID) (unit, body int, ok bool)
	// Callers and Callees yield edges in a stable order.
	Callers(m MethodID) iter.Seq[Edge]
	Callees(m MethodID) iter.Seq[Edge]
	// Supers yields the superclasses and interfaces of a class, nearest
	// first, including framework classes as far as they are known.
	Supers(class string) iter.Seq[string]
	// Lookup finds a method by its parts.
	Lookup(class, name, proto string) (MethodID, bool)
}

// Reacher is what a [Graph] may offer as well: reachability that knows which
// classes can have objects, and how the framework enters a class. Callers test
// for it with a type assertion and do with Callees where it is missing.
type Reacher interface {
	// EntryPoints returns the methods through which the framework enters an
	// object of a class that it makes itself (activities, services …).
	EntryPoints(class string) []MethodID
	// Reachable returns the methods that may run because those of from do.
	Reachable(from []MethodID) Reach
}

// Reach is a set of methods that may run. It is safe for concurrent use.
type Reach interface {
	Has(m MethodID) bool
	// Path returns edges from one of the first methods to m; none if m is one
	// of them or not in the set.
	Path(m MethodID) []Edge
}
