package catalog

import (
	"errors"
	"fmt"
	"strings"
)

// IDRoot is the constant object identifier in front of every licence identifier (电子证照根代码, GB/T 36904-2018).
const IDRoot = "1.2.156.3005.2"

// LicenseID is the identifier of a licence (电子证照标识, GB/T 36904-2018):
// root . type code . issuer code . serial . version . check character.
type LicenseID struct {
	TypeCode   string // defining authority's USCC and three digits
	IssuerCode string // issuing authority's USCC
	Serial     string // 0-9A-Z
	Version    string // three digits, from 001
	Check      string // one character, ISO 7064 MOD 37,36
}

// IDPart names a part of an identifier.
type IDPart string

// Parts.
const (
	IDPartRoot    IDPart = "root"
	IDPartType    IDPart = "type_code"
	IDPartIssuer  IDPart = "issuer_code"
	IDPartSerial  IDPart = "serial"
	IDPartVersion IDPart = "version"
	IDPartCheck   IDPart = "check"
)

// ErrID is what every error about an identifier is.
var ErrID = errors.New("catalog: not a licence identifier")

// IDError says which part of an identifier is wrong and why.
type IDError struct {
	Part   IDPart
	Detail string
}

// Error explains in English.
func (e *IDError) Error() string { return fmt.Sprintf("%v: %s: %s", ErrID, e.Part, e.Detail) }

// Is makes errors.Is(err, ErrID) hold.
func (e *IDError) Is(target error) bool { return target == ErrID }

// IDDeviation is an oddity that is met in identifiers of others. We accept them when reading and never mint them.
type IDDeviation string

// Deviations.
const (
	IDShortIssuer IDDeviation = "issuer_division_code" // a division code or another local code where the USCC is defined
	IDLocalType   IDDeviation = "type_code_local"      // a local type code, not 21 characters
	IDSeparators  IDDeviation = "serial_separators"    // lower case, hyphens or underscores in a part
	IDWrongCheck  IDDeviation = "check_wrong"          // the check character does not fit
)

// String is the identifier in its dotted form.
func (id LicenseID) String() string {
	return strings.Join([]string{IDRoot, id.TypeCode, id.IssuerCode, id.Serial, id.Version, id.Check}, ".")
}

// FileName is the name of the delivered document (license.md 2).
func (id LicenseID) FileName() string { return id.String() + ".OFD" }

// MakeID mints an identifier and computes its check character. The serial is normalised. Errors are *IDError.
func MakeID(typeCode, issuerCode, serial string, version int) (LicenseID, error) {
	if version < 1 || version > 999 {
		return LicenseID{}, &IDError{IDPartVersion, fmt.Sprintf("%d is not 1 to 999", version)}
	}
	id := LicenseID{TypeCode: typeCode, IssuerCode: issuerCode, Serial: NormaliseSerial(serial), Version: fmt.Sprintf("%03d", version)}
	if err := id.checkParts(); err != nil {
		return LicenseID{}, err
	}
	check, err := IDCheck(id.TypeCode + id.IssuerCode + id.Serial + id.Version)
	if err != nil {
		return LicenseID{}, err
	}
	id.Check = check
	return id, nil
}

// ParseID reads an identifier that keeps the rules in full. Errors are *IDError.
func ParseID(text string) (LicenseID, error) {
	id, err := split(text)
	if err != nil {
		return LicenseID{}, err
	}
	if err := id.checkParts(); err != nil {
		return LicenseID{}, err
	}
	return id, id.checkCharacter()
}

