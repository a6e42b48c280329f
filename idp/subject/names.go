package subject

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrName is a text that is no name of a person; a *NameError says more.
var ErrName = errors.New("subject: not a person's name")

// NameProblem says what is wrong with a name.
type NameProblem string

// Problems of names.
const (
	NameEmpty      NameProblem = "empty"
	NameLong       NameProblem = "long"
	NameCharacter  NameProblem = "character"  // it belongs to no name: digits, signs, controls
	NameInvisible  NameProblem = "invisible"  // zero-width, direction marks, variation selectors
	NameLookalike  NameProblem = "lookalike"  // looks like another character: Suggest
	NameRadical    NameProblem = "radical"    // a radical instead of the character: Suggest
	NamePrivate    NameProblem = "private"    // a code that an institution made up for itself
	NameNotInGB    NameProblem = "outside"    // a Han character that GB 18030-2022 does not hold
	NameMixed      NameProblem = "mixed"      // letters of two scripts
	NameScript     NameProblem = "script"     // letters of a script that the document is not written in
	NameForm       NameProblem = "form"       // a middle dot, hyphen or the like at an end or twice in a row
	NameNormalised NameProblem = "normalised" // only a warning: a compatibility character became the usual one
)

// Lengths of names in characters, spaces and dots included.
const (
	MaxHanName   = 50
	MaxOtherName = 120
)

// NameError is a name that cannot be taken. Its text holds no character of the name.
type NameError struct {
	Problem  NameProblem
	Position int  // of the character, from 1; 0 is none
	Rune     rune // the character
	Suggest  rune // what is probably meant; 0 is nothing
}

func (e *NameError) Error() string {
	return fmt.Sprintf("subject: name: %s at character %d", e.Problem, e.Position)
}

// Unwrap is ErrName.
func (e *NameError) Unwrap() error { return ErrName }

// PersonName is a name in the form in which it is kept.
type PersonName struct {
	Text     string      // NFC; one blank between parts, none beside Han characters; the middle dot is U+00B7
	Script   string      // "Han", "Latin", … of its letters
	Warnings []NameError // what was put right
}

// ParsePersonName is ParseName without the warnings.
func ParsePersonName(text string) (string, error) {
	name, err := ParseName(text)
	return name.Text, err
}

// ParseName brings a name into canonical form (row I-06). Han characters are those of GB 18030-2022 implementation level 3;
// letters are of one script, so that no look-alike of another hides among them.
func ParseName(text string) (PersonName, error) {
	var n PersonName
	if len(text) > 4*MaxOtherName*4 {
		return n, &NameError{Problem: NameLong}
	}
	plain, warnings, err := plainName(text)
	if err != nil {
		return n, err
	}
	n.Warnings = warnings
	runes := []rune(plain)
	position := func(i int) *NameError { return &NameError{Position: i + 1, Rune: runes[i]} }
	marks := 0
	for i, r := range runes {
		bad := position(i)
		switch {
		case isJoint(r):
			marks = 0
			continue
		case unicode.Is(unicode.M, r):
			if marks++; i == 0 || isJoint(runes[i-1]) || marks > 4 {
				bad.Problem = NameCharacter
				return n, bad
			}
			continue
		case !unicode.IsLetter(r) && r != '〇':
			bad.Problem = NameCharacter
			return n, bad
		}
		marks = 0
		script := scriptOf(r)
		if script == "Han" && !inGB18030(r) {
			bad.Problem = NameNotInGB
			return n, bad
		}
		if n.Script == "" {
			n.Script = script
		}
		if script != n.Script {
			bad.Problem, bad.Suggest = NameMixed, twins[r]
			if bad.Suggest != 0 {
				bad.Problem = NameLookalike
			}
			if other := firstOf(runes, n.Script); twins[runes[other]] != 0 && scriptOf(twins[runes[other]]) == script {
				bad = position(other) // the first letter is the stranger: カ before Han, a Cyrillic А before Latin
				bad.Problem, bad.Suggest = NameLookalike, twins[runes[other]]
			}
			return n, bad
		}
	}
	if n.Script == "" {
		return n, &NameError{Problem: NameEmpty}
	}
	n.Text = tidy(runes, n.Script == "Han")
	limit := MaxOtherName
	if n.Script == "Han" {
		limit = MaxHanName
	}
	kept := []rune(n.Text)
	switch {
	case len(kept) > limit:
		return n, &NameError{Problem: NameLong}
	case !formOfName(kept):
		return n, &NameError{Problem: NameForm}
	}
	return n, nil
}

