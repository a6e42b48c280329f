// Package certificate reads whom an SM2 certificate names: a person with the number of a document, or an organisation with its code.
// It judges nothing: chain, revocation and signature are the business of keys/pki and of idp/authn.
//
// Authorities do not agree on the place. GB/T 20518 has extensions for it (identifyCode and its neighbours under 1.2.156.10260.4.1),
// many write the number into the subject instead; so the places are data of the deployment, for each authority. What stands nowhere
// among them is not read.
package certificate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Places of GB/T 20518 and X.520 that hold where an authority names no others.
const (
	IdentifyCode     = "1.2.156.10260.4.1.1" // GB/T 20518: identifyCode
	OrganizationCode = "1.2.156.10260.4.1.4" // GB/T 20518: organizationCode
	CommonName       = "2.5.4.3"
	Organization     = "2.5.4.10"
)

// Errors. They hold nothing of the certificate.
var (
	ErrAuthority = errors.New("certificate: nothing is configured for its authority")
	ErrNobody    = errors.New("certificate: it names nobody at the places of its authority")
)

// Place is where something stands: in an extension or in an attribute of the subject, by dotted OID.
type Place struct {
	Extension string `yaml:"extension"`
	Attribute string `yaml:"attribute"`
	// Prefix stands in front of it and is cut off; a text without it is not read.
	Prefix string `yaml:"prefix"`
}

// Authority says where the certificates of one authority carry whom they name.
type Authority struct {
	// Issuer is the distinguished name of who signs the certificates, as "yinxin inspect" prints it.
	Issuer string `yaml:"issuer"`
	// Hardware says that its keys never leave hardware; without it a certificate gives no more than the third level.
	Hardware bool `yaml:"hardware"`
	// Name and Number are those of a person; empty is the common name, and identifyCode.
	Name   []Place `yaml:"name"`
	Number []Place `yaml:"number"`
	// Documents are the kinds that a number may be of; empty is citizen_id.
	Documents []string `yaml:"documents"`
	// OrganisationName and OrganisationCode are those of an organisation; empty is O, and organizationCode.
	OrganisationName []Place `yaml:"organisation_name"`
	OrganisationCode []Place `yaml:"organisation_code"`
}

// softwareCeiling is what a key that may lie in software gives at most (identity specification 2.4).
const softwareCeiling subject.IAL = 3

// Ceiling is the highest level of certificates of the authority.
func (a Authority) Ceiling() subject.IAL {
	if a.Hardware {
		return 4
	}
	return softwareCeiling
}

func (a Authority) kinds() []string {
	if len(a.Documents) == 0 {
		return []string{subject.CitizenID}
	}
	return a.Documents
}

// Check tells what is wrong with an entry of the configuration; empty when nothing is.
func (a Authority) Check(documents subject.Documents) string {
	if a.Issuer == "" {
		return "issuer: is missing"
	}
	for _, place := range slices.Concat(a.Name, a.Number, a.OrganisationName, a.OrganisationCode) {
		if (place.Extension == "") == (place.Attribute == "") {
			return "a place is either an extension or an attribute"
		}
		if oid := place.Extension + place.Attribute; strings.Trim(oid, "0123456789.") != "" || !strings.Contains(oid, ".") {
			return fmt.Sprintf("%q is no dotted object identifier", oid)
		}
	}
	for _, kind := range a.Documents {
		if _, ok := documents.Find(kind); !ok {
			return fmt.Sprintf("documents: there is no kind %q", kind)
		}
	}
	return ""
}

// Reader reads the certificates of configured authorities.
type Reader struct{ authorities []Authority }

// New returns a reader.
func New(authorities []Authority) *Reader { return &Reader{authorities} }

// Method is the method with this reader.
func (r *Reader) Method() proofing.Method {
	m := proofing.Method{Word: proofing.Certificate, Reader: r}
	for _, a := range r.authorities {
		m.Ceiling = max(m.Ceiling, a.Ceiling())
		for _, kind := range a.kinds() {
			if !slices.Contains(m.Kinds, kind) {
				m.Kinds = append(m.Kinds, kind)
			}
		}
	}
	return m
}

// authority is the entry for who signed the certificate.
func (r *Reader) authority(c *pki.Certificate) (Authority, error) {
	issuer := c.Issuer.String()
	i := slices.IndexFunc(r.authorities, func(a Authority) bool { return a.Issuer == issuer })
	if i < 0 {
		return Authority{}, ErrAuthority
	}
	return r.authorities[i], nil
}

