package value

import (
	"math/bits"
	"strings"

	"github.com/telltale-apk/telltale/dex"
)

// ObjectClass returns the class of the object that the call at pc of a method of
// file number file passes as argument arg, "" if it passes none whose class is
// known: what [App.Args] says, where that is of kind [Object]. A glance at the
// instructions in front of the call mostly tells; if not, the method is analysed.
func (a *App) ObjectClass(file int, m dex.MethodDef, pc uint32, arg int) string {
	g := a.glanced.Swap(nil)
	if g == nil {
		g = new(glance)
	}
	if g.app != a || g.file != file || g.method != m {
		g.take(a, file, m)
	}
	class, known := g.object(pc, arg)
	a.glanced.Store(g)
	if known {
		return class
	}
	x := a.checkout(file, m)
	defer a.checkin(x)
	if v := x.arg(pc, arg); v.Kind == Object {
		return v.S
	}
	return ""
}

// glance is what a linear look at a small method tells.
type glance struct {
	app    *App
	file   int
	f      *dex.File
	method dex.MethodDef
	code   dex.Code
	ok     bool // the method is plain enough

	starts  [glanceUnits / 64]uint64 // of instructions
	leaders [glanceUnits / 64]uint64 // where jumps lead, and handlers begin
	from    [glanceRegs]uint64       // registers that one is moved from
	objects uint64                   // registers that something is put into which may be an object of a known class
}

// Methods larger than this are analysed at once.
const (
	glanceUnits = 1 << 12
	glanceRegs  = 64 // bits of a word
	glanceSteps = 1 << 8
)

func has(set []uint64, i uint32) bool { return set[i/64]&(1<<(i%64)) != 0 }

// take looks at a method.
func (g *glance) take(a *App, file int, m dex.MethodDef) {
	*g = glance{app: a, file: file, f: a.files[file], method: m}
	g.code = g.f.Code(m.CodeOff)
	n := g.code.Units()
	// Of a larger method an analysis would look at each block by itself.
	if m.CodeOff == 0 || n > glanceUnits || g.code.Registers > glanceRegs || n*(uint32(g.code.Registers)+1+MaxSites) > MaxCells {
		return
	}
	last, cases := uint32(0), 0
	for at := uint32(0); at < n; {
		in, _ := g.code.At(at)
		op := in.Op()
		fl := op.Flags()
		g.starts[at/64] |= 1 << (at % 64)
		if in.Truncated() {
			return
		}
		if fl&dex.Branches != 0 && !g.lead(int64(at)+int64(in.Offset())) {
			return
		}
		if fl&dex.Switches != 0 {
			p, ok := g.code.At(uint32(int64(at) + int64(in.Offset())))
			if !ok {
				return
			}
			// Package ir has a budget of edges, too.
			if cases += p.SwitchLen(); cases > 2*int(n) {
				return
			}
			for i := range p.SwitchLen() {
				if _, off := p.SwitchCase(i); !g.lead(int64(at) + int64(off)) {
					return
				}
			}
		}
		if fl&dex.DefinesA != 0 && op != dex.OpCheckCast {
			switch r := in.A(); {
			case r >= glanceRegs:
				return
			case op >= dex.OpMove && op <= dex.OpMoveObject16:
				if in.B() >= glanceRegs {
					return
				}
				g.from[r] |= 1 << in.B()
			case op >= dex.OpMoveResult && op <= dex.OpMoveResultObject:
				if _, known := g.result(last); !known {
					g.objects |= 1 << r
				}
			case op == dex.OpNewInstance || op == dex.OpNewArray || op >= dex.OpAget && op <= dex.OpAgetShort ||
				op >= dex.OpIget && op <= dex.OpIgetShort || op >= dex.OpSget && op <= dex.OpSgetShort:
				g.objects |= 1 << r
			}
		}
		last = at
		at += max(in.Width(), 1)
	}
	handlers := 0
	for t := range g.code.Tries() {
		before := handlers
		for h := range t.Handlers() {
			if handlers++; handlers-before > 4 || handlers > int(n) {
				return
			}
			if !g.lead(int64(h.Addr)) {
				return
			}
		}
	}
	for i, set := range g.leaders {
		// Where a jump leads into the middle of an instruction, others are run
		// than were looked at.
		if set&^g.starts[i] != 0 {
			return
		}
		for ; set != 0; set &= set - 1 {
			in, _ := g.code.At(uint32(64*i + bits.TrailingZeros64(set)))
			if op := in.Op(); op >= dex.OpMoveResult && op <= dex.OpMoveResultObject {
				return // the result of another call than the one in front of it
			}
		}
	}
	g.ok = true
}

// lead notes that a jump leads to an address.
func (g *glance) lead(to int64) bool {
	if to < 0 || to >= int64(g.code.Units()) {
		return false
	}
	g.leaders[to/64] |= 1 << (to % 64)
	return true
}

// result returns the class of the object that the call at pc returns, if it
// can be said at once that it does or does not.
func (g *glance) result(pc uint32) (class string, known bool) {
	in, _ := g.code.At(pc)
	if in.Op().Flags()&dex.Invokes == 0 || in.Op().IndexKind() != dex.IndexMethod {
		return "", false
	}
	if int64(in.Index()) >= int64(g.f.NumMethods()) {
		return "", true
	}
	if g.app.model(g.app.learn(g.file), g.file, in.Index()) != 0 {
		return "", false
	}
	return "", true
}

