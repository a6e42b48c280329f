package idp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
)

func TestPartnerLevelsAreWholeOrNotThere(t *testing.T) {
	whole := idp.PartnerLevels{"0": "二级", "1": "三级", "2": "三级", "3": "四级", "4": "五级"}
	for _, good := range []idp.PartnerLevels{nil, {}, whole} {
		if wrong := good.Check(); wrong != "" {
			t.Errorf("%v: %s", good, wrong)
		}
	}
	for name, change := range map[string]func(l idp.PartnerLevels){
		"a level is missing":    func(l idp.PartnerLevels) { delete(l, "0") },
		"another level":         func(l idp.PartnerLevels) { l["5"] = "六级" },
		"another level instead": func(l idp.PartnerLevels) { delete(l, "0"); l["x"] = "一级" },
		"an empty word":         func(l idp.PartnerLevels) { l["2"] = "" },
		"a long word":           func(l idp.PartnerLevels) { l["2"] = strings.Repeat("x", 65) },
		"a control character":   func(l idp.PartnerLevels) { l["2"] = "a\nb" },
		"a mark of direction":   func(l idp.PartnerLevels) { l["2"] = "a\u202eb" },
		"no UTF-8":              func(l idp.PartnerLevels) { l["2"] = "\xff" },
	} {
		bad := idp.PartnerLevels{}
		for level, word := range whole {
			bad[level] = word
		}
		change(bad)
		c := idp.Client{ClientID: "portal", RedirectURIs: []string{"https://portal.example/cb"}, PartnerLevels: bad}
		if bad.Check() == "" || c.Normalize() == nil {
			t.Error(name)
		}
	}
	claims := map[string]any{}
	idp.Client{PartnerLevels: whole}.TellLevel(claims, 3)
	if claims["ial"] != 3 || claims["partner_level"] != "四级" || whole.Word(5) != "" || whole.Word(-1) != "" {
		t.Errorf("%v", claims)
	}
	claims = map[string]any{}
	idp.Client{}.TellLevel(claims, 3)
	if _, told := claims["partner_level"]; told || claims["ial"] != 3 {
		t.Errorf("without a map: %v", claims)
	}
}

// TestLedgerHasTheLevelOnce: the partner's word is ial again, and people read of one thing.
func TestLedgerHasTheLevelOnce(t *testing.T) {
	r := idp.BuiltinVocabulary().Release(idp.Told{Claims: []string{"sub", "ial", idp.ClaimPartnerLevel}}, time.Unix(0, 0))
	if !slices.Equal(r.Claims, []string{"ial", "sub"}) {
		t.Errorf("%v", r.Claims)
	}
}
