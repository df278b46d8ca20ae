package arsc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
)

// sample is a table with a value of each kind and in several configurations.
func sample() *arsctest.Table {
	t := arsctest.New("com.example", 0x7f)
	t.Type("attr")
	t.String("app_name", "Example")
	t.Set("string", "app_name", arsctest.Config{Locale: "de"}, arsctest.Str("Beispiel"))
	t.Set("string", "app_name", arsctest.Config{Locale: "zh-CN"}, arsctest.Str("例子"))
	t.Set("string", "app_name", arsctest.Config{Locale: "zh-TW"}, arsctest.Str("範例"))
	t.Set("string", "app_name", arsctest.Config{Locale: "fil"}, arsctest.Str("Halimbawa"))
	t.Set("string", "app_name", arsctest.Config{Locale: "sr-Latn-RS"}, arsctest.Str("Primer"))
	t.String("url", "https://data.example.com/v1")
	t.Ref("string", "alias", t.String("app_name", "Example"))
	t.Set("string", "only_fr", arsctest.Config{Locale: "fr"}, arsctest.Str("seulement"))
	t.Set("string", "only_fr", arsctest.Config{Locale: "en"}, arsctest.Str("only"))
	t.Declare("string", "no_value")
	t.String("after_gap", "behind the gap")
	t.Bool("on", true)
	t.Set("bool", "on", arsctest.Config{SDK: 21}, restype.Value{Type: restype.TypeIntBool})
	t.Int("seven", 7)
	t.File("xml", "network", "res/xml/network.xml")
	t.Set("mipmap", "icon", arsctest.Config{Density: 160}, arsctest.Str("res/m/icon.png"))
	t.Set("mipmap", "icon", arsctest.Config{Density: 640}, arsctest.Str("res/xxxh/icon.png"))
	t.Set("mipmap", "icon", arsctest.Config{Density: 0xfffe, SDK: 26}, arsctest.Str("res/any/icon.xml"))
	t.Set("mipmap", "icon", arsctest.Config{Density: 480, Night: true}, arsctest.Str("res/night/icon.png"))
	t.Array("hosts", "a.example.com", "b.example.com")
	a := t.Declare("string", "loop_a")
	b := t.Ref("string", "loop_b", a)
	t.Ref("string", "loop_a", b)
	return t
}

func open(t testing.TB, data []byte) *arsc.Table {
	t.Helper()
	table, err := arsc.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// dump renders everything that a table says.
func dump(t *arsc.Table) []string {
	var out []string
	for e := range t.Entries() {
		s := fmt.Sprintf("%s %s/%s [%s] %s", e.ID(), e.Type(), e.Name(), e.Config(), e.Value().Text())
		if e.Complex() {
			s += "{"
			for key, v := range e.Items() {
				s += fmt.Sprintf(" 0x%x=%s", key, v.Text())
			}
			s += " }"
		}
		out = append(out, s)
	}
	return out
}

var wantDump = []string{
	"0x7f020000 string/app_name [] Example",
	"0x7f020001 string/url [] https://data.example.com/v1",
	"0x7f020002 string/alias [] @0x7f020000",
	"0x7f020005 string/after_gap [] behind the gap",
	"0x7f020006 string/loop_a [] @0x7f020007",
	"0x7f020007 string/loop_b [] @0x7f020006",
	"0x7f020000 string/app_name [de] Beispiel",
	"0x7f020000 string/app_name [zh-rCN] 例子",
	"0x7f020000 string/app_name [zh-rTW] 範例",
	"0x7f020000 string/app_name [fil] Halimbawa",
	"0x7f020000 string/app_name [b+sr+Latn+RS] Primer",
	"0x7f020003 string/only_fr [fr] seulement",
	"0x7f020003 string/only_fr [en] only",
	"0x7f030000 bool/on [] true",
	"0x7f030000 bool/on [v21] false",
	"0x7f040000 integer/seven [] 7",
	"0x7f050000 xml/network [] res/xml/network.xml",
	"0x7f060000 mipmap/icon [mdpi] res/m/icon.png",
	"0x7f060000 mipmap/icon [xxxhdpi] res/xxxh/icon.png",
	"0x7f060000 mipmap/icon [anydpi-v26] res/any/icon.xml",
	"0x7f060000 mipmap/icon [night-xxhdpi] res/night/icon.png",
	"0x7f070000 array/hosts [] { 0x2000000=a.example.com 0x2000001=b.example.com }",
}

var forms = []struct {
	name string
	opts arsctest.Options
}{
	{"dense", arsctest.Options{}},
	{"utf16", arsctest.Options{UTF16: true}},
	{"sparse", arsctest.Options{Sparse: true}},
	{"offset16", arsctest.Options{Offset16: true}},
	{"compact", arsctest.Options{Compact: true}},
	{"compact, offset16", arsctest.Options{Compact: true, Offset16: true}},
	{"compact, sparse", arsctest.Options{Compact: true, Sparse: true}},
	{"short header", arsctest.Options{OldHeader: true}},
	{"short configurations", arsctest.Options{ConfigSize: 52}},
}

func TestForms(t *testing.T) {
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			table := open(t, arsctest.Encode(form.opts, sample()))
			if diff := cmp.Diff(wantDump, dump(table)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if odd := table.Anomalies(); len(odd) != 0 {
				t.Errorf("anomalies: %v", odd)
			}
			// Each entry is found by its id as it is in the walk.
			for e := range table.Entries() {
				found := false
				for v := range table.Values(e.ID()) {
					found = found || v == e
				}
				if !found {
					t.Errorf("%s [%s] is not among the values of its id", e.ID(), e.Config())
				}
			}
			for _, absent := range []arsc.ID{0x7f020004, 0x7f020008, 0x7f01ffff, 0x7f080000, 0x7e020000, 0x01010003, 0} {
				for range table.Values(absent) {
					t.Errorf("%s has a value", absent)
				}
			}
		})
	}
}

