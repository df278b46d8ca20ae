package program

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// tableUnit is a unit of tables alone.
type tableUnit struct {
	types, strings []string
	protos         [][]uint32 // types: of the parameters, then of what it returns
	methods        [][3]uint32
}

func (u *tableUnit) NumTypes() int          { return len(u.types) }
func (u *tableUnit) Type(i uint32) string   { return u.types[i] }
func (u *tableUnit) NumStrings() int        { return len(u.strings) }
func (u *tableUnit) String(i uint32) string { return u.strings[i] }
func (u *tableUnit) NumProtos() int         { return len(u.protos) }
func (u *tableUnit) Proto(i uint32) string {
	var b strings.Builder
	b.WriteByte('(')
	for k, t := range u.protos[i] {
		if k == len(u.protos[i])-1 {
			b.WriteByte(')')
		}
		if int(t) < len(u.types) {
			b.WriteString(u.types[t])
		}
	}
	return b.String()
}
func (u *tableUnit) NumFields() int                                    { return 0 }
func (u *tableUnit) Field(uint32) (class, name, typ uint32)            { return NoIndex, NoIndex, NoIndex }
func (u *tableUnit) NumMethods() int                                   { return len(u.methods) }
func (u *tableUnit) NumClasses() int                                   { return 0 }
func (u *tableUnit) Class(int) (typ, super, flags uint32)              { return NoIndex, NoIndex, 0 }
func (u *tableUnit) ClassInterfaces(int) []uint32                      { return nil }
func (u *tableUnit) EachMethod(int, func(method, flags uint32, b int)) {}
func (u *tableUnit) NumBodies() int                                    { return 0 }
func (u *tableUnit) Body(int) uint32                                   { return NoIndex }
func (u *tableUnit) AppendRefs(_ int, to []Ref) []Ref                  { return to }
func (u *tableUnit) Method(i uint32) (class, name, proto uint32) {
	m := u.methods[i]
	return m[0], m[1], m[2]
}

// typedUnit tells the types of its prototypes, too.
type typedUnit struct{ *tableUnit }

func (u typedUnit) AppendProto(i uint32, to []uint32) ([]uint32, bool) {
	return append(to, u.protos[i]...), true
}

// randomUnit makes tables that are sorted or not, with entries that come twice,
// cannot be read, are malformed, or are out of range.
func randomUnit(r *rand.Rand, sorted bool) *tableUnit {
	u := &tableUnit{}
	pool := []string{"V", "I", "J", "[I", "[[Lcom/a/B;", "LI;", "La)b;", "L", "", "II", "(", "Lx;Ly;"}
	for i := range 40 {
		pool = append(pool, fmt.Sprintf("Lcom/x/C%d;", i))
	}
	pick := func(n int, from []string) (out []string) {
		for range n {
			out = append(out, from[r.IntN(len(from))])
		}
		if sorted {
			slices.Sort(out)
			out = slices.Compact(out)
		}
		return out
	}
	u.types = pick(20, pool)
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("m%d", i))
	}
	u.strings = pick(50, append(names, "", "<init>", "toString"))
	for range 30 {
		var p []uint32
		for range 1 + r.IntN(4) {
			p = append(p, uint32(r.IntN(len(u.types)+1)))
		}
		u.protos = append(u.protos, p)
	}
	if sorted {
		slices.SortFunc(u.protos, slices.Compare)
	}
	// Few classes, so that some have more methods than are looked for one by one.
	for range 400 {
		class := r.IntN(len(u.types) + 1)
		if r.IntN(2) == 0 {
			class = 0
		}
		u.methods = append(u.methods, [3]uint32{uint32(class), uint32(r.IntN(len(u.strings) + 1)), uint32(r.IntN(len(u.protos) + 1))})
	}
	if sorted {
		slices.SortFunc(u.methods, func(a, b [3]uint32) int { return slices.Compare(a[:], b[:]) })
		switch r.IntN(3) {
		case 0:
			u.methods = slices.Compact(u.methods)
		case 1: // sorted by class alone
			r.Shuffle(len(u.methods), func(i, j int) { u.methods[i], u.methods[j] = u.methods[j], u.methods[i] })
			slices.SortStableFunc(u.methods, func(a, b [3]uint32) int { return int(a[0]) - int(b[0]) })
		case 2: // some come twice
		}
	}
	return u
}

// Methods of the same class, name and prototype are one, whatever the tables
// look like; numbers are given in the order in which methods come.
func TestNumbers(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		var tables []*tableUnit
		var units []Unit
		for range 1 + r.IntN(5) {
			u := randomUnit(r, r.IntN(3) > 0)
			tables = append(tables, u)
			if r.IntN(3) > 0 {
				units = append(units, typedUnit{u})
			} else {
				units = append(units, u)
			}
		}
		p := New(nil, units...)
		want := map[member]MethodID{}
		for ui, u := range tables {
			for i, m := range u.methods {
				id := p.ID(ui, uint32(i))
				if int(m[0]) >= len(u.types) || u.types[m[0]] == "" || int(m[1]) >= len(u.strings) || int(m[2]) >= len(u.protos) {
					if id != NoMethod {
						t.Fatalf("seed %d: method %v of unit %d has number %d", seed, m, ui, id)
					}
					continue
				}
				k := member{u.types[m[0]], u.strings[m[1]], u.Proto(m[2])}
				if _, ok := want[k]; !ok {
					want[k] = MethodID(len(want))
				}
				if id != want[k] {
					t.Fatalf("seed %d: %v of unit %d has number %d, want %d", seed, k, ui, id, want[k])
				}
				class, name, proto := p.Name(id)
				if got := (member{class, name, proto}); got != k {
					t.Fatalf("seed %d: number %d is %v, want %v", seed, id, got, k)
				}
				if got, ok := p.Lookup(k.class, k.name, k.proto); !ok || got != id {
					t.Fatalf("seed %d: %v is found as %d, %v; want %d", seed, k, got, ok, id)
				}
			}
		}
		for k := range want {
			k.proto = "(" + k.proto
			if _, known := want[k]; known {
				continue
			}
			if id, ok := p.Lookup(k.class, k.name, k.proto); ok {
				t.Fatalf("seed %d: %v is found as %d", seed, k, id)
			}
		}
	}
}

func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 40; n++ {
		keys, val := make([]uint32, 3*n), make([]uint32, 3*n)
		at, of := make([][]uint32, n), make([][]uint32, n)
		for i := range keys {
			keys[i], val[i] = uint32(r.IntN(n)), r.Uint32()
			at[keys[i]] = append(at[keys[i]], uint32(i))
			of[keys[i]] = append(of[keys[i]], val[i])
		}
		inverted, grouped := invert(n, keys), group(n, keys, val)
		for i := range n {
			if got := inverted.row(uint32(i)); !slices.Equal(got, at[i]) {
				t.Fatalf("positions of %d: %v, want %v", i, got, at[i])
			}
			if got := grouped.row(uint32(i)); !slices.Equal(got, of[i]) {
				t.Fatalf("values of %d: %v, want %v", i, got, of[i])
			}
		}
	}
}
