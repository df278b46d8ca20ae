package judge

import (
	"os"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// What is left unread must show nothing when it is read.
func FuzzMayShow(f *testing.F) {
	r, err := signatures.Load(os.DirFS("testdata/rules"), "testdata/rules", signatures.Overlay)
	if err != nil {
		f.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		f.Fatal(err)
	}
	spots := newSpotter(c)
	shown := 0
	for _, s := range []string{
		"https://stat.acme.com/v1", "stat.acme.com", "10.1.2.3", "[2001:db8::1]:80", "http", "https",
		"aHR0cHM6Ly9zdGF0LmFjbWUuY29tL3Yx", "68747470733a2f2f737461742e61636d652e636f6d", "moc.emca.tats//:sptth",
		"==Qbvt1Lt92Yuw2ZvdGLyFWb0Nmc", "https%3A%2F%2Fstat.acme.com%2Fv1", "android_id", "YW5kcm9pZF9pZA==",
		"Lcom/acme/stat/Agent;", "(ILjava/lang/String;)V", "<init>", "getDeviceId", "a b", "\x00\u00e4",
	} {
		f.Add(s)
		if mayShow(fact.GistOf(s)) {
			shown++
		}
	}
	if shown != 13+1 { // a name looks like base64
		f.Errorf("%d of the seeds would be read", shown)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, decoded, words := spots.read(s, nil)
		if len(plain)+len(decoded)+len(words) > 0 || isPiece(s) {
			if !mayShow(fact.GistOf(s)) {
				t.Errorf("%q would not be read: %v %v %v", s, plain, decoded, words)
			}
		}
	})
}
