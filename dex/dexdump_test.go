package dex_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

// maxDiffs is how many differing lines of a file are shown.
const maxDiffs = 3

// lineDiff compares what is written to it with the lines of want.
type lineDiff struct {
	want    *bufio.Reader
	pending []byte
	line    int
	diffs   []string
}

func (d *lineDiff) Write(p []byte) (int, error) {
	d.pending = append(d.pending, p...)
	for {
		i := bytes.IndexByte(d.pending, '\n')
		if i < 0 {
			return len(p), nil
		}
		d.compare(d.pending[:i+1])
		d.pending = d.pending[i+1:]
	}
}

func (d *lineDiff) compare(got []byte) {
	want, err := d.want.ReadBytes('\n')
	for bytes.HasPrefix(want, []byte("      hiddenapi     :")) { // of boot class path; not read
		want, err = d.want.ReadBytes('\n')
	}
	d.line++
	if (err != nil || !bytes.Equal(got, want)) && len(d.diffs) < maxDiffs {
		d.diffs = append(d.diffs, fmt.Sprintf("line %d:\n got %.300q\nwant %.300q", d.line, got, want))
	}
}

// finish reports what is left on either side.
func (d *lineDiff) finish() {
	if len(d.pending) > 0 {
		d.compare(d.pending)
	}
	if rest, _ := io.ReadAll(d.want); len(rest) > 0 && len(d.diffs) < maxDiffs {
		d.diffs = append(d.diffs, fmt.Sprintf("we stop at line %d, dexdump goes on:\n%.300q", d.line, rest))
	}
}

// compareWithDexdump runs dexdump on one file and compares every line.
func compareWithDexdump(t *testing.T, dexdump, name string, b []byte) counts {
	t.Helper()
	f, openErr := dex.Open(b)
	if openErr == nil && len(f.Bytes()) < len(b) {
		// Debian's dexdump refuses bytes behind file_size, later ones do not.
		b = f.Bytes()
	}
	path := filepath.Join(t.TempDir(), "x.dex")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(dexdump, "-a", "-d", "-f", "-h", path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReaderSize(out, 1<<20)
	if _, err := r.ReadString('\n'); err != nil { // Processing '…'
		t.Errorf("%s: dexdump: %v %s", name, err, &stderr)
	}
	if _, err := r.Peek(1); err != nil {
		// It refuses the file. So should we, though we read it all the same.
		_ = cmd.Wait()
		if openErr == nil && len(dex.Verify(f)) == 0 {
			t.Errorf("%s: Verify finds nothing, but dexdump: %.500s", name, &stderr)
		}
		if f != nil {
			walk(f)
		}
		return counts{refused: 1}
	}
	if openErr != nil {
		t.Errorf("%s: %v", name, openErr)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return counts{}
	}
	d := &lineDiff{want: r}
	n := dump(f, path, d, false)
	d.finish()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: dexdump: %v %.500s", name, err, &stderr)
	}
	for _, s := range d.diffs {
		t.Errorf("%s: %s", name, s)
	}
	swept := 0
	if !f.EachCode(func(_ int, _ dex.MethodDef, c dex.Code) bool {
		k, ok := c.References(func(uint32, dex.Opcode, dex.IndexKind, uint32) {})
		swept += k
		if !ok {
			t.Errorf("%s: code at %d is cut off", name, c.Off)
		}
		return true
	}) {
		t.Errorf("%s: EachCode gave up", name)
	}
	if swept != n.insns {
		t.Errorf("%s: References counts %d instructions, Instructions %d", name, swept, n.insns)
	}
	if a := f.Anomalies(); len(a) > 0 {
		t.Errorf("%s: anomalies %v", name, a)
	}
	return n
}

// TestSameAsDexdump compares the fixtures, and every DEX file in the APKs and
// jars and among the loose files under the folder TELLTALE_TEST_FILES, with
// what Debian's dexdump prints.
func TestSameAsDexdump(t *testing.T) {
	dexdump, err := exec.LookPath("dexdump")
	if err != nil {
		t.Skip("dexdump is not installed")
	}
	var total counts
	for _, f := range dextest.Fixtures() {
		b := dextest.Must(f.Text)
		if fs, _ := dex.OpenAll(b); len(fs) > 1 {
			continue // Debian's dexdump reads one file of a buffer, and no 041
		}
		total.add(compareWithDexdump(t, dexdump, f.Name, b))
	}
	t.Logf("fixtures: %v", total)

	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		return
	}
	total = counts{}
	eachDex(t, root, func(name string, b []byte) {
		n := compareWithDexdump(t, dexdump, name, b)
		total.add(n)
	})
	t.Logf("%s: %v", root, total)
}

// eachDex calls fn for each DEX file under root, loose or in a ZIP.
func eachDex(t testing.TB, root string, fn func(name string, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		var magic [4]byte
		if _, err := io.ReadFull(f, magic[:]); err != nil {
			return nil
		}
		switch string(magic[:]) {
		case "dex\n":
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fn(path, b)
		case "PK\x03\x04":
			z, err := zip.OpenReader(path)
			if err != nil {
				return nil
			}
			defer z.Close()
			for _, e := range z.File {
				if !strings.HasSuffix(e.Name, ".dex") {
					continue
				}
				r, err := e.Open()
				if err != nil {
					continue
				}
				b, err := io.ReadAll(r)
				r.Close()
				if err != nil || len(b) < 8 || string(b[:4]) != "dex\n" {
					continue
				}
				fn(path+"!"+e.Name, b)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSameAsSmali assembles recipes that are plain smali with smali, too.
func TestSameAsSmali(t *testing.T) {
	smali, err := exec.LookPath("smali")
	if err != nil {
		t.Skip("smali is not installed")
	}
	for _, name := range []string{"strict", "instructions"} {
		text := fixture(t, name)
		dir := t.TempDir()
		// .dex is a word of ours.
		lines := strings.SplitAfter(text, "\n")
		plain := ""
		for _, l := range lines {
			if !strings.HasPrefix(l, ".dex") {
				plain += l
			}
		}
		in, out := filepath.Join(dir, name+".smali"), filepath.Join(dir, "out.dex")
		if err := os.WriteFile(in, []byte(plain), 0o666); err != nil {
			t.Fatal(err)
		}
		msg, err := exec.Command(smali, "assemble", "--api", "29", "-o", out, in).CombinedOutput()
		if err != nil {
			t.Errorf("%s: smali: %v %s", name, err, msg)
			continue
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Errorf("%s: smali made nothing: %s", name, msg)
			continue
		}
		theirs, err := dex.Open(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ours := open(t, text)
		if d := cmp.Diff(summary(theirs), summary(ours)); d != "" {
			t.Errorf("%s: smali's file (-) and ours (+) differ: %s", name, d)
		}
		if a, b := debugText(theirs), debugText(ours); a != b {
			t.Errorf("%s: smali's debug info and ours differ: %s", name, cmp.Diff(a, b))
		}
	}
}

// debugText is what a file's debug info says.
func debugText(f *dex.File) string {
	var s strings.Builder
	f.EachCode(func(_ int, m dex.MethodDef, c dex.Code) bool {
		s.WriteString(f.MethodString(m.Index) + "\n")
		for l := range c.Lines() {
			fmt.Fprintf(&s, " line %d at %d\n", l.Line, l.PC)
		}
		for l := range c.Locals(m) {
			fmt.Fprintf(&s, " %s %s %s in %d from %d to %d\n", f.String(l.Name), f.Type(l.Type), f.String(l.Signature), l.Register, l.Start, l.End)
		}
		return true
	})
	return s.String()
}