// Person reads whom a certificate of a person names.
func (r *Reader) Person(c *pki.Certificate) (proofing.Certified, error) {
	a, err := r.authority(c)
	if err != nil {
		return proofing.Certified{}, err
	}
	shown := about(a, c)
	for _, place := range orElse(a.Number, Place{Extension: IdentifyCode}) {
		text, tagged, ok := read(c, place)
		if !ok {
			continue
		}
		shown.Number, shown.Kinds = text, a.kinds()
		if known, special := taggedKinds[tagged]; special {
			shown.Kinds = slices.DeleteFunc(slices.Clone(shown.Kinds), func(kind string) bool { return !slices.Contains(known, kind) })
		}
		break
	}
	if shown.Name = first(c, orElse(a.Name, Place{Attribute: CommonName})); shown.Name == "" || shown.Number == "" {
		return proofing.Certified{}, ErrNobody
	}
	return shown, nil
}

// Organisation reads which organisation a certificate names.
func (r *Reader) Organisation(c *pki.Certificate) (proofing.Certified, error) {
	a, err := r.authority(c)
	if err != nil {
		return proofing.Certified{}, err
	}
	shown := about(a, c)
	shown.Number = first(c, orElse(a.OrganisationCode, Place{Extension: OrganizationCode}))
	if shown.Name = first(c, orElse(a.OrganisationName, Place{Attribute: Organization})); shown.Name == "" || shown.Number == "" {
		return proofing.Certified{}, ErrNobody
	}
	return shown, nil
}

func about(a Authority, c *pki.Certificate) proofing.Certified {
	return proofing.Certified{Issuer: a.Issuer, Serial: c.SerialHex(), Certificate: digest.Hex(c.Raw), Ceiling: a.Ceiling(), Until: c.NotAfter.UTC().Add(time.Second)}
}

func orElse(places []Place, usual Place) []Place {
	if len(places) == 0 {
		return []Place{usual}
	}
	return places
}

func first(c *pki.Certificate, places []Place) string {
	for _, place := range places {
		if text, _, ok := read(c, place); ok {
			return text
		}
	}
	return ""
}

// Tags of IdentifyCode (GB/T 20518): the resident identity card, the card of an officer, the passport.
const (
	untagged    = -1
	tagResident = 0
	tagMilitary = 1
	tagPassport = 2
)

// taggedKinds are the kinds of documents that a tag stands for; residence permits have the form of the card and are written alike.
var taggedKinds = map[int][]string{
	tagResident: {subject.CitizenID, subject.HMTResidencePermit, subject.ForeignPermanentResidence},
	tagMilitary: {},
	tagPassport: {subject.Passport},
}

const maxText = 256

// read is what stands at a place.
func read(c *pki.Certificate, place Place) (text string, tagged int, ok bool) {
	tagged = untagged
	if place.Attribute != "" {
		values := 0
		for _, attribute := range c.Subject.Attributes {
			if attribute.Type == place.Attribute && strings.HasPrefix(attribute.Text, place.Prefix) {
				text = attribute.Text
				values++
			}
		}
		if values != 1 { // two of them name two
			return "", tagged, false
		}
	} else {
		extension, found := c.Extension(place.Extension)
		if !found {
			return "", tagged, false
		}
		var err error
		if text, tagged, err = Text(extension.Value); err != nil || !strings.HasPrefix(text, place.Prefix) {
			return "", tagged, false
		}
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, place.Prefix))
	return text, tagged, text != "" && len(text) <= maxText
}

var errText = errors.New("certificate: extension holds no text")

// Text reads the value of an identity extension: a character string, alone or as the one member of IdentifyCode, whose members have
// tags that authorities write implicit or explicit; tagged is the tag, or -1. An extension with two texts names two and is refused.
func Text(value []byte) (text string, tagged int, err error) {
	reader := &der.Reader{}
	outer, err := reader.Parse(value)
	if err != nil {
		return "", untagged, err
	}
	one := outer
	if outer.Is(der.TagSet) || outer.Is(der.TagSequence) {
		members, err := reader.Children(outer)
		if err != nil || len(members) != 1 {
			return "", untagged, errText
		}
		one = members[0]
	}
	tagged = untagged
	if one.Class == der.Context {
		tagged = one.Tag
		if !one.Constructed {
			for _, octet := range one.Content { // implicit: the type of the string is not written
				if octet < ' ' || octet > '~' {
					return "", untagged, errText
				}
			}
			text = string(one.Content)
			if text == "" || len(text) > maxText {
				return "", untagged, errText
			}
			return text, tagged, nil
		}
		if one, err = reader.Explicit(one); err != nil {
			return "", untagged, err
		}
	}
	if text, err = reader.Text(one); err != nil {
		return "", untagged, err
	}
	if text == "" || len(text) > maxText {
		return "", untagged, errText
	}
	return text, tagged, nil
}
