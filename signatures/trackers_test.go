package signatures_test

import (
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// TestWhatIsATracker: the word accuses, so products that people see and use are
// told by their own names, in whatever list of others they stand.
func TestWhatIsATracker(t *testing.T) {
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		tracker, service bool
		label            string
	}{
		"firebase-messaging":     {false, true, "push service"},
		"google-signin":          {false, true, "login SDK"},
		"facebook-login":         {false, true, "login SDK"},
		"tencent-wechat-opensdk": {false, true, "social SDK"},
		"hcaptcha-sdk":           {false, true, "security SDK"},
		"google-location":        {false, true, "location, no tracker"},
		"iqiyi-xcrash":           {false, true, "crash reports, no tracker"},
		"gson":                   {false, false, "library"},
		"tencent-bugly":          {true, false, "crash reports"}, // Exodus counts crash reports
		"firebase-analytics":     {true, false, "analytics"},
		"onesignal-sdk":          {true, false, "customer engagement"},
		"jiguang-jpush":          {true, false, "push service"}, // by what its vendor documents
		"shumei-smantifraud":     {true, false, "identification"},
	} {
		s := r.Get(rule.KindSDK, id).(*rule.SDK)
		if s.IsTracker() != want.tracker || s.IsService() != want.service || s.Label() != want.label {
			t.Errorf("%s: tracker %v, service %v, %q", id, s.IsTracker(), s.IsService(), s.Label())
		}
	}
	n := 0
	for s := range signatures.All[rule.SDK](r) {
		if s.Tracker != nil {
			n++
		}
		if c := rule.Categories[s.Category]; c.Label == "" || c.Tracker && !c.Service {
			t.Errorf("category %s: %+v", s.Category, c)
		}
	}
	if n > 20 {
		t.Errorf("%d rules say something else than their category: make a category for them", n)
	}
}
