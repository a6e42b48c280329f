package gbt36906

import (
	_ "embed" // the names and codes of the interface
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Codes that the program itself gives; what each fault and status becomes stands in names.json.
const (
	codeOK      = "0"
	codeLacking = "2"   // source lacks this service
	codeMissing = "12"  // required value missing
	codeOther   = "99"  // other
	codeValue   = "102" // bad value
	codeType    = "113" // bad type code
)

// names are the words of the interface. The text of the standard was not at hand: they follow what is seen in use, and a bought copy corrects
// them without a change of the program.
type names struct {
	Operations     map[string]string `json:"operations"` // name in the path → what is done
	Request        map[string]string `json:"request"`    // member → ours
	Face           map[string]string `json:"face"`       // short names of fields in certData → keys
	Answer         map[string]string `json:"answer"`     // ours → member
	Messages       map[string]string `json:"messages"`   // of codes
	Faults         map[string]string `json:"faults"`     // code of a fault → code
	Fields         map[string]string `json:"fields"`     // field that a fault names → code
	Statuses       map[string]string `json:"statuses"`   // of a licence that may not be used → code
	Results        map[string]string `json:"results"`    // of verification
	Verdicts       map[string]string `json:"verdicts"`   // V-code of a report → status or result
	ResultMessages map[string]string `json:"result_messages"`
}

//go:embed names.json
var namesFile []byte

var words = func() (n names) {
	if err := json.Unmarshal(namesFile, &n); err != nil {
		panic(err) // the file is embedded and tested
	}
	return n
}()

// refusal is a code of the interface with the member that it is about.
type refusal struct{ code, member string }

// Error is for logs.
func (r *refusal) Error() string { return "gbt36906: " + r.code + " " + r.member }

// codeOf is the one place where an error becomes a code of the interface and words. A fault keeps its own code and title in the words.
func codeOf(err error) (code, message string) {
	if err == nil {
		return codeOK, words.Messages[codeOK]
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		if r.member == "" {
			return r.code, words.Messages[r.code]
		}
		return r.code, words.Messages[r.code] + "：" + r.member
	}
	f := fault.From(err)
	code, ok := words.Faults[string(f.Code)]
	if !ok {
		code = codeOther
	}
	for _, field := range f.Fields {
		if special, ok := words.Fields[field.Name]; ok {
			code = special
		}
	}
	if status, ok := errors.AsType[*elicense.StatusError](err); ok {
		code = words.Statuses[status.Status]
	}
	return code, fmt.Sprintf("%s：%s（%s）", words.Messages[code], fault.MetaOf(f.Code).Title["zh-CN"], f.Code)
}

// purposeOf reads the cause of a use: the code or the Chinese name of a purpose of the list, and no free text.
func purposeOf(cause string) (string, error) {
	cause = strings.TrimSpace(cause)
	list := elicense.Purposes()
	i := slices.IndexFunc(list, func(p elicense.Purpose) bool { return p.Code == cause || p.Name["zh-CN"] == cause })
	if i < 0 {
		return "", &refusal{codeValue, "useCause"}
	}
	return list[i].Code, nil
}
