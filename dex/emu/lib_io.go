package emu

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// input is the data of an InputStream or Reader: all of it is in memory.
type input struct {
	b    []byte
	at   int
	mark int
}

func (i *input) copied() (any, int64) { return &input{i.b, i.at, i.mark}, 32 }

// output is the data of an OutputStream; to is the one that it writes to.
type output struct {
	b  []byte
	to *object
}

func (o *output) copied() (any, int64) {
	return &output{slices.Clone(o.b), o.to}, int64(len(o.b))
}

const (
	inDesc  = "Ljava/io/InputStream;"
	outDesc = "Ljava/io/OutputStream;"
)

func (m *Machine) eof() error { return m.throw("Ljava/io/EOFException;", "") }

// in is the stream that a row reads from.
func (m *Machine) in(s slot) *input {
	m.changed(s)
	// A stream around another shares its data.
	if c, ok := s.o.data.(*cell); ok {
		return m.in(c.v)
	}
	return data[*input](m, s)
}

// take reads n bytes.
func (m *Machine) take(s slot, n int) []byte {
	i := m.in(s)
	if n < 0 || len(i.b)-i.at < n {
		i.at = len(i.b)
		m.fail(m.eof())
	}
	i.at += n
	m.worked(n / 8)
	return i.b[i.at-n : i.at]
}

func (m *Machine) out(s slot) *output {
	m.changed(s)
	o := data[*output](m, s)
	for n := 0; o.to != nil && n < 16; n++ {
		m.changed(slot{o: o.to})
		o = data[*output](m, slot{o: o.to})
	}
	return o
}

func (m *Machine) write(s slot, b ...byte) slot {
	o := m.out(s)
	m.grown(len(b))
	o.b = append(o.b, b...)
	return slot{}
}

