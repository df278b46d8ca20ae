package dex_test

import (
	"testing"

	"github.com/telltale-apk/telltale/dex"
	"github.com/telltale-apk/telltale/dex/dextest"
)

func TestVerifyFixturesClean(t *testing.T) {
	for _, f := range dextest.Fixtures() {
		files, err := dex.OpenAll(dextest.Must(f.Text))
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		for _, d := range files {
			for _, v := range dex.Verify(d) {
				t.Errorf("%s: %v", f.Name, v)
			}
			for _, a := range d.Anomalies() {
				t.Errorf("%s: anomaly %v", f.Name, a)
			}
		}
	}
}
