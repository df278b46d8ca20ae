// Package cache remembers results of apps by their content, so that a folder
// that did not change costs little more than hashing it.
//
// A result is kept under a digest of everything that it depends on: the engine,
// the rules, the options, the bytes of every part and how the parts are called
// beside each other. Where the app lies is no part of it. Results that another
// run might not get (no time left, a file that could not be read, a fault) are
// not kept.
//
// Every byte is hashed each time. That is most of what a second run costs, and
// size, time of change and inode would say for nearly nothing that a file is the same,
// as they do for git. But git asks who works in the folder, and here files come from
// whom they tell on: who can write one can give it the size and the time of
// another (adb pull -a, unpacked archives and rsync do so without malice), and an
// app would pass for what it no longer is. So there is no such option.
//
// # On disk
//
// DIR/v1/ab/cdef… holds one result: a line with the format, the key and the
// digest of what follows, then the result (see codec.go). A file is written under
// another name and renamed, so that runs at the same time and runs that end in
// the middle do no harm; what is damaged or of another key is as good as absent.
// When a run that added something ends, the files that were not used for longest
// are removed until the limit holds.
//
// # Threat model
//
// Who may write to the directory decides what the program says: it is created
// for its owner alone. Its content is parsed as any other input; it can make a
// result wrong, but nothing worse.
package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

const (
	format = "telltale-cache-2"
	// DefaultLimit is how many bytes all results together take at most.
	DefaultLimit = 1 << 30
	// maxResult is how large one result may be; larger ones are not kept.
	maxResult = 256 << 20
	// fresh is how long a use is good for: within it a file is not marked again.
	fresh = 24 * time.Hour
	// abandoned is how old an unfinished file is that nobody writes any more.
	abandoned = time.Hour
)

// Cache is a directory of results. It is safe for concurrent use, also by
// several processes.
type Cache struct {
	dir      string
	limit    int64
	identity string

	hits, misses, stored atomic.Int64
}

// Open returns the cache in a directory, which is made if it is not there.
// limit bounds its bytes. identity names everything besides the app that results
// depend on: engine, rules, options.
func Open(dir string, limit int64, identity ...string) (*Cache, error) {
	c := &Cache{dir: filepath.Join(dir, "v1"), limit: limit, identity: digestOf(append(identity, layout())...)}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	return c, nil
}

// Counts returns how many results were found, and how many had to be made.
func (c *Cache) Counts() (hits, misses int64) { return c.hits.Load(), c.misses.Load() }

// Runner returns a Runner that asks the cache before it asks next.
func (c *Cache) Runner(next scan.Runner) scan.Runner { return &runner{next, c} }

type runner struct {
	scan.Runner
	c *Cache
}

// App returns the result that is kept, or makes and keeps it.
func (r *runner) App(ctx context.Context, src extract.Source, o scan.Options) *event.App {
	digests := make([]string, len(src.Parts))
	for i, p := range src.Parts {
		d, err := extract.Digest(ctx, p)
		if err != nil {
			return r.Runner.App(ctx, src, o) // which says what is wrong
		}
		digests[i] = hex.EncodeToString(d[:])
	}
	key := r.c.key(src, digests)
	if a := r.c.load(key); a != nil {
		r.c.hits.Add(1)
		return scan.Renamed(a, src)
	}
	r.c.misses.Add(1)
	a := r.Runner.App(ctx, src, o)
	if a != nil && lasting(a, digests) {
		r.c.store(key, a)
	}
	return a
}

// key is that of an app's parts.
func (c *Cache) key(src extract.Source, digests []string) string {
	all := []string{c.identity}
	names := scan.PartNames(src)
	for i, p := range src.Parts {
		all = append(all, string(p.Role), p.Split, names[i], digests[i])
	}
	return digestOf(all...)
}

// digestOf is the digest of a list of texts, each with its length before it.
func digestOf(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lasting reports whether another run would get the same: the files are those
// that were hashed, and nothing failed that might not fail again. What a budget
// stopped may have been stopped by time, of which a quieter machine has more.
func lasting(a *event.App, digests []string) bool {
	if a.Status == fact.Failed || a.SHA256 != digests[0] {
		return false
	}
	for _, d := range digests[1:] {
		if !slices.ContainsFunc(a.Parts, func(p event.Part) bool { return p.SHA256 == d }) {
			return false
		}
	}
	return !slices.ContainsFunc(a.Problems, func(p fact.Problem) bool {
		return p.Kind == fact.ProblemUnreadable || p.Kind == fact.ProblemInternal || p.Kind == fact.ProblemBudget
	})
}

func (c *Cache) file(key string) string { return filepath.Join(c.dir, key[:2], key[2:]) }

// head is the first line of a file.
func head(key string, body []byte) string {
	d := sha256.Sum256(body)
	return fmt.Sprintf("%s %s %x %d\n", format, key, d, len(body))
}

// load returns the result of a key, nil if there is none or it is damaged.
func (c *Cache) load(key string) *event.App {
	name := c.file(key)
	st, err := os.Lstat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxResult+1024 {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	line := bytes.IndexByte(data, '\n') + 1
	body := data[line:]
	if string(data[:line]) != head(key, body) {
		return nil
	}
	a := decode(body)
	if a == nil {
		return nil
	}
	if now := time.Now(); now.Sub(st.ModTime()) > fresh {
		os.Chtimes(name, now, now) // a file in use is not among the oldest
	}
	return a
}

// store keeps a result. That it cannot be kept is no reason to fail.
func (c *Cache) store(key string, a *event.App) {
	body := encode(a)
	if len(body) > maxResult || int64(len(body)) > c.limit {
		return
	}
	name := c.file(key)
	dir := filepath.Dir(name)
	if os.MkdirAll(dir, 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return
	}
	_, err1 := f.WriteString(head(key, body))
	_, err2 := f.Write(body)
	if err := errors.Join(err1, err2, f.Close()); err == nil && os.Rename(f.Name(), name) == nil {
		c.stored.Add(1)
		return
	}
	os.Remove(f.Name())
}

// Close removes what has not been used for longest, if the run added something
// and the limit does not hold.
func (c *Cache) Close() {
	if c.stored.Swap(0) == 0 {
		return
	}
	type kept struct {
		name string
		size int64
		used time.Time
	}
	var all []kept
	total := int64(0)
	filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return nil // another run removed it
		}
		if strings.HasPrefix(d.Name(), ".new-") {
			if time.Since(st.ModTime()) > abandoned {
				os.Remove(name)
			}
			return nil
		}
		all = append(all, kept{name, st.Size(), st.ModTime()})
		total += st.Size()
		return nil
	})
	if total <= c.limit {
		return
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	// A little more than needed, so that not every run has to.
	for _, k := range all {
		if total <= c.limit-c.limit/10 {
			return
		}
		if os.Remove(k.name) == nil {
			total -= k.size
		}
	}
}
