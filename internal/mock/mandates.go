package mock

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
)

// actingClient is the client of the mock that says it knows of acting for another: its tokens carry act and mandate_id.
const actingClient = "mock-acting"

// Mandate is one that holds in the mock: who signs in as the agent at the client, with acting_for of the identifier, gets tokens of the
// principal with act and mandate_id.
type Mandate struct {
	MandateID string   `json:"mandate_id"`
	Kind      string   `json:"kind"`
	Principal string   `json:"principal"` // identifiers of personas
	Agent     string   `json:"agent"`
	Items     []string `json:"items"`
	Rights    []string `json:"rights"`
	ClientID  string   `json:"client_id"`
}

// giveMandates lets two of the people act for a third, as their pages would, within different terms.
func giveMandates(ctx context.Context, platform *app.App) (all []Mandate, err error) {
	account := func(identifier string) string {
		who, parse := subject.ParseIdentifier(identifier)
		a, find := platform.Accounts.ByIdentifier(ctx, who)
		err = errors.Join(err, parse, find)
		return a.ID
	}
	const principal, agent = "13800138000", "13800138001"
	giver, taker := account(principal), account(agent)
	if err != nil {
		return nil, err
	}
	for _, terms := range []mandate.Terms{
		{Kind: mandate.Relative, Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Submit}, MaxClass: mandate.ClassContact},
		{Kind: mandate.Relative, Items: []string{"social-security"}, Rights: []mandate.Right{mandate.Submit}, MaxClass: mandate.ClassName},
	} {
		m, err := platform.Mandates.Give(ctx, mandate.By{Account: giver, SignedInAt: time.Now()}, giver, taker, terms)
		if err != nil {
			return nil, err
		}
		if err := platform.Mandates.Accept(ctx, mandate.By{Account: taker, SignedInAt: time.Now()}, m.ID); err != nil {
			return nil, err
		}
		one := Mandate{MandateID: m.ID, Kind: string(m.Kind), Principal: principal, Agent: agent, Items: m.Items, ClientID: actingClient}
		for _, right := range m.Rights {
			one.Rights = append(one.Rights, string(right))
		}
		all = append(all, one)
	}
	return all, nil
}

// actingRegistration is the registration of the client.
func actingRegistration(secret string, redirects []string) idp.Client {
	return idp.Client{ClientID: actingClient, ClientSecret: secret, ClientName: "您的应用（代办）", ApplicationType: "native", RedirectURIs: redirects,
		GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid profile phone", ActingFor: true}
}
