package sign

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"

	"github.com/telltale-apk/telltale/apk/binread"
)

// readV1 reads the signature block files and returns the schemes that the
// signature files announce.
func (i *Info) readV1(files []File) (announced []Scheme) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	hasSF := map[string]bool{}
	for _, f := range files {
		if base, ext := splitName(f.Name); ext == "SF" {
			hasSF[base] = true
			for _, s := range announcedIn(f.Data) {
				if !slices.Contains(announced, s) {
					announced = append(announced, s)
				}
			}
		}
	}
	for _, f := range files {
		base, ext := splitName(f.Name)
		if !isBlockExt(ext) {
			continue
		}
		if !hasSF[base] {
			i.problem(f.Name, "JAR signature", -1, "there is no %s.SF beside it: Android ignores it", base)
		}
		signers, err := parseSignedData(f.Data)
		if len(signers) == 0 {
			// Damaged beyond structure: a certificate may still be seen.
			if raw := guessCertificate(f.Data); raw != nil {
				signers = []Signer{{Cert: newCertificate(raw)}}
				if err == nil {
					err = binread.Errorf(binread.Malformed, "PKCS #7", -1, "no signer")
				}
			}
		}
		if err != nil {
			i.add(f.Name, err)
		}
		for _, s := range signers {
			s.Scheme, s.File = V1, f.Name
			i.Signers = append(i.Signers, s)
		}
	}
	return announced
}

// announcedIn reads the X-Android-APK-Signed attribute of a signature file's
// main section (AOSP apksig, V1SchemeVerifier): "2" or "2, 3".
func announcedIn(sf []byte) []Scheme {
	for line := range bytes.Lines(sf) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !strings.EqualFold(string(name), "X-Android-APK-Signed") {
			continue
		}
		var out []Scheme
		for id := range bytes.SplitSeq(value, []byte(",")) {
			switch string(bytes.TrimSpace(id)) {
			case "2":
				out = append(out, V2)
			case "3":
				out = append(out, V3)
			}
		}
		return out
	}
	return nil
}

const sectionPKCS7 = "PKCS #7"

// parseSignedData reads the signers of a PKCS #7 SignedData, in DER or BER. A
// signer names its certificate by issuer and serial number; the order of the
// certificates means nothing.
func parseSignedData(b []byte) ([]Signer, error) {
	outer, _, err := parseValue(b, 0, maxNesting)
	if err != nil {
		return nil, err
	}
	oid := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}
	parts, err := outer.children()
	if err != nil {
		return nil, err
	}
	if len(parts) < 2 || parts[0].tag != tagOID || !bytes.Equal(parts[0].body, oid) || parts[1].tag != 0xa0 {
		return nil, binread.Errorf(binread.BadMagic, sectionPKCS7, 0, "not signed data")
	}
	inner, err := parts[1].children()
	if err != nil {
		return nil, err
	}
	if len(inner) == 0 || inner[0].tag != tagSequence {
		return nil, binread.Errorf(binread.Malformed, sectionPKCS7, parts[1].off, "no content")
	}
	fields, err := inner[0].children()
	// What follows the damage is lost, what precedes it is not.
	var certs []value
	var infos *value
	for k := range fields {
		f := &fields[k]
		switch {
		case f.tag == 0xa0 && k >= 3:
			list, err2 := f.children()
			if err == nil {
				err = err2
			}
			for _, c := range list {
				if c.tag == tagSequence { // not an attribute certificate
					certs = append(certs, c)
				}
			}
		case f.tag == tagSet && k >= 3:
			infos = f
		}
	}
	if infos == nil {
		if err == nil {
			err = binread.Errorf(binread.Malformed, sectionPKCS7, inner[0].off, "no signers")
		}
		return nil, err
	}
	list, err2 := infos.children()
	if err == nil {
		err = err2
	}
	if len(list) == 0 && err == nil {
		err = binread.Errorf(binread.Malformed, sectionPKCS7, infos.off, "no signers")
	}
	bag := newBag(certs)
	var out []Signer
	for _, info := range list {
		if len(out) == maxSigners {
			return out, binread.Errorf(binread.TooLarge, sectionPKCS7, info.off, "more than %d signers", maxSigners)
		}
		k, exact := bag.pick(info)
		if k < 0 {
			if err == nil {
				err = binread.Errorf(binread.Malformed, sectionPKCS7, info.off, "a signer's certificate is not among the %d that are there", len(certs))
			}
			continue
		}
		if !exact && err == nil {
			err = binread.Errorf(binread.Malformed, sectionPKCS7, info.off, "a signer names no certificate that is there; the only one was taken")
		}
		s := Signer{Cert: bag.certificate(k)}
		for j := range bag {
			if j != k && len(s.Chain) < maxSigners {
				s.Chain = append(s.Chain, bag.certificate(j))
			}
		}
		out = append(out, s)
	}
	return out, err
}

