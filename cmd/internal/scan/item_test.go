package scan

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// What is found, written down and analysed elsewhere has the results of a scan.
func TestItemsAreAsGoodAsAScan(t *testing.T) {
	rules, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Rules: compiled, Jobs: 2}
	args := []string{"../../../testdata/apks", "../../../testdata/malformed"}
	var want []string
	sum, err := Paths(context.Background(), args, strings.NewReader(""), o, func(a *event.App) error {
		b, err := json.Marshal(a)
		want = append(want, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Find(context.Background(), args, strings.NewReader(""), o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(found.Skipped(), sum.Skipped) {
		t.Errorf("skipped %v, want %v", found.Skipped(), sum.Skipped)
	}
	n := 0
	for it := range found.Items() {
		b, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		var again Item
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		app := Analyse(context.Background(), again, openOS, o)
		got, err := json.Marshal(app)
		if err != nil {
			t.Fatal(err)
		}
		if n >= len(want) || string(got) != want[n] {
			t.Fatalf("%s: item %d differs:\n%s", it.Path, n, got)
		}
		n++
	}
	if n != len(want) || n < 40 {
		t.Errorf("%d items, %d results", n, len(want))
	}
}

func openOS(_ context.Context, f ItemFile) (*Opened, error) {
	r, err := os.Open(f.File)
	if err != nil {
		return nil, err
	}
	st, err := r.Stat()
	if err != nil {
		return nil, err
	}
	return &Opened{R: r, Size: st.Size(), Close: r.Close}, nil
}

func TestItemsThatCannotBeRead(t *testing.T) {
	for name, it := range map[string]Item{
		"gone":       {Path: "a", Files: []ItemFile{{Path: "a", File: "no/such/file"}}},
		"no files":   {Path: "a"},
		"unreadable": {Path: "a", Files: []ItemFile{{Path: "a", Unreadable: "permission denied"}}},
	} {
		app := Analyse(context.Background(), it, openOS, Options{})
		if app.Status != fact.Failed || len(app.Problems) != 1 || app.Problems[0].Kind != fact.ProblemUnreadable {
			t.Errorf("%s: %+v", name, app)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if app := Analyse(ctx, Item{Path: "a", Files: []ItemFile{{Path: "a", File: "gone"}}}, openOS, Options{}); app != nil {
		t.Errorf("cancelled: %+v", app)
	}
	// A file that changes while it is read.
	changing := func(ctx context.Context, f ItemFile) (*Opened, error) {
		r, err := openOS(ctx, f)
		if err == nil {
			r.Changed = func() bool { return true }
		}
		return r, err
	}
	app := Analyse(context.Background(), Item{Path: "a", Files: []ItemFile{{Path: "a", File: "../../../testdata/malformed/text.apk"}}}, changing, Options{})
	if n := len(app.Problems); n == 0 || !strings.Contains(app.Problems[n-1].Detail, "changed while it was read") {
		t.Errorf("%+v", app)
	}
}
