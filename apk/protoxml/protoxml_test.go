package protoxml_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/manifest"
	"github.com/telltale-apk/telltale/apk/protoxml"
	"github.com/telltale-apk/telltale/apk/protoxml/protoxmltest"
	"github.com/telltale-apk/telltale/apk/restype"
)

const manifestText = `
<manifest xmlns:android="http://schemas.android.com/apk/res/android" xmlns:dist="http://schemas.android.com/apk/distribution"
    package="com.example" android:versionCode="7" android:versionName="1.2" split="gifts">
  <uses-sdk android:minSdkVersion="21" android:targetSdkVersion="34"/>
  <uses-permission android:name="android.permission.INTERNET"/>
  <dist:module dist:title="@string/title"><dist:fusing dist:include="true"/></dist:module>
  <application android:label="@string/app_name" android:debuggable="true" android:icon="@null" android:name=".App">
    <activity android:name=".Main" android:exported="true" android:configChanges="orientation|screenSize">
      <intent-filter>
        <action android:name="android.intent.action.MAIN"/>
        <category android:name="android.intent.category.LAUNCHER"/>
      </intent-filter>
    </activity>
    <meta-data android:name="com.example.KEY" android:value="12345"/>
    <meta-data android:name="com.example.URL" android:value="@string/url"/>
    <meta-data android:name="com.example.config" android:resource="@xml/config"/>
    <meta-data android:name="ratio" android:value="1.5"/>
    <provider android:name=".P" android:authorities="com.example.p;com.example.q" android:exported="false"/>
  </application>
</manifest>`

func recipe() *arsctest.Table {
	t := arsctest.New("com.example", 0x7f)
	t.String("app_name", "Example")
	t.Set("string", "app_name", arsctest.Config{Locale: "de"}, arsctest.Str("Beispiel"))
	t.Set("string", "app_name", arsctest.Config{Locale: "zh-CN"}, arsctest.Str("例子"))
	t.Set("string", "app_name", arsctest.Config{Locale: "sr-Latn-RS"}, arsctest.Str("Primer"))
	t.Set("string", "app_name", arsctest.Config{Locale: "fil"}, arsctest.Str("Halimbawa"))
	t.String("title", "Gifts")
	t.String("url", "https://sa.api.example.com/sa")
	t.Ref("string", "alias", t.Refs()["string/url"])
	t.Ref("string", "loop", 0x7f010004)
	t.File("xml", "config", "res/xml/config.xml")
	t.Bool("on", true)
	t.Int("n", -5)
	t.Set("drawable", "logo", arsctest.Config{Density: 480}, arsctest.Str("res/drawable-xxhdpi/logo.png"))
	t.Set("drawable", "logo", arsctest.Config{Density: 160, SDK: 26}, arsctest.Str("res/drawable-v26/logo.png"))
	t.Set("drawable", "logo", arsctest.Config{Night: true, Land: true}, arsctest.Str("res/drawable-night/logo.png"))
	t.Array("hosts", "a.example.com", "b.example.com")
	t.Set("color", "c", arsctest.Config{}, restype.Value{Type: restype.TypeColorARGB8, Data: 0xff112233})
	t.Set("dimen", "d", arsctest.Config{}, restype.Value{Type: restype.TypeDimension, Data: 0x1001})
	t.Bag("style", "s", arsctest.Config{}, 0, arsctest.Item{Key: 0x01010001, Value: arsctest.Str("https://style.example.com")})
	return t
}

