// Package prepare makes ready what a seal is put on: it opens an OFD or PDF document and refuses what must not be sealed, finds where the
// seal is drawn, and gives the octets that are signed. Server and SDK do it with the same code, so a document that stays with its holder is
// prepared as one that is handed over. It knows no key and verifies nothing that it gives; that is for the callers.
package prepare

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// Reason says what stands in the way.
type Reason string

// Reasons. Those of places name the member in Field.
const (
	Refused     Reason = "refused"   // malformed or hostile; Why says what
	Altered     Reason = "altered"   // changed since an earlier signature
	Locked      Reason = "locked"    // closed to further signatures
	TooLarge    Reason = "too_large" // sealed, it would pass the bound of documents
	SealFaulty  Reason = "seal"      // the seal cannot be read
	ValueKindNo Reason = "value"     // the format has no such value
	PlaceWrong  Reason = "place"
	TextWrong   Reason = "text" // not found, or no text to look for
	TextInPDF   Reason = "text_in_pdf"
	PagesTooFew Reason = "pages" // too few to straddle
)

// Error is why a document is not prepared.
type Error struct {
	Reason Reason
	Field  string // member of the place or the request that is wrong
	Why    string // code of the format's reader, with Refused
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	text := "prepare: " + string(e.Reason)
	for _, part := range []string{e.Field, e.Why} {
		if part != "" {
			text += ": " + part
		}
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Format is what kind of document is sealed.
type Format string

// Formats.
const (
	OFD Format = "ofd"
	PDF Format = "pdf"
)

// FormatOf tells the format by the first octets, as verifiers do, and never by a name. What is no PDF is taken for an OFD, whose reader
// refuses everything else.
func FormatOf(document []byte) Format {
	if bytes.HasPrefix(document, []byte("%PDF-")) {
		return PDF
	}
	return OFD
}

// MediaType of the format.
func (f Format) MediaType() string {
	if f == PDF {
		return "application/pdf"
	}
	return "application/ofd"
}

// ValueKind is what stands in a document as the value of the signature.
type ValueKind string

// Kinds of values.
const (
	SealValue ValueKind = "" // SES_Signature with the seal in it (GB/T 38540)
	// Signed messages of the seal's signer, in PDF only: the seal is a picture then, and no verifier can judge it.
	CMSValue ValueKind = "cms"      // RFC 5652, as CAdES: readers from abroad name signer and time
	GMValue  ValueKind = "gbt35275" // GB/T 35275, with its own names of contents
)

// Known tells whether there is such a kind.
func (v ValueKind) Known() bool { return v == SealValue || v == CMSValue || v == GMValue }

// Material is what a document needs of the seal that goes on it. The same material, places and document give the same octets to sign, so
// that a caller who waits for an approval prepares again instead of keeping what was prepared.
type Material struct {
	Seal        []byte    `json:"seal"`         // SES_Seal (GB/T 38540-2020 6.1)
	SignerCert  []byte    `json:"signer_cert"`  // certificate of the signer, DER
	Name        string    `json:"name"`         // of the seal
	Company     string    `json:"company"`      // of whoever signs, in OFD
	At          time.Time `json:"at"`           // claimed signing time, whole seconds
	TimeStamped bool      `json:"time_stamped"` // the value will carry a time-stamp token
	SealSM3     []byte    `json:"-"`            // of Seal where it is known
}

// Request is what a document is prepared for.
type Request struct {
	Material
	Shown []Appearance // none: an invisible seal
	Value ValueKind
}

// container is an opened document in which nothing speaks against a seal, whatever its format.
type container interface {
	// pages are the sizes of the pages, turned as they are shown.
	pages() ([]ofd.Page, error)
	// text is what a page says; errNoText where the format gives none.
	text(page int) ([]render.Char, error)
	begin(Request) (Pending, error)
}

// Pending is a document that waits for the value of its signature.
type Pending interface {
	Digest() []byte   // SM3 of the octets that the value binds
	Content() []byte  // those octets
	Property() string // propertyInfo: which they are
	// Complete puts the value in; it does not judge it.
	Complete(value []byte) ([]byte, error)
}

// Document is an opened document.
type Document struct{ container }

// Judge verifies a document as its caller does: with its trust, at its time.
type Judge func(document []byte) verify.Result

// Open refuses what is malformed, hostile, altered since an earlier signature, or closed to signatures (security rows D-26 to D-31, S-22).
// Earlier signatures are judged with judge.
func Open(document []byte, judge Judge) (*Document, error) {
	open := openOFD
	if FormatOf(document) == PDF {
		open = openPDF
	}
	c, err := open(document, judge)
	if err != nil {
		return nil, err
	}
	return &Document{c}, nil
}

// Lay finds where a seal is drawn; every whole one lies on its page (security row D-14).
func (d *Document) Lay(places []Place, seal []byte) ([]Appearance, error) {
	if len(places) == 0 {
		return nil, nil
	}
	parsed, err := ses.ParseSeal(seal)
	if err != nil {
		return nil, &Error{Reason: SealFaulty, Err: err}
	}
	pages, err := d.pages()
	if err != nil {
		return nil, err
	}
	return lay(places, setting{pages: pages, width: float64(parsed.Picture.WidthMM), height: float64(parsed.Picture.HeightMM), text: d.text})
}

// Begin makes the octets that are signed.
func (d *Document) Begin(r Request) (Pending, error) { return d.begin(r) }

// MaxDocument is the greatest document that is sealed, in octets (security rule R11). The limits of each format come on top.
const MaxDocument = 50 << 20

// CheckSealed tells why a document that was just sealed must not be given out, by its report: the newest signature has to hold in every step and
// to cover every visible file, and nothing may speak against the whole. Where a time stamp was promised, its time has to be proven.
func CheckSealed(report verify.Result, timeStamped bool) error {
	if err := CheckSigned(report, timeStamped); err != nil {
		return err
	}
	if report.Verdict == verify.Invalid || report.Coverage == nil || !report.Coverage.Complete {
		return fmt.Errorf("prepare: the sealed document does not verify: %s %+v", report.Code, report.Reasons)
	}
	return nil
}

// CheckSigned is the part of CheckSealed that is about the newest signature alone.
func CheckSigned(report verify.Result, timeStamped bool) error {
	n := len(report.Signatures)
	if n == 0 || report.Signatures[n-1].Verdict != verify.Valid {
		return fmt.Errorf("prepare: the signature does not verify: %s %+v", report.Code, report.Reasons)
	}
	if timeStamped && report.Signatures[n-1].TimeSource != "timestamp" {
		return fmt.Errorf("prepare: the time stamp proves no time: %+v", report.Signatures[n-1].Checks)
	}
	return nil
}

// ErrValue is a value of something else than what was prepared.
var ErrValue = errors.New("prepare: the value belongs to something else")

// CheckValue tells why a seal signature is not the one that a prepared document waits for. It compares what the value says of itself and judges
// nothing: that is for a verifier.
func CheckValue(value, sum []byte, property string, of Material) error {
	signature, err := ses.ParseSignature(value)
	switch {
	case err != nil:
		return fmt.Errorf("%w: it is no seal signature: %w", ErrValue, err)
	case !bytes.Equal(signature.DataHash, sum):
		return fmt.Errorf("%w: another digest", ErrValue)
	case !bytes.Equal(signature.Seal.Raw, of.Seal), !bytes.Equal(signature.SignerCert, of.SignerCert):
		return fmt.Errorf("%w: another seal or signer", ErrValue)
	case signature.PropertyInfo != property:
		return fmt.Errorf("%w: another property", ErrValue)
	}
	return nil
}

// PDFProperty is what propertyInfo of a seal signature says in a PDF file: which octets are bound, as the entry that names them does. There is
// no path in such a file.
const PDFProperty = "ByteRange"

const maxProperty = 255 // octets

// FormatOfProperty tells the format of a document by the propertyInfo of its signature, and refuses what no document of ours or of others
// has: in OFD the absolute path of the description of the signature (GB/T 38540-2020 7.1, GB/T 33190-2016 18.2.1).
func FormatOfProperty(property string) (Format, error) {
	if property == PDFProperty {
		return PDF, nil
	}
	wrong := fmt.Errorf("prepare: %q is no propertyInfo of a document", property)
	if len(property) > maxProperty || !strings.HasPrefix(property, "/") || !strings.HasSuffix(strings.ToLower(property), ".xml") {
		return "", wrong
	}
	for part := range strings.SplitSeq(property[1:], "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`\:"<>|?*`, r) }) {
			return "", wrong
		}
	}
	return OFD, nil
}

// OneLine tells whether a text is one line of at most the given number of characters. Databases refuse NUL and broken
// UTF-8, and neither belongs into a record; a character that turns the direction of writing makes one read differently.
func OneLine(text string, limit int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
}
