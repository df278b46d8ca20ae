package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/dataset"
)

// tables makes the dataset of the bundled samples.
func tables(t *testing.T) string {
	t.Helper()
	storeDir, addr := filepath.Join(t.TempDir(), "store"), freePort(t)
	server := start(t, "serve", "--dir", t.TempDir(), "--listen", addr)
	defer server.end()
	common := []string{"--log-level", "warning", "--store", storeDir, "--inputs", "../../testdata", "--nats", "nats://" + addr}
	must(t, append([]string{"enqueue"}, common...)...)
	must(t, append([]string{"work", "--until-empty"}, common...)...)
	dir := filepath.Join(t.TempDir(), "dataset")
	must(t, "collect", "--log-level", "warning", "--store", storeDir, "--output", filepath.Join(t.TempDir(), "report.ndjson"), "--parquet", dir)
	return dir
}

func TestDataset(t *testing.T) {
	dir := tables(t)
	var want struct {
		Apps []struct {
			Path        string
			SDKs        []json.RawMessage
			Endpoints   []json.RawMessage
			Permissions []json.RawMessage
			Problems    []json.RawMessage
		}
	}
	if err := json.Unmarshal(scanned(t, "../../testdata"), &want); err != nil {
		t.Fatal(err)
	}
	apps, err := parquet.ReadFile[dataset.App](filepath.Join(dir, "apps", "part-00000.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	sdks, endpoints, permissions, problems := 0, 0, 0, 0
	for i, a := range want.Apps {
		sdks += len(a.SDKs)
		endpoints += len(a.Endpoints)
		permissions += len(a.Permissions)
		problems += len(a.Problems)
		if i >= len(apps) || apps[i].App != a.Path {
			t.Fatalf("row %d is not %s", i, a.Path)
		}
	}
	if len(apps) != len(want.Apps) || len(apps) < 40 {
		t.Errorf("%d rows for %d apps", len(apps), len(want.Apps))
	}
	for name, n := range map[string]int{"sdks": sdks, "endpoints": endpoints, "permissions": permissions, "problems": problems} {
		f, err := os.Open(filepath.Join(dir, name, "part-00000.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		p, err := parquet.OpenFile(f, st.Size())
		if err != nil {
			t.Fatal(err)
		}
		if p.NumRows() != int64(n) {
			t.Errorf("%s: %d rows, want %d", name, p.NumRows(), n)
		}
		f.Close()
	}
}

// The queries of the README answer their questions, asked by DuckDB. It comes
// as an npm package, @duckdb/node-api, in the folder that TELLTALE_DUCKDB names.
func TestQueriesOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(queries) < 10 {
		t.Fatalf("%d queries in the README", len(queries))
	}
	where := os.Getenv("TELLTALE_DUCKDB")
	if where == "" {
		t.Skip("TELLTALE_DUCKDB names no folder with @duckdb/node-api (npm install @duckdb/node-api)")
	}
	dir := tables(t)
	const ask = `import { DuckDBInstance } from '@duckdb/node-api';
const c = await (await DuckDBInstance.create(':memory:')).connect();
for (const q of JSON.parse(process.argv[2])) {
  const r = await c.runAndReadAll(q);
  console.log(JSON.stringify(r.getRowsJson()));
}`
	script := filepath.Join(where, "telltale-ask.mjs")
	if err := os.WriteFile(script, []byte(ask), 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(script)
	var all []string
	for _, q := range queries {
		all = append(all, strings.ReplaceAll(string(q[1]), "'dataset/", "'"+dir+"/"))
	}
	arg, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", script, string(arg))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d answers to %d queries", len(lines), len(all))
	}
	for i, l := range lines {
		t.Logf("%s\n%s", strings.TrimSpace(all[i]), l[:min(len(l), 400)])
		if l == "[]" {
			t.Errorf("nobody answers:\n%s", all[i])
		}
	}
}
