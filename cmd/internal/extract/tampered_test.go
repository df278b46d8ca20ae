package extract

import (
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
)

// Two entries of one name are a trick where Android may look for code, and
// nothing of the kind in an archive that an app keeps data in.
func TestOddDataIsNotTampering(t *testing.T) {
	const m = `<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="a"/>`
	code := apktest.File{Name: "classes.dex", Content: dexOf("a/Main", "main.example.com")}
	twice := []apktest.File{{Name: "words", Content: "a"}, {Name: "words", Content: "b"}}
	for _, tt := range []struct {
		inner []apktest.File
		want  string
	}{
		{twice, "malformed assets/x.zip!words: 2 entries bear this name"},
		{append([]apktest.File{code}, twice...), "tampered assets/x.zip!words: 2 entries bear this name (Android refuses this)"},
	} {
		inner := string(apktest.ZIP{Files: tt.inner}.Bytes())
		s := factsOf(t, in("app.apk", apkOf(m, nil, code, apktest.File{Name: "assets/x.zip", Content: inner})))
		if got := problemText(s); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
