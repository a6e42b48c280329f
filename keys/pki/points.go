package pki

import (
	"strings"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// maxPoints bounds the addresses that are taken from one certificate.
const maxPoints = 8

// oidOCSPAccess is id-ad-ocsp (RFC 5280 4.2.2.1).
const oidOCSPAccess = "1.3.6.1.5.5.7.48.1"

// Tag of uniformResourceIdentifier in GeneralName (RFC 5280 4.2.1.6).
const tagURI = 6

// CRLPoints are the HTTP addresses of complete lists of the certificate's own issuer (RFC 5280 4.2.1.13), at most eight. Points of lists in
// parts (reasons) and of other issuers (cRLIssuer) are passed over, since CheckRevocation uses neither. An unreadable extension names none.
func (c *Certificate) CRLPoints() []string {
	var points []string
	eachMember(c, oidCRLPoints, func(reader *der.Reader, fields []der.Value) {
		if len(fields) != 1 || !fields[0].IsContext(0) {
			return
		}
		name, _ := reader.Explicit(fields[0])
		if !name.IsContext(0) { // nameRelativeToCRLIssuer is for directories
			return
		}
		names, _ := reader.Children(name) // a primitive one holds none
		for _, name := range names {
			points = addPoint(points, name)
		}
	})
	return points
}

// OCSPResponders are the HTTP addresses of responders of the certificate's issuer (RFC 5280 4.2.2.1, id-ad-ocsp), at most eight. An
// unreadable extension names none.
func (c *Certificate) OCSPResponders() []string {
	var points []string
	eachMember(c, oidAuthorityAccess, func(reader *der.Reader, fields []der.Value) {
		if len(fields) != 2 {
			return
		}
		if method, _ := reader.OID(fields[0]); method == oidOCSPAccess {
			points = addPoint(points, fields[1])
		}
	})
	return points
}

// eachMember gives the fields of each SEQUENCE in an extension that is a SEQUENCE of them.
func eachMember(c *Certificate, oid string, use func(reader *der.Reader, fields []der.Value)) {
	extension, _ := c.Extension(oid)
	reader := &der.Reader{}
	value, _ := reader.Parse(extension.Value)
	items, _ := reader.Sequence(value) // what is absent or cannot be read is no SEQUENCE
	for _, item := range items {
		if fields, err := reader.Sequence(item); err == nil {
			use(reader, fields)
		}
	}
}

// addPoint adds a name that is an HTTP address, unless there are enough.
func addPoint(points []string, name der.Value) []string {
	if len(points) == maxPoints || !name.IsContext(tagURI) || name.Constructed {
		return points
	}
	address := string(name.Content)
	for _, char := range name.Content { // IA5String, and nothing that ends a line
		if char <= ' ' || char >= 0x7f {
			return points
		}
	}
	if scheme, _, found := strings.Cut(address, "://"); !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return points
	}
	return append(points, address)
}
