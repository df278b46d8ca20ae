package dex

// Opcode identifies an instruction whatever its dialect: 0x00 to 0xff are the
// opcodes of ART, with the payloads of switches and arrays as 0x100, 0x200 and
// 0x300, and what Dalvik's optimiser put in place of an ART opcode is 0x400
// plus the byte.
type Opcode uint16

// The opcodes of ART, those that Android 5 to 11 used for quickened code included.
const (
	OpNop                     Opcode = 0x00
	OpMove                    Opcode = 0x01
	OpMoveFrom16              Opcode = 0x02
	OpMove16                  Opcode = 0x03
	OpMoveWide                Opcode = 0x04
	OpMoveWideFrom16          Opcode = 0x05
	OpMoveWide16              Opcode = 0x06
	OpMoveObject              Opcode = 0x07
	OpMoveObjectFrom16        Opcode = 0x08
	OpMoveObject16            Opcode = 0x09
	OpMoveResult              Opcode = 0x0a
	OpMoveResultWide          Opcode = 0x0b
	OpMoveResultObject        Opcode = 0x0c
	OpMoveException           Opcode = 0x0d
	OpReturnVoid              Opcode = 0x0e
	OpReturn                  Opcode = 0x0f
	OpReturnWide              Opcode = 0x10
	OpReturnObject            Opcode = 0x11
	OpConst4                  Opcode = 0x12
	OpConst16                 Opcode = 0x13
	OpConst                   Opcode = 0x14
	OpConstHigh16             Opcode = 0x15
	OpConstWide16             Opcode = 0x16
	OpConstWide32             Opcode = 0x17
	OpConstWide               Opcode = 0x18
	OpConstWideHigh16         Opcode = 0x19
	OpConstString             Opcode = 0x1a
	OpConstStringJumbo        Opcode = 0x1b
	OpConstClass              Opcode = 0x1c
	OpMonitorEnter            Opcode = 0x1d
	OpMonitorExit             Opcode = 0x1e
	OpCheckCast               Opcode = 0x1f
	OpInstanceOf              Opcode = 0x20
	OpArrayLength             Opcode = 0x21
	OpNewInstance             Opcode = 0x22
	OpNewArray                Opcode = 0x23
	OpFilledNewArray          Opcode = 0x24
	OpFilledNewArrayRange     Opcode = 0x25
	OpFillArrayData           Opcode = 0x26
	OpThrow                   Opcode = 0x27
	OpGoto                    Opcode = 0x28
	OpGoto16                  Opcode = 0x29
	OpGoto32                  Opcode = 0x2a
	OpPackedSwitch            Opcode = 0x2b
	OpSparseSwitch            Opcode = 0x2c
	OpCmplFloat               Opcode = 0x2d
	OpCmpgFloat               Opcode = 0x2e
	OpCmplDouble              Opcode = 0x2f
	OpCmpgDouble              Opcode = 0x30
	OpCmpLong                 Opcode = 0x31
	OpIfEq                    Opcode = 0x32
	OpIfNe                    Opcode = 0x33
	OpIfLt                    Opcode = 0x34
	OpIfGe                    Opcode = 0x35
	OpIfGt                    Opcode = 0x36
	OpIfLe                    Opcode = 0x37
	OpIfEqz                   Opcode = 0x38
	OpIfNez                   Opcode = 0x39
	OpIfLtz                   Opcode = 0x3a
	OpIfGez                   Opcode = 0x3b
	OpIfGtz                   Opcode = 0x3c
	OpIfLez                   Opcode = 0x3d
	OpAget                    Opcode = 0x44
	OpAgetWide                Opcode = 0x45
	OpAgetObject              Opcode = 0x46
	OpAgetBoolean             Opcode = 0x47
	OpAgetByte                Opcode = 0x48
	OpAgetChar                Opcode = 0x49
	OpAgetShort               Opcode = 0x4a
	OpAput                    Opcode = 0x4b
	OpAputWide                Opcode = 0x4c
	OpAputObject              Opcode = 0x4d
	OpAputBoolean             Opcode = 0x4e
	OpAputByte                Opcode = 0x4f
	OpAputChar                Opcode = 0x50
	OpAputShort               Opcode = 0x51
	OpIget                    Opcode = 0x52
	OpIgetWide                Opcode = 0x53
	OpIgetObject              Opcode = 0x54
	OpIgetBoolean             Opcode = 0x55
	OpIgetByte                Opcode = 0x56
	OpIgetChar                Opcode = 0x57
	OpIgetShort               Opcode = 0x58
	OpIput                    Opcode = 0x59
	OpIputWide                Opcode = 0x5a
	OpIputObject              Opcode = 0x5b
	OpIputBoolean             Opcode = 0x5c
	OpIputByte                Opcode = 0x5d
	OpIputChar                Opcode = 0x5e
	OpIputShort               Opcode = 0x5f
	OpSget                    Opcode = 0x60
	OpSgetWide                Opcode = 0x61
	OpSgetObject              Opcode = 0x62
	OpSgetBoolean             Opcode = 0x63
	OpSgetByte                Opcode = 0x64
	OpSgetChar                Opcode = 0x65
	OpSgetShort               Opcode = 0x66
	OpSput                    Opcode = 0x67
	OpSputWide                Opcode = 0x68
	OpSputObject              Opcode = 0x69
	OpSputBoolean             Opcode = 0x6a
	OpSputByte                Opcode = 0x6b
	OpSputChar                Opcode = 0x6c
	OpSputShort               Opcode = 0x6d
	OpInvokeVirtual           Opcode = 0x6e
	OpInvokeSuper             Opcode = 0x6f
	OpInvokeDirect            Opcode = 0x70
	OpInvokeStatic            Opcode = 0x71
	OpInvokeInterface         Opcode = 0x72
	OpReturnVoidNoBarrier     Opcode = 0x73
	OpInvokeVirtualRange      Opcode = 0x74
	OpInvokeSuperRange        Opcode = 0x75
	OpInvokeDirectRange       Opcode = 0x76
	OpInvokeStaticRange       Opcode = 0x77
	OpInvokeInterfaceRange    Opcode = 0x78
	OpNegInt                  Opcode = 0x7b
	OpNotInt                  Opcode = 0x7c
	OpNegLong                 Opcode = 0x7d
	OpNotLong                 Opcode = 0x7e
	OpNegFloat                Opcode = 0x7f
	OpNegDouble               Opcode = 0x80
	OpIntToLong               Opcode = 0x81
	OpIntToFloat              Opcode = 0x82
	OpIntToDouble             Opcode = 0x83
	OpLongToInt               Opcode = 0x84
	OpLongToFloat             Opcode = 0x85
	OpLongToDouble            Opcode = 0x86
	OpFloatToInt              Opcode = 0x87
	OpFloatToLong             Opcode = 0x88
	OpFloatToDouble           Opcode = 0x89
	OpDoubleToInt             Opcode = 0x8a
	OpDoubleToLong            Opcode = 0x8b
	OpDoubleToFloat           Opcode = 0x8c
	OpIntToByte               Opcode = 0x8d
	OpIntToChar               Opcode = 0x8e
	OpIntToShort              Opcode = 0x8f
	OpAddInt                  Opcode = 0x90
	OpSubInt                  Opcode = 0x91
	OpMulInt                  Opcode = 0x92
	OpDivInt                  Opcode = 0x93
	OpRemInt                  Opcode = 0x94
	OpAndInt                  Opcode = 0x95
	OpOrInt                   Opcode = 0x96
	OpXorInt                  Opcode = 0x97
	OpShlInt                  Opcode = 0x98
	OpShrInt                  Opcode = 0x99
	OpUshrInt                 Opcode = 0x9a
	OpAddLong                 Opcode = 0x9b
	OpSubLong                 Opcode = 0x9c
	OpMulLong                 Opcode = 0x9d
	OpDivLong                 Opcode = 0x9e
	OpRemLong                 Opcode = 0x9f
	OpAndLong                 Opcode = 0xa0
	OpOrLong                  Opcode = 0xa1
	OpXorLong                 Opcode = 0xa2
	OpShlLong                 Opcode = 0xa3
	OpShrLong                 Opcode = 0xa4
	OpUshrLong                Opcode = 0xa5
	OpAddFloat                Opcode = 0xa6
	OpSubFloat                Opcode = 0xa7
	OpMulFloat                Opcode = 0xa8
	OpDivFloat                Opcode = 0xa9
	OpRemFloat                Opcode = 0xaa
	OpAddDouble               Opcode = 0xab
	OpSubDouble               Opcode = 0xac
	OpMulDouble               Opcode = 0xad
	OpDivDouble               Opcode = 0xae
	OpRemDouble               Opcode = 0xaf
	OpAddInt2Addr             Opcode = 0xb0
	OpSubInt2Addr             Opcode = 0xb1
	OpMulInt2Addr             Opcode = 0xb2
	OpDivInt2Addr             Opcode = 0xb3
	OpRemInt2Addr             Opcode = 0xb4
	OpAndInt2Addr             Opcode = 0xb5
	OpOrInt2Addr              Opcode = 0xb6
	OpXorInt2Addr             Opcode = 0xb7
	OpShlInt2Addr             Opcode = 0xb8
	OpShrInt2Addr             Opcode = 0xb9
	OpUshrInt2Addr            Opcode = 0xba
	OpAddLong2Addr            Opcode = 0xbb
	OpSubLong2Addr            Opcode = 0xbc
	OpMulLong2Addr            Opcode = 0xbd
	OpDivLong2Addr            Opcode = 0xbe
	OpRemLong2Addr            Opcode = 0xbf
	OpAndLong2Addr            Opcode = 0xc0
	OpOrLong2Addr             Opcode = 0xc1
	OpXorLong2Addr            Opcode = 0xc2
	OpShlLong2Addr            Opcode = 0xc3
	OpShrLong2Addr            Opcode = 0xc4
	OpUshrLong2Addr           Opcode = 0xc5
	OpAddFloat2Addr           Opcode = 0xc6
	OpSubFloat2Addr           Opcode = 0xc7
	OpMulFloat2Addr           Opcode = 0xc8
	OpDivFloat2Addr           Opcode = 0xc9
	OpRemFloat2Addr           Opcode = 0xca
	OpAddDouble2Addr          Opcode = 0xcb
	OpSubDouble2Addr          Opcode = 0xcc
	OpMulDouble2Addr          Opcode = 0xcd
	OpDivDouble2Addr          Opcode = 0xce
	OpRemDouble2Addr          Opcode = 0xcf
	OpAddIntLit16             Opcode = 0xd0
	OpRsubInt                 Opcode = 0xd1
	OpMulIntLit16             Opcode = 0xd2
	OpDivIntLit16             Opcode = 0xd3
	OpRemIntLit16             Opcode = 0xd4
	OpAndIntLit16             Opcode = 0xd5
	OpOrIntLit16              Opcode = 0xd6
	OpXorIntLit16             Opcode = 0xd7
	OpAddIntLit8              Opcode = 0xd8
	OpRsubIntLit8             Opcode = 0xd9
	OpMulIntLit8              Opcode = 0xda
	OpDivIntLit8              Opcode = 0xdb
	OpRemIntLit8              Opcode = 0xdc
	OpAndIntLit8              Opcode = 0xdd
	OpOrIntLit8               Opcode = 0xde
	OpXorIntLit8              Opcode = 0xdf
	OpShlIntLit8              Opcode = 0xe0
	OpShrIntLit8              Opcode = 0xe1
	OpUshrIntLit8             Opcode = 0xe2
	OpIgetQuick               Opcode = 0xe3
	OpIgetWideQuick           Opcode = 0xe4
	OpIgetObjectQuick         Opcode = 0xe5
	OpIputQuick               Opcode = 0xe6
	OpIputWideQuick           Opcode = 0xe7
	OpIputObjectQuick         Opcode = 0xe8
	OpInvokeVirtualQuick      Opcode = 0xe9
	OpInvokeVirtualRangeQuick Opcode = 0xea
	OpIputBooleanQuick        Opcode = 0xeb
	OpIputByteQuick           Opcode = 0xec
	OpIputCharQuick           Opcode = 0xed
	OpIputShortQuick          Opcode = 0xee
	OpIgetBooleanQuick        Opcode = 0xef
	OpIgetByteQuick           Opcode = 0xf0
	OpIgetCharQuick           Opcode = 0xf1
	OpIgetShortQuick          Opcode = 0xf2
	OpInvokePolymorphic       Opcode = 0xfa
	OpInvokePolymorphicRange  Opcode = 0xfb
	OpInvokeCustom            Opcode = 0xfc
	OpInvokeCustomRange       Opcode = 0xfd
	OpConstMethodHandle       Opcode = 0xfe
	OpConstMethodType         Opcode = 0xff
)

