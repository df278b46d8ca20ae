package axml_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/apk/axml"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/restype"
	"github.com/telltale-apk/telltale/apk/restype/restypetest"
)

const sample = `
<manifest xmlns:android="http://schemas.android.com/apk/res/android"
    package="com.example" android:versionCode="7" android:versionName="1.2">
    <uses-permission android:name="android.permission.INTERNET"/>
    <application android:label="@string/app_name" android:debuggable="true">
        <service android:name=".S" android:exported="false"/>
    </application>
</manifest>`

// want is sample as WriteXML renders it.
const want = `<?xml version="1.0" encoding="utf-8"?>
<manifest
    xmlns:android="http://schemas.android.com/apk/res/android"
    android:versionCode="7"
    android:versionName="1.2"
    package="com.example">
    <uses-permission android:name="android.permission.INTERNET"/>
    <application
        android:label="@string/app_name"
        android:debuggable="true">
        <service
            android:name=".S"
            android:exported="false"/>
    </application>
</manifest>
`

var refs = map[string]uint32{"string/app_name": 0x7f020000}

func names(id uint32) (string, bool) {
	for name, x := range refs {
		if x == id {
			return name, true
		}
	}
	return "", false
}

func render(t *testing.T, d *axml.Document) string {
	t.Helper()
	var b strings.Builder
	if err := d.WriteXML(&b, names); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parts finds the chunks of a document: the offset of each by type.
func parts(t *testing.T, data []byte) map[restype.ChunkType][]int {
	t.Helper()
	out := make(map[restype.ChunkType][]int)
	for off := 8; off < len(data); {
		c, ok := restype.ReadChunk(data[off:])
		if !ok || c.Size < 8 {
			t.Fatalf("fixture: bad chunk at %d", off)
		}
		out[c.Type] = append(out[c.Type], off)
		off += int(c.Size)
	}
	return out
}

func put16(data []byte, off int, v uint16) { binary.LittleEndian.PutUint16(data[off:], v) }
func put32(data []byte, off int, v uint32) { binary.LittleEndian.PutUint32(data[off:], v) }

// insert puts extra into data at off and corrects the size of the root.
func insert(data []byte, off int, extra []byte) []byte {
	out := append(append(append([]byte(nil), data[:off]...), extra...), data[off:]...)
	put32(out, 4, uint32(len(out)))
	return out
}

func anomalyNames(list []restype.Anomaly) string {
	var s []string
	for _, a := range list {
		s = append(s, a.Name)
	}
	return strings.Join(s, " ")
}

// TestTricks changes the sample in every way that is known to confuse tools
// and wants the same text out of it.
func TestTricks(t *testing.T) {
	tests := []struct {
		name      string
		opts      axmltest.Options
		mangle    func(t *testing.T, data []byte) []byte
		anomalies string
		refused   bool
		want      string // where it is not the sample's text
	}{
		{name: "plain"},
		{name: "utf8", opts: axmltest.Options{UTF8: true}},
		{
			name: "attribute size 24 with garbage", opts: axmltest.Options{AttributeSize: 24},
			anomalies: "attribute-size",
		},
		{
			name: "attributes further on", opts: axmltest.Options{AttributeStart: 44},
			anomalies: "attribute-size",
		},
		{
			name: "node header of 28 bytes", opts: axmltest.Options{NodeHeader: 28},
			anomalies: "node-header",
		},
		{
			name: "names hidden", opts: axmltest.Options{HideNames: true},
			anomalies: "attribute-name",
		},
		{
			name: "namespace renamed", opts: axmltest.Options{NamespaceURI: "http://x/"},
			anomalies: "namespace",
			want: strings.Replace(want, `xmlns:android="http://schemas.android.com/apk/res/android"`,
				`xmlns:android="http://schemas.android.com/apk/res/android"`, 1),
		},
		{
			name: "resource map missing", opts: axmltest.Options{NoResourceMap: true},
			anomalies: "no-resource-map",
		},
		{
			name: "resource map of unknown type",
			mangle: func(t *testing.T, data []byte) []byte {
				put16(data, parts(t, data)[restype.ChunkResourceMap][0], 0x80)
				return data
			},
			anomalies: "unknown-chunk no-resource-map",
		},
		{
			name:      "unknown chunk before the nodes",
			opts:      axmltest.Options{Before: restypetest.Chunk(0x0777, nil, []byte("1234"))},
			anomalies: "unknown-chunk",
		},
		{
			name:      "unknown chunk between the nodes",
			opts:      axmltest.Options{Between: restypetest.Chunk(0x0150, make([]byte, 8), []byte("1234"))},
			anomalies: "unknown-chunk",
		},
		{
			name:      "unknown chunk with a header too short for a node",
			opts:      axmltest.Options{Between: restypetest.Chunk(0x0777, nil, []byte("1234"))},
			anomalies: "node-header unknown-chunk", refused: true,
		},
		{
			name:      "root type 0",
			mangle:    func(_ *testing.T, data []byte) []byte { put16(data, 0, 0); return data },
			anomalies: "root-type", refused: true,
		},
		{
			name:      "root type of another kind",
			mangle:    func(_ *testing.T, data []byte) []byte { put16(data, 0, 0x1234); return data },
			anomalies: "root-type", refused: true,
		},
		{
			name:      "declared larger than the file",
			mangle:    func(_ *testing.T, data []byte) []byte { put32(data, 4, 0x42424242); return data },
			anomalies: "root-size", refused: true,
		},
		{
			name:      "bytes behind the document",
			mangle:    func(_ *testing.T, data []byte) []byte { return append(data, "trailing bytes"...) },
			anomalies: "root-size",
		},
		{
			name: "garbage behind the root element",
			mangle: func(t *testing.T, data []byte) []byte {
				ns := parts(t, data)[restype.ChunkEndNamespace][0]
				put32(data, ns+4, 0)
				return data
			},
		},
		{
			name: "a second root element",
			mangle: func(t *testing.T, data []byte) []byte {
				p := parts(t, data)
				first := p[restype.ChunkStartElement][0]
				return append(data, data[first:p[restype.ChunkStartElement][1]]...)
			},
			anomalies: "root-size", // bytes behind the document
		},
		{
			name: "a second root element inside the document",
			mangle: func(t *testing.T, data []byte) []byte {
				p := parts(t, data)
				start := p[restype.ChunkStartElement]
				return insert(data, p[restype.ChunkEndNamespace][0], data[start[1]:start[2]])
			},
			anomalies: "after-root",
		},
		{
			name: "a pool that replaces another",
			mangle: func(_ *testing.T, data []byte) []byte {
				var decoy restypetest.Pool
				for range 40 {
					decoy.Append("decoy")
				}
				return insert(data, 8, decoy.Bytes(true))
			},
			anomalies: "many-pools",
		},
		{
			name: "string count beyond the strings",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, parts(t, data)[restype.ChunkStringPool][0]+8, 60)
				return data
			},
			anomalies: "pool-count",
		},
		{
			name: "string count beyond the pool",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, parts(t, data)[restype.ChunkStringPool][0]+8, 0xffffffff)
				return data
			},
			anomalies: "pool-count", refused: true,
		},
		{
			name: "style count that does not fit",
			mangle: func(t *testing.T, data []byte) []byte {
				pool := parts(t, data)[restype.ChunkStringPool][0]
				put32(data, pool+12, 1000)
				put32(data, pool+24, 0xffffff)
				return data
			},
			anomalies: "pool-count",
		},
		{
			name: "an end under another name",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, parts(t, data)[restype.ChunkEndElement][0]+20, 0)
				return data
			},
			anomalies: "unbalanced",
		},
		{
			name: "an attribute behind one with a larger id", opts: axmltest.Options{Unsorted: true},
			mangle: func(t *testing.T, data []byte) []byte {
				// Swap versionCode and versionName.
				a := parts(t, data)[restype.ChunkStartElement][0] + 36 + 20
				for i := range 20 {
					data[a+i], data[a+20+i] = data[a+20+i], data[a+i]
				}
				return data
			},
			anomalies: "attribute-order",
			want: strings.Replace(want, `
    android:versionCode="7"
    android:versionName="1.2"
    package="com.example">`, `
    package="com.example"
    android:versionName="1.2"
    android:versionCode="7">`, 1),
		},
		{
			name: "raw text that differs",
			mangle: func(t *testing.T, data []byte) []byte {
				perm := parts(t, data)[restype.ChunkStartElement][1]
				put32(data, perm+36+8, 0)
				return data
			},
			anomalies: "attribute-raw",
		},
		{
			name: "the document ends too soon",
			mangle: func(t *testing.T, data []byte) []byte {
				return data[:parts(t, data)[restype.ChunkEndElement][2]]
			},
			anomalies: "root-size unbalanced", refused: true,
		},
		{
			name: "a node with impossible size",
			mangle: func(t *testing.T, data []byte) []byte {
				put32(data, parts(t, data)[restype.ChunkEndElement][2]+4, 0x7fffffff)
				return data
			},
			anomalies: "bad-chunk unbalanced", refused: true,
		},
		{
			name: "more attributes than room",
			mangle: func(t *testing.T, data []byte) []byte {
				put16(data, parts(t, data)[restype.ChunkStartElement][1]+16+12, 9)
				return data
			},
			anomalies: "attribute-size", refused: true,
		},
		{
			name: "an end without a start",
			mangle: func(t *testing.T, data []byte) []byte {
				p := parts(t, data)
				end := p[restype.ChunkEndElement][0]
				return insert(data, p[restype.ChunkStartElement][0], data[end:p[restype.ChunkStartElement][2]])
			},
			anomalies: "unbalanced",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := axmltest.Compile(sample, refs, tt.opts)
			if tt.mangle != nil {
				data = tt.mangle(t, data)
			}
			d, err := axml.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			w := tt.want
			if w == "" {
				w = want
			}
			if diff := cmp.Diff(w, render(t, d)); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
			list := d.Anomalies()
			if got := anomalyNames(list); got != tt.anomalies {
				t.Errorf("anomalies %q, want %q\n%v", got, tt.anomalies, list)
			}
			refused := false
			for _, a := range list {
				refused = refused || a.Refused
			}
			if refused != tt.refused {
				t.Errorf("refused by Android: %v, want %v\n%v", refused, tt.refused, list)
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	good := axmltest.Compile(sample, refs, axmltest.Options{})
	tests := []struct {
		name string
		data []byte
		kind binread.Kind
	}{
		{"empty", nil, binread.Truncated},
		{"text", []byte("<manifest/>"), binread.BadMagic},
		{"root only", []byte{3, 0, 8, 0, 8, 0, 0, 0}, binread.Truncated},
		{"pool only", good[:8+int(binary.LittleEndian.Uint32(good[12:]))], binread.Truncated},
		{"pool of impossible size", append([]byte{3, 0, 8, 0, 16, 0, 0, 0}, 1, 0, 28, 0, 0xff, 0xff, 0xff, 0x7f), binread.Malformed},
	}
	for _, tt := range tests {
		if _, err := axml.Open(tt.data); !errors.Is(err, tt.kind) {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.kind)
		}
	}
}

