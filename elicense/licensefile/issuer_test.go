package licensefile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

func TestL09WhoseSealItIs(t *testing.T) {
	const name, code = "示例市市场监督管理局", "11990000MB7QX0015W"
	seal := func(name string) *verify.Seal { return &verify.Seal{Name: name} }
	signer := func(subject string) *verify.Signer { return &verify.Signer{Subject: subject} }
	for _, test := range []struct {
		name      string
		signature verify.Signature
		fits      bool
	}{
		{"seal named after the authority", verify.Signature{Seal: seal(name + "行政审批专用章")}, true},
		{"seal with the name of the authority alone", verify.Signature{Seal: seal(name)}, true},
		{"numbered seal of the authority", verify.Signature{Seal: seal(name + "行政处罚专用章(2)")}, true},
		{"seal of a body below the authority", verify.Signature{Seal: seal(name + "城东分局行政审批专用章")}, false},
		{"seal of an office of the authority", verify.Signature{Seal: seal(name + "信访办公室专用章")}, false},
		{"seal of a body whose name is longer", verify.Signature{Seal: seal(name + "城东")}, false},
		{"organisation is the authority", verify.Signature{Seal: seal("专用章"), Signer: signer("CN=1,O=" + name + ",C=CN")}, true},
		{"organisation is its code", verify.Signature{Seal: seal("专用章"), Signer: signer("O=" + code)}, true},
		{"organisation is code and name", verify.Signature{Seal: seal("专用章"), Signer: signer("O=" + code + name)}, true},
		{"name within another attribute", verify.Signature{Seal: seal("专用章"), Signer: signer("CN=甲\\,O=" + name)}, false},
		{"multi-valued attribute", verify.Signature{Seal: seal("专用章"), Signer: signer("CN=1+O=" + name)}, true},
		{"name as part of another", verify.Signature{Seal: seal("专用章"), Signer: signer("O=假" + name)}, false},
		{"seal of another", verify.Signature{Seal: seal("示例市自然资源和规划局"), Signer: signer("O=示例市自然资源和规划局")}, false},
		{"seal of another, signer unknown", verify.Signature{Seal: seal("示例市自然资源和规划局")}, false},
		{"seal of a person there", verify.Signature{Seal: &verify.Seal{Name: name + "王小明", Type: 2}, Signer: signer("CN=王小明,O=" + code + name)}, false},
		{"seal of a person alone", verify.Signature{Seal: &verify.Seal{Name: "王小明（" + name + "）", Type: 2}, Signer: signer("O=" + name)}, false},
		{"certificate of a person there", verify.Signature{Seal: seal("专用章"), Signer: signer("CN=王小明,OU=局长,O=" + code + " " + name)}, false},
		{"certificate of the authority without a seal", verify.Signature{Signer: signer("CN=1,O=" + name + ",C=CN")}, false},
		{"nothing known", verify.Signature{}, false},
	} {
		result := verify.Result{Signatures: []verify.Signature{test.signature}}
		j := &licenseJudge{result: &result, options: Options{}}
		j.party(name, code, "")
		if refused := slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == reasonIssuerScope }); refused == test.fits {
			t.Errorf("%s: refused %v", test.name, refused)
		}
	}
	both := verify.Result{Signatures: []verify.Signature{{Seal: &verify.Seal{Name: name, Type: 2}}, {Seal: seal(name + "行政审批专用章")}}}
	(&licenseJudge{result: &both}).party(name, "", "")
	if len(both.Reasons) != 0 {
		t.Error("the seal of a person beside that of the authority")
	}
	result := verify.Result{Signatures: []verify.Signature{{Seal: seal("专用章"), Signer: signer("O=")}}}
	(&licenseJudge{result: &result}).party("", "", "")
	if len(result.Reasons) != 1 {
		t.Error("a licence without an authority is anybody's")
	}
}

// TestUnknownTypeOfOurs: a file of ours with a type that this catalogue lacks cannot be compared and is never valid.
func TestUnknownTypeOfOurs(t *testing.T) {
	result := verify.Result{Signatures: []verify.Signature{{}}}
	j := &licenseJudge{result: &result, options: Options{}}
	j.data(&License{Ours: true, TypeCode: "x"}, verify.Document{})
	j.conclude(true, "V00")
	if result.Verdict != verify.Indeterminate || result.Code != "V01" || result.Signatures[0].Checks[0].Status != verify.Unknown {
		t.Errorf("%+v", result)
	}
}

// TestHowOldAStatusListMayBe: a package of a type never makes it older than the built-in type does, nor than what holds for types that nobody knows.
func TestHowOldAStatusListMayBe(t *testing.T) {
	types := catalog.Default().Types()
	at := slices.IndexFunc(types, func(t *catalog.Type) bool { return t.StatusFresh() > unknownTypeFresh })
	if at < 0 {
		t.Fatal("no type is fresh for longer than an unknown one")
	}
	builtIn := types[at]
	fresh := builtIn.FreshHours
	hours := func(n int) *catalog.Type { return &catalog.Type{FreshHours: n} }
	for name, c := range map[string]struct {
		of   *catalog.Type
		code string
		want int
	}{
		"built in":                     {nil, builtIn.Code, fresh},
		"known to nobody":              {nil, "none", 24},
		"a package that asks for less": {hours(fresh - 1), builtIn.Code, fresh - 1},
		"a package that asks the same": {hours(fresh), builtIn.Code, fresh},
		"a package that asks for more": {hours(fresh + 1), builtIn.Code, fresh},
		"of another type, less":        {hours(23), "none", 23},
		"of another type, more":        {hours(25), "none", 24},
	} {
		if got := freshFor(c.of, c.code); got != time.Duration(c.want)*time.Hour {
			t.Errorf("%s: %v, want %d hours", name, got, c.want)
		}
	}
}

func TestWhatMayBeTheTextOfACode(t *testing.T) {
	const address = "https://a.invalid/"
	for text, want := range map[string]bool{
		address + strings.Repeat("a", maxCodeText-len(address)):   true,
		address + strings.Repeat("a", maxCodeText-len(address)+1): false,
		address + "\xff": false,
	} {
		if _, got := codeText([]byte(text)); got != want {
			t.Errorf("%d octets: %v", len(text), got)
		}
	}
}
