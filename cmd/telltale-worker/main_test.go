package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	telltale "github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/fence"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/store"
)

// TestMain lets the test be the program, in processes that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == fence.Command {
		main()
		return
	}
	if os.Getenv("TELLTALE_WORKER_TEST") != "" {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go func() {
			// Who waits for this process keeps its standard input open.
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
		os.Exit((&program{fault: fault}).run(ctx, append([]string{"telltale-worker"}, os.Args[1:]...), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// fault is what apps of certain names do to who looks at them.
func fault(path string) {
	switch name := filepath.Base(path); {
	case strings.HasPrefix(name, "poison"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case strings.HasPrefix(name, "slow"):
		time.Sleep(3 * ackWait / 2)
	}
}

const ackWait = 2 * time.Second

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	if v := os.Getenv(name); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("%s=%q is no number of things", name, v)
		}
		return n
	}
	return otherwise
}

// apps fills a folder with n apps: the samples, each with other bytes at its
// end, some of them slow and some poison.
func apps(t *testing.T, n int) (dir string, poison []string) {
	t.Helper()
	var samples [][]byte
	for _, name := range []string{"browser.apk", "notes.apk", "system/app/AnalyticsCore/AnalyticsCore.apk"} {
		b, err := os.ReadFile(filepath.Join("../../testdata/apks", name))
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, b)
	}
	dir = filepath.Join(t.TempDir(), "apps")
	every := max(40, n/20)
	for i := range n {
		kind := "app"
		switch i % every {
		case 3:
			kind = "slow"
		case 7:
			kind = "poison"
		}
		name := filepath.Join(fmt.Sprintf("%03d", i%1000), fmt.Sprintf("%s%06d.apk", kind, i))
		if kind == "poison" {
			poison = append(poison, name)
		}
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(bytes.Clone(samples[i%len(samples)]), fmt.Sprintf("copy %d", i)...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, poison
}

// process is a running part of the system.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan error
	errs  *bytes.Buffer
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "TELLTALE_WORKER_TEST=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, in, make(chan error, 1), &bytes.Buffer{}}
	cmd.Stderr = p.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }()
	return p
}

// end lets it end in good order, or makes it.
func (p *process) end() {
	p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// do runs a command of the program in this process.
func do(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = new(program).run(context.Background(), append([]string{"telltale-worker"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := do(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit %d\n%s", args, code, errs)
	}
	return out
}

// scanned is the report of a plain scan.
func scanned(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	code := telltale.Run(context.Background(), append([]string{"telltale", "scan", "-q", "--format", "json"}, args...), nil, strings.NewReader(""), &out, &errs)
	if code != 0 && code != 3 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	return out.Bytes()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Workers and the server are killed at random, apps among them kill whoever
// looks at them; in the end every app has one result, but those, which are
// listed with the reason.
func TestNothingIsLost(t *testing.T) {
	n := number(t, "TELLTALE_TEST_APPS", 120)
	jobs := number(t, "TELLTALE_TEST_JOBS", 2)
	dir, poison := apps(t, n)
	storeDir, queueDir, addr := filepath.Join(t.TempDir(), "store"), filepath.Join(t.TempDir(), "queue"), freePort(t)
	url := "nats://" + addr

	serve := func() *process { return start(t, "serve", "--dir", queueDir, "--listen", addr) }
	server := serve()
	defer func() { server.end() }()
	enqueue := []string{"enqueue", "--log-level", "warning", "--store", storeDir, "--inputs", dir, "--nats", url, "--ack-wait", ackWait.String()}
	begin := time.Now()
	must(t, enqueue...)
	t.Logf("%d items enqueued in %v", n, time.Since(begin))

	work := func() *process {
		return start(t, "work", "--store", storeDir, "--inputs", dir, "--nats", url, "--ack-wait", ackWait.String(),
			"--jobs", strconv.Itoa(jobs), "--max-attempts", "10", "--until-empty", "--log-level", "warning", "--log-format", "text")
	}
	const workers = 3
	begin = time.Now()
	deadline := begin.Add(5*time.Minute + time.Duration(n)*20*time.Millisecond)
	var wg sync.WaitGroup
	var mu sync.Mutex
	running := make([]*process, workers)
	restarts, kills, serverKills := 0, 0, 0
	stop := make(chan struct{})
	for i := range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				w := work()
				running[i] = w
				mu.Unlock()
				err := <-w.ended
				if err == nil || time.Now().After(deadline) {
					return // nothing was left to do
				}
				mu.Lock()
				restarts++
				mu.Unlock()
			}
		})
	}
	var killer sync.WaitGroup
	killer.Go(func() {
		for round := 1; ; round++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(500+rand.IntN(3000)) * time.Millisecond):
			}
			mu.Lock()
			if w := running[rand.IntN(workers)]; w != nil {
				_ = w.cmd.Process.Kill() // it may have ended
				kills++
			}
			mu.Unlock()
			if round%5 == 2 && serverKills < 5 {
				_ = server.cmd.Process.Kill()
				<-server.ended
				serverKills++
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
				server = serve()
			}
			if kills >= 60 {
				return
			}
		}
	})
	wg.Wait()
	close(stop)
	killer.Wait()
	took := time.Since(begin)
	if time.Now().After(deadline) {
		_, out, _ := do(t, "status", "--store", storeDir, "--nats", url)
		t.Fatalf("not done after %v:\n%s", took, out)
	}
	t.Logf("%d items in %v (%.0f a second); %d workers killed or poisoned, of which %d by chance; the server killed %d times",
		n, took, float64(n)/took.Seconds(), restarts, kills, serverKills)

	// What was given up are the poisonous ones, and no other.
	s, err := store.Open(context.Background(), storeDir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, items, err := s.Manifest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var given []string
	for it, err := range items {
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Dead(context.Background(), it.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			given = append(given, it.Item.Files[0].File)
			if d.Attempts < 10 || d.Reason == "" {
				t.Errorf("%s: %+v", it.Item.Path, d)
			}
		}
	}
	slices.Sort(given)
	slices.Sort(poison)
	if !slices.Equal(given, poison) {
		t.Errorf("given up: %v\nwant: %v", given, poison)
	}

	// The results are those of a plain scan, which may not be run over the
	// poison: byte for byte, without them.
	collected := filepath.Join(t.TempDir(), "collected.json")
	must(t, "collect", "--log-level", "warning", "--store", storeDir, "--format", "json", "--output", collected)
	begin = time.Now()
	want := appsOf(t, scanned(t, dir))
	t.Logf("plain scan in %v", time.Since(begin))
	b, err := os.ReadFile(collected)
	if err != nil {
		t.Fatal(err)
	}
	got := appsOf(t, b)
	if len(got) != len(want) || len(got) != n {
		t.Fatalf("%d results, a plain scan has %d of %d apps", len(got), len(want), n)
	}
	for i, g := range got {
		path := pathOf(t, g)
		if strings.HasPrefix(filepath.Base(path), "poison") {
			if !bytes.Contains(g, []byte("given up: ")) || pathOf(t, want[i]) != path {
				t.Errorf("%s: %s", path, g)
			}
			continue
		}
		if !bytes.Equal(g, want[i]) {
			t.Errorf("%s differs from a plain scan's %s", path, pathOf(t, want[i]))
		}
	}
}

