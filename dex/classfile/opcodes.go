package classfile

// Op is the number of an instruction.
type Op uint8

// The instructions (JVMS 6.5).
const (
	OpNop Op = iota
	OpAconstNull
	OpIconstM1
	OpIconst0
	OpIconst1
	OpIconst2
	OpIconst3
	OpIconst4
	OpIconst5
	OpLconst0
	OpLconst1
	OpFconst0
	OpFconst1
	OpFconst2
	OpDconst0
	OpDconst1
	OpBipush
	OpSipush
	OpLdc
	OpLdcW
	OpLdc2W
	OpIload
	OpLload
	OpFload
	OpDload
	OpAload
	OpIload0
	OpIload1
	OpIload2
	OpIload3
	OpLload0
	OpLload1
	OpLload2
	OpLload3
	OpFload0
	OpFload1
	OpFload2
	OpFload3
	OpDload0
	OpDload1
	OpDload2
	OpDload3
	OpAload0
	OpAload1
	OpAload2
	OpAload3
	OpIaload
	OpLaload
	OpFaload
	OpDaload
	OpAaload
	OpBaload
	OpCaload
	OpSaload
	OpIstore
	OpLstore
	OpFstore
	OpDstore
	OpAstore
	OpIstore0
	OpIstore1
	OpIstore2
	OpIstore3
	OpLstore0
	OpLstore1
	OpLstore2
	OpLstore3
	OpFstore0
	OpFstore1
	OpFstore2
	OpFstore3
	OpDstore0
	OpDstore1
	OpDstore2
	OpDstore3
	OpAstore0
	OpAstore1
	OpAstore2
	OpAstore3
	OpIastore
	OpLastore
	OpFastore
	OpDastore
	OpAastore
	OpBastore
	OpCastore
	OpSastore
	OpPop
	OpPop2
	OpDup
	OpDupX1
	OpDupX2
	OpDup2
	OpDup2X1
	OpDup2X2
	OpSwap
	OpIadd
	OpLadd
	OpFadd
	OpDadd
	OpIsub
	OpLsub
	OpFsub
	OpDsub
	OpImul
	OpLmul
	OpFmul
	OpDmul
	OpIdiv
	OpLdiv
	OpFdiv
	OpDdiv
	OpIrem
	OpLrem
	OpFrem
	OpDrem
	OpIneg
	OpLneg
	OpFneg
	OpDneg
	OpIshl
	OpLshl
	OpIshr
	OpLshr
	OpIushr
	OpLushr
	OpIand
	OpLand
	OpIor
	OpLor
	OpIxor
	OpLxor
	OpIinc
	OpI2l
	OpI2f
	OpI2d
	OpL2i
	OpL2f
	OpL2d
	OpF2i
	OpF2l
	OpF2d
	OpD2i
	OpD2l
	OpD2f
	OpI2b
	OpI2c
	OpI2s
	OpLcmp
	OpFcmpl
	OpFcmpg
	OpDcmpl
	OpDcmpg
	OpIfeq
	OpIfne
	OpIflt
	OpIfge
	OpIfgt
	OpIfle
	OpIfIcmpeq
	OpIfIcmpne
	OpIfIcmplt
	OpIfIcmpge
	OpIfIcmpgt
	OpIfIcmple
	OpIfAcmpeq
	OpIfAcmpne
	OpGoto
	OpJsr
	OpRet
	OpTableswitch
	OpLookupswitch
	OpIreturn
	OpLreturn
	OpFreturn
	OpDreturn
	OpAreturn
	OpReturn
	OpGetstatic
	OpPutstatic
	OpGetfield
	OpPutfield
	OpInvokevirtual
	OpInvokespecial
	OpInvokestatic
	OpInvokeinterface
	OpInvokedynamic
	OpNew
	OpNewarray
	OpAnewarray
	OpArraylength
	OpAthrow
	OpCheckcast
	OpInstanceof
	OpMonitorenter
	OpMonitorexit
	OpWide
	OpMultianewarray
	OpIfnull
	OpIfnonnull
	OpGotoW
	OpJsrW
)

// Format is what follows an instruction's number.
type Format uint8

