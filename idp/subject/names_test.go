package subject_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

func TestI06NamesInOneForm(t *testing.T) {
	for text, want := range map[string]string{
		"𬭎锋": "𬭎锋", "㛃": "㛃", "王𠅤": "王𠅤", "䶮": "䶮", "李〇": "李〇", "鿏": "鿏", "張　三": "張三", "张 三": "张三", "\u2F804李": "", "﨑": "﨑",
		"阿依古丽•买买提": "阿依古丽·买买提", "阿依古丽‧买买提": "阿依古丽·买买提", "阿依古丽・买买提": "阿依古丽·买买提", "阿依古丽.买买提": "阿依古丽·买买提", "阿依古丽 · 买买提": "阿依古丽·买买提", "阿依古丽．买买提": "阿依古丽·买买提",
		"ＡＮＮＡ　Ｓｍｉｔｈ": "ANNA Smith", "Jose\u0301 A\u0301lvarez": "José Álvarez", "O’Brien": "O'Brien", "John Smith Jr.": "John Smith Jr.", "Nguyễn Văn A": "Nguyễn Văn A",
		"བསྟན་འཛིན": "", "محمد علي": "محمد علي", "김철수": "김철수", "Иван": "Иван",
	} {
		got, err := subject.ParsePersonName(text)
		if want == "" {
			continue // either way; only that it does not panic
		}
		if err != nil || got != want {
			t.Errorf("%q gave %q, %v; want %q", text, got, err, want)
		}
	}
	name, err := subject.ParseName("\uF9B5子") // CJK COMPATIBILITY IDEOGRAPH-F9B5
	if err != nil || name.Text != "例子" || len(name.Warnings) != 1 || name.Warnings[0].Suggest != '例' {
		t.Errorf("a compatibility ideograph gave %+v, %v", name, err)
	}
}

func TestI06NamesRefused(t *testing.T) {
	for _, row := range []struct {
		text     string
		problem  subject.NameProblem
		position int
		suggest  rune
	}{
		{"", subject.NameEmpty, 0, 0}, {"   ", subject.NameEmpty, 0, 0}, {"·", subject.NameEmpty, 0, 0},
		{"张\u202e三", subject.NameInvisible, 2, 0}, {"张\u200b三", subject.NameInvisible, 2, 0}, {"张\ufeff三", subject.NameInvisible, 2, 0}, {"葛\U000E0100", subject.NameInvisible, 2, 0}, {"a\u2066b", subject.NameInvisible, 2, 0},
		{"张3", subject.NameCharacter, 2, 0}, {"<b>", subject.NameCharacter, 1, 0}, {"a\x00b", subject.NameCharacter, 2, 0}, {"张\xff", subject.NameCharacter, 0, 0}, {"张😀", subject.NameCharacter, 2, 0}, {"⿰王", subject.NameCharacter, 1, 0},
		{"⽟龙", subject.NameRadical, 1, '玉'}, {"王⻰", subject.NameRadical, 2, '龙'}, {"⾺", subject.NameRadical, 1, '馬'},
		{"王\ue000", subject.NamePrivate, 2, 0}, {"\ue81e", subject.NamePrivate, 1, '龴'}, {"\U000F0000", subject.NamePrivate, 1, 0},
		{"李○", subject.NameLookalike, 2, '〇'}, {"王—", subject.NameLookalike, 2, '一'},
		{"王カ", subject.NameLookalike, 2, '力'}, {"ロ天", subject.NameLookalike, 1, '口'}, {"ㄚ头", subject.NameLookalike, 1, '丫'},
		{"Аnna", subject.NameLookalike, 1, 'A'}, {"Annа", subject.NameLookalike, 4, 'a'}, {"Χavier", subject.NameLookalike, 1, 'X'},
		{"张Zhang", subject.NameMixed, 2, 0}, {"张α", subject.NameLookalike, 2, 'a'}, {"Zhangδ", subject.NameMixed, 6, 0},
		{"\U00030000", subject.NameNotInGB, 1, 0}, {"鿽", subject.NameNotInGB, 1, 0},
		{"·买买提", subject.NameForm, 0, 0}, {"阿依··买", subject.NameForm, 0, 0}, {"Anna-", subject.NameForm, 0, 0},
		{"A\u0301\u0301\u0301\u0301\u0301\u0301", subject.NameCharacter, 6, 0}, {"\u0301a", subject.NameCharacter, 1, 0},
		{strings.Repeat("张", subject.MaxHanName+1), subject.NameLong, 0, 0}, {strings.Repeat("a", subject.MaxOtherName+1), subject.NameLong, 0, 0}, {strings.Repeat("𬭎", 5000), subject.NameLong, 0, 0},
	} {
		got, err := subject.ParseName(row.text)
		bad, ok := errors.AsType[*subject.NameError](err)
		if !ok || !errors.Is(err, subject.ErrName) {
			t.Errorf("%q was read as %q (%v)", row.text, got.Text, err)
			continue
		}
		if bad.Problem != row.problem || row.position != 0 && bad.Position != row.position || bad.Suggest != row.suggest {
			t.Errorf("%q gave %s at %d, suggests %q; want %s at %d, %q", row.text, bad.Problem, bad.Position, bad.Suggest, row.problem, row.position, row.suggest)
		}
		if r := []rune(row.text); len(r) > 0 && r[0] > 0x2E80 && strings.ContainsRune(err.Error(), r[0]) {
			t.Errorf("the error holds the name: %v", err)
		}
	}
	for _, long := range []string{strings.Repeat("张", subject.MaxHanName), strings.Repeat("a", subject.MaxOtherName)} {
		if _, err := subject.ParsePersonName(long); err != nil {
			t.Errorf("%d characters: %v", utf8.RuneCountInString(long), err)
		}
	}
}