func TestIsDocument(t *testing.T) {
	good := axmltest.Compile(sample, refs, axmltest.Options{})
	zero := bytes.Clone(good)
	put16(zero, 0, 0)
	for _, tt := range []struct {
		data []byte
		want bool
	}{{good, true}, {zero, true}, {nil, false}, {make([]byte, 64), false}, {[]byte("PK\x03\x04AAAAAAAA"), false}} {
		if got := axml.IsDocument(tt.data); got != tt.want {
			t.Errorf("IsDocument(%.12x) = %v", tt.data, got)
		}
	}
}

func TestEvents(t *testing.T) {
	const u = "urn:x"
	doc := axmltest.Encode(&axmltest.Element{
		Namespace: u, Name: "root",
		Attrs:    []axmltest.Attr{{Namespace: u, Name: "a", Value: axmltest.Bool(true)}, axmltest.Plain("b", "1 < 2")},
		Children: []axmltest.Node{axmltest.Text("some & text"), axmltest.E("empty")},
	}, axmltest.Options{})
	d, err := axml.Open(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e := range d.Events() {
		s := fmt.Sprint(e.Kind, " ", e.Namespace, "|", e.Name, e.Value.Str)
		for _, a := range e.Attrs {
			s += fmt.Sprintf(" [%s|%s=%s]", a.Namespace, a.Name, a.Text())
		}
		got = append(got, s)
	}
	want := []string{
		"start-namespace urn:x|ns0", "start-element urn:x|root [urn:x|a=true] [|b=1 < 2]", "text |some & text",
		"start-element |empty", "end-element |empty", "end-element urn:x|root", "end-namespace urn:x|ns0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const text = `<?xml version="1.0" encoding="utf-8"?>
<ns0:root
    xmlns:ns0="urn:x"
    ns0:a="true"
    b="1 &lt; 2">some &amp; text<empty/></ns0:root>
`
	if diff := cmp.Diff(text, render(t, d)); diff != "" {
		t.Error(diff)
	}
}

// TestStop: a consumer may leave at any event.
func TestStop(t *testing.T) {
	d, err := axml.Open(axmltest.Compile(sample, refs, axmltest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for range d.Events() {
		total++
	}
	for stop := 1; stop <= total; stop++ {
		n := 0
		for range d.Events() {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("stopped at %d, wanted %d", n, stop)
		}
	}
}

// TestWriteXMLIsWellFormed feeds names and texts that XML does not allow.
func TestWriteXMLIsWellFormed(t *testing.T) {
	nasty := []string{
		"", " ", "a b", "1x", "a:b", "<>", "\x00\x01", "\n", `"`, "é", "名", "\ufffe", "\U0001F600", "xml", "-->", "a--", "&amp;", "]]>", "xmlns",
	}
	root := &axmltest.Element{Name: "r", Namespace: "urn:\x00<"}
	for i, s := range nasty {
		e := &axmltest.Element{Name: s, Namespace: nasty[(i+3)%len(nasty)]}
		for _, name := range nasty {
			e.Attrs = append(e.Attrs, axmltest.Attr{Name: name, Namespace: nasty[(i+5)%len(nasty)], Value: axmltest.Str(s)})
		}
		e.Children = []axmltest.Node{axmltest.Text(s), axmltest.E("x"), axmltest.Text(s)}
		root.Children = append(root.Children, e)
	}
	d, err := axml.Open(axmltest.Encode(root, axmltest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	text := render(t, d)
	if err := wellFormed(text); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

func wellFormed(text string) error {
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestWorkIsBounded builds documents that cost far more than they weigh when
// read without a budget.
func TestWorkIsBounded(t *testing.T) {
	t.Run("overlapping attributes", func(t *testing.T) {
		data := axmltest.Compile(sample, refs, axmltest.Options{})
		first := parts(t, data)[restype.ChunkStartElement]
		elem := bytes.Clone(data[first[1]:first[2]])
		put16(elem, 16+10, 0)      // attribute size
		put16(elem, 16+12, 0xffff) // count
		data = insert(data, first[1], bytes.Repeat(elem, 1000))
		d, err := axml.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for e := range d.Events() {
			n += len(e.Attrs)
		}
		if limit := axml.WorkFactor * len(data) / 20; n > limit+4096 {
			t.Errorf("%d attributes, limit %d", n, limit)
		}
		if got := anomalyNames(d.Anomalies()); !strings.Contains(got, "budget") {
			t.Errorf("anomalies %q", got)
		}
	})
	t.Run("text of many gigabytes", func(t *testing.T) {
		root := axmltest.E("r")
		s := strings.Repeat("x", 1<<20)
		for range 200 {
			root.Children = append(root.Children, axmltest.E("e", axmltest.Plain("a", s)))
		}
		d, err := axml.Open(axmltest.Encode(root, axmltest.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.WriteXML(io.Discard, nil); !errors.Is(err, binread.TooLarge) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("depth", func(t *testing.T) {
		data := axmltest.Encode(axmltest.E("r", axmltest.E("e")), axmltest.Options{})
		at := parts(t, data)[restype.ChunkStartElement]
		data = insert(data, at[0], bytes.Repeat(data[at[0]:at[1]], 10000))
		d, err := axml.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		open, deepest := 0, 0
		for e := range d.Events() {
			switch e.Kind {
			case axml.StartElement:
				open++
			case axml.EndElement:
				open--
			}
			deepest = max(deepest, open)
		}
		if open != 0 || deepest != 4096 {
			t.Errorf("open %d, deepest %d", open, deepest)
		}
	})
}

// TestStrings: the pool has strings that no element shows.
func TestStrings(t *testing.T) {
	d, err := axml.Open(axmltest.Encode(axmltest.E("r"), axmltest.Options{Strings: []string{"https://hidden.example/"}}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for off, s := range d.Strings() {
		if off <= 0 {
			t.Errorf("offset %d of %q", off, s)
		}
		got = append(got, s)
	}
	if diff := cmp.Diff([]string{"https://hidden.example/", "r"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAttributeTable(t *testing.T) {
	// Ids that were checked against the maps of real manifests.
	for id, name := range map[uint32]string{
		0x01010000: "theme", 0x01010003: "name", 0x01010010: "exported", 0x0101020c: "minSdkVersion",
		0x0101021b: "versionCode", 0x01010271: "maxSdkVersion", 0x010104ec: "usesCleartextTraffic",
		0x01010527: "networkSecurityConfig", 0x0101057a: "appComponentFactory", 0x01010591: "isSplitRequired",
		0x01010608: "forceQueryable", 0x01010644: "usesPermissionFlags",
	} {
		if got, ok := axml.AttrName(id); got != name || !ok {
			t.Errorf("AttrName(0x%08x) = %q, want %q", id, got, name)
		}
		if got, ok := axml.AttrID(name); got != id || !ok {
			t.Errorf("AttrID(%q) = 0x%08x, want 0x%08x", name, got, id)
		}
	}
	if name, ok := axml.AttrName(0); ok {
		t.Errorf("id 0 is %q", name)
	}
}

func TestSymbols(t *testing.T) {
	for _, tt := range []struct {
		attr  string
		value uint32
		text  string // "" if there is none
	}{
		{"launchMode", 2, "singleTask"},
		{"launchMode", 0, "standard"},
		{"launchMode", 9, ""},
		{"screenOrientation", 0xffffffff, "unspecified"},
		{"screenOrientation", 3, "behind"},
		{"protectionLevel", 0, "normal"},
		{"protectionLevel", 0x12, "signature|privileged"},
		{"protectionLevel", 3, "signatureOrSystem"},
		{"protectionLevel", 0x40000000, ""},
		{"protectionLevel", 0x40000002, ""},
		{"configChanges", 0x480, "orientation|screenSize"},
		{"windowSoftInputMode", 0x12, "stateHidden|adjustResize"},
		{"windowSoftInputMode", 0x30, "adjustNothing"},
		{"foregroundServiceType", 9, "dataSync|location"},
		{"label", 1, ""},
	} {
		got, ok := axml.SymbolText(tt.attr, tt.value)
		if got != tt.text || ok != (tt.text != "") {
			t.Errorf("SymbolText(%s, %#x) = %q, %v; want %q", tt.attr, tt.value, got, ok, tt.text)
		}
		if !ok {
			continue
		}
		if v, _, ok := axml.SymbolValue(tt.attr, tt.text); v != tt.value || !ok {
			t.Errorf("SymbolValue(%s, %q) = %#x, %v; want %#x", tt.attr, tt.text, v, ok, tt.value)
		}
	}
	if _, _, ok := axml.SymbolValue("launchMode", "nonsense"); ok {
		t.Error("a word that does not exist has a value")
	}
}

func FuzzOpen(f *testing.F) {
	for _, opts := range []axmltest.Options{
		{},
		{UTF8: true},
		{AttributeSize: 24, AttributeStart: 32, NodeHeader: 20},
		{NoResourceMap: true},
		{HideNames: true, NamespaceURI: "x", Strings: []string{"a", "b"}},
	} {
		f.Add(axmltest.Compile(sample, refs, opts))
	}
	f.Add(axmltest.Encode(axmltest.E("a", axmltest.Text("t"), axmltest.E("b")), axmltest.Options{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		d, err := axml.Open(data)
		if err != nil {
			var fe *binread.FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		depth := 0
		for e := range d.Events() {
			switch e.Kind {
			case axml.StartElement:
				depth++
			case axml.EndElement:
				depth--
			}
			if depth < 0 {
				t.Fatal("an end without a start")
			}
		}
		if depth != 0 {
			t.Fatalf("%d elements not closed", depth)
		}
		d.Anomalies()
		for range d.Strings() {
		}
		var b strings.Builder
		if err := d.WriteXML(&b, nil); err != nil {
			if !errors.Is(err, binread.TooLarge) {
				t.Fatal(err)
			}
		} else if err := wellFormed(b.String()); err != nil && depthOf(b.String()) < 9000 {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if !bytes.Equal(before, data) {
			t.Fatal("input was changed")
		}
	})
}

// depthOf counts tags: encoding/xml gives up on documents nested 10,000 deep.
func depthOf(s string) int { return strings.Count(s, "<") }

func BenchmarkEvents(b *testing.B) {
	root := axmltest.Parse(sample, refs)
	app := root.Children[1].(*axmltest.Element)
	for i := range 2000 {
		app.Children = append(app.Children, axmltest.E("activity",
			axmltest.A("name", axmltest.Str(fmt.Sprintf("com.example.app.Activity%d", i))), axmltest.A("exported", axmltest.Bool(i%2 == 0))))
	}
	data := axmltest.Encode(root, axmltest.Options{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := axml.Open(data)
		if err != nil {
			b.Fatal(err)
		}
		for range d.Events() {
		}
	}
}

// TestRealFiles reads all binary XML documents below the folder that
// TELLTALE_TEST_FILES names, also inside APKs.
func TestRealFiles(t *testing.T) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	n, odd := 0, 0
	read := func(name string, data []byte) {
		if !axml.IsDocument(data) {
			return
		}
		n++
		d, err := axml.Open(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if err := wellFormed(render(t, d)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, a := range d.Anomalies() {
			odd++
			t.Logf("%s: %v", name, a)
		}
	}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if z, err := zip.OpenReader(path); err == nil {
			defer z.Close()
			for _, f := range z.File {
				if r, err := f.Open(); err == nil && f.UncompressedSize64 < 1<<24 {
					data, err := io.ReadAll(r)
					if err == nil {
						read(path+"!"+f.Name, data)
					}
				}
			}
			return nil
		}
		data, err := os.ReadFile(path)
		read(path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d documents, %d anomalies", n, odd)
}