// The formats.
const (
	FormatNone       Format = iota
	FormatByte              // a number of 8 bits
	FormatShort             // a number of 16 bits
	FormatConst1            // a constant's index in one byte
	FormatConst             // a constant's index
	FormatLocal             // a local variable's number
	FormatIinc              // a local variable's number, and a number to add
	FormatBranch            // how far to jump, in 16 bits
	FormatBranchWide        // how far to jump, in 32 bits
	FormatTable             // a table of jumps by number
	FormatLookup            // a table of numbers and jumps
	FormatInterface         // a constant's index, the number of argument slots, and 0
	FormatDynamic           // a constant's index, and 0
	FormatMulti             // a constant's index, and a number of dimensions
	FormatWide              // another instruction with wider operands
	formatUnknown           // there is no such instruction
)

// formatLen is how long instructions of a format are, in bytes; 0 if that
// depends on what they hold.
var formatLen = [...]uint8{
	FormatNone: 1, FormatByte: 2, FormatShort: 3, FormatConst1: 2, FormatConst: 3, FormatLocal: 2, FormatIinc: 3,
	FormatBranch: 3, FormatBranchWide: 5, FormatInterface: 5, FormatDynamic: 5, FormatMulti: 4,
	FormatTable: 0, FormatLookup: 0, FormatWide: 0, formatUnknown: 0,
}

// opInfo is what is known of an instruction. What accesses members takes and
// leaves depends on their types: 0 stands here.
type opInfo struct {
	name   string
	format Format
	pop    uint8 // words that it takes from the stack
	push   uint8 // words that it leaves there
}

func (op Op) info() opInfo {
	if int(op) < len(ops) {
		return ops[op]
	}
	return opInfo{"?", formatUnknown, 0, 0}
}

// String returns the name of the instruction as javap prints it.
func (op Op) String() string { return op.info().name }

// Format returns what follows the instruction's number.
func (op Op) Format() Format {
	if int(op) < len(ops) {
		return ops[op].format
	}
	return formatUnknown
}

// Lookup returns the instruction of this name.
func Lookup(name string) (Op, bool) {
	for i := range ops {
		if ops[i].name == name {
			return Op(i), true
		}
	}
	return 0, false
}

