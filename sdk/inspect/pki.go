package inspect

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Certificate shows an X.509 certificate.
type Certificate struct {
	Subject        string      `json:"subject"`
	Issuer         string      `json:"issuer"`
	Serial         string      `json:"serial"`
	Version        int         `json:"version"`
	NotBefore      time.Time   `json:"not_before"`
	NotAfter       time.Time   `json:"not_after"`
	Key            string      `json:"key"`
	KeyNote        string      `json:"key_note,omitempty"`
	Algorithm      string      `json:"signature_algorithm"`
	KeyUsage       []string    `json:"key_usage,omitempty"`
	ExtKeyUsage    []string    `json:"ext_key_usage,omitempty"`
	CA             bool        `json:"ca"`
	PathLen        *int        `json:"path_len,omitempty"`
	SubjectKeyID   string      `json:"subject_key_id,omitempty"`
	AuthorityKeyID string      `json:"authority_key_id,omitempty"`
	Extensions     []Extension `json:"extensions,omitempty"`
	SM3            string      `json:"sm3"`
	Deviations     []string    `json:"deviations,omitempty"`
	Oddities       []string    `json:"oddities,omitempty"`
}

// CRL shows a certificate revocation list.
type CRL struct {
	Issuer         string      `json:"issuer"`
	ThisUpdate     time.Time   `json:"this_update"`
	NextUpdate     *time.Time  `json:"next_update,omitempty"`
	Number         string      `json:"number,omitempty"`
	AuthorityKeyID string      `json:"authority_key_id,omitempty"`
	Algorithm      string      `json:"signature_algorithm"`
	Entries        []CRLEntry  `json:"entries"`
	Extensions     []Extension `json:"extensions,omitempty"`
	Deviations     []string    `json:"deviations,omitempty"`
}

// CRLEntry shows a revoked certificate.
type CRLEntry struct {
	Serial    string    `json:"serial"`
	RevokedAt time.Time `json:"revoked_at"`
	Reason    int       `json:"reason"`
}

// Request shows a certificate request.
type Request struct {
	Subject string `json:"subject"`
	Key     string `json:"key"`
}

// Message shows SignedData of GB/T 35275 or PKCS #7.
type Message struct {
	ContentType  string          `json:"content_type"`
	InnerType    string          `json:"inner_content_type"`
	Version      int             `json:"version"`
	Content      *Part           `json:"content,omitempty"`
	Certificates []Certificate   `json:"certificates"`
	CRLs         int             `json:"crls,omitempty"`
	Signers      []MessageSigner `json:"signers"`
	Timestamp    *Timestamp      `json:"time_stamp,omitempty"` // when the content is one
	Deviations   []string        `json:"deviations,omitempty"`
}

// MessageSigner shows SignerInfo.
type MessageSigner struct {
	Version         int        `json:"version"`
	Serial          string     `json:"serial"`
	Certificate     string     `json:"certificate,omitempty"` // subject, when the certificate is in the message
	Digest          string     `json:"digest_algorithm"`
	Algorithm       string     `json:"signature_algorithm"`
	Value           Value      `json:"signature_value"`
	Attributes      []string   `json:"signed_attributes,omitempty"`
	AttrContentType string     `json:"content_type_attribute,omitempty"`
	MessageDigest   string     `json:"message_digest,omitempty"`
	SigningTime     *time.Time `json:"signing_time,omitempty"`
}

// RawSignature shows a bare SM2 signature value.
type RawSignature struct {
	Value Value `json:"signature_value"`
}

func showCertificate(parsed *pki.Certificate) Certificate {
	shown := Certificate{
		Subject: parsed.Subject.String(), Issuer: parsed.Issuer.String(), Serial: parsed.SerialHex(), Version: parsed.Version,
		NotBefore: parsed.NotBefore, NotAfter: parsed.NotAfter, Key: pki.KeyName(parsed.PublicKey), Algorithm: parsed.Algorithm.OID,
		KeyUsage: parsed.KeyUsage.Names(), ExtKeyUsage: parsed.ExtKeyUsage, CA: parsed.IsCA, SubjectKeyID: hex.EncodeToString(parsed.SubjectKeyID),
		AuthorityKeyID: hex.EncodeToString(parsed.AuthorityKeyID), Extensions: showExtensions(parsed.Extensions), SM3: part(parsed.Raw).SM3,
		Deviations: deviations(parsed.Deviations), Oddities: parsed.Oddities,
	}
	if parsed.KeyError != nil {
		shown.KeyNote = parsed.KeyError.Error()
	}
	if parsed.PathLen >= 0 {
		shown.PathLen = &parsed.PathLen
	}
	return shown
}

