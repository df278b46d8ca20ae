package extract

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

type line struct {
	off  int64
	text string
}

func collect(r io.Reader) []line {
	var out []line
	lines(r, func(off int64, s string) bool {
		out = append(out, line{off, s})
		return true
	})
	return out
}

func TestLines(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
	} {
		got := collect(wrap(strings.NewReader("one\r\n\ntwo\nlast")))
		want := []line{{0, "one"}, {6, "two"}, {10, "last"}}
		if len(got) != len(want) {
			t.Fatalf("%v", got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("line %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
}

// A line longer than the buffer is cut where a word ends; nothing is lost and
// offsets stay true.
func TestLongLine(t *testing.T) {
	text := strings.Repeat(`a.push("https://host.example.com/path");`, 5000)
	got := collect(strings.NewReader(text + "\nend"))
	var all strings.Builder
	for _, l := range got[:len(got)-1] {
		if len(l.text) > maxLine {
			t.Errorf("a piece of %d bytes", len(l.text))
		}
		if text[l.off:l.off+int64(len(l.text))] != l.text {
			t.Errorf("the piece at %d is not what stands there", l.off)
		}
		all.WriteString(l.text)
	}
	if all.String() != text || got[len(got)-1].text != "end" {
		t.Error("text was lost")
	}
	if n := strings.Count(strings.Join(pieces(got), "\n"), "https://host.example.com/path"); n != 5000 {
		t.Errorf("%d of 5000 addresses are whole", n)
	}
}

func pieces(ls []line) (out []string) {
	for _, l := range ls {
		out = append(out, l.text)
	}
	return out
}

func TestLinesWithoutEnds(t *testing.T) {
	n := 0
	for _, l := range collect(bytes.NewReader(bytes.Repeat([]byte{'x'}, 10*maxLine+5))) {
		n += len(l.text)
	}
	if n != 10*maxLine+5 {
		t.Errorf("%d bytes came back", n)
	}
}

func TestLinesStop(t *testing.T) {
	n := 0
	whole, _ := lines(strings.NewReader("a\nb\nc\n"), func(int64, string) bool { n++; return n < 2 })
	if whole || n != 2 {
		t.Errorf("went on after being told to stop: %v, %d", whole, n)
	}
}

func TestUTF16(t *testing.T) {
	const text = "https://例え.jp/ 😀\nx"
	for _, bom := range []string{"le", "be", "none"} {
		var b []byte
		units := utf16.Encode([]rune(text))
		if bom != "none" {
			units = append([]uint16{0xfeff}, units...)
		}
		for _, u := range units {
			if bom == "be" {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		got, err := io.ReadAll(iotest.OneByteReader(newUTF16(bytes.NewReader(b))))
		if err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", bom, got, err)
		}
	}
}

// Half a name is another name: what a failing file cuts is not told.
func TestLinesLeaveOutWhatAnErrorCuts(t *testing.T) {
	broken := errors.New("no more")
	for _, text := range []string{"see https://host.example.com/a\nand https://host.example.co", "https://host.exa"} {
		for _, enc := range []string{"utf-8", "utf-16"} {
			var r io.Reader = io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
			if enc == "utf-16" {
				var b []byte
				for _, u := range utf16.Encode([]rune(text)) {
					b = append(b, byte(u), byte(u>>8))
				}
				r = newUTF16(io.MultiReader(bytes.NewReader(b), iotest.ErrReader(broken)))
			}
			var got []string
			_, err := lines(r, func(_ int64, s string) bool { got = append(got, s); return true })
			want := strings.Split(text, "\n")
			want = want[:len(want)-1]
			if !errors.Is(err, broken) || !slices.Equal(got, want) {
				t.Errorf("%s %q: %q, %v; want %q", enc, text, got, err, want)
			}
		}
	}
}
