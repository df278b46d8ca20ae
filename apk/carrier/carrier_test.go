package carrier_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/apk/carrier"
)

func utf16LE(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func TestRuns(t *testing.T) {
	data := bytes.Join([][]byte{
		{0, 1, 2},
		[]byte("https://a.example/x"),
		{0xff},
		[]byte("short"),
		{0x81},
		[]byte("größer 中文"),
		{0},
		utf16LE("https://wide.example/路径/x"),
		{1, 0},
		utf16LE("abc"),
		{7},
	}, nil)
	var got []string
	for s := range carrier.Runs(data, 100, 6) {
		got = append(got, s.Value)
		if off := s.Off - 100; off < 0 || !bytes.HasPrefix(data[off:], []byte(s.Value[:1])) {
			t.Errorf("%q does not stand at %d", s.Value, s.Off)
		}
	}
	want := []string{"https://a.example/x", "größer 中文", "https://wide.example/路径/x"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRunsStop(t *testing.T) {
	n := 0
	for range carrier.Runs([]byte("abcdefgh\x00abcdefgh\x00"), 0, 6) {
		n++
		break
	}
	if n != 1 {
		t.Error("it went on")
	}
}

// A run that is very long is cut, and nothing of it is lost.
func TestLongRun(t *testing.T) {
	text := strings.Repeat("0123456789", 20_000)
	var all strings.Builder
	for s := range carrier.Runs([]byte(text), 0, 6) {
		all.WriteString(s.Value)
	}
	if all.String() != text {
		t.Errorf("%d bytes of %d", all.Len(), len(text))
	}
}

func TestDecoding(t *testing.T) {
	for _, s := range []string{"", "plain", "grüße", "中文", "😀 ok"} {
		if got := carrier.UTF16LE(utf16LE(s)); got != s {
			t.Errorf("%q, want %q", got, s)
		}
	}
	for b, want := range map[string]string{
		"a\x00b": "a", "\x00\xd8a\x00": "\ufffda", "\x00\xdc": "\ufffd", "\x3d\xd8": "\ufffd",
	} {
		if got := carrier.UTF16LE([]byte(b)); got != want {
			t.Errorf("%q: %q, want %q", b, got, want)
		}
	}
	if got := carrier.Latin1([]byte("d\xe9j\xe0")); got != "déjà" {
		t.Errorf("%q", got)
	}
}

func FuzzRuns(f *testing.F) {
	f.Add([]byte("https://a.example\x00\xff"), 6)
	f.Add(utf16LE("https://wide.example/路径"), 4)
	f.Fuzz(func(t *testing.T, data []byte, least int) {
		end := int64(0)
		for s := range carrier.Runs(data, 0, max(least, 1)) {
			if s.Off < end || s.Off > int64(len(data)) {
				t.Fatalf("at %d, after %d", s.Off, end)
			}
			end = s.Off + 1
			if !utf8.ValidString(s.Value) || utf8.RuneCountInString(s.Value) == 0 {
				t.Fatalf("%q", s.Value)
			}
		}
	})
}
