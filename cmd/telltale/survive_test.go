package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// command is the program in a process of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Args = append([]string{"telltale"}, args...) // TestMain goes by the name
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	return cmd
}

// exit runs a command and returns its exit code and outputs.
func exit(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	cmd.Stderr = &errs
	err := cmd.Run()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// many fills a folder with n apps: the samples, each with other bytes at its
// end, which change what a file is but not what is found in it.
func many(t *testing.T, n int) string {
	t.Helper()
	var samples [][]byte
	for _, name := range []string{"browser.apk", "notes.apk", "system/app/AnalyticsCore/AnalyticsCore.apk"} {
		b, err := os.ReadFile(filepath.Join("../../testdata/apks", name))
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, b)
	}
	dir := t.TempDir()
	for i := range n {
		b := append(bytes.Clone(samples[i%len(samples)]), fmt.Sprintf("copy %d", i)...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("app%05d.apk", i)), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// number is the number in an environment variable, for runs that are longer
// than every day's.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number of things", name, v)
	}
	return n
}

// A long run needs no more of the machine at its end than at its beginning:
// neither memory nor open files grow with the number of apps.
func TestLongRunsStayFlat(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc of the running program")
	}
	apps := number(t, "TELLTALE_TEST_APPS", 400)
	if testing.Short() {
		apps = 100
	}
	cmd := command(t, "scan", "--jobs", "2", "--allow-incomplete", "--quiet", "--format", "ndjson", many(t, apps))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	type sample struct {
		apps, rss, files int
		at               time.Duration
	}
	var samples []sample
	begin, seen := time.Now(), 0
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		if !bytes.Contains(line[:min(len(line), 40)], []byte(`"app"`)) {
			continue
		}
		if seen++; seen%max(1, apps/20) == 0 {
			rss, files := usage(cmd.Process.Pid)
			samples = append(samples, sample{seen, rss, files, time.Since(begin)})
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if seen != apps || len(samples) < 20 {
		t.Fatalf("%d apps and %d samples of %d apps", seen, len(samples), apps)
	}
	last := sample{}
	for _, s := range samples {
		t.Logf("%6d apps  %6.0f a second  %4d MiB  %d files open", s.apps, float64(s.apps-last.apps)/(s.at-last.at).Seconds(), s.rss>>20, s.files)
		last = s
	}
	early, late := samples[4], samples[len(samples)-2]
	// The collector leaves some room for chance; growth with the number of
	// apps would be far beyond it.
	if late.rss > early.rss*3/2+(32<<20) {
		t.Errorf("%d MiB after %d apps, %d MiB after %d", early.rss>>20, early.apps, late.rss>>20, late.apps)
	}
	if late.files > early.files+8 {
		t.Errorf("%d files open after %d apps, %d after %d", early.files, early.apps, late.files, late.apps)
	}
}

// usage is the resident memory of a process in bytes and the number of its
// open files.
func usage(pid int) (rss, files int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if f := strings.Fields(string(b)); len(f) > 1 {
		pages, _ := strconv.Atoi(f[1])
		rss = pages * os.Getpagesize()
	}
	fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return rss, len(fds)
}

// A run that is killed at any moment goes on where it was, and in the end has
// written what an undisturbed run writes.
func TestKilledRunsResume(t *testing.T) {
	kills, apps := 6, 60
	if testing.Short() {
		kills, apps = 2, 20
	}
	kills, apps = number(t, "TELLTALE_TEST_KILLS", kills), number(t, "TELLTALE_TEST_APPS", apps)
	dir := many(t, apps)
	undisturbed := filepath.Join(t.TempDir(), "whole.ndjson")
	scan := func(file string) *exec.Cmd {
		return command(t, "scan", "--jobs", "2", "--allow-incomplete", "--quiet", "--format", "text", "--output", os.DevNull, "--resume", file, dir)
	}
	begin := time.Now()
	if code, _, stderr := exit(t, scan(undisturbed)); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	took := time.Since(begin)
	want, err := os.ReadFile(undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "killed.ndjson")
	torn, unfinished := 0, 0
	for range kills {
		cmd := scan(file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// So short that there is something left to do for the next.
		time.Sleep(time.Duration(rand.Int64N(max(1, 4*int64(took)/int64(kills)))))
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		b, err := os.ReadFile(file)
		if err == nil && len(b) > 0 && b[len(b)-1] != '\n' {
			torn++
		}
		if len(b) < len(want) {
			unfinished++
		}
	}
	if code, _, stderr := exit(t, scan(file)); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("after %d kills the results differ from those of an undisturbed run: %d and %d lines", kills, bytes.Count(got, []byte("\n")), bytes.Count(want, []byte("\n")))
	}
	t.Logf("%d kills, %d of them before the end and %d within a line; %d apps in %v", kills, unfinished, torn, apps, took)
	// Once more: nothing is repeated.
	if code, _, _ := exit(t, scan(file)); code != 0 {
		t.Error(code)
	}
	if again, _ := os.ReadFile(file); !bytes.Equal(again, want) {
		t.Error("a run with nothing left to do changed the results")
	}
}