func (l library) streams() {
	const bin = "Ljava/io/ByteArrayInputStream;"
	l.on(bin, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &input{b: m.raw(a[1])}) }, "<init>([B)")
	l.on(bin, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &input{b: m.part(a[1], a[2].n, a[3].n)}) }, "<init>([BII)")
	around := func(m *Machine, a []slot) slot {
		if a[1].o == nil {
			m.fail(m.null())
		}
		return m.fillIn(a[0], &cell{slot{o: a[1].o}})
	}
	for _, d := range []string{"Ljava/io/DataInputStream;", "Ljava/io/BufferedInputStream;"} {
		l.on(d, around, "<init>("+inDesc+")")
	}
	l.on("Ljava/io/BufferedInputStream;", around, "<init>("+inDesc+"I)")
	inflated := func(open func(r io.Reader) (io.Reader, error)) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			i := m.in(a[1])
			rest := i.b[i.at:]
			i.at = len(i.b)
			return m.fillIn(a[0], &input{b: m.inflate(rest, open)})
		}
	}
	l.on("Ljava/util/zip/GZIPInputStream;", inflated(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }), "<init>("+inDesc+")")
	l.on("Ljava/util/zip/InflaterInputStream;", inflated(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }), "<init>("+inDesc+")")
	l.on(inDesc, func(m *Machine, a []slot) slot {
		i := m.in(a[0])
		if i.at >= len(i.b) {
			return num(-1)
		}
		i.at++
		return num(int64(i.b[i.at-1]))
	}, "read()")
	read := func(m *Machine, s, to slot, off, n int64) slot {
		i := m.in(s)
		m.changed(to)
		d := m.bytes(to)
		if off < 0 || n < 0 || off+n > int64(len(d)) {
			m.fail(m.outside(off))
		}
		if i.at >= len(i.b) && n > 0 {
			return num(-1)
		}
		n = min(n, int64(len(i.b)-i.at))
		m.worked(int(n) / 8)
		for k := range n {
			d[off+k] = int8(i.b[i.at+int(k)])
		}
		i.at += int(n)
		return num(n)
	}
	l.on(inDesc, func(m *Machine, a []slot) slot { return read(m, a[0], a[1], 0, int64(len(m.bytes(a[1])))) }, "read([B)")
	l.on(inDesc, func(m *Machine, a []slot) slot { return read(m, a[0], a[1], a[2].n, a[3].n) }, "read([BII)")
	l.on(inDesc, func(m *Machine, a []slot) slot {
		i := m.in(a[0])
		return num(int64(len(i.b) - i.at))
	}, "available()")
	l.on(inDesc, func(m *Machine, a []slot) slot {
		i := m.in(a[0])
		n := min(max(a[1].n, 0), int64(len(i.b)-i.at))
		i.at += int(n)
		return num(n)
	}, "skip(J)")
	l.on(inDesc, nothing, "close()")
	l.on(inDesc, func(m *Machine, a []slot) slot { i := m.in(a[0]); i.mark = i.at; return slot{} }, "mark(I)")
	l.on(inDesc, func(m *Machine, a []slot) slot { i := m.in(a[0]); i.at = i.mark; return slot{} }, "reset()")

	const din = "Ljava/io/DataInputStream;"
	number := func(name string, size int, fn func(b []byte) int64) {
		l.on(din, func(m *Machine, a []slot) slot { return num(fn(m.take(a[0], size))) }, name)
	}
	be := binary.BigEndian
	number("readByte()", 1, func(b []byte) int64 { return int64(int8(b[0])) })
	number("readBoolean()", 1, func(b []byte) int64 { return truth(b[0] != 0).n })
	number("readUnsignedByte()", 1, func(b []byte) int64 { return int64(b[0]) })
	number("readShort()", 2, func(b []byte) int64 { return int64(int16(be.Uint16(b))) })
	number("readUnsignedShort()", 2, func(b []byte) int64 { return int64(be.Uint16(b)) })
	number("readChar()", 2, func(b []byte) int64 { return int64(be.Uint16(b)) })
	number("readInt()", 4, func(b []byte) int64 { return int64(int32(be.Uint32(b))) })
	number("readLong()", 8, func(b []byte) int64 { return int64(be.Uint64(b)) })
	l.on(din, func(m *Machine, a []slot) slot {
		n := be.Uint16(m.take(a[0], 2))
		return m.text(mutf8(m.take(a[0], int(n))))
	}, "readUTF()")
	l.on(din, func(m *Machine, a []slot) slot {
		m.changed(a[1])
		d := m.bytes(a[1])
		for i, c := range m.take(a[0], len(d)) {
			d[i] = int8(c)
		}
		return slot{}
	}, "readFully([B)")
	l.on(din, func(m *Machine, a []slot) slot {
		i := m.in(a[0])
		n := min(max(a[1].n, 0), int64(len(i.b)-i.at))
		i.at += int(n)
		return num(n)
	}, "skipBytes(I)")

	const bout = "Ljava/io/ByteArrayOutputStream;"
	l.on(bout, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &output{}) }, "<init>()", "<init>(I)")
	for _, d := range []string{"Ljava/io/DataOutputStream;", "Ljava/io/BufferedOutputStream;"} {
		l.on(d, func(m *Machine, a []slot) slot {
			data[*output](m, a[1])
			return m.fillIn(a[0], &output{to: a[1].o})
		}, "<init>("+outDesc+")")
	}
	l.on(outDesc, func(m *Machine, a []slot) slot { return m.write(a[0], byte(a[1].n)) }, "write(I)")
	l.on(outDesc, func(m *Machine, a []slot) slot { return m.write(a[0], m.raw(a[1])...) }, "write([B)")
	l.on(outDesc, func(m *Machine, a []slot) slot { return m.write(a[0], m.part(a[1], a[2].n, a[3].n)...) }, "write([BII)")
	l.on(outDesc, nothing, "close()", "flush()")
	l.on(bout, func(m *Machine, a []slot) slot { return m.byteArray(m.out(a[0]).b) }, "toByteArray()")
	l.on(bout, func(m *Machine, a []slot) slot { return m.text(m.decode(m.out(a[0]).b, "UTF-8")) }, "toString()")
	l.on(bout, func(m *Machine, a []slot) slot { return m.text(m.decode(m.out(a[0]).b, m.charset(a[1]))) }, "toString("+stringDesc+")")
	l.on(bout, func(m *Machine, a []slot) slot { return num(int64(len(m.out(a[0]).b))) }, "size()")
	l.on(bout, func(m *Machine, a []slot) slot { m.out(a[0]).b = nil; return slot{} }, "reset()")
	const dout = "Ljava/io/DataOutputStream;"
	l.on(dout, func(m *Machine, a []slot) slot { return m.write(a[0], byte(a[1].n)) }, "writeByte(I)", "writeBoolean(Z)")
	l.on(dout, func(m *Machine, a []slot) slot { return m.write(a[0], be.AppendUint16(nil, uint16(a[1].n))...) }, "writeShort(I)", "writeChar(I)")
	l.on(dout, func(m *Machine, a []slot) slot { return m.write(a[0], be.AppendUint32(nil, uint32(a[1].n))...) }, "writeInt(I)")
	l.on(dout, func(m *Machine, a []slot) slot { return m.write(a[0], be.AppendUint64(nil, uint64(a[1].n))...) }, "writeLong(J)")

	// Checksums.
	const crc = "Ljava/util/zip/CRC32;"
	l.on(crc, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &cell{}) }, "<init>()")
	sum := func(m *Machine, s slot, b []byte) slot {
		m.changed(s)
		c := data[*cell](m, s)
		m.worked(len(b) / 4)
		c.v.n = int64(crc32.Update(uint32(c.v.n), crc32.IEEETable, b))
		return slot{}
	}
	l.on(crc, func(m *Machine, a []slot) slot { return sum(m, a[0], m.raw(a[1])) }, "update([B)")
	l.on(crc, func(m *Machine, a []slot) slot { return sum(m, a[0], m.part(a[1], a[2].n, a[3].n)) }, "update([BII)")
	l.on(crc, func(m *Machine, a []slot) slot { return sum(m, a[0], []byte{byte(a[1].n)}) }, "update(I)")
	l.on(crc, func(m *Machine, a []slot) slot { return num(data[*cell](m, a[0]).v.n) }, "getValue()")
	l.on(crc, func(m *Machine, a []slot) slot { m.changed(a[0]); data[*cell](m, a[0]).v = slot{}; return slot{} }, "reset()")

	// Inflater.
	const inf = "Ljava/util/zip/Inflater;"
	l.on(inf, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &inflater{}) }, "<init>()")
	l.on(inf, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &inflater{plain: a[1].n != 0}) }, "<init>(Z)")
	set := func(m *Machine, s slot, b []byte) slot {
		m.changed(s)
		i := data[*inflater](m, s)
		open := func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
		if i.plain {
			open = func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }
		}
		i.input = input{b: m.inflate(b, open)}
		return slot{}
	}
	l.on(inf, func(m *Machine, a []slot) slot { return set(m, a[0], m.raw(a[1])) }, "setInput([B)")
	l.on(inf, func(m *Machine, a []slot) slot { return set(m, a[0], m.part(a[1], a[2].n, a[3].n)) }, "setInput([BII)")
	l.on(inf, func(m *Machine, a []slot) slot {
		m.changed(a[0])
		i := data[*inflater](m, a[0])
		m.changed(a[1])
		d := m.bytes(a[1])
		n := min(len(d), len(i.b)-i.at)
		for k := range n {
			d[k] = int8(i.b[i.at+k])
		}
		i.at += n
		return num(int64(n))
	}, "inflate([B)")
	l.on(inf, func(m *Machine, a []slot) slot {
		i := data[*inflater](m, a[0])
		return truth(i.at >= len(i.b))
	}, "finished()")
	l.on(inf, nothing, "end()")
}

