package endpoint

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of decoding.
const (
	MaxDecodeDepth = 3       // layers of encoding
	MaxDecodeInput = 1 << 16 // bytes of a string that is tried
	maxInflated    = 1 << 18 // bytes that a compressed string may grow to
)

// Decoded is a text that a string hides.
type Decoded struct {
	Text string
	Via  []string // how it was read, outermost first: "base64", "hex", "reversed", "percent", "gzip", "zlib"
}

// Decode reads what s hides plainly: text in base64 (either alphabet), in hex,
// reversed or percent-encoded, compressed or not, in up to [MaxDecodeDepth]
// layers. A reading counts only if it gives a URL or a host beyond doubt that s
// does not show itself, or a text of which known (nil for none) says that it is
// a word that matters: chance makes text of many strings.
func (f Finder) Decode(s string, known func(text string) bool) []Decoded {
	if !mayHide(s) {
		return nil
	}
	d := decoder{f: f, known: known, origin: s}
	d.layer(s, nil)
	return d.out
}

// mayHide is the cheap test that nearly all strings fail.
func mayHide(s string) bool {
	if len(s) < 8 || len(s) > MaxDecodeInput {
		return false
	}
	switch s[len(s)-1] {
	case ';', ')', '.', ':', ' ', '(', '>':
		return false
	}
	if base64Text(s) || isHex(s) || strings.IndexByte(s, '%') >= 0 || s[0] == '=' {
		return true
	}
	return MayHold(s) && reversedMark(s)
}

var b64 = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = int8(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

// base64Text reports whether s may be base64 of ASCII text, or of a compressed
// stream.
func base64Text(s string) bool {
	n := 0 // bytes decoded
	var v uint32
	k := 0
	var head [2]byte
	for i := 0; i < len(s); i++ {
		c := b64[s[i]]
		if c < 0 {
			switch s[i] {
			case '\n', '\r':
				continue
			case '=':
				return n > 2 && strings.Trim(s[i:], "=\r\n") == ""
			}
			return false
		}
		v = v<<6 | uint32(c)
		if k++; k < 4 {
			continue
		}
		for sh := 16; sh >= 0; sh -= 8 {
			b := byte(v >> sh)
			if n < 2 {
				head[n] = b
			}
			if n++; n == 2 && (head[0] == 0x1f && head[1] == 0x8b || head[0] == 0x78 && (head[1] == 0x9c || head[1] == 0xda || head[1] == 0x01)) {
				return true
			}
			if !(b >= 0x20 && b < 0x7f || b >= 0x80 && n > 8 || b == '\n' || b == '\t' || b == '\r') && !(n == 1 && (b == 0x1f || b == 0x78)) {
				return false
			}
		}
		v, k = 0, 0
	}
	return n > 2
}

func isHex(s string) bool {
	if len(s)%2 != 0 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !is(s[i], cHex) {
			return false
		}
	}
	return true
}

// reversedMark reports whether s may be a URL or host written backwards.
func reversedMark(s string) bool {
	return strings.Contains(s, "//:") || strings.HasPrefix(s, "moc.") || strings.HasPrefix(s, "ten.") ||
		strings.HasPrefix(s, "nc.") || strings.HasPrefix(s, "gro.") || strings.HasSuffix(s, "ptth") || strings.HasSuffix(s, "sptth") ||
		strings.HasPrefix(s, "=") && base64Text(reverse(s))
}

type decoder struct {
	f      Finder
	known  func(string) bool
	origin string
	own    []Endpoint // what origin shows by itself, once asked
	asked  bool
	out    []Decoded
}

func (d *decoder) shown() []Endpoint {
	if !d.asked {
		d.own, d.asked = d.f.Append(nil, d.origin), true
	}
	return d.own
}

func (d *decoder) layer(s string, via []string) {
	if len(via) >= MaxDecodeDepth || len(s) > maxInflated {
		return
	}
	try := func(text string, step ...string) {
		v := append(slices.Clone(via), step...)
		if text == s || !isText(text) {
			return
		}
		if d.accept(text, v) {
			for _, o := range d.out {
				if o.Text == text {
					return
				}
			}
			d.out = append(d.out, Decoded{Text: text, Via: v})
			return
		}
		d.layer(text, v)
	}
	raw := func(b []byte, step string) {
		if z, name := inflate(b); name != "" {
			try(string(z), step, name)
			return
		}
		try(string(b), step)
	}
	if isHex(s) && len(s) >= 8 {
		if b, err := hex.DecodeString(s); err == nil {
			raw(b, "hex")
		}
	}
	if len(s) >= 8 && base64Text(s) {
		if b, ok := decodeBase64(s); ok {
			raw(b, "base64")
		}
	}
	if strings.IndexByte(s, '%') >= 0 {
		if u, err := url.PathUnescape(s); err == nil {
			try(u, "percent")
		}
	}
	if len(s) >= 8 && reversedMark(s) && (len(via) == 0 || via[len(via)-1] != "reversed") {
		try(reverse(s), "reversed")
	}
}

// accept reports whether text is worth telling.
func (d *decoder) accept(text string, via []string) bool {
	if d.known != nil && len(text) <= 256 && d.known(text) {
		return true
	}
	if !MayHold(text) {
		return false
	}
	plain := len(via) == 1 && (via[0] == "percent" || via[0] == "reversed")
	for _, e := range d.f.Append(nil, text) {
		if e.Doubtful || e.Gaps && e.Domain == "" {
			continue
		}
		sure := e.Scheme != "" && (e.Suffix == SuffixICANN || e.Suffix == SuffixPrivate || e.Kind == IP || e.Range != "")
		if !sure && e.Form == Whole && e.Kind != IP && e.Domain != "" && len(text) >= 6 {
			// A bare host: by a suffix that chance does not make, and not
			// where a mere reversal gave it, unless the domain is known.
			sure = isCommon(e.Domain[strings.LastIndexByte(e.Domain, '.')+1:]) && strings.Count(e.Host, ".") >= 2 && (!plain || d.f.known(Split(e.Host)) || hostish(e.Host[:strings.IndexByte(e.Host, '.')]))
			sure = sure || d.f.known(Split(e.Host))
		}
		if sure && !slices.ContainsFunc(d.shown(), func(o Endpoint) bool { return o.Host == e.Host }) {
			return true
		}
	}
	return false
}

func decodeBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', ' ', '\t':
			return -1
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, s)
	s = strings.TrimRight(s, "=")
	if len(s)%4 == 1 {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

// inflate undoes gzip or zlib, up to maxInflated bytes.
func inflate(b []byte) ([]byte, string) {
	var r io.Reader
	var err error
	name := ""
	switch {
	case len(b) > 18 && b[0] == 0x1f && b[1] == 0x8b:
		name = "gzip"
		r, err = gzip.NewReader(bytes.NewReader(b))
	case len(b) > 8 && b[0] == 0x78 && (uint(b[0])<<8|uint(b[1]))%31 == 0:
		name = "zlib"
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if name == "" || err != nil {
		return nil, ""
	}
	out, err := io.ReadAll(io.LimitReader(r, maxInflated))
	if err != nil || len(out) == 0 {
		return nil, ""
	}
	return out, name
}

func isText(s string) bool {
	if len(s) < 4 || !utf8.ValidString(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
