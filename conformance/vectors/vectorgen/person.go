package vectorgen

import (
	"fmt"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// personalClause names the types of seals: 1 of an organisation, 2 of a person (个人名章).
const personalClause = "6.1.1.1"

// person is somebody of the organisation of the test world, with a key and a certificate of their own.
func (w *world) person() (*pki.Certificate, signer) {
	key := signer{newKey("person")}
	return must(pki.MakeCertificate(&stream{label: "person"}, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, PublicKey: key.publicKey(), NotBefore: certificatesBegin, NotAfter: certificatesEnd,
		Subject: pki.Subject{CommonName: "王小明", OrganizationalUnit: "局长", Organization: "11370306MB2867521U 一致性测试局"}}, w.root, w.rootKey)), key
}

// personalSeal is the seal of that person after a change of what it says.
func (w *world) personalSeal(change func(*ses.SealInfo)) []byte {
	certificate, _ := w.person()
	return w.seal(func(i *ses.SealInfo) {
		i.ESID, i.Type, i.Name, i.SignerCerts = "37030000001722", ses.TypePerson, "王小明（一致性测试局）", [][]byte{certificate.Raw}
		if change != nil {
			change(i)
		}
	})
}

// personal: type 2 is the seal of a person in every structure, and no other type is.
func (s *sealWriter) personal() {
	w := s.world
	certificate, key := w.person()
	row := func(name, expect, code, note, kind string, value []byte, more ...field) {
		s.one("personal", name, specV1, personalClause+" c", expect, code, note, kind, value, more...)
	}
	row("person", "accept", "seal_personal", "seal of a person", "seal", w.personalSeal(nil))
	row("organisation", "accept", "", "seal of an organisation", "seal", w.seal(nil))
	for _, kind := range []int{0, 3, 4, 6, 15} {
		row(fmt.Sprintf("type-%d", kind), "accept", "", fmt.Sprintf("type %d, which is no person's", kind), "seal", w.seal(func(i *ses.SealInfo) { i.Type = kind }))
	}
	row("renumbered", "refuse", "SEAL_SIGNATURE", "the seal of a person is said to be an organisation's", "seal", replace(w.personalSeal(nil), ".0.2.0", der.EncodeInt(ses.TypeOrganisation)))
	for _, f := range s.forms() {
		row(f.name, "accept", "seal_personal", f.name+": type 2", "signature", f.signature(f.resignSeal(replace(f.seal, ".0.2.0", der.EncodeInt(ses.TypePerson)))), documents, field{"structure", []byte(f.name)})
	}
	hash := digest.Sum(document)
	row("own-certificate", "accept", "seal_personal", "stamped by the person", "signature", assemble(tbs(4, w.personalSeal(nil), stampedAt, hash), certificate.Raw, key), documents)
	row("other-certificate", "refuse", "SIGNER_NOT_IN_SEAL", "the person's seal used with the certificate of the organisation", "signature", assemble(tbs(4, w.personalSeal(nil), stampedAt, hash), w.signer.Raw, w.signerKey), documents)
	row("other-seal", "refuse", "SIGNER_NOT_IN_SEAL", "the organisation's seal used with the certificate of the person", "signature", assemble(tbs(4, w.seal(nil), stampedAt, hash), certificate.Raw, key), documents)
}

// stamped makes values of a seal with the certificate and key given.
func stamped(seal []byte, certificate *pki.Certificate, key signer) func(description []byte) []byte {
	return func(description []byte) []byte {
		return assemble(tbs(4, seal, stampedAt, digest.Sum(description)), certificate.Raw, key)
	}
}

// personal: documents that a person sealed.
func (o *ofdWriter) personal() {
	w := o.world
	certificate, key := w.person()
	seal := w.personalSeal(nil)
	row := func(name, expect, code, note string, change func(*draft)) {
		o.one("personal", name, specV1, personalClause+" c", expect, code, note, o.sealed(change, nil))
	}
	row("organisation", "accept", "", "sealed by an organisation", nil)
	row("person", "accept", "seal_personal", "sealed by a person", func(d *draft) { d.stamped = stamped(seal, certificate, key) })
	row("seal-file", "accept", "seal_personal", "sealed by a person, with the seal beside the signature", func(d *draft) { d.stamped, d.sealFile = stamped(seal, certificate, key), seal })
	row("other-seal-file", "refuse", "seal_mismatch", "sealed by a person, with the organisation's seal beside the signature", func(d *draft) { d.stamped, d.sealFile = stamped(seal, certificate, key), w.seal(nil) })
	row("other-certificate", "refuse", "SIGNER_NOT_IN_SEAL", "seal of a person, used with the certificate of the organisation", func(d *draft) { d.stamped = stamped(seal, w.signer, w.signerKey) })
	both := newDraft()
	both.stamped = stamped(seal, certificate, key)
	both.seal(w, 0, false)
	both.stamped = nil
	both.seal(w, 1, false)
	o.one("personal", "beside", specV1, personalClause+" c", "accept", "seal_personal", "sealed by a person, then by the organisation", both.pack())
}
