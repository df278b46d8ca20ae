package descriptor

import (
	"slices"
	"strings"
	"testing"
)

func TestParams(t *testing.T) {
	for proto, want := range map[string]string{
		"()V":                         "",
		"(I)V":                        "I",
		"(ILjava/lang/String;[[J)V":   "I Ljava/lang/String; [[J",
		"([Ljava/lang/Object;Z)La/B;": "[Ljava/lang/Object; Z",
		"":                            "",
		"(":                           "",
		"(I":                          "I",
		"(ILjava/lang":                "I",
		"(I[":                         "I",
	} {
		if got := strings.Join(slices.Collect(Params(proto)), " "); got != want {
			t.Errorf("%q: %q, want %q", proto, got, want)
		}
	}
	for d := range Params("(IJ)V") {
		if d != "I" {
			t.Errorf("goes on with %q after the end", d)
		}
		break
	}
}
