package idp

import (
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

func TestAllowedClaimsAreChecked(t *testing.T) {
	good := AllowedClaim{Claim: "name", Purpose: "核对办事人"}
	for name, test := range map[string]struct {
		change func(c *Client)
		field  string
	}{
		"none":       {func(*Client) {}, ""},
		"one":        {func(c *Client) { c.AllowedClaims = []AllowedClaim{good} }, ""},
		"unknown":    {func(c *Client) { c.AllowedClaims = []AllowedClaim{{Claim: "address", Purpose: "x"}} }, "allowed_claims.claim"},
		"twice":      {func(c *Client) { c.AllowedClaims = []AllowedClaim{good, good} }, "allowed_claims.claim"},
		"no purpose": {func(c *Client) { c.AllowedClaims = []AllowedClaim{{Claim: "name"}} }, "allowed_claims.purpose"},
		"long purpose": {func(c *Client) {
			c.AllowedClaims = []AllowedClaim{{Claim: "name", Purpose: strings.Repeat("用", 201)}}
		}, "allowed_claims.purpose"},
		"long legal basis": {func(c *Client) {
			c.AllowedClaims = []AllowedClaim{{Claim: "name", Purpose: "x", LegalBasis: strings.Repeat("法", 201)}}
		}, "allowed_claims.legal_basis"},
		"highest bound": {func(c *Client) { c.MaxIAL = 4 }, ""},
		"no such level": {func(c *Client) { c.MaxIAL = 5 }, "max_ial"},
		"below nothing": {func(c *Client) { c.MaxIAL = -1 }, "max_ial"},
	} {
		c := Client{ClientID: "portal", RedirectURIs: []string{"https://portal.example.gov.cn/cb"}}
		test.change(&c)
		err := c.Normalize()
		if err == nil {
			err = BuiltinVocabulary().CheckClient(c)
		}
		if test.field == "" && err != nil || test.field != "" && (fault.CodeOf(err) != fault.ClientMetadata || fault.From(err).Params["field"] != test.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBasisOfAClaim(t *testing.T) {
	all := Client{StatutoryBasis: "行政许可法"}
	some := Client{StatutoryBasis: "行政许可法", AllowedClaims: []AllowedClaim{{Claim: "phone_number", Purpose: "通知"}, {Claim: "name", Purpose: "核对", LegalBasis: "居民身份证法"}}}
	for _, test := range []struct {
		c     Client
		claim string
		may   bool
		basis string
	}{{all, "name", true, "行政许可法"}, {some, "name", true, "居民身份证法"}, {some, "phone_number", true, ""}, {some, "phone_number_verified", true, ""}, {some, "email", false, "行政许可法"}} {
		if may, basis := test.c.MayHave(test.claim), test.c.BasisOf(test.claim); may != test.may || may && basis != test.basis {
			t.Errorf("%s: %t %q", test.claim, may, basis)
		}
	}
}
