package mandate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
)

// TestEveryPersonOfAMandateHasALine: the principal, whose data it is, and all who act; an organisation is no person.
func TestEveryPersonOfAMandateHasALine(t *testing.T) {
	now := time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC)
	told := idp.Told{Client: idp.Client{ClientID: "c", Purpose: "办理登记"}, AccountID: "acc_agent", GrantID: "g", Channel: idp.ChannelToken, Claims: []string{"sub", "name"}, Consent: 2}
	for name, test := range map[string]struct {
		mandate *mandate.Mandate
		lines   []string
	}{
		"oneself":         {nil, []string{"acc_agent name,sub "}},
		"for a person":    {&mandate.Mandate{ID: "mdt_1", Principal: "acc_elder", Agent: "acc_agent"}, []string{"acc_elder name,sub mdt_1", "acc_agent act mdt_1"}},
		"passed on":       {&mandate.Mandate{ID: "mdt_2", Principal: "acc_elder", Agent: "acc_agent", Via: "acc_son"}, []string{"acc_elder name,sub mdt_2", "acc_agent act mdt_2", "acc_son act mdt_2"}},
		"an organisation": {&mandate.Mandate{ID: "mdt_3", Principal: "org_1", Agent: "acc_agent"}, []string{"acc_agent act mdt_3"}},
	} {
		var lines []string
		for _, r := range mandate.Releases(idp.BuiltinVocabulary(), test.mandate, told, now) {
			claims := ""
			for i, c := range r.Claims {
				if i > 0 {
					claims += ","
				}
				claims += c
			}
			lines = append(lines, r.AccountID+" "+claims+" "+r.Basis.Mandate)
		}
		if !slices.Equal(lines, test.lines) {
			t.Errorf("%s: %q", name, lines)
		}
	}
}
