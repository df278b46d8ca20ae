package endpoint

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	type want struct {
		Kind                                   Kind
		Value, Display, Scheme, Host, Port     string
		Path, Domain, Site                     string
		Suffix                                 SuffixKind
		Range                                  string
		Form                                   Form
		User, Gaps, Doubtful, Cleartext, Valid bool
	}
	for _, c := range []struct {
		in   string
		want want
	}{
		{"https://Sa.Api.Intl.MIUI.com:443/sa?project=x", want{
			Kind: URL, Value: "https://sa.api.intl.miui.com/sa?project=x", Scheme: "https",
			Host: "sa.api.intl.miui.com", Path: "/sa?project=x", Domain: "miui.com", Suffix: SuffixICANN,
		}},
		{"http://u:p@h.example.co.uk:8080/", want{
			Kind: URL, Value: "http://h.example.co.uk:8080", Scheme: "http", Host: "h.example.co.uk",
			Port: "8080", Domain: "example.co.uk", Suffix: SuffixICANN, User: true, Cleartext: true,
		}},
		{"foo.github.io/x", want{Kind: URL, Value: "foo.github.io/x", Host: "foo.github.io", Path: "/x", Domain: "github.io", Site: "foo.github.io", Suffix: SuffixPrivate}},
		{"see data.mistat.xiaomi.com now", want{Kind: Host, Value: "data.mistat.xiaomi.com", Host: "data.mistat.xiaomi.com", Domain: "xiaomi.com", Suffix: SuffixICANN, Form: Inside}},
		{`"data.mistat.xiaomi.com"`, want{Kind: Host, Value: "data.mistat.xiaomi.com", Host: "data.mistat.xiaomi.com", Domain: "xiaomi.com", Suffix: SuffixICANN, Form: Quoted}},
		{"https://例子.中国/x", want{
			Kind: URL, Value: "https://xn--fsqu00a.xn--fiqs8s/x", Display: "https://例子.中国/x", Scheme: "https", Host: "xn--fsqu00a.xn--fiqs8s",
			Path: "/x", Domain: "xn--fsqu00a.xn--fiqs8s", Suffix: SuffixICANN,
		}},
		{"http://10.0.2.2:3000/a", want{Kind: URL, Value: "http://10.0.2.2:3000/a", Scheme: "http", Host: "10.0.2.2", Port: "3000", Path: "/a", Range: "private", Cleartext: true, Valid: true}},
		{"https://%s.tracking.miui.com/t", want{
			Kind: URL, Value: "https://*.tracking.miui.com/t", Scheme: "https", Host: "*.tracking.miui.com", Path: "/t",
			Domain: "miui.com", Suffix: SuffixICANN, Gaps: true,
		}},
		{"https://www.google.%s/s", want{Kind: URL, Value: "https://www.google.*/s", Scheme: "https", Host: "www.google.*", Path: "/s", Gaps: true}},
		{"https://sdkconfig.ad", want{Kind: URL, Value: "https://sdkconfig.ad", Scheme: "https", Host: "sdkconfig.ad", Domain: "sdkconfig.ad", Suffix: SuffixICANN, Doubtful: true}},
		{"http://test.data.mistat.xiaomi.srv/v3", want{
			Kind: URL, Value: "http://test.data.mistat.xiaomi.srv/v3", Scheme: "http", Host: "test.data.mistat.xiaomi.srv",
			Path: "/v3", Suffix: SuffixUnmanaged, Cleartext: true,
		}},
		{"yddict://m.youdao.com/dict", want{Kind: URL, Value: "yddict://m.youdao.com/dict", Scheme: "yddict", Host: "m.youdao.com", Path: "/dict", Domain: "youdao.com", Suffix: SuffixICANN, Doubtful: true}},
	} {
		es := Find(c.in)
		if len(es) != 1 {
			t.Errorf("%q: %d endpoints: %v", c.in, len(es), es)
			continue
		}
		e := es[0]
		got := want{e.Kind, e.Value, e.Display, e.Scheme, e.Host, e.Port, e.Path, e.Domain, e.Site, e.Suffix, e.Range, e.Form, e.UserInfo, e.Gaps, e.Doubtful, e.Cleartext(), e.Addr.IsValid()}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, d)
		}
	}
}

