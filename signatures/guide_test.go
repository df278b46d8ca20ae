package signatures

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures/rule"
)

// TestGuideNamesEveryField holds the author's guide against the structs: each
// field of a rule, and each kind of signal and source, is told there.
func TestGuideNamesEveryField(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	n := 0
	for _, v := range []any{rule.SDK{}, rule.Signal{}, rule.Example{}, rule.Domain{}, rule.Identifier{}, rule.Sink{}, rule.Noise{}, rule.Vendor{}, rule.Source{}} {
		for _, f := range fieldsOf(reflect.TypeOf(v)) {
			n++
			if !strings.Contains(guide, "`"+f.name+"`") && !strings.Contains(guide, "\n"+f.name+":") && !strings.Contains(guide, " "+f.name+":") && !strings.Contains(guide, "{"+f.name+":") {
				t.Errorf("the guide does not name the field %q of %T", f.name, v)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d fields were looked at", n)
	}
	for _, k := range kindOrder {
		if !strings.Contains(guide, "`"+string(k)+"`") && !strings.Contains(guide, "**"+string(k)+"**") {
			t.Errorf("the guide does not name the kind %q", k)
		}
	}
}
