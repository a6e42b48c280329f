package cas

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Failure codes of CAS 3.0 section 2.5.3.
const (
	InvalidRequest    = "INVALID_REQUEST"
	InvalidTicketSpec = "INVALID_TICKET_SPEC"
	InvalidTicket     = "INVALID_TICKET"
	InvalidService    = "INVALID_SERVICE"
	UnauthorizedProxy = "UNAUTHORIZED_SERVICE_PROXY"
	InvalidCallback   = "INVALID_PROXY_CALLBACK"
	InternalError     = "INTERNAL_ERROR"

	UnauthorizedService = "UNAUTHORIZED_SERVICE" // of /proxy, section 2.7.3
)

// Failure is a refusal of the protocol.
type Failure struct{ Code, Description string }

// Error implements error.
func (f *Failure) Error() string { return f.Code + ": " + f.Description }

// Response is an answer to a validation: a user, or a failure.
type Response struct {
	User       string
	Attributes map[string][]string // empty: none are written (CAS 2.0 form)
	PGTIOU     string              // names the granting ticket that went to the callback; empty: none did
	Proxies    []string            // callbacks of those who act for the person, the nearest first
	Failure    *Failure
}

// Attributes that CAS 3.0 section 2.5.7 and we give every service; a registration may not take their names.
const (
	attributeDate  = "authenticationDate"
	attributeLong  = "longTermAuthenticationRequestTokenUsed"
	attributeFresh = "isFromNewLogin"
	attributeActor = "actor"
	attributeFor   = "acting_for"
)

var reserved = map[string]bool{attributeDate: true, attributeLong: true, attributeFresh: true, attributeActor: true, attributeFor: true}

// How a login was done, for the attributes of every service.
type How struct {
	At    time.Time
	Fresh bool
	ACR   string
	AMR   []string
	Actor string // pairwise id of who really signed in
}

// AttributesFor writes claims as attributes of a service: only registered ones, under the service's names.
func (s Service) AttributesFor(claims map[string]any, how How) map[string][]string {
	all := map[string][]string{
		attributeDate: {how.At.UTC().Format(time.RFC3339)}, attributeLong: {"false"}, attributeFresh: {fmt.Sprint(how.Fresh)},
		attributeActor: {how.Actor}, attributeFor: {"self"},
	}
	known := maps.Clone(claims)
	known["acr"], known["amr"] = how.ACR, how.AMR
	for claim, value := range known {
		name := claim
		if len(s.Attributes) > 0 {
			if name = s.Attributes[claim]; name == "" {
				continue
			}
		}
		if texts := texts(value); len(texts) > 0 && !reserved[name] && attributeForm.MatchString(name) {
			all[name] = texts
		}
	}
	return all
}

// texts is a claim as CAS carries it; structured claims are left out.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case bool, int, int64:
		return []string{fmt.Sprint(v)}
	}
	return nil
}

// namespace of CAS answers.
const namespace = "http://www.yale.edu/tp/cas"

// XML is the answer of section 2.5.1; attributes in the order of their names.
func (r Response) XML() []byte {
	var b bytes.Buffer
	b.WriteString(`<cas:serviceResponse xmlns:cas="` + namespace + `">` + "\n")
	if r.Failure != nil {
		b.WriteString(` <cas:authenticationFailure code="` + escape(r.Failure.Code) + `">` + escape(r.Failure.Description) + "</cas:authenticationFailure>\n")
	} else {
		b.WriteString(" <cas:authenticationSuccess>\n  <cas:user>" + escape(r.User) + "</cas:user>\n")
		if len(r.Attributes) > 0 {
			b.WriteString("  <cas:attributes>\n")
			for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
				if !attributeForm.MatchString(name) {
					continue // a name that is no name of XML must not become markup
				}
				for _, value := range r.Attributes[name] {
					b.WriteString("   <cas:" + name + ">" + escape(value) + "</cas:" + name + ">\n")
				}
			}
			b.WriteString("  </cas:attributes>\n")
		}
		if r.PGTIOU != "" {
			b.WriteString("  <cas:proxyGrantingTicket>" + escape(r.PGTIOU) + "</cas:proxyGrantingTicket>\n")
		}
		if len(r.Proxies) > 0 {
			b.WriteString("  <cas:proxies>\n")
			for _, proxy := range r.Proxies {
				b.WriteString("   <cas:proxy>" + escape(proxy) + "</cas:proxy>\n")
			}
			b.WriteString("  </cas:proxies>\n")
		}
		b.WriteString(" </cas:authenticationSuccess>\n")
	}
	b.WriteString("</cas:serviceResponse>\n")
	return b.Bytes()
}

