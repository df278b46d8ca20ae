package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The tests here take the shell steps out of what people put into their
// pipelines, and run them as a CI service would.

func TestPipelines(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	for _, tool := range []string{"bash", "sh", "go"} {
		if _, err := exec.LookPath(tool); err != nil || runtime.GOOS == "windows" {
			t.Skipf("%s is not installed, or not where steps expect it", tool)
		}
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "telltale"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, test := range map[string]func(*testing.T, string, []string){
		"GitHub": testGitHubAction, "GitLab": testGitLabTemplate, "README": testReadmePipelines, "pre-commit": testPreCommitHooks, "Containerfile": testContainerfile,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			apks, err := filepath.Abs("../../testdata/apks")
			if err == nil {
				err = os.Symlink(apks, filepath.Join(dir, "apks"))
			}
			if err != nil {
				t.Fatal(err)
			}
			test(t, dir, append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "RUNNER_TEMP="+t.TempDir()))
		})
	}
}

// shell runs a step and returns its output and exit code.
func shell(t *testing.T, dir string, env []string, script string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(args[0], append(args[1:], script)...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	var ee *exec.ExitError
	if err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// githubBash is how GitHub's runners start "shell: bash".
var githubBash = []string{"bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c"}

func testGitHubAction(t *testing.T, dir string, base []string) {
	var action struct {
		Inputs  map[string]struct{ Default string }
		Outputs map[string]struct{ Value string }
		Runs    struct {
			Using string
			Steps []struct {
				Name, ID, Shell, Run, Uses string
				Env                        map[string]string
			}
		}
	}
	load(t, "../../.github/actions/scan/action.yml", &action)
	source, err := filepath.Abs("../../.github/actions/scan")
	if err != nil {
		t.Fatal(err)
	}
	expr := regexp.MustCompile(`\$\{\{ *([a-z._-]+|steps\.scan\.outputs\.[a-z-]+) *\}\}`)
	for _, tt := range []struct {
		name   string
		inputs map[string]string
		code   int
		want   []string // in what the steps print
	}{
		{"clean", map[string]string{"path": "apks/notes.apk", "policy": "privacy-strict"}, 0, []string{"com.example.notes"}},
		{"forbidden", map[string]string{"path": "apks/notes.apk\napks/browser.apk", "policy": "privacy-strict\napp-review-cn", "fail-on": "sdk:umeng-common\nidentifier:imei"}, 1, []string{"::error title=Telltale::Something was found", "(rule no-trackers)", "(--fail-on identifier:imei)"}},
		{"args", map[string]string{"path": "apks/notes.apk", "args": "--jobs\n1"}, 0, nil},
		{"hostile", map[string]string{"path": "$(touch pwned)`touch pwned`; touch pwned"}, 2, []string{"exit code 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			outputs := map[string]string{}
			values := func(s string) string {
				return expr.ReplaceAllStringFunc(s, func(m string) string {
					name := expr.FindStringSubmatch(m)[1]
					switch {
					case name == "github.action_path":
						return source
					case strings.HasPrefix(name, "inputs."):
						in, ok := action.Inputs[name[7:]]
						if !ok {
							t.Errorf("there is no input %s", name)
						}
						if v, ok := tt.inputs[name[7:]]; ok {
							return v
						}
						return in.Default
					case strings.HasPrefix(name, "steps.scan.outputs."):
						return outputs[strings.TrimPrefix(name, "steps.scan.outputs.")]
					}
					t.Errorf("unknown expression %s", m)
					return ""
				})
			}
			var log strings.Builder
			code := 0
			for _, s := range action.Runs.Steps {
				if s.Run == "" {
					continue
				}
				if strings.Contains(s.Run, "${{") {
					t.Errorf("step %q puts an expression into its script: text from outside would be run", s.Name)
				}
				file, summary := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
				env := append(slices.Clone(base), "GITHUB_OUTPUT="+file, "GITHUB_STEP_SUMMARY="+summary)
				for k, v := range s.Env {
					env = append(env, k+"="+values(v))
				}
				for _, f := range []string{file, summary} {
					if err := os.WriteFile(f, nil, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				var out string
				out, code = shell(t, dir, env, s.Run, githubBash...)
				log.WriteString(out)
				for line := range strings.Lines(read(t, file)) {
					if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
						outputs[k] = v
					}
				}
				if s.ID == "scan" && tt.code < 2 && !strings.Contains(read(t, summary), "## Telltale:") {
					t.Error("the summary of the job is empty")
				}
				if code != 0 {
					break
				}
			}
			if code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, log.String())
			}
			// What apps say stands where the runner takes no commands.
			stopped := regexp.MustCompile(`(?s)::stop-commands::([0-9a-f]{32})\n(.*)\n::([0-9a-f]{32})::\n`).FindStringSubmatch(log.String())
			if stopped == nil || stopped[1] != stopped[3] || tt.code < 2 && !strings.Contains(stopped[2], "What backs a statement") {
				t.Errorf("the runner would take commands from apps:\n%s", log.String())
			}
			for _, w := range tt.want {
				if !strings.Contains(log.String(), w) {
					t.Errorf("%q is missing in\n%s", w, log.String())
				}
			}
			for name, o := range action.Outputs {
				if values(o.Value) == "" {
					t.Errorf("output %s is empty", name)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Error("text of an input was run")
			}
			if tt.code < 2 {
				for _, o := range []string{"json", "sarif"} {
					if !strings.Contains(read(t, dir, outputs[o]), "telltale") {
						t.Errorf("%s is empty", o)
					}
				}
			}
		})
	}
}

func testGitLabTemplate(t *testing.T, dir string, base []string) {
	var ci map[string]struct {
		Variables            map[string]string
		BeforeScript, Script []string
		Artifacts            struct {
			Paths   []string
			Reports map[string]string
		}
	}
	b := read(t, "../../.gitlab/scan.gitlab-ci.yml")
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(b, "before_script:", "beforescript:")), &ci); err != nil {
		t.Fatal(err)
	}
	job := ci[".telltale"]
	for _, tt := range []struct {
		name      string
		variables map[string]string
		code      int
	}{
		{"clean", map[string]string{"TELLTALE_PATH": "apks/notes.apk"}, 0},
		{"forbidden", map[string]string{"TELLTALE_PATH": "apks/browser.apk"}, 1},
		{"flags", map[string]string{"TELLTALE_PATH": "apks/notes.apk", "TELLTALE_FLAGS": "--jobs 1 --fail-on tracker"}, 0},
		{"known", map[string]string{"TELLTALE_PATH": "apks/browser.apk", "TELLTALE_BASELINE": "old.json"}, 0},
	} {
		env := slices.Clone(base)
		for k, v := range job.Variables {
			env = append(env, k+"="+v)
		}
		for k, v := range tt.variables {
			if _, ok := job.Variables[k]; !ok {
				t.Errorf("there is no variable %s", k)
			}
			env = append(env, k+"="+v)
		}
		if tt.variables["TELLTALE_BASELINE"] != "" {
			if out, code := shell(t, dir, env, "telltale scan --format json --output old.json apks/browser.apk", "sh", "-c"); code != 0 {
				t.Fatal(out)
			}
		}
		// GitLab's runners join the lines of both, and end at the first that fails.
		out, code := shell(t, dir, env, strings.Join(append(slices.Clone(job.BeforeScript), job.Script...), "\n"), "sh", "-e", "-c")
		if code != tt.code {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.name, code, tt.code, out)
		}
		for _, f := range append(slices.Clone(job.Artifacts.Paths), job.Artifacts.Reports["junit"], job.Artifacts.Reports["cyclonedx"]) {
			if st, err := os.Stat(filepath.Join(dir, f)); err != nil || st.Size() == 0 {
				t.Errorf("%s: the artifact %q is not there", tt.name, f)
			}
			os.Remove(filepath.Join(dir, f))
		}
	}
}