// bag holds the certificates of a signature block file.
type bag []bagged

type bagged struct {
	v      value
	tbs    tbs
	ok     bool // tbs was found
	parsed *Certificate
}

func newBag(certs []value) bag {
	b := make(bag, len(certs))
	for k, c := range certs {
		b[k].v = c
		b[k].tbs, b[k].ok = parseTBS(c)
	}
	return b
}

// certificate returns the k-th certificate, digested once.
func (b bag) certificate(k int) Certificate {
	if b[k].parsed == nil {
		c := newCertificate(b[k].v.full)
		b[k].parsed = &c
	}
	return *b[k].parsed
}

// pick returns the index of the certificate that a SignerInfo names, and
// whether it really names it.
func (b bag) pick(info value) (k int, exact bool) {
	fields, _ := info.children()
	if len(fields) >= 2 && fields[1].tag == tagSequence {
		if id, _ := fields[1].children(); len(id) == 2 {
			same := -1 // the only one with this serial number: its issuer may be encoded in another way
			count := 0
			for k, c := range b {
				if !c.ok || !bytes.Equal(c.tbs.serial.body, id[1].body) {
					continue
				}
				if bytes.Equal(c.tbs.issuer.full, id[0].full) {
					return k, true
				}
				same = k
				count++
			}
			if count == 1 {
				return same, true
			}
		}
	}
	if len(b) == 1 {
		return 0, false
	}
	return -1, false
}

// tbs holds the parts of a certificate that are needed here.
type tbs struct{ serial, issuer, key value }

// parseTBS finds the serial number, issuer and public key of a certificate:
// SEQUENCE { SEQUENCE { [0] version OPTIONAL, serial, algorithm, issuer,
// validity, subject, key, … }, … }.
func parseTBS(cert value) (tbs, bool) {
	outer, err := cert.children()
	if err != nil || len(outer) == 0 || outer[0].tag != tagSequence {
		return tbs{}, false
	}
	f, err := outer[0].children()
	if err != nil {
		return tbs{}, false
	}
	if len(f) > 0 && f[0].tag == 0xa0 {
		f = f[1:]
	}
	if len(f) < 6 || f[0].tag != tagInteger || f[2].tag != tagSequence || f[5].tag != tagSequence {
		return tbs{}, false
	}
	return tbs{f[0], f[2], f[5]}, true
}

// publicKeyOf returns the SubjectPublicKeyInfo of a certificate, nil if it
// can't be found.
func publicKeyOf(raw []byte) []byte {
	v, _, err := parseValue(raw, 0, maxNesting)
	if err != nil {
		return nil
	}
	t, ok := parseTBS(v)
	if !ok {
		return nil
	}
	return t.key.full
}

// guessCertificate searches b for the first thing that parses as a
// certificate.
func guessCertificate(b []byte) []byte {
	for p, tries := 0, 0; tries < maxGuesses; tries++ {
		i := bytes.Index(b[p:], []byte{0x30, 0x82})
		if i < 0 {
			return nil
		}
		p += i
		if v, _, err := parseValue(b[p:], 0, maxNesting); err == nil {
			if _, ok := parseTBS(v); ok {
				if _, err := x509.ParseCertificate(v.full); err == nil {
					return v.full
				}
			}
		}
		p++
	}
	return nil
}
