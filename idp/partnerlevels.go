package idp

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ClaimPartnerLevel is the level of a person in the word of a partner (partner_level_map of its registration). It goes wherever ial goes,
// is made of the same value, and tells nothing beside it, so that the ledger has ial alone.
const ClaimPartnerLevel = "partner_level"

// PartnerLevels is a partner level map: our ial ("0" to "4") to the partner's number or name for it, since levels differ from place to
// place (广东 三级, 宁夏 L3).
type PartnerLevels map[string]string

const maxPartnerLevel = 64

// Check tells what is wrong with a map; empty when nothing is. A map is whole or not there: a level without a word would be told as none.
func (l PartnerLevels) Check() string {
	if len(l) == 0 {
		return ""
	}
	for level := range 5 {
		if _, ok := l[strconv.Itoa(level)]; !ok || len(l) != 5 {
			return "a word for each of 0, 1, 2, 3, 4"
		}
	}
	for _, level := range slices.Sorted(maps.Keys(l)) {
		word := l[level]
		if word == "" || len(word) > maxPartnerLevel || !utf8.ValidString(word) || strings.ContainsFunc(word, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			return "a word has 1 to 64 octets and no control characters"
		}
	}
	return ""
}

// Word for a level; empty without a map, and for what is no level of ours.
func (l PartnerLevels) Word(ial int) string { return l[strconv.Itoa(ial)] }

// TellLevel puts the level of a person into claims for a client, in our number and, where its registration has a map, in its own word.
func (c Client) TellLevel(claims map[string]any, ial int) {
	claims["ial"] = ial
	if word := c.PartnerLevels.Word(ial); word != "" {
		claims[ClaimPartnerLevel] = word
	}
}
