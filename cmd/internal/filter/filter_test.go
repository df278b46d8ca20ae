package filter

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

// sample is an app with two SDKs, of which one is off and one can run at start.
func sample() *event.App {
	no := false
	site := func(kind, id, name string) finding.Site {
		return finding.Site{Owner: finding.Owner{Kind: kind, SDK: id, Name: name}}
	}
	via := func(s finding.Site, by ...string) finding.Site {
		s.Owner.Via = by
		return s
	}
	return &event.App{
		Path: "system/app/Shop/Shop.apk", Package: "com.example.shop", Label: "Shop", TargetSDK: 28, MinSDK: 19, Status: fact.Partial,
		Signers:  []fact.Signer{{SHA256: "ab12cd"}},
		Problems: []fact.Problem{{Kind: fact.ProblemPacked, Detail: "the code is packed", Lossy: true}},
		Exported: []event.Component{{Kind: "service", Class: "com.foo.PushService", SDK: "foo-push"}},
		Findings: finding.Findings{
			SDKs: []finding.SDK{
				{
					ID: "umeng-common", Name: "Umeng common", Vendor: "umeng", Category: "analytics", Tracker: true, State: finding.Reachable,
					AtStartup: &finding.StartupPath{}, Confidence: "high", Version: &finding.Version{Value: "9.4.10"},
					Reads: []finding.Use{{ID: "imei", Name: "IMEI"}}, Names: []finding.Use{{ID: "ulogs.umeng.com"}},
					VendorRecords: []finding.Registration{{City: "Beijing", Country: "CN", Grade: "company-seat"}},
				},
				{
					ID: "umeng-push", Name: "Umeng Push", Vendor: "umeng", Category: "push", Tracker: true, State: finding.Reachable, Confidence: "medium",
					States: []finding.StateEvidence{{State: finding.Reachable}, {State: finding.Disabled}},
				},
			},
			Identifiers: []finding.Identifier{{
				ID: "imei", Name: "IMEI", Reset: "never", Group: "telephony", Confidence: "high", PermissionDeclared: &no,
				Sites: []finding.Site{site("sdk", "umeng-common", "Umeng common"), site("app", "", "own code"), via(site("library", "", "com.bar (holds a copy of X)"), "Umeng common (La;->b()V)"), site("app", "", "own code")},
			}},
			Endpoints: []finding.Endpoint{
				{
					Value: "http://ulogs.umeng.com/x", Host: "ulogs.umeng.com", RegistrableDomain: "umeng.com", Cleartext: true, Locations: []finding.Site{site("sdk", "umeng-common", "")},
					RegisteredIn: &finding.Registration{City: "Beijing", Country: "CN", Grade: "filing"},
					Records:      []finding.Registration{{City: "Beijing", Country: "CN", Grade: "filing"}, {City: "Hangzhou", Country: "CN", Grade: "company-seat"}},
				},
				{Value: "http://schemas.android.com/apk", Host: "schemas.android.com", RegistrableDomain: "android.com", Noise: "XML namespace", Cleartext: true},
			},
			Permissions: []finding.Permission{{Permission: fact.Permission{Name: "android.permission.READ_PHONE_STATE"}}},
		},
	}
}