func TestKnownDomains(t *testing.T) {
	f := Finder{Known: func(d string) bool { return d == "jpush.io" || d == "example.world" || d == "foo.github.io" }}
	for s, want := range map[string]bool{
		"sis.jpush.io": true, "app.example.world": true, "foo.github.io": true,
		"cn.jpush.io": false, "com.example.world": false, "sis.other.io": false, "user.id": false,
	} {
		if got := len(f.Append(nil, s)) == 1; got != want {
			t.Errorf("%q: found %v, want %v", s, got, want)
		}
	}
}

func TestText(t *testing.T) {
	f := Finder{Text: true}
	for s, want := range map[string]int{
		"api.example.io/v1 is here": 0, "api.example.com is here": 1, "https://api.example.io/v1 is here": 1, "took 203.0.114.77 ms": 0,
	} {
		if got := len(f.Append(nil, s)); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for host, want := range map[string]Name{
		"a.b.miui.com":           {"miui.com", "", SuffixICANN},
		"com":                    {"", "", SuffixICANN},
		"co.uk":                  {"", "", SuffixICANN},
		"x.co.uk":                {"x.co.uk", "", SuffixICANN},
		"a.github.io":            {"github.io", "a.github.io", SuffixPrivate},
		"github.io":              {"github.io", "", SuffixPrivate},
		"b.s3.amazonaws.com":     {"amazonaws.com", "b.s3.amazonaws.com", SuffixPrivate},
		"a.b.srv":                {"", "", SuffixUnmanaged},
		"":                       {},
		"www.city.kawasaki.jp":   {"city.kawasaki.jp", "", SuffixICANN},
		"xn--fsqu00a.xn--fiqs8s": {"xn--fsqu00a.xn--fiqs8s", "", SuffixICANN},
	} {
		if got := Split(host); got != want {
			t.Errorf("Split(%q) = %+v, want %+v", host, got, want)
		}
	}
}

func TestRangeOf(t *testing.T) {
	for a, want := range map[string]string{
		"127.0.0.1": "loopback", "10.1.2.3": "private", "172.31.0.1": "private", "172.32.0.1": "public", "192.168.9.9": "private",
		"100.64.0.1": "carrier", "169.254.1.1": "link-local", "8.8.8.8": "public", "224.0.0.251": "multicast", "203.0.113.9": "documentation",
		"0.0.0.0": "unspecified", "255.255.255.255": "broadcast", "::1": "loopback", "fe80::1": "link-local", "fd00::1": "private",
		"2001:db8::1": "documentation", "2400:3200::1": "public", "ff02::1": "multicast", "::ffff:10.0.0.1": "private",
	} {
		if got := RangeOf(netip.MustParseAddr(a)); got != want {
			t.Errorf("RangeOf(%s) = %s, want %s", a, got, want)
		}
	}
}

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func TestDecode(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	hx := func(s string) string { return hex.EncodeToString([]byte(s)) }
	known := func(s string) bool { return s == "android_id" || s == "getDeviceId" }
	const u = "https://tracking.miui.com/track/v4"
	for _, c := range []struct{ in, text, via string }{
		{b64(u), u, "base64"},
		{base64.RawURLEncoding.EncodeToString([]byte(u)), u, "base64"},
		{b64(u)[:20] + "\n" + b64(u)[20:], u, "base64"},
		{hx(u), u, "hex"},
		{strings.ToUpper(hx(u)), u, "hex"},
		{reverse(u), u, "reversed"},
		{url.QueryEscape(u), u, "percent"},
		{b64(zip(u)), u, "base64 gzip"},
		{hx(zip(u)), u, "hex gzip"},
		{b64(b64(u)), u, "base64 base64"},
		{b64(hx(u)), u, "base64 hex"},
		{b64(reverse(u)), u, "base64 reversed"},
		{reverse(b64(u)), u, "reversed base64"},
		{b64(b64(b64(u))), u, "base64 base64 base64"},
		{b64(b64(b64(b64(u)))), "", ""},
		{b64("data.mistat.xiaomi.com"), "data.mistat.xiaomi.com", "base64"},
		{b64("android_id"), "android_id", "base64"},
		{hx("getDeviceId"), "getDeviceId", "hex"},
		{"moc.imoaix.tatsim.atad", "data.mistat.xiaomi.com", "reversed"},
		{`eyJ1cmwiOiJodHRwczovL2EuZXhhbXBsZS5jb20veCJ9`, `{"url":"https://a.example.com/x"}`, "base64"},
		{b64("http://47.241.69.153/x"), "http://47.241.69.153/x", "base64"},
		// not worth telling
		{u, "", ""},
		{b64("hello world, this is text"), "", ""},
		{b64("com.foo.bar.Baz"), "", ""},
		{b64("a.name"), "", ""},
		{"getDeviceId", "", ""},
		{"abcdefghijklmnop", "", ""},
		{"0123456789abcdef0123456789abcdef", "", ""},
		{"https://a.example.com/?u=https%3A%2F%2Fa.example.com%2Fx", "", ""},
		{"nc.eman.ofni", "", ""},
		{"100%25", "", ""},
		{"AAAAAAAAAAAAAAAA", "", ""},
	} {
		got := Finder{}.Decode(c.in, known)
		if c.text == "" {
			if len(got) != 0 {
				t.Errorf("%q: %v, want nothing", c.in, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Text != c.text || strings.Join(got[0].Via, " ") != c.via {
			t.Errorf("%q: %q, want %q via %s", c.in, got, c.text, c.via)
		}
	}
}

func TestDecodeBomb(t *testing.T) {
	s := base64.StdEncoding.EncodeToString([]byte(zip(strings.Repeat("https://a.example.com/ ", 1<<20))))
	for _, d := range (Finder{}).Decode(s, nil) {
		if len(d.Text) > maxInflated {
			t.Errorf("a text of %d bytes", len(d.Text))
		}
	}
}

// A hostile string must not cost more than linear time and space.
func TestHostileLengths(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("http://a.com/", 1<<16), strings.Repeat("a.", 1<<19), strings.Repeat("a.com,", 1<<17), strings.Repeat(":", 1<<20),
		strings.Repeat("1:", 1<<19), "http://" + strings.Repeat("a", 1<<20), "http://a.com/" + strings.Repeat("x", 1<<20), strings.Repeat("{", 1<<20) + ".foo.com",
		strings.Repeat("%s.", 1<<18), strings.Repeat("://", 1<<18), strings.Repeat("http://{", 1<<16), strings.Repeat("//a.com", 1<<17), "http://" + strings.Repeat("a.", 1<<18) + "com",
	} {
		es := Find(s)
		total := 0
		for _, e := range es {
			total += len(e.Value)
		}
		if len(es) > MaxPerString || total > MaxPerString*(MaxPath+512) {
			t.Errorf("%.20q…: %d endpoints of %d bytes", s, len(es), total)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, name := range []string{"positive.txt", "negative.txt"} {
		for _, s := range corpus(f, name) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, e := range Find(s) {
			if e.Start < 0 || e.End > len(s) || e.Start >= e.End || e.Start < end-MaxPath-maxToken {
				t.Fatalf("%q: bounds %d..%d", s, e.Start, e.End)
			}
			end = e.End
			if e.Host == "" || e.Value == "" || len(e.Host) > maxHost+2 || len(e.Path) > MaxPath+2 {
				t.Fatalf("%q: %+v", s, e)
			}
			if strings.ContainsAny(e.Value, "\x00\x01\n\r\t\x1b") {
				t.Fatalf("%q: control characters in %q", s, e.Value)
			}
			if strings.ToLower(e.Host) != e.Host {
				t.Fatalf("%q: host %q is not in lower case", s, e.Host)
			}
			if e.Domain != "" && !strings.HasSuffix(e.Host, e.Domain) {
				t.Fatalf("%q: domain %q of host %q", s, e.Domain, e.Host)
			}
			// What was found without a gap is found again in its own normal form.
			if !e.Gaps && !e.UserInfo && !strings.HasPrefix(e.Host, "*") && e.Scheme != "" {
				again := Find(e.Value)
				if len(again) == 0 || again[0].Host != e.Host {
					t.Fatalf("%q: %q is not found again: %v", s, e.Value, again)
				}
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("aHR0cHM6Ly90cmFja2luZy5taXVpLmNvbS90cmFjay92NA==")
	f.Add("moc.imoaix.tatsim.atad")
	f.Add("68747470733a2f2f612e6578616d706c652e636f6d2f78")
	f.Add("https%3A%2F%2Fa.example.com")
	f.Fuzz(func(t *testing.T, s string) {
		for _, d := range (Finder{}).Decode(s, nil) {
			if len(d.Via) == 0 || len(d.Via) > 2*MaxDecodeDepth || d.Text == s || len(d.Text) > maxInflated {
				t.Fatalf("%q: %+v", s, d)
			}
		}
	})
}

// table makes strings as a DEX holds them: nearly all without dot and colon.
func table() (ss []string, bytes int64) {
	for i := 0; i < 20000; i++ {
		for _, s := range []string{
			"Lcom/example/app/feature/SomeViewModel;", "getSomethingUseful", "onCreateView", "(Ljava/lang/String;I)V", "mDelegate", "VLLI",
			"Loading of the thing has failed", "STATE_INITIALIZED", "Landroid/support/v4/app/Fragment$1;", "access$000",
		} {
			ss = append(ss, s)
			bytes += int64(len(s))
		}
	}
	return ss, bytes
}

func BenchmarkFindPlain(b *testing.B) {
	ss, n := table()
	b.SetBytes(n)
	b.ReportAllocs()
	var dst []Endpoint
	for b.Loop() {
		for _, s := range ss {
			dst = Finder{}.Append(dst[:0], s)
		}
	}
}

func BenchmarkFindDotted(b *testing.B) {
	ss := corpus(b, "negative.txt")
	n := int64(0)
	for _, s := range ss {
		n += int64(len(s))
	}
	b.SetBytes(n)
	b.ReportAllocs()
	var dst []Endpoint
	for b.Loop() {
		for _, s := range ss {
			dst = Finder{}.Append(dst[:0], s)
		}
	}
}

func BenchmarkFindHosts(b *testing.B) {
	ss := corpus(b, "positive.txt")
	n := int64(0)
	for _, s := range ss {
		n += int64(len(s))
	}
	b.SetBytes(n)
	b.ReportAllocs()
	var dst []Endpoint
	for b.Loop() {
		for _, s := range ss {
			dst = Finder{}.Append(dst[:0], s)
		}
	}
}

func BenchmarkDecodePlain(b *testing.B) {
	ss, n := table()
	b.SetBytes(n)
	for b.Loop() {
		for _, s := range ss {
			if d := (Finder{}).Decode(s, nil); d != nil {
				b.Fatal(s, d)
			}
		}
	}
}

// TestMistakenNames holds what real files once made of names in odd company.
func TestMistakenNames(t *testing.T) {
	for _, c := range []struct {
		in   string
		text bool
		want string // "" for none
	}{
		{"nokia.com:bt", false, ""},
		{"log.example.com:443", false, "log.example.com:443"},
		{"反馈请到http://bbs.miui.com我们会尽快处理", false, "http://bbs.miui.com"},
		{"https://例子.中国/x", false, "https://xn--fsqu00a.xn--fiqs8s/x"},
		{`d0wn,"France",http://okturtles.com/,1,no,yes,no,23.226.227.93`, true, "http://okturtles.com"},
		{"https://example.com/a,b/c", true, "https://example.com/a,b/c"},
	} {
		got := ""
		if es := (Finder{Text: c.text}).Append(nil, c.in); len(es) > 0 {
			got = es[0].Value
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}
