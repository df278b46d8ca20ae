package report

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzIndented holds the indentation against that of encoding/json.
func FuzzIndented(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `{"a":[],"b":{},"c":[1,{"d":"e\"\\"}],"f":"{[,:"}`, `[[],[[]],{"":""}]`, `"a"`, `-1.5e3`, `[null,true]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var compact, want bytes.Buffer
		if json.Compact(&compact, b) != nil {
			return
		}
		if err := json.Indent(&want, compact.Bytes(), "\t", "  "); err != nil {
			t.Fatal(err)
		}
		if got := indented(nil, compact.Bytes(), "\t", "  "); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s\n%s", got, want.Bytes())
		}
	})
}