// typeAt returns the offset of the n-th chunk of a kind anywhere in the table.
func chunkAt(t *testing.T, data []byte, kind restype.ChunkType, n int) int {
	t.Helper()
	off := 12
	for off < len(data) {
		c, ok := restype.ReadChunk(data[off:])
		if !ok {
			break
		}
		if c.Type == kind {
			if n == 0 {
				return off
			}
			n--
		}
		if c.Type == restype.ChunkPackage {
			off += c.HeaderSize
		} else {
			off += int(c.Size)
		}
	}
	t.Fatalf("fixture: no such chunk 0x%x", kind)
	return 0
}

func put16(data []byte, off int, v uint16) { binary.LittleEndian.PutUint16(data[off:], v) }
func put32(data []byte, off int, v uint32) { binary.LittleEndian.PutUint32(data[off:], v) }

func without(list []string, parts ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		for _, part := range parts {
			if strings.Contains(s, part) {
				return true
			}
		}
		return false
	})
}

// TestTricks changes the sample in the ways of obfuscators and wants all that
// can be read of it.
func TestTricks(t *testing.T) {
	tests := []struct {
		name      string
		opts      arsctest.Options
		mangle    func(t *testing.T, data []byte) []byte
		want      []string // wantDump if nil
		anomalies string
		refused   bool
	}{
		{
			name: "declared larger than the file", refused: true, anomalies: "table-size",
			mangle: func(_ *testing.T, data []byte) []byte { put32(data, 4, 0x42424240); return data },
		},
		{
			name: "bytes behind the table", anomalies: "table-size",
			mangle: func(_ *testing.T, data []byte) []byte { return append(data, "trailing"...) },
		},
		{
			name: "root header of impossible size", refused: true, anomalies: "table-header",
			mangle: func(_ *testing.T, data []byte) []byte { put16(data, 2, 10); return data },
		},
		{
			name: "fewer packages declared", refused: true, anomalies: "package-count",
			mangle: func(_ *testing.T, data []byte) []byte { put32(data, 8, 0); return data },
		},
		{
			name: "more packages declared", anomalies: "package-count",
			mangle: func(_ *testing.T, data []byte) []byte { put32(data, 8, 9); return data },
		},
		{
			name: "unknown chunk before the pool", anomalies: "unknown-chunk",
			mangle: func(_ *testing.T, data []byte) []byte {
				return insert(data, 12, restypetest.Chunk(0x0777, nil, []byte("abcd")))
			},
		},
		{
			name: "a second pool of values", anomalies: "many-pools",
			mangle: func(t *testing.T, data []byte) []byte {
				var decoy restypetest.Pool
				decoy.Append("decoy")
				return insert(data, chunkAt(t, data, restype.ChunkPackage, 0), decoy.Bytes(true))
			},
		},
		{
			name: "no pool of values", refused: true, anomalies: "no-string-pool unknown-chunk bad-string",
			mangle: func(_ *testing.T, data []byte) []byte { put16(data, 12, 0x0777); return data },
			want: func() []string {
				var out []string
				for _, s := range wantDump {
					// All strings are gone, the rest stays.
					if i := strings.Index(s, "]"); !strings.Contains(s, "@") && !strings.Contains(s, "bool") && !strings.Contains(s, "integer") {
						s = s[:i+2]
						if strings.Contains(s, "array") {
							s += "{ 0x2000000= 0x2000001= }"
						}
					}
					out = append(out, s)
				}
				return out
			}(),
		},
		{
			name: "a package that is too short", refused: true, anomalies: "package-count bad-chunk",
			mangle: func(t *testing.T, data []byte) []byte {
				put16(data, chunkAt(t, data, restype.ChunkPackage, 0)+2, 100)
				return data
			},
			want: []string{},
		},
		{
			name: "no names of types and entries", refused: true, anomalies: "no-string-pool",
			mangle: func(t *testing.T, data []byte) []byte {
				p := chunkAt(t, data, restype.ChunkPackage, 0)
				put32(data, p+268, 0x7ffffff0)
				put32(data, p+276, 0x7ffffff0)
				return data
			},
			want: func() []string {
				var out []string
				for _, s := range wantDump {
					f := strings.SplitN(s, " ", 3)
					out = append(out, f[0]+" / "+f[2])
				}
				return out
			}(),
		},
		{
			name: "a type with more entries than room", refused: true, anomalies: "type-chunk bad-entry",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTableType, 8)+12, 0xffff) // bool
				return data
			},
		},
		{
			name: "a type whose entries begin elsewhere", refused: true, anomalies: "type-chunk",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTableType, 8)+16, 0x7fffffff)
				return data
			},
			want: without(wantDump, "bool/on [] true"),
		},
		{
			name: "a type with the id 0", refused: true, anomalies: "type-chunk",
			mangle: func(t *testing.T, data []byte) []byte {
				data[chunkAt(t, data, restype.ChunkTableType, 8)+8] = 0
				return data
			},
			want: without(wantDump, "bool/on [] true"),
		},
		{
			name: "a type without its typeSpec", refused: true, anomalies: "unknown-chunk type-no-spec",
			mangle: func(t *testing.T, data []byte) []byte {
				put16(data, chunkAt(t, data, restype.ChunkTypeSpec, 2), 0x0777) // bool
				return data
			},
		},
		{
			name: "a typeSpec of giant size", refused: true, anomalies: "type-chunk",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTypeSpec, 2)+12, 0xffffffff)
				return data
			},
		},
		{
			name: "an entry outside its chunk", anomalies: "bad-entry",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTableType, 0)+84+4, 0x00fffff0) // string/url
				return data
			},
			want: without(wantDump, "string/url"),
		},
		{
			name: "two entries at one place",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTableType, 0)+84+4, 0)
				return data
			},
			want: replaced(wantDump, "string/url [] https://data.example.com/v1", "string/app_name [] Example"),
		},
		{
			name: "entries that are not aligned", refused: true, anomalies: "entry-alignment",
			mangle: func(t *testing.T, data []byte) []byte {
				// The entry of integer/seven moves two bytes on.
				at := chunkAt(t, data, restype.ChunkTableType, 10)
				size := int(binary.LittleEndian.Uint32(data[at+4:]))
				data = insert(data, at+size, make([]byte, 4))
				put32(data, at+4, uint32(size+4))
				p := chunkAt(t, data, restype.ChunkPackage, 0)
				put32(data, p+4, binary.LittleEndian.Uint32(data[p+4:])+4)
				copy(data[at+90:at+106], bytes.Clone(data[at+88:at+104]))
				put32(data, at+84, 2)
				return data
			},
		},
		{
			name: "sparse entries out of order", opts: arsctest.Options{Sparse: true}, anomalies: "sparse-order",
			mangle: func(t *testing.T, data []byte) []byte {
				at := chunkAt(t, data, restype.ChunkTableType, 0) + 84
				a, b := binary.LittleEndian.Uint32(data[at:]), binary.LittleEndian.Uint32(data[at+4:])
				put32(data, at, b)
				put32(data, at+4, a)
				return data
			},
			want: func() []string {
				out := slices.Clone(wantDump)
				out[0], out[1] = out[1], out[0]
				return out
			}(),
		},
		{
			name: "a chunk of impossible size inside a package", refused: true, anomalies: "bad-chunk",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, chunkAt(t, data, restype.ChunkTableType, 10)+4, 4) // integer
				return data
			},
			want: wantDump[:15],
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := tt.mangle(t, arsctest.Encode(tt.opts, sample()))
			table := open(t, data)
			want := tt.want
			if want == nil {
				want = wantDump
			}
			got := dump(table)
			if len(got)+len(want) > 0 {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			var names []string
			refused := false
			for _, a := range table.Anomalies() {
				names = append(names, a.Name)
				refused = refused || a.Refused
			}
			if got := strings.Join(names, " "); got != tt.anomalies || refused != tt.refused {
				t.Errorf("anomalies %q (refused %v), want %q (refused %v)\n%v", got, refused, tt.anomalies, tt.refused, table.Anomalies())
			}
		})
	}
}

