package app

import (
	"github.com/yinxin-gov/yinxin/idp/grants"
	"github.com/yinxin-gov/yinxin/idp/oauth"
)

// grantTypes are the grants of the token endpoint; discovery follows from the list.
func grantTypes(engine *oauth.Engine) []grants.Grant {
	return []grants.Grant{grants.AuthorizationCode{Engine: engine}, grants.RefreshToken{Engine: engine}, grants.ClientCredentials{Engine: engine}}
}