// testReadmePipelines runs the shell of what the README tells users of CI
// services to copy.
func testReadmePipelines(t *testing.T, dir string, env []string) {
	readme := read(t, "../../README.md")
	_, section, ok := strings.Cut(readme, "## In a pipeline\n")
	if !ok {
		t.Fatal("the README has no section for pipelines")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	if err := os.MkdirAll(filepath.Join(dir, "app/build/outputs/apk/release"), 0o777); err != nil {
		t.Fatal(err)
	}
	copyFile := func(from, to string) {
		b, err := os.ReadFile(filepath.Join(dir, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), b, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const apk = "app/build/outputs/apk/release/app.apk"
	copyFile("apks/notes.apk", apk)

	// The first lines: a policy and a baseline.
	blocks := regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```").FindAllStringSubmatch(section, -1)
	var jenkins, first string
	for _, b := range blocks {
		switch {
		case b[1] == "groovy":
			jenkins = b[2]
		case b[1] == "sh" && first == "":
			first = b[2]
		case b[1] == "yaml":
			var v any
			if err := yaml.Unmarshal([]byte(b[2]), &v); err != nil {
				t.Errorf("%v in\n%s", err, b[2])
			}
		}
	}
	if out, code := shell(t, dir, env, first, "sh", "-e", "-c"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	read(t, dir, "telltale.yaml")
	read(t, dir, "telltale-baseline.json")

	step := regexp.MustCompile(`(?s)sh '''\n(.*?)'''`).FindStringSubmatch(jenkins)
	if step == nil {
		t.Fatal("the Jenkins stage has no step")
	}
	// Jenkins starts "sh -xe".
	if out, code := shell(t, dir, env, step[1], "sh", "-xe", "-c"); code != 0 {
		t.Errorf("nothing new: exit code %d\n%s", code, out)
	}
	copyFile("apks/browser.apk", apk)
	if out, code := shell(t, dir, env, step[1], "sh", "-xe", "-c"); code != 1 || !strings.Contains(out, "exit 1: "+apk+": carries MiStat v1") {
		t.Errorf("a new SDK: exit code %d\n%s", code, out)
	}
	read(t, dir, "telltale.xml")
}

func testPreCommitHooks(t *testing.T, dir string, env []string) {
	var hooks []struct {
		ID, Entry, Files, Language string
		Args                       []string
	}
	load(t, "../../.pre-commit-hooks.yaml", &hooks)
	if out, code := shell(t, dir, env, "telltale policy init && printf 'schema: nope\n' >bad.yaml", "sh", "-c"); code != 0 {
		t.Fatal(out)
	}
	entry, args := map[string]string{}, map[string]string{}
	for _, h := range hooks {
		entry[h.ID], args[h.ID] = h.Entry, strings.Join(h.Args, " ")
		re, err := regexp.Compile(h.Files)
		if err != nil || h.Language != "golang" {
			t.Errorf("%s: %v", h.ID, err)
			continue
		}
		for name, want := range map[string]string{"telltale.yaml": "telltale-policy", "x/telltale.yml": "telltale-policy", "libs/a.aar": "telltale-scan", "a.apk": "telltale-scan", "a.apk.txt": "", "mytelltale.yaml": ""} {
			if re.MatchString(name) != (want == h.ID) {
				t.Errorf("%s and %s", h.ID, name)
			}
		}
	}
	for _, tt := range []struct {
		command string
		code    int
	}{
		{entry["telltale-policy"] + " telltale.yaml", 0},
		{entry["telltale-policy"] + " bad.yaml", 2},
		{entry["telltale-scan"] + " " + args["telltale-scan"] + " apks/notes.apk", 0},
		{entry["telltale-scan"] + " " + args["telltale-scan"] + " apks/notes.apk apks/browser.apk", 1},
		{entry["telltale-scan"] + " apks/notes.apk apks/browser.apk", 0},
		{entry["telltale-scan"] + " --policy telltale.yaml apks/notes.apk", 0},
	} {
		if out, code := shell(t, dir, env, tt.command, "sh", "-c"); code != tt.code {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.command, code, tt.code, out)
		}
	}
}

// testContainerfile runs what the image is built by, and looks at what is in it.
func testContainerfile(t *testing.T, dir string, env []string) {
	text := read(t, "../../.ci/Containerfile")
	run := regexp.MustCompile(`(?m)^RUN (.*)$`).FindStringSubmatch(text)
	version := regexp.MustCompile(`(?m)^ARG VERSION=(.*)$`).FindStringSubmatch(text)
	if run == nil || version == nil {
		t.Fatal("the file has no RUN or VERSION")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "image")
	script := strings.ReplaceAll(run[1], "-o /telltale", "-o "+image)
	if out, code := shell(t, root, append(env, "VERSION=9.9.9"), script, "sh", "-c"); code != 0 {
		t.Fatalf("%s\n%s", script, out)
	}
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	// FROM scratch has no loader.
	if runtime.GOOS == "linux" && bytes.Contains(b, []byte("/lib64/ld-linux")) {
		t.Error("the program is not static")
	}
	if out, code := shell(t, dir, env, image+" version", "sh", "-c"); code != 0 || !strings.HasPrefix(out, "telltale 9.9.9\n") {
		t.Errorf("%d %s", code, out)
	}
	last := text[strings.LastIndex(text, "\nFROM "):]
	for _, want := range []string{"FROM scratch\n", "COPY --from=build /telltale /telltale\n", "USER 65534", `ENTRYPOINT ["/telltale"]`} {
		if !strings.Contains(last, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, f := range []string{"LICENSE", "NOTICE"} {
		read(t, root, f)
	}
}
