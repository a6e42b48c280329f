package app

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/staffhttp"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// personOperations are the operations of the API that a person's access token may call, with the scope that it needs; an
// empty one needs none, because the operation is for everybody. Any other is refused to such a token: what a person may do
// in a browser is not what every application may do that the person signed in to.
var personOperations = map[string]string{
	"list-my-licenses": idp.ScopeLicenses, "get-license": idp.ScopeLicenses, "get-license-file": idp.ScopeLicenses, "get-license-photo": idp.ScopeLicenses, "get-license-log-proofs": idp.ScopeLicenses, "present-license": idp.ScopeLicenses, "grant-license-use": idp.ScopeLicenses, "list-my-license-grants": idp.ScopeLicenses, "revoke-license-grant": idp.ScopeLicenses,
	"list-my-license-consents": idp.ScopeLicenses, "answer-license-consent": idp.ScopeLicenses, "list-my-license-freezes": idp.ScopeLicenses, "freeze-my-licenses": idp.ScopeLicenses, "unfreeze-my-licenses": idp.ScopeLicenses, "print-license-paper": idp.ScopeLicenses, "list-my-license-papers": idp.ScopeLicenses, "withdraw-license-paper": idp.ScopeLicenses, "get-license-ruling": idp.ScopeLicenses, "appeal-license-ruling": idp.ScopeLicenses,
	"list-mandates": idp.ScopeMandates, "give-mandate": idp.ScopeMandates, "ask-for-mandate": idp.ScopeMandates, "get-mandate": idp.ScopeMandates,
	"list-mandate-uses": idp.ScopeMandates, "accept-mandate": idp.ScopeMandates, "end-mandate": idp.ScopeMandates, "pass-on-mandate": idp.ScopeMandates,
	"ask-elder-by-telephone": idp.ScopeMandates, "list-telephone-requests": idp.ScopeMandates, "get-telephone-request": idp.ScopeMandates, "type-telephone-code": idp.ScopeMandates, "end-telephone-request": idp.ScopeMandates,
	"found-organisation": idp.ScopeMandates, "get-organisation": idp.ScopeMandates, "confirm-organisation-agents": idp.ScopeMandates, "stop-organisation-agent": idp.ScopeMandates,
	"list-seal-keepers": idp.ScopeMandates, "give-up-seal-keepers": idp.ScopeMandates,
	"add-child": idp.ScopeMandates, "list-relatives": idp.ScopeMandates, "declare-relative": idp.ScopeMandates, "confirm-relative": idp.ScopeMandates, "end-relative": idp.ScopeMandates,
	"list-my-records": idp.ScopeMyData, "get-my-export": idp.ScopeMyData, "ask-for-my-export": idp.ScopeMyData, "get-my-export-file": idp.ScopeMyData,
	"get-my-export-document": idp.ScopeMyData, "get-my-export-archive": idp.ScopeMyData,
	"list-license-types": "", "list-license-purposes": "", "list-service-items": "", "verify": "", "ask-for-license": "", "seal-verification-report": "", "pack-evidence": "", "report-forgery": "", "get-forgery-report-state": "", "GET /api/openapi.json": "",
}

// openToAll reports whether an operation needs no token: it is for everybody, or the reader of a counter signs what it sends.
func openToAll(operation string) bool {
	scope, ok := personOperations[operation]
	return ok && scope == "" || operation == "deliver-counter-reading"
}

// staffOperations are for a member of staff alone, by a token of staff: where the law wants a human, no application stands for one.
var staffOperations = []string{"list-staff-tokens", "revoke-staff-token",
	"list-proofing-reviews", "get-proofing-review", "open-proofing-review-field", "get-proofing-review-picture", "decide-proofing-review", "decide-seal-use", "look-at-seal-flags",
	"take-forgery", "decide-forgery", "open-forgery-contact", "get-forgery-file", "decide-license-type",
	"list-license-orders", "propose-license-order", "get-license-order", "decide-license-order", "end-license-order", "switch-license-rules", "claim-license-appeal", "decide-license-appeal"}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func plainQuery(query url.Values) bool {
	for name, values := range query {
		if !plainText(name) || !plainText(strings.Join(values, "")) {
			return false
		}
	}
	return true
}

