package unity_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/unity"
)

var (
	literals = []string{"https://game.example.com/score", "中文", strings.Repeat("long ", 100), "x"}
	names    = []string{"Assembly-CSharp.dll", "AppsFlyer.dll", "AppsFlyerSDK", "initSDK", "mscorlib.dll", "not an assembly.dll"}
)

func values(m *unity.Metadata) (out []string) {
	for s := range m.Strings() {
		out = append(out, s.Value)
	}
	return out
}

func TestVersions(t *testing.T) {
	for _, version := range []int{16, 22, 24, 27, 29, 31, 35, 38, 39, 105} {
		data := carriertest.Unity(version, literals, names)
		m, err := unity.Open(data)
		if err != nil || m.Version != version || len(m.Problems) > 0 || m.Literals < len(literals) {
			t.Errorf("version %d: %v %+v", version, err, m)
			continue
		}
		if got := values(m); !slices.Equal(got, append(slices.Clone(literals), names...)) {
			t.Errorf("version %d: %q", version, got)
		}
		if got := m.Assemblies(); !slices.Equal(got, []string{"AppsFlyer", "Assembly-CSharp", "mscorlib"}) {
			t.Errorf("version %d: %q", version, got)
		}
		for s := range m.Strings() {
			if string(data[s.Off:s.Off+int64(len(s.Value))]) != s.Value {
				t.Errorf("version %d: %q does not stand at %d", version, s.Value, s.Off)
			}
		}
	}
}

// Games change the version to mislead tools: what the sections bear out counts.
func TestWrongVersion(t *testing.T) {
	for version, pretended := range map[int]uint32{24: 39, 31: 35, 39: 24, 35: 24} {
		data := carriertest.Unity(version, literals, names)
		binary.LittleEndian.PutUint32(data[4:], pretended)
		m, err := unity.Open(data)
		if err != nil || !slices.Contains(values(m), literals[0]) || !slices.Contains(values(m), "AppsFlyerSDK") {
			t.Errorf("version %d that pretends to be %d: %v %q", version, pretended, err, values(m))
		}
	}
}

func TestDamage(t *testing.T) {
	whole := carriertest.Unity(31, literals, names)
	encrypted := slices.Clone(whole)
	for i := range encrypted {
		encrypted[i] ^= 0x5a
	}
	if _, err := unity.Open(encrypted); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
	for n := range len(whole) {
		m, err := unity.Open(whole[:n])
		if (err != nil) != (n < 44) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if err == nil {
			values(m)
			if len(m.Problems) == 0 {
				t.Fatalf("%d bytes of %d: no problem", n, len(whole))
			}
		}
	}
	odd := slices.Clone(whole)
	for i := 0; i < 8*len(literals); i += 4 {
		binary.LittleEndian.PutUint32(odd[256+i:], uint32(0x7fffffff-i))
	}
	m, err := unity.Open(odd)
	if err != nil || m.Literals != 0 || len(m.Problems) != 1 || !errors.Is(m.Problems[0], binread.Unsupported) {
		t.Fatalf("%v %+v", err, m)
	}
	if got := values(m); !strings.Contains(got[0], literals[0]) || !slices.Contains(got, "AppsFlyerSDK") {
		t.Errorf("%q", got)
	}
}

func TestScriptingAssemblies(t *testing.T) {
	got, err := unity.ScriptingAssemblies([]byte(`{"names":["UnityEngine.dll","UnityEngine.UnityAnalyticsModule.dll","Unity.Services.Analytics.dll","Facebook.Unity.dll","UnityEngine.UI.dll",".dll","a/b.dll"],"types":[2,2,16]}`))
	if err != nil || !slices.Equal(got, []string{"Facebook.Unity", "Unity.Services.Analytics", "UnityEngine.UI"}) {
		t.Errorf("%v %q", err, got)
	}
	got, err = unity.ScriptingAssemblies([]byte(`{"root":[{"assemblyName":"AppsFlyer","nameSpace":"x"},{"assemblyName":"AppsFlyer"},{"assemblyName":""}]}`))
	if err != nil || !slices.Equal(got, []string{"AppsFlyer"}) {
		t.Errorf("%v %q", err, got)
	}
	if _, err := unity.ScriptingAssemblies([]byte(`{"names":[`)); !errors.Is(err, binread.Malformed) {
		t.Errorf("%v", err)
	}
}

// TestReal reads the metadata of Cpp2IL's samples, if they are at hand.
func TestReal(t *testing.T) {
	dir := os.Getenv("TELLTALE_TEST_FILES")
	if dir == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder with real files")
	}
	found := false
	for name, want := range map[string]int{"global-metadata-24.dat": 4080, "global-metadata-31.dat": 3580} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		found = true
		m, err := unity.Open(data)
		if err != nil || m.Literals != want || len(m.Problems) > 0 || !slices.Contains(m.Assemblies(), "UnityEngine.CoreModule") {
			t.Errorf("%s: %v, %d literals, %v", name, err, m.Literals, m.Problems)
		}
	}
	if !found {
		t.Skip("no il2cpp metadata is there")
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range []int{24, 35, 39} {
		f.Add(carriertest.Unity(v, literals, names))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := unity.Open(data)
		if err != nil {
			return
		}
		total := 0
		for s := range m.Strings() {
			total += len(s.Value)
		}
		if total > 64*len(data)+1<<20 {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
		m.Assemblies()
	})
}
