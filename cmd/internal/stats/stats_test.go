package stats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/cmd/internal/stats"
)

var sink []byte

func TestWrite(t *testing.T) {
	s := stats.New()
	for range 3 {
		p := s.Begin(stats.Inflate)
		sink = make([]byte, 1<<20)
		time.Sleep(time.Millisecond)
		p.End(1e6)
	}
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	var line []string
	for l := range strings.Lines(b.String()) {
		if strings.HasPrefix(l, "- inflate") {
			line = strings.Fields(l)
		}
		if strings.HasPrefix(l, "match") {
			t.Errorf("a stage that did not run: %s", l)
		}
	}
	if len(line) != 8 || line[2] != "3" || line[4] != "3.0" || line[6] < "3" {
		t.Errorf("%q in\n%s", line, &b)
	}
	if !strings.Contains(b.String(), "peak memory") {
		t.Error(b.String())
	}
}

func TestNilCountsNothing(t *testing.T) {
	var s *stats.Stats
	if n := testing.AllocsPerRun(10, func() { s.Begin(stats.Match).End(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	var b strings.Builder
	if err := s.Write(&b); err != nil || b.Len() > 0 {
		t.Error(err, b.String())
	}
}
