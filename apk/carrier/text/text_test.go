package text_test

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/telltale-apk/telltale/apk/carrier"
	"github.com/telltale-apk/telltale/apk/carrier/text"
)

func encode(e text.Encoding, s string) string {
	var b []byte
	switch e {
	case text.UTF8:
		return s
	case text.UTF16LE, text.UTF16BE:
		order := binary.AppendByteOrder(binary.LittleEndian)
		if e == text.UTF16BE {
			order = binary.BigEndian
		}
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
	default:
		order := binary.AppendByteOrder(binary.LittleEndian)
		if e == text.UTF32BE {
			order = binary.BigEndian
		}
		for _, r := range s {
			b = order.AppendUint32(b, uint32(r))
		}
	}
	return string(b)
}

var encodings = []text.Encoding{text.UTF8, text.UTF16LE, text.UTF16BE, text.UTF32LE, text.UTF32BE}

func lines(t *testing.T, r io.Reader) (out []carrier.String) {
	t.Helper()
	more, err := text.Lines(r, func(s carrier.String) bool {
		out = append(out, s)
		return true
	})
	if !more || err != nil {
		t.Errorf("%v %v", more, err)
	}
	return out
}

func TestLines(t *testing.T) {
	want := []string{"url=https://a.example/x", "größer 😀 中文, mostly ASCII all the same", "Ċ and ਊ hold the byte of a line break", "last"}
	doc := want[0] + "\r\n\n\r\n" + want[1] + "\n" + want[2] + "\n" + want[3]
	for _, e := range encodings {
		for _, mark := range []string{"", "\ufeff"} {
			data := encode(e, mark+doc)
			for _, wrap := range []func(io.Reader) io.Reader{
				func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
			} {
				got := lines(t, wrap(strings.NewReader(data)))
				var values []string
				for _, s := range got {
					values = append(values, s.Value)
					if !strings.HasPrefix(data[s.Off:], encode(e, s.Value)) {
						t.Errorf("encoding %d: %q does not stand at %d", e, s.Value, s.Off)
					}
				}
				if !slices.Equal(values, want) {
					t.Errorf("encoding %d, mark %q: %q", e, mark, values)
				}
			}
		}
	}
}

func TestDetect(t *testing.T) {
	for _, e := range encodings {
		for _, doc := range []string{"plain ASCII text", "中文字符 和 ascii text beside them"} {
			if got, n := text.Detect([]byte(encode(e, doc))); got != e || n != 0 {
				t.Errorf("%d without mark: %d, %d", e, got, n)
			}
			if got, n := text.Detect([]byte(encode(e, "\ufeff"+doc))); got != e || n != len(encode(e, "\ufeff")) {
				t.Errorf("%d with mark: %d, %d", e, got, n)
			}
		}
	}
	for _, head := range []string{"", "a", "ab\x00", "a\x00", "中文字符"} {
		if got, n := text.Detect([]byte(head)); got != text.UTF8 || n != 0 {
			t.Errorf("%q: %d, %d", head, got, n)
		}
	}
}

// Lines that are longer than the limit are cut, and nothing of them is lost.
func TestLongLines(t *testing.T) {
	const address = `a.push("https://host.example.com/path");`
	long := strings.Repeat(address, 5000)
	for _, e := range encodings {
		data := encode(e, long+"\nend")
		var all strings.Builder
		for _, s := range lines(t, strings.NewReader(data)) {
			if len(s.Value) > text.MaxLine || !strings.HasPrefix(data[s.Off:], encode(e, s.Value)) {
				t.Fatalf("encoding %d: a piece of %d bytes at %d", e, len(s.Value), s.Off)
			}
			if e == text.UTF8 && s.Value != "end" && !strings.HasPrefix(s.Value, "a.push") && !strings.ContainsAny(s.Value[:1], `"(;)`) && !strings.HasPrefix(s.Value, "https:") {
				t.Errorf("a word was cut: %q", s.Value[:20])
			}
			all.WriteString(s.Value)
		}
		if all.String() != long+"end" {
			t.Errorf("encoding %d: %d bytes of %d", e, all.Len(), len(long)+3)
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("whole\nhttps://half.exam"), iotest.ErrReader(broken))
	var got []string
	more, err := text.Lines(r, func(s carrier.String) bool {
		got = append(got, s.Value)
		return true
	})
	if !more || !errors.Is(err, broken) || !slices.Equal(got, []string{"whole"}) {
		t.Errorf("%v %v %q", more, err, got)
	}
	if more, err := text.Lines(strings.NewReader("a\nb"), func(carrier.String) bool { return false }); more || err != nil {
		t.Errorf("%v %v", more, err)
	}
}

func FuzzLines(f *testing.F) {
	for _, e := range encodings {
		f.Add([]byte(encode(e, "\ufeffone\ntwo")))
		f.Add([]byte(encode(e, "one\r\n\ntwo words, long enough")))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		end := int64(-1)
		more, err := text.Lines(iotest.HalfReader(strings.NewReader(string(data))), func(s carrier.String) bool {
			if s.Off <= end || s.Off >= int64(len(data)) || s.Value == "" {
				t.Fatalf("%q at %d after %d of %d", s.Value, s.Off, end, len(data))
			}
			end = s.Off
			return true
		})
		if !more || err != nil {
			t.Fatal(more, err)
		}
	})
}
