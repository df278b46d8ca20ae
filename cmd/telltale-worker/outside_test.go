package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// locked is a buffer that is written while it is read.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A worker tells numbers at an address that was asked for, logs every item with
// its id, ends in good order when it is told to, and its log can be planned with.
func TestSeenFromOutside(t *testing.T) {
	storeDir, addr, metrics := filepath.Join(t.TempDir(), "store"), freePort(t), freePort(t)
	server := start(t, "serve", "--dir", t.TempDir(), "--listen", addr)
	defer server.end()
	common := []string{"--store", storeDir, "--inputs", "../../testdata/apks", "--nats", "nats://" + addr}
	must(t, append([]string{"enqueue", "--log-level", "warning"}, common...)...)

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var log locked
	ended := make(chan int, 1)
	go func() {
		ended <- new(program).run(ctx, append([]string{"telltale-worker", "work", "--metrics", metrics}, common...), io.Discard, &log)
	}()
	const want = `telltale_items_total{status="complete"} 4`
	told := ""
	for range 300 {
		if r, err := http.Get("http://" + metrics + "/metrics"); err == nil {
			b, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if told = string(b); strings.Contains(told, want) {
				break
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, s := range []string{want, "telltale_items_busy 0", "telltale_item_seconds_count 4", "telltale_items_dead_total 0", "telltale_fetched_bytes_total 0"} {
		if !strings.Contains(told, s) {
			t.Errorf("no %s in\n%s", s, told)
		}
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit %d", code)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	n := 0
	for line := range strings.Lines(log.String()) {
		var l struct {
			Msg, Item, Path, Status string
			Seconds                 float64
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if l.Msg == "done" {
			if n++; len(l.Item) != 64 || l.Path == "" || l.Status != "complete" || l.Seconds <= 0 {
				t.Error(line)
			}
		}
	}
	if n != 4 {
		t.Errorf("%d items in the log:\n%s", n, log.String())
	}
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(log.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	out := must(t, "plan", "--items", "1000", "--machines", "2", file)
	if !strings.HasPrefix(out, "4 recorded times: mean ") || !strings.Contains(out, "1000 apps on 2 machines with 8 slots each: ") {
		t.Error(out)
	}
}
