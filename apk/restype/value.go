package restype

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ValueType is the dataType of a Res_value.
type ValueType uint8

// The value types of ResourceTypes.h. Types from TypeIntFirst to TypeIntLast
// are integers of some kind.
const (
	TypeNull             ValueType = 0x00
	TypeReference        ValueType = 0x01
	TypeAttribute        ValueType = 0x02
	TypeString           ValueType = 0x03
	TypeFloat            ValueType = 0x04
	TypeDimension        ValueType = 0x05
	TypeFraction         ValueType = 0x06
	TypeDynamicReference ValueType = 0x07
	TypeDynamicAttribute ValueType = 0x08
	TypeIntDec           ValueType = 0x10
	TypeIntHex           ValueType = 0x11
	TypeIntBool          ValueType = 0x12
	TypeColorARGB8       ValueType = 0x1c
	TypeColorRGB8        ValueType = 0x1d
	TypeColorARGB4       ValueType = 0x1e
	TypeColorRGB4        ValueType = 0x1f

	TypeIntFirst = TypeIntDec
	TypeIntLast  = TypeColorRGB4
)

// Value is a typed value of an attribute or a resource.
type Value struct {
	Type ValueType
	Data uint32 // meaning depends on Type; for strings the index in the pool it came from
	Str  string // the text of a string
}

// IsRef says whether the value refers to a resource and to which. References
// to attributes of the theme ("?attr/x") are not meant: they have no value
// without a theme. A reference to 0 is "@null".
func (v Value) IsRef() (id uint32, ok bool) {
	return v.Data, (v.Type == TypeReference || v.Type == TypeDynamicReference) && v.Data != 0
}

// IsInt says whether the value is an integer of some kind (bools and colours are).
func (v Value) IsInt() bool { return v.Type >= TypeIntFirst && v.Type <= TypeIntLast }

// Bool reads the value as TypedArray.getBoolean does: integers are true unless
// 0, the strings "true", "TRUE" and "1" are true and other strings false. For
// any other type it returns def.
func (v Value) Bool(def bool) bool {
	switch {
	case v.IsInt():
		return v.Data != 0
	case v.Type == TypeString:
		return v.Str == "1" || v.Str == "true" || v.Str == "TRUE"
	}
	return def
}

// Int reads the value as TypedArray.getInt does: integers as they are, strings
// by their text ("-7", "0x1f", "#1f", "017"). For any other type it returns def.
func (v Value) Int(def int32) int32 {
	switch {
	case v.IsInt():
		return int32(v.Data)
	case v.Type == TypeFloat:
		return int32(math.Float32frombits(v.Data))
	case v.Type == TypeString:
		if n, ok := parseInt(v.Str); ok {
			return n
		}
	}
	return def
}

func parseInt(s string) (int32, bool) {
	digits, neg := strings.CutPrefix(strings.TrimSpace(s), "-")
	base := 10
	switch {
	case strings.HasPrefix(digits, "0x"), strings.HasPrefix(digits, "0X"):
		digits, base = digits[2:], 16
	case strings.HasPrefix(digits, "#"):
		digits, base = digits[1:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, false
	}
	if neg {
		return -int32(n), true
	}
	return int32(n), true
}

// Text renders the value as Android's TypedValue.coerceToString does, except
// that references are written "@0x7f010001" and "?0x7f010001", and "@null" is
// kept. A null value is "".
func (v Value) Text() string {
	switch v.Type {
	case TypeString:
		return v.Str
	case TypeReference, TypeDynamicReference:
		if v.Data == 0 {
			return "@null"
		}
		return fmt.Sprintf("@0x%08x", v.Data)
	case TypeAttribute, TypeDynamicAttribute:
		return fmt.Sprintf("?0x%08x", v.Data)
	case TypeFloat:
		return javaFloat(math.Float32frombits(v.Data))
	case TypeDimension:
		return complexText(v.Data, [16]string{"px", "dip", "sp", "pt", "in", "mm"}, 1)
	case TypeFraction:
		return complexText(v.Data, [16]string{"%", "%p"}, 100)
	case TypeIntHex:
		return fmt.Sprintf("0x%x", v.Data)
	case TypeIntBool:
		return strconv.FormatBool(v.Data != 0)
	case TypeColorARGB8, TypeColorRGB8, TypeColorARGB4, TypeColorRGB4:
		return fmt.Sprintf("#%x", v.Data)
	}
	if v.IsInt() {
		return strconv.Itoa(int(int32(v.Data)))
	}
	if v.Type == TypeNull {
		return ""
	}
	return fmt.Sprintf("(type 0x%02x)0x%x", uint8(v.Type), v.Data)
}

// complexText renders the packed form of dimensions and fractions: a signed
// mantissa of 24 bits, a radix of 2 bits and a unit of 4.
func complexText(data uint32, units [16]string, scale float32) string {
	const mantissaMult = 1.0 / (1 << 8)
	radix := [4]float32{1 * mantissaMult, mantissaMult / (1 << 7), mantissaMult / (1 << 15), mantissaMult / (1 << 23)}
	return javaFloat(float32(int32(data&0xffffff00))*radix[data>>4&3]*scale) + units[data&15]
}

// javaFloat renders f as Java's Float.toString does.
func javaFloat(f float32) string {
	g := float64(f)
	switch a := math.Abs(g); {
	case math.IsNaN(g):
		return "NaN"
	case math.IsInf(g, 0):
		return strings.TrimPrefix(strconv.FormatFloat(g, 'f', -1, 32), "+") + "inity"
	case a == 0 || a >= 1e-3 && a < 1e7:
		s := strconv.FormatFloat(g, 'f', -1, 32)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(g, 'e', -1, 32)
	mantissa, exp, _ := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exp)
	return mantissa + "E" + strconv.Itoa(n)
}