// object returns the class of an argument, if the glance tells whether it is an
// object of a known class.
func (g *glance) object(pc uint32, arg int) (class string, known bool) {
	if !g.ok || pc >= g.code.Units() || !has(g.starts[:], pc) {
		return "", false
	}
	call, _ := g.code.At(pc)
	reg, ok := argRegister(g.f, call, arg)
	if !ok || reg >= uint32(g.code.Registers) {
		return "", false
	}
	if class, known = g.back(pc, reg); known {
		return class, true
	}
	set := uint64(1) << reg
	for more := true; more; {
		more = false
		for r := range g.from {
			if set&(1<<r) != 0 && g.from[r]&^set != 0 {
				set |= g.from[r]
				more = true
			}
		}
	}
	return "", set&g.objects == 0
}

// back goes back from pc to where the register got what it holds, as long as
// there is one way only.
func (g *glance) back(pc, reg uint32) (class string, known bool) {
	made := false // a constructor may have put text in the place of an object
	for range glanceSteps {
		if has(g.leaders[:], pc) {
			return "", false
		}
		if pc == 0 {
			return "", true // a parameter, or nothing
		}
		pc = g.before(pc)
		in, _ := g.code.At(pc)
		op := in.Op()
		fl := op.Flags()
		switch {
		case fl&dex.Continues == 0:
			return "", false
		case fl&dex.Invokes != 0:
			if op.IndexKind() == dex.IndexMethod && int64(in.Index()) < int64(g.f.NumMethods()) {
				n := g.app.model(g.app.learn(g.file), g.file, in.Index())
				made = made || n != 0 && n != ofApp && strings.Contains(g.app.table.rows[n-1].name, "-><init>")
			}
			continue
		case fl&dex.DefinesA == 0 || op == dex.OpCheckCast:
			continue
		case in.A() != reg:
			if fl&dex.WideA != 0 && in.A()+1 == reg {
				return "", false
			}
			continue
		}
		switch {
		case op >= dex.OpMove && op <= dex.OpMoveObject16:
			if reg = in.B(); reg >= uint32(g.code.Registers) {
				return "", false
			}
		case op == dex.OpNewInstance:
			t := g.f.Type(in.Index())
			return t, !made && !isBuilder(t)
		case op >= dex.OpIget && op <= dex.OpIgetShort || op >= dex.OpSget && op <= dex.OpSgetShort:
			if int64(in.Index()) >= int64(g.f.NumFields()) {
				return "", true
			}
			return plainObject(g.app.field(g.file, in.Index(), 0))
		case op >= dex.OpMoveResult && op <= dex.OpMoveResultObject:
			return g.resultOf(pc)
		case op == dex.OpNewArray || op >= dex.OpAget && op <= dex.OpAgetShort:
			return "", false
		default:
			return "", true // constants and what is computed
		}
	}
	return "", false
}

// resultOf returns the class of what the move-result at pc takes.
func (g *glance) resultOf(pc uint32) (class string, known bool) {
	if pc == 0 || has(g.leaders[:], pc) {
		return "", false
	}
	at := g.before(pc)
	if class, known = g.result(at); known {
		return class, true
	}
	in, _ := g.code.At(at)
	if in.Op().Flags()&dex.Invokes == 0 || in.Op().IndexKind() != dex.IndexMethod || len(g.app.returnsKnown) > 0 {
		return "", false
	}
	if g.app.model(g.app.learn(g.file), g.file, in.Index()) != ofApp {
		return "", false
	}
	return plainObject(g.app.returns(g.file, in.Index(), 1))
}

// plainObject returns the class that a value from elsewhere is of, if that can
// be said without its parts.
func plainObject(v Value) (class string, known bool) {
	switch v.Kind {
	case Object:
		return v.S, true
	case Param, OneOf, Concat:
		return "", false
	}
	return "", true
}

// before returns the instruction that ends at pc.
func (g *glance) before(pc uint32) uint32 {
	i := pc / 64
	set := g.starts[i] & (1<<(pc%64) - 1)
	for set == 0 && i > 0 {
		i--
		set = g.starts[i]
	}
	return 64*i + uint32(63-bits.LeadingZeros64(set))
}

// argRegister returns the register that holds argument arg of a call.
func argRegister(f *dex.File, in dex.Inst, arg int) (uint32, bool) {
	if in.Op().IndexKind() != dex.IndexMethod || in.Op().Invoke() == dex.InvokePolymorphic || arg < 0 {
		return 0, false
	}
	i := 0
	if in.Op().Invoke() != dex.InvokeStatic {
		if arg--; arg < 0 {
			return in.Arg(0), in.NumArgs() > 0
		}
		i++
	}
	for d := range descriptors(f.ProtoString(f.Method(in.Index()).Proto)) {
		if i >= in.NumArgs() {
			break
		}
		if arg--; arg < 0 {
			return in.Arg(i), true
		}
		if i++; d == "J" || d == "D" {
			i++
		}
	}
	return 0, false
}