// inflater is the data of an Inflater.
type inflater struct {
	input
	plain bool // without a header
}

func (i *inflater) copied() (any, int64) { c := *i; return &c, 64 }

// inflate inflates as much as the run may hold.
func (m *Machine) inflate(b []byte, open func(io.Reader) (io.Reader, error)) []byte {
	bad := func() { m.fail(m.throw("Ljava/util/zip/ZipException;", "")) }
	r, err := open(bytes.NewReader(b))
	if err != nil {
		bad()
	}
	var out []byte
	buf := make([]byte, 4<<10)
	for {
		n, err := r.Read(buf)
		m.grown(2 * n)
		m.worked(n)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			bad()
		}
	}
}

// charsets are the names under which the known ones go.
var charsets = map[string]string{
	"UTF-8": "UTF-8", "UTF8": "UTF-8", "US-ASCII": "US-ASCII", "ASCII": "US-ASCII", "ISO-8859-1": "ISO-8859-1", "ISO8859-1": "ISO-8859-1",
	"LATIN1": "ISO-8859-1", "ISO8859_1": "ISO-8859-1", "UTF-16": "UTF-16", "UTF-16BE": "UTF-16BE", "UTF-16LE": "UTF-16LE", "UNICODE": "UTF-16",
	"GBK": "GBK", "GB2312": "GBK", "GB18030": "GB18030",
}

