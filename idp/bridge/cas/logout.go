package cas

import (
	"encoding/xml"
	"fmt"
	"time"
)

// Namespaces of SAML 2.0, of which CAS borrows one message.
const (
	samlProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	samlAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// LogoutRequest is the message of CAS 3.0 section 2.3.3: the service ends the login that began with the ticket.
type LogoutRequest struct {
	ID     string
	At     time.Time
	Ticket string
}

// XML is the message. The person is not named, as the specification has it: the ticket is enough.
func (l LogoutRequest) XML() string {
	return `<samlp:LogoutRequest xmlns:samlp="` + samlProtocol + `" ID="` + escape(l.ID) + `" Version="2.0" IssueInstant="` + l.At.UTC().Format(time.RFC3339) +
		`"><saml:NameID xmlns:saml="` + samlAssertion + `">@NOT_USED@</saml:NameID><samlp:SessionIndex>` + escape(l.Ticket) + `</samlp:SessionIndex></samlp:LogoutRequest>`
}

// ReadLogoutRequest reads a message as a service does.
func ReadLogoutRequest(raw []byte) (LogoutRequest, error) {
	root, err := readTree(raw)
	if err != nil {
		return LogoutRequest{}, err
	}
	if root.name != (xml.Name{Space: samlProtocol, Local: "LogoutRequest"}) || root.attribute("Version") != "2.0" {
		return LogoutRequest{}, fmt.Errorf("%w: no LogoutRequest of SAML 2.0", ErrResponse)
	}
	l := LogoutRequest{ID: root.attribute("ID")}
	if l.At, err = time.Parse(time.RFC3339, root.attribute("IssueInstant")); err != nil {
		return LogoutRequest{}, fmt.Errorf("%w: IssueInstant", ErrResponse)
	}
	for _, child := range root.children {
		if child.name == (xml.Name{Space: samlProtocol, Local: "SessionIndex"}) {
			l.Ticket = child.text
		}
	}
	if l.Ticket == "" {
		return LogoutRequest{}, fmt.Errorf("%w: no SessionIndex", ErrResponse)
	}
	return l, nil
}
