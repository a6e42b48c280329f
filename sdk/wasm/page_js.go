//go:build js

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/esign/preview"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/sdk/offline"
	"github.com/yinxin-gov/yinxin/web/verdict"
)

// maxPage bounds the picture of one page, in octets.
const maxPage = 6 << 20

// viewer remembers the document that was viewed last, for its further pages. It has no letters at first: they are as large as half the
// verifier, and what our own makers write carries its letters with it. The page hands them in when a document wants them.
type viewer struct {
	verifier *offline.Verifier
	document *preview.Document
	content  []byte
	result   verify.Result
	faces    render.Faces
}

// view is what verify says, what a person reads of it, and what the file has to show.
type view struct {
	Report string         `json:"report"`
	Result verdict.Result `json:"result"`
	Reason string         `json:"reason"`
	Pages  int            `json:"pages"`
	Others int            `json:"others"`
}

func (v *viewer) view(arguments []js.Value) (answer map[string]any) {
	v.document, v.content = nil, nil
	defer func() {
		if recover() != nil { // the report of verify stands alone
			answer = failure(errors.New("the result could not be shown"))
		}
	}()
	result, content, err := judge(v.verifier, arguments)
	if err != nil {
		return failure(err)
	}
	text, err := offline.Encode(verify.Report{Results: []verify.Result{result}})
	if err != nil {
		return failure(err)
	}
	locale := offline.Locales[0]
	if len(arguments) > 2 {
		if asked, err := readOptions(arguments[2]); err == nil {
			locale = asked.locale
		}
	}
	results, err := verdict.Read(text, locale)
	if err != nil {
		return failure(err)
	}
	out := view{Report: string(text), Result: results[0]}
	if v.content = evidence.Drawn(result, content); v.content != nil {
		v.result = result
		v.document = v.open()
		out.Reason, out.Pages, out.Others = v.document.Reason, v.document.Pages, v.document.Others
	}
	return encoded("view", out)
}

// open prepares the pages. Whatever goes wrong there leaves the verdict alone.
func (v *viewer) open() (document *preview.Document) {
	defer func() {
		if recover() != nil {
			document = &preview.Document{Reason: preview.ReasonBroken}
		}
	}()
	return preview.Open(v.content, v.result, v.faces)
}

// letters takes the file of the built-in face and draws what was viewed with it from now on.
func (v *viewer) letters(arguments []js.Value) (answer map[string]any) {
	defer func() {
		if recover() != nil {
			answer = failure(errors.New("the letters could not be read"))
		}
	}()
	file, name, err := document(arguments, offline.MaxTrustFile)
	if err != nil {
		return failure(err)
	}
	face, err := typeface.Read(file)
	if err != nil {
		return failure(fmt.Errorf("%s: %w", name, err))
	}
	v.faces = render.Faces{Sans: face}
	if v.document != nil {
		v.document = v.open()
	}
	return map[string]any{}
}

func (v *viewer) page(arguments []js.Value) (answer map[string]any) {
	defer func() {
		if recover() != nil {
			answer = failure(errors.New("the page could not be drawn"))
		}
	}()
	if v.document == nil || len(arguments) < 3 || arguments[0].Type() != js.TypeNumber || arguments[1].Type() != js.TypeString || arguments[2].Type() != js.TypeString {
		return failure(errors.New("the arguments are the number of a page of what was viewed, a prefix and a title"))
	}
	return encoded("page", v.document.Page(arguments[0].Int(), arguments[1].String(), arguments[2].String(), maxPage))
}

func encoded(name string, value any) map[string]any {
	out, err := json.Marshal(value)
	if err != nil {
		return failure(err)
	}
	return map[string]any{name: string(out)}
}
