package fleet

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/finding"
)

func app(path, pkg, signer string, f finding.Findings) *event.App {
	a := &event.App{Path: path, Package: pkg, SHA256: path, Status: fact.Complete, Findings: f}
	if signer != "" {
		a.Signers = []fact.Signer{{SHA256: signer}}
	}
	return a
}

func push(version, key string) finding.SDK {
	return finding.SDK{
		ID: "foo-push", Name: "Foo Push", Vendor: "foo", VendorName: "Foo", Category: "push", Tracker: true, State: finding.Reachable,
		AtStartup: &finding.StartupPath{}, Version: &finding.Version{Value: version}, AppKeys: []finding.AppKey{{Name: "KEY", Value: key}},
	}
}

// sample is three people's apps, one of them in two files.
func sample() *Fleet {
	host := func(h, role string) finding.Endpoint {
		return finding.Endpoint{Value: h, Host: h, Role: role, OwnerName: "Foo", Locations: []finding.Site{}}
	}
	a := app("phone/system/app/A/A.apk", "com.one.a", "s1", finding.Findings{
		SDKs: []finding.SDK{push("1.0", "12**34")}, Endpoints: []finding.Endpoint{host("t.foo.com", "analytics"), host("own.one.com", ""), {Host: "w3.org", Noise: "schema"}},
		Unknown: []finding.UnknownCode{{Package: "com.unknown.lib", Classes: 10}}, Identifiers: []finding.Identifier{{ID: "imei", Reset: "never", Confidence: "high"}},
	})
	a.Exported = []event.Component{{Kind: "service", Class: "com.foo.Push", SDK: "foo-push"}, {Kind: "provider", Class: "com.foo.P", SDK: "foo-push"}}
	a.SharedUserID = "one.uid"
	sibling := app("phone/system/app/B/B.apk", "org.elsewhere.b", "s1", finding.Findings{SDKs: []finding.SDK{push("1.0", "12**34")}, Endpoints: []finding.Endpoint{host("own.one.com", "")}})
	sibling.SharedUserID = "one.uid"
	c := app("phone/data/app/com.two.c-1/base.apk", "com.two.c", "s2", finding.Findings{
		SDKs: []finding.SDK{push("2.0", "12**34"), {ID: "only-named", Name: "N", Tracker: true, State: finding.Referenced}}, Endpoints: []finding.Endpoint{host("t.foo.com", "analytics"), host("10.0.0.1", "analytics")},
		Unknown: []finding.UnknownCode{{Package: "com.unknown.lib", Classes: 12}, {Package: "com.two.own", Classes: 9}},
	})
	c.Exported = []event.Component{{Kind: "receiver", Class: "com.foo.R", SDK: "foo-push", Permission: "com.two.P"}}
	c.Status = fact.Partial
	again := app("phone/data/app/com.two.c-2/base.apk", "com.two.c", "s2", c.Findings)
	again.SHA256 = c.SHA256
	update := app("phone/data/app/com.one.a-1/base.apk", "com.one.a", "s1", finding.Findings{})
	lib := app("phone/system/framework/x.jar", "", "", finding.Findings{SDKs: []finding.SDK{push("1.0", "")}, Endpoints: []finding.Endpoint{host("t.foo.com", "analytics")}, Unknown: []finding.UnknownCode{{Package: "com.unknown.lib", Classes: 99}}})
	b := NewBuilder()
	b.Start(&event.Start{Signatures: event.Signatures{Digest: "d"}})
	for _, x := range []*event.App{c, a, sibling, again, update, lib} {
		b.Add(x)
	}
	return b.Fleet()
}

