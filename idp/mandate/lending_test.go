package mandate

import (
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func TestWhoLendsWhat(t *testing.T) {
	now := time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		m             Mandate
		type_, reason string
		want          bool
	}{
		"a keeper":                    {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Lend}, Items: []string{"111", "purpose:04"}}, "111", "04", true},
		"another type":                {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Lend}, Items: []string{"111", "purpose:04"}}, "222", "04", false},
		"another purpose":             {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Lend}, Items: []string{"111", "purpose:04"}}, "111", "05", false},
		"no purpose":                  {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Lend}, Items: []string{"111"}}, "111", "04", false},
		"a keeper who only shows":     {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Present}, Items: []string{"111", "purpose:04"}}, "111", "04", false},
		"while frozen":                {Mandate{Kind: LicenseKeeper, Rights: []Right{View, Lend}, Items: []string{"111", "purpose:04"}, FrozenAt: now}, "111", "04", false},
		"an operator for all":         {Mandate{Kind: Staff, Rights: []Right{Lend}, Items: []string{"111"}}, "111", "05", true},
		"an operator for one purpose": {Mandate{Kind: Staff, Rights: []Right{Lend}, Items: []string{"111", "purpose:04"}}, "111", "05", false},
		"an operator without it":      {Mandate{Kind: Staff, Rights: []Right{View, Submit, Present}, Items: []string{AllItems}}, "111", "05", false},
		"who manages":                 {Mandate{Kind: Administrator, Rights: []Right{View, Manage}, Items: []string{AllItems}}, "111", "05", true},
		"who manages, frozen":         {Mandate{Kind: Administrator, Rights: []Right{View, Manage}, Items: []string{AllItems}, FrozenAt: now}, "111", "05", false},
	} {
		if got := test.m.Lends(test.type_, test.reason); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTermsOfALicenceKeeper(t *testing.T) {
	for name, test := range map[string]struct {
		terms Terms
		wrong bool
	}{
		"shows":                   {Terms{Items: []string{"111"}, Rights: []Right{View, Present}}, false},
		"lends":                   {Terms{Items: []string{"111", "purpose:04"}, Rights: []Right{View, Lend}}, false},
		"lends for no purpose":    {Terms{Items: []string{"111"}, Rights: []Right{View, Lend}}, true},
		"purposes without a type": {Terms{Items: []string{"purpose:04"}, Rights: []Right{View, Lend}}, true},
		"everything":              {Terms{Items: []string{AllItems}, Rights: []Right{View}}, true},
	} {
		if err := test.terms.checkLicenses(); (fault.CodeOf(err) == fault.KeeperLicenses) != test.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !(Mandate{Kind: LicenseKeeper}).hereOnly() || (Mandate{Kind: Staff}).hereOnly() {
		t.Error("a keeper of licences acts at our own pages alone")
	}
}