func TestExpressions(t *testing.T) {
	for _, tt := range []struct {
		expr string
		want string // what is found, "–" if nothing
	}{
		{"tracker", "umeng-common umeng-push"},
		{"SDK:Umeng*", "umeng-common umeng-push"},
		{`sdk:"umeng common"`, "umeng-common"},
		{"sdk:umeng", "–"},
		{"sdk:umeng* and not state:disabled", "umeng-common"},
		{"sdk:umeng* and state:disabled", "umeng-push"},
		{"sdk:umeng* and identifier:imei and not state:disabled", "umeng-common imei/umeng-common imei/app imei/com.bar"},
		{"sdk:umeng* and reads:imei", "umeng-common"},
		{"sdk:umeng-push and reads:imei", "–"},
		{"reads-reset:never", "umeng-common"},
		{"not sdk:umeng*", "–"},
		{"not sdk:firebase*", "com.example.shop"},
		{"package:com.example.* and not sdk:firebase*", "com.example.shop"},
		// A group that is negated is one question: no SDK is both.
		{"not (sdk:umeng-common and state:disabled)", "com.example.shop"},
		{"not sdk:umeng-common and not state:disabled", "–"},
		{"not not tracker", "umeng-common umeng-push"},
		{"category:ads or category:push", "umeng-push"},
		{"category:ads,push", "umeng-push"},
		{"(category:ads or category:push) and not state:disabled", "–"},
		{"tracker and startup", "umeng-common"},
		{"tracker and confidence:high", "umeng-common"},
		{"tracker and confidence:low", "umeng-common umeng-push"},
		{"identifier:imei and confidence:high and by:app", "imei/app"},
		{"version:<9.5", "umeng-common"},
		{"version:<9.4.9", "–"},
		{"version:>=9.4.10", "umeng-common"},
		{"seat:beijing", "umeng-common"},
		{"seat:cn@company-filing", "–"},
		{"registered:Beijing", "ulogs.umeng.com"},
		{"registered:CN@registrant", "–"},
		{"registered:Hangzhou", "–"},
		{"record:Hangzhou", "ulogs.umeng.com"},
		{"record:Hangzhou@filing", "–"},
		{"reset:never and by-startup", "imei/umeng-common imei/com.bar"},
		{"undeclared", "imei/umeng-common imei/app imei/com.bar"},
		{"host:umeng.com", "ulogs.umeng.com"},
		{"host:logs.umeng.com", "–"},
		{"named-by:umeng*", "ulogs.umeng.com"},
		// Noise is there for who names it only.
		{"cleartext", "ulogs.umeng.com"},
		{"host:*", "ulogs.umeng.com"},
		{"host:schemas.android.com", "schemas.android.com"},
		{"not host:umeng.com", "–"},
		{"permission:read_phone_state", "android.permission.READ_PHONE_STATE"},
		{"permission:android.permission.READ_*", "android.permission.READ_PHONE_STATE"},
		{"signer:AB:12", "ab12cd"},
		{"status:partial and lossy", "packed"},
		{"target:<29", "com.example.shop"},
		{"target:>=29", "–"},
		{"preinstalled", "com.example.shop"},
		{"library", "–"},
		{"open and exported-sdk:*push", "com.foo.PushService"},
		{"problem:packed,encrypted", "packed"},
	} {
		x, err := Parse(tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		things, ok := x.Find(sample())
		var got []string
		for _, th := range things {
			id := th.ID()
			if th.By != "" {
				id += "/" + th.By
			}
			got = append(got, id)
			if th.Say() == "" {
				t.Errorf("%s: nothing is said of %s", tt.expr, id)
			}
		}
		if s := strings.Join(got, " "); ok != (tt.want != "–") || ok && s != tt.want {
			t.Errorf("%s: found %q (%v), want %q", tt.expr, s, ok, tt.want)
		}
	}
}

func TestWhatIsWrongIsTold(t *testing.T) {
	for _, tt := range []struct {
		expr string
		off  int
		want string
	}{
		{"", 0, "empty"},
		{"trakcer", 0, `did you mean "tracker"?`},
		{"tracker and frobnicate:1", 12, "unknown term"},
		{"tracker sdk:x", 8, "without"},
		{"sdk", 0, "needs a value"},
		{"sdk:", 0, "needs a value"},
		{"tracker:yes", 0, "takes no value"},
		{"(tracker", 0, "not closed"},
		{"tracker)", 7, "not opened"},
		{"tracker and", 11, "ends where a term is needed"},
		{"and tracker", 0, "stands where a term is needed"},
		{`sdk:"x`, 4, "quote"},
		{"category:spyware", 9, "use one of ads"},
		{"state:off", 6, "use one of reachable"},
		{"registered:CN@rumour", 11, "grade"},
		{"target:new", 7, "use a number"},
		{"signer:xyz", 7, "digits"},
		{"confidence:high", 0, "needs a term beside it"},
		{strings.Repeat("(", 60) + "tracker" + strings.Repeat(")", 60), 51, "deeper"},
		{strings.Repeat("x", 20000), 0, "more than"},
		{strings.TrimSuffix(strings.Repeat("(sdk:a or sdk:b) and ", 12), " and "), 0, "combinations"},
	} {
		_, err := Parse(tt.expr)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%.40q: no error", tt.expr)
			continue
		}
		if !strings.Contains(se.Msg, tt.want) || se.Off != tt.off {
			t.Errorf("%.40q: %d: %s; want %q at %d", tt.expr, se.Off, se.Msg, tt.want, tt.off)
		}
	}
}

