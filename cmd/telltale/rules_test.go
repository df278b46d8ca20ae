package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/telltale-apk/telltale/cmd/internal/cli"
	"github.com/telltale-apk/telltale/dex/classfile/classtest"
)

// fill is a command of scripts: it puts digests in the place of "{{sha256 FILE}}"
// in a file.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fill FILE")
	}
	text := regexp.MustCompile(`\{\{sha256 (\S+)\}\}`).ReplaceAllStringFunc(ts.ReadFile(args[0]), func(s string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(s, "{{sha256 "), "}}")
		sum := sha256.Sum256([]byte(ts.ReadFile(name)))
		return hex.EncodeToString(sum[:])
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

// aar is a command of scripts: it makes the library that the author's guide is
// about.
func aar(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: aar FILE")
	}
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), guideAAR(), 0o666))
}

// guideAAR is an analytics SDK of a company that does not exist.
func guideAAR() []byte {
	jar := classtest.Jar(`
.class public com/acme/beacon/Beacon
.field public static final VERSION Ljava/lang/String; = "2.4.0"
.method public static start(Landroid/content/Context;Ljava/lang/String;)V
	ldc "acme-beacon-v2"
	ldc "https://in.acme-beacon.com/v2/events"
	invokestatic com/acme/beacon/Uploader.post(Ljava/lang/String;Ljava/lang/String;)V
	return
.end
.method public static track(Ljava/lang/String;Ljava/util/Map;)V
	return
.end
.class public com/acme/beacon/Uploader
.method public static post(Ljava/lang/String;Ljava/lang/String;)V
	return
.end
.class public com/acme/beacon/id/DeviceId
.method public static get(Landroid/content/ContentResolver;)Ljava/lang/String;
	aload 0
	ldc "android_id"
	invokestatic android/provider/Settings$Secure.getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;
	areturn
.end
.class public com/acme/beacon/FlushService
.super android/app/Service
`)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"AndroidManifest.xml", `<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.acme.beacon">
  <uses-permission android:name="android.permission.INTERNET"/>
  <application>
    <service android:name="com.acme.beacon.FlushService"/>
    <provider android:name="com.acme.beacon.StartProvider" android:authorities="${applicationId}.acmebeacon"/>
    <meta-data android:name="ACME_BEACON_KEY" android:value="${ACME_BEACON_KEY}"/>
  </application>
</manifest>
`},
		{"classes.jar", string(jar)},
		{"R.txt", ""},
	} {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestGuide runs the commands of the author's guide as they are written: blocks
// of "console" are commands behind "$ " with what they print below (lines of
// "…" stand for any), blocks of "yaml FILE" are files.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../signatures/README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, files, n := guideScript(string(text))
	if n < 8 {
		t.Fatalf("the guide has %d commands", n)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "guide.txtar"), []byte(script+files), 0o666); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"aar": aar, "attempt": attempt, "prints": prints, "put": put},
	})
}

// guideScript makes a script of the guide.
func guideScript(text string) (script, files string, commands int) {
	var s, f strings.Builder
	s.WriteString("aar downloads/acme-beacon-2.4.0.aar\n")
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		info, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			continue
		}
		var body []string
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			body = append(body, lines[i])
		}
		lang, name, _ := strings.Cut(info, " ")
		switch {
		case lang == "yaml" && name != "":
			id := "file-" + strings.ReplaceAll(name, "/", "-") + "-" + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
			s.WriteString("put " + id + " " + name + "\n")
			f.WriteString("-- " + id + " --\n" + strings.Join(body, "\n") + "\n")
		case lang == "console":
			for j := 0; j < len(body); {
				cmd, ok := strings.CutPrefix(body[j], "$ ")
				if !ok {
					j++
					continue
				}
				for j++; strings.HasSuffix(cmd, "\\"); j++ {
					cmd = strings.TrimSuffix(cmd, "\\") + strings.TrimSpace(body[j])
				}
				var out []string
				for ; j < len(body) && !strings.HasPrefix(body[j], "$ "); j++ {
					out = append(out, body[j])
				}
				commands++
				s.WriteString("attempt " + cmd + "\n")
				if len(out) > 0 {
					id := "out-" + string(rune('a'+commands/26)) + string(rune('a'+commands%26))
					s.WriteString("prints " + id + "\n")
					f.WriteString("-- " + id + " --\n" + strings.Join(out, "\n") + "\n")
				}
			}
		}
	}
	return s.String(), f.String(), commands
}

// attempt runs a command, whatever its exit code: what it prints is compared.
func attempt(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec(args[0], args[1:]...); err != nil {
		ts.Logf("%v", err)
	}
}

// put copies a file, making its folder.
func put(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ts.ReadFile(args[0])), 0o666))
	fill(ts, neg, args[1:])
}

// prints checks that the last command printed lines, on either stream, in this
// order; a line of "…" stands for any number of others.
func prints(ts *testscript.TestScript, neg bool, args []string) {
	have := strings.Split(strings.TrimRight(ts.ReadFile("stdout")+ts.ReadFile("stderr"), "\n"), "\n")
	free := false
	at := 0
	for _, want := range strings.Split(strings.TrimRight(ts.ReadFile(args[0]), "\n"), "\n") {
		if want == "…" {
			free = true
			continue
		}
		i := slices.Index(have[min(at, len(have)):], want)
		if i < 0 || i > 0 && !free {
			ts.Fatalf("the command does not print %q here, but\n%s", want, strings.Join(have, "\n"))
		}
		at, free = at+i+1, false
	}
	if at < len(have) && !free {
		ts.Fatalf("the command also prints %q", have[at])
	}
}

// TestWatch changes a rule while its tests are watched.
func TestWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "acme.yaml")
	write := func(class string) {
		t.Helper()
		text := "kind: sdk\nid: acme\nname: Acme\nvendor: acme\ncategory: ads\nsignals: [{code: com.acme}]\ntests: {match: [{class: " + class + "}]}\n"
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("com.acme.A")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, w := io.Pipe()
	done := make(chan int)
	go func() {
		code := cli.Run(ctx, []string{"telltale", "signatures", "test", "--watch", file}, nil, strings.NewReader(""), w, io.Discard)
		w.Close()
		done <- code
	}()
	lines := bufio.NewScanner(r)
	wait := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("the run ended without %q", want)
	}
	wait("1 example in 1 rule pass")
	write("com.acmex.A")
	wait("1 of 1 examples in 1 rule fail")
	write("com.acme.Other")
	wait("1 example in 1 rule pass")
	cancel()
	go io.Copy(io.Discard, r)
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