func replaced(list []string, old, s string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = strings.Replace(out[i], old, s, 1)
	}
	return out
}

// insert puts extra into data at off and corrects the size of the root.
func insert(data []byte, off int, extra []byte) []byte {
	out := slices.Concat(data[:off], extra, data[off:])
	put32(out, 4, uint32(len(out)))
	return out
}

func TestOpenFails(t *testing.T) {
	for _, tt := range []struct {
		data []byte
		kind binread.Kind
	}{
		{nil, binread.Truncated},
		{[]byte{2, 0, 12, 0, 12, 0, 0, 0}, binread.Truncated},
		{[]byte("PK\x03\x04 and more bytes"), binread.BadMagic},
	} {
		if _, err := arsc.Open(tt.data); !errors.Is(err, tt.kind) {
			t.Errorf("Open(%q): %v, want %s", tt.data, err, tt.kind)
		}
		if arsc.IsTable(tt.data) && tt.kind == binread.BadMagic {
			t.Errorf("IsTable(%q)", tt.data)
		}
	}
	if !arsc.IsTable(arsctest.Encode(arsctest.Options{}, sample())) {
		t.Error("the sample is no table")
	}
}

func TestPackages(t *testing.T) {
	feature := arsctest.New("com.example.feature", 0x7f)
	feature.String("title", "Feature")
	lib := arsctest.New("com.example.lib", 0)
	lib.Library(0x02, "com.other.lib")
	lib.String("x", "y")
	table := open(t, arsctest.Encode(arsctest.Options{TypeIDOffset: 20}, feature, lib))
	if odd := table.Anomalies(); len(odd) != 0 {
		t.Errorf("anomalies: %v", odd)
	}
	p := table.Packages()
	if len(p) != 2 || p[0].Name != "com.example.feature" || p[0].ID != 0x7f || p[1].ID != 0 {
		t.Fatalf("packages: %+v", p)
	}
	if diff := cmp.Diff([]arsc.Library{{ID: 2, Name: "com.other.lib"}}, p[1].Libraries); diff != "" {
		t.Error(diff)
	}
	want := []string{"0x7f150000 string/title [] Feature", "0x00150000 string/x [] y"}
	if diff := cmp.Diff(want, dump(table)); diff != "" {
		t.Error(diff)
	}
}

