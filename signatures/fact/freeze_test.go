package fact_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
)

// everything builds an app that has something of each kind of fact.
func everything() *facttest.App {
	app := facttest.New("com.example.app").
		MetaData("key", "value").MetaData("odd\x00\xff", "not UTF-8: \xfe").
		Permission("android.permission.INTERNET").
		Framework("Landroid/app/Activity;", "Landroid/content/Context;", "Ljava/lang/Object;").
		Text(fact.Text{Unit: "resources.arsc", Kind: fact.TextResource, Off: -1, Name: "string/a", Value: "https://a.example.org/"}).
		Text(fact.Text{Unit: "assets/x.js", Kind: fact.TextScript, Off: 17, Value: "line"}).
		Text(fact.Text{Unit: "assets/x.js", Kind: fact.TextScript, Off: 1 << 40, Value: ""})
	*app.Component(fact.Provider, "com.example.app.P") = fact.Component{
		Kind: fact.Provider, Name: "com.example.app.P", Enabled: true, Exported: true, Authorities: []string{"a", "b"},
		MetaData: []fact.MetaData{{Name: "n", Value: "v"}}, Actions: []string{"act"},
	}
	app.Lib("lib/arm64-v8a/libx.so", "Java_com_foo_bar", "JNI_OnLoad").BuildID = "0123456789abcdef"
	app.Info.Signers = []fact.Signer{{Scheme: "v2", SHA256: "ab", Subject: "CN=x"}}
	app.Info.Problems = []fact.Problem{{Part: "x", Kind: fact.ProblemTampered, Detail: "d", Lossy: true}}
	app.Info.Modules = []fact.Module{{Kind: fact.ModuleMaven, Name: "g:a", Version: "1", Unit: "META-INF/x"}}
	app.Manifest().VersionCode = 1<<40 + 7

	a := app.Code("classes.dex")
	a.Strings("unused", "\U0001F600 text", "bad \xed\xa0\x80").Refer("Lcom/gone/Type;", "[Lcom/gone/Type;", "[[I")
	a.ReferMember("Lcom/gone/Type;->x()V", "Lcom/gone/Type;->f:I")
	cls := a.Class("Lcom/example/app/Main;").Super("Landroid/app/Activity;").Implements("Ljava/lang/Runnable;", "Landroid/os/IInterface;").Flags(0x11)
	cls.Static("S", "Ljava/lang/String;", facttest.Str("constant")).
		Static("I", "I", facttest.Int(math.MinInt64)).
		Static("D", "D", fact.Value{Kind: fact.Float, F: math.NaN()}).
		Static("A", "[I", fact.Value{Kind: fact.Array, Elems: []fact.Value{facttest.Int(1), {Kind: fact.Null}}}).
		Static("N", "I", fact.Value{})
	cls.Annotate(fact.Annotation{Member: "run", Type: "Lretrofit2/http/GET;", Name: "value", Value: facttest.Str("/path")})
	cls.Annotate(fact.Annotation{Type: "Lx/Y;", Name: "list", Value: fact.Value{Kind: fact.Array, Elems: []fact.Value{
		{Kind: fact.Class, S: "Lx/Z;"}, {Kind: fact.OneOf, Elems: []fact.Value{facttest.Str("p"), facttest.Any()}},
	}}})
	a.Method("Lcom/example/app/Main;->run()V").
		String("hello").
		Call(fact.RefCallVirtual, "Lcom/lib/Base;->go(I)V", facttest.Any(), facttest.Int(7)).
		Call(fact.RefCallStatic, "Lcom/lib/Util;->log(Ljava/lang/String;)V", fact.Value{Kind: fact.Concat, Elems: []fact.Value{facttest.Str("a"), facttest.Any()}}).
		Call(fact.RefCallInterface, "Ljava/lang/Runnable;->run()V", facttest.Any()).
		Call(fact.RefCallStatic, "Lcom/lib/Util;->none()V").MaySkip().
		Array("text in an array").
		Get("Landroid/os/Build;->MODEL:Ljava/lang/String;").
		Put("Lcom/gone/Type;->f:I").
		Use(fact.RefNew, "Lcom/lib/Derived;").
		Use(fact.RefClass, "Lcom/lib/Base;")
	a.Method("Lcom/example/app/Main;-><init>()V").Flags(1).
		Call(fact.RefCallDirect, "Landroid/app/Activity;-><init>()V", fact.Value{Kind: fact.Object, S: "Lcom/example/app/Main;"})
	a.Abstract("Lcom/example/app/Main;->abs()V")
	b := app.Code("classes2.dex").Unsorted().Unloaded()
	b.Method("Lcom/lib/Base;->go(I)V").Call(fact.RefCallStatic, "Landroid/util/Log;->d()V").Call(fact.RefHandle, "Lcom/lib/Derived;->go(I)V")
	b.Class("Lcom/lib/Derived;").Super("Lcom/lib/Base;")
	b.Method("Lcom/lib/Derived;->go(I)V").
		Call(fact.RefCallVirtual, "Lcom/lib/Base;->go(I)V", fact.Value{Kind: fact.Param, N: 0}, fact.Value{Kind: fact.FieldVal, S: "La;->b:I", N: 3, Elems: []fact.Value{{Kind: fact.Object, S: "La;"}}})
	b.Class("Lcom/lib/Empty;").Super("")
	app.Edge("Lcom/example/app/Main;->run()V", "Lcom/lib/Derived;->go(I)V", fact.EdgeCallback)
	app.Edge("Lcom/example/app/Main;->abs()V", "Lframework/Only;->known()V", fact.EdgeReflective)
	return app
}