func TestResume(t *testing.T) {
	dir := many(t, 6)
	file := filepath.Join(t.TempDir(), "r.ndjson")
	scan := func(args ...string) *exec.Cmd {
		return command(t, append(append([]string{"scan", "--allow-incomplete", "--resume", file}, args...), dir)...)
	}
	if code, _, stderr := exit(t, scan()); code != 0 {
		t.Fatalf("%d %s", code, stderr)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}

	for name, begun := range map[string]string{
		"half a line":          strings.Join(lines[:3], "") + lines[3][:100],
		"half of the start":    lines[0][:10],
		"without a summary":    strings.Join(lines[:7], ""),
		"an interrupted run's": strings.Join(lines[:4], "") + `{"summary":{"apps":3,"interrupted":true}}` + "\n",
		"nothing":              "",
	} {
		write(begun)
		if code, _, stderr := exit(t, scan()); code != 0 || read() != string(whole) {
			t.Errorf("%s: exit %d %s, %d bytes instead of %d", name, code, stderr, len(read()), len(whole))
		}
	}

	// Results of a run that was called otherwise are not mixed with others; the
	// same said in other words is the same.
	for _, c := range []struct {
		begun, now []string
		want       string
	}{
		{nil, []string{"--show-keys"}, "it was begun without options that change results, and this run is with --show-keys:"},
		{nil, []string{"--locale", "zh-CN"}, "with --locale zh-CN"},
		{[]string{"--max-inflated", "1GiB", "--no-profiles"}, nil, "it was begun with --max-inflated 1GiB --no-profiles, and"},
		{[]string{"--max-inflated", "1GiB"}, []string{"--max-inflated", "1024MiB"}, ""},
	} {
		write("")
		if code, _, stderr := exit(t, scan(c.begun...)); code != 0 {
			t.Fatalf("%d %s", code, stderr)
		}
		before := read()
		code, _, stderr := exit(t, scan(c.now...))
		if c.want == "" && code == 0 && read() == before {
			continue
		}
		if c.want == "" || code != 2 || !strings.Contains(stderr, c.want) || read() != before {
			t.Errorf("%v after %v: exit %d, %q", c.now, c.begun, code, stderr)
		}
	}

	// Conditions, the summary and other formats know of what is held.
	write("")
	if code, _, stderr := exit(t, scan("--fail-on", "tracker")); code != 1 {
		t.Fatalf("%d %s", code, stderr)
	}
	judged := read()
	write(strings.Join(strings.SplitAfter(judged, "\n")[:5], ""))
	code, stdout, _ := exit(t, scan("--fail-on", "tracker", "--format", "json"))
	if read() != judged {
		t.Error("a resumed run judged otherwise than an undisturbed one")
	}
	var r struct {
		Apps    []event.App
		Summary event.Summary
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if code != 1 || len(r.Apps) != 6 || r.Summary.Apps != 6 || r.Summary.WithTracker != 2 || len(r.Summary.ExitReasons) != 2 {
		t.Errorf("exit %d, %d apps, %+v", code, len(r.Apps), r.Summary)
	}

	// What has changed is looked at again, and its old result is gone.
	write(string(whole))
	changed := filepath.Join(dir, "app00001.apk")
	other, err := os.ReadFile(filepath.Join(dir, "app00000.apk"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, other, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := exit(t, scan()); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if got := read(); strings.Count(got, `"app":{"path"`) != 6 || strings.Count(got, `"app":{"path":"`+changed+`"`) != 1 || strings.Contains(got, lines[2]) {
		t.Errorf("%d results, %d of the changed app", strings.Count(got, `"app":{"path"`), strings.Count(got, `"app":{"path":"`+changed+`"`))
	}

	// Results that were judged otherwise do not go together with those to come;
	// the message says how to judge what is there.
	write(strings.Join(lines[:5], ""))
	if code, _, stderr := exit(t, scan("--fail-on", "tracker")); code != 2 || !strings.Contains(stderr, "telltale policy check POLICY "+file) || read() != strings.Join(lines[:5], "") {
		t.Errorf("another policy: exit %d %.300s", code, stderr)
	}

	// Files that are not ours, or of other rules, are left alone.
	for name, content := range map[string]string{
		"some text":       "dear diary\n",
		"a word":          "dear",
		"other rules":     strings.Replace(string(whole), `"digest":"sha256:`, `"digest":"sha256:0`, 1),
		"another version": strings.Replace(string(whole), `"tool":{"name":"telltale","version":"`, `"tool":{"name":"telltale","version":"9`, 1),
		"damage":          lines[0] + "{\n" + lines[1] + lines[2],
		"another stream":  lines[1] + lines[2],
		"two in one":      string(whole) + lines[1],
	} {
		write(content)
		code, _, stderr := exit(t, scan())
		if code != 2 || !strings.Contains(stderr, "take another file") || read() != content {
			t.Errorf("%s: exit %d %.200s", name, code, stderr)
		}
	}
}

// What the machine refused to read is looked at again when it can be read, and
// so is an app that lost one of its files.
func TestResumeLooksAgain(t *testing.T) {
	dir := t.TempDir()
	put := func(name, from string) {
		b, err := os.ReadFile(filepath.Join("../../testdata/apks", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("base.apk", "shop/base.apk")
	put("gifts.apk", "shop/split_gifts.apk")
	late := filepath.Join(t.TempDir(), "late.apk") // found once, by the list
	file := filepath.Join(t.TempDir(), "r.ndjson")
	scan := func() (int, string) {
		cmd := command(t, "scan", "--resume", file, "--quiet", "--format", "text", dir, "-")
		cmd.Stdin = strings.NewReader(late + "\n")
		code, _, stderr := exit(t, cmd)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(code, stderr)
		}
		return code, string(b)
	}
	code, first := scan()
	if code != 3 || strings.Count(first, `"kind":"unreadable"`) != 1 || !strings.Contains(first, `"role":"split"`) {
		t.Fatalf("exit %d: %s", code, first)
	}
	if code, again := scan(); code != 3 || again != first {
		t.Errorf("what cannot be read yet: exit %d, %s", code, again)
	}
	put("late", "notes.apk")
	if err := os.Rename(filepath.Join(dir, "late"), late); err != nil {
		t.Fatal(err)
	}
	if code, again := scan(); code != 0 || strings.Contains(again, `"kind":"unreadable"`) {
		t.Errorf("what can be read now: exit %d, %s", code, again)
	}
	if err := os.Remove(filepath.Join(dir, "gifts.apk")); err != nil {
		t.Fatal(err)
	}
	if _, again := scan(); strings.Contains(again, "gifts.apk") {
		t.Errorf("a file is gone, and told of: %s", again)
	}
}

// A signal ends a run cleanly, with what is done.
func TestSignalsEndCleanly(t *testing.T) {
	dir := many(t, 3)
	list := filepath.Join(dir, "app00000.apk") + "\n" + filepath.Join(dir, "app00002.apk") + "\n"
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		// One app that takes its time.
		out := filepath.Join(t.TempDir(), "r.ndjson")
		cmd := command(t, "scan", "--jobs", "1", "--log-level", "info", "--resume", out, "--format", "json", "--output", filepath.Join(filepath.Dir(out), "r.json"), "-")
		cmd.Env = append(cmd.Env, faultEnv+"=app00002.apk=sleep")
		cmd.Stdin = strings.NewReader(list)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// When the first is told of, the second is asleep.
		buf := make([]byte, 1)
		if _, err := io.ReadFull(stderr, buf); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stderr)
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != want || strings.Contains(string(rest), "goroutine") {
			t.Errorf("%v: exit %d, %s", sig, code, rest)
		}
		b, _ := os.ReadFile(out)
		if n := bytes.Count(b, []byte(`"app":{"path"`)); n != 1 || !bytes.Contains(b, []byte(`"interrupted":true`)) || !bytes.HasSuffix(b, []byte("\n")) {
			t.Errorf("%v: %d results: %.300s", sig, n, b)
		}
		b, err = os.ReadFile(filepath.Join(filepath.Dir(out), "r.json"))
		if err != nil || !json.Valid(b) || !bytes.Contains(b, []byte(`"interrupted": true`)) {
			t.Errorf("%v: %v, %.300s", sig, err, b)
		}
		if files, _ := os.ReadDir(filepath.Dir(out)); len(files) != 2 {
			t.Errorf("%v: files are left: %v", sig, files)
		}
	}

	// Also while it waits for a list that somebody types.
	cmd := command(t, "scan", "-")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	_ = cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
		if code := cmd.ProcessState.ExitCode(); code != 130 {
			t.Errorf("waiting for a list: exit %d", code)
		}
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("waiting for a list: not to be interrupted")
	}
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.json")
	if err := os.WriteFile(old, []byte("an earlier report"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer full.Close()
		for _, format := range []string{"text", "json", "ndjson"} {
			cmd := command(t, "scan", "--format", format, "--output", "json="+old, "../../testdata/apks")
			if format == "json" {
				cmd = command(t, "scan", "--format", "json", "../../testdata/apks")
			}
			cmd.Stdout = full
			if code, _, stderr := exit(t, cmd); code != 2 || !strings.Contains(stderr, "telltale: the report cannot be written: ") || !strings.Contains(stderr, "no space left on device") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s to a full disk: exit %d, %q", format, code, stderr)
			}
		}
		// A device is written to, not replaced.
		link := filepath.Join(dir, "full")
		if err := os.Symlink("/dev/full", link); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := exit(t, command(t, "scan", "--format", "json", "--output", link, "../../testdata/apks")); code != 2 || !strings.Contains(stderr, "no space left on device") {
			t.Errorf("a full device: exit %d, %q", code, stderr)
		}
		if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
			t.Error("the link was replaced")
		}
		if st, err := os.Stat("/dev/full"); err != nil || st.Mode()&os.ModeDevice == 0 {
			t.Error("the device was replaced")
		}
	}
	for _, bad := range []string{dir, filepath.Join(dir, "no", "folder.json"), filepath.Join(old, "x")} {
		if code, _, stderr := exit(t, command(t, "scan", "--format", "json", "--output", bad, "../../testdata/apks")); code != 2 || !strings.Contains(stderr, "cannot be written: ") {
			t.Errorf("%s: exit %d, %q", bad, code, stderr)
		}
	}

	// Nobody reads.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := command(t, "scan", "--format", "ndjson", "--output", "json="+old, "../../testdata/apks")
	cmd.Stdout = w
	code, _, stderr := exit(t, cmd)
	w.Close()
	if code != 141 || stderr != "" {
		t.Errorf("a pipe that nobody reads: exit %d, %q", code, stderr)
	}
	for _, args := range [][]string{
		{"explain", "../../testdata/apks/browser.apk", "imei"},
		{"diff", "../../testdata/apks/notes.apk", "../../testdata/apks/browser.apk"},
		{"policy", "show", "privacy-strict"},
		{"signatures", "show", "gson"},
		{"signatures", "list"},
		{"signatures", "search", "com.umeng"},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		cmd := command(t, args...)
		cmd.Stdout = w
		code, _, stderr := exit(t, cmd)
		w.Close()
		if code != 141 || stderr != "" {
			t.Errorf("%s into a pipe that nobody reads: exit %d, %q", args[0], code, stderr)
		}
	}
	if b, _ := os.ReadFile(old); string(b) != "an earlier report" {
		t.Errorf("the earlier report was touched: %q", b)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, ".*")); len(files) > 0 {
		t.Errorf("files are left: %v", files)
	}

	// A report that takes another's place keeps its mode.
	if code, _, _ := exit(t, command(t, "scan", "--format", "json", "--output", old, "../../testdata/apks")); code != 0 {
		t.Error(code)
	}
	if st, err := os.Stat(old); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st.Mode(), err)
	}
}

