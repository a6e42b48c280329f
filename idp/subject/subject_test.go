package subject_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

func TestA27CitizenIDNumbers(t *testing.T) {
	for _, text := range []string{"11010519491231002X", "11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"} {
		if got, err := subject.ParseCitizenID(text); err != nil || got != "11010519491231002X" {
			t.Errorf("%q gave %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"110105194912310021": subject.ErrIDCheck, "000000000000000000": subject.ErrIDDate, "11010519490231002X": subject.ErrIDDate,
		"110105491231002": subject.ErrIDLegacy, "": subject.ErrIDForm, "1101051949123100": subject.ErrIDForm, "1101051949123100XX": subject.ErrIDForm,
	} {
		if _, err := subject.ParseCitizenID(text); !errors.Is(err, want) {
			t.Errorf("%q gave %v, want %v", text, err, want)
		}
	}
	number, _ := subject.ParseCitizenID("11010519491231002X")
	if number.AgeAt(time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)) != 76 || number.AgeAt(time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)) != 77 {
		t.Error("age at the birthday")
	}
}

func TestUSCC(t *testing.T) {
	for _, text := range []string{"91350100M000100Y43", "91350100m000100y43", "11100000000013338W"} {
		if _, err := subject.ParseUSCC(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]error{"91350100M000100Y44": subject.ErrUSCCCheck, "91350100M000100Y4": subject.ErrUSCCForm, "91350100I000100Y43": subject.ErrUSCCForm} {
		if _, err := subject.ParseUSCC(text); !errors.Is(err, want) {
			t.Errorf("%q gave %v", text, err)
		}
	}
}

func TestCutUSCC(t *testing.T) {
	const code = "11370300MB0000000H"
	for text, want := range map[string]struct {
		code subject.USCC
		name string
	}{
		code + "一网通办":                {code, "一网通办"},
		code + " 一网通办":               {code, "一网通办"},
		code + "Example Bureau":      {code, "Example Bureau"},
		"11370300MB0000000J一网通办":     {"", "11370300MB0000000J一网通办"}, // check character
		"11370300MB0000001H一网通办":     {"", "11370300MB0000001H一网通办"},
		"11370300mb0000000h一网通办":     {"", "11370300mb0000000h一网通办"}, // not canonical
		"11370300MB000000一网通办":       {"", "11370300MB000000一网通办"},   // too short; the cut falls into a character
		"１１370300MB0000000H一网通办":     {"", "１１370300MB0000000H一网通办"}, // wide digits
		"一网通办" + code:                {"", "一网通办" + code},
		"11010519491231002X张三":       {"", "11010519491231002X张三"}, // a citizen's number has 18 characters too
		"\xff" + code:                {"", "\xff" + code},
		code:                         {"", code},
		code + "  ":                  {"", code + "  "},
		"一网通办":                       {"", "一网通办"},
		"Example Bureau of Licences": {"", "Example Bureau of Licences"},
		"":                           {"", ""},
	} {
		if code, name := subject.CutUSCC(text); code != want.code || name != want.name {
			t.Errorf("%q gave %q and %q", text, string(code), name)
		}
	}
}

func TestA08SpellingsOfOneIdentifier(t *testing.T) {
	for _, text := range []string{"13800138000", "+8613800138000", "0086 138 0013 8000", "86-138-0013-8000", "１３８００１３８０００", "138\u200b00138000"} {
		if got, err := subject.ParseIdentifier(text); err != nil || got.Value != "+8613800138000" {
			t.Errorf("%q gave %q, %v", text, got.Value, err)
		}
	}
	if got, err := subject.ParseIdentifier(" Zhang.San@Example.COM "); err != nil || got.Value != "zhang.san@example.com" {
		t.Errorf("%q, %v", got.Value, err)
	}
	if got, err := subject.ParseIdentifier("0085291234567"); err != nil || got.Value != "+85291234567" {
		t.Errorf("%q, %v", got.Value, err)
	}
	long := strings.Repeat("x", 63)
	for text, want := range map[string]string{"a.b+c_d'e@x-1.gov.cn": "", long + "y@x.cn": "", "a@" + long + ".cn": "", "a@1.co": "", "+1234567": "", "+123456789012345": "", "19912345678": "+8619912345678"} {
		if want == "" {
			want = text
		}
		if got, err := subject.ParseIdentifier(text); err != nil || got.Value != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1380013800", "23800138000", "a@b", "a b@c@d.cn", "张三", "+8612345", "12800138000", "138001380000", "1380013800x", "+123456", "+1234567890123456", "+0234567",
		"@x.cn", long + "yz@x.cn", "a@" + long + "y.cn", "a@-x.cn", "a@x-.cn", "a@x..cn", "a@.cn", "a@x.cn.", "a@x.c", "a@x.c1", "a@x_y.cn", "a@x@y.cn", "印@x.cn", "a@印.cn", "a,b@x.cn"} {
		if got, err := subject.ParseIdentifier(text); err == nil {
			t.Errorf("%q was read as %q", text, got.Value)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{"张三": "张三", " 阿依古丽•买买提 ": "阿依古丽·买买提", "O'Brien-Smith  Anna": "O'Brien-Smith Anna", "𬭎": "𬭎"} {
		if got, err := subject.ParsePersonName(text); err != nil || got != want {
			t.Errorf("%q gave %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "张3", "张\u202e三", "张\u200b三", "张Zhang", "<b>", "a\x00b"} {
		if got, err := subject.ParsePersonName(text); err == nil {
			t.Errorf("%q was read as %q", text, got)
		}
	}
}

func TestMasks(t *testing.T) {
	for got, want := range map[string]string{
		subject.MaskName("张三"): "张*", subject.MaskName("欧阳娜娜"): "欧阳**", subject.MaskName("王"): "*",
		subject.MaskID("11010519491231002X"): "1****************X", subject.MaskIDForReviewer("11010519491231002X"): "110105********002X",
		subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: "+8613800138000"}):       "138****8000",
		subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: "zhang.san@example.com"}): "z********@example.com",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestLevels(t *testing.T) {
	if l, err := subject.ParseIAL("urn:yinxin:ial:2"); err != nil || l != 2 || l.URN() != "urn:yinxin:ial:2" {
		t.Error(l, err)
	}
	for _, text := range []string{"urn:yinxin:ial:5", "urn:yinxin:ial:", "urn:yinxin:ial:22", "urn:yinxin:aal:1", "2"} {
		if _, err := subject.ParseIAL(text); err == nil {
			t.Errorf("%q is no level", text)
		}
	}
	if _, err := subject.ParseAAL("urn:yinxin:aal:0"); err == nil {
		t.Error("aal 0")
	}
}

func FuzzIdentifiers(f *testing.F) {
	f.Add("13800138000")
	f.Add("a@b.cn")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := subject.ParseIdentifier(text); err == nil {
			if again, err := subject.ParseIdentifier(got.Value); err != nil || again != got {
				t.Fatalf("%q is not canonical: %q, %v", got.Value, again.Value, err)
			}
		}
		if got, err := subject.ParseCitizenID(text); err == nil {
			if again, err := subject.ParseCitizenID(string(got)); err != nil || again != got {
				t.Fatalf("%q is not canonical", got)
			}
		}
		subject.ParseUSCC(text)
		subject.ParsePersonName(text)
	})
}