func freeze(t testing.TB, s *fact.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := fact.Freeze(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func thaw(t testing.TB, b []byte) *fact.Set {
	t.Helper()
	s, err := fact.Thaw(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFreezeThaw(t *testing.T) {
	sets := map[string]*fact.Set{
		"everything": everything().Set(),
		"nothing":    facttest.New("").Set(),
		"no manifest, no code": {
			App:   fact.App{Path: "x", Status: fact.Failed},
			Texts: func() iter.Seq[fact.Text] { return slices.Values([]fact.Text(nil)) },
		},
	}
	for name, live := range sets {
		t.Run(name, func(t *testing.T) {
			frozen := freeze(t, live)
			if !fact.IsFrozen(frozen) {
				t.Error("IsFrozen does not know it")
			}
			set := thaw(t, frozen)
			if d := facttest.Diff(live, set); d != "" {
				t.Error(d)
			}
			if err := set.Err(); err != nil {
				t.Error(err)
			}
			// A thawed set freezes to the same bytes: nothing was lost on the way.
			if again := freeze(t, set); !bytes.Equal(frozen, again) {
				t.Errorf("frozen again it has %d bytes and differs from the first %d", len(again), len(frozen))
			}
			if twice := freeze(t, live); !bytes.Equal(frozen, twice) {
				t.Error("two frozen files of one set differ")
			}
		})
	}
}

// TestFreezeRaw covers edges that do not follow from the names of calls.
func TestFreezeRaw(t *testing.T) {
	set := everything().Set()
	set.Graph = oddGraph{set.Graph}
	thawed := thaw(t, freeze(t, set))
	if d := facttest.Diff(set, thawed); d != "" {
		t.Error(d)
	}
}

// oddGraph leaves out the first edge of every second method.
type oddGraph struct{ fact.Graph }

func (g oddGraph) Callees(m fact.MethodID) iter.Seq[fact.Edge] {
	list := slices.Collect(g.Graph.Callees(m))
	if m%2 == 0 && len(list) > 0 {
		list = list[1:]
	}
	return slices.Values(list)
}

func (g oddGraph) Callers(m fact.MethodID) iter.Seq[fact.Edge] {
	var out []fact.Edge
	for e := range g.Graph.Callers(m) {
		if slices.Contains(slices.Collect(g.Callees(e.From)), e) {
			out = append(out, e)
		}
	}
	return slices.Values(out)
}

func TestThawErrors(t *testing.T) {
	good := freeze(t, everything().Set())
	change := func(at int, f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b[at:])
		return b
	}
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "not frozen facts"},
		"other file":    {bytes.Repeat([]byte("x"), 100), "not frozen facts"},
		"newer version": {change(8, func(b []byte) { b[0] = 99 }), "version 99"},
		"cut off":       {good[:len(good)-1], "outside the file"},
		"table":         {change(30, func(b []byte) { b[0] ^= 1 }), "table of sections"},
		"content":       {change(len(good)-1, func(b []byte) { b[0] ^= 1 }), "checksum"},
		"many sections": {change(12, func(b []byte) { binary.LittleEndian.PutUint32(b, 1<<31) }), "sections in"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := fact.Thaw(bytes.NewReader(tt.data), int64(len(tt.data)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	t.Run("size is a lie", func(t *testing.T) {
		_, err := fact.Thaw(bytes.NewReader(good), 1<<29)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		if _, err := fact.Thaw(bytes.NewReader(good), 1<<40); err == nil {
			t.Error("no error")
		}
	})
}

// TestThawDamage spoils each section's content behind right checksums: the
// damage must be told, and nothing may panic.
func TestThawDamage(t *testing.T) {
	frozen := fact.FreezeRaw(t, everything().Set())
	sections := int(binary.LittleEndian.Uint32(frozen[12:]))
	told := 0
	for i := range sections {
		for _, spoil := range []func(b []byte){
			func(b []byte) { clear(b) },
			func(b []byte) {
				for j := range b {
					b[j] = 0xff
				}
			},
			func(b []byte) { b[len(b)/2] ^= 0x55 },
		} {
			b := bytes.Clone(frozen)
			off, n := section(b, i)
			if n == 0 {
				continue
			}
			spoil(b[off : off+n])
			seal(b)
			set, err := fact.Thaw(bytes.NewReader(b), int64(len(b)))
			if err == nil {
				use(set)
				err = set.Err()
			}
			if err != nil {
				told++
			}
		}
	}
	if told < 2*sections {
		t.Errorf("damage was told %d times in %d sections, each spoilt thrice", told, sections)
	}
}

func section(b []byte, i int) (off, n uint64) {
	e := b[20+40*i:]
	return binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
}

// seal makes all checksums right.
func seal(b []byte) {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	num := int(binary.LittleEndian.Uint32(b[12:]))
	for i := range num {
		off, n := section(b, i)
		if off > uint64(len(b)) || n > uint64(len(b))-off {
			continue
		}
		binary.LittleEndian.PutUint32(b[20+40*i+32:], crc32.Checksum(b[off:off+n], castagnoli))
	}
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[20:20+40*num], castagnoli))
}

// use asks a set for everything, as far as the units' own tables go.
func use(s *fact.Set) int {
	n := 0
	for t := range s.Texts() {
		n += len(t.Value)
	}
	for ui, u := range s.Units {
		for i := range u.NumStrings() {
			n += len(u.String(uint32(i)))
		}
		for i := range u.NumTypes() {
			d := u.Type(uint32(i))
			n += len(d)
			if s.Graph != nil {
				for c := range s.Graph.Supers(d) {
					n += len(c)
				}
			}
		}
		for i := range u.NumMethods() {
			c, m, p := u.Method(uint32(i))
			n += len(u.Type(c)) + len(u.String(m)) + len(u.Proto(p))
			if s.Graph != nil {
				s.Graph.ID(ui, uint32(i))
			}
		}
		for i := range u.NumFields() {
			u.Field(uint32(i))
		}
		bodies, refs := u.Bodies(), u.Refs()
		for i := range u.NumClasses() {
			u.Class(i)
			n += len(u.ClassInterfaces(i))
			for m := range u.ClassMethods(i) {
				if m.Body >= 0 {
					n += int(bodies[m.Body].Insns)
				}
			}
			for f := range u.ClassFields(i) {
				n += len(f.Const.S)
			}
			for a := range u.ClassAnnotations(i) {
				n += len(a.Type)
			}
		}
		for a := range u.(fact.ArrayTexts).ArrayTexts() {
			n += len(a.Text)
		}
		for bi, b := range bodies {
			for _, r := range refs[b.RefFirst:b.RefEnd] {
				u.(fact.Skipper).MaySkip(bi, r.PC)
				if r.Kind.IsCall() {
					n += len(u.Args(bi, r.PC))
				}
			}
		}
	}
	if g := s.Graph; g != nil {
		for i := range min(g.NumMethods(), 1000) {
			m := fact.MethodID(i)
			c, name, p := g.Name(m)
			g.Lookup(c, name, p)
			if u, b, ok := g.Defined(m); ok && b >= 0 {
				n += int(s.Units[u].Bodies()[b].Insns)
			}
			budget := 1000
			for _, edges := range []iter.Seq[fact.Edge]{g.Callees(m), g.Callers(m)} {
				for e := range edges {
					n += s.Units[e.Unit].NumTypes()
					if budget--; budget == 0 {
						break
					}
				}
			}
		}
	}
	return n
}

func FuzzThaw(f *testing.F) {
	for _, s := range []*fact.Set{everything().Set(), facttest.New("a").Set()} {
		f.Add(freeze(f, s))
		f.Add(fact.FreezeRaw(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		if len(b) >= 20 && int(binary.LittleEndian.Uint32(b[12:])) <= (len(b)-20)/40 {
			b = bytes.Clone(b)
			seal(b) // or nothing would get past the checksums
		}
		s, err := fact.Thaw(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		use(s)
		s.Err()
	})
}

// TestAppFields fails when a field is added to App whose type the codec does
// not know.
func TestAppFields(t *testing.T) {
	var fill func(v reflect.Value, depth int)
	fill = func(v reflect.Value, depth int) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i), depth+1)
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range 2 {
				fill(v.Index(i), depth+1)
			}
		case reflect.String:
			v.SetString("text")
		case reflect.Int, reflect.Int64:
			v.SetInt(-5)
		case reflect.Bool:
			v.SetBool(true)
		default:
			t.Fatalf("the codec does not know %s", v.Type())
		}
	}
	set := facttest.New("x").Set()
	fill(reflect.ValueOf(&set.App).Elem(), 0)
	if d := facttest.Diff(set, thaw(t, freeze(t, set))); d != "" {
		t.Error(d)
	}
}

// TestThawMemory spoils a file so that it claims as much as it can: reading it
// must not take memory out of proportion.
func TestThawMemory(t *testing.T) {
	const zeros = 1 << 19
	frozen := fact.FreezeRaw(t, everything().Set())
	num := int(binary.LittleEndian.Uint32(frozen[12:]))
	for i := range num {
		// The section becomes a count and as many bytes that say little.
		var content []byte
		content = binary.AppendUvarint(content, zeros)
		content = append(content, make([]byte, zeros)...)
		b := bytes.Clone(frozen)
		e := b[20+40*i:]
		binary.LittleEndian.PutUint64(e[8:], uint64(len(b)))
		binary.LittleEndian.PutUint64(e[16:], uint64(len(content)))
		binary.LittleEndian.PutUint64(e[24:], uint64(len(content)))
		b = append(b, content...)
		seal(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if set, err := fact.Thaw(bytes.NewReader(b), int64(len(b))); err == nil {
			force(set)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 40*zeros+4<<20 {
			t.Errorf("section %d of kind %d: %d MB for a file of %d MB", i, binary.LittleEndian.Uint16(e), got>>20, len(b)>>20)
		}
	}
}

// force makes a set decode all tables, and reads little of them.
func force(s *fact.Set) {
	for range s.Texts() {
		break
	}
	for _, u := range s.Units {
		u.Args(0, 0)
		u.NumStrings()
		u.NumTypes()
		u.NumProtos()
		u.NumFields()
		u.NumMethods()
		u.ClassInterfaces(0)
		u.ClassMethods(0)
		u.ClassAnnotations(0)
	}
	if g := s.Graph; g != nil {
		g.Lookup("La;", "b", "()V")
		g.Defined(0)
		g.Callees(0)
		g.Callers(0)
		g.Supers("La;")
	}
}