// Names of files can't write lines of their own into the log.
func TestLogLinesAreOnes(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile("../../testdata/apks/notes.apk")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a\nlevel=error msg=fake\x1b[31m\xff.apk"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "json"} {
		code, _, stderr := exit(t, command(t, "scan", "--log-level", "info", "--log-format", format, "--format", "json", dir))
		if code != 0 || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "\x1b") || strings.Contains(stderr, "\xff") {
			t.Errorf("%s: exit %d, %q", format, code, stderr)
		}
	}
	code, _, stderr := exit(t, command(t, "scan", filepath.Join(dir, "missing\n\x1b[31mfake")))
	if code != 2 || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "\x1b") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// TestResumeIsAlone: two runs that write to one file would tear each other's
// lines. The lock of a run that was killed does not outlive it.
func TestResumeIsAlone(t *testing.T) {
	dir := many(t, 2)
	file := filepath.Join(t.TempDir(), "r.ndjson")
	scan := func() *exec.Cmd {
		return command(t, "scan", "--jobs", "1", "--log-level", "info", "--resume", file, "--format", "json", "--output", os.DevNull, dir)
	}
	first := scan()
	first.Env = append(first.Env, faultEnv+"=app00001.apk=sleep")
	stderr, err := first.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	// When one app is told of, the other is asleep.
	if _, err := stderr.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	code, _, msg := exit(t, scan())
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if code != 2 || !strings.Contains(msg, "another run writes to it: wait for its end, or take another file") {
		t.Errorf("beside another run: exit %d, %q", code, msg)
	}
	if code, _, msg := exit(t, scan()); code != 0 {
		t.Errorf("after a run that was killed: exit %d, %q", code, msg)
	}
}
