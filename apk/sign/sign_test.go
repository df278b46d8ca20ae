package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/apk/binread"
)

// der encodes a value with a definite length.
func der(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

// ber encodes a value with an indefinite length.
func ber(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

type encoder func(tag byte, parts ...[]byte) []byte

func name(s string) []byte {
	return der(tagSequence, der(tagSet, der(tagSequence, []byte{6, 3, 0x55, 4, 3}, der(0x0c, []byte(s)))))
}

func key(s string) []byte {
	return der(tagSequence, der(tagSequence, []byte{6, 1, 42}), der(3, []byte{0}, []byte(s)))
}

// cert makes what has the shape of a certificate, as far as this package
// looks. crypto/x509 takes none of them.
func cert(subject, issuer string, serial byte) []byte {
	return der(tagSequence,
		der(tagSequence,
			der(0xa0, []byte{2, 1, 2}),
			[]byte{tagInteger, 1, serial},
			der(tagSequence, []byte{6, 1, 42}),
			name(issuer),
			der(tagSequence, der(0x17, []byte("200101000000Z")), der(0x17, []byte("400101000000Z"))),
			name(subject),
			key(subject)),
		der(tagSequence, []byte{6, 1, 42}),
		der(3, []byte{0, 1, 2, 3}))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func signerInfo(issuer string, serial byte) []byte {
	return der(tagSequence, []byte{2, 1, 1}, der(tagSequence, name(issuer), []byte{tagInteger, 1, serial}),
		der(tagSequence, []byte{6, 1, 42}), der(tagSequence, []byte{6, 1, 43}), der(4, []byte("signature")))
}

func signedData(enc encoder, certs [][]byte, infos ...[]byte) []byte {
	return enc(tagSequence,
		[]byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2},
		enc(0xa0, enc(tagSequence,
			[]byte{2, 1, 1},
			enc(tagSet, der(tagSequence, []byte{6, 1, 42})),
			enc(tagSequence, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}),
			enc(0xa0, certs...),
			enc(tagSet, infos...))))
}

// lp encodes parts with a length before.
func lp(parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(u32(uint32(len(body))), body...)
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func pair(id uint32, value []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(value)+4))
	return append(append(out, u32(id)...), value...)
}

var digests = lp(lp(u32(0x0103), lp(make([]byte, 32))))

func signerV2(certs ...[]byte) []byte {
	var cs [][]byte
	for _, c := range certs {
		cs = append(cs, lp(c))
	}
	return lp(
		lp(digests, lp(cs...), lp(lp(u32(0xbeeff00d), u32(3)))),
		lp(lp(u32(0x0103), lp([]byte("signature")))),
		lp(publicKeyOf(certs[0])))
}

func signerV3(lo, hi uint32, lineage [][]byte, certs ...[]byte) []byte {
	var cs [][]byte
	for _, c := range certs {
		cs = append(cs, lp(c))
	}
	attrs := [][]byte{lp(u32(0x1234), []byte("some attribute"))}
	if lineage != nil {
		attrs = append(attrs, lp(append(u32(attrLineage), lineageOf(lineage)...)))
	}
	return lp(
		lp(digests, lp(cs...), u32(lo), u32(hi), lp(attrs...)),
		u32(lo), u32(hi),
		lp(lp(u32(0x0103), lp([]byte("signature")))),
		lp(publicKeyOf(certs[0])))
}

func lineageOf(certs [][]byte) []byte {
	out := u32(1)
	for _, c := range certs {
		out = append(out, lp(lp(lp(c), u32(0x0103)), u32(31), u32(0x0103), lp([]byte("signature")))...)
	}
	return out
}

func shas(certs []Certificate) string {
	var out []string
	for _, c := range certs {
		out = append(out, c.SHA256)
	}
	return strings.Join(out, " ")
}

