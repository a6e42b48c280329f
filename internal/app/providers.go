package app

import (
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/grants"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/tokens"
)

// grantTypes are the grants of the token endpoint; discovery follows from the list.
func (a *App) grantTypes(engine *oauth.Engine, service *tokens.Service) []grants.Grant {
	return []grants.Grant{
		grants.AuthorizationCode{Engine: engine},
		grants.RefreshToken{Engine: engine},
		grants.ClientCredentials{Engine: engine},
		grants.TokenExchange{Engine: engine, Clients: a.Clients, Ring: a.ring, Judge: service.Judge, Now: a.opts.Now},
		grants.DeviceCode{Engine: engine},
	}
}

// loginMethods are the ways to log in; what discovery says of acr follows from the list.
func loginMethods() []authn.Method {
	return []authn.Method{
		authn.ByPassword,
		authn.ByCode,
		authn.ByTOTP,
		authn.ByPasskey,
		authn.ByCertificate,
		authn.ByQR,
	}
}
