package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
)

// twins lets byte-equal inputs be analysed once. A result is kept only while
// an input is still to come that may be equal, so that what a run holds does
// not grow with the number of apps.
type twins struct {
	alike []string // by input.Index: what inputs that may be equal share; "" if no other may be

	mu   sync.Mutex
	left map[string]int              // by alike: inputs not yet done
	by   map[string]map[string]*twin // by alike and content
}

type twin struct {
	once sync.Once
	app  *event.App
}

// endSize is how much of a file's end is compared before all of it is. The end
// of an archive is its directory, which holds the checksums of all entries.
const endSize = 4 << 10

// newTwins finds out which inputs may be equal: those of one size whose files
// end alike.
func newTwins(ctx context.Context, inputs []input) *twins {
	t := &twins{alike: make([]string, len(inputs)), left: map[string]int{}, by: map[string]map[string]*twin{}}
	sizes := map[int64]int{}
	for _, in := range inputs {
		sizes[in.size()]++
	}
	for i := range inputs {
		inputs[i].Index = i
		if sizes[inputs[i].size()] > 1 && ctx.Err() == nil {
			if t.alike[i] = ends(inputs[i]); t.alike[i] != "" {
				t.left[t.alike[i]]++
			}
		}
	}
	for i, a := range t.alike {
		if t.left[a] < 2 {
			delete(t.left, a)
			t.alike[i] = ""
		}
	}
	return t
}

// ends is a digest of the sizes and ends of an input's files, "" if one of
// them can't be read.
func ends(in input) string {
	h := sha256.New()
	var buf [endSize]byte
	for _, p := range in.Parts {
		f, _, err := openRegular(p.File)
		if err != nil {
			return ""
		}
		n, err := f.ReadAt(buf[:], max(0, p.Size-endSize))
		f.Close()
		if err != nil && err != io.EOF {
			return ""
		}
		fmt.Fprintf(h, "%d %s %q ", p.Size, p.Role, p.Split)
		h.Write(buf[:n])
	}
	return string(h.Sum(nil))
}

// once returns the result of analyse, or that of an equal input under the
// paths of this one; nil if the run was cancelled.
func (t *twins) once(ctx context.Context, in input, src extract.Source, analyse func() *event.App) *event.App {
	alike := t.alike[in.Index]
	if alike == "" {
		return analyse()
	}
	defer t.done(alike)
	key := content(ctx, src)
	if key == "" {
		return analyse()
	}
	w := t.twin(alike, key)
	w.once.Do(func() { w.app = analyse() })
	if w.app == nil {
		return nil
	}
	return Renamed(w.app, src)
}

// content is a digest of an input's files, "" if one of them can't be read.
func content(ctx context.Context, src extract.Source) string {
	var key strings.Builder
	for _, p := range src.Parts {
		d, err := extract.Digest(ctx, p)
		if err != nil {
			return ""
		}
		fmt.Fprintf(&key, "%s %s %s\n", p.Role, p.Split, hex.EncodeToString(d[:]))
	}
	return key.String()
}

// twin returns what inputs of one content share.
func (t *twins) twin(alike, key string) *twin {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[alike] == nil {
		t.by[alike] = map[string]*twin{}
	}
	w := t.by[alike][key]
	if w == nil {
		w = &twin{}
		t.by[alike][key] = w
	}
	return w
}

// done forgets the results that no input will ask for any more.
func (t *twins) done(alike string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left[alike]--; t.left[alike] == 0 {
		delete(t.left, alike)
		delete(t.by, alike)
	}
}

// Renamed is a copy of a result under the paths of an equal input.
func Renamed(a *event.App, src extract.Source) *event.App {
	c := *a
	c.Path = src.Parts[0].Path
	c.Parts = slices.Clone(a.Parts)
	files := src.Parts
	for i := range c.Parts {
		p := &c.Parts[i]
		if inner, ok := strings.CutPrefix(p.Path, a.Path+"!"); ok { // of a container
			p.Path = c.Path + "!" + inner
		} else if len(files) > 0 {
			p.Path, files = files[0].Path, files[1:]
		}
	}
	return &c
}
