package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWaitForChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rule.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	old := stateOf(file)
	go func() {
		time.Sleep(120 * time.Millisecond)
		os.Remove(file) // as editors do that write anew
		os.WriteFile(file, []byte("longer"), 0o600)
	}()
	now, err := waitForChange(context.Background(), file, old)
	if err != nil || now == old || now != stateOf(file) {
		t.Errorf("%v, %v then %v", err, old, now)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := waitForChange(ctx, file, now); err == nil {
		t.Error("a change is seen where there was none")
	}
}
