package extract

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/telltale-apk/telltale/dex/emu"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// TestEmulatedReal reads the hidden strings of real files and tells, for each
// file that has any, how many there are and what they took. With -v it is a
// table: path, strings, runs, instructions, milliseconds of CPU, why runs ended.
func TestEmulatedReal(t *testing.T) {
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES is not set")
	}
	limits := map[emu.Reason]int{}
	files, strs := 0, 0
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".apk", ".jar", ".aar", ".dex"}, strings.ToLower(filepath.Ext(path))) {
			return nil
		}
		if testing.Short() && files > 50 {
			return fs.SkipAll
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			return nil
		}
		b := newBuilder(context.Background(), Options{})
		if err := b.part(Part{Path: path, R: f, Size: st.Size()}, true); err != nil || len(b.set.Units) == 0 {
			return nil
		}
		files++
		slices.SortStableFunc(b.set.Units, func(x, y fact.Unit) int { return boolCompare(y.Info().Loaded, x.Info().Loaded) })
		connect(b.set.Units)
		start := cpu()
		e := b.emulate()
		took := cpu() - start
		n := 0
		for _, u := range b.set.Units {
			if r, ok := u.(fact.Emulations); ok {
				for range r.Emulated() {
					n++
				}
			}
		}
		strs += n
		line := fmt.Sprintf("%s\t%d\t%d\t%d\t%.1f", path, n, 0, 0, took)
		if e != nil {
			line = fmt.Sprintf("%s\t%d\t%d\t%d\t%.1f", path, n, e.runs, e.m.Spent(), took)
			for _, r := range slices.Sorted(maps.Keys(e.ended)) {
				limits[r] += e.ended[r]
				line += fmt.Sprintf("\t%s=%d", r, e.ended[r])
			}
		}
		t.Log(line)
		return nil
	})
	t.Logf("%d files, %d strings, runs that ended early: %v", files, strs, limits)
	if files == 0 {
		t.Error("no file with code was found")
	}
}

// cpu is the CPU time of this process in milliseconds.
func cpu() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	ms := func(v syscall.Timeval) float64 { return float64(v.Sec)*1000 + float64(v.Usec)/1000 }
	return ms(u.Utime) + ms(u.Stime)
}
