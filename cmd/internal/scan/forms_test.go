package scan

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/dex/art/arttest"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures"
)

// The same app with its code inside, in an OAT file, and quickened in VDEX files
// of several releases gives the same SDKs, hosts and identifiers.
func TestSameAppInAllForms(t *testing.T) {
	d := dextest.Must(`
.class public Lcom/example/a/A;
.super Landroid/app/Activity;
.method public onCreate(Landroid/os/Bundle;)V
    .registers 4
    const-string v0, "https://tracking.miui.com/track/v1"
    invoke-static {v0, p0}, Lcom/xiaomi/analytics/Analytics;->start(Ljava/lang/String;Landroid/content/Context;)V
    return-void
.end method

.class public Lcom/xiaomi/analytics/Analytics;
.method public static start(Ljava/lang/String;Landroid/content/Context;)V
    .registers 4
    const-string v0, "phone"
    invoke-virtual {p1, v0}, Landroid/content/Context;->getSystemService(Ljava/lang/String;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    return-void
.end method
`)
	q, methods := arttest.Quicken(d)
	bare := archive(t, map[string][]byte{"AndroidManifest.xml": manifest("", activity)})
	forms := map[string]map[string][]byte{
		"inside":   {"X.apk": archive(t, map[string][]byte{"AndroidManifest.xml": manifest("", activity), "classes.dex": d})},
		"odex":     {"X.apk": bare, "oat/arm64/X.odex": arttest.OAT(arttest.OATOptions{Version: 88}, arttest.Dex{Location: "x", Data: d})},
		"vdex 006": {"X.apk": bare, "oat/arm64/X.vdex": arttest.VDEX(6, nil, arttest.Dex{Data: q, Quick: methods})},
		"vdex 010": {"X.apk": bare, "oat/arm64/X.vdex": arttest.VDEX(10, nil, arttest.Dex{Data: q, Quick: methods})},
		"vdex 021": {"X.apk": bare, "oat/arm64/X.vdex": arttest.VDEX(21, nil, arttest.Dex{Data: q, Quick: methods})},
		"vdex 027": {"X.apk": bare, "oat/arm64/X.vdex": arttest.VDEX(27, nil, arttest.Dex{Data: d})},
	}
	rules, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := signatures.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	said := func(files map[string][]byte) string {
		s := ""
		_, err := Paths(context.Background(), []string{tree(t, files)}, strings.NewReader(""), Options{Rules: compiled, Jobs: 1}, func(a *event.App) error {
			s += string(a.Status)
			for _, x := range a.SDKs {
				s += " " + x.ID + ":" + string(x.State)
			}
			for _, x := range a.Endpoints {
				s += " " + x.Host + ":" + x.SDK
			}
			for _, x := range a.Identifiers {
				b, err := json.Marshal(x.Sites[0].Owner)
				if err != nil {
					return err
				}
				s += " " + x.ID + ":" + string(b)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := said(forms["inside"])
	for _, part := range []string{"complete", "xiaomi-analytics-client:", "tracking.miui.com:", "imei:"} {
		if !strings.Contains(want, part) {
			t.Fatalf("%q is not in %q", part, want)
		}
	}
	for name, files := range forms {
		if got := said(files); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}
