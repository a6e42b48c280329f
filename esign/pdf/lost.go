package pdf

import (
	"bytes"
	"slices"
)

// Lost lists signature fields that an earlier revision had signed and the file has no more, or has with another value.
func (f *File) Lost(signatures []*Signature) ([]string, error) {
	var out []string
	kept := map[string]*Signature{}
	for _, s := range signatures {
		kept[s.Field] = s
	}
	const most = 64
	for i := range f.sections {
		if i > most {
			return out, refuse(CodeLimit, 0, "too many revisions with signatures to look for")
		}
		if i == 0 || f.sections[i].trailer.Get("Root") == nil {
			continue
		}
		v := &view{file: f, data: f.data, sections: f.sections[i:]}
		fields, err := v.fields()
		if failure, ok := err.(*Error); ok && failure.Code == CodeLimit {
			return nil, err
		} else if err != nil { // half of a linearized file is no revision
			continue
		}
		for _, one := range fields {
			if one.kind == "Sig" && one.value != nil && !v.keeps(one, kept[one.name]) && !slices.Contains(out, one.name) {
				out = append(out, one.name)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// keeps tells whether the signature that the file has in a field is the one that this revision has there. Where either cannot be read, that
// there is one is enough: it is a fault of its own.
func (v *view) keeps(one field, now *Signature) bool {
	if now == nil || now.Fault != nil {
		return now != nil
	}
	dict, err := v.dict(one.value)
	contents, ok := dict.Get("Contents").(String)
	if err != nil || !ok || len(bytes.Trim(contents.Octets, "\x00")) == 0 {
		return true
	}
	return contents.Begin == now.ByteRange[1]
}
