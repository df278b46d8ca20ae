package samples

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
)

// key signs samples. It stands in the repository and protects nothing.
type key struct {
	priv *rsa.PrivateKey
	cert []byte // DER
}

func readKey(recipes fs.FS) (*key, error) {
	text, err := fs.ReadFile(recipes, "signer.pem")
	if err != nil {
		return nil, err
	}
	k := &key{}
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			break
		}
		switch b.Type {
		case "CERTIFICATE":
			k.cert = b.Bytes
		case "PRIVATE KEY":
			p, err := x509.ParsePKCS8PrivateKey(b.Bytes)
			if err != nil {
				return nil, err
			}
			k.priv, _ = p.(*rsa.PrivateKey)
		}
	}
	if k.priv == nil || k.cert == nil {
		return nil, errors.New("signer.pem: wants an RSA private key and a certificate")
	}
	return k, nil
}

// prefixed puts the length of the parts before them, as all of the signing
// block's sequences have it.
func prefixed(parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// sign adds an APK Signature Scheme v2 block (RSA PKCS#1 v1.5 with SHA-256,
// which gives the same signature each time) before the central directory.
// Format: "APK Signature Scheme v2" in AOSP's documentation.
func (k *key) sign(apk []byte) ([]byte, error) {
	const (
		eocdSize  = 22
		rsaSHA256 = 0x0103
		blockV2   = 0x7109871a
	)
	eocd := len(apk) - eocdSize
	if eocd < 0 || !bytes.HasPrefix(apk[eocd:], []byte("PK\x05\x06")) {
		return nil, errors.New("no end record without comment")
	}
	cd := int(binary.LittleEndian.Uint32(apk[eocd+16:]))
	// The digest covers the end record with the directory's offset as it was
	// before the block: that is what apk holds now.
	digest := contentDigest(apk[:cd], apk[cd:eocd], apk[eocd:])
	signed := bytes.Join([][]byte{
		prefixed(prefixed(u32(rsaSHA256), prefixed(digest))),
		prefixed(prefixed(k.cert)),
		prefixed(),
	}, nil)
	sum := sha256.Sum256(signed)
	sig, err := rsa.SignPKCS1v15(nil, k.priv, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&k.priv.PublicKey)
	if err != nil {
		return nil, err
	}
	value := prefixed(prefixed(
		prefixed(signed),
		prefixed(prefixed(u32(rsaSHA256), prefixed(sig))),
		prefixed(spki),
	))
	pair := append(u32(blockV2), value...)
	body := append(binary.LittleEndian.AppendUint64(nil, uint64(len(pair))), pair...)
	size := binary.LittleEndian.AppendUint64(nil, uint64(len(body)+8+16))
	block := bytes.Join([][]byte{size, body, size, []byte("APK Sig Block 42")}, nil)

	out := bytes.Join([][]byte{apk[:cd], block, apk[cd:]}, nil)
	binary.LittleEndian.PutUint32(out[len(out)-eocdSize+16:], uint32(cd+len(block)))
	return out, nil
}

// contentDigest is the digest over the digests of chunks of 1 MiB.
func contentDigest(sections ...[]byte) []byte {
	var sums []byte
	n := uint32(0)
	for _, s := range sections {
		for len(s) > 0 {
			chunk := s[:min(len(s), 1<<20)]
			s = s[len(chunk):]
			h := sha256.New()
			h.Write([]byte{0xa5})
			h.Write(u32(uint32(len(chunk))))
			h.Write(chunk)
			sums = h.Sum(sums)
			n++
		}
	}
	h := sha256.New()
	h.Write([]byte{0x5a})
	h.Write(u32(n))
	h.Write(sums)
	return h.Sum(nil)
}
