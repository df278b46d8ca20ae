package js_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/apk/binread"
	"github.com/telltale-apk/telltale/apk/carrier"
	"github.com/telltale-apk/telltale/apk/carrier/carriertest"
	"github.com/telltale-apk/telltale/apk/carrier/js"
)

func literals(src string) (out []string) {
	for s := range js.Literals([]byte(src)) {
		out = append(out, s.Value)
	}
	return out
}

func TestLiterals(t *testing.T) {
	for src, want := range map[string][]string{
		`var a = "one", b = 'two';`: {"one", "two"},
		`"a\nb\t\x41\u0042\u{1F600}\
c\/\'"`: {"a\nb\tAB😀c/'"},
		`"\ud83d\ude00 \ud83d"`:                          {"😀 \ufffd"},
		`"\u12" + "\xZ" + "\u{}" + "\u{110000}"`:         {"u12", "xZ", "u{}", "u{110000}"},
		"`plain`":                                        {"plain"},
		"`https://${host}/api/${v.major}/${f('x')}?a=1`": {"x", "https://${host}/api/${v.major}/${expr}?a=1"},
		"`a${`b${'c'}d`}e`":                              {"c", "b${expr}d", "a${expr}e"},
		"`a${{b: {c: 'd'}}.b}e` + 'f'":                   {"d", "a${expr}e", "f"},
		`// "comment"
x = 1 / 2; /* 'comment' */ y = "after"`: {"after"},
		`a = b / c; d = "x" / 'y' / 2`: {"x", "y"},
		`a = /re"g[/"]ex/g.test("s")`:  {`re"g[/"]ex`, "s"},
		`return /x'y/; "z"`:            {"x'y", "z"},
		`a.return / 2; b = "it's" / 1`: {"it's"},
		`if (x) /ab"c/.test(y), "d"`:   {`ab"c`, "d"},
		`f(x) / 2 + "/" + g / 3`:       {"/"},
		`x = {} / 1; "unlikely"`:       {"unlikely"},
		`i++ / 2 + "a" / j-- / "b"`:    {"a", "b"},
		`"unterminated
"next"`: {"next"},
		`'a' 'b`:                   {"a"},
		"#!/usr/bin/env node\n'a'": {"a"},
		"`never ends ${x} and on":  {"never ends ${x} and on"},
		"":                         nil,
	} {
		if got := literals(src); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", src, got, want)
		}
	}
}

func TestOffsets(t *testing.T) {
	src := "x = 'one' + `two${y}three` + /four/;"
	for s := range js.Literals([]byte(src)) {
		if !strings.HasPrefix(src[s.Off:], s.Value[:3]) {
			t.Errorf("%q does not stand at %d", s.Value, s.Off)
		}
	}
}

// Literals that have no end could make each quote cost the rest of the line.
func TestHostileScripts(t *testing.T) {
	for _, unit := range []string{`\"`, "=/[", "`${", "(", `"\'`, "/*", "node_modules/", `exports={"a":`, `"@a/b","`} {
		src := []byte(strings.Repeat(unit, 1<<18/len(unit)))
		start := time.Now()
		for range js.Literals(src) {
		}
		js.Modules(src)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q: %v", unit, d)
		}
	}
}

func names(ms []js.Module) (out []string) {
	for _, m := range ms {
		out = append(out, strings.TrimSuffix(m.Name+" "+m.Version, " "))
	}
	return out
}