func TestV1(t *testing.T) {
	a, b, c := cert("alice", "alice", 1), cert("bob", "bob", 2), cert("carol", "root", 3)
	sf := File{"META-INF/CERT.SF", []byte("Signature-Version: 1.0\r\n\r\n")}
	tests := []struct {
		name    string
		files   []File
		want    []string // digests
		problem string   // part of a message
	}{
		{"one", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a}, signerInfo("alice", 1))}}, []string{digest(a)}, ""},
		{"indefinite lengths", []File{sf, {"META-INF/CERT.RSA", signedData(ber, [][]byte{a, b}, signerInfo("bob", 2))}}, []string{digest(b)}, ""},
		{"the bag's order means nothing", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a, b, c}, signerInfo("root", 3))}}, []string{digest(c)}, ""},
		{"two signers in one file", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a, b}, signerInfo("bob", 2), signerInfo("alice", 1))}}, []string{digest(b), digest(a)}, ""},
		{"issuer in another encoding", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a, b}, signerInfo("BOB", 2))}}, []string{digest(b)}, ""},
		{"two files, odd case", []File{
			{"meta-inf/Zz.ec", signedData(der, [][]byte{b}, signerInfo("bob", 2))},
			{"META-INF/zz.SF", nil},
			{"META-INF/CERT.DSA", signedData(der, [][]byte{a}, signerInfo("alice", 1))},
			sf,
		}, []string{digest(a), digest(b)}, ""},
		{"no signature file", []File{{"META-INF/CERT.RSA", signedData(der, [][]byte{a}, signerInfo("alice", 1))}}, []string{digest(a)}, "there is no CERT.SF"},
		{"signer of no certificate, one in the bag", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a}, signerInfo("mallory", 9))}}, []string{digest(a)}, "names no certificate"},
		{"signer of no certificate, two in the bag", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a, b}, signerInfo("mallory", 9))}}, nil, "not among the 2"},
		{"no certificates", []File{sf, {"META-INF/CERT.RSA", signedData(der, nil, signerInfo("alice", 1))}}, nil, "not among the 0"},
		{"no signers", []File{sf, {"META-INF/CERT.RSA", signedData(der, [][]byte{a})}}, nil, "no signer"},
		{"not PKCS #7", []File{sf, {"META-INF/CERT.RSA", []byte("hello")}}, nil, "META-INF/CERT.RSA"},
		{"empty", []File{sf, {"META-INF/CERT.RSA", nil}}, nil, "truncated"},
		{"elsewhere", []File{{"META-INF/x/CERT.RSA", signedData(der, [][]byte{a}, signerInfo("alice", 1))}, {"CERT.RSA", nil}}, nil, ""},
		{"v2 stripped", []File{
			{"META-INF/CERT.SF", []byte("Signature-Version: 1.0\r\nX-Android-APK-Signed: 2\r\n\r\nName: x\r\nX-Android-APK-Signed: 3\r\n")},
			{"META-INF/CERT.RSA", signedData(der, [][]byte{a}, signerInfo("alice", 1))},
		}, []string{digest(a)}, "v2 signature, which is not there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			info := Read(Input{Files: tt.files})
			var got []string
			for _, s := range info.Signers {
				if s.Scheme != V1 || s.File == "" {
					t.Errorf("%+v", s)
				}
				got = append(got, s.Cert.SHA256)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("signers %v, want %v", got, tt.want)
			}
			checkProblem(t, info, tt.problem)
		})
	}
}

func checkProblem(t *testing.T, info *Info, want string) {
	t.Helper()
	var all []string
	for _, p := range info.Problems {
		all = append(all, p.Error())
	}
	s := strings.Join(all, "\n")
	if want == "" && s != "" || !strings.Contains(s, want) {
		t.Errorf("problems:\n%s\nwant %q", s, want)
	}
}

func TestChainIsTheRestOfTheBag(t *testing.T) {
	a, b := cert("alice", "root", 1), cert("root", "root", 2)
	info := Read(Input{Files: []File{{"META-INF/A.SF", nil}, {"META-INF/A.RSA", signedData(der, [][]byte{b, a}, signerInfo("root", 1))}}})
	if len(info.Signers) != 1 || info.Signers[0].Cert.SHA256 != digest(a) || shas(info.Signers[0].Chain) != digest(b) {
		t.Errorf("%+v", info.Signers)
	}
}

