package idp_test

import (
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func TestRegistrationRefusesDangerousMetadata(t *testing.T) {
	web := func(change func(c *idp.Client)) idp.Client {
		c := idp.Client{ClientID: "app", ClientSecret: "a-secret-of-tests", RedirectURIs: []string{"https://ok.gov.cn/cb"}}
		change(&c)
		return c
	}
	redirect := func(uri string) idp.Client { return web(func(c *idp.Client) { c.RedirectURIs = []string{uri} }) }
	for name, client := range map[string]idp.Client{
		"O-01 userinfo":                redirect("https://ok.gov.cn@evil/cb"),
		"O-03 wildcard in the host":    redirect("https://*.gov.cn/cb"),
		"O-03 wildcard at the end":     redirect("https://ok*"),
		"O-05 javascript":              redirect("JaVaScRiPt:alert(1)"),
		"O-05 data":                    redirect("data:text/html,x"),
		"O-05 vbscript":                redirect("vbscript:x"),
		"O-05 file":                    redirect("file:///etc/passwd"),
		"O-05 script after logout":     web(func(c *idp.Client) { c.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }),
		"O-05 script as portal":        web(func(c *idp.Client) { c.PortalURL = "javascript:alert(1)" }),
		"O-06 plain http":              redirect("http://ok.gov.cn/cb"),
		"O-06 web client on loopback":  redirect("http://127.0.0.1/cb"),
		"O-06 web client on localhost": redirect("https://localhost/cb"),
		"O-02 dot segments":            redirect("https://ok.gov.cn/../cb"),
		"fragment":                     redirect("https://ok.gov.cn/cb#x"),
		"relative":                     redirect("/cb"),
		"no address":                   web(func(c *idp.Client) { c.RedirectURIs = nil }),
		"no id":                        web(func(c *idp.Client) { c.ClientID = "" }),
		"line break in the id":         web(func(c *idp.Client) { c.ClientID = "a\nb" }),
		"short secret":                 web(func(c *idp.Client) { c.ClientSecret = "short" }),
		"implicit grant":               web(func(c *idp.Client) { c.GrantTypes = []string{"implicit"} }),
		"password grant":               web(func(c *idp.Client) { c.GrantTypes = []string{"password"} }),
		"token in the front":           web(func(c *idp.Client) { c.ResponseTypes = []string{"token"} }),
		"unsigned ID tokens":           web(func(c *idp.Client) { c.IDTokenAlg = "none" }),
		"symmetric ID tokens":          web(func(c *idp.Client) { c.IDTokenAlg = "HS256" }),
		"public service":               web(func(c *idp.Client) { c.TokenEndpointAuthMethod = "none"; c.GrantTypes = []string{"client_credentials"} }),
		"unknown authentication":       web(func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_jwt" }),
		"back-channel over plain http": web(func(c *idp.Client) { c.BackchannelLogoutURI = "http://ok.gov.cn/bc" }),
		"profile that is not known":    web(func(c *idp.Client) { c.Profile = "fapi1" }),
		"FAPI with a secret":           web(func(c *idp.Client) { c.Profile = "fapi2" }),
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("answer is %v", err)
			}
		})
	}
	good := web(func(*idp.Client) {})
	if err := good.Normalize(); err != nil || good.IDTokenAlg != "ES256" || !good.NeedsPKCE() || good.TokenEndpointAuthMethod != "client_secret_basic" {
		t.Errorf("%v %+v", err, good)
	}
	native := web(func(c *idp.Client) {
		c.ApplicationType = "native"
		c.RedirectURIs = []string{"http://127.0.0.1/cb", "http://localhost:8080/cb"}
	})
	if err := native.Normalize(); err != nil {
		t.Errorf("native client on loopback: %v", err)
	}
}

func TestPairwiseSubjectsDifferByDepartment(t *testing.T) {
	a, b := idp.Client{ClientID: "a"}, idp.Client{ClientID: "b"}
	if a.SectorOf() == b.SectorOf() {
		t.Error("two clients share a sector that neither named")
	}
	a.Sector, b.Sector = "dept", "dept"
	if a.SectorOf() != b.SectorOf() {
		t.Error("clients of one department differ")
	}
	c := idp.Client{ClientID: "dept"}
	if c.SectorOf() == a.SectorOf() {
		t.Error("a client named like a department shares its subjects")
	}
}
