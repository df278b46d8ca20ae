package value

import "github.com/telltale-apk/telltale/dex"

// MayBeObject reports whether argument arg of the call at pc of a method of file
// number file may be of kind [Object], as far as a glance tells: if not, Args
// says so, too, but looks much closer. Nothing is an object that comes, by moves
// alone, from parameters and constants.
func (a *App) MayBeObject(file int, m dex.MethodDef, pc uint32, arg int) bool {
	const most = 64 // registers, as bits of a word
	f := a.files[file]
	c := f.Code(m.CodeOff)
	n := c.Units()
	if m.CodeOff == 0 || n > 1<<12 || c.Registers > most {
		return true
	}
	call, ok := c.At(pc)
	reg, ok2 := argRegister(f, call, arg)
	if !ok || !ok2 || reg >= most {
		return true
	}
	var (
		starts  [1 << 12 / 64]uint64 // of instructions
		from    [most]uint64         // registers that one is moved from
		objects uint64               // registers that something is put into which may be one
		targets [64]int64
		jumps   = targets[:0]
	)
	for at := uint32(0); at < n; {
		in, _ := c.At(at)
		op := in.Op()
		fl := op.Flags()
		starts[at/64] |= 1 << (at % 64)
		if in.Truncated() || fl&dex.Switches != 0 {
			return true
		}
		if fl&dex.Branches != 0 {
			if len(jumps) == cap(jumps) {
				return true
			}
			jumps = append(jumps, int64(at)+int64(in.Offset()))
		}
		if fl&dex.DefinesA != 0 {
			switch r := in.A(); {
			case r >= most:
				return true
			case op >= dex.OpMove && op <= dex.OpMoveObject16:
				if in.B() >= most {
					return true
				}
				from[r] |= 1 << in.B()
			case op < dex.OpConst4 || op > dex.OpConstClass:
				objects |= 1 << r
			}
		}
		at += max(in.Width(), 1)
	}
	// Where a jump leads into the middle of an instruction, others are run
	// than were looked at.
	for _, t := range jumps {
		if t < 0 || t >= int64(n) || starts[t/64]&(1<<(t%64)) == 0 {
			return true
		}
	}
	for t := range c.Tries() {
		for h := range t.Handlers() {
			if h.Addr >= n || starts[h.Addr/64]&(1<<(h.Addr%64)) == 0 {
				return true
			}
		}
	}
	set := uint64(1) << reg
	for more := true; more; {
		more = false
		for r := range from {
			if set&(1<<r) != 0 && from[r]&^set != 0 {
				set |= from[r]
				more = true
			}
		}
	}
	return set&objects != 0
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