// escape makes a text safe as content and as attribute value; what XML 1.0 cannot hold becomes U+FFFD.
func escape(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a strings.Builder does not fail
	return b.String()
}

// JSON is the answer of section 2.5.1 with format=JSON: one value stands alone, several are a list.
func (r Response) JSON() ([]byte, error) {
	var inner map[string]any
	if r.Failure != nil {
		inner = map[string]any{"authenticationFailure": map[string]string{"code": r.Failure.Code, "description": r.Failure.Description}}
	} else {
		success := map[string]any{"user": r.User}
		if len(r.Attributes) > 0 {
			attributes := map[string]any{}
			for name, values := range r.Attributes {
				if attributes[name] = any(values); len(values) == 1 {
					attributes[name] = values[0]
				}
			}
			success["attributes"] = attributes
		}
		if r.PGTIOU != "" {
			success["proxyGrantingTicket"] = r.PGTIOU
		}
		if len(r.Proxies) > 0 {
			success["proxies"] = r.Proxies
		}
		inner = map[string]any{"authenticationSuccess": success}
	}
	return json.Marshal(map[string]any{"serviceResponse": inner})
}

// Caps of reading.
const (
	maxResponse = 1 << 20
	maxDepth    = 8
)

// ErrResponse is an answer that cannot be read.
var ErrResponse = errors.New("cas: answer cannot be read")

// ReadXML reads an answer as a service does; the sample service and the tests use it. No DOCTYPE, no depth, no second
// root.
func ReadXML(raw []byte) (Response, error) {
	var r Response
	answer, err := readAnswer(raw)
	if err != nil {
		return r, err
	}
	switch answer.name.Local {
	case "authenticationFailure":
		r.Failure = &Failure{Code: answer.attribute("code"), Description: answer.text}
		return r, nil
	case "authenticationSuccess":
		for _, child := range answer.children {
			switch child.name.Local {
			case "user":
				r.User = child.text
			case "proxyGrantingTicket":
				r.PGTIOU = child.text
			case "proxies":
				for _, proxy := range child.children {
					r.Proxies = append(r.Proxies, proxy.text)
				}
			case "attributes":
				r.Attributes = map[string][]string{}
				for _, a := range child.children {
					r.Attributes[a.name.Local] = append(r.Attributes[a.name.Local], a.text)
				}
			}
		}
		if r.User != "" {
			return r, nil
		}
	}
	return Response{}, fmt.Errorf("%w: neither user nor failure", ErrResponse)
}

// readAnswer is the one answer in a serviceResponse.
func readAnswer(raw []byte) (*element, error) {
	root, err := readTree(raw)
	if err != nil {
		return nil, err
	}
	if root.name != (xml.Name{Space: namespace, Local: "serviceResponse"}) || len(root.children) != 1 {
		return nil, fmt.Errorf("%w: no serviceResponse with one answer", ErrResponse)
	}
	return root.children[0], nil
}

// element of a small tree.
type element struct {
	name       xml.Name
	attributes []xml.Attr
	text       string
	children   []*element
}

func (e *element) attribute(local string) string {
	for _, a := range e.attributes {
		if a.Name.Local == local && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// readTree reads a bounded document without DOCTYPE. Text between children is left out.
func readTree(raw []byte) (*element, error) {
	if len(raw) > maxResponse {
		return nil, fmt.Errorf("%w: too large", ErrResponse)
	}
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	var root *element
	var open []*element
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrResponse, err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, fmt.Errorf("%w: a DOCTYPE", ErrResponse)
		case xml.StartElement:
			e := &element{name: t.Name, attributes: slices.Clone(t.Attr)}
			switch {
			case len(open) >= maxDepth:
				return nil, fmt.Errorf("%w: too deep", ErrResponse)
			case len(open) > 0:
				open[len(open)-1].children = append(open[len(open)-1].children, e)
			case root != nil:
				return nil, fmt.Errorf("%w: two roots", ErrResponse)
			default:
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		}
	}
	if root == nil {
		return nil, fmt.Errorf("%w: no element", ErrResponse)
	}
	return root, nil
}
