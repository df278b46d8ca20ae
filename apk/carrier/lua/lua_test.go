package lua_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/lua"
)

func values(f *lua.File) (out []string) {
	for s := range f.Strings() {
		out = append(out, s.Value)
	}
	return out
}

var sample = []string{"https://lua.example.com/api", "key", strings.Repeat("long ", 60), "中文"}

func TestDialects(t *testing.T) {
	for version, name := range map[byte]string{0x51: "Lua 5.1", 0x52: "Lua 5.2", 0x53: "Lua 5.3", 0x54: "Lua 5.4"} {
		data := carriertest.Lua(version, sample...)
		f, err := lua.Open(data)
		if err != nil || f.Dialect != name || len(f.Problems) > 0 {
			t.Errorf("%s: %v %v", name, err, f)
			continue
		}
		got := values(f)
		for _, s := range sample {
			if !slices.Contains(got, s) {
				t.Errorf("%s: no %q in %q", name, s, got)
			}
		}
		// The last is also a constant of the function inside; names that serve
		// debuggers are not told.
		if n := len(got); n != len(sample)+3 || slices.Contains(got, "local_name") {
			t.Errorf("%s: %d strings: %q", name, n, got)
		}
		for s := range f.Strings() {
			if string(data[s.Off:s.Off+int64(len(s.Value))]) != s.Value {
				t.Errorf("%s: %q does not stand at %d", name, s.Value, s.Off)
			}
		}
	}
	for _, version := range []byte{1, 2} {
		f, err := lua.Open(carriertest.LuaJIT(version, sample...))
		if err != nil || len(f.Problems) > 0 {
			t.Fatalf("LuaJIT %d: %v %v", version, err, f)
		}
		want := []string{"@main.lua"}
		for _, s := range sample {
			want = append(want, s, s+"_key", s+"_value")
		}
		if got := values(f); !slices.Equal(got, want) {
			t.Errorf("LuaJIT %d: %q", version, got)
		}
	}
}

func TestDamage(t *testing.T) {
	if _, err := lua.Open([]byte("print('hello')")); !errors.Is(err, binread.BadMagic) {
		t.Errorf("%v", err)
	}
	for _, whole := range [][]byte{carriertest.Lua(0x51, sample...), carriertest.Lua(0x53, sample...), carriertest.Lua(0x54, sample...), carriertest.LuaJIT(2, sample...)} {
		for n := 5; n < len(whole); n++ {
			f, err := lua.Open(whole[:n])
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Problems) == 0 && n < len(whole)-1 && whole[1] == 'L' && whole[2] == 'u' {
				t.Fatalf("%s cut to %d of %d bytes: no problem", f.Dialect, n, len(whole))
			}
		}
	}
	// An engine that numbers types in its own way: what is behind comes as runs.
	odd := carriertest.Lua(0x53, sample...)
	i := strings.Index(string(odd), "key")
	odd[i-2] = 0x77
	f, err := lua.Open(odd)
	if err != nil || len(f.Problems) != 1 || !errors.Is(f.Problems[0], binread.Malformed) {
		t.Fatalf("%v %v", err, f.Problems)
	}
	got := values(f)
	if got[1] != sample[0] || !strings.Contains(strings.Join(got, "|"), "long long") {
		t.Errorf("%q", got)
	}
	if f, err := lua.Open([]byte("\x1bLua\x61\x00https://new.example.com")); err != nil || len(f.Problems) != 1 || len(values(f)) != 1 {
		t.Errorf("an unknown version: %v %v", err, f)
	}
}

func TestDepth(t *testing.T) {
	// Functions within functions without end, of a file that has them.
	head := carriertest.Lua(0x51)[:12]
	one := "\x00\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 8) + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x01\x00\x00\x00"
	f, err := lua.Open([]byte(string(head) + strings.Repeat(one, 5000)))
	if err != nil || len(f.Problems) != 1 || !errors.Is(f.Problems[0], binread.TooLarge) {
		t.Errorf("%v %v", err, f.Problems)
	}
}

// TestCompilers reads what Debian's compilers write.
func TestCompilers(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "t.lua")
	script := `local url = "https://lua.example.com/api"
local t = { a = "alpha", ["b c"] = 12, 3.5, true, nil, {x="deep"} }
local long = "` + strings.Repeat("long ", 60) + `"
function f(x, ...) local g = function() return url .. x .. "inner" end return g() end
print(f("中文"), t.a, long, 0x7fffffff, -1e300)`
	if err := os.WriteFile(src, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"https://lua.example.com/api", "alpha", "b c", "deep", "inner", "print", "中文", strings.Repeat("long ", 60)}
	ran := false
	for _, c := range [][]string{
		{"luac5.1", "-o"}, {"luac5.2", "-o"}, {"luac5.3", "-o"}, {"luac5.4", "-o"}, {"luac5.1", "-s", "-o"}, {"luac5.4", "-s", "-o"}, {"luajit", "-b"}, {"luajit", "-bg"},
	} {
		if _, err := exec.LookPath(c[0]); err != nil {
			t.Logf("%s is not installed", c[0])
			continue
		}
		ran = true
		out := filepath.Join(dir, "t.luac")
		args := append(slices.Clone(c[1:]), out, src)
		if c[0] == "luajit" {
			args = append(slices.Clone(c[1:]), src, out)
		}
		if b, err := exec.Command(c[0], args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v %s", c, err, b)
			continue
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		f, err := lua.Open(data)
		if err != nil || len(f.Problems) > 0 {
			t.Errorf("%v: %v %v", c, err, f)
			continue
		}
		got := values(f)
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("%v: no %q in %q", c, s, got)
			}
		}
	}
	if !ran {
		t.Skip("no compiler of Lua is installed")
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range []byte{0x51, 0x52, 0x53, 0x54} {
		f.Add(carriertest.Lua(v, "https://a.example", "b"))
	}
	f.Add(carriertest.LuaJIT(2, "https://a.example", "b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := lua.Open(data)
		if err != nil {
			return
		}
		total := 0
		for s := range c.Strings() {
			total += len(s.Value)
		}
		// A string that was read may be found again as text behind damage, and
		// UTF-16 becomes half as long again in UTF-8.
		if total > 5*len(data)/2+16 {
			t.Fatalf("%d bytes of %d", total, len(data))
		}
	})
}