// plainName normalises a text and refuses what can stand in no name, whatever the script.
func plainName(text string) (string, []NameError, error) {
	if !validText(text) {
		return "", nil, &NameError{Problem: NameCharacter}
	}
	var warnings []NameError
	var out strings.Builder
	position := 0
	for _, r := range text {
		position++
		at := NameError{Position: position, Rune: r}
		switch {
		case r >= 0x2E80 && r <= 0x2FDF: // radicals: CJK supplement and Kangxi
			at.Problem, at.Suggest = NameRadical, radical(r)
			return "", nil, &at
		case unicode.Is(unicode.Co, r):
			at.Problem, at.Suggest = NamePrivate, formerlyPrivate[r]
			return "", nil, &at
		case r == '\t' || r == '\n' || r == '\r':
			r = ' '
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) || r == 0x034F || r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0:
			at.Problem = NameInvisible
			return "", nil, &at
		case unicode.IsControl(r):
			at.Problem = NameCharacter
			return "", nil, &at
		case shapes[r] != 0:
			at.Problem, at.Suggest = NameLookalike, shapes[r]
			return "", nil, &at
		case r >= 0xFF01 && r <= 0xFF5E && r != '．': // full-width forms of ASCII
			r -= 0xFEE0
		case strings.ContainsRune(middleDots, r):
			r = '·'
		case r == '’' || r == '‘' || r == 'ʼ' || r == '`' || r == '´':
			r = '\''
		case r == '‐' || r == '‑' || r == '–':
			r = '-'
		case unicode.IsSpace(r):
			r = ' '
		}
		if composed := norm.NFC.String(string(r)); composed != string(r) && unicode.Is(unicode.Han, r) {
			to := []rune(composed)[0]
			warnings = append(warnings, NameError{Problem: NameNormalised, Position: position, Rune: r, Suggest: to})
		}
		out.WriteRune(r)
	}
	return norm.NFC.String(out.String()), warnings, nil
}

func validText(text string) bool { return strings.ToValidUTF8(text, "") == text }

// middleDots are what keyboards and systems write for the dot between the parts of a name.
const middleDots = "·•‧・･∙⋅·．᛫⸱ꞏ"

// isJoint tells the signs between the parts of a name.
func isJoint(r rune) bool {
	return r == ' ' || r == '·' || r == '-' || r == '\'' || r == '.' || r == ','
}

// tidy drops blanks at the ends, beside Han characters and after another blank. In a Han name a full stop is a middle dot.
func tidy(runes []rune, han bool) string {
	var out []rune
	for _, r := range runes {
		if han && r == '.' {
			r = '·'
		}
		if r == ' ' && (han || len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		out = append(out, r)
	}
	return strings.TrimRight(string(out), " ")
}

// formOfName: no sign at an end or twice in a row; a blank may follow a full stop or comma, and a full stop may end a Latin name.
func formOfName(name []rune) bool {
	for i, r := range name {
		if !isJoint(r) {
			continue
		}
		last := i == len(name)-1
		if i == 0 && r != '\'' || last && r != '.' && r != '\'' {
			return false
		}
		if !last && isJoint(name[i+1]) && (r != '.' && r != ',' && r != '\'' || name[i+1] != ' ') && (r != ' ' || name[i+1] != '\'') {
			return false
		}
	}
	return true
}

func firstOf(runes []rune, script string) int {
	for i, r := range runes {
		if unicode.IsLetter(r) && scriptOf(r) == script {
			return i
		}
	}
	return 0
}

// scriptOf names the script of a letter; one that is in none of those that matter is "Other".
func scriptOf(r rune) string {
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.name
		}
	}
	return "Other"
}

var scripts = []struct {
	name  string
	table *unicode.RangeTable
}{
	{"Han", unicode.Han}, {"Latin", unicode.Latin}, {"Cyrillic", unicode.Cyrillic}, {"Greek", unicode.Greek}, {"Arabic", unicode.Arabic},
	{"Tibetan", unicode.Tibetan}, {"Mongolian", unicode.Mongolian}, {"Yi", unicode.Yi}, {"Hangul", unicode.Hangul}, {"Hiragana", unicode.Hiragana},
	{"Katakana", unicode.Katakana}, {"Bopomofo", unicode.Bopomofo}, {"Thai", unicode.Thai}, {"Devanagari", unicode.Devanagari},
	{"Hebrew", unicode.Hebrew}, {"Armenian", unicode.Armenian}, {"Georgian", unicode.Georgian}, {"Tai_Le", unicode.Tai_Le}, {"New_Tai_Lue", unicode.New_Tai_Lue},
}

// gb18030Han are the Han characters of GB 18030-2022, implementation level 3: 87,887, with 〇 and the twelve of U+FA0E–FA29 that
// have no other form.
var gb18030Han = [][2]rune{
	{0x3007, 0x3007}, {0x3400, 0x4DB5}, {0x4E00, 0x9FEF}, {0x20000, 0x2A6D6}, {0x2A700, 0x2B734}, {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0},
	{0xFA0E, 0xFA0F}, {0xFA11, 0xFA11}, {0xFA13, 0xFA14}, {0xFA1F, 0xFA1F}, {0xFA21, 0xFA21}, {0xFA23, 0xFA24}, {0xFA27, 0xFA29},
}