func appsOf(t *testing.T, report []byte) []json.RawMessage {
	t.Helper()
	var r struct{ Apps []json.RawMessage }
	if err := json.Unmarshal(report, &r); err != nil {
		t.Fatal(err)
	}
	return r.Apps
}

func pathOf(t *testing.T, app []byte) string {
	t.Helper()
	var a event.App
	if err := json.Unmarshal(app, &a); err != nil {
		t.Fatal(err)
	}
	return a.Path
}

// Collected results are a plain scan's report, byte for byte; and they are that
// also when the queue is lost on the way, and filled again.
func TestCollectedEqualsScanned(t *testing.T) {
	for name, extra := range map[string][]string{"in this process": nil, "isolated": {"--isolate"}} {
		t.Run(name, func(t *testing.T) {
			storeDir, addr := filepath.Join(t.TempDir(), "store"), freePort(t)
			common := []string{"--log-level", "warning", "--store", storeDir, "--inputs", "../../testdata", "--nats", "nats://" + addr}
			work := append(append([]string{"work"}, common...), "--until-empty")
			work = append(work, extra...)
			for round := range 2 {
				// Each time with another, empty server.
				server := start(t, "serve", "--dir", t.TempDir(), "--listen", addr)
				must(t, append([]string{"enqueue"}, common...)...)
				if round == 0 {
					// Half the results are lost.
					must(t, work...)
					files, err := filepath.Glob(filepath.Join(storeDir, "results", "*", "*"))
					if err != nil || len(files) < 40 {
						t.Fatal(len(files), err)
					}
					for _, f := range files[:len(files)/2] {
						if err := os.Remove(f); err != nil {
							t.Fatal(err)
						}
					}
					code, _, stderr := do(t, "collect", "--store", storeDir, "--output", filepath.Join(t.TempDir(), "x"))
					if code != 3 || !strings.Contains(stderr, "items are without a result yet") {
						t.Errorf("exit %d: %s", code, stderr)
					}
				} else {
					must(t, work...)
				}
				server.end()
			}
			got := must(t, "collect", "--log-level", "warning", "--store", storeDir, "--format", "json")
			if want := scanned(t, "../../testdata"); got != string(want) {
				t.Errorf("%d bytes collected, %d scanned, and they differ", len(got), len(want))
			}
			if out := must(t, "status", "--log-level", "warning", "--store", storeDir); !strings.Contains(out, " 0 given up, 0 to do") {
				t.Error(out)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"there is no manifest":          {"work", "--store", dir, "--inputs", dir, "--nats", "nats://127.0.0.1:1"},
		"--nats URL says where":         {"enqueue", "--store", filepath.Join(dir, "s"), "--inputs", dir},
		`Required flag "store" not set`: {"status"},
		"use letters, digits":           {"enqueue", "--store", filepath.Join(dir, "s"), "--inputs", dir, "--run", "a.b", "--nats", "nats://127.0.0.1:1"},
	} {
		if code, _, stderr := do(t, args...); code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

func itemFile(name string) scan.ItemFile { return scan.ItemFile{Path: name, File: name} }

// On one machine the server may be inside.
func TestEmbedded(t *testing.T) {
	dir := t.TempDir()
	common := []string{"--log-level", "warning", "--store", filepath.Join(dir, "store"), "--inputs", "../../testdata/apks", "--embedded", filepath.Join(dir, "queue")}
	must(t, append([]string{"enqueue"}, common...)...)
	must(t, append([]string{"work", "--until-empty"}, common...)...)
	got := must(t, "collect", "--log-level", "warning", "--store", filepath.Join(dir, "store"), "--format", "json")
	if want := scanned(t, "../../testdata/apks"); got != string(want) {
		t.Errorf("%d bytes collected, %d scanned, and they differ", len(got), len(want))
	}
	if out := must(t, "status", "--log-level", "warning", "--store", filepath.Join(dir, "store"), "--embedded", filepath.Join(dir, "queue")); !strings.Contains(out, "queue: 0 waiting, 0 with workers") {
		t.Error(out)
	}
	if code, _, stderr := do(t, append([]string{"work", "--nats", "nats://127.0.0.1:1"}, common...)...); code != 2 || !strings.Contains(stderr, "two queues") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
