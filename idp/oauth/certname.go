package oauth

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
)

// namedAs compares a certificate with the one registered name (RFC 8705 2.1.2). Names are compared exactly: no wildcard
// of a certificate matches.
func namedAs(s idp.TokenSettings, certificate *x509.Certificate) bool {
	switch {
	case s.TLSSubjectDN != "":
		return sameDN(s.TLSSubjectDN, certificate.RawSubject)
	case s.TLSSanDNS != "":
		return slices.ContainsFunc(certificate.DNSNames, func(name string) bool { return strings.EqualFold(name, s.TLSSanDNS) })
	case s.TLSSanURI != "":
		for _, name := range certificate.URIs {
			if name.String() == s.TLSSanURI {
				return true
			}
		}
	case s.TLSSanIP != "":
		want, err := netip.ParseAddr(s.TLSSanIP)
		for _, name := range certificate.IPAddresses {
			if got, ok := netip.AddrFromSlice(name); ok && err == nil && got.Unmap() == want.Unmap() {
				return true
			}
		}
	case s.TLSSanEmail != "":
		return slices.Contains(certificate.EmailAddresses, s.TLSSanEmail)
	}
	return false
}

// sameDN compares a registered distinguished name in the form of RFC 4514 with the subject of a certificate.
func sameDN(registered string, rawSubject []byte) bool {
	var subject pkix.RDNSequence
	if rest, err := asn1.Unmarshal(rawSubject, &subject); err != nil || len(rest) > 0 || len(subject) == 0 {
		return false
	}
	got, want := dnParts(subject.String()), dnParts(registered)
	return slices.Equal(got, want)
}

// dnParts cuts a name at commas and pluses that are not escaped, drops blanks around parts and folds the attribute types,
// with the numeric ones that differ between writers in one spelling.
func dnParts(name string) []string {
	var parts []string
	start, escaped := 0, false
	for i := 0; i <= len(name); i++ {
		if i < len(name) && (escaped || name[i] != ',' && name[i] != '+') {
			escaped = !escaped && name[i] == '\\'
			continue
		}
		kind, value, _ := strings.Cut(strings.TrimSpace(name[start:i]), "=")
		kind = strings.ToUpper(strings.TrimSpace(kind))
		if long, ok := dnTypes[kind]; ok {
			kind = long
		}
		separator := ""
		if i < len(name) {
			separator = string(name[i])
		}
		parts = append(parts, kind+"="+strings.TrimSpace(value)+separator)
		start = i + 1
	}
	return parts
}

var dnTypes = map[string]string{"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "S": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU",
	"2.5.4.5": "SERIALNUMBER", "2.5.4.17": "POSTALCODE"}
