package value

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/descriptor"
)

// Referent returns what the call at pc of a method of file number file passes as
// argument arg, if it is of kind [Object] or [Method], or one of several things of
// which some are; None for all else. That is what [App.Args] says, but a glance at the instructions in front of
// the call mostly tells; only if not, the method is analysed.
func (a *App) Referent(file int, m dex.MethodDef, pc uint32, arg int) Value {
	g := a.glanced.Swap(nil)
	if g == nil {
		g = new(glance)
	}
	if g.app != a || g.file != file || g.method != m {
		g.take(a, file, m)
	}
	v, known := g.referent(pc, arg)
	a.glanced.Store(g)
	if !known {
		x := a.checkout(file, m)
		v = x.arg(pc, arg)
		a.checkin(x)
	}
	if !refers(v) {
		return Value{}
	}
	return v
}

func refers(v Value) bool {
	switch v.Kind {
	case Object, Method:
		return true
	case OneOf:
		return slices.ContainsFunc(v.Elems, refers)
	}
	return false
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
	weighed bool
	objects uint64 // registers that something is put into which may be a referent
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
	cases := 0
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
		if fl&dex.DefinesA != 0 {
			if in.A() >= glanceRegs {
				return
			}
			if op >= dex.OpMove && op <= dex.OpMoveObject16 {
				if in.B() >= glanceRegs {
					return
				}
				g.from[in.A()] |= 1 << in.B()
			}
		}
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

// weigh finds the registers that something may be put into which is a referent.
func (g *glance) weigh() {
	if g.weighed {
		return
	}
	g.weighed = true
	last := uint32(0)
	for at := uint32(0); at < g.code.Units(); {
		in, _ := g.code.At(at)
		switch op := in.Op(); {
		case op >= dex.OpMoveResult && op <= dex.OpMoveResultObject && !g.opaque(last),
			op == dex.OpNewInstance, op == dex.OpNewArray,
			op >= dex.OpAget && op <= dex.OpAgetShort,
			op >= dex.OpIget && op <= dex.OpIgetShort,
			op >= dex.OpSget && op <= dex.OpSgetShort:
			g.objects |= 1 << in.A()
		}
		last = at
		at += max(in.Width(), 1)
	}
}

// lead notes that a jump leads to an address.
func (g *glance) lead(to int64) bool {
	if to < 0 || to >= int64(g.code.Units()) {
		return false
	}
	g.leaders[to/64] |= 1 << (to % 64)
	return true
}

// opaque reports whether nothing is known of what the call at pc returns but the
// name of the method.
func (g *glance) opaque(pc uint32) bool {
	in, _ := g.code.At(pc)
	if in.Op().Flags()&dex.Invokes == 0 || in.Op().IndexKind() != dex.IndexMethod || len(g.app.returnsKnown) > 0 {
		return false
	}
	return int64(in.Index()) >= int64(g.f.NumMethods()) || g.model(in.Index()) == 0
}

func (g *glance) model(index uint32) uint16 { return g.app.model(g.app.learn(g.file), g.file, index) }

// other stands for what is no referent.
var other = Value{Kind: Unknown}

// referent returns an argument, if the glance tells what it is.
func (g *glance) referent(pc uint32, arg int) (v Value, known bool) {
	if !g.ok || pc >= g.code.Units() || !has(g.starts[:], pc) {
		return v, false
	}
	call, _ := g.code.At(pc)
	reg, ok := argRegister(g.f, call, arg)
	if !ok || reg >= uint32(g.code.Registers) {
		return v, false
	}
	if v, known = g.back(pc, reg); known {
		return v, true
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
	g.weigh()
	return other, set&g.objects == 0
}

// back goes back from pc to where the register got what it holds, as long as
// there is one way only.
func (g *glance) back(pc, reg uint32) (v Value, known bool) {
	made := false // a constructor may have put text in the place of an object
	for range glanceSteps {
		if has(g.leaders[:], pc) {
			return v, false
		}
		if pc == 0 {
			return other, true // a parameter, or nothing
		}
		pc = g.before(pc)
		in, _ := g.code.At(pc)
		op := in.Op()
		fl := op.Flags()
		switch {
		case fl&dex.Continues == 0:
			return v, false
		case fl&dex.Invokes != 0:
			if op.IndexKind() == dex.IndexMethod && int64(in.Index()) < int64(g.f.NumMethods()) {
				n := g.model(in.Index())
				made = made || n != 0 && n != ofApp && strings.Contains(g.app.table.rows[n-1].name, "-><init>")
			}
			continue
		case fl&dex.DefinesA == 0 || op == dex.OpCheckCast:
			continue
		case in.A() != reg:
			if fl&dex.WideA != 0 && in.A()+1 == reg {
				return v, false
			}
			continue
		}
		switch {
		case op >= dex.OpMove && op <= dex.OpMoveObject16:
			if reg = in.B(); reg >= uint32(g.code.Registers) {
				return v, false
			}
		case op == dex.OpNewInstance:
			t := g.f.Type(in.Index())
			return Value{Kind: Object, S: t}, !made && !isBuilder(t)
		case op >= dex.OpIget && op <= dex.OpIgetShort || op >= dex.OpSget && op <= dex.OpSgetShort:
			if int64(in.Index()) >= int64(g.f.NumFields()) {
				return other, true
			}
			return whole(g.app.field(g.file, in.Index(), 0))
		case op >= dex.OpMoveResult && op <= dex.OpMoveResultObject:
			return g.result(pc)
		case op == dex.OpNewArray || op >= dex.OpAget && op <= dex.OpAgetShort:
			return v, false
		default:
			return other, true // constants and what is computed
		}
	}
	return v, false
}

// result returns what the move-result at pc takes.
func (g *glance) result(pc uint32) (v Value, known bool) {
	if pc == 0 || has(g.leaders[:], pc) {
		return v, false
	}
	at := g.before(pc)
	if g.opaque(at) {
		return other, true
	}
	in, _ := g.code.At(at)
	if in.Op().Flags()&dex.Invokes == 0 || in.Op().IndexKind() != dex.IndexMethod || len(g.app.returnsKnown) > 0 || g.model(in.Index()) != ofApp {
		return v, false
	}
	return whole(g.app.returns(g.file, in.Index(), 1))
}

// whole returns a value from elsewhere, if it has no parts that mean something
// else here.
func whole(v Value) (Value, bool) {
	switch v.Kind {
	case Param, Concat:
		return v, false
	case OneOf:
		plain := true
		for _, e := range v.Elems {
			if _, ok := whole(e); !ok {
				return v, false
			}
			plain = plain && len(e.Elems) == 0 && e.Kind != Int // which may be null here
		}
		if !refers(v) {
			return other, true
		}
		return v, plain
	}
	return v, true
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
	for d := range descriptor.Params(f.ProtoString(f.Method(in.Index()).Proto)) {
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
