package emu

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"
)

// Ciphers and digests are asked for by name, as the Java Cryptography
// Architecture calls them. They read what is hidden; nothing here is protected
// by them.

// digest is the data of a MessageDigest or Mac: what was put in so far.
type digest struct {
	name string
	key  []byte // of a Mac
	b    []byte
}

func (d *digest) copied() (any, int64) {
	c := *d
	c.b = bytes.Clone(d.b)
	return &c, int64(len(d.b)) + 64
}

func hashNamed(name string) func() hash.Hash {
	switch strings.ReplaceAll(strings.ToUpper(name), "-", "") {
	case "MD5":
		return md5.New
	case "SHA1", "SHA":
		return sha1.New
	case "SHA224":
		return sha256.New224
	case "SHA256":
		return sha256.New
	case "SHA384":
		return sha512.New384
	case "SHA512":
		return sha512.New
	}
	return nil
}

// secret is the data of keys and of their specifications.
type secret struct {
	name string
	b    []byte
	// Of a PBEKeySpec.
	password []uint16
	rounds   int64
	bits     int64
}

// crypter is the data of a Cipher.
type crypter struct {
	name, mode, pad string
	encrypt         bool
	key, iv         []byte
	tag             int
	b, aad          []byte // put in so far
}

func (c *crypter) copied() (any, int64) {
	d := *c
	d.b = bytes.Clone(c.b)
	return &d, int64(len(c.b)) + 128
}

const (
	specDesc = "Ljava/security/spec/AlgorithmParameterSpec;"
	keyDesc  = "Ljava/security/Key;"
)

func (m *Machine) noAlgorithm() error {
	return m.throw("Ljava/security/NoSuchAlgorithmException;", "")
}