func TestView(t *testing.T) {
	s := sample()
	refs := s.Refs()
	split := arsctest.New("com.example", 0x7f)
	split.Type("attr")
	split.Set("string", "app_name", arsctest.Config{Locale: "ja"}, arsctest.Str("例"))
	res := arsc.Join(open(t, arsctest.Encode(arsctest.Options{}, s)), nil, open(t, arsctest.Encode(arsctest.Options{Sparse: true}, split)))
	tests := []struct {
		opts arsc.Options
		name string
		want string // "" if there is no value
	}{
		{arsc.Options{}, "string/app_name", "Example"},
		{arsc.Options{}, "string/alias", "Example"},
		{arsc.Options{Locale: "de"}, "string/app_name", "Beispiel"},
		{arsc.Options{Locale: "de-AT"}, "string/alias", "Beispiel"},
		{arsc.Options{Locale: "zh"}, "string/app_name", "例子"},
		{arsc.Options{Locale: "zh-Hans"}, "string/app_name", "例子"},
		{arsc.Options{Locale: "zh-Hant-HK"}, "string/app_name", "範例"},
		{arsc.Options{Locale: "zh_TW"}, "string/app_name", "範例"},
		{arsc.Options{Locale: "tl"}, "string/app_name", "Halimbawa"},
		{arsc.Options{Locale: "sr-Latn"}, "string/app_name", "Primer"},
		{arsc.Options{Locale: "sr"}, "string/app_name", "Example"},
		{arsc.Options{Locale: "ja-JP"}, "string/app_name", "例"},
		{arsc.Options{Locale: "ko"}, "string/app_name", "Example"},
		{arsc.Options{}, "string/only_fr", "only"},
		{arsc.Options{Locale: "fr-CA"}, "string/only_fr", "seulement"},
		{arsc.Options{}, "string/no_value", ""},
		{arsc.Options{}, "string/loop_a", ""},
		{arsc.Options{}, "array/hosts", ""},
		{arsc.Options{}, "bool/on", "false"},
		{arsc.Options{SDK: 19}, "bool/on", "true"},
		{arsc.Options{}, "mipmap/icon", "res/any/icon.xml"},
		{arsc.Options{SDK: 25}, "mipmap/icon", "res/xxxh/icon.png"},
		{arsc.Options{SDK: 25, Density: 160}, "mipmap/icon", "res/m/icon.png"},
		{arsc.Options{}, "xml/network", "res/xml/network.xml"},
	}
	for _, tt := range tests {
		v := res.View(tt.opts)
		got, ok := v.Lookup(refs[tt.name])
		if ok != (tt.want != "") || ok && got.Text() != tt.want {
			t.Errorf("%+v: %s is %q, %v; want %q", tt.opts, tt.name, got.Text(), ok, tt.want)
		}
		if name, ok := v.Name(refs[tt.name]); tt.name != "string/no_value" && (name != tt.name || !ok) {
			t.Errorf("Name(%s) = %q", tt.name, name)
		}
		typ, entry, _ := strings.Cut(tt.name, "/")
		if id, ok := res.Find(typ, entry); tt.name != "string/no_value" && (uint32(id) != refs[tt.name] || !ok) {
			t.Errorf("Find(%s) = %s, %v", tt.name, id, ok)
		}
	}
	if _, ok := res.View(arsc.Options{}).Lookup(0x01010003); ok {
		t.Error("a resource of the framework was found")
	}
	if _, ok := res.Find("string", "nobody"); ok {
		t.Error("found a name that is not there")
	}
}

