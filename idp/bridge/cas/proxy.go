package cas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// GrantingLife is the longest life of a proxy-granting ticket; it ends with the login that asked for it before.
const GrantingLife = 8 * time.Hour

// maxProxies is the longest chain of services that act for a person one behind the other.
const maxProxies = 3

// Granting is what a proxy-granting ticket (CAS 3.0 section 3.3) stands for: one login of one service.
type Granting struct {
	Login     []byte // hash of the ticket of that login
	ServiceID string
	Callback  string // the pgtUrl that was called
	SID       string
	AccountID string
	Proxies   []string // callbacks of the chain, the nearest first: this one and those before it
}

// Chain is the chain of a granting ticket for the login of a grant.
func (g Grant) chain(callback string) []string { return append([]string{callback}, g.Proxies...) }

// MayProxy tells whether a service may ask for a granting ticket at an address: a refusal of the protocol, or nil.
func (s Service) MayProxy(callback string) *Failure {
	switch {
	case len(s.ProxyURLs) == 0:
		return &Failure{UnauthorizedProxy, "the service is not registered for proxying"}
	case !slices.Contains(s.ProxyURLs, callback):
		return &Failure{InvalidCallback, "pgtUrl is not registered"}
	}
	return nil
}

// normalizeProxies checks what a registration says of proxying.
func (s *Service) normalizeProxies() error {
	if len(s.ProxyURLs) > 10 || len(s.AcceptsProxies) > 100 {
		return bridge.Refuse(s.ID, "proxy_urls", "too many")
	}
	for _, address := range s.ProxyURLs {
		if err := idp.CheckAddress(address, s.ApplicationType); err != nil {
			return bridge.Refuse(s.ID, "proxy_urls", err.Error())
		}
	}
	if slices.Contains(s.AcceptsProxies, s.ID) {
		return bridge.Refuse(s.ID, "accepts_proxies", "a service needs no proxy to itself")
	}
	return nil
}

// Caller asks for an address and gives the status of the answer: the outbound client.
type Caller func(ctx context.Context, address string) (status int, err error)

// GrantProxy hands a granting ticket to the callback of a service (section 2.5.4) and gives the PGTIOU for the answer to
// its validation. It is empty when the callback does not take it: the login stands, without a proxy.
func (s *Server) GrantProxy(ctx context.Context, g Grant, callback string, call Caller) (string, error) {
	chain := g.chain(callback)
	if len(chain) > maxProxies {
		return "", &Failure{UnauthorizedProxy, "the chain of proxies is too long"}
	}
	ticket, iou := "PGT-"+ident.New(s.cfg.Rand, "")+ident.New(s.cfg.Rand, ""), "PGTIOU-"+ident.New(s.cfg.Rand, "")+ident.New(s.cfg.Rand, "")
	joiner := "?"
	if strings.Contains(callback, "?") {
		joiner = "&"
	}
	if status, err := call(ctx, callback+joiner+url.Values{"pgtId": {ticket}, "pgtIou": {iou}}.Encode()); err != nil || status != 200 {
		return "", nil //nolint:nilerr // section 2.5.4: whatever went wrong at the callback, the answer lacks the PGTIOU
	}
	hash, err := s.hashOf(ctx, "cas-granting", ticket)
	if err != nil {
		return "", err
	}
	now := s.cfg.Now().UTC()
	e := idp.Event(ctx, now, "cas.proxy.granted", "account", g.AccountID, map[string]string{"service": g.ServiceID, "sid": g.SID})
	e.Actor = "cas:" + g.ServiceID
	granting := Granting{Login: g.Login, ServiceID: g.ServiceID, Callback: callback, SID: g.SID, AccountID: g.AccountID, Proxies: chain}
	if err := s.cfg.Store.PutGranting(ctx, hash, granting, now.Add(GrantingLife), audit.With(e)); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return iou, nil
}

