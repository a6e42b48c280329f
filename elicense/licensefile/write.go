package licensefile

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
)

// EncodeMachine writes the machine file. The same data always give the same octets.
func EncodeMachine(t *catalog.Type, values catalog.Values, status StatusEntry) ([]byte, error) {
	m := Machine{Format: MachineForm, ID: values.First(catalog.KeyLicenseID), TypeCode: t.Code, Template: t.TemplateID(), Data: map[string][]string{}, Status: status}
	for key, list := range values {
		name, ok := englishOf(t, key)
		if !ok {
			return nil, fmt.Errorf("%w: %s is no element of the type", ErrMachine, key)
		}
		m.Data[name] = list
	}
	content, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMachine, err)
	}
	return append(content, '\n'), nil
}

func englishOf(t *catalog.Type, key string) (string, bool) {
	if f, ok := t.Field(key); ok {
		return f.English, true
	}
	e, ok := catalog.Default().Element(key)
	return e.English, ok && e.Key == key
}

// Shown is an item of the data index: which page objects show it.
type Shown struct {
	Item    catalog.FaceItem
	Objects []ObjectRef
}

// ObjectRef names a page object.
type ObjectRef struct{ Page, Object int }

// EncodeIndex writes the data index (数据索引, GB/T 36905-2018) as content of a custom tag (GB/T 33190-2016 clause 16).
func EncodeIndex(t *catalog.Type, shown []Shown) []byte {
	var s strings.Builder
	s.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<DataIndex xmlns:ofd="http://www.ofdspec.org/2016">`)
	for _, entry := range shown {
		english, _ := englishOf(t, entry.Item.Bind)
		pinyin, _ := pinyinOf(t, entry.Item.Bind)
		fmt.Fprintf(&s, `<Element Item="%s" Name="%s" Pinyin="%s">`, text(entry.Item.ID), text(english), text(pinyin))
		for _, object := range entry.Objects {
			fmt.Fprintf(&s, `<ofd:ObjectRef PageRef="%d">%d</ofd:ObjectRef>`, object.Page, object.Object)
		}
		s.WriteString(`</Element>`)
	}
	s.WriteString(`</DataIndex>`)
	return []byte(s.String())
}

func text(value string) string {
	var s strings.Builder
	_ = xml.EscapeText(&s, []byte(value)) // a strings.Builder does not fail
	return s.String()
}
