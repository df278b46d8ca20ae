package endpoint

// The lists below are judgement, not standard: they say by which words dotted
// names of programs and names of hosts are told apart. The corpus in the tests
// measures them.

// strongTLD ends hardly anything but host names. Missing are country codes
// that are words or file endings (is, id, in, py, so, sh, io, me …).
var strongTLD = set(`com net org cn edu gov mil
	arpa ru de fr jp kr br nl cz hu ro gr tr ua by kz fi dk pt ie il ae sa za ng ke eg
	mx ar cl pe ve uy nz au ca uk eu ch at hk tw mo sg vn th ph lk np bd pk ir iq jo kw
	xn--fiqs8s xn--fiqz9s xn--p1ai xn--55qx5d xn--io0a7i xn--j6w193g xn--kprw13d`)

// mediumTLD needs a port, a path, a first label that hosts begin with, or a
// digit or hyphen.
var mediumTLD = set(`io me cc tv co ai to ly gl gg gd fm am vc ws la mobi biz info xyz top vip ltd icu
	app dev cloud site club tech us asia pro ink ren wang
	be se no pl it es lt lv ee sk si bg hr rs li lu cat im tk su mn my in id is ms st sx
	goog pw xin`)

// wordTLD are those of the above that are words: before them, only a label
// that nothing but a service has speaks for a host.
var wordTLD = set(`top vip site club pro ink app dev cloud id is in to me my no be im am us pw info live link`)

var serviceWords = set(`www api apis openapi gw gateway cdn sdk static img images logs stats analytics metrics track tracking tracker
	push mqtt dns httpdns oss passport sso adx dsp ssp ota crash`)

// netTLD are those of the above that end no keys.
var netTLD = set(`io cc mobi xyz`)

// fileTLD are top-level domains that are endings of files as well.
var fileTLD = set(`sh so py rs md zip mov pl ps cc mm properties cab bar foo box ai vi
	gz tf sc ps pm mk mp map pro in ist dat prof bin doc cfd`)

// reverseFirst are first labels of reversed names: packages, actions.
var reverseFirst = func() map[string]struct{} {
	m := map[string]struct{}{}
	for w := range set(`com org net edu gov cn io me de tv uk cc co info biz dev app ai top
		android androidx java javax kotlin kotlinx scala groovy dalvik sun jdk junit libcore miui test okhttp3 okio retrofit2 rx
		dagger butterknife vnd application`) {
		m[w] = struct{}{}
	}
	return m
}()

// propertyFirst are first labels of keys.
var propertyFirst = func() map[string]struct{} {
	m := map[string]struct{}{}
	for w := range set(`ro persist sys gsm debug dalvik init net wlan dhcp vendor hw qemu service java user os line file path
		sun http https jdk javax android androidx media audio video camera log event page app action category extra intent
		permission key type name id content text button view activity fragment string this self super class object config
		settings setting system build version device phone sms mms contact account`) {
		m[w] = struct{}{}
	}
	return m
}()

// notHosts are names of packages and products that end as hosts do.
var notHosts = set(`java.net javax.net android.net sun.net libcore.net asp.net vb.net ado.net ikvm.net system.net paint.net
	microsoft.net org.net kotlin.net node.net dot.net`)

// wellKnownShort are hosts that a rule by shape would miss.
var wellKnownShort = set(`t.cn g.cn x.com t.co g.co t.me goo.gl bit.ly youtu.be git.io dwz.cn url.cn j.mp fb.me m.me wa.me
	is.gd ow.ly adf.ly amzn.to tinyurl.com telegra.ph telegram.me app.link page.link onelink.me`)

// mimeFirst are first halves of media types.
var mimeFirst = set(`application audio image message model multipart text video font`)

// hostWords are first labels of hosts of services, digits behind them aside.
var hostWords = set(`www web wap m h api apis open openapi gw gateway edge proxy app apps mobile client
	log logs logger logging applog data stat stats statistic analytics metrics metric events event track tracking tracker trace trk
	report reporting reports collect collector monitor crash bugly perf apm tel telemetry beacon pixel click clk conv
	static cdn img image images pic pics res resource resources file files assets asset media dl down download downloads upload up oss
	update updates upgrade ota push msg message im chat ws wss mqtt socket notify notification
	sdk config conf cfg settings remote cloud auth oauth account accounts passport sso id login user users
	ad ads adx adapi adservice adserver ssp dsp rtb banner promo market store shop pay payment
	dns httpdns doh ntp time mail smtp imap pop ftp search beta test testing dev staging stage pre prod sandbox
	docs doc help support developer developers blog forum bbs admin ops console portal geo loc location map maps ip ipinfo
	fcm firebase graph content feed news video live play music weather lbs`)

// notEndpoint are schemes whose authority is no host: a content provider, a
// package, a resource.
var notEndpoint = set(`content file android resource res asset package intent data jar market javascript about chrome
	blob tel mailto sms geo urn drawable raw provider android-app`)
