package fact

import (
	"bytes"
	"testing"
)

// FreezeRaw is Freeze without compression, so that tests can reach into it.
func FreezeRaw(t testing.TB, s *Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := freeze(&b, s, true); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
