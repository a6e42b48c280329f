package ofd

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Node is an element. Elements are found by their local name, because vendors differ in prefixes and namespaces.
type Node struct {
	Name      string // local name
	Namespace string // resolved, empty when none
	Attrs     []Attr
	Children  []*Node
	Text      string // character data, white space around it kept
	Tainted   bool   // text was written with a comment or CDATA inside
	Start     int    // offset of the start tag in the file
	End       int    // offset after the end tag
	InnerEnd  int    // offset of the end tag

	prefix string
	buffer []byte
}

// Attr is an attribute; namespace declarations are not kept.
type Attr struct{ Name, Value string }

// Attr returns the value of the attribute with the local name.
func (n *Node) Attr(name string) (string, bool) {
	if n == nil {
		return "", false
	}
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// AttrOr is Attr with a value for its absence.
func (n *Node) AttrOr(name, absent string) string {
	if value, ok := n.Attr(name); ok {
		return value
	}
	return absent
}

// Child returns the first child with the name, nil when there is none.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// All returns the children with the name.
func (n *Node) All(name string) []*Node {
	if n == nil {
		return nil
	}
	var all []*Node
	for _, c := range n.Children {
		if c.Name == name {
			all = append(all, c)
		}
	}
	return all
}

// Value is the text without white space around it; empty for a nil node.
func (n *Node) Value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.Text)
}

// ParseXML reads a file into one strict tree: UTF-8 only, no DOCTYPE, no processing instruction but the declaration, no
// duplicate attribute, bounded depth, attributes and elements (D-21, D-22).
func ParseXML(path string, content []byte, limits Limits) (*Node, *Error) {
	if int64(len(content)) > limits.XMLBytes {
		return nil, refuse(CodeXML, path, "longer than %d octets", limits.XMLBytes)
	}
	body := bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return nil, refuse(CodeXML, path, "not UTF-8, or a NUL inside")
	}
	if failure := scanTags(path, body, limits); failure != nil {
		return nil, failure
	}
	p := &xmlParser{path: path, body: body, limits: limits, decoder: xml.NewDecoder(bytes.NewReader(body))}
	return p.parse() // without a CharsetReader the decoder takes UTF-8 alone
}

// scanTags counts elements and attributes before the decoder builds anything for them, so that a hostile tag or a million
// of them cost no memory. What it cannot follow it leaves to the decoder, which refuses it.
func scanTags(path string, body []byte, limits Limits) *Error {
	elements := 0
	for at := bytes.IndexByte(body, '<'); at >= 0; {
		rest := body[at:]
		var length int
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			length = through(rest, 4, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			length = through(rest, 9, "]]>")
		case bytes.HasPrefix(rest, []byte("<?")):
			length = through(rest, 2, "?>")
		case bytes.HasPrefix(rest, []byte("<!")), bytes.HasPrefix(rest, []byte("</")):
			length = 2
		default:
			var attributes int
			length, attributes = tagLength(rest)
			if elements++; elements > limits.XMLElements {
				return refuse(CodeXML, path, "more than %d elements", limits.XMLElements)
			}
			if attributes > limits.XMLAttributes {
				return refuse(CodeXML, path, "an element with more than %d attributes", limits.XMLAttributes)
			}
		}
		next := bytes.IndexByte(rest[length:], '<')
		if next < 0 {
			return nil
		}
		at += length + next
	}
	return nil
}

// through is the length up to the end of a mark that is looked for from an offset; all of it when the mark is missing.
func through(rest []byte, from int, mark string) int {
	if end := bytes.Index(rest[from:], []byte(mark)); end >= 0 {
		return from + end + len(mark)
	}
	return len(rest)
}

// tagLength is the length of a start tag and the number of its quoted values; a '>' inside quotes does not end it.
func tagLength(rest []byte) (length, values int) {
	var quote byte
	for i, octet := range rest {
		switch {
		case quote != 0:
			if octet == quote {
				quote = 0
			}
		case octet == '"' || octet == '\'':
			quote = octet
			values++
		case octet == '>':
			return i + 1, values
		}
	}
	return len(rest), values
}

type xmlParser struct {
	path    string
	body    []byte
	limits  Limits
	decoder *xml.Decoder
	stack   []*Node
	scopes  []map[string]string
	root    *Node
}

func (p *xmlParser) parse() (*Node, *Error) {
	for {
		at := int(p.decoder.InputOffset())
		token, err := p.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(CodeXML, p.path, "%v", err)
		}
		if failure := p.token(token, at); failure != nil {
			return nil, failure
		}
	}
	if p.root == nil || len(p.stack) > 0 {
		return nil, refuse(CodeXML, p.path, "the file ends inside an element or holds none")
	}
	return p.root, nil
}