// TestGB18030HanCharacters: GB 18030-2022 counts 87,887 Han characters at implementation level 3, and 〇.
func TestGB18030HanCharacters(t *testing.T) {
	count := 0
	for r := rune(0x3000); r <= 0x323AF; r++ {
		if unicode.Is(unicode.Co, r) || r >= 0xD800 && r < 0xE000 {
			continue
		}
		name, err := subject.ParseName(string(r))
		if err == nil && name.Script == "Han" && name.Text == string(r) && r != '々' && r != '〻' {
			count++
		}
	}
	if count != 87_887+1 {
		t.Errorf("%d Han characters are taken", count)
	}
}

func TestSameName(t *testing.T) {
	for _, pair := range [][2]string{{"阿依古丽·买买提", "阿依古丽 ． 买买提"}, {"ZHANG SAN", "Zhang San"}, {"Jose\u0301", "JOSÉ"}, {"ＡＮＮＡ SMITH", "anna smith"}, {"张 三", "张三"}, {"O'Brien-Smith", "O’BRIEN SMITH"}} {
		if !subject.SameName(pair[0], pair[1]) {
			t.Errorf("%q and %q are one name", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"张三", "张叁"}, {"阿依古丽·买买提", "阿依古丽买买提"}, {"Anna", "Аnna"}, {"", ""}, {"José", "Jose"}} {
		if subject.SameName(pair[0], pair[1]) {
			t.Errorf("%q and %q are two names", pair[0], pair[1])
		}
	}
}

func TestMasksOfNames(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "王": "*", "张三": "张*", "张小三": "张*三", "王小明月": "王***", "欧阳娜娜": "欧阳**", "歐陽修": "歐陽*", "欧阳": "欧*", "𬭎锋": "𬭎*", "司马相如": "司马**",
		"阿依古丽·买买提": "阿***·买**", "古丽巴哈尔阿不都热依木": "古****", "Anna O'Brien": "A*** O****", "Li": "L*", "A B C": "A * *", "A·B": "A·*", "A Bo": "A B*", "Rajaratnamasubramaniam": "R****", "김철수": "김*수",
	} {
		if got := subject.MaskName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"张三", "阿依古丽·买买提", "O'Brien-Smith Anna", "𬭎", "Jose\u0301", "⽟", "\uF9B5", "A. B.", "a' b", "Ⅷ", "ﬁ", "A A A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := subject.ParseName(text)
		if err != nil {
			if name.Text != "" && !errors.Is(err, subject.ErrName) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := subject.ParseName(name.Text)
		if err != nil || again.Text != name.Text || again.Script != name.Script {
			t.Fatalf("%q is not canonical: %q, %v", name.Text, again.Text, err)
		}
		if _, err := subject.NameKey(name.Text); err != nil || !subject.SameName(text, name.Text) {
			t.Fatalf("%q is not itself", text)
		}
		if masked := subject.MaskName(name.Text); len([]rune(name.Text)) > 3 && masked == name.Text {
			t.Fatalf("%q is not masked", name.Text)
		}
	})
}

func TestSameOrganisation(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{{"示例（集团）有限公司", "示例(集团)有限公司", true}, {"Acme  Ltd", "ACME Ltd", true}, {"示例有限公司", "示例有限责任公司", false}, {"", "", false}} {
		if subject.SameOrganisation(c.a, c.b) != c.same {
			t.Errorf("%s, %s", c.a, c.b)
		}
	}
}
