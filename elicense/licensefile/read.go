// Package licensefile reads and judges licence files (GB/T 36905-2018): a sealed OFD with the data of the licence inside.
//
// The data stand in the file three times: as page text that people read, as CustomDatas of DocInfo under the pinyin names
// of GB/T 36903-2018, and as a machine file, the attachment license.json, which the seal covers. A data index (custom tag)
// says which page object shows which element. CheckConsistency compares all of them with each other and with a register;
// an issuer refuses to seal what does not agree, and Verify, the one entry point of all five channels, refuses to call it
// valid. Files of other makers are read liberally: either name set, either spelling.
//
// The package is a leaf: no I/O, no clock. It draws nothing and holds no fonts (see licenseface), so that the verifier
// stays small in a browser.
package licensefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// Names inside the package.
const (
	MachineName  = "license.json"      // attachment with the machine file
	MachineForm  = "yinxin-license/1"  // its format
	IndexTypeID  = "yinxin-data-index" // custom tag with the data index
	maxMachine   = 1 << 20
	maxDataNames = 512
)

// Errors.
var (
	ErrNoLicense = errors.New("licensefile: the document is no licence")
	ErrMachine   = errors.New("licensefile: the machine file is damaged")
)

// StatusEntry says where the status of the licence is published. It is part of the sealed machine file.
type StatusEntry struct {
	List   string `json:"list"`   // address of the status list
	Index  uint32 `json:"index"`  // entry in it
	Signer string `json:"signer"` // name in the certificate that signs the list
}

// License is what a file says of itself as a licence.
type License struct {
	ID         string                // identifier as written
	Deviations []catalog.IDDeviation // oddities of the identifier
	TypeCode   string
	Type       *catalog.Type // the version it was made by; nil when the catalogue does not hold it
	Values     catalog.Values
	Status     *StatusEntry // nil in files of other makers
	Ours       bool         // the machine file of this platform is there: strict rules apply

	custom   catalog.Values // of DocInfo, elements we know
	template string
}

// Machine is the machine file: JSON with the English names of GB/T 36903-2018.
type Machine struct {
	Format   string              `json:"format"`
	ID       string              `json:"license_id"`
	TypeCode string              `json:"license_type_code"`
	Template string              `json:"template"` // version of the type it was made by: SM3 of its package, or of the face in files of earlier releases
	Data     map[string][]string `json:"data"`
	Status   StatusEntry         `json:"status"`
}

// Read finds the licence in an opened document. ErrNoLicense when it holds no licence data; ErrMachine when the machine
// file is there and damaged.
func Read(p *ofd.Package) (*License, error) { return ReadWith(catalog.Default(), p) }

// ReadWith is Read with a catalogue.
func ReadWith(c *catalog.Catalog, p *ofd.Package) (*License, error) {
	document := p.Current()
	named := slices.Clone(document.Info.CustomDatas)
	named = append(named, sideDatas(p, document)...)
	if len(named) > maxDataNames {
		named = named[:maxDataNames]
	}
	custom := catalog.Values{}
	for _, data := range named {
		if e, ok := c.Element(data.Name); ok && data.Value != "" && !slices.Contains(custom[e.Key], data.Value) {
			custom[e.Key] = append(custom[e.Key], data.Value)
		}
	}
	// Values of one holder may repeat (two holders of one name), so repeated elements of DocInfo are taken as they stand.
	for _, e := range c.Elements() {
		if !e.Repeated {
			continue
		}
		var list []string
		for _, data := range document.Info.CustomDatas {
			if found, _ := c.Element(data.Name); found.Key == e.Key && data.Value != "" {
				list = append(list, data.Value)
			}
		}
		if len(list) > 0 {
			custom[e.Key] = list
		}
	}
	l := &License{custom: custom, Values: custom.Clone()}
	l.TypeCode, l.ID = custom.First(catalog.KeyTypeCode), custom.First(catalog.KeyLicenseID)
	content, isOurs := p.Attachment(MachineName)
	if !isOurs && l.ID == "" {
		return nil, ErrNoLicense
	}
	if isOurs {
		if err := l.readMachine(c, content); err != nil {
			return nil, err
		}
	}
	l.setType(c, named)
	_, odd, err := catalog.ReadID(l.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoLicense, err)
	}
	l.Deviations = odd
	return l, nil
}

func (l *License) readMachine(c *catalog.Catalog, content []byte) error {
	var m Machine
	if len(content) > maxMachine {
		return fmt.Errorf("%w: too large", ErrMachine)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return fmt.Errorf("%w: %w", ErrMachine, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: content after the value", ErrMachine)
	}
	if m.Format != MachineForm || m.ID == "" || m.TypeCode == "" || m.Status.List == "" || m.Status.Signer == "" {
		return fmt.Errorf("%w: members are missing", ErrMachine)
	}
	l.Ours, l.ID, l.TypeCode, l.Status, l.template = true, m.ID, m.TypeCode, &m.Status, m.Template
	licenseType, known := c.Version(m.TypeCode, m.Template)
	l.Values = catalog.Values{}
	for name, values := range m.Data {
		key := name
		if e, ok := c.Element(name); ok {
			key = e.Key
		} else if known {
			if own, ok := licenseType.Lookup(name); ok {
				key = own
			}
		}
		if _, taken := l.Values[key]; taken {
			return fmt.Errorf("%w: an element stands twice", ErrMachine)
		}
		l.Values[key] = values
	}
	if l.Values.First(catalog.KeyLicenseID) != m.ID || l.Values.First(catalog.KeyTypeCode) != m.TypeCode {
		return fmt.Errorf("%w: identifier or type stands twice and differs", ErrMachine)
	}
	return nil
}

func (l *License) setType(c *catalog.Catalog, named []ofd.CustomData) {
	licenseType, ok := c.Find(l.TypeCode)
	if l.Ours {
		licenseType, ok = c.Version(l.TypeCode, l.template)
	}
	if !ok {
		return
	}
	l.Type = licenseType
	for _, data := range named {
		key, ok := licenseType.Lookup(data.Name)
		if _, common := c.Element(data.Name); !ok || common || data.Value == "" {
			continue
		}
		l.custom.Set(key, append(l.custom[key], data.Value)...)
		if !l.Ours {
			l.Values.Set(key, append(l.Values[key], data.Value)...)
		}
	}
}

// sideDatas collects name and value pairs from custom tags and XMI files of other makers. One production system writes
// ofd:CuslomData with a lower-case attribute name (license.md 5).
func sideDatas(p *ofd.Package, document *ofd.Document) []ofd.CustomData {
	var list []ofd.CustomData
	for _, name := range p.Names() {
		isTag := strings.Contains(strings.ToLower(name), "/tags/") && strings.EqualFold(path.Ext(name), ".xml")
		if !isTag && !strings.EqualFold(path.Ext(name), ".xmi") || p.RoleOf(name) == ofd.Extra {
			continue
		}
		tree, err := p.Tree(name)
		if err != nil {
			continue
		}
		list = collect(tree, list)
	}
	return list
}

func collect(node *ofd.Node, list []ofd.CustomData) []ofd.CustomData {
	if node.Name == "CustomData" || node.Name == "CuslomData" {
		list = append(list, ofd.CustomData{Name: node.AttrOr("Name", node.AttrOr("name", "")), Value: node.Value()})
	}
	for _, child := range node.Children {
		list = collect(child, list)
	}
	return list
}
