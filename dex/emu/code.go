package emu

// What is run is neither the code of DEX nor that of class files but a list of
// instructions over registers that both are translated to (fromdex.go,
// fromclass.go), when a method is run for the first time.

// op is what an instruction does. a, b, c are registers, n is a number, a
// target or a place in a list of the body.
type op uint8

const (
	opNop        op = iota
	opMove          // a = b
	opResult        // a = what the last call returned
	opCaught        // a = the exception that was caught
	opReturn        // returns a
	opReturnNil     // returns nothing
	opConst         // a = n
	opString        // a = strings[n]
	opClass         // a = types[n] as an object
	opCheckCast     // a must be a types[n]
	opInstanceOf    // a = b is a types[n]
	opLength        // a = length of b
	opNew           // a = new types[n]
	opNewArray      // a = new types[n] with b elements
	opNewArrays     // a = new types[n>>32] with the lengths lists[n]
	opFilled        // the result = new types[n>>32] of the elements lists[n]
	opFill          // the elements of a = data[n]
	opThrow         // throws a
	opGoto          // goes to n
	opSwitch        // goes to where switches[n] has a
	opRet           // goes to what a holds
	opCmpLong       // a = b compared with c
	opCmplFloat     // and -1 if one is not a number
	opCmpgFloat     // and 1 if one is not a number
	opCmplDouble
	opCmpgDouble
	opIfEq // if a == b goes to n
	opIfNe
	opIfLt
	opIfGe
	opIfGt
	opIfLe
	opIfEqz // if a == 0 goes to n
	opIfNez
	opIfLtz
	opIfGez
	opIfGtz
	opIfLez
	opAget    // a = b[c]
	opAput    // b[c] = a
	opIget    // a = b.fields[n]
	opIput    // b.fields[n] = a
	opSget    // a = fields[n]
	opSput    // fields[n] = a
	opInvoke  // calls[n]
	opMonitor // of a, which must not be null
	opUnknown // cannot be run: reasons[n]

	// a = op b, in the order of DEX.
	opNegInt
	opNotInt
	opNegLong
	opNotLong
	opNegFloat
	opNegDouble
	opIntToLong
	opIntToFloat
	opIntToDouble
	opLongToInt
	opLongToFloat
	opLongToDouble
	opFloatToInt
	opFloatToLong
	opFloatToDouble
	opDoubleToInt
	opDoubleToLong
	opDoubleToFloat
	opIntToByte
	opIntToChar
	opIntToShort

	// a = b op c, in the order of DEX.
	opAddInt
	opSubInt
	opMulInt
	opDivInt
	opRemInt
	opAndInt
	opOrInt
	opXorInt
	opShlInt
	opShrInt
	opUshrInt
	opAddLong
	opSubLong
	opMulLong
	opDivLong
	opRemLong
	opAndLong
	opOrLong
	opXorLong
	opShlLong
	opShrLong
	opUshrLong
	opAddFloat
	opSubFloat
	opMulFloat
	opDivFloat
	opRemFloat
	opAddDouble
	opSubDouble
	opMulDouble
	opDivDouble
	opRemDouble

	// a = b op n, in the order of DEX.
	opAddLit
	opRsubLit
	opMulLit
	opDivLit
	opRemLit
	opAndLit
	opOrLit
	opXorLit
	opShlLit
	opShrLit
	opUshrLit
)

// insn is one instruction.
type insn struct {
	op      op
	a, b, c uint32
	n       int64
}

// body is the code of one method.
type body struct {
	insns []insn
	pcs   []uint32 // where each stands in the file's code
	regs  int      // registers
	start int32    // the instruction that the method begins with
	// caught is the register that an exception is put into, -1 if code asks for
	// it itself.
	caught int
	// reached is where its instructions are reached from, once somebody asked.
	reached *ways
	args    []uint32 // the register of each argument, the receiver first

	strings  []*stringRef
	types    []string
	fields   []*fieldRef
	calls    []*call
	lists    [][]uint32 // registers
	data     []fill
	switches []map[int32]int32
	reasons  []string
	tries    []try
}

// fill is what an array is filled with: little-endian elements.
type fill struct {
	data  []byte
	width int
}

// try is a range of addresses in the file's code, and who catches in it.
type try struct {
	from, to uint32
	catches  []catch
}

// catch is a handler; typ is "" if it takes everything.
type catch struct {
	typ    string
	target int32
}

// stringRef is a constant; o is the object once it was made.
type stringRef struct {
	units []uint16
	o     *object
}

// fieldRef names a field; f is what it was resolved to.
type fieldRef struct {
	class, name, typ string
	f                *field
}

// callKind is how a call finds its method.
type callKind uint8