func showExtensions(list []pki.Extension) []Extension {
	var shown []Extension
	for _, one := range list {
		shown = append(shown, Extension{one.OID, one.Critical, part(one.Value)})
	}
	return shown
}

func tryCertificates(file *File, input, _ []byte) bool {
	list, err := pki.ParseCertificates(input)
	if err != nil {
		return false
	}
	file.Format = FormatCertificate
	for _, one := range list {
		file.Certificates = append(file.Certificates, showCertificate(one))
	}
	return true
}

func tryCRL(file *File, _, content []byte) bool {
	parsed, err := pki.ParseCRL(content)
	if err != nil {
		return false
	}
	shown := &CRL{Issuer: parsed.Issuer.String(), ThisUpdate: parsed.ThisUpdate, AuthorityKeyID: hex.EncodeToString(parsed.AuthorityKeyID),
		Algorithm: parsed.Algorithm.OID, Entries: []CRLEntry{}, Extensions: showExtensions(parsed.Extensions), Deviations: deviations(parsed.Deviations)}
	if !parsed.NextUpdate.IsZero() {
		shown.NextUpdate = &parsed.NextUpdate
	}
	if parsed.Number != nil {
		shown.Number = parsed.Number.String()
	}
	for _, one := range parsed.Entries {
		shown.Entries = append(shown.Entries, CRLEntry{one.Serial.Text(16), one.RevokedAt, int(one.Reason)})
	}
	file.Format, file.CRL = FormatCRL, shown
	return true
}

func tryRequest(file *File, _, content []byte) bool {
	parsed, err := pki.ParseRequest(content)
	if err != nil {
		return false
	}
	file.Format, file.Request = FormatRequest, &Request{Subject: parsed.Subject.String(), Key: pki.KeyName(parsed.PublicKey)}
	return true
}

func tryMessage(file *File, _, content []byte) bool {
	parsed, err := pki.ParseSignedData(content)
	if err != nil {
		return false
	}
	shown := &Message{ContentType: parsed.ContentType, InnerType: parsed.InnerType, Version: parsed.Version, Certificates: []Certificate{}, CRLs: len(parsed.CRLs),
		Signers: []MessageSigner{}, Deviations: deviations(parsed.Deviations)}
	if parsed.HasContent {
		content := part(parsed.Content)
		shown.Content = &content
	}
	for _, one := range parsed.Certificates {
		shown.Certificates = append(shown.Certificates, showCertificate(one))
	}
	for _, one := range parsed.Signers {
		signer := MessageSigner{Version: one.Version, Serial: one.Serial.Text(16), Digest: one.DigestAlgorithm.OID, Algorithm: one.SignatureAlgorithm.OID,
			Value: value(one.Signature), Attributes: one.AttributeTypes, AttrContentType: one.AttrContentType, MessageDigest: hex.EncodeToString(one.MessageDigest)}
		if one.Certificate != nil {
			signer.Certificate = one.Certificate.Subject.String()
		}
		if !one.SigningTime.IsZero() {
			signer.SigningTime = &one.SigningTime
		}
		shown.Signers = append(shown.Signers, signer)
	}
	if shown.Timestamp, err = showTimestamp(parsed); err != nil {
		file.Notes = append(file.Notes, "the time stamp cannot be read: "+err.Error())
	}
	file.Format, file.Message = FormatMessage, shown
	return true
}

func tryRawSignature(file *File, _, content []byte) bool {
	if _, err := pki.SM2SignatureToRaw(bytes.TrimSpace(content)); err != nil {
		return false
	}
	file.Format, file.RawSignature = FormatRawSignature, &RawSignature{value(content)}
	return true
}
