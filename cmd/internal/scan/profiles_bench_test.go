package scan_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/profile"
)

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkProfiles says what profiles cost on top of a scan, in processor time
// for each megabyte of DEX, over the APKs of TELLTALE_TEST_FILES.
func BenchmarkProfiles(b *testing.B) {
	dir := os.Getenv("TELLTALE_TEST_FILES")
	if dir == "" {
		b.Skip("TELLTALE_TEST_FILES names no folder with APKs")
	}
	r, err := signatures.Default()
	if err != nil {
		b.Fatal(err)
	}
	rules, err := signatures.Compile(r)
	if err != nil {
		b.Fatal(err)
	}
	x, err := profile.Bundled()
	if err != nil {
		b.Fatal(err)
	}
	var files []string
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".apk") {
			files = append(files, p)
		}
		return nil
	})
	ctx := context.Background()
	spent, bytes, strict := time.Duration(0), int64(0), time.Duration(0)
	for b.Loop() {
		for _, f := range files {
			err := scan.Facts(ctx, f, scan.Options{Rules: rules}, func(s *fact.Set) error {
				m := signatures.MatchWith(ctx, s, rules, signatures.Options{})
				o := scan.ProfileOptions(m, nil)
				start := cpu(b)
				found := x.Match(ctx, s, o)
				took := cpu(b) - start
				spent += took
				if len(found) == 0 {
					strict += took
				}
				for _, f := range s.App.Files {
					if f.Kind == "dex" {
						bytes += f.Size
					}
				}
				return nil
			})
			if err != nil {
				b.Log(err)
			}
		}
	}
	if bytes == 0 {
		b.Fatal("no APK with DEX files")
	}
	b.ReportMetric(float64(spent.Microseconds())/1000/(float64(bytes)/1e6), "cpu-ms/MB")
	b.ReportMetric(float64(bytes)/1e6/float64(b.N), "MB/op")
	b.ReportMetric(float64(strict.Microseconds())/1000/float64(b.N), "cpu-ms-without-finds")
}
