// Package sign reads which certificates an APK claims to be signed with, under
// each of Android's signature schemes: v1 (JAR signatures), v2, v3 and v3.1
// (the APK Signing Block).
//
// Nothing is verified. No digest of the file is computed and no signature is
// checked: a certificate found here is what the file claims, and anybody can
// copy a certificate into a file. Reports must call it so. What is checked is
// what costs nothing: that a block's public key is that of its certificate,
// and that schemes which the v1 signature announces are there.
//
// # Threat model and limits
//
// Every byte is hostile. No input makes this package panic or allocate more
// than a small multiple of its length; nesting and the number of signers are
// limited. Certificates are taken as raw bytes and digested as they stand, so
// that those which crypto/x509 refuses (negative serial numbers, odd strings)
// are read as well.
//
// Sources: AOSP tools/apksig (ApkSigningBlockUtils, V1SchemeVerifier,
// V2SchemeVerifier, V3SchemeVerifier, V3SigningCertificateLineage), the scheme
// descriptions at source.android.com, RFC 2315 (PKCS #7) and X.690 (BER).
package sign

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
)

// Scheme is a signature scheme.
type Scheme string

// The schemes.
const (
	V1  Scheme = "v1"
	V2  Scheme = "v2"
	V3  Scheme = "v3"
	V31 Scheme = "v3.1"
)

// Limits of this package.
const (
	maxSigners  = 100  // of one scheme; Android allows 10
	maxBlocks   = 1000 // id-value pairs that are listed
	maxNesting  = 32   // of ASN.1 values
	maxChildren = 4096 // ASN.1 values directly inside one
	maxGuesses  = 1000 // places at which a certificate is searched for in a damaged block
)

// Input is the part of an APK that tells who signed it.
type Input struct {
	// Block holds the id-value pairs of the APK Signing Block, without its
	// sizes and magic; empty if there is none. BlockOff is the offset of the
	// first pair from the start of the file.
	Block    []byte
	BlockOff int64
	// Files are the entries for which IsSignatureFile is true.
	Files []File
}

// File is an entry of the archive.
type File struct {
	Name string
	Data []byte
}

// Certificate is an X.509 certificate as it stands in the file.
type Certificate struct {
	// Raw is the certificate in DER. It shares memory with the input.
	Raw []byte
	// SHA256 is the digest of Raw in lower-case hex: what apksigner and
	// Android's own tools call the certificate's fingerprint.
	SHA256 string
	// Subject is the subject's distinguished name, empty if crypto/x509 can't
	// parse the certificate. It is as hostile as the file.
	Subject string
}

// Signer is one signer that the file claims.
type Signer struct {
	Scheme Scheme
	// Cert is the certificate of the signer, Chain those that follow or
	// surround it in the file.
	Cert  Certificate
	Chain []Certificate
	// File is the name of the signature block file; v1 only.
	File string
	// MinSDK and MaxSDK are the API levels to which the signer applies; v3 and
	// v3.1 only, 0 otherwise.
	MinSDK, MaxSDK uint32
	// Lineage lists the certificates that the signer's key was rotated
	// through, the oldest first, the signer's own last; v3 and v3.1 only.
	Lineage []Certificate
	// KeyDiffers is true if the public key beside the certificate is another
	// than the certificate's: Android refuses such a file.
	KeyDiffers bool
}

// Block is one id-value pair of the APK Signing Block.
type Block struct {
	ID   uint32
	Name string // what the id is known for, empty if it is not
	Off  int64  // of the value, from the start of the file
	Size int64  // of the value, in bytes
}

// Info is what a file claims about its signers.
type Info struct {
	// Signers are in order of scheme, then in the order of the file.
	Signers []Signer
	// Blocks are all pairs of the APK Signing Block, in order. Those without a
	// name may hide anything: channel numbers usually, code at worst.
	Blocks []Block
	// Problems says what could not be read, and what is odd. Path names the v1
	// file, Section the scheme.
	Problems []*binread.FormatError
}

