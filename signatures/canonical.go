package signatures

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Canonical renders a rule struct as JSON with sorted keys, without white
// space and without fields that are empty: the form that digests are made
// from. v is a pointer as [Rules.Get] returns it.
func Canonical(v any) []byte { return canonical(v) }

func canonical(v any) []byte { return appendCanonical(nil, reflect.ValueOf(v)) }

func appendCanonical(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		return appendCanonical(b, v.Elem())
	case reflect.Struct:
		b = append(b, '{')
		first := true
		for _, f := range layouts()[v.Type()].sorted {
			fv := v.FieldByIndex(f.index)
			if isEmpty(fv) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendText(b, f.name)
			b = append(b, ':')
			b = appendCanonical(b, fv)
		}
		return append(b, '}')
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, v.Index(i))
		}
		return append(b, ']')
	case reflect.Map:
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			if k.Kind() == reflect.Int {
				b = appendText(b, strconv.FormatInt(k.Int(), 10))
			} else {
				b = appendText(b, k.String())
			}
			b = append(b, ':')
			b = appendCanonical(b, v.MapIndex(k))
		}
		return append(b, '}')
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Int, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	}
	panic("signatures: rule field of unsupported type " + v.Type().String())
}

func appendText(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	t, err := json.Marshal(s)
	if err != nil { // json.Marshal takes any string
		panic(err)
	}
	return append(b, t...)
}

// isEmpty reports whether a value says nothing: zero, or an empty list.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			if !isEmpty(v.FieldByIndex(f.index)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.Kind() == reflect.Int {
			return int(a.Int() - b.Int())
		}
		return strings.Compare(a.String(), b.String())
	})
	return keys
}
