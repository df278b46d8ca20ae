package report

import (
	"fmt"
	"io"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
)

// BenchmarkFormats writes a stream of 50 apps with something in every list.
func BenchmarkFormats(b *testing.B) {
	app := everyText("a text of some length")
	for _, format := range Formats {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h, err := New(format, io.Discard, Options{Width: 100})
				if err != nil {
					b.Fatal(err)
				}
				handle := func(m *event.Message) {
					if err := h.Handle(m); err != nil {
						b.Fatal(err)
					}
				}
				handle(&event.Message{Start: &event.Start{Schema: event.Schema}})
				for i := range 50 {
					a := *app
					a.Path = fmt.Sprintf("%s-%d", a.Path, i)
					handle(&event.Message{App: &a})
				}
				handle(&event.Message{Summary: &event.Summary{Apps: 50, ByStatus: map[string]int{"complete": 50}}})
				if err := h.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
