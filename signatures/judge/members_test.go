package judge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/finding"
	"github.com/telltale-apk/telltale/signatures/judge"
)

const (
	secureGet = "Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;"
	propGet   = "Landroid/os/SystemProperties;->get(Ljava/lang/String;)Ljava/lang/String;"

	miuiPropGet = "Lmiui/os/SystemProperties;->get(Ljava/lang/String;)Ljava/lang/String;"
	jsonPut     = "Lorg/json/JSONObject;->put(Ljava/lang/String;Ljava/lang/Object;)Lorg/json/JSONObject;"
	exec        = "Ljava/lang/Runtime;->exec(Ljava/lang/String;)Ljava/lang/Process;"
	invoke      = "Ljava/lang/reflect/Method;->invoke(Ljava/lang/Object;[Ljava/lang/Object;)Ljava/lang/Object;"
	getMethod   = "Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;"
	newFile     = "Ljava/io/File;-><init>(Ljava/lang/String;)V"
	parseURI    = "Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;"
	newURL      = "Ljava/net/URL;-><init>(Ljava/lang/String;)V"
	mainMethod  = "Lcom/example/app/Main;->a()V"
)

type shown struct {
	ID, Confidence, How, Ref string
	Offset                   int64
	Args                     []string
	Permission               string
}

// reads tells each site of each identifier.
func reads(f *finding.Findings) []shown {
	var out []shown
	for _, id := range f.Identifiers {
		for _, s := range id.Sites {
			x := shown{ID: id.ID, Confidence: id.Confidence, How: s.How, Ref: s.Ref, Args: s.Args, Permission: s.Permission, Offset: -1}
			if s.Offset != nil {
				x.Offset = *s.Offset
			}
			out = append(out, x)
		}
	}
	return out
}

var str, unk = facttest.Str, facttest.Any

