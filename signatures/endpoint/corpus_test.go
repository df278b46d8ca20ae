package endpoint

import (
	"os"
	"strings"
	"testing"
)

// corpus reads a file of strings, one a line.
func corpus(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	r := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\x01`, "\x01")
	var out []string
	for _, l := range strings.Split(string(b), "\n") {
		if l != "" && !strings.HasPrefix(l, "# ") {
			out = append(out, r.Replace(l))
		}
	}
	return out
}

// TestCorpus states the precision and recall that the package doc speaks of:
// every case is judged, and the floor is what was reached.
func TestCorpus(t *testing.T) {
	pos, neg := corpus(t, "positive.txt"), corpus(t, "negative.txt")
	if len(pos) < 300 || len(neg) < 600 {
		t.Fatalf("the corpus shrank: %d positive, %d negative strings", len(pos), len(neg))
	}
	var tp, fp, fn int
	for _, line := range pos {
		s, values, ok := strings.Cut(line, " => ")
		want := []string{s}
		if ok {
			want = strings.Split(values, " | ")
		}
		found := map[string]bool{}
		for _, e := range Find(s) {
			found[e.Value] = true
		}
		for _, w := range want {
			w = strings.ReplaceAll(w, "\x01", "*")
			if found[w] {
				tp++
				delete(found, w)
			} else {
				fn++
				t.Logf("missed %q in %q", w, s)
			}
		}
		for v := range found {
			fp++
			t.Logf("wrong %q in %q", v, s)
		}
	}
	for _, s := range neg {
		for _, e := range Find(s) {
			fp++
			t.Logf("wrong %q in %q", e.Value, s)
		}
	}
	precision, recall := float64(tp)/float64(tp+fp), float64(tp)/float64(tp+fn)
	t.Logf("%d positive and %d negative strings: precision %.4f, recall %.4f", len(pos), len(neg), precision, recall)
	if precision < 0.995 || recall < 0.98 {
		t.Errorf("precision %.4f, recall %.4f", precision, recall)
	}
}