func TestModules(t *testing.T) {
	for src, want := range map[string][]string{
		// Metro, for debugging.
		`__d(function(g,r,i,a,m,e,d){m.exports=r(d[0])},7,[8],"node_modules/@react-native-firebase/analytics/lib/index.js");`: {"@react-native-firebase/analytics"},
		// webpack, for development; source maps; Windows.
		`"./node_modules/core-js/es6/symbol.js": function() {}`:                     {"core-js"},
		`{"sources":["webpack:///./node_modules/a/node_modules/@b/c.js/index.js"]}`: {"@b/c.js", "a"},
		`"C:\\app\\node_modules\\left-pad\\index.js"`:                               {"left-pad"},
		`"https:\/\/x\/node_modules\/lodash\/x.js"`:                                 {"lodash"},
		// A mention has no file behind it; tools' folders are no packages.
		`"look into node_modules/foo" "node_modules/.bin/x" "node_modules/.pnpm/" "node_modules/@scope/"`: nil,
		// Firebase registers itself.
		`t.registerVersion("@firebase/analytics","0.8.0");`:                                                       {"@firebase/analytics 0.8.0"},
		`var n="@firebase/app",r="0.9.13-canary.1";f(n,r)`:                                                        {"@firebase/app 0.9.13-canary.1"},
		`f("@scope/x","not a version");g("@scope/y",1,"1.2.3")`:                                                   nil,
		`f("plain","1.2.3");h("@/x","1.2.3");h("@a/","1.2.3")`:                                                    nil,
		`m.exports={name:"react-native",version:"0.64.0",license:"MIT",dependencies:{name:"no",version:"9.9.9"}}`: {"react-native 0.64.0"},
		`module.exports=JSON.parse('{"name":"@sentry/core","version":"7.1.0","main":"x.js"}')`:                    {"@sentry/core 7.1.0"},
		`exports={name:"settings",version:"1.0.0"}`:                                                               nil,
		`exports={name:"x",license:"MIT"}`:                                                                        nil,
	} {
		if got := names(js.Modules([]byte(src))); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", src, got, want)
		}
	}
	seq := func(yield func(carrier.String) bool) {
		_ = yield(carrier.String{Value: "/home/x/node_modules/react-native-fbsdk/js/x.js"}) && yield(carrier.String{Value: "@firebase/app"}) && yield(carrier.String{Value: "1.2.3"})
	}
	if got := names(js.ModulesInStrings(seq)); !slices.Equal(got, []string{"react-native-fbsdk"}) {
		t.Errorf("%q", got)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"react-native": true, "@a/b": true, "JSONStream": true, "a.b_c~d": true,
		"": false, "@a": false, "@/b": false, "@a/": false, "a/b": false, ".x": false, "_x": false, "a b": false, "ü": false, "@a/b/c": false,
		strings.Repeat("x", 215): false,
	} {
		if js.IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestLists(t *testing.T) {
	type reader func([]byte) ([]js.Module, error)
	for _, c := range []struct {
		name string
		read reader
		data string
		want []string
	}{
		{"cordova", js.CordovaPlugins, `cordova.define('cordova/plugin_list', function(require, exports, module) {
module.exports = [{"id": "cordova-plugin-x.X", "file": "plugins/x.js", "pluginId": "cordova-plugin-x", "clobbers": ["x"]}];
module.exports.metadata = {
  "cordova-plugin-whitelist": "1.3.3",
  "cordova-plugin-x": "2.0.0-dev"
}; });`, []string{"cordova-plugin-whitelist 1.3.3", "cordova-plugin-x 2.0.0-dev"}},
		{
			"capacitor", js.CapacitorPlugins, `[{"pkg":"@capacitor-community/facebook-login","classpath":"com.x.Y"},{"pkg":"@capacitor/app","classpath":"z"}]`,
			[]string{"@capacitor-community/facebook-login", "@capacitor/app"},
		},
		{"package", js.Package, `{"name":"nativescript-plugin-firebase","version":"10.0.1","dependencies":{}}`, []string{"nativescript-plugin-firebase 10.0.1"}},
		{"expo", js.ExpoConfig, `{"name":"x","plugins":["expo-camera",["@react-native-firebase/app",{"a":1}],"./local-plugin",3]}`, []string{"@react-native-firebase/app", "expo-camera"}},
		{"expo, nested", js.ExpoConfig, `{"expo":{"plugins":["expo-camera"]}}`, []string{"expo-camera"}},
		{
			"uni plug-ins", js.UniPlugins, `{"nativePlugins":[{"hooksClass":"","plugins":[{"type":"module","name":"Sensorsdata-UniPlugin-App","class":"com.sensorsdata.uniapp.UniSensorsAnalyticsModule"}]}]}`,
			[]string{"Sensorsdata-UniPlugin-App"},
		},
		{
			"uni manifest", js.UniManifest, `{"id":"__UNI__X","permissions":{"Push":{},"UniNView":{"description":"x"}},"nativePlugins":{"Top":{}},"plus":{"modules":{"Statistic":{}},"nativePlugins":{"Ba-X":{}},"distribute":{"sdkConfigs":{"push":{"unipush":{}},"statics":{"umeng":{"appkey":""}}, "odd": 3}}}}`,
			[]string{"Ba-X", "Top", "dcloud/Push", "dcloud/Statistic", "dcloud/UniNView", "dcloud/push/unipush", "dcloud/statics/umeng"},
		},
		{
			"dcloud", js.DCloudProperties, `<properties><features><feature name="Push" value="a.B"><module name="igexin" value="c.D"/><!-- <module name="no"/> --></feature><feature name="bad name"/></features><services><service name="Weex"/></services></properties>`,
			[]string{"dcloud/Push", "dcloud/Push/igexin"},
		},
	} {
		got, err := c.read([]byte(c.data))
		if err != nil || !slices.Equal(names(got), c.want) {
			t.Errorf("%s: %v %q, want %q", c.name, err, names(got), c.want)
		}
		if _, err := c.read(make([]byte, 9<<20)); !errors.Is(err, binread.TooLarge) {
			t.Errorf("%s, too large: %v", c.name, err)
		}
		if c.name == "cordova" || c.name == "dcloud" {
			continue // any text is a script; XML is read as far as it goes
		}
		for _, bad := range []string{"", "{", "nothing"} {
			if _, err := c.read([]byte(bad)); !errors.Is(err, binread.Malformed) {
				t.Errorf("%s: %q: %v", c.name, bad, err)
			}
		}
	}
	if _, err := js.UniManifest([]byte(`{"name":"of a web app"}`)); !errors.Is(err, binread.Malformed) {
		t.Errorf("another manifest: %v", err)
	}
}

func TestRAMBundle(t *testing.T) {
	data := carriertest.RAMBundle("var startup = 'https://a.example'", "m1 = 'one'", "", "m3 = 'three'")
	b, err := js.OpenRAM(data)
	if err != nil || len(b.Problems) > 0 {
		t.Fatalf("%v %+v", err, b)
	}
	var got []string
	for off, src := range b.Scripts() {
		got = append(got, string(src))
		if !bytes.HasPrefix(data[off:], src) {
			t.Errorf("%q does not stand at %d", src, off)
		}
	}
	if want := []string{"var startup = 'https://a.example'", "m1 = 'one'", "m3 = 'three'"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for n := range len(data) {
		if b, err := js.OpenRAM(data[:n]); err == nil {
			for range b.Scripts() {
			}
			if len(b.Problems) == 0 && n < len(data)-12 {
				t.Fatalf("%d of %d bytes: no problem", n, len(data))
			}
		}
	}
	// All modules are the same bytes.
	for i := range 3 {
		copy(data[12+8*i:], data[12:20])
	}
	if b, err = js.OpenRAM(data); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, src := range b.Scripts() {
		total += len(src)
	}
	if total > len(data) {
		t.Errorf("%d bytes of %d", total, len(data))
	}
}

func FuzzScript(f *testing.F) {
	f.Add([]byte("x = 'a' + `b${c + `d`}` / /e['\"]/g; // f\n \"\\u{1F600}\\ud83d\""))
	f.Add([]byte("`b${`b${c0")) // no brace is there where two templates end
	f.Add([]byte(`m.exports={name:"x",version:"1.2.3",main:""};"@a/b","1.2.3";"node_modules/@c/d/e"`))
	f.Fuzz(func(t *testing.T, src []byte) {
		total := 0
		for s := range js.Literals(src) {
			if s.Off < 0 || s.Off > int64(len(src)) {
				t.Fatalf("offset %d of %d", s.Off, len(src))
			}
			total += len(s.Value)
		}
		// A placeholder of three bytes becomes one of seven; damaged UTF-8 grows.
		if total > 8*len(src)+64 {
			t.Fatalf("%d bytes of %d", total, len(src))
		}
		for _, m := range js.Modules(src) {
			if !js.IsName(m.Name) {
				t.Fatalf("%q", m.Name)
			}
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte(`{"plugins":["a",["b",{}]],"plus":{"distribute":{"sdkConfigs":{"x":{"y":{}}}}},"name":"n","version":"1.2.3"}`))
	f.Add([]byte(`[{"pkg":"@a/b"}]`))
	f.Add([]byte(`<a><feature name="x"><module name="y"/></feature></a>`))
	f.Add(carriertest.RAMBundle("a", "b", "", "c"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, read := range []func([]byte) ([]js.Module, error){
			js.CordovaPlugins, js.CapacitorPlugins, js.Package, js.ExpoConfig, js.UniPlugins, js.UniManifest, js.DCloudProperties,
		} {
			_, _ = read(data)
		}
		if b, err := js.OpenRAM(data); err == nil {
			for range b.Scripts() {
			}
		}
	})
}

func BenchmarkLiterals(b *testing.B) {
	var src bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&src, "__d(function(g,r,i,a,m,e,d){var x=r(d[%d]);e.default=function(t){return x.y(t,\"name %d\")/2}},%d,[1,2]);", i, i, i)
	}
	b.SetBytes(int64(src.Len()))
	for b.Loop() {
		for range js.Literals(src.Bytes()) {
		}
	}
}