// ReadID reads an identifier made by others and lists what is odd in it. Errors are *IDError.
func ReadID(text string) (LicenseID, []IDDeviation, error) {
	id, err := split(text)
	if err != nil {
		return LicenseID{}, nil, err
	}
	var odd []IDDeviation
	plain := LicenseID{NormaliseSerial(id.TypeCode), NormaliseSerial(id.IssuerCode), NormaliseSerial(id.Serial), id.Version, strings.ToUpper(id.Check)}
	if plain != id {
		odd, id = append(odd, IDSeparators), plain
	}
	if err := id.checkForms(); err != nil {
		return LicenseID{}, nil, err
	}
	if len(id.TypeCode) != 21 {
		odd = append(odd, IDLocalType)
	}
	if !validUSCC(id.IssuerCode) {
		odd = append(odd, IDShortIssuer)
	}
	if id.checkCharacter() != nil {
		odd = append(odd, IDWrongCheck)
	}
	return id, odd, nil
}

// maxIDLength bounds what is looked at; the longest real serial met has 32 characters.
const maxIDLength = 160

func split(text string) (LicenseID, error) {
	if len(text) > maxIDLength {
		return LicenseID{}, &IDError{IDPartRoot, "too long"}
	}
	rest, ok := strings.CutPrefix(text, IDRoot+".")
	if !ok {
		return LicenseID{}, &IDError{IDPartRoot, "does not begin with " + IDRoot + "."}
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 5 {
		return LicenseID{}, &IDError{IDPartRoot, fmt.Sprintf("has %d parts after the root, five are defined", len(parts))}
	}
	return LicenseID{parts[0], parts[1], parts[2], parts[3], parts[4]}, nil
}

// checkForms asks for what even identifiers of others must keep.
func (id LicenseID) checkForms() error {
	for _, part := range []struct {
		name IDPart
		text string
	}{{IDPartType, id.TypeCode}, {IDPartIssuer, id.IssuerCode}, {IDPartSerial, id.Serial}, {IDPartCheck, id.Check}} {
		if part.text == "" {
			return &IDError{part.name, "is empty"}
		}
		if strings.Trim(part.text, alphabet36) != "" {
			return &IDError{part.name, "holds characters other than 0-9 and A-Z"}
		}
	}
	if len(id.Version) != 3 || !allDigits(id.Version) || id.Version == "000" {
		return &IDError{IDPartVersion, "is not three digits from 001"}
	}
	if len(id.Check) != 1 {
		return &IDError{IDPartCheck, "is not one character"}
	}
	return nil
}

// checkParts asks for what we mint.
func (id LicenseID) checkParts() error {
	probe := id
	if probe.Check == "" {
		probe.Check = "0"
	}
	if err := probe.checkForms(); err != nil {
		return err
	}
	if len(id.TypeCode) != 21 || !validUSCC(id.TypeCode[:18]) || !allDigits(id.TypeCode[18:]) {
		return &IDError{IDPartType, "is not a USCC and three digits"}
	}
	if !validUSCC(id.IssuerCode) {
		return &IDError{IDPartIssuer, "is not a unified social credit code"}
	}
	if len(id.Serial) > 64 {
		return &IDError{IDPartSerial, "is longer than 64 characters"}
	}
	return nil
}

func (id LicenseID) checkCharacter() error {
	want, err := IDCheck(id.TypeCode + id.IssuerCode + id.Serial + id.Version)
	if err != nil {
		return err
	}
	if want != id.Check {
		return &IDError{IDPartCheck, fmt.Sprintf("is %s, the other parts ask for %s: a part was mistyped", id.Check, want)}
	}
	return nil
}

// NormaliseSerial strips hyphens and underscores and makes letters upper case (license.md 2).
func NormaliseSerial(serial string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(serial))
}

// IDCheck computes the check character over the joined parts (ISO 7064 MOD 37,36, GB/T 17710). It finds mistyped
// characters; it protects against nothing else.
func IDCheck(joined string) (string, error) {
	p := 36
	for i := range len(joined) {
		value := strings.IndexByte(alphabet36, joined[i])
		if value < 0 {
			return "", &IDError{IDPartCheck, "cannot be computed: characters other than 0-9 and A-Z"}
		}
		q := (p + value) % 36
		if q == 0 {
			q = 36
		}
		p = 2 * q % 37
	}
	return string(alphabet36[(37-p)%36]), nil
}