// forms are the binary form of the recipe and the protobuf forms of it.
func forms(t *testing.T, opts protoxmltest.Options) (bin *axml.Document, table *arsc.Table, xmlPB, tablePB []byte) {
	t.Helper()
	r := recipe()
	bin, err := axml.Open(axmltest.Compile(manifestText, r.Refs(), axmltest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if table, err = arsc.Open(arsctest.Encode(arsctest.Options{}, r)); err != nil {
		t.Fatal(err)
	}
	return bin, table, protoxmltest.XML(bin.Events(), opts), protoxmltest.Table(table, opts)
}

// show writes an event without what the two forms do not share: offsets, lines
// of ends and namespaces, and the source text of attributes with a typed value.
func show(e *axml.Event) string {
	s := fmt.Sprintf("%v %q %q", e.Kind, e.Namespace, e.Name)
	if e.Kind == axml.StartElement {
		s += fmt.Sprintf(" line %d", e.Line)
	}
	if e.Kind == axml.Text {
		s += " " + e.Value.Text()
	}
	for i := range e.Attrs {
		a := &e.Attrs[i]
		s += fmt.Sprintf("\n  0x%08x %q %q %d %s", a.ID, a.Namespace, a.Name, a.Value.Type, a.Value.Text())
	}
	return s
}

func collect(events func(func(*axml.Event) bool)) (out []string) {
	for e := range events {
		out = append(out, show(e))
	}
	return out
}

func TestSameEventsAndManifest(t *testing.T) {
	names := recipe().Refs()
	byID := map[uint32]string{}
	for name, id := range names {
		byID[id] = name
	}
	for name, opts := range map[string]protoxmltest.Options{
		"current": {},
		"old":     {Old: true},
		"no ids":  {NoIDs: true},
		"names":   {NamesOnly: func(id uint32) string { return "com.example:" + byID[id] }},
	} {
		bin, table, xmlPB, tablePB := forms(t, opts)
		pb, err := protoxml.OpenTable(tablePB)
		if err != nil {
			t.Fatal(name, err)
		}
		view := protoxml.NewView(arsc.Options{}, pb)
		doc, err := protoxml.Open(xmlPB, view)
		if err != nil {
			t.Fatal(name, err)
		}
		if odd := append(doc.Anomalies(), pb.Anomalies()...); len(odd) > 0 {
			t.Errorf("%s: %v", name, odd)
		}
		if diff := cmp.Diff(collect(bin.Events()), collect(doc.Events())); diff != "" {
			t.Errorf("%s: events (-binary +protobuf):\n%s", name, diff)
		}
		want, err := manifest.Parse(bin.Events(), arsc.Join(table).View(arsc.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := manifest.Parse(doc.Events(), view)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: manifest (-binary +protobuf):\n%s", name, diff)
		}
		if got.Application.Label.Value != "Example" || got.Application.MetaData[1].Value != "https://sa.api.example.com/sa" {
			t.Errorf("%s: label %q, meta-data %+v", name, got.Application.Label.Value, got.Application.MetaData)
		}
	}
}

func TestSameStrings(t *testing.T) {
	bin, table, xmlPB, tablePB := forms(t, protoxmltest.Options{})
	doc, err := protoxml.Open(xmlPB, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, s := range bin.Strings() {
		want[s] = true
	}
	for off, s := range doc.Strings() {
		if got[s] {
			t.Errorf("%q comes twice", s)
		}
		got[s] = true
		if off <= 0 || off >= int64(len(xmlPB)) {
			t.Errorf("%q at %d", s, off)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("XML (-binary +protobuf):\n%s", diff)
	}
	pb, err := protoxml.OpenTable(tablePB)
	if err != nil {
		t.Fatal(err)
	}
	clear(want)
	clear(got)
	for s := range table.Strings() {
		want[s.Name()+"="+s.Value] = true
	}
	for s := range pb.Strings() {
		got[s.Name+"="+s.Value] = true
		if string(tablePB[s.Off:][:len(s.Value)]) != s.Value {
			t.Errorf("%q is not at %d", s.Value, s.Off)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("table (-binary +protobuf):\n%s", diff)
	}
}

func TestSameChoice(t *testing.T) {
	for name, form := range map[string]protoxmltest.Options{"current": {}, "old": {Old: true}} {
		_, table, _, tablePB := forms(t, form)
		pb, err := protoxml.OpenTable(tablePB)
		if err != nil {
			t.Fatal(err)
		}
		for _, opts := range []arsc.Options{
			{},
			{Locale: "de-AT"},
			{Locale: "zh-TW"},
			{Locale: "zh"},
			{Locale: "fil"},
			{Locale: "sr-Latn"},
			{SDK: 21},
			{SDK: 21, Density: 160},
			{Density: 160},
		} {
			want, got := arsc.Join(table).View(opts), protoxml.NewView(opts, pb)
			for ref, id := range recipe().Refs() {
				w, wok := want.Lookup(id)
				g, gok := got.Lookup(id)
				w.Data, g.Data = dataOf(w), dataOf(g)
				if w != g || wok != gok {
					t.Errorf("%s, %+v, %s: %+v %v, want %+v %v", name, opts, ref, g, gok, w, wok)
				}
				wn, _ := want.Name(id)
				gn, _ := got.Name(id)
				if wn != gn || gn != ref {
					t.Errorf("%s: named %q, want %q", ref, gn, wn)
				}
			}
			if _, ok := got.Lookup(0x7f990000); ok {
				t.Error("a resource that is not there")
			}
		}
	}
}

// dataOf is Data where it has a meaning outside of its file.
func dataOf(v restype.Value) uint32 {
	if v.Type == restype.TypeString {
		return 0
	}
	return v.Data
}

// pb appends a length-delimited field.
func pb(num protowire.Number, parts ...[]byte) []byte {
	var v []byte
	for _, p := range parts {
		v = append(v, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), v)
}

func vi(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

func s(v string) []byte { return []byte(v) }

func TestPrimitives(t *testing.T) {
	for _, tt := range []struct {
		prim []byte
		want restype.Value
	}{
		{pb(1), restype.Value{}},
		{pb(2), restype.Value{Data: 1}},
		{protowire.AppendFixed32([]byte{3<<3 | 5}, 0x3fc00000), restype.Value{Type: restype.TypeFloat, Data: 0x3fc00000}},
		{protowire.AppendFixed32([]byte{4<<3 | 5}, 0x1001), restype.Value{Type: restype.TypeDimension, Data: 0x1001}},
		{vi(13, 0x1001), restype.Value{Type: restype.TypeDimension, Data: 0x1001}},
		{vi(14, 0x30), restype.Value{Type: restype.TypeFraction, Data: 0x30}},
		{vi(6, ^uint64(4)), restype.Value{Type: restype.TypeIntDec, Data: 0xfffffffb}},
		{vi(7, 0x20), restype.Value{Type: restype.TypeIntHex, Data: 0x20}},
		{vi(8, 1), restype.Value{Type: restype.TypeIntBool, Data: 0xffffffff}},
		{vi(8, 0), restype.Value{Type: restype.TypeIntBool}},
		{vi(10, 0xffffff), restype.Value{Type: restype.TypeColorRGB8, Data: 0xffffff}},
		{append(vi(1, 0x12), vi(2, 0xffffffff)...), restype.Value{Type: restype.TypeIntBool, Data: 0xffffffff}},
		{append(vi(1, 3), vi(2, 77)...), restype.Value{}}, // a string of a pool that is not there
		{vi(99, 1), restype.Value{}},
	} {
		attr := pb(4, pb(2, s("a")), pb(6, pb(7, tt.prim)))
		doc, err := protoxml.Open(pb(1, pb(3, s("e")), attr), nil)
		if err != nil {
			t.Fatal(err)
		}
		for e := range doc.Events() {
			if e.Kind == axml.StartElement && e.Attrs[0].Value != tt.want {
				t.Errorf("%x: %+v, want %+v", tt.prim, e.Attrs[0].Value, tt.want)
			}
		}
	}
}

func TestItems(t *testing.T) {
	for _, tt := range []struct {
		item []byte
		want string
	}{
		{pb(1, vi(2, 0x7f010001)), "@0x7f010001"},
		{pb(1, vi(1, 1), vi(2, 0x01010001)), "?0x01010001"},
		{pb(1, vi(2, 0x02010001), pb(5, vi(1, 1))), "@0x02010001"},
		{pb(1, pb(3, s("string/nowhere"))), "@null"},
		{pb(2, pb(1, s("text"))), "text"},
		{pb(3, pb(1, s("raw"))), "raw"},
		{pb(4, pb(1, s("styled")), pb(2, pb(1, s("a;href=https://x.example/")))), "styled"},
		{pb(5, pb(1, s("res/a.png"))), "res/a.png"},
		{pb(6), "false"},
		{nil, ""},
	} {
		doc, err := protoxml.Open(pb(1, pb(3, s("e")), pb(4, pb(2, s("a")), pb(3, s("source")), pb(6, tt.item))), nil)
		if err != nil {
			t.Fatal(err)
		}
		for e := range doc.Events() {
			if e.Kind == axml.StartElement && e.Attrs[0].Value.Text() != tt.want {
				t.Errorf("%x: %q, want %q", tt.item, e.Attrs[0].Value.Text(), tt.want)
			}
		}
	}
}

// TestStyledTexts: links stand in the tags of styled texts only.
func TestStyledTexts(t *testing.T) {
	item := pb(4, pb(1, s("see our site")), pb(2, pb(1, s("a;href=https://x.example/"))))
	entry := pb(3, pb(1, vi(1, 2)), pb(2, s("link")), pb(6, pb(1), pb(2, pb(4, item))))
	table, err := protoxml.OpenTable(pb(2, pb(1, vi(1, 0x7f)), pb(3, pb(1, vi(1, 1)), pb(2, s("string")), entry)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for x := range table.Strings() {
		got = append(got, x.Name+"="+x.Value)
	}
	if diff := cmp.Diff([]string{"string/link=see our site", "string/link=a;href=https://x.example/"}, got); diff != "" {
		t.Error(diff)
	}
	if id, ok := table.Find("string", "link"); id != 0x7f010002 || !ok {
		t.Errorf("0x%x %v", id, ok)
	}
}

func anomalies(list []restype.Anomaly) string {
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	return strings.Join(names, " ")
}

func TestDamagedXML(t *testing.T) {
	root := func(parts ...[]byte) []byte { return pb(1, append([][]byte{pb(3, s("root"))}, parts...)...) }
	child := func(name string) []byte { return pb(5, pb(1, pb(3, s(name)))) }
	deep := pb(3, s("x"))
	for range protoxml.MaxDepth + 1 {
		deep = append(pb(3, s("x")), pb(5, pb(1, deep))...)
	}
	for _, tt := range []struct {
		name   string
		b      []byte
		events int // starts of elements
		odd    string
	}{
		{"whole", root(child("a"), child("b")), 3, ""},
		{"a damaged child between others", root(child("a"), pb(5, []byte{0x0a, 0x05, 0x1a, 0x03, 'b'}), child("c")), 3, "damaged"},
		{"a damaged attribute", root(pb(4, pb(2, s("n")), []byte{0x1a, 0x7f}), child("a")), 2, "damaged"},
		{"a damaged tail", append(root(child("a")), 0x0a, 0x7f), 2, "damaged"},
		{"a field that is no message", root(vi(5, 7), child("a")), 2, ""},
		{"too deep", pb(1, deep), protoxml.MaxDepth, "depth"},
	} {
		doc, err := protoxml.Open(tt.b, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		starts, ends := 0, 0
		for e := range doc.Events() {
			switch e.Kind {
			case axml.StartElement:
				starts++
			case axml.EndElement:
				ends++
			}
		}
		if starts != tt.events || ends != starts || anomalies(doc.Anomalies()) != tt.odd {
			t.Errorf("%s: %d starts, %d ends, anomalies %v", tt.name, starts, ends, doc.Anomalies())
		}
	}
	for _, b := range []string{"", "\x12\x01x", "\x0a", "text"} {
		if _, err := protoxml.Open([]byte(b), nil); err == nil {
			t.Errorf("%q is XML", b)
		}
	}
	if _, err := protoxml.Open([]byte("\x12\x01x"), nil); !errors.Is(err, binread.BadMagic) {
		t.Error(err)
	}
}

func TestNodeBudget(t *testing.T) {
	attr := pb(4)
	var many []byte
	for range protoxml.MaxNodes + 10 {
		many = append(many, attr...)
	}
	doc, err := protoxml.Open(pb(1, pb(3, s("root")), many), nil)
	if err != nil {
		t.Fatal(err)
	}
	for e := range doc.Events() {
		t.Errorf("%s with %d attributes", e.Name, len(e.Attrs))
	}
	if got := anomalies(doc.Anomalies()); got != protoxml.AnomalyBudget {
		t.Error(got)
	}
}

func TestDamagedTable(t *testing.T) {
	entry := func(id uint64, name, value string) []byte {
		return pb(3, pb(1, vi(1, id)), pb(2, s(name)), pb(6, pb(1), pb(2, pb(4, pb(2, pb(1, s(value)))))))
	}
	pkg := func(entries ...[]byte) []byte {
		return pb(2, pb(1, vi(1, 0x7f)), pb(2, s("p")), pb(3, append([][]byte{pb(1, vi(1, 1)), pb(2, s("string"))}, entries...)...))
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string
		odd  string
	}{
		{"whole", pkg(entry(0, "a", "A"), entry(1, "b", "B")), "A B", ""},
		{"a damaged entry between others", pkg(entry(0, "a", "A"), pb(3, []byte{0x0a, 0x7f}), entry(2, "c", "C")), "A C", ""},
		{"a damaged type", append(pkg(entry(0, "a", "A")), pb(2, pb(1, vi(1, 2)), pb(3, pb(1, vi(1, 1)), entry(0, "x", "X"), []byte{0x1a, 0x7f}))...), "X A", "damaged"},
		{"a package cut off", pkg(entry(0, "a", "A"), entry(1, "b", "B"))[:20], "", ""},
	} {
		table, err := protoxml.OpenTable(tt.b)
		if err != nil {
			if tt.want != "" {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		var got []string
		for x := range table.Strings() {
			got = append(got, x.Value)
		}
		if strings.Join(got, " ") != tt.want || anomalies(table.Anomalies()) != tt.odd {
			t.Errorf("%s: %v, %v", tt.name, got, table.Anomalies())
		}
	}
	for _, b := range [][]byte{nil, pb(1, s("source pool"))} {
		if table, err := protoxml.OpenTable(b); err != nil || table.Len() != 0 {
			t.Errorf("a table without packages: %v", err)
		}
	}
	if _, err := protoxml.OpenTable([]byte("no table at all")); err == nil {
		t.Error("text is a table")
	}
}

func TestReferencesInCircles(t *testing.T) {
	entry := func(id, to uint64) []byte {
		return pb(3, pb(1, vi(1, id)), pb(6, pb(1), pb(2, pb(4, pb(1, vi(2, to))))))
	}
	var chain [][]byte
	for i := range uint64(40) {
		chain = append(chain, entry(i, 0x7f010000+i+1))
	}
	chain = append(chain, entry(100, 0x7f010065), entry(101, 0x7f010064))
	table, err := protoxml.OpenTable(pb(2, pb(1, vi(1, 0x7f)), pb(3, append([][]byte{pb(1, vi(1, 1))}, chain...)...)))
	if err != nil {
		t.Fatal(err)
	}
	v := protoxml.NewView(arsc.Options{}, table)
	for _, id := range []uint32{0x7f010000, 0x7f010064} {
		if x, ok := v.Lookup(id); ok {
			t.Errorf("0x%x is %v", id, x)
		}
	}
}

func FuzzXML(f *testing.F) {
	r := recipe()
	bin, err := axml.Open(axmltest.Compile(manifestText, r.Refs(), axmltest.Options{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(protoxmltest.XML(bin.Events(), protoxmltest.Options{}))
	f.Add(protoxmltest.XML(bin.Events(), protoxmltest.Options{Old: true, NoIDs: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := protoxml.Open(b, nil)
		if err != nil {
			return
		}
		depth, n := 0, 0
		for e := range doc.Events() {
			switch e.Kind {
			case axml.StartElement:
				depth++
			case axml.EndElement:
				depth--
			}
			if depth < 0 || depth > protoxml.MaxDepth {
				t.Fatalf("depth %d", depth)
			}
			if n += len(e.Attrs); e.Off < 0 || e.Off > int64(len(b)) {
				t.Fatalf("offset %d of %d", e.Off, len(b))
			}
		}
		if depth != 0 || n > len(b) {
			t.Fatalf("depth %d at the end, %d attributes in %d bytes", depth, n, len(b))
		}
		total := 0
		for _, s := range doc.Strings() {
			total += len(s)
		}
		if total > len(b) {
			t.Fatalf("%d bytes of strings in %d", total, len(b))
		}
		doc.Anomalies()
		_, _ = manifest.Parse(doc.Events(), nil)
	})
}

func FuzzTable(f *testing.F) {
	table, err := arsc.Open(arsctest.Encode(arsctest.Options{}, recipe()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(protoxmltest.Table(table, protoxmltest.Options{}))
	f.Add(protoxmltest.Table(table, protoxmltest.Options{Old: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := protoxml.OpenTable(b)
		if err != nil {
			return
		}
		v := protoxml.NewView(arsc.Options{Locale: "de"}, table)
		total := 0
		for s := range table.Strings() {
			total += len(s.Value)
			typ, name, _ := strings.Cut(s.Name, "/")
			if id, ok := table.Find(typ, name); ok {
				v.Lookup(id)
				v.Name(id)
			}
		}
		if total > len(b) || table.Len() > len(b) {
			t.Fatalf("%d entries, %d bytes of strings in %d", table.Len(), total, len(b))
		}
		table.Anomalies()
	})
}
