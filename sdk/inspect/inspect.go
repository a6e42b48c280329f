// Package inspect shows what a file of seals, signatures or certificates is made of, without judging it: every field by its
// name in the standard, the deviations met in reading, digests of the raw parts. Whether anything in it is true is not
// said here; that is the verification report's part.
//
// The form of a file is found from its content, never from its name.
package inspect

import (
	"encoding/hex"
	"encoding/pem"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Formats.
const (
	FormatPackage       = "ofd"
	FormatPDF           = "pdf"
	FormatSeal          = "seal"
	FormatSealSignature = "seal_signature"
	FormatMessage       = "cms"
	FormatTimestamp     = "time_stamp_response"
	FormatCertificate   = "certificate"
	FormatCRL           = "crl"
	FormatRequest       = "certificate_request"
	FormatRawSignature  = "raw_signature"
	FormatUnknown       = "unknown"
)

// File is what one file is made of. Of the pointers only the one of its format is set; a time stamp response also shows
// its token as message.
type File struct {
	File              string             `json:"file"`
	Format            string             `json:"format"`
	Size              int                `json:"size"` // octets
	SM3               string             `json:"sm3"`
	Notes             []string           `json:"notes,omitempty"` // why it could not be read further
	Package           *Package           `json:"package,omitempty"`
	PDF               *PDF               `json:"pdf,omitempty"`
	Seal              *Seal              `json:"seal,omitempty"`
	SealSignature     *SealSignature     `json:"seal_signature,omitempty"`
	TimestampResponse *TimestampResponse `json:"time_stamp_response,omitempty"`
	Message           *Message           `json:"message,omitempty"`
	Certificates      []Certificate      `json:"certificates,omitempty"`
	CRL               *CRL               `json:"crl,omitempty"`
	Request           *Request           `json:"certificate_request,omitempty"`
	RawSignature      *RawSignature      `json:"raw_signature,omitempty"`
}

// Seal shows SESeal.
type Seal struct {
	Structure   string      `json:"structure"`
	Header      Header      `json:"header"`
	ESID        string      `json:"es_id"`
	Type        int         `json:"type"`
	Name        string      `json:"name"`
	ListType    int         `json:"cert_list_type,omitempty"`
	Signers     []Signer    `json:"cert_list"`
	CreateDate  time.Time   `json:"create_date"`
	ValidStart  time.Time   `json:"valid_start"`
	ValidEnd    time.Time   `json:"valid_end"`
	Picture     Picture     `json:"picture"`
	Extensions  []Extension `json:"ext_datas,omitempty"`
	Maker       *Certified  `json:"maker"`
	Algorithm   string      `json:"signature_algorithm"`
	Value       Value       `json:"signature_value"`
	Timestamp   *Part       `json:"time_stamp,omitempty"`
	Information Part        `json:"eseal_info"` // the octets that are covered
	Deviations  []string    `json:"deviations,omitempty"`
}

// Header shows SES_Header.
type Header struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Vendor  string `json:"vid"`
}

// Signer is an entry of certList.
type Signer struct {
	Certificate *Certified `json:"certificate,omitempty"`
	DigestType  string     `json:"digest_type,omitempty"`
	Digest      string     `json:"digest,omitempty"`
	Text        string     `json:"text,omitempty"`
}

// Picture shows SES_ESPictrueInfo.
type Picture struct {
	Type     string `json:"type"`
	WidthMM  int    `json:"width_mm"`
	HeightMM int    `json:"height_mm"`
	Data     Part   `json:"data"`
}

// Extension shows ExtData or an X.509 extension.
type Extension struct {
	ID       string `json:"id"`
	Critical bool   `json:"critical"`
	Value    Part   `json:"value"`
}

// Part names octets by length and SM3, with the octets themselves when they are few.
type Part struct {
	Size int    `json:"size"`
	SM3  string `json:"sm3"`
	Hex  string `json:"hex,omitempty"`
}

// Value shows a signature value.
type Value struct {
	Encoding string `json:"encoding"` // der, raw or other
	Hex      string `json:"hex"`
}

// Certified is a certificate inside something, or why it cannot be read.
type Certified struct {
	Certificate *Certificate `json:"certificate,omitempty"`
	Note        string       `json:"note,omitempty"`
	Raw         Part         `json:"raw"`
}

// SealSignature shows SES_Signature.
type SealSignature struct {
	Structure    string      `json:"structure"`
	Version      int         `json:"version"`
	TimeInfo     TimeInfo    `json:"time_info"`
	DataHash     string      `json:"data_hash"`
	PropertyInfo string      `json:"property_info"`
	Extensions   []Extension `json:"ext_datas,omitempty"`
	Signer       *Certified  `json:"signer"`
	Algorithm    string      `json:"signature_algorithm"`
	Value        Value       `json:"signature_value"`
	Timestamp    *Part       `json:"time_stamp,omitempty"`
	ToSign       Part        `json:"to_sign"` // the octets that are covered
	Deviations   []string    `json:"deviations,omitempty"`
	Seal         *Seal       `json:"eseal"`
}

// TimeInfo shows timeInfo.
type TimeInfo struct {
	Moment *time.Time `json:"moment,omitempty"`
	Token  *Part      `json:"token,omitempty"`
	Text   string     `json:"text"`
}

// maxShown is how many octets a part shows in full.
const maxShown = 64

func part(octets []byte) Part {
	shown := Part{Size: len(octets), SM3: digest.Hex(octets)}
	if len(octets) <= maxShown {
		shown.Hex = hex.EncodeToString(octets)
	}
	return shown
}

