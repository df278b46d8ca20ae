package fact_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/telltale-apk/telltale/signatures/fact"
)

func TestJNIName(t *testing.T) {
	for symbol, want := range map[string]string{
		"Java_com_foo_Bar_baz":                            "Lcom/foo/Bar;->baz",
		"Java_com_foo_Bar_00024Inner_baz":                 "Lcom/foo/Bar$Inner;->baz",
		"Java_com_foo_1bar_Baz_get_1it":                   "Lcom/foo_bar/Baz;->get_it",
		"Java_com_foo_Bar__1private":                      "Lcom/foo/Bar;->_private",
		"Java_com_foo_Bar_baz__I":                         "Lcom/foo/Bar;->baz",
		"Java_com_foo_Bar_baz__":                          "Lcom/foo/Bar;->baz",
		"Java_com_foo_Bar_baz___3BLjava_lang_String_2":    "Lcom/foo/Bar;->baz",
		"Java_Bar_baz":                                    "LBar;->baz",
		"Java_com_foo_B_000e4r_baz":                       "Lcom/foo/Bär;->baz",
		"Java_com_google_firebase_crashlytics_Ndk_init_1": "Lcom/google/firebase/crashlytics/Ndk;->init_",
	} {
		class, method, ok := fact.JNIName(symbol)
		if got := class + "->" + method; !ok || got != want {
			t.Errorf("%s: %s %v, want %s", symbol, got, ok, want)
		}
	}
	for _, symbol := range []string{"", "Java_", "Java_x", "Java_com_", "Java__com", "JNI_OnLoad", "java_com_foo_Bar", "Java_a_0zzzzb_c", "Java_a_b_0", "Java_a_2b_c", "Java_" + strings.Repeat("x_", 3000)} {
		if class, method, ok := fact.JNIName(symbol); ok {
			t.Errorf("%q: %q %q", symbol, class, method)
		}
	}
}

func FuzzJNIName(f *testing.F) {
	f.Add("Java_com_foo_Bar_00024Inner_baz__I")
	f.Fuzz(func(t *testing.T, symbol string) {
		class, method, ok := fact.JNIName(symbol)
		if ok && (len(class) < 3 || class[0] != 'L' || class[len(class)-1] != ';' || method == "") {
			t.Fatalf("%q: %q %q", symbol, class, method)
		}
		if ok && utf8.ValidString(symbol) && !utf8.ValidString(class+method) {
			t.Fatalf("%q: %q %q", symbol, class, method)
		}
	})
}
