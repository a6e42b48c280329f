package app

import (
	"errors"
	"net/http"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// staffRoles are the scopes of service clients that stand for a staff role.
var staffRoles = map[string]bool{
	"seal_keeper": true, "seal_reviewer": true, "seal_maker": true,
	"license_clerk": true, "license_reviewer": true, "license_issuer": true,
	idp.RoleSystemAdmin: true, idp.RoleSecurityAdmin: true, idp.RoleAuditAdmin: true,
}

// withActor finds out who calls the API: a service client by its access token, or nobody. A token that does not hold is
// refused instead of being taken for nobody.
//
// What an operation demands of a person's login and proofing is judged here too, so that none can forget it.
func (a *App) withActor(next http.Handler, operationOf func(r *http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, r)
			return
		}
		access, err := a.identity.Accept(w, r)
		operation := operationOf(r)
		if err == nil && operation != "" {
			err = a.identity.Demand(r.Context(), access, operation)
		}
		if err == nil && access.Mandate != nil && !access.Mandate.MayCall(operation) {
			err = oauth.NewError(http.StatusForbidden, "insufficient_scope", "the mandate does not extend to this operation")
		}
		if challenge, _ := idphttp.Challenge(r, err); challenge != "" {
			w.Header().Set("WWW-Authenticate", challenge)
			problem.Write(w, r, fault.Wrap(err, refusalOf(err)))
			return
		}
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		actor := reqctx.Actor{ID: "client:" + access.ClientID}
		if access.Grant != nil {
			actor.ID, actor.SignedInAt, actor.Scopes = "account:"+access.Grant.AccountID, access.AuthTime, access.Scopes
			if access.Mandate != nil {
				actor.ActingFor = "account:" + access.Mandate.Principal
			}
		} else {
			for _, scope := range access.Scopes {
				if staffRoles[scope] {
					actor.Roles = append(actor.Roles, scope)
				}
			}
		}
		next.ServeHTTP(w, r.WithContext(reqctx.WithActor(r.Context(), actor)))
	})
}

// refusalOf is the fault of a token that was refused.
func refusalOf(err error) fault.Code {
	if _, unmet := errors.AsType[*tokens.UnmetError](err); unmet {
		return fault.LoginInsufficient
	}
	if refusal, ok := errors.AsType[*oauth.Error](err); ok && refusal.Status == http.StatusForbidden {
		return fault.Forbidden
	}
	return fault.Unauthenticated
}

// withSession puts the signed-in person into the request, with the staff roles of the account.
func (a *App) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, current, account, err := a.identity.WithSignedIn(r)
		if err != nil {
			a.pages.Error(w, r, err)
			return
		}
		if account != nil {
			r = r.WithContext(reqctx.WithActor(r.Context(), reqctx.Actor{ID: "account:" + account.ID, Roles: account.Roles, SignedInAt: current.AuthTime}))
		}
		next.ServeHTTP(w, r)
	})
}