func (p *xmlParser) token(token xml.Token, at int) *Error {
	switch t := token.(type) {
	case xml.Directive:
		return refuse(CodeDoctype, p.path, "a DOCTYPE or other declaration")
	case xml.ProcInst:
		if t.Target != "xml" || at != 0 {
			return refuse(CodeXML, p.path, "a processing instruction")
		}
		if !plainDeclaration(string(t.Inst)) {
			return refuse(CodeXML, p.path, "an XML declaration with other members than version, encoding and standalone, in this order")
		}
	case xml.StartElement:
		return p.open(t, at)
	case xml.EndElement:
		return p.close(t, at)
	case xml.CharData:
		return p.text(t, at)
	case xml.Comment:
		if top := p.top(); top != nil {
			top.Tainted = true
		}
	}
	return nil
}

// plainDeclaration tells what stands in an XML declaration (XML 1.0 2.8, rule 23): version, encoding and standalone in this order, the last two where they
// are wanted, and of XML 1.0 and UTF-8 alone. The decoder looks for two of the members and takes anything beside them, while other readers refuse the whole
// file; where blanks stand around the sign, it does not find the encoding by which others read.
func plainDeclaration(text string) bool {
	const blanks = " \t\r\n"
	rest := " " + text // a blank stands before each member
	for i, member := range []struct {
		name string
		is   func(string) bool
	}{
		{"version", func(v string) bool { return v == "1.0" }},
		{"encoding", func(v string) bool { return strings.EqualFold(v, "utf-8") }},
		{"standalone", func(v string) bool { return v == "yes" || v == "no" }},
	} {
		after := strings.TrimLeft(rest, blanks)
		if after == rest || !strings.HasPrefix(after, member.name) {
			if i == 0 {
				return false
			}
			continue
		}
		after, equals := strings.CutPrefix(strings.TrimLeft(after[len(member.name):], blanks), "=")
		after = strings.TrimLeft(after, blanks)
		if !equals || after == "" || after[0] != '"' && after[0] != '\'' {
			return false
		}
		value, behind, closed := strings.Cut(after[1:], after[:1])
		if !closed || !member.is(value) {
			return false
		}
		rest = behind
	}
	return strings.Trim(rest, blanks) == ""
}

func (p *xmlParser) top() *Node {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

func (p *xmlParser) open(t xml.StartElement, at int) *Error {
	switch {
	case len(p.stack) >= p.limits.XMLDepth:
		return refuse(CodeXML, p.path, "nested deeper than %d", p.limits.XMLDepth)
	case p.root != nil && len(p.stack) == 0:
		return refuse(CodeXML, p.path, "two root elements")
	}
	var scope map[string]string
	node := &Node{Name: t.Name.Local, Start: at, prefix: t.Name.Space}
	for i, a := range t.Attr {
		declares := a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
		for _, before := range t.Attr[:i] {
			// Beside the same name twice, one local name under two prefixes would be two readings.
			if before.Name == a.Name || !declares && before.Name.Space != "xmlns" && before.Name.Local == a.Name.Local {
				return refuse(CodeXML, p.path, "attribute %s stands twice", clip(a.Name.Local))
			}
		}
		if !declares {
			node.Attrs = append(node.Attrs, Attr{a.Name.Local, a.Value})
			continue
		}
		if scope == nil {
			scope = map[string]string{}
		}
		if a.Name.Space == "xmlns" {
			scope[a.Name.Local] = a.Value
		} else {
			scope[""] = a.Value
		}
	}
	p.scopes = append(p.scopes, scope)
	node.Namespace = p.namespace(t.Name.Space)
	if top := p.top(); top != nil {
		top.Children = append(top.Children, node)
	} else {
		p.root = node
	}
	p.stack = append(p.stack, node)
	return nil
}

// namespace resolves a prefix; one that nobody declared is met in real files and stays unresolved.
func (p *xmlParser) namespace(prefix string) string {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if uri, ok := p.scopes[i][prefix]; ok {
			return uri
		}
	}
	return ""
}

func (p *xmlParser) close(t xml.EndElement, at int) *Error {
	top := p.top()
	if top == nil || top.Name != t.Name.Local || top.prefix != t.Name.Space {
		return refuse(CodeXML, p.path, "the end tag %s does not fit", t.Name.Local)
	}
	if top.buffer != nil {
		top.Text, top.buffer = string(top.buffer), nil
	}
	top.InnerEnd, top.End = at, int(p.decoder.InputOffset())
	p.stack = p.stack[:len(p.stack)-1]
	p.scopes = p.scopes[:len(p.scopes)-1]
	return nil
}

func (p *xmlParser) text(t xml.CharData, at int) *Error {
	top := p.top()
	if top == nil {
		// As written: a reference or CDATA that gives a blank is no white space (XML 1.0 2.8, rule 27).
		if len(bytes.Trim(p.body[at:p.decoder.InputOffset()], " \t\r\n")) > 0 {
			return refuse(CodeXML, p.path, "text outside the root element")
		}
		return nil
	}
	if bytes.HasPrefix(p.body[at:], []byte("<![CDATA[")) {
		top.Tainted = true
	}
	// Text in one piece, as nearly all of it is, is copied once: a long one is half of what its file may cost in memory.
	switch {
	case top.buffer != nil:
		top.buffer = append(top.buffer, t...)
	case top.Text == "":
		top.Text = string(t)
	default:
		top.buffer, top.Text = append([]byte(top.Text), t...), ""
	}
	return nil
}