// blockNames are the ids that are known. Sources: AOSP apksig
// (ApkSigningBlockUtils, V2/V3SchemeConstants, SourceStampConstants), bundletool
// and apkverifier for those of the Play Store, Meituan's walle.
var blockNames = []struct {
	id   uint32
	name string
}{
	{idV2, "APK Signature Scheme v2"},
	{idV3, "APK Signature Scheme v3"},
	{idV31, "APK Signature Scheme v3.1"},
	{0x42726577, "verity padding"},
	{0x504b4453, "dependency info"},
	{0x2146444e, "Google Play frosting"},
	{0x2b09189e, "source stamp v1"},
	{0x6dff800d, "source stamp v2"},
	{0x71777777, "channel (Meituan walle)"},
	{0x881155ff, "channel (VasDolly)"},
}

// IsSignatureFile reports whether an entry of this name belongs to a v1
// signature: META-INF/*.SF and *.RSA, *.DSA, *.EC, in any case of letters.
func IsSignatureFile(name string) bool {
	_, ext := splitName(name)
	return ext == "SF" || isBlockExt(ext)
}

func isBlockExt(ext string) bool { return ext == "RSA" || ext == "DSA" || ext == "EC" }

// splitName returns the upper-case base and extension of a file directly in
// META-INF, else nothing.
func splitName(name string) (base, ext string) {
	if name == "" || name[0] < 0x80 && name[0] != 'M' && name[0] != 'm' {
		return "", "" // as nearly all
	}
	up := strings.ToUpper(name)
	rest, ok := strings.CutPrefix(up, "META-INF/")
	if !ok || strings.Contains(rest, "/") {
		return "", ""
	}
	i := strings.LastIndexByte(rest, '.')
	if i < 0 {
		return "", ""
	}
	return rest[:i], rest[i+1:]
}

// Read finds the signers that the input claims. It never fails as a whole.
func Read(in Input) *Info {
	info := new(Info)
	announced := info.readV1(in.Files)
	info.readBlock(in.Block, in.BlockOff)
	for _, s := range announced {
		if !slices.ContainsFunc(info.Signers, func(x Signer) bool { return x.Scheme == s }) {
			info.problem("", "X-Android-APK-Signed", -1, "the v1 signature announces a %s signature, which is not there: it was stripped", s)
		}
	}
	rank := map[Scheme]int{V1: 1, V2: 2, V3: 3, V31: 4}
	slices.SortStableFunc(info.Signers, func(a, b Signer) int { return rank[a.Scheme] - rank[b.Scheme] })
	return info
}

// Effective returns the signers that a device of the given API level would
// look at, if their signatures hold: the newest scheme that the device knows
// and that applies to it.
func (i *Info) Effective(sdk int) []Signer {
	for _, s := range []struct {
		scheme Scheme
		since  int
	}{{V31, 33}, {V3, 28}, {V2, 24}, {V1, 1}} {
		if sdk < s.since {
			continue
		}
		var out []Signer
		for _, x := range i.Signers {
			ranged := s.scheme == V3 || s.scheme == V31
			if x.Scheme == s.scheme && (!ranged || uint64(x.MinSDK) <= uint64(sdk) && uint64(sdk) <= uint64(x.MaxSDK)) {
				out = append(out, x)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func (i *Info) problem(path, section string, off int64, format string, args ...any) {
	i.add(path, binread.Errorf(binread.Malformed, section, off, format, args...))
}

func (i *Info) add(path string, err error) {
	fe, ok := binread.WithPath(err, path).(*binread.FormatError)
	if !ok {
		fe = binread.Errorf(binread.Malformed, "", -1, "%v", err)
		fe.Path = path
	}
	if len(i.Problems) < maxBlocks {
		i.Problems = append(i.Problems, fe)
	}
}

// newCertificate digests raw and parses what it can.
func newCertificate(raw []byte) Certificate {
	sum := sha256.Sum256(raw)
	c := Certificate{Raw: raw, SHA256: hex.EncodeToString(sum[:])}
	if x, err := x509.ParseCertificate(raw); err == nil {
		c.Subject = x.Subject.String()
	}
	return c
}
