package signatures

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// syntheticRules makes n SDK rules of about the size of real ones, and some of
// each other kind.
func syntheticRules(t testing.TB, n int) *Rules {
	t.Helper()
	r := &Rules{}
	add := func(v any) {
		h := header(v)
		r.entries = append(r.entries, &entry{kind: h.Kind, id: h.ID, status: rule.StatusStable, name: h.ID + ".yaml", val: v})
	}
	for i := range n {
		pkg := fmt.Sprintf("com.vendor%d.sdk%d", i%(n/3+1), i)
		s := &rule.SDK{
			Header: rule.Header{
				Kind: rule.KindSDK, ID: fmt.Sprintf("sdk-%05d", i), Name: fmt.Sprint("SDK ", i),
				Evidence: []rule.Evidence{{Text: fmt.Sprintf("%d classes of this product in an archive", i), Source: "github:some/repository:path/to/archive.aar", Date: "2026-11-22"}},
			},
			Vendor: fmt.Sprintf("vendor%d", i%(n/3+1)), Category: "analytics", Website: "https://" + pkg,
			Signals: []rule.Signal{
				{Code: pkg},
				{Service: pkg + ".core.PushService"},
				{Provider: pkg + ".core.InitProvider"},
				{MetaData: fmt.Sprintf("VENDOR%d_APPKEY", i), Strength: rule.Weak},
				{Endpoint: &rule.Endpoint{Host: fmt.Sprintf("log.vendor%d.com", i)}, Strength: rule.Weak},
				{String: fmt.Sprintf("vendor%d-sdk-constant-of-its-own", i), Strength: rule.Weak},
				{String: fmt.Sprintf("vendor%d/agent/*", i), Strength: rule.Weak},
				{Native: fmt.Sprintf("libvendor%d.so", i)},
			},
			Wired:  []rule.Wired{{Call: pkg + ".Agent->init"}},
			Events: []rule.EventCall{{Call: pkg + ".Agent->onEvent", Name: 1}},
			Tests:  rule.Tests{Match: []rule.Example{{Class: pkg + ".Agent"}}},
		}
		add(s)
		if i%3 == 0 {
			add(&rule.Vendor{Header: rule.Header{Kind: rule.KindVendor, ID: fmt.Sprintf("vendor%d", i), Name: "Vendor"}})
			add(&rule.Domain{
				Header: rule.Header{Kind: rule.KindDomain, ID: fmt.Sprintf("vendor%d.com", i), Name: "Domain"}, Vendor: fmt.Sprintf("vendor%d", i),
				Hosts: []rule.Host{{Host: fmt.Sprintf("log.vendor%d.com", i), Role: "analytics"}},
			})
		}
	}
	add(&rule.Identifier{
		Header: rule.Header{Kind: rule.KindIdentifier, ID: "imei", Name: "IMEI"}, Group: "telephony", Reset: "never",
		Sources: []rule.Source{{Member: "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;"}, {Property: "ro.ril.oem.imei"}, {URI: "content://telephony/siminfo"}},
	})
	return mustFinish(t, r)
}

func mustFinish(t testing.TB, r *Rules) *Rules {
	t.Helper()
	for _, e := range r.entries {
		e.digest = sha(e.val)
	}
	sortEntries(r)
	r, err := r.finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// syntheticSet makes an app of n classes in two units, of which a few carry
// what the synthetic rules name.
func syntheticSet(n int) *fact.Set {
	rnd := rand.New(rand.NewPCG(1, 2))
	app := facttest.New("com.example.big")
	for u := range 2 {
		code := app.Code(fmt.Sprintf("classes%d.dex", u+1))
		for i := range n / 2 {
			class := fmt.Sprintf("Lcom/pkg%d/part%d/C%d_%d;", i/200, i%200/20, u, i)
			if i%500 == 0 {
				k := i / 500
				class = fmt.Sprintf("Lcom/vendor%d/sdk%d/Agent;", k, k)
			}
			for j := range 6 {
				m := code.Method(fmt.Sprintf("%s->m%d(I)V", class, j))
				for range 5 {
					m.Call(fact.RefCallVirtual, fmt.Sprintf("Ljava/lang/Thing%d;->call%d()V", rnd.IntN(400), rnd.IntN(50)))
					m.String(fmt.Sprintf("some text with a number %d and a.dot", rnd.IntN(n*4)))
				}
				if i%1000 == 0 {
					m.Call(fact.RefCallVirtual, "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;")
					m.String("https://log.vendor0.com/x")
				}
			}
		}
	}
	return app.Set()
}

func BenchmarkMatch(b *testing.B) {
	set := syntheticSet(10000)
	for _, n := range []int{100, 1000, 10000} {
		c, err := Compile(syntheticRules(b, n))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint("rules=", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				MatchWith(context.Background(), set, c, Options{Workers: 1})
			}
		})
	}
}

func BenchmarkDecodeBundle(b *testing.B) {
	for _, n := range []int{500, 1500} {
		data, err := EncodeBundle(syntheticRules(b, n))
		if err != nil {
			b.Fatal(err)
		}
		text := string(data)
		b.Run(fmt.Sprint("sdks=", n), func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(float64(len(text)), "bytes")
			for b.Loop() {
				r, err := DecodeBundle(text)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Compile(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		r, err := Default()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Compile(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOverlay lays 600 files over the bundled rules, as a user's folder
// would: reading, checking, merging and compiling.
func BenchmarkOverlay(b *testing.B) {
	dir := b.TempDir()
	for i := range 600 {
		text := fmt.Sprintf(overlayFile, i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("over-%d.yaml", i)), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		base, err := Default()
		if err != nil {
			b.Fatal(err)
		}
		over, err := Load(os.DirFS(dir), dir, Overlay)
		if err != nil {
			b.Fatal(err)
		}
		all, err := Merge(base, over)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Compile(all); err != nil {
			b.Fatal(err)
		}
	}
}

const overlayFile = `kind: sdk
id: over-%[1]d
name: Overlay SDK %[1]d
vendor: umeng
category: analytics
website: https://www.example.com
status: experimental
evidence:
  - text: 307 classes of this product in an archive
    source: "github:some/repository:path/to/archive-9.9.1.aar"
    date: "2026-11-22"
  - text: component names of this product
    source: another list
    date: "2026-11-22"
signals:
  - code: com.over%[1]d.sdk
  - service: com.over%[1]d.sdk.PushService
  - provider: com.over%[1]d.sdk.InitProvider
  - meta-data: OVER%[1]d_KEY
    strength: weak
  - endpoint: {host: log.over%[1]d.com, path: /v1}
    strength: weak
  - string: over-%[1]d-constant
    strength: weak
wired:
  - call: com.over%[1]d.sdk.Agent->init
events:
  - {call: com.over%[1]d.sdk.Agent->onEvent, name: 1, keys: 2}
version:
  - constant: com.over%[1]d.sdk.Agent->VERSION
false_positives: none known
tests:
  match:
    - {class: com.over%[1]d.sdk.Agent}
  no_match:
    - {class: com.over%[1]d.sdkx.Agent}
    - {host: log.over%[1]d.com}
`