func TestEveryTermIsDescribed(t *testing.T) {
	all := Terms()
	if len(all) != len(Keys()) {
		t.Fatalf("%d of %d terms are described", len(all), len(Keys()))
	}
	for _, x := range all {
		if x.Help == "" || x.Kind == "" || (terms[x.Key].flag == nil) != (x.Value != "") {
			t.Errorf("%+v", x)
		}
	}
	// Every term can be asked of an app that has nothing and of one that has everything.
	for _, a := range []*event.App{{}, sample()} {
		for _, k := range Keys() {
			text := k
			if terms[k].flag == nil {
				v, _, _ := strings.Cut(terms[k].value, "|")
				switch v {
				case "N, <N, <=N, >N or >=N":
					v = ">0"
				case "HEX":
					v = "a"
				case "GLOB", "HOST":
					v = "*"
				}
				text += ":" + v
			}
			if k == "confidence" {
				text += " and tracker"
			}
			x, err := Parse(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			x.Find(a)
		}
	}
}

func TestPlacesOnAPhone(t *testing.T) {
	for path, want := range map[string]string{
		"system/app/X/X.apk": "pre", "phone/system/priv-app/X.apk": "pre", "phone/system-priv-app/X/X.apk": "pre", "product/overlay/X.apk": "pre",
		"system/data-app/X.apk": "pre", "vendor/app/X.apk": "pre",
		"data/app/com.x-1/base.apk": "inst", "phone/data/app/com.x/base.apk": "inst", "phone/data-app/com.x/base.apk": "inst",
		"phone/com.x/base.apk": "", "app/x.apk": "", "system/X.apk": "",
	} {
		got := ""
		if Preinstalled(path) {
			got = "pre"
		}
		if Installed(path) {
			got += "inst"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestVersionsCompareByNumber(t *testing.T) {
	sorted := []string{"0.9", "1.0-beta", "1.0", "1.0.1", "1.9", "1.10", "2", "10.0"}
	if !slices.IsSortedFunc(sorted, compareVersions) {
		t.Errorf("%q are not in order", sorted)
	}
	if compareVersions("1.0", "1") != 0 {
		t.Error("1.0 is not 1")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`sdk:umeng* and (identifier:imei or not state:disabled)`, `not not (a`, `registered:"Hong Kong"@filing,CN`, "version:<9.5 or x"} {
		f.Add(s)
	}
	a := sample()
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		var se *SyntaxError
		switch {
		case err == nil:
			if things, ok := x.Find(a); !ok && len(things) > 0 {
				t.Error("things of what does not hold")
			}
		case !errors.As(err, &se) || se.Off < 0 || se.Off > len(s):
			t.Errorf("error %v", err)
		}
	})
}

func TestAnSDKIsNoApp(t *testing.T) {
	a := sample()
	a.Code = []event.Code{{Format: "class"}}
	for expr, want := range map[string]bool{"library": true, "undeclared": false, "target:<29 and not library": false} {
		x, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := x.Find(a); ok != want {
			t.Errorf("%s: %v", expr, ok)
		}
	}
	a.Code = append(a.Code, event.Code{Format: "dex"})
	if x, _ := Parse("library"); x.Holds(NewApp(a)) {
		t.Error("an app with DEX code is a library")
	}
}

func TestWhatAnAppIsSaid(t *testing.T) {
	for want, a := range map[string]*event.App{
		"is made for API level 30":                            {Package: "p", TargetSDK: 30, Status: fact.Complete},
		"was read without its code, is made for API level 30": {Package: "p", TargetSDK: 30, Status: fact.NoCode},
		"could not be read":                                   {Path: "x", Status: fact.Failed},
		"is p":                                                {Package: "p", Status: fact.Complete},
	} {
		if got := NewApp(a).All(KindApp)[0].Say(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