func (l library) crypto() {
	for _, mac := range []bool{false, true} {
		d, prefix := "Ljava/security/MessageDigest;", ""
		if mac {
			d, prefix = "Ljavax/crypto/Mac;", "HMAC"
		}
		l.static(d, func(m *Machine, a []slot) slot {
			name := strings.ToUpper(m.gostr(a[0]))
			if !strings.HasPrefix(name, prefix) || hashNamed(name[len(prefix):]) == nil {
				m.fail(errNotModelled)
			}
			return m.object(d, &digest{name: name[len(prefix):]})
		}, "getInstance("+stringDesc+")")
		put := func(m *Machine, s slot, b []byte) slot {
			m.changed(s)
			m.grown(len(b))
			x := data[*digest](m, s)
			x.b = append(x.b, b...)
			return slot{}
		}
		sum := func(m *Machine, s slot) slot {
			m.changed(s)
			x := data[*digest](m, s)
			m.worked(200 + len(x.b)/2)
			h := hashNamed(x.name)()
			if mac {
				h = hmac.New(hashNamed(x.name), x.key)
			}
			h.Write(x.b)
			x.b = nil
			return m.byteArray(h.Sum(nil))
		}
		l.on(d, func(m *Machine, a []slot) slot { return put(m, a[0], m.raw(a[1])) }, "update([B)")
		l.on(d, func(m *Machine, a []slot) slot { return put(m, a[0], []byte{byte(a[1].n)}) }, "update(B)")
		l.on(d, func(m *Machine, a []slot) slot { return put(m, a[0], m.part(a[1], a[2].n, a[3].n)) }, "update([BII)")
		l.on(d, func(m *Machine, a []slot) slot { m.changed(a[0]); data[*digest](m, a[0]).b = nil; return slot{} }, "reset()")
		do := "digest"
		if mac {
			do = "doFinal"
			l.on(d, func(m *Machine, a []slot) slot {
				m.changed(a[0])
				x := data[*digest](m, a[0])
				x.key, x.b = data[*secret](m, a[1]).b, nil
				return slot{}
			}, "init("+keyDesc+")")
		}
		l.on(d, func(m *Machine, a []slot) slot { return sum(m, a[0]) }, do+"()")
		l.on(d, func(m *Machine, a []slot) slot {
			put(m, a[0], m.raw(a[1]))
			return sum(m, a[0])
		}, do+"([B)")
	}

	// Keys and parameters.
	const sks = "Ljavax/crypto/spec/SecretKeySpec;"
	l.on(sks, func(m *Machine, a []slot) slot { return m.fillIn(a[0], &secret{name: m.gostr(a[2]), b: m.raw(a[1])}) }, "<init>([B"+stringDesc+")")
	l.on(sks, func(m *Machine, a []slot) slot {
		return m.fillIn(a[0], &secret{name: m.gostr(a[4]), b: m.part(a[1], a[2].n, a[3].n)})
	}, "<init>([BII"+stringDesc+")")
	for _, d := range []string{keyDesc, sks, "Ljavax/crypto/SecretKey;"} {
		l.on(d, func(m *Machine, a []slot) slot { return m.byteArray(data[*secret](m, a[0]).b) }, "getEncoded()")
		l.on(d, func(m *Machine, a []slot) slot { return m.goText(data[*secret](m, a[0]).name) }, "getAlgorithm()")
	}
	whole := func(m *Machine, a []slot) slot { return m.fillIn(a[0], &secret{b: m.raw(a[1])}) }
	for _, d := range []string{"Ljavax/crypto/spec/IvParameterSpec;", "Ljavax/crypto/spec/DESKeySpec;", "Ljavax/crypto/spec/DESedeKeySpec;"} {
		l.on(d, whole, "<init>([B)")
	}
	l.on("Ljavax/crypto/spec/IvParameterSpec;", func(m *Machine, a []slot) slot {
		return m.fillIn(a[0], &secret{b: m.part(a[1], a[2].n, a[3].n)})
	}, "<init>([BII)")
	l.on("Ljavax/crypto/spec/IvParameterSpec;", func(m *Machine, a []slot) slot { return m.byteArray(data[*secret](m, a[0]).b) }, "getIV()")
	l.on("Ljavax/crypto/spec/GCMParameterSpec;", func(m *Machine, a []slot) slot {
		return m.fillIn(a[0], &secret{b: m.raw(a[2]), bits: a[1].n})
	}, "<init>(I[B)")
	l.on("Ljavax/crypto/spec/PBEKeySpec;", func(m *Machine, a []slot) slot {
		m.grown(2 * len(m.chars(a[1])))
		return m.fillIn(a[0], &secret{password: append([]uint16(nil), m.chars(a[1])...), b: m.raw(a[2]), rounds: a[3].n, bits: a[4].n})
	}, "<init>([C[BII)")
	const skf = "Ljavax/crypto/SecretKeyFactory;"
	l.static(skf, func(m *Machine, a []slot) slot { return m.object(skf, &secret{name: m.gostr(a[0])}) }, "getInstance("+stringDesc+")")
	l.on(skf, func(m *Machine, a []slot) slot {
		f, k := data[*secret](m, a[0]), data[*secret](m, a[1])
		switch {
		case f.name == "DES" && len(k.b) >= 8:
			return m.object(sks, &secret{name: "DES", b: k.b[:8]})
		case f.name == "DESede" && len(k.b) >= 24:
			return m.object(sks, &secret{name: "DESede", b: k.b[:24]})
		case strings.HasPrefix(strings.ToUpper(f.name), "PBKDF2WITHHMACSHA") && k.rounds > 0 && k.bits > 0 && k.bits <= 1<<12:
			h := hashNamed(f.name[len("PBKDF2WithHmac"):])
			if h == nil {
				break
			}
			m.must(m.step(k.rounds * (1 + k.bits/160) * 40))
			b, err := pbkdf2.Key(h, string(m.encode(k.password, "UTF-8")), k.b, int(k.rounds), int(k.bits/8))
			if err != nil {
				break
			}
			return m.object(sks, &secret{name: f.name, b: b})
		}
		m.fail(errNotModelled)
		return slot{}
	}, "generateSecret(Ljava/security/spec/KeySpec;)")

	const d = "Ljavax/crypto/Cipher;"
	named := func(m *Machine, a []slot) slot {
		parts := strings.Split(strings.ToUpper(m.gostr(a[0])), "/")
		c := &crypter{name: parts[0], mode: "ECB", pad: "PKCS5PADDING"}
		if len(parts) == 3 {
			c.mode, c.pad = parts[1], parts[2]
		} else if len(parts) != 1 {
			m.fail(m.noAlgorithm())
		}
		switch c.name {
		case "AES", "DES", "DESEDE", "RC4", "ARCFOUR", "ARC4":
		default:
			m.fail(errNotModelled)
		}
		switch c.pad {
		case "PKCS5PADDING", "PKCS7PADDING", "NOPADDING":
		default:
			m.fail(errNotModelled)
		}
		return m.object(d, c)
	}
	l.static(d, named, "getInstance("+stringDesc+")", "getInstance("+stringDesc+stringDesc+")")
	start := func(m *Machine, a []slot) slot {
		m.changed(a[0])
		c := data[*crypter](m, a[0])
		switch a[1].n {
		case 1, 2:
			c.encrypt = a[1].n == 1
		default:
			m.fail(errNotModelled)
		}
		c.key, c.iv, c.b, c.aad, c.tag = data[*secret](m, a[2]).b, nil, nil, nil, 16
		if len(a) > 3 && a[3].o != nil {
			p := data[*secret](m, a[3])
			c.iv = p.b
			if p.bits > 0 {
				c.tag = int(p.bits / 8)
			}
		}
		return slot{}
	}
	l.on(d, start, "init(I"+keyDesc+")", "init(I"+keyDesc+specDesc+")")
	put := func(m *Machine, s slot, b []byte) *crypter {
		m.changed(s)
		m.grown(len(b))
		c := data[*crypter](m, s)
		c.b = append(c.b, b...)
		return c
	}
	finish := func(m *Machine, s slot, b []byte) slot {
		c := put(m, s, b)
		m.worked(500 + 2*len(c.b))
		m.grown(2*len(c.b) + 64)
		out, exception := c.run()
		c.b = nil
		if exception != "" {
			if exception == "?" {
				m.fail(errNotModelled)
			}
			m.fail(m.throw(exception, ""))
		}
		return m.byteArray(out)
	}
	l.on(d, func(m *Machine, a []slot) slot { return finish(m, a[0], m.raw(a[1])) }, "doFinal([B)")
	l.on(d, func(m *Machine, a []slot) slot { return finish(m, a[0], m.part(a[1], a[2].n, a[3].n)) }, "doFinal([BII)")
	l.on(d, func(m *Machine, a []slot) slot { return finish(m, a[0], nil) }, "doFinal()")
	l.on(d, func(m *Machine, a []slot) slot {
		m.changed(a[0])
		c := data[*crypter](m, a[0])
		c.aad = append(c.aad, m.raw(a[1])...)
		return slot{}
	}, "updateAAD([B)")
	l.on(d, func(m *Machine, a []slot) slot {
		switch data[*crypter](m, a[0]).name {
		case "AES":
			return num(16)
		case "DES", "DESEDE":
			return num(8)
		}
		return num(0)
	}, "getBlockSize()")
}