func TestLongChainOfReferences(t *testing.T) {
	table := arsctest.New("com.example", 0x7f)
	next := table.String("s0", "end")
	for i := 1; i <= arsc.MaxHops; i++ {
		next = table.Ref("string", fmt.Sprintf("s%d", i), next)
	}
	v := arsc.Join(open(t, arsctest.Encode(arsctest.Options{}, table))).View(arsc.Options{})
	if _, ok := v.Lookup(next); ok {
		t.Error("a chain of 20 references was followed to its end")
	}
	if got, ok := v.Lookup(next - 1); !ok || got.Str != "end" {
		t.Errorf("a chain of 19 references leads to %q, %v", got.Str, ok)
	}
}

func TestStrings(t *testing.T) {
	table := open(t, arsctest.Encode(arsctest.Options{Strings: []string{"orphan"}}, sample()))
	got := make(map[string]string)
	for s := range table.Strings() {
		if s.Off <= 0 {
			t.Errorf("offset %d of %q", s.Off, s.Value)
		}
		got[s.Value] = s.Name()
	}
	want := map[string]string{
		"https://data.example.com/v1": "string/url", "a.example.com": "array/hosts", "orphan": "", "Beispiel": "string/app_name",
		"res/xml/network.xml": "xml/network",
	}
	for s, name := range want {
		if n, ok := got[s]; n != name || !ok {
			t.Errorf("%q belongs to %q (%v), want %q", s, n, ok, name)
		}
	}
	if len(got) != 18 {
		t.Errorf("%d strings, want 18: %v", len(got), got)
	}
}