// charset is the charset that an argument names: a string, or a Charset.
func (m *Machine) charset(s slot) string {
	if s.o != nil {
		if c, ok := s.o.data.(string); ok && s.o.class.desc == charsetDesc {
			return c
		}
	}
	c, ok := charsets[strings.ToUpper(m.gostr(s))]
	if !ok {
		m.fail(m.throw("Ljava/io/UnsupportedEncodingException;", ""))
	}
	return c
}

func (m *Machine) decode(b []byte, charset string) []uint16 {
	m.grown(2 * len(b))
	var u []uint16
	switch charset {
	case "ISO-8859-1", "US-ASCII":
		for _, c := range b {
			if c >= 0x80 && charset == "US-ASCII" {
				u = append(u, utf8.RuneError)
				continue
			}
			u = append(u, uint16(c))
		}
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		little := charset == "UTF-16LE"
		if charset == "UTF-16" && len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe) {
			little = b[0] == 0xff
			b = b[2:]
		}
		for ; len(b) >= 2; b = b[2:] {
			if little {
				u = append(u, uint16(b[0])|uint16(b[1])<<8)
			} else {
				u = append(u, uint16(b[1])|uint16(b[0])<<8)
			}
		}
		if len(b) > 0 {
			u = append(u, utf8.RuneError)
		}
	case "GBK":
		s, _ := simplifiedchinese.GBK.NewDecoder().Bytes(b)
		u = utf16Of(string(s))
	case "GB18030":
		s, _ := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		u = utf16Of(string(s))
	default:
		u = make([]uint16, 0, len(b))
		for len(b) > 0 {
			if b[0] < 0x80 {
				u = append(u, uint16(b[0]))
				b = b[1:]
				continue
			}
			r, n := utf8.DecodeRune(b)
			u = utf16.AppendRune(u, r)
			b = b[n:]
		}
	}
	return u
}

