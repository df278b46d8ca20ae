package judge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/judge"
)

func join(parts ...fact.Value) fact.Value { return fact.Value{Kind: fact.Concat, Elems: parts} }

func TestComposed(t *testing.T) {
	const (
		toString = "Ljava/lang/StringBuilder;->toString()Ljava/lang/String;"
		parseURI = "Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;"
		newURL3  = "Ljava/net/URL;-><init>(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;)V"
		newText  = "Ljava/lang/String;-><init>([B)V"
		format   = "Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;"
		post     = "Lcom/example/app/Net;->post(Ljava/lang/String;)V"
		logD     = "Landroid/util/Log;->d(Ljava/lang/String;Ljava/lang/String;)I"
	)
	numbers := func(s string) fact.Value {
		v := fact.Value{Kind: fact.Array}
		for _, c := range []byte(s) {
			v.Elems = append(v.Elems, facttest.Int(int64(int8(c))))
		}
		return v
	}
	field := func(s string) fact.Value {
		return fact.Value{Kind: fact.FieldVal, S: "Lcom/example/app/C;->BASE:Ljava/lang/String;", Elems: []fact.Value{str(s)}}
	}
	for _, c := range []struct {
		name  string
		build func(c *facttest.Code)
		want  []string // value, how it was read, "?" if doubtful
	}{
		{"a builder", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://api.example.org").Call(fact.RefCallVirtual, toString, join(str("https://api.example.org"), str("/v1/"), unk(), str("/x")))
		}, []string{"https://api.example.org", "https://api.example.org/v1/*/x concat"}},
		{"a builder with everything known", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, str("https://api.example.org/v1"))
		}, []string{"https://api.example.org/v1 concat"}},
		{"of what the rest shows as well", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://api.example.org/v1?q=").Call(fact.RefCallVirtual, toString, join(str("https://api.example.org/v1?q="), unk()))
		}, []string{"https://api.example.org/v1?q="}},
		{"a message", func(c *facttest.Code) {
			c.Method(mainMethod).String("loading https://api.example.org/v1 took ").
				Call(fact.RefCallVirtual, toString, join(str("loading https://api.example.org/v1 took "), unk(), str(" ms")))
		}, []string{"https://api.example.org/v1"}},
		{"a host that is not known", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, join(str("https://"), unk(), str("/v1")))
		}, nil},
		{"a host of which the end is not known", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, join(str("https://api."), unk(), str("/v1")))
		}, nil},
		{"a host of which the beginning is not known", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, join(str("https://"), unk(), str(".example.org/v1")))
		}, []string{"https://*.example.org/v1 concat"}},
		{"the stages of one URL", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://api.example.org/v1?a=").
				Call(fact.RefCallVirtual, toString, join(str("https://api.example.org/v1?a="), unk(), str("&b="))).
				Call(fact.RefCallVirtual, toString, join(str("https://api.example.org/v1?a="), unk(), str("&b="), unk(), str("&c=1")))
		}, []string{"https://api.example.org/v1?a=", "https://api.example.org/v1?a=*&b=*&c=1 concat"}},
		{"alternatives", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, fact.Value{Kind: fact.OneOf, Elems: []fact.Value{str("https://cn.example.org/v1"), join(str("https://eu.example.org/v1/"), unk())}})
		}, []string{"https://cn.example.org/v1 concat"}},
		{"what may be null", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://").Call(fact.RefCallVirtual, toString, join(str("https://api.example.org/v1?a=null&b="), unk(), str("&c=3"))).
				Call(fact.RefCallVirtual, toString, str("https://api.example.orgnull"))
		}, []string{"https://api.example.org/v1?a=*&b=*&c=3 concat"}},
		{"a field that may change", func(c *facttest.Code) {
			c.Class("Lcom/example/app/C;").Static("BASE", "Ljava/lang/String;", str("https://api.example.org"))
			c.Strings("https://api.example.org")
			c.Method(mainMethod).Get("Lcom/example/app/C;->BASE:Ljava/lang/String;").Call(fact.RefCallVirtual, toString, join(field("https://api.example.org"), str("/v1")))
		}, []string{"https://api.example.org", "https://api.example.org/v1 concat ?"}},
		{"a field of the class initialiser", func(c *facttest.Code) {
			c.Method("Lcom/example/app/C;-><clinit>()V").String("https://").Put("Lcom/example/app/C;->BASE:Ljava/lang/String;")
			c.Method(mainMethod).Get("Lcom/example/app/C;->BASE:Ljava/lang/String;").Call(fact.RefCallVirtual, toString, join(field("https://api.example.org"), str("/v1")))
		}, []string{"https://api.example.org/v1 concat ?"}},
		{"no piece, no question", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallVirtual, toString, join(str("https://api.example.org"), str("/v1")))
		}, nil},
		{"handed to what takes URLs", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, parseURI, join(str("https://api.example.org/"), unk(), str("/v1")))
		}, []string{"https://api.example.org/*/v1 concat"}},
		{"computed", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallStatic, parseURI, str("https://api.example.org/v1"))
		}, []string{"https://api.example.org/v1 computed"}},
		{"a constant", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://api.example.org/v1").Call(fact.RefCallStatic, parseURI, str("https://api.example.org/v1"))
		}, []string{"https://api.example.org/v1"}},
		{"in parts", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallDirect, newURL3, unk(), str("http"), str("api.example.org"), join(str("/v1/"), unk()))
		}, []string{"http://api.example.org/v1/* concat"}},
		{"formatted and handed on", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://%s.example.org/%s").Call(fact.RefCallStatic, format, str("https://%s.example.org/%s"), unk()).
				Call(fact.RefCallStatic, post, join(str("https://cn.example.org/"), unk(), str("/x")))
		}, []string{"https://*.example.org/%s", "https://cn.example.org/*/x concat"}},
		{"handed to the log", func(c *facttest.Code) {
			c.Method(mainMethod).String("https://%s.example.org/%s").Call(fact.RefCallStatic, format, str("https://%s.example.org/%s"), unk()).
				Call(fact.RefCallStatic, logD, str("tag"), join(str("https://cn.example.org/"), unk()))
		}, []string{"https://*.example.org/%s"}},
		{"bytes", func(c *facttest.Code) {
			c.Method(mainMethod).Call(fact.RefCallDirect, newText, unk(), numbers("https://api.example.org/v1"))
		}, []string{"https://api.example.org/v1 byte-array"}},
		{"bytes of which one is not known", func(c *facttest.Code) {
			v := numbers("https://api.example.org/v1")
			v.Elems[3] = unk()
			c.Method(mainMethod).Call(fact.RefCallDirect, newText, unk(), v)
		}, nil},
		{"an array of data", func(c *facttest.Code) {
			c.Method(mainMethod).Array("https://api.example.org/v1")
		}, []string{"https://api.example.org/v1 byte-array"}},
		{"an array that hides once more", func(c *facttest.Code) {
			c.Method(mainMethod).Array("aHR0cHM6Ly9hcGkuZXhhbXBsZS5vcmcvdjE=")
		}, []string{"https://api.example.org/v1 byte-array+base64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := facttest.New("com.example.app")
			c.build(app.Code("classes.dex"))
			f := judged(t, app.Set(), compile(t), judge.Options{})
			var got []string
			for _, e := range f.Endpoints {
				s := e.Value
				for _, l := range e.Locations {
					if l.DecodedVia != nil {
						s += " " + strings.Join(l.DecodedVia, "+")
					}
				}
				if e.Doubtful {
					s += " ?"
				}
				got = append(got, s)
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Keys that are hidden or put together are told where they are read.
func TestComposedIdentifiers(t *testing.T) {
	const getString = "Landroid/provider/Settings$Secure;->getString(Landroid/content/ContentResolver;Ljava/lang/String;)Ljava/lang/String;"
	app := facttest.New("com.example.app")
	c := app.Code("classes.dex")
	c.Method(mainMethod).Call(fact.RefCallStatic, getString, unk(), str("android_id"))
	c.Method("Lcom/example/app/Main;->b()V").Array("android_id")
	c.Method("Lcom/example/app/Main;->c()V").Array("YW5kcm9pZF9pZA==")
	c.Method("Lcom/example/app/Main;->d()V").Call(fact.RefCallStatic, getString, unk(), str("bluetooth_on"))
	f := judged(t, app.Set(), compile(t), judge.Options{})
	if len(f.Identifiers) != 1 || f.Identifiers[0].ID != "android-id" || f.Identifiers[0].Confidence != "high" {
		t.Fatalf("%+v", f.Identifiers)
	}
	var got []string
	for _, s := range f.Identifiers[0].Sites {
		got = append(got, fmt.Sprint(s.Method, " ", s.How, " ", s.DecodedVia))
	}
	if d := cmp.Diff([]string{"a()V call [computed]", "b()V string [byte-array]", "c()V string [byte-array base64]"}, got); d != "" {
		t.Error(d)
	}
}