// Data that stand among the instructions.
const (
	OpPackedSwitchPayload Opcode = 0x100
	OpSparseSwitchPayload Opcode = 0x200
	OpFillArrayPayload    Opcode = 0x300
)

// The opcodes of optimised code of Dalvik (Android 4.4 and before).
const (
	OpDalvikIgetVolatile            Opcode = 0x4e3
	OpDalvikIputVolatile            Opcode = 0x4e4
	OpDalvikSgetVolatile            Opcode = 0x4e5
	OpDalvikSputVolatile            Opcode = 0x4e6
	OpDalvikIgetObjectVolatile      Opcode = 0x4e7
	OpDalvikIgetWideVolatile        Opcode = 0x4e8
	OpDalvikIputWideVolatile        Opcode = 0x4e9
	OpDalvikSgetWideVolatile        Opcode = 0x4ea
	OpDalvikSputWideVolatile        Opcode = 0x4eb
	OpDalvikBreakpoint              Opcode = 0x4ec
	OpDalvikThrowVerificationError  Opcode = 0x4ed
	OpDalvikExecuteInline           Opcode = 0x4ee
	OpDalvikExecuteInlineRange      Opcode = 0x4ef
	OpDalvikInvokeObjectInitRange   Opcode = 0x4f0
	OpDalvikReturnVoidBarrier       Opcode = 0x4f1
	OpDalvikIgetQuick               Opcode = 0x4f2
	OpDalvikIgetWideQuick           Opcode = 0x4f3
	OpDalvikIgetObjectQuick         Opcode = 0x4f4
	OpDalvikIputQuick               Opcode = 0x4f5
	OpDalvikIputWideQuick           Opcode = 0x4f6
	OpDalvikIputObjectQuick         Opcode = 0x4f7
	OpDalvikInvokeVirtualQuick      Opcode = 0x4f8
	OpDalvikInvokeVirtualQuickRange Opcode = 0x4f9
	OpDalvikInvokeSuperQuick        Opcode = 0x4fa
	OpDalvikInvokeSuperQuickRange   Opcode = 0x4fb
	OpDalvikIputObjectVolatile      Opcode = 0x4fc
	OpDalvikSgetObjectVolatile      Opcode = 0x4fd
	OpDalvikSputObjectVolatile      Opcode = 0x4fe
)