func (m *Machine) encode(u []uint16, charset string) []byte {
	m.grown(3 * len(u))
	var b []byte
	switch charset {
	case "ISO-8859-1", "US-ASCII":
		most := uint16(0xff)
		if charset == "US-ASCII" {
			most = 0x7f
		}
		for i := 0; i < len(u); i++ {
			c := u[i]
			if c > most {
				if c&0xfc00 == 0xd800 && i+1 < len(u) && u[i+1]&0xfc00 == 0xdc00 {
					i++
				}
				c = '?'
			}
			b = append(b, byte(c))
		}
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		if charset == "UTF-16" {
			b = append(b, 0xfe, 0xff)
		}
		for _, c := range u {
			if charset == "UTF-16LE" {
				b = append(b, byte(c), byte(c>>8))
			} else {
				b = append(b, byte(c>>8), byte(c))
			}
		}
	case "GBK", "GB18030":
		enc := simplifiedchinese.GBK.NewEncoder()
		if charset == "GB18030" {
			enc = simplifiedchinese.GB18030.NewEncoder()
		}
		s, err := enc.String(string(utf16.Decode(u)))
		if err != nil {
			m.fail(errNotModelled)
		}
		b = []byte(s)
	default:
		b = make([]byte, 0, len(u))
		for i := 0; i < len(u); i++ {
			r := rune(u[i])
			if utf16.IsSurrogate(r) {
				p := rune(utf8.RuneError)
				if i+1 < len(u) {
					p = utf16.DecodeRune(r, rune(u[i+1]))
				}
				if r = p; r == utf8.RuneError {
					b = append(b, '?')
					continue
				}
				i++
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

func (l library) encodings() {
	const cs = charsetDesc
	l.static(cs, func(m *Machine, a []slot) slot {
		c, ok := charsets[strings.ToUpper(m.gostr(a[0]))]
		if !ok {
			m.fail(m.throw("Ljava/nio/charset/UnsupportedCharsetException;", ""))
		}
		return m.object(cs, c)
	}, "forName("+stringDesc+")")
	l.static(cs, func(m *Machine, a []slot) slot { return m.object(cs, "UTF-8") }, "defaultCharset()")
	l.on(cs, func(m *Machine, a []slot) slot { return m.goText(data[string](m, a[0])) }, "name()", "toString()", "displayName()")

	// Base64 of Android and of Java.
	const ab = "Landroid/util/Base64;"
	decode := func(m *Machine, b []byte, flags int64) slot {
		d, ok := decode64(b, flags&8 != 0, true)
		if !ok {
			m.fail(m.throw("Ljava/lang/IllegalArgumentException;", "bad base-64"))
		}
		m.worked(len(b) / 4)
		return m.byteArray(d)
	}
	l.static(ab, func(m *Machine, a []slot) slot { return decode(m, m.encode(m.str(a[0]), "UTF-8"), a[1].n) }, "decode("+stringDesc+"I)")
	l.static(ab, func(m *Machine, a []slot) slot { return decode(m, m.raw(a[0]), a[1].n) }, "decode([BI)")
	l.static(ab, func(m *Machine, a []slot) slot { return decode(m, m.part(a[0], a[1].n, a[2].n), a[3].n) }, "decode([BIII)")
	encode := func(m *Machine, b []byte, flags int64) string {
		m.grown(2 * len(b))
		s := encoding64(flags&8 != 0, flags&1 == 0).EncodeToString(b)
		if flags&2 == 0 { // lines of 76, each with its end
			end := "\n"
			if flags&4 != 0 {
				end = "\r\n"
			}
			var out strings.Builder
			for len(s) > 0 {
				n := min(76, len(s))
				out.WriteString(s[:n] + end)
				s = s[n:]
			}
			s = out.String()
		}
		return s
	}
	l.static(ab, func(m *Machine, a []slot) slot { return m.goText(encode(m, m.raw(a[0]), a[1].n)) }, "encodeToString([BI)")
	l.static(ab, func(m *Machine, a []slot) slot { return m.byteArray([]byte(encode(m, m.raw(a[0]), a[1].n))) }, "encode([BI)")

	const jb, dec, enc = "Ljava/util/Base64;", "Ljava/util/Base64$Decoder;", "Ljava/util/Base64$Encoder;"
	for name, c := range map[string]codec64{"": {}, "Url": {url: true}, "Mime": {mime: true}} {
		l.static(jb, func(m *Machine, a []slot) slot { return m.object(dec, c) }, "get"+name+"Decoder()")
		if !c.mime {
			l.static(jb, func(m *Machine, a []slot) slot { return m.object(enc, c) }, "get"+name+"Encoder()")
		}
	}
	jdecode := func(m *Machine, s slot, b []byte) slot {
		c := data[codec64](m, s)
		d, ok := decode64(b, c.url, c.mime)
		if !ok {
			m.fail(m.throw("Ljava/lang/IllegalArgumentException;", ""))
		}
		return m.byteArray(d)
	}
	l.on(dec, func(m *Machine, a []slot) slot { return jdecode(m, a[0], m.encode(m.str(a[1]), "ISO-8859-1")) }, "decode("+stringDesc+")")
	l.on(dec, func(m *Machine, a []slot) slot { return jdecode(m, a[0], m.raw(a[1])) }, "decode([B)")
	jencode := func(m *Machine, a []slot) string {
		c := data[codec64](m, a[0])
		m.grown(2 * len(m.bytes(a[1])))
		return encoding64(c.url, !c.bare).EncodeToString(m.raw(a[1]))
	}
	l.on(enc, func(m *Machine, a []slot) slot { return m.goText(jencode(m, a)) }, "encodeToString([B)")
	l.on(enc, func(m *Machine, a []slot) slot { return m.byteArray([]byte(jencode(m, a))) }, "encode([B)")
	l.on(enc, func(m *Machine, a []slot) slot {
		c := data[codec64](m, a[0])
		c.bare = true
		return m.object(enc, c)
	}, "withoutPadding()")

	// Addresses.
	unescape := func(plus bool) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			s := m.gostr(a[0])
			m.worked(len(s))
			f := url.PathUnescape
			if plus {
				f = url.QueryUnescape
			}
			d, err := f(s)
			if err != nil {
				m.fail(m.throw("Ljava/lang/IllegalArgumentException;", ""))
			}
			return m.goText(strings.ToValidUTF8(d, "\ufffd"))
		}
	}
	l.static("Ljava/net/URLDecoder;", unescape(true), "decode("+stringDesc+stringDesc+")", "decode("+stringDesc+")", "decode("+stringDesc+charsetDesc+")")
	l.static("Landroid/net/Uri;", unescape(false), "decode("+stringDesc+")")
	escape := func(keep string, plus bool) func(m *Machine, a []slot) slot {
		return func(m *Machine, a []slot) slot {
			b := m.encode(m.str(a[0]), "UTF-8")
			m.grown(6 * len(b))
			var out []byte
			for _, c := range b {
				switch {
				case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte(keep, c) >= 0:
					out = append(out, c)
				case c == ' ' && plus:
					out = append(out, '+')
				default:
					const hex = "0123456789ABCDEF"
					out = append(out, '%', hex[c>>4], hex[c&15])
				}
			}
			return m.goText(string(out))
		}
	}
	l.static("Ljava/net/URLEncoder;", escape(".-*_", true), "encode("+stringDesc+stringDesc+")", "encode("+stringDesc+")")
	l.static("Landroid/net/Uri;", escape("_-!.~'()*", false), "encode("+stringDesc+")")
}

// codec64 is the data of a Base64 encoder or decoder.
type codec64 struct{ url, mime, bare bool }

func encoding64(url, pad bool) *base64.Encoding {
	switch {
	case url && pad:
		return base64.URLEncoding
	case url:
		return base64.RawURLEncoding
	case pad:
		return base64.StdEncoding
	}
	return base64.RawStdEncoding
}

// decode64 decodes Base64. Lenient decoders skip what is no digit; padding may
// be missing everywhere, as Android and Java have it.
func decode64(b []byte, url, lenient bool) ([]byte, bool) {
	clean := make([]byte, 0, len(b))
digits:
	for i, c := range b {
		digit := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if url {
			digit = digit || c == '-' || c == '_'
		} else {
			digit = digit || c == '+' || c == '/'
		}
		switch {
		case digit:
			clean = append(clean, c)
		case c == '=':
			if rest := bytes.Trim(b[i:], "=\r\n\t "); len(rest) > 0 {
				return nil, false
			}
			break digits
		case !lenient, url && (c == '+' || c == '/'):
			return nil, false
		}
	}
	d, err := encoding64(url, false).DecodeString(string(clean))
	return d, err == nil
}
