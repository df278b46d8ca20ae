// Package wire walks the fields of protobuf messages without generated code or
// descriptors: those who know a schema pick the fields that they want.
//
// All bytes are hostile. A [Message] borrows its bytes, never reads outside
// them and allocates nothing; a walk takes time proportional to the bytes of
// one message without its nested ones. The encoding is described at
// https://protobuf.dev/programming-guides/encoding.
package wire

import (
	"errors"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Message is a walk over the fields of one message. It is not safe for
// concurrent use.
//
//	for m := wire.New(b, 0); m.Next(); {
//		switch m.Num {
//		case 1:
//			name = m.String()
//		}
//	}
type Message struct {
	// Num, Type and Off are those of the field that Next moved to. Off is the
	// offset of the value from the start of the file: of the first byte behind
	// the length, if it has one.
	Num  protowire.Number
	Type protowire.Type
	Off  int64

	data  []byte
	base  int64
	pos   int
	num   uint64
	bytes []byte
	err   error
}

// New starts a walk over the message data, whose first byte stands at offset
// base of its file.
func New(data []byte, base int64) *Message { return &Message{data: data, base: base} }

// Next moves to the next field. It returns false at the end, and where the
// bytes are no message: Err tells the two apart.
func (m *Message) Next() bool {
	if m.err != nil || m.pos >= len(m.data) {
		return false
	}
	num, typ, n := protowire.ConsumeTag(m.data[m.pos:])
	if n < 0 {
		return m.fail(kindOf(n))
	}
	at := m.pos + n
	rest := m.data[at:]
	m.Num, m.Type, m.num, m.bytes = num, typ, 0, nil
	switch typ {
	case protowire.VarintType:
		m.num, n = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(rest)
		m.num = uint64(v)
	case protowire.Fixed64Type:
		m.num, n = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		m.bytes, n = protowire.ConsumeBytes(rest)
		at += max(n, 0) - len(m.bytes)
		n = min(n, len(m.bytes))
	case protowire.StartGroupType:
		// No schema here has groups; what is inside one is skipped. The
		// library bounds their nesting.
		n = protowire.ConsumeFieldValue(num, typ, rest)
	default: // an end of a group that did not begin, or no type
		return m.fail(binread.Malformed)
	}
	if n < 0 {
		return m.fail(kindOf(n))
	}
	m.Off = m.base + int64(at)
	m.pos = at + n
	return true
}

func (m *Message) fail(kind binread.Kind) bool {
	m.err = binread.Errorf(kind, "protobuf", m.At(), "no valid field")
	return false
}

// kindOf translates protowire's codes.
func kindOf(code int) binread.Kind {
	if errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) {
		return binread.Truncated
	}
	return binread.Malformed
}

// At returns the offset of the field behind the last one, or of the one that
// ended the walk, from the start of the file.
func (m *Message) At() int64 { return m.base + int64(m.pos) }

// Err returns what ended the walk before the end of the message, or nil.
func (m *Message) Err() error { return m.err }

// Bytes returns the value of a length-delimited field, nil for others. It
// belongs to the message's bytes.
func (m *Message) Bytes() []byte { return m.bytes }

// Text returns the value of a length-delimited field as a string, as it is:
// it need not be UTF-8.
func (m *Message) Text() string { return string(m.bytes) }

// Uint returns the value of a number, 0 for other fields.
func (m *Message) Uint() uint64 { return m.num }

// Uint32 returns the lower 32 bits of a number, as protobuf does where a
// schema has a shorter type than the data.
func (m *Message) Uint32() uint32 { return uint32(m.num) }

// Float returns the value of a field that the schema says to be a float.
func (m *Message) Float() float32 { return math.Float32frombits(uint32(m.num)) }

// Sub starts a walk over the field as a message. For a field that is none the
// walk is empty.
func (m *Message) Sub() *Message { return New(m.bytes, m.Off) }

// IsMessage reports whether the field is length-delimited, as messages,
// strings and packed lists are.
func (m *Message) IsMessage() bool { return m.Type == protowire.BytesType }
