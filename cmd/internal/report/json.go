package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// encode writes v as JSON without HTML escapes, so that URLs stay readable.
func encode(v any, prefix, indent string) ([]byte, error) {
	return new(encoder).encode(v, prefix, indent)
}

// encoder has room for what encode writes, which is good until the next call.
type encoder struct {
	compact bytes.Buffer
	lines   []byte
}

func (e *encoder) encode(v any, prefix, indent string) ([]byte, error) {
	e.compact.Reset()
	enc := json.NewEncoder(&e.compact)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	out := bytes.TrimRight(e.compact.Bytes(), "\n")
	if prefix != "" || indent != "" {
		e.lines = indented(e.lines[:0], out, prefix, indent)
		out = e.lines
	}
	return quiet(out), nil
}

// indented appends to out as json.Indent does, for JSON that is known to be right and without space:
// that is several times as fast. Reports are long.
func indented(out, b []byte, prefix, indent string) []byte {
	out = slices.Grow(out, 2*len(b))
	depth := 0
	line := func() {
		out = append(append(out, '\n'), prefix...)
		for range depth {
			out = append(out, indent...)
		}
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			end := i + 1
			for ; b[end] != '"'; end++ {
				if b[end] == '\\' {
					end++
				}
			}
			out = append(out, b[i:end+1]...)
			i = end
		case (c == '{' || c == '[') && b[i+1] == c+2: // and nothing in between
			out = append(out, c, c+2)
			i++
		case c == '{' || c == '[':
			out = append(out, c)
			depth++
			line()
		case c == '}' || c == ']':
			depth--
			line()
			out = append(out, c)
		case c == ',':
			out = append(out, c)
			line()
		case c == ':':
			out = append(out, ": "...)
		default:
			out = append(out, c)
		}
	}
	return out
}

// quiet escapes what encoding/json leaves as it is and what would still act on
// a terminal or hide in text: DEL, the upper control characters, direction
// overrides and other invisible characters. They can only stand in strings,
// and mean the same there. b must be JSON.
func quiet(b []byte) []byte {
	acts := func(r rune) bool { return r != utf8.RuneError && r >= 0x7f && unsafeRune(r) }
	for at := 0; ; {
		if at += printable(b[at:]); at == len(b) {
			return b
		}
		r, n := utf8.DecodeRune(b[at:])
		if acts(r) {
			break
		}
		at += n
	}
	out := make([]byte, 0, len(b)+64)
	for _, r := range string(b) {
		switch {
		case !acts(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// printable returns how many bytes b begins with, of JSON, that are ASCII and
// not DEL, give or take some. Reports are mostly that.
func printable(b []byte) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; at+8 <= len(b); at += 8 {
		// Where no byte has its high bit set, adding 1 sets it in 0x7f alone.
		if w := binary.LittleEndian.Uint64(b[at:]); (w|(w+low))&high != 0 {
			return at
		}
	}
	for ; at < len(b) && b[at] < 0x7f; at++ {
	}
	return at
}

// ndjsonHandler writes each message as one line, in one write.
type ndjsonHandler struct {
	w   io.Writer
	enc encoder
}

func newNDJSON(w io.Writer) *ndjsonHandler { return &ndjsonHandler{w: w} }

func (h *ndjsonHandler) Handle(m *event.Message) error {
	b, err := h.enc.encode(m, "", "")
	if err != nil {
		return err
	}
	_, err = h.w.Write(append(b, '\n'))
	return err
}

func (h *ndjsonHandler) Close() error { return nil }

// jsonHandler writes the one document of telltale.report/v1 as the stream
// comes, holding no more than one app in memory.
type jsonHandler struct {
	enc     encoder
	w       *bufio.Writer
	started bool
	apps    int
	closed  bool
}

func newJSON(w io.Writer) *jsonHandler { return &jsonHandler{w: bufio.NewWriter(w)} }

func (h *jsonHandler) Handle(m *event.Message) error {
	switch {
	case m.Start != nil:
		tool, err := encode(m.Start.Tool, "  ", "  ")
		if err != nil {
			return err
		}
		sigs, err := encode(m.Start.Signatures, "  ", "  ")
		if err != nil {
			return err
		}
		schema, err := encode(m.Start.Schema, "", "")
		if err != nil {
			return err
		}
		h.started = true
		h.write("{\n  \"schema\": ", string(schema), ",\n  \"tool\": ", string(tool), ",\n  \"signatures\": ", string(sigs))
		if m.Start.Policy != nil {
			policy, err := encode(m.Start.Policy, "  ", "  ")
			if err != nil {
				return err
			}
			h.write(",\n  \"policy\": ", string(policy))
		}
		if len(m.Start.Options) > 0 {
			options, err := encode(m.Start.Options, "  ", "  ")
			if err != nil {
				return err
			}
			h.write(",\n  \"options\": ", string(options))
		}
		h.write(",\n  \"apps\": [")
	case m.App != nil:
		b, err := h.enc.encode(m.App, "    ", "  ")
		if err != nil {
			return err
		}
		if h.apps > 0 {
			h.write(",")
		}
		h.apps++
		h.write("\n    ")
		h.w.Write(b)
	case m.Summary != nil:
		b, err := encode(m.Summary, "  ", "  ")
		if err != nil {
			return err
		}
		if h.apps > 0 {
			h.write("\n  ")
		}
		h.write("],\n  \"summary\": ", string(b), "\n}\n")
		h.closed = true
	}
	return h.w.Flush()
}

func (h *jsonHandler) write(parts ...string) {
	for _, p := range parts {
		h.w.WriteString(p)
	}
}

// Close reports a document that was cut off before its summary.
func (h *jsonHandler) Close() error {
	if h.started && !h.closed {
		return errors.New("the JSON document is incomplete: the run ended before its summary")
	}
	return h.w.Flush()
}
