package sign

import (
	"bytes"

	"github.com/telltale-apk/telltale/apk/binread"
)

const (
	idV2  = 0x7109871a
	idV3  = 0xf05368c0
	idV31 = 0x1b93ad61

	attrLineage = 0x3ba06f8c
)

// readBlock lists the pairs of the APK Signing Block and reads those that are
// signatures.
func (i *Info) readBlock(pairs []byte, base int64) {
	const section = "APK Signing Block"
	seen := map[uint32]bool{}
	c := binread.New(pairs, base, section)
	for c.Len() > 0 {
		at := base + int64(c.Off())
		n := c.U64()
		if c.Err() == nil && (n < 4 || n > uint64(c.Len())) {
			i.problem("", section, at, "a pair of %d bytes in %d", n, c.Len())
			return
		}
		id := c.U32()
		off := base + int64(c.Off())
		value := c.Bytes(int64(n) - 4)
		if err := c.Err(); err != nil {
			i.add("", err)
			return
		}
		if len(i.Blocks) >= maxBlocks {
			i.add("", binread.Errorf(binread.TooLarge, section, at, "more than %d pairs", maxBlocks))
			return
		}
		b := Block{ID: id, Off: off, Size: int64(len(value))}
		for _, k := range blockNames {
			if k.id == id {
				b.Name = k.name
			}
		}
		i.Blocks = append(i.Blocks, b)
		scheme := map[uint32]Scheme{idV2: V2, idV3: V3, idV31: V31}[id]
		switch {
		case scheme == "":
		case seen[id]: // Android takes the first
			i.problem("", section, off, "a second pair with id 0x%08x (%s)", id, b.Name)
		default:
			seen[id] = true
			i.readScheme(scheme, value, off)
		}
	}
}

// part is a length-prefixed part of a block and where it begins in the file.
type part struct {
	*binread.Cursor
	base    int64
	section string
}

func newPart(b []byte, base int64, section string) part {
	return part{binread.New(b, base, section), base, section}
}

// at returns the position in the file.
func (p part) at() int64 { return p.base + int64(p.Off()) }

// next returns the next length-prefixed part.
func (p part) next(section string) part {
	n := p.U32()
	at := p.at()
	return newPart(p.Bytes(int64(n)), at, section)
}

// readScheme reads the signers of a v2, v3 or v3.1 block.
func (i *Info) readScheme(scheme Scheme, value []byte, base int64) {
	section := "APK Signature Scheme " + string(scheme)
	outer := newPart(value, base, section)
	signers := outer.next(section)
	count := 0
	for ; signers.Len() > 0; count++ {
		if count == maxSigners {
			i.add("", binread.Errorf(binread.TooLarge, section, base, "more than %d signers", maxSigners))
			return
		}
		p := signers.next(section)
		if signers.Err() != nil {
			break
		}
		signer, err := readSigner(scheme, p)
		if err != nil {
			i.add("", err)
		}
		if signer == nil {
			continue
		}
		if signer.KeyDiffers {
			i.problem("", section, p.base, "signer %d: the public key is not that of the certificate", count+1)
		}
		i.Signers = append(i.Signers, *signer)
	}
	switch {
	case outer.Err() != nil:
		i.add("", outer.Err())
	case signers.Err() != nil:
		i.add("", signers.Err())
	case count == 0:
		i.problem("", section, base, "no signers")
	}
}

// readSigner reads one signer. It returns what it found beside an error.
func readSigner(scheme Scheme, p part) (*Signer, error) {
	s := &Signer{Scheme: scheme}
	data := p.next(p.section + " signed data")
	if scheme != V2 {
		s.MinSDK, s.MaxSDK = p.U32(), p.U32()
	}
	_ = p.next(p.section) // signatures
	key := p.Bytes(int64(p.U32()))

	_ = data.next(p.section) // digests
	certs := data.next(p.section + " certificates")
	if scheme != V2 {
		data.Skip(8) // the same range again, this time under the signature
	}
	for certs.Len() > 0 && len(s.Chain) < maxSigners {
		raw := certs.Bytes(int64(certs.U32()))
		if certs.Err() == nil && len(raw) == 0 {
			certs.Fail(binread.Malformed, "an empty certificate")
		}
		if certs.Err() != nil {
			break
		}
		if s.Cert.Raw == nil {
			s.Cert = newCertificate(raw)
		} else {
			s.Chain = append(s.Chain, newCertificate(raw))
		}
	}
	if s.Cert.Raw == nil {
		if err := firstErr(p, data, certs); err != nil {
			return nil, err
		}
		return nil, binread.Errorf(binread.Malformed, p.section, p.base, "a signer without certificate")
	}
	if key != nil {
		spki := publicKeyOf(s.Cert.Raw)
		s.KeyDiffers = spki != nil && !bytes.Equal(spki, key)
	}
	if err := firstErr(p, data, certs); err != nil || scheme == V2 || data.Len() == 0 {
		return s, err
	}
	attrs := data.next(p.section + " attributes")
	for attrs.Len() > 0 {
		a := attrs.next(p.section + " attributes")
		if id := a.U32(); id == attrLineage && a.Err() == nil {
			at := a.at()
			var err error
			if s.Lineage, err = readLineage(a.Bytes(int64(a.Len())), at); err != nil {
				return s, err
			}
		}
		if a.Err() != nil {
			return s, a.Err()
		}
	}
	return s, firstErr(data, attrs)
}

func firstErr(ps ...part) error {
	for _, p := range ps {
		if p.Err() != nil {
			return p.Err()
		}
	}
	return nil
}

// readLineage reads a proof of rotation: u32 version 1, then a length-prefixed
// node per certificate, the oldest first.
func readLineage(b []byte, base int64) ([]Certificate, error) {
	const section = "proof of rotation"
	p := newPart(b, base, section)
	if v := p.U32(); p.Err() == nil && v != 1 {
		return nil, binread.Errorf(binread.Unsupported, section, base, "version %d", v)
	}
	var out []Certificate
	for p.Len() > 0 {
		node := p.next(section)
		signed := node.next(section)
		raw := signed.Bytes(int64(signed.U32()))
		if err := firstErr(p, node, signed); err != nil {
			return out, err
		}
		if len(out) == maxSigners {
			return out, binread.Errorf(binread.TooLarge, section, base, "more than %d certificates", maxSigners)
		}
		out = append(out, newCertificate(raw))
	}
	return out, p.Err()
}
