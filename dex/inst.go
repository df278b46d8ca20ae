package dex

import "encoding/binary"

// Format is the layout of an instruction, named as in the public "Dalvik
// bytecode" pages: the number of code units, of registers, and a letter for
// what else it holds.
type Format uint8

// The formats. 22cs, 35ms, 3rms, 35mi and 3rmi are of Dalvik's optimised code.
const (
	Fmt10x Format = iota
	Fmt12x
	Fmt11n
	Fmt11x
	Fmt10t
	Fmt20t
	Fmt20bc
	Fmt22x
	Fmt21t
	Fmt21s
	Fmt21h
	Fmt21c
	Fmt23x
	Fmt22b
	Fmt22t
	Fmt22s
	Fmt22c
	Fmt22cs
	Fmt32x
	Fmt30t
	Fmt31t
	Fmt31i
	Fmt31c
	Fmt35c
	Fmt35ms
	Fmt35mi
	Fmt3rc
	Fmt3rms
	Fmt3rmi
	Fmt45cc
	Fmt4rcc
	Fmt51l
	FmtPayload
)

var formats = [...]struct {
	name  string
	width uint8
}{
	Fmt10x: {"10x", 1}, Fmt12x: {"12x", 1}, Fmt11n: {"11n", 1}, Fmt11x: {"11x", 1}, Fmt10t: {"10t", 1},
	Fmt20t: {"20t", 2}, Fmt20bc: {"20bc", 2}, Fmt22x: {"22x", 2}, Fmt21t: {"21t", 2}, Fmt21s: {"21s", 2},
	Fmt21h: {"21h", 2}, Fmt21c: {"21c", 2}, Fmt23x: {"23x", 2}, Fmt22b: {"22b", 2}, Fmt22t: {"22t", 2},
	Fmt22s: {"22s", 2}, Fmt22c: {"22c", 2}, Fmt22cs: {"22cs", 2}, Fmt32x: {"32x", 3}, Fmt30t: {"30t", 3},
	Fmt31t: {"31t", 3}, Fmt31i: {"31i", 3}, Fmt31c: {"31c", 3}, Fmt35c: {"35c", 3}, Fmt35ms: {"35ms", 3},
	Fmt35mi: {"35mi", 3}, Fmt3rc: {"3rc", 3}, Fmt3rms: {"3rms", 3}, Fmt3rmi: {"3rmi", 3},
	Fmt45cc: {"45cc", 4}, Fmt4rcc: {"4rcc", 4}, Fmt51l: {"51l", 5}, FmtPayload: {"payload", 0},
}

// String returns the name of the format ("35c").
func (f Format) String() string { return formats[f].name }

// Width returns the number of 16-bit code units; 0 for payloads, whose size
// stands in them.
func (f Format) Width() int { return int(formats[f].width) }

// IndexKind says what the index operand of an instruction is an index into.
type IndexKind uint8

// The kinds of index. From IndexFieldOffset on they are no table of the file.
const (
	IndexNone IndexKind = iota
	IndexString
	IndexType
	IndexField
	IndexMethod
	IndexProto
	IndexCallSite
	IndexMethodHandle
	IndexFieldOffset // byte offset in the object (quickened code)
	IndexVtable      // slot in the method table (quickened code)
	IndexInline      // number of a method built into Dalvik
)

// InvokeKind is how a call finds its method. The zero value is no call.
type InvokeKind uint8

// The kinds of call.
const (
	InvokeNone InvokeKind = iota
	InvokeVirtual
	InvokeSuper
	InvokeDirect
	InvokeStatic
	InvokeInterface
	InvokePolymorphic
	InvokeCustom
)

// OpFlags says what an instruction does to control flow and to its registers.
type OpFlags uint32

// The flags.
const (
	Continues OpFlags = 1 << iota // control may go on to the next instruction
	Branches                      // may jump to Inst.Target
	Switches                      // may jump to the targets of its payload
	Throws                        // may throw, or always does if it does not continue
	Returns                       // leaves the method
	Invokes                       // runs a method
	Unused                        // no instruction that a runtime would run
	DefinesA                      // writes register A
	UsesA                         // reads register A
	UsesB
	UsesC
	UsesArgs // reads the registers that Inst.Arg gives
	WideA    // register A is the first of a pair
	WideB
	WideC
)

// EndsBlock reports whether an instruction with these flags ends a basic block
// even if no exception is thrown.
func (f OpFlags) EndsBlock() bool {
	return f&Continues == 0 || f&(Branches|Switches) != 0
}

func (op Opcode) info() *opInfo {
	switch {
	case op < 0x100:
		return &artOps[op]
	case op >= dalvikBase && op < dalvikBase+0x100:
		return &dalvikOps[op-dalvikBase]
	case op&0xff == 0 && op <= 0x300:
		return &payloadOps[op>>8]
	}
	return &opInfo{}
}

// String returns the name of the instruction as dexdump prints it ("invoke-virtual/range").
func (op Opcode) String() string { return op.info().Name }