func TestBlock(t *testing.T) {
	a, b, c := cert("alice", "alice", 1), cert("bob", "bob", 2), cert("carol", "carol", 3)
	block := slices.Concat(
		pair(idV31, lp(signerV3(33, 1<<31-1, [][]byte{a, b, c}, c))),
		pair(idV2, lp(signerV2(a, b), signerV2(c))),
		pair(idV3, lp(signerV3(28, 32, [][]byte{a, b}, b))),
		pair(0x71777777, []byte(`{"channel":"x"}`)),
		pair(0xdeadbeef, []byte("what is this")),
		pair(0x42726577, make([]byte, 100)),
	)
	info := Read(Input{Block: block, BlockOff: 1000})
	checkProblem(t, info, "")
	if len(info.Signers) != 4 {
		t.Fatalf("%+v", info.Signers)
	}
	for i, want := range []Signer{
		{Scheme: V2, Cert: Certificate{SHA256: digest(a)}},
		{Scheme: V2, Cert: Certificate{SHA256: digest(c)}},
		{Scheme: V3, Cert: Certificate{SHA256: digest(b)}, MinSDK: 28, MaxSDK: 32},
		{Scheme: V31, Cert: Certificate{SHA256: digest(c)}, MinSDK: 33, MaxSDK: 1<<31 - 1},
	} {
		s := info.Signers[i]
		if s.Scheme != want.Scheme || s.Cert.SHA256 != want.Cert.SHA256 || s.MinSDK != want.MinSDK || s.MaxSDK != want.MaxSDK || s.KeyDiffers {
			t.Errorf("signer %d: %+v", i, s)
		}
	}
	if got, want := shas(info.Signers[0].Chain), digest(b); got != want {
		t.Errorf("chain %s, want %s", got, want)
	}
	if got, want := shas(info.Signers[3].Lineage), digest(a)+" "+digest(b)+" "+digest(c); got != want {
		t.Errorf("lineage %s, want %s", got, want)
	}
	if len(info.Blocks) != 6 || info.Blocks[4].Name != "" || info.Blocks[3].Name == "" {
		t.Errorf("%+v", info.Blocks)
	}
	for _, x := range info.Blocks {
		if got := binary.LittleEndian.Uint32(block[x.Off-1000-4:]); got != x.ID {
			t.Errorf("block 0x%08x at 0x%x, where 0x%08x is", x.ID, x.Off, got)
		}
	}
	for sdk, want := range map[int]Scheme{35: V31, 33: V31, 32: V3, 28: V3, 27: V2, 24: V2} {
		if got := info.Effective(sdk); len(got) == 0 || got[0].Scheme != want {
			t.Errorf("API %d: %+v, want %s", sdk, got, want)
		}
	}
	if got := info.Effective(23); len(got) != 0 {
		t.Errorf("API 23: %+v", got)
	}
}

func TestBlockThatLies(t *testing.T) {
	a, b := cert("alice", "alice", 1), cert("bob", "bob", 2)
	stolen := signerV2(a)
	stolen = bytes.Replace(stolen, lp(publicKeyOf(a)), lp(key("bobby")), 1)
	cut := signerV3(24, 30, [][]byte{a, b}, b)
	tests := []struct {
		name    string
		block   []byte
		want    int // signers
		problem string
	}{
		{"another key", pair(idV2, lp(stolen)), 1, "not that of the certificate"},
		{"no signers", pair(idV2, lp()), 0, "no signers"},
		{"no certificate", pair(idV2, lp(lp(lp(digests, lp(), lp()), lp(), lp()))), 0, "without certificate"},
		{"empty certificate", pair(idV2, lp(lp(lp(digests, lp(lp()), lp()), lp(), lp()))), 0, "empty certificate"},
		{"certificate too long", pair(idV2, lp(lp(lp(digests, lp(u32(1<<31))), lp(), lp()))), 0, "truncated"},
		{"second pair of the same id", slices.Concat(pair(idV2, lp(signerV2(a))), pair(idV2, lp(signerV2(b)))), 1, "a second pair"},
		{"pair longer than the block", append(pair(idV2, lp(signerV2(a))), 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4), 1, "a pair of 65535 bytes"},
		{"pair shorter than its id", append(pair(idV2, lp(signerV2(a))), 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3), 1, "a pair of 3 bytes"},
		{"good after bad", pair(idV2, lp(lp([]byte{1, 2, 3}), signerV2(b))), 1, "truncated"},
		{"cut signer", pair(idV3, lp(lp(cut[4:len(cut)-40]))), 1, "truncated"},
		{"lineage of another version", pair(idV3, lp(lp(lp(digests, lp(lp(a)), u32(1), u32(9), lp(lp(u32(attrLineage), u32(7)))), u32(1), u32(9), lp(), lp(publicKeyOf(a))))), 1, "version 7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			info := Read(Input{Block: tt.block})
			if len(info.Signers) != tt.want {
				t.Errorf("%d signers", len(info.Signers))
			}
			checkProblem(t, info, tt.problem)
		})
	}
	many := pair(idV2, lp(bytes.Repeat(signerV2(a), maxSigners+1)))
	info := Read(Input{Block: many})
	if len(info.Signers) != maxSigners || !errors.Is(info.Problems[0], binread.TooLarge) {
		t.Errorf("%d signers, %v", len(info.Signers), info.Problems)
	}
}

