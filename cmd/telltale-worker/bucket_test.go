package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/telltale-apk/telltale/cmd/telltale-worker/internal/store"
)

// served is an S3-compatible server that counts what is fetched from it.
type served struct {
	url     string
	backend gofakes3.Backend
	sent    atomic.Int64
	gets    atomic.Int64
}

func serveS3(t *testing.T) *served {
	t.Helper()
	s := &served{backend: s3mem.New()}
	h := gofakes3.New(s.backend).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			s.gets.Add(1)
			w = &counting{w, &s.sent}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return s
}

type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n.Add(int64(n))
	return n, err
}

func (s *served) bucket(t *testing.T, name string) string {
	t.Helper()
	if err := s.backend.CreateBucket(name); err != nil {
		t.Fatal(err)
	}
	return "s3://" + name + "?region=us-east-1&use_path_style=true&endpoint=" + s.url
}

func (s *served) put(t *testing.T, bucket, key string, b []byte) {
	t.Helper()
	if _, err := s.backend.PutObject(bucket, key, map[string]string{}, bytes.NewReader(b), int64(len(b)), nil); err != nil {
		t.Fatal(err)
	}
}

// Apps and results may lie in buckets; the results are those of files.
func TestBuckets(t *testing.T) {
	s := serveS3(t)
	inputs, results := s.bucket(t, "apps"), s.bucket(t, "results")
	dir := filepath.Join(t.TempDir(), "apps")
	var size int64
	put := func(name string, b []byte) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		s.put(t, "apps", filepath.ToSlash(name), b)
		size += int64(len(b))
	}
	for _, name := range []string{"browser.apk", "notes.apk"} {
		b, err := os.ReadFile(filepath.Join("../../testdata/apks", name))
		if err != nil {
			t.Fatal(err)
		}
		put("by-name/"+name, b)
		// Collections name objects by their digest: then they need not be read
		// whole. What a large file in an app costs shows how much less that is.
		large := withMovie(t, b)
		put(fmt.Sprintf("by-digest/%x.apk", sha256.Sum256(large)), large)
	}
	put("by-name/broken.apk", []byte("PK\x03\x04 and no more"))
	if root := os.Getenv("TELLTALE_TEST_FILES"); root != "" && !testing.Short() {
		n := 0
		_ = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(p) == ".apk" && n < 6 {
				if b, err := os.ReadFile(p); err == nil {
					put(fmt.Sprintf("by-digest/%x.apk", sha256.Sum256(b)), b)
					n++
				}
			}
			return nil
		})
	}
	for name, extra := range map[string][]string{"all": nil, "isolated": {"--isolate"}, "ranged": nil} {
		t.Run(name, func(t *testing.T) {
			addr := freePort(t)
			server := start(t, "serve", "--dir", t.TempDir(), "--listen", addr)
			defer server.end()
			where := results + "&prefix=tenant-" + name + "/"
			common := []string{"--log-level", "warning", "--store", where, "--inputs", inputs, "--nats", "nats://" + addr}
			enqueue, as := append([]string{"enqueue", "--as", dir}, common...), []string{dir}
			if name == "ranged" {
				enqueue, as = append(enqueue, "--no-search"), []string{"--max-searched", "1", dir}
			}
			want := scanned(t, as...)
			must(t, enqueue...)
			s.sent.Store(0)
			s.gets.Store(0)
			must(t, append(append([]string{"work", "--until-empty", "--jobs", "2"}, common...), extra...)...)
			t.Logf("%d bytes in %d requests for files of %d bytes", s.sent.Load(), s.gets.Load(), size)
			if name == "ranged" && os.Getenv("TELLTALE_TEST_FILES") == "" && s.sent.Load() > size/8 {
				t.Errorf("%d bytes were fetched of files of %d bytes", s.sent.Load(), size)
			}
			got := must(t, "collect", "--log-level", "warning", "--store", where, "--format", "json")
			if got != string(want) {
				t.Errorf("collected and scanned differ:\n%s\n%s", got, want)
			}
		})
	}
	// One tenant's results are not among another's.
	list, err := s.backend.ListBucket("results", &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		if !slices.Contains([]string{"tenant-all", "tenant-isolated", "tenant-ranged"}, strings.Split(o.Key, "/")[0]) {
			t.Errorf("%s lies outside", o.Key)
		}
	}
}

// withMovie puts a film into an APK.
func withMovie(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	film, err := w.CreateHeader(&zip.FileHeader{Name: "res/raw/film.mp4", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 8<<20)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	copy(noise, "\x00\x00\x00\x20ftypisom")
	if _, err := film.Write(noise); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Nothing outside the inputs can be named, whatever an item says.
func TestInputsKeepInside(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "inputs")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	in, err := store.OpenInputs(context.Background(), root)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, name := range []string{"../secret", "link", filepath.Join(dir, "secret"), "a/../../secret"} {
		f := itemFile(name)
		if o, err := in.Open(context.Background(), f); err == nil {
			o.Close()
			t.Errorf("%s was opened", name)
		}
	}
	s, err := store.Open(context.Background(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, id := range []string{"", "../../x", strings.Repeat("A", 64), strings.Repeat("a", 63) + "/"} {
		if err := s.PutResult(context.Background(), id, nil); err == nil {
			t.Errorf("id %q was taken", id)
		}
	}
}