// Format returns the layout of the instruction.
func (op Opcode) Format() Format { return op.info().Format }

// IndexKind returns what the instruction's index is an index into.
func (op Opcode) IndexKind() IndexKind { return op.info().Index }

// Flags returns what the instruction does.
func (op Opcode) Flags() OpFlags { return op.info().Flags }

// Invoke returns how the call finds its method; InvokeNone if it is no call.
func (op Opcode) Invoke() InvokeKind { return op.info().Invoke }

// IsPayload reports whether this is data of a switch or an array.
func (op Opcode) IsPayload() bool { return op >= 0x100 && op < dalvikBase }

// sweepRow is what the sweep needs to know of the first byte of an instruction,
// in one word: its size in bytes (bits 0 to 7), the kind of its index (bits 8
// to 15) and flags. A row without index and flags is below sweepPlain, which
// lets the sweep pass most instructions with one comparison.
type sweepRow uint32

const (
	sweepPlain   sweepRow = 1 << 8
	sweepWide    sweepRow = 1 << 16 // the index has 32 bits
	sweepProto   sweepRow = 1 << 17 // a prototype follows in the fourth unit
	sweepPayload sweepRow = 1 << 18 // a nop, or data among the code
	sweepFill    sweepRow = 1 << 19 // an array is filled from data
)

var artSweep, dalvikSweep = sweepTable(ART), sweepTable(Dalvik)

func sweepTable(d Dialect) (t [256]sweepRow) {
	for i := range t {
		in := opOf(byte(i), d).info()
		r := sweepRow(2 * in.Format.Width())
		if in.Index > IndexNone && in.Index < IndexFieldOffset {
			r |= sweepRow(in.Index) << 8
			if in.Format == Fmt31c {
				r |= sweepWide
			}
			if in.Format == Fmt45cc || in.Format == Fmt4rcc {
				r |= sweepProto
			}
		}
		t[i] = r
	}
	t[0] |= sweepPayload
	t[OpFillArrayData] |= sweepFill
	return t
}

func opOf(b byte, d Dialect) Opcode {
	if d == Dalvik && b >= 0xe3 {
		return dalvikBase | Opcode(b)
	}
	return Opcode(b)
}

// Inst is one instruction. Operands are decoded when asked for.
type Inst struct {
	op Opcode
	b  []byte // from its first code unit to the end of the code
}

func (f *File) decode(b []byte) Inst {
	op := opOf(b[0], f.dialect)
	if b[0] == 0 && b[1] != 0 && b[1] <= 3 {
		op = Opcode(b[1]) << 8
	}
	return Inst{op, b}
}

// payloadWidth returns the size in code units of the payload at b, or 1 if
// there is none. As in ART, the size of array data wraps at 32 bits: code that
// counts on that must be read as ART reads it.
func payloadWidth(b []byte) uint32 {
	u := func(i int) uint32 {
		if 2*i+2 > len(b) {
			return 0
		}
		return uint32(binary.LittleEndian.Uint16(b[2*i:]))
	}
	switch u(0) {
	case 0x100:
		return 4 + 2*u(1)
	case 0x200:
		return 2 + 4*u(1)
	case 0x300:
		return 4 + (u(1)*(u(2)|u(3)<<16)+1)/2
	}
	return 1
}

// Op returns the opcode.
func (in Inst) Op() Opcode { return in.op }

// Width returns the number of code units that the instruction declares.
func (in Inst) Width() uint32 {
	if in.op.IsPayload() {
		return payloadWidth(in.b)
	}
	return uint32(in.op.Format().Width())
}

// Truncated reports whether the instruction reaches behind the end of the
// code. Operands that lie there read as 0, indices as [NoIndex].
func (in Inst) Truncated() bool { return 2*uint64(in.Width()) > uint64(len(in.b)) }

func (in Inst) unit(i int) uint32 {
	if 2*i+2 > len(in.b) {
		return 0
	}
	return uint32(binary.LittleEndian.Uint16(in.b[2*i:]))
}

func (in Inst) wide(i int) uint32 { return in.unit(i) | in.unit(i+1)<<16 }

// Unit returns code unit i of the instruction, 0 behind the end of the code.
func (in Inst) Unit(i int) uint16 { return uint16(in.unit(i)) }

// A returns register A: the destination or the first source. For formats with
// a list of registers see [Inst.Arg].
func (in Inst) A() uint32 {
	if len(in.b) < 2 {
		return 0
	}
	switch in.op.Format() {
	case Fmt12x, Fmt11n, Fmt22t, Fmt22s, Fmt22c, Fmt22cs:
		return uint32(in.b[1] & 15)
	case Fmt11x, Fmt22x, Fmt21t, Fmt21s, Fmt21h, Fmt21c, Fmt23x, Fmt22b, Fmt31t, Fmt31i, Fmt31c, Fmt51l:
		return uint32(in.b[1])
	case Fmt32x:
		return in.unit(1)
	}
	return 0
}