// Proxy makes a proxy ticket for another service (section 2.7). The other service must accept the first as its proxy, and
// the person must have agreed to what the other learns: agreed is asked for the scopes of that service.
func (s *Server) Proxy(ctx context.Context, pgt, address string, agreed func(ctx context.Context, accountID string, target Service) (bool, error)) (string, error) {
	if pgt == "" || address == "" {
		return "", &Failure{InvalidRequest, "pgt and targetService are needed"}
	}
	if len(pgt) > maxTicket || !strings.HasPrefix(pgt, "PGT-") {
		return "", &Failure{InvalidTicket, "no proxy-granting ticket"}
	}
	hash, err := s.hashOf(ctx, "cas-granting", pgt)
	if err != nil {
		return "", err
	}
	now := s.cfg.Now().UTC()
	granting, err := s.cfg.Store.Granting(ctx, hash, now)
	if errors.Is(err, idp.ErrNotFound) {
		return "", &Failure{InvalidTicket, "the proxy-granting ticket is not known or no longer valid"}
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	unauthorized := func(why string) (string, error) { return "", &Failure{UnauthorizedService, why} }
	proxy, enabled := s.cfg.Services.Find(granting.ServiceID)
	if !enabled || proxy.MayProxy(granting.Callback) != nil {
		return unauthorized("the service is not registered for proxying any more")
	}
	target, known := s.ByURL(address)
	if !known || !slices.Contains(target.AcceptsProxies, proxy.ID) {
		return unauthorized("targetService is not known, or does not accept this proxy")
	}
	switch ok, err := agreed(ctx, granting.AccountID, target); {
	case err != nil:
		return "", err
	case !ok:
		return unauthorized("the person has not agreed to what targetService learns")
	}
	ticket := "PT-" + ident.New(s.cfg.Rand, "") + ident.New(s.cfg.Rand, "")
	ticketHash, err := s.hashOf(ctx, "cas-proxy-ticket", ticket)
	if err != nil {
		return "", err
	}
	e := idp.Event(ctx, now, "cas.proxy_ticket.issued", "account", granting.AccountID, map[string]string{"service": target.ID, "proxy": proxy.ID, "sid": granting.SID})
	e.Actor = "cas:" + proxy.ID
	grant := Grant{ServiceID: target.ID, URL: address, SID: granting.SID, AccountID: granting.AccountID, Proxies: granting.Proxies}
	if err := s.cfg.Store.PutProxyTicket(ctx, ticketHash, hash, grant, now.Add(TicketLife), audit.With(e)); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return ticket, nil
}

// ProxyResponse is an answer of /proxy: a ticket, or a failure.
type ProxyResponse struct {
	Ticket  string
	Failure *Failure
}

// XML is the answer of section 2.7.2.
func (r ProxyResponse) XML() []byte {
	var b bytes.Buffer
	b.WriteString(`<cas:serviceResponse xmlns:cas="` + namespace + `">` + "\n")
	if r.Failure != nil {
		b.WriteString(` <cas:proxyFailure code="` + escape(r.Failure.Code) + `">` + escape(r.Failure.Description) + "</cas:proxyFailure>\n")
	} else {
		b.WriteString(" <cas:proxySuccess>\n  <cas:proxyTicket>" + escape(r.Ticket) + "</cas:proxyTicket>\n </cas:proxySuccess>\n")
	}
	b.WriteString("</cas:serviceResponse>\n")
	return b.Bytes()
}

// ReadProxyXML reads an answer of /proxy as a service does.
func ReadProxyXML(raw []byte) (ProxyResponse, error) {
	answer, err := readAnswer(raw)
	if err != nil {
		return ProxyResponse{}, err
	}
	if answer.name.Local == "proxyFailure" {
		return ProxyResponse{Failure: &Failure{Code: answer.attribute("code"), Description: answer.text}}, nil
	}
	if answer.name.Local == "proxySuccess" && len(answer.children) == 1 && answer.children[0].name.Local == "proxyTicket" && answer.children[0].text != "" {
		return ProxyResponse{Ticket: answer.children[0].text}, nil
	}
	return ProxyResponse{}, fmt.Errorf("%w: neither ticket nor failure", ErrResponse)
}