func inGB18030(r rune) bool {
	for _, part := range gb18030Han {
		if r >= part[0] && r <= part[1] {
			return true
		}
	}
	return false
}

// radical is the character for which a radical stands; 0 where Unicode knows none.
func radical(r rune) rune {
	if same := []rune(norm.NFKC.String(string(r))); len(same) == 1 && same[0] != r {
		return same[0]
	}
	return supplementRadicals[r]
}

// supplementRadicals are the radicals of U+2E80–2EFF that look like a whole character and have no decomposition.
var supplementRadicals = map[rune]rune{
	'⺁': '厂', '⺄': '乙', '⺊': '卜', '⺌': '小', '⺎': '兀', '⺓': '幺', '⺕': '彐', '⺝': '月', '⺟': '母', '⺠': '民', '⺩': '王', '⺮': '竹', '⺷': '羊', '⻁': '虎',
	'⻄': '西', '⻅': '见', '⻆': '角', '⻉': '贝', '⻋': '车', '⻑': '长', '⻒': '镸', '⻓': '长', '⻔': '门', '⻘': '青', '⻙': '韦', '⻚': '页', '⻛': '风',
	'⻜': '飞', '⻝': '食', '⻢': '马', '⻤': '鬼', '⻥': '鱼', '⻦': '鸟', '⻧': '卤', '⻨': '麦', '⻩': '黄', '⻪': '黾', '⻫': '齐', '⻬': '齐', '⻭': '齿', '⻰': '龙', '⻲': '龟', '⻳': '龟',
}

// formerlyPrivate are codes of the private use area under which older systems kept characters of GB 18030, and the code that
// GB 18030-2022 gives them.
var formerlyPrivate = map[rune]rune{
	0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE831: 0x215D7,
	0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}

// shapes are signs that stand in no name but look like characters that do.
var shapes = map[rune]rune{'○': '〇', '◯': '〇', '⚪': '〇', '—': '一', '―': '一', 'ー': '一', '─': '一', '━': '一', '㇐': '一', '㇑': '丨'}

// twins are letters of other scripts that look like Han characters, and letters of Cyrillic and Greek that look like Latin ones.
var twins = map[rune]rune{
	'エ': '工', 'カ': '力', 'タ': '夕', 'ト': '卜', 'ニ': '二', 'ハ': '八', 'ロ': '口', 'ミ': '彡', 'チ': '千', 'オ': '才', 'セ': '七', 'ヲ': '于', 'ㄚ': '丫', 'ㄇ': '冂', 'ㄠ': '幺', 'ㄈ': '匚',
	'А': 'A', 'В': 'B', 'Е': 'E', 'К': 'K', 'М': 'M', 'Н': 'H', 'О': 'O', 'Р': 'P', 'С': 'C', 'Т': 'T', 'Х': 'X', 'І': 'I', 'Ј': 'J', 'Ѕ': 'S', 'У': 'Y',
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'х': 'x', 'у': 'y', 'і': 'i', 'ј': 'j', 'ѕ': 's',
	'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X', 'ο': 'o', 'ν': 'v', 'α': 'a', 'ι': 'i',
}

// SameName reports whether two names are one: in canonical form, without blanks, and for letters with case without case.
func SameName(a, b string) bool {
	first, errFirst := NameKey(a)
	second, errSecond := NameKey(b)
	return errFirst == nil && errSecond == nil && first == second
}

// NameKey is the form of a name for comparison.
func NameKey(text string) (string, error) {
	name, err := ParseName(text)
	if err != nil {
		return "", err
	}
	key := strings.NewReplacer(" ", "", ",", "", "-", "").Replace(strings.ToLower(name.Text))
	return norm.NFC.String(key), nil
}

// SameOrganisation reports whether two names of an organisation are the same but for blanks, case and the width of characters, in which
// registers, banks and authorities differ: "（" for "(".
func SameOrganisation(a, b string) bool {
	fold := func(name string) string {
		return strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(name)), ""))
	}
	return fold(a) == fold(b) && fold(a) != ""
}

// maxOrganisationName bounds the name of an organisation, in characters.
const maxOrganisationName = 120

// ParseOrganisationName is the name of an organisation in canonical form; empty for what is none.
func ParseOrganisationName(text string) string {
	name := strings.Join(strings.Fields(norm.NFC.String(text)), " ")
	if utf8.RuneCountInString(name) > maxOrganisationName || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		return ""
	}
	return name
}
