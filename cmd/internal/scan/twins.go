package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures/fact"
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
	mine := false
	w.once.Do(func() { w.app, mine = analyse(), true })
	switch {
	case w.app == nil:
		return nil
	case !mine && namesFile(w.app, src):
		// The other one's name would be told as this one's.
		return analyse()
	}
	return Renamed(w.app, src)
}

// content is a digest of an input's files, "" if one of them can't be read.
// Where there are several, what they are called beside each other belongs to it:
// results name code by the file that it is in.
func content(ctx context.Context, src extract.Source) string {
	names := PartNames(src)
	var key strings.Builder
	for i, p := range src.Parts {
		d, err := extract.Digest(ctx, p)
		if err != nil {
			return ""
		}
		if len(src.Parts) == 1 {
			names[i] = "" // one file may have any name
		}
		fmt.Fprintf(&key, "%s %s %q %s\n", p.Role, p.Split, names[i], hex.EncodeToString(d[:]))
	}
	return key.String()
}

// PartNames are what the files of an app are called beside each other: relative
// to the folder that the first lies in, as results name them.
func PartNames(src extract.Source) []string {
	base := src.Parts[0].Path
	var out []string
	for i, p := range src.Parts {
		name, ok := strings.CutPrefix(p.Path, path.Dir(base)+"/")
		if i == 0 || !ok {
			name = path.Base(p.Path)
		}
		out = append(out, name)
	}
	return out
}

// namesFile reports whether a result speaks of its file by name, and the equal
// file has another: "the code lies in oat/*/NAME.odex" is not true of that one.
func namesFile(a *event.App, src extract.Source) bool {
	name := path.Base(a.Path)
	if name == path.Base(src.Parts[0].Path) {
		return false
	}
	stem := strings.TrimSuffix(name, path.Ext(name))
	return slices.ContainsFunc(a.Problems, func(p fact.Problem) bool {
		return strings.Contains(p.Detail, stem) || strings.Contains(p.Part, stem)
	}) || slices.ContainsFunc(a.Code, func(c event.Code) bool { return strings.Contains(c.Unit, stem) })
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
