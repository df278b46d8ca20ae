package event

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write report-v1.schema.json anew")

func TestSchemaFollowsTypes(t *testing.T) {
	got, err := GenerateSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("report-v1.schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, SchemaJSON) {
		t.Error("the Go types and report-v1.schema.json differ: if the change only adds keys, run go test ./cmd/internal/event -update")
	}
}