func TestConfigLocale(t *testing.T) {
	for _, tt := range []struct{ locale, tag, qualifier string }{
		{"", "", ""},
		{"en", "en", "en"},
		{"en-US", "en-US", "en-rUS"},
		{"iw", "he", "iw"},
		{"fil", "fil", "fil"},
		{"es-419", "es-419", "es-r419"},
		{"sr-Latn-RS", "sr-Latn-RS", "b+sr+Latn+RS"},
	} {
		table := arsctest.New("x", 0x7f)
		id := table.Set("string", "s", arsctest.Config{Locale: tt.locale}, arsctest.Str("v"))
		for e := range open(t, arsctest.Encode(arsctest.Options{}, table)).Values(arsc.ID(id)) {
			c := e.Config()
			if c.Locale() != tt.tag || c.String() != tt.qualifier || c.IsDefault() != (tt.locale == "") {
				t.Errorf("%q: tag %q, qualifier %q", tt.locale, c.Locale(), c.String())
			}
		}
	}
}

// TestWorkIsBounded: 60,000 entries that share one array of 100,000 items are
// 6 billion items for who walks them all.
func TestWorkIsBounded(t *testing.T) {
	table := arsctest.New("com.example", 0x7f)
	items := make([]arsctest.Item, 100_000)
	for i := range items {
		items[i] = arsctest.Item{Key: uint32(i), Value: arsctest.Str("x")}
	}
	table.Bag("array", "a0", arsctest.Config{}, 0, items...)
	for i := range 60_000 {
		table.Set("array", fmt.Sprintf("e%d", i), arsctest.Config{}, restype.Value{})
	}
	data := arsctest.Encode(arsctest.Options{}, table)
	at := chunkAt(t, data, restype.ChunkTableType, 0)
	for i := range 60_000 {
		put32(data, at+84+4*i, 0)
	}
	r := open(t, data)
	n := 0
	for e := range r.Entries() {
		for range e.Items() {
			n++
		}
	}
	if limit := arsc.WorkFactor * len(data) / 12; n > limit+400 {
		t.Errorf("%d items, limit %d", n, limit)
	}
	last := ""
	for _, a := range r.Anomalies() {
		last = a.Name
	}
	if last != arsc.AnomalyBudget {
		t.Errorf("anomalies: %v", r.Anomalies())
	}
}

func FuzzOpen(f *testing.F) {
	for _, form := range forms {
		f.Add(arsctest.Encode(form.opts, sample()))
	}
	lib := arsctest.New("lib", 0)
	lib.Library(2, "other")
	f.Add(arsctest.Encode(arsctest.Options{TypeIDOffset: 3}, sample(), lib))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		table, err := arsc.Open(data)
		if err != nil {
			var fe *binread.FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		res := arsc.Join(table)
		v := res.View(arsc.Options{Locale: "zh-TW"})
		n := 0
		for e := range table.Entries() {
			if n++; n > 2000 {
				break
			}
			_ = e.Config().String() + e.Config().Locale() + e.Type() + e.Name()
			e.Parent()
			for range e.Items() {
			}
			v.Lookup(uint32(e.ID()))
			v.Name(uint32(e.ID()))
		}
		for s := range table.Strings() {
			_ = s.Name()
		}
		table.Anomalies()
		table.Find("string", "app_name")
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
	})
}

func benchmarkTable() []byte {
	t := arsctest.New("com.example", 0x7f)
	for _, locale := range []string{"", "de", "fr", "zh-CN", "ja"} {
		for i := range 4000 {
			t.Set("string", fmt.Sprintf("name_%d", i), arsctest.Config{Locale: locale}, arsctest.Str(fmt.Sprintf("Text %d in %s", i, locale)))
		}
	}
	return arsctest.Encode(arsctest.Options{}, t)
}

// BenchmarkFramework runs over the largest table that Debian ships.
func BenchmarkFramework(b *testing.B) {
	const path = "/usr/share/android-framework-res/framework-res.apk"
	if _, err := os.Stat(path); err != nil {
		b.Skip("android-framework-res is not installed (apt-get install android-framework-res)")
	}
	data := fromAPK(b, path, "resources.arsc")
	table := open(b, data)
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			open(b, data)
		}
	})
	b.Run("entries", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			for range table.Entries() {
			}
		}
	})
	b.Run("strings", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			for range table.Strings() {
			}
		}
	})
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			open(b, data).Find("string", "ok")
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	data := benchmarkTable()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := arsc.Open(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStrings(b *testing.B) {
	data := benchmarkTable()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	table := open(b, data)
	for b.Loop() {
		for range table.Strings() {
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	v := arsc.Join(open(b, benchmarkTable())).View(arsc.Options{})
	b.ReportAllocs()
	for b.Loop() {
		v.Lookup(0x7f010800)
	}
}
