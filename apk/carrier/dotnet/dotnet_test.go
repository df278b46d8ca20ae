package dotnet_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/dotnet"
	"github.com/telltale-apk/telltale/apk/elf"
)

var options = carriertest.AssemblyOptions{
	Name: "Contoso.Shop", Version: [4]int{1, 2, 3, 4},
	Literals: []string{"https://shop.example.com/api", "中文", strings.Repeat("long ", 100)},
	Names:    []string{"AppsFlyerSDK", "initSdk", "Größe"},
	Resource: "\x00\x00{\"url\": \"https://config.example.com\"}\x00",
}

func values(a *dotnet.Assembly) (out []string) {
	for s := range a.Strings() {
		out = append(out, s.Value)
	}
	return out
}

func TestAssembly(t *testing.T) {
	for _, is64 := range []bool{false, true} {
		for _, rows := range []int{0, 1, 300} {
			o := options
			o.Is64, o.Rows = is64, rows
			data := carriertest.Assembly(o)
			a, err := dotnet.Open(data)
			if err != nil || len(a.Problems) > 0 {
				t.Fatalf("%v %v", err, a)
			}
			if a.Name != o.Name || a.Version != "1.2.3.4" {
				t.Errorf("%d rows: %q %q", rows, a.Name, a.Version)
			}
			want := slices.Concat(o.Literals, []string{o.Name}, o.Names, []string{`{"url": "https://config.example.com"}`})
			if got := values(a); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			for s := range a.Names() {
				if string(data[s.Off:s.Off+int64(len(s.Value))]) != s.Value {
					t.Errorf("%q does not stand at %d", s.Value, s.Off)
				}
			}
		}
	}
}

func TestAssemblyDamage(t *testing.T) {
	whole := carriertest.Assembly(options)
	for n := range len(whole) {
		a, err := dotnet.Open(whole[:n])
		if err == nil {
			values(a)
		}
	}
	if _, err := dotnet.Open([]byte("MZ and nothing more, for sixty-four bytes, which is a DOS header")); !errors.Is(err, binread.BadMagic) && !errors.Is(err, binread.Truncated) {
		t.Errorf("%v", err)
	}
	native := slices.Clone(whole)
	clear(native[0x80+24+96+14*8:][:8])
	if _, err := dotnet.Open(native); !errors.Is(err, dotnet.ErrNative) {
		t.Errorf("%v", err)
	}
	// A protector's trick: the headers lead nowhere, the metadata is there.
	lost := slices.Clone(whole)
	binary.LittleEndian.PutUint32(lost[0x80+24+96+14*8:], 0x7fff0000)
	a, err := dotnet.Open(lost)
	if err != nil || len(a.Problems) == 0 || a.Name != options.Name {
		t.Errorf("%v %+v", err, a)
	}
}

func TestUnpack(t *testing.T) {
	o := options
	o.Literals = append(o.Literals, strings.Repeat("again and again ", 500))
	whole := carriertest.Assembly(o)
	for _, packed := range [][]byte{whole, carriertest.XALZ(whole), carriertest.XAZS(whole)} {
		out, err := dotnet.Unpack(packed, 1<<20)
		if err != nil || !bytes.Equal(out, whole) {
			t.Errorf("%.4s: %d bytes of %d, %v", packed, len(out), len(whole), err)
		}
	}
	for _, packed := range [][]byte{carriertest.XALZ(whole), carriertest.XAZS(whole)} {
		if _, err := dotnet.Unpack(packed, 100); !errors.Is(err, binread.TooLarge) {
			t.Errorf("%.4s over the limit: %v", packed, err)
		}
		if len(packed) >= len(whole) {
			t.Errorf("%.4s: nothing was compressed", packed)
		}
		for n := 12; n < len(packed); n += 7 {
			if _, err := dotnet.Unpack(packed[:n], 1<<20); err == nil {
				t.Fatalf("%.4s cut to %d bytes: no error", packed, n)
			}
		}
		// More is declared than comes out.
		lie := slices.Clone(packed)
		binary.LittleEndian.PutUint32(lie[8:], 400<<20)
		out, err := dotnet.Unpack(lie, 1<<30)
		if !errors.Is(err, binread.Malformed) || !bytes.Equal(out, whole) {
			t.Errorf("%.4s: %d bytes, %v", packed, len(out), err)
		}
	}
}