func TestDeepNesting(t *testing.T) {
	b := bytes.Repeat([]byte{0x30, 0x80}, 100_000)
	info := Read(Input{Files: []File{{"META-INF/A.SF", nil}, {"META-INF/A.RSA", b}}})
	if len(info.Problems) != 1 || !errors.Is(info.Problems[0], binread.TooLarge) {
		t.Errorf("%v", info.Problems)
	}
	wide := der(tagSequence, bytes.Repeat([]byte{5, 0}, maxChildren+1))
	if _, err := parseSignedData(wide); !errors.Is(err, binread.TooLarge) {
		t.Errorf("%v", err)
	}
}

// realCert makes a certificate that crypto/x509 takes.
func realCert(t testing.TB, cn string) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: cn, Organization: []string{"Example"}}, NotAfter: time.Unix(2e9, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSubject(t *testing.T) {
	raw := realCert(t, "Someone")
	info := Read(Input{Block: pair(idV2, lp(signerV2(raw)))})
	checkProblem(t, info, "")
	if s := info.Signers[0]; s.Cert.Subject != "CN=Someone,O=Example" || s.Cert.SHA256 != digest(raw) {
		t.Errorf("%+v", s.Cert)
	}
}

// Damaged structure, but the certificate is whole.
func TestCertificateIsGuessed(t *testing.T) {
	raw := realCert(t, "Someone")
	b := append([]byte("\x30\x82\xff\xff damaged \x30\x82\x00\x03abc"), raw...)
	info := Read(Input{Files: []File{{"META-INF/A.SF", nil}, {"META-INF/A.RSA", b}}})
	if len(info.Signers) != 1 || info.Signers[0].Cert.SHA256 != digest(raw) || len(info.Problems) == 0 {
		t.Errorf("%+v, %v", info.Signers, info.Problems)
	}
}

func FuzzRead(f *testing.F) {
	a, b := cert("alice", "alice", 1), cert("bob", "bob", 2)
	f.Add(pair(idV2, lp(signerV2(a, b))), signedData(der, [][]byte{a}, signerInfo("alice", 1)), []byte("X-Android-APK-Signed: 2, 3\n"))
	f.Add(pair(idV3, lp(signerV3(24, 30, [][]byte{a, b}, b))), signedData(ber, [][]byte{a, b}, signerInfo("bob", 2)), []byte(""))
	f.Add(pair(idV31, lp(signerV3(33, 99, nil, b))), realCert(f, "x"), []byte("\r\n"))
	f.Fuzz(func(t *testing.T, block, rsa, sf []byte) {
		in := Input{Block: block, BlockOff: 77, Files: []File{{"META-INF/A.SF", sf}, {"META-INF/A.RSA", rsa}}}
		info := Read(in)
		for _, s := range info.Signers {
			if s.Cert.SHA256 != digest(s.Cert.Raw) || len(s.Cert.Raw) == 0 {
				t.Errorf("%+v", s)
			}
			if !bytes.Contains(block, s.Cert.Raw) && !bytes.Contains(rsa, s.Cert.Raw) {
				t.Errorf("%x is not in the input", s.Cert.Raw)
			}
		}
		for _, x := range info.Blocks {
			if x.Off < 77 || x.Off+x.Size > 77+int64(len(block)) {
				t.Errorf("%+v", x)
			}
		}
	})
}
