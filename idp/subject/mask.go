package subject

import (
	"strings"
)

// Masking rules of identity.md section 11.

// compoundSurnames have two characters; both are shown.
var compoundSurnames = func() map[string]bool {
	all := map[string]bool{}
	for surname := range strings.FieldsSeq("欧阳 歐陽 上官 司马 司馬 诸葛 諸葛 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 长孙 長孫 司徒 夏侯 端木 " +
		"司空 独孤 獨孤 南宫 南宮 万俟 萬俟 闻人 聞人 赫连 赫連 澹台 澹臺 公冶 宗政 濮阳 濮陽 淳于 单于 單于 太叔 申屠 仲孙 仲孫 轩辕 軒轅 钟离 鍾離 鲜于 鮮于 闾丘 " +
		"亓官 司寇 子车 子車 颛孙 顓孫 巫马 巫馬 公西 漆雕 乐正 樂正 壤驷 公良 拓跋 夹谷 宰父 谷梁 段干 百里 东郭 東郭 南门 南門 呼延 羊舌 微生 梁丘 左丘 东门 東門 西门 西門 " +
		"第五 公羊 纳兰 納蘭 爱新 完颜 完顏 叶赫 富察 钮祜 那拉 耶律 尔朱 爾朱 贺兰 賀蘭 哥舒 范姜 张简 張簡 陈林") {
		all[surname] = true
	}
	return all
}()

// maxStars bounds what stands for a part of a name: a long one shall not be known by its length.
const maxStars = 4

// MaskName shows the surname: 张三 is 张*, 张小三 is 张*三, 欧阳娜娜 is 欧阳**. Of a name in several parts (阿依古丽·买买提, Anna
// O'Brien) it shows the first letter of each part; where parts have one letter each, that of the first (A B is A *).
func MaskName(name string) string {
	characters := []rune(name)
	switch {
	case len(characters) == 0:
		return ""
	case len(characters) == 1:
		return "*"
	case strings.ContainsAny(name, "· ") || characters[0] < 0x2E80:
		return maskParts(characters)
	case len(characters) > 2 && compoundSurnames[string(characters[:2])]:
		return string(characters[:2]) + stars(len(characters)-2)
	case len(characters) == 3:
		return string(characters[0]) + "*" + string(characters[2])
	}
	return string(characters[0]) + stars(len(characters)-1)
}

func stars(n int) string { return strings.Repeat("*", min(n, maxStars)) }

func maskParts(name []rune) string {
	var out strings.Builder
	hidden, first := 0, true
	for _, r := range name {
		switch {
		case r == '·' || r == ' ':
			out.WriteString(stars(hidden))
			out.WriteRune(r)
			hidden, first = 0, true
		case first:
			out.WriteRune(r)
			first = false
		default:
			hidden++
		}
	}
	out.WriteString(stars(hidden))
	if out.String() == string(name) { // parts of one letter each
		rest := name[1:]
		for i, r := range rest {
			if r != '·' && r != ' ' {
				rest[i] = '*'
			}
		}
		return string(name)
	}
	return out.String()
}

// MaskID shows the first and the last character.
func MaskID(number string) string { return keepEnds(number, 1, 1) }

// MaskIDForReviewer shows the first six and the last four characters.
func MaskIDForReviewer(number string) string { return keepEnds(number, 6, 4) }

// MaskIdentifier shows a mobile number as 3+4 digits and an address by its first character and domain.
func MaskIdentifier(identifier Identifier) string {
	if identifier.Kind == Email {
		local, domain, _ := strings.Cut(identifier.Value, "@")
		return keepEnds(local, 1, 0) + "@" + domain
	}
	return keepEnds(strings.TrimPrefix(identifier.Value, "+86"), 3, 4)
}

func keepEnds(text string, first, last int) string {
	characters := []rune(text)
	if len(characters) <= first+last {
		return strings.Repeat("*", len(characters))
	}
	return string(characters[:first]) + strings.Repeat("*", len(characters)-first-last) + string(characters[len(characters)-last:])
}