const dalvikBase = 0x400

// opInfo is a row of the instruction table.
type opInfo struct {
	Name   string
	Format Format
	Index  IndexKind
	Flags  OpFlags
	Invoke InvokeKind
}

// payloadOps are the rows of the pseudo-instructions, by opcode>>8.
var payloadOps = [4]opInfo{
	1: {Name: "packed-switch-data", Format: FmtPayload},
	2: {Name: "sparse-switch-data", Format: FmtPayload},
	3: {Name: "array-data", Format: FmtPayload},
}

// artOps is the instruction table. Facts: AOSP dex_instruction_list.h, for
// quickened instructions in its state of Android 11.
var artOps = [256]opInfo{
	0x00: {Name: "nop", Format: Fmt10x, Flags: Continues},
	0x01: {Name: "move", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x02: {Name: "move/from16", Format: Fmt22x, Flags: Continues | DefinesA | UsesB},
	0x03: {Name: "move/16", Format: Fmt32x, Flags: Continues | DefinesA | UsesB},
	0x04: {Name: "move-wide", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x05: {Name: "move-wide/from16", Format: Fmt22x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x06: {Name: "move-wide/16", Format: Fmt32x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x07: {Name: "move-object", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x08: {Name: "move-object/from16", Format: Fmt22x, Flags: Continues | DefinesA | UsesB},
	0x09: {Name: "move-object/16", Format: Fmt32x, Flags: Continues | DefinesA | UsesB},
	0x0a: {Name: "move-result", Format: Fmt11x, Flags: Continues | DefinesA},
	0x0b: {Name: "move-result-wide", Format: Fmt11x, Flags: Continues | DefinesA | WideA},
	0x0c: {Name: "move-result-object", Format: Fmt11x, Flags: Continues | DefinesA},
	0x0d: {Name: "move-exception", Format: Fmt11x, Flags: Continues | DefinesA},
	0x0e: {Name: "return-void", Format: Fmt10x, Flags: Returns},
	0x0f: {Name: "return", Format: Fmt11x, Flags: Returns | UsesA},
	0x10: {Name: "return-wide", Format: Fmt11x, Flags: Returns | UsesA | WideA},
	0x11: {Name: "return-object", Format: Fmt11x, Flags: Returns | UsesA},
	0x12: {Name: "const/4", Format: Fmt11n, Flags: Continues | DefinesA},
	0x13: {Name: "const/16", Format: Fmt21s, Flags: Continues | DefinesA},
	0x14: {Name: "const", Format: Fmt31i, Flags: Continues | DefinesA},
	0x15: {Name: "const/high16", Format: Fmt21h, Flags: Continues | DefinesA},
	0x16: {Name: "const-wide/16", Format: Fmt21s, Flags: Continues | DefinesA | WideA},
	0x17: {Name: "const-wide/32", Format: Fmt31i, Flags: Continues | DefinesA | WideA},
	0x18: {Name: "const-wide", Format: Fmt51l, Flags: Continues | DefinesA | WideA},
	0x19: {Name: "const-wide/high16", Format: Fmt21h, Flags: Continues | DefinesA | WideA},
	0x1a: {Name: "const-string", Format: Fmt21c, Index: IndexString, Flags: Continues | Throws | DefinesA},
	0x1b: {Name: "const-string/jumbo", Format: Fmt31c, Index: IndexString, Flags: Continues | Throws | DefinesA},
	0x1c: {Name: "const-class", Format: Fmt21c, Index: IndexType, Flags: Continues | Throws | DefinesA},
	0x1d: {Name: "monitor-enter", Format: Fmt11x, Flags: Continues | Throws | UsesA},
	0x1e: {Name: "monitor-exit", Format: Fmt11x, Flags: Continues | Throws | UsesA},
	0x1f: {Name: "check-cast", Format: Fmt21c, Index: IndexType, Flags: Continues | Throws | UsesA | DefinesA},
	0x20: {Name: "instance-of", Format: Fmt22c, Index: IndexType, Flags: Continues | Throws | DefinesA | UsesB},
	0x21: {Name: "array-length", Format: Fmt12x, Flags: Continues | Throws | DefinesA | UsesB},
	0x22: {Name: "new-instance", Format: Fmt21c, Index: IndexType, Flags: Continues | Throws | DefinesA},
	0x23: {Name: "new-array", Format: Fmt22c, Index: IndexType, Flags: Continues | Throws | DefinesA | UsesB},
	0x24: {Name: "filled-new-array", Format: Fmt35c, Index: IndexType, Flags: Continues | Throws | UsesArgs},
	0x25: {Name: "filled-new-array/range", Format: Fmt3rc, Index: IndexType, Flags: Continues | Throws | UsesArgs},
	0x26: {Name: "fill-array-data", Format: Fmt31t, Flags: Continues | Throws | UsesA},
	0x27: {Name: "throw", Format: Fmt11x, Flags: Throws | UsesA},
	0x28: {Name: "goto", Format: Fmt10t, Flags: Branches},
	0x29: {Name: "goto/16", Format: Fmt20t, Flags: Branches},
	0x2a: {Name: "goto/32", Format: Fmt30t, Flags: Branches},
	0x2b: {Name: "packed-switch", Format: Fmt31t, Flags: Continues | Switches | UsesA},
	0x2c: {Name: "sparse-switch", Format: Fmt31t, Flags: Continues | Switches | UsesA},
	0x2d: {Name: "cmpl-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x2e: {Name: "cmpg-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x2f: {Name: "cmpl-double", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | WideB | UsesC | WideC},
	0x30: {Name: "cmpg-double", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | WideB | UsesC | WideC},
	0x31: {Name: "cmp-long", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | WideB | UsesC | WideC},
	0x32: {Name: "if-eq", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x33: {Name: "if-ne", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x34: {Name: "if-lt", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x35: {Name: "if-ge", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x36: {Name: "if-gt", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x37: {Name: "if-le", Format: Fmt22t, Flags: Continues | Branches | UsesA | UsesB},
	0x38: {Name: "if-eqz", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x39: {Name: "if-nez", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x3a: {Name: "if-ltz", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x3b: {Name: "if-gez", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x3c: {Name: "if-gtz", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x3d: {Name: "if-lez", Format: Fmt21t, Flags: Continues | Branches | UsesA},
	0x3e: {Name: "unused-3e", Format: Fmt10x, Flags: Unused},
	0x3f: {Name: "unused-3f", Format: Fmt10x, Flags: Unused},
	0x40: {Name: "unused-40", Format: Fmt10x, Flags: Unused},
	0x41: {Name: "unused-41", Format: Fmt10x, Flags: Unused},
	0x42: {Name: "unused-42", Format: Fmt10x, Flags: Unused},
	0x43: {Name: "unused-43", Format: Fmt10x, Flags: Unused},
	0x44: {Name: "aget", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x45: {Name: "aget-wide", Format: Fmt23x, Flags: Continues | Throws | DefinesA | WideA | UsesB | UsesC},
	0x46: {Name: "aget-object", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x47: {Name: "aget-boolean", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x48: {Name: "aget-byte", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x49: {Name: "aget-char", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x4a: {Name: "aget-short", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x4b: {Name: "aput", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x4c: {Name: "aput-wide", Format: Fmt23x, Flags: Continues | Throws | UsesA | WideA | UsesB | UsesC},
	0x4d: {Name: "aput-object", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x4e: {Name: "aput-boolean", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x4f: {Name: "aput-byte", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x50: {Name: "aput-char", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x51: {Name: "aput-short", Format: Fmt23x, Flags: Continues | Throws | UsesA | UsesB | UsesC},
	0x52: {Name: "iget", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x53: {Name: "iget-wide", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | WideA | UsesB},
	0x54: {Name: "iget-object", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x55: {Name: "iget-boolean", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x56: {Name: "iget-byte", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x57: {Name: "iget-char", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x58: {Name: "iget-short", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0x59: {Name: "iput", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x5a: {Name: "iput-wide", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | WideA | UsesB},
	0x5b: {Name: "iput-object", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x5c: {Name: "iput-boolean", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x5d: {Name: "iput-byte", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x5e: {Name: "iput-char", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x5f: {Name: "iput-short", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0x60: {Name: "sget", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x61: {Name: "sget-wide", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA | WideA},
	0x62: {Name: "sget-object", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x63: {Name: "sget-boolean", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x64: {Name: "sget-byte", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x65: {Name: "sget-char", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x66: {Name: "sget-short", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0x67: {Name: "sput", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x68: {Name: "sput-wide", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA | WideA},
	0x69: {Name: "sput-object", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x6a: {Name: "sput-boolean", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x6b: {Name: "sput-byte", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x6c: {Name: "sput-char", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x6d: {Name: "sput-short", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0x6e: {Name: "invoke-virtual", Format: Fmt35c, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0x6f: {Name: "invoke-super", Format: Fmt35c, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeSuper},
	0x70: {Name: "invoke-direct", Format: Fmt35c, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeDirect},
	0x71: {Name: "invoke-static", Format: Fmt35c, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeStatic},
	0x72: {Name: "invoke-interface", Format: Fmt35c, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeInterface},
	0x73: {Name: "return-void-no-barrier", Format: Fmt10x, Flags: Returns},
	0x74: {Name: "invoke-virtual/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0x75: {Name: "invoke-super/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeSuper},
	0x76: {Name: "invoke-direct/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeDirect},
	0x77: {Name: "invoke-static/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeStatic},
	0x78: {Name: "invoke-interface/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeInterface},
	0x79: {Name: "unused-79", Format: Fmt10x, Flags: Unused},
	0x7a: {Name: "unused-7a", Format: Fmt10x, Flags: Unused},
	0x7b: {Name: "neg-int", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x7c: {Name: "not-int", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x7d: {Name: "neg-long", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x7e: {Name: "not-long", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x7f: {Name: "neg-float", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x80: {Name: "neg-double", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x81: {Name: "int-to-long", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB},
	0x82: {Name: "int-to-float", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x83: {Name: "int-to-double", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB},
	0x84: {Name: "long-to-int", Format: Fmt12x, Flags: Continues | DefinesA | UsesB | WideB},
	0x85: {Name: "long-to-float", Format: Fmt12x, Flags: Continues | DefinesA | UsesB | WideB},
	0x86: {Name: "long-to-double", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x87: {Name: "float-to-int", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x88: {Name: "float-to-long", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB},
	0x89: {Name: "float-to-double", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB},
	0x8a: {Name: "double-to-int", Format: Fmt12x, Flags: Continues | DefinesA | UsesB | WideB},
	0x8b: {Name: "double-to-long", Format: Fmt12x, Flags: Continues | DefinesA | WideA | UsesB | WideB},
	0x8c: {Name: "double-to-float", Format: Fmt12x, Flags: Continues | DefinesA | UsesB | WideB},
	0x8d: {Name: "int-to-byte", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x8e: {Name: "int-to-char", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x8f: {Name: "int-to-short", Format: Fmt12x, Flags: Continues | DefinesA | UsesB},
	0x90: {Name: "add-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x91: {Name: "sub-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x92: {Name: "mul-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x93: {Name: "div-int", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x94: {Name: "rem-int", Format: Fmt23x, Flags: Continues | Throws | DefinesA | UsesB | UsesC},
	0x95: {Name: "and-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x96: {Name: "or-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x97: {Name: "xor-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x98: {Name: "shl-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x99: {Name: "shr-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x9a: {Name: "ushr-int", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0x9b: {Name: "add-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0x9c: {Name: "sub-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0x9d: {Name: "mul-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0x9e: {Name: "div-long", Format: Fmt23x, Flags: Continues | Throws | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0x9f: {Name: "rem-long", Format: Fmt23x, Flags: Continues | Throws | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xa0: {Name: "and-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xa1: {Name: "or-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xa2: {Name: "xor-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xa3: {Name: "shl-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC},
	0xa4: {Name: "shr-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC},
	0xa5: {Name: "ushr-long", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC},
	0xa6: {Name: "add-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0xa7: {Name: "sub-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0xa8: {Name: "mul-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0xa9: {Name: "div-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0xaa: {Name: "rem-float", Format: Fmt23x, Flags: Continues | DefinesA | UsesB | UsesC},
	0xab: {Name: "add-double", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xac: {Name: "sub-double", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xad: {Name: "mul-double", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xae: {Name: "div-double", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xaf: {Name: "rem-double", Format: Fmt23x, Flags: Continues | DefinesA | WideA | UsesB | WideB | UsesC | WideC},
	0xb0: {Name: "add-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb1: {Name: "sub-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb2: {Name: "mul-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb3: {Name: "div-int/2addr", Format: Fmt12x, Flags: Continues | Throws | UsesA | DefinesA | UsesB},
	0xb4: {Name: "rem-int/2addr", Format: Fmt12x, Flags: Continues | Throws | UsesA | DefinesA | UsesB},
	0xb5: {Name: "and-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb6: {Name: "or-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb7: {Name: "xor-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb8: {Name: "shl-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xb9: {Name: "shr-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xba: {Name: "ushr-int/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xbb: {Name: "add-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xbc: {Name: "sub-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xbd: {Name: "mul-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xbe: {Name: "div-long/2addr", Format: Fmt12x, Flags: Continues | Throws | UsesA | DefinesA | WideA | UsesB | WideB},
	0xbf: {Name: "rem-long/2addr", Format: Fmt12x, Flags: Continues | Throws | UsesA | DefinesA | WideA | UsesB | WideB},
	0xc0: {Name: "and-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xc1: {Name: "or-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xc2: {Name: "xor-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xc3: {Name: "shl-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB},
	0xc4: {Name: "shr-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB},
	0xc5: {Name: "ushr-long/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB},
	0xc6: {Name: "add-float/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xc7: {Name: "sub-float/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xc8: {Name: "mul-float/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xc9: {Name: "div-float/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xca: {Name: "rem-float/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | UsesB},
	0xcb: {Name: "add-double/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xcc: {Name: "sub-double/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xcd: {Name: "mul-double/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xce: {Name: "div-double/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xcf: {Name: "rem-double/2addr", Format: Fmt12x, Flags: Continues | UsesA | DefinesA | WideA | UsesB | WideB},
	0xd0: {Name: "add-int/lit16", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd1: {Name: "rsub-int", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd2: {Name: "mul-int/lit16", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd3: {Name: "div-int/lit16", Format: Fmt22s, Flags: Continues | Throws | DefinesA | UsesB},
	0xd4: {Name: "rem-int/lit16", Format: Fmt22s, Flags: Continues | Throws | DefinesA | UsesB},
	0xd5: {Name: "and-int/lit16", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd6: {Name: "or-int/lit16", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd7: {Name: "xor-int/lit16", Format: Fmt22s, Flags: Continues | DefinesA | UsesB},
	0xd8: {Name: "add-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xd9: {Name: "rsub-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xda: {Name: "mul-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xdb: {Name: "div-int/lit8", Format: Fmt22b, Flags: Continues | Throws | DefinesA | UsesB},
	0xdc: {Name: "rem-int/lit8", Format: Fmt22b, Flags: Continues | Throws | DefinesA | UsesB},
	0xdd: {Name: "and-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xde: {Name: "or-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xdf: {Name: "xor-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xe0: {Name: "shl-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xe1: {Name: "shr-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xe2: {Name: "ushr-int/lit8", Format: Fmt22b, Flags: Continues | DefinesA | UsesB},
	0xe3: {Name: "iget-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xe4: {Name: "iget-wide-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | WideA | UsesB},
	0xe5: {Name: "iget-object-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xe6: {Name: "iput-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xe7: {Name: "iput-wide-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | WideA | UsesB},
	0xe8: {Name: "iput-object-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xe9: {Name: "invoke-virtual-quick", Format: Fmt35c, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0xea: {Name: "invoke-virtual/range-quick", Format: Fmt3rc, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0xeb: {Name: "iput-boolean-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xec: {Name: "iput-byte-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xed: {Name: "iput-char-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xee: {Name: "iput-short-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xef: {Name: "iget-boolean-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf0: {Name: "iget-byte-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf1: {Name: "iget-char-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf2: {Name: "iget-short-quick", Format: Fmt22c, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf3: {Name: "unused-f3", Format: Fmt10x, Flags: Unused},
	0xf4: {Name: "unused-f4", Format: Fmt10x, Flags: Unused},
	0xf5: {Name: "unused-f5", Format: Fmt10x, Flags: Unused},
	0xf6: {Name: "unused-f6", Format: Fmt10x, Flags: Unused},
	0xf7: {Name: "unused-f7", Format: Fmt10x, Flags: Unused},
	0xf8: {Name: "unused-f8", Format: Fmt10x, Flags: Unused},
	0xf9: {Name: "unused-f9", Format: Fmt10x, Flags: Unused},
	0xfa: {Name: "invoke-polymorphic", Format: Fmt45cc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokePolymorphic},
	0xfb: {Name: "invoke-polymorphic/range", Format: Fmt4rcc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokePolymorphic},
	0xfc: {Name: "invoke-custom", Format: Fmt35c, Index: IndexCallSite, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeCustom},
	0xfd: {Name: "invoke-custom/range", Format: Fmt3rc, Index: IndexCallSite, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeCustom},
	0xfe: {Name: "const-method-handle", Format: Fmt21c, Index: IndexMethodHandle, Flags: Continues | Throws | DefinesA},
	0xff: {Name: "const-method-type", Format: Fmt21c, Index: IndexProto, Flags: Continues | Throws | DefinesA},
}

// dalvikOps replaces rows of artOps from 0xe3 on. Facts: dalvik/libdex/DexOpcodes.h.
var dalvikOps = [256]opInfo{
	0xe3: {Name: "iget-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0xe4: {Name: "iput-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0xe5: {Name: "sget-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0xe6: {Name: "sput-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0xe7: {Name: "iget-object-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | UsesB},
	0xe8: {Name: "iget-wide-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | DefinesA | WideA | UsesB},
	0xe9: {Name: "iput-wide-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | WideA | UsesB},
	0xea: {Name: "sget-wide-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA | WideA},
	0xeb: {Name: "sput-wide-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA | WideA},
	0xec: {Name: "breakpoint", Format: Fmt10x, Flags: Unused},
	0xed: {Name: "throw-verification-error", Format: Fmt20bc, Flags: Throws},
	0xee: {Name: "execute-inline", Format: Fmt35mi, Index: IndexInline, Flags: Continues | Throws | Invokes | UsesArgs},
	0xef: {Name: "execute-inline/range", Format: Fmt3rmi, Index: IndexInline, Flags: Continues | Throws | Invokes | UsesArgs},
	0xf0: {Name: "invoke-object-init/range", Format: Fmt3rc, Index: IndexMethod, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeDirect},
	0xf1: {Name: "return-void-barrier", Format: Fmt10x, Flags: Returns},
	0xf2: {Name: "iget-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf3: {Name: "iget-wide-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | WideA | UsesB},
	0xf4: {Name: "iget-object-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | DefinesA | UsesB},
	0xf5: {Name: "iput-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xf6: {Name: "iput-wide-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | WideA | UsesB},
	0xf7: {Name: "iput-object-quick", Format: Fmt22cs, Index: IndexFieldOffset, Flags: Continues | Throws | UsesA | UsesB},
	0xf8: {Name: "invoke-virtual-quick", Format: Fmt35ms, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0xf9: {Name: "invoke-virtual-quick/range", Format: Fmt3rms, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeVirtual},
	0xfa: {Name: "invoke-super-quick", Format: Fmt35ms, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeSuper},
	0xfb: {Name: "invoke-super-quick/range", Format: Fmt3rms, Index: IndexVtable, Flags: Continues | Throws | Invokes | UsesArgs, Invoke: InvokeSuper},
	0xfc: {Name: "iput-object-volatile", Format: Fmt22c, Index: IndexField, Flags: Continues | Throws | UsesA | UsesB},
	0xfd: {Name: "sget-object-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | DefinesA},
	0xfe: {Name: "sput-object-volatile", Format: Fmt21c, Index: IndexField, Flags: Continues | Throws | UsesA},
	0xff: {Name: "unused-ff", Format: Fmt10x, Flags: Unused},
}
