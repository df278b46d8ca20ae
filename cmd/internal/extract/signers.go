package extract

import (
	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/sign"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// signers notes who the app claims to be signed by. Nothing is verified.
func (b *builder) signers(ar *apk.Archive, pl place) {
	if !pl.base {
		return // a split has the base's signer, or it would not have been grouped with it
	}
	info := readSigners(ar, b.budget)
	for _, s := range info.Signers {
		f := fact.Signer{Scheme: string(s.Scheme), SHA256: s.Cert.SHA256, Subject: s.Cert.Subject}
		b.set.App.Signers = append(b.set.App.Signers, f)
	}
	for _, p := range info.Problems {
		b.problem(pl.prefix+"signature", fact.ProblemMalformed, p, false)
	}
}

// readSigners reads the signatures of an archive under every scheme.
func readSigners(ar *apk.Archive, budget *apk.Budget) *sign.Info {
	var in sign.Input
	if block, err := ar.SigningBlock(); err == nil && block.Size > 0 {
		in.Block, in.BlockOff = block.Pairs, block.PairsOff
	}
	for _, e := range ar.Entries() {
		if !sign.IsSignatureFile(e.RawName) {
			continue
		}
		if data, err := e.Read(budget); err == nil {
			in.Files = append(in.Files, sign.File{Name: e.RawName, Data: data})
		}
	}
	return sign.Read(in)
}

// firstSigner returns the digest of the first signer, "" if there is none.
func firstSigner(ar *apk.Archive, budget *apk.Budget) string {
	for _, s := range readSigners(ar, budget).Signers {
		return s.Cert.SHA256
	}
	return ""
}
