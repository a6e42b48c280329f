package quickstart

import (
	"bytes"
	"errors"

	"github.com/yinxin-gov/yinxin/esign/ofd"
)

// changeOneOctet returns the document with one digit on its first page changed, as a forger would: everything else of
// the package stays as it was.
func changeOneOctet(original []byte) ([]byte, error) {
	p, err := ofd.Open(original, ofd.DefaultLimits())
	if err != nil {
		return nil, err
	}
	page := p.Current().Pages[0].Path
	content, err := p.Read(page)
	if err != nil {
		return nil, err
	}
	changed := bytes.Clone(content)
	for i := bytes.Index(changed, []byte("<ofd:TextCode")); i >= 0 && i < len(changed); i++ {
		if c := changed[i]; c >= '0' && c <= '9' && i+1 < len(changed) && changed[i+1] != '"' && textBefore(changed[:i]) {
			changed[i] = '0' + (c-'0'+1)%10
			return p.Rewrite(map[string][]byte{page: changed}, nil)
		}
	}
	return nil, errors.New("the first page shows no digit")
}

// textBefore reports whether the position after prefix lies outside of a tag.
func textBefore(prefix []byte) bool {
	return bytes.LastIndexByte(prefix, '>') > bytes.LastIndexByte(prefix, '<')
}