// feedback is the modes OFB, and CFB over whole blocks (NIST SP 800-38A).
func feedback(b cipher.Block, iv, in []byte, ofb, encrypt bool) []byte {
	out := make([]byte, len(in))
	state := bytes.Clone(iv)
	for i := range in {
		k := i % len(state)
		if k == 0 {
			b.Encrypt(state, state)
		}
		out[i] = in[i] ^ state[k]
		switch {
		case ofb:
		case encrypt:
			state[k] = out[i]
		default:
			state[k] = in[i]
		}
	}
	return out
}

// run encrypts or decrypts what was put in. exception is what Java throws, "?"
// if this is not known.
func (c *crypter) run() (out []byte, exception string) {
	const (
		badKey     = "Ljava/security/InvalidKeyException;"
		badSize    = "Ljavax/crypto/IllegalBlockSizeException;"
		badPadding = "Ljavax/crypto/BadPaddingException;"
	)
	var b cipher.Block
	var err error
	switch c.name {
	case "AES":
		b, err = aes.NewCipher(c.key)
	case "DES":
		b, err = des.NewCipher(c.key)
	case "DESEDE":
		b, err = des.NewTripleDESCipher(c.key)
	default:
		r, err := rc4.NewCipher(c.key)
		if err != nil {
			return nil, badKey
		}
		out = make([]byte, len(c.b))
		r.XORKeyStream(out, c.b)
		return out, ""
	}
	if err != nil {
		return nil, badKey
	}
	size := b.BlockSize()
	in := bytes.Clone(c.b)
	if c.mode != "ECB" && c.mode != "GCM" && len(c.iv) != size {
		return nil, "?" // without one Android makes one up
	}
	switch c.mode {
	case "GCM":
		if len(c.iv) == 0 {
			return nil, "?"
		}
		g, err := cipher.NewGCMWithNonceSize(b, len(c.iv))
		if err != nil || c.tag != 16 {
			return nil, "?"
		}
		if c.encrypt {
			return g.Seal(nil, c.iv, in, c.aad), ""
		}
		if out, err = g.Open(nil, c.iv, in, c.aad); err != nil {
			return nil, "Ljavax/crypto/AEADBadTagException;"
		}
		return out, ""
	case "CTR", "OFB", "CFB":
		if c.mode != "CTR" && c.pad != "NOPADDING" {
			break
		}
		if c.mode == "CTR" {
			out = make([]byte, len(in))
			cipher.NewCTR(b, c.iv).XORKeyStream(out, in)
			return out, ""
		}
		out = feedback(b, c.iv, in, c.mode == "OFB", c.encrypt)
		return out, ""
	case "ECB", "CBC":
		padded := c.pad != "NOPADDING"
		if c.encrypt && padded {
			n := size - len(in)%size
			in = append(in, bytes.Repeat([]byte{byte(n)}, n)...)
		}
		if len(in)%size != 0 {
			return nil, badSize
		}
		out = make([]byte, len(in))
		switch {
		case c.mode == "CBC" && c.encrypt:
			cipher.NewCBCEncrypter(b, c.iv).CryptBlocks(out, in)
		case c.mode == "CBC":
			cipher.NewCBCDecrypter(b, c.iv).CryptBlocks(out, in)
		default:
			for i := 0; i < len(in); i += size {
				if c.encrypt {
					b.Encrypt(out[i:], in[i:])
				} else {
					b.Decrypt(out[i:], in[i:])
				}
			}
		}
		if !c.encrypt && padded && len(out) > 0 {
			n := int(out[len(out)-1])
			if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
				return nil, badPadding
			}
			out = out[:len(out)-n]
		}
		return out, ""
	}
	return nil, "?"
}