var ops = [...]opInfo{
	OpNop:             {"nop", FormatNone, 0, 0},
	OpAconstNull:      {"aconst_null", FormatNone, 0, 1},
	OpIconstM1:        {"iconst_m1", FormatNone, 0, 1},
	OpIconst0:         {"iconst_0", FormatNone, 0, 1},
	OpIconst1:         {"iconst_1", FormatNone, 0, 1},
	OpIconst2:         {"iconst_2", FormatNone, 0, 1},
	OpIconst3:         {"iconst_3", FormatNone, 0, 1},
	OpIconst4:         {"iconst_4", FormatNone, 0, 1},
	OpIconst5:         {"iconst_5", FormatNone, 0, 1},
	OpLconst0:         {"lconst_0", FormatNone, 0, 2},
	OpLconst1:         {"lconst_1", FormatNone, 0, 2},
	OpFconst0:         {"fconst_0", FormatNone, 0, 1},
	OpFconst1:         {"fconst_1", FormatNone, 0, 1},
	OpFconst2:         {"fconst_2", FormatNone, 0, 1},
	OpDconst0:         {"dconst_0", FormatNone, 0, 2},
	OpDconst1:         {"dconst_1", FormatNone, 0, 2},
	OpBipush:          {"bipush", FormatByte, 0, 1},
	OpSipush:          {"sipush", FormatShort, 0, 1},
	OpLdc:             {"ldc", FormatConst1, 0, 1},
	OpLdcW:            {"ldc_w", FormatConst, 0, 1},
	OpLdc2W:           {"ldc2_w", FormatConst, 0, 2},
	OpIload:           {"iload", FormatLocal, 0, 1},
	OpLload:           {"lload", FormatLocal, 0, 2},
	OpFload:           {"fload", FormatLocal, 0, 1},
	OpDload:           {"dload", FormatLocal, 0, 2},
	OpAload:           {"aload", FormatLocal, 0, 1},
	OpIload0:          {"iload_0", FormatNone, 0, 1},
	OpIload1:          {"iload_1", FormatNone, 0, 1},
	OpIload2:          {"iload_2", FormatNone, 0, 1},
	OpIload3:          {"iload_3", FormatNone, 0, 1},
	OpLload0:          {"lload_0", FormatNone, 0, 2},
	OpLload1:          {"lload_1", FormatNone, 0, 2},
	OpLload2:          {"lload_2", FormatNone, 0, 2},
	OpLload3:          {"lload_3", FormatNone, 0, 2},
	OpFload0:          {"fload_0", FormatNone, 0, 1},
	OpFload1:          {"fload_1", FormatNone, 0, 1},
	OpFload2:          {"fload_2", FormatNone, 0, 1},
	OpFload3:          {"fload_3", FormatNone, 0, 1},
	OpDload0:          {"dload_0", FormatNone, 0, 2},
	OpDload1:          {"dload_1", FormatNone, 0, 2},
	OpDload2:          {"dload_2", FormatNone, 0, 2},
	OpDload3:          {"dload_3", FormatNone, 0, 2},
	OpAload0:          {"aload_0", FormatNone, 0, 1},
	OpAload1:          {"aload_1", FormatNone, 0, 1},
	OpAload2:          {"aload_2", FormatNone, 0, 1},
	OpAload3:          {"aload_3", FormatNone, 0, 1},
	OpIaload:          {"iaload", FormatNone, 2, 1},
	OpLaload:          {"laload", FormatNone, 2, 2},
	OpFaload:          {"faload", FormatNone, 2, 1},
	OpDaload:          {"daload", FormatNone, 2, 2},
	OpAaload:          {"aaload", FormatNone, 2, 1},
	OpBaload:          {"baload", FormatNone, 2, 1},
	OpCaload:          {"caload", FormatNone, 2, 1},
	OpSaload:          {"saload", FormatNone, 2, 1},
	OpIstore:          {"istore", FormatLocal, 1, 0},
	OpLstore:          {"lstore", FormatLocal, 2, 0},
	OpFstore:          {"fstore", FormatLocal, 1, 0},
	OpDstore:          {"dstore", FormatLocal, 2, 0},
	OpAstore:          {"astore", FormatLocal, 1, 0},
	OpIstore0:         {"istore_0", FormatNone, 1, 0},
	OpIstore1:         {"istore_1", FormatNone, 1, 0},
	OpIstore2:         {"istore_2", FormatNone, 1, 0},
	OpIstore3:         {"istore_3", FormatNone, 1, 0},
	OpLstore0:         {"lstore_0", FormatNone, 2, 0},
	OpLstore1:         {"lstore_1", FormatNone, 2, 0},
	OpLstore2:         {"lstore_2", FormatNone, 2, 0},
	OpLstore3:         {"lstore_3", FormatNone, 2, 0},
	OpFstore0:         {"fstore_0", FormatNone, 1, 0},
	OpFstore1:         {"fstore_1", FormatNone, 1, 0},
	OpFstore2:         {"fstore_2", FormatNone, 1, 0},
	OpFstore3:         {"fstore_3", FormatNone, 1, 0},
	OpDstore0:         {"dstore_0", FormatNone, 2, 0},
	OpDstore1:         {"dstore_1", FormatNone, 2, 0},
	OpDstore2:         {"dstore_2", FormatNone, 2, 0},
	OpDstore3:         {"dstore_3", FormatNone, 2, 0},
	OpAstore0:         {"astore_0", FormatNone, 1, 0},
	OpAstore1:         {"astore_1", FormatNone, 1, 0},
	OpAstore2:         {"astore_2", FormatNone, 1, 0},
	OpAstore3:         {"astore_3", FormatNone, 1, 0},
	OpIastore:         {"iastore", FormatNone, 3, 0},
	OpLastore:         {"lastore", FormatNone, 4, 0},
	OpFastore:         {"fastore", FormatNone, 3, 0},
	OpDastore:         {"dastore", FormatNone, 4, 0},
	OpAastore:         {"aastore", FormatNone, 3, 0},
	OpBastore:         {"bastore", FormatNone, 3, 0},
	OpCastore:         {"castore", FormatNone, 3, 0},
	OpSastore:         {"sastore", FormatNone, 3, 0},
	OpPop:             {"pop", FormatNone, 1, 0},
	OpPop2:            {"pop2", FormatNone, 2, 0},
	OpDup:             {"dup", FormatNone, 1, 2},
	OpDupX1:           {"dup_x1", FormatNone, 2, 3},
	OpDupX2:           {"dup_x2", FormatNone, 3, 4},
	OpDup2:            {"dup2", FormatNone, 2, 4},
	OpDup2X1:          {"dup2_x1", FormatNone, 3, 5},
	OpDup2X2:          {"dup2_x2", FormatNone, 4, 6},
	OpSwap:            {"swap", FormatNone, 2, 2},
	OpIadd:            {"iadd", FormatNone, 2, 1},
	OpLadd:            {"ladd", FormatNone, 4, 2},
	OpFadd:            {"fadd", FormatNone, 2, 1},
	OpDadd:            {"dadd", FormatNone, 4, 2},
	OpIsub:            {"isub", FormatNone, 2, 1},
	OpLsub:            {"lsub", FormatNone, 4, 2},
	OpFsub:            {"fsub", FormatNone, 2, 1},
	OpDsub:            {"dsub", FormatNone, 4, 2},
	OpImul:            {"imul", FormatNone, 2, 1},
	OpLmul:            {"lmul", FormatNone, 4, 2},
	OpFmul:            {"fmul", FormatNone, 2, 1},
	OpDmul:            {"dmul", FormatNone, 4, 2},
	OpIdiv:            {"idiv", FormatNone, 2, 1},
	OpLdiv:            {"ldiv", FormatNone, 4, 2},
	OpFdiv:            {"fdiv", FormatNone, 2, 1},
	OpDdiv:            {"ddiv", FormatNone, 4, 2},
	OpIrem:            {"irem", FormatNone, 2, 1},
	OpLrem:            {"lrem", FormatNone, 4, 2},
	OpFrem:            {"frem", FormatNone, 2, 1},
	OpDrem:            {"drem", FormatNone, 4, 2},
	OpIneg:            {"ineg", FormatNone, 1, 1},
	OpLneg:            {"lneg", FormatNone, 2, 2},
	OpFneg:            {"fneg", FormatNone, 1, 1},
	OpDneg:            {"dneg", FormatNone, 2, 2},
	OpIshl:            {"ishl", FormatNone, 2, 1},
	OpLshl:            {"lshl", FormatNone, 3, 2},
	OpIshr:            {"ishr", FormatNone, 2, 1},
	OpLshr:            {"lshr", FormatNone, 3, 2},
	OpIushr:           {"iushr", FormatNone, 2, 1},
	OpLushr:           {"lushr", FormatNone, 3, 2},
	OpIand:            {"iand", FormatNone, 2, 1},
	OpLand:            {"land", FormatNone, 4, 2},
	OpIor:             {"ior", FormatNone, 2, 1},
	OpLor:             {"lor", FormatNone, 4, 2},
	OpIxor:            {"ixor", FormatNone, 2, 1},
	OpLxor:            {"lxor", FormatNone, 4, 2},
	OpIinc:            {"iinc", FormatIinc, 0, 0},
	OpI2l:             {"i2l", FormatNone, 1, 2},
	OpI2f:             {"i2f", FormatNone, 1, 1},
	OpI2d:             {"i2d", FormatNone, 1, 2},
	OpL2i:             {"l2i", FormatNone, 2, 1},
	OpL2f:             {"l2f", FormatNone, 2, 1},
	OpL2d:             {"l2d", FormatNone, 2, 2},
	OpF2i:             {"f2i", FormatNone, 1, 1},
	OpF2l:             {"f2l", FormatNone, 1, 2},
	OpF2d:             {"f2d", FormatNone, 1, 2},
	OpD2i:             {"d2i", FormatNone, 2, 1},
	OpD2l:             {"d2l", FormatNone, 2, 2},
	OpD2f:             {"d2f", FormatNone, 2, 1},
	OpI2b:             {"i2b", FormatNone, 1, 1},
	OpI2c:             {"i2c", FormatNone, 1, 1},
	OpI2s:             {"i2s", FormatNone, 1, 1},
	OpLcmp:            {"lcmp", FormatNone, 4, 1},
	OpFcmpl:           {"fcmpl", FormatNone, 2, 1},
	OpFcmpg:           {"fcmpg", FormatNone, 2, 1},
	OpDcmpl:           {"dcmpl", FormatNone, 4, 1},
	OpDcmpg:           {"dcmpg", FormatNone, 4, 1},
	OpIfeq:            {"ifeq", FormatBranch, 1, 0},
	OpIfne:            {"ifne", FormatBranch, 1, 0},
	OpIflt:            {"iflt", FormatBranch, 1, 0},
	OpIfge:            {"ifge", FormatBranch, 1, 0},
	OpIfgt:            {"ifgt", FormatBranch, 1, 0},
	OpIfle:            {"ifle", FormatBranch, 1, 0},
	OpIfIcmpeq:        {"if_icmpeq", FormatBranch, 2, 0},
	OpIfIcmpne:        {"if_icmpne", FormatBranch, 2, 0},
	OpIfIcmplt:        {"if_icmplt", FormatBranch, 2, 0},
	OpIfIcmpge:        {"if_icmpge", FormatBranch, 2, 0},
	OpIfIcmpgt:        {"if_icmpgt", FormatBranch, 2, 0},
	OpIfIcmple:        {"if_icmple", FormatBranch, 2, 0},
	OpIfAcmpeq:        {"if_acmpeq", FormatBranch, 2, 0},
	OpIfAcmpne:        {"if_acmpne", FormatBranch, 2, 0},
	OpGoto:            {"goto", FormatBranch, 0, 0},
	OpJsr:             {"jsr", FormatBranch, 0, 1},
	OpRet:             {"ret", FormatLocal, 0, 0},
	OpTableswitch:     {"tableswitch", FormatTable, 1, 0},
	OpLookupswitch:    {"lookupswitch", FormatLookup, 1, 0},
	OpIreturn:         {"ireturn", FormatNone, 1, 0},
	OpLreturn:         {"lreturn", FormatNone, 2, 0},
	OpFreturn:         {"freturn", FormatNone, 1, 0},
	OpDreturn:         {"dreturn", FormatNone, 2, 0},
	OpAreturn:         {"areturn", FormatNone, 1, 0},
	OpReturn:          {"return", FormatNone, 0, 0},
	OpGetstatic:       {"getstatic", FormatConst, 0, 0},
	OpPutstatic:       {"putstatic", FormatConst, 0, 0},
	OpGetfield:        {"getfield", FormatConst, 0, 0},
	OpPutfield:        {"putfield", FormatConst, 0, 0},
	OpInvokevirtual:   {"invokevirtual", FormatConst, 0, 0},
	OpInvokespecial:   {"invokespecial", FormatConst, 0, 0},
	OpInvokestatic:    {"invokestatic", FormatConst, 0, 0},
	OpInvokeinterface: {"invokeinterface", FormatInterface, 0, 0},
	OpInvokedynamic:   {"invokedynamic", FormatDynamic, 0, 0},
	OpNew:             {"new", FormatConst, 0, 1},
	OpNewarray:        {"newarray", FormatByte, 1, 1},
	OpAnewarray:       {"anewarray", FormatConst, 1, 1},
	OpArraylength:     {"arraylength", FormatNone, 1, 1},
	OpAthrow:          {"athrow", FormatNone, 1, 0},
	OpCheckcast:       {"checkcast", FormatConst, 1, 1},
	OpInstanceof:      {"instanceof", FormatConst, 1, 1},
	OpMonitorenter:    {"monitorenter", FormatNone, 1, 0},
	OpMonitorexit:     {"monitorexit", FormatNone, 1, 0},
	OpWide:            {"wide", FormatWide, 0, 0},
	OpMultianewarray:  {"multianewarray", FormatMulti, 0, 1},
	OpIfnull:          {"ifnull", FormatBranch, 1, 0},
	OpIfnonnull:       {"ifnonnull", FormatBranch, 1, 0},
	OpGotoW:           {"goto_w", FormatBranchWide, 0, 0},
	OpJsrW:            {"jsr_w", FormatBranchWide, 0, 1},
}
