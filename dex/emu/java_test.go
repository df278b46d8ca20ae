package emu

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/classfile"
)

// runner prints what the methods return whose names begin with t.
const runner = `
import java.lang.reflect.*;
import java.util.*;
public class Runner {
    public static void main(String[] a) throws Exception {
        java.io.PrintStream out = new java.io.PrintStream(System.out, false, "UTF-8");
        for (String c : a) {
            List<String> names = new ArrayList<>();
            for (Method m : Class.forName(c).getDeclaredMethods()) if (m.getName().matches("t[A-Z].*") && m.getParameterCount() == 0) names.add(m.getName());
            Collections.sort(names);
            for (String n : names) {
                Method m = Class.forName(c).getDeclaredMethod(n); m.setAccessible(true);
                String r; try { r = (String) m.invoke(null); } catch (InvocationTargetException e) { r = "threw " + e.getCause().getClass().getName(); }
                out.println(c + "." + n + " " + r.replace("\n", "|"));
            }
        }
        out.flush();
    }
}`

// javaClasses compiles the sources of testdata and returns the folder.
func javaClasses(t *testing.T, release string) string {
	t.Helper()
	if _, err := exec.LookPath("javac"); err != nil {
		t.Skip("javac is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Runner.java"), []byte(runner), 0o600); err != nil {
		t.Fatal(err)
	}
	src, _ := filepath.Glob("testdata/*.java")
	args := []string{"-nowarn", "-encoding", "UTF-8", "-d", dir, filepath.Join(dir, "Runner.java")}
	if release != "" {
		args = append([]string{"--release", release}, args...)
	}
	if out, err := exec.Command("javac", append(args, src...)...).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return dir
}

func classesIn(t *testing.T, dir string) *classfile.Set {
	t.Helper()
	var files []*classfile.File
	names, _ := filepath.Glob(filepath.Join(dir, "*.class"))
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		f, err := classfile.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return classfile.NewSet(files)
}

// TestAgainstJava runs the methods of testdata with Java and here.
func TestAgainstJava(t *testing.T) {
	for _, release := range []string{"8", ""} {
		if testing.Short() && release == "" {
			break
		}
		dir := javaClasses(t, release)
		classes := []string{"Arith", "Flow", "Lib", "Hide"}
		cmd := exec.Command("java", append([]string{"-cp", dir, "Runner"}, classes...)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("java: %v", err)
		}
		m := New(Limits{Call: 5_000_000, Total: 1 << 40}, ClassFiles(classesIn(t, dir)))
		n := 0
		for _, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
			name, want, _ := strings.Cut(line, " ")
			class, method, _ := strings.Cut(name, ".")
			got := m.text1(class, method)
			if got = strings.ReplaceAll(got, "\n", "|"); got != want {
				t.Errorf("release %q: %s\n got %q\nwant %q", release, name, got, want)
			}
			n++
		}
		if n < 20 {
			t.Errorf("%d methods were compared", n)
		}
		shapes(t, ClassFiles(classesIn(t, dir)))
	}
}

// shapes reads what Hide.java hides, by its calls and its initialiser.
func shapes(t *testing.T, u Unit) {
	t.Helper()
	m := New(Limits{}, u)
	got := callsOf(m, u, Method{"LHide;", "tXor", "()Ljava/lang/String;"}, "xor")
	if len(got) != 2 || got[0] != m.text1("Hide", "tXor") {
		t.Errorf("the calls of xor return %q", got)
	}
	left, err := m.Init(0, "LHide;")
	var all strings.Builder
	for _, l := range left {
		all.WriteString(l.Text)
	}
	if err != nil || all.String() != m.text1("Hide", "tZ") {
		t.Errorf("the initialiser left %v, %v", left, err)
	}
}

// text1 runs a static method without parameters that returns a string.
func (m *Machine) text1(class, name string) string {
	x := m.find(Method{"L" + class + ";", name, "()Ljava/lang/String;"}, -1)
	if x == nil {
		return "no such method"
	}
	defer m.begin(m.limits.Call)()
	m.initialise(x.class)
	r, err := m.invoke(x, nil)
	if th, ok := err.(*thrown); ok {
		return "threw " + dotted(th.o.class.desc)
	}
	if err != nil {
		return "stopped: " + err.Error()
	}
	s, _ := textOf(r.o)
	return s
}