func optionalPart(octets []byte) *Part {
	if octets == nil {
		return nil
	}
	shown := part(octets)
	return &shown
}

func value(octets []byte) Value {
	shown := Value{Encoding: "other", Hex: hex.EncodeToString(octets)}
	if _, err := pki.SM2SignatureToRaw(octets); err == nil {
		shown.Encoding = "der"
	} else if len(octets) == 64 {
		shown.Encoding = "raw"
	}
	return shown
}

func deviations(list []der.Deviation) []string {
	var names []string
	for _, one := range list {
		names = append(names, string(one))
	}
	return names
}

// Inspect shows what the octets are made of; name is only repeated in the answer.
func Inspect(name string, input []byte) File {
	file := File{File: name, Size: len(input), SM3: digest.Hex(input)}
	if tryPackage(&file, input) || tryPDF(&file, input) {
		return file
	}
	return inspectStructure(name, input)
}

// inspectStructure shows everything but packages, so that a package inside a value is not opened.
func inspectStructure(name string, input []byte) File {
	file := File{File: name, Format: FormatUnknown, Size: len(input), SM3: digest.Hex(input)}
	content := input
	if block, _ := pem.Decode(input); block != nil {
		content = block.Bytes
	}
	for _, try := range []func(*File, []byte, []byte) bool{trySealSignature, trySeal, tryMessage, tryTimestampResponse, tryCRL, tryCertificates, tryRequest, tryRawSignature} {
		if try(&file, input, content) {
			return file
		}
	}
	_, err := ses.ParseSeal(content)
	file.Notes = append(file.Notes, "no known structure: "+err.Error())
	return file
}

func trySeal(file *File, _, content []byte) bool {
	parsed, err := ses.ParseSeal(content)
	if err != nil {
		return false
	}
	file.Format, file.Seal = FormatSeal, showSeal(parsed)
	return true
}

func showSeal(parsed *ses.Seal) *Seal {
	shown := &Seal{
		Structure: string(parsed.Structure), Header: Header{parsed.Header.ID, parsed.Header.Version, parsed.Header.Vid}, ESID: parsed.ESID,
		Type: parsed.Property.Type, Name: parsed.Property.Name, ListType: parsed.Property.CertListType, Signers: []Signer{},
		CreateDate: parsed.Property.CreateDate, ValidStart: parsed.Property.ValidStart, ValidEnd: parsed.Property.ValidEnd,
		Picture:    Picture{parsed.Picture.Type, parsed.Picture.WidthMM, parsed.Picture.HeightMM, part(parsed.Picture.Data)},
		Extensions: showSealExtensions(parsed.Extensions), Maker: showCertified(parsed.MakerCert), Algorithm: parsed.SignatureAlgorithm,
		Value: value(parsed.SignatureValue), Timestamp: optionalPart(parsed.Timestamp), Information: part(parsed.RawInfo), Deviations: deviations(parsed.Deviations),
	}
	for _, one := range parsed.Property.Certs {
		shown.Signers = append(shown.Signers, Signer{Certificate: showCertified(one)})
	}
	for _, one := range parsed.Property.CertDigests {
		shown.Signers = append(shown.Signers, Signer{DigestType: one.Type, Digest: hex.EncodeToString(one.Value)})
	}
	for _, one := range parsed.Property.CertTexts {
		shown.Signers = append(shown.Signers, Signer{Text: one})
	}
	return shown
}

func showSealExtensions(list []ses.Extension) []Extension {
	var shown []Extension
	for _, one := range list {
		shown = append(shown, Extension{one.ID, one.Critical, part(one.Value)})
	}
	return shown
}

func showCertified(octets []byte) *Certified {
	shown := &Certified{Raw: part(octets)}
	parsed, err := pki.ParseCertificate(octets)
	if err != nil {
		shown.Note = err.Error()
		return shown
	}
	certificate := showCertificate(parsed)
	shown.Certificate = &certificate
	return shown
}

func trySealSignature(file *File, _, content []byte) bool {
	parsed, err := ses.ParseSignature(content)
	if err != nil {
		return false
	}
	shown := &SealSignature{
		Structure: string(parsed.Structure), Version: parsed.Version, DataHash: hex.EncodeToString(parsed.DataHash), PropertyInfo: parsed.PropertyInfo,
		TimeInfo:   TimeInfo{Token: optionalPart(parsed.Time.Token)},
		Extensions: showSealExtensions(parsed.Extensions), Signer: showCertified(parsed.SignerCert), Algorithm: parsed.SignatureAlgorithm,
		Value: value(parsed.SignatureValue), Timestamp: optionalPart(parsed.Timestamp), ToSign: part(parsed.RawTBS), Deviations: deviations(parsed.Deviations),
		Seal: showSeal(parsed.Seal),
	}
	if parsed.Time.Token == nil {
		shown.TimeInfo.Text = printable(parsed.Time.Raw)
	}
	if !parsed.Time.Moment.IsZero() {
		shown.TimeInfo.Moment = &parsed.Time.Moment
	}
	file.Format, file.SealSignature = FormatSealSignature, shown
	return true
}

// printable shows text of a file with everything but printable ASCII as a dot.
func printable(octets []byte) string {
	shown := make([]byte, 0, min(len(octets), maxShown))
	for _, octet := range octets[:min(len(octets), maxShown)] {
		if octet < 0x20 || octet >= 0x7f {
			octet = '.'
		}
		shown = append(shown, octet)
	}
	return string(shown)
}