func TestIdentifierPlaces(t *testing.T) {
	param := func(n int64) fact.Value { return fact.Value{Kind: fact.Param, N: n} }
	for _, c := range []struct {
		name  string
		build func(c *facttest.Code)
		want  []shown
	}{
		{"a call and a field", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, getDeviceID).Get("Landroid/os/Build;->SERIAL:Ljava/lang/String;").Put("Landroid/os/Build;->SERIAL:Ljava/lang/String;")
		}, []shown{
			{"imei", "high", "call", getDeviceID, 0, nil, ""},
			{"serial", "high", "field", "Landroid/os/Build;->SERIAL:Ljava/lang/String;", 3, nil, ""},
		}},
		{"each call site once", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, getDeviceID).Call(fact.RefCallVirtual, getDeviceID)
		}, []shown{{"imei", "high", "call", getDeviceID, 0, nil, ""}, {"imei", "high", "call", getDeviceID, 3, nil, ""}}},
		{"a weak member", func(c *facttest.Code) {
			c.Method(mainMethod).Get("Landroid/os/Build;->MODEL:Ljava/lang/String;")
		}, []shown{{"model", "low", "field", "Landroid/os/Build;->MODEL:Ljava/lang/String;", 0, nil, ""}}},
		{"a permission of its own", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, "Landroid/os/Build;->getSerial()Ljava/lang/String;")
		}, []shown{{"serial", "high", "call", "Landroid/os/Build;->getSerial()Ljava/lang/String;", 0, nil, "android.permission.READ_PRIVILEGED_PHONE_STATE"}}},
		{"arguments that a source asks for", func(c *facttest.Code) {
			m := "Landroid/location/LocationManager;->getLastKnownLocation(Ljava/lang/String;)Landroid/location/Location;"
			c.Method(mainMethod).Call(fact.RefCallVirtual, m, unk(), str("gps")).Call(fact.RefCallVirtual, m, unk(), str("passive")).Call(fact.RefCallVirtual, m, unk(), unk()).Call(fact.RefCallVirtual, m)
		}, []shown{{"location", "high", "call", "Landroid/location/LocationManager;->getLastKnownLocation(Ljava/lang/String;)Landroid/location/Location;", 0, []string{"?", `"gps"`}[1:], ""}}},
		{"a setting", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallStatic, secureGet, unk(), str("android_id")).Call(fact.RefCallStatic, secureGet, unk(), str("other"))
		}, []shown{{"android-id", "high", "call", secureGet, 3, []string{"?", `"android_id"`}, ""}}},
		{"a key of the app's own", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallVirtual, jsonPut, unk(), str("android_id"), unk())
		}, nil},
		{"read and then put under the same name", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallStatic, secureGet, unk(), str("android_id")).Call(fact.RefCallVirtual, jsonPut, unk(), str("android_id"), unk())
		}, []shown{{"android-id", "high", "call", secureGet, 3, []string{"?", `"android_id"`}, ""}}},
		{"a constant that goes nowhere", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id")
		}, []shown{{"android-id", "low", "string", "android_id", 0, nil, ""}}},
		{"beside a reading call of which the key is not known", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallStatic, secureGet)
		}, []shown{{"android-id", "medium", "string", "android_id", 0, nil, ""}}},
		{"through a helper of the app", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallStatic, "Lx/H;->get(Landroid/content/Context;Ljava/lang/String;)Ljava/lang/String;", unk(), str("android_id"))
			c.Method("Lx/H;->get(Landroid/content/Context;Ljava/lang/String;)Ljava/lang/String;").Flags(9).Call(fact.RefCallStatic, "Lx/H;->b(Ljava/lang/String;)V", param(1))
			c.Method("Lx/H;->b(Ljava/lang/String;)V").Flags(9).Call(fact.RefCallStatic, secureGet, unk(), param(0))
		}, []shown{{"android-id", "medium", "call", "android_id", 3, []string{"?", `"android_id"`}, ""}}},
		{"through a helper that does something else", func(c *facttest.Code) {
			c.Method(mainMethod).String("android_id").Call(fact.RefCallStatic, "Lx/H;->put(Ljava/lang/String;)V", str("android_id"))
			c.Method("Lx/H;->put(Ljava/lang/String;)V").Flags(9).Call(fact.RefCallVirtual, jsonPut, unk(), param(0), unk())
		}, []shown{{"android-id", "low", "string", "android_id", 0, nil, ""}}},
		{"a property by reflection", func(c *facttest.Code) {
			get := fact.Value{Kind: fact.Method, S: propGet}
			c.Method(mainMethod).String("ro.serialno").Call(fact.RefCallVirtual, invoke, get, unk(), fact.Value{Kind: fact.Array, Elems: []fact.Value{str("ro.serialno")}})
		}, []shown{{"serial", "medium", "reflection", invoke, 3, []string{"?", `["ro.serialno"]`}, ""}}},
		{"a method by reflection", func(c *facttest.Code) {
			c.Method(mainMethod).
				Call(fact.RefCallVirtual, getMethod, fact.Value{Kind: fact.Class, S: "Landroid/telephony/TelephonyManager;"}, str("getImei"), unk()).
				Call(fact.RefCallVirtual, invoke, fact.Value{Kind: fact.Method, S: "Landroid/telephony/TelephonyManager;->getImei"}, unk(), unk())
		}, []shown{{"imei", "medium", "reflection", "Landroid/telephony/TelephonyManager;->getImei", 3, nil, ""}}},
		{"a method that is looked up and not seen to be called", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, getMethod, fact.Value{Kind: fact.Class, S: "Landroid/telephony/TelephonyManager;"}, str("getDeviceId"), unk())
		}, []shown{{"imei", "medium", "reflection", "Landroid/telephony/TelephonyManager;->getDeviceId", 0, nil, ""}}},
		{"a method by reflection, of a class that is not known", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, invoke, fact.Value{Kind: fact.Method, S: "->getImei"}, unk(), unk()).
				Call(fact.RefCallVirtual, invoke, fact.Value{Kind: fact.Method, S: "->getLastKnownLocation"}, unk(), unk())
		}, []shown{{"imei", "low", "reflection", "getImei", 0, nil, ""}}},
		{"a key that comes from a field", func(c *facttest.Code) {
			c.Class("Lcom/example/app/K;").Static("KEY", "Ljava/lang/String;", str("android_id"))
			c.Method(mainMethod).Get("Lcom/example/app/K;->KEY:Ljava/lang/String;").
				Call(fact.RefCallStatic, secureGet, unk(), fact.Value{Kind: fact.FieldVal, S: "Lcom/example/app/K;->KEY", Elems: []fact.Value{str("android_id")}})
		}, []shown{{"android-id", "high", "call", secureGet, 3, []string{"?", "Lcom/example/app/K;->KEY (\"android_id\")"}, ""}}},
		{"the longest command", func(c *facttest.Code) {
			c.Method(mainMethod).String("getprop ro.serialno").Call(fact.RefCallVirtual, exec, unk(), str("getprop ro.serialno"))
			c.Method("Lcom/example/app/Main;->b()V").String("getprop").Call(fact.RefCallVirtual, exec, unk(), str("getprop"))
		}, []shown{
			{"serial", "high", "call", exec, 3, []string{`"getprop ro.serialno"`}, ""},
			{"props", "high", "call", exec, 3, []string{`"getprop"`}, ""},
		}},
		{"a plain word that goes nowhere", func(c *facttest.Code) {
			c.Method(mainMethod).String("getprop")
		}, nil},
		{"a file and a URI", func(c *facttest.Code) {
			c.Method(mainMethod).String("/sys/class/net/wlan0/address").Call(fact.RefCallDirect, newFile, unk(), str("/sys/class/net/wlan0/address")).
				String("content://com.acme.id/oaid/0").Call(fact.RefCallStatic, parseURI, str("content://com.acme.id/oaid/0"))
		}, []shown{
			{"oaid", "medium", "call", parseURI, 9, []string{`"content://com.acme.id/oaid/0"`}, ""},
			{"wifi-mac", "medium", "call", newFile, 3, []string{`"/sys/class/net/wlan0/address"`}, "none"},
		}},
		{"a file that is made and then opened", func(c *facttest.Code) {
			c.Method(mainMethod).String("/sys/class/net/wlan0/address").Call(fact.RefCallDirect, newFile, unk(), str("/sys/class/net/wlan0/address")).
				Call(fact.RefCallDirect, "Ljava/io/FileReader;-><init>(Ljava/io/File;)V", unk(), str("/sys/class/net/wlan0/address"))
		}, []shown{{"wifi-mac", "high", "call", "Ljava/io/FileReader;-><init>(Ljava/io/File;)V", 6, []string{`"/sys/class/net/wlan0/address"`}, "none"}}},
		{"an action that binds to a service", func(c *facttest.Code) {
			c.Method(mainMethod).String("com.acme.id.BIND").Call(fact.RefCallDirect, "Landroid/content/Intent;-><init>(Ljava/lang/String;)V", unk(), str("com.acme.id.BIND"))
		}, []shown{
			{"oaid", "medium", "call", "Landroid/content/Intent;-><init>(Ljava/lang/String;)V", 3, []string{`"com.acme.id.BIND"`}, ""},
		}},
		{"a constant of a field", func(c *facttest.Code) {
			c.Class("Lcom/example/app/K;").Static("KEY", "Ljava/lang/String;", str("ro.serialno"))
			c.Strings("ro.serialno")
		}, []shown{{"serial", "low", "string", "ro.serialno", -1, nil, ""}}},
		{"one of two keys", func(c *facttest.Code) {
			c.Method(mainMethod).String("ro.serialno").String("x").Call(fact.RefCallStatic, propGet, fact.Value{Kind: fact.OneOf, Elems: []fact.Value{str("x"), str("ro.serialno")}})
		}, []shown{{"serial", "high", "call", propGet, 6, []string{`"x" or "ro.serialno"`}, ""}}},
		{"a property through MIUI's class", func(c *facttest.Code) {
			c.Method(mainMethod).String("ro.serialno").Call(fact.RefCallStatic, miuiPropGet, str("ro.serialno"))
		}, []shown{{"serial", "high", "call", miuiPropGet, 3, []string{`"ro.serialno"`}, ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app.Code("classes.dex"))
			f := judged(t, app.Set(), compile(t), judge.Options{})
			if d := cmp.Diff(c.want, reads(f)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name     string
		ask      []fact.Permission
		member   string
		id, need string
		declared *bool
	}{
		{"declared", []fact.Permission{{Name: "android.permission.READ_PHONE_STATE", MaxSDK: 28}}, getDeviceID, "imei", "android.permission.READ_PHONE_STATE", &yes},
		{"not declared", nil, getDeviceID, "imei", "android.permission.READ_PHONE_STATE", &no},
		{"none needed", nil, "Landroid/os/Build;->getRadioVersion()V", "", "", nil},
		{"the call's own", nil, "Landroid/os/Build;->getSerial()Ljava/lang/String;", "serial", "android.permission.READ_PRIVILEGED_PHONE_STATE", &no},
	} {
		app := facttest.New("com.example.app")
		app.Manifest().Permissions = c.ask
		app.Code("classes.dex").Method(mainMethod).Call(fact.RefCallVirtual, c.member)
		f := judged(t, app.Set(), compile(t), judge.Options{})
		id := identifier(f, c.id)
		if c.id == "" {
			if len(f.Identifiers) != 0 {
				t.Errorf("%s: %+v", c.name, f.Identifiers)
			}
			continue
		}
		if id == nil || id.Permission != c.need || !cmp.Equal(id.PermissionDeclared, c.declared) {
			t.Errorf("%s: %+v", c.name, id)
		}
		if len(f.Permissions) != len(c.ask) {
			t.Errorf("%s: permissions = %v", c.name, f.Permissions)
		}
	}
}

func TestSinks(t *testing.T) {
	app := facttest.New("com.example.app").Permission("android.permission.INTERNET").
		Framework("Landroid/webkit/WebView;", "Landroid/view/View;", "Ljava/lang/Object;")
	c := app.Code("classes.dex")
	c.Class("Lcom/example/app/MyWeb;").Super("Landroid/webkit/WebView;")
	m := c.Method(mainMethod).
		Call(fact.RefCallDirect, newURL, unk(), str("https://a.example.org/x")).
		Call(fact.RefCallVirtual, "Lcom/example/app/MyWeb;->loadUrl(Ljava/lang/String;)V", unk(), str("about:blank")).
		Call(fact.RefCallDirect, "Ldalvik/system/DexClassLoader;-><init>(Ljava/lang/String;)V", unk(), unk())
	for range 300 {
		m.Call(fact.RefCallVirtual, "Ljava/net/URL;->openConnection()Ljava/net/URLConnection;", unk())
	}
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if len(f.Sinks) != 3 {
		t.Fatalf("%d sinks", len(f.Sinks))
	}
	net, web, load := f.Sinks[0], f.Sinks[1], f.Sinks[2]
	if net.ID != "url-connection" || net.Total != 301 || len(net.Sites) != 100 || !*net.PermissionDeclared {
		t.Errorf("%s: %d sites of %d", net.ID, len(net.Sites), net.Total)
	}
	if d := cmp.Diff([]string{`"https://a.example.org/x"`}, net.Sites[0].Args); d != "" {
		t.Error(d)
	}
	if web.ID != "webview" || web.Sites[0].Ref != "Lcom/example/app/MyWeb;->loadUrl(Ljava/lang/String;)V" || web.PermissionDeclared != nil {
		t.Errorf("%+v", web)
	}
	if load.ID != "dex-loader" || f.Scope.DynamicLoading != 1 {
		t.Errorf("%+v, scope %+v", load, f.Scope)
	}
}

// To take the address of a list is less than to read it.
func TestAddressOfAProvider(t *testing.T) {
	const uri = "Landroid/provider/ContactsContract$Data;->CONTENT_URI:Landroid/net/Uri;"
	rules := with(t, map[string]string{"contacts.yaml": `
kind: identifier
id: contacts
name: Contacts
group: account
glossary: test
reset: n/a
sources:
  - {member: "Landroid/provider/ContactsContract$Data;->CONTENT_URI:Landroid/net/Uri;", checked: test}
`})
	app := facttest.New("com.example.app")
	app.Code("classes.dex").Method(mainMethod).Get(uri)
	f := judged(t, app.Set(), rules, judge.Options{})
	if d := cmp.Diff([]shown{{"contacts", "medium", "field", uri, 0, nil, ""}}, reads(f)); d != "" {
		t.Error(d)
	}
}

// Who offers an address to others does not read it, and a message that begins
// as a command does runs none.
func TestMistakenConstants(t *testing.T) {
	rules := with(t, map[string]string{"addr.yaml": `
kind: identifier
id: addresses
name: Addresses
group: network
glossary: test
reset: n/a
sources:
  - {shell: ip link, checked: test}
`})
	app := facttest.New("com.acme.id")
	app.Component(fact.Provider, "com.acme.id.P").Authorities = []string{"com.acme.id"}
	app.Code("classes.dex").Method(mainMethod).
		String("content://com.acme.id/oaid/0").Call(fact.RefCallStatic, parseURI, str("content://com.acme.id/oaid/0")).
		String("ip link is not ok. give up.").Call(fact.RefCallVirtual, jsonPut, unk(), str("ip link is not ok. give up."), unk()).
		String("ip link show").Call(fact.RefCallVirtual, "Lcom/example/app/Other;->f(Ljava/lang/String;)V", unk(), str("ip link show"))
	f := judged(t, app.Set(), rules, judge.Options{})
	if d := cmp.Diff([]shown{{"addresses", "low", "string", "ip link show", 12, nil, ""}}, reads(f)); d != "" {
		t.Error(d)
	}
}
