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
	for i := range f.sections[1:] { // the file itself is the newest
		if i >= most {
			return nil, refuse(CodeLimit, 0, "too many revisions with signatures to look for")
		}
		v := &view{file: f, data: f.data, sections: f.sections[i+1:]}
		fields, err := v.fields() // none where they cannot be read: half of a linearized file is no revision
		if limited(err) {
			return nil, err
		}
		for _, one := range fields {
			if one.kind != "Sig" || one.value == nil || slices.Contains(out, one.name) {
				continue
			}
			keeps, err := v.keeps(one, kept[one.name])
			if err != nil {
				return nil, err
			}
			if !keeps {
				out = append(out, one.name)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// keeps tells whether the signature that the file has in a field is the one that this revision has there. Where either cannot be read, that
// there is one is enough: it is a fault of its own. An error is a bound that was met.
func (v *view) keeps(one field, now *Signature) (bool, error) {
	if now == nil || now.Fault != nil {
		return now != nil, nil
	}
	dict, err := v.dict(one.value)
	if !limited(err) {
		err = nil
	}
	contents, _ := dict.Get("Contents").(String)
	return len(bytes.Trim(contents.Octets, "\x00")) == 0 || contents.Begin == now.ByteRange[1], err
}