// B returns register B.
func (in Inst) B() uint32 {
	if len(in.b) < 2 {
		return 0
	}
	switch in.op.Format() {
	case Fmt12x, Fmt22t, Fmt22s, Fmt22c, Fmt22cs:
		return uint32(in.b[1] >> 4)
	case Fmt22x:
		return in.unit(1)
	case Fmt23x, Fmt22b:
		return in.unit(1) & 0xff
	case Fmt32x:
		return in.unit(2)
	}
	return 0
}

// C returns register C.
func (in Inst) C() uint32 {
	if in.op.Format() == Fmt23x {
		return in.unit(1) >> 8
	}
	return 0
}

// Literal returns the constant of the instruction, sign-extended; that of
// const/high16 and const-wide/high16 already in its place.
func (in Inst) Literal() int64 {
	switch in.op.Format() {
	case Fmt11n:
		return int64(int8(in.unit(0)>>8)) >> 4
	case Fmt21s, Fmt22s:
		return int64(int16(in.unit(1)))
	case Fmt22b:
		return int64(int8(in.unit(1) >> 8))
	case Fmt21h:
		if in.op == OpConstWideHigh16 {
			return int64(in.unit(1)) << 48
		}
		return int64(int32(in.unit(1) << 16))
	case Fmt31i:
		return int64(int32(in.wide(1)))
	case Fmt51l:
		return int64(uint64(in.wide(1)) | uint64(in.wide(3))<<32)
	}
	return 0
}

// Index returns the index operand, into what [Opcode.IndexKind] says;
// [NoIndex] if there is none or the code cuts it off.
func (in Inst) Index() uint32 {
	if in.op.IndexKind() == IndexNone || in.Truncated() {
		return NoIndex
	}
	if in.op.Format() == Fmt31c {
		return in.wide(1)
	}
	return in.unit(1)
}

// ProtoIndex returns the prototype that invoke-polymorphic calls with; NoIndex
// for other instructions.
func (in Inst) ProtoIndex() uint32 {
	if f := in.op.Format(); f != Fmt45cc && f != Fmt4rcc || in.Truncated() {
		return NoIndex
	}
	return in.unit(3)
}

// NumArgs returns how many argument words a call or filled-new-array has. A
// hostile file may say more than the five that the short forms can hold; see [Inst.Arg].
func (in Inst) NumArgs() int {
	switch in.op.Format() {
	case Fmt35c, Fmt35ms, Fmt35mi, Fmt45cc:
		return min(int(in.unit(0)>>12), 5)
	case Fmt3rc, Fmt3rms, Fmt3rmi, Fmt4rcc:
		return int(in.unit(0) >> 8)
	}
	return 0
}

// Arg returns the register of argument word i, 0 ≤ i < NumArgs.
func (in Inst) Arg(i int) uint32 {
	switch in.op.Format() {
	case Fmt35c, Fmt35ms, Fmt35mi, Fmt45cc:
		if i == 4 {
			return in.unit(0) >> 8 & 15
		}
		if i >= 0 && i < 4 {
			return in.unit(2) >> (4 * i) & 15
		}
	case Fmt3rc, Fmt3rms, Fmt3rmi, Fmt4rcc:
		return in.unit(2) + uint32(i)
	}
	return 0
}

// Offset returns the distance, in code units from this instruction, of a
// branch's target, or of the payload of a switch or fill-array-data.
func (in Inst) Offset() int32 {
	switch in.op.Format() {
	case Fmt10t:
		return int32(int8(in.unit(0) >> 8))
	case Fmt20t, Fmt21t, Fmt22t:
		return int32(int16(in.unit(1)))
	case Fmt30t, Fmt31t:
		return int32(in.wide(1))
	}
	return 0
}

// SwitchLen returns how many cases a switch payload has inside the code.
func (in Inst) SwitchLen() int {
	n := int(in.unit(1))
	switch in.op {
	case OpPackedSwitchPayload:
		return max(0, min(n, (len(in.b)-8)/4))
	case OpSparseSwitchPayload:
		return max(0, min(n, (len(in.b)-4)/8))
	}
	return 0
}

// SwitchCase returns the key of case i of a switch payload and the distance of
// its target, in code units from the switch instruction (not from the payload).
func (in Inst) SwitchCase(i int) (key, offset int32) {
	n := int(in.unit(1))
	switch in.op {
	case OpPackedSwitchPayload:
		return int32(in.wide(2)) + int32(i), int32(in.wide(4 + 2*i))
	case OpSparseSwitchPayload:
		return int32(in.wide(2 + 2*i)), int32(in.wide(2 + 2*n + 2*i))
	}
	return 0, 0
}

// ArrayData returns the elements of an array payload, as far as they lie in
// the code, and the size of one in bytes. The bytes are borrowed.
func (in Inst) ArrayData() (data []byte, width int) {
	if in.op != OpFillArrayPayload || len(in.b) < 8 {
		return nil, 0
	}
	width = int(in.unit(1))
	n := int64(width) * int64(in.wide(2))
	n = min(n, int64(len(in.b)-8))
	return in.b[8 : 8+n : 8+n], width
}