func TestFleet(t *testing.T) {
	f := sample()
	if f.Apps != 5 || len(f.Unread) != 1 {
		t.Errorf("%d apps, %d unread", f.Apps, len(f.Unread))
	}
	if p := f.Phone; p == nil || p.Preinstalled.Apps != 3 || p.Installed.Apps != 2 || p.Preinstalled.Unreset != 1 || !slices.Equal(p.Updated, []string{"com.one.a"}) {
		t.Errorf("phone %+v", f.Phone)
	}
	if len(f.SDKs) != 1 || len(f.SDKs[0].Apps) != 4 || f.SDKs[0].Versions["1.0"] != 3 || f.SDKs[0].Versions["2.0"] != 1 {
		t.Errorf("SDKs %+v", f.SDKs)
	}
	// Those of one signer are one party: own.one.com is nobody else's.
	if len(f.Hosts) != 1 || f.Hosts[0].Host != "t.foo.com" || f.Hosts[0].Groups != 2 || !slices.Equal(f.Hosts[0].Apps, []string{"com.one.a", "com.two.c"}) {
		t.Errorf("hosts %+v", f.Hosts)
	}
	if len(f.Keys) != 1 || !f.Keys[0].Masked || len(f.Keys[0].Apps) != 3 {
		t.Errorf("keys %+v", f.Keys)
	}
	if len(f.Unknown) != 1 || f.Unknown[0].Classes != 12 || f.Unknown[0].Groups != 2 {
		t.Errorf("unknown %+v", f.Unknown)
	}
	if len(f.Wakes) != 2 || f.Wakes[0].App != "com.one.a" || !slices.Equal(f.Wakes[0].By, []string{"com.two.c", "org.elsewhere.b"}) || f.Wakes[0].Unrelated != 1 || f.Wakes[1].Permission != "com.two.P" {
		t.Errorf("wakes %+v", f.Wakes)
	}
	if len(f.UserIDs) != 1 || !slices.Equal(f.UserIDs[0].Apps, []string{"com.one.a", "org.elsewhere.b"}) {
		t.Errorf("user ids %+v", f.UserIDs)
	}
	// An address has no place in a hosts file.
	if len(f.Block) != 1 || f.Block[0].Host != "t.foo.com" {
		t.Errorf("block %+v", f.Block)
	}
	if len(f.Disable) != 3 {
		t.Errorf("disable %+v", f.Disable)
	}
}

func TestFleetIsWritten(t *testing.T) {
	f := sample()
	f.SDKs[0].Name = "Foo\x1b[31m"
	f.Disable = append(f.Disable, Disable{Package: "com.x", Class: "a;reboot", SDK: "X\n0.0.0.0 bank.example"})
	for format, want := range map[string][]string{
		"text": {
			"  preinstalled  3 apps · 3 with trackers", "updates of preinstalled apps: com.one.a", "versions: 1.0 ×3, 2.0",
			"  Foo Push: service com.foo.Push, any app can start it\n      open in 1 app: com.one.a\n      the same product is in 2 other apps",
			"a caller needs com.two.P", "(masked: scan with --show-keys to be sure)", "one.uid: com.one.a, org.elsewhere.b", "com.two.c (partial)",
		},
		"json": {`"schema": "telltale.fleet/v1"`, `"shared_user_ids"`},
	} {
		var b bytes.Buffer
		if err := Write(&b, f, format, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s holds an escape", format)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s lacks %q:\n%s", format, w, b.String())
			}
		}
	}
	var hosts, parts bytes.Buffer
	if err := WriteHosts(&hosts, f); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(hosts.String(), "\n0.0.0.0 t.foo.com # analytics of Foo; named by com.one.a, com.two.c") {
		t.Error(hosts.String())
	}
	if err := WriteDisable(&parts, f); err != nil {
		t.Fatal(err)
	}
	if s := parts.String(); !strings.Contains(s, "\ncom.one.a/com.foo.Push\n") || strings.Contains(s, "\n0.0.0.0") || strings.Contains(s, "reboot\n") {
		t.Error(s)
	}
}

var update = flag.Bool("update", false, "write the schema anew")

func TestSchema(t *testing.T) {
	want, err := event.SchemaOf(reflect.TypeFor[Fleet](), Schema, "fleet-v1.schema.json", "Telltale view over many apps, version 1")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("fleet-v1.schema.json", want, 0o666); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(want, SchemaJSON) {
		t.Error("the schema is not what the types say: go test ./cmd/internal/fleet -update")
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fleet", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("fleet")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*Fleet{"sample": sample(), "empty": NewBuilder().Fleet()} {
		var b bytes.Buffer
		if err := Write(&b, f, "json", report.Options{}); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"schema": "telltale.fleet/v1"}`)); schema.Validate(v) == nil {
		t.Error("the schema takes anything")
	}
}
