package extract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// TestDocumentedSwitches builds apps with the switches that vendors document, as
// their build tools write them, and looks at what the bundled rules say of them.
func TestDocumentedSwitches(t *testing.T) {
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	const working = `
.class public L%s;
.super Ljava/lang/Object;
.method public static f()V
    .registers 2
    new-instance v0, Ljava/net/URL;
    const-string v1, "https://log.example.com/"
    invoke-direct {v0, v1}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    return-void
.end method
`
	tested := map[string]bool{}
	for _, c := range []struct{ sdk, class, key, off, on string }{
		{"firebase-analytics", "com/google/firebase/analytics/FirebaseAnalytics", "firebase_analytics_collection_deactivated", "true", "false"},
		{"firebase-analytics", "com/google/firebase/analytics/FirebaseAnalytics", "firebase_analytics_collection_enabled", "false", "true"},
		{"firebase-crashlytics", "com/google/firebase/crashlytics/FirebaseCrashlytics", "firebase_crashlytics_collection_enabled", "false", "true"},
		{"firebase-inappmessaging", "com/google/firebase/inappmessaging/FirebaseInAppMessaging", "firebase_inapp_messaging_auto_data_collection_enabled", "false", "true"},
		{"firebase-messaging", "com/google/firebase/messaging/FirebaseMessaging", "firebase_messaging_auto_init_enabled", "false", "true"},
		{"firebase-performance", "com/google/firebase/perf/FirebasePerformance", "firebase_performance_collection_deactivated", "true", "false"},
		{"firebase-performance", "com/google/firebase/perf/FirebasePerformance", "firebase_performance_collection_enabled", "false", "true"},
		{"facebook-core", "com/facebook/FacebookSdk", "com.facebook.sdk.AutoInitEnabled", "false", "true"},
		{"facebook-analytics", "com/facebook/appevents/AppEventsLogger", "com.facebook.sdk.AutoLogAppEventsEnabled", "false", "true"},
		{"sentry-sdk", "io/sentry/android/core/SentryAndroid", "io.sentry.auto-init", "false", "true"},
	} {
		tested[c.key] = true
		table := arsctest.New("com.example.app", 0x7f)
		table.Bool("off", c.off == "true")
		manifest := func(value string) string {
			return `<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.example.app">
				<application><meta-data android:name="` + c.key + `" android:value="` + value + `"/></application></manifest>`
		}
		there := apktest.File{Name: "classes.dex", Content: string(dextest.Must(fmt.Sprintf(working, c.class)))}
		other := apktest.File{Name: "classes.dex", Content: string(dextest.Must(fmt.Sprintf(working, "com/example/app/Main")))}
		for _, v := range []struct {
			name, value string
			code        apktest.File
			want        bool
		}{
			{"off", c.off, there, true},
			{"off by a resource", "@bool/off", there, true},
			{"on", c.on, there, false},
			{"off, but its classes are not there", c.off, other, false},
		} {
			t.Run(c.key+" "+v.name, func(t *testing.T) {
				set := factsOf(t, in("app.apk", apkOf(manifest(v.value), table, v.code)))
				f, err := judge.Judge(context.Background(), set, rules, signatures.Match(context.Background(), set, rules), judge.Options{})
				if err != nil {
					t.Fatal(err)
				}
				got, state := false, finding.State("")
				for i := range f.SDKs {
					if s := &f.SDKs[i]; s.ID == c.sdk {
						state = s.State
						got = slices.ContainsFunc(s.States, func(e finding.StateEvidence) bool {
							return e.State == finding.Disabled && strings.Contains(e.Reason, c.key)
						})
					}
				}
				if got != v.want || v.want && state != finding.Disabled || v.code.Content == there.Content && state == "" {
					t.Errorf("%s: told as disabled: %v, state %q", c.sdk, got, state)
				}
			})
		}
	}
	for ref := range r.List() {
		if s := r.SDK(ref.ID); ref.Kind == rule.KindSDK && s != nil {
			for _, sw := range s.DisabledBy {
				if !tested[sw.MetaData] {
					t.Errorf("the switch %s of %s is not tested", sw.MetaData, s.ID)
				}
			}
		}
	}
}