// Random data of few different bytes has matches of every length and distance.
func TestLZ4(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		data := make([]byte, n*7)
		for i := range data {
			data[i] = byte(r.IntN(2))
			if i > 300 && r.IntN(50) == 0 {
				copy(data[i-200:], data[i-300:i])
			}
		}
		packed := binary.LittleEndian.AppendUint32([]byte("XALZ\x00\x00\x00\x00"), uint32(len(data)))
		out, err := dotnet.Unpack(append(packed, carriertest.LZ4(data)...), 1<<20)
		if err != nil || !bytes.Equal(out, data) {
			t.Fatalf("%d bytes: %v", len(data), err)
		}
	}
	for what, block := range map[string]string{
		"a match before the data":    "\x10A\x05\x00\x00",
		"distance 0":                 "\x10A\x00\x00\x00",
		"literals beyond the end":    "\xf0\xff\xff\xffA",
		"a match beyond the size":    "\x1fA\x01\x00\xff\xff\x00",
		"the end within a match":     "\x10A\x01",
		"fewer bytes than declared":  "\x30ABC",
		"lengths that end with 255s": "\x10A\xf0\xff\xff",
	} {
		if _, err := dotnet.Unpack([]byte("XALZ\x00\x00\x00\x00\x64\x00\x00\x00"+block), 1<<20); !errors.Is(err, binread.Malformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestStores(t *testing.T) {
	shop := carriertest.Assembly(options)
	other := carriertest.Assembly(carriertest.AssemblyOptions{Name: "Other", Literals: []string{"other literal"}})
	for version := 1; version <= 4; version++ {
		data := carriertest.Store(version, carriertest.StoreEntry{Name: "Contoso.Shop.dll", Data: carriertest.XALZ(shop)},
			carriertest.StoreEntry{Name: "de/Gone.resources.dll"}, carriertest.StoreEntry{Name: "Other.dll", Data: other})
		s, err := dotnet.OpenStore(data, 1000)
		if err != nil || s.Version != version || len(s.Problems) > 0 || len(s.Entries) != 3 {
			t.Fatalf("version %d: %v %+v", version, err, s)
		}
		for i, name := range []string{"Contoso.Shop.dll", "de/Gone.resources.dll", "Other.dll"} {
			if version > 1 && s.Entries[i].Name != name {
				t.Errorf("version %d: %q, want %q", version, s.Entries[i].Name, name)
			}
		}
		if s.Entries[1].Data != nil {
			t.Errorf("version %d: the one that is not there has data", version)
		}
		if e := s.Entries[2]; !bytes.Equal(e.Data, other) || !bytes.Equal(data[e.Off-1000:][:len(other)], other) {
			t.Errorf("version %d: wrong data or offset", version)
		}
		out, err := dotnet.Unpack(s.Entries[0].Data, 1<<20)
		if err != nil || !bytes.Equal(out, shop) {
			t.Errorf("version %d: %v", version, err)
		}
		for n := range len(data) {
			if s, err := dotnet.OpenStore(data[:n], 0); err == nil && len(s.Problems) == 0 && n < len(data)-1 {
				t.Fatalf("version %d cut to %d bytes: no problem", version, n)
			}
		}
	}
	if _, err := dotnet.OpenStore([]byte("XABA\x09\x00\x00\x00\x00\x00\x00\x00"), 0); !errors.Is(err, binread.Unsupported) {
		t.Errorf("version 9: %v", err)
	}
	huge := append([]byte("XABA\x02\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), make([]byte, 64)...)
	if s, err := dotnet.OpenStore(huge, 0); err != nil || len(s.Entries) != 2 || !errors.Is(s.Problems[0], binread.Truncated) {
		t.Errorf("%v %+v", err, s)
	}
}

func TestInELF(t *testing.T) {
	store := carriertest.Store(3, carriertest.StoreEntry{Name: "A.dll", Data: carriertest.Assembly(options)})
	for _, symbol := range []string{"", "_assembly_store"} {
		data := carriertest.ELF("payload", symbol, store)
		f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(f.Problems) > 0 {
			t.Fatalf("%v %v", err, f.Problems)
		}
		off, size, ok := dotnet.InELF(f)
		if !ok || !bytes.Equal(data[off:off+size], store) {
			t.Errorf("symbol %q: %v, %d bytes at %d", symbol, ok, size, off)
		}
	}
	data := carriertest.ELF("other", "", store)
	f, err := elf.NewFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, ok := dotnet.InELF(f); ok {
		t.Error("a library without a store has one")
	}
}

func TestBundle(t *testing.T) {
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(b); err != nil || w.Close() != nil {
			t.Fatal("gzip")
		}
		return out.Bytes()
	}
	one, two := carriertest.Assembly(options), carriertest.Assembly(carriertest.AssemblyOptions{Name: "Two"})
	data := bytes.Join([][]byte{[]byte("\x7fELF"), pack(one), pack([]byte("no assembly, but text that is long enough for one, as it is longer than its head")), {0x1f, 0x8b, 8, 0, 1}, pack(two), {0, 0}}, []byte{0, 1, 2})
	s := dotnet.Bundle(data, 1<<20)
	if len(s.Entries) != 2 || len(s.Problems) > 0 || !bytes.Equal(s.Entries[0].Data, one) || !bytes.Equal(s.Entries[1].Data, two) {
		t.Errorf("%d entries, %v", len(s.Entries), s.Problems)
	}
	if s := dotnet.Bundle(data, int64(len(one))+10); len(s.Entries) != 1 || len(s.Problems) != 1 || !errors.Is(s.Problems[0], binread.TooLarge) {
		t.Errorf("%d entries, %v", len(s.Entries), s.Problems)
	}
}

func FuzzAssembly(f *testing.F) {
	f.Add(carriertest.Assembly(options))
	f.Add(carriertest.Assembly(carriertest.AssemblyOptions{Name: "x", Is64: true, Rows: 3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := dotnet.Open(data)
		if err != nil {
			return
		}
		total := 0
		for s := range a.Strings() {
			total += len(s.Value)
		}
		if total > 16*len(data)+1024 {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(carriertest.XALZ(carriertest.Assembly(options)))
	f.Add(carriertest.XAZS(carriertest.Assembly(options)))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _ := dotnet.Unpack(data, 1<<20)
		if len(out) > max(1<<20, len(data)) {
			t.Fatalf("%d bytes", len(out))
		}
	})
}

func FuzzStore(f *testing.F) {
	for v := 1; v <= 4; v++ {
		f.Add(carriertest.Store(v, carriertest.StoreEntry{Name: "A.dll", Data: []byte("MZ")}, carriertest.StoreEntry{Name: "B.dll"}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dotnet.Bundle(data, 1<<16)
		s, err := dotnet.OpenStore(data, 0)
		if err != nil {
			return
		}
		for _, e := range s.Entries {
			if len(e.Data) > len(data) || len(e.Data) > 0 && !bytes.Equal(e.Data, data[e.Off:][:len(e.Data)]) {
				t.Fatal("data is not what stands there")
			}
		}
	})
}
