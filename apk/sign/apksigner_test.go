package sign_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/sign"
)

// read does what a user of the two packages does.
func read(t testing.TB, path string) *sign.Info {
	t.Helper()
	a, err := apk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var in sign.Input
	block, err := a.SigningBlock()
	if err != nil {
		t.Logf("%s: %v", path, err)
	}
	in.Block, in.BlockOff = block.Pairs, block.PairsOff
	for _, e := range a.Entries() {
		if !sign.IsSignatureFile(e.RawName) {
			continue
		}
		b, err := e.Read(nil)
		if err != nil {
			t.Logf("%s: %v", path, err)
		}
		in.Files = append(in.Files, sign.File{Name: e.RawName, Data: b})
	}
	return sign.Read(in)
}

type tools struct{ dir string }

func (x tools) run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = x.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

var digestLine = regexp.MustCompile(`certificate SHA-256 digest: ([0-9a-f]{64})`)

// effective returns what apksigner says is the signer for a device of the
// given API level; verified is false if it finds none that holds.
func effective(t testing.TB, path string, sdk int) (digests []string, verified bool) {
	t.Helper()
	level := fmt.Sprint(sdk)
	out, err := exec.Command("apksigner", "verify", "--print-certs", "--min-sdk-version", level, "--max-sdk-version", level, path).CombinedOutput()
	if err != nil {
		return nil, false
	}
	for _, m := range digestLine.FindAllSubmatch(out, -1) {
		digests = append(digests, string(m[1]))
	}
	slices.Sort(digests)
	return slices.Compact(digests), true
}

func ours(info *sign.Info, sdk int) []string {
	var out []string
	for _, s := range info.Effective(sdk) {
		out = append(out, s.Cert.SHA256)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestAgainstApksigner signs files of its own making in every way that
// apksigner offers and compares the signers.
func TestAgainstApksigner(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Java many times")
	}
	for _, tool := range []string{"apksigner", "keytool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
	x := tools{t.TempDir()}
	for i, alg := range [][]string{{"RSA", "-keysize", "2048"}, {"EC", "-groupname", "secp256r1"}, {"EC", "-groupname", "secp384r1"}} {
		args := []string{
			"-genkeypair", "-keystore", fmt.Sprintf("k%d.p12", i), "-storetype", "PKCS12", "-storepass", "secret", "-alias", fmt.Sprintf("k%d", i),
			"-dname", fmt.Sprintf("CN=Key %d, O=Telltale test", i), "-validity", "10000", "-keyalg",
		}
		x.run(t, "keytool", append(args, alg...)...)
	}
	ks := func(i int) []string {
		return []string{"--ks", fmt.Sprintf("k%d.p12", i), "--ks-pass", "pass:secret", "--ks-key-alias", fmt.Sprintf("k%d", i)}
	}
	fingerprint := regexp.MustCompile(`SHA256: ([0-9A-F:]+)`)
	var want [3]string
	for i := range want {
		m := fingerprint.FindStringSubmatch(x.run(t, "keytool", "-list", "-v", "-keystore", fmt.Sprintf("k%d.p12", i), "-storepass", "secret"))
		if m == nil {
			t.Fatal("keytool prints no fingerprint")
		}
		want[i] = strings.ToLower(strings.ReplaceAll(m[1], ":", ""))
	}

	x.run(t, "apksigner", slices.Concat([]string{"rotate", "--out", "lineage", "--old-signer"}, ks(0), []string{"--new-signer"}, ks(1))...)
	unsigned := filepath.Join(x.dir, "in.apk")
	writeAPK(t, unsigned)
	on := func(v1, v2, v3 bool) []string {
		return []string{fmt.Sprintf("--v1-signing-enabled=%t", v1), fmt.Sprintf("--v2-signing-enabled=%t", v2), fmt.Sprintf("--v3-signing-enabled=%t", v3)}
	}
	tests := []struct {
		name string
		args []string
		want []string // "scheme digest"
	}{
		{"v1", append(on(true, false, false), ks(0)...), []string{"v1 " + want[0]}},
		{"v2", append(on(false, true, false), ks(0)...), []string{"v2 " + want[0]}},
		{"v3", append(on(false, false, true), ks(2)...), []string{"v3 " + want[2]}},
		{"all", append(on(true, true, true), ks(1)...), []string{"v1 " + want[1], "v2 " + want[1], "v3 " + want[1]}},
		{
			"two signers", slices.Concat(on(true, true, false), ks(0), []string{"--next-signer"}, ks(1)),
			sorted("v1 "+want[0], "v1 "+want[1], "v2 "+want[0], "v2 "+want[1]),
		},
		{
			"rotated", slices.Concat(on(true, true, true), []string{"--lineage", "lineage"}, ks(0), []string{"--next-signer"}, ks(1)),
			[]string{"v1 " + want[0], "v2 " + want[0], "v3 " + want[1]},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.apk")
			x.run(t, "apksigner", slices.Concat([]string{"sign", "--min-sdk-version", "21", "--out", out}, tt.args, []string{unsigned})...)
			info := read(t, out)
			var got []string
			for _, s := range info.Signers {
				got = append(got, string(s.Scheme)+" "+s.Cert.SHA256)
				if !strings.Contains(s.Cert.Subject, "O=Telltale test") || s.KeyDiffers {
					t.Errorf("%+v", s)
				}
			}
			if slices.Sort(got); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, p := range info.Problems {
				t.Error(p)
			}
			if tt.name == "rotated" {
				l := info.Signers[2].Lineage
				if len(l) != 2 || l[0].SHA256 != want[0] || l[1].SHA256 != want[1] {
					t.Errorf("lineage %+v", l)
				}
			}
			for _, sdk := range []int{23, 30} {
				if certs, ok := effective(t, out, sdk); ok && !slices.Equal(certs, ours(info, sdk)) {
					t.Errorf("API %d: apksigner %q, here %q", sdk, certs, ours(info, sdk))
				}
			}
		})
	}
}

func sorted(s ...string) []string {
	slices.Sort(s)
	return s
}

// writeAPK writes the least that apksigner signs.
func writeAPK(t testing.TB, path string) {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range []string{"AndroidManifest.xml", "classes.dex", "assets/a"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRealFiles compares the signers with apksigner on every APK below the
// folder that TELLTALE_TEST_FILES names and that apksigner verifies.
func TestRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many files")
	}
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	if _, err := exec.LookPath("apksigner"); err != nil {
		t.Skip("no apksigner")
	}
	compared, unverified := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".apk") {
			return err
		}
		t.Run(d.Name(), func(t *testing.T) {
			info := read(t, path)
			for _, p := range info.Problems {
				t.Log(p)
			}
			for _, b := range info.Blocks {
				if b.Name == "" {
					t.Logf("unknown block 0x%08x of %d bytes", b.ID, b.Size)
				}
			}
			for _, sdk := range []int{23, 24, 30} {
				want, ok := effective(t, path, sdk)
				if !ok {
					unverified++
					continue
				}
				compared++
				if got := ours(info, sdk); !slices.Equal(got, want) {
					t.Errorf("API %d: apksigner %q, here %q", sdk, want, got)
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d verdicts equal to apksigner's were asked for; %d files and levels do not verify", compared, unverified)
}