const (
	callVirtual callKind = iota
	callSuper
	callDirect
	callStatic
	callConcat // text is put together by a recipe
)

// call is a call that stands in code.
type call struct {
	kind               callKind
	class, name, proto string
	args               []uint32 // the register of each argument, the receiver first
	recipe             []uint16 // of callConcat: 1 stands for an argument, 2 for a constant
	consts             [][]uint16

	// What it runs: of a call that the receiver's class decides, with a
	// receiver of class last.
	sought bool
	last   *class
	found  *method
	native *native
}

// params yields the descriptors of a prototype's parameters.
func params(proto string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if proto == "" || proto[0] != '(' {
			return
		}
		s := proto[1:]
		for s != "" && s[0] != ')' {
			n := 0
			for n < len(s) && s[n] == '[' {
				n++
			}
			if n < len(s) && s[n] == 'L' {
				for n < len(s) && s[n] != ';' {
					n++
				}
			}
			if n >= len(s) || !yield(s[:n+1]) {
				return
			}
			s = s[n+1:]
		}
	}
}

// returned is the descriptor of what a prototype returns.
func returned(proto string) string {
	for i := len(proto) - 1; i >= 0; i-- {
		if proto[i] == ')' {
			return proto[i+1:]
		}
	}
	return ""
}

// argRegs returns the register of each argument if the first lies in register
// at, and the register behind the last.
func argRegs(proto string, static bool, at int) (regs []uint32, end int) {
	if !static {
		regs = append(regs, uint32(at))
		at++
	}
	for d := range params(proto) {
		regs = append(regs, uint32(at))
		at++
		if isWide(d) {
			at++
		}
	}
	return regs, at
}

func isWide(d string) bool { return d == "J" || d == "D" }

// assembly is a body that is being made. Instructions are found by following
// the code, so that what stands between them misleads nobody.
type assembly struct {
	body
	at    map[uint32]int32 // the first instruction made for each address
	work  []uint32         // addresses to go on from
	jumps []int            // instructions whose n is still an address
}

func newAssembly() *assembly { return &assembly{body: body{caught: -1}, at: map[uint32]int32{}} }

func (x *assembly) emit(pc uint32, in insn) {
	for _, r := range [...]uint32{in.a, in.b, in.c} {
		x.regs = max(x.regs, int(r)+1)
	}
	x.insns = append(x.insns, in)
	x.pcs = append(x.pcs, pc)
}

// jump emits an instruction that goes to an address.
func (x *assembly) jump(pc uint32, in insn, target uint32) {
	in.n = int64(target)
	x.jumps = append(x.jumps, len(x.insns))
	x.emit(pc, in)
	x.work = append(x.work, target)
}

// unknown emits an instruction that ends the run.
func (x *assembly) unknown(pc uint32, why string) {
	x.reasons = append(x.reasons, why)
	x.emit(pc, insn{op: opUnknown, n: int64(len(x.reasons) - 1)})
}

func (x *assembly) typ(d string) int64 {
	x.types = append(x.types, d)
	return int64(len(x.types) - 1)
}

// typeAndList is a type with a list of registers.
func (x *assembly) typeAndList(d string, regs []uint32) int64 {
	for _, r := range regs {
		x.regs = max(x.regs, int(r)+1)
	}
	x.lists = append(x.lists, regs)
	return x.typ(d)<<32 | int64(len(x.lists)-1)
}

func (x *assembly) call(pc uint32, c *call) {
	for _, r := range c.args {
		x.regs = max(x.regs, int(r)+1)
	}
	x.calls = append(x.calls, c)
	x.emit(pc, insn{op: opInvoke, n: int64(len(x.calls) - 1)})
}

// finish turns addresses into instructions. What leads nowhere ends the run.
func (x *assembly) finish() *body {
	nowhere := int32(len(x.insns))
	x.unknown(noPC, "code leads out of the method")
	index := func(pc uint32) int32 {
		if i, ok := x.at[pc]; ok {
			return i
		}
		return nowhere
	}
	for _, i := range x.jumps {
		x.insns[i].n = int64(index(uint32(x.insns[i].n)))
	}
	for _, s := range x.switches {
		for k, t := range s {
			s[k] = index(uint32(t))
		}
	}
	for i := range x.tries {
		for j := range x.tries[i].catches {
			c := &x.tries[i].catches[j]
			c.target = index(uint32(c.target))
		}
	}
	for _, r := range x.args {
		x.regs = max(x.regs, int(r)+1)
	}
	x.start = index(0)
	b := x.body
	return &b
}

const noPC = ^uint32(0)

// maxBody is how many code units or bytes of code a method has at most that is
// run. Class initialisers that fill large arrays come near 65,536, the most
// that a class file can hold.
const maxBody = 1 << 17