// mayCall refuses a person's token that does not hold the scope of an operation (RFC 6750 3.1). Tokens of clients that act
// for themselves are judged by their roles, by each operation.
func mayCall(access tokens.Access, operation string) error {
	if access.Grant == nil || operation == "" { // nothing is there
		return nil
	}
	scope, ok := personOperations[operation]
	if !ok || scope != "" && !slices.Contains(access.Scopes, scope) {
		return &tokens.ScopeError{Operation: operation, Scope: scope}
	}
	return nil
}

// withActor finds out who calls the API: a service client or a person by its access token, a member of staff by a token of staff, or
// nobody. A token that does not hold is refused instead of being taken for nobody.
//
// A member of staff is the same actor with the same rights as in a console, so that every operation judges both in one way.
//
// Which operations a person's token may call at all, and what an operation demands of a person's login and proofing, is
// judged here too, so that none can forget it.
func (a *App) withActor(next http.Handler, operationOf func(r *http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !plainText(r.URL.Path) || !plainQuery(r.URL.Query()) { // no database keeps it as text (I-07)
			problem.Write(w, r, fault.New(fault.Malformed))
			return
		}
		operation := operationOf(r)
		if r.Header.Get("Authorization") == "" {
			if operation != "" && !openToAll(operation) { // before a body of megabytes is read
				w.Header().Set("WWW-Authenticate", "Bearer") // RFC 6750 3
				problem.Write(w, r, fault.New(fault.Unauthenticated))
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		if secret, ok := staffhttp.TokenOf(r); ok {
			ctx, err := a.staffPages.Bearer(r.Context(), secret)
			if err != nil {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
				problem.Write(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		access, err := a.identity.Accept(w, r)
		if err == nil {
			err = mayCall(access, operation)
		}
		if err == nil && slices.Contains(staffOperations, operation) {
			err = fault.New(fault.StaffOnly)
		}
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
		actor := machineActor(access)
		if access.Grant != nil {
			actor = reqctx.Actor{ID: "account:" + access.Grant.AccountID, Client: access.ClientID, SignedInAt: access.AuthTime, Scopes: access.Scopes}
			if access.Mandate != nil {
				actor.ActingFor = "account:" + access.Mandate.Principal
			}
		}
		next.ServeHTTP(w, r.WithContext(reqctx.WithActor(r.Context(), actor)))
	})
}

// machineActor is an application that acts for itself; its scopes are roles.
func machineActor(access tokens.Access) reqctx.Actor {
	actor := reqctx.Actor{ID: "client:" + access.ClientID, Client: access.ClientID}
	for _, scope := range access.Scopes {
		if idp.IsRole(scope) {
			actor.Roles, actor.Rights = append(actor.Roles, scope), append(actor.Rights, reqctx.Right{Role: scope})
		}
	}
	return actor
}

// refusalOf is the fault of a token that was refused.
func refusalOf(err error) fault.Code {
	if _, unmet := errors.AsType[*tokens.UnmetError](err); unmet {
		return fault.LoginInsufficient
	}
	if _, narrow := errors.AsType[*tokens.ScopeError](err); narrow {
		return fault.ScopeInsufficient
	}
	if refusal, ok := errors.AsType[*oauth.Error](err); ok && refusal.Status == http.StatusForbidden {
		if refusal.Code == "unmet_authentication_requirements" {
			return fault.LevelUnmet
		}
		return fault.Forbidden
	}
	return fault.Unauthenticated
}

// withSession puts who is signed in into the request: at consoles the member of staff by the session of that realm, at every other
// page the citizen. A session of one realm means nothing in the other, and both live in one browser beside each other. A member whose
// login is too weak holds no right: consoles say why, and the pages of the realm itself go on, where that is mended.
func (a *App) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if staffhttp.Console(r.URL.Path) {
			r, weak, err := a.staffPages.SignedIn(r)
			if err == nil && weak != nil && r.URL.Path != "/staff" && !strings.HasPrefix(r.URL.Path, "/staff/") {
				err = weak
			}
			if err != nil {
				a.pages.Error(w, r, err)
				return
			}
			next.ServeHTTP(w, a.staffPages.WithKept(r))
			return
		}
		r, current, account, err := a.identity.WithSignedIn(r)
		if err != nil {
			a.pages.Error(w, r, err)
			return
		}
		if account != nil {
			actor := reqctx.Actor{ID: "account:" + account.ID, SignedInAt: current.AuthTime, RestsUntil: idp.RestsUntil(account.RecoveredAt, a.opts.Now())}
			r = r.WithContext(reqctx.WithActor(r.Context(), actor))
		}
		next.ServeHTTP(w, r)
	})
}
